//! Filling a balance up by itself (R34): when it is watched, and by how much it is filled up.

use crate::time::{Duration, Instant};

/// What was agreed. Amounts are net, in units of the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refill {
    pub on: bool,
    /// It is filled up when less than this can be spent.
    pub threshold: i64,
    pub amount: i64,
    pub cooldown: Duration,
    /// No more than this in a calendar month.
    pub monthly_max: Option<i64>,
    /// Off after so many failures in a row.
    pub off_after: i64,
}

/// What has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RefillHistory {
    /// A method is there that may be charged, and its owner agreed.
    pub can_pay: bool,
    /// One is under way.
    pub in_flight: bool,
    /// A trial runs: what follows it is the first (R38).
    pub in_trial: bool,
    /// When the last one was begun.
    pub last: Option<Instant>,
    /// What was filled up in this calendar month.
    pub month_sum: i64,
    /// Failures since the last success.
    pub failures: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefillPlan {
    /// Nothing happens by itself, and why.
    Inert(&'static str),
    /// From this instant on it is filled up as soon as too little is left.
    WatchFrom(Instant),
}

impl Refill {
    /// `month_end`: where the calendar month of `now` ends, in the account's zone.
    pub fn plan(&self, history: &RefillHistory, now: Instant, month_end: Instant) -> RefillPlan {
        if !self.on {
            return RefillPlan::Inert("it is switched off");
        }
        if self.amount <= 0 {
            return RefillPlan::Inert("its amount is nothing");
        }
        if !history.can_pay {
            return RefillPlan::Inert("there is no method that may be charged");
        }
        if history.failures >= self.off_after {
            return RefillPlan::Inert("it failed too often");
        }
        if history.in_flight {
            return RefillPlan::Inert("one is under way");
        }
        if history.in_trial {
            return RefillPlan::Inert("a trial runs: the first comes when it ends");
        }
        let rested = history.last.and_then(|last| last.checked_add(self.cooldown).ok()).map_or(now, |end| end.max(now));
        let month = history.month_sum.saturating_add(self.amount);
        if self.monthly_max.is_some_and(|max| month > max) {
            return RefillPlan::WatchFrom(rested.max(month_end));
        }
        RefillPlan::WatchFrom(rested)
    }

    /// Whether so little is left that it has to be filled up: strictly less than the threshold.
    pub fn is_short(&self, spendable: i64) -> bool {
        spendable < self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn once_at_a_time_once_an_hour_so_much_a_month() {
        let refill = Refill {
            on: true,
            threshold: 500,
            amount: 2_500,
            cooldown: Duration::try_from_seconds(3_600).unwrap(),
            monthly_max: Some(10_000),
            off_after: 3,
        };
        let (now, end) = (at("2026-03-10T12:00:00Z"), at("2026-04-01T00:00:00Z"));
        let plan = |history: RefillHistory| refill.plan(&history, now, end);
        let able = RefillHistory { can_pay: true, ..RefillHistory::default() };
        assert_eq!(plan(able), RefillPlan::WatchFrom(now));
        assert!(matches!(plan(RefillHistory { can_pay: false, ..able }), RefillPlan::Inert(_)));
        assert!(matches!(plan(RefillHistory { in_flight: true, ..able }), RefillPlan::Inert(_)));
        assert!(matches!(plan(RefillHistory { in_trial: true, ..able }), RefillPlan::Inert(_)));
        assert!(matches!(plan(RefillHistory { failures: 3, ..able }), RefillPlan::Inert(_)));
        let last = Some(at("2026-03-10T11:30:00Z"));
        assert_eq!(plan(RefillHistory { last, ..able }), RefillPlan::WatchFrom(at("2026-03-10T12:30:00Z")));
        // 7500 + 2500 is exactly the most; one unit more is not.
        assert_eq!(plan(RefillHistory { month_sum: 7_500, ..able }), RefillPlan::WatchFrom(now));
        assert_eq!(plan(RefillHistory { month_sum: 7_501, ..able }), RefillPlan::WatchFrom(end));
        assert!(!refill.is_short(500), "strictly less");
        assert!(refill.is_short(499));
    }
}

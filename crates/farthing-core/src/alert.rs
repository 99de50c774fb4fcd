//! What an account's owner is warned of before anything happens to it: little is left (R76), what is left lasts for few days (R41), the month
//! has cost much (R53).
//!
//! Decides what is told now and what was told already. The engine calls it whenever it has worked on an account, and sees to it that this
//! is so at the second in which anything may have to be told.

use crate::policy;
use crate::time::{Duration, Instant};

/// What an account says of one warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    #[default]
    AsPolicy,
    Off,
    At(i64),
}

/// What it says of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub low_balance: Wish,
    pub runway_days: Wish,
    pub month_cost: Wish,
}

/// From where on an account is warned. Amounts in units of its currency; none: it is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub low_balance: Option<i64>,
    pub runway_days: Option<i64>,
    pub month_cost: Option<i64>,
}

/// What was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// It has had its threshold since it was told last: only who has had so much can fall below it. Who has just come has not.
    pub armed: bool,
    /// When it was told last that what is left lasts for few days.
    pub runway: Option<Instant>,
    /// The limit of which it was told that this month has passed it. Only a higher one can be crossed again in the same month.
    pub month: Option<i64>,
}

/// How an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// None: it pays afterwards, so that nothing of it can run out.
    pub ahead: Option<Ahead>,
    pub month_cost: i64,
}

/// What who pays ahead has left, and what an hour takes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    pub left: i64,
    pub per_hour: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    LowBalance { threshold: i64 },
    Runway { days: i64 },
    MonthCost { limit: i64 },
}

/// A warning about the runway comes at most so often.
const RUNWAY_AGAIN_SECONDS: i64 = 86_400;

impl Wish {
    fn over(self, policy: Option<i64>) -> Option<i64> {
        match self {
            Wish::AsPolicy => policy,
            Wish::Off => None,
            Wish::At(own) => Some(own),
        }
    }
}

impl Wishes {
    /// Its own words, else the policy's.
    pub fn over(&self, policy: &policy::Alerts) -> Limits {
        Limits {
            low_balance: self.low_balance.over(policy.low_balance.map(crate::money::Money::units)),
            runway_days: self.runway_days.over(policy.runway_days.map(|days| i64::from(days.0))),
            month_cost: self.month_cost.over(policy.month_cost.map(crate::money::Money::units)),
        }
    }
}

impl Limits {
    pub const fn is_none(&self) -> bool {
        self.low_balance.is_none() && self.runway_days.is_none() && self.month_cost.is_none()
    }

    /// What has to be told now, and what was told then. A threshold that is changed changes nothing of what was told: who was below it and is
    /// below the new one knows.
    pub fn look(&self, told: &Told, seen: &Seen, now: Instant) -> (Told, Vec<Warning>) {
        let (mut told, mut warnings) = (*told, Vec::new());
        if let (Some(threshold), Some(ahead)) = (self.low_balance, seen.ahead) {
            let is_low = ahead.left < threshold;
            if is_low && told.armed {
                warnings.push(Warning::LowBalance { threshold });
            }
            told.armed = !is_low;
        }
        if let (Some(days), Some(ahead)) = (self.runway_days, seen.ahead)
            && runway_level(days, ahead.per_hour).is_some_and(|level| ahead.left < level)
            && told.runway_again().is_none_or(|again| again <= now)
        {
            warnings.push(Warning::Runway { days });
            told.runway = Some(now);
        }
        if let Some(limit) = self.month_cost
            && seen.month_cost > limit
            && told.month.is_none_or(|known| known < limit)
        {
            warnings.push(Warning::MonthCost { limit });
            told.month = Some(limit);
        }
        (told, warnings)
    }
}

impl Told {
    /// Until when nothing more is said of the runway.
    pub fn runway_again(&self) -> Option<Instant> {
        let day = Duration::try_from_seconds(RUNWAY_AGAIN_SECONDS).ok()?;
        self.runway.and_then(|last| last.checked_add(day).ok())
    }
}

/// Below what the balance lasts for less than so many days; none where nothing costs, which lasts for ever.
pub fn runway_level(days: i64, per_hour: i64) -> Option<i64> {
    (per_hour > 0).then(|| per_hour.saturating_mul(24).saturating_mul(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { low_balance: Some(100), runway_days: Some(7), month_cost: Some(500) };

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn seen(left: i64, per_hour: i64, month_cost: i64) -> Seen {
        Seen { ahead: Some(Ahead { left, per_hour }), month_cost }
    }

    /// What is told of what is seen, one after the other.
    fn check(limits: Limits, looks: &[(&str, Seen, &[Warning])]) {
        let mut told = Told::default();
        for (now, seen, expected) in looks {
            let (next, warnings) = limits.look(&told, seen, at(now));
            assert_eq!((warnings.as_slice(), *now), (*expected, *now));
            let again = limits.look(&next, seen, at(now));
            assert_eq!(again, (next, Vec::new()), "{now}: looking again says nothing new");
            told = next;
        }
    }

    #[test]
    fn a_balance_is_low_strictly_below_once_a_crossing() {
        let low = &[Warning::LowBalance { threshold: 100 }];
        let only = Limits { low_balance: Some(100), ..Limits::default() };
        check(
            only,
            &[
                ("2026-03-01T00:00:00Z", seen(0, 0, 0), &[]), // it has never had so much
                ("2026-03-01T01:00:00Z", seen(100, 1, 0), &[]),
                ("2026-03-01T02:00:00Z", seen(99, 1, 0), low),
                ("2026-03-01T03:00:00Z", seen(-5, 1, 0), &[]),
                ("2026-03-01T04:00:00Z", seen(100, 1, 0), &[]), // armed again
                ("2026-03-01T05:00:00Z", seen(99, 1, 0), low),
            ],
        );
        let later = Seen { ahead: None, month_cost: 0 };
        check(only, &[("2026-03-01T00:00:00Z", later, &[]), ("2026-03-02T00:00:00Z", later, &[])]);
    }

    #[test]
    fn few_days_are_told_once_in_24_hours() {
        let short = &[Warning::Runway { days: 7 }];
        check(
            Limits { low_balance: None, month_cost: None, ..LIMITS },
            &[
                ("2026-03-01T00:00:00Z", seen(168, 1, 0), &[]), // 7 days of 1 an hour
                ("2026-03-01T01:00:00Z", seen(167, 1, 0), short),
                ("2026-03-01T02:00:00Z", seen(500, 1, 0), &[]),
                ("2026-03-02T00:59:59Z", seen(143, 1, 0), &[]),
                ("2026-03-02T01:00:00Z", seen(143, 1, 0), short),
                ("2026-03-04T00:00:00Z", seen(0, 0, 0), &[]), // nothing runs: it lasts
                ("2026-03-05T00:00:00Z", seen(0, 1, 0), short),
            ],
        );
    }

    #[test]
    fn what_the_month_has_cost_is_told_when_it_passes() {
        let passed = &[Warning::MonthCost { limit: 500 }];
        check(
            LIMITS,
            &[
                ("2026-03-01T00:00:00Z", Seen { ahead: None, month_cost: 500 }, &[]),
                ("2026-03-02T00:00:00Z", Seen { ahead: None, month_cost: 501 }, passed),
                ("2026-03-03T00:00:00Z", Seen { ahead: None, month_cost: 900 }, &[]),
            ],
        );
        // A limit that is raised is crossed anew, one that is lowered was crossed with the other.
        let after = |limit| {
            let limits = Limits { month_cost: Some(limit), ..Limits::default() };
            let told = Told { month: Some(500), ..Told::default() };
            limits.look(&told, &Seen { ahead: None, month_cost: 900 }, at("2026-03-04T00:00:00Z")).1.len()
        };
        assert_eq!([after(400), after(899), after(900)], [0, 1, 0]);
    }

    #[test]
    fn its_own_words_go_before_the_policys() {
        assert_eq!(Wish::AsPolicy.over(Some(7)), Some(7));
        assert_eq!(Wish::Off.over(Some(7)), None);
        assert_eq!(Wish::At(3).over(None), Some(3));
    }
}

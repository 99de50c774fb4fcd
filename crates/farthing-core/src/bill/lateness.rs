//! What the lateness of a bill costs (R56), and when a bill is reminded of.
//!
//! A simple daily rate on what of a bill is overdue, up to a cap, never on fees. A bill that is paid in parts, disputed in part or lowered is late
//! in parts: each has its own days. What is paid has its days behind it; a dispute stops them; what is credited was never late.

use crate::money::{Currency, Money, MoneyError, Rounding, div_round};
use crate::policy::LateFee;
use crate::rate::Percent;
use crate::time::{Duration, Instant};

/// The two rates of `bill.late_fee`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFeeRate {
    pub daily: Percent,
    pub cap: Percent,
}

/// A part of a bill, in units, and how late it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatePart {
    pub amount: i64,
    pub late: Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    Since(Instant),
    /// A dispute stopped it after so many seconds.
    Paused(i64),
    /// It was paid, or given up, after so many seconds.
    Ended(i64),
}

/// All that is or was late of a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    parts: Vec<LatePart>,
}

/// What is owed of a bill past its time, without fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    pub principal: i64,
    /// What of it a dispute is about.
    pub disputed: i64,
}

const DAY: i64 = 86_400;

impl From<&LateFee> for LateFeeRate {
    fn from(policy: &LateFee) -> LateFeeRate {
        LateFeeRate { daily: policy.daily_percent, cap: policy.cap_percent }
    }
}

impl Late {
    fn seconds(self, at: Instant) -> i64 {
        match self {
            Late::Since(since) => at.seconds_since(since).max(0),
            Late::Paused(seconds) | Late::Ended(seconds) => seconds,
        }
    }

    const fn is_open(self) -> bool {
        matches!(self, Late::Since(_) | Late::Paused(_))
    }
}

impl Lateness {
    pub fn of(parts: Vec<LatePart>) -> Lateness {
        Lateness { parts }
    }

    pub fn parts(&self) -> &[LatePart] {
        &self.parts
    }

    /// Nothing of it is late any more.
    pub fn is_over(&self) -> bool {
        !self.parts.iter().any(|part| part.late.is_open())
    }

    /// So much is late since an instant.
    pub fn begin(&mut self, amount: i64, since: Instant) {
        self.put(amount, Late::Since(since));
    }

    /// After a step of its bill's life: what is owed now, and how much the step has credited.
    pub fn follow(&mut self, owed: Owed, credited: i64, at: Instant) {
        let less = self.sum(Late::is_open).saturating_sub(owed.principal).max(0);
        let of_open = credited.min(less);
        // What was disputed is credited first: that is what the dispute was about.
        let rest = self.take(of_open, |late| matches!(late, Late::Paused(_)), None);
        self.take(rest, Late::is_open, None);
        self.take(credited.saturating_sub(of_open), |late| !late.is_open(), None);
        let ended = |late: Late| Some(Late::Ended(late.seconds(at)));
        let rest = self.take(less.saturating_sub(of_open), |late| matches!(late, Late::Since(_)), Some(&ended));
        self.take(rest, Late::is_open, Some(&ended));
        let more = owed.principal.saturating_sub(self.sum(Late::is_open));
        self.begin(more, at);
        self.dispute(owed.disputed.min(owed.principal), at);
    }

    fn dispute(&mut self, disputed: i64, at: Instant) {
        let paused = self.sum(|late| matches!(late, Late::Paused(_)));
        let pauses = |late: Late| Some(Late::Paused(late.seconds(at)));
        self.take(disputed.saturating_sub(paused), |late| matches!(late, Late::Since(_)), Some(&pauses));
        let goes_on = |late: Late| {
            let before = Duration::try_from_seconds(late.seconds(at)).ok()?;
            at.checked_sub(before).ok().map(Late::Since)
        };
        self.take(paused.saturating_sub(disputed), |late| matches!(late, Late::Paused(_)), Some(&goes_on));
    }

    /// What lateness has cost by an instant: whole days of each part, half-up to the minor unit in all.
    pub fn fee(&self, rate: LateFeeRate, currency: Currency, at: Instant) -> Result<Money, MoneyError> {
        let overflow = MoneyError::Overflow { operation: "add up a late fee" };
        let (daily, cap) = (i128::from(rate.daily.billionths()), i128::from(rate.cap.billionths()));
        let mut sum: i128 = 0;
        for part in &self.parts {
            let days = i128::from(part.late.seconds(at).div_euclid(DAY));
            let percent = daily.saturating_mul(days).min(cap);
            let fee = i128::from(part.amount).checked_mul(percent).ok_or(overflow)?;
            sum = sum.checked_add(fee).ok_or(overflow)?;
        }
        let minor = i128::from(currency.units_per_minor());
        let whole = i128::from(Percent::WHOLE.billionths()).saturating_mul(minor);
        let fee = div_round(sum, whole, Rounding::HalfUp)?;
        Money::from_minor(i64::try_from(fee).map_err(|_| overflow)?, currency)
    }

    fn sum(&self, which: impl Fn(Late) -> bool) -> i64 {
        self.parts.iter().filter(|part| which(part.late)).fold(0, |sum, part| sum.saturating_add(part.amount))
    }

    /// Takes so much of such parts, the newest first; with `becomes` they go on as that, else they are gone. What is left to take.
    fn take(
        &mut self,
        amount: i64,
        which: impl Fn(Late) -> bool,
        becomes: Option<&dyn Fn(Late) -> Option<Late>>,
    ) -> i64 {
        let mut rest = amount.max(0);
        let mut moved = Vec::new();
        for part in self.parts.iter_mut().rev().filter(|part| which(part.late)) {
            let of_it = part.amount.min(rest);
            part.amount = part.amount.saturating_sub(of_it);
            rest = rest.saturating_sub(of_it);
            if let Some(late) = becomes.and_then(|becomes| becomes(part.late)) {
                moved.push((of_it, late));
            }
        }
        self.parts.retain(|part| part.amount != 0);
        for (amount, late) in moved.into_iter().rev() {
            self.put(amount, late);
        }
        rest
    }

    fn put(&mut self, amount: i64, late: Late) {
        if amount <= 0 {
            return;
        }
        match self.parts.iter_mut().find(|part| part.late == late) {
            Some(part) => part.amount = part.amount.saturating_add(amount),
            None => self.parts.push(LatePart { amount, late }),
        }
    }
}

/// When a bill that is due at an instant is next reminded of: each of the policy's times before it, and as long after it.
pub fn reminder_after(now: Instant, due: Instant, times: &[Duration]) -> Option<Instant> {
    let around = times.iter().flat_map(|time| [due.checked_sub(*time), due.checked_add(*time)]);
    around.flatten().filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENT: i64 = 1_000_000;

    fn day(day: i64) -> Instant {
        Instant::try_from_seconds(day * DAY).unwrap()
    }

    fn rate() -> LateFeeRate {
        let percent = |text| Percent::parse(text).unwrap();
        LateFeeRate { daily: percent("0.05"), cap: percent("5") }
    }

    fn owed(principal: i64, disputed: i64) -> Owed {
        Owed { principal: principal * 100 * CENT, disputed: disputed * 100 * CENT }
    }

    /// 1000.00 USD, late since day 10.
    fn thousand() -> Lateness {
        let mut late = Lateness::default();
        late.begin(100_000 * CENT, day(10));
        late
    }

    fn check(late: &Lateness, at: Instant, fee: &str) {
        assert_eq!(late.fee(rate(), Currency::USD, at).unwrap().plain(), fee, "{late:?}");
    }

    /// R56: a simple daily rate of whole days, half-up to the minor unit, with a cap.
    #[test]
    fn r56_a_simple_daily_rate_with_a_cap() {
        let late = thousand();
        check(&late, day(9), "0.00");
        check(&late, day(10), "0.00");
        check(&late, day(11).checked_sub(Duration::from_seconds(1)).unwrap(), "0.00");
        check(&late, day(11), "0.50");
        check(&late, day(24), "7.00");
        check(&late, day(109), "49.50");
        check(&late, day(110), "50.00");
        check(&late, day(1000), "50.00");
        let mut small = Lateness::default();
        small.begin(10 * 100 * CENT, day(0));
        check(&small, day(1), "0.01"); // 0.005, a tie: up
    }

    /// What is paid has its days behind it; the rest goes on, and a part that is due again begins anew.
    #[test]
    fn paid_in_parts() {
        let mut late = thousand();
        late.follow(owed(400, 0), 0, day(20)); // 600 were 10 days late: 3.00
        check(&late, day(20), "5.00");
        check(&late, day(30), "7.00");
        late.follow(owed(0, 0), 0, day(30)); // 400 were 20 days late: 4.00
        assert!(late.is_over());
        check(&late, day(90), "7.00");
        late.follow(owed(600, 0), 0, day(40));
        check(&late, day(50), "10.00");
    }

    /// What is credited was never late: of what is owed first, then of what was paid.
    #[test]
    fn what_is_credited_was_never_late() {
        let mut late = thousand();
        late.follow(owed(600, 0), 400 * 100 * CENT, day(20));
        check(&late, day(20), "3.00");
        late.follow(owed(0, 0), 0, day(20));
        late.follow(owed(0, 0), 100 * 100 * CENT, day(25));
        check(&late, day(30), "2.50");
        // More than there is late: nothing is left of it.
        late.follow(owed(0, 0), 900 * 100 * CENT, day(26));
        check(&late, day(30), "0.00");
    }

    /// R55: an open dispute stops the days of what it is about, and of nothing else.
    #[test]
    fn r55_a_dispute_pauses_its_amount_only() {
        let mut late = thousand();
        late.follow(owed(1000, 400), 0, day(20)); // 10 days of both
        check(&late, day(30), "8.00"); // 600 x 20 and 400 x 10
        let mut accepted = late.clone();
        late.follow(owed(1000, 0), 0, day(30));
        check(&late, day(40), "13.00"); // 600 x 30 and 400 x 20
        accepted.follow(owed(600, 0), 400 * 100 * CENT, day(30));
        check(&accepted, day(30), "6.00");
        // Who pays something meanwhile pays what is not disputed.
        let mut paid = thousand();
        paid.follow(owed(1000, 400), 0, day(20));
        paid.follow(owed(400, 400), 0, day(22)); // 600 x 12 and 400 x 10
        check(&paid, day(60), "5.60");
        assert!(!paid.is_over());
    }

    #[test]
    fn it_is_reminded_of_before_its_time_and_after_it() {
        let times = [Duration::from_seconds(3 * 86_400), Duration::from_seconds(86_400)];
        let next = |now| reminder_after(day(now), day(10), &times);
        assert_eq!(
            [next(0), next(7), next(9), next(11), next(13)],
            [Some(day(7)), Some(day(9)), Some(day(11)), Some(day(13)), None]
        );
        assert_eq!(reminder_after(day(0), day(10), &[]), None);
    }
}

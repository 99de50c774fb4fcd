//! The gate: whether what asks may begin, and if not, what is missing. Starts need a least balance (R26) and the money for a while at the
//! burn rate; and whoever pays may have said how much a month or an hour may cost at most.
//!
//! Pure: the shell gathers what is there. What reports is never asked: it is booked, and flagged with the same answer.

mod limits;

pub use limits::{Asks, LimitPassed, SpendLimits, Spent};

use crate::time::Duration;

/// What a start needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartRules {
    /// What must be available; none: nothing must.
    pub least: Option<i64>,
    /// For so long everything must be affordable, with what starts among it.
    pub runway: Duration,
}

/// What there is when something starts, in units of the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartFacts {
    pub available: i64,
    /// What an hour costs of everything else that runs and comes off the balance.
    pub others_per_hour: i64,
    /// What an hour of the new thing costs, where it comes off the balance.
    pub own_per_hour: i64,
}

/// Too little is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    pub of: ShortOf,
    pub needed: i64,
    pub available: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortOf {
    /// The least balance.
    Minimum,
    /// The money for a while.
    Runway,
}

impl Short {
    pub fn missing(&self) -> i64 {
        self.needed.saturating_sub(self.available)
    }
}

/// None: it may start. Exactly as much as is needed is enough.
pub fn may_start(rules: &StartRules, facts: &StartFacts) -> Option<Short> {
    let least = rules.least?;
    let per_hour = i128::from(facts.others_per_hour).saturating_add(i128::from(facts.own_per_hour));
    let runway = per_hour.saturating_mul(i128::from(rules.runway.seconds())).checked_div(3_600).unwrap_or(0);
    let runway = i64::try_from(runway).unwrap_or(i64::MAX);
    let of = if !rules.runway.is_zero() && runway > least { ShortOf::Runway } else { ShortOf::Minimum };
    let needed = match of {
        ShortOf::Minimum => least,
        ShortOf::Runway => runway,
    };
    (facts.available < needed).then_some(Short { of, needed, available: facts.available })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(count: i64) -> Duration {
        Duration::try_from_seconds(count * 3_600).unwrap()
    }

    #[test]
    fn the_least_is_enough_and_a_unit_less_is_not() {
        let rules = StartRules { least: Some(500), runway: hours(0) };
        let facts = |available| StartFacts { available, others_per_hour: 1_000, own_per_hour: 1_000 };
        assert_eq!(may_start(&rules, &facts(500)), None);
        let short = may_start(&rules, &facts(499)).unwrap();
        assert_eq!((short.of, short.needed, short.missing()), (ShortOf::Minimum, 500, 1));
        assert_eq!(may_start(&StartRules { least: None, ..rules }, &facts(-5)), None, "who pays afterwards");
        let something = StartRules { least: Some(1), runway: hours(0) };
        assert_eq!((may_start(&something, &facts(1)), may_start(&something, &facts(0)).is_some()), (None, true));
    }

    /// Ten hours of 30 that run and of 20 that start are 500: what starts is in it.
    #[test]
    fn the_runway_has_the_new_thing_in_it() {
        let rules = StartRules { least: Some(100), runway: hours(10) };
        let facts = |available| StartFacts { available, others_per_hour: 30, own_per_hour: 20 };
        assert_eq!(may_start(&rules, &facts(500)), None);
        let short = may_start(&rules, &facts(499)).unwrap();
        assert_eq!((short.of, short.needed), (ShortOf::Runway, 500));
        let idle = StartFacts { available: 99, others_per_hour: 0, own_per_hour: 5 };
        assert_eq!(may_start(&rules, &idle).unwrap().of, ShortOf::Minimum, "50 for ten hours is less than the least");
        let huge = StartFacts { available: i64::MAX, others_per_hour: i64::MAX, own_per_hour: i64::MAX };
        assert_eq!(may_start(&rules, &huge), None, "what does not fit is the most there is");
    }
}

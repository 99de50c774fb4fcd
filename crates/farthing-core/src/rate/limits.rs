//! The most and the least that a rating period costs.
//!
//! The cap belongs to (resource, payer, rating period): the caller knows what the runs before this one have cost there. The
//! minimum is posted once, when the period closes.

use super::{Charge, RateError};
use crate::money::{Money, Rounding};

/// How much of its period something was there: a minimum is prorated by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    pub covered_seconds: i64,
    pub period_seconds: i64,
}

impl Coverage {
    /// The whole period, or no proration.
    pub const WHOLE: Coverage = Coverage { covered_seconds: 1, period_seconds: 1 };

    /// So much of an amount, rounded half to even.
    pub fn of(self, amount: Money) -> Result<Money, RateError> {
        let Coverage { covered_seconds, period_seconds } = self;
        if covered_seconds < 0 || period_seconds <= 0 || covered_seconds > period_seconds {
            return Err(RateError::Coverage { covered_seconds, period_seconds });
        }
        let (covered, period) = (i128::from(covered_seconds), i128::from(period_seconds));
        Ok(amount.checked_mul_div(covered, period, Rounding::HalfEven)?)
    }
}

/// What a run costs under the cap in force, where the same resource and payer have had `before` in this rating period from
/// runs that are over. A resize, a stop and a restart go on with what is left; a lower cap than was reached leaves nothing.
/// List reaches the cap first, so from there on what a discount has saved shrinks again: the discount of such a run is below
/// zero, that of the period never is.
pub fn capped(cap: Money, before: Charge, run: Charge) -> Result<Charge, RateError> {
    let under = |before: Money, run: Money| {
        let left = cap.checked_sub(before)?.checked_max(Money::zero(cap.currency()))?;
        run.checked_min(left)
    };
    Ok(Charge { list: under(before.list, run.list)?, net: under(before.net, run.net)? })
}

/// What is to be posted at the close of a period that cost `charge`, so that it costs its minimum or commitment: nothing
/// where it did.
pub fn true_up(minimum: Money, coverage: Coverage, charge: Charge) -> Result<Charge, RateError> {
    let least = coverage.of(minimum)?;
    let missing = |amount: Money| least.checked_sub(amount)?.checked_max(Money::zero(least.currency()));
    Ok(Charge { list: missing(charge.list)?, net: missing(charge.net)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(text: &str) -> Money {
        Money::parse_amount(text, Currency::USD).unwrap()
    }

    fn charge(list: &str, net: &str) -> Charge {
        Charge { list: usd(list), net: usd(net) }
    }

    #[test]
    fn a_cap_counts_what_the_resource_has_cost() {
        let check = |cap, before: (&str, &str), run: (&str, &str), expected: (&str, &str)| {
            let found = capped(usd(cap), charge(before.0, before.1), charge(run.0, run.1)).unwrap();
            assert_eq!(found, charge(expected.0, expected.1));
        };
        check("100", ("0", "0"), ("70", "63"), ("70", "63"));
        check("100", ("70", "63"), ("50", "45"), ("30", "37")); // 100 - 70, 100 - 63
        check("100", ("100", "100"), ("50", "45"), ("0", "0"));
        check("50", ("70", "63"), ("10", "9"), ("0", "0")); // a smaller size, a lower cap: it was passed already
        check("0", ("0", "0"), ("10", "9"), ("0", "0"));
        let other = Money::parse("1 EUR").unwrap();
        assert!(capped(other, charge("0", "0"), charge("1", "1")).is_err());
    }

    #[test]
    fn a_minimum_is_for_the_seconds_covered() {
        let check = |covered_seconds, period_seconds, net: &str, expected: &str| {
            let coverage = Coverage { covered_seconds, period_seconds };
            let found = true_up(usd("1000"), coverage, charge(net, net)).unwrap();
            assert_eq!(found.net, usd(expected), "{covered_seconds}/{period_seconds} {net}");
        };
        check(1, 1, "100", "900"); // case G1: 1000 committed, 100 billed
        check(31, 31, "1000", "0");
        check(31, 31, "1200", "0");
        check(10, 30, "100", "233.33333333"); // 1000 / 3 - 100
        check(0, 30, "0", "0");
        let wrong = |covered_seconds, period_seconds| Coverage { covered_seconds, period_seconds }.of(usd("1"));
        for (covered, period) in [(-1, 10), (11, 10), (0, 0), (1, -1)] {
            assert!(matches!(wrong(covered, period), Err(RateError::Coverage { .. })), "{covered}/{period}");
        }
    }
}

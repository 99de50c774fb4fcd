//! Splitting an amount by weights without losing a unit: the largest-remainder rule.
//!
//! Each part gets the whole units of its exact share; the units left over go one each to the largest fractions lost, ties
//! to the earlier position. So the parts always sum to the total, no part is a unit or more from its exact share, and a
//! part of weight zero gets nothing.

use std::cmp::Reverse;

use super::{Money, MoneyError};

/// Splits `total_units` by `weights`. A negative total is the mirror image of the positive one.
///
/// ```
/// # use farthing_core::money::allocate;
/// assert_eq!(allocate(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
/// assert_eq!(allocate(-100, &[1, 1, 1]), Ok(vec![-34, -33, -33]));
/// ```
///
/// The weights are `u64` so that there is no negative one to refuse and no product that could overflow: 2^63 * 2^64 fits
/// 128 bits. All of them zero (or none given) is an error, for there is nobody to give the total to.
pub fn allocate(total_units: i64, weights: &[u64]) -> Result<Vec<i64>, MoneyError> {
    let overflow = MoneyError::Overflow { operation: "allocate" };
    let total = u128::from(total_units.unsigned_abs());
    let weight_sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();

    let mut parts = Vec::with_capacity(weights.len());
    let mut fractions = Vec::with_capacity(weights.len());
    let mut given: u128 = 0;
    for (position, weight) in weights.iter().enumerate() {
        let share = total.checked_mul(u128::from(*weight)).ok_or(overflow)?;
        let whole = share.checked_div(weight_sum).ok_or(MoneyError::NoWeight)?;
        let fraction = share.checked_rem(weight_sum).ok_or(MoneyError::NoWeight)?;
        given = given.checked_add(whole).ok_or(overflow)?;
        parts.push(whole);
        fractions.push((Reverse(fraction), position));
    }
    if weight_sum == 0 {
        return Err(MoneyError::NoWeight); // no weights at all: the loop did not run
    }

    // Fewer units are left over than there are fractions above zero, so the sorted list is never read into the zeros.
    fractions.sort_unstable();
    let mut left_over = fractions.iter().map(|(_, position)| *position);
    for _ in given..total {
        let position = left_over.next().ok_or(overflow)?;
        parts[position] = parts[position].checked_add(1).ok_or(overflow)?;
    }

    let signed = |part: u128| {
        let part = i128::try_from(part).ok()?;
        i64::try_from(if total_units < 0 { part.checked_neg()? } else { part }).ok()
    };
    parts.into_iter().map(signed).collect::<Option<Vec<i64>>>().ok_or(overflow)
}

impl Money {
    /// Splits this amount to the unit. See [`allocate`].
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let parts = allocate(self.units(), weights)?;
        Ok(parts.into_iter().map(|units| Self::from_units(units, self.currency())).collect())
    }

    /// Splits this amount into parts that can each be paid: whole cents, whole yen. The amount must itself be whole in
    /// minor units (round it first and keep the remainder), or the parts could not sum to it.
    pub fn allocate_minor(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let parts = allocate(self.to_minor()?, weights)?;
        parts.into_iter().map(|minor| Self::from_minor(minor, self.currency())).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::{Currency, Rounding};

    #[test]
    fn largest_remainder() {
        let check = |total: i64, weights: &[u64], expected: &[i64]| {
            assert_eq!(allocate(total, weights).as_deref(), Ok(expected), "{total} by {weights:?}");
            if let Some(mirrored) = total.checked_neg() {
                let expected: Vec<i64> = expected.iter().map(|part| -part).collect();
                assert_eq!(allocate(mirrored, weights), Ok(expected), "{mirrored} by {weights:?}");
            }
        };
        check(15, &[20, 2, 3], &[12, 1, 2]); // case C9: 4/5, 2/25, 3/25 of 15 = 12, 1.2, 1.8
        check(100, &[1, 1, 1], &[34, 33, 33]); // 33.33 each: a tie, the first wins
        check(101, &[1, 1, 1], &[34, 34, 33]); // 33.67 each: two left over
        check(1, &[1, 3], &[0, 1]); // 0.25, 0.75
        check(2, &[1, 1, 1], &[1, 1, 0]);
        check(5, &[0, 1, 0, 1], &[0, 3, 0, 2]); // 2.5 each; a weight of zero gets nothing
        check(0, &[1, 2], &[0, 0]);
        check(7, &[9], &[7]);
        check(i64::MAX, &[u64::MAX], &[i64::MAX]);
        check(i64::MIN, &[u64::MAX, 0], &[i64::MIN, 0]);
        check(i64::MAX, &[u64::MAX, u64::MAX], &[i64::MAX / 2 + 1, i64::MAX / 2]); // odd: a half each, the first wins
    }

    #[test]
    fn nobody_to_give_it_to() {
        for weights in [&[][..], &[0], &[0, 0, 0]] {
            assert_eq!(allocate(10, weights), Err(MoneyError::NoWeight));
            assert_eq!(allocate(0, weights), Err(MoneyError::NoWeight));
        }
    }

    #[test]
    fn whole_minor_units() {
        let check = |amount: &str, weights: &[u64], expected: &[&str]| {
            let parts = Money::parse(amount).unwrap().allocate_minor(weights).unwrap();
            let parts: Vec<String> = parts.iter().map(Money::to_string).collect();
            assert_eq!(parts, expected, "{amount} by {weights:?}");
        };
        // case C7: a coupon of 10.00 over fees 100/50/30/20 of 200: 5.00/2.50/1.50/1.00
        check("10.00 USD", &[100, 50, 30, 20], &["5.00 USD", "2.50 USD", "1.50 USD", "1.00 USD"]);
        check("10.00 USD", &[1, 1, 1], &["3.34 USD", "3.33 USD", "3.33 USD"]);
        check("-10.00 USD", &[1, 1, 1], &["-3.34 USD", "-3.33 USD", "-3.33 USD"]);
        check("1000 JPY", &[1, 1, 1], &["334 JPY", "333 JPY", "333 JPY"]);
        // case C11: 1000 JPY, 33.333% off: 333.33 and 666.67; whole yen 333 and 667
        check("1000 JPY", &[33_333, 66_667], &["333 JPY", "667 JPY"]);

        let uneven = Money::parse("10.005 USD").unwrap();
        assert_eq!(uneven.allocate_minor(&[1, 1]), Err(MoneyError::NotWholeMinor { amount: uneven }));
        let parts = uneven.allocate(&[1, 2]).unwrap(); // 3.335, 6.67 to the unit
        assert_eq!(parts, [Money::parse("3.335 USD").unwrap(), Money::parse("6.67 USD").unwrap()]);
    }

    /// Case C11 as a bill does it: net = round(exact net), discount = list - net.
    #[test]
    fn case_c11_yen_discount() {
        let list = Money::parse("1000 JPY").unwrap();
        let exact_net = list.checked_mul_div(100_000 - 33_333, 100_000, Rounding::HalfEven).unwrap();
        assert_eq!(exact_net.to_string(), "666.67 JPY"); // 1000 * 0.66667
        let (net, remainder) = exact_net.round_to_minor(Rounding::HalfEven).unwrap();
        assert_eq!(net.to_string(), "667 JPY");
        assert_eq!(remainder.to_string(), "-0.33 JPY");
        assert_eq!(list.checked_sub(net).unwrap().to_string(), "333 JPY");
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_total_and_are_within_a_unit(
            total in any::<i64>(),
            weights in proptest::collection::vec(prop_oneof![0_u64..=5, any::<u64>()], 1..12),
        ) {
            let weight_sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            prop_assume!(weight_sum > 0);
            let parts = allocate(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(total));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*part == 0 || (*part < 0) == (total < 0));
                // |part - total * weight / sum| < 1; both products stay below 2^63 * 2^64 * 12 parts < 2^128
                let share = u128::from(total.unsigned_abs()) * u128::from(*weight);
                let floor = share / weight_sum;
                let ceiling = share.div_ceil(weight_sum);
                let magnitude = u128::from(part.unsigned_abs());
                prop_assert!(magnitude == floor || magnitude == ceiling, "{} of {}", part, weight);
            }
        }

        #[test]
        fn whole_minor_parts_sum_too(minor in -1_000_000_000_i64..=1_000_000_000, weights in proptest::collection::vec(1_u64..=1000, 1..8)) {
            let total = Money::from_minor(minor, Currency::USD).unwrap();
            let parts = total.allocate_minor(&weights).unwrap();
            for part in &parts {
                prop_assert!(part.to_minor().is_ok());
            }
            prop_assert_eq!(Money::sum(Currency::USD, parts), Ok(total));
        }
    }
}

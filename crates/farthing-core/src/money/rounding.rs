//! The rules of rounding, and the two divisions that take one. No other code divides money.
//!
//! Money is exact until it must become a whole number of units or of cents; that one step names its rule here.

use super::MoneyError;

/// What becomes of a quotient that is not whole. The examples are to whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest; a tie to the even one. 2.5 -> 2, 3.5 -> 4, 2.6 -> 3; -2.5 -> -2, -3.5 -> -4, -2.6 -> -3.
    /// The default of billing: over many lines its errors cancel.
    HalfEven,
    /// To the nearest; a tie away from zero. 2.5 -> 3, 2.4 -> 2; -2.5 -> -3, -2.4 -> -2. Many tax offices ask for it.
    HalfUp,
    /// Toward zero. 2.9 -> 2; -2.9 -> -2.
    Down,
    /// Away from zero. 2.1 -> 3; -2.1 -> -3.
    Up,
    /// Toward minus infinity. 2.9 -> 2; -2.1 -> -3.
    Floor,
    /// Toward plus infinity. 2.1 -> 3; -2.9 -> -2.
    Ceiling,
}

impl Rounding {
    pub const ALL: [Self; 6] = [Self::HalfEven, Self::HalfUp, Self::Down, Self::Up, Self::Floor, Self::Ceiling];
}

/// `numerator / denominator` as a whole number.
///
/// ```
/// # use farthing_core::money::{Rounding, div_round};
/// assert_eq!(div_round(-7, 2, Rounding::HalfEven), Ok(-4)); // -3.5, a tie: -4 is even
/// assert_eq!(div_round(-5, 2, Rounding::HalfEven), Ok(-2)); // -2.5, a tie: -2 is even
/// assert_eq!(div_round(-5, 2, Rounding::HalfUp), Ok(-3)); // -2.5, away from zero
/// assert_eq!(div_round(5, -2, Rounding::Floor), Ok(-3)); // the signs make the quotient -2.5 wherever they stand
/// ```
pub fn div_round(numerator: i128, denominator: i128, rounding: Rounding) -> Result<i128, MoneyError> {
    let negative = (numerator < 0) != (denominator < 0);
    let quotient = divide(numerator.unsigned_abs(), denominator.unsigned_abs(), negative, rounding)?;
    with_sign(quotient, negative)
}

/// `a * b / c` as a whole number, exact however large `a * b` is: the product is held in 256 bits. An error only where
/// `c` is zero or the result itself does not fit.
///
/// ```
/// # use farthing_core::money::{Rounding, mul_div_round};
/// // -1.00 USD of 33.333%: -100,000,000 * 33,333 / 100,000 = -33,333,000 exactly
/// assert_eq!(mul_div_round(-100_000_000, 33_333, 100_000, Rounding::HalfEven), Ok(-33_333_000));
/// assert_eq!(mul_div_round(-1, 1, 3, Rounding::Up), Ok(-1)); // -0.33, away from zero
/// assert_eq!(mul_div_round(-1, 1, 3, Rounding::Ceiling), Ok(0)); // -0.33, toward plus infinity
/// assert_eq!(mul_div_round(i128::MAX, -10, 10, Rounding::Down), Ok(-i128::MAX)); // through 2^130
/// ```
pub fn mul_div_round(a: i128, b: i128, c: i128, rounding: Rounding) -> Result<i128, MoneyError> {
    let negative = ((a < 0) != (b < 0)) != (c < 0);
    let (low, high) = a.unsigned_abs().carrying_mul(b.unsigned_abs(), 0);
    let divisor = c.unsigned_abs();
    let quotient = if high == 0 {
        divide(low, divisor, negative, rounding)?
    } else {
        let (quotient, remainder) = divide_wide(high, low, divisor)?;
        round_magnitude(quotient, remainder, divisor, negative, rounding)?
    };
    with_sign(quotient, negative)
}

/// The magnitude of a rounded quotient whose sign is known apart.
fn divide(numerator: u128, denominator: u128, negative: bool, rounding: Rounding) -> Result<u128, MoneyError> {
    let quotient = numerator.checked_div(denominator).ok_or(MoneyError::DivisionByZero)?;
    let remainder = numerator.checked_rem(denominator).ok_or(MoneyError::DivisionByZero)?;
    round_magnitude(quotient, remainder, denominator, negative, rounding)
}

/// `high * 2^128 + low` divided by `divisor`, by hand as on paper, one bit at a time: 128 steps, and only for products
/// that do not fit 128 bits.
pub(crate) fn divide_wide(high: u128, low: u128, divisor: u128) -> Result<(u128, u128), MoneyError> {
    if divisor == 0 {
        return Err(MoneyError::DivisionByZero);
    }
    if high >= divisor {
        return Err(MoneyError::Overflow { operation: "multiply and divide" }); // the quotient needs more than 128 bits
    }
    let (mut quotient, mut remainder, mut rest) = (0_u128, high, low);
    for _ in 0..u128::BITS {
        // remainder < divisor holds here, so twice it and a bit is less than 2^129: `carry` is its top bit.
        let carry = remainder >> 127;
        remainder = (remainder << 1) | (rest >> 127);
        rest <<= 1;
        quotient <<= 1;
        if carry == 1 || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor); // wraps exactly where `carry` was shifted out
            quotient |= 1;
        }
    }
    Ok((quotient, remainder))
}

/// Adds one to `quotient` where the rule says so; `remainder < divisor`.
fn round_magnitude(
    quotient: u128,
    remainder: u128,
    divisor: u128,
    negative: bool,
    rounding: Rounding,
) -> Result<u128, MoneyError> {
    // Twice the remainder against the divisor, said so that it cannot overflow.
    let against_half = remainder.cmp(&divisor.abs_diff(remainder));
    let away_from_zero = remainder != 0
        && match rounding {
            Rounding::HalfEven => against_half.is_gt() || (against_half.is_eq() && quotient & 1 == 1),
            Rounding::HalfUp => against_half.is_ge(),
            Rounding::Down => false,
            Rounding::Up => true,
            Rounding::Floor => negative,
            Rounding::Ceiling => !negative,
        };
    quotient.checked_add(u128::from(away_from_zero)).ok_or(MoneyError::Overflow { operation: "round" })
}

fn with_sign(magnitude: u128, negative: bool) -> Result<i128, MoneyError> {
    let signed = if negative { 0_i128.checked_sub_unsigned(magnitude) } else { 0_i128.checked_add_unsigned(magnitude) };
    signed.ok_or(MoneyError::Overflow { operation: "divide" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OVERFLOW_WIDE: MoneyError = MoneyError::Overflow { operation: "multiply and divide" };
    const OVERFLOW: MoneyError = MoneyError::Overflow { operation: "divide" };

    #[test]
    fn every_rule_on_both_sides_of_zero() {
        // expected in the order of Rounding::ALL: half-even, half-up, down, up, floor, ceiling
        let check = |numerator, denominator, expected: [i128; 6]| {
            for (rounding, expected) in Rounding::ALL.into_iter().zip(expected) {
                let found = div_round(numerator, denominator, rounding);
                assert_eq!(found, Ok(expected), "{numerator}/{denominator} {rounding:?}");
                let opposite = div_round(-numerator, -denominator, rounding);
                assert_eq!(opposite, Ok(expected), "-{numerator}/-{denominator} {rounding:?}");
            }
        };
        check(0, 7, [0, 0, 0, 0, 0, 0]);
        check(6, 3, [2, 2, 2, 2, 2, 2]); //   2
        check(-6, 3, [-2, -2, -2, -2, -2, -2]);
        check(1, 2, [0, 1, 0, 1, 0, 1]); //   0.5
        check(-1, 2, [0, -1, 0, -1, -1, 0]);
        check(3, 2, [2, 2, 1, 2, 1, 2]); //   1.5
        check(-3, 2, [-2, -2, -1, -2, -2, -1]);
        check(5, 2, [2, 3, 2, 3, 2, 3]); //   2.5
        check(-5, 2, [-2, -3, -2, -3, -3, -2]);
        check(7, 3, [2, 2, 2, 3, 2, 3]); //   2.33
        check(-7, 3, [-2, -2, -2, -3, -3, -2]);
        check(8, 3, [3, 3, 2, 3, 2, 3]); //   2.67
        check(-8, 3, [-3, -3, -2, -3, -3, -2]);
    }

    #[test]
    fn the_ends_of_i128() {
        for rounding in Rounding::ALL {
            assert_eq!(div_round(i128::MIN, 1, rounding), Ok(i128::MIN));
            assert_eq!(div_round(i128::MIN, -1, rounding), Err(OVERFLOW)); // 2^127 does not fit
            assert_eq!(div_round(1, 0, rounding), Err(MoneyError::DivisionByZero));
            assert_eq!(div_round(i128::MIN, i128::MIN, rounding), Ok(1));

            assert_eq!(mul_div_round(i128::MAX, i128::MAX, i128::MAX, rounding), Ok(i128::MAX));
            assert_eq!(mul_div_round(i128::MIN, i128::MIN, i128::MIN, rounding), Ok(i128::MIN));
            assert_eq!(mul_div_round(i128::MIN, i128::MAX, i128::MAX, rounding), Ok(i128::MIN));
            assert_eq!(mul_div_round(i128::MIN, i128::MIN, i128::MAX, rounding), Err(OVERFLOW)); // 2^127 + 1 and more
            assert_eq!(mul_div_round(i128::MAX, i128::MAX, 1, rounding), Err(OVERFLOW_WIDE));
            assert_eq!(mul_div_round(i128::MAX, 2, 1, rounding), Err(OVERFLOW));
            assert_eq!(mul_div_round(i128::MAX, i128::MAX, 0, rounding), Err(MoneyError::DivisionByZero));
            assert_eq!(mul_div_round(1, 1, 0, rounding), Err(MoneyError::DivisionByZero));
        }
    }

    #[test]
    fn a_tie_is_seen_through_256_bits() {
        // a * 10^20 / (2 * 10^20) = a / 2, with a = 10^30 + 1 odd: quotient 5 * 10^29 and a half
        let (a, b, c) = (10_i128.pow(30) + 1, 10_i128.pow(20), 2 * 10_i128.pow(20));
        let half = 5 * 10_i128.pow(29);
        let check = |a, rounding, expected| assert_eq!(mul_div_round(a, b, c, rounding), Ok(expected), "{rounding:?}");
        check(a, Rounding::HalfEven, half);
        check(a, Rounding::HalfUp, half + 1);
        check(-a, Rounding::HalfEven, -half);
        check(-a, Rounding::HalfUp, -half - 1);
        check(-a, Rounding::Down, -half);
        check(-a, Rounding::Floor, -half - 1);
        check(-a, Rounding::Ceiling, -half);
    }

    /// The rules again, in another way: floor by Euclid, then which of floor and floor + 1. Small numbers only.
    fn reference(numerator: i128, denominator: i128, rounding: Rounding) -> i128 {
        let (numerator, denominator) =
            if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
        let floor = numerator.div_euclid(denominator);
        let fraction = numerator.rem_euclid(denominator);
        if fraction == 0 {
            return floor;
        }
        let nearest = |tie: i128| match (2 * fraction).cmp(&denominator) {
            std::cmp::Ordering::Less => floor,
            std::cmp::Ordering::Equal => tie,
            std::cmp::Ordering::Greater => floor + 1,
        };
        match rounding {
            Rounding::HalfEven => nearest(floor + floor.rem_euclid(2)),
            Rounding::HalfUp => nearest(if floor < 0 { floor } else { floor + 1 }),
            Rounding::Down => floor + i128::from(floor < 0),
            Rounding::Up => floor + i128::from(floor >= 0),
            Rounding::Floor => floor,
            Rounding::Ceiling => floor + 1,
        }
    }

    fn any_rounding() -> impl Strategy<Value = Rounding> {
        proptest::sample::select(Rounding::ALL.to_vec())
    }

    /// Small numbers (ties are common), whole `i64`s, and anything.
    fn any_size() -> impl Strategy<Value = i128> {
        prop_oneof![-20_i128..=20, any::<i64>().prop_map(i128::from), any::<i128>()]
    }

    proptest! {
        #[test]
        fn div_round_agrees_with_the_reference(
            numerator in prop_oneof![-50_i128..=50, any::<i64>().prop_map(i128::from)],
            denominator in prop_oneof![-12_i128..=12, any::<i64>().prop_map(i128::from)],
            rounding in any_rounding(),
        ) {
            prop_assume!(denominator != 0);
            prop_assert_eq!(div_round(numerator, denominator, rounding), Ok(reference(numerator, denominator, rounding)));
        }

        #[test]
        fn mul_div_round_agrees_with_the_plain_way_where_that_fits(
            a in prop_oneof![-50_i128..=50, any::<i64>().prop_map(i128::from)],
            b in prop_oneof![-50_i128..=50, any::<i64>().prop_map(|b| i128::from(b / 4))],
            c in prop_oneof![-12_i128..=12, any::<i64>().prop_map(i128::from)],
            rounding in any_rounding(),
        ) {
            prop_assume!(c != 0);
            prop_assert_eq!(mul_div_round(a, b, c, rounding), Ok(reference(a * b, c, rounding)));
        }

        /// The long division, against its definition: quotient * divisor + remainder is the product again.
        #[test]
        fn the_wide_division_is_undone_by_multiplying(a in any::<u128>(), b in any::<u128>(), divisor in 1..=u128::MAX) {
            let (low, high) = a.carrying_mul(b, 0);
            match divide_wide(high, low, divisor) {
                Ok((quotient, remainder)) => {
                    prop_assert!(remainder < divisor);
                    prop_assert_eq!(quotient.carrying_mul(divisor, remainder), (low, high));
                }
                Err(error) => {
                    prop_assert_eq!(error, OVERFLOW_WIDE);
                    prop_assert!(high >= divisor);
                }
            }
        }

        /// A common factor changes nothing: (a*k) * b / (c*k) = a * b / c, the left side through 256 bits.
        #[test]
        fn a_common_factor_cancels(
            a in any::<i64>(), b in any_size(), c in any::<i64>(), k in 1_i128..=i128::from(i64::MAX), rounding in any_rounding(),
        ) {
            prop_assume!(c != 0);
            let (a, c) = (i128::from(a), i128::from(c));
            prop_assert_eq!(mul_div_round(a * k, b, c * k, rounding).ok(), mul_div_round(a, b, c, rounding).ok());
        }
    }
}

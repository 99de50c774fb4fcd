//! Division by a number that is known long before the other: two multiplications instead of a division of 128 bits.
//!
//! A formula divides millions of different totals by the one denominator it was compiled with, so that keeps its
//! reciprocal. The method is Möller and Granlund's ("Improved division by invariant integers", 2011), and is exact: it gives
//! the quotient and the remainder, and rounding looks at the remainder.

use super::RateError;
use crate::money::{Rounding, divide_wide};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divisor {
    /// Above zero.
    by: u128,
    /// `by` shifted to the top of 64 bits; zero where it needs more than 64.
    normal: u64,
    /// floor((2^128 - 1) / normal) - 2^64
    reciprocal: u64,
    shift: u32,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "divide" };

impl Divisor {
    pub(super) fn try_new(by: u128) -> Result<Divisor, RateError> {
        if by == 0 {
            return Err(OVERFLOW);
        }
        let Ok(narrow) = u64::try_from(by) else {
            return Ok(Divisor { by, normal: 0, reciprocal: 0, shift: 0 });
        };
        let shift = narrow.leading_zeros();
        let normal = narrow.wrapping_shl(shift);
        let all = joined(!normal, u64::MAX);
        let reciprocal = all.checked_div(u128::from(normal)).and_then(|whole| u64::try_from(whole).ok());
        Ok(Divisor { by, normal, reciprocal: reciprocal.ok_or(OVERFLOW)?, shift })
    }

    pub(super) const fn by(&self) -> u128 {
        self.by
    }

    /// The quotient to the nearest whole number, a tie to the even one; none where it does not fit.
    #[inline]
    pub(super) fn half_even(&self, number: u128) -> Option<i64> {
        let (quotient, remainder, whole) = self.divide(number)?;
        let rest = whole.wrapping_sub(remainder); // remainder < whole
        let up = remainder > rest || (remainder == rest && quotient & 1 == 1);
        i64::try_from(quotient.checked_add(u64::from(up))?).ok()
    }

    /// (`a` x `b` + `c`) divided, where that does not fit 128 bits: a price of many decimals under a discount of many.
    #[cold]
    pub(super) fn half_even_wide(&self, a: u128, b: u128, c: u128) -> Option<i64> {
        let (low, high) = a.carrying_mul(b, c);
        let (quotient, remainder) = divide_wide(high, low, self.by).ok()?;
        let rest = self.by.checked_sub(remainder)?;
        let up = remainder > rest || (remainder == rest && quotient & 1 == 1);
        i64::try_from(quotient.checked_add(u128::from(up))?).ok()
    }

    #[inline]
    pub(super) fn ceiling(&self, number: u128) -> Option<u64> {
        let (quotient, remainder, _) = self.divide(number)?;
        quotient.checked_add(u64::from(remainder > 0))
    }

    /// Nothing here is below zero, so up is toward plus infinity, and down toward minus infinity.
    #[inline]
    pub(super) fn round(&self, number: u128, rounding: Rounding) -> Option<u64> {
        let (quotient, remainder, whole) = self.divide(number)?;
        let rest = whole.wrapping_sub(remainder);
        let up = match rounding {
            Rounding::Down | Rounding::Floor => false,
            Rounding::Up | Rounding::Ceiling => remainder > 0,
            Rounding::HalfUp => remainder >= rest,
            Rounding::HalfEven => remainder > rest || (remainder == rest && quotient & 1 == 1),
        };
        quotient.checked_add(u64::from(up))
    }

    /// Quotient and remainder, and what the remainder is a part of: both are scaled alike. None where the quotient needs
    /// more than 64 bits.
    #[inline]
    fn divide(&self, number: u128) -> Option<(u64, u128, u128)> {
        if self.normal == 0 {
            let quotient = number.checked_div(self.by)?;
            return Some((u64::try_from(quotient).ok()?, number.checked_rem(self.by)?, self.by));
        }
        if number >> 64 >= self.by {
            return None;
        }
        // Below by * 2^64, so shifted it is below normal * 2^64: no bit is lost, and `high < normal`.
        let (high, low) = parts(number.wrapping_shl(self.shift));
        let estimate = u128::from(self.reciprocal)
            .wrapping_mul(u128::from(high)) // 64 bits by 64 bits
            .wrapping_add(joined(high, low)); // below 2^128 by the choice of the reciprocal
        let (mut quotient, fraction) = parts(estimate);
        quotient = quotient.wrapping_add(1);
        let mut remainder = low.wrapping_sub(quotient.wrapping_mul(self.normal));
        if remainder > fraction {
            quotient = quotient.wrapping_sub(1);
            remainder = remainder.wrapping_add(self.normal);
        }
        if remainder >= self.normal {
            quotient = quotient.wrapping_add(1);
            remainder = remainder.wrapping_sub(self.normal);
        }
        Some((quotient, u128::from(remainder), u128::from(self.normal)))
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are what is wanted")]
fn parts(number: u128) -> (u64, u64) {
    ((number >> 64) as u64, number as u64)
}

#[inline]
fn joined(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::div_round;
    use proptest::prelude::*;

    fn any_size() -> impl Strategy<Value = u128> {
        prop_oneof![
            0_u128..=40,
            any::<u64>().prop_map(u128::from),
            (any::<u128>(), 0_u32..128).prop_map(|(number, shift)| number >> shift),
            (0_u32..127, -2_i128..=2).prop_map(|(power, step)| u128::try_from((1_i128 << power) + step).unwrap_or(0)),
        ]
    }

    #[test]
    fn at_the_ends() {
        let divisor = |by| Divisor::try_new(by).unwrap();
        assert!(Divisor::try_new(0).is_err());
        let most = u128::try_from(i64::MAX).unwrap();
        assert_eq!(divisor(1).half_even(most), Some(i64::MAX));
        assert_eq!(divisor(1).half_even(most + 1), None);
        assert_eq!(divisor(1).half_even(u128::MAX), None);
        assert_eq!(divisor(2).half_even(5), Some(2)); // 2.5, a tie: 2 is even
        assert_eq!(divisor(2).half_even(7), Some(4)); // 3.5, a tie: 4 is even
        assert_eq!(divisor(2).half_even(2 * most + 1), None); // rounds beyond what fits
        assert_eq!(divisor(u128::MAX).half_even(u128::MAX), Some(1));
        assert_eq!(divisor(1 << 64).half_even(1 << 63), Some(0)); // a half, a tie: 0 is even
        assert_eq!(divisor(u128::from(u64::MAX)).ceiling(1), Some(1));
        assert_eq!(divisor(u128::MAX).half_even_wide(u128::MAX, 2, 0), Some(2)); // through 2^129
        assert_eq!(divisor(u128::MAX - 1).half_even_wide(u128::MAX - 1, 2, (u128::MAX - 1) / 2), Some(2)); // 2.5, a tie
        assert_eq!(divisor(u128::MAX - 1).half_even_wide(u128::MAX - 1, 3, (u128::MAX - 1) / 2), Some(4)); // 3.5, a tie
        assert_eq!(divisor(1).half_even_wide(u128::MAX, 2, 0), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn agrees_with_plain_division(number in any_size(), by in any_size()) {
            prop_assume!(by > 0);
            let (quotient, remainder) = (number / by, number % by);
            match Divisor::try_new(by).unwrap().divide(number) {
                Some((found, part, whole)) => {
                    prop_assert_eq!(u128::from(found), quotient);
                    prop_assert_eq!(part, remainder * (whole / by)); // scaled alike
                }
                None => prop_assert!(quotient > u128::from(u64::MAX)),
            }
        }

        #[test]
        fn rounds_as_money_does(number in any_size(), by in any_size()) {
            prop_assume!(by > 0 && by <= u128::MAX / 2 && number <= u128::MAX / 2);
            let plain = |rounding| div_round(number.cast_signed(), by.cast_signed(), rounding).unwrap();
            let divisor = Divisor::try_new(by).unwrap();
            prop_assert_eq!(divisor.half_even(number), i64::try_from(plain(Rounding::HalfEven)).ok());
            for rounding in Rounding::ALL {
                prop_assert_eq!(divisor.round(number, rounding), u64::try_from(plain(rounding)).ok());
            }
            prop_assert_eq!(divisor.ceiling(number), u64::try_from(plain(Rounding::Ceiling)).ok());
        }
    }
}

//! Percentages and factors: exact decimals, never below zero, with their reading and printing.

use super::RateError;
use crate::measure::Quantity;
use crate::money::{MoneyError, Ratio, Rounding, mul_div_round};
use std::fmt;

/// A percentage with up to nine decimals: `10%`, `33.333%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    billionths: u64,
}

/// What something is multiplied by, with up to twelve decimals: the `1.33333` of a dynamic price, the share `0.25` of a
/// price that a stopped machine still costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor {
    trillionths: u64,
}

const PERCENT_DECIMALS: u32 = 9;
const FACTOR_DECIMALS: u32 = 12;

impl Percent {
    pub const ZERO: Percent = Percent { billionths: 0 };
    pub const WHOLE: Percent = Percent { billionths: 100_000_000_000 };

    /// Reads `10%`, `12.5`, `0.000000001 %`.
    pub fn parse(text: &str) -> Result<Percent, RateError> {
        let number = text.strip_suffix('%').map_or(text, str::trim_end);
        let billionths = scaled(number, PERCENT_DECIMALS)
            .ok_or_else(|| RateError::NotAPercent { text: text.chars().take(40).collect() })?;
        Ok(Percent { billionths })
    }

    pub const fn from_billionths(billionths: u64) -> Percent {
        Percent { billionths }
    }

    /// Billionths of a percent: 10% is 10,000,000,000.
    pub const fn billionths(self) -> u64 {
        self.billionths
    }

    pub const fn is_zero(self) -> bool {
        self.billionths == 0
    }

    /// As a fraction of one: 10% is 1/10.
    pub(super) fn of_one(self) -> Result<Ratio, MoneyError> {
        Ratio::new(i128::from(self.billionths), i128::from(Percent::WHOLE.billionths))
    }

    /// What is left after so much is taken off; an error where there is not that much.
    pub(super) fn left_of_one(self) -> Result<Ratio, RateError> {
        let left = Percent::WHOLE.billionths.checked_sub(self.billionths);
        Ok(Percent { billionths: left.ok_or(RateError::DiscountAboveAll { percent: self })? }.of_one()?)
    }
}

impl Factor {
    pub const ZERO: Factor = Factor { trillionths: 0 };
    pub const ONE: Factor = Factor { trillionths: 1_000_000_000_000 };

    /// Reads `1.33333`, `0.25`, `1`.
    pub fn parse(text: &str) -> Result<Factor, RateError> {
        let trillionths = scaled(text, FACTOR_DECIMALS)
            .ok_or_else(|| RateError::NotAFactor { text: text.chars().take(40).collect() })?;
        Ok(Factor { trillionths })
    }

    pub const fn from_trillionths(trillionths: u64) -> Factor {
        Factor { trillionths }
    }

    pub const fn trillionths(self) -> u64 {
        self.trillionths
    }

    /// So much of a quantity, rounded half to even to a millionth.
    #[must_use]
    pub fn of(self, quantity: Quantity) -> Quantity {
        let (share, one) = (i128::from(self.trillionths), i128::from(Factor::ONE.trillionths));
        let part = mul_div_round(i128::from(quantity.millionths()), share, one, Rounding::HalfEven);
        Quantity::from_millionths(part.ok().and_then(|part| i64::try_from(part).ok()).unwrap_or(i64::MAX))
    }

    pub(super) fn ratio(self) -> Result<Ratio, MoneyError> {
        Ratio::new(i128::from(self.trillionths), i128::from(Factor::ONE.trillionths))
    }
}

/// The digits of a plain decimal with its point moved so many places; none where it is not one, or does not fit.
fn scaled(text: &str, decimals: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let missing = decimals.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let one = 10_u64.checked_pow(decimals)?;
    let fraction = fraction.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(missing)?)?;
    whole.parse::<u64>().ok()?.checked_mul(one)?.checked_add(fraction)
}

/// The plain decimal again, without zeros at its end.
fn print(count: u64, decimals: usize, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let padded = format!("{count:0width$}", width = decimals.saturating_add(1));
    let (whole, fraction) = padded.split_at(padded.len().saturating_sub(decimals));
    let fraction = fraction.trim_end_matches('0');
    out.write_str(whole)?;
    if fraction.is_empty() { Ok(()) } else { write!(out, ".{fraction}") }
}

impl fmt::Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.billionths, 9, out)?;
        out.write_str("%")
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.trillionths, 12, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact_decimals() {
        let check = |text: &str, billionths: u64, printed: &str| {
            let percent = Percent::parse(text).unwrap();
            assert_eq!((percent.billionths(), percent.to_string().as_str()), (billionths, printed), "{text}");
            assert_eq!(Percent::parse(printed), Ok(percent));
        };
        check("10%", 10_000_000_000, "10%");
        check("10", 10_000_000_000, "10%");
        check("12.50 %", 12_500_000_000, "12.5%");
        check("0.000000001%", 1, "0.000000001%");
        check("0", 0, "0%");
        check("150%", 150_000_000_000, "150%");
        for wrong in ["", "%", "-1%", "+1%", "1.", ".5", "1,5", "1e2", "0.0000000001", "18446744074", "10%%", "ten"] {
            let error = Percent::parse(wrong).expect_err(wrong).to_string();
            assert!(error.contains("is not a percentage"), "{error}");
        }
    }

    #[test]
    fn factors_are_exact_decimals() {
        let check = |text: &str, trillionths: u64, printed: &str| {
            let factor = Factor::parse(text).unwrap();
            assert_eq!((factor.trillionths(), factor.to_string().as_str()), (trillionths, printed), "{text}");
        };
        check("1.33333", 1_333_330_000_000, "1.33333");
        check("1", 1_000_000_000_000, "1");
        check("0.000000000001", 1, "0.000000000001");
        for wrong in ["", "-1", "1%", "0.0000000000001", "18446745"] {
            assert!(Factor::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_discount_leaves() {
        let left = |text: &str| Percent::parse(text).unwrap().left_of_one();
        assert_eq!(left("10%"), Ok(Ratio::new(9, 10).unwrap()));
        assert_eq!(left("100%"), Ok(Ratio::ZERO));
        assert!(left("100.000000001%").is_err());
    }
}

//! Exact prices, and the exact rational amounts they make with a quantity. Nothing is rounded before `Ratio::round`.
//!
//! A price is finer than money may be: 0.00000000015 USD a token is not a whole number of units, a million tokens of it
//! are. So price times quantity stays a fraction until the whole sum is known, and is rounded once.

use rust_decimal::Decimal;

use super::text::{MoneyParseError, parse_price_decimal};
use super::{Currency, MoneyError, Rounding, div_round};

/// The decimal amount of a price, in major units of a currency that the price list names, and never negative. Up to 28
/// digits after the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    // Kept as Decimal for its width and its printing; its `*` and `/` round silently and are never used.
    amount: Decimal,
}

/// An exact amount of units, `numerator / denominator`: in lowest terms, the denominator above zero, so equal amounts
/// are equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Price {
    /// What costs nothing.
    pub const ZERO: Self = Self { amount: Decimal::ZERO };

    /// Reads "0.15", as strictly as an amount is read (`Money::parse_amount`), but with up to 28 decimals.
    pub fn parse(text: &str) -> Result<Self, MoneyParseError> {
        parse_price_decimal(text).map(|amount| Self { amount })
    }

    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// `quantity` at this price for each `per`, in units of `currency`, exactly. Both are counted in the same measure:
    /// 2,500 tokens at 0.15 per million are `exact(USD, 2_500, 1_000_000)`; so are 2,500 million millionths of a token per
    /// 10^12 of them. A correction may have a negative quantity.
    pub fn exact(&self, currency: Currency, quantity: i128, per: i128) -> Result<Ratio, MoneyError> {
        // units = mantissa / 10^scale * units_per_major * quantity / per, three fractions each cancelled first, so that
        // an overflow means a result that is really that fine or that large.
        let one = 10_i128.checked_pow(self.amount.scale()).ok_or(MULTIPLY_OVERFLOW)?;
        Ratio::new(self.amount.mantissa(), one)?
            .checked_mul(Ratio::new(i128::from(currency.units_per_major()), 1)?)?
            .checked_mul(Ratio::new(quantity, per)?)
    }
}

const MULTIPLY_OVERFLOW: MoneyError = MoneyError::Overflow { operation: "multiply a price" };
const ADD_OVERFLOW: MoneyError = MoneyError::Overflow { operation: "add exact amounts" };

impl Ratio {
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    pub fn new(numerator: i128, denominator: i128) -> Result<Self, MoneyError> {
        if denominator == 0 {
            return Err(MoneyError::DivisionByZero);
        }
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let lowest = |part: i128| {
            let magnitude = i128::try_from(part.unsigned_abs().checked_div(divisor)?).ok()?;
            if (part < 0) == (denominator < 0) { Some(magnitude) } else { magnitude.checked_neg() }
        };
        let (numerator, denominator) = lowest(numerator).zip(lowest(denominator)).ok_or(MULTIPLY_OVERFLOW)?;
        Ok(Self { numerator, denominator })
    }

    pub fn numerator(self) -> i128 {
        self.numerator
    }

    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// The exact sum: tiers are added so, and rounded together.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        // a/b + c/d over the least common denominator b * (d / g), g = gcd(b, d); the factors below are b/g and d/g.
        let divisor = greatest_common_divisor(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let sum = || {
            let divisor = i128::try_from(divisor).ok()?;
            let (left, right) = (self.denominator.checked_div(divisor)?, other.denominator.checked_div(divisor)?);
            let numerator = self.numerator.checked_mul(right)?.checked_add(other.numerator.checked_mul(left)?)?;
            Some((numerator, self.denominator.checked_mul(right)?))
        };
        let (numerator, denominator) = sum().ok_or(ADD_OVERFLOW)?;
        Self::new(numerator, denominator)
    }

    pub fn checked_mul(self, other: Self) -> Result<Self, MoneyError> {
        // Cancelled crosswise first, the products are in lowest terms and as small as they can be.
        let across = Self::new(self.numerator, other.denominator)?;
        let back = Self::new(other.numerator, self.denominator)?;
        let product = || {
            let numerator = across.numerator.checked_mul(back.numerator)?;
            let denominator = across.denominator.checked_mul(back.denominator)?;
            Some(Self { numerator, denominator })
        };
        product().ok_or(MULTIPLY_OVERFLOW)
    }

    /// The one rounding: to whole units, as `Money::from_units` takes them.
    pub fn round(self, rounding: Rounding) -> Result<i64, MoneyError> {
        let units = div_round(self.numerator, self.denominator, rounding)?;
        i64::try_from(units).map_err(|_| MoneyError::Overflow { operation: "round" })
    }
}

/// Euclid's; `right` is not zero, so the result is not either.
fn greatest_common_divisor(left: u128, right: u128) -> u128 {
    let (mut left, mut right) = (left, right);
    while let Some(remainder) = left.checked_rem(right) {
        (left, right) = (right, remainder);
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn price_times_quantity_is_exact() {
        let check = |price: &str, currency, quantity, per, numerator, denominator| {
            let found = Price::parse(price).unwrap().exact(currency, quantity, per).unwrap();
            assert_eq!(
                (found.numerator(), found.denominator()),
                (numerator, denominator),
                "{price} x {quantity}/{per}"
            );
        };
        check("0.15", Currency::USD, 1, 1_000_000, 15, 1); // 15,000,000 units / 10^6 tokens
        check("0.15", Currency::USD, 2_500, 1_000_000, 37_500, 1);
        check("0.15", Currency::USD, 2_500_000_000, 1_000_000_000_000, 37_500, 1); // the same, in millionths
        check("2.49", Currency::USD, 1, 3_600, 207_500, 3); // 249,000,000 / 3600 = 69,166.67 units a second
        check("0.00000000015", Currency::USD, 1, 1, 3, 200); // 0.015 units
        check("0.00000000015", Currency::USD, -1_000_000, 1, -15_000, 1);
        check("1000", Currency::JPY, 1, 3, 1_000_000_000, 3);
        check("0", Currency::USD, 5, 7, 0, 1);
        check("1.50", Currency::BHD, 1, 1, 1_500_000_000, 1);
        // The finest price, at the largest count of tokens: cancelled first, it fits.
        check("0.0000000000000000000000000001", Currency::USD, 10_i128.pow(28), 1, 100_000_000, 1);
    }

    #[test]
    fn rounded_once_at_the_end() {
        let check = |price: &str, quantity, per, rounding, units| {
            let exact = Price::parse(price).unwrap().exact(Currency::USD, quantity, per).unwrap();
            assert_eq!(exact.round(rounding), Ok(units), "{price} x {quantity}/{per} {rounding:?}");
        };
        check("2.49", 1, 3_600, Rounding::HalfEven, 69_167); // 69,166.67
        check("2.49", 1, 3_600, Rounding::Down, 69_166);
        check("2.49", -1, 3_600, Rounding::Floor, -69_167);
        check("2.49", 3_600, 3_600, Rounding::HalfEven, 249_000_000);
        check("0.00000001", 1, 2, Rounding::HalfEven, 0); // half a unit
        check("0.00000001", 3, 2, Rounding::HalfEven, 2);
        check("0.00000001", 1, 2, Rounding::HalfUp, 1);
        check("100", 27, 31, Rounding::HalfEven, 8_709_677_419); // 87.09677419(35..)
    }

    #[test]
    fn tiers_add_exactly() {
        // 0.10 to 100, 0.05 to 500, for 250: 10.00 + 7.50 = 17.50 (case G3), through thirds that cancel
        let tier =
            |price: &str, quantity, per| Price::parse(price).unwrap().exact(Currency::USD, quantity, per).unwrap();
        let sum = tier("0.10", 100, 1).checked_add(tier("0.05", 150, 1)).unwrap();
        assert_eq!(sum, Ratio::new(1_750_000_000, 1).unwrap());
        let third = tier("0.00000001", 1, 3);
        let whole = third.checked_add(third).unwrap().checked_add(third).unwrap();
        assert_eq!(whole, Ratio::new(1, 1).unwrap());
        assert_eq!(whole.checked_add(Ratio::ZERO), Ok(whole));
    }

    #[test]
    fn what_has_no_answer() {
        let price = Price::parse("79228162514264337593543950335").unwrap(); // the largest Decimal
        assert_eq!(price.exact(Currency::USD, 1, 0), Err(MoneyError::DivisionByZero));
        assert_eq!(price.exact(Currency::USD, 10_i128.pow(10), 1), Err(MULTIPLY_OVERFLOW));
        assert_eq!(
            price.exact(Currency::USD, 1, 1).unwrap().round(Rounding::Down),
            Err(MoneyError::Overflow { operation: "round" })
        );
        assert_eq!(Ratio::new(i128::MIN, -1), Err(MULTIPLY_OVERFLOW));
        assert_eq!(Ratio::new(i128::MIN, i128::MIN), Ratio::new(1, 1));
        assert!(Price::parse("79228162514264337593543950336").is_err());
        assert!(Price::parse("-0.15").is_err());
        assert!(Price::parse("0.00000000000000000000000000001").is_err()); // 29 decimals
    }

    proptest! {
        /// However a quantity is cut, the parts cost what the whole costs, to the last fraction of a unit.
        #[test]
        fn a_cut_quantity_costs_the_same(
            mantissa in 0_i64..=1_000_000_000, scale in 0_u32..=12, first in 0_i128..=1_000_000_000, second in 0_i128..=1_000_000_000, per in 1_i128..=1_000_000,
        ) {
            let price = Price { amount: Decimal::new(mantissa, scale) };
            let part = |quantity| price.exact(Currency::USD, quantity, per).unwrap();
            prop_assert_eq!(part(first).checked_add(part(second)), Ok(part(first + second)));
        }

        #[test]
        fn equal_ratios_are_equal_values(numerator in any::<i64>(), denominator in any::<i64>(), factor in any::<i64>()) {
            prop_assume!(denominator != 0 && factor != 0);
            let (numerator, denominator, factor) = (i128::from(numerator), i128::from(denominator), i128::from(factor));
            prop_assert_eq!(Ratio::new(numerator * factor, denominator * factor), Ratio::new(numerator, denominator));
        }
    }
}

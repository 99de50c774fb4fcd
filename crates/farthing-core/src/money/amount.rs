//! `Money`: a count of units and its currency, and the checked arithmetic on it.
//!
//! Amounts of two currencies never mix: every operation on two of them can answer `CurrencyMismatch`. For the same reason
//! there is no `Ord` and no `+`: an operator could only panic or be silently false.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;

use rust_decimal::Decimal;

use super::{Currency, Rounding, div_round, mul_div_round};

/// An exact amount of one currency: `units` counts millionths of the minor unit (fewer digits for currencies of tiny
/// value, see `Currency::extra_digits`). 12.50 USD is 1,250,000,000 units.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    units: i64,
    currency: Currency,
}

/// Why an operation on amounts has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyError {
    CurrencyMismatch { left: Currency, right: Currency },
    Overflow { operation: &'static str },
    DivisionByZero,
    NoWeight,
    NotWholeMinor { amount: Money },
}

impl Money {
    pub const fn from_units(units: i64, currency: Currency) -> Self {
        Self { units, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::from_units(0, currency)
    }

    /// From whole minor units, as payment providers count: 1250 USD cents are 12.50 USD.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        let units = minor.checked_mul(currency.units_per_minor()).ok_or(overflow("convert from minor units"))?;
        Ok(Self::from_units(units, currency))
    }

    pub const fn units(self) -> i64 {
        self.units
    }

    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The whole minor units of an amount that has nothing below them: 12.50 USD is 1250, 12.505 USD is an error.
    pub fn to_minor(self) -> Result<i64, MoneyError> {
        let (rounded, remainder) = self.split_minor(Rounding::Down)?;
        if remainder == 0 { Ok(rounded) } else { Err(MoneyError::NotWholeMinor { amount: self }) }
    }

    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    pub const fn is_negative(self) -> bool {
        self.units < 0
    }

    pub const fn is_positive(self) -> bool {
        self.units > 0
    }

    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with_units(self.units.checked_add(other.units), "add")
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with_units(self.units.checked_sub(other.units), "subtract")
    }

    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.with_units(self.units.checked_neg(), "negate")
    }

    pub fn abs(self) -> Result<Self, MoneyError> {
        self.with_units(self.units.checked_abs(), "take the absolute value")
    }

    pub fn checked_mul_int(self, factor: i64) -> Result<Self, MoneyError> {
        self.with_units(self.units.checked_mul(factor), "multiply")
    }

    /// `self * numerator / denominator`, rounded once to a whole unit: a tax of 19% is `checked_mul_div(19, 100, ..)`.
    pub fn checked_mul_div(self, numerator: i128, denominator: i128, rounding: Rounding) -> Result<Self, MoneyError> {
        let units = mul_div_round(i128::from(self.units), numerator, denominator, rounding)?;
        self.with_units(i64::try_from(units).ok(), "multiply and divide")
    }

    /// Which is larger, within one currency.
    pub fn checked_cmp(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.units.cmp(&other.units))
    }

    /// The smaller of two: a cap, or what a wallet can pay.
    pub fn checked_min(self, other: Self) -> Result<Self, MoneyError> {
        Ok(if self.checked_cmp(other)?.is_le() { self } else { other })
    }

    /// The larger of two: a minimum charge.
    pub fn checked_max(self, other: Self) -> Result<Self, MoneyError> {
        Ok(if self.checked_cmp(other)?.is_ge() { self } else { other })
    }

    /// The sum, zero for none. Counted in `i128`, so only the result must fit, not each step on the way to it.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let mut units: i128 = 0;
        for amount in amounts {
            Self::zero(currency).same_currency(amount)?;
            units = units.checked_add(i128::from(amount.units)).ok_or(overflow("sum"))?;
        }
        Self::zero(currency).with_units(i64::try_from(units).ok(), "sum")
    }

    /// From a decimal count of major units, rounded to a whole unit of ours: 0.000000005 USD is half a unit.
    pub fn from_decimal(amount: Decimal, currency: Currency, rounding: Rounding) -> Result<Self, MoneyError> {
        // By mantissa and scale, for Decimal's own `*` rounds without saying so. 10^scale fits: a scale is at most 28.
        let one = 10_i128.checked_pow(amount.scale()).ok_or(overflow("convert from a decimal"))?;
        let units = mul_div_round(amount.mantissa(), i128::from(currency.units_per_major()), one, rounding)?;
        Self::zero(currency).with_units(i64::try_from(units).ok(), "convert from a decimal")
    }

    /// The exact count of major units, with all the digits of the currency: 12.50000000 for 12.50 USD.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.units, self.currency.decimal_digits()) // at most 10 digits, where Decimal takes 28
    }

    /// Brings the amount to whole minor units: (rounded, remainder), and `rounded + remainder` is the amount again.
    ///
    /// The remainder is somebody's money: carry it to the next bill or post it, never drop it. It is negative where the
    /// rounding went up: 12.506 USD half-even is (12.51, -0.004).
    pub fn round_to_minor(self, rounding: Rounding) -> Result<(Self, Self), MoneyError> {
        let (minor, remainder) = self.split_minor(rounding)?;
        Ok((Self::from_minor(minor, self.currency)?, Self::from_units(remainder, self.currency)))
    }

    /// (whole minor units, units that remain)
    pub(super) fn split_minor(self, rounding: Rounding) -> Result<(i64, i64), MoneyError> {
        let per_minor = i128::from(self.currency.units_per_minor());
        let minor = div_round(i128::from(self.units), per_minor, rounding)?;
        let split = || {
            let remainder = i128::from(self.units).checked_sub(minor.checked_mul(per_minor)?)?;
            Some((i64::try_from(minor).ok()?, i64::try_from(remainder).ok()?))
        };
        split().ok_or(overflow("round to minor units"))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }

    fn with_units(self, units: Option<i64>, operation: &'static str) -> Result<Self, MoneyError> {
        units.map(|units| Self { units, ..self }).ok_or(overflow(operation))
    }
}

fn overflow(operation: &'static str) -> MoneyError {
    MoneyError::Overflow { operation }
}

impl fmt::Display for MoneyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrencyMismatch { left, right } => {
                write!(formatter, "{left} and {right} do not mix; convert one of the amounts first")
            }
            Self::Overflow { operation } => {
                write!(formatter, "the result of \"{operation}\" is too large for an amount of money")
            }
            Self::DivisionByZero => write!(formatter, "division by zero"),
            Self::NoWeight => write!(formatter, "nothing to split by; at least one weight must be above zero"),
            Self::NotWholeMinor { amount } => {
                let currency = amount.currency();
                write!(
                    formatter,
                    "{amount} has digits below the minor unit of {currency}; round it to minor units first"
                )
            }
        }
    }
}

impl Error for MoneyError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    fn shown(result: Result<Money, MoneyError>) -> String {
        result.map_or_else(|error| error.to_string(), |amount| amount.to_string())
    }

    #[test]
    fn arithmetic() {
        let check = |found: Result<Money, MoneyError>, expected: &str| assert_eq!(shown(found), expected);
        check(money("12.50 USD").checked_add(money("0.00000001 USD")), "12.50000001 USD");
        check(money("12.50 USD").checked_sub(money("20 USD")), "-7.50 USD");
        check(money("12.50 USD").checked_neg(), "-12.50 USD");
        check(money("-12.50 USD").abs(), "12.50 USD");
        check(money("12.50 USD").checked_mul_int(-3), "-37.50 USD");
        check(money("100 EUR").checked_mul_div(19, 100, Rounding::HalfUp), "19.00 EUR");
        check(money("0.00000001 EUR").checked_mul_div(1, 2, Rounding::HalfEven), "0.00 EUR"); // half a unit, to even
        check(money("0.00000001 EUR").checked_mul_div(1, 2, Rounding::HalfUp), "0.00000001 EUR");
        check(money("3 USD").checked_min(money("2 USD")), "2.00 USD");
        check(money("3 USD").checked_max(money("2 USD")), "3.00 USD");
        check(Money::from_minor(1250, Currency::USD), "12.50 USD");
        check(Money::from_minor(1250, Currency::JPY), "1250 JPY");
        check(Money::from_minor(1250, Currency::BHD), "1.250 BHD");
    }

    #[test]
    fn currencies_do_not_mix() {
        let (usd, eur) = (money("1 USD"), money("1 EUR"));
        let mismatch = MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::EUR };
        assert_eq!(usd.checked_add(eur), Err(mismatch));
        assert_eq!(usd.checked_sub(eur), Err(mismatch));
        assert_eq!(usd.checked_cmp(eur), Err(mismatch));
        assert_eq!(usd.checked_min(eur), Err(mismatch));
        assert_eq!(Money::sum(Currency::USD, [usd, eur]), Err(mismatch));
        assert_ne!(Money::zero(Currency::USD), Money::zero(Currency::EUR));
        assert_eq!(mismatch.to_string(), "USD and EUR do not mix; convert one of the amounts first");
    }

    #[test]
    fn an_overflow_is_an_error() {
        let largest = Money::from_units(i64::MAX, Currency::USD);
        let smallest = Money::from_units(i64::MIN, Currency::USD);
        let unit = Money::from_units(1, Currency::USD);
        let check = |found: Result<Money, MoneyError>, operation: &'static str| {
            assert_eq!(found, Err(MoneyError::Overflow { operation }));
        };
        check(largest.checked_add(unit), "add");
        check(smallest.checked_sub(unit), "subtract");
        check(smallest.checked_neg(), "negate");
        check(smallest.abs(), "take the absolute value");
        check(largest.checked_mul_int(2), "multiply");
        check(largest.checked_mul_div(2, 1, Rounding::Down), "multiply and divide");
        check(Money::sum(Currency::USD, [largest, unit]), "sum");
        check(Money::from_minor(i64::MAX, Currency::USD), "convert from minor units");
        check(Money::from_decimal(Decimal::MAX, Currency::USD, Rounding::Down), "convert from a decimal");
        check(largest.round_to_minor(Rounding::Up).map(|(rounded, _)| rounded), "convert from minor units");
        // On the way the sum is larger than an i64; the result fits.
        assert_eq!(Money::sum(Currency::USD, [largest, unit, largest.checked_neg().unwrap()]), Ok(unit));
        assert_eq!(Money::sum(Currency::USD, []), Ok(Money::zero(Currency::USD)));
    }

    #[test]
    fn rounding_to_minor_keeps_the_remainder() {
        let check = |amount: &str, rounding, rounded: &str, remainder: &str| {
            let found = money(amount).round_to_minor(rounding).unwrap();
            assert_eq!(found, (money(rounded), money(remainder)), "{amount} {rounding:?}");
        };
        check("12.506 USD", Rounding::HalfEven, "12.51 USD", "-0.004 USD");
        check("12.505 USD", Rounding::HalfEven, "12.50 USD", "0.005 USD"); // tie: 1250 is even
        check("12.505 USD", Rounding::HalfUp, "12.51 USD", "-0.005 USD");
        check("-12.505 USD", Rounding::HalfUp, "-12.51 USD", "0.005 USD");
        check("-12.501 USD", Rounding::Down, "-12.50 USD", "-0.001 USD");
        check("-12.501 USD", Rounding::Up, "-12.51 USD", "0.009 USD");
        check("-12.501 USD", Rounding::Floor, "-12.51 USD", "0.009 USD");
        check("-12.501 USD", Rounding::Ceiling, "-12.50 USD", "-0.001 USD");
        check("333.33 JPY", Rounding::HalfEven, "333 JPY", "0.33 JPY"); // case C11
        check("1.2345 KWD", Rounding::HalfEven, "1.234 KWD", "0.0005 KWD"); // tie: 1234 is even
        check("5 USD", Rounding::Up, "5 USD", "0 USD");
    }

    #[test]
    fn minor_units_are_whole_or_an_error() {
        assert_eq!(money("12.50 USD").to_minor(), Ok(1250));
        assert_eq!(money("-1000 JPY").to_minor(), Ok(-1000));
        assert_eq!(
            money("12.505 USD").to_minor().unwrap_err().to_string(),
            "12.505 USD has digits below the minor unit of USD; round it to minor units first"
        );
    }

    #[test]
    fn decimals() {
        let check = |mantissa: i64, scale, currency, rounding, expected: &str| {
            let found = Money::from_decimal(Decimal::new(mantissa, scale), currency, rounding);
            assert_eq!(shown(found), expected);
        };
        check(1250, 2, Currency::USD, Rounding::Down, "12.50 USD");
        check(5, 9, Currency::USD, Rounding::HalfUp, "0.00000001 USD"); // half a unit
        check(-5, 9, Currency::USD, Rounding::HalfEven, "0.00 USD");
        check(-5, 9, Currency::USD, Rounding::Floor, "-0.00000001 USD");
        check(5, 28, Currency::USD, Rounding::Up, "0.00000001 USD");
        check(7, 0, Currency::IDR, Rounding::Down, "7.00 IDR");
        assert_eq!(money("12.50 USD").to_decimal().to_string(), "12.50000000");
        assert_eq!(money("-0.5 JPY").to_decimal(), Decimal::new(-5, 1));
    }

    fn any_money() -> impl Strategy<Value = Money> {
        let any_currency = proptest::sample::select(Currency::all().collect::<Vec<_>>());
        (any::<i64>(), any_currency).prop_map(|(units, currency)| Money::from_units(units, currency))
    }

    proptest! {
        #[test]
        fn subtracting_undoes_adding(left in any_money(), units in any::<i64>()) {
            let right = Money::from_units(units, left.currency());
            if let Ok(sum) = left.checked_add(right) {
                prop_assert_eq!(sum.checked_sub(right), Ok(left));
                prop_assert_eq!(right.checked_add(left), Ok(sum));
                prop_assert_eq!(Money::sum(left.currency(), [left, right]), Ok(sum));
            } else {
                prop_assert!(left.units().checked_add(units).is_none());
            }
        }

        #[test]
        fn rounded_and_remainder_are_the_amount(
            amount in any_money(), rounding in proptest::sample::select(Rounding::ALL.to_vec()),
        ) {
            if let Ok((rounded, remainder)) = amount.round_to_minor(rounding) {
                prop_assert!(rounded.to_minor().is_ok());
                prop_assert!(remainder.units().abs() < amount.currency().units_per_minor());
                prop_assert_eq!(rounded.checked_add(remainder), Ok(amount));
            } else {
                prop_assert!(amount.units().unsigned_abs() > u64::MAX / 2 - amount.currency().units_per_minor().unsigned_abs());
            }
        }

        #[test]
        fn a_decimal_there_and_back(amount in any_money()) {
            prop_assert_eq!(Money::from_decimal(amount.to_decimal(), amount.currency(), Rounding::Down), Ok(amount));
        }
    }
}

//! A price as people write it: `0.042 / hour`, `0.15 per 1M tokens`, `0.10 / GB-month`, `25.00`.

use super::{DataStep, MeasureError, Quantity, TimeUnit, Unit};
use crate::money::{Currency, MoneyError, MoneyParseProblem, Price, Ratio};
use std::fmt;

/// An amount for so much of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTag {
    pub amount: Price,
    pub per: Per,
}

/// `1M tokens`, `GB-month`, `hour`; nothing at all where the thing sold says what one of it is (a term, a pack).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Per {
    pub count: Quantity,
    pub unit: Option<Unit>,
    pub time: Option<TimeUnit>,
}

impl PriceTag {
    /// Reads a price in `currency`; a currency code may stand behind the amount and must then be that one.
    pub fn parse(text: &str, currency: Currency) -> Result<PriceTag, MeasureError> {
        let (amount, per) = match text.split_once('/') {
            Some((amount, per)) => (amount, Some(per)),
            None => text.split_once(" per ").map_or((text, None), |(amount, per)| (amount, Some(per))),
        };
        let amount = amount.trim();
        let (amount, code) =
            amount.split_once(' ').map_or((amount, None), |(amount, code)| (amount, Some(code.trim())));
        if let Some(code) = code.filter(|code| *code != currency.code()) {
            return Err(MeasureError::new(format!(
                "{text:?} is not a price: it is in {code:?}, but this cloud counts in {}; leave the code out, or use one currency",
                currency.code()
            )));
        }
        let amount = Price::parse(amount).map_err(|error| {
            let why = match error.problem {
                MoneyParseProblem::NegativePrice => "it cannot be negative".to_owned(),
                MoneyParseProblem::TooManyDecimals { most } => format!("it has more than {most} decimals"),
                MoneyParseProblem::TooLarge { .. } => "it is too large".to_owned(),
                _ => format!("{amount:?} is no amount"),
            };
            MeasureError::new(format!("{text:?} is not a price: {why}; write it like 0.042 / hour or 0.15 / 1M tokens"))
        })?;
        let per = per.map_or(Ok(Per::WHOLE), Per::parse)?;
        Ok(PriceTag { amount, per })
    }

    /// The exact amount of money for one millionth of `unit` (or, where time is in the price, for that much during one
    /// second). `month_seconds` says how long a month is where this is charged.
    pub fn rate(
        &self,
        currency: Currency,
        unit: Option<&Unit>,
        step: DataStep,
        month_seconds: i64,
    ) -> Result<Ratio, MoneyError> {
        let (written, counted) = match (&self.per.unit, unit) {
            (Some(written), Some(unit)) => written.per(unit, step).ok_or(MoneyError::DivisionByZero)?,
            _ => (1, 1),
        };
        let seconds = self.per.time.map_or(1, |time| match time {
            TimeUnit::Month => month_seconds,
            TimeUnit::Year => month_seconds.saturating_mul(12),
            fixed => fixed.seconds().unwrap_or(1),
        });
        // One written unit is written/counted of the units counted.
        self.amount
            .exact(currency, i128::from(counted), i128::from(self.per.count.millionths()))?
            .checked_mul(Ratio::new(1, i128::from(written))?)?
            .checked_mul(Ratio::new(1, i128::from(seconds))?)
    }

    /// It depends on how long the month is.
    pub fn is_by_calendar(&self) -> bool {
        matches!(self.per.time, Some(TimeUnit::Month | TimeUnit::Year))
    }
}

impl Per {
    pub const WHOLE: Per = Per { count: Quantity::ONE, unit: None, time: None };

    /// Reads what stands behind the stroke: an optional count, then a unit, a time, or a unit over a time with "-".
    pub fn parse(text: &str) -> Result<Per, MeasureError> {
        let text = text.trim();
        let counted = text.starts_with(|first: char| first.is_ascii_digit());
        let (count, unit) =
            if counted { Quantity::parse_with_unit(text)? } else { (Quantity::ONE, Some(Unit::parse(text)?)) };
        if count.is_zero() {
            return Err(MeasureError::new(format!(
                "a price for 0 of something has no meaning in {text:?}; write how many"
            )));
        }
        let Some(unit) = unit else {
            return Err(MeasureError::new(format!(
                "{text:?} says how many but not of what; write it like \"1000 calls\""
            )));
        };
        if let Some(time) = TimeUnit::parse(unit.as_str()) {
            return Ok(Per { count, unit: None, time: Some(time) });
        }
        // "GB-month" is a unit over a time; "gpu-unit" is one word.
        let over = unit.as_str().rsplit_once('-').and_then(|(unit, time)| Some((unit, TimeUnit::parse(time)?)));
        match over {
            Some((unit, time)) => Ok(Per { count, unit: Some(Unit::parse(unit)?), time: Some(time) }),
            None => Ok(Per { count, unit: Some(unit), time: None }),
        }
    }
}

impl fmt::Display for Per {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.count == Quantity::ONE;
        if !one {
            write!(out, "{} ", self.count)?;
        }
        match (&self.unit, self.time) {
            (Some(unit), Some(time)) => write!(out, "{unit}-{}", time.name()),
            (Some(unit), None) => out.write_str(&unit.beside(one)),
            (None, Some(time)) => write!(out, "{}{}", time.name(), if one { "" } else { "s" }),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for PriceTag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.amount.amount())?;
        if self.per == Per::WHOLE { Ok(()) } else { write!(out, " / {}", self.per) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: Currency = Currency::USD;

    #[test]
    fn prices_are_read_as_people_write_them() {
        let check = |text: &str, printed: &str| {
            let tag = PriceTag::parse(text, USD).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(tag.to_string(), printed, "{text}");
            assert_eq!(PriceTag::parse(printed, USD).as_ref(), Ok(&tag), "{printed} reads as {text}");
        };
        check("0.042 / hour", "0.042 / hour");
        check("0.042/hour", "0.042 / hour");
        check("0.15 per 1M tokens", "0.15 / 1,000,000 tokens");
        check("0.15 USD / 1M tokens", "0.15 / 1,000,000 tokens");
        check("0.10 / GB-month", "0.10 / GB-month");
        check("2 / 1000 calls", "2 / 1,000 calls");
        check("1.5 / gpu-unit", "1.5 / gpu-unit");
        check("3 / vcpu-hour", "3 / vcpu-hour");
        check("25.00", "25.00");
    }

    #[test]
    fn what_is_no_price_is_told() {
        let check = |text: &str, told: &str| {
            let error = PriceTag::parse(text, USD).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        };
        check("0.042 / hour / day", "no unit");
        check("five / hour", "is not a price");
        check("0.15 EUR / hour", "counts in USD");
        check("0.15 / 0 calls", "0 of something");
        check("0.15 / 1000", "not of what");
        check("-1 / hour", "is not a price");
        check("1 /", "no unit");
    }

    #[test]
    fn a_rate_is_exact() {
        let check = |text: &str, unit: Option<&str>, numerator: i128, denominator: i128| {
            let unit = unit.map(|unit| Unit::parse(unit).unwrap());
            let rate = PriceTag::parse(text, USD).unwrap().rate(USD, unit.as_ref(), DataStep::Binary, 2_592_000);
            assert_eq!(rate, Ratio::new(numerator, denominator), "{text}");
        };
        check("0.042 / hour", None, 4_200_000, 3_600 * 1_000_000); // units of money a second and millionth of the thing
        check("0.15 / 1M tokens", Some("token"), 15_000_000, 1_000_000_000_000);
        check("0.10 / GB-month", Some("GB"), 10_000_000, 2_592_000 * 1_000_000);
        check("0.10 / GB", Some("MB"), 10_000_000, 1024 * 1_000_000); // counted in MB: a 1024th
        check("1024 / TB", Some("GB"), 100_000_000, 1_000_000);
    }
}

//! What many operations say: amounts, times.

use super::problem::{self, Problem};
use farthing_core::money::{Currency, Money};
use farthing_core::time::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of money: a decimal, as text so that no digit is lost, and its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amount {
    #[schema(example = "12.50")]
    pub(crate) amount: String,
    #[schema(example = "USD")]
    pub(crate) currency: String,
}

impl Amount {
    pub(crate) fn of(money: Money) -> Amount {
        Amount { amount: money.plain(), currency: money.currency().code().to_owned() }
    }

    pub(crate) fn units(units: i64, currency: Currency) -> Amount {
        Amount::of(Money::from_units(units, currency))
    }

    pub(crate) fn money(&self, field: &str) -> Result<Money, Problem> {
        let currency = Currency::parse(&self.currency)
            .map_err(|error| Problem::new(problem::INVALID, error.to_string()).field(format!("{field}.currency")))?;
        Money::parse_amount(&self.amount, currency)
            .map_err(|error| Problem::new(problem::INVALID, error.to_string()).field(format!("{field}.amount")))
    }
}

/// What is empty is not there.
pub(crate) fn some_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A text that people or other programs wrote: not longer than the document says, and nothing but text.
pub(crate) fn written(text: &str, chars_max: usize, field: &str) -> Result<(), Problem> {
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    if text.chars().count() > chars_max || text.chars().any(is_odd) {
        let what = format!("write at most {chars_max} characters, and no control characters");
        return Err(Problem::new(problem::INVALID, what).field(field));
    }
    Ok(())
}

/// The same of one that may be left out.
pub(crate) fn maybe_written(text: Option<&String>, chars_max: usize, field: &str) -> Result<(), Problem> {
    text.map_or(Ok(()), |text| written(text, chars_max, field))
}

/// RFC 3339, in UTC.
pub(crate) fn time(at: Instant) -> String {
    at.to_string()
}

pub(crate) fn time_of_micros(micros: i64) -> String {
    Instant::from_micros(micros).to_string()
}

pub(crate) fn read_time(text: &str, field: &str) -> Result<Instant, Problem> {
    Instant::parse(text).map_err(|error| Problem::new(problem::INVALID, error.to_string()).field(field))
}

pub(crate) fn read_times(text: Option<&String>, field: &str) -> Result<Option<Instant>, Problem> {
    text.map(|text| read_time(text, field)).transpose()
}

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

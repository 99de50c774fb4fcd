//! Why something could not be settled. Whoever reads it is an operator: the account is parked until it is mended.

use crate::catalog::OfferError;
use crate::money::MoneyError;
use crate::rate::RateError;
use crate::time::OutOfRange;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettleError {
    /// The cloud has no configuration in force.
    NoProfile,
    Offer(OfferError),
    Rate(RateError),
    Money(MoneyError),
    OutOfRange(OutOfRange),
    /// A rating period outside the calendar.
    Calendar,
    /// More than 64 or 128 bits hold.
    Overflow {
        what: &'static str,
    },
}

impl fmt::Display for SettleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettleError::NoProfile => out.write_str("the cloud has no configuration in force: apply one"),
            SettleError::Offer(error) => error.fmt(out),
            SettleError::Rate(error) => error.fmt(out),
            SettleError::Money(error) => error.fmt(out),
            SettleError::OutOfRange(error) => error.fmt(out),
            SettleError::Calendar => out.write_str("a rating period lies outside the calendar"),
            SettleError::Overflow { what } => write!(out, "too large to {what}"),
        }
    }
}

impl std::error::Error for SettleError {}

impl From<RateError> for SettleError {
    fn from(error: RateError) -> SettleError {
        SettleError::Rate(error)
    }
}

impl From<MoneyError> for SettleError {
    fn from(error: MoneyError) -> SettleError {
        SettleError::Money(error)
    }
}

impl From<OutOfRange> for SettleError {
    fn from(error: OutOfRange) -> SettleError {
        SettleError::OutOfRange(error)
    }
}

//! Why there is no estimate.

use crate::catalog::OfferError;
use crate::money::MoneyError;
use crate::rate::RateError;
use crate::time::{OutOfRange, PeriodError};
use std::error::Error;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EstimateError {
    NoProduct {
        product: String,
        near: Option<String>,
    },
    Offer(OfferError),
    /// Neither a duration nor a quantity that this kind of product is charged by.
    NothingAsked {
        product: String,
        wants: String,
    },
    /// It is not counted by this.
    NotCountedBy {
        product: String,
        name: String,
        known: Vec<String>,
    },
    NoSuchPack {
        product: String,
        packs: Vec<String>,
    },
    Money(MoneyError),
    Time(OutOfRange),
    TooMany,
}

impl From<OfferError> for EstimateError {
    fn from(error: OfferError) -> EstimateError {
        EstimateError::Offer(error)
    }
}

impl From<RateError> for EstimateError {
    fn from(error: RateError) -> EstimateError {
        EstimateError::Offer(OfferError::Rate(error))
    }
}

impl From<MoneyError> for EstimateError {
    fn from(error: MoneyError) -> EstimateError {
        EstimateError::Money(error)
    }
}

impl From<OutOfRange> for EstimateError {
    fn from(error: OutOfRange) -> EstimateError {
        EstimateError::Time(error)
    }
}

impl From<PeriodError> for EstimateError {
    fn from(_: PeriodError) -> EstimateError {
        EstimateError::Time(OutOfRange::Instant)
    }
}

impl fmt::Display for EstimateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EstimateError::NoProduct { product, near: Some(near) } => {
                write!(out, "there is no product {product:?}; did you mean {near:?}?")
            }
            EstimateError::NoProduct { product, near: None } => write!(out, "there is no product {product:?}"),
            EstimateError::Offer(error) => error.fmt(out),
            EstimateError::NothingAsked { product, wants } => write!(out, "product {product:?}: say {wants}"),
            EstimateError::NotCountedBy { product, name, known } => {
                write!(out, "product {product:?} is not counted by {name:?}")?;
                if known.is_empty() { Ok(()) } else { write!(out, "; it is by {}", known.join(", ")) }
            }
            EstimateError::NoSuchPack { product, packs } => {
                write!(out, "product {product:?} is sold in packs of {}; name one with --size", packs.join(", "))
            }
            EstimateError::Money(error) => error.fmt(out),
            EstimateError::Time(error) => error.fmt(out),
            EstimateError::TooMany => out.write_str("that is more than can be counted exactly; ask for less"),
        }
    }
}

impl Error for EstimateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            EstimateError::Offer(error) => Error::source(error),
            _ => None,
        }
    }
}

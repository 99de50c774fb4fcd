//! Why a price cannot be compiled, or a quantity not be priced.

use super::Percent;
use crate::measure::Unit;
use crate::money::MoneyError;
use crate::time::{Instant, OutOfRange};
use std::error::Error;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateError {
    /// The result, or an exact step on the way to it, does not fit.
    Overflow {
        operation: &'static str,
    },
    Money(MoneyError),
    Time(OutOfRange),
    NotAPercent {
        text: String,
    },
    NotAFactor {
        text: String,
    },
    DiscountAboveAll {
        percent: Percent,
    },
    /// A limit, flat part or fixed part below zero.
    NegativeLimit {
        what: &'static str,
    },
    /// At least above at most.
    LimitsCross,
    NoTiers,
    /// Counted from 1.
    TierBound {
        tier: usize,
    },
    LastTierBounded,
    /// The price speaks of a unit that what is counted cannot be turned into.
    UnitMismatch {
        priced: Unit,
        counted: Unit,
    },
    /// The prices of one tariff have different times in them.
    MixedTimes,
    /// A price for what runs must have a time in it.
    NoTime,
    MonthNotPositive {
        seconds: i64,
    },
    ConversionByZero,
    /// A minimum or maximum for each event where one event has no price of its own.
    EachOverVolume,
    /// Free events beside a free quantity: which of them an event would use up is not said.
    FreeTwice,
    /// This price is over single events; a total does not say enough.
    NeedsEvents,
    NegativeQuantity,
    NegativeSeconds {
        seconds: i64,
    },
    /// Events or readings are not in the order of their time (and id).
    OutOfOrder {
        at: Instant,
    },
    /// Covered seconds are not within the period's.
    Coverage {
        covered_seconds: i64,
        period_seconds: i64,
    },
    /// Seconds were given for another number of bands.
    BandCount {
        given: usize,
        wanted: usize,
    },
}

impl From<MoneyError> for RateError {
    fn from(error: MoneyError) -> RateError {
        match error {
            MoneyError::Overflow { operation } => RateError::Overflow { operation },
            other => RateError::Money(other),
        }
    }
}

impl From<OutOfRange> for RateError {
    fn from(error: OutOfRange) -> RateError {
        RateError::Time(error)
    }
}

impl fmt::Display for RateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RateError::Overflow { operation } => {
                write!(out, "the numbers of \"{operation}\" are too large to be exact; use a coarser price or discount")
            }
            RateError::Money(_) => out.write_str("an amount in this price cannot be used"),
            RateError::Time(_) => out.write_str("a time in this price cannot be used"),
            RateError::NotAPercent { text } => {
                write!(out, "{text:?} is not a percentage; write it like 10% or 12.5%, with nine decimals at most")
            }
            RateError::NotAFactor { text } => {
                write!(out, "{text:?} is not a factor; write it like 1.25, with twelve decimals at most")
            }
            RateError::DiscountAboveAll { percent } => {
                write!(out, "a discount of {percent} would be more than the price; give 100% at most")
            }
            RateError::NegativeLimit { what } => write!(out, "{what} is below zero; give zero or more"),
            RateError::LimitsCross => out.write_str("an event would cost at least more than it may cost at most"),
            RateError::NoTiers => out.write_str("there are no tiers; give one at least, the last without a bound"),
            RateError::TierBound { tier } => {
                write!(out, "tier {tier} does not end above the tier before it; give bounds that rise from above zero")
            }
            RateError::LastTierBounded => {
                out.write_str("the last tier has a bound, so what is above it has no price; leave the bound out")
            }
            RateError::UnitMismatch { priced, counted } => {
                write!(out, "the price is for {priced}, but what is counted is {counted}; use one unit, or a conversion")
            }
            RateError::MixedTimes => {
                out.write_str("the prices of the tiers have different times in them; use one of hour, day, month ... for all")
            }
            RateError::NoTime => out.write_str("the price has no time in it; write it like 0.042 / hour"),
            RateError::MonthNotPositive { seconds } => {
                write!(out, "a month of {seconds} seconds has no price; the rating period must not be empty")
            }
            RateError::ConversionByZero => out.write_str("a conversion divides by zero; say how many make one"),
            RateError::EachOverVolume => out.write_str(
                "an event has no price of its own where the whole volume sets the price of all; leave out what each costs \
                 at least or at most, or use graduated tiers",
            ),
            RateError::FreeTwice => out.write_str(
                "free events and a free quantity stand side by side; use free events with a free amount, or one of them",
            ),
            RateError::NeedsEvents => {
                out.write_str("this price is made of single events; a total alone cannot be priced")
            }
            RateError::NegativeQuantity => {
                out.write_str("a quantity is below zero, which has no price; correct what it takes back instead")
            }
            RateError::NegativeSeconds { seconds } => write!(out, "{seconds} seconds are below zero"),
            RateError::OutOfOrder { at } => {
                write!(out, "what happened at {at} comes after something later; sort by time, then by id")
            }
            RateError::Coverage { covered_seconds, period_seconds } => {
                write!(out, "{covered_seconds} seconds cannot be covered in a period of {period_seconds}")
            }
            RateError::BandCount { given, wanted } => {
                write!(out, "seconds were given for {given} bands of hours, but there are {wanted}")
            }
        }
    }
}

impl Error for RateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            RateError::Money(error) => Some(error),
            RateError::Time(error) => Some(error),
            _ => None,
        }
    }
}

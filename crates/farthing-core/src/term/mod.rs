//! What is sold for a time: prepaid terms and subscriptions. What should have been billed for them follows from what was agreed and when;
//! billing posts the difference to what was billed, so a change, its undo and one that is dated back come out exact.
//!
//! Owns periods, plans over time, what a part of a period is worth, and what of a term's money goes back. Not who pays, nor when
//! an order runs out: that is the engine's, by the policy.

mod agreed;
mod money;
mod order;
mod quote;
mod schedule;
mod worth;

#[cfg(test)]
mod tests;

pub use agreed::{Change, Fact, Plan, Stretch, stretches};
pub use money::{Given, TermMoney};
pub use order::{OrderEvent, OrderId, OrderIdKind, OrderKind, OrderState, SubscriptionState};
pub use quote::one;
pub use schedule::Schedule;
pub use worth::{Key, Side, difference, owed, worth};

use crate::money::MoneyError;
use crate::time::OutOfRange;
use std::error::Error;
use std::fmt;

/// Why terms cannot be worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermError {
    Time(OutOfRange),
    Money(MoneyError),
    /// A period of no length.
    NoPeriod,
}

impl From<OutOfRange> for TermError {
    fn from(error: OutOfRange) -> TermError {
        TermError::Time(error)
    }
}

impl From<MoneyError> for TermError {
    fn from(error: MoneyError) -> TermError {
        TermError::Money(error)
    }
}

impl fmt::Display for TermError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TermError::Time(error) => error.fmt(out),
            TermError::Money(error) => error.fmt(out),
            TermError::NoPeriod => {
                out.write_str("a term of no length has no periods: give it one of a second at least")
            }
        }
    }
}

impl Error for TermError {}

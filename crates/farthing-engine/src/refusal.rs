//! Why something was not done: a code for programs, a sentence for people. Nothing has changed where one is given.

use crate::{ClockError, EngineError};
use farthing_core::settle::SettleError;
use farthing_store::StoreError;
use std::fmt;

/// Closed, and the same on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    InsufficientBalance,
    BelowMinimum,
    AboveMaximum,
    LimitReached,
    NotEligible,
    HoldClosed,
    /// Its time is over.
    Expired,
    IdReused,
    /// An Idempotency-Key came with another request.
    KeyReused,
    NotFound,
    Conflict,
    Invalid,
    RefusedByPolicy,
    /// Nothing is written to it.
    Locked,
}

impl RefusalCode {
    pub const fn name(self) -> &'static str {
        match self {
            RefusalCode::InsufficientBalance => "insufficient_balance",
            RefusalCode::BelowMinimum => "below_minimum",
            RefusalCode::AboveMaximum => "above_maximum",
            RefusalCode::LimitReached => "limit_reached",
            RefusalCode::NotEligible => "not_eligible",
            RefusalCode::HoldClosed => "hold_closed",
            RefusalCode::Expired => "expired",
            RefusalCode::IdReused => "id_reused",
            RefusalCode::KeyReused => "idempotency_key_reused",
            RefusalCode::NotFound => "not_found",
            RefusalCode::Conflict => "conflict",
            RefusalCode::Invalid => "invalid",
            RefusalCode::RefusedByPolicy => "refused_by_policy",
            RefusalCode::Locked => "locked",
        }
    }
}

#[derive(Debug)]
pub enum Refused {
    ByRule {
        code: RefusalCode,
        message: String,
    },
    /// Not our customer's doing, and not theirs to mend.
    Engine(EngineError),
}

impl Refused {
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Refused {
        Refused::ByRule { code, message: message.into() }
    }

    pub fn not_found(what: &str, name: &str) -> Refused {
        Refused::new(
            RefusalCode::NotFound,
            format!("there is no {what} {name:?}; create it first, or look at its spelling"),
        )
    }

    pub fn code(&self) -> Option<RefusalCode> {
        match self {
            Refused::ByRule { code, .. } => Some(*code),
            Refused::Engine(_) => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::ByRule { message, .. } => out.write_str(message),
            Refused::Engine(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for Refused {}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Refused {
        Refused::Engine(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Engine(error.into())
    }
}

impl From<ClockError> for Refused {
    fn from(error: ClockError) -> Refused {
        Refused::Engine(error.into())
    }
}

impl From<SettleError> for Refused {
    fn from(error: SettleError) -> Refused {
        Refused::Engine(error.into())
    }
}

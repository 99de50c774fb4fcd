//! What may be asked of the ledger, and the closed set of answers.

use super::{Authorise, Capture, Flags, Transfer};
use crate::id::HoldId;
use crate::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Transfer(Transfer),
    /// All of them or none.
    Linked(Vec<Transfer>),
    Authorise(Authorise),
    Capture(Capture),
    /// Gives back what a hold still reserves and closes it.
    Release(HoldId),
    /// Makes an open hold last until an instant; nothing when it lasts so long anyway.
    Extend(HoldId, Instant),
    /// Ends a hold whose time has come; nothing when it has not, or when it ended before.
    Expire(HoldId),
}

/// Why a request was not booked, or that it had been. Closed: a caller may match it without `_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    Created,
    Exists,
    ExistsWithDifferentAmount,
    ExistsWithDifferentAccounts,
    ExistsWithDifferentCommodity,
    ExistsWithDifferentEffective,
    ExistsWithDifferentLink,
    AccountNotFound,
    AccountClosed,
    SameAccount,
    CommodityMismatch,
    AmountNotPositive,
    InsufficientBalance,
    Overflow,
    LinkedFailed,
    /// What was to be reversed is not there.
    TransferNotFound,
    AlreadyReversed,
    HoldNotFound,
    HoldClosed,
}

impl Code {
    pub const ALL: [Code; 19] = [
        Code::Created,
        Code::Exists,
        Code::ExistsWithDifferentAmount,
        Code::ExistsWithDifferentAccounts,
        Code::ExistsWithDifferentCommodity,
        Code::ExistsWithDifferentEffective,
        Code::ExistsWithDifferentLink,
        Code::AccountNotFound,
        Code::AccountClosed,
        Code::SameAccount,
        Code::CommodityMismatch,
        Code::AmountNotPositive,
        Code::InsufficientBalance,
        Code::Overflow,
        Code::LinkedFailed,
        Code::TransferNotFound,
        Code::AlreadyReversed,
        Code::HoldNotFound,
        Code::HoldClosed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Code::Created => "created",
            Code::Exists => "exists",
            Code::ExistsWithDifferentAmount => "exists_with_different_amount",
            Code::ExistsWithDifferentAccounts => "exists_with_different_accounts",
            Code::ExistsWithDifferentCommodity => "exists_with_different_commodity",
            Code::ExistsWithDifferentEffective => "exists_with_different_effective",
            Code::ExistsWithDifferentLink => "exists_with_different_link",
            Code::AccountNotFound => "account_not_found",
            Code::AccountClosed => "account_closed",
            Code::SameAccount => "same_account",
            Code::CommodityMismatch => "commodity_mismatch",
            Code::AmountNotPositive => "amount_not_positive",
            Code::InsufficientBalance => "insufficient_balance",
            Code::Overflow => "overflow",
            Code::LinkedFailed => "linked_failed",
            Code::TransferNotFound => "transfer_not_found",
            Code::AlreadyReversed => "already_reversed",
            Code::HoldNotFound => "hold_not_found",
            Code::HoldClosed => "hold_closed",
        }
    }

    /// The request is in the books, now or from before.
    pub fn stands(self) -> bool {
        matches!(self, Code::Created | Code::Exists)
    }
}

/// The answer to one transfer, authorisation, capture, release or expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: Code,
    /// What a booked report has to be looked at for.
    pub flags: Flags,
}

impl From<Code> for Outcome {
    fn from(code: Code) -> Outcome {
        Outcome { code, flags: Flags::NONE }
    }
}

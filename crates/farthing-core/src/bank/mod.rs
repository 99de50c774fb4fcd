//! Banks: money that comes and goes by transfer and by direct debit, told by statements and asked for by files.
//!
//! Owns what a statement says (`statement`) and what a file to the bank asks for (`order`), and how far each has come (`progress`);
//! what an account's number looks like (`iban`), what a row is known by (`identity`) and whose money it is (`reference`, `name`,
//! `matching`); on which days banks settle (`calendar`), what a customer's mandate allows (`mandate`), why money comes back
//! (`return_reason`), and what a code to scan says (`epc`). Not how a statement or a file is written: that is
//! `farthing-bank`'s; not the postings: those are the ledger's templates.

pub mod calendar;
mod epc;
mod iban;
mod identity;
mod mandate;
pub mod matching;
mod name;
mod order;
mod progress;
mod reference;
mod return_reason;
mod statement;

#[cfg(test)]
mod tests;

pub use epc::{EpcError, EpcTransfer};
pub use iban::{BadIban, Iban};
pub use identity::identities;
pub use mandate::{
    Eligibility, LeadTimes, MandateEvent, MandateLife, MandateState, NotEligible, earliest_due, eligible, is_sepa,
};
pub use name::{Resemblance, name_words, resembles};
pub use order::{Debit, DebitBatch, Mandate, Party, Scheme, Sequence, Transfer, TransferBatch};
pub use progress::{BankFileId, BankFileKind, BankRowId, BankRowKind, FileKind, OrderKind, OrderState, RowState};
pub use reference::{Found, How, Reference, find_all};
pub use return_reason::{Follow, ReturnReason};
pub use statement::{Nature, Row, Statement};

/// An IBAN as it is compared: without spaces, in capitals.
pub fn plain_iban(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace()).flat_map(char::to_uppercase).collect()
}

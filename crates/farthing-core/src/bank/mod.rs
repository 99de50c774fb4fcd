//! Banks: money that comes and goes by transfer and by direct debit, told by statements and asked for by files.
//!
//! Owns what a statement says (`statement`), what a file to the bank asks for (`order`), and what an account's number looks like (`iban`).
//! Not how a file is written: that is `farthing-bank`'s; not the postings: those are the ledger's templates.

mod iban;
mod order;
mod statement;

pub use iban::{BadIban, Iban};
pub use order::{Debit, DebitBatch, Mandate, Party, Scheme, Sequence, Transfer, TransferBatch};
pub use statement::{Nature, Row, Statement};

//! Banks: money that comes and goes by transfer and by direct debit, told by statements and asked for by files.
//!
//! Owns what a statement says (`statement`) and what a file to the bank asks for (`order`). Not how either is written: that is
//! `farthing-bank`'s; not the postings: those are the ledger's templates.

mod order;
mod statement;

pub use order::{Debit, DebitBatch, Mandate, Party, Scheme, Sequence, Transfer, TransferBatch};
pub use statement::{Nature, Row, Statement};

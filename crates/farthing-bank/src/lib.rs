//! Banks' file formats: statements in, debits and transfers out.
//!
//! Owns how each format is written, and what of it goes into the words of `farthing_core::bank`. Pure: text in, values out; no clock, no I/O.
//! Whoever calls it fetches the files, keeps them, and decides what a row pays.
//!
//! - **All or nothing.** A file with anything wrong in it is refused as a whole (`BadFile`), at its line and with what to do: half a statement
//!   would be booked as if it were one.
//! - **Balances are proven** wherever a file has both: what it begins with and its rows are what it ends with.
//! - **Same values, same bytes**: what is written has no time and no chance of its own.

mod amount;
mod bad_file;
mod balance;
mod camt;
mod csv;
mod format;
mod mt940;
mod order;
mod reference;
mod simulated;
mod source;
mod writer;
mod xml;

pub use bad_file::BadFile;
pub use csv::{CsvAmount, CsvBooked, CsvEncoding, CsvMapping};
pub use format::{Format, guess, read};
pub use order::{Rejection, Unfit, pain001, pain002, pain008};
pub use simulated::camt053;

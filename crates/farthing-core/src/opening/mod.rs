//! Opening balances: what customers had where the accounts were kept before, read from a file of lines.
//!
//! Decides what a line says, what is wrong with it and what all lines add up to. Whether an account is there already, and the
//! booking, are the engine's.

mod csv;
mod read;
mod totals;

pub use csv::{CsvFault, Record, records};
pub use read::{COLUMNS, Defaults, OpeningCredit, OpeningFile, OpeningLine, read};
pub use totals::{Outcome, Tally, Totals, Verdict, totals};

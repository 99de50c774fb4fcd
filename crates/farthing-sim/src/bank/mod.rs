//! A month of a cloud's bank account, as messy as payers are, with the truth known: who paid what, and how they wrote it.
//!
//! `people` thinks of the customers, `writing` of what payers write, `month` of the rows; `play` takes a month through the two
//! steps of matching as an engine and its operator would, and counts. The same seed makes the same month.

mod month;
mod people;
mod play;
mod writing;

pub use month::{IssuedBill, Month, Truth, month};
pub use people::{Customer, Group, PastPayer, Payer, people};
pub use play::{Outcome, Played, Tally, play};
pub use writing::Writing;

//! Whose money is it? What a row says of that (`clues`), and what follows from what is known of it (`decide`).
//!
//! Two steps, because rows of the store are read between them. A clue that can be wrong by one slip never decides alone: a
//! witness has to agree with it. Zero wrong matches first; a person looks at the rest, and has the likeliest before them.
//!
//! Not the booking, nor what is left over: money that no bill of a match takes goes the way of every top-up (R60).

mod clues;
mod decision;
mod known;
mod why;

#[cfg(test)]
mod tests;

pub use clues::{Clues, clues, number_keys};
pub use decision::{Decision, Match, decide};
pub use known::{Known, KnownAccount, OpenBill, PaidBefore};
pub use why::{Difference, Fit, Why, Witness};

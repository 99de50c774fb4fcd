//! Credit that is given (R17), decided: where a grant comes from, when one that recurs comes again, and what of it lapses then.
//!
//! Which grant pays is `settle::Purse`'s, what moves `ledger::posting`'s.

mod recurring;
mod source;

pub use recurring::{Recurring, Rollover, lapsing};
pub use source::GrantSource;

//! Usage events as they come in: what one says, whether it has come before, and whether its time is taken.
//!
//! Owns an event's identity, its text for the raw store and the answers. Does not know what an event costs: whoever prices
//! says which account it is of and whether it can be booked (`Verdict`). The store looks up what came before (`Known`),
//! and calls `judge` and `settle` in its transaction.

pub mod audit;
mod batch;
mod event;
mod identity;
mod judge;
mod text;

pub use batch::Batch;
pub use event::{Subject, UsageEvent};
pub use identity::{EventFacts, Identity, STRIPES, seal_event, text_hash};
pub use judge::{AHEAD_SECONDS_MAX, Answer, Fresh, Judgement, Known, Reason, Taken, Verdict, Window, judge, settle};

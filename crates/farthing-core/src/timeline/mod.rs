//! What the cloud reports of a thing, and what follows from it: stretches of time with one state, one size, one payer.
//!
//! Owns the facts and their order. A timeline is folded anew from all facts of the thing, so a late fact, one out of order
//! and one told twice need no rule of their own. What a stretch costs is `settle`'s.

mod fact;
mod fold;
mod outage;
mod state;

pub use fact::{Change, Fact, FactKey, Start, What};
pub use fold::{Segment, Timeline, fold};
pub use outage::{Outage, OutageReport, Outages, void};
pub use state::State;

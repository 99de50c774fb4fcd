//! A second settlement: slow, obvious, and written from the definitions alone, to hold the engine to them.
//!
//! It knows raw facts, use and prices, walks from cut to cut with fractions of its own, and says what everything should have
//! cost by an instant. Of the core it takes instants, zones and quantities; it calls nothing of `rate`, `timeline` or
//! `settle`. It posts nothing and seals nothing: what it says depends on what was told and on now, and on nothing else.
//!
//! `story.rs` says what can happen; `price.rs` what things cost; `cost.rs` walks; `generate.rs` thinks of stories; `drive.rs`
//! plays them on a real engine, any order, any cadence, and compares. `deeds.rs` lists a story with money beside it as what a
//! process does that may be killed in between, and `state.rs` says all that is left of it in the end.

pub mod cost;
pub mod deeds;
pub mod drive;
pub mod fraction;
pub mod generate;
pub mod price;
pub mod state;
pub mod story;

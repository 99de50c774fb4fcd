//! What use costs: prices of every model, compiled once and applied exactly, by pure functions.
//!
//! The arithmetic always runs in one order: quantity, conversion and its rounding, the free part, tiers on the rest, price,
//! percent discount, minimum and maximum of each event, cap of the period, minimum of the period. Everything is exact until
//! the whole is known, and rounded once, half to even: list = round(exact list), net = round(exact net). So settlement posts
//! G(now) - posted, and no cut, cadence, crash or repeat ever changes a total.
//!
//! | to | use |
//! |---|---|
//! | say a price | [`Tariff`] with its [`Model`], or [`Hours`] where it changes by the hour |
//! | price a total of a rating period | [`Tariff::formula`], then [`Formula::amount`] |
//! | tell somebody how that came about | [`Formula::explain`] |
//! | price single events | [`Formula::fold`], [`Formula::amount_of`] |
//! | price what runs | [`Linear`], and [`Session`] for the rounding of a duration |
//! | count what is above a free size | [`excess`], [`shared_excess`] |
//! | make one total of many events | [`Tally`] |
//! | hold a period to its cap, or to its minimum | [`capped`], [`true_up`] |
//!
//! What this module does not do: which price applies (the catalogue's), who pays it and when it is posted (the
//! settlement's), coupons and taxes (the bill's).

#[cfg(test)]
mod cases;
mod charge;
mod compile;
mod curve;
mod divisor;
mod error;
mod events;
mod explanation;
mod formula;
mod free_size;
mod hours;
mod limits;
mod linear;
mod percent;
#[cfg(test)]
mod properties;
mod session;
mod tally;
mod tariff;

pub use charge::Charge;
pub use error::RateError;
pub use events::{Event, EventFold};
pub use explanation::{Explanation, Figure, Part, Step};
pub use formula::Formula;
pub use free_size::{Reading, SharedExcess, excess, shared_excess};
pub use hours::{Band, Hours, HoursFormula};
pub use limits::{Coverage, capped, true_up};
pub use linear::{Linear, LinearPrice, PerSecond};
pub use percent::{Factor, Percent};
pub use session::Session;
pub use tally::{Aggregation, Tally, levels};
pub use tariff::{Conversion, Each, Model, PercentTier, Tariff, Tier};

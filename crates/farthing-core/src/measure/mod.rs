//! How much was used: quantities to the millionth, the names of units, and prices as people write them ("0.15 / 1M tokens").
//!
//! Owns reading and printing them and the exact conversion between units of one family. What a quantity costs is decided in
//! `rate`; which meter counts in which unit, in `catalog`.

mod price_tag;
mod quantity;
mod unit;
mod unit_price;

pub use price_tag::{Per, PriceTag};
pub use quantity::{Quantity, decimal_of_millionths};
pub use unit::{DataStep, TimeUnit, Unit};
pub use unit_price::UnitPrice;

/// A text that is no quantity, unit or price: what is wrong with it and what to write, as one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureError {
    pub what: String,
}

impl MeasureError {
    fn new(what: impl Into<String>) -> MeasureError {
        MeasureError { what: what.into() }
    }
}

impl std::fmt::Display for MeasureError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for MeasureError {}

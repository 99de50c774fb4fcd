//! What somebody wants to know the price of.

use crate::config::{Name, Size, Text};
use crate::measure::Quantity;
use crate::time::{Instant, Span};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub product: String,
    pub sku: Option<String>,
    /// Whose contract applies.
    pub account: Option<Name>,
    /// How many of it.
    pub count: u32,
    pub from: Instant,
    pub lasting: Option<Span>,
    /// For capacities.
    pub size: Option<Size>,
    /// Components or meters and how much of each was used; add-ons and how many of each.
    pub uses: Vec<(Name, Quantity)>,
    /// Of the resource or the events: they choose the SKU where none is named, and lines of `prices`.
    pub properties: BTreeMap<String, Text>,
}

impl Ask {
    /// One of a product, and nothing more said.
    pub fn of(product: &str, from: Instant) -> Ask {
        Ask {
            product: product.to_owned(),
            sku: None,
            account: None,
            count: 1,
            from,
            lasting: None,
            size: None,
            uses: Vec::new(),
            properties: BTreeMap::new(),
        }
    }
}

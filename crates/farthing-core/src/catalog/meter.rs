//! What counts, and how many counts become one total.

use super::OfferError;
use crate::config::{Name, Size, Text, choice, section};
use crate::measure::{DataStep, Quantity, Unit};
use std::collections::BTreeMap;

section! {
    /// `[[meter]]`
    Meter [id] {
        /// In events and components
        id: Name = required @ Catalogue,
        /// What one of it is
        unit: Unit = required @ Catalogue,
        /// How events become a total
        aggregate: Aggregate = "sum" @ Catalogue,
        /// With "unique": which property is counted
        of: Option<Name> = "none" @ Catalogue,
        /// Only events with these properties: { status = "ok" } (R46, R91)
        filter as "where": BTreeMap<String, Text> = "{}" @ Catalogue,
        /// A total for each value of these properties
        by: Vec<Name> = "[]" @ Catalogue,
    }
}

choice! {
    /// How events become a total.
    Aggregate: "an aggregation" {
        Sum = "sum",
        Count = "count",
        Max = "max",
        Min = "min",
        Latest = "latest",
        Unique = "unique",
        TimeWeighted = "time_weighted",
        Average = "average",
    }
}

impl Meter {
    /// A size as this meter counts it: 1 TB is 1024 of a meter of GB.
    pub fn count(&self, size: &Size, step: DataStep) -> Result<Quantity, OfferError> {
        super::offer::in_unit(size, Some(&self.unit), step)
    }
}

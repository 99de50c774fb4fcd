//! What counts, and how many counts become one total.

use crate::config::{Name, Text, choice, section};
use crate::measure::Unit;
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

//! A usage event: who used how much of what, as its source tells it.

use crate::measure::Quantity;
use crate::time::Instant;
use std::collections::BTreeMap;

/// What an event is about: a resource, whose owner pays, or an account by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Resource(String),
    Account { name: String, project: Option<String>, user: Option<String> },
}

/// One event. `(cloud, source, id)` names it: its source gives each id once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageEvent {
    pub source: String,
    pub id: String,
    pub subject: Subject,
    pub product: Option<String>,
    /// When it was used; none: when it arrives.
    pub at: Option<Instant>,
    /// How much, by meter.
    pub quantities: Vec<(String, Quantity)>,
    pub properties: BTreeMap<String, String>,
}

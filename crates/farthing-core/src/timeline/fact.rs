//! A fact: something the cloud reports of a thing, at an instant of its own.

use super::State;
use crate::config::{Name, Text};
use crate::ledger::OwnerId;
use crate::measure::Quantity;
use crate::time::Instant;
use std::collections::BTreeMap;

/// Tells facts of one instant apart and makes a repeated one the same: the id the cloud gave it, hashed, or what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey(pub i64);

#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// As it was told: microseconds order facts, whole seconds cut the timeline.
    pub at: Instant,
    pub key: FactKey,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Created, or launched again: running unless it says it is queued or starting.
    Start(Start),
    Stop,
    Resume,
    Resize(Change),
    /// How much there is of it now (R89): it holds until the next reading.
    Gauge(Quantity),
    Delete,
    /// What was deleted cannot be restored any longer.
    Purge,
    Restore,
    /// It broke: it costs nothing until it runs again.
    Fail,
    /// By our own instruction.
    Suspend,
    /// It was not heard of after this instant (R84).
    Missing,
    /// It was heard of again.
    Found,
    /// Somebody else pays from here on (R23).
    Move(OwnerId),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    pub state: State,
    pub sku: Option<Name>,
    /// How many, or how much; one where it runs, nothing where it is a size, unless said.
    pub size: Option<Quantity>,
    pub user: Option<Name>,
    pub payer: OwnerId,
    /// What prices may depend on, and what people filter by.
    pub properties: BTreeMap<String, Text>,
}

/// What a resize changes; what it does not say stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub sku: Option<Name>,
    pub size: Option<Quantity>,
}

impl What {
    pub const fn name(&self) -> &'static str {
        match self {
            What::Start(_) => "start",
            What::Stop => "stop",
            What::Resume => "resume",
            What::Resize(_) => "resize",
            What::Gauge(_) => "gauge",
            What::Delete => "delete",
            What::Purge => "purge",
            What::Restore => "restore",
            What::Fail => "fail",
            What::Suspend => "suspend",
            What::Missing => "missing",
            What::Found => "found",
            What::Move(_) => "move",
        }
    }
}

impl Fact {
    /// Who pays from this fact on, where it says so.
    pub fn payer(&self) -> Option<OwnerId> {
        match &self.what {
            What::Start(start) => Some(start.payer),
            What::Move(to) => Some(*to),
            _ => None,
        }
    }

    /// The order of facts of one thing: by time, then the caller's `fold` decides within a microsecond.
    pub(super) fn order(&self) -> (Instant, FactKey) {
        (self.at, self.key)
    }
}

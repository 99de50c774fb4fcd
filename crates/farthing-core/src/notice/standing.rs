//! What is told of accounts in arrears, and what the cloud is asked to do.

use crate::money::Money;
use crate::settle::ThingId;
use crate::standing::{Cause, Deed, InstructionId, Rung};
use crate::time::{Duration, Instant};
use serde_json::{Value, json};

/// A step that comes, was taken, or was undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTold {
    pub account: String,
    /// Where it is a step about one thing. Not told.
    pub thing: Option<ThingId>,
    pub rung: Rung,
    pub cause: Cause,
    /// When it comes, or came.
    pub at: Instant,
    /// So long before it this is said; none: it is not said ahead.
    pub ahead: Option<Duration>,
    /// What the account has, less what it owes.
    pub balance: Money,
    /// What has to be paid.
    pub owed: Money,
    /// By the names the cloud has for them.
    pub resources: Vec<String>,
    /// What stays as it is although the rest comes back.
    pub stays: Vec<String>,
    /// What was deleted can be restored until then; none: it is not known, or never could.
    pub restorable_until: Option<Instant>,
}

/// A space with more in it than is free, after what was bought of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceTold {
    pub account: String,
    /// Not told.
    pub space: ThingId,
    pub resource: String,
    /// "1500 GB".
    pub used: String,
    pub free: String,
    /// When what was bought was over; none: it is in force.
    pub over_since: Option<Instant>,
    /// When its files are deleted, or were.
    pub deleted: Option<Instant>,
    /// So long before it this is said; none: it is not said ahead.
    pub ahead: Option<Duration>,
}

/// Something that the cloud is asked to do to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionTold {
    pub id: InstructionId,
    pub account: String,
    pub resource: String,
    pub product: String,
    pub deed: Deed,
    pub rung: Rung,
    pub fence: i64,
    pub asked: Instant,
    /// Why it ended, or what is the matter; may be empty.
    pub why: String,
}

impl StepTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "step": self.rung.name(), "cause": self.cause.name(), "step_at": self.at.to_string(),
            "ahead_seconds": self.ahead.map(Duration::seconds), "balance": self.balance.plain(), "owed": self.owed.plain(),
            "currency": self.owed.currency().code(), "resources": self.resources, "stays": self.stays,
            "restorable_until": self.restorable_until.as_ref().map(Instant::to_string),
        })
    }
}

impl SpaceTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "resource": self.resource, "used": self.used, "free": self.free,
            "over_since": self.over_since.as_ref().map(Instant::to_string),
            "deleted_at": self.deleted.as_ref().map(Instant::to_string),
            "ahead_seconds": self.ahead.map(Duration::seconds),
        })
    }
}

impl InstructionTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "instruction": self.id.to_string(), "account": self.account, "resource": self.resource, "product": self.product,
            "do": self.deed.name(), "claim": self.deed.is_offered(), "step": self.rung.name(), "fence": self.fence,
            "asked_at": self.asked.to_string(), "why": self.why,
        })
    }
}

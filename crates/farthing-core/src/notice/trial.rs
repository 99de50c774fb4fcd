//! What is told of things that were made in a trial.

use crate::time::Instant;
use serde_json::{Value, json};

/// Which, why, and in which order such messages count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialThings {
    pub account: String,
    /// By the names the cloud has for them.
    pub resources: Vec<String>,
    pub cause: String,
    /// A number that only grows: of two messages about a resource the one with the larger counts.
    pub fence: i64,
    pub destroy_at: Option<Instant>,
}

impl TrialThings {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "resources": self.resources, "cause": self.cause, "fence": self.fence,
            "destroy_at": self.destroy_at.as_ref().map(Instant::to_string),
        })
    }
}

//! What is said of a budget.

use crate::budget::{Does, Of};
use crate::money::Money;
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetTold {
    pub account: String,
    pub budget: String,
    /// Empty: of none alone.
    pub project: String,
    /// `key=value`; empty: whatever its labels are.
    pub label: String,
    /// Of the account's zone, `2027-03`.
    pub month: String,
    pub percent: u16,
    pub of: Of,
    pub does: Does,
    pub limit: Money,
    /// So far, or as foretold.
    pub cost: Money,
    /// What is stopped, or comes back.
    pub resources: Vec<String>,
}

impl BudgetTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "budget": self.budget, "project": self.project, "label": self.label, "month": self.month,
            "percent": self.percent, "of": self.of.name(), "action": self.does.name(), "limit": self.limit.plain(),
            "cost": self.cost.plain(), "currency": self.cost.currency().code(), "resources": self.resources,
        })
    }
}

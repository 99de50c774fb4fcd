//! What events of orders and of what runs for a time carry: each kind of them the same, whatever has happened to it.

use crate::money::Money;
use crate::time::Instant;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An order, with all that who makes it has to know.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderTold {
    pub account: String,
    pub order: String,
    /// What it makes is called so.
    pub name: String,
    /// `new`, `renew` or `change`.
    pub kind: String,
    pub product: String,
    pub sku: String,
    pub addon: String,
    /// What it is added to.
    pub parent: String,
    pub quantity: i64,
    pub properties: BTreeMap<String, String>,
    /// Without tax.
    pub amount: Money,
    /// Paid, or made, by then.
    pub until: Option<Instant>,
    pub why: String,
}

/// Something that runs for a time.
#[derive(Clone, Debug, PartialEq)]
pub struct TermTold {
    pub account: String,
    pub name: String,
    pub product: String,
    pub sku: String,
    pub addon: String,
    pub quantity: i64,
    pub state: String,
    pub paid_to: Instant,
    /// What has come back to the balance, or off what is due.
    pub back: Money,
    pub why: String,
}

impl OrderTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "order": self.order, "name": self.name, "kind": self.kind, "product": self.product,
            "sku": self.sku, "addon": self.addon, "parent": self.parent, "quantity": self.quantity,
            "properties": self.properties, "amount": self.amount.plain(), "currency": self.amount.currency().code(),
            "until": self.until.as_ref().map(Instant::to_string), "why": self.why,
        })
    }
}

impl TermTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "name": self.name, "product": self.product, "sku": self.sku, "addon": self.addon,
            "quantity": self.quantity, "state": self.state, "paid_to": self.paid_to.to_string(), "back": self.back.plain(),
            "currency": self.back.currency().code(), "why": self.why,
        })
    }
}

//! What is told of an outage of the cloud's own.

use crate::money::Money;
use crate::time::Instant;
use serde_json::{Value, json};

/// What of it came back to one account, or has to be paid again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageTold {
    pub account: String,
    /// What the cloud calls it.
    pub outage: String,
    pub product: String,
    pub from: Instant,
    pub to: Instant,
    /// Without tax.
    pub amount: Money,
    /// Units bought ahead, in words; empty: none.
    pub units: String,
}

impl OutageTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "outage": self.outage, "product": self.product, "began_at": self.from.to_string(),
            "ended_at": self.to.to_string(), "amount": self.amount.plain(), "currency": self.amount.currency().code(),
            "units": self.units,
        })
    }
}

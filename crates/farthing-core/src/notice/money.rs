//! What events of payments, refunds, methods and bills carry: each kind of them the same, whatever has happened to it.

use crate::money::Money;
use crate::time::Instant;
use serde_json::{Value, json};

/// A payment, and what there is to say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentTold {
    pub account: String,
    pub payment: String,
    /// `top_up`, `refill` or `bill`.
    pub purpose: String,
    /// Without its tax.
    pub amount: Money,
    pub tax: Money,
    /// As its owner knows it: `visa 4242`; may be empty.
    pub paid_with: String,
    /// Why it failed, is looked at, or was taken back; may be empty.
    pub why: String,
    /// Where the customer goes on; may be empty.
    pub url: String,
}

/// A direct debit that is to come.
#[derive(Clone, Debug, PartialEq)]
pub struct DebitTold {
    pub account: String,
    pub payment: String,
    /// With its tax.
    pub amount: Money,
    /// The first day on which it may be taken.
    pub on: String,
    pub paid_with: String,
    pub mandate: String,
    /// May be empty: the provider has its own.
    pub creditor: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RefundTold {
    pub account: String,
    pub refund: String,
    pub amount: Money,
    /// Of who asked.
    pub reason: String,
    /// Of who decided, or of the provider; may be empty.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MethodTold {
    pub account: String,
    pub method: String,
    pub channel: String,
    /// As its owner knows it: `visa 4242`.
    pub label: String,
    /// `2027-03`; empty: it has no end.
    pub expires: String,
    pub default: bool,
}

/// A bill, a receipt or a credit note.
#[derive(Clone, Debug, PartialEq)]
pub struct BillTold {
    pub account: String,
    pub bill: String,
    pub number: String,
    /// With its tax.
    pub total: Money,
    pub tax: Money,
    /// What is to be paid of it now: not what a dispute is about.
    pub owed: Money,
    pub due: Option<Instant>,
    /// The number of the bill that a receipt or a credit note is about, or that a bill was issued anew for; may be empty.
    pub of: String,
}

/// Something of a bill is said to be wrong, or was decided about.
#[derive(Clone, Debug, PartialEq)]
pub struct BillDisputeTold {
    pub account: String,
    pub bill: String,
    pub number: String,
    pub dispute: String,
    pub amount: Money,
    /// What the bill was credited by.
    pub granted: Money,
    pub state: String,
    pub reason: String,
    pub note: String,
}

/// An invoice that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct InvoiceRequestTold {
    pub account: String,
    pub request: String,
    pub amount: Money,
    /// By when it is to be issued.
    pub due: Option<Instant>,
    pub note: String,
}

impl PaymentTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "payment": self.payment, "purpose": self.purpose, "amount": self.amount.plain(),
            "tax": self.tax.plain(), "currency": self.amount.currency().code(), "paid_with": self.paid_with, "why": self.why,
            "url": self.url,
        })
    }
}

impl DebitTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "payment": self.payment, "amount": self.amount.plain(),
            "currency": self.amount.currency().code(), "on": self.on, "paid_with": self.paid_with, "mandate": self.mandate,
            "creditor": self.creditor,
        })
    }
}

impl RefundTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "refund": self.refund, "amount": self.amount.plain(),
            "currency": self.amount.currency().code(), "reason": self.reason, "why": self.why,
        })
    }
}

impl MethodTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "method": self.method, "channel": self.channel, "label": self.label,
            "expires": self.expires, "default": self.default,
        })
    }
}

impl BillTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "bill": self.bill, "number": self.number, "total": self.total.plain(),
            "tax": self.tax.plain(), "owed": self.owed.plain(), "currency": self.total.currency().code(),
            "due_at": self.due.as_ref().map(Instant::to_string), "of": self.of,
        })
    }
}

impl BillDisputeTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "bill": self.bill, "number": self.number, "dispute": self.dispute,
            "amount": self.amount.plain(), "granted": self.granted.plain(), "currency": self.amount.currency().code(),
            "state": self.state, "reason": self.reason, "note": self.note,
        })
    }
}

impl InvoiceRequestTold {
    pub(super) fn data(&self) -> Value {
        json!({
            "account": self.account, "request": self.request, "amount": self.amount.plain(),
            "currency": self.amount.currency().code(), "due_at": self.due.as_ref().map(Instant::to_string), "note": self.note,
        })
    }
}

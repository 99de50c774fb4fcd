//! What is asked of a payment provider, and what it tells: in its answer, or later by itself.
//!
//! One vocabulary for all of them. What a provider's own words mean in it is for its client to say; what follows, for `progress`.

use super::{MethodFacts, MethodId, PaymentId, RefundId};
use crate::money::Money;
use crate::policy::Channel;
use crate::time::Instant;

/// What a provider can do. What is not here is not asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Can be charged while the customer is away, once they have agreed.
    pub stored: &'static [Channel],
    /// Can be paid on a page of the provider, or by a code that is scanned.
    pub pages: &'static [Channel],
    pub partial_refunds: bool,
    /// Requests a second that it takes of us.
    pub per_second: i64,
}

/// One request. Asked again it has the same key, and the provider gives the answer it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub key: String,
    pub cloud: String,
    pub customer: Customer,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The account, as the cloud calls it.
    pub account: String,
    /// What the provider calls it, where it knows it.
    pub reference: Option<String>,
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Take money by a method that the provider keeps. `present`: the customer waits for it; else they agreed to it before.
    Charge { payment: PaymentId, amount: Money, channel: Channel, token: String, present: bool, text: String },
    /// Open a page, or a code to scan, on which the customer pays. `keep`: they agreed that it is charged again later.
    Page { payment: PaymentId, amount: Money, channel: Channel, keep: bool, back: String, until: Instant, text: String },
    /// Keep a method for later. `token`: one that the customer's browser was given by the provider; none: open a page.
    SetUp { method: MethodId, channel: Channel, token: Option<String>, back: String },
    /// Give money back. `payment_reference`: what the provider calls the payment.
    Refund { refund: RefundId, part: i64, payment: PaymentId, payment_reference: String, amount: Money },
    /// Forget a method.
    Detach { method: MethodId, token: String },
    /// What has become of a payment? `close`: its time is over, so what is still open there is closed first, where that can be done.
    Look { payment: PaymentId, payment_reference: String, close: bool },
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the provider calls the customer, where it said so.
    pub customer: Option<String>,
    pub news: News,
}

/// Something that a provider told by itself. `id`: the same whenever it tells it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub id: String,
    pub at: Instant,
    pub about: About,
    pub news: News,
}

/// Whom news are about, by whatever the provider said of it; our own ids count before its references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub payment: Option<PaymentId>,
    pub refund: Option<(RefundId, i64)>,
    pub method: Option<MethodId>,
    /// What the provider calls the payment or the refund.
    pub reference: Option<String>,
    /// What the provider calls the method.
    pub token: Option<String>,
    /// Of a refund that is not ours: somebody gave money back by hand there.
    pub refund_of: Option<RefundOf>,
}

/// What a refund gives back, where nothing but the provider says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOf {
    /// What the provider calls the payment.
    pub payment: String,
    pub amount: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// `reference`: what the provider calls the payment.
    Payment {
        reference: Option<String>,
        news: PaymentNews,
    },
    Refund {
        reference: Option<String>,
        news: RefundNews,
    },
    Method(MethodNews),
    /// It was certainly not done, and can be asked again.
    NotNow {
        why: String,
        pause_seconds: Option<i64>,
    },
    /// It was sent, and nobody knows whether it was done: it is asked again with the same key, never anew.
    Unknown {
        why: String,
    },
    /// It was not done and never will be, however often it is asked: something is set up wrong.
    Never {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentNews {
    /// On its way; a bank takes days.
    Pending,
    /// The customer has something to do.
    ActionNeeded(Action),
    /// `fee`: what the provider keeps, where it says so. `method`: how it was paid, where that is kept for later. `paid`: what the customer
    /// paid, where that was in another currency than asked for.
    Succeeded {
        fee: Option<Money>,
        method: Option<MethodFacts>,
        paid: Option<Money>,
    },
    Failed(Failure),
    /// The customer's bank takes it back, by a complaint or because a debit was returned.
    Disputed {
        dispute: String,
        amount: Money,
        fee: Option<Money>,
        why: String,
    },
    /// How it ended. `amount`: what it was about.
    DisputeEnded {
        dispute: String,
        won: bool,
        amount: Money,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundNews {
    Pending,
    Sent,
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodNews {
    /// It can be charged; or what is known of it has changed.
    Ready(MethodFacts),
    ActionNeeded(Action),
    Failed(Failure),
    /// It cannot be charged any more: the provider, or the customer there, has removed it.
    Detached,
}

/// What a customer has to do, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// A page to open; may be empty where there is a code.
    pub url: String,
    /// What a code to draw and to scan says; empty: there is only the page.
    pub code: String,
    pub until: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: FailureCode,
    /// In words, as the provider has them.
    pub text: String,
}

super::words! {
    /// Why a payment failed, as far as it matters what to do next.
    FailureCode {
        Declined = "declined",
        InsufficientFunds = "insufficient_funds",
        /// The method's own time is over.
        Expired = "expired",
        /// The bank wants the customer to be there.
        AuthenticationRequired = "authentication_required",
        /// The customer let the page or the code run out, or turned away.
        Abandoned = "abandoned",
        /// The method is gone.
        MethodGone = "method_gone",
        /// A bank returned it.
        Returned = "returned",
        /// The cloud's rules do not let this method be charged now.
        NotEligible = "not_eligible",
        Other = "other",
    }
}

super::words! {
    /// What kind of request waits to be asked.
    ErrandKind {
        Charge = "charge",
        Page = "page",
        SetUp = "set_up",
        Refund = "refund",
        Detach = "detach",
        Look = "look",
    }
}

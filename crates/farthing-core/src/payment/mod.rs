//! Payments: money that comes through a provider and goes back through it.
//!
//! Owns what is asked of a provider and what it tells (`provider`), what follows for a payment from everything that was told, in any
//! order and any number of times (`progress`), which method pays (`method`), when a balance is filled up by itself (`refill`), what
//! is looked at by a person first (`risk`), which payments a refund goes back to (`refund`), and a provider that is
//! only pretended (`sandbox`). Not the postings: those are the ledger's templates; not the wire: that is each provider's.

mod method;
mod progress;
mod provider;
mod refill;
mod refund;
mod risk;
pub mod sandbox;

pub use method::{Expiry, MethodFacts, MethodStanding, Usable, choose, notices_due};
pub use progress::{Dispute, DisputeState, Effect, Progress, State, shown};
pub use provider::{
    About, Action, Ask, Capabilities, Customer, Failure, FailureCode, MethodNews, News, PaymentNews, RefundNews, Reply,
    Told, What,
};
pub use refill::{Refill, RefillHistory, RefillPlan};
pub use refund::{PaymentLeft, RefundTooLarge, refundable, split, tax_back};
pub use risk::{RiskFacts, Verdict, judge};

crate::id_kind!(PaymentId, PaymentKind, "pay");
crate::id_kind!(MethodId, MethodKind, "pm");
crate::id_kind!(RefundId, RefundKind, "rf");

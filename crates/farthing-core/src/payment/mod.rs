//! Payments: money that comes through a provider and goes back through it.
//!
//! Owns what is asked of a provider and what it tells (`provider`), what follows for a payment from everything that was told, in any
//! order and any number of times (`progress`), which method pays (`method`), when a balance is filled up by itself (`refill`), what
//! is looked at by a person first (`risk`), which payments a refund goes back to (`refund`), what there is to say of codes to scan (`code`),
//! and a provider that is only pretended (`sandbox`). Not the postings: those are the ledger's templates; not the wire: that is each provider's.

/// A closed list of words, written in rows and on the wire.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $( $(#[doc = $meaning:literal])* $variant:ident = $word:literal, )+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $( $(#[doc = $meaning])* $variant, )+ }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            pub const fn name(self) -> &'static str {
                match self { $( $name::$variant => $word, )+ }
            }

            /// What `name` wrote.
            pub fn parse(name: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}
pub(crate) use words;

mod code;
mod method;
mod progress;
mod provider;
mod refill;
mod refund;
mod retry;
mod risk;
pub mod sandbox;

pub use code::{has_code, next_look, rate};
pub use method::{Expiry, MethodFacts, MethodStanding, Usable, choose, notice_after};
pub use progress::{Dispute, DisputeState, Effect, Progress, Purpose, State, shown};
pub use provider::{
    About, Action, Ask, Capabilities, Customer, ErrandKind, Failure, FailureCode, MethodNews, News, PaymentNews,
    RefundNews, RefundOf, Reply, Told, What,
};
pub use refill::{Refill, RefillHistory, RefillPlan};
pub use refund::{PartState, PaymentLeft, RefundState, RefundTooLarge, refundable, split, tax_back};
pub use retry::{NextTry, next_try};
pub use risk::{RiskFacts, Verdict, judge};

crate::id_kind!(PaymentId, PaymentKind, "pay");
crate::id_kind!(MethodId, MethodKind, "pm");
crate::id_kind!(RefundId, RefundKind, "rf");
crate::id_kind!(BillId, BillKind, "bill");
crate::id_kind!(BillDisputeId, BillDisputeKind, "disp");
crate::id_kind!(InvoiceRequestId, InvoiceRequestKind, "ireq");

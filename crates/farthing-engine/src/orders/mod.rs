//! What is bought ahead: orders, and what runs for a time because of them.
//!
//! ```text
//! place ──> due: a bill at once, or the balance ──> paid ──> provisioning ──> active
//!              └> its time is over: expired            └> not made in time: voided, everything back
//! a change, a pause, an end ──> what should be billed by now - what was billed ──> an order, or money back
//! ```
//!
//! What is had and when is an agreement (core `term`); each plan in each period has its money in a row of its own, whose deferred account
//! is that of the order it was bought with. Nothing here is polled: orders, subscriptions and terms each have the next instant at
//! which something happens to them.

mod agreement;
mod arrears;
mod asked;
mod change;
mod earn;
mod end;
mod facts;
mod pay;
mod place;
mod provision;
mod renew;
mod run;

pub use change::{NewChange, When};
pub use end::Ending;
pub use facts::{OrderFacts, SubscriptionFacts, TermFacts};
pub use pay::NewOrderPayment;
pub use place::{NewOrder, Wanted};
pub use provision::Made;

pub(crate) use agreement::{had_of_space, subscription_named};
pub(crate) use arrears::{bring_back, delete, product_of_term, suspend, unpaid};
pub(crate) use end::reported;
pub(crate) use pay::{bill_paid, money_came};
pub(crate) use renew::{Renewal, await_renewals, renewals_due, renewed};

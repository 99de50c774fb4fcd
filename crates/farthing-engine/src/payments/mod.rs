//! Payments: money that comes through providers, what it is paid with, and how it goes back.
//!
//! Whatever is asked of a provider is an errand: written with its cause, carried after it, with the same key each time it is tried. What
//! a provider answers and what it tells by itself go the same way (`take_news`), so a webhook may come before the answer, twice,
//! or instead of it. The pretended provider (`sandbox`) is asked in the same way, and keeps what it was asked in tables of its own.

mod book_money;
mod codes;
mod debits;
mod errands;
mod facts;
mod given_up;
mod keep_methods;
mod pay_in;
mod provider;
mod refill;
mod refund;
mod refund_outside;
mod review;
mod sandbox;
mod take_news;

pub(crate) use book_money::{Incoming, book_incoming, pay_arrears};
pub(crate) use debits::{chargeable, must_be_eligible};
pub(crate) use errands::send_errand;
pub use facts::{DisputeFacts, MethodFacts, PaidFacts, PaymentFacts, RefillFacts, RefundFacts, RefundPartFacts};
pub use given_up::GivenUp;
pub(crate) use keep_methods::insert_method;
pub use keep_methods::{MethodChange, NewMethod};
pub(crate) use pay_in::{
    Chosen, NewPayment, choose as choose_method, insert_payment, method_label, of_method, paid_with, top_up_for,
    within_bounds, write_payment,
};
pub use pay_in::{NewPayIn, PayBy};
pub(crate) use provider::Through;
pub use provider::{Provider, Providers};
pub use refill::RefillChange;
pub(crate) use refill::{Instead, begin_instead, could_begin, watch as watch_refill};
pub use refund::NewRefund;
pub(crate) use refund::refund_rest;
pub(crate) use take_news::{take_method_news, take_payment_news, take_refund_news};

//! The client against recorded exchanges, and against somebody else's idea of Stripe.

mod events;
mod exchanges;
mod http;
mod localstripe;
mod player;
mod troubles;

use farthing_core::money::Money;
use farthing_core::payment::{Ask, Customer, MethodId, PaymentId, RefundId, What};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use farthing_stripe::{SecretText, Stripe, StripeSettings};

pub(crate) const KEY: &str = "sk_test_not_to_be_seen";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_not_to_be_seen";

pub(crate) fn payment() -> PaymentId {
    PaymentId::from_bytes([1; 16])
}

pub(crate) fn method() -> MethodId {
    MethodId::from_bytes([2; 16])
}

pub(crate) fn refund() -> RefundId {
    RefundId::from_bytes([3; 16])
}

pub(crate) fn settings(api_base: &str) -> StripeSettings {
    StripeSettings {
        api_base: api_base.to_owned(),
        ..StripeSettings::new(SecretText::new(KEY), vec![SecretText::new(WEBHOOK_SECRET)])
    }
}

pub(crate) fn stripe(api_base: &str) -> Stripe {
    Stripe::new(settings(api_base))
}

/// Asked by a customer that Stripe knows.
pub(crate) fn ask(what: What) -> Ask {
    let customer = Customer {
        account: "acme".to_owned(),
        reference: Some("cus_Acme".to_owned()),
        name: "Acme GmbH".to_owned(),
        email: "billing@acme.example".to_owned(),
    };
    Ask { key: "key-1".to_owned(), cloud: "one".to_owned(), customer, what }
}

pub(crate) fn charge(channel: Channel, present: bool) -> What {
    What::Charge {
        payment: payment(),
        amount: money("12.50 EUR"),
        channel,
        token: "pm_Visa".to_owned(),
        present,
        text: "Top-up".to_owned(),
    }
}

pub(crate) fn money(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::try_from_seconds(seconds).expect("an instant")
}

/// What `{payment}`, `{method}` and `{refund}` stand for in the recordings.
pub(crate) fn filled(text: &str) -> String {
    text.replace("{payment}", &payment().to_string())
        .replace("{method}", &method().to_string())
        .replace("{refund}", &refund().to_string())
}

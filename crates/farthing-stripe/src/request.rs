//! What Stripe is asked, field by field. Pure: the same `Ask` is the same form, or Stripe would not take it under the same key.

use crate::reply::{ACCOUNT, METHOD, PAGE, PART, PAYMENT, REFUND, kind};
use crate::wire::Form;
use farthing_core::money::Currency;
use farthing_core::payment::{Customer, MethodId, PaymentId, RefundId};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What Stripe allows a page.
const PAGE_SECONDS_MIN: i64 = 30 * 60;
const PAGE_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Between our clock and the one that decides.
const MARGIN_SECONDS: i64 = 60;

/// An amount as Stripe counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    pub(crate) value: i64,
    pub(crate) currency: Currency,
}

impl Amount {
    fn code(self) -> String {
        self.currency.code().to_ascii_lowercase()
    }
}

pub(crate) fn customer(customer: &Customer) -> Form {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Form::default()
        .with_some("name", some(&customer.name))
        .with_some("email", some(&customer.email))
        .with(&meta(ACCOUNT), &customer.account)
}

/// One customer an account, however often it is asked. What is said of it is in the key as well: Stripe refuses one key with two
/// names, and an account renamed between two tries would never get its customer.
pub(crate) fn customer_once(cloud: &str, customer: &Customer) -> String {
    let mut hash = Sha256::new();
    for part in [cloud, &customer.account, &customer.name, &customer.email] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    hash.iter().take(16).fold("farthing-customer-".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[derive(Debug)]
pub(crate) struct Charge<'a> {
    pub(crate) payment: PaymentId,
    pub(crate) amount: Amount,
    pub(crate) customer: &'a str,
    pub(crate) channel: Channel,
    pub(crate) token: &'a str,
    pub(crate) present: bool,
    pub(crate) back: Option<&'a str>,
    pub(crate) text: &'a str,
}

pub(crate) fn charge(charge: &Charge<'_>) -> Form {
    // A bank's debit and PayPal go by the mandate that was given when they were set up. On the session they would want a new one,
    // with the address of the customer's browser; nobody's presence makes them more certain.
    let on_session = charge.present && charge.channel == Channel::Card;
    Form::default()
        .with("amount", charge.amount.value)
        .with("currency", charge.amount.code())
        .with("customer", charge.customer)
        .with("payment_method", charge.token)
        .with("payment_method_types[]", kind(charge.channel))
        .with("confirm", "true")
        .with("off_session", !on_session)
        // Captured at once rather than soon after, so that the fee is in the answer.
        .with("capture_method", "automatic")
        .with_some("return_url", charge.back.filter(|_| on_session))
        .with_some("description", (!charge.text.is_empty()).then_some(charge.text))
        .with(&meta(PAYMENT), charge.payment)
        .with("expand[]", "latest_charge.balance_transaction")
}

#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) payment: PaymentId,
    pub(crate) amount: Amount,
    pub(crate) customer: &'a str,
    pub(crate) channel: Channel,
    pub(crate) keep: bool,
    pub(crate) back: &'a str,
    pub(crate) until_seconds: i64,
    pub(crate) text: &'a str,
}

pub(crate) fn page(page: &Page<'_>) -> Form {
    let keep = page.keep;
    let name = if page.text.is_empty() { "Payment" } else { page.text };
    Form::default()
        .with("mode", "payment")
        .with("customer", page.customer)
        .with("client_reference_id", page.payment)
        .with("payment_method_types[]", kind(page.channel))
        .with("line_items[0][quantity]", 1)
        .with("line_items[0][price_data][currency]", page.amount.code())
        .with("line_items[0][price_data][unit_amount]", page.amount.value)
        .with("line_items[0][price_data][product_data][name]", name)
        // What is paid is what is owed, in its currency.
        .with("adaptive_pricing[enabled]", "false")
        .with_some("payment_intent_data[description]", (!page.text.is_empty()).then_some(page.text))
        .with("payment_intent_data[capture_method]", "automatic")
        .with_some("payment_intent_data[setup_future_usage]", keep.then_some("off_session"))
        .with(&format!("payment_intent_data[{}", meta(PAYMENT).replacen('[', "][", 1)), page.payment)
        .with(&format!("payment_intent_data[{}", meta(PAGE).replacen('[', "][", 1)), 1)
        .with(&meta(PAYMENT), page.payment)
        .with("success_url", page.back)
        .with("cancel_url", page.back)
        .with("expires_at", page.until_seconds)
}

/// A wallet that is scanned: an intent at once, so that what its code says is ours to draw. It has no end of its own; at ours it is cancelled.
pub(crate) fn wallet(page: &Page<'_>) -> Form {
    let is_wechat = page.channel == Channel::WechatPay;
    Form::default()
        .with("amount", page.amount.value)
        .with("currency", page.amount.code())
        .with("customer", page.customer)
        .with("payment_method_types[]", kind(page.channel))
        .with("payment_method_data[type]", kind(page.channel))
        // Of the three ways in which WeChat is paid, the one by a code on a page.
        .with_some("payment_method_options[wechat_pay][client]", is_wechat.then_some("web"))
        .with("confirm", "true")
        .with("capture_method", "automatic")
        .with_some("return_url", (!is_wechat).then_some(page.back))
        .with_some("description", (!page.text.is_empty()).then_some(page.text))
        .with(&meta(PAYMENT), page.payment)
        .with("expand[]", "latest_charge.balance_transaction")
}

/// When the page ends, in seconds, and whether that is another time than was asked for.
pub(crate) fn page_end(until: Instant, now: Instant) -> (i64, bool) {
    let seconds = |instant: Instant| instant.micros().div_euclid(1_000_000);
    let first = seconds(now).saturating_add(PAGE_SECONDS_MIN + MARGIN_SECONDS);
    let last = seconds(now).saturating_add(PAGE_SECONDS_MAX - MARGIN_SECONDS);
    let end = seconds(until).clamp(first, last);
    (end, end != seconds(until))
}

pub(crate) fn set_up(method: MethodId, customer: &str, channel: Channel) -> Form {
    Form::default()
        .with("customer", customer)
        .with("usage", "off_session")
        .with("payment_method_types[]", kind(channel))
        .with(&meta(METHOD), method)
}

/// It is attached to the customer by this, once the bank has agreed to later charges.
pub(crate) fn set_up_confirm(token: &str, back: &str) -> Form {
    Form::default()
        .with("payment_method", token)
        .with_some("return_url", (!back.is_empty()).then_some(back))
        .with("expand[]", "payment_method")
}

pub(crate) fn set_up_page(method: MethodId, customer: &str, channel: Channel, back: &str) -> Form {
    Form::default()
        .with("mode", "setup")
        .with("customer", customer)
        .with("payment_method_types[]", kind(channel))
        .with(&format!("setup_intent_data[{}", meta(METHOD).replacen('[', "][", 1)), method)
        .with(&format!("setup_intent_data[{}", meta(PAGE).replacen('[', "][", 1)), 1)
        .with(&meta(METHOD), method)
        .with("success_url", back)
        .with("cancel_url", back)
}

pub(crate) fn refund(refund: RefundId, part: i64, payment: PaymentId, intent: &str, amount: Amount) -> Form {
    Form::default()
        .with("payment_intent", intent)
        .with("amount", amount.value)
        .with(&meta(REFUND), refund)
        .with(&meta(PART), part)
        .with(&meta(PAYMENT), payment)
}

pub(crate) fn look() -> Form {
    Form::default().with("expand[]", "latest_charge.balance_transaction").with("expand[]", "payment_method")
}

pub(crate) fn look_at_page() -> Form {
    Form::default()
        .with("expand[]", "payment_intent.latest_charge.balance_transaction")
        .with("expand[]", "payment_intent.payment_method")
}

/// Where nothing of the payment is known but its customer.
pub(crate) fn look_for(customer: &str) -> Form {
    let all = Form::default().with("customer", customer).with("limit", 100);
    all.with("expand[]", "data.latest_charge.balance_transaction").with("expand[]", "data.payment_method")
}

fn meta(name: &str) -> String {
    format!("metadata[{name}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_when_stripe_allows() {
        let at = |seconds: i64| Instant::try_from_seconds(seconds).unwrap();
        let now = at(1_000_000);
        assert_eq!(page_end(at(1_007_200), now), (1_007_200, false));
        assert_eq!(page_end(at(1_000_600), now), (1_001_860, true));
        assert_eq!(page_end(at(999_000), now), (1_001_860, true));
        assert_eq!(page_end(at(1_100_000), now), (1_086_340, true));
    }

    #[test]
    fn one_customer_an_account() {
        let of = |account: &str, name: &str| {
            let (account, name) = (account.to_owned(), name.to_owned());
            customer_once("one", &Customer { account, reference: None, name, email: String::new() })
        };
        assert_eq!(of("acme", "Acme"), of("acme", "Acme"));
        assert_ne!(of("acme", "Acme"), of("acme", "Acme Ltd"));
        assert_ne!(of("acme", ""), of("", "acme"));
        assert!(of("läden", "\n").is_ascii(), "it is sent in a header");
    }
}

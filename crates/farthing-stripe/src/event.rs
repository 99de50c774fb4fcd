//! What Stripe tells by itself. Pure; that it is Stripe who tells it, `signature` has found out.
//!
//! Each fact is taken from one type of event, so that nothing depends on which of several comes first:
//!
//! - A payment on a page ends with the page (`checkout.session.*`): a card that was declined there is followed by another.
//! - What a bank takes back after a payment succeeded, a returned debit as well as a complaint, is a dispute
//!   (<https://docs.stripe.com/payments/sepa-debit>). `charge.failed` is not read: it tells of debits that never arrived, which
//!   `payment_intent.payment_failed` tells as well.
//! - An inquiry (`warning_…`) takes nothing back; should it become a dispute, `charge.dispute.funds_withdrawn` tells.

use crate::failure::failure;
use crate::reply::{
    METHOD, PART, PAYMENT, REFUND, abandoned, action, facts, facts_of, fee, id, instant, intent_failure, is_page,
    money, paid, refund, session_reference, succeeded, text,
};
use farthing_core::payment::{
    About, Failure, FailureCode, MethodId, MethodNews, News, PaymentId, PaymentNews, RefundId, RefundOf, Told,
};
use serde_json::Value;

/// What an endpoint in Stripe's dashboard has to be sent. What else it is sent does no harm.
pub const EVENTS: [&str; 22] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
];

/// None: it means nothing to us.
pub(crate) fn read(body: &[u8]) -> Option<Told> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let object = &event["data"]["object"];
    let (about, news) = match event["type"].as_str()?.split_once('.')? {
        ("payment_intent", what) => of_intent(what, object)?,
        ("checkout", what) => of_session(what, object)?,
        ("charge", what) => of_charge(what, object)?,
        ("refund", "created" | "updated" | "failed") => of_refund(object),
        ("setup_intent", what) => of_setup(what, object)?,
        ("payment_method", what) => of_method(what, object)?,
        _ => return None,
    };
    Some(Told { id: event["id"].as_str()?.to_owned(), at: instant(&event["created"])?, about, news })
}

fn of_intent(what: &str, object: &Value) -> Option<(About, News)> {
    let on_page = is_page(object);
    let news = match what {
        "succeeded" => succeeded(object),
        "processing" => PaymentNews::Pending,
        "requires_action" if !on_page => PaymentNews::ActionNeeded(action(object)?),
        "payment_failed" if !on_page => PaymentNews::Failed(intent_failure(object)),
        "canceled" => PaymentNews::Failed(abandoned()),
        _ => return None,
    };
    let about = About { token: id(&object["payment_method"]).map(str::to_owned), ..about_payment(object, id(object)) };
    Some(payment(about, news))
}

fn of_session(what: &str, object: &Value) -> Option<(About, News)> {
    // Once a method is set up on a page, its `SetupIntent` tells.
    if object["mode"] == "setup" {
        let method = meta(object, METHOD).and_then(|text| MethodId::parse(text).ok());
        let about = About { method, ..About::default() };
        return (what == "session.expired").then(|| (about, News::Method(MethodNews::Failed(abandoned()))));
    }
    let news = match (what, object["payment_status"].as_str()) {
        ("session.completed", Some("paid")) | ("session.async_payment_succeeded", _) => {
            PaymentNews::Succeeded { fee: None, method: None, paid: paid(object) }
        }
        ("session.completed", Some("unpaid")) => PaymentNews::Pending,
        ("session.async_payment_failed", _) => {
            let text = "the customer's bank did not pay it".to_owned();
            PaymentNews::Failed(Failure { code: FailureCode::Returned, text })
        }
        ("session.expired", _) => PaymentNews::Failed(abandoned()),
        _ => return None,
    };
    let reference = session_reference(object);
    Some(payment(about_payment(object, reference.as_deref()), news))
}

fn of_charge(what: &str, object: &Value) -> Option<(About, News)> {
    match what {
        "dispute.created" | "dispute.funds_withdrawn" | "dispute.closed" => of_dispute(what, object),
        // Its object is the refund; the events of `refund` tell the same.
        "refund.updated" => Some(of_refund(object)),
        // Newer versions leave the refunds out, and tell of each by itself.
        "refunded" => object["refunds"]["data"].as_array()?.first().map(of_refund),
        _ => None,
    }
}

fn of_dispute(what: &str, object: &Value) -> Option<(About, News)> {
    let dispute = object["id"].as_str()?.to_owned();
    let amount = money(&object["amount"], &object["currency"])?;
    let status = object["status"].as_str().unwrap_or_default();
    let news = match (what, status) {
        ("dispute.closed", "won" | "lost") => PaymentNews::DisputeEnded { dispute, won: status == "won", amount },
        ("dispute.closed", _) => return None,
        ("dispute.created", inquiry) if inquiry.starts_with("warning_") || inquiry == "prevented" => return None,
        _ => {
            let taken = object["balance_transactions"].as_array().and_then(|all| all.first()).unwrap_or(&Value::Null);
            let fee = fee(taken).filter(|fee| fee.is_positive());
            PaymentNews::Disputed { dispute, amount, fee, why: text(&object["reason"]).replace('_', " ") }
        }
    };
    Some(payment(about_payment(object, id(&object["payment_intent"])), news))
}

fn of_refund(object: &Value) -> (About, News) {
    let reference = id(object).map(str::to_owned);
    let ours = meta(object, REFUND).and_then(|text| RefundId::parse(text).ok());
    let part = meta(object, PART).and_then(|text| text.parse().ok());
    let ours = ours.zip(part);
    // Somebody gave money back in Stripe's dashboard: nothing of ours is on it but the payment it is of.
    let of = || Some((id(&object["payment_intent"])?.to_owned(), money(&object["amount"], &object["currency"])?));
    let refund_of = if ours.is_none() { of() } else { None };
    let refund_of = refund_of.map(|(payment, amount)| RefundOf { payment, amount });
    let about = About { refund: ours, refund_of, ..about_payment(object, reference.as_deref()) };
    (about, News::Refund { reference, news: refund(object) })
}

fn of_setup(what: &str, object: &Value) -> Option<(About, News)> {
    let news = match what {
        "succeeded" => MethodNews::Ready(facts_of(object)?),
        "setup_failed" if !is_page(object) => MethodNews::Failed(failure(&object["last_setup_error"], false)),
        _ => return None,
    };
    let method = meta(object, METHOD).and_then(|text| MethodId::parse(text).ok());
    let token = id(&object["payment_method"]).map(str::to_owned);
    Some((About { method, token, ..About::default() }, News::Method(news)))
}

fn of_method(what: &str, object: &Value) -> Option<(About, News)> {
    let news = match what {
        "detached" => MethodNews::Detached,
        "updated" | "automatically_updated" => MethodNews::Ready(facts(object)?),
        _ => return None,
    };
    Some((About { token: Some(id(object)?.to_owned()), ..About::default() }, News::Method(news)))
}

fn payment(about: About, news: PaymentNews) -> (About, News) {
    let reference = about.reference.clone();
    (about, News::Payment { reference, news })
}

fn about_payment(object: &Value, reference: Option<&str>) -> About {
    About {
        payment: meta(object, PAYMENT).and_then(|text| PaymentId::parse(text).ok()),
        reference: reference.map(str::to_owned),
        ..About::default()
    }
}

fn meta<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"][name].as_str()
}

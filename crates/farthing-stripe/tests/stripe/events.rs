//! What webhooks say, and what follows from it for a payment. The events are written after Stripe's reference.

use crate::{WEBHOOK_SECRET, at, filled, method, money, payment, refund, stripe};
use farthing_core::payment::{
    About, Action, Effect, Expiry, Failure, FailureCode, MethodFacts, MethodNews, News, PaymentNews, Progress,
    RefundNews, RefundOf, State, Told,
};
use farthing_core::policy::Channel;
use farthing_stripe::SignatureError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const NOW: i64 = 1_762_000_100;

pub(crate) fn signed(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(format!("t={seconds},v1="), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes it");
        text
    })
}

fn recorded(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stripe/events").join(file).with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&filled(&text)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// `file/case`.
fn told(name: &str) -> Option<Told> {
    let (file, case) = name.split_once('/').expect("a file and a case");
    let cases = recorded(file);
    let (kind, object) = (&cases[case]["type"], &cases[case]["object"]);
    assert!(kind.is_string(), "{name} is not there");
    let event = json!({
        "id": "evt_1", "object": "event", "api_version": farthing_stripe::API_VERSION, "created": 1_762_000_000,
        "data": { "object": object }, "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "type": kind,
    });
    let body = event.to_string();
    let header = signed(WEBHOOK_SECRET, NOW, body.as_bytes());
    stripe("").told(body.as_bytes(), &header, at(NOW)).expect("it is signed")
}

fn check(name: &str, about: About, news: News) {
    assert_eq!(told(name), Some(Told { id: "evt_1".to_owned(), at: at(1_762_000_000), about, news }), "{name}");
}

fn of_payment(name: &str, about: About, news: PaymentNews) {
    let reference = about.reference.clone();
    check(name, about, News::Payment { reference, news });
}

fn silent(names: &[&str]) {
    for name in names {
        assert_eq!(told(name), None, "{name}");
    }
}

fn ours(token: Option<&str>) -> About {
    let token = token.map(str::to_owned);
    About { payment: Some(payment()), reference: Some("pi_1".to_owned()), token, ..About::default() }
}

fn failure(code: FailureCode, text: &str) -> Failure {
    Failure { code, text: text.to_owned() }
}

fn bare(token: &str, channel: Channel) -> MethodFacts {
    MethodFacts {
        token: token.to_owned(),
        channel,
        brand: String::new(),
        last4: String::new(),
        expires: None,
        country: String::new(),
        funding: None,
        fingerprint: String::new(),
    }
}

const PAID: PaymentNews = PaymentNews::Succeeded { fee: None, method: None, paid: None };

#[test]
fn payments() {
    of_payment("payment_intent/succeeded", ours(Some("pm_Visa")), PAID);
    let kept = PaymentNews::Succeeded { fee: None, method: Some(bare("pm_Visa", Channel::Card)), paid: None };
    of_payment("payment_intent/succeeded and kept", ours(Some("pm_Visa")), kept);
    of_payment("payment_intent/processing", ours(Some("pm_Iban")), PaymentNews::Pending);
    let action = Action { url: "https://hooks.stripe.com/3ds".to_owned(), code: String::new(), until: None };
    of_payment("payment_intent/requires action", ours(Some("pm_Visa")), PaymentNews::ActionNeeded(action));
    let text =
        "The transaction can't be processed because your customer's account information is missing or incorrect.";
    of_payment("payment_intent/failed", ours(None), PaymentNews::Failed(failure(FailureCode::Returned, text)));
    let abandoned = failure(FailureCode::Abandoned, "it was not paid in time");
    of_payment("payment_intent/canceled", ours(None), PaymentNews::Failed(abandoned));
    // Somebody else's payment in the same account of Stripe's: told, and known by nothing of ours.
    let about = About { reference: Some("pi_else".to_owned()), ..About::default() };
    of_payment("payment_intent/of somebody else", about, PAID);
}

/// A card that was declined on a page is not the end of it: another may be tried.
#[test]
fn a_payment_on_a_page_ends_with_the_page() {
    silent(&["payment_intent/created", "payment_intent/failed on a page", "payment_intent/requires action on a page"]);
    of_payment("checkout/paid", ours(None), PAID);
    let in_yuan = PaymentNews::Succeeded { fee: None, method: None, paid: Some(money("72.30 CNY")) };
    of_payment("checkout/paid in yuan", ours(None), in_yuan);
    of_payment("checkout/on its way", ours(None), PaymentNews::Pending);
    of_payment("checkout/arrived", ours(None), PAID);
    let returned = failure(FailureCode::Returned, "the customer's bank did not pay it");
    of_payment("checkout/did not arrive", ours(None), PaymentNews::Failed(returned));
    let abandoned = || failure(FailureCode::Abandoned, "it was not paid in time");
    let about = About { reference: Some("cs_test_a1".to_owned()), ..ours(None) };
    of_payment("checkout/expired", about, PaymentNews::Failed(abandoned()));
    silent(&["checkout/set up"]);
    let about = About { method: Some(method()), ..About::default() };
    check("checkout/not set up in time", about, News::Method(MethodNews::Failed(abandoned())));
}

/// A dispute knows the payment by its reference alone.
#[test]
fn disputes() {
    let about = || About { reference: Some("pi_1".to_owned()), ..About::default() };
    let disputed = |dispute: &str, fee: Option<&str>, why: &str| PaymentNews::Disputed {
        dispute: dispute.to_owned(),
        amount: money("12.50 EUR"),
        fee: fee.map(money),
        why: why.to_owned(),
    };
    of_payment("charge/disputed", about(), disputed("du_1", Some("20 EUR"), "product not received"));
    of_payment("charge/returned", about(), disputed("du_2", None, "insufficient funds"));
    of_payment("charge/returned, withdrawn", about(), disputed("du_2", Some("7.50 EUR"), "insufficient funds"));
    let ended =
        |dispute: &str, won| PaymentNews::DisputeEnded { dispute: dispute.to_owned(), won, amount: money("12.50 EUR") };
    of_payment("charge/returned, closed", about(), ended("du_2", false));
    of_payment("charge/won", about(), ended("du_1", true));
    // Nothing is taken by an inquiry; what comes again is told by the end of the dispute.
    silent(&["charge/inquiry", "charge/inquiry closed", "charge/funds reinstated", "charge/failed"]);
}

#[test]
fn refunds() {
    let about = || About { refund: Some((refund(), 1)), reference: Some("re_1".to_owned()), ..ours(None) };
    let news = |news| News::Refund { reference: Some("re_1".to_owned()), news };
    let failed = |code, text| RefundNews::Failed(failure(code, text));
    check("refund/created", about(), news(RefundNews::Pending));
    check("refund/updated", about(), news(RefundNews::Sent));
    check("refund/failed", about(), news(failed(FailureCode::Other, "unknown")));
    check("charge/refund updated", about(), news(failed(FailureCode::MethodGone, "lost_or_stolen_card")));
    check("charge/refunded, of an older version", about(), news(RefundNews::Sent));
    silent(&["charge/refunded"]);
    // Somebody gave money back in Stripe's dashboard.
    let reference = Some("re_2".to_owned());
    let refund_of = Some(RefundOf { payment: "pi_1".to_owned(), amount: money("1 EUR") });
    let about = About { reference: reference.clone(), refund_of, ..About::default() };
    check("refund/by hand", about, News::Refund { reference, news: RefundNews::Sent });
}

#[test]
fn methods() {
    let about = |ours: bool, token: Option<&str>| About {
        method: ours.then(method),
        token: token.map(str::to_owned),
        ..About::default()
    };
    let ready = |facts| News::Method(MethodNews::Ready(facts));
    check("method/set up", about(true, Some("pm_Iban")), ready(bare("pm_Iban", Channel::SepaDebit)));
    let text = "The latest attempt to set up the payment method has failed.";
    let refused = MethodNews::Failed(failure(FailureCode::AuthenticationRequired, text));
    check("method/not set up", about(true, None), News::Method(refused));
    let renewed = MethodFacts {
        brand: "visa".to_owned(),
        last4: "4343".to_owned(),
        expires: Expiry::parse("2031-12"),
        country: "US".to_owned(),
        fingerprint: "mToisGZ01V71BCos".to_owned(),
        ..bare("pm_Visa", Channel::Card)
    };
    check("method/renewed", about(false, Some("pm_Visa")), ready(renewed.clone()));
    check("method/changed", about(false, Some("pm_Visa")), ready(renewed));
    check("method/detached", about(false, Some("pm_Visa")), News::Method(MethodNews::Detached));
    silent(&["method/not yet set up on a page", "method/of a kind without a word"]);
}

/// What follows, in the order in which it is told.
fn followed(names: &[&str]) -> (State, Vec<&'static str>) {
    let mut progress = Progress { state: State::Created, disputes: Vec::new() };
    let mut effects = Vec::new();
    for told in names.iter().filter_map(|name| told(name)) {
        let News::Payment { news, .. } = told.news else { continue };
        effects.extend(progress.take(&news));
    }
    let word = |effect: &Effect| match effect {
        Effect::Credit => "credit",
        Effect::Fee(_) => "fee",
        Effect::Fail(_) => "fail",
        Effect::Act(_) => "act",
        Effect::TakeBack { .. } => "take back",
        Effect::GiveAgain { .. } => "give again",
        Effect::StaysGone { .. } => "stays gone",
    };
    (progress.state, effects.iter().map(word).collect())
}

/// A debit that a bank returns after it arrived takes its money back once, whatever is told beside it and in whichever order.
#[test]
fn a_debit_that_comes_back_is_taken_back_once() {
    let (arrived, returned) = ("payment_intent/succeeded", "charge/returned");
    let (withdrawn, closed) = ("charge/returned, withdrawn", "charge/returned, closed");
    let (late, charge) = ("payment_intent/failed", "charge/failed");
    let whole = ["payment_intent/processing", arrived, returned, withdrawn, closed, late, charge, returned];
    assert_eq!(followed(&whole), (State::Succeeded, vec!["credit", "take back", "stays gone"]));
    // The dispute is told before the success, and its end before its beginning.
    assert_eq!(
        followed(&[closed, withdrawn, returned, late, arrived]),
        (State::Succeeded, vec!["credit", "take back"])
    );
    // One that never arrived has nothing to take back.
    assert_eq!(followed(&["payment_intent/processing", charge, late]), (State::Failed, vec!["fail"]));
    // An inquiry that becomes a dispute takes it when the money goes.
    assert_eq!(followed(&[arrived, "charge/inquiry", "charge/inquiry closed"]), (State::Succeeded, vec!["credit"]));
}

#[test]
fn what_is_not_signed_is_not_read() {
    let stripe = stripe("");
    let body = br#"{"id":"evt_1","type":"payment_intent.succeeded"}"#;
    let header = signed("whsec_of_somebody_else", NOW, body);
    assert_eq!(stripe.told(body, &header, at(NOW)), Err(SignatureError::NotOurs));
    let header = signed(WEBHOOK_SECRET, NOW, body);
    assert_eq!(stripe.told(body, &header, at(NOW + 301)), Err(SignatureError::OtherTime { seconds: 301 }));
    assert_eq!(stripe.told(b"{}", &header, at(NOW)), Err(SignatureError::NotOurs));
}

/// What is asked of Stripe's dashboard is what is understood, no less and no more.
#[test]
fn the_list_of_events_is_whole() {
    let mut understood = BTreeSet::new();
    for file in ["charge", "checkout", "method", "payment_intent", "refund"] {
        for (case, event) in recorded(file).as_object().expect("cases by their names") {
            if told(&format!("{file}/{case}")).is_some() {
                understood.insert(event["type"].as_str().expect("a type").to_owned());
            }
        }
    }
    let listed: BTreeSet<String> = farthing_stripe::EVENTS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(understood, listed);
}

/// Whatever Stripe signs, it is news or nothing.
#[test]
fn no_event_is_too_strange() {
    let nothing = [
        "",
        "null",
        "[]",
        "{}",
        "no JSON",
        r#"{"type":"payment_intent"}"#,
        r#"{"type":".","data":7}"#,
        r#"{"id":"evt_1","type":"invoice.paid","created":1,"data":{"object":{}}}"#,
        r#"{"id":"evt_1","type":"charge.dispute.created","created":1,"data":{"object":{"id":"du_1","amount":1.5}}}"#,
        r#"{"id":"evt_1","type":"payment_intent.succeeded","created":99999999999999999,"data":{"object":{}}}"#,
        r#"{"id":7,"type":"payment_intent.succeeded","created":1,"data":{"object":{"id":"pi_1"}}}"#,
    ];
    for body in nothing {
        let header = signed(WEBHOOK_SECRET, NOW, body.as_bytes());
        assert_eq!(stripe("").told(body.as_bytes(), &header, at(NOW)), Ok(None), "{body}");
    }
}

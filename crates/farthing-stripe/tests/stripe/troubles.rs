//! What goes wrong on the way, and what is known then. A payment that may have been made is never told to have failed.

use crate::player::{Act, Player};
use crate::{KEY, ask, charge, method, money, payment, refund, settings, stripe};
use farthing_core::payment::{Ask, FailureCode, News, PaymentNews, What};
use farthing_core::policy::Channel;
use farthing_stripe::{SecretText, Stripe, StripeSettings};
use serde_json::{Value, json};
use std::net::TcpListener;

fn refused(status: u16, error: &Value) -> Act {
    Act::Answer { status, headers: Vec::new(), body: json!({ "error": error }).to_string().into_bytes() }
}

fn stored_card() -> Ask {
    ask(charge(Channel::Card, false))
}

fn set_up() -> Ask {
    let token = Some("pm_Visa".to_owned());
    ask(What::SetUp { method: method(), channel: Channel::Card, token, back: String::new() })
}

fn give_back() -> Ask {
    let payment_reference = "pi_1".to_owned();
    let what =
        What::Refund { refund: refund(), part: 0, payment: payment(), payment_reference, amount: money("5 EUR") };
    ask(what)
}

/// One word for what is known.
fn known(news: &News) -> &'static str {
    match news {
        News::NotNow { .. } => "not now",
        News::Unknown { .. } => "unknown",
        News::Never { .. } => "never",
        News::Payment { news: PaymentNews::Failed(_), .. } => "failed",
        News::Payment { .. } | News::Refund { .. } | News::Method(_) => "else",
    }
}

fn heard(act: Act, ask: &Ask) -> News {
    let player = Player::acting(vec![act]);
    let news = Stripe::new(settings(player.base())).ask(ask).news;
    player.finish();
    assert!(!format!("{news:?}").contains(KEY), "{news:?}");
    news
}

/// What is known after an answer: of a charge, of a refund, and of something that moves no money.
fn check(status: u16, error: &Value, expected: [&str; 3]) {
    let found = [stored_card(), give_back(), set_up()].map(|ask| known(&heard(refused(status, error), &ask)));
    assert_eq!(found, expected, "{status} {error}");
}

#[test]
fn what_is_known_after_each_answer() {
    let message = format!("No such thing as {KEY}");
    let error = |kind: &str, code: &str| json!({ "type": kind, "code": code, "message": message });
    check(400, &error("invalid_request_error", "parameter_unknown"), ["never"; 3]);
    check(401, &error("invalid_request_error", ""), ["never"; 3]);
    check(403, &error("invalid_request_error", ""), ["never"; 3]);
    check(404, &error("invalid_request_error", "resource_missing"), ["never"; 3]);
    check(429, &error("rate_limit_error", "rate_limit"), ["not now"; 3]);
    check(302, &error("", ""), ["never"; 3]);
    // Somebody with the same key is at it, or was at something else with it.
    check(409, &error("idempotency_error", "idempotency_key_in_use"), ["unknown", "unknown", "not now"]);
    check(400, &error("idempotency_error", ""), ["unknown", "unknown", "never"]);
    for status in [408, 424, 500, 502, 503, 504] {
        check(status, &error("api_error", ""), ["unknown", "unknown", "not now"]);
    }
    // Not even an error object.
    check(502, &Value::Null, ["unknown", "unknown", "not now"]);
    check(400, &Value::Null, ["never"; 3]);
}

#[test]
fn the_reason_is_stripes_and_the_key_is_not_in_it() {
    let error = json!({ "type": "invalid_request_error", "message": format!("Amount must be at least €0.50 {KEY}") });
    let why = "Stripe answered 400: Amount must be at least €0.50 …".to_owned();
    assert_eq!(heard(refused(400, &error), &stored_card()), News::Never { why });
    let why = "the key is not one of Stripe's (401): copy it anew".to_owned();
    assert_eq!(heard(refused(401, &error), &stored_card()), News::Never { why });
    let long = json!({ "message": "a".repeat(10_000) });
    let News::Never { why } = heard(refused(400, &long), &stored_card()) else { panic!("it was refused") };
    assert_eq!(why.len(), 500);
    assert!(!format!("{:?} {:?}", settings(""), stripe("")).contains("not_to_be_seen"));
}

#[test]
fn a_pause_is_kept() {
    let headers = vec![("Retry-After".to_owned(), "7".to_owned())];
    let act = Act::Answer { status: 429, headers, body: b"{}".to_vec() };
    let why = "Stripe answered 429: no reason given".to_owned();
    assert_eq!(heard(act, &stored_card()), News::NotNow { why, pause_seconds: Some(7) });
}

#[test]
fn a_method_that_is_gone_is_no_fault_of_ours() {
    let error = json!({ "type": "invalid_request_error", "code": "resource_missing", "param": "payment_method",
        "message": "No such PaymentMethod: 'pm_Visa'" });
    let News::Payment { news: PaymentNews::Failed(failure), .. } = heard(refused(400, &error), &stored_card()) else {
        panic!("another method may be charged")
    };
    assert_eq!(failure.code, FailureCode::MethodGone);
}

#[test]
fn an_answer_that_is_lost_is_no_failure() {
    let cut = || Act::Answer { status: 200, headers: Vec::new(), body: br#"{"id": "pi_1", "sta"#.to_vec() };
    for (ask, expected) in [(stored_card(), "unknown"), (give_back(), "unknown"), (set_up(), "not now")] {
        assert_eq!(known(&heard(Act::HangUp, &ask)), expected, "hung up: {:?}", ask.what);
        assert_eq!(known(&heard(cut(), &ask)), expected, "cut off: {:?}", ask.what);
        let player = Player::acting(vec![Act::Hold]);
        let hasty = Stripe::new(StripeSettings { timeout_seconds: 1, ..settings(player.base()) });
        assert_eq!(known(&hasty.ask(&ask).news), expected, "no answer: {:?}", ask.what);
        player.finish();
    }
}

/// The customer comes before the payment: where that is as far as it went, no money has moved.
#[test]
fn a_customer_that_could_not_be_made_is_no_payment_in_doubt() {
    let mut ask = stored_card();
    ask.customer.reference = None;
    assert_eq!(known(&heard(Act::HangUp, &ask)), "not now");
    assert_eq!(known(&heard(refused(500, &Value::Null), &ask)), "not now");
}

#[test]
fn what_was_not_sent_was_not_done() {
    // Bound and let go: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for base in [format!("http://127.0.0.1:{port}"), "http://no-such-host.invalid".to_owned()] {
        let news = stripe(&base).ask(&stored_card()).news;
        assert_eq!(known(&news), "not now", "{news:?}");
    }
    // Somebody else answers there: no certificate, and then nothing at all.
    for act in [Act::HangUp, Act::Hold] {
        let player = Player::deaf(act);
        let base = player.base().replace("http://", "https://");
        let news = Stripe::new(StripeSettings { timeout_seconds: 1, ..settings(&base) }).ask(&stored_card()).news;
        assert_eq!(known(&news), "not now", "{news:?}");
        player.finish();
    }
    for base in ["", "no address", "http://"] {
        let news = stripe(base).ask(&stored_card()).news;
        assert_eq!(known(&news), "never", "{base:?}: {news:?}");
    }
}

#[test]
fn a_key_that_cannot_be_sent_is_not_shown() {
    let settings = StripeSettings { secret_key: SecretText::new(format!("{KEY}\n")), ..settings("http://127.0.0.1:1") };
    let News::Never { why } = Stripe::new(settings).ask(&stored_card()).news else { panic!("it cannot be sent") };
    assert!(!why.contains(KEY), "{why}");
    let mut ask = stored_card();
    ask.key = "schlüssel\n".to_owned();
    assert_eq!(known(&stripe("http://127.0.0.1:1").ask(&ask).news), "never");
}

/// Nobody listens: what is refused here is refused before anything is sent.
#[test]
fn what_cannot_be_asked_is_not_asked() {
    let nowhere = stripe("http://no-such-host.invalid");
    let mut amount = charge(Channel::Card, false);
    if let What::Charge { amount, .. } = &mut amount {
        *amount = money("0.001 EUR");
    }
    let reference = |text: &str| What::Look { payment: payment(), payment_reference: text.to_owned(), close: false };
    let asked = [
        amount,
        charge(Channel::BankTransfer, false),
        What::SetUp { method: method(), channel: Channel::BankTransfer, token: None, back: String::new() },
        What::Detach { method: method(), token: "pm_1/../../customers".to_owned() },
        What::Detach { method: method(), token: String::new() },
        reference("pi_1?expand[]=customer"),
        reference("../v1/customers"),
    ];
    for what in asked {
        let news = nowhere.ask(&ask(what.clone())).news;
        assert_eq!(known(&news), "never", "{what:?}: {news:?}");
    }
}

//! Against localstripe, a Stripe that others have written from its documentation. It keeps state, signs webhooks, and refuses fields that it
//! does not know; so what is sent here is understood by somebody who has not read our code.
//!
//! It is not Stripe. It knows no descriptions and no return addresses, so none are sent here; no Checkout and no disputes; forgets
//! Idempotency-Keys; says 200 where Stripe says 402 `authentication_required`; and a debit that will arrive has arrived at once. There
//! the recordings are what counts.
//!
//! Python must be installed, with what makes its environments. The tests say so rather than pass without it.

use crate::http::{Request, answer};
use crate::{KEY, WEBHOOK_SECRET, method, money, payment, refund, stripe};
use farthing_core::payment::{
    Ask, Customer, Expiry, FailureCode, MethodFacts, MethodNews, News, PaymentId, PaymentNews, RefundNews, Told, What,
};
use farthing_core::policy::{Channel, Funding};
use farthing_core::time::Instant;
use farthing_stripe::Stripe;
use serde_json::Value;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// It keeps its state in a file that all users of a machine share; here it keeps none. And it ends with whoever holds its input, however
/// they end.
const START: &str = r"
import os, sys, threading
from localstripe import resources, server
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
resources.Store.dump_to_disk = lambda self: None
sys.argv = ['localstripe', '--from-scratch', '--port', sys.argv[1]]
server.start()
";
/// Longer than anything here takes on a machine that does much else.
const PATIENCE: Duration = Duration::from_mins(1);

struct LocalStripe {
    child: Child,
    base: String,
    stripe: Stripe,
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl LocalStripe {
    fn start() -> LocalStripe {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stripe/requirements.txt");
        let python = farthing_testbed::python(&requirements);
        // Somebody else may take the port before it does; then it is tried with another.
        for _ in 0..5 {
            let port = TcpListener::bind("[::]:0").and_then(|free| free.local_addr()).expect("a port is free").port();
            let mut child = Command::new(&python)
                .args(["-c", START, &port.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("python runs");
            let until = std::time::Instant::now() + PATIENCE;
            while std::time::Instant::now() < until && child.try_wait().expect("it is ours").is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    let base = format!("http://127.0.0.1:{port}");
                    return LocalStripe { child, stripe: stripe(&base), base };
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("localstripe does not start");
    }

    /// As a browser or a person at the dashboard would ask.
    fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let sent = ureq::post(format!("{}{path}", self.base)).header("authorization", format!("Bearer {KEY}"));
        let mut response = sent.send_form(form.iter().copied()).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&response.body_mut().read_to_string().expect("text")).unwrap_or_default()
    }

    fn get(&self, path: &str) -> Value {
        let sent = ureq::get(format!("{}{path}", self.base)).header("authorization", format!("Bearer {KEY}"));
        let mut response = sent.call().unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&response.body_mut().read_to_string().expect("text")).expect("JSON")
    }

    fn card(&self, number: &str) -> String {
        let form = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2034"),
            ("card[cvc]", "123"),
        ];
        id(&self.post("/v1/payment_methods", &form))
    }

    fn account(&self, iban: &str) -> String {
        id(&self.post("/v1/payment_methods", &[("type", "sepa_debit"), ("sepa_debit[iban]", iban)]))
    }

    /// A customer with what it pays by.
    fn customer(&self, token: &str) -> String {
        let customer = id(&self.post("/v1/customers", &[("name", "Acme GmbH")]));
        self.post(&format!("/v1/payment_methods/{token}/attach"), &[("customer", &customer)]);
        customer
    }

    fn charge(&self, number: u8, channel: Channel, token: &str) -> (PaymentId, News) {
        let payment = PaymentId::from_bytes([number; 16]);
        let customer = self.customer(token);
        let what = What::Charge {
            payment,
            amount: money("12.50 EUR"),
            channel,
            token: token.to_owned(),
            present: false,
            text: String::new(),
        };
        (payment, self.stripe.ask(&ask(Some(customer), what)).news)
    }
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id: {object}")).to_owned()
}

fn ask(reference: Option<String>, what: What) -> Ask {
    let customer = Customer {
        account: "acme".to_owned(),
        reference,
        name: "Acme GmbH".to_owned(),
        email: "billing@acme.example".to_owned(),
    };
    Ask { key: "key-1".to_owned(), cloud: "one".to_owned(), customer, what }
}

fn reference_of(news: &News) -> String {
    match news {
        News::Payment { reference: Some(reference), .. } => reference.clone(),
        news => panic!("no reference: {news:?}"),
    }
}

fn failure_of(news: &News) -> FailureCode {
    match news {
        News::Payment { news: PaymentNews::Failed(failure), .. } | News::Method(MethodNews::Failed(failure)) => {
            failure.code
        }
        news => panic!("no failure: {news:?}"),
    }
}

/// Takes webhooks, as our server would.
struct Hooks {
    coming: Receiver<(String, Vec<u8>)>,
}

impl Hooks {
    fn of(local: &LocalStripe) -> Hooks {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let (say, coming) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = Request::read(&stream) else { continue };
                answer(&stream, 200, &[], b"");
                let signature = request.header("stripe-signature").unwrap_or_default().to_owned();
                if say.send((signature, request.body)).is_err() {
                    break;
                }
            }
        });
        local.post("/_config/webhooks/ours", &[("url", &url), ("secret", WEBHOOK_SECRET)]);
        Hooks { coming }
    }

    /// The next one that means something.
    fn next(&self, stripe: &Stripe) -> Told {
        loop {
            let (signature, body) = self.coming.recv_timeout(PATIENCE).expect("a webhook comes");
            if let Some(told) = stripe.told(&body, &signature, now()).expect("it is signed") {
                return told;
            }
        }
    }
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    Instant::from_micros(i64::try_from(since.as_micros()).expect("it is not so late"))
}

#[test]
fn a_card_is_set_up_charged_refunded_and_forgotten() {
    let local = LocalStripe::start();
    let token = local.card("4242424242424242");
    let set_up =
        What::SetUp { method: method(), channel: Channel::Card, token: Some(token.clone()), back: String::new() };
    let reply = local.stripe.ask(&ask(None, set_up));
    let customer = reply.customer.expect("it was made");
    let known = local.get(&format!("/v1/customers/{customer}"));
    assert_eq!((&known["name"], &known["email"]), (&"Acme GmbH".into(), &"billing@acme.example".into()));
    assert_eq!(known["metadata"]["farthing_account"], "acme");
    let News::Method(MethodNews::Ready(facts)) = reply.news else { panic!("{:?}", reply.news) };
    assert!(!facts.fingerprint.is_empty());
    let wanted = MethodFacts {
        token: token.clone(),
        channel: Channel::Card,
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
        expires: Expiry::parse("2034-12"),
        country: "FR".to_owned(),
        funding: Some(Funding::Credit),
        fingerprint: facts.fingerprint.clone(),
    };
    assert_eq!(facts, wanted);

    let what = What::Charge {
        payment: payment(),
        amount: money("12.50 EUR"),
        channel: Channel::Card,
        token: token.clone(),
        present: false,
        text: String::new(),
    };
    let reply = local.stripe.ask(&ask(Some(customer.clone()), what));
    assert_eq!(reply.customer.as_deref(), Some(customer.as_str()));
    let reference = reference_of(&reply.news);
    let paid = PaymentNews::Succeeded { fee: Some(money("0 EUR")), method: None, paid: None };
    let wanted = News::Payment { reference: Some(reference.clone()), news: paid };
    assert_eq!(reply.news, wanted);
    let intent = local.get(&format!("/v1/payment_intents/{reference}"));
    assert_eq!((&intent["amount"], &intent["currency"]), (&1_250.into(), &"eur".into()));
    assert_eq!(intent["metadata"]["farthing_payment"], payment().to_string());

    let look = What::Look { payment: payment(), payment_reference: reference.clone(), close: false };
    assert_eq!(local.stripe.ask(&ask(Some(customer.clone()), look)).news, wanted);

    let back = What::Refund {
        refund: refund(),
        part: 2,
        payment: payment(),
        payment_reference: reference.clone(),
        amount: money("5 EUR"),
    };
    let News::Refund { reference: Some(refunded), news: RefundNews::Sent } =
        local.stripe.ask(&ask(Some(customer.clone()), back)).news
    else {
        panic!("it is refunded at once")
    };
    let there = local.get(&format!("/v1/refunds/{refunded}"));
    assert_eq!((&there["amount"], &there["payment_intent"]), (&500.into(), &reference.into()));
    assert_eq!(there["metadata"]["farthing_refund"], refund().to_string());
    assert_eq!(there["metadata"]["farthing_part"], "2");

    let detach = What::Detach { method: method(), token: token.clone() };
    assert_eq!(local.stripe.ask(&ask(Some(customer), detach)).news, News::Method(MethodNews::Detached));
    assert_eq!(local.get(&format!("/v1/payment_methods/{token}"))["customer"], Value::Null);
}

#[test]
fn cards_that_do_not_pay() {
    let local = LocalStripe::start();
    let refused = |number: &str| {
        let token = Some(local.card(number));
        let what = What::SetUp { method: method(), channel: Channel::Card, token, back: String::new() };
        failure_of(&local.stripe.ask(&ask(None, what)).news)
    };
    assert_eq!(refused("4000000000000002"), FailureCode::Declined, "when it is set up");
    // It wants its owner, and no page is named to which they could be sent.
    assert_eq!(refused("4000002760003184"), FailureCode::AuthenticationRequired);
    let (_, news) = local.charge(11, Channel::Card, &local.card("4000000000000341"));
    assert_eq!(failure_of(&news), FailureCode::Declined, "when it is charged");
    let (_, news) = local.charge(12, Channel::Card, &local.card("4000002760003184"));
    assert_eq!(failure_of(&news), FailureCode::AuthenticationRequired, "nobody is there to confirm it");
    let what = What::Look { payment: payment(), payment_reference: "pi_never".to_owned(), close: false };
    let news = local.stripe.ask(&ask(None, what)).news;
    assert_eq!(news, News::Never { why: "Stripe answered 404: Not Found".to_owned() });
}

#[test]
fn what_its_webhooks_say() {
    let local = LocalStripe::start();
    let hooks = Hooks::of(&local);

    let (payment, news) = local.charge(21, Channel::Card, &local.card("4242424242424242"));
    let told = hooks.next(&local.stripe);
    assert_eq!(told.about.payment, Some(payment));
    assert_eq!(told.about.reference, Some(reference_of(&news)));
    let bare = PaymentNews::Succeeded { fee: None, method: None, paid: None };
    // This one sends the charge whole, and the balance's side of it by name, as Stripe sends both.
    assert_eq!(told.news, News::Payment { reference: Some(reference_of(&news)), news: bare });
    // Asked, it is what the answer to the charge was.
    assert_eq!(local.stripe.complete(told).news, news);

    let (payment, news) = local.charge(22, Channel::Card, &local.card("4000000000000341"));
    assert_eq!(failure_of(&news), FailureCode::Declined);
    let told = hooks.next(&local.stripe);
    assert_eq!((told.about.payment, failure_of(&told.news)), (Some(payment), FailureCode::Declined));

    let (payment, _) = local.charge(23, Channel::SepaDebit, &local.account("DE89370400440532013000"));
    let told = hooks.next(&local.stripe);
    assert_eq!(told.about.payment, Some(payment));
    assert!(matches!(told.news, News::Payment { news: PaymentNews::Succeeded { .. }, .. }), "{told:?}");

    // It is on its way, and the bank says no later.
    let (payment, news) = local.charge(24, Channel::SepaDebit, &local.account("DE62370400440532013001"));
    assert!(matches!(news, News::Payment { news: PaymentNews::Pending, .. }), "{news:?}");
    let told = hooks.next(&local.stripe);
    assert_eq!(told.about.payment, Some(payment));
    failure_of(&told.news);
    let look = What::Look { payment, payment_reference: reference_of(&news), close: false };
    failure_of(&local.stripe.ask(&ask(None, look)).news);
}

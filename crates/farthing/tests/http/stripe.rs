//! Live money, through a Stripe of the test's own: whatever comes first, comes twice or is lost, it is credited once and charged once.

use crate::bed::{Bed, Server, fresh, until};
use crate::client::{Answer, Request};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

const KEY: &str = "sk_test_known_to_nobody";
const WEBHOOK_SECRET: &str = "whsec_known_to_nobody";

/// How it treats a charge. Whatever it does with its answers, the charge is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Answers,
    /// The answer waits until the mood changes.
    Waits,
    /// The answer never comes.
    Loses,
}

#[derive(Debug, Default)]
struct Books {
    mood: Mood,
    /// What each Idempotency-Key was answered, as Stripe remembers it.
    known: BTreeMap<String, Value>,
    /// Each POST of a charge: its Idempotency-Key.
    charges_asked: Vec<String>,
    /// By id, each charged once.
    intents: BTreeMap<String, Value>,
    wrong_keys: usize,
}

#[derive(Debug)]
struct FakeStripe {
    address: SocketAddr,
    books: Arc<(Mutex<Books>, Condvar)>,
}

impl FakeStripe {
    fn start() -> FakeStripe {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let books: Arc<(Mutex<Books>, Condvar)> = Arc::default();
        let own = books.clone();
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let books = own.clone();
                std::thread::spawn(move || answer(&stream, &books));
            }
        });
        FakeStripe { address, books }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feels(&self, mood: Mood) {
        self.books().mood = mood;
        self.books.1.notify_all();
    }

    /// Of the payment, as an event has it: what is expanded in answers is an id here.
    fn event_of(&self, payment: &str) -> Value {
        let books = self.books();
        let mut intent = books
            .intents
            .values()
            .find(|intent| intent["metadata"]["farthing_payment"] == payment)
            .expect("it was charged")
            .clone();
        intent["latest_charge"] = json!("ch_1");
        json!({ "id": fresh("evt"), "type": "payment_intent.succeeded", "created": now(), "data": { "object": intent } })
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

fn answer(stream: &TcpStream, books: &(Mutex<Books>, Condvar)) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.split('?').next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let form = pairs(std::str::from_utf8(&body).ok()?);
    let (status, said) = told(&method, &path, &headers, &form, books)?;
    let text = said.to_string();
    let head = format!(
        "HTTP/1.1 {status} Told\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes())).ok()
}

fn told(
    method: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
    form: &BTreeMap<String, String>,
    books: &(Mutex<Books>, Condvar),
) -> Option<(u16, Value)> {
    let lock = || books.0.lock().unwrap_or_else(PoisonError::into_inner);
    if headers.get("authorization").is_none_or(|sent| *sent != format!("Bearer {KEY}")) {
        lock().wrong_keys += 1;
        return Some((401, json!({ "error": { "type": "invalid_request_error", "message": "no such key" } })));
    }
    if method == "GET" {
        let id = path.strip_prefix("/v1/payment_intents/").unwrap_or_default();
        return Some(match lock().intents.get(id) {
            Some(intent) => (200, intent.clone()),
            None => (404, json!({ "error": { "code": "resource_missing", "message": "no such thing" } })),
        });
    }
    let once = headers.get("idempotency-key")?.clone();
    if path == "/v1/customers" {
        return Some((200, json!({ "id": "cus_1", "object": "customer" })));
    }
    assert_eq!(path, "/v1/payment_intents", "nothing else is asked here");
    let mut books_now = lock();
    books_now.charges_asked.push(once.clone());
    if !books_now.known.contains_key(&once) {
        let id = format!("pi_{}", books_now.intents.len() + 1);
        let intent = json!({
            "id": id, "object": "payment_intent", "status": "succeeded", "amount": form["amount"].parse::<i64>().ok()?,
            "currency": form["currency"], "metadata": { "farthing_payment": form["metadata[farthing_payment]"] },
            "payment_method": form["payment_method"], "payment_method_types": ["card"],
            "latest_charge": { "id": "ch_1", "balance_transaction": { "fee": 59, "currency": form["currency"] } },
        });
        books_now.intents.insert(id, intent.clone());
        books_now.known.insert(once.clone(), intent);
    }
    let said = books_now.known[&once].clone();
    while books_now.mood == Mood::Waits {
        books_now = books.1.wait(books_now).unwrap_or_else(PoisonError::into_inner);
    }
    let lost = books_now.mood == Mood::Loses;
    drop(books_now);
    if lost {
        // Longer than it is waited for.
        std::thread::sleep(Duration::from_secs(5));
        return None;
    }
    Some((200, said))
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let pair: Vec<u8> = rest.by_ref().take(2).collect();
                    u8::from_str_radix(std::str::from_utf8(&pair).expect("ASCII"), 16).expect("two digits")
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// A cloud whose money comes through it, and an account.
fn serve(bed: &Bed, stripe: &FakeStripe) -> (Server, String) {
    bed.cloud("ours");
    let (secret, webhooks) = (bed.folder().join("stripe.key"), bed.folder().join("stripe.webhooks"));
    std::fs::write(&secret, format!("{KEY}\n")).expect("written");
    std::fs::write(&webhooks, format!("whsec_of_before\n{WEBHOOK_SECRET}\n")).expect("written");
    let settings = format!(
        "[payments.ours.stripe]\nsecret_key_file = \"{}\"\nwebhook_secret_file = \"{}\"\n\
         api_base = \"http://{}\"\ntimeout_seconds = 2\nrequests_per_second = 100\n",
        secret.display(),
        webhooks.display(),
        stripe.address
    );
    let server = bed.serve_with(&settings);
    let key = bed.key("ours", false, "admin");
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    (server, key)
}

fn signed(event: &Value, secret: &str) -> Request {
    let (body, at) = (event.to_string(), now());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    let signature = mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let header = format!("t={at},v1={signature}");
    Request::new("POST", "/v1/providers/stripe/ours/events")
        .header("Stripe-Signature", &header)
        .body("application/json", body.as_bytes())
}

fn new_payment(key: &str) -> Request {
    let new = json!({ "amount": { "amount": "25.00", "currency": "USD" }, "by": { "token": "pm_card_visa" } });
    Request::post("/v1/accounts/acme/payments", &new).key(key).once(&fresh("once"))
}

fn id_of(answer: &Answer) -> String {
    answer.expect(201)["id"].as_str().expect("an id").to_owned()
}

fn balance(server: &Server, key: &str) -> String {
    let balance = server.get(key, "/v1/accounts/acme/balance");
    balance["available"].as_str().expect("an amount").to_owned()
}

fn state(server: &Server, key: &str, payment: &str) -> String {
    server.get(key, &format!("/v1/payments/{payment}"))["state"].as_str().expect("a state").to_owned()
}

/// Nothing of what is secret has been said.
fn nothing_told(server: &Server) {
    let log = server.log().join("\n");
    assert!(log.contains("Stripe has answered") || log.contains("it is asked again"), "{log}");
    for secret in [KEY, WEBHOOK_SECRET, "known_to_nobody", "whsec_of_before"] {
        assert!(!log.contains(secret), "{log}");
    }
}

both! {
    fn credited_once_whatever_comes_first(bed: &Bed) {
        let stripe = FakeStripe::start();
        let (server, key) = serve(bed, &stripe);

        // The answer first, then its webhook, twice.
        let answered = server.send(&new_payment(&key));
        assert_eq!((answered.expect(201)["state"].as_str(), balance(&server, &key).as_str()), (Some("succeeded"), "25.00"));
        let event = stripe.event_of(&id_of(&answered));
        for _ in 0..2 {
            assert_eq!(server.send(&signed(&event, WEBHOOK_SECRET)).status, 200);
        }
        assert_eq!(balance(&server, &key), "25.00");

        // The webhook first, while the answer is waited for.
        stripe.feels(Mood::Waits);
        let (address, request) = (server.address(), new_payment(&key));
        let asking = std::thread::spawn(move || request.send(address).expect("an answer"));
        let payment = until("it is charged", || {
            let books = stripe.books();
            let newest = books.intents.get("pi_2")?;
            newest["metadata"]["farthing_payment"].as_str().map(str::to_owned)
        });
        assert_eq!(server.send(&signed(&stripe.event_of(&payment), "whsec_of_before")).status, 200, "while it is rolled both are good");
        assert_eq!((state(&server, &key, &payment).as_str(), balance(&server, &key).as_str()), ("succeeded", "50.00"));
        stripe.feels(Mood::Answers);
        assert_eq!(id_of(&asking.join().expect("it does not panic")), payment);
        assert_eq!(balance(&server, &key), "50.00");

        // No answer at all, and the webhook fifty times at once.
        stripe.feels(Mood::Loses);
        let lost = server.send(&new_payment(&key));
        assert_eq!(lost.expect(201)["state"], "unknown", "nobody knows, so nobody says that it failed");
        let event = stripe.event_of(&id_of(&lost));
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let tell = || scope.spawn(|| server.send(&signed(&event, WEBHOOK_SECRET)).status);
            let telling: Vec<_> = (0..50).map(|_| tell()).collect();
            telling.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        assert_eq!(answers, [200; 50]);
        assert_eq!((state(&server, &key, &id_of(&lost)).as_str(), balance(&server, &key).as_str()), ("succeeded", "75.00"));
        let books = stripe.books();
        assert_eq!((books.intents.len(), books.wrong_keys), (3, 0), "each was charged once, with the key that the settings name");
        drop(books);
        nothing_told(&server);
        drop(server);
        bed.verify();
    }
}

both! {
    /// Charged, and the answer lost: it is asked again under the same key, which charges nothing again.
    fn a_lost_answer_is_asked_for_again(bed: &Bed) {
        let stripe = FakeStripe::start();
        let (server, key) = serve(bed, &stripe);
        stripe.feels(Mood::Loses);
        let lost = server.send(&new_payment(&key));
        assert_eq!((lost.expect(201)["state"].as_str(), balance(&server, &key).as_str()), (Some("unknown"), "0.00"));
        stripe.feels(Mood::Answers);
        let payment = id_of(&lost);
        until("it is asked again", || (state(&server, &key, &payment) == "succeeded").then_some(()));
        assert_eq!(balance(&server, &key), "25.00");
        let asked = stripe.books().charges_asked.clone();
        assert!(asked.len() >= 2 && asked.iter().all(|once| *once == asked[0]), "{asked:?}");
        assert_eq!(stripe.books().intents.len(), 1, "it is charged once");
        nothing_told(&server);
        drop(server);
        bed.verify();
    }
}

both! {
    /// 10.00 of 25.00 are given back in Stripe's dashboard: told twice, and of the same refund by another event, it is one refund.
    fn a_refund_by_hand_is_booked_once(bed: &Bed) {
        let stripe = FakeStripe::start();
        let (server, key) = serve(bed, &stripe);
        let payment = id_of(&server.send(&new_payment(&key)));
        let by_hand = |kind: &str, status: &str| {
            json!({ "id": fresh("evt"), "type": kind, "created": now(), "data": { "object": {
                "id": "re_hand", "object": "refund", "amount": 1000, "charge": "ch_1", "currency": "usd", "metadata": {},
                "payment_intent": "pi_1", "status": status,
            } } })
        };
        let (created, updated) = (by_hand("refund.created", "pending"), by_hand("refund.updated", "succeeded"));
        for event in [&created, &created, &updated, &updated, &by_hand("charge.refund.updated", "succeeded")] {
            assert_eq!(server.send(&signed(event, WEBHOOK_SECRET)).status, 200);
        }
        assert_eq!((state(&server, &key, &payment).as_str(), balance(&server, &key).as_str()), ("refunded_in_part", "15.00"));
        let refunds = server.get(&key, "/v1/refunds?account=acme");
        assert_eq!(refunds["data"].as_array().map(Vec::len), Some(1), "{refunds}");
        let refund = &refunds["data"][0];
        assert_eq!((refund["state"].as_str(), refund["decided_by"].as_str()), (Some("sent"), Some("stripe")), "{refund}");
        assert!(refund["note"].as_str().is_some_and(|note| note.contains("re_hand")), "{refund}");
        // Of a payment that is nobody's here nothing happens.
        let mut strange = by_hand("refund.created", "succeeded");
        strange["data"]["object"]["payment_intent"] = json!("pi_of_somebody");
        strange["data"]["object"]["id"] = json!("re_else");
        assert_eq!(server.send(&signed(&strange, WEBHOOK_SECRET)).status, 200);
        assert_eq!(balance(&server, &key), "15.00");
        nothing_told(&server);
        drop(server);
        bed.verify();
    }
}

/// What nobody known has signed changes nothing, and says nothing.
#[test]
fn only_what_is_signed_is_read() {
    let bed = Bed::sqlite();
    let stripe = FakeStripe::start();
    let (server, key) = serve(&bed, &stripe);
    stripe.feels(Mood::Loses);
    let lost = server.send(&new_payment(&key));
    let event = stripe.event_of(&id_of(&lost));
    assert_eq!(server.send(&signed(&event, "whsec_of_somebody")).problem(400), "signature_wrong");
    let path = "/v1/providers/stripe/ours/events";
    let bare = Request::new("POST", path).body("application/json", event.to_string().as_bytes());
    assert_eq!(server.send(&bare).problem(400), "signature_wrong");
    assert_eq!(server.send(&bare.header("Stripe-Signature", "t=1,v1=00")).problem(400), "signature_wrong");
    assert_eq!((state(&server, &key, &id_of(&lost)).as_str(), balance(&server, &key).as_str()), ("unknown", "0.00"));

    // Signed, and nothing to us; or of something that is not here.
    let other = json!({ "id": "evt_x", "type": "customer.created", "created": now(), "data": { "object": {} } });
    assert_eq!(server.send(&signed(&other, WEBHOOK_SECRET)).status, 200);
    let mut strange = event.clone();
    strange["data"]["object"]["metadata"]["farthing_payment"] = json!("pay_01m0abw8g0tfjbn245fasf0w43");
    assert_eq!(server.send(&signed(&strange, WEBHOOK_SECRET)).status, 200);
    assert_eq!(balance(&server, &key), "0.00");

    assert_eq!(server.send(&Request::get(path)).problem(405), "method_not_allowed");
    let nowhere = Request::new("POST", "/v1/providers/stripe/theirs/events").body("application/json", b"{}");
    assert_eq!(server.send(&nowhere).problem(404), "not_found");
    let large = Request::new("POST", path).body("application/json", &vec![b' '; 600 * 1024]);
    assert_eq!(server.send(&large).problem(413), "too_large");

    assert_eq!(server.send(&signed(&event, WEBHOOK_SECRET)).status, 200);
    assert_eq!(balance(&server, &key), "25.00");
}

//! The same request again: at the same moment, later, after a kill -9. One effect, one answer.

use crate::bed::{Bed, Server, fresh};
use crate::client::{Answer, Request, usd};
use crate::document::Document;
use crate::world::World;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Barrier;

const AT_ONCE: usize = 100;

/// The same request from a hundred threads that all wait for each other.
fn at_once(address: SocketAddr, request: &Request) -> Vec<Answer> {
    let start = Barrier::new(AT_ONCE);
    std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            request.send(address).expect("an answer")
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    })
}

/// The one answer that all have got.
#[track_caller]
fn one_answer(answers: &[Answer], status: u16) -> Value {
    for answer in answers {
        assert_eq!((answer.status, &answer.body), (status, &answers[0].body));
    }
    answers[0].json()
}

#[track_caller]
fn available(server: &Server, key: &str, account: &str) -> String {
    let balance = server.get(key, &format!("/v1/accounts/{account}/balance"));
    balance["available"].as_str().expect("an amount").to_owned()
}

both! {
    fn a_hundred_times_at_once(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let key = bed.key("ours", false, "admin");
        let post = |path: &str, body: &Value| {
            let request = Request::post(path, body).key(&key).once(path);
            let answers = at_once(server.address(), &request);
            // With another body it is another request.
            let mut other = body.clone();
            other["name"] = json!("another");
            other["account"] = json!("another");
            other["amount"] = usd("0.01");
            for field in ["name", "account", "amount"] {
                if body.get(field).is_none() {
                    other.as_object_mut().expect("an object").remove(field);
                }
            }
            let reused = server.send(&Request::post(path, &other).key(&key).once(path));
            assert_eq!(reused.problem(409), "idempotency_key_reused", "{path}");
            answers
        };
        let count = |path: &str| server.get(&key, path)["data"].as_array().expect("a list").len();

        let account = one_answer(&post("/v1/accounts", &json!({ "name": "acme" })), 201);
        assert_eq!((account["name"].as_str(), count("/v1/accounts")), (Some("acme"), 1));

        one_answer(&post("/v1/accounts/acme/top-ups", &json!({ "amount": usd("50.00") })), 201);
        assert_eq!(available(&server, &key, "acme"), "50.00");

        one_answer(&post("/v1/accounts/acme/grants", &json!({ "name": "welcome", "amount": usd("5.00"), "reason": "sorry" })), 201);
        assert_eq!((available(&server, &key, "acme").as_str(), count("/v1/accounts/acme/grants")), ("55.00", 1));

        let hold = one_answer(&post("/v1/authorisations", &json!({ "account": "acme", "amount": usd("20.00") })), 201);
        assert_eq!(available(&server, &key, "acme"), "35.00");

        let hold = format!("/v1/authorisations/{}", hold["id"].as_str().expect("an id"));
        let taken = one_answer(&post(&format!("{hold}/capture"), &json!({ "amount": usd("7.00") })), 200);
        assert_eq!(taken["captured"]["amount"], "7.00");
        assert_eq!(server.get(&key, &hold)["captured"]["amount"], "7.00");
        assert_eq!(available(&server, &key, "acme"), "35.00", "what was taken was reserved");

        one_answer(&post("/v1/debits", &json!({ "account": "acme", "amount": usd("10.00") })), 201);
        assert_eq!(available(&server, &key, "acme"), "25.00");

        let made = one_answer(&post("/v1/keys", &json!({ "name": "agent", "scopes": ["read"] })), 201);
        assert_eq!(count("/v1/keys"), 2, "the one that asks, and the one that was made");
        server.get(made["key"].as_str().expect("a text"), "/v1/cloud");

        drop(server);
        bed.verify();
    }
}

both! {
    /// Of everything that takes an Idempotency-Key, made of the document: again it is the same answer, and another request's
    /// key is refused.
    fn every_operation_that_moves_something_happens_once(bed: &Bed) {
        bed.cloud("ours");
        let (server, document) = (bed.serve(), Document::read());
        // The clock of a test cloud can be moved, too.
        let key = bed.key("ours", true, "admin");
        let world = World { server: &server, document: &document, key: &key, prefix: "ours" };
        let mut tried = 0;
        for operation in document.operations().into_iter().filter(|operation| operation.once && operation.refused_without_a_state().is_none()) {
            let (_, _, needed) = world.good(&operation);
            let draft = world.draft(&operation, &needed);
            let once = fresh("again");
            let ask = |request: Request| server.send(&request.key(&key).once(&once));
            let first = ask(draft.bare());
            assert!(first.is_good(), "{}: {}", operation.name(), first.body);
            let again = ask(draft.bare());
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", operation.name());
            let other = ask(draft.bare_with("again=1"));
            assert_eq!(other.problem(409), "idempotency_key_reused", "{}", operation.name());
            let missing = server.send(&draft.bare().key(&key));
            assert_eq!(missing.problem(400), "idempotency_key_missing", "{}", operation.name());
            tried += 1;
        }
        assert!(tried > 15, "{tried} operations take an Idempotency-Key");
    }
}

both! {
    /// What happened since does not change what was answered.
    fn an_answer_stays_as_it_was(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let key = bed.key("ours", false, "admin");
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": usd("50.00") }));
        let ask = |path: &str, once: &str, body: &Value| server.send(&Request::post(path, body).key(&key).once(once));
        let reserve = || ask("/v1/authorisations", "reserve", &json!({ "account": "acme", "amount": usd("20.00") }));
        let reserved = reserve();
        let hold = reserved.expect(201)["id"].as_str().expect("an id").to_owned();
        let capture = |once: &str| ask(&format!("/v1/authorisations/{hold}/capture"), once, &json!({ "amount": usd("1.00") }));
        let first = capture("first");
        assert_eq!(first.expect(200)["captured"]["amount"], "1.00");
        assert_eq!(capture("second").expect(200)["captured"]["amount"], "2.00");
        assert_eq!(reserve().body, reserved.body, "as it was reserved, whatever was taken of it since");
        assert_eq!(capture("first").body, first.body);

        let change = |once: &str, pay: &str| {
            let change = Request::new("PATCH", "/v1/accounts/acme").json(&json!({ "pay": pay }));
            server.send(&change.key(&key).once(once))
        };
        let before = change("one", "postpaid");
        assert_eq!(before.expect(200)["pay"], "postpaid");
        assert_eq!(change("two", "prepaid").expect(200)["pay"], "prepaid");
        assert_eq!(change("one", "postpaid").body, before.body);
        assert_eq!(server.get(&key, "/v1/accounts/acme")["pay"], "prepaid", "a late repetition changes nothing");
    }
}

both! {
    /// A configuration that was replaced does not come back because somebody's request was slow.
    fn a_late_repetition_applies_nothing(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let key = bed.key("ours", false, "admin");
        let apply = |once: &str, price: &str| {
            let files = json!({ "cloud.toml": crate::bed::policy("ours", "1h"), "catalog.toml": crate::bed::CATALOG.replace("0.36", price) });
            server.send(&Request::post("/v1/policies", &json!({ "files": files, "why": price })).key(&key).once(once))
        };
        assert_eq!(apply("one", "0.40").expect(201)["number"], 2);
        assert_eq!(apply("two", "0.50").expect(201)["number"], 3);
        assert_eq!(apply("one", "0.40").expect(201)["number"], 2, "it was applied, once");
        let versions = server.get(&key, "/v1/policies");
        assert_eq!(versions["data"].as_array().map(Vec::len), Some(3), "{versions}");
    }
}

both! {
    /// A key's secret is answered to the key that asked for it, and to no other that uses the same Idempotency-Key.
    fn two_keys_do_not_share_a_secret(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let (one, two) = (bed.key("ours", false, "admin"), bed.key("ours", false, "admin"));
        let ask = |key: &str| server.send(&Request::post("/v1/keys", &json!({ "name": "agent", "scopes": ["read"] })).key(key).once("agent"));
        let made = ask(&one).expect(201)["key"].as_str().expect("a text").to_owned();
        server.get(&made, "/v1/cloud");
        let other = ask(&two);
        assert_eq!(other.problem(409), "conflict", "{}", other.body);
        assert_eq!(ask(&one).expect(201)["key"], json!(made));
    }
}

both! {
    /// Killed between the effect and the next try: still one effect, and the answer of before.
    fn a_kill_between_changes_nothing(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", false, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let top_up = |once: &str| {
            Request::post("/v1/accounts/acme/top-ups", &json!({ "amount": usd("2.00") })).key(&key).once(once)
        };
        let acknowledged = server.send(&top_up("acknowledged"));
        acknowledged.expect(201);
        // These may be answered or not when it is killed.
        let address = server.address();
        let answers: Vec<std::io::Result<Answer>> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..20)
                .map(|number| {
                    let request = top_up(&format!("in doubt {}", number % 4));
                    scope.spawn(move || request.send(address))
                })
                .collect();
            server.kill();
            asking.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let server = bed.serve();
        let again = server.send(&top_up("acknowledged"));
        assert_eq!((again.status, &again.body), (201, &acknowledged.body));
        for number in 0..4 {
            let told = one_answer(&at_once(server.address(), &top_up(&format!("in doubt {number}"))), 201);
            for before in answers.iter().enumerate().filter(|(place, _)| place % 4 == number) {
                if let (_, Ok(before)) = before {
                    assert_eq!(before.json(), told, "an answer from before the kill stands");
                }
            }
        }
        // 2.00 that was acknowledged, and four times 2.00 that was asked for in doubt.
        assert_eq!(available(&server, &key, "acme"), "10.00");
        drop(server);
        bed.verify();
    }
}

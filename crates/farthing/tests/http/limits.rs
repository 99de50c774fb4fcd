//! How much and how often one may ask, and what is answered to whoever asks wrongly.

use crate::bed::{Bed, fresh, until};
use crate::client::{Answer, Request};
use crate::document::Document;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn a_key_of_one_a_second() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve();
    let admin = bed.key("ours", false, "admin");
    let slow = server.post(&admin, "/v1/keys", &json!({ "name": "slow", "scopes": ["read"], "per_second": 1 }));
    let slow = slow["key"].as_str().expect("a text");
    let ask = || server.send(&Request::get("/v1/cloud").key(slow));
    let first = ask();
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"key\";q=2;w=2"));
    assert_eq!(first.header("ratelimit"), Some("\"key\";r=1"));
    let refused: Answer =
        until("the third within a second is refused", || Some(ask()).filter(|answer| !answer.is_good()));
    assert_eq!(refused.problem(429), "too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"key\";r=0;t=1"));
    until("who waits is let in", || ask().is_good().then_some(()));
    assert_eq!(server.send(&Request::get("/v1/cloud").key(&admin)).status, 200, "others are not slowed");
}

#[test]
fn what_is_too_large_or_of_another_kind() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve_with("[limits]\nbody_mib = 1\n");
    let key = bed.key("ours", false, "admin");
    let body = |length: usize| {
        let padding = " ".repeat(length);
        Request::new("POST", "/v1/accounts")
            .key(&key)
            .once("large")
            .body("application/json", format!("{{{padding}").as_bytes())
    };
    assert_eq!(server.send(&body(1024 * 1024)).problem(413), "too_large");
    assert_eq!(server.send(&body(1024)).problem(400), "invalid");
    for operation in Document::read().operations().into_iter().filter(|operation| operation.body.is_some()) {
        let path = operation.path.replace(['{', '}'], "");
        let path = path.replace("/version", "/1");
        let request = Request::new(&operation.method, &path).key(&key).once("kind");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let answer = server.send(&request.clone().body(kind, b"name=acme"));
            assert_eq!(answer.problem(415), "unsupported_media_type", "{} as {kind}", operation.name());
        }
        assert_eq!(server.send(&request.clone().json(&json!(7))).problem(400), "invalid", "{}", operation.name());
        let broken = server.send(&request.body("application/json", b"{\"a\": "));
        assert_eq!(broken.problem(400), "invalid", "{}", operation.name());
    }
}

#[test]
fn what_is_wrong_is_named() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve();
    let key = bed.key("ours", true, "admin");
    let field = |path: &str, text: &str| {
        let answer =
            server.send(&Request::new("POST", path).key(&key).once("wrong").body("application/json", text.as_bytes()));
        assert_eq!(answer.problem(400), "invalid", "{path} {text}");
        answer.json()["field"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(field("/v1/accounts", r#"{"name": 7}"#), "name");
    assert_eq!(field("/v1/accounts", r#"{"name": "acme", "contact": {"email": []}}"#), "contact.email");
    assert_eq!(field("/v1/accounts", r#"{"name": "acme", "pay": "never"}"#), "pay");
    assert_eq!(field("/v1/accounts", r#"{"name": "acme", "zone": "Mars/Base"}"#), "zone");
    assert_eq!(field("/v1/accounts", r#"{"name": "acme", "country": "it"}"#), "country");
    assert_eq!(field("/v1/accounts", r#"{"name": "Not A Name"}"#), "name");
    assert_eq!(
        field("/v1/debits", r#"{"account": "acme", "amount": {"amount": "a", "currency": "USD"}}"#),
        "amount.amount"
    );
    assert_eq!(
        field("/v1/debits", r#"{"account": "acme", "amount": {"amount": "1", "currency": "Q"}}"#),
        "amount.currency"
    );
    assert_eq!(field("/v1/usage", r#"{"events": [{"id": "1", "quantities": 3}]}"#), "events[0].quantities");
    assert_eq!(field("/v1/resource-events", r#"{"events": [{"type": "jump", "resource": "a"}]}"#), "events[0].type");

    // What the document does not know is not passed over: it may be a misspelt field.
    let document = Document::read();
    let world = World { server: &server, document: &document, key: &key, prefix: "ours" };
    for operation in document.operations().into_iter().filter(|operation| operation.body.is_some()) {
        let (_, _, needed) = world.good(&operation);
        let mut draft = world.draft(&operation, &needed);
        if let Some(body) = &mut draft.body {
            body["surprise"] = json!(1);
        }
        let answer = server.send(&draft.request().key(&key));
        assert_eq!(answer.problem(400), "invalid", "{}", operation.name());
        assert!(answer.body.contains("surprise"), "{}: {}", operation.name(), answer.body);
    }
    for operation in document.operations().into_iter().filter(|operation| operation.once && operation.body.is_none()) {
        let answer =
            server.send(&world.draft(&operation, &BTreeSet::new()).request().key(&key).json(&json!({ "surprise": 1 })));
        assert_eq!(answer.problem(400), "invalid", "{}", operation.name());
    }
}

#[test]
fn odd_methods_and_addresses() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve();
    let key = bed.key("ours", false, "admin");
    let ask = |method: &str, path: &str| server.send(&Request::new(method, path).key(&key));
    let head = ask("HEAD", "/v1/accounts");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), ask("GET", "/v1/accounts").header("content-length"));
    for method in ["OPTIONS", "PUT", "TRACE", "BREW"] {
        let answer = ask(method, "/v1/accounts");
        assert_eq!(answer.problem(405), "method_not_allowed", "{method}");
        let allowed: BTreeSet<&str> = answer.header("allow").unwrap_or_default().split(',').map(str::trim).collect();
        assert_eq!(allowed, BTreeSet::from(["GET", "HEAD", "POST"]), "{method}");
    }
    for path in [
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/accounts/",
        "/v2/accounts",
        "/",
        "/v1/accounts/acme/balance/x",
        "//v1/accounts",
    ] {
        assert_eq!(ask("GET", path).problem(404), "not_found", "{path}");
        let unknown = server.send(&Request::get(path));
        assert_eq!(unknown.problem(401), "unauthenticated", "{path}");
    }
    for path in [
        "/v1/accounts/%ff",
        "/v1/accounts/%00",
        "/v1/accounts/..%2f..",
        "/v1/policies/one",
        "/v1/policies/99999999999999999999",
    ] {
        let answer = ask("GET", path);
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        answer.problem(answer.status);
    }
    for query in ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1&limit=2", "cursor=~", "cursor=%ff"] {
        assert_eq!(ask("GET", &format!("/v1/accounts?{query}")).problem(400), "invalid", "{query}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(server.send(&Request::get(path)).status, 200, "{path}");
    }
}

/// By what entries are known: what else they say may change while they are walked, as deliveries are tried.
fn names(entries: &[Value]) -> Vec<Value> {
    entries.iter().map(|entry| entry.get("id").unwrap_or(entry).clone()).collect()
}

both! {
    /// Every list of the document that has a cursor: page by page it is the whole list, each entry once.
    fn pages_walk_everything_once(bed: &Bed) {
        bed.cloud("ours");
        let (server, document) = (bed.serve(), Document::read());
        let key = bed.key("ours", true, "admin");
        let world = World { server: &server, document: &document, key: &key, prefix: "ours" };
        let nouns =
            ["endpoint", "account", "project", "resource", "key", "authorisation", "payment", "refund", "errand", "movement",
             "order", "dispute", "export", "outage", "step", "person_id"];
        for noun in nouns {
            for _ in 0..4 {
                world.make(noun);
            }
        }
        // Seven and one that are refused, and a day of charges.
        let unknown: Vec<Value> = (0..7)
            .map(|number| json!({ "id": format!("call-{number}"), "account": "nobody", "quantities": { "calls": 1 } }))
            .collect();
        assert_eq!(server.post(&key, "/v1/usage", &json!({ "events": unknown }))["refused"], 7);
        let account = world.make("account");
        for number in 0..4 {
            let put = Request::new("PUT", &format!("/v1/accounts/{account}/wallets/person-{number}"));
            let body = json!({ "name": fresh("wallet") });
            server.send(&put.json(&body).key(&key).once(&fresh("wallet"))).expect(200);
        }
        for number in 0..4 {
            let credit = json!({ "name": format!("given-{number}"), "amount": { "amount": "40.00", "currency": "USD" }, "reason": "a test" });
            server.post(&key, &format!("/v1/accounts/{account}/grants"), &credit);
        }
        let coupon = world.make("coupon");
        server.post(&key, &format!("/v1/coupons/{coupon}/codes"), &json!({ "count": 5 }));
        let started: Vec<Value> = (0..5)
            .map(|number| json!({ "type": "start", "resource": format!("vm-{number}"), "account": account, "product": "service",
                "sku": "medium-2c-4g" }))
            .collect();
        assert_eq!(server.post(&key, "/v1/resource-events", &json!({ "events": started }))["recorded"], 5);
        // One whom nobody has given credit: only what money paid is invoiced.
        let paying = world.make("account");
        let started: Vec<Value> = (0..4)
            .map(|number| json!({ "type": "start", "resource": format!("paid-{number}"), "account": paying, "product": "service",
                "sku": "medium-2c-4g" }))
            .collect();
        server.post(&key, "/v1/resource-events", &json!({ "events": started }));
        // A quantity reads back: nothing groups its digits.
        let many = json!({ "events": [{ "id": "many", "account": "nobody", "quantities": { "calls": "1234567.5" } }] });
        assert_eq!(server.post(&key, "/v1/usage", &many)["refused"], 1);
        let refused = server.get(&key, "/v1/usage/refused?limit=1");
        assert_eq!(refused["data"][0]["quantities"], json!({ "calls": "1234567.5" }));
        let now = server.get(&key, "/v1/cloud")["now"].as_str().expect("a time").to_owned();
        let now = farthing_core::time::Instant::parse(&now).expect("a time");
        let to = farthing_core::time::Instant::from_micros(now.micros() + 25 * 3_600 * 1_000_000).to_string();
        server.post(&key, "/v1/clock/advance", &json!({ "to": to }));
        for charge in 1..=4 {
            server.post(&key, &format!("/v1/accounts/{paying}/invoice-requests"), &json!({ "charges": [charge] }));
        }

        // The charges of a bill's line are walked where there is a bill with some.
        let lists = document.operations().into_iter().filter(|operation| {
            operation.in_query.iter().any(|name| name == "cursor") && !operation.in_path.iter().any(|name| name == "line")
        });
        let mut walked = 0;
        for list in lists {
            let path = list.path.replace("{account}", &account).replace("{coupon}", &coupon).replace("{grant}", "given-0");
            let whole = server.get(&key, &format!("{path}?limit=1000"));
            assert_eq!(whole["next"], Value::Null, "{path}");
            let whole = whole["data"].as_array().expect("a list").clone();
            assert!(whole.len() >= 4, "{path} has only {} entries", whole.len());
            for limit in [1, 3, whole.len()] {
                let (mut seen, mut cursor) = (Vec::new(), String::new());
                loop {
                    let page = server.get(&key, &format!("{path}?limit={limit}{cursor}"));
                    let data = page["data"].as_array().expect("a list");
                    assert!((1..=limit).contains(&data.len()), "{path} by {limit}: {page}");
                    seen.extend(data.iter().cloned());
                    match page["next"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                assert_eq!(names(&seen), names(&whole), "{path} by {limit}");
            }
            walked += 1;
        }
        assert!(walked >= 7, "{walked} lists have a cursor");
    }
}

/// `proxies` in the settings: who is named in `X-Forwarded-For` is who asked, where a proxy of ours says so.
#[test]
fn the_audit_log_says_who_asked_through_a_proxy() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let key = bed.key("ours", false, "admin");
    let source = |settings: &str, account: &str| {
        let server = bed.serve_with(settings);
        let open = Request::post("/v1/accounts", &json!({ "name": account })).key(&key).once(account);
        server.send(&open.header("X-Forwarded-For", "198.51.100.9, 203.0.113.7")).expect(201);
        server.get(&key, "/v1/audit")["data"][0]["source"].as_str().expect("a source").to_owned()
    };
    assert_eq!(source("", "acme"), "127.0.0.1", "anybody can write that");
    assert_eq!(source("proxies = [\"127.0.0.0/8\"]\n", "beta"), "203.0.113.7");
}

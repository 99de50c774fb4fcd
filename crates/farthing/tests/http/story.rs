//! The story of a customer over HTTP: account, top-up, start, an hour of the test cloud's time, charge, balance.

use crate::bed::{Bed, Server};
use crate::client::Request;
use farthing_core::time::Instant;
use serde_json::{Value, json};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Moves the test cloud's clock.
fn advance(server: &Server, key: &str, to: Instant) {
    let told = server.post(key, "/v1/clock/advance", &json!({ "to": to.to_string() }));
    assert_eq!(told["now"], json!(to.to_string()));
}

fn now(server: &Server, key: &str) -> Instant {
    Instant::parse(server.get(key, "/v1/cloud")["now"].as_str().expect("a time")).expect("a time")
}

fn later(at: Instant, seconds: i64) -> Instant {
    Instant::from_micros(at.micros() + seconds * 1_000_000)
}

fn figures(server: &Server, key: &str) -> [String; 4] {
    let balance = server.get(key, "/v1/accounts/acme/balance");
    ["balance", "accrued", "held", "available"].map(|field| balance[field].as_str().expect("an amount").to_owned())
}

/// Each charge says where it is explained, and there is all of it: what ran, the price, the arithmetic, what paid.
fn explained(server: &Server, key: &str, charges: &[Value], midnight: Instant) {
    for charge in charges {
        let why = server.get(key, charge["explanation"].as_str().expect("an address"));
        assert_eq!(why["charge"], *charge);
        assert_eq!(why["paid"], json!([{ "by": "cash", "credit": null, "amount": charge["net"] }]));
        let (sku, price, steps, stretches) = match charge["product"].as_str() {
            // Of a day of use its charge keeps no quantity: what cannot be worked out again is not told.
            Some("chat") => (Value::Null, "2.50 / 1,000,000 tokens", json!([]), json!([])),
            _ => (
                json!("medium-2c-4g"),
                "0.36 / hour",
                json!(["2 hours: 2 \u{d7} 0.36 = 0.72 USD"]),
                json!([
                    { "from": midnight.to_string(), "to": later(midnight, 2 * HOUR).to_string(), "seconds": 7_200,
                        "state": "running", "sku": "medium-2c-4g", "size": null, "share": "1" },
                    { "from": later(midnight, 2 * HOUR).to_string(), "to": later(midnight, DAY).to_string(),
                        "seconds": 79_200, "state": "deleted", "sku": "medium-2c-4g", "size": null, "share": "0" },
                ]),
            ),
        };
        assert_eq!(
            why["price"],
            json!({ "version": 1, "product": charge["product"], "sku": sku, "component": null, "contract": false,
                "properties": {}, "lines": [price] })
        );
        assert_eq!((&why["steps"], &why["stretches"]), (&steps, &stretches));
    }
    let none = server.send(&Request::get("/v1/accounts/acme/charges/99").key(key));
    assert_eq!(none.problem(404), "not_found");
}

both! {
    fn an_hour_costs_what_it_says(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", true, "ingest,write");
        let live = bed.key("ours", false, "admin");
        let server = bed.serve();
        // Midnight, so that hours and days begin where we count from.
        let began = now(&server, &key);
        let midnight = Instant::from_micros((began.micros() / (DAY * 1_000_000) + 1) * DAY * 1_000_000);
        advance(&server, &key, midnight);

        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": { "amount": "10.00", "currency": "USD" } }));
        let start = json!({ "events": [{ "type": "start", "resource": "vm-1", "account": "acme", "product": "service",
            "sku": "medium-2c-4g" }] });
        assert_eq!(server.post(&key, "/v1/resource-events", &start)["recorded"], 1);
        assert_eq!(figures(&server, &key), ["10.00", "0.00", "0.00", "10.00"]);

        // Half an hour of 0.36 an hour has accrued, 0.18, and waits for the hour: 10.00 - 0.18 = 9.82 can be spent.
        advance(&server, &key, later(midnight, HOUR / 2));
        assert_eq!(figures(&server, &key), ["10.00", "0.18", "0.00", "9.82"]);

        // At the hour 0.36 is taken: 10.00 - 0.36 = 9.64.
        advance(&server, &key, later(midnight, HOUR));
        assert_eq!(figures(&server, &key), ["9.64", "0.00", "0.00", "9.64"]);
        let sum = server.get(&key, "/v1/accounts/acme/charges/sum");
        assert_eq!(sum["sum"], json!({ "amount": "0.36", "currency": "USD" }));

        // 250,000 tokens at 2.50 a million: 250,000 / 1,000,000 x 2.50 = 0.625. 9.64 - 0.625 = 9.015.
        let usage = json!({ "events": [{ "id": "call-1", "account": "acme", "quantities": { "input_tokens": 250_000 } }] });
        assert_eq!(server.post(&key, "/v1/usage", &usage)["accepted"], 1);
        assert_eq!(server.post(&key, "/v1/usage", &usage)["duplicates"], 1);
        let [_, _, held, available] = figures(&server, &key);
        assert_eq!((held.as_str(), available.as_str()), ("0.00", "9.015"));

        // What is left of it, 9.015, lasts for 9.015 / 0.36 = 25.041666… hours: 90,150 s after the first hour.
        let balance = server.get(&key, "/v1/accounts/acme/balance");
        assert_eq!(balance["burn_per_hour"], "0.36");
        assert_eq!(balance["runs_out_at"], json!(later(midnight, HOUR + 90_150).to_string()));

        // It is deleted at two: a second hour, 0.36. 9.015 - 0.36 = 8.655.
        advance(&server, &key, later(midnight, 2 * HOUR));
        let delete = json!({ "events": [{ "type": "delete", "resource": "vm-1" }] });
        assert_eq!(server.post(&key, "/v1/resource-events", &delete)["recorded"], 1);
        assert_eq!(figures(&server, &key), ["8.655", "0.00", "0.00", "8.655"]);

        // When the day is over its charges are sealed: 2 x 0.36 = 0.72 of the service, 0.625 of the chat. Nothing more is taken.
        advance(&server, &key, later(midnight, DAY + HOUR));
        let charges = server.get(&key, "/v1/accounts/acme/charges");
        let mut told: Vec<(String, Value)> = charges["data"]
            .as_array()
            .expect("charges")
            .iter()
            .map(|charge| (charge["product"].as_str().expect("a product").to_owned(), charge["net"]["amount"].clone()))
            .collect();
        told.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(told, [("chat".to_owned(), json!("0.625")), ("service".to_owned(), json!("0.72"))]);
        explained(&server, &key, charges["data"].as_array().expect("charges"), midnight);
        assert_eq!(figures(&server, &key), ["8.655", "0.00", "0.00", "8.655"]);

        // An authorisation of 5.00, of which 1.25 is captured for good: 8.655 - 1.25 = 7.405.
        let ask = json!({ "account": "acme", "amount": { "amount": "5.00", "currency": "USD" } });
        let hold = server.post(&key, "/v1/authorisations", &ask)["id"].as_str().expect("an id").to_owned();
        assert_eq!(figures(&server, &key), ["8.655", "0.00", "5.00", "3.655"]);
        let capture = json!({ "amount": { "amount": "1.25", "currency": "USD" }, "last": true });
        let taken = server.post(&key, &format!("/v1/authorisations/{hold}/capture"), &capture);
        assert_eq!((&taken["state"], &taken["captured"]["amount"]), (&json!("captured"), &json!("1.25")));
        assert_eq!(figures(&server, &key), ["7.405", "0.00", "0.00", "7.405"]);

        // Of all this the live cloud knows nothing, and its clock is nobody's to move.
        let answer = server.send(&Request::get("/v1/accounts/acme").key(&live));
        assert_eq!(answer.problem(404), "not_found");
        let to = json!({ "to": later(midnight, 3 * DAY).to_string() });
        let answer = server.send(&Request::post("/v1/clock/advance", &to).key(&live).once("move"));
        assert_eq!(answer.problem(403), "forbidden");
    }
}

both! {
    /// Two who move one clock at the same moment: it goes on to the later of both, and nothing is charged twice.
    fn a_clock_that_two_move(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", true, "ingest,write");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": { "amount": "10.00", "currency": "USD" } }));
        let began = now(&server, &key);
        let start = json!({ "events": [{ "type": "start", "resource": "vm-1", "account": "acme", "product": "service",
            "sku": "medium-2c-4g" }] });
        assert_eq!(server.post(&key, "/v1/resource-events", &start)["recorded"], 1);
        let address = server.address();
        std::thread::scope(|scope| {
            for hours in 1..=8 {
                let to = json!({ "to": later(began, hours * HOUR).to_string() });
                let request = Request::post("/v1/clock/advance", &to).key(&key).once(&format!("to {hours}"));
                scope.spawn(move || {
                    let answer = request.send(address).expect("an answer");
                    // Who comes after a later one is told so.
                    assert!([200, 409].contains(&answer.status), "{}", answer.body);
                });
            }
        });
        assert_eq!(now(&server, &key), later(began, 8 * HOUR));
        // 8 x 0.36 = 2.88.
        assert_eq!(server.get(&key, "/v1/accounts/acme/charges/sum")["sum"]["amount"], "2.88");
    }
}

//! Two servers on one PostgreSQL: one settles, both answer; when the one is killed the other settles from the end of its lease.

use crate::bed::{Bed, CATALOG, Server, policy, until};
use farthing_core::time::Instant;
use serde_json::{Value, json};

/// As long as a lease lasts that is not renewed.
const LEASE_MICROS: i64 = 10_000_000;

/// Who settles: its process, its fence and until when.
fn settling(server: &Server, key: &str) -> (String, i64, Instant) {
    let jobs = server.get(key, "/v1/jobs");
    let job = jobs["data"].as_array().into_iter().flatten().find(|job| job["job"] == "settle");
    let job = job.unwrap_or_else(|| panic!("nobody settles: {jobs}"));
    let until = Instant::parse(job["until"].as_str().expect("a time")).expect("a time");
    (job["holder"].as_str().expect("a holder").to_owned(), job["fence"].as_i64().expect("a fence"), until)
}

fn units(text: &Value) -> i64 {
    let text = text.as_str().expect("an amount");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<8}").parse().expect("an amount")
}

#[test]
fn one_settles_and_the_other_takes_over() {
    let bed = Bed::postgres();
    // A tick every second, 0.36 an hour: 0.0001 a tick.
    bed.apply("ours", &policy("ours", "1s"), CATALOG);
    let key = bed.key("ours", false, "admin");
    let servers = [bed.serve(), bed.serve()];
    let [one, two] = &servers;
    one.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    two.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": { "amount": "10.00", "currency": "USD" } }));
    let start = json!({ "events": [{ "type": "start", "resource": "vm-1", "account": "acme", "product": "service",
        "sku": "medium-2c-4g" }] });
    assert_eq!(one.post(&key, "/v1/resource-events", &start)["recorded"], 1);
    let balance = |server: &Server| units(&server.get(&key, "/v1/accounts/acme/balance")["balance"]);
    let settles_on = |server: &Server| {
        let before = balance(server);
        until("ticks are settled", || (balance(server) < before - 30_000).then_some(()));
    };

    settles_on(one);
    let (holder, fence, _) = settling(one, &key);
    settles_on(two);
    assert_eq!(settling(two, &key).0, holder, "nobody takes a lease that is kept");
    assert_eq!(settling(two, &key).1, fence);

    let its = |server: &Server| holder.contains(&format!(":{}:", server.process()));
    let [one, two] = servers;
    let (killed, left) = if its(&one) { (one, two) } else { (two, one) };
    assert!(its(&killed), "{holder} is one of both");
    killed.kill();
    let (_, _, ended) = settling(&left, &key);
    let (successor, next, renewed) = until("the other takes over", || {
        let now = settling(&left, &key);
        (now.0 != holder).then_some(now)
    });
    assert!(successor.contains(&format!(":{}:", left.process())), "{successor}");
    assert_eq!(next, fence + 1, "it changed hands once");
    assert!(renewed.micros() - LEASE_MICROS >= ended.micros(), "never do both hold it: {ended} and {renewed}");
    settles_on(&left);

    // Stopped, and settled to that second by the tick after it: what was paid is what it cost.
    let stop = json!({ "events": [{ "type": "delete", "resource": "vm-1" }] });
    assert_eq!(left.post(&key, "/v1/resource-events", &stop)["recorded"], 1);
    let paid = until("all is settled", || {
        let balance = left.get(&key, "/v1/accounts/acme/balance");
        (balance["accrued"] == "0" || units(&balance["accrued"]) == 0).then(|| units(&balance["balance"]))
    });
    let cost = units(&left.get(&key, "/v1/accounts/acme/charges/sum")["sum"]["amount"]);
    assert_eq!(paid + cost, 1_000_000_000, "each second is paid once");
    assert!(cost > 0 && cost % 10_000 == 0, "whole seconds at 0.0001: {cost}");
    drop(left);
    bed.verify();
}

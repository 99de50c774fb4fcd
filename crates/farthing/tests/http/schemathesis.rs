//! The document and the server held against each other by schemathesis, which knows nothing of us: it sends what the document
//! allows and what it does not, and looks at every answer.

use crate::bed::Bed;
use crate::cloud_events::REQUIREMENTS;
use serde_json::json;
use std::path::Path;
use std::process::Command;

const CONFIG: &str = include_str!("schemathesis.toml");

/// The document is of the API and not of the store: one store will do.
#[test]
fn nothing_fails_and_nothing_surprises() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve_with("[limits]\nrequests_per_second = 1000000\nburst = 1000000\n");
    // A test key: what is tried moves clocks and revokes keys.
    let key = bed.key("ours", true, "admin");
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    let money = |amount: &str| json!({ "account": "acme", "amount": { "amount": amount, "currency": "USD" } });
    server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": money("1000.00")["amount"] }));
    server.post(&key, "/v1/projects", &json!({ "name": "website", "account": "acme" }));
    let start = json!({ "events": [{ "type": "start", "resource": "vm-1", "project": "website", "product": "service",
        "sku": "medium-2c-4g" }] });
    assert_eq!(server.post(&key, "/v1/resource-events", &start)["recorded"], 1);
    let held = server.post(&key, "/v1/authorisations", &money("100.00"))["id"].as_str().expect("an id").to_owned();
    let made = |path: &str, new: &serde_json::Value| {
        server.post(&key, &format!("/v1/accounts/acme/{path}"), new)["id"].as_str().expect("an id").to_owned()
    };
    let paid = json!({ "amount": money("50.00")["amount"], "by": { "token": "card:visa" } });
    let config = CONFIG
        .replace("{authorisation}", &held)
        .replace("{payment}", &made("payments", &paid))
        .replace("{method}", &made("methods", &json!({ "channel": "card", "token": "card:visa" })))
        .replace("{refund}", &made("refunds", &json!({ "amount": money("1.00")["amount"] })));
    std::fs::write(bed.folder().join("schemathesis.toml"), config).expect("written");
    let program = farthing_testbed::python(Path::new(REQUIREMENTS));
    let tried = Command::new(program.with_file_name("schemathesis"))
        .args(["--config-file", "schemathesis.toml", "run", &format!("http://{}/openapi.json", server.address())])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--phases", "examples,coverage,fuzzing,stateful", "--seed", "20261121", "--max-examples", "15"])
        .args(["--continue-on-failure", "--no-color", "--request-timeout", "60"])
        .args(["--generation-database", "none", "--suppress-health-check", "all"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(bed.folder().path())
        .output()
        .expect("schemathesis runs");
    let (said, complained) = (String::from_utf8_lossy(&tried.stdout), String::from_utf8_lossy(&tried.stderr));
    println!("{said}");
    assert!(tried.status.success(), "{said}{complained}");
    assert_eq!(server.log().iter().filter(|line| line.contains("\"ERROR\"")).count(), 0, "{:?}", server.log());
    bed.verify();
}

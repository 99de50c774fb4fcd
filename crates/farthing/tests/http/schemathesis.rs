//! The document and the server held against each other by schemathesis, which knows nothing of us: it sends what the document
//! allows and what it does not, and looks at every answer.

use crate::bed::Bed;
use crate::cloud_events::REQUIREMENTS;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// The document is of the API and not of the store: one store will do.
#[test]
fn nothing_fails_and_nothing_surprises() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve_with("[limits]\nrequests_per_second = 1000000\nburst = 1000000\n");
    // A test key: what is tried moves clocks and revokes keys.
    let key = bed.key("ours", true, "admin");
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    server.post(&key, "/v1/projects", &json!({ "name": "website", "account": "acme" }));
    let program = farthing_testbed::python(Path::new(REQUIREMENTS));
    let tried = Command::new(program.with_file_name("schemathesis"))
        .args(["run", &format!("http://{}/openapi.json", server.address())])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--phases", "examples,coverage,fuzzing", "--seed", "20261121", "--max-examples", "15"])
        .args(["--checks", CHECKS, "--continue-on-failure", "--no-color", "--request-timeout", "60"])
        .args(["--generation-database", "none", "--suppress-health-check", "all"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(bed.folder().path())
        .output()
        .expect("schemathesis runs");
    let (said, complained) = (String::from_utf8_lossy(&tried.stdout), String::from_utf8_lossy(&tried.stderr));
    assert!(tried.status.success(), "{said}{complained}");
    assert_eq!(server.log().iter().filter(|line| line.contains("\"ERROR\"")).count(), 0, "{:?}", server.log());
    bed.verify();
}

/// Not `positive_data_acceptance`: a schema cannot say that an account has to be there.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,missing_required_header,unsupported_method,ignored_auth";

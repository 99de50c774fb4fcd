//! Usage sent by the official CloudEvents SDK, in its three modes. A retry that was built anew, with the same id and another
//! time, counts once.

use crate::bed::Bed;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

pub(crate) const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/requirements.txt");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/cloud_events.py");

both! {
    fn the_official_sdk_is_understood(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let key = bed.key("ours", false, "ingest,write");
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let sent = Command::new(farthing_testbed::python(Path::new(REQUIREMENTS)))
            .args([SCRIPT, &format!("http://{}/v1/usage", server.address()), &key])
            .output()
            .expect("python runs");
        let (said, complained) = (String::from_utf8_lossy(&sent.stdout), String::from_utf8_lossy(&sent.stderr));
        assert!(sent.status.success(), "{said}{complained}");
        let told: Vec<String> = said.lines().map(counts).collect();
        assert_eq!(told, [
            "structured 200: 1 accepted, 0 duplicates, 0 refused",
            "binary 200: 1 accepted, 0 duplicates, 0 refused",
            "batch 200: 3 accepted, 0 duplicates, 0 refused",
            "structured 200: 0 accepted, 1 duplicates, 0 refused",
            "binary 200: 0 accepted, 1 duplicates, 0 refused",
            "batch 200: 0 accepted, 3 duplicates, 0 refused",
        ]);
        // Five events of 3 calls at 0.01: 0.15.
        assert_eq!(server.get(&key, "/v1/accounts/acme/charges/sum")["sum"]["amount"], "0.15");
    }
}

/// `structured 200 {…}` in words.
fn counts(line: &str) -> String {
    let mut parts = line.splitn(3, ' ');
    let (what, status) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let answer: Value = serde_json::from_str(parts.next().unwrap_or_default()).expect("an answer");
    let (accepted, duplicates, refused) = (&answer["accepted"], &answer["duplicates"], &answer["refused"]);
    format!("{what} {status}: {accepted} accepted, {duplicates} duplicates, {refused} refused")
}

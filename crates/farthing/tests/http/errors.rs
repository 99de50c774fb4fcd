//! docs/errors.md is made of the codes themselves, and so is the page to which each problem's `type` refers. `FARTHING_WRITE_DOCS=1 cargo test -p farthing --test http errors` writes it.

use crate::bed::Bed;
use crate::client::Request;
use farthing::api::CODES;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");

fn written() -> String {
    let mut text = String::from(
        "# Errors\n\n\
        What cannot be done is answered as `application/problem+json` (RFC 9457):\n\n\
        ```json\n\
        {\n  \"type\": \"/docs/errors#insufficient_balance\",\n  \"title\": \"Not so much is available\",\n  \
        \"status\": 422,\n  \"code\": \"insufficient_balance\",\n  \
        \"detail\": \"not so much is available: add credit, or ask for less\",\n  \"request_id\": \"req_643f1c0a2b_2f\"\n}\n\
        ```\n\n\
        `type` is a reference to the server that answered: it serves this list at `/docs/errors`.\n\n\
        Branch on `code`: it is stable. `detail` is for people, and may be worded anew; `field` names the field that is wrong, where it is\n\
        one; `request_id`, which is also the header `X-Request-Id`, finds the request in the server's log.\n\n\
        Codes of one thing among many, such as a usage event, stand in its place in the answer and not here: see `UsageAnswer` in\n\
        `/openapi.json`.\n\n\
        | code | status | what it means |\n|---|---|---|\n",
    );
    for code in CODES {
        let _ = writeln!(text, "| [`{0}`](#{0}) | {1} | {2} |", code.code, code.status.as_u16(), code.title);
    }
    for code in CODES {
        let _ = write!(text, "\n## {}\n\n{}. Status {}.\n\n{}\n", code.code, code.title, code.status, code.remedy);
    }
    text
}

#[test]
fn the_page_says_what_the_code_says() {
    if std::env::var_os("FARTHING_WRITE_DOCS").is_some() {
        std::fs::write(FILE, written()).expect("docs/errors.md is written");
    }
    let there = std::fs::read_to_string(FILE).unwrap_or_default();
    let how = "docs/errors.md is not up to date: FARTHING_WRITE_DOCS=1 cargo test -p farthing --test http errors";
    assert!(there == written(), "{how}");
}

#[test]
fn codes_differ_and_go_by_status() {
    let codes: BTreeSet<&str> = CODES.iter().map(|code| code.code).collect();
    assert_eq!(codes.len(), CODES.len());
    assert!(CODES.is_sorted_by_key(|code| code.status.as_u16()), "in the order of their status");
    assert!(CODES.iter().all(|code| code.remedy.ends_with('.') && !code.title.ends_with('.')));
}

#[test]
fn the_type_of_a_problem_is_a_place_on_a_page_the_server_has() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve();
    let problem = server.send(&Request::get("/v1/cloud"));
    assert_eq!(problem.problem(401), "unauthenticated");
    let about = problem.json()["type"].as_str().expect("a reference").to_owned();
    assert_eq!(about, "/docs/errors#unauthenticated");
    // Without a key: it holds nothing of anybody.
    let page = server.send(&Request::get("/docs/errors"));
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for code in CODES {
        let place = code.about.strip_prefix("/docs/errors#").expect("on this page");
        assert!(page.body.contains(&format!("id=\"{place}\"")), "{place}");
        // What is text has its quotes escaped.
        let words = code.title.split('\'').next().unwrap_or_default();
        assert!(page.body.contains(words), "{words}");
    }
}

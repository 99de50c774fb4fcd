//! Exports over HTTP: asked for, written beside the requests, fetched by a link that nobody guesses, whole after a kill -9.

use crate::bed::{Bed, CATALOG, Server, policy, until};
use crate::client::Request;
use serde_json::{Value, json};

fn ready(server: &Server, key: &str, id: &str) -> Value {
    until("the export is ready", || {
        let facts = server.get(key, &format!("/v1/exports/{id}"));
        assert_ne!(facts["state"], "failed", "{facts}");
        (facts["state"] == "ready").then_some(facts)
    })
}

fn link(server: &Server, key: &str, id: &str) -> String {
    let made = server.post(key, &format!("/v1/exports/{id}/links"), &json!({}));
    made["link"].as_str().expect("a link").to_owned()
}

/// A test cloud in which a machine ran for two days, on a bill.
fn lived(bed: &Bed, server: &Server) -> String {
    let key = bed.key("ours", true, "admin");
    server.post(
        &key,
        "/v1/accounts",
        &json!({ "name": "acme", "pay": "postpaid", "contact": { "name": "Ada", "email": "ada@acme.example" } }),
    );
    let start = json!({ "events": [{ "type": "start", "resource": "vm-1", "account": "acme", "product": "service",
        "sku": "medium-2c-4g", "properties": { "label.team": "蓝队 ¥€" } }] });
    server.post(&key, "/v1/resource-events", &start);
    server.post(&key, "/v1/clock/advance", &json!({ "seconds": 2 * 86_400 }));
    let stop = json!({ "events": [{ "type": "stop", "resource": "vm-1" }] });
    server.post(&key, "/v1/resource-events", &stop);
    server.post(&key, "/v1/clock/advance", &json!({ "seconds": 40 * 86_400 }));
    key
}

fn billed(cloud: &str) -> String {
    policy(cloud, "1h").replace("on = [\"top_up\", ", "on = [\"cycle\", ")
}

both! {
    /// A bill's line lists its charges, each explains itself, and a file of them is fetched without a key by whoever has its link.
    fn from_a_bill_to_a_file(bed: &Bed) {
        bed.apply("ours", &billed("ours"), CATALOG);
        let server = bed.serve();
        let key = lived(bed, &server);
        let bills = server.get(&key, "/v1/bills?account=acme&kind=bill");
        let bill = bills["data"][0]["id"].as_str().unwrap_or_else(|| panic!("a bill: {bills}"));
        let path = format!("/v1/bills/{bill}/lines/1/charges");
        let first = server.get(&key, &format!("{path}?limit=1"));
        let next = first["next"].as_str().expect("there are more");
        let more = server.get(&key, &format!("{path}?cursor={next}"));
        let charge = &first["data"][0];
        assert!(!more["data"].as_array().expect("a list").is_empty(), "{more}");
        assert_eq!((charge["resource"].as_str(), charge["product"].as_str()), (Some("vm-1"), Some("service")));
        let why = server.get(&key, charge["explanation"].as_str().expect("an address"));
        assert_eq!(why["document"]["bill"], bill);
        assert_eq!((&why["document"]["line"], &why["events"][0]["what"]), (&json!(1), &json!("start")));
        assert_eq!(server.send(&Request::get(&format!("/v1/bills/{bill}/lines/9/charges")).key(&key)).problem(404), "not_found");

        let asked = json!({ "what": "charges", "format": "csv", "account": "acme", "label": { "name": "team", "value": "蓝队 ¥€" }, "mail": true });
        let export = server.post(&key, "/v1/exports", &asked);
        let id = export["id"].as_str().expect("an id");
        let facts = ready(&server, &key, id);
        assert_eq!(facts["progress"]["done"], facts["progress"]["of"], "{facts}");
        let told = server.get(&key, "/v1/events?type=export.ready");
        assert_eq!(told["data"][0]["data"]["export"], id, "{told}");
        assert!(!told.to_string().contains("fx_"), "no event opens anything: {told}");

        let link = link(&server, &key, id);
        let file = server.send(&Request::get(&link));
        assert_eq!((file.status, file.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        assert!(file.header("content-disposition").is_some_and(|told| told.contains(&format!("ours-charges-{id}.csv"))), "{file:?}");
        assert_eq!(file.header("cache-control"), Some("private, no-store"));
        assert!(file.body.starts_with("\u{feff}account,project,") && file.body.contains("蓝队 ¥€"), "{}", file.body);
        assert_eq!(i64::try_from(file.body.len()).ok(), facts["file"]["bytes"].as_i64());
        assert_eq!(i64::try_from(file.body.lines().count()).ok(), facts["progress"]["rows"].as_i64().map(|rows| rows + 1));

        // Any letter of it wrong, or of the live world: there is nothing.
        let last = if link.ends_with('0') { "1" } else { "0" };
        let wrong = format!("{}{last}", &link[..link.len() - 1]);
        let live = link.replace("fx_test_", "fx_live_");
        let never = link.replace("_ours_", "_theirs_");
        let answers: Vec<(u16, String)> = [wrong, live, never, "/exports/sesame".to_owned()]
            .iter()
            .map(|link| {
                let answer = server.send(&Request::get(link));
                assert_eq!(answer.problem(404), "not_found", "{link}");
                answer.masked("")
            })
            .collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "they are told alike");
        // A key of the live world does not know the test cloud's export.
        let other = bed.key("ours", false, "admin");
        assert_eq!(server.send(&Request::get(&format!("/v1/exports/{id}")).key(&other)).problem(404), "not_found");
        assert!(server.get(&other, "/v1/exports")["data"].as_array().expect("a list").is_empty());
        // The same link again, for who asks again; nobody finds it in the log.
        let again = Request::post(&format!("/v1/exports/{id}/links"), &json!({})).key(&key).once("again");
        assert_eq!(server.send(&again).expect(201), server.send(&again).expect(201));
        assert!(!server.log().join("\n").contains("fx_"), "{:?}", server.log());

        let focus = server.post(&key, "/v1/exports", &json!({ "what": "focus", "format": "parquet" }));
        let facts = ready(&server, &key, focus["id"].as_str().expect("an id"));
        assert!(facts["progress"]["rows"].as_i64().is_some_and(|rows| rows > 2), "{facts}");
        let odd = Request::post("/v1/exports", &json!({ "what": "focus", "format": "csv", "user": "li" })).key(&key).once("odd");
        assert_eq!(server.send(&odd).problem(400), "invalid");
        bed.verify();
    }
}

both! {
    /// Killed as they wait and are written: each ends once, with every row once.
    fn exports_outlive_a_kill(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", false, "admin");
        let mut server = bed.serve();
        for number in 0..30 {
            server.post(&key, "/v1/accounts", &json!({ "name": format!("acme-{number}") }));
            let money = json!({ "amount": { "amount": "10.00", "currency": "USD" } });
            server.post(&key, &format!("/v1/accounts/acme-{number}/top-ups"), &money);
        }
        let mut asked: Vec<String> = Vec::new();
        for round in 0..4 {
            for _ in 0..5 {
                let export = server.post(&key, "/v1/exports", &json!({ "what": "bills", "format": "json" }));
                asked.push(export["id"].as_str().expect("an id").to_owned());
            }
            std::thread::sleep(std::time::Duration::from_millis(60 * round));
            server.kill();
            server = bed.serve();
        }
        let sizes: Vec<(String, String)> = asked
            .iter()
            .map(|id| {
                let facts = ready(&server, &key, id);
                let file = server.send(&Request::get(&link(&server, &key, id)));
                assert_eq!(file.status, 200, "{}", file.body);
                assert_eq!(i64::try_from(file.body.lines().count()).ok(), facts["progress"]["rows"].as_i64(), "{facts}");
                (facts["file"]["digest"].as_str().expect("a hash").to_owned(), file.body)
            })
            .collect();
        assert!(sizes.iter().all(|size| *size == sizes[0]), "all are of the same rows");
        assert_eq!(sizes[0].1.lines().collect::<std::collections::BTreeSet<_>>().len(), 30, "no row twice");
        let ours = server.get(&key, "/v1/exports?limit=1000");
        assert_eq!(ours["data"].as_array().map(Vec::len), Some(asked.len()));
        bed.verify();
    }
}

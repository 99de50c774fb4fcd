//! Budgets and notices over HTTP: what is set is shown and counted, what is wrong is named, who wants no mail is told all the same.

use crate::bed::{Bed, CATALOG, ask, policy};
use crate::client::usd;
use serde_json::{Value, json};

both! {
    fn a_budget_is_set_counted_and_dropped(bed: &Bed) {
        bed.apply("ours", &policy("ours", "1h"), CATALOG);
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": usd("50.00") }));
        let path = "/v1/accounts/acme/budgets/team-blue";
        let usual = ask(&server, &key, "PUT", path, &json!({ "month": usd("10.00"), "label": { "team": "blue" } })).expect(200);
        let percents = |budget: &Value| -> Vec<Value> {
            budget["steps"].as_array().into_iter().flatten().map(|step| step["percent"].clone()).collect()
        };
        assert_eq!(percents(&usual), [50, 80, 100, 100]);
        assert_eq!((&usual["label"]["team"], &usual["spent"], &usual["blocked"]), (&json!("blue"), &usd("0.00"), &json!(false)));
        for (wrong, code) in [
            (json!({ "month": usd("0.00") }), "invalid"),
            (json!({ "month": { "amount": "1.00", "currency": "CNY" } }), "invalid"),
            (json!({ "month": usd("1.00"), "steps": [] }), "invalid"),
            (json!({ "month": usd("1.00"), "steps": [{ "percent": 0 }] }), "invalid"),
            (json!({ "month": usd("1.00"), "steps": [{ "percent": 100, "of": "forecast", "action": "stop" }] }), "invalid"),
            (json!({ "month": usd("1.00"), "label": { "a": "1", "b": "2" } }), "invalid"),
            (json!({ "month": usd("1.00"), "label": { "A B": "1" } }), "invalid"),
        ] {
            assert_eq!(ask(&server, &key, "PUT", path, &wrong).problem(400), code, "{wrong}");
        }
        assert_eq!(
            ask(&server, &key, "PUT", path, &json!({ "month": usd("1.00"), "project": "nobodys" })).problem(404),
            "not_found"
        );
        let listed = server.get(&key, "/v1/accounts/acme/budgets");
        assert_eq!(listed["budgets"], json!([usual]), "what was refused has changed nothing");
        let blocks = json!({ "month": usd("20.00"), "steps": [{ "percent": 80, "action": "block" }] });
        let changed = ask(&server, &key, "PUT", path, &blocks).expect(200);
        assert_eq!((percents(&changed), &changed["label"]), (vec![json!(80)], &json!({})));
        assert_eq!(ask(&server, &key, "DELETE", path, &json!({})).expect(200), json!({ "dropped": true }));
        assert_eq!(ask(&server, &key, "DELETE", path, &json!({})).problem(404), "not_found");
        assert_eq!(server.get(&key, "/v1/accounts/acme/budgets")["budgets"], json!([]));
        drop(server);
        bed.verify();
    }
}

both! {
    fn notices_are_read_and_what_may_be_off_is_off(bed: &Bed) {
        bed.apply("ours", &policy("ours", "1h"), CATALOG);
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme", "contact": { "email": "ann@acme.example", "language": "en" } }));
        let path = "/v1/accounts/acme/notices/settings";
        let known = server.get(&key, path);
        let has = |list: &str, kind: &str| {
            known[list].as_array().is_some_and(|names| names.contains(&json!(kind)))
        };
        assert!(has("on", "credit.granted") && has("always", "account.suspended") && known["off"] == json!([]));
        let off = |kinds: &Value| ask(&server, &key, "PUT", path, &json!({ "off": kinds }));
        assert_eq!(off(&json!(["nothing.known"])).problem(400), "invalid");
        assert_eq!(off(&json!(["account.suspended"])).problem(403), "refused_by_policy");
        assert_eq!(off(&json!(["credit.granted"])).expect(200)["off"], json!(["credit.granted"]));
        let gift = |name: &str| {
            let gift = json!({ "name": name, "amount": usd("1.00"), "reason": "a test" });
            server.post(&key, "/v1/accounts/acme/grants", &gift);
        };
        let mails = || {
            let sent = server.get(&key, "/v1/deliveries?limit=100");
            let mine = sent["data"].as_array().into_iter().flatten();
            mine.filter(|one| one["type"] == "credit.granted").count()
        };
        gift("quiet");
        assert_eq!(mails(), 0);
        let told = server.get(&key, "/v1/accounts/acme/notices");
        assert_eq!(told["data"][0]["type"], "credit.granted");
        assert!(told["data"][0]["subject"].as_str().is_some_and(|subject| subject.contains("acme")), "{told}");
        assert!(told["data"][0]["text"].as_str().is_some_and(|text| text.contains("1.00")), "{told}");
        assert_eq!(off(&json!([])).expect(200)["off"], json!([]));
        gift("loud");
        assert_eq!(mails(), 1);
        let first = server.get(&key, "/v1/accounts/acme/notices?limit=1");
        let next = first["next"].as_str().expect("there is another");
        let second = server.get(&key, &format!("/v1/accounts/acme/notices?limit=1&cursor={next}"));
        assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
        drop(server);
        bed.verify();
    }
}

//! People over the API: invited, given roles, taken away, erased; and links of the portal, asked for twice and told once.

use crate::bed::{Bed, ask};
use crate::client::Request;
use serde_json::{Value, json};

both! {
    fn from_an_invitation_to_an_erasure(bed: &Bed) {
        bed.cloud("ours");
        let (key, shows) = (bed.key("ours", false, "write"), bed.key("ours", false, "read"));
        let admin = bed.key("ours", false, "admin");
        let server = bed.serve();
        for account in ["acme", "beta"] {
            server.post(&key, "/v1/accounts", &json!({ "name": account }));
        }
        server.post(&key, "/v1/projects", &json!({ "name": "site", "account": "acme" }));
        let new = json!({ "email": "Ada@Acme.example", "name": "Ada", "person": "u-1", "account": "acme", "role": "finance" });
        let made = ask(&server, &key, "POST", "/v1/people", &new).expect(201);
        let id = made["id"].as_str().expect("an id").to_owned();
        assert!(id.starts_with("per_"), "{made}");
        assert_eq!((&made["email"], &made["accepted"], &made["person"]), (&json!("ada@acme.example"), &json!(false), &json!("u-1")));
        assert_eq!(made["roles"], json!([{ "account": "acme", "project": null, "role": "finance" }]));
        assert_eq!(ask(&server, &key, "POST", "/v1/people", &new).expect(201)["id"], id.as_str(), "nobody is there twice");
        for (change, status) in [
            (json!({ "email": "nobody", "account": "acme", "role": "viewer" }), 400),
            (json!({ "email": "b@acme.example", "account": "acme", "role": "chief" }), 400),
            (json!({ "email": "b@acme.example", "account": "nowhere", "role": "viewer" }), 404),
            (json!({ "email": "b@acme.example", "account": "beta", "project": "site", "role": "viewer" }), 404),
            (json!({ "email": "b@acme.example", "person": "u-1", "account": "acme", "role": "viewer" }), 409),
        ] {
            ask(&server, &key, "POST", "/v1/people", &change).problem(status);
        }
        // What members are, people are: one table.
        assert_eq!(server.get(&shows, "/v1/accounts/acme/members")["data"], json!([{ "person": "u-1", "role": "finance", "project": null }]));
        let role = |body: &Value| ask(&server, &key, "POST", &format!("/v1/people/{id}/role"), body);
        role(&json!({ "account": "acme", "project": "site", "role": "member" })).expect(200);
        let changed = role(&json!({ "account": "beta", "role": "payer" })).expect(200);
        assert_eq!(changed["roles"].as_array().map(Vec::len), Some(3), "{changed}");
        role(&json!({ "account": "beta", "project": "site", "role": "payer" })).problem(404);
        let gone = ask(&server, &key, "POST", &format!("/v1/people/{id}/remove"), &json!({ "account": "acme" })).expect(200);
        assert_eq!(gone["roles"].as_array().map(Vec::len), Some(2), "{gone}");
        // Nothing that is told or kept names anybody.
        let events = server.get(&shows, "/v1/events?type=person.invited").to_string();
        assert!(events.contains(&id) && !events.contains("acme.example") && !events.contains("Ada"), "{events}");
        let audit = server.get(&admin, "/v1/audit").to_string();
        assert!(audit.contains("person.role_changed") && !audit.contains("acme.example") && !audit.contains("u-1"), "{audit}");
        ask(&server, &key, "DELETE", &format!("/v1/people/{id}"), &json!({})).expect(204);
        assert_eq!(server.send(&Request::get(&format!("/v1/people/{id}")).key(&shows)).problem(404), "not_found");
        assert_eq!(server.get(&shows, "/v1/people")["data"], json!([]));
        assert_eq!(server.get(&shows, "/v1/accounts/beta/members")["data"], json!([]));
        // The address is free again.
        let anew = ask(&server, &key, "POST", "/v1/people", &new).expect(201);
        assert_ne!(anew["id"], id.as_str());
        drop(server);
        bed.verify();
    }
}

#[test]
fn a_link_of_the_portal_is_told_to_its_key_and_stands_nowhere() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let (key, other) = (bed.key("ours", false, "write"), bed.key("ours", false, "write"));
    let server = bed.serve_with("public_url = \"https://billing.ours.example/\"\n");
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    let new = json!({ "account": "acme", "person": "u-1", "role": "payer", "return_to": "/c/ours/acme/bills" });
    let make = |key: &str, once: &str| server.send(&Request::post("/v1/console-links", &new).key(key).once(once));
    let first = make(&key, "one").expect(201);
    let url = first["url"].as_str().expect("a URL");
    assert!(url.starts_with("https://billing.ours.example/sign-in/enter/fl_live_"), "{url}");
    assert_eq!(make(&key, "one").expect(201), first, "asked twice it is one");
    make(&other, "one").problem(409);
    assert_ne!(make(&key, "two").expect(201)["url"], first["url"]);
    for (bad, status) in [
        (json!({ "account": "acme", "person": "", "role": "payer" }), 400),
        (json!({ "account": "acme", "person": "u-1", "role": "owner" }), 400),
        (json!({ "account": "acme", "person": "u-1", "role": "payer", "return_to": "https://evil.example" }), 400),
        (json!({ "account": "nowhere", "person": "u-1", "role": "payer" }), 404),
    ] {
        ask(&server, &key, "POST", "/v1/console-links", &bad).problem(status);
    }
    let test = bed.key("ours", true, "write");
    server.post(&test, "/v1/accounts", &json!({ "name": "tried" }));
    let tried = json!({ "account": "tried", "person": "u-1", "role": "payer" });
    let made = ask(&server, &test, "POST", "/v1/console-links", &tried).expect(201);
    assert!(made["url"].as_str().is_some_and(|url| url.contains("/fl_test_") && url.ends_with("_ours")), "{made}");
}

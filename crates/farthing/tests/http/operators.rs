//! What operators give, see and have asked again; members' wallets; and a repetition that is answered as the first was.

use crate::bed::{Bed, Server, ask};
use crate::client::{Request, usd};
use serde_json::{Value, json};

fn available(server: &Server, key: &str, account: &str) -> String {
    let balance = server.get(key, &format!("/v1/accounts/{account}/balance"));
    balance["available"].as_str().expect("an amount").to_owned()
}

both! {
    /// An operator says why; an application need not. Either way it is shown.
    fn credit_with_a_reason(bed: &Bed) {
        bed.cloud("ours");
        let (operator, shop) = (bed.key("ours", false, "admin"), bed.key("ours", false, "read,write"));
        let server = bed.serve();
        server.post(&operator, "/v1/accounts", &json!({ "name": "acme" }));
        let give = |key: &str, new: &Value| ask(&server, key, "POST", "/v1/accounts/acme/grants", new);
        let bare = json!({ "name": "sorry", "amount": usd("5.00") });
        let refused = give(&operator, &bare);
        assert_eq!(refused.problem(400), "invalid", "{}", refused.body);
        assert_eq!(give(&operator, &json!({ "name": "sorry", "amount": usd("5.00"), "reason": "  " })).problem(400), "invalid");
        let given = give(&operator, &json!({ "name": "sorry", "amount": usd("5.00"), "reason": "a slow disk" })).expect(201);
        assert_eq!(given["reason"], "a slow disk");
        assert_eq!(give(&shop, &json!({ "name": "welcome", "amount": usd("1.00") })).expect(201)["reason"], Value::Null);
        let listed = server.get(&shop, "/v1/accounts/acme/grants");
        let reasons: Vec<&Value> = listed["data"].as_array().expect("a list").iter().map(|grant| &grant["reason"]).collect();
        assert!(reasons.contains(&&json!("a slow disk")) && reasons.contains(&&Value::Null), "{listed}");
        let audit = server.get(&operator, "/v1/audit");
        assert!(audit.to_string().contains("a slow disk"), "{audit}");
        drop(server);
        bed.verify();
    }
}

both! {
    /// A member's money comes out of the account, once, and goes back there; another account's members are not in its list.
    fn wallets(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", false, "read,write");
        let server = bed.serve();
        for account in ["acme", "beta"] {
            server.post(&key, "/v1/accounts", &json!({ "name": account }));
            server.post(&key, &format!("/v1/accounts/{account}/top-ups"), &json!({ "amount": usd("50.00") }));
        }
        let put = |account: &str, person: &str, body: &Value| {
            ask(&server, &key, "PUT", &format!("/v1/accounts/{account}/wallets/{person}"), body)
        };
        let made = put("acme", "ada", &json!({ "name": "ada-of-acme", "threshold": usd("5.00"), "stop_on_overdue": true })).expect(200);
        assert_eq!((made["name"].as_str(), &made["threshold"]), (Some("ada-of-acme"), &usd("5.00")));
        put("acme", "ben", &json!({})).expect(200);
        put("acme", "cleo", &json!({})).expect(200);
        put("beta", "ada", &json!({ "name": "ada-of-beta" })).expect(200);
        assert_eq!(put("beta", "dora", &json!({ "name": "ben" })).problem(409), "conflict");
        assert_eq!(put("ben", "eve", &json!({})).problem(400), "invalid", "a wallet is in an account");
        let fund = |wallet: &str, what: &str, amount: &str, reference: &str| {
            let body = json!({ "amount": usd(amount), "reference": reference });
            ask(&server, &key, "POST", &format!("/v1/wallets/{wallet}/{what}"), &body)
        };
        let first = fund("ada-of-acme", "fund", "20.00", "march").expect(201);
        assert_eq!(fund("ada-of-acme", "fund", "20.00", "march").expect(201)["transfer"], first["transfer"]);
        assert_eq!(fund("ada-of-acme", "fund", "21.00", "march").problem(409), "id_reused");
        assert_eq!(fund("ada-of-acme", "fund", "30.01", "more").problem(422), "insufficient_balance");
        assert_eq!(fund("acme", "fund", "1.00", "no wallet").problem(404), "not_found");
        assert_eq!(fund("ada-of-acme", "fund", "-1.00", "less").problem(400), "invalid");
        fund("ada-of-acme", "take-back", "8.00", "back").expect(201);
        assert_eq!((available(&server, &key, "acme").as_str(), available(&server, &key, "ada-of-acme").as_str()), ("38.00", "12.00"));
        let one = server.get(&key, "/v1/wallets/ada-of-acme");
        assert_eq!((&one["balance"], one["person"].as_str(), one["account"].as_str()), (&usd("12.00"), Some("ada"), Some("acme")));
        let persons = |page: &Value| -> Vec<String> {
            let rows = page["data"].as_array().expect("a list").iter();
            rows.map(|row| row["person"].as_str().expect("a name").to_owned()).collect()
        };
        let page = server.get(&key, "/v1/accounts/acme/wallets?limit=2");
        assert_eq!(persons(&page), ["ada", "ben"]);
        let rest = server.get(&key, &format!("/v1/accounts/acme/wallets?limit=2&cursor={}", page["next"].as_str().expect("more")));
        assert_eq!((persons(&rest), &rest["next"]), (vec!["cleo".to_owned()], &Value::Null));
        assert_eq!(persons(&server.get(&key, "/v1/accounts/beta/wallets")), ["ada"]);
        drop(server);
        bed.verify();
    }
}

both! {
    /// Given back since, or paid since: the same request under the same key has the same answer, to the byte.
    fn a_payment_asked_again_is_answered_as_it_was(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let begin = |once: &str, token: &str| {
            let new = json!({ "amount": usd("20.00"), "by": { "token": token } });
            server.send(&Request::post("/v1/accounts/acme/payments", &new).key(&key).once(once))
        };
        let (paid, waits) = (begin("one", "card:visa"), begin("two", "card:3ds"));
        assert_eq!((paid.expect(201)["state"].as_str(), waits.expect(201)["state"].as_str()), (Some("succeeded"), Some("requires_action")));
        let id = waits.expect(201)["id"].as_str().expect("an id").to_owned();
        server.post(&key, &format!("/v1/payments/{id}/simulate"), &json!({ "deed": "pay" }));
        server.post(&key, "/v1/accounts/acme/refunds", &json!({ "amount": usd("30.00"), "by_operator": true }));
        assert_eq!((begin("one", "card:visa").body, begin("two", "card:3ds").body), (paid.body, waits.body));
        assert_eq!(available(&server, &key, "acme"), "10.00");
        drop(server);
        bed.verify();
    }
}

//! Money through the pretended provider, as a cloud's engineers try it in their test cloud: with exact money.

use crate::bed::{Bed, CATALOG, Server, ask, policy};
use crate::client::{Request, usd};
use serde_json::{Value, json};

fn balance(server: &Server, key: &str, account: &str) -> String {
    let balance = server.get(key, &format!("/v1/accounts/{account}/balance"));
    balance["available"].as_str().expect("an amount").to_owned()
}

/// Pays by a token: the payment.
fn pay(server: &Server, key: &str, account: &str, amount: &str, by: &Value) -> Value {
    let new = json!({ "amount": usd(amount), "by": by, "return_url": "https://cloud.example.com/billing" });
    server.post(key, &format!("/v1/accounts/{account}/payments"), &new)
}

fn simulate(server: &Server, key: &str, payment: &Value, deed: &str) -> Value {
    let id = payment["id"].as_str().expect("an id");
    server.post(key, &format!("/v1/payments/{id}/simulate"), &json!({ "deed": deed }))
}

both! {
    fn a_page_a_complaint_and_its_end(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let page = pay(&server, &key, "acme", "40.00", &json!({ "page": "alipay" }));
        assert_eq!((page["state"].as_str(), page["channel"].as_str()), (Some("requires_action"), Some("alipay")));
        assert!(page["action_url"].as_str().is_some_and(|url| url.starts_with("/sandbox/")), "{page}");
        assert_eq!(balance(&server, &key, "acme"), "0.00");
        assert_eq!(simulate(&server, &key, &page, "pay")["state"], "succeeded");
        assert_eq!(balance(&server, &key, "acme"), "40.00");

        // The bank takes it back: 40.00 - 40.00 = 0.00. Once, however often it is told.
        assert_eq!(simulate(&server, &key, &page, "dispute")["state"], "disputed");
        assert_eq!(simulate(&server, &key, &page, "dispute")["taken_back"], usd("40.00"));
        assert_eq!(balance(&server, &key, "acme"), "0.00");
        let shown = server.get(&key, &format!("/v1/payments/{}", page["id"].as_str().expect("an id")));
        assert_eq!((shown["disputes"][0]["state"].as_str(), shown["action_url"].as_str()), (Some("open"), None), "{shown}");
        assert_eq!(simulate(&server, &key, &page, "win_dispute")["state"], "succeeded");
        assert_eq!(balance(&server, &key, "acme"), "40.00");

        // A card that wants its owner: they turn away.
        let shy = pay(&server, &key, "acme", "5.00", &json!({ "token": "card:3ds" }));
        assert_eq!(shy["state"], "requires_action");
        let gone = simulate(&server, &key, &shy, "turn_away");
        assert_eq!((gone["state"].as_str(), gone["failure"]["code"].as_str()), (Some("failed"), Some("abandoned")));
        let poor = pay(&server, &key, "acme", "5.00", &json!({ "token": "card:insufficient" }));
        assert_eq!(poor["failure"]["code"], "insufficient_funds");

        // The provider's mood.
        server.post(&key, "/v1/sandbox", &json!({ "mood": "declines" }));
        assert_eq!(pay(&server, &key, "acme", "5.00", &json!({ "token": "card:visa" }))["state"], "failed");
        server.post(&key, "/v1/sandbox", &json!({ "mood": "times_out" }));
        let lost = pay(&server, &key, "acme", "5.00", &json!({ "token": "card:visa" }));
        assert_eq!(lost["state"], "unknown", "it may have been done");
        server.post(&key, "/v1/sandbox", &json!({ "mood": "well" }));
        server.post(&key, "/v1/clock/advance", &json!({ "seconds": 60 }));
        let found = server.get(&key, &format!("/v1/payments/{}", lost["id"].as_str().expect("an id")));
        assert_eq!(found["state"], "succeeded", "{found}");
        assert_eq!(balance(&server, &key, "acme"), "45.00");

        // By account and state.
        let listed = |query: &str| server.get(&key, &format!("/v1/payments?{query}"))["data"].as_array().expect("a list").len();
        assert_eq!((listed("state=failed"), listed("state=succeeded"), listed("account=acme")), (3, 2, 5));
        drop(server);
        bed.verify();
    }
}

both! {
    /// A code to scan: shown with its end, found without its webhook, paid in yuan; another runs out, and is paid late.
    fn codes_to_scan(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let shown = pay(&server, &key, "acme", "10.00", &json!({ "page": "wechat_pay" }));
        assert!(shown["code"].as_str().is_some_and(|code| code.starts_with("weixin://")), "{shown}");
        let times = [&shown["created_at"], &shown["expires_at"]].map(|at| at.as_str().expect("a time").to_owned());
        let [created, expires] = times.map(|at| farthing_core::time::Instant::parse(&at).expect("a time"));
        assert_eq!(expires.seconds_since(created), 900);
        assert_eq!((&shown["paid"], &shown["late"]), (&Value::Null, &json!(false)));
        let missed = pay(&server, &key, "acme", "5.00", &json!({ "page": "alipay" }));
        server.post(&key, "/v1/sandbox", &json!({ "mood": "silent" }));
        let path = |payment: &Value| format!("/v1/payments/{}", payment["id"].as_str().expect("an id"));
        let scan = |paid: &Value| json!({ "deed": "pay", "paid": paid });
        let simulated = |body: &Value| ask(&server, &key, "POST", &format!("{}/simulate", path(&shown)), body);
        assert_eq!(simulated(&scan(&usd("10.00"))).problem(400), "invalid", "that is no other currency");
        assert_eq!(simulated(&json!({ "deed": "dispute", "paid": usd("1.00") })).problem(400), "invalid");
        let yuan = json!({ "amount": "72.30", "currency": "CNY" });
        let silent = server.post(&key, &format!("{}/simulate", path(&shown)), &scan(&yuan));
        assert_eq!((silent["state"].as_str(), balance(&server, &key, "acme").as_str()), (Some("requires_action"), "0.00"));
        server.post(&key, "/v1/clock/advance", &json!({ "seconds": 60 }));
        let paid = server.get(&key, &path(&shown));
        assert_eq!((paid["state"].as_str(), &paid["code"]), (Some("succeeded"), &Value::Null), "{paid}");
        assert_eq!(paid["paid"], json!({ "amount": yuan, "rate": "7.23" }));
        assert_eq!(balance(&server, &key, "acme"), "10.00");
        server.post(&key, "/v1/clock/advance", &json!({ "seconds": 840 }));
        let over = server.get(&key, &path(&missed));
        assert_eq!((over["state"].as_str(), over["failure"]["code"].as_str()), (Some("failed"), Some("abandoned")), "{over}");
        server.post(&key, "/v1/sandbox", &json!({ "mood": "well" }));
        server.post(&key, "/v1/clock/advance", &json!({ "seconds": 1 }));
        let late = simulate(&server, &key, &missed, "pay");
        assert_eq!((late["state"].as_str(), &late["late"]), (Some("succeeded"), &json!(true)), "{late}");
        assert_eq!(balance(&server, &key, "acme"), "15.00");
        drop(server);
        bed.verify();
    }
}

both! {
    /// Above a sum a person looks first; and what they refuse is never asked of a provider.
    fn a_person_looks_first(bed: &Bed) {
        let risky = format!("{}\n[risk]\nhold_for_review_above = \"500.00\"\n\n[top_up]\nmax = \"1000.00\"\n", policy("ours", "1h"));
        bed.apply("ours", &risky, CATALOG);
        let (key, desk) = (bed.key("ours", true, "admin"), bed.key("ours", true, "read,write"));
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let by = json!({ "token": "card:visa" });
        let (one, other) = (pay(&server, &desk, "acme", "600.00", &by), pay(&server, &desk, "acme", "700.00", &by));
        assert_eq!((one["state"].as_str(), balance(&server, &key, "acme").as_str()), (Some("review"), "0.00"));
        assert_eq!(server.get(&desk, "/v1/payments?state=review")["data"].as_array().map(Vec::len), Some(2));
        let path = |payment: &Value, what: &str| format!("/v1/payments/{}/{what}", payment["id"].as_str().expect("an id"));
        let note = json!({ "note": "known for years" });
        let mine = ask(&server, &desk, "POST", &path(&one, "approve"), &note);
        assert_eq!(mine.problem(403), "forbidden", "who may pay in may not approve it");
        let approved = server.post(&key, &path(&one, "approve"), &note);
        assert_eq!(approved["state"], "succeeded", "{approved}");
        assert!(approved["verdict"].to_string().contains("approved: known for years"), "{approved}");
        assert_eq!(server.post(&key, &path(&other, "refuse"), &json!({}))["state"], "refused");
        assert_eq!(ask(&server, &key, "POST", &path(&other, "approve"), &json!({})).problem(409), "conflict");
        assert_eq!(balance(&server, &key, "acme"), "600.00");

        // The bounds are for what customers pay online; what was agreed with them may be more.
        let above = json!({ "amount": usd("5000.00"), "by": by });
        assert_eq!(ask(&server, &key, "POST", "/v1/accounts/acme/payments", &above).problem(422), "above_maximum");
        let top_up = |key: &str, contract: bool| {
            ask(&server, key, "POST", "/v1/accounts/acme/top-ups", &json!({ "amount": usd("5000.00"), "contract": contract }))
        };
        assert_eq!(top_up(&key, false).problem(422), "above_maximum");
        assert_eq!(top_up(&desk, true).problem(403), "forbidden");
        top_up(&key, true).expect(201);
        assert_eq!(balance(&server, &key, "acme"), "5600.00");
        drop(server);
        bed.verify();
    }
}

both! {
    /// Nobody is charged who has not agreed to it, in words that can be found again.
    fn methods_and_filling_up(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        for name in ["acme", "beta"] {
            server.post(&key, "/v1/accounts", &json!({ "name": name }));
        }
        let words = "I agree that Ours charges this card when my balance runs low.";
        let add = |token: &str, more: Value| {
            let mut new = json!({ "channel": "card", "token": token });
            new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            ask(&server, &key, "POST", "/v1/accounts/acme/methods", &new)
        };
        assert_eq!(add("card:declined", json!({})).problem(422), "not_eligible");
        assert_eq!(add("card:visa", json!({ "mandate": " " })).problem(400), "invalid");
        let page = ask(&server, &key, "POST", "/v1/accounts/acme/methods", &json!({ "channel": "card" }));
        assert_eq!((page.problem(400), page.json()["field"].as_str()), ("invalid".to_owned(), Some("return_url")));
        let shy = add("card:mastercard", json!({})).expect(201);
        let card = add("card:visa", json!({ "mandate": words, "default": true })).expect(201);
        assert_eq!((card["state"].as_str(), card["mandate"].as_str(), card["default"].as_bool()), (Some("ready"), Some(words), Some(true)));
        let listed = server.get(&key, "/v1/accounts/acme/methods");
        assert_eq!((&listed["data"][0]["id"], &listed["data"][1]["id"]), (&card["id"], &shy["id"]));

        // Another account does not pay with it.
        let theirs = json!({ "amount": usd("5.00"), "by": { "method": card["id"] } });
        assert_eq!(ask(&server, &key, "POST", "/v1/accounts/beta/payments", &theirs).problem(404), "not_found");
        assert_eq!(pay(&server, &key, "acme", "15.00", &json!({ "default": true }))["method"], card["id"]);
        assert_eq!(balance(&server, &key, "acme"), "15.00");

        // Below 20.00 it is filled up by 50.00: 15.00 + 50.00 = 65.00.
        let set = json!({ "on": true, "threshold": usd("20.00"), "amount": usd("50.00") });
        let refill = ask(&server, &key, "PUT", "/v1/accounts/acme/refill", &set).expect(200);
        assert_eq!((refill["on"].as_bool(), &refill["threshold"], &refill["amount"]), (Some(true), &usd("20.00"), &usd("50.00")));
        server.post(&key, "/v1/clock/advance", &json!({ "seconds": 60 }));
        assert_eq!(balance(&server, &key, "acme"), "65.00");
        let refill = server.get(&key, "/v1/accounts/acme/refill");
        assert_eq!((&refill["month_sum"], refill["failures"].as_i64()), (&usd("50.00"), Some(0)));

        // Consent is withdrawn, and nothing happens by itself any more.
        let own = format!("/v1/methods/{}", card["id"].as_str().expect("an id"));
        let both = json!({ "mandate": words, "withdraw_consent": true });
        assert_eq!(ask(&server, &key, "PATCH", &own, &both).problem(400), "invalid");
        let withdrawn = ask(&server, &key, "PATCH", &own, &json!({ "withdraw_consent": true })).expect(200);
        assert_eq!((&withdrawn["consented_at"], &withdrawn["mandate"]), (&Value::Null, &Value::Null));
        assert!(server.get(&key, "/v1/accounts/acme/refill")["inert_because"].is_string());
        let gone = server.send(&Request::new("DELETE", &own).key(&key).once("gone")).expect(200);
        assert_eq!(gone["state"], "gone");
        let again = json!({ "amount": usd("5.00"), "by": { "method": card["id"] } });
        assert_eq!(ask(&server, &key, "POST", "/v1/accounts/acme/payments", &again).problem(409), "conflict");
        assert_eq!(server.get(&key, "/v1/accounts/acme/methods")["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(server.get(&key, "/v1/accounts/acme/methods?all=true")["data"].as_array().map(Vec::len), Some(3));
        drop(server);
        bed.verify();
    }
}

both! {
    /// What was paid in goes back to where it came from; gifts do not.
    fn money_back(bed: &Bed) {
        bed.cloud("ours");
        let (key, desk) = (bed.key("ours", true, "admin"), bed.key("ours", true, "read,write"));
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        server.post(&key, "/v1/accounts/acme/grants", &json!({ "name": "welcome", "amount": usd("7.00"), "reason": "sorry" }));
        let paid = pay(&server, &key, "acme", "100.00", &json!({ "token": "card:visa" }));
        assert_eq!(server.get(&key, "/v1/accounts/acme/refundable")["amount"], usd("100.00"));
        let refund = |key: &str, new: &Value| ask(&server, key, "POST", "/v1/accounts/acme/refunds", new);
        assert_eq!(refund(&desk, &json!({ "amount": usd("101.00") })).problem(422), "insufficient_balance");
        let asked = refund(&desk, &json!({ "amount": usd("30.00"), "reference": "ticket-1" })).expect(201);
        let again = refund(&desk, &json!({ "amount": usd("30.00"), "reference": "ticket-1" })).expect(201);
        assert_eq!((asked["state"].as_str(), &asked["id"]), (Some("asked"), &again["id"]));
        let path = |refund: &Value, what: &str| format!("/v1/refunds/{}/{what}", refund["id"].as_str().expect("an id"));
        assert_eq!(ask(&server, &desk, "POST", &path(&asked, "approve"), &json!({})).problem(403), "forbidden");
        let sent = server.post(&key, &path(&asked, "approve"), &json!({ "note": "as agreed" }));
        assert_eq!((sent["state"].as_str(), &sent["parts"][0]["payment"]), (Some("sent"), &paid["id"]), "{sent}");
        // 7.00 + 100.00 - 30.00 = 77.00.
        assert_eq!(balance(&server, &key, "acme"), "77.00");
        let shown = server.get(&key, &format!("/v1/payments/{}", paid["id"].as_str().expect("an id")));
        assert_eq!((shown["state"].as_str(), &shown["refunded"]), (Some("refunded_in_part"), &usd("30.00")));

        let other = refund(&desk, &json!({ "amount": usd("10.00") })).expect(201);
        assert_eq!(server.post(&key, &path(&other, "refuse"), &json!({ "note": "used by now" }))["state"], "refused");
        // An operator gives all of it at once: 77.00 - 70.00 = 7.00, which was a gift.
        assert_eq!(refund(&desk, &json!({ "by_operator": true })).problem(403), "forbidden");
        assert_eq!(refund(&key, &json!({ "by_operator": true })).expect(201)["amount"], usd("70.00"));
        assert_eq!(balance(&server, &key, "acme"), "7.00");
        let listed = |query: &str| server.get(&key, &format!("/v1/refunds?{query}"))["data"].as_array().expect("a list").len();
        assert_eq!((listed("state=sent"), listed("state=refused"), listed("account=acme")), (2, 1, 3));
        drop(server);
        bed.verify();
    }
}

/// Where money is real nothing of it is pretended, and without a provider nothing comes in.
#[test]
fn live_money_is_not_pretended() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let key = bed.key("ours", false, "admin");
    let server = bed.serve_with("");
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    let new = json!({ "amount": usd("5.00"), "by": { "token": "card:visa" } });
    let refused = ask(&server, &key, "POST", "/v1/accounts/acme/payments", &new);
    assert_eq!(refused.problem(403), "refused_by_policy");
    assert!(refused.body.contains("has no payment provider"), "{}", refused.body);
    assert_eq!(ask(&server, &key, "POST", "/v1/sandbox", &json!({ "mood": "well" })).problem(403), "refused_by_policy");
}

/// docs/payments.md knows every method that can be pretended, and what it does.
#[test]
fn the_page_names_every_pretended_method() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/payments.md"));
    for (token, what) in farthing_core::payment::sandbox::METHODS {
        assert!(page.contains(&format!("| `{token}` | {what} |")), "{token}: {what}");
    }
}

both! {
    fn an_account_says_itself_from_where_on_it_is_warned(bed: &Bed) {
        let alerts = "\n[alerts]\nlow_balance = \"10.00\"\nrunway_days = 7\n";
        bed.apply("ours", &format!("{}{alerts}", policy("ours", "1h")), CATALOG);
        let key = bed.key("ours", true, "admin");
        let server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        let path = "/v1/accounts/acme/alerts";
        let shown = server.get(&key, path);
        assert_eq!((&shown["low_balance"], &shown["runway_days"], &shown["month_cost"]), (&usd("10.00"), &json!(7), &Value::Null));
        let set = json!({ "low_balance": usd("20.00"), "month_cost": usd("5.00"), "off": ["runway_days"] });
        let own = ask(&server, &key, "PUT", path, &set).expect(200);
        assert_eq!((&own["low_balance"], &own["runway_days"], &own["month_cost"]), (&usd("20.00"), &Value::Null, &usd("5.00")));
        assert_eq!(own["own"], json!(["low_balance", "runway_days", "month_cost"]));
        assert_eq!(server.get(&key, path), own);
        for wrong in [
            json!({ "low_balance": { "amount": "20.00", "currency": "CNY" } }),
            json!({ "runway_days": 7, "off": ["runway_days"] }),
            json!({ "runway_days": 0 }),
            json!({ "low_balance": usd("-1.00") }),
            json!({ "off": ["everything"] }),
        ] {
            assert_eq!(ask(&server, &key, "PUT", path, &wrong).problem(400), "invalid", "{wrong}");
        }

        // 20.00 is not below 20.00; what is taken off it is.
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": usd("20.00") }));
        let told = |kind: &str| server.get(&key, &format!("/v1/events?type={kind}"))["data"].as_array().map(Vec::len);
        assert_eq!(told("account.balance_low"), Some(0));
        let raised = json!({ "low_balance": usd("20.01") });
        assert_eq!(ask(&server, &key, "PUT", path, &raised).expect(200)["runway_days"], json!(7));
        assert_eq!(told("account.balance_low"), Some(1));
        drop(server);
        bed.verify();
    }
}

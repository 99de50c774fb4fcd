//! Many authorisations at the same moment, and many in one request: each is answered for itself.

use crate::bed::{Bed, Server};
use crate::client::{Answer, Request, usd};
use serde_json::{Value, json};
use std::sync::Barrier;

fn funded(server: &Server, key: &str, account: &str) {
    server.post(key, "/v1/accounts", &json!({ "name": account }));
    server.post(key, &format!("/v1/accounts/{account}/top-ups"), &json!({ "amount": usd("50.00") }));
}

fn available(server: &Server, key: &str, account: &str) -> Value {
    server.get(key, &format!("/v1/accounts/{account}/balance"))["available"].clone()
}

both! {
    fn what_is_asked_at_once_passes_no_balance_and_spoils_nobody_else_s(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let key = bed.key("ours", false, "admin");
        funded(&server, &key, "acme");
        let callers = 40;
        let start = Barrier::new(callers);
        let ask = |caller: usize| {
            // Every fifth names nobody.
            let account = if caller % 5 == 4 { "nobody" } else { "acme" };
            let request = Request::post("/v1/authorisations", &json!({ "account": account, "amount": usd("2.00") }));
            let request = request.key(&key).once(&format!("call {caller}"));
            start.wait();
            request.send(server.address()).expect("an answer")
        };
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let ask = &ask;
            let threads: Vec<_> = (0..callers).map(|caller| scope.spawn(move || ask(caller))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let mut made = 0;
        for (caller, answer) in answers.iter().enumerate() {
            match answer.status {
                201 => made += 1,
                404 => assert_eq!(caller % 5, 4, "{}", answer.body),
                _ => assert_eq!(answer.problem(422), "insufficient_balance"),
            }
        }
        assert_eq!((made, available(&server, &key, "acme")), (25, json!("0.00")), "fifty dollars are 25 times two");
        drop(server);
        bed.verify();
    }
}

both! {
    fn a_batch_is_answered_one_by_one_and_the_same_again(bed: &Bed) {
        bed.cloud("ours");
        let server = bed.serve();
        let key = bed.key("ours", false, "admin");
        funded(&server, &key, "acme");
        let one = |account: &str, amount: &str| json!({ "account": account, "amount": usd(amount) });
        let batch = json!({ "authorisations": [
            one("acme", "30.00"), one("nobody", "1.00"), one("acme", "30.00"), { "account": "acme" }, one("acme", "20.00"),
        ] });
        let ask = || server.send(&Request::post("/v1/authorisations/batch", &batch).key(&key).once("batch"));
        let first = ask().expect(200);
        let told = |place: usize| match first["results"][place]["problem"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => first["results"][place]["authorisation"]["amount"]["amount"].as_str().expect("an amount").to_owned(),
        };
        let told: Vec<String> = (0..5).map(told).collect();
        assert_eq!(told, ["30.00", "not_found", "insufficient_balance", "invalid", "20.00"]);
        assert_eq!(available(&server, &key, "acme"), json!("0.00"));
        assert_eq!(ask().expect(200), first, "again it is the same, and nothing more is reserved");
        // What was refused had no effect: with money it is made.
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": usd("30.00") }));
        let later = ask().expect(200);
        assert_eq!(later["results"][2]["authorisation"]["amount"]["amount"], "30.00");
        assert_eq!(later["results"][0], first["results"][0]);
        drop(server);
        bed.verify();
    }
}

//! kill -9 under load, at moments nobody chose: what was acknowledged is there once, and so is what was in doubt and was sent
//! again.

use crate::bed::{Bed, Dice, Server};
use crate::client::{Answer, Request};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

const SEED: u64 = 20_261_121;
const ROUNDS: u64 = 4;
const EVENTS: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Usage,
    TopUp,
    Authorisation,
}

/// One who sends, one after the other, and sends again what was not answered.
#[derive(Debug)]
struct Teller {
    name: String,
    kind: Kind,
    /// How many were acknowledged. The next has this number, whether it was sent before or not.
    done: u64,
    answers: Vec<Value>,
}

impl Teller {
    fn request(&self, key: &str, number: u64) -> Request {
        let name = format!("{}-{number}", self.name);
        match self.kind {
            Kind::Usage => {
                let events: Vec<Value> = (0..EVENTS)
                    .map(|place| json!({ "id": format!("{name}-{place}"), "account": "acme", "quantities": { "calls": 1 } }))
                    .collect();
                Request::post("/v1/usage", &json!({ "events": events })).key(key)
            }
            Kind::TopUp => {
                let body = json!({ "amount": { "amount": "1.00", "currency": "USD" } });
                Request::post("/v1/accounts/acme/top-ups", &body).key(key).once(&name)
            }
            Kind::Authorisation => {
                let body = json!({ "account": "acme", "amount": { "amount": "0.25", "currency": "USD" } });
                Request::post("/v1/authorisations", &body).key(key).once(&name)
            }
        }
    }

    /// Until the server is gone.
    fn tell(&mut self, key: &str, address: SocketAddr, acknowledged: &AtomicU64) {
        while let Ok(answer) = self.request(key, self.done).send(address) {
            self.answers.push(self.acknowledged(&answer));
            self.done += 1;
            acknowledged.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn acknowledged(&self, answer: &Answer) -> Value {
        assert!(answer.is_good(), "{} {}: {}", self.name, self.done, answer.body);
        let told = answer.json();
        if self.kind == Kind::Usage {
            let counted = told["accepted"].as_u64().zip(told["duplicates"].as_u64());
            assert_eq!(counted.map(|(fresh, known)| fresh + known), Some(EVENTS), "{told}");
        }
        told
    }
}

both! {
    fn what_was_acknowledged_is_there_once(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", false, "admin");
        let mut server = bed.serve();
        server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
        server.post(&key, "/v1/accounts/acme/top-ups", &json!({ "amount": { "amount": "100000.00", "currency": "USD" } }));
        let mut tellers: Vec<Teller> = [Kind::Usage, Kind::Usage, Kind::TopUp, Kind::TopUp, Kind::Authorisation, Kind::Authorisation]
            .into_iter()
            .enumerate()
            .map(|(place, kind)| Teller { name: format!("teller-{place}"), kind, done: 0, answers: Vec::new() })
            .collect();
        let mut dice = Dice(SEED);
        for _ in 0..ROUNDS {
            let (acknowledged, enough) = (AtomicU64::new(0), 20 + dice.throw(100));
            std::thread::scope(|scope| {
                let address = server.address();
                for teller in &mut tellers {
                    let (key, acknowledged) = (&key, &acknowledged);
                    scope.spawn(move || teller.tell(key, address, acknowledged));
                }
                while acknowledged.load(Ordering::Acquire) < enough {
                    std::thread::yield_now();
                }
                server.kill();
            });
            server = bed.serve();
        }
        // The last of each, in doubt, once more: so that all that was sent was acknowledged.
        for teller in &mut tellers {
            let answer = server.send(&teller.request(&key, teller.done));
            teller.answers.push(teller.acknowledged(&answer));
            teller.done += 1;
        }
        for teller in &tellers {
            sent_again(&server, &key, teller);
        }
        adds_up(&server, &key, &tellers);
        drop(server);
        bed.verify();
    }
}

/// All of it is known: sent again it is answered as before, or as a duplicate.
fn sent_again(server: &Server, key: &str, teller: &Teller) {
    for (number, before) in (0..teller.done).zip(&teller.answers) {
        let again = server.send(&teller.request(key, number)).json();
        match teller.kind {
            Kind::Usage => assert_eq!(again["duplicates"], EVENTS, "{again}"),
            Kind::TopUp | Kind::Authorisation => assert_eq!(again, *before),
        }
    }
}

/// The sums are those of what was acknowledged.
fn adds_up(server: &Server, key: &str, tellers: &[Teller]) {
    let done =
        |kind: Kind| -> u64 { tellers.iter().filter(|teller| teller.kind == kind).map(|teller| teller.done).sum() };
    let cents = |text: &Value| -> u64 {
        let (whole, part) =
            text.as_str().expect("an amount").split_once('.').unwrap_or((text.as_str().expect("an amount"), ""));
        format!("{whole}{part:0<2}").parse().expect("an amount in cents")
    };
    // Calls at 0.01, top-ups of 1.00, authorisations of 0.25, in cents.
    let (used, held) = (done(Kind::Usage) * EVENTS, done(Kind::Authorisation) * 25);
    let sum = server.get(key, "/v1/accounts/acme/charges/sum");
    assert_eq!(cents(&sum["sum"]["amount"]), used);
    let balance = server.get(key, "/v1/accounts/acme/balance");
    assert_eq!(cents(&balance["held"]), held);
    assert_eq!(cents(&balance["available"]), 10_000_000 + done(Kind::TopUp) * 100 - used - held);
}

//! The outbox: what is told, to whom, in which order, how often, and what becomes of what is not taken.

use crate::support::{self, Bed, START, apply, at, cloud, later, policy, start, told, usd};
use farthing_core::id::HoldId;
use farthing_core::notice::{EndpointId, EventType, Reach, Secret, signature_header};
use farthing_core::time::{Duration, Instant};
use farthing_engine::{
    Asked, Carried, Carrier, Contact, EndpointChange, Engine, NewAccount, NewEndpoint, NewGrant, NewHold, Once,
    Outcome, Parcel, RefusalCode, Reported, To,
};
use farthing_store::{Channel, DeliveryFilter, DeliveryState};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// A receiver that writes down what it is sent, and refuses what it is told to.
#[derive(Default)]
struct Receiver {
    /// Type, account or resource, id: in the order of arrival.
    got: Mutex<Vec<(String, String, String)>>,
    /// Of whom nothing is taken.
    refuses: Mutex<BTreeSet<String>>,
    outcome: Mutex<Option<Outcome>>,
}

impl Receiver {
    fn refuse(&self, about: &str) {
        self.refuses.lock().unwrap().insert(about.to_owned());
    }

    fn take(&self, about: &str) {
        self.refuses.lock().unwrap().remove(about);
    }

    /// Types, in the order of arrival.
    fn types(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(kind, ..)| kind.clone()).collect()
    }

    fn of(&self, about: &str) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|(_, of, _)| of == about).map(|(kind, ..)| kind.clone()).collect()
    }
}

impl Carrier for Receiver {
    fn carry(&self, parcel: &Parcel, _: Instant) -> Carried {
        let data: serde_json::Value = serde_json::from_str(&parcel.data).expect("JSON");
        let about = data["account"].as_str().or(data["endpoint"].as_str()).unwrap_or_default().to_owned();
        if self.refuses.lock().unwrap().contains(&about) {
            let outcome = self.outcome.lock().unwrap().unwrap_or(Outcome::NotTaken { pause_seconds: None });
            return Carried { outcome, status: Some(500), answer: "no\n\u{0}thanks".to_owned() };
        }
        self.got.lock().unwrap().push((parcel.kind.clone(), about, parcel.id.to_string()));
        Carried { outcome: Outcome::Taken, status: Some(204), answer: String::new() }
    }
}

fn endpoint(engine: &Engine, cloud: &str, types: &[&str]) -> EndpointId {
    let types = types.iter().map(|kind| (*kind).to_owned()).collect();
    let new = NewEndpoint { url: "https://hooks.example.com/x".to_owned(), description: String::new(), types };
    engine.endpoint_create(cloud, &new, Reach::Public).expect("it is made").id
}

fn deliver(engine: &Engine, id: EndpointId, receiver: &Receiver, now: Instant) -> usize {
    engine.deliver_ready(Channel::Endpoint(id), receiver, now, 1_000).expect("it is delivered")
}

fn states(engine: &Engine, cloud: &str, state: DeliveryState) -> usize {
    let filter = DeliveryFilter { channel: None, state: Some(state) };
    engine.deliveries(cloud, &filter, None, 1_000).expect("the list").len()
}

fn events(engine: &Engine, cloud: &str) -> Vec<String> {
    let rows = engine.events(cloud, None, None, None, 1_000).expect("the list");
    rows.into_iter().rev().map(|row| row.kind).collect()
}

both! {
    fn what_happens_is_told_once_and_what_does_not_is_not(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "beta"]);
        cloud(&engine, "two", &["acme"]);
        assert_eq!(events(&engine, "one"), ["policy.applied", "account.opened", "account.opened"]);
        let all = endpoint(&engine, "one", &[]);
        let money = endpoint(&engine, "one", &["money.*"]);
        engine.top_up("one", "acme", usd("2.00"), Some("bank-1")).expect("booked");
        engine.top_up("one", "acme", usd("2.00"), Some("bank-1")).expect("it is there");
        engine.top_up("one", "acme", usd("3.00"), Some("bank-1")).expect_err("it is another");
        engine.top_up("two", "acme", usd("2.00"), Some("bank-1")).expect("booked");
        let welcome = NewGrant {
            name: "welcome".to_owned(), account: "beta".to_owned(), amount: usd("1.00"), products: Vec::new(),
            priority: 0, starts: None, expires: Some(later(60)), reason: None,
        };
        engine.grant_credit("one", &welcome).expect("given");
        engine.grant_credit("one", &welcome).expect("it is there");
        let hold = NewHold {
            id: HoldId::derive(at(START), &[b"h"]), account: "acme".to_owned(), amount: usd("0.50"), product: None, uses: Vec::new(),
            lasts: Some(Duration::from_seconds(30)),
        };
        engine.authorise("one", &hold).expect("it is there to be held");
        engine.advance(later(20)).expect("time goes by");
        start(&engine, "one", "web", "acme");
        // It runs out at two hours of a dollar each. With its gift the other had all it had; what is left of that lapses an hour later.
        engine.advance(later(4 * 3_600)).expect("time goes by");
        engine.top_up("one", "acme", usd("9.00"), None).expect("booked");
        engine.open_project("one", "site", "acme").expect("opened");
        engine.move_project("one", "site", "beta").expect("moved");
        engine.move_project("one", "site", "beta").expect("it is there");
        let expected = [
            "money.topped_up", "credit.granted", "authorisation.expired", "account.ran_out", "credit.lapsed", "account.ran_out",
            "money.topped_up", "account.recovered", "project.opened", "project.moved",
        ];
        assert_eq!(events(&engine, "one")[3..], expected);
        let (receiver, other) = (Receiver::default(), Receiver::default());
        assert_eq!(deliver(&engine, all, &receiver, later(0)), expected.len());
        // What happened to different things comes in no order.
        let of_accounts = |types: &[String]| -> Vec<String> {
            types.iter().filter(|kind| !kind.starts_with("project.")).cloned().collect()
        };
        assert_eq!(of_accounts(&receiver.types()), expected[..8]);
        let of_projects = receiver.types().into_iter().filter(|kind| kind.starts_with("project."));
        assert_eq!(of_projects.collect::<Vec<_>>(), expected[8..]);
        assert_eq!(deliver(&engine, money, &other, later(0)), 2);
        assert_eq!(other.types(), ["money.topped_up", "money.topped_up"]);
        assert_eq!(deliver(&engine, all, &receiver, later(86_400)), 0, "nothing is told twice");
        assert_eq!(engine.events("one", Some("account.ran_out"), Some("acme"), None, 9).unwrap().len(), 1);
        assert_eq!(engine.events("one", Some("account.recovered"), Some("beta"), None, 9).unwrap().len(), 0);
        assert_eq!(engine.events("one", Some("account.went"), None, None, 9).unwrap_err().code(), Some(RefusalCode::Invalid));
    }
}

both! {
    fn what_is_not_heard_of_is_told_as_missing_and_found(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &format!("{}\n[monitor]\nheartbeat = \"5m\"\nmissing_after = \"10m\"\n", policy("one")), support::CATALOG);
        engine.open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() }).expect("opened");
        engine.top_up("one", "acme", usd("9.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        told(&engine, "one", "web", None, Reported::Heartbeat).expect("heard");
        engine.advance(later(1_800)).expect("time goes by");
        told(&engine, "one", "web", None, Reported::Heartbeat).expect("heard");
        engine.advance(later(1_900)).expect("time goes by");
        let rows = engine.events("one", None, None, None, 2).expect("the list");
        assert_eq!(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["resource.found", "resource.missing"]);
        let data: serde_json::Value = serde_json::from_str(&rows[1].data).expect("JSON");
        assert_eq!((data["resource"].as_str(), data["last_seen_at"].as_str()), (Some("web"), Some("2026-04-01T10:00:00Z")));
    }
}

both! {
    fn one_lane_waits_for_its_first_and_no_other_lane_does(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "beta"]);
        let (slow, quick) = (endpoint(&engine, "one", &["money.*"]), endpoint(&engine, "one", &["money.*"]));
        for number in 0..3 {
            for account in ["acme", "beta"] {
                engine.top_up("one", account, usd("1.00"), Some(&format!("{account}-{number}"))).expect("booked");
            }
        }
        let (receiver, other) = (Receiver::default(), Receiver::default());
        receiver.refuse("acme");
        assert_eq!(deliver(&engine, slow, &receiver, later(0)), 3, "only beta's");
        assert_eq!(receiver.of("acme"), [""; 0]);
        assert_eq!(deliver(&engine, quick, &other, later(0)), 6, "another endpoint waits for nobody");
        // Not before its time, then in order.
        assert_eq!(deliver(&engine, slow, &receiver, later(4)), 0);
        receiver.take("acme");
        engine.top_up("one", "acme", usd("2.00"), Some("acme-3")).expect("booked");
        assert_eq!(deliver(&engine, slow, &receiver, later(5)), 4);
        let ids: Vec<String> = receiver.got.lock().unwrap().iter().map(|(.., id)| id.clone()).collect();
        assert!(ids[3..].is_sorted(), "{ids:?}");
        assert_eq!(states(&engine, "one", DeliveryState::Waiting), 1, "quick has one to come");
        assert_eq!(deliver(&engine, quick, &other, later(6)), 1);
    }
}

both! {
    fn what_is_never_taken_dies_after_three_days_and_lets_the_next_go(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let id = endpoint(&engine, "one", &["money.*"]);
        for number in 0..2 {
            engine.top_up("one", "acme", usd("1.00"), Some(&number.to_string())).expect("booked");
        }
        let receiver = Receiver::default();
        receiver.refuse("acme");
        let mut tries = 0;
        for second in (0..).step_by(60).take_while(|second| *second <= 3 * 86_400) {
            let before = engine.deliveries("one", &DeliveryFilter::default(), None, 9).unwrap()[1].row.attempts;
            deliver(&engine, id, &receiver, later(second));
            tries += engine.deliveries("one", &DeliveryFilter::default(), None, 9).unwrap()[1].row.attempts - before;
        }
        assert_eq!(tries, 15);
        let views = engine.deliveries("one", &DeliveryFilter::default(), None, 9).unwrap();
        assert_eq!(views[1].row.state, DeliveryState::Dead);
        assert_eq!((views[1].row.status, views[1].row.answer.as_str()), (Some(500), "no thanks"));
        // The next one had its turn when the first was given up.
        assert_eq!((views[0].row.state, views[0].row.attempts), (DeliveryState::Waiting, 1));
        receiver.take("acme");
        assert_eq!(deliver(&engine, id, &receiver, later(4 * 86_400)), 1);
        // Sent again by hand it begins anew, with the id it had.
        engine.delivery_replay("one", views[1].id).expect("it is dead");
        assert_eq!(engine.delivery_replay("one", views[1].id).unwrap_err().code(), Some(RefusalCode::Conflict));
        assert_eq!(engine.delivery_replay("two", views[1].id).unwrap_err().code(), Some(RefusalCode::NotFound));
        assert_eq!(deliver(&engine, id, &receiver, later(4 * 86_400)), 1);
        engine.delivery_replay("one", views[1].id).expect("it is delivered");
        assert_eq!(deliver(&engine, id, &receiver, later(4 * 86_400)), 1);
        let got = receiver.got.lock().unwrap();
        assert_eq!(got[1].2, views[1].message.id.to_string());
        assert_eq!(got[1], got[2]);
        assert_ne!(got[0].2, got[1].2);
    }
}

both! {
    fn a_crash_between_sending_and_writing_repeats_it_with_the_same_id(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let id = endpoint(&engine, "one", &["money.*"]);
        engine.top_up("one", "acme", usd("1.00"), None).expect("booked");
        let channel = Channel::Endpoint(id);
        let lost = engine.parcels_claim(channel, later(0), 9).expect("claimed");
        let receiver = Receiver::default();
        receiver.carry(&lost[0], later(0));
        // Nobody came back. Another process does not send it meanwhile, and then it does.
        let second = bed.engine(1, at(START));
        assert_eq!(deliver(&second, id, &receiver, later(29)), 0);
        assert_eq!(second.channels_ready(later(30)).unwrap(), [channel]);
        assert_eq!(deliver(&second, id, &receiver, later(30)), 1);
        let got = receiver.got.lock().unwrap();
        assert_eq!((got.len(), &got[0]), (2, &got[1]));
        // The first one was only slow: what it says now is old.
        let failed = Carried { outcome: Outcome::Never, status: None, answer: String::new() };
        engine.parcel_done(&lost[0], &failed, later(31), 0).expect("written");
        assert_eq!(states(&engine, "one", DeliveryState::Delivered), 1);
    }
}

both! {
    fn a_restored_copy_sends_nothing_until_it_is_accepted(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        engine.store().epoch_open([1; 16], at(START)).expect("the first");
        cloud(&engine, "one", &["acme"]);
        let id = endpoint(&engine, "one", &[]);
        engine.top_up("one", "acme", usd("1.00"), None).expect("booked");
        let epoch = engine.store().epoch_begin([2; 16], "restored", at(START)).expect("another");
        assert_eq!(engine.channels_ready(later(0)).unwrap(), []);
        assert_eq!(deliver(&engine, id, &Receiver::default(), later(0)), 0);
        engine.store().epoch_accept(epoch.number).expect("accepted");
        assert_eq!(deliver(&engine, id, &Receiver::default(), later(0)), 1);
    }
}

both! {
    fn endpoints_are_made_once_changed_disabled_and_deleted(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let once = Once { key: "k".to_owned(), digest: [7; 32] };
        let asked = Asked { who: "key_1".to_owned(), source: String::new(), once: Some(once), why: String::new() };
        let new = NewEndpoint { url: "https://hooks.example.com".to_owned(), description: "d".to_owned(), types: vec!["account.*".to_owned()] };
        let make = || engine.asked_by(asked.clone()).endpoint_create("one", &new, Reach::Public).expect("it is made");
        let row = make();
        assert_eq!(make(), row);
        for url in ["http://hooks.example.com", "https://10.0.0.1/", "http://localhost:1/"] {
            let wrong = NewEndpoint { url: url.to_owned(), ..new.clone() };
            let refused = engine.endpoint_create("one", &wrong, Reach::Public).unwrap_err();
            assert_eq!(refused.code(), Some(RefusalCode::Invalid), "{url}");
        }
        let wrong = NewEndpoint { types: vec!["account.exploded".to_owned()], ..new.clone() };
        assert_eq!(engine.endpoint_create("one", &wrong, Reach::Public).unwrap_err().code(), Some(RefusalCode::Invalid));
        assert_eq!(engine.endpoint("two", row.id).unwrap_err().code(), Some(RefusalCode::NotFound));
        // What happens while it is disabled it never hears of; what waited it does.
        let change = |change: EndpointChange| engine.endpoint_change("one", row.id, &change, Reach::Public).expect("changed");
        change(EndpointChange { types: Some(Vec::new()), ..EndpointChange::default() });
        engine.top_up("one", "acme", usd("1.00"), None).expect("booked");
        let off = change(EndpointChange { enabled: Some(false), ..EndpointChange::default() });
        assert_eq!(off.disabled, "by hand");
        engine.top_up("one", "acme", usd("2.00"), None).expect("booked");
        let receiver = Receiver::default();
        assert_eq!(deliver(&engine, row.id, &receiver, later(0)), 0);
        assert_eq!(engine.endpoint_test("one", row.id).unwrap_err().code(), Some(RefusalCode::Conflict));
        change(EndpointChange { enabled: Some(true), ..EndpointChange::default() });
        assert_eq!(deliver(&engine, row.id, &receiver, later(0)), 1);
        engine.endpoint_test("one", row.id).expect("it is sent");
        assert_eq!(deliver(&engine, row.id, &receiver, later(0)), 1);
        assert_eq!(receiver.types(), ["money.topped_up", EventType::EndpointTest.name()]);
        // A receiver that is gone is not asked again.
        receiver.refuse("acme");
        *receiver.outcome.lock().unwrap() = Some(Outcome::Gone);
        engine.top_up("one", "acme", usd("3.00"), None).expect("booked");
        assert_eq!(deliver(&engine, row.id, &receiver, later(9)), 0);
        assert!(engine.endpoint("one", row.id).unwrap().disabled.contains("410"));
        engine.endpoint_delete("one", row.id).expect("deleted");
        assert_eq!(engine.endpoint_delete("one", row.id).unwrap_err().code(), Some(RefusalCode::NotFound));
        assert_eq!(engine.deliveries("one", &DeliveryFilter::default(), None, 9).unwrap().len(), 0);
        assert_eq!(events(&engine, "one").len(), 6, "what happened stays");
    }
}

both! {
    fn while_a_secret_rotates_both_sign(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let id = endpoint(&engine, "one", &[]);
        let first = engine.endpoint("one", id).unwrap().secret;
        let second = engine.endpoint_rotate("one", id, later(3_600)).expect("rotated").secret;
        assert_ne!(first, second);
        for (account, now, secrets) in
            [("a", later(0), vec![second.clone(), first.clone()]), ("b", later(3_600), vec![second.clone()])]
        {
            engine.open_account("one", &NewAccount { name: account.to_owned(), ..NewAccount::default() }).expect("opened");
            let parcel = engine.parcels_claim(Channel::Endpoint(id), now, 1).expect("claimed").remove(0);
            let To::Webhook(hook) = &parcel.to else { panic!("{:?}", parcel.to) };
            let body = parcel.body();
            let [(_, sent_id), (_, timestamp), (_, signature)] = parcel.headers(hook, &body, now);
            assert_eq!(timestamp, (now.micros() / 1_000_000).to_string());
            let expected: Vec<Secret> = secrets;
            assert_eq!(signature, signature_header(&expected, &sent_id, now.micros() / 1_000_000, body.as_bytes()));
            let done = Carried { outcome: Outcome::Taken, status: Some(200), answer: String::new() };
            engine.parcel_done(&parcel, &done, now, 0).expect("written");
        }
    }
}

both! {
    fn people_hear_by_mail_at_the_address_they_have_then(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["quiet"]);
        let contact = |email: &str| Contact { name: "Ada".to_owned(), email: email.to_owned(), language: "zh".to_owned() };
        let new = NewAccount { name: "acme".to_owned(), contact: Some(contact("old@acme.example")), ..NewAccount::default() };
        engine.open_account("one", &new).expect("opened");
        engine.top_up("one", "quiet", usd("1.00"), None).expect("booked");
        engine.top_up("one", "acme", usd("1.00"), None).expect("booked");
        engine.set_contact("one", "acme", Some(&contact("new@acme.example"))).expect("changed");
        let parcels = engine.parcels_claim(Channel::Mail, later(0), 9).expect("claimed");
        assert_eq!(parcels.len(), 1, "an opened account is no news to its owner, and quiet has no address");
        let To::Mail(envelope) = &parcels[0].to else { panic!("{:?}", parcels[0].to) };
        assert_eq!((envelope.address.as_str(), envelope.language.as_str()), ("new@acme.example", "zh"));
        engine.set_contact("one", "acme", None).expect("erased");
        let parcels = engine.parcels_claim(Channel::Mail, later(300), 9).expect("claimed");
        assert!(matches!(parcels[0].to, To::Nobody(_)), "{:?}", parcels[0].to);
    }
}

//! The cloud's own outages (R83): whenever and in whatever order they are told, the same is charged in the end.

use crate::support::{self, Bed, CATALOG, START, apply, at, later, policy, proven, tampered, usd};
use farthing_core::time::Instant;
use farthing_engine::{ChargeQuestion, Engine, NewAccount, NewOutage, NewResource, Reported, ResourceFact};
use farthing_store::MessageFilter;
use std::collections::BTreeMap;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// What is told of a time: a fact, an outage, or that one was none. Hours since the start.
#[derive(Clone, Copy, Debug)]
enum Tell {
    Start(i64),
    Stop(i64),
    Resume(i64),
    Outage(&'static str, i64, i64),
    NoOutage(&'static str),
}

/// It runs for 48 hours, of which 4 lie in the first two outages, which overlap, and 2 in the last; the third was none.
const STORY: [Tell; 9] = [
    Tell::Start(0),
    Tell::Stop(5),
    Tell::Outage("a", 2, 6),
    Tell::Resume(7),
    Tell::Outage("b", 4, 8),
    Tell::Outage("c", 20, 30),
    Tell::NoOutage("c"),
    Tell::Stop(50),
    Tell::Outage("d", 48, 52),
];

impl Tell {
    /// When it is over: it is told then, or later.
    fn ends(self) -> i64 {
        match self {
            Tell::Start(at) | Tell::Stop(at) | Tell::Resume(at) => at,
            Tell::Outage(_, _, to) => to,
            Tell::NoOutage(_) => 40,
        }
    }

    const fn is_of_an_outage(self) -> bool {
        matches!(self, Tell::Outage(..) | Tell::NoOutage(_))
    }
}

fn cloud(engine: &Engine) {
    let policy = format!("{}\n[monitor]\nvoid_outages = true\n", policy("one"));
    apply(engine, "one", &policy, CATALOG);
    for account in ["acme", "beta"] {
        engine.open_account("one", &NewAccount { name: account.to_owned(), ..NewAccount::default() }).expect("open");
        engine.top_up("one", account, usd("100.00"), None).expect("booked");
    }
}

fn outage(name: &str, from: i64, to: i64) -> NewOutage {
    NewOutage {
        name: name.to_owned(),
        product: "server".to_owned(),
        from: later(from),
        to: later(to),
        skus: Vec::new(),
        properties: BTreeMap::new(),
        resources: Vec::new(),
    }
}

fn tell(engine: &Engine, what: Tell) {
    let fact = |hours: i64, what: Reported| {
        let fact = ResourceFact { resource: "web".to_owned(), at: Some(later(hours * HOUR)), id: None, what };
        engine.record_fact("one", &fact).expect("recorded");
    };
    match what {
        Tell::Start(hours) => {
            let account = Some("acme".to_owned());
            let (product, sku) = (Some("server".to_owned()), Some("std".to_owned()));
            fact(hours, Reported::Start(NewResource { account, product, sku, ..NewResource::default() }));
        }
        Tell::Stop(hours) => fact(hours, Reported::Stop),
        Tell::Resume(hours) => fact(hours, Reported::Resume),
        Tell::Outage(name, from, to) => {
            engine.report_outage("one", &outage(name, from * HOUR, to * HOUR)).expect("reported");
        }
        Tell::NoOutage(name) => {
            engine.withdraw_outage("one", name).expect("withdrawn");
        }
    }
    engine.run_due().expect("what is due happens");
}

fn charged(engine: &Engine, now: Instant) -> String {
    let all = ChargeQuestion { product: None, from: None, to: None };
    engine.charges_sum("one", "acme", &all, now).expect("a sum").plain()
}

/// What `acme` was told: the type, the outage and the amount.
fn notices(engine: &Engine) -> Vec<String> {
    let rows = support::read(engine, |tx| tx.messages("one", &MessageFilter::default(), i64::MAX, 1_000));
    let told = rows.iter().rev().filter(|row| row.kind.starts_with("outage.")).map(|row| {
        let data: serde_json::Value = serde_json::from_str(&row.data).expect("JSON");
        let text = |name: &str| data[name].as_str().expect("a text").to_owned();
        assert_eq!(text("account"), "acme");
        format!("{} {} {}", row.kind, text("outage"), text("amount"))
    });
    told.collect()
}

/// Each is told when `when` says, in that order; of one time as the story has them.
fn played(bed: &Bed, when: impl Fn(Tell) -> i64) -> Engine {
    let engine = bed.engine(0, at(START));
    cloud(&engine);
    let mut told: Vec<Tell> = STORY.to_vec();
    told.sort_by_key(|what| when(*what));
    for what in told {
        engine.advance(later(when(what))).expect("time goes by");
        tell(&engine, what);
        tell(&engine, what); // told again it counts once
    }
    engine.advance(later(70 * DAY)).expect("time goes by");
    proven(&engine);
    assert_eq!(engine.check_open().expect("it is worked out"), []);
    assert_eq!(charged(&engine, later(70 * DAY)), "42.00");
    let balance = engine.account_view("one", "acme", later(70 * DAY)).expect("a view").figures.balance;
    assert_eq!(farthing_core::money::Money::from_units(balance, usd("1").currency()).plain(), "58.00");
    engine
}

both! {
    fn as_it_happens(bed: &Bed) {
        let engine = played(bed, |what| what.ends() * HOUR);
        let told = ["outage.voided a 3.00", "outage.voided b 1.00", "outage.voided c 10.00", "outage.withdrawn c 10.00", "outage.voided d 2.00"];
        assert_eq!(notices(&engine), told);
    }
}

both! {
    fn when_its_days_are_sealed(bed: &Bed) {
        let engine = played(bed, |what| if what.is_of_an_outage() { 4 * DAY } else { what.ends() * HOUR });
        assert_eq!(notices(&engine).len(), 5);
    }
}

both! {
    fn when_its_period_is_closed(bed: &Bed) {
        let engine = played(bed, |what| if what.is_of_an_outage() { 40 * DAY } else { what.ends() * HOUR });
        assert_eq!(notices(&engine).len(), 5);
    }
}

both! {
    /// What never cost anything does not come back, and nobody is told.
    fn before_what_ran_in_it_is_told(bed: &Bed) {
        let engine = played(bed, |what| if what.is_of_an_outage() { 3 * DAY } else { 4 * DAY });
        assert_eq!(notices(&engine), [""; 0]);
    }
}

both! {
    fn before_a_closed_period_is_told(bed: &Bed) {
        let engine = played(bed, |what| if what.is_of_an_outage() { 3 * DAY } else { 40 * DAY });
        assert_eq!(notices(&engine), [""; 0]);
    }
}

both! {
    /// A process that knows its clouds already takes in what another was told, and who was behind catches up in order.
    fn another_process_takes_it_in(bed: &Bed) {
        let (one, other) = (bed.engine(0, at(START)), bed.engine(1, at(START)));
        cloud(&one);
        tell(&one, Tell::Start(0));
        for engine in [&one, &other] {
            engine.advance(later(40 * HOUR)).expect("time goes by");
        }
        one.report_outage("one", &outage("a", HOUR, 3 * HOUR)).expect("reported");
        one.report_outage("one", &outage("b", 30 * HOUR, 34 * HOUR)).expect("reported");
        other.run_due().expect("what is due happens");
        assert_eq!(charged(&other, later(40 * HOUR)), "34.00");
        assert_eq!(notices(&other), ["outage.voided a 2.00", "outage.voided b 4.00"]);
        proven(&one);
        assert_eq!(other.check_open().expect("it is worked out"), []);
    }
}

both! {
    fn a_report_that_was_changed_is_named(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine);
        tell(&engine, Tell::Start(0));
        engine.advance(later(9 * HOUR)).expect("time goes by");
        tell(&engine, Tell::Outage("a", 1, 2));
        let named = tampered(&engine, |tx| tx.execute("UPDATE outage SET ends = ends + 1000000", &[]));
        assert_eq!(named.len(), 1, "{named:?}");
        assert_eq!(named[0].0, "outage one 1");
        let named = tampered(&engine, |tx| tx.execute("DELETE FROM outage", &[]));
        assert!(named.iter().any(|(_, what)| what == "it knows of an outage that nobody reported"), "{named:?}");
    }
}

both! {
    fn what_cannot_be_is_refused(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine);
        engine.advance(later(9 * HOUR)).expect("time goes by");
        let code = |outage: &NewOutage| engine.report_outage("one", outage).map(drop).map_err(|refused| refused.code().expect("a rule").name());
        let good = outage("a", HOUR, 2 * HOUR);
        assert_eq!(code(&NewOutage { to: later(10 * HOUR), ..good.clone() }), Err("invalid"));
        assert_eq!(code(&NewOutage { to: good.from, ..good.clone() }), Err("invalid"));
        assert_eq!(code(&NewOutage { from: later(-40 * DAY), ..good.clone() }), Err("invalid"));
        assert_eq!(code(&NewOutage { name: "a b".to_owned(), ..good.clone() }), Err("invalid"));
        assert_eq!(code(&NewOutage { product: "carpet".to_owned(), ..good.clone() }), Err("not_found"));
        assert_eq!(code(&NewOutage { skus: vec!["none".to_owned()], ..good.clone() }), Err("not_found"));
        assert_eq!(code(&good), Ok(()));
        assert_eq!(code(&NewOutage { to: later(3 * HOUR), ..good.clone() }), Err("id_reused"));
        assert_eq!(engine.withdraw_outage("one", "b").map_err(|refused| refused.code().expect("a rule").name()), Err("not_found"));
        let first = engine.withdraw_outage("one", "a").expect("withdrawn");
        assert_eq!(engine.withdraw_outage("one", "a").expect("withdrawn again"), first);
        assert_eq!(engine.outages("one", i64::MAX, 10).expect("a list"), vec![(1, first)]);
    }
}

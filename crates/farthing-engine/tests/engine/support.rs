//! An engine over a fresh store of either kind, with a small cloud on it.

use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::{Applied, ApplyRequest, Files};
use farthing_core::time::Instant;
use farthing_core::usage::{Answer, Subject, UsageEvent};
use farthing_engine::{Clock, Engine, IdSource, NewAccount, NewResource, Reported, ResourceFact};
use farthing_store::{Location, Options, Store, StoreError, Tx};
use farthing_testbed::{Database, ScratchDir};
use std::collections::BTreeMap;

/// Ten in the morning of a day in 2026.
pub(crate) const START: &str = "2026-04-01T10:00:00Z";

/// A fresh database, and as many engines over it as processes are wanted.
pub(crate) struct Bed {
    location: Location,
    _kept: (ScratchDir, Option<Database>),
}

impl Bed {
    pub(crate) fn sqlite() -> Bed {
        let directory = ScratchDir::new("engine");
        Bed { location: Location::Sqlite(directory.join("farthing.db")), _kept: (directory, None) }
    }

    pub(crate) fn postgres() -> Bed {
        let database = farthing_testbed::postgres().database("engine");
        let location = Location::Postgres(database.url());
        Bed { location, _kept: (ScratchDir::new("engine"), Some(database)) }
    }

    /// One process: a store of its own, a clock that stands at an instant.
    pub(crate) fn engine(&self, process: u8, now: Instant) -> Engine {
        let options = Options { sqlite_log_mib: 1, ..Options::default() };
        let store = Store::open(&self.location, &options).expect("the store opens");
        Engine::new(store, Clock::simulated(now), IdSource::seeded(process, u64::from(process)))
    }
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).expect("a time")
}

pub(crate) fn later(seconds: i64) -> Instant {
    Instant::from_micros(at(START).micros() + seconds * 1_000_000)
}

pub(crate) fn usd(text: &str) -> Money {
    Money::parse_amount(text, Currency::parse("USD").expect("a currency")).expect("an amount")
}

/// Prices of one machine by the hour, and of calls; hourly settlement.
pub(crate) const CATALOG: &str = r#"
[[meter]]
id = "calls"
unit = "call"

[[product]]
id = "server"
name = "Server"
kind = "running"
[[product.sku]]
id = "std"
price = "1.00 / hour"

[[product]]
id = "api"
name = "API"
kind = "usage"
meter = "calls"
price = "0.01 / call"
"#;

pub(crate) fn policy(cloud: &str) -> String {
    format!(
        "[cloud]\nid = \"{cloud}\"\nname = \"{cloud}\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n\n[brand]\nlegal_name = \"{cloud}\"\n\n[settle]\nevery = \"1h\"\nlate_window = \"1h\"\n"
    )
}

/// A cloud with its prices since the beginning of time, and accounts in it.
pub(crate) fn cloud(engine: &Engine, cloud: &str, accounts: &[&str]) {
    apply(engine, cloud, &policy(cloud), CATALOG);
    for account in accounts {
        engine
            .open_account(cloud, &NewAccount { name: (*account).to_owned(), ..NewAccount::default() })
            .expect("the account opens");
    }
}

pub(crate) fn apply(engine: &Engine, cloud: &str, policy: &str, catalog: &str) {
    let files = Files::from([("cloud.toml".into(), policy.into()), ("catalog.toml".into(), catalog.into())]);
    let request = ApplyRequest { files, who: "anna".into(), why: "prices".into(), starts: None, corrects: None };
    let applied = engine.apply_policy(cloud, request).expect("it is applied");
    assert!(matches!(applied, Applied::New(_)), "{applied:?}");
}

pub(crate) fn start(engine: &Engine, cloud: &str, resource: &str, account: &str) {
    let new = NewResource {
        account: Some(account.to_owned()),
        product: Some("server".to_owned()),
        sku: Some("std".to_owned()),
        ..NewResource::default()
    };
    told(engine, cloud, resource, None, Reported::Start(new)).expect("it starts");
}

pub(crate) fn told(
    engine: &Engine,
    cloud: &str,
    resource: &str,
    at: Option<Instant>,
    what: Reported,
) -> Result<farthing_engine::Told, farthing_engine::Refused> {
    engine.record_fact(cloud, &ResourceFact { resource: resource.to_owned(), at, id: None, what })
}

/// So much of a meter that an account has used, then or now.
pub(crate) fn use_of(account: &str, id: &str, (meter, quantity): (&str, i64), at: Option<Instant>) -> UsageEvent {
    UsageEvent {
        source: "gate".to_owned(),
        id: id.to_owned(),
        at,
        subject: Subject::Account { name: account.to_owned(), project: None, user: None },
        product: None,
        quantities: vec![(meter.to_owned(), Quantity::from_whole(quantity).expect("a number"))],
        properties: BTreeMap::new(),
    }
}

/// So many calls of an account, then or now.
pub(crate) fn used(engine: &Engine, (cloud, account): (&str, &str), id: &str, calls: i64, time: Option<&str>) {
    engine.record_usage(cloud, vec![use_of(account, id, ("calls", calls), time.map(at))]).expect("taken");
}

/// So many times a dollar's worth of calls by `acme`, an event each, all at once.
pub(crate) fn dollars(engine: &Engine, name: &str, count: usize) {
    let call = |turn: usize| use_of("acme", &format!("{name}-{turn}"), ("calls", 100), None);
    let taken = engine.record_usage("one", (0..count).map(call).collect()).expect("taken");
    assert!(taken.iter().all(|taken| taken.answer == Answer::Accepted), "{taken:?}");
}

pub(crate) fn read<T>(engine: &Engine, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
    engine.store().read("test", |tx| work(tx)).expect("the read answers")
}

/// Every row proves every other.
pub(crate) fn proven(engine: &Engine) {
    let report = read(engine, |tx| tx.audit());
    assert_eq!(report.findings, []);
}

/// Carried out of a transaction that takes everything back.
#[derive(Debug)]
enum TakenBack {
    Found(Vec<(String, String)>),
    #[expect(dead_code, reason = "told by Debug when a test fails")]
    Store(StoreError),
}

impl From<StoreError> for TakenBack {
    fn from(error: StoreError) -> TakenBack {
        TakenBack::Store(error)
    }
}

/// What `verify` finds after a change, which is taken back.
pub(crate) fn tampered(engine: &Engine, change: fn(&mut Tx<'_>) -> Result<u64, StoreError>) -> Vec<(String, String)> {
    let told = engine.store().write("tampers", move |tx| {
        assert_eq!(change(tx)?, 1, "one row was changed");
        let findings = tx.audit()?.findings;
        Err::<(), _>(TakenBack::Found(findings.into_iter().map(|finding| (finding.row, finding.what)).collect()))
    });
    match told {
        Err(TakenBack::Found(found)) => found,
        other => panic!("{other:?}"),
    }
}

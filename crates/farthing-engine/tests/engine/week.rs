//! Settling every five minutes is settling once a day, with the whole engine and its store: a week with the change of
//! clocks and the end of a month. `farthing-core/tests/year.rs` does the same for a year, without the store.

use crate::support::{self, Bed, apply, at, proven, told, usd};
use farthing_core::time::Instant;
use farthing_engine::{ChargeQuestion, Engine, NewAccount, NewResource, Reported};
use std::collections::BTreeMap;

const CATALOG: &str = r#"
[[product]]
id = "vm"
name = "Machine"
kind = "running"
[[product.sku]]
id = "small"
price = "0.0421 / hour"
[[product.sku]]
id = "large"
price = "0.1337 / hour"

[[product]]
id = "capped"
name = "Capped"
kind = "running"
price = "0.0733 / hour"
monthly_cap = "8.00"

[[product]]
id = "tiered"
name = "Tiered"
kind = "running"
mode = "graduated"
tiers = [{ upto = "48", price = "0.10 / hour" }, { price = "0.0207 / hour" }]
"#;

/// What each thing was charged for each stretch, and what paid it in all.
#[derive(Debug, Default, PartialEq)]
struct Charged {
    by_day: BTreeMap<(String, Instant, Instant), (i64, i64)>,
    cash: i64,
}

fn policy(every: &str) -> String {
    support::policy("one").replace("every = \"1h\"", &format!("every = \"{every}\"")).replace("UTC", "Europe/Rome")
}

/// From 27 March to 3 April in Rome, where clocks go on in the night to 29 March.
fn settled(every: &str) -> Charged {
    let bed = Bed::sqlite();
    let engine = bed.engine(0, at("2026-03-26T23:00:00Z"));
    apply(&engine, "one", &policy(every), CATALOG);
    engine.open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() }).expect("it opens");
    engine.top_up("one", "acme", usd("500.00"), Some("first")).expect("booked");
    let begins = |product: &str, sku: Option<&str>| {
        Reported::Start(NewResource {
            account: Some("acme".to_owned()),
            product: Some(product.to_owned()),
            sku: sku.map(str::to_owned),
            ..NewResource::default()
        })
    };
    let resize = |sku: &str| Reported::Resize { sku: Some(sku.to_owned()), size: None };
    let life = [
        ("2026-03-27T09:12:33.250Z", "web", begins("vm", Some("small"))),
        ("2026-03-27T09:12:34Z", "cap", begins("capped", None)),
        ("2026-03-27T10:00:00Z", "tier", begins("tiered", None)),
        ("2026-03-29T00:59:59Z", "web", resize("large")),
        ("2026-03-30T17:01:02Z", "web", Reported::Stop),
        ("2026-03-30T18:00:01.999999Z", "web", Reported::Resume),
        ("2026-03-31T22:30:00Z", "tier", Reported::Stop),
        ("2026-04-01T04:00:00Z", "tier", Reported::Resume),
    ];
    let dearer = CATALOG.replace("0.0421", "0.0499").replace("0.1337", "0.1111").replace("0.0733", "0.0815");
    let changes = at("2026-03-31T13:37:11Z");
    let mut changed = false;
    for (time, resource, what) in life {
        if at(time) > changes && !changed {
            engine.advance(changes).expect("time goes by");
            apply(&engine, "one", &policy(every), &dearer);
            changed = true;
        }
        engine.advance(at(time)).expect("time goes by");
        told(&engine, "one", resource, None, what).expect("recorded");
    }
    engine.advance(at("2026-04-02T22:00:00Z")).expect("time goes by");
    proven(&engine);
    assert_eq!(engine.check_open().expect("it is worked out"), []);
    charged(&engine)
}

fn charged(engine: &Engine) -> Charged {
    let now = engine.now().expect("the clock");
    let mut charged = Charged::default();
    for row in engine.charges("one", "acme", &ChargeQuestion::default()).expect("its charges") {
        let paid: i64 = row.paid.iter().map(|(_, part)| part).sum();
        assert_eq!(paid, row.net, "{row:?}");
        let twice = charged.by_day.insert((row.product.to_string(), row.from, row.to), (row.list, row.net));
        assert_eq!(twice, None, "{row:?} is there twice");
    }
    let figures = engine.account_view("one", "acme", now).expect("the account").figures;
    charged.cash = figures.balance - figures.accrued;
    charged
}

#[test]
fn every_five_minutes_is_once_a_day() {
    let often = settled("5m");
    assert!(often.by_day.len() > 8, "{often:?}");
    assert_eq!(often, settled("1h"));
    assert_eq!(often, settled("day"));
}

//! What things cost with outages is what a naive count comes to that looks at each second and leaves out those that lie in one (R83).

use farthing_core::config::{Name, Source};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Rounding, mul_div_round};
use farthing_core::profile::Profile;
use farthing_core::settle::{Compiled, Costs, Payer, PriceBook, ThingPrices, cost, parts_of, stretches_of_resource};
use farthing_core::time::{Instant, Zone};
use farthing_core::timeline::{Change, Fact, FactKey, Outage, Start, State, What, fold, void};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const POLICY: &str = "[cloud]\nid = \"c\"\nname = \"C\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n[brand]\nlegal_name = \"C\"\n[settle]\nevery = \"5m\"\n";

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
monthly_cap = "0.05"

[[meter]]
id = "size"
unit = "GB"
aggregate = "time_weighted"

[[product]]
id = "disk"
name = "Disk"
kind = "capacity"
meter = "size"
price = "0.000137 / GB-hour"
free = { size = "20 GB", per = "resource" }
"#;

/// An hour before midnight of a day in June: days end within what is tried.
const BEGINS: &str = "2026-06-10T23:00:00Z";
const SECONDS: i64 = 7_200;
const UNITS: i128 = 100_000_000;

fn at(second: i64) -> Instant {
    Instant::from_micros(Instant::parse(BEGINS).unwrap().micros() + second * 1_000_000)
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Stop,
    Resume,
    Large,
    Small,
    Gauge(i64),
}

fn deeds() -> impl Strategy<Value = Vec<(i64, Deed)>> {
    let deed = prop_oneof![
        Just(Deed::Stop),
        Just(Deed::Resume),
        Just(Deed::Large),
        Just(Deed::Small),
        (0_i64..60).prop_map(Deed::Gauge)
    ];
    proptest::collection::vec((1..SECONDS, deed), 0..8).prop_map(|mut deeds| {
        deeds.sort_by_key(|(second, _)| *second);
        deeds.dedup_by_key(|(second, _)| *second);
        deeds
    })
}

/// What is done to a thing of a product: what makes no sense of it is left out.
fn facts(product: &str, deeds: &[(i64, Deed)]) -> Vec<Fact> {
    let sku = (product == "vm").then(|| Name::parse("small").unwrap());
    let start =
        Start { state: State::Running, sku, size: None, user: None, payer: OwnerId(1), properties: BTreeMap::new() };
    let resize = |sku: &str| What::Resize(Change { sku: Name::parse(sku), size: None });
    let mut told = vec![(0, What::Start(start))];
    for (second, deed) in deeds {
        let what = match (product, deed) {
            ("vm", Deed::Large) => resize("large"),
            ("vm", Deed::Small) => resize("small"),
            ("vm" | "capped", Deed::Stop) => What::Stop,
            ("vm" | "capped", Deed::Resume) => What::Resume,
            ("disk", Deed::Gauge(size)) => What::Gauge(Quantity::from_whole(*size).unwrap()),
            _ => continue,
        };
        told.push((*second, what));
    }
    let fact = |((second, what), key): ((i64, What), i64)| Fact { at: at(second), key: FactKey(key), what };
    told.into_iter().zip(1..).map(fact).collect()
}

/// Second by second: what it cost in the end, each run rounded by itself.
fn naive(product: &str, deeds: &[(i64, Deed)], is_out: impl Fn(i64) -> bool) -> i128 {
    // Cents of a cent for a second of each price, over 3,600.
    let (small, large) = (4_210_000_i128, 13_370_000);
    let round = |per: i128, count: i128| mul_div_round(per, count, 3_600, Rounding::HalfEven).unwrap();
    let (mut running, mut rate, mut size) = (true, small, 0_i64);
    let (mut sum, mut counted) = (0_i128, 0_i128);
    let mut run: Option<i128> = None;
    for second in 0..SECONDS {
        for (_, deed) in deeds.iter().filter(|(when, _)| *when == second) {
            match deed {
                Deed::Stop => running = false,
                Deed::Resume => running = true,
                Deed::Large => rate = large,
                Deed::Small => rate = small,
                Deed::Gauge(now) => size = *now,
            }
        }
        match product {
            "vm" => {
                // An outage ends no run; a stop and another price do.
                let now = running.then_some(rate);
                if now != run {
                    sum += round(run.unwrap_or(0), counted);
                    (run, counted) = (now, 0);
                }
                counted += i128::from(running && !is_out(second));
            }
            "capped" => counted += i128::from(running && !is_out(second)),
            _ if is_out(second) => {}
            _ => counted += i128::from((size - 20).max(0)),
        }
    }
    match product {
        "vm" => sum + round(run.unwrap_or(0), counted),
        "capped" => round(7_330_000, counted).min(UNITS / 20),
        _ => round(13_700, counted),
    }
}

struct World {
    zone: Zone,
    prices: PriceBook,
    compiled: Compiled,
}

impl World {
    fn new() -> World {
        let read = Profile::read(&Source::new("cloud.toml", POLICY), Some(&Source::new("catalog.toml", CATALOG)));
        let profile = Arc::new(read.usable().unwrap());
        let prices = PriceBook::new(vec![(Instant::EPOCH, 1, profile)]);
        World { zone: Zone::parse("UTC").unwrap(), prices, compiled: Compiled::default() }
    }

    /// What it has cost by `now`, with the days before `open_from` sealed.
    fn cost(&self, product: &str, facts: &[Fact], outages: &[Outage], open_from: Instant, now: Instant) -> i128 {
        let catalog = &self.prices.profile_at(now).unwrap().catalog;
        let product = catalog.product_by_id(product).unwrap();
        let first = if product.id.as_str() == "disk" { Quantity::ZERO } else { Quantity::ONE };
        let segments = void(fold(facts, first, None).segments, |_| outages.iter().collect());
        let payer = Payer {
            zone: self.zone.clone(),
            name: Name::parse("acme").unwrap(),
            open_from,
            closed_from: Instant::EPOCH,
        };
        let payers = BTreeMap::from([(OwnerId(1), payer)]);
        let (parts, properties) = (parts_of(product), BTreeMap::new());
        let thing = ThingPrices { product: &product.id, parts: &parts, properties: &properties };
        let stretches = stretches_of_resource(&segments, &thing, &payers, &self.prices).unwrap();
        let Costs { closed, open } =
            cost(&stretches, &payers, &self.compiled, Currency::parse("EUR").unwrap(), now).unwrap();
        let closed: i128 = closed.values().map(|(_, charge)| i128::from(charge.net.units())).sum();
        let open = open.iter().map(|(_, _, open)| {
            let terms = &stretches.iter().find(|stretch| *stretch.key == *open.key).unwrap().terms;
            let meterage = self.compiled.get(&open.key, terms, open.month_seconds, open.slope, &self.zone).unwrap();
            i128::from(open.amount_at(&meterage, now).unwrap().net.units())
        });
        closed + open.sum::<i128>()
    }
}

proptest! {
    #[test]
    fn an_outage_costs_what_its_seconds_did(
        deeds in deeds(),
        windows in proptest::collection::vec((-600..SECONDS, 1_i64..3_000), 0..5),
    ) {
        let world = World::new();
        let is_out = |second: i64| windows.iter().any(|(from, long)| (*from..from + long).contains(&second));
        let outage = |(from, long): &(i64, i64)| Outage {
            product: Name::parse("vm").unwrap(),
            from: at(*from),
            to: at(from + long),
            skus: Vec::new(),
            properties: BTreeMap::new(),
            resources: Vec::new(),
        };
        let outages: Vec<Outage> = windows.iter().map(outage).collect();
        let told_otherwise: Vec<Outage> = outages.iter().rev().cloned().collect();
        for product in ["vm", "capped", "disk"] {
            let facts = facts(product, &deeds);
            let expected = naive(product, &deeds, is_out);
            let (midnight, end) = (at(3_600), at(SECONDS));
            // All of it open, and with the first day sealed; whatever was told first.
            prop_assert_eq!(world.cost(product, &facts, &outages, at(-82_800), end), expected, "{} open", product);
            prop_assert_eq!(world.cost(product, &facts, &outages, midnight, end), expected, "{} sealed", product);
            prop_assert_eq!(world.cost(product, &facts, &told_otherwise, midnight, end), expected, "{} otherwise", product);
        }
    }
}

//! A year of settling every five minutes is a year of settling once: the same charges on every day, and as much posted.
//!
//! The year is driven through `settle::book` itself, 105,120 ticks of it, without a store; `farthing-engine/tests/week.rs` does
//! the same with the whole engine and its store for a week: a year of commits takes minutes.

use farthing_core::config::{Name, Source};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::money::Currency;
use farthing_core::policy::Pay;
use farthing_core::profile::Profile;
use farthing_core::rate::Charge;
use farthing_core::settle::{
    AccountBook, Closing, Compiled, Costs, Line, LineId, Payer, PriceBook, Purse, Slot, Stretch, ThingId, ThingPrices,
    cost, parts_of, stretches_of_resource,
};
use farthing_core::time::{CivilDate, Instant, Period, Zone};
use farthing_core::timeline::{Change, Fact, FactKey, Start, State, What, fold};
use std::collections::BTreeMap;
use std::sync::Arc;

const POLICY: &str = r#"
[cloud]
id = "year"
name = "Year"
currency = "EUR"
time_zone = "Europe/Rome"
[brand]
legal_name = "Year"
[settle]
every = "5m"
"#;

/// One price of each model that remembers, and two that do not; `vm` by SKU, so that it can be resized.
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
discount = "7%"

[[product]]
id = "flat"
name = "Flat"
kind = "running"
price = "19.99 / month"

[[product]]
id = "capped"
name = "Capped"
kind = "running"
price = "0.0733 / hour"
monthly_cap = "20.00"

[[product]]
id = "tiered"
name = "Tiered"
kind = "running"
mode = "graduated"
tiers = [{ upto = "100", price = "0.10 / hour" }, { upto = "500", price = "0.0512 / hour" }, { price = "0.0207 / hour" }]
minimum = "5.00"

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

const PRODUCTS: [&str; 5] = ["vm", "flat", "capped", "tiered", "disk"];
const OWNER: OwnerId = OwnerId(1);

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// Everything that is told of one thing, and what follows from it.
struct Life {
    thing: ThingId,
    product: Name,
    stretches: Vec<Stretch>,
}

struct Year {
    compiled: Compiled,
    zone: Zone,
    lives: Vec<Life>,
    period: Period,
}

impl Year {
    fn new() -> Year {
        let zone = Zone::parse("Europe/Rome").unwrap();
        let start = |year| zone.start_of_day(CivilDate::try_new(year, 1, 1).unwrap()).unwrap();
        let period = Period::try_new(start(2026), start(2027)).unwrap();
        let profile = |catalog: &str| {
            let policy = Source::new("cloud.toml", POLICY);
            Arc::new(Profile::read(&policy, Some(&Source::new("catalog.toml", catalog))).usable().unwrap())
        };
        // In the middle of a day, of an hour and of a rating period; every price but the flat one changes.
        let dearer = CATALOG
            .replace("0.0421", "0.0499")
            .replace("0.1337", "0.1111")
            .replace("0.0733", "0.0815")
            .replace("0.0512", "0.0555")
            .replace("0.000137", "0.000151");
        let prices = PriceBook::new(vec![
            (Instant::EPOCH, 1, profile(CATALOG)),
            (at("2026-07-15T13:37:11Z"), 2, profile(&dearer)),
        ]);
        let payers = payers(&zone, period.start(), period.start());
        let catalog = &prices.profile_at(period.start()).unwrap().catalog;
        let lives = PRODUCTS
            .iter()
            .zip(1..)
            .map(|(id, number)| {
                let product = catalog.product_by_id(id).unwrap();
                let first = if *id == "disk" { Quantity::ZERO } else { Quantity::ONE };
                let timeline = fold(&facts(id), first, None);
                let (parts, properties) = (parts_of(product), BTreeMap::new());
                let thing = ThingPrices { product: &product.id, parts: &parts, properties: &properties };
                let stretches = stretches_of_resource(&timeline.segments, &thing, &payers, &prices).unwrap();
                Life { thing: ThingId(number), product: product.id.clone(), stretches }
            })
            .collect();
        Year { compiled: Compiled::default(), zone, lives, period }
    }

    /// What one thing costs as of an instant, with its days open from another.
    fn cost_of(&self, life: &Life, open_from: Instant, closed_from: Instant, now: Instant) -> Costs {
        let payers = payers(&self.zone, open_from, closed_from);
        cost(&life.stretches, &payers, &self.compiled, Currency::parse("EUR").unwrap(), now).unwrap()
    }

    /// Settled once, when all of it is over.
    fn once(&self) -> BTreeMap<(ThingId, Instant, Instant), Charge> {
        let (start, end) = (self.period.start(), self.period.end());
        let closed = |life: &Life| {
            let closed = self.cost_of(life, end, start, end).closed;
            closed.into_iter().map(|(slot, (_, charge))| (key_of(life, &slot), charge)).collect::<Vec<_>>()
        };
        self.lives.iter().flat_map(closed).collect()
    }

    /// Settled at every so many seconds, and sealed as days and rating periods end.
    fn ticked(&self, every: i64) -> Ticked {
        let mut ticked = Ticked { charges: BTreeMap::new(), ticks: 0, moved: 0 };
        let mut book = AccountBook {
            lines: Vec::new(),
            posted: BTreeMap::new(),
            purse: Purse::new(Vec::new(), i64::MAX / 2, 0),
            overdue: 0,
            open_from: self.period.start(),
        };
        for (_, day) in self.period.days(&self.zone) {
            book.open_from = day.start();
            book.lines = self.lives.iter().flat_map(|life| self.open_lines(life, day.start(), day.start())).collect();
            let mut now = day.start();
            while let Some(tick) = next_tick(now, every).filter(|tick| *tick < day.end()) {
                self.refold_what_ended(&mut book, tick);
                ticked.post(&mut book, tick, &BTreeMap::new());
                ticked.ticks += 1;
                now = tick;
            }
            ticked.ticks += 1; // the one at midnight seals
            self.seal(&mut book, day, &mut ticked);
        }
        let left: i64 = book.posted.values().map(farthing_core::settle::Posted::sum).sum();
        assert_eq!(left, 0, "what was posted is sealed when everything is over");
        ticked
    }

    fn open_lines(&self, life: &Life, open_from: Instant, now: Instant) -> Vec<Line> {
        let open = self.cost_of(life, open_from, open_from, now).open;
        let line = |(_, part, open): (OwnerId, Option<Name>, farthing_core::settle::OpenCharge)| {
            let terms = life.stretches.iter().find(|stretch| *stretch.key == *open.key).unwrap();
            let meterage =
                self.compiled.get(&open.key, &terms.terms, open.month_seconds, open.slope, &self.zone).unwrap();
            let id = LineId { thing: life.thing, part, began: 0 };
            Line { id, open, meterage, pay: Pay::Prepaid, settle: terms.terms.settle, room_to: 0 }
        };
        open.into_iter().map(line).collect()
    }

    /// A form that holds no longer is worked out anew, as in the engine.
    fn refold_what_ended(&self, book: &mut AccountBook, now: Instant) {
        for life in &self.lives {
            let own = |line: &&Line| line.id.thing == life.thing;
            let there = book.lines.iter().find(own);
            if there.is_some_and(|line| line.open.until.is_none_or(|until| until > now)) {
                continue;
            }
            let begun = life.stretches.first().is_some_and(|stretch| stretch.from <= now);
            if begun {
                let again = self.open_lines(life, book.open_from, now);
                book.lines.retain(|line| line.id.thing != life.thing);
                book.lines.extend(again);
            }
        }
    }

    fn seal(&self, book: &mut AccountBook, day: Period, ticked: &mut Ticked) {
        let mut closings = Vec::new();
        let mut sealing = BTreeMap::new();
        for life in &self.lives {
            let closed = self.cost_of(life, day.end(), day.start(), day.end()).closed;
            for (slot, (key, charge)) in closed.into_iter().filter(|(slot, _)| slot.to == day.end()) {
                let sum: &mut (i64, Pay) = sealing.entry(life.product.clone()).or_insert((0, Pay::Prepaid));
                sum.0 += charge.net.units();
                closings.push(Closing {
                    line: LineId { thing: life.thing, part: slot.part, began: 0 },
                    product: life.product.clone(),
                    key,
                    period: Period::try_new(slot.from, slot.to).unwrap(),
                    charge,
                    pay: Pay::Prepaid,
                });
            }
        }
        // What remembers goes on over midnight: its open part is beside what is sealed.
        book.lines = self.lives.iter().flat_map(|life| self.open_lines(life, day.end(), day.end())).collect();
        ticked.post(book, day.end(), &sealing);
        for sealed in book.seal(closings).unwrap() {
            let paid: i64 = sealed.paid.iter().map(|(_, part)| part).sum();
            assert_eq!(paid, sealed.charge.net.units(), "{sealed:?}");
            let twice = ticked.charges.insert((sealed.line.thing, sealed.from, sealed.to), sealed.charge);
            assert_eq!(twice, None, "{sealed:?} is sealed twice");
        }
    }
}

/// What a year of ticks has charged and moved.
struct Ticked {
    charges: BTreeMap<(ThingId, Instant, Instant), Charge>,
    ticks: u64,
    moved: i64,
}

impl Ticked {
    fn post(&mut self, book: &mut AccountBook, now: Instant, sealing: &BTreeMap<Name, (i64, Pay)>) {
        for posting in book.post(now, sealing, |_| true).unwrap() {
            self.moved += posting.parts.iter().map(|(_, part)| part).sum::<i64>();
        }
    }
}

fn key_of(life: &Life, slot: &Slot) -> (ThingId, Instant, Instant) {
    (life.thing, slot.from, slot.to)
}

fn payers(zone: &Zone, open_from: Instant, closed_from: Instant) -> BTreeMap<OwnerId, Payer> {
    let payer = Payer { zone: zone.clone(), name: Name::parse("acme").unwrap(), open_from, closed_from };
    BTreeMap::from([(OWNER, payer)])
}

fn next_tick(now: Instant, every: i64) -> Option<Instant> {
    Instant::try_from_seconds((now.seconds_since(Instant::EPOCH) / every + 1) * every).ok()
}

/// Starts, stops in the hour that the clocks skip and the one they repeat, resizes, readings.
fn facts(product: &str) -> Vec<Fact> {
    let start = |sku: Option<&str>| {
        What::Start(Start {
            state: State::Running,
            sku: sku.and_then(Name::parse),
            size: None,
            user: None,
            payer: OWNER,
            properties: BTreeMap::new(),
        })
    };
    let resize = |sku| What::Resize(Change { sku: Name::parse(sku), size: None });
    let gauge = |size| What::Gauge(Quantity::from_whole(size).unwrap());
    let told: Vec<(&str, What)> = match product {
        "vm" => vec![
            ("2026-01-10T09:12:33.250Z", start(Some("small"))),
            ("2026-03-29T00:59:59Z", resize("large")), // a second before the clocks go on
            ("2026-06-11T17:01:02Z", What::Stop),
            ("2026-06-12T08:00:01.999999Z", What::Resume),
            ("2026-10-25T00:30:00Z", resize("small")), // in the hour that comes twice
            ("2026-12-24T15:00:00Z", What::Delete),
        ],
        "flat" => vec![("2026-02-14T23:00:00Z", start(None))], // midnight in Rome
        "capped" => vec![("2026-01-31T22:59:59Z", start(None)), ("2026-11-03T10:10:10Z", What::Stop)],
        "tiered" => vec![
            ("2026-01-01T00:00:00Z", start(None)),
            ("2026-04-15T12:00:07Z", What::Stop),
            ("2026-05-02T06:00:00Z", What::Resume),
        ],
        "disk" => vec![
            ("2026-01-05T05:05:05Z", start(None)),
            ("2026-01-05T05:05:06Z", gauge(19)),
            ("2026-03-01T00:00:00Z", gauge(57)),
            ("2026-10-25T01:00:00Z", gauge(4_096)),
            ("2026-12-31T22:59:59Z", gauge(0)),
        ],
        other => panic!("nothing is told of {other}"),
    };
    let fact = |((time, what), key): ((&str, What), i64)| Fact { at: at(time), key: FactKey(key), what };
    told.into_iter().zip(1..).map(fact).collect()
}

#[test]
fn every_five_minutes_for_a_year_is_once_in_the_end() {
    let year = Year::new();
    let once = year.once();
    assert!(once.len() > 1_000, "only {} charges", once.len());
    let owed: i64 = once.values().map(|charge| charge.net.units()).sum();
    for (every, ticks) in [(300, 105_120), (3_600, 8_760), (86_400, 365 * 2)] {
        let ticked = year.ticked(every);
        assert_eq!(ticked.ticks, ticks, "of {every} s");
        let differ: Vec<_> = once
            .iter()
            .map(|(slot, charge)| (slot, Some(charge), ticked.charges.get(slot)))
            .chain(ticked.charges.iter().map(|(slot, charge)| (slot, once.get(slot), Some(charge))))
            .filter(|(_, once, ticked)| once != ticked)
            .collect();
        assert!(differ.is_empty(), "settled every {every} s: {differ:#?}");
        assert_eq!(ticked.moved, owed, "settled every {every} s");
    }
}

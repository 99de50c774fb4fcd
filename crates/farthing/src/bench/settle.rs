//! Hours of settling: every account that has anything running, each hour on the hour, everything on (prices by SKU, cash,
//! chains, sealing at the day's end).
//!
//! What is there before the first hour is written straight to the store, in the shape in which the engine has made it for one
//! account; a million resources reported one by one would take longer than all the hours.

use super::measure::{Measured, heading};
use super::{Bed, Random, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::ledger::{Chart, Command, Kind, Mode, Movement, Transfer};
use farthing_core::money::Money;
use farthing_core::policy::ApplyRequest;
use farthing_core::settle::{LineId, ThingId};
use farthing_core::time::Instant as Moment;
use farthing_engine::{Engine, NewAccount, NewResource, Reported, ResourceFact};
use farthing_store::{
    FactRow, NewAccount as NewLedgerAccount, OpenRow, PayerRow, PayerState, StoreError, ThingRow, Tx,
};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What the floor appends for one account's settlement: a transfer, its two sums, what was posted.
const ACCOUNT_BYTES: u64 = 120 + 96 + 64;
const HOUR_MICROS: i64 = 3_600_000_000;
const CHUNK: usize = 2_000;
const SKUS: usize = 8;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many accounts.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// How many running resources each.
    #[arg(long, default_value_t = 10)]
    resources: usize,
    /// How many hours in a row.
    #[arg(long, default_value_t = 25)]
    hours: usize,
    /// How many of a hundred resources stop or start again each hour.
    #[arg(long, default_value_t = 0)]
    changing: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let start = Moment::parse("2027-01-15T10:00:00Z")?;
        let bed = Bed::simulated(&arguments.at, start)?;
        let cloud = fill(&bed.engine, arguments, start)?;
        let mut waits = Vec::new();
        let mut changes = Vec::new();
        let mut written = Vec::new();
        let mut random = Random(3);
        for hour in 1..=i64::try_from(arguments.hours)? {
            let at = Moment::from_micros(start.micros() + hour * HOUR_MICROS);
            if arguments.changing > 0 {
                let half = Moment::from_micros(at.micros() - HOUR_MICROS / 2);
                bed.engine.clock().advance_to(half);
                changes.push(change(&bed.engine, &cloud, arguments, &mut random)?);
            }
            bed.engine.clock().advance_to(at);
            let before = bytes_written()?;
            let begun = Instant::now();
            bed.engine.run_due()?;
            bed.engine.run_tick(at)?;
            waits.push(begun.elapsed());
            written.push(bytes_written()? - before);
        }
        tell(arguments, &bed, &waits, &changes, &written)?;
        balance(arguments, &bed, &cloud)?;
    }
    Ok(())
}

fn tell(
    arguments: &Arguments,
    bed: &Bed,
    waits: &[Duration],
    changes: &[Duration],
    written: &[u64],
) -> Result<(), Failure> {
    let lines = (arguments.accounts * arguments.resources) as u64;
    let batches = (arguments.accounts as u64).div_ceil(1_000);
    let floor = floor::append(arguments.accounts as u64 * ACCOUNT_BYTES, batches)?;
    // The hour in which the day ends seals a charge for every resource: it is told apart.
    let day_ends = waits.iter().enumerate().skip(1).max_by_key(|(_, wait)| **wait).map_or(0, |(place, _)| place);
    let steady: Vec<usize> = (1..waits.len()).filter(|place| *place != day_ends || waits.len() < 14).collect();
    let rows: Vec<Duration> = steady.iter().map(|place| waits[*place]).collect();
    let middle = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(0.0)
    };
    #[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let name = |what: &str| {
        format!("settle {} of {}, {what}", super::ledger::size(lines), super::ledger::size(arguments.accounts as u64))
    };
    let first = waits.first().copied().unwrap_or_default();
    let one = |name, took: Duration, more| {
        Measured { name, store: bed.name, rows: lines, took, waits: vec![took], floor: Some(floor), more }
            .print(arguments.at.json)
    };
    one(name("first hour"), first, vec![("MB written", megabytes(written.first().copied().unwrap_or(0)))])?;
    if !rows.is_empty() {
        let median = Duration::from_secs_f64(middle(rows.iter().map(Duration::as_secs_f64).collect()));
        let mean = megabytes(steady.iter().map(|place| written[*place]).sum::<u64>() / steady.len() as u64);
        let last = rows.last().copied().unwrap_or_default().as_secs_f64() / rows[0].as_secs_f64().max(1e-9);
        one(name("a steady hour"), median, vec![("MB written", mean), ("last_over_first", last)])?;
    }
    if waits.len() >= 14 {
        one(name("the day's end"), waits[day_ends], vec![("MB written", megabytes(written[day_ends]))])?;
    }
    if !changes.is_empty() {
        let took: Duration = changes.iter().sum();
        let rows = (arguments.accounts * arguments.resources * arguments.changing / 100 * changes.len()) as u64;
        let waits = changes.to_vec();
        Measured { name: "facts".into(), store: bed.name, rows, took, waits, floor: None, more: Vec::new() }
            .print(arguments.at.json)?;
    }
    Ok(())
}

/// Reads what random accounts have.
fn balance(arguments: &Arguments, bed: &Bed, cloud: &str) -> Result<(), Failure> {
    let mut random = Random(5);
    let mut waits = Vec::new();
    let now = bed.engine.now()?;
    let names = bed.engine.account_names(cloud)?;
    for _ in 0..1_000.min(arguments.accounts) {
        let name = &names[random.below(names.len())];
        let begun = Instant::now();
        let view = bed.engine.account_view(cloud, name, now).map_err(|error| error.to_string())?;
        waits.push(begun.elapsed());
        assert!(view.figures.balance > 0, "everybody has money: {name} has {:?}", view.figures);
    }
    let rows = waits.len() as u64;
    let took = waits.iter().sum();
    Measured { name: "balance read".into(), store: bed.name, rows, took, waits, floor: None, more: Vec::new() }
        .print(arguments.at.json)
}

/// Some resources stop, others start again.
fn change(engine: &Engine, cloud: &str, arguments: &Arguments, random: &mut Random) -> Result<Duration, Failure> {
    let count = arguments.accounts * arguments.resources * arguments.changing / 100;
    let mut took = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let size = left.min(1_000);
        left -= size;
        let facts: Vec<ResourceFact> = (0..size)
            .map(|_| ResourceFact {
                resource: format!("r-{}", random.below(arguments.accounts * arguments.resources) + 1),
                at: None,
                id: None,
                what: if random.below(2) == 0 { Reported::Stop } else { Reported::Resume },
            })
            .collect();
        let begun = Instant::now();
        engine.record_facts(cloud, &facts).map_err(|error| error.to_string())?;
        took += begun.elapsed();
    }
    Ok(took)
}

fn profile() -> ApplyRequest {
    let policy = "[cloud]\nid = \"bench\"\nname = \"Bench\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n\
                  [brand]\nlegal_name = \"Bench\"\ncountry = \"IE\"\nsender = \"billing@bench.example\"\nsupport = \"help@bench.example\"\naccent = \"#0a66c2\"\n\
                  [settle]\nevery = \"1h\"\n";
    let mut catalog =
        "[[product]]\nid = \"machine\"\nname = \"Machine\"\nkind = \"running\"\ncategory = \"Compute\"\n".to_owned();
    for sku in 0..SKUS {
        let _ = writeln!(catalog, "[[product.sku]]\nid = \"s{sku}\"\nprice = \"0.0{}37 / hour\"", sku + 1);
    }
    let files = [("cloud.toml".to_owned(), policy.to_owned()), ("catalog.toml".to_owned(), catalog)];
    ApplyRequest {
        files: files.into_iter().collect(),
        who: "bench".into(),
        why: "bench".into(),
        starts: None,
        corrects: None,
    }
}

/// One account of the engine's own making, and so many more in its likeness.
fn fill(engine: &Engine, arguments: &Arguments, start: Moment) -> Result<String, Failure> {
    let cloud = "bench".to_owned();
    engine.apply_policy(&cloud, profile()).map_err(|error| error.to_string())?;
    let told = |error: farthing_engine::Refused| error.to_string();
    let pattern = NewAccount { name: "pattern".into(), ..NewAccount::default() };
    engine.open_account(&cloud, &pattern).map_err(told)?;
    let million = Money::parse("1000000 USD").map_err(|error| error.to_string())?;
    engine.top_up(&cloud, "pattern", million, None).map_err(told)?;
    for sku in 0..SKUS {
        let what = Reported::Start(NewResource {
            account: Some("pattern".into()),
            product: Some("machine".into()),
            sku: Some(format!("s{sku}")),
            ..NewResource::default()
        });
        let fact = ResourceFact { resource: format!("pattern-{sku}"), at: None, id: None, what };
        engine.record_fact(&cloud, &fact).map_err(told)?;
    }
    let (payer, state, things, opens, facts) = engine.store().read("pattern", |tx| {
        let payer = tx.payer_by_name("bench", "pattern")?.expect("just made");
        let state = tx.payer_states(&[payer.id])?.remove(0);
        let things = tx.things_of_account(payer.id)?;
        let opens = tx.open_charges(&[payer.id])?;
        let facts =
            things.iter().map(|thing| Ok(tx.facts_of(thing.id)?.remove(0))).collect::<Result<Vec<_>, StoreError>>()?;
        Ok::<_, StoreError>((payer, state, things, opens, facts))
    })?;
    let pattern = Pattern { payer, state, things, opens, facts };
    let mut made = 0;
    while made < arguments.accounts {
        let count = CHUNK.min(arguments.accounts - made);
        let (pattern, per_account) = (pattern.clone(), arguments.resources);
        let ids: Vec<_> = (0..count).map(|_| engine.ids().transfer(start)).collect();
        engine
            .store()
            .write("bench_fill", move |tx| copy(tx, &pattern, count, made * per_account, per_account, &ids, start))?;
        made += count;
    }
    Ok(cloud)
}

/// What the engine has made of one account.
#[derive(Clone)]
struct Pattern {
    payer: PayerRow,
    state: PayerState,
    things: Vec<ThingRow>,
    opens: Vec<OpenRow>,
    facts: Vec<FactRow>,
}

fn copy(
    tx: &mut Tx<'_>,
    pattern: &Pattern,
    count: usize,
    named: usize,
    per_account: usize,
    ids: &[farthing_core::ledger::TransferId],
    start: Moment,
) -> Result<(), StoreError> {
    let owners = tx.owners_open("bench", "customer", count)?;
    let commodity = tx.commodity_ensure("USD", farthing_core::ledger::CommodityKind::Currency, 8)?;
    let books = tx.owner_ensure("bench", "books", true)?;
    let provider = Chart::Provider("manual".into());
    let floor = provider.floor(0);
    let provider = tx.account_ensure(&NewLedgerAccount { owner: books, code: provider, commodity, floor }, start)?;
    let new: Vec<NewLedgerAccount> = owners
        .iter()
        .map(|owner| NewLedgerAccount { owner: *owner, code: Chart::Cash, commodity, floor: Chart::Cash.floor(0) })
        .collect();
    let accounts = tx.accounts_open(&new, start)?;
    let (mut payers, mut states, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    let (mut things, mut opens, mut facts, mut pays) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut thing = tx.thing_number()?.0;
    let mut number = named;
    for ((owner, own), id) in owners.iter().zip(accounts).zip(ids) {
        let name = format!("customer-{}", owner.0);
        payers.push(PayerRow { id: *owner, name, cash: own, ..pattern.payer.clone() });
        states.push(PayerState { account: *owner, ..pattern.state.clone() });
        commands.push(Command::Transfer(Transfer {
            id: *id,
            cause: None,
            kind: Kind::TopUp,
            mode: Mode::Reports,
            effective: start,
            movement: Movement::Move { debit: provider, credit: own, amount: 1_000_000_000_000, commodity },
        }));
        for place in 0..per_account {
            let sku = (place + number) % SKUS;
            number += 1;
            let id = ThingId(thing);
            thing += 1;
            things.push(ThingRow { id, name: format!("r-{number}"), account: *owner, ..pattern.things[sku].clone() });
            let open = &pattern.opens[sku];
            opens.push(OpenRow { account: *owner, id: LineId { thing: id, ..open.id.clone() }, ..open.clone() });
            let what = pattern.facts[sku]
                .what
                .replace(&format!("payer={}", pattern.payer.id.0), &format!("payer={}", owner.0));
            facts.push(FactRow { thing: id, what, ..pattern.facts[sku].clone() });
            pays.push((*owner, id));
        }
    }
    tx.payers_insert(&payers, &states)?;
    let booked = tx.ledger_run(&commands, start)?;
    assert!(booked.iter().all(|outcome| outcome.code.stands()), "everybody gets money");
    tx.things_insert(&things)?;
    tx.facts_insert(&facts)?;
    tx.thing_payers_insert(&pays)?;
    tx.open_charges_write(&opens)
}

/// What this process has written, to whatever file.
fn bytes_written() -> Result<u64, Failure> {
    let told = std::fs::read_to_string("/proc/self/io")?;
    let line = told.lines().find_map(|line| line.strip_prefix("wchar: "));
    Ok(line.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0))
}

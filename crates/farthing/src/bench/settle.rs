//! Hours of settling: every account that has anything running, each hour on the hour, everything on (prices by SKU, cash,
//! chains, sealing at the day's end).

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading};
use super::{Bed, Random, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::time::Instant as Moment;
use farthing_engine::{Engine, Reported, ResourceFact};
use std::time::{Duration, Instant};

/// What the floor appends for one account's settlement: a transfer, its two sums, what was posted.
const ACCOUNT_BYTES: u64 = 120 + 96 + 64;
const HOUR_MICROS: i64 = 3_600_000_000;
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

/// A machine, of so many sizes.
fn catalog() -> String {
    let sku = |sku| format!("[[product.sku]]\nid = \"s{sku}\"\nprice = \"0.0{}37 / hour\"\n", sku + 1);
    let product = "[[product]]\nid = \"machine\"\nname = \"Machine\"\nkind = \"running\"\ncategory = \"Compute\"\n";
    [product.to_owned()].into_iter().chain((0..SKUS).map(sku)).collect()
}

/// Everybody, with what runs.
fn fill(engine: &Engine, arguments: &Arguments, start: Moment) -> Result<String, Failure> {
    let skus: Vec<String> = (0..SKUS).map(|sku| format!("s{sku}")).collect();
    let crowd = Crowd {
        accounts: arguments.accounts,
        resources: arguments.resources,
        product: "machine",
        skus: &skus,
        policy: crowd::HOURLY,
        money: crowd::Means::Plenty,
    };
    crowd::fill(engine, &catalog(), &crowd, start)
}

/// What this process has written, to whatever file.
fn bytes_written() -> Result<u64, Failure> {
    let told = std::fs::read_to_string("/proc/self/io")?;
    let line = told.lines().find_map(|line| line.strip_prefix("wchar: "));
    Ok(line.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0))
}

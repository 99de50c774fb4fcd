//! Usage events of random customers taken in: each id looked up and kept, each event stored, priced and added to what its
//! customer has open, every batch on the disk before it is answered. At the end every customer's balance must be the sum.
//!
//! `--raw` leaves prices and totals out: identity and the store of events alone.

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading, ratio};
use super::{Bed, Random, Where, floor};
use clap::{Args, ValueEnum};
use farthing::failure::Failure;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::time;
use farthing_core::usage::{Answer, Batch, Subject, Taken, UsageEvent, Verdict, Window};
use farthing_engine::Engine;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a row has beside its text: its key, its arrival and its state; and what its identity takes.
const ROW_BYTES: u64 = 40 + 24;
const SOURCES: usize = 32;
const ROWS_OF_A_SLICE: u64 = 1_000_000;
/// A call of 1,234 tokens, and what it costs in units of the currency: so much that no sum has to be rounded.
const TOKENS: i64 = 1_234;
const EVENT_UNITS: i64 = 61_700;
/// So many customers' balances are compared with the sum.
const CHECKED: usize = 2_000;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many events.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Of how many customers.
    #[arg(long, default_value_t = 10_000)]
    customers: usize,
    /// How many events to a durable commit.
    #[arg(long, default_value_t = 10_000)]
    batch: usize,
    /// How many callers at once: what one has made ready waits for what the other writes.
    #[arg(long, default_value_t = 2)]
    callers: usize,
    /// What the ids are like.
    #[arg(long, value_enum, default_value_t = Ids::Random)]
    ids: Ids,
    /// How many of a hundred batches come a second time at once: all of a batch is then a duplicate.
    #[arg(long, default_value_t = 0)]
    repeated: usize,
    /// Events are identified and stored, but not priced.
    #[arg(long)]
    raw: bool,
    /// Closes and opens the store at the end, and says how long the first batch after it takes.
    #[arg(long)]
    reopen: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ids {
    /// UUIDs of version 4.
    Random,
    /// UUIDs of version 7, which begin with their time.
    Time,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let mut bed = Bed::new(&arguments.at)?;
        if !arguments.raw {
            let crowd = Crowd {
                accounts: arguments.customers,
                resources: 0,
                product: "model",
                skus: &[],
                policy: crowd::HOURLY,
                money: crowd::Means::Plenty,
            };
            crowd::fill(&bed.engine, CATALOG, &crowd, bed.engine.now()?)?;
        }
        let (turns, counted, took) = take(&bed.engine, arguments)?;
        let busy: Duration = turns.iter().map(|turn| turn.busy).sum();
        let rows = turns.iter().map(|turn| turn.rows).sum();
        // What the callers' threads have worked: on a machine shared with others it says more than the wait does.
        let mut more = vec![
            ("last_million_over_first", last_over_first(&turns, wall)),
            (
                "last_million_over_first_by_cpu",
                last_over_first(&turns, |turns| turns.iter().map(|turn| turn.busy).sum()),
            ),
            ("callers_cpu_us_a_row", busy.as_secs_f64() * 1e6 / ratio(rows, 1)),
        ];
        if !arguments.raw {
            check_balances(&bed.engine, arguments, &counted)?;
        }
        if arguments.reopen {
            bed.engine = super::open(bed.engine.store().location())?; // what the first knew is gone with it
            let again = Arguments { rows: arguments.batch as u64, at: arguments.at.clone(), ..*arguments };
            let (first, ..) = take(&bed.engine, &again)?;
            more.push(("first_batch_after_opening_ms", (first[0].ended - first[0].begun).as_secs_f64() * 1e3));
        }
        let floor = floor::append(rows * bytes_of_event(&bed.engine, arguments)?, turns.len() as u64)?;
        let what = if arguments.raw { "ingest raw" } else { "ingest" };
        let name = format!("{what} {} ({:?} ids)", super::ledger::size(rows), arguments.ids).to_lowercase();
        let waits = turns.iter().map(|turn| turn.ended - turn.begun).collect();
        Measured { name, store: bed.name, rows, took, waits, floor: Some(floor), more }.print(arguments.at.json)?;
    }
    Ok(())
}

/// One price by the token.
pub(super) const CATALOG: &str = "[[product]]\nid = \"model\"\nname = \"Model\"\nkind = \"usage\"\ncategory = \"Models\"\n\
     meter = \"tokens\"\nprice = \"0.50 / 1M tokens\"\n[[meter]]\nid = \"tokens\"\nunit = \"token\"\n";

/// How long this thread has run on a core.
fn thread_busy() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// One batch.
struct Turn {
    begun: Instant,
    ended: Instant,
    /// What the caller's thread was at work between, for itself and for whoever waited with it.
    busy: Duration,
    rows: u64,
}

fn wall(turns: &[Turn]) -> Duration {
    let (first, last) = (turns.iter().map(|turn| turn.begun).min(), turns.iter().map(|turn| turn.ended).max());
    first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first)
}

/// The rate of the last million events over that of the first.
fn last_over_first(turns: &[Turn], time: impl Fn(&[Turn]) -> Duration) -> f64 {
    let count = turns.iter().scan(0, |rows, turn| {
        let before = *rows;
        *rows += turn.rows;
        (before < ROWS_OF_A_SLICE).then_some(())
    });
    let count = count.count();
    let rate = |turns: &[Turn]| ratio(turns.iter().map(|turn| turn.rows).sum(), 1) / time(turns).as_secs_f64();
    rate(&turns[turns.len() - count..]) / rate(&turns[..count])
}

/// Some callers, batch after batch: their turns in order of time, how many events each customer has, and how long it took.
fn take(engine: &Engine, arguments: &Arguments) -> Result<(Vec<Turn>, Vec<u64>, Duration), Failure> {
    let seed = u64::try_from(engine.now()?.micros())?;
    let left = AtomicU64::new(arguments.rows);
    let begun = Instant::now();
    let callers = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..arguments.callers.max(1) as u64)
            .map(|caller| {
                let left = &left;
                scope.spawn(move || call(engine, arguments, Random(seed ^ caller << 48), left))
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("a caller does not panic")).collect::<Vec<_>>()
    });
    let took = begun.elapsed();
    let mut turns = Vec::new();
    let mut counted = vec![0; arguments.customers];
    for caller in callers {
        let (more, own) = caller?;
        turns.extend(more);
        counted.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    turns.sort_by_key(|turn| turn.ended);
    Ok((turns, counted, took))
}

/// One caller, until nothing is left to send.
fn call(
    engine: &Engine,
    arguments: &Arguments,
    mut random: Random,
    left: &AtomicU64,
) -> Result<(Vec<Turn>, Vec<u64>), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let mut turns = Vec::new();
    let mut counted = vec![0; arguments.customers];
    loop {
        let less = |left: u64| left.checked_sub((arguments.batch as u64).min(left.max(1)));
        let Ok(before) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) else {
            return Ok((turns, counted));
        };
        let size = usize::try_from(before.min(arguments.batch as u64)).unwrap_or(usize::MAX);
        let now = engine.now().map_err(|error| told(&error))?;
        let customers: Vec<usize> = (0..size).map(|_| random.below(arguments.customers)).collect();
        let events = events(&mut random, &customers, arguments, now);
        let twice = (random.below(100) < arguments.repeated).then(|| events.clone());
        for events in [Some(events), twice].into_iter().flatten() {
            let (begun, worked) = (Instant::now(), thread_busy());
            let answers = if arguments.raw {
                take_raw(engine, events, &customers)?
            } else {
                engine.record_usage("bench", events).map_err(|error| told(&error))?
            };
            let busy = thread_busy().saturating_sub(worked);
            turns.push(Turn { begun, ended: Instant::now(), busy, rows: size as u64 });
            for (taken, customer) in answers.iter().zip(&customers) {
                match taken.answer {
                    Answer::Accepted => counted[*customer] += 1,
                    Answer::Duplicate if arguments.repeated > 0 => {}
                    other => return Err(format!("an event was answered {other:?}, not accepted")),
                }
            }
        }
    }
}

/// Identity and the events' own store, without a price.
fn take_raw(engine: &Engine, events: Vec<UsageEvent>, customers: &[usize]) -> Result<Vec<Taken>, String> {
    let batch = Batch::new("bench", events);
    let owner = |customer: &usize| OwnerId(i64::try_from(*customer).unwrap_or(0) + 1);
    let accounts: Vec<OwnerId> = customers.iter().map(owner).collect();
    let now = engine.now().map_err(|error| error.to_string())?;
    let taken = engine.store().write("bench_ingest", move |tx| {
        tx.usage_take(&batch, now, Window::default(), |_, fresh| {
            Ok(fresh.iter().map(|fresh| Verdict::book(accounts[fresh.place])).collect())
        })
    });
    taken.map_err(|error| error.to_string())
}

/// What every customer has left must be what it had, less the price of each of its events.
fn check_balances(engine: &Engine, arguments: &Arguments, counted: &[u64]) -> Result<(), Failure> {
    let mut random = Random(7);
    for turn in 0..CHECKED.min(arguments.customers) {
        let customer = if arguments.customers <= CHECKED { turn } else { random.below(arguments.customers) };
        let name = format!("customer-{}", customer + 1);
        let view = engine.account_view("bench", &name, engine.now()?).map_err(|error| error.to_string())?;
        let expected = crowd::MONEY_UNITS - i64::try_from(counted[customer])? * EVENT_UNITS;
        if view.figures.spendable != expected {
            let is = view.figures.spendable;
            return Err(format!("{name} has {is} left, where its {} events leave {expected}", counted[customer]).into());
        }
    }
    Ok(())
}

fn bytes_of_event(engine: &Engine, arguments: &Arguments) -> Result<u64, Failure> {
    let events = events(&mut Random(1), &[1], arguments, engine.now()?);
    Ok(Batch::new("bench", events).text().len() as u64 + ROW_BYTES)
}

fn events(random: &mut Random, customers: &[usize], arguments: &Arguments, now: time::Instant) -> Vec<UsageEvent> {
    let event = |customer: &usize| event(random, *customer, arguments.ids, now);
    customers.iter().map(event).collect()
}

fn event(random: &mut Random, customer: usize, ids: Ids, now: time::Instant) -> UsageEvent {
    UsageEvent {
        source: format!("/eu-west/meter-{}", random.below(SOURCES)),
        id: id(random, ids, now),
        subject: Subject::Account { name: format!("customer-{}", customer + 1), project: None, user: None },
        product: None,
        at: Some(now),
        quantities: vec![("tokens".to_owned(), Quantity::from_millionths(TOKENS * 1_000_000))],
        properties: BTreeMap::new(),
    }
}

/// Events of one customer, for who measures something else with them.
pub(super) fn events_of(random: &mut Random, customer: usize, count: usize, now: time::Instant) -> Vec<UsageEvent> {
    (0..count).map(|_| event(random, customer, Ids::Random, now)).collect()
}

/// What so many events cost.
pub(super) fn cost_of(events: u64) -> Result<i64, Failure> {
    Ok(i64::try_from(events)? * EVENT_UNITS)
}

fn id(random: &mut Random, ids: Ids, now: time::Instant) -> String {
    let mut bits = || random.below(usize::MAX) as u64;
    let (head, tail) = (bits(), bits());
    let (high, version) = match ids {
        Ids::Random => (head, 4),
        Ids::Time => ((now.micros().unsigned_abs() / 1_000) << 16, 7),
    };
    format!(
        "{:08x}-{:04x}-{version:x}{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        head & 0xfff,
        0x8000 | tail >> 48 & 0x3fff,
        tail & 0xffff_ffff_ffff
    )
}

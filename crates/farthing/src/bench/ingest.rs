//! Usage events of random customers taken in: each id looked up and kept, each event stored, every batch on the disk before
//! the next.

use super::measure::{Measured, heading, ratio};
use super::{Bed, Random, Where, floor};
use clap::{Args, ValueEnum};
use farthing::failure::Failure;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::time;
use farthing_core::usage::{Answer, Batch, Subject, UsageEvent, Verdict, Window};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a row has beside its text: its key, its arrival and its state; and what its identity takes.
const ROW_BYTES: u64 = 40 + 24;
const SOURCES: usize = 32;
const ROWS_OF_A_SLICE: u64 = 1_000_000;

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
    /// What the ids are like.
    #[arg(long, value_enum, default_value_t = Ids::Random)]
    ids: Ids,
    /// How many of a hundred batches come a second time at once: all of a batch is then a duplicate.
    #[arg(long, default_value_t = 0)]
    repeated: usize,
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

/// A batch made ready, with whose each event is.
type Ready = (Batch, Vec<OwnerId>);

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let mut bed = Bed::new(&arguments.at)?;
        let turns = take(&bed, arguments)?;
        let took: Duration = turns.iter().map(|turn| turn.wait).sum();
        let busy: Duration = turns.iter().map(|turn| turn.busy).sum();
        let bytes = turns.iter().map(|turn| turn.bytes).sum();
        let rows = turns.iter().map(|turn| turn.rows).sum();
        // What the caller's own thread has worked: on a machine shared with others it says more than the wait does.
        let mut more = vec![
            ("last_million_over_first", last_over_first(&turns, |turn| turn.wait)),
            ("second_half_over_first", second_half_over_first(&turns)),
            ("last_million_over_first_by_cpu", last_over_first(&turns, |turn| turn.busy)),
            ("caller_cpu_us_a_row", busy.as_secs_f64() * 1e6 / ratio(rows, 1)),
        ];
        if arguments.reopen {
            bed.engine = super::open(bed.engine.store().location())?; // what the first knew is gone with it
            let again = Arguments { rows: arguments.batch as u64, at: arguments.at.clone(), ..*arguments };
            let first = take(&bed, &again)?;
            more.push(("first_batch_after_opening_ms", first[0].wait.as_secs_f64() * 1e3));
        }
        let floor = floor::append(bytes, turns.len() as u64)?;
        let name = format!("ingest {} ({:?} ids)", super::ledger::size(rows), arguments.ids).to_lowercase();
        let waits = turns.into_iter().map(|turn| turn.wait).collect();
        Measured { name, store: bed.name, rows, took, waits, floor: Some(floor), more }.print(arguments.at.json)?;
    }
    Ok(())
}

/// How long this thread has run on a core.
fn thread_busy() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// One batch.
struct Turn {
    wait: Duration,
    /// Of that, what the caller's thread was at work.
    busy: Duration,
    bytes: u64,
    rows: u64,
}

/// The rate of the last million events over that of the first.
fn last_over_first(turns: &[Turn], time: impl Fn(&Turn) -> Duration) -> f64 {
    let slice = |turns: &mut dyn Iterator<Item = &Turn>| {
        let (mut took, mut rows) = (Duration::ZERO, 0);
        for turn in turns {
            took += time(turn);
            rows += turn.rows;
            if rows >= ROWS_OF_A_SLICE {
                break;
            }
        }
        ratio(rows, 1) / took.as_secs_f64()
    };
    slice(&mut turns.iter().rev()) / slice(&mut turns.iter())
}

/// The rate of the second half over that of the first: other guests of the machine weigh less in it than in one million.
fn second_half_over_first(turns: &[Turn]) -> f64 {
    let (first, second) = turns.split_at(turns.len() / 2);
    let rate = |turns: &[Turn]| {
        let rows = turns.iter().map(|turn| turn.rows).sum();
        ratio(rows, 1) / turns.iter().map(|turn| turn.wait).sum::<Duration>().as_secs_f64()
    };
    if first.is_empty() { 1.0 } else { rate(second) / rate(first) }
}

/// One caller, batch after batch. The next batch is made ready while waiting, as
/// whoever receives events would.
fn take(bed: &Bed, arguments: &Arguments) -> Result<Vec<Turn>, Failure> {
    let (batches, made) = std::sync::mpsc::sync_channel::<Ready>(2);
    let engine = &bed.engine;
    let seed = u64::try_from(engine.now()?.micros())?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut random = Random(seed);
            let mut left = arguments.rows;
            while left > 0 {
                let size = (arguments.batch as u64).min(left);
                let Ok(now) = engine.now() else { return };
                left -= size;
                let ready = batch(&mut random, usize::try_from(size).unwrap_or(usize::MAX), arguments, now);
                if random.below(100) < arguments.repeated && batches.send(ready.clone()).is_err() {
                    return;
                }
                if batches.send(ready).is_err() {
                    return;
                }
            }
        });
        let mut turns = Vec::new();
        for (batch, accounts) in made {
            let (rows, bytes) = (batch.len() as u64, batch.text().len() as u64);
            let (begun, worked) = (Instant::now(), thread_busy());
            let now = engine.now()?;
            let answers = engine.store().write("bench_ingest", move |tx| {
                tx.usage_take(&batch, now, Window::default(), |_, fresh| {
                    Ok(fresh.iter().map(|fresh| Verdict::book(accounts[fresh.place])).collect())
                })
            })?;
            let (wait, busy) = (begun.elapsed(), thread_busy().saturating_sub(worked));
            turns.push(Turn { wait, busy, bytes: bytes + rows * ROW_BYTES, rows });
            let refused = answers.iter().find(|taken| matches!(taken.answer, Answer::Refused(_)));
            if let Some(taken) = refused {
                return Err(format!("an event was answered {:?}, not accepted", taken.answer).into());
            }
            if arguments.repeated == 0 && answers.iter().any(|taken| taken.answer != Answer::Accepted) {
                return Err("a fresh event was called a duplicate".into());
            }
        }
        Ok(turns)
    })
}

fn batch(random: &mut Random, size: usize, arguments: &Arguments, now: time::Instant) -> Ready {
    let customers: Vec<usize> = (0..size).map(|_| random.below(arguments.customers)).collect();
    let events = customers
        .iter()
        .map(|customer| UsageEvent {
            source: format!("/eu-west/meter-{}", random.below(SOURCES)),
            id: id(random, arguments.ids, now),
            subject: Subject::Account { name: format!("customer-{customer}"), project: None, user: None },
            product: None,
            at: Some(now),
            quantities: vec![("tokens".to_owned(), Quantity::from_millionths(1_234_000_000))],
            properties: BTreeMap::new(),
        })
        .collect();
    let accounts = customers.into_iter().map(|customer| OwnerId(i64::try_from(customer).unwrap_or(0) + 1)).collect();
    (Batch::new("bench", events), accounts)
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

//! Transfers between random customers: both accounts' chains grow, and every batch is on the disk before the next.

use super::measure::{Measured, heading};
use super::{Bed, Random, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::ledger::{AccountId, Code, Command, CommodityId, Kind, Mode, Movement, Transfer};
use farthing_engine::Engine;
use std::time::{Duration, Instant};

/// Bytes of a transfer's fifteen fields at their full width: what the floor appends.
const ROW_BYTES: u64 = 120;
const AMOUNT: i64 = 1_234;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many transfers.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Between how many customers.
    #[arg(long, default_value_t = 10_000)]
    customers: usize,
    /// How many transfers to a durable commit.
    #[arg(long, default_value_t = 8_189)]
    batch: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let bed = Bed::new(&arguments.at)?;
        let accounts = bed.customers(arguments.customers, i64::MAX / 2)?;
        let waits = post(&bed.engine, &accounts, arguments)?;
        let took = waits.iter().sum();
        let batches = waits.len() as u64;
        let slice = (waits.len() / usize::try_from(arguments.rows.div_ceil(1_000_000))?.max(1)).max(1);
        let first: Duration = waits[..slice].iter().sum();
        let last: Duration = waits[waits.len() - slice..].iter().sum();
        let more = vec![("last_over_first", last.as_secs_f64() / first.as_secs_f64())];
        let floor = floor::append(arguments.rows * ROW_BYTES, batches)?;
        let name = format!("ledger {} over {}", size(arguments.rows), size(arguments.customers as u64));
        Measured { name, store: bed.name, rows: arguments.rows, took, waits, floor: Some(floor), more }
            .print(arguments.at.json)?;
        read_history(&bed, &accounts, arguments)?;
    }
    Ok(())
}

/// One caller, batch after batch, as a settlement would; how long each took. The next batch is made up while waiting.
fn post(engine: &Engine, accounts: &[AccountId], arguments: &Arguments) -> Result<Vec<Duration>, Failure> {
    let (batches, made) = std::sync::mpsc::sync_channel::<Vec<Command>>(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut random = Random(1);
            let mut left = arguments.rows;
            while left > 0 {
                let size = (arguments.batch as u64).min(left);
                let Ok(now) = engine.now() else { return };
                let commands = (0..size).map(|_| transfer(engine, accounts, &mut random, now)).collect();
                left -= size;
                if batches.send(commands).is_err() {
                    return;
                }
            }
        });
        let mut waits = Vec::new();
        for commands in made {
            let begun = Instant::now();
            let now = engine.now()?;
            let outcomes = engine.store().write("bench_ledger", move |tx| tx.ledger_run(&commands, now))?;
            waits.push(begun.elapsed());
            if let Some(outcome) = outcomes.iter().find(|outcome| outcome.code != Code::Created) {
                return Err(format!("a transfer was answered {}, not created", outcome.code.name()).into());
            }
        }
        Ok(waits)
    })
}

fn transfer(
    engine: &Engine,
    accounts: &[AccountId],
    random: &mut Random,
    now: farthing_core::time::Instant,
) -> Command {
    let debit = random.below(accounts.len());
    let credit = (debit + 1 + random.below(accounts.len() - 1)) % accounts.len();
    Command::Transfer(Transfer {
        id: engine.ids().transfer(now),
        cause: None,
        kind: Kind::Plain,
        mode: Mode::Asks,
        effective: now,
        movement: Movement::Move {
            debit: accounts[debit],
            credit: accounts[credit],
            amount: AMOUNT,
            commodity: CommodityId(1),
        },
    })
}

/// The newest fifty transfers of random customers, once everything is in.
fn read_history(bed: &Bed, accounts: &[AccountId], arguments: &Arguments) -> Result<(), Failure> {
    let mut random = Random(2);
    let mut waits = Vec::new();
    for _ in 0..1_000 {
        let account = accounts[random.below(accounts.len())];
        let begun = Instant::now();
        let lines = bed.engine.store().read("bench_history", |tx| tx.account_history(account, None, 50))?;
        waits.push(begun.elapsed());
        assert!(lines.len() <= 50, "fifty were asked for");
    }
    let name = format!("history 50 at {}", size(arguments.rows));
    let rows = waits.len() as u64;
    let took = waits.iter().sum();
    Measured { name, store: bed.name, rows, took, waits, floor: None, more: Vec::new() }.print(arguments.at.json)
}

pub(super) fn size(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{}M", count / 1_000_000),
        1_000.. if count.is_multiple_of(1_000) => format!("{}k", count / 1_000),
        _ => count.to_string(),
    }
}

//! Authorisations: may this call run? Check what is available, hold it, and have that on the disk before the answer.

use super::measure::{self, Measured, heading};
use super::{Bed, Random, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::ledger::{AccountId, Authorise, Code, Command, OwnerId};
use farthing_core::time::Instant as Now;
use farthing_engine::Engine;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes of a hold with one part at their full width.
const ROW_BYTES: u64 = 96;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many ask at the same time, each waiting for its answer before it asks again.
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// How many authorisations in all.
    #[arg(long, default_value_t = 200_000)]
    rows: u64,
    /// Of how many customers.
    #[arg(long, default_value_t = 10_000)]
    customers: usize,
    /// Another connection keeps one snapshot open all the while, as a long report does.
    #[arg(long)]
    long_reader: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let bed = Bed::new(&arguments.at)?;
        let accounts = bed.customers(arguments.customers, i64::MAX / 2)?;
        let owners = owners_of(&bed.engine, &accounts)?;
        let done = AtomicBool::new(false);
        let batches_before = bed.engine.ledger_batches();
        let (took, waits) = std::thread::scope(|scope| {
            if arguments.long_reader {
                scope.spawn(|| hold_snapshot(&bed.engine, &done));
                std::thread::sleep(Duration::from_millis(50));
            }
            let measured = all_callers(&bed.engine, &accounts, &owners, arguments);
            done.store(true, Ordering::Release);
            measured
        })?;
        let batches = bed.engine.ledger_batches() - batches_before;
        let rows = waits.len() as u64;
        let floor = floor::append(rows * ROW_BYTES, batches)?;
        let mut more = vec![("holds_per_commit", measure::ratio(rows, batches))];
        if arguments.callers == 1 {
            more.push(("overwriting_fdatasync_p50_us", floor::overwrite_p50()?.as_secs_f64() * 1e6));
        }
        let reader = if arguments.long_reader { ", long reader" } else { "" };
        let name = format!("authorise, {} callers{reader}", arguments.callers);
        Measured { name, store: bed.name, rows, took, waits, floor: Some(floor), more }.print(arguments.at.json)?;
    }
    Ok(())
}

fn owners_of(engine: &Engine, accounts: &[AccountId]) -> Result<Vec<OwnerId>, Failure> {
    let found = engine.store().read("bench_owners", |tx| {
        let mut owners = std::collections::BTreeMap::new();
        tx.accounts_each(|row| {
            owners.insert(row.account.id, row.account.owner);
            Ok(())
        })?;
        Ok::<_, farthing_store::StoreError>(owners)
    })?;
    Ok(accounts.iter().map(|account| found[account]).collect())
}

fn all_callers(
    engine: &Engine,
    accounts: &[AccountId],
    owners: &[OwnerId],
    arguments: &Arguments,
) -> Result<(Duration, Vec<Duration>), Failure> {
    let each = arguments.rows / arguments.callers.max(1) as u64;
    let begun = Instant::now();
    let waits = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..arguments.callers as u64)
            .map(|caller| scope.spawn(move || one_caller(engine, accounts, owners, caller, each)))
            .collect();
        let mut waits = Vec::new();
        for caller in callers {
            waits.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok::<_, Failure>(waits)
    })?;
    Ok((begun.elapsed(), waits))
}

fn one_caller(
    engine: &Engine,
    accounts: &[AccountId],
    owners: &[OwnerId],
    caller: u64,
    rows: u64,
) -> Result<Vec<Duration>, Failure> {
    let mut random = Random(caller);
    let mut waits = Vec::new();
    for _ in 0..rows {
        let now = engine.now()?;
        let chosen = random.below(accounts.len());
        let request = Command::Authorise(Authorise {
            id: engine.ids().id(now),
            owner: owners[chosen],
            along: vec![accounts[chosen]],
            amount: 1_000,
            expires_at: Now::from_micros(now.micros() + 600_000_000),
        });
        let begun = Instant::now();
        let outcomes = engine.run_ledger(vec![request])?;
        waits.push(begun.elapsed());
        if outcomes.first().map(|outcome| outcome.code) != Some(Code::Created) {
            return Err(format!("an authorisation was answered {outcomes:?}").into());
        }
    }
    Ok(waits)
}

/// Keeps one snapshot open until told otherwise.
fn hold_snapshot(engine: &Engine, done: &AtomicBool) -> Result<(), farthing_store::StoreError> {
    engine.store().read("bench_reader", |tx| {
        let mut accounts = 0;
        tx.accounts_each(|_| {
            accounts += 1;
            Ok(())
        })?;
        while !done.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    })
}

//! What an account has, read when it has ten events and when it has very many: it must cost the same.

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading};
use super::{Bed, Random, Where, ingest};
use clap::Args;
use farthing::failure::Failure;
use std::time::Instant;

const FEW: u64 = 10;
const READS: usize = 2_000;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many events the account with very many has.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How many events to a durable commit.
    #[arg(long, default_value_t = 10_000)]
    batch: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let bed = Bed::new(&arguments.at)?;
        let engine = &bed.engine;
        let crowd = Crowd {
            accounts: 2,
            resources: 0,
            product: "model",
            skus: &[],
            policy: crowd::HOURLY,
            money: crowd::Means::Plenty,
        };
        let cloud = crowd::fill(engine, ingest::CATALOG, &crowd, engine.now()?)?;
        let mut random = Random(11);
        for (customer, rows) in [(0, FEW), (1, arguments.rows)] {
            let mut left = rows;
            while left > 0 {
                let size = left.min(arguments.batch as u64);
                let events = ingest::events_of(&mut random, customer, usize::try_from(size)?, engine.now()?);
                engine.record_usage(&cloud, events).map_err(|error| error.to_string())?;
                left -= size;
            }
        }
        for (customer, rows) in [(1, FEW), (2, arguments.rows)] {
            let expected = crowd::MONEY_UNITS - ingest::cost_of(rows)?;
            let mut waits = Vec::with_capacity(READS);
            for _ in 0..READS {
                let begun = Instant::now();
                let view = engine.account_view(&cloud, &format!("customer-{customer}"), engine.now()?);
                waits.push(begun.elapsed());
                let left = view.map_err(|error| error.to_string())?.figures.spendable;
                if left != expected {
                    return Err(format!("{left} is left after {rows} events, not {expected}").into());
                }
            }
            let name = format!("balance after {} events", super::ledger::size(rows));
            let (rows, took) = (READS as u64, waits.iter().sum());
            Measured { name, store: bed.name, rows, took, waits, floor: None, more: Vec::new() }
                .print(arguments.at.json)?;
        }
    }
    Ok(())
}

//! The end of a month: every account's billing period closes at once, each with a bill of ten lines, numbered and told.

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading};
use super::{Bed, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::time::Instant as Moment;
use farthing_store::{BillFilter, BillKind};
use std::time::Instant;

/// What the floor appends for one account: its bill with ten lines, what it covers, a transfer for each line and their sums, a message.
const ACCOUNT_BYTES: u64 = 4_096 + 1_024 + 12 * 216 + 512;
const LINES: usize = 10;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many accounts.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    let (skus, catalog) = crowd::machines(LINES);
    for _ in 0..arguments.at.runs.max(1) {
        let bed = Bed::simulated(&arguments.at, Moment::parse("2027-01-30T10:00:00Z")?)?;
        let (accounts, resources) = (arguments.accounts, LINES);
        let crowd = Crowd {
            accounts,
            resources,
            product: "machine",
            skus: &skus,
            policy: crowd::BY_THE_MONTH,
            money: crowd::Means::Plenty,
        };
        let cloud = crowd::fill(&bed.engine, &catalog, &crowd, bed.engine.now()?)?;
        // The last two days of the month are sealed; that is what settling costs.
        for day in ["2027-01-31T00:00:00Z", "2027-02-01T00:00:00Z"] {
            bed.engine.clock().advance_to(Moment::parse(day)?);
            bed.engine.run_due()?;
        }
        bed.engine.clock().advance_to(Moment::parse("2027-02-01T01:00:00Z")?);
        let begun = Instant::now();
        bed.engine.run_due()?;
        let took = begun.elapsed();
        let rows = accounts as u64;
        let floor = floor::append(rows * ACCOUNT_BYTES, rows.div_ceil(256))?;
        let name = format!("close {} with {LINES} lines each", super::ledger::size(rows));
        Measured { name, store: bed.name, rows, took, waits: vec![took], floor: Some(floor), more: Vec::new() }
            .print(arguments.at.json)?;
        prove(&bed, &cloud, accounts)?;
    }
    Ok(())
}

/// Everybody has a bill with a number.
fn prove(bed: &Bed, cloud: &str, accounts: usize) -> Result<(), Failure> {
    let filter = BillFilter { kind: Some(BillKind::Bill), ..BillFilter::default() };
    let most = i64::try_from(accounts)?.saturating_add(2);
    let bills = bed.engine.store().read("bench_bills", |tx| tx.bills(cloud, &filter, None, most))?;
    let numbered = bills.iter().filter(|bill| !bill.number.is_empty() && bill.total > 0).count();
    if numbered != accounts + 1 {
        return Err(format!("{numbered} of {} accounts have a bill", accounts + 1).into());
    }
    Ok(())
}

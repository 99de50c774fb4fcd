//! An hour in which everybody runs out of money, each at a second of its own: how long it takes from that second until the cloud is asked to
//! stop what runs. Nobody else is looked at.

use super::crowd::{self, Crowd, Means};
use super::measure::{Measured, heading};
use super::{Bed, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::standing::Deed;
use farthing_core::time::Instant as Moment;
use farthing_store::InstructionFilter;
use std::time::{Duration, Instant};

/// What the floor appends for one account: what is posted and its sums, the ladder, the instruction, three messages.
const ACCOUNT_BYTES: u64 = 4_096;
/// In which everybody runs out.
const HOUR: i64 = 3_600;
const CATALOG: &str = "[[product]]\nid = \"machine\"\nname = \"Machine\"\nkind = \"running\"\ncategory = \"Compute\"\non_suspend = \"stop\"\n\
    [[product.sku]]\nid = \"s0\"\nprice = \"36.00 / hour\"\n";
const POLICY: &str = "[settle]\nevery = \"1d\"\n[ladder]\nsuspend = { after = \"0h\" }\n";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many accounts run out within the hour.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// How many seconds of the hour are gone through.
    #[arg(long, default_value_t = 120)]
    seconds: i64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    let seconds = arguments.seconds.clamp(1, HOUR);
    for _ in 0..arguments.at.runs.max(1) {
        let bed = Bed::simulated(&arguments.at, Moment::parse("2027-01-30T10:00:00Z")?)?;
        let start = bed.engine.now()?;
        let skus = ["s0".to_owned()];
        let money = Means::Spread { seconds: HOUR };
        let crowd = Crowd {
            accounts: arguments.accounts,
            resources: 1,
            product: "machine",
            skus: &skus,
            policy: POLICY,
            money,
        };
        let cloud = crowd::fill(&bed.engine, CATALOG, &crowd, start)?;
        let mut waits: Vec<Duration> = Vec::new();
        for second in 1..=seconds {
            bed.engine.clock().advance_to(crowd::after(start, second));
            let begun = Instant::now();
            bed.engine.run_due()?;
            waits.push(begun.elapsed());
        }
        let took = waits.iter().sum();
        let worst = waits.iter().max().copied().unwrap_or_default();
        let rows = prove(&bed, &cloud, &crowd, (start, seconds))?;
        let floor = floor::append(rows * ACCOUNT_BYTES, rows)?;
        let name = format!("suspend, {} run out in an hour", super::ledger::size(arguments.accounts as u64));
        let more = vec![("worst second, s", worst.as_secs_f64())];
        Measured { name, store: bed.name, rows, took, waits, floor: Some(floor), more }.print(arguments.at.json)?;
    }
    Ok(())
}

/// Whoever has run out by now was suspended at that second, and nobody else was. How many they are.
fn prove(bed: &Bed, cloud: &str, crowd: &Crowd<'_>, (start, seconds): (Moment, i64)) -> Result<u64, Failure> {
    let filter = InstructionFilter { open: true, ..InstructionFilter::default() };
    let most = i64::try_from(crowd.accounts)?.saturating_add(2);
    let asked = bed.engine.store().read("bench_asked", |tx| tx.instructions(cloud, &filter, None, most))?;
    let mut at: Vec<Moment> = asked.iter().filter(|row| row.deed == Deed::Stop).map(|row| row.asked).collect();
    at.sort_unstable();
    let lasts = (0..crowd.accounts).filter_map(|place| crowd.money.lasts(place, crowd.accounts));
    let expected: Vec<Moment> = lasts.filter(|own| *own <= seconds).map(|own| crowd::after(start, own)).collect();
    if at != expected {
        return Err(format!("{} were suspended, {} ran out, or not at their seconds", at.len(), expected.len()).into());
    }
    Ok(at.len() as u64)
}

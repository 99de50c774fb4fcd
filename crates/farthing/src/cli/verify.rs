//! `farthing verify`: proves the ledger from its rows, or names the first row that is wrong.

use clap::Args;
use farthing::failure::Failure;
use farthing_store::{Location, Options, Store};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The store: a SQLite file, or postgres://…
    #[arg(long)]
    store: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let location = Location::parse(&arguments.store);
    let store = Store::open(&location, &Options::existing())?;
    let report = store.read("verify", |tx| tx.audit())?;
    let counted =
        format!("{} transfers, {} accounts, {} holds in {location}", report.transfers, report.accounts, report.holds);
    let Some(first) = report.findings.first() else {
        println!("Every unit is accounted for: {counted}.");
        return Ok(ExitCode::SUCCESS);
    };
    println!("The ledger does not add up: {counted}.");
    println!("First wrong row: {}: {}.", first.row, first.what);
    for finding in &report.findings[1..] {
        println!("  also {}: {}.", finding.row, finding.what);
    }
    println!(
        "Nothing was changed. Stop what writes to this store, keep a copy of it, and compare the first wrong row with your newest backup."
    );
    Ok(ExitCode::FAILURE)
}

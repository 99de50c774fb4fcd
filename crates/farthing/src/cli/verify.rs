//! `farthing verify`: proves the ledger and the policy versions from their rows, or names the first row that is wrong.

use clap::Args;
use farthing::console;
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
    let counted = format!("{} in {location}", console::counted(&report));
    let Some(first) = report.findings.first() else {
        println!("Every unit is accounted for: {counted}.");
        return Ok(ExitCode::SUCCESS);
    };
    println!("{}: {counted}.", console::wrong(&report));
    println!("First wrong row: {}: {}.", first.row, first.what);
    for finding in &report.findings[1..] {
        println!("  also {}: {}.", finding.row, finding.what);
    }
    println!(
        "Nothing was changed. Stop what writes to this store, keep a copy of it, and compare the first wrong row with your newest backup."
    );
    Ok(ExitCode::FAILURE)
}

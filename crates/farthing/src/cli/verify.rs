//! `farthing verify`: proves the ledger, what was charged, policies and usage from their rows, or names the first that is wrong.

use clap::Args;
use farthing::console;
use farthing::failure::Failure;
use farthing_engine::{Clock, Engine, IdSource};
use farthing_store::{Location, Options, Store};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The store: a SQLite file, or postgres://…
    #[arg(long)]
    store: String,
    /// Also works out anew, from all facts and events, what every account was charged and has open
    #[arg(long)]
    deep: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let location = Location::parse(&arguments.store);
    let store = Store::open(&location, &Options::existing())?;
    let mut report = store.read("verify", |tx| tx.audit())?;
    // Where rows are not what was written, nothing that is worked out of them says more.
    if arguments.deep && report.findings.is_empty() {
        let engine = Engine::new(store, Clock::real(None)?, IdSource::random(0));
        report.add(engine.check_open()?);
    }
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

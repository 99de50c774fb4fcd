//! `farthing verify`: proves the ledger, what was charged, policies and usage from their rows, or names the first that is wrong.

use super::progress::Watch;
use super::store::{At, engine_on, print_json};
use clap::Args;
use farthing::failure::Failure;
use farthing_console as console;
use farthing_engine::Clock;
use farthing_store::{AuditReport, Location, Store, StoreError};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: At,
    /// Also works out anew, from all facts and events, what every account was charged and has open
    #[arg(long)]
    deep: bool,
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let location = arguments.at.location();
    let store = arguments.at.open()?;
    let mut report = audit(&store)?;
    // Where rows are not what was written, nothing that is worked out of them says more.
    if arguments.deep && report.findings.is_empty() {
        let watch = Watch::spinner();
        watch.say("working out anew what accounts have open");
        report.add(engine_on(store, Clock::real(None)?).check_open()?);
    }
    if arguments.json {
        print_json(&report_json(&report))?;
    } else {
        tell(&report, &location);
        if !report.findings.is_empty() {
            println!(
                "Nothing was changed. Stop what writes to this store, keep a copy of it, and compare the first wrong row with your newest backup."
            );
        }
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the whole store.
pub(super) fn audit(store: &Store) -> Result<AuditReport, StoreError> {
    let watch = Watch::spinner();
    store.read("verify", |tx| tx.audit_told(&mut |what| watch.say(format!("reading {what}"))))
}

/// What was read, and what is wrong with it.
pub(super) fn tell(report: &AuditReport, location: &Location) {
    let counted = format!("{} in {location}", console::counted(report));
    let Some(first) = report.findings.first() else {
        println!("Every unit is accounted for: {counted}.");
        return;
    };
    println!("{}: {counted}.", console::wrong(report));
    println!("First wrong row: {}: {}.", first.row, first.what);
    for finding in &report.findings[1..] {
        println!("  also {}: {}.", finding.row, finding.what);
    }
}

fn report_json(report: &AuditReport) -> Value {
    let findings: Vec<Value> =
        report.findings.iter().map(|finding| json!({ "row": finding.row, "what": finding.what })).collect();
    json!({
        "clean": report.findings.is_empty(), "findings": findings, "transfers": report.transfers,
        "accounts": report.accounts, "holds": report.holds, "charges": report.charges, "versions": report.versions,
        "events": report.events, "messages": report.messages,
    })
}

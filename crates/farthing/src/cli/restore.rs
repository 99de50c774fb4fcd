//! `farthing restore` and `accept`: a store made of a backup, proven before it is called good, and silent until somebody says that
//! it is the living one.

use super::progress::Watch;
use super::store::{At, engine_on, print_json};
use super::verify::{audit, tell};
use clap::Args;
use farthing::failure::Failure;
use farthing_engine::{Clock, Engine};
use farthing_store::{AuditReport, Epoch, Location, Options, Schema, Store, restore_file};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The backup. Left out, the store is a copy that is in its place already, made by another tool, such as `pg_restore`.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    at: At,
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Accept {
    #[command(flatten)]
    at: At,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let location = arguments.at.location();
    let (epoch, report) = match (&arguments.from, &location) {
        (Some(from), Location::Sqlite(to)) => from_file(from, to)?,
        (Some(_), Location::Postgres(_)) => {
            return Err(format!(
                "{location} is PostgreSQL: bring its dump back with `pg_restore`, then `farthing restore --store {location}` without --from"
            )
            .into());
        }
        (None, _) => in_place(&arguments.at)?,
    };
    let good = report.findings.is_empty();
    if arguments.json {
        print_json(&json!({ "store": location.to_string(), "clean": good, "epoch": epoch.number, "accepted": false }))?;
    } else {
        tell(&report, &location);
        if good {
            println!("This copy is good. It is in epoch {} and sends nothing.", epoch.number);
            println!(
                "When the original is stopped for ever, `farthing accept --store {location}` makes this the living one."
            );
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The new store has its name only when it has been proven, and when it has begun its epoch.
fn from_file(from: &Path, to: &Path) -> Result<(Epoch, AuditReport), Failure> {
    if to.exists() {
        return Err(
            format!("{}: it is there already, and nothing is overwritten: name a new store", to.display()).into()
        );
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".restoring");
    let trial = PathBuf::from(name);
    let watch = Watch::bar("copying");
    restore_file(from, &trial, &mut |step| watch.set(step.done, step.of))?;
    drop(watch);
    let proven = prove(&trial, from);
    let (epoch, report) = proven.inspect_err(|_| drop(std::fs::remove_file(&trial)))?;
    if let Some(first) = report.findings.first() {
        return Err(format!(
            "{}: it is whole, but what it holds does not add up: {}: {}; it is kept as {} for whoever looks into it: restore an older backup",
            from.display(),
            first.row,
            first.what,
            trial.display()
        )
        .into());
    }
    // A link fails where a store has come meanwhile; a new name would replace it.
    std::fs::hard_link(&trial, to).map_err(|error| format!("{} cannot be made: {error}", to.display()))?;
    std::fs::remove_file(&trial)?;
    Ok((epoch, report))
}

/// A backup may be of an older schema: the copy is brought up to date.
fn prove(trial: &Path, from: &Path) -> Result<(Epoch, AuditReport), Failure> {
    let options = Options { schema: Schema::Ensure, sqlite_log_mib: 0, ..Options::default() };
    let engine = engine_on(Store::open(&Location::Sqlite(trial.to_owned()), &options)?, Clock::real(None)?);
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let epoch = engine.begin_copy(&format!("restored from {name}"))?;
    let report = audit(engine.store())?;
    Ok((epoch, report))
}

/// A copy another tool has made.
fn in_place(at: &At) -> Result<(Epoch, AuditReport), Failure> {
    let engine = engine_on(at.open()?, Clock::real(None)?);
    refuse_living(&engine, &at.location())?;
    let epoch = engine.begin_copy("said to be a copy")?;
    let report = audit(engine.store())?;
    Ok((epoch, report))
}

/// A copy has no server: its leases came with it, and are over.
fn refuse_living(engine: &Engine, location: &Location) -> Result<(), Failure> {
    let now = engine.now()?;
    let leases = engine.store().read("leases", |tx| tx.leases())?;
    match leases.iter().find(|(_, _, _, until)| *until > now) {
        None => Ok(()),
        Some((job, holder, _, until)) => Err(format!(
            "{location}: a server works on this store ({job}, {holder}, until {until}): it is no copy. If it is one, try again after that"
        )
        .into()),
    }
}

pub(crate) fn accept(arguments: &Accept) -> Result<ExitCode, Failure> {
    let engine = arguments.at.engine()?;
    let before = engine.epoch()?;
    let epoch = engine.accept_copy()?;
    let location = arguments.at.location();
    if before.is_some_and(|before| before.accepted) {
        println!("{location} is the living one already, in epoch {} since {}.", epoch.number, epoch.begun);
    } else {
        println!("{location} is the living one from now on, in epoch {}: what waits leaves it.", epoch.number);
        println!("No other copy of it may run.");
    }
    Ok(ExitCode::SUCCESS)
}

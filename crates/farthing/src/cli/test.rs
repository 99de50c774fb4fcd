//! `farthing test`: plays scenario files, and says which of them came as they should.

use clap::Args;
use farthing::failure::Failure;
use farthing::scenario::{report, rules, stages};
use std::path::PathBuf;
use std::process::ExitCode;

/// Scenarios wait for the disk more than they calculate.
const THREADS: usize = 2;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scenario files, or folders that are searched for *.scn.
    #[arg(required_unless_present = "rules")]
    paths: Vec<PathBuf>,
    /// Plays them on PostgreSQL (postgres://…), each in a database of its own; in fresh embedded stores when not given.
    #[arg(long)]
    store: Option<String>,
    /// Prints which rule is proven by which scenario instead of what passed.
    #[arg(long)]
    rules: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    let files = report::find(paths).map_err(|error| format!("the scenarios cannot be listed: {error}"))?;
    if files.is_empty() {
        let searched: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        eprintln!("farthing: there is no *.scn file in {}", searched.join(", "));
    }
    let stages = stages(arguments.store.as_deref())?;
    let table = arguments.rules;
    let told = report::play_all(&files, stages.as_ref(), THREADS, |told| {
        if !table {
            print!("{}", told.text);
        }
    });
    if table {
        print!("{}", rules::table(&told));
    }
    let passed = told.iter().filter(|told| told.passed).count();
    let failed = told.len() - passed;
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

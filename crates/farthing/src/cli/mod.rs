//! The command line: what can be asked, and how failures are told.

use crate::bench;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The billing engine a cloud runs: meters, prices, settles and collects, in one binary with an embedded database.
#[derive(Parser, Debug)]
#[command(name = "farthing", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Measures a money path on this machine, beside the floor that the same bytes and fsyncs set.
    Bench(bench::Arguments),
}

/// Any error, for a person: its sentence and what caused it.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Bench(arguments) => bench::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("farthing: {}", sentence(failure.as_ref()));
        ExitCode::FAILURE
    })
}

fn sentence(failure: &(dyn std::error::Error + 'static)) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

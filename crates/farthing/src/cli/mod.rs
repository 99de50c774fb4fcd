//! The command line: what can be asked.

mod changes;
mod check;
mod estimate;
mod export;
mod keys;
mod policy;
mod serve;
mod test;
mod verify;

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
    /// Makes months of made-up life for every cloud in a new database, checks it, and shows it in a browser.
    Demo(farthing::demo::Arguments),
    /// Serves the HTTP API on a store, settles what falls due, and ends when it is told to.
    Serve(serve::Arguments),
    /// Makes, lists, rotates and revokes API keys.
    Keys(keys::Arguments),
    /// Says whatever is wrong with a cloud's files, at its line (then it ends with 1), or prints every key there is.
    Check(check::Arguments),
    /// Says how a cloud's files differ from what is in force.
    Plan(policy::Plan),
    /// Puts a cloud's files in force, as a new dated version.
    Apply(policy::Apply),
    /// Lists a cloud's versions: since when, by whom, why.
    Versions(policy::Listing),
    /// Plays scenario files (*.scn) on a simulated clock, and says which came as they should (if not all: ends with 1).
    Test(test::Arguments),
    /// Says what something would cost, with the arithmetic.
    Estimate(estimate::Arguments),
    /// Proves the ledger from its own rows, or names the first row that is wrong (then it ends with 1).
    Verify(verify::Arguments),
    /// Writes what the store holds for other programs.
    Export(export::Arguments),
    /// Measures a money path on this machine, beside the floor that the same bytes and fsyncs set.
    Bench(bench::Arguments),
}

pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Demo(arguments) => farthing::demo::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Plan(arguments) => policy::plan(&arguments),
        Command::Apply(arguments) => policy::apply(&arguments),
        Command::Versions(arguments) => policy::versions(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Estimate(arguments) => estimate::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("farthing: {}", farthing_store::chain_of(failure.as_ref()));
        ExitCode::FAILURE
    })
}

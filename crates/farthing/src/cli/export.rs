//! `farthing export ledger`: the whole ledger for hledger, Ledger or Beancount.

use super::store::{At, engine_on};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::journal::Format;
use farthing_engine::Clock;
use std::fs::File;
use std::io::{BufWriter, Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Every transfer as a plain-text journal that checks itself to the last unit.
    Ledger(Ledger),
}

#[derive(Args, Debug)]
struct Ledger {
    #[command(flatten)]
    at: At,
    /// hledger, ledger or beancount
    #[arg(long, default_value = "hledger", value_parser = parse_format)]
    format: Format,
    /// Where to write; standard output when left out.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

fn parse_format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| format!("'{text}' is no journal format: use hledger, ledger or beancount"))
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let What::Ledger(arguments) = &arguments.what;
    let engine = engine_on(arguments.at.open()?, Clock::real(None)?);
    match &arguments.output {
        None => drop(engine.export_ledger(arguments.format, &mut stdout().lock())?),
        Some(path) => {
            // Whole or not at all: a journal that was cut short looks like one.
            let mut part = path.as_os_str().to_owned();
            part.push(".part");
            let named = |error: std::io::Error| format!("{}: {error}", path.display());
            let mut file = BufWriter::new(File::create(&part).map_err(named)?);
            let transfers = engine.export_ledger(arguments.format, &mut file)?;
            file.flush().map_err(named)?;
            file.get_ref().sync_all().map_err(named)?;
            std::fs::rename(&part, path).map_err(named)?;
            eprintln!("{transfers} transfers written to {}.", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

//! `farthing backup`: one file that holds the store as it was at one moment.

use super::progress::Watch;
use super::store::{At, print_json};
use clap::Args;
use farthing::failure::Failure;
use farthing_console::grouped;
use farthing_store::backup_file;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The file to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    at: At,
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let watch = Watch::bar("copying");
    let facts = backup_file(&arguments.at.location(), &arguments.to, &mut |step| watch.set(step.done, step.of))?;
    drop(watch);
    let to = arguments.to.display();
    if arguments.json {
        let hash = blake3::Hash::from_bytes(facts.hash).to_hex();
        print_json(&json!({ "file": to.to_string(), "bytes": facts.bytes, "blake3": hash.as_str() }))?;
    } else {
        println!("{} is in {to}, whole: {} bytes.", arguments.at.location(), grouped(facts.bytes));
        println!("`farthing restore --from {to} --store NEW` proves it. Test clouds are not in it.");
    }
    Ok(ExitCode::SUCCESS)
}

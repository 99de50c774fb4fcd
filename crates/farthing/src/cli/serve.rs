//! `farthing serve`: the HTTP API on a store, with what settles beside it.

use clap::Args;
use farthing::failure::Failure;
use farthing::serve::{self, Config, Flags};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    serve::run(&Config::read(&arguments.flags)?)?;
    Ok(ExitCode::SUCCESS)
}

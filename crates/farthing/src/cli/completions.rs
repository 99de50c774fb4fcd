//! `farthing completions`: what a shell needs to complete these commands.

use clap::{Args, Command};
use clap_complete::Shell;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: Command) -> ExitCode {
    clap_complete::generate(arguments.shell, &mut command, "farthing", &mut std::io::stdout());
    ExitCode::SUCCESS
}

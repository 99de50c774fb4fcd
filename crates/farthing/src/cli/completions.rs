//! `farthing completions`: what a shell needs to complete these commands.

use clap::{Args, Command};
use clap_complete::Shell;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "farthing", &mut script);
    // Whoever reads only its beginning has what they want.
    let _ = std::io::stdout().write_all(&script);
    ExitCode::SUCCESS
}

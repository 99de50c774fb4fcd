//! `with-postgres COMMAND [ARGUMENT]...` runs a command with one private PostgreSQL server, so that all the test processes
//! below it share that one instead of starting their own. The server is gone when the command, or this, ends.

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use farthing_testbed::Cluster;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-postgres COMMAND [ARGUMENT]...");
        return ExitCode::from(2);
    };
    let mut command = Command::new(&program);
    command.args(arguments);

    // One that is named already is the one to use; a second would only hide it.
    let named = env::var_os("FARTHING_TEST_POSTGRES").is_some_and(|url| !url.is_empty());
    let cluster = (!named).then(Cluster::start);
    if let Some(cluster) = &cluster {
        command.env("FARTHING_TEST_POSTGRES", cluster.url());
    }

    match command.status() {
        // As a shell says it: 128 and the signal.
        Ok(status) => {
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("with-postgres: cannot run {}: {error}", program.display());
            ExitCode::from(127)
        }
    }
}

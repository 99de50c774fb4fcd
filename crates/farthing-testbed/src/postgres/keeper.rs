//! The process that owns a private server. Rust has nothing that runs when a test process ends, and nothing at all runs
//! when it is killed, so a small shell process holds the reading end of a pipe from us and cleans up when that closes.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::server::without_user_settings;

/// What a private server lets in over TCP.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    /// Everyone on this machine, without a password.
    Plain,
    /// TLS and the password `farthing` only.
    Tls,
}

/// One private server. Dropping it stops the server and waits until all of it is gone.
#[derive(Debug)]
pub(super) struct Keeper {
    shell: Child,
    directory: PathBuf,
    port: u16,
}

impl Keeper {
    pub(super) fn start(binaries: &Path, access: Access, options: &[&str]) -> Self {
        // Between our asking for a free port and the server's taking it, somebody else may: then another one.
        for _ in 0..4 {
            match Self::try_start(binaries, access, options) {
                Ok(keeper) => return keeper,
                Err(told) if told.contains("Address already in use") => {}
                Err(told) => panic!("cannot start a private PostgreSQL server: {told}"),
            }
        }
        panic!("cannot start a private PostgreSQL server: four free ports in a row were taken before it could listen")
    }

    fn try_start(binaries: &Path, access: Access, options: &[&str]) -> Result<Self, String> {
        let port = free_port().map_err(|error| format!("no free port on 127.0.0.1: {error}"))?;
        let access = match access {
            Access::Plain => "plain",
            Access::Tls => "tls",
        };
        let mut shell = without_user_settings(Command::new("sh"))
            .args(["-c", include_str!("keeper.sh"), "farthing-test-postgres"])
            .arg(binaries)
            .args([&port.to_string(), access])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0) // whoever kills the whole group of the tests must not kill who cleans up
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;

        let mut told = String::new();
        let mut stdout = shell.stdout.take().expect("stdout is piped above");
        stdout.read_to_string(&mut told).map_err(|error| error.to_string())?;
        if let Some(directory) = told.trim_end().strip_prefix("ready ") {
            return Ok(Self { directory: PathBuf::from(directory), shell, port });
        }
        shell.wait().map_err(|error| error.to_string())?;
        Err(told)
    }

    /// Where the server's socket is, and the authority's certificate of one with TLS. Readable by this user alone.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // `wait` closes our end of the pipe first.
        if let Err(error) = self.shell.wait() {
            eprintln!("cannot wait for the private PostgreSQL server to stop: {error}");
        }
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

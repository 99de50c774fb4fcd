//! A server as a client sees it: its URL, and `psql` for the few statements the testbed itself has to say.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// `postgres://user@host:port` and what may follow a `?`. A name of a database goes in between.
#[derive(Debug, Clone)]
pub(super) struct Server {
    psql: PathBuf,
    base: String,
    query: String,
}

impl Server {
    /// A database named in the URL is passed over: every test gets its own.
    pub(super) fn parse(psql: PathBuf, url: &str) -> Self {
        let (address, query) = url.split_once('?').map_or((url, String::new()), |(a, q)| (a, format!("?{q}")));
        let (scheme, rest) = address
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
            .unwrap_or_else(|| panic!("{url}: a server is named as postgres://user@host:port"));
        let authority = rest.split('/').next().unwrap_or_default();
        Self { psql, base: format!("{scheme}://{authority}"), query }
    }

    pub(super) fn url(&self) -> String {
        format!("{}{}", self.base, self.query)
    }

    pub(super) fn database_url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }

    /// Runs statements in a database. Rows come back one a line, their columns parted by `|`; errors as psql says them.
    pub(super) fn sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let output = without_user_settings(Command::new(&self.psql))
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"])
            .args(["--set=ON_ERROR_STOP=1", "--dbname", &self.database_url(database), "--command", statements])
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.psql.display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
        }
    }
}

/// `PGSSLMODE`, `PGOPTIONS` and certificates in the home directory would change what a test means: the URL says it all.
pub(super) fn without_user_settings(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    command.env("HOME", "/nonexistent");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_between_address_and_query() {
        let check = |url: &str, expected: &str| {
            assert_eq!(Server::parse(PathBuf::new(), url).database_url("ledger_1"), expected);
        };
        check("postgres://me@127.0.0.1:5432", "postgres://me@127.0.0.1:5432/ledger_1");
        check("postgresql://me:word@host/", "postgresql://me:word@host/ledger_1");
        check("postgres://me@host:1/other?sslmode=require", "postgres://me@host:1/ledger_1?sslmode=require");
        check("postgres://me@?host=/run/postgresql", "postgres://me@/ledger_1?host=/run/postgresql");
    }

    #[test]
    #[should_panic(expected = "host=/tmp: a server is named as postgres://user@host:port")]
    fn other_forms_are_refused() {
        Server::parse(PathBuf::new(), "host=/tmp");
    }
}

//! How a database is set up, as it says itself: for `farthing doctor`, which judges it.

use crate::{Location, StoreError, Tx};
use farthing_core::time::Instant;
use std::path::{Path, PathBuf};

impl Location {
    /// The files of an embedded store: the database, and its log where there is one.
    pub fn files(&self) -> Vec<PathBuf> {
        let Location::Sqlite(path) = self else { return Vec::new() };
        [path.clone(), beside(path, "-wal"), beside(path, "-shm")].into_iter().filter(|file| file.exists()).collect()
    }

    /// How long the write-ahead log is by now.
    pub fn log_bytes(&self) -> Option<u64> {
        let Location::Sqlite(path) = self else { return None };
        std::fs::metadata(beside(path, "-wal")).ok().map(|facts| facts.len())
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Settings of PostgreSQL that a ledger depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresSettings {
    /// Such as 170002.
    pub version: i64,
    pub synchronous_commit: String,
    pub fsync: String,
    pub full_page_writes: String,
    pub max_connections: i64,
    /// It is a copy that only follows another.
    pub in_recovery: bool,
    /// Its own clock.
    pub now: Instant,
}

impl Tx<'_> {
    /// None: the store is no PostgreSQL.
    pub fn postgres_settings(&mut self) -> Result<Option<PostgresSettings>, StoreError> {
        if !self.shares_writing() {
            return Ok(None);
        }
        self.one(
            "SELECT current_setting('server_version_num')::bigint, current_setting('synchronous_commit'), current_setting('fsync'),
                    current_setting('full_page_writes'), current_setting('max_connections')::bigint, pg_is_in_recovery(),
                    floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
            &[],
            |row| {
                Ok(PostgresSettings {
                    version: row.int(0)?,
                    synchronous_commit: row.text(1)?,
                    fsync: row.text(2)?,
                    full_page_writes: row.text(3)?,
                    max_connections: row.int(4)?,
                    in_recovery: row.bool(5)?,
                    now: Instant::from_micros(row.int(6)?),
                })
            },
        )
    }
}

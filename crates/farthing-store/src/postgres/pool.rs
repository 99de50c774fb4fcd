//! Connections kept open and lent out, at most so many at once; a caller waits for one to come back.

use super::tls::{Target, target};
use super::tx::Statements;
use crate::StoreError;
use postgres::{Client, NoTls};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a caller waits for a connection of the pool.
const WAIT: Duration = Duration::from_secs(30);

pub(super) struct Pool {
    target: Target,
    free: Mutex<Free>,
    returned: Condvar,
}

struct Free {
    connections: Vec<Connection>,
    /// How many more may be opened.
    unopened: usize,
}

struct Connection {
    client: Client,
    statements: Statements,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pool") // its settings hold a password
    }
}

impl Pool {
    /// Opens one connection at once, so that a wrong URL is told at the start.
    pub(super) fn open(url: &str, most: usize) -> Result<Pool, StoreError> {
        let target = target(url)?;
        let first = connect(&target)?;
        let free = Free { connections: vec![first], unopened: most.saturating_sub(1) };
        Ok(Pool { target, free: Mutex::new(free), returned: Condvar::new() })
    }

    pub(super) fn take(&self) -> Result<Lent<'_>, StoreError> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = free.connections.pop() {
                return Ok(Lent { pool: self, connection: Some(connection) });
            }
            if free.unopened > 0 {
                free.unopened -= 1;
                drop(free);
                let opened = connect(&self.target);
                if opened.is_err() {
                    self.free.lock().unwrap_or_else(PoisonError::into_inner).unopened += 1;
                    self.returned.notify_one();
                }
                return Ok(Lent { pool: self, connection: Some(opened?) });
            }
            let (again, waited) = self.returned.wait_timeout(free, WAIT).unwrap_or_else(PoisonError::into_inner);
            free = again;
            if waited.timed_out() && free.connections.is_empty() && free.unopened == 0 {
                return Err(StoreError::Conflict(format!("no connection came free in {} s", WAIT.as_secs())));
            }
        }
    }
}

/// Every statement but a report's looks up a few rows by key. Where nobody has counted a table yet, or it has grown since, the planner guesses
/// that reading all of it is cheaper: each batch of the ledger took half a millisecond longer for it.
const BY_KEY: &str = "SET enable_hashjoin = off; SET enable_mergejoin = off";

/// For what reads whole tables.
pub(super) const WHOLE_TABLES: &str = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

fn connect(target: &Target) -> Result<Connection, StoreError> {
    let client = match &target.tls {
        Some(tls) => target.config.connect(tls.clone()),
        None => target.config.connect(NoTls),
    };
    let mut client = client.map_err(|error| {
        StoreError::Unusable(format!(
            "PostgreSQL cannot be reached ({}): check host, port, database, user and TLS in the store's URL",
            crate::chain_of(&error)
        ))
    })?;
    client.batch_execute(BY_KEY)?;
    Ok(Connection { client, statements: Statements::default() })
}

/// A connection on loan: goes back when dropped.
pub(super) struct Lent<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Lent<'_> {
    pub(super) fn parts(&mut self) -> (&mut Client, &mut Statements) {
        let connection = self.connection.as_mut().expect("a connection on loan is there until it is given back");
        (&mut connection.client, &mut connection.statements)
    }

    /// Does not go back: it is broken.
    pub(super) fn discard(mut self) {
        self.connection = None;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut free = self.pool.free.lock().unwrap_or_else(PoisonError::into_inner);
        match self.connection.take() {
            Some(connection) if !connection.client.is_closed() => free.connections.push(connection),
            _ => free.unopened += 1,
        }
        drop(free);
        self.pool.returned.notify_one();
    }
}

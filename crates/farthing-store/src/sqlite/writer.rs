//! Writing: many callers' closures in one transaction, each in its savepoint, one fsync for all.
//!
//! There is one connection that writes, and the callers themselves take turns at it (`gathering.rs`): whoever leads runs what
//! waits and commits it. A closure that fails, or panics, takes back its own alone; the others of its group commit.

use super::checkpoint::Checkpointer;
use super::connection::{SqliteConnection, SqliteTx};
use crate::known_ids::KnownIds;
use crate::{Gathering, Options, StoreError, Tx};
use std::any::Any;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// As many closures as one transaction takes of those that wait.
const GROUP_MAX: usize = 512;

/// A caller's closure, and what it came to once it has run.
pub(super) trait Job: Send {
    /// Runs it; true when what it wrote is to stand.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// For its caller to take the result out.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

#[derive(Debug, Default)]
pub(super) struct Writer {
    gathering: Gathering<Vec<Box<dyn Job>>, Answer>,
    /// Held by whoever leads.
    connection: Mutex<Option<Writing>>,
}

/// A caller's jobs back, and how their group's commit went.
type Answer = (Vec<Box<dyn Job>>, Result<(), String>);

#[derive(Debug)]
struct Writing {
    connection: SqliteConnection,
    checkpointer: Checkpointer,
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Writer {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Writer, StoreError> {
        let connection = SqliteConnection::writer(path, options.sqlite_cache_kib, options.sqlite_sync_commits)?
            .with_known_ids(KnownIds::shared(options.usage_fingerprint_bits));
        connection.extend_log(path, u64::from(options.sqlite_log_mib) << 20)?;
        let writing = Writing { connection, checkpointer: Checkpointer::start(path) };
        Ok(Writer { gathering: Gathering::default(), connection: Mutex::new(Some(writing)) })
    }

    /// Runs the jobs, with whoever else waits, and returns them once their group is on the disk or has failed.
    pub(super) fn run(&self, jobs: Vec<Box<dyn Job>>) -> Option<Answer> {
        self.gathering.ask(jobs, Vec::len, GROUP_MAX, |mut callers| {
            let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(writing) = connection.as_mut() else {
                return callers.into_iter().map(|jobs| (jobs, Err("the store is closed".to_owned()))).collect();
            };
            writing.checkpointer.look(&writing.connection);
            let at = &writing.connection;
            let committed = run_all(at, callers.iter_mut().flatten().collect()).map_err(|error| {
                let _ = at.roll_back("ROLLBACK"); // SQLite may have done so itself: then this fails, and says nothing new
                crate::chain_of(&error)
            });
            callers.into_iter().map(|jobs| (jobs, committed.clone())).collect()
        })
    }

    pub(super) fn close(&mut self) {
        let writing = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Writing { connection, checkpointer }) = writing {
            checkpointer.finish(&connection);
        }
    }
}

/// Runs the jobs in one transaction. Savepoints copy every page that is changed after them, so there are none while each job either stands or
/// has changed nothing. One that has changed rows and fails takes the others' with it: all run anew, each in its savepoint.
fn run_all(at: &SqliteConnection, mut jobs: Vec<&mut Box<dyn Job>>) -> Result<(), StoreError> {
    at.begin()?;
    for place in 0..jobs.len() {
        let changes = at.changes();
        let succeeded = jobs[place].run(&mut Tx::Sqlite(SqliteTx::new(at)));
        if succeeded {
            continue;
        }
        if at.changes() == changes && at.is_in_transaction() {
            at.forget();
            continue;
        }
        at.roll_back("ROLLBACK")?;
        at.begin()?;
        // Of the first, nobody's work stands before it.
        let rest = if place == 0 { &mut jobs[1..] } else { &mut jobs[..] };
        run_each_in_its_savepoint(at, rest)?;
        break;
    }
    at.run("COMMIT")
}

fn run_each_in_its_savepoint(at: &SqliteConnection, jobs: &mut [&mut Box<dyn Job>]) -> Result<(), StoreError> {
    for job in jobs {
        at.run("SAVEPOINT caller")?;
        if !job.run(&mut Tx::Sqlite(SqliteTx::new(at))) {
            at.roll_back("ROLLBACK TO caller")?;
        }
        at.run("RELEASE caller")?;
    }
    Ok(())
}

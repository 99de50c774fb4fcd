//! The one thread that writes: many callers' closures in one transaction, each in its savepoint, one fsync for all.
//!
//! A caller waits until the commit that holds its closure is on the disk. While one group is being synced the next one
//! gathers, so the more callers there are the more each fsync carries. A closure that fails, or panics, is rolled back
//! alone; the others of its group commit.

use super::connection::{SqliteConnection, SqliteTx};
use crate::{StoreError, Tx};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// After this many pages in the log they are moved into the file, after the callers have their answers; and then only
/// after as many more, so that a long reader, who keeps the log from being emptied, is not asked again at every commit.
const CHECKPOINT_PAGES: i32 = 16_000;
/// A group ends when it has taken this long: the first caller in it is waiting.
const GROUP_TIME: Duration = Duration::from_millis(3);
const GROUP_MAX: usize = 512;

/// A caller's closure, waiting.
pub(super) trait Job: Send {
    /// Runs it; true when what it wrote is to stand.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Called once, with how its group ended.
    fn done(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) type Queue = Sender<Box<dyn Job>>;

pub(super) fn run(at: &SqliteConnection, jobs: &Receiver<Box<dyn Job>>) {
    let mut log = Log { pages_at_checkpoint: 0, groups_since_look: 0 };
    while let Ok(first) = jobs.recv() {
        let group = gather(at, first, jobs);
        group.finish();
        log.checkpoint_if_due(at);
    }
    // The last one out empties the log, so that the file alone is the whole store; if it is not the last, it does not wait.
    let _ = at.connection.busy_timeout(Duration::ZERO);
    let _ = at.connection.wal_checkpoint_v2(None::<&str>, rusqlite::wal::CheckpointMode::TRUNCATE);
}

struct Group {
    jobs: Vec<Box<dyn Job>>,
    committed: Result<(), StoreError>,
}

impl Group {
    fn finish(self) {
        let failure = self.committed.err().map(|error| crate::chain_of(&error));
        for job in self.jobs {
            job.done(failure.clone().map_or(Ok(()), |what| Err(StoreError::Conflict(what))));
        }
    }
}

fn gather(at: &SqliteConnection, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) -> Group {
    let mut group = Group { jobs: vec![first], committed: Ok(()) };
    if let Err(error) = at.run("BEGIN IMMEDIATE") {
        group.committed = Err(error);
        return group;
    }
    let begun = Instant::now();
    let mut next = 0;
    while let Some(job) = group.jobs.get_mut(next) {
        if let Err(error) = run_in_savepoint(at, job.as_mut()) {
            group.committed = Err(error);
            break;
        }
        next += 1;
        if group.jobs.len() < GROUP_MAX && begun.elapsed() < GROUP_TIME {
            group.jobs.extend(jobs.try_recv());
        }
    }
    let committed = group.committed.and_then(|()| at.run("COMMIT"));
    if committed.is_err() && !at.connection.is_autocommit() {
        let _ = at.run("ROLLBACK");
    }
    Group { committed, ..group }
}

fn run_in_savepoint(at: &SqliteConnection, job: &mut dyn Job) -> Result<(), StoreError> {
    at.run("SAVEPOINT caller")?;
    let mut tx = Tx::Sqlite(SqliteTx::new(at));
    if !job.run(&mut tx) {
        at.run("ROLLBACK TO caller")?;
    }
    at.run("RELEASE caller")
}

/// How long the write-ahead log has become.
struct Log {
    pages_at_checkpoint: i32,
    groups_since_look: u32,
}

impl Log {
    fn checkpoint_if_due(&mut self, at: &SqliteConnection) {
        use rusqlite::wal::CheckpointMode::{NOOP, PASSIVE};
        self.groups_since_look += 1;
        // Looking costs a microsecond or two; a group writes at most a few thousand pages.
        let (Ok((pages, _)) | Err((pages, _))) = at.connection.wal_checkpoint_v2(None::<&str>, NOOP).or(Err((0, 0)));
        if pages < self.pages_at_checkpoint {
            self.pages_at_checkpoint = 0; // the log began anew
        }
        if pages - self.pages_at_checkpoint >= CHECKPOINT_PAGES {
            let _ = at.connection.wal_checkpoint_v2(None::<&str>, PASSIVE);
            self.pages_at_checkpoint = pages;
        }
    }
}

//! The one thread that writes: many callers' closures in one transaction, each in its savepoint, one fsync for all.
//!
//! A caller waits until the commit that holds its closure is on the disk. While one group is being synced the next one
//! gathers, so the more callers there are the more each fsync carries. A closure that fails, or panics, is rolled back
//! alone; the others of its group commit.

use super::checkpoint::Checkpointer;
use super::connection::{SqliteConnection, SqliteTx};
use crate::{StoreError, Tx};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

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

pub(super) fn run(at: &SqliteConnection, path: &Path, jobs: &Receiver<Box<dyn Job>>) {
    let mut checkpointer = Checkpointer::start(path);
    while let Ok(first) = jobs.recv() {
        gather(at, first, jobs).finish();
        checkpointer.look(at);
    }
    checkpointer.finish(at);
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
    let begun = Instant::now();
    group.committed = run_all(at, &mut group.jobs, || (begun.elapsed() < GROUP_TIME).then(|| jobs.try_recv().ok())?);
    if group.committed.is_err() {
        let _ = at.roll_back("ROLLBACK"); // SQLite may have done so itself: then this fails, and says nothing new
    }
    group
}

/// Runs the jobs, and those that `next` finds meanwhile, in one transaction.
fn run_all(
    at: &SqliteConnection,
    jobs: &mut Vec<Box<dyn Job>>,
    next: impl Fn() -> Option<Box<dyn Job>>,
) -> Result<(), StoreError> {
    at.begin()?;
    // Until something stands there is nothing to protect from a failure: the first one needs no savepoint, which would
    // copy every page it changes.
    let mut stands = false;
    let mut place = 0;
    while let Some(job) = jobs.get_mut(place) {
        if stands {
            at.run("SAVEPOINT caller")?;
        }
        let succeeded = job.run(&mut Tx::Sqlite(SqliteTx::new(at)));
        match (succeeded, stands) {
            (true, false) => stands = true,
            (true, true) => at.run("RELEASE caller")?,
            (false, false) => {
                at.roll_back("ROLLBACK")?;
                at.begin()?;
            }
            (false, true) => {
                at.roll_back("ROLLBACK TO caller")?;
                at.run("RELEASE caller")?;
            }
        }
        place += 1;
        if jobs.len() < GROUP_MAX {
            jobs.extend(next());
        }
    }
    at.run("COMMIT")
}

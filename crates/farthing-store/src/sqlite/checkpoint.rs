//! Moving the write-ahead log into the file, beside the writer instead of in its way.
//!
//! A second connection does the bulk of it in its own thread. It alone could never finish, because the writer goes on
//! appending; so when it is done the writer takes what came meanwhile itself, which is little, and the log begins anew.
//! (All of it in the writer cost a tenth of the ledger's rate, as pauses of 100 ms.)

use super::connection::SqliteConnection;
use rusqlite::wal::CheckpointMode::{NOOP, PASSIVE, TRUNCATE};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// After this many pages in the log it is moved; and then only after as many more, so that a long reader, who keeps the
/// log from beginning anew, does not make us try again at every commit.
const PAGES: i32 = 16_000;
/// Its own cache: it copies pages from file to file.
const CACHE_KIB: u32 = 1_024;

const IDLE: u8 = 0;
const AT_WORK: u8 = 1;
const DONE: u8 = 2;

#[derive(Debug)]
pub(super) struct Checkpointer {
    go: Option<SyncSender<()>>,
    state: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
    /// How many pages the log had when it was last moved.
    pages_before: i32,
}

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Checkpointer {
        let (go, told) = sync_channel::<()>(1);
        let state = Arc::new(AtomicU8::new(IDLE));
        let (path, shared) = (path.to_owned(), state.clone());
        let work = move || {
            let Ok(connection) = SqliteConnection::writer(&path, CACHE_KIB, true) else { return };
            while told.recv().is_ok() {
                let _ = connection.connection.wal_checkpoint_v2(None::<&str>, PASSIVE);
                shared.store(DONE, Ordering::Release);
            }
        };
        // Without the thread nobody receives, and the writer does it all.
        let thread = std::thread::Builder::new().name("farthing-checkpoint".into()).spawn(work).ok();
        Checkpointer { go: Some(go), state, thread, pages_before: 0 }
    }

    /// Between two groups, when their callers have been answered.
    pub(super) fn look(&mut self, at: &SqliteConnection) {
        match self.state.load(Ordering::Acquire) {
            AT_WORK => {}
            DONE => {
                self.state.store(IDLE, Ordering::Release);
                // The rest of the log; the next commit then begins it anew, unless a reader still needs it.
                self.pages_before =
                    at.connection.wal_checkpoint_v2(None::<&str>, PASSIVE).map_or(0, |(pages, _)| pages);
            }
            _ => {
                let pages = at.connection.wal_checkpoint_v2(None::<&str>, NOOP).map_or(0, |(pages, _)| pages);
                if pages < self.pages_before {
                    self.pages_before = 0; // it has begun anew
                }
                if pages.saturating_sub(self.pages_before) >= PAGES {
                    self.state.store(AT_WORK, Ordering::Release);
                    if self.go.as_ref().is_none_or(|go| go.try_send(()).is_err()) {
                        self.state.store(DONE, Ordering::Release); // nobody there: the writer does it all, next time
                    }
                }
            }
        }
    }

    /// The last one out empties the log, so that the file alone is the whole store; if it is not the last, it does not wait.
    pub(super) fn finish(mut self, at: &SqliteConnection) {
        drop(self.go.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = at.connection.busy_timeout(std::time::Duration::ZERO);
        let _ = at.connection.wal_checkpoint_v2(None::<&str>, TRUNCATE);
    }
}

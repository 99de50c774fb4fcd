//! The embedded store: one SQLite file, one writing thread, separate readers.

mod bulk;
mod cache;
mod checkpoint;
mod connection;
mod writer;

pub(crate) use cache::AccountCache;
pub use connection::SqliteTx;

use crate::{Options, StoreError, Tx};
use connection::SqliteConnection;
use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// Readers kept open; more may read at once, the rest are closed afterwards.
const READERS_KEPT: usize = 4;

#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    queue: Option<writer::Queue>,
    thread: Option<JoinHandle<()>>,
    readers: Mutex<Vec<SqliteConnection>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Sqlite, StoreError> {
        let (queue, jobs) = mpsc::channel();
        let (ready, opened) = mpsc::sync_channel(1);
        let (file, cache_kib) = (path.to_owned(), options.sqlite_cache_kib);
        let thread = std::thread::Builder::new().name("farthing-writer".into()).spawn(move || {
            // A connection stays in the thread that made it.
            match SqliteConnection::writer(&file, cache_kib) {
                Ok(connection) => {
                    let _ = ready.send(Ok(()));
                    writer::run(&connection, &file, &jobs);
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        })?;
        opened.recv().map_err(|_| StoreError::Closed)??;
        Ok(Sqlite { path: path.to_owned(), queue: Some(queue), thread: Some(thread), readers: Mutex::default() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write<T, E>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = mpsc::sync_channel(1);
        let job = Box::new(Pending { work, result: None, reply });
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(job).map_err(|_| StoreError::Closed)?;
        match answer.recv().map_err(|_| StoreError::Closed)? {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match kept {
            Some(reader) => reader,
            None => SqliteConnection::reader(&self.path)?,
        };
        reader.run("BEGIN")?;
        let result = work(&mut Tx::Sqlite(SqliteTx::new(&reader)));
        reader.run("ROLLBACK")?; // ends the snapshot; nothing was written
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(reader);
        }
        result
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Caught<R> = Result<R, Box<dyn Any + Send>>;

/// One caller's closure, what it came to, and where the caller waits.
struct Pending<T, E, F> {
    work: F,
    result: Option<Caught<Result<T, E>>>,
    reply: SyncSender<Caught<Result<T, E>>>,
}

impl<T, E, F> writer::Job for Pending<T, E, F>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A panic is the caller's own: it is carried back to it, and the writer lives on.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.work)(tx)));
        let result = match (result, tx.failed()) {
            (Ok(Ok(_)), Some(what)) => Ok(Err(StoreError::statement_ignored(what).into())),
            (result, _) => result,
        };
        let stands = matches!(result, Ok(Ok(_)));
        self.result = Some(result);
        stands
    }

    fn done(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Ok(Err(StoreError::Closed.into())),
            // It failed by itself, whatever became of its group.
            (Err(_), Some(result @ (Err(_) | Ok(Err(_))))) => result,
            (Err(error), _) => Ok(Err(error.into())),
        };
        let _ = self.reply.send(result); // a caller that is gone needs no answer
    }
}

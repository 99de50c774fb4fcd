//! The embedded store: one SQLite file, one connection that writes, separate readers.

mod bulk;
mod cache;
mod checkpoint;
mod connection;
mod copy;
mod writer;

pub(crate) use cache::AccountCache;
pub use connection::SqliteTx;
pub(crate) use copy::copy;

use crate::{Options, Schema, StoreError, Tx};
use connection::SqliteConnection;
use std::any::Any;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use writer::{Job, Writer};

/// Readers kept open; more may read at once, the rest are closed afterwards. Opening one reads the whole schema: a millisecond or two, which
/// callers over HTTP would pay at nearly every request.
const READERS_KEPT: usize = 32;

#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Mutex<Vec<SqliteConnection>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Sqlite, StoreError> {
        if options.schema == Schema::Ensure {
            // A ledger is its owner's alone. What SQLite makes itself anybody may read; its log takes after the file.
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            if let Err(error) = made.map(drop)
                && error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(StoreError::Unusable(format!(
                    "{}: this file cannot be made ({error}): name a folder that is there and may be written",
                    path.display()
                )));
            }
        }
        let writer = Writer::open(path, options)?;
        Ok(Sqlite { path: path.to_owned(), writer, readers: Mutex::default() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs each in the same transaction, each standing or falling for itself: an error and a panic are its own.
    pub(crate) fn write_each<T, E, W>(&self, works: Vec<W>) -> Vec<std::thread::Result<Result<T, E>>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let count = works.len();
        let job = |work| Box::new(Closure { work: Box::new(work), result: None }) as Box<dyn Job>;
        let Some((jobs, committed)) = self.writer.run(works.into_iter().map(job).collect()) else {
            return (0..count).map(|_| Ok(Err(StoreError::Closed.into()))).collect();
        };
        let ended = |job: Box<dyn Job>| {
            let job = job.into_any().downcast::<Closure<T, E>>().expect("a job comes back to the caller that made it");
            match (&committed, job.result) {
                // It failed by itself, whatever became of its group.
                (_, Some(Err(panic))) => Err(panic),
                (_, Some(Ok(Err(error)))) => Ok(Err(error)),
                (Ok(()), Some(Ok(Ok(value)))) => Ok(Ok(value)),
                (Err(what), _) => Ok(Err(StoreError::Conflict(what.clone()).into())),
                (Ok(()), None) => Ok(Err(StoreError::Closed.into())),
            }
        };
        jobs.into_iter().map(ended).collect()
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
        self.writer.close();
    }
}

type Work<T, E> = Box<dyn FnMut(&mut Tx<'_>) -> Result<T, E> + Send>;

/// One caller's closure and, once it has run, what it came to: a panic is the caller's own, and is carried back to it.
struct Closure<T, E> {
    work: Work<T, E>,
    result: Option<Result<Result<T, E>, Box<dyn Any + Send>>>,
}

impl<T, E> Job for Closure<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.work)(tx)));
        let result = match (result, tx.failed()) {
            (Ok(Ok(_)), Some(what)) => Ok(Err(StoreError::statement_ignored(what).into())),
            (result, _) => result,
        };
        let stands = matches!(result, Ok(Ok(_)));
        self.result = Some(result);
        stands
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

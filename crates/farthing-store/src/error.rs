//! What can go wrong with a store, told to the person who can do something about it.

use std::fmt;

#[derive(Debug)]
pub enum StoreError {
    /// The database said no in a way that running the same closure again may cure: the store does so by itself.
    Conflict(String),
    /// The connection ended while it was committing: what was asked may or may not stand. Asking again with the same ids
    /// is safe, and tells.
    OutcomeUnknown(String),
    /// What was read cannot have been written by us.
    Corrupt(String),
    /// The store cannot be opened as it is; the sentence says what to do.
    Unusable(String),
    /// There is no store yet where one was expected; the sentence says so.
    Absent(String),
    /// The process is stopping.
    Closed,
    /// The closure itself ended in a panic, with these words: a bug of ours.
    BrokeOff(String),
    Sqlite(rusqlite::Error),
    Postgres(postgres::Error),
    Io(std::io::Error),
}

impl StoreError {
    pub fn corrupt(what: impl Into<String>) -> StoreError {
        StoreError::Corrupt(what.into())
    }

    /// A closure went on after a statement of it had failed.
    pub(crate) fn statement_ignored(what: &str) -> StoreError {
        StoreError::Conflict(format!("a statement failed and its transaction was rolled back ({what})"))
    }

    /// Whether running the closure again, unchanged, may succeed.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            StoreError::Conflict(_) => true,
            StoreError::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => {
                matches!(error.code, rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            }
            StoreError::Postgres(error) => error.code().is_some_and(|code| {
                // serialization failure, deadlock; and a key that somebody else inserted meanwhile: the next run finds it.
                ["40001", "40P01", "23505"].contains(&code.code())
            }),
            _ => false,
        }
    }

    /// The connection is gone, rather than the statement wrong.
    pub(crate) fn is_disconnect(&self) -> bool {
        match self {
            StoreError::Postgres(error) => {
                error.is_closed() || error.code().is_some_and(|code| ["57P01", "57P02", "57P03"].contains(&code.code()))
            }
            _ => false,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict(what) => write!(f, "the store kept being busy with others: {what}"),
            StoreError::OutcomeUnknown(what) => {
                write!(
                    f,
                    "the connection ended during a commit ({what}): ask again with the same ids to learn how it ended"
                )
            }
            StoreError::Corrupt(what) => write!(f, "the store holds what Farthing did not write: {what}"),
            StoreError::Unusable(what) | StoreError::Absent(what) => f.write_str(what),
            StoreError::Closed => f.write_str("the store is closed"),
            StoreError::BrokeOff(what) => {
                write!(f, "the work broke off ({what}): that is a bug, and nothing of it stands")
            }
            StoreError::Sqlite(_) => f.write_str("SQLite refused a statement"),
            StoreError::Postgres(_) => f.write_str("PostgreSQL refused a statement"),
            StoreError::Io(_) => f.write_str("the store's file could not be used"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Sqlite(error) => Some(error),
            StoreError::Postgres(error) => Some(error),
            StoreError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Sqlite(error)
    }
}
impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> StoreError {
        StoreError::Postgres(error)
    }
}
impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        StoreError::Io(error)
    }
}

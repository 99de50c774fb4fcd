//! One snapshot of a file, copied page by page while others write.

use super::connection::SqliteConnection;
use crate::StoreError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::Path;
use std::time::Duration;

/// Pages copied before the next look at the clock and the watcher.
const PAGES: i32 = 2_048;

/// The copy is a plain database file: nothing of it is in a log. `progress`: pages done, and of how many.
pub(crate) fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
    let unreadable = |error: StoreError| {
        let why = crate::chain_of(&error);
        StoreError::Unusable(format!("{}: it cannot be read as a store ({why}): name another", from.display()))
    };
    let reader = SqliteConnection::reader(from).map_err(unreadable)?;
    // A backup begins anew whenever somebody else has written, and beside a busy server would never end. Within a transaction it
    // keeps to that transaction's snapshot. (Until it is over the log grows: it cannot begin anew under a reader.)
    reader.run("BEGIN").map_err(unreadable)?;
    let known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'store_migration'";
    let known = reader.connection.query_row(known, [], |row| row.get::<_, i64>(0));
    let known = known.map_err(|error| unreadable(error.into()))?;
    if known != 1 {
        let what = format!("{}: there is no Farthing store here; name an existing one", from.display());
        return Err(StoreError::Absent(what));
    }
    let mut copy = Connection::open(to)?;
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?; // whole or not at all: it is synced at the end
    {
        let backup = Backup::new(&reader.connection, &mut copy)?;
        loop {
            match backup.step(PAGES)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
            let at = backup.progress();
            let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
            progress(count(at.pagecount.saturating_sub(at.remaining)), count(at.pagecount));
        }
    }
    reader.run("ROLLBACK")?;
    copy.close().map_err(|(_, error)| StoreError::from(error))
}

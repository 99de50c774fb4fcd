//! One SQLite connection: how it is set up, and statements over it.

use super::AccountCache;
use super::bulk::Slot;
use crate::StoreError;
use crate::known_ids::{Shared, Taking};
use crate::sql::{self, TextKey};
use crate::value::{Column, Row, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long another process's writing is waited for.
const BUSY_WAIT: Duration = Duration::from_secs(30);
/// Between two tries. The same each time: SQLite's own pauses grow to a tenth of a second, and beside processes that write without one whoever
/// pauses longest never has its turn.
const BUSY_PAUSE: Duration = Duration::from_millis(2);
const STATEMENTS_KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct SqliteConnection {
    pub(super) connection: Connection,
    slot: Slot,
    /// Rewritten texts, by where their originals stand.
    texts: RefCell<HashMap<TextKey, Arc<str>>>,
    /// The writer's alone.
    cache: Option<RefCell<AccountCache>>,
    /// The writer's alone.
    known_ids: Option<Shared>,
    /// What its transaction has added to them so far.
    taking: RefCell<Taking>,
}

impl SqliteConnection {
    pub(super) fn writer(path: &Path, cache_kib: u32, sync_commits: bool) -> Result<SqliteConnection, StoreError> {
        let mut connection = Connection::open(path).map_err(|error| cannot_open(path, &error))?;
        connection.busy_handler(Some(asks_again))?;
        connection.execute_batch("PRAGMA page_size = 4096")?; // holds only for a new file
        let mode = switch_to_wal(&connection).map_err(|error| cannot_open(path, &error))?;
        if mode != "wal" {
            return Err(StoreError::Unusable(format!(
                "{}: SQLite keeps this file's journal in mode '{mode}', not WAL: put it on a local disk that supports it",
                path.display()
            )));
        }
        // FULL: the log is synced at every commit; NORMAL: before it is moved into the file. Checkpoints are the writer's own
        // (writer.rs says when).
        connection.pragma_update(None, "synchronous", if sync_commits { "FULL" } else { "NORMAL" })?;
        connection
            .execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY")?;
        connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
        let cache = Some(RefCell::default());
        Ok(SqliteConnection { cache, ..Self::set_up(connection)? })
    }

    /// The writer, which takes usage events.
    pub(super) fn with_known_ids(self, known_ids: Shared) -> SqliteConnection {
        SqliteConnection { known_ids: Some(known_ids), ..self }
    }

    /// Gives the log its whole length before the first commit. A commit that makes the file longer syncs its length too, which
    /// takes half as long again as overwriting what is there; later, when the log begins anew, it is there.
    ///
    /// Under the write lock: what is written after the log's end must not meet another process's commit there, and whoever
    /// closes the file last takes the log away, which until then may be another file than the one of this name.
    pub(super) fn extend_log(&self, path: &Path, bytes: u64) -> Result<(), StoreError> {
        if bytes == 0 {
            return Ok(());
        }
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        self.begin()?;
        let extended = append_zeros(Path::new(&name), bytes);
        self.roll_back("ROLLBACK")?;
        extended
    }

    pub(super) fn reader(path: &Path) -> Result<SqliteConnection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, &error))?;
        connection.busy_handler(Some(asks_again))?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096")?;
        Self::set_up(connection)
    }

    fn set_up(connection: Connection) -> Result<SqliteConnection, StoreError> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // Plans are made once. Without it every statement over a table with a partial index, or with `LIMIT $1`, is planned anew at each execution, by
        // what is bound to it: a tenth to a quarter of the time of what looks at many small things.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let slot = Slot::register(&connection)?;
        Ok(SqliteConnection {
            connection,
            slot,
            texts: RefCell::default(),
            cache: None,
            known_ids: None,
            taking: RefCell::default(),
        })
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        if let Some(cache) = &self.cache {
            let version = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
            cache.borrow_mut().begin(version);
        }
        *self.taking.borrow_mut() = Taking::default();
        Ok(())
    }

    /// Takes back all of a transaction, or what came after its savepoint.
    pub(super) fn roll_back(&self, sql: &'static str) -> Result<(), StoreError> {
        self.forget();
        self.run(sql)
    }

    /// What is known of the rows is looked up again: who failed may have known what does not stand.
    pub(super) fn forget(&self) {
        if let Some(cache) = &self.cache {
            cache.borrow_mut().clear();
        }
        if let Some(known_ids) = &self.known_ids {
            self.taking.borrow_mut().undo(known_ids);
        }
    }

    /// A full disk and the like make SQLite itself roll back.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// How many rows this connection has ever written.
    pub(super) fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// A statement without values or rows: BEGIN, SAVEPOINT and the like.
    pub(super) fn run(&self, sql: &'static str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn text(&self, key: TextKey, make: impl FnOnce() -> String) -> Arc<str> {
        self.texts.borrow_mut().entry(key).or_insert_with(|| make().into()).clone()
    }
}

/// Answers the journal's mode afterwards.
///
/// A new file is switched by rewriting its header: SQLite reads it and then wants the lock to write. Of two that have read,
/// one gets that lock and waits until the other has let go of its own, so the other is told "busy" at once, without the wait
/// that `asks_again` is for. The statement has ended then and holds nothing: asked again, it finds the file switched.
/// (16 at once on a new file: 1 to 3 of 100 openings failed.)
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<String> {
    let deadline = Instant::now() + BUSY_WAIT;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if is_busy(&error) && Instant::now() < deadline => std::thread::sleep(BUSY_PAUSE),
            answer => return answer,
        }
    }
}

/// Called by SQLite where another process holds what is wanted, after so many tries.
fn asks_again(tries: i32) -> bool {
    std::thread::sleep(BUSY_PAUSE);
    BUSY_PAUSE.saturating_mul(tries.unsigned_abs()) < BUSY_WAIT
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Zeros are no valid frame, so whoever reads the log stops where it did before.
fn append_zeros(log: &Path, bytes: u64) -> Result<(), StoreError> {
    let log = std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(log)?;
    let mut length = log.metadata()?.len();
    if length >= bytes {
        return Ok(());
    }
    let zeros = vec![0; 1 << 20];
    while length < bytes {
        log.write_all_at(&zeros, length)?;
        length += zeros.len() as u64;
    }
    log.sync_all()?;
    Ok(())
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> StoreError {
    if is_busy(error) {
        return StoreError::Unusable(format!(
            "{}: another process has kept this file locked for {} seconds ({error}): end that process, or try again later",
            path.display(),
            BUSY_WAIT.as_secs()
        ));
    }
    StoreError::Unusable(format!(
        "{}: this file cannot be opened as a Farthing store ({error}): check that it exists, may be written, and is one",
        path.display()
    ))
}

/// A transaction, or a savepoint in one.
#[derive(Debug)]
pub struct SqliteTx<'c> {
    at: &'c SqliteConnection,
    /// A statement that failed: nothing of this transaction may stand, whatever its closure makes of it.
    pub(crate) failed: Option<String>,
}

impl<'c> SqliteTx<'c> {
    pub(super) fn new(at: &'c SqliteConnection) -> SqliteTx<'c> {
        SqliteTx { at, failed: None }
    }

    /// The accounts this connection knows without reading, if it is the writer's.
    pub(crate) fn cache(&self) -> Option<RefMut<'_, AccountCache>> {
        self.at.cache.as_ref().map(RefCell::borrow_mut)
    }

    /// What is known of usage events' ids, if this transaction may take some.
    pub(crate) fn known_ids(&self) -> Option<&'c Shared> {
        self.at.known_ids.as_ref()
    }

    pub(crate) fn taking(&mut self) -> RefMut<'_, Taking> {
        self.at.taking.borrow_mut()
    }

    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let text = self.at.text(TextKey::sql(sql, ""), || sql::sqlite(sql));
        let run = || Ok(self.at.connection.prepare_cached(&text)?.execute(rusqlite::params_from_iter(values))? as u64);
        let result = run();
        self.note(result)
    }

    pub(crate) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        let result = self.at.connection.execute_batch(text).map_err(StoreError::from);
        self.note(result)
    }

    pub(crate) fn each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let text = self.at.text(TextKey::sql(sql, ""), || sql::sqlite(sql));
        let mut run = || {
            let mut statement = self.at.connection.prepare_cached(&text)?;
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                each(&Row::Sqlite(row))?;
            }
            Ok(())
        };
        let result = run();
        self.note(result)
    }

    pub(crate) fn bulk_each(
        &mut self,
        sql: &'static str,
        columns: Vec<Column>,
        each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.at.slot.fill(columns);
        let result = self.each(sql, &[], each);
        self.at.slot.clear();
        result
    }

    pub(crate) fn bulk_execute(&mut self, sql: &'static str, columns: Vec<Column>) -> Result<u64, StoreError> {
        self.at.slot.fill(columns);
        let result = self.execute(sql, &[]);
        self.at.slot.clear();
        result
    }

    pub(crate) fn bulk_insert(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Result<(), StoreError> {
        // OR FAIL: whatever fails voids the whole transaction, so the statement need not be able to undo itself.
        self.bulk_into("INSERT OR FAIL", table, names, columns)
    }

    /// REPLACE overwrites a row in place where its table has no other index: 0.7 µs a row, where an upsert takes 1.0.
    pub(crate) fn bulk_upsert(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Result<(), StoreError> {
        self.bulk_into("REPLACE", table, names, columns)
    }

    fn bulk_into(
        &mut self,
        verb: &'static str,
        table: &'static str,
        names: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Result<(), StoreError> {
        let text = self.at.text(TextKey::table(table, names, verb), || {
            format!("{verb} INTO {table} ({}) SELECT {} FROM bulk", names.join(", "), sql::numbered(names.len()))
        });
        self.at.slot.fill(columns);
        let run = || Ok(self.at.connection.prepare_cached(&text)?.execute([]).map(drop)?);
        let result = run();
        self.at.slot.clear();
        self.note(result)
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failed.get_or_insert_with(|| crate::chain_of(error));
        }
        result
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Int(int) => ValueRef::Integer(int),
            Value::Bool(bool) => ValueRef::Integer(i64::from(bool)),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Null => ValueRef::Null,
        }))
    }
}

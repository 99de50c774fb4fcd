//! A transaction as closures see it: statements, rows, and bulk statements with one text for both databases.

use crate::known_ids::{Shared, Taking};
use crate::value::{Column, Row, Value};
use crate::{StoreError, postgres::PostgresTx, sqlite::AccountCache, sqlite::SqliteTx};

/// What a closure given to `Store::write` or `Store::read` works with. Statements are `&'static str`: SQL is never built
/// from what users send, and its rewriting is done once.
#[derive(Debug)]
pub enum Tx<'c> {
    Sqlite(SqliteTx<'c>),
    Postgres(PostgresTx<'c>),
}

impl Tx<'_> {
    /// Runs a statement; how many rows it changed.
    pub fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.execute(sql, values),
            Tx::Postgres(tx) => tx.execute(sql, values),
        }
    }

    /// Calls `each` for every row found, without keeping them.
    pub fn each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.each(sql, values, each),
            Tx::Postgres(tx) => tx.each(sql, values, each),
        }
    }

    pub fn rows<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, values, |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The one row, or none. More than one is an error: the SQL promised otherwise.
    pub fn one<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut rows = self.rows(sql, values, read)?;
        if rows.len() > 1 {
            return Err(StoreError::corrupt(format!("{} rows where at most one belongs: {sql}", rows.len())));
        }
        Ok(rows.pop())
    }

    /// Says so before statements that read most of a table: they are planned for that.
    pub(crate) fn reads_whole_tables(&mut self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(tx) => tx.reads_whole_tables(),
        }
    }

    /// A SELECT over `{bulk}`, the rows handed over.
    pub fn bulk_rows<T>(
        &mut self,
        sql: &'static str,
        columns: Vec<Column>,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let count = crate::value::rows_of(&columns);
        let mut rows = Vec::with_capacity(count);
        if count == 0 {
            return Ok(rows);
        }
        let each = |row: &Row<'_>| {
            rows.push(read(row)?);
            Ok(())
        };
        match self {
            Tx::Sqlite(tx) => tx.bulk_each(sql, columns, each)?,
            Tx::Postgres(tx) => tx.bulk_each(sql, &columns, each)?,
        }
        Ok(rows)
    }

    /// An UPDATE or DELETE over `{bulk}`; how many rows it changed.
    pub fn bulk_execute(&mut self, sql: &'static str, columns: Vec<Column>) -> Result<u64, StoreError> {
        if crate::value::rows_of(&columns) == 0 {
            return Ok(0);
        }
        match self {
            Tx::Sqlite(tx) => tx.bulk_execute(sql, columns),
            Tx::Postgres(tx) => tx.bulk_execute(sql, &columns),
        }
    }

    /// Inserts many rows into `table (names)`, which is written as SQL names it. A key that exists is an error.
    pub fn bulk_insert(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Result<(), StoreError> {
        assert_eq!(names.len(), columns.len(), "a column of values for each column of {table}");
        if crate::value::rows_of(&columns) == 0 {
            return Ok(());
        }
        match self {
            Tx::Sqlite(tx) => tx.bulk_insert(table, names, columns),
            Tx::Postgres(tx) => tx.bulk_insert(table, names, &columns),
        }
    }

    /// Inserts or overwrites many whole rows. The key is the first so many names, and the table must have no other unique
    /// index (SQLite would delete the row that another one clashes with).
    pub fn bulk_upsert(
        &mut self,
        table: &'static str,
        keys: usize,
        names: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Result<(), StoreError> {
        assert_eq!(names.len(), columns.len(), "a column of values for each column of {table}");
        if crate::value::rows_of(&columns) == 0 {
            return Ok(());
        }
        match self {
            Tx::Sqlite(tx) => tx.bulk_upsert(table, names, columns),
            Tx::Postgres(tx) => tx.bulk_upsert(table, keys, names, &columns),
        }
    }

    /// Overwrites many whole rows that are there (a row that is not there is not made on PostgreSQL). As for `bulk_upsert`, the
    /// key is the first name, and the table has no other unique index.
    pub fn bulk_overwrite(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Result<(), StoreError> {
        assert_eq!(names.len(), columns.len(), "a column of values for each column of {table}");
        if crate::value::rows_of(&columns) == 0 {
            return Ok(());
        }
        match self {
            Tx::Sqlite(tx) => tx.bulk_upsert(table, names, columns),
            Tx::Postgres(tx) => tx.bulk_update(table, names, &columns),
        }
    }

    /// Runs a migration's statements.
    pub(crate) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.script(text),
            Tx::Postgres(tx) => tx.script(text),
        }
    }

    /// The first statement that failed: nothing of this transaction may stand.
    pub(crate) fn failed(&self) -> Option<&str> {
        match self {
            Tx::Sqlite(tx) => tx.failed.as_deref(),
            Tx::Postgres(tx) => tx.failed(),
        }
    }

    /// Accounts known without reading: on SQLite, in a write.
    pub(crate) fn account_cache(&self) -> Option<std::cell::RefMut<'_, AccountCache>> {
        match self {
            Tx::Sqlite(tx) => tx.cache(),
            Tx::Postgres(_) => None,
        }
    }

    /// What is known of usage events' ids: in a write.
    pub(crate) fn known_ids(&self) -> Option<Shared> {
        match self {
            Tx::Sqlite(tx) => tx.known_ids().cloned(),
            Tx::Postgres(tx) => tx.known_ids().cloned(),
        }
    }

    /// What this transaction has added to the known ids.
    pub(crate) fn with_taking<T>(&mut self, work: impl FnOnce(&mut Taking) -> T) -> T {
        match self {
            Tx::Sqlite(tx) => work(&mut tx.taking()),
            Tx::Postgres(tx) => work(tx.taking()),
        }
    }

    /// Something that was read before its lock was held has been changed by another process since: the error to end the closure
    /// with, which is then run again. (Where there is one writer it cannot happen.)
    pub fn overtaken(&mut self, what: &str) -> StoreError {
        if let Tx::Postgres(tx) = self {
            tx.overtaken(what);
        }
        StoreError::Conflict(what.to_owned())
    }

    /// Whether others may write at the same time, so that what is decided on must be locked first.
    pub fn shares_writing(&self) -> bool {
        matches!(self, Tx::Postgres(_))
    }
}

//! Statements over one PostgreSQL transaction.

use crate::StoreError;
use crate::known_ids::{Shared, Taking};
use crate::sql::{self, TextKey};
use crate::value::{Column, Row, Value};
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Statement, Transaction};
use std::collections::HashMap;

/// Prepared statements of one connection, by what they were made of.
pub(super) type Statements = HashMap<TextKey, Statement>;

/// A statement that failed: the whole transaction is void.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) what: String,
    pub(super) conflict: bool,
    pub(super) disconnect: bool,
}

pub struct PostgresTx<'c> {
    transaction: Transaction<'c>,
    statements: &'c mut Statements,
    /// In a write, `{lock t}` locks; a read has a snapshot and locks nothing.
    writes: bool,
    failed: Option<Failed>,
    known_ids: &'c Shared,
    taking: Taking,
}

impl std::fmt::Debug for PostgresTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTx").field("writes", &self.writes).finish_non_exhaustive()
    }
}

impl<'c> PostgresTx<'c> {
    pub(super) fn new(
        transaction: Transaction<'c>,
        statements: &'c mut Statements,
        known_ids: &'c Shared,
        writes: bool,
    ) -> PostgresTx<'c> {
        PostgresTx { transaction, statements, writes, failed: None, known_ids, taking: Taking::default() }
    }

    pub(super) fn into_parts(self) -> (Transaction<'c>, Option<Failed>, Taking) {
        (self.transaction, self.failed, self.taking)
    }

    /// What is known of usage events' ids, if this transaction may take some.
    pub(crate) fn known_ids(&self) -> Option<&'c Shared> {
        self.writes.then_some(self.known_ids)
    }

    pub(crate) fn taking(&mut self) -> &mut Taking {
        &mut self.taking
    }

    /// What this transaction decided on has changed since it was read: it is run again.
    pub(crate) fn overtaken(&mut self, what: &str) {
        self.failed.get_or_insert_with(|| Failed { what: what.to_owned(), conflict: true, disconnect: false });
    }

    pub(crate) fn failed(&self) -> Option<&str> {
        self.failed.as_ref().map(|failed| failed.what.as_str())
    }

    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let result =
            self.prepared(TextKey::sql(sql, ""), |writes| sql::postgres(sql, &[], writes)).and_then(|statement| {
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
                Ok(self.transaction.execute(&statement, &values)?)
            });
        self.note(result)
    }

    /// For the rest of the transaction.
    pub(crate) fn reads_whole_tables(&mut self) -> Result<(), StoreError> {
        self.script(super::pool::WHOLE_TABLES)
    }

    pub(crate) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        let result = self.transaction.batch_execute(text).map_err(StoreError::from);
        self.note(result)
    }

    pub(crate) fn each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let result = self
            .prepared(TextKey::sql(sql, ""), |writes| sql::postgres(sql, &[], writes))
            .and_then(|statement| self.stream(&statement, values.iter().map(|value| value as &dyn ToSql), each));
        self.note(result)
    }

    pub(crate) fn bulk_each(
        &mut self,
        sql: &'static str,
        columns: &[Column],
        each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let result = self
            .prepared(TextKey::sql(sql, "bulk"), |writes| sql::postgres(sql, columns, writes))
            .and_then(|statement| self.stream(&statement, columns.iter().map(|column| column as &dyn ToSql), each));
        self.note(result)
    }

    pub(crate) fn bulk_execute(&mut self, sql: &'static str, columns: &[Column]) -> Result<u64, StoreError> {
        let result = self.prepared(TextKey::sql(sql, "bulk"), |writes| sql::postgres(sql, columns, writes)).and_then(
            |statement| {
                let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
                Ok(self.transaction.execute(&statement, &values)?)
            },
        );
        self.note(result)
    }

    pub(crate) fn bulk_insert(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: &[Column],
    ) -> Result<(), StoreError> {
        let result = if crate::value::rows_of(columns) < 64 {
            // COPY takes three more messages than a statement: for a few rows the statement is faster.
            self.unnest(table, names, columns, "insert", "")
        } else {
            self.copy(table, names, columns)
        };
        self.note(result)
    }

    pub(crate) fn bulk_upsert(
        &mut self,
        table: &'static str,
        keys: usize,
        names: &'static [&'static str],
        columns: &[Column],
    ) -> Result<(), StoreError> {
        let (key, rest) = names.split_at(keys);
        let key = key.join(", ");
        let set = rest.iter().map(|name| format!("{name} = excluded.{name}")).collect::<Vec<_>>().join(", ");
        let result = self.unnest(table, names, columns, "upsert", &format!(" ON CONFLICT ({key}) DO UPDATE SET {set}"));
        self.note(result)
    }

    /// Cheaper than an upsert, which looks each key up twice.
    pub(crate) fn bulk_update(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: &[Column],
    ) -> Result<(), StoreError> {
        let result = self.prepared(TextKey::table(table, names, "update"), |_| {
            let set: Vec<String> =
                (2..).zip(&names[1..]).map(|(place, name)| format!("{name} = bulk.c{place}")).collect();
            let text =
                format!("UPDATE {table} SET {} FROM {{bulk}} WHERE {table}.{} = bulk.c1", set.join(", "), names[0]);
            sql::postgres(&text, columns, false)
        });
        let result = result.and_then(|statement| {
            let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
            Ok(self.transaction.execute(&statement, &values).map(drop)?)
        });
        self.note(result)
    }

    fn unnest(
        &mut self,
        table: &'static str,
        names: &'static [&'static str],
        columns: &[Column],
        made: &'static str,
        conflict: &str,
    ) -> Result<(), StoreError> {
        let statement = self.prepared(TextKey::table(table, names, made), |_| {
            let select = format!("SELECT {} FROM {{bulk}}", sql::numbered(names.len()));
            let text = format!("INSERT INTO {table} ({}) {select}{conflict}", names.join(", "));
            sql::postgres(&text, columns, false)
        })?;
        let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
        self.transaction.execute(&statement, &values)?;
        Ok(())
    }

    fn copy(&mut self, table: &str, names: &'static [&'static str], columns: &[Column]) -> Result<(), StoreError> {
        let types: Vec<Type> = columns.iter().map(column_type).collect();
        let text = format!("COPY {table} ({}) FROM STDIN BINARY", names.join(", "));
        let mut writer = BinaryCopyInWriter::new(self.transaction.copy_in(text.as_str())?, &types);
        for row in 0..crate::value::rows_of(columns) {
            let values: Vec<Value<'_>> = columns.iter().map(|column| column.get(row)).collect();
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            writer.write(&values)?;
        }
        writer.finish()?;
        Ok(())
    }

    fn prepared(&mut self, key: TextKey, text: impl FnOnce(bool) -> String) -> Result<Statement, StoreError> {
        // A read and a write make different texts of the same `{lock t}`.
        let key = if self.writes { key } else { key.for_reading() };
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.transaction.prepare(&text(self.writes))?;
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    fn stream<'v>(
        &mut self,
        statement: &Statement,
        values: impl ExactSizeIterator<Item = &'v dyn ToSql>,
        mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.transaction.query_raw(statement, values)?;
        while let Some(row) = rows.next()? {
            each(&Row::Postgres(&row))?;
        }
        Ok(())
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failed.get_or_insert_with(|| Failed {
                what: crate::chain_of(error),
                conflict: error.is_conflict(),
                disconnect: error.is_disconnect(),
            });
        }
        result
    }
}

fn column_type(column: &Column) -> Type {
    match column {
        Column::Int(_) | Column::OptInt(_) => Type::INT8,
        Column::Bool(_) => Type::BOOL,
        Column::Text(_) | Column::Joined(..) => Type::TEXT,
        Column::Id(_) | Column::OptId(_) | Column::Hash(_) | Column::Bytes(_) => Type::BYTEA,
    }
}

type Boxed = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut postgres::types::private::BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Value::Int(int) => int.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
            Value::Bool(bool) => bool.to_sql(kind, out),
            Value::Null => Ok(IsNull::Yes),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA | Type::BOOL)
    }

    to_sql_checked!();
}

impl ToSql for Column {
    fn to_sql(&self, kind: &Type, out: &mut postgres::types::private::BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Column::Int(rows) => rows.to_sql(kind, out),
            Column::OptInt(rows) => rows.to_sql(kind, out),
            Column::Bool(rows) => rows.to_sql(kind, out),
            Column::Text(rows) => rows.to_sql(kind, out),
            Column::Id(rows) => rows.iter().map(<[u8; 16]>::as_slice).collect::<Vec<_>>().to_sql(kind, out),
            Column::OptId(rows) => {
                rows.iter().map(|id| id.as_ref().map(<[u8; 16]>::as_slice)).collect::<Vec<_>>().to_sql(kind, out)
            }
            Column::Hash(rows) => rows.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>().to_sql(kind, out),
            Column::Bytes(rows) => rows.to_sql(kind, out),
            Column::Joined(text, rows) => {
                rows.iter().map(|row| &text[row.clone()]).collect::<Vec<_>>().to_sql(kind, out)
            }
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8_ARRAY | Type::TEXT_ARRAY | Type::BYTEA_ARRAY | Type::BOOL_ARRAY)
    }

    to_sql_checked!();
}

//! Values between Rust and either database: single ones, rows read, and columns of many rows at once.

use crate::StoreError;
use std::ops::Range;
use std::sync::Arc;

/// One parameter of a statement. Only these five: 64-bit integers, text, bytes, booleans, nothing.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Bool(bool),
    Null,
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}
impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Value::Null, Value::Int)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Text(value)
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Value::Bytes(value)
    }
}
impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

/// One column of many rows. All columns of a bulk statement have the same length.
#[derive(Clone, Debug)]
pub enum Column {
    Int(Vec<i64>),
    OptInt(Vec<Option<i64>>),
    Bool(Vec<bool>),
    Text(Vec<String>),
    Id(Vec<[u8; 16]>),
    OptId(Vec<Option<[u8; 16]>>),
    Hash(Vec<[u8; 32]>),
    Bytes(Vec<Vec<u8>>),
    /// Texts that stand in one, so that handing them over copies none.
    Joined(Arc<str>, Vec<Range<usize>>),
}

impl Column {
    /// Texts put one after another, to be handed over without a copy of each.
    pub fn joined(texts: &[&str]) -> Column {
        let mut whole = String::with_capacity(texts.iter().map(|text| text.len()).sum());
        let place = |text: &&str| {
            let start = whole.len();
            whole.push_str(text);
            start..whole.len()
        };
        let places = texts.iter().map(place).collect();
        Column::Joined(whole.into(), places)
    }

    /// One text in every row.
    pub fn same_text(text: &str, rows: usize) -> Column {
        Column::Joined(text.into(), vec![0..text.len(); rows])
    }

    pub fn len(&self) -> usize {
        match self {
            Column::Int(rows) => rows.len(),
            Column::OptInt(rows) => rows.len(),
            Column::Bool(rows) => rows.len(),
            Column::Text(rows) => rows.len(),
            Column::Id(rows) => rows.len(),
            Column::OptId(rows) => rows.len(),
            Column::Hash(rows) => rows.len(),
            Column::Bytes(rows) => rows.len(),
            Column::Joined(_, rows) => rows.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, row: usize) -> Value<'_> {
        match self {
            Column::Int(rows) => Value::Int(rows[row]),
            Column::OptInt(rows) => rows[row].map_or(Value::Null, Value::Int),
            Column::Bool(rows) => Value::Bool(rows[row]),
            Column::Text(rows) => Value::Text(&rows[row]),
            Column::Id(rows) => Value::Bytes(&rows[row]),
            Column::OptId(rows) => rows[row].as_ref().map_or(Value::Null, |id| Value::Bytes(id)),
            Column::Hash(rows) => Value::Bytes(&rows[row]),
            Column::Bytes(rows) => Value::Bytes(&rows[row]),
            Column::Joined(text, rows) => Value::Text(&text[rows[row].clone()]),
        }
    }
}

/// How many rows the columns hold; a caller that mixes lengths has a bug, and no half of it is written.
pub(crate) fn rows_of(columns: &[Column]) -> usize {
    let rows = columns.first().map_or(0, Column::len);
    assert!(columns.iter().all(|column| column.len() == rows), "the columns of one bulk statement have one length");
    rows
}

/// A row being read. Columns are taken by position, in the order the SQL beside the call names them.
#[derive(Debug)]
pub enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl Row<'_> {
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self {
            Row::Sqlite(row) => Ok(row.get(column)?),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self {
            Row::Sqlite(row) => Ok(row.get(column)?),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub fn bool(&self, column: usize) -> Result<bool, StoreError> {
        match self {
            Row::Sqlite(row) => Ok(row.get(column)?),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        match self {
            Row::Sqlite(row) => Ok(row.get(column)?),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// Text, read where it is: for what is looked at once and seldom kept.
    pub fn text_with<T>(&self, column: usize, read: impl FnOnce(&str) -> T) -> Result<T, StoreError> {
        match self {
            Row::Sqlite(row) => Ok(read(row.get_ref(column)?.as_str().map_err(wrong_type)?)),
            Row::Postgres(row) => Ok(read(row.try_get(column)?)),
        }
    }

    /// Text that somebody may have made no text of, which only SQLite would keep: for `verify`, which has to name its row.
    pub fn text_lossy(&self, column: usize) -> Result<String, StoreError> {
        match self {
            Row::Sqlite(row) => {
                let bytes = row.get_ref(column)?.as_bytes().map_err(wrong_type)?;
                Ok(String::from_utf8_lossy(bytes).into_owned())
            }
            Row::Postgres(_) => self.text(column),
        }
    }

    /// Bytes of a known length: ids of 16, hashes of 32.
    pub fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        self.opt_bytes(column)?
            .ok_or_else(|| StoreError::corrupt(format!("column {column}: no bytes where {N} belong")))
    }

    /// Bytes of any length, read where they are.
    pub fn blob<T>(&self, column: usize, read: impl FnOnce(&[u8]) -> T) -> Result<T, StoreError> {
        match self {
            Row::Sqlite(row) => Ok(read(row.get_ref(column)?.as_blob().map_err(wrong_type)?)),
            Row::Postgres(row) => Ok(read(row.try_get(column)?)),
        }
    }

    pub fn opt_bytes<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>, StoreError> {
        let sized = |bytes: &[u8]| {
            <[u8; N]>::try_from(bytes)
                .map_err(|_| StoreError::corrupt(format!("column {column}: {} bytes where {N} belong", bytes.len())))
        };
        match self {
            Row::Sqlite(row) => row.get_ref(column)?.as_blob_or_null().map_err(wrong_type)?.map(sized).transpose(),
            Row::Postgres(row) => row.try_get::<_, Option<&[u8]>>(column)?.map(sized).transpose(),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn wrong_type(error: rusqlite::types::FromSqlError) -> StoreError {
    StoreError::corrupt(format!("a column holds another type than its table declares: {error}"))
}

//! One SQL text for two databases: what is rewritten, and nothing else is.
//!
//! - `$1` becomes `?1` for SQLite, which reads `$2, $1` as names in the order in which they appear: a silent swap.
//! - `{bulk}` in a FROM stands for rows handed over with the statement, with columns c1, c2, …
//!   It is read first, its rows in order, and what is joined to it is looked up: `ORDER BY bulk.c1` costs nothing there.
//! - `{lock b}` at the end of a SELECT locks the rows of table b where there is more than one writer.
//! - in migrations: the types, and `{rows}`, `{keyed}`, `{hot}` at a table's end.

use crate::value::Column;
use std::fmt::Write as _;

/// What a rewritten text or a prepared statement is known by: where the static texts it was made of stand, and what was
/// made. Lengths belong to it: a slice of a list begins where the list does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TextKey {
    text: (usize, usize),
    names: (usize, usize),
    made: &'static str,
    reads: bool,
}

impl TextKey {
    pub(crate) fn sql(sql: &'static str, made: &'static str) -> TextKey {
        TextKey { text: (sql.as_ptr() as usize, sql.len()), names: (0, 0), made, reads: false }
    }

    pub(crate) fn table(table: &'static str, names: &'static [&'static str], made: &'static str) -> TextKey {
        TextKey { names: (names.as_ptr() as usize, names.len()), ..TextKey::sql(table, made) }
    }

    pub(crate) fn for_reading(self) -> TextKey {
        TextKey { reads: true, ..self }
    }
}

/// For SQLite. Quoted text is left alone.
pub(crate) fn sqlite(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    for char in sql.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            None if char == '\'' || char == '"' => quote = Some(char),
            _ => {}
        }
        out.push(if char == '$' && quote.is_none() { '?' } else { char });
    }
    // CROSS JOIN keeps the order of tables; the planner would otherwise guess how many rows were handed over.
    let out = out.replace("{bulk} JOIN", "bulk CROSS JOIN").replace("{bulk}", "bulk").replace(" ORDER BY bulk.c1", "");
    without_lock(&out, |_| String::new())
}

/// For PostgreSQL. `lock`: whether `{lock t}` locks; in a read it is left out.
pub(crate) fn postgres(sql: &str, bulk: &[Column], lock: bool) -> String {
    let sql = without_lock(sql, |table| if lock { format!("FOR UPDATE OF {table}") } else { String::new() });
    if bulk.is_empty() {
        return sql;
    }
    let (mut arrays, mut names) = (String::new(), String::new());
    for (place, column) in (1..).zip(bulk) {
        let kind = match column {
            Column::Int(_) | Column::OptInt(_) => "bigint",
            Column::Bool(_) => "boolean",
            Column::Text(_) | Column::Joined(..) => "text",
            Column::Id(_) | Column::OptId(_) | Column::Hash(_) | Column::Bytes(_) => "bytea",
        };
        let comma = if place == 1 { "" } else { ", " };
        let _ = write!(arrays, "{comma}${place}::{kind}[]");
        let _ = write!(names, "{comma}c{place}");
    }
    sql.replace("{bulk}", &format!("unnest({arrays}) AS bulk({names})"))
}

/// The text with its `{lock TABLE}`, if it has one, replaced.
fn without_lock(sql: &str, by: impl Fn(&str) -> String) -> String {
    let Some((before, rest)) = sql.split_once("{lock ") else { return sql.to_owned() };
    let (table, after) = rest.split_once('}').unwrap_or((rest, ""));
    format!("{before}{}{after}", by(table))
}

/// `INSERT`, `UPDATE` … of all columns of a bulk: `c1, c2, c3`.
pub(crate) fn numbered(columns: usize) -> String {
    (1..=columns).map(|place| format!("c{place}")).collect::<Vec<_>>().join(", ")
}

/// A migration's text for SQLite or PostgreSQL.
pub(crate) fn migration(text: &str, sqlite: bool) -> String {
    let body: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    if sqlite {
        body.replace("BIGINT", "INTEGER")
            .replace("BYTEA", "BLOB")
            .replace("BOOLEAN", "INTEGER")
            .replace("{rows}", "STRICT")
            .replace("{hot}", "STRICT")
            .replace("{keyed}", "STRICT, WITHOUT ROWID")
    } else {
        body.replace("{rows}", "").replace("{keyed}", "").replace("{hot}", "WITH (fillfactor = 50)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_for_sqlite_and_quoted_text_is_left_alone() {
        assert_eq!(
            sqlite("SELECT $2, $1 WHERE a = '$3' AND \"$4\" = $12"),
            "SELECT ?2, ?1 WHERE a = '$3' AND \"$4\" = ?12"
        );
        assert_eq!(
            sqlite("SELECT c1 FROM {bulk} JOIN a ON x = c1 ORDER BY bulk.c1 {lock a}"),
            "SELECT c1 FROM bulk CROSS JOIN a ON x = c1 "
        );
    }

    #[test]
    fn bulk_rows_are_arrays_for_postgres() {
        let columns = [Column::Int(vec![1]), Column::Hash(vec![[0; 32]])];
        assert_eq!(
            postgres("SELECT c2 FROM {bulk} {lock b}", &columns, true),
            "SELECT c2 FROM unnest($1::bigint[], $2::bytea[]) AS bulk(c1, c2) FOR UPDATE OF b"
        );
        assert_eq!(postgres("SELECT 1 {lock b}", &[], false), "SELECT 1 ");
    }

    #[test]
    fn a_migration_is_strict_on_sqlite() {
        let text = "-- why\nCREATE TABLE a (x BIGINT, y BYTEA) {keyed};";
        assert_eq!(migration(text, true), "CREATE TABLE a (x INTEGER, y BLOB) STRICT, WITHOUT ROWID;");
        assert_eq!(migration(text, false), "CREATE TABLE a (x BIGINT, y BYTEA) ;");
    }
}

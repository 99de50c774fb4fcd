//! What a statement must come to: its opening balance and its rows are its closing balance.

use crate::amount;
use crate::bad_file::BadFile;
use crate::source::{FETCH_AGAIN, Source};
use farthing_core::bank::Statement;

/// `at`: where the closing balance stands. Where one of the balances is missing there is nothing to compare.
pub(crate) fn check(statement: &Statement, source: &Source<'_>, at: usize) -> Result<(), BadFile> {
    let (Some(opening), Some(closing)) = (statement.opening, statement.closing) else {
        return Ok(());
    };
    let moved = amount::sum(statement.currency, statement.rows.iter().map(|row| row.amount), source, at)?;
    let expected = amount::sum(statement.currency, [opening, moved], source, at)?;
    if expected == closing {
        return Ok(());
    }
    let off = closing.checked_sub(expected).map_or_else(|_| "far".to_owned(), |off| off.to_string());
    let what = format!(
        "the balances do not fit: {opening} at the beginning and {moved} of {} rows come to {expected}, and the file says {closing}: {off} off",
        statement.rows.len()
    );
    Err(source.bad(at, what, format!("rows are missing or twice; {FETCH_AGAIN}")))
}

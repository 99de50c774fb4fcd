//! Lists come in pages: so many at once, and a cursor for those after them.

use super::problem::{self, Problem};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const LIMIT: usize = 50;
pub(crate) const LIMIT_MAX: usize = 1_000;

/// Query parameters, or the problem that says which is wrong.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let Query(asked) = Query::<T>::from_request_parts(parts, state).await.map_err(|rejection| {
            let told = rejection.body_text();
            let what = told.strip_prefix("Failed to deserialize query string: ").unwrap_or(&told);
            Problem::new(problem::INVALID, what.to_owned())
        })?;
        Ok(Asked(asked))
    }
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many at most; 50 when it is not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl Paging {
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::new(problem::INVALID, format!("a page has 1 to {LIMIT_MAX} entries")).field("limit"))
    }

    /// The number that a cursor of `Page::numbered` stands for.
    pub(crate) fn number(&self) -> Result<Option<i64>, Problem> {
        let read = |cursor: &String| i64::from_str_radix(cursor, 36).ok();
        match &self.cursor {
            None => Ok(None),
            Some(cursor) => read(cursor).map(Some).ok_or_else(wrong_cursor),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

pub(crate) fn wrong_cursor() -> Problem {
    let what = "this is no cursor: use `next` of the page before, as it is, or none for the first page";
    Problem::new(problem::INVALID, what).field("cursor")
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// The cursor of the page after this one; null: this is the last.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// Of rows, of which one more than `limit` was asked for, so that the last page is known as such.
    pub(crate) fn of<R>(
        mut rows: Vec<R>,
        limit: usize,
        cursor: impl Fn(&R) -> String,
        wire: impl Fn(R) -> T,
    ) -> Page<T> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Page { data: rows.into_iter().map(wire).collect(), next }
    }
}

/// A cursor that hides what it counts no more than it must.
pub(crate) fn cursor_of(number: i64) -> String {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    loop {
        let digit = u32::try_from(rest % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for number in [0, 1, 35, 36, -7, i64::MAX, i64::MIN] {
            let paging = Paging { limit: None, cursor: Some(cursor_of(number)) };
            assert_eq!(paging.number().ok(), Some(Some(number)));
        }
    }

    #[test]
    fn the_last_page_is_known_as_such() {
        let page = |rows: Vec<i64>| Page::of(rows, 2, |row| cursor_of(*row), |row| row);
        assert_eq!((page(vec![1, 2, 3]).next.as_deref(), page(vec![1, 2, 3]).data.len()), (Some("2"), 2));
        assert_eq!(page(vec![1, 2]).next, None);
        assert_eq!(page(vec![]).next, None);
    }
}

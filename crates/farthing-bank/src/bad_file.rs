//! Why a file is refused, for whoever has it before them: where, what, and what to do.

use std::error::Error;
use std::fmt;

/// Nothing of such a file is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// From 1, as an editor counts.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub what: String,
    pub fix: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}; {}", self.line, self.column, self.what, self.fix)
    }
}

impl Error for BadFile {}

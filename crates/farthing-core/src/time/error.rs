//! What can go wrong with time: a result outside its range, and a text that cannot be read.
//!
//! Errors that belong to one type alone (`PeriodError`, `UnknownZone`) stand beside it.

use std::{error::Error, fmt};

/// The answer exists on no calendar we keep. The variant says which kind of value left its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfRange {
    /// Before 1970, or after the last instant that every zone can still show.
    Instant,
    /// Outside the years 1 to 9999.
    Date,
    /// Negative, or more seconds than 64 bits hold.
    Duration,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            OutOfRange::Instant => "the instant lies outside 1970-01-01T00:00:00Z to 9999-12-30T21:59:59.999999Z",
            OutOfRange::Date => "the date lies outside the years 1 to 9999",
            OutOfRange::Duration => "the duration is negative or longer than 64 bits of seconds",
        })
    }
}

impl Error for OutOfRange {}

/// A text that is not what it should be: what was wanted, where reading stopped, and how to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub(super) what: &'static str,
    pub(super) text: String,
    pub(super) character: usize,
    pub(super) problem: String,
    pub(super) remedy: &'static str,
}

impl ParseError {
    /// Where reading stopped, counting characters from 1; a caller that shows the line points here.
    pub fn character(&self) -> usize {
        self.character
    }

    /// Only what is wrong and how to write it, for a message that says of itself what was found, and where.
    pub fn plainly(&self) -> String {
        format!("{}; {}", self.problem, self.remedy)
    }
}

/// Longer texts are cut in messages: what others send must not fill our logs.
const TEXT_SHOWN_CHARACTERS: usize = 60;

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown: String = self.text.chars().take(TEXT_SHOWN_CHARACTERS).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        let ParseError { what, character, problem, remedy, .. } = self;
        write!(out, "{shown:?} is not {what}: {problem} at character {character}; {remedy}")
    }
}

impl Error for ParseError {}

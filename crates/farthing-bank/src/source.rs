//! A file as text: decoded once, with a line and a column for each of its bytes.

use crate::bad_file::BadFile;
use std::borrow::Cow;

/// No bank's file of a day is near it; a tree of one this large takes some hundred megabytes.
pub(crate) const SIZE_MAX: usize = 50 * 1024 * 1024;

/// What to do about a file that was cut off or changed on the way.
pub(crate) const FETCH_AGAIN: &str = "fetch the file from the bank again";

#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) text: Cow<'a, str>,
}

/// What a file's bytes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Utf8,
    /// ISO 8859-1, and where that has control characters, the letters that Windows has there.
    Latin1,
    /// UTF-8, or Latin-1 where it is not: for formats that do not say.
    Either,
}

impl<'a> Source<'a> {
    pub(crate) fn decode(bytes: &'a [u8], reading: Reading) -> Result<Source<'a>, BadFile> {
        if bytes.len() > SIZE_MAX {
            let what = format!("the file has {} bytes and {SIZE_MAX} are the most", bytes.len());
            return Err(BadFile { line: 1, column: 1, what, fix: "ask the bank for shorter statements".to_owned() });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match (reading, std::str::from_utf8(bytes)) {
            (Reading::Utf8 | Reading::Either, Ok(text)) => Cow::Borrowed(text),
            (Reading::Utf8, Err(error)) => return Err(not_utf8(bytes, error.valid_up_to())),
            (Reading::Latin1 | Reading::Either, _) => Cow::Owned(bytes.iter().copied().map(latin1).collect()),
        };
        let source = Source { text };
        match source.text.char_indices().find(|(_, char)| char.is_control() && !matches!(char, '\t' | '\r' | '\n')) {
            Some((at, control)) => {
                let what = format!("this is no text: it has a control character, U+{:04X}", u32::from(control));
                Err(source.bad(at, what, "choose the statement itself, not a PDF, a spreadsheet or an archive"))
            }
            None if source.text.trim().is_empty() => Err(source.bad(0, "the file is empty", FETCH_AGAIN)),
            None => Ok(source),
        }
    }

    pub(crate) fn bad(&self, at: usize, what: impl Into<String>, fix: impl Into<String>) -> BadFile {
        let (line, column) = self.place(at);
        BadFile { line, column, what: what.into(), fix: fix.into() }
    }

    /// What is missing at the end of a file that was cut off.
    pub(crate) fn bad_end(&self, what: impl Into<String>) -> BadFile {
        self.bad(self.text.trim_end().len(), what, FETCH_AGAIN)
    }

    /// Counted anew each time: it is asked once, when a file is refused.
    fn place(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// Files that are said to be Latin-1 come from Windows as often as not: its dashes, quotes and the sign of the Euro are read too.
fn latin1(byte: u8) -> char {
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let place = usize::from(byte).checked_sub(0x80);
    place.and_then(|place| WINDOWS.get(place)).copied().unwrap_or(char::from(byte))
}

fn not_utf8(bytes: &[u8], at: usize) -> BadFile {
    let before = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default()).into_owned();
    let what = format!("the byte {:02X} is not UTF-8", bytes.get(at).copied().unwrap_or_default());
    let fix = "choose the file as the bank gave it; a program may have saved it in another encoding";
    Source { text: Cow::Owned(before) }.bad(at, what, fix)
}

/// The line of each place, for places that only go forward: a large file is walked through once.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Lines<'a> {
        Lines { text, at: 0, line: 1 }
    }

    pub(crate) fn line(&mut self, at: usize) -> usize {
        self.line += self.text.get(self.at..at).unwrap_or_default().matches('\n').count();
        self.at = self.at.max(at);
        self.line
    }
}

//! A file as it was written: its name for messages, its text, and where in it something stands.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As the reader of a message would type it: `clouds/north/cloud.toml`.
    pub name: String,
    pub text: String,
}

/// Where something stands, counted from 1, and the whole line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub line: usize,
    pub column: usize,
    pub text: &'a str,
    /// How many characters of this line are meant.
    pub width: usize,
}

/// Which of several, where a word stands more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    First,
    Last,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into() }
    }

    /// Where a quoted word stands within a value: one of a list. The whole value where it is written another way.
    pub fn word(&self, within: &Range<usize>, word: &str, which: Found) -> Range<usize> {
        let Some(value) = self.text.get(within.clone()) else { return within.clone() };
        let found = ["\"", "'"].into_iter().find_map(|quote| {
            let quoted = format!("{quote}{word}{quote}");
            let at = match which {
                Found::First => value.find(&quoted),
                Found::Last => value.rfind(&quoted),
            }?;
            let start = within.start.saturating_add(at);
            Some(start..start.saturating_add(quoted.len()))
        });
        found.unwrap_or_else(|| within.clone())
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place<'_> {
        let start = floor(&self.text, span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let rest = &self.text[line_start..];
        let text = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let column = self.text[line_start..start].chars().count().saturating_add(1);
        let end = floor(&self.text, span.end.max(start)).min(line_start.saturating_add(text.len())).max(start);
        let width = self.text[start..end].chars().count().max(1);
        Place { line, column, text, width }
    }
}

/// The start of the character that `at` lies in, at most the end.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|position| text.is_char_boundary(*position)).unwrap_or(0)
}

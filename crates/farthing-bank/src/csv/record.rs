//! Separated fields: quotes that are doubled inside quotes, line breaks inside quotes, any separator.

use crate::bad_file::BadFile;
use crate::source::Source;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    pub(super) text: String,
}

/// From `begin` on. Lines with nothing on them are left out.
pub(super) fn records(source: &Source<'_>, begin: usize, separator: char) -> Result<Vec<Vec<Cell>>, BadFile> {
    let text = source.text.get(begin..).unwrap_or_default();
    let mut chars = text.char_indices().map(|(at, char)| (at + begin, char)).peekable();
    let mut records = Vec::new();
    let mut record: Vec<Cell> = Vec::new();
    let mut cell = Cell { at: begin, text: String::new() };
    while let Some((at, char)) = chars.next() {
        match char {
            '"' if cell.text.is_empty() => {
                loop {
                    match chars.next() {
                        None => {
                            let fix = "fetch the file from the bank again: its end may be missing";
                            return Err(source.bad(at, "a quote is opened and never closed", fix));
                        }
                        Some((_, '"')) if chars.next_if(|(_, next)| *next == '"').is_some() => cell.text.push('"'),
                        Some((_, '"')) => break,
                        // A line break is one character, however the file ends its lines.
                        Some((_, '\r')) if chars.peek().is_some_and(|(_, next)| *next == '\n') => {}
                        Some((_, other)) => cell.text.push(other),
                    }
                }
                if let Some((after, _)) =
                    chars.peek().filter(|(_, next)| *next != separator && !matches!(next, '\r' | '\n'))
                {
                    let fix = format!("a quoted field must end at {separator:?} or at the end of its line");
                    return Err(source.bad(*after, "something stands behind a quoted field", fix));
                }
            }
            '\r' if chars.peek().is_some_and(|(_, next)| *next == '\n') => {}
            '\n' => {
                record.push(std::mem::replace(&mut cell, Cell { at: at + 1, text: String::new() }));
                close(&mut records, &mut record);
            }
            char if char == separator => {
                record.push(std::mem::replace(&mut cell, Cell { at: at + char.len_utf8(), text: String::new() }));
            }
            other => cell.text.push(other),
        }
    }
    record.push(cell);
    close(&mut records, &mut record);
    Ok(records)
}

fn close(records: &mut Vec<Vec<Cell>>, record: &mut Vec<Cell>) {
    let record = std::mem::take(record);
    if record.iter().any(|cell| !cell.text.trim().is_empty()) {
        records.push(record);
    }
}

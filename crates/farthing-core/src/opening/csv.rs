//! CSV as RFC 4180 has it: commas, quotes that are doubled inside quotes, lines that end in LF or CRLF. Each record knows the line
//! it begins on, as an editor counts them. Lines with nothing on them are left out.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// From 1.
    pub line: usize,
    pub fields: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvFault {
    /// A quote that begins on this line is never closed.
    Unclosed { line: usize },
    /// Something stands beside a quoted field, or a quote inside one that is not.
    Quote { line: usize },
}

impl fmt::Display for CsvFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CsvFault::Unclosed { line } => {
                write!(out, "line {line}: a quote is opened and never closed: close it, or write the quote twice")
            }
            CsvFault::Quote { line } => {
                write!(
                    out,
                    "line {line}: a quote stands inside a field: quote the whole field, and write quotes in it twice"
                )
            }
        }
    }
}

impl std::error::Error for CsvFault {}

/// All records of a text, the header among them.
pub fn records(text: &str) -> Result<Vec<Record>, CsvFault> {
    let mut reading = Reading { records: Vec::new(), fields: Vec::new(), field: String::new(), begun: 1, line: 1 };
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if reading.field.is_empty() => {
                let opened = reading.line;
                loop {
                    match chars.next() {
                        None => return Err(CsvFault::Unclosed { line: opened }),
                        Some('"') if chars.next_if_eq(&'"').is_some() => reading.field.push('"'),
                        Some('"') => break,
                        Some(other) => {
                            reading.line = reading.line.saturating_add(usize::from(other == '\n'));
                            reading.field.push(other);
                        }
                    }
                }
                if !matches!(chars.peek(), None | Some(',' | '\r' | '\n')) {
                    return Err(CsvFault::Quote { line: reading.line });
                }
            }
            '"' => return Err(CsvFault::Quote { line: reading.line }),
            ',' => reading.end_field(),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => reading.end_line(),
            other => reading.field.push(other),
        }
    }
    reading.end_line();
    Ok(reading.records)
}

struct Reading {
    records: Vec<Record>,
    fields: Vec<String>,
    field: String,
    /// Where the record begins.
    begun: usize,
    line: usize,
}

impl Reading {
    fn end_field(&mut self) {
        self.fields.push(std::mem::take(&mut self.field).trim().to_owned());
    }

    fn end_line(&mut self) {
        self.end_field();
        let fields = std::mem::take(&mut self.fields);
        if fields.iter().any(|field| !field.is_empty()) {
            self.records.push(Record { line: self.begun, fields });
        }
        self.line = self.line.saturating_add(1);
        self.begun = self.line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, &[&str])]) {
        let read = records(text).unwrap();
        let read: Vec<(usize, Vec<&str>)> =
            read.iter().map(|record| (record.line, record.fields.iter().map(String::as_str).collect())).collect();
        let expected: Vec<(usize, Vec<&str>)> =
            expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
        assert_eq!(read, expected, "{text:?}");
    }

    #[test]
    fn fields_quotes_and_lines() {
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("\u{feff}a, b \r\n1,\r\n", &[(1, &["a", "b"]), (2, &["1", ""])]);
        check("\"1,234.50\",\"say \"\"so\"\"\"\n", &[(1, &["1,234.50", "say \"so\""])]);
        check("a\n\n,\n\"two\nlines\",x\nend", &[(1, &["a"]), (4, &["two\nlines", "x"]), (6, &["end"])]);
        check("", &[]);
    }

    #[test]
    fn quotes_that_cannot_be_meant_are_told_at_their_line() {
        assert_eq!(records("a\n\"b\n\nc"), Err(CsvFault::Unclosed { line: 2 }));
        assert_eq!(records("a\n\"b\"c\n"), Err(CsvFault::Quote { line: 2 }));
        assert_eq!(records("a\nb\"c\n"), Err(CsvFault::Quote { line: 2 }));
    }
}

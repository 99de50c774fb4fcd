//! Comma-separated values (RFC 4180): a line of names, then a line a row, ended by CR LF.
//!
//! For people's spreadsheets it begins with a byte order mark, by which those know UTF-8 (R64, R97), and a text that one would take for a
//! formula has an apostrophe before it: what customers call things must not run on somebody's desk. For programs it is plain.

use super::sheet::{Cell, Column, ColumnKind, Sink, decimal};
use std::io::{self, Write};

const MARK: &[u8] = "\u{feff}".as_bytes();

#[derive(Debug)]
pub struct Csv<W: Write> {
    out: W,
    columns: Vec<Column>,
    spreadsheet: bool,
    line: String,
}

impl<W: Write> Csv<W> {
    /// Writes the line of names.
    pub fn begin(mut out: W, columns: &[Column], spreadsheet: bool) -> io::Result<Csv<W>> {
        if spreadsheet {
            out.write_all(MARK)?;
        }
        let mut csv = Csv { out, columns: columns.to_vec(), spreadsheet, line: String::new() };
        for (place, column) in columns.iter().enumerate() {
            csv.put(place, column.name, false);
        }
        csv.end_line()?;
        Ok(csv)
    }

    fn put(&mut self, place: usize, text: &str, guarded: bool) {
        if place > 0 {
            self.line.push(',');
        }
        let guard = guarded && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if !guard && !text.contains([',', '"', '\r', '\n']) {
            self.line.push_str(text);
            return;
        }
        self.line.push('"');
        if guard {
            self.line.push('\'');
        }
        self.line.push_str(&text.replace('"', "\"\""));
        self.line.push('"');
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push_str("\r\n");
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Sink for Csv<W> {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        for (place, cell) in cells.iter().enumerate() {
            let kind = self.columns[place].kind;
            match cell {
                Cell::Text(text) => self.put(place, text, self.spreadsheet),
                other => self.put(place, &plain(other, kind), false),
            }
        }
        self.end_line()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A cell that is no text, as text.
pub(super) fn plain(cell: &Cell, kind: ColumnKind) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Decimal(digits) => match kind {
            ColumnKind::Decimal { scale } => decimal(*digits, scale, 0),
            // With a point, so that who guesses kinds from a column of whole numbers does not guess another one.
            ColumnKind::Number { scale } => decimal(*digits, scale, scale.min(1)),
            _ => digits.to_string(),
        },
        Cell::Whole(number) => number.to_string(),
        Cell::Time(at) => at.to_string(),
        Cell::Truth(truth) => truth.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::time::Instant;

    fn written(spreadsheet: bool, rows: &[Vec<Cell>]) -> String {
        let columns = [Column::text("name"), Column::money("net", Currency::parse("CNY").unwrap()), Column::time("at")];
        let mut out = Vec::new();
        let mut csv = Csv::begin(&mut out, &columns, spreadsheet).unwrap();
        rows.iter().try_for_each(|row| csv.row(row)).unwrap();
        csv.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_letter_comes_back_r97() {
        // R97: Chinese, the signs of yuan and euro, what CSV itself is written with, and an emoji of two code points.
        let name = "深势科技 ¥€ \"a, b\"\n第二行 👩‍🔬";
        let row = vec![Cell::text(name), Cell::units(123_456_789), Cell::Time(Instant::EPOCH)];
        let text = written(true, &[row]);
        assert_eq!(
            text,
            "\u{feff}name,net,at\r\n\"深势科技 ¥€ \"\"a, b\"\"\n第二行 👩‍🔬\",1.23456789,1970-01-01T00:00:00Z\r\n"
        );
    }

    #[test]
    fn a_name_is_no_formula() {
        let row = |name: &str| vec![Cell::text(name), Cell::units(-100_000_000), Cell::Nothing];
        assert!(written(true, &[row("=1+1")]).ends_with("\"'=1+1\",-1,\r\n"), "an amount below zero stays a number");
        assert!(written(false, &[row("=1+1")]).ends_with("=1+1,-1,\r\n"), "programs get what there is");
        assert!(!written(false, &[]).starts_with('\u{feff}'));
    }
}

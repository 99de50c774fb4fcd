//! Tables for people: aligned columns without boxes, numbers to the right with their points under each other, a line of totals.

use std::fmt;
use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: &str = "  ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    /// Numbers: their decimal points stand under each other.
    Number,
}

#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    total: Option<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: &[(&str, Align)]) -> Table {
        let columns = columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect();
        Table { columns, rows: Vec::new(), total: None }
    }

    /// A cell for each column.
    pub(super) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell.into())).collect());
    }

    pub(super) fn total<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.total = Some(cells.into_iter().map(|cell| plain(&cell.into())).collect());
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What would move the cursor or colour the terminal is shown as a mark: cells hold what others have sent.
fn plain(cell: &str) -> String {
    cell.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// How many places stand behind the point, the point included.
fn behind(cell: &str) -> usize {
    cell.find('.').map_or(0, |point| cell.len() - point)
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || self.rows.iter().chain(&self.total);
        let mut decimals = vec![0; self.columns.len()];
        for line in lines() {
            for (place, cell) in line.iter().enumerate() {
                decimals[place] = decimals[place].max(behind(cell));
            }
        }
        let laid = |line: &Vec<String>| -> Vec<String> {
            let lay = |(place, cell): (usize, &String)| match self.columns[place].1 {
                Align::Number if cell.ends_with(|last: char| last.is_ascii_digit()) => {
                    format!("{cell}{}", " ".repeat(decimals[place] - behind(cell)))
                }
                _ => cell.clone(),
            };
            line.iter().enumerate().map(lay).collect()
        };
        let head: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(laid).collect();
        let total = self.total.as_ref().map(laid);
        let mut widths: Vec<usize> = head.iter().map(|name| name.width()).collect();
        for line in rows.iter().chain(&total) {
            for (place, cell) in line.iter().enumerate() {
                widths[place] = widths[place].max(cell.width());
            }
        }
        let mut write = |line: &[String]| -> fmt::Result {
            let cells = line.iter().enumerate().map(|(place, cell)| {
                let room = " ".repeat(widths[place].saturating_sub(cell.width()));
                match self.columns[place].1 {
                    Align::Left => format!("{cell}{room}"),
                    Align::Number => format!("{room}{cell}"),
                }
            });
            writeln!(out, "{}", cells.collect::<Vec<_>>().join(GAP).trim_end())
        };
        write(&head)?;
        for row in &rows {
            write(row)?;
        }
        if let Some(total) = total {
            // Under what is added up.
            let rule = |(place, (_, align)): (usize, &(String, Align))| {
                let long = if *align == Align::Number && !total[place].is_empty() { widths[place] } else { 0 };
                "─".repeat(long)
            };
            write(&self.columns.iter().enumerate().map(rule).collect::<Vec<_>>())?;
            write(&total)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other_and_words_begin_together() {
        let mut table = Table::new(&[("account", Align::Left), ("balance USD", Align::Number), ("state", Align::Left)]);
        table.row(["acme", "1234.50", "open"]);
        table.row(["陶", "-0.00000001", "parked"]);
        table.row(["b", "", "closed"]);
        table.total(["3 accounts", "1234.49999999", ""]);
        let expected = "\
account       balance USD  state
acme        1234.50        open
陶            -0.00000001  parked
b                          closed
            ─────────────
3 accounts  1234.49999999
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn nothing_in_a_cell_reaches_the_terminal_but_text() {
        let mut table = Table::new(&[("who", Align::Left)]);
        table.row(["\u{1b}[31mred\n"]);
        assert_eq!(table.to_string(), "who\n\u{fffd}[31mred\u{fffd}\n");
    }
}

//! Tables: what it is, how many, a total, an order, a way to take it along, and what will stand here while nothing does.

use super::{Cell, Link};

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    pub(crate) total: Option<Row>,
    pub(crate) empty: Empty,
    /// Earlier ones, exports.
    pub(crate) links: Vec<Link>,
}

#[derive(Default)]
pub(crate) struct Column {
    pub(crate) label: String,
    pub(crate) number: bool,
    /// Where it is ordered by this column; empty: it cannot be.
    pub(crate) address: String,
    /// `ascending` or `descending`, where it is.
    pub(crate) sorted: &'static str,
}

#[derive(Default)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    pub(crate) group: bool,
}

/// What will appear here, and the one next step.
#[derive(Default)]
pub(crate) struct Empty {
    pub(crate) text: String,
    pub(crate) link: Option<Link>,
}

impl Table {
    /// Columns by their labels; those that begin with `#` are numbers.
    pub(crate) fn new(caption: impl Into<String>, columns: &[&str]) -> Table {
        let column = |label: &&str| {
            let number = label.starts_with('#');
            Column { label: label.trim_start_matches('#').to_owned(), number, ..Column::default() }
        };
        Table { caption: caption.into(), columns: columns.iter().map(column).collect(), ..Table::default() }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row { cells, group: false });
    }

    /// A line that heads those below it.
    pub(crate) fn group(&mut self, title: impl Into<String>) {
        self.rows.push(Row { cells: vec![Cell::text(title)], group: true });
    }

    pub(crate) fn total(mut self, cells: Vec<Cell>) -> Table {
        self.total = Some(Row { cells, group: false });
        self
    }

    pub(crate) fn when_empty(mut self, text: impl Into<String>) -> Table {
        self.empty.text = text.into();
        self
    }

    pub(crate) fn links(mut self, links: Vec<Link>) -> Table {
        self.links = links;
        self
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    pub(crate) fn label(&self, place: &usize) -> &str {
        self.columns.get(*place).map_or("", |column| column.label.as_str())
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    pub(crate) fn is_number(&self, place: &usize) -> bool {
        self.columns.get(*place).is_some_and(|column| column.number)
    }
}

//! What stands in a cell of a table, beside a name, under a figure.

use crate::frame::PageError;
use crate::words::Language;
use crate::words::figure::Figure;
use farthing_core::time::{Instant, Zone};

#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) text: String,
    /// The one that is open.
    pub(crate) here: bool,
    /// It is fetched, not opened.
    pub(crate) download: bool,
    /// It is what most people want here.
    pub(crate) strong: bool,
}

impl Link {
    pub(crate) fn new(address: impl Into<String>, text: impl Into<String>) -> Link {
        Link { address: address.into(), text: text.into(), ..Link::default() }
    }

    pub(crate) fn here(mut self, here: bool) -> Link {
        self.here = here;
        self
    }

    pub(crate) fn download(mut self) -> Link {
        self.download = true;
        self
    }

    pub(crate) fn strong(mut self) -> Link {
        self.strong = true;
        self
    }
}

/// Words, an amount, a moment or a link, with a quiet remark below it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) address: String,
    /// On hover: the exact amount, the exact instant.
    pub(crate) title: String,
    /// An instant for machines.
    pub(crate) instant: String,
    pub(crate) class: &'static str,
    pub(crate) note: String,
    /// Where the remark leads.
    pub(crate) note_address: String,
    /// Which colour of a chart it is: 1 to 8; 0: none.
    pub(crate) swatch: usize,
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    pub(crate) fn link(address: impl Into<String>, text: impl Into<String>) -> Cell {
        Cell { text: text.into(), address: address.into(), ..Cell::default() }
    }

    pub(crate) fn amount(figure: Figure) -> Cell {
        let class = figure.class();
        Cell { class, text: figure.text, title: figure.exact.unwrap_or_default(), ..Cell::default() }
    }

    pub(crate) fn number(text: impl Into<String>) -> Cell {
        Cell::text(text)
    }

    /// The day; the exact instant on hover.
    pub(crate) fn day(at: Instant, zone: &Zone, language: Language) -> Result<Cell, PageError> {
        let (date, _) = zone.wall_at(at)?;
        let exact = at.to_string();
        Ok(Cell { text: language.short_date(date), title: exact.clone(), instant: exact, ..Cell::default() })
    }

    /// The day and the minute.
    pub(crate) fn moment(at: Instant, zone: &Zone, language: Language) -> Result<Cell, PageError> {
        let (_, time) = zone.wall_at(at)?;
        let minute = time.second_of_day() / 60;
        let mut cell = Cell::day(at, zone, language)?;
        cell.text = format!("{} {:02}:{:02}", cell.text, minute / 60, minute % 60);
        Ok(cell)
    }

    pub(crate) fn class(mut self, class: &'static str) -> Cell {
        self.class = class;
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Cell {
        self.note = note.into();
        self
    }

    pub(crate) fn note_to(mut self, address: impl Into<String>) -> Cell {
        self.note_address = address.into();
        self
    }

    pub(crate) fn swatch(mut self, series: usize) -> Cell {
        self.swatch = series;
        self
    }

    pub(crate) fn to(mut self, address: impl Into<String>) -> Cell {
        self.address = address.into();
        self
    }
}

/// A name and what it is.
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) values: Vec<Cell>,
}

impl Fact {
    pub(crate) fn new(name: impl Into<String>, value: Cell) -> Fact {
        Fact { name: name.into(), values: vec![value] }
    }

    pub(crate) fn many(name: impl Into<String>, values: Vec<Cell>) -> Fact {
        Fact { name: name.into(), values }
    }
}

/// A figure that stands alone.
pub(crate) struct Item {
    pub(crate) label: String,
    pub(crate) value: Cell,
}

impl Item {
    pub(crate) fn new(label: impl Into<String>, value: Cell) -> Item {
        Item { label: label.into(), value }
    }
}

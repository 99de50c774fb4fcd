//! What pages are built of: figures, tables, facts, forms, charts, notices. A page reads and says what is on it; how that looks is here and
//! in `templates/block/`, once, so that every page looks alike and every table becomes cards on a phone.

mod cell;
mod form;
mod table;

pub(crate) use cell::{Cell, Fact, Item, Link};
pub(crate) use form::{Choice, Field, Form, Part};
pub(crate) use table::{Column, Table};

use crate::chart::qr::Qr;
use crate::chart::{Bars, Composition, Line};
use crate::frame::PageError;
use askama::Template;

/// One thing on a page.
pub(crate) enum Block {
    /// Under the headline, in the quiet colour.
    Lead(String),
    Heading(String),
    Text(String),
    /// As it was written: a file, what a program said.
    Code(String),
    /// Markdown of a brand, already made safe.
    Help(String),
    Figures(Vec<Item>),
    Notices(Vec<Notice>),
    Facts(Vec<Fact>),
    Table(Table),
    Form(Form),
    Links(Vec<Link>),
    /// A switch of which one is chosen.
    Switch {
        label: String,
        links: Vec<Link>,
    },
    /// What is chosen, each taken away by following it.
    Chips {
        label: String,
        links: Vec<Link>,
    },
    /// What most need not see.
    Fold {
        title: String,
        open: bool,
        blocks: Vec<Block>,
    },
    Steps(Vec<String>),
    List(Vec<String>),
    Bars(Bars),
    Line(Line),
    Composition(Composition),
    Qr {
        qr: Qr,
        below: String,
    },
    Paper(Box<Paper>),
}

/// Something that has to be known or done.
pub(crate) struct Notice {
    /// `good`, `warn`, `bad`: colour; the sign says it as well.
    pub(crate) class: &'static str,
    pub(crate) text: String,
    pub(crate) link: Option<Link>,
}

impl Notice {
    pub(crate) fn new(class: &'static str, text: impl Into<String>) -> Notice {
        Notice { class, text: text.into(), link: None }
    }

    pub(crate) fn leading(mut self, link: Link) -> Notice {
        self.link = Some(link);
        self
    }

    pub(crate) fn sign(&self) -> &'static str {
        match self.class {
            "good" => "✓",
            "bad" => "✗",
            _ => "▲",
        }
    }
}

/// A document as its paper shows it.
pub(crate) struct Paper {
    pub(crate) kind: String,
    pub(crate) number: String,
    pub(crate) state: Cell,
    pub(crate) seller: Vec<String>,
    pub(crate) buyer: Vec<String>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) lines: Table,
    pub(crate) sums: Vec<(Cell, Cell)>,
    pub(crate) notes: Vec<String>,
    pub(crate) to: String,
    pub(crate) from: String,
}

#[derive(Template)]
#[template(path = "block/block.html")]
struct Drawn<'a> {
    block: &'a Block,
}

impl Block {
    /// Inside another block: what cannot be drawn is left out, and cannot be drawn there either.
    fn drawn(&self) -> String {
        self.html().unwrap_or_default()
    }

    pub(crate) fn html(&self) -> Result<String, PageError> {
        Drawn { block: self }.render().map_err(|error| PageError::Failed(error.to_string()))
    }
}

/// Several blocks under one heading.
#[derive(Default)]
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

impl Section {
    pub(crate) fn new(title: impl Into<String>, blocks: Vec<Block>) -> Section {
        Section { id: "", title: title.into(), blocks }
    }

    pub(crate) fn at(id: &'static str, title: impl Into<String>, blocks: Vec<Block>) -> Section {
        Section { id, title: title.into(), blocks }
    }

    pub(crate) fn plain(blocks: Vec<Block>) -> Section {
        Section { id: "", title: String::new(), blocks }
    }
}

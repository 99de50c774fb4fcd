//! TOML as a tree of our own, each part with its place; numbers stay the text that was written, so no float is ever made.

use super::{Remark, Severity, Source};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub at: Range<usize>,
    pub node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Text(String),
    /// As it was written: `1_000`, `0.15`.
    Number(String),
    Boolean(bool),
    /// A date, a time or both, as written.
    Date(String),
    List(Vec<Item>),
    Table(Table),
}

/// Its entries in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub key_at: Range<usize>,
    pub item: Item,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Item {
    /// Reads a whole file. What is no TOML is told, and what could be read comes nevertheless.
    pub fn read_file(source: &Source) -> (Table, Vec<Remark>) {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        let mut remarks = Vec::new();
        // What a fault leaves behind looks like more faults, so only the first is told. Where a bracket was never closed,
        // that is the fault, seen at the first word that cannot stand inside of it.
        if let Some(first) = errors.first() {
            let at = first.span().unwrap_or_default();
            let unclosed = errors.iter().find(|error| error.message().starts_with("unclosed"));
            let (what, remedy) = match unclosed.unwrap_or(first).message() {
                "duplicate key" => {
                    let key = source.text.get(at.clone()).unwrap_or_default();
                    let what = format!("`{}` stands in two places", key.escape_debug());
                    (what, "a key and a section stand once; one of several is written [[name]]")
                }
                message if message.starts_with("string values must be quoted") => {
                    ("this is not TOML: there is no value, or no quotes around it".to_owned(), "write key = \"value\"")
                }
                message
                    if message.starts_with("invalid basic string") || message.starts_with("invalid literal string") =>
                {
                    (
                        "this is not TOML: a text ends without its closing quote".to_owned(),
                        "close the quote on the same line",
                    )
                }
                message if message.starts_with("unclosed") => {
                    (format!("this is not TOML: {message} before this"), "close the bracket")
                }
                message if message.starts_with("invalid date") || message.starts_with("invalid time") => {
                    (format!("this is not TOML: {message}"), "write a date as 2026-12-25, a time as 07:30:00")
                }
                message if message.starts_with("missing escaped value") => {
                    let what = "this is not TOML: `\\` in a text begins a special character, and this is none";
                    (what.to_owned(), "write `\\\\` for the sign itself, or the text in single quotes")
                }
                message => {
                    let remedy = "a line is `key = \"value\"`, a section `[name]`, one of several `[[name]]`";
                    (format!("this is not TOML: {message}"), remedy)
                }
            };
            let (file, remedy) = (source.name.clone(), remedy.to_owned());
            remarks.push(Remark { severity: Severity::Error, file, at, what, remedy });
        }
        (of_table(table.get_ref()), remarks)
    }

    /// A value as it may be given by itself (a default, a setting on a command line): TOML, or a bare word.
    pub fn loose(text: &str) -> Item {
        match DeValue::parse(text) {
            Ok(value) => of_value(&value),
            Err(_) => Item { at: 0..text.len(), node: Node::Text(text.to_owned()) },
        }
    }

    /// What it is, for a message: `the text "abc"`.
    pub fn named(&self) -> String {
        match &self.node {
            Node::Text(text) if text.chars().count() > CHARACTERS_SHOWN => {
                format!("{:?}", text.chars().take(CHARACTERS_SHOWN).chain(['…']).collect::<String>())
            }
            Node::Text(text) => format!("{text:?}"),
            Node::Number(text) | Node::Date(text) => text.chars().take(CHARACTERS_SHOWN).collect(),
            Node::Boolean(value) => value.to_string(),
            Node::List(_) => "a list".to_owned(),
            Node::Table(_) => "a table".to_owned(),
        }
    }
}

const CHARACTERS_SHOWN: usize = 60;

fn of_table(table: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry { key: key.get_ref().to_string(), key_at: key.span(), item: of_value(value) })
        .collect();
    entries.sort_by_key(|entry| entry.key_at.start);
    Table { entries }
}

fn of_value(value: &Spanned<DeValue<'_>>) -> Item {
    let node = match value.get_ref() {
        DeValue::String(text) => Node::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Node::Number(number.as_str().to_owned()),
        DeValue::Integer(number) => Node::Text(number.to_string()),
        DeValue::Float(number) => Node::Number(number.as_str().to_owned()),
        DeValue::Boolean(value) => Node::Boolean(*value),
        DeValue::Datetime(date) => Node::Date(date.to_string()),
        DeValue::Array(items) => Node::List(items.iter().map(of_value).collect()),
        DeValue::Table(table) => Node::Table(of_table(table)),
    };
    Item { at: value.span(), node }
}

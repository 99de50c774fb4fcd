//! Reading values out of a tree: each kind of value reads and prints itself, and what it cannot read it tells.

use super::item::{Entry, Node};
use super::{Item, Key, Remark, Severity, Source, Table, nearest};
use crate::money::Currency;
use std::collections::BTreeMap;
use std::ops::Range;

/// Where a file is being read, and what was said about it so far.
#[derive(Debug)]
pub struct Reader<'a> {
    pub source: &'a Source,
    /// What amounts without a code are in.
    pub currency: Currency,
    pub remarks: Vec<Remark>,
    /// Dotted, as a person would name the key: `ladder.delete.after`.
    path: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Source, currency: Currency) -> Reader<'a> {
        Reader { source, currency, remarks: Vec::new(), path: Vec::new() }
    }

    pub fn error(&mut self, at: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        self.remark(Severity::Error, at, what, remedy);
    }

    pub fn remark(&mut self, severity: Severity, at: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        let file = self.source.name.clone();
        self.remarks.push(Remark { severity, file, at, what: what.into(), remedy: remedy.into() });
    }

    /// The key being read, as a person would name it.
    pub fn path(&self) -> String {
        self.path.join(".")
    }

    /// Tells that this is not what belongs here.
    pub fn not_a<T: Value>(&mut self, item: &Item, why: Option<String>) -> Option<T> {
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let what = format!("`{}` is {}, but it takes {}{why}", self.path(), item.named(), T::KIND.one());
        self.error(item.at.clone(), what, format!("write {}", T::KIND.example()));
        None
    }

    /// A text, or a number as it was written.
    pub fn text<T: Value>(&mut self, item: &Item) -> Option<String> {
        match &item.node {
            Node::Number(text) => Some(text.replace('_', "")),
            Node::Text(text) | Node::Date(text) => Some(text.clone()),
            Node::Boolean(_) | Node::List(_) | Node::Table(_) => self.not_a::<T>(item, None).map(|_| String::new()),
        }
    }

    /// A table all of whose keys are known; others are told, with the one that may have been meant.
    pub fn table<'t>(&mut self, item: &'t Item, known: &[&'static str]) -> Option<&'t Table> {
        let Node::Table(table) = &item.node else {
            let what = format!("`{}` is {}, but it takes a table", self.path(), item.named());
            self.error(item.at.clone(), what, format!("its keys are {}", known.join(", ")));
            return None;
        };
        self.tell_unknown(table, known);
        Some(table)
    }

    pub fn tell_unknown(&mut self, table: &Table, known: &[&'static str]) {
        for Entry { key, key_at, .. } in &table.entries {
            if !known.contains(&key.as_str()) {
                let whole = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path()) };
                let remedy = nearest(key, known.iter().copied()).map_or_else(
                    || format!("the keys here are {}", known.join(", ")),
                    |meant| format!("did you mean `{meant}`?"),
                );
                self.error(key_at.clone(), format!("there is no key `{whole}`"), remedy);
            }
        }
    }

    /// The value of a key: as written, else as defaulted. Nothing only where a key without a default is not there.
    pub fn field<T: Value>(
        &mut self,
        table: &Table,
        whole: &Range<usize>,
        key: &'static str,
        default: Option<&'static str>,
    ) -> Option<T> {
        if let Some(entry) = table.get(key) {
            let read = self.within(key, |reader| T::read(&entry.item, reader));
            // What could not be read has been told; reading goes on with the default, to find what else is wrong.
            return read.or_else(|| default.map(|text| default_of(text)));
        }
        if default.is_none() {
            let name = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path()) };
            self.error(whole.clone(), format!("`{name}` is missing"), format!("write {key} = {}", T::KIND.example()));
        }
        default.map(|text| default_of(text))
    }

    /// Runs with the key at the end of the path.
    pub fn within<R>(&mut self, key: &str, run: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(key.to_owned());
        let result = run(self);
        self.path.pop();
        result
    }
}

/// What a default reads as. It may not name an amount: that would be read in a currency.
pub fn default_of<T: Value>(text: &'static str) -> T {
    let source = Source::new("default", text);
    let mut reader = Reader::new(&source, Currency::USD);
    T::read(&Item::loose(text), &mut reader)
        .unwrap_or_else(|| panic!("the default {text:?} must read: {:?}", reader.remarks))
}

/// What belongs in a place, for messages and the list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// `an amount`
    pub one: &'static str,
    /// As TOML: `"5.00"`
    pub example: &'static str,
}

impl Whole {
    /// For what has keys and no value of its own.
    pub const NOTHING: Whole = Whole { one: "", example: "" };

    pub const fn one(self) -> &'static str {
        self.one
    }

    pub const fn example(self) -> &'static str {
        self.example
    }
}

/// A kind of value that stands in a file.
pub trait Value: Sized {
    const KIND: Whole;

    /// The value, or nothing after telling why.
    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<Self>;

    /// As TOML, in its one normal form, so that equal values print alike.
    fn print(&self) -> String;

    /// The keys from here on: one, or those of a section.
    fn keys(key: Key, keys: &mut Vec<Key>) {
        keys.push(Key { kind: Self::KIND, ..key });
    }

    /// What is written here, key by key, for telling two versions apart.
    fn entries(&self, path: &str, entries: &mut BTreeMap<String, String>) {
        entries.insert(path.to_owned(), self.print());
    }

    /// What names it among several: a product's id.
    fn label(&self) -> Option<String> {
        None
    }
}

/// Where the parts of a section stand in its file. Equal to any other: where something stands changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub whole: Range<usize>,
    pub keys: Vec<(String, Range<usize>)>,
}

impl PartialEq for Places {
    fn eq(&self, _: &Places) -> bool {
        true
    }
}

impl Places {
    pub fn of_table(table: &Table, whole: Range<usize>) -> Places {
        Places { whole, keys: table.entries.iter().map(|entry| (entry.key.clone(), entry.item.at.clone())).collect() }
    }

    /// Where the value of this key stands; the section where it is not written.
    pub fn of(&self, key: &str) -> Range<usize> {
        let found = self.keys.iter().find(|(known, _)| known == key);
        found.map_or_else(|| self.whole.clone(), |(_, at)| at.clone())
    }

    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|(known, _)| known == key)
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: Whole = T::KIND;

    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<Option<T>> {
        match &item.node {
            Node::Text(text) if text == "none" || text == "off" => Some(None),
            Node::Boolean(false) => Some(None),
            _ => T::read(item, reader).map(Some),
        }
    }

    fn print(&self) -> String {
        self.as_ref().map_or_else(|| "\"none\"".to_owned(), T::print)
    }

    fn keys(key: Key, keys: &mut Vec<Key>) {
        T::keys(key, keys);
    }

    fn entries(&self, path: &str, entries: &mut BTreeMap<String, String>) {
        if let Some(value) = self {
            value.entries(path, entries);
        }
    }
}

impl<T: Value> Value for Vec<T> {
    const KIND: Whole = T::KIND;

    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<Vec<T>> {
        match &item.node {
            Node::List(items) => items.iter().map(|item| T::read(item, reader)).collect(),
            // One alone needs no brackets: `channels = "card"`.
            _ => T::read(item, reader).map(|one| vec![one]),
        }
    }

    fn print(&self) -> String {
        format!("[{}]", self.iter().map(T::print).collect::<Vec<_>>().join(", "))
    }

    fn keys(key: Key, keys: &mut Vec<Key>) {
        T::keys(Key { several: true, ..key }, keys);
    }

    fn entries(&self, path: &str, entries: &mut BTreeMap<String, String>) {
        if self.iter().any(|value| value.label().is_some()) {
            for (position, value) in self.iter().enumerate() {
                let label = value.label().unwrap_or_else(|| position.to_string());
                value.entries(&format!("{path}.{label}"), entries);
            }
        } else if !self.is_empty() {
            entries.insert(path.to_owned(), self.print());
        }
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    const KIND: Whole = T::KIND;

    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<BTreeMap<String, T>> {
        let Node::Table(table) = &item.node else {
            let what = format!("`{}` is {}, but it takes a table", reader.path(), item.named());
            reader.error(item.at.clone(), what, format!("write {{ name = {} }}", T::KIND.example()));
            return None;
        };
        let read = |entry: &Entry, reader: &mut Reader<'_>| {
            let value = reader.within(&entry.key, |reader| T::read(&entry.item, reader))?;
            Some((entry.key.clone(), value))
        };
        table.entries.iter().map(|entry| read(entry, reader)).collect()
    }

    fn print(&self) -> String {
        let inner: Vec<String> = self.iter().map(|(key, value)| format!("{key} = {}", value.print())).collect();
        if inner.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", inner.join(", ")) }
    }
}

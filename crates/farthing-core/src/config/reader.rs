//! Reading values out of a tree: each kind of value reads and prints itself, and what it cannot read it tells.

use super::item::{Entry, Node};
use super::{Item, Key, Remark, Severity, Source, Table, nearest, nearest_few};
use crate::money::Currency;
use std::collections::{BTreeMap, BTreeSet};
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
    unread: Unread,
}

/// What could not be read. Whatever depends on it is not checked further: one mistake gives one message.
#[derive(Debug, Default)]
struct Unread {
    /// Keys at the top of the file with a mistake somewhere below them.
    sections: BTreeSet<String>,
    /// Elements of lists with a mistake in them.
    elements: Vec<Range<usize>>,
    /// Keys at the top of the file of which an element is missing, so that what it is called is not known.
    incomplete: BTreeSet<String>,
    /// Where an unknown key stands, and which one was probably meant.
    meant: Vec<(Range<usize>, &'static str)>,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Source, currency: Currency) -> Reader<'a> {
        Reader { source, currency, remarks: Vec::new(), path: Vec::new(), unread: Unread::default() }
    }

    pub fn error(&mut self, at: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        if let Some(section) = self.path.first() {
            self.unread.sections.insert(section.clone());
        }
        self.remark(Severity::Error, at, what, remedy);
    }

    /// Everything in these sections could be read, or they are not there.
    pub fn is_read(&self, sections: &[&str]) -> bool {
        sections.iter().all(|section| !self.unread.sections.contains(*section))
    }

    /// Everything in this element of a list could be read.
    pub fn is_element_read(&self, places: &Places) -> bool {
        !self.unread.elements.contains(&places.whole)
    }

    /// No element of this section is missing, so a name that is not there is wrong.
    pub fn is_complete(&self, section: &str) -> bool {
        !self.unread.incomplete.contains(section)
    }

    pub fn remark(&mut self, severity: Severity, at: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        let file = self.source.name.clone();
        self.remarks.push(Remark { severity, file, at, what: what.into(), remedy: remedy.into() });
    }

    /// The key being read, as a person would name it.
    pub fn path(&self) -> String {
        self.path.join(".")
    }

    /// Tells that this is not what belongs here. `why` may end in a remedy of its own, after a semicolon.
    pub fn not_a<T: Value>(&mut self, item: &Item, why: Option<String>) -> Option<T> {
        let why = why.unwrap_or_default();
        let (why, remedy) = why.rsplit_once("; ").map_or((why.as_str(), None), |(why, remedy)| (why, Some(remedy)));
        // An error says of itself what was not read ("five": …), and so does this sentence: once is enough.
        let named = item.named();
        let again = why.strip_prefix(&named).or_else(|| why.strip_prefix(&format!("{named:?}")));
        let why = again.map_or(why, |again| again.split_once(": ").map_or("", |(_, why)| why));
        let stroke = if why.is_empty() { "" } else { ": " };
        let what = format!("`{}` is {}, but it takes {}{stroke}{why}", self.path(), item.named(), T::KIND.one());
        let remedy = remedy.map_or_else(|| format!("write {}", T::KIND.example()), str::to_owned);
        self.error(item.at.clone(), what, remedy);
        None
    }

    /// A text, or a number as it was written.
    pub fn text<T: Value>(&mut self, item: &Item) -> Option<String> {
        match &item.node {
            Node::Text(text) | Node::Date(text) => Some(text.clone()),
            Node::Number(text) => Some(text.replace('_', "")),
            Node::Boolean(_) | Node::List(_) | Node::Table(_) => self.not_a::<T>(item, None).map(|_| String::new()),
        }
    }

    /// A table all of whose keys are known; others are told, with the one that may have been meant.
    pub fn table<'t>(&mut self, item: &'t Item, known: &[&'static str]) -> Option<&'t Table> {
        let Node::Table(table) = &item.node else {
            let what = format!("`{}` is {}, but it takes a table", self.path(), item.named());
            let remedy = match (&item.node, self.path.as_slice()) {
                (Node::List(_), [section]) => format!("write [{section}], once and without second brackets"),
                (_, [section]) => format!("write a section [{section}]; {}", keys_here(known)),
                _ => format!("write {{ … }}; {}", keys_here(known)),
            };
            self.error(item.at.clone(), what, remedy);
            return None;
        };
        self.tell_unknown(table, known);
        Some(table)
    }

    pub fn tell_unknown(&mut self, table: &Table, known: &[&'static str]) {
        for Entry { key, key_at, .. } in &table.entries {
            if !known.contains(&key.as_str()) {
                let shown = shown_key(key);
                let whole = if self.path.is_empty() { shown } else { format!("{}.{shown}", self.path()) };
                let meant = nearest(key, known.iter().copied());
                let meant = meant.and_then(|meant| known.iter().copied().find(|known| *known == meant));
                let remedy = meant.map_or_else(|| keys_near(key, known), |meant| format!("did you mean `{meant}`?"));
                self.error(key_at.clone(), format!("there is no key `{whole}`"), remedy);
                if let Some(meant) = meant {
                    self.unread.meant.push((key_at.clone(), meant));
                    if self.path.is_empty() {
                        self.unread.sections.insert(meant.to_owned());
                        self.unread.incomplete.insert(meant.to_owned());
                    }
                }
            }
        }
    }

    /// The value of a key: as written, else as defaulted. Nothing only where a key without a default is not there.
    pub fn field<T: Value>(
        &mut self,
        table: &Table,
        whole: &Range<usize>,
        key: &'static str,
        default: Option<fn() -> T>,
    ) -> Option<T> {
        if let Some(entry) = table.get(key) {
            let read = self.within(key, |reader| T::read(&entry.item, reader));
            // What could not be read has been told; reading goes on with the default, to find what else is wrong.
            return read.or_else(|| default.map(|default| default()));
        }
        if default.is_none() {
            // Told already: "there is no key `nmae`; did you mean `name`?"
            let misspelt = |entry: &Entry| self.unread.meant.contains(&(entry.key_at.clone(), key));
            if table.entries.iter().any(misspelt) {
                return None;
            }
            let top = self.path.is_empty();
            let name = if top { key.to_owned() } else { format!("{}.{key}", self.path()) };
            let remedy = if top && T::KIND == Whole::TABLE {
                format!("write a section [{key}]")
            } else {
                let example = T::KIND.example();
                let (choice, example) =
                    example.strip_prefix("one of ").map_or(("", example), |words| ("one of ", words));
                format!("write {key} = {choice}{example}")
            };
            self.error(whole.clone(), format!("`{name}` is missing"), remedy);
        }
        default.map(|default| default())
    }

    /// One of a list, remembered where something is wrong with it.
    fn element<T: Value>(&mut self, item: &Item) -> Option<T> {
        let told = self.remarks.len();
        let read = T::read(item, self);
        if self.remarks.len() > told {
            self.unread.elements.push(item.at.clone());
        }
        if read.is_none()
            && let Some(section) = self.path.first()
        {
            self.unread.incomplete.insert(section.clone());
        }
        read
    }

    /// Runs with the key at the end of the path.
    pub fn within<R>(&mut self, key: &str, run: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(shown_key(key));
        let result = run(self);
        self.path.pop();
        result
    }
}

/// A key as it can be typed: bare, or in quotes.
fn shown_key(key: &str) -> String {
    let bare = |found: char| found.is_ascii_alphanumeric() || matches!(found, '_' | '-' | ' ');
    let shown: String = key.chars().take(KEY_CHARACTERS_SHOWN).collect();
    let more = if shown.len() < key.len() { "…" } else { "" };
    if !shown.is_empty() && shown.chars().all(bare) { format!("{shown}{more}") } else { format!("{shown:?}{more}") }
}

const KEY_CHARACTERS_SHOWN: usize = 60;
/// More than these in one line are read by nobody.
const KEYS_LISTED_MAX: usize = 25;

/// All keys where they are few, else those that are something like what was written.
fn keys_near(found: &str, known: &[&'static str]) -> String {
    let near = nearest_few(found, known, 3);
    if known.len() <= KEYS_LISTED_MAX || near.is_empty() {
        return keys_here(known);
    }
    let near: Vec<String> = near.iter().map(|key| format!("`{key}`")).collect();
    format!("did you mean {}? `farthing check --keys` prints them all", near.join(" or "))
}

fn keys_here(known: &[&'static str]) -> String {
    if known.len() <= KEYS_LISTED_MAX {
        format!("the keys here are {}", known.join(", "))
    } else {
        "`farthing check --keys` prints all the keys there are".to_owned()
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
    /// A section, whatever its keys.
    pub const TABLE: Whole = Whole { one: "a table", example: "{ … }" };

    /// For what has keys and no value of its own.
    pub const NOTHING: Whole = Whole { one: "", example: "" };

    pub const fn one(self) -> &'static str {
        self.one
    }

    pub fn example(self) -> &'static str {
        self.example.trim_end_matches(',') // a list of words is made with a comma after each
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
            // All are read, so that every mistake is told; what could not be read is left out.
            Node::List(items) => Some(items.iter().filter_map(|item| reader.element(item)).collect()),
            // One alone needs no brackets: `channels = "card"`.
            _ => Some(reader.element(item).into_iter().collect()),
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
        let read = |entry: &Entry| {
            let value = reader.within(&entry.key, |reader| T::read(&entry.item, reader))?;
            Some((entry.key.clone(), value))
        };
        Some(table.entries.iter().filter_map(read).collect())
    }

    fn print(&self) -> String {
        let inner: Vec<String> = self.iter().map(|(key, value)| format!("{key} = {}", value.print())).collect();
        if inner.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", inner.join(", ")) }
    }
}

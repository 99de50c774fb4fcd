//! The words after a command, taken one by one: positions first, `key=value` in any order, and nothing left over.

use super::text::{Word, Wrong};
use farthing_core::config::{Name, Size, nearest};
use farthing_core::measure::{Quantity, Unit};
use farthing_core::money::{Currency, Money};
use farthing_core::time::{Duration, Instant, Span};
use std::fmt::Display;
use std::ops::Range;

pub(super) type Read<T> = Result<T, Wrong>;

pub(super) struct Arguments<'a> {
    /// How the command is written, for every message about it.
    pub usage: &'static str,
    words: std::collections::VecDeque<&'a Word>,
    pairs: Vec<&'a Word>,
    /// Just behind the last word: where what is missing belongs.
    end: Range<usize>,
    /// Every key that was asked for.
    known: Vec<&'static str>,
}

/// One word, or the value of one key.
#[derive(Clone, Debug)]
pub(super) struct Argument<'a> {
    pub at: Range<usize>,
    pub text: &'a str,
    usage: &'static str,
}

impl<'a> Arguments<'a> {
    /// Of a command whose own word is the first.
    pub(super) fn new(usage: &'static str, words: &'a [Word]) -> Arguments<'a> {
        let end = words.last().map_or(0, |last| last.at.end);
        let (pairs, words) = words.iter().skip(1).partition::<Vec<_>, _>(|word| word.pair().is_some());
        Arguments { usage, words: words.into(), pairs, end: end..end, known: Vec::new() }
    }

    /// The next word by its position. `what` says what belongs there: `the account`.
    pub(super) fn word(&mut self, what: &str) -> Read<Argument<'a>> {
        self.word_if_any().ok_or_else(|| self.missing(what))
    }

    pub(super) fn word_if_any(&mut self) -> Option<Argument<'a>> {
        let word = self.words.pop_front()?;
        Some(Argument::of(word, self.usage))
    }

    pub(super) fn name(&mut self, what: &str) -> Read<String> {
        self.word(what)?.name()
    }

    pub(super) fn names(&mut self) -> Read<Vec<String>> {
        std::iter::from_fn(|| self.word_if_any()).map(|word| word.name()).collect()
    }

    /// The value of a key, where it is there.
    pub(super) fn key(&mut self, key: &'static str) -> Option<Argument<'a>> {
        self.known.push(key);
        let found = self.pairs.iter().position(|word| word.pair().is_some_and(|(found, _)| found == key))?;
        let word = self.pairs.remove(found);
        let (_, value) = word.pair()?;
        Some(Argument { at: word.value_at(), text: value, usage: self.usage })
    }

    pub(super) fn need(&mut self, key: &'static str) -> Read<Argument<'a>> {
        self.key(key).ok_or_else(|| self.missing(&format!("{key}=")))
    }

    /// Every pair that is left: the caller knows what keys there may be.
    pub(super) fn rest(&mut self) -> Vec<(&'a str, Argument<'a>, Range<usize>)> {
        let usage = self.usage;
        let pairs = std::mem::take(&mut self.pairs).into_iter();
        pairs
            .filter_map(|word| {
                let (key, value) = word.pair()?;
                let key_at = word.at.start..word.at.start + key.len();
                Some((key, Argument { at: word.value_at(), text: value, usage }, key_at))
            })
            .collect()
    }

    /// The keys asked for so far.
    pub(super) fn known(&self) -> &[&'static str] {
        &self.known
    }

    pub(super) fn missing(&self, what: &str) -> Wrong {
        self.parted().unwrap_or_else(|| {
            Wrong::new(self.end.clone(), format!("{what} is missing"), format!("write: {}", self.usage))
        })
    }

    /// `key = value` was meant as one word.
    fn parted(&self) -> Option<Wrong> {
        let word = self.words.iter().find(|word| word.is("="))?;
        let remedy = format!("write key=value without spaces: {}", self.usage);
        Some(Wrong::new(word.at.clone(), "a key and its value are one word", remedy))
    }

    /// Nothing may be left.
    pub(super) fn finish(mut self) -> Read<()> {
        if let Some(parted) = self.parted() {
            return Err(parted);
        }
        if let Some(word) = self.words.front() {
            let write = format!("write: {}", self.usage);
            return Err(Wrong::new(
                word.at.clone(),
                format!("nothing belongs here, but there is {:?}", word.text),
                write,
            ));
        }
        let known = std::mem::take(&mut self.known);
        match self.rest().into_iter().next() {
            Some((key, _, at)) => Err(unknown_key(key, at, &known, self.usage)),
            None => Ok(()),
        }
    }
}

/// A key that is not among the known ones, or is there again.
pub(super) fn unknown_key(key: &str, at: Range<usize>, known: &[&str], usage: &str) -> Wrong {
    if known.contains(&key) {
        return Wrong::new(at, format!("`{key}=` is there twice"), "write it once");
    }
    let remedy = match nearest(key, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}=`?"),
        None => format!("write: {usage}"),
    };
    Wrong::new(at, format!("there is no key `{key}=` here"), remedy)
}

impl<'a> Argument<'a> {
    /// A word by itself.
    pub(super) fn of(word: &'a Word, usage: &'static str) -> Argument<'a> {
        Argument { at: word.at.clone(), text: &word.text, usage }
    }

    /// A part of this text, at its own place where no quotes lie between.
    pub(super) fn part(&self, text: &'a str) -> Argument<'a> {
        let offset = (text.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let plain = self.at.len() == self.text.len();
        let at = match offset.filter(|offset| plain && offset + text.len() <= self.text.len()) {
            Some(offset) => self.at.start + offset..self.at.start + offset + text.len(),
            None => self.at.clone(),
        };
        Argument { at, text, usage: self.usage }
    }

    pub(super) fn wrong(&self, what: impl Into<String>, remedy: impl Into<String>) -> Wrong {
        Wrong::new(self.at.clone(), what, remedy)
    }

    /// An error of ours that says what is wrong and, after its last semicolon, what to write.
    fn refused(&self, error: impl Display) -> Wrong {
        let told = error.to_string();
        match told.rsplit_once("; ") {
            Some((what, remedy)) => self.wrong(what, remedy),
            None => self.wrong(told, format!("write: {}", self.usage)),
        }
    }

    /// A name of the scenario's own: letters, digits and "-".
    pub(super) fn name(&self) -> Read<String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !self.text.is_empty() && self.text.bytes().all(plain) {
            return Ok(self.text.to_owned());
        }
        let what = if self.text.is_empty() {
            "a name is missing".to_owned()
        } else {
            format!("{:?} is not a name", self.text)
        };
        Err(self.wrong(what, "a name has lower-case letters, digits and \"-\", like web-1"))
    }

    /// A name of the catalogue's: a product, a SKU, a meter.
    pub(super) fn catalogue_name(&self) -> Read<String> {
        if let Some(name) = Name::parse(self.text) {
            return Ok(name.0);
        }
        let what = format!("{:?} is not a name of a catalogue", self.text);
        Err(self.wrong(what, "it has lower-case letters, digits, \"-\", \"_\" and \".\", like medium-2c-4g"))
    }

    /// Names with commas between them.
    pub(super) fn catalogue_names(&self) -> Read<Vec<String>> {
        let each = self.text.split(',').map(|text| self.part(text.trim()).catalogue_name());
        each.collect()
    }

    /// Any text that is not empty.
    pub(super) fn text(&self) -> Read<String> {
        if self.text.trim().is_empty() {
            return Err(
                self.wrong("a text is missing", "write it behind the \"=\", in quotes where it has spaces or a #")
            );
        }
        Ok(self.text.to_owned())
    }

    pub(super) fn time(&self) -> Read<Instant> {
        Instant::parse(self.text).map_err(|error| self.refused(error))
    }

    pub(super) fn duration(&self) -> Read<Duration> {
        Duration::parse(self.text).map_err(|error| self.refused(error))
    }

    pub(super) fn span(&self) -> Read<Span> {
        Span::parse(self.text).map_err(|error| self.refused(error))
    }

    /// An amount, in its currency's code or without. One below zero is read: that it is refused is a story too.
    pub(super) fn amount(&self, currency: Currency) -> Read<Money> {
        let text = self.text.strip_suffix(currency.code()).map_or(self.text, str::trim_end);
        Money::parse_amount(text, currency).map_err(|error| self.refused(error))
    }

    /// An amount, or `off`.
    pub(super) fn amount_or_off(&self, currency: Currency) -> Read<Option<Money>> {
        if matches!(self.text, "off" | "none") { Ok(None) } else { self.amount(currency).map(Some) }
    }

    /// A quantity with its unit or without. One below zero is read: that it is refused is a story too.
    pub(super) fn size(&self) -> Read<Size> {
        let (below, text) = self.text.strip_prefix('-').map_or((false, self.text), |text| (true, text));
        let (quantity, unit) = Quantity::parse_with_unit(text).map_err(|error| self.refused(error))?;
        let quantity = if below { Quantity::from_millionths(-quantity.millionths()) } else { quantity };
        Ok(Size { quantity, unit })
    }

    pub(super) fn quantity(&self) -> Read<Quantity> {
        match self.size()? {
            Size { quantity, unit: None } => Ok(quantity),
            Size { unit: Some(unit), .. } => Err(self.wrong(
                format!("a number belongs here, without the unit {:?}", Unit::as_str(&unit)),
                "write it like 3 or 1.5M",
            )),
        }
    }

    pub(super) fn count(&self) -> Read<u32> {
        self.text.parse().map_err(|_| self.wrong(format!("{:?} is not a whole number", self.text), "write it like 4"))
    }

    pub(super) fn yes(&self) -> Read<bool> {
        self.choice(&[("yes", true), ("no", false), ("on", true), ("off", false), ("true", true), ("false", false)], 2)
    }

    pub(super) fn on(&self) -> Read<bool> {
        let words = [("on", true), ("off", false), ("yes", true), ("no", false), ("true", true), ("false", false)];
        self.choice(&words, 2)
    }

    /// One of these words; the first `told` of them are named where it is none.
    pub(super) fn choice<T: Copy>(&self, words: &[(&str, T)], told: usize) -> Read<T> {
        if let Some((_, meant)) = words.iter().find(|(word, _)| *word == self.text) {
            return Ok(*meant);
        }
        let shown: Vec<&str> = words.iter().take(told).map(|(word, _)| *word).collect();
        let what = format!("{:?} is none of {}", self.text, shown.join(", "));
        let remedy = match nearest(self.text, shown.iter().copied()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("write: {}", self.usage),
        };
        Err(self.wrong(what, remedy))
    }
}

//! What any page of somebody who is signed in is asked with, and what it answers: who asks about which cloud, in which language; what was
//! entered and what was wrong with that. Customers' pages and operators' add what is theirs.

use crate::block::{Cell, Link, Section, Table};
use crate::frame::PageError;
use crate::web::multipart::Sent;
use crate::web::visitor::Visitor;
use crate::words::Language;
use crate::words::figure::{Figure, Notation};
use crate::{Cloud, Console};
use farthing_core::money::Money;
use farthing_core::time::{Instant, Zone};
use farthing_engine::{Asked, Engine, Once, RefusalCode, Refused};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct Sight {
    pub(crate) console: Arc<Console>,
    pub(crate) cloud: Cloud,
    pub(crate) visitor: Visitor,
    pub(crate) language: Language,
    pub(crate) zone: Zone,
    pub(crate) now: Instant,
    pub(crate) notation: Notation,
    /// Whose address is asked, with what follows it.
    pub(crate) address: String,
    pub(crate) source: String,
    /// What the address names beside the cloud: an account, a bill, a charge.
    pub(crate) named: BTreeMap<String, String>,
    /// What follows the address.
    pub(crate) query: BTreeMap<String, String>,
    /// What was entered into the form that was sent.
    pub(crate) entered: BTreeMap<String, String>,
    /// The files among it.
    pub(crate) files: BTreeMap<String, Sent>,
    pub(crate) trouble: Option<Trouble>,
}

/// Why a form did nothing, and beside which field that is said. Empty: above the button.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// How its address ends.
    pub(crate) form: String,
    pub(crate) field: String,
    pub(crate) what: String,
}

/// What stands on a page, within the frame.
pub(crate) struct Page {
    /// Which entry of the side bar it belongs to.
    pub(crate) nav: &'static str,
    pub(crate) title: String,
    pub(crate) sentence: String,
    pub(crate) above: Vec<Link>,
    pub(crate) sections: Vec<Section>,
}

/// Where the browser goes after a deed, and what is said there.
pub(crate) struct Done {
    pub(crate) to: String,
    pub(crate) said: &'static str,
}

/// Something to keep.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) name: String,
}

/// Why there is no page, or no deed.
#[derive(Debug)]
pub(crate) enum Stop {
    Page(PageError),
    /// The form is shown again.
    Field {
        field: &'static str,
        what: String,
    },
    Refused(Refused),
}

impl<E: Into<PageError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Page(error.into())
    }
}

impl Sight {
    pub(crate) fn id(&self) -> &str {
        &self.cloud.id
    }

    /// For looking.
    pub(crate) fn engine(&self) -> &Engine {
        &self.console.engine
    }

    /// For doing, in the visitor's name and once for each form that was shown.
    pub(crate) fn doing(&self) -> Engine {
        self.doing_because("")
    }

    /// The same with the reason that somebody gave, where the use case has no word of its own for it.
    pub(crate) fn doing_because(&self, why: &str) -> Engine {
        let mut hasher = blake3::Hasher::new();
        for (name, value) in self.entered.iter().filter(|(name, _)| *name != "csrf") {
            for text in [name, value] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        hasher.update(self.address.as_bytes());
        let once = self.entered.get("once").filter(|once| once.len() == 32);
        let once = once.map(|once| Once { key: format!("form-{once}"), digest: *hasher.finalize().as_bytes() });
        let (who, source) = (self.visitor.person.clone(), self.source.clone());
        self.console.engine.asked_by(Asked { who, source, once, why: why.to_owned() })
    }

    /// What tells one form that was shown from the next.
    pub(crate) fn once(&self) -> String {
        crate::web::visitor::hex(self.console.engine.ids().bytes())
    }

    pub(crate) fn say(&self, key: &'static str) -> &'static str {
        self.language.say(key)
    }

    pub(crate) fn with(&self, key: &'static str, places: &[(&str, &str)]) -> String {
        self.language.with(key, places)
    }

    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(crate) fn was_entered(&self, name: &str) -> Option<&str> {
        self.entered.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(crate) fn name(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    pub(crate) fn figure(&self, units: i64) -> Result<Figure, PageError> {
        self.notation.full(i128::from(units))
    }

    /// "$41.20"
    pub(crate) fn money(&self, units: i64) -> Result<String, PageError> {
        Ok(self.figure(units)?.text)
    }

    /// An amount that stands alone.
    pub(crate) fn amount(&self, units: i64) -> Result<Cell, PageError> {
        Ok(Cell::amount(self.figure(units)?))
    }

    /// An amount in a column that says its currency.
    pub(crate) fn bare(&self, units: i64) -> Result<Cell, PageError> {
        Ok(Cell::amount(self.notation.bare(i128::from(units))?))
    }

    pub(crate) fn day(&self, micros: i64) -> Result<Cell, PageError> {
        Cell::day(Instant::from_micros(micros), &self.zone, self.language)
    }

    pub(crate) fn moment(&self, at: Instant) -> Result<Cell, PageError> {
        Cell::moment(at, &self.zone, self.language)
    }

    pub(crate) fn product(&self, id: &str) -> String {
        let known = self.cloud.profile.catalog.product_by_id(id);
        known.map_or_else(|| id.to_owned(), |product| product.name.to_string())
    }

    pub(crate) fn currency(&self) -> &'static str {
        self.cloud.currency.code()
    }

    /// An amount that was entered: exact, and of the account's currency.
    pub(crate) fn entered_amount(&self, field: &'static str) -> Result<Money, Stop> {
        let text = self.was_entered(field).or_else(|| self.asked(field));
        let text = text.ok_or_else(|| Stop::Field { field, what: self.say("error.amount_missing").to_owned() })?;
        self.read_amount(field, text)
    }

    /// As people write it: with a currency sign, or the grouping of their language.
    pub(crate) fn read_amount(&self, field: &'static str, text: &str) -> Result<Money, Stop> {
        let plain: String = text.chars().filter(|char| char.is_ascii_digit() || matches!(char, '.' | '-')).collect();
        let strange =
            text.chars().any(|char| char.is_alphabetic() && !self.currency().contains(char.to_ascii_uppercase()));
        let money = Money::parse_amount(&plain, self.cloud.currency).ok().filter(|_| !strange);
        money.ok_or_else(|| Stop::Field { field, what: self.with("error.amount", &[("text", text)]) })
    }

    /// What was refused, to whoever reads this language.
    pub(crate) fn refused(&self, refused: &Refused) -> String {
        let own = refused.code().and_then(|code| self.language.find(&format!("refused.{}", code.name())));
        match (self.language, own) {
            (Language::En, _) | (_, None) => {
                let message = refused.to_string();
                let mut letters = message.chars();
                let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
                format!("{first}{}.", letters.as_str().trim_end_matches('.'))
            }
            (_, Some(own)) => own.to_owned(),
        }
    }

    /// A refusal at one field where it is about that, else above the button.
    pub(crate) fn trouble_of(&self, refused: Refused, form: &str) -> Result<Trouble, PageError> {
        match refused {
            Refused::Engine(error) => Err(PageError::Failed(error.to_string())),
            by_rule @ Refused::ByRule { .. } => {
                Ok(Trouble { form: form.to_owned(), field: String::new(), what: self.refused(&by_rule) })
            }
        }
    }

    /// There is no such page, or it is not the visitor's: in one and the same words.
    pub(crate) fn nowhere(&self) -> PageError {
        PageError::NotFound(self.say("error.no_page").to_owned())
    }

    /// A table whose columns are texts; those that begin with `#` are numbers.
    pub(crate) fn table(&self, caption: impl Into<String>, columns: &[&'static str], empty: &'static str) -> Table {
        let label = |key: &&'static str| match key.strip_prefix('#') {
            Some(number) => format!("#{}", self.say(number)),
            None => self.say(key).to_owned(),
        };
        let labels: Vec<String> = columns.iter().map(label).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        Table::new(caption, &labels).when_empty(self.say(empty))
    }

    /// What has to be written: a reason, a note.
    pub(crate) fn must_enter(&self, field: &'static str) -> Result<String, Stop> {
        let text = self.was_entered(field).map(str::to_owned);
        text.ok_or_else(|| Stop::Field { field, what: self.say("error.needed").to_owned() })
    }
}

/// What an engine that was only looked at refuses is not there.
pub(crate) fn found<T>(answer: Result<T, Refused>, sight: &Sight) -> Result<T, PageError> {
    answer.map_err(|refused| match refused.code() {
        Some(RefusalCode::NotFound | RefusalCode::Invalid) => sight.nowhere(),
        _ => PageError::Failed(refused.to_string()),
    })
}

impl Page {
    pub(crate) fn new(sight: &Sight, nav: &'static str, sentence: impl Into<String>) -> Page {
        let title = sight.say(nav).to_owned();
        Page { nav, title, sentence: sentence.into(), above: Vec::new(), sections: Vec::new() }
    }

    pub(crate) fn section(mut self, section: Section) -> Page {
        self.sections.push(section);
        self
    }
}

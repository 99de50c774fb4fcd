//! Who a cloud is, and how it looks to its customers.

use crate::config::{Colour, Name, Text, section};
use crate::measure::DataStep;
use crate::money::{Currency, Locale};
use crate::time::{CivilDate, WorkingWeek, Zone};

section! {
    /// `[cloud]`
    Cloud {
        /// In addresses, rows and commands; the name of the folder
        id: Name = required @ Catalogue,
        /// As people say it
        name: Text = required @ Catalogue,
        /// Of every price and every account (R100)
        currency: Currency = required @ Catalogue,
        /// Of accounts that have none of their own: where their days, months and anchors begin
        time_zone: Zone = "UTC" @ Catalogue,
        /// What its mails, documents and pages are written in, the first by default (R78)
        languages: Vec<Locale> = "en" @ Catalogue,
        /// For deadlines in working days (R55, R62)
        working_days: WorkingWeek = "mon-fri" @ Bills,
        /// Not working days, whatever the week says
        holidays: Vec<CivilDate> = "[]" @ Bills,
        /// How many MB a GB has, and so on: 1024 or 1000 (R71)
        data_step: DataStep = "1024" @ Catalogue,
    }
}

section! {
    /// `[brand]`: the white label (R42). Help pages may use `{{ name }}`, `{{ support }}` and the like.
    Brand {
        /// On documents
        legal_name: Text = required @ Catalogue,
        /// On documents
        address: Option<Text> = "none" @ Payments,
        /// Two letters; whose tax law the documents follow
        country: Option<Country> = "none" @ Payments,
        /// On documents
        tax_number: Option<Text> = "none" @ Payments,
        /// Whom mails come from
        sender: Option<Email> = "none" @ Api,
        /// Where customers write to
        support: Option<Email> = "none" @ Api,
        /// The colour of links and marks; it is darkened or lightened until it can be read
        accent: Option<Colour> = "none" @ Catalogue,
        /// On documents: a PNG or an SVG file beside `cloud.toml`
        logo: Option<Text> = "none" @ Api,
        /// A folder beside `cloud.toml` with the images of its help pages (R42)
        images: Option<Text> = "none" @ Consoles,
    }
}

/// ISO 3166, two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country(pub [u8; 2]);

/// An address that mail can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(pub String);

impl std::fmt::Display for Country {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|letter| std::fmt::Write::write_char(out, char::from(*letter)))
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

crate::config::worded!(
    Country,
    "a country",
    "\"DE\"",
    |text, _reader| match *text.as_bytes() {
        [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => Ok(Country([first, second])),
        _ => Err(Some("; write two capital letters of ISO 3166, such as \"DE\"".to_owned())),
    },
    |value| value
);
crate::config::worded!(
    Email,
    "a mail address",
    "\"billing@cloud.example\"",
    |text, _reader| {
        let parts = text.split_once('@').filter(|(user, host)| {
            !user.is_empty()
                && host.contains('.')
                && !host.contains('@')
                && !host.starts_with('.')
                && !host.ends_with('.')
        });
        if parts.is_some() && !text.contains(char::is_whitespace) { Ok(Email(text)) } else { Err(None) }
    },
    |value| value
);

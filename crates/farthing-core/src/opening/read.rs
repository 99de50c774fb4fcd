//! What a file of opening balances says, line by line, and what is wrong with a line: at its column, with what to write.

use super::csv::{Record, records};
use super::totals::{Outcome, Verdict};
use crate::config::{Name, nearest};
use crate::money::{Currency, Money};
use crate::policy::Pay;
use crate::time::{CivilDate, Instant, Zone};
use std::collections::BTreeMap;

/// The columns that may stand in the header, in any order. `account` and `balance` must.
pub const COLUMNS: &[&str] = &[
    "account",
    "balance",
    "currency",
    "credit",
    "credit_expires",
    "zone",
    "country",
    "pay",
    "name",
    "email",
    "language",
    "reference",
];

/// What a line does not say is the cloud's.
#[derive(Clone, Debug)]
pub struct Defaults {
    pub currency: Currency,
    pub zone: Zone,
}

/// One account with what it had; below zero it was owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningLine {
    pub line: usize,
    pub account: Name,
    pub zone: Option<String>,
    pub country: Option<String>,
    pub pay: Option<Pay>,
    /// Whom to write to, as far as it is said.
    pub name: String,
    pub email: String,
    pub language: String,
    pub balance: Money,
    pub credit: Option<OpeningCredit>,
    /// Tells apart two opening balances of one account, from two systems it was kept in. Mostly empty: an account has one.
    pub reference: String,
}

/// Free credit that was not used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningCredit {
    pub amount: Money,
    pub expires: Option<Instant>,
}

/// The lines that can be read, and those that cannot.
#[derive(Clone, Debug)]
pub struct OpeningFile {
    pub lines: Vec<OpeningLine>,
    pub refused: Vec<Outcome>,
}

/// Reads a whole file. An error: nothing of it can be read.
pub fn read(text: &str, defaults: &Defaults) -> Result<OpeningFile, String> {
    let records = records(text).map_err(|fault| fault.to_string())?;
    let Some((header, body)) = records.split_first() else {
        return Err(format!("there is nothing in it: begin with a line of column names, of {}", COLUMNS.join(", ")));
    };
    let columns = columns(header)?;
    let mut file = OpeningFile { lines: Vec::new(), refused: Vec::new() };
    let mut seen: BTreeMap<Name, usize> = BTreeMap::new();
    for record in body {
        let row = Row { record, columns: &columns, defaults };
        let line = row.read().and_then(|line| match seen.insert(line.account.clone(), line.line) {
            Some(before) => Err(refuse("account", format!("it stands on line {before} too: leave one of them out"))),
            None => Ok(line),
        });
        match line {
            Ok(line) => file.lines.push(line),
            Err(verdict) => file.refused.push(Outcome {
                line: record.line,
                account: row.get("account").unwrap_or_default().to_owned(),
                balance: row.amount("balance").ok().flatten(),
                credit: row.amount("credit").ok().flatten(),
                verdict,
            }),
        }
    }
    Ok(file)
}

/// Where each column stands.
fn columns(header: &Record) -> Result<BTreeMap<String, usize>, String> {
    let mut columns = BTreeMap::new();
    if let [only] = header.fields.as_slice()
        && (only.contains(';') || only.contains('\t'))
    {
        return Err(format!(
            "line {}: its columns are kept apart by other than commas: save it with commas",
            header.line
        ));
    }
    for (place, name) in header.fields.iter().enumerate() {
        let known = name.to_lowercase().replace([' ', '-'], "_");
        if !COLUMNS.contains(&known.as_str()) {
            let meant = nearest(&known, COLUMNS.iter().copied());
            let remedy = match meant {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", COLUMNS.join(", ")),
            };
            return Err(format!(
                "line {}, column {}: {name:?} is no column of this file: {remedy}",
                header.line,
                place.saturating_add(1)
            ));
        }
        if columns.insert(known, place).is_some() {
            return Err(format!("line {}: the column {name:?} is there twice: leave one out", header.line));
        }
    }
    for needed in ["account", "balance"] {
        if !columns.contains_key(needed) {
            return Err(format!(
                "line {}: there is no column {needed:?}: it says whose money, or how much",
                header.line
            ));
        }
    }
    Ok(columns)
}

struct Row<'r> {
    record: &'r Record,
    columns: &'r BTreeMap<String, usize>,
    defaults: &'r Defaults,
}

impl Row<'_> {
    /// What a column says; nothing where it is empty or not there.
    fn get(&self, column: &str) -> Option<&str> {
        let place = self.columns.get(column)?;
        self.record.fields.get(*place).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn text(&self, column: &str) -> String {
        self.get(column).unwrap_or_default().to_owned()
    }

    fn amount(&self, column: &str) -> Result<Option<Money>, Verdict> {
        let amount = self.get(column).map(|text| Money::parse_amount(text, self.defaults.currency));
        amount.transpose().map_err(|error| refuse(column, error.to_string()))
    }

    fn read(&self) -> Result<OpeningLine, Verdict> {
        if self.record.fields.len() > self.columns.len() {
            let what = "the line has more fields than the header has columns: quote amounts that have commas in them";
            return Err(refuse("", what.to_owned()));
        }
        let account = self.get("account").ok_or_else(|| refuse("account", "say whose balance it is".to_owned()))?;
        let account = Name::parse(account).ok_or_else(|| {
            let what = format!("{account:?} is no name for an account: use lower-case letters, digits, - and _");
            refuse("account", what)
        })?;
        if let Some(code) = self.get("currency") {
            let own = self.defaults.currency;
            let same = Currency::parse(code).map_err(|error| refuse("currency", error.to_string()))? == own;
            if !same {
                let what = format!("this cloud's accounts are in {}, not in {code}: give the amount in it", own.code());
                return Err(refuse("currency", what));
            }
        }
        let balance = self.amount("balance")?;
        let balance = balance.ok_or_else(|| refuse("balance", "say how much, if only 0.00".to_owned()))?;
        let zone = self.get("zone").map(Zone::parse).transpose().map_err(|error| refuse("zone", error.to_string()))?;
        let country = self.get("country").map(str::to_owned);
        if country.as_ref().is_some_and(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err(refuse("country", "a country is two capital letters, such as IT".to_owned()));
        }
        let pay = match self.get("pay") {
            None => None,
            Some("prepaid") => Some(Pay::Prepaid),
            Some("postpaid") => Some(Pay::Postpaid),
            Some(other) => {
                return Err(refuse("pay", format!("{other:?} is no way to pay: write prepaid or postpaid")));
            }
        };
        Ok(OpeningLine {
            line: self.record.line,
            account,
            credit: self.credit(zone.as_ref().unwrap_or(&self.defaults.zone))?,
            zone: zone.map(|zone| zone.name().to_owned()),
            country,
            pay,
            name: self.text("name"),
            email: self.text("email"),
            language: self.text("language"),
            balance,
            reference: self.text("reference"),
        })
    }

    fn credit(&self, zone: &Zone) -> Result<Option<OpeningCredit>, Verdict> {
        let expires = self.get("credit_expires").map(|text| end_of(text, zone)).transpose()?;
        let amount = self.amount("credit")?.filter(|amount| !amount.is_zero());
        match (amount, expires) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(refuse("credit", "there is an expiry and no credit: say how much".to_owned())),
            (Some(amount), _) if amount.is_negative() => {
                Err(refuse("credit", "credit is not below zero: what is owed is a balance below zero".to_owned()))
            }
            (Some(amount), expires) => Ok(Some(OpeningCredit { amount, expires })),
        }
    }
}

/// A time, or a day: then to the end of that day.
fn end_of(text: &str, zone: &Zone) -> Result<Instant, Verdict> {
    let wrong = |error: String| refuse("credit_expires", error);
    match CivilDate::parse(text) {
        Ok(date) => Ok(zone.day(date).map_err(|error| wrong(error.to_string()))?.end()),
        Err(_) if matches!(text.as_bytes().get(10), Some(b'T' | b't')) => {
            Instant::parse(text).map_err(|error| wrong(error.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn refuse(column: &str, what: String) -> Verdict {
    Verdict::Refused { column: column.to_owned(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults { currency: Currency::parse("USD").unwrap(), zone: Zone::UTC }
    }

    fn usd(text: &str) -> Money {
        Money::parse_amount(text, Currency::parse("USD").unwrap()).unwrap()
    }

    #[test]
    fn a_line_says_whose_money_and_how_much() {
        let text = "Account,balance,currency,credit,credit expires,zone,country,pay,email\n\
                    acme,\"1,234.50\",USD,5.00,2026-12-31,Europe/Rome,IT,prepaid,ada@acme.example\n\
                    beta,-3.25\n";
        let file = read(text, &defaults()).unwrap();
        assert_eq!(file.refused, []);
        let [acme, beta] = file.lines.as_slice() else { panic!("{file:?}") };
        assert_eq!((acme.line, acme.account.as_str(), acme.balance), (2, "acme", usd("1234.50")));
        // The last day counts whole, in the account's zone: one hour before it ends in UTC.
        let expires = Some(Instant::parse("2026-12-31T23:00:00Z").unwrap());
        assert_eq!(acme.credit, Some(OpeningCredit { amount: usd("5.00"), expires }));
        assert_eq!(
            (acme.zone.as_deref(), acme.country.as_deref(), acme.pay),
            (Some("Europe/Rome"), Some("IT"), Some(Pay::Prepaid))
        );
        assert_eq!((beta.line, beta.balance, beta.credit, beta.zone.clone()), (3, usd("-3.25"), None, None));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_at_its_column() {
        let check = |line: &str, column: &str, says: &str| {
            let text = format!("account,balance,currency,credit,credit_expires,zone,country,pay\n{line}\n");
            let file = read(&text, &defaults()).unwrap();
            let [outcome] = file.refused.as_slice() else { panic!("{line}: {file:?}") };
            let Verdict::Refused { column: at, what } = &outcome.verdict else { panic!("{outcome:?}") };
            assert_eq!((outcome.line, at.as_str()), (2, column), "{what}");
            assert!(what.contains(says), "{what}");
        };
        check(",5.00", "account", "say whose");
        check("Acme Ltd,5.00", "account", "lower-case letters");
        check("acme", "balance", "if only 0.00");
        check("acme,5.-", "balance", "write digits");
        check("acme,5.00,EUR", "currency", "in USD, not in EUR");
        check("acme,5.00,,-1", "credit", "not below zero");
        check("acme,5.00,,,2026-12-31", "credit", "no credit");
        check("acme,5.00,,1.00,soon", "credit_expires", "2026");
        check("acme,5.00,,,,Europe/Roma", "zone", "Europe/Rome");
        check("acme,5.00,,,,,Italy", "country", "two capital letters");
        check("acme,5.00,,,,,,later", "pay", "prepaid or postpaid");
        check("acme,1,234.50,USD,1.00,2026-12-31,UTC,IT,prepaid", "", "quote amounts");
    }

    #[test]
    fn an_account_stands_once_in_a_file() {
        let file = read("account,balance\nacme,1.00\nbeta,2.00\nacme,3.00\n", &defaults()).unwrap();
        assert_eq!(file.lines.len(), 2);
        let [outcome] = file.refused.as_slice() else { panic!("{file:?}") };
        assert_eq!((outcome.line, outcome.balance), (4, Some(usd("3.00"))));
        let Verdict::Refused { what, .. } = &outcome.verdict else { panic!("{outcome:?}") };
        assert_eq!(what, "it stands on line 2 too: leave one of them out");
    }

    #[test]
    fn a_header_that_cannot_be_meant_stops_everything() {
        let check = |text: &str, says: &str| {
            let told = read(text, &defaults()).unwrap_err();
            assert!(told.contains(says), "{told}");
        };
        check("", "begin with a line of column names");
        check("account;balance\nacme;1.00\n", "save it with commas");
        check("account,balanse\n", "did you mean balance?");
        check("account,balance,balance\n", "there twice");
        check("account,credit\n", "no column \"balance\"");
    }
}

//! camt.053 and camt.054 of ISO 20022: statements, and notices of single movements, in all versions that banks send.
//!
//! Owns the message, its statements and their balances; what one entry says is `entry`'s.

mod code;
mod entry;

use crate::amount::{self, ISO};
use crate::bad_file::BadFile;
use crate::balance;
use crate::reference::References;
use crate::source::{FETCH_AGAIN, Lines, Source};
use crate::xml::{self, Node};
pub(crate) use code::of_german;
use entry::Account;
use farthing_core::bank::Statement;
use farthing_core::money::{Currency, Money};
use farthing_core::time::CivilDate;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// `camt.053`
    name: &'static str,
    body: &'static str,
    part: &'static str,
    /// Whether each part has balances.
    balances: bool,
}

pub(crate) const STATEMENT: Message = Message { name: "camt.053", body: "BkToCstmrStmt", part: "Stmt", balances: true };
pub(crate) const NOTICE: Message =
    Message { name: "camt.054", body: "BkToCstmrDbtCdtNtfctn", part: "Ntfctn", balances: false };

/// What the namespaces of all messages begin with.
pub(crate) const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";
/// The first version is of 2006 and has another shape; nobody sends it.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=14;

pub(crate) fn read(bytes: &[u8], message: Message) -> Result<Vec<Statement>, BadFile> {
    let source = xml::source(bytes)?;
    let root = xml::parse(&source)?;
    let namespace = xml::namespace(&source, &root)?;
    let kind = namespace.strip_prefix(NAMESPACE).unwrap_or(namespace);
    let version = kind.strip_prefix(message.name).and_then(|rest| rest.strip_prefix(".001."));
    if !version.and_then(|version| version.parse().ok()).is_some_and(|version| VERSIONS.contains(&version)) {
        let what = format!("the file is a {kind:?}, not a {} of versions 001.02 to 001.14", message.name);
        return Err(source.bad(root.at, what, "choose another file, or say its own format"));
    }
    let Some(body) = root.find(message.body) else {
        return Err(source.bad(root.at, format!("<{}> is missing", message.body), FETCH_AGAIN));
    };
    let mut lines = Lines::of(&source.text);
    let mut statements = Vec::new();
    for part in body.all(message.part) {
        if let Some(statement) = statement(&source, &mut lines, part, message)? {
            statements.push(statement);
        }
    }
    if statements.is_empty() && message.balances {
        return Err(source.bad(body.at, format!("the file has no statement (<{}>)", message.part), FETCH_AGAIN));
    }
    Ok(statements)
}

/// None for a notice that tells nothing.
fn statement(
    source: &Source<'_>,
    lines: &mut Lines<'_>,
    part: &Node<'_>,
    message: Message,
) -> Result<Option<Statement>, BadFile> {
    let numbers = part.find_of(&["Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id"]);
    let Some(number) = numbers.filter(|number| !number.text.trim().is_empty()) else {
        return Err(source.bad(part.at, "the account's number is missing (<Acct><Id>)", FETCH_AGAIN));
    };
    let Some(currency) = currency(source, part)? else {
        if part.all("Ntry").next().is_some() || message.balances {
            return Err(source.bad(part.at, "the account's currency is missing (<Ccy>)", FETCH_AGAIN));
        }
        return Ok(None);
    };
    let account = Account { number: number.text.trim(), currency };
    let opening = balance_of(source, part, account, &["OPBD", "PRCD"])?;
    let closing = balance_of(source, part, account, &["CLBD"])?;
    let mut rows = Vec::new();
    let mut references = References::default();
    for entry in part.all("Ntry") {
        let line = lines.line(entry.at);
        rows.extend(entry::rows(source, entry, account, line, &mut references)?);
    }
    let statement = Statement {
        id: part.text_at("Id").to_owned(),
        account: account.number.to_owned(),
        currency,
        opening: opening.map(|(money, _)| money),
        closing: closing.map(|(money, _)| money),
        rows,
    };
    balance::check(&statement, source, closing.map_or(part.at, |(_, at)| at))?;
    Ok(Some(statement))
}

/// What the account says it has, or else its first amount.
fn currency(source: &Source<'_>, part: &Node<'_>) -> Result<Option<Currency>, BadFile> {
    if let Some(said) = part.find("Acct/Ccy") {
        return amount::currency(said.text.trim(), source, said.at).map(Some);
    }
    let first = part.find_of(&["Bal/Amt", "Ntry/Amt"]);
    let code = first.and_then(|amount| Some((amount.attribute("Ccy")?, amount.at)));
    code.map(|(code, at)| amount::currency(code, source, at)).transpose()
}

/// The first balance of the first of these kinds, and where it stands.
fn balance_of(
    source: &Source<'_>,
    part: &Node<'_>,
    account: Account<'_>,
    kinds: &[&str],
) -> Result<Option<(Money, usize)>, BadFile> {
    let of = |kind: &&str| part.all("Bal").find(|balance| balance.text_at("Tp/CdOrPrtry/Cd") == *kind);
    let Some(found) = kinds.iter().find_map(of) else {
        return Ok(None);
    };
    let amount = amount_of(source, found, account)?;
    Ok(Some((signed(source, found, amount)?, found.at)))
}

/// `<Amt Ccy="EUR">`, which must be there and in the account's currency.
fn amount_of(source: &Source<'_>, node: &Node<'_>, account: Account<'_>) -> Result<Money, BadFile> {
    let Some(amount) = node.find("Amt") else {
        return Err(source.bad(node.at, format!("<{}> has no amount (<Amt>)", node.name), FETCH_AGAIN));
    };
    let Some(code) = amount.attribute("Ccy") else {
        return Err(source.bad(amount.at, "the amount has no currency (Ccy)", FETCH_AGAIN));
    };
    let currency = amount::currency(code, source, amount.at)?;
    if currency != account.currency {
        let what = format!("the amount is in {currency} and the account in {}", account.currency);
        return Err(source.bad(amount.at, what, "ask the bank for a statement in one currency"));
    }
    amount::read(amount.text.trim(), currency, ISO, source, amount.at)
}

fn signed(source: &Source<'_>, node: &Node<'_>, amount: Money) -> Result<Money, BadFile> {
    if comes_in(source, node)? { Ok(amount) } else { Ok(negated(amount)) }
}

/// An amount that was read is never the smallest there is, so that it has an opposite.
fn negated(amount: Money) -> Money {
    amount.checked_neg().unwrap_or(amount)
}

/// `CdtDbtInd`
fn comes_in(source: &Source<'_>, node: &Node<'_>) -> Result<bool, BadFile> {
    match node.text_at("CdtDbtInd") {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        other => {
            let what = format!("<{}> says {other:?} where it must say CRDT or DBIT (<CdtDbtInd>)", node.name);
            Err(source.bad(node.find("CdtDbtInd").unwrap_or(node).at, what, FETCH_AGAIN))
        }
    }
}

/// `Dt`, or the date of `DtTm` as the bank's own clock has it.
fn date(source: &Source<'_>, node: &Node<'_>) -> Result<CivilDate, BadFile> {
    let said = node.find_of(&["Dt", "DtTm"]).unwrap_or(node);
    let text = said.text.trim();
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    let ends = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-']);
    CivilDate::parse(day).ok().filter(|_| ends).ok_or_else(|| {
        source.bad(said.at, format!("{text:?} is no date"), format!("it must be like 2026-01-31; {FETCH_AGAIN}"))
    })
}

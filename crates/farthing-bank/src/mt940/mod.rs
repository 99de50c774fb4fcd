//! MT940: the older statement of SWIFT, in fields that begin with `:61:` and the like.
//!
//! Owns the message, its statements and their balances. What a movement's line says is `line`'s, what stands in its text `purpose`'s.

mod keyword;
mod line;
mod purpose;

use crate::amount::{self, SWIFT};
use crate::bad_file::BadFile;
use crate::balance;
use crate::reference::References;
use crate::source::{FETCH_AGAIN, Lines, Reading, Source};
use farthing_core::bank::{Iban, Row, Statement};
use farthing_core::money::{Currency, Money};
use farthing_core::time::CivilDate;

/// `:61:` and what follows it up to the next.
#[derive(Clone, Debug)]
struct Field<'a> {
    tag: &'a str,
    /// Where its text begins.
    at: usize,
    lines: Vec<&'a str>,
}

/// What ends a message.
const END: &str = "-";

pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Statement>, BadFile> {
    let source = Source::decode(bytes, Reading::Either)?;
    let fields = fields(&source)?;
    let mut lines = Lines::of(&source.text);
    let mut statements = Vec::new();
    let mut rest = fields.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if first.tag == END {
            rest = after;
            continue;
        }
        if first.tag != "20" {
            let what = format!("a statement begins with :20:, and here :{}: comes first", first.tag);
            return Err(source.bad(first.at, what, FETCH_AGAIN));
        }
        let length = after.iter().position(|field| field.tag == "20" || field.tag == END).unwrap_or(after.len());
        let (own, others) = after.split_at(length);
        statements.push(statement(&source, &mut lines, first, own)?);
        rest = others;
    }
    Ok(statements)
}

/// Whether a text begins as these files do.
pub(crate) fn begins(text: &str) -> bool {
    let first = text.lines().map(str::trim_end).find(|line| !line.is_empty() && !line.starts_with('{'));
    text.contains(":20:") && (first.is_some_and(|line| tagged(line).is_some_and(|(tag, _)| tag == "20")))
}

fn fields<'a>(source: &'a Source<'_>) -> Result<Vec<Field<'a>>, BadFile> {
    let text: &'a str = &source.text;
    let mut fields: Vec<Field<'a>> = Vec::new();
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\r', '\n']);
        if let Some((tag, content)) = tagged(line) {
            fields.push(Field { tag, at: at + line.len() - content.len(), lines: vec![content] });
        } else if line.trim() == END || line.starts_with("-}") {
            fields.push(Field { tag: END, at, lines: Vec::new() });
        } else if fields.last().is_none_or(|last| last.tag == END) && (line.starts_with('{') || line.trim().is_empty())
        {
            // The envelope, and what stands between messages.
        } else if let Some(last) = fields.last_mut().filter(|last| last.tag != END) {
            last.lines.push(line);
        } else {
            return Err(source.bad(
                at,
                "this is no MT940: a field such as :20: is missing",
                "choose the statement itself",
            ));
        }
        at += whole.len();
    }
    if !fields.iter().any(|field| field.tag == "20") {
        return Err(source.bad(0, "this is no MT940: it has no statement (:20:)", "choose the statement itself"));
    }
    Ok(fields)
}

/// `:60F:C26…` is `60F` and the rest.
fn tagged(line: &str) -> Option<(&str, &str)> {
    let (tag, content) = line.strip_prefix(':')?.split_once(':')?;
    let (number, letter) = tag.split_at_checked(2)?;
    let right = number.bytes().all(|byte| byte.is_ascii_digit())
        && letter.len() <= 1
        && letter.bytes().all(|byte| byte.is_ascii_uppercase());
    right.then_some((tag, content))
}

struct Balance {
    money: Money,
    at: usize,
}

fn statement(
    source: &Source<'_>,
    lines: &mut Lines<'_>,
    first: &Field<'_>,
    fields: &[Field<'_>],
) -> Result<Statement, BadFile> {
    let of = |tags: &[&str]| fields.iter().find(|field| tags.contains(&field.tag));
    let missing = |what: &str| source.bad(first.at, format!("the statement has no {what}"), FETCH_AGAIN);
    let account = of(&["25", "25P"]).ok_or_else(|| missing("account (:25:)"))?;
    let opening = balance_of(source, of(&["60F", "60M"]).ok_or_else(|| missing("opening balance (:60F:)"))?)?;
    let Some(closing) = of(&["62F", "62M"]) else {
        let what = "the file is cut off: the statement has no closing balance (:62F:)";
        let end = fields.last().map_or(first.at, |last| last.at);
        return Err(source.bad(end, what, FETCH_AGAIN));
    };
    let closing_balance = balance_of(source, closing)?;
    let currency = opening.money.currency();
    if closing_balance.money.currency() != currency {
        let what =
            format!("the closing balance is in {} and the opening one in {currency}", closing_balance.money.currency());
        return Err(source.bad(closing.at, what, FETCH_AGAIN));
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut references = References::default();
    let until = fields.iter().position(|field| field.tag == closing.tag).unwrap_or(fields.len());
    let mut moving = fields.get(..until).unwrap_or_default().iter().peekable();
    while let Some(field) = moving.next() {
        match field.tag {
            "61" => {
                let mut entry = line::read(source, field, currency)?;
                entry.row.line = lines.line(field.at);
                let text = moving.next_if(|next| next.tag == "86");
                let mut row = purpose::complete(source, entry, text)?;
                references.tell_apart(std::slice::from_mut(&mut row));
                rows.push(row);
            }
            "86" => {
                let what = "a text (:86:) stands here without a movement (:61:) before it";
                return Err(source.bad(field.at, what, FETCH_AGAIN));
            }
            _ => {}
        }
    }
    let sequence = of(&["28C", "28"]).and_then(|field| field.lines.first()).map_or("", |line| line.trim());
    let reference = first.lines.first().map_or("", |line| line.trim());
    let statement = Statement {
        id: if sequence.is_empty() { reference.to_owned() } else { format!("{reference} {sequence}") },
        account: account_number(account.lines.first().copied().unwrap_or_default(), currency),
        currency,
        opening: Some(opening.money),
        closing: Some(closing_balance.money),
        rows,
    };
    if statement.account.is_empty() {
        return Err(source.bad(account.at, "the account's number is empty (:25:)", FETCH_AGAIN));
    }
    balance::check(&statement, source, closing_balance.at)?;
    Ok(statement)
}

/// An IBAN as it is; German banks write `bank code/number`. Some put the currency behind.
fn account_number(text: &str, currency: Currency) -> String {
    let text = text.trim();
    let bare = text.strip_suffix(currency.code()).map_or(text, str::trim_end);
    Iban::parse(bare).map_or_else(|_| bare.to_owned(), |iban| iban.as_str().to_owned())
}

/// `C260131EUR1234,56`
fn balance_of(source: &Source<'_>, field: &Field<'_>) -> Result<Balance, BadFile> {
    let text = field.lines.first().copied().unwrap_or_default().trim_end();
    let broken = || {
        let what = format!("{text:?} is no balance (:{}:)", field.tag);
        source.bad(field.at, what, format!("it must be like C260131EUR1234,56; {FETCH_AGAIN}"))
    };
    let (mark, rest) = text.split_at_checked(1).ok_or_else(broken)?;
    let (day, rest) = rest.split_at_checked(6).ok_or_else(broken)?;
    let (code, number) = rest.split_at_checked(3).ok_or_else(broken)?;
    date(source, field.at + 1, day)?;
    let currency = amount::currency(code, source, field.at + 7)?;
    let money = amount::read(number, currency, SWIFT, source, field.at + 10)?;
    let money = match mark {
        "C" => money,
        "D" => money.checked_neg().map_err(|_| broken())?,
        _ => return Err(broken()),
    };
    Ok(Balance { money, at: field.at })
}

/// `260131`. Years from 80 on are of the last century: there were such statements then.
fn date(source: &Source<'_>, at: usize, text: &str) -> Result<CivilDate, BadFile> {
    let parse = || {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |from: usize| text.get(from..from + 2)?.parse::<u8>().ok();
        let year = u16::from(part(0)?);
        CivilDate::try_new(if year >= 80 { 1900 + year } else { 2000 + year }, part(2)?, part(4)?).ok()
    };
    parse()
        .ok_or_else(|| source.bad(at, format!("{text:?} is no date"), format!("it must be like 260131; {FETCH_AGAIN}")))
}

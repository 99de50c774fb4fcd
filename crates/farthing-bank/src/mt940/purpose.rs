//! `:86:`, what a movement is for: free text, the numbered parts of German banks (`166?00…?20…`), or the words between slashes of
//! Dutch and Belgian ones.

use super::Field;
use super::keyword::{self, Words};
use super::line::Entry;
use crate::amount::{self, SWIFT};
use crate::bad_file::BadFile;
use crate::camt::of_german;
use crate::reference::given;
use crate::source::Source;
use farthing_core::bank::{Iban, Nature, Row};

pub(super) fn complete(source: &Source<'_>, entry: Entry, text: Option<&Field<'_>>) -> Result<Row, BadFile> {
    let Entry { mut row, reversal, reference } = entry;
    if let Some(text) = text {
        fill(source, &mut row, reversal, text)?;
    }
    // Of what we asked for it is our own name; of what somebody else paid, what they gave.
    let asked = row.amount.is_negative() || row.nature != Nature::Transfer;
    let field = if asked { &mut row.batch } else { &mut row.reference };
    if field.is_empty() {
        *field = reference;
    }
    Ok(row)
}

fn fill(source: &Source<'_>, row: &mut Row, reversal: bool, text: &Field<'_>) -> Result<(), BadFile> {
    let run: String = text.lines.concat();
    if let Some((number, parts)) = numbered(&run) {
        german(source, row, number, &parts, reversal, text.at)?;
    } else if run.starts_with('/') {
        slashed(row, &run);
    } else {
        let lines: Vec<&str> = text.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        let words = keyword::by_plus(&lines);
        if words.len() > 1 {
            take_words(source, row, &words, text.at)?;
            let free = words.first().map(|(_, pieces)| keyword::lines(pieces)).unwrap_or_default();
            let said = words.iter().find(|(word, _)| *word == "SVWZ").map(|(_, pieces)| keyword::lines(pieces));
            row.text = said.unwrap_or(free);
        } else {
            row.text = lines.join("\n");
        }
    }
    if row.nature == Nature::Return && row.reason.is_empty() {
        row.reason = reason(&run);
    }
    Ok(())
}

/// The three digits, and each part behind the mark and two digits of its own.
fn numbered(text: &str) -> Option<(&str, Vec<(u8, &str)>)> {
    let (number, rest) = text.split_at_checked(3)?;
    let mark = rest.chars().next().filter(|char| char.is_ascii_punctuation())?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !number.bytes().all(|byte| byte.is_ascii_digit()) || !rest.get(1..3).is_some_and(digits) {
        return None;
    }
    let mut parts: Vec<(u8, &str)> = Vec::new();
    let mut begun: Option<(u8, usize)> = None;
    let mut at = 0;
    while let Some(found) = rest.get(at..).and_then(|tail| tail.find(mark)).map(|found| found + at) {
        let code = rest.get(found + 1..found + 3).filter(|code| digits(code)).and_then(|code| code.parse::<u8>().ok());
        at = found + 1;
        if let Some(code) = code.filter(|code| matches!(code, 0 | 10 | 20..=34 | 60..=63)) {
            if let Some((code, from)) = begun {
                parts.push((code, rest.get(from..found)?));
            }
            at = found + 3;
            begun = Some((code, at));
        }
    }
    let (code, from) = begun?;
    parts.push((code, rest.get(from..)?));
    Some((number, parts))
}

fn german(
    source: &Source<'_>,
    row: &mut Row,
    number: &str,
    parts: &[(u8, &str)],
    reversal: bool,
    at: usize,
) -> Result<(), BadFile> {
    row.nature = match of_german(number) {
        Some(Nature::Debits) if reversal => Nature::Return,
        Some(nature) => nature,
        None => row.nature,
    };
    let part = |code: u8| parts.iter().find(|(found, _)| *found == code).map_or("", |(_, text)| text.trim());
    let pieces: Vec<&str> =
        parts.iter().filter(|(code, _)| matches!(code, 20..=29 | 60..=63)).map(|(_, text)| *text).collect();
    row.name = [part(32), part(33)].iter().filter(|name| !name.is_empty()).fold(String::new(), |name, more| {
        let space = if name.is_empty() || name.chars().count() >= 27 { "" } else { " " };
        name + space + more
    });
    part(31).clone_into(&mut row.iban);
    let words = keyword::by_plus(&pieces);
    take_words(source, row, &words, at)?;
    let said = words.iter().find(|(word, _)| *word == "SVWZ").or(words.first());
    row.text = said.map(|(_, pieces)| keyword::flowing(pieces)).unwrap_or_default();
    if row.text.is_empty() {
        // What the bank calls the booking; of its own prices it says no more.
        part(0).clone_into(&mut row.text);
    }
    Ok(())
}

fn take_words(source: &Source<'_>, row: &mut Row, words: &Words<'_>, at: usize) -> Result<(), BadFile> {
    row.end_to_end = given(&keyword::joined(words, "EREF"));
    row.mandate = given(&keyword::joined(words, "MREF"));
    let batch = given(&keyword::joined(words, "KREF"));
    if !batch.is_empty() {
        row.batch = batch;
    }
    let iban = keyword::joined(words, "IBAN");
    if let Ok(iban) = Iban::parse(&iban) {
        iban.as_str().clone_into(&mut row.iban);
    }
    // What the banks took for the return.
    let fee = keyword::joined(words, "COAM");
    let fee = fee.trim_start_matches(row.amount.currency().code()).split(' ').next().unwrap_or_default();
    if !fee.is_empty() && row.fee.is_none() {
        let fee = amount::read(fee, row.amount.currency(), SWIFT, source, at)?;
        row.fee = Some(fee).filter(|fee| !fee.is_zero());
    }
    Ok(())
}

/// `/CNTP/NL..IBAN/BIC/NAME///REMI/USTD//text/`, `/TRTP/../IBAN/../NAME/../REMI/..`
fn slashed(row: &mut Row, text: &str) {
    let words = keyword::by_slash(text);
    let of = |word: &str| keyword::joined(&words, word).trim_end_matches('/').trim().to_owned();
    row.end_to_end = given(&of("EREF"));
    row.mandate = given(&of("MARF"));
    let batch = given(&of("PREF"));
    if !batch.is_empty() {
        row.batch = batch;
    }
    let other = of("CNTP");
    let mut other = other.split('/');
    let (iban, _bic, name) = (other.next(), other.next(), other.next());
    row.iban = Some(of("IBAN")).filter(|own| !own.is_empty()).unwrap_or(iban.unwrap_or_default().to_owned());
    row.name = Some(of("NAME")).filter(|own| !own.is_empty()).unwrap_or(name.unwrap_or_default().to_owned());
    let remittance = of("REMI");
    if let Some(reference) = remittance.strip_prefix("STRD/") {
        // Who gave it, then the reference itself.
        reference.rsplit('/').next().unwrap_or_default().clone_into(&mut row.reference);
    } else {
        remittance.strip_prefix("USTD//").unwrap_or(&remittance).trim().clone_into(&mut row.text);
    }
    let returned = of("RTRN");
    if !returned.is_empty() {
        row.nature = Nature::Return;
        returned.split('/').next().unwrap_or_default().clone_into(&mut row.reason);
    }
}

/// A reason's code in the words of a return.
fn reason(text: &str) -> String {
    const REASONS: [&str; 34] = [
        "AC01", "AC04", "AC06", "AC13", "AG01", "AG02", "AM04", "AM05", "BE01", "BE04", "BE05", "CNOR", "CUST", "DNOR",
        "DUPL", "ED05", "FF01", "FF05", "FOCR", "MD01", "MD02", "MD06", "MD07", "MS02", "MS03", "NOAS", "RC01", "RR01",
        "RR02", "RR03", "RR04", "SL01", "TECH", "TM01",
    ];
    let mut tokens = text.split(|char: char| !char.is_ascii_alphanumeric());
    tokens.find(|token| REASONS.contains(token)).unwrap_or_default().to_owned()
}

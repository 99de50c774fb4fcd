//! `:61:`, a movement's line: `2601310131CR1234,56NTRFREFERENCE//BANKREFERENCE`.

use super::{Field, date};
use crate::amount::{self, SWIFT};
use crate::bad_file::BadFile;
use crate::reference::given;
use crate::source::{FETCH_AGAIN, Source};
use farthing_core::bank::{Nature, Row};
use farthing_core::money::Currency;
use farthing_core::time::CivilDate;

/// A row as far as its line tells, and what its text may need of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) row: Row,
    /// It takes back what was booked before.
    pub(super) reversal: bool,
    /// The reference for whoever holds the account.
    pub(super) reference: String,
}

pub(super) fn read(source: &Source<'_>, field: &Field<'_>, currency: Currency) -> Result<Entry, BadFile> {
    let text = field.lines.first().copied().unwrap_or_default();
    let broken = |why: &str| {
        let fix = format!("it must be like 2601310131C1234,56NTRFNONREF; {FETCH_AGAIN}");
        source.bad(field.at, format!("{text:?} is no movement (:61:): {why}"), fix)
    };
    let (day, rest) = text.split_at_checked(6).ok_or_else(|| broken("it is too short"))?;
    let value = date(source, field.at, day)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (booked, rest) = match rest.split_at_checked(4) {
        Some((day, rest)) if digits == 4 => (entry_date(value, day), rest),
        _ if digits == 0 => (Some(value), rest),
        _ => return Err(broken("its dates are neither 6 nor 10 digits")),
    };
    let booked = booked.ok_or_else(|| broken("there is no such day"))?;
    // The longer marks first: RC takes back a credit.
    let marks = [
        ("RC", false, true),
        ("RD", true, true),
        ("EC", true, false),
        ("ED", false, false),
        ("C", true, false),
        ("D", false, false),
    ];
    let mark = marks.into_iter().find_map(|(mark, comes_in, back)| Some((rest.strip_prefix(mark)?, comes_in, back)));
    let (rest, comes_in, reversal) = mark.ok_or_else(|| broken("C, D, RC or RD must follow the date"))?;
    // The last letter of the currency may stand here.
    let rest = rest.strip_prefix(|char: char| char.is_ascii_uppercase()).unwrap_or(rest);
    let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
    let (number, rest) = rest.split_at_checked(length).unwrap_or((rest, ""));
    if number.is_empty() {
        return Err(broken("the amount is missing"));
    }
    let at = field.at + text.len() - rest.len() - number.len();
    let magnitude = amount::read(number, currency, SWIFT, source, at)?;
    let amount = if comes_in { magnitude } else { magnitude.checked_neg().unwrap_or(magnitude) };
    let (kind, references) = rest.split_at_checked(4).ok_or_else(|| broken("the kind (such as NTRF) is missing"))?;
    let (ours, bank) = references.split_once("//").unwrap_or((references, ""));
    let more: String = field.lines.iter().skip(1).copied().collect();
    let row = Row {
        bank_reference: given(bank),
        fee: charges(&more, currency, source, field.at)?,
        ..Row::bare(booked, amount, nature(kind, comes_in, reversal))
    };
    Ok(Entry { row, reversal, reference: given(ours) })
}

/// A day and month, in the year that brings it nearest to the value date.
fn entry_date(value: CivilDate, text: &str) -> Option<CivilDate> {
    let (month, day) = (text.get(..2)?.parse::<u8>().ok()?, text.get(2..)?.parse::<u8>().ok()?);
    let years = [value.year().saturating_sub(1), value.year(), value.year().saturating_add(1)];
    let days = years.into_iter().filter_map(|year| CivilDate::try_new(year, month, day).ok());
    days.min_by_key(|day| value.days_until(*day).abs())
}

/// `NTRF`: a letter, and what kind it is.
fn nature(kind: &str, comes_in: bool, reversal: bool) -> Nature {
    match kind.get(1..).unwrap_or_default() {
        "CHG" | "COM" => Nature::Fee,
        "RTI" => Nature::Return,
        // What was collected from us is no debit of ours.
        "DDT" if reversal && !comes_in => Nature::Return,
        "DDT" if comes_in && !reversal => Nature::Debits,
        _ => Nature::Transfer,
    }
}

/// `/OCMT/EUR100,00//CHGS/EUR3,00/` in the line's second part.
fn charges(
    text: &str,
    currency: Currency,
    source: &Source<'_>,
    at: usize,
) -> Result<Option<farthing_core::money::Money>, BadFile> {
    let said = text.split_once("/CHGS/").and_then(|(_, rest)| rest.strip_prefix(currency.code()));
    let number = said.map(|rest| rest.split('/').next().unwrap_or_default().trim());
    let fee = number.map(|number| amount::read(number, currency, SWIFT, source, at)).transpose()?;
    Ok(fee.filter(|fee| !fee.is_zero()))
}

//! A bank's CSV, by a mapping that somebody wrote for that bank. It has no balances of its own unless a column keeps them.

mod mapping;
mod record;

pub use mapping::{CsvAmount, CsvBooked, CsvEncoding, CsvMapping};

use crate::amount::{self, Notation};
use crate::bad_file::BadFile;
use crate::balance;
use crate::reference::{References, given};
use crate::source::{FETCH_AGAIN, Lines, Reading, Source};
use farthing_core::bank::{Nature, Row, Statement};
use farthing_core::money::Money;
use farthing_core::time::CivilDate;
use record::Cell;

/// What to do about a mapping that is not the file's.
const FIX_MAPPING: &str = "correct the mapping, or choose a file of that bank";

pub(crate) fn read(bytes: &[u8], mapping: &CsvMapping) -> Result<Vec<Statement>, BadFile> {
    let reading = match mapping.encoding {
        CsvEncoding::Utf8 => Reading::Utf8,
        CsvEncoding::Latin1 => Reading::Latin1,
    };
    let source = Source::decode(bytes, reading)?;
    let begin: usize = source.text.split_inclusive('\n').take(mapping.skip_lines).map(str::len).sum();
    let mut records = record::records(&source, begin, mapping.separator)?.into_iter();
    let Some(header) = records.next() else {
        return Err(source.bad_end("the file ends before its header"));
    };
    let columns = Columns::find(&source, mapping, &header)?;
    let mut lines = Lines::of(&source.text);
    let mut references = References::default();
    let mut rows = Vec::new();
    let mut balances = Vec::new();
    for cells in records {
        let record = Record { source: &source, mapping, columns: &columns, cells: &cells };
        if cells.len() != header.len() {
            let what = format!("the row has {} fields and the header {}", cells.len(), header.len());
            return Err(source.bad(record.at(), what, FETCH_AGAIN));
        }
        if !record.is_booked() {
            continue;
        }
        let mut row = record.row(lines.line(record.at()))?;
        references.tell_apart(std::slice::from_mut(&mut row));
        if let Some(cell) = record.cell(columns.balance) {
            balances.push((record.amount_in(cell)?, cell.at));
        }
        rows.push(row);
    }
    let (opening, closing) = follow(&source, &rows, &balances)?;
    let (account, currency) = (mapping.account.clone(), mapping.currency);
    let statement = Statement { id: String::new(), account, currency, opening, closing, rows };
    balance::check(&statement, &source, begin)?;
    Ok(vec![statement])
}

/// Balances before and after all rows, where each row keeps one. The newest row may be the first or the last: whichever way they fit.
fn follow(
    source: &Source<'_>,
    rows: &[Row],
    balances: &[(Money, usize)],
) -> Result<(Option<Money>, Option<Money>), BadFile> {
    let (Some((first, _)), Some((last, _))) = (balances.first(), balances.last()) else {
        return Ok((None, None));
    };
    let before = |at: usize| balances[at].0.checked_sub(rows[at].amount).ok();
    let breaks_up = (1..rows.len()).find(|at| before(*at) != Some(balances[*at - 1].0));
    let breaks_down = (1..rows.len()).find(|at| before(*at - 1) != Some(balances[*at].0));
    match (breaks_up, breaks_down) {
        (None, _) => Ok((before(0), Some(*last))),
        (_, None) => Ok((before(rows.len() - 1), Some(*first))),
        // The way that fits longer is the one meant.
        (Some(up), Some(down)) => {
            let (at, from) = if up >= down { (up, up - 1) } else { (down, down - 1) };
            let what = format!(
                "the balance {} does not follow from {}, {} rows into the file",
                balances[at].0,
                balances[from].0,
                at + 1
            );
            Err(source.bad(balances[at].1, what, format!("rows are missing or twice; {FETCH_AGAIN}")))
        }
    }
}

/// Where each column stands.
struct Columns {
    date: usize,
    amount: AmountColumns,
    currency: Option<usize>,
    name: Option<usize>,
    name_out: Option<usize>,
    iban: Option<usize>,
    text: Vec<usize>,
    reference: Option<usize>,
    bank_reference: Option<usize>,
    end_to_end: Option<usize>,
    mandate: Option<usize>,
    balance: Option<usize>,
    booked: Option<usize>,
}

enum AmountColumns {
    Signed(usize),
    InOut(usize, usize),
    Marked(usize, usize),
}

impl Columns {
    fn find(source: &Source<'_>, mapping: &CsvMapping, header: &[Cell]) -> Result<Columns, BadFile> {
        let required = |name: &str| {
            let mut found = header.iter().enumerate().filter(|(_, cell)| cell.text.trim() == name);
            let at = header.first().map_or(0, |cell| cell.at);
            match (found.next(), found.next()) {
                (Some((column, _)), None) => Ok(column),
                (Some(_), Some((_, again))) => {
                    Err(source.bad(again.at, format!("the header has two columns {name:?}"), FIX_MAPPING))
                }
                (None, _) => {
                    let there: Vec<&str> = header.iter().map(|cell| cell.text.trim()).collect();
                    let what = format!("the header has no column {name:?}; it has {}", there.join(", "));
                    Err(source.bad(at, what, FIX_MAPPING))
                }
            }
        };
        let optional = |name: &str| if name.is_empty() { Ok(None) } else { required(name).map(Some) };
        Ok(Columns {
            date: required(&mapping.date)?,
            amount: match &mapping.amount {
                CsvAmount::Signed(amount) => AmountColumns::Signed(required(amount)?),
                CsvAmount::InOut { incoming, outgoing } => {
                    AmountColumns::InOut(required(incoming)?, required(outgoing)?)
                }
                CsvAmount::Marked { amount, mark, .. } => AmountColumns::Marked(required(amount)?, required(mark)?),
            },
            currency: optional(&mapping.currency_column)?,
            name: optional(&mapping.name)?,
            name_out: optional(&mapping.name_out)?,
            iban: optional(&mapping.iban)?,
            text: mapping.text.iter().map(|name| required(name)).collect::<Result<_, _>>()?,
            reference: optional(&mapping.reference)?,
            bank_reference: optional(&mapping.bank_reference)?,
            end_to_end: optional(&mapping.end_to_end)?,
            mandate: optional(&mapping.mandate)?,
            balance: optional(&mapping.balance)?,
            booked: mapping.booked.as_ref().map(|booked| required(&booked.column)).transpose()?,
        })
    }
}

struct Record<'r, 's> {
    source: &'r Source<'s>,
    mapping: &'r CsvMapping,
    columns: &'r Columns,
    cells: &'r [Cell],
}

impl Record<'_, '_> {
    fn at(&self) -> usize {
        self.cells.first().map_or(0, |cell| cell.at)
    }

    fn cell(&self, column: Option<usize>) -> Option<&Cell> {
        column.and_then(|column| self.cells.get(column))
    }

    fn text(&self, column: Option<usize>) -> &str {
        self.cell(column).map_or("", |cell| cell.text.trim())
    }

    fn is_booked(&self) -> bool {
        self.mapping.booked.as_ref().is_none_or(|booked| self.text(self.columns.booked) == booked.says)
    }

    fn row(&self, line: usize) -> Result<Row, BadFile> {
        let columns = self.columns;
        if let Some(cell) = self.cell(columns.currency) {
            let currency = amount::currency(cell.text.trim(), self.source, cell.at)?;
            if currency != self.mapping.currency {
                let what = format!("the row is in {currency} and the account in {}", self.mapping.currency);
                return Err(self.source.bad(cell.at, what, FIX_MAPPING));
            }
        }
        let amount = self.amount()?;
        let out = Some(self.text(columns.name_out)).filter(|name| amount.is_negative() && !name.is_empty());
        let lines: Vec<&str> =
            columns.text.iter().map(|column| self.text(Some(*column))).filter(|text| !text.is_empty()).collect();
        Ok(Row {
            line,
            booked: self.date()?,
            amount,
            nature: Nature::Transfer,
            bank_reference: given(self.text(columns.bank_reference)),
            name: out.unwrap_or(self.text(columns.name)).to_owned(),
            iban: self.text(columns.iban).replace(' ', ""),
            text: lines.join("\n"),
            reference: given(self.text(columns.reference)),
            end_to_end: given(self.text(columns.end_to_end)),
            batch: String::new(),
            mandate: given(self.text(columns.mandate)),
            reason: String::new(),
            fee: None,
        })
    }

    fn amount(&self) -> Result<Money, BadFile> {
        let none = Cell { at: self.at(), text: String::new() };
        let of = |column: usize| self.cell(Some(column)).unwrap_or(&none);
        let missing = || self.source.bad(self.at(), "the row has no amount", FETCH_AGAIN);
        let some = |cell: &Cell| !cell.text.trim().is_empty();
        match self.columns.amount {
            AmountColumns::Signed(amount) if some(of(amount)) => self.amount_in(of(amount)),
            AmountColumns::Signed(_) => Err(missing()),
            AmountColumns::InOut(incoming, outgoing) => {
                let read =
                    |column| Some(of(column)).filter(|cell| some(cell)).map(|cell| self.amount_in(cell)).transpose();
                // Some banks put a minus before what went out, although its column says so.
                let (came, went) = (read(incoming)?, read(outgoing)?.and_then(|went| went.abs().ok()));
                match (came, went) {
                    (None, None) => Err(missing()),
                    (Some(came), None) => Ok(came),
                    (Some(came), Some(went)) if went.is_zero() => Ok(came),
                    (None, Some(went)) => Ok(went.checked_neg().unwrap_or(went)),
                    (Some(came), Some(went)) if came.is_zero() => Ok(went.checked_neg().unwrap_or(went)),
                    (Some(_), Some(_)) => {
                        Err(self.source.bad(of(outgoing).at, "the row came in and went out", FIX_MAPPING))
                    }
                }
            }
            AmountColumns::Marked(amount, _) if !some(of(amount)) => Err(missing()),
            AmountColumns::Marked(amount, mark) => {
                let money = self.amount_in(of(amount))?;
                let CsvAmount::Marked { out, .. } = &self.mapping.amount else {
                    return Ok(money);
                };
                if of(mark).text.trim() == out { Ok(money.checked_neg().unwrap_or(money)) } else { Ok(money) }
            }
        }
    }

    fn amount_in(&self, cell: &Cell) -> Result<Money, BadFile> {
        let CsvMapping { decimal, thousands, currency, .. } = *self.mapping;
        // With two marks that could be meant, "1.000" is a thousand or one: it is what the mapping says, and never padded with zeros.
        let notation = Notation { decimal, thousands, zeros: false, signed: true };
        let text = cell.text.trim();
        let bare = text.strip_suffix(currency.code()).or(text.strip_suffix('€')).map_or(text, str::trim_end);
        amount::read(bare, currency, notation, self.source, cell.at)
    }

    fn date(&self) -> Result<CivilDate, BadFile> {
        let cell = self.cell(Some(self.columns.date));
        let text = cell.map_or("", |cell| cell.text.trim());
        by_pattern(text, &self.mapping.date_pattern).ok_or_else(|| {
            let what = format!("{text:?} is no date like {}", self.mapping.date_pattern);
            self.source.bad(cell.map_or(self.at(), |cell| cell.at), what, FIX_MAPPING)
        })
    }
}

/// `DD.MM.YYYY`; other characters must be there as they are.
fn by_pattern(text: &str, pattern: &str) -> Option<CivilDate> {
    let (mut year, mut month, mut day) = (None, None, None);
    let (mut text, mut pattern) = (text, pattern);
    while !pattern.is_empty() {
        let (key, length) = ["YYYY", "YY", "MM", "DD"]
            .into_iter()
            .find(|key| pattern.starts_with(key))
            .map_or_else(|| (None, pattern.chars().next().map_or(1, char::len_utf8)), |key| (Some(key), key.len()));
        let (wanted, pattern_rest) = pattern.split_at_checked(length)?;
        let (found, text_rest) = text.split_at_checked(length)?;
        (text, pattern) = (text_rest, pattern_rest);
        let Some(key) = key else {
            if wanted != found {
                return None;
            }
            continue;
        };
        if !found.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = found.parse::<u16>().ok()?;
        match key {
            "YYYY" => year = Some(number),
            "YY" => year = Some(2000 + number),
            "MM" => month = u8::try_from(number).ok(),
            _ => day = u8::try_from(number).ok(),
        }
    }
    if !text.is_empty() {
        return None;
    }
    CivilDate::try_new(year?, month?, day?).ok()
}

//! `[bank.csv]`: how the bank of a cloud writes its CSV exports. Only the words; who reads such a file is `farthing-bank`.

use super::check::tell;
use super::{Bank, Policy};
use crate::config::{Count, Reader, Text, choice, section};

section! {
    /// `[bank.csv]`: the columns of the bank's CSV exports, called as their header calls them
    BankCsv {
        /// When a movement was booked
        date: Text = required @ BankTransfers,
        /// How dates are written: DD, MM and YYYY or YY, with what stands between them
        date_pattern: Text = "DD.MM.YYYY" @ BankTransfers,
        /// One column of amounts, below zero where money went out
        amount: Option<Text> = "none" @ BankTransfers,
        /// A column of its own for what came in, beside `outgoing`
        incoming: Option<Text> = "none" @ BankTransfers,
        /// A column of its own for what went out, beside `incoming`
        outgoing: Option<Text> = "none" @ BankTransfers,
        /// Where `amount` has no sign: the column that says what went out
        mark: Option<CsvWord> = "none" @ BankTransfers,
        /// Before the cents
        decimal: CsvDecimal = "," @ BankTransfers,
        /// Between thousands; where nothing is said, the one of "," and "." that is not before the cents
        thousands: Option<CsvThousands> = "none" @ BankTransfers,
        /// What each movement is in, where that is a column; it must be the cloud's currency
        currency: Option<Text> = "none" @ BankTransfers,
        /// Who paid, or who was paid
        name: Option<Text> = "none" @ BankTransfers,
        /// Who was paid, where that is a column of its own
        name_out: Option<Text> = "none" @ BankTransfers,
        /// The account of who paid
        iban: Option<Text> = "none" @ BankTransfers,
        /// What they wrote; several columns are read one after the other
        text: Vec<Text> = "[]" @ BankTransfers,
        /// The creditor's reference
        reference: Option<Text> = "none" @ BankTransfers,
        /// What the bank calls the movement
        bank_reference: Option<Text> = "none" @ BankTransfers,
        /// What we called it in a file to the bank
        end_to_end: Option<Text> = "none" @ BankTransfers,
        /// By which a debit was drawn
        mandate: Option<Text> = "none" @ BankTransfers,
        /// What the account has after the movement: then rows that are missing are noticed
        balance: Option<Text> = "none" @ BankTransfers,
        /// Rows whose column says something else are left out: they are not booked yet
        booked: Option<CsvWord> = "none" @ BankTransfers,
        /// Between two fields
        separator: CsvSeparator = ";" @ BankTransfers,
        /// Lines before the header
        skip_lines: Count = "0" @ BankTransfers,
        /// What the file is saved in
        encoding: CsvEncoding = "utf-8" @ BankTransfers,
    }
}

section! {
    /// A column, and what stands in it.
    CsvWord {
        /// Its name in the header
        column: Text = required @ BankTransfers,
        /// What it says then
        says: Text = required @ BankTransfers,
    }
}

choice! {
    /// Between two fields.
    CsvSeparator: "a separator" {
        Semicolon = ";",
        Comma = ",",
        Tab = "tab",
        Bar = "|",
    }
}

choice! {
    /// Before the cents.
    CsvDecimal: "a decimal mark" {
        Comma = ",",
        Point = ".",
    }
}

choice! {
    /// Between thousands.
    CsvThousands: "a mark between thousands" {
        Comma = ",",
        Point = ".",
        Apostrophe = "'",
        Space = "space",
    }
}

choice! {
    /// What a file is saved in.
    CsvEncoding: "an encoding" {
        Utf8 = "utf-8",
        /// Windows writes it too
        Latin1 = "latin-1",
    }
}

impl CsvSeparator {
    pub const fn letter(self) -> char {
        match self {
            CsvSeparator::Semicolon => ';',
            CsvSeparator::Comma => ',',
            CsvSeparator::Tab => '\t',
            CsvSeparator::Bar => '|',
        }
    }
}

impl CsvDecimal {
    pub const fn letter(self) -> char {
        match self {
            CsvDecimal::Comma => ',',
            CsvDecimal::Point => '.',
        }
    }
}

impl CsvThousands {
    pub const fn letter(self) -> char {
        match self {
            CsvThousands::Comma => ',',
            CsvThousands::Point => '.',
            CsvThousands::Apostrophe => '\'',
            CsvThousands::Space => ' ',
        }
    }
}

impl BankCsv {
    /// Between thousands, with what it is where nothing was written.
    pub fn thousands_letter(&self) -> char {
        let other = match self.decimal {
            CsvDecimal::Comma => '.',
            CsvDecimal::Point => ',',
        };
        self.thousands.map_or(other, CsvThousands::letter)
    }
}

pub(super) fn check(policy: &Policy, reader: &mut Reader<'_>) {
    let Some(csv) = policy.bank.as_ref().and_then(|bank: &Bank| bank.csv.as_ref()) else { return };
    match (&csv.amount, &csv.incoming, &csv.outgoing) {
        (Some(_), None, None) | (None, Some(_), Some(_)) => {}
        (None, None, None) => {
            let what = "`bank.csv` does not say where amounts are".to_owned();
            reader.error(csv.places.whole.clone(), what, "write amount = \"…\", or incoming and outgoing");
        }
        (Some(_), _, _) => {
            let what = "`bank.csv` has amounts in one column and in two".to_owned();
            tell(reader, &csv.places, "amount", what, "leave out `amount`, or `incoming` and `outgoing`");
        }
        (None, incoming, _) => {
            let (there, missing) = if incoming.is_some() { ("incoming", "outgoing") } else { ("outgoing", "incoming") };
            let what = format!("`bank.csv.{there}` stands alone");
            tell(reader, &csv.places, there, what, &format!("write `{missing}` too, or `amount` instead"));
        }
    }
    if csv.mark.is_some() && csv.amount.is_none() {
        let what = "`bank.csv.mark` is about `amount`, which is not there".to_owned();
        tell(reader, &csv.places, "mark", what, "leave it out: two columns need no mark");
    }
    if csv.thousands_letter() == csv.decimal.letter() {
        let what = "`bank.csv.thousands` is what stands before the cents".to_owned();
        tell(reader, &csv.places, "thousands", what, "no amount could be read; write another, or leave it out");
    }
    if let Some(why) = bad_pattern(&csv.date_pattern.0) {
        let what = format!("`bank.csv.date_pattern` {why}");
        tell(reader, &csv.places, "date_pattern", what, "write it like DD.MM.YYYY, MM/DD/YY or YYYY-MM-DD");
    }
}

/// A date needs each part once, and other letters would have to stand in every date.
fn bad_pattern(pattern: &str) -> Option<&'static str> {
    let mut rest = pattern;
    let (mut years, mut months, mut days) = (0_u8, 0_u8, 0_u8);
    while let Some(first) = rest.chars().next() {
        let (count, length) = match rest {
            _ if rest.starts_with("YYYY") => (&mut years, 4),
            _ if rest.starts_with("YY") => (&mut years, 2),
            _ if rest.starts_with("MM") => (&mut months, 2),
            _ if rest.starts_with("DD") => (&mut days, 2),
            _ if first.is_alphanumeric() => return Some("has letters that are no part of a date"),
            _ => {
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        *count = count.saturating_add(1);
        rest = rest.get(length..).unwrap_or_default();
    }
    ((years, months, days) != (1, 1, 1)).then_some("does not say day, month and year once each")
}

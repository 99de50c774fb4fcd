//! Numbers of documents: `ELE-{year}-{seq:6}` (policy `bill.number`), and which running number each of them takes.
//!
//! A receipt's number is the same with `R-` before it, a credit note's with `CN-`, a statement's with `S-`; each counts by itself, so that each row of
//! numbers is without gaps. A *series* is what a number is but for its running number: `ELE-2026-{seq}`. The running number
//! begins at 1 with each new series, and nowhere else; so no two documents share a number, whenever a format changes, and
//! whatever it changes to, as long as who counts goes by the series.

use crate::time::CivilDate;
use std::error::Error;
use std::fmt;

/// A format that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Year,
    Month,
    /// With zeros before it to so many digits; longer ones are longer.
    Seq(usize),
}

/// What is numbered, each in series of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    Bill,
    Receipt,
    CreditNote,
    /// What an account has used in a period that no bill asks for: the balance paid it.
    Statement,
    /// What an account has used and paid, where it asked for a document of that (R62).
    Invoice,
}

/// Why a format makes no numbers. The sentences have no full stop; `remedy` says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberFormatError {
    UnclosedBrace,
    UnknownField {
        field: String,
    },
    NoSequence,
    TwoSequences,
    /// The running number would begin again each January of a month that had it before.
    MonthWithoutYear,
    TooLong {
        characters: usize,
    },
    Control,
}

/// With the letters before a credit note's number and ten digits to count with.
const CHARACTERS_MAX: usize = 40;
const SEQ_DIGITS_MIN: usize = 10;
const SEQ_DIGITS_MAX: usize = 12;

impl DocumentKind {
    pub const ALL: [DocumentKind; 5] = [
        DocumentKind::Bill,
        DocumentKind::Receipt,
        DocumentKind::CreditNote,
        DocumentKind::Statement,
        DocumentKind::Invoice,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            DocumentKind::Bill => "bill",
            DocumentKind::Receipt => "receipt",
            DocumentKind::CreditNote => "credit_note",
            DocumentKind::Statement => "statement",
            DocumentKind::Invoice => "invoice",
        }
    }

    /// What stands before the format.
    pub const fn prefix(self) -> &'static str {
        match self {
            DocumentKind::Bill => "",
            DocumentKind::Receipt => "R-",
            DocumentKind::CreditNote => "CN-",
            DocumentKind::Statement => "S-",
            DocumentKind::Invoice => "I-",
        }
    }
}

impl NumberFormat {
    pub fn parse(text: &str) -> Result<NumberFormat, NumberFormatError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (field, behind) = after.split_once('}').ok_or(NumberFormatError::UnclosedBrace)?;
            pieces.push(Piece::Literal(literal.to_owned()));
            pieces.push(match field {
                "year" => Piece::Year,
                "month" => Piece::Month,
                "seq" => Piece::Seq(0),
                other => match other.strip_prefix("seq:").map(str::parse) {
                    Some(Ok(width @ 1..=SEQ_DIGITS_MAX)) => Piece::Seq(width),
                    Some(_) | None => return Err(NumberFormatError::UnknownField { field: field.to_owned() }),
                },
            });
            rest = behind;
        }
        pieces.push(Piece::Literal(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Literal(String::new()));
        let count = |wanted: fn(&Piece) -> bool| pieces.iter().filter(|piece| wanted(piece)).count();
        match count(|piece| matches!(piece, Piece::Seq(_))) {
            0 => return Err(NumberFormatError::NoSequence),
            1 => {}
            _ => return Err(NumberFormatError::TwoSequences),
        }
        if count(|piece| matches!(piece, Piece::Month)) > 0 && count(|piece| matches!(piece, Piece::Year)) == 0 {
            return Err(NumberFormatError::MonthWithoutYear);
        }
        if text.chars().any(char::is_control) {
            return Err(NumberFormatError::Control);
        }
        let longest = DocumentKind::ALL.iter().map(|kind| kind.prefix().len()).max().unwrap_or(0);
        let characters = pieces.iter().map(Piece::characters_max).fold(longest, usize::saturating_add);
        if characters > CHARACTERS_MAX {
            return Err(NumberFormatError::TooLong { characters });
        }
        Ok(NumberFormat { pieces })
    }

    /// What counts together: the number with `{seq}` in its place. A format with {year} begins again each year, one with
    /// {month} each month. How wide the running number is does not matter, so that 0001 and 000001 are never both given.
    pub fn series(&self, kind: DocumentKind, on: CivilDate) -> String {
        self.write(kind, on, |_| "{seq}".to_owned())
    }

    /// The number of the document that is the `seq`-th of its series.
    pub fn render(&self, kind: DocumentKind, on: CivilDate, seq: u64) -> String {
        self.write(kind, on, |width| format!("{seq:0>width$}"))
    }

    fn write(&self, kind: DocumentKind, on: CivilDate, seq: impl Fn(usize) -> String) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Year => format!("{:04}", on.year()),
            Piece::Month => format!("{:02}", on.month()),
            Piece::Seq(width) => seq(*width),
        });
        std::iter::once(kind.prefix().to_owned()).chain(pieces).collect()
    }
}

impl Piece {
    fn characters_max(&self) -> usize {
        match self {
            Piece::Literal(text) => text.chars().count(),
            Piece::Year => 4,
            Piece::Month => 2,
            Piece::Seq(width) => (*width).max(SEQ_DIGITS_MIN),
        }
    }
}

impl NumberFormatError {
    pub fn remedy(&self) -> &'static str {
        match self {
            NumberFormatError::UnclosedBrace
            | NumberFormatError::UnknownField { .. }
            | NumberFormatError::NoSequence => "use {year}, {month} and {seq:6}, such as \"INV-{year}-{seq:6}\"",
            NumberFormatError::TwoSequences => "write {seq:6} once, such as \"INV-{year}-{seq:6}\"",
            NumberFormatError::MonthWithoutYear => "write {year} too, such as \"INV-{year}{month}-{seq:6}\"",
            NumberFormatError::TooLong { .. } => "shorten the words in it, such as \"INV-{year}-{seq:6}\"",
            NumberFormatError::Control => "write it on one line, of letters, digits and signs",
        }
    }
}

impl fmt::Display for NumberFormatError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NumberFormatError::UnclosedBrace => out.write_str("`bill.number` has a brace that nothing closes"),
            NumberFormatError::UnknownField { field } => {
                write!(out, "`bill.number` has {{{field}}}, which stands for nothing")
            }
            NumberFormatError::NoSequence => {
                out.write_str("`bill.number` has no {seq}: every bill would have one number")
            }
            NumberFormatError::TwoSequences => {
                out.write_str("`bill.number` has {seq} twice: 1 and 11 could not be told from 11 and 1")
            }
            NumberFormatError::MonthWithoutYear => out
                .write_str("`bill.number` has {month} without {year}: a month's numbers would come again a year later"),
            NumberFormatError::TooLong { characters } => write!(
                out,
                "`bill.number` makes numbers of {characters} characters, with \"CN-\" before a credit note's and ten digits to count; \
                 {CHARACTERS_MAX} is the most"
            ),
            NumberFormatError::Control => out.write_str("`bill.number` has a character that cannot be printed"),
        }
    }
}

impl Error for NumberFormatError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    #[test]
    fn numbers_and_their_series() {
        let check = |format: &str, kind, on: &str, seq: u64, number: &str, series: &str| {
            let format = NumberFormat::parse(format).unwrap();
            assert_eq!(format.render(kind, date(on), seq), number);
            assert_eq!(format.series(kind, date(on)), series);
        };
        use DocumentKind::{Bill, CreditNote, Receipt};
        check("ELE-{year}-{seq:6}", Bill, "2026-08-18", 42, "ELE-2026-000042", "ELE-2026-{seq}");
        check("ELE-{year}-{seq:6}", Receipt, "2026-08-18", 42, "R-ELE-2026-000042", "R-ELE-2026-{seq}");
        check("ELE-{year}-{seq:6}", CreditNote, "2027-01-01", 1, "CN-ELE-2027-000001", "CN-ELE-2027-{seq}");
        check("DR-{year}{month}-{seq:5}", Bill, "2026-08-18", 123_456, "DR-202608-123456", "DR-202608-{seq}");
        check("{seq}", Bill, "2026-08-18", 7, "7", "{seq}");
        check("发票{seq:2}/x", Bill, "2026-08-18", 7, "发票07/x", "发票{seq}/x");
    }

    #[test]
    fn what_makes_no_numbers() {
        let check = |format: &str, what: &str| assert_eq!(NumberFormat::parse(format).unwrap_err().to_string(), what);
        check("INV-{yaer}-{seq}", "`bill.number` has {yaer}, which stands for nothing");
        check("INV-{seq:0}", "`bill.number` has {seq:0}, which stands for nothing");
        check("INV-{seq:13}", "`bill.number` has {seq:13}, which stands for nothing");
        check("INV-{seq", "`bill.number` has a brace that nothing closes");
        check("INV-{year}", "`bill.number` has no {seq}: every bill would have one number");
        check("{seq}{seq}", "`bill.number` has {seq} twice: 1 and 11 could not be told from 11 and 1");
        check(
            "INV-{month}-{seq:6}",
            "`bill.number` has {month} without {year}: a month's numbers would come again a year later",
        );
        check("a\u{7}{seq}", "`bill.number` has a character that cannot be printed");
        // 3 for "CN-", 28 letters, 10 digits: 41. One letter less is 40.
        check(
            &format!("{}{{seq:6}}", "x".repeat(28)),
            "`bill.number` makes numbers of 41 characters, with \"CN-\" before a credit note's and ten digits to count; 40 is the most",
        );
        assert!(NumberFormat::parse(&format!("{}{{seq:6}}", "x".repeat(27))).is_ok());
    }

    proptest! {
        /// Who counts by series never gives a number twice, on whatever days and of whatever kind.
        #[test]
        fn no_number_is_given_twice(
            format in prop_oneof![
                Just("A{year}-{seq:3}"), Just("{year}{month}{seq}"), Just("{seq}{year}"), Just("{seq:1}-{month}-{year}"), Just("X{seq:12}"),
            ],
            documents in proptest::collection::vec((0..3_usize, 2025..2028_u16, 1..13_u8), 1..60),
        ) {
            let format = NumberFormat::parse(format).unwrap();
            let mut counters = std::collections::BTreeMap::new();
            let mut numbers = std::collections::BTreeSet::new();
            for (kind, year, month) in documents {
                let (kind, on) = (DocumentKind::ALL[kind], CivilDate::try_new(year, month, 1).unwrap());
                let seq = counters.entry(format.series(kind, on)).or_insert(0);
                *seq += 1;
                prop_assert!(numbers.insert(format.render(kind, on, *seq)));
            }
        }
    }
}

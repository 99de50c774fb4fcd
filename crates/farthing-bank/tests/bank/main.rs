//! Files of banks against what they must come to, and against what others have written: the schemas of ISO 20022 and an IBAN library.
//!
//! Python must be installed, with what makes its environments. The tests say so rather than pass without it.

mod bad;
mod iban;
mod judge;
mod mutation;
mod order;
mod simulated;
mod statement;

use farthing_bank::{CsvAmount, CsvBooked, CsvEncoding, CsvMapping, Format};
use farthing_core::bank::Statement;
use farthing_core::money::Currency;
use std::fmt::Write as _;
use std::path::PathBuf;

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bank/files").join(name)
}

pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Statements as a reader of tests wants to see them: what is empty is left out.
pub(crate) fn shown(statements: &[Statement]) -> String {
    let mut text = String::new();
    for statement in statements {
        let balance = |money: Option<farthing_core::money::Money>| money.map_or("?".to_owned(), |money| money.plain());
        let (opening, closing) = (balance(statement.opening), balance(statement.closing));
        let Statement { id, account, currency, .. } = statement;
        writeln!(text, "{account} {currency} {opening} -> {closing} [{id}]").expect("a String takes all");
        for row in &statement.rows {
            write!(text, "  {} {} {} {:?}", row.line, row.booked, row.amount.plain(), row.nature).expect("a String");
            let fields = [
                ("ref", &row.bank_reference),
                ("name", &row.name),
                ("iban", &row.iban),
                ("text", &row.text),
                ("reference", &row.reference),
                ("e2e", &row.end_to_end),
                ("batch", &row.batch),
                ("mandate", &row.mandate),
                ("reason", &row.reason),
            ];
            for (name, field) in fields.iter().filter(|(_, field)| !field.is_empty()) {
                write!(text, " | {name}: {}", field.replace('\n', " / ")).expect("a String");
            }
            if let Some(fee) = row.fee {
                write!(text, " | fee: {}", fee.plain()).expect("a String");
            }
            text.push('\n');
        }
    }
    text
}

/// Every good file there is, and how it is read.
pub(crate) fn good() -> Vec<(&'static str, Format)> {
    vec![
        ("de_sparkasse.camt053.xml", Format::Camt053),
        ("nl_rabobank.camt053.xml", Format::Camt053),
        ("fr_bnp.camt053.xml", Format::Camt053),
        ("de_notice.camt054.xml", Format::Camt054),
        ("de_commerzbank.mt940", Format::Mt940),
        ("nl_ing.mt940", Format::Mt940),
        ("at_free.mt940", Format::Mt940),
        ("de_sparkasse.csv", Format::Csv(Box::new(sparkasse()))),
        ("nl_ing.csv", Format::Csv(Box::new(ing()))),
        ("fr_compte.csv", Format::Csv(Box::new(compte()))),
    ]
}

pub(crate) fn sparkasse() -> CsvMapping {
    CsvMapping {
        encoding: CsvEncoding::Latin1,
        date_pattern: "DD.MM.YY".to_owned(),
        date: "Buchungstag".to_owned(),
        amount: CsvAmount::Signed("Betrag".to_owned()),
        currency_column: "Waehrung".to_owned(),
        name: "Beguenstigter/Zahlungspflichtiger".to_owned(),
        iban: "Kontonummer/IBAN".to_owned(),
        text: vec!["Verwendungszweck".to_owned(), "Buchungstext".to_owned()],
        end_to_end: "Kundenreferenz (End-to-End)".to_owned(),
        mandate: "Mandatsreferenz".to_owned(),
        booked: Some(CsvBooked { column: "Info".to_owned(), says: "Umsatz gebucht".to_owned() }),
        ..CsvMapping::new("DE89370400440532013000", Currency::EUR)
    }
}

pub(crate) fn ing() -> CsvMapping {
    CsvMapping {
        separator: ',',
        date_pattern: "YYYYMMDD".to_owned(),
        amount: CsvAmount::Marked {
            amount: "Amount (EUR)".to_owned(),
            mark: "Debit/credit".to_owned(),
            out: "Debit".to_owned(),
        },
        name: "Name / Description".to_owned(),
        iban: "Counterparty".to_owned(),
        text: vec!["Notifications".to_owned()],
        balance: "Resulting balance".to_owned(),
        ..CsvMapping::new("NL91ABNA0417164300", Currency::EUR)
    }
}

pub(crate) fn compte() -> CsvMapping {
    CsvMapping {
        skip_lines: 3,
        thousands: Some('\u{a0}'),
        date_pattern: "DD/MM/YYYY".to_owned(),
        amount: CsvAmount::InOut { incoming: "Crédit".to_owned(), outgoing: "Débit".to_owned() },
        currency_column: "Devise".to_owned(),
        text: vec!["Libellé".to_owned(), "Détail".to_owned()],
        ..CsvMapping::new("00012345", Currency::EUR)
    }
}

//! Reads what a bank gives as files: which format, and for CSV by the columns that the cloud's policy names. Nothing is booked here.

use super::Refusal;
use crate::{Engine, RefusalCode, Refused};
use farthing_bank::{BadFile, CsvAmount, CsvBooked, CsvEncoding, CsvMapping, Format, guess, pain002, read};
use farthing_core::bank::{Statement, plain_iban};
use farthing_core::config::Text;
use farthing_core::money::Currency;
use farthing_core::policy::{Bank, BankCsv, CsvEncoding as Encoding};

/// What a statement's file is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementFormat {
    Camt053,
    Camt054,
    Mt940,
    Csv,
}

/// Why nothing of a file is taken.
#[derive(Debug)]
pub enum Unread {
    /// Something in it is wrong, at its line.
    Bad(BadFile),
    Refused(Refused),
}

impl From<Refused> for Unread {
    fn from(refused: Refused) -> Unread {
        Unread::Refused(refused)
    }
}

impl From<BadFile> for Unread {
    fn from(bad: BadFile) -> Unread {
        Unread::Bad(bad)
    }
}

impl Engine {
    /// The statements of a file, all or none; what it is is guessed where nobody says.
    pub fn read_statement(
        &self,
        cloud: &str,
        bytes: &[u8],
        told: Option<StatementFormat>,
    ) -> Result<Vec<Statement>, Unread> {
        let policy = self.look(cloud, |work| Ok(work.policy_at(work.now)?.clone()))?;
        let Some(bank) = &policy.bank else {
            let what = "this cloud's policy names no account at a bank: write [bank] with its `account`";
            return Err(Refused::new(RefusalCode::RefusedByPolicy, what).into());
        };
        let csv = || bank.csv.as_ref().map(|csv| Format::Csv(Box::new(csv_mapping(bank, csv, policy.cloud.currency))));
        let format = match told {
            Some(StatementFormat::Camt053) => Format::Camt053,
            Some(StatementFormat::Camt054) => Format::Camt054,
            Some(StatementFormat::Mt940) => Format::Mt940,
            Some(StatementFormat::Csv) => csv().ok_or_else(no_columns)?,
            None => match guess(bytes) {
                Some(format) => format,
                None if is_xml(bytes) => return Err(other_xml().into()),
                None => csv().ok_or_else(no_columns)?,
            },
        };
        Ok(read(bytes, &format)?)
    }
}

/// What a bank's answer to our files (pain.002) refuses.
pub fn read_refusals(bytes: &[u8]) -> Result<Vec<Refusal>, BadFile> {
    let refusal = |said: farthing_bank::Rejection| Refusal {
        message: said.message,
        batch: said.batch,
        end_to_end: said.end_to_end,
        reason: said.reason,
        text: said.text,
    };
    Ok(pain002(bytes)?.into_iter().map(refusal).collect())
}

/// The policy's words for a bank's CSV, as its reader takes them.
fn csv_mapping(bank: &Bank, csv: &BankCsv, currency: Currency) -> CsvMapping {
    let named = |text: Option<&Text>| text.map(|text| text.0.clone()).unwrap_or_default();
    let amount = match (&csv.amount, &csv.mark) {
        (Some(amount), None) => CsvAmount::Signed(amount.0.clone()),
        (Some(amount), Some(mark)) => {
            CsvAmount::Marked { amount: amount.0.clone(), mark: mark.column.0.clone(), out: mark.says.0.clone() }
        }
        (None, _) => {
            CsvAmount::InOut { incoming: named(csv.incoming.as_ref()), outgoing: named(csv.outgoing.as_ref()) }
        }
    };
    CsvMapping {
        encoding: match csv.encoding {
            Encoding::Utf8 => CsvEncoding::Utf8,
            Encoding::Latin1 => CsvEncoding::Latin1,
        },
        separator: csv.separator.letter(),
        skip_lines: usize::try_from(csv.skip_lines.0).unwrap_or(usize::MAX),
        decimal: csv.decimal.letter(),
        thousands: Some(csv.thousands_letter()),
        date_pattern: csv.date_pattern.0.clone(),
        date: csv.date.0.clone(),
        amount,
        currency_column: named(csv.currency.as_ref()),
        name: named(csv.name.as_ref()),
        name_out: named(csv.name_out.as_ref()),
        iban: named(csv.iban.as_ref()),
        text: csv.text.iter().map(|column| column.0.clone()).collect(),
        reference: named(csv.reference.as_ref()),
        bank_reference: named(csv.bank_reference.as_ref()),
        end_to_end: named(csv.end_to_end.as_ref()),
        mandate: named(csv.mandate.as_ref()),
        balance: named(csv.balance.as_ref()),
        booked: csv.booked.as_ref().map(|word| CsvBooked { column: word.column.0.clone(), says: word.says.0.clone() }),
        ..CsvMapping::new(&plain_iban(&bank.account.0), currency)
    }
}

fn is_xml(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

fn other_xml() -> BadFile {
    BadFile {
        line: 1,
        column: 1,
        what: "this is XML, but no camt.053 and no camt.054".to_owned(),
        fix: "choose a statement; what the bank refuses (pain.002) is taken as refusals".to_owned(),
    }
}

fn no_columns() -> Refused {
    let what = "nothing in the file says its format, as in camt.053, camt.054 and MT940; if it is CSV, write [bank.csv] with \
        the names of its columns into the cloud's policy";
    Refused::new(RefusalCode::RefusedByPolicy, what)
}

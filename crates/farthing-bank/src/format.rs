//! Which format a file is in, and the one way to read any.

use crate::bad_file::BadFile;
use crate::camt;
use crate::csv::{self, CsvMapping};
use crate::mt940;
use farthing_core::bank::Statement;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022, a day of an account.
    Camt053,
    /// ISO 20022, single movements as they happen; it has no balances.
    Camt054,
    Mt940,
    Csv(Box<CsvMapping>),
}

/// All statements of a file, or none: a file with anything wrong in it is refused as a whole.
pub fn read(bytes: &[u8], how: &Format) -> Result<Vec<Statement>, BadFile> {
    match how {
        Format::Camt053 => camt::read(bytes, camt::STATEMENT),
        Format::Camt054 => camt::read(bytes, camt::NOTICE),
        Format::Mt940 => mt940::read(bytes),
        Format::Csv(mapping) => csv::read(bytes, mapping),
    }
}

/// What a file says it is. None: it does not say, as CSV never does.
pub fn guess(bytes: &[u8]) -> Option<Format> {
    // The root's name and namespace stand at the beginning, whatever comes after them.
    let head = bytes.get(..4096).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        let says = |message: &str| text.contains(&format!("{}{message}.001.", camt::NAMESPACE));
        return if says("camt.053") {
            Some(Format::Camt053)
        } else if says("camt.054") {
            Some(Format::Camt054)
        } else {
            None
        };
    }
    mt940::begins(text).then_some(Format::Mt940)
}

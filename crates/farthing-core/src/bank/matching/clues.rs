//! What a row says of who paid, before anything is looked up.

use super::super::{Found, How, Reference, Row, find_all, name_words, plain_iban};
use std::collections::BTreeSet;

/// What to look up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// The exact ones first.
    pub references: Vec<Found>,
    /// What could be the number of a bill, in the form of [`number_keys`]. Most of them are none.
    pub numbers: BTreeSet<String>,
    /// Where it came from; empty where the bank does not say.
    pub iban: String,
    /// The sender's name; empty where the bank does not say.
    pub name: String,
    /// The words of it, without its legal form: accounts are looked up by them.
    pub words: Vec<String>,
    /// What we called it, where it answers something that we asked for: such a row is nobody's payment.
    pub end_to_end: Option<String>,
}

impl Clues {
    pub fn exact(&self) -> impl Iterator<Item = Reference> + '_ {
        self.references.iter().filter(|found| found.how == How::Exact).map(|found| found.reference)
    }

    pub fn mended(&self) -> impl Iterator<Item = Reference> + '_ {
        self.references.iter().filter(|found| found.how == How::Mended).map(|found| found.reference)
    }
}

pub fn clues(row: &Row) -> Clues {
    // Payers write into whichever field their bank shows them.
    let fields = [&row.text, &row.reference, &row.end_to_end];
    let mut references: Vec<Found> = fields.iter().flat_map(|field| find_all(field)).collect();
    references.sort_unstable();
    references.dedup();
    let exact: Vec<Reference> =
        references.iter().filter(|found| found.how == How::Exact).map(|found| found.reference).collect();
    references.retain(|found| found.how == How::Exact || !exact.contains(&found.reference));
    let ours = !row.amount.is_positive() || row.nature != super::super::Nature::Transfer;
    Clues {
        references,
        numbers: fields.iter().flat_map(|field| candidates(field)).collect(),
        iban: plain_iban(&row.iban),
        name: row.name.trim().to_owned(),
        words: name_words(&row.name),
        end_to_end: (ours && !row.end_to_end.is_empty()).then(|| row.end_to_end.clone()),
    }
}

/// What a bill is found by: its number in letters and digits only, and that without the letters before, which payers leave out.
/// A number of less than six digits stands in too many texts, and has the first only.
pub fn number_keys(number: &str) -> Vec<String> {
    let whole = plain(number);
    let short = whole.trim_start_matches(char::is_alphabetic).to_owned();
    let digits = short.chars().filter(char::is_ascii_digit).count();
    let mut keys = vec![whole];
    if digits >= KEY_DIGITS_MIN && keys[0] != short {
        keys.push(short);
    }
    keys
}

const KEY_DIGITS_MIN: usize = 6;
/// As long as a number may be (`bill.number`).
const KEY_MAX: usize = 40;
/// `ELE-2026-000 123`, with a space more than it should have.
const RUN_MAX: usize = 5;

/// Runs of words that have a digit, without what stands between them: `ELE-2026-000123` is a run of three. A word of letters
/// and digits is also cut where the digits begin, as `Rechnung2026-000123` may be.
fn candidates(text: &str) -> Vec<String> {
    let words: Vec<String> =
        text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).map(plain).collect();
    let mut found = Vec::new();
    for at in 0..words.len() {
        let mut run = String::new();
        for word in words.iter().skip(at).take(RUN_MAX) {
            run.push_str(word);
            if run.chars().count() > KEY_MAX {
                break;
            }
            if !word.contains(|sign: char| sign.is_ascii_digit()) {
                continue;
            }
            found.push(run.clone());
            let glued = run.trim_start_matches(char::is_alphabetic);
            if glued.len() >= KEY_DIGITS_MIN && glued.len() < run.len() {
                found.push(glued.to_owned());
            }
            // `RechnungELE2026000123`: up to five letters before the digits may be the number's.
            let letters = run.len().saturating_sub(glued.len());
            found.extend((1..=5).filter_map(|kept| run.get(letters.checked_sub(kept)?..).map(str::to_owned)));
        }
    }
    found
}

/// Letters and digits only, in capitals.
fn plain(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

//! What a row of a statement is known by, so that reading it again books nothing twice: the same file, an export that overlaps
//! another, the same day in another format.
//!
//! Stored rows depend on every byte of this; it may never change.

use super::{Row, plain_iban};
use std::collections::BTreeMap;

/// One text for each row, in the rows' order. `account`: the cloud's own, as the statement has it.
///
/// Where the bank gives a reference, that, the day and the amount are what every format of that bank says alike. Else everything
/// that the row says; a second row that says the same that day is the second of them, in every export that has the day whole.
pub fn identities(account: &str, rows: &[Row]) -> Vec<String> {
    let mut seen: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    let mut identity = |row: &Row| {
        let alike = hash(&said(account, row));
        let nth = seen.entry(alike).or_insert(0);
        *nth = nth.saturating_add(1);
        let whole = hash(&[alike.to_vec(), nth.to_le_bytes().to_vec()]);
        let (half, _) = whole.split_first_chunk::<16>().expect("32 bytes");
        format!("{:032x}", u128::from_be_bytes(*half))
    };
    rows.iter().map(&mut identity).collect()
}

fn said(account: &str, row: &Row) -> Vec<Vec<u8>> {
    let units = row.amount.units().to_le_bytes().to_vec();
    let always = [plain(account), row.booked.to_string(), row.amount.currency().code().to_owned()];
    let mut parts: Vec<Vec<u8>> = vec![b"farthing bank row 1".to_vec()];
    parts.extend(always.into_iter().map(String::into_bytes));
    parts.push(units);
    let reference = plain(&row.bank_reference);
    if is_reference(&reference) {
        parts.extend([b"reference".to_vec(), reference.into_bytes()]);
    } else {
        let said = [&row.name, &row.text, &row.reference, &row.end_to_end, &row.mandate, &row.reason];
        parts.extend([b"said".to_vec(), plain_iban(&row.iban).into_bytes()]);
        parts.extend(said.map(|text| plain(text).into_bytes()));
    }
    parts
}

/// Banks write something where they have nothing to say.
fn is_reference(text: &str) -> bool {
    !["", "NONREF", "NOTPROVIDED", "NOREF", "NONE", "NA"].contains(&text) && text.chars().any(|sign| sign != '0')
}

/// Letters and digits only, in capitals: lines are broken elsewhere in another export.
fn plain(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Each part with its length before it: what moves from the end of one to the beginning of the next is another hash.
fn hash(parts: &[Vec<u8>]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;
    use crate::time::CivilDate;
    use std::collections::BTreeSet;

    const ACCOUNT: &str = "DE02 1203 0000 0000 2020 51";

    #[test]
    fn an_overlapping_export_adds_only_what_is_new() {
        // Two coffees of one payer on one day are two rows, and stay two.
        let rows = [
            row("10", "Anna", "", "a"),
            row("10", "Anna", "", "a"),
            row("10", "Anna", "", "b"),
            row("11", "Anna", "", "a"),
        ];
        let whole = identities(ACCOUNT, &rows);
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 4);
        assert_eq!(identities(ACCOUNT, &rows), whole);
        assert_eq!(identities("de02120300000000202051", &rows[..3]), whole[..3]);
        assert_ne!(identities("DE00", &rows)[0], whole[0]);
        let tomorrow = Row { booked: CivilDate::parse("2026-08-19").unwrap(), ..rows[0].clone() };
        assert!(!whole.contains(&identities(ACCOUNT, &[tomorrow])[0]));
    }

    #[test]
    fn the_banks_reference_is_the_same_in_every_format() {
        let camt =
            Row { bank_reference: "2026-0818/77".to_owned(), ..row("10", "Anna Schmidt", "DE1", "Rechnung\nMai") };
        let csv = Row { bank_reference: "2026081877".to_owned(), ..row("10", "SCHMIDT,ANNA", "", "Rechnung Mai") };
        assert_eq!(identities(ACCOUNT, std::slice::from_ref(&camt)), identities(ACCOUNT, &[csv]));
        // The parts of a batch have one reference.
        let parts = [camt.clone(), Row { amount: row("11", "", "", "").amount, ..camt.clone() }, camt];
        assert_eq!(identities(ACCOUNT, &parts).iter().collect::<BTreeSet<_>>().len(), 3);
        let nothing = Row { bank_reference: "NONREF".to_owned(), ..row("10", "Anna", "", "a") };
        assert_eq!(identities(ACCOUNT, &[nothing]), identities(ACCOUNT, &[row("10", "Anna", "", "a")]));
    }

    /// Rows already stored must be known again by every later version.
    #[test]
    fn identities_are_for_ever() {
        assert_eq!(identities(ACCOUNT, &[row("10", "Anna", "DE1", "a")]), ["07c09fefa037803c776b33719d0dcfc2"]);
    }
}

//! References: which ones say nothing, and what tells rows apart that share one.

use farthing_core::bank::Row;
use std::collections::{BTreeMap, BTreeSet};

/// Empty where it only says that there is none.
pub(crate) fn given(text: &str) -> String {
    let text = text.trim();
    let nothing = ["NOTPROVIDED", "NONREF", "NOREF", "KREF+", "EREF", "PREF", "MARF"].contains(&text);
    if nothing { String::new() } else { text.to_owned() }
}

/// The bank's references of one statement.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// How often each came.
    counts: BTreeMap<String, usize>,
    taken: BTreeSet<String>,
}

impl References {
    /// Of one entry's rows. Several that one reference stands for are numbered, and so is what comes under a reference that was there
    /// before: who looks for what is booked already must not take two movements for one.
    pub(crate) fn tell_apart(&mut self, rows: &mut [Row]) {
        let mut alike: BTreeMap<String, usize> = BTreeMap::new();
        for row in &*rows {
            *alike.entry(row.bank_reference.clone()).or_default() += 1;
        }
        for row in rows.iter_mut().filter(|row| !row.bank_reference.is_empty()) {
            let several = alike.get(&row.bank_reference).is_some_and(|count| *count > 1);
            let count = self.counts.entry(row.bank_reference.clone()).or_default();
            loop {
                *count += 1;
                let plain = *count == 1 && !several;
                let reference =
                    if plain { row.bank_reference.clone() } else { format!("{}/{count}", row.bank_reference) };
                if self.taken.insert(reference.clone()) {
                    row.bank_reference = reference;
                    break;
                }
            }
        }
    }
}

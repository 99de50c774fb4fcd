//! Files and movements of the bank as they are told to whoever asks. Amounts are in units of the cloud's currency.

use farthing_core::money::Money;
use farthing_store::{BankFileRow, BankRow};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankFileFacts {
    pub id: String,
    /// `statement`, `refusals`, `debits` or `transfers`.
    pub kind: String,
    pub name: String,
    /// Microseconds since 1970.
    pub at: i64,
    pub rows: i64,
    /// Of them, those that nobody had told before.
    pub fresh: i64,
    pub total: i64,
    pub who: String,
    /// The same file had come before: nothing was changed.
    pub again: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankRowFacts {
    pub id: String,
    pub booked: String,
    /// Above zero: it came in.
    pub amount: i64,
    pub nature: String,
    pub name: String,
    pub iban: String,
    pub text: String,
    pub reference: String,
    pub reason: String,
    pub state: String,
    pub account: String,
    pub why: String,
    pub who: String,
    /// Microseconds since 1970.
    pub told: i64,
    /// Of one that waits: whose it may be, the likeliest first.
    pub suggestions: Vec<BankSuggestion>,
}

/// Whose a movement may be, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankSuggestion {
    pub account: String,
    /// Bills that it would pay, in order, by their numbers.
    pub bills: Vec<String>,
    pub why: String,
}

impl BankFileFacts {
    pub(super) fn of(row: &BankFileRow, again: bool) -> BankFileFacts {
        BankFileFacts {
            id: row.id.to_string(),
            kind: row.kind.name().to_owned(),
            name: row.name.clone(),
            at: row.at.micros(),
            rows: row.rows,
            fresh: row.fresh,
            total: row.total,
            who: row.who.clone(),
            again,
        }
    }
}

impl BankRowFacts {
    pub(super) fn of(row: &BankRow, account: &str, suggestions: Vec<BankSuggestion>) -> BankRowFacts {
        BankRowFacts {
            id: row.id.to_string(),
            booked: row.booked.to_string(),
            amount: row.amount,
            nature: row.nature.name().to_owned(),
            name: row.name.clone(),
            iban: row.iban.clone(),
            text: row.text.clone(),
            reference: row.reference.clone(),
            reason: row.reason.clone(),
            state: row.state.name().to_owned(),
            account: account.to_owned(),
            why: row.why.clone(),
            who: row.who.clone(),
            told: row.told.micros(),
            suggestions,
        }
    }
}

/// An amount in a sentence, with its currency.
pub(super) fn say(amount: Money) -> String {
    format!("{} {}", amount.plain(), amount.currency().code())
}

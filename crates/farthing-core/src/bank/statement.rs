//! What a bank tells of the cloud's own account, whichever format it came in.

use crate::money::{Currency, Money};
use crate::time::CivilDate;

/// One account, one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What the bank calls it; may be empty.
    pub id: String,
    /// The cloud's own account: its IBAN, or its number where it has none.
    pub account: String,
    pub currency: Currency,
    /// Before its first row and after its last, where it says so.
    pub opening: Option<Money>,
    pub closing: Option<Money>,
    pub rows: Vec<Row>,
}

/// One movement. Every text may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file it begins at, for whoever looks it up there.
    pub line: usize,
    pub booked: CivilDate,
    /// Above zero: it came in.
    pub amount: Money,
    pub nature: Nature,
    /// What the bank calls the movement.
    pub bank_reference: String,
    /// The other side.
    pub name: String,
    pub iban: String,
    /// What the payer wrote, its lines joined by a line feed.
    pub text: String,
    /// The creditor's reference, where the payer gave one of its own field.
    pub reference: String,
    /// What we called it, where it answers something we asked for.
    pub end_to_end: String,
    /// What we called the batch it was part of.
    pub batch: String,
    pub mandate: String,
    /// Why it was returned: ISO 20022's code, such as `MD06`.
    pub reason: String,
    /// What the banks took for a return; it is part of `amount`.
    pub fee: Option<Money>,
}

impl Row {
    /// One of which nothing is written.
    pub fn bare(booked: CivilDate, amount: Money, nature: Nature) -> Row {
        Row {
            line: 0,
            booked,
            amount,
            nature,
            bank_reference: String::new(),
            name: String::new(),
            iban: String::new(),
            text: String::new(),
            reference: String::new(),
            end_to_end: String::new(),
            batch: String::new(),
            mandate: String::new(),
            reason: String::new(),
            fee: None,
        }
    }
}

crate::payment::words! {
    /// What kind of movement it is, as far as the file says.
    Nature {
        /// Somebody paid us, or we paid somebody.
        Transfer = "transfer",
        /// Direct debits that we had asked for.
        Debits = "debits",
        /// A debit that we had collected, or a transfer that we had sent, comes back.
        Return = "return",
        /// The bank's own price.
        Fee = "fee",
    }
}

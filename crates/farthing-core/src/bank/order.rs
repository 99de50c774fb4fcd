//! What a bank is asked for, in files: debits to collect, transfers to make.

use crate::money::Money;
use crate::time::{CivilDate, Instant};

/// Who holds an account at a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub iban: String,
    /// May be empty: within the SEPA area the IBAN is enough.
    pub bic: String,
}

/// Debits of one due date and one sequence, which the bank takes as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebitBatch {
    /// What we call it: the statement says so again. At most 35 characters.
    pub id: String,
    pub made: Instant,
    pub creditor: Party,
    /// The creditor identifier.
    pub creditor_id: String,
    pub due: CivilDate,
    pub scheme: Scheme,
    pub sequence: Sequence,
    pub debits: Vec<Debit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debit {
    /// What we call it: a return says so again. At most 35 characters.
    pub end_to_end: String,
    pub amount: Money,
    pub mandate: Mandate,
    pub debtor: Party,
    /// What the debtor reads.
    pub text: String,
}

/// What the debtor signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mandate {
    /// Ours, at most 35 characters.
    pub reference: String,
    pub signed: CivilDate,
}

crate::payment::words! {
    /// By whose rules a debit goes.
    Scheme {
        Core = "core",
        /// Between companies: it cannot be given back for no reason.
        B2b = "b2b",
    }
}

/// Where a debit stands among those of its mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sequence {
    First,
    Recurring,
    Final,
    OneOff,
}

/// Transfers that leave together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferBatch {
    pub id: String,
    pub made: Instant,
    pub debtor: Party,
    pub on: CivilDate,
    pub transfers: Vec<Transfer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub end_to_end: String,
    pub amount: Money,
    pub creditor: Party,
    pub text: String,
}

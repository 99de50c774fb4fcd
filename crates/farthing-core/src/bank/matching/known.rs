//! What is known of whoever a row may be from: read between the two steps.

use super::super::Reference;
use crate::ledger::OwnerId;
use crate::money::Money;
use crate::payment::BillId;

/// Everything that the clues of one row lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Every account that anything below leads to, and every account whose legal name shares a word with the sender's.
    pub accounts: Vec<KnownAccount>,
    /// Those codes among the clues that are somebody's.
    pub references: Vec<(Reference, OwnerId)>,
    /// Bills, open or just paid, one of whose keys is among the clues' numbers.
    pub named: Vec<OpenBill>,
    /// Who paid from this bank account before.
    pub paid_before: Vec<PaidBefore>,
    /// The open bills of all of `accounts`, of each the oldest first.
    pub open: Vec<OpenBill>,
    /// Accounts that owe exactly this amount on one bill, whoever they are: an amount that several owe tells nobody apart. Two of
    /// them are enough.
    pub same_amount: Vec<OwnerId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    pub id: OwnerId,
    /// What it is called, and its legal names.
    pub names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBill {
    pub id: BillId,
    pub number: String,
    pub account: OwnerId,
    /// What is still to be paid; nothing where it was paid already.
    pub owed: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidBefore {
    pub account: OwnerId,
    pub times: u32,
}

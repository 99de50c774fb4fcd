//! A ledger account: who owns it, what it counts, how low it may go, and its sums.
//!
//! Owns the arithmetic of one account. Which accounts a cloud has is `chart.rs`; moving between two is `decide.rs`.

use super::TransferId;

/// A ledger account's number. Given by the store, dense, in order of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// Whose account it is: a customer, or one shard of a cloud's own books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub i64);

/// What an account counts: a currency or a unit. Two of them never mix in one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommodityId(pub i64);

/// How low the balance (credits minus debits) may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// No bound: the cloud's own accounts, and memo accounts.
    Open,
    /// Never below zero, whoever says so: cash, credit, units. A report that would pass it is refused too, because the
    /// caller splits it first (the rest of a charge goes to debt) under the same lock.
    Zero,
    /// What asks is refused below minus this; what reports is booked and flagged: debt.
    Minus(i64),
}

/// The fixed facts of an account and its sums, as a decision sees and changes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub owner: OwnerId,
    pub commodity: CommodityId,
    pub floor: Floor,
    pub closed: bool,
    /// Everything ever debited and credited, neither below zero, so that their difference always fits.
    pub debits: i64,
    pub credits: i64,
    /// What open holds reserve of the balance.
    pub held: i64,
    /// The account's last transfer: where its history begins to be walked. None: no transfer yet.
    pub newest: Option<TransferId>,
    /// The head of its hash chain (`chain.rs`).
    pub head: [u8; 32],
}

impl Account {
    /// Credits minus debits: what a customer has (or, negative, owes); an asset of the cloud is negative.
    pub fn balance(&self) -> i64 {
        self.credits.saturating_sub(self.debits) // both are >= 0: never saturates
    }

    /// What is not reserved. In i128: holds may exceed a balance that reports have eaten into.
    pub fn free(&self) -> i128 {
        i128::from(self.balance()).saturating_sub(i128::from(self.held))
    }

    /// The lowest `free` an asking transaction may leave; None: any.
    pub fn lowest(&self) -> Option<i128> {
        match self.floor {
            Floor::Open => None,
            Floor::Zero => Some(0),
            Floor::Minus(floor) => i128::from(floor).checked_neg(),
        }
    }
}

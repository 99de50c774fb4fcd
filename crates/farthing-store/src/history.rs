//! An account's history, newest first: walked from transfer to transfer, each naming the one before it.
//!
//! Fifty lines are fifty look-ups by key, at any size of the ledger; an index by account would have been paid by every
//! transfer ever posted.

use crate::{StoreError, Tx};
use farthing_core::ledger::{AccountId, Entry, TransferId};

/// A transfer as one of its two accounts sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    pub entry: Entry,
    /// Credited is positive.
    pub change: i64,
    pub balance_after: i64,
    pub other: AccountId,
}

impl Tx<'_> {
    /// At most `most` transfers of an account, newest first, those before `before` if it is given: the id of the last
    /// line of the page before, which must be one of this account's.
    pub fn account_history(
        &mut self,
        account: AccountId,
        before: Option<TransferId>,
        most: usize,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        let mut next = match before {
            Some(id) => self.transfer(id)?.and_then(|entry| line(account, entry).ok()?.1),
            None => self
                .one("SELECT newest FROM ledger_balance WHERE account = $1", &[account.0.into()], |row| row.opt_int(0))?
                .flatten()
                .and_then(TransferId::from_i64),
        };
        let mut lines = Vec::with_capacity(most.min(1024));
        while let Some(id) = next.filter(|_| lines.len() < most) {
            let entry = self.transfer(id)?.ok_or_else(|| {
                StoreError::corrupt(format!("account {} names transfer {id}, which is not there", account.0))
            })?;
            let (found, previous) = line(account, entry)?;
            lines.push(found);
            next = previous;
        }
        Ok(lines)
    }
}

/// The line, and the transfer before it.
fn line(account: AccountId, entry: Entry) -> Result<(HistoryLine, Option<TransferId>), StoreError> {
    let (change, balance_after, other, previous) = if entry.credit == account {
        (entry.amount, entry.credit_after, entry.debit, entry.credit_previous)
    } else if entry.debit == account {
        (-entry.amount, entry.debit_after, entry.credit, entry.debit_previous)
    } else {
        return Err(StoreError::corrupt(format!("transfer {} is not one of account {}", entry.id, account.0)));
    };
    Ok((HistoryLine { entry, change, balance_after, other }, previous))
}

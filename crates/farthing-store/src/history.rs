//! An account's history, newest first: walked from transfer to transfer, each naming the one before it.
//!
//! Fifty lines are fifty look-ups by key, at any size of the ledger; an index by account would have been paid by every
//! transfer ever posted.

use crate::ledger::entry_from;
use crate::{StoreError, Tx};
use farthing_core::ledger::{AccountId, Entry, TransferId};
use farthing_core::time::Instant;

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
    /// When the newest transfer was recorded; none: nothing was ever booked.
    pub fn newest_record(&mut self) -> Result<Option<Instant>, StoreError> {
        let newest = self.one("SELECT max(id) FROM transfer", &[], |row| row.opt_int(0))?.flatten();
        Ok(newest.and_then(TransferId::from_i64).map(TransferId::recorded))
    }

    /// At most `most` transfers of an account, newest first, those before `before` if it is given: the id of the last
    /// line of the page before, which must be one of this account's.
    pub fn account_history(
        &mut self,
        account: AccountId,
        before: Option<TransferId>,
        most: usize,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        let newest = match before {
            Some(id) => self.transfer(id)?.and_then(|entry| line(account, entry).ok()?.1),
            None => self
                .one("SELECT newest FROM ledger_balance WHERE account = $1", &[account.0.into()], |row| row.opt_int(0))?
                .flatten()
                .and_then(TransferId::from_i64),
        };
        let Some(newest) = newest.filter(|_| most > 0) else { return Ok(Vec::new()) };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.rows(
            "WITH RECURSIVE walk (id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                                  debit_after, credit_after, debit_previous, credit_previous, place) AS (
                 SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                        debit_after, credit_after, debit_previous, credit_previous, CAST($3 AS BIGINT)
                 FROM transfer WHERE id = $1
                 UNION ALL
                 SELECT t.id, t.debit, t.credit, t.amount, t.kind, t.flags, t.effective, t.reverses, t.linked, t.cause,
                        t.debit_after, t.credit_after, t.debit_previous, t.credit_previous, w.place - 1
                 FROM walk w JOIN transfer t
                   ON t.id = CASE WHEN w.credit = $2 THEN w.credit_previous ELSE w.debit_previous END
                 WHERE w.place > 1
             )
             SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                    debit_after, credit_after, debit_previous, credit_previous
             FROM walk ORDER BY place DESC",
            &[newest.get().into(), account.0.into(), most.into()],
            entry_from,
        )?;
        let mut next = Some(newest);
        let mut lines = Vec::with_capacity(rows.len());
        for entry in rows {
            let (found, previous) = line(account, entry)?;
            lines.push(found);
            next = previous;
        }
        match next {
            Some(id) if i64::try_from(lines.len()).unwrap_or(i64::MAX) < most => {
                Err(StoreError::corrupt(format!("account {} names transfer {id}, which is not there", account.0)))
            }
            _ => Ok(lines),
        }
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

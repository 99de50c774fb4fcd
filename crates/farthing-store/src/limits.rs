//! Spend limits of accounts and their projects, and what captures of holds came to: the one part of what was spent that is no charge.

use crate::{Row, StoreError, Tx};
use farthing_core::gate::SpendLimits;
use farthing_core::ledger::{OwnerId, TransferId, chain};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    pub account: OwnerId,
    /// 0: the whole account.
    pub project: i64,
    /// Of one member; empty: of everybody together.
    pub person: String,
    pub limits: SpendLimits,
}

impl LimitRow {
    pub fn seal(&self) -> i64 {
        let of = |limit: Option<i64>| limit.unwrap_or(i64::MIN);
        let numbers = [self.account.0, self.project, of(self.limits.month), of(self.limits.hour)];
        match self.person.as_bytes() {
            [] => chain::seal_row(b"spend_limit", &numbers, &[]),
            person => chain::seal_row(b"spend_limit", &numbers, &[person]),
        }
    }
}

impl Tx<'_> {
    /// No limit at all: the row goes.
    pub fn spend_limit_put(&mut self, row: &LimitRow) -> Result<(), StoreError> {
        if row.limits.is_none() {
            self.execute(
                "DELETE FROM spend_limit WHERE account = $1 AND project = $2 AND person = $3",
                &[row.account.0.into(), row.project.into(), row.person.as_str().into()],
            )?;
            return Ok(());
        }
        self.execute(
            "INSERT INTO spend_limit (account, project, person, month, hour, seal) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (account, project, person) DO UPDATE SET month = excluded.month, hour = excluded.hour, seal = excluded.seal",
            &[
                row.account.0.into(),
                row.project.into(),
                row.person.as_str().into(),
                row.limits.month.into(),
                row.limits.hour.into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// Of the account as a whole and of one project of it; everybody's, and one member's.
    pub fn spend_limits(&mut self, account: OwnerId, project: i64, person: &str) -> Result<Vec<LimitRow>, StoreError> {
        if project == 0 && person.is_empty() {
            let one = "SELECT account, project, person, month, hour, seal FROM spend_limit
                       WHERE account = $1 AND project = 0 AND person = ''";
            return self.rows(one, &[account.0.into()], limit_from);
        }
        self.rows(
            "SELECT account, project, person, month, hour, seal FROM spend_limit
             WHERE account = $1 AND project IN (0, $2) AND person IN ('', $3) ORDER BY project, person",
            &[account.0.into(), project.into(), person.into()],
            limit_from,
        )
    }

    /// What was captured of an account's holds from an instant on. Captures are found by the ids of their transfers, which begin with their
    /// time.
    pub fn captured_since(&mut self, account: OwnerId, from: Instant) -> Result<i64, StoreError> {
        let first = TransferId::from_parts(from, 0, 0).map_or(0, TransferId::get);
        let sum = self.one(
            "SELECT CAST(coalesce(sum(t.amount), 0) AS BIGINT) FROM hold_capture t JOIN hold h ON h.id = t.hold
             WHERE t.id >= $2 AND h.owner = $1 AND t.effective >= $3",
            &[account.0.into(), first.into(), from.micros().into()],
            |row| row.int(0),
        )?;
        Ok(sum.unwrap_or(0))
    }
}

pub(crate) fn limit_from(row: &Row<'_>) -> Result<LimitRow, StoreError> {
    let found = LimitRow {
        account: OwnerId(row.int(0)?),
        project: row.int(1)?,
        person: row.text(2)?,
        limits: SpendLimits { month: row.opt_int(3)?, hour: row.opt_int(4)? },
    };
    if row.int(5)? != found.seal() {
        return Err(StoreError::corrupt(format!(
            "the spend limit of account {} is not what was written",
            found.account.0
        )));
    }
    Ok(found)
}

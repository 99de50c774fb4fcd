//! Quotas (R46): what was used of each in its window, what was reserved of it, and what raises it.
//!
//! Counting is one statement that says no where the window would be over its limit. Whoever counts at the same moment waits for its row, so
//! a thousand callers together get exactly what there is.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::measure::Quantity;
use farthing_core::quota::Raised;
use farthing_core::time::Instant;

/// What was reserved of one quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedRow {
    pub account: OwnerId,
    /// What its caller calls it.
    pub name: String,
    pub product: String,
    pub quota: String,
    /// Where its window begins.
    pub began: Instant,
    pub amount: Quantity,
    pub released: bool,
}

/// Something that raises a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementRow {
    pub account: OwnerId,
    /// What it comes from: a term, say.
    pub cause: String,
    pub product: String,
    pub quota: String,
    /// By how much one raises it, and how many there are.
    pub each: Quantity,
    pub count: i64,
    pub starts: Instant,
    pub ends: Option<Instant>,
}

impl EntitlementRow {
    pub fn seal(&self) -> i64 {
        let ends = self.ends.map_or(i64::MIN, Instant::micros);
        let numbers = [self.account.0, self.each.millionths(), self.count, self.starts.micros(), ends];
        let texts = [self.cause.as_str(), &self.product, &self.quota].map(str::as_bytes);
        chain::seal_row(b"entitlement", &numbers, &texts)
    }

    /// What no number holds is as much as one can.
    pub fn raised(&self) -> Raised {
        let by = Raised::times(self.each, self.count).unwrap_or(Quantity::from_millionths(i64::MAX));
        Raised { by, from: self.starts, until: self.ends }
    }
}

impl Tx<'_> {
    /// Counts into a window, up to a limit; false: it would be more, and nothing was counted.
    pub fn quota_count(
        &mut self,
        (account, product, quota): (OwnerId, &str, &str),
        began: Instant,
        amount: Quantity,
        limit: Quantity,
    ) -> Result<bool, StoreError> {
        if amount > limit {
            return Ok(false);
        }
        let counted = self.execute(
            "INSERT INTO quota_use (account, product, quota, began, used) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, product, quota, began) DO UPDATE SET used = quota_use.used + excluded.used
             WHERE quota_use.used <= $6 - excluded.used",
            &[
                account.0.into(),
                product.into(),
                quota.into(),
                began.micros().into(),
                amount.millionths().into(),
                limit.millionths().into(),
            ],
        )?;
        Ok(counted == 1)
    }

    pub fn quota_used(
        &mut self,
        (account, product, quota): (OwnerId, &str, &str),
        began: Instant,
    ) -> Result<Quantity, StoreError> {
        let used = self.one(
            "SELECT used FROM quota_use WHERE account = $1 AND product = $2 AND quota = $3 AND began = $4",
            &[account.0.into(), product.into(), quota.into(), began.micros().into()],
            |row| row.int(0),
        )?;
        Ok(Quantity::from_millionths(used.unwrap_or(0)))
    }

    pub fn quota_reserve(&mut self, row: &ReservedRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO quota_reserved (account, name, product, quota, began, amount, released) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                row.account.0.into(),
                row.name.as_str().into(),
                row.product.as_str().into(),
                row.quota.as_str().into(),
                row.began.micros().into(),
                row.amount.millionths().into(),
                row.released.into(),
            ],
        )?;
        Ok(())
    }

    /// What was reserved under a name, and not forgotten since.
    pub fn quota_reserved(&mut self, account: OwnerId, name: &str) -> Result<Vec<ReservedRow>, StoreError> {
        self.rows(
            "SELECT account, name, product, quota, began, amount, released FROM quota_reserved WHERE account = $1 AND name = $2
             ORDER BY quota",
            &[account.0.into(), name.into()],
            reserved_from,
        )
    }

    /// Gives it back, once; false: it was given back before.
    pub fn quota_release(&mut self, row: &ReservedRow) -> Result<bool, StoreError> {
        let released = self.execute(
            "UPDATE quota_reserved SET released = $4 WHERE account = $1 AND name = $2 AND quota = $3 AND NOT released",
            &[row.account.0.into(), row.name.as_str().into(), row.quota.as_str().into(), true.into()],
        )?;
        if released == 0 {
            return Ok(false);
        }
        self.execute(
            "UPDATE quota_use SET used = used - $5 WHERE account = $1 AND product = $2 AND quota = $3 AND began = $4",
            &[
                row.account.0.into(),
                row.product.as_str().into(),
                row.quota.as_str().into(),
                row.began.micros().into(),
                row.amount.millionths().into(),
            ],
        )?;
        Ok(true)
    }

    /// Windows of a quota that are over before an instant are forgotten, and what was reserved in them.
    pub fn quota_forget(
        &mut self,
        (account, product, quota): (OwnerId, &str, &str),
        before: Instant,
    ) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM quota_reserved WHERE account = $1 AND began < $4 AND product = $2 AND quota = $3",
            &[account.0.into(), product.into(), quota.into(), before.micros().into()],
        )?;
        self.execute(
            "DELETE FROM quota_use WHERE account = $1 AND product = $2 AND quota = $3 AND began < $4",
            &[account.0.into(), product.into(), quota.into(), before.micros().into()],
        )?;
        Ok(())
    }

    /// Where the earliest window of a quota begins that is not forgotten.
    pub fn quota_oldest(
        &mut self,
        (account, product, quota): (OwnerId, &str, &str),
    ) -> Result<Option<Instant>, StoreError> {
        let oldest = self.one(
            "SELECT min(began) FROM quota_use WHERE account = $1 AND product = $2 AND quota = $3",
            &[account.0.into(), product.into(), quota.into()],
            |row| row.opt_int(0),
        )?;
        Ok(oldest.flatten().map(Instant::from_micros))
    }

    /// Written anew by the same cause it is changed: more of them, or another end.
    pub fn entitlement_put(&mut self, row: &EntitlementRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO entitlement (account, cause, product, quota, each, count, starts, ends, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (account, cause, product, quota) DO UPDATE SET each = excluded.each, count = excluded.count,
                starts = excluded.starts, ends = excluded.ends, seal = excluded.seal",
            &[
                row.account.0.into(),
                row.cause.as_str().into(),
                row.product.as_str().into(),
                row.quota.as_str().into(),
                row.each.millionths().into(),
                row.count.into(),
                row.starts.micros().into(),
                row.ends.map(Instant::micros).into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// Everything that raises a quota of an account, or ever did.
    pub fn entitlements(&mut self, account: OwnerId, product: &str) -> Result<Vec<EntitlementRow>, StoreError> {
        self.rows(
            "SELECT account, cause, product, quota, each, count, starts, ends, seal FROM entitlement WHERE account = $1 AND product = $2
             ORDER BY cause, quota",
            &[account.0.into(), product.into()],
            entitlement_from,
        )
    }

    /// What comes from one cause.
    pub fn entitlements_of(&mut self, account: OwnerId, cause: &str) -> Result<Vec<EntitlementRow>, StoreError> {
        self.rows(
            "SELECT account, cause, product, quota, each, count, starts, ends, seal FROM entitlement WHERE account = $1 AND cause = $2
             ORDER BY product, quota",
            &[account.0.into(), cause.into()],
            entitlement_from,
        )
    }
}

fn reserved_from(row: &Row<'_>) -> Result<ReservedRow, StoreError> {
    Ok(ReservedRow {
        account: OwnerId(row.int(0)?),
        name: row.text(1)?,
        product: row.text(2)?,
        quota: row.text(3)?,
        began: Instant::from_micros(row.int(4)?),
        amount: Quantity::from_millionths(row.int(5)?),
        released: row.bool(6)?,
    })
}

pub(crate) fn entitlement_from(row: &Row<'_>) -> Result<EntitlementRow, StoreError> {
    let found = EntitlementRow {
        account: OwnerId(row.int(0)?),
        cause: row.text(1)?,
        product: row.text(2)?,
        quota: row.text(3)?,
        each: Quantity::from_millionths(row.int(4)?),
        count: row.int(5)?,
        starts: Instant::from_micros(row.int(6)?),
        ends: row.opt_int(7)?.map(Instant::from_micros),
    };
    if row.int(8)? != found.seal() {
        return Err(StoreError::corrupt(format!(
            "what raises {} of account {} is not what was written",
            found.quota, found.account.0
        )));
    }
    Ok(found)
}

//! Who redeemed which coupon, and what each took off. Whoever writes one holds its account's lock.

use crate::{Row, StoreError, Tx};
use farthing_core::coupon::{RedemptionId, RedemptionState};
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionRow {
    pub id: RedemptionId,
    pub cloud: String,
    pub account: OwnerId,
    pub coupon: String,
    /// What was typed, in capitals: the coupon's own code, or one of those that are good once.
    pub code: String,
    /// What the coupon said then: that is what it is worth.
    pub terms: String,
    pub at: Instant,
    /// Since when it was counted besides in all.
    pub period: Option<Instant>,
    pub state: RedemptionState,
    /// For how many bills or orders it was good so far.
    pub used: i64,
    /// Whose it is while it is reserved; empty: nobody's.
    pub order: String,
    /// It was redeemed for that order, and is given back with it.
    pub fresh: bool,
}

/// What a coupon took off a bill or an order, or the grant that it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponUseRow {
    pub redemption: RedemptionId,
    pub number: i64,
    pub document: String,
    pub amount: i64,
    pub at: Instant,
}

impl RedemptionRow {
    pub fn seal(&self) -> i64 {
        let period = self.period.map_or(i64::MIN, Instant::micros);
        let numbers = [self.account.0, self.at.micros(), period, self.used, i64::from(self.fresh)];
        let id = self.id.to_bytes();
        let texts = [
            id.as_slice(),
            self.cloud.as_bytes(),
            self.coupon.as_bytes(),
            self.code.as_bytes(),
            self.terms.as_bytes(),
            self.state.word().as_bytes(),
            self.order.as_bytes(),
        ];
        chain::seal_row(b"redemption", &numbers, &texts)
    }
}

impl CouponUseRow {
    pub fn seal(&self) -> i64 {
        let id = self.redemption.to_bytes();
        chain::seal_row(b"coupon_use", &[self.number, self.amount, self.at.micros()], &[&id, self.document.as_bytes()])
    }
}

impl Tx<'_> {
    pub fn redemption_insert(&mut self, row: &RedemptionRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO redemption (id, cloud, account, coupon, code, terms, at, period, state, used, for_order, fresh, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.coupon.as_str().into(),
                row.code.as_str().into(),
                row.terms.as_str().into(),
                row.at.micros().into(),
                row.period.map_or(0, Instant::micros).into(),
                row.state.word().into(),
                row.used.into(),
                row.order.as_str().into(),
                row.fresh.into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What became of it.
    pub fn redemption_write(&mut self, row: &RedemptionRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE redemption SET state = $2, used = $3, for_order = $4, fresh = $5, seal = $6 WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.word().into(),
                row.used.into(),
                row.order.as_str().into(),
                row.fresh.into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn redemption(&mut self, id: RedemptionId) -> Result<Option<RedemptionRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, coupon, code, terms, at, period, state, used, for_order, fresh FROM redemption WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            redemption_from,
        )
    }

    /// All an account ever redeemed, the oldest first.
    pub fn redemptions_of(&mut self, account: OwnerId) -> Result<Vec<RedemptionRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, coupon, code, terms, at, period, state, used, for_order, fresh FROM redemption
             WHERE account = $1 ORDER BY id",
            &[account.0.into()],
            redemption_from,
        )
    }

    /// What is reserved for an order.
    pub fn redemption_of_order(&mut self, cloud: &str, order: &str) -> Result<Option<RedemptionRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, coupon, code, terms, at, period, state, used, for_order, fresh FROM redemption
             WHERE cloud = $1 AND for_order = $2 AND for_order <> ''",
            &[cloud.into(), order.into()],
            redemption_from,
        )
    }

    pub fn coupon_use_insert(&mut self, row: &CouponUseRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO coupon_use (redemption, number, document, amount, at, seal) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                row.redemption.to_bytes().as_slice().into(),
                row.number.into(),
                row.document.as_str().into(),
                row.amount.into(),
                row.at.micros().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What it took off, in order.
    pub fn coupon_uses(&mut self, redemption: RedemptionId) -> Result<Vec<CouponUseRow>, StoreError> {
        self.rows(
            "SELECT redemption, number, document, amount, at FROM coupon_use WHERE redemption = $1 ORDER BY number",
            &[redemption.to_bytes().as_slice().into()],
            use_from,
        )
    }
}

pub(crate) fn redemption_from(row: &Row<'_>) -> Result<RedemptionRow, StoreError> {
    let state = row.text(8)?;
    Ok(RedemptionRow {
        id: RedemptionId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        coupon: row.text(3)?,
        code: row.text(4)?,
        terms: row.text(5)?,
        at: Instant::from_micros(row.int(6)?),
        period: Some(row.int(7)?).filter(|at| *at != 0).map(Instant::from_micros),
        state: RedemptionState::parse(&state)
            .ok_or_else(|| StoreError::corrupt(format!("a redemption that is {state:?}")))?,
        used: row.int(9)?,
        order: row.text(10)?,
        fresh: row.bool(11)?,
    })
}

pub(crate) fn use_from(row: &Row<'_>) -> Result<CouponUseRow, StoreError> {
    Ok(CouponUseRow {
        redemption: RedemptionId::from_bytes(row.bytes(0)?),
        number: row.int(1)?,
        document: row.text(2)?,
        amount: row.int(3)?,
        at: Instant::from_micros(row.int(4)?),
    })
}

//! Coupons that no file says, codes that are good once, and how often each was redeemed. Codes are told in capitals.

use crate::{Row, StoreError, Tx};
use farthing_core::coupon::RedemptionId;
use farthing_core::ledger::chain;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponRow {
    pub cloud: String,
    pub code: String,
    /// What it says, as the catalogue would.
    pub terms: String,
    pub made: Instant,
}

/// One code of many, good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponCodeRow {
    pub cloud: String,
    pub code: String,
    pub coupon: String,
    pub made: Instant,
    /// Who has redeemed it.
    pub redemption: Option<RedemptionId>,
}

/// What of a coupon is counted: in all, or since an instant.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    pub cloud: &'a str,
    pub coupon: &'a str,
    /// Since when; none: in all.
    pub period: Option<Instant>,
}

impl CouponRow {
    pub fn seal(&self) -> i64 {
        let texts = [self.cloud.as_bytes(), self.code.as_bytes(), self.terms.as_bytes()];
        chain::seal_row(b"coupon", &[self.made.micros()], &texts)
    }
}

impl Tx<'_> {
    /// False: there is one of this code.
    pub fn coupon_insert(&mut self, row: &CouponRow) -> Result<bool, StoreError> {
        let made = self.execute(
            "INSERT INTO coupon (cloud, code, terms, made, seal) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (cloud, code) DO NOTHING",
            &[
                row.cloud.as_str().into(),
                row.code.as_str().into(),
                row.terms.as_str().into(),
                row.made.micros().into(),
                row.seal().into(),
            ],
        )?;
        Ok(made == 1)
    }

    pub fn coupon(&mut self, cloud: &str, code: &str) -> Result<Option<CouponRow>, StoreError> {
        self.one(
            "SELECT cloud, code, terms, made FROM coupon WHERE cloud = $1 AND code = $2",
            &[cloud.into(), code.into()],
            coupon_from,
        )
    }

    /// All of a cloud that no file says, by code.
    pub fn coupons(&mut self, cloud: &str) -> Result<Vec<CouponRow>, StoreError> {
        let mut rows =
            self.rows("SELECT cloud, code, terms, made FROM coupon WHERE cloud = $1", &[cloud.into()], coupon_from)?;
        rows.sort_by(|one, other| one.code.cmp(&other.code));
        Ok(rows)
    }

    /// Counts one more, if there are fewer than `most`: whoever else counts the same waits until this transaction is over. False: there are
    /// as many as may be.
    pub fn coupon_count_up(&mut self, of: Counted<'_>, most: Option<i64>) -> Result<bool, StoreError> {
        let period = of.period.map_or(0, Instant::micros);
        self.execute(
            "INSERT INTO coupon_count (cloud, coupon, period, redeemed) VALUES ($1, $2, $3, 0)
             ON CONFLICT (cloud, coupon, period) DO NOTHING",
            &[of.cloud.into(), of.coupon.into(), period.into()],
        )?;
        let counted = self.execute(
            "UPDATE coupon_count SET redeemed = redeemed + 1 WHERE cloud = $1 AND coupon = $2 AND period = $3 AND redeemed < $4",
            &[of.cloud.into(), of.coupon.into(), period.into(), most.unwrap_or(i64::MAX).into()],
        )?;
        Ok(counted == 1)
    }

    /// One less: what was redeemed was given back.
    pub fn coupon_count_down(&mut self, of: Counted<'_>) -> Result<(), StoreError> {
        let period = of.period.map_or(0, Instant::micros);
        let counted = self.execute(
            "UPDATE coupon_count SET redeemed = redeemed - 1 WHERE cloud = $1 AND coupon = $2 AND period = $3 AND redeemed > 0",
            &[of.cloud.into(), of.coupon.into(), period.into()],
        )?;
        if counted == 1 {
            return Ok(());
        }
        Err(StoreError::corrupt(format!("coupon {} was given back, and nobody had redeemed it", of.coupon)))
    }

    /// How often a coupon was redeemed in all and not given back.
    pub fn coupon_redeemed(&mut self, cloud: &str, coupon: &str) -> Result<i64, StoreError> {
        let counted = self.one(
            "SELECT redeemed FROM coupon_count WHERE cloud = $1 AND coupon = $2 AND period = 0",
            &[cloud.into(), coupon.into()],
            |row| row.int(0),
        )?;
        Ok(counted.unwrap_or(0))
    }

    /// False: there is one alike.
    pub fn coupon_code_insert(&mut self, row: &CouponCodeRow) -> Result<bool, StoreError> {
        let made = self.execute(
            "INSERT INTO coupon_code (cloud, code, coupon, made) VALUES ($1, $2, $3, $4) ON CONFLICT (cloud, code) DO NOTHING",
            &[row.cloud.as_str().into(), row.code.as_str().into(), row.coupon.as_str().into(), row.made.micros().into()],
        )?;
        Ok(made == 1)
    }

    pub fn coupon_code(&mut self, cloud: &str, code: &str) -> Result<Option<CouponCodeRow>, StoreError> {
        self.one(
            "SELECT cloud, code, coupon, made, redemption FROM coupon_code WHERE cloud = $1 AND code = $2",
            &[cloud.into(), code.into()],
            code_from,
        )
    }

    /// Those of a coupon after one of them, by code; at most so many.
    pub fn coupon_codes(
        &mut self,
        cloud: &str,
        coupon: &str,
        after: &str,
        most: i64,
    ) -> Result<Vec<CouponCodeRow>, StoreError> {
        self.rows(
            "SELECT cloud, code, coupon, made, redemption FROM coupon_code
             WHERE cloud = $1 AND coupon = $2 AND code > $3 ORDER BY code LIMIT $4",
            &[cloud.into(), coupon.into(), after.into(), most.into()],
            code_from,
        )
    }

    /// Gives a code to whoever redeems it. False: somebody has it.
    pub fn coupon_code_take(&mut self, cloud: &str, code: &str, redemption: RedemptionId) -> Result<bool, StoreError> {
        let taken = self.execute(
            "UPDATE coupon_code SET redemption = $3 WHERE cloud = $1 AND code = $2 AND redemption IS NULL",
            &[cloud.into(), code.into(), redemption.to_bytes().as_slice().into()],
        )?;
        Ok(taken == 1)
    }

    /// The code that this redemption has is free again.
    pub fn coupon_code_free(&mut self, cloud: &str, code: &str, redemption: RedemptionId) -> Result<(), StoreError> {
        self.execute(
            "UPDATE coupon_code SET redemption = NULL WHERE cloud = $1 AND code = $2 AND redemption = $3",
            &[cloud.into(), code.into(), redemption.to_bytes().as_slice().into()],
        )?;
        Ok(())
    }
}

pub(crate) fn coupon_from(row: &Row<'_>) -> Result<CouponRow, StoreError> {
    Ok(CouponRow {
        cloud: row.text(0)?,
        code: row.text(1)?,
        terms: row.text(2)?,
        made: Instant::from_micros(row.int(3)?),
    })
}

fn code_from(row: &Row<'_>) -> Result<CouponCodeRow, StoreError> {
    Ok(CouponCodeRow {
        cloud: row.text(0)?,
        code: row.text(1)?,
        coupon: row.text(2)?,
        made: Instant::from_micros(row.int(3)?),
        redemption: row.opt_bytes(4)?.map(RedemptionId::from_bytes),
    })
}

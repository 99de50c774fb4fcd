//! What accounts have set about being filled up by themselves and how that went, and who they are for taxes.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::PaymentId;
use farthing_core::time::Instant;

/// None where the account says nothing: the policy's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefillRow {
    pub on: Option<bool>,
    pub threshold: Option<i64>,
    pub amount: Option<i64>,
    pub monthly_max: Option<i64>,
    /// The one under way.
    pub payment: Option<PaymentId>,
    /// When the last one was begun.
    pub last: Option<Instant>,
    /// The beginning of the month that `month_sum` is of.
    pub month: i64,
    pub month_sum: i64,
    pub failures: i64,
    /// Why it was switched off by itself; empty: it was not.
    pub off_why: String,
}

/// Who an account is, for taxes and documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyRow {
    pub name: String,
    pub address: String,
    pub country: String,
    pub region: String,
    pub tax_number: String,
    /// Whether its bills are collected by themselves; none: as the policy says.
    pub collect: Option<bool>,
}

impl Tx<'_> {
    pub fn refill(&mut self, account: OwnerId) -> Result<Option<RefillRow>, StoreError> {
        self.one(
            "SELECT switched, threshold, amount, monthly_max, payment, last, month, month_sum, failures, off_why FROM refill
             WHERE account = $1",
            &[account.0.into()],
            refill_from,
        )
    }

    pub fn refill_put(&mut self, account: OwnerId, row: &RefillRow) -> Result<(), StoreError> {
        let payment = row.payment.map(PaymentId::to_bytes);
        self.execute(
            "INSERT INTO refill (account, switched, threshold, amount, monthly_max, payment, last, month, month_sum, failures, off_why)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (account) DO UPDATE SET switched = excluded.switched, threshold = excluded.threshold, amount = excluded.amount,
                monthly_max = excluded.monthly_max, payment = excluded.payment, last = excluded.last, month = excluded.month,
                month_sum = excluded.month_sum, failures = excluded.failures, off_why = excluded.off_why",
            &[
                account.0.into(),
                row.on.map(i64::from).into(),
                row.threshold.into(),
                row.amount.into(),
                row.monthly_max.into(),
                payment.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.last.map(Instant::micros).into(),
                row.month.into(),
                row.month_sum.into(),
                row.failures.into(),
                row.off_why.as_str().into(),
            ],
        )?;
        Ok(())
    }

    pub fn company(&mut self, account: OwnerId) -> Result<Option<CompanyRow>, StoreError> {
        self.one(
            "SELECT name, address, country, region, tax_number, collect FROM company WHERE account = $1",
            &[account.0.into()],
            |row| {
                Ok(CompanyRow {
                    name: row.text(0)?,
                    address: row.text(1)?,
                    country: row.text(2)?,
                    region: row.text(3)?,
                    tax_number: row.text(4)?,
                    collect: row.opt_int(5)?.map(|collect| collect != 0),
                })
            },
        )
    }

    pub fn company_put(&mut self, account: OwnerId, row: &CompanyRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO company (account, name, address, country, region, tax_number, collect) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (account) DO UPDATE SET name = excluded.name, address = excluded.address, country = excluded.country,
                region = excluded.region, tax_number = excluded.tax_number, collect = excluded.collect",
            &[
                account.0.into(),
                row.name.as_str().into(),
                row.address.as_str().into(),
                row.country.as_str().into(),
                row.region.as_str().into(),
                row.tax_number.as_str().into(),
                row.collect.map(i64::from).into(),
            ],
        )?;
        Ok(())
    }

    pub fn company_erase(&mut self, account: OwnerId) -> Result<(), StoreError> {
        self.execute("DELETE FROM company WHERE account = $1", &[account.0.into()])?;
        Ok(())
    }
}

fn refill_from(row: &Row<'_>) -> Result<RefillRow, StoreError> {
    Ok(RefillRow {
        on: row.opt_int(0)?.map(|on| on != 0),
        threshold: row.opt_int(1)?,
        amount: row.opt_int(2)?,
        monthly_max: row.opt_int(3)?,
        payment: row.opt_bytes(4)?.map(PaymentId::from_bytes),
        last: row.opt_int(5)?.map(Instant::from_micros),
        month: row.int(6)?,
        month_sum: row.int(7)?,
        failures: row.int(8)?,
        off_why: row.text(9)?,
    })
}

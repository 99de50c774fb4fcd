//! Codes to scan: until when each can be paid, and what was paid on one in another currency than the account's.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::chain;
use farthing_core::money::{Currency, Money};
use farthing_core::payment::PaymentId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    pub payment: PaymentId,
    /// It can be paid until then.
    pub until: Instant,
    /// What it says; empty: there is only a page, or it is not known yet.
    pub code: String,
}

/// What a customer paid, in another currency than the account's. It is written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidRow {
    pub payment: PaymentId,
    pub paid: Money,
    /// What it counts for, with its tax, in units of the account's currency.
    pub credited: i64,
    /// How much of what was paid is one of that.
    pub rate: String,
    pub at: Instant,
}

impl PaidRow {
    fn seal(&self) -> i64 {
        let numbers = [self.paid.units(), self.credited, self.at.micros()];
        let id = self.payment.to_bytes();
        chain::seal_row(b"payment_paid", &numbers, &[&id, self.paid.currency().code().as_bytes(), self.rate.as_bytes()])
    }
}

impl Tx<'_> {
    /// Opens a code, or writes what became known of it.
    pub fn payment_code_put(&mut self, row: &CodeRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO payment_code (payment, until, code) VALUES ($1, $2, $3)
             ON CONFLICT (payment) DO UPDATE SET until = excluded.until, code = excluded.code",
            &[row.payment.to_bytes().as_slice().into(), row.until.micros().into(), row.code.as_str().into()],
        )?;
        Ok(())
    }

    pub fn payment_code(&mut self, payment: PaymentId) -> Result<Option<CodeRow>, StoreError> {
        self.one(
            "SELECT payment, until, code FROM payment_code WHERE payment = $1",
            &[payment.to_bytes().as_slice().into()],
            |row| {
                Ok(CodeRow {
                    payment: PaymentId::from_bytes(row.bytes(0)?),
                    until: Instant::from_micros(row.int(1)?),
                    code: row.text(2)?,
                })
            },
        )
    }

    /// The first that is told stays.
    pub fn payment_paid_insert(&mut self, row: &PaidRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO payment_paid (payment, currency, paid, credited, rate, at, seal) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (payment) DO NOTHING",
            &[
                row.payment.to_bytes().as_slice().into(),
                row.paid.currency().code().into(),
                row.paid.units().into(),
                row.credited.into(),
                row.rate.as_str().into(),
                row.at.micros().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn payment_paid(&mut self, payment: PaymentId) -> Result<Option<PaidRow>, StoreError> {
        self.one(
            "SELECT payment, currency, paid, credited, rate, at, seal FROM payment_paid WHERE payment = $1",
            &[payment.to_bytes().as_slice().into()],
            paid_from,
        )
    }

    /// What the pretended provider's customer did: that they paid stays, whatever else they do.
    pub fn sandbox_done_keep(&mut self, payment: PaymentId, deed: &str, paid: Option<Money>) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO sandbox_done (payment, deed, currency, paid) VALUES ($1, $2, $3, $4)
             ON CONFLICT (payment) DO UPDATE SET deed = excluded.deed, currency = excluded.currency, paid = excluded.paid
             WHERE sandbox_done.deed <> 'pay'",
            &[
                payment.to_bytes().as_slice().into(),
                deed.into(),
                paid.map_or("", |paid| paid.currency().code()).into(),
                paid.map_or(0, Money::units).into(),
            ],
        )?;
        Ok(())
    }

    pub fn sandbox_done(&mut self, payment: PaymentId) -> Result<Option<(String, Option<Money>)>, StoreError> {
        self.one(
            "SELECT deed, currency, paid FROM sandbox_done WHERE payment = $1",
            &[payment.to_bytes().as_slice().into()],
            |row| {
                let code = row.text(1)?;
                let paid = if code.is_empty() { None } else { Some(Money::from_units(row.int(2)?, currency(&code)?)) };
                Ok((row.text(0)?, paid))
            },
        )
    }
}

fn paid_from(row: &Row<'_>) -> Result<PaidRow, StoreError> {
    let found = PaidRow {
        payment: PaymentId::from_bytes(row.bytes(0)?),
        paid: Money::from_units(row.int(2)?, currency(&row.text(1)?)?),
        credited: row.int(3)?,
        rate: row.text(4)?,
        at: Instant::from_micros(row.int(5)?),
    };
    if row.int(6)? != found.seal() {
        return Err(StoreError::corrupt(format!("what payment {} was paid in is not what was written", found.payment)));
    }
    Ok(found)
}

fn currency(code: &str) -> Result<Currency, StoreError> {
    Currency::parse(code).map_err(|_| StoreError::corrupt(format!("a payment in the currency {code:?}")))
}

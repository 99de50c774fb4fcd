//! Packs of units, what things have taken of them, and when accounts had none.

use crate::open_charges::paid_from;
use crate::payers::ids_column;
use crate::things::name_from;
use crate::{Column, Row, StoreError, Tx};
use farthing_core::ledger::{AccountId, OwnerId, chain};
use farthing_core::measure::Unit;
use farthing_core::settle::{Dry, ThingId, UnitForm, UnitRate, UnitUse, paid_to_text};
use farthing_core::time::Instant;

/// A pack, or units that were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitLotRow {
    pub account: OwnerId,
    pub number: i64,
    pub name: String,
    /// What sold it; empty: it was given.
    pub product: String,
    pub unit: Unit,
    pub ledger: AccountId,
    /// Where what was paid for it waits to be earned; none: nothing was paid.
    pub deferred: Option<AccountId>,
    /// In millionths of a unit.
    pub size: i64,
    /// In units of the account's currency.
    pub paid: i64,
    pub starts: Instant,
    pub expires: Option<Instant>,
    /// Seconds after which the same is given again.
    pub every: Option<i64>,
    /// Which time that is, from 1.
    pub round: i64,
    pub reason: String,
    pub given: Instant,
    /// What was left of it when it lapsed.
    pub lapsed: Option<i64>,
    /// What its ledger account has.
    pub balance: i64,
}

impl UnitLotRow {
    /// Of what was bought or given, and of what lapsed. What is left is its ledger account's balance.
    pub fn seal(&self) -> i64 {
        let numbers = [
            self.account.0,
            self.number,
            self.ledger.0,
            self.deferred.map_or(0, |deferred| deferred.0),
            self.size,
            self.paid,
            self.starts.micros(),
            self.expires.map_or(i64::MIN, Instant::micros),
            self.every.unwrap_or(0),
            self.round,
            self.given.micros(),
            self.lapsed.unwrap_or(-1),
        ];
        let texts =
            [self.name.as_bytes(), self.product.as_bytes(), self.unit.as_str().as_bytes(), self.reason.as_bytes()];
        chain::seal_row(b"unit_lot", &numbers, &texts)
    }

    /// What things have used of it, in millionths of a unit.
    pub fn used(&self) -> i64 {
        self.size.saturating_sub(self.lapsed.unwrap_or(self.balance))
    }
}

/// What one thing has taken of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitUseRow {
    pub account: OwnerId,
    pub unit: Unit,
    pub taken: UnitUse,
}

/// When an account had none of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDryRow {
    pub account: OwnerId,
    pub unit: Unit,
    pub dry: Dry,
}

impl Tx<'_> {
    /// Of these accounts, those that have not lapsed, in order of account and number.
    pub fn unit_lots(&mut self, accounts: &[OwnerId]) -> Result<Vec<UnitLotRow>, StoreError> {
        self.bulk_rows(
            "SELECT l.account, l.number, l.name, l.product, l.unit, l.ledger, l.deferred, l.size, l.paid, l.starts, l.expires, l.every,
                    l.round, l.reason, l.given, l.lapsed, b.credits - b.debits
             FROM {bulk} JOIN unit_lot l ON l.account = bulk.c1 JOIN ledger_balance b ON b.account = l.ledger
             WHERE l.lapsed IS NULL ORDER BY l.account, l.number",
            vec![ids_column(accounts)],
            unit_lot_from,
        )
    }

    /// Lapsed or not, in order of number.
    pub fn unit_lots_ever(&mut self, account: OwnerId) -> Result<Vec<UnitLotRow>, StoreError> {
        self.rows(
            "SELECT l.account, l.number, l.name, l.product, l.unit, l.ledger, l.deferred, l.size, l.paid, l.starts, l.expires, l.every,
                    l.round, l.reason, l.given, l.lapsed, b.credits - b.debits
             FROM unit_lot l JOIN ledger_balance b ON b.account = l.ledger WHERE l.account = $1 ORDER BY l.number",
            &[account.0.into()],
            unit_lot_from,
        )
    }

    /// The pack that a ledger account is of.
    pub fn unit_lot_by_ledger(&mut self, ledger: AccountId) -> Result<Option<UnitLotRow>, StoreError> {
        self.one(
            "SELECT l.account, l.number, l.name, l.product, l.unit, l.ledger, l.deferred, l.size, l.paid, l.starts, l.expires, l.every,
                    l.round, l.reason, l.given, l.lapsed, b.credits - b.debits
             FROM unit_lot l JOIN ledger_balance b ON b.account = l.ledger WHERE l.ledger = $1",
            &[ledger.0.into()],
            unit_lot_from,
        )
    }

    pub fn unit_lot_number(&mut self, account: OwnerId) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(number), 0) + 1 FROM unit_lot WHERE account = $1";
        Ok(self.one(sql, &[account.0.into()], |row| row.int(0))?.unwrap_or(1))
    }

    pub fn unit_lot_insert(&mut self, lot: &UnitLotRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO unit_lot (account, number, name, product, unit, ledger, deferred, size, paid, starts, expires, every, round, reason,
                                   given, lapsed, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            &[
                lot.account.0.into(),
                lot.number.into(),
                lot.name.as_str().into(),
                lot.product.as_str().into(),
                lot.unit.as_str().into(),
                lot.ledger.0.into(),
                lot.deferred.map(|deferred| deferred.0).into(),
                lot.size.into(),
                lot.paid.into(),
                lot.starts.micros().into(),
                lot.expires.map(Instant::micros).into(),
                lot.every.into(),
                lot.round.into(),
                lot.reason.as_str().into(),
                lot.given.micros().into(),
                lot.lapsed.into(),
                lot.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// Its time is over, and `lapsed` says what was left of it.
    pub fn unit_lot_lapse(&mut self, lot: &UnitLotRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE unit_lot SET lapsed = $3, seal = $4 WHERE account = $1 AND number = $2",
            &[lot.account.0.into(), lot.number.into(), lot.lapsed.into(), lot.seal().into()],
        )?;
        Ok(())
    }

    /// What runs and takes units, in order of account and thing.
    pub fn unit_uses_running(&mut self, accounts: &[OwnerId]) -> Result<Vec<UnitUseRow>, StoreError> {
        self.bulk_rows(
            "SELECT u.account, u.thing, u.unit, u.product, u.paid, u.missing, u.done, u.total, u.at, u.slope, u.taken, u.per, u.until
             FROM {bulk} JOIN unit_use u ON u.account = bulk.c1 WHERE u.slope <> 0 ORDER BY u.account, u.thing",
            vec![ids_column(accounts)],
            unit_use_from,
        )
    }

    /// What a thing has taken for an account, whether it runs or not.
    pub fn unit_uses_of(&mut self, account: OwnerId, thing: ThingId) -> Result<Vec<UnitUseRow>, StoreError> {
        self.rows(
            "SELECT account, thing, unit, product, paid, missing, done, total, at, slope, taken, per, until FROM unit_use
             WHERE account = $1 AND thing = $2 ORDER BY unit",
            &[account.0.into(), thing.0.into()],
            unit_use_from,
        )
    }

    /// Everything an account's things have taken.
    pub fn unit_uses_ever(&mut self, account: OwnerId) -> Result<Vec<UnitUseRow>, StoreError> {
        self.rows(
            "SELECT account, thing, unit, product, paid, missing, done, total, at, slope, taken, per, until FROM unit_use
             WHERE account = $1 ORDER BY thing, unit",
            &[account.0.into()],
            unit_use_from,
        )
    }

    pub fn unit_uses_write(&mut self, rows: &[UnitUseRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let ints = |of: &dyn Fn(&UnitUseRow) -> i64| Column::Int(rows.iter().map(of).collect());
        let texts = |of: &dyn Fn(&UnitUseRow) -> String| Column::Text(rows.iter().map(of).collect());
        let mut totals = Vec::with_capacity(rows.len());
        for row in rows {
            let total = i64::try_from(row.taken.form.total);
            totals.push(total.map_err(|_| StoreError::corrupt("more of a unit was used than a row can hold"))?);
        }
        self.bulk_upsert(
            "unit_use",
            3,
            &[
                "account", "thing", "unit", "product", "paid", "missing", "done", "total", "at", "slope", "taken",
                "per", "until",
            ],
            vec![
                ints(&|row| row.account.0),
                ints(&|row| row.taken.thing.0),
                texts(&|row| row.unit.to_string()),
                texts(&|row| row.taken.product.to_string()),
                texts(&|row| paid_to_text(&row.taken.paid)),
                ints(&|row| row.taken.missing),
                ints(&|row| row.taken.form.done),
                Column::Int(totals),
                ints(&|row| row.taken.form.at.micros()),
                ints(&|row| row.taken.form.slope),
                ints(&|row| row.taken.form.rate.taken),
                ints(&|row| row.taken.form.rate.per),
                Column::OptInt(rows.iter().map(|row| row.taken.form.until.map(Instant::micros)).collect()),
            ],
        )
    }

    /// In order of account, unit and time.
    pub fn unit_dry(&mut self, accounts: &[OwnerId]) -> Result<Vec<UnitDryRow>, StoreError> {
        self.bulk_rows(
            "SELECT d.account, d.unit, d.began, d.part, d.ended FROM {bulk} JOIN unit_dry d ON d.account = bulk.c1
             ORDER BY d.account, d.unit, d.began",
            vec![ids_column(accounts)],
            |row| {
                let from = Instant::from_micros(row.int(2)?);
                let dry = Dry { from, before: row.int(3)?, to: row.opt_int(4)?.map(Instant::from_micros) };
                Ok(UnitDryRow { account: OwnerId(row.int(0)?), unit: unit_from(&row.text(1)?)?, dry })
            },
        )
    }

    pub fn unit_dry_put(&mut self, row: &UnitDryRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO unit_dry (account, unit, began, part, ended) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, unit, began) DO UPDATE SET part = excluded.part, ended = excluded.ended",
            &[
                row.account.0.into(),
                row.unit.as_str().into(),
                row.dry.from.micros().into(),
                row.dry.before.into(),
                row.dry.to.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    pub fn unit_dry_delete(&mut self, row: &UnitDryRow) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM unit_dry WHERE account = $1 AND unit = $2 AND began = $3",
            &[row.account.0.into(), row.unit.as_str().into(), row.dry.from.micros().into()],
        )?;
        Ok(())
    }
}

pub(crate) fn unit_lot_from(row: &Row<'_>) -> Result<UnitLotRow, StoreError> {
    Ok(UnitLotRow {
        account: OwnerId(row.int(0)?),
        number: row.int(1)?,
        name: row.text(2)?,
        product: row.text(3)?,
        unit: unit_from(&row.text(4)?)?,
        ledger: AccountId(row.int(5)?),
        deferred: row.opt_int(6)?.map(AccountId),
        size: row.int(7)?,
        paid: row.int(8)?,
        starts: Instant::from_micros(row.int(9)?),
        expires: row.opt_int(10)?.map(Instant::from_micros),
        every: row.opt_int(11)?,
        round: row.int(12)?,
        reason: row.text(13)?,
        given: Instant::from_micros(row.int(14)?),
        lapsed: row.opt_int(15)?,
        balance: row.int(16)?,
    })
}

pub(crate) fn unit_use_from(row: &Row<'_>) -> Result<UnitUseRow, StoreError> {
    let form = UnitForm {
        done: row.int(6)?,
        rate: UnitRate { taken: row.int(10)?, per: row.int(11)? },
        total: i128::from(row.int(7)?),
        at: Instant::from_micros(row.int(8)?),
        slope: row.int(9)?,
        until: row.opt_int(12)?.map(Instant::from_micros),
    };
    let taken = UnitUse {
        thing: ThingId(row.int(1)?),
        product: name_from(&row.text(3)?)?,
        form,
        paid: paid_from(&row.text(4)?)?,
        missing: row.int(5)?,
    };
    Ok(UnitUseRow { account: OwnerId(row.int(0)?), unit: unit_from(&row.text(2)?)?, taken })
}

fn unit_from(text: &str) -> Result<Unit, StoreError> {
    Unit::parse(text).map_err(|_| StoreError::corrupt(format!("{text:?} where a unit's name stands")))
}

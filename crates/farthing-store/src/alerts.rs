//! What accounts are warned of: their own words, and what was told.

use crate::payers::ids_column;
use crate::{Column, Row, StoreError, Tx};
use farthing_core::alert::{Told, Wish, Wishes};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

/// Nothing said and nothing told where there is no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertRow {
    pub wishes: Wishes,
    pub told: Told,
    /// What was sealed of a month's costs; none: nobody counts them.
    pub month: Option<MonthSum>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthSum {
    /// When the month began.
    pub since: Instant,
    pub units: i64,
}

impl Tx<'_> {
    /// Those that are there, in order of account. Who reads them to change them holds their accounts' locks.
    pub fn alerts_of(&mut self, ids: &[OwnerId]) -> Result<Vec<(OwnerId, AlertRow)>, StoreError> {
        self.bulk_rows(
            "SELECT a.account, a.low_balance, a.runway_days, a.month_cost, a.armed, a.runway_told, a.month, a.month_sum, a.month_told
             FROM {bulk} JOIN alert a ON a.account = bulk.c1 ORDER BY bulk.c1",
            vec![ids_column(ids)],
            alert_from,
        )
    }

    pub fn alerts_write(&mut self, rows: &[(OwnerId, AlertRow)]) -> Result<(), StoreError> {
        let own = |of: fn(&AlertRow) -> Option<i64>| Column::OptInt(rows.iter().map(|(_, row)| of(row)).collect());
        let told = |of: fn(&AlertRow) -> i64| Column::Int(rows.iter().map(|(_, row)| of(row)).collect());
        self.bulk_upsert(
            "alert",
            1,
            &[
                "account",
                "low_balance",
                "runway_days",
                "month_cost",
                "armed",
                "runway_told",
                "month",
                "month_sum",
                "month_told",
            ],
            vec![
                Column::Int(rows.iter().map(|(id, _)| id.0).collect()),
                own(|row| wish_code(row.wishes.low_balance)),
                own(|row| wish_code(row.wishes.runway_days)),
                own(|row| wish_code(row.wishes.month_cost)),
                told(|row| row.told.armed.into()),
                own(|row| row.told.runway.map(Instant::micros)),
                own(|row| row.month.map(|month| month.since.micros())),
                told(|row| row.month.map_or(0, |month| month.units)),
                own(|row| row.told.month),
            ],
        )
    }
}

const fn wish_code(wish: Wish) -> Option<i64> {
    match wish {
        Wish::AsPolicy => None,
        Wish::Off => Some(-1),
        Wish::At(own) => Some(own),
    }
}

fn wish_from(code: Option<i64>) -> Wish {
    match code {
        None => Wish::AsPolicy,
        Some(own) if own < 0 => Wish::Off,
        Some(own) => Wish::At(own),
    }
}

fn alert_from(row: &Row<'_>) -> Result<(OwnerId, AlertRow), StoreError> {
    let instant = |micros: Option<i64>| micros.map(Instant::from_micros);
    let units = row.int(7)?;
    let found = AlertRow {
        wishes: Wishes {
            low_balance: wish_from(row.opt_int(1)?),
            runway_days: wish_from(row.opt_int(2)?),
            month_cost: wish_from(row.opt_int(3)?),
        },
        told: Told { armed: row.int(4)? != 0, runway: instant(row.opt_int(5)?), month: row.opt_int(8)? },
        month: instant(row.opt_int(6)?).map(|since| MonthSum { since, units }),
    };
    Ok((OwnerId(row.int(0)?), found))
}

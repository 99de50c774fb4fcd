//! Reads every pack of units for `verify`: what things have used of it is what its ledger account no longer has, and what was paid for it and is
//! not earned is what waits in its other one.

use crate::units::{UnitLotRow, unit_lot_from, unit_use_from};
use crate::{StoreError, Tx, chain_of};
use farthing_core::ledger::AccountId;
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::ledger::posting::earned;
use farthing_core::settle::Source;
use std::collections::BTreeMap;

pub(crate) fn audit_units(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find = |row: String, what: String| findings.push(Finding { of: Audited::Charges, row, what });
    // What things say that each pack gave.
    let mut used: BTreeMap<AccountId, i128> = BTreeMap::new();
    tx.each(
        "SELECT account, thing, unit, product, paid, missing, done, total, at, slope, taken, per, until FROM unit_use
         ORDER BY account, thing, unit",
        &[],
        |row| {
            let name = format!("unit_use {} {} {}", row.int(0)?, row.int(1)?, row.text_lossy(2)?);
            match unit_use_from(row) {
                Ok(told) => {
                    if told.taken.missing < 0 {
                        find(name.clone(), format!("{} millionths of it are missing", told.taken.missing));
                    }
                    for (source, part) in &told.taken.paid {
                        match source {
                            Source::Lot(lot) => *used.entry(*lot).or_default() += i128::from(*part),
                            Source::Cash | Source::Debt | Source::Unbilled => {
                                find(name.clone(), "units are paid with something that is no pack".to_owned());
                            }
                        }
                    }
                }
                Err(error) => find(name, format!("it cannot be read: {}", chain_of(&error))),
            }
            Ok(())
        },
    )?;
    let mut lots: Vec<(UnitLotRow, i64, Option<i64>)> = Vec::new();
    tx.each(
        "SELECT l.account, l.number, l.name, l.product, l.unit, l.ledger, l.deferred, l.size, l.paid, l.starts, l.expires, l.every,
                l.round, l.reason, l.given, l.lapsed, coalesce(b.credits - b.debits, 0), l.seal, d.credits - d.debits
         FROM unit_lot l LEFT JOIN ledger_balance b ON b.account = l.ledger LEFT JOIN ledger_balance d ON d.account = l.deferred
         ORDER BY l.account, l.number",
        &[],
        |row| {
            match unit_lot_from(row) {
                Ok(lot) => lots.push((lot, row.int(17)?, row.opt_int(18)?)),
                Err(error) => find(
                    format!("unit_lot {} {}", row.int(0)?, row.int(1)?),
                    format!("it cannot be read: {}", chain_of(&error)),
                ),
            }
            Ok(())
        },
    )?;
    for (lot, seal, deferred) in lots {
        let name = format!("unit_lot {} {}", lot.account.0, lot.number);
        if lot.seal() != seal {
            find(name.clone(), "it is not what was written: its seal does not fit".to_owned());
        }
        let drawn = used.remove(&lot.ledger).unwrap_or(0);
        if drawn != i128::from(lot.used()) {
            let what = format!("the ledger says that {} millionths of it are used, its things {drawn}", lot.used());
            find(name.clone(), what);
        }
        if lot.lapsed.is_some() && lot.balance != 0 {
            find(name.clone(), format!("it has lapsed, and its ledger account still has {}", lot.balance));
        }
        // Paid, less what was earned, less what was breakage: all the rest of one that has lapsed.
        let earned = earned(lot.paid, lot.size, lot.used()).unwrap_or(0);
        let waits = if lot.lapsed.is_some() { 0 } else { lot.paid.saturating_sub(earned) };
        if deferred.unwrap_or(0) != waits {
            let what =
                format!("{} units of money wait to be earned, and its used units say {waits}", deferred.unwrap_or(0));
            find(name, what);
        }
    }
    for (ledger, drawn) in used.into_iter().filter(|(_, drawn)| *drawn != 0) {
        find(format!("ledger_account {}", ledger.0), format!("{drawn} millionths of units were used of no pack"));
    }
    report.add(findings);
    Ok(())
}

//! Reads billing periods for `verify`: each document says what the charges came to that its cut covers, what waits is what the others came to,
//! and both with what was billed apart are what the ledger has as unbilled.

use crate::billing::{apart_from, cut_from, waiting_from};
use crate::charges::charge_from;
use crate::open_charges::paid_from;
use crate::{StoreError, Tx, chain_of};
use farthing_core::bill::{Consumed, CutAuditor, Used};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use std::collections::BTreeMap;

pub(crate) fn audit_periods(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find = |row: String, what: String| findings.push(Finding { of: Audited::Bills, row, what });
    let mut auditor = CutAuditor::default();
    tx.each(
        "SELECT c.account, c.place, c.bill, c.since, c.until, c.upto, c.chain, c.used, c.seal, b.account, b.place
         FROM bill_cut c LEFT JOIN bill b ON b.id = c.bill ORDER BY c.account, c.place",
        &[],
        |row| {
            let name = format!("bill_cut {} {}", row.int(0)?, row.int(1)?);
            let cut = match cut_from(row) {
                Ok(cut) => cut,
                Err(error) => {
                    find(name, chain_of(&error));
                    return Ok(());
                }
            };
            if cut.seal() != row.int(8)? {
                find(name.clone(), "it is not what was written: its seal does not fit".to_owned());
            }
            // A bill that was issued anew stands later than the one whose cut it has.
            if row.opt_int(9)? != Some(cut.account.0) || row.opt_int(10)?.is_none_or(|place| place < cut.place) {
                find(name.clone(), "its document is missing, or another account's".to_owned());
            }
            let mut says: BTreeMap<Name, Used> = BTreeMap::new();
            for line in cut.used.lines() {
                let sum = says.entry(line.product.clone()).or_default();
                *sum = sum.and(line.used);
            }
            if let Some(what) = auditor.document(cut.account, cut.cut, name.clone(), says) {
                find(name, what.to_owned());
            }
            Ok(())
        },
    )?;
    // By account: what the sums of the period say is unbilled, less what was billed apart.
    let mut unbilled: BTreeMap<OwnerId, i64> = BTreeMap::new();
    let mut add = |account: OwnerId, amount: i64| {
        let sum = unbilled.entry(account).or_default();
        *sum = sum.saturating_add(amount);
    };
    tx.each("SELECT account, waiting, apart FROM billing ORDER BY account", &[], |row| {
        let account = OwnerId(row.int(0)?);
        match waiting_from(&row.text_lossy(1)?).and_then(|waiting| Ok((waiting, apart_from(&row.text_lossy(2)?)?))) {
            Ok((waiting, apart)) => {
                for line in waiting.lines() {
                    add(account, line.used.unbilled);
                }
                for amount in apart.into_values() {
                    add(account, amount.saturating_neg());
                }
                auditor.waits(account, &waiting);
            }
            Err(error) => find(format!("billing {}", account.0), chain_of(&error)),
        }
        Ok(())
    })?;
    tx.each("SELECT account, paid FROM posted ORDER BY account, product", &[], |row| {
        // What cannot be read is told with the charges.
        if let Ok(paid) = paid_from(&row.text_lossy(1)?) {
            add(OwnerId(row.int(0)?), Used::of(0, 0, &paid).unbilled);
        }
        Ok(())
    })?;
    tx.each(
        "SELECT a.id, r.credits - r.debits FROM account a LEFT JOIN ledger_balance r ON r.account = a.unbilled ORDER BY a.id",
        &[],
        |row| {
            let (account, balance) = (OwnerId(row.int(0)?), row.opt_int(1)?.unwrap_or(0));
            let waits = unbilled.remove(&account).unwrap_or(0);
            if balance != waits.saturating_neg() {
                let has = balance.saturating_neg();
                find(format!("billing {}", account.0), format!("{waits} units wait for a bill, and the ledger has {has} unbilled"));
            }
            Ok(())
        },
    )?;
    tx.each(
        "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained
         FROM charge ORDER BY account, chained",
        &[],
        |row| {
            if let Ok(charge) = charge_from(row) {
                let (product, paid) = (&charge.product, &charge.paid);
                let (list, net) = (charge.list, charge.net);
                let consumed = Consumed { product, item: "", from: charge.from, to: charge.to, list, net, paid };
                auditor.charge(charge.account, &consumed, charge.chained);
            }
            Ok(())
        },
    )?;
    for (row, what) in auditor.differing() {
        find(row, what);
    }
    report.add(findings);
    Ok(())
}

//! Reads every order, agreement and term for `verify`: they are what was written, and what terms have left unearned is what the ledger
//! holds deferred for their orders.

use crate::purchases::purchase_from;
use crate::subscriptions::{agreed_from, term_from};
use crate::{StoreError, Tx, chain_of};
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use std::collections::BTreeMap;

pub(crate) fn audit_orders(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find = |row: String, what: String| findings.push(Finding { of: Audited::Orders, row, what });
    let mut rows = 0_u64;
    tx.each(
        "SELECT p.id, p.cloud, p.account, p.name, p.number, p.kind, p.state, p.ordered, p.valid_until, p.asked, p.amount, p.bill, p.credit,
            p.cash, p.transfers, p.awaits, p.why, p.changed, p.seal, a.id
         FROM purchase p LEFT JOIN account a ON a.id = p.account AND a.cloud = p.cloud ORDER BY p.id",
        &[],
        |row| {
            rows += 1;
            match purchase_from(row) {
                Err(error) => find(format!("purchase {rows}"), format!("it cannot be read: {}", chain_of(&error))),
                Ok(order) => {
                    let name = format!("purchase {}", order.id);
                    if order.seal() != row.int(18)? {
                        find(name.clone(), "it is not what was ordered: its seal does not fit".to_owned());
                    }
                    if row.opt_int(19)?.is_none() {
                        find(name, "its account is missing, or of another cloud".to_owned());
                    }
                }
            }
            Ok(())
        },
    )?;
    tx.each(
        "SELECT g.subscription, g.number, g.at, g.recorded, g.change, g.seal, s.id
         FROM agreed g LEFT JOIN subscription s ON s.id = g.subscription ORDER BY g.subscription, g.number",
        &[],
        |row| {
            let agreed = agreed_from(row)?;
            let name = format!("agreed {} {}", agreed.subscription, agreed.number);
            if agreed.seal() != row.int(5)? {
                find(name.clone(), "it is not what was agreed: its seal does not fit".to_owned());
            }
            if row.opt_int(6)?.is_none() {
                find(name, "what it was agreed of is missing".to_owned());
            }
            Ok(())
        },
    )?;
    let mut held: BTreeMap<i64, (i128, Option<i64>)> = BTreeMap::new();
    tx.each(
        "SELECT t.id, t.subscription, t.account, t.purchase, t.product, t.plan, t.period_from, t.period_to, t.had_from, t.had_to, t.ledger,
            t.value, t.cash, t.returned, t.cash_returned, t.earned, t.earn_at, b.credits - b.debits
         FROM term t LEFT JOIN ledger_balance b ON b.account = t.ledger ORDER BY t.id",
        &[],
        |row| {
            let term = match term_from(row) {
                Ok(term) => term,
                Err(error) => {
                    find(format!("term {}", row.int(0)?), format!("it cannot be read: {}", chain_of(&error)));
                    return Ok(());
                }
            };
            let money = term.money;
            let sound = 0 <= money.returned
                && money.returned <= money.value
                && money.cash_returned <= money.cash
                && money.cash <= money.value;
            if !sound {
                find(format!("term {}", term.id), "more of it was given back than was paid".to_owned());
            }
            let entry = held.entry(term.ledger.0).or_insert((0, row.opt_int(17)?));
            entry.0 += i128::from(money.left()) - i128::from(term.earned);
            Ok(())
        },
    )?;
    for (account, (left, balance)) in held {
        let balance = balance.map(i128::from);
        if balance != Some(left) {
            let has = balance.map_or("nothing".to_owned(), |balance| balance.to_string());
            let what = format!("what its terms have left unearned is {left}, and the ledger holds {has} for them");
            find(format!("ledger_account {account}"), what);
        }
    }
    report.add_orders(rows, findings);
    Ok(())
}

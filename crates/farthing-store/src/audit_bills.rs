//! Reads every bill, receipt and credit note for `verify`: what was issued is what stands there, numbers have no gap, and what is due of a bill
//! is what the ledger says is owed.

use crate::arrears::{charged_from, late_from};
use crate::bill_disputes::dispute_from;
use crate::bills::bill_from;
use crate::invoice_requests::request_from;
use crate::{StoreError, Tx, chain_of};
use farthing_core::bill::{BillState, DocumentKind, RequestState};
use farthing_core::ledger::Kind;
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::payment::BillId;
use std::collections::BTreeMap;

pub(crate) fn audit_bills(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find = |row: String, what: String| findings.push(Finding { of: Audited::Bills, row, what });
    let mut counted: BTreeMap<(String, String), i64> = BTreeMap::new();
    tx.each("SELECT cloud, series, counted FROM number_series ORDER BY cloud, series", &[], |row| {
        counted.insert((row.text_lossy(0)?, row.text_lossy(1)?), row.int(2)?);
        Ok(())
    })?;
    let mut last: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut bills = 0_u64;
    tx.each(
        "SELECT b.id, b.cloud, b.account, b.kind, b.series, b.seq, b.number, b.state, b.place, b.issued, b.due, b.net, b.tax, b.total,
            b.paid, b.refunded, b.charged_back, b.credited, b.given_back, b.rolled, b.of, b.payment, b.receivable, b.transfer, b.body, b.disputed,
            b.seal, b.number_seal, r.account, r.credits - r.debits, ra.owner, t.id, a.id, d.owner, c.owner, t.kind, t.amount
         FROM bill b
         LEFT JOIN account a ON a.id = b.account AND a.cloud = b.cloud
         LEFT JOIN ledger_balance r ON r.account = b.receivable
         LEFT JOIN ledger_account ra ON ra.id = b.receivable
         LEFT JOIN transfer t ON t.id = b.transfer
         LEFT JOIN ledger_account d ON d.id = t.debit
         LEFT JOIN ledger_account c ON c.id = t.credit
         ORDER BY b.cloud, b.series, b.seq, b.place",
        &[],
        |row| {
            bills += 1;
            let bill = match bill_from(row) {
                Ok(bill) => bill,
                Err(error) => {
                    find(format!("bill {bills}"), format!("it cannot be read: {}", chain_of(&error)));
                    return Ok(());
                }
            };
            let name = format!("bill {}", if bill.number.is_empty() { bill.id.to_string() } else { bill.number.clone() });
            if bill.seal() != row.int(26)? {
                find(name.clone(), "it is not what was issued: its seal does not fit".to_owned());
            }
            if bill.number_seal() != row.int(27)? {
                find(name.clone(), "its number is not the one it was given: the number's seal does not fit".to_owned());
            }
            if row.opt_int(32)?.is_none() {
                find(name.clone(), "its account is missing, or of another cloud".to_owned());
            }
            if (bill.seq == 0) != bill.number.is_empty() {
                find(name.clone(), "it has a number without a place in its series, or a place without a number".to_owned());
            }
            if bill.seq != 0 {
                let before = last.entry((bill.cloud.clone(), bill.series.clone())).or_insert(0);
                if bill.seq != *before + 1 {
                    let what =
                        format!("it is number {} of {}, and the one before it is {before}", bill.seq, bill.series);
                    find(name.clone(), what);
                }
                *before = bill.seq;
            }
            if bill.kind != DocumentKind::Bill {
                return Ok(());
            }
            match (bill.receivable, row.opt_int(28)?, row.opt_int(29)?) {
                (None, ..) => {
                    // It was paid before it was issued: what brought the money is its evidence.
                    let owners = [row.opt_int(33)?, row.opt_int(34)?];
                    let (kind, amount) = (row.opt_int(35)?.and_then(Kind::from_code), row.opt_int(36)?.unwrap_or(0));
                    let brings = match kind {
                        Some(Kind::TopUp) => amount >= bill.net,
                        // It went back, and has come again.
                        Some(Kind::Reversal | Kind::RefundFailed | Kind::TaxReturned) => true,
                        _ => false,
                    };
                    if row.opt_int(31)?.is_none() || !brings || !owners.contains(&Some(bill.account.0)) {
                        find(name, "the transfer that brought its money is missing, or another account's".to_owned());
                    } else if bill.due_units() != 0 {
                        find(name, "it is of money that has come in, and something is due of it".to_owned());
                    }
                }
                (Some(_), Some(_), Some(balance)) => {
                    // What was given up is no receivable any more: it is a bad debt.
                    let owed = if bill.state == BillState::Uncollectible { 0 } else { bill.due_units() };
                    if row.opt_int(30)? != Some(bill.account.0) {
                        find(name, "its receivable is another account's".to_owned());
                    } else if balance != owed.saturating_neg() {
                        let says = balance.saturating_neg();
                        find(name, format!("{owed} units are due of it, and its receivable says {says}"));
                    }
                }
                (Some(_), ..) => find(name, "its receivable is not there".to_owned()),
            }
            Ok(())
        },
    )?;
    tx.each(
        "SELECT d.id, d.cloud, d.account, d.bill, d.amount, d.reason, d.opened, d.state, d.decided, d.granted, d.who, d.note, d.seal, b.account
         FROM bill_dispute d LEFT JOIN bill b ON b.id = d.bill ORDER BY d.id",
        &[],
        |row| {
            let dispute = match dispute_from(row) {
                Ok(dispute) => dispute,
                Err(error) => {
                    find("a dispute".to_owned(), format!("it cannot be read: {}", chain_of(&error)));
                    return Ok(());
                }
            };
            let name = format!("dispute {}", dispute.id);
            if dispute.seal() != row.int(12)? {
                find(name.clone(), "it is not what was opened and decided: its seal does not fit".to_owned());
            }
            if row.opt_int(13)? != Some(dispute.account.0) {
                find(name, "its bill is missing, or another account's".to_owned());
            }
            Ok(())
        },
    )?;
    tx.each(
        "SELECT b.id, b.number FROM bill b WHERE b.disputed <> 0
            AND NOT EXISTS (SELECT 1 FROM bill_dispute d WHERE d.bill = b.id AND d.state = 'open' AND d.amount >= b.disputed)
         ORDER BY b.id",
        &[],
        |row| {
            find(format!("bill {}", row.text_lossy(1)?), "a part of it is disputed, and no open dispute says so".to_owned());
            Ok(())
        },
    )?;
    tx.each(
        "SELECT r.id, r.cloud, r.account, r.state, r.buyer, r.asked, r.due, r.late, r.decided, r.exact, r.total, r.bill, r.who, r.note, r.seal,
            (SELECT CAST(sum(i.amount) AS BIGINT) FROM invoiced i WHERE i.request = r.id), b.account, b.total - b.credited
         FROM invoice_request r LEFT JOIN bill b ON b.id = r.bill ORDER BY r.id",
        &[],
        |row| {
            let request = match request_from(row) {
                Ok(request) => request,
                Err(error) => {
                    find("a request for an invoice".to_owned(), format!("it cannot be read: {}", chain_of(&error)));
                    return Ok(());
                }
            };
            let name = format!("request {}", request.id);
            if request.seal() != row.int(14)? {
                find(name.clone(), "it is not what was asked and decided: its seal does not fit".to_owned());
            }
            let open = matches!(request.state, RequestState::Asked | RequestState::Issued);
            let sum = row.opt_int(15)?.unwrap_or(0);
            if sum != if open { request.exact } else { 0 } {
                find(name.clone(), format!("its charges come to {sum} units, and it says {}", request.exact));
            }
            if request.state == RequestState::Issued
                && (row.opt_int(16)?, row.opt_int(17)?) != (Some(request.account.0), Some(request.total))
            {
                find(name, "its invoice is missing, another account's, or of another sum".to_owned());
            }
            Ok(())
        },
    )?;
    tx.each(
        "SELECT i.account, i.charged FROM invoiced i LEFT JOIN invoice_request r ON r.id = i.request AND r.account = i.account
            LEFT JOIN charge c ON c.account = i.account AND c.chained = i.charged
         WHERE r.id IS NULL OR c.account IS NULL ORDER BY i.account, i.charged",
        &[],
        |row| {
            let name = format!("invoiced {} {}", row.int(0)?, row.int(1)?);
            find(name, "its charge or its request is missing".to_owned());
            Ok(())
        },
    )?;
    tx.each(
        "SELECT a.bill, a.late, a.charged, a.account, b.account FROM arrears a LEFT JOIN bill b ON b.id = a.bill ORDER BY a.bill",
        &[],
        |row| {
            let name = format!("arrears {}", BillId::from_bytes(row.bytes(0)?));
            if late_from(&row.text_lossy(1)?).is_err() || charged_from(&row.text_lossy(2)?).is_err() {
                find(name.clone(), "it cannot be read".to_owned());
            }
            if row.opt_int(4)? != Some(row.int(3)?) {
                find(name, "its bill is missing, or another account's".to_owned());
            }
            Ok(())
        },
    )?;
    for ((cloud, series), count) in counted {
        let newest = last.remove(&(cloud.clone(), series.clone())).unwrap_or(0);
        if newest != count {
            find(
                format!("number_series {cloud} {series}"),
                format!("it has counted to {count}, its last number is {newest}"),
            );
        }
    }
    for (cloud, series) in last.into_keys() {
        find(format!("number_series {cloud} {series}"), "it is gone".to_owned());
    }
    report.add_bills(bills, findings);
    Ok(())
}

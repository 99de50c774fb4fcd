//! Reads every movement of the clouds' banks for `verify`: it is as it was told, and together they are what the ledger has at the bank and in suspense.

use crate::bank::bank_row_from;
use crate::{StoreError, Tx, chain_of};
use farthing_core::bank::RowState;
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use std::collections::BTreeMap;

/// What a cloud's movements come to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Everything but what was set aside.
    bank: i64,
    /// What nobody has said of what it is.
    suspense: i64,
}

pub(crate) fn audit_bank(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find = |row: String, what: String| findings.push(Finding { of: Audited::Bank, row, what });
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    let mut movements = 0_u64;
    tx.each(
        "SELECT b.id, b.cloud, b.file, b.own, b.identity, b.booked, b.amount, b.nature, b.bank_reference, b.name, b.iban, b.text,
            b.reference, b.end_to_end, b.batch, b.mandate, b.reason, b.fee, b.state, b.account, b.why, b.who, b.told, b.changed,
            b.transfer, b.seal, t.amount, CAST(CASE WHEN o.state IS NULL THEN 0 ELSE 1 END AS BIGINT), a.id
         FROM bank_row b
         LEFT JOIN transfer t ON t.id = b.transfer
         LEFT JOIN bank_order o ON o.subject = b.id AND o.state = 'waiting'
         LEFT JOIN account a ON a.id = b.account AND a.cloud = b.cloud
         ORDER BY b.cloud, b.id",
        &[],
        |row| {
            movements += 1;
            let told = match bank_row_from(row) {
                Ok(told) => told,
                Err(error) => {
                    find(format!("bank_row {movements}"), format!("it cannot be read: {}", chain_of(&error)));
                    return Ok(());
                }
            };
            let name = format!("bank_row {}", told.id);
            if told.seal() != row.int(25)? {
                find(name.clone(), "it is not what was told: its seal does not fit".to_owned());
            }
            if row.opt_int(26)? != Some(told.amount.saturating_abs()) {
                find(name.clone(), "the transfer that booked it is missing, or of another amount".to_owned());
            }
            if told.account.is_some() && row.opt_int(28)?.is_none() {
                find(name, "its account is missing, or of another cloud".to_owned());
            }
            // What is to be sent back leaves suspense with the file that asks for it.
            let not_filed = row.int(27)? == 1;
            let sum = sums.entry(told.cloud.clone()).or_default();
            match told.state {
                RowState::SetAside => {}
                RowState::New | RowState::Waiting => {
                    sum.bank = sum.bank.saturating_add(told.amount);
                    sum.suspense = sum.suspense.saturating_add(told.amount);
                }
                RowState::GoingBack if not_filed => {
                    sum.bank = sum.bank.saturating_add(told.amount);
                    sum.suspense = sum.suspense.saturating_add(told.amount);
                }
                RowState::GoingBack | RowState::Matched | RowState::Settled | RowState::GoneBack => {
                    sum.bank = sum.bank.saturating_add(told.amount);
                }
            }
            Ok(())
        },
    )?;
    let mut booked: BTreeMap<String, Sums> = BTreeMap::new();
    tx.each(
        "SELECT o.cloud, a.code, b.debits - b.credits FROM ledger_owner o JOIN ledger_account a ON a.owner = o.id
         JOIN ledger_balance b ON b.account = a.id WHERE o.books AND (a.code = 'bank' OR a.code = 'suspense')",
        &[],
        |row| {
            let sum = booked.entry(row.text_lossy(0)?).or_default();
            let balance = row.int(2)?;
            if row.text_lossy(1)? == "bank" {
                sum.bank = sum.bank.saturating_add(balance);
            } else {
                sum.suspense = sum.suspense.saturating_sub(balance);
            }
            Ok(())
        },
    )?;
    for cloud in sums.keys().chain(booked.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (told, books) =
            (sums.get(cloud).copied().unwrap_or_default(), booked.get(cloud).copied().unwrap_or_default());
        let pairs = [("bank", told.bank, books.bank), ("suspense", told.suspense, books.suspense)];
        for (account, told, books) in pairs.into_iter().filter(|(_, told, books)| told != books) {
            let what = format!("the bank told of {told} units, and the ledger's {account} has {books}");
            find(format!("ledger_account {cloud} {account}"), what);
        }
    }
    report.add_bank(movements, findings);
    Ok(())
}

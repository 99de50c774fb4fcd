//! `verify`: reads the whole ledger, what accounts were charged, every policy and every usage event in one snapshot and hands
//! them to the core's auditors, which name what does not add up.

use crate::accounts::{account_from, commodity_from};
use crate::audit_bank::audit_bank;
use crate::audit_bills::audit_bills;
use crate::audit_charges::{audit_charges, audit_payers};
use crate::audit_coupons::audit_coupons;
use crate::audit_orders::audit_orders;
use crate::audit_periods::audit_periods;
use crate::audit_units::audit_units;
use crate::ledger::{capture_from, entry_from, hold_from, transfer_id};
use crate::messages::audit_messages;
use crate::outages::audit_outages;
use crate::policies::audit_policies;
use crate::trail::audit_trail;
use crate::usage::audit_usage;
use crate::{StoreError, Tx, Value};
use farthing_core::id::HoldId;
use farthing_core::ledger::OwnerId;
use farthing_core::ledger::audit::Auditor;
pub use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::policy::VersionAuditor;
use farthing_core::settle::ChargeAuditor;
use farthing_core::time::Instant;
use farthing_core::usage::audit::UsageAuditor;

impl Tx<'_> {
    /// Checks everything that must hold of the ledger and of what it is computed by. For `Store::read`, whose snapshot it needs.
    pub fn audit(&mut self) -> Result<AuditReport, StoreError> {
        self.audit_told(&mut |_| ())
    }

    /// The same, telling what it reads next.
    pub fn audit_told(&mut self, tell: &mut dyn FnMut(&'static str)) -> Result<AuditReport, StoreError> {
        self.reads_whole_tables()?;
        let mut auditor = Auditor::default();
        tell("the file");
        audit_file(self, &mut auditor)?;
        tell("accounts");
        self.each("SELECT id, code, unit, decimals, seal FROM commodity ORDER BY id", &[], |row| {
            auditor.commodity(commodity_from(row)?, row.int(4)?);
            Ok(())
        })?;
        self.each("SELECT id, cloud, books, seal FROM ledger_owner ORDER BY id", &[], |row| {
            auditor.owner(OwnerId(row.int(0)?), &row.text(1)?, row.bool(2)?, row.int(3)?);
            Ok(())
        })?;
        audit_accounts(self, &mut auditor)?;
        audit_strays(self, &mut auditor)?;
        let mut charges = ChargeAuditor::default();
        audit_payers(self, &mut charges)?;
        tell("transfers");
        audit_transfers(self, &mut auditor, &mut charges)?;
        audit_holds(self, &mut auditor)?;
        tell("charges");
        audit_charges(self, &mut charges)?;
        tell("policy versions");
        let mut versions = VersionAuditor::default();
        audit_policies(self, &mut versions)?;
        let mut report = auditor.finish();
        charges.finish(&mut report);
        versions.finish(&mut report);
        audit_outages(self, &mut report)?;
        tell("usage events");
        let mut usage = UsageAuditor::default();
        audit_usage(self, &mut usage)?;
        usage.finish(&mut report);
        tell("bills");
        audit_bills(self, &mut report)?;
        audit_periods(self, &mut report)?;
        tell("units");
        audit_units(self, &mut report)?;
        tell("the bank");
        audit_bank(self, &mut report)?;
        audit_orders(self, &mut report)?;
        tell("coupons");
        audit_coupons(self, &mut report)?;
        tell("the audit log");
        audit_trail(self, &mut report)?;
        tell("messages");
        audit_messages(self, &mut report)?;
        Ok(report)
    }
}

/// SQLite says what is wrong with its own file; PostgreSQL checks its pages as it reads them.
fn audit_file(tx: &mut Tx<'_>, auditor: &mut Auditor) -> Result<(), StoreError> {
    if tx.shares_writing() {
        return Ok(());
    }
    tx.each("SELECT integrity_check FROM pragma_integrity_check", &[], |row| {
        let told = row.text(0)?;
        if told != "ok" {
            auditor.file(told);
        }
        Ok(())
    })
}

fn audit_accounts(tx: &mut Tx<'_>, auditor: &mut Auditor) -> Result<(), StoreError> {
    tx.each(
        "SELECT a.id, a.owner, a.commodity, a.floor, a.hard, a.closed, coalesce(b.debits, 0), coalesce(b.credits, 0),
                coalesce(h.held, 0), b.newest, coalesce(b.head, $1), a.code, a.opened, a.seal, b.account
         FROM ledger_account a LEFT JOIN ledger_balance b ON b.account = a.id
         LEFT JOIN ledger_held h ON h.account = a.id ORDER BY a.id",
        &[Value::Bytes(&[0; 32])],
        |row| {
            // A row that cannot even be read is named like one that does not add up.
            match account_from(row) {
                Ok(account) => {
                    auditor.account(account, &row.text(11)?, Instant::from_micros(row.int(12)?), row.int(13)?);
                }
                Err(error) => auditor.unreadable(&format!("ledger_account {}", row.int(0)?), &error.to_string()),
            }
            if row.opt_int(14)?.is_none() {
                auditor.unreadable(&format!("ledger_balance {}", row.int(0)?), "the account's row of sums is missing");
            }
            Ok(())
        },
    )
}

/// Rows that stand without the one they belong to.
fn audit_strays(tx: &mut Tx<'_>, auditor: &mut Auditor) -> Result<(), StoreError> {
    let mut stray = |tx: &mut Tx<'_>, sql, table: &str, what: &str| {
        tx.each(sql, &[], |row| {
            auditor.unreadable(&format!("{table} {}", row.int(0)?), what);
            Ok(())
        })
    };
    stray(
        tx,
        "SELECT b.account FROM ledger_balance b LEFT JOIN ledger_account a ON a.id = b.account WHERE a.id IS NULL",
        "ledger_balance",
        "there is no account of this number",
    )?;
    stray(
        tx,
        "SELECT h.account FROM ledger_held h LEFT JOIN ledger_balance b ON b.account = h.account WHERE b.account IS NULL",
        "ledger_held",
        "there is no account of this number",
    )
}

fn audit_transfers(tx: &mut Tx<'_>, auditor: &mut Auditor, charges: &mut ChargeAuditor) -> Result<(), StoreError> {
    tx.each("SELECT reverses, id FROM transfer WHERE reverses IS NOT NULL", &[], |row| {
        let target = transfer_id(row.int(0)?)?;
        auditor.reversal(target, transfer_id(row.int(1)?)?);
        charges.reversal(target);
        Ok(())
    })?;
    tx.each(
        "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                debit_after, credit_after, debit_previous, credit_previous, seal
         FROM transfer ORDER BY id",
        &[],
        |row| {
            match entry_from(row) {
                Ok(entry) => {
                    auditor.entry(&entry, row.int(14)?);
                    charges.entry(&entry);
                }
                Err(error) => auditor.unreadable(&format!("transfer {}", row.int(0)?), &error.to_string()),
            }
            Ok(())
        },
    )
}

fn audit_holds(tx: &mut Tx<'_>, auditor: &mut Auditor) -> Result<(), StoreError> {
    tx.each("SELECT id, owner, amount, captured, expires_at, state, parts, seal FROM hold ORDER BY id", &[], |row| {
        match hold_from(row) {
            Ok(hold) => auditor.hold(&hold, row.int(7)?),
            Err(error) => {
                auditor.unreadable(&format!("hold {}", HoldId::from_bytes(row.bytes(0)?)), &error.to_string());
            }
        }
        Ok(())
    })?;
    // A capture's transfers are those of its run of ids that carry its first id.
    tx.each(
        "SELECT c.id, c.hold, c.recipient, c.amount, c.last, c.effective, c.seal,
                (SELECT CAST(coalesce(sum(t.amount), 0) AS BIGINT) FROM transfer t
                 WHERE t.id >= c.id AND t.id < c.id + 64 AND (t.id = c.id OR t.linked = c.id) AND t.credit = c.recipient)
         FROM hold_capture c ORDER BY c.id",
        &[],
        |row| {
            auditor.capture(&capture_from(row)?, row.int(6)?, i128::from(row.int(7)?));
            Ok(())
        },
    )?;
    tx.each(
        "SELECT h.id, h.captured, (SELECT CAST(coalesce(sum(c.amount), 0) AS BIGINT) FROM hold_capture c WHERE c.hold = h.id)
         FROM hold h ORDER BY h.id",
        &[],
        |row| {
            auditor.captured(HoldId::from_bytes(row.bytes(0)?), row.int(1)?, i128::from(row.int(2)?));
            Ok(())
        },
    )
}

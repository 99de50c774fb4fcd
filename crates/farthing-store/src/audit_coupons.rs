//! Reads coupons, redemptions, what they took off and grants that come again for `verify`: each is what was written, and as many were counted as
//! there are.

use crate::coupons::coupon_from;
use crate::recurring_grants::recurring_from;
use crate::redemptions::{redemption_from, use_from};
use crate::{Row, StoreError, Tx, chain_of};
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};

pub(crate) fn audit_coupons(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find =
        |row: String, what: &str| findings.push(Finding { of: Audited::Coupons, row, what: what.to_owned() });
    let mut sealed = |name: String, seal: Result<i64, StoreError>, kept: i64| match seal {
        Ok(seal) if seal == kept => {}
        Ok(_) => find(name, "it is not what was written: its seal does not fit"),
        Err(error) => find(name, &format!("it cannot be read: {}", chain_of(&error))),
    };
    tx.each("SELECT cloud, code, terms, made, seal FROM coupon ORDER BY cloud, code", &[], |row| {
        let name = format!("coupon {} {}", row.text_lossy(0)?, row.text_lossy(1)?);
        sealed(name, coupon_from(row).map(|coupon| coupon.seal()), row.int(4)?);
        Ok(())
    })?;
    let id = |row: &Row<'_>| row.blob(0, name_of);
    tx.each(
        "SELECT id, cloud, account, coupon, code, terms, at, period, state, used, for_order, fresh, seal FROM redemption ORDER BY id",
        &[],
        |row| {
            let name = format!("redemption {}", id(row)?);
            sealed(name, redemption_from(row).map(|redemption| redemption.seal()), row.int(12)?);
            Ok(())
        },
    )?;
    tx.each(
        "SELECT redemption, number, document, amount, at, seal FROM coupon_use ORDER BY redemption, number",
        &[],
        |row| {
            let name = format!("coupon_use {} {}", id(row)?, row.int(1)?);
            sealed(name, use_from(row).map(|used| used.seal()), row.int(5)?);
            Ok(())
        },
    )?;
    tx.each(
        "SELECT account, name, amount, products, priority, starts, every, times, rollover, reason, given, next_at, seal
         FROM recurring_grant ORDER BY account, name",
        &[],
        |row| {
            let name = format!("recurring_grant {} {}", row.int(0)?, row.text_lossy(1)?);
            sealed(name, recurring_from(row).map(|grant| grant.seal()), row.int(12)?);
            Ok(())
        },
    )?;
    for (sql, what) in COUNTED {
        for row in tx.rows(sql, &[], |row| row.text(0))? {
            find(row, what);
        }
    }
    report.add(findings);
    Ok(())
}

/// As bytes are told that may be no id.
fn name_of(bytes: &[u8]) -> String {
    match <[u8; 16]>::try_from(bytes) {
        Ok(bytes) => farthing_core::coupon::RedemptionId::from_bytes(bytes).to_string(),
        Err(_) => format!("of {} bytes", bytes.len()),
    }
}

/// What counts and what is counted, where they differ.
const COUNTED: &[(&str, &str)] = &[
    (
        "SELECT 'redemption ' || r.code || ' of account ' || r.account FROM redemption r LEFT JOIN account a ON a.id = r.account AND a.cloud = r.cloud
         WHERE a.id IS NULL ORDER BY r.cloud, r.account, r.code",
        "its account is missing, or of another cloud",
    ),
    (
        "SELECT 'redemption ' || r.code || ' of account ' || r.account FROM redemption r
         WHERE r.used <> (SELECT count(*) FROM coupon_use u WHERE u.redemption = r.id) ORDER BY r.cloud, r.account, r.code",
        "it was used another number of times than it says",
    ),
    (
        "SELECT 'coupon_use ' || u.document FROM coupon_use u LEFT JOIN redemption r ON r.id = u.redemption
         WHERE r.id IS NULL ORDER BY u.document",
        "nobody redeemed it",
    ),
    (
        "SELECT 'coupon_count ' || c.cloud || ' ' || c.coupon || ' ' || c.period FROM coupon_count c
         WHERE c.redeemed <> (SELECT count(*) FROM redemption r WHERE r.cloud = c.cloud AND r.coupon = c.coupon AND r.state <> 'released'
                              AND (c.period = 0 OR r.period = c.period)) ORDER BY c.cloud, c.coupon, c.period",
        "it counts another number than there are redemptions",
    ),
    (
        "SELECT 'coupon ' || r.cloud || ' ' || r.coupon FROM redemption r
         LEFT JOIN coupon_count c ON c.cloud = r.cloud AND c.coupon = r.coupon AND c.period = 0
         WHERE c.coupon IS NULL GROUP BY r.cloud, r.coupon ORDER BY r.cloud, r.coupon",
        "it was redeemed, and nothing counts it",
    ),
    (
        "SELECT 'coupon_code ' || k.cloud || ' ' || k.code FROM coupon_code k LEFT JOIN redemption r ON r.id = k.redemption
         WHERE k.redemption IS NOT NULL AND (r.id IS NULL OR r.code <> k.code OR r.state = 'released') ORDER BY k.cloud, k.code",
        "who redeemed it did not, or gave it back",
    ),
];

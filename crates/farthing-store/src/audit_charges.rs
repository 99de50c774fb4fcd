//! The part of `verify` that is about who pays, for what: reads accounts, things, facts, grants and charges for the core's
//! auditor, and looks for rows that stand without those they belong to.

use crate::charges::charge_from;
use crate::limits::limit_from;
use crate::lots::lot_from;
use crate::open_charges::{TermsId, open_from, paid_from, terms_from};
use crate::payers::payer_from;
use crate::quotas::entitlement_from;
use crate::things::{fact_from, name_from, thing_from};
use crate::trials::trial_from;
use crate::{StoreError, Tx, chain_of};
use farthing_core::config::Name;
use farthing_core::ledger::{AccountId, Chart, OwnerId};
use farthing_core::settle::{AuditedCharge, ChargeAuditor, Wallets};
use farthing_core::standing::InstructionId;
use farthing_core::time::Instant;
use std::collections::BTreeSet;

/// What limits accounts, their budgets, what raises their quotas, their trials, what the cloud was asked to do: each row is as it was written. (Reading one compares its seal.)
fn audit_limits(tx: &mut Tx<'_>, auditor: &mut ChargeAuditor) -> Result<(), StoreError> {
    let mut look = |name: String, read: Result<(), StoreError>| {
        if let Err(error) = read {
            auditor.unreadable(name, &chain_of(&error));
        }
    };
    tx.each(
        "SELECT account, project, person, month, hour, seal FROM spend_limit ORDER BY account, project, person",
        &[],
        |row| {
            look(format!("spend_limit {} {}", row.int(0)?, row.int(1)?), limit_from(row).map(drop));
            Ok(())
        },
    )?;
    tx.each(
        "SELECT account, cause, product, quota, each, count, starts, ends, seal FROM entitlement ORDER BY account, cause, product, quota",
        &[],
        |row| {
            look(format!("entitlement {} {}", row.int(0)?, row.text_lossy(1)?), entitlement_from(row).map(drop));
            Ok(())
        },
    )?;
    tx.each(
        "SELECT account, cloud, lot, credit, fingerprint, state, began, ends, ended, why, notices, until, payment, next_at, seal
         FROM trial ORDER BY account",
        &[],
        |row| {
            look(format!("trial {}", row.int(0)?), trial_from(row).map(drop));
            Ok(())
        },
    )?;
    tx.each(crate::budgets::EVERY, &[], |row| {
        look(format!("budget {} {}", row.int(0)?, row.text_lossy(1)?), crate::budgets::budget_from(row).map(drop));
        Ok(())
    })?;
    tx.each(crate::standing::EVERY, &[], |row| {
        let id = InstructionId::from_bytes(row.bytes(0)?);
        look(format!("instruction {id}"), crate::standing::instruction_from(row).map(drop));
        Ok(())
    })
}

/// Before the transfers: which ledger accounts are whose.
pub(crate) fn audit_payers(tx: &mut Tx<'_>, auditor: &mut ChargeAuditor) -> Result<(), StoreError> {
    tx.each(
        "SELECT id, cloud, name, zone, country, pay, opened, closed, cash, debt, unbilled, seal FROM account ORDER BY id",
        &[],
        |row| {
            let name = format!("account {}", row.int(0)?);
            match payer_from(row) {
                Ok(payer) => auditor.sealed(name, payer.seal() == row.int(11)?),
                Err(error) => auditor.unreadable(name, &chain_of(&error)),
            }
            let wallet = |column| Ok::<_, StoreError>(row.opt_int(column)?.map(AccountId));
            auditor.account(
                OwnerId(row.int(0)?),
                Wallets { cash: AccountId(row.int(8)?), debt: wallet(9)?, unbilled: wallet(10)? },
            );
            Ok(())
        },
    )?;
    tx.each(
        "SELECT account, number, name, ledger, amount, priority, products, starts, expires, lapsed,
                CAST(0 AS BIGINT), CAST(0 AS BIGINT), reason, source, seal
         FROM lot ORDER BY account, number",
        &[],
        |row| {
            let name = format!("lot {} {}", row.int(0)?, row.int(1)?);
            match lot_from(row) {
                Ok(lot) => auditor.sealed(name, lot.seal() == row.int(14)?),
                Err(error) => auditor.unreadable(name, &chain_of(&error)),
            }
            auditor.lot(OwnerId(row.int(0)?), AccountId(row.int(3)?));
            Ok(())
        },
    )?;
    audit_limits(tx, auditor)?;
    tx.each(
        "SELECT l.id, l.code FROM ledger_account l JOIN ledger_owner o ON o.id = l.owner WHERE o.books ORDER BY l.id",
        &[],
        |row| {
            let id = AccountId(row.int(0)?);
            match Chart::parse(&row.text_lossy(1)?) {
                Some(Chart::Revenue(product)) => {
                    if let Some(product) = Name::parse(&product) {
                        auditor.revenue(id, product);
                    }
                }
                Some(Chart::PromoOpen) => auditor.promotion(id, true),
                Some(Chart::PromoUsed) => auditor.promotion(id, false),
                _ => {}
            }
            Ok(())
        },
    )
}

/// After the transfers.
pub(crate) fn audit_charges(tx: &mut Tx<'_>, auditor: &mut ChargeAuditor) -> Result<(), StoreError> {
    audit_things(tx, auditor)?;
    tx.each("SELECT account, sealed, head FROM account_state ORDER BY account", &[], |row| {
        match row.bytes::<32>(2) {
            Ok(head) => auditor.state(OwnerId(row.int(0)?), row.int(1)?, head),
            Err(error) => auditor.unreadable(format!("account_state {}", row.int(0)?), &chain_of(&error)),
        }
        Ok(())
    })?;
    tx.each(
        "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained, seal
         FROM charge ORDER BY account, chained, day, thing, part, began, number",
        &[],
        |row| {
            match charge_from(row) {
                Ok(charge) => auditor.charge(
                    &AuditedCharge {
                        content: charge.content(),
                        account: charge.account,
                        thing: charge.line.thing,
                        part: charge.line.part,
                        from: charge.from,
                        product: charge.product,
                        net: charge.net,
                        paid: charge.paid,
                        chained: charge.chained,
                    },
                    row.int(14)?,
                ),
                Err(error) => {
                    let day = Instant::from_micros(row.int(5)?);
                    let name = format!("charge {} {} (thing {}, {day})", row.int(0)?, row.int(13)?, row.int(1)?);
                    auditor.unreadable(name, &chain_of(&error));
                }
            }
            Ok(())
        },
    )?;
    tx.each("SELECT account, product, paid FROM posted ORDER BY account, product", &[], |row| {
        let account = OwnerId(row.int(0)?);
        let product = row.text_lossy(1)?;
        match (name_from(&product), row.text(2).and_then(|paid| paid_from(&paid))) {
            (Ok(product), Ok(paid)) => auditor.posted(account, &product, &paid),
            (Err(error), _) | (_, Err(error)) => {
                auditor.unreadable(format!("posted {} {product}", account.0), &chain_of(&error));
            }
        }
        Ok(())
    })?;
    audit_open(tx, auditor)?;
    audit_strays(tx, auditor)
}

/// What is open is worked out again by whoever has the prices; here it has to be readable, and to have any.
fn audit_open(tx: &mut Tx<'_>, auditor: &mut ChargeAuditor) -> Result<(), StoreError> {
    let terms: BTreeSet<TermsId> =
        tx.rows("SELECT id FROM terms", &[], |row| row.int(0).map(TermsId))?.into_iter().collect();
    tx.each(
        "SELECT account, thing, part, began, form FROM open_charge ORDER BY account, thing, part, began",
        &[],
        |row| {
            let name = format!("open_charge {} {} {} {}", row.int(0)?, row.int(1)?, row.text_lossy(2)?, row.int(3)?);
            match open_from(row) {
                Ok(open) if !terms.contains(&open.terms) => {
                    auditor.stray(name, &format!("there are no terms {}", open.terms.0));
                }
                Ok(_) => {}
                Err(error) => auditor.unreadable(name, &chain_of(&error)),
            }
            Ok(())
        },
    )
}

fn audit_things(tx: &mut Tx<'_>, auditor: &mut ChargeAuditor) -> Result<(), StoreError> {
    tx.each(
        "SELECT id, cloud, kind, name, account, project, product, sku, state, size, person, properties, since, seen_at,
                listed_at, seal
         FROM thing ORDER BY id",
        &[],
        |row| {
            let name = format!("thing {}", row.int(0)?);
            match thing_from(row) {
                Ok(thing) => auditor.sealed(name, thing.seal() == row.int(15)?),
                Err(error) => auditor.unreadable(name, &chain_of(&error)),
            }
            Ok(())
        },
    )?;
    tx.each("SELECT thing, at, key, what, recorded, flagged, seal FROM fact ORDER BY thing, at, key", &[], |row| {
        let name = format!("fact {} {} {}", row.int(0)?, row.int(1)?, row.int(2)?);
        match fact_from(row) {
            Ok(fact) => auditor.sealed(name, fact.seal() == row.int(6)?),
            Err(error) => auditor.unreadable(name, &chain_of(&error)),
        }
        Ok(())
    })?;
    tx.each(
        "SELECT version, product, sku, part, account, day, properties, cloud, id FROM terms ORDER BY id",
        &[],
        |row| {
            let name = format!("terms {}", row.int(8)?);
            match terms_from(row).and_then(|key| Ok((key, row.text(7)?))) {
                Ok((key, cloud)) => auditor.sealed(name, TermsId::of(&cloud, &key).0 == row.int(8)?),
                Err(error) => auditor.unreadable(name, &chain_of(&error)),
            }
            Ok(())
        },
    )
}

/// Rows that stand without one they belong to, or differ from it.
fn audit_strays(tx: &mut Tx<'_>, auditor: &mut ChargeAuditor) -> Result<(), StoreError> {
    const STRAYS: &[(&str, &str)] = &[
        (
            "SELECT 'account ' || a.id FROM account a LEFT JOIN ledger_owner o ON o.id = a.id
             WHERE o.id IS NULL OR o.books OR o.cloud <> a.cloud OR o.name <> a.name ORDER BY a.id",
            "its owner in the ledger is missing, or another",
        ),
        (
            "SELECT 'account ' || a.id FROM account a
             LEFT JOIN ledger_account c ON c.id = a.cash AND c.owner = a.id AND c.code = 'cash'
             LEFT JOIN ledger_account d ON d.id = a.debt AND d.owner = a.id AND d.code = 'receivable/debt'
             LEFT JOIN ledger_account u ON u.id = a.unbilled AND u.owner = a.id AND u.code = 'unbilled'
             WHERE c.id IS NULL OR (a.debt IS NOT NULL AND d.id IS NULL) OR (a.unbilled IS NOT NULL AND u.id IS NULL)
             ORDER BY a.id",
            "its cash, debt or unbilled is no such account of its own in the ledger",
        ),
        (
            "SELECT 'lot ' || l.account || ' ' || l.number FROM lot l LEFT JOIN account a ON a.id = l.account
             WHERE a.id IS NULL ORDER BY l.account, l.number",
            "there is no account of this number",
        ),
        (
            "SELECT 'lot ' || l.account || ' ' || l.number FROM lot l
             LEFT JOIN ledger_account c ON c.id = l.ledger AND c.owner = l.account AND c.code = 'credit/' || l.name
             WHERE c.id IS NULL ORDER BY l.account, l.number",
            "its ledger account is missing, or another's",
        ),
        (
            "SELECT 'project ' || p.id FROM project p LEFT JOIN account a ON a.id = p.account AND a.cloud = p.cloud
             WHERE a.id IS NULL ORDER BY p.id",
            "its account is missing, or of another cloud",
        ),
        (
            "SELECT 'member ' || m.account || ' ' || m.project || ' ' || m.person FROM member m
             LEFT JOIN account a ON a.id = m.account LEFT JOIN project p ON p.id = m.project
             WHERE a.id IS NULL OR (m.project <> 0 AND p.id IS NULL) ORDER BY m.account, m.project, m.person",
            "its account or project is missing",
        ),
        (
            "SELECT 'thing ' || t.id FROM thing t LEFT JOIN account a ON a.id = t.account AND a.cloud = t.cloud
             WHERE a.id IS NULL ORDER BY t.id",
            "its account is missing, or of another cloud",
        ),
        (
            "SELECT 'thing ' || t.id FROM thing t LEFT JOIN project p ON p.id = t.project AND p.cloud = t.cloud
             WHERE t.project <> 0 AND p.id IS NULL ORDER BY t.id",
            "its project is missing, or of another cloud",
        ),
        (
            "SELECT 'thing ' || t.id FROM thing t LEFT JOIN thing_payer p ON p.account = t.account AND p.thing = t.id
             WHERE p.thing IS NULL ORDER BY t.id",
            "it is not among the things its account pays for",
        ),
        (
            "SELECT 'thing_payer ' || p.account || ' ' || p.thing FROM thing_payer p
             LEFT JOIN account a ON a.id = p.account LEFT JOIN thing t ON t.id = p.thing
             WHERE a.id IS NULL OR t.id IS NULL ORDER BY p.account, p.thing",
            "its account or thing is missing",
        ),
        (
            "SELECT 'fact ' || f.thing || ' ' || f.at || ' ' || f.key FROM fact f LEFT JOIN thing t ON t.id = f.thing
             WHERE t.id IS NULL ORDER BY f.thing, f.at, f.key",
            "there is no thing of this number",
        ),
        (
            "SELECT 'open_charge ' || o.account || ' ' || o.thing || ' ' || o.part || ' ' || o.began FROM open_charge o
             LEFT JOIN account a ON a.id = o.account LEFT JOIN thing t ON t.id = o.thing AND t.cloud = a.cloud
             WHERE t.id IS NULL ORDER BY o.account, o.thing, o.part, o.began",
            "its account or thing is missing, or of another cloud",
        ),
        (
            "SELECT 'closed_total ' || o.account || ' ' || o.thing || ' ' || o.part || ' ' || o.began FROM closed_total o
             LEFT JOIN account a ON a.id = o.account LEFT JOIN thing t ON t.id = o.thing AND t.cloud = a.cloud
             LEFT JOIN terms p ON p.id = o.terms AND p.cloud = a.cloud AND p.product = t.product
             WHERE p.id IS NULL ORDER BY o.account, o.thing, o.part, o.began",
            "its account, thing or terms are missing, or of another cloud or product",
        ),
        (
            "SELECT DISTINCT 'usage_value ' || u.account || ' ' || u.thing || ' ' || u.part || ' ' || u.began
             FROM usage_value u
             LEFT JOIN account a ON a.id = u.account LEFT JOIN thing t ON t.id = u.thing AND t.cloud = a.cloud
             WHERE t.id IS NULL",
            "its account or thing is missing, or of another cloud",
        ),
        (
            "SELECT 'posted ' || p.account || ' ' || p.product FROM posted p LEFT JOIN account a ON a.id = p.account
             WHERE a.id IS NULL ORDER BY p.account, p.product",
            "there is no account of this number",
        ),
        (
            "SELECT 'charge ' || c.account || ' ' || c.chained FROM charge c
             LEFT JOIN account a ON a.id = c.account LEFT JOIN thing t ON t.id = c.thing AND t.cloud = a.cloud
             LEFT JOIN terms p ON p.id = c.terms AND p.cloud = a.cloud AND p.product = t.product
             WHERE p.id IS NULL OR p.product <> c.product ORDER BY c.account, c.chained",
            "its account, thing or terms are missing, or of another cloud or product",
        ),
    ];
    for (sql, what) in STRAYS {
        tx.each(sql, &[], |row| {
            auditor.stray(row.text_lossy(0)?, what);
            Ok(())
        })?;
    }
    Ok(())
}

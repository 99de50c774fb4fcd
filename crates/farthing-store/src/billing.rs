//! Billing periods of accounts: when the next one closes, how far charges stand on documents, and which document is about which of them.

use crate::payers::ids_column;
use crate::{Column, Row, StoreError, Tx};
use farthing_core::bill::{Apart, ConsumedLine, Consumption, Cut, Used};
use farthing_core::config::Name;
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingRow {
    pub account: OwnerId,
    /// The period that closes next.
    pub since: Instant,
    pub until: Instant,
    /// Of the last document.
    pub cut: Cut,
    /// What the charges behind it come to.
    pub waiting: Consumption,
    pub apart: Apart,
}

/// What an account may have beside its charges that its bills are about: looked for among many at once, because most have little of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    Company,
    Contact,
    Subscriptions,
    Redemptions,
    /// Bills whose lateness costs something.
    Late,
    /// Bills that were rolled on.
    Rolled,
}

impl Beside {
    const ALL: [Beside; 6] =
        [Beside::Company, Beside::Contact, Beside::Subscriptions, Beside::Redemptions, Beside::Late, Beside::Rolled];
}

/// What a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillCutRow {
    pub account: OwnerId,
    /// That of its document: the order of issue.
    pub place: i64,
    pub bill: BillId,
    /// Its billing period.
    pub since: Instant,
    pub until: Instant,
    pub cut: Cut,
    /// What its charges came to, in the order of the document's lines of use.
    pub used: Consumption,
}

impl BillCutRow {
    pub(crate) fn seal(&self) -> i64 {
        let numbers = [
            self.account.0,
            self.place,
            self.since.micros(),
            self.until.micros(),
            self.cut.upto.micros(),
            self.cut.chain,
        ];
        chain::seal_row(b"bill_cut", &numbers, &[&self.bill.to_bytes(), waiting_text(&self.used).as_bytes()])
    }
}

impl Tx<'_> {
    /// What each of these accounts has of it.
    pub fn beside_bills(&mut self, accounts: &[OwnerId]) -> Result<Vec<(OwnerId, BTreeSet<Beside>)>, StoreError> {
        self.bulk_rows(
            "SELECT c1,
                (SELECT count(*) FROM company WHERE account = c1),
                (SELECT count(*) FROM contact WHERE account = c1),
                (SELECT count(*) FROM (SELECT 1 FROM subscription WHERE account = c1 LIMIT 1) found),
                (SELECT count(*) FROM (SELECT 1 FROM redemption WHERE account = c1 LIMIT 1) found),
                (SELECT count(*) FROM (SELECT 1 FROM arrears WHERE account = c1 AND counts = 1 LIMIT 1) found),
                (SELECT count(*) FROM (SELECT 1 FROM bill WHERE account = c1 AND state = 'rolled' LIMIT 1) found)
             FROM {bulk}",
            vec![ids_column(accounts)],
            |row| {
                let mut found = BTreeSet::new();
                for (place, beside) in (1..).zip(Beside::ALL) {
                    if row.int(place)? != 0 {
                        found.insert(beside);
                    }
                }
                Ok((OwnerId(row.int(0)?), found))
            },
        )
    }

    /// Accounts whose period is to be closed, with their clouds, the earliest first. A parked one waits until it is settled again.
    pub fn closings_due(&mut self, at: Instant, most: i64) -> Result<Vec<(OwnerId, Instant, String)>, StoreError> {
        self.rows(
            "SELECT s.account, s.bill_at, a.cloud FROM account_state s JOIN account a ON a.id = s.account
             WHERE s.bill_at IS NOT NULL AND s.bill_at <= $1 AND s.parked = '' ORDER BY s.bill_at, s.account LIMIT $2",
            &[at.micros().into(), most.into()],
            |row| Ok((OwnerId(row.int(0)?), Instant::from_micros(row.int(1)?), row.text(2)?)),
        )
    }

    /// Who calls holds the accounts' locks.
    pub fn billings(&mut self, accounts: &[OwnerId]) -> Result<Vec<BillingRow>, StoreError> {
        self.bulk_rows(
            "SELECT b.account, b.since, b.until, b.upto, b.chain, b.waiting, b.apart FROM {bulk} JOIN billing b ON b.account = bulk.c1",
            vec![ids_column(accounts)],
            billing_from,
        )
    }

    pub fn billing_put(&mut self, rows: &[BillingRow]) -> Result<(), StoreError> {
        let ints = |of: fn(&BillingRow) -> i64| Column::Int(rows.iter().map(of).collect());
        self.bulk_upsert(
            "billing",
            1,
            &["account", "since", "until", "upto", "chain", "waiting", "apart"],
            vec![
                ints(|row| row.account.0),
                ints(|row| row.since.micros()),
                ints(|row| row.until.micros()),
                ints(|row| row.cut.upto.micros()),
                ints(|row| row.cut.chain),
                Column::Text(rows.iter().map(|row| waiting_text(&row.waiting)).collect()),
                Column::Text(rows.iter().map(|row| apart_text(&row.apart)).collect()),
            ],
        )
    }

    pub fn bill_cut_insert(&mut self, row: &BillCutRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO bill_cut (account, place, bill, since, until, upto, chain, used, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                row.account.0.into(),
                row.place.into(),
                row.bill.to_bytes().as_slice().into(),
                row.since.micros().into(),
                row.until.micros().into(),
                row.cut.upto.micros().into(),
                row.cut.chain.into(),
                waiting_text(&row.used).as_str().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What a document is about; none: of no charges.
    pub fn bill_cut(&mut self, bill: BillId) -> Result<Option<BillCutRow>, StoreError> {
        self.one(
            "SELECT account, place, bill, since, until, upto, chain, used, seal FROM bill_cut WHERE bill = $1",
            &[bill.to_bytes().as_slice().into()],
            cut_from,
        )
    }

    /// A bill was issued anew: the new one is about what it was about.
    pub fn bill_cut_pass(&mut self, row: &BillCutRow, to: BillId) -> Result<(), StoreError> {
        let passed = BillCutRow { bill: to, ..row.clone() };
        self.execute(
            "UPDATE bill_cut SET bill = $3, seal = $4 WHERE account = $1 AND place = $2",
            &[row.account.0.into(), row.place.into(), to.to_bytes().as_slice().into(), passed.seal().into()],
        )?;
        Ok(())
    }

    /// An account's, in order of issue.
    pub fn bill_cuts_of(&mut self, account: OwnerId) -> Result<Vec<BillCutRow>, StoreError> {
        self.rows(
            "SELECT account, place, bill, since, until, upto, chain, used, seal FROM bill_cut WHERE account = $1 ORDER BY place",
            &[account.0.into()],
            cut_from,
        )
    }
}

fn billing_from(row: &Row<'_>) -> Result<BillingRow, StoreError> {
    Ok(BillingRow {
        account: OwnerId(row.int(0)?),
        since: Instant::from_micros(row.int(1)?),
        until: Instant::from_micros(row.int(2)?),
        cut: Cut { upto: Instant::from_micros(row.int(3)?), chain: row.int(4)? },
        waiting: waiting_from(&row.text(5)?)?,
        apart: apart_from(&row.text(6)?)?,
    })
}

pub(crate) fn cut_from(row: &Row<'_>) -> Result<BillCutRow, StoreError> {
    Ok(BillCutRow {
        account: OwnerId(row.int(0)?),
        place: row.int(1)?,
        bill: BillId::from_bytes(row.bytes(2)?),
        since: Instant::from_micros(row.int(3)?),
        until: Instant::from_micros(row.int(4)?),
        cut: Cut { upto: Instant::from_micros(row.int(5)?), chain: row.int(6)? },
        used: waiting_from(&row.text(7)?)?,
    })
}

/// `vm:1200 disk:-40`
fn apart_text(apart: &Apart) -> String {
    let parts = apart.iter().filter(|(_, amount)| **amount != 0);
    parts.map(|(product, amount)| format!("{product}:{amount}")).collect::<Vec<_>>().join(" ")
}

pub(crate) fn apart_from(text: &str) -> Result<Apart, StoreError> {
    let part = |part: &str| {
        let (product, amount) = part.split_once(':')?;
        Some((Name::parse(product)?, amount.parse().ok()?))
    };
    let parts: Option<Apart> = text.split(' ').filter(|text| !text.is_empty()).map(part).collect();
    parts.ok_or_else(|| StoreError::corrupt(format!("what was billed apart reads {text:?}")))
}

/// A line each, its fields between tabs: `period late product item from to list net credit balance unbilled`.
fn waiting_text(waiting: &Consumption) -> String {
    let line = |line: &ConsumedLine| {
        let Used { list, net, credit, balance, unbilled } = line.used;
        let (period, late, from, to) =
            (line.period.micros(), i64::from(line.late), line.from.micros(), line.to.micros());
        let (product, item) = (&line.product, &line.item);
        format!("{period}\t{late}\t{product}\t{item}\t{from}\t{to}\t{list}\t{net}\t{credit}\t{balance}\t{unbilled}")
    };
    waiting.lines().iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn waiting_from(text: &str) -> Result<Consumption, StoreError> {
    let number = |text: &str| text.parse::<i64>().ok();
    let line = |text: &str| {
        let fields: Vec<&str> = text.split('\t').collect();
        let [period, late, product, item, from, to, list, net, credit, balance, unbilled] = fields[..] else {
            return None;
        };
        Some(ConsumedLine {
            period: Instant::from_micros(number(period)?),
            late: number(late)? != 0,
            product: Name::parse(product)?,
            item: item.to_owned(),
            from: Instant::from_micros(number(from)?),
            to: Instant::from_micros(number(to)?),
            used: Used {
                list: number(list)?,
                net: number(net)?,
                credit: number(credit)?,
                balance: number(balance)?,
                unbilled: number(unbilled)?,
            },
        })
    };
    let lines: Option<Vec<ConsumedLine>> = text.split('\n').filter(|text| !text.is_empty()).map(line).collect();
    lines.map(Consumption::of).ok_or_else(|| StoreError::corrupt(format!("what waits for a bill reads {text:?}")))
}

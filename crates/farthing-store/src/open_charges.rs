//! What is open of each account: its lines in closed form, what was posted of them, and whose prices they have.

use crate::payers::ids_column;
use crate::things::{name_from, opt_name_from};
use crate::{Column, Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::money::{Currency, Money};
use farthing_core::rate::Charge;
use farthing_core::settle::{LineId, Paid, Posted, TermsKey, ThingId, paid_from_text, paid_to_text};
use farthing_core::time::{CivilDate, Instant};
use std::collections::BTreeMap;

/// The number of terms: a hash of what they are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermsId(pub i64);

/// A line as its row keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenRow {
    pub account: OwnerId,
    pub id: LineId,
    pub terms: TermsId,
    pub month_seconds: i64,
    pub since: Instant,
    pub at: Instant,
    pub total: i128,
    pub slope: i64,
    pub done: (i64, i64),
    pub base: (i64, i64),
    pub until: Option<Instant>,
    pub by_period: bool,
}

/// The total of a rating period of usage that is closed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedTotalRow {
    pub account: OwnerId,
    pub id: LineId,
    pub terms: TermsId,
    pub month_seconds: i64,
    pub total: i128,
}

impl OpenRow {
    pub fn charge((list, net): (i64, i64), currency: Currency) -> Charge {
        Charge { list: Money::from_units(list, currency), net: Money::from_units(net, currency) }
    }
}

impl TermsId {
    pub fn of(cloud: &str, key: &TermsKey) -> TermsId {
        let mut hasher = blake3::Hasher::new();
        let mut put = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        put("farthing terms 1");
        put(cloud);
        put(&key.version.to_string());
        for name in [Some(&key.product), key.sku.as_ref(), key.part.as_ref(), Some(&key.account)] {
            put(name.map_or("", Name::as_str));
        }
        put(&key.on.to_string());
        put(&properties_to_text(&key.properties));
        let hash = hasher.finalize();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_bytes()[..8]);
        TermsId(i64::from_le_bytes(bytes) & i64::MAX)
    }
}

/// `key=value` lines in order of key; what is written is what people and prices see.
pub fn properties_to_text(properties: &BTreeMap<String, String>) -> String {
    properties.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n")
}

pub fn properties_from_text(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

impl Tx<'_> {
    /// Keeps what terms are found by, once.
    pub fn terms_keep(&mut self, cloud: &str, key: &TermsKey) -> Result<TermsId, StoreError> {
        let id = TermsId::of(cloud, key);
        let name = |name: &Option<Name>| name.as_ref().map_or(String::new(), ToString::to_string);
        self.execute(
            "INSERT INTO terms (id, cloud, version, product, sku, part, account, day, properties)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
            &[
                id.0.into(),
                cloud.into(),
                key.version.into(),
                key.product.as_str().into(),
                name(&key.sku).as_str().into(),
                name(&key.part).as_str().into(),
                key.account.as_str().into(),
                key.on.to_string().as_str().into(),
                properties_to_text(&key.properties).as_str().into(),
            ],
        )?;
        Ok(id)
    }

    pub fn terms(&mut self, id: TermsId) -> Result<Option<TermsKey>, StoreError> {
        self.one(
            "SELECT version, product, sku, part, account, day, properties FROM terms WHERE id = $1",
            &[id.0.into()],
            |row| {
                let day = row.text(5)?;
                Ok(TermsKey {
                    version: row.int(0)?,
                    product: name_from(&row.text(1)?)?,
                    sku: opt_name_from(&row.text(2)?)?,
                    part: opt_name_from(&row.text(3)?)?,
                    account: name_from(&row.text(4)?)?,
                    on: CivilDate::parse(&day).map_err(|_| StoreError::corrupt(format!("terms of the day {day:?}")))?,
                    properties: properties_from_text(&row.text(6)?),
                })
            },
        )
    }

    /// The lines of these accounts, account by account.
    pub fn open_charges(&mut self, accounts: &[OwnerId]) -> Result<Vec<OpenRow>, StoreError> {
        self.bulk_rows(
            "SELECT o.account, o.thing, o.part, o.began, o.terms, o.month_seconds, o.since, o.at, o.total, o.slope,
                    o.done_list, o.done_net, o.base_list, o.base_net, o.until, o.by_period
             FROM {bulk} JOIN open_charge o ON o.account = bulk.c1 ORDER BY bulk.c1",
            vec![ids_column(accounts)],
            open_from,
        )
    }

    /// One thing's lines for these accounts.
    pub fn open_charges_of(&mut self, account: OwnerId, thing: ThingId) -> Result<Vec<OpenRow>, StoreError> {
        self.rows(
            "SELECT account, thing, part, began, terms, month_seconds, since, at, total, slope,
                    done_list, done_net, base_list, base_net, until, by_period
             FROM open_charge WHERE account = $1 AND thing = $2",
            &[account.0.into(), thing.0.into()],
            open_from,
        )
    }

    /// Writes lines, new ones and those that are there.
    pub fn open_charges_write(&mut self, rows: &[OpenRow]) -> Result<(), StoreError> {
        let ints = |of: fn(&OpenRow) -> i64| Column::Int(rows.iter().map(of).collect());
        self.bulk_execute(
            "INSERT INTO open_charge (account, thing, part, began, terms, month_seconds, since, at, total, slope,
                                      done_list, done_net, base_list, base_net, until, by_period)
             SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16 FROM {bulk} WHERE true
             ON CONFLICT (account, thing, part, began) DO UPDATE SET terms = excluded.terms,
                 month_seconds = excluded.month_seconds, since = excluded.since, at = excluded.at, total = excluded.total,
                 slope = excluded.slope, done_list = excluded.done_list, done_net = excluded.done_net,
                 base_list = excluded.base_list, base_net = excluded.base_net, until = excluded.until,
                 by_period = excluded.by_period",
            vec![
                ints(|row| row.account.0),
                ints(|row| row.id.thing.0),
                Column::Text(rows.iter().map(|row| part_text(&row.id)).collect()),
                ints(|row| row.id.began),
                ints(|row| row.terms.0),
                ints(|row| row.month_seconds),
                ints(|row| row.since.micros()),
                ints(|row| row.at.micros()),
                Column::OptId(rows.iter().map(|row| total_bytes(row.total)).collect()),
                ints(|row| row.slope),
                ints(|row| row.done.0),
                ints(|row| row.done.1),
                ints(|row| row.base.0),
                ints(|row| row.base.1),
                Column::OptInt(rows.iter().map(|row| row.until.map(Instant::micros)).collect()),
                Column::Bool(rows.iter().map(|row| row.by_period).collect()),
            ],
        )?;
        Ok(())
    }

    pub fn open_charges_delete(&mut self, lines: &[(OwnerId, LineId)]) -> Result<(), StoreError> {
        self.bulk_execute(
            "DELETE FROM open_charge WHERE EXISTS (
                 SELECT 1 FROM {bulk} WHERE bulk.c1 = open_charge.account AND bulk.c2 = open_charge.thing
                 AND bulk.c3 = open_charge.part AND bulk.c4 = open_charge.began)",
            vec![
                Column::Int(lines.iter().map(|(account, _)| account.0).collect()),
                Column::Int(lines.iter().map(|(_, id)| id.thing.0).collect()),
                Column::Text(lines.iter().map(|(_, id)| part_text(id)).collect()),
                Column::Int(lines.iter().map(|(_, id)| id.began).collect()),
            ],
        )?;
        Ok(())
    }

    pub fn closed_total(&mut self, account: OwnerId, id: &LineId) -> Result<Option<ClosedTotalRow>, StoreError> {
        self.one(
            "SELECT terms, month_seconds, total FROM closed_total
             WHERE account = $1 AND thing = $2 AND part = $3 AND began = $4",
            &[account.0.into(), id.thing.0.into(), part_text(id).as_str().into(), id.began.into()],
            |row| {
                Ok(ClosedTotalRow {
                    account,
                    id: id.clone(),
                    terms: TermsId(row.int(0)?),
                    month_seconds: row.int(1)?,
                    total: row.opt_bytes::<16>(2)?.map_or(0, i128::from_be_bytes),
                })
            },
        )
    }

    pub fn closed_total_put(&mut self, row: &ClosedTotalRow) -> Result<(), StoreError> {
        let total = row.total.to_be_bytes();
        self.execute(
            "INSERT INTO closed_total (account, thing, part, began, terms, month_seconds, total)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (account, thing, part, began) DO UPDATE SET total = excluded.total",
            &[
                row.account.0.into(),
                row.id.thing.0.into(),
                part_text(&row.id).as_str().into(),
                row.id.began.into(),
                row.terms.0.into(),
                row.month_seconds.into(),
                total.as_slice().into(),
            ],
        )?;
        Ok(())
    }

    /// What was posted of these accounts' products and is not sealed.
    pub fn posted(&mut self, accounts: &[OwnerId]) -> Result<Vec<(OwnerId, Name, Posted)>, StoreError> {
        self.bulk_rows(
            "SELECT p.account, p.product, p.paid, p.settled_to FROM {bulk} JOIN posted p ON p.account = bulk.c1 ORDER BY bulk.c1",
            vec![ids_column(accounts)],
            |row| {
                let settled_to = Some(Instant::from_micros(row.int(3)?));
                let paid = paid_from(&row.text(2)?)?;
                Ok((OwnerId(row.int(0)?), name_from(&row.text(1)?)?, Posted { paid, settled_to }))
            },
        )
    }

    pub fn posted_write(&mut self, rows: &[(OwnerId, Name, Posted)]) -> Result<(), StoreError> {
        self.bulk_execute(
            "INSERT INTO posted (account, product, paid, settled_to) SELECT c1, c2, c3, c4 FROM {bulk} WHERE true
             ON CONFLICT (account, product) DO UPDATE SET paid = excluded.paid, settled_to = excluded.settled_to",
            vec![
                Column::Int(rows.iter().map(|(account, ..)| account.0).collect()),
                Column::Text(rows.iter().map(|(_, product, _)| product.to_string()).collect()),
                Column::Text(rows.iter().map(|(.., posted)| paid_to_text(&posted.paid)).collect()),
                Column::Int(rows.iter().map(|(.., posted)| posted.settled_to.map_or(0, Instant::micros)).collect()),
            ],
        )?;
        Ok(())
    }
}

pub(crate) fn paid_from(text: &str) -> Result<Paid, StoreError> {
    paid_from_text(text).ok_or_else(|| StoreError::corrupt(format!("{text:?} where it says what paid")))
}

pub(crate) fn part_text(id: &LineId) -> String {
    id.part.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn total_bytes(total: i128) -> Option<[u8; 16]> {
    (total != 0).then(|| total.to_be_bytes())
}

fn open_from(row: &Row<'_>) -> Result<OpenRow, StoreError> {
    let part = row.text(2)?;
    Ok(OpenRow {
        account: OwnerId(row.int(0)?),
        id: LineId { thing: ThingId(row.int(1)?), part: opt_name_from(&part)?, began: row.int(3)? },
        terms: TermsId(row.int(4)?),
        month_seconds: row.int(5)?,
        since: Instant::from_micros(row.int(6)?),
        at: Instant::from_micros(row.int(7)?),
        total: row.opt_bytes::<16>(8)?.map_or(0, i128::from_be_bytes),
        slope: row.int(9)?,
        done: (row.int(10)?, row.int(11)?),
        base: (row.int(12)?, row.int(13)?),
        until: row.opt_int(14)?.map(Instant::from_micros),
        by_period: row.bool(15)?,
    })
}

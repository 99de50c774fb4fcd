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
    /// G where its open part begins; none: what it is at the beginning of the open day follows from the form, so that a line
    /// that merely runs on has the same row the next day.
    pub base: Option<(i64, i64)>,
    pub until: Option<Instant>,
    pub by_period: bool,
    /// Of usage: up to this amount nobody has to look at its account.
    pub room_to: i64,
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
        for name in [Some(&key.product), key.sku.as_ref(), key.part.as_ref(), key.account.as_ref()] {
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
                name(&key.account).as_str().into(),
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
            terms_from,
        )
    }

    /// The lines of these accounts, account by account.
    pub fn open_charges(&mut self, accounts: &[OwnerId]) -> Result<Vec<OpenRow>, StoreError> {
        self.bulk_rows(
            "SELECT o.account, o.thing, o.part, o.began, o.form
             FROM {bulk} JOIN open_charge o ON o.account = bulk.c1 ORDER BY bulk.c1",
            vec![ids_column(accounts)],
            open_from,
        )
    }

    /// Those of these lines that are there, each with its place among them.
    pub fn open_charges_at(&mut self, lines: &[(OwnerId, LineId)]) -> Result<Vec<(usize, OpenRow)>, StoreError> {
        self.bulk_rows(
            "SELECT o.account, o.thing, o.part, o.began, o.form, bulk.c5
             FROM {bulk} JOIN open_charge o
               ON o.account = bulk.c1 AND o.thing = bulk.c2 AND o.part = bulk.c3 AND o.began = bulk.c4",
            vec![
                Column::Int(lines.iter().map(|(account, _)| account.0).collect()),
                Column::Int(lines.iter().map(|(_, id)| id.thing.0).collect()),
                Column::Text(lines.iter().map(|(_, id)| part_text(id)).collect()),
                Column::Int(lines.iter().map(|(_, id)| id.began).collect()),
                places_column(lines.len()),
            ],
            |row| Ok((place_from(row, 5)?, open_from(row)?)),
        )
    }

    /// Writes lines, new ones and those that are there.
    pub fn open_charges_write(&mut self, rows: &[OpenRow]) -> Result<(), StoreError> {
        self.bulk_upsert(
            "open_charge",
            4,
            &["account", "thing", "part", "began", "form"],
            vec![
                Column::Int(rows.iter().map(|row| row.account.0).collect()),
                Column::Int(rows.iter().map(|row| row.id.thing.0).collect()),
                Column::Text(rows.iter().map(|row| part_text(&row.id)).collect()),
                Column::Int(rows.iter().map(|row| row.id.began).collect()),
                Column::Bytes(rows.iter().map(form_of).collect()),
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

    /// All of an account, with their products.
    pub fn closed_totals_of(&mut self, account: OwnerId) -> Result<Vec<(Name, ClosedTotalRow)>, StoreError> {
        self.rows(
            "SELECT c.thing, c.part, c.began, c.terms, c.month_seconds, c.total, t.product
             FROM closed_total c JOIN thing t ON t.id = c.thing WHERE c.account = $1 ORDER BY c.thing, c.part, c.began",
            &[account.0.into()],
            |row| {
                let id =
                    LineId { thing: ThingId(row.int(0)?), part: opt_name_from(&row.text(1)?)?, began: row.int(2)? };
                let total = row.opt_bytes::<16>(5)?.map_or(0, i128::from_be_bytes);
                let closed =
                    ClosedTotalRow { account, id, terms: TermsId(row.int(3)?), month_seconds: row.int(4)?, total };
                Ok((name_from(&row.text(6)?)?, closed))
            },
        )
    }

    pub fn closed_total_put(&mut self, row: &ClosedTotalRow) -> Result<(), StoreError> {
        let total = row.total.to_be_bytes();
        self.execute(
            "INSERT INTO closed_total (account, thing, part, began, terms, month_seconds, total)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (account, thing, part, began) DO UPDATE SET total = excluded.total, terms = excluded.terms",
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
        self.bulk_upsert(
            "posted",
            2,
            &["account", "product", "paid", "settled_to"],
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

pub(crate) fn terms_from(row: &Row<'_>) -> Result<TermsKey, StoreError> {
    let day = row.text(5)?;
    Ok(TermsKey {
        version: row.int(0)?,
        product: name_from(&row.text(1)?)?,
        sku: opt_name_from(&row.text(2)?)?,
        part: opt_name_from(&row.text(3)?)?,
        account: opt_name_from(&row.text(4)?)?,
        on: CivilDate::parse(&day).map_err(|_| StoreError::corrupt(format!("terms of the day {day:?}")))?,
        properties: properties_from_text(&row.text(6)?),
    })
}

pub(crate) fn paid_from(text: &str) -> Result<Paid, StoreError> {
    paid_from_text(text).ok_or_else(|| StoreError::corrupt(format!("{text:?} where it says what paid")))
}

pub(crate) fn part_text(id: &LineId) -> String {
    id.part.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// The numbers of a line, packed: whole seconds, zigzag, seven bits a byte, each beside the one it is mostly near.
fn form_of(row: &OpenRow) -> Vec<u8> {
    let mut form = Vec::with_capacity(48);
    form.extend(row.terms.0.to_le_bytes());
    let seconds = |at: Instant| at.seconds_since(Instant::EPOCH);
    let until = row.until.map_or(0, |until| seconds(until) + 1);
    let numbers = [
        row.month_seconds,
        seconds(row.since),
        seconds(row.at).wrapping_sub(seconds(row.since)),
        row.slope,
        row.done.1,
        row.done.0.wrapping_sub(row.done.1),
        until,
        i64::from(row.by_period) | i64::from(row.base.is_some()) << 1,
        row.room_to,
    ];
    let base = row.base.map(|(list, net)| [net, list.wrapping_sub(net)]);
    for number in numbers.into_iter().chain(base.into_iter().flatten()) {
        pack(&mut form, i128::from(number));
    }
    pack(&mut form, row.total);
    form
}

fn form_from(account: OwnerId, id: LineId, form: &[u8]) -> Option<OpenRow> {
    let (terms, mut rest) = form.split_first_chunk::<8>()?;
    let mut next = || unpack(&mut rest);
    let mut number = || i64::try_from(next()?).ok();
    let month_seconds = number()?;
    let since = number()?;
    let at = since.wrapping_add(number()?);
    let slope = number()?;
    let done = number()?;
    let done = (done.wrapping_add(number()?), done);
    let until = number()?;
    let flags = number()?;
    let room_to = number()?;
    let base = if flags & 2 == 0 {
        None
    } else {
        let net = number()?;
        Some((net.wrapping_add(number()?), net))
    };
    let total = unpack(&mut rest)?;
    let instant = |seconds| Instant::try_from_seconds(seconds).ok();
    Some(OpenRow {
        account,
        id,
        terms: TermsId(i64::from_le_bytes(*terms)),
        month_seconds,
        since: instant(since)?,
        at: instant(at)?,
        total,
        slope,
        done,
        base,
        until: if until == 0 { None } else { Some(instant(until - 1)?) },
        by_period: flags & 1 == 1,
        room_to,
    })
}

fn pack(form: &mut Vec<u8>, number: i128) {
    let mut rest = (number << 1 ^ number >> 127).cast_unsigned();
    while rest >= 0x80 {
        form.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    form.push(rest.to_le_bytes()[0]);
}

fn unpack(rest: &mut &[u8]) -> Option<i128> {
    let (mut number, mut shift) = (0_u128, 0_u32);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u128::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()));
        }
        shift += 7;
    }
}

/// Rows handed over, by number: what is found of them says which it is of.
pub(crate) fn places_column(count: usize) -> Column {
    Column::Int((0..).take(count).collect())
}

pub(crate) fn place_from(row: &Row<'_>, column: usize) -> Result<usize, StoreError> {
    usize::try_from(row.int(column)?).map_err(|_| StoreError::corrupt("a row of a place below zero"))
}

pub(crate) fn open_from(row: &Row<'_>) -> Result<OpenRow, StoreError> {
    let part = row.text(2)?;
    let account = OwnerId(row.int(0)?);
    let id = LineId { thing: ThingId(row.int(1)?), part: opt_name_from(&part)?, began: row.int(3)? };
    let thing = id.thing;
    row.blob(4, |form| form_from(account, id, form))?
        .ok_or_else(|| StoreError::corrupt(format!("an open charge of thing {} that does not read", thing.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_reads_back() {
        let at = |seconds| Instant::try_from_seconds(seconds).expect("in range");
        let id = LineId { thing: ThingId(7), part: None, began: 0 };
        let plain = OpenRow {
            account: OwnerId(3),
            id: id.clone(),
            terms: TermsId(i64::MAX),
            month_seconds: 2_678_400,
            since: at(1_800_000_000),
            at: at(1_800_000_000),
            total: 0,
            slope: 1_000_000,
            done: (0, 0),
            base: None,
            until: None,
            by_period: false,
            room_to: 0,
        };
        let wide = OpenRow {
            at: at(0),
            total: i128::MIN,
            slope: i64::MAX,
            done: (i64::MIN, i64::MAX),
            base: Some((-5, 9)),
            until: Some(at(0)),
            by_period: true,
            room_to: i64::MAX,
            ..plain.clone()
        };
        let more = OpenRow { total: i128::MAX, done: (i64::MAX, i64::MIN), ..wide.clone() };
        for row in [plain, wide, more] {
            let form = form_of(&row);
            assert_eq!(form_from(row.account, id.clone(), &form).as_ref(), Some(&row), "{} bytes", form.len());
            assert_eq!(form_from(row.account, id.clone(), &form[..form.len() - 1]), None);
        }
    }
}

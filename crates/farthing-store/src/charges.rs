//! Sealed charges: what each thing cost in a day or a rating period, and what paid it. Appended, chained account by account.

use crate::open_charges::{TermsId, paid_from, part_text};
use crate::things::{name_from, opt_name_from};
use crate::{Column, Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::settle::{LineId, Paid, ThingId, paid_to_text};
use farthing_core::time::Instant;
use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRow {
    pub account: OwnerId,
    pub line: LineId,
    /// 0: the first; corrections count up.
    pub number: i64,
    pub from: Instant,
    pub to: Instant,
    pub product: Name,
    pub terms: TermsId,
    pub list: i64,
    pub net: i64,
    pub paid: Paid,
    pub recorded: Instant,
    /// Its place in the account's chain, from 1.
    pub chained: i64,
}

impl ChargeRow {
    /// The hash of what it says.
    pub fn content(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"farthing charge 1");
        for number in [
            self.account.0,
            self.line.thing.0,
            self.line.began,
            self.number,
            self.from.micros(),
            self.to.micros(),
            self.terms.0,
            self.list,
            self.net,
            self.recorded.micros(),
            self.chained,
        ] {
            hasher.update(&number.to_le_bytes());
        }
        for text in [part_text(&self.line), self.product.to_string(), paid_to_text(&self.paid)] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    pub fn seal(&self) -> i64 {
        chain::seal(&self.content())
    }

    /// The account's head with this charge at its end.
    pub fn extend(&self, head: &[u8; 32]) -> [u8; 32] {
        chain::extend(head, &self.content())
    }
}

/// What is asked of charges.
#[derive(Clone, Debug, Default)]
pub struct ChargeFilter {
    pub product: Option<Name>,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
}

/// What a charge came to, for summing up: as narrow as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRow {
    pub from: Instant,
    /// Its place among the costs that were handed over beside it.
    pub of: usize,
    pub list: i64,
    pub net: i64,
    /// Empty where it was not asked for.
    pub paid: Paid,
}

/// Costs of an account in the order of days, and what they are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountCosts {
    pub rows: Vec<CostRow>,
    pub of: Vec<(ThingId, Name)>,
}

/// The charges of one stretch of service time, together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeDay {
    pub from: Instant,
    pub to: Instant,
    pub charges: i64,
    pub net: i64,
    /// How many of them correct what was sealed before.
    pub corrections: i64,
}

impl Tx<'_> {
    pub fn charges_append(&mut self, rows: &[ChargeRow]) -> Result<(), StoreError> {
        let ints = |of: fn(&ChargeRow) -> i64| Column::Int(rows.iter().map(of).collect());
        self.bulk_insert(
            "charge",
            &[
                "day", "account", "thing", "part", "began", "number", "ends", "product", "terms", "list", "net",
                "paid", "recorded", "chained", "seal",
            ],
            vec![
                ints(|row| row.from.micros()),
                ints(|row| row.account.0),
                ints(|row| row.line.thing.0),
                Column::Text(rows.iter().map(|row| part_text(&row.line)).collect()),
                ints(|row| row.line.began),
                ints(|row| row.number),
                ints(|row| row.to.micros()),
                Column::Text(rows.iter().map(|row| row.product.to_string()).collect()),
                ints(|row| row.terms.0),
                ints(|row| row.list),
                ints(|row| row.net),
                Column::Text(rows.iter().map(|row| paid_to_text(&row.paid)).collect()),
                ints(|row| row.recorded.micros()),
                ints(|row| row.chained),
                Column::Int(rows.iter().map(ChargeRow::seal).collect()),
            ],
        )
    }

    /// A thing's charges that began at one of these instants, for one account.
    pub fn charges_at(
        &mut self,
        account: OwnerId,
        thing: ThingId,
        days: &[Instant],
    ) -> Result<Vec<ChargeRow>, StoreError> {
        self.bulk_rows(
            "SELECT c.account, c.thing, c.part, c.began, c.number, c.day, c.ends, c.product, c.terms, c.list, c.net, c.paid,
                    c.recorded, c.chained
             FROM {bulk} JOIN charge c ON c.day = bulk.c1 AND c.account = bulk.c2 AND c.thing = bulk.c3",
            vec![
                Column::Int(days.iter().map(|day| day.micros()).collect()),
                Column::Int(vec![account.0; days.len()]),
                Column::Int(vec![thing.0; days.len()]),
            ],
            charge_from,
        )
    }

    /// An account's charges of service time within the filter, by day.
    pub fn charges_of(&mut self, account: OwnerId, filter: &ChargeFilter) -> Result<Vec<ChargeRow>, StoreError> {
        let micros = |at: Option<Instant>, otherwise: i64| at.map_or(otherwise, Instant::micros);
        let mut rows = self.rows(
            "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained
             FROM charge WHERE account = $1 AND day >= $2 AND day < $3 ORDER BY day, thing, part, began, number",
            &[account.0.into(), micros(filter.from, 0).into(), micros(filter.to, i64::MAX).into()],
            charge_from,
        )?;
        rows.retain(|row| filter.product.as_ref().is_none_or(|product| row.product == *product));
        Ok(rows)
    }

    /// What an account's charges from one instant to another came to, in the order of days, and of which things and products: sixty thousand
    /// rows of a thousand things, read from one index. What paid them is read besides where it is asked for.
    pub fn charge_costs(
        &mut self,
        account: OwnerId,
        (from, to): (Instant, Instant),
        with_paid: bool,
    ) -> Result<AccountCosts, StoreError> {
        let sql = if with_paid {
            "SELECT day, thing, product, list, net, paid FROM charge WHERE account = $1 AND day >= $2 AND day < $3 ORDER BY day"
        } else {
            "SELECT day, thing, product, list, net FROM charge WHERE account = $1 AND day >= $2 AND day < $3 ORDER BY day"
        };
        let mut costs: Vec<(ThingId, Name)> = Vec::new();
        let mut places: HashMap<ThingId, Vec<usize>> = HashMap::new();
        let rows = self.rows(sql, &[account.0.into(), from.micros().into(), to.micros().into()], |row| {
            let thing = ThingId(row.int(1)?);
            let known = places.entry(thing).or_default();
            let found = row.text_with(2, |product| {
                known.iter().copied().find(|place| costs.get(*place).is_some_and(|(_, name)| name.as_str() == product))
            })?;
            let of = if let Some(place) = found {
                place
            } else {
                costs.push((thing, name_from(&row.text(2)?)?));
                known.push(costs.len() - 1);
                costs.len() - 1
            };
            let paid = if with_paid { paid_from(&row.text(5)?)? } else { Paid::new() };
            Ok(CostRow { from: Instant::from_micros(row.int(0)?), of, list: row.int(3)?, net: row.int(4)?, paid })
        })?;
        Ok(AccountCosts { rows, of: costs })
    }

    /// What they came to by the instant their service time began.
    pub fn charge_sums(
        &mut self,
        account: OwnerId,
        product: Option<&Name>,
        (from, to): (Instant, Instant),
    ) -> Result<Vec<(Instant, i64)>, StoreError> {
        let sum = |row: &Row<'_>| Ok((Instant::from_micros(row.int(0)?), row.int(1)?));
        let (from, to) = (from.micros().into(), to.micros().into());
        match product {
            None => self.rows(
                "SELECT day, CAST(sum(net) AS BIGINT) FROM charge WHERE account = $1 AND day >= $2 AND day < $3
                 GROUP BY day ORDER BY day",
                &[account.0.into(), from, to],
                sum,
            ),
            Some(product) => self.rows(
                "SELECT day, CAST(sum(net) AS BIGINT) FROM charge
                 WHERE account = $1 AND day >= $2 AND day < $3 AND product = $4 GROUP BY day ORDER BY day",
                &[account.0.into(), from, to, product.as_str().into()],
                sum,
            ),
        }
    }

    /// Those of one thing, the newest first, at most so many.
    pub fn charges_of_thing(
        &mut self,
        account: OwnerId,
        thing: ThingId,
        (from, to): (Instant, Instant),
        limit: i64,
    ) -> Result<Vec<ChargeRow>, StoreError> {
        self.rows(
            "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained
             FROM charge WHERE account = $1 AND day >= $2 AND day < $3 AND thing = $4 ORDER BY day DESC, chained DESC LIMIT $5",
            &[account.0.into(), from.micros().into(), to.micros().into(), thing.0.into(), limit.into()],
            charge_from,
        )
    }

    /// What an account's charges came to by the service time they are of, where that ended between two instants; the newest first.
    pub fn charge_days(
        &mut self,
        account: OwnerId,
        (from, to): (Instant, Instant),
        limit: i64,
    ) -> Result<Vec<ChargeDay>, StoreError> {
        self.rows(
            "SELECT day, ends, count(*), CAST(sum(net) AS BIGINT), CAST(sum(CASE WHEN number > 0 THEN 1 ELSE 0 END) AS BIGINT)
             FROM charge WHERE account = $1 AND ends >= $2 AND ends < $3 AND day < $3 GROUP BY day, ends ORDER BY ends DESC, day DESC LIMIT $4",
            &[account.0.into(), from.micros().into(), to.micros().into(), limit.into()],
            |row| {
                Ok(ChargeDay {
                    from: Instant::from_micros(row.int(0)?),
                    to: Instant::from_micros(row.int(1)?),
                    charges: row.int(2)?,
                    net: row.int(3)?,
                    corrections: row.int(4)?,
                })
            },
        )
    }

    /// An account's charges in the order of sealing, after one place in its chain up to another, at most so many.
    pub fn charges_after(
        &mut self,
        account: OwnerId,
        (after, upto): (i64, i64),
        limit: i64,
    ) -> Result<Vec<ChargeRow>, StoreError> {
        self.rows(
            "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained
             FROM charge WHERE account = $1 AND chained > $2 AND chained <= $3 ORDER BY chained LIMIT $4",
            &[account.0.into(), after.into(), upto.into(), limit.into()],
            charge_from,
        )
    }

    /// One of an account, by its place in its chain.
    pub fn charge_by_number(&mut self, account: OwnerId, chained: i64) -> Result<Option<ChargeRow>, StoreError> {
        self.one(
            "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained
             FROM charge WHERE account = $1 AND chained = $2",
            &[account.0.into(), chained.into()],
            charge_from,
        )
    }

    /// Every charge with its seal, for `verify`.
    pub fn charges_each(
        &mut self,
        mut each: impl FnMut(ChargeRow, i64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each(
            "SELECT account, thing, part, began, number, day, ends, product, terms, list, net, paid, recorded, chained, seal
             FROM charge ORDER BY account, chained",
            &[],
            |row| each(charge_from(row)?, row.int(14)?),
        )
    }
}

pub(crate) fn charge_from(row: &Row<'_>) -> Result<ChargeRow, StoreError> {
    let part = row.text(2)?;
    Ok(ChargeRow {
        account: OwnerId(row.int(0)?),
        line: LineId { thing: ThingId(row.int(1)?), part: opt_name_from(&part)?, began: row.int(3)? },
        number: row.int(4)?,
        from: Instant::from_micros(row.int(5)?),
        to: Instant::from_micros(row.int(6)?),
        product: name_from(&row.text(7)?)?,
        terms: TermsId(row.int(8)?),
        list: row.int(9)?,
        net: row.int(10)?,
        paid: paid_from(&row.text(11)?)?,
        recorded: Instant::from_micros(row.int(12)?),
        chained: row.int(13)?,
    })
}

//! Things that are charged, and the facts told of them.

use crate::open_charges::{place_from, places_column};
use crate::{Column, Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::measure::Quantity;
use farthing_core::settle::ThingId;
use farthing_core::time::Instant;
use farthing_core::timeline::{Fact, FactKey, What};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThingKind {
    /// What the cloud reports of, by its own name.
    Resource,
    /// What shares a free size, as one: an account, a project or a person.
    Scope,
    /// What is used of a product, by whoever has its prices once.
    Usage,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ThingRow {
    pub id: ThingId,
    pub cloud: String,
    pub kind: ThingKind,
    pub name: String,
    /// Who pays now.
    pub account: OwnerId,
    /// 0: none.
    pub project: i64,
    pub product: Name,
    pub sku: Option<Name>,
    /// Empty where no state was ever told.
    pub state: String,
    pub size: Quantity,
    pub person: String,
    /// What prices depend on, as `key=value` lines.
    pub properties: String,
    /// When it came to its state.
    pub since: Instant,
    /// The last sign of life, where signs are given (R84).
    pub seen_at: Option<Instant>,
    /// When an inventory last listed it.
    pub listed_at: Option<Instant>,
}

/// A fact as its row keeps it: what it says as text, which the engine reads and writes.
#[derive(Clone, Debug, PartialEq)]
pub struct FactRow {
    pub thing: ThingId,
    pub at: Instant,
    pub key: FactKey,
    pub what: String,
    pub recorded: Instant,
    pub flagged: bool,
}

impl ThingRow {
    /// Of what never changes: what it is, whose prices it has.
    pub fn seal(&self) -> i64 {
        let texts = [self.cloud.as_str(), &self.name, self.product.as_str(), &self.properties].map(str::as_bytes);
        chain::seal_row(b"thing", &[self.id.0, kind_code(self.kind), self.project], &texts)
    }
}

impl FactRow {
    pub fn seal(&self) -> i64 {
        let numbers = [self.thing.0, self.at.micros(), self.key.0, self.recorded.micros(), i64::from(self.flagged)];
        chain::seal_row(b"fact", &numbers, &[self.what.as_bytes()])
    }

    /// The fact, its text read by whoever wrote it.
    pub fn read(&self, read: impl Fn(&str) -> Option<What>) -> Result<Fact, StoreError> {
        let what = read(&self.what).ok_or_else(|| {
            StoreError::corrupt(format!("a fact of thing {} at {} that says {:?}", self.thing.0, self.at, self.what))
        })?;
        Ok(Fact { at: self.at, key: self.key, what })
    }
}

/// A fact, and what it was told of.
#[derive(Clone, Debug)]
pub struct NamedFact {
    pub fact: FactRow,
    pub name: String,
    pub product: String,
    /// It is a thing that somebody has named, and not what usage is counted under.
    pub is_resource: bool,
}

impl Tx<'_> {
    /// The number of a new thing; it is written with `thing_insert`.
    pub fn thing_number(&mut self) -> Result<ThingId, StoreError> {
        Ok(ThingId(self.next_number("SELECT coalesce(max(id), 0) + 1 FROM thing")?))
    }

    pub fn thing_insert(&mut self, thing: &ThingRow) -> Result<(), StoreError> {
        self.things_insert(std::slice::from_ref(thing))
    }

    pub fn things_insert(&mut self, things: &[ThingRow]) -> Result<(), StoreError> {
        self.bulk_insert("thing", THING_NAMES, thing_columns(things))
    }

    /// Writes what follows from its facts. Signs of life are told apart (`thing_seen`, `thing_listed`), by whoever has no lock.
    pub fn thing_write(&mut self, thing: &ThingRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE thing SET account = $2, sku = $3, state = $4, size = $5, person = $6, since = $7 WHERE id = $1",
            &[
                thing.id.0.into(),
                thing.account.0.into(),
                thing.sku.as_ref().map_or("", Name::as_str).into(),
                thing.state.as_str().into(),
                thing.size.millionths().into(),
                thing.person.as_str().into(),
                thing.since.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn thing_seen(&mut self, id: ThingId, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE thing SET seen_at = $2 WHERE id = $1 AND (seen_at IS NULL OR seen_at < $2)",
            &[id.0.into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn thing_listed(&mut self, id: ThingId, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE thing SET listed_at = $2 WHERE id = $1 AND (listed_at IS NULL OR listed_at < $2)",
            &[id.0.into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn thing_by_name(&mut self, cloud: &str, kind: ThingKind, name: &str) -> Result<Option<ThingRow>, StoreError> {
        self.one(
            "SELECT id, cloud, kind, name, account, project, product, sku, state, size, person, properties, since, seen_at, listed_at
             FROM thing WHERE cloud = $1 AND kind = $2 AND name = $3",
            &[cloud.into(), kind_code(kind).into(), name.into()],
            thing_from,
        )
    }

    /// Those of these names that are there, each with its place among them.
    pub fn things_by_name(
        &mut self,
        cloud: &str,
        kind: ThingKind,
        names: &[&str],
    ) -> Result<Vec<(usize, ThingRow)>, StoreError> {
        self.bulk_rows(
            "SELECT t.id, t.cloud, t.kind, t.name, t.account, t.project, t.product, t.sku, t.state, t.size, t.person, t.properties,
                    t.since, t.seen_at, t.listed_at, bulk.c4
             FROM {bulk} JOIN thing t ON t.cloud = bulk.c1 AND t.kind = bulk.c2 AND t.name = bulk.c3",
            vec![
                Column::same_text(cloud, names.len()),
                Column::Int(vec![kind_code(kind); names.len()]),
                Column::joined(names),
                places_column(names.len()),
            ],
            |row| Ok((place_from(row, 15)?, thing_from(row)?)),
        )
    }

    /// Which usage has these names and who pays for it now, each with its place among the names. (Neither ever changes.)
    pub fn usage_things_by_name(
        &mut self,
        cloud: &str,
        names: &[&str],
    ) -> Result<Vec<(usize, ThingId, OwnerId)>, StoreError> {
        let mut found = Vec::with_capacity(names.len());
        let mut missing: Vec<usize> = Vec::new();
        if let Some(mut cache) = self.account_cache() {
            let known = cache.names.usage_things.of(cloud);
            for (place, name) in names.iter().enumerate() {
                match known.get(*name) {
                    Some((thing, account)) => found.push((place, *thing, *account)),
                    None => missing.push(place),
                }
            }
        } else {
            missing.extend(0..names.len());
        }
        let asked: Vec<&str> = missing.iter().map(|place| names[*place]).collect();
        let read = self.bulk_rows(
            "SELECT t.id, t.account, bulk.c4
             FROM {bulk} JOIN thing t ON t.cloud = bulk.c1 AND t.kind = bulk.c2 AND t.name = bulk.c3",
            vec![
                Column::same_text(cloud, asked.len()),
                Column::Int(vec![kind_code(ThingKind::Usage); asked.len()]),
                Column::joined(&asked),
                places_column(asked.len()),
            ],
            |row| Ok((place_from(row, 2)?, ThingId(row.int(0)?), OwnerId(row.int(1)?))),
        )?;
        for (place, thing, account) in read {
            if let Some(mut cache) = self.account_cache() {
                cache.names.usage_things.keep(cloud, asked[place], (thing, account));
            }
            found.push((missing[place], thing, account));
        }
        Ok(found)
    }

    pub fn things(&mut self, ids: &[ThingId]) -> Result<Vec<ThingRow>, StoreError> {
        self.bulk_rows(
            "SELECT t.id, t.cloud, t.kind, t.name, t.account, t.project, t.product, t.sku, t.state, t.size, t.person, t.properties,
                    t.since, t.seen_at, t.listed_at
             FROM {bulk} JOIN thing t ON t.id = bulk.c1 ORDER BY bulk.c1",
            vec![Column::Int(ids.iter().map(|id| id.0).collect())],
            thing_from,
        )
    }

    /// Everything an account pays for or ever did.
    pub fn things_of_account(&mut self, account: OwnerId) -> Result<Vec<ThingRow>, StoreError> {
        self.rows(
            "SELECT t.id, t.cloud, t.kind, t.name, t.account, t.project, t.product, t.sku, t.state, t.size, t.person, t.properties,
                    t.since, t.seen_at, t.listed_at
             FROM thing_payer p JOIN thing t ON t.id = p.thing WHERE p.account = $1 ORDER BY t.id",
            &[account.0.into()],
            thing_from,
        )
    }

    /// Those of a cloud in the order of their making, after one of them: of an account, a project (0: any), in a state (empty: any).
    pub fn things_page(
        &mut self,
        cloud: &str,
        kind: ThingKind,
        (account, project, state): (i64, i64, &str),
        after: i64,
        limit: i64,
    ) -> Result<Vec<ThingRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, kind, name, account, project, product, sku, state, size, person, properties, since, seen_at, listed_at
             FROM thing WHERE cloud = $1 AND kind = $2 AND id > $3 AND (CAST($4 AS BIGINT) = 0 OR account = $4)
               AND (CAST($5 AS BIGINT) = 0 OR project = $5)
               AND ($6 = '' OR state = $6) ORDER BY id LIMIT $7",
            &[
                cloud.into(),
                kind_code(kind).into(),
                after.into(),
                account.into(),
                project.into(),
                state.into(),
                limit.into(),
            ],
            thing_from,
        )
    }

    pub fn thing_payers_insert(&mut self, rows: &[(OwnerId, ThingId)]) -> Result<(), StoreError> {
        self.bulk_insert(
            "thing_payer",
            &["account", "thing"],
            vec![
                Column::Int(rows.iter().map(|(account, _)| account.0).collect()),
                Column::Int(rows.iter().map(|(_, thing)| thing.0).collect()),
            ],
        )
    }

    /// Notes that an account pays for a thing from now on.
    pub fn thing_payer_put(&mut self, account: OwnerId, thing: ThingId) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO thing_payer (account, thing) VALUES ($1, $2) ON CONFLICT (account, thing) DO NOTHING",
            &[account.0.into(), thing.0.into()],
        )?;
        Ok(())
    }

    pub fn things_of_project(&mut self, project: i64) -> Result<Vec<ThingRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, kind, name, account, project, product, sku, state, size, person, properties, since, seen_at, listed_at
             FROM thing WHERE project = $1 ORDER BY id",
            &[project.into()],
            thing_from,
        )
    }

    /// A cloud's resources that give signs of life and gave the last one at this instant or before; nor did they begin to run,
    /// nor were they listed, after it.
    pub fn things_silent_since(&mut self, cloud: &str, at: Instant, most: i64) -> Result<Vec<ThingRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, kind, name, account, project, product, sku, state, size, person, properties, since, seen_at, listed_at
             FROM thing WHERE seen_at IS NOT NULL AND seen_at <= $1 AND since <= $1 AND coalesce(listed_at, 0) <= $1
               AND cloud = $2 AND state IN ('running', 'queued', 'starting')
             ORDER BY seen_at, id LIMIT $3",
            &[at.micros().into(), cloud.into(), most.into()],
            thing_from,
        )
    }

    /// The earliest last sign of life of anything that runs, as `things_silent_since` reckons it.
    pub fn thing_sign_first(&mut self, cloud: &str) -> Result<Option<Instant>, StoreError> {
        let first = self.one(
            "SELECT min(CASE WHEN seen_at >= since AND seen_at >= coalesce(listed_at, 0) THEN seen_at
                             WHEN since >= coalesce(listed_at, 0) THEN since ELSE listed_at END)
             FROM thing WHERE seen_at IS NOT NULL AND cloud = $1 AND state IN ('running', 'queued', 'starting')",
            &[cloud.into()],
            |row| row.opt_int(0),
        )?;
        Ok(first.flatten().map(Instant::from_micros))
    }

    /// Appends a fact; false where it was told before.
    pub fn fact_insert(&mut self, fact: &FactRow) -> Result<bool, StoreError> {
        let inserted = self.execute(
            "INSERT INTO fact (thing, at, key, what, recorded, flagged, seal) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (thing, at, key) DO NOTHING",
            &[
                fact.thing.0.into(),
                fact.at.micros().into(),
                fact.key.0.into(),
                fact.what.as_str().into(),
                fact.recorded.micros().into(),
                fact.flagged.into(),
                fact.seal().into(),
            ],
        )?;
        Ok(inserted == 1)
    }

    pub fn facts_insert(&mut self, facts: &[FactRow]) -> Result<(), StoreError> {
        self.bulk_insert(
            "fact",
            &["thing", "at", "key", "what", "recorded", "flagged", "seal"],
            vec![
                Column::Int(facts.iter().map(|fact| fact.thing.0).collect()),
                Column::Int(facts.iter().map(|fact| fact.at.micros()).collect()),
                Column::Int(facts.iter().map(|fact| fact.key.0).collect()),
                Column::Text(facts.iter().map(|fact| fact.what.clone()).collect()),
                Column::Int(facts.iter().map(|fact| fact.recorded.micros()).collect()),
                Column::Bool(facts.iter().map(|fact| fact.flagged).collect()),
                Column::Int(facts.iter().map(FactRow::seal).collect()),
            ],
        )
    }

    /// Whether it was ever given to another account.
    pub fn thing_moved(&mut self, thing: ThingId) -> Result<bool, StoreError> {
        let moves =
            self.one("SELECT count(*) FROM fact WHERE thing = $1 AND what LIKE 'move%'", &[thing.0.into()], |row| {
                row.int(0)
            })?;
        Ok(moves.unwrap_or(0) > 0)
    }

    pub fn facts_of(&mut self, thing: ThingId) -> Result<Vec<FactRow>, StoreError> {
        self.rows(
            "SELECT thing, at, key, what, recorded, flagged FROM fact WHERE thing = $1 ORDER BY at, key",
            &[thing.0.into()],
            fact_from,
        )
    }

    /// What was told of an account's things between two instants, the newest first, at most so many.
    pub fn facts_of_account(
        &mut self,
        account: OwnerId,
        (from, to): (Instant, Instant),
        limit: i64,
    ) -> Result<Vec<NamedFact>, StoreError> {
        self.rows(
            "SELECT f.thing, f.at, f.key, f.what, f.recorded, f.flagged, t.name, t.product, t.kind
             FROM thing_payer p JOIN thing t ON t.id = p.thing JOIN fact f ON f.thing = t.id
             WHERE p.account = $1 AND f.at >= $2 AND f.at < $3 ORDER BY f.at DESC, f.thing, f.key DESC LIMIT $4",
            &[account.0.into(), from.micros().into(), to.micros().into(), limit.into()],
            |row| {
                let is_resource = row.int(8)? == kind_code(ThingKind::Resource);
                Ok(NamedFact { fact: fact_from(row)?, name: row.text(6)?, product: row.text(7)?, is_resource })
            },
        )
    }
}

pub(crate) fn fact_from(row: &Row<'_>) -> Result<FactRow, StoreError> {
    Ok(FactRow {
        thing: ThingId(row.int(0)?),
        at: Instant::from_micros(row.int(1)?),
        key: FactKey(row.int(2)?),
        what: row.text(3)?,
        recorded: Instant::from_micros(row.int(4)?),
        flagged: row.bool(5)?,
    })
}

const THING_NAMES: &[&str] = &[
    "id",
    "cloud",
    "kind",
    "name",
    "account",
    "project",
    "product",
    "sku",
    "state",
    "size",
    "person",
    "properties",
    "since",
    "seen_at",
    "listed_at",
    "seal",
];

fn thing_columns(things: &[ThingRow]) -> Vec<Column> {
    let ints = |of: fn(&ThingRow) -> i64| Column::Int(things.iter().map(of).collect());
    let texts = |of: fn(&ThingRow) -> String| Column::Text(things.iter().map(of).collect());
    vec![
        ints(|thing| thing.id.0),
        texts(|thing| thing.cloud.clone()),
        ints(|thing| kind_code(thing.kind)),
        texts(|thing| thing.name.clone()),
        ints(|thing| thing.account.0),
        ints(|thing| thing.project),
        texts(|thing| thing.product.to_string()),
        texts(|thing| thing.sku.as_ref().map(ToString::to_string).unwrap_or_default()),
        texts(|thing| thing.state.clone()),
        ints(|thing| thing.size.millionths()),
        texts(|thing| thing.person.clone()),
        texts(|thing| thing.properties.clone()),
        ints(|thing| thing.since.micros()),
        Column::OptInt(things.iter().map(|thing| thing.seen_at.map(Instant::micros)).collect()),
        Column::OptInt(things.iter().map(|thing| thing.listed_at.map(Instant::micros)).collect()),
        ints(ThingRow::seal),
    ]
}

fn kind_code(kind: ThingKind) -> i64 {
    match kind {
        ThingKind::Resource => 0,
        ThingKind::Scope => 1,
        ThingKind::Usage => 2,
    }
}

pub(crate) fn thing_from(row: &Row<'_>) -> Result<ThingRow, StoreError> {
    let kind = match row.int(2)? {
        0 => ThingKind::Resource,
        1 => ThingKind::Scope,
        2 => ThingKind::Usage,
        other => return Err(StoreError::corrupt(format!("a thing of kind {other}"))),
    };
    Ok(ThingRow {
        id: ThingId(row.int(0)?),
        cloud: row.text(1)?,
        kind,
        name: row.text(3)?,
        account: OwnerId(row.int(4)?),
        project: row.int(5)?,
        product: name_from(&row.text(6)?)?,
        sku: opt_name_from(&row.text(7)?)?,
        state: row.text(8)?,
        size: Quantity::from_millionths(row.int(9)?),
        person: row.text(10)?,
        properties: row.text(11)?,
        since: Instant::from_micros(row.int(12)?),
        seen_at: row.opt_int(13)?.map(Instant::from_micros),
        listed_at: row.opt_int(14)?.map(Instant::from_micros),
    })
}

pub(crate) fn name_from(text: &str) -> Result<Name, StoreError> {
    Name::parse(text).ok_or_else(|| StoreError::corrupt(format!("{text:?} where a name belongs")))
}

/// Empty: none.
pub(crate) fn opt_name_from(text: &str) -> Result<Option<Name>, StoreError> {
    if text.is_empty() { Ok(None) } else { name_from(text).map(Some) }
}

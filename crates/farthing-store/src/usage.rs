//! Taking usage events in: each id once, whoever sends it how often, and every event kept that is no duplicate.
//!
//! One transaction holds an event and its id, so a crash keeps both or neither. The lock on a source's stripe is held to the
//! commit, so of two processes that take the same id at once the second sees the first's. What events cost is decided by
//! whoever calls, in the middle of it (`decide`).

use crate::known_ids::{KnownIds, Made, Numbers, Part, made_of, wider};
use crate::{Column, Row, StoreError, Tx, Value};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;
use farthing_core::usage::audit::{BucketContent, BucketRow, EventRow, UsageAuditor};
use farthing_core::usage::{
    Answer, Batch, EventFacts, Fresh, Judgement, Known, Reason, STRIPES, Taken, UsageEvent, Verdict, Window, judge,
    seal_event, settle, text_hash,
};
use std::collections::BTreeMap;
use std::ops::Range;

const BUCKET_MICROS: i64 = 10_000_000;
/// A bucket with so many events takes no more: what comes then is appended, instead of spread over what is there.
const BUCKET_FULL: i64 = 4_096;
/// Buckets that a stripe may begin within ten seconds: one each 67 µs.
const BUCKETS_OF_STRIPE: i64 = BUCKET_MICROS / STRIPES as i64 - STRIPES as i64;
/// Ids a row of `usage_seen`.
const PART_IDS: usize = 512;
/// Few ids are written with the few before them, as long as a row is no more than this: what fits a quarter of a page.
const PART_IDS_REWRITTEN: usize = 40;
const ID_BYTES: usize = 24;
/// What is kept in mind beyond the window, so that a clock that steps back does not make us read everything again.
const SPARE_DAYS: u32 = 1;

/// An event of the raw store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    pub bucket: i64,
    pub sequence: i64,
    pub account: Option<OwnerId>,
    pub arrived: Instant,
    /// Why it is not booked, if it is not.
    pub refused: Option<Reason>,
    pub event: UsageEvent,
}

/// A place in the list of refused events, and so where its next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefusedAt {
    pub arrived: Instant,
    pub bucket: i64,
    pub sequence: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    pub at: RefusedAt,
    pub account: Option<OwnerId>,
    pub reason: Reason,
    pub event: UsageEvent,
}

impl Tx<'_> {
    /// Takes a batch of events and answers each, as if they had come one by one. Events whose id and time are good are handed
    /// to `decide`, all at once and in order; it says of each whose it is and whether it can be booked. Everything but
    /// duplicates is kept; what is refused is listed. For `Store::write`.
    pub fn usage_take(
        &mut self,
        batch: &Batch,
        now: Instant,
        window: Window,
        decide: impl FnOnce(&mut Tx<'_>, &[Fresh]) -> Result<Vec<Verdict>, StoreError>,
    ) -> Result<Vec<Taken>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let stripes = Stripes::of(self, batch);
        stripes.lock(self)?;
        let numbers = catch_up(self, now, window)?;
        let known = look_up(self, batch, bucket_of(window.known_since(now)))?;
        let judgements: Vec<Judgement> =
            batch.events().iter().zip(&known).map(|(event, known)| judge(event.at, *known, now, &window)).collect();
        let fresh: Vec<Fresh> = judgements
            .iter()
            .enumerate()
            .filter_map(|(place, judgement)| match judgement {
                Judgement::Fresh { at } => Some(Fresh { place, at: *at }),
                Judgement::Answered(_) => None,
            })
            .collect();
        let verdicts = if fresh.is_empty() { Vec::new() } else { decide(self, &fresh)? };
        assert_eq!(verdicts.len(), fresh.len(), "a verdict for each fresh event");
        let taken = settle(batch, &judgements, &verdicts, now);
        keep(self, batch, &taken, now, &stripes, &numbers)?;
        Ok(taken)
    }

    /// Forgets ids that arrived before, at most so many buckets of them at once; how many buckets. (They are not looked at any
    /// more anyway: this gives their space back.)
    pub fn usage_forget(&mut self, cloud: &str, before: Instant, most: i64) -> Result<usize, StoreError> {
        let buckets = self.rows(
            "SELECT b.bucket FROM usage_bucket b WHERE b.cloud = $1 AND b.bucket < $2 AND NOT b.forgotten
             ORDER BY b.bucket LIMIT $3 {lock b}",
            &[cloud.into(), bucket_of(before).into(), most.into()],
            |row| row.int(0),
        )?;
        let forgotten = buckets.len();
        self.bulk_execute(
            "DELETE FROM usage_seen WHERE bucket IN (SELECT c1 FROM {bulk})",
            vec![Column::Int(buckets.clone())],
        )?;
        self.bulk_execute(
            "UPDATE usage_bucket SET forgotten = (1 = 1) WHERE bucket IN (SELECT c1 FROM {bulk})",
            vec![Column::Int(buckets)],
        )?;
        Ok(forgotten)
    }

    /// A page of what was refused in a cloud, newest first, after the place where the last page ended. `reason`: only such.
    pub fn usage_refused(
        &mut self,
        cloud: &str,
        reason: Option<Reason>,
        after: Option<RefusedAt>,
        most: i64,
    ) -> Result<Vec<RefusedRow>, StoreError> {
        let after = after.unwrap_or(RefusedAt {
            arrived: Instant::from_micros(i64::MAX),
            bucket: i64::MAX,
            sequence: i64::MAX,
        });
        let reasons = reason.map_or((0, i64::MAX), |reason| (reason.code(), reason.code()));
        self.rows(
            "SELECT r.arrived, r.bucket, r.sequence, r.account, r.reason, e.event
             FROM usage_refused r JOIN usage_event e
               ON e.bucket = r.bucket AND e.account = r.account AND e.sequence = r.sequence
             WHERE r.cloud = $1 AND (r.arrived, r.bucket, r.sequence) < ($2, $3, $4) AND r.reason BETWEEN $5 AND $6
             ORDER BY r.arrived DESC, r.bucket DESC, r.sequence DESC LIMIT $7",
            &[
                cloud.into(),
                after.arrived.micros().into(),
                after.bucket.into(),
                after.sequence.into(),
                reasons.0.into(),
                reasons.1.into(),
                most.into(),
            ],
            |row| {
                Ok(RefusedRow {
                    at: RefusedAt {
                        arrived: Instant::from_micros(row.int(0)?),
                        bucket: row.int(1)?,
                        sequence: row.int(2)?,
                    },
                    account: account_from(row.int(3)?),
                    reason: reason_from(row.int(4)?)?
                        .ok_or_else(|| StoreError::corrupt("a refused event without a reason"))?,
                    event: event_from(row, 5)?,
                })
            },
        )
    }

    /// What waited for a price has got one: it is booked, and off the list. The caller books it, in the same transaction.
    pub fn usage_priced(&mut self, cloud: &str, rows: &[RefusedRow]) -> Result<(), StoreError> {
        for row in rows {
            let at = row.at;
            let listed = self.execute(
                "DELETE FROM usage_refused
                 WHERE cloud = $1 AND arrived = $2 AND bucket = $3 AND sequence = $4 AND reason = $5",
                &[
                    cloud.into(),
                    at.arrived.micros().into(),
                    at.bucket.into(),
                    at.sequence.into(),
                    Reason::Unpriced.code().into(),
                ],
            )?;
            if listed != 1 {
                return Err(self.overtaken("an event that waited for a price waits no longer"));
            }
            let mut text = String::new();
            row.event.write_text(&mut text);
            let account = row.account.map_or(0, |account| account.0);
            let facts = EventFacts {
                bucket: at.bucket,
                account,
                sequence: at.sequence,
                arrived: at.arrived.micros(),
                state: 0,
            };
            self.execute(
                "UPDATE usage_event SET state = 0, seal = $4 WHERE bucket = $1 AND account = $2 AND sequence = $3",
                &[at.bucket.into(), account.into(), at.sequence.into(), seal_event(&facts, text_hash(&text)).into()],
            )?;
        }
        Ok(())
    }

    /// An account's events of a cloud that arrived in a time, to the ten seconds; bucket by bucket. None: those of no known
    /// account.
    pub fn usage_events(
        &mut self,
        cloud: &str,
        account: Option<OwnerId>,
        arrived: Range<Instant>,
        mut each: impl FnMut(UsageRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each(
            "SELECT e.bucket, e.account, e.sequence, e.arrived, e.state, e.event
             FROM usage_bucket b JOIN usage_event e ON e.bucket = b.bucket AND e.account = $2
             WHERE b.cloud = $1 AND b.bucket >= $3 AND b.bucket < $4 ORDER BY b.bucket, e.sequence",
            &[
                cloud.into(),
                account.map_or(0, |account| account.0).into(),
                bucket_of(arrived.start).into(),
                bucket_of(Instant::from_micros(arrived.end.micros().saturating_add(BUCKET_MICROS - 1))).into(),
            ],
            |row| each(usage_from(row)?),
        )
    }
}

/// The first bucket of the ten seconds that an instant lies in.
fn bucket_of(instant: Instant) -> i64 {
    instant.micros().div_euclid(BUCKET_MICROS).saturating_mul(BUCKET_MICROS)
}

pub(crate) fn usage_from(row: &Row<'_>) -> Result<UsageRow, StoreError> {
    Ok(UsageRow {
        bucket: row.int(0)?,
        account: account_from(row.int(1)?),
        sequence: row.int(2)?,
        arrived: Instant::from_micros(row.int(3)?),
        refused: reason_from(row.int(4)?)?,
        event: event_from(row, 5)?,
    })
}

fn event_from(row: &Row<'_>, column: usize) -> Result<UsageEvent, StoreError> {
    let text = row.text(column)?;
    UsageEvent::parse_text(&text).ok_or_else(|| StoreError::corrupt("a usage event that does not read"))
}

fn account_from(account: i64) -> Option<OwnerId> {
    (account != 0).then_some(OwnerId(account))
}

fn reason_from(state: i64) -> Result<Option<Reason>, StoreError> {
    match (state, Reason::from_code(state)) {
        (0, _) => Ok(None),
        (_, Some(reason)) => Ok(Some(reason)),
        (state, None) => Err(StoreError::corrupt(format!("a usage event in the unknown state {state}"))),
    }
}

/// The stripes of a batch's sources.
struct Stripes {
    mask: u64,
}

impl Stripes {
    fn of(tx: &Tx<'_>, batch: &Batch) -> Stripes {
        if !tx.shares_writing() {
            return Stripes { mask: 1 };
        }
        Stripes { mask: batch.identities().iter().fold(0, |mask, identity| mask | 1 << identity.stripe) }
    }

    fn list(&self) -> Vec<i64> {
        (0..i64::from(STRIPES)).filter(|stripe| self.mask >> stripe & 1 == 1).collect()
    }

    fn first(&self) -> i64 {
        i64::from(self.mask.trailing_zeros())
    }

    /// As a column holds it.
    fn bits(&self) -> i64 {
        i64::from_le_bytes(self.mask.to_le_bytes())
    }

    /// Nobody else takes events of these sources until this transaction ends. A statement of its own, so that those after it
    /// see what the one before us has committed.
    fn lock(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if !tx.shares_writing() {
            return Ok(());
        }
        tx.bulk_rows(
            "SELECT count(*) FROM (
                 SELECT s.stripe FROM {bulk} JOIN usage_stripe s ON s.stripe = bulk.c1 ORDER BY s.stripe {lock s}
             ) AS locked",
            vec![Column::Int(self.list())],
            |_| Ok(()),
        )?;
        Ok(())
    }
}

/// Brings what is known of ids up to what is committed; the stripes' numbers now.
///
/// The numbers are read first: of every stripe, what has a number up to its own is committed and will be seen by the next
/// statement. So far it has been read when this returns. Only the first look of a transaction moves the mark, because later ones
/// see what this transaction itself has counted up, which may yet be rolled back.
fn catch_up(tx: &mut Tx<'_>, now: Instant, window: Window) -> Result<Numbers, StoreError> {
    let Some(shared) = tx.known_ids() else {
        return Err(StoreError::Unusable("usage events are taken in a write".into()));
    };
    let numbers = stripe_numbers(tx)?;
    let moves = tx.with_taking(|taking| !std::mem::replace(&mut taking.begun, true));
    let mut known = shared.lock();
    known.window_days = known.window_days.max(window.dedupe_days);
    let longest = Window { dedupe_days: known.window_days.saturating_add(SPARE_DAYS), ..window };
    let since = bucket_of(longest.known_since(now));
    if !known.reaches(bucket_of(window.known_since(now))) {
        // Under the lock: others that take wait for it to be done, instead of doing it too.
        known.restart(since, if moves { &numbers } else { &[0; STRIPES as usize] });
        return read_since(tx, &mut known, since).map(|()| numbers);
    }
    known.let_go(since);
    let marks = known.numbers;
    drop(known);
    let moved = |stripe: &usize| numbers[*stripe] > marks[*stripe];
    if let Some(from) = (0..marks.len()).filter(moved).map(|stripe| marks[stripe]).min() {
        let newer = newer_parts(tx, from, &marks)?;
        let mut known = shared.lock();
        let unread: Vec<Part> =
            newer.into_iter().filter(|(part, seal)| !known.has_read(*part, *seal)).map(|(part, _)| part).collect();
        if !unread.is_empty() {
            read_parts(tx, &mut known, &unread)?;
        }
        if moves {
            for (mark, number) in known.numbers.iter_mut().zip(numbers) {
                *mark = (*mark).max(number);
            }
        }
    }
    Ok(numbers)
}

fn stripe_numbers(tx: &mut Tx<'_>) -> Result<Numbers, StoreError> {
    let mut numbers: Numbers = [0; STRIPES as usize];
    tx.each("SELECT stripe, number FROM usage_stripe", &[], |row| {
        let stripe = usize::try_from(row.int(0)?).ok().and_then(|stripe| numbers.get_mut(stripe));
        *stripe.ok_or_else(|| StoreError::corrupt("a stripe of no known number"))? = row.int(1)?;
        Ok(())
    })?;
    Ok(numbers)
}

fn read_since(tx: &mut Tx<'_>, known: &mut KnownIds, since: i64) -> Result<(), StoreError> {
    tx.each(
        "SELECT bucket, part, made_least, made_most, seal, ids FROM usage_seen WHERE bucket >= $1 ORDER BY bucket, part",
        &[since.into()],
        |row| enter_row(known, row),
    )
}

/// Rows of stripes that have gone beyond their marks, without their ids.
fn newer_parts(tx: &mut Tx<'_>, from: i64, marks: &Numbers) -> Result<Vec<(Part, i64)>, StoreError> {
    let mut newer = Vec::new();
    tx.each(
        "SELECT bucket, part, seal, number, stripes FROM usage_seen WHERE number > $1 ORDER BY number",
        &[from.into()],
        |row| {
            let (number, stripes) = (row.int(3)?, row.int(4)?);
            if (0..marks.len()).any(|stripe| stripes >> stripe & 1 == 1 && number > marks[stripe]) {
                newer.push((Part { bucket: row.int(0)?, part: row.int(1)? }, row.int(2)?));
            }
            Ok(())
        },
    )?;
    Ok(newer)
}

fn read_parts(tx: &mut Tx<'_>, known: &mut KnownIds, parts: &[Part]) -> Result<(), StoreError> {
    tx.bulk_rows(
        "SELECT s.bucket, s.part, s.made_least, s.made_most, s.seal, s.ids
         FROM {bulk} JOIN usage_seen s ON s.bucket = bulk.c1 AND s.part = bulk.c2",
        part_columns(parts),
        |row| enter_row(known, row),
    )?;
    Ok(())
}

fn part_columns(parts: &[Part]) -> Vec<Column> {
    vec![
        Column::Int(parts.iter().map(|part| part.bucket).collect()),
        Column::Int(parts.iter().map(|part| part.part).collect()),
    ]
}

fn enter_row(known: &mut KnownIds, row: &Row<'_>) -> Result<(), StoreError> {
    let part = Part { bucket: row.int(0)?, part: row.int(1)? };
    let made = made_from(row.opt_int(2)?, row.opt_int(3)?);
    let seal = row.int(4)?;
    row.blob(5, |ids| {
        let hashes = ids_of(ids)?.iter().map(|id| *id.first_chunk().expect("24 bytes have 16"));
        known.enter(part, seal, made, hashes, None);
        Ok(())
    })?
}

fn made_from(least: Option<i64>, most: Option<i64>) -> Made {
    let least = least.and_then(|least| u64::try_from(least).ok())?;
    Some((least, most.and_then(|most| u64::try_from(most).ok())?))
}

/// What a row of `usage_seen` holds: ids of 24 bytes each.
pub(crate) fn ids_of(ids: &[u8]) -> Result<&[[u8; ID_BYTES]], StoreError> {
    match ids.as_chunks() {
        (ids, []) => Ok(ids),
        _ => Err(StoreError::corrupt("a row of ids that ends in the middle of one")),
    }
}

pub(crate) fn hash_and_digest(id: &[u8; ID_BYTES]) -> ([u8; 16], i64) {
    let (hash, digest) = id.split_first_chunk().expect("24 bytes have 16");
    (*hash, i64::from_le_bytes(digest.try_into().expect("8 bytes are left")))
}

/// The seal of a row of ids. Its place belongs to it, and what it is found by: a row that others miss loses duplicates.
fn seal_of(part: Part, written: Written, made: Made, ids: &[u8]) -> i64 {
    let (least, most) = made.map_or((0, 0), |(least, most)| (least + 1, most + 1));
    let mut hasher = blake3::Hasher::new();
    for number in [part.bucket, part.part, written.number, written.stripes] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(&least.to_le_bytes());
    hasher.update(&most.to_le_bytes());
    hasher.update(ids);
    i64::from_le_bytes(*hasher.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes"))
}

/// What is known of each event's id: where the filter says maybe, the rows are read.
fn look_up(tx: &mut Tx<'_>, batch: &Batch, oldest: i64) -> Result<Vec<Known>, StoreError> {
    let mut known = vec![Known::Never; batch.len()];
    let shared = tx.known_ids().expect("catching up has asked for it");
    let maybe = shared.lock().maybe(batch, oldest);
    let mut parts: Vec<Part> = maybe.iter().map(|(part, _)| *part).collect();
    parts.dedup();
    tx.bulk_rows(
        "SELECT s.bucket, s.part, s.ids FROM {bulk} JOIN usage_seen s ON s.bucket = bulk.c1 AND s.part = bulk.c2",
        part_columns(&parts),
        |row| {
            let part = Part { bucket: row.int(0)?, part: row.int(1)? };
            let asked = maybe.partition_point(|(before, _)| *before < part);
            row.blob(2, |ids| {
                let ids = ids_of(ids)?;
                for (_, place) in maybe[asked..].iter().take_while(|(same, _)| *same == part) {
                    let identity = &batch.identities()[*place];
                    let found = ids.binary_search_by(|id| id[..16].cmp(&identity.hash));
                    if let Ok(found) = found {
                        let (_, digest) = hash_and_digest(&ids[found]);
                        known[*place] = if digest == identity.digest { Known::Same } else { Known::Other };
                    }
                }
                Ok(())
            })?
        },
    )?;
    Ok(known)
}

/// Writes what was taken: events, ids, and the list of what was refused.
fn keep(
    tx: &mut Tx<'_>,
    batch: &Batch,
    taken: &[Taken],
    now: Instant,
    stripes: &Stripes,
    numbers: &Numbers,
) -> Result<(), StoreError> {
    let mut kept: Vec<usize> = (0..batch.len()).filter(|place| taken[*place].answer != Answer::Duplicate).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let ids: Vec<usize> = batch.by_hash().iter().copied().filter(|place| taken[*place].answer.claims()).collect();
    let number = 1 + stripes.list().iter().map(|stripe| numbers[index(*stripe)]).max().unwrap_or(0);
    let mut bucket = Bucket::find(tx, batch.cloud(), now, stripes.first())?;
    let sequences: Vec<i64> = {
        let mut next = bucket.events;
        (taken.iter())
            .map(|taken| {
                let sequence = next;
                next += i64::from(taken.answer != Answer::Duplicate);
                sequence
            })
            .collect()
    };
    refused_insert(tx, batch.cloud(), bucket.id, taken, &sequences, now)?;
    kept.sort_by_key(|place| taken[*place].account.map_or(0, |account| account.0));
    events_insert(tx, batch, bucket.id, taken, &kept, &sequences, now)?;
    bucket.events += i64::try_from(kept.len()).expect("a batch fits memory");
    let written = Written { number, stripes: stripes.bits() };
    ids_write(tx, batch, &ids, &mut bucket, written)?;
    bucket.write(tx, batch.cloud())?;
    let counted = stripes.list();
    let to = vec![number; counted.len()];
    tx.bulk_overwrite("usage_stripe", &["stripe", "number"], vec![Column::Int(counted), Column::Int(to)])
}

fn index(stripe: i64) -> usize {
    usize::try_from(stripe).expect("stripes are not negative")
}

/// What a row of ids is found by, by those who have not read it.
#[derive(Clone, Copy)]
struct Written {
    number: i64,
    stripes: i64,
}

/// The bucket that a batch goes into.
struct Bucket {
    id: i64,
    events: i64,
    parts: i64,
    new: bool,
}

impl Bucket {
    /// The cloud's newest of these ten seconds and this stripe, if there is room; else a new one. Its stripe is locked, so
    /// nobody else is at it.
    fn find(tx: &mut Tx<'_>, cloud: &str, now: Instant, stripe: i64) -> Result<Bucket, StoreError> {
        let first = bucket_of(now) + stripe * (BUCKET_MICROS / i64::from(STRIPES));
        let end = first + BUCKETS_OF_STRIPE;
        let read = |row: &Row<'_>| {
            let bucket = Bucket { id: row.int(0)?, events: row.int(1)?, parts: row.int(2)?, new: false };
            Ok((bucket, row.text(3)?))
        };
        let newest = tx.one(
            "SELECT bucket, events, parts, cloud FROM usage_bucket WHERE bucket >= $1 AND bucket < $2
             ORDER BY bucket DESC LIMIT 1",
            &[first.into(), end.into()],
            read,
        )?;
        let Some((newest, owner)) = newest else {
            return Ok(Bucket { id: first, events: 0, parts: 0, new: true });
        };
        let next = newest.id + 1;
        let ours = if owner == cloud {
            Some(newest)
        } else {
            tx.one(
                "SELECT bucket, events, parts, cloud FROM usage_bucket
                 WHERE cloud = $3 AND bucket >= $1 AND bucket < $2 AND NOT forgotten ORDER BY bucket DESC LIMIT 1",
                &[first.into(), end.into(), cloud.into()],
                read,
            )?
            .map(|(bucket, _)| bucket)
        };
        match ours {
            Some(bucket) if bucket.events < BUCKET_FULL => Ok(bucket),
            _ if next < end => Ok(Bucket { id: next, events: 0, parts: 0, new: true }),
            _ => Err(StoreError::Unusable(
                "more buckets of usage events than ten seconds have: is the clock standing still?".into(),
            )),
        }
    }

    fn write(&self, tx: &mut Tx<'_>, cloud: &str) -> Result<(), StoreError> {
        if self.new {
            tx.execute(
                "INSERT INTO usage_bucket (bucket, cloud, events, parts, forgotten) VALUES ($1, $2, $3, $4, $5)",
                &[self.id.into(), cloud.into(), self.events.into(), self.parts.into(), false.into()],
            )?;
        } else {
            tx.execute(
                "UPDATE usage_bucket SET events = $2, parts = $3 WHERE bucket = $1",
                &[self.id.into(), self.events.into(), self.parts.into()],
            )?;
        }
        Ok(())
    }
}

fn events_insert(
    tx: &mut Tx<'_>,
    batch: &Batch,
    bucket: i64,
    taken: &[Taken],
    kept: &[usize],
    sequences: &[i64],
    now: Instant,
) -> Result<(), StoreError> {
    let facts: Vec<EventFacts> = kept
        .iter()
        .map(|place| EventFacts {
            bucket,
            account: taken[*place].account.map_or(0, |account| account.0),
            sequence: sequences[*place],
            arrived: now.micros(),
            state: match taken[*place].answer {
                Answer::Refused(reason) => reason.code(),
                Answer::Accepted | Answer::Duplicate => 0,
            },
        })
        .collect();
    let seal = |(facts, place): (&EventFacts, &usize)| seal_event(facts, batch.text_hashes()[*place]);
    tx.bulk_insert(
        "usage_event",
        &["bucket", "account", "sequence", "arrived", "state", "seal", "event"],
        vec![
            Column::Int(vec![bucket; kept.len()]),
            Column::Int(facts.iter().map(|facts| facts.account).collect()),
            Column::Int(facts.iter().map(|facts| facts.sequence).collect()),
            Column::Int(vec![now.micros(); kept.len()]),
            Column::Int(facts.iter().map(|facts| facts.state).collect()),
            Column::Int(facts.iter().zip(kept).map(seal).collect()),
            Column::Joined(batch.text().clone(), kept.iter().map(|place| batch.text_of(*place)).collect()),
        ],
    )
}

fn refused_insert(
    tx: &mut Tx<'_>,
    cloud: &str,
    bucket: i64,
    taken: &[Taken],
    sequences: &[i64],
    now: Instant,
) -> Result<(), StoreError> {
    let refused: Vec<(Reason, &Taken, i64)> = (taken.iter().zip(sequences))
        .filter_map(|(taken, sequence)| match taken.answer {
            Answer::Refused(reason) => Some((reason, taken, *sequence)),
            Answer::Accepted | Answer::Duplicate => None,
        })
        .collect();
    tx.bulk_insert(
        "usage_refused",
        &["cloud", "arrived", "bucket", "sequence", "account", "reason"],
        vec![
            Column::Text(vec![cloud.to_owned(); refused.len()]),
            Column::Int(vec![now.micros(); refused.len()]),
            Column::Int(vec![bucket; refused.len()]),
            Column::Int(refused.iter().map(|(_, _, sequence)| *sequence).collect()),
            Column::Int(refused.iter().map(|(_, taken, _)| taken.account.map_or(0, |account| account.0)).collect()),
            Column::Int(refused.iter().map(|(reason, ..)| reason.code()).collect()),
        ],
    )
}

/// A row of ids to be written.
struct NewPart {
    part: i64,
    written: Written,
    made: Made,
    ids: Vec<u8>,
    /// Of those that are new: these are entered into the filter.
    hashes: Vec<[u8; 16]>,
}

impl NewPart {
    fn seal(&self, bucket: i64) -> i64 {
        seal_of(Part { bucket, part: self.part }, self.written, self.made, &self.ids)
    }
}

/// Writes ids, in order of hash, and enters them into the filter.
fn ids_write(
    tx: &mut Tx<'_>,
    batch: &Batch,
    ids: &[usize],
    bucket: &mut Bucket,
    written: Written,
) -> Result<(), StoreError> {
    let identities = batch.identities();
    let parts = if let Some(part) = few_with_those_before(tx, batch, ids, bucket, written)? {
        part_rewrite(tx, bucket.id, &part)?;
        vec![part]
    } else {
        let parts: Vec<NewPart> = (bucket.parts..)
            .zip(ids.chunks(PART_IDS))
            .map(|(part, places)| NewPart {
                part,
                written,
                made: made_of(places.iter().map(|place| &identities[*place])),
                ids: places.iter().flat_map(|place| id_bytes(batch, *place)).collect(),
                hashes: places.iter().map(|place| identities[*place].hash).collect(),
            })
            .collect();
        bucket.parts += i64::try_from(parts.len()).expect("parts of a batch");
        parts_insert(tx, bucket.id, &parts)?;
        parts
    };
    let shared = tx.known_ids().expect("catching up has asked for it");
    tx.with_taking(|taking| {
        let mut known = shared.lock();
        for new in parts {
            let part = Part { bucket: bucket.id, part: new.part };
            known.enter(part, new.seal(bucket.id), new.made, new.hashes.into_iter(), Some(taking));
        }
    });
    Ok(())
}

/// Few ids go into the row of the few before them: a row a caller would cost more than its ids.
fn few_with_those_before(
    tx: &mut Tx<'_>,
    batch: &Batch,
    ids: &[usize],
    bucket: &Bucket,
    written: Written,
) -> Result<Option<NewPart>, StoreError> {
    if ids.is_empty() || ids.len() >= PART_IDS_REWRITTEN || bucket.parts == 0 {
        return Ok(None);
    }
    let part = bucket.parts - 1;
    let before = tx.one(
        "SELECT made_least, made_most, stripes, ids FROM usage_seen WHERE bucket = $1 AND part = $2",
        &[bucket.id.into(), part.into()],
        |row| {
            let made = made_from(row.opt_int(0)?, row.opt_int(1)?);
            Ok((made, row.int(2)?, row.blob(3, |ids| ids_of(ids).map(<[[u8; ID_BYTES]]>::to_vec))??))
        },
    )?;
    let fits = |before: &(Made, i64, Vec<[u8; ID_BYTES]>)| before.2.len() + ids.len() <= PART_IDS_REWRITTEN;
    let Some((made, stripes, mut all)) = before.filter(fits) else {
        return Ok(None);
    };
    all.extend(ids.iter().map(|place| id_bytes(batch, *place)));
    all.sort_unstable();
    let identities = || ids.iter().map(|place| &batch.identities()[*place]);
    Ok(Some(NewPart {
        part,
        written: Written { stripes: written.stripes | stripes, ..written },
        made: wider(made, made_of(identities())),
        ids: all.concat(),
        hashes: identities().map(|identity| identity.hash).collect(),
    }))
}

fn id_bytes(batch: &Batch, place: usize) -> [u8; ID_BYTES] {
    let identity = &batch.identities()[place];
    let mut bytes = [0; ID_BYTES];
    bytes[..16].copy_from_slice(&identity.hash);
    bytes[16..].copy_from_slice(&identity.digest.to_le_bytes());
    bytes
}

fn made_to(ms: Option<u64>) -> Option<i64> {
    ms.and_then(|ms| i64::try_from(ms).ok()) // 50 bits at most
}

fn part_rewrite(tx: &mut Tx<'_>, bucket: i64, part: &NewPart) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE usage_seen
         SET number = $3, stripes = $4, made_least = $5, made_most = $6, seal = $7, ids = $8
         WHERE bucket = $1 AND part = $2",
        &[
            bucket.into(),
            part.part.into(),
            part.written.number.into(),
            part.written.stripes.into(),
            made_to(part.made.map(|(least, _)| least)).into(),
            made_to(part.made.map(|(_, most)| most)).into(),
            part.seal(bucket).into(),
            Value::Bytes(&part.ids),
        ],
    )?;
    Ok(())
}

fn parts_insert(tx: &mut Tx<'_>, bucket: i64, parts: &[NewPart]) -> Result<(), StoreError> {
    tx.bulk_insert(
        "usage_seen",
        &["bucket", "part", "number", "stripes", "made_least", "made_most", "seal", "ids"],
        vec![
            Column::Int(vec![bucket; parts.len()]),
            Column::Int(parts.iter().map(|part| part.part).collect()),
            Column::Int(parts.iter().map(|part| part.written.number).collect()),
            Column::Int(parts.iter().map(|part| part.written.stripes).collect()),
            Column::OptInt(parts.iter().map(|part| made_to(part.made.map(|(least, _)| least))).collect()),
            Column::OptInt(parts.iter().map(|part| made_to(part.made.map(|(_, most)| most))).collect()),
            Column::Int(parts.iter().map(|part| part.seal(bucket)).collect()),
            Column::Bytes(parts.iter().map(|part| part.ids.clone()).collect()),
        ],
    )
}

/// Events that are checked at a time, more or less: their texts are in memory then.
const AUDITED_AT_ONCE: i64 = 50_000;

pub(crate) fn audit_usage(tx: &mut Tx<'_>, auditor: &mut UsageAuditor) -> Result<(), StoreError> {
    let numbers = stripe_numbers(tx)?;
    let buckets =
        tx.rows("SELECT bucket, cloud, events, parts, forgotten FROM usage_bucket ORDER BY bucket", &[], |row| {
            Ok(BucketRow {
                bucket: row.int(0)?,
                cloud: row.text_lossy(1)?,
                events: row.int(2)?,
                parts: row.int(3)?,
                forgotten: row.bool(4)?,
            })
        })?;
    for (sql, table, what) in [
        (
            "SELECT DISTINCT e.bucket FROM usage_event e LEFT JOIN usage_bucket b ON b.bucket = e.bucket WHERE b.bucket IS NULL",
            "usage_event",
            "its bucket is not there",
        ),
        (
            "SELECT DISTINCT s.bucket FROM usage_seen s LEFT JOIN usage_bucket b ON b.bucket = s.bucket WHERE b.bucket IS NULL",
            "usage_seen",
            "its bucket is not there",
        ),
    ] {
        tx.each(sql, &[], |row| {
            auditor.unreadable(format!("{table} {}", row.int(0)?), what);
            Ok(())
        })?;
    }
    tx.each(
        "SELECT r.bucket, r.sequence FROM usage_refused r
         LEFT JOIN usage_bucket b ON b.bucket = r.bucket AND b.cloud = r.cloud
         LEFT JOIN usage_event e ON e.bucket = r.bucket AND e.account = r.account AND e.sequence = r.sequence
           AND e.arrived = r.arrived AND e.state = r.reason
         WHERE b.bucket IS NULL OR e.bucket IS NULL ORDER BY r.bucket, r.sequence",
        &[],
        |row| {
            let what = "there is no event of its cloud, account and time that was refused for its reason";
            auditor.unreadable(format!("usage_refused {} {}", row.int(0)?, row.int(1)?), what);
            Ok(())
        },
    )?;
    let mut buckets = buckets.as_slice();
    while !buckets.is_empty() {
        let mut events = 0;
        let few = buckets.iter().take_while(|bucket| {
            let room = events < AUDITED_AT_ONCE;
            events = events.saturating_add(bucket.events.max(1));
            room
        });
        let (these, rest) = buckets.split_at(few.count().max(1));
        audit_buckets(tx, auditor, these, &numbers)?;
        buckets = rest;
    }
    Ok(())
}

fn audit_buckets(
    tx: &mut Tx<'_>,
    auditor: &mut UsageAuditor,
    buckets: &[BucketRow],
    numbers: &Numbers,
) -> Result<(), StoreError> {
    let mut contents: BTreeMap<i64, BucketContent> =
        buckets.iter().map(|bucket| (bucket.bucket, BucketContent::default())).collect();
    let range = [buckets[0].bucket.into(), buckets[buckets.len() - 1].bucket.into()];
    tx.each(
        "SELECT bucket, account, sequence, arrived, state, seal, event FROM usage_event WHERE bucket BETWEEN $1 AND $2",
        &range,
        |row| {
            if let Some(content) = contents.get_mut(&row.int(0)?) {
                content.events.push(EventRow {
                    account: row.int(1)?,
                    sequence: row.int(2)?,
                    arrived: row.int(3)?,
                    state: row.int(4)?,
                    seal: row.int(5)?,
                    text: row.text_lossy(6)?,
                });
            }
            Ok(())
        },
    )?;
    tx.each(
        "SELECT bucket, part, made_least, made_most, seal, ids, number, stripes
         FROM usage_seen WHERE bucket BETWEEN $1 AND $2",
        &range,
        |row| {
            let (bucket, part, seal) = (row.int(0)?, row.int(1)?, row.int(4)?);
            let written = Written { number: row.int(6)?, stripes: row.int(7)? };
            let made = made_from(row.opt_int(2)?, row.opt_int(3)?);
            let name = || format!("usage_seen {bucket} {part}");
            let counted =
                (0..numbers.len()).filter(|stripe| written.stripes >> stripe & 1 == 1).map(|stripe| numbers[stripe]);
            if counted.max().is_none_or(|counted| counted < written.number) {
                auditor.unreadable(name(), "it has a number that none of its stripes has come to");
            }
            let Some(content) = contents.get_mut(&bucket) else { return Ok(()) };
            content.parts += 1;
            row.blob(5, |ids| match ids_of(ids) {
                Err(error) => auditor.unreadable(name(), error.to_string()),
                Ok(_) if seal != seal_of(Part { bucket, part }, written, made, ids) => {
                    auditor.unreadable(name(), "it is not what was written: its seal does not fit");
                }
                Ok(ids) if !ids.is_sorted_by(|one, next| one[..16] < next[..16]) => {
                    auditor.unreadable(name(), "its ids are not in order");
                }
                Ok(ids) => content.ids.extend(ids.iter().map(hash_and_digest)),
            })
        },
    )?;
    tx.each(
        "SELECT e.bucket, e.sequence FROM usage_event e JOIN usage_bucket b ON b.bucket = e.bucket
         JOIN usage_refused r ON r.cloud = b.cloud AND r.arrived = e.arrived AND r.bucket = e.bucket AND r.sequence = e.sequence
         WHERE e.bucket BETWEEN $1 AND $2 AND e.state <> 0 AND r.account = e.account AND r.reason = e.state",
        &range,
        |row| {
            if let Some(content) = contents.get_mut(&row.int(0)?) {
                content.listed.insert(row.int(1)?);
            }
            Ok(())
        },
    )?;
    for bucket in buckets {
        auditor.bucket(bucket, &contents.remove(&bucket.bucket).unwrap_or_default());
    }
    Ok(())
}

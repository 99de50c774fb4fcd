//! Errands: what waits to be asked of a payment provider. Written with their cause, carried after it.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::ErrandKind;
use farthing_core::payment::PaymentId;
use farthing_core::payment::sandbox::Mood;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrandRow {
    pub number: i64,
    pub cloud: String,
    pub account: OwnerId,
    pub provider: String,
    pub kind: ErrandKind,
    /// The payment, refund or method it is about.
    pub subject: [u8; 16],
    /// Of a refund.
    pub part: i64,
    /// The same for every try, so that the provider does it once.
    pub key: String,
    /// How often it was tried; counted before each try.
    pub attempts: i64,
    pub begun: Option<Instant>,
    /// None: it is done, or was given up.
    pub next_at: Option<Instant>,
    /// `waiting`, `done` or `dead`.
    pub state: String,
    /// What went wrong last.
    pub answer: String,
}

/// Whose errands are taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrandsOf<'e> {
    /// Of this cloud alone: each has its own account at a provider.
    pub cloud: Option<&'e str>,
    /// About this alone.
    pub subject: Option<&'e [u8; 16]>,
}

impl Tx<'_> {
    pub fn errand_insert(&mut self, row: &ErrandRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO errand (number, cloud, account, provider, kind, subject, part, ask_key, attempts, begun, next_at, state, answer)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                row.number.into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.provider.as_str().into(),
                row.kind.name().into(),
                row.subject.as_slice().into(),
                row.part.into(),
                row.key.as_str().into(),
                row.attempts.into(),
                row.begun.map(Instant::micros).into(),
                row.next_at.map(Instant::micros).into(),
                row.state.as_str().into(),
                row.answer.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// Takes errands whose time has come; until `until` nobody else does.
    pub fn errands_claim(
        &mut self,
        provider: &str,
        of: ErrandsOf<'_>,
        now: Instant,
        until: Instant,
        most: i64,
    ) -> Result<Vec<ErrandRow>, StoreError> {
        let mut ready = self.rows(
            "SELECT e.number, e.cloud, e.account, e.provider, e.kind, e.subject, e.part, e.ask_key, e.attempts, e.begun, e.next_at, e.state, e.answer
             FROM errand e WHERE e.provider = $1 AND e.next_at <= $2 AND (e.cloud = $4 OR $4 = '') AND (e.subject = $5 OR $6)
             ORDER BY e.next_at, e.number LIMIT $3 {lock e}",
            &[
                provider.into(),
                now.micros().into(),
                most.into(),
                of.cloud.unwrap_or_default().into(),
                of.subject.map_or(&[][..], |subject| subject.as_slice()).into(),
                of.subject.is_none().into(),
            ],
            errand_from,
        )?;
        for row in &mut ready {
            row.attempts += 1;
            row.begun = row.begun.or(Some(now));
            row.next_at = Some(until);
            self.execute(
                "UPDATE errand SET attempts = $2, begun = $3, next_at = $4 WHERE number = $1",
                &[row.number.into(), row.attempts.into(), row.begun.map(Instant::micros).into(), until.micros().into()],
            )?;
        }
        Ok(ready)
    }

    /// Writes what came of a try: false where another has begun since, or it is over.
    pub fn errand_tried(&mut self, row: &ErrandRow) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE errand SET state = $3, next_at = $4, answer = $5 WHERE number = $1 AND attempts = $2 AND state = 'waiting'",
            &[
                row.number.into(),
                row.attempts.into(),
                row.state.as_str().into(),
                row.next_at.map(Instant::micros).into(),
                row.answer.as_str().into(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// What waits for a subject is not asked any more.
    pub fn errands_drop(&mut self, subject: &[u8; 16]) -> Result<(), StoreError> {
        self.execute(
            "UPDATE errand SET state = 'done', next_at = NULL WHERE subject = $1 AND state = 'waiting'",
            &[subject.as_slice().into()],
        )?;
        Ok(())
    }

    pub fn errands_of(&mut self, subject: &[u8; 16]) -> Result<Vec<ErrandRow>, StoreError> {
        self.rows(
            "SELECT number, cloud, account, provider, kind, subject, part, ask_key, attempts, begun, next_at, state, answer
             FROM errand WHERE subject = $1 ORDER BY number",
            &[subject.as_slice().into()],
            errand_from,
        )
    }

    /// What was given up, the newest first: those before a number, at most so many.
    pub fn errands_given_up(&mut self, cloud: &str, before: i64, most: i64) -> Result<Vec<ErrandRow>, StoreError> {
        self.rows(
            "SELECT number, cloud, account, provider, kind, subject, part, ask_key, attempts, begun, next_at, state, answer
             FROM errand WHERE cloud = $1 AND state = 'dead' AND number < $2 ORDER BY number DESC LIMIT $3",
            &[cloud.into(), before.into(), most.into()],
            errand_from,
        )
    }

    pub fn errand(&mut self, number: i64) -> Result<Option<ErrandRow>, StoreError> {
        self.one(
            "SELECT number, cloud, account, provider, kind, subject, part, ask_key, attempts, begun, next_at, state, answer
             FROM errand WHERE number = $1",
            &[number.into()],
            errand_from,
        )
    }

    /// What was given up is asked again, or done with. Who does so holds its account's lock.
    pub fn errand_write(&mut self, row: &ErrandRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE errand SET attempts = $2, begun = $3, next_at = $4, state = $5, answer = $6 WHERE number = $1",
            &[
                row.number.into(),
                row.attempts.into(),
                row.begun.map(Instant::micros).into(),
                row.next_at.map(Instant::micros).into(),
                row.state.as_str().into(),
                row.answer.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// When the first errand of a provider is due.
    pub fn errand_next(&mut self, provider: &str) -> Result<Option<Instant>, StoreError> {
        let next = self.one(
            "SELECT min(next_at) FROM errand WHERE provider = $1 AND next_at IS NOT NULL",
            &[provider.into()],
            |row| row.opt_int(0),
        )?;
        Ok(next.flatten().map(Instant::from_micros))
    }

    // --- The pretended provider

    pub fn sandbox_mood(&mut self, cloud: &str) -> Result<Mood, StoreError> {
        let found = self.one("SELECT mood FROM sandbox_mood WHERE cloud = $1", &[cloud.into()], |row| row.int(0))?;
        Ok(found.and_then(Mood::from_code).unwrap_or_default())
    }

    pub fn sandbox_mood_put(&mut self, cloud: &str, mood: Mood) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO sandbox_mood (cloud, mood) VALUES ($1, $2) ON CONFLICT (cloud) DO UPDATE SET mood = excluded.mood",
            &[cloud.into(), mood.code().into()],
        )?;
        Ok(())
    }

    /// How it felt when this was asked first, and when that was.
    pub fn sandbox_asked(&mut self, key: &str) -> Result<Option<(Mood, Instant)>, StoreError> {
        self.one("SELECT mood, at FROM sandbox_asked WHERE ask_key = $1", &[key.into()], |row| {
            Ok((Mood::from_code(row.int(0)?).unwrap_or_default(), Instant::from_micros(row.int(1)?)))
        })
    }

    pub fn sandbox_asked_keep(&mut self, key: &str, mood: Mood, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO sandbox_asked (ask_key, mood, at) VALUES ($1, $2, $3) ON CONFLICT (ask_key) DO NOTHING",
            &[key.into(), mood.code().into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn sandbox_event_insert(
        &mut self,
        id: &str,
        at: Instant,
        payment: PaymentId,
        deed: &str,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO sandbox_event (id, at, payment, deed) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
            &[id.into(), at.micros().into(), payment.to_bytes().as_slice().into(), deed.into()],
        )?;
        Ok(())
    }

    /// What has happened there by an instant and was not told yet, in order.
    pub fn sandbox_events_due(
        &mut self,
        now: Instant,
        most: i64,
    ) -> Result<Vec<(String, Instant, PaymentId, String)>, StoreError> {
        self.rows(
            "SELECT id, at, payment, deed FROM sandbox_event WHERE at <= $1 ORDER BY at, id LIMIT $2",
            &[now.micros().into(), most.into()],
            |row| {
                Ok((
                    row.text(0)?,
                    Instant::from_micros(row.int(1)?),
                    PaymentId::from_bytes(row.bytes(2)?),
                    row.text(3)?,
                ))
            },
        )
    }

    pub fn sandbox_event_drop(&mut self, id: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM sandbox_event WHERE id = $1", &[id.into()])?;
        Ok(())
    }
}

fn errand_from(row: &Row<'_>) -> Result<ErrandRow, StoreError> {
    let kind = row.text(4)?;
    Ok(ErrandRow {
        number: row.int(0)?,
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        provider: row.text(3)?,
        kind: ErrandKind::parse(&kind).ok_or_else(|| StoreError::corrupt(format!("an errand of the kind {kind:?}")))?,
        subject: row.bytes(5)?,
        part: row.int(6)?,
        key: row.text(7)?,
        attempts: row.int(8)?,
        begun: row.opt_int(9)?.map(Instant::from_micros),
        next_at: row.opt_int(10)?.map(Instant::from_micros),
        state: row.text(11)?,
        answer: row.text(12)?,
    })
}

//! Jobs that write files, and the links by which those are fetched. Working state: nothing here is evidence.

use crate::{Row, StoreError, Tx};
use farthing_core::export::{ExportId, ExportState, ExportWhat, FileFormat, LinkId};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportJobRow {
    pub id: ExportId,
    pub cloud: String,
    /// None: of the whole cloud.
    pub account: Option<OwnerId>,
    pub what: ExportWhat,
    pub format: FileFormat,
    /// Which rows, as the engine writes it.
    pub asked: String,
    pub mail: bool,
    pub who: String,
    pub made: Instant,
    pub state: ExportState,
    pub attempt: i64,
    /// When a worker may take it.
    pub next_at: Option<Instant>,
    /// How much of `most` has been read.
    pub done: i64,
    pub most: i64,
    pub rows: i64,
    pub bytes: i64,
    /// BLAKE3 of the file, in hexadecimal digits.
    pub digest: String,
    pub why: String,
    pub ended: Option<Instant>,
    /// When its file is deleted.
    pub expires: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportLinkRow {
    pub id: LinkId,
    pub job: ExportId,
    pub cloud: String,
    pub hash: [u8; 32],
    pub made: Instant,
    pub expires: Instant,
}

impl Tx<'_> {
    pub fn export_insert(&mut self, row: &ExportJobRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO export_job (id, cloud, account, what, format, asked, mail, who, made, state, attempt, next_at, done, most, rows, bytes,
                digest, why, ended, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.map_or(0, |account| account.0).into(),
                row.what.name().into(),
                row.format.name().into(),
                row.asked.as_str().into(),
                row.mail.into(),
                row.who.as_str().into(),
                row.made.micros().into(),
                row.state.name().into(),
                row.attempt.into(),
                row.next_at.map(Instant::micros).into(),
                row.done.into(),
                row.most.into(),
                row.rows.into(),
                row.bytes.into(),
                row.digest.as_str().into(),
                row.why.as_str().into(),
                row.ended.map(Instant::micros).into(),
                row.expires.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// What becomes of it, as far as this attempt is the newest: whether it was.
    pub fn export_write(&mut self, row: &ExportJobRow) -> Result<bool, StoreError> {
        let written = self.execute(
            "UPDATE export_job SET state = $3, next_at = $4, done = $5, most = $6, rows = $7, bytes = $8, digest = $9, why = $10, ended = $11,
                expires = $12
             WHERE id = $1 AND attempt = $2",
            &[
                row.id.to_bytes().as_slice().into(),
                row.attempt.into(),
                row.state.name().into(),
                row.next_at.map(Instant::micros).into(),
                row.done.into(),
                row.most.into(),
                row.rows.into(),
                row.bytes.into(),
                row.digest.as_str().into(),
                row.why.as_str().into(),
                row.ended.map(Instant::micros).into(),
                row.expires.map(Instant::micros).into(),
            ],
        )?;
        Ok(written == 1)
    }

    pub fn export_job(&mut self, cloud: &str, id: ExportId) -> Result<Option<ExportJobRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, what, format, asked, mail, who, made, state, attempt, next_at, done, most, rows, bytes, digest, why,
                ended, expires
             FROM export_job WHERE id = $1 AND cloud = $2",
            &[id.to_bytes().as_slice().into(), cloud.into()],
            job_from,
        )
    }

    /// How many charges and how many documents there are of a cloud, or of one of its accounts (0: of all).
    pub fn export_most(&mut self, cloud: &str, account: OwnerId) -> Result<(i64, i64), StoreError> {
        let charges = self.one(
            "SELECT CAST(coalesce(sum(s.sealed), 0) AS BIGINT) FROM account a JOIN account_state s ON s.account = a.id
             WHERE a.cloud = $1 AND (CAST($2 AS BIGINT) = 0 OR a.id = $2)",
            &[cloud.into(), account.0.into()],
            |row| row.int(0),
        )?;
        let bills = self.one(
            "SELECT count(*) FROM bill WHERE cloud = $1 AND (CAST($2 AS BIGINT) = 0 OR account = $2)",
            &[cloud.into(), account.0.into()],
            |row| row.int(0),
        )?;
        Ok((charges.unwrap_or(0), bills.unwrap_or(0)))
    }

    /// A cloud's, the newest first: those before one, at most so many.
    pub fn export_jobs(
        &mut self,
        cloud: &str,
        before: Option<ExportId>,
        limit: i64,
    ) -> Result<Vec<ExportJobRow>, StoreError> {
        let before = before.map_or([0xff; 16], ExportId::to_bytes);
        self.rows(
            "SELECT id, cloud, account, what, format, asked, mail, who, made, state, attempt, next_at, done, most, rows, bytes, digest, why,
                ended, expires
             FROM export_job WHERE cloud = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            &[cloud.into(), before.as_slice().into(), limit.into()],
            job_from,
        )
    }

    /// How many of a cloud wait for a worker, or are worked at.
    pub fn exports_waiting(&mut self, cloud: &str) -> Result<i64, StoreError> {
        let waiting = self.one(
            "SELECT count(*) FROM export_job WHERE cloud = $1 AND next_at IS NOT NULL",
            &[cloud.into()],
            |row| row.int(0),
        )?;
        Ok(waiting.unwrap_or(0))
    }

    /// Whether a worker may take any.
    pub fn export_waits(&mut self, now: Instant) -> Result<bool, StoreError> {
        let next =
            self.one("SELECT min(next_at) FROM export_job WHERE next_at IS NOT NULL", &[], |row| row.opt_int(0))?;
        Ok(next.flatten().is_some_and(|next| next <= now.micros()))
    }

    /// Takes the job that waits longest, until an instant, as its next attempt. Of two that ask at once each gets another, or nothing.
    pub fn export_claim(&mut self, now: Instant, until: Instant) -> Result<Option<ExportJobRow>, StoreError> {
        let found = self.one(
            "SELECT j.id, j.cloud, j.account, j.what, j.format, j.asked, j.mail, j.who, j.made, j.state, j.attempt, j.next_at, j.done, j.most,
                j.rows, j.bytes, j.digest, j.why, j.ended, j.expires
             FROM export_job j WHERE j.next_at IS NOT NULL AND j.next_at <= $1 ORDER BY j.next_at, j.id LIMIT 1 {lock j}",
            &[now.micros().into()],
            job_from,
        )?;
        let Some(mut row) = found else { return Ok(None) };
        let taken = self.execute(
            "UPDATE export_job SET attempt = $2, next_at = $3, done = 0, rows = 0 WHERE id = $1 AND attempt = $4",
            &[
                row.id.to_bytes().as_slice().into(),
                row.attempt.saturating_add(1).into(),
                until.micros().into(),
                row.attempt.into(),
            ],
        )?;
        row.attempt = row.attempt.saturating_add(1);
        (row.next_at, row.done, row.rows) = (Some(until), 0, 0);
        Ok((taken == 1).then_some(row))
    }

    /// Jobs whose files are to be deleted.
    pub fn exports_over(&mut self, now: Instant, most: i64) -> Result<Vec<ExportJobRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, what, format, asked, mail, who, made, state, attempt, next_at, done, most, rows, bytes, digest, why,
                ended, expires
             FROM export_job WHERE expires IS NOT NULL AND expires <= $1 ORDER BY expires, id LIMIT $2",
            &[now.micros().into(), most.into()],
            job_from,
        )
    }

    pub fn export_link_insert(&mut self, row: &ExportLinkRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO export_link (id, job, cloud, hash, made, expires) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.job.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.hash.as_slice().into(),
                row.made.micros().into(),
                row.expires.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn export_link(&mut self, id: LinkId) -> Result<Option<ExportLinkRow>, StoreError> {
        self.one(
            "SELECT id, job, cloud, hash, made, expires FROM export_link WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            |row| {
                Ok(ExportLinkRow {
                    id: LinkId::from_bytes(row.bytes(0)?),
                    job: ExportId::from_bytes(row.bytes(1)?),
                    cloud: row.text(2)?,
                    hash: row.bytes(3)?,
                    made: Instant::from_micros(row.int(4)?),
                    expires: Instant::from_micros(row.int(5)?),
                })
            },
        )
    }

    /// They open nothing any more.
    pub fn export_links_forget(&mut self, job: ExportId) -> Result<u64, StoreError> {
        self.execute("DELETE FROM export_link WHERE job = $1", &[job.to_bytes().as_slice().into()])
    }
}

fn job_from(row: &Row<'_>) -> Result<ExportJobRow, StoreError> {
    let (what, format, state) = (row.text(3)?, row.text(4)?, row.text(9)?);
    let wrong = |what: &str, text: &str| StoreError::corrupt(format!("an export with the {what} {text:?}"));
    Ok(ExportJobRow {
        id: ExportId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: Some(row.int(2)?).filter(|account| *account != 0).map(OwnerId),
        what: ExportWhat::parse(&what).ok_or_else(|| wrong("rows", &what))?,
        format: FileFormat::parse(&format).ok_or_else(|| wrong("format", &format))?,
        asked: row.text(5)?,
        mail: row.bool(6)?,
        who: row.text(7)?,
        made: Instant::from_micros(row.int(8)?),
        state: ExportState::parse(&state).ok_or_else(|| wrong("state", &state))?,
        attempt: row.int(10)?,
        next_at: row.opt_int(11)?.map(Instant::from_micros),
        done: row.int(12)?,
        most: row.int(13)?,
        rows: row.int(14)?,
        bytes: row.int(15)?,
        digest: row.text(16)?,
        why: row.text(17)?,
        ended: row.opt_int(18)?.map(Instant::from_micros),
        expires: row.opt_int(19)?.map(Instant::from_micros),
    })
}

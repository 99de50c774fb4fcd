//! Export jobs: asked for, worked off, looked at, and their files deleted in time.
//!
//! A worker claims a job for a while and writes a file of this attempt's own; each step says how far it is and keeps the claim. What is
//! finished gets its name at once, and then the row says so: who dies before leaves a part that nobody reads, and the next
//! attempt begins anew. So no row comes twice, and a file that has its name is whole.

use super::ask::{ExportAsk, NewExport};
use super::rows::{ExportProgress, RowsError};
use crate::asked::Note;
use crate::tell::{self, Notice};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::export::{Column, ExportId, ExportState, FileFormat, LINK_DAYS, Sink, export_name};
use farthing_core::notice::Event;
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{ExportJobRow, StoreError, ThingKind, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How long a claim is good that no step renews.
const CLAIM_SECONDS: i64 = 30;
/// How often a step is written down.
const STEP_SECONDS: i64 = 2;
/// What failed so often is given up.
const ATTEMPTS_MAX: i64 = 5;
/// Before it is tried again.
const PAUSE_SECONDS: i64 = 15;
/// As many exports as may wait of one cloud.
const WAITING_MAX: i64 = 100;
/// Files looked at in one go.
const SWEEP: i64 = 100;

/// What makes a file of a format.
pub trait SheetMaker {
    /// `spreadsheet`: for people rather than for programs.
    fn make(&self, format: FileFormat, columns: &[Column], spreadsheet: bool, file: File) -> io::Result<Box<dyn Sink>>;
}

/// A job as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFacts {
    pub id: String,
    /// None: of the whole cloud.
    pub account: Option<String>,
    pub what: String,
    pub format: String,
    /// What is asked of it, as it is kept.
    asked: String,
    pub mail: bool,
    /// Microseconds since 1970.
    pub made: i64,
    /// `waiting`, `working`, `ready`, `failed`, `expired`
    pub state: String,
    pub done: i64,
    pub most: i64,
    pub rows: i64,
    pub bytes: i64,
    pub digest: String,
    pub why: String,
    pub expires: Option<i64>,
}

impl ExportFacts {
    pub fn ask(&self) -> Result<ExportAsk, EngineError> {
        ExportAsk::from_text(&self.asked)
    }
}

/// Where a finished export lies.
pub fn export_path(folder: &Path, id: ExportId, format: FileFormat) -> PathBuf {
    folder.join(format!("{id}.{}", format.ending()))
}

impl Engine {
    /// Asks for an export: it waits for a worker.
    pub fn export_ask(&self, cloud: &str, new: &NewExport) -> Result<ExportFacts, Refused> {
        new.ask.check(new.what)?;
        let new = new.clone();
        let who = self.asked.as_ref().map(|asked| asked.who.clone()).unwrap_or_default();
        self.ask_desk("export_ask", cloud, move |desk| {
            if let Some(resource) = &new.ask.resource
                && desk.tx.thing_by_name(desk.cloud, ThingKind::Resource, resource)?.is_none()
            {
                return Err(Refused::not_found("resource", resource));
            }
            let account = match &new.ask.account {
                None => None,
                Some(name) => {
                    let payer = desk.tx.payer_by_name(desk.cloud, name)?;
                    Some(payer.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            if let Some(project) = &new.ask.project
                && desk.tx.project_by_name(desk.cloud, project)?.is_none()
            {
                return Err(Refused::not_found("project", project));
            }
            if new.mail {
                let contact = match account {
                    Some(account) => desk.tx.contact(account)?,
                    None => None,
                };
                if contact.is_none_or(|contact| contact.email.is_empty()) {
                    let what = "there is nobody to write to: name an account that has a contact with an address, or leave mail out";
                    return Err(Refused::new(RefusalCode::Invalid, what));
                }
            }
            if desk.tx.exports_waiting(desk.cloud)? >= WAITING_MAX {
                let what = format!("{WAITING_MAX} exports wait already: ask again when some of them are ready");
                return Err(Refused::new(RefusalCode::LimitReached, what));
            }
            let row = ExportJobRow {
                id: desk.ids.id(desk.now),
                cloud: desk.cloud.to_owned(),
                account,
                what: new.what,
                format: new.format,
                asked: new.ask.to_text(),
                mail: new.mail,
                who: who.clone(),
                made: desk.now,
                state: ExportState::Waiting,
                attempt: 0,
                next_at: Some(Instant::EPOCH),
                done: 0,
                most: 0,
                rows: 0,
                bytes: 0,
                digest: String::new(),
                why: String::new(),
                ended: None,
                expires: None,
            };
            desk.tx.export_insert(&row)?;
            let facts = json!({ "what": new.what.name(), "format": new.format.name(), "account": new.ask.account, "mail": new.mail });
            desk.notes.push(Note::new("export.asked", row.id.to_string()).became(&facts));
            Ok(facts_of(desk.tx, &row)?)
        })
    }

    pub fn export(&self, cloud: &str, id: ExportId) -> Result<ExportFacts, Refused> {
        self.store.read("export", |tx| {
            let row = tx.export_job(cloud, id)?.ok_or_else(|| Refused::not_found("export", &id.to_string()))?;
            Ok(facts_of(tx, &row)?)
        })
    }

    /// A cloud's exports, the newest first: those before one, at most so many.
    pub fn exports(
        &self,
        cloud: &str,
        before: Option<ExportId>,
        limit: usize,
    ) -> Result<Vec<ExportFacts>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.read("exports", |tx| {
            let rows = tx.export_jobs(cloud, before, limit)?;
            rows.iter().map(|row| facts_of(tx, row)).collect::<Result<_, StoreError>>()
        })?)
    }

    /// Works off one job, if any waits; which. `clock`: the real time, be this a test cloud or not.
    pub fn export_work(
        &self,
        folder: &Path,
        maker: &dyn SheetMaker,
        clock: &dyn Fn() -> Instant,
    ) -> Result<Option<ExportId>, EngineError> {
        let now = clock();
        // Whoever has nothing to do takes no turn of those who write.
        if !self.store.read("export_waits", |tx| tx.export_waits(now))? {
            return Ok(None);
        }
        let until = after(now, CLAIM_SECONDS)?;
        let claimed = self.store.write("export_claim", move |tx| {
            if tx.effects_may_leave()? { tx.export_claim(now, until) } else { Ok(None) }
        })?;
        let Some(mut row) = claimed else { return Ok(None) };
        let id = row.id;
        match self.export_write_file(&mut row, folder, maker, clock) {
            Ok(()) => self.export_ready(row, clock())?,
            Err(RowsError::Overtaken) => {}
            Err(RowsError::Refused(refused @ Refused::ByRule { .. })) => {
                self.export_failed(row, &refused, true, clock())?;
            }
            Err(error) => {
                let last = row.attempt >= ATTEMPTS_MAX;
                self.export_failed(row, &error, last, clock())?;
            }
        }
        Ok(Some(id))
    }

    fn export_write_file(
        &self,
        row: &mut ExportJobRow,
        folder: &Path,
        maker: &dyn SheetMaker,
        clock: &dyn Fn() -> Instant,
    ) -> Result<(), RowsError> {
        let wrote = |error: io::Error| RowsError::Write(error);
        let ask = ExportAsk::from_text(&row.asked).map_err(Refused::from)?;
        fs::create_dir_all(folder).map_err(wrote)?;
        let part = folder.join(format!("{}.{}.part", row.id, row.attempt));
        let (what, format) = (row.what, row.format);
        let cloud = row.cloud.clone();
        let open = |columns: &[Column]| maker.make(format, columns, what.is_for_people(), private(&part)?);
        let mut told = clock();
        let mut step = |progress: ExportProgress| {
            (row.done, row.most, row.rows) = (progress.done, progress.most, progress.rows);
            let now = clock();
            if now.seconds_since(told) < STEP_SECONDS {
                return Ok(());
            }
            told = now;
            row.next_at = Some(after(now, CLAIM_SECONDS).map_err(Refused::from)?);
            let written = row.clone();
            let ours = self.store.write("export_step", move |tx| tx.export_write(&written));
            if ours.map_err(|error| Refused::from(EngineError::from(error)))? {
                Ok(())
            } else {
                Err(RowsError::Overtaken)
            }
        };
        let written = self.export_rows(&cloud, (what, &ask), open, &mut step);
        let rows = match written {
            Ok(rows) => rows,
            Err(error) => {
                let _ = fs::remove_file(&part); // the sweep finds it otherwise
                return Err(error);
            }
        };
        row.rows = rows;
        row.done = row.most;
        let (bytes, digest) = settle_file(&part).map_err(wrote)?;
        (row.bytes, row.digest) = (bytes, digest);
        // Who was overtaken must not put its file over another's.
        row.next_at = Some(after(clock(), CLAIM_SECONDS).map_err(Refused::from)?);
        let written = row.clone();
        let ours = self.store.write("export_step", move |tx| tx.export_write(&written));
        if !ours.map_err(|error| Refused::from(EngineError::from(error)))? {
            let _ = fs::remove_file(&part);
            return Err(RowsError::Overtaken);
        }
        fs::rename(&part, export_path(folder, row.id, format)).map_err(wrote)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrote)
    }

    /// The file stands: the row says so, and who waits is told.
    fn export_ready(&self, row: ExportJobRow, now: Instant) -> Result<(), EngineError> {
        let expires = after(now, LINK_DAYS.saturating_mul(86_400))?;
        let done = ExportJobRow {
            state: ExportState::Ready,
            next_at: None,
            why: String::new(),
            ended: Some(now),
            expires: Some(expires),
            ..row
        };
        let (ids, at) = (self.ids.clone(), self.now()?);
        self.store.write("export_ready", move |tx| {
            if !tx.export_write(&done)? {
                return Ok(()); // a later attempt tells of it
            }
            let account = match done.account {
                Some(id) => tx.payer_name(id)?,
                None => String::new(),
            };
            let event = Event::ExportReady {
                account,
                export: done.id.to_string(),
                what: done.what.name().to_owned(),
                format: done.format.name().to_owned(),
                rows: done.rows,
                bytes: done.bytes,
                expires,
            };
            let notice = Notice { event, at, account: done.account, mailed: done.mail };
            tell::write(tx, &done.cloud, &ids, at, &[notice])
        })?;
        Ok(())
    }

    fn export_failed(
        &self,
        row: ExportJobRow,
        error: &(dyn std::error::Error + 'static),
        last: bool,
        now: Instant,
    ) -> Result<(), EngineError> {
        let pause = after(now, PAUSE_SECONDS.saturating_mul(row.attempt.max(1)))?;
        let failed = ExportJobRow {
            state: if last { ExportState::Failed } else { ExportState::Waiting },
            next_at: (!last).then_some(pause),
            why: farthing_store::chain_of(error),
            ended: last.then_some(now),
            ..row
        };
        self.store.write("export_failed", move |tx| tx.export_write(&failed))?;
        Ok(())
    }

    /// Deletes the files whose time is over, with the links to them; how many.
    pub fn exports_sweep(&self, folder: &Path, now: Instant) -> Result<usize, EngineError> {
        let over = self.store.read("exports_over", |tx| tx.exports_over(now, SWEEP))?;
        let count = over.len();
        for row in over {
            let path = export_path(folder, row.id, row.format);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let what = format!("{} cannot be deleted: {error}", path.display());
                    return Err(StoreError::Unusable(what).into());
                }
                _ => {}
            }
            self.store.write("export_expired", move |tx| {
                tx.export_links_forget(row.id)?;
                tx.export_write(&ExportJobRow { state: ExportState::Expired, expires: None, ..row.clone() })
            })?;
        }
        Ok(count)
    }
}

pub(super) fn facts_of(tx: &mut Tx<'_>, row: &ExportJobRow) -> Result<ExportFacts, StoreError> {
    let account = match row.account {
        Some(id) => tx.payers(&[id])?.pop().map(|payer| payer.name),
        None => None,
    };
    let works = row.state == ExportState::Waiting && row.attempt > 0 && row.why.is_empty();
    Ok(ExportFacts {
        id: row.id.to_string(),
        account,
        what: row.what.name().to_owned(),
        format: row.format.name().to_owned(),
        asked: row.asked.clone(),
        mail: row.mail,
        made: row.made.micros(),
        state: if works { "working" } else { row.state.name() }.to_owned(),
        done: row.done,
        most: row.most,
        rows: row.rows,
        bytes: row.bytes,
        digest: row.digest.clone(),
        why: row.why.clone(),
        expires: row.expires.map(Instant::micros),
    })
}

/// What the file of a job is called by whoever fetches it.
pub(super) fn name_of(row: &ExportJobRow) -> String {
    export_name(&row.cloud, row.what, row.format, row.id)
}

pub(super) fn after(now: Instant, seconds: i64) -> Result<Instant, EngineError> {
    let lasts = Duration::try_from_seconds(seconds).map_err(SettleError::from)?;
    Ok(now.checked_add(lasts).map_err(SettleError::from)?)
}

/// A file that only its owner reads: it says what customers spend.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Sees it onto the disk: how long it is, and its hash.
fn settle_file(path: &Path) -> io::Result<(i64, String)> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_i64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hasher.finalize().to_hex().to_string()));
        }
        hasher.update(&buffer[..read]);
        bytes = bytes.saturating_add(i64::try_from(read).unwrap_or(i64::MAX));
    }
}

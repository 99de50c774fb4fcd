//! What was to be asked of a provider and was given up: shown to operators, who have it asked again once they have looked there.
//!
//! A charge of which nobody knows whether it was done is never asked for again: the provider is asked what became of it. Everything else is asked
//! with the key it had. Where what it is about has ended since, there is nothing left to ask.

use super::errands::{ask_of, send_errand};
use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::payment::{ErrandKind, MethodId, MethodStanding, PaymentId, RefundId};
use farthing_core::time::Instant;
use farthing_store::{ErrandRow, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    pub number: i64,
    pub account: String,
    pub provider: String,
    /// Such as `charge`.
    pub what: String,
    /// The payment, refund or method that it is about.
    pub subject: String,
    pub attempts: i64,
    /// Microseconds since 1970; none: it was never asked.
    pub first: Option<i64>,
    /// What went wrong last.
    pub why: String,
    /// Whether there is anything left to ask.
    pub open: bool,
}

impl Engine {
    /// What of a cloud was given up, the newest first: those before a number, at most so many.
    pub fn given_up(&self, cloud: &str, before: Option<i64>, limit: usize) -> Result<Vec<GivenUp>, Refused> {
        let (now, limit) = (self.now()?, i64::try_from(limit).unwrap_or(i64::MAX));
        self.store.read("given_up", |tx| {
            let rows = tx.errands_given_up(cloud, before.unwrap_or(i64::MAX), limit)?;
            rows.into_iter().map(|row| Ok(facts_of(tx, &row, now)?)).collect()
        })
    }

    /// An operator has it asked again. `note`: what they found out, for the audit log.
    pub fn ask_again(&self, cloud: &str, number: i64, note: &str) -> Result<GivenUp, Refused> {
        let note = note.to_owned();
        let begin = move |work: &mut Work<'_, '_>| ask_again(work, number, &note);
        self.ask_outside("ask_again", cloud, begin, |begun: GivenUp| {
            let row = self.store.read("errand", |tx| tx.errand(number))?;
            let Some(row) = row else { return Ok(begun) };
            self.run_errand_of(&row.subject)?;
            let now = self.now()?;
            self.store.read("errand", |tx| {
                let row = tx.errand(number)?.unwrap_or(row.clone());
                Ok(facts_of(tx, &row, now)?)
            })
        })
    }
}

fn ask_again(work: &mut Work<'_, '_>, number: i64, note: &str) -> Result<GivenUp, Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("errand", &number.to_string());
    let account = work.tx.errand(number)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?.account;
    work.load(&[account])?;
    // Read again: whoever had the lock may have asked.
    let mut row = work.tx.errand(number)?.ok_or_else(missing)?;
    if row.state != "dead" {
        let what = format!("errand {number} was not given up: it is {}", row.state);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    if !is_open(work.tx, &row, work.now)? {
        let what = format!("there is nothing left to ask: {} has ended", subject_of(&row));
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    if matches!(row.kind, ErrandKind::Charge | ErrandKind::Page) {
        "done".clone_into(&mut row.state);
        send_errand(work, account, &row.provider, ErrandKind::Look, row.subject, 0)?;
    } else {
        (row.state, row.next_at) = ("waiting".to_owned(), Some(work.now));
        (row.attempts, row.begun) = (0, None);
    }
    work.tx.errand_write(&row)?;
    let name = work.folio(account).payer.name.clone();
    let told = json!({ "what": row.kind.name(), "subject": subject_of(&row), "why": row.answer, "note": note });
    work.notes.push(Note::new("errand.asked_again", format!("account {name}")).became(&told));
    let now = work.now;
    Ok(facts_of(work.tx, &row, now)?)
}

/// A method that was refused when it was added needs no asking.
fn is_open(tx: &mut Tx<'_>, row: &ErrandRow, now: Instant) -> Result<bool, EngineError> {
    if row.kind == ErrandKind::SetUp {
        let method = tx.method(MethodId::from_bytes(row.subject))?;
        return Ok(method.is_some_and(|method| method.standing == MethodStanding::Waiting));
    }
    Ok(ask_of(tx, row, now)?.is_some())
}

fn subject_of(row: &ErrandRow) -> String {
    match row.kind {
        ErrandKind::Charge | ErrandKind::Page | ErrandKind::Look => PaymentId::from_bytes(row.subject).to_string(),
        ErrandKind::Refund => RefundId::from_bytes(row.subject).to_string(),
        ErrandKind::SetUp | ErrandKind::Detach => MethodId::from_bytes(row.subject).to_string(),
    }
}

fn facts_of(tx: &mut Tx<'_>, row: &ErrandRow, now: Instant) -> Result<GivenUp, EngineError> {
    let account = tx.payer_name(row.account)?;
    Ok(GivenUp {
        number: row.number,
        account,
        provider: row.provider.clone(),
        what: row.kind.name().to_owned(),
        subject: subject_of(row),
        attempts: row.attempts,
        first: row.begun.map(Instant::micros),
        why: row.answer.clone(),
        open: row.state == "dead" && is_open(tx, row, now)?,
    })
}

//! Trials: one an account, and when each is looked at next.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::payment::PaymentId;
use farthing_core::time::Instant;
use farthing_core::trial::{Trial, TrialEnd, TrialState};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialRow {
    pub account: OwnerId,
    pub cloud: String,
    /// What its credit is called among the account's grants.
    pub lot: String,
    pub credit: i64,
    /// Of the card it was opened with, where that was not kept; may be empty.
    pub fingerprint: String,
    pub trial: Trial,
    /// The payment after it.
    pub payment: Option<PaymentId>,
    /// When it is looked at next by itself.
    pub next_at: Option<Instant>,
}

impl TrialRow {
    /// Of everything but when it is looked at.
    pub fn seal(&self) -> i64 {
        let micros = |at: Option<Instant>| at.map_or(i64::MIN, Instant::micros);
        let numbers = [
            self.account.0,
            self.credit,
            self.trial.began.micros(),
            self.trial.ends.micros(),
            micros(self.trial.ended.map(|(at, _)| at)),
            self.trial.notices,
            micros(self.trial.until),
        ];
        let payment = self.payment.map(PaymentId::to_bytes).unwrap_or_default();
        let why = self.trial.ended.map_or("", |(_, why)| why.name());
        let texts =
            [self.cloud.as_str(), &self.lot, &self.fingerprint, self.trial.state.name(), why].map(str::as_bytes);
        let texts: Vec<&[u8]> = texts.into_iter().chain([payment.as_slice()]).collect();
        chain::seal_row(b"trial", &numbers, &texts)
    }
}

impl Tx<'_> {
    /// Begins it, or writes what became of it. Who writes it holds its account's lock.
    pub fn trial_put(&mut self, row: &TrialRow) -> Result<(), StoreError> {
        let payment = row.payment.map(PaymentId::to_bytes);
        self.execute(
            "INSERT INTO trial (account, cloud, lot, credit, fingerprint, state, began, ends, ended, why, notices, until, payment, next_at,
                seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (account) DO UPDATE SET state = excluded.state, ended = excluded.ended, why = excluded.why,
                notices = excluded.notices, until = excluded.until, payment = excluded.payment, next_at = excluded.next_at,
                seal = excluded.seal",
            &[
                row.account.0.into(),
                row.cloud.as_str().into(),
                row.lot.as_str().into(),
                row.credit.into(),
                row.fingerprint.as_str().into(),
                row.trial.state.name().into(),
                row.trial.began.micros().into(),
                row.trial.ends.micros().into(),
                row.trial.ended.map(|(at, _)| at.micros()).into(),
                row.trial.ended.map_or("", |(_, why)| why.name()).into(),
                row.trial.notices.into(),
                row.trial.until.map(Instant::micros).into(),
                payment.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.next_at.map(Instant::micros).into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn trial(&mut self, account: OwnerId) -> Result<Option<TrialRow>, StoreError> {
        self.one(
            "SELECT account, cloud, lot, credit, fingerprint, state, began, ends, ended, why, notices, until, payment, next_at, seal
             FROM trial WHERE account = $1",
            &[account.0.into()],
            trial_from,
        )
    }

    /// Something has happened to an account: its trial, if it has one that is not over, is looked at by then.
    pub fn trial_hurry(&mut self, account: OwnerId, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE trial SET next_at = $2 WHERE account = $1 AND (next_at IS NULL OR next_at > $2)
             AND state IN ('running', 'converting', 'run_out')",
            &[account.0.into(), at.micros().into()],
        )?;
        Ok(())
    }

    /// Those that are to be looked at by now, the earliest first, each with its cloud.
    pub fn trials_due(&mut self, now: Instant, most: i64) -> Result<Vec<(String, OwnerId)>, StoreError> {
        self.rows(
            "SELECT cloud, account FROM trial WHERE next_at <= $1 ORDER BY next_at, account LIMIT $2",
            &[now.micros().into(), most.into()],
            |row| Ok((row.text(0)?, OwnerId(row.int(1)?))),
        )
    }

    /// Whether another account of a cloud has had a trial with this card, or has had the card and a trial.
    pub fn trial_with_card(&mut self, cloud: &str, but: OwnerId, fingerprint: &str) -> Result<bool, StoreError> {
        let found = self.one(
            "SELECT count(*) FROM (
                 SELECT account FROM trial WHERE fingerprint = $3 AND fingerprint <> '' AND cloud = $1 AND account <> $2
                 UNION ALL
                 SELECT m.account FROM method m JOIN trial t ON t.account = m.account
                 WHERE m.fingerprint = $3 AND m.fingerprint <> '' AND m.cloud = $1 AND m.account <> $2
             ) AS known",
            &[cloud.into(), but.0.into(), fingerprint.into()],
            |row| row.int(0),
        )?;
        Ok(found.unwrap_or(0) > 0)
    }
}

pub(crate) fn trial_from(row: &Row<'_>) -> Result<TrialRow, StoreError> {
    let micros = |at: Option<i64>| at.map(Instant::from_micros);
    let (state, why) = (row.text(5)?, row.text(9)?);
    let state = TrialState::parse(&state).ok_or_else(|| StoreError::corrupt(format!("a trial that is {state:?}")))?;
    let why = match why.as_str() {
        "" => None,
        text => Some(TrialEnd::parse(text).ok_or_else(|| StoreError::corrupt(format!("a trial that ended {text:?}")))?),
    };
    let found = TrialRow {
        account: OwnerId(row.int(0)?),
        cloud: row.text(1)?,
        lot: row.text(2)?,
        credit: row.int(3)?,
        fingerprint: row.text(4)?,
        trial: Trial {
            state,
            began: Instant::from_micros(row.int(6)?),
            ends: Instant::from_micros(row.int(7)?),
            ended: micros(row.opt_int(8)?).zip(why),
            notices: row.int(10)?,
            until: micros(row.opt_int(11)?),
        },
        payment: row.opt_bytes(12)?.map(PaymentId::from_bytes),
        next_at: micros(row.opt_int(13)?),
    };
    if row.int(14)? != found.seal() {
        return Err(StoreError::corrupt(format!("the trial of account {} is not what was written", found.account.0)));
    }
    Ok(found)
}

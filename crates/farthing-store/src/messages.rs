//! Messages: what has happened, as it is told. Written in the transaction of its effect, never changed, and sealed: `verify` names one that
//! was. Old ones are forgotten, so that one is gone says nothing.

use crate::{Column, Row, StoreError, Tx};
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::ledger::{Hold, OwnerId, chain};
use farthing_core::notice::MessageId;
use farthing_core::time::Instant;

/// What is told by looking for it and not where it happens.
const AUTHORISATIONS: &str = "authorisations";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// By time; of one lane in the order of what happened.
    pub number: i64,
    pub id: MessageId,
    pub cloud: String,
    /// The type of event.
    pub kind: String,
    /// When it happened.
    pub at: Instant,
    pub account: Option<OwnerId>,
    /// Among which others it keeps its order.
    pub lane: i64,
    /// JSON.
    pub data: String,
}

impl MessageRow {
    /// Of all it says.
    pub fn seal(&self) -> i64 {
        let numbers = [self.number, self.at.micros(), self.account.map_or(0, |account| account.0), self.lane];
        let id = self.id.to_bytes();
        chain::seal_row(b"message", &numbers, &[&id, self.cloud.as_bytes(), self.kind.as_bytes(), self.data.as_bytes()])
    }
}

/// Which of a cloud's messages.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    pub kind: Option<String>,
    pub account: Option<OwnerId>,
}

impl Tx<'_> {
    pub fn message_insert(&mut self, row: &MessageRow) -> Result<(), StoreError> {
        self.messages_insert(std::slice::from_ref(row))
    }

    pub fn messages_insert(&mut self, rows: &[MessageRow]) -> Result<(), StoreError> {
        let ints = |value: fn(&MessageRow) -> i64| Column::Int(rows.iter().map(value).collect());
        let texts = |value: fn(&MessageRow) -> &str| Column::joined(&rows.iter().map(value).collect::<Vec<_>>());
        self.bulk_insert(
            "message",
            &["number", "id", "cloud", "type", "at", "account", "lane", "data", "seal"],
            vec![
                ints(|row| row.number),
                Column::Id(rows.iter().map(|row| row.id.to_bytes()).collect()),
                texts(|row| &row.cloud),
                texts(|row| &row.kind),
                ints(|row| row.at.micros()),
                ints(|row| row.account.map_or(0, |account| account.0)),
                ints(|row| row.lane),
                texts(|row| &row.data),
                ints(MessageRow::seal),
            ],
        )
    }

    /// The newest message of each of these lanes that has one. What follows it has a higher number, also where another process, its clock a
    /// little ahead, wrote it.
    pub fn messages_newest(&mut self, lanes: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
        let newest = self.bulk_rows(
            "SELECT c1, (SELECT number FROM message WHERE lane = bulk.c1 ORDER BY number DESC LIMIT 1) FROM {bulk}",
            vec![Column::Int(lanes.to_vec())],
            |row| Ok((row.int(0)?, row.opt_int(1)?)),
        )?;
        Ok(newest.into_iter().filter_map(|(lane, number)| Some((lane, number?))).collect())
    }

    pub fn message(&mut self, cloud: &str, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        self.one(
            "SELECT number, id, cloud, type, at, account, lane, data FROM message WHERE id = $1 AND cloud = $2",
            &[id.to_bytes().as_slice().into(), cloud.into()],
            message_from,
        )
    }

    /// The newest first: those before a number, at most so many.
    pub fn messages(
        &mut self,
        cloud: &str,
        filter: &MessageFilter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let kind = filter.kind.as_deref().unwrap_or_default();
        match filter.account {
            None => self.rows(
                "SELECT number, id, cloud, type, at, account, lane, data FROM message
                 WHERE cloud = $1 AND number < $2 AND ($3 = '' OR type = $3) ORDER BY number DESC LIMIT $4",
                &[cloud.into(), before.into(), kind.into(), limit.into()],
                message_from,
            ),
            Some(account) => self.rows(
                "SELECT number, id, cloud, type, at, account, lane, data FROM message
                 WHERE account = $1 AND account <> 0 AND cloud = $2 AND number < $3 AND ($4 = '' OR type = $4)
                 ORDER BY number DESC LIMIT $5",
                &[account.0.into(), cloud.into(), before.into(), kind.into(), limit.into()],
                message_from,
            ),
        }
    }

    /// What was told of an account between two instants of its own time, the newest first, at most so many.
    pub fn messages_of_account(
        &mut self,
        account: OwnerId,
        (from, to): (Instant, Instant),
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        self.rows(
            "SELECT number, id, cloud, type, at, account, lane, data FROM message
             WHERE account = $1 AND account <> 0 AND at >= $2 AND at < $3 ORDER BY at DESC, number DESC LIMIT $4",
            &[account.0.into(), from.micros().into(), to.micros().into(), limit.into()],
            message_from,
        )
    }

    /// Forgets what was told before a number, unless it is still to be delivered; how many at most at once.
    pub fn messages_forget(&mut self, before: i64, most: i64) -> Result<u64, StoreError> {
        let old = self.rows(
            "SELECT m.number FROM message m WHERE m.number < $1
             AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message = m.number AND d.state = 0)
             ORDER BY m.number LIMIT $2",
            &[before.into(), most.into()],
            |row| row.int(0),
        )?;
        let columns = || vec![crate::Column::Int(old.clone())];
        self.bulk_execute("DELETE FROM delivery WHERE message IN (SELECT c1 FROM {bulk})", columns())?;
        self.bulk_execute("DELETE FROM message WHERE number IN (SELECT c1 FROM {bulk})", columns())
    }

    /// Authorisations that ended by themselves and were not told of yet, in the order of their end; from now on they count as told. An
    /// authorisation is ended by whoever touches its account next, deep in the ledger: so it is found here, each once.
    pub fn holds_expired_untold(&mut self, now: Instant, most: i64) -> Result<Vec<Hold>, StoreError> {
        self.execute(
            "INSERT INTO told_until (what, at, id) VALUES ($1, 0, $2) ON CONFLICT (what) DO NOTHING",
            &[AUTHORISATIONS.into(), [0_u8; 16].as_slice().into()],
        )?;
        let told = self.one(
            "SELECT t.at, t.id FROM told_until t WHERE t.what = $1 {lock t}",
            &[AUTHORISATIONS.into()],
            |row| Ok((row.int(0)?, row.bytes::<16>(1)?)),
        )?;
        let (at, id) = told.ok_or_else(|| StoreError::corrupt("how far was told is gone"))?;
        let holds = self.rows(
            "SELECT id, owner, amount, captured, expires_at, state, parts FROM hold
             WHERE state = 3 AND (expires_at, id) > ($1, $2) AND expires_at <= $3 ORDER BY expires_at, id LIMIT $4",
            &[at.into(), id.as_slice().into(), now.micros().into(), most.into()],
            crate::ledger::hold_from,
        )?;
        if let Some(last) = holds.last() {
            self.execute(
                "UPDATE told_until SET at = $2, id = $3 WHERE what = $1",
                &[AUTHORISATIONS.into(), last.expires_at.micros().into(), last.id.to_bytes().as_slice().into()],
            )?;
        }
        Ok(holds)
    }
}

/// Every row, for `verify`.
pub(crate) fn audit_messages(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let unsealed = tx.one("SELECT max(upto) FROM message_unsealed", &[], |row| row.opt_int(0))?.flatten().unwrap_or(0);
    let mut findings = Vec::new();
    let mut messages = 0_u64;
    tx.each(
        "SELECT number, id, cloud, type, at, account, lane, data, seal FROM message ORDER BY number",
        &[],
        |row| {
            messages += 1;
            let number = row.int(0)?;
            let what = match (message_from(row), row.opt_int(8)?) {
                (Err(_), _) => "it holds what no message can hold",
                (Ok(_), None) if number <= unsealed => return Ok(()),
                (Ok(_), None) => "it has no seal",
                (Ok(message), Some(seal)) if message.seal() == seal => return Ok(()),
                (Ok(_), Some(_)) => "it is not what was told: its seal does not fit",
            };
            findings.push(Finding { of: Audited::Messages, row: format!("message {number}"), what: what.to_owned() });
            Ok(())
        },
    )?;
    report.add_messages(messages, findings);
    Ok(())
}

pub(crate) fn message_from(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    let account = row.int(5)?;
    Ok(MessageRow {
        number: row.int(0)?,
        id: MessageId::from_bytes(row.bytes(1)?),
        cloud: row.text(2)?,
        kind: row.text(3)?,
        at: Instant::from_micros(row.int(4)?),
        account: (account != 0).then_some(OwnerId(account)),
        lane: row.int(6)?,
        data: row.text(7)?,
    })
}

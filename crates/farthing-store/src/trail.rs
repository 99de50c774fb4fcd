//! The audit log's rows: appended under the lock of their cloud's head, and proven by `verify`.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::time::Instant;
use farthing_core::trail::Entry;
use std::fmt::Write as _;

/// An entry before it has its place.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    pub who: &'a str,
    pub source: &'a str,
    pub what: &'a str,
    pub subject: &'a str,
    pub was: &'a str,
    pub became: &'a str,
}

impl Tx<'_> {
    pub fn trail_append(&mut self, cloud: &str, new: &NewEntry<'_>, at: Instant) -> Result<i64, StoreError> {
        self.execute(
            "INSERT INTO trail_head (cloud, number, digest) VALUES ($1, 0, $2) ON CONFLICT (cloud) DO NOTHING",
            &[cloud.into(), [0_u8; 32].as_slice().into()],
        )?;
        let head = self.one(
            "SELECT h.number, h.digest FROM trail_head h WHERE h.cloud = $1 {lock h}",
            &[cloud.into()],
            |row| Ok((row.int(0)?, row.bytes::<32>(1)?)),
        )?;
        let (number, before) = head.ok_or_else(|| StoreError::corrupt("the head of an audit log is gone"))?;
        let entry = Entry {
            number: number + 1,
            at,
            who: new.who.to_owned(),
            source: new.source.to_owned(),
            what: new.what.to_owned(),
            subject: new.subject.to_owned(),
            was: new.was.to_owned(),
            became: new.became.to_owned(),
        };
        let digest = entry.digest_after(cloud, &before);
        self.execute(
            "INSERT INTO trail (cloud, number, at, who, source, what, subject, was, became, digest, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                cloud.into(),
                entry.number.into(),
                at.micros().into(),
                new.who.into(),
                new.source.into(),
                new.what.into(),
                new.subject.into(),
                new.was.into(),
                new.became.into(),
                digest.as_slice().into(),
                Entry::seal(&digest).into(),
            ],
        )?;
        self.execute(
            "UPDATE trail_head SET number = $2, digest = $3 WHERE cloud = $1",
            &[cloud.into(), entry.number.into(), digest.as_slice().into()],
        )?;
        Ok(entry.number)
    }

    /// The newest first: those before a number, at most so many.
    pub fn trail(&mut self, cloud: &str, before: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
        self.rows(
            "SELECT number, at, who, source, what, subject, was, became FROM trail
             WHERE cloud = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
            &[cloud.into(), before.into(), limit.into()],
            |row| entry_from(row, 0),
        )
    }
}

/// What somebody looks for in an audit log; empty: anything. `text`: in the subject or in what was before and after.
#[derive(Clone, Debug, Default)]
pub struct TrailFilter {
    pub who: String,
    /// Such as `policy.applied`, or how it begins.
    pub what: String,
    pub text: String,
}

/// Whether a cloud's audit log is what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailProof {
    pub entries: i64,
    /// The head of its chain, as hexadecimal.
    pub head: String,
    /// The first entry that is wrong, and what is wrong with it.
    pub wrong: Option<(i64, String)>,
}

impl Tx<'_> {
    /// The newest first: those of a search before a number, at most so many.
    pub fn trail_search(
        &mut self,
        cloud: &str,
        filter: &TrailFilter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let text = filter.text.to_lowercase();
        self.rows(
            "SELECT number, at, who, source, what, subject, was, became FROM trail
             WHERE cloud = $1 AND number < $2 AND ($3 = '' OR who = $3)
               AND ($4 = '' OR substr(what, 1, length($4)) = $4)
               AND ($5 = '' OR replace(lower(subject), $5, '') <> lower(subject) OR replace(lower(was), $5, '') <> lower(was)
                    OR replace(lower(became), $5, '') <> lower(became))
             ORDER BY number DESC LIMIT $6",
            &[
                cloud.into(),
                before.into(),
                filter.who.as_str().into(),
                filter.what.as_str().into(),
                text.as_str().into(),
                limit.into(),
            ],
            |row| entry_from(row, 0),
        )
    }

    /// What concerns an account between two instants, the newest first: what names it as its subject.
    pub fn trail_of_account(
        &mut self,
        cloud: &str,
        account: &str,
        (from, to): (Instant, Instant),
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let subject = format!("account {account}");
        self.rows(
            "SELECT number, at, who, source, what, subject, was, became FROM trail
             WHERE cloud = $1 AND subject = $2 AND at >= $3 AND at < $4 ORDER BY number DESC LIMIT $5",
            &[cloud.into(), subject.as_str().into(), from.micros().into(), to.micros().into(), limit.into()],
            |row| entry_from(row, 0),
        )
    }

    /// Reads a cloud's audit log from its first entry on, as `verify` does.
    pub fn trail_proof(&mut self, cloud: &str) -> Result<TrailProof, StoreError> {
        let head = self.one("SELECT number, digest FROM trail_head WHERE cloud = $1", &[cloud.into()], |row| {
            Ok((row.int(0)?, row.bytes::<32>(1)?))
        })?;
        let (count, digest) = head.unwrap_or((0, [0; 32]));
        let (mut last, mut wrong) = ((0_i64, [0_u8; 32]), None);
        self.each(
            "SELECT digest, seal, number, at, who, source, what, subject, was, became FROM trail WHERE cloud = $1 ORDER BY number",
            &[cloud.into()],
            |row| {
                let (reached, fault) = link_of(row, cloud, last)?;
                if let Some(fault) = fault.filter(|_| wrong.is_none()) {
                    wrong = Some((reached.0, fault.to_owned()));
                }
                last = reached;
                Ok(())
            },
        )?;
        if wrong.is_none() && last != (count, digest) {
            wrong = Some((count, "the head is not the last entry: entries were added or taken away".to_owned()));
        }
        let head = digest.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(TrailProof { entries: count, head, wrong })
    }
}

/// Every row, for `verify`.
pub(crate) fn audit_trail(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find = |row: String, what: &str| findings.push(Finding { of: Audited::Trail, row, what: what.to_owned() });
    let mut heads = std::collections::BTreeMap::new();
    tx.each("SELECT cloud, number, digest FROM trail_head ORDER BY cloud", &[], |row| {
        heads.insert(row.text_lossy(0)?, (row.int(1)?, row.opt_bytes::<32>(2)?.unwrap_or_default()));
        Ok(())
    })?;
    let mut last: std::collections::BTreeMap<String, (i64, [u8; 32])> = std::collections::BTreeMap::new();
    let mut entries = 0_u64;
    tx.each(
        "SELECT digest, seal, number, at, who, source, what, subject, was, became, cloud FROM trail ORDER BY cloud, number",
        &[],
        |row| {
            entries += 1;
            let cloud = row.text_lossy(10)?;
            let before = last.get(&cloud).copied().unwrap_or((0, [0; 32]));
            let (reached, fault) = link_of(row, &cloud, before)?;
            if let Some(fault) = fault {
                find(format!("trail {cloud} {}", reached.0), fault);
            }
            last.insert(cloud, reached);
            Ok(())
        },
    )?;
    for (cloud, head) in heads {
        if last.remove(&cloud).unwrap_or((0, [0; 32])) != head {
            find(format!("trail_head {cloud}"), "it is not the last entry: entries were added or taken away by others");
        }
    }
    for cloud in last.into_keys() {
        find(format!("trail_head {cloud}"), "it is gone");
    }
    report.add_trail(entries, findings);
    Ok(())
}

/// An entry's number and digest.
type Link = (i64, [u8; 32]);

/// The link a row is, and what is wrong with it after the one before. A row is `digest, seal, number, …`, as entries are read.
fn link_of(row: &Row<'_>, cloud: &str, (number, before): Link) -> Result<(Link, Option<&'static str>), StoreError> {
    let (Ok(entry), Ok(digest)) = (entry_from(row, 2), row.bytes::<32>(0)) else {
        return Ok(((row.int(2)?, before), Some("it holds what no entry can hold")));
    };
    let fault = if row.int(1)? != Entry::seal(&digest) {
        Some("it is not what was written: its seal does not fit")
    } else if entry.number != number + 1 || digest != entry.digest_after(cloud, &before) {
        Some("its digest does not follow from the entry before it and from what it says")
    } else {
        None
    };
    Ok(((entry.number, digest), fault))
}

fn entry_from(row: &Row<'_>, first: usize) -> Result<Entry, StoreError> {
    Ok(Entry {
        number: row.int(first)?,
        at: Instant::from_micros(row.int(first + 1)?),
        who: row.text(first + 2)?,
        source: row.text(first + 3)?,
        what: row.text(first + 4)?,
        subject: row.text(first + 5)?,
        was: row.text(first + 6)?,
        became: row.text(first + 7)?,
    })
}

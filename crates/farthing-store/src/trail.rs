//! The audit log's rows: appended under the lock of their cloud's head, and proven by `verify`.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::time::Instant;
use farthing_core::trail::Entry;

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
        "SELECT cloud, digest, seal, number, at, who, source, what, subject, was, became FROM trail ORDER BY cloud, number",
        &[],
        |row| {
            entries += 1;
            let cloud = row.text_lossy(0)?;
            let (number, before) = last.get(&cloud).copied().unwrap_or((0, [0; 32]));
            let name = format!("trail {cloud} {}", row.int(3)?);
            let (Ok(entry), Ok(digest)) = (entry_from(row, 3), row.bytes::<32>(1)) else {
                find(name, "it holds what no entry can hold");
                return Ok(());
            };
            if row.int(2)? != Entry::seal(&digest) {
                find(name, "it is not what was written: its seal does not fit");
            } else if entry.number != number + 1 || digest != entry.digest_after(&cloud, &before) {
                find(name, "its digest does not follow from the entry before it and from what it says");
            }
            last.insert(cloud, (entry.number, digest));
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

//! What must hold of usage events, checked from their rows alone, bucket by bucket: a part of `farthing verify`.
//!
//! Every id that was used up has its event, and every booked or waiting event its id, whose digest is that of what the event
//! says; what was refused is on the list. An event whose id has been forgotten is
//! only read.

use super::{Answer, EventFacts, Identity, Reason, UsageEvent, seal_event, text_hash};
use crate::ledger::audit::{AuditReport, Audited, FINDINGS_MAX, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// A bucket's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRow {
    pub bucket: i64,
    pub cloud: String,
    pub events: i64,
    pub parts: i64,
    pub forgotten: bool,
}

/// An event as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub account: i64,
    pub sequence: i64,
    pub arrived: i64,
    pub state: i64,
    pub seal: i64,
    pub text: String,
}

/// All that stands of one bucket.
#[derive(Clone, Debug, Default)]
pub struct BucketContent {
    pub events: Vec<EventRow>,
    pub parts: i64,
    /// Hashes and digests.
    pub ids: Vec<([u8; 16], i64)>,
    /// The sequences of its refused events that the list has.
    pub listed: BTreeSet<i64>,
}

#[derive(Debug, Default)]
pub struct UsageAuditor {
    read: u64,
    findings: Vec<Finding>,
}

impl UsageAuditor {
    /// A row that does not belong to a bucket, or does not read.
    pub fn unreadable(&mut self, row: String, what: impl Into<String>) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { of: Audited::Usage, row, what: what.into() });
        }
    }

    pub fn bucket(&mut self, row: &BucketRow, content: &BucketContent) {
        let name = || format!("usage_bucket {}", row.bucket);
        let mut ids = BTreeMap::new();
        for (hash, digest) in &content.ids {
            if ids.insert(*hash, (*digest, false)).is_some() {
                self.unreadable(name(), "one id stands in usage_seen twice");
            }
        }
        let mut sequences: Vec<i64> = content.events.iter().map(|event| event.sequence).collect();
        sequences.sort_unstable();
        if !sequences.iter().copied().eq(0..row.events) {
            let count = sequences.len();
            self.unreadable(
                name(),
                format!("it says it has {} events, and has {count}, or not one of each number", row.events),
            );
        }
        if content.parts != if row.forgotten { 0 } else { row.parts } {
            self.unreadable(
                name(),
                format!("it says its ids stand in {} rows, and they stand in {}", row.parts, content.parts),
            );
        }
        for event in &content.events {
            self.read = self.read.saturating_add(1);
            if let Some(what) = wrong(row, event, &mut ids, content.listed.contains(&event.sequence)) {
                self.unreadable(format!("usage_event {} {} {}", row.bucket, event.account, event.sequence), what);
            }
        }
        let lost = ids.values().filter(|(_, found)| !found).count();
        if lost > 0 {
            self.unreadable(name(), format!("{lost} ids stand in usage_seen whose events are not there"));
        }
    }

    /// Adds what was read and found to what the ledger's auditor reports.
    pub fn finish(self, report: &mut AuditReport) {
        report.add_usage(self.read, self.findings);
    }
}

fn wrong(row: &BucketRow, event: &EventRow, ids: &mut BTreeMap<[u8; 16], (i64, bool)>, listed: bool) -> Option<String> {
    let EventRow { account, sequence, arrived, state, .. } = *event;
    let facts = EventFacts { bucket: row.bucket, account, sequence, arrived, state };
    if event.seal != seal_event(&facts, text_hash(&event.text)) {
        return Some("it is not what was written: its seal does not fit".into());
    }
    let Some(said) = UsageEvent::parse_text(&event.text) else { return Some("its text does not read".into()) };
    let answer = match (event.state, Reason::from_code(event.state)) {
        (0, _) => Answer::Accepted,
        (_, Some(reason)) => Answer::Refused(reason),
        (state, None) => return Some(format!("it is in the unknown state {state}")),
    };
    if matches!(answer, Answer::Refused(_)) && !listed {
        return Some("it was refused and is not on the list".into());
    }
    if !answer.claims() || row.forgotten {
        return None;
    }
    let identity = Identity::of(&row.cloud, &said);
    match ids.get_mut(&identity.hash) {
        None => Some("its id is not in usage_seen".into()),
        Some((_, true)) => Some("another event has its id".into()),
        Some((digest, found)) => {
            *found = true;
            (*digest != identity.digest).then(|| "it does not say what its id was used up with".into())
        }
    }
}

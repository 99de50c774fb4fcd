//! What must hold of the versions of all clouds, checked from their rows alone: a part of `farthing verify`.
//!
//! First each row by itself, then what they say of one another, so that a changed row is named before those it contradicts.

use super::{Version, digest_of_texts, misplaced, seal_file};
use crate::ledger::audit::{AuditReport, Audited, Finding};
use std::collections::BTreeMap;

const CHANGED: &str = "it is not what was written: its seal does not fit";

#[derive(Debug, Default)]
pub struct VersionAuditor {
    /// The hash of each text, by its name, of each version of each cloud.
    files: BTreeMap<(String, i64), BTreeMap<String, [u8; 32]>>,
    versions: BTreeMap<String, Vec<Version>>,
    /// Rows read, readable or not.
    read: u64,
    findings: Vec<Finding>,
}

impl VersionAuditor {
    /// All files first.
    pub fn file(&mut self, cloud: &str, number: i64, name: &str, text: &str, seal: i64) {
        if seal != seal_file(cloud, number, name, text) {
            self.find(format!("policy_file {cloud} {number} {name}"), CHANGED);
        }
        let texts = self.files.entry((cloud.to_owned(), number)).or_default();
        texts.insert(name.to_owned(), *blake3::hash(text.as_bytes()).as_bytes());
    }

    /// Each cloud's in order of number.
    pub fn version(&mut self, cloud: &str, version: Version, seal: i64) {
        if seal != version.seal(cloud) {
            self.find(format!("policy_version {cloud} {}", version.number), CHANGED);
        }
        self.read = self.read.saturating_add(1);
        self.versions.entry(cloud.to_owned()).or_default().push(version);
    }

    /// A version's row that holds what no such row can hold.
    pub fn unreadable(&mut self, cloud: &str, number: i64, what: String) {
        self.read = self.read.saturating_add(1);
        self.find(format!("policy_version {cloud} {number}"), what);
    }

    /// Adds what was read and found to what the ledger's auditor reports.
    pub fn finish(mut self, report: &mut AuditReport) {
        for (cloud, versions) in std::mem::take(&mut self.versions) {
            let mut digest = [0; 32];
            for (place, version) in versions.iter().enumerate() {
                let row = || format!("policy_version {cloud} {}", version.number);
                if let Some(what) = misplaced(version, versions.get(..place).unwrap_or_default()) {
                    self.find(row(), what);
                } else if version.digest != version.digest_after(&cloud, &digest) {
                    self.find(row(), "its digest does not follow from the version before it and from what it says");
                }
                digest = version.digest;
                let texts = self.files.remove(&(cloud.clone(), version.number)).unwrap_or_default();
                let texts = texts.iter().map(|(name, text)| (name.as_str(), *text));
                if digest_of_texts(texts) != version.files_digest {
                    self.find(row(), "its files are not those it was written with");
                }
            }
        }
        for ((cloud, number), texts) in std::mem::take(&mut self.files) {
            for name in texts.into_keys() {
                self.find(format!("policy_file {cloud} {number} {name}"), "there is no version of this number");
            }
        }
        report.add_versions(self.read, self.findings);
    }

    fn find(&mut self, row: String, what: impl Into<String>) {
        self.findings.push(Finding { of: Audited::Policies, row, what: what.into() });
    }
}

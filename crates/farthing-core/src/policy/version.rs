//! Dated versions of a cloud's configuration: appended, never edited, each in force from its start until the next one starts.
//!
//! Owns which version is in force when, and the chain that shows a changed one. To it files are names and texts; what they
//! say is for others to read. `version/apply.rs` decides what an `apply` appends, `version/audit.rs` what `verify` finds.

mod apply;
mod audit;

#[cfg(test)]
mod tests;

pub use apply::{Applied, ApplyError, ApplyRequest, plan_apply};
pub use audit::VersionAuditor;

use crate::ledger::chain;
use crate::time::Instant;
use std::collections::BTreeMap;
use std::fmt;

/// A configuration's texts by their names, such as `cloud.toml`.
pub type Files = BTreeMap<String, String>;

/// One version of a cloud's configuration, without its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// 1, 2, 3 and so on, each cloud's own.
    pub number: i64,
    /// A whole second: it cuts timelines.
    pub starts: Instant,
    /// The version it replaces, from that one's own start on.
    pub corrects: Option<i64>,
    pub who: String,
    pub why: String,
    pub recorded: Instant,
    pub files_digest: [u8; 32],
    /// The chain: over the digest of the version before (zeros before the first) and everything above.
    pub digest: [u8; 32],
}

/// All versions of one cloud, in order of number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    cloud: String,
    list: Vec<Version>,
}

/// One stretch of a cloud's time, and the version that rules it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce<'v> {
    pub from: Instant,
    /// `None`: until another one is applied.
    pub until: Option<Instant>,
    pub version: &'v Version,
}

/// A version that cannot stand where it stands: no `plan_apply` has made this list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MisplacedVersion {
    pub number: i64,
    pub what: String,
}

impl Version {
    /// The hash of what it says, its files included; not of where in the chain it stands.
    pub fn content(&self, cloud: &str) -> [u8; 32] {
        let corrects = self.corrects.map(i64::to_le_bytes);
        hash_parts(&[
            b"farthing policy version 1",
            cloud.as_bytes(),
            &self.number.to_le_bytes(),
            &self.starts.micros().to_le_bytes(),
            corrects.as_ref().map_or(&[], <[u8; 8]>::as_slice),
            self.who.as_bytes(),
            self.why.as_bytes(),
            &self.recorded.micros().to_le_bytes(),
            &self.files_digest,
        ])
    }

    /// What is kept of its content beside its row, so that a changed row is named itself, not the one after it.
    pub fn seal(&self, cloud: &str) -> i64 {
        chain::seal(&self.content(cloud))
    }

    /// Its digest, if this was the digest of the version before it.
    pub fn digest_after(&self, cloud: &str, before: &[u8; 32]) -> [u8; 32] {
        chain::extend(before, &self.content(cloud))
    }
}

impl Versions {
    /// The versions of a cloud as they were kept, in order of number.
    pub fn try_new(cloud: &str, list: Vec<Version>) -> Result<Versions, MisplacedVersion> {
        for (place, version) in list.iter().enumerate() {
            let before = list.get(..place).unwrap_or_default();
            if let Some(what) = misplaced(version, before) {
                return Err(MisplacedVersion { number: version.number, what });
            }
        }
        Ok(Versions { cloud: cloud.to_owned(), list })
    }

    pub fn cloud(&self) -> &str {
        &self.cloud
    }

    /// In order of number.
    pub fn list(&self) -> &[Version] {
        &self.list
    }

    pub fn newest(&self) -> Option<&Version> {
        self.list.last()
    }

    pub fn get(&self, number: i64) -> Option<&Version> {
        self.list.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// The version that rules this instant, as far as is known today; `None` before the first one starts.
    ///
    /// Of two with one start the later number rules. A correction carries the start of what it corrects, so nothing else
    /// is needed for a replaced version never to be in force.
    pub fn in_force_at(&self, at: Instant) -> Option<&Version> {
        let begun = self.list.iter().filter(|version| version.starts <= at);
        begun.max_by_key(|version| (version.starts, version.number))
    }

    /// The version that took this one's place from its very start: as a correction, or as a later plan for the same second.
    pub fn replaced_by(&self, number: i64) -> Option<&Version> {
        let starts = self.get(number)?.starts;
        self.list.iter().rfind(|version| version.starts == starts).filter(|version| version.number > number)
    }

    /// Every stretch of time with the version in force, from the first start on, without gaps.
    pub fn timeline(&self) -> Vec<InForce<'_>> {
        let ruling: BTreeMap<Instant, &Version> = self.list.iter().map(|version| (version.starts, version)).collect();
        let ends = ruling.keys().skip(1).copied().map(Some).chain([None]);
        ruling.iter().zip(ends).map(|((from, version), until)| InForce { from: *from, until, version }).collect()
    }
}

impl fmt::Display for MisplacedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy version {}: {}", self.number, self.what)
    }
}

impl std::error::Error for MisplacedVersion {}

/// The hash of a configuration's names and texts. Each text is hashed by itself, so whoever checks many versions need not
/// keep their texts.
pub fn digest_of_files(files: &Files) -> [u8; 32] {
    digest_of_texts(files.iter().map(|(name, text)| (name.as_str(), *blake3::hash(text.as_bytes()).as_bytes())))
}

/// In order of name.
fn digest_of_texts<'n>(texts: impl Iterator<Item = (&'n str, [u8; 32])>) -> [u8; 32] {
    let texts: Vec<(&str, [u8; 32])> = texts.collect();
    let mut parts: Vec<&[u8]> = vec![b"farthing policy files 1"];
    for (name, text) in &texts {
        parts.extend([name.as_bytes(), text.as_slice()]);
    }
    hash_parts(&parts)
}

/// What is kept beside a file's row: which of a version's files was changed, its digest alone could not say.
pub fn seal_file(cloud: &str, number: i64, name: &str, text: &str) -> i64 {
    let parts: [&[u8]; 5] =
        [b"farthing policy file 1", cloud.as_bytes(), &number.to_le_bytes(), name.as_bytes(), text.as_bytes()];
    chain::seal(&hash_parts(&parts))
}

/// Each part with its length before it: what moves from the end of one to the beginning of the next is another hash.
fn hash_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Why this version cannot follow those before it.
fn misplaced(version: &Version, before: &[Version]) -> Option<String> {
    let expected = before.last().map_or(Some(1), |last| last.number.checked_add(1));
    if expected != Some(version.number) {
        let expected = expected.map_or_else(|| "none".to_owned(), |number| number.to_string());
        return Some(format!("it stands where version {expected} belongs"));
    }
    let corrects = version.corrects?;
    match before.iter().find(|corrected| corrected.number == corrects) {
        None => Some(format!("it corrects version {corrects}, which is not before it")),
        Some(corrected) if corrected.starts != version.starts => Some(format!(
            "it starts at {}, and version {corrects}, which it corrects, at {}",
            version.starts, corrected.starts
        )),
        Some(_) => None,
    }
}

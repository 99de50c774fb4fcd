//! The audit log: who changed what, what it was before and after, from where. Appended, each entry chained to the one before.
//!
//! It is about decisions of people and programs (accounts, money by hand, policies, keys, endpoints); what the cloud reports and
//! what happens by itself has records of its own. It names accounts and keys, never a person's name or address: those can be
//! erased, an entry cannot.

use crate::ledger::chain;
use crate::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of its cloud: 1, 2, 3 …
    pub number: i64,
    pub at: Instant,
    /// A key, or whoever works at the command line.
    pub who: String,
    /// The address it came from.
    pub source: String,
    /// Such as `account.opened`.
    pub what: String,
    /// Such as `account acme`.
    pub subject: String,
    /// JSON; empty: there was nothing.
    pub was: String,
    pub became: String,
}

impl Entry {
    /// The chain's head after it.
    pub fn digest_after(&self, cloud: &str, before: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"farthing audit log 1");
        hasher.update(before);
        hasher.update(&self.number.to_le_bytes());
        hasher.update(&self.at.micros().to_le_bytes());
        for text in [cloud, &self.who, &self.source, &self.what, &self.subject, &self.was, &self.became] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    pub fn seal(digest: &[u8; 32]) -> i64 {
        chain::seal(digest)
    }
}

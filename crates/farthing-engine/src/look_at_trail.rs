//! The audit log, read.

use crate::{Engine, EngineError};
use farthing_core::trail::Entry;
use farthing_store::{TrailFilter, TrailProof};

impl Engine {
    /// A cloud's entries before a number, the newest first, at most so many.
    pub fn trail(&self, cloud: &str, before: Option<i64>, limit: usize) -> Result<Vec<Entry>, EngineError> {
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(self.store.read("trail", |tx| tx.trail(cloud, before, limit))?)
    }

    /// The same of a search.
    pub fn trail_search(
        &self,
        cloud: &str,
        filter: &TrailFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Entry>, EngineError> {
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(self.store.read("trail_search", |tx| tx.trail_search(cloud, filter, before, limit))?)
    }

    /// Whether the log is what was written: read from its first entry on.
    pub fn trail_proof(&self, cloud: &str) -> Result<TrailProof, EngineError> {
        Ok(self.store.read("trail_proof", |tx| tx.trail_proof(cloud))?)
    }
}

//! The audit log, read.

use crate::{Engine, EngineError};
use farthing_core::trail::Entry;

impl Engine {
    /// A cloud's entries before a number, the newest first, at most so many.
    pub fn trail(&self, cloud: &str, before: Option<i64>, limit: usize) -> Result<Vec<Entry>, EngineError> {
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(self.store.read("trail", |tx| tx.trail(cloud, before, limit))?)
    }
}

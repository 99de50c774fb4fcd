//! `verify`: reads the whole ledger in one snapshot and hands it to the core's auditor, which names what does not add up.

use crate::{StoreError, Tx};
pub use farthing_core::ledger::audit::{AuditReport, Finding};

impl Tx<'_> {
    /// Checks everything that must hold of the ledger. For `Store::read`.
    pub fn audit(&mut self) -> Result<AuditReport, StoreError> {
        Err(StoreError::Closed)
    }
}

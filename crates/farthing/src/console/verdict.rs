//! What the audit found, in a sentence.

use super::grouped;
use farthing_core::time::Instant;
use farthing_store::{AuditReport, Store, StoreError};

/// An audit of the whole store, and when it was made.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub report: AuditReport,
    pub at: Instant,
}

impl Verdict {
    /// Reads the whole store in one snapshot, once: pages show the answer with its time.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method alone is not general enough in its lifetime"
    )]
    pub fn of(store: &Store, at: Instant) -> Result<Verdict, StoreError> {
        let report = store.read("console_audit", |tx| tx.audit())?;
        Ok(Verdict { report, at })
    }

    pub fn is_clean(&self) -> bool {
        self.report.findings.is_empty()
    }

    pub fn sentence(&self) -> String {
        let AuditReport { transfers, accounts, holds, findings } = &self.report;
        let counted =
            format!("{} transfers, {} accounts, {} holds", grouped(*transfers), grouped(*accounts), grouped(*holds));
        match findings.first() {
            None => format!("Every unit is accounted for: {counted}, chains intact."),
            Some(first) => {
                format!("The ledger does not add up: {counted}. First wrong row: {}: {}.", first.row, first.what)
            }
        }
    }
}

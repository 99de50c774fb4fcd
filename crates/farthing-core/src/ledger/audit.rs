//! (being written)
/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The table and the row's key: `transfer trf_…`, `ledger_balance 7`.
    pub row: String,
    pub what: String,
}
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    pub accounts: u64,
    pub transfers: u64,
    pub holds: u64,
    pub findings: Vec<Finding>,
}

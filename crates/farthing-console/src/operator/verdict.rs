//! What the audit found, in a sentence.

use crate::grouped;
use farthing_core::time::Instant;
use farthing_engine::{Engine, EngineError};
use farthing_store::{AuditReport, Audited};

/// An audit of the whole store, and when it was made.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub report: AuditReport,
    pub at: Instant,
}

impl Verdict {
    /// Reads the whole store, and works out anew what every account was charged and has open; once: pages show the answer with
    /// its time.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method alone is not general enough in its lifetime"
    )]
    pub fn of(engine: &Engine) -> Result<Verdict, EngineError> {
        let mut report = engine.store().read("console_audit", |tx| tx.audit())?;
        // Where rows are not what was written, nothing that is worked out of them says more.
        if report.findings.is_empty() {
            report.add(engine.check_open()?);
        }
        Ok(Verdict { report, at: engine.now()? })
    }

    pub fn is_clean(&self) -> bool {
        self.report.findings.is_empty()
    }

    pub fn sentence(&self) -> String {
        let counted = counted(&self.report);
        match self.report.findings.first() {
            None => format!("Every unit is accounted for: {counted}, chains intact."),
            Some(first) => {
                format!("{}: {counted}. First wrong row: {}: {}.", wrong(&self.report), first.row, first.what)
            }
        }
    }
}

/// What was read, for a person.
pub fn counted(report: &AuditReport) -> String {
    let count = |number: u64, one: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{} {one}{plural}", grouped(number))
    };
    let mut parts = vec![
        count(report.transfers, "transfer"),
        count(report.accounts, "account"),
        count(report.holds, "hold"),
        count(report.charges, "charge"),
        count(report.versions, "policy version"),
    ];
    if report.events > 0 {
        parts.push(count(report.events, "usage event"));
    }
    parts.join(", ")
}

/// What is wrong, as the beginning of a sentence: each part is mended in another way.
pub fn wrong(report: &AuditReport) -> String {
    let wrong = report.wrong();
    if wrong.contains(&Audited::File) {
        return "The database file is damaged".to_owned();
    }
    let others = [
        (Audited::Charges, "charges are not what was charged"),
        (Audited::Policies, "policy versions are not what was applied"),
        (Audited::Usage, "usage events are not what was taken in"),
        (Audited::Trail, "the audit log is not what was written"),
        (Audited::Messages, "messages are not what was told"),
        (Audited::Bills, "bills are not what was issued"),
        (Audited::Bank, "movements of the bank are not what was told"),
        (Audited::Orders, "orders and terms are not what was ordered and paid"),
        (Audited::Coupons, "coupons are not what was redeemed"),
    ];
    let others: Vec<&str> = others.into_iter().filter(|(of, _)| wrong.contains(of)).map(|(_, told)| told).collect();
    match (others.as_slice(), wrong.contains(&Audited::Ledger)) {
        ([], _) => "The ledger does not add up".to_owned(),
        (others, true) => format!("The ledger does not add up, and {}", others.join(", and ")),
        (others, false) => format!("The ledger adds up, but {}", others.join(", and ")),
    }
}

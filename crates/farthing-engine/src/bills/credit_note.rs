//! A credit note of a bill: what was sold is given up with its tax, what is due is lowered first, and the rest is the balance's.

use super::body::Body;
use super::broken;
use super::issue::{Noted, issue_credit_note};
use super::pay_bill::receivable_of;
use crate::EngineError;
use crate::folio::Work;
use farthing_core::bill::CreditNotePlan;
use farthing_core::ledger::posting::{self, CreditNote, Part, Stamp};
use farthing_core::ledger::{Chart, TransferId};
use farthing_core::payment::PaymentId;
use farthing_store::{BillRow, PayerRow};

/// What is credited, and why.
pub(super) struct Credited<'a> {
    pub(super) plan: &'a CreditNotePlan,
    /// The bill, or those of its lines that give it up.
    pub(super) of: &'a Body,
    pub(super) reason: &'a str,
    /// The payment that went back for it.
    pub(super) payment: Option<PaymentId>,
    /// The transfer it began with; none: its own first one.
    pub(super) transfer: Option<TransferId>,
}

/// Books a credit note and issues it.
pub(super) fn credit_bill(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
    credited: &Credited<'_>,
) -> Result<(), EngineError> {
    let Credited { plan, of, reason, payment, transfer } = credited;
    let (parts, taxes) = given_up(work, payer, of, plan)?;
    let (receivable, commodity) = (receivable_of(work, row)?, work.books()?.commodity);
    let mut fresh = work.stamp_ids();
    let mut first = *transfer;
    let mut ids = || {
        let id = fresh();
        first.get_or_insert(id);
        id
    };
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts = CreditNote {
        commodity,
        receivable,
        cash: payer.cash,
        reduces_due: plan.reduces_due.units(),
        parts: &parts,
        taxes: &taxes,
    };
    let command = posting::credit_note(&mut stamp, &facts);
    work.book(&[command])?;
    let noted = Noted { groups: &plan.groups, lines: &plan.lines, reason, payment: *payment, transfer: first };
    issue_credit_note(work, payer, row, &noted)?;
    Ok(())
}

/// Whose revenue a credit note takes back: of each group that of its lines, by what they cost.
fn given_up(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    body: &Body,
    plan: &CreditNotePlan,
) -> Result<(Vec<Part>, Vec<Part>), EngineError> {
    let (mut parts, mut taxes) = (Vec::new(), Vec::new());
    for group in &plan.groups {
        let mut sold = Vec::with_capacity(body.lines.len());
        for line in body.lines.iter().filter(|line| line.net > 0) {
            if line.group()?.as_ref() == Some(&group.group) {
                sold.push(line);
            }
        }
        let weights: Vec<u64> = sold.iter().map(|line| line.net.unsigned_abs()).collect();
        for (line, amount) in sold.iter().zip(group.net.allocate_minor(&weights).map_err(broken)?) {
            let account = match line.chart() {
                own @ Chart::Deferred(_) => work.customer_account(payer.id, own)?,
                books => work.book_account(books)?,
            };
            parts.push(Part { account, amount: amount.units() });
        }
        let account = work.book_account(Chart::Tax(group.group.to_string()))?;
        taxes.push(Part { account, amount: group.tax.units() });
    }
    Ok((parts, taxes))
}

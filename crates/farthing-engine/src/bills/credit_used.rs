//! What is taken back of charges that stand on a bill, because a late fact says so or an operator waives it: a credit note about that bill, with
//! its tax. It lowers what is due of it; what was paid already is the balance's.
//!
//! What takes it back has put its amount where charges wait for the next bill, below zero. From there each bill that those charges are on takes
//! its part, in whole coins and never more than its lines still have; what is left over, and what no bill has yet, lowers the next one.

use super::body::Body;
use super::credit_note::{Credited, credit_bill};
use super::issue::notes_about;
use super::pay_bill::{step, tell_if_paid};
use crate::folio::Work;
use crate::run_due::engine_error;
use crate::{EngineError, Refused};
use farthing_core::bill::{BillEvent, BillState, CreditOf, Used, plan_credit_note};
use farthing_core::config::Name;
use farthing_core::ledger::posting::{self, Stamp, WaiverCredited};
use farthing_core::ledger::{Chart, OwnerId};
use farthing_core::money::{Money, Rounding, mul_div_round};
use farthing_core::payment::BillId;
use farthing_core::settle::Sealed;
use farthing_core::time::Instant;
use farthing_store::{BillKind, BillRow, PayerRow};
use std::collections::BTreeMap;

/// Why, where a late fact says so.
const CORRECTED: &str = "what was used was corrected";

/// What was taken back of charges for a service that ended then, of what waits for a bill or was on one.
#[derive(Clone, Debug)]
pub(crate) struct Corrected {
    pub(crate) product: Name,
    pub(crate) ended: Instant,
    pub(crate) units: i64,
}

impl Corrected {
    /// None: nothing of it was to be billed.
    pub(crate) fn of(sealed: &Sealed) -> Option<Corrected> {
        let units = Used::of(0, 0, &sealed.paid).unbilled.saturating_neg();
        (units > 0).then(|| Corrected { product: sealed.product.clone(), ended: sealed.to, units })
    }
}

/// Credits what of it stands on bills.
pub(crate) fn credit_used(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    reason: &str,
    parts: &[Corrected],
) -> Result<(), Refused> {
    if parts.is_empty() {
        return Ok(());
    }
    work.flush_postings()?;
    let cuts = work.tx.bill_cuts_of(payer.id)?;
    let mut by_bill: BTreeMap<(BillId, &Name), i64> = BTreeMap::new();
    for part in parts {
        if let Some(on) = cuts.iter().find(|cut| cut.cut.upto >= part.ended) {
            let sum = by_bill.entry((on.bill, &part.product)).or_default();
            *sum = sum.saturating_add(part.units);
        }
    }
    for ((bill, product), units) in by_bill {
        let row = work.tx.bill(bill)?.ok_or_else(|| super::broken(format!("bill {bill} is gone")))?;
        if row.kind == BillKind::Bill && row.state != BillState::Void {
            credit(work, payer, &mut { row }, product, reason, units)?;
        }
    }
    Ok(())
}

impl Work<'_, '_> {
    /// What this transaction has taken back of charges is credited of the bills they are on.
    pub(crate) fn credit_corrections(&mut self) -> Result<(), EngineError> {
        let with: Vec<OwnerId> =
            self.folios.iter().filter(|(_, folio)| !folio.corrected.is_empty()).map(|(id, _)| *id).collect();
        for id in with {
            let folio = self.folio(id);
            let (payer, parts) = (folio.payer.clone(), std::mem::take(&mut folio.corrected));
            credit_used(self, &payer, CORRECTED, &parts).map_err(engine_error)?;
        }
        Ok(())
    }
}

fn credit(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut BillRow,
    product: &Name,
    reason: &str,
    units: i64,
) -> Result<(), Refused> {
    let body = Body::parse(&row.body)?;
    let notes: Vec<Body> = notes_about(work, row)?.into_iter().map(|(_, body)| body).collect();
    let creditable = body.creditable(&notes)?;
    let is_gross = body.prices == "gross";
    let mut lines: Vec<(usize, Money)> = Vec::new();
    let mut rest = units;
    for (place, line) in body.lines.iter().enumerate() {
        if line.product != product.as_str() || line.origin != "accrued" || line.net <= 0 {
            continue;
        }
        let left = creditable.line_left(place, &lines).map_err(super::broken)?.units();
        // Where prices have the tax in them, so has what was waived.
        let wanted = if is_gross { without_tax(rest, line.net, line.tax) } else { rest };
        let net = work.money(wanted.min(left).max(0)).round_to_minor(Rounding::Down).map_err(super::broken)?.0;
        if net.is_positive() {
            rest = rest.saturating_sub(net.units());
            lines.push((place, net));
        }
    }
    let due = work.money(row.due_units());
    // What the lines have no more (it was credited before) lowers the next bill.
    let Ok(plan) = plan_credit_note(&creditable, CreditOf::Lines(&lines), due) else { return Ok(()) };
    let moved = if is_gross { plan.total } else { plan.net };
    if moved.is_zero() {
        return Ok(());
    }
    let was_open = row.due_units() > 0;
    let unbilled = work.customer_account(payer.id, Chart::Unbilled)?;
    let revenue = work.book_account(Chart::Revenue(product.to_string()))?;
    let commodity = work.books()?.commodity;
    let first = work.ids.transfer(work.now);
    let mut ids = || first;
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts = WaiverCredited { commodity, unbilled, revenue, amount: moved.units() };
    let from_next = posting::waiver_credited(&mut stamp, &facts);
    work.book(&[from_next])?;
    let only = Body {
        lines: body.lines.iter().filter(|line| line.product == product.as_str()).cloned().collect(),
        ..body.clone()
    };
    let credited = Credited { plan: &plan, of: &only, reason, payment: None, transfer: Some(first) };
    credit_bill(work, payer, row, &credited)?;
    step(work, row, BillEvent::Credit(plan.total))?;
    work.reload(payer.id)?;
    let folio = work.folio(payer.id);
    folio.unbilled = folio.unbilled.saturating_add(moved.units());
    let apart = work.billing(payer.id)?.apart.entry(product.clone()).or_default();
    *apart = apart.saturating_sub(moved.units());
    if was_open {
        tell_if_paid(work, row)?;
    }
    Ok(())
}

/// What of an amount with tax is without it, as a line has both.
fn without_tax(units: i64, net: i64, tax: i64) -> i64 {
    let whole = i128::from(net).saturating_add(i128::from(tax)).max(1);
    let exact = mul_div_round(units.into(), net.into(), whole, Rounding::Down);
    exact.ok().and_then(|exact| i64::try_from(exact).ok()).unwrap_or(0)
}

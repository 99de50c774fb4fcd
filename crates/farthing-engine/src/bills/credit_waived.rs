//! What is waived of a charge that stands on a bill: a credit note about that bill, with its tax. It lowers what is due of it; what was paid
//! already is the balance's.
//!
//! The waiver itself has put its amount where charges wait for the next bill, below zero. From there each bill that a waived charge is on takes
//! its part, in whole coins and never more than its lines still have; what is left over, and what no bill has yet, lowers the next one.
//! A charge is on the first bill that was issued after its service was over.

use super::body::Body;
use super::credit_back::given_up;
use super::issue::{Noted, issue_credit_note, notes_about};
use super::pay_bill::{receivable_of, step, tell_if_paid};
use crate::Refused;
use crate::folio::Work;
use farthing_core::bill::{BillEvent, BillState, CreditOf, plan_credit_note};
use farthing_core::config::Name;
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, CreditNote, Stamp, WaiverCredited};
use farthing_core::money::{Money, Rounding, mul_div_round};
use farthing_core::time::Instant;
use farthing_store::{BillFilter, BillKind, BillRow, PayerRow};
use std::collections::BTreeMap;

/// As many bills of an account are looked at, the newest.
const BILLS_MOST: i64 = 500;

/// What was waived of a service that ended then, of what waits for a bill or was on one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaivedPart {
    pub(crate) ended: Instant,
    pub(crate) units: i64,
}

/// How much of it was credited.
pub(crate) fn credit_waived(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    product: &Name,
    reason: &str,
    parts: &[WaivedPart],
) -> Result<(), Refused> {
    if parts.iter().all(|part| part.units <= 0) {
        return Ok(());
    }
    work.flush_postings()?;
    let cloud = work.cloud.id.clone();
    let filter = BillFilter { account: Some(payer.id), kind: Some(BillKind::Bill), state: None };
    let mut bills = work.tx.bills(&cloud, &filter, None, BILLS_MOST)?;
    bills.retain(|row| row.receivable.is_some() && row.state != BillState::Void);
    bills.sort_by_key(|row| row.place);
    let mut by_bill: BTreeMap<usize, i64> = BTreeMap::new();
    for part in parts {
        let on = bills.iter().position(|row| row.issued >= part.ended);
        if let Some(place) = on {
            let sum = by_bill.entry(place).or_default();
            *sum = sum.saturating_add(part.units);
        }
    }
    for (place, units) in by_bill {
        if let Some(row) = bills.get_mut(place) {
            credit(work, payer, row, product, reason, units)?;
        }
    }
    Ok(())
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
        let credited = notes.iter().flat_map(|note| &note.credited).filter(|(of, _)| *of == place);
        let left = line.net.saturating_sub(credited.map(|(_, net)| *net).fold(0, i64::saturating_add));
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
    let was_open = row.due_units() > 0;
    let (unbilled, receivable) = (work.customer_account(payer.id, Chart::Unbilled)?, receivable_of(row)?);
    let revenue = work.book_account(Chart::Revenue(product.to_string()))?;
    let commodity = work.books()?.commodity;
    let now = work.now.floor_second();
    let mut fresh = work.stamp_ids();
    let mut first = None;
    let mut ids = || {
        let id = fresh();
        first.get_or_insert(id);
        id
    };
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now };
    let facts = WaiverCredited { commodity, unbilled, revenue, amount: moved.units() };
    let from_next = posting::waiver_credited(&mut stamp, &facts);
    let only = Body {
        lines: body.lines.iter().filter(|line| line.product == product.as_str()).cloned().collect(),
        ..body.clone()
    };
    let (parts, taxes) = given_up(work, payer, &only, &plan)?;
    let facts = CreditNote {
        commodity,
        receivable,
        cash: payer.cash,
        reduces_due: plan.reduces_due.units(),
        parts: &parts,
        taxes: &taxes,
    };
    let note = posting::credit_note(&mut stamp, &facts);
    work.book(&[from_next, note])?;
    let noted = Noted { groups: &plan.groups, lines: &plan.lines, reason, payment: None, transfer: first };
    issue_credit_note(work, payer, row, &noted)?;
    step(work, row, BillEvent::Credit(plan.total))?;
    work.reload(payer.id)?;
    let folio = work.folio(payer.id);
    folio.unbilled = folio.unbilled.saturating_add(moved.units());
    if was_open {
        tell_if_paid(work, payer, row);
    }
    Ok(())
}

/// What of an amount with tax is without it, as a line has both.
fn without_tax(units: i64, net: i64, tax: i64) -> i64 {
    let whole = i128::from(net).saturating_add(i128::from(tax)).max(1);
    let exact = mul_div_round(units.into(), net.into(), whole, Rounding::Down);
    exact.ok().and_then(|exact| i64::try_from(exact).ok()).unwrap_or(0)
}

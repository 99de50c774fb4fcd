//! Bills of what is bought ahead: issued at once for an order or a renewal, taken back where nobody paid in time, and lowered by what of
//! a term is given up.

use super::body::Body;
use super::broken;
use super::collect::collect;
use super::credit_note::{Credited, credit_bill};
use super::issue::{Terms, issue_bill_on, notes_about};
use super::pay_bill::{payable, receivable_of, step};
use crate::coupons::coupons_for_bill;
use crate::folio::Work;
use crate::{EngineError, RefusalCode, Refused};
use farthing_core::bill::{BillEvent, BillLine, BillState, Collection, Coupon, CreditOf, plan_credit_note};
use farthing_core::ledger::posting::{self, Stamp};
use farthing_core::ledger::{Kind, TransferId};
use farthing_core::money::Money;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use farthing_store::{BillRow, PayerRow};

/// Who sees to it that a bill is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collected {
    /// The customer chooses what pays.
    ByHand,
    /// The balance as far as it reaches, then the methods that are kept (R15).
    ByItself,
}

/// How a bill of what is sold ahead is issued.
pub(crate) struct OrderTerms {
    /// By when it is to be paid; none: as the policy says.
    pub(crate) due: Option<Instant>,
    pub(crate) dated: Instant,
    pub(crate) collected: Collected,
    /// What is reserved for it; none, where it is collected by itself: what its account has redeemed.
    pub(crate) coupon: Option<Coupon>,
}

/// A bill, and what coupons took off it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OrderBilled {
    pub(crate) bill: Option<BillId>,
    pub(crate) coupon: i64,
}

/// Issues a bill of lines that are sold ahead.
pub(crate) fn order_bill(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    lines: Vec<BillLine>,
    terms: OrderTerms,
) -> Result<OrderBilled, Refused> {
    let OrderTerms { due, dated, collected, coupon: reserved } = terms;
    let offered = match collected {
        Collected::ByHand => Vec::new(),
        Collected::ByItself => coupons_for_bill(work, payer.id, &lines)?,
    };
    let balance = match collected {
        Collected::ByHand => 0,
        Collected::ByItself => {
            let now = work.now;
            work.post_all(payer.id, now)?;
            work.flush_postings()?;
            payable(work, payer.id)
        }
    };
    let issued =
        issue_bill_on(work, payer, lines, &Terms { balance, due, dated, offered: &offered, reserved, replaces: None })?;
    let Some((row, collection)) = issued else { return Ok(OrderBilled::default()) };
    if let (Collected::ByItself, Collection::Collect(_)) = (collected, collection) {
        collect(work, payer, &row, &[])?;
    }
    let coupon = Body::parse(&row.body)?.lines.iter().map(|line| line.coupon).sum();
    Ok(OrderBilled { bill: Some(row.id), coupon })
}

/// Whether nothing of a bill waits for money: it is paid, or too small to be collected by itself.
pub(crate) fn is_settled(work: &mut Work<'_, '_>, id: BillId) -> Result<bool, EngineError> {
    let row = work.tx.bill(id)?.ok_or_else(|| broken(format!("bill {id} is gone")))?;
    Ok(matches!(row.state, BillState::Paid | BillState::Rolled))
}

/// What of a bill is due, and what of it money has paid or will.
pub(crate) fn dues_of(work: &mut Work<'_, '_>, id: BillId) -> Result<(i64, BillRow), EngineError> {
    let row = work.tx.bill(id)?.ok_or_else(|| broken(format!("bill {id} is gone")))?;
    Ok((row.due_units(), row))
}

/// Takes a bill back of which nothing was paid: as if it had not been issued, but for its number.
pub(crate) fn void_bill(work: &mut Work<'_, '_>, id: BillId) -> Result<(), Refused> {
    let mut row = work.tx.bill(id)?.ok_or_else(|| broken(format!("bill {id} is gone")))?;
    if !matches!(row.state, BillState::Issued | BillState::Overdue) {
        return Ok(());
    }
    let receivable = receivable_of(work, &row)?;
    let of_issue = |kind: Kind| matches!(kind, Kind::BillIssued | Kind::CouponUsed | Kind::BillTax | Kind::BillCarry);
    let lines = work.tx.account_history(receivable, None, 500)?;
    let ids: Vec<TransferId> =
        lines.iter().rev().filter(|line| of_issue(line.entry.kind)).map(|line| line.entry.id).collect();
    step(work, &mut row, BillEvent::Void)?;
    let mut fresh = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut fresh, cause: None, effective: work.now.floor_second() };
    let command = posting::reversed(&mut stamp, &ids);
    work.book(&[command])?;
    Ok(())
}

/// What is given up of something that a bill was about.
pub(crate) struct Returned<'a> {
    pub(crate) bill: BillId,
    /// Whose lines they are: `advance:…`, `late_fee:…`
    pub(crate) origin: String,
    /// Without tax.
    pub(crate) net: i64,
    pub(crate) reason: &'a str,
}

/// Credits a bill by so much of such lines, with its tax: what is due of it is lowered first, the rest is the balance's. How much that
/// is with its tax.
pub(crate) fn return_of_bill(work: &mut Work<'_, '_>, payer: &PayerRow, wanted: &Returned<'_>) -> Result<i64, Refused> {
    if wanted.net <= 0 {
        return Ok(0);
    }
    let mut row = work.tx.bill(wanted.bill)?.ok_or_else(|| broken(format!("bill {} is gone", wanted.bill)))?;
    let body = Body::parse(&row.body)?;
    let notes: Vec<Body> = notes_about(work, &row)?.into_iter().map(|(_, body)| body).collect();
    let creditable = body.creditable(&notes)?;
    // Of several such lines each gives as much as it has left.
    let mut rest = wanted.net;
    let mut lines: Vec<(usize, Money)> = Vec::new();
    for (place, _) in body.lines.iter().enumerate().filter(|(_, line)| line.origin == wanted.origin) {
        let part = rest.min(creditable.line_left(place, &lines).map_err(broken)?.units());
        if part > 0 {
            lines.push((place, work.money(part)));
            rest -= part;
        }
    }
    if lines.is_empty() {
        return Ok(0);
    }
    let due = work.money(row.due_units());
    let plan = plan_credit_note(&creditable, CreditOf::Lines(&lines), due)
        .map_err(|error| Refused::new(RefusalCode::Conflict, error.to_string()))?;
    let credited = Credited { plan: &plan, of: &body, reason: wanted.reason, payment: None, transfer: None };
    credit_bill(work, payer, &row, &credited)?;
    step(work, &mut row, BillEvent::Credit(plan.total))?;
    work.reload(payer.id)?;
    Ok(plan.total.units())
}

/// Free credit has paid so much of a bill, and gives it back: so much is due of it again.
pub(crate) fn credit_unpaid(work: &mut Work<'_, '_>, id: BillId, amount: i64) -> Result<(), Refused> {
    if amount > 0 {
        let mut row = work.tx.bill(id)?.ok_or_else(|| broken(format!("bill {id} is gone")))?;
        let money = work.money(amount);
        step(work, &mut row, BillEvent::Refund { amount: money, adjust: false })?;
    }
    Ok(())
}

//! What becomes of a bill that is not paid: it is reminded of before its time and after it, and where the policy says so its lateness costs (R56),
//! as a line of its own on a bill that follows. What counts is the policy of when the bill was issued.
//!
//! Every step of a bill's life passes through `follow`. What was paid stays late for as long as it was; what is credited was never late, and the fee
//! that was billed for it is credited in the same transaction (`give_fees_back`).

use super::body::Body;
use super::broken;
use super::collect::collects_by_itself;
use super::facts::tell_bill;
use super::order_bill::{Returned, return_of_bill};
use super::used::untaxed;
use crate::folio::Work;
use crate::run_due::{by_cloud, engine_error};
use crate::{Engine, EngineError, Refused};
use farthing_core::bill::{BillLine, BillState, LateFeeRate, Origin, Owed, reminder_after};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::payment::BillId;
use farthing_core::policy::{Bill, BillOn, LateFee};
use farthing_core::settle::SettleError;
use farthing_core::time::Instant;
use farthing_store::{ArrearsRow, Beside, BillKind, BillRow};

/// Bills in one transaction.
const BATCH: i64 = 256;
const UNTAXED: &str = "what lateness costs bears no tax";
const GIVEN_BACK: &str = "the bill that it was for was lowered";

/// A bill before a step of its life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    state: BillState,
    due: i64,
    credited: i64,
}

impl Before {
    pub(super) fn of(row: &BillRow) -> Before {
        Before { state: row.state, due: row.due_units(), credited: row.credited }
    }
}

/// What the lateness of a bill costs beyond what was billed of it.
#[derive(Clone, Debug)]
pub(super) struct Fee {
    pub(super) line: BillLine,
    of: ArrearsRow,
}

impl Engine {
    /// Bills whose time has come are reminded of.
    pub(crate) fn run_reminders(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let due = self.store.read("reminders_due", |tx| tx.reminders_due(now, BATCH))?;
            if due.is_empty() {
                return Ok(());
            }
            for (cloud, due) in by_cloud(due.into_iter().map(|row| (row.cloud.clone(), row))) {
                self.work("remind_of_bills", &cloud, move |work| {
                    let accounts: Vec<OwnerId> = due.iter().map(|row| row.account).collect();
                    work.load(&accounts)?;
                    due.iter().try_for_each(|row| remind(work, row.bill))
                })
                .map_err(engine_error)?;
            }
        }
    }
}

/// Whoever was not there at several of its times is reminded once.
fn remind(work: &mut Work<'_, '_>, bill: BillId) -> Result<(), Refused> {
    let now = work.now;
    // Read again: who had the lock may have paid it.
    let waits = |row: &ArrearsRow| row.remind_at.is_some_and(|at| at <= now);
    let Some(mut arrears) = work.tx.arrears(bill)?.filter(waits) else { return Ok(()) };
    let row = work.tx.bill(bill)?.ok_or_else(|| broken(format!("bill {bill} is gone")))?;
    let payer = work.folio(row.account).payer.clone();
    let open = matches!(row.state, BillState::Issued | BillState::Overdue) && row.owed_units() > 0;
    // Who need not do anything before it is due is not asked to.
    let asks = open && (row.state == BillState::Overdue || !collects_by_itself(work, &payer, &row)?);
    if asks {
        tell_bill(work, &row, Event::BillDue)?;
    }
    arrears.remind_at = if open { next_reminder(work, &row)? } else { None };
    work.tx.arrears_put(&arrears)?;
    Ok(())
}

fn policy_of(work: &Work<'_, '_>, row: &BillRow) -> Result<Bill, EngineError> {
    Ok(work.policy_at(row.issued)?.bill.clone())
}

fn next_reminder(work: &Work<'_, '_>, row: &BillRow) -> Result<Option<Instant>, EngineError> {
    let Some(due) = row.due else { return Ok(None) };
    Ok(reminder_after(work.now, due, &policy_of(work, row)?.reminders))
}

/// A bill was issued.
pub(super) fn begin(work: &mut Work<'_, '_>, row: &BillRow) -> Result<(), EngineError> {
    let remind_at = next_reminder(work, row)?;
    if remind_at.is_some() {
        let fresh = ArrearsRow::new(row.id, row.cloud.clone(), row.account);
        work.tx.arrears_put(&ArrearsRow { remind_at, ..fresh })?;
    }
    Ok(())
}

/// A bill has made a step.
pub(super) fn follow(work: &mut Work<'_, '_>, row: &BillRow, before: Before) -> Result<(), EngineError> {
    let policy = policy_of(work, row)?;
    if row.kind != BillKind::Bill || (policy.late_fee.is_none() && policy.reminders.is_empty()) {
        return Ok(());
    }
    let known = work.tx.arrears(row.id)?;
    let was = known.clone();
    let mut arrears = known.unwrap_or_else(|| ArrearsRow::new(row.id, row.cloud.clone(), row.account));
    let now = work.now;
    if let Some(fee) = &policy.late_fee {
        let is_late = row.state == BillState::Overdue;
        if !is_late && row.due_units() > before.due {
            arrears.again = Some(now);
        }
        let owed = Owed { principal: if is_late { principal(row)? } else { 0 }, disputed: row.disputed };
        if is_late && before.state != BillState::Overdue {
            arrears.late.begin(owed.principal, late_since(row, fee, arrears.again)?);
        }
        arrears.late.follow(owed, row.credited.saturating_sub(before.credited), now);
        count(work, &mut arrears, fee)?;
    }
    if !matches!(row.state, BillState::Issued | BillState::Overdue) {
        arrears.remind_at = None;
    }
    let empty = arrears.late.parts().is_empty() && arrears.charged.is_empty();
    if empty && arrears.remind_at.is_none() && arrears.again.is_none() {
        if was.is_some() {
            work.tx.arrears_drop(row.id)?;
        }
    } else if was.as_ref() != Some(&arrears) {
        work.tx.arrears_put(&arrears)?;
    }
    Ok(())
}

/// From its due time on, and what the policy waits after it; what was due again only later, from then on.
fn late_since(row: &BillRow, fee: &LateFee, again: Option<Instant>) -> Result<Instant, EngineError> {
    let due = row.due.ok_or_else(|| broken("a bill that is overdue and was never due"))?;
    let since = due.checked_add(fee.after).map_err(SettleError::from)?;
    Ok(again.map_or(since, |again| since.max(again)))
}

/// What is due of a bill but for what earlier lateness cost, and for what earlier bills left, which may have some of that in it: what is paid pays
/// the rest first.
fn principal(row: &BillRow) -> Result<i64, EngineError> {
    let body = Body::parse(&row.body)?;
    let lines = body.lines.iter().filter(|line| line.is_no_principal());
    let others = lines.fold(0_i64, |sum, line| sum.saturating_add(line.amount));
    Ok(row.due_units().saturating_sub(others).max(0))
}

/// Whether it costs more than was billed, or will; what was billed and is not owed any more is given back.
fn count(work: &mut Work<'_, '_>, arrears: &mut ArrearsRow, fee: &LateFee) -> Result<(), EngineError> {
    let costs = arrears.late.fee(LateFeeRate::from(fee), work.currency(), work.now).map_err(broken)?.units();
    let charged = arrears.charged_units();
    arrears.counts = !arrears.late.is_over() || costs > charged;
    if costs < charged {
        work.overcharged.insert(arrears.bill);
    }
    // Somebody has to bill it: the period that is open, where no other reason keeps one open.
    if arrears.counts {
        let (id, now) = (arrears.account, work.now);
        if work.policy_at(now)?.bill.on.contains(&BillOn::Cycle) {
            work.await_closing(id, now)?;
        }
    }
    Ok(())
}

/// What lateness costs an account by an instant, a line for each bill.
pub(super) fn fees_due(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<Vec<Fee>, EngineError> {
    let mut fees = Vec::new();
    if work.has_none(id, Beside::Late) {
        return Ok(fees);
    }
    for of in work.tx.arrears_counting(id)? {
        let row = work.tx.bill(of.bill)?.ok_or_else(|| broken(format!("bill {} is gone", of.bill)))?;
        let Some(fee) = policy_of(work, &row)?.late_fee else { continue };
        let costs = of.late.fee(LateFeeRate::from(&fee), work.currency(), at).map_err(broken)?;
        let more = costs.units().saturating_sub(of.charged_units());
        if more > 0 {
            let line = line_of(work, &row, &fee, work.money(more))?;
            fees.push(Fee { line, of });
        }
    }
    Ok(fees)
}

/// "Late fee on ELE-2026-000012: 0.05% a day of what was overdue"
fn line_of(work: &mut Work<'_, '_>, row: &BillRow, fee: &LateFee, amount: Money) -> Result<BillLine, EngineError> {
    let payer = work.folio(row.account).payer.clone();
    let named = if row.number.is_empty() { row.id.to_string() } else { row.number.clone() };
    Ok(BillLine {
        text: format!("Late fee on {named}: {} a day of what was overdue", fee.daily_percent),
        product: Name::parse("late-fee").ok_or_else(|| broken("late-fee is no name"))?,
        service: None,
        quantity: None,
        category: None,
        amount,
        tax: untaxed(work, &payer, UNTAXED)?,
        origin: Origin::LateFee(row.id.to_string()),
        used: None,
    })
}

/// A bill asks for them.
pub(super) fn fees_billed(work: &mut Work<'_, '_>, fees: Vec<Fee>, on: BillId) -> Result<(), EngineError> {
    for Fee { line, mut of } in fees {
        of.charged.push((on, line.amount.units()));
        of.counts = !of.late.is_over();
        work.tx.arrears_put(&of)?;
    }
    Ok(())
}

/// Whether an account's lateness costs more than was billed, or will.
pub(super) fn fees_wait(work: &mut Work<'_, '_>, id: OwnerId) -> Result<bool, EngineError> {
    Ok(!work.tx.arrears_counting(id)?.is_empty())
}

impl Work<'_, '_> {
    /// What was billed for lateness that was none is credited, the newest first.
    pub(crate) fn give_fees_back(&mut self) -> Result<(), EngineError> {
        while let Some(bill) = self.overcharged.pop_first() {
            let Some(mut arrears) = self.tx.arrears(bill)? else { continue };
            let row = self.tx.bill(bill)?.ok_or_else(|| broken(format!("bill {bill} is gone")))?;
            let Some(fee) = policy_of(self, &row)?.late_fee else { continue };
            let costs = arrears.late.fee(LateFeeRate::from(&fee), self.currency(), self.now).map_err(broken)?;
            let mut rest = arrears.charged_units().saturating_sub(costs.units());
            let payer = self.folio(row.account).payer.clone();
            for (on, amount) in arrears.charged.iter_mut().rev() {
                let part = rest.min(*amount);
                if part > 0 {
                    let origin = format!("late_fee:{bill}");
                    let wanted = Returned { bill: *on, origin, net: part, reason: GIVEN_BACK };
                    return_of_bill(self, &payer, &wanted).map_err(engine_error)?;
                    *amount = amount.saturating_sub(part);
                    rest = rest.saturating_sub(part);
                }
            }
            arrears.charged.retain(|(_, amount)| *amount != 0);
            self.tx.arrears_put(&arrears)?;
        }
        Ok(())
    }
}

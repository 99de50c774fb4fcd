//! Bills that are collected by themselves (R15): by the default method, by the next where that fails (R54), and again after each of the policy's
//! times, counted from when every method had failed first. It ends when the bill is paid another way, voided or given up, when the
//! account wants no deduction any more, and with the last of those times.

use super::pay_bill::{begin, bill_locked};
use crate::folio::Work;
use crate::payments::{chargeable, of_method};
use crate::run_due::{by_cloud, engine_error};
use crate::{Engine, EngineError, Refused};
use farthing_core::bill::BillState;
use farthing_core::ledger::OwnerId;
use farthing_core::payment::{BillId, MethodId, PaymentId, State, Verdict, choose, next_try};
use farthing_core::policy::Collect;
use farthing_core::time::Instant;
use farthing_store::{BillRow, CollectingRow, PayerRow, PaymentFilter, PaymentRow};

/// Why a payment was begun that nobody asked for: what tells it from others when it fails.
const COLLECTED: &str = "collected by itself when it was issued";
const COLLECTED_AGAIN: &str = "collected by itself, tried again";
/// Bills in one transaction.
const BATCH: i64 = 256;
/// As many failed payments of an account are looked at to know which methods were tried.
const FAILED_MOST: i64 = 50;

/// What follows when a payment that was begun by itself has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// It was not begun by itself, or nothing is due any more.
    Nothing,
    /// Another method is tried at once.
    Next,
    /// All of them have failed, and are tried again then.
    Again(Instant),
    /// All of them have failed, for the last time.
    Last,
}

impl AfterFailure {
    /// As it is told, behind what went wrong.
    pub(crate) fn told(self, why: &str) -> String {
        match self {
            AfterFailure::Nothing | AfterFailure::Next => why.to_owned(),
            AfterFailure::Again(at) => format!("{why}; it is tried again at {at}"),
            AfterFailure::Last => format!("{why}; this was the last time that it is tried by itself"),
        }
    }
}

impl Engine {
    /// Collects again whatever has failed, where its time has come.
    pub(crate) fn run_collecting(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let due = self.store.read("collecting_due", |tx| tx.collecting_due(now, BATCH))?;
            if due.is_empty() {
                return Ok(());
            }
            for (cloud, due) in by_cloud(due.into_iter().map(|row| (row.cloud, (row.account, row.bill)))) {
                self.work("collect_again", &cloud, move |work| {
                    let accounts: Vec<OwnerId> = due.iter().map(|(account, _)| *account).collect();
                    work.load(&accounts)?;
                    for (_, bill) in &due {
                        again(work, *bill)?;
                    }
                    Ok(())
                })
                .map_err(engine_error)?;
            }
        }
    }
}

/// Charges what is due of a bill by itself, where the policy and the account want it so (R15): by the first method that was not tried yet.
pub(super) fn collect(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
    tried: &[MethodId],
) -> Result<Option<PaymentId>, EngineError> {
    charge(work, payer, row, tried, COLLECTED)
}

/// It failed: the next method is tried at once (R54), and after the last of them it waits for the policy's next time.
pub(crate) fn collect_failed(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    payment: &PaymentRow,
) -> Result<AfterFailure, Refused> {
    let Some(bill) = payment.bill.filter(|_| is_collected(payment)) else { return Ok(AfterFailure::Nothing) };
    let (row, _) = bill_locked(work, BillId::from_bytes(bill))?;
    let known = work.tx.collecting(row.id)?;
    let begun = known.as_ref().map_or(row.issued, |known| known.begun);
    let cloud = work.cloud.id.clone();
    let failed = PaymentFilter { account: Some(payer.id), state: Some(State::Failed) };
    let before = work.tx.payments(&cloud, &failed, None, FAILED_MOST)?;
    let of_it = |other: &PaymentRow| other.bill == Some(bill) && is_collected(other) && other.created >= begun;
    let mut tried: Vec<MethodId> = before.into_iter().filter(of_it).filter_map(|other| other.method).collect();
    tried.extend(payment.method);
    let why = if known.is_some() { COLLECTED_AGAIN } else { COLLECTED };
    if charge(work, payer, &row, &tried, why)?.is_some() {
        return Ok(AfterFailure::Next);
    }
    Ok(wait(work, &row, known)?)
}

fn is_collected(payment: &PaymentRow) -> bool {
    payment.verdict == COLLECTED || payment.verdict == COLLECTED_AGAIN
}

/// What the policy says of it; none: it is not collected by itself.
fn wanted(work: &mut Work<'_, '_>, row: &BillRow) -> Result<Option<Collect>, EngineError> {
    let policy = work.policy_at(work.now)?.collect.clone();
    let switched = work.company(row.account)?.collect;
    let open = matches!(row.state, BillState::Issued | BillState::Overdue) && row.owed_units() > 0;
    Ok(Some(policy).filter(|policy| policy.auto && switched != Some(false) && open))
}

/// Whether it will be charged without anybody doing something: now, or again.
pub(super) fn collects_by_itself(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
) -> Result<bool, EngineError> {
    if wanted(work, row)?.is_none() {
        return Ok(false);
    }
    let methods = work.tx.methods_of(payer.id)?;
    Ok(!chargeable(work, payer, &methods)?.is_empty())
}

fn charge(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
    tried: &[MethodId],
    why: &str,
) -> Result<Option<PaymentId>, EngineError> {
    let Some(policy) = wanted(work, row)? else { return Ok(None) };
    let now = work.now;
    let methods = work.tx.methods_of(payer.id)?;
    let usable = chargeable(work, payer, &methods)?;
    let next = choose(&usable, policy.backup, now).into_iter().find(|method| !tried.contains(method));
    let Some(method) = next.and_then(|next| methods.into_iter().find(|method| method.id == next)) else {
        return Ok(None);
    };
    // Somebody pays it at this moment: never twice.
    if is_being_paid(work, row)? {
        return Ok(None);
    }
    let verdict = Verdict::Accepted(vec![why.to_owned()]);
    let owed = row.owed_units();
    let payment = begin(work, payer, row, of_method(method), owed, (String::new(), false, verdict, String::new()))?;
    Ok(Some(payment.id))
}

/// The one that has just failed is not written yet, and so is open still: it was begun by itself.
fn is_being_paid(work: &mut Work<'_, '_>, row: &BillRow) -> Result<bool, EngineError> {
    let open = work.tx.payments_open(row.account)?;
    Ok(open.iter().any(|other| other.bill == Some(row.id.to_bytes()) && !is_collected(other)))
}

/// Says when it is tried again; where no time is left, that it is not.
fn wait(work: &mut Work<'_, '_>, row: &BillRow, known: Option<CollectingRow>) -> Result<AfterFailure, EngineError> {
    let Some(policy) = wanted(work, row)? else {
        work.tx.collecting_drop(row.id)?;
        return Ok(AfterFailure::Nothing);
    };
    if policy.retries.is_empty() && known.is_none() {
        return Ok(AfterFailure::Nothing);
    }
    let known = known.unwrap_or_else(|| CollectingRow {
        bill: row.id,
        cloud: row.cloud.clone(),
        account: row.account,
        failed: work.now,
        begun: row.issued,
        made: 0,
        next_at: None,
    });
    let made = usize::try_from(known.made).unwrap_or(usize::MAX);
    let Some(next) = next_try(&policy.retries, known.failed, made, work.now) else {
        work.tx.collecting_drop(row.id)?;
        return Ok(AfterFailure::Last);
    };
    let made = i64::try_from(next.made).unwrap_or(i64::MAX);
    work.tx.collecting_put(&CollectingRow { made, next_at: Some(next.at), ..known })?;
    Ok(AfterFailure::Again(next.at))
}

fn again(work: &mut Work<'_, '_>, bill: BillId) -> Result<(), Refused> {
    let (row, payer) = bill_locked(work, bill)?;
    // Read again: who had the lock may have paid it, or tried it.
    let due = |known: &CollectingRow| known.next_at.is_some_and(|at| at <= work.now);
    let Some(known) = work.tx.collecting(bill)?.filter(due) else { return Ok(()) };
    if wanted(work, &row)?.is_none() {
        work.tx.collecting_drop(bill)?;
        return Ok(());
    }
    let known = CollectingRow { begun: work.now, next_at: None, ..known };
    work.tx.collecting_put(&known)?;
    if charge(work, &payer, &row, &[], COLLECTED_AGAIN)?.is_none() {
        // Somebody pays it just now, or nothing is left to pay with: this time is over as well.
        wait(work, &row, Some(known))?;
    }
    Ok(())
}

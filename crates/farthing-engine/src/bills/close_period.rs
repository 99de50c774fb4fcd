//! Closes billing periods: once nothing more is told of one, its documents are issued. One bill asks for what was used and is not paid, for what
//! goes on and is paid ahead (R13), for what earlier bills left (R20); where nothing is asked for, a statement says what was used and what
//! paid it (R48). A period is open, collects for the policy's late window, then is closed; what is told later is a line of the next bill, or a
//! credit note.
//!
//! Accounts whose time has come are read by an index, in batches. One that cannot be billed is parked with the reason, and the others go on.

use super::arrears::{Fee, fees_billed, fees_due, fees_wait};
use super::body::{Body, origin_text};
use super::collect::collect;
use super::issue::{Terms, issue_bill_on, issue_statement};
use super::pay_bill::payable;
use super::used::{brought_forward, lines_of};
use super::{OrderBilled, broken};
use crate::coupons::coupons_for_bill;
use crate::folio::Work;
use crate::orders::{Renewal, await_renewals, renewals_due, renewed};
use crate::run_due::{by_cloud, engine_error};
use crate::{Engine, EngineError, Refused};
use farthing_core::bill::{Apart, BillLine, BilledUse, Collection, Consumption, Cut, Used, less_apart};
use farthing_core::ledger::OwnerId;
use farthing_core::policy::BillOn;
use farthing_core::time::Instant;
use farthing_store::{Beside, BillCutRow, BillRow, StoreError};
use std::collections::BTreeSet;

/// Accounts in one transaction.
const BATCH: i64 = 256;

impl Engine {
    /// Closes the periods whose late window is over.
    pub fn run_closings(&self, now: Instant) -> Result<(), EngineError> {
        let mut seen: BTreeSet<(OwnerId, Instant)> = BTreeSet::new();
        loop {
            let due = self.store.read("closings_due", |tx| tx.closings_due(now, BATCH))?;
            if due.is_empty() {
                return Ok(());
            }
            for (id, at, _) in &due {
                if !seen.insert((*id, *at)) {
                    let what = format!("the period of account {} that closes at {at} stays open", id.0);
                    return Err(StoreError::corrupt(what).into());
                }
            }
            for (cloud, ids) in by_cloud(due.into_iter().map(|(id, _, cloud)| (cloud, id))) {
                self.close_all(&cloud, ids)?;
            }
        }
    }

    /// Together; where that fails, one by one: who fails alone is parked.
    fn close_all(&self, cloud: &str, ids: Vec<OwnerId>) -> Result<(), EngineError> {
        let together = ids.clone();
        let done = self.work("close_periods", cloud, move |work| {
            work.load(&together)?;
            let now = work.now;
            for id in &together {
                work.bring_to(*id, now)?;
                work.seal_corrections(*id)?;
            }
            work.count_sealed(&together)?;
            work.look_beside(&together)?;
            work.flush_postings()?; // of all of them at once
            together.iter().try_for_each(|id| close(work, *id))
        });
        let Err(error) = done else { return Ok(()) };
        let [alone] = ids[..] else {
            return ids.into_iter().try_for_each(|id| self.close_all(cloud, vec![id]));
        };
        // The store is out of order, not the account.
        match &error {
            Refused::ByRule { .. }
            | Refused::Engine(EngineError::Settle(_) | EngineError::Store(StoreError::Corrupt(_))) => {}
            Refused::Engine(_) => return Err(engine_error(error)),
        }
        let why = format!("its billing period cannot be closed: {error}");
        self.work("park_account", cloud, move |work| {
            work.load(&[alone])?;
            work.park(alone, &why);
            Ok(())
        })
        .map_err(engine_error)
    }
}

/// Closes what is to be closed of an account that was brought to now, one period after another, each with its own date.
fn close(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), Refused> {
    let now = work.now;
    while let Some(at) = work.folio(id).state.bill_at.filter(|at| *at <= now) {
        close_period(work, id, at)?;
    }
    Ok(())
}

fn close_period(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<(), Refused> {
    let billing = work.billing(id)?;
    let (until, upto) = (billing.until, billing.until.max(billing.cut.upto));
    let (mut waiting, mut apart) = (billing.waiting.clone(), billing.apart.clone());
    let uses = less_apart(waiting.take(upto), &mut apart);
    let by_cycle = work.policy_at(at)?.bill.on.contains(&BillOn::Cycle);
    let asks = uses.iter().any(|one| one.billed != 0);
    let mut subscribed = Vec::new();
    if by_cycle && !work.has_none(id, Beside::Subscriptions) {
        subscribed = work.tx.subscriptions_of(id)?;
    }
    let renewals = renewals_due(work, id, &subscribed, until)?;
    let renews = !renewals.is_empty();
    // Where nobody is billed by the period, what waits for a bill goes on waiting.
    if by_cycle || !asks {
        let fees = fees_due(work, id, at)?;
        let found = Document { waiting, apart, uses, upto, dated: at, renewals, fees };
        if let Some((row, Collection::Collect(_))) = documents(work, id, found)? {
            let payer = work.folio(id).payer.clone();
            collect(work, &payer, &row, &[])?;
        }
    }
    let next = work.period_of(id, until)?;
    let folio = work.folio(id);
    let goes_on = !folio.book.lines.is_empty() || folio.unbilled != 0 || fees_wait(work, id)?;
    let waits = !work.billing(id)?.waiting.lines().is_empty();
    work.folio(id).state.bill_at = None;
    if goes_on || waits {
        work.set_period(id, next)?;
    }
    if renews {
        subscribed = work.tx.subscriptions_of(id)?;
    }
    await_renewals(work, &subscribed)?;
    Ok(())
}

/// What a document is about, and what waits behind it.
pub(super) struct Document {
    pub(super) waiting: Consumption,
    pub(super) apart: Apart,
    pub(super) uses: Vec<BilledUse>,
    /// It reaches up to there.
    pub(super) upto: Instant,
    pub(super) dated: Instant,
    pub(super) renewals: Vec<Renewal>,
    pub(super) fees: Vec<Fee>,
}

/// Issues the bill of these lines, or where there is nothing to ask for the statement of what was used. A bill that would come to nothing, or to
/// less, is none: its lines wait for the next.
pub(super) fn documents(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    found: Document,
) -> Result<Option<(BillRow, Collection)>, Refused> {
    let Document { waiting, apart, uses, upto, dated, renewals, fees } = found;
    let payer = work.folio(id).payer.clone(); // it may have an account of what waits by now
    let taken =
        Consumption::of(uses.iter().map(|one| one.line.clone()).filter(|line| line.used != Used::NOTHING).collect());
    let billed: i64 = uses.iter().map(|one| one.billed).fold(0, i64::saturating_add);
    let asks = uses.iter().any(|one| one.billed != 0);
    let mut lines = lines_of(work, &payer, uses, dated)?;
    let used = lines.iter().any(|line| line.used.is_some());
    let mut issued = None;
    lines.extend(fees.iter().map(|fee| fee.line.clone()));
    if asks || !renewals.is_empty() || !fees.is_empty() {
        issued = bill_of(work, id, lines.clone(), &renewals, dated)?;
        if let Some((row, _)) = &issued {
            let folio = work.folio(id);
            folio.unbilled = folio.unbilled.saturating_sub(billed);
            let bill = row.id;
            covers(work, id, (row, upto), (taken, waiting), apart)?;
            fees_billed(work, fees, bill)?;
        } else if !renewals.is_empty() {
            // What is to come lowers the use by more than it costs: the next bill has that, and the renewals have theirs.
            issued = bill_of(work, id, Vec::new(), &renewals, dated)?;
        }
        for renewal in renewals {
            let billed = match &issued {
                Some((row, _)) => order_billed(row, &renewal)?,
                None => OrderBilled::default(),
            };
            renewed(work, renewal, billed)?;
        }
    } else if used {
        let row = issue_statement(work, &payer, &lines, dated)?;
        covers(work, id, (&row, upto), (taken, waiting), apart)?;
    }
    Ok(issued)
}

fn bill_of(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    mut lines: Vec<BillLine>,
    renewals: &[Renewal],
    dated: Instant,
) -> Result<Option<(BillRow, Collection)>, Refused> {
    let payer = work.folio(id).payer.clone();
    // First what is paid ahead, then what was used.
    lines.splice(0..0, renewals.iter().map(|renewal| renewal.line.clone()));
    lines.extend(brought_forward(work, &payer)?);
    let balance = payable(work, id);
    let offered = coupons_for_bill(work, id, &lines)?;
    let terms = Terms { balance, due: None, dated, offered: &offered, reserved: None, replaces: None };
    issue_bill_on(work, &payer, lines, &terms)
}

/// The bill of a renewal, and what coupons took off its line.
fn order_billed(row: &BillRow, renewal: &Renewal) -> Result<OrderBilled, EngineError> {
    let origin = origin_text(&renewal.line.origin);
    let lines = Body::parse(&row.body)?.lines;
    let coupon = lines.iter().filter(|line| line.origin == origin).map(|line| line.coupon).sum();
    Ok(OrderBilled { bill: Some(row.id), coupon })
}

/// A document is about what was sealed up to an instant: that waits no more.
fn covers(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    (row, upto): (&BillRow, Instant),
    (used, waiting): (Consumption, Consumption),
    apart: Apart,
) -> Result<(), EngineError> {
    let folio = work.folio(id);
    let sealed = i64::try_from(folio.sealed.len()).map_err(broken)?;
    let chain = folio.state.sealed.saturating_add(sealed);
    let billing = work.billing(id)?;
    let cut = Cut { upto, chain };
    billing.cut = cut;
    billing.waiting = waiting;
    billing.apart = apart;
    let (since, until) = (billing.since, billing.until);
    let row = BillCutRow { account: id, place: row.place, bill: row.id, since, until, cut, used };
    Ok(work.tx.bill_cut_insert(&row)?)
}

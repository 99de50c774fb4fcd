//! What there is to know of an account's arrears.

use crate::EngineError;
use crate::Refused;
use crate::folio::Work;
use crate::record_fact::product_of;
use farthing_core::bank::RowState;
use farthing_core::bill::BillState;
use farthing_core::catalog::{AtZero, OnDelete, OnPurge, OnSuspend, Product};
use farthing_core::config::Cadence;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::payment::State as PaymentState;
use farthing_core::policy::{Measure, Pay};
use farthing_core::settle::{Question, SettleError};
use farthing_core::standing::{Cause, Facts, Guard, Ladder, Lately, Limits, Rung, Terms, exceeded};
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::State;
use farthing_core::trial::TrialState;
use farthing_store::{ThingKind, ThingRow};

pub(super) struct Found {
    pub(super) facts: Facts,
    pub(super) terms: Terms,
    pub(super) arrears: Arrears,
    /// When it has to be looked at again although nothing happens.
    pub(super) again: Option<Instant>,
}

const DAY_SECONDS: u32 = 86_400;

pub(super) fn gather(work: &mut Work<'_, '_>, id: OwnerId, ladder: Option<&Ladder>) -> Result<Found, Refused> {
    let now = work.now;
    let policy = work.policy_at(now)?.clone();
    let (arrears, again) = arrears_of(work, id)?;
    let reached = ladder.and_then(|ladder| ladder.reached);
    // A ladder goes on until it is paid; it begins where something would be touched.
    let touches = match (arrears, ladder) {
        (Some((cause, _)), None) => !affected(work, id, cause)?.is_empty(),
        (Some((cause, _)), Some(ladder)) if ladder.cause == Cause::Paid => affected(work, id, cause)?
            .iter()
            .any(|(thing, _)| State::parse(&thing.state).is_some_and(|state| !state.is_gone())),
        (Some(_), Some(_)) => true,
        (None, _) => false,
    };
    let in_arrears = arrears.is_some() && touches;
    let closed = work.folio(id).payer.closed.is_some();
    let floor = policy.zero.floor.map(Money::units);
    let folio = work.folio(id);
    let spendable = folio.book.figures(now.floor_second(), Question::Standing)?.spendable;
    let beyond_floor = floor.is_some_and(|floor| spendable <= floor.saturating_neg());
    let mut again = again;
    if let (Some(floor), true, None) = (floor.filter(|_| !beyond_floor), in_arrears, reached) {
        let falls = folio.book.falls_below_at(now, floor.saturating_neg().saturating_add(1))?;
        again = again.into_iter().chain(falls).min();
    }
    let wait = policy.auto_refill.as_ref().map_or(Duration::from_seconds(600), |refill| refill.refill_wait);
    // It waits for payments once, however many are begun one after another.
    let waits = work.tx.payments_open(id)?.iter().any(|row| row.state != PaymentState::Review);
    let due = match ladder {
        Some(ladder) => ladder.due(Rung::Suspend).map_err(SettleError::from)?,
        None => arrears.map(|(_, since)| since),
    };
    let payment_until =
        due.filter(|_| waits).map(|due| due.checked_add(wait)).transpose().map_err(SettleError::from)?;
    let guards = if reached.is_some() { guards(work, id)? } else { Vec::new() };
    let trial = work.tx.trial(id)?.filter(|row| row.trial.state == TrialState::RunOut);
    let destroy_after = trial.and(policy.trial.as_ref()).and_then(|trial| trial.destroy_after_run_out);
    Ok(Found {
        facts: Facts { in_arrears: in_arrears && !closed, beyond_floor, payment_until, guards },
        terms: Terms::of(&policy.ladder, destroy_after),
        arrears,
        again,
    })
}

/// Why an account is in arrears, and since when.
type Arrears = Option<(Cause, Instant)>;

/// The arrears of an account; and when it may come to have some.
fn arrears_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(Arrears, Option<Instant>), EngineError> {
    let now = work.now;
    let settle = work.policy_at(now)?.settle.clone();
    // The account that a wallet is in goes on paying, where it does not stop.
    let stops = work.tx.wallet(id)?.is_none_or(|wallet| wallet.stop_on_overdue);
    let folio = work.folio(id);
    let ahead = folio.pays_ahead(settle.pay);
    let mut again = None;
    let out = match folio.state.ran_out_at.filter(|_| ahead && stops) {
        // The balance that is shown moves when it is settled, and not before (R66).
        Some(at) if settle.measure == Measure::Balance => {
            let balance = folio.book.figures(now.floor_second(), Question::Standing)?.balance;
            if balance > 0
                && let Cadence::Every(step) = settle.every
            {
                again = farthing_core::time::Period::utc_multiple_of(step, now).map(|period| period.end());
            }
            (balance <= 0).then_some((Cause::Out, at.max(now.floor_second())))
        }
        found => found.map(|at| (Cause::Out, at)),
    };
    if out.is_some() {
        return Ok((out, again));
    }
    let overdue = work.tx.bills_open(id)?;
    let overdue = overdue.iter().filter(|bill| bill.state == BillState::Overdue && bill.owed_units() > 0);
    let since = overdue.filter_map(|bill| bill.due).min();
    Ok((since.map(|at| (Cause::Due, at)), again))
}

/// What the steps of an account touch: what is there, or was deleted by us.
pub(super) fn affected(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    cause: Cause,
) -> Result<Vec<(ThingRow, Product)>, EngineError> {
    let mut found = Vec::new();
    for thing in work.tx.things_of_account(id)? {
        if thing.kind != ThingKind::Resource || thing.account != id || thing.state == State::Purged.name() {
            continue;
        }
        let product = product_of(work, &thing)?;
        let touched = product.on_suspend != OnSuspend::Nothing
            || product.on_delete != OnDelete::Nothing
            || product.on_purge != OnPurge::Nothing;
        let payer = work.folio(id).payer.clone();
        // What is paid on a bill runs on while that is not past due; what may finish is not stopped (R77).
        let counts = match cause {
            Cause::Out => work.pay_of(product.pay, &payer)? == Pay::Prepaid && product.at_zero == AtZero::Steps,
            Cause::Due | Cause::Paid => true,
            // A space has a ladder of its own.
            Cause::Space => false,
        };
        if touched && counts {
            found.push((thing, product));
        }
    }
    Ok(found)
}

/// What keeps anything of an account from being destroyed.
pub(super) fn guards(work: &mut Work<'_, '_>, id: OwnerId) -> Result<Vec<Guard>, Refused> {
    let cloud = work.cloud.id.clone();
    let mut guards = Vec::new();
    let open = work.tx.payments_open(id)?;
    // A page that somebody opened and left is no payment.
    let waits = |state| matches!(state, PaymentState::Pending | PaymentState::Unknown | PaymentState::Review);
    if open.iter().any(|row| waits(row.state)) {
        guards.push(Guard::Payment);
    }
    if !work.tx.bank_rows(&cloud, Some(RowState::Waiting), None, None, 1)?.is_empty() {
        guards.push(Guard::BankMoney);
    }
    if work.tx.bills_open(id)?.iter().any(|bill| bill.disputed > 0) {
        guards.push(Guard::Dispute);
    }
    if !work.folio(id).state.parked.is_empty() {
        guards.push(Guard::Parked);
    }
    let name = work.folio(id).payer.name.clone();
    if work.tx.is_kept(&cloud, "account", &name)? {
        guards.push(Guard::Keep);
    }
    let is_on = work.tx.brake(&cloud)?.is_some_and(|brake| brake.braked.is_some());
    if is_on || too_much(work)?.is_some() {
        guards.push(Guard::Brake);
    }
    Ok(guards)
}

/// What the cloud's last day saw too much of; none: it was a day as any other.
pub(super) fn too_much(work: &mut Work<'_, '_>) -> Result<Option<String>, Refused> {
    let (cloud, now) = (work.cloud.id.clone(), work.now);
    let ago = |days: u32| {
        let by = Duration::from_seconds(DAY_SECONDS.saturating_mul(days));
        now.checked_sub(by).map_err(SettleError::from).map_err(EngineError::from)
    };
    let (day, month) = (ago(1)?, ago(31)?);
    let accepted = work.tx.brake(&cloud)?.and_then(|brake| brake.accepted);
    let from = accepted.map_or(day, |accepted| accepted.max(day));
    let (suspended, deletions) = work.tx.instructions_between(&cloud, from, now)?;
    let (_, deletions_before) = work.tx.instructions_between(&cloud, month, day)?;
    let lately = Lately { accounts: work.tx.accounts_count(&cloud)?, suspended, deletions, deletions_before };
    let limits = Limits::of(&work.policy_at(now)?.brake);
    Ok(exceeded(&limits, &lately))
}

/// Whether a step touches a thing, as it is now.
pub(super) fn is_touched(thing: &ThingRow, product: &Product, rung: Rung) -> bool {
    let state = State::parse(&thing.state);
    match rung {
        Rung::Suspend => match product.on_suspend {
            OnSuspend::Stop => state.is_some_and(State::is_alive),
            OnSuspend::Lock => state.is_some_and(|state| !state.is_gone()),
            OnSuspend::Nothing => false,
        },
        Rung::Delete => product.on_delete != OnDelete::Nothing && state.is_some_and(|state| !state.is_gone()),
        Rung::Budget | Rung::Lock | Rung::Empty => false,
        Rung::Purge => product.on_purge != OnPurge::Nothing && state == Some(State::Deleted),
    }
}

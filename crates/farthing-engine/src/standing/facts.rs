//! What there is to know of an account's arrears.

use super::BACK_SECONDS;
use crate::EngineError;
use crate::Refused;
use crate::folio::Work;
use crate::orders;
use crate::record_fact::product_of;
use farthing_core::bank::RowState;
use farthing_core::bill::BillState;
use farthing_core::catalog::{AtZero, Kind, OnDelete, OnPurge, OnSuspend, Product};
use farthing_core::config::Cadence;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::payment::{BillId, State as PaymentState};
use farthing_core::policy::{Measure, Pay};
use farthing_core::settle::{Question, SettleError, ThingId};
use farthing_core::standing::{Cause, Facts, Guard, Ladder, Lately, Limits, Rung, Terms, exceeded};
use farthing_core::term::SubscriptionState;
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::State;
use farthing_core::trial::TrialState;
use farthing_store::{BillRow, SubscriptionRow, ThingKind, ThingRow};

pub(super) struct Found {
    pub(super) facts: Facts,
    pub(super) terms: Terms,
    pub(super) arrears: Arrears,
    /// When it has to be looked at again although nothing happens.
    pub(super) again: Option<Instant>,
}

const DAY_SECONDS: u32 = 86_400;

/// Something that a step touches.
pub(super) struct Subject {
    pub(super) id: ThingId,
    pub(super) name: String,
    pub(super) product: Product,
    pub(super) state: Option<State>,
    pub(super) of: Of,
}

/// What is metered, or what was bought for a time.
pub(super) enum Of {
    Thing(Box<ThingRow>),
    Term(i64),
}

impl Subject {
    fn of_thing(thing: ThingRow, product: Product) -> Subject {
        let (id, name, state) = (thing.id, thing.name.clone(), State::parse(&thing.state));
        Subject { id, name, product, state, of: Of::Thing(Box::new(thing)) }
    }

    fn of_term(row: SubscriptionRow, product: Product) -> Subject {
        let state = match row.state {
            SubscriptionState::Running => Some(State::Running),
            SubscriptionState::Stopped | SubscriptionState::Paused => Some(State::Stopped),
            SubscriptionState::Suspended => Some(State::Suspended),
            SubscriptionState::Expired | SubscriptionState::Ended | SubscriptionState::Converted => {
                Some(State::Deleted)
            }
            SubscriptionState::Pending => None,
        };
        Subject { id: ThingId(row.id), name: row.name, product, state, of: Of::Term(row.id) }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.state.is_none_or(State::is_gone)
    }
}

pub(super) fn gather(work: &mut Work<'_, '_>, id: OwnerId, ladder: Option<&Ladder>) -> Result<Found, Refused> {
    let now = work.now;
    let policy = work.policy_at(now)?.clone();
    let (arrears, again) = arrears_of(work, id)?;
    let reached = ladder.and_then(|ladder| ladder.reached);
    // A ladder goes on until it is paid; it begins where something would be touched.
    let touches = match (arrears, ladder) {
        (Some((cause, _)), None) => !affected(work, id, cause)?.is_empty(),
        (Some((cause, _)), Some(ladder)) if ladder.cause == Cause::Paid => {
            affected(work, id, cause)?.iter().any(|subject| !subject.is_gone())
        }
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
    let terms = match work.tx.trial(id)? {
        Some(row) if is_of_trial(row.trial.state, reached) => {
            Terms::of_trial(&policy.ladder, policy.trial.as_ref().and_then(|trial| trial.destroy_after_run_out))
        }
        _ => Terms::of(&policy.ladder),
    };
    Ok(Found {
        facts: Facts { in_arrears: in_arrears && !closed, beyond_floor, payment_until, guards },
        terms,
        arrears,
        again,
    })
}

/// Whether what an account owes is its trial's: until something has paid, and then until what was made in it is gone.
fn is_of_trial(state: TrialState, reached: Option<Rung>) -> bool {
    match state {
        TrialState::Running | TrialState::Converting | TrialState::RunOut => true,
        TrialState::Destroyed => reached >= Some(Rung::Delete),
        TrialState::Converted | TrialState::Ended => false,
    }
}

/// Why an account is in arrears, and since when.
type Arrears = Option<(Cause, Instant)>;

/// The arrears of an account; and when it may come to have some.
fn arrears_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(Arrears, Option<Instant>), Refused> {
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
    let overdue = overdue_of(work, id)?;
    // What is owed of a bill leaves nothing to spend either. Where that stops nothing of its own, it is the bill that is in arrears.
    let is_bill = out.is_some() && !overdue.is_empty() && !runs_ahead(work, id)?;
    if out.is_some() && !is_bill {
        return Ok((out, again));
    }
    let since = overdue.iter().filter_map(|bill| bill.due).min();
    Ok((since.map(|at| (Cause::Due, at)), again))
}

/// Whether anything of an account is taken off its balance, and touched by steps.
fn runs_ahead(work: &mut Work<'_, '_>, id: OwnerId) -> Result<bool, Refused> {
    Ok(affected_by(work, id, Cause::Out, &[])?.iter().any(|subject| !subject.is_gone()))
}

/// An account's bills that are past due, and that something is owed of.
fn overdue_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<Vec<BillRow>, EngineError> {
    let mut bills = work.tx.bills_open(id)?;
    bills.retain(|bill| bill.state == BillState::Overdue && bill.owed_units() > 0);
    Ok(bills)
}

/// What the steps of an account touch: what is there, or was deleted by us.
pub(super) fn affected(work: &mut Work<'_, '_>, id: OwnerId, cause: Cause) -> Result<Vec<Subject>, Refused> {
    let bills = match cause {
        Cause::Out | Cause::Due => overdue_of(work, id)?.iter().map(|bill| bill.id).collect(),
        Cause::Paid | Cause::Space | Cause::Off => Vec::new(),
    };
    affected_by(work, id, cause, &bills)
}

/// The same. `bills`: those that are past due.
fn affected_by(work: &mut Work<'_, '_>, id: OwnerId, cause: Cause, bills: &[BillId]) -> Result<Vec<Subject>, Refused> {
    let mut found = Vec::new();
    let asks = |product: &Product| {
        product.on_suspend != OnSuspend::Nothing
            || product.on_delete != OnDelete::Nothing
            || product.on_purge != OnPurge::Nothing
    };
    for thing in work.tx.things_of_account(id)? {
        if thing.kind != ThingKind::Resource || thing.account != id || thing.state == State::Purged.name() {
            continue;
        }
        let product = product_of(work, &thing)?;
        let payer = work.folio(id).payer.clone();
        // What is paid on a bill runs on while that is not past due; what may finish is not stopped (R77).
        let counts = match cause {
            Cause::Out => match work.pay_of(product.pay, &payer)? {
                Pay::Prepaid => product.at_zero == AtZero::Steps,
                Pay::Postpaid => !bills.is_empty(),
            },
            Cause::Due | Cause::Paid => true,
            // One thing has a ladder of its own.
            Cause::Space | Cause::Off => false,
        };
        // A space is what was bought of it.
        if asks(&product) && counts && product.kind != Kind::Term {
            found.push(Subject::of_thing(thing, product));
        }
    }
    // What is paid for a time runs to its end. What stands on the very bill that is past due is not paid.
    for row in orders::unpaid(work, id, bills)? {
        let product = orders::product_of_term(work, &row)?;
        // A space has a ladder of its own.
        if asks(&product) && product.size.is_none() {
            found.push(Subject::of_term(row, product));
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
    let back = work.tx.steps_back_since()?;
    if back.is_some_and(|back| work.now.seconds_since(back) < BACK_SECONDS) {
        guards.push(Guard::Unread);
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

/// Whether a step touches something, as it is now.
pub(super) fn is_touched(subject: &Subject, rung: Rung) -> bool {
    let Subject { product, state, .. } = subject;
    match rung {
        Rung::Suspend => match product.on_suspend {
            OnSuspend::Stop => state.is_some_and(State::is_alive),
            OnSuspend::Lock => !subject.is_gone(),
            OnSuspend::Nothing => false,
        },
        Rung::Delete => product.on_delete != OnDelete::Nothing && !subject.is_gone(),
        Rung::Budget | Rung::Lock | Rung::Empty | Rung::Release => false,
        Rung::Purge => {
            let is_metered = matches!(subject.of, Of::Thing(_));
            is_metered && product.on_purge != OnPurge::Nothing && *state == Some(State::Deleted)
        }
    }
}

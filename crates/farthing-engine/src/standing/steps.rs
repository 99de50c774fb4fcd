//! The steps themselves, down and up again.

use super::facts::{Of, affected, is_touched};
use super::instruct::{About, cancel_open, instruct};
use crate::folio::Work;
use crate::gate;
use crate::orders;
use crate::record_fact::{FactToTell, tell};
use crate::{EngineError, Refused};
use farthing_core::catalog::{OnDelete, OnSuspend};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::{Event, StepTold};
use farthing_core::policy::SuspendBilling;
use farthing_core::settle::{Question, ThingId};
use farthing_core::standing::{Cause, Deed, InstructionState, Ladder, Rung};
use farthing_core::term::SubscriptionState;
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::{State, What};
use farthing_store::ThingKind;

/// What is said of a step.
pub(super) fn told(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    ladder: &Ladder,
    rung: Rung,
    resources: Vec<String>,
) -> Result<StepTold, EngineError> {
    let now = work.now;
    let folio = work.folio(id);
    let figures = folio.book.figures(now.floor_second(), Question::Standing)?;
    let (account, owed) = (folio.payer.name.clone(), figures.debt.saturating_add(figures.accrued_prepaid));
    let owed =
        if ladder.cause == Cause::Due { folio.book.overdue } else { owed.saturating_sub(figures.cash.max(0)).max(0) };
    Ok(StepTold {
        account,
        thing: None,
        rung,
        cause: ladder.cause,
        at: now,
        ahead: None,
        balance: work.money(figures.spendable),
        owed: work.money(owed),
        resources,
        stays: Vec::new(),
        restorable_until: None,
    })
}

/// Says that a step comes.
pub(super) fn announce(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    ladder: &Ladder,
    (rung, ahead, at): (Rung, Duration, Instant),
) -> Result<(), Refused> {
    let touched = touched(work, id, ladder, rung)?;
    let mut told = told(work, id, ladder, rung, touched)?;
    (told.at, told.ahead) = (at, Some(ahead));
    work.tell(Some(id), Event::StepAnnounced(told));
    Ok(())
}

/// What a step would touch. A deletion that is announced before the suspension touches what runs until then.
fn touched(work: &mut Work<'_, '_>, id: OwnerId, ladder: &Ladder, rung: Rung) -> Result<Vec<String>, Refused> {
    let all = affected(work, id, ladder.cause)?;
    Ok(all.into_iter().filter(|subject| is_touched(subject, rung)).map(|subject| subject.name).collect())
}

/// Takes a step: things change in our books where that is ours to say, and the cloud is asked for the rest.
pub(super) fn take(work: &mut Work<'_, '_>, id: OwnerId, ladder: &Ladder, rung: Rung) -> Result<(), Refused> {
    let now = work.now;
    let cloud = work.cloud.id.clone();
    let ours = work.policy_at(now)?.ladder.suspend_bills_until == SuspendBilling::Ordered;
    let mut names = Vec::new();
    for subject in affected(work, id, ladder.cause)? {
        if !is_touched(&subject, rung) || (rung.destroys() && work.tx.is_kept(&cloud, "resource", &subject.name)?) {
            continue;
        }
        let product = &subject.product;
        let deed = match (rung, product.on_suspend, product.on_delete) {
            (Rung::Suspend, OnSuspend::Stop, _) => Deed::Stop,
            (Rung::Budget | Rung::Suspend | Rung::Lock, _, _) => Deed::Lock,
            (Rung::Delete | Rung::Release, _, OnDelete::KeepData) => Deed::DeleteKeepData,
            (Rung::Delete | Rung::Empty | Rung::Release | Rung::Purge, _, _) => Deed::DeleteData,
        };
        if rung == Rung::Purge && !was_kept(work, subject.id)? {
            continue;
        }
        if deed == Deed::Stop && ours {
            // It costs as a suspended thing from this instant on, whenever the cloud does it.
            match &subject.of {
                Of::Thing(thing) => {
                    tell(work, thing, &FactToTell { at: now, key: None, what: What::Suspend, flagged: false })?;
                }
                Of::Term(term) => orders::suspend(work, *term)?,
            }
        }
        let about = About { id: subject.id, name: &subject.name, product: &subject.product.id };
        instruct(work, id, about, deed, rung)?;
        names.push(subject.name);
    }
    if rung == Rung::Suspend && !names.is_empty() {
        let told = told(work, id, ladder, rung, names)?;
        work.tell(Some(id), Event::AccountSuspended(told));
    }
    Ok(())
}

/// Whether a thing was deleted by us, and can be restored.
fn was_kept(work: &mut Work<'_, '_>, thing: ThingId) -> Result<bool, EngineError> {
    let newest = work.tx.instructions_of(thing)?.into_iter().next();
    Ok(newest.is_some_and(|row| row.deed == Deed::DeleteKeepData && row.state == InstructionState::Confirmed))
}

/// Whether an account has anything that was deleted by us, and is to be purged.
pub(super) fn has_deleted(work: &mut Work<'_, '_>, id: OwnerId) -> Result<bool, Refused> {
    for subject in affected(work, id, Cause::Paid)? {
        if is_touched(&subject, Rung::Purge) && was_kept(work, subject.id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The arrears are paid: what was to be done is not done any more, and exactly what we stopped comes back.
pub(super) fn rise(work: &mut Work<'_, '_>, id: OwnerId, ladder: &Ladder) -> Result<(), Refused> {
    let now = work.now;
    cancel_open(work, id, "the arrears are paid")?;
    if ladder.reached.is_none() {
        return Ok(());
    }
    let resume = work.policy_at(now)?.resume.clone();
    let (mut back, mut stays) = (Vec::new(), Vec::new());
    for thing in work.tx.things_of_account(id)? {
        if thing.kind != ThingKind::Resource || thing.account != id {
            continue;
        }
        let newest = work.tx.instructions_of(thing.id)?.into_iter().next();
        if thing.state == State::Suspended.name() {
            if work.is_stopped_by_budget(&thing)? {
                stays.push(thing.name);
                continue;
            }
            let may = !resume.needs_start_minimum || gate::may_start_again(work, &thing)?;
            if resume.auto && may {
                instruct(work, id, &thing, Deed::Resume, Rung::Suspend)?;
                back.push(thing.name);
            } else {
                stays.push(thing.name);
            }
        } else if newest.is_some_and(|row| row.deed == Deed::Lock && row.rung == Rung::Suspend) {
            instruct(work, id, &thing, Deed::Unlock, Rung::Suspend)?;
            back.push(thing.name);
        }
    }
    // What was suspended because its bill was past due is paid: it needs no minimum to go on.
    for row in work.tx.subscriptions_of(id)? {
        let newest = work.tx.instructions_of(ThingId(row.id))?.into_iter().next();
        let deed = match row.state {
            SubscriptionState::Suspended => Deed::Resume,
            state if !state.is_over() && newest.is_some_and(|row| row.deed == Deed::Lock) => Deed::Unlock,
            _ => continue,
        };
        if deed == Deed::Unlock || resume.auto {
            instruct(work, id, &row, deed, Rung::Suspend)?;
            back.push(row.name);
        } else {
            stays.push(row.name);
        }
    }
    if !back.is_empty() || !stays.is_empty() {
        let mut told = told(work, id, ladder, Rung::Suspend, back)?;
        told.stays = stays;
        work.tell(Some(id), Event::AccountResumed(told));
    }
    Ok(())
}

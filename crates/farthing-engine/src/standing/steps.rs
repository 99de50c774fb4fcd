//! The steps themselves, down and up again.

use super::facts::{affected, is_touched};
use super::instruct::{cancel_open, instruct};
use crate::folio::Work;
use crate::gate;
use crate::record_fact::{FactToTell, tell};
use crate::{EngineError, Refused};
use farthing_core::catalog::{OnDelete, OnSuspend};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::{Event, StepTold};
use farthing_core::policy::SuspendBilling;
use farthing_core::settle::Question;
use farthing_core::standing::{Cause, Deed, InstructionState, Ladder, Rung};
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::{State, What};
use farthing_store::{ThingKind, ThingRow};

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
fn touched(work: &mut Work<'_, '_>, id: OwnerId, ladder: &Ladder, rung: Rung) -> Result<Vec<String>, EngineError> {
    let all = affected(work, id, ladder.cause)?;
    let own = all.iter().filter(|(thing, product)| is_touched(thing, product, rung));
    Ok(own.map(|(thing, _)| thing.name.clone()).collect())
}

/// Takes a step: things change in our books where that is ours to say, and the cloud is asked for the rest.
pub(super) fn take(work: &mut Work<'_, '_>, id: OwnerId, ladder: &Ladder, rung: Rung) -> Result<(), Refused> {
    let now = work.now;
    let cloud = work.cloud.id.clone();
    let ours = work.policy_at(now)?.ladder.suspend_bills_until == SuspendBilling::Ordered;
    let mut names = Vec::new();
    for (thing, product) in affected(work, id, ladder.cause)? {
        if !is_touched(&thing, &product, rung)
            || (rung.destroys() && work.tx.is_kept(&cloud, "resource", &thing.name)?)
        {
            continue;
        }
        let deed = match (rung, product.on_suspend, product.on_delete) {
            (Rung::Suspend, OnSuspend::Stop, _) => Deed::Stop,
            (Rung::Budget | Rung::Suspend | Rung::Lock, _, _) => Deed::Lock,
            (Rung::Delete, _, OnDelete::KeepData) => Deed::DeleteKeepData,
            (Rung::Delete | Rung::Empty | Rung::Purge, _, _) => Deed::DeleteData,
        };
        if rung == Rung::Purge && !was_kept(work, &thing)? {
            continue;
        }
        if deed == Deed::Stop && ours {
            // It costs as a suspended thing from this instant on, whenever the cloud does it.
            tell(work, &thing, &FactToTell { at: now, key: None, what: What::Suspend, flagged: false })?;
        }
        instruct(work, id, &thing, deed, rung)?;
        names.push(thing.name);
    }
    if rung == Rung::Suspend && !names.is_empty() {
        let told = told(work, id, ladder, rung, names)?;
        work.tell(Some(id), Event::AccountSuspended(told));
    }
    Ok(())
}

/// Whether a thing was deleted by us, and can be restored.
fn was_kept(work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<bool, EngineError> {
    let newest = work.tx.instructions_of(thing.id)?.into_iter().next();
    Ok(newest.is_some_and(|row| row.deed == Deed::DeleteKeepData && row.state == InstructionState::Confirmed))
}

/// Whether an account has anything that was deleted by us, and is to be purged.
pub(super) fn has_deleted(work: &mut Work<'_, '_>, id: OwnerId) -> Result<bool, EngineError> {
    for (thing, product) in affected(work, id, Cause::Paid)? {
        if is_touched(&thing, &product, Rung::Purge) && was_kept(work, &thing)? {
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
    if !back.is_empty() || !stays.is_empty() {
        let mut told = told(work, id, ladder, Rung::Suspend, back)?;
        told.stays = stays;
        work.tell(Some(id), Event::AccountResumed(told));
    }
    Ok(())
}

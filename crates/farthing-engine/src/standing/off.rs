//! What its owner has switched off for long is given up (R88): announced as a deletion is, kept by what keeps one, and let be as soon as it is
//! switched on. When each step comes is decided as for an account (`standing::next`).

use super::facts::{Found, guards};
use super::instruct::{cancel, instruct};
use super::steps::told;
use crate::folio::Work;
use crate::record_fact::product_of;
use crate::{EngineError, Refused};
use farthing_core::catalog::{Kind, OnDelete};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::{Event, StepTold};
use farthing_core::settle::SettleError;
use farthing_core::standing::{Cause, Deed, Facts, Guard, Ladder, Rung, Terms};
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::{State, What};
use farthing_store::{LadderOf, ThingRow};

/// After how long a thing of this kind is given up; none: never. What is untouched by deletions is by this one.
fn release_after(work: &Work<'_, '_>, thing: &ThingRow) -> Result<Option<Duration>, EngineError> {
    let product = product_of(work, thing)?;
    let after = product.release_when_off.or(work.policy_at(work.now)?.ladder.release_when_off);
    Ok(after.filter(|_| product.kind == Kind::Running && product.on_delete != OnDelete::Nothing))
}

fn whose(thing: &ThingRow) -> LadderOf {
    LadderOf { account: thing.account, thing: Some(thing.id) }
}

/// A thing has come to another state, or to another payer: where that is anything to it, it is looked at right after this.
pub(crate) fn state_changed(work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<(), EngineError> {
    if release_after(work, thing)?.is_none() {
        return Ok(()); // one that is under way sees so at its next time
    }
    let is_off = thing.state == State::Stopped.name();
    if is_off || work.tx.ladder(whose(thing))?.is_some() {
        let (cloud, now) = (work.cloud.id.clone(), work.now);
        work.tx.ladder_look(whose(thing), &cloud, now)?;
    }
    Ok(())
}

/// Since when it is off, and its payer's.
fn off_since(work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<Instant, EngineError> {
    let facts = work.facts_of(thing)?;
    let moved = facts.iter().filter(|fact| matches!(fact.what, What::Move(_))).map(|fact| fact.at).max();
    Ok(moved.map_or(thing.since, |moved| moved.max(thing.since)))
}

pub(super) fn gather(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    thing: &ThingRow,
    ladder: Option<&Ladder>,
) -> Result<Found, Refused> {
    let now = work.now;
    let is_open = work.folio(account).payer.closed.is_none();
    let is_off = thing.state == State::Stopped.name() && thing.account == account && is_open;
    let after = release_after(work, thing)?.filter(|_| is_off);
    let since = off_since(work, thing)?;
    let due = ladder.map(|ladder| ladder.due(Rung::Release)).transpose().map_err(SettleError::from)?.flatten();
    let mut keeps = Vec::new();
    if due.is_some_and(|due| due <= now) {
        keeps = guards(work, account)?;
        let cloud = work.cloud.id.clone();
        if work.tx.is_kept(&cloud, "resource", &thing.name)? && !keeps.contains(&Guard::Keep) {
            keeps.push(Guard::Keep);
        }
    }
    let policy = &work.policy_at(now)?.ladder;
    Ok(Found {
        facts: Facts { in_arrears: after.is_some(), beyond_floor: false, payment_until: None, guards: keeps },
        terms: after.map(|after| Terms::of_off(policy, after)).unwrap_or_default(),
        arrears: after.map(|_| (Cause::Off, since)),
        again: None,
    })
}

/// Says that it is given up then.
pub(super) fn announce(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    thing: &ThingRow,
    ladder: &Ladder,
    (rung, ahead, at): (Rung, Duration, Instant),
) -> Result<(), Refused> {
    let told = told(work, account, ladder, rung, vec![thing.name.clone()])?;
    let told = StepTold { thing: Some(thing.id), at, ahead: Some(ahead), ..told };
    work.tell(Some(account), Event::StepAnnounced(told));
    Ok(())
}

/// Its time has come: the cloud is asked.
pub(super) fn take(work: &mut Work<'_, '_>, account: OwnerId, thing: &ThingRow) -> Result<(), Refused> {
    let deed = match product_of(work, thing)?.on_delete {
        OnDelete::KeepData => Deed::DeleteKeepData,
        OnDelete::Data => Deed::DeleteData,
        OnDelete::Nothing => return Ok(()),
    };
    instruct(work, account, thing, deed, Rung::Release)
}

/// It is switched on, or gone, or another's: what was to be done is not done any more.
pub(super) fn rise(work: &mut Work<'_, '_>, account: OwnerId, thing: &ThingRow) -> Result<(), Refused> {
    for mut row in work.tx.instructions_of(thing.id)? {
        if row.rung == Rung::Release && row.state.is_open() {
            cancel(work, &mut row, "it is switched on")?;
        }
    }
    if thing.account != account {
        // Whoever pays for it now starts at the top of a ladder of their own.
        state_changed(work, thing)?;
    }
    Ok(())
}

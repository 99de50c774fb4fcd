//! Accounts in arrears: looked at when money ran out or a bill fell past due, when something was paid, and when a step of theirs comes. What there
//! is to do is the core's (`standing::next`); here the facts are gathered and what it says is done.
//!
//! What stops, locks or deletes is an instruction to the cloud (`instruct.rs`), which claims what locks or destroys right before it does it. So
//! between the decision and the deed the reason is looked at once more.

mod facts;
mod forecast;
mod halts;
mod instruct;
mod keep;
mod look;
mod off;
mod pretend;
mod spaces;
mod steps;

pub use forecast::StepToCome;
pub use instruct::{Claimed, InstructionFacts};
pub use keep::KeepFacts;
pub use look::{ComingStep, LadderFacts};
pub use spaces::SpaceFacts;

pub(crate) use halts::{Halt, bring_back, halt};
pub(crate) use instruct::{facts_of as instruction_facts, is_as_asked, reported, reported_of_term};
pub(crate) use off::state_changed;
pub(crate) use spaces::{bought_changed, space_changed};

use crate::bills::broken;
use crate::folio::Work;
use crate::record_fact::product_of;
use crate::run_due::{by_cloud, engine_error};
use crate::{Engine, EngineError, Refused};
use facts::Found;
use farthing_core::ledger::OwnerId;
use farthing_core::notice::Event;
use farthing_core::settle::SettleError;
use farthing_core::standing::{Cause, Guard, Ladder, Notice, Rung, Step, begun, next};
use farthing_core::time::{Duration, Instant};
use farthing_store::{LadderOf, LadderRow, StoreError, ThingRow};

/// Accounts in one look, and in one transaction of it.
const BATCH: i64 = 64;
/// How long before a step that is held is looked at again, where nothing that is told looks at it sooner.
const HELD_SECONDS: u32 = 3_600;
/// As many things are done to one account in one look: three steps, and what is announced of them.
const STEPS_MOST: usize = 64;
/// What happened so long ago began when it was seen: nobody was there to act on it.
const LATE_SECONDS: i64 = 60;
/// Nobody took steps for so long: that time counts for no ladder.
const GAP_SECONDS: i64 = 60;
/// So long after somebody is back nothing is destroyed: providers tell again what nobody took, and bank files are read.
pub(crate) const BACK_SECONDS: i64 = 3_600;
/// After so long without anybody an operator looks before anything is destroyed.
const JUMP_SECONDS: i64 = 86_400;

impl Engine {
    /// Looks at every account in arrears whose time has come.
    pub(crate) fn run_ladders(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            // A copy that nobody has accepted suspends and destroys nothing.
            let due = self.store.read("ladders_due", |tx| {
                if tx.effects_may_leave()? { tx.ladders_due(now, BATCH) } else { Ok(Vec::new()) }
            })?;
            if due.is_empty() {
                return self.run_overdue(now);
            }
            for (cloud, all) in by_cloud(due) {
                let together = all.clone();
                let looked = self.work("look_at_ladders", &cloud, move |work| {
                    together.iter().try_for_each(|whose| look_at(work, *whose))
                });
                match looked.map_err(engine_error) {
                    Ok(()) => {}
                    // One that cannot be looked at does not keep the others from it.
                    Err(EngineError::Settle(_)) => {
                        for whose in all {
                            self.look_alone(&cloud, whose, now)?;
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    fn look_alone(&self, cloud: &str, whose: LadderOf, now: Instant) -> Result<(), EngineError> {
        let looked = self.work("look_at_ladder", cloud, move |work| look_at(work, whose)).map_err(engine_error);
        let Err(error) = looked else { return Ok(()) };
        let EngineError::Settle(_) = error else { return Err(error) };
        let put: Result<(), StoreError> = self.store.write("ladder_later", move |tx| {
            let later = now.checked_add(Duration::from_seconds(HELD_SECONDS)).unwrap_or(now);
            let Some(row) = tx.ladder(whose)? else { return Ok(()) };
            tx.ladder_put(&LadderRow { next_at: Some(later), ..row })
        });
        Ok(put?)
    }

    /// Says that somebody takes steps now. Where nobody has for a while, the customers of that while could not be heard: every date that was
    /// announced moves on by it; and after a day of it nothing is destroyed until an operator has looked.
    pub fn take_steps(&self, now: Instant) -> Result<(), EngineError> {
        let clouds = self.clouds_known()?;
        let taken: Result<(), StoreError> = self.store.write("take_steps", move |tx| {
            let Some(seen) = tx.steps_seen(now)? else { return Ok(()) };
            let gap = now.seconds_since(seen);
            let Ok(by) = Duration::try_from_seconds(gap) else { return Ok(()) };
            if gap <= GAP_SECONDS {
                return Ok(());
            }
            tx.steps_back(now)?;
            for cloud in &clouds {
                let mut after = LadderOf::FIRST;
                loop {
                    let page = tx.ladders(cloud, after, BATCH)?;
                    let Some(last) = page.last() else { break };
                    after = last.whose;
                    for mut row in page {
                        if let Some(ladder) = &mut row.ladder {
                            ladder.put_off(by).map_err(|_| StoreError::corrupt("a step beyond time"))?;
                        }
                        row.next_at = Some(now);
                        tx.ladder_put(&row)?;
                    }
                }
                if gap > JUMP_SECONDS {
                    let why = format!("nothing was looked at from {seen} to {now}");
                    keep::brake(tx, cloud, now, why)?;
                }
            }
            Ok(())
        });
        Ok(taken?)
    }
}

/// Something has happened to an account that may put it in arrears, or take it out of them: it is looked at right after this.
pub(crate) fn look_soon(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), EngineError> {
    let now = work.now;
    let ladder = &work.policy_at(now)?.ladder;
    // Where no step is ever taken, only one that is under way by an older policy is, or a trial's.
    if ladder.suspend.is_none() && ladder.delete.is_none() && ladder.purge.is_none() {
        return Ok(work.tx.ladder_hurry(id, now)?);
    }
    let cloud = work.cloud.clone();
    Ok(work.tx.ladder_look(id, &cloud.id, now)?)
}

/// Does what there is to do for an account, or for one thing of it, then waits.
fn look_at(work: &mut Work<'_, '_>, whose: LadderOf) -> Result<(), Refused> {
    let id = whose.account;
    work.load(&[id])?;
    let now = work.now;
    work.bring_to(id, now)?;
    let Some(mut row) = work.tx.ladder(whose)? else { return Ok(()) };
    let own = own_of(work, whose)?;
    for _ in 0..STEPS_MOST {
        let found = gather(work, id, own.as_ref(), row.ladder.as_ref())?;
        let Some(mut ladder) = begins(&row, &found, now)? else {
            match found.again {
                // It will be in arrears then, if nothing happens.
                Some(at) => {
                    work.tx.ladder_put(&LadderRow { ladder: None, next_at: Some(at), ..row })?;
                    return Ok(());
                }
                None => return Ok(work.tx.ladder_drop(whose)?),
            }
        };
        if row.ladder.as_ref().is_none_or(|known| known.since != ladder.since) {
            // The notices of the one before are over.
            work.tx.ladder_drop(whose)?;
        }
        if found.facts.in_arrears {
            ladder.replan(&found.terms).map_err(SettleError::from)?;
        }
        let step = next(&ladder, &found.terms, &found.facts, now).map_err(SettleError::from)?;
        let held_before = std::mem::take(&mut row.held);
        let later = now.checked_add(Duration::from_seconds(HELD_SECONDS)).map_err(SettleError::from)?;
        match step {
            Step::Wait(until) => {
                row.next_at = until.into_iter().chain(found.again).min();
                row.ladder = Some(ladder);
                work.tx.ladder_put(&row)?;
                return Ok(());
            }
            Step::Announce { rung, ahead, at } => {
                let notice = Notice { rung, ahead, told: now, accepted: None };
                work.tx.step_notice_put(whose, &notice)?;
                match &own {
                    Some(Own::Space(space)) => spaces::announce(work, id, space, (Some(at), Some(ahead)))?,
                    Some(Own::Off(thing)) => off::announce(work, id, thing, &ladder, (rung, ahead, at))?,
                    None => steps::announce(work, id, &ladder, (rung, ahead, at))?,
                }
                ladder.told.push(notice);
            }
            Step::Take(Rung::Purge) if waits_for_the_cloud(work, id)? => {
                // The cloud has not deleted it yet: there is nothing to purge.
                (row.next_at, row.ladder) = (Some(later), Some(ladder));
                return Ok(work.tx.ladder_put(&row)?);
            }
            Step::Take(rung) => {
                ladder.taken(rung, now).map_err(SettleError::from)?;
                match &own {
                    Some(Own::Space(space)) => spaces::take(work, id, space, &ladder, rung)?,
                    Some(Own::Off(thing)) => off::take(work, id, thing)?,
                    None => steps::take(work, id, &ladder, rung)?,
                }
            }
            Step::Held(rung, guards) => {
                if guards.contains(&Guard::Brake) {
                    keep::brake_if_needed(work)?;
                }
                if let (Some(Own::Space(space)), [Guard::Reading]) = (&own, guards.as_slice()) {
                    // Everything else says that it goes: then the cloud is asked once more how much is in it.
                    spaces::ask_reading(work, id, space)?;
                }
                let why: Vec<&str> = guards.iter().map(|guard| guard.sentence()).collect();
                let why = why.join("; ");
                if held_before != why && guards != [Guard::Reading] {
                    // Once, until it is held by something else.
                    let account = work.folio(id).payer.name.clone();
                    work.tell_quietly(Some(id), Event::StepHeld { account, rung, since: now, why: why.clone() });
                }
                (row.held, row.next_at, row.ladder) = (why, Some(later), Some(ladder));
                work.tx.ladder_put(&row)?;
                return Ok(());
            }
            Step::Rise => {
                match &own {
                    Some(Own::Space(space)) => spaces::rise(work, id, space, &ladder)?,
                    Some(Own::Off(thing)) => off::rise(work, id, thing)?,
                    None => {}
                }
                if own.is_some() {
                    return Ok(work.tx.ladder_drop(whose)?);
                }
                steps::rise(work, id, &ladder)?;
                if steps::has_deleted(work, id)? {
                    // What was deleted is purged in its time all the same.
                    ladder.cause = Cause::Paid;
                } else {
                    work.tx.ladder_drop(whose)?;
                    return Ok(());
                }
            }
        }
        row.ladder = Some(ladder);
        work.tx.ladder_put(&row)?;
    }
    Ok(())
}

/// A thing with a ladder of its own.
enum Own {
    Space(ThingRow),
    /// Its owner has switched it off.
    Off(ThingRow),
}

impl Own {
    fn thing(&self) -> &ThingRow {
        match self {
            Own::Space(thing) | Own::Off(thing) => thing,
        }
    }
}

/// The thing whose ladder it is; none: it is its account's.
fn own_of(work: &mut Work<'_, '_>, whose: LadderOf) -> Result<Option<Own>, EngineError> {
    let Some(id) = whose.thing else { return Ok(None) };
    let thing = work.tx.things(&[id])?.pop().ok_or_else(|| broken("steps of a thing that is not there"))?;
    let is_space = product_of(work, &thing)?.size.is_some();
    Ok(Some(if is_space { Own::Space(thing) } else { Own::Off(thing) }))
}

fn gather(work: &mut Work<'_, '_>, id: OwnerId, own: Option<&Own>, ladder: Option<&Ladder>) -> Result<Found, Refused> {
    match own {
        Some(Own::Space(space)) => spaces::gather(work, id, space, ladder),
        Some(Own::Off(thing)) => off::gather(work, id, thing, ladder),
        None => facts::gather(work, id, ladder),
    }
}

/// Whether an account's deletion is still to be done.
fn waits_for_the_cloud(work: &mut Work<'_, '_>, id: OwnerId) -> Result<bool, Refused> {
    Ok(work.tx.instructions_open(id)?.iter().any(|row| row.rung.is_of_account()))
}

/// The ladder that an account is on, or one that begins now; none: it is in no arrears.
fn begins(row: &LadderRow, found: &Found, now: Instant) -> Result<Option<Ladder>, Refused> {
    match &row.ladder {
        // Whoever has paid and runs out once more begins anew, with notices of their own.
        Some(ladder) if ladder.cause != Cause::Paid || !found.facts.in_arrears => return Ok(Some(ladder.clone())),
        _ => {}
    }
    let arrears = found.arrears.filter(|_| found.facts.in_arrears && !found.terms.0.is_empty());
    let Some((cause, since)) = arrears else { return Ok(None) };
    // Time in which nobody looked counts for no ladder.
    // A space's counts from its expiry, however late it is measured (R75): who is told late has as long from then.
    let is_late = now.seconds_since(since) > LATE_SECONDS && cause != Cause::Space;
    let since = if is_late { now.floor_second() } else { since };
    Ok(Some(begun(cause, since, &found.terms).map_err(SettleError::from)?))
}

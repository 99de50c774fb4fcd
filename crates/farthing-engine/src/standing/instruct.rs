//! What the cloud is asked to do to a thing: asked, claimed right before it is done, confirmed when it is, cancelled when the reason ends first.

use super::facts::guards;
use super::steps::told;
use super::{BATCH, gather, own_of, spaces};
use crate::asked::Note;
use crate::folio::Work;
use crate::record_fact::Reported;
use crate::record_fact::{FactToTell, after_the_last, tell};
use crate::run_due::{by_cloud, engine_error};
use crate::{Engine, EngineError, RefusalCode, Refused};
use crate::{orders, trials};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::notice::{Event, InstructionTold, SpaceTold};
use farthing_core::settle::{SettleError, ThingId};
use farthing_core::standing::{Cause, Claim, Deed, InstructionId, InstructionState, Ladder, Rung, claim};
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::{State, What};
use farthing_store::{InstructionFilter, InstructionRow, LadderOf, LadderRow, SubscriptionRow, ThingRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// So long after it was asked an operator hears that nobody has answered, then once more.
const OVERDUE_SECONDS: u32 = 900;
const OVERDUE_AGAIN_SECONDS: i64 = 3_600;

/// An instruction as it is told. Times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionFacts {
    pub id: String,
    pub account: String,
    pub resource: String,
    pub product: String,
    /// What is to be done.
    pub deed: String,
    /// Whether it must be claimed before it is done.
    pub claim: bool,
    pub step: String,
    pub fence: i64,
    pub state: String,
    pub asked: i64,
    pub claimed_until: Option<i64>,
    pub ended: Option<i64>,
    pub note: String,
}

/// What a claim was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// `go`, `cancelled` or `wait`.
    pub answer: String,
    /// Until when it may be done, in microseconds since 1970.
    pub until: Option<i64>,
    /// Why not; may be empty.
    pub why: String,
    pub instruction: InstructionFacts,
}

impl Engine {
    /// A cloud's instructions, the newest first.
    pub fn instructions(
        &self,
        cloud: &str,
        account: Option<&str>,
        resource: Option<&str>,
        open: bool,
        before: Option<InstructionId>,
        most: i64,
    ) -> Result<Vec<InstructionFacts>, Refused> {
        self.look(cloud, |work| {
            let account = match account {
                None => None,
                Some(name) => Some(crate::open_project::account_ever(work, name)?.id),
            };
            let filter = InstructionFilter { account, resource: resource.map(str::to_owned), open };
            let rows = work.tx.instructions(cloud, &filter, before, most)?;
            rows.iter().map(|row| facts_of(work, row)).collect()
        })
    }

    pub fn instruction(&self, cloud: &str, id: InstructionId) -> Result<InstructionFacts, Refused> {
        self.look(cloud, |work| {
            let row = row_of(work, id)?;
            facts_of(work, &row)
        })
    }

    /// The cloud is about to do it: whether it still may.
    pub fn claim_instruction(&self, cloud: &str, id: InstructionId) -> Result<Claimed, Refused> {
        self.ask("claim_instruction", cloud, move |work| {
            let mut row = row_of(work, id)?;
            work.load(&[row.account])?;
            let now = work.now;
            work.bring_to(row.account, now)?;
            if !row.state.is_open() {
                let answer = match row.state {
                    InstructionState::Cancelled => "cancelled",
                    _ => return Err(over(&row)),
                };
                return claimed(work, &row, answer, None, row.note.clone());
            }
            let whose = whose(&row);
            let ladder = work.tx.ladder(whose)?.and_then(|found| found.ladder);
            let own = own_of(work, whose)?;
            let found = gather(work, row.account, own.as_ref(), ladder.as_ref())?;
            // What the policy takes no more is not taken, though it was asked for.
            let is_asked = !row.deed.destroys() || found.terms.0.contains_key(&row.rung);
            let stands = ladder.filter(|ladder| is_asked && stands(ladder, row.rung, found.facts.in_arrears));
            let mut reached = stands.map(|ladder| ladder.reached);
            if row.rung == Rung::Budget {
                let thing = work.tx.things(&[row.thing])?.pop();
                let keeps = thing.map(|thing| work.is_stopped_by_budget(&thing)).transpose()?;
                reached = keeps.filter(|keeps| *keeps).map(|_| Some(Rung::Budget));
            }
            let guards = match (row.deed.destroys(), &own) {
                (false, _) => Vec::new(),
                (true, Some(_)) => found.facts.guards,
                (true, None) => guards(work, row.account)?,
            };
            let answer = claim(row.deed, row.rung, reached, &guards, now);
            match answer.map_err(SettleError::from)? {
                Claim::Go(until) => {
                    (row.state, row.claimed_until) = (InstructionState::Claimed, Some(until));
                    work.tx.instruction_put(&row)?;
                    let note = Note::new("instruction.claimed", format!("resource {}", row.resource));
                    work.notes.push(note.became(&json!({ "instruction": row.id.to_string(), "do": row.deed.name() })));
                    claimed(work, &row, "go", Some(until), String::new())
                }
                Claim::Cancelled => {
                    let why = match row.rung {
                        Rung::Budget => "the budget lets it run",
                        _ if found.facts.in_arrears => "the policy asks for it no more",
                        Rung::Release => "it is switched on",
                        _ if own.is_some() => "no more is in it than it may hold",
                        _ => "the arrears are paid",
                    };
                    cancel(work, &mut row, why)?;
                    if found.facts.in_arrears {
                        step_back(work, whose, row.rung)?;
                    }
                    claimed(work, &row, "cancelled", None, why.to_owned())
                }
                Claim::Wait(guards) => {
                    let why: Vec<&str> = guards.iter().map(|guard| guard.sentence()).collect();
                    claimed(work, &row, "wait", None, why.join("; "))
                }
            }
        })
    }

    /// The cloud has done it. `note`: what it says of that, such as a new address.
    pub fn confirm_instruction(&self, cloud: &str, id: InstructionId, note: &str) -> Result<InstructionFacts, Refused> {
        let note = note.to_owned();
        self.ask("confirm_instruction", cloud, move |work| {
            let mut row = row_of(work, id)?;
            work.load(&[row.account])?;
            let now = work.now;
            work.bring_to(row.account, now)?;
            match row.state {
                InstructionState::Confirmed => return facts_of(work, &row),
                InstructionState::Cancelled => return Err(over(&row)),
                InstructionState::Asked | InstructionState::Claimed if row.deed == Deed::Measure => {
                    let what = format!(
                        "instruction {} asks how much is in {}: report that as a gauge, and it is confirmed; nothing was recorded",
                        row.id, row.resource
                    );
                    return Err(Refused::new(RefusalCode::Conflict, what));
                }
                InstructionState::Asked if row.deed.is_offered() => {
                    let what = format!(
                        "instruction {} must be claimed before it is done: POST /v1/steps/{}/claim; nothing was recorded",
                        row.id, row.id
                    );
                    return Err(Refused::new(RefusalCode::Conflict, what));
                }
                InstructionState::Asked | InstructionState::Claimed => {}
            }
            confirm(work, &mut row, &note, true)?;
            let note = Note::new("instruction.confirmed", format!("resource {}", row.resource));
            work.notes.push(note.became(&json!({ "instruction": row.id.to_string(), "do": row.deed.name() })));
            facts_of(work, &row)
        })
    }

    /// Tells of instructions that nobody has answered.
    pub(super) fn run_overdue(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let late = self.store.read("instructions_overdue", |tx| tx.instructions_overdue(now, BATCH))?;
            if late.is_empty() {
                return Ok(());
            }
            for (cloud, ids) in by_cloud(late.into_iter().map(|row| (row.cloud, row.id))) {
                self.work("tell_overdue", &cloud, move |work| {
                    for id in &ids {
                        let Some(mut row) = work.tx.instruction(*id)? else { continue };
                        let since = now.seconds_since(row.asked);
                        let told = told_of(work, &row, &format!("nobody has answered for {} minutes", since / 60))?;
                        let again = Duration::try_from_seconds(OVERDUE_AGAIN_SECONDS).map_err(SettleError::from)?;
                        row.overdue_at = (since < OVERDUE_AGAIN_SECONDS)
                            .then(|| row.asked.checked_add(again).map_err(SettleError::from))
                            .transpose()?;
                        work.tx.instruction_put(&row)?;
                        work.tell_quietly(Some(row.account), Event::InstructionOverdue(told));
                    }
                    Ok(())
                })
                .map_err(engine_error)?;
            }
        }
    }
}

/// Whether the reason of an instruction of a step still is one. What was deleted is purged although they have paid meanwhile.
fn stands(ladder: &Ladder, rung: Rung, in_arrears: bool) -> bool {
    in_arrears || (rung == Rung::Purge && ladder.cause == Cause::Paid)
}

/// A step that was not taken after all: the ladder is where it was before it.
fn step_back(work: &mut Work<'_, '_>, whose: LadderOf, rung: Rung) -> Result<(), Refused> {
    let Some(mut found) = work.tx.ladder(whose)? else { return Ok(()) };
    if let Some(ladder) = &mut found.ladder {
        let before = [Rung::Suspend, Rung::Delete].into_iter().rev().find(|before| *before < rung);
        ladder.reached = before.filter(|_| rung.is_of_account());
    }
    found.next_at = Some(work.now);
    Ok(work.tx.ladder_put(&found)?)
}

fn whose(row: &InstructionRow) -> LadderOf {
    LadderOf { account: row.account, thing: row.rung.is_of_thing().then_some(row.thing) }
}

fn over(row: &InstructionRow) -> Refused {
    let what = format!(
        "instruction {} about {} is {}{}: leave the resource as it is, or undo it",
        row.id,
        row.resource,
        row.state.name(),
        if row.note.is_empty() { String::new() } else { format!(" ({})", row.note) }
    );
    Refused::new(RefusalCode::Conflict, what)
}

fn row_of(work: &mut Work<'_, '_>, id: InstructionId) -> Result<InstructionRow, Refused> {
    let found = work.tx.instruction(id)?.filter(|row| row.cloud == work.cloud.id);
    found.ok_or_else(|| Refused::not_found("step", &id.to_string()))
}

fn account_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<String, EngineError> {
    Ok(work.tx.payer_name(id)?)
}

pub(crate) fn facts_of(work: &mut Work<'_, '_>, row: &InstructionRow) -> Result<InstructionFacts, Refused> {
    Ok(InstructionFacts {
        id: row.id.to_string(),
        account: account_of(work, row.account)?,
        resource: row.resource.clone(),
        product: row.product.to_string(),
        deed: row.deed.name().to_owned(),
        claim: row.deed.is_offered(),
        step: row.rung.name().to_owned(),
        fence: row.fence,
        state: row.state.name().to_owned(),
        asked: row.asked.micros(),
        claimed_until: row.claimed_until.map(Instant::micros),
        ended: row.ended.map(Instant::micros),
        note: row.note.clone(),
    })
}

fn claimed(
    work: &mut Work<'_, '_>,
    row: &InstructionRow,
    answer: &str,
    until: Option<Instant>,
    why: String,
) -> Result<Claimed, Refused> {
    let instruction = facts_of(work, row)?;
    Ok(Claimed { answer: answer.to_owned(), until: until.map(Instant::micros), why, instruction })
}

fn told_of(work: &mut Work<'_, '_>, row: &InstructionRow, why: &str) -> Result<InstructionTold, EngineError> {
    Ok(InstructionTold {
        id: row.id,
        account: account_of(work, row.account)?,
        resource: row.resource.clone(),
        product: row.product.to_string(),
        deed: row.deed,
        rung: row.rung,
        fence: row.fence,
        asked: row.asked,
        why: why.to_owned(),
    })
}

/// What an instruction is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) id: ThingId,
    pub(super) name: &'a str,
    pub(super) product: &'a Name,
}

impl<'a> From<&'a ThingRow> for About<'a> {
    fn from(thing: &'a ThingRow) -> About<'a> {
        About { id: thing.id, name: &thing.name, product: &thing.product }
    }
}

impl<'a> From<&'a SubscriptionRow> for About<'a> {
    fn from(row: &'a SubscriptionRow) -> About<'a> {
        About { id: ThingId(row.id), name: &row.name, product: &row.product }
    }
}

/// Asks the cloud to do something to a thing. Whatever it was asked before and has not done is not to be done any more.
pub(super) fn instruct<'a>(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    about: impl Into<About<'a>>,
    deed: Deed,
    rung: Rung,
) -> Result<(), Refused> {
    let now = work.now;
    let thing = about.into();
    let before = work.tx.instructions_of(thing.id)?;
    let fence = fence_of(work, thing, &before)? + 1;
    for mut row in before.into_iter().filter(|row| row.state.is_open()) {
        cancel(work, &mut row, "another instruction follows")?;
    }
    let overdue = now.checked_add(Duration::from_seconds(OVERDUE_SECONDS)).map_err(SettleError::from)?;
    let row = InstructionRow {
        id: work.ids.id(now),
        cloud: work.cloud.id.clone(),
        account,
        thing: thing.id,
        resource: thing.name.to_owned(),
        product: thing.product.clone(),
        deed,
        rung,
        fence,
        state: InstructionState::Asked,
        asked: now,
        claimed_until: None,
        ended: None,
        note: String::new(),
        overdue_at: Some(overdue),
    };
    work.tx.instruction_put(&row)?;
    let told = told_of(work, &row, "")?;
    work.tell_quietly(Some(account), Event::InstructionAsked(told));
    Ok(())
}

/// The last fence of what has this name. What is paid by use now may have been bought for a time before.
fn fence_of(work: &mut Work<'_, '_>, about: About<'_>, before: &[InstructionRow]) -> Result<i64, EngineError> {
    if let Some(newest) = before.first() {
        return Ok(newest.fence);
    }
    let Some(term) = orders::subscription_named(work, about.name)? else { return Ok(0) };
    Ok(work.tx.instructions_of(ThingId(term.id))?.first().map_or(0, |row| row.fence))
}

fn end(work: &mut Work<'_, '_>, row: &mut InstructionRow, state: InstructionState, note: &str) -> Result<(), Refused> {
    note.clone_into(&mut row.note);
    (row.state, row.ended, row.overdue_at) = (state, Some(work.now), None);
    Ok(work.tx.instruction_put(row)?)
}

pub(super) fn cancel(work: &mut Work<'_, '_>, row: &mut InstructionRow, why: &str) -> Result<(), Refused> {
    end(work, row, InstructionState::Cancelled, why)?;
    let told = told_of(work, row, why)?;
    work.tell_quietly(Some(row.account), Event::InstructionCancelled(told));
    Ok(())
}

/// What an account was asked to lose, and has not lost yet, it keeps. What gives back goes on.
pub(super) fn cancel_open(work: &mut Work<'_, '_>, account: OwnerId, why: &str) -> Result<(), Refused> {
    for mut row in work.tx.instructions_open(account)? {
        let stays = row.rung == Rung::Purge || !row.rung.is_of_account();
        if !row.deed.gives_back() && !stays {
            cancel(work, &mut row, why)?;
        }
    }
    Ok(())
}

/// It is done. `books`: whether it has to follow in our books, or has.
fn confirm(work: &mut Work<'_, '_>, row: &mut InstructionRow, note: &str, books: bool) -> Result<(), Refused> {
    let now = work.now;
    end(work, row, InstructionState::Confirmed, note)?;
    let what = match (row.deed, row.rung) {
        (Deed::Stop, _) => Some(What::Suspend),
        (Deed::Resume, _) => Some(What::Resume),
        // A space stays when its files are gone.
        (Deed::DeleteData, Rung::Empty) => Some(What::Gauge(Quantity::ZERO)),
        (Deed::DeleteKeepData | Deed::DeleteData, Rung::Purge) => Some(What::Purge),
        (Deed::DeleteKeepData | Deed::DeleteData, _) => Some(What::Delete),
        (Deed::Lock | Deed::Unlock | Deed::Measure, _) => None,
    };
    if books {
        follow(work, row, what)?;
    }
    match row.rung {
        _ if !row.deed.destroys() => return Ok(()),
        Rung::Empty => return emptied(work, row),
        Rung::Release => return released(work, row),
        Rung::Budget | Rung::Suspend | Rung::Lock | Rung::Delete | Rung::Purge => {}
    }
    let open = work.tx.instructions_open(row.account)?;
    let Some(found) = work.tx.ladder(row.account)? else { return Ok(()) };
    let Some(mut ladder) = found.ladder.clone() else { return Ok(()) };
    if open.iter().any(|other| other.rung == row.rung) {
        return Ok(());
    }
    if row.rung == Rung::Delete {
        // It can be restored for as long as was said, from when it was deleted.
        trials::destroyed(work, row.account)?;
        let late = Duration::try_from_seconds(now.seconds_since(row.asked)).map_err(SettleError::from)?;
        ladder.put_off(late).map_err(SettleError::from)?;
        work.tx.ladder_put(&LadderRow { ladder: Some(ladder.clone()), next_at: Some(now), ..found })?;
    }
    // All of it: they are told once.
    let filter = InstructionFilter { account: Some(row.account), resource: None, open: false };
    let cloud = work.cloud.id.clone();
    let done = work.tx.instructions(&cloud, &filter, None, 1_000)?;
    let done = done.iter().filter(|other| {
        other.rung == row.rung && other.state == InstructionState::Confirmed && other.asked >= ladder.since
    });
    let mut names: Vec<String> = done.map(|other| other.resource.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let mut told = told(work, row.account, &ladder, row.rung, names)?;
    if row.rung == Rung::Purge {
        work.tell(Some(row.account), Event::AccountThingsPurged(told));
    } else {
        told.restorable_until = ladder.due(Rung::Purge).map_err(SettleError::from)?;
        work.tell(Some(row.account), Event::AccountThingsDeleted(told));
    }
    Ok(())
}

/// What was done follows in our books.
fn follow(work: &mut Work<'_, '_>, row: &InstructionRow, what: Option<What>) -> Result<(), Refused> {
    let now = work.now;
    let Some(thing) = work.tx.things(&[row.thing])?.pop() else {
        // What was bought for a time follows no facts.
        let term = row.thing.0;
        return match what {
            Some(What::Suspend) => orders::suspend(work, term),
            Some(What::Resume) => orders::bring_back(work, term),
            Some(What::Delete) => orders::delete(work, term),
            _ => Ok(()),
        };
    };
    let Some(what) = what else { return Ok(()) };
    let alive = State::parse(&thing.state).is_some_and(State::is_alive);
    // What is suspended in our books already was so from the instant we said it.
    if alive || what != What::Suspend {
        let at = if let What::Gauge(_) = what { after_the_last(work, &thing, now)? } else { now };
        tell(work, &thing, &FactToTell { at, key: None, what, flagged: false })?;
    }
    Ok(())
}

/// All files of a space are gone.
fn emptied(work: &mut Work<'_, '_>, row: &InstructionRow) -> Result<(), Refused> {
    let Some(thing) = work.tx.things(&[row.thing])?.pop() else { return Ok(()) };
    let told = SpaceTold { deleted: Some(work.now), ..spaces::told(work, row.account, &thing)? };
    work.tell(Some(row.account), Event::SpaceEmptied(told));
    Ok(spaces::space_changed(work, &thing)?)
}

/// What was off for long is given up.
fn released(work: &mut Work<'_, '_>, row: &InstructionRow) -> Result<(), Refused> {
    let Some(ladder) = work.tx.ladder(whose(row))?.and_then(|found| found.ladder) else { return Ok(()) };
    let told = told(work, row.account, &ladder, row.rung, vec![row.resource.clone()])?;
    work.tell(Some(row.account), Event::AccountThingsDeleted(told));
    Ok(())
}

/// The instruction about a thing that is to be done.
fn open_of(work: &mut Work<'_, '_>, thing: ThingId) -> Result<Option<InstructionRow>, EngineError> {
    Ok(work.tx.instructions_of(thing)?.into_iter().next().filter(|row| row.state.is_open()))
}

/// The cloud has reported of what was bought for a time what it was asked to do: that confirms it. Whether it does.
pub(crate) fn reported_of_term(work: &mut Work<'_, '_>, id: i64, what: &Reported) -> Result<bool, Refused> {
    let Some(mut row) = open_of(work, ThingId(id))? else { return Ok(false) };
    let does = match what {
        Reported::Stop | Reported::Fail => row.deed == Deed::Stop,
        Reported::Start(_) | Reported::Resume | Reported::Restore => row.deed == Deed::Resume,
        Reported::Delete => row.deed.destroys() && row.rung == Rung::Delete,
        Reported::Heartbeat | Reported::Gauge(_) | Reported::Resize { .. } => false,
    };
    if does {
        confirm(work, &mut row, "", true)?;
    }
    Ok(does)
}

/// The cloud reports that it stopped what it was asked to stop: that is our suspension, and no stop of its owner's.
pub(crate) fn is_as_asked(work: &mut Work<'_, '_>, thing: &ThingRow, what: &What) -> Result<bool, Refused> {
    if *what != What::Stop {
        return Ok(false);
    }
    let Some(mut row) = open_of(work, thing.id)?.filter(|row| row.deed == Deed::Stop) else { return Ok(false) };
    work.load(&[row.account])?;
    let now = work.now;
    work.bring_to(row.account, now)?;
    confirm(work, &mut row, "", true)?;
    Ok(true)
}

/// The cloud has reported what it was asked to do: that confirms it.
pub(crate) fn reported(work: &mut Work<'_, '_>, thing: &ThingRow, what: &What) -> Result<(), Refused> {
    let Some(mut row) = open_of(work, thing.id)? else { return Ok(()) };
    let does = match what {
        What::Fail => row.deed == Deed::Stop,
        What::Resume | What::Start(_) => row.deed == Deed::Resume,
        What::Delete => row.deed.destroys() && matches!(row.rung, Rung::Delete | Rung::Release),
        What::Gauge(_) => row.deed == Deed::Measure,
        _ => false,
    };
    if does { confirm(work, &mut row, "", false) } else { Ok(()) }
}

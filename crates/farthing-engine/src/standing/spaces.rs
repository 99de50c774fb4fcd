//! Bought space after its time (R73 to R75): what is in it, whether anything may be written to it, and its steps. When each comes is decided
//! as for an account (`standing::next`); what a space is, is the core's (`standing::Space`).

use super::facts::{Found, guards};
use super::instruct::{cancel, instruct};
use crate::bills::broken;
use crate::folio::Work;
use crate::record_fact::{product_of, size_of};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::catalog::Product;
use farthing_core::config::Size;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::notice::{Event, SpaceTold};
use farthing_core::settle::SettleError;
use farthing_core::standing::{Cause, Deed, Facts, Guard, InstructionState, Ladder, NotWritten, Rung, Space, Terms};
use farthing_core::time::{Duration, Instant};
use farthing_core::timeline::{State, What};
use farthing_store::{InstructionRow, LadderOf, ThingKind, ThingRow};
use serde::{Deserialize, Serialize};

/// A space as it is told. Sizes with their unit; times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceFacts {
    pub account: String,
    pub resource: String,
    pub product: String,
    pub used: String,
    /// When that was measured.
    pub read_at: Option<i64>,
    pub free: String,
    /// What was bought beside it, and is in force.
    pub bought: String,
    /// How much may be in it.
    pub limit: String,
    /// Nothing may be written to it.
    pub locked: bool,
    /// When what was bought was over.
    pub over_since: Option<i64>,
    /// When all its files are deleted, unless it is renewed or emptied.
    pub deleted_at: Option<i64>,
    /// What keeps them from being deleted; may be empty.
    pub held: String,
}

impl Engine {
    /// What is in a space, and how much may be.
    pub fn space(&self, cloud: &str, resource: &str) -> Result<SpaceFacts, Refused> {
        self.look(cloud, |work| {
            let (thing, product) = space_named(work, resource)?;
            facts_of(work, &thing, &product)
        })
    }

    /// Whether somebody may write so much to a space, as it is known; how much would be in it then, as its meter counts.
    pub fn may_write(&self, cloud: &str, resource: &str, size: &Size) -> Result<Quantity, Refused> {
        self.look(cloud, |work| {
            let (thing, product) = space_named(work, resource)?;
            let more = size_of(work, &product, size)?;
            let (space, locked) = (known(work, &thing, &product)?, is_locked(work, &thing)?);
            let no = match space.write(more, locked) {
                Ok(after) => return Ok(after),
                Err(no) => no,
            };
            let SpaceFacts { used, free, limit, .. } = facts_of(work, &thing, &product)?;
            Err(match no {
                NotWritten::Locked => {
                    let what = format!(
                        "{resource} is locked: {used} are in it, and {free} are free. Delete files until no more than that is in it, \
                         or renew it; nothing was written"
                    );
                    Refused::new(RefusalCode::Locked, what)
                }
                NotWritten::Full => {
                    let what = format!(
                        "{resource} has room for {limit}, and {used} are in it: buy more, or delete something; nothing was written"
                    );
                    Refused::new(RefusalCode::LimitReached, what)
                }
            })
        })
    }
}

fn space_named(work: &mut Work<'_, '_>, resource: &str) -> Result<(ThingRow, Product), Refused> {
    let cloud = work.cloud.id.clone();
    let found = work.tx.thing_by_name(&cloud, ThingKind::Resource, resource)?;
    let thing = found.ok_or_else(|| Refused::not_found("resource", resource))?;
    let product = product_of(work, &thing)?;
    if product.size.is_none() {
        let what = format!("{resource} is of product {}, which is no space", product.id);
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    Ok((thing, product))
}

fn facts_of(work: &mut Work<'_, '_>, thing: &ThingRow, product: &Product) -> Result<SpaceFacts, Refused> {
    let space = known(work, thing, product)?;
    let row = work.tx.ladder(whose(thing))?;
    let ladder = row.as_ref().and_then(|row| row.ladder.as_ref());
    let deleted = ladder.map(|ladder| ladder.due(Rung::Empty)).transpose().map_err(SettleError::from)?.flatten();
    let account = work.tx.payer_name(thing.account)?;
    Ok(SpaceFacts {
        account,
        resource: thing.name.clone(),
        product: product.id.to_string(),
        used: text_of(work, product, space.used)?,
        read_at: space.read_at.map(Instant::micros),
        free: text_of(work, product, space.free)?,
        bought: text_of(work, product, space.bought)?,
        limit: text_of(work, product, space.limit())?,
        locked: is_locked(work, thing)? && space.used > space.free,
        over_since: space.over_since.map(Instant::micros),
        deleted_at: deleted
            .filter(|_| ladder.is_some_and(|ladder| ladder.reached < Some(Rung::Empty)))
            .map(Instant::micros),
        held: row.map_or_else(String::new, |row| row.held),
    })
}

fn whose(thing: &ThingRow) -> LadderOf {
    LadderOf { account: thing.account, thing: Some(thing.id) }
}

/// "1500 GB".
fn text_of(work: &Work<'_, '_>, product: &Product, size: Quantity) -> Result<String, EngineError> {
    let catalog = &work.cloud.profile_at(work.now)?.catalog;
    let meter = product.meter.as_ref().and_then(|id| catalog.meter_by_id(id));
    let size = size.plain();
    Ok(meter.map_or_else(|| size.clone(), |meter| format!("{size} {}", meter.unit)))
}

/// Whether a step has locked it.
fn is_locked(work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<bool, EngineError> {
    let ladder = work.tx.ladder(whose(thing))?.and_then(|row| row.ladder);
    Ok(ladder.is_some_and(|ladder| ladder.reached.is_some()))
}

/// A space as our books have it.
fn known(work: &mut Work<'_, '_>, thing: &ThingRow, product: &Product) -> Result<Space, EngineError> {
    let measured = |work: &Work<'_, '_>, size: Option<&Size>| match size {
        Some(size) => size_of(work, product, size).map_err(broken),
        None => Ok(Quantity::ZERO),
    };
    let facts = work.facts_of(thing)?;
    let reads = |what: &What| match what {
        What::Gauge(_) => true,
        What::Start(start) => start.size.is_some(),
        _ => false,
    };
    let read_at = facts.iter().filter(|fact| reads(&fact.what)).map(|fact| fact.at).max();
    // Until somebody has measured it, it is empty.
    let used = if read_at.is_some() { work.fold(&facts, product)?.size } else { Quantity::ZERO };
    let free = measured(work, product.pricing.free.as_ref().map(|free| &free.size))?;
    let (count, over_since) = crate::orders::had_of_space(work, &thing.name)?;
    let each = measured(work, product.size.as_ref())?;
    let bought = each.millionths().saturating_mul(count);
    Ok(Space { used, read_at, free, bought: Quantity::from_millionths(bought), over_since })
}

/// Something has changed about a space, or about what was bought of it: where there is anything to do, it is looked at right after this.
pub(crate) fn space_changed(work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<(), EngineError> {
    let product = product_of(work, thing)?;
    if product.size.is_none() {
        return Ok(());
    }
    let now = work.now;
    let acts = work.policy_at(now)?.space.is_some();
    let is_under_way = work.tx.ladder(whose(thing))?.is_some();
    if is_under_way || (acts && known(work, thing, &product)?.over().is_some()) {
        let cloud = work.cloud.id.clone();
        work.tx.ladder_look(whose(thing), &cloud, now)?;
    }
    Ok(())
}

/// The same of what was bought under a name.
pub(crate) fn bought_changed(work: &mut Work<'_, '_>, name: &str) -> Result<(), EngineError> {
    let cloud = work.cloud.id.clone();
    match work.tx.thing_by_name(&cloud, ThingKind::Resource, name)? {
        Some(thing) => space_changed(work, &thing),
        None => Ok(()),
    }
}

/// What there is to know of a space. One that has another payer by now is none of this one's.
pub(super) fn gather(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    thing: &ThingRow,
    ladder: Option<&Ladder>,
) -> Result<Found, Refused> {
    let now = work.now;
    let policy = work.policy_at(now)?.space.clone();
    let product = product_of(work, thing)?;
    let space = known(work, thing, &product)?;
    let is_there = State::parse(&thing.state).is_some_and(|state| !state.is_gone()) && thing.account == account;
    let over = space.over().filter(|_| is_there && policy.is_some());
    let mut keeps = Vec::new();
    if ladder.is_some_and(|ladder| ladder.reached.is_some()) {
        keeps = guards(work, account)?;
        let cloud = work.cloud.id.clone();
        if work.tx.is_kept(&cloud, "resource", &thing.name)? && !keeps.contains(&Guard::Keep) {
            keeps.push(Guard::Keep);
        }
        if !space.was_read_lately(now) {
            keeps.push(Guard::Reading);
        }
    }
    Ok(Found {
        facts: Facts { in_arrears: over.is_some(), beyond_floor: false, payment_until: None, guards: keeps },
        terms: policy.as_ref().map(Terms::of_space).unwrap_or_default(),
        arrears: over.map(|since| (Cause::Space, since)),
        again: None,
    })
}

/// What is said of it.
pub(super) fn told(work: &mut Work<'_, '_>, account: OwnerId, thing: &ThingRow) -> Result<SpaceTold, EngineError> {
    let product = product_of(work, thing)?;
    let space = known(work, thing, &product)?;
    Ok(SpaceTold {
        account: work.tx.payer_name(account)?,
        space: thing.id,
        resource: thing.name.clone(),
        used: text_of(work, &product, space.used)?,
        free: text_of(work, &product, space.free)?,
        over_since: space.over_since,
        deleted: None,
        ahead: None,
    })
}

/// Says that its files go then. `ahead`: so long before; none: it is not said ahead, but because nothing else says that it is locked.
pub(super) fn announce(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    thing: &ThingRow,
    (at, ahead): (Option<Instant>, Option<Duration>),
) -> Result<(), Refused> {
    let told = SpaceTold { deleted: at, ahead, ..told(work, account, thing)? };
    work.tell(Some(account), Event::SpaceGrace(told));
    Ok(())
}

/// Takes a step: the cloud is asked.
pub(super) fn take(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    thing: &ThingRow,
    ladder: &Ladder,
    rung: Rung,
) -> Result<(), Refused> {
    let deed = if rung == Rung::Empty { Deed::DeleteData } else { Deed::Lock };
    instruct(work, account, thing, deed, rung)?;
    if rung == Rung::Lock && ladder.told.is_empty() {
        let at = ladder.due(Rung::Empty).map_err(SettleError::from)?;
        announce(work, account, thing, (at, None))?;
    }
    Ok(())
}

/// Nobody has measured it lately: the cloud is asked to, once until it has.
pub(super) fn ask_reading(work: &mut Work<'_, '_>, account: OwnerId, thing: &ThingRow) -> Result<(), Refused> {
    let newest = work.tx.instructions_of(thing.id)?.into_iter().next();
    if newest.is_some_and(|row| row.state.is_open() && row.deed == Deed::Measure) {
        return Ok(());
    }
    instruct(work, account, thing, Deed::Measure, Rung::Empty)
}

/// It is renewed, or no more is in it than is free: what was to be done is not done any more, and it can be written to.
pub(super) fn rise(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    thing: &ThingRow,
    ladder: &Ladder,
) -> Result<(), Refused> {
    let all = work.tx.instructions_of(thing.id)?;
    let ours = |row: &&InstructionRow| row.rung.is_of_thing();
    let was_emptied = all
        .iter()
        .filter(ours)
        .any(|row| row.deed.destroys() && row.state == InstructionState::Confirmed && row.asked >= ladder.since);
    let last = all.iter().filter(ours).find(|row| matches!(row.deed, Deed::Lock | Deed::Unlock));
    let is_locked = last.is_some_and(|row| {
        row.deed == Deed::Lock && (row.state == InstructionState::Confirmed || row.claimed_until.is_some())
    });
    for mut row in all.into_iter().filter(|row| row.rung.is_of_thing() && row.state.is_open()) {
        if !row.deed.gives_back() {
            cancel(work, &mut row, "no more is in it than it may hold")?;
        }
    }
    if is_locked {
        instruct(work, account, thing, Deed::Unlock, Rung::Lock)?;
    }
    if ladder.reached.is_some() && !was_emptied {
        let told = told(work, account, thing)?;
        work.tell(Some(account), Event::SpaceInOrder(told));
    }
    if thing.account != account {
        // Whoever pays for it now starts at the top of a ladder of their own.
        space_changed(work, thing)?;
    }
    Ok(())
}

//! What a budget of its owner's stops, and lets run again: instructions like those of any step, with none of its dates.

use super::instruct::{cancel, instruct};
use crate::Refused;
use crate::folio::Work;
use crate::gate;
use crate::record_fact::{FactToTell, product_of, tell};
use farthing_core::catalog::OnSuspend;
use farthing_core::ledger::OwnerId;
use farthing_core::policy::SuspendBilling;
use farthing_core::standing::{Deed, Rung};
use farthing_core::timeline::{State, What};
use farthing_store::ThingRow;

/// What became of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The cloud is asked.
    Asked,
    /// It stays as it is.
    Stays,
}

/// Stops a thing that runs, where it is one that can be stopped.
pub(crate) fn halt(work: &mut Work<'_, '_>, account: OwnerId, thing: &ThingRow) -> Result<Halt, Refused> {
    let now = work.now;
    let runs = State::parse(&thing.state).is_some_and(State::is_alive);
    if !runs || product_of(work, thing)?.on_suspend != OnSuspend::Stop {
        return Ok(Halt::Stays);
    }
    if work.policy_at(now)?.ladder.suspend_bills_until == SuspendBilling::Ordered {
        tell(work, thing, &FactToTell { at: now, key: None, what: What::Suspend, flagged: false })?;
    }
    instruct(work, account, thing, Deed::Stop, Rung::Budget)?;
    Ok(Halt::Asked)
}

/// A thing that a budget has stopped runs again, unless its account's own steps keep it.
pub(crate) fn bring_back(work: &mut Work<'_, '_>, account: OwnerId, thing: &ThingRow) -> Result<Halt, Refused> {
    let newest = work.tx.instructions_of(thing.id)?.into_iter().next();
    let Some(mut newest) = newest.filter(|row| row.rung == Rung::Budget && row.deed == Deed::Stop) else {
        return Ok(Halt::Stays);
    };
    if State::parse(&thing.state).is_some_and(State::is_alive) && newest.state.is_open() {
        cancel(work, &mut newest, "the budget lets it run")?;
        return Ok(Halt::Stays);
    }
    let is_down = work.tx.ladder(account)?.and_then(|row| row.ladder).is_some_and(|ladder| ladder.reached.is_some());
    if thing.state != State::Suspended.name() || is_down || !gate::may_start_again(work, thing)? {
        return Ok(Halt::Stays);
    }
    instruct(work, account, thing, Deed::Resume, Rung::Budget)?;
    Ok(Halt::Asked)
}

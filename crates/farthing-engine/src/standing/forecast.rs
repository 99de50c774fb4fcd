//! What would happen by itself until an instant, if nobody pays and nothing else happens: steps that were announced, and those of accounts
//! that will run out. Nothing is done.

use super::facts::{Subject, affected, gather, is_touched};
use crate::folio::Work;
use crate::look_at_account::view_of;
use crate::{Engine, EngineError, Refused};
use farthing_core::settle::SettleError;
use farthing_core::standing::{Cause, Ladder, Rung, Terms, begun};
use farthing_core::time::Instant;
use farthing_store::{LadderOf, PayerRow};
use serde::{Deserialize, Serialize};

/// A step that would come. Times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepToCome {
    pub account: String,
    pub step: String,
    pub at: i64,
    /// `out`, `due`, `space` or `off`.
    pub cause: String,
    /// Whether the account is in arrears already, or would be by then.
    pub begun: bool,
    pub resources: Vec<String>,
    /// What keeps it from being taken; may be empty.
    pub held: String,
}

impl Engine {
    /// In the order in which they would come.
    pub fn steps_until(&self, cloud: &str, until: Instant) -> Result<Vec<StepToCome>, Refused> {
        self.look(cloud, |work| {
            let mut steps = Vec::new();
            for payer in work.tx.payers_of(cloud)?.into_iter().filter(|payer| payer.closed.is_none()) {
                of_account(work, &payer, until, &mut steps)?;
            }
            of_things(work, until, &mut steps)?;
            steps.sort_by(|one, other| (one.at, &one.account).cmp(&(other.at, &other.account)));
            Ok(steps)
        })
    }
}

/// Those of single things: spaces whose time is over, and what is switched off.
fn of_things(work: &mut Work<'_, '_>, until: Instant, steps: &mut Vec<StepToCome>) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    for row in work.tx.ladders(&cloud, LadderOf::FIRST, i64::MAX)? {
        let (Some(own), Some(ladder)) = (super::own_of(work, row.whose)?, &row.ladder) else { continue };
        let Some(rung) = ladder.ahead() else { continue };
        let Some(at) = ladder.due(rung).map_err(SettleError::from)?.filter(|at| *at <= until) else { continue };
        let payer = work.tx.payers(&[row.whose.account])?.pop();
        steps.push(StepToCome {
            account: payer.map_or_else(String::new, |payer| payer.name),
            step: rung.name().to_owned(),
            at: at.micros(),
            cause: ladder.cause.name().to_owned(),
            begun: true,
            resources: vec![own.thing().name.clone()],
            held: row.held,
        });
    }
    Ok(())
}

fn of_account(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    until: Instant,
    steps: &mut Vec<StepToCome>,
) -> Result<(), Refused> {
    work.load(&[payer.id])?;
    let row = work.tx.ladder(payer.id)?;
    let held = row.as_ref().map_or_else(String::new, |row| row.held.clone());
    let known = row.and_then(|row| row.ladder);
    let found = match gather(work, payer.id, known.as_ref()) {
        Ok(found) => found,
        // One that cannot be settled is parked: no step of it is taken.
        Err(Refused::Engine(EngineError::Settle(_))) => return Ok(()),
        Err(other) => return Err(other),
    };
    let is_begun = known.is_some();
    let ladder = if let Some(mut ladder) = known {
        ladder.replan(&found.terms).map_err(SettleError::from)?;
        ladder
    } else {
        let (now, pay) = (work.now, work.policy_at(work.now)?.settle.pay);
        if !work.folio(payer.id).pays_ahead(pay) {
            return Ok(());
        }
        let runs_out = view_of(work, payer.id, now)?.runs_out_at.filter(|at| *at <= until);
        let Some(at) = runs_out else { return Ok(()) };
        begun(Cause::Out, at, &found.terms).map_err(SettleError::from)?
    };
    each(work, payer, (&ladder, is_begun, &held), (&found.terms, until), steps)
}

fn each(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    (ladder, is_begun, held): (&Ladder, bool, &str),
    (terms, until): (&Terms, Instant),
    steps: &mut Vec<StepToCome>,
) -> Result<(), Refused> {
    let all = affected(work, payer.id, ladder.cause)?;
    let to_come = terms.0.keys().filter(|rung| ladder.reached.is_none_or(|reached| **rung > reached));
    for (place, rung) in to_come.enumerate() {
        let Some(at) = ladder.due(*rung).map_err(SettleError::from)?.filter(|at| *at <= until) else { break };
        // What a later step touches is what the one before leaves.
        let touched = |subject: &&Subject| match rung {
            Rung::Purge if place > 0 => is_touched(subject, Rung::Delete),
            rung => is_touched(subject, *rung),
        };
        let resources: Vec<String> = all.iter().filter(touched).map(|subject| subject.name.clone()).collect();
        if resources.is_empty() {
            continue;
        }
        steps.push(StepToCome {
            account: payer.name.clone(),
            step: rung.name().to_owned(),
            at: at.micros(),
            cause: ladder.cause.name().to_owned(),
            begun: is_begun,
            resources,
            held: if place == 0 { held.to_owned() } else { String::new() },
        });
    }
    Ok(())
}

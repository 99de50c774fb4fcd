//! How an account stands, and what comes: for whoever asks.

use super::facts::gather;
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::{Engine, EngineError, Refused};
use farthing_core::ledger::OwnerId;
use farthing_core::settle::SettleError;
use farthing_core::standing::{Cause, Deed, InstructionState, Rung, standing};
use farthing_core::time::Instant;
use farthing_store::{LadderOf, LadderRow};
use serde::{Deserialize, Serialize};

/// How an account stands. Times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderFacts {
    pub account: String,
    /// `good`, `low`, `grace`, `due`, `suspended`, `deletion_scheduled`, `deleted` or `purged`.
    pub standing: String,
    /// `out` or `due`; empty: it is in no arrears.
    pub cause: String,
    pub since: Option<i64>,
    /// What comes, in order.
    pub steps: Vec<ComingStep>,
    /// What keeps the next one from being taken; may be empty.
    pub held: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComingStep {
    pub step: String,
    pub at: i64,
    /// How often it was announced.
    pub announced: usize,
}

impl Engine {
    pub fn ladder(&self, cloud: &str, account: &str) -> Result<LadderFacts, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let row = work.tx.ladder(payer.id)?;
            facts_of(work, payer.id, row)
        })
    }

    /// Every account of a cloud that is in arrears.
    pub fn ladders(&self, cloud: &str) -> Result<Vec<LadderFacts>, Refused> {
        self.look(cloud, |work| {
            let rows = work.tx.ladders(cloud, LadderOf::FIRST, i64::MAX)?;
            let own = rows.into_iter().filter(|row| row.whose.thing.is_none());
            own.map(|row| facts_of(work, row.whose.account, Some(row))).collect()
        })
    }

    /// Whether nothing may be written to a resource right now.
    pub fn is_locked(&self, cloud: &str, resource: &str) -> Result<bool, Refused> {
        self.look(cloud, |work| {
            let thing = work.tx.thing_by_name(cloud, farthing_store::ThingKind::Resource, resource)?;
            let thing = thing.ok_or_else(|| Refused::not_found("resource", resource))?;
            let mut done = work.tx.instructions_of(thing.id)?.into_iter();
            let newest = done.find(|row| row.state == InstructionState::Confirmed && row.deed != Deed::Measure);
            Ok(newest.is_some_and(|row| row.deed == Deed::Lock))
        })
    }
}

fn facts_of(work: &mut Work<'_, '_>, id: OwnerId, row: Option<LadderRow>) -> Result<LadderFacts, Refused> {
    work.load(&[id])?;
    let account = work.folio(id).payer.name.clone();
    let asked = work
        .tx
        .instructions_open(id)?
        .iter()
        .map(|row| row.rung)
        .filter(|rung| rung.destroys() && !rung.is_of_thing())
        .max();
    let held = row.as_ref().map_or_else(String::new, |row| row.held.clone());
    let ladder = row.and_then(|row| row.ladder);
    let mut steps = Vec::new();
    if let Some(ladder) = &ladder {
        // As the policy has it by now.
        let found = gather(work, id, Some(ladder))?;
        let mut planned = ladder.clone();
        if found.facts.in_arrears {
            planned.replan(&found.terms).map_err(SettleError::from).map_err(EngineError::from)?;
        }
        for rung in Rung::ALL.iter().filter(|rung| ladder.reached.is_none_or(|reached| **rung > reached)) {
            if let Some(at) = planned.due(*rung).map_err(SettleError::from).map_err(EngineError::from)? {
                let announced = ladder.told.iter().filter(|notice| notice.rung == *rung).count();
                steps.push(ComingStep { step: rung.name().to_owned(), at: at.micros(), announced });
            }
        }
    }
    let paid = ladder.as_ref().is_some_and(|ladder| ladder.cause == Cause::Paid);
    let is_low = work.is_low(id)?;
    let stands = standing(ladder.as_ref().filter(|_| !paid), asked, is_low);
    Ok(LadderFacts {
        account,
        standing: stands.name().to_owned(),
        cause: ladder.as_ref().filter(|_| !paid).map_or("", |ladder| ladder.cause.name()).to_owned(),
        since: ladder.as_ref().map(|ladder| ladder.since).map(Instant::micros),
        steps,
        held,
    })
}

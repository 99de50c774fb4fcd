//! What an operator keeps from being deleted, and the brake that keeps everything until one has looked.

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::{Engine, Refused};
use farthing_core::notice::Event;
use farthing_core::time::Instant;
use farthing_store::{BrakeRow, KeepRow, StoreError, ThingKind, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Something that is kept. Times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepFacts {
    /// `account` or `resource`.
    pub what: String,
    pub name: String,
    pub who: String,
    pub why: String,
    pub since: i64,
}

impl KeepFacts {
    fn of(row: KeepRow) -> KeepFacts {
        let KeepRow { what, name, who, why, since, .. } = row;
        KeepFacts { what, name, who, why, since: since.micros() }
    }
}

impl Engine {
    /// Keeps an account, or one resource, from being deleted, until it is let go.
    pub fn keep(&self, cloud: &str, what: &str, name: &str, why: &str) -> Result<KeepFacts, Refused> {
        let (what, name, why) = (what.to_owned(), name.to_owned(), why.to_owned());
        let who = self.asked.as_ref().map_or_else(String::new, |asked| asked.who.clone());
        self.ask("keep", cloud, move |work| {
            is_there(work, &what, &name)?;
            let row = KeepRow {
                cloud: work.cloud.id.clone(),
                what: what.clone(),
                name: name.clone(),
                who: who.clone(),
                why: why.clone(),
                since: work.now,
            };
            work.tx.keep_put(&row)?;
            work.notes.push(Note::new("kept", format!("{what} {name}")).became(&json!({ "why": why })));
            Ok(KeepFacts::of(row))
        })
    }

    /// Lets it go again; whether it was kept.
    pub fn let_go(&self, cloud: &str, what: &str, name: &str) -> Result<bool, Refused> {
        let (what, name) = (what.to_owned(), name.to_owned());
        self.ask("let_go", cloud, move |work| {
            is_there(work, &what, &name)?;
            let (cloud, now) = (work.cloud.id.clone(), work.now);
            let was = work.tx.keep_drop(&cloud, &what, &name)?;
            if was {
                work.notes.push(Note::new("let_go", format!("{what} {name}")));
                work.tx.ladders_hurry(&cloud, now)?;
            }
            Ok(was)
        })
    }

    pub fn keeps(&self, cloud: &str) -> Result<Vec<KeepFacts>, Refused> {
        self.look(cloud, |work| Ok(work.tx.keeps(cloud)?.into_iter().map(KeepFacts::of).collect()))
    }

    /// Somebody has looked: what the brake held goes on. Whether it was on.
    pub fn accept_steps(&self, cloud: &str) -> Result<bool, Refused> {
        self.ask("accept_steps", cloud, move |work| {
            let (cloud, now) = (work.cloud.id.clone(), work.now);
            let Some(row) = work.tx.brake(&cloud)?.filter(|row| row.braked.is_some()) else { return Ok(false) };
            let why = json!({ "why": row.why });
            work.tx.brake_put(&BrakeRow { braked: None, accepted: Some(now), ..row })?;
            work.tx.ladders_hurry(&cloud, now)?;
            work.notes.push(Note::new("steps.accepted", format!("cloud {cloud}")).was(&why));
            Ok(true)
        })
    }
}

fn is_there(work: &mut Work<'_, '_>, what: &str, name: &str) -> Result<(), Refused> {
    if what == "account" {
        return account_ever(work, name).map(drop);
    }
    let cloud = work.cloud.id.clone();
    let found = work.tx.thing_by_name(&cloud, ThingKind::Resource, name)?;
    found.map(drop).ok_or_else(|| Refused::not_found("resource", name))
}

/// Puts a cloud's brake on where it saw too much, with everything else that is done.
pub(super) fn brake_if_needed(work: &mut Work<'_, '_>) -> Result<(), Refused> {
    let (cloud, now) = (work.cloud.id.clone(), work.now);
    if work.tx.brake(&cloud)?.is_some_and(|row| row.braked.is_some()) {
        return Ok(());
    }
    let Some(why) = super::facts::too_much(work)? else { return Ok(()) };
    brake(work.tx, &cloud, now, why.clone())?;
    work.tell_quietly(None, Event::BrakeOn { since: now, why });
    Ok(())
}

pub(super) fn brake(tx: &mut Tx<'_>, cloud: &str, now: Instant, why: String) -> Result<(), StoreError> {
    let before = tx.brake(cloud)?;
    let accepted = before.and_then(|row| row.accepted);
    tx.brake_put(&BrakeRow { cloud: cloud.to_owned(), braked: Some(now), why, accepted })
}

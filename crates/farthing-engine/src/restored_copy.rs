//! A restored copy: it begins an epoch of its own, which is not accepted, so that it sends nothing and deletes nothing the original
//! knows better; until somebody says that it is the living one.

use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::time::Instant;
use farthing_store::{Epoch, NewEntry, StoreError, Tx};
use serde_json::json;

impl Engine {
    /// The epoch this store is in; none: no server has opened it yet.
    pub fn epoch(&self) -> Result<Option<Epoch>, EngineError> {
        Ok(self.store.read("epoch", |tx| tx.epoch())?)
    }

    /// Says that this is a copy.
    pub fn begin_copy(&self, reason: &str) -> Result<Epoch, EngineError> {
        let (engine, reason, id) = (self.clone(), reason.to_owned(), self.ids.bytes());
        self.store.write("begin_copy", move |tx| {
            let now = engine.clock.now()?;
            let epoch = tx.epoch_begin(id, &reason, now)?;
            engine.note_everywhere(tx, "store.restored", &epoch, now)?;
            Ok(epoch)
        })
    }

    /// Says that this copy is the living one: what waits may leave it.
    pub fn accept_copy(&self) -> Result<Epoch, Refused> {
        let engine = self.clone();
        self.store.write("accept_copy", move |tx| {
            let now = engine.clock.now()?;
            let Some(epoch) = tx.epoch()? else {
                let what = "this store has no epoch yet: the first `farthing serve` on it begins one, which needs no accepting";
                return Err(Refused::new(RefusalCode::Conflict, what));
            };
            if !epoch.accepted {
                tx.epoch_accept(epoch.number)?;
                engine.note_everywhere(tx, "store.accepted", &epoch, now)?;
            }
            Ok(Epoch { accepted: true, ..epoch })
        })
    }

    /// A store has no audit log of its own: it stands in each cloud's.
    fn note_everywhere(
        &self,
        tx: &mut Tx<'_>,
        what: &'static str,
        epoch: &Epoch,
        now: Instant,
    ) -> Result<(), StoreError> {
        let Some(asked) = &self.asked else { return Ok(()) };
        let facts = json!({ "epoch": epoch.number, "reason": epoch.reason }).to_string();
        for cloud in tx.policy_clouds()? {
            let entry = NewEntry {
                who: &asked.who,
                source: &asked.source,
                what,
                subject: &format!("epoch {}", epoch.number),
                was: "",
                became: &facts,
            };
            tx.trail_append(&cloud, &entry, now)?;
        }
        Ok(())
    }
}

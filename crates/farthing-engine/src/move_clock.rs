//! Moves the clock of a test cloud on, once for each asking, one at a time.

use crate::asked::{Note, answer_kept};
use crate::{Engine, RefusalCode, Refused};
use farthing_core::time::Instant;
use serde_json::json;
use std::sync::PoisonError;

impl Engine {
    /// Everything that falls due on the way happens at its own time. Where it breaks off, whoever looks next does what fell due.
    pub fn move_clock(&self, cloud: &str, to: Instant) -> Result<Instant, Refused> {
        // Two would overtake each other, and time does not go back.
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.asked.clone();
        let kept = self.store.read("answer", |tx| answer_kept::<i64>(tx, cloud, asked.as_deref()))?;
        if let Some(micros) = kept {
            return Ok(Instant::from_micros(micros));
        }
        let now = self.now()?;
        if to < now {
            let what = format!("it is {now} there already: time does not go back");
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
        self.advance(to)?;
        let micros = self.ask_desk("move_clock", cloud, move |desk| {
            desk.tx.simulated_set(to)?;
            let became = json!({ "now": to.to_string() });
            let note = Note::new("clock.moved", format!("cloud {}", desk.cloud));
            desk.notes.push(note.was(&json!({ "now": now.to_string() })).became(&became));
            Ok(to.micros())
        })?;
        Ok(Instant::from_micros(micros))
    }
}

//! The others of a story: the cloud that makes what is paid and does what it is asked, and the mail server that takes what is sent.

use super::command::Answering;
use super::engine::{EngineStage, broken, told};
use super::stage::{Done, StageError};
use farthing_core::time::{Duration, Instant};
use farthing_engine::EngineError;

/// How they behave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Others {
    /// How the cloud does what it is asked.
    pub(super) acks: Answering,
    /// Whether the mail server takes anything.
    pub(super) mail: bool,
}

impl Default for Others {
    fn default() -> Others {
        Others { acks: Answering::On, mail: true }
    }
}

impl From<EngineError> for StageError {
    fn from(error: EngineError) -> StageError {
        broken(error)
    }
}

impl EngineStage {
    /// Whatever they do now, and when they will do something by themselves.
    pub(super) fn others_act(&mut self) -> Result<Option<Instant>, StageError> {
        if self.cloud.is_empty() || !self.engine().others_are_asked(&self.cloud)? {
            return Ok(None);
        }
        let now = self.engine().now().map_err(broken)?;
        let made = self.make_what_is_due()?;
        if self.engine().notices_wait()? {
            self.engine().pretend_mail(self.others.mail)?;
            self.engine().run_due()?;
        }
        let after = match self.others.acks {
            Answering::On => Duration::ZERO,
            Answering::After(after) => after,
            Answering::Off | Answering::Fail => return Ok(made),
        };
        let mut next = made;
        if let Ok(until) = now.checked_sub(after) {
            let waiting = self.engine().instructions_waiting(&self.cloud)?;
            if waiting.iter().any(|row| row.asked <= until) {
                self.engine().pretend_to_do(&self.cloud, until).map_err(told)?;
                self.engine().run_due()?;
            }
            let later = waiting.iter().filter(|row| row.asked > until);
            let later = later.filter_map(|row| row.asked.checked_add(after).ok()).min();
            next = next.into_iter().chain(later).min();
        }
        Ok(next)
    }

    /// Time goes on, and the others do what is theirs at its time.
    pub(super) fn go_on(&mut self, to: Instant) -> Done {
        let engine = self.engine().clone();
        engine.advance_among(to, &mut |_| self.others_act())?;
        self.others_act().map(drop)
    }
}

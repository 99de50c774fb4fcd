//! Authorisations that wait together are made together, by one thread: its callers sleep in no thread of their own meanwhile, and what
//! gathered while the last were on their way to the disk shares the next commit.

use super::problem::Problem;
use farthing_engine::{AskedHold, Engine, HoldFacts, Refused};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// As many as are made at once: whoever else writes waits for them.
const AT_ONCE: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Together {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    asks: Vec<Ask>,
    /// A thread makes them, and will look here again before it ends.
    served: bool,
}

#[derive(Debug)]
struct Ask {
    hold: AskedHold,
    answer: oneshot::Sender<Result<HoldFacts, Refused>>,
}

impl Together {
    /// Waits for the answer to `hold`. All that are asked for here are of one engine.
    pub(super) async fn authorise(
        self: &Arc<Together>,
        engine: &Engine,
        hold: AskedHold,
    ) -> Result<HoldFacts, Problem> {
        let (answer, answered) = oneshot::channel();
        let served = {
            let mut waiting = self.lock();
            waiting.asks.push(Ask { hold, answer });
            std::mem::replace(&mut waiting.served, true)
        };
        if !served {
            let (together, engine) = (self.clone(), engine.clone());
            tokio::task::spawn_blocking(move || together.serve(&engine));
        }
        let Ok(answer) = answered.await else {
            tracing::error!("an authorisation's work broke off");
            return Err(Problem::internal());
        };
        Ok(answer?)
    }

    fn serve(&self, engine: &Engine) {
        let _ends = Ends(self);
        loop {
            let asks: Vec<Ask> = {
                let mut waiting = self.lock();
                if waiting.asks.is_empty() {
                    waiting.served = false;
                    return;
                }
                let count = waiting.asks.len().min(AT_ONCE);
                waiting.asks.drain(..count).collect()
            };
            let (holds, callers): (Vec<_>, Vec<_>) = asks.into_iter().map(|ask| (ask.hold, ask.answer)).unzip();
            for (caller, answer) in callers.into_iter().zip(engine.authorise_each(holds)) {
                let _ = caller.send(answer); // a caller that is gone needs none
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whatever ends a service: nobody waits for it in vain, and the next to come has another.
struct Ends<'t>(&'t Together);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.lock() = Waiting::default();
        }
    }
}

//! Proving the whole store while pages are served: one at a time, beside the requests; what the last one found stays to be looked at.

use crate::Console;
use crate::operator::Verdict;
use farthing_core::time::Instant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far proving is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    /// None: nobody has proven the store since it was opened; a large one takes a while.
    pub(crate) last: Option<Verdict>,
    /// One is under way since then.
    pub(crate) since: Option<Instant>,
}

/// Shared with the thread that proves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs(Arc<Mutex<Proof>>);

impl Proofs {
    pub(crate) fn of(verdict: Verdict) -> Proofs {
        Proofs(Arc::new(Mutex::new(Proof { last: Some(verdict), since: None })))
    }

    fn lock(&self) -> MutexGuard<'_, Proof> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Console {
    pub(crate) fn proof(&self) -> Proof {
        self.proofs.lock().clone()
    }

    /// Begins to prove the store, unless somebody does already.
    pub(crate) fn prove(&self, now: Instant) -> bool {
        let mut proof = self.proofs.lock();
        if proof.since.is_some() {
            return false;
        }
        proof.since = Some(now);
        drop(proof);
        let (engine, proofs) = (self.engine.clone(), self.proofs.clone());
        std::thread::spawn(move || {
            let found = Verdict::of(&engine);
            let mut proof = proofs.lock();
            proof.since = None;
            match found {
                Ok(verdict) => proof.last = Some(verdict),
                Err(error) => eprintln!("farthing: the store could not be proven: {error}"),
            }
        });
        true
    }
}

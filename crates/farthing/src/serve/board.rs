//! Who is on the way where: at most a few to one place, one while it fails there, none for a while after several failures.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// To one place at once.
const EACH_MAX: usize = 4;
/// After so many failures without a success a place is left alone for a while, ever longer.
const PATIENCE: u32 = 3;
const PAUSE_MAX: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(super) struct Board<P> {
    rounds: Mutex<BTreeMap<P, Round>>,
}

#[derive(Debug, Default)]
struct Round {
    running: usize,
    failures: u32,
    /// Until when it is left alone.
    paused: Option<Instant>,
}

impl<P> Default for Board<P> {
    fn default() -> Board<P> {
        Board { rounds: Mutex::default() }
    }
}

impl<P: Ord + Clone> Board<P> {
    fn with<T>(&self, place: &P, work: impl FnOnce(&mut Round) -> T) -> T {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        work(rounds.entry(place.clone()).or_default())
    }

    /// Whether another may go there.
    pub(super) fn admits(&self, place: &P) -> bool {
        self.with(place, |round| {
            let rests = round.paused.is_some_and(|until| Instant::now() < until);
            let most = if round.failures >= PATIENCE { 1 } else { EACH_MAX };
            let goes = !rests && round.running < most;
            round.running += usize::from(goes);
            goes
        })
    }

    /// Notes how a try went; whether to go on there.
    pub(super) fn note(&self, place: &P, taken: bool) -> bool {
        self.with(place, |round| {
            if taken {
                (round.failures, round.paused) = (0, None);
                return true;
            }
            round.failures = round.failures.saturating_add(1);
            if round.failures < PATIENCE {
                return true;
            }
            let pause = Duration::from_secs(1 << (round.failures - PATIENCE).min(6)).min(PAUSE_MAX);
            round.paused = Some(Instant::now() + pause);
            false
        })
    }

    pub(super) fn leave(&self, place: &P) {
        self.with(place, |round| round.running = round.running.saturating_sub(1));
    }
}

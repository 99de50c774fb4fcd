//! Callers that wait together are served together, by one of themselves.
//!
//! Whoever comes while nobody leads takes the lead: it serves everything that waits, its own request among it, answers,
//! and passes the lead to the first of those who came meanwhile. So one caller alone crosses no thread (each crossing costs
//! tens of microseconds, beside an fsync of two hundred), and many share whatever serving costs: a transaction, an fsync.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A leader serves so many rounds while a crowd waits: handing over costs the next one's waking, during which nobody works
/// (15% more authorisations with 64 callers). It keeps the leader from its own answer, so there are few, and none where the
/// waiting of one would show (with 8 callers it only made the slowest slower).
const ROUNDS_LED: usize = 2;
const CROWD: usize = 32;

/// A queue whose callers serve it themselves. `R` is what is asked, `A` its answer.
#[derive(Debug)]
pub struct Gathering<R, A> {
    waiting: Mutex<Waiting<R, A>>,
}

#[derive(Debug)]
struct Waiting<R, A> {
    requests: Vec<(R, SyncSender<Turn<A>>)>,
    /// Somebody leads, and will look here again before it stops.
    led: bool,
    rounds: u64,
}

#[derive(Debug)]
enum Turn<A> {
    Lead,
    Answer(A),
}

impl<R, A> Default for Gathering<R, A> {
    fn default() -> Gathering<R, A> {
        Gathering { waiting: Mutex::new(Waiting { requests: Vec::new(), led: false, rounds: 0 }) }
    }
}

impl<R, A> Gathering<R, A> {
    /// Waits for the answer to `request`, serving others on the way if it is this caller's turn to lead. `serve` answers
    /// each request it is given, in order; of those that wait it is given as many as weigh at most `most`, but at least one.
    /// None: the one that led this request's round ended in a panic before it answered.
    pub fn ask(
        &self,
        request: R,
        weight: impl Fn(&R) -> usize,
        most: usize,
        serve: impl Fn(Vec<R>) -> Vec<A>,
    ) -> Option<A> {
        // Two turns at most come: the lead, and the answer.
        let (caller, turns) = sync_channel(2);
        let mut leads = {
            let mut waiting = self.lock();
            waiting.requests.push((request, caller));
            !std::mem::replace(&mut waiting.led, true)
        };
        loop {
            if leads {
                self.lead(&weight, most, &serve);
            }
            match turns.recv() {
                Ok(Turn::Answer(answer)) => return Some(answer),
                Ok(Turn::Lead) => leads = true,
                Err(_) => return None,
            }
        }
    }

    /// How many rounds have been served.
    pub fn rounds(&self) -> u64 {
        self.lock().rounds
    }

    /// Serves what waits, answers it, and passes the lead on, whatever happens.
    fn lead(&self, weight: &impl Fn(&R) -> usize, most: usize, serve: &impl Fn(Vec<R>) -> Vec<A>) {
        let passes_on = PassOn(self);
        self.serve_round(weight, most, serve);
        for _ in 1..ROUNDS_LED {
            if self.lock().requests.len() < CROWD {
                break;
            }
            self.serve_round(weight, most, serve);
        }
        // After the answers: those that ask again at once come into the next round, which is the fuller for it.
        drop(passes_on);
    }

    fn serve_round(&self, weight: &impl Fn(&R) -> usize, most: usize, serve: &impl Fn(Vec<R>) -> Vec<A>) {
        let (requests, callers): (Vec<R>, Vec<SyncSender<Turn<A>>>) = {
            let mut waiting = self.lock();
            waiting.rounds += 1;
            let mut sum = 0;
            let too_much = waiting.requests.iter().position(|(request, _)| {
                sum += weight(request);
                sum > most
            });
            let taken = too_much.unwrap_or(waiting.requests.len()).max(1);
            waiting.requests.drain(..taken).unzip()
        };
        let answers = serve(requests);
        assert_eq!(answers.len(), callers.len(), "an answer for each request");
        for (caller, answer) in callers.into_iter().zip(answers) {
            let _ = caller.send(Turn::Answer(answer)); // a caller that is gone needs none
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<R, A>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes the lead to the first who waits, even when leading panicked.
struct PassOn<'a, R, A>(&'a Gathering<R, A>);

impl<R, A> Drop for PassOn<'_, R, A> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        match waiting.requests.first() {
            Some((_, next)) => drop(next.try_send(Turn::Lead)),
            None => waiting.led = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn everybody_is_answered_with_their_own_and_only_one_serves_at_a_time() {
        let (gathering, serving, largest) = (Gathering::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let serve = |requests: Vec<u64>| {
            assert_eq!(serving.fetch_add(1, Ordering::SeqCst), 0, "one leads");
            largest.fetch_max(requests.len(), Ordering::SeqCst);
            std::thread::yield_now();
            serving.fetch_sub(1, Ordering::SeqCst);
            requests.into_iter().map(|number| number * 2).collect()
        };
        std::thread::scope(|scope| {
            for caller in 0..16_u64 {
                let (gathering, serve) = (&gathering, &serve);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let number = caller * 1000 + turn;
                        assert_eq!(gathering.ask(number, |_| 1, 5, serve), Some(number * 2));
                    }
                });
            }
        });
        assert!(largest.load(Ordering::SeqCst) <= 5, "as many as weigh at most five");
        assert!(gathering.rounds() >= 16 * 200 / 5);
        assert_eq!(gathering.ask(1, |_| 100, 5, serve), Some(2), "one is served, however heavy");
    }

    #[test]
    fn a_leader_that_panics_leaves_the_next_ones_served() {
        let gathering: Gathering<bool, bool> = Gathering::default();
        let serve = |requests: Vec<bool>| {
            assert!(requests.iter().all(|fine| *fine), "a bug of whoever asked this");
            requests
        };
        std::thread::scope(|scope| {
            let failing = scope.spawn(|| gathering.ask(false, |_| 1, 1, serve));
            assert!(failing.join().is_err());
            assert_eq!(gathering.ask(true, |_| 1, 1, serve), Some(true));
        });
    }
}

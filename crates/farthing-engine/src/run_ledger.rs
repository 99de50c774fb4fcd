//! Runs ledger commands for any number of callers at once: those that wait together are decided and committed together.
//!
//! Whoever comes while nobody works leads: it takes what waits, runs it as one batch, hands out the answers, and passes
//! the lead to the first of those who came meanwhile. So one caller alone pays no second thread, and 64 of them share a
//! transaction and its fsync, on either store.

use crate::{Engine, EngineError};
use farthing_core::ledger::{Command, Outcome};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// As many commands as one transaction takes of those that wait.
const BATCH_MAX: usize = 8_192;

#[derive(Debug, Default)]
pub(crate) struct LedgerQueue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    /// Somebody leads, and will look here again before it stops.
    led: bool,
    batches: u64,
}

#[derive(Debug)]
struct Request {
    commands: Vec<Command>,
    /// How many answers they will have.
    answers: usize,
    caller: SyncSender<Message>,
}

#[derive(Debug)]
enum Message {
    Answer(Result<Vec<Outcome>, Arc<EngineError>>),
    Lead,
}

impl LedgerQueue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Runs the commands in order, durably, and answers each. What others ask at the same moment may come between two
    /// calls, never between two commands of one call.
    pub fn run_ledger(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, Arc<EngineError>> {
        let answers = commands.iter().map(answers_of).sum();
        // Two messages at most come: the lead, and the answer.
        let (caller, messages) = sync_channel(2);
        let mut lead = {
            let mut waiting = self.ledger.lock();
            waiting.requests.push(Request { commands, answers, caller });
            !std::mem::replace(&mut waiting.led, true)
        };
        loop {
            if lead {
                self.lead();
            }
            match messages.recv() {
                Ok(Message::Answer(answer)) => return answer,
                Ok(Message::Lead) => lead = true,
                Err(_) => return Err(Arc::new(EngineError::Abandoned)),
            }
        }
    }

    /// How many transactions the commands of all callers have taken.
    pub fn ledger_batches(&self) -> u64 {
        self.ledger.lock().batches
    }

    /// Runs one batch of what waits, then passes the lead on, whatever happens.
    fn lead(&self) {
        let passes_on = PassOn(&self.ledger);
        let batch = {
            let mut waiting = self.ledger.lock();
            waiting.batches += 1;
            let mut commands = 0;
            let taken = waiting.requests.iter().position(|request| {
                commands += request.commands.len();
                commands > BATCH_MAX
            });
            let taken = taken.unwrap_or(waiting.requests.len()).max(1);
            waiting.requests.drain(..taken).collect::<Vec<_>>()
        };
        let mut commands = Vec::with_capacity(batch.iter().map(|request| request.commands.len()).sum());
        let mut callers = Vec::with_capacity(batch.len());
        for request in batch {
            commands.extend(request.commands);
            callers.push((request.answers, request.caller));
        }
        let result = self.run_batch(commands).map_err(Arc::new);
        let mut outcomes = result.as_ref().map_or(&[][..], |outcomes| outcomes);
        for (answers, caller) in callers {
            let answer = match &result {
                Ok(_) => {
                    let (own, rest) = outcomes.split_at(answers);
                    outcomes = rest;
                    Ok(own.to_vec())
                }
                Err(error) => Err(error.clone()),
            };
            let _ = caller.send(Message::Answer(answer)); // a caller that is gone needs none
        }
        // After the answers: those that ask again at once come into the next batch, which is the fuller for it.
        drop(passes_on);
    }

    fn run_batch(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, EngineError> {
        let now = self.now()?;
        Ok(self.store.write("run_ledger", move |tx| tx.ledger_run(&commands, now))?)
    }
}

fn answers_of(command: &Command) -> usize {
    match command {
        Command::Linked(set) => set.len(),
        Command::Transfer(_)
        | Command::Authorise(_)
        | Command::Capture(_)
        | Command::Release(_)
        | Command::Expire(_) => 1,
    }
}

/// Passes the lead to the first who waits, even when leading panicked.
struct PassOn<'a>(&'a LedgerQueue);

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        match waiting.requests.first() {
            Some(next) => drop(next.caller.try_send(Message::Lead)),
            None => waiting.led = false,
        }
    }
}

//! Runs ledger commands for any number of callers at once: those that wait together are decided and committed together,
//! on either store.

use crate::{Engine, EngineError};
use farthing_core::ledger::{Command, Outcome};
use std::sync::Arc;

/// As many commands as one transaction takes of those that wait.
const BATCH_MAX: usize = 8_192;

pub(crate) type LedgerQueue = farthing_store::Gathering<Vec<Command>, LedgerAnswer>;
pub(crate) type LedgerAnswer = Result<Vec<Outcome>, Arc<EngineError>>;

impl Engine {
    /// Runs the commands in order, durably, and answers each. What others ask at the same moment may come between two
    /// calls, never between two commands of one call.
    pub fn run_ledger(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, Arc<EngineError>> {
        let answer = self.ledger.ask(commands, Vec::len, BATCH_MAX, |requests| {
            let answers: Vec<usize> = requests.iter().map(|commands| commands.iter().map(answers_of).sum()).collect();
            match self.run_batch(requests.into_iter().flatten().collect()) {
                Ok(outcomes) => share(&outcomes, &answers),
                Err(error) => {
                    let error = Arc::new(error);
                    answers.iter().map(|_| Err(error.clone())).collect()
                }
            }
        });
        answer.unwrap_or_else(|| Err(Arc::new(EngineError::Abandoned)))
    }

    /// How many transactions the commands of all callers have taken.
    pub fn ledger_batches(&self) -> u64 {
        self.ledger.rounds()
    }

    fn run_batch(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, EngineError> {
        let now = self.now()?;
        Ok(self.store.write("run_ledger", move |tx| tx.ledger_run(&commands, now))?)
    }
}

/// To each caller its own part of the batch's outcomes.
fn share(outcomes: &[Outcome], answers: &[usize]) -> Vec<LedgerAnswer> {
    let mut rest = outcomes;
    answers
        .iter()
        .map(|count| {
            let (own, others) = rest.split_at(*count);
            rest = others;
            Ok(own.to_vec())
        })
        .collect()
}

fn answers_of(command: &Command) -> usize {
    match command {
        Command::Linked(set) => set.len(),
        Command::Transfer(_)
        | Command::Authorise(_)
        | Command::Capture(_)
        | Command::Release(_)
        | Command::Extend(..)
        | Command::Expire(_) => 1,
    }
}

//! A cloud and a mail server that only pretend: for stories, demonstrations and tests.

use crate::{Carried, Carrier, Engine, EngineError, Outcome, Parcel, Refused, Reported, ResourceFact};
use farthing_core::config::Size;
use farthing_core::standing::Deed;
use farthing_core::term::OrderState;
use farthing_core::time::Instant;
use farthing_store::{Channel, InstructionFilter, InstructionRow, StoreError};

/// As many as are done in one go.
const MOST: i64 = 10_000;

/// Takes every mail, or none.
struct Pretended {
    takes: bool,
}

impl Carrier for Pretended {
    fn carry(&self, _: &Parcel, _: Instant) -> Carried {
        let outcome = if self.takes { Outcome::Taken } else { Outcome::NotTaken { pause_seconds: None } };
        Carried { outcome, status: None, answer: String::new() }
    }
}

impl Engine {
    /// Whether anything waits for the others of a cloud at all: a mail, an instruction, or an order to be made.
    pub fn others_are_asked(&self, cloud: &str) -> Result<bool, EngineError> {
        let open = InstructionFilter { open: true, ..InstructionFilter::default() };
        Ok(self.store.read("others_are_asked", |tx| {
            Ok::<_, StoreError>(
                tx.step_notice_unheard()?
                    || !tx.instructions(cloud, &open, None, 1)?.is_empty()
                    || !tx.purchases(cloud, None, Some(OrderState::Provisioning), i64::MAX, 1)?.is_empty(),
            )
        })?)
    }

    /// Whether a step's notice or an instruction waits for anybody, of all clouds in one question.
    pub fn anybody_is_asked(&self) -> Result<bool, EngineError> {
        Ok(self.store.read("anybody_is_asked", |tx| tx.somebody_is_asked())?)
    }

    /// Whether a step was announced that no mail server has taken.
    pub fn notices_wait(&self) -> Result<bool, EngineError> {
        Ok(self.store.read("notices_wait", |tx| tx.step_notice_unheard())?)
    }

    /// Carries what waits for a mail server to one that pretends.
    pub fn pretend_mail(&self, takes: bool) -> Result<(), EngineError> {
        let now = self.now()?;
        self.deliver_ready(Channel::Mail, &Pretended { takes }, now, usize::try_from(MOST).unwrap_or(usize::MAX))?;
        Ok(())
    }

    /// What a cloud is asked to do right now, in the order it was asked.
    pub fn instructions_waiting(&self, cloud: &str) -> Result<Vec<InstructionRow>, EngineError> {
        let filter = InstructionFilter { open: true, ..InstructionFilter::default() };
        let mut rows = self.store.read("instructions_waiting", |tx| tx.instructions(cloud, &filter, None, MOST))?;
        rows.reverse();
        Ok(rows)
    }

    /// Does what a cloud was asked to do up to an instant, as a cloud does that means well: claims it, does it, and says so.
    pub fn pretend_to_do(&self, cloud: &str, asked_until: Instant) -> Result<(), Refused> {
        for row in self.instructions_waiting(cloud)?.into_iter().filter(|row| row.asked <= asked_until) {
            // Looked at once more: what was done before it may have ended it.
            if row.deed.is_offered() && self.claim_instruction(cloud, row.id)?.answer != "go" {
                continue;
            }
            let still = self.store.read("still", |tx| tx.instruction(row.id))?;
            if row.deed == Deed::Measure {
                let size = self.resource_view(cloud, &row.resource)?.timeline.size;
                let what = Reported::Gauge(Size { quantity: size, unit: None });
                self.record_fact(cloud, &ResourceFact { resource: row.resource.clone(), at: None, id: None, what })?;
            } else if still.is_some_and(|row| row.state.is_open()) {
                self.confirm_instruction(cloud, row.id, "")?;
            }
        }
        Ok(())
    }
}

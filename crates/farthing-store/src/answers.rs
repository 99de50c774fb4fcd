//! What requests with an Idempotency-Key were answered: written in the transaction of their effect, so one never stands
//! without the other.

use crate::{StoreError, Tx};
use farthing_core::time::Instant;

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    /// Of what was asked: the same key with another question is a mistake of whoever asks.
    pub digest: [u8; 32],
    pub answer: String,
}

impl Tx<'_> {
    pub fn answer(&mut self, cloud: &str, once_key: &str) -> Result<Option<AnswerRow>, StoreError> {
        self.one(
            "SELECT digest, answer FROM answer WHERE cloud = $1 AND once_key = $2",
            &[cloud.into(), once_key.into()],
            |row| Ok(AnswerRow { digest: row.bytes(0)?, answer: row.text(1)? }),
        )
    }

    pub fn answer_insert(
        &mut self,
        cloud: &str,
        once_key: &str,
        row: &AnswerRow,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO answer (cloud, once_key, digest, answer, at) VALUES ($1, $2, $3, $4, $5)",
            &[
                cloud.into(),
                once_key.into(),
                row.digest.as_slice().into(),
                row.answer.as_str().into(),
                now.micros().into(),
            ],
        )?;
        Ok(())
    }

    /// The answer is whole now. Who does so has read it in this transaction.
    pub fn answer_write(&mut self, cloud: &str, once_key: &str, answer: &str) -> Result<(), StoreError> {
        self.execute(
            "UPDATE answer SET answer = $3 WHERE cloud = $1 AND once_key = $2",
            &[cloud.into(), once_key.into(), answer.into()],
        )?;
        Ok(())
    }

    /// Forgets answers given before an instant; how many.
    pub fn answers_forget(&mut self, before: Instant) -> Result<u64, StoreError> {
        self.execute("DELETE FROM answer WHERE at < $1", &[before.micros().into()])
    }
}

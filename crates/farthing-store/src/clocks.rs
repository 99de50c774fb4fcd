//! The clock of a test cloud: it stands in its store, so that every process that serves it tells the same time.

use crate::{StoreError, Tx};
use farthing_core::time::Instant;

impl Tx<'_> {
    pub fn simulated_now(&mut self) -> Result<Option<Instant>, StoreError> {
        self.one("SELECT at FROM simulated_clock WHERE id = 1", &[], |row| Ok(Instant::from_micros(row.int(0)?)))
    }

    /// Moves it on; it never goes back.
    pub fn simulated_set(&mut self, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO simulated_clock (id, at) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE excluded.at > simulated_clock.at",
            &[at.micros().into()],
        )?;
        Ok(())
    }
}

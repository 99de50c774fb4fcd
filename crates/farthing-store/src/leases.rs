//! Leases: a job that only one process may do at a time is whose lease is not over; the next one takes it then.

use crate::{StoreError, Tx};
use farthing_core::time::{Duration, Instant};

impl Tx<'_> {
    /// Takes a job, or keeps it: its fence, or nothing where another holds it. The fence grows whenever the holder changes, so what a
    /// holder that was thought dead still does can be told from what its successor does.
    pub fn lease_take(
        &mut self,
        job: &str,
        holder: &str,
        now: Instant,
        lasts: Duration,
    ) -> Result<Option<i64>, StoreError> {
        self.execute(
            "INSERT INTO lease (job, holder, fence, until) VALUES ($1, $2, 0, 0) ON CONFLICT (job) DO NOTHING",
            &[job.into(), "".into()],
        )?;
        let held = self.one(
            "SELECT l.holder, l.fence, l.until FROM lease l WHERE l.job = $1 {lock l}",
            &[job.into()],
            |row| Ok((row.text(0)?, row.int(1)?, Instant::from_micros(row.int(2)?))),
        )?;
        let (before, fence, until) = held.ok_or_else(|| StoreError::corrupt("a lease is gone"))?;
        if before != holder && until > now {
            return Ok(None);
        }
        let fence = if before == holder { fence } else { fence + 1 };
        let until = now.checked_add(lasts).map_err(|error| StoreError::corrupt(error.to_string()))?;
        self.execute(
            "UPDATE lease SET holder = $2, fence = $3, until = $4 WHERE job = $1",
            &[job.into(), holder.into(), fence.into(), until.micros().into()],
        )?;
        Ok(Some(fence))
    }

    /// Gives a job up, so that another need not wait.
    pub fn lease_drop(&mut self, job: &str, holder: &str) -> Result<(), StoreError> {
        self.execute("UPDATE lease SET until = 0 WHERE job = $1 AND holder = $2", &[job.into(), holder.into()])?;
        Ok(())
    }

    /// Every job with its holder, its fence and until when.
    pub fn leases(&mut self) -> Result<Vec<(String, String, i64, Instant)>, StoreError> {
        self.rows("SELECT job, holder, fence, until FROM lease ORDER BY job", &[], |row| {
            Ok((row.text(0)?, row.text(1)?, row.int(2)?, Instant::from_micros(row.int(3)?)))
        })
    }
}

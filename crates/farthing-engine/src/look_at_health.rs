//! Whether a cloud is kept up: how late its settlement is, who cannot be settled, what waits to be told, and which process does what.

use crate::{Clock, Engine, EngineError};
use farthing_core::time::Instant;
use farthing_store::Epoch;

#[derive(Clone, Debug)]
pub struct Health {
    pub now: Instant,
    /// The clock stands until it is moved.
    pub simulated: bool,
    pub parked: i64,
    /// How late the account is that is due longest.
    pub lag_seconds: i64,
    /// Messages on their way, and given up.
    pub waiting: i64,
    pub dead: i64,
    /// None: no server has opened the store yet.
    pub epoch: Option<Epoch>,
    pub jobs: Vec<Job>,
}

/// What works beside the requests.
#[derive(Clone, Debug)]
pub struct Job {
    pub job: String,
    /// Which process does it.
    pub holder: String,
    /// It grows whenever another takes over.
    pub fence: i64,
    /// Until when it is theirs if they say nothing more.
    pub until: Instant,
}

impl Engine {
    pub fn look_at_health(&self, cloud: &str) -> Result<Health, EngineError> {
        let now = self.now()?;
        let simulated = matches!(*self.clock, Clock::Simulated(_));
        Ok(self.store.read("look_at_health", |tx| {
            let (parked, due) = tx.payers_lag(cloud)?;
            let (waiting, dead) = tx.deliveries_count_of(cloud)?;
            let jobs = tx.leases()?.into_iter();
            let jobs = jobs.map(|(job, holder, fence, until)| Job { job, holder, fence, until }).collect();
            let lag_seconds = due.map_or(0, |due| now.seconds_since(due).max(0));
            Ok::<_, farthing_store::StoreError>(Health {
                now,
                simulated,
                parked,
                lag_seconds,
                waiting,
                dead,
                epoch: tx.epoch()?,
                jobs,
            })
        })?)
    }
}

//! The clouds of a store, as their configurations in force say.

use crate::{Engine, EngineError, Refused};
use farthing_core::money::Currency;
use farthing_core::settle::SettleError;
use farthing_core::time::Zone;

/// What all accounts of a cloud have in common, unless they say otherwise.
#[derive(Clone, Debug)]
pub struct CloudFacts {
    pub currency: Currency,
    pub zone: Zone,
    /// Its own account at its bank.
    pub bank_account: Option<String>,
}

impl Engine {
    /// Clouds that have a configuration.
    pub fn cloud_names(&self) -> Result<Vec<String>, EngineError> {
        self.clouds_known()
    }

    pub fn cloud_facts(&self, cloud: &str) -> Result<CloudFacts, Refused> {
        self.look(cloud, |work| {
            let policy = &work.policy_at(work.now)?.cloud;
            let bank_account = work.policy_at(work.now)?.bank.as_ref().map(|bank| bank.account.0.clone());
            Ok(CloudFacts { currency: policy.currency, zone: policy.time_zone.clone(), bank_account })
        })
    }

    /// Whether every version of a cloud can be read by this Farthing, and one is in force; which is the newest.
    pub fn cloud_check(&self, cloud: &str) -> Result<i64, EngineError> {
        let (now, clouds) = (self.now()?, &*self.clouds);
        self.store.read("cloud_check", |tx| {
            let book = clouds.get(tx, cloud)?.ok_or(SettleError::NoProfile)?;
            book.profile_at(now)?;
            Ok(book.newest)
        })
    }
}

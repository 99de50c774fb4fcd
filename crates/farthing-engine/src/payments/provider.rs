//! Who a cloud's payments go through.

use super::pay_in::PayBy;
use crate::bank;
use crate::{Clock, Engine, RefusalCode, Refused};
use farthing_core::payment::{Ask, Capabilities, Reply, sandbox};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A payment provider: it is asked outside of any transaction, may take its time, and whatever comes of it is in its reply.
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// In rows, in the ledger (`provider/stripe`) and in addresses.
    fn name(&self) -> &str;
    fn capabilities(&self) -> Capabilities;
    fn ask(&self, ask: &Ask) -> Reply;
}

/// The provider of each cloud. Where time is simulated, a cloud without one pretends.
#[derive(Debug, Default)]
pub struct Providers {
    by_cloud: BTreeMap<String, Arc<dyn Provider>>,
    /// Clouds without one of their own pretend, with the real clock too.
    pretends: bool,
}

impl Providers {
    pub fn new() -> Providers {
        Providers::default()
    }

    #[must_use]
    pub fn with(mut self, cloud: &str, provider: Arc<dyn Provider>) -> Providers {
        self.by_cloud.insert(cloud.to_owned(), provider);
        self
    }

    #[must_use]
    pub fn pretending(self) -> Providers {
        Providers { pretends: true, ..self }
    }

    pub fn of(&self, cloud: &str) -> Option<&Arc<dyn Provider>> {
        self.by_cloud.get(cloud)
    }

    /// Each provider once, with the clouds that use it.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Arc<dyn Provider>)> {
        self.by_cloud.iter()
    }
}

/// What a use case needs to know of a cloud's provider.
#[derive(Clone, Debug)]
pub(crate) struct Through {
    pub(crate) name: String,
    pub(crate) can: Capabilities,
}

impl Engine {
    /// The same engine, with providers.
    #[must_use]
    pub fn with_providers(self, providers: Providers) -> Engine {
        Engine { providers: Arc::new(providers), ..self }
    }

    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Whether money of this cloud is only pretended.
    pub fn pretends(&self, cloud: &str) -> bool {
        let simulated = matches!(*self.clock, Clock::Simulated(_));
        (simulated || self.providers.pretends) && self.providers.of(cloud).is_none()
    }

    /// The same for what an account keeps already: a mandate is debited by files, with no provider at all.
    pub(crate) fn through_by(&self, cloud: &str, by: &PayBy) -> Result<Through, Refused> {
        match (self.through(cloud), by) {
            (Err(_), PayBy::Default | PayBy::Method(_)) => {
                Ok(Through { name: bank::NAME.to_owned(), can: bank::CAPABILITIES })
            }
            (through, _) => through,
        }
    }

    pub(crate) fn through(&self, cloud: &str) -> Result<Through, Refused> {
        if self.pretends(cloud) {
            return Ok(Through { name: sandbox::NAME.to_owned(), can: sandbox::CAPABILITIES });
        }
        match self.providers.of(cloud) {
            Some(provider) => Ok(Through { name: provider.name().to_owned(), can: provider.capabilities() }),
            None => Err(Refused::new(
                RefusalCode::RefusedByPolicy,
                format!(
                    "cloud {cloud:?} has no payment provider: name one in the server's settings, or use a test key"
                ),
            )),
        }
    }
}

//! The two worlds of each cloud: the live one, on the store and the real clock, and a test cloud beside it, in a store of its
//! own whose clock stands until it is moved. So what is tried can never reach what is billed.

use crate::api::Problem;
use farthing_core::access::Mode;
use farthing_core::policy::ApplyRequest;
use farthing_engine::{Clock, Engine, EngineError, IdSource};
use farthing_store::{Options, Store};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub struct Worlds {
    live: Engine,
    tests: Mutex<BTreeMap<String, Engine>>,
}

impl Worlds {
    pub fn new(live: Engine) -> Worlds {
        Worlds { live, tests: Mutex::default() }
    }

    pub fn live(&self) -> &Engine {
        &self.live
    }

    /// The test clouds that were opened, by cloud.
    pub(crate) fn tests_open(&self) -> Vec<(String, Engine)> {
        let tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        tests.iter().map(|(cloud, engine)| (cloud.clone(), engine.clone())).collect()
    }

    /// The engine of a cloud that somebody without a key names: none is made for them.
    pub(crate) fn known(&self, cloud: &str, test: bool) -> Result<Option<Engine>, EngineError> {
        if !test {
            return Ok(Some(self.live.clone()));
        }
        let has_keys = !self.live.keys(cloud, Mode::Test, None, 1)?.is_empty();
        if has_keys { self.test(cloud).map(Some) } else { Ok(None) }
    }

    /// The engine that a key works on.
    pub(crate) fn engine(&self, cloud: &str, mode: Mode) -> Result<Engine, Problem> {
        match mode {
            Mode::Live => Ok(self.live.clone()),
            Mode::Test => Ok(self.test(cloud)?),
        }
    }

    /// The test cloud, made where there is none: with the configuration that is live, at the time it is now.
    fn test(&self, cloud: &str) -> Result<Engine, EngineError> {
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = if let Some(engine) = tests.get(cloud) {
            engine.clone()
        } else {
            let engine = self.open_test(cloud)?;
            tests.insert(cloud.to_owned(), engine.clone());
            engine
        };
        drop(tests);
        // Another process may have moved its clock.
        if let Some(at) = engine.store().read("simulated_now", |tx| tx.simulated_now())? {
            engine.clock().follow(at);
        }
        Ok(engine)
    }

    fn open_test(&self, cloud: &str) -> Result<Engine, EngineError> {
        let location = self.live.store().location().of_test(cloud)?;
        let options =
            Options { sqlite_log_mib: 4, sqlite_cache_kib: 4_096, postgres_connections: 4, ..Options::default() };
        let store = Store::open(&location, &options)?;
        let now = self.live.now()?.floor_second();
        let at = store.write("simulated_begin", move |tx| match tx.simulated_now()? {
            Some(at) => Ok::<_, farthing_store::StoreError>(at),
            None => tx.simulated_set(now).map(|()| now),
        })?;
        let engine = Engine::new(store, Clock::simulated(at), IdSource::random(IdSource::any_process()))
            .with_public_url(self.live.public_url());
        if engine.policy_versions(cloud)?.list().is_empty()
            && let Some(newest) = self.live.policy_versions(cloud)?.list().last()
            && let Some(files) = self.live.policy_files(cloud, newest.number)?
        {
            let request = ApplyRequest {
                files,
                starts: None, // the test cloud begins now
                corrects: None,
                who: "farthing".to_owned(),
                why: format!("the live cloud's version {}, for trying", newest.number),
            };
            engine.apply_policy(cloud, request).map_err(|error| match error {
                farthing_engine::ApplyPolicyError::Engine(error) => error,
                error => farthing_store::StoreError::corrupt(error.to_string()).into(),
            })?;
        }
        Ok(engine)
    }
}

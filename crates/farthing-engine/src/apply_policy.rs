//! Applies a cloud's configuration as a new dated version, and reads what was applied.

use crate::asked::{Note, answer_kept, keep};
use crate::tell::{self, Notice};
use crate::{ClockError, Engine, EngineError, Refused};
use farthing_core::notice::Event;
use farthing_core::policy::{Applied, ApplyError, ApplyRequest, Files, Versions, plan_apply};
use farthing_store::StoreError;
use serde_json::json;
use std::fmt;

#[derive(Debug)]
pub enum ApplyPolicyError {
    Engine(EngineError),
    /// What was asked cannot be; nothing was appended.
    Refused(ApplyError),
    /// The Idempotency-Key was another request's.
    Reused(String),
}

impl Engine {
    /// Appends a version with these files, unless they are in force at its start anyway. Asked again it is not appended again,
    /// though others have replaced it since.
    pub fn apply_policy(&self, cloud: &str, request: ApplyRequest) -> Result<Applied, ApplyPolicyError> {
        let (cloud, clock, ids) = (cloud.to_owned(), self.clock.clone(), self.ids.clone());
        let asked = self.asked.clone();
        self.store.write("apply_policy", move |tx| {
            if let Some(number) = answer_kept::<i64>(tx, &cloud, asked.as_deref())? {
                return Ok(Applied::Unchanged { number });
            }
            let versions = tx.policy_versions(&cloud)?;
            // Not before the versions are read: one that started meanwhile would rule over this one from the beginning.
            let now = clock.now()?;
            let applied = plan_apply(&versions, &request, now)?;
            let mut notes = Vec::new();
            if let Applied::New(version) = &applied {
                tx.policy_append(&cloud, version, &request.files)?;
                // Whoever has anything open looks at the new prices at once; where they correct what was, whoever ever had.
                tx.payers_hurry_all(&cloud, now, version.starts < now)?;
                let facts = json!({
                    "version": version.number,
                    "starts": version.starts.to_string(),
                    "corrects": version.corrects,
                    "why": version.why,
                });
                notes.push(Note::new("policy.applied", format!("cloud {cloud}")).became(&facts));
                let event = Event::PolicyApplied {
                    version: version.number,
                    starts: version.starts,
                    corrects: version.corrects,
                    who: version.who.clone(),
                    why: version.why.clone(),
                };
                tell::write(tx, &cloud, &ids, now, &[Notice { event, at: now, account: None, mailed: false }])?;
            }
            let number = match &applied {
                Applied::New(version) => version.number,
                Applied::Unchanged { number } => *number,
            };
            keep(tx, &cloud, asked.as_deref(), &number, &notes, now)?;
            Ok(applied)
        })
    }

    /// A cloud's versions, none where none was applied.
    pub fn policy_versions(&self, cloud: &str) -> Result<Versions, EngineError> {
        Ok(self.store.read("policy_versions", |tx| tx.policy_versions(cloud))?)
    }

    /// The files of one version of a cloud.
    pub fn policy_files(&self, cloud: &str, number: i64) -> Result<Option<Files>, EngineError> {
        Ok(self.store.read("policy_files", |tx| tx.policy_files(cloud, number))?)
    }
}

impl fmt::Display for ApplyPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyPolicyError::Engine(error) => error.fmt(f),
            ApplyPolicyError::Refused(error) => error.fmt(f),
            ApplyPolicyError::Reused(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ApplyPolicyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ApplyPolicyError::Engine(error) => error.source(),
            ApplyPolicyError::Refused(error) => error.source(),
            ApplyPolicyError::Reused(_) => None,
        }
    }
}

impl From<StoreError> for ApplyPolicyError {
    fn from(error: StoreError) -> ApplyPolicyError {
        ApplyPolicyError::Engine(error.into())
    }
}

/// Of what is asked once: the only rule it can be refused by is that of the key.
impl From<Refused> for ApplyPolicyError {
    fn from(refused: Refused) -> ApplyPolicyError {
        match refused {
            Refused::Engine(error) => ApplyPolicyError::Engine(error),
            Refused::ByRule { message, .. } => ApplyPolicyError::Reused(message),
        }
    }
}

impl From<ClockError> for ApplyPolicyError {
    fn from(error: ClockError) -> ApplyPolicyError {
        ApplyPolicyError::Engine(error.into())
    }
}

impl From<ApplyError> for ApplyPolicyError {
    fn from(error: ApplyError) -> ApplyPolicyError {
        ApplyPolicyError::Refused(error)
    }
}

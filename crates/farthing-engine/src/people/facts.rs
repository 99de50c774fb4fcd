//! A person as they are shown: who they are and what they are to which accounts; nothing of what they sign in with.

use super::person_of;
use crate::{Engine, EngineError, Refused};
use farthing_core::access::{PersonId, Role};
use farthing_core::time::Instant;
use farthing_store::{PersonRow, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonFacts {
    pub id: PersonId,
    /// What members and wallets call them.
    pub person: String,
    pub email: String,
    pub name: String,
    pub language: String,
    pub roles: Vec<PersonRole>,
    /// They have chosen a password.
    pub accepted: bool,
    pub second_factor: bool,
    pub made: Instant,
    pub signed_in: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRole {
    pub account: String,
    pub project: Option<String>,
    /// As the cloud has it; one of its own words opens nothing here.
    pub role: String,
}

impl PersonRole {
    /// As the console has it.
    pub fn known(&self) -> Option<Role> {
        Role::parse(&self.role)
    }
}

impl Engine {
    pub fn person(&self, cloud: &str, id: PersonId) -> Result<PersonFacts, Refused> {
        let found = self.store.read("person", |tx| {
            let Some(row) = person_of(tx, cloud, id)? else { return Ok(None) };
            facts_of(tx, row).map(Some)
        });
        found.map_err(EngineError::from)?.ok_or_else(|| Refused::not_found("person", &id.to_string()))
    }

    /// A cloud's people in the order they came: those after one of them, at most so many.
    pub fn people(&self, cloud: &str, after: Option<PersonId>, limit: usize) -> Result<Vec<PersonFacts>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.read("people", |tx| {
            let rows = tx.people_page(cloud, false, after, limit)?;
            rows.into_iter().map(|row| facts_of(tx, row)).collect::<Result<Vec<PersonFacts>, StoreError>>()
        })?)
    }

    /// Those of one account and its projects.
    pub fn people_of_account(&self, cloud: &str, account: &str) -> Result<Vec<PersonFacts>, Refused> {
        self.store.read("people_of_account", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            let mut people: Vec<PersonFacts> = Vec::new();
            for member in tx.members_of(payer.id)? {
                if people.iter().any(|known| known.person == member.person) {
                    continue;
                }
                if let Some(row) = tx.person_by_name(cloud, &member.person)? {
                    let mut facts = facts_of(tx, row)?;
                    // What they are elsewhere is nobody's business here.
                    facts.roles.retain(|role| role.account == account);
                    people.push(facts);
                }
            }
            Ok(people)
        })
    }
}

pub(super) fn facts_of(tx: &mut Tx<'_>, row: PersonRow) -> Result<PersonFacts, StoreError> {
    let roles = tx.person_roles(&row.cloud, &row.person)?;
    let roles = roles.into_iter().map(|role| PersonRole {
        account: role.account_name,
        project: role.project.map(|(_, name)| name),
        role: role.role,
    });
    Ok(PersonFacts {
        id: row.id,
        roles: roles.collect(),
        accepted: row.password.is_some(),
        second_factor: row.totp.is_some(),
        person: row.person,
        email: row.email,
        name: row.name,
        language: row.language,
        made: row.made,
        signed_in: row.signed_in,
    })
}

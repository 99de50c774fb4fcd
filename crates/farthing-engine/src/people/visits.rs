//! Whom a session is for, at every page: looked up each time, so that what was taken from somebody is gone with their next click.

use super::agent_of;
use crate::{Engine, EngineError};
use farthing_core::access::{
    HALF_WAY, OF_CUSTOMERS, OF_OPERATORS, OperatorRole, PersonId, Role, SEEN_SECONDS, SessionTimes, Token, TokenId,
};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;
use farthing_store::{SessionRow, StoreError, Tx, Whose};

/// Who is there, and what they may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub session: TokenId,
    /// Empty: an operator of every cloud.
    pub cloud: String,
    pub who: Who,
    /// What the cloud's own application calls them.
    pub known_as: String,
    pub name: String,
    pub email: String,
    /// As the session has it; empty: not chosen.
    pub language: String,
    /// An operator's role; none: one of a customer's people.
    pub operator: Option<OperatorRole>,
    /// Of a customer's people: where they have a role.
    pub accounts: Vec<Access>,
    pub second_factor: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Person(PersonId),
    /// What the cloud's portal calls somebody.
    Vouched(String),
}

/// An account that somebody may look at, all of it or some of its projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub id: OwnerId,
    pub account: String,
    /// In the whole account.
    pub role: Option<Role>,
    /// In some of its projects, where they have none in the whole.
    pub projects: Vec<(i64, String, Role)>,
}

/// One of somebody's own sessions, as it is shown to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    pub id: TokenId,
    pub agent: String,
    pub made: Instant,
    pub seen: Instant,
}

impl Visit {
    /// What the audit log calls them.
    pub fn asked_as(&self) -> String {
        match &self.who {
            Who::Person(id) => id.to_string(),
            // A name of the cloud's own for somebody, who may be erased there: a hash tells two apart.
            Who::Vouched(who) => {
                let hash = blake3::hash(format!("{}\n{who}", self.cloud).as_bytes());
                format!("portal:{}", hash.to_hex().get(..16).unwrap_or_default())
            }
        }
    }

    pub const fn person(&self) -> Option<PersonId> {
        match self.who {
            Who::Person(id) => Some(id),
            Who::Vouched(_) => None,
        }
    }

    pub fn access(&self, account: &str) -> Option<&Access> {
        self.accounts.iter().find(|access| access.account == account)
    }
}

impl Engine {
    /// None: it opens nothing: unknown, over, half, or of somebody who is gone.
    pub fn visit(&self, token: &Token, now: Instant) -> Result<Option<Visit>, EngineError> {
        let found = self.store.read("visit", |tx| {
            let Some(row) = tx.session(token.id)?.filter(|row| token.fits(&row.hash) && row.proven) else {
                return Ok(None);
            };
            let visit = visit_of(tx, &row)?;
            Ok::<_, StoreError>(visit.map(|visit| (row.times, visit)))
        })?;
        let Some((times, visit)) = found else { return Ok(None) };
        let terms = if visit.operator.is_some() { OF_OPERATORS } else { OF_CUSTOMERS };
        if !terms.is_good(times, now) {
            return Ok(None);
        }
        if now.seconds_since(times.seen) >= SEEN_SECONDS {
            let id = token.id;
            self.store.write("session_seen", move |tx| tx.session_seen(id, now))?;
        }
        Ok(Some(visit))
    }

    /// Where somebody whom the cloud's application calls so has a role, by account.
    pub fn accesses_of(&self, cloud: &str, person: &str) -> Result<Vec<Access>, EngineError> {
        Ok(self.store.read("accesses_of", |tx| accesses(tx, cloud, person))?)
    }

    /// Whether a token is of somebody whose code is still to be shown.
    pub fn is_half_way(&self, token: &Token, now: Instant) -> Result<bool, EngineError> {
        let found = self.store.read("is_half_way", |tx| tx.session(token.id))?;
        Ok(found.is_some_and(|row| token.fits(&row.hash) && !row.proven && HALF_WAY.is_good(row.times, now)))
    }

    /// Somebody's own sessions that are good, the newest first.
    pub fn sessions(&self, person: PersonId, now: Instant) -> Result<Vec<SessionFacts>, EngineError> {
        let (rows, operator) = self.store.read("sessions", |tx| {
            let operator = tx.person(person)?.is_some_and(|person| person.operator.is_some());
            Ok::<_, StoreError>((tx.sessions_of(person)?, operator))
        })?;
        let terms = if operator { OF_OPERATORS } else { OF_CUSTOMERS };
        let good = rows.into_iter().filter(|row| row.proven && terms.is_good(row.times, now));
        let facts =
            good.map(|row| SessionFacts { id: row.id, agent: row.agent, made: row.times.made, seen: row.times.seen });
        Ok(facts.collect())
    }

    /// Ends one of somebody's own; another's is not there.
    pub fn session_end(&self, person: PersonId, id: TokenId) -> Result<bool, EngineError> {
        Ok(self.store.write("session_end", move |tx| match tx.session(id)? {
            Some(row) if row.whose == Whose::Person(person) => tx.session_end(id),
            _ => Ok(false),
        })?)
    }

    pub fn sign_out(&self, token: &Token) -> Result<(), EngineError> {
        let token = token.clone();
        Ok(self.store.write("sign_out", move |tx| {
            if tx.session(token.id)?.is_some_and(|row| token.fits(&row.hash)) {
                tx.session_end(token.id)?;
            }
            Ok::<_, StoreError>(())
        })?)
    }

    /// Everywhere but here, if here is named; how many.
    pub fn sign_out_everywhere(&self, person: PersonId, but: Option<TokenId>) -> Result<u64, EngineError> {
        Ok(self.store.write("sign_out_everywhere", move |tx| tx.sessions_end(person, but))?)
    }

    pub fn session_language(&self, token: &Token, language: &str) -> Result<(), EngineError> {
        let (id, language) = (token.id, agent_of(language));
        Ok(self.store.write("session_language", move |tx| tx.session_language(id, &language))?)
    }
}

fn visit_of(tx: &mut Tx<'_>, row: &SessionRow) -> Result<Option<Visit>, StoreError> {
    let visit = Visit {
        session: row.id,
        cloud: row.cloud.clone(),
        who: Who::Vouched(String::new()),
        known_as: String::new(),
        name: String::new(),
        email: String::new(),
        language: row.language.clone(),
        operator: None,
        accounts: Vec::new(),
        second_factor: false,
    };
    match &row.whose {
        Whose::Vouched { who, account, role } => {
            let Some(name) = tx.account_name(&row.cloud, *account)? else { return Ok(None) };
            let access = Access { id: *account, account: name, role: Some(*role), projects: Vec::new() };
            let known_as = who.clone();
            let (who, name) = (Who::Vouched(who.clone()), who.clone());
            Ok(Some(Visit { who, known_as, name, accounts: vec![access], ..visit }))
        }
        Whose::Person(id) => {
            let Some(person) = tx.person(*id)?.filter(|person| person.cloud == row.cloud) else { return Ok(None) };
            let accounts =
                if person.operator.is_some() { Vec::new() } else { accesses(tx, &person.cloud, &person.person)? };
            Ok(Some(Visit {
                who: Who::Person(*id),
                known_as: person.person,
                name: person.name,
                email: person.email,
                operator: person.operator,
                accounts,
                second_factor: person.totp.is_some(),
                ..visit
            }))
        }
    }
}

/// Where somebody has a role that we know, by account.
fn accesses(tx: &mut Tx<'_>, cloud: &str, person: &str) -> Result<Vec<Access>, StoreError> {
    let mut found: Vec<Access> = Vec::new();
    for row in tx.person_roles(cloud, person)? {
        let Some(role) = Role::parse(&row.role) else { continue };
        if found.last().is_none_or(|last| last.id != row.account) {
            found.push(Access { id: row.account, account: row.account_name, role: None, projects: Vec::new() });
        }
        let Some(access) = found.last_mut() else { continue };
        match row.project {
            None => access.role = Some(role),
            Some((project, name)) => access.projects.push((project, name, role)),
        }
    }
    Ok(found)
}

pub(super) fn put_session(
    tx: &mut Tx<'_>,
    token: &Token,
    (cloud, whose): (&str, Whose),
    (language, agent, proven): (&str, &str, bool),
    now: Instant,
) -> Result<(), StoreError> {
    tx.session_insert(&SessionRow {
        id: token.id,
        hash: token.hash(),
        cloud: cloud.to_owned(),
        whose,
        language: language.to_owned(),
        proven,
        agent: agent.to_owned(),
        times: SessionTimes { made: now, seen: now },
    })
}

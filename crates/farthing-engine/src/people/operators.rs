//! Operators: whoever runs a cloud, or all of a server's. They are made at the command line, where whoever sits there owns the store.

use super::passwords::{judged, set};
use super::{email_of, hashing, subject, two};
use crate::asked::Note;
use crate::open_account::check_contact;
use crate::{Contact, Engine, EngineError, RefusalCode, Refused};
use farthing_core::access::{Opens, OperatorRole, PASSWORD_LINK_SECONDS, PersonId, Token};
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{LinkPurpose, PersonLinkRow, PersonRow, Whose};
use serde_json::json;

#[derive(Clone, Debug)]
pub struct NewOperator {
    pub email: String,
    pub name: String,
    pub role: OperatorRole,
    /// None: of every cloud.
    pub cloud: Option<String>,
    pub language: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorFacts {
    pub id: PersonId,
    pub email: String,
    pub name: String,
    pub role: OperatorRole,
    /// None: of every cloud.
    pub cloud: Option<String>,
    pub has_password: bool,
    pub second_factor: bool,
    pub signed_in: Option<Instant>,
}

impl Engine {
    /// Adds one; one who is there gets the role.
    pub fn operator_add(&self, new: &NewOperator, now: Instant) -> Result<PersonId, Refused> {
        let new = NewOperator { email: email_of(&new.email), ..new.clone() };
        check_contact(&Contact { name: new.name.clone(), email: new.email.clone(), language: new.language.clone() })?;
        if new.email.is_empty() {
            return Err(Refused::new(RefusalCode::Invalid, "an operator has an e-mail address: say which"));
        }
        let cloud = new.cloud.clone().unwrap_or_default();
        if !cloud.is_empty() && !self.cloud_names()?.contains(&cloud) {
            return Err(Refused::not_found("cloud", &cloud));
        }
        let made: PersonId = self.ids.id(now);
        let id: [u8; 16] = self.ask_desk("operator_add", &cloud, move |desk| {
            let facts = json!({ "role": new.role.name() });
            if let Some(mut there) = desk.tx.operator_by_email(&new.email)? {
                if there.cloud != desk.cloud {
                    let what =
                        "that address is an operator's of another cloud: remove them there, or use another address";
                    return Err(Refused::new(RefusalCode::Conflict, what));
                }
                there.operator = Some(new.role);
                desk.tx.person_write(&there)?;
                desk.notes.push(Note::new("operator.role_changed", subject(there.id)).became(&facts));
                return Ok(there.id.to_bytes());
            }
            desk.tx.person_insert(&PersonRow {
                id: made,
                cloud: desk.cloud.to_owned(),
                person: made.to_string(),
                email: new.email.clone(),
                name: new.name.clone(),
                language: new.language.clone(),
                operator: Some(new.role),
                password: None,
                totp: None,
                totp_new: None,
                totp_step: None,
                made: now,
                signed_in: None,
            })?;
            desk.notes.push(Note::new("operator.added", subject(made)).became(&facts));
            Ok(made.to_bytes())
        })?;
        Ok(PersonId::from_bytes(id))
    }

    pub fn operators(&self) -> Result<Vec<OperatorFacts>, EngineError> {
        let rows = self.store.read("operators", |tx| tx.operators())?;
        let facts = rows.into_iter().filter_map(|row| {
            Some(OperatorFacts {
                id: row.id,
                role: row.operator?,
                cloud: Some(row.cloud).filter(|cloud| !cloud.is_empty()),
                has_password: row.password.is_some(),
                second_factor: row.totp.is_some(),
                email: row.email,
                name: row.name,
                signed_in: row.signed_in,
            })
        });
        Ok(facts.collect())
    }

    /// Takes one away: whoever sits there is signed out.
    pub fn operator_remove(&self, email: &str) -> Result<(), Refused> {
        let person = self.operator(email)?;
        self.ask_desk("operator_remove", &person.cloud.clone(), move |desk| {
            desk.tx.person_erase(&person)?;
            desk.notes.push(Note::new("operator.removed", subject(person.id)));
            Ok(())
        })
    }

    /// A link by which they choose a password, good for an hour.
    pub fn operator_link(&self, email: &str, now: Instant) -> Result<(Token, Instant), Refused> {
        let person = self.operator(email)?;
        let token = Token::new(Opens::Link, None, self.ids.id(now), two([self.ids.bytes(), self.ids.bytes()]));
        let lasts = Duration::try_from_seconds(PASSWORD_LINK_SECONDS).map_err(SettleError::from)?;
        let expires = now.checked_add(lasts).map_err(SettleError::from)?;
        let link = token.clone();
        self.ask_desk("operator_link", &person.cloud.clone(), move |desk| {
            desk.tx.person_link_insert(&PersonLinkRow {
                id: link.id,
                hash: link.hash(),
                purpose: LinkPurpose::Password,
                cloud: person.cloud.clone(),
                whose: Whose::Person(person.id),
                language: person.language.clone(),
                return_to: String::new(),
                made: now,
                expires,
            })?;
            desk.notes.push(Note::new("operator.link_made", subject(person.id)));
            Ok(())
        })?;
        Ok((token, expires))
    }

    /// Gives one a password, and turns their second factor off if that is asked: for whoever has lost both.
    pub fn operator_password(&self, email: &str, password: &str, without_second_factor: bool) -> Result<(), Refused> {
        let person = self.operator(email)?;
        judged(&person, password)?;
        let hash = hashing::hash(password, self.ids.bytes());
        self.ask_desk("operator_password", &person.cloud.clone(), move |desk| {
            let mut person = person.clone();
            if without_second_factor {
                person.totp = None;
                person.totp_new = None;
                person.totp_step = None;
                desk.tx.recovery_codes_put(person.id, &[])?;
                desk.notes.push(Note::new("person.second_factor_off", subject(person.id)));
            }
            set(desk, person, &hash, None, "command line")
        })
    }

    fn operator(&self, email: &str) -> Result<PersonRow, Refused> {
        let email = email_of(email);
        let found = self.store.read("operator", |tx| tx.operator_by_email(&email)).map_err(EngineError::from)?;
        found.ok_or_else(|| Refused::not_found("operator", &email))
    }
}

//! Invites somebody to an account or one of its projects: they are written to, with a link to choose a password.
//!
//! Who is known by their address is given the role, and written to again if they have not answered yet: asking twice makes nobody twice.

use super::{email_of, subject};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_account::check_contact;
use crate::open_project::{account_of, project_of};
use crate::{Contact, Engine, RefusalCode, Refused};
use farthing_core::access::{PersonId, Role};
use farthing_core::notice::Event;
use farthing_core::time::Instant;
use farthing_store::{MemberRow, PersonRow};
use serde_json::json;

/// As long as what a cloud calls somebody may be.
const PERSON_MAX: usize = 200;

#[derive(Clone, Debug)]
pub struct NewPerson {
    pub email: String,
    pub name: String,
    /// Such as `en`; empty: the cloud's.
    pub language: String,
    /// What the cloud's own application calls them; none: their id here.
    pub person: Option<String>,
    pub account: String,
    /// None: the whole account.
    pub project: Option<String>,
    pub role: Role,
}

impl Engine {
    pub fn invite_person(&self, cloud: &str, new: &NewPerson, now: Instant) -> Result<PersonId, Refused> {
        let new = NewPerson { email: email_of(&new.email), ..new.clone() };
        let contact = Contact { name: new.name.clone(), email: new.email.clone(), language: new.language.clone() };
        check_contact(&contact)?;
        if new.email.is_empty() {
            return Err(Refused::new(RefusalCode::Invalid, "whoever is invited has an e-mail address: say which"));
        }
        if let Some(person) = &new.person
            && (person.is_empty() || person.len() > PERSON_MAX || person.chars().any(char::is_control))
        {
            let what = format!("what you call a person has 1 to {PERSON_MAX} bytes in one line");
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        let made: PersonId = self.ids.id(now);
        // What is kept for whoever asks again names nobody.
        let id: [u8; 16] = self.ask("invite_person", cloud, move |work| {
            let (cloud, recorded) = (work.cloud.id.clone(), work.now);
            let account = account_of(work, &new.account)?;
            let project = match &new.project {
                None => 0,
                Some(name) => {
                    let project = project_of(work, name)?;
                    if project.account != account.id {
                        return Err(Refused::not_found("project", name));
                    }
                    project.id
                }
            };
            let row = match work.tx.person_by_email(&cloud, &new.email)? {
                None => stranger(work, &new, made, now)?,
                Some(there) => acquaintance(there, &new)?,
            };
            let member = MemberRow {
                account: account.id,
                project,
                person: row.person.clone(),
                role: new.role.name().to_owned(),
            };
            work.tx.member_put(&member, recorded)?;
            let facts = json!({ "account": new.account, "project": new.project, "role": new.role.name() });
            work.notes.push(Note::new("person.invited", subject(row.id)).became(&facts));
            let event = Event::PersonInvited {
                person: row.id,
                account: new.account.clone(),
                project: new.project.clone().unwrap_or_default(),
                role: new.role,
            };
            work.tell(None, event);
            Ok(row.id.to_bytes())
        })?;
        Ok(PersonId::from_bytes(id))
    }
}

/// Somebody whom nobody knew.
fn stranger(work: &mut Work<'_, '_>, new: &NewPerson, id: PersonId, now: Instant) -> Result<PersonRow, Refused> {
    let cloud = work.cloud.id.clone();
    let person = new.person.clone().unwrap_or_else(|| id.to_string());
    if work.tx.person_by_name(&cloud, &person)?.is_some() {
        let what = "somebody of that name has another address: erase them first, or choose another name";
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let row = PersonRow {
        id,
        cloud,
        person,
        email: new.email.clone(),
        name: new.name.clone(),
        language: new.language.clone(),
        operator: None,
        password: None,
        totp: None,
        totp_new: None,
        totp_step: None,
        made: now,
        signed_in: None,
    };
    work.tx.person_insert(&row)?;
    Ok(row)
}

/// Somebody who is known by their address: under one name.
fn acquaintance(there: PersonRow, new: &NewPerson) -> Result<PersonRow, Refused> {
    if new.person.as_ref().is_some_and(|person| *person != there.person) {
        let what = "somebody with this address is known under another name of yours: leave person out";
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    Ok(there)
}

//! Choosing a password: with the one there was, or with a link from a mail. Whoever else is signed in as this person is not any more.

use super::sign_in::subject_of;
use super::visits::put_session;
use super::{agent_of, hashing, subject, tell_of_person};
use crate::asked::{Desk, Note};
use crate::{Engine, EngineError, RefusalCode, Refused, SignInRefused, SignedIn};
use farthing_core::access::{Opens, PasswordHash, PersonId, Token, TokenId, Tries, judge_password};
use farthing_core::notice::{Event, SecurityChange};
use farthing_core::time::Instant;
use farthing_store::{LinkPurpose, PersonRow, StoreError, Whose};
use serde_json::json;

impl Engine {
    /// Changes somebody's own. Their other sessions end; this one goes on.
    pub fn change_password(
        &self,
        (id, session): (PersonId, TokenId),
        (old, new): (&str, &str),
        address: &str,
        now: Instant,
    ) -> Result<Result<(), Refused>, SignInRefused> {
        let person = self.prove_password(id, old, address, now)?;
        if let Err(refused) = judged(&person, new) {
            return Ok(Err(refused));
        }
        let hash = hashing::hash(new, self.ids.bytes());
        self.ask_desk("change_password", &person.cloud, move |desk| {
            let Some(person) = desk.tx.person(id)? else { return Ok(()) };
            set(desk, person, &hash, Some(session), "own")
        })?;
        Ok(Ok(()))
    }

    /// Whoever has the link from a mail chooses a password, and is signed in. The link is used up.
    pub fn choose_password(
        &self,
        link: &Token,
        password: &str,
        (agent, language): (&str, &str),
        now: Instant,
    ) -> Result<SignedIn, Refused> {
        let gone = || Refused::new(RefusalCode::NotFound, "this link was used, or its time is over: ask for another");
        let person = self.person_of_link(link, now)?.ok_or_else(gone)?;
        judged(&person, password)?;
        let hash = hashing::hash(password, self.ids.bytes());
        let token = self.fresh_token(Opens::Session, link.test_of.as_deref(), now);
        let (session, used, id) = (token.clone(), link.id, person.id);
        let (agent, language) = (agent_of(agent), language.to_owned());
        let whole = self.ask_desk("choose_password", &person.cloud, move |desk| {
            if !desk.tx.person_link_use(used)? {
                return Err(gone());
            }
            let mut person = desk.tx.person(id)?.ok_or_else(gone)?;
            // A second factor stays: who has the mail need not have the authenticator.
            let whole = person.totp.is_none();
            if whole {
                person.signed_in = Some(now);
            }
            let (cloud, side) =
                (person.cloud.clone(), if person.operator.is_some() { "" } else { person.cloud.as_str() });
            desk.tx.sign_in_tries_put(&subject_of("person", side, &person.email), Tries::default())?;
            set(desk, person, &hash, None, "link")?;
            put_session(desk.tx, &session, (&cloud, Whose::Person(id)), (&language, &agent, whole), now)?;
            Ok(whole)
        })?;
        Ok(if whole { SignedIn::Whole(token) } else { SignedIn::Half(token) })
    }

    /// Gives one of a customer's people a password, as an operator of the machine may.
    pub fn person_password(&self, cloud: &str, id: PersonId, password: &str) -> Result<(), Refused> {
        let found = self.store.read("person_password", |tx| tx.person(id)).map_err(EngineError::from)?;
        let person = found.filter(|person| person.cloud == cloud && person.operator.is_none());
        let person = person.ok_or_else(|| Refused::not_found("person", &id.to_string()))?;
        judged(&person, password)?;
        let hash = hashing::hash(password, self.ids.bytes());
        self.ask_desk("person_password", cloud, move |desk| set(desk, person.clone(), &hash, None, "command line"))
    }

    /// Whose link it is, if it opens something now.
    pub(super) fn person_of_link(&self, link: &Token, now: Instant) -> Result<Option<PersonRow>, EngineError> {
        Ok(self.store.read("person_of_link", |tx| {
            let Some(row) = tx.person_link(link.id)? else { return Ok(None) };
            let chooses = matches!(row.purpose, LinkPurpose::Invitation | LinkPurpose::Password);
            if !chooses || !link.fits(&row.hash) || now >= row.expires {
                return Ok(None);
            }
            let Whose::Person(id) = row.whose else { return Ok(None) };
            Ok::<_, StoreError>(tx.person(id)?.filter(|person| person.cloud == row.cloud))
        })?)
    }
}

pub(super) fn judged(person: &PersonRow, password: &str) -> Result<(), Refused> {
    judge_password(password, &person.email, &person.name)
        .map_err(|weak| Refused::new(RefusalCode::Invalid, weak.to_string()))
}

/// Writes it, ends the other sessions, and tells the person unless it is their first.
pub(super) fn set(
    desk: &mut Desk<'_, '_>,
    mut person: PersonRow,
    hash: &PasswordHash,
    but: Option<TokenId>,
    by: &str,
) -> Result<(), Refused> {
    let (id, first) = (person.id, person.password.is_none());
    person.password = Some(hash.clone());
    desk.tx.person_write(&person)?;
    desk.tx.sessions_end(id, but)?;
    desk.tx.person_links_forget(id)?;
    desk.notes.push(Note::new("person.password_set", subject(id)).became(&json!({ "by": by })));
    if !first {
        let event = Event::PersonSecurityChanged { person: id, what: SecurityChange::Password };
        tell_of_person((desk.tx, desk.ids), &person.cloud, event, desk.now)?;
    }
    Ok(())
}

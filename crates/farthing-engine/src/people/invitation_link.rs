//! The link of an invitation for whoever hands it on themselves: where no mail goes out, nobody would get one.
//!
//! Whoever holds it chooses the password of whom it names. So it is made only for somebody who has none and is nothing to any other account:
//! the one that shows it could else be let into another.

use super::{person_of, subject};
use crate::asked::Note;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::access::{INVITATION_SECONDS, Opens, PersonId, Token};
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{LinkPurpose, PersonLinkRow, Whose};

impl Engine {
    /// Shown once: what is kept of it opens nothing.
    pub fn invitation_link(
        &self,
        (cloud, account): (&str, &str),
        id: PersonId,
        test_of: Option<&str>,
        now: Instant,
    ) -> Result<Token, Refused> {
        let lasts = Duration::try_from_seconds(INVITATION_SECONDS).map_err(SettleError::from)?;
        let expires = now.checked_add(lasts).map_err(SettleError::from)?;
        let token = self.fresh_token(Opens::Link, test_of, now);
        let (link, account) = (token.clone(), account.to_owned());
        self.ask_desk("invitation_link", cloud, move |desk| {
            let person = person_of(desk.tx, desk.cloud, id)?;
            let person = person.ok_or_else(|| Refused::not_found("person", &id.to_string()))?;
            if person.password.is_some() {
                let what = "they have chosen a password already: they sign in with it";
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            let roles = desk.tx.person_roles(desk.cloud, &person.person)?;
            if roles.is_empty() || roles.iter().any(|role| role.account_name != account) {
                let what = "they are invited to another account too: only a mail of the cloud's lets them in";
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            desk.tx.person_link_insert(&PersonLinkRow {
                id: link.id,
                hash: link.hash(),
                purpose: LinkPurpose::Invitation,
                cloud: person.cloud.clone(),
                whose: Whose::Person(person.id),
                language: person.language.clone(),
                return_to: String::new(),
                made: now,
                expires,
            })?;
            desk.notes.push(Note::new("person.link_shown", subject(id)));
            Ok(())
        })?;
        Ok(token)
    }
}

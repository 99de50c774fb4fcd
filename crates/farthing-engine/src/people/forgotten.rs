//! A forgotten password: a mail with a link, if somebody has that address. Whoever asks hears the same, and waits as long, either way.

use super::sign_in::subject_of;
use super::{Side, email_of, subject, tell_of_person};
use crate::asked::Note;
use crate::{Engine, EngineError, Refused, SignInRefused};
use farthing_core::access::{Token, TryLimits};
use farthing_core::notice::Event;
use farthing_core::time::Instant;

/// Nobody's letter-box is filled by asking again and again: three mails, then one in a quarter of an hour.
const MAILS: TryLimits =
    TryLimits { free: 3, first_wait_seconds: 900, longest_wait_seconds: 3_600, forget_seconds: 86_400 };

/// Whose a link from a mail is, for the page that it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    pub cloud: String,
    pub name: String,
    pub email: String,
    pub language: String,
    /// They have no password yet.
    pub is_invitation: bool,
    pub operator: bool,
}

impl Engine {
    pub fn forgot_password(&self, side: &Side, email: &str, now: Instant) -> Result<(), SignInRefused> {
        let (side, email) = (side.clone(), email_of(email));
        let name = match &side {
            Side::Customers { cloud, .. } => cloud.clone(),
            Side::Operators => String::new(),
        };
        let counted = subject_of("forgotten", &name, &email);
        self.ask_desk("forgot_password", &name, move |desk| {
            // Written for known and unknown alike, so that both take one commit.
            let Ok(tries) = desk.tx.sign_in_tries(&counted)?.begin(MAILS, now) else { return Ok(()) };
            desk.tx.sign_in_tries_put(&counted, tries)?;
            if let Some(person) = side.find(desk.tx, &email)? {
                desk.notes.push(Note::new("person.password_asked", subject(person.id)));
                let event = Event::PersonPasswordAsked { person: person.id };
                tell_of_person((desk.tx, desk.ids), &person.cloud, event, desk.now)?;
            }
            Ok(())
        })
        .map_err(|refused: Refused| SignInRefused::from(refused))
    }

    /// What the page of a link says; none: it opens nothing. Looking uses nothing up: mail programs look too.
    pub fn link_facts(&self, link: &Token, now: Instant) -> Result<Option<LinkFacts>, EngineError> {
        let person = self.person_of_link(link, now)?;
        Ok(person.map(|person| LinkFacts {
            cloud: person.cloud,
            name: person.name,
            email: person.email,
            language: person.language,
            is_invitation: person.password.is_none(),
            operator: person.operator.is_some(),
        }))
    }
}

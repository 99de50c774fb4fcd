//! The second factor: turned on by showing that the authenticator works, turned off with the password; codes for whoever loses theirs.

use super::{subject, tell_of_person};
use crate::asked::Note;
use crate::{Engine, RefusalCode, Refused, SignInRefused};
use farthing_core::access::{PersonId, RECOVERY_CODES, TokenId, TotpSecret, recovery_code, recovery_hash};
use farthing_core::notice::{Event, SecurityChange};
use farthing_core::time::Instant;

impl Engine {
    /// A secret to be put into an authenticator; nothing changes until a code of it was shown.
    pub fn second_factor_begin(
        &self,
        id: PersonId,
        password: &str,
        address: &str,
        now: Instant,
    ) -> Result<TotpSecret, SignInRefused> {
        self.prove_password(id, password, address, now)?;
        let (first, second) = (self.ids.bytes(), self.ids.bytes());
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(&first);
        bytes[16..].copy_from_slice(&second[..4]);
        let secret = TotpSecret::new(bytes);
        let kept = secret.clone();
        self.store.write("second_factor_begin", move |tx| {
            if let Some(mut person) = tx.person(id)? {
                person.totp_new = Some(kept.clone());
                tx.person_write(&person)?;
            }
            Ok::<_, farthing_store::StoreError>(())
        })?;
        Ok(secret)
    }

    /// The secret that waits for its first code.
    pub fn second_factor_begun(&self, id: PersonId) -> Result<Option<TotpSecret>, crate::EngineError> {
        Ok(self.store.read("second_factor_begun", |tx| tx.person(id))?.and_then(|person| person.totp_new))
    }

    /// Turns it on, with the first code of the authenticator. The codes for whoever loses it are answered here and never again.
    pub fn second_factor_on(
        &self,
        (id, session): (PersonId, TokenId),
        code: &str,
        now: Instant,
    ) -> Result<Vec<String>, Refused> {
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| {
                let mut bytes = [0; 10];
                bytes.copy_from_slice(&self.ids.bytes()[..10]);
                recovery_code(bytes)
            })
            .collect();
        let hashes: Vec<[u8; 32]> = codes.iter().filter_map(|code| recovery_hash(code)).collect();
        let code = code.to_owned();
        let cloud = self.cloud_of_person(id)?;
        self.ask_desk("second_factor_on", &cloud, move |desk| {
            let wrong = || Refused::new(RefusalCode::Invalid, "that is not the code that the authenticator shows now");
            let mut person = desk.tx.person(id)?.ok_or_else(wrong)?;
            let secret = person.totp_new.take().ok_or_else(wrong)?;
            let step = secret.step_of(&code, now, None).ok_or_else(wrong)?;
            person.totp = Some(secret);
            person.totp_step = Some(step);
            desk.tx.person_write(&person)?;
            desk.tx.recovery_codes_put(id, &hashes)?;
            // Whoever is signed in elsewhere has not shown it.
            desk.tx.sessions_end(id, Some(session))?;
            desk.notes.push(Note::new("person.second_factor_on", subject(id)));
            let event = Event::PersonSecurityChanged { person: id, what: SecurityChange::SecondFactorOn };
            tell_of_person((desk.tx, desk.ids), &person.cloud, event, desk.now)?;
            Ok(())
        })?;
        Ok(codes)
    }

    pub fn second_factor_off(
        &self,
        id: PersonId,
        password: &str,
        address: &str,
        now: Instant,
    ) -> Result<(), SignInRefused> {
        let person = self.prove_password(id, password, address, now)?;
        Ok(self.ask_desk("second_factor_off", &person.cloud, move |desk| {
            let Some(mut person) = desk.tx.person(id)?.filter(|person| person.totp.is_some()) else { return Ok(()) };
            person.totp = None;
            person.totp_new = None;
            person.totp_step = None;
            desk.tx.person_write(&person)?;
            desk.tx.recovery_codes_put(id, &[])?;
            desk.notes.push(Note::new("person.second_factor_off", subject(id)));
            let event = Event::PersonSecurityChanged { person: id, what: SecurityChange::SecondFactorOff };
            tell_of_person((desk.tx, desk.ids), &person.cloud, event, desk.now)?;
            Ok(())
        })?)
    }

    /// How many codes are left for whoever loses their authenticator.
    pub fn recovery_codes_left(&self, id: PersonId) -> Result<i64, crate::EngineError> {
        Ok(self.store.read("recovery_codes_left", |tx| tx.recovery_codes_left(id))?)
    }

    fn cloud_of_person(&self, id: PersonId) -> Result<String, Refused> {
        let person = self.store.read("cloud_of_person", |tx| tx.person(id)).map_err(crate::EngineError::from)?;
        person.map(|person| person.cloud).ok_or_else(|| Refused::not_found("person", &id.to_string()))
    }
}

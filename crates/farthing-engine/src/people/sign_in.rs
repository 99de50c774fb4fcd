//! Signing in: an address and a password, then a code where the person has a second factor.
//!
//! A try is counted as wrong before it is looked at, and given back when it was right, so that many at once are no way around the limit. The
//! password is checked outside of any transaction: it takes a while on purpose. Whoever is unknown takes as long, and hears the same.

use super::visits::put_session;
use super::{agent_of, email_of, hashing, subject};
use crate::asked::Note;
use crate::{Engine, EngineError};
use farthing_core::access::{OF_ADDRESS, OF_PERSON, Opens, PasswordHash, PersonId, Token, Tries, recovery_hash};
use farthing_core::notice::{Event, SecurityChange};
use farthing_core::time::Instant;
use farthing_store::{PersonRow, StoreError, Tx, Whose};
use serde_json::json;
use std::fmt;

/// At which door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Of a cloud's customers; `test`: of its test cloud.
    Customers {
        cloud: String,
        test: bool,
    },
    Operators,
}

/// Who asks to be let in. `Debug` does not show the password.
#[derive(Clone)]
pub struct SignIn {
    pub email: String,
    pub password: String,
    /// Where it comes from.
    pub address: String,
    /// What the browser says of itself.
    pub agent: String,
    /// As the page was shown.
    pub language: String,
}

/// Let in, or half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    Whole(Token),
    /// A code is still to be shown.
    Half(Token),
}

#[derive(Debug)]
pub enum SignInRefused {
    /// The address, the password or the code: it is not said which.
    Wrong,
    /// Too many were wrong.
    Wait {
        seconds: u32,
    },
    Engine(EngineError),
}

impl Side {
    pub(super) fn test_of(&self) -> Option<&str> {
        match self {
            Side::Customers { cloud, test: true } => Some(cloud),
            Side::Customers { .. } | Side::Operators => None,
        }
    }

    /// What tries at this door are counted under.
    fn name(&self) -> &str {
        match self {
            Side::Customers { cloud, .. } => cloud,
            Side::Operators => "",
        }
    }

    pub(super) fn find(&self, tx: &mut Tx<'_>, email: &str) -> Result<Option<PersonRow>, StoreError> {
        match self {
            Side::Customers { cloud, .. } => tx.person_by_email(cloud, email),
            Side::Operators => tx.operator_by_email(email),
        }
    }
}

impl SignedIn {
    pub fn token(&self) -> &Token {
        match self {
            SignedIn::Whole(token) | SignedIn::Half(token) => token,
        }
    }
}

impl Engine {
    pub fn sign_in(&self, side: &Side, asked: &SignIn, now: Instant) -> Result<SignedIn, SignInRefused> {
        let email = email_of(&asked.email);
        let subjects = [subject_of("person", side.name(), &email), subject_of("address", "", &asked.address)];
        self.begin_try(subjects, now)?;
        let found = self.store.read("sign_in_find", |tx| side.find(tx, &email))?;
        let kept = found.as_ref().and_then(|person| person.password.as_ref());
        let right = hashing::is(&asked.password, kept);
        let known = found.as_ref().map(|person| (person.id, person.cloud.clone()));
        let Some(person) = found.filter(|_| right) else {
            self.note_failed(side.name(), known, "password")?;
            return Err(SignInRefused::Wrong);
        };
        // A hash of weaker times is made anew, now that its password is known.
        let anew = kept_anew(&person, &asked.password, self.ids.bytes());
        self.let_in(side.test_of(), &person, (subjects, anew), asked, now)
    }

    /// Somebody whose password was right, or whom somebody else vouches for.
    fn let_in(
        &self,
        test_of: Option<&str>,
        person: &PersonRow,
        (subjects, anew): ([[u8; 32]; 2], Option<PasswordHash>),
        asked: &SignIn,
        now: Instant,
    ) -> Result<SignedIn, SignInRefused> {
        let token = self.fresh_token(Opens::Session, test_of, now);
        let (id, session, hash) = (person.id, token.clone(), person.password.clone());
        let (agent, language) = (agent_of(&asked.agent), asked.language.clone());
        let whole = self.ask_desk("sign_in", &person.cloud, move |desk| {
            // Erased, or given another password, while this one was looked at.
            let Some(mut person) = desk.tx.person(id)?.filter(|person| person.password == hash) else {
                return Ok(None);
            };
            let whole = person.totp.is_none();
            // Codes are counted by themselves.
            forgive(desk.tx, subjects)?;
            if whole {
                person.signed_in = Some(now);
                desk.notes.push(Note::new("person.signed_in", subject(id)));
            }
            if let Some(hash) = &anew {
                person.password = Some(hash.clone());
            }
            desk.tx.person_write(&person)?;
            put_session(desk.tx, &session, (&person.cloud, Whose::Person(id)), (&language, &agent, whole), now)?;
            Ok(Some(whole))
        });
        match whole? {
            None => Err(SignInRefused::Wrong),
            Some(true) => Ok(SignedIn::Whole(token)),
            Some(false) => Ok(SignedIn::Half(token)),
        }
    }

    /// The code of an authenticator, or one for whoever has lost theirs. The session becomes another: what was known of the half one is
    /// good for nothing.
    pub fn sign_in_code(&self, half: &Token, code: &str, address: &str, now: Instant) -> Result<Token, SignInRefused> {
        let Some((row, id)) = self.half_session(half, now)? else { return Err(SignInRefused::Wrong) };
        let subjects = [subject_of("code", "", &id.to_string()), subject_of("address", "", address)];
        self.begin_try(subjects, now)?;
        let token = self.fresh_token(Opens::Session, half.test_of.as_deref(), now);
        let (session, code, old) = (token.clone(), code.to_owned(), row.id);
        let cloud = row.cloud.clone();
        let known = Some((id, cloud.clone()));
        let good = self.ask_desk("sign_in_code", &cloud, move |desk| {
            let Some(mut person) = desk.tx.person(id)? else { return Ok(false) };
            let Some(secret) = &person.totp else { return Ok(false) };
            let recovered = match secret.step_of(&code, now, person.totp_step) {
                Some(step) => {
                    person.totp_step = Some(step);
                    false
                }
                None => match recovery_hash(&code) {
                    Some(hash) if desk.tx.recovery_code_use(id, &hash)? => true,
                    _ => return Ok(false),
                },
            };
            // Of two that come with one half, one goes on.
            if !desk.tx.session_end(old)? {
                return Ok(false);
            }
            forgive(desk.tx, subjects)?;
            person.signed_in = Some(now);
            desk.tx.person_write(&person)?;
            put_session(desk.tx, &session, (&row.cloud, row.whose.clone()), (&row.language, &row.agent, true), now)?;
            let facts = json!({ "by": if recovered { "recovery code" } else { "code" } });
            desk.notes.push(Note::new("person.signed_in", subject(id)).became(&facts));
            if recovered {
                let event = Event::PersonSecurityChanged { person: id, what: SecurityChange::RecoveryCodeUsed };
                super::tell_of_person((desk.tx, desk.ids), desk.cloud, event, desk.now)?;
            }
            Ok(true)
        })?;
        if good {
            return Ok(token);
        }
        self.note_failed("", known, "code")?;
        Err(SignInRefused::Wrong)
    }

    /// Tries that were wrong stand in the audit log too; those that had to wait were none. An address that we do not know is nobody's there: the
    /// log names no person.
    fn note_failed(&self, door: &str, known: Option<(PersonId, String)>, by: &str) -> Result<(), SignInRefused> {
        let (who, cloud) =
            known.map_or_else(|| ("nobody we know".to_owned(), door.to_owned()), |(id, cloud)| (subject(id), cloud));
        let note = Note::new("person.sign_in_failed", who).became(&json!({ "by": by }));
        Ok(self.note_refused(&cloud, note)?)
    }

    /// An operator whom the cloud's own directory vouches for: it has seen their second factor.
    pub fn sign_in_operator(
        &self,
        email: &str,
        agent: &str,
        language: &str,
        now: Instant,
    ) -> Result<Token, SignInRefused> {
        let email = email_of(email);
        let found = self.store.read("sign_in_operator", |tx| tx.operator_by_email(&email))?;
        let Some(person) = found else {
            self.note_failed("", None, "the cloud's directory")?;
            return Err(SignInRefused::Wrong);
        };
        let token = self.fresh_token(Opens::Session, None, now);
        let (session, id) = (token.clone(), person.id);
        let (agent, language) = (agent_of(agent), language.to_owned());
        let there = self.ask_desk("sign_in_operator", &person.cloud, move |desk| {
            let Some(mut person) = desk.tx.person(id)? else { return Ok(false) };
            person.signed_in = Some(now);
            desk.tx.person_write(&person)?;
            put_session(desk.tx, &session, (&person.cloud, Whose::Person(id)), (&language, &agent, true), now)?;
            let facts = json!({ "by": "the cloud's directory" });
            desk.notes.push(Note::new("person.signed_in", subject(id)).became(&facts));
            Ok(true)
        })?;
        if there { Ok(token) } else { Err(SignInRefused::Wrong) }
    }

    /// Whether it is somebody's own password, counted as tries are.
    pub(super) fn prove_password(
        &self,
        id: PersonId,
        password: &str,
        address: &str,
        now: Instant,
    ) -> Result<PersonRow, SignInRefused> {
        let subjects = [subject_of("code", "", &id.to_string()), subject_of("address", "", address)];
        self.begin_try(subjects, now)?;
        let person = self.store.read("prove_password", |tx| tx.person(id))?;
        let kept = person.as_ref().and_then(|person| person.password.as_ref());
        let right = hashing::is(password, kept);
        let Some(person) = person.filter(|_| right) else { return Err(SignInRefused::Wrong) };
        self.store.write("forgive", move |tx| forgive(tx, subjects))?;
        Ok(person)
    }

    /// Counts a try of both before it is looked at, or says how long to wait.
    pub(super) fn begin_try(&self, subjects: [[u8; 32]; 2], now: Instant) -> Result<(), SignInRefused> {
        let waits = self.store.write("begin_try", move |tx| {
            let limits = [OF_PERSON, OF_ADDRESS];
            let mut begun = Vec::new();
            for (subject, limits) in subjects.iter().zip(limits) {
                match tx.sign_in_tries(subject)?.begin(limits, now) {
                    Ok(tries) => begun.push((subject, tries)),
                    Err(seconds) => return Ok(Some(seconds)),
                }
            }
            for (subject, tries) in begun {
                tx.sign_in_tries_put(subject, tries)?;
            }
            Ok::<_, StoreError>(None)
        })?;
        match waits {
            None => Ok(()),
            Some(seconds) => Err(SignInRefused::Wait { seconds }),
        }
    }

    fn half_session(
        &self,
        half: &Token,
        now: Instant,
    ) -> Result<Option<(farthing_store::SessionRow, PersonId)>, EngineError> {
        let found = self.store.read("half_session", |tx| tx.session(half.id))?;
        let found = found.filter(|row| half.fits(&row.hash) && !row.proven);
        let found = found.filter(|row| farthing_core::access::HALF_WAY.is_good(row.times, now));
        Ok(found.and_then(|row| match row.whose {
            Whose::Person(id) => Some((row, id)),
            Whose::Vouched { .. } => None,
        }))
    }
}

/// What tries are counted under: a hash, so that nothing is learnt of who was tried.
pub(super) fn subject_of(kind: &str, side: &str, name: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"farthing sign in 1");
    for part in [kind, side, name] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// It was right: for the person all is forgotten, for the address this one try.
fn forgive(tx: &mut Tx<'_>, [person, address]: [[u8; 32]; 2]) -> Result<(), StoreError> {
    tx.sign_in_tries_put(&person, Tries::default())?;
    let tries = tx.sign_in_tries(&address)?.given_back();
    tx.sign_in_tries_put(&address, tries)
}

fn kept_anew(person: &PersonRow, password: &str, salt: [u8; 16]) -> Option<PasswordHash> {
    let old = person.password.as_ref().is_some_and(|kept| kept.cost != farthing_core::access::HashCost::NOW);
    old.then(|| hashing::hash(password, salt))
}

impl fmt::Debug for SignIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SignIn(from {})", self.address)
    }
}

impl fmt::Display for SignInRefused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignInRefused::Wrong => out.write_str("the address, the password or the code is wrong"),
            SignInRefused::Wait { seconds } => write!(out, "too many tries were wrong: wait {seconds} s"),
            SignInRefused::Engine(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for SignInRefused {}

impl From<EngineError> for SignInRefused {
    fn from(error: EngineError) -> SignInRefused {
        SignInRefused::Engine(error)
    }
}

impl From<StoreError> for SignInRefused {
    fn from(error: StoreError) -> SignInRefused {
        SignInRefused::Engine(error.into())
    }
}

impl From<crate::Refused> for SignInRefused {
    fn from(refused: crate::Refused) -> SignInRefused {
        match refused {
            crate::Refused::Engine(error) => SignInRefused::Engine(error),
            // No rule but those above refuses here.
            crate::Refused::ByRule { .. } => SignInRefused::Wrong,
        }
    }
}

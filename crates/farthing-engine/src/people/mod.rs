//! People who use the consoles: invited, given roles, taken away, erased; how they sign in and stay so; links that are good once.
//!
//! ```text
//! invite ──> person row, member row, event ──> mail with a link of its own ──> choose_password ──> session
//! sign_in ──> (tries counted) ──> password ──> half a session ──> code ──> session ──> visit, at every page
//! console_link (the cloud's portal vouches) ──> enter, once, within a minute ──> session
//! ```
//!
//! `now` is the real time, also where the world is a test cloud whose clock stands: who sits before a screen lives in ours. What may be done
//! by whom is core's (`access`); the audit log names people by their ids, so that whoever is erased is gone from it too.

mod console_links;
mod facts;
mod forgotten;
mod hashing;
mod invitation_link;
mod invite;
mod mail;
mod operators;
mod passwords;
mod roles;
mod second_factor;
mod sign_in;
mod visits;

pub use console_links::{Entered, NewConsoleLink};
pub use facts::{PersonFacts, PersonRole};
pub use forgotten::LinkFacts;
pub use invite::NewPerson;
pub use operators::{NewOperator, OperatorFacts};
pub use sign_in::{Side, SignIn, SignInRefused, SignedIn};
pub use visits::{Access, SessionFacts, Visit, Who};

pub(crate) use mail::{contact_of, is_to_person, link_purpose, mail_link};

use crate::tell::{self, Notice};
use crate::{Engine, EngineError};
use farthing_core::access::{Opens, PersonId, Token, TokenId};
use farthing_core::notice::Event;
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{PersonRow, StoreError, Tx};

/// As much as is kept of what a browser says of itself.
const AGENT_MAX: usize = 160;

impl Engine {
    /// Forgets what is of no use to anybody since long: sessions, links, tries.
    pub fn access_forget(&self, now: Instant) -> Result<u64, EngineError> {
        let before = now.checked_sub(Duration::from_seconds(8 * 86_400)).map_err(SettleError::from)?;
        Ok(self.store.write("access_forget", move |tx| tx.access_forget(before))?)
    }

    /// A token of chance, drawn before the transaction, which may run again.
    pub(crate) fn fresh_token(&self, opens: Opens, test_of: Option<&str>, now: Instant) -> Token {
        let id: TokenId = self.ids.id(now);
        Token::new(opens, test_of.map(str::to_owned), id, two([self.ids.bytes(), self.ids.bytes()]))
    }
}

fn two([first, second]: [[u8; 16]; 2]) -> [u8; 32] {
    let mut secret = [0; 32];
    secret[..16].copy_from_slice(&first);
    secret[16..].copy_from_slice(&second);
    secret
}

/// An address as it is compared: nobody has one that differs from another's in capitals alone.
fn email_of(text: &str) -> String {
    text.trim().to_lowercase()
}

/// One line, at most so long.
fn agent_of(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(AGENT_MAX).collect()
}

/// What audit and events call somebody.
fn subject(id: PersonId) -> String {
    format!("person {id}")
}

/// One of the people of a cloud's customers.
fn person_of(tx: &mut Tx<'_>, cloud: &str, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
    Ok(tx.person(id)?.filter(|person| person.cloud == cloud && person.operator.is_none()))
}

/// Tells of somebody, if they are of a cloud: what goes out is a cloud's.
fn tell_of_person(
    (tx, ids): (&mut Tx<'_>, &crate::IdSource),
    cloud: &str,
    event: Event,
    now: Instant,
) -> Result<(), StoreError> {
    if cloud.is_empty() {
        return Ok(());
    }
    tell::write(tx, cloud, ids, now, &[Notice { event, at: now, account: None, mailed: true }])
}

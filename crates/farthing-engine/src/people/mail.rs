//! Mails to people: looked up when they go out, so that whoever is erased is written to no more; and their links, made only then, because what
//! the outbox keeps must not open anything. Each try of a mail has a link of its own.

use super::two;
use crate::EngineError;
use crate::bills::broken;
use farthing_core::access::{INVITATION_SECONDS, Opens, PASSWORD_LINK_SECONDS, PersonId, Token, TokenId};
use farthing_core::notice::EventType;
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{ContactRow, LinkPurpose, PersonLinkRow, PersonRow, Tx, Whose};
use serde_json::json;

/// Whether it is written to a person, not to an account's contact.
pub(crate) fn is_to_person(kind: &str) -> bool {
    let kinds = [EventType::PersonInvited, EventType::PersonPasswordAsked, EventType::PersonSecurityChanged];
    kinds.iter().any(|known| known.name() == kind)
}

/// What the link in such a mail is for.
pub(crate) fn link_purpose(kind: &str) -> Option<LinkPurpose> {
    match kind {
        _ if kind == EventType::PersonInvited.name() => Some(LinkPurpose::Invitation),
        _ if kind == EventType::PersonPasswordAsked.name() => Some(LinkPurpose::Password),
        _ => None,
    }
}

pub(crate) fn contact_of(tx: &mut Tx<'_>, data: &str) -> Result<Option<ContactRow>, EngineError> {
    let person = told_of(tx, data)?;
    Ok(person.map(|person| ContactRow { name: person.name, email: person.email, language: person.language }))
}

/// What a mail to somebody says instead of `data`: the same, with a link of its own.
pub(crate) fn mail_link(
    tx: &mut Tx<'_>,
    (cloud, data): (&str, &str),
    purpose: LinkPurpose,
    (id, chance, test): (TokenId, [[u8; 16]; 2], bool),
    (base, now): (&str, Instant),
) -> Result<String, EngineError> {
    let mut told: serde_json::Value = serde_json::from_str(data).map_err(broken)?;
    let Some(person) = told_of(tx, data)? else { return Ok(data.to_owned()) };
    // Who has a password needs no invitation: they sign in.
    if purpose == LinkPurpose::Invitation && person.password.is_some() {
        let world = if test { "?world=test" } else { "" };
        told["sign_in"] = json!(format!("{}/sign-in/{cloud}{world}", base.trim_end_matches('/')));
        return Ok(told.to_string());
    }
    let lasts = match purpose {
        LinkPurpose::Invitation => INVITATION_SECONDS,
        LinkPurpose::Password | LinkPurpose::Enter => PASSWORD_LINK_SECONDS,
    };
    let lasts = Duration::try_from_seconds(lasts).map_err(SettleError::from)?;
    let expires = now.checked_add(lasts).map_err(SettleError::from)?;
    let token = Token::new(Opens::Link, test.then(|| cloud.to_owned()), id, two(chance));
    tx.person_link_insert(&PersonLinkRow {
        id: token.id,
        hash: token.hash(),
        purpose,
        cloud: person.cloud.clone(),
        whose: Whose::Person(person.id),
        language: person.language.clone(),
        return_to: String::new(),
        made: now,
        expires,
    })?;
    told["link"] = json!(format!("{}/sign-in/{}/{}", base.trim_end_matches('/'), purpose.name(), token.reveal()));
    told["expires_at"] = json!(expires.to_string());
    Ok(told.to_string())
}

fn told_of(tx: &mut Tx<'_>, data: &str) -> Result<Option<PersonRow>, EngineError> {
    let told: serde_json::Value = serde_json::from_str(data).map_err(broken)?;
    let id = PersonId::parse(told["person"].as_str().unwrap_or_default()).map_err(broken)?;
    Ok(tx.person(id)?)
}

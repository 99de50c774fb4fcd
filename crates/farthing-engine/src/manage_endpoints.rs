//! Endpoints, where a cloud's webhooks go: made, changed, disabled, deleted, their secrets rotated, tried.

use crate::asked::{Desk, Note};
use crate::tell::{self, ENDPOINTS_MAX, Notice};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::notice::{EndpointId, Event, Filter, MessageId, Reach, Secret, WebhookUrl};
use farthing_core::time::Instant;
use farthing_store::{Channel, EndpointRow, MessageRow};
use serde_json::json;

/// As many characters as a description has at most.
const DESCRIPTION_MAX: usize = 500;

#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub url: String,
    pub description: String,
    /// Which types of events it hears of; empty: all.
    pub types: Vec<String>,
}

/// What is to change of an endpoint; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    pub url: Option<String>,
    pub description: Option<String>,
    pub types: Option<Vec<String>>,
    pub enabled: Option<bool>,
}

impl Engine {
    /// Makes an endpoint; its secret is in the row.
    pub fn endpoint_create(&self, cloud: &str, new: &NewEndpoint, reach: Reach) -> Result<EndpointRow, Refused> {
        let url = url_of(&new.url, reach)?;
        let description = description_of(&new.description)?;
        let types = types_of(&new.types)?;
        let secret = self.secret();
        let made: [u8; 16] = self.ask_desk("endpoint_create", cloud, move |desk| {
            let there = desk.tx.endpoints_of(desk.cloud, None, ENDPOINTS_MAX)?;
            if i64::try_from(there.len()) == Ok(ENDPOINTS_MAX) {
                let what = format!("a cloud has at most {ENDPOINTS_MAX} endpoints: delete one that is not needed");
                return Err(Refused::new(RefusalCode::LimitReached, what));
            }
            let row = EndpointRow {
                id: desk.ids.id(desk.now),
                cloud: desk.cloud.to_owned(),
                url: url.clone(),
                description: description.clone(),
                types: types.clone(),
                secret: secret.clone(),
                old: None,
                disabled: String::new(),
                created: desk.now,
            };
            desk.tx.endpoint_insert(&row)?;
            desk.notes.push(Note::new("endpoint.created", row.id.to_string()).became(&facts_of(&row)));
            Ok(row.id.to_bytes())
        })?;
        // The answer that is kept for who asks again holds no secret: it is read from where it stands.
        self.endpoint(cloud, EndpointId::from_bytes(made))
    }

    pub fn endpoint(&self, cloud: &str, id: EndpointId) -> Result<EndpointRow, Refused> {
        let found = self.store.read("endpoint", |tx| tx.endpoint(id)).map_err(EngineError::from)?;
        found.filter(|row| row.cloud == cloud).ok_or_else(|| Refused::not_found("endpoint", &id.to_string()))
    }

    pub fn endpoints(
        &self,
        cloud: &str,
        after: Option<EndpointId>,
        limit: usize,
    ) -> Result<Vec<EndpointRow>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.read("endpoints", |tx| tx.endpoints_of(cloud, after, limit))?)
    }

    /// Changes what is said. Enabled again it is sent what waited for it; what happened while it was disabled it does not hear.
    pub fn endpoint_change(
        &self,
        cloud: &str,
        id: EndpointId,
        change: &EndpointChange,
        reach: Reach,
    ) -> Result<EndpointRow, Refused> {
        let url = change.url.as_deref().map(|url| url_of(url, reach)).transpose()?;
        let description = change.description.as_deref().map(description_of).transpose()?;
        let types = change.types.as_deref().map(types_of).transpose()?;
        let enabled = change.enabled;
        self.ask_desk("endpoint_change", cloud, move |desk| {
            let mut row = endpoint_of(desk, id)?;
            let was = facts_of(&row);
            row.url = url.clone().unwrap_or(row.url);
            row.description = description.clone().unwrap_or(row.description);
            row.types = types.clone().unwrap_or(row.types);
            match enabled {
                Some(true) => row.disabled.clear(),
                Some(false) if row.disabled.is_empty() => "by hand".clone_into(&mut row.disabled),
                Some(false) | None => {}
            }
            let became = facts_of(&row);
            if was != became {
                desk.tx.endpoint_write(&row)?;
                desk.notes.push(Note::new("endpoint.changed", id.to_string()).was(&was).became(&became));
            }
            Ok(())
        })?;
        self.endpoint(cloud, id)
    }

    pub fn endpoint_delete(&self, cloud: &str, id: EndpointId) -> Result<(), Refused> {
        self.ask_desk("endpoint_delete", cloud, move |desk| {
            let row = endpoint_of(desk, id)?;
            desk.tx.endpoint_delete(id)?;
            desk.notes.push(Note::new("endpoint.deleted", id.to_string()).was(&facts_of(&row)));
            Ok(())
        })
    }

    /// Gives it another secret. Until `old_until`, by the clock that messages are sent by, the one before signs as well.
    pub fn endpoint_rotate(&self, cloud: &str, id: EndpointId, old_until: Instant) -> Result<EndpointRow, Refused> {
        let secret = self.secret();
        self.ask_desk("endpoint_rotate", cloud, move |desk| {
            let mut row = endpoint_of(desk, id)?;
            let before = std::mem::replace(&mut row.secret, secret.clone());
            row.old = Some((before, old_until));
            desk.tx.endpoint_write(&row)?;
            let facts = json!({ "old_secret_until": old_until.to_string() });
            desk.notes.push(Note::new("endpoint.secret_rotated", id.to_string()).became(&facts));
            Ok(())
        })?;
        self.endpoint(cloud, id)
    }

    /// Sends it a test, whatever types it hears of.
    pub fn endpoint_test(&self, cloud: &str, id: EndpointId) -> Result<MessageRow, Refused> {
        let told: [u8; 16] = self.ask_desk("endpoint_test", cloud, move |desk| {
            let row = endpoint_of(desk, id)?;
            if !row.disabled.is_empty() {
                let what = format!("endpoint {id} is disabled ({}): enable it first", row.disabled);
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            let notice =
                Notice { event: Event::EndpointTest { endpoint: id }, at: desk.now, account: None, mailed: false };
            let message = tell::write_message(desk.tx, desk.cloud, desk.ids, desk.now, notice)?;
            desk.tx.delivery_insert(desk.ids.number(desk.now), Channel::Endpoint(id), &message)?;
            Ok(message.id.to_bytes())
        })?;
        self.event(cloud, MessageId::from_bytes(told))
    }

    /// Drawn before its transaction, which may run again.
    fn secret(&self) -> Secret {
        let mut bytes = [0; 32];
        let (first, second) = bytes.split_at_mut(16);
        first.copy_from_slice(&self.ids.bytes());
        second.copy_from_slice(&self.ids.bytes());
        Secret::new(bytes)
    }
}

fn endpoint_of(desk: &mut Desk<'_, '_>, id: EndpointId) -> Result<EndpointRow, Refused> {
    let found = desk.tx.endpoint(id)?.filter(|row| row.cloud == desk.cloud);
    found.ok_or_else(|| Refused::not_found("endpoint", &id.to_string()))
}

fn facts_of(row: &EndpointRow) -> serde_json::Value {
    json!({ "url": row.url, "description": row.description, "types": row.types.names(), "disabled": row.disabled })
}

fn url_of(text: &str, reach: Reach) -> Result<String, Refused> {
    let url = WebhookUrl::parse(text, reach).map_err(|error| Refused::new(RefusalCode::Invalid, error.to_string()))?;
    Ok(url.as_str().to_owned())
}

fn types_of(names: &[String]) -> Result<Filter, Refused> {
    Filter::parse(names).map_err(|error| Refused::new(RefusalCode::Invalid, error.to_string()))
}

fn description_of(text: &str) -> Result<String, Refused> {
    if text.chars().count() > DESCRIPTION_MAX || text.contains('\0') {
        let what = format!("a description has at most {DESCRIPTION_MAX} characters");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    Ok(text.to_owned())
}

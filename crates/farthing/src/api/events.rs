//! Events: what has happened, as it is told to endpoints and to people.

use super::blocking;
use super::caller::Reading;
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::time;
use axum::Json;
use axum::extract::Path;
use farthing_core::notice::MessageId;
use farthing_store::MessageRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something that has happened. It is what an endpoint is sent, but for the cloud, which a key knows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    #[schema(example = "msg_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    #[serde(rename = "type")]
    #[schema(example = "money.topped_up")]
    kind: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// What docs/webhooks.md says of its type.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventSearch {
    /// Only those of this type.
    #[serde(rename = "type")]
    #[param(rename = "type", example = "account.ran_out")]
    kind: Option<String>,
    /// Only those about this account.
    account: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EventNamed {
    /// The event's id.
    #[param(example = "msg_01m0abw8g0tfjbn245fasf0w43")]
    event: String,
}

/// Lists events, the newest first. They are kept for 90 days.
#[utoipa::path(get, path = "/v1/events", tag = "webhooks", params(EventSearch, Paging),
    responses((status = OK, body = Page<Event>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<EventSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Event>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.number()?;
    let rows = blocking(move || {
        let (kind, account) = (search.kind.as_deref(), search.account.as_deref());
        Ok(caller.engine.events(&caller.cloud, kind, account, before, limit + 1)?)
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| cursor_of(row.number), event)))
}

/// One event.
#[utoipa::path(get, path = "/v1/events/{event}", tag = "webhooks", params(EventNamed),
    responses((status = OK, body = Event), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<EventNamed>) -> Result<Json<Event>, Problem> {
    let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no event {:?}", named.event));
    let id = MessageId::parse(&named.event).map_err(unknown)?;
    let row = blocking(move || Ok(caller.engine.event(&caller.cloud, id)?)).await?;
    Ok(Json(event(row)))
}

pub(super) fn event(row: MessageRow) -> Event {
    Event {
        id: row.id.to_string(),
        kind: row.kind,
        timestamp: time(row.at),
        data: serde_json::from_str(&row.data).unwrap_or_default(),
    }
}

//! Deliveries: how it went with each event and each place it goes to, and sending it again by hand.

use super::asking::{Asking, IdempotencyKey, Nothing};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::time;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use farthing_core::notice::{DeliveryId, EndpointId};
use farthing_core::time::Instant;
use farthing_engine::DeliveryView;
use farthing_store::{Channel, DeliveryFilter, DeliveryState as State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// It is tried, or waits for an earlier one of the same account or resource.
    Waiting,
    Delivered,
    /// Given up.
    Dead,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryBy {
    Webhook,
    Mail,
}

/// One event to one endpoint, or by mail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[schema(example = "dlv_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    event: String,
    /// The event's type.
    #[serde(rename = "type")]
    kind: String,
    by: DeliveryBy,
    /// Null: by mail.
    endpoint: Option<String>,
    state: DeliveryState,
    attempts: i64,
    /// Null: it is done, or waits for an earlier one of the same account or resource.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    last_attempt_at: Option<String>,
    /// What the HTTP or SMTP server answered last; null: nothing.
    last_status: Option<i64>,
    /// How its answer began, or what went wrong on the way.
    last_answer: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliverySearch {
    /// Only those to this endpoint.
    endpoint: Option<String>,
    /// Only those by webhook or by mail.
    by: Option<DeliveryBy>,
    state: Option<DeliveryState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DeliveryNamed {
    /// The delivery's id.
    #[param(example = "dlv_01m0abw8g0tfjbn245fasf0w43")]
    delivery: String,
}

/// Lists deliveries, the newest first.
#[utoipa::path(get, path = "/v1/deliveries", tag = "webhooks", params(DeliverySearch, Paging),
    responses((status = OK, body = Page<Delivery>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<DeliverySearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.number()?;
    let channel = match (&search.endpoint, search.by) {
        (Some(endpoint), Some(DeliveryBy::Webhook) | None) => {
            let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no endpoint {endpoint:?}"));
            Some(Channel::Endpoint(EndpointId::parse(endpoint).map_err(unknown)?))
        }
        (Some(_), Some(DeliveryBy::Mail)) => {
            return Err(Problem::new(problem::INVALID, "what goes to an endpoint goes by webhook").field("by"));
        }
        (None, Some(DeliveryBy::Mail)) => Some(Channel::Mail),
        (None, Some(DeliveryBy::Webhook)) => {
            let what = "say which endpoint's: mails alone are listed with by=mail";
            return Err(Problem::new(problem::INVALID, what).field("endpoint"));
        }
        (None, None) => None,
    };
    let state = search.state.map(|state| match state {
        DeliveryState::Waiting => State::Waiting,
        DeliveryState::Delivered => State::Delivered,
        DeliveryState::Dead => State::Dead,
    });
    let rows = blocking(move || {
        if let Some(Channel::Endpoint(id)) = channel {
            caller.engine.endpoint(&caller.cloud, id)?;
        }
        let filter = DeliveryFilter { channel, state };
        Ok(caller.engine.deliveries(&caller.cloud, &filter, before, limit + 1)?)
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |view| cursor_of(view.row.number), delivery)))
}

/// Sends an event again that was delivered or given up, with the id it had. What tells the cloud to destroy something is not sent again.
#[utoipa::path(post, path = "/v1/deliveries/{delivery}/replay", tag = "webhooks", params(DeliveryNamed, IdempotencyKey),
    responses((status = ACCEPTED, body = Delivery), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn replay(
    caller: Writing,
    Path(named): Path<DeliveryNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no delivery {:?}", named.delivery));
    let id = DeliveryId::parse(&named.delivery).map_err(unknown)?;
    let view = blocking(move || Ok(caller.engine_for(Some(once)).delivery_replay(&caller.cloud, id)?)).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery(view))))
}

fn delivery(view: DeliveryView) -> Delivery {
    let (by, endpoint) = match view.row.channel {
        Channel::Endpoint(id) => (DeliveryBy::Webhook, Some(id.to_string())),
        Channel::Mail => (DeliveryBy::Mail, None),
    };
    Delivery {
        id: view.id.to_string(),
        event: view.message.id.to_string(),
        kind: view.message.kind,
        by,
        endpoint,
        state: match view.row.state {
            State::Waiting => DeliveryState::Waiting,
            State::Delivered => DeliveryState::Delivered,
            State::Dead => DeliveryState::Dead,
        },
        attempts: view.row.attempts,
        // What was never tried is due at once, which is no instant.
        next_attempt_at: view.row.next_at.filter(|at| *at > Instant::EPOCH).map(time),
        last_attempt_at: view.row.last_at.map(time),
        last_status: view.row.status,
        last_answer: view.row.answer,
    }
}

//! Endpoints: where webhooks go. Made, changed, tried, deleted; secrets are shown when they are made and rotated.

use super::asking::{Asking, IdempotencyKey, Nothing};
use super::caller::{Administering, Reading};
use super::events::{Event, event};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::time;
use super::{Shared, blocking};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use farthing_core::notice::EndpointId;
use farthing_core::time::{Duration, Instant};
use farthing_engine::{EndpointChange as EngineChange, NewEndpoint as EngineNewEndpoint};
use farthing_store::EndpointRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How long a rotated secret signs where nobody says.
const GRACE_HOURS: u32 = 24;
const GRACE_HOURS_MAX: u32 = 720;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    /// Where to send: https, unless the server's settings say otherwise. Redirects are not followed.
    #[schema(example = "https://platform.example.com/hooks/billing", max_length = 2000)]
    url: String,
    /// What it is for.
    #[serde(default)]
    #[schema(example = "suspends machines", max_length = 500)]
    description: String,
    /// Which types of events it hears of, such as `account.ran_out` or `account.*`; all when there are none.
    #[serde(default)]
    #[schema(example = json!(["account.*", "money.topped_up"]))]
    types: Vec<String>,
}

/// What is not said stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointChange {
    #[schema(max_length = 2000)]
    url: Option<String>,
    #[schema(max_length = 500)]
    description: Option<String>,
    types: Option<Vec<String>>,
    /// False: nothing is sent, and what happens meanwhile is not told. True: what waited is sent.
    enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretRotation {
    /// How many hours the old secret signs as well; 24 when it is not said.
    #[schema(maximum = 720)]
    grace_hours: Option<u32>,
}

/// An endpoint, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Endpoint {
    #[schema(example = "ep_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    url: String,
    description: String,
    /// Which types of events it hears of; none: all.
    types: Vec<String>,
    enabled: bool,
    /// Why nothing is sent to it; null: it is.
    disabled_because: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Until when the secret before the last rotation signs as well.
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
}

/// An endpoint with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointSecret {
    endpoint: Endpoint,
    /// By which its owner knows that a webhook is ours: `whsec_…`, as Standard Webhooks libraries take it.
    secret: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EndpointNamed {
    /// The endpoint's id.
    #[param(example = "ep_01m0abw8g0tfjbn245fasf0w43")]
    endpoint: String,
}

impl EndpointNamed {
    fn id(&self) -> Result<EndpointId, Problem> {
        let unknown = || Problem::new(problem::NOT_FOUND, format!("there is no endpoint {:?}", self.endpoint));
        EndpointId::parse(&self.endpoint).map_err(|_| unknown())
    }
}

/// Lists endpoints in order of making.
#[utoipa::path(get, path = "/v1/endpoints", tag = "webhooks", params(Paging),
    responses((status = OK, body = Page<Endpoint>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Asked(paging): Asked<Paging>) -> Result<Json<Page<Endpoint>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.text().map(|text| EndpointId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let rows = blocking(move || Ok(caller.engine.endpoints(&caller.cloud, after, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), |row| endpoint(&row))))
}

/// Makes an endpoint. What happens from now on is sent to it.
#[utoipa::path(post, path = "/v1/endpoints", tag = "webhooks", params(IdempotencyKey), request_body = NewEndpoint,
    responses((status = CREATED, body = EndpointSecret), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn create(
    State(door): State<Shared>,
    caller: Administering,
    Asking { body, once }: Asking<NewEndpoint>,
) -> Result<(StatusCode, Json<EndpointSecret>), Problem> {
    let new = EngineNewEndpoint { url: body.url, description: body.description, types: body.types };
    let work = move || Ok(caller.engine_for(Some(once)).endpoint_create(&caller.cloud, &new, door.reach)?);
    Ok((StatusCode::CREATED, Json(with_secret(&blocking(work).await?))))
}

/// One endpoint.
#[utoipa::path(get, path = "/v1/endpoints/{endpoint}", tag = "webhooks", params(EndpointNamed),
    responses((status = OK, body = Endpoint), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<EndpointNamed>) -> Result<Json<Endpoint>, Problem> {
    let id = named.id()?;
    let row = blocking(move || Ok(caller.engine.endpoint(&caller.cloud, id)?)).await?;
    Ok(Json(endpoint(&row)))
}

/// Changes an endpoint, disables or enables it.
#[utoipa::path(patch, path = "/v1/endpoints/{endpoint}", tag = "webhooks", params(EndpointNamed, IdempotencyKey),
    request_body = EndpointChange, responses((status = OK, body = Endpoint), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn change(
    State(door): State<Shared>,
    caller: Administering,
    Path(named): Path<EndpointNamed>,
    Asking { body, once }: Asking<EndpointChange>,
) -> Result<Json<Endpoint>, Problem> {
    let id = named.id()?;
    let change =
        EngineChange { url: body.url, description: body.description, types: body.types, enabled: body.enabled };
    let work = move || Ok(caller.engine_for(Some(once)).endpoint_change(&caller.cloud, id, &change, door.reach)?);
    Ok(Json(endpoint(&blocking(work).await?)))
}

/// Deletes an endpoint: nothing more is sent to it, and how its deliveries went is forgotten.
#[utoipa::path(delete, path = "/v1/endpoints/{endpoint}", tag = "webhooks", params(EndpointNamed, IdempotencyKey),
    responses((status = NO_CONTENT), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn delete(
    caller: Administering,
    Path(named): Path<EndpointNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<StatusCode, Problem> {
    let id = named.id()?;
    blocking(move || Ok(caller.engine_for(Some(once)).endpoint_delete(&caller.cloud, id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an endpoint another secret. For a while webhooks are signed by both, so that their receiver may change when it likes.
#[utoipa::path(post, path = "/v1/endpoints/{endpoint}/rotate-secret", tag = "webhooks",
    params(EndpointNamed, IdempotencyKey), request_body = SecretRotation,
    responses((status = OK, body = EndpointSecret), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn rotate_secret(
    caller: Administering,
    Path(named): Path<EndpointNamed>,
    Asking { body, once }: Asking<SecretRotation>,
) -> Result<Json<EndpointSecret>, Problem> {
    let id = named.id()?;
    let hours = body.grace_hours.unwrap_or(GRACE_HOURS);
    if hours > GRACE_HOURS_MAX {
        let what = format!("an old secret signs for at most {GRACE_HOURS_MAX} hours, which are 30 days");
        return Err(Problem::new(problem::INVALID, what).field("grace_hours"));
    }
    let row = blocking(move || {
        // Webhooks are signed by the real time, also those of a test cloud, whose clock stands.
        let now = caller.home().now()?;
        let grace = Duration::try_from_seconds(i64::from(hours) * 3_600).unwrap_or(Duration::ZERO);
        let until = now.checked_add(grace).unwrap_or(Instant::MAX);
        Ok(caller.engine_for(Some(once)).endpoint_rotate(&caller.cloud, id, until)?)
    })
    .await?;
    Ok(Json(with_secret(&row)))
}

/// Sends an endpoint an event `endpoint.test`, whatever types it hears of.
#[utoipa::path(post, path = "/v1/endpoints/{endpoint}/test", tag = "webhooks", params(EndpointNamed, IdempotencyKey),
    responses((status = ACCEPTED, body = Event), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn test(
    caller: Administering,
    Path(named): Path<EndpointNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<(StatusCode, Json<Event>), Problem> {
    let id = named.id()?;
    let told = blocking(move || Ok(caller.engine_for(Some(once)).endpoint_test(&caller.cloud, id)?)).await?;
    Ok((StatusCode::ACCEPTED, Json(event(told))))
}

fn endpoint(row: &EndpointRow) -> Endpoint {
    Endpoint {
        id: row.id.to_string(),
        url: row.url.clone(),
        description: row.description.clone(),
        types: row.types.names().to_vec(),
        enabled: row.disabled.is_empty(),
        disabled_because: Some(row.disabled.clone()).filter(|why| !why.is_empty()),
        created_at: time(row.created),
        old_secret_until: row.old.as_ref().map(|(_, until)| time(*until)),
    }
}

fn with_secret(row: &EndpointRow) -> EndpointSecret {
    EndpointSecret { endpoint: endpoint(row), secret: row.secret.reveal() }
}

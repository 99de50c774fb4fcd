//! API keys: made, listed, rotated, revoked. A key's text is shown once.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::Administering;
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{read_times, time};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::access::{KeyId, Mode, Scope, Scopes};
use farthing_core::time::Duration;
use farthing_engine::{NewKey as EngineNewKey, Origin};
use farthing_store::KeyRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How long a rotated key's old secret stays good where nobody says.
const GRACE_HOURS: u32 = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyScope {
    Ingest,
    Read,
    Write,
    Admin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyMode {
    /// Opens the cloud.
    Live,
    /// Opens the test cloud beside it.
    Test,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What will hold it.
    #[schema(example = "metering agent", min_length = 1, max_length = 80)]
    name: String,
    #[schema(min_items = 1)]
    scopes: Vec<KeyScope>,
    /// That of the key that asks when it is not said; a test key makes test keys only.
    mode: Option<KeyMode>,
    /// Requests a second; the server's setting when it is not said.
    #[schema(minimum = 1, maximum = 1_000_000)]
    per_second: Option<u32>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How many hours the old secret stays good; 24 when it is not said.
    #[schema(maximum = 720)]
    grace_hours: Option<u32>,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    #[schema(example = "key_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    name: String,
    mode: KeyMode,
    scopes: Vec<KeyScope>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// To within a minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Until when the secret before the last rotation is good.
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
}

/// A key's text, shown once: whoever has it, has the key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySecret {
    id: String,
    /// What to send as `Authorization: Bearer …`.
    key: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct KeyNamed {
    /// The key's id.
    #[param(example = "key_01m0abw8g0tfjbn245fasf0w43")]
    key: String,
}

impl KeyNamed {
    fn id(&self) -> Result<KeyId, Problem> {
        let unknown = || Problem::new(problem::NOT_FOUND, format!("there is no key {:?}", self.key));
        KeyId::parse(&self.key).map_err(|_| unknown())
    }
}

/// Lists the cloud's keys, in order of making; to a test key, the test keys.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(Paging),
    responses((status = OK, body = Page<Key>), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn list(caller: Administering, Asked(paging): Asked<Paging>) -> Result<Json<Page<Key>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.text().map(|text| KeyId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let rows = blocking(move || Ok(caller.home().keys(&caller.cloud, caller.mode, after, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), key)))
}

/// Makes a key. Its text is in this answer and in no other.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", params(IdempotencyKey), request_body = NewKey,
    responses((status = CREATED, body = KeySecret), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn create(
    caller: Administering,
    Asking { body, once }: Asking<NewKey>,
) -> Result<(StatusCode, Json<KeySecret>), Problem> {
    let mode = match body.mode {
        None => caller.mode,
        Some(KeyMode::Live) => Mode::Live,
        Some(KeyMode::Test) => Mode::Test,
    };
    if mode == Mode::Live && caller.mode == Mode::Test {
        let what = "a test key cannot make a live one: use a live admin key";
        return Err(Problem::new(problem::FORBIDDEN, what).field("mode"));
    }
    if body.per_second == Some(0) {
        let what = "a key that may ask 0 times a second opens nothing: say at least 1, or leave it out";
        return Err(Problem::new(problem::INVALID, what).field("per_second"));
    }
    let scopes: Vec<Scope> = body.scopes.iter().map(|scope| scope_of(*scope)).collect();
    let new = EngineNewKey {
        name: body.name,
        mode,
        scopes: Scopes::of(&scopes),
        per_second: body.per_second.unwrap_or(0),
        expires: read_times(body.expires_at.as_ref(), "expires_at")?,
    };
    let text = blocking(move || {
        let origin = Origin::Key(caller.text().clone());
        Ok(caller.home_for(once).key_create(&caller.cloud, &new, &origin)?)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(KeySecret { id: text.id.to_string(), key: text.reveal() })))
}

/// Gives a key another secret. The old one stays good for a while, so that nothing that holds it has to change at once.
#[utoipa::path(post, path = "/v1/keys/{key}/rotate", tag = "keys", params(KeyNamed, IdempotencyKey),
    request_body = Rotation, responses((status = OK, body = KeySecret), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn rotate(
    caller: Administering,
    Path(named): Path<KeyNamed>,
    Asking { body, once }: Asking<Rotation>,
) -> Result<Json<KeySecret>, Problem> {
    let id = named.id()?;
    let hours = body.grace_hours.unwrap_or(GRACE_HOURS);
    if hours > 720 {
        let what = "an old secret stays good for at most 720 hours, which are 30 days";
        return Err(Problem::new(problem::INVALID, what).field("grace_hours"));
    }
    let text = blocking(move || {
        caller.home().key_seen(&caller.cloud, caller.mode, id)?;
        let grace =
            Duration::try_from_seconds(i64::from(hours) * 3_600).map_err(farthing_core::settle::SettleError::from);
        let grace = grace.map_err(farthing_engine::EngineError::from)?;
        let origin = Origin::Key(caller.text().clone());
        Ok(caller.home_for(once).key_rotate(&caller.cloud, id, grace, &origin)?)
    })
    .await?;
    Ok(Json(KeySecret { id: text.id.to_string(), key: text.reveal() }))
}

/// Revokes a key: within two seconds it opens nothing any more.
#[utoipa::path(delete, path = "/v1/keys/{key}", tag = "keys", params(KeyNamed, IdempotencyKey),
    responses((status = NO_CONTENT), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn revoke(
    caller: Administering,
    Path(named): Path<KeyNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<StatusCode, Problem> {
    let id = named.id()?;
    let gone = blocking(move || {
        caller.home().key_seen(&caller.cloud, caller.mode, id)?;
        Ok(caller.home_for(once).key_revoke(&caller.cloud, id)?)
    });
    gone.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn scope_of(scope: KeyScope) -> Scope {
    match scope {
        KeyScope::Ingest => Scope::Ingest,
        KeyScope::Read => Scope::Read,
        KeyScope::Write => Scope::Write,
        KeyScope::Admin => Scope::Admin,
    }
}

fn key(row: KeyRow) -> Key {
    let scopes = row.scopes.list().into_iter().map(|scope| match scope {
        Scope::Ingest => KeyScope::Ingest,
        Scope::Read => KeyScope::Read,
        Scope::Write => KeyScope::Write,
        Scope::Admin => KeyScope::Admin,
    });
    Key {
        id: row.id.to_string(),
        mode: if row.test { KeyMode::Test } else { KeyMode::Live },
        scopes: scopes.collect(),
        created_at: time(row.created),
        expires_at: row.expires.map(time),
        revoked_at: row.revoked.map(time),
        last_used_at: row.last_used.map(time),
        old_secret_until: row.old.map(|(_, until)| time(until)),
        name: row.name,
    }
}

//! What is asked: a JSON body read with the path of what is wrong in it, and the Idempotency-Key that makes it happen once.

use super::problem::{self, Problem};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use farthing_engine::Once;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_MAX: usize = 255;

/// The names in an address. What cannot be read as one is the name of nothing.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

/// A JSON body, or the problem that says which field is wrong.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body of something that is to happen once.
#[derive(Debug)]
pub(crate) struct Asking<T> {
    pub(crate) body: T,
    pub(crate) once: Once,
}

/// The header, as the document describes it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used; `Asking` reads it")]
pub(crate) struct IdempotencyKey {
    /// A text of your own for this request, the same whenever it is sent again: it then happens once, and is answered the same.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: String,
}

/// Nothing in the body: the address says it all.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(named)| Path(named)).map_err(|rejection| {
            Problem::new(problem::NOT_FOUND, format!("this address names nothing: {}", rejection.body_text()))
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        is_json(&request)?;
        let bytes = bytes(request, state).await?;
        read(&bytes).map(Body)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Asking<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Asking<T>, Problem> {
        let key = request
            .headers()
            .get(IDEMPOTENCY_KEY)
            .ok_or_else(|| Problem::new(problem::IDEMPOTENCY_KEY_MISSING, problem::IDEMPOTENCY_KEY_MISSING.remedy))?;
        let key = key.to_str().ok().map(str::trim).filter(|key| !key.is_empty() && key.len() <= KEY_MAX);
        let Some(key) = key.map(str::to_owned) else {
            let what = format!("an Idempotency-Key has 1 to {KEY_MAX} plain characters");
            return Err(Problem::new(problem::INVALID, what).field("Idempotency-Key"));
        };
        let mut hasher = blake3::Hasher::new();
        for part in [request.method().as_str(), request.uri().path(), request.uri().query().unwrap_or_default()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let json = is_json(&request);
        let bytes = bytes(request, state).await?;
        hasher.update(&bytes);
        // What has no body has nothing to say of what kind it is.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { json.map(|()| bytes.as_ref())? };
        Ok(Asking { body: read(text)?, once: Once { key, digest: *hasher.finalize().as_bytes() } })
    }
}

fn is_json(request: &Request) -> Result<(), Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::new(problem::UNSUPPORTED, "send the body as JSON, with Content-Type: application/json"))
}

pub(super) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(problem::TOO_LARGE, problem::TOO_LARGE.remedy)
        } else {
            Problem::new(problem::INVALID, "the body broke off: send the request again")
        }
    })
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let problem = Problem::new(problem::INVALID, error.into_inner().to_string());
        if path == "." { problem } else { problem.field(path) }
    })?;
    reader.end().map_err(|error| Problem::new(problem::INVALID, error.to_string()))?;
    Ok(value)
}

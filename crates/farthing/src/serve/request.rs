//! Around each request: its id, a line in the log, its place in the counts. Queries and bodies are never logged: they may hold
//! what is nobody else's.

use super::super::api::Door;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Debug, Default)]
struct Facts {
    id: String,
    key: OnceLock<String>,
}

tokio::task_local! {
    static FACTS: Arc<Facts>;
}

/// The id of the request that is being answered.
pub fn request_id() -> Option<String> {
    FACTS.try_with(|facts| facts.id.clone()).ok()
}

/// Notes whose key the request came with.
pub fn note_key(id: &str) {
    let _ = FACTS.try_with(|facts| facts.key.set(id.to_owned()));
}

/// Who is at the other end of the connection.
pub fn address_of(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

pub(super) async fn around(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_plain(id));
    let id = given.map_or_else(fresh, str::to_owned);
    let facts = Arc::new(Facts { id, key: OnceLock::new() });
    let method = request.method().clone();
    let path = told(request.uri().path());
    // Addresses that are not there are counted as one: they are anybody's choice.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let mut response = FACTS.scope(facts.clone(), next.run(request)).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    door.metrics.request(method.as_str(), &route, status, took);
    if let Ok(id) = HeaderValue::from_str(&facts.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let key = facts.key.get().map_or("", String::as_str);
    if status >= 500 {
        tracing::error!(request_id = facts.id, %method, path, status, micros, key, "answered");
    } else {
        tracing::info!(request_id = facts.id, %method, path, status, micros, key, "answered");
    }
    response
}

/// A path as the log has it: what links open, exports and sessions, is nobody else's.
fn told(path: &str) -> String {
    const OPENS: [&str; 4] = ["/exports/", "/sign-in/enter/", "/sign-in/invitation/", "/sign-in/password/"];
    match OPENS.iter().find(|opens| path.starts_with(**opens)) {
        Some(opens) => format!("{opens}…"),
        None => path.to_owned(),
    }
}

fn is_plain(id: &str) -> bool {
    (1..=100).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// An id that no other request of this process has, and hardly one of another.
fn fresh() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static BEGAN: OnceLock<u64> = OnceLock::new();
    let micros = |since: std::time::Duration| u64::try_from(since.as_micros()).unwrap_or_default();
    let began = BEGAN.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros));
    format!("req_{began:x}_{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

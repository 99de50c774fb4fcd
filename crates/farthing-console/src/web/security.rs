//! What every answer carries and every request must show: nothing is loaded from elsewhere, framed, sniffed or cached,
//! and only this machine asks.
//!
//! Without log-ins the address is the only fence, so a page somewhere on the web must not reach these through a name that
//! it points at this machine: the request has to name this machine itself.

use crate::frame::PageError;
use axum::extract::Request;
use axum::http::header::{HOST, HeaderName};
use axum::http::{HeaderMap, HeaderValue, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"), // for browsers from before frame-ancestors
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"), // balances do not stay behind in a browser's cache
];

pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = if names_this_machine(request.headers()) {
        next.run(request).await
    } else {
        PageError::OtherHost.into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host.host()))
}

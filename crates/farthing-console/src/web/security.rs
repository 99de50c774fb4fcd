//! What every answer carries and every request must show: nothing is loaded from elsewhere, framed, sniffed or cached; of a server, forms come
//! from its own pages, and operators' pages are for operators.
//!
//! In the demo only this machine asks. Without log-ins the address is the only fence, so a page somewhere on the web must not reach these through a name that
//! it points at this machine: the request has to name this machine itself.

use crate::Console;
use crate::enter::{Gate, origin_is_ours};
use crate::frame::{PageError, Wrong};
use crate::web::asked::language_of;
use crate::words::Language;
use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, STRICT_TRANSPORT_SECURITY};
use axum::http::{HeaderMap, HeaderValue, Method, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use farthing_core::access::OperatorDeed;
use std::sync::Arc;

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),        // for browsers from before frame-ancestors
    ("referrer-policy", "same-origin"), // with none, browsers send forms without saying where from,
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"), // balances do not stay behind in a browser's cache
];

pub(crate) async fn guard(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let (language, path) = (language_of(request.headers(), None), request.uri().path().to_owned());
    let named = match &console.gate {
        None => names_this_machine(request.headers()),
        Some(gate) => is_ours(gate, request.headers()),
    };
    let mut response = if !named {
        PageError::OtherHost.into_response()
    } else if is_from_elsewhere(&console, &request) {
        let language = language_of(request.headers(), None).unwrap_or(Language::En);
        PageError::Stale(language.say("error.stale").to_owned()).into_response()
    } else {
        next.run(request).await
    };
    if let Some(wrong) = response.extensions_mut().remove::<Wrong>() {
        let cloud = cloud_of(&path).and_then(|id| console.cloud(id));
        let own = || cloud.and_then(|cloud| Language::parse(cloud.locale().language()));
        let language = language.or_else(own).unwrap_or(Language::En);
        // Under another's name nothing is told of any cloud.
        let cloud = cloud.filter(|_| wrong.kind != "other_host" && path.starts_with("/c/"));
        response = wrong.page(response.status(), language, cloud);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if console.gate.as_ref().is_some_and(Gate::https) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// The cloud that an address is about.
fn cloud_of(path: &str) -> Option<&str> {
    let mut parts = path.trim_start_matches('/').split('/');
    matches!(parts.next(), Some("c" | "clouds")).then(|| parts.next()).flatten()
}

/// The operators' pages: of a cloud, for its operators; of no cloud or of several, for those of every cloud. To anybody else they are not
/// there; whoever is nobody yet may sign in.
pub(crate) async fn operators_only(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (parts, mut back) = (parts.clone(), Request::from_parts(parts, body));
    let asked = console.clone();
    let let_in = tokio::task::spawn_blocking(move || {
        let cloud =
            parts.uri.path().strip_prefix("/clouds/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        match asked.porter.who(cloud, None, &parts) {
            Some(visitor) if visitor.may_operate(OperatorDeed::SeeAccounts) => Ok(visitor),
            Some(_) => Err(None),
            // Of another cloud somebody is nobody; but they are signed in, and signing in again would lead nowhere.
            None if asked.is_known(&parts) => Err(None),
            None => {
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                Err(asked.porter.sign_in("", path))
            }
        }
    });
    match let_in.await {
        Ok(Ok(visitor)) => {
            // Who it is, for the page.
            back.extensions_mut().insert(visitor);
            next.run(back).await
        }
        Ok(Err(Some(sign_in))) => PageError::SignIn(sign_in).into_response(),
        Ok(Err(None)) => {
            let language = language_of(back.headers(), None).unwrap_or(Language::En);
            PageError::NotFound(language.say("error.no_page").to_owned()).into_response()
        }
        Err(_) => PageError::Failed("it met a bug of ours".into()).into_response(),
    }
}

/// Whether a form was sent by a page that is none of ours.
fn is_from_elsewhere(console: &Console, request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    !reads && console.gate.as_ref().is_some_and(|gate| !origin_is_ours(gate, request.headers()))
}

/// A server is asked under its own name, or this machine's by whoever stands before it.
fn is_ours(gate: &Gate, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    gate.is_host(host) || names_this_machine(headers)
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host.host()))
}

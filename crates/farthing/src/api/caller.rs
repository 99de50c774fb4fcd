//! Who asks: the key of a request, its cloud and world, its scopes, and how often it may ask.
//!
//! Every operation takes one of the extractors below, which name the scope it needs: without one a handler has no cloud to work
//! on, so it cannot be forgotten. Names are looked up in the key's own cloud only; what belongs to another is not there.

use super::problem::{self, Problem};
use super::{Door, Shared};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use farthing_core::access::{Allowance, Bucket, KeyId, KeyText, Mode, Scope};
use farthing_core::time::Instant;
use farthing_engine::{Asked, Engine, Once};
use farthing_store::KeyRow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a key that was looked up is believed: a revoked one opens nothing after it.
const BELIEVED_MICROS: i64 = 2_000_000;
/// As many keys as are remembered at once.
const KNOWN_MAX: usize = 10_000;

/// A request's key, found good.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) cloud: String,
    pub(crate) engine: Engine,
    home: Engine,
    pub(crate) mode: Mode,
    key: KeyRow,
    text: KeyText,
    address: Option<IpAddr>,
}

impl Caller {
    /// The key it came with, to derive others from.
    pub(crate) fn text(&self) -> &KeyText {
        &self.text
    }

    /// What the key is called, for whoever reads a history.
    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.key.name, self.key.id)
    }

    /// The engine that keeps keys and endpoints, whichever world they open.
    pub(crate) fn home(&self) -> &Engine {
        &self.home
    }

    pub(crate) fn home_for(&self, once: Once) -> Engine {
        self.home.asked_by(self.asked(Some(once)))
    }

    /// The engine, working for this key.
    pub(crate) fn engine_for(&self, once: Option<Once>) -> Engine {
        self.engine.asked_by(self.asked(once))
    }

    /// Whether the key is an operator's, rather than an application's.
    pub(crate) fn is_operator(&self) -> bool {
        self.key.scopes.allows(Scope::Admin)
    }

    /// For a field that only an operator may send, in an operation that others may use.
    pub(crate) fn must_administer(&self, field: &str) -> Result<(), Problem> {
        if self.is_operator() {
            return Ok(());
        }
        let what = format!("{field} needs the scope admin; the key has {}: leave it out", self.key.scopes);
        Err(Problem::new(problem::FORBIDDEN, what).field(field))
    }

    /// On whose behalf something is done, for this key.
    pub(crate) fn asked(&self, once: Option<Once>) -> Asked {
        let source = self.address.map(|address| address.to_string()).unwrap_or_default();
        Asked { who: self.key.id.to_string(), source, once, why: String::new() }
    }
}

macro_rules! scoped {
    ($($(#[$about:meta])* $name:ident = $scope:ident;)*) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug)]
            pub(crate) struct $name(pub(crate) Arc<Caller>);

            impl std::ops::Deref for $name {
                type Target = Caller;

                fn deref(&self) -> &Caller {
                    &self.0
                }
            }

            impl<S: Send + Sync> FromRequestParts<S> for $name {
                type Rejection = Problem;

                async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                    caller_with(parts, Scope::$scope).map($name)
                }
            }
        )*
    };
}

scoped! {
    /// A key that may report usage and resource events.
    Ingesting = Ingest;
    /// A key that may read.
    Reading = Read;
    /// A key that may change accounts and money.
    Writing = Write;
    /// A key that may do everything.
    Administering = Admin;
}

fn caller_with(parts: &Parts, scope: Scope) -> Result<Arc<Caller>, Problem> {
    let caller = parts.extensions.get::<Arc<Caller>>();
    let caller = caller.ok_or_else(|| Problem::new(problem::UNAUTHENTICATED, problem::UNAUTHENTICATED.remedy))?;
    if !caller.key.scopes.allows(scope) {
        let what = format!(
            "this needs the scope {}; the key has {}: use another key, or make one",
            scope.name(),
            caller.key.scopes
        );
        return Err(Problem::new(problem::FORBIDDEN, what));
    }
    Ok(caller.clone())
}

/// Finds the caller of a request, or answers it.
pub(super) async fn authenticate(State(door): State<Shared>, mut request: Request, next: Next) -> Response {
    let address = crate::serve::address_of(&request);
    let text = match bearer(request.headers()) {
        Ok(text) => text,
        Err(problem) => return problem.into_response(),
    };
    let (caller, left) = match admit_known(&door, text, address) {
        Ok(admitted) => admitted,
        Err(text) => {
            let door = door.clone();
            match super::blocking(move || admit(&door, text, address)).await {
                Ok(admitted) => admitted,
                Err(problem) => return problem.into_response(),
            }
        }
    };
    crate::serve::note_key(&caller.key.id.to_string());
    let limit = allowance_of(&door, &caller.key);
    request.extensions_mut().insert(caller);
    let mut response = match left {
        Ok(_) => next.run(request).await,
        Err(seconds) => {
            let what = format!("this key may ask {} times a second: wait {seconds} s", limit.per_second);
            Problem::new(problem::TOO_MANY, what).retry_after(seconds).into_response()
        }
    };
    let headers = response.headers_mut();
    let policy = format!("\"key\";q={};w={}", limit.burst, limit.burst.div_ceil(limit.per_second.max(1)));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(HeaderName::from_static("ratelimit-policy"), policy);
    }
    let state = match left {
        Ok(left) => format!("\"key\";r={left}"),
        Err(seconds) => format!("\"key\";r=0;t={seconds}"),
    };
    if let Ok(state) = HeaderValue::from_str(&state) {
        headers.insert(HeaderName::from_static("ratelimit"), state);
    }
    response
}

fn bearer(headers: &HeaderMap) -> Result<KeyText, Problem> {
    let unknown = || Problem::new(problem::UNAUTHENTICATED, problem::UNAUTHENTICATED.remedy);
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
    let (scheme, text) = value.split_once(' ').ok_or_else(unknown)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unknown());
    }
    KeyText::parse(text.trim()).map_err(|_| unknown())
}

/// The caller, and what is left of its allowance, or after how many seconds there is some.
type Admitted = (Arc<Caller>, Result<u32, u32>);

/// The same of a key of the live world that was seen lately, which takes no look at the disk; otherwise the text again.
fn admit_known(door: &Door, text: KeyText, address: Option<IpAddr>) -> Result<Admitted, KeyText> {
    let Ok(now) = door.worlds.live().now() else { return Err(text) };
    let Some(key) = door.keys.known(&text, now).filter(|key| !key.test) else { return Err(text) };
    Ok(welcome(door, key, door.worlds.live().clone(), (text, address), now))
}

fn admit(door: &Door, text: KeyText, address: Option<IpAddr>) -> Result<Admitted, Problem> {
    let now = door.worlds.live().now().map_err(Problem::from)?;
    let unknown = || Problem::new(problem::UNAUTHENTICATED, problem::UNAUTHENTICATED.remedy);
    let key = door.keys.find(door, &text, now)?.ok_or_else(unknown)?;
    let engine = door.worlds.engine(&key.cloud, mode_of(&key))?;
    Ok(welcome(door, key, engine, (text, address), now))
}

fn welcome(
    door: &Door,
    key: KeyRow,
    engine: Engine,
    (text, address): (KeyText, Option<IpAddr>),
    now: Instant,
) -> Admitted {
    let left = door.keys.take(key.id, allowance_of(door, &key), now);
    let (home, mode) = (door.worlds.live().clone(), mode_of(&key));
    (Arc::new(Caller { cloud: key.cloud.clone(), engine, home, mode, key, text, address }), left)
}

fn mode_of(key: &KeyRow) -> Mode {
    if key.test { Mode::Test } else { Mode::Live }
}

fn allowance_of(door: &Door, key: &KeyRow) -> Allowance {
    match u32::try_from(key.per_second) {
        Ok(per_second) if per_second > 0 => Allowance { per_second, burst: per_second.saturating_mul(2) },
        _ => door.allowance,
    }
}

/// Keys seen lately, with how often they asked and when last.
#[derive(Debug, Default)]
pub(super) struct KnownKeys {
    known: Mutex<HashMap<KeyId, Known>>,
}

#[derive(Debug)]
struct Known {
    key: KeyRow,
    /// Of the text it was found with.
    hash: [u8; 32],
    looked: Instant,
    bucket: Option<Bucket>,
    used: Instant,
    noted: Option<Instant>,
}

impl KnownKeys {
    /// A key that was looked up lately.
    fn known(&self, text: &KeyText, now: Instant) -> Option<KeyRow> {
        let mut known = self.lock();
        let known = known.get_mut(&text.id).filter(|known| {
            text.fits(&known.hash)
                && now.micros().saturating_sub(known.looked.micros()) < BELIEVED_MICROS
                && known.key.expires.is_none_or(|expires| now < expires)
        })?;
        known.used = now;
        Some(known.key.clone())
    }

    fn find(&self, door: &Door, text: &KeyText, now: Instant) -> Result<Option<KeyRow>, Problem> {
        if let Some(key) = self.known(text, now) {
            return Ok(Some(key));
        }
        let Some(key) = door.worlds.live().key_of(text).map_err(Problem::from)? else { return Ok(None) };
        let mut known = self.lock();
        if known.len() >= KNOWN_MAX {
            known.retain(|_, known| now.micros().saturating_sub(known.looked.micros()) < BELIEVED_MICROS);
        }
        let before = known.remove(&text.id);
        let bucket = before.as_ref().and_then(|known| known.bucket);
        let noted = before.as_ref().and_then(|known| known.noted);
        let fresh = Known { key: key.clone(), hash: text.hash(), looked: now, bucket, used: now, noted };
        known.insert(text.id, fresh);
        Ok(Some(key))
    }

    fn take(&self, id: KeyId, allowance: Allowance, now: Instant) -> Result<u32, u32> {
        let mut known = self.lock();
        let Some(known) = known.get_mut(&id) else { return Ok(allowance.burst) };
        known.bucket.get_or_insert_with(|| Bucket::full(allowance, now)).take(allowance, now)
    }

    /// Keys that were used since that was last written down.
    pub(super) fn used(&self) -> Vec<(KeyId, Instant)> {
        let mut known = self.lock();
        let fresh = known.iter_mut().filter(|(_, known)| known.noted.is_none_or(|noted| noted < known.used));
        fresh
            .map(|(id, known)| {
                known.noted = Some(known.used);
                (*id, known.used)
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<KeyId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// Notes when keys were last used: now and then, not at every request.
    pub(crate) fn note_keys_used(&self) -> Result<(), farthing_engine::EngineError> {
        let used = self.keys.used();
        if used.is_empty() { Ok(()) } else { self.worlds.live().keys_used(used) }
    }
}

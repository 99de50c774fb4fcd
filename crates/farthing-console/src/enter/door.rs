//! The way to these pages: the gate's settings, whose cookie it is, whether a form is one of ours, and the frame around a page of nobody's account.

use super::cookie::{self, DOOR, FROM, SESSION};
use super::oidc::Directory;
use super::start::Guest;
use crate::Console;
use crate::block::{Block, Form, Section};
use crate::frame::PageError;
use crate::shell::{Shell, shown};
use crate::web::asked::{Came, entered_of};
use crate::web::sight::Page;
use crate::words::Language;
use crate::{Cloud, web};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{HOST, LOCATION, ORIGIN, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use farthing_core::access::{Opens, Token};
use farthing_core::time::Instant;
use farthing_engine::{Asked, Engine, Side, Visit, chance};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

/// How people come in on this server.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Where the server is reached from outside; empty: as it is asked.
    public_url: String,
    /// Where operators may sign in without a password of ours.
    pub(super) directory: Option<Arc<dyn Directory>>,
    /// Whom a demonstration invites.
    guests: Vec<Guest>,
}

impl Gate {
    pub fn new(public_url: &str) -> Gate {
        Gate { public_url: public_url.trim_end_matches('/').to_owned(), directory: None, guests: Vec::new() }
    }

    #[must_use]
    pub fn with_directory(self, directory: Arc<dyn Directory>) -> Gate {
        Gate { directory: Some(directory), ..self }
    }

    /// For demonstrations: a page tells everybody who these are and what opens their door.
    #[must_use]
    pub fn with_guests(self, guests: Vec<Guest>) -> Gate {
        Gate { guests, ..self }
    }

    pub(crate) fn guests(&self) -> &[Guest] {
        &self.guests
    }

    pub(crate) fn https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// `https://billing.example.com`, without a path.
    fn origin(&self) -> Option<&str> {
        let (scheme, rest) = self.public_url.split_once("://")?;
        let host = rest.split('/').next().unwrap_or_default();
        self.public_url.get(..scheme.len() + 3 + host.len())
    }

    /// Whether it is a name of ours that somebody asks under.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let own = self.origin().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        own.is_none_or(|own| own.eq_ignore_ascii_case(host))
    }

    /// An address of ours as others are told it.
    pub(crate) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}

/// Whether what was sent came from a page of ours. A browser says so of every form; whatever says nothing is no browser that could be misled, and
/// has to show the form's text all the same.
pub(crate) fn origin_is_ours(gate: &Gate, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok())
        && !matches!(site, "same-origin" | "none")
    {
        return false;
    }
    match (text(ORIGIN), gate.origin()) {
        (None, _) => true,
        (Some(told), Some(own)) => told.eq_ignore_ascii_case(own),
        (Some(told), None) => {
            let host = text(HOST).unwrap_or_default();
            ["http://", "https://"].iter().any(|scheme| told.strip_prefix(scheme).is_some_and(|rest| rest == host))
        }
    }
}

/// What one of these pages works with.
pub(super) struct Entering {
    pub(super) console: Arc<Console>,
    pub(super) came: Came,
    pub(super) entered: BTreeMap<String, String>,
    pub(super) now: Instant,
}

/// A page, which waits for the disk where that holds up nobody.
pub(super) type Answer = Result<Response, PageError>;
type Soon = Pin<Box<dyn Future<Output = Response> + Send>>;

pub(super) fn page(
    make: fn(&Entering) -> Answer,
) -> impl Fn(State<Arc<Console>>, Request) -> Soon + Clone + Send + Sync + 'static {
    move |State(console), request| Box::pin(answered(console, request, make))
}

/// What a form does. Whether it is one of ours is looked at first: `sent_here`, or `visitor`, as the form is one of nobody or of somebody.
pub(super) fn deed(
    make: fn(&Entering) -> Answer,
) -> impl Fn(State<Arc<Console>>, Request) -> Soon + Clone + Send + Sync + 'static {
    page(make)
}

async fn answered(console: Arc<Console>, request: Request, make: fn(&Entering) -> Answer) -> Response {
    let (came, body) = match Came::of(request).await {
        Ok(came) => came,
        Err(error) => return error.into_response(),
    };
    let done = tokio::task::spawn_blocking(move || {
        let now = console.home.now()?;
        make(&Entering { entered: entered_of(&body), console, came, now })
    });
    match done.await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(_) => PageError::Failed("it met a bug of ours".into()).into_response(),
    }
}

/// Somebody who is signed in, with what their forms carry.
pub(super) struct Seen {
    pub(super) token: Token,
    pub(super) visit: Visit,
}

impl Entering {
    pub(super) fn gate(&self) -> &Gate {
        self.console.gate.as_ref().expect("these pages are there where there is a gate")
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.came.parts().headers
    }

    pub(super) fn entered(&self, name: &str) -> &str {
        self.entered.get(name).map_or("", String::as_str)
    }

    /// Where the request comes from.
    pub(super) fn source(&self) -> String {
        let from = self.came.parts().extensions.get::<ConnectInfo<SocketAddr>>();
        from.map(|from| from.0.ip().to_string()).unwrap_or_default()
    }

    pub(super) fn agent(&self) -> String {
        let agent = self.headers().get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        agent.map(browser_of).unwrap_or_default()
    }

    /// The engine, noting who asks.
    pub(super) fn engine_for(&self, who: &str) -> Engine {
        let asked = Asked { who: who.to_owned(), source: self.source(), once: None, why: String::new() };
        self.console.engine.asked_by(asked)
    }

    /// The cloud that the address names; none: it is the operators' door.
    pub(super) fn cloud(&self) -> Result<Option<Cloud>, PageError> {
        let id = self.came.named("cloud");
        if id.is_empty() {
            return Ok(None);
        }
        let found = self.console.cloud_at(id, self.now)?;
        found.map(Some).ok_or_else(|| self.nowhere())
    }

    pub(super) fn cloud_of(&self, id: &str) -> Result<Option<Cloud>, PageError> {
        if id.is_empty() { Ok(None) } else { self.console.cloud_at(id, self.now) }
    }

    pub(super) fn language(&self, own: &str, cloud: Option<&Cloud>) -> Language {
        match cloud {
            Some(cloud) => self.came.language(Language::parse(own), cloud),
            None => web::asked::language_of(self.headers(), Language::parse(own)).unwrap_or(Language::En),
        }
    }

    pub(super) fn nowhere(&self) -> PageError {
        let language = web::asked::language_of(self.headers(), None).unwrap_or(Language::En);
        PageError::NotFound(language.say("error.no_page").to_owned())
    }

    fn stale(&self) -> PageError {
        let language = web::asked::language_of(self.headers(), None).unwrap_or(Language::En);
        PageError::Stale(language.say("error.stale").to_owned())
    }

    /// A page of ours to go on to, as the form or the address says; none: it says none, or one that is not ours.
    pub(super) fn back(&self) -> Option<String> {
        let query = self.came.query();
        let back = self.entered.get("back").or_else(|| query.get("back")).map(String::as_str).unwrap_or_default();
        let inside =
            back.starts_with('/') && !back.starts_with("//") && !back.contains(['\\', '\r', '\n']) && back.is_ascii();
        // Not round in a circle.
        (inside && !back.starts_with("/sign-") && back.len() < 1_000).then(|| back.to_owned())
    }

    // --- Before anybody is known

    /// The text that forms carry in this browser, and the cookie it belongs to, where there is none yet.
    pub(super) fn door(&self) -> (String, Option<String>) {
        if let Some(value) = cookie::read(self.headers(), DOOR, self.gate().https()).filter(|value| value.len() == 32) {
            return (form_text(value), None);
        }
        let value = drawn();
        (form_text(&value), Some(cookie::set(DOOR, &value, self.gate().https())))
    }

    /// Whether the form was one of this browser's.
    pub(super) fn sent_here(&self) -> Result<(), PageError> {
        let value = cookie::read(self.headers(), DOOR, self.gate().https()).filter(|value| value.len() == 32);
        let fits = value.is_some_and(|value| {
            blake3::hash(form_text(value).as_bytes()) == blake3::hash(self.entered("csrf").as_bytes())
        });
        if fits { Ok(()) } else { Err(self.stale()) }
    }

    // --- Somebody

    pub(super) fn token(&self) -> Option<Token> {
        token_of(self.gate(), self.headers())
    }

    pub(super) fn seen(&self) -> Result<Option<Seen>, PageError> {
        let Some(token) = self.token() else { return Ok(None) };
        let visit = self.console.engine.visit(&token, self.now)?;
        Ok(visit.map(|visit| Seen { token, visit }))
    }

    /// Somebody, or the way to where they sign in.
    pub(super) fn must_be_seen(&self) -> Result<Seen, PageError> {
        match self.seen()? {
            Some(seen) => Ok(seen),
            None => Err(PageError::SignIn(self.way_in(Some(&self.came.address()))?)),
        }
    }

    /// Where somebody whose session is over signs in again: at the door they came in by, else at the operators'.
    pub(super) fn way_in(&self, back: Option<&str>) -> Result<String, PageError> {
        let from = cookie::read(self.headers(), FROM, self.gate().https()).filter(|id| !id.is_empty());
        let cloud = match from {
            Some(id) => self.console.cloud_at(id, self.now)?.map(|cloud| cloud.id),
            None => None,
        };
        let door = door_address(&self.console, "/sign-in", cloud.as_deref());
        // A test cloud's door is known by what follows its address, and by that alone.
        Ok(match back.filter(|_| !door.contains('?')) {
            Some(back) => format!("{door}?back={}", crate::frame::segment(back)),
            None => door,
        })
    }

    /// Somebody, whose form it is.
    pub(super) fn sent_by(&self) -> Result<Seen, PageError> {
        let seen = self.must_be_seen()?;
        if seen.token.is_form_text(self.entered("csrf")) { Ok(seen) } else { Err(self.stale()) }
    }

    /// Where somebody who came in goes.
    pub(super) fn onwards(&self, token: &Token) -> Result<Response, PageError> {
        let to = match self.back() {
            Some(back) => back,
            None => self.console.engine.visit(token, self.now)?.map_or_else(|| "/".to_owned(), |visit| landing(&visit)),
        };
        Ok(self.in_to(token, to))
    }

    pub(super) fn in_to(&self, token: &Token, to: String) -> Response {
        let https = self.gate().https();
        let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
        push_cookie(&mut response, &cookie::set(SESSION, &token.reveal(), https));
        push_cookie(&mut response, &cookie::clear(DOOR, https));
        let visit = self.console.engine.visit(token, self.now).ok().flatten();
        let from = visit.filter(|visit| visit.operator.is_none()).map(|visit| visit.cloud);
        push_cookie(
            &mut response,
            &match from {
                Some(cloud) => cookie::set(FROM, &cloud, https),
                None => cookie::clear(FROM, https),
            },
        );
        response
    }

    // --- The frame

    pub(super) fn shell(&self, cloud: Option<&Cloud>, language: Language, title: String) -> Shell {
        // A link's own address opens something: nobody is sent back to it by choosing a language.
        let back = if self.came.named("link").is_empty() { self.came.address() } else { "/".to_owned() };
        match cloud {
            Some(cloud) => Shell::open(cloud, language, title, back),
            None => Shell::plain(language, title, back),
        }
    }

    /// One form of somebody who is not known yet, with its cookie.
    pub(super) fn form_page(
        &self,
        (cloud, language): (Option<&Cloud>, Language),
        (title, sentence): (&'static str, String),
        blocks: Vec<Block>,
        (status, cookie): (StatusCode, Option<String>),
    ) -> Answer {
        let shell = self.shell(cloud, language, language.say(title).to_owned());
        let sections = vec![Section::plain(blocks)];
        let page = Page { nav: "", title: language.say(title).to_owned(), sentence, above: Vec::new(), sections };
        Ok(with_cookie(shown(shell, page, None, status)?, cookie))
    }
}

pub(super) fn with_cookie(mut response: Response, cookie: Option<String>) -> Response {
    if let Some(cookie) = cookie {
        push_cookie(&mut response, &cookie);
    }
    response
}

/// At whose door.
pub(super) fn side(console: &Console, cloud: Option<&Cloud>) -> Side {
    match cloud {
        Some(cloud) => Side::Customers { cloud: cloud.id.clone(), test: console.test_of.is_some() },
        None => Side::Operators,
    }
}

/// Chance, as text.
pub(super) fn drawn() -> String {
    let mut text = String::with_capacity(32);
    for byte in chance() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The cloud whose test cloud a request is about: by its session, by the link that it opens, or by the door that it knocks at.
pub fn test_cloud_asked(gate: &Gate, request: &Request) -> Option<String> {
    let mut path = request.uri().path().split('/').skip(1);
    match (path.next(), path.next(), path.next()) {
        (Some("sign-in"), Some("enter" | "invitation" | "password"), Some(link)) => {
            Token::parse(Opens::Link, link)?.test_of
        }
        (Some("sign-in" | "forgotten-password"), Some(cloud), None) if request.uri().query() == Some(TEST) => {
            Some(cloud.to_owned())
        }
        _ => token_of(gate, request.headers())?.test_of,
    }
}

/// What follows the address of a test cloud's door.
const TEST: &str = "world=test";

/// The address of a door of this world.
pub(super) fn door_address(console: &Console, page: &str, cloud: Option<&str>) -> String {
    match (cloud.filter(|cloud| !cloud.is_empty()), &console.test_of) {
        (None, _) => page.to_owned(),
        (Some(cloud), None) => format!("{page}/{cloud}"),
        (Some(cloud), Some(_)) => format!("{page}/{cloud}?{TEST}"),
    }
}

/// What a session's cookie holds, if it is one.
pub(crate) fn token_of(gate: &Gate, headers: &HeaderMap) -> Option<Token> {
    cookie::read(headers, SESSION, gate.https()).and_then(|text| Token::parse(Opens::Session, text))
}

pub(super) fn landing(visit: &Visit) -> String {
    if visit.operator.is_some() {
        return if visit.cloud.is_empty() { "/".to_owned() } else { crate::frame::cloud_address(&visit.cloud) };
    }
    match visit.accounts.as_slice() {
        [only] => crate::customer::account_address(&visit.cloud, &only.account, ""),
        _ => super::ACCOUNTS.to_owned(),
    }
}

pub(super) fn push_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

pub(super) fn wait(mut response: Response, seconds: u32) -> Response {
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// What is wrong with a form as a whole.
pub(super) fn with_trouble(mut form: Form, trouble: Option<String>) -> Form {
    form.trouble = trouble;
    form
}

/// What a form carries in a browser in which nobody is known: it follows from the cookie, and does not lead to it.
fn form_text(value: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"farthing door form 1");
    hasher.update(value.as_bytes());
    hasher.finalize().to_hex().as_str().get(..32).unwrap_or_default().to_owned()
}

/// "Firefox on Linux": what somebody knows their own browser by.
fn browser_of(agent: &str) -> String {
    let first =
        |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let browser = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_not_ours() {
        let check = |gate: &Gate, headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            origin_is_ours(gate, &map)
        };
        let gate = Gate::new("https://billing.one.example/");
        assert!(check(&gate, &[("origin", "https://billing.one.example")]));
        assert!(check(&gate, &[]), "no browser");
        for other in [
            "null",
            "https://one.example",
            "http://billing.one.example",
            "https://billing.one.example.evil.example",
            "",
        ] {
            assert!(!check(&gate, &[("origin", other)]), "{other}");
        }
        assert!(!check(&gate, &[("sec-fetch-site", "cross-site")]));
        assert!(!check(&gate, &[("sec-fetch-site", "same-site"), ("origin", "https://billing.one.example")]));
        let unnamed = Gate::new("");
        assert!(check(&unnamed, &[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!check(&unnamed, &[("origin", "http://evil.example"), ("host", "127.0.0.1:8080")]));
        assert!(
            !unnamed.https() && gate.https() && gate.is_host("Billing.one.example") && !gate.is_host("evil.example")
        );
    }

    #[test]
    fn a_browser_is_named_as_its_owner_knows_it() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(browser_of(firefox), "Firefox · Linux");
        assert_eq!(browser_of("curl/8.0"), "");
    }
}

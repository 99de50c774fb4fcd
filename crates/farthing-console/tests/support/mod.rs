//! A console as a browser asks it: pages got, forms filled and sent.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use farthing_core::money::{Currency, Money};
use farthing_core::policy::ApplyRequest;
use farthing_core::profile::{CATALOG_FILE, POLICY_FILE};
use farthing_core::time::Instant;
use farthing_engine::{Clock, Engine, IdSource, Providers};
use farthing_store::{Location, Options, Store};
use farthing_testbed::ScratchDir;
use std::collections::BTreeMap;
use tower::ServiceExt as _;

pub const SINCE: &str = "2026-10-30T08:00:00Z";
pub const NOW: &str = "2026-11-03T09:30:00Z";
pub const TOKEN: &str = "a-token";

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// All pages, asked for by somebody who is known.
pub struct Site {
    pub router: Router,
}

pub fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub fn dollars(text: &str) -> Money {
    Money::parse_amount(text, Currency::USD).unwrap()
}

pub fn files(cloud: &str) -> BTreeMap<String, String> {
    let folder = format!("{}/../../clouds/{cloud}", env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| (name.to_owned(), std::fs::read_to_string(format!("{folder}/{name}")).unwrap());
    [POLICY_FILE, CATALOG_FILE].map(read).into()
}

/// An engine of its own, since `SINCE`.
pub fn engine(folder: &ScratchDir) -> Engine {
    let options = Options { sqlite_sync_commits: false, sqlite_log_mib: 1, ..Options::default() };
    let store = Store::open(&Location::Sqlite(folder.join("pages.db")), &options).unwrap();
    let engine = Engine::new(store, Clock::simulated(at(SINCE)), IdSource::seeded(0, 7));
    engine.with_providers(Providers::new().pretending())
}

pub fn apply(engine: &Engine, cloud: &str) {
    let request = ApplyRequest {
        files: files(cloud),
        who: "test".into(),
        why: "to look at it".into(),
        starts: None,
        corrects: None,
    };
    engine.apply_policy(cloud, request).unwrap();
}

impl Site {
    pub fn ask(&self, request: Request<Body>) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
        })
    }

    pub fn get(&self, address: &str, language: &str) -> Answer {
        let request = Request::builder().uri(address).header("host", "127.0.0.1").header("x-known", "yes");
        self.ask(request.header("accept-language", language).body(Body::empty()).unwrap())
    }

    pub fn good(&self, address: &str) -> String {
        let answer = self.get(address, "en");
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text);
        answer.text
    }

    pub fn send(&self, address: &str, fields: &[(impl AsRef<str>, impl AsRef<str>)]) -> Answer {
        let fields = fields.iter().map(|(name, value)| format!("{}={}", name.as_ref(), coded(value.as_ref())));
        let body: Vec<String> = fields.collect();
        let request = Request::builder().method(Method::POST).uri(address).header("host", "127.0.0.1");
        let request = request.header("x-known", "yes").header("content-type", "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(body.join("&"))).unwrap())
    }

    /// Sends a form of a page as a browser would: what is hidden in it, and what was filled in.
    pub fn fill(&self, page: &str, action: &str, filled: &[(&str, &str)]) -> Answer {
        self.send(action, &with(hidden(&self.good(page), action), filled))
    }
}

pub fn with(mut fields: Vec<(String, String)>, filled: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

pub fn coded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What a form carries without being asked, as a browser reads it.
pub fn hidden(page: &str, action: &str) -> Vec<(String, String)> {
    let form =
        page.split(&format!("action=\"{action}\"")).nth(1).unwrap_or_else(|| panic!("no form {action} in {page}"));
    let form = form.split("</form>").next().unwrap();
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
    let read = |field: &str| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        (name.to_owned(), plain(rest.split('"').next().unwrap()))
    };
    fields.map(read).collect()
}

pub fn plain(html: &str) -> String {
    let signs = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    signs.into_iter().fold(html.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

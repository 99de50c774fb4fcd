//! A request before anything is looked up: its address, what follows it, what it carries; and from it who asks about what.

use crate::frame::PageError;
use crate::web::sight::Sight;
use crate::web::visitor::Visitor;
use crate::words::Language;
use crate::words::figure::Notation;
use crate::{Cloud, Console};
use axum::RequestPartsExt as _;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use farthing_core::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// A form is some fields, not a file.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// What the choice of a language is kept in.
pub(crate) const LANGUAGE_COOKIE: &str = "language";

pub(crate) struct Came {
    parts: Parts,
    named: BTreeMap<String, String>,
}

impl Came {
    /// The request, and what it carries.
    pub(crate) async fn of(request: Request) -> Result<(Came, Vec<u8>), PageError> {
        Came::within(request, BODY_BYTES_MAX).await
    }

    /// The same of one that may carry more.
    pub(crate) async fn within(request: Request, bytes_max: usize) -> Result<(Came, Vec<u8>), PageError> {
        let (mut parts, body) = request.into_parts();
        let nowhere = || PageError::NotFound(Language::En.say("error.no_page").to_owned());
        let named = parts.extract::<RawPathParams>().await.map_err(|_| nowhere())?;
        let named = named.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = to_bytes(body, bytes_max).await;
        let body = body.map_err(|_| PageError::Stale(Language::En.say("error.too_large").to_owned()))?;
        Ok((Came { parts, named }, body.to_vec()))
    }

    pub(crate) fn named(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    pub(crate) fn query(&self) -> BTreeMap<String, String> {
        entered_of(self.parts.uri.query().unwrap_or_default().as_bytes())
    }

    /// The address within this server, as it was asked.
    pub(crate) fn address(&self) -> String {
        let uri = &self.parts.uri;
        uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
    }

    /// What was chosen on a page, else what the person or their browser asks for, else the cloud's own.
    pub(crate) fn language(&self, own: Option<Language>, cloud: &Cloud) -> Language {
        let clouds = || Language::parse(cloud.locale().language()).unwrap_or(Language::En);
        language_of(&self.parts.headers, own).unwrap_or_else(clouds)
    }

    pub(crate) fn into_named(self) -> BTreeMap<String, String> {
        self.named
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Of a form that carries files: what separates its parts.
    pub(crate) fn boundary(&self) -> Option<String> {
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())?;
        super::multipart::boundary_of(kind)
    }

    /// What their browser asks for, before anything is known of them.
    pub(crate) fn spoken(&self) -> Language {
        let accepted = self.parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        accepted.and_then(Language::accepted).unwrap_or(Language::En)
    }

    /// What a page is asked with, once it is known who asks about which cloud.
    pub(crate) fn sight(
        self,
        console: Arc<Console>,
        (cloud, visitor): (Cloud, Visitor),
        zone: Zone,
        now: Instant,
    ) -> Sight {
        let language = self.language(visitor.language, &cloud);
        let source = self.parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip().to_string());
        Sight {
            notation: Notation::Money { currency: cloud.currency, locale: language.locale() },
            address: self.address(),
            source: source.unwrap_or_default(),
            query: self.query(),
            named: self.named,
            entered: BTreeMap::new(),
            files: BTreeMap::new(),
            trouble: None,
            console,
            cloud,
            visitor,
            language,
            zone,
            now,
        }
    }
}

/// What was chosen on a page, else what the person or their browser asks for.
pub(crate) fn language_of(headers: &HeaderMap, own: Option<Language>) -> Option<Language> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let chosen = header(COOKIE).and_then(|cookies| {
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == LANGUAGE_COOKIE).and_then(|(_, tag)| Language::parse(tag))
    });
    chosen.or(own).or_else(|| header(ACCEPT_LANGUAGE).and_then(Language::accepted))
}

/// `a=1&b=two+words` as its pairs; of several of one name the last counts.
pub(crate) fn entered_of(text: &[u8]) -> BTreeMap<String, String> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            (plain(&pair[..at]), plain(pair.get(at + 1..).unwrap_or_default()))
        })
        .collect()
}

fn plain(coded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(coded.len());
    let mut rest = coded.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits =
                    [rest.next(), rest.next()].map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                if let [Some(high), Some(low)] = digits {
                    bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_read_as_browsers_send_it() {
        let read = entered_of("amount=50.00&note=a+b%26c&name=%E5%8C%97&empty=&bare&broken=%4".as_bytes());
        let told = |name: &str| read.get(name).map(String::as_str);
        assert_eq!(told("amount"), Some("50.00"));
        assert_eq!(told("note"), Some("a b&c"));
        assert_eq!(told("name"), Some("北"));
        assert_eq!((told("empty"), told("bare"), told("broken")), (Some(""), Some(""), Some("")));
    }
}

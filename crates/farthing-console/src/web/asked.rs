//! A request before anything is looked up: its address, what follows it, what it carries; and from it who asks about what.

use crate::customer::Ask;
use crate::frame::PageError;
use crate::words::Language;
use crate::words::figure::Notation;
use crate::{Cloud, Console};
use axum::RequestPartsExt as _;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use farthing_core::time::Zone;
use farthing_engine::RefusalCode;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// A form is some fields, not a file.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// What the choice of a language is kept in.
pub(crate) const LANGUAGE_COOKIE: &str = "language";

pub(crate) struct Came {
    parts: Parts,
    named: BTreeMap<String, String>,
}

impl Came {
    /// The request, and what it carries.
    pub(crate) async fn of(request: Request) -> Result<(Came, Vec<u8>), PageError> {
        let (mut parts, body) = request.into_parts();
        let nowhere = || PageError::NotFound(Language::En.say("error.no_page").to_owned());
        let named = parts.extract::<RawPathParams>().await.map_err(|_| nowhere())?;
        let named = named.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = to_bytes(body, BODY_BYTES_MAX).await;
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

    /// Who asks about which account of which cloud. An account that is not theirs is not there, and said so in the same words.
    pub(crate) fn ask(self, console: Arc<Console>) -> Result<Ask, PageError> {
        let (id, account) = (self.named("cloud").to_owned(), self.named("account").to_owned());
        let accepted = self.parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let spoken = accepted.and_then(Language::accepted).unwrap_or(Language::En);
        let nowhere = || PageError::NotFound(spoken.say("error.no_page").to_owned());
        let now = console.engine.now()?;
        let cloud = console.cloud_at(&id, now)?.ok_or_else(nowhere)?;
        let Some(visitor) = console.porter.who(&id, Some(&account), &self.parts) else {
            let sign_in = console.porter.sign_in(&id, &self.address());
            return Err(sign_in.map_or_else(nowhere, PageError::SignIn));
        };
        let seat = visitor.seat(&account).cloned().ok_or_else(nowhere)?;
        let facts = match console.engine.account_facts(&id, &account) {
            Ok(facts) => facts,
            Err(refused) if refused.code() == Some(RefusalCode::NotFound) => return Err(nowhere()),
            Err(refused) => return Err(refused.into()),
        };
        let language = self.language(visitor.language, &cloud);
        let zone = Zone::parse(&facts.zone).unwrap_or_else(|_| cloud.time_zone.clone());
        let source = self.parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip().to_string());
        Ok(Ask {
            notation: Notation::Money { currency: cloud.currency, locale: language.locale() },
            address: self.address(),
            source: source.unwrap_or_default(),
            query: self.query(),
            named: self.named,
            entered: BTreeMap::new(),
            trouble: None,
            console,
            cloud,
            visitor,
            seat,
            language,
            zone,
            facts,
            now,
        })
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

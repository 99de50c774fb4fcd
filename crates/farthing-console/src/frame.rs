//! What all pages share: their addresses, and what is said when one cannot be made.

use crate::Cloud;
use crate::block::{Block, Section};
use crate::shell::{Shell, shown};
use crate::web::sight::Page;
use crate::words::Language;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use farthing_engine::ClockError;
use farthing_store::StoreError;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The sentence says what there is not.
    NotFound(String),
    /// To be signed in first, there.
    SignIn(String),
    /// A form that is too old, or none of ours; the sentence says what did not happen.
    Stale(String),
    /// It is there, and not for whoever asks; the sentence says as what they ask.
    Forbidden(String),
    /// Asked to change something, or by another method than reading.
    ReadOnly,
    /// Asked under a name that is not this machine's.
    OtherHost,
    /// Ours; the sentence says what happened.
    Failed(String),
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> PageError {
        PageError::Failed(error.to_string())
    }
}

impl From<ClockError> for PageError {
    fn from(error: ClockError) -> PageError {
        PageError::Failed(error.to_string())
    }
}

impl From<farthing_core::time::OutOfRange> for PageError {
    fn from(error: farthing_core::time::OutOfRange) -> PageError {
        PageError::Failed(error.to_string())
    }
}

impl From<farthing_engine::EngineError> for PageError {
    fn from(error: farthing_engine::EngineError) -> PageError {
        PageError::Failed(error.to_string())
    }
}

/// What the engine has nothing of is not found; it is asked for nothing else that it could refuse.
impl From<farthing_engine::Refused> for PageError {
    fn from(refused: farthing_engine::Refused) -> PageError {
        match refused.code() {
            Some(farthing_engine::RefusalCode::NotFound) => PageError::NotFound(String::new()),
            _ => PageError::Failed(refused.to_string()),
        }
    }
}

/// What is said instead of a page. It is put into its frame where it is known in which language (`security::guard`).
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    /// Of the texts `wrong.…`.
    pub(crate) kind: &'static str,
    /// Empty: the kind's own.
    pub(crate) sentence: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, kind, sentence) = match self {
            PageError::NotFound(what) => (StatusCode::NOT_FOUND, "not_here", what),
            PageError::SignIn(address) => {
                return (StatusCode::SEE_OTHER, [(axum::http::header::LOCATION, address)]).into_response();
            }
            PageError::Stale(what) => (StatusCode::FORBIDDEN, "stale", what),
            PageError::Forbidden(what) => (StatusCode::FORBIDDEN, "forbidden", what),
            PageError::ReadOnly => (StatusCode::METHOD_NOT_ALLOWED, "only_shown", String::new()),
            PageError::OtherHost => (StatusCode::FORBIDDEN, "other_host", String::new()),
            PageError::Failed(what) => {
                eprintln!("farthing: a page failed: {what}");
                (StatusCode::INTERNAL_SERVER_ERROR, "failed", what)
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Wrong { kind, sentence });
        response
    }
}

impl Wrong {
    /// In the frame of the cloud that was asked for, if that is known.
    pub(crate) fn page(&self, status: StatusCode, language: Language, cloud: Option<&Cloud>) -> Response {
        let title = language.word("wrong.title", self.kind);
        let own = language.word("wrong.sentence", self.kind);
        let sentence = match (self.kind, self.sentence.is_empty()) {
            (_, true) => own,
            ("failed", false) => language.with("wrong.failed_why", &[("why", &self.sentence)]),
            (_, false) => self.sentence.clone(),
        };
        let what_now = Block::Text(language.word("wrong.what_now", self.kind));
        let shell = match cloud {
            Some(cloud) => Shell::open(cloud, language, title.clone(), "/".to_owned()),
            None => Shell::plain(language, title.clone(), "/".to_owned()),
        };
        let sections = vec![Section::plain(vec![what_now])];
        let page = Page { nav: "", title, sentence, above: Vec::new(), sections };
        match shown(shell, page, None, status) {
            Ok(response) => response,
            Err(_) => (status, self.sentence.clone()).into_response(),
        }
    }
}

pub(crate) async fn nowhere() -> PageError {
    PageError::NotFound(String::new())
}

pub(crate) async fn read_only() -> PageError {
    PageError::ReadOnly
}

/// A text as one segment of an address.
pub(crate) fn segment(text: &str) -> String {
    askama::filters::urlencode_strict(text).map_or_else(|_| String::new(), |encoded| encoded.to_string())
}

pub(crate) fn cloud_address(cloud: &str) -> String {
    format!("/clouds/{cloud}")
}

pub(crate) fn customer_address(cloud: &str, name: &str) -> String {
    format!("/clouds/{cloud}/accounts/{}", segment(name))
}

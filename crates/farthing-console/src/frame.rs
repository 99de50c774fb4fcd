//! What all pages share: their frame, how they are made off the async threads, and what is said when one cannot be.

use crate::Cloud;
use crate::Console;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use farthing_engine::ClockError;
use farthing_store::StoreError;
use std::sync::Arc;

/// The frame around a page's own content.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Which entry of the bar is open.
    pub(crate) section: Section,
    /// The id of the cloud whose accent the page wears.
    pub(crate) cloud: Option<String>,
    /// Where the reader is: pages above this one, with their addresses.
    pub(crate) above: Vec<Link>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Clouds,
    About,
    None,
}

#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) text: String,
}

impl Frame {
    pub(crate) fn new(title: impl Into<String>, section: Section) -> Frame {
        Frame { title: title.into(), section, cloud: None, above: Vec::new() }
    }

    /// In the cloud's colours, below the list of clouds.
    pub(crate) fn of(title: impl Into<String>, cloud: &Cloud) -> Frame {
        let above = vec![Link { address: "/".into(), text: "Clouds".into() }];
        Frame { title: title.into(), section: Section::Clouds, cloud: Some(cloud.id.clone()), above }
    }

    pub(crate) fn below(mut self, address: String, text: impl Into<String>) -> Frame {
        self.above.push(Link { address, text: text.into() });
        self
    }

    pub(crate) fn is(&self, section: &str) -> bool {
        matches!((self.section, section), (Section::Clouds, "clouds") | (Section::About, "about"))
    }
}

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The sentence says what there is not.
    NotFound(String),
    /// To be signed in first, there.
    SignIn(String),
    /// A form that is too old, or none of ours; the sentence says what did not happen.
    Stale(String),
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
            Some(farthing_engine::RefusalCode::NotFound) => {
                PageError::NotFound("This cloud has no account of this name.".to_owned())
            }
            _ => PageError::Failed(refused.to_string()),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    sentence: String,
    what_now: &'static str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, sentence, what_now) = match self {
            PageError::NotFound(what) => {
                (StatusCode::NOT_FOUND, "Not here", what, "Check the address, or begin at the list of clouds.")
            }
            PageError::SignIn(address) => {
                return (StatusCode::SEE_OTHER, [(axum::http::header::LOCATION, address)]).into_response();
            }
            PageError::Stale(what) => {
                (StatusCode::FORBIDDEN, "Not done", what, "Go back, load the page again, and send the form once more.")
            }
            PageError::ReadOnly => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Read-only",
                "These pages only show; nothing was changed.".into(),
                "Open the address in a browser to look at it.",
            ),
            PageError::OtherHost => (
                StatusCode::FORBIDDEN,
                "This machine only",
                "There are no log-ins yet, so these pages answer only to this machine's own name.".into(),
                "Open them as http://127.0.0.1 or http://localhost, with the port Farthing printed.",
            ),
            PageError::Failed(what) => {
                eprintln!("farthing: a page failed: {what}");
                let sentence = format!("This page could not be made: {what}.");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong",
                    sentence,
                    "Nothing was changed. Load it again; if it stays, run farthing verify on the store.",
                )
            }
        };
        let page = ErrorPage { frame: Frame::new(title, Section::None), sentence, what_now };
        match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => (status, error.to_string()).into_response(),
        }
    }
}

/// Reads and renders a page where waiting for the disk holds up nobody.
pub(crate) async fn answer<T: Template>(
    console: Arc<Console>,
    make: impl FnOnce(&Console) -> Result<T, PageError> + Send + 'static,
) -> Response {
    let made = tokio::task::spawn_blocking(move || {
        let page = make(&console)?;
        page.render().map_err(|error| PageError::Failed(error.to_string()))
    });
    match made.await {
        Ok(Ok(html)) => Html(html).into_response(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => PageError::Failed("it met a bug of ours".into()).into_response(),
    }
}

pub(crate) async fn nowhere() -> PageError {
    PageError::NotFound("There is no page at this address.".into())
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

pub(crate) fn charges_address(cloud: &str, name: &str) -> String {
    format!("{}/charges", customer_address(cloud, name))
}

pub(crate) fn customer_address(cloud: &str, name: &str) -> String {
    format!("/clouds/{cloud}/customers/{}", segment(name))
}

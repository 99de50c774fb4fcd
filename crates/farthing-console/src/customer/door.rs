//! The way to a customer's page: who asks, whose account it is, in which language; off the threads that only wait. Forms must carry their
//! token, change once, and send the browser on (post, redirect, get).

use super::ask::{Ask, Done, Page, Stop, Trouble};
use super::shell;
use crate::Console;
use crate::frame::PageError;
use crate::web::asked::{Came, entered_of};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

pub(crate) type Shown = fn(&Ask) -> Result<Page, PageError>;
type Deed = fn(&Ask) -> Result<Done, Stop>;
type Fetched = fn(&Ask) -> Result<File, PageError>;

/// Something to keep.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) name: String,
}

/// A page.
pub(crate) fn shows(page: Shown) -> MethodRouter<Arc<Console>> {
    get(move |State(console): State<Arc<Console>>, request: Request| async move {
        let came = match Came::of(request).await {
            Ok((came, _)) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let ask = came.ask(console)?;
            shell::rendered(&ask, page(&ask)?, StatusCode::OK)
        })
        .await
    })
}

/// A form's deed, and the page that shows the form again where nothing was done.
pub(crate) fn does(page: Shown, deed: Deed) -> MethodRouter<Arc<Console>> {
    post(move |State(console): State<Arc<Console>>, request: Request| async move {
        let (came, body) = match Came::of(request).await {
            Ok(came) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let mut ask = came.ask(console)?;
            ask.entered = entered_of(&body);
            let token = ask.entered.get("csrf").map_or("", String::as_str);
            if !same(token, &ask.visitor.csrf) {
                return Err(PageError::Stale(ask.say("error.stale").to_owned()));
            }
            let form = ask.address.split('?').next().unwrap_or_default().to_owned();
            ask.trouble = Some(match deed(&ask) {
                Ok(done) => return Ok(went_on(&done)),
                Err(Stop::Page(error)) => return Err(error),
                Err(Stop::Field { field, what }) => Trouble { form, field: field.to_owned(), what },
                Err(Stop::Refused(refused)) => ask.trouble_of(refused, &form)?,
            });
            shell::rendered(&ask, page(&ask)?, StatusCode::UNPROCESSABLE_ENTITY)
        })
        .await
    })
}

/// A file.
pub(crate) fn fetches(file: Fetched) -> MethodRouter<Arc<Console>> {
    get(move |State(console): State<Arc<Console>>, request: Request| async move {
        let came = match Came::of(request).await {
            Ok((came, _)) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let File { bytes, media_type, name } = file(&came.ask(console)?)?;
            let disposition = format!("attachment; filename=\"{name}\"");
            Ok(([(CONTENT_TYPE, media_type.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response())
        })
        .await
    })
}

/// Where waiting for the disk holds up nobody.
pub(crate) async fn run(work: impl FnOnce() -> Result<Response, PageError> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(_) => PageError::Failed("it met a bug of ours".into()).into_response(),
    }
}

fn went_on(done: &Done) -> Response {
    let mark = if done.to.contains('?') { '&' } else { '?' };
    let to = if done.said.is_empty() { done.to.clone() } else { format!("{}{mark}done={}", done.to, done.said) };
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// In a time that does not tell how much of it fits.
fn same(told: &str, kept: &str) -> bool {
    !kept.is_empty() && blake3::hash(told.as_bytes()) == blake3::hash(kept.as_bytes())
}

//! The way to a page of somebody who is signed in: who asks, about what, in which language; off the threads that only wait. Forms must carry
//! their token, change once, and send the browser on (post, redirect, get).

use super::sight::{Done, File, Page, Sight, Stop, Trouble};
use crate::Console;
use crate::frame::PageError;
use crate::web::asked::{BODY_BYTES_MAX, Came, entered_of};
use crate::web::multipart::parts_of;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use std::collections::BTreeMap;
use std::ops::DerefMut;
use std::sync::Arc;

/// Somebody at a page: a customer's person, or an operator.
pub(crate) trait Asking: DerefMut<Target = Sight> + Sized + 'static {
    /// Whoever may not ask is told that there is nothing, or where to sign in.
    fn of(came: Came, console: Arc<Console>) -> Result<Self, PageError>;

    /// The page in its frame.
    fn rendered(&self, page: Page, status: StatusCode) -> Result<Response, PageError>;
}

pub(crate) type Shown<A> = fn(&A) -> Result<Page, PageError>;
type Deed<A> = fn(&A) -> Result<Done, Stop>;
type Fetched<A> = fn(&A) -> Result<File, PageError>;

/// A page.
pub(crate) fn shows<A: Asking>(page: Shown<A>) -> MethodRouter<Arc<Console>> {
    get(move |State(console): State<Arc<Console>>, request: Request| async move {
        let came = match Came::of(request).await {
            Ok((came, _)) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let ask = A::of(came, console)?;
            ask.rendered(page(&ask)?, StatusCode::OK)
        })
        .await
    })
}

/// A form's deed, and the page that shows the form again where nothing was done.
pub(crate) fn does<A: Asking>(page: Shown<A>, deed: Deed<A>) -> MethodRouter<Arc<Console>> {
    does_within(page, deed, BODY_BYTES_MAX)
}

/// The same of a form that carries files.
pub(crate) fn does_within<A: Asking>(page: Shown<A>, deed: Deed<A>, bytes_max: usize) -> MethodRouter<Arc<Console>> {
    takes(page, bytes_max, move |ask| Ok(went_on(&deed(ask)?)))
}

/// A form that changes nothing, and is answered by a page: what would be done.
pub(crate) fn previews<A: Asking>(
    page: Shown<A>,
    preview: fn(&A) -> Result<(Page, StatusCode), Stop>,
    bytes_max: usize,
) -> MethodRouter<Arc<Console>> {
    takes(page, bytes_max, move |ask| {
        let (page, status) = preview(ask)?;
        Ok(ask.rendered(page, status)?)
    })
}

/// A form that is sent: what it is answered by, or the page that shows it again and says what stopped it.
fn takes<A: Asking>(
    page: Shown<A>,
    bytes_max: usize,
    answer: impl Fn(&A) -> Result<Response, Stop> + Copy + Send + Sync + 'static,
) -> MethodRouter<Arc<Console>> {
    post(move |State(console): State<Arc<Console>>, request: Request| async move {
        let (came, body) = match Came::within(request, bytes_max).await {
            Ok(came) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let mut ask = sent::<A>(came, console, &body)?;
            let form = ask.address.split('?').next().unwrap_or_default().to_owned();
            ask.trouble = Some(match answer(&ask) {
                Ok(done) => return Ok(done),
                Err(stop) => trouble(&ask, form, stop)?,
            });
            ask.rendered(page(&ask)?, StatusCode::UNPROCESSABLE_ENTITY)
        })
        .await
    })
}

/// What a form carries, where it is one of ours.
fn sent<A: Asking>(came: Came, console: Arc<Console>, body: &[u8]) -> Result<A, PageError> {
    let (entered, files) = match came.boundary() {
        Some(boundary) => parts_of(body, &boundary),
        None => (entered_of(body), BTreeMap::new()),
    };
    let mut ask = A::of(came, console)?;
    ask.entered = entered;
    ask.files = files;
    let token = ask.entered.get("csrf").map_or("", String::as_str);
    if same(token, &ask.visitor.csrf) { Ok(ask) } else { Err(PageError::Stale(ask.say("error.stale").to_owned())) }
}

fn trouble<A: Asking>(ask: &A, form: String, stop: Stop) -> Result<Trouble, PageError> {
    match stop {
        Stop::Page(error) => Err(error),
        Stop::Field { field, what } => Ok(Trouble { form, field: field.to_owned(), what }),
        Stop::Refused(refused) => ask.trouble_of(refused, &form),
    }
}

/// A file.
pub(crate) fn fetches<A: Asking>(file: Fetched<A>) -> MethodRouter<Arc<Console>> {
    get(move |State(console): State<Arc<Console>>, request: Request| async move {
        let came = match Came::of(request).await {
            Ok((came, _)) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let File { bytes, media_type, name } = file(&A::of(came, console)?)?;
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

//! Links by which a cloud's own portal sends somebody who is signed in there to the console: good once, within a minute.

use super::asking::{Asking, IdempotencyKey};
use super::blocking;
use super::caller::Writing;
use super::people::PersonRole;
use super::problem::Problem;
use super::wire::{maybe_written, time, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::access::Mode;
use farthing_engine::{NewConsoleLink as EngineNewConsoleLink, Origin};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsoleLink {
    /// The account they may look at, and nothing else.
    #[schema(example = "acme")]
    account: String,
    /// What you call them: for the history of what they do.
    #[schema(example = "u-1842", min_length = 1, max_length = 200)]
    person: String,
    role: PersonRole,
    /// The language of the pages; the cloud's when it is not said.
    #[schema(example = "en", max_length = 35)]
    language: Option<String>,
    /// The page of the console they come to: a path of it.
    #[schema(max_length = 500)]
    return_to: Option<String>,
}

/// Where to send their browser, at once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsoleLink {
    /// Opens a session without a password, once. Whoever has it is let in: hand it to nobody but their browser.
    #[schema(example = "https://billing.example.com/sign-in/enter/fl_live_01m0abw8g0tfjbn245fasf0w43_…")]
    url: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a link that opens the console for somebody whom you have signed in.
#[utoipa::path(post, path = "/v1/console-links", tag = "people", params(IdempotencyKey), request_body = NewConsoleLink,
    responses((status = CREATED, body = ConsoleLink), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn make(
    caller: Writing,
    Asking { body, once }: Asking<NewConsoleLink>,
) -> Result<(StatusCode, Json<ConsoleLink>), Problem> {
    written(&body.person, 200, "person")?;
    maybe_written(body.language.as_ref(), 35, "language")?;
    maybe_written(body.return_to.as_ref(), 500, "return_to")?;
    let new = EngineNewConsoleLink {
        account: body.account,
        person: body.person,
        role: body.role.role(),
        language: body.language.unwrap_or_default(),
        return_to: body.return_to.unwrap_or_default(),
    };
    let made = blocking(move || {
        // It lasts a minute of the real time, for a test cloud too.
        let now = caller.home().now()?;
        let (origin, test) = (Origin::Key(caller.text().clone()), caller.mode == Mode::Test);
        let (link, expires) = caller.engine_for(Some(once)).console_link(&caller.cloud, &new, (&origin, test), now)?;
        let base = caller.home().public_url().trim_end_matches('/').to_owned();
        Ok((format!("{base}/sign-in/enter/{}", link.reveal()), expires))
    });
    let (url, expires) = made.await?;
    Ok((StatusCode::CREATED, Json(ConsoleLink { url, expires_at: time(expires) })))
}

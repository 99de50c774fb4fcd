//! Notices: what an account's people were told, to be read here as well, and of which events they want no mail.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::Problem;
use super::wire::time_of_micros;
use crate::carry::Letter;
use axum::Json;
use farthing_engine::{NoticeSettings as EngineSettings, NoticeView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A notice as it is written, in the language of whom it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notice {
    /// A webhook about it has the same id.
    #[schema(example = "msg_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    #[serde(rename = "type")]
    #[schema(example = "account.balance_low")]
    kind: String,
    #[schema(format = DateTime)]
    at: String,
    subject: String,
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeSettings {
    account: String,
    /// What is always written: what is owed, and what may be lost.
    always: Vec<String>,
    on: Vec<String>,
    off: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNoticeSettings {
    /// Of which types no mail is wanted: these and no others. Webhooks are sent all the same.
    #[schema(example = json!(["credit.granted"]), max_items = 100)]
    off: Vec<String>,
}

/// What an account's people have been told, the newest first, whether a mail of it went out or not.
#[utoipa::path(get, path = "/v1/accounts/{account}/notices", tag = "accounts", params(Named, Paging),
    responses((status = OK, body = Page<Notice>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Notice>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| text.parse::<i64>().map_err(|_| wrong_cursor())).transpose()?;
    let rows = blocking(move || {
        let found = caller.engine.notices(&caller.cloud, &named.account, before, limit + 1)?;
        Ok(found.into_iter().map(|view| (view.number, notice(&view))).collect::<Vec<_>>())
    });
    let page = Page::of(rows.await?, limit, |(number, _)| number.to_string(), |(_, notice)| notice);
    Ok(Json(page))
}

/// Of which events an account's people are written to.
#[utoipa::path(get, path = "/v1/accounts/{account}/notices/settings", tag = "accounts", params(Named),
    responses((status = OK, body = NoticeSettings), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<Named>) -> Result<Json<NoticeSettings>, Problem> {
    let settings = blocking(move || Ok(caller.engine.notice_settings(&caller.cloud, &named.account)?));
    Ok(Json(settings_told(settings.await?)))
}

/// Says of which events no mail is wanted.
#[utoipa::path(put, path = "/v1/accounts/{account}/notices/settings", tag = "accounts", params(Named, IdempotencyKey),
    request_body = NewNoticeSettings, responses((status = OK, body = NoticeSettings), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewNoticeSettings>,
) -> Result<Json<NoticeSettings>, Problem> {
    let done = blocking(move || {
        Ok(caller.engine_for(Some(once)).set_notices_off(&caller.cloud, &named.account, &body.off)?)
    });
    Ok(Json(settings_told(done.await?)))
}

fn notice(view: &NoticeView) -> Notice {
    let written = Letter::write(&view.parcel, &view.envelope).ok().flatten();
    // What no template writes is told by its type alone.
    let (subject, text) =
        written.map_or_else(|| (view.kind.about().to_owned(), String::new()), |letter| (letter.subject, letter.text));
    Notice {
        id: view.parcel.id.to_string(),
        kind: view.kind.name().to_owned(),
        at: time_of_micros(view.at.micros()),
        subject,
        text,
    }
}

fn settings_told(facts: EngineSettings) -> NoticeSettings {
    let EngineSettings { account, always, on, off } = facts;
    NoticeSettings { account, always, on, off }
}

//! Methods: what an account pays with, kept by the provider, charged later where its owner agreed.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Caller, Reading, Writing};
use super::page::{Asked, Page};
use super::payments::{PayChannel, return_url};
use super::problem::{self, Problem};
use super::wire::{maybe_written, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::payment::{MethodId, MethodStanding};
use farthing_engine::{MethodChange as EngineChange, MethodFacts, NewMethod as EngineNewMethod};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const MANDATE_MAX: usize = 4_000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMethod {
    channel: PayChannel,
    /// What the customer's browser was given by the provider; when it is not said a page is opened, and `action_url` says where.
    #[schema(example = "card:visa", max_length = 255)]
    token: Option<String>,
    /// The words by which its owner agreed to be charged later while they are away, kept as the record of it. When it is not said
    /// they have not agreed, and it pays only while they are there.
    #[schema(example = "I agree that Example Cloud charges this card when my balance runs low.", max_length = 4000)]
    mandate: Option<String>,
    /// It is the first that is charged.
    #[serde(default)]
    default: bool,
    /// Where the customer comes back to from the provider's page; needed where there is one.
    #[schema(example = "https://cloud.example.com/billing", max_length = 2000)]
    return_url: Option<String>,
}

/// What is not said stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MethodChange {
    /// True: it is the first that is charged.
    #[serde(default)]
    default: bool,
    /// Its owner agrees now to be charged later, in these words.
    #[schema(max_length = 4000)]
    mandate: Option<String>,
    /// True: its owner agrees no more. It pays only while they are there.
    #[serde(default)]
    withdraw_consent: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Method {
    #[schema(example = "pm_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    #[schema(example = "stripe")]
    provider: String,
    /// Such as `card`.
    channel: String,
    #[schema(example = "visa")]
    brand: Option<String>,
    /// The last characters that its owner knows it by.
    #[schema(example = "4242")]
    last4: Option<String>,
    /// A card is good until the end of this month; null: it has no end.
    #[schema(example = "2029-12")]
    expires: Option<String>,
    /// Where it was issued; null: nobody knows.
    country: Option<String>,
    /// `credit`, `debit` or `prepaid`; null: it is no card, or nobody knows.
    funding: Option<String>,
    /// `waiting`: its owner has something to do at `action_url`; `ready`; `failed`: the provider does not keep it; `gone`.
    #[schema(example = "ready")]
    state: String,
    default: bool,
    /// When its owner agreed to be charged later; null: they have not.
    #[schema(format = DateTime)]
    consented_at: Option<String>,
    /// In which words.
    mandate: Option<String>,
    action_url: Option<String>,
    #[schema(format = DateTime)]
    added_at: String,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MethodSearch {
    /// True: also those that are gone or failed.
    #[serde(default)]
    #[param(required = false)]
    all: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MethodNamed {
    /// The method's id.
    #[param(example = "pm_01m0abw8g0tfjbn245fasf0w43")]
    method: String,
}

impl MethodNamed {
    fn id(&self) -> Result<MethodId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no method {:?}", self.method));
        MethodId::parse(&self.method).map_err(unknown)
    }
}

/// Adds what an account pays with: the provider keeps it, and we what its owner knows it by.
#[utoipa::path(post, path = "/v1/accounts/{account}/methods", tag = "payments", params(Named, IdempotencyKey),
    request_body = NewMethod, responses((status = CREATED, body = Method), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn add(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewMethod>,
) -> Result<(StatusCode, Json<Method>), Problem> {
    mandate(body.mandate.as_deref())?;
    maybe_written(body.token.as_ref(), 255, "token")?;
    let new = EngineNewMethod {
        account: named.account,
        channel: body.channel.core(),
        back: return_url(body.return_url, body.token.is_none())?,
        token: body.token,
        mandate: body.mandate,
        default: body.default,
    };
    let done = blocking(move || Ok(caller.engine_for(Some(once)).add_method(&caller.cloud, &new)?));
    Ok((StatusCode::CREATED, Json(method(done.await?))))
}

/// Lists what an account pays with, the default first.
#[utoipa::path(get, path = "/v1/accounts/{account}/methods", tag = "payments", params(Named, MethodSearch),
    responses((status = OK, body = Page<Method>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(search): Asked<MethodSearch>,
) -> Result<Json<Page<Method>>, Problem> {
    let rows = blocking(move || Ok(caller.engine.methods(&caller.cloud, &named.account, search.all)?)).await?;
    Ok(Json(Page { data: rows.into_iter().map(method).collect(), next: None }))
}

/// One method.
#[utoipa::path(get, path = "/v1/methods/{method}", tag = "payments", params(MethodNamed),
    responses((status = OK, body = Method), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<MethodNamed>) -> Result<Json<Method>, Problem> {
    let id = named.id()?;
    Ok(Json(method(blocking(move || Ok(caller.engine.method(&caller.cloud, id)?)).await?)))
}

/// Makes a method the default, or takes down that its owner agrees to later charges, or no more.
#[utoipa::path(patch, path = "/v1/methods/{method}", tag = "payments", params(MethodNamed, IdempotencyKey),
    request_body = MethodChange, responses((status = OK, body = Method), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn change(
    caller: Writing,
    Path(named): Path<MethodNamed>,
    Asking { body, once }: Asking<MethodChange>,
) -> Result<Json<Method>, Problem> {
    mandate(body.mandate.as_deref())?;
    if body.mandate.is_some() && body.withdraw_consent {
        let what = "its owner agrees, or agrees no more: one of the two";
        return Err(Problem::new(problem::INVALID, what).field("withdraw_consent"));
    }
    let change = EngineChange { default: body.default, mandate: body.mandate, withdraw: body.withdraw_consent };
    on_own(caller.0, named, move |caller, account, id| {
        Ok(caller.engine_for(Some(once)).change_method(&caller.cloud, account, id, &change)?)
    })
    .await
}

/// Removes a method: it is not charged any more, and the provider forgets it.
#[utoipa::path(delete, path = "/v1/methods/{method}", tag = "payments", params(MethodNamed, IdempotencyKey),
    responses((status = OK, body = Method), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn remove(
    caller: Writing,
    Path(named): Path<MethodNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Method>, Problem> {
    on_own(caller.0, named, move |caller, account, id| {
        Ok(caller.engine_for(Some(once)).remove_method(&caller.cloud, account, id)?)
    })
    .await
}

/// Something is done to a method of the account it belongs to.
async fn on_own(
    caller: Arc<Caller>,
    named: MethodNamed,
    work: impl FnOnce(&Caller, &str, MethodId) -> Result<MethodFacts, Problem> + Send + 'static,
) -> Result<Json<Method>, Problem> {
    let id = named.id()?;
    let done = blocking(move || {
        let account = caller.engine.method(&caller.cloud, id)?.account;
        work(&caller, &account, id)
    });
    Ok(Json(method(done.await?)))
}

pub(super) fn mandate(words: Option<&str>) -> Result<(), Problem> {
    let Some(words) = words else { return Ok(()) };
    if words.trim().is_empty() {
        let what = "a mandate is the words that its owner agreed to: whoever asks later what it was has to find them";
        return Err(Problem::new(problem::INVALID, what).field("mandate"));
    }
    written(words, MANDATE_MAX, "mandate")
}

pub(super) fn method(facts: MethodFacts) -> Method {
    let waits = facts.standing == MethodStanding::Waiting.name();
    Method {
        id: facts.id,
        account: facts.account,
        provider: facts.provider,
        channel: facts.channel,
        brand: some_text(facts.brand),
        last4: some_text(facts.last4),
        expires: some_text(facts.expires),
        country: some_text(facts.country),
        funding: some_text(facts.funding),
        state: facts.standing,
        default: facts.default,
        consented_at: facts.consented.map(time_of_micros),
        mandate: some_text(facts.mandate),
        action_url: some_text(facts.action).filter(|_| waits),
        added_at: time_of_micros(facts.added),
        ended_at: facts.ended.map(time_of_micros),
    }
}

//! Credit: grants that pay before cash does, each with its products and its end.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::Page;
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, read_times, some_text, time};
use axum::Json;
use axum::http::StatusCode;
use farthing_engine::NewGrant as EngineNewGrant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrant {
    /// Of this account; it is given once under one name.
    #[schema(example = "welcome", max_length = 80)]
    name: String,
    amount: Amount,
    /// What it may pay; everything when there is none.
    #[serde(default)]
    products: Vec<String>,
    /// Of several grants the lowest pays first; 0 when it is not said.
    #[serde(default)]
    priority: i32,
    /// Now when it is not said.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Why it is given; kept with the grant and in the audit log. A key with the scope admin is an operator's, and has to say it.
    #[schema(example = "sorry for the slow disk on 3 March", max_length = 1000)]
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Grant {
    name: String,
    amount: Amount,
    /// What is left of it.
    left: Amount,
    products: Vec<String>,
    priority: i64,
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Why it was given; null: nobody said.
    reason: Option<String>,
}

/// Gives credit. What was used before it begins is not for it to pay.
#[utoipa::path(post, path = "/v1/accounts/{account}/grants", tag = "money", params(Named, IdempotencyKey),
    request_body = NewGrant, responses((status = CREATED, body = Grant), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn give(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewGrant>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    maybe_written(body.reason.as_ref(), 1_000, "reason")?;
    let reason = body.reason.filter(|reason| !reason.trim().is_empty());
    if reason.is_none() && caller.is_operator() {
        let what = "say why you give it: your key has the scope admin, and an operator's credit has a reason";
        return Err(Problem::new(problem::INVALID, what).field("reason"));
    }
    let grant = EngineNewGrant {
        name: body.name.clone(),
        account: named.account,
        amount: body.amount.money("amount")?,
        products: body.products.clone(),
        priority: i64::from(body.priority),
        starts: read_times(body.starts_at.as_ref(), "starts_at")?,
        expires: read_times(body.expires_at.as_ref(), "expires_at")?,
        reason,
    };
    let given = grant.clone();
    blocking(move || Ok(caller.engine_for(Some(once)).grant_credit(&caller.cloud, &given)?)).await?;
    let answer = Grant {
        name: body.name,
        left: Amount::of(grant.amount),
        amount: Amount::of(grant.amount),
        products: body.products,
        priority: grant.priority,
        starts_at: grant.starts.map(time),
        expires_at: grant.expires.map(time),
        reason: grant.reason,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Lists an account's grants that have not ended, in the order they pay.
#[utoipa::path(get, path = "/v1/accounts/{account}/grants", tag = "money", params(Named),
    responses((status = OK, body = Page<Grant>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Path(named): Path<Named>) -> Result<Json<Page<Grant>>, Problem> {
    let view = blocking(move || {
        let now = caller.engine.now()?;
        Ok(caller.engine.account_view(&caller.cloud, &named.account, now)?)
    })
    .await?;
    let mut lots = view.lots;
    lots.sort_by_key(|lot| (lot.priority, lot.expires.map_or(i64::MAX, |at| at.micros()), lot.number));
    let grant = |lot: farthing_store::LotRow| Grant {
        name: lot.name,
        amount: Amount::units(lot.amount, view.currency),
        left: Amount::units(lot.balance, view.currency),
        products: lot.products.iter().map(ToString::to_string).collect(),
        priority: lot.priority,
        starts_at: Some(time(lot.starts)),
        expires_at: lot.expires.map(time),
        reason: some_text(lot.reason),
    };
    Ok(Json(Page { data: lots.into_iter().map(grant).collect(), next: None }))
}

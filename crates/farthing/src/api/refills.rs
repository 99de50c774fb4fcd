//! Filling up by itself: what an account has agreed to, and why nothing happens where nothing does.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::payments::currency_of;
use super::problem::Problem;
use super::wire::{Amount, some_text, time_of_micros};
use axum::Json;
use farthing_core::money::{Currency, Money};
use farthing_engine::{RefillChange, RefillFacts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is not said stays as it is, or as the cloud's policy says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRefill {
    on: bool,
    /// It is filled up when less than this is left.
    threshold: Option<Amount>,
    /// By how much; tax comes on top.
    amount: Option<Amount>,
    /// No more than this in a calendar month; of nothing: what the policy says.
    monthly_max: Option<Amount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refill {
    on: bool,
    threshold: Amount,
    amount: Amount,
    monthly_max: Option<Amount>,
    /// Why nothing happens by itself now; null: it is watched.
    inert_because: Option<String>,
    /// In a row; too many switch it off.
    failures: i64,
    /// What was filled up in this calendar month.
    month_sum: Amount,
    #[schema(format = DateTime)]
    last_at: Option<String>,
    /// The payment under way.
    payment: Option<String>,
}

/// How an account is filled up by itself.
#[utoipa::path(get, path = "/v1/accounts/{account}/refill", tag = "payments", params(Named),
    responses((status = OK, body = Refill), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<Named>) -> Result<Json<Refill>, Problem> {
    let answer = blocking(move || {
        let facts = caller.engine.refill(&caller.cloud, &named.account)?;
        Ok(refill(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Says how an account is filled up by itself. It happens only by a kept method whose owner agreed to later charges.
#[utoipa::path(put, path = "/v1/accounts/{account}/refill", tag = "payments", params(Named, IdempotencyKey),
    request_body = NewRefill, responses((status = OK, body = Refill), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewRefill>,
) -> Result<Json<Refill>, Problem> {
    let read = |amount: &Option<Amount>, field: &str| -> Result<Option<Money>, Problem> {
        amount.as_ref().map(|amount| amount.money(field)).transpose()
    };
    let change = RefillChange {
        on: Some(body.on),
        threshold: read(&body.threshold, "threshold")?,
        amount: read(&body.amount, "amount")?,
        monthly_max: read(&body.monthly_max, "monthly_max")?,
    };
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).set_refill(&caller.cloud, &named.account, &change)?;
        Ok(refill(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

fn refill(facts: RefillFacts, currency: Currency) -> Refill {
    Refill {
        on: facts.on,
        threshold: Amount::units(facts.threshold, currency),
        amount: Amount::units(facts.amount, currency),
        monthly_max: facts.monthly_max.map(|most| Amount::units(most, currency)),
        inert_because: some_text(facts.inert),
        failures: facts.failures,
        month_sum: Amount::units(facts.month_sum, currency),
        last_at: facts.last.map(time_of_micros),
        payment: facts.payment,
    }
}

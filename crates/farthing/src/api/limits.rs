//! Spend limits: how much an account, or a project of it, may cost in a month and in an hour.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::Asked;
use super::payments::currency_of;
use super::problem::Problem;
use super::wire::Amount;
use axum::Json;
use farthing_core::money::Currency;
use farthing_engine::{LimitFacts, NewLimits as EngineLimits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is not said is without limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    /// One project of the account; all of it when it is not said.
    project: Option<String>,
    /// In a calendar month of the account's zone.
    month: Option<Amount>,
    /// What everything that runs may cost together in an hour.
    hour: Option<Amount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    account: String,
    project: Option<String>,
    month: Option<Amount>,
    hour: Option<Amount>,
    /// What this month has cost so far, with what is authorised.
    month_spent: Amount,
    /// What the next hour costs, as things run now.
    hour_spent: Amount,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfProject {
    /// Those of this project of the account.
    project: Option<String>,
}

/// How much an account, or a project of it, may cost.
#[utoipa::path(get, path = "/v1/accounts/{account}/limits", tag = "accounts", params(Named, OfProject),
    responses((status = OK, body = Limits), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(of): Asked<OfProject>,
) -> Result<Json<Limits>, Problem> {
    let answer = blocking(move || {
        let facts = caller.engine.limits(&caller.cloud, &named.account, of.project.as_deref())?;
        Ok(limits(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Says how much it may cost. What asks is refused beyond it, with `limit_reached`; what runs goes on, and is booked.
#[utoipa::path(put, path = "/v1/accounts/{account}/limits", tag = "accounts", params(Named, IdempotencyKey),
    request_body = NewLimits, responses((status = OK, body = Limits), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewLimits>,
) -> Result<Json<Limits>, Problem> {
    let read = |amount: &Option<Amount>, field: &str| amount.as_ref().map(|amount| amount.money(field)).transpose();
    let wanted = EngineLimits {
        account: named.account,
        month: read(&body.month, "month")?,
        hour: read(&body.hour, "hour")?,
        project: body.project,
    };
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).set_limits(&caller.cloud, &wanted)?;
        Ok(limits(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

fn limits(facts: LimitFacts, currency: Currency) -> Limits {
    Limits {
        account: facts.account,
        project: facts.project,
        month: facts.month.map(|units| Amount::units(units, currency)),
        hour: facts.hour.map(|units| Amount::units(units, currency)),
        month_spent: Amount::units(facts.month_spent, currency),
        hour_spent: Amount::units(facts.hour_spent, currency),
    }
}

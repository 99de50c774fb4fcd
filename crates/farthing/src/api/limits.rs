//! Spend limits: how much an account, a project or a member of it may cost in a month and in an hour.

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
use farthing_engine::{LimitFacts, LimitsOf, NewLimits as EngineLimits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is not said is without limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    /// One project of the account; all of it when it is not said.
    project: Option<String>,
    /// One member, where the cloud's members have limits of their own (`members.quotas`); everybody together when it is not said.
    member: Option<String>,
    /// In a calendar month of the account's zone.
    month: Option<Amount>,
    /// What everything that runs may cost together in an hour.
    hour: Option<Amount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    account: String,
    project: Option<String>,
    member: Option<String>,
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
    /// Those of this member of it.
    member: Option<String>,
}

/// How much an account, a project or a member of it may cost.
#[utoipa::path(get, path = "/v1/accounts/{account}/limits", tag = "accounts", params(Named, OfProject),
    responses((status = OK, body = Limits), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(of): Asked<OfProject>,
) -> Result<Json<Limits>, Problem> {
    let of = LimitsOf { account: named.account, project: of.project, person: of.member };
    let answer = blocking(move || {
        let facts = caller.engine.limits(&caller.cloud, &of)?;
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
        of: LimitsOf { account: named.account, project: body.project, person: body.member },
        month: read(&body.month, "month")?,
        hour: read(&body.hour, "hour")?,
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
        member: facts.person,
        month: facts.month.map(|units| Amount::units(units, currency)),
        hour: facts.hour.map(|units| Amount::units(units, currency)),
        month_spent: Amount::units(facts.month_spent, currency),
        hour_spent: Amount::units(facts.hour_spent, currency),
    }
}

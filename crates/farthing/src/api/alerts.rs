//! Warnings: below which amount, for how few days, above which cost of a month an account's people are written to.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::payments::currency_of;
use super::problem::{self, Problem};
use super::wire::{Amount, time_of_micros};
use axum::Json;
use farthing_core::alert::Wish;
use farthing_core::money::{Currency, Money};
use farthing_engine::{AlertChange, AlertFacts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is not said is as the cloud's policy says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAlerts {
    /// A mail when less than this is left, once until that much is there again.
    low_balance: Option<Amount>,
    /// A mail a day while what is left lasts for less than so many days.
    #[schema(example = 7, minimum = 1, maximum = 3650)]
    runway_days: Option<i64>,
    /// A mail when a calendar month of the account's zone has cost more than this, once a month.
    month_cost: Option<Amount>,
    /// Those that are not wanted at all.
    #[serde(default)]
    off: Vec<Alert>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alert {
    LowBalance,
    RunwayDays,
    MonthCost,
}

/// From where on an account is warned; null: it is not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    account: String,
    low_balance: Option<Amount>,
    runway_days: Option<i64>,
    month_cost: Option<Amount>,
    /// What the account has said itself; the rest is the cloud's.
    own: Vec<String>,
    /// When it was told last that what is left lasts for few days.
    #[schema(format = DateTime)]
    runway_told_at: Option<String>,
}

/// From where on an account is warned.
#[utoipa::path(get, path = "/v1/accounts/{account}/alerts", tag = "accounts", params(Named),
    responses((status = OK, body = Alerts), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<Named>) -> Result<Json<Alerts>, Problem> {
    let answer = blocking(move || {
        let facts = caller.engine.alerts(&caller.cloud, &named.account)?;
        Ok(alerts(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Says from where on an account is warned. Whoever is below a new threshold already, and was not told, is told now.
#[utoipa::path(put, path = "/v1/accounts/{account}/alerts", tag = "accounts", params(Named, IdempotencyKey),
    request_body = NewAlerts, responses((status = OK, body = Alerts), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewAlerts>,
) -> Result<Json<Alerts>, Problem> {
    let wanted = body;
    let done = blocking(move || {
        let currency = currency_of(&caller)?;
        let amount = |amount: &Option<Amount>, alert: Alert, field: &str| -> Result<Wish, Problem> {
            let own: Option<Money> = amount.as_ref().map(|amount| amount.money(field)).transpose()?;
            if let Some(own) = own.filter(|own| own.currency() != currency) {
                let what = format!("{} is no amount in {}", own.plain(), currency.code());
                return Err(Problem::new(problem::INVALID, what).field(field));
            }
            wish(own.map(Money::units), alert, &wanted.off, field)
        };
        let change = AlertChange {
            low_balance: Some(amount(&wanted.low_balance, Alert::LowBalance, "low_balance")?),
            runway_days: Some(wish(wanted.runway_days, Alert::RunwayDays, &wanted.off, "runway_days")?),
            month_cost: Some(amount(&wanted.month_cost, Alert::MonthCost, "month_cost")?),
        };
        let facts = caller.engine_for(Some(once)).set_alerts(&caller.cloud, &named.account, &change)?;
        Ok(alerts(facts, currency))
    });
    Ok(Json(done.await?))
}

fn wish(own: Option<i64>, alert: Alert, off: &[Alert], field: &str) -> Result<Wish, Problem> {
    match (own, off.contains(&alert)) {
        (Some(_), true) => {
            let what = format!("`{field}` cannot be set and switched off: say one of them");
            Err(Problem::new(problem::INVALID, what).field(field))
        }
        (Some(own), false) => Ok(Wish::At(own)),
        (None, true) => Ok(Wish::Off),
        (None, false) => Ok(Wish::AsPolicy),
    }
}

fn alerts(facts: AlertFacts, currency: Currency) -> Alerts {
    let amount = |units: i64| Amount::units(units, currency);
    Alerts {
        account: facts.account,
        low_balance: facts.low_balance.map(amount),
        runway_days: facts.runway_days,
        month_cost: facts.month_cost.map(amount),
        own: facts.own,
        runway_told_at: facts.runway_told.map(time_of_micros),
    }
}

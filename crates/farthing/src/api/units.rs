//! Units bought ahead: what an account has of them, packs bought from the balance, gifts.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::problem::{self, Problem};
use super::wire::{Amount, read_times, some_text, time, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::measure::Quantity;
use farthing_core::time::Duration;
use farthing_engine::{NewUnitGift as EngineNewUnitGift, NewUnits as EngineNewUnits, UnitLotFacts, UnitsView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A pack to buy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUnits {
    /// How many the pack holds: one of those in the price list.
    #[schema(example = "100")]
    units: String,
    /// What sells them; it may be left out where the cloud sells one kind.
    #[schema(example = "gpu-units")]
    product: Option<String>,
}

/// Units to give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUnitGift {
    /// Of this account; under one name they are given once.
    #[schema(example = "welcome", max_length = 80)]
    name: String,
    #[schema(example = "25")]
    units: String,
    /// What sells them; it may be left out where the cloud sells one kind.
    #[schema(example = "gpu-units")]
    product: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// As many are given again after so many seconds, and what is left then has ended.
    #[schema(minimum = 60, example = 86400)]
    every_seconds: Option<i64>,
    /// Why; kept with them and in the audit log.
    #[schema(example = "part of the plan", max_length = 1000)]
    reason: String,
}

/// What an account has of each unit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllUnits {
    account: String,
    units: Vec<UnitsLeft>,
}

/// What an account has of one unit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitsLeft {
    #[schema(example = "gpu-unit")]
    unit: String,
    /// What can be used now.
    #[schema(example = "98.5")]
    left: String,
    /// When that is used up, as things run now; null: never.
    #[schema(format = DateTime)]
    used_up_at: Option<String>,
    /// Since when there are none while something takes them; null: it is not so.
    #[schema(format = DateTime)]
    used_up_since: Option<String>,
    /// Used, and no pack had them: of the second in which the last went, or told too late.
    #[schema(example = "0")]
    missing: String,
    /// Each pack and gift, oldest first, those that have lapsed as well.
    lots: Vec<UnitLot>,
}

/// A pack, or units that were given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitLot {
    number: i64,
    name: String,
    /// What sold it; null: it was given.
    product: Option<String>,
    unit: String,
    size: String,
    left: String,
    used: String,
    /// What was left when it lapsed; null: it has not.
    lapsed: Option<String>,
    paid: Amount,
    #[schema(format = DateTime)]
    starts_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    every_seconds: Option<i64>,
    /// Why it was given; null: it was bought.
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitsGiven {
    account: String,
    name: String,
    units: String,
}

/// What an account has of units, and each pack with what became of it.
#[utoipa::path(get, path = "/v1/accounts/{account}/units", tag = "money", params(Named),
    responses((status = OK, body = AllUnits), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Path(named): Path<Named>) -> Result<Json<AllUnits>, Problem> {
    let account = named.account.clone();
    let views = blocking(move || {
        let now = caller.engine.now()?;
        Ok(caller.engine.units_view(&caller.cloud, &account, now)?)
    })
    .await?;
    Ok(Json(AllUnits { account: named.account, units: views.into_iter().map(left).collect() }))
}

/// Buys a pack with what is on the balance: with cash that nothing holds and nothing has used, at once or not at all.
#[utoipa::path(post, path = "/v1/accounts/{account}/units", tag = "money", params(Named, IdempotencyKey),
    request_body = NewUnits, responses((status = CREATED, body = UnitLot), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn buy(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewUnits>,
) -> Result<(StatusCode, Json<UnitLot>), Problem> {
    let wanted = EngineNewUnits { account: named.account, product: body.product, units: counted(&body.units)? };
    let bought = blocking(move || Ok(caller.engine_for(Some(once)).buy_units(&caller.cloud, &wanted)?)).await?;
    Ok((StatusCode::CREATED, Json(lot(bought))))
}

/// Gives units that nobody pays for.
#[utoipa::path(post, path = "/v1/accounts/{account}/unit-gifts", tag = "money", params(Named, IdempotencyKey),
    request_body = NewUnitGift, responses((status = CREATED, body = UnitsGiven), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn give(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewUnitGift>,
) -> Result<(StatusCode, Json<UnitsGiven>), Problem> {
    written(&body.reason, 1_000, "reason")?;
    let every = body.every_seconds.map(Duration::try_from_seconds).transpose();
    let every = every.map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("every_seconds"))?;
    let gift = EngineNewUnitGift {
        account: named.account.clone(),
        name: Some(super::accounts::named(body.name.clone())?),
        product: body.product,
        units: counted(&body.units)?,
        expires: read_times(body.expires_at.as_ref(), "expires_at")?,
        every,
        reason: body.reason,
    };
    blocking(move || Ok(caller.engine_for(Some(once)).give_units(&caller.cloud, &gift)?)).await?;
    Ok((StatusCode::CREATED, Json(UnitsGiven { account: named.account, name: body.name, units: body.units })))
}

fn counted(text: &str) -> Result<Quantity, Problem> {
    Quantity::parse(text).map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("units"))
}

fn left(view: UnitsView) -> UnitsLeft {
    UnitsLeft {
        unit: view.unit.to_string(),
        left: view.left.to_string(),
        used_up_at: view.used_up_at.map(time),
        used_up_since: view.used_up_since.map(time),
        missing: view.missing.to_string(),
        lots: view.lots.into_iter().map(lot).collect(),
    }
}

fn lot(facts: UnitLotFacts) -> UnitLot {
    UnitLot {
        number: facts.number,
        name: facts.name,
        product: facts.product,
        unit: facts.unit,
        size: facts.size,
        left: facts.left,
        used: facts.used,
        lapsed: facts.lapsed,
        paid: Amount { amount: facts.paid, currency: facts.currency },
        starts_at: facts.starts,
        expires_at: facts.expires,
        every_seconds: facts.every,
        reason: some_text(facts.reason),
    }
}

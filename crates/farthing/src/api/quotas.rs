//! Quotas: use is counted before it happens, up to what an account may use in a window, and given back where it failed.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::Asked;
use super::problem::{self, Problem};
use super::usage::quantity;
use super::wire::{time_of_micros, written};
use axum::Json;
use farthing_core::measure::Quantity;
use farthing_engine::{NewReservation as EngineReservation, QuotaFacts};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const NAME_MAX: usize = 255;

/// Use that is about to happen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReservation {
    /// What you call this use: with it, it is given back. Reserved again under the same name it is counted once.
    #[schema(example = "call-4711", min_length = 1, max_length = 255)]
    name: String,
    #[schema(example = "chat")]
    product: String,
    /// How much, by meter: numbers, or decimals as text.
    #[serde(rename = "use")]
    #[schema(value_type = BTreeMap<String, f64>, example = json!({ "input_tokens": 1200 }))]
    uses: BTreeMap<String, Box<RawValue>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Released {
    /// What it was reserved as.
    #[schema(example = "call-4711", min_length = 1, max_length = 255)]
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the word on the wire")]
pub(crate) struct Quota {
    product: String,
    quota: String,
    /// `use` in a window, or `things` that live at once.
    counts: String,
    /// With everything that raises it now. Decimals as text, as with the others.
    #[schema(example = "60")]
    limit: String,
    #[schema(example = "12")]
    used: String,
    #[schema(example = "48")]
    left: String,
    /// When the window ends; null: it counts what lives.
    #[schema(format = DateTime)]
    frees_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quotas {
    quotas: Vec<Quota>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfProduct {
    /// Only those of this product.
    product: Option<String>,
}

/// An account's quotas as they stand.
#[utoipa::path(get, path = "/v1/accounts/{account}/quotas", tag = "usage", params(Named, OfProduct),
    responses((status = OK, body = Quotas), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(of): Asked<OfProduct>,
) -> Result<Json<Quotas>, Problem> {
    let facts = blocking(move || Ok(caller.engine.quotas(&caller.cloud, &named.account, of.product.as_deref())?));
    Ok(Json(quotas(facts.await?)))
}

/// Counts use against the quotas of its product before it happens: all of it, or nothing, with `limit_reached` and when it is free again.
#[utoipa::path(post, path = "/v1/accounts/{account}/quota/reserve", tag = "usage", params(Named, IdempotencyKey),
    request_body = NewReservation, responses((status = OK, body = Quotas), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn reserve(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewReservation>,
) -> Result<Json<Quotas>, Problem> {
    is_named(&body.name)?;
    let mut uses: Vec<(String, Quantity)> = Vec::with_capacity(body.uses.len());
    for (meter, raw) in &body.uses {
        uses.push((meter.clone(), quantity(raw, &format!("use.{meter}"))?));
    }
    let wanted = EngineReservation { account: named.account, name: body.name, product: body.product, uses };
    let work = move || Ok(caller.engine_for(Some(once)).reserve_quota(&caller.cloud, &wanted)?);
    Ok(Json(quotas(blocking(work).await?)))
}

/// Gives back what was counted: the use did not happen. Of a window that is over nothing comes back.
#[utoipa::path(post, path = "/v1/accounts/{account}/quota/release", tag = "usage", params(Named, IdempotencyKey),
    request_body = Released, responses((status = OK, body = Quotas), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn release(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<Released>,
) -> Result<Json<Quotas>, Problem> {
    is_named(&body.name)?;
    let work = move || Ok(caller.engine_for(Some(once)).release_quota(&caller.cloud, &named.account, &body.name)?);
    Ok(Json(quotas(blocking(work).await?)))
}

fn is_named(name: &str) -> Result<(), Problem> {
    if name.is_empty() {
        return Err(Problem::new(problem::INVALID, "give the use a name, by which it can be given back").field("name"));
    }
    written(name, NAME_MAX, "name")
}

fn quotas(facts: Vec<QuotaFacts>) -> Quotas {
    let plain = |millionths: i64| Quantity::from_millionths(millionths).plain();
    let one = |facts: QuotaFacts| Quota {
        left: facts.left().plain(),
        limit: plain(facts.limit),
        used: plain(facts.used),
        frees_at: facts.frees.map(time_of_micros),
        product: facts.product,
        quota: facts.quota,
        counts: facts.counts,
    };
    Quotas { quotas: facts.into_iter().map(one).collect() }
}

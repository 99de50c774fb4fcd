//! The cloud's own outages: reported when they are over, withdrawn where that was a mistake.
//!
//! A report is idempotent by its name, as resource events are by their ids: it needs no Idempotency-Key.

use super::asking::{Body, Path};
use super::blocking;
use super::caller::{Ingesting, Reading};
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::Problem;
use super::wire::{read_time, time_of_micros};
use axum::Json;
use farthing_engine::{NewOutage as EngineNewOutage, OutageFacts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What was out of order, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOutage {
    /// What you call it: by this it is known when it is reported again.
    #[schema(example = "INC-2231", min_length = 1, max_length = 100)]
    name: String,
    #[schema(example = "service")]
    product: String,
    #[schema(format = DateTime, example = "2026-01-10T08:00:00Z")]
    began_at: String,
    /// It is reported when it is over.
    #[schema(format = DateTime, example = "2026-01-10T09:30:00Z")]
    ended_at: String,
    /// Only these configurations; all when there is none.
    #[serde(default)]
    #[schema(max_items = 1000)]
    skus: Vec<String>,
    /// Only what has all of these, such as a region.
    #[serde(default)]
    properties: BTreeMap<String, String>,
    /// Only these resources; all when there is none.
    #[serde(default)]
    #[schema(max_items = 1000)]
    resources: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outage {
    #[schema(example = "INC-2231")]
    name: String,
    product: String,
    #[schema(format = DateTime)]
    began_at: String,
    #[schema(format = DateTime)]
    ended_at: String,
    skus: Vec<String>,
    properties: BTreeMap<String, String>,
    resources: Vec<String>,
    /// What was used in it is not charged: the policy said so when it began (`monitor.void_outages`), and nobody has withdrawn it.
    voids: bool,
    #[schema(format = DateTime)]
    reported_at: String,
    #[schema(format = DateTime)]
    withdrawn_at: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OutageNamed {
    /// What you call it.
    #[param(example = "INC-2231")]
    outage: String,
}

/// Reports an outage of yours that is over. Where the policy says so, what was used in it is not charged: what was paid for it comes back
/// within moments, and each account concerned is told. Reported again it counts once.
#[utoipa::path(post, path = "/v1/outages", tag = "resources", request_body = NewOutage,
    responses((status = OK, body = Outage), (status = "default", body = Problem)), security(("key" = ["ingest"])))]
pub(crate) async fn report(caller: Ingesting, Body(body): Body<NewOutage>) -> Result<Json<Outage>, Problem> {
    let wanted = EngineNewOutage {
        from: read_time(&body.began_at, "began_at")?,
        to: read_time(&body.ended_at, "ended_at")?,
        name: body.name,
        product: body.product,
        skus: body.skus,
        properties: body.properties,
        resources: body.resources,
    };
    let (facts, _) = blocking(move || Ok(caller.engine_for(None).report_outage(&caller.cloud, &wanted)?)).await?;
    Ok(Json(outage(facts)))
}

/// Lists what was reported, the newest first.
#[utoipa::path(get, path = "/v1/outages", tag = "resources", params(Paging),
    responses((status = OK, body = Page<Outage>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Asked(paging): Asked<Paging>) -> Result<Json<Page<Outage>>, Problem> {
    let (limit, before) = (paging.limit()?, paging.number()?.unwrap_or(i64::MAX));
    let rows = blocking(move || Ok(caller.engine.outages(&caller.cloud, before, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |(number, _)| cursor_of(*number), |(_, facts)| outage(facts))))
}

/// One outage.
#[utoipa::path(get, path = "/v1/outages/{outage}", tag = "resources", params(OutageNamed),
    responses((status = OK, body = Outage), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<OutageNamed>) -> Result<Json<Outage>, Problem> {
    let facts = blocking(move || Ok(caller.engine.outage(&caller.cloud, &named.outage)?)).await?;
    Ok(Json(outage(facts)))
}

/// Withdraws a report that was a mistake: what came back because of it is charged again. A wrong time is put right by withdrawing the report,
/// and reporting the right one under another name.
#[utoipa::path(post, path = "/v1/outages/{outage}/withdraw", tag = "resources", params(OutageNamed),
    responses((status = OK, body = Outage), (status = "default", body = Problem)), security(("key" = ["ingest"])))]
pub(crate) async fn withdraw(caller: Ingesting, Path(named): Path<OutageNamed>) -> Result<Json<Outage>, Problem> {
    let work = move || Ok(caller.engine_for(None).withdraw_outage(&caller.cloud, &named.outage)?);
    Ok(Json(outage(blocking(work).await?)))
}

fn outage(facts: OutageFacts) -> Outage {
    Outage {
        name: facts.name,
        product: facts.product,
        began_at: time_of_micros(facts.from),
        ended_at: time_of_micros(facts.to),
        skus: facts.skus,
        properties: facts.properties,
        resources: facts.resources,
        voids: facts.voids,
        reported_at: time_of_micros(facts.reported),
        withdrawn_at: facts.withdrawn.map(time_of_micros),
    }
}

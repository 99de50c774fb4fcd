//! The gate's question: whether a resource could start now, and what is missing if not. It is what `start`, `resume` and `restore` are
//! answered by; asking it starts nothing.

use super::asking::Body;
use super::blocking;
use super::caller::Reading;
use super::problem::{self, Problem};
use super::resources::size_of;
use super::wire::{Amount, some_text};
use axum::Json;
use farthing_core::money::Money;
use farthing_engine::NewResource;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A resource that is there, or what a new one would be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateQuestion {
    /// One that is there; then nothing else is said.
    resource: Option<String>,
    /// Of a new one: the project it would be in, whose account would pay.
    project: Option<String>,
    /// Of a new one: the account that would pay, where it is in no project.
    account: Option<String>,
    #[schema(example = "service")]
    product: Option<String>,
    #[schema(example = "medium-2c-4g")]
    sku: Option<String>,
    /// A quantity with its unit.
    #[schema(example = "20 GB")]
    size: Option<String>,
    /// The person who would use it.
    user: Option<String>,
    /// What prices depend on.
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateAnswer {
    allowed: bool,
    /// What a start would be refused with; null: it is allowed.
    code: Option<&'static str>,
    /// What is in the way, and what to do about it.
    reason: Option<String>,
    available: Amount,
    /// How much must be available; null: that is not what is in the way.
    needed: Option<Amount>,
    /// How much has to be added.
    missing: Option<Amount>,
}

/// Asks whether a resource could start now. Nothing is started, and nothing is promised.
#[utoipa::path(post, path = "/v1/gate", tag = "resources", request_body = GateQuestion,
    responses((status = OK, body = GateAnswer), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn ask(caller: Reading, Body(body): Body<GateQuestion>) -> Result<Json<GateAnswer>, Problem> {
    let of_a_new_one = body.project.is_some()
        || body.account.is_some()
        || body.product.is_some()
        || body.sku.is_some()
        || body.size.is_some()
        || body.user.is_some()
        || !body.properties.is_empty();
    if body.resource.is_some() && of_a_new_one {
        let what = "a resource that is there says all of that itself: name the resource alone, or what would be new";
        return Err(Problem::new(problem::INVALID, what).field("resource"));
    }
    let new = NewResource {
        project: body.project,
        account: body.account,
        product: body.product,
        sku: body.sku,
        size: body.size.as_deref().map(size_of).transpose()?,
        user: body.user,
        state: None,
        properties: body.properties,
    };
    let answer = blocking(move || {
        let facts = caller.engine.gate(&caller.cloud, body.resource.as_deref(), &new)?;
        let missing = facts.needed.map(|needed| {
            let units = needed.units().saturating_sub(facts.available.units());
            Amount::of(Money::from_units(units, needed.currency()))
        });
        Ok(GateAnswer {
            allowed: facts.allowed,
            code: facts.code.map(farthing_engine::RefusalCode::name),
            reason: some_text(facts.why),
            available: Amount::of(facts.available),
            needed: facts.needed.map(Amount::of),
            missing,
        })
    });
    Ok(Json(answer.await?))
}

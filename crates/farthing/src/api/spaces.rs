//! Space that is sold beyond a free size: how much is in it, and whether anything may be written to it.

use super::asking::{Body, Path};
use super::blocking;
use super::caller::Reading;
use super::problem::Problem;
use super::resources::size_of;
use super::wire::{some_text, time_of_micros};
use axum::Json;
use farthing_engine::SpaceFacts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is in a space, and how much may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Space {
    account: String,
    resource: String,
    product: String,
    /// By its last reading.
    #[schema(example = "1500 GB")]
    used: String,
    /// When that was; null: nobody has measured it yet.
    #[schema(format = DateTime)]
    read_at: Option<String>,
    #[schema(example = "1024 GB")]
    free: String,
    /// What was bought beside it, and is in force.
    #[schema(example = "1024 GB")]
    bought: String,
    /// How much may be in it.
    #[schema(example = "2048 GB")]
    limit: String,
    /// Nothing may be written to it, until no more is in it than is free or it is renewed.
    locked: bool,
    /// When what was bought was over; null: it is in force, or nothing ever was.
    #[schema(format = DateTime)]
    over_since: Option<String>,
    /// When all its files are deleted, unless it is renewed or no more is in it than is free.
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    /// What keeps them from being deleted.
    held: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SpaceNamed {
    /// The name it is ordered and measured by.
    #[param(example = "share")]
    space: String,
}

/// How much somebody is about to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteAsked {
    #[schema(example = "10 GB")]
    size: String,
}

/// What is in a space, and how much may be.
#[utoipa::path(get, path = "/v1/spaces/{space}", tag = "resources", params(SpaceNamed),
    responses((status = OK, body = Space), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<SpaceNamed>) -> Result<Json<Space>, Problem> {
    let facts = blocking(move || Ok(caller.engine.space(&caller.cloud, &named.space)?)).await?;
    Ok(Json(space(facts)))
}

/// Asks whether so much may be written to a space, by its last reading: 423 where it is locked, 422 where there is no room. Nothing is
/// counted by asking: readings are.
#[utoipa::path(post, path = "/v1/spaces/{space}/may-write", tag = "resources", params(SpaceNamed), request_body = WriteAsked,
    responses((status = OK, body = Space), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn may_write(
    caller: Reading,
    Path(named): Path<SpaceNamed>,
    Body(body): Body<WriteAsked>,
) -> Result<Json<Space>, Problem> {
    let size = size_of(&body.size)?;
    let done = blocking(move || {
        caller.engine.may_write(&caller.cloud, &named.space, &size)?;
        Ok(space(caller.engine.space(&caller.cloud, &named.space)?))
    });
    Ok(Json(done.await?))
}

fn space(facts: SpaceFacts) -> Space {
    Space {
        account: facts.account,
        resource: facts.resource,
        product: facts.product,
        used: facts.used,
        read_at: facts.read_at.map(time_of_micros),
        free: facts.free,
        bought: facts.bought,
        limit: facts.limit,
        locked: facts.locked,
        over_since: facts.over_since.map(time_of_micros),
        deleted_at: facts.deleted_at.map(time_of_micros),
        held: some_text(facts.held),
    }
}

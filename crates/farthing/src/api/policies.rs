//! The cloud's configuration: its versions, what a change would do, and putting one in force.

use super::asking::{Asking, Body, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Administering, Caller, Reading};
use super::page::Page;
use super::problem::{self, Problem};
use super::wire::{read_times, time};
use crate::clouds::Folder;
use axum::Json;
use axum::http::StatusCode;
use farthing_core::config::Severity;
use farthing_core::policy::{Applied, ApplyRequest, Version, Versions};
use farthing_core::profile::{Change, Profile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyVersion {
    number: i64,
    /// From when it is in force.
    #[schema(format = DateTime)]
    starts_at: String,
    /// The version it replaces from its start.
    corrects: Option<i64>,
    who: String,
    why: String,
    #[schema(format = DateTime)]
    applied_at: String,
    in_force: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyFiles {
    number: i64,
    /// By name: cloud.toml, catalog.toml.
    files: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPolicy {
    /// By name: cloud.toml, catalog.toml.
    files: BTreeMap<String, String>,
    /// Why, for whoever reads the history.
    #[schema(min_length = 1)]
    why: String,
    /// From when it is in force; at once when it is not said.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// Replaces this version from its own start: the only change that reaches back.
    corrects: Option<i64>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedPolicy {
    /// By name: cloud.toml, catalog.toml.
    files: BTreeMap<String, String>,
}

/// How files differ from what is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plan {
    /// The version they are compared with; null: there is none yet.
    against: Option<i64>,
    changes: Vec<PlannedChange>,
    /// What `check` says of the files, besides errors.
    remarks: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedChange {
    /// The key, such as `product.vm.sku.small.price`.
    path: String,
    before: Option<String>,
    now: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PolicyNamed {
    /// The version's number.
    version: i64,
}

/// Lists the versions of the cloud's configuration.
#[utoipa::path(get, path = "/v1/policies", tag = "policies",
    responses((status = OK, body = Page<PolicyVersion>), (status = "default", body = Problem)),
    security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading) -> Result<Json<Page<PolicyVersion>>, Problem> {
    let (versions, now) =
        blocking(move || Ok((caller.engine.policy_versions(&caller.cloud)?, caller.engine.now()?))).await?;
    let force = versions.in_force_at(now).map(|version| version.number);
    let data = versions.list().iter().map(|version| told(version, force));
    Ok(Json(Page { data: data.collect(), next: None }))
}

/// The files of one version.
#[utoipa::path(get, path = "/v1/policies/{version}", tag = "policies", params(PolicyNamed),
    responses((status = OK, body = PolicyFiles), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn show(caller: Administering, Path(named): Path<PolicyNamed>) -> Result<Json<PolicyFiles>, Problem> {
    let number = named.version;
    let files = blocking(move || Ok(caller.engine.policy_files(&caller.cloud, number)?)).await?;
    let files = files.ok_or_else(|| Problem::new(problem::NOT_FOUND, format!("there is no version {number}")))?;
    Ok(Json(PolicyFiles { number, files }))
}

/// Says how files differ from what is in force. Changes nothing.
#[utoipa::path(post, path = "/v1/policies/plan", tag = "policies", request_body = PlannedPolicy,
    responses((status = OK, body = Plan), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn plan(caller: Administering, Body(body): Body<PlannedPolicy>) -> Result<Json<Plan>, Problem> {
    Ok(Json(blocking(move || planned(&caller, &body.files)).await?))
}

/// Puts files in force as a new version, unless they are already.
#[utoipa::path(post, path = "/v1/policies", tag = "policies", params(IdempotencyKey), request_body = NewPolicy,
    responses((status = CREATED, body = PolicyVersion), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn apply(
    caller: Administering,
    Asking { body, once }: Asking<NewPolicy>,
) -> Result<(StatusCode, Json<PolicyVersion>), Problem> {
    let starts = read_times(body.starts_at.as_ref(), "starts_at")?;
    let applied = blocking(move || {
        read(&caller, &body.files)?;
        let request =
            ApplyRequest { files: body.files, who: caller.name(), why: body.why, starts, corrects: body.corrects };
        let number = match caller.engine_for(Some(once)).apply_policy(&caller.cloud, request)? {
            Applied::Unchanged { number } => number,
            Applied::New(version) => version.number,
        };
        let versions: Versions = caller.engine.policy_versions(&caller.cloud)?;
        let force = versions.in_force_at(caller.engine.now()?).map(|version| version.number);
        let version = versions.get(number).map(|version| told(version, force));
        version.ok_or_else(Problem::internal)
    });
    Ok((StatusCode::CREATED, Json(applied.await?)))
}

fn planned(caller: &Caller, files: &BTreeMap<String, String>) -> Result<Plan, Problem> {
    let (profile, remarks) = read(caller, files)?;
    let versions = caller.engine.policy_versions(&caller.cloud)?;
    let force = versions.in_force_at(caller.engine.now()?);
    let before = match force {
        None => None,
        Some(version) => {
            let files = caller.engine.policy_files(&caller.cloud, version.number)?.unwrap_or_default();
            Some(read(caller, &files)?.0)
        }
    };
    let empty = profile.emptied();
    let differences = before.as_ref().unwrap_or(&empty).differences(&profile);
    let changes = differences.into_iter().map(|difference| {
        let (before, now) = match difference.change {
            Change::Added { now } => (None, Some(now)),
            Change::Removed { before } => (Some(before), None),
            Change::Changed { before, now } => (Some(before), Some(now)),
        };
        PlannedChange { path: difference.path, before, now }
    });
    Ok(Plan { against: force.map(|version| version.number), changes: changes.collect(), remarks })
}

/// The profile of files of this caller's cloud, and what is to be said of it; or everything that is wrong, with line and caret.
fn read(caller: &Caller, files: &BTreeMap<String, String>) -> Result<(Profile, Vec<String>), Problem> {
    let invalid = |what: String| Problem::new(problem::INVALID, what).field("files");
    if let Some(name) = files.keys().find(|name| !["cloud.toml", "catalog.toml"].contains(&name.as_str())) {
        return Err(invalid(format!("{name:?} is no file of a cloud: there are cloud.toml and catalog.toml")));
    }
    let folder = Folder::of_version(&caller.cloud, files).map_err(|error| invalid(error.to_string()))?;
    let sources = folder.sources();
    let profile = folder.profile().map_err(|error| invalid(error.to_string()))?;
    let remarks = folder.check().remarks;
    let remarks = remarks.iter().filter(|remark| remark.severity != Severity::Error);
    Ok((profile, remarks.map(|remark| remark.render(&sources)).collect()))
}

fn told(version: &Version, force: Option<i64>) -> PolicyVersion {
    PolicyVersion {
        number: version.number,
        starts_at: time(version.starts),
        corrects: version.corrects,
        who: version.who.clone(),
        why: version.why.clone(),
        applied_at: time(version.recorded),
        in_force: force == Some(version.number),
    }
}

//! Projects hold resources and belong to an account, which pays; members use them.

use super::accounts::{Named, named};
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::Problem;
use axum::Json;
use axum::http::StatusCode;
use farthing_engine::NewMember as EngineNewMember;
use farthing_store::ProjectRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProject {
    /// What you call it; its id in every address.
    #[schema(example = "website", pattern = "^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?$", max_length = 80)]
    name: String,
    /// The account that pays for what is in it.
    #[schema(example = "acme")]
    account: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    name: String,
    account: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// The account that pays from now on.
    #[schema(example = "initech")]
    account: String,
}

/// A person who uses an account or a project, by the id the cloud has for them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    #[schema(example = "u-1842", min_length = 1, max_length = 200)]
    person: String,
    /// What they may do, in the cloud's own words.
    #[schema(example = "developer", max_length = 80)]
    role: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    person: String,
    role: String,
    /// Null: of the whole account.
    project: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ProjectNamed {
    /// The project's name.
    #[param(example = "website")]
    project: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AccountMember {
    /// The account's name.
    account: String,
    /// The member.
    person: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ProjectMember {
    /// The project's name.
    project: String,
    /// The member.
    person: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfAccount {
    /// Only those of this account.
    account: Option<String>,
}

/// Lists projects in the order of opening.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", params(OfAccount, Paging),
    responses((status = OK, body = Page<Project>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(of): Asked<OfAccount>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Project>>, Problem> {
    let (limit, after) = (paging.limit()?, paging.number()?.unwrap_or(0));
    let work = move || Ok(caller.engine.projects(&caller.cloud, of.account.as_deref(), after, limit + 1)?);
    Ok(Json(Page::of(blocking(work).await?, limit, |(row, _)| cursor_of(row.id), project)))
}

/// Opens a project.
#[utoipa::path(post, path = "/v1/projects", tag = "projects", params(IdempotencyKey), request_body = NewProject,
    responses((status = CREATED, body = Project), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn open(
    caller: Writing,
    Asking { body, once }: Asking<NewProject>,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let body = NewProject { name: named(body.name)?, ..body };
    let opened = blocking(move || {
        caller.engine_for(Some(once)).open_project(&caller.cloud, &body.name, &body.account)?;
        Ok(Project { name: body.name, account: body.account })
    });
    Ok((StatusCode::CREATED, Json(opened.await?)))
}

/// One project.
#[utoipa::path(get, path = "/v1/projects/{project}", tag = "projects", params(ProjectNamed),
    responses((status = OK, body = Project), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<ProjectNamed>) -> Result<Json<Project>, Problem> {
    let found = blocking(move || Ok(caller.engine.project(&caller.cloud, &named.project)?)).await?;
    Ok(Json(project(found)))
}

/// Gives a project to another account, which pays for it from this second on. The old one is settled first.
#[utoipa::path(post, path = "/v1/projects/{project}/move", tag = "projects", params(ProjectNamed, IdempotencyKey),
    request_body = Move, responses((status = OK, body = Project), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn relocate(
    caller: Writing,
    Path(named): Path<ProjectNamed>,
    Asking { body, once }: Asking<Move>,
) -> Result<Json<Project>, Problem> {
    let moved = blocking(move || {
        caller.engine_for(Some(once)).move_project(&caller.cloud, &named.project, &body.account)?;
        Ok(Project { name: named.project, account: body.account })
    });
    Ok(Json(moved.await?))
}

/// Lists who uses an account and its projects.
#[utoipa::path(get, path = "/v1/accounts/{account}/members", tag = "projects", params(Named),
    responses((status = OK, body = Page<Member>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn members(caller: Reading, Path(named): Path<Named>) -> Result<Json<Page<Member>>, Problem> {
    let rows = blocking(move || Ok(caller.engine.members(&caller.cloud, &named.account)?)).await?;
    let data = rows.into_iter().map(|(row, project)| Member { person: row.person, role: row.role, project });
    Ok(Json(Page { data: data.collect(), next: None }))
}

/// Adds a member to an account, or gives one another role.
#[utoipa::path(post, path = "/v1/accounts/{account}/members", tag = "projects", params(Named, IdempotencyKey),
    request_body = NewMember, responses((status = CREATED, body = Member), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn add_to_account(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewMember>,
) -> Result<(StatusCode, Json<Member>), Problem> {
    let new = member(&body, None, Some(named.account));
    blocking(move || Ok(caller.engine_for(Some(once)).add_member(&caller.cloud, &new)?)).await?;
    Ok((StatusCode::CREATED, Json(Member { person: body.person, role: body.role, project: None })))
}

/// Adds a member to a project, or gives one another role.
#[utoipa::path(post, path = "/v1/projects/{project}/members", tag = "projects", params(ProjectNamed, IdempotencyKey),
    request_body = NewMember, responses((status = CREATED, body = Member), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn add_to_project(
    caller: Writing,
    Path(named): Path<ProjectNamed>,
    Asking { body, once }: Asking<NewMember>,
) -> Result<(StatusCode, Json<Member>), Problem> {
    let new = member(&body, Some(named.project.clone()), None);
    blocking(move || Ok(caller.engine_for(Some(once)).add_member(&caller.cloud, &new)?)).await?;
    Ok((StatusCode::CREATED, Json(Member { person: body.person, role: body.role, project: Some(named.project) })))
}

/// Takes a member away from an account.
#[utoipa::path(delete, path = "/v1/accounts/{account}/members/{person}", tag = "projects",
    params(AccountMember, IdempotencyKey),
    responses((status = NO_CONTENT), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn remove_from_account(
    caller: Writing,
    Path(named): Path<AccountMember>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<StatusCode, Problem> {
    let gone =
        EngineNewMember { person: named.person, project: None, account: Some(named.account), role: String::new() };
    blocking(move || Ok(caller.engine_for(Some(once)).remove_member(&caller.cloud, &gone)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a member away from a project.
#[utoipa::path(delete, path = "/v1/projects/{project}/members/{person}", tag = "projects",
    params(ProjectMember, IdempotencyKey),
    responses((status = NO_CONTENT), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn remove_from_project(
    caller: Writing,
    Path(named): Path<ProjectMember>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<StatusCode, Problem> {
    let gone =
        EngineNewMember { person: named.person, project: Some(named.project), account: None, role: String::new() };
    blocking(move || Ok(caller.engine_for(Some(once)).remove_member(&caller.cloud, &gone)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn member(wire: &NewMember, project: Option<String>, account: Option<String>) -> EngineNewMember {
    EngineNewMember { person: wire.person.clone(), role: wire.role.clone(), project, account }
}

fn project((row, account): (ProjectRow, String)) -> Project {
    Project { name: row.name, account }
}

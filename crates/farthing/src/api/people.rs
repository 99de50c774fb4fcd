//! People who use the console: invited to accounts and projects, given roles, taken away, erased. What they sign in with never passes here.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{maybe_written, some_text, time, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::access::{PersonId, Role};
use farthing_engine::{NewPerson as EngineNewPerson, PersonFacts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What somebody is to an account, or to one of its projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonRole {
    /// Looks.
    Viewer,
    /// Uses resources and orders what they need; sees no papers.
    Member,
    /// Money and papers, not resources.
    Finance,
    /// Everything the payer does, for them.
    Admin,
    /// Whose account it is.
    Payer,
}

impl PersonRole {
    pub(crate) const fn role(self) -> Role {
        match self {
            PersonRole::Viewer => Role::Viewer,
            PersonRole::Member => Role::Member,
            PersonRole::Finance => Role::Finance,
            PersonRole::Admin => Role::Admin,
            PersonRole::Payer => Role::Payer,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// Where the invitation goes, and what they sign in with.
    #[schema(example = "ada@acme.example", max_length = 200)]
    email: String,
    #[schema(example = "Ada", max_length = 200)]
    name: Option<String>,
    /// The language of what they are sent and shown; the cloud's when it is not said.
    #[schema(example = "en", max_length = 35)]
    language: Option<String>,
    /// What you call them, as members, wallets and usage have it; their id here when it is not said.
    #[schema(max_length = 200)]
    person: Option<String>,
    /// Which account they may look at.
    #[schema(example = "acme")]
    account: String,
    /// One project of it; the whole account when it is not said.
    project: Option<String>,
    role: PersonRole,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChange {
    #[schema(example = "acme")]
    account: String,
    /// One project of it; the whole account when it is not said.
    project: Option<String>,
    role: PersonRole,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removal {
    #[schema(example = "acme")]
    account: String,
    /// One project of it; the whole account when it is not said.
    project: Option<String>,
}

/// Somebody who uses the console.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsolePerson {
    #[schema(example = "per_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    /// What you call them.
    person: String,
    email: String,
    name: Option<String>,
    language: Option<String>,
    roles: Vec<RoleThere>,
    /// They have chosen a password.
    accepted: bool,
    /// They show a code besides their password.
    second_factor: bool,
    #[schema(format = DateTime)]
    invited_at: String,
    #[schema(format = DateTime)]
    signed_in_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleThere {
    account: String,
    /// Null: the whole account.
    project: Option<String>,
    /// One of the console's roles; a word of your own opens nothing there.
    role: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PersonNamed {
    /// The person's id.
    #[param(example = "per_01m0abw8g0tfjbn245fasf0w43")]
    person_id: String,
}

impl PersonNamed {
    fn id(&self) -> Result<PersonId, Problem> {
        let unknown = || Problem::new(problem::NOT_FOUND, format!("there is no person {:?}", self.person_id));
        PersonId::parse(&self.person_id).map_err(|_| unknown())
    }
}

/// Lists who uses the console, in the order they came.
#[utoipa::path(get, path = "/v1/people", tag = "people", params(Paging),
    responses((status = OK, body = Page<ConsolePerson>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Asked(paging): Asked<Paging>) -> Result<Json<Page<ConsolePerson>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.text().map(|text| PersonId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let rows = blocking(move || Ok(caller.engine.people(&caller.cloud, after, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), person)))
}

/// Invites somebody to an account or a project: they are mailed a link to choose a password. Who is known by that address gets the role.
#[utoipa::path(post, path = "/v1/people", tag = "people", params(IdempotencyKey), request_body = NewPerson,
    responses((status = CREATED, body = ConsolePerson), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn invite(
    caller: Writing,
    Asking { body, once }: Asking<NewPerson>,
) -> Result<(StatusCode, Json<ConsolePerson>), Problem> {
    written(&body.email, 200, "email")?;
    maybe_written(body.name.as_ref(), 200, "name")?;
    maybe_written(body.person.as_ref(), 200, "person")?;
    maybe_written(body.language.as_ref(), 35, "language")?;
    let new = EngineNewPerson {
        email: body.email,
        name: body.name.unwrap_or_default(),
        language: body.language.unwrap_or_default(),
        person: body.person,
        account: body.account,
        project: body.project,
        role: body.role.role(),
    };
    let facts = blocking(move || {
        // People live by the real time, those of a test cloud too.
        let now = caller.home().now()?;
        let id = caller.engine_for(Some(once)).invite_person(&caller.cloud, &new, now)?;
        Ok(caller.engine.person(&caller.cloud, id)?)
    });
    Ok((StatusCode::CREATED, Json(person(facts.await?))))
}

/// One person, and what they may look at.
#[utoipa::path(get, path = "/v1/people/{person_id}", tag = "people", params(PersonNamed),
    responses((status = OK, body = ConsolePerson), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<PersonNamed>) -> Result<Json<ConsolePerson>, Problem> {
    let id = named.id()?;
    Ok(Json(person(blocking(move || Ok(caller.engine.person(&caller.cloud, id)?)).await?)))
}

/// Gives somebody another role in an account or a project, or one they had not. It holds from their next click on.
#[utoipa::path(post, path = "/v1/people/{person_id}/role", tag = "people", params(PersonNamed, IdempotencyKey),
    request_body = RoleChange, responses((status = OK, body = ConsolePerson), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set_role(
    caller: Writing,
    Path(named): Path<PersonNamed>,
    Asking { body, once }: Asking<RoleChange>,
) -> Result<Json<ConsolePerson>, Problem> {
    let id = named.id()?;
    let facts = blocking(move || {
        let place = (body.account.as_str(), body.project.as_deref());
        caller.engine_for(Some(once)).set_person_role(&caller.cloud, id, place, body.role.role())?;
        Ok(caller.engine.person(&caller.cloud, id)?)
    });
    Ok(Json(person(facts.await?)))
}

/// Takes somebody out of an account or a project: they see nothing of it from their next click on.
#[utoipa::path(post, path = "/v1/people/{person_id}/remove", tag = "people", params(PersonNamed, IdempotencyKey),
    request_body = Removal, responses((status = OK, body = ConsolePerson), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn remove(
    caller: Writing,
    Path(named): Path<PersonNamed>,
    Asking { body, once }: Asking<Removal>,
) -> Result<Json<ConsolePerson>, Problem> {
    let id = named.id()?;
    let facts = blocking(move || {
        let place = (body.account.as_str(), body.project.as_deref());
        caller.engine_for(Some(once)).remove_person(&caller.cloud, id, place)?;
        Ok(caller.engine.person(&caller.cloud, id)?)
    });
    Ok(Json(person(facts.await?)))
}

/// Erases somebody: their address, their name, and what they were to every account. Whoever sits there is signed out.
#[utoipa::path(delete, path = "/v1/people/{person_id}", tag = "people", params(PersonNamed, IdempotencyKey),
    responses((status = NO_CONTENT), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn erase(
    caller: Writing,
    Path(named): Path<PersonNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<StatusCode, Problem> {
    let id = named.id()?;
    blocking(move || Ok(caller.engine_for(Some(once)).erase_person(&caller.cloud, id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn person(facts: PersonFacts) -> ConsolePerson {
    let roles = facts.roles.into_iter();
    ConsolePerson {
        id: facts.id.to_string(),
        person: facts.person,
        email: facts.email,
        name: some_text(facts.name),
        language: some_text(facts.language),
        roles: roles.map(|role| RoleThere { account: role.account, project: role.project, role: role.role }).collect(),
        accepted: facts.accepted,
        second_factor: facts.second_factor,
        invited_at: time(facts.made),
        signed_in_at: facts.signed_in.map(time),
    }
}

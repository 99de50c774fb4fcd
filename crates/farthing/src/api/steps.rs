//! Steps: how accounts in arrears stand, what the cloud is asked to do, claims and confirms, and what an operator keeps.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::resources::ResourceNamed;
use super::wire::{read_time, some_text, time_of_micros, written};
use axum::Json;
use farthing_core::standing::InstructionId;
use farthing_engine::{Claimed, InstructionFacts, KeepFacts, LadderFacts, StepToCome as Coming};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the cloud is asked to do to a resource.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Instruction {
    #[schema(example = "step_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    resource: String,
    product: String,
    /// `stop`, `lock`, `resume`, `unlock`, `delete_keep_data` or `delete_data`.
    #[serde(rename = "do")]
    #[schema(example = "delete_keep_data")]
    deed: String,
    /// Whether it must be claimed before it is done: `POST /v1/steps/{step}/claim`.
    claim: bool,
    /// The step it belongs to: `suspend`, `delete` or `purge` of an account; `lock` or `empty` of a space; `release` of what is switched off; `budget`.
    step: String,
    /// Of one resource it only grows: drop what comes with a smaller one.
    fence: i64,
    /// `asked`, `claimed`, `confirmed` or `cancelled`.
    state: String,
    #[schema(format = DateTime)]
    asked_at: String,
    /// A claim is good until then.
    #[schema(format = DateTime)]
    claimed_until: Option<String>,
    /// When it was confirmed, or its reason ended.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// What the cloud said of it, or why it ended.
    note: Option<String>,
}

/// What a claim is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimAnswer {
    /// `go`: do it, before `until`; `cancelled`: leave the resource as it is, for ever; `wait`: leave it, and claim it again later.
    #[schema(example = "go")]
    answer: String,
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Why not.
    why: Option<String>,
    instruction: Instruction,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    /// What is to be kept about it: a new address, a snapshot's name.
    #[serde(default)]
    #[schema(example = "snapshot snap-778", max_length = 1000)]
    note: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keeping {
    /// Why, for whoever looks at it later.
    #[schema(example = "they are moving to another legal entity", min_length = 1, max_length = 1000)]
    why: String,
}

/// Something that is not to be deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keep {
    /// `account` or `resource`.
    what: String,
    name: String,
    /// Who keeps it.
    by: Option<String>,
    why: String,
    #[schema(format = DateTime)]
    since: String,
}

/// How an account stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountStanding {
    account: String,
    /// `good`, `low`, `grace`, `due`, `suspended`, `deletion_scheduled`, `deleted` or `purged`.
    standing: String,
    /// `out`: nothing is left to spend; `due`: a bill is past due.
    cause: Option<String>,
    /// Since when it is in arrears.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// What comes, in order.
    steps: Vec<AnnouncedStep>,
    /// What keeps the next step from being taken.
    held: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnnouncedStep {
    step: String,
    #[schema(format = DateTime)]
    at: String,
    /// How often it was announced.
    announced: usize,
}

/// A step that would come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepToCome {
    account: String,
    step: String,
    #[schema(format = DateTime)]
    at: String,
    /// `out` or `due`.
    cause: String,
    /// Whether the account is in arrears already, or would be by then.
    begun: bool,
    resources: Vec<String>,
    held: Option<String>,
}

/// Whether something was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Whether anything was held.
    accepted: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StepSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those about this resource.
    resource: Option<String>,
    /// Only those that are to be done.
    #[serde(default)]
    open: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Until {
    /// Until when; a month from now when it is not said.
    #[param(example = "2026-12-24T00:00:00Z")]
    until: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct StepNamed {
    /// The instruction's id.
    #[param(example = "step_01m0abw8g0tfjbn245fasf0w43")]
    step: String,
}

impl StepNamed {
    fn id(&self) -> Result<InstructionId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no step {:?}", self.step));
        InstructionId::parse(&self.step).map_err(unknown)
    }
}

/// Lists what the cloud was asked to do, the newest first. `open=true`: what is to be done.
#[utoipa::path(get, path = "/v1/steps", tag = "steps", params(StepSearch, Paging),
    responses((status = OK, body = Page<Instruction>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<StepSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Instruction>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| InstructionId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let rows = blocking(move || {
        let StepSearch { account, resource, open } = search;
        let (account, resource) = (account.as_deref(), resource.as_deref());
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        Ok(caller.engine.instructions(&caller.cloud, account, resource, open, before, most)?)
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), instruction)))
}

/// One of them.
#[utoipa::path(get, path = "/v1/steps/{step}", tag = "steps", params(StepNamed),
    responses((status = OK, body = Instruction), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<StepNamed>) -> Result<Json<Instruction>, Problem> {
    let id = named.id()?;
    Ok(Json(instruction(blocking(move || Ok(caller.engine.instruction(&caller.cloud, id)?)).await?)))
}

/// Asks, right before it is done, whether it still may be: money, payments on their way and the policy are looked at once more.
#[utoipa::path(post, path = "/v1/steps/{step}/claim", tag = "steps", params(StepNamed, IdempotencyKey),
    responses((status = OK, body = ClaimAnswer), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn claim(
    caller: Writing,
    Path(named): Path<StepNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<ClaimAnswer>, Problem> {
    let id = named.id()?;
    let claimed = blocking(move || Ok(caller.engine_for(Some(once)).claim_instruction(&caller.cloud, id)?)).await?;
    let Claimed { answer, until, why, instruction: facts } = claimed;
    Ok(Json(ClaimAnswer {
        answer,
        until: until.map(time_of_micros),
        why: some_text(why),
        instruction: instruction(facts),
    }))
}

/// Says that it is done. Told again it is as it is.
#[utoipa::path(post, path = "/v1/steps/{step}/confirm", tag = "steps", params(StepNamed, IdempotencyKey), request_body = Done,
    responses((status = OK, body = Instruction), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn confirm(
    caller: Writing,
    Path(named): Path<StepNamed>,
    Asking { body, once }: Asking<Done>,
) -> Result<Json<Instruction>, Problem> {
    if !body.note.is_empty() {
        written(&body.note, 1_000, "note")?;
    }
    let id = named.id()?;
    let done =
        blocking(move || Ok(caller.engine_for(Some(once)).confirm_instruction(&caller.cloud, id, &body.note)?));
    Ok(Json(instruction(done.await?)))
}

/// Somebody has looked at what the brake, or a clock that jumped, has held: it goes on.
#[utoipa::path(post, path = "/v1/steps/accept", tag = "steps", params(IdempotencyKey),
    responses((status = OK, body = Accepted), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn accept(
    caller: Administering,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Accepted>, Problem> {
    let done = blocking(move || Ok(caller.engine_for(Some(once)).accept_steps(&caller.cloud)?));
    Ok(Json(Accepted { accepted: done.await? }))
}

/// What would happen by itself until then, if nobody pays and nothing else happens. Nothing is done.
#[utoipa::path(get, path = "/v1/steps/forecast", tag = "steps", params(Until),
    responses((status = OK, body = Page<StepToCome>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn forecast(caller: Reading, Asked(asked): Asked<Until>) -> Result<Json<Page<StepToCome>>, Problem> {
    let until = asked.until.as_deref().map(|text| read_time(text, "until")).transpose()?;
    let steps = blocking(move || {
        let until = match until {
            Some(until) => until,
            None => caller.engine.now()?.checked_add_micros(30 * 86_400 * 1_000_000).unwrap_or(caller.engine.now()?),
        };
        Ok(caller.engine.steps_until(&caller.cloud, until)?)
    });
    let data = steps.await?.into_iter().map(to_come).collect();
    Ok(Json(Page { data, next: None }))
}

/// How an account stands, and what comes.
#[utoipa::path(get, path = "/v1/accounts/{account}/standing", tag = "steps", params(Named),
    responses((status = OK, body = AccountStanding), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn standing(caller: Reading, Path(named): Path<Named>) -> Result<Json<AccountStanding>, Problem> {
    let facts = blocking(move || Ok(caller.engine.ladder(&caller.cloud, &named.account)?)).await?;
    Ok(Json(stands(facts)))
}

/// Every account that is in arrears.
#[utoipa::path(get, path = "/v1/arrears", tag = "steps",
    responses((status = OK, body = Page<AccountStanding>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn arrears(caller: Reading) -> Result<Json<Page<AccountStanding>>, Problem> {
    let rows = blocking(move || Ok(caller.engine.ladders(&caller.cloud)?)).await?;
    Ok(Json(Page { data: rows.into_iter().map(stands).collect(), next: None }))
}

/// What operators keep from being deleted.
#[utoipa::path(get, path = "/v1/keeps", tag = "steps",
    responses((status = OK, body = Page<Keep>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn keeps(caller: Reading) -> Result<Json<Page<Keep>>, Problem> {
    let rows = blocking(move || Ok(caller.engine.keeps(&caller.cloud)?)).await?;
    Ok(Json(Page { data: rows.into_iter().map(kept).collect(), next: None }))
}

/// Keeps an account from having anything deleted, until it is let go.
#[utoipa::path(post, path = "/v1/accounts/{account}/keep", tag = "steps", params(Named, IdempotencyKey), request_body = Keeping,
    responses((status = OK, body = Keep), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn keep_account(
    caller: Administering,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<Keeping>,
) -> Result<Json<Keep>, Problem> {
    keep(caller, "account", named.account, Asking { body, once }).await
}

/// Keeps a resource from being deleted, until it is let go.
#[utoipa::path(post, path = "/v1/resources/{resource}/keep", tag = "steps", params(ResourceNamed, IdempotencyKey),
    request_body = Keeping, responses((status = OK, body = Keep), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn keep_resource(
    caller: Administering,
    Path(named): Path<ResourceNamed>,
    Asking { body, once }: Asking<Keeping>,
) -> Result<Json<Keep>, Problem> {
    keep(caller, "resource", named.resource, Asking { body, once }).await
}

async fn keep(
    caller: Administering,
    what: &'static str,
    name: String,
    Asking { body, once }: Asking<Keeping>,
) -> Result<Json<Keep>, Problem> {
    written(&body.why, 1_000, "why")?;
    let done = blocking(move || Ok(caller.engine_for(Some(once)).keep(&caller.cloud, what, &name, &body.why)?));
    Ok(Json(kept(done.await?)))
}

/// Lets an account go: its steps are taken again.
#[utoipa::path(post, path = "/v1/accounts/{account}/let-go", tag = "steps", params(Named, IdempotencyKey),
    responses((status = OK, body = Accepted), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn let_go_account(
    caller: Administering,
    Path(named): Path<Named>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Accepted>, Problem> {
    let done = blocking(move || Ok(caller.engine_for(Some(once)).let_go(&caller.cloud, "account", &named.account)?));
    Ok(Json(Accepted { accepted: done.await? }))
}

/// Lets a resource go: it may be deleted again.
#[utoipa::path(post, path = "/v1/resources/{resource}/let-go", tag = "steps", params(ResourceNamed, IdempotencyKey),
    responses((status = OK, body = Accepted), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn let_go_resource(
    caller: Administering,
    Path(named): Path<ResourceNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Accepted>, Problem> {
    let done =
        blocking(move || Ok(caller.engine_for(Some(once)).let_go(&caller.cloud, "resource", &named.resource)?));
    Ok(Json(Accepted { accepted: done.await? }))
}

fn instruction(facts: InstructionFacts) -> Instruction {
    let InstructionFacts { id, account, resource, product, deed, claim, step, fence, state, .. } = facts;
    Instruction {
        id,
        account,
        resource,
        product,
        deed,
        claim,
        step,
        fence,
        state,
        asked_at: time_of_micros(facts.asked),
        claimed_until: facts.claimed_until.map(time_of_micros),
        ended_at: facts.ended.map(time_of_micros),
        note: some_text(facts.note),
    }
}

fn kept(facts: KeepFacts) -> Keep {
    let KeepFacts { what, name, who, why, since } = facts;
    Keep { what, name, by: some_text(who), why, since: time_of_micros(since) }
}

fn stands(facts: LadderFacts) -> AccountStanding {
    let LadderFacts { account, standing, cause, since, steps, held } = facts;
    let announced = |step: farthing_engine::ComingStep| AnnouncedStep {
        step: step.step,
        at: time_of_micros(step.at),
        announced: step.announced,
    };
    AccountStanding {
        account,
        standing,
        cause: some_text(cause),
        since: since.map(time_of_micros),
        steps: steps.into_iter().map(announced).collect(),
        held: some_text(held),
    }
}

fn to_come(coming: Coming) -> StepToCome {
    let Coming { account, step, at, cause, begun, resources, held } = coming;
    StepToCome { account, step, at: time_of_micros(at), cause, begun, resources, held: some_text(held) }
}

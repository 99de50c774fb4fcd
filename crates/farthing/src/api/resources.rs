//! Resources: what the cloud reports of them, and what is known of them.
//!
//! What is reported is idempotent by itself: by its id, or by what it says and when. So it needs no Idempotency-Key, and may come
//! late, twice, or in any order.

use super::accounts::Named;
use super::asking::{Body, Path};
use super::blocking;
use super::caller::{Ingesting, Reading};
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::{read_times, time};
use axum::Json;
use farthing_core::config::Size;
use farthing_core::measure::Quantity;
use farthing_core::timeline::State;
use farthing_engine::{
    ListedResource, NewResource, Refused, Reported, ResourceFact, ResourceFilter as EngineFilter, Told,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const EVENTS_MAX: usize = 1_000;
const ID_MAX: usize = 255;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventKind {
    /// It is there: with all that says whose it is and what it costs, the first time.
    Start,
    Stop,
    Resume,
    Resize,
    /// How much of a capacity is used.
    Gauge,
    Delete,
    Restore,
    Fail,
    /// It was alive.
    Heartbeat,
}

/// Something that happened to a resource.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceEvent {
    #[serde(rename = "type")]
    kind: EventKind,
    /// What the cloud calls the resource.
    #[schema(example = "vm-1")]
    resource: String,
    /// By which this event is known again. Without one it is known by what it says and when.
    #[schema(example = "evt-77", min_length = 1, max_length = 255)]
    id: Option<String>,
    /// When it happened; now when it is not said.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Start: the project it is in, whose account pays.
    project: Option<String>,
    /// Start: the account that pays, where it is in no project.
    account: Option<String>,
    /// Start: what it is.
    #[schema(example = "service")]
    product: Option<String>,
    /// Start, resize.
    #[schema(example = "medium-2c-4g")]
    sku: Option<String>,
    /// Start, resize, gauge: a quantity with its unit.
    #[schema(example = "20 GB")]
    size: Option<String>,
    /// Start: the person who uses it, where free sizes are by person.
    user: Option<String>,
    /// Start: the state it starts in; `running` when it is not said.
    state: Option<String>,
    /// Start: what prices depend on, and labels.
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceEvents {
    /// In the order they are to be taken; each is answered for itself.
    #[schema(min_items = 1, max_items = 1000)]
    events: Vec<ResourceEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventStatus {
    Recorded,
    /// It was told before.
    Duplicate,
    Refused,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventAnswer {
    resource: String,
    id: Option<String>,
    status: EventStatus,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventAnswers {
    recorded: usize,
    duplicates: usize,
    refused: usize,
    /// In the order of the events.
    results: Vec<EventAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resource {
    name: String,
    account: String,
    project: Option<String>,
    product: String,
    sku: Option<String>,
    /// Such as `running`, `stopped`, `missing`, `deleted`.
    state: String,
    #[schema(format = DateTime)]
    since: String,
    /// In the unit of its product.
    size: String,
    user: Option<String>,
    /// Its last sign of life, where signs are given.
    #[schema(format = DateTime)]
    seen_at: Option<String>,
}

/// A resource with its timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResourceHistory {
    #[serde(flatten)]
    resource: Resource,
    timeline: Vec<Segment>,
}

/// A time in which nothing of it changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Segment {
    #[schema(format = DateTime)]
    from: String,
    /// Null: it goes on.
    #[schema(format = DateTime)]
    to: Option<String>,
    state: String,
    sku: Option<String>,
    size: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inventory {
    /// Everything that is there of the account, by name.
    resources: Vec<String>,
    /// When it was looked; now when it is not said.
    #[schema(format = DateTime)]
    at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InventoryAnswer {
    /// What was listed and is not known here: report its start.
    unknown: Vec<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those that this account pays for.
    account: Option<String>,
    /// Only those in this project.
    project: Option<String>,
    /// Only those in this state.
    state: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ResourceNamed {
    /// The resource's name.
    #[param(example = "vm-1")]
    pub(super) resource: String,
}

/// Reports what happened to resources, at most 1,000 at once. Each is answered for itself; what is refused changes nothing.
#[utoipa::path(post, path = "/v1/resource-events", tag = "resources", request_body = ResourceEvents,
    responses((status = OK, body = EventAnswers), (status = "default", body = Problem)), security(("key" = ["ingest"])))]
pub(crate) async fn report(caller: Ingesting, Body(body): Body<ResourceEvents>) -> Result<Json<EventAnswers>, Problem> {
    if body.events.is_empty() || body.events.len() > EVENTS_MAX {
        let what = format!("send 1 to {EVENTS_MAX} events at once");
        return Err(Problem::new(problem::INVALID, what).field("events"));
    }
    let facts: Vec<Result<ResourceFact, Problem>> = body.events.iter().map(fact).collect();
    let readable: Vec<ResourceFact> = facts.iter().filter_map(|fact| fact.as_ref().ok().cloned()).collect();
    let told = blocking(move || {
        if readable.is_empty() {
            return Ok(Vec::new());
        }
        Ok(caller.engine_for(None).record_facts(&caller.cloud, &readable)?)
    })
    .await?;
    let mut told = told.into_iter();
    let mut results = Vec::with_capacity(facts.len());
    for (event, fact) in body.events.into_iter().zip(facts) {
        let done = match fact {
            Err(problem) => Err(problem),
            Ok(_) => told
                .next()
                .unwrap_or(Err(Refused::new(farthing_engine::RefusalCode::Conflict, "it was not reached")))
                .map_err(Problem::from),
        };
        results.push(answer(event, done));
    }
    let count = |status: EventStatus| results.iter().filter(|result| result.status == status).count();
    let (recorded, duplicates, refused) =
        (count(EventStatus::Recorded), count(EventStatus::Duplicate), count(EventStatus::Refused));
    Ok(Json(EventAnswers { recorded, duplicates, refused, results }))
}

fn answer(event: ResourceEvent, done: Result<Told, Problem>) -> EventAnswer {
    let (status, problem) = match done {
        Ok(Told::Recorded) => (EventStatus::Recorded, None),
        Ok(Told::Known) => (EventStatus::Duplicate, None),
        Err(problem) => (EventStatus::Refused, Some(problem)),
    };
    let (code, detail, field) = problem.map_or((None, None, None), Problem::into_parts);
    EventAnswer { resource: event.resource, id: event.id, status, code, detail, field }
}

/// What the engine is told; what an event of its kind cannot say is a mistake, not ignored.
fn fact(event: &ResourceEvent) -> Result<ResourceFact, Problem> {
    let starts = event.kind == EventKind::Start;
    let sized = starts || matches!(event.kind, EventKind::Resize | EventKind::Gauge);
    let said = [
        ("project", event.project.is_some(), starts),
        ("account", event.account.is_some(), starts),
        ("product", event.product.is_some(), starts),
        ("sku", event.sku.is_some(), starts || event.kind == EventKind::Resize),
        ("size", event.size.is_some(), sized),
        ("user", event.user.is_some(), starts),
        ("state", event.state.is_some(), starts),
        ("properties", !event.properties.is_empty(), starts),
    ];
    if let Some((field, ..)) = said.into_iter().find(|(_, said, allowed)| *said && !allowed) {
        let what = format!("an event of this type has no {field}: leave it out, or report a start");
        return Err(Problem::new(problem::INVALID, what).field(field));
    }
    if event.id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > ID_MAX) {
        let what = format!("an event's id has 1 to {ID_MAX} characters");
        return Err(Problem::new(problem::INVALID, what).field("id"));
    }
    let size = event.size.as_deref().map(size_of).transpose()?;
    let what = match event.kind {
        EventKind::Start => Reported::Start(NewResource {
            project: event.project.clone(),
            account: event.account.clone(),
            product: event.product.clone(),
            sku: event.sku.clone(),
            size,
            user: event.user.clone(),
            state: event.state.as_deref().map(state_of).transpose()?,
            properties: event.properties.clone(),
        }),
        EventKind::Stop => Reported::Stop,
        EventKind::Resume => Reported::Resume,
        EventKind::Resize => Reported::Resize { sku: event.sku.clone(), size },
        EventKind::Gauge => Reported::Gauge(size.ok_or_else(|| {
            Problem::new(problem::INVALID, "a gauge says how much it is: give a size, such as 20 GB").field("size")
        })?),
        EventKind::Delete => Reported::Delete,
        EventKind::Restore => Reported::Restore,
        EventKind::Fail => Reported::Fail,
        EventKind::Heartbeat => Reported::Heartbeat,
    };
    let at = read_times(event.at.as_ref(), "at")?;
    Ok(ResourceFact { resource: event.resource.clone(), at, id: event.id.clone(), what })
}

pub(super) fn size_of(text: &str) -> Result<Size, Problem> {
    let (quantity, unit) = Quantity::parse_with_unit(text)
        .map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("size"))?;
    Ok(Size { quantity, unit })
}

fn state_of(text: &str) -> Result<State, Problem> {
    State::parse(text).ok_or_else(|| {
        let known: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
        let what = format!("{text:?} is no state: there are {}", known.join(", "));
        Problem::new(problem::INVALID, what).field("state")
    })
}

/// Lists resources in the order of their first report.
#[utoipa::path(get, path = "/v1/resources", tag = "resources", params(Filter, Paging),
    responses((status = OK, body = Page<Resource>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(filter): Asked<Filter>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Resource>>, Problem> {
    let (limit, after) = (paging.limit()?, paging.number()?.unwrap_or(0));
    if let Some(state) = &filter.state {
        state_of(state)?;
    }
    let filter = EngineFilter { account: filter.account, project: filter.project, state: filter.state };
    let rows = blocking(move || Ok(caller.engine.resources(&caller.cloud, &filter, after, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| cursor_of(row.thing.id.0), resource)))
}

/// One resource, with its timeline.
#[utoipa::path(get, path = "/v1/resources/{resource}", tag = "resources", params(ResourceNamed),
    responses((status = OK, body = ResourceHistory), (status = "default", body = Problem)),
    security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<ResourceNamed>) -> Result<Json<ResourceHistory>, Problem> {
    let (view, listed) = blocking(move || {
        let view = caller.engine.resource_view(&caller.cloud, &named.resource)?;
        let listed = caller.engine.listed_resource(&caller.cloud, &view.thing)?;
        Ok((view, listed))
    })
    .await?;
    let timeline = view.timeline.segments.iter().map(|segment| Segment {
        from: time(segment.from),
        to: segment.to.map(time),
        state: segment.state.name().to_owned(),
        sku: segment.sku.as_ref().map(ToString::to_string),
        size: segment.size.plain(),
    });
    Ok(Json(ResourceHistory { timeline: timeline.collect(), resource: resource(listed) }))
}

/// Says everything that is there of an account. What runs by the books and is not listed is billed up to its last sign of life;
/// what was missed and is listed again goes on.
#[utoipa::path(post, path = "/v1/accounts/{account}/inventory", tag = "resources", params(Named),
    request_body = Inventory, responses((status = OK, body = InventoryAnswer), (status = "default", body = Problem)),
    security(("key" = ["ingest"])))]
pub(crate) async fn inventory(
    caller: Ingesting,
    Path(named): Path<Named>,
    Body(body): Body<Inventory>,
) -> Result<Json<InventoryAnswer>, Problem> {
    let at = read_times(body.at.as_ref(), "at")?;
    let unknown = blocking(move || {
        let engine = caller.engine_for(None);
        Ok(engine.record_inventory(&caller.cloud, &named.account, &body.resources, at)?)
    });
    Ok(Json(InventoryAnswer { unknown: unknown.await? }))
}

fn resource(listed: ListedResource) -> Resource {
    let thing = listed.thing;
    Resource {
        name: thing.name,
        account: listed.account,
        project: listed.project,
        product: thing.product.to_string(),
        sku: thing.sku.map(|sku| sku.to_string()),
        state: thing.state,
        since: time(thing.since),
        size: thing.size.plain(),
        user: (!thing.person.is_empty()).then_some(thing.person),
        seen_at: thing.seen_at.map(time),
    }
}

//! Usage events: a compact form in JSON or NDJSON, and CloudEvents 1.0 in all three modes. Each is answered for itself.
//!
//! An event is known by its source and id: sent again, with whatever time, it counts once. So it needs no Idempotency-Key.

use super::asking::{bytes, read};
use super::blocking;
use super::caller::{Ingesting, Reading};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{read_times, time};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use farthing_core::measure::Quantity;
use farthing_core::time::Instant;
use farthing_core::usage::{Answer, Reason, Subject, Taken, UsageEvent};
use farthing_store::{RefusedAt, RefusedRow};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

pub(crate) const EVENTS_MAX: usize = 50_000;

/// How much of what, by whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUsage {
    /// Its source gives each id once.
    #[schema(example = "call-4711", min_length = 1, max_length = 255)]
    id: String,
    /// Which of your systems tells it; `api` when it is not said.
    #[schema(example = "gateway-1", max_length = 255)]
    source: Option<String>,
    /// When it was used; when it arrives, if it is not said.
    #[schema(format = DateTime)]
    time: Option<String>,
    /// The resource that used it: its owner pays.
    resource: Option<String>,
    /// The account that used it, where no resource did.
    #[schema(example = "acme")]
    account: Option<String>,
    /// With `account`: in which of its projects.
    project: Option<String>,
    /// With `account`: which person.
    user: Option<String>,
    /// Which product, where several count this meter.
    product: Option<String>,
    /// How much, by meter: numbers, or decimals as text.
    #[schema(value_type = BTreeMap<String, f64>, example = json!({ "input_tokens": 1200 }))]
    quantities: BTreeMap<String, Box<RawValue>>,
    /// What prices and filters look at.
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUsages {
    #[schema(min_items = 1, max_items = 50000)]
    events: Vec<NewUsage>,
}

/// A CloudEvent, structured: <https://cloudevents.io>. `data` is a usage event without what the envelope says already (id, source, time); `subject` is
/// the account, or `resource/NAME`, where `data` names neither.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CloudEvent {
    #[schema(example = "1.0")]
    specversion: String,
    id: String,
    source: String,
    /// The meter, where `data` has `quantity` and not `quantities`.
    #[serde(rename = "type")]
    kind: String,
    subject: Option<String>,
    #[schema(format = DateTime)]
    time: Option<String>,
    #[schema(value_type = Object)]
    data: Option<Box<RawValue>>,
}

/// What a CloudEvent's data says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloudData {
    resource: Option<String>,
    account: Option<String>,
    project: Option<String>,
    user: Option<String>,
    product: Option<String>,
    meter: Option<String>,
    quantity: Option<Box<RawValue>>,
    #[serde(default)]
    quantities: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageStatus {
    Accepted,
    /// It has come before: it counts once.
    Duplicate,
    /// It does not count; it is kept and listed, and its id is free, but for `unpriced`, which waits for a price.
    Refused,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageAnswer {
    /// Null where not even that could be read.
    id: Option<String>,
    status: UsageStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageAnswers {
    accepted: usize,
    duplicates: usize,
    refused: usize,
    /// In the order of the events; of a bulk (NDJSON) only those that were not accepted, each with its line.
    results: Vec<UsageAnswer>,
}

/// An event that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedUsage {
    id: String,
    source: String,
    /// Why.
    #[schema(example = "unknown_meter")]
    code: String,
    #[schema(format = DateTime)]
    arrived_at: String,
    account: Option<String>,
    resource: Option<String>,
    quantities: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ByCode {
    /// Only those refused for this reason.
    code: Option<String>,
}

/// The forms in which usage may come.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Each event, or what is wrong with it, and its id where that could be read.
    events: Vec<Read>,
    bulk: bool,
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Incoming, Problem> {
        let headers = request.headers().clone();
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = bytes(request, state).await?;
        let (events, bulk) = match essence.as_str() {
            "application/x-ndjson" | "application/jsonl" => (lines(&body), true),
            "application/cloudevents+json" => (vec![structured(read(&body)?)], false),
            "application/cloudevents-batch+json" => {
                let batch: Vec<CloudEvent> = read(&body)?;
                (batch.into_iter().map(structured).collect(), false)
            }
            "application/json" if headers.contains_key("ce-specversion") => (vec![binary(&headers, &body)?], false),
            "application/json" => {
                let batch: NewUsages = read(&body)?;
                (batch.events.into_iter().map(compact).collect(), false)
            }
            _ => {
                let what = "send application/json, application/x-ndjson, application/cloudevents+json or \
                    application/cloudevents-batch+json";
                return Err(Problem::new(problem::UNSUPPORTED, what));
            }
        };
        if events.is_empty() || events.len() > EVENTS_MAX {
            return Err(
                Problem::new(problem::INVALID, format!("send 1 to {EVENTS_MAX} events at once")).field("events")
            );
        }
        Ok(Incoming { events, bulk })
    }
}

type Read = Result<UsageEvent, Unread>;

/// The id where that could be read, and what is wrong.
type Unread = (Option<String>, Box<Problem>);

fn lines(body: &Bytes) -> Vec<Read> {
    let lines = body.split(|byte| *byte == b'\n').enumerate();
    let filled = lines.filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
    filled
        .map(|(place, line)| match read::<NewUsage>(line) {
            Ok(event) => compact(event),
            Err(problem) => Err((None, Box::new(problem.at_line(place + 1)))),
        })
        .collect()
}

fn compact(event: NewUsage) -> Read {
    let id = event.id.clone();
    compact_event(event).map_err(|problem| (Some(id), Box::new(problem)))
}

fn compact_event(event: NewUsage) -> Result<UsageEvent, Problem> {
    let subject = subject(event.resource, event.account, event.project, event.user)?;
    Ok(UsageEvent {
        source: event.source.unwrap_or_else(|| "api".to_owned()),
        id: event.id,
        subject,
        product: event.product,
        at: read_times(event.time.as_ref(), "time")?,
        quantities: quantities(&event.quantities)?,
        properties: event.properties,
    })
}

fn subject(
    resource: Option<String>,
    account: Option<String>,
    project: Option<String>,
    user: Option<String>,
) -> Result<Subject, Problem> {
    match (resource, account) {
        (Some(resource), None) if project.is_none() && user.is_none() => Ok(Subject::Resource(resource)),
        (None, Some(name)) => Ok(Subject::Account { name, project, user }),
        (Some(_), _) => {
            let what = "a resource's owner pays, in its project: leave out account, project and user";
            Err(Problem::new(problem::INVALID, what).field("resource"))
        }
        (None, None) => {
            Err(Problem::new(problem::INVALID, "say who used it: a resource, or an account").field("account"))
        }
    }
}

fn quantities(told: &BTreeMap<String, Box<RawValue>>) -> Result<Vec<(String, Quantity)>, Problem> {
    told.iter().map(|(meter, raw)| Ok((meter.clone(), quantity(raw, &format!("quantities.{meter}"))?))).collect()
}

/// A number as it was written, or a decimal as text: no float is ever made of it.
pub(super) fn quantity(raw: &RawValue, field: &str) -> Result<Quantity, Problem> {
    let text = raw.get().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    Quantity::parse(text).map_err(|error| Problem::new(problem::INVALID, error.to_string()).field(field))
}

fn structured(event: CloudEvent) -> Read {
    let id = event.id.clone();
    cloud_event(event).map_err(|problem| (Some(id), Box::new(problem)))
}

/// Binary mode: the envelope is in headers, the data is the body.
fn binary(headers: &HeaderMap, body: &Bytes) -> Result<Read, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(unescaped);
    let needed = |name: &str| {
        header(name).ok_or_else(|| Problem::new(problem::INVALID, "a CloudEvent's header is missing").field(name))
    };
    let data: Option<Box<RawValue>> = if body.is_empty() { None } else { Some(read(body)?) };
    Ok(structured(CloudEvent {
        specversion: needed("ce-specversion")?,
        id: needed("ce-id")?,
        source: needed("ce-source")?,
        kind: needed("ce-type")?,
        subject: header("ce-subject"),
        time: header("ce-time"),
        data,
    }))
}

/// CloudEvents writes what is no plain character of a header as %XX.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn cloud_event(event: CloudEvent) -> Result<UsageEvent, Problem> {
    if event.specversion != "1.0" {
        let what = format!("CloudEvents {:?} are not known: send specversion 1.0", event.specversion);
        return Err(Problem::new(problem::INVALID, what).field("specversion"));
    }
    let data = event.data.ok_or_else(|| Problem::new(problem::INVALID, "say how much was used").field("data"))?;
    let data: CloudData = read(data.get().as_bytes()).map_err(|problem| problem.below("data"))?;
    let (mut resource, mut account) = (data.resource, data.account);
    if resource.is_none() && account.is_none() {
        match event.subject.as_deref().map(|subject| subject.split_once('/').unwrap_or(("account", subject))) {
            Some(("account", name)) => account = Some(name.to_owned()),
            Some(("resource", name)) => resource = Some(name.to_owned()),
            Some(_) => {
                let what = "a subject is an account's name, account/NAME or resource/NAME";
                return Err(Problem::new(problem::INVALID, what).field("subject"));
            }
            None => {}
        }
    }
    let mut quantities = quantities(&data.quantities)?;
    match data.quantity {
        Some(raw) if quantities.is_empty() => {
            let meter = data.meter.unwrap_or(event.kind);
            quantities.push((meter, quantity(&raw, "data.quantity")?));
        }
        Some(_) => {
            return Err(Problem::new(problem::INVALID, "say quantity or quantities, not both").field("data.quantity"));
        }
        None => {}
    }
    Ok(UsageEvent {
        source: event.source,
        id: event.id,
        subject: subject(resource, account, data.project, data.user)?,
        product: data.product,
        at: read_times(event.time.as_ref(), "time")?,
        quantities,
        properties: data.properties,
    })
}

/// Takes usage events.
///
/// As JSON (`{"events": […]}`), as NDJSON (an event a line, for bulk), or as CloudEvents 1.0: structured, binary or a batch. What is
/// answered as accepted is on the disk and in the balance.
#[utoipa::path(post, path = "/v1/usage", tag = "usage",
    request_body(content((NewUsages = "application/json"), (NewUsage = "application/x-ndjson"),
        (CloudEvent = "application/cloudevents+json"), (Vec<CloudEvent> = "application/cloudevents-batch+json"))),
    responses((status = OK, body = UsageAnswers), (status = "default", body = Problem)), security(("key" = ["ingest"])))]
pub(crate) async fn take(caller: Ingesting, incoming: Incoming) -> Result<Json<UsageAnswers>, Problem> {
    let bulk = incoming.bulk;
    let mut events = Vec::with_capacity(incoming.events.len());
    let mut places = Vec::with_capacity(incoming.events.len());
    for event in incoming.events {
        places.push(match event {
            Ok(event) => {
                let id = if bulk { None } else { Some(event.id.clone()) };
                events.push(event);
                Ok(id)
            }
            Err(wrong) => Err(wrong),
        });
    }
    let taken = blocking(move || {
        if events.is_empty() { Ok(Vec::new()) } else { Ok(caller.engine.record_usage(&caller.cloud, events)?) }
    })
    .await?;
    Ok(Json(answers(places, taken, bulk)))
}

fn answers(places: Vec<Result<Option<String>, Unread>>, taken: Vec<Taken>, bulk: bool) -> UsageAnswers {
    let mut taken = taken.into_iter();
    let mut told = UsageAnswers { accepted: 0, duplicates: 0, refused: 0, results: Vec::new() };
    for place in places {
        let (id, status, problem) = match place {
            Err((id, problem)) => (id, UsageStatus::Refused, Some(*problem)),
            Ok(id) => match taken.next().map(|taken| taken.answer) {
                Some(Answer::Accepted) => (id, UsageStatus::Accepted, None),
                Some(Answer::Duplicate) => (id, UsageStatus::Duplicate, None),
                Some(Answer::Refused(reason)) => (id, UsageStatus::Refused, Some(refused(reason))),
                None => (id, UsageStatus::Refused, Some(Problem::internal())),
            },
        };
        match status {
            UsageStatus::Accepted => told.accepted += 1,
            UsageStatus::Duplicate => told.duplicates += 1,
            UsageStatus::Refused => told.refused += 1,
        }
        if !bulk || status != UsageStatus::Accepted {
            let (code, detail, field) = problem.map_or((None, None, None), Problem::into_parts);
            told.results.push(UsageAnswer { id, status, code, field, detail });
        }
    }
    told
}

/// A reason, its field and what to do.
fn refused(reason: Reason) -> Problem {
    let (field, what) = match reason {
        Reason::IdReused => {
            ("id", "this id came before with another account, meter or quantity: give each event its own")
        }
        Reason::TooOld => ("time", "it is older than this cloud takes: report it by hand"),
        Reason::InTheFuture => ("time", "it is in the future: set the source's clock right"),
        Reason::UnknownSubject => ("account", "there is no such account, project or resource: create it first"),
        Reason::UnknownMeter => ("quantities", "the catalogue has no such meter: look at its spelling"),
        Reason::Unpriced => ("product", "there is no price for it yet: it waits for one and need not come again"),
        Reason::AccountClosed => ("account", "the account is closed"),
        Reason::Invalid => ("quantities", "quantities are at least one, none below zero, each meter once"),
    };
    Problem::coded(reason.name(), what).field(field)
}

/// Lists what was refused, newest first.
#[utoipa::path(get, path = "/v1/usage/refused", tag = "usage", params(ByCode, Paging),
    responses((status = OK, body = Page<RefusedUsage>), (status = "default", body = Problem)),
    security(("key" = ["read"])))]
pub(crate) async fn list_refused(
    caller: Reading,
    Asked(by): Asked<ByCode>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<RefusedUsage>>, Problem> {
    let limit = paging.limit()?;
    let reason = by.code.as_deref().map(reason_of).transpose()?;
    let after = paging.text().map(place_of).transpose()?;
    let rows = blocking(move || Ok(caller.engine.usage_refused(&caller.cloud, reason, after, limit + 1)?)).await?;
    let cursor = |row: &RefusedRow| format!("{}-{}-{}", row.at.arrived.micros(), row.at.bucket, row.at.sequence);
    Ok(Json(Page::of(rows, limit, cursor, refused_row)))
}

fn reason_of(text: &str) -> Result<Reason, Problem> {
    Reason::ALL.into_iter().find(|reason| reason.name() == text).ok_or_else(|| {
        let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        Problem::new(problem::INVALID, format!("there is no such reason: there are {}", known.join(", "))).field("code")
    })
}

fn place_of(text: &str) -> Result<RefusedAt, Problem> {
    let numbers: Option<Vec<i64>> = text.split('-').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([arrived, bucket, sequence]) => {
            let arrived = Instant::try_from_micros(*arrived).map_err(|_| wrong_cursor())?;
            Ok(RefusedAt { arrived, bucket: *bucket, sequence: *sequence })
        }
        _ => Err(wrong_cursor()),
    }
}

fn refused_row(row: RefusedRow) -> RefusedUsage {
    let (account, resource) = match row.event.subject {
        Subject::Resource(name) => (None, Some(name)),
        Subject::Account { name, .. } => (Some(name), None),
    };
    RefusedUsage {
        id: row.event.id,
        source: row.event.source,
        code: row.reason.name().to_owned(),
        arrived_at: time(row.at.arrived),
        account,
        resource,
        quantities: row.event.quantities.into_iter().map(|(meter, quantity)| (meter, quantity.plain())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Read {
        lines(&Bytes::copy_from_slice(text.as_bytes())).pop().unwrap()
    }

    #[test]
    fn a_number_keeps_every_digit() {
        let event = one(r#"{"id":"1","account":"acme","quantities":{"a":0.1,"b":"12345678.000001","c":3}}"#).unwrap();
        let told: Vec<String> = event.quantities.iter().map(|(meter, q)| format!("{meter}={}", q.plain())).collect();
        assert_eq!(told, ["a=0.1", "b=12345678.000001", "c=3"]);
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_field() {
        let body = "{\"id\":\"1\",\"account\":\"acme\",\"quantities\":{\"a\":1}}\n\n{\"id\":\"2\"}\nnot json\n\
            {\"id\":\"3\",\"quantities\":{\"a\":1}}\n{\"id\":\"4\",\"account\":\"acme\",\"quantities\":{\"a\":1e400}}";
        let read = lines(&Bytes::copy_from_slice(body.as_bytes()));
        let told: Vec<String> = read
            .into_iter()
            .map(|event| match event {
                Ok(event) => event.id,
                Err((id, problem)) => {
                    let (code, detail, field) = problem.into_parts();
                    format!("{id:?} {} {field:?} {}", code.unwrap(), detail.unwrap())
                }
            })
            .collect();
        assert_eq!(told[0], "1");
        assert!(told[1].contains("line 3") && told[1].contains("quantities"), "{}", told[1]);
        assert!(told[2].contains("line 4"), "{}", told[2]);
        assert!(told[3].contains("\"3\"") && told[3].contains("account"), "{}", told[3]);
        assert!(told[4].contains("quantities.a"), "{}", told[4]);
    }

    #[test]
    fn a_cloud_event_says_the_same_as_a_compact_one() {
        let plain =
            one(r#"{"id":"1","source":"gw","account":"acme","time":"2026-03-01T00:00:00Z","quantities":{"calls":2}}"#);
        for data in [
            r#""subject":"acme","data":{"quantity":2}"#,
            r#""subject":"account/acme","data":{"meter":"calls","quantity":"2"}"#,
            r#""data":{"account":"acme","quantities":{"calls":2}}"#,
        ] {
            let text = format!(
                r#"{{"specversion":"1.0","id":"1","source":"gw","type":"calls","time":"2026-03-01T00:00:00Z",{data}}}"#
            );
            let event = structured(read(text.as_bytes()).unwrap());
            assert_eq!(event.unwrap(), *plain.as_ref().unwrap(), "{data}");
        }
        assert_eq!(unescaped("Euro%20%E2%82%AC 100%"), "Euro € 100%");
    }
}

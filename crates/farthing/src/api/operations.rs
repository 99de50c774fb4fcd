//! What whoever runs the cloud looks after: the audit log, parked accounts, jobs, and the clock of a test cloud.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::{read_times, time};
use axum::Json;
use axum::extract::Path;
use farthing_core::access::Mode;
use farthing_core::trail::Entry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a clock moves at once.
const DAYS_MAX: i64 = 400;

/// The cloud that a key opens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cloud {
    id: String,
    name: String,
    currency: String,
    zone: String,
    /// `live` or `test`.
    mode: String,
    /// The time it is there: a test cloud's clock stands until it is moved.
    #[schema(format = DateTime)]
    now: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    number: i64,
    #[schema(format = DateTime)]
    at: String,
    /// A key's id, or who worked at the command line.
    who: String,
    /// The address it came from.
    source: String,
    #[schema(example = "account.opened")]
    what: String,
    #[schema(example = "account acme")]
    subject: String,
    /// What it was before; null: nothing.
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parked {
    account: String,
    /// What stopped it.
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    /// What still stops it; null: it is settled again.
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "a job on the wire is known by its job")]
pub(crate) struct Job {
    #[schema(example = "settle")]
    job: String,
    /// Which process does it.
    holder: String,
    /// It grows whenever another takes over.
    fence: i64,
    /// Until when it is theirs if they say nothing more.
    #[schema(format = DateTime)]
    until: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    /// The time it is to be, or:
    #[schema(format = DateTime)]
    to: Option<String>,
    /// by how many seconds it moves.
    #[schema(minimum = 0, maximum = 34_560_000)]
    seconds: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Advanced {
    #[schema(format = DateTime)]
    now: String,
}

/// The cloud that the key opens.
#[utoipa::path(get, path = "/v1/cloud", tag = "operations",
    responses((status = OK, body = Cloud), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn cloud(caller: Reading) -> Result<Json<Cloud>, Problem> {
    let answer = blocking(move || {
        let now = caller.engine.now()?;
        let profile = caller.engine.profile_at(&caller.cloud, now)?;
        let cloud = &profile.policy.cloud;
        Ok(Cloud {
            id: caller.cloud.clone(),
            name: cloud.name.to_string(),
            currency: cloud.currency.code().to_owned(),
            zone: cloud.time_zone.name().to_owned(),
            mode: caller.mode.name().to_owned(),
            now: time(now),
        })
    });
    Ok(Json(answer.await?))
}

/// The audit log, newest first: who changed what, from where.
#[utoipa::path(get, path = "/v1/audit", tag = "operations", params(Paging),
    responses((status = OK, body = Page<AuditEntry>), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn audit(
    caller: Administering,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    let (limit, before) = (paging.limit()?, paging.number()?);
    // Keys are made and revoked in the live world, whichever they open.
    let rows = blocking(move || Ok(caller.engine.trail(&caller.cloud, before, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |entry| cursor_of(entry.number), entry)))
}

fn entry(entry: Entry) -> AuditEntry {
    let read = |text: &str| serde_json::from_str(text).ok();
    AuditEntry {
        number: entry.number,
        at: time(entry.at),
        before: read(&entry.was),
        after: read(&entry.became),
        who: entry.who,
        source: entry.source,
        what: entry.what,
        subject: entry.subject,
    }
}

/// Accounts that cannot be settled until somebody has looked, with the reason. Everybody else goes on.
#[utoipa::path(get, path = "/v1/parked-accounts", tag = "operations",
    responses((status = OK, body = Page<Parked>), (status = "default", body = Problem)),
    security(("key" = ["read"])))]
pub(crate) async fn parked(caller: Reading) -> Result<Json<Page<Parked>>, Problem> {
    let rows = blocking(move || {
        let mut rows = caller.engine.parked()?;
        rows.retain(|row| row.cloud == caller.cloud);
        Ok(rows)
    });
    let data = rows.await?.into_iter().map(|row| Parked { account: row.name, reason: row.why });
    Ok(Json(Page { data: data.collect(), next: None }))
}

/// Tries a parked account again, once what stopped it is mended.
#[utoipa::path(post, path = "/v1/accounts/{account}/retry", tag = "operations", params(Named, IdempotencyKey),
    responses((status = OK, body = Retried), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn retry(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Retried>, Problem> {
    let parked =
        blocking(move || Ok(caller.engine_for(Some(once)).retry_parked(&caller.cloud, &named.account)?)).await?;
    Ok(Json(Retried { reason: parked.still }))
}

/// What works beside the requests, and where.
#[utoipa::path(get, path = "/v1/jobs", tag = "operations",
    responses((status = OK, body = Page<Job>), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn jobs(caller: Administering) -> Result<Json<Page<Job>>, Problem> {
    let rows = blocking(move || Ok(caller.home().store().read("leases", |tx| tx.leases())?)).await?;
    let data = rows.into_iter().map(|(job, holder, fence, until)| Job { job, holder, fence, until: time(until) });
    Ok(Json(Page { data: data.collect(), next: None }))
}

/// Moves the clock of the test cloud on: everything that falls due on the way happens at its own time.
#[utoipa::path(post, path = "/v1/clock/advance", tag = "operations", params(IdempotencyKey), request_body = Advance,
    responses((status = OK, body = Advanced), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn advance(
    caller: Writing,
    Asking { body, once }: Asking<Advance>,
) -> Result<Json<Advanced>, Problem> {
    if caller.mode == Mode::Live {
        let what = "the live cloud's clock is the real one: use a test key";
        return Err(Problem::new(problem::FORBIDDEN, what));
    }
    let to = read_times(body.to.as_ref(), "to")?;
    let now = blocking(move || {
        let now = caller.engine.now()?;
        let to = match (to, body.seconds) {
            (Some(to), None) => to,
            (None, Some(seconds)) => now
                .checked_add_micros(seconds.saturating_mul(1_000_000))
                .map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("seconds"))?,
            _ => {
                let what = "say to when, or by how many seconds: one of the two";
                return Err(Problem::new(problem::INVALID, what).field("to"));
            }
        };
        if to.seconds_since(now) > DAYS_MAX * 86_400 {
            let what = format!("move it by at most {DAYS_MAX} days at once");
            return Err(Problem::new(problem::INVALID, what).field("to"));
        }
        Ok(caller.engine_for(Some(once)).move_clock(&caller.cloud, to)?)
    });
    Ok(Json(Advanced { now: time(now.await?) }))
}

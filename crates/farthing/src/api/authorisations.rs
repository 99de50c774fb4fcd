//! Authorisations: money reserved before the work, captured as it is done, released where it is not.
//!
//! What asks is refused beyond what is available; what reports, a capture, is booked whatever it comes to.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::caller::{Caller, Reading, Writing};
use super::prices::{Usage, ask_of};
use super::problem::{self, Problem};
use super::usage::quantity;
use super::wire::{Amount, read_times, time_of_micros};
use super::{Shared, blocking};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use farthing_core::access::Mode;
use farthing_core::id::HoldId;
use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Money};
use farthing_core::time::Duration;
use farthing_engine::Once;
use farthing_engine::{AskedHold, HoldFacts, HoldStanding, NewCapture as EngineNewCapture, NewHold};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const BATCH_MAX: usize = 100;
/// The longest a reservation may last: 90 days.
const SECONDS_MAX: i64 = 90 * 86_400;

/// What is to be reserved: an amount, or usage that the server prices.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAuthorisation {
    #[schema(example = "acme")]
    account: String,
    amount: Option<Amount>,
    /// Instead of an amount: what is going to be used, at the prices of now.
    usage: Option<Usage>,
    /// Which product's credit may pay; credit for everything when it is not said.
    product: Option<String>,
    /// How long it is reserved; seven days when it is not said.
    #[schema(minimum = 1, maximum = 7_776_000)]
    expires_in_seconds: Option<i64>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAuthorisations {
    /// Each is answered for itself.
    #[schema(min_items = 1, max_items = 100)]
    authorisations: Vec<NewAuthorisation>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorisationAnswer {
    /// Null where it was refused.
    authorisation: Option<Authorisation>,
    /// Null where it stands.
    problem: Option<Problem>,
}

impl From<Result<Authorisation, Problem>> for AuthorisationAnswer {
    fn from(answer: Result<Authorisation, Problem>) -> AuthorisationAnswer {
        match answer {
            Ok(authorisation) => AuthorisationAnswer { authorisation: Some(authorisation), problem: None },
            Err(problem) => AuthorisationAnswer { authorisation: None, problem: Some(problem) },
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorisationAnswers {
    results: Vec<AuthorisationAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Authorisation {
    #[schema(example = "hold_01m0abw8g0ksx01tfeknmcatch")]
    id: String,
    account: String,
    amount: Amount,
    captured: Amount,
    state: AuthorisationState,
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthorisationState {
    Open,
    Captured,
    Released,
    Expired,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    /// From now.
    #[schema(minimum = 1, maximum = 7_776_000)]
    expires_in_seconds: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCapture {
    amount: Amount,
    /// What is left of the reservation is given back.
    #[serde(default)]
    last: bool,
    /// What it is income of.
    product: Option<String>,
    /// When the work was done; now when it is not said.
    #[schema(format = DateTime)]
    at: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AuthorisationNamed {
    /// The authorisation's id.
    #[param(example = "hold_01m0abw8g0ksx01tfeknmcatch")]
    authorisation: String,
}

impl AuthorisationNamed {
    fn id(&self) -> Result<HoldId, Problem> {
        HoldId::parse(&self.authorisation).map_err(|_| {
            Problem::new(problem::NOT_FOUND, format!("there is no authorisation {:?}", self.authorisation))
        })
    }
}

/// Reserves money.
#[utoipa::path(post, path = "/v1/authorisations", tag = "money", params(IdempotencyKey),
    request_body = NewAuthorisation,
    responses((status = CREATED, body = Authorisation), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn authorise(
    State(door): State<Shared>,
    caller: Writing,
    Asking { body, once }: Asking<NewAuthorisation>,
) -> Result<(StatusCode, Json<Authorisation>), Problem> {
    let hold = if body.usage.is_some() {
        let caller = caller.clone();
        blocking(move || hold(&caller, &body)).await?
    } else {
        hold(&caller, &body)?
    };
    let currency = hold.amount.currency(); // whatever is not the cloud's currency is refused
    let reserved = if caller.mode == Mode::Live && caller.engine.store().shares_commits() {
        door.together.authorise(&caller.engine, asked_hold(&caller, hold, once)).await?
    } else {
        blocking(move || Ok(caller.engine_for(Some(once)).authorise(&caller.cloud, &hold)?)).await?
    };
    Ok((StatusCode::CREATED, Json(written(reserved, currency))))
}

/// Reserves many at once, each for itself.
#[utoipa::path(post, path = "/v1/authorisations/batch", tag = "money", params(IdempotencyKey),
    request_body = NewAuthorisations,
    responses((status = OK, body = AuthorisationAnswers), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn authorise_many(
    caller: Writing,
    Asking { body, once }: Asking<NewAuthorisations>,
) -> Result<Json<AuthorisationAnswers>, Problem> {
    if body.authorisations.is_empty() || body.authorisations.len() > BATCH_MAX {
        let what = format!("send 1 to {BATCH_MAX} authorisations at once");
        return Err(Problem::new(problem::INVALID, what).field("authorisations"));
    }
    let results = blocking(move || {
        caller.engine_for(Some(once.clone())).take_key(&caller.cloud)?;
        let holds: Vec<Result<NewHold, Problem>> = body.authorisations.iter().map(|new| hold(&caller, new)).collect();
        // Each has a key of its own, so that a batch that broke off goes on where it did.
        let of_place = |place: usize| Once { key: format!("{}#{place}", once.key), digest: once.digest };
        let asked = holds.iter().enumerate().filter_map(|(place, hold)| {
            let hold = hold.as_ref().ok()?;
            Some(asked_hold(&caller, hold.clone(), of_place(place)))
        });
        let mut made = caller.engine.authorise_each(asked.collect()).into_iter();
        let answers = holds.into_iter().map(|hold| {
            let currency = hold?.amount.currency();
            let made = made.next().ok_or_else(Problem::internal)?;
            Ok(written(made?, currency))
        });
        Ok(answers.map(AuthorisationAnswer::from).collect())
    });
    Ok(Json(AuthorisationAnswers { results: results.await? }))
}

/// Takes money at once: reserved and captured in one.
#[utoipa::path(post, path = "/v1/debits", tag = "money", params(IdempotencyKey), request_body = NewAuthorisation,
    responses((status = CREATED, body = Authorisation), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn debit(
    caller: Writing,
    Asking { body, once }: Asking<NewAuthorisation>,
) -> Result<(StatusCode, Json<Authorisation>), Problem> {
    let taken = blocking(move || {
        let hold = hold(&caller, &body)?;
        let taken = caller.engine_for(Some(once)).debit(&caller.cloud, &hold)?;
        shown(&caller, taken)
    });
    Ok((StatusCode::CREATED, Json(taken.await?)))
}

/// One authorisation.
#[utoipa::path(get, path = "/v1/authorisations/{authorisation}", tag = "money", params(AuthorisationNamed),
    responses((status = OK, body = Authorisation), (status = "default", body = Problem)),
    security(("key" = ["read"])))]
pub(crate) async fn show(
    caller: Reading,
    Path(named): Path<AuthorisationNamed>,
) -> Result<Json<Authorisation>, Problem> {
    let id = named.id()?;
    Ok(Json(blocking(move || shown(&caller, caller.engine.hold_facts(&caller.cloud, id)?)).await?))
}

/// Takes a part of what is reserved, or more: what was done is booked, whatever is there.
#[utoipa::path(post, path = "/v1/authorisations/{authorisation}/capture", tag = "money",
    params(AuthorisationNamed, IdempotencyKey), request_body = NewCapture,
    responses((status = OK, body = Authorisation), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn capture(
    caller: Writing,
    Path(named): Path<AuthorisationNamed>,
    Asking { body, once }: Asking<NewCapture>,
) -> Result<Json<Authorisation>, Problem> {
    let id = named.id()?;
    let amount = body.amount.money("amount")?;
    let at = read_times(body.at.as_ref(), "at")?;
    let taken = blocking(move || {
        let account = caller.engine.hold_facts(&caller.cloud, id)?.account;
        let capture = EngineNewCapture {
            id: Some(once.key.clone()),
            account,
            hold: id,
            amount,
            product: body.product,
            last: body.last,
            at,
        };
        let taken = caller.engine_for(Some(once)).capture(&caller.cloud, &capture)?;
        shown(&caller, taken)
    });
    Ok(Json(taken.await?))
}

/// Makes an authorisation last longer: so many seconds from now, where it does not already. It never gets shorter.
#[utoipa::path(post, path = "/v1/authorisations/{authorisation}/extend", tag = "money",
    params(AuthorisationNamed, IdempotencyKey), request_body = Extension,
    responses((status = OK, body = Authorisation), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn extend(
    caller: Writing,
    Path(named): Path<AuthorisationNamed>,
    Asking { body, once }: Asking<Extension>,
) -> Result<Json<Authorisation>, Problem> {
    let id = named.id()?;
    let lasts = lasting(body.expires_in_seconds)?;
    let extended = blocking(move || {
        let account = caller.engine.hold_facts(&caller.cloud, id)?.account;
        let extended = caller.engine_for(Some(once)).extend(&caller.cloud, &account, id, lasts)?;
        shown(&caller, extended)
    });
    Ok(Json(extended.await?))
}

/// Gives back what is still reserved.
#[utoipa::path(post, path = "/v1/authorisations/{authorisation}/release", tag = "money",
    params(AuthorisationNamed, IdempotencyKey),
    responses((status = OK, body = Authorisation), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn release(
    caller: Writing,
    Path(named): Path<AuthorisationNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Authorisation>, Problem> {
    let id = named.id()?;
    let released = blocking(move || {
        let account = caller.engine.hold_facts(&caller.cloud, id)?.account;
        let released = caller.engine_for(Some(once)).release(&caller.cloud, &account, id)?;
        shown(&caller, released)
    });
    Ok(Json(released.await?))
}

fn asked_hold(caller: &Caller, hold: NewHold, once: Once) -> AskedHold {
    AskedHold { asked: caller.asked(Some(once)), cloud: caller.cloud.clone(), hold }
}

fn hold(caller: &Caller, new: &NewAuthorisation) -> Result<NewHold, Problem> {
    let now = caller.engine.now()?;
    let lasts = new.expires_in_seconds.map(lasting).transpose()?;
    Ok(NewHold {
        id: caller.engine.ids().id(now),
        account: new.account.clone(),
        amount: amount(caller, new)?,
        product: new.product.clone().or_else(|| new.usage.as_ref().map(|usage| usage.product.clone())),
        uses: new.usage.as_ref().map_or(Ok(Vec::new()), used)?,
        lasts,
    })
}

/// What of it its product's quotas count.
fn used(usage: &Usage) -> Result<Vec<(String, Quantity)>, Problem> {
    let mut used = Vec::with_capacity(usage.quantities.len());
    for (meter, raw) in &usage.quantities {
        used.push((meter.clone(), quantity(raw, &format!("usage.quantities.{meter}"))?));
    }
    Ok(used)
}

fn lasting(seconds: i64) -> Result<Duration, Problem> {
    let possible = (1..=SECONDS_MAX).contains(&seconds).then(|| Duration::try_from_seconds(seconds).ok()).flatten();
    possible.ok_or_else(|| {
        let what = format!("an authorisation lasts 1 to {SECONDS_MAX} seconds");
        Problem::new(problem::INVALID, what).field("expires_in_seconds")
    })
}

fn amount(caller: &Caller, new: &NewAuthorisation) -> Result<Money, Problem> {
    match (&new.amount, &new.usage) {
        (Some(amount), None) => amount.money("amount"),
        (None, Some(usage)) => {
            let ask =
                ask_of(usage, Some(&new.account), caller.engine.now()?).map_err(|problem| problem.below("usage"))?;
            let estimate = caller.engine.estimate(&caller.cloud, &ask)?;
            let estimate =
                estimate.map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("usage"))?;
            Ok(estimate.total.net)
        }
        _ => {
            Err(Problem::new(problem::INVALID, "say an amount, or the usage it is for: one of the two").field("amount"))
        }
    }
}

fn shown(caller: &Caller, hold: HoldFacts) -> Result<Authorisation, Problem> {
    Ok(written(hold, caller.engine.cloud_facts(&caller.cloud)?.currency))
}

fn written(hold: HoldFacts, currency: Currency) -> Authorisation {
    let state = match hold.standing {
        HoldStanding::Open => AuthorisationState::Open,
        HoldStanding::Captured => AuthorisationState::Captured,
        HoldStanding::Released => AuthorisationState::Released,
        HoldStanding::Expired => AuthorisationState::Expired,
    };
    Authorisation {
        id: hold.id().to_string(),
        account: hold.account,
        amount: Amount::units(hold.amount, currency),
        captured: Amount::units(hold.captured, currency),
        state,
        expires_at: time_of_micros(hold.expires),
    }
}

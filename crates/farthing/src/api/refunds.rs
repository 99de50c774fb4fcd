//! Refunds: what was paid in and not used, back to where it came from. Asked for, decided by an operator or by the policy, sent.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::payments::{Decision, currency_of};
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::money::Currency;
use farthing_core::payment::{RefundId, RefundState as State};
use farthing_engine::{NewRefund as EngineNewRefund, RefundFacts, RefundPartFacts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRefund {
    /// Without its tax, which goes back with it; all that can be given back when it is not said.
    amount: Option<Amount>,
    /// Why; the customer reads it.
    #[serde(default)]
    #[schema(example = "moves to another region", max_length = 1000)]
    reason: String,
    /// What you call it. It is there once: asked for again, this refund is answered.
    #[schema(example = "ticket-4711", max_length = 255)]
    reference: Option<String>,
    /// True: an operator gives it, whatever the policy says of refunds, and nobody has to approve it. Needs the scope admin.
    #[serde(default)]
    by_operator: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refund {
    #[schema(example = "rf_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    reference: Option<String>,
    amount: Amount,
    /// `asked`: it waits for an operator; `refused`; `approved`: it has left the balance; `sent`; `failed`: what could not be
    /// sent is on the balance again.
    #[schema(example = "sent")]
    state: String,
    reason: String,
    #[schema(format = DateTime)]
    asked_at: String,
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// Who decided.
    decided_by: Option<String>,
    note: Option<String>,
    /// To which payments it goes.
    parts: Vec<RefundPart>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefundPart {
    payment: String,
    amount: Amount,
    tax: Amount,
    /// `waiting`, `sent` or `failed`.
    state: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refundable {
    account: String,
    /// Paid in, not used, not held and not owed. Credit that was given is never paid out.
    amount: Amount,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundState {
    Asked,
    Refused,
    Approved,
    Sent,
    Failed,
}

impl RefundState {
    const fn core(self) -> State {
        match self {
            RefundState::Asked => State::Asked,
            RefundState::Refused => State::Refused,
            RefundState::Approved => State::Approved,
            RefundState::Sent => State::Sent,
            RefundState::Failed => State::Failed,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RefundSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those in this state. `asked`: what waits for an operator.
    state: Option<RefundState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RefundNamed {
    /// The refund's id.
    #[param(example = "rf_01m0abw8g0tfjbn245fasf0w43")]
    refund: String,
}

impl RefundNamed {
    fn id(&self) -> Result<RefundId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no refund {:?}", self.refund));
        RefundId::parse(&self.refund).map_err(unknown)
    }
}

/// Asks for money back. It waits for an operator, or is sent at once: the cloud's policy says which.
#[utoipa::path(post, path = "/v1/accounts/{account}/refunds", tag = "payments", params(Named, IdempotencyKey),
    request_body = NewRefund, responses((status = CREATED, body = Refund), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn ask(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewRefund>,
) -> Result<(StatusCode, Json<Refund>), Problem> {
    written(&body.reason, 1_000, "reason")?;
    maybe_written(body.reference.as_ref(), 255, "reference")?;
    if body.by_operator {
        caller.must_administer("by_operator")?;
    }
    let wanted = EngineNewRefund {
        account: named.account,
        amount: body.amount.map(|amount| amount.money("amount")).transpose()?,
        reason: body.reason,
        reference: body.reference,
        by_operator: body.by_operator,
    };
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).refund(&caller.cloud, &wanted)?;
        Ok(refund(facts, currency_of(&caller)?))
    });
    Ok((StatusCode::CREATED, Json(done.await?)))
}

/// What could be given back now.
#[utoipa::path(get, path = "/v1/accounts/{account}/refundable", tag = "payments", params(Named),
    responses((status = OK, body = Refundable), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn refundable(caller: Reading, Path(named): Path<Named>) -> Result<Json<Refundable>, Problem> {
    let answer = blocking(move || {
        let most = caller.engine.refundable(&caller.cloud, &named.account)?;
        Ok(Refundable { account: named.account, amount: Amount::of(most) })
    });
    Ok(Json(answer.await?))
}

/// Lists refunds, the newest first.
#[utoipa::path(get, path = "/v1/refunds", tag = "payments", params(RefundSearch, Paging),
    responses((status = OK, body = Page<Refund>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<RefundSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Refund>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| RefundId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let (rows, currency) = blocking(move || {
        let state = search.state.map(RefundState::core);
        let rows = caller.engine.refunds(&caller.cloud, search.account.as_deref(), state, before, limit + 1)?;
        Ok((rows, currency_of(&caller)?))
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), |row| refund(row, currency))))
}

/// One refund.
#[utoipa::path(get, path = "/v1/refunds/{refund}", tag = "payments", params(RefundNamed),
    responses((status = OK, body = Refund), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<RefundNamed>) -> Result<Json<Refund>, Problem> {
    let id = named.id()?;
    let answer = blocking(move || {
        let facts = caller.engine.refund_facts(&caller.cloud, id)?;
        Ok(refund(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Approves a refund that waits: it leaves the balance now, and is sent. What was used since it was asked for cannot go back any more.
#[utoipa::path(post, path = "/v1/refunds/{refund}/approve", tag = "payments", params(RefundNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = Refund), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn approve(
    caller: Administering,
    Path(named): Path<RefundNamed>,
    asking: Asking<Decision>,
) -> Result<Json<Refund>, Problem> {
    decide(caller, named, asking, true).await
}

/// Refuses a refund that waits.
#[utoipa::path(post, path = "/v1/refunds/{refund}/refuse", tag = "payments", params(RefundNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = Refund), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn refuse(
    caller: Administering,
    Path(named): Path<RefundNamed>,
    asking: Asking<Decision>,
) -> Result<Json<Refund>, Problem> {
    decide(caller, named, asking, false).await
}

async fn decide(
    caller: Administering,
    named: RefundNamed,
    Asking { body, once }: Asking<Decision>,
    approves: bool,
) -> Result<Json<Refund>, Problem> {
    let id = named.id()?;
    written(&body.note, 1_000, "note")?;
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).decide_refund(&caller.cloud, id, approves, &body.note)?;
        Ok(refund(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

fn refund(facts: RefundFacts, currency: Currency) -> Refund {
    let part = |part: RefundPartFacts| RefundPart {
        payment: part.payment,
        amount: Amount::units(part.net, currency),
        tax: Amount::units(part.tax, currency),
        state: part.state,
    };
    Refund {
        id: facts.id,
        account: facts.account,
        reference: some_text(facts.reference),
        amount: Amount::units(facts.amount, currency),
        state: facts.state,
        reason: facts.reason,
        asked_at: time_of_micros(facts.asked),
        decided_at: facts.decided.map(time_of_micros),
        decided_by: some_text(facts.who),
        note: some_text(facts.note),
        parts: facts.parts.into_iter().map(part).collect(),
    }
}

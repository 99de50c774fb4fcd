//! Disputes: what a customer says is wrong about a bill. While one is open nobody asks for so much of it; an operator decides.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::bills::BillNamed;
use super::blocking;
use super::caller::{Administering, Caller, Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::payments::{Decision as Noted, currency_of};
use super::problem::{self, Problem};
use super::wire::{Amount, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::bill::DisputeState as State;
use farthing_core::money::Currency;
use farthing_core::payment::{BillDisputeId, BillId};
use farthing_engine::{BillDisputeFacts, Decision, NewBillDispute, Once};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDispute {
    /// What is wrong, with its tax. When it is not said: all that is to be paid, or where all is paid, all that the bill asked for.
    amount: Option<Amount>,
    /// Why; an operator reads it, and the credit note says it.
    #[schema(example = "two nodes were stopped by then", max_length = 1000)]
    reason: String,
}

/// What is right about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputeGrant {
    /// What the bill is credited by, with its tax; all that is disputed when it is not said.
    amount: Option<Amount>,
    /// Why; the customer reads it.
    #[serde(default)]
    #[schema(example = "the meter was read twice", max_length = 1000)]
    note: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillDispute {
    #[schema(example = "disp_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    bill: String,
    /// Of the bill; null: it is about to get one.
    #[schema(example = "ELE-2026-000042")]
    number: Option<String>,
    amount: Amount,
    reason: String,
    #[schema(format = DateTime)]
    opened_at: String,
    /// `open`: it waits for an operator; `granted`, `refused`, `withdrawn`.
    #[schema(example = "open")]
    state: String,
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// What the bill was credited by.
    granted: Amount,
    /// Who decided.
    decided_by: Option<String>,
    note: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BillDisputeState {
    Open,
    Granted,
    Refused,
    Withdrawn,
}

impl BillDisputeState {
    const fn core(self) -> State {
        match self {
            BillDisputeState::Open => State::Open,
            BillDisputeState::Granted => State::Granted,
            BillDisputeState::Refused => State::Refused,
            BillDisputeState::Withdrawn => State::Withdrawn,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DisputeSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those about this bill, by its id.
    bill: Option<String>,
    /// Only those in this state. `open`: what waits for an operator.
    state: Option<BillDisputeState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DisputeNamed {
    /// The dispute's id.
    #[param(example = "disp_01m0abw8g0tfjbn245fasf0w43")]
    dispute: String,
}

impl DisputeNamed {
    fn id(&self) -> Result<BillDisputeId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no dispute {:?}", self.dispute));
        BillDisputeId::parse(&self.dispute).map_err(unknown)
    }
}

/// Disputes a bill, or a part of it: nobody asks for that any more until it is decided, and it is not late meanwhile.
#[utoipa::path(post, path = "/v1/bills/{bill}/disputes", tag = "bills", params(BillNamed, IdempotencyKey),
    request_body = NewDispute, responses((status = CREATED, body = BillDispute), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn open(
    caller: Writing,
    Path(named): Path<BillNamed>,
    Asking { body, once }: Asking<NewDispute>,
) -> Result<(StatusCode, Json<BillDispute>), Problem> {
    written(&body.reason, 1_000, "reason")?;
    let amount = body.amount.map(|amount| amount.money("amount")).transpose()?;
    let wanted = NewBillDispute { bill: named.id()?, amount, reason: body.reason };
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).dispute_bill(&caller.cloud, &wanted)?;
        Ok(dispute(facts, currency_of(&caller)?))
    });
    Ok((StatusCode::CREATED, Json(done.await?)))
}

/// Lists disputes, the newest first.
#[utoipa::path(get, path = "/v1/disputes", tag = "bills", params(DisputeSearch, Paging),
    responses((status = OK, body = Page<BillDispute>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<DisputeSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<BillDispute>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| BillDisputeId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let unknown = |text: &str| Problem::new(problem::NOT_FOUND, format!("there is no bill {text:?}"));
    let bill = search.bill.as_deref().map(|text| BillId::parse(text).map_err(|_| unknown(text))).transpose()?;
    let (rows, currency) = blocking(move || {
        let of = (search.account.as_deref(), bill);
        let state = search.state.map(BillDisputeState::core);
        let rows = caller.engine.bill_disputes(&caller.cloud, of, state, before, limit + 1)?;
        Ok((rows, currency_of(&caller)?))
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), |row| dispute(row, currency))))
}

/// One dispute.
#[utoipa::path(get, path = "/v1/disputes/{dispute}", tag = "bills", params(DisputeNamed),
    responses((status = OK, body = BillDispute), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<DisputeNamed>) -> Result<Json<BillDispute>, Problem> {
    let id = named.id()?;
    let answer = blocking(move || {
        let facts = caller.engine.bill_dispute(&caller.cloud, id)?;
        Ok(dispute(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Grants a dispute: a credit note lowers the bill, and what was paid too much goes to the balance.
#[utoipa::path(post, path = "/v1/disputes/{dispute}/grant", tag = "bills", params(DisputeNamed, IdempotencyKey),
    request_body = DisputeGrant, responses((status = OK, body = BillDispute), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn grant(
    caller: Administering,
    Path(named): Path<DisputeNamed>,
    Asking { body, once }: Asking<DisputeGrant>,
) -> Result<Json<BillDispute>, Problem> {
    written(&body.note, 1_000, "note")?;
    let decision = Decision::Grant(body.amount.map(|amount| amount.money("amount")).transpose()?);
    let id = named.id()?;
    decide(caller, (id, once), decision, body.note).await
}

/// Refuses a dispute: the bill asks for all of it again.
#[utoipa::path(post, path = "/v1/disputes/{dispute}/refuse", tag = "bills", params(DisputeNamed, IdempotencyKey),
    request_body = Noted, responses((status = OK, body = BillDispute), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn refuse(
    caller: Administering,
    Path(named): Path<DisputeNamed>,
    Asking { body, once }: Asking<Noted>,
) -> Result<Json<BillDispute>, Problem> {
    written(&body.note, 1_000, "note")?;
    let id = named.id()?;
    decide(caller, (id, once), Decision::Refuse, body.note).await
}

/// Takes a dispute back, for whoever opened it.
#[utoipa::path(post, path = "/v1/disputes/{dispute}/withdraw", tag = "bills", params(DisputeNamed, IdempotencyKey),
    responses((status = OK, body = BillDispute), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn withdraw(
    caller: Writing,
    Path(named): Path<DisputeNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<BillDispute>, Problem> {
    let id = named.id()?;
    decide(caller, (id, once), Decision::Withdraw, String::new()).await
}

async fn decide(
    caller: impl Deref<Target = Caller> + Send + 'static,
    (id, once): (BillDisputeId, Once),
    decision: Decision,
    note: String,
) -> Result<Json<BillDispute>, Problem> {
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).decide_bill_dispute(&caller.cloud, id, &decision, &note)?;
        Ok(dispute(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

fn dispute(facts: BillDisputeFacts, currency: Currency) -> BillDispute {
    BillDispute {
        id: facts.id,
        account: facts.account,
        bill: facts.bill,
        number: some_text(facts.number),
        amount: Amount::units(facts.amount, currency),
        reason: facts.reason,
        opened_at: time_of_micros(facts.opened),
        state: facts.state,
        decided_at: facts.decided.map(time_of_micros),
        granted: Amount::units(facts.granted, currency),
        decided_by: some_text(facts.who),
        note: some_text(facts.note),
    }
}

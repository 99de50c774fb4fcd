//! Invoices on request: of what was used and paid. Who asks chooses the charges; an operator issues it.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::payments::{Decision, currency_of};
use super::problem::{self, Problem};
use super::wire::{Amount, read_times, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::bill::RequestState as State;
use farthing_core::money::Currency;
use farthing_core::payment::InvoiceRequestId;
use farthing_engine::{InvoiceBuyer, InvoiceDecision, InvoiceRequestFacts, NewInvoiceRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvoice {
    /// Charges by their numbers among the account's. Empty: all within the time that no invoice was asked for.
    #[serde(default)]
    charges: Vec<i64>,
    /// Of the service.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Not included.
    #[schema(format = DateTime)]
    to: Option<String>,
    /// Who it is for, where that is not who the account is.
    buyer: Option<Buyer>,
}

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Buyer {
    #[serde(default)]
    #[schema(example = "Acme Ltd", max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    address: String,
    #[serde(default)]
    #[schema(max_length = 100)]
    tax_number: String,
    /// Where it goes on paper; empty: by mail alone.
    #[serde(default)]
    #[schema(max_length = 500)]
    post_to: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceRequest {
    #[schema(example = "ireq_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    /// `asked`: it waits for an operator; `issued`, `refused`, `withdrawn`.
    #[schema(example = "asked")]
    state: String,
    buyer: Buyer,
    #[schema(format = DateTime)]
    asked_at: String,
    /// By when it is to be issued.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// It was not, by then.
    late: bool,
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// What was paid of its charges.
    amount: Amount,
    /// What the invoice says, in whole coins: what is left of one is on the next.
    total: Amount,
    /// The invoice, among the bills.
    bill: Option<String>,
    #[schema(example = "I-BOH-2026-000042")]
    number: Option<String>,
    decided_by: Option<String>,
    note: Option<String>,
    charges: Vec<i64>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InvoiceState {
    Asked,
    Issued,
    Refused,
    Withdrawn,
}

impl InvoiceState {
    const fn core(self) -> State {
        match self {
            InvoiceState::Asked => State::Asked,
            InvoiceState::Issued => State::Issued,
            InvoiceState::Refused => State::Refused,
            InvoiceState::Withdrawn => State::Withdrawn,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvoiceSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those in this state. `asked`: what waits for an operator.
    state: Option<InvoiceState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InvoiceNamed {
    /// The request's id.
    #[param(example = "ireq_01m0abw8g0tfjbn245fasf0w43")]
    invoice: String,
}

impl InvoiceNamed {
    fn id(&self) -> Result<InvoiceRequestId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no request {:?}", self.invoice));
        InvoiceRequestId::parse(&self.invoice).map_err(unknown)
    }
}

/// Asks for an invoice of what was used and paid. Each charge is invoiced once; what free credit paid is not.
#[utoipa::path(post, path = "/v1/accounts/{account}/invoice-requests", tag = "bills", params(Named, IdempotencyKey),
    request_body = NewInvoice, responses((status = CREATED, body = InvoiceRequest), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn ask(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewInvoice>,
) -> Result<(StatusCode, Json<InvoiceRequest>), Problem> {
    let buyer = body.buyer.unwrap_or_default();
    written(&buyer.name, 200, "buyer.name")?;
    written(&buyer.address, 500, "buyer.address")?;
    written(&buyer.tax_number, 100, "buyer.tax_number")?;
    written(&buyer.post_to, 500, "buyer.post_to")?;
    let Buyer { name, address, tax_number, post_to } = buyer;
    let wanted = NewInvoiceRequest {
        account: named.account,
        charges: body.charges,
        from: read_times(body.from.as_ref(), "from")?,
        to: read_times(body.to.as_ref(), "to")?,
        buyer: InvoiceBuyer { name, address, tax_number, post_to },
    };
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).request_invoice(&caller.cloud, &wanted)?;
        Ok(request(facts, currency_of(&caller)?))
    });
    Ok((StatusCode::CREATED, Json(done.await?)))
}

/// Lists requests for invoices, the newest first.
#[utoipa::path(get, path = "/v1/invoice-requests", tag = "bills", params(InvoiceSearch, Paging),
    responses((status = OK, body = Page<InvoiceRequest>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<InvoiceSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<InvoiceRequest>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| InvoiceRequestId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let (rows, currency) = blocking(move || {
        let state = search.state.map(InvoiceState::core);
        let rows =
            caller.engine.invoice_requests(&caller.cloud, search.account.as_deref(), state, before, limit + 1)?;
        Ok((rows, currency_of(&caller)?))
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), |row| request(row, currency))))
}

/// One request for an invoice.
#[utoipa::path(get, path = "/v1/invoice-requests/{invoice}", tag = "bills", params(InvoiceNamed),
    responses((status = OK, body = InvoiceRequest), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<InvoiceNamed>) -> Result<Json<InvoiceRequest>, Problem> {
    let id = named.id()?;
    let answer = blocking(move || {
        let facts = caller.engine.invoice_request(&caller.cloud, id)?;
        Ok(request(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Issues an invoice that was asked for.
#[utoipa::path(post, path = "/v1/invoice-requests/{invoice}/issue", tag = "bills", params(InvoiceNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = InvoiceRequest), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn issue(
    caller: Administering,
    Path(named): Path<InvoiceNamed>,
    asking: Asking<Decision>,
) -> Result<Json<InvoiceRequest>, Problem> {
    decide(caller, named, asking, InvoiceDecision::Issue).await
}

/// Refuses an invoice that was asked for: its charges can be asked for again.
#[utoipa::path(post, path = "/v1/invoice-requests/{invoice}/refuse", tag = "bills", params(InvoiceNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = InvoiceRequest), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn refuse(
    caller: Administering,
    Path(named): Path<InvoiceNamed>,
    asking: Asking<Decision>,
) -> Result<Json<InvoiceRequest>, Problem> {
    decide(caller, named, asking, InvoiceDecision::Refuse).await
}

async fn decide(
    caller: Administering,
    named: InvoiceNamed,
    Asking { body, once }: Asking<Decision>,
    decision: InvoiceDecision,
) -> Result<Json<InvoiceRequest>, Problem> {
    written(&body.note, 1_000, "note")?;
    let id = named.id()?;
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).decide_invoice(&caller.cloud, id, decision, &body.note)?;
        Ok(request(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

/// Takes a request back, for whoever asked.
#[utoipa::path(post, path = "/v1/invoice-requests/{invoice}/withdraw", tag = "bills", params(InvoiceNamed, IdempotencyKey),
    responses((status = OK, body = InvoiceRequest), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn withdraw(
    caller: Writing,
    Path(named): Path<InvoiceNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<InvoiceRequest>, Problem> {
    let id = named.id()?;
    let done = blocking(move || {
        let engine = caller.engine_for(Some(once));
        let facts = engine.decide_invoice(&caller.cloud, id, InvoiceDecision::Withdraw, "")?;
        Ok(request(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

fn request(facts: InvoiceRequestFacts, currency: Currency) -> InvoiceRequest {
    let InvoiceBuyer { name, address, tax_number, post_to } = facts.buyer;
    InvoiceRequest {
        id: facts.id,
        account: facts.account,
        state: facts.state,
        buyer: Buyer { name, address, tax_number, post_to },
        asked_at: time_of_micros(facts.asked),
        due_at: facts.due.map(time_of_micros),
        late: facts.late,
        decided_at: facts.decided.map(time_of_micros),
        amount: Amount::units(facts.exact, currency),
        total: Amount::units(facts.total, currency),
        bill: facts.bill,
        number: some_text(facts.number),
        decided_by: some_text(facts.who),
        note: some_text(facts.note),
        charges: facts.charges,
    }
}

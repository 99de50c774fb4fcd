//! Accounts: who pays. Opened, listed, looked at; whom to write to, and what they have.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::{Amount, time, time_of_micros};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Currency;
use farthing_core::policy::Pay;
use farthing_core::time::Zone;
use farthing_engine::{AccountFacts, Contact as EngineContact, NewAccount as EngineNewAccount};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// What you call it: lower-case letters, digits, `-`, `_` and `.`, at most 80. It is its id in every address.
    #[schema(example = "acme", pattern = "^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?$", max_length = 80)]
    name: String,
    /// Whose days its charges are of; the cloud's when it is not said.
    #[schema(example = "Europe/Rome")]
    zone: Option<String>,
    /// Two letters; the account's own.
    #[schema(example = "IT")]
    country: Option<String>,
    /// Whether it pays before or after use; what the cloud says when it is not said.
    pay: Option<PayWhen>,
    contact: Option<Contact>,
    /// The cloud's, which is every account's: another one is refused.
    #[schema(example = "USD")]
    currency: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayWhen {
    Prepaid,
    Postpaid,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// Null: what the cloud says.
    pay: Option<PayWhen>,
}

/// Whom to write to. All that is known of a person; it can be erased.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    #[serde(default)]
    #[schema(example = "Ada Rossi")]
    name: String,
    #[serde(default)]
    #[schema(example = "ada@acme.example")]
    email: String,
    /// Such as `en` or `zh`; the cloud's when it is empty.
    #[serde(default)]
    #[schema(example = "en")]
    language: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    name: String,
    zone: String,
    /// Two letters, or nothing.
    country: String,
    /// What was said of it; null: what the cloud says.
    pay: Option<String>,
    #[schema(format = DateTime)]
    opened_at: String,
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    contact: Option<Contact>,
}

/// What an account has, at one instant.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the wire has no better word for what is there")]
pub(crate) struct Balance {
    #[schema(format = DateTime)]
    at: String,
    currency: String,
    /// Paid in and not yet spent, credit included.
    balance: String,
    /// Of it, credit that was given.
    credit: String,
    /// Used and not yet taken off.
    accrued: String,
    /// Reserved by authorisations.
    held: String,
    /// What can be spent now: balance less accrued less held.
    available: String,
    /// Owed and payable.
    due: String,
    /// What bills too small to be collected have left for the next one: not due.
    rolled: String,
    /// What an hour costs at what runs now.
    burn_per_hour: String,
    /// When it runs out if nothing changes; null: not within what can be foreseen.
    #[schema(format = DateTime)]
    runs_out_at: Option<String>,
    /// Since when there is nothing left; null: there is.
    #[schema(format = DateTime)]
    ran_out_at: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Search {
    /// Only those whose names contain this.
    q: Option<String>,
}

/// Lists accounts in the order of their opening.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(Search, Paging),
    responses((status = OK, body = Page<Account>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<Search>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Account>>, Problem> {
    let limit = paging.limit()?;
    let after = OwnerId(paging.number()?.unwrap_or(0));
    let search = search.q.unwrap_or_default();
    let rows = blocking(move || Ok(caller.engine.accounts(&caller.cloud, after, &search, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| cursor_of(row.number), account)))
}

/// Opens an account.
///
/// Opened again with the same facts it is there already; with other facts that is a conflict.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", params(IdempotencyKey), request_body = NewAccount,
    responses((status = CREATED, body = Account), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn open(
    caller: Writing,
    Asking { body, once }: Asking<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    if let Some(zone) = &body.zone {
        Zone::parse(zone).map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("zone"))?;
    }
    let new = EngineNewAccount {
        name: named(body.name)?,
        zone: body.zone,
        country: body.country.map(country).transpose()?,
        pay: body.pay.map(pay_of),
        contact: body.contact.map(contact),
        currency: body.currency.as_deref().map(currency_named).transpose()?,
    };
    let opened = blocking(move || Ok(caller.engine_for(Some(once)).open_account(&caller.cloud, &new)?)).await?;
    Ok((StatusCode::CREATED, Json(account(opened))))
}

fn currency_named(code: &str) -> Result<Currency, Problem> {
    Currency::parse(code).map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("currency"))
}

/// One account.
#[utoipa::path(get, path = "/v1/accounts/{account}", tag = "accounts", params(Named),
    responses((status = OK, body = Account), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<Named>) -> Result<Json<Account>, Problem> {
    let facts = blocking(move || Ok(caller.engine.account_facts(&caller.cloud, &named.account)?)).await?;
    Ok(Json(account(facts)))
}

/// Says whom to write to about an account.
#[utoipa::path(put, path = "/v1/accounts/{account}/contact", tag = "accounts", params(Named, IdempotencyKey),
    request_body = Contact, responses((status = OK, body = Account), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set_contact(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<Contact>,
) -> Result<Json<Account>, Problem> {
    let new = contact(body);
    let work = move || Ok(caller.engine_for(Some(once)).set_contact(&caller.cloud, &named.account, Some(&new))?);
    Ok(Json(account(blocking(work).await?)))
}

/// Erases the person an account is written to: name and address. The account, its charges and its ledger stay as they are.
#[utoipa::path(delete, path = "/v1/accounts/{account}/contact", tag = "accounts", params(Named, IdempotencyKey),
    responses((status = OK, body = Account), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn erase_contact(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Account>, Problem> {
    let work = move || Ok(caller.engine_for(Some(once)).set_contact(&caller.cloud, &named.account, None)?);
    Ok(Json(account(blocking(work).await?)))
}

/// Says whether an account pays before or after use, from now on; it is settled to this second first.
#[utoipa::path(patch, path = "/v1/accounts/{account}", tag = "accounts", params(Named, IdempotencyKey),
    request_body = AccountChange, responses((status = OK, body = Account), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn change(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<AccountChange>,
) -> Result<Json<Account>, Problem> {
    let pay = body.pay.map(pay_of);
    let work = move || Ok(caller.engine_for(Some(once)).set_pay(&caller.cloud, &named.account, pay)?);
    Ok(Json(account(blocking(work).await?)))
}

/// Closes an account: nothing is asked of it any more, and what is told late of its past is booked as ever.
///
/// Its last bill comes at once, however small, and what was paid in and not used is asked back, where the cloud's policy has either. It is refused
/// while anything of it still costs, or money of it is held.
#[utoipa::path(post, path = "/v1/accounts/{account}/close", tag = "accounts", params(Named, IdempotencyKey),
    responses((status = OK, body = Account), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn close(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Account>, Problem> {
    let work = move || Ok(caller.engine_for(Some(once)).close_account(&caller.cloud, &named.account)?);
    Ok(Json(account(blocking(work).await?)))
}

/// What an account has now: one read, whatever its history.
#[utoipa::path(get, path = "/v1/accounts/{account}/balance", tag = "accounts", params(Named),
    responses((status = OK, body = Balance), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn balance(caller: Reading, Path(named): Path<Named>) -> Result<Json<Balance>, Problem> {
    let (at, view) = blocking(move || {
        let now = caller.engine.now()?;
        Ok((now, caller.engine.account_view(&caller.cloud, &named.account, now)?))
    })
    .await?;
    let amount = |units: i64| Amount::units(units, view.currency).amount;
    Ok(Json(Balance {
        at: time(at),
        currency: view.currency.code().to_owned(),
        balance: amount(view.figures.balance),
        credit: amount(view.figures.credit),
        accrued: amount(view.figures.accrued),
        held: amount(view.held),
        available: amount(view.available),
        due: amount(view.due),
        rolled: amount(view.rolled),
        burn_per_hour: amount(view.burn_per_hour),
        runs_out_at: view.runs_out_at.map(time),
        ran_out_at: view.ran_out_at.map(time),
    }))
}

/// An account in an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct Named {
    /// The account's name.
    #[param(example = "acme")]
    pub(crate) account: String,
}

fn pay_of(pay: PayWhen) -> Pay {
    match pay {
        PayWhen::Prepaid => Pay::Prepaid,
        PayWhen::Postpaid => Pay::Postpaid,
    }
}

pub(super) fn named(text: String) -> Result<String, Problem> {
    if Name::parse(&text).is_some() {
        return Ok(text);
    }
    let what = format!("{text:?} is no name: use lower-case letters, digits, - and _");
    Err(Problem::new(problem::INVALID, what).field("name"))
}

fn country(text: String) -> Result<String, Problem> {
    let letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if letters {
        return Ok(text);
    }
    Err(Problem::new(problem::INVALID, "a country is two capital letters, such as IT").field("country"))
}

fn contact(wire: Contact) -> EngineContact {
    EngineContact { name: wire.name, email: wire.email, language: wire.language }
}

fn account(facts: AccountFacts) -> Account {
    Account {
        name: facts.name,
        zone: facts.zone,
        country: facts.country,
        pay: facts.pay,
        opened_at: time_of_micros(facts.opened),
        closed_at: facts.closed.map(time_of_micros),
        contact: facts.contact.map(|known| Contact { name: known.name, email: known.email, language: known.language }),
    }
}

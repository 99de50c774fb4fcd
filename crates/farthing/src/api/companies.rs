//! Who an account is, for taxes and on documents; and charges that are waived.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::payments::currency_of;
use super::problem::Problem;
use super::wire::{Amount, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::money::Currency;
use farthing_engine::{CompanyChange, CompanyFacts, Waived as EngineWaived, Waiver};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is not said is empty.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Company {
    #[serde(default)]
    #[schema(example = "Muster GmbH", max_length = 200)]
    name: String,
    /// In lines.
    #[serde(default)]
    #[schema(example = "Musterstr. 1\n10115 Berlin", max_length = 1000)]
    address: String,
    /// Two letters; the account's own when it is not said.
    #[serde(default)]
    #[schema(example = "DE")]
    country: String,
    /// Where the country has rates of its own for parts of it.
    #[serde(default)]
    #[schema(example = "", max_length = 200)]
    region: String,
    /// Of a member state of the European Union it is checked by its form and its check digits.
    #[serde(default)]
    #[schema(example = "DE136695976", max_length = 40)]
    tax_number: String,
    /// Whether its bills are collected by themselves; null: as the cloud's policy says.
    #[serde(default)]
    collect: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWaiver {
    /// Of what it was charged.
    #[schema(example = "service")]
    product: String,
    amount: Amount,
    /// Why; the customer reads it.
    #[schema(example = "the disk was slow on 3 March", min_length = 1, max_length = 1000)]
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waived {
    account: String,
    product: String,
    amount: Amount,
    /// Off how many charges it was taken, the newest first.
    charges: usize,
}

/// Who an account is.
#[utoipa::path(get, path = "/v1/accounts/{account}/company", tag = "accounts", params(Named),
    responses((status = OK, body = Company), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<Named>) -> Result<Json<Company>, Problem> {
    Ok(Json(company(blocking(move || Ok(caller.engine.company(&caller.cloud, &named.account)?)).await?)))
}

/// Says who an account is. What was issued before stays as it was.
#[utoipa::path(put, path = "/v1/accounts/{account}/company", tag = "accounts", params(Named, IdempotencyKey),
    request_body = Company, responses((status = OK, body = Company), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<Company>,
) -> Result<Json<Company>, Problem> {
    let change = CompanyChange {
        name: Some(body.name),
        address: Some(body.address),
        country: Some(body.country),
        region: Some(body.region),
        tax_number: Some(body.tax_number),
        collect: body.collect,
    };
    let work = move || Ok(caller.engine_for(Some(once)).set_company(&caller.cloud, &named.account, &change)?);
    Ok(Json(company(blocking(work).await?)))
}

/// Forgets who an account is. What was issued keeps its own copy, as the law wants it.
#[utoipa::path(delete, path = "/v1/accounts/{account}/company", tag = "accounts", params(Named, IdempotencyKey),
    responses((status = OK, body = Company), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn erase(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Company>, Problem> {
    let work = move || {
        caller.engine_for(Some(once)).erase_company(&caller.cloud, &named.account)?;
        Ok(caller.engine.company(&caller.cloud, &named.account)?)
    };
    Ok(Json(company(blocking(work).await?)))
}

/// Waives a part of what an account was charged for a product: it goes back to what paid it, the newest charges first. Never more than they cost.
#[utoipa::path(post, path = "/v1/accounts/{account}/waivers", tag = "charges", params(Named, IdempotencyKey),
    request_body = NewWaiver, responses((status = CREATED, body = Waived), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn waive(
    caller: Administering,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewWaiver>,
) -> Result<(StatusCode, Json<Waived>), Problem> {
    written(&body.reason, 1_000, "reason")?;
    written(&body.product, 255, "product")?;
    let amount = body.amount.money("amount")?;
    let waiver = Waiver { product: body.product, amount, reason: body.reason, from: None, to: None };
    let work = move || {
        let done: EngineWaived = caller.engine_for(Some(once)).waive_charge(&caller.cloud, &named.account, &waiver)?;
        let currency: Currency = currency_of(&caller)?;
        let amount = Amount::units(waiver.amount.units(), currency);
        Ok(Waived { account: named.account, product: waiver.product, amount, charges: done.charges })
    };
    Ok((StatusCode::CREATED, Json(blocking(work).await?)))
}

fn company(facts: CompanyFacts) -> Company {
    let CompanyFacts { name, address, country, region, tax_number, collect } = facts;
    Company { name, address, country, region, tax_number, collect }
}

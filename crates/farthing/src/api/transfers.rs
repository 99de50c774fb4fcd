//! How a customer pays through their bank: where they transfer money to, and mandates by which they let it be debited.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::methods::{Method, mandate, method};
use super::page::Asked;
use super::payments::currency_of;
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, some_text, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::bank::Scheme as CoreScheme;
use farthing_core::money::Money;
use farthing_engine::NewMandate as EngineNewMandate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where a customer transfers money to, and what they write.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransferDetails {
    account: String,
    #[schema(example = "Example Cloud GmbH")]
    holder: String,
    /// In groups of four where it is an IBAN.
    #[schema(example = "DE89 3704 0044 0532 0130 00")]
    iban: String,
    bic: Option<String>,
    /// The account's own, for good: whatever comes with it is the account's.
    #[schema(example = "K7F-3M2Q-9XD")]
    reference: String,
    /// What a banking app reads from a code that is scanned (EPC069-12); null: the cloud is not in the SEPA area.
    scan: Option<String>,
    /// Above this only a transfer is taken; null: there is no such bound.
    required_above: Option<Amount>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TransferAsked {
    /// Put into the code that is scanned: a decimal, in the cloud's currency.
    #[param(example = "250.00")]
    amount: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMandate {
    /// Whose account at the bank it is.
    #[schema(example = "Erika Mustermann", max_length = 70)]
    holder: String,
    #[schema(example = "DE02 1203 0000 0000 2020 51", max_length = 42)]
    iban: String,
    #[schema(max_length = 11)]
    bic: Option<String>,
    /// The words that they signed or agreed to, kept as the record of it.
    #[schema(
        example = "I authorise Example Cloud to collect payments from my account by direct debit.",
        max_length = 4000
    )]
    mandate: String,
    /// `b2b`: between companies, and the debtor's bank must know of it.
    scheme: Option<Scheme>,
    /// It is the first that is charged.
    #[serde(default)]
    default: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    Core,
    B2b,
}

/// Where and how an account transfers money: what a customer is shown, and what a banking app reads.
#[utoipa::path(get, path = "/v1/accounts/{account}/transfer-details", tag = "payments", params(Named, TransferAsked),
    responses((status = OK, body = TransferDetails), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn details(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(asked): Asked<TransferAsked>,
) -> Result<Json<TransferDetails>, Problem> {
    let answer = blocking(move || {
        let currency = currency_of(&caller)?;
        let wrong = |error: String| Problem::new(problem::INVALID, error).field("amount");
        let amount = asked.amount.as_deref().map(|text| Money::parse_amount(text, currency)).transpose();
        let amount = amount.map_err(|error| wrong(error.to_string()))?;
        if amount.is_some_and(|amount| amount.units() <= 0) {
            return Err(wrong("an amount to transfer is more than zero".to_owned()));
        }
        let told = caller.engine.transfer_details(&caller.cloud, &named.account, amount)?;
        Ok(TransferDetails {
            account: named.account,
            holder: told.holder,
            iban: told.account,
            bic: some_text(told.bic),
            reference: told.reference,
            scan: some_text(told.scan),
            required_above: told.required_above.map(|units| Amount::units(units, currency)),
        })
    });
    Ok(Json(answer.await?))
}

/// Keeps a mandate for direct debits: a method like others, debited by files for the bank.
///
/// Its holder and number are never answered again, and stand in no log.
#[utoipa::path(post, path = "/v1/accounts/{account}/mandates", tag = "payments", params(Named, IdempotencyKey),
    request_body = NewMandate, responses((status = CREATED, body = Method), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn add_mandate(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewMandate>,
) -> Result<(StatusCode, Json<Method>), Problem> {
    mandate(Some(&body.mandate))?;
    written(&body.holder, 70, "holder")?;
    written(&body.iban, 42, "iban")?;
    maybe_written(body.bic.as_ref(), 11, "bic")?;
    let new = EngineNewMandate {
        account: named.account,
        holder: body.holder,
        iban: body.iban,
        bic: body.bic.unwrap_or_default(),
        words: body.mandate,
        scheme: match body.scheme.unwrap_or(Scheme::Core) {
            Scheme::Core => CoreScheme::Core,
            Scheme::B2b => CoreScheme::B2b,
        },
        default: body.default,
    };
    let done = blocking(move || Ok(caller.engine_for(Some(once)).add_mandate(&caller.cloud, &new)?));
    Ok((StatusCode::CREATED, Json(method(done.await?))))
}

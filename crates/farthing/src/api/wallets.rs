//! Members' wallets: a wallet is an account inside another, with money of its own from there. What its person starts and uses in that account is
//! paid by it.

use super::accounts::{Named, named};
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::Problem;
use super::wire::{Amount, maybe_written, time};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::config::Name;
use farthing_core::money::Money;
use farthing_engine::{NewWallet as EngineNewWallet, WalletView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A wallet as it should be; what is not said is as the documentation of each field has it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWallet {
    /// What it is called among accounts; the person's name when it is not said. It stays as it was given first.
    #[schema(example = "ada-of-acme", max_length = 80)]
    name: Option<String>,
    /// Its person is told when less than this is left; when it is not said, less than the cloud's `members.low_balance`.
    threshold: Option<Amount>,
    /// True: it ends with its own money. False: the account it is in pays what it comes to owe. As the cloud's `members.stop_on_overdue` when it is
    /// not said.
    stop_on_overdue: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Wallet {
    /// Its name among accounts: balance, charges and all that is an account's are asked for by it.
    name: String,
    /// The account it is in.
    account: String,
    /// Whose it is, as resources and usage name them.
    person: String,
    threshold: Option<Amount>,
    stop_on_overdue: bool,
    #[schema(format = DateTime)]
    opened_at: String,
    #[schema(format = DateTime)]
    closed_at: Option<String>,
}

/// A wallet, and what is in it now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FilledWallet {
    #[serde(flatten)]
    wallet: Wallet,
    balance: Amount,
    /// What of it can be spent now.
    available: Amount,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Funding {
    amount: Amount,
    /// What you call it. It is moved once: asked for again, its transfer is answered.
    #[schema(example = "march-budget-ada", max_length = 255)]
    reference: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Funded {
    /// The transfer that moved it.
    transfer: String,
    wallet: String,
    amount: Amount,
    reference: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfPerson {
    /// The account's name.
    #[param(example = "acme")]
    account: String,
    /// Whose wallet it is.
    #[param(example = "ada")]
    person: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct WalletNamed {
    /// The wallet's name.
    #[param(example = "ada-of-acme")]
    wallet: String,
}

/// Lists the wallets in an account by the names of their persons, with what is in each.
#[utoipa::path(get, path = "/v1/accounts/{account}/wallets", tag = "accounts", params(Named, Paging),
    responses((status = OK, body = Page<FilledWallet>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<FilledWallet>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.text().unwrap_or_default().to_owned();
    if !after.is_empty() && Name::parse(&after).is_none() {
        return Err(wrong_cursor());
    }
    let rows = blocking(move || Ok(caller.engine.wallets(&caller.cloud, &named.account, &after, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| row.person.clone(), filled)))
}

/// Gives a person a wallet in an account, or changes it.
///
/// From then on what they start and use there is paid by it. It is an account of its own, so closing that account ends it, and what is left goes
/// back.
#[utoipa::path(put, path = "/v1/accounts/{account}/wallets/{person}", tag = "accounts", params(OfPerson, IdempotencyKey),
    request_body = NewWallet, responses((status = OK, body = Wallet), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(of): Path<OfPerson>,
    Asking { body, once }: Asking<NewWallet>,
) -> Result<Json<Wallet>, Problem> {
    let threshold = body.threshold.as_ref().map(|amount| amount.money("threshold")).transpose()?;
    let new = EngineNewWallet {
        account: of.account,
        person: of.person,
        name: body.name.map(named).transpose()?,
        threshold,
        stop_on_overdue: body.stop_on_overdue,
        contact: None,
    };
    let view = blocking(move || {
        let facts = caller.engine_for(Some(once)).put_wallet(&caller.cloud, &new)?;
        Ok(caller.engine.wallet(&caller.cloud, &facts.name)?)
    });
    Ok(Json(filled(view.await?).wallet))
}

/// One wallet, with what is in it.
#[utoipa::path(get, path = "/v1/wallets/{wallet}", tag = "accounts", params(WalletNamed),
    responses((status = OK, body = FilledWallet), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<WalletNamed>) -> Result<Json<FilledWallet>, Problem> {
    Ok(Json(filled(blocking(move || Ok(caller.engine.wallet(&caller.cloud, &named.wallet)?)).await?)))
}

/// Moves money into a wallet, out of the account it is in: cash that nothing holds and nothing has used. Credit that was given stays there.
#[utoipa::path(post, path = "/v1/wallets/{wallet}/fund", tag = "accounts", params(WalletNamed, IdempotencyKey),
    request_body = Funding, responses((status = CREATED, body = Funded), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn fund(
    caller: Writing,
    Path(named): Path<WalletNamed>,
    asking: Asking<Funding>,
) -> Result<(StatusCode, Json<Funded>), Problem> {
    moved(caller, named, asking, false).await
}

/// Takes money out of a wallet, back into the account it is in.
#[utoipa::path(post, path = "/v1/wallets/{wallet}/take-back", tag = "accounts", params(WalletNamed, IdempotencyKey),
    request_body = Funding, responses((status = CREATED, body = Funded), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn take_back(
    caller: Writing,
    Path(named): Path<WalletNamed>,
    asking: Asking<Funding>,
) -> Result<(StatusCode, Json<Funded>), Problem> {
    moved(caller, named, asking, true).await
}

async fn moved(
    caller: Writing,
    named: WalletNamed,
    Asking { body, once }: Asking<Funding>,
    back: bool,
) -> Result<(StatusCode, Json<Funded>), Problem> {
    maybe_written(body.reference.as_ref(), 255, "reference")?;
    let amount = body.amount.money("amount")?;
    let (wallet, reference) = (named.wallet.clone(), body.reference.clone());
    let done = blocking(move || {
        let engine = caller.engine_for(Some(once));
        let reference = reference.as_deref();
        Ok(if back {
            engine.take_from_wallet(&caller.cloud, &wallet, amount, reference)?
        } else {
            engine.give_to_wallet(&caller.cloud, &wallet, amount, reference)?
        })
    })
    .await?;
    let transfer = done.transfer.to_string();
    let funded = Funded { transfer, wallet: named.wallet, amount: Amount::of(amount), reference: body.reference };
    Ok((StatusCode::CREATED, Json(funded)))
}

fn filled(view: WalletView) -> FilledWallet {
    let amount = |money: Money| Amount::of(money);
    FilledWallet {
        balance: amount(view.balance),
        available: amount(view.available),
        wallet: Wallet {
            name: view.wallet,
            account: view.account,
            person: view.person,
            threshold: view.threshold.map(amount),
            stop_on_overdue: view.stop_on_overdue,
            opened_at: time(view.opened),
            closed_at: view.closed.map(time),
        },
    }
}

//! Top-ups: money that has come in outside a payment provider, booked once.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::Writing;
use super::problem::Problem;
use super::wire::Amount;
use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Money that has come in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTopUp {
    amount: Amount,
    /// Where it is known from, such as the bank's number of it. It is booked once for ever, whichever account it is told of.
    #[schema(example = "bank-2026-11-20-0001", max_length = 255)]
    reference: Option<String>,
    /// True: it was agreed with the customer, and the policy's bounds of what is paid in online do not hold. Needs the scope admin.
    #[serde(default)]
    contract: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopUp {
    /// The transfer that booked it.
    transfer: String,
    amount: Amount,
    reference: Option<String>,
}

/// Books money that has come in. Arrears are paid first.
#[utoipa::path(post, path = "/v1/accounts/{account}/top-ups", tag = "money", params(Named, IdempotencyKey),
    request_body = NewTopUp, responses((status = CREATED, body = TopUp), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn top_up(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewTopUp>,
) -> Result<(StatusCode, Json<TopUp>), Problem> {
    if body.contract {
        caller.must_administer("contract")?;
    }
    let (money, contract) = (body.amount.money("amount")?, body.contract);
    let reference = body.reference.clone();
    let done = blocking(move || {
        let engine = caller.engine_for(Some(once));
        let (cloud, account, reference) = (&caller.cloud, &named.account, reference.as_deref());
        if contract {
            return Ok(engine.top_up_by_contract(cloud, account, money, reference)?);
        }
        Ok(engine.top_up(cloud, account, money, reference)?)
    })
    .await?;
    let transfer = done.transfer.to_string();
    Ok((StatusCode::CREATED, Json(TopUp { transfer, amount: Amount::of(money), reference: body.reference })))
}

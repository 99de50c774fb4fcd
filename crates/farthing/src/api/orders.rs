//! Orders of what is bought ahead: placed and priced, paid, made by the cloud.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::payments::{read_by, return_url};
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, some_text, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::AtExpiry as CoreAtExpiry;
use farthing_core::term::OrderState as State;
use farthing_engine::{
    Made, NewOrder as EngineNewOrder, NewOrderPayment, OrderFacts, PayBillBy, PayBy as EnginePayBy, Wanted,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// What you call it, and what it makes. No two things of a cloud have one name; asked for again, this order is answered.
    #[schema(example = "node-7", max_length = 100)]
    name: String,
    /// Who pays; or say in which project it is.
    account: Option<String>,
    project: Option<String>,
    /// What is ordered: a product, or an add-on to something that runs.
    #[schema(example = "hosted")]
    product: Option<String>,
    /// Its configuration; not needed where `properties` choose one.
    sku: Option<String>,
    #[schema(example = "worker")]
    addon: Option<String>,
    /// To what the add-on is added.
    parent: Option<String>,
    /// How many; of a pack, how many units.
    #[serde(default = "one")]
    #[schema(default = 1, minimum = 1)]
    quantity: i64,
    /// How many periods at once.
    #[serde(default = "one")]
    #[schema(default = 1, minimum = 1)]
    periods: i64,
    /// What happens when its time is over; the product's way when it is not said.
    at_expiry: Option<AtExpiry>,
    /// What chooses a configuration or a price.
    #[serde(default)]
    #[schema(example = json!({ "provider": "aws", "region": "us-east-1" }))]
    properties: BTreeMap<String, String>,
}

const fn one() -> i64 {
    1
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtExpiry {
    Renew,
    Stop,
    Convert,
}

impl AtExpiry {
    pub(super) const fn core(self) -> CoreAtExpiry {
        match self {
            AtExpiry::Renew => CoreAtExpiry::Renew,
            AtExpiry::Stop => CoreAtExpiry::Stop,
            AtExpiry::Convert => CoreAtExpiry::Convert,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Order {
    #[schema(example = "ord_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    name: String,
    account: String,
    /// `new`, `renew` or `change`.
    #[schema(example = "new")]
    kind: String,
    /// `due`: it waits to be paid; `provisioning`: paid, the cloud makes it; `active`; `expired`; `cancelled`; `voided`: it could not
    /// be made, and everything was given back.
    #[schema(example = "due")]
    state: String,
    product: String,
    sku: Option<String>,
    addon: Option<String>,
    parent: Option<String>,
    quantity: i64,
    periods: i64,
    properties: BTreeMap<String, String>,
    /// Of one period, before discounts.
    list: Amount,
    /// What it costs, without tax.
    amount: Amount,
    /// What of that free credit and coupons have paid, and what money has.
    credit: Amount,
    cash: Amount,
    /// Its bill, where the cloud bills orders.
    bill: Option<String>,
    #[schema(format = DateTime)]
    ordered_at: String,
    /// By when it has to be paid, or made.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Why it ended as it did.
    why: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrderPay {
    /// What pays; the balance when it is not said.
    by: Option<super::payments::PayBy>,
    /// Free credit that pays first, by its name.
    credit: Option<String>,
    /// The code of a coupon.
    coupon: Option<String>,
    /// The customer agrees that what pays is kept, and charged later while they are away.
    #[serde(default)]
    keep: bool,
    /// Where the customer comes back to from the provider's page; needed where there is one.
    return_url: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotMade {
    /// Why it cannot be made; the customer reads it.
    #[schema(example = "no such machine is free", max_length = 1000)]
    why: String,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderState {
    Due,
    Provisioning,
    Active,
    Expired,
    Cancelled,
    Voided,
}

impl OrderState {
    const fn core(self) -> State {
        match self {
            OrderState::Due => State::Due,
            OrderState::Provisioning => State::Provisioning,
            OrderState::Active => State::Active,
            OrderState::Expired => State::Expired,
            OrderState::Cancelled => State::Cancelled,
            OrderState::Voided => State::Voided,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those in this state. `provisioning`: what the cloud has to make.
    state: Option<OrderState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OrderNamed {
    /// The order's id, or its name: then it is the newest of that name.
    #[param(example = "ord_01m0abw8g0tfjbn245fasf0w43")]
    order: String,
}

/// Orders something. It is priced, held for as long as the policy says, and where the cloud bills orders, its bill is there at once.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", params(IdempotencyKey), request_body = NewOrder,
    responses((status = CREATED, body = Order), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn place(
    caller: Writing,
    Asking { body, once }: Asking<NewOrder>,
) -> Result<(StatusCode, Json<Order>), Problem> {
    written(&body.name, 100, "name")?;
    let wanted = match (body.product, body.addon, body.parent) {
        (Some(product), None, None) => Wanted::Product { product, sku: body.sku },
        (None, Some(addon), Some(parent)) => Wanted::Addon { addon, parent },
        _ => {
            let what = "say a `product`, or an `addon` and the `parent` that it is added to";
            return Err(Problem::new(problem::INVALID, what).field("product"));
        }
    };
    let new = EngineNewOrder {
        name: body.name,
        account: body.account,
        project: body.project,
        wanted,
        quantity: body.quantity,
        periods: body.periods,
        renew: body.at_expiry.map(AtExpiry::core),
        properties: body.properties,
    };
    let placed = blocking(move || Ok(caller.engine_for(Some(once)).place_order(&caller.cloud, &new)?)).await?;
    Ok((StatusCode::CREATED, Json(order(placed)?)))
}

/// Lists orders, the newest first.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(OrderSearch, Paging),
    responses((status = OK, body = Page<Order>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<OrderSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Order>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| text.parse::<i64>().map_err(|_| wrong_cursor())).transpose()?;
    let state = search.state.map(OrderState::core);
    let rows = blocking(move || {
        Ok(caller.engine.orders(&caller.cloud, search.account.as_deref(), state, before, limit + 1)?)
    })
    .await?;
    let mut orders = Vec::with_capacity(rows.len());
    for facts in rows {
        orders.push((facts.number, order(facts)?));
    }
    Ok(Json(Page::of(orders, limit, |(number, _)| number.to_string(), |(_, order)| order)))
}

/// One order.
#[utoipa::path(get, path = "/v1/orders/{order}", tag = "orders", params(OrderNamed),
    responses((status = OK, body = Order), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<OrderNamed>) -> Result<Json<Order>, Problem> {
    let found = blocking(move || Ok(caller.engine.order(&caller.cloud, &named.order)?)).await?;
    Ok(Json(order(found)?))
}

/// Pays an order: free credit that is named first, then the balance or what the customer pays with. Paid already, it is answered as it is.
#[utoipa::path(post, path = "/v1/orders/{order}/pay", tag = "orders", params(OrderNamed, IdempotencyKey),
    request_body = NewOrderPay, responses((status = OK, body = Order), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn pay(
    caller: Writing,
    Path(named): Path<OrderNamed>,
    Asking { body, once }: Asking<NewOrderPay>,
) -> Result<Json<Order>, Problem> {
    maybe_written(body.coupon.as_ref(), 100, "coupon")?;
    maybe_written(body.credit.as_ref(), 100, "credit")?;
    let by = match body.by {
        None => PayBillBy::Balance,
        Some(by) => PayBillBy::Provider(read_by(by)?),
    };
    let back = return_url(body.return_url, matches!(by, PayBillBy::Provider(EnginePayBy::Page(_))))?;
    let wanted =
        NewOrderPayment { order: named.order, by, coupon: body.coupon, credit: body.credit, keep: body.keep, back };
    let paid = blocking(move || Ok(caller.engine_for(Some(once)).pay_order(&caller.cloud, &wanted)?)).await?;
    Ok(Json(order(paid)?))
}

/// Takes an order back before it is paid.
#[utoipa::path(post, path = "/v1/orders/{order}/cancel", tag = "orders", params(OrderNamed, IdempotencyKey),
    responses((status = OK, body = Order), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn cancel(
    caller: Writing,
    Path(named): Path<OrderNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Order>, Problem> {
    let done = blocking(move || Ok(caller.engine_for(Some(once)).cancel_order(&caller.cloud, &named.order)?)).await?;
    Ok(Json(order(done)?))
}

/// Says that what was ordered and paid is there. Until then it can be voided.
#[utoipa::path(post, path = "/v1/orders/{order}/made", tag = "orders", params(OrderNamed, IdempotencyKey),
    responses((status = OK, body = Order), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn made(
    caller: Writing,
    Path(named): Path<OrderNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Order>, Problem> {
    let say = move || Ok(caller.engine_for(Some(once)).order_made(&caller.cloud, &named.order, &Made::It)?);
    Ok(Json(order(blocking(say).await?)?))
}

/// Says that what was ordered and paid cannot be made: the order is voided, and everything goes back, gifts as gifts.
#[utoipa::path(post, path = "/v1/orders/{order}/not-made", tag = "orders", params(OrderNamed, IdempotencyKey),
    request_body = NotMade, responses((status = OK, body = Order), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn not_made(
    caller: Writing,
    Path(named): Path<OrderNamed>,
    Asking { body, once }: Asking<NotMade>,
) -> Result<Json<Order>, Problem> {
    written(&body.why, 1_000, "why")?;
    let made = Made::Not(body.why);
    let say = move || Ok(caller.engine_for(Some(once)).order_made(&caller.cloud, &named.order, &made)?);
    Ok(Json(order(blocking(say).await?)?))
}

pub(super) fn amount_of(text: &str, currency: &str) -> Result<Amount, Problem> {
    let currency = Currency::parse(currency).map_err(|_| Problem::internal())?;
    let money = Money::parse_amount(text, currency).map_err(|_| Problem::internal())?;
    Ok(Amount::units(money.units(), currency))
}

pub(super) fn order(facts: OrderFacts) -> Result<Order, Problem> {
    let amount = |text: &str| amount_of(text, &facts.currency);
    Ok(Order {
        list: amount(&facts.list)?,
        amount: amount(&facts.amount)?,
        credit: amount(&facts.credit)?,
        cash: amount(&facts.cash)?,
        id: facts.id,
        name: facts.name,
        account: facts.account,
        kind: facts.kind,
        state: facts.state,
        product: facts.product,
        sku: some_text(facts.sku),
        addon: some_text(facts.addon),
        parent: some_text(facts.parent),
        quantity: facts.quantity,
        periods: facts.periods,
        properties: facts.properties,
        bill: facts.bill,
        ordered_at: facts.ordered,
        until: facts.until,
        why: some_text(facts.why),
    })
}

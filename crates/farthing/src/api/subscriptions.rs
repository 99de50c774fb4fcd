//! What runs for a time: its plan, its periods and their money; changed, paused, ended, and what happens when its time is over.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::orders::{AtExpiry, Order, amount_of, order};
use super::problem::Problem;
use super::wire::{Amount, some_text};
use axum::Json;
use farthing_engine::{Ending as EngineEnding, NewChange, SubscriptionFacts, TermFacts, When as EngineWhen};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscription {
    /// Of the order that made it.
    #[schema(example = "node-7")]
    name: String,
    account: String,
    project: Option<String>,
    product: String,
    sku: Option<String>,
    addon: Option<String>,
    /// What it is added to.
    parent: Option<String>,
    quantity: i64,
    /// `pending`, `running`, `stopped`: switched off, and paid all the same; `paused`, `suspended`: its bill is past due; `expired`, `deleted`, `converted`.
    #[schema(example = "running")]
    state: String,
    /// `renew`, `stop` or `convert`.
    at_expiry: String,
    #[schema(format = DateTime)]
    began_at: String,
    /// Until when it is paid, or billed.
    #[schema(format = DateTime)]
    paid_to: String,
    /// When something happens to it by itself.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// Of one period, without tax.
    price: Amount,
    terms: Vec<Term>,
}

/// The money of a plan in a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Term {
    order: String,
    /// Product, SKU and add-on.
    #[schema(example = "hosted/aws-us-east-1-4c-16g")]
    plan: String,
    quantity: i64,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// What it was bought for, without tax.
    value: Amount,
    /// What of that was money, not a gift.
    cash: Amount,
    /// What of the value was given up again.
    returned: Amount,
    /// What of it is earned.
    earned: Amount,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscriptions {
    data: Vec<Subscription>,
}

/// What an end gives back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ending {
    /// When it ends.
    #[schema(format = DateTime)]
    ends_at: String,
    /// To the balance, or off what is due, the fee taken off.
    back: Amount,
    fee: Amount,
    subscription: Subscription,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    subscription: Subscription,
    /// What has to be paid for it first, where it costs more.
    order: Option<Order>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    #[default]
    Now,
    /// With the end of what is paid.
    AtTheEnd,
}

impl When {
    const fn engine(self) -> EngineWhen {
        match self {
            When::Now => EngineWhen::Now,
            When::AtTheEnd => EngineWhen::AtTheEnd,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanChange {
    /// Another configuration; the one it has when it is not said.
    sku: Option<String>,
    #[schema(minimum = 1)]
    quantity: Option<i64>,
    #[serde(default)]
    when: When,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    #[serde(default)]
    when: When,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpiryChoice {
    at_expiry: AtExpiry,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SubscriptionNamed {
    /// What it is called.
    #[param(example = "node-7")]
    subscription: String,
}

/// What an account has for a time, ended or not.
#[utoipa::path(get, path = "/v1/accounts/{account}/subscriptions", tag = "orders", params(Named),
    responses((status = OK, body = Subscriptions), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Path(named): Path<Named>) -> Result<Json<Subscriptions>, Problem> {
    let all = blocking(move || Ok(caller.engine.subscriptions(&caller.cloud, &named.account)?)).await?;
    Ok(Json(Subscriptions { data: all.into_iter().map(subscription).collect::<Result<_, _>>()? }))
}

/// One of them, with what was paid for each of its periods.
#[utoipa::path(get, path = "/v1/subscriptions/{subscription}", tag = "orders", params(SubscriptionNamed),
    responses((status = OK, body = Subscription), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<SubscriptionNamed>) -> Result<Json<Subscription>, Problem> {
    let found = blocking(move || Ok(caller.engine.subscription(&caller.cloud, &named.subscription)?)).await?;
    Ok(Json(subscription(found)?))
}

/// Another configuration, or more or fewer of it. What costs more is an order that is paid first; what costs less is so at once, and what was
/// paid too much goes to the balance by the share of it that was money.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription}/change", tag = "orders",
    params(SubscriptionNamed, IdempotencyKey), request_body = PlanChange,
    responses((status = OK, body = Changed), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn change(
    caller: Writing,
    Path(named): Path<SubscriptionNamed>,
    Asking { body, once }: Asking<PlanChange>,
) -> Result<Json<Changed>, Problem> {
    let PlanChange { sku, quantity, when } = body;
    let change = NewChange::Plan { sku, quantity };
    changed(caller, named, once, change, when).await
}

/// Its time stands still: what is left of the period that runs is given back.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription}/pause", tag = "orders",
    params(SubscriptionNamed, IdempotencyKey),
    responses((status = OK, body = Changed), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn pause(
    caller: Writing,
    Path(named): Path<SubscriptionNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Changed>, Problem> {
    changed(caller, named, once, NewChange::Pause, When::Now).await
}

/// It goes on: the rest of the period that runs is an order, which is paid first.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription}/resume", tag = "orders",
    params(SubscriptionNamed, IdempotencyKey),
    responses((status = OK, body = Changed), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn resume(
    caller: Writing,
    Path(named): Path<SubscriptionNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Changed>, Problem> {
    changed(caller, named, once, NewChange::Resume, When::Now).await
}

async fn changed(
    caller: Writing,
    named: SubscriptionNamed,
    once: farthing_engine::Once,
    change: NewChange,
    when: When,
) -> Result<Json<Changed>, Problem> {
    let work = move || {
        let engine = caller.engine_for(Some(once));
        Ok(engine.change_subscription(&caller.cloud, &named.subscription, &change, when.engine())?)
    };
    let (facts, due) = blocking(work).await?;
    Ok(Json(Changed { subscription: subscription(facts)?, order: due.map(order).transpose()? }))
}

/// What ending it now would give back, without tax. Nothing is changed.
#[utoipa::path(get, path = "/v1/subscriptions/{subscription}/ending", tag = "orders", params(SubscriptionNamed),
    responses((status = OK, body = Ending), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn quote_end(caller: Reading, Path(named): Path<SubscriptionNamed>) -> Result<Json<Ending>, Problem> {
    let quoted = blocking(move || Ok(caller.engine.quote_end(&caller.cloud, &named.subscription)?)).await?;
    Ok(Json(ending(quoted)?))
}

/// Ends it, now or with what is paid; what is unused is given back as the policy says.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription}/end", tag = "orders",
    params(SubscriptionNamed, IdempotencyKey), request_body = End,
    responses((status = OK, body = Ending), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn end(
    caller: Writing,
    Path(named): Path<SubscriptionNamed>,
    Asking { body, once }: Asking<End>,
) -> Result<Json<Ending>, Problem> {
    let work = move || {
        let engine = caller.engine_for(Some(once));
        Ok(engine.end_subscription(&caller.cloud, &named.subscription, body.when.engine())?)
    };
    Ok(Json(ending(blocking(work).await?)?))
}

/// Chooses what happens when its time is over; it can be chosen otherwise until then.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription}/at-expiry", tag = "orders",
    params(SubscriptionNamed, IdempotencyKey), request_body = ExpiryChoice,
    responses((status = OK, body = Subscription), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn at_expiry(
    caller: Writing,
    Path(named): Path<SubscriptionNamed>,
    Asking { body, once }: Asking<ExpiryChoice>,
) -> Result<Json<Subscription>, Problem> {
    let work = move || {
        let engine = caller.engine_for(Some(once));
        Ok(engine.choose_at_expiry(&caller.cloud, &named.subscription, body.at_expiry.core())?)
    };
    Ok(Json(subscription(blocking(work).await?)?))
}

fn ending(facts: EngineEnding) -> Result<Ending, Problem> {
    Ok(Ending {
        ends_at: facts.ends,
        back: amount_of(&facts.back, &facts.currency)?,
        fee: amount_of(&facts.fee, &facts.currency)?,
        subscription: subscription(facts.subscription)?,
    })
}

fn subscription(facts: SubscriptionFacts) -> Result<Subscription, Problem> {
    let currency = facts.currency;
    let amount = |text: &str| amount_of(text, &currency);
    let term = |facts: TermFacts| {
        Ok::<_, Problem>(Term {
            value: amount(&facts.value)?,
            cash: amount(&facts.cash)?,
            returned: amount(&facts.returned)?,
            earned: amount(&facts.earned)?,
            order: facts.order,
            plan: facts.plan,
            quantity: facts.quantity,
            from: facts.from,
            to: facts.to,
        })
    };
    Ok(Subscription {
        price: amount(&facts.price)?,
        terms: facts.terms.into_iter().map(term).collect::<Result<_, _>>()?,
        name: facts.name,
        account: facts.account,
        project: facts.project,
        product: facts.product,
        sku: some_text(facts.sku),
        addon: some_text(facts.addon),
        parent: facts.parent,
        quantity: facts.quantity,
        state: facts.state,
        at_expiry: facts.at_expiry,
        began_at: facts.began,
        paid_to: facts.paid_to,
        next_at: facts.next,
    })
}

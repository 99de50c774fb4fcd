//! Credit: grants that pay before cash does, each with its products and its end.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, cursor_of, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, read_times, some_text, time};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::credit::Rollover;
use farthing_core::ledger::TransferId;
use farthing_core::money::Currency;
use farthing_core::time::Span;
use farthing_engine::{CreditLine, NewGift as EngineNewGift, NewGrant as EngineNewGrant, Recurrence, RecurringFacts};
use farthing_store::LotRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// As much of a grant's history as is shown with it.
const LATELY: usize = 50;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrant {
    /// Of this account; it is given once under one name.
    #[schema(example = "welcome", max_length = 80)]
    name: String,
    amount: Amount,
    /// What it may pay; everything when there is none.
    #[serde(default)]
    products: Vec<String>,
    /// Of several grants the lowest pays first; 0 when it is not said.
    #[serde(default)]
    priority: i32,
    /// Now when it is not said.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Why it is given; kept with the grant and in the audit log. A key with the scope admin is an operator's, and has to say it.
    #[schema(example = "sorry for the slow disk on 3 March", max_length = 1000)]
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Grant {
    name: String,
    amount: Amount,
    /// What is left of it.
    left: Amount,
    products: Vec<String>,
    priority: i64,
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Why it was given; null: nobody said.
    reason: Option<String>,
    /// `hand`, `goodwill`, `gift:ID`, `promotion`, `trial`, `coupon:CODE` or `recurring:NAME`; null: it was given before that was kept.
    source: Option<String>,
    /// What was left of it has lapsed.
    lapsed: bool,
}

/// A gift of the catalogue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGift {
    /// Its id in the catalogue.
    #[schema(example = "welcome", max_length = 80)]
    gift: String,
    /// What the account calls it; the gift's id, with a number from the second on, when it is not said.
    #[schema(max_length = 80)]
    name: Option<String>,
    /// Why it is given.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// A grant that comes again and again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRecurring {
    /// Those it gives are called so, with a number behind: `daily.1`.
    #[schema(example = "daily", max_length = 70)]
    name: String,
    /// Of each.
    amount: Amount,
    /// What it may pay; everything when there is none.
    #[serde(default)]
    products: Vec<String>,
    /// Of several grants the lowest pays first; 0 when it is not said.
    #[serde(default)]
    priority: i32,
    /// Now when it is not said.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// How long from one to the next: a day, a month.
    #[schema(example = "1mo", max_length = 20)]
    every: String,
    /// How often in all; for ever when it is not said.
    #[schema(minimum = 1)]
    times: Option<u32>,
    /// What of it may be carried on when the next one comes; nothing when it is not said. The rest lapses.
    rollover: Option<Amount>,
    /// Why it is given.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecurringGrant {
    name: String,
    amount: Amount,
    products: Vec<String>,
    priority: i64,
    #[schema(format = DateTime)]
    starts_at: String,
    every: String,
    times: Option<u32>,
    /// What may be carried on; null: nothing.
    rollover: Option<Amount>,
    /// How many there were.
    given: u32,
    /// When the next comes; null: those were all.
    #[schema(format = DateTime)]
    next_at: Option<String>,
}

/// A grant, and what it has paid for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Credit {
    #[serde(flatten)]
    grant: Grant,
    /// What moved it lately, the newest first.
    history: Vec<CreditMove>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditMove {
    transfer: String,
    #[schema(format = DateTime)]
    at: String,
    /// As the ledger calls it.
    #[schema(example = "usage_by_credit")]
    kind: String,
    /// What was paid for; null: nothing was.
    product: Option<String>,
    /// Below zero: it paid.
    change: Amount,
    /// What was left after it.
    left: Amount,
}

/// One of an account's grants.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct OfGrant {
    account: String,
    /// What the account calls it.
    #[param(example = "welcome")]
    grant: String,
}

impl Grant {
    fn of(lot: LotRow, currency: Currency) -> Grant {
        Grant {
            name: lot.name,
            amount: Amount::units(lot.amount, currency),
            left: Amount::units(lot.balance, currency),
            products: lot.products.iter().map(ToString::to_string).collect(),
            priority: lot.priority,
            starts_at: Some(time(lot.starts)),
            expires_at: lot.expires.map(time),
            reason: some_text(lot.reason),
            source: lot.source.map(|source| source.to_string()),
            lapsed: lot.lapsed,
        }
    }
}

/// Why credit is given: an operator has to say it.
fn reason_of(caller: &Writing, reason: Option<String>) -> Result<Option<String>, Problem> {
    maybe_written(reason.as_ref(), 1_000, "reason")?;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    if reason.is_none() && caller.is_operator() {
        let what = "say why you give it: your key has the scope admin, and an operator's credit has a reason";
        return Err(Problem::new(problem::INVALID, what).field("reason"));
    }
    Ok(reason)
}

/// Gives credit. What was used before it begins is not for it to pay.
#[utoipa::path(post, path = "/v1/accounts/{account}/grants", tag = "money", params(Named, IdempotencyKey),
    request_body = NewGrant, responses((status = CREATED, body = Grant), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn give(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewGrant>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let reason = reason_of(&caller, body.reason)?;
    let grant = EngineNewGrant {
        name: body.name.clone(),
        account: named.account,
        amount: body.amount.money("amount")?,
        products: body.products.clone(),
        priority: i64::from(body.priority),
        starts: read_times(body.starts_at.as_ref(), "starts_at")?,
        expires: read_times(body.expires_at.as_ref(), "expires_at")?,
        reason,
    };
    let given = grant.clone();
    blocking(move || Ok(caller.engine_for(Some(once)).grant_credit(&caller.cloud, &given)?)).await?;
    let answer = Grant {
        name: body.name,
        left: Amount::of(grant.amount),
        amount: Amount::of(grant.amount),
        products: body.products,
        priority: grant.priority,
        starts_at: grant.starts.map(time),
        expires_at: grant.expires.map(time),
        source: Some(if grant.reason.is_some() { "goodwill" } else { "hand" }.to_owned()),
        reason: grant.reason,
        lapsed: false,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Gives a gift of the catalogue: its amount, what it may pay, how long it lasts and how often one account has it are what the catalogue says.
#[utoipa::path(post, path = "/v1/accounts/{account}/gifts", tag = "money", params(Named, IdempotencyKey),
    request_body = NewGift, responses((status = CREATED, body = Grant), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn give_gift(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewGift>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let reason = reason_of(&caller, body.reason)?;
    let wanted = EngineNewGift { account: named.account, gift: body.gift, name: body.name, reason };
    let facts = blocking(move || {
        let name = caller.engine_for(Some(once)).give_gift(&caller.cloud, &wanted)?;
        Ok(caller.engine.credit(&caller.cloud, &wanted.account, &name, None, 0)?)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(Grant::of(facts.lot, facts.currency))))
}

/// Begins a grant that comes again: every day, every month, so often or for ever. What of one is left over when the next comes lapses, but for
/// what may be carried on.
#[utoipa::path(post, path = "/v1/accounts/{account}/recurring-grants", tag = "money", params(Named, IdempotencyKey),
    request_body = NewRecurring, responses((status = CREATED, body = RecurringGrant), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn give_again(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewRecurring>,
) -> Result<(StatusCode, Json<RecurringGrant>), Problem> {
    let reason = reason_of(&caller, body.reason)?;
    let every =
        Span::parse(&body.every).map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("every"))?;
    let rollover = body.rollover.as_ref().map(|most| most.money("rollover")).transpose()?;
    let grant = EngineNewGrant {
        name: body.name,
        account: named.account,
        amount: body.amount.money("amount")?,
        products: body.products,
        priority: i64::from(body.priority),
        starts: read_times(body.starts_at.as_ref(), "starts_at")?,
        expires: None,
        reason,
    };
    let recurs = Recurrence { every, times: body.times, rollover };
    let found = blocking(move || {
        caller.engine_for(Some(once)).grant_recurring(&caller.cloud, &grant, &recurs)?;
        let all = caller.engine.recurring_credits(&caller.cloud, &grant.account)?;
        Ok(all.into_iter().find(|facts| facts.row.name.as_str() == grant.name))
    })
    .await?;
    found.map(|facts| (StatusCode::CREATED, Json(RecurringGrant::of(facts)))).ok_or_else(Problem::internal)
}

/// Lists an account's grants that come again.
#[utoipa::path(get, path = "/v1/accounts/{account}/recurring-grants", tag = "money", params(Named),
    responses((status = OK, body = Page<RecurringGrant>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list_again(
    caller: Reading,
    Path(named): Path<Named>,
) -> Result<Json<Page<RecurringGrant>>, Problem> {
    let found = blocking(move || Ok(caller.engine.recurring_credits(&caller.cloud, &named.account)?)).await?;
    Ok(Json(Page { data: found.into_iter().map(RecurringGrant::of).collect(), next: None }))
}

/// Lists all credit an account ever had, the newest first.
#[utoipa::path(get, path = "/v1/accounts/{account}/credits", tag = "money", params(Named, Paging),
    responses((status = OK, body = Page<Grant>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list_ever(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Grant>>, Problem> {
    let (limit, before) = (paging.limit()?, paging.number()?);
    let (currency, lots) =
        blocking(move || Ok(caller.engine.credits(&caller.cloud, &named.account, before, limit + 1)?)).await?;
    Ok(Json(Page::of(lots, limit, |lot: &LotRow| cursor_of(lot.number), |lot| Grant::of(lot, currency))))
}

/// Shows a grant, lapsed or not, and what it has paid for lately.
#[utoipa::path(get, path = "/v1/accounts/{account}/credits/{grant}", tag = "money", params(OfGrant),
    responses((status = OK, body = Credit), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(of): Path<OfGrant>) -> Result<Json<Credit>, Problem> {
    let facts =
        blocking(move || Ok(caller.engine.credit(&caller.cloud, &of.account, &of.grant, None, LATELY)?)).await?;
    let currency = facts.currency;
    let history = facts.lines.into_iter().map(|line| CreditMove::of(line, currency)).collect();
    Ok(Json(Credit { grant: Grant::of(facts.lot, currency), history }))
}

/// Lists all that moved a grant, the newest first.
#[utoipa::path(get, path = "/v1/accounts/{account}/credits/{grant}/history", tag = "money", params(OfGrant, Paging),
    responses((status = OK, body = Page<CreditMove>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn history(
    caller: Reading,
    Path(of): Path<OfGrant>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<CreditMove>>, Problem> {
    let limit = paging.limit()?;
    let before = match paging.text() {
        None => None,
        Some(cursor) => Some(TransferId::parse(cursor).ok_or_else(wrong_cursor)?),
    };
    let facts =
        blocking(move || Ok(caller.engine.credit(&caller.cloud, &of.account, &of.grant, before, limit + 1)?)).await?;
    let currency = facts.currency;
    let cursor = |line: &CreditLine| line.transfer.to_string();
    Ok(Json(Page::of(facts.lines, limit, cursor, |line| CreditMove::of(line, currency))))
}

impl CreditMove {
    fn of(line: CreditLine, currency: Currency) -> CreditMove {
        CreditMove {
            transfer: line.transfer.to_string(),
            at: time(line.at),
            kind: line.kind.name().to_owned(),
            product: line.product.map(|product| product.to_string()),
            change: Amount::units(line.change, currency),
            left: Amount::units(line.left, currency),
        }
    }
}

impl RecurringGrant {
    fn of(facts: RecurringFacts) -> RecurringGrant {
        let RecurringFacts { row, every, currency } = facts;
        RecurringGrant {
            name: row.name.to_string(),
            amount: Amount::units(row.amount, currency),
            products: row.products.iter().map(ToString::to_string).collect(),
            priority: row.priority,
            starts_at: time(row.recurring.starts),
            every,
            times: row.recurring.times,
            rollover: match row.recurring.rollover {
                Rollover::None => None,
                Rollover::UpTo(most) => Some(Amount::units(most, currency)),
            },
            given: row.given,
            next_at: row.next_at.map(time),
        }
    }
}

/// Lists an account's grants that have not ended, in the order they pay.
#[utoipa::path(get, path = "/v1/accounts/{account}/grants", tag = "money", params(Named),
    responses((status = OK, body = Page<Grant>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Path(named): Path<Named>) -> Result<Json<Page<Grant>>, Problem> {
    let view = blocking(move || {
        let now = caller.engine.now()?;
        Ok(caller.engine.account_view(&caller.cloud, &named.account, now)?)
    })
    .await?;
    let mut lots = view.lots;
    lots.sort_by_key(|lot| (lot.priority, lot.expires.map_or(i64::MAX, |at| at.micros()), lot.number));
    let grants = lots.into_iter().map(|lot| Grant::of(lot, view.currency));
    Ok(Json(Page { data: grants.collect(), next: None }))
}

//! Charges: what each thing cost in a day or a rating period, sealed, and why: what ran, at which price, the arithmetic, what paid.

use super::accounts::Named;
use super::asking::Path;
use super::blocking;
use super::caller::Reading;
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::{Amount, read_times, some_text, time};
use axum::Json;
use farthing_console::price_lines;
use farthing_core::config::Name;
use farthing_core::money::Currency;
use farthing_core::settle::{Did, TermsKey};
use farthing_engine::{ChargeQuestion, ChargeReasons, ListedCharge, PaidBy as Payer};
use farthing_store::{ChargeRow, ThingKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Window {
    /// Of service from here on.
    from: Option<String>,
    /// Of service before this.
    to: Option<String>,
    /// Only of this product.
    product: Option<String>,
}

impl Window {
    fn question(&self) -> Result<ChargeQuestion, Problem> {
        let from = read_times(self.from.as_ref(), "from")?;
        let to = read_times(self.to.as_ref(), "to")?;
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Problem::new(problem::INVALID, "`to` is after `from`").field("to"));
        }
        Ok(ChargeQuestion { product: self.product.clone(), from, to })
    }
}

/// A sealed charge: it never changes. What late facts change of it is a charge of its own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Charge {
    /// Its place among the account's charges.
    #[schema(example = 41)]
    number: i64,
    /// Where it is explained.
    #[schema(example = "/v1/accounts/acme/charges/41")]
    explanation: String,
    /// What it is of; null: the account's own use of the product.
    resource: Option<String>,
    product: String,
    sku: Option<String>,
    /// The part of the product it is for, where it has parts.
    component: Option<String>,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// Whether it corrects what was sealed before.
    correction: bool,
    /// Without the discount.
    list: Amount,
    /// What was charged.
    net: Amount,
    /// The version of the cloud's configuration its price is of.
    price_version: i64,
    #[schema(format = DateTime)]
    sealed_at: String,
}

/// Why a charge is what it is. What cannot be worked out again is left out, and never something else in its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeExplanation {
    charge: Charge,
    price: Option<ChargePrice>,
    /// What the resource did meanwhile, as is known now; empty where it is no resource's.
    stretches: Vec<ChargeStretch>,
    /// How much was counted, of a rating period of use that is charged as a whole; null of anything else.
    quantity: Option<ChargeQuantity>,
    /// The arithmetic, a step a line: the last ends at `charge.net`. Rounding is carried from day to day, so its last digit may be one
    /// more or less. Empty where one line of arithmetic does not say it all, as of a correction.
    #[schema(example = json!(["2 hours: 2 × 0.36 = 0.72 USD"]))]
    steps: Vec<String>,
    /// First what paid first; together they are `charge.net`.
    paid: Vec<ChargePayment>,
    /// The document it is on; null: it waits for one.
    document: Option<ChargeDocument>,
    /// What was told of the resource until the end of the charge's time: what its stretches follow from.
    events: Vec<ChargeEvent>,
}

/// A bill or a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeDocument {
    bill: String,
    /// Null: it is about to get one.
    number: Option<String>,
    #[schema(example = "statement")]
    kind: String,
    /// Which of its lines, from 1; null: such charges came to nothing together, and have none.
    line: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeEvent {
    #[schema(format = DateTime)]
    at: String,
    #[schema(example = "resize")]
    what: String,
    /// When we were told.
    #[schema(format = DateTime)]
    recorded_at: String,
}

/// Where a price comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargePrice {
    /// The version of the cloud's configuration.
    version: i64,
    product: String,
    sku: Option<String>,
    component: Option<String>,
    /// Whether the account has a contract of its own.
    contract: bool,
    /// Properties that choose among prices.
    properties: BTreeMap<String, String>,
    /// In words, a line for each case.
    #[schema(example = json!(["0.36 / hour"]))]
    lines: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeStretch {
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    seconds: i64,
    #[schema(example = "running")]
    state: String,
    sku: Option<String>,
    /// Of what is charged by its size, with its unit.
    #[schema(example = "20 GB")]
    size: Option<String>,
    /// How much of the price it costs: 1 is all of it, 0 nothing.
    #[schema(example = "1")]
    share: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeQuantity {
    #[schema(example = "250000")]
    quantity: String,
    #[schema(example = "token")]
    unit: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargePayment {
    by: PaidBy,
    /// Which credit.
    #[schema(example = "welcome")]
    credit: Option<String>,
    amount: Amount,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaidBy {
    Cash,
    Credit,
    Debt,
    NextBill,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeSum {
    /// Sealed and open together, up to now.
    sum: Amount,
    #[schema(format = DateTime)]
    at: String,
}

/// Lists an account's sealed charges, in the order of sealing.
#[utoipa::path(get, path = "/v1/accounts/{account}/charges", tag = "charges", params(Named, Window, Paging),
    responses((status = OK, body = Page<Charge>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(window): Asked<Window>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Charge>>, Problem> {
    let (limit, after) = (paging.limit()?, paging.number()?.unwrap_or(0));
    let question = window.question()?;
    let account = named.account.clone();
    let (rows, currency) = blocking(move || {
        let rows = caller.engine.charges_page(&caller.cloud, &named.account, &question, after, limit + 1)?;
        Ok((rows, caller.engine.cloud_facts(&caller.cloud)?.currency))
    })
    .await?;
    let wire = |listed: ListedCharge| charge(&account, &listed.row, listed.resource, listed.terms, currency);
    Ok(Json(Page::of(rows, limit, |listed| cursor_of(listed.row.chained), wire)))
}

/// Why a charge is what it is: what ran when, at which price, each step of the arithmetic, and what paid.
#[utoipa::path(get, path = "/v1/accounts/{account}/charges/{charge}", tag = "charges", params(ChargeNamed),
    responses((status = OK, body = ChargeExplanation), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn explain(
    caller: Reading,
    Path(named): Path<ChargeNamed>,
) -> Result<Json<ChargeExplanation>, Problem> {
    let account = named.account.clone();
    let work = move || Ok(caller.engine.explain_charge(&caller.cloud, &named.account, named.charge)?);
    Ok(Json(explanation(&account, blocking(work).await?)))
}

/// What things cost an account in a stretch of time: sealed charges and what is open, to the second.
#[utoipa::path(get, path = "/v1/accounts/{account}/charges/sum", tag = "charges", params(Named, Window),
    responses((status = OK, body = ChargeSum), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn sum(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(window): Asked<Window>,
) -> Result<Json<ChargeSum>, Problem> {
    let question = window.question()?;
    let (sum, at) = blocking(move || {
        let now = caller.engine.now()?;
        Ok((caller.engine.charges_sum(&caller.cloud, &named.account, &question, now)?, now))
    })
    .await?;
    Ok(Json(ChargeSum { sum: Amount::of(sum), at: time(at) }))
}

/// A charge in an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ChargeNamed {
    /// The account's name.
    #[param(example = "acme")]
    account: String,
    /// The charge's number among the account's.
    #[param(example = 41, minimum = 1)]
    charge: i64,
}

pub(super) fn charge(
    account: &str,
    row: &ChargeRow,
    resource: Option<String>,
    terms: TermsKey,
    currency: Currency,
) -> Charge {
    Charge {
        number: row.chained,
        explanation: format!("/v1/accounts/{account}/charges/{}", row.chained),
        resource,
        product: row.product.to_string(),
        sku: terms.sku.map(|sku| sku.to_string()),
        component: terms.part.map(|part| part.to_string()),
        from: time(row.from),
        to: time(row.to),
        correction: row.number > 0,
        list: Amount::units(row.list, currency),
        net: Amount::units(row.net, currency),
        price_version: terms.version,
        sealed_at: time(row.recorded),
    }
}

fn explanation(account: &str, why: ChargeReasons) -> ChargeExplanation {
    let (currency, terms) = (why.currency, &why.terms);
    let price = why.price.as_ref().map(|(product, pricing)| ChargePrice {
        version: terms.version,
        product: terms.product.to_string(),
        sku: terms.sku.as_ref().map(Name::to_string),
        component: terms.part.as_ref().map(Name::to_string),
        contract: terms.account.is_some(),
        properties: terms.properties.clone(),
        lines: price_lines(pricing, product),
    });
    let paid = why.paid.iter().map(|(payer, units)| {
        let (by, credit) = match payer {
            Payer::Cash => (PaidBy::Cash, None),
            Payer::Credit(name) => (PaidBy::Credit, Some(name.clone())),
            Payer::Debt => (PaidBy::Debt, None),
            Payer::NextBill => (PaidBy::NextBill, None),
        };
        ChargePayment { by, credit, amount: Amount::units(*units, currency) }
    });
    let resource = (why.thing.kind == ThingKind::Resource).then(|| why.thing.name.clone());
    ChargeExplanation {
        price,
        stretches: why.did.iter().map(stretch).collect(),
        quantity: why.counted.as_ref().map(|counted| ChargeQuantity {
            quantity: counted.quantity.to_string(),
            unit: counted.unit.as_ref().map(ToString::to_string),
        }),
        paid: paid.collect(),
        charge: charge(account, &why.row, resource, why.terms.clone(), currency),
        document: why.document.map(|document| ChargeDocument {
            bill: document.bill.to_string(),
            number: some_text(document.number),
            kind: document.kind,
            line: document.line,
        }),
        events: why
            .events
            .into_iter()
            .map(|event| ChargeEvent { at: time(event.at), what: event.what, recorded_at: time(event.recorded) })
            .collect(),
        steps: why.steps,
    }
}

fn stretch(did: &Did) -> ChargeStretch {
    ChargeStretch {
        from: time(did.from),
        to: time(did.to),
        seconds: did.seconds,
        state: did.state.name().to_owned(),
        sku: did.sku.as_ref().map(ToString::to_string),
        size: did.size.as_ref().map(|(size, unit)| format!("{size} {}", unit.beside(false))),
        share: did.share.map_or_else(|| "0".to_owned(), |share| share.to_string()),
    }
}

//! What things cost: the price list, and estimates with their arithmetic.

use super::asking::Body;
use super::blocking;
use super::caller::Reading;
use super::problem::{self, Problem};
use super::wire::{Amount, read_times};
use axum::Json;
use farthing_console::price_lines;
use farthing_core::config::{Name, Size, Text, Value};
use farthing_core::estimate::Ask;
use farthing_core::measure::Quantity;
use farthing_core::time::{Instant, Span};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// As many of one thing as an estimate is made of.
const COUNT_MAX: u32 = 1_000_000;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceList {
    currency: String,
    /// The version of the cloud's configuration.
    version: i64,
    products: Vec<Product>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Product {
    id: String,
    name: String,
    /// `running`, `usage`, `capacity`, `term`, `units` or `once`.
    kind: String,
    /// In words, a line for each case; empty where each SKU has its own.
    prices: Vec<String>,
    skus: Vec<Sku>,
    components: Vec<Component>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sku {
    id: String,
    name: String,
    prices: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Component {
    id: String,
    prices: Vec<String>,
}

/// What is going to be used.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    #[schema(example = "chat")]
    pub(crate) product: String,
    sku: Option<String>,
    /// How much, by meter or component: numbers, or decimals as text.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, f64>, example = json!({ "input_tokens": 1200 }))]
    pub(super) quantities: BTreeMap<String, Box<RawValue>>,
    /// How long it runs, such as `3h` or `1 month`.
    #[schema(example = "3h")]
    lasting: Option<String>,
    /// Of a capacity, with its unit.
    #[schema(example = "20 GB")]
    size: Option<String>,
    /// How many of it; 1 when it is not said.
    #[schema(minimum = 1, maximum = 1_000_000)]
    count: Option<u32>,
    /// They choose the SKU where none is named, and the line of a price with several.
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEstimate {
    usage: Usage,
    /// Whose contract applies.
    account: Option<String>,
    /// From when; now when it is not said.
    #[schema(format = DateTime)]
    from: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Estimate {
    /// Without the discount, without taxes.
    list: Amount,
    /// Without taxes.
    net: Amount,
    lines: Vec<EstimateLine>,
    /// What the sum does not say.
    notes: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EstimateLine {
    what: String,
    net: Amount,
    /// The arithmetic, a step a line.
    steps: Vec<String>,
}

/// The cloud's price list, as it is in force now.
#[utoipa::path(get, path = "/v1/prices", tag = "prices",
    responses((status = OK, body = PriceList), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading) -> Result<Json<PriceList>, Problem> {
    let (profile, version) = blocking(move || {
        let now = caller.engine.now()?;
        let versions = caller.engine.policy_versions(&caller.cloud)?;
        let version = versions.in_force_at(now).map_or(0, |version| version.number);
        Ok((caller.engine.profile_at(&caller.cloud, now)?, version))
    })
    .await?;
    let products = profile.catalog.product.iter().map(|product| Product {
        id: product.id.to_string(),
        name: product.name.to_string(),
        kind: product.kind.print().trim_matches('"').to_owned(),
        prices: price_lines(&product.pricing, product),
        skus: product
            .sku
            .iter()
            .map(|sku| Sku {
                id: sku.id.to_string(),
                name: sku.name.as_ref().map_or_else(|| sku.id.to_string(), ToString::to_string),
                prices: price_lines(&sku.pricing.over(&product.pricing), product),
            })
            .collect(),
        components: product
            .component
            .iter()
            .map(|part| Component {
                id: part.id.as_ref().unwrap_or(&part.meter).to_string(),
                prices: price_lines(&part.pricing, product),
            })
            .collect(),
    });
    let currency = profile.policy.cloud.currency.code().to_owned();
    Ok(Json(PriceList { currency, version, products: products.collect() }))
}

/// What something would cost, with the arithmetic: computed as it would be charged.
#[utoipa::path(post, path = "/v1/estimates", tag = "prices", request_body = NewEstimate,
    responses((status = OK, body = Estimate), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn estimate(caller: Reading, Body(body): Body<NewEstimate>) -> Result<Json<Estimate>, Problem> {
    let estimate = blocking(move || {
        let from = match read_times(body.from.as_ref(), "from")? {
            Some(from) => from,
            None => caller.engine.now()?.floor_second(),
        };
        let ask = ask_of(&body.usage, body.account.as_deref(), from).map_err(|problem| problem.below("usage"))?;
        caller
            .engine
            .estimate(&caller.cloud, &ask)?
            .map_err(|error| Problem::new(problem::INVALID, error.to_string()).field("usage"))
    })
    .await?;
    let lines = estimate.lines.into_iter().map(|line| EstimateLine {
        what: line.what,
        net: Amount::of(line.charge.net),
        steps: line.steps,
    });
    Ok(Json(Estimate {
        list: Amount::of(estimate.total.list),
        net: Amount::of(estimate.total.net),
        lines: lines.collect(),
        notes: estimate.notes,
    }))
}

pub(super) fn ask_of(usage: &Usage, account: Option<&str>, from: Instant) -> Result<Ask, Problem> {
    let wrong = |field: &str, what: String| Problem::new(problem::INVALID, what).field(field);
    let named = |field: &str, text: &str| {
        Name::parse(text).ok_or_else(|| {
            wrong(field, format!("{text:?} is no name: names have lower-case letters, digits, \"-\" and \"_\""))
        })
    };
    let mut ask = Ask { sku: usage.sku.clone(), count: usage.count.unwrap_or(1), ..Ask::of(&usage.product, from) };
    if !(1..=COUNT_MAX).contains(&ask.count) {
        return Err(wrong("count", format!("an estimate is of 1 to {COUNT_MAX}")));
    }
    ask.account = account.map(|account| named("account", account)).transpose()?;
    if let Some(lasting) = &usage.lasting {
        ask.lasting = Some(Span::parse(lasting).map_err(|error| wrong("lasting", error.to_string()))?);
    }
    if let Some(size) = &usage.size {
        let (quantity, unit) = Quantity::parse_with_unit(size).map_err(|error| wrong("size", error.to_string()))?;
        ask.size = Some(Size { quantity, unit });
    }
    for (meter, raw) in &usage.quantities {
        let field = format!("quantities.{meter}");
        ask.uses.push((named(&field, meter)?, super::usage::quantity(raw, &field)?));
    }
    for (key, value) in &usage.properties {
        ask.properties.insert(key.clone(), Text(value.clone()));
    }
    Ok(ask)
}

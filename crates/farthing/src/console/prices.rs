//! `/clouds/{id}/prices` and `/clouds/{id}/prices/{product}`: the price list from the catalogue itself, and a calculator on the
//! rating itself (R72, R94).

use super::Console;
use super::page::{self, Frame, PageError};
use super::price_words;
use super::words;
use crate::clouds::Cloud;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use farthing_core::catalog::{Kind, Product, Wanted};
use farthing_core::config::{Name, Size};
use farthing_core::estimate::{Ask, Estimate};
use farthing_core::measure::Quantity;
use farthing_core::time::{Instant, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "prices.html")]
struct PricesPage {
    frame: Frame,
    sentence: String,
    currency: String,
    products: Vec<Shelf>,
}

/// One product with its prices.
struct Shelf {
    name: String,
    about: Option<String>,
    address: String,
    facts: Vec<String>,
    lines: Vec<Line>,
    months: bool,
}

struct Line {
    what: String,
    detail: String,
    price: String,
    month: Option<String>,
}

pub(super) async fn page(State(console): State<Arc<Console>>, path: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(id)) = path else { return page::nowhere().await.into_response() };
    page::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".into()))?;
        let products: Vec<Shelf> = cloud.profile.catalog.product.iter().map(|product| shelf(cloud, product)).collect();
        let prices: usize = products.iter().map(|shelf| shelf.lines.len()).sum();
        let sentence = format!(
            "{} sells {} {} at {} {}.",
            cloud.name,
            super::grouped(products.len() as u64),
            words::plural(products.len(), "product"),
            super::grouped(prices as u64),
            words::plural(prices, "price"),
        );
        let frame = Frame::of("Prices", cloud).below(page::cloud_address(&cloud.id), cloud.name.clone());
        Ok(PricesPage { frame, sentence, currency: currency_words(cloud), products })
    })
    .await
}

fn currency_words(cloud: &Cloud) -> String {
    format!("{} ({})", cloud.currency.name(), cloud.currency)
}

fn shelf(cloud: &Cloud, product: &Product) -> Shelf {
    let lines = lines(cloud, product);
    Shelf {
        name: product.name.to_string(),
        about: product.about.as_ref().map(ToString::to_string),
        address: product_address(cloud, product),
        facts: price_words::facts(product),
        months: lines.iter().any(|line| line.month.is_some()),
        lines,
    }
}

fn product_address(cloud: &Cloud, product: &Product) -> String {
    format!("{}/prices/{}", page::cloud_address(&cloud.id), page::segment(product.id.as_str()))
}

/// Every price of a product.
fn lines(cloud: &Cloud, product: &Product) -> Vec<Line> {
    let catalog = &cloud.profile.catalog;
    let offer = |sku: Option<&str>, component: Option<&Name>| {
        let product = product.id.as_str();
        catalog.offer(Wanted { product, sku, component, account: None, on: None }).ok()
    };
    let line = |what: String, detail: String, sku: Option<&str>, component: Option<&Name>| {
        let offer = offer(sku, component)?;
        let month = price_words::per_month(&offer, cloud.currency, cloud.locale());
        Some(Line { what, detail, price: price_words::price(&offer.pricing), month })
    };
    let mut lines = Vec::new();
    if product.sku.is_empty() && product.component.is_empty() && product.kind != Kind::Units {
        lines.extend(line(product.name.to_string(), String::new(), None, None));
    }
    for sku in product.sku.iter().filter(|sku| !sku.retired) {
        let name = sku.name.as_ref().map_or_else(|| sku.id.to_string(), ToString::to_string);
        let dims: Vec<&str> = sku.dims.values().map(|value| value.0.as_str()).collect();
        lines.extend(line(name, dims.join(", "), Some(sku.id.as_str()), None));
    }
    for part in &product.component {
        let unit = catalog.meter_by_id(&part.meter).map(|meter| meter.unit.to_string()).unwrap_or_default();
        lines.extend(line(part.label().as_str().replace('_', " "), unit, None, Some(part.label())));
    }
    for addon in &product.addon {
        let price = price_words::price(&addon.pricing);
        lines.push(Line { what: addon.name.to_string(), detail: "added to it".to_owned(), price, month: None });
    }
    for pack in &product.packs {
        let unit = product.unit.as_ref().map(|unit| unit.beside(false)).unwrap_or_default();
        lines.push(Line {
            what: format!("{} {unit}", pack.units),
            detail: String::new(),
            price: pack.price.plain(),
            month: None,
        });
    }
    lines
}

#[derive(Template)]
#[template(path = "calculator.html")]
struct CalculatorPage {
    frame: Frame,
    sentence: String,
    currency: String,
    shelf: Shelf,
    fields: Vec<Field>,
    skus: Vec<Choice>,
    lines: Vec<farthing_core::estimate::Line>,
    total: Option<String>,
    trouble: Option<String>,
}

struct Field {
    name: String,
    label: String,
    value: String,
    help: &'static str,
}

struct Choice {
    id: String,
    name: String,
    chosen: bool,
}

pub(super) async fn calculator(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String)>, PathRejection>,
    asked: Result<Query<BTreeMap<String, String>>, QueryRejection>,
) -> Response {
    let (Ok(Path((id, product))), Ok(Query(asked))) = (path, asked) else {
        return page::nowhere().await.into_response();
    };
    page::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".into()))?;
        let product = cloud
            .profile
            .catalog
            .product_by_id(&product)
            .ok_or_else(|| PageError::NotFound(format!("{} sells nothing of this name.", cloud.name)))?;
        Ok(calculator_page(cloud, product, &asked, console.engine.now()?))
    })
    .await
}

fn calculator_page(cloud: &Cloud, product: &Product, asked: &BTreeMap<String, String>, now: Instant) -> CalculatorPage {
    let fields = fields(product, asked);
    let estimate = ask(product, asked, &fields, now).and_then(|ask| match ask {
        None => Ok(None),
        Some(ask) => cloud.profile.estimate(&ask).map(Some).map_err(|error| error.to_string()),
    });
    let (sentence, lines, total, trouble) = match estimate {
        Ok(Some(estimate)) => {
            let Estimate { lines, total, units, .. } = estimate;
            let units = units.iter().map(|(units, unit)| format!("{units} {}", unit.beside(false)));
            let units = units.collect::<Vec<_>>().join(", ");
            let shown = if units.is_empty() { total.net.format(cloud.locale()) } else { units };
            let exact = if total.net.to_minor().is_err() {
                format!("{shown}, exactly {}", total.net.plain())
            } else {
                shown.clone()
            };
            (format!("That costs {shown}."), lines, Some(exact), None)
        }
        Ok(None) => (format!("What {} costs.", product.name), Vec::new(), None, None),
        Err(trouble) => (format!("What {} costs.", product.name), Vec::new(), None, Some(trouble)),
    };
    let chosen = asked.get("sku").cloned().or_else(|| product.sku.first().map(|sku| sku.id.to_string()));
    let choice = |sku: &farthing_core::catalog::Sku| {
        let dims: Vec<&str> = sku.dims.values().map(|value| value.0.as_str()).collect();
        let name = sku.name.as_ref().map_or_else(|| sku.id.to_string(), ToString::to_string);
        let name = if dims.is_empty() { name } else { format!("{name} ({})", dims.join(", ")) };
        Choice { id: sku.id.to_string(), name, chosen: Some(sku.id.as_str()) == chosen.as_deref() }
    };
    CalculatorPage {
        frame: Frame::of(product.name.to_string(), cloud)
            .below(page::cloud_address(&cloud.id), cloud.name.clone())
            .below(format!("{}/prices", page::cloud_address(&cloud.id)), "Prices"),
        sentence,
        currency: currency_words(cloud),
        shelf: shelf(cloud, product),
        skus: product.sku.iter().filter(|sku| !sku.retired).map(choice).collect(),
        fields,
        lines,
        total,
        trouble,
    }
}

/// What has to be said of this kind of product, filled with what was said.
fn fields(product: &Product, asked: &BTreeMap<String, String>) -> Vec<Field> {
    let field = |name: &str, label: &str, help: &'static str| Field {
        name: name.to_owned(),
        label: label.to_owned(),
        value: asked.get(name).cloned().unwrap_or_default(),
        help,
    };
    let span = "Such as 100h, 30d or 3mo";
    let used = "Such as 1500, 100k or 2.5M";
    let mut fields = match product.kind {
        Kind::Running => vec![field("for", "How long", span), field("count", "How many", "1 when left empty")],
        Kind::Capacity => vec![field("size", "How large", "Such as 500 GB"), field("for", "How long", span)],
        Kind::Term => vec![field("for", "How long", "Such as 3mo or 2w; a period begun counts")],
        Kind::Units => vec![field("size", "How many units in the pack", "One of the packs above")],
        Kind::Once => vec![field("count", "How many", "1 when left empty")],
        Kind::Usage => Vec::new(),
    };
    let labelled = |name: &Name| name.as_str().replace('_', " ");
    fields.extend(
        product.component.iter().map(|part| field(&format!("use.{}", part.label()), &labelled(part.label()), used)),
    );
    if let Some(meter) = product.meter.as_ref().filter(|_| product.kind == Kind::Usage) {
        fields.push(field(&format!("use.{meter}"), &labelled(meter), used));
    }
    fields.extend(
        product
            .addon
            .iter()
            .map(|addon| field(&format!("use.{}", addon.id), &addon.name.0, "How many; none when left empty")),
    );
    fields
}

/// The question, or nothing where nothing was asked yet.
fn ask(
    product: &Product,
    asked: &BTreeMap<String, String>,
    fields: &[Field],
    now: Instant,
) -> Result<Option<Ask>, String> {
    if asked.is_empty() {
        return Ok(None);
    }
    let said = |name: &str| asked.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let mut ask = Ask::of(product.id.as_str(), now.floor_second());
    ask.sku = said("sku").map(str::to_owned);
    if let Some(span) = said("for") {
        ask.lasting = Some(Span::parse(span).map_err(|error| error.to_string())?);
    }
    if let Some(count) = said("count") {
        ask.count = count.parse().map_err(|_| format!("{count:?} is no number of things; write it like 3"))?;
    }
    if let Some(size) = said("size") {
        let (quantity, unit) = Quantity::parse_with_unit(size).map_err(|error| error.to_string())?;
        ask.size = Some(Size { quantity, unit });
    }
    for field in fields {
        let Some((name, used)) =
            field.name.strip_prefix("use.").and_then(|name| Some((Name::parse(name)?, said(&field.name)?)))
        else {
            continue;
        };
        ask.uses.push((name, Quantity::parse(used).map_err(|error| error.to_string())?));
    }
    Ok(Some(ask))
}

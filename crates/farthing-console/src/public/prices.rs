//! `/clouds/{id}/prices` and `/clouds/{id}/prices/{product}`: the price list from the catalogue itself, and a calculator on the
//! rating itself (R72, R94).

use crate::Cloud;
use crate::Console;
use crate::frame::{self, Frame, PageError};
use crate::words::Language;
use crate::words::prices as price_words;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use farthing_core::catalog::{Catalog, Kind, Product, Sku, Wanted};
use farthing_core::config::{Name, Size, Text};
use farthing_core::estimate::{Ask, Estimate, EstimateError};
use farthing_core::measure::Quantity;
use farthing_core::money::Locale;
use farthing_core::time::{Instant, Span};
use std::collections::{BTreeMap, BTreeSet};
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
pub(super) struct Shelf {
    pub(super) name: String,
    pub(super) about: Option<String>,
    pub(super) address: String,
    pub(super) facts: Vec<String>,
    pub(super) lines: Vec<Line>,
    /// Whether any line says more than its name, and what it comes to in a month.
    pub(super) details: bool,
    pub(super) months: bool,
}

pub(super) struct Line {
    pub(super) what: String,
    pub(super) detail: String,
    pub(super) prices: Vec<String>,
    pub(super) month: Option<String>,
}

pub(crate) async fn page(State(console): State<Arc<Console>>, path: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(id)) = path else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".into()))?;
        let products: Vec<Shelf> = cloud.profile.catalog.product.iter().map(|product| shelf(cloud, product)).collect();
        let prices: usize = products.iter().map(|shelf| shelf.lines.len()).sum();
        let sentence = format!(
            "{} sells {} {} at {} {}.",
            cloud.name,
            crate::grouped(products.len() as u64),
            plural(products.len(), "product"),
            crate::grouped(prices as u64),
            plural(prices, "price"),
        );
        let frame = Frame::of("Prices", cloud).below(frame::cloud_address(&cloud.id), cloud.name.clone());
        Ok(PricesPage { frame, sentence, currency: currency_words(cloud), products })
    })
    .await
}

fn currency_words(cloud: &Cloud) -> String {
    format!("{} ({})", cloud.currency, cloud.currency.name())
}

pub(super) fn shelf(cloud: &Cloud, product: &Product) -> Shelf {
    let lines = lines(cloud, product);
    Shelf {
        name: product.name.to_string(),
        about: product.about.as_ref().map(ToString::to_string),
        address: product_address(cloud, product),
        facts: price_words::facts(product, Language::En),
        details: lines.iter().any(|line| !line.detail.is_empty()),
        months: lines.iter().any(|line| line.month.is_some()),
        lines,
    }
}

fn product_address(cloud: &Cloud, product: &Product) -> String {
    format!("{}/prices/{}", frame::cloud_address(&cloud.id), frame::segment(product.id.as_str()))
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
        let mut prices = price_words::prices(&offer.pricing, product);
        prices.extend(price_words::own_terms(&offer.pricing, product));
        Some(Line { what, detail, prices, month })
    };
    let mut lines = Vec::new();
    if product.sku.is_empty() && product.component.is_empty() && product.kind != Kind::Units {
        lines.extend(line(product.name.to_string(), String::new(), None, None));
    }
    for sku in product.sku.iter().filter(|sku| !sku.retired) {
        lines.extend(line(sku_name(sku), dims(sku).unwrap_or_default(), Some(sku.id.as_str()), None));
    }
    for part in &product.component {
        lines.extend(line(labelled(part.label()), String::new(), None, Some(part.label())));
    }
    for addon in &product.addon {
        let prices = price_words::prices(&addon.pricing, product);
        lines.push(Line { what: addon.name.to_string(), detail: "added to one of these".into(), prices, month: None });
    }
    for pack in &product.packs {
        let unit = product.unit.as_ref().map(|unit| unit.beside(false)).unwrap_or_default();
        lines.push(Line {
            what: format!("{} {unit}", pack.units),
            detail: String::new(),
            prices: vec![price_words::in_thousands(&pack.price.plain())],
            month: None,
        });
    }
    lines
}

pub(super) fn sku_name(sku: &Sku) -> String {
    sku.name.as_ref().map_or_else(|| sku.id.to_string(), ToString::to_string)
}

/// Its properties, where they say more than its name does.
pub(super) fn dims(sku: &Sku) -> Option<String> {
    let said: Vec<&str> = sku.dims.values().map(|value| value.0.as_str()).filter(|value| *value != "none").collect();
    Some(said.join(", ")).filter(|said| !said.is_empty() && *said != sku_name(sku))
}

pub(super) fn labelled(name: &Name) -> String {
    name.as_str().replace('_', " ")
}

#[derive(Template)]
#[template(path = "calculator.html")]
pub(super) struct CalculatorPage {
    pub(super) frame: Frame,
    pub(super) sentence: String,
    pub(super) currency: String,
    pub(super) shelf: Shelf,
    pub(super) fields: Vec<Field>,
    pub(super) choices: Vec<Choices>,
    pub(super) lines: Vec<farthing_core::estimate::Line>,
    pub(super) total: Option<String>,
    pub(super) trouble: Option<Trouble>,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) help: &'static str,
    pub(super) wrong: bool,
}

/// Why there is no answer, and which field it is about.
pub(super) struct Trouble {
    pub(super) field: Option<String>,
    pub(super) what: String,
}

impl Trouble {
    fn at(field: &str, what: impl Into<String>) -> Trouble {
        Trouble { field: Some(field.to_owned()), what: what.into() }
    }
}

/// One thing of several.
pub(super) struct Choices {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) list: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

pub(crate) async fn calculator(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String)>, PathRejection>,
    asked: Result<Query<BTreeMap<String, String>>, QueryRejection>,
) -> Response {
    let (Ok(Path((id, product))), Ok(Query(asked))) = (path, asked) else {
        return frame::nowhere().await.into_response();
    };
    frame::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".into()))?;
        let product = cloud
            .profile
            .catalog
            .product_by_id(&product)
            .ok_or_else(|| PageError::NotFound(format!("{} sells nothing of this name.", cloud.name)))?;
        Ok(calculator_page(cloud, product, &asked, console.engine.now()?, cloud.locale()))
    })
    .await
}

pub(super) fn calculator_page(
    cloud: &Cloud,
    product: &Product,
    asked: &BTreeMap<String, String>,
    now: Instant,
    locale: Locale,
) -> CalculatorPage {
    let mut fields = fields(&cloud.profile.catalog, product, asked);
    let estimate = ask(product, asked, &fields, now).and_then(|ask| match ask {
        None => Ok(None),
        Some(ask) => cloud.profile.estimate(&ask).map(Some).map_err(|error| refused(product, &error)),
    });
    let (sentence, lines, total, trouble) = match estimate {
        Ok(Some(estimate)) => {
            let Estimate { lines, total, units, .. } = estimate;
            let units = units.iter().map(|(units, unit)| format!("{units} {}", unit.beside(false)));
            let units = units.collect::<Vec<_>>().join(", ");
            let shown = if units.is_empty() { total.net.format(locale) } else { units };
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
    if let Some(at) = trouble.as_ref().and_then(|trouble: &Trouble| trouble.field.as_ref()) {
        fields.iter_mut().filter(|field| field.name == *at).for_each(|field| field.wrong = true);
    }
    CalculatorPage {
        frame: Frame::of(product.name.to_string(), cloud)
            .below(frame::cloud_address(&cloud.id), cloud.name.clone())
            .below(format!("{}/prices", frame::cloud_address(&cloud.id)), "Prices"),
        sentence,
        currency: currency_words(cloud),
        shelf: shelf(cloud, product),
        choices: choices(product, asked),
        fields,
        lines,
        total,
        trouble,
    }
}

/// What is chosen from a list: the SKU; and the properties that a price without SKUs asks for.
fn choices(product: &Product, asked: &BTreeMap<String, String>) -> Vec<Choices> {
    let choice = |field: &str, id: &str, name: String, first: bool| {
        let chosen = asked.get(field).map_or(first, |chosen| chosen == id);
        Choice { id: id.to_owned(), name, chosen }
    };
    let skus = product.sku.iter().filter(|sku| !sku.retired).enumerate();
    let list: Vec<Choice> = skus
        .map(|(place, sku)| {
            let name = dims(sku).map_or_else(|| sku_name(sku), |dims| format!("{} ({dims})", sku_name(sku)));
            choice("sku", sku.id.as_str(), name, place == 0)
        })
        .collect();
    if !list.is_empty() {
        return vec![Choices { name: "sku".to_owned(), label: "Which".to_owned(), list }];
    }
    let pricings = || std::iter::once(&product.pricing).chain(product.component.iter().map(|part| &part.pricing));
    let others = pricings().any(|pricing| !pricing.prices.is_empty() && pricing.price.is_some());
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in pricings().flat_map(|pricing| &pricing.prices) {
        for (key, value) in &line.when {
            known.entry(key).or_default().insert(&value.0);
        }
    }
    let property = |(key, values): (&str, BTreeSet<&str>)| {
        let name = format!("with.{key}");
        let other = others.then(|| choice(&name, "", "any other".to_owned(), true));
        let values = values.into_iter().enumerate();
        let values = values.map(|(place, value)| choice(&name, value, value.to_owned(), place == 0 && !others));
        let list = other.into_iter().chain(values).collect();
        let label = key.replace('_', " ");
        Choices { name, label: format!("Which {label}"), list }
    };
    known.into_iter().map(property).collect()
}

/// The estimate's refusal in this page's words, where its own are those of the command line.
fn refused(product: &Product, error: &EstimateError) -> Trouble {
    match error {
        EstimateError::NothingAsked { .. } => {
            let (field, what) = match product.kind {
                Kind::Running | Kind::Term => ("for", "say how long, such as 30d"),
                Kind::Capacity => ("size", "say how large and how long, such as 500 GB for 30d"),
                Kind::Usage => ("", "say how much of at least one, such as 100k"),
                Kind::Units => ("size", "say which pack"),
                Kind::Once => ("count", "say how many"),
            };
            Trouble::at(field, what)
        }
        EstimateError::NoSuchPack { packs, .. } => {
            Trouble::at("size", format!("there are packs of {}", packs.join(", ")))
        }
        other => Trouble { field: None, what: other.to_string() },
    }
}

/// What has to be said of this kind of product, filled with what was said.
fn fields(catalog: &Catalog, product: &Product, asked: &BTreeMap<String, String>) -> Vec<Field> {
    let field = |name: &str, label: &str, help: &'static str| Field {
        name: name.to_owned(),
        label: label.to_owned(),
        value: asked.get(name).cloned().unwrap_or_default(),
        help,
        wrong: false,
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
    // "calls" say what they are counted in; "egress" does not.
    let counted = |name: &Name, meter: &Name| {
        let label = labelled(name);
        let unit = catalog.meter_by_id(meter).map(|meter| meter.unit.beside(false));
        unit.filter(|unit| !label.contains(unit.as_str())).map_or(label.clone(), |unit| format!("{label}, in {unit}"))
    };
    fields.extend(product.component.iter().map(|part| {
        let name = part.label();
        field(&format!("use.{name}"), &counted(name, &part.meter), used)
    }));
    if let Some(meter) = product.meter.as_ref().filter(|_| product.kind == Kind::Usage) {
        fields.push(field(&format!("use.{meter}"), &counted(meter, meter), used));
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
) -> Result<Option<Ask>, Trouble> {
    if asked.is_empty() {
        return Ok(None);
    }
    let said = |name: &str| asked.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let mut ask = Ask::of(product.id.as_str(), now.floor_second());
    ask.sku = said("sku").map(str::to_owned);
    if let Some(span) = said("for") {
        ask.lasting = Some(Span::parse(span).map_err(|error| Trouble::at("for", error.to_string()))?);
    }
    if let Some(count) = said("count") {
        let number = count.parse().ok().filter(|number| *number > 0);
        ask.count =
            number.ok_or_else(|| Trouble::at("count", format!("{count:?} is no number of things; write it like 3")))?;
    }
    if let Some(size) = said("size") {
        let (quantity, unit) =
            Quantity::parse_with_unit(size).map_err(|error| Trouble::at("size", error.to_string()))?;
        ask.size = Some(Size { quantity, unit });
    }
    for field in fields {
        let Some((name, used)) =
            field.name.strip_prefix("use.").and_then(|name| Some((Name::parse(name)?, said(&field.name)?)))
        else {
            continue;
        };
        ask.uses.push((name, Quantity::parse(used).map_err(|error| Trouble::at(&field.name, error.to_string()))?));
    }
    let properties = asked.keys().filter_map(|name| Some((name.strip_prefix("with.")?, said(name)?)));
    ask.properties = properties.map(|(key, value)| (key.to_owned(), Text(value.to_owned()))).collect();
    Ok(Some(ask))
}

/// "product", "products"
fn plural(number: usize, one: &str) -> String {
    if number == 1 { one.to_owned() } else { format!("{one}s") }
}

//! What a product would cost: what has to be said of it, and the answer of the rating itself (R72, R94).

use super::shelf::{dims, labelled, sku_name};
use crate::Cloud;
use farthing_core::catalog::{Catalog, Kind, Product};
use farthing_core::config::{Name, Size, Text};
use farthing_core::estimate::{Ask, Estimate, EstimateError};
use farthing_core::measure::Quantity;
use farthing_core::money::Locale;
use farthing_core::time::{Instant, Span};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Calculation {
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

pub(super) fn calculate(
    cloud: &Cloud,
    product: &Product,
    asked: &BTreeMap<String, String>,
    now: Instant,
    locale: Locale,
) -> Calculation {
    let mut fields = fields(&cloud.profile.catalog, product, asked);
    let estimate = ask(product, asked, &fields, now).and_then(|ask| match ask {
        None => Ok(None),
        Some(ask) => cloud.profile.estimate(&ask).map(Some).map_err(|error| refused(product, &error)),
    });
    let (lines, total, trouble) = match estimate {
        Ok(Some(Estimate { lines, total, units, .. })) => {
            let units = units.iter().map(|(units, unit)| format!("{units} {}", unit.beside(false)));
            let units = units.collect::<Vec<_>>().join(", ");
            let shown = if units.is_empty() { total.net.format(locale) } else { units };
            let is_exact = total.net.to_minor().is_ok();
            let total = if is_exact { shown } else { format!("{shown}, exactly {}", total.net.plain()) };
            (lines, Some(total), None)
        }
        Ok(None) => (Vec::new(), None, None),
        Err(trouble) => (Vec::new(), None, Some(trouble)),
    };
    if let Some(at) = trouble.as_ref().and_then(|trouble: &Trouble| trouble.field.as_ref()) {
        fields.iter_mut().filter(|field| field.name == *at).for_each(|field| field.wrong = true);
    }
    Calculation { choices: choices(product, asked), fields, lines, total, trouble }
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
                Kind::Running | Kind::Term => (Some("for"), "say how long, such as 30d"),
                Kind::Capacity => (Some("size"), "say how large and how long, such as 500 GB for 30d"),
                Kind::Usage => (None, "say how much of at least one, such as 100k"),
                Kind::Units => (Some("size"), "say which pack"),
                Kind::Once => (Some("count"), "say how many"),
            };
            Trouble { field: field.map(str::to_owned), what: what.to_owned() }
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

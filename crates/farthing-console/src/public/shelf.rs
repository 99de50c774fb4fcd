//! A product's prices as a list shows them, from the catalogue itself.

use crate::Cloud;
use crate::words::prices as price_words;
use farthing_core::catalog::{Kind, Product, Sku, Wanted};
use farthing_core::config::Name;
use farthing_core::money::Locale;

/// One product with its prices.
pub(super) struct Shelf {
    pub(super) name: String,
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

pub(super) fn shelf(cloud: &Cloud, product: &Product, locale: Locale) -> Shelf {
    let lines = lines(cloud, product, locale);
    Shelf {
        name: product.name.to_string(),
        details: lines.iter().any(|line| !line.detail.is_empty()),
        months: lines.iter().any(|line| line.month.is_some()),
        lines,
    }
}

/// Every price of a product.
fn lines(cloud: &Cloud, product: &Product, locale: Locale) -> Vec<Line> {
    let catalog = &cloud.profile.catalog;
    let offer = |sku: Option<&str>, component: Option<&Name>| {
        let product = product.id.as_str();
        catalog.offer(Wanted { product, sku, component, account: None, on: None }).ok()
    };
    let line = |what: String, detail: String, sku: Option<&str>, component: Option<&Name>| {
        let offer = offer(sku, component)?;
        let month = price_words::per_month(&offer, cloud.currency, locale);
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

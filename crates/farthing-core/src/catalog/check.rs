//! What in a catalogue cannot be: names twice or unknown, prices that do not fit their product, tiers that leave gaps.

use super::{
    Aggregate, Catalog, Component, Contract, Counts, Coupon, Kind, Mode, Offer, OfferError, PriceAt, Pricing, Product,
    Sku,
};
use crate::config::{Cadence, Found, Name, Places, Reader, Severity, Value, nearest};
use crate::measure::{TimeUnit, Unit, UnitPrice};
use crate::money::Money;
use crate::policy::Policy;
use crate::rate::{Percent, RateError};
use crate::time::{Duration, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A month of 30 days: prices are compiled once, to see whether they can be.
const MONTH_SECONDS: i64 = 2_592_000;

pub(super) fn check(catalog: &Catalog, policy: &Policy, reader: &mut Reader<'_>) {
    meters(catalog, reader);
    once_each(catalog.product.iter().map(|product| (&product.id, &product.places)), "product", reader);
    let read: BTreeSet<&Name> =
        catalog.meter.iter().filter(|meter| reader.is_element_read(&meter.places)).map(|meter| &meter.id).collect();
    for product in &catalog.product {
        // A meter with a mistake in it would make its prices look wrong too.
        let counted = meters_of(product).all(|(id, _)| read.contains(id) || catalog.meter_by_id(id).is_none());
        if reader.is_element_read(&product.places) && counted {
            of_product(catalog, product, policy, reader);
        }
    }
    contracts(catalog, policy, reader);
    gifts(catalog, reader);
    coupons(catalog, reader);
    unused_meters(catalog, reader);
}

fn once_each<'a>(named: impl Iterator<Item = (&'a Name, &'a Places)>, what: &str, reader: &mut Reader<'_>) {
    let mut seen = BTreeSet::new();
    for (id, places) in named {
        if !seen.insert(id) {
            let told = format!("there are two {what}s called {:?}", id.as_str());
            let at = if places.has("id") { places.of("id") } else { places.of("meter") };
            reader.error(at, told, "give each an `id` of its own");
        }
    }
}

/// What was named is not there: told with the name that may have been meant. `section` is where it would be written.
fn unknown<'a>(
    what: &str,
    section: &str,
    found: &Name,
    known: impl Iterator<Item = &'a Name>,
    at: Range<usize>,
    reader: &mut Reader<'_>,
) {
    let known: Vec<&str> = known.map(Name::as_str).collect();
    let remedy = match nearest(found.as_str(), known.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.is_empty() && section.contains('.') => {
            format!("the product has none; leave it out, or write a [[{section}]]")
        }
        None if known.is_empty() => format!("there is no {what} at all; write a [[{section}]]"),
        None => format!("there are {}", known.iter().take(8).copied().collect::<Vec<_>>().join(", ")),
    };
    reader.error(at, format!("there is no {what} called {:?}", found.as_str()), remedy);
}

fn meters(catalog: &Catalog, reader: &mut Reader<'_>) {
    once_each(catalog.meter.iter().map(|meter| (&meter.id, &meter.places)), "meter", reader);
    for meter in &catalog.meter {
        if !reader.is_element_read(&meter.places) {
            continue;
        }
        if (meter.aggregate == Aggregate::Unique) != meter.of.is_some() {
            let (key, what, remedy) = if meter.of.is_some() {
                (
                    "of",
                    "`of` says what is unique, but the meter does not count unique things",
                    "write aggregate = \"unique\"",
                )
            } else {
                ("aggregate", "a meter of unique things must say which property is counted", "write of = \"user\"")
            };
            reader.error(meter.places.of(key), what, remedy);
        }
    }
}

/// Told only of a catalogue without errors: a name that is misspelt elsewhere makes a meter look unused.
fn unused_meters(catalog: &Catalog, reader: &mut Reader<'_>) {
    let used: BTreeSet<&Name> = catalog.product.iter().flat_map(meters_of).map(|(id, _)| id).collect();
    if reader.remarks.iter().any(|remark| remark.severity == Severity::Error) {
        return;
    }
    for meter in catalog.meter.iter().filter(|meter| !used.contains(&meter.id)) {
        let what = format!("nothing is priced by meter {:?}: what it counts is refused", meter.id.as_str());
        reader.remark(Severity::Warning, meter.places.of("id"), what, "price it, or leave it out");
    }
}

/// Every meter that a product names, and where.
fn meters_of(product: &Product) -> impl Iterator<Item = (&Name, Range<usize>)> {
    let own = product.meter.iter().map(|id| (id, product.places.of("meter")));
    let parts = product.component.iter().map(|part| (&part.meter, part.places.of("meter")));
    let limits = product.quota.iter().flat_map(|quota| quota.meter.iter().map(|id| (id, quota.places.of("meter"))));
    own.chain(parts).chain(limits)
}

fn of_product(catalog: &Catalog, product: &Product, policy: &Policy, reader: &mut Reader<'_>) {
    once_each(product.sku.iter().map(|sku| (&sku.id, &sku.places)), "SKU", reader);
    once_each(product.component.iter().map(|part| (part.label(), &part.places)), "component", reader);
    once_each(product.addon.iter().map(|addon| (&addon.id, &addon.places)), "add-on", reader);
    once_each(product.quota.iter().map(|quota| (&quota.id, &quota.places)), "quota", reader);
    same_dims(product, reader);
    let mut counted = true;
    for (id, at) in meters_of(product) {
        if catalog.meter_by_id(id).is_none() {
            counted = false;
            if reader.is_complete("meter") {
                let at = reader.source.word(&at, id.as_str(), Found::First);
                unknown("meter", "meter", id, catalog.meter.iter().map(|meter| &meter.id), at, reader);
            }
        }
    }
    shape(product, reader);
    space(catalog, product, reader);
    limits(catalog, product, reader);
    raises(catalog, product, reader);
    taken_units(catalog, product, reader);
    if !counted {
        return; // what is counted is not known, so no price can be held against it
    }
    let own_price = product.pricing.has_price();
    if own_price || product.sku.is_empty() && product.component.is_empty() {
        priced(&catalog.offer_of(product, None, None, None), &product.pricing, policy, reader);
    }
    // A SKU that adds nothing to the price of its product was looked at with it.
    for sku in product.sku.iter().filter(|sku| !own_price || !sku.pricing.is_silent()) {
        priced(&catalog.offer_of(product, Some(sku), None, None), &sku.pricing, policy, reader);
    }
    for part in &product.component {
        priced(&catalog.offer_of(product, None, Some(part), None), &part.pricing, policy, reader);
    }
    for addon in &product.addon {
        if addon.pricing.price.is_none() {
            let what = format!("add-on {:?} has no price", addon.id.as_str());
            reader.error(addon.places.whole.clone(), what, "write price = \"18.00\", for one period of its product");
        }
        let rows = addon.pricing.prices.iter().map(|line| (&line.price, line.places.of("price")));
        let plain = addon.pricing.price.iter().map(|tag| (tag, addon.places.of("price")));
        for (tag, at) in plain.chain(rows).filter(|(tag, _)| tag.per != crate::measure::Per::WHOLE) {
            let what =
                format!("the price of add-on {:?} is one amount for a whole period, not {tag}", addon.id.as_str());
            reader.error(at, what, "write only the amount, for one period of its product");
        }
    }
}

/// Bought space is measured, or nobody knows when it is above the free size (R71, R73).
fn space(catalog: &Catalog, product: &Product, reader: &mut Reader<'_>) {
    if product.kind != Kind::Term {
        return;
    }
    let measured = product.meter.as_ref().and_then(|id| catalog.meter_by_id(id));
    match (&product.size, &product.meter) {
        (Some(_), None) => {
            let what = "space is sold, but nothing measures how full it is";
            reader.error(
                product.places.of("size"),
                what,
                "write meter = \"…\", one with aggregate = \"time_weighted\"",
            );
        }
        (Some(_), Some(_)) if measured.is_some_and(|meter| meter.aggregate != Aggregate::TimeWeighted) => {
            let what = "a meter that adds up does not know how full a space is";
            reader.error(product.places.of("meter"), what, "write aggregate = \"time_weighted\" at the meter");
        }
        (None, _) if product.pricing.free.is_some() => {
            let what = "`free` of a term is the space that everybody has, but this term adds no space";
            reader.error(product.pricing.places.of("free"), what, "write size = \"500 GB\" too, or leave it out");
        }
        _ => {}
    }
}

/// A limit counts in one unit, over some time (R46).
fn limits(catalog: &Catalog, product: &Product, reader: &mut Reader<'_>) {
    for quota in &product.quota {
        let named = quota.id.as_str();
        if quota.per.is_zero() {
            let what = format!("quota {named:?} limits what comes in no time at all");
            reader.error(quota.places.of("per"), what, "write per = \"1m\", or another time");
        }
        if quota.counts == Counts::Things {
            if product.kind == Kind::Usage {
                let what = format!("quota {named:?} counts things, and there are none of what is only used");
                reader.error(quota.places.of("counts"), what, "write counts = \"use\", and which meter");
            } else if !quota.meter.is_empty() {
                let what = format!("quota {named:?} counts things, which no meter does");
                reader.error(quota.places.of("meter"), what, "leave `meter` out, or write counts = \"use\"");
            }
            continue;
        }
        let Some(first) = quota.meter.first() else {
            let what = format!("quota {named:?} limits nothing: it names no meter");
            reader.error(quota.places.of("meter"), what, "write meter = \"…\", or a list of several");
            continue;
        };
        for (position, id) in quota.meter.iter().enumerate() {
            let place = |which| reader.source.word(&quota.places.of("meter"), id.as_str(), which);
            if quota.meter.iter().take(position).any(|known| known == id) {
                let what = format!("quota {named:?} names meter {:?} twice, and would count it twice", id.as_str());
                reader.error(place(Found::Last), what, "name each meter once");
            } else if let (Some(one), Some(other)) = (catalog.meter_by_id(first), catalog.meter_by_id(id))
                && one.unit != other.unit
            {
                let what = format!(
                    "quota {named:?} cannot add up meter {:?}, in {}, and meter {:?}, in {}",
                    first.as_str(),
                    one.unit.beside(false),
                    id.as_str(),
                    other.unit.beside(false)
                );
                reader.error(
                    place(Found::First),
                    what,
                    "name meters of one unit, and write a quota for each other unit",
                );
            }
        }
    }
}

/// What raises a limit needs one (R46).
fn raises(catalog: &Catalog, product: &Product, reader: &mut Reader<'_>) {
    for raise in &product.raises {
        let known = catalog.product.iter().map(|product| &product.id);
        match catalog.product_by_id(raise.product.as_str()) {
            None if reader.is_complete("product") => {
                unknown("product", "product", &raise.product, known, raise.places.of("product"), reader);
            }
            // What is wrong with the other product is told there.
            Some(raised) if reader.is_element_read(&raised.places) && raised.quota_by_id(&raise.quota).is_none() => {
                let known = raised.quota.iter().map(|quota| &quota.id);
                unknown("quota", "product.quota", &raise.quota, known, raise.places.of("quota"), reader);
            }
            _ => {}
        }
        if raise.by.is_zero() {
            reader.error(
                raise.places.of("by"),
                "a limit raised by 0 stays where it is",
                "write how much is added, such as by = \"60\"",
            );
        }
    }
}

/// Units that a price takes must be for sale (R8).
fn taken_units(catalog: &Catalog, product: &Product, reader: &mut Reader<'_>) {
    let skus = product.sku.iter().map(|sku| &sku.pricing);
    let parts = product.component.iter().map(|part| &part.pricing);
    for pricing in [&product.pricing].into_iter().chain(skus).chain(parts) {
        if let Some(taken) = &pricing.units {
            taken_by(product, pricing, taken, reader);
        }
        // A product that could not be read may be the one that sells them.
        if let Some(taken) = &pricing.units
            && reader.is_complete("product")
            && !catalog.product.iter().any(|other| {
                other.unit.as_ref() == Some(&taken.unit)
                    || other.kind == Kind::Units && !reader.is_element_read(&other.places)
            })
        {
            let what = format!("the price takes {}, which nothing sells", taken.unit.beside(false));
            let remedy = format!("write a product of kind \"units\" with unit = {:?}", taken.unit.as_str());
            reader.error(pricing.places.of("units"), what, remedy);
        }
    }
}

/// Units are drawn by the second from what runs, at a price that remembers nothing.
fn taken_by(product: &Product, own: &Pricing, taken: &UnitPrice, reader: &mut Reader<'_>) {
    let at = own.places.of("units");
    if product.kind != Kind::Running {
        let what = format!("units pay for what runs, and product {:?} is of another kind", product.id.as_str());
        reader.error(at, what, "leave `units` out, or write kind = \"running\"");
        return;
    }
    if taken.per.unit.is_some() || taken.per.time.is_none_or(|time| time.seconds().is_none()) {
        let what = format!("{taken} has no time of a fixed length, and units are taken by the second");
        reader.error(at, what, "write it like \"1 gpu-unit / hour\"");
        return;
    }
    let remembers = [own, &product.pricing].into_iter().find_map(memory_of);
    if let Some(key) = remembers.or((!own.over(&product.pricing).hours.is_empty()).then_some("hours")) {
        let what = format!("`{key}` looks at more than the seconds that no units covered");
        reader.error(at, what, format!("leave `units` or `{key}` out"));
    }
}

/// A resource is placed by its dimensions: two SKUs with the same ones could not be told apart.
fn same_dims(product: &Product, reader: &mut Reader<'_>) {
    let mut seen: BTreeMap<&BTreeMap<String, crate::config::Text>, &Sku> = BTreeMap::new();
    for sku in product.sku.iter().filter(|sku| !sku.dims.is_empty() && !sku.retired) {
        if let Some(first) = seen.insert(&sku.dims, sku) {
            let what = format!(
                "SKUs {:?} and {:?} have the same dimensions: nothing says which of them is meant",
                first.id.as_str(),
                sku.id.as_str()
            );
            reader.error(sku.places.of("dims"), what, "let them differ, or mark the old one retired = true");
        }
    }
}

/// Keys that a kind of product needs, and keys that mean nothing to it.
fn shape(product: &Product, reader: &mut Reader<'_>) {
    let (kind, has) = (product.kind, |key: &str| product.places.has(key));
    let metered = product.meter.is_some() || !product.component.is_empty();
    if matches!(kind, Kind::Usage | Kind::Capacity) && !metered {
        let what = format!("product {:?} is of kind {:?}, but nothing counts it", product.id.as_str(), kind.word());
        reader.error(
            product.places.whole.clone(),
            what,
            "write meter = \"…\", or one [[product.component]] for each meter",
        );
    }
    // What destroys never runs on zero (the ladder's steps are held to the same).
    for (key, time) in [("release_when_off", product.release_when_off)] {
        if time.is_some_and(Duration::is_zero) {
            let what = format!("`{key}` destroys, so it must be longer than zero");
            reader.error(product.places.of(key), what, "write \"15d\", or leave it out");
        }
    }
    if matches!(product.expires, Some(Span::Exact(time)) if time.is_zero()) {
        let what = "units that expire after no time could never be used";
        reader.error(product.places.of("expires"), what, "write \"1 year\", or leave it out");
    }
    let only: [(&str, &[Kind]); 19] = [
        ("price", &[Kind::Running, Kind::Usage, Kind::Capacity, Kind::Term, Kind::Once]),
        ("states", &[Kind::Running, Kind::Capacity]),
        ("round_up", &[Kind::Running]),
        ("min_duration", &[Kind::Running]),
        ("component", &[Kind::Usage, Kind::Running, Kind::Capacity]),
        ("packs", &[Kind::Units]),
        ("unit", &[Kind::Units]),
        ("expires", &[Kind::Units]),
        ("addon", &[Kind::Term]),
        ("charge", &[Kind::Term]),
        ("proration", &[Kind::Term]),
        ("renew", &[Kind::Term]),
        ("converts_to", &[Kind::Term]),
        ("provision", &[Kind::Term, Kind::Once]),
        ("min_periods", &[Kind::Term]),
        ("size", &[Kind::Term]),
        ("release_when_off", &[Kind::Running]),
        ("restore", &[Kind::Running, Kind::Capacity, Kind::Term]),
        ("raises", &[Kind::Term, Kind::Once]),
    ];
    for (key, kinds) in only {
        if has(key) && !kinds.contains(&kind) {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            let what = format!("`{key}` means nothing to a product of kind {:?}", kind.word());
            // A list of sections has no line of its own: its first is pointed at.
            let at = match key {
                "component" => product.component.first().map(|part| part.places.whole.clone()),
                "addon" => product.addon.first().map(|addon| addon.places.whole.clone()),
                "packs" => product.packs.first().map(|pack| pack.places.whole.clone()),
                _ => None,
            };
            let at = at.unwrap_or_else(|| product.places.of(key));
            reader.error(at, what, format!("it is for kind {}; leave it out here", kinds.join(", ")));
        }
    }
    if kind == Kind::Units {
        if product.packs.is_empty() {
            reader.error(
                product.places.whole.clone(),
                format!("product {:?} sells units in packs, and there are none", product.id.as_str()),
                "write packs = [{ units = 100, price = \"90.00\" }]",
            );
        }
        if product.unit.is_none() {
            let what = format!("product {:?} sells units that have no name", product.id.as_str());
            reader.error(product.places.whole.clone(), what, "write unit = \"gpu-unit\"");
        }
        for pack in product.packs.iter().filter(|pack| pack.units.is_zero()) {
            reader.error(pack.places.of("units"), "a pack of 0 units holds nothing", "write how many it holds");
        }
    }
    if product.settle == Some(Cadence::Cycle)
        && kind == Kind::Running
        && product.pay != Some(crate::policy::Pay::Postpaid)
    {
        let what = "what runs off the balance would be taken only when its period ends".to_owned();
        reader.remark(
            Severity::Warning,
            product.places.of("settle"),
            what,
            "leave `settle` out, or write pay = \"postpaid\"",
        );
    }
    if let Some(hours) = product.hours_per_month
        && !(1..=744).contains(&hours.0)
    {
        reader.error(
            product.places.of("hours_per_month"),
            format!("no month has {} hours", hours.0),
            "write 730, the mean of a year, or leave it out",
        );
    }
    if let Span::Exact(length) = product.period
        && length.is_zero()
    {
        reader.error(
            product.places.of("period"),
            "a period of no length never ends",
            "write \"1 month\" or \"1 week\"",
        );
    }
    if product.renew == Some(crate::policy::AtExpiry::Convert) && product.converts_to.is_none() {
        reader.error(
            product.places.of("renew"),
            "the term becomes something else, but nothing says what",
            "write converts_to = \"…\", a product of kind running",
        );
    }
    for (state, share) in &product.states {
        if share.trillionths() > 1_000_000_000_000 {
            reader.error(
                product.places.of("states"),
                format!("state {state:?} would cost more than the price itself"),
                "write a share between 0 and 1",
            );
        }
    }
    if !product.states.contains_key("running") && matches!(kind, Kind::Running | Kind::Capacity) {
        reader.error(
            product.places.of("states"),
            "nothing says what the state \"running\" costs",
            "write running = 1 in it",
        );
    }
}

/// One price, compiled: whatever is wrong with it is told where it is written.
fn priced(offer: &Offer<'_>, own: &Pricing, policy: &Policy, reader: &mut Reader<'_>) {
    let product = offer.product;
    if product.kind == Kind::Units {
        return;
    }
    let pricing = &offer.pricing;
    let whole = own.places.whole.clone();
    if !pricing.has_price() && pricing.units.is_none() {
        let remedy = match product.kind {
            Kind::Running => "write price = \"0.042 / hour\"",
            Kind::Usage => "write price = \"0.15 / 1M tokens\", or tiers",
            Kind::Capacity => "write price = \"0.10 / GB-month\", or tiers",
            Kind::Term | Kind::Units | Kind::Once => "write price = \"18.00\"",
        };
        reader.error(whole, format!("{} has no price", thing(offer)), remedy);
        return;
    }
    // Each of these presupposes the ones before it, so the first that finds something is the last.
    let told = reader.remarks.len();
    modes(pricing, own, reader);
    if reader.remarks.len() == told {
        fits_kind(offer, own, reader);
    }
    if reader.remarks.len() > told {
        return;
    }
    if product.at == PriceAt::Start
        && let Some(key) = memory_of(pricing)
    {
        // What the product says for all its SKUs is told once.
        let whose = if own.places.has(key) { thing(offer) } else { format!("product {:?}", product.id.as_str()) };
        let what =
            format!("{whose} keeps the price of its start (at = \"start\"), but `{key}` looks at the whole period");
        let remedy = if key == "mode" {
            "write a plain price, or at = \"live\"".to_owned()
        } else {
            format!("leave `{key}` out, or write at = \"live\"")
        };
        reader.error(pricing.places.of(key), what, remedy);
    }
    if !pricing.hours.is_empty() && (pricing.mode != Mode::Unit || pricing.price.is_none()) {
        let what = "prices by the hour need a `price` for all other hours, and no tiers".to_owned();
        let at = pricing.hours.first().map_or_else(|| own.places.of("hours"), |line| line.places.whole.clone());
        reader.error(at, what, "write price = \"0.042 / hour\" beside `hours`, with mode = \"unit\"");
        return;
    }
    let step = policy.cloud.data_step;
    if pricing.free.as_ref().is_some_and(|free| free.size.quantity.is_zero()) {
        reader.remark(Severity::Warning, pricing.places.of("free"), "nothing is free here", "leave `free` out");
    }
    // The free part of a capacity is in the unit of its meter; any other is a part of the tariff, compiled below.
    if product.kind == Kind::Capacity
        && let Err(error) = offer.free_size(step)
    {
        let (at, remedy) = place_of(&error, offer);
        reader.error(at, error.to_string(), remedy);
        return;
    }
    if !pricing.has_price() {
        return;
    }
    let compiled =
        offer.tariff(policy.cloud.currency, step).and_then(|tariff| Ok(tariff.formula(MONTH_SECONDS)?)).map(|_| ());
    if let Err(error) = compiled {
        // A line of `prices` prices only some: that there is none for the rest is meant, and told when it is met.
        if !matches!(error, OfferError::NoPriceFor { .. }) {
            let (at, remedy) = place_of(&error, offer);
            // Some faults end in their own remedy; what stands here is the one of the catalogue.
            let what = match error {
                OfferError::KeyMissing { .. } if lacks_one_price(pricing) => {
                    "a cap by time is so long at one price, but this has several".to_owned()
                }
                OfferError::Rate(RateError::NoTime) => "a cap by time needs a price by time".to_owned(),
                OfferError::Rate(RateError::Overflow { .. }) => "this price cannot be counted exactly".to_owned(),
                error => error.to_string(),
            };
            let what = what.split_once("; ").map_or(what.as_str(), |(what, _)| what);
            reader.error(at, what, remedy);
        }
    }
}

fn thing(offer: &Offer<'_>) -> String {
    let part = offer.sku.map(|sku| format!(" SKU {:?}", sku.id.as_str()));
    let part = part.or_else(|| offer.component.map(|part| format!(" component {:?}", part.label().as_str())));
    format!("product {:?}{}", offer.product.id.as_str(), part.unwrap_or_default())
}

/// The key, if any, that makes what is used later cost something else than what was used first.
fn memory_of(pricing: &Pricing) -> Option<&'static str> {
    let keys = [
        ("mode", pricing.mode != Mode::Unit),
        ("monthly_cap", pricing.monthly_cap.is_some()),
        ("minimum", pricing.minimum.is_some()),
        ("free", pricing.free.is_some()),
    ];
    keys.into_iter().find(|(_, there)| *there).map(|(key, _)| key)
}

/// Keys that a mode does not read: written, they would be believed and do nothing.
fn modes(pricing: &Pricing, own: &Pricing, reader: &mut Reader<'_>) {
    let only: [(&str, &[Mode]); 7] = [
        ("tiers", &[Mode::Graduated, Mode::Volume, Mode::GraduatedPercentage]),
        ("percent", &[Mode::Percentage]),
        ("fixed", &[Mode::Percentage]),
        ("free_events", &[Mode::Percentage]),
        ("free_amount", &[Mode::Percentage]),
        ("factor", &[Mode::Dynamic]),
        ("price", &[Mode::Unit, Mode::Package]),
    ];
    for (key, modes) in only {
        if own.places.has(key) && !modes.contains(&pricing.mode) {
            let modes: Vec<&str> = modes.iter().map(|mode| mode.word()).collect();
            let what = format!("`{key}` means nothing with mode = {:?}", pricing.mode.word());
            let tiers = pricing.tiers.first().filter(|_| key == "tiers");
            let at = tiers.map_or_else(|| own.places.of(key), |line| line.places.whole.clone());
            reader.error(at, what, format!("write mode = \"{}\", or leave `{key}` out", modes.join("\" or \"")));
        }
    }
    let tiers = pricing.tiers.iter().filter(|_| own.places.has("tiers"));
    for (position, line) in tiers.enumerate() {
        let percent = pricing.mode == Mode::GraduatedPercentage;
        let (other, key) = if percent { ("price", "percent") } else { ("percent", "price") };
        if line.places.has(other) {
            let what = format!("`{other}` in a tier means nothing with mode = {:?}", pricing.mode.word());
            reader.error(line.places.of(other), what, format!("write `{key}` instead, or another `mode`"));
        } else if !percent && line.price.is_none() && line.flat.is_none() {
            let number = position.saturating_add(1);
            let what = format!("tier {number} has neither a price nor a flat part");
            reader.error(line.places.whole.clone(), what, "write price = \"0 / call\" where it is meant to be free");
        }
    }
}

/// The price's unit and time against the kind of product and its meter.
fn fits_kind(offer: &Offer<'_>, own: &Pricing, reader: &mut Reader<'_>) {
    let kind = offer.product.kind;
    let tiers =
        offer.pricing.tiers.iter().filter_map(|line| line.price.as_ref().map(|tag| (tag, line.places.of("price"))));
    let rows = offer.pricing.prices.iter().map(|line| (&line.price, line.places.of("price")));
    let hours = offer.pricing.hours.iter().map(|line| (&line.price, line.places.of("price")));
    let plain = offer.pricing.price.iter().map(|tag| (tag, own.places.of("price")));
    // A component of what runs is counted by its own meter, so it is priced as usage is.
    let by_events = kind == Kind::Usage || kind == Kind::Running && offer.component.is_some();
    for (tag, at) in plain.chain(tiers).chain(rows).chain(hours) {
        let timed = tag.per.time.is_some();
        match kind {
            Kind::Running | Kind::Capacity if !by_events && !timed => {
                let what = format!("{} is charged by time, but the price {tag} has none", thing(offer));
                let meant =
                    tag.per.unit.as_ref().and_then(|unit| nearest(unit.as_str(), TimeUnit::ALL.map(TimeUnit::name)));
                let remedy = match (meant, kind) {
                    (Some(time), _) => format!("did you mean {time:?}?"),
                    (None, Kind::Running) => "write \"0.042 / hour\"".to_owned(),
                    (None, _) => "write \"0.10 / GB-month\"".to_owned(),
                };
                reader.error(at, what, remedy);
            }
            Kind::Running if !by_events && tag.per.unit.is_some() => {
                let what = format!("{} runs or does not: the price {tag} counts something besides", thing(offer));
                reader.error(at, what, "write \"0.042 / hour\", or kind = \"capacity\" with a meter");
            }
            _ if by_events && timed && offer.meter.is_some_and(|meter| meter.aggregate != Aggregate::TimeWeighted) => {
                let what =
                    format!("{} is charged by what was counted, but the price {tag} has a time in it", thing(offer));
                reader.error(at, what, "write \"0.15 / 1M tokens\", or aggregate = \"time_weighted\" at its meter");
            }
            Kind::Term | Kind::Once if tag.per != crate::measure::Per::WHOLE => {
                let (whole, remedy) = if kind == Kind::Term {
                    (" for a whole period", "write only the amount; `period` says how long it lasts")
                } else {
                    ("", "write only the amount")
                };
                let what = format!("the price of {} is one amount{whole}, not {tag}", thing(offer));
                reader.error(at, what, remedy);
            }
            _ => unit_fits(offer, tag.per.unit.as_ref(), at, reader),
        }
    }
    if kind == Kind::Capacity
        && let Some(meter) = offer.meter.filter(|meter| meter.aggregate != Aggregate::TimeWeighted)
    {
        let what = format!(
            "{} is charged for its size at every second, but meter {:?} adds up",
            thing(offer),
            meter.id.as_str()
        );
        let at = if offer.component.is_some() { own.places.of("meter") } else { offer.product.places.of("meter") };
        reader.error(at, what, "write aggregate = \"time_weighted\" at the meter");
    }
}

fn unit_fits(offer: &Offer<'_>, written: Option<&Unit>, at: Range<usize>, reader: &mut Reader<'_>) {
    let sold = offer.sold();
    let (Some(written), Some(sold)) = (written, sold) else { return };
    if written.per(sold, crate::measure::DataStep::Binary).is_none() {
        let several = written.beside(false);
        let what = format!("the price is for {several}, but {} is counted in {}", thing(offer), sold.beside(false));
        let remedy =
            format!("write the price for {sold}, or turn {} into {several} with `convert`", sold.beside(false));
        reader.error(at, what, remedy);
    }
}

/// A cap by time on a price that is not one price for each.
fn lacks_one_price(pricing: &Pricing) -> bool {
    let by_time = matches!(pricing.monthly_cap, Some(crate::config::Cap::Time(_)));
    by_time && (!pricing.tiers.is_empty() || pricing.mode == Mode::Package && pricing.price.is_some())
}

/// Where the fault of a compiled price is written, and what to do about it.
fn place_of(error: &OfferError, offer: &Offer<'_>) -> (Range<usize>, String) {
    let pricing = &offer.pricing;
    let tier = |place: usize| {
        let line = pricing.tiers.get(place);
        line.map_or_else(|| pricing.places.of("tiers"), |line| line.places.of("upto"))
    };
    let (key, remedy) = match error {
        OfferError::KeyMissing { .. } if lacks_one_price(pricing) => {
            ("monthly_cap", "write the cap as an amount".to_owned())
        }
        OfferError::KeyMissing { key, .. }
            if pricing.mode == Mode::GraduatedPercentage && !pricing.tiers.is_empty() =>
        {
            let line = pricing.tiers.iter().find(|line| !line.places.has(key));
            let at = line.map_or_else(|| pricing.places.of("tiers"), |line| line.places.whole.clone());
            return (at, format!("write {key} = \"0\" where it is meant to be free"));
        }
        OfferError::KeyMissing { key, .. } => ("mode", format!("write `{key}`, or choose another `mode`")),
        OfferError::SizeMismatch { .. } | OfferError::SizeTooFine { .. } => {
            ("free", offer.sold().map_or_else(String::new, |unit| format!("write it in {unit}")))
        }
        OfferError::Rate(RateError::TierBound { tier: number }) => {
            let remedy = "let `upto` rise from tier to tier, each above zero; only the last has none";
            return (tier(number.saturating_sub(1)), remedy.to_owned());
        }
        OfferError::Rate(RateError::LastTierBounded) => {
            let remedy = "leave `upto` out of the last tier, or write one more without it";
            return (tier(pricing.tiers.len().saturating_sub(1)), remedy.to_owned());
        }
        OfferError::Rate(RateError::MixedTimes) => {
            let first = pricing.tiers.first().and_then(|line| line.price.as_ref()).map(|tag| tag.per.time);
            let other = pricing.tiers.iter().find(|line| line.price.as_ref().map(|tag| tag.per.time) != first);
            let at = other.map_or_else(|| pricing.places.of("tiers"), |line| line.places.of("price"));
            return (at, "write one of hour, day, month … for all tiers".to_owned());
        }
        OfferError::Rate(RateError::DiscountAboveAll { .. }) => ("discount", "write 100 at most".to_owned()),
        OfferError::Rate(RateError::LimitsCross) => {
            let key = if pricing.places.has("each_max") { "each_max" } else { "each_min" };
            (key, "let each_max be at least each_min".to_owned())
        }
        OfferError::Rate(RateError::NoTime) => ("monthly_cap", "write the cap as an amount".to_owned()),
        OfferError::Rate(RateError::ConversionByZero) => {
            ("convert", "write how many make one, such as per = 1000".to_owned())
        }
        OfferError::Rate(RateError::FreeTwice) => {
            ("free", "write `free_amount`, or leave one of the two out".to_owned())
        }
        OfferError::Rate(RateError::EachOverVolume) => {
            let key = if pricing.places.has("each_min") { "each_min" } else { "each_max" };
            (key, format!("leave `{key}` out, or write mode = \"graduated\""))
        }
        _ if pricing.tiers.is_empty() => ("price", "write it with fewer digits".to_owned()),
        _ => ("tiers", "write them with fewer digits".to_owned()),
    };
    (pricing.places.of(key), remedy)
}

fn contracts(catalog: &Catalog, policy: &Policy, reader: &mut Reader<'_>) {
    for (position, contract) in catalog.contract.iter().enumerate() {
        if reader.is_element_read(&contract.places) {
            contract_names(catalog, contract, policy, reader);
            if let (Some(from), Some(until)) = (contract.from, contract.until)
                && until <= from
            {
                let what = format!("the contract ends on {until}, not after it begins on {from}");
                reader.error(contract.places.of("until"), what, "`until` is the first day it holds no longer");
            }
            if contract.pricing.is_silent() && contract.commitment.is_none() {
                reader.error(
                    contract.places.whole.clone(),
                    "the contract promises nothing",
                    "write a price, a discount or a commitment",
                );
            }
            let before = catalog.contract.iter().take(position);
            if before.into_iter().any(|other| other.label() == contract.label()) {
                let what = format!("two contracts promise the same: {}", contract.label().unwrap_or_default());
                reader.error(
                    contract.places.whole.clone(),
                    what,
                    "leave one out, or give the later one a later `from`",
                );
            }
        }
    }
}

fn contract_names(catalog: &Catalog, contract: &Contract, policy: &Policy, reader: &mut Reader<'_>) {
    let Some(id) = &contract.product else {
        if contract.pricing.discount > Percent::WHOLE {
            reader.error(
                contract.places.of("discount"),
                "a discount takes off more than there is",
                "write 100 at most",
            );
        }
        if contract.pricing.has_price() || contract.sku.is_some() || contract.component.is_some() {
            let what = "a price is for one product, and this contract names none";
            reader.error(contract.places.whole.clone(), what, "write product = \"…\", or only a discount");
        }
        return;
    };
    let Some(product) = catalog.product_by_id(id.as_str()) else {
        if reader.is_complete("product") {
            let known = catalog.product.iter().map(|product| &product.id);
            unknown("product", "product", id, known, contract.places.of("product"), reader);
        }
        return;
    };
    // What is wrong with the product itself is told there.
    if !reader.is_element_read(&product.places) {
        return;
    }
    let sku = contract.sku.as_ref().map(|id| (id, product.sku_by_id(id.as_str())));
    if let Some((id, None)) = sku {
        unknown("SKU", "product.sku", id, product.sku.iter().map(|sku| &sku.id), contract.places.of("sku"), reader);
        return;
    }
    let part = contract.component.as_ref().map(|name| (name, product.component_by_name(name)));
    if let Some((name, None)) = part {
        unknown(
            "component",
            "product.component",
            name,
            product.component.iter().map(Component::label),
            contract.places.of("component"),
            reader,
        );
        return;
    }
    // What is promised is held against everything it is promised for.
    let (sku, part) = (sku.and_then(|(_, sku)| sku), part.and_then(|(_, part)| part));
    let mut offers = vec![catalog.offer_of(product, sku, part, Some(contract))];
    if sku.is_none() && part.is_none() {
        offers.extend(product.sku.iter().map(|sku| catalog.offer_of(product, Some(sku), None, Some(contract))));
        if !contract.pricing.has_price() {
            offers.extend(
                product.component.iter().map(|part| catalog.offer_of(product, None, Some(part), Some(contract))),
            );
        }
    }
    let told = reader.remarks.len();
    for offer in offers.iter().filter(|offer| offer.pricing.has_price() && !contract.pricing.is_silent()) {
        if reader.remarks.len() == told {
            priced(offer, &contract.pricing, policy, reader);
        }
    }
}

fn gifts(catalog: &Catalog, reader: &mut Reader<'_>) {
    once_each(catalog.gift.iter().map(|gift| (&gift.id, &gift.places)), "gift", reader);
    for gift in &catalog.gift {
        if !reader.is_element_read(&gift.places) {
            continue;
        }
        if gift.credit.is_zero() {
            let what = format!("gift {:?} gives nothing", gift.id.as_str());
            reader.error(gift.places.of("credit"), what, "write how much it is, such as credit = \"20.00\"");
        }
        if matches!(gift.lasts, Some(Span::Exact(time)) if time.is_zero()) {
            let what = format!("gift {:?} is over as soon as it is given", gift.id.as_str());
            reader.error(gift.places.of("lasts"), what, "write \"90d\", or leave it out");
        }
        if gift.per_account.0 == 0 {
            let what = format!("nobody could have gift {:?}", gift.id.as_str());
            reader.error(gift.places.of("per_account"), what, "write 1 or more");
        }
        products_known(catalog, &gift.products, &gift.places, reader);
    }
}

fn coupons(catalog: &Catalog, reader: &mut Reader<'_>) {
    let mut seen = BTreeSet::new();
    for coupon in &catalog.coupon {
        if !reader.is_element_read(&coupon.places) {
            continue;
        }
        if !seen.insert(coupon.key()) {
            let what = format!("there are two coupons {:?}", coupon.code.0);
            reader.error(coupon.places.of("code"), what, "a code is one coupon, in capitals or not");
        }
        of_coupon(catalog, coupon, reader);
    }
}

/// What in one coupon cannot be, wherever it is written.
pub(super) fn of_coupon(catalog: &Catalog, coupon: &Coupon, reader: &mut Reader<'_>) {
    let places = &coupon.places;
    if !is_typed(&coupon.code.0) {
        let what = format!("nobody could type coupon {:?}", coupon.code.0);
        reader.error(places.of("code"), what, "write 3 to 40 letters, digits, \"-\" and \"_\", such as \"SPRING20\"");
    }
    let kinds = [coupon.percent.is_some(), coupon.amount.is_some(), coupon.free_periods.is_some()];
    if kinds.into_iter().filter(|said| *said).count() != 1 {
        let what = format!("coupon {:?} must take off a percentage or an amount, one of them", coupon.code.0);
        reader.error(places.whole.clone(), what, "write percent = \"20\" or amount = \"10.00\"");
    }
    if coupon.percent.is_some_and(|percent| percent > Percent::WHOLE) {
        reader.error(places.of("percent"), "a coupon cannot take off more than there is", "write 100 at most");
    }
    if coupon.percent.is_some_and(Percent::is_zero) || coupon.amount.is_some_and(Money::is_zero) {
        let key = if coupon.percent.is_some() { "percent" } else { "amount" };
        let what = format!("coupon {:?} takes off nothing", coupon.code.0);
        reader.error(places.of(key), what, "write how much it takes off");
    }
    let counts = [
        ("free_periods", coupon.free_periods),
        ("redemptions", coupon.redemptions),
        ("per_account", Some(coupon.per_account)),
        ("per_period", coupon.per_period.as_ref().map(|limit| limit.count)),
        ("bills", coupon.bills),
    ];
    for (key, _) in counts.iter().filter(|(_, count)| count.is_some_and(|count| count.0 == 0)) {
        let what = format!("nobody could use coupon {:?}", coupon.code.0);
        reader.error(places.of(key), what, "write 1 or more");
    }
    if coupon.per_period.as_ref().is_some_and(|limit| matches!(limit.every, Span::Exact(time) if time.is_zero())) {
        reader.error(places.of("per_period"), "a limit in no time at all limits nothing", "write every = \"1 month\"");
    }
    if coupon.free_periods.is_some() && places.has("bills") {
        let what = format!("coupon {:?} says twice for how many periods it is", coupon.code.0);
        reader.error(places.of("bills"), what, "leave `bills` out: it is for as many as `free_periods` says");
    }
    if coupon.never_begins() {
        let what = format!("coupon {:?} is over before it begins", coupon.code.0);
        reader.error(places.of("until"), what, "write a later day, or leave `from` out");
    }
    products_known(catalog, &coupon.products, places, reader);
    skus_known(catalog, coupon, reader);
}

/// What somebody reads off a card and types.
fn is_typed(code: &str) -> bool {
    (3..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn skus_known(catalog: &Catalog, coupon: &Coupon, reader: &mut Reader<'_>) {
    let sold = || {
        let named = |product: &&Product| coupon.products.is_empty() || coupon.products.contains(&product.id);
        catalog.product.iter().filter(named).flat_map(|product| &product.sku).map(|sku| &sku.id)
    };
    for id in coupon.skus.iter().filter(|id| !sold().any(|known| known == *id)) {
        if reader.is_complete("product") {
            let at = reader.source.word(&coupon.places.of("skus"), id.as_str(), Found::First);
            unknown("SKU", "sku", id, sold(), at, reader);
        }
    }
}

/// The products that a gift or a coupon is for.
fn products_known(catalog: &Catalog, products: &[Name], places: &Places, reader: &mut Reader<'_>) {
    for id in products {
        if catalog.product_by_id(id.as_str()).is_none() && reader.is_complete("product") {
            let known = catalog.product.iter().map(|product| &product.id);
            let at = reader.source.word(&places.of("products"), id.as_str(), Found::First);
            unknown("product", "product", id, known, at, reader);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::offer::in_unit;
    use super::*;

    #[test]
    fn a_free_size_is_counted_in_the_meters_unit() {
        let size = |text: &str| {
            let (quantity, unit) = crate::measure::Quantity::parse_with_unit(text).unwrap();
            crate::config::Size { quantity, unit }
        };
        let gb = Unit::parse("GB").unwrap();
        let in_gb = |text: &str| in_unit(&size(text), Some(&gb), crate::measure::DataStep::Binary);
        assert_eq!(in_gb("1 TB").unwrap().to_string(), "1,024"); // R71
        assert_eq!(in_gb("512 MB").unwrap().to_string(), "0.5");
        assert!(in_gb("1 KB").is_err(), "a 1,048,576th is finer than a millionth");
        assert!(in_gb("1 call").is_err());
    }
}

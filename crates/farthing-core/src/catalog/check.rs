//! What in a catalogue cannot be: names twice or unknown, prices that do not fit their product, tiers that leave gaps.

use super::{Aggregate, Catalog, Component, Contract, Kind, Mode, Offer, OfferError, PriceAt, Pricing, Product, Sku};
use crate::config::{Cadence, Name, Places, Reader, Severity, Value, nearest};
use crate::measure::Unit;
use crate::policy::Policy;
use crate::rate::{Percent, RateError};
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A month of 30 days: prices are compiled once, to see whether they can be.
const MONTH_SECONDS: i64 = 2_592_000;

pub(super) fn check(catalog: &Catalog, policy: &Policy, reader: &mut Reader<'_>) {
    meters(catalog, reader);
    once_each(catalog.product.iter().map(|product| (&product.id, &product.places)), "product", reader);
    for product in &catalog.product {
        reader.within(&format!("product {}", product.id), |reader| of_product(catalog, product, policy, reader));
    }
    contracts(catalog, policy, reader);
    gifts(catalog, reader);
    coupons(catalog, reader);
}

fn once_each<'a>(named: impl Iterator<Item = (&'a Name, &'a Places)>, what: &str, reader: &mut Reader<'_>) {
    let mut seen = BTreeSet::new();
    for (id, places) in named {
        if !seen.insert(id) {
            let told = format!("there are two {what}s called {:?}", id.as_str());
            reader.error(places.of("id"), told, "give each a name of its own");
        }
    }
}

/// What was named is not there: told with the name that may have been meant.
fn unknown<'a>(
    what: &str,
    found: &Name,
    known: impl Iterator<Item = &'a Name>,
    at: Range<usize>,
    reader: &mut Reader<'_>,
) {
    let known: Vec<&str> = known.map(Name::as_str).collect();
    let remedy = match nearest(found.as_str(), known.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.is_empty() => format!("there is no {what} at all; write a [[{what}]]"),
        None => format!("there are {}", known.iter().take(8).copied().collect::<Vec<_>>().join(", ")),
    };
    reader.error(at, format!("there is no {what} called {:?}", found.as_str()), remedy);
}

fn meters(catalog: &Catalog, reader: &mut Reader<'_>) {
    once_each(catalog.meter.iter().map(|meter| (&meter.id, &meter.places)), "meter", reader);
    let products = catalog.product.iter();
    let used: BTreeSet<&Name> = products
        .flat_map(|product| {
            let parts = product.component.iter().map(|component| &component.meter);
            product.meter.iter().chain(parts).chain(product.quota.iter().flat_map(|quota| &quota.meter))
        })
        .collect();
    for meter in &catalog.meter {
        if !used.contains(&meter.id) {
            let what = format!("nothing is priced by meter {:?}: what it counts is refused", meter.id.as_str());
            reader.remark(Severity::Warning, meter.places.of("id"), what, "price it, or leave it out");
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

fn of_product(catalog: &Catalog, product: &Product, policy: &Policy, reader: &mut Reader<'_>) {
    once_each(product.sku.iter().map(|sku| (&sku.id, &sku.places)), "SKU", reader);
    once_each(product.component.iter().map(|part| (part.label(), &part.places)), "component", reader);
    once_each(product.addon.iter().map(|addon| (&addon.id, &addon.places)), "add-on", reader);
    once_each(product.quota.iter().map(|quota| (&quota.id, &quota.places)), "quota", reader);
    same_dims(product, reader);
    for (id, at) in product
        .meter
        .iter()
        .map(|id| (id, product.places.of("meter")))
        .chain(product.component.iter().map(|part| (&part.meter, part.places.of("meter"))))
        .chain(product.quota.iter().flat_map(|quota| quota.meter.iter().map(|id| (id, quota.places.of("meter")))))
    {
        if catalog.meter_by_id(id).is_none() {
            unknown("meter", id, catalog.meter.iter().map(|meter| &meter.id), at, reader);
        }
    }
    shape(product, reader);
    space(catalog, product, reader);
    raises(catalog, product, reader);
    taken_units(catalog, product, reader);
    if product.pricing.has_price() || product.sku.is_empty() && product.component.is_empty() {
        priced(&catalog.offer_of(product, None, None, None), &product.pricing, policy, reader);
    }
    for sku in &product.sku {
        let own = if sku.pricing.is_silent() { &product.pricing } else { &sku.pricing };
        priced(&catalog.offer_of(product, Some(sku), None, None), own, policy, reader);
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
            let what = format!("the price {tag} of add-on {:?} is for a whole period", addon.id.as_str());
            reader.error(at, what, "write only the amount; `period` of its product says how long it lasts");
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
            reader.error(product.places.of("size"), what, "write meter = \"…\", with aggregate = \"time_weighted\"");
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

/// What raises a limit needs one (R46).
fn raises(catalog: &Catalog, product: &Product, reader: &mut Reader<'_>) {
    for raise in &product.raises {
        let Some(raised) = catalog.product_by_id(raise.product.as_str()) else {
            let known = catalog.product.iter().map(|product| &product.id);
            unknown("product", &raise.product, known, raise.places.of("product"), reader);
            continue;
        };
        if raised.quota_by_id(&raise.quota).is_none() {
            let known = raised.quota.iter().map(|quota| &quota.id);
            unknown("quota", &raise.quota, known, raise.places.of("quota"), reader);
        }
        if raise.by.is_zero() {
            reader.error(raise.places.of("by"), "a limit raised by 0 stays where it is", "write how much is added");
        }
    }
}

/// Units that a price takes must be for sale (R8).
fn taken_units(catalog: &Catalog, product: &Product, reader: &mut Reader<'_>) {
    let sold: Vec<&Unit> = catalog.product.iter().filter_map(|product| product.unit.as_ref()).collect();
    let skus = product.sku.iter().map(|sku| &sku.pricing);
    let parts = product.component.iter().map(|part| &part.pricing);
    for pricing in [&product.pricing].into_iter().chain(skus).chain(parts) {
        if let Some(taken) = &pricing.units
            && !sold.contains(&&taken.unit)
        {
            let what = format!("the price takes {}, which nothing sells", taken.unit.beside(false));
            let remedy = format!("write a product of kind \"units\" with unit = {:?}", taken.unit.as_str());
            reader.error(pricing.places.of("units"), what, remedy);
        }
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
        let what = format!("a product of kind {:?} must say what counts it", kind.word());
        reader.error(
            product.places.whole.clone(),
            what,
            "write meter = \"…\", or one [[product.component]] for each meter",
        );
    }
    let only: [(&str, &[Kind]); 18] = [
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
        ("release_when_off", &[Kind::Running, Kind::Term]),
        ("restore", &[Kind::Running, Kind::Capacity, Kind::Term]),
        ("raises", &[Kind::Term, Kind::Once]),
    ];
    for (key, kinds) in only {
        if has(key) && !kinds.contains(&kind) {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            let what = format!("`{key}` means nothing to a product of kind {:?}", kind.word());
            reader.error(
                product.places.of(key),
                what,
                format!("it is for kind {}; leave it out here", kinds.join(", ")),
            );
        }
    }
    if kind == Kind::Units {
        if product.packs.is_empty() {
            reader.error(
                product.places.whole.clone(),
                "units are sold in packs, and there are none",
                "write packs = [{ units = 100, price = \"90.00\" }]",
            );
        }
        if product.unit.is_none() {
            reader.error(product.places.whole.clone(), "units must have a name", "write unit = \"gpu-unit\"");
        }
        for pack in product.packs.iter().filter(|pack| pack.units.is_zero()) {
            reader.error(pack.places.of("units"), "a pack of 0 units holds nothing", "write how many it holds");
        }
    }
    if product.settle == Some(Cadence::Cycle)
        && kind == Kind::Running
        && product.pay != Some(crate::policy::Pay::Postpaid)
    {
        let what = "what runs and is paid off the balance would not be taken until the period ends".to_owned();
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
            format!("a month of {} hours does not exist", hours.0),
            "write 730 for the mean of a year, or leave it out",
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
                format!("state {state:?} costs more than the price itself"),
                "a share lies between 0 and 1",
            );
        }
    }
    if !product.states.contains_key("running") && matches!(kind, Kind::Running | Kind::Capacity) {
        reader.error(
            product.places.of("states"),
            "nothing says what the state \"running\" costs",
            "write states = { running = 1, stopped = 0 }",
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
        reader.error(whole, format!("{} has no price", thing(offer)), "write price = \"AMOUNT / UNIT\", or tiers");
        return;
    }
    fits_kind(offer, own, reader);
    modes(pricing, own, reader);
    if product.at == PriceAt::Start && (pricing.has_memory() || pricing.free.is_some()) {
        let what =
            format!("{} keeps its price from the start, but what it costs depends on the whole period", thing(offer));
        reader.error(
            own.places.whole.clone(),
            what,
            "a price taken at the start is plain: no tiers, cap, minimum or free part",
        );
    }
    if !pricing.hours.is_empty() && (pricing.mode != Mode::Unit || pricing.price.is_none()) {
        let what = "prices by the hour need a `price` for all other hours, and no tiers".to_owned();
        reader.error(own.places.of("hours"), what, "write price = \"…\" beside `hours`, with mode = \"unit\"");
    }
    let step = policy.cloud.data_step;
    match offer.free_size(step) {
        Err(error) => reader.error(own.places.of("free"), error.to_string(), "write it in the unit of its meter"),
        Ok(Some((free, _))) if free.is_zero() => {
            reader.remark(Severity::Warning, own.places.of("free"), "nothing is free here", "leave `free` out");
        }
        Ok(_) => {}
    }
    if !pricing.has_price() {
        return;
    }
    let compiled =
        offer.tariff(policy.cloud.currency, step).and_then(|tariff| Ok(tariff.formula(MONTH_SECONDS)?)).map(|_| ());
    if let Err(error) = compiled {
        let (key, remedy) = place_of(&error, pricing);
        // A line of `prices` prices only some: that there is none for the rest is meant, and told when it is met.
        if !matches!(error, OfferError::NoPriceFor { .. }) {
            reader.error(own.places.of(key), error.to_string(), remedy);
        }
    }
}

fn thing(offer: &Offer<'_>) -> String {
    let part = offer.sku.map(|sku| format!(" SKU {:?}", sku.id.as_str()));
    let part = part.or_else(|| offer.component.map(|part| format!(" component {:?}", part.label().as_str())));
    format!("product {:?}{}", offer.product.id.as_str(), part.unwrap_or_default())
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
            reader.error(
                own.places.of(key),
                what,
                format!("write mode = {:?}, or leave `{key}` out", modes.join("\" or \"")),
            );
        }
    }
    for (position, line) in pricing.tiers.iter().enumerate() {
        let percent = pricing.mode == Mode::GraduatedPercentage;
        if !percent && line.price.is_none() && line.flat.is_none() {
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
                reader.error(
                    at,
                    what,
                    if kind == Kind::Running { "write \"0.042 / hour\"" } else { "write \"0.10 / GB-month\"" },
                );
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
                let what = format!("the price {tag} of {} is for the whole of it", thing(offer));
                reader.error(at, what, "write only the amount; `period` says how long it lasts");
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
        reader.error(own.places.whole.clone(), what, "write aggregate = \"time_weighted\" at the meter");
    }
}

fn unit_fits(offer: &Offer<'_>, written: Option<&Unit>, at: Range<usize>, reader: &mut Reader<'_>) {
    let sold = offer.pricing.convert.as_ref().map(|line| &line.unit).or(offer.unit());
    let (Some(written), Some(sold)) = (written, sold) else { return };
    if written.per(sold, crate::measure::DataStep::Binary).is_none() {
        let what = format!("the price is for {written}, but {} is counted in {sold}", thing(offer));
        reader.error(at, what, format!("write \"… / {sold}\", or use `convert`"));
    }
}

/// Which key a fault of a compiled price belongs to.
fn place_of(error: &OfferError, pricing: &Pricing) -> (&'static str, &'static str) {
    match error {
        OfferError::KeyMissing { key, .. } => (key, "write it, or choose another `mode`"),
        OfferError::SizeMismatch { .. } => ("free", "write it in the unit of its meter"),
        OfferError::Rate(
            RateError::NoTiers | RateError::TierBound { .. } | RateError::LastTierBounded | RateError::MixedTimes,
        ) => ("tiers", "tiers rise, each up to and with its bound, and the last has none"),
        OfferError::Rate(RateError::DiscountAboveAll { .. }) => ("discount", "write 100 at most"),
        OfferError::Rate(RateError::LimitsCross) => ("each_max", "let each_max be at least each_min"),
        OfferError::Rate(RateError::NoTime) => ("monthly_cap", "write the cap as an amount"),
        OfferError::Rate(RateError::ConversionByZero) => ("convert", "write how many make one"),
        OfferError::Rate(RateError::FreeTwice) => ("free", "keep one of them"),
        OfferError::Rate(RateError::EachOverVolume) => ("each_min", "leave it out, or use graduated tiers"),
        _ if pricing.tiers.is_empty() => ("price", "write it another way"),
        _ => ("tiers", "write it another way"),
    }
}

fn contracts(catalog: &Catalog, policy: &Policy, reader: &mut Reader<'_>) {
    for (position, contract) in catalog.contract.iter().enumerate() {
        reader.within(&format!("contract {}", contract.account), |reader| {
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
        });
    }
}

fn contract_names(catalog: &Catalog, contract: &Contract, policy: &Policy, reader: &mut Reader<'_>) {
    let Some(id) = &contract.product else {
        if contract.pricing.has_price() || contract.sku.is_some() || contract.component.is_some() {
            let what = "a price is for one product, and this contract names none";
            reader.error(contract.places.whole.clone(), what, "write product = \"…\", or only a discount");
        }
        return;
    };
    let Some(product) = catalog.product_by_id(id.as_str()) else {
        unknown(
            "product",
            id,
            catalog.product.iter().map(|product| &product.id),
            contract.places.of("product"),
            reader,
        );
        return;
    };
    let sku = contract.sku.as_ref().map(|id| (id, product.sku_by_id(id.as_str())));
    if let Some((id, None)) = sku {
        unknown("sku", id, product.sku.iter().map(|sku| &sku.id), contract.places.of("sku"), reader);
        return;
    }
    let part = contract.component.as_ref().map(|name| (name, product.component_by_name(name)));
    if let Some((name, None)) = part {
        unknown(
            "component",
            name,
            product.component.iter().map(Component::label),
            contract.places.of("component"),
            reader,
        );
        return;
    }
    if contract.pricing.has_price() {
        let offer =
            catalog.offer_of(product, sku.and_then(|(_, sku)| sku), part.and_then(|(_, part)| part), Some(contract));
        priced(&offer, &contract.pricing, policy, reader);
    }
}

fn gifts(catalog: &Catalog, reader: &mut Reader<'_>) {
    once_each(catalog.gift.iter().map(|gift| (&gift.id, &gift.places)), "gift", reader);
    for gift in &catalog.gift {
        if gift.credit.is_zero() {
            reader.error(gift.places.of("credit"), "a gift of nothing", "write how much it is");
        }
        for id in gift.products.iter().filter(|id| catalog.product_by_id(id.as_str()).is_none()) {
            let known = catalog.product.iter().map(|product| &product.id);
            unknown("product", id, known, gift.places.of("products"), reader);
        }
    }
}

fn coupons(catalog: &Catalog, reader: &mut Reader<'_>) {
    let mut seen = BTreeSet::new();
    for coupon in &catalog.coupon {
        if !seen.insert(coupon.code.0.to_lowercase()) {
            let what = format!("there are two coupons {:?}", coupon.code.0);
            reader.error(coupon.places.of("code"), what, "a code is one coupon, in capitals or not");
        }
        if coupon.percent.is_some() == coupon.amount.is_some() {
            let what = format!("coupon {:?} must take off a percentage or an amount, one of them", coupon.code.0);
            reader.error(coupon.places.whole.clone(), what, "write percent = \"20\" or amount = \"10.00\"");
        }
        if coupon.percent.is_some_and(|percent| percent > Percent::WHOLE) {
            reader.error(
                coupon.places.of("percent"),
                "a coupon cannot take off more than there is",
                "write 100 at most",
            );
        }
        for id in &coupon.products {
            let known = catalog.product.iter().map(|product| &product.id);
            if catalog.product_by_id(id.as_str()).is_none() {
                unknown("product", id, known, coupon.places.of("products"), reader);
            }
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

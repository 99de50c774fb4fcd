//! Prices in words: what a price list says of a product, a SKU or a component.

use farthing_core::catalog::{Kind, Mode, Offer, PriceAt, Pricing, Product};
use farthing_core::config::Value;
use farthing_core::measure::{DataStep, PriceTag, TimeUnit};
use farthing_core::money::{Currency, Locale, Money, Ratio, Rounding};
use farthing_core::rate::Percent;
use std::fmt::Write;

/// The price in a few words: `0.042 / hour`, `first 100,000: 0.002 / call, then 0.001 / call`.
pub(super) fn price(pricing: &Pricing) -> String {
    let tag = pricing.price.as_ref().map(ToString::to_string);
    let mut text = match pricing.mode {
        Mode::Unit | Mode::Package => tag.unwrap_or_default(),
        Mode::Graduated | Mode::Volume | Mode::GraduatedPercentage => tiers(pricing),
        Mode::Percentage => {
            let fixed = pricing.fixed.map(|fixed| format!(" + {}", fixed.plain())).unwrap_or_default();
            format!("{}{fixed} of each", pricing.percent.unwrap_or_default())
        }
        Mode::Dynamic => pricing.factor.map(|factor| format!("the price of each × {factor}")).unwrap_or_default(),
    };
    if let Some(units) = &pricing.units {
        text = if text.is_empty() { units.to_string() } else { format!("{units}, or {text}") };
    }
    for line in &pricing.prices {
        let when: Vec<&str> = line.when.values().map(|value| value.0.as_str()).collect();
        if !text.is_empty() {
            text.push_str("; ");
        }
        let _ = write!(text, "{}: {}", when.join(", "), line.price);
    }
    for line in &pricing.hours {
        let days = line.days.map(|days| format!("{days} ")).unwrap_or_default();
        let _ = write!(text, "; {days}{} to {}: {}", line.from, line.to, line.price);
    }
    text
}

fn tiers(pricing: &Pricing) -> String {
    let mut parts = Vec::new();
    for tier in &pricing.tiers {
        let each = tier.price.as_ref().map(ToString::to_string).or(tier.percent.map(|percent| percent.to_string()));
        let flat = tier.flat.map(|flat| flat.plain());
        let cost: Vec<String> = each.into_iter().chain(flat).collect();
        let upto = match (tier.upto, parts.is_empty()) {
            (Some(upto), true) => format!("first {upto}: "),
            (Some(upto), false) => format!("up to {upto}: "),
            (None, true) => String::new(),
            (None, false) => "then ".to_owned(),
        };
        parts.push(format!("{upto}{}", cost.join(" + ")));
    }
    let joined = parts.join(", ");
    if pricing.mode == Mode::Volume { format!("by the whole volume: {joined}") } else { joined }
}

/// What an hourly price comes to in a month of 730 hours, for comparing.
pub(super) fn per_month(offer: &Offer<'_>, currency: Currency, locale: Locale) -> Option<String> {
    let tag = offer.pricing.price.as_ref().filter(|_| offer.pricing.mode == Mode::Unit)?;
    let seconds = match tag.per.time? {
        TimeUnit::Month | TimeUnit::Year => return None,
        _ => 730 * 3_600,
    };
    let month = amount_over(tag, currency, seconds, offer.pricing.discount)?;
    month.round_to_minor(Rounding::HalfUp).ok().map(|(month, _)| month.format(locale))
}

fn amount_over(tag: &PriceTag, currency: Currency, seconds: i64, discount: Percent) -> Option<Money> {
    let rate = tag.rate(currency, tag.per.unit.as_ref(), DataStep::Binary, 730 * 3_600).ok()?;
    let one = Ratio::new(1_000_000, 1).ok()?;
    let seconds = Ratio::new(i128::from(seconds), 1).ok()?;
    let whole = i128::from(Percent::WHOLE.billionths());
    let left = Ratio::new(whole - i128::from(discount.billionths()), whole).ok()?;
    let units =
        rate.checked_mul(one).and_then(|sum| sum.checked_mul(seconds)).and_then(|sum| sum.checked_mul(left)).ok()?;
    Some(Money::from_units(units.round(Rounding::HalfEven).ok()?, currency))
}

/// What else has to be known of a product, a sentence each.
pub(super) fn facts(product: &Product) -> Vec<String> {
    let mut facts = Vec::new();
    facts.push(
        match product.kind {
            Kind::Running => "Charged for every second it runs.",
            Kind::Capacity => "Charged for its size at every second.",
            Kind::Usage => "Charged for what is used.",
            Kind::Term => "Bought ahead, for whole periods.",
            Kind::Units => "Bought ahead in packs; use takes units from them.",
            Kind::Once => "Paid once.",
        }
        .to_owned(),
    );
    if product.kind == Kind::Term {
        facts.push(format!("A period is {}.", product.period.print().trim_matches('"')));
    }
    if product.round_up.seconds() > 1 {
        facts.push(format!("A session counts in whole steps of {}.", product.round_up));
    }
    if !product.min_duration.is_zero() {
        facts.push(format!("A session counts {} at least.", product.min_duration));
    }
    if product.at == PriceAt::Start {
        facts.push("The price it starts at holds as long as it lives.".to_owned());
    }
    for (state, share) in &product.states {
        if matches!(product.kind, Kind::Running | Kind::Capacity) && state != "running" && share.trillionths() > 0 {
            facts.push(format!("While {state} it costs {share} of the price."));
        }
    }
    let pricing = &product.pricing;
    if let Some(free) = &pricing.free {
        facts.push(format!("{} free for each {}.", free.size, free.per));
    }
    if let Some(cap) = &pricing.monthly_cap {
        facts.push(format!("At most {cap} a month."));
    }
    if !pricing.discount.is_zero() {
        facts.push(format!("{} off the list price.", pricing.discount));
    }
    facts
}

//! How two profiles differ, thing by thing as a person reads it, prices with how much they rise or fall.

use super::{Change, Difference, Profile};
use crate::config::Value;
use crate::measure::PriceTag;
use crate::money::{Currency, Rounding, mul_div_round};
use std::collections::BTreeMap;
use std::fmt;

/// The changes from one profile to another, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub things: Vec<ThingChange>,
    /// How many prices rise, and how many fall.
    pub up: usize,
    pub down: usize,
}

/// A product, a SKU, a section of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingChange {
    /// As a person calls it: `product gpu, sku a100`, `[refund]`.
    pub name: String,
    pub what: WhatChanged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhatChanged {
    /// It comes whole; its price says most of it.
    Comes {
        price: Option<String>,
    },
    Goes {
        price: Option<String>,
    },
    Keys(Vec<KeyChange>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    pub key: String,
    /// Values without the marks that TOML needs.
    pub change: Change,
    /// How much a price rises or falls; none: it is no price, or both are not for the same.
    pub by: Option<PriceChange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceChange {
    FromNothing,
    /// In tenths of a percent; below zero: it falls.
    Tenths(i128),
}

impl Changes {
    /// None before: everything is new.
    pub fn between(before: Option<&Profile>, now: &Profile) -> Changes {
        let empty = now.emptied();
        let differences = before.unwrap_or(&empty).differences(now);
        let mut changes = Changes::default();
        let currency = now.policy.cloud.currency;
        let things = things(before.unwrap_or(&empty), now);
        let mut by_thing: BTreeMap<(String, String), Vec<&Difference>> = BTreeMap::new();
        for difference in &differences {
            by_thing.entry(thing_of(&difference.path, &things)).or_default().push(difference);
        }
        for ((prefix, name), differences) in by_thing {
            let what = changes.of_thing(&prefix, &differences, currency);
            changes.things.push(ThingChange { name, what });
        }
        changes
    }

    /// A thing that comes or goes whole counts once.
    pub fn count(&self) -> usize {
        let counts = self.things.iter().map(|thing| match &thing.what {
            WhatChanged::Comes { .. } | WhatChanged::Goes { .. } => 1,
            WhatChanged::Keys(keys) => keys.len(),
        });
        counts.fold(0, usize::saturating_add)
    }

    fn of_thing(&mut self, prefix: &str, differences: &[&Difference], currency: Currency) -> WhatChanged {
        let key = |difference: &Difference| {
            difference.path.strip_prefix(prefix).unwrap_or(&difference.path).trim_start_matches('.').to_owned()
        };
        let all = |wanted: fn(&Change) -> bool| differences.iter().all(|difference| wanted(&difference.change));
        let named = differences
            .iter()
            .any(|difference| matches!(key(difference).as_str(), "id" | "account" | "code" | "meter"));
        let price = |read: fn(&Change) -> Option<&String>| {
            let found = differences.iter().find(|difference| key(difference) == "price")?;
            read(&found.change).map(|price| plain(price))
        };
        if named && all(|change| matches!(change, Change::Added { .. })) {
            let price = price(|change| if let Change::Added { now } = change { Some(now) } else { None });
            return WhatChanged::Comes { price };
        }
        if named && all(|change| matches!(change, Change::Removed { .. })) {
            let price = price(|change| if let Change::Removed { before } = change { Some(before) } else { None });
            return WhatChanged::Goes { price };
        }
        let keys = differences.iter().map(|difference| {
            let key = key(difference);
            let (change, by) = match &difference.change {
                Change::Added { now } => (Change::Added { now: plain(now) }, None),
                Change::Removed { before } => (Change::Removed { before: plain(before) }, None),
                Change::Changed { before, now } => {
                    let priced = key.rsplit('.').next() == Some("price");
                    let by = if priced { self.price_change(before, now, currency) } else { None };
                    (Change::Changed { before: plain(before), now: plain(now) }, by)
                }
            };
            KeyChange { key, change, by }
        });
        WhatChanged::Keys(keys.collect())
    }

    /// Where both are prices for the same.
    fn price_change(&mut self, before: &str, now: &str, currency: Currency) -> Option<PriceChange> {
        let read = |text: &str| PriceTag::parse(&plain(text), currency).ok();
        let (before, now) = (read(before)?, read(now)?);
        if before.per != now.per {
            return None;
        }
        // Over one denominator, as whole numbers.
        let (old, new) = (before.amount.exact(currency, 1, 1).ok()?, now.amount.exact(currency, 1, 1).ok()?);
        let scaled = |one: i128, other: i128| one.checked_mul(other);
        let (old, new) = (scaled(old.numerator(), new.denominator())?, scaled(new.numerator(), old.denominator())?);
        match new.cmp(&old) {
            std::cmp::Ordering::Greater => self.up = self.up.saturating_add(1),
            std::cmp::Ordering::Less => self.down = self.down.saturating_add(1),
            std::cmp::Ordering::Equal => return None,
        }
        let more = new.checked_sub(old)?;
        let tenths = mul_div_round(more, 1_000, old, Rounding::HalfUp);
        Some(tenths.map_or(PriceChange::FromNothing, PriceChange::Tenths))
    }
}

impl fmt::Display for PriceChange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PriceChange::FromNothing => out.write_str("from nothing"),
            PriceChange::Tenths(tenths) => {
                let sign = if *tenths < 0 { '\u{2212}' } else { '+' };
                let whole = tenths.unsigned_abs();
                write!(out, "{sign}{}.{}%", whole.div_euclid(10), whole.rem_euclid(10))
            }
        }
    }
}

/// A value without the marks that TOML needs.
fn plain(value: &str) -> String {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value).to_owned()
}

/// Everything that has a name of its own in either profile: the path before its keys, and how a person calls it.
fn things(before: &Profile, now: &Profile) -> Vec<(String, String)> {
    let mut things = Vec::new();
    for profile in [before, now] {
        for product in &profile.catalog.product {
            let path = format!("product.{}", product.id);
            let inside = |kind: &str, id: String| {
                (format!("{path}.{kind}.{id}"), format!("product {}, {kind} {id}", product.id))
            };
            things.extend(product.sku.iter().filter_map(|sku| Some(inside("sku", sku.label()?))));
            things.extend(product.component.iter().filter_map(|part| Some(inside("component", Value::label(part)?))));
            things.extend(product.addon.iter().filter_map(|addon| Some(inside("addon", addon.label()?))));
            things.push((path, format!("product {}", product.id)));
        }
        let named = |kind: &'static str| {
            move |label: Option<String>| Some((format!("{kind}.{}", label.as_ref()?), format!("{kind} {}", label?)))
        };
        things.extend(profile.catalog.meter.iter().map(Value::label).filter_map(named("meter")));
        things.extend(profile.catalog.contract.iter().map(Value::label).filter_map(named("contract")));
        things.extend(profile.catalog.coupon.iter().map(Value::label).filter_map(named("coupon")));
    }
    // The narrowest first; of ids that begin alike the longer.
    things.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    things.dedup();
    things
}

/// Which thing a path belongs to; a policy's is its section.
fn thing_of(path: &str, things: &[(String, String)]) -> (String, String) {
    let belongs =
        |(prefix, _): &&(String, String)| path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('.'));
    things.iter().find(belongs).cloned().unwrap_or_else(|| {
        let section = path.split('.').next().unwrap_or(path);
        (section.to_owned(), format!("[{section}]"))
    })
}

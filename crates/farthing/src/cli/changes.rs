//! How two profiles differ, told to a person: thing by thing, prices with how much they rise or fall.

use super::check::counted;
use farthing_core::config::Value;
use farthing_core::measure::PriceTag;
use farthing_core::money::{Currency, Rounding, mul_div_round};
use farthing_core::profile::{Change, Difference, Profile};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The changes from one profile to another.
pub(super) struct Changes {
    text: String,
    pub(super) count: usize,
    up: usize,
    down: usize,
}

impl Changes {
    /// None before: everything is new.
    pub(super) fn between(before: Option<&Profile>, now: &Profile) -> Changes {
        let empty = now.emptied();
        let differences = before.unwrap_or(&empty).differences(now);
        let mut changes = Changes { text: String::new(), count: 0, up: 0, down: 0 };
        let currency = now.policy.cloud.currency;
        let things = things(before.unwrap_or(&empty), now);
        let mut by_thing: BTreeMap<(String, String), Vec<&Difference>> = BTreeMap::new();
        for difference in &differences {
            by_thing.entry(thing_of(&difference.path, &things)).or_default().push(difference);
        }
        for ((prefix, name), differences) in by_thing {
            changes.tell_thing(&prefix, &name, &differences, currency);
        }
        changes
    }

    fn tell_thing(&mut self, prefix: &str, name: &str, differences: &[&Difference], currency: Currency) {
        let key = |difference: &Difference| {
            difference.path.strip_prefix(prefix).unwrap_or(&difference.path).trim_start_matches('.').to_owned()
        };
        let all = |wanted: fn(&Change) -> bool| differences.iter().all(|difference| wanted(&difference.change));
        // A whole thing that comes or goes is one line: its price says most of it.
        let named = differences
            .iter()
            .any(|difference| matches!(key(difference).as_str(), "id" | "account" | "code" | "meter"));
        let price = |read: fn(&Change) -> Option<&String>| {
            let found = differences.iter().find(|difference| key(difference) == "price")?;
            read(&found.change).map(|price| format!(", {}", plain(price)))
        };
        if named && all(|change| matches!(change, Change::Added { .. })) {
            let price = price(|change| if let Change::Added { now } = change { Some(now) } else { None });
            let _ = writeln!(self.text, "+ {name}{}", price.unwrap_or_default());
            self.count += 1;
            return;
        }
        if named && all(|change| matches!(change, Change::Removed { .. })) {
            let price = price(|change| if let Change::Removed { before } = change { Some(before) } else { None });
            let _ = writeln!(self.text, "- {name}{}", price.unwrap_or_default());
            self.count += 1;
            return;
        }
        let _ = writeln!(self.text, "{name}");
        self.count += differences.len();
        for difference in differences {
            let key = key(difference);
            let _ = match &difference.change {
                Change::Added { now } => writeln!(self.text, "  + {key} = {}", plain(now)),
                Change::Removed { before } => writeln!(self.text, "  - {key} = {}", plain(before)),
                Change::Changed { before, now } => {
                    let priced = key.rsplit('.').next() == Some("price");
                    let by = if priced { self.price_change(before, now, currency) } else { String::new() };
                    writeln!(self.text, "  ~ {key}: {} -> {}{by}", plain(before), plain(now))
                }
            };
        }
    }

    /// ` (+7.1%)` where both are prices for the same.
    fn price_change(&mut self, before: &str, now: &str, currency: Currency) -> String {
        let read = |text: &str| PriceTag::parse(&plain(text), currency).ok();
        let (Some(before), Some(now)) = (read(before), read(now)) else { return String::new() };
        if before.per != now.per {
            return String::new();
        }
        // Over one denominator, as whole numbers.
        let both = || {
            let (old, new) = (before.amount.exact(currency, 1, 1).ok()?, now.amount.exact(currency, 1, 1).ok()?);
            let scaled = |one: i128, other: i128| one.checked_mul(other);
            Some((scaled(old.numerator(), new.denominator())?, scaled(new.numerator(), old.denominator())?))
        };
        let Some((old, new)) = both() else { return String::new() };
        match new.cmp(&old) {
            std::cmp::Ordering::Greater => self.up += 1,
            std::cmp::Ordering::Less => self.down += 1,
            std::cmp::Ordering::Equal => return String::new(),
        }
        let Ok(tenths) = mul_div_round(new - old, 1_000, old, Rounding::HalfUp) else {
            return " (from nothing)".to_owned();
        };
        let sign = if tenths < 0 { '\u{2212}' } else { '+' };
        format!(" ({sign}{}.{}%)", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
    }

    /// `3 changes, 1 price up, 2 down`
    pub(super) fn summary(&self) -> String {
        if self.count == 0 {
            return "No difference.".to_owned();
        }
        let mut text = counted(self.count, "change");
        if self.up > 0 {
            let _ = write!(text, ", {} up", counted(self.up, "price"));
        }
        if self.down > 0 {
            let _ = write!(text, ", {} down", counted(self.down, "price"));
        }
        text
    }
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
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

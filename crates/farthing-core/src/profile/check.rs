//! What neither file is wrong about alone.

use super::Profile;
use crate::catalog::{AtZero, Kind, OnDelete, OnPurge, OnSuspend, Product};
use crate::config::{Found, Name, Remark, Severity, Source, nearest};
use crate::policy::{BillOn, Pay, TaxPoint};
use crate::time::Span;
use std::collections::BTreeSet;
use std::ops::Range;

/// Remarks on both files, as they are found.
struct Desk<'a> {
    policy: &'a Source,
    catalog: &'a Source,
    remarks: &'a mut Vec<Remark>,
}

impl Desk<'_> {
    fn policy(&mut self, severity: Severity, at: Range<usize>, what: String, remedy: &str) {
        let file = self.policy.name.clone();
        self.remarks.push(Remark { severity, file, at, what, remedy: remedy.to_owned() });
    }

    fn catalog(&mut self, severity: Severity, at: Range<usize>, what: String, remedy: &str) {
        let file = self.catalog.name.clone();
        self.remarks.push(Remark { severity, file, at, what, remedy: remedy.to_owned() });
    }
}

/// Called once each file by itself has no errors: before that, what one says of the other would be a guess.
pub(super) fn check(profile: &Profile, policy: &Source, catalog: &Source, remarks: &mut Vec<Remark>) {
    let mut desk = Desk { policy, catalog, remarks };
    trial_names(profile, &mut desk);
    tax_point(profile, &mut desk);
    postpaid(profile, &mut desk);
    terms(profile, &mut desk);
    instructions(profile, &mut desk);
    untouched(profile, &mut desk);
}

/// Products that the trial names are there (R36).
fn trial_names(profile: &Profile, desk: &mut Desk<'_>) {
    let Some(trial) = &profile.policy.trial else { return };
    let known: Vec<&str> = profile.catalog.product.iter().map(|product| product.id.as_str()).collect();
    for (key, names) in [("excluded", &trial.excluded), ("uncounted", &trial.uncounted)] {
        for name in names.iter().filter(|name| !known.contains(&Name::as_str(name))) {
            let what = format!("`trial.{key}` names product {:?}, which is not in the catalogue", name.as_str());
            let remedy = match nearest(name.as_str(), known.iter().copied()) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None if known.is_empty() => "there are no products yet; leave it out".to_owned(),
                None => format!("there are {}", known.iter().take(8).copied().collect::<Vec<_>>().join(", ")),
            };
            let at = desk.policy.word(&trial.places.of(key), name.as_str(), Found::First);
            desk.policy(Severity::Error, at, what, &remedy);
        }
    }
}

/// Tax at the top-up is a voucher for one purpose: everything it can buy must be taxed alike (R33).
fn tax_point(profile: &Profile, desk: &mut Desk<'_>) {
    if profile.policy.tax.tax_point != TaxPoint::TopUp {
        return;
    }
    let categories: BTreeSet<Option<&Name>> =
        profile.catalog.product.iter().map(|product| product.tax_category.as_ref()).collect();
    if categories.len() > 1 {
        let what = "tax falls due at the top-up, but not all products have one `tax_category`".to_owned();
        let at = profile.policy.tax.places.of("tax_point");
        desk.policy(
            Severity::Error,
            at,
            what,
            "give all products the same, or write tax_point = \"charge\" or \"bill\"",
        );
    }
}

/// What goes on a bill needs a bill (R3, R5, R7, R99).
fn postpaid(profile: &Profile, desk: &mut Desk<'_>) {
    let bill = &profile.policy.bill;
    if bill.on.contains(&BillOn::Cycle) || bill.on.contains(&BillOn::Threshold) {
        return;
    }
    if profile.policy.settle.pay == Pay::Postpaid {
        let what = "`settle.pay` is \"postpaid\", but no bill ever asks for the money".to_owned();
        let at = profile.policy.settle.places.of("pay");
        desk.policy(Severity::Error, at, what, "add \"cycle\" to `bill.on`");
    }
    for product in profile.catalog.product.iter().filter(|product| product.pay == Some(Pay::Postpaid)) {
        let what = format!("product {:?} is paid by the bill, but no bill ever asks for it", product.id.as_str());
        desk.catalog(Severity::Error, product.places.of("pay"), what, "add \"cycle\" to `bill.on` in cloud.toml");
    }
}

/// Terms: a renewal begins within the term it renews; bought space says what happens to the files (R73, R88).
fn terms(profile: &Profile, desk: &mut Desk<'_>) {
    let attempts_from = profile.policy.renewal.attempts_from;
    for product in profile.catalog.product.iter().filter(|product| product.kind == Kind::Term) {
        let shortest = match product.period {
            Span::Exact(length) => length.seconds(),
            Span::Calendar(span) => i64::from(span.months()).saturating_mul(28 * 86_400),
        };
        if !attempts_from.is_zero() && attempts_from.seconds() >= shortest {
            let what = format!(
                "`renewal.attempts_from` ({attempts_from}) begins before the term of product {:?} does",
                product.id.as_str()
            );
            desk.policy(
                Severity::Error,
                profile.policy.renewal.places.of("attempts_from"),
                what,
                "write a time that is shorter than the term",
            );
        }
        if product.size.is_some() && profile.policy.space.is_none() {
            let what = format!(
                "product {:?} sells space, but nothing says what happens to the files after it",
                product.id.as_str()
            );
            desk.catalog(
                Severity::Error,
                product.places.of("size"),
                what,
                "write [space] with grace = \"30d\" in cloud.toml",
            );
        }
        if let Some(becomes) = &product.converts_to {
            let found = profile.catalog.product_by_id(becomes.as_str());
            if found.is_none_or(|found| found.kind != Kind::Running) {
                let what = format!(
                    "product {:?} becomes {:?}, which is no product of kind running",
                    product.id.as_str(),
                    becomes.as_str()
                );
                desk.catalog(Severity::Error, product.places.of("converts_to"), what, "name a product of kind running");
            }
        }
    }
}

/// Whether a product asks something of a step.
type Asks = fn(&Product) -> bool;

/// A ladder that touches nothing, and products that wait for a step that never comes.
fn instructions(profile: &Profile, desk: &mut Desk<'_>) {
    let ladder = &profile.policy.ladder;
    let any = |asks: Asks| profile.catalog.product.iter().any(asks);
    let steps: [(&str, bool, Asks); 3] = [
        ("suspend", ladder.suspend.is_some(), |product| product.on_suspend != OnSuspend::Nothing),
        ("delete", ladder.delete.is_some(), |product| product.on_delete != OnDelete::Nothing),
        ("purge", ladder.purge.is_some(), |product| product.on_purge != OnPurge::Nothing),
    ];
    for (step, there, asks) in steps {
        if there && !any(asks) && !profile.catalog.product.is_empty() {
            let what = format!("`ladder.{step}` touches nothing: no product has an `on_{step}`");
            let remedy =
                format!("write on_{step} at the products in catalog.toml that it is for, or leave the step out");
            desk.policy(Severity::Warning, ladder.places.of(step), what, &remedy);
        }
        // A trial that nothing pays for is suspended and deleted by the same words (R39).
        let is_trials = profile.policy.trial.is_some() && step != "purge";
        if !there
            && !is_trials
            && let Some(product) = profile.catalog.product.iter().find(|product| asks(product))
        {
            let what =
                format!("product {:?} has an `on_{step}`, but [ladder] has no step {step:?}", product.id.as_str());
            let at = product.places.of(&format!("on_{step}"));
            let remedy = format!("write `{step}` in [ladder] of cloud.toml, or leave it out here");
            desk.catalog(Severity::Warning, at, what, &remedy);
        }
    }
}

/// What goes on costing whatever its account owes, though the policy has steps for that: somebody has forgotten it, or writes down that it is
/// meant. What is paid ahead off the balance runs to its end anyway.
fn untouched(profile: &Profile, desk: &mut Desk<'_>) {
    let ladder = &profile.policy.ladder;
    let renews_on_bills = profile.policy.bill.on.contains(&BillOn::Order);
    for product in &profile.catalog.product {
        if product.size.is_some() {
            of_space(product, desk);
        }
        let runs = match product.kind {
            Kind::Running | Kind::Capacity => product.at_zero == AtZero::Steps,
            Kind::Term => renews_on_bills && product.size.is_none(),
            Kind::Usage | Kind::Units | Kind::Once => false,
        };
        if !runs {
            continue;
        }
        let says = |key: &str| product.places.has(key);
        let (name, at) = (product.id.as_str(), product.places.whole.clone());
        if ladder.suspend.is_some() && !says("on_suspend") {
            let what = format!(
                "product {name:?} goes on costing whatever its account owes: `ladder.suspend` does not touch it"
            );
            let does = if product.kind == Kind::Capacity { "lock" } else { "stop" };
            let remedy = format!("write on_suspend = {does:?}, or on_suspend = \"nothing\" where that is meant");
            desk.catalog(Severity::Warning, at, what, &remedy);
        } else if ladder.delete.is_some() && product.on_suspend != OnSuspend::Nothing && !says("on_delete") {
            let what = format!("product {name:?} is suspended for good: `ladder.delete` does not touch it");
            let remedy = "write on_delete = \"delete_keep_data\" or \"delete_data\", or on_delete = \"nothing\" where that is meant";
            desk.catalog(Severity::Warning, at, what, remedy);
        }
        if product.release_when_off.is_some() && product.on_delete == OnDelete::Nothing {
            let what = format!("product {name:?} is not released when it is off: it says of no deletion what that is");
            let remedy = "write on_delete = \"delete_data\" or \"delete_keep_data\", or leave `release_when_off` out";
            desk.catalog(Severity::Warning, product.places.of("release_when_off"), what, remedy);
        }
    }
}

/// Bought space has steps of its own, and no others (R73).
fn of_space(product: &Product, desk: &mut Desk<'_>) {
    let asks = [
        ("on_suspend", product.on_suspend != OnSuspend::Nothing),
        ("on_delete", product.on_delete != OnDelete::Nothing),
        ("on_purge", product.on_purge != OnPurge::Nothing),
    ];
    for (key, _) in asks.into_iter().filter(|(_, asks)| *asks) {
        let what = format!("product {:?} sells space, to which `{key}` does nothing", product.id.as_str());
        let remedy = "leave it out: [space] in cloud.toml says what becomes of space that was bought, and when";
        desk.catalog(Severity::Warning, product.places.of(key), what, remedy);
    }
}

//! Quotas (R46): use is counted before it happens, up to what an account may use in a window, and given back where it failed; things are
//! counted when they start. What raises a limit is written by whatever was bought (`raise_quota`, `end_raises`).

use crate::asked::Note;
use crate::folio::Work;
use crate::gate::live_things;
use crate::open_project::{account_ever, account_of};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::catalog::{Counts, Product, Quota, Raise};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::quota::{Raised, counted, limit, window};
use farthing_core::settle::ThingId;
use farthing_core::time::Instant;
use farthing_store::{EntitlementRow, ReservedRow, StoreError};
use serde::{Deserialize, Serialize};

/// Use that is about to happen.
#[derive(Clone, Debug)]
pub struct NewReservation {
    pub account: String,
    /// What its caller calls it: asked again with the same name, it is counted once; and it is given back by it.
    pub name: String,
    pub product: String,
    /// Meters, and how much of each.
    pub uses: Vec<(String, Quantity)>,
}

/// One quota of an account as it stands. Quantities in millionths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaFacts {
    pub product: String,
    pub quota: String,
    /// `use` or `things`.
    pub counts: String,
    pub limit: i64,
    pub used: i64,
    /// When what is used is free again, in microseconds since 1970; none: when it is stopped.
    pub frees: Option<i64>,
}

impl QuotaFacts {
    pub fn left(&self) -> Quantity {
        Quantity::from_millionths(self.limit.saturating_sub(self.used).max(0))
    }
}

impl Engine {
    /// Counts use before it happens, all of it or nothing.
    pub fn reserve_quota(&self, cloud: &str, wanted: &NewReservation) -> Result<Vec<QuotaFacts>, Refused> {
        let wanted = wanted.clone();
        self.ask("reserve_quota", cloud, move |work| {
            let payer = account_of(work, &wanted.account)?;
            reserve(work, payer.id, &wanted.product, &wanted.uses, &wanted.name)?;
            facts_of(work, payer.id, Some(&wanted.product))
        })
    }

    /// It did not happen: what was counted of it is free again, once.
    pub fn release_quota(&self, cloud: &str, account: &str, name: &str) -> Result<Vec<QuotaFacts>, Refused> {
        let (account, name) = (account.to_owned(), name.to_owned());
        self.ask("release_quota", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            let there = release(work, payer.id, &name)?;
            let product = there.first().map(|row| row.product.clone());
            // Of a window that is over nothing is known any more, and nothing would come back.
            match product {
                Some(product) => facts_of(work, payer.id, Some(&product)),
                None => Ok(Vec::new()),
            }
        })
    }

    /// An account's quotas as they stand, of one product or of all.
    pub fn quotas(&self, cloud: &str, account: &str, product: Option<&str>) -> Result<Vec<QuotaFacts>, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            facts_of(work, payer.id, product)
        })
    }

    /// Raises quotas of an account by hand, as a term would. `until` none: until `lower_quota`.
    pub fn raise_quota(
        &self,
        cloud: &str,
        account: &str,
        cause: &str,
        raise: &Raise,
        until: Option<Instant>,
    ) -> Result<Vec<QuotaFacts>, Refused> {
        let (account, cause, raise) = (account.to_owned(), cause.to_owned(), raise.clone());
        self.ask("raise_quota", cloud, move |work| {
            let payer = account_of(work, &account)?;
            work.load(&[payer.id])?;
            let now = work.now;
            raise_quota(work, payer.id, &cause, std::slice::from_ref(&raise), 1, now, until)?;
            let facts = serde_json::json!({ "product": raise.product.as_str(), "quota": raise.quota.as_str(), "by": raise.by.plain() });
            work.notes.push(Note::new("quota.raised", format!("account {account}")).became(&facts));
            facts_of(work, payer.id, Some(raise.product.as_str()))
        })
    }

    /// What came from one cause raises nothing any more.
    pub fn lower_quota(&self, cloud: &str, account: &str, cause: &str) -> Result<(), Refused> {
        let (account, cause) = (account.to_owned(), cause.to_owned());
        self.ask("lower_quota", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            work.load(&[payer.id])?;
            let now = work.now;
            end_raises(work, payer.id, &cause, now)?;
            let facts = serde_json::json!({ "cause": cause });
            work.notes.push(Note::new("quota.lowered", format!("account {account}")).was(&facts));
            Ok(())
        })
    }
}

/// What was bought raises quotas from an instant on: by each of `raises`, `quantity` times. `cause` says what it is, a term say; written again by
/// the same cause it is changed. Who calls it holds the account's lock.
pub(crate) fn raise_quota(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    cause: &str,
    raises: &[Raise],
    quantity: i64,
    from: Instant,
    until: Option<Instant>,
) -> Result<(), EngineError> {
    for raise in raises {
        let row = EntitlementRow {
            account,
            cause: cause.to_owned(),
            product: raise.product.to_string(),
            quota: raise.quota.to_string(),
            each: raise.by,
            count: quantity,
            starts: from,
            ends: until,
        };
        work.tx.entitlement_put(&row)?;
    }
    Ok(())
}

/// From an instant on nothing of a cause raises anything.
pub(crate) fn end_raises(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    cause: &str,
    at: Instant,
) -> Result<(), EngineError> {
    for row in work.tx.entitlements_of(account, cause)? {
        if row.ends.is_none_or(|ends| ends > at) {
            work.tx.entitlement_put(&EntitlementRow { ends: Some(at.max(row.starts)), ..row })?;
        }
    }
    Ok(())
}

fn product_named(work: &Work<'_, '_>, product: &str) -> Result<Product, Refused> {
    let catalog = &work.cloud.profile_at(work.now)?.catalog;
    catalog.product_by_id(product).cloned().ok_or_else(|| Refused::not_found("product", product))
}

/// Counts use into every quota of its product that it touches.
pub(crate) fn reserve(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    product: &str,
    uses: &[(String, Quantity)],
    name: &str,
) -> Result<(), Refused> {
    let product = product_named(work, product)?;
    let catalog = &work.cloud.profile_at(work.now)?.catalog;
    let mut named = Vec::with_capacity(uses.len());
    for (meter, size) in uses {
        if size.millionths() < 0 {
            let what = format!("{} of {meter} is less than nothing", size.plain());
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        let own = |id: Name| match catalog.meter_by_id(&id) {
            Some(_) => Some(id),
            None => product.component_by_name(&id).map(|component| component.meter.clone()),
        };
        let id = Name::parse(meter).and_then(own);
        named.push((id.ok_or_else(|| Refused::not_found("meter", meter))?, *size));
    }
    let there = work.tx.quota_reserved(account, name)?;
    if !there.is_empty() {
        let amount = |row: &ReservedRow| {
            let quota = product.quota.iter().find(|quota| quota.id.as_str() == row.quota);
            quota.and_then(|quota| counted(quota, &named))
        };
        let same = there.iter().all(|row| row.product == product.id.as_str() && amount(row) == Some(row.amount));
        if same {
            return Ok(());
        }
        let what = format!("{name:?} was reserved for something else: give what is new a name of its own");
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    let raises = work.tx.entitlements(account, product.id.as_str())?;
    for quota in &product.quota {
        let Some(amount) = counted(quota, &named) else { continue };
        count(work, account, &product, quota, limit_of(quota, &raises, work.now), amount, name)?;
    }
    Ok(())
}

fn count(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    product: &Product,
    quota: &Quota,
    most: Quantity,
    amount: Quantity,
    name: &str,
) -> Result<(), Refused> {
    let now = work.now;
    let window = window(quota, now).ok_or_else(|| broken("a quota without a window"))?;
    let of = (account, product.id.as_str(), quota.id.as_str());
    if !work.tx.quota_count(of, window.start(), amount, most)? {
        let used = work.tx.quota_used(of, window.start())?;
        let what = format!(
            "{} of {} allows {} in {}, and {} is used: {} more can be counted again at {}",
            quota.id,
            product.id,
            most.plain(),
            quota.per,
            used.plain(),
            amount.plain(),
            window.end()
        );
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    let reserved = ReservedRow {
        account,
        name: name.to_owned(),
        product: product.id.to_string(),
        quota: quota.id.to_string(),
        began: window.start(),
        amount,
        released: false,
    };
    work.tx.quota_reserve(&reserved)?;
    // The first of a window sweeps those before it: what would be given back to them would serve nobody.
    if work.tx.quota_used(of, window.start())? == amount
        && work.tx.quota_oldest(of)?.is_some_and(|oldest| oldest < window.start())
    {
        work.tx.quota_forget(of, window.start())?;
    }
    Ok(())
}

/// Gives back what was counted under a name; what it was.
pub(crate) fn release(work: &mut Work<'_, '_>, account: OwnerId, name: &str) -> Result<Vec<ReservedRow>, EngineError> {
    let there = work.tx.quota_reserved(account, name)?;
    for row in &there {
        work.tx.quota_release(row)?;
    }
    Ok(there)
}

/// Why not one more of a product may live; none: it may. `but`: the one that is about to, where it is there.
pub(crate) fn too_many(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    product: &Name,
    but: Option<ThingId>,
) -> Result<Option<String>, EngineError> {
    let catalog = &work.cloud.profile_at(work.now)?.catalog;
    let Some(product) = catalog.product_by_id(product.as_str()) else { return Ok(None) };
    let quotas: Vec<Quota> = product.quota.iter().filter(|quota| quota.counts == Counts::Things).cloned().collect();
    if quotas.is_empty() {
        return Ok(None);
    }
    let id = product.id.clone();
    let raises = work.tx.entitlements(account, id.as_str())?;
    let live = live_things(work, account)?;
    let there = live.iter().filter(|thing| thing.product == id && Some(thing.id) != but).count();
    let there = quantity_of(there);
    Ok(quotas.iter().find_map(|quota| {
        let most = limit_of(quota, &raises, work.now);
        let after = there.checked_add(Quantity::ONE).unwrap_or(there);
        let what = || {
            let (quota, most) = (&quota.id, most.plain());
            format!(
                "{quota} of {id} allows {most} at once, and {} live: stop one first, or have it raised",
                there.plain()
            )
        };
        (after > most).then(what)
    }))
}

fn quantity_of(count: usize) -> Quantity {
    let whole = i64::try_from(count).ok().and_then(Quantity::from_whole);
    whole.unwrap_or(Quantity::from_millionths(i64::MAX))
}

fn limit_of(quota: &Quota, raises: &[EntitlementRow], at: Instant) -> Quantity {
    let own = raises.iter().filter(|row| row.quota == quota.id.as_str());
    let raised: Vec<Raised> = own.map(EntitlementRow::raised).collect();
    limit(quota.limit, &raised, at)
}

fn facts_of(work: &mut Work<'_, '_>, account: OwnerId, product: Option<&str>) -> Result<Vec<QuotaFacts>, Refused> {
    let now = work.now;
    let products: Vec<Product> = match product {
        Some(product) => vec![product_named(work, product)?],
        None => work.cloud.profile_at(now)?.catalog.product.clone(),
    };
    let mut facts = Vec::new();
    let mut live = None;
    for product in products.iter().filter(|product| !product.quota.is_empty()) {
        let raises = work.tx.entitlements(account, product.id.as_str())?;
        for quota in &product.quota {
            let (used, frees) = match quota.counts {
                Counts::Use => {
                    let window = window(quota, now).ok_or_else(|| broken("a quota without a window"))?;
                    let of = (account, product.id.as_str(), quota.id.as_str());
                    (work.tx.quota_used(of, window.start())?, Some(window.end().micros()))
                }
                Counts::Things => {
                    if live.is_none() {
                        live = Some(live_things(work, account)?);
                    }
                    let own = live.iter().flatten().filter(|thing| thing.product == product.id).count();
                    (quantity_of(own), None)
                }
            };
            facts.push(QuotaFacts {
                product: product.id.to_string(),
                quota: quota.id.to_string(),
                counts: quota.counts.word().to_owned(),
                limit: limit_of(quota, &raises, now).millionths(),
                used: used.millionths(),
                frees,
            });
        }
    }
    Ok(facts)
}

fn broken(what: &str) -> EngineError {
    StoreError::corrupt(what.to_owned()).into()
}

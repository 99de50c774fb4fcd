//! What something would cost: a configuration and a duration, or quantities, at the prices of a profile, with the arithmetic.
//!
//! Runs on the rating itself, so what is estimated is what will be charged (R72). Called by the command line, the price page
//! and the API. Taxes, coupons and what an account has left of its free parts are not in it: it is the price of this alone.

mod ask;
mod error;
mod metered;
mod sold;
mod timed;

pub use ask::Ask;
pub use error::EstimateError;

use crate::catalog::{Kind, Offer, Product, Wanted};
use crate::config::Text;
use crate::measure::{DataStep, Quantity, Unit};
use crate::money::Currency;
use crate::profile::Profile;
use crate::rate::{Charge, Explanation};
use crate::time::{Anchor, Instant, Period, Zone};
use std::collections::BTreeMap;

/// What it comes to, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    pub lines: Vec<Line>,
    pub total: Charge,
    /// Units it takes, where the price takes them; what they do not cover is `total`.
    pub units: Vec<(Quantity, Unit)>,
    /// What the sum does not say: a minimum that may follow, a limit of what was estimated.
    pub notes: Vec<String>,
}

/// One thing over one rating period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `service medium-2c-4g, 2026-03-01 to 2026-03-31`
    pub what: String,
    /// The arithmetic, a step a line.
    pub steps: Vec<String>,
    pub charge: Charge,
    /// Units it takes before any money.
    pub units: Option<(Quantity, Unit)>,
}

impl Profile {
    /// The price of what is asked.
    pub fn estimate(&self, ask: &Ask) -> Result<Estimate, EstimateError> {
        let desk = Desk::new(self, ask)?;
        let mut lines = Vec::new();
        let mut notes = Vec::new();
        match desk.product.kind {
            Kind::Running => {
                desk.running(&mut lines)?;
                desk.metered(&mut lines, &mut notes)?;
            }
            Kind::Capacity => desk.capacity(&mut lines)?,
            Kind::Usage => desk.metered(&mut lines, &mut notes)?,
            Kind::Term => desk.term(&mut lines)?,
            Kind::Units => desk.units(&mut lines)?,
            Kind::Once => desk.once(&mut lines)?,
        }
        if lines.is_empty() {
            return Err(EstimateError::NothingAsked { product: desk.product.id.to_string(), wants: desk.wants() });
        }
        let mut total = Charge::zero(desk.currency);
        let mut units: BTreeMap<&Unit, Quantity> = BTreeMap::new();
        for line in &lines {
            total = total.checked_add(line.charge)?;
            if let Some((quantity, unit)) = &line.units {
                let sum = units.entry(unit).or_default();
                *sum = sum.checked_add(*quantity).ok_or(EstimateError::TooMany)?;
            }
        }
        let units = units.into_iter().map(|(unit, quantity)| (quantity, unit.clone())).collect();
        Ok(Estimate { lines, total, units, notes })
    }
}

/// What every kind of product needs to be estimated.
struct Desk<'a> {
    profile: &'a Profile,
    ask: &'a Ask,
    product: &'a Product,
    /// The SKU that was named, or that the properties choose.
    sku: Option<&'a str>,
    /// What was said of it, and what its SKU says.
    properties: BTreeMap<String, Text>,
    currency: Currency,
    step: DataStep,
}

impl<'a> Desk<'a> {
    fn new(profile: &'a Profile, ask: &'a Ask) -> Result<Desk<'a>, EstimateError> {
        let wanted = Wanted { product: &ask.product, sku: None, component: None, account: None, on: None };
        let product = profile.catalog.product_by_id(wanted.product).ok_or_else(|| EstimateError::NoProduct {
            product: ask.product.clone(),
            near: profile.catalog.product_near(&ask.product),
        })?;
        let sku = match &ask.sku {
            Some(sku) => Some(sku.as_str()),
            None if product.sku.is_empty() || ask.properties.is_empty() => None,
            None => Some(profile.catalog.sku_with(&ask.product, &ask.properties)?.id.as_str()),
        };
        let dims = sku.and_then(|sku| product.sku_by_id(sku)).map(|sku| sku.dims.clone()).unwrap_or_default();
        let properties = dims.into_iter().chain(ask.properties.clone()).collect();
        let cloud = &profile.policy.cloud;
        Ok(Desk { profile, ask, product, sku, properties, currency: cloud.currency, step: cloud.data_step })
    }

    fn zone(&self) -> &'a Zone {
        &self.profile.policy.cloud.time_zone
    }

    fn offer(&self, component: Option<&crate::config::Name>) -> Result<Offer<'a>, EstimateError> {
        let on = self.zone().civil_date_of(self.ask.from)?;
        let (product, account) = (self.product.id.as_str(), self.ask.account.as_ref());
        Ok(self.profile.catalog.offer(Wanted { product, sku: self.sku, component, account, on: Some(on) })?)
    }

    /// The month of the calendar that an instant lies in.
    fn month_of(&self, at: Instant) -> Result<Period, EstimateError> {
        Ok(Anchor::calendar_month(self.zone().clone()).period_containing(at)?.1)
    }

    /// The seconds that "/ month" means in this month.
    fn month_seconds(&self, month: Period) -> i64 {
        let hours = self.product.hours_per_month.map(|hours| i64::from(hours.0).saturating_mul(3_600));
        hours.unwrap_or_else(|| month.seconds())
    }

    /// The parts of a period in each month of the calendar.
    fn by_month(&self, whole: Period) -> Result<Vec<Period>, EstimateError> {
        let mut parts = Vec::new();
        let mut rest = whole;
        while !rest.is_empty() {
            let month = self.month_of(rest.start())?;
            let (part, after) = rest.split_at(month.end());
            parts.push(part);
            rest = after;
        }
        Ok(parts)
    }

    fn named(&self) -> String {
        self.sku.map_or_else(|| self.product.id.to_string(), |sku| format!("{} {sku}", self.product.id))
    }

    /// What this kind of product must be asked with, for a message.
    fn wants(&self) -> String {
        match self.product.kind {
            Kind::Running => "how long it runs, such as --for 100h".to_owned(),
            Kind::Capacity => "how much and how long, such as --size 500GB --for 30d".to_owned(),
            Kind::Term => "how long, such as --for 3mo".to_owned(),
            Kind::Units => "a pack, such as --count 1".to_owned(),
            Kind::Once => "how many, such as --count 1".to_owned(),
            Kind::Usage => {
                let parts = self.product.component.iter().map(|part| part.label().to_string());
                let meters: Vec<String> = parts.chain(self.product.meter.iter().map(ToString::to_string)).collect();
                format!(
                    "how much was used, such as {}",
                    meters.iter().map(|meter| format!("--use {meter}=1000")).collect::<Vec<_>>().join(" ")
                )
            }
        }
    }
}

/// The steps of an explanation as lines of text.
fn steps_of(explanation: &Explanation) -> Vec<String> {
    explanation.to_string().lines().map(str::to_owned).collect()
}

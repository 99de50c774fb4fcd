//! The terms a thing is charged by at an instant: what the catalogue in force says of its price, ready to be compiled.

use super::{SettleError, UnitRate, UnitTerms};
use crate::catalog::{Aggregate, Catalog, Kind, OfferError, Product, Scope, Wanted};
use crate::config::{Cadence, Name, Text};
use crate::measure::{Quantity, Unit};
use crate::policy::{Pay, Policy};
use crate::profile::Profile;
use crate::rate::{
    Aggregation, Charge, Coverage, Factor, Formula, Hours, HoursFormula, LinearPrice, Percent, Session, Tariff,
};
use crate::time::{Anchor, CivilDate, Instant, Period, Span, Zone};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which terms: enough to find them again in the versions that are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermsKey {
    /// The version whose catalogue says them.
    pub version: i64,
    pub product: Name,
    pub sku: Option<Name>,
    pub part: Option<Name>,
    /// By which a contract may be found, where the account has one, and the day for which it holds.
    pub account: Option<Name>,
    pub on: CivilDate,
    /// The properties that prices depend on.
    pub properties: BTreeMap<String, String>,
}

/// Everything that turns seconds, sizes and totals of one thing into money.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own about a price")]
pub struct Terms {
    pub kind: Kind,
    pub tariff: Tariff,
    pub hours: Option<Hours>,
    /// A size that costs nothing, of a capacity; a free part of usage is in the tariff.
    pub free: Option<(Quantity, Scope)>,
    /// Who has the free part of usage once; none: it has none.
    pub scope: Option<Scope>,
    pub aggregation: Aggregation,
    /// What it costs depends on what was used before in its rating period: one total, one charge per period.
    pub memory: bool,
    /// "/ month" means the seconds of the month it is.
    pub by_calendar: bool,
    pub month_seconds: Option<i64>,
    pub period: Span,
    pub session: Session,
    pub prorate: bool,
    pub states: BTreeMap<String, Factor>,
    /// The price of its start is kept (R67, R68).
    pub fixed: bool,
    /// Off the balance or on the next bill, where the product says.
    pub pay: Option<Pay>,
    pub settle: Cadence,
    pub discount: Percent,
    pub unit: Option<Unit>,
    /// What it takes of units bought ahead, before any money (R8).
    pub units: Option<UnitTerms>,
}

impl Terms {
    pub fn find(catalog: &Catalog, policy: &Policy, key: &TermsKey) -> Result<Terms, SettleError> {
        let wanted = Wanted {
            product: key.product.as_str(),
            sku: key.sku.as_ref().map(Name::as_str),
            component: key.part.as_ref(),
            account: key.account.as_ref(),
            on: Some(key.on),
        };
        let offer = catalog.offer(wanted)?;
        let product = offer.product;
        let step = policy.cloud.data_step;
        let mut properties: BTreeMap<String, Text> = offer.sku.map(|sku| sku.dims.clone()).unwrap_or_default();
        properties.extend(key.properties.iter().map(|(key, value)| (key.clone(), Text(value.clone()))));
        let beside_money = offer.pricing.has_price();
        let units = match &offer.pricing.units {
            Some(price) if product.kind == Kind::Running => {
                let rate = UnitRate::of(price).ok_or(SettleError::Calendar)?;
                Some(UnitTerms { unit: price.unit.clone(), rate, beside_money })
            }
            _ => None,
        };
        let tariff = if units.is_some() && !beside_money {
            offer.tariff_without_price(policy.cloud.currency, step)
        } else {
            offer.tariff_for(policy.cloud.currency, step, &properties)?
        };
        let aggregation = offer.meter.map_or(Aggregation::Sum, |meter| aggregation_of(meter.aggregate));
        let additive = matches!(aggregation, Aggregation::Sum | Aggregation::Count | Aggregation::TimeWeighted)
            || matches!(product.kind, Kind::Running | Kind::Capacity);
        let hours = offer.hours();
        let counted_free = !matches!(product.kind, Kind::Capacity | Kind::Term) && offer.pricing.free.is_some();
        let settle = product.settle.unwrap_or(policy.settle.every);
        // A thing that changes from a size without memory to one with it goes on with what it has cost in its rating period, so
        // what one size of a product remembers all of them do.
        let remembers = |sku: &crate::catalog::Sku| sku.pricing.over(&product.pricing).has_memory();
        let memory = offer.pricing.has_memory()
            || matches!(product.kind, Kind::Running | Kind::Capacity) && product.sku.iter().any(remembers)
            || counted_free
            || !additive
            || tariff.convert.as_ref().is_some_and(|convert| convert.round.is_some());
        Ok(Terms {
            kind: product.kind,
            free: if counted_free { None } else { offer.free_size(step)?.map(|(size, free)| (size, free.per)) },
            scope: offer.pricing.free.as_ref().map(|free| free.per),
            aggregation,
            memory,
            by_calendar: offer.is_by_period() && product.hours_per_month.is_none() || hours.is_some(),
            month_seconds: product.hours_per_month.map(|hours| i64::from(hours.0).saturating_mul(3_600)),
            period: offer.component.and_then(|part| part.period).unwrap_or(product.period),
            session: Session { round_up: product.round_up, min: product.min_duration },
            prorate: product.prorate,
            states: product.states.clone(),
            fixed: offer.is_fixed_at_start(),
            pay: product.pay,
            settle,
            discount: tariff.discount,
            unit: offer.unit().cloned(),
            tariff,
            hours,
            units,
        })
    }

    /// A cut between the two changes nothing.
    pub fn same_price(&self, other: &Terms) -> bool {
        self.tariff == other.tariff
            && self.hours == other.hours
            && self.free == other.free
            && self.aggregation == other.aggregation
            && self.memory == other.memory
            && self.by_calendar == other.by_calendar
            && self.month_seconds == other.month_seconds
            && self.period == other.period
            && self.units == other.units
    }

    /// The rating period an instant lies in.
    pub fn period_of(&self, at: Instant, zone: &Zone) -> Result<Period, SettleError> {
        rating_period(self.period, at, zone)
    }

    /// What of a linear price is one charge: a day of it, or a rating period where that is how often it is settled. A charge
    /// is paid when it is sealed, so a shorter one would be taken too early (R90).
    pub fn slot_of(&self, at: Instant, zone: &Zone) -> Result<Period, SettleError> {
        if self.settle == Cadence::Cycle { self.period_of(at, zone) } else { Ok(zone.day_of(at)?) }
    }

    /// Charges are one for each rating period, not one for each day.
    pub fn is_by_period(&self) -> bool {
        self.memory
    }

    /// What is counted by second rather than by event.
    pub fn is_over_time(&self) -> bool {
        matches!(self.kind, Kind::Running | Kind::Capacity)
    }

    /// How much of its size counts in a state: exact to a millionth.
    pub fn share_of(&self, state: &str, size: Quantity) -> Quantity {
        let share =
            self.states.get(state).copied().unwrap_or(if state == "running" { Factor::ONE } else { Factor::ZERO });
        share.of(size)
    }
}

/// The rating period of a length that an instant lies in: months from January 1970 in the zone, exact lengths from 1970 UTC.
pub fn rating_period(span: Span, at: Instant, zone: &Zone) -> Result<Period, SettleError> {
    match span {
        Span::Calendar(every) => {
            let first = CivilDate::try_new(1970, 1, 1).map_err(|_| SettleError::Calendar)?;
            Ok(Anchor::on_date(first, every, zone.clone()).period_containing(at)?.1)
        }
        Span::Exact(length) => Period::utc_multiple_of(length, at).ok_or(SettleError::Calendar),
    }
}

fn aggregation_of(aggregate: Aggregate) -> Aggregation {
    match aggregate {
        Aggregate::Sum => Aggregation::Sum,
        Aggregate::Count => Aggregation::Count,
        Aggregate::Max => Aggregation::Max,
        Aggregate::Min => Aggregation::Min,
        Aggregate::Latest => Aggregation::Latest,
        Aggregate::Unique => Aggregation::Unique,
        Aggregate::TimeWeighted => Aggregation::TimeWeighted,
        Aggregate::Average => Aggregation::Average,
    }
}

/// Terms compiled for the months of one length: G.
#[derive(Clone, Debug)]
pub enum Meterage {
    Total(Box<Formula>),
    /// By the hour of the day: the seconds since the run began, band by band. `quantity` is in the formula.
    Hours {
        hours: Hours,
        formula: Box<HoursFormula>,
        zone: Zone,
    },
}

impl Terms {
    /// Compiles the terms for a rating period. `quantity` is what runs, where prices go by the hour.
    pub fn compile(&self, month_seconds: i64, quantity: Quantity, zone: &Zone) -> Result<Meterage, SettleError> {
        let month_seconds = self.month_seconds.unwrap_or(month_seconds);
        let Some(hours) = &self.hours else {
            return Ok(Meterage::Total(Box::new(self.tariff.formula(month_seconds)?)));
        };
        let price = LinearPrice {
            currency: self.tariff.currency,
            price: &hours.otherwise,
            unit: None,
            step: self.tariff.step,
            quantity,
            share: Factor::ONE,
            discount: self.discount,
            month_seconds,
        };
        let formula = Box::new(hours.formula(&price)?);
        Ok(Meterage::Hours { hours: hours.clone(), formula, zone: zone.clone() })
    }

    /// What a month has for a price that is by the month: the one of the calendar that the rating period begins in.
    pub fn month_seconds_at(&self, at: Instant, zone: &Zone) -> Result<i64, SettleError> {
        match self.month_seconds {
            Some(seconds) => Ok(seconds),
            None if self.by_calendar => Ok(Anchor::calendar_month(zone.clone()).period_containing(at)?.1.seconds()),
            None => Ok(30 * 86_400), // asked of no price that would differ
        }
    }
}

impl Meterage {
    /// G of a total, or by the hour of the seconds since `since`.
    pub fn amount(&self, total: i128, since: Instant, at: Instant) -> Result<Charge, SettleError> {
        match self {
            Meterage::Total(formula) => Ok(formula.amount(total)?),
            Meterage::Hours { hours, formula, zone } => {
                let period = Period::try_new_or_empty(since, at.max(since)).map_err(|_| SettleError::Calendar)?;
                Ok(formula.amount(&hours.seconds_by_band(period, zone)?)?)
            }
        }
    }

    /// What is missing to the minimum of a period, when it closes.
    pub fn true_up(&self, charge: Charge, coverage: Coverage) -> Result<Charge, SettleError> {
        match self {
            Meterage::Total(formula) => Ok(formula.true_up(charge, coverage)?),
            Meterage::Hours { .. } => Ok(Charge::zero(charge.net.currency())),
        }
    }

    pub fn needs_events(&self) -> bool {
        matches!(self, Meterage::Total(formula) if formula.needs_events())
    }
}

/// A cloud's configurations over time, and which terms hold when.
#[derive(Clone, Debug)]
pub struct PriceBook {
    stretches: Vec<(Instant, i64, Arc<Profile>)>,
    /// Whoever has a contract in any of them.
    contracts: BTreeSet<Name>,
}

impl PriceBook {
    /// In order of their starts.
    pub fn new(stretches: Vec<(Instant, i64, Arc<Profile>)>) -> PriceBook {
        let contracts = stretches.iter().flat_map(|(_, _, profile)| &profile.catalog.contract);
        let contracts = contracts.map(|contract| contract.account.clone()).collect();
        PriceBook { stretches, contracts }
    }

    pub fn profile_at(&self, at: Instant) -> Option<&Arc<Profile>> {
        self.version_at(at).map(|(_, _, profile)| profile)
    }

    pub fn number_at(&self, at: Instant) -> Option<i64> {
        self.version_at(at).map(|(_, number, _)| *number)
    }

    pub fn profile(&self, number: i64) -> Option<&Arc<Profile>> {
        self.stretches.iter().find(|(_, other, _)| *other == number).map(|(_, _, profile)| profile)
    }

    /// The first version rules before its start too: what began earlier has no other price.
    fn version_at(&self, at: Instant) -> Option<&(Instant, i64, Arc<Profile>)> {
        self.stretches.iter().rfind(|(from, ..)| *from <= at).or_else(|| self.stretches.first())
    }

    /// Where versions start, after `from` and before `to`.
    fn starts_within(&self, from: Instant, to: Option<Instant>) -> impl Iterator<Item = Instant> {
        self.stretches
            .iter()
            .skip(1)
            .map(|(start, ..)| *start)
            .filter(move |start| *start > from && to.is_none_or(|to| *start < to))
    }

    /// The next instant at which anything may change for everybody.
    pub fn next_start(&self, after: Instant) -> Option<Instant> {
        self.starts_within(after, None).next()
    }

    /// The terms at an instant.
    pub fn terms_at(&self, thing: &Priced<'_>, at: Instant) -> Result<FoundTerms, SettleError> {
        let (_, version, profile) = self.version_at(at).ok_or(SettleError::NoProfile)?;
        let key = TermsKey {
            version: *version,
            product: thing.product.clone(),
            sku: thing.sku.cloned(),
            part: thing.part.cloned(),
            account: profile
                .catalog
                .contract
                .iter()
                .any(|own| own.account == *thing.account)
                .then(|| thing.account.clone()),
            on: PriceBook::contract_day(profile, thing, at)?,
            properties: thing.properties.clone(),
        };
        let terms = Arc::new(Terms::find(&profile.catalog, &profile.policy, &key)?);
        Ok((Arc::new(key), terms))
    }

    /// The day by which contracts are looked up: the first that has the same answer, so that keys do not multiply.
    fn contract_day(profile: &Profile, thing: &Priced<'_>, at: Instant) -> Result<CivilDate, SettleError> {
        let today = thing.zone.civil_date_of(at)?;
        let bounds = contract_bounds(profile, thing.account);
        let first = CivilDate::try_new(1970, 1, 1).map_err(|_| SettleError::Calendar)?;
        Ok(bounds.into_iter().filter(|bound| *bound <= today).max().unwrap_or(first))
    }

    /// The terms of something that begins at an instant. A price with memory that changed within the rating period holds
    /// from the next one on: when that is.
    fn terms_begun(&self, thing: &Priced<'_>, at: Instant) -> Result<(FoundTerms, Option<Instant>), SettleError> {
        let (key, terms) = self.terms_at(thing, at)?;
        // The period that 1970 begins in may have begun outside the calendar, before any version.
        if let Ok(period) = terms.period_of(at, thing.zone)
            && let Ok((key_before, before)) = self.terms_at(thing, period.start())
            && (before.memory || terms.memory)
            && !before.same_price(&terms)
        {
            return Ok(((key_before, before), Some(period.end())));
        }
        Ok(((key, terms), None))
    }

    /// The terms of a stretch of time, cut where they change: a plain price at the second, a price with memory at its next
    /// rating period, a fixed one never.
    pub fn terms_over(
        &self,
        thing: &Priced<'_>,
        from: Instant,
        to: Option<Instant>,
    ) -> Result<Vec<Holding>, SettleError> {
        if let Some(taken) = thing.fixed_at {
            let (key, terms) = self.terms_at(thing, taken)?;
            if terms.fixed {
                return Ok(vec![Holding { from, to, key, terms }]);
            }
        }
        let mut cuts: Vec<Instant> = self.starts_within(from, to).collect();
        // What is offered from a later version on has its first price there.
        let first = match self.terms_begun(thing, from) {
            Err(SettleError::Offer(error)) => {
                let later = cuts.iter().find_map(|cut| Some((*cut, self.terms_begun(thing, *cut).ok()?)));
                later.ok_or(SettleError::Offer(error))?
            }
            known => (from, known?),
        };
        let (from, ((key, terms), changes)) = first;
        cuts.extend(changes);
        for (_, _, profile) in &self.stretches {
            for bound in contract_bounds(profile, thing.account) {
                cuts.push(thing.zone.start_of_day(bound)?);
            }
        }
        cuts.retain(|cut| *cut > from && to.is_none_or(|to| *cut < to));
        cuts.sort_unstable();
        cuts.dedup();
        let mut holdings = vec![Holding { from, to: None, key, terms }];
        for cut in cuts {
            let Some(last) = holdings.last() else { break };
            if cut < last.from {
                continue; // a change that waited for its rating period has looked at this one already
            }
            let next = match self.terms_at(thing, cut) {
                Err(SettleError::Offer(_)) => continue, // no longer offered: what is there goes on as it was
                known => known?.1,
            };
            if next.same_price(&last.terms) {
                continue;
            }
            let starts = if last.terms.memory || next.memory {
                let period = last.terms.period_of(cut, thing.zone)?;
                if period.start() == cut { cut } else { period.end() }
            } else {
                cut
            };
            if to.is_some_and(|to| starts >= to) {
                break;
            }
            let (key, terms) = match self.terms_at(thing, starts) {
                Err(SettleError::Offer(_)) => continue,
                known => known?,
            };
            if terms.same_price(&last.terms) {
                continue;
            }
            let closed = Holding { to: Some(starts), ..last.clone() };
            if let Some(last) = holdings.last_mut() {
                *last = closed;
            }
            holdings.push(Holding { from: starts, to: None, key, terms });
        }
        if let Some(last) = holdings.last_mut() {
            last.to = to;
        }
        holdings.retain(|holding| holding.to.is_none_or(|to| to > holding.from));
        Ok(holdings)
    }

    /// Whether any version has a contract with this account.
    pub fn has_contract(&self, account: &Name) -> bool {
        self.contracts.contains(account)
    }

    /// The next instant after `at` when terms may change for this account by a contract's dates.
    pub fn next_contract_bound(
        &self,
        account: &Name,
        zone: &Zone,
        at: Instant,
    ) -> Result<Option<Instant>, SettleError> {
        let mut next: Option<Instant> = None;
        for (_, _, profile) in &self.stretches {
            for bound in contract_bounds(profile, account) {
                let start = zone.start_of_day(bound)?;
                if start > at {
                    next = Some(next.map_or(start, |next| next.min(start)));
                }
            }
        }
        Ok(next)
    }
}

fn contract_bounds(profile: &Profile, account: &Name) -> Vec<CivilDate> {
    let own = profile.catalog.contract.iter().filter(|contract| contract.account == *account);
    own.flat_map(|contract| [contract.from, contract.until]).flatten().collect()
}

/// Terms, and what finds them again.
pub type FoundTerms = (Arc<TermsKey>, Arc<Terms>);

/// What is priced, for whom.
#[derive(Clone, Copy, Debug)]
pub struct Priced<'a> {
    pub product: &'a Name,
    pub sku: Option<&'a Name>,
    pub part: Option<&'a Name>,
    pub account: &'a Name,
    pub zone: &'a Zone,
    pub properties: &'a BTreeMap<String, String>,
    /// When a product that keeps its price took it.
    pub fixed_at: Option<Instant>,
}

/// Terms that hold over a stretch of time.
#[derive(Clone, Debug)]
pub struct Holding {
    pub from: Instant,
    pub to: Option<Instant>,
    pub key: Arc<TermsKey>,
    pub terms: Arc<Terms>,
}

/// The parts of a product that are priced apart: its components, or itself.
pub fn parts_of(product: &Product) -> Vec<Option<Name>> {
    if product.component.is_empty() || product.kind == Kind::Running {
        return vec![None];
    }
    product.component.iter().map(|part| Some(part.label().clone())).collect()
}

impl From<OfferError> for SettleError {
    fn from(error: OfferError) -> SettleError {
        SettleError::Offer(error)
    }
}

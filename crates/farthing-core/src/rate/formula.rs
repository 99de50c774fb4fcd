//! A tariff compiled for one rating period: G(total), exact inside and rounded once.
//!
//! Settlement asks for G(now) and posts the difference to what is posted, so this is what runs for every total of every
//! resource: a search among the tiers, one multiplication and one division, without allocation.

use super::compile::{Compiler, Ticks};
use super::curve::Curve;
use super::events::EventRules;
use super::{Charge, Coverage, Percent, RateError, Tariff, true_up};
use crate::money::{Currency, Money, Ratio};

/// What every total of a rating period costs under one tariff.
#[derive(Clone, Debug)]
pub struct Formula {
    ticks: Ticks,
    list: Curve,
    /// None where there is no discount: then net is list.
    net: Option<Curve>,
    cap: Option<i64>,
    currency: Currency,
    events: Option<Box<EventRules>>,
    tariff: Box<Tariff>,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "price a quantity" };

impl Tariff {
    /// Checks the tariff and compiles it for a rating period whose month has so many seconds.
    pub fn formula(&self, month_seconds: i64) -> Result<Formula, RateError> {
        let ticks = Ticks::of(self, month_seconds)?;
        let list = Compiler { tariff: self, ticks, left: Ratio::ONE };
        let net = Compiler { tariff: self, ticks, left: self.discount.left_of_one()? };
        let list_curve = list.curve()?;
        let net_curve = if self.discount == Percent::ZERO { None } else { Some(net.curve()?) };
        let events = EventRules::of(&list, &net, (&list_curve, net_curve.as_ref().unwrap_or(&list_curve)))?;
        self.units(self.minimum, "the minimum of a period")?;
        Ok(Formula {
            ticks,
            list: list_curve,
            net: net_curve,
            cap: self.units(self.cap, "the cap of a period")?,
            currency: self.currency,
            events: events.map(Box::new),
            tariff: Box::new(self.clone()),
        })
    }
}

impl Formula {
    /// G(total). The total is in millionths of the unit, times seconds where the price has a time in it, and is that of the
    /// whole period so far. Below zero (more taken back than was used) costs what zero costs: nothing.
    #[inline]
    pub fn amount(&self, total: i128) -> Result<Charge, RateError> {
        if self.events.is_some() {
            return Err(RateError::NeedsEvents);
        }
        let Ok(total) = u128::try_from(total) else { return Ok(Charge::zero(self.currency)) };
        let (list, net) = self.units(total).ok_or(OVERFLOW)?;
        Ok(self.under_cap(list, net))
    }

    #[inline]
    fn units(&self, total: u128) -> Option<(i64, i64)> {
        let ticks = self.ticks.count(total)?;
        let list = self.list.amount(ticks)?;
        Some((list, self.net.as_ref().map_or(Some(list), |net| net.amount(ticks))?))
    }

    /// What the period costs when it closes: its minimum too, for the seconds covered.
    pub fn amount_at_close(&self, total: i128, coverage: Coverage) -> Result<Charge, RateError> {
        let charge = self.amount(total)?;
        Ok(charge.checked_add(self.true_up(charge, coverage)?)?)
    }

    /// What is missing from a charge to the minimum of the period, where there is one. Posted when the period closes.
    pub fn true_up(&self, charge: Charge, coverage: Coverage) -> Result<Charge, RateError> {
        self.tariff.minimum.map_or(Ok(Charge::zero(self.currency)), |minimum| true_up(minimum, coverage, charge))
    }

    /// What two totals cost is what their sum costs, but for the rounding: such a price needs no period to remember it.
    pub fn is_linear(&self) -> bool {
        self.list.is_line()
            && self.ticks.rounded.is_none()
            && self.events.is_none()
            && self.cap.is_none()
            && self.tariff.minimum.is_none()
    }

    /// It prices single events: `fold` and `amount_of`, not `amount`.
    pub fn needs_events(&self) -> bool {
        self.events.is_some()
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    pub fn tariff(&self) -> &Tariff {
        &self.tariff
    }

    /// A total per second, not a plain one.
    pub fn is_over_time(&self) -> bool {
        self.ticks.time.is_some()
    }

    #[inline]
    pub(super) fn under_cap(&self, list: i64, net: i64) -> Charge {
        let most = self.cap.unwrap_or(i64::MAX);
        let money = |units: i64| Money::from_units(units.min(most), self.currency);
        Charge { list: money(list), net: money(net) }
    }

    pub(super) const fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    pub(super) const fn list_curve(&self) -> &Curve {
        &self.list
    }

    pub(super) const fn net_curve(&self) -> Option<&Curve> {
        self.net.as_ref()
    }

    pub(super) fn event_rules(&self) -> Option<&EventRules> {
        self.events.as_deref()
    }
}

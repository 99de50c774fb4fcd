//! The price of what runs, by the second: the path that every running thing takes at every settlement.

use super::compile::time_seconds;
use super::curve::whole_number;
use super::divisor::Divisor;
use super::{Charge, Factor, Percent, RateError, Session};
use crate::measure::{DataStep, PriceTag, Quantity, Unit};
use crate::money::{Currency, Money, Ratio};

/// G(t) of one run: round-half-even(rate x whole seconds since the run began), at the list price and after the discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    pub currency: Currency,
    pub list: PerSecond,
    pub net: PerSecond,
}

/// An exact number of units of money a second: a fraction of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerSecond {
    numerator: u128,
    denominator: Divisor,
}

/// What a run is priced by.
#[derive(Clone, Copy, Debug)]
pub struct LinearPrice<'a> {
    pub currency: Currency,
    /// With a time in it.
    pub price: &'a PriceTag,
    /// What `quantity` counts.
    pub unit: Option<&'a Unit>,
    pub step: DataStep,
    pub quantity: Quantity,
    /// How much of the price the state it is in costs: all of it running, perhaps a quarter stopped.
    pub share: Factor,
    pub discount: Percent,
    /// Of the rating period the run lies in.
    pub month_seconds: i64,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "price a run" };

impl LinearPrice<'_> {
    pub fn compile(&self) -> Result<Linear, RateError> {
        let list = tag_per_second(self)?.checked_mul(self.share.ratio()?)?;
        let net = list.checked_mul(self.discount.left_of_one()?)?;
        Ok(Linear { currency: self.currency, list: PerSecond::of(list)?, net: PerSecond::of(net)? })
    }
}

/// The exact list price of one second of so much.
pub(super) fn tag_per_second(price: &LinearPrice<'_>) -> Result<Ratio, RateError> {
    let LinearPrice { currency, price: tag, unit, step, quantity, month_seconds, .. } = *price;
    if tag.per.time.is_none() {
        return Err(RateError::NoTime);
    }
    time_seconds(tag.per.time, month_seconds)?;
    if quantity < Quantity::ZERO {
        return Err(RateError::NegativeQuantity);
    }
    if let (Some(priced), Some(counted)) = (&tag.per.unit, unit)
        && priced.per(counted, step).is_none()
    {
        return Err(RateError::UnitMismatch { priced: priced.clone(), counted: counted.clone() });
    }
    let millionth = tag.rate(currency, unit, step, month_seconds)?;
    Ok(millionth.checked_mul(Ratio::new(i128::from(quantity.millionths()), 1)?)?)
}

impl Linear {
    /// What the run has cost after so many seconds, in units of money: net, as it is charged.
    #[inline]
    pub fn amount_at(&self, seconds: i64) -> Result<i64, RateError> {
        self.net.amount_at(seconds)
    }

    /// The same, with the list price beside it.
    #[inline]
    pub fn charge_at(&self, seconds: i64) -> Result<Charge, RateError> {
        let list = self.list.amount_at(seconds)?;
        let net = if self.net == self.list { list } else { self.net.amount_at(seconds)? };
        let money = |units| Money::from_units(units, self.currency);
        Ok(Charge { list: money(list), net: money(net) })
    }

    /// What the seconds of the run from one to another cost: a day, or the part of it that ran. Cuts add up to the whole.
    #[inline]
    pub fn charge_between(&self, from_seconds: i64, to_seconds: i64) -> Result<Charge, RateError> {
        Ok(self.charge_at(to_seconds)?.checked_sub(self.charge_at(from_seconds)?)?)
    }

    /// What the stop of a session of `session_seconds` posts beyond its plain seconds, at this, its last price, whose run
    /// has lasted `run_seconds`.
    pub fn remainder(&self, session: Session, session_seconds: i64, run_seconds: i64) -> Result<Charge, RateError> {
        let missing = session.seconds_missing(session_seconds)?;
        self.charge_between(run_seconds, run_seconds.checked_add(missing).ok_or(OVERFLOW)?)
    }
}

impl PerSecond {
    pub(super) fn of(rate: Ratio) -> Result<PerSecond, RateError> {
        let numerator = whole_number(Ratio::new(rate.numerator(), 1)?)?;
        let denominator = Divisor::try_new(whole_number(Ratio::new(rate.denominator(), 1)?)?)?;
        Ok(PerSecond { numerator, denominator })
    }

    pub fn numerator(&self) -> u128 {
        self.numerator
    }

    pub fn denominator(&self) -> u128 {
        self.denominator.by()
    }

    #[inline]
    pub fn amount_at(&self, seconds: i64) -> Result<i64, RateError> {
        let Ok(whole) = u64::try_from(seconds) else { return Err(RateError::NegativeSeconds { seconds }) };
        let amount = match self.numerator.checked_mul(u128::from(whole)) {
            Some(exact) => self.denominator.half_even(exact),
            None => self.denominator.half_even_wide(self.numerator, u128::from(whole), 0),
        };
        amount.ok_or(OVERFLOW)
    }
}

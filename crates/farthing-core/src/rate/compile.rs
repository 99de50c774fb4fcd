//! From a tariff's words to exact fractions: what one tick costs, where tiers begin, and what does not fit together.
//!
//! A tick is the smallest step of the quantity: a millionth of the unit (times a second), or a whole unit after a rounded
//! conversion. Called by `Tariff::formula` alone.

use super::curve::{Curve, Line};
use super::divisor::Divisor;
use super::{Model, PercentTier, RateError, Tariff, Tier};
use crate::measure::{PriceTag, Quantity, TimeUnit};
use crate::money::{Money, Ratio, Rounding};

/// How a total is counted in ticks, and what one priced unit is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    /// A rounded conversion divides the total first.
    pub(super) rounded: Option<(Divisor, Rounding)>,
    pub(super) per_unit: i128,
    /// The time in the prices, and its seconds; one second where there is none.
    pub(super) time: Option<TimeUnit>,
    pub(super) seconds: i64,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "compile a price" };
const MILLION: i128 = 1_000_000;

impl Ticks {
    pub(super) fn of(tariff: &Tariff, month_seconds: i64) -> Result<Ticks, RateError> {
        let mut times = tags(&tariff.model).map(|tag| tag.per.time);
        let time = times.next().flatten();
        if times.any(|other| other != time) {
            return Err(RateError::MixedTimes);
        }
        let seconds = time_seconds(time, month_seconds)?;
        let Some(convert) = &tariff.convert else {
            let per_unit = i128::from(seconds).checked_mul(MILLION).ok_or(OVERFLOW)?;
            return Ok(Ticks { rounded: None, per_unit, time, seconds });
        };
        // One new unit is `per` millionths of the old one, during the seconds of the time.
        let per_unit = i128::from(seconds).checked_mul(i128::from(convert.per.millionths())).ok_or(OVERFLOW)?;
        let divisor = u128::try_from(per_unit).ok().filter(|per_unit| *per_unit > 0);
        let divisor = Divisor::try_new(divisor.ok_or(RateError::ConversionByZero)?)?;
        Ok(match convert.round {
            Some(rounding) => Ticks { rounded: Some((divisor, rounding)), per_unit: 1, time, seconds },
            None => Ticks { rounded: None, per_unit, time, seconds },
        })
    }

    #[inline]
    pub(super) fn count(&self, total: u128) -> Option<u128> {
        match &self.rounded {
            None => Some(total),
            Some((divisor, rounding)) => divisor.round(total, *rounding).map(u128::from),
        }
    }

    pub(super) fn of_quantity(&self, quantity: Quantity) -> Result<Ratio, RateError> {
        let ticks = Ratio::new(i128::from(quantity.millionths()), MILLION)?;
        Ok(ticks.checked_mul(Ratio::new(self.per_unit, 1)?)?)
    }

    /// What one tick costs where one unit costs `unit`.
    pub(super) fn price(&self, unit: Ratio) -> Result<Ratio, RateError> {
        Ok(unit.checked_mul(Ratio::new(1, self.per_unit)?)?)
    }
}

/// How long the time in a price is, where the month is so long.
pub(super) fn time_seconds(time: Option<TimeUnit>, month_seconds: i64) -> Result<i64, RateError> {
    let seconds = match time {
        None => 1,
        Some(TimeUnit::Month) => month_seconds,
        Some(TimeUnit::Year) => month_seconds.checked_mul(12).ok_or(OVERFLOW)?,
        Some(fixed) => fixed.seconds().unwrap_or(1),
    };
    if seconds > 0 { Ok(seconds) } else { Err(RateError::MonthNotPositive { seconds: month_seconds }) }
}

fn tags(model: &Model) -> impl Iterator<Item = &PriceTag> {
    let (one, tiers) = match model {
        Model::Unit(tag) | Model::Package(tag) => (Some(tag), &[][..]),
        Model::Graduated(tiers) | Model::Volume(tiers) => (None, tiers.as_slice()),
        Model::Percentage { .. } | Model::GraduatedPercentage(_) | Model::Dynamic { .. } => (None, &[][..]),
    };
    one.into_iter().chain(tiers.iter().filter_map(|tier| tier.price.as_ref()))
}

/// A tier in exact fractions: its bound in ticks above the free part, and what a tick and entering it cost.
struct Step {
    upto: Option<Ratio>,
    slope: Ratio,
    flat: Ratio,
}

fn only(slope: Ratio) -> Step {
    Step { upto: None, slope, flat: Ratio::ZERO }
}

/// Builds curves of one tariff for what is `left` of its price: all of it for the list, less the discount for the net.
pub(super) struct Compiler<'a> {
    pub(super) tariff: &'a Tariff,
    pub(super) ticks: Ticks,
    pub(super) left: Ratio,
}

impl Compiler<'_> {
    pub(super) fn curve(&self) -> Result<Curve, RateError> {
        match &self.tariff.model {
            Model::Unit(tag) => self.graduated(&[only(self.tag_price(tag)?)]),
            Model::Graduated(tiers) => self.graduated(&self.steps(tiers)?),
            Model::Volume(tiers) => self.volume(&self.steps(tiers)?),
            Model::Package(tag) => self.package(tag),
            Model::Percentage { percent, .. } => self.graduated(&[only(self.part_of_amount(percent.of_one()?)?)]),
            Model::GraduatedPercentage(tiers) => self.graduated(&self.percent_steps(tiers)?),
            Model::Dynamic { factor } => self.graduated(&[only(self.part_of_amount(factor.ratio()?)?)]),
        }
    }

    /// What lies in a tier costs what that tier says.
    fn graduated(&self, steps: &[Step]) -> Result<Curve, RateError> {
        let free = self.free()?;
        let (mut below, mut lower, mut lines) = (Ratio::ZERO, Ratio::ZERO, Vec::with_capacity(steps.len()));
        for step in steps {
            let entered = below.checked_add(step.flat)?;
            lines.push(line(free.checked_add(lower)?, entered, step.slope)?);
            if let Some(upto) = step.upto {
                below = entered.checked_add(step.slope.checked_mul(minus(upto, lower)?)?)?;
                lower = upto;
            }
        }
        Curve::of_lines(lines)
    }

    /// The tier that the whole lies in prices all of it.
    fn volume(&self, steps: &[Step]) -> Result<Curve, RateError> {
        let free = self.free()?;
        let (mut lower, mut lines) = (Ratio::ZERO, Vec::with_capacity(steps.len()));
        for step in steps {
            let below = step.slope.checked_mul(lower)?;
            lines.push(line(free.checked_add(lower)?, below.checked_add(step.flat)?, step.slope)?);
            lower = step.upto.unwrap_or(lower);
        }
        Curve::of_lines(lines)
    }

    fn package(&self, tag: &PriceTag) -> Result<Curve, RateError> {
        let price = tag.amount.exact(self.tariff.currency, 1, 1)?;
        let size = self.ticks.of_quantity(tag.per.count)?.checked_mul(self.written(tag)?)?;
        Curve::of_packages(self.free()?, size, price.checked_mul(self.left)?)
    }

    pub(super) fn free(&self) -> Result<Ratio, RateError> {
        if self.tariff.free < Quantity::ZERO {
            return Err(RateError::NegativeLimit { what: "the free quantity" });
        }
        self.ticks.of_quantity(self.tariff.free)
    }

    fn steps(&self, tiers: &[Tier]) -> Result<Vec<Step>, RateError> {
        self.checked_steps(tiers.iter().map(|tier| {
            let slope = tier.price.as_ref().map_or(Ok(Ratio::ZERO), |tag| self.tag_price(tag))?;
            Ok((tier.upto, slope, tier.flat))
        }))
    }

    fn percent_steps(&self, tiers: &[PercentTier]) -> Result<Vec<Step>, RateError> {
        self.checked_steps(
            tiers.iter().map(|tier| Ok((tier.upto, self.part_of_amount(tier.percent.of_one()?)?, tier.flat))),
        )
    }

    fn checked_steps(
        &self,
        tiers: impl ExactSizeIterator<Item = Result<(Option<Quantity>, Ratio, Option<Money>), RateError>>,
    ) -> Result<Vec<Step>, RateError> {
        let last = tiers.len().checked_sub(1).ok_or(RateError::NoTiers)?;
        let mut lower = Quantity::ZERO;
        let mut steps = Vec::with_capacity(tiers.len());
        for (place, tier) in tiers.enumerate() {
            let (upto, slope, flat) = tier?;
            match upto {
                Some(_) if place == last => return Err(RateError::LastTierBounded),
                Some(upto) if upto > lower => lower = upto,
                None if place == last => {}
                _ => return Err(RateError::TierBound { tier: place.saturating_add(1) }),
            }
            let upto = upto.map(|upto| self.ticks.of_quantity(upto)).transpose()?;
            let flat = self.money(flat, "the flat part of a tier")?.checked_mul(self.left)?;
            steps.push(Step { upto, slope, flat });
        }
        Ok(steps)
    }

    /// What one tick costs at a price.
    fn tag_price(&self, tag: &PriceTag) -> Result<Ratio, RateError> {
        // The amount is for `count` of the written unit, which is so many of the priced ones.
        let per = Ratio::new(i128::from(tag.per.count.millionths()), MILLION)?.checked_mul(self.written(tag)?)?;
        let unit = tag.amount.exact(self.tariff.currency, per.denominator(), per.numerator())?;
        Ok(self.ticks.price(unit)?.checked_mul(self.left)?)
    }

    /// How many of the priced unit one of the unit is that the price is written for.
    fn written(&self, tag: &PriceTag) -> Result<Ratio, RateError> {
        match (&tag.per.unit, self.tariff.priced_unit()) {
            (Some(written), Some(priced)) => {
                let (one, other) = written
                    .per(priced, self.tariff.step)
                    .ok_or_else(|| RateError::UnitMismatch { priced: written.clone(), counted: priced.clone() })?;
                Ok(Ratio::new(i128::from(one), i128::from(other))?)
            }
            _ => Ok(Ratio::ONE),
        }
    }

    /// What one tick of an amount costs, where so much of it is taken.
    pub(super) fn part_of_amount(&self, part: Ratio) -> Result<Ratio, RateError> {
        let major = Ratio::new(i128::from(self.tariff.currency.units_per_major()), 1)?;
        Ok(self.ticks.price(part.checked_mul(major)?)?.checked_mul(self.left)?)
    }

    /// An amount of the tariff, in units; it must be of its currency and not below zero.
    pub(super) fn money(&self, amount: Option<Money>, what: &'static str) -> Result<Ratio, RateError> {
        let units = self.tariff.units(amount, what)?.unwrap_or(0);
        Ok(Ratio::new(i128::from(units), 1)?)
    }
}

impl Tariff {
    pub(super) fn units(&self, amount: Option<Money>, what: &'static str) -> Result<Option<i64>, RateError> {
        let Some(amount) = amount else { return Ok(None) };
        Money::zero(self.currency).checked_cmp(amount)?;
        if amount.is_negative() { Err(RateError::NegativeLimit { what }) } else { Ok(Some(amount.units())) }
    }
}

/// What lies above `lower` ticks: `entered`, and `slope` for each tick above it. The first whole tick above is the first.
fn line(lower: Ratio, entered: Ratio, slope: Ratio) -> Result<Line, RateError> {
    let whole = lower.numerator().checked_div_euclid(lower.denominator()).ok_or(OVERFLOW)?;
    let first = whole.checked_add(1).ok_or(OVERFLOW)?;
    let above = minus(Ratio::new(first, 1)?, lower)?;
    let base = entered.checked_add(slope.checked_mul(above)?)?;
    Ok(Line { first: u128::try_from(first).map_err(|_| OVERFLOW)?, base, slope })
}

pub(super) fn minus(left: Ratio, right: Ratio) -> Result<Ratio, RateError> {
    Ok(left.checked_add(right.checked_mul(Ratio::new(-1, 1)?)?)?)
}

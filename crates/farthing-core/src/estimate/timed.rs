//! What is charged by time: things that run, and sizes that are kept.

use super::{Desk, EstimateError, Line, steps_of};
use crate::catalog::Offer;
use crate::measure::{Quantity, TimeUnit, UnitPrice, decimal_of_millionths};
use crate::money::{Rounding, mul_div_round};
use crate::rate::{Charge, Factor, LinearPrice, Session, excess};
use crate::time::{Duration, Instant, Period};

impl Desk<'_> {
    /// One session from the asked instant on, in its state "running".
    pub(super) fn running(&self, lines: &mut Vec<Line>) -> Result<(), EstimateError> {
        let Some(lasting) = self.ask.lasting else { return Ok(()) };
        let offer = self.offer(None)?;
        let plain = Period::try_new_or_empty(self.ask.from, lasting.end_from(self.ask.from, self.zone())?)?;
        let session = Session { round_up: self.product.round_up, min: self.product.min_duration };
        // The remainder is money at the last price, as if those seconds had run on.
        let missing = session.seconds_missing(plain.seconds())?;
        let end = plain.end().checked_add(Duration::try_from_seconds(missing)?)?;
        let whole = Period::try_new_or_empty(plain.start(), end)?;
        let count = Quantity::from_whole(i64::from(self.ask.count)).ok_or(EstimateError::TooMany)?;
        let before = lines.len();
        if let Some(price) = &offer.pricing.units {
            lines.push(self.in_units(price, whole)?);
            if !offer.pricing.has_price() {
                return Ok(());
            }
        }
        for part in self.parts(&offer, whole)? {
            lines.push(self.priced_over(&offer, part, i128::from(count.millionths()), count)?);
        }
        if missing > 0
            && let Some(line) = lines.get_mut(before..).and_then(<[Line]>::last_mut)
        {
            let (ran, counted) = (told(plain.seconds()), told(whole.seconds()));
            line.steps.insert(0, format!("{ran} count as {counted}"));
        }
        Ok(())
    }

    /// What it takes of units that were bought ahead (R8), to a millionth of one.
    fn in_units(&self, price: &UnitPrice, part: Period) -> Result<Line, EstimateError> {
        let each = price.per.time.and_then(TimeUnit::seconds).ok_or(EstimateError::TooMany)?;
        let taken = i128::from(price.quantity.millionths()).checked_mul(i128::from(self.ask.count));
        let per = i128::from(price.per.count.millionths()).checked_mul(i128::from(each));
        let (taken, per) = taken.zip(per).ok_or(EstimateError::TooMany)?;
        let seconds = i128::from(part.seconds()).checked_mul(1_000_000).ok_or(EstimateError::TooMany)?;
        let units = mul_div_round(taken, seconds, per, Rounding::HalfEven)?;
        let units = Quantity::from_millionths(i64::try_from(units).map_err(|_| EstimateError::TooMany)?);
        let unit = price.unit.beside(units == Quantity::ONE);
        let step = format!("{} × {price} = {units} {unit}", told(part.seconds()));
        let charge = Charge::zero(self.currency);
        Ok(Line { what: self.over(part), steps: vec![step], charge, units: Some((units, price.unit.clone())) })
    }

    /// A size kept for the whole time, above what is free.
    pub(super) fn capacity(&self, lines: &mut Vec<Line>) -> Result<(), EstimateError> {
        let (Some(lasting), Some(size)) = (self.ask.lasting, &self.ask.size) else { return Ok(()) };
        let whole = Period::try_new_or_empty(self.ask.from, lasting.end_from(self.ask.from, self.zone())?)?;
        let names: Vec<_> = self.product.component.iter().map(|part| Some(part.label())).collect();
        let names = if names.is_empty() { vec![None] } else { names };
        for name in names {
            let offer = self.offer(name)?;
            let kept = offer.size_in_unit(size, self.step)?;
            let free = offer.free_size(self.step)?;
            let free_quantity = free.map_or(Quantity::ZERO, |(quantity, _)| quantity);
            let above = kept.checked_sub(free_quantity).unwrap_or_default().max(Quantity::ZERO);
            for part in self.parts(&offer, whole)? {
                let reading = |at: Instant| (at, kept);
                let unit_seconds = excess(&[reading(part.start())], part, free_quantity)?;
                let each = unit_seconds.checked_mul(i128::from(self.ask.count)).ok_or(EstimateError::TooMany)?;
                let mut line = self.priced_total(&offer, part, each)?;
                if let Some((quantity, free)) = free {
                    let unit = offer.unit().map(|unit| format!(" {unit}")).unwrap_or_default();
                    line.steps.insert(
                        0,
                        format!("{kept}{unit}, of it {quantity}{unit} free per {}: {above}{unit}", free.per),
                    );
                }
                lines.push(line);
            }
        }
        Ok(())
    }

    /// One part where the price needs no month, else the months of the calendar.
    fn parts(&self, offer: &Offer<'_>, whole: Period) -> Result<Vec<Period>, EstimateError> {
        if offer.is_by_period() && !whole.is_empty() { self.by_month(whole) } else { Ok(vec![whole]) }
    }

    /// `millionths` of the thing during every second of a part of time.
    fn priced_over(
        &self,
        offer: &Offer<'_>,
        part: Period,
        millionths: i128,
        count: Quantity,
    ) -> Result<Line, EstimateError> {
        let share = self.product.states.get("running").copied().unwrap_or(Factor::ONE);
        let Some(hours) = offer.hours() else {
            if share == Factor::ONE {
                let total = millionths.checked_mul(i128::from(part.seconds())).ok_or(EstimateError::TooMany)?;
                return self.priced_total(offer, part, total);
            }
            let charge = self.linear(offer, part, count, share)?;
            let step = format!("{} × {share} of {}", told(part.seconds()), charge.net.plain());
            return Ok(Line { what: self.over(part), steps: vec![step], charge, units: None });
        };
        let seconds = hours.seconds_by_band(part, self.zone())?;
        let month_seconds = self.month_seconds(self.month_of(part.start())?);
        let price = LinearPrice {
            currency: self.currency,
            price: &hours.otherwise,
            unit: None,
            step: self.step,
            quantity: count,
            share,
            discount: offer.pricing.discount,
            month_seconds,
        };
        let charge = hours.formula(&price)?.amount(&seconds)?;
        let bands = hours.bands.iter().map(|band| (format!("{} to {}", band.from, band.to), &band.price));
        let bands = bands.chain([("other hours".to_owned(), &hours.otherwise)]);
        let told_bands = bands.zip(&seconds).filter(|(_, seconds)| **seconds > 0);
        let mut steps: Vec<String> =
            told_bands.map(|((when, tag), seconds)| format!("{when}: {} × {tag}", told(*seconds))).collect();
        steps.push(format!("together {}", charge.net.plain()));
        Ok(Line { what: self.over(part), steps, charge, units: None })
    }

    fn linear(
        &self,
        offer: &Offer<'_>,
        part: Period,
        quantity: Quantity,
        share: Factor,
    ) -> Result<Charge, EstimateError> {
        let tariff = offer.tariff_for(self.currency, self.step, &self.properties)?;
        let crate::rate::Model::Unit(price) = &tariff.model else { return Err(EstimateError::TooMany) };
        let month_seconds = self.month_seconds(self.month_of(part.start())?);
        let price = LinearPrice {
            currency: self.currency,
            price,
            unit: None,
            step: self.step,
            quantity,
            share,
            discount: tariff.discount,
            month_seconds,
        };
        Ok(price.compile()?.charge_at(part.seconds())?)
    }

    /// A total of unit-seconds in one part of time.
    fn priced_total(&self, offer: &Offer<'_>, part: Period, total: i128) -> Result<Line, EstimateError> {
        let month = self.month_of(part.start())?;
        let formula =
            offer.tariff_for(self.currency, self.step, &self.properties)?.formula(self.month_seconds(month))?;
        let charge = formula.amount(total)?;
        Ok(Line { what: self.over(part), steps: steps_of(&formula.explain(total)?), charge, units: None })
    }

    fn over(&self, part: Period) -> String {
        let day = |at: Instant| {
            self.zone().wall_at(at).map_or_else(
                |_| at.to_string(),
                |(date, time)| {
                    if time.second_of_day() == 0 { date.to_string() } else { format!("{date} {time}") }
                },
            )
        };
        format!("{}, {} to {} ({})", self.named(), day(part.start()), day(part.end()), told(part.seconds()))
    }
}

/// `360,000 s (100 h)`, as short as it is exact.
fn told(seconds: i64) -> String {
    let whole = |unit: i64, name: &str| {
        (seconds != 0 && seconds.checked_rem(unit) == Some(0)).then(|| {
            format!(
                "{} {name}",
                decimal_of_millionths(
                    i128::from(seconds.checked_div(unit).unwrap_or_default()).saturating_mul(1_000_000)
                )
            )
        })
    };
    whole(3_600, "h")
        .or_else(|| whole(60, "min"))
        .unwrap_or_else(|| format!("{} s", decimal_of_millionths(i128::from(seconds).saturating_mul(1_000_000))))
}

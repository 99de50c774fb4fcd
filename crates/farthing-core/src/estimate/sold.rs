//! What is bought: terms and their add-ons, packs of units, things sold once.

use super::{Desk, EstimateError, Line};
use crate::money::{Money, Rounding};
use crate::rate::{Charge, Percent};
use crate::time::{Duration, Instant, Span};

impl Desk<'_> {
    /// Whole periods: one that was begun counts (R45).
    pub(super) fn term(&self, lines: &mut Vec<Line>) -> Result<(), EstimateError> {
        let Some(lasting) = self.ask.lasting.or(Some(self.product.period)) else { return Ok(()) };
        let periods = self.periods(lasting)?;
        let offer = self.offer(None)?;
        let count = i64::from(self.ask.count);
        let price = self.price_of(&offer)?;
        lines.push(self.times(&self.named(), price, periods, count, offer.pricing.discount)?);
        for (name, quantity) in &self.ask.uses {
            let Some(addon) = self.product.addon.iter().find(|addon| addon.id == *name) else {
                return Err(EstimateError::NotCountedBy {
                    product: self.product.id.to_string(),
                    name: name.to_string(),
                    known: self.product.addon.iter().map(|addon| addon.id.to_string()).collect(),
                });
            };
            let whole = quantity.millionths().checked_div(1_000_000).unwrap_or_default();
            let tag = addon.pricing.price_when(&self.properties);
            let price = tag
                .map(|tag| Money::from_decimal(tag.amount.amount(), self.currency, Rounding::HalfEven))
                .transpose()?;
            let price = price.unwrap_or_else(|| Money::zero(self.currency));
            let many = whole.checked_mul(count).ok_or(EstimateError::TooMany)?;
            lines.push(self.times(
                &format!("{} {}", self.product.id, addon.id),
                price,
                periods,
                many,
                addon.pricing.discount,
            )?);
        }
        Ok(())
    }

    pub(super) fn units(&self, lines: &mut Vec<Line>) -> Result<(), EstimateError> {
        let asked = self.ask.size.as_ref().map(|size| size.quantity);
        let packs = &self.product.packs;
        let pack = match asked {
            Some(units) => packs.iter().find(|pack| pack.units == units),
            None => packs.first().filter(|_| packs.len() == 1),
        };
        let Some(pack) = pack else {
            let packs = packs.iter().map(|pack| pack.units.to_string()).collect();
            return Err(EstimateError::NoSuchPack { product: self.product.id.to_string(), packs });
        };
        let what = format!("{}, a pack of {}", self.named(), pack.units);
        lines.push(self.times(&what, pack.price, 1, i64::from(self.ask.count), self.product.pricing.discount)?);
        Ok(())
    }

    pub(super) fn once(&self, lines: &mut Vec<Line>) -> Result<(), EstimateError> {
        let offer = self.offer(None)?;
        let price = self.price_of(&offer)?;
        lines.push(self.times(&self.named(), price, 1, i64::from(self.ask.count), offer.pricing.discount)?);
        Ok(())
    }

    /// The plain amount of a term or a thing sold once.
    fn price_of(&self, offer: &crate::catalog::Offer<'_>) -> Result<Money, EstimateError> {
        let tariff = offer.tariff_for(self.currency, self.step, &self.properties)?;
        let crate::rate::Model::Unit(tag) = &tariff.model else { return Err(EstimateError::TooMany) };
        Ok(Money::from_decimal(tag.amount.amount(), self.currency, Rounding::HalfEven)?)
    }

    fn times(
        &self,
        what: &str,
        price: Money,
        periods: i64,
        count: i64,
        discount: Percent,
    ) -> Result<Line, EstimateError> {
        let list = price.checked_mul_int(periods)?.checked_mul_int(count)?;
        let left = i128::from(Percent::WHOLE.billionths()).saturating_sub(i128::from(discount.billionths()));
        let net = list.checked_mul_div(left, i128::from(Percent::WHOLE.billionths()), Rounding::HalfEven)?;
        let charge = Charge { list, net };
        let mut factors = vec![price.plain()];
        if periods != 1 {
            factors.push(format!("{periods} periods of {}", span(self.product.period)));
        }
        if count != 1 {
            factors.push(count.to_string());
        }
        let mut steps = vec![format!("{} = {}", factors.join(" × "), list.plain())];
        if !discount.is_zero() {
            steps.push(format!("discount {discount}: {}", charge.discount()?.checked_neg()?.plain()));
        }
        Ok(Line { what: what.to_owned(), steps, charge, units: None })
    }

    /// How many periods cover so long, at least as many as the product asks for.
    fn periods(&self, lasting: Span) -> Result<i64, EstimateError> {
        let (start, zone) = (self.ask.from, self.zone());
        let least = i64::from(self.product.min_periods.0);
        let end = lasting.end_from(start, zone)?;
        let mut periods = 0_i64;
        while self.end_of(periods, start)? < end {
            periods = periods.checked_add(1).filter(|periods| *periods <= PERIODS_MAX).ok_or(EstimateError::TooMany)?;
        }
        Ok(periods.max(least).max(1))
    }

    /// Anchored at the start: a month from the 31st ends on the 28th and returns to the 31st.
    fn end_of(&self, periods: i64, start: Instant) -> Result<Instant, EstimateError> {
        Ok(match self.product.period {
            Span::Exact(length) => {
                let seconds = length.seconds().checked_mul(periods).ok_or(EstimateError::TooMany)?;
                start.checked_add(Duration::try_from_seconds(seconds)?)?
            }
            Span::Calendar(span) => self
                .zone()
                .add_months(start, i64::from(span.months()).checked_mul(periods).ok_or(EstimateError::TooMany)?)?,
        })
    }
}

/// Nobody estimates a thousand years.
const PERIODS_MAX: i64 = 100_000;

fn span(span: Span) -> String {
    match span {
        Span::Exact(duration) => duration.to_string(),
        Span::Calendar(span) => span.to_string(),
    }
}

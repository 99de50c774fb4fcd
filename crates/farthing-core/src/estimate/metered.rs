//! What is charged by what was counted: tokens, calls, traffic, images.

use super::{Desk, EstimateError, Line, steps_of};
use crate::measure::Quantity;
use crate::rate::Event;

impl Desk<'_> {
    /// Each quantity in one rating period, that of the asked instant.
    pub(super) fn metered(&self, lines: &mut Vec<Line>, notes: &mut Vec<String>) -> Result<(), EstimateError> {
        let month = self.month_of(self.ask.from)?;
        for (name, quantity) in &self.ask.uses {
            let component = self.product.component_by_name(name);
            let by_product = component.is_none() && self.product.meter.as_ref() == Some(name);
            if component.is_none() && !by_product {
                let parts = self.product.component.iter().map(|part| part.label().to_string());
                return Err(EstimateError::NotCountedBy {
                    product: self.product.id.to_string(),
                    name: name.to_string(),
                    known: parts.chain(self.product.meter.iter().map(ToString::to_string)).collect(),
                });
            }
            let offer = self.offer(component.map(|part| part.label()))?;
            let tariff = offer.tariff_for(self.currency, self.step, &self.properties)?;
            let formula = tariff.formula(self.month_seconds(month))?;
            let total = quantity.millionths().checked_mul(i64::from(self.ask.count)).ok_or(EstimateError::TooMany)?;
            let (steps, charge) = if formula.needs_events() {
                // All in one event: the caller knows no others.
                let mut fold = formula.fold();
                let charge = fold.push(&Event { at: self.ask.from, id: 0, value: Quantity::from_millionths(total) })?;
                (steps_of(&fold.explain()?), charge)
            } else {
                (steps_of(&formula.explain(i128::from(total))?), formula.amount(i128::from(total))?)
            };
            if let Some(minimum) = tariff.minimum {
                notes.push(format!("{} costs at least {} a period", name, minimum.plain()));
            }
            let unit =
                offer.unit().map(|unit| format!(" {}", unit.beside(*quantity == Quantity::ONE))).unwrap_or_default();
            lines.push(Line { what: format!("{} {name}, {quantity}{unit}", self.named()), steps, charge, units: None });
        }
        Ok(())
    }
}

//! A price in units bought ahead, instead of money: `1.5 gpu-units / hour`, `2 tokens / call` (R8).

use super::{MeasureError, Per, Quantity, Unit};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPrice {
    pub quantity: Quantity,
    /// Which units are taken.
    pub unit: Unit,
    pub per: Per,
}

impl UnitPrice {
    pub fn parse(text: &str) -> Result<UnitPrice, MeasureError> {
        let wrong = || MeasureError::new(format!("{text:?} is no price in units; write it like \"1 gpu-unit / hour\""));
        let (taken, per) = text.split_once('/').ok_or_else(wrong)?;
        let (quantity, unit) = Quantity::parse_with_unit(taken)?;
        Ok(UnitPrice { quantity, unit: unit.ok_or_else(wrong)?, per: Per::parse(per)? })
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} / {}", self.quantity, self.unit.beside(self.quantity == Quantity::ONE), self.per)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_a_price_too() {
        let check = |text: &str, printed: &str| assert_eq!(UnitPrice::parse(text).unwrap().to_string(), printed);
        check("1 gpu-unit / hour", "1 gpu-unit / hour");
        check("1.5 gpu-units/hour", "1.5 gpu-units / hour");
        assert!(UnitPrice::parse("1 / hour").is_err());
        assert!(UnitPrice::parse("1 gpu-unit").is_err());
    }
}

//! What one period of something costs, by what the catalogue says.

use crate::catalog::{Offer, OfferError};
use crate::config::Text;
use crate::measure::DataStep;
use crate::money::{Currency, Money, MoneyError, Rounding};
use crate::rate::{Charge, Model, Percent, RateError};
use std::collections::BTreeMap;

/// List and net of one, in whole minor units: what is sold ahead stands on bills as it is.
pub fn one(
    offer: &Offer<'_>,
    currency: Currency,
    step: DataStep,
    properties: &BTreeMap<String, Text>,
) -> Result<Charge, OfferError> {
    let tariff = offer.tariff_for(currency, step, properties)?;
    let Model::Unit(tag) = &tariff.model else {
        return Err(OfferError::KeyMissing { mode: offer.pricing.mode, key: "price" });
    };
    let price = || -> Result<Charge, MoneyError> {
        let whole = i128::from(Percent::WHOLE.billionths());
        let left = whole.saturating_sub(i128::from(tariff.discount.billionths()));
        let list = Money::from_decimal(tag.amount.amount(), currency, Rounding::HalfEven)?;
        let net = list.checked_mul_div(left, whole, Rounding::HalfEven)?;
        Ok(Charge { list: list.round_to_minor(Rounding::HalfUp)?.0, net: net.round_to_minor(Rounding::HalfUp)?.0 })
    };
    price().map_err(|error| OfferError::Rate(RateError::from(error)))
}

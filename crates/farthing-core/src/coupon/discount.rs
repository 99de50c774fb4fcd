//! What a coupon takes off, and how that is shared over what it applies to.

use crate::money::{Money, MoneyError};
use crate::rate::Percent;
use crate::tax::Taxed;
use std::error::Error;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponValue {
    /// At most the sum of what it applies to.
    Amount(Money),
    Percent(Percent),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountError {
    /// It would add to what is paid.
    Negative {
        amount: Money,
    },
    /// More than all.
    AboveAll {
        percent: Percent,
    },
    Money(MoneyError),
}

/// What is taken off amounts in whole minor units, and each one's share of it by largest remainder (cases C7, C9). A percentage is rounded
/// half-up to the minor unit, once (case C11); what is not above zero has no share.
pub fn discount(value: CouponValue, amounts: &[Money]) -> Result<(Money, Vec<Money>), DiscountError> {
    let currency = match (value, amounts.first()) {
        (CouponValue::Amount(amount), _) => amount.currency(),
        (CouponValue::Percent(_), Some(first)) => first.currency(),
        (CouponValue::Percent(_), None) => return Err(DiscountError::Money(MoneyError::NoWeight)),
    };
    let nothing = Money::zero(currency);
    let costs: Vec<Money> = amounts.iter().map(|amount| if amount.is_positive() { *amount } else { nothing }).collect();
    let all = Money::sum(currency, costs.iter().copied())?;
    let amount = match value {
        CouponValue::Amount(amount) if amount.is_negative() => return Err(DiscountError::Negative { amount }),
        CouponValue::Amount(amount) => {
            amount.to_minor()?;
            amount.checked_min(all)?
        }
        CouponValue::Percent(percent) if percent > Percent::WHOLE => return Err(DiscountError::AboveAll { percent }),
        CouponValue::Percent(percent) => Taxed::of_net(all, percent)?.tax(), // the same arithmetic: half-up to the minor unit
    };
    if amount.is_zero() {
        return Ok((amount, vec![nothing; costs.len()]));
    }
    let weights: Vec<u64> = costs.iter().map(|cost| cost.units().unsigned_abs()).collect();
    Ok((amount, amount.allocate_minor(&weights)?))
}

impl From<MoneyError> for DiscountError {
    fn from(error: MoneyError) -> DiscountError {
        DiscountError::Money(error)
    }
}

impl fmt::Display for DiscountError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiscountError::Negative { amount } => write!(out, "a coupon of {amount} would add to the bill"),
            DiscountError::AboveAll { percent } => write!(out, "a coupon of {percent} takes off more than there is"),
            DiscountError::Money(_) => out.write_str("what a coupon takes off cannot be worked out"),
        }
    }
}

impl Error for DiscountError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            DiscountError::Money(error) => Some(error),
            DiscountError::Negative { .. } | DiscountError::AboveAll { .. } => None,
        }
    }
}

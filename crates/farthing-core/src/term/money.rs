//! The money of a term: what paid it, what of it is earned, and what goes back when it ends early (R19).
//!
//! Running sums, so that several partial ends give back no more than one would, and never more than the cash that was paid.

use super::TermError;
use crate::money::{MoneyError, Rounding, mul_div_round};
use crate::time::{Instant, Period};

/// In units of the currency, none below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TermMoney {
    /// What it is worth, without tax: money, free credit and coupons have paid as much.
    pub value: i64,
    /// What of that was money.
    pub cash: i64,
    /// What of its value was given up again.
    pub returned: i64,
    /// What of the cash has gone back for that, with its tax, fees not taken off.
    pub cash_returned: i64,
}

/// What giving up a part of its value gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Given {
    /// Of the value, without tax.
    pub value: i64,
    /// With its tax, whole minor units.
    pub cash: i64,
}

impl TermMoney {
    /// What can still be given up.
    pub fn left(&self) -> i64 {
        self.value.saturating_sub(self.returned).max(0)
    }

    /// Gives up so much of its value, at most what is left. The cash share of it goes back: unused value x cash paid / total paid.
    pub fn give_up(&mut self, value: i64, minor: i64) -> Result<Given, TermError> {
        let value = value.clamp(0, self.left());
        let returned = self.returned.checked_add(value).ok_or(MoneyError::Overflow { operation: "end a term" })?;
        let should = if self.value == 0 {
            0
        } else {
            let exact =
                mul_div_round(i128::from(self.cash), i128::from(returned), i128::from(self.value), Rounding::Down)?;
            let exact = i64::try_from(exact).map_err(|_| MoneyError::Overflow { operation: "end a term" })?;
            exact.checked_div(minor.max(1)).unwrap_or(0).saturating_mul(minor.max(1))
        };
        let cash = should.saturating_sub(self.cash_returned).max(0);
        self.returned = returned;
        self.cash_returned = self.cash_returned.saturating_add(cash);
        Ok(Given { value, cash })
    }

    /// Takes so much of its value to another term, with its share of the cash that paid it.
    pub fn hand_over(&mut self, value: i64) -> Result<TermMoney, TermError> {
        let value = value.clamp(0, self.left());
        let left = self.left();
        if left == 0 {
            return Ok(TermMoney::default());
        }
        let cash = i128::from(self.cash.saturating_sub(self.cash_returned));
        let cash = mul_div_round(cash, i128::from(value), i128::from(left), Rounding::Down)?;
        let cash = i64::try_from(cash).map_err(|_| MoneyError::Overflow { operation: "change a term" })?;
        self.value = self.value.saturating_sub(value);
        self.cash = self.cash.saturating_sub(cash);
        Ok(TermMoney { value, cash, returned: 0, cash_returned: 0 })
    }

    /// What is earned at an instant of the time for which it is had: by the second, all of it in the end.
    pub fn earned(&self, had: Period, at: Instant) -> Result<i64, TermError> {
        let value = self.left();
        let gone = i128::from(at.clamp(had.start(), had.end()).seconds_since(had.start()));
        let whole = i128::from(had.seconds());
        if whole == 0 {
            return Ok(if at < had.start() { 0 } else { value });
        }
        let earned = mul_div_round(i128::from(value), gone, whole, Rounding::HalfEven)?;
        Ok(i64::try_from(earned).map_err(|_| MoneyError::Overflow { operation: "earn a term" })?)
    }
}

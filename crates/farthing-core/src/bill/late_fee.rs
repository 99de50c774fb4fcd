//! What lateness costs (R56): a simple daily rate on the overdue principal, up to a cap, never on fees.
//!
//! From which day on, and whether at all, is the policy's and the caller's; so is leaving fees out of the principal.

use super::zero;
use crate::money::{Money, MoneyError};
use crate::policy::LateFee;
use crate::rate::Percent;
use crate::tax::part_of_minor;

/// The two rates of `bill.late_fee`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFeeRate {
    pub daily: Percent,
    pub cap: Percent,
}

impl From<&LateFee> for LateFeeRate {
    fn from(policy: &LateFee) -> LateFeeRate {
        LateFeeRate { daily: policy.daily_percent, cap: policy.cap_percent }
    }
}

/// What is to be charged now: the fee of so many whole days, half-up to the minor unit, less what of it was charged before.
/// It never goes down: a principal paid in part makes later days cheaper, not those before.
pub fn late_fee(rate: LateFeeRate, principal: Money, days: i64, charged: Money) -> Result<Money, MoneyError> {
    let nothing = zero(principal.currency());
    let whole = i128::from(Percent::WHOLE.billionths());
    let daily = i128::from(rate.daily.billionths()).saturating_mul(i128::from(days.max(0)));
    let percent = daily.min(i128::from(rate.cap.billionths()));
    let fee = part_of_minor(principal.checked_max(nothing)?, percent, whole)?;
    fee.checked_sub(charged)?.checked_max(nothing)
}

//! Coupons on bills: those an account has redeemed that may take something off, and what they took.

use super::redeem::use_once;
use super::{left_of, terms_of};
use crate::bills::broken;
use crate::folio::Work;
use crate::{Engine, EngineError, Refused};
use farthing_core::bill::{self, BillLine, Origin, PlannedCoupon};
use farthing_core::catalog::Coupon;
use farthing_core::coupon::{CouponValue, RedemptionId, RedemptionState, Sold, SoldKind};
use farthing_core::ledger::OwnerId;
use farthing_store::{Beside, RedemptionRow};

/// A coupon that an account has redeemed and that is good for something yet.
#[derive(Clone, Debug)]
pub struct Redeemed {
    pub redemption: RedemptionId,
    /// As a bill names it.
    pub text: String,
    pub value: CouponValue,
    pub coupon: Coupon,
    /// For how many bills; none: for all.
    pub left: Option<i64>,
}

impl Engine {
    /// The coupons an account has that would take something off this, as it is now: what takes off the larger share of a large bill first.
    pub fn coupons_for_account(&self, cloud: &str, account: &str, sold: &Sold<'_>) -> Result<Vec<Redeemed>, Refused> {
        self.look(cloud, |work| {
            let payer = crate::open_project::account_ever(work, account)?;
            Ok(coupons_for(work, payer.id, sold)?)
        })
    }
}

/// Those that apply to something that is sold now: percentages before amounts, the larger first, then the oldest. Which is best for an amount
/// `plan_bill` finds.
pub(crate) fn coupons_for(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    sold: &Sold<'_>,
) -> Result<Vec<Redeemed>, EngineError> {
    let mut found = redeemed(work, account)?;
    found.retain(|one| one.coupon.is_for(sold));
    found.sort_by_key(|one| match one.value {
        CouponValue::Percent(percent) => {
            (0, std::cmp::Reverse(i64::try_from(percent.billionths()).unwrap_or(i64::MAX)))
        }
        CouponValue::Amount(amount) => (1, std::cmp::Reverse(amount.units())),
    });
    Ok(found)
}

/// The oldest first.
fn redeemed(work: &mut Work<'_, '_>, account: OwnerId) -> Result<Vec<Redeemed>, EngineError> {
    if work.has_none(account, Beside::Redemptions) {
        return Ok(Vec::new());
    }
    let currency = work.currency();
    let rows = work.tx.redemptions_of(account)?.into_iter().filter(|row| row.state == RedemptionState::Redeemed);
    let mut found = Vec::new();
    for row in rows {
        let coupon = terms_of(&row.terms, currency)?;
        let left = left_of(&row, &coupon);
        let Some(value) = coupon.value().filter(|_| left != Some(0)) else { continue };
        found.push(Redeemed { redemption: row.id, text: coupon.code.0.clone(), value, left, coupon });
    }
    Ok(found)
}

/// Those that may take something off the lines of a bill, as `plan_bill` takes them.
pub(crate) fn coupons_for_bill(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    lines: &[BillLine],
) -> Result<Vec<(RedemptionId, bill::Coupon)>, EngineError> {
    let found = redeemed(work, account)?.into_iter();
    let for_bill = found.map(|one| {
        let places = lines.iter().enumerate().filter(|(_, line)| is_for(&one.coupon, line)).map(|(place, _)| place);
        let lines: Vec<usize> = places.collect();
        (one.redemption, bill::Coupon { text: one.text, value: one.value, lines: Some(lines) })
    });
    Ok(for_bill.filter(|(_, coupon)| coupon.lines.as_ref().is_some_and(|lines| !lines.is_empty())).collect())
}

/// A bill's line names no SKU, so what is for single ones takes nothing off it; and a first order is billed with the coupon that was given for it.
fn is_for(coupon: &Coupon, line: &BillLine) -> bool {
    let kind = match line.origin {
        Origin::Accrued => SoldKind::Usage,
        Origin::Advance(_) => SoldKind::Ordered,
        Origin::LateFee(_) | Origin::TopUp | Origin::BroughtForward(_) => return false,
    };
    !coupon.first_order && coupon.is_for(&Sold { product: &line.product, sku: None, kind })
}

/// Counts what coupons took off a bill that was issued.
pub(crate) fn used_on_bill(
    work: &mut Work<'_, '_>,
    offered: &[(RedemptionId, bill::Coupon)],
    planned: &[PlannedCoupon],
    bill: &str,
) -> Result<(), EngineError> {
    for taken in planned {
        let (id, _) = offered.get(taken.place).ok_or_else(|| broken("a coupon on a bill that was not offered"))?;
        let missing = || broken(format!("redemption {id} is gone"));
        let mut row: RedemptionRow = work.tx.redemption(*id)?.ok_or_else(missing)?;
        use_once(work, &mut row, bill, taken.amount.units())?;
        let coupon = terms_of(&row.terms, work.currency())?;
        if left_of(&row, &coupon) == Some(0) {
            row.state = RedemptionState::UsedUp;
        }
        work.tx.redemption_write(&row)?;
    }
    Ok(())
}

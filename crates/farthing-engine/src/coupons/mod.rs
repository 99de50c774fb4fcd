//! Coupons (R18): made, redeemed, reserved for orders, taken off bills, and what each came to.
//!
//! What one takes off is `core::coupon`'s. A coupon of the catalogue and one made by hand are the same; whoever redeems one keeps what it said
//! then. Redeeming counts first and under a lock, so a coupon for a hundred is redeemed a hundred times, however many ask at once.

mod facts;
mod for_order;
mod make;
mod on_bill;
mod redeem;

pub use facts::{CouponFacts, CouponUse, RedemptionFacts};
pub use for_order::{ForOrder, Reserved};
pub use make::NewCoupon;
pub use on_bill::Redeemed;

pub(crate) use for_order::{release_reserved, reserve_coupon, use_reserved};
pub(crate) use on_bill::{coupons_for, coupons_for_bill, used_on_bill};

use crate::bills::broken;
use crate::folio::Work;
use crate::{EngineError, Refused};
use farthing_core::catalog::{Codes, Coupon};
use farthing_core::coupon::key_of;
use farthing_core::money::Currency;
use farthing_store::RedemptionRow;

/// A coupon, and the code by which it was asked for.
pub(crate) struct Found {
    pub(crate) coupon: Coupon,
    /// In capitals: its own, or one that is good once.
    pub(crate) code: String,
    pub(crate) single: bool,
}

/// The coupon that a code is of: of the catalogue in force, or made by hand.
pub(crate) fn coupon_of(work: &mut Work<'_, '_>, code: &str) -> Result<Found, Refused> {
    let (cloud, key) = (work.cloud.id.clone(), key_of(code));
    let missing = || Refused::not_found("coupon", code);
    let own = work.tx.coupon_code(&cloud, &key)?;
    let name = own.as_ref().map_or(&key, |own| &own.coupon).clone();
    let coupon = coupon_named(work, &name)?.ok_or_else(missing)?;
    // The name of a coupon whose codes are good once is no code.
    if own.is_none() && coupon.codes == Codes::Single {
        return Err(missing());
    }
    Ok(Found { coupon, code: key, single: own.is_some() })
}

/// By its own code, in capitals.
pub(crate) fn coupon_named(work: &mut Work<'_, '_>, key: &str) -> Result<Option<Coupon>, EngineError> {
    if let Some(found) = work.cloud.profile_at(work.now)?.catalog.coupon_by_code(key) {
        return Ok(Some(found.clone()));
    }
    let (cloud, currency) = (work.cloud.id.clone(), work.currency());
    work.tx.coupon(&cloud, key)?.map(|row| terms_of(&row.terms, currency)).transpose()
}

/// What a coupon said, as a row keeps it.
pub(crate) fn terms_of(text: &str, currency: Currency) -> Result<Coupon, EngineError> {
    Coupon::from_text(text, currency).ok_or_else(|| broken(format!("a coupon that says {text:?}")))
}

/// For how many bills or orders it is still good; none: for all.
pub(crate) fn left_of(row: &RedemptionRow, coupon: &Coupon) -> Option<i64> {
    coupon.uses().map(|uses| i64::from(uses).saturating_sub(row.used).max(0))
}

//! Coupons on orders: reserved when one is given, used when the order is paid, given back when it comes to nothing (R16).
//!
//! Who builds orders calls these inside its own transaction, for an account that it has loaded.

use super::redeem::{redeem, use_once};
use super::{coupon_of, left_of, terms_of};
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::catalog::Coupon;
use farthing_core::config::Name;
use farthing_core::coupon::{CouponValue, RedemptionId, RedemptionState, Sold, SoldKind, key_of};
use farthing_core::money::Money;
use farthing_store::{Counted, PayerRow, RedemptionRow};

/// What a coupon is wanted for.
#[derive(Clone, Debug)]
pub struct ForOrder {
    /// The order's id, by which it is used or released.
    pub order: String,
    /// What is ordered, each with its SKU.
    pub products: Vec<(Name, Option<Name>)>,
    /// The account has ordered nothing before.
    pub first: bool,
}

/// A coupon that waits for its order.
#[derive(Clone, Debug)]
pub struct Reserved {
    pub redemption: RedemptionId,
    pub coupon: Coupon,
    /// As a bill names it.
    pub text: String,
    pub value: CouponValue,
    /// For how many periods or bills it is good, with this one; none: for all.
    pub left: Option<i64>,
}

impl Reserved {
    /// Whether it takes something off this part of the order.
    pub fn is_for(&self, product: &Name, sku: Option<&Name>) -> bool {
        self.coupon.is_for(&Sold { product, sku, kind: SoldKind::Ordered })
    }
}

impl Engine {
    /// Reserves a coupon for an order: by its code, or by the id of a redemption.
    pub fn reserve_coupon_for(
        &self,
        cloud: &str,
        account: &str,
        code: &str,
        order: &ForOrder,
    ) -> Result<RedemptionId, Refused> {
        let (account, code, order) = (account.to_owned(), code.to_owned(), order.clone());
        self.work("reserve_coupon", cloud, move |work| {
            let payer = account_of(work, &account)?;
            work.load(&[payer.id])?;
            Ok(reserve_coupon(work, &payer, &code, &order)?.redemption)
        })
    }

    /// The order is paid: it took so much off.
    pub fn use_reserved_coupon(&self, cloud: &str, order: &str, amount: Money) -> Result<(), Refused> {
        let order = order.to_owned();
        self.work("use_reserved_coupon", cloud, move |work| use_reserved(work, &order, amount.units()))
    }

    /// The order came to nothing.
    pub fn release_reserved_coupon(&self, cloud: &str, order: &str) -> Result<(), Refused> {
        let order = order.to_owned();
        self.work("release_reserved_coupon", cloud, move |work| release_reserved(work, &order))
    }
}

/// Reserves a coupon for an order of an account that is loaded. One that the account has redeemed already is taken, else its code is redeemed
/// now, and given back with the order. Asked again for the same order it is the same.
pub(crate) fn reserve_coupon(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    code: &str,
    wanted: &ForOrder,
) -> Result<Reserved, Refused> {
    let (cloud, currency) = (work.cloud.id.clone(), work.currency());
    let key = key_of(code);
    if let Some(there) = work.tx.redemption_of_order(&cloud, &wanted.order)? {
        let same =
            there.account == payer.id && (there.id.to_string() == code || there.code == key || there.coupon == key);
        if same {
            let coupon = terms_of(&there.terms, currency)?;
            return reserved(&there, coupon);
        }
        return Err(Refused::new(RefusalCode::Conflict, "an order has one coupon: cancel it and order again"));
    }
    let own = work.tx.redemptions_of(payer.id)?;
    let named = |row: &RedemptionRow| row.id.to_string() == code || row.code == key || row.coupon == key;
    let mut waiting = None;
    for row in own.into_iter().filter(|row| row.state == RedemptionState::Redeemed && named(row)) {
        let coupon = terms_of(&row.terms, currency)?;
        if left_of(&row, &coupon) != Some(0) {
            waiting = Some((row, coupon));
            break;
        }
    }
    if let Some((mut row, coupon)) = waiting {
        must_be_for(&coupon, wanted)?;
        row.state = RedemptionState::Reserved;
        wanted.order.clone_into(&mut row.order);
        work.tx.redemption_write(&row)?;
        return reserved(&row, coupon);
    }
    let found = coupon_of(work, code)?;
    must_be_for(&found.coupon, wanted)?;
    let row = redeem(work, payer, &found, Some(&wanted.order))?;
    reserved(&row, found.coupon)
}

/// What is reserved for an order is used, if anything is: it took so much off.
pub(crate) fn use_reserved(work: &mut Work<'_, '_>, order: &str, amount: i64) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let Some(row) = work.tx.redemption_of_order(&cloud, order)? else { return Ok(()) };
    work.load(&[row.account])?;
    // Somebody else may have ended it before it was locked.
    let Some(mut row) = work.tx.redemption_of_order(&cloud, order)? else { return Ok(()) };
    use_once(work, &mut row, order, amount)?;
    let coupon = terms_of(&row.terms, work.currency())?;
    let is_over = left_of(&row, &coupon) == Some(0);
    row.state = if is_over { RedemptionState::UsedUp } else { RedemptionState::Redeemed };
    row.order.clear();
    row.fresh = false;
    Ok(work.tx.redemption_write(&row)?)
}

/// What is reserved for an order is given back, if anything is: what was redeemed for it counts for nobody, and its code is free again.
pub(crate) fn release_reserved(work: &mut Work<'_, '_>, order: &str) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let Some(row) = work.tx.redemption_of_order(&cloud, order)? else { return Ok(()) };
    work.load(&[row.account])?;
    let Some(mut row) = work.tx.redemption_of_order(&cloud, order)? else { return Ok(()) };
    if row.fresh {
        row.state = RedemptionState::Released;
        let of = |period| Counted { cloud: &cloud, coupon: &row.coupon, period };
        work.tx.coupon_count_down(of(None))?;
        if row.period.is_some() {
            work.tx.coupon_count_down(of(row.period))?;
        }
        work.tx.coupon_code_free(&cloud, &row.code, row.id)?;
    } else {
        row.state = RedemptionState::Redeemed;
    }
    row.order.clear();
    Ok(work.tx.redemption_write(&row)?)
}

fn reserved(row: &RedemptionRow, coupon: Coupon) -> Result<Reserved, Refused> {
    let value = coupon.value().ok_or_else(|| crate::bills::broken("a coupon that takes off nothing"))?;
    let left = left_of(row, &coupon);
    Ok(Reserved { redemption: row.id, text: coupon.code.0.clone(), value, left, coupon })
}

fn must_be_for(coupon: &Coupon, wanted: &ForOrder) -> Result<(), Refused> {
    let not = |why: &str| Refused::new(RefusalCode::NotEligible, format!("coupon {} {why}", coupon.code.0));
    if coupon.first_order && !wanted.first {
        return Err(not("is for the first order of an account"));
    }
    let is_for = |(product, sku): &(Name, Option<Name>)| {
        coupon.is_for(&Sold { product, sku: sku.as_ref(), kind: SoldKind::Ordered })
    };
    if wanted.products.iter().any(is_for) {
        return Ok(());
    }
    Err(not("is for other products"))
}

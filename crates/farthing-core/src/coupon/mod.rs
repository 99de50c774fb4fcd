//! Coupons, decided (R18): what one takes off and how that is shared over lines, what it is for, and who may redeem it.
//!
//! What a coupon says is the catalogue's `[[coupon]]`, wherever it was made. Counting redemptions under a lock is the store's, which
//! one applies to a bill `bill::plan_bill`'s; here are the answers alone.

mod discount;
mod redeem;

#[cfg(test)]
mod tests;

pub use discount::{CouponValue, DiscountError, discount};
pub use redeem::{NotRedeemed, Redeeming, RedemptionId, RedemptionKind, RedemptionState, redeemable};

use crate::catalog::Coupon;
use crate::config::{Name, Source};
use crate::money::Currency;
use crate::rate::Percent;
use crate::time::Zone;

/// What is paid for, as far as a coupon asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sold<'a> {
    pub product: &'a Name,
    /// None: it is not known, or the product has none. Then no coupon for single SKUs is for it.
    pub sku: Option<&'a Name>,
    pub kind: SoldKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoldKind {
    /// What was used.
    Usage,
    /// A period of a term, a pack, or anything else that is ordered.
    Ordered,
}

/// As codes are compared: in capitals or not they are the same.
pub fn key_of(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

impl Coupon {
    pub fn key(&self) -> String {
        key_of(&self.code.0)
    }

    /// What it takes off what it applies to. None where it says none of the three, which the check refuses.
    pub fn value(&self) -> Option<CouponValue> {
        match (self.percent, self.amount, self.free_periods) {
            (Some(percent), None, None) => Some(CouponValue::Percent(percent)),
            (None, Some(amount), None) => Some(CouponValue::Amount(amount)),
            (None, None, Some(_)) => Some(CouponValue::Percent(Percent::WHOLE)),
            _ => None,
        }
    }

    /// For how many bills or periods it is good; none: for all.
    pub fn uses(&self) -> Option<u32> {
        self.free_periods.or(self.bills).map(|count| count.0)
    }

    pub fn is_for(&self, sold: &Sold<'_>) -> bool {
        let of_product = self.products.is_empty() || self.products.contains(sold.product);
        let of_sku = self.skus.is_empty() || sold.sku.is_some_and(|sku| self.skus.contains(sku));
        let of_kind = match sold.kind {
            SoldKind::Ordered => true,
            SoldKind::Usage => self.free_periods.is_none() && !self.first_order,
        };
        of_product && of_sku && of_kind
    }

    /// Whether it could be redeemed at no time.
    pub(crate) fn never_begins(&self) -> bool {
        let (Some(from), Some(until)) = (self.from, self.until) else { return false };
        match (from.start(&Zone::UTC), until.end(&Zone::UTC)) {
            (Ok(from), Ok(until)) => until <= from,
            _ => true,
        }
    }

    /// As rows keep it: what is written of it, a key a line.
    pub fn to_text(&self) -> String {
        self.written().join("\n")
    }

    /// None where it is no such text.
    pub fn from_text(text: &str, currency: Currency) -> Option<Coupon> {
        let source = Source::new("a coupon", text);
        let (table, faults) = crate::config::Item::read_file(&source);
        let mut reader = crate::config::Reader::new(&source, currency);
        reader.tell_unknown(&table, Coupon::known());
        let coupon = Coupon::read_table(&table, 0..0, &mut reader);
        coupon.filter(|_| faults.is_empty() && reader.remarks.is_empty())
    }
}

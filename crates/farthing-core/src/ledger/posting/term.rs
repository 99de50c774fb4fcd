//! Terms: what was paid ahead is deferred, earned with time, and given back by its cash share.

use super::{Leg, Stamp, set, signed};
use crate::ledger::{AccountId, Command, CommodityId, Kind, Mode};

/// A lot of free credit, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditPart {
    pub credit: AccountId,
    pub amount: i64,
}

/// A term bought off the balance.
#[derive(Clone, Copy, Debug)]
pub struct TermBought<'a> {
    pub commodity: CommodityId,
    pub cash: AccountId,
    pub amount: i64,
    pub lots: &'a [CreditPart],
    /// What a coupon takes off.
    pub coupon: i64,
    pub promo_open: AccountId,
    pub promo_used: AccountId,
    pub deferred: AccountId,
}

/// credit -> promo-open, promo-used -> deferred by it and by a coupon; cash -> deferred. It asks: a term is not sold on credit.
pub fn term_bought(stamp: &mut Stamp<'_>, facts: &TermBought<'_>) -> Command {
    let TermBought { commodity, cash, amount, lots, coupon, promo_open, promo_used, deferred } = *facts;
    let leg = |debit, credit, amount| Leg { kind: Kind::TermBought, debit, credit, amount, commodity };
    let mut legs = Vec::with_capacity(lots.len().saturating_mul(2).saturating_add(1));
    for lot in lots {
        legs.push(leg(lot.credit, promo_open, lot.amount));
        legs.push(leg(promo_used, deferred, lot.amount));
    }
    legs.push(Leg { kind: Kind::CouponUsed, ..leg(promo_used, deferred, coupon) });
    legs.push(leg(cash, deferred, amount));
    set(stamp, Mode::Asks, &legs)
}

/// A bill, or a part of it, paid by free credit.
#[derive(Clone, Copy, Debug)]
pub struct BillPaidByCredit<'a> {
    pub commodity: CommodityId,
    pub lots: &'a [CreditPart],
    pub promo_open: AccountId,
    pub promo_used: AccountId,
    pub receivable: AccountId,
}

/// credit -> promo-open, promo-used -> receivable/B. It asks: what is held of it pays nothing else.
pub fn bill_paid_by_credit(stamp: &mut Stamp<'_>, facts: &BillPaidByCredit<'_>) -> Command {
    let BillPaidByCredit { commodity, lots, promo_open, promo_used, receivable } = *facts;
    let leg = |debit, credit, amount| Leg { kind: Kind::BillPaid, debit, credit, amount, commodity };
    let legs: Vec<Leg> = lots
        .iter()
        .flat_map(|lot| [leg(lot.credit, promo_open, lot.amount), leg(promo_used, receivable, lot.amount)])
        .collect();
    set(stamp, Mode::Asks, &legs)
}

/// What of a term is earned since it was looked at last; below zero: an end has given back more.
#[derive(Clone, Copy, Debug)]
pub struct TermEarned {
    pub commodity: CommodityId,
    pub deferred: AccountId,
    pub revenue: AccountId,
    pub amount: i64,
}

/// deferred -> revenue
pub fn term_earned(stamp: &mut Stamp<'_>, facts: &TermEarned) -> Command {
    let TermEarned { commodity, deferred, revenue, amount } = *facts;
    set(stamp, Mode::Reports, &[signed(Kind::TermEarned, deferred, revenue, amount, commodity)])
}

/// The value of one order that goes on in another.
#[derive(Clone, Copy, Debug)]
pub struct TermMoved {
    pub commodity: CommodityId,
    pub from: AccountId,
    pub to: AccountId,
    pub amount: i64,
}

/// deferred/O -> deferred/P
pub fn term_moved(stamp: &mut Stamp<'_>, facts: &TermMoved) -> Command {
    let TermMoved { commodity, from, to, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::TermBought, debit: from, credit: to, amount, commodity }])
}

/// What is given up of a term: its cash share, what the cloud keeps of that as a fee, and what gifts had paid.
#[derive(Clone, Copy, Debug)]
pub struct TermEnded {
    pub commodity: CommodityId,
    pub deferred: AccountId,
    pub cash: AccountId,
    pub to_cash: i64,
    pub revenue: AccountId,
    pub fee: i64,
    pub promo_used: AccountId,
    pub gift: i64,
}

/// deferred -> cash, revenue by the fee, promo-used by what gifts had paid
pub fn term_ended(stamp: &mut Stamp<'_>, facts: &TermEnded) -> Command {
    let TermEnded { commodity, deferred, cash, to_cash, revenue, fee, promo_used, gift } = *facts;
    let leg = |credit, amount| Leg { kind: Kind::TermEnded, debit: deferred, credit, amount, commodity };
    set(stamp, Mode::Reports, &[leg(cash, to_cash), leg(revenue, fee), leg(promo_used, gift)])
}

//! Bills and taxes: what is demanded, paid, rolled on, taken back; and the tax in a top-up, a refund and a chargeback.
//!
//! Issuing a bill moves everything against its own receivable, which ends at the bill's total: what was accrued is credited to
//! the unit, the bill is in whole minor units, and `carry` takes or gives the difference. `BillPlan::bookings` has the amounts.

use super::{Chargeback, Leg, Stamp, chargeback_legs, set};
use crate::ledger::{AccountId, Command, CommodityId, Kind, Mode};

/// An account and its part of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub account: AccountId,
    pub amount: i64,
}

/// A tax that falls due with a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillTax {
    /// The bill's receivable; where prices have the tax in them, the revenue that was accrued with it.
    pub from: AccountId,
    pub tax: AccountId,
    pub amount: i64,
}

/// A top-up whose tax falls due with it (R33): the wallet gets the net.
#[derive(Clone, Copy, Debug)]
pub struct TopUpTaxed<'a> {
    pub commodity: CommodityId,
    pub provider: AccountId,
    pub cash: AccountId,
    pub net: i64,
    pub taxes: &'a [Part],
}

/// provider -> cash by the net; provider -> tax
pub fn top_up_taxed(stamp: &mut Stamp<'_>, facts: &TopUpTaxed<'_>) -> Command {
    let TopUpTaxed { commodity, provider, cash, net, taxes } = *facts;
    let mut legs = vec![Leg { kind: Kind::TopUp, debit: provider, credit: cash, amount: net, commodity }];
    legs.extend(taxes.iter().map(|tax| Leg {
        kind: Kind::TopUpTax,
        debit: provider,
        credit: tax.account,
        amount: tax.amount,
        commodity,
    }));
    set(stamp, Mode::Reports, &legs)
}

/// A bill, as it was planned.
#[derive(Clone, Copy, Debug)]
pub struct BillIssued<'a> {
    pub commodity: CommodityId,
    pub receivable: AccountId,
    /// Where the lines stood: unbilled, deferred/O, late-fees, receivable/next. A correction is below zero.
    pub parts: &'a [Part],
    pub promo_used: AccountId,
    pub coupon: i64,
    pub taxes: &'a [BillTax],
    /// By how much `carry/…` rises: billed - accrued. Below zero it gives.
    pub carries: &'a [Part],
}

/// receivable/B -> where the lines stood; promo-used -> receivable/B by the coupon; receivable/B (or revenue) -> tax;
/// receivable/B -> carry, or back
pub fn bill_issued(stamp: &mut Stamp<'_>, facts: &BillIssued<'_>) -> Command {
    let BillIssued { commodity, receivable, parts, promo_used, coupon, taxes, carries } = *facts;
    let leg = |kind, debit, credit, amount| signed(kind, debit, credit, amount, commodity);
    let mut legs = Vec::with_capacity(parts.len().saturating_add(taxes.len()).saturating_add(2));
    legs.extend(parts.iter().map(|part| leg(Kind::BillIssued, receivable, part.account, part.amount)));
    legs.push(leg(Kind::CouponUsed, promo_used, receivable, coupon));
    legs.extend(taxes.iter().map(|tax| leg(Kind::BillTax, tax.from, tax.tax, tax.amount)));
    legs.extend(carries.iter().map(|carry| leg(Kind::BillCarry, receivable, carry.account, carry.amount)));
    set(stamp, Mode::Reports, &legs)
}

/// An amount below zero goes the other way.
fn signed(kind: Kind, debit: AccountId, credit: AccountId, amount: i64, commodity: CommodityId) -> Leg {
    if amount < 0 {
        Leg { kind, debit: credit, credit: debit, amount: amount.saturating_neg(), commodity }
    } else {
        Leg { kind, debit, credit, amount, commodity }
    }
}

/// A payment of a bill, or a part of it.
#[derive(Clone, Copy, Debug)]
pub struct BillPaid {
    pub commodity: CommodityId,
    /// The provider that collected it, or cash.
    pub paid_from: AccountId,
    pub receivable: AccountId,
    pub amount: i64,
}

/// provider -> receivable/B
pub fn bill_paid(stamp: &mut Stamp<'_>, facts: &BillPaid) -> Command {
    set(stamp, Mode::Reports, &[paid_leg(facts)])
}

/// cash -> receivable/B. It asks: held money pays no bill.
pub fn bill_paid_by_balance(stamp: &mut Stamp<'_>, facts: &BillPaid) -> Command {
    set(stamp, Mode::Asks, &[paid_leg(facts)])
}

fn paid_leg(facts: &BillPaid) -> Leg {
    let BillPaid { commodity, paid_from, receivable, amount } = *facts;
    Leg { kind: Kind::BillPaid, debit: paid_from, credit: receivable, amount, commodity }
}

/// provider -> bad-debt: what was given up comes all the same.
pub fn bill_recovered(stamp: &mut Stamp<'_>, facts: &BillPaid) -> Command {
    set(stamp, Mode::Reports, &[Leg { kind: Kind::Recovered, ..paid_leg(facts) }])
}

/// What is due of a bill, and nobody asks for any more.
#[derive(Clone, Copy, Debug)]
pub struct WrittenOff {
    pub commodity: CommodityId,
    pub bad_debt: AccountId,
    pub receivable: AccountId,
    pub amount: i64,
}

/// bad-debt -> receivable/B
pub fn written_off(stamp: &mut Stamp<'_>, facts: &WrittenOff) -> Command {
    let WrittenOff { commodity, bad_debt, receivable, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::WrittenOff, debit: bad_debt, credit: receivable, amount, commodity }])
}

/// A bill's payment that goes back: refunded without lowering the bill, or charged back. So much is due again.
#[derive(Clone, Copy, Debug)]
pub struct BillPaymentReturned {
    pub commodity: CommodityId,
    pub receivable: AccountId,
    /// refund-due, or the provider that took it back already.
    pub returned_to: AccountId,
    pub amount: i64,
}

/// receivable/B -> refund-due, or provider
pub fn bill_payment_returned(stamp: &mut Stamp<'_>, facts: &BillPaymentReturned) -> Command {
    let BillPaymentReturned { commodity, receivable, returned_to, amount } = *facts;
    let kind = Kind::BillPaymentReturned;
    set(stamp, Mode::Reports, &[Leg { kind, debit: receivable, credit: returned_to, amount, commodity }])
}

/// A bill too small to be collected (R20).
#[derive(Clone, Copy, Debug)]
pub struct BillRolled {
    pub commodity: CommodityId,
    pub next: AccountId,
    pub receivable: AccountId,
    pub amount: i64,
}

/// receivable/next -> receivable/B: no revenue, and no second tax
pub fn bill_rolled(stamp: &mut Stamp<'_>, facts: &BillRolled) -> Command {
    let BillRolled { commodity, next, receivable, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::BillRolled, debit: next, credit: receivable, amount, commodity }])
}

/// A credit note, as it was planned.
#[derive(Clone, Copy, Debug)]
pub struct CreditNote<'a> {
    pub commodity: CommodityId,
    pub receivable: AccountId,
    pub cash: AccountId,
    /// What it lowers the bill's due by; the rest is the balance's.
    pub reduces_due: i64,
    /// What gives it up: revenue, deferred/O, or unbilled where a correction stands there. The difference that `carry` takes
    /// is below zero: unbilled has millionths, the note has none.
    pub parts: &'a [Part],
    pub taxes: &'a [Part],
}

/// revenue and the like, tax -> receivable/B as far as the bill is due, then cash
pub fn credit_note(stamp: &mut Stamp<'_>, facts: &CreditNote<'_>) -> Command {
    let CreditNote { commodity, receivable, cash, reduces_due, parts, taxes } = *facts;
    let taken = |part: &&Part| part.amount < 0;
    // What is below zero comes off the receivable again, so that it takes as much more before.
    let again = parts.iter().chain(taxes).filter(taken).map(|part| part.amount).fold(0_i64, i64::saturating_sub);
    let mut room = reduces_due.max(0).saturating_add(again);
    let mut legs = Vec::new();
    let named =
        parts.iter().map(|part| (Kind::CreditNote, part)).chain(taxes.iter().map(|tax| (Kind::TaxReturned, tax)));
    for (kind, part) in named {
        if part.amount < 0 {
            legs.push(signed(kind, part.account, receivable, part.amount, commodity));
            continue;
        }
        let to_due = part.amount.min(room);
        room = room.saturating_sub(to_due);
        legs.push(Leg { kind, debit: part.account, credit: receivable, amount: to_due, commodity });
        let rest = part.amount.saturating_sub(to_due);
        legs.push(Leg { kind, debit: part.account, credit: cash, amount: rest, commodity });
    }
    set(stamp, Mode::Reports, &legs)
}

/// Cash on its way back, with the tax that was paid with it.
#[derive(Clone, Copy, Debug)]
pub struct RefundTaxed<'a> {
    pub commodity: CommodityId,
    pub cash: AccountId,
    pub refund_due: AccountId,
    /// Off the balance.
    pub net: i64,
    pub taxes: &'a [Part],
}

/// cash, tax -> refund-due. It asks: held money is not given back, and then no tax of it either.
pub fn refund_approved_taxed(stamp: &mut Stamp<'_>, facts: &RefundTaxed<'_>) -> Command {
    let RefundTaxed { commodity, cash, refund_due, net, taxes } = *facts;
    let mut legs = vec![Leg { kind: Kind::RefundApproved, debit: cash, credit: refund_due, amount: net, commodity }];
    legs.extend(returned(taxes, refund_due, commodity));
    set(stamp, Mode::Asks, &legs)
}

/// As `chargeback` of the net, and tax -> provider by the tax that was paid with it
pub fn chargeback_taxed(stamp: &mut Stamp<'_>, net: &Chargeback, taxes: &[Part]) -> Command {
    let mut legs = chargeback_legs(net).to_vec();
    legs.extend(returned(taxes, net.provider, net.commodity));
    set(stamp, Mode::Reports, &legs)
}

/// A waiver of what stands on a bill: it waited in unbilled for the next one, and a credit note gives it now.
#[derive(Clone, Copy, Debug)]
pub struct WaiverCredited {
    pub commodity: CommodityId,
    pub unbilled: AccountId,
    pub revenue: AccountId,
    pub amount: i64,
}

/// unbilled -> revenue, from where the credit note takes it
pub fn waiver_credited(stamp: &mut Stamp<'_>, facts: &WaiverCredited) -> Command {
    let WaiverCredited { commodity, unbilled, revenue, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::CreditNote, debit: unbilled, credit: revenue, amount, commodity }])
}

/// Cash that went back by somebody else's hand: cash and tax -> refund-due; what the cash did not reach is owed, debt -> refund-due. It reports.
pub fn refund_reported(stamp: &mut Stamp<'_>, facts: &RefundTaxed<'_>, debt: AccountId, owed: i64) -> Command {
    let RefundTaxed { commodity, cash, refund_due, net, taxes } = *facts;
    let back = |debit, amount| Leg { kind: Kind::RefundApproved, debit, credit: refund_due, amount, commodity };
    let mut legs = vec![back(cash, net), back(debt, owed)];
    legs.extend(returned(taxes, refund_due, commodity));
    set(stamp, Mode::Reports, &legs)
}

fn returned(taxes: &[Part], to: AccountId, commodity: CommodityId) -> impl Iterator<Item = Leg> {
    let leg = move |tax: &Part| Leg {
        kind: Kind::TaxReturned,
        debit: tax.account,
        credit: to,
        amount: tax.amount,
        commodity,
    };
    taxes.iter().map(leg)
}

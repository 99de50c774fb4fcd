//! One template for each row of the chart's table of events: named values in, one balanced set of transfers out.
//!
//! Owns which accounts an event moves, in which direction, and in which order several of them pay. Not whether it may: a
//! template that *asks* is refused by `decide`, one that *reports* is booked. Each transfer moves one amount from one account
//! to another, so no set can be out of balance; a leg of zero is left out. Whoever gives balances has read them under the
//! same lock under which the set is booked. Taxes, bills and terms come with their own capabilities.

mod bill;
mod charge;
mod term;
mod units;

#[cfg(test)]
mod tests;

pub use bill::{
    BillIssued, BillPaid, BillPaymentReturned, BillRolled, BillTax, CreditNote, Part, RefundTaxed, TopUpTaxed,
    WaiverCredited, WrittenOff, bill_issued, bill_paid, bill_paid_by_balance, bill_payment_returned, bill_recovered,
    bill_rolled, chargeback_taxed, credit_note, refund_approved_taxed, refund_reported, top_up_taxed, waiver_credited,
    written_off,
};
pub use charge::{Charge, CreditCaptured, Funding, Lot, UsageAccounts, credit_captured, settled, split_charge, usage};
pub use term::{
    BillPaidByCredit, CreditPart, TermBought, TermEarned, TermEnded, TermMoved, bill_paid_by_credit, term_bought,
    term_earned, term_ended, term_moved,
};
pub use units::{
    PackLapsed, UnitsBought, UnitsGranted, UnitsUsed, earned, pack_lapsed, units_bought, units_granted, units_returned,
    units_used,
};

use super::{AccountId, Command, CommodityId, Kind, Mode, Movement, Transfer, TransferId};
use crate::id::CauseId;
use crate::time::Instant;

/// What every set needs beside its accounts and amounts.
pub struct Stamp<'a> {
    /// Fresh ids, each later than the one before.
    pub ids: &'a mut dyn FnMut() -> TransferId,
    /// What makes this happen, where it must happen once: the set's first transfer carries it.
    pub cause: Option<CauseId>,
    pub effective: Instant,
}

impl std::fmt::Debug for Stamp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stamp").field("cause", &self.cause).field("effective", &self.effective).finish_non_exhaustive()
    }
}

/// One leg: why, from which account (debited) to which (credited), how much of what.
#[derive(Clone, Copy, Debug)]
struct Leg {
    kind: Kind,
    debit: AccountId,
    credit: AccountId,
    amount: i64,
    commodity: CommodityId,
}

/// The set of those legs that move something.
fn set(stamp: &mut Stamp<'_>, mode: Mode, legs: &[Leg]) -> Command {
    let mut cause = stamp.cause;
    let moving = legs.iter().filter(|leg| leg.amount != 0);
    let transfers = moving.map(|leg| Transfer {
        id: (stamp.ids)(),
        cause: cause.take(),
        kind: leg.kind,
        mode,
        effective: stamp.effective,
        movement: Movement::Move { debit: leg.debit, credit: leg.credit, amount: leg.amount, commodity: leg.commodity },
    });
    Command::Linked(transfers.collect())
}

/// Money paid by a customer through a provider, taxed later.
#[derive(Clone, Copy, Debug)]
pub struct TopUp {
    pub commodity: CommodityId,
    pub provider: AccountId,
    pub cash: AccountId,
    pub amount: i64,
}

/// provider -> cash
pub fn top_up(stamp: &mut Stamp<'_>, facts: &TopUp) -> Command {
    let TopUp { commodity, provider, cash, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::TopUp, debit: provider, credit: cash, amount, commodity }])
}

/// What a customer had, or owed, where the accounts were kept before: below zero it was owed.
#[derive(Clone, Copy, Debug)]
pub struct OpeningBalance {
    pub commodity: CommodityId,
    pub opening: AccountId,
    pub cash: AccountId,
    pub debt: AccountId,
    pub amount: i64,
}

/// opening-balances -> cash; what was owed: receivable/debt -> opening-balances
pub fn opening_balance(stamp: &mut Stamp<'_>, facts: &OpeningBalance) -> Command {
    let OpeningBalance { commodity, opening, cash, debt, amount } = *facts;
    let kind = Kind::OpeningBalance;
    let had = Leg { kind, debit: opening, credit: cash, amount: amount.max(0), commodity };
    let owed = Leg { kind, debit: debt, credit: opening, amount: amount.min(0).saturating_neg(), commodity };
    set(stamp, Mode::Reports, &[had, owed])
}

/// A receivable and what is owed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    pub receivable: AccountId,
    pub amount: i64,
}

/// Arrears paid out of a top-up, in the same transaction (R60).
#[derive(Clone, Copy, Debug)]
pub struct ArrearsPaid<'a> {
    pub commodity: CommodityId,
    pub cash: AccountId,
    /// What there is to pay with.
    pub amount: i64,
    /// Oldest due first.
    pub owed: &'a [Owed],
}

/// cash -> receivable, each as far as the money reaches
pub fn arrears_paid(stamp: &mut Stamp<'_>, facts: &ArrearsPaid<'_>) -> Command {
    let mut rest = facts.amount.max(0);
    let pay = |owed: &Owed| {
        let amount = owed.amount.clamp(0, rest);
        rest = rest.saturating_sub(amount);
        Leg { kind: Kind::ArrearsPaid, debit: facts.cash, credit: owed.receivable, amount, commodity: facts.commodity }
    };
    let legs: Vec<Leg> = facts.owed.iter().map(pay).collect();
    set(stamp, Mode::Reports, &legs)
}

/// A customer's money, from one account to another: into a member's wallet, or out of it (R95).
#[derive(Clone, Copy, Debug)]
pub struct CashMoved {
    pub commodity: CommodityId,
    pub from: AccountId,
    pub to: AccountId,
    pub amount: i64,
}

/// cash -> cash
pub fn cash_moved(stamp: &mut Stamp<'_>, facts: &CashMoved) -> Command {
    let CashMoved { commodity, from, to, amount } = *facts;
    set(stamp, Mode::Asks, &[Leg { kind: Kind::CashMoved, debit: from, credit: to, amount, commodity }])
}

/// What a provider keeps of the money it collects.
#[derive(Clone, Copy, Debug)]
pub struct ProviderFee {
    pub commodity: CommodityId,
    pub fees: AccountId,
    pub provider: AccountId,
    pub amount: i64,
}

/// fees -> provider
pub fn provider_fee(stamp: &mut Stamp<'_>, facts: &ProviderFee) -> Command {
    let ProviderFee { commodity, fees, provider, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::ProviderFee, debit: fees, credit: provider, amount, commodity }])
}

/// A movement of the cloud's own account at its bank, as a statement tells it: above zero it came in.
#[derive(Clone, Copy, Debug)]
pub struct BankMoved {
    pub commodity: CommodityId,
    pub bank: AccountId,
    pub suspense: AccountId,
    pub amount: i64,
}

/// bank -> suspense: nobody has said yet what it is; what went out goes the other way
pub fn bank_unmatched(stamp: &mut Stamp<'_>, facts: &BankMoved) -> Command {
    let BankMoved { commodity, bank, suspense, amount } = *facts;
    set(stamp, Mode::Reports, &[signed(Kind::BankUnmatched, bank, suspense, amount, commodity)])
}

/// What a movement of the bank turned out to be: money through a provider, a fee.
#[derive(Clone, Copy, Debug)]
pub struct BankMatched {
    pub commodity: CommodityId,
    pub suspense: AccountId,
    pub to: AccountId,
    pub amount: i64,
}

/// suspense -> provider, fees; what went out goes the other way
pub fn bank_matched(stamp: &mut Stamp<'_>, facts: &BankMatched) -> Command {
    let BankMatched { commodity, suspense, to, amount } = *facts;
    set(stamp, Mode::Reports, &[signed(Kind::BankMatched, suspense, to, amount, commodity)])
}

/// A leg that runs backwards where its amount is below zero.
fn signed(kind: Kind, debit: AccountId, credit: AccountId, amount: i64, commodity: CommodityId) -> Leg {
    let (debit, credit) = if amount < 0 { (credit, debit) } else { (debit, credit) };
    Leg { kind, debit, credit, amount: amount.saturating_abs(), commodity }
}

/// A lot of free credit and its counterpart: given (trial, promotion, bonus), or what is left of it taken back.
#[derive(Clone, Copy, Debug)]
pub struct FreeCredit {
    pub commodity: CommodityId,
    pub promo_open: AccountId,
    pub credit: AccountId,
    pub amount: i64,
}

/// promo-open -> credit
pub fn credit_granted(stamp: &mut Stamp<'_>, facts: &FreeCredit) -> Command {
    let FreeCredit { commodity, promo_open, credit, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::CreditGranted, debit: promo_open, credit, amount, commodity }])
}

/// credit -> promo-open: what was never money is no income either
pub fn credit_lapsed(stamp: &mut Stamp<'_>, facts: &FreeCredit) -> Command {
    let FreeCredit { commodity, promo_open, credit, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::CreditLapsed, debit: credit, credit: promo_open, amount, commodity }])
}

/// Cash on its way back to the customer.
#[derive(Clone, Copy, Debug)]
pub struct Refund {
    pub commodity: CommodityId,
    pub cash: AccountId,
    pub refund_due: AccountId,
    pub provider: AccountId,
    pub amount: i64,
}

/// cash -> refund-due. It asks: held money is not given back.
pub fn refund_approved(stamp: &mut Stamp<'_>, facts: &Refund) -> Command {
    let Refund { commodity, cash, refund_due, amount, .. } = *facts;
    set(stamp, Mode::Asks, &[Leg { kind: Kind::RefundApproved, debit: cash, credit: refund_due, amount, commodity }])
}

/// refund-due -> provider
pub fn refund_sent(stamp: &mut Stamp<'_>, facts: &Refund) -> Command {
    let Refund { commodity, refund_due, provider, amount, .. } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::RefundSent, debit: refund_due, credit: provider, amount, commodity }])
}

/// provider -> refund-due: what was sent has come back
pub fn refund_returned(stamp: &mut Stamp<'_>, facts: &Refund) -> Command {
    let Refund { commodity, refund_due, provider, amount, .. } = *facts;
    set(
        stamp,
        Mode::Reports,
        &[Leg { kind: Kind::RefundFailed, debit: provider, credit: refund_due, amount, commodity }],
    )
}

/// refund-due -> cash, tax: what could not be sent is on the balance again, and its tax is owed again
pub fn refund_given_up(stamp: &mut Stamp<'_>, facts: &RefundTaxed<'_>) -> Command {
    let RefundTaxed { commodity, cash, refund_due, net, taxes } = *facts;
    let back = |credit, amount| Leg { kind: Kind::RefundFailed, debit: refund_due, credit, amount, commodity };
    let legs: Vec<Leg> =
        [back(cash, net)].into_iter().chain(taxes.iter().map(|tax| back(tax.account, tax.amount))).collect();
    set(stamp, Mode::Reports, &legs)
}

/// A debt that was paid and then turned out not to be owed.
#[derive(Clone, Copy, Debug)]
pub struct Overpaid {
    pub commodity: CommodityId,
    pub cash: AccountId,
    pub debt: AccountId,
    pub amount: i64,
}

/// receivable/debt -> cash
pub fn overpaid(stamp: &mut Stamp<'_>, facts: &Overpaid) -> Command {
    let Overpaid { commodity, cash, debt, amount } = *facts;
    set(stamp, Mode::Reports, &[Leg { kind: Kind::ArrearsReturned, debit: debt, credit: cash, amount, commodity }])
}

/// A payment the customer's bank took back, and what the provider charges for it.
#[derive(Clone, Copy, Debug)]
pub struct Chargeback {
    pub commodity: CommodityId,
    pub cash: AccountId,
    pub cash_balance: i64,
    pub debt: AccountId,
    pub provider: AccountId,
    pub fees: AccountId,
    pub amount: i64,
    pub fee: i64,
}

/// cash as far as it reaches, then receivable/debt -> provider; fees -> provider
pub fn chargeback(stamp: &mut Stamp<'_>, facts: &Chargeback) -> Command {
    set(stamp, Mode::Reports, &chargeback_legs(facts))
}

fn chargeback_legs(facts: &Chargeback) -> [Leg; 3] {
    let Chargeback { commodity, cash, cash_balance, debt, provider, fees, amount, fee } = *facts;
    let from_cash = amount.min(cash_balance.max(0));
    let rest = amount.saturating_sub(from_cash);
    let back = |debit, amount| Leg { kind: Kind::Chargeback, debit, credit: provider, amount, commodity };
    let fee = Leg { kind: Kind::ProviderFee, debit: fees, credit: provider, amount: fee, commodity };
    [back(cash, from_cash), back(debt, rest), fee]
}

/// What was booked goes back to where it came from: a chargeback whose dispute was won (all but its fee), a movement of the bank that is set aside.
pub fn reversed(stamp: &mut Stamp<'_>, transfers: &[TransferId]) -> Command {
    let mut cause = stamp.cause;
    let reversed = transfers.iter().map(|target| Transfer {
        id: (stamp.ids)(),
        cause: cause.take(),
        kind: Kind::Reversal,
        mode: Mode::Reports,
        effective: stamp.effective,
        movement: Movement::Reverse(*target),
    });
    Command::Linked(reversed.collect())
}

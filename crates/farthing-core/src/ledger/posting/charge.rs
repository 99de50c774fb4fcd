//! Who pays a charge: free credit in the order given, then cash, then debt; and the transfers that book it.

use super::{Leg, Stamp, set};
use crate::ledger::{AccountId, Command, CommodityId, Kind, Mode};
use crate::settle::Source;

/// A grant's account and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    pub credit: AccountId,
    pub balance: i64,
}

/// What a customer has used, and everything that may pay for it.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    pub commodity: CommodityId,
    pub amount: i64,
    pub revenue: AccountId,
    /// In spending order: which lot before which is the caller's to say.
    pub lots: &'a [Lot],
    pub cash: AccountId,
    pub cash_balance: i64,
    pub debt: AccountId,
    pub promo_open: AccountId,
    pub promo_used: AccountId,
}

/// A charge laid over what pays it. The parts sum to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funding {
    /// One part a lot, in their order; zero where it gives nothing.
    pub lots: Vec<i64>,
    pub cash: i64,
    pub debt: i64,
}

/// Each lot as far as it reaches, then cash as far as it reaches, and the rest is debt. A charge below zero is a
/// correction, which is another template's matter: it is laid over nothing.
pub fn split_charge(amount: i64, lots: impl IntoIterator<Item = i64>, cash_balance: i64) -> Funding {
    let mut rest = amount.max(0);
    let mut take = |balance: i64| {
        let part = balance.clamp(0, rest);
        rest = rest.saturating_sub(part);
        part
    };
    let lots = lots.into_iter().map(&mut take).collect();
    let cash = take(cash_balance);
    Funding { lots, cash, debt: rest }
}

/// By free credit: credit -> promo-open and promo-used -> revenue. By cash: cash -> revenue. Beyond both:
/// receivable/debt -> revenue. It reports: what was used is booked, whatever is left.
pub fn usage(stamp: &mut Stamp<'_>, charge: &Charge<'_>) -> Command {
    let Charge { commodity, revenue, promo_open, promo_used, .. } = *charge;
    let funding = split_charge(charge.amount, charge.lots.iter().map(|lot| lot.balance), charge.cash_balance);
    let leg = |kind, debit, credit, amount| Leg { kind, debit, credit, amount, commodity };
    let mut legs = Vec::with_capacity(charge.lots.len().saturating_mul(2).saturating_add(2));
    for (lot, part) in charge.lots.iter().zip(&funding.lots) {
        legs.push(leg(Kind::UsageByCredit, lot.credit, promo_open, *part));
        legs.push(leg(Kind::PromotionUsed, promo_used, revenue, *part));
    }
    legs.push(leg(Kind::UsageByCash, charge.cash, revenue, funding.cash));
    legs.push(leg(Kind::UsageOnDebt, charge.debt, revenue, funding.debt));
    set(stamp, Mode::Reports, &legs)
}

/// What a capture has taken of free credit.
#[derive(Clone, Copy, Debug)]
pub struct CreditCaptured {
    pub commodity: CommodityId,
    pub promo_open: AccountId,
    pub promo_used: AccountId,
    pub amount: i64,
}

/// promo-used -> promo-open: a capture has moved the credit to revenue already, as if it had been money
pub fn credit_captured(stamp: &mut Stamp<'_>, facts: &CreditCaptured) -> Command {
    let CreditCaptured { commodity, promo_open, promo_used, amount } = *facts;
    let leg = Leg { kind: Kind::UsageCaptured, debit: promo_used, credit: promo_open, amount, commodity };
    set(stamp, Mode::Reports, &[leg])
}

/// Whose ledger accounts a settlement moves between.
#[derive(Clone, Copy, Debug)]
pub struct UsageAccounts {
    pub commodity: CommodityId,
    pub revenue: AccountId,
    pub cash: AccountId,
    pub debt: AccountId,
    pub unbilled: AccountId,
    pub promo_open: AccountId,
    pub promo_used: AccountId,
}

/// What a settlement has decided who pays, source by source; below zero it goes back. It reports: what was used is booked.
pub fn settled(stamp: &mut Stamp<'_>, accounts: &UsageAccounts, parts: &[(Source, i64)]) -> Command {
    let UsageAccounts { commodity, revenue, cash, debt, unbilled, promo_open, promo_used } = *accounts;
    let mut legs = Vec::with_capacity(parts.len().saturating_add(1));
    let mut leg = |kind, debit, credit, amount: i64| {
        legs.push(if amount < 0 {
            Leg { kind: Kind::UsageCorrected, debit: credit, credit: debit, amount: amount.saturating_neg(), commodity }
        } else {
            Leg { kind, debit, credit, amount, commodity }
        });
    };
    for (source, amount) in parts {
        match source {
            Source::Lot(credit) => {
                leg(Kind::UsageByCredit, *credit, promo_open, *amount);
                leg(Kind::PromotionUsed, promo_used, revenue, *amount);
            }
            Source::Cash => leg(Kind::UsageByCash, cash, revenue, *amount),
            Source::Debt => leg(Kind::UsageOnDebt, debt, revenue, *amount),
            Source::Unbilled => leg(Kind::UsageUnbilled, unbilled, revenue, *amount),
        }
    }
    set(stamp, Mode::Reports, &legs)
}

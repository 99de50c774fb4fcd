//! An account's book: everything open, what was posted of it, what can pay. Settling says what to post and what to seal.
//!
//! Posted is always G(now) - posted, product by product, so it does not matter how often, when or after which crash it is
//! done. A day is sealed once it is over: each line's charge is appended with what paid it, and never touched again.

use super::purse::merge;
use super::{Meterage, OpenCharge, Paid, Purse, Service, SettleError, Source, TermsKey};
use crate::config::{Cadence, Name};
use crate::money::allocate;
use crate::policy::Pay;
use crate::rate::Charge;
use crate::time::{Instant, Period};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is charged: a resource, a scope that shares a free size, or an account's use of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThingId(pub i64);

/// One line of an account's book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId {
    pub thing: ThingId,
    pub part: Option<Name>,
    /// Usage has a line for each rating period or price: when it began, in seconds; 0 for what runs. Below zero: a
    /// correction of what began then, which waits for the next settlement (`late.rs`).
    pub began: i64,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub id: LineId,
    pub open: OpenCharge,
    pub meterage: Arc<Meterage>,
    pub pay: Pay,
    pub settle: Cadence,
    /// Of usage: up to this amount nobody has to look at its account (`room.rs`).
    pub room_to: i64,
}

/// What was posted of a product and is not sealed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    pub paid: Paid,
    pub settled_to: Option<Instant>,
}

/// What one product's settlement moves. A negative part goes back to its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    pub product: Name,
    pub parts: Paid,
}

/// A charge that is appended: what a thing cost in a day or rating period, or what a late fact changed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub line: LineId,
    pub product: Name,
    pub key: Arc<TermsKey>,
    pub from: Instant,
    pub to: Instant,
    pub charge: Charge,
    pub paid: Paid,
    pub correction: bool,
}

/// What a line has cost in a day or rating period that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub line: LineId,
    pub product: Name,
    pub key: Arc<TermsKey>,
    pub period: Period,
    pub charge: Charge,
    pub pay: Pay,
}

/// A difference that a late fact makes to what is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub line: LineId,
    pub product: Name,
    pub key: Arc<TermsKey>,
    pub service: Service,
    pub charge: Charge,
    /// What paid the charges it corrects, in the order it was paid.
    pub paid: Paid,
    pub pay: Pay,
}

/// Everything a settlement writes.
#[derive(Clone, Debug, Default)]
pub struct Settlement {
    pub postings: Vec<Posting>,
    pub sealed: Vec<Sealed>,
}

#[derive(Clone, Debug)]
pub struct AccountBook {
    pub lines: Vec<Line>,
    pub posted: BTreeMap<Name, Posted>,
    pub purse: Purse,
    /// What is due of bills whose time to pay is over.
    pub overdue: i64,
    /// The beginning of the day that is open.
    pub open_from: Instant,
}

impl Posted {
    /// The sum of what was posted.
    pub fn sum(&self) -> i64 {
        self.paid.iter().map(|(_, part)| *part).fold(0, i64::saturating_add)
    }
}

impl AccountBook {
    /// What each product has open at an instant.
    pub fn open_by_product(&self, at: Instant) -> Result<BTreeMap<&Name, (i64, Pay)>, SettleError> {
        let mut open: BTreeMap<&Name, (i64, Pay)> = BTreeMap::new();
        for product in self.posted.keys() {
            open.insert(product, (0, Pay::Prepaid));
        }
        for line in &self.lines {
            let sum = open.entry(line.product()).or_insert((0, line.pay));
            sum.0 =
                sum.0.checked_add(line.net_at(at)?).ok_or(SettleError::Overflow { what: "sum an account's costs" })?;
            sum.1 = line.pay;
        }
        Ok(open)
    }

    /// Posts what is due of the products chosen, up to an instant. `sealing`: what is about to be sealed and no longer in the
    /// lines.
    pub fn post(
        &mut self,
        at: Instant,
        sealing: &BTreeMap<Name, (i64, Pay)>,
        chosen: impl Fn(&Name) -> bool,
    ) -> Result<Vec<Posting>, SettleError> {
        let overflow = || SettleError::Overflow { what: "post a difference" };
        let mut postings = self.post_corrections(at, &chosen);
        let mut should: BTreeMap<Name, (i64, Pay)> =
            self.open_by_product(at)?.into_iter().map(|(product, sum)| (product.clone(), sum)).collect();
        for (product, (more, pay)) in sealing {
            let sum = should.entry(product.clone()).or_insert((0, *pay));
            *sum = (sum.0.checked_add(*more).ok_or_else(overflow)?, *pay);
        }
        let open: Vec<(Name, i64, Pay)> = should
            .into_iter()
            .filter(|(product, _)| chosen(product))
            .map(|(product, (sum, pay))| (product, sum, pay))
            .collect();
        for (product, should, pay) in open {
            let posted = self.posted.entry(product.clone()).or_default();
            if posted.settled_to.is_some_and(|to| to > at) && !sealing.contains_key(&product) {
                continue; // somebody was here later: what has accrued since is not given back
            }
            let difference = should.checked_sub(posted.sum()).ok_or_else(overflow)?;
            posted.settled_to = posted.settled_to.max(Some(at));
            if difference == 0 {
                continue;
            }
            let parts = match (pay, difference > 0) {
                (Pay::Postpaid, true) => self.purse.pay_later(&product, difference, at),
                (Pay::Prepaid, true) => self.purse.pay(&product, difference, at),
                (_, false) => self.purse.give_back(&mut posted.paid, difference.saturating_neg()),
            };
            if difference > 0 {
                for part in &parts {
                    merge(&mut posted.paid, *part);
                }
                postings.push(Posting { product, parts });
            } else {
                let parts = parts.into_iter().map(|(source, part)| (source, part.saturating_neg())).collect();
                postings.push(Posting { product, parts });
            }
        }
        Ok(postings)
    }

    /// Corrections that wait are paid by what could pay when the use was; those of closed periods, whose late window is over,
    /// by what is there now. How much of each is posted stands in its total, which is of no other use to it.
    fn post_corrections(&mut self, now: Instant, chosen: &impl Fn(&Name) -> bool) -> Vec<Posting> {
        let mut postings = Vec::new();
        let waits = |line: &&mut Line| line.id.is_correction() && chosen(line.product());
        let mut waiting: Vec<&mut Line> = self.lines.iter_mut().filter(waits).collect();
        waiting.sort_by(|one, other| one.id.cmp(&other.id)); // nor does who comes first to what pays
        for line in waiting {
            let posted = i64::try_from(line.open.total).unwrap_or(i64::MAX);
            let rest = line.open.done.net.units().saturating_sub(posted);
            if rest <= 0 {
                continue;
            }
            let whole = line.id.corrects(line.open.since, line.open.at).whole;
            let paid_at = if whole { now } else { line.open.since };
            let parts = match line.pay {
                Pay::Postpaid => self.purse.pay_later(line.product(), rest, paid_at),
                Pay::Prepaid => self.purse.pay(line.product(), rest, paid_at),
            };
            let paid = &mut self.posted.entry(line.product().clone()).or_default().paid;
            for part in &parts {
                merge(paid, *part);
            }
            line.open.total = i128::from(line.open.done.net.units());
            postings.push(Posting { product: line.product().clone(), parts });
        }
        postings
    }

    /// Books what a late fact changes of sealed days. It is charged to what could pay then, or given back to what did.
    pub fn correct(&mut self, corrections: Vec<Correction>) -> Settlement {
        let mut settlement = Settlement::default();
        for correction in corrections {
            let Correction { line, product, key, service, charge, mut paid, pay } = correction;
            let Service { from, to, .. } = service;
            let net = charge.net.units();
            let signed: Paid = match (net.cmp(&0), pay) {
                (Ordering::Equal, _) => Paid::new(),
                (Ordering::Greater, Pay::Postpaid) => self.purse.pay_later(&product, net, from),
                (Ordering::Greater, Pay::Prepaid) => self.purse.pay(&product, net, from),
                // Whatever the product is paid by now, it goes back to what paid it.
                (Ordering::Less, _) => {
                    let wanted = net.saturating_neg();
                    let mut back = self.purse.give_back(&mut paid, wanted);
                    // More than its charges had: only a fault elsewhere could ask for it. It is cash, not lost.
                    let given = back.iter().map(|(_, part)| *part).fold(0, i64::saturating_add);
                    if given < wanted {
                        let rest = wanted.saturating_sub(given);
                        let source = if pay == Pay::Postpaid { Source::Unbilled } else { Source::Cash };
                        self.purse.return_to(source, rest, &mut back);
                    }
                    back.into_iter().map(|(source, part)| (source, part.saturating_neg())).collect()
                }
            };
            if net != 0 {
                settlement.postings.push(Posting { product: product.clone(), parts: signed.clone() });
            }
            settlement.sealed.push(Sealed { line, product, key, from, to, charge, paid: signed, correction: true });
        }
        settlement
    }

    /// Seals charges: a day's, or those of rating periods that are over. What paid a product since the last sealing is split
    /// over its charges by amount; what is open beyond them keeps the rest.
    pub fn seal(&mut self, charges: Vec<Closing>) -> Result<Vec<Sealed>, SettleError> {
        let mut sealed = Vec::with_capacity(charges.len());
        let mut by_product: BTreeMap<Name, Vec<Closing>> = BTreeMap::new();
        for closing in charges {
            by_product.entry(closing.product.clone()).or_default().push(closing);
        }
        for (product, mut charges) in by_product {
            // Who gets the unit that is left over does not depend on how a store reads its lines.
            charges.sort_by_cached_key(|closing| (closing.line.clone(), closing.period.start()));
            let Some(posted) = self.posted.get_mut(&product) else { continue };
            let amounts: Vec<i64> = charges.iter().map(|closing| closing.charge.net.units()).collect();
            let (shares, rest) = split_paid(&posted.paid, &amounts)?;
            posted.paid = rest;
            for (closing, paid) in charges.into_iter().zip(shares) {
                let Closing { line, product, key, period, charge, .. } = closing;
                let (from, to) = (period.start(), period.end());
                sealed.push(Sealed { line, product, key, from, to, charge, paid, correction: false });
            }
        }
        Ok(sealed)
    }
}

impl Line {
    pub fn product(&self) -> &Name {
        &self.open.key.product
    }

    pub fn net_at(&self, at: Instant) -> Result<i64, SettleError> {
        Ok(self.amount_at(at)?.net.units())
    }

    pub fn amount_at(&self, at: Instant) -> Result<Charge, SettleError> {
        if self.id.is_correction() { Ok(self.open.done) } else { self.open.amount_at(&self.meterage, at) }
    }
}

/// Splits what paid over charges by amount, each source by the largest remainder, and leaves what the charges do not take. A
/// charge below zero (a discount that came back) gives to the others what paid last: every share sums to its charge.
fn split_paid(paid: &Paid, amounts: &[i64]) -> Result<(Vec<Paid>, Paid), SettleError> {
    let overflow = SettleError::Overflow { what: "split what paid" };
    let add = |sum: Option<i64>, part: i64| sum.and_then(|sum| sum.checked_add(part));
    let whole = paid.iter().map(|(_, part)| *part).fold(Some(0), add).ok_or(overflow.clone())?;
    let asked = amounts.iter().copied().fold(Some(0), add).ok_or(overflow.clone())?;
    let mut left: Vec<i64> = amounts.iter().map(|amount| (*amount).max(0)).collect();
    let below = left.iter().copied().fold(Some(0), add).and_then(|above| above.checked_sub(asked)).ok_or(overflow)?;
    let last = paid.last().map_or(Source::Cash, |(source, _)| *source);
    let mut given = paid.clone();
    merge(&mut given, (last, below));
    let paid = &given;
    left.push(whole.saturating_sub(asked).max(0));
    let mut shares = vec![Paid::new(); left.len()];
    for (source, part) in paid {
        let weights: Vec<u64> = left.iter().map(|amount| u64::try_from(*amount).unwrap_or(0)).collect();
        if weights.iter().all(|weight| *weight == 0) {
            break;
        }
        for ((share, rest), taken) in shares.iter_mut().zip(&mut left).zip(allocate(*part, &weights)?) {
            merge(share, (*source, taken));
            *rest = rest.saturating_sub(taken);
        }
    }
    let rest = shares.pop().unwrap_or_default();
    for (share, amount) in shares.iter_mut().zip(amounts).filter(|(_, amount)| **amount < 0) {
        merge(share, (last, *amount));
    }
    Ok((shares, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::AccountId;
    use proptest::prelude::*;

    #[test]
    fn what_paid_is_split_by_amount() {
        let paid = vec![(Source::Lot(AccountId(7)), 10), (Source::Cash, 20), (Source::Debt, 3)];
        let (shares, rest) = split_paid(&paid, &[11, 22]).unwrap();
        let told = |paid: &Paid| super::super::paid_to_text(paid);
        assert_eq!(shares.iter().map(told).collect::<Vec<_>>(), ["7:3 cash:7 debt:1", "7:7 cash:13 debt:2"]);
        assert_eq!(rest, []);
        let (shares, rest) = split_paid(&paid, &[11]).unwrap();
        assert_eq!((told(&shares[0]).as_str(), told(&rest).as_str()), ("7:3 cash:7 debt:1", "7:7 cash:13 debt:2"));
        let (shares, rest) = split_paid(&paid, &[40, -7]).unwrap();
        assert_eq!(shares.iter().map(told).collect::<Vec<_>>(), ["7:10 cash:20 debt:10", "debt:-7"]);
        assert_eq!(rest, []);
    }

    fn closing(thing: i64, net: i64) -> Closing {
        let at = |text| Instant::parse(text).unwrap();
        let money = crate::money::Money::from_units(net, crate::money::Currency::USD);
        let product = Name::parse("server").unwrap();
        let key = TermsKey {
            version: 1,
            product: product.clone(),
            sku: None,
            part: None,
            account: None,
            on: crate::time::CivilDate::try_new(2026, 3, 1).unwrap(),
            properties: BTreeMap::new(),
        };
        Closing {
            line: LineId { thing: super::ThingId(thing), part: None, began: 0 },
            product,
            key: Arc::new(key),
            period: Period::try_new(at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")).unwrap(),
            charge: Charge { list: money, net: money },
            pay: Pay::Prepaid,
        }
    }

    /// Two databases read the lines of an account in different orders; both seal the same charges.
    #[test]
    fn the_order_of_lines_does_not_matter() {
        let sealed = |things: [i64; 3]| {
            let paid = vec![(Source::Lot(AccountId(7)), 4), (Source::Cash, 29)];
            let posted = Posted { paid, settled_to: None };
            let mut book = AccountBook {
                lines: Vec::new(),
                posted: BTreeMap::from([(Name::parse("server").unwrap(), posted)]),
                purse: Purse::new(Vec::new(), 0, 0),
                overdue: 0,
                open_from: Instant::EPOCH,
            };
            book.seal(things.map(|thing| closing(thing, 11)).to_vec()).unwrap()
        };
        assert_eq!(sealed([1, 2, 3]), sealed([3, 1, 2]));
    }

    proptest! {
        #[test]
        fn every_share_sums_to_its_charge(
            amounts in proptest::collection::vec(-50_i64..1_000, 1..6), cuts in proptest::collection::vec(1_i64..400, 1..4), extra in 0_i64..50,
        ) {
            let whole: i64 = amounts.iter().sum::<i64>() + extra;
            prop_assume!(whole >= extra);
            let mut paid = Paid::new();
            let mut rest = whole;
            for (place, cut) in (0_i64..).zip(&cuts) {
                let part = if usize::try_from(place + 1) == Ok(cuts.len()) { rest } else { (*cut).min(rest) };
                rest -= part;
                if part > 0 { paid.push((Source::Lot(AccountId(place)), part)); }
            }
            let (shares, left) = split_paid(&paid, &amounts).unwrap();
            for (share, amount) in shares.iter().zip(&amounts) {
                prop_assert_eq!(share.iter().map(|(_, part)| part).sum::<i64>(), *amount);
            }
            prop_assert_eq!(left.iter().map(|(_, part)| part).sum::<i64>(), extra);
        }
    }
}

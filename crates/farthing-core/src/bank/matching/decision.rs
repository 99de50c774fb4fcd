//! What follows from the clues and what is known of them.
//!
//! A clue is strong (an exact reference), middling (a bill's number, a mended reference: one slip makes them somebody else's) or
//! weak (where it came from, what the sender is called, the amount). A strong one decides alone, a middling one with a witness,
//! weak ones two together. Whenever clues that are not weak lead to two accounts, nothing is decided.
//!
//! An amount is a witness only where nobody else owes it: with plans of one price, an amount fits half the customers.

use super::super::{Nature, Reference, Resemblance, Row, resembles};
use super::{Clues, Difference, Fit, Known, OpenBill, Why, Witness, number_keys};
use crate::ledger::OwnerId;
use crate::money::Money;
use crate::payment::BillId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Matched(Match),
    /// For a person to choose from, the best first; never empty.
    Suggested(Vec<Match>),
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub account: OwnerId,
    /// What it pays, in this order. What is left over, or everything where none is here, goes the account's usual way.
    pub bills: Vec<BillId>,
    pub why: Why,
}

pub fn decide(row: &Row, clues: &Clues, known: &Known) -> Decision {
    if row.nature != Nature::Transfer || !row.amount.is_positive() {
        return Decision::Unknown;
    }
    let evidence = gather(row, clues, known);
    if let Some(sure) = sure(&evidence, known, row) {
        return Decision::Matched(sure);
    }
    let mut ranked: Vec<&Evidence<'_>> = evidence.values().filter(|evidence| evidence.is_worth_a_look()).collect();
    ranked.sort_by_key(|evidence| (std::cmp::Reverse(evidence.weight()), evidence.account));
    let suggested: Vec<Match> = ranked.into_iter().take(SUGGESTED_MAX).map(|evidence| evidence.told(row)).collect();
    if suggested.is_empty() { Decision::Unknown } else { Decision::Suggested(suggested) }
}

/// More than a person reads.
const SUGGESTED_MAX: usize = 5;
/// An amount is compared with sums of so many of the oldest bills.
const SUM_MAX: usize = 24;

/// Everything that speaks for one account.
#[derive(Debug)]
struct Evidence<'k> {
    account: OwnerId,
    exact: Option<Reference>,
    mended: Option<Reference>,
    named: Vec<&'k OpenBill>,
    times: u32,
    /// Others are known to pay from there too.
    shared: bool,
    name: Resemblance,
    sender: &'k str,
    /// The bills that the amount pays to the cent.
    fits: Vec<&'k OpenBill>,
    /// Nobody else owes that amount on one bill.
    alone: bool,
}

fn gather<'k>(row: &Row, clues: &'k Clues, known: &'k Known) -> BTreeMap<OwnerId, Evidence<'k>> {
    let named = named(clues, known);
    let shared = known.paid_before.len() > 1;
    let of = |account: OwnerId| {
        let carries = |code: &Reference| known.references.contains(&(*code, account));
        let names = known.accounts.iter().filter(|known| known.id == account).flat_map(|known| &known.names);
        let open: Vec<&OpenBill> = known.open.iter().filter(|bill| bill.account == account).collect();
        let fits = fits(row.amount, &open);
        Evidence {
            account,
            exact: clues.exact().find(carries),
            mended: clues.mended().find(carries),
            named: named.iter().copied().filter(|bill| bill.account == account).collect(),
            times: known.paid_before.iter().find(|before| before.account == account).map_or(0, |before| before.times),
            shared,
            name: names.map(|name| resembles(&clues.name, name)).max().unwrap_or(Resemblance::None),
            sender: &clues.name,
            alone: known.same_amount.iter().all(|other| *other == account),
            fits,
        }
    };
    let accounts = known.accounts.iter().map(|account| account.id);
    let accounts = accounts.chain(known.references.iter().map(|(_, account)| *account));
    let accounts = accounts.chain(named.iter().map(|bill| bill.account));
    let accounts: BTreeSet<OwnerId> = accounts.chain(known.paid_before.iter().map(|before| before.account)).collect();
    accounts.into_iter().map(|account| (account, of(account))).collect()
}

/// The bills that are named, in the order of their numbers. Where one is named in full, what only looks like the short form of
/// others is a part of some number.
fn named<'k>(clues: &Clues, known: &'k Known) -> Vec<&'k OpenBill> {
    let by = |key: usize| {
        let is = |bill: &&OpenBill| number_keys(&bill.number).get(key).is_some_and(|key| clues.numbers.contains(key));
        known.named.iter().filter(is).collect::<Vec<&OpenBill>>()
    };
    let mut named = by(0);
    if named.is_empty() {
        named = by(1);
    }
    named.sort_by(|left, right| left.number.cmp(&right.number));
    named
}

/// One open bill of exactly this amount, or several of the oldest that come to it.
fn fits<'k>(amount: Money, open: &[&'k OpenBill]) -> Vec<&'k OpenBill> {
    if let Some(bill) = open.iter().find(|bill| bill.owed == amount) {
        return vec![bill];
    }
    let mut sum = Money::zero(amount.currency());
    for (nth, bill) in open.iter().enumerate().take(SUM_MAX) {
        match sum.checked_add(bill.owed) {
            Ok(more) => sum = more,
            Err(_) => break,
        }
        if sum == amount {
            return open.iter().take(nth.saturating_add(1)).copied().collect();
        }
    }
    Vec::new()
}

/// The one account that it is beyond doubt.
fn sure(evidence: &BTreeMap<OwnerId, Evidence<'_>>, known: &Known, row: &Row) -> Option<Match> {
    let foreign = |bill: &&OpenBill| bill.owed.currency() != row.amount.currency();
    if known.open.iter().chain(&known.named).any(|bill| foreign(&bill)) {
        return None;
    }
    let mut pointed = evidence.values().filter(|evidence| evidence.is_pointed_at());
    let first = pointed.next();
    if pointed.next().is_some() {
        return None;
    }
    let namesake = |of: &Evidence<'_>| {
        evidence
            .values()
            .filter(|other| other.account != of.account && other.name == Resemblance::Same)
            .collect::<Vec<_>>()
    };
    let (found, witnessed) = match first {
        Some(found) if found.exact.is_some() => (found, true),
        // The number or the mended code may be a neighbour's. That the amount fits is enough, for a neighbour owes another; but
        // not where the money comes from somebody else's bank account in somebody else's name.
        Some(found) => {
            let own = found.name == Resemblance::Same;
            let namesakes = namesake(found);
            let elsewhere = !own && found.times == 0 && namesakes.iter().any(|other| other.times > 0);
            let agrees = if found.named.is_empty() {
                own || found.times > 0
            } else {
                // One figure wrong in a number makes it the next customer's, much sooner than a code; a namesake may be that, or
                // who else is paid for from there.
                let bank = found.times > 0 && !found.shared;
                own && (bank || namesakes.is_empty()) || bank && found.sender.is_empty()
            };
            (found, agrees || found.amount_agrees(row.amount) && !elsewhere)
        }
        // Somebody who pays for others, in a name of their own, may pay for one more today: then the amount has to say for whom.
        None => {
            let mut from = evidence.values().filter(|evidence| evidence.times > 0);
            let found = from.next().filter(|_| from.next().is_none())?;
            let (own, others) = (found.name == Resemblance::Same, !namesake(found).is_empty());
            let amount = found.amount_agrees(row.amount);
            (found, if own { !others || amount } else { !others && amount })
        }
    };
    witnessed.then(|| found.told(row))
}

impl Evidence<'_> {
    /// By something that was written for this account.
    fn is_pointed_at(&self) -> bool {
        self.exact.is_some() || self.mended.is_some() || !self.named.is_empty()
    }

    fn is_worth_a_look(&self) -> bool {
        self.is_pointed_at() || self.times > 0 || self.name > Resemblance::None
    }

    fn weight(&self) -> u32 {
        let of = |speaks: bool, weight: u32| if speaks { weight } else { 0 };
        [
            of(self.exact.is_some(), 1_000),
            of(!self.named.is_empty(), 400),
            of(self.mended.is_some(), 400),
            of(self.times > 0, 200),
            of(self.name == Resemblance::Same, 150),
            of(self.name == Resemblance::Near, 75),
            of(!self.fits.is_empty(), 100),
            of(self.alone && !self.fits.is_empty(), 50),
            self.times.min(20),
        ]
        .iter()
        .fold(0, |sum, weight| sum.saturating_add(*weight))
    }

    /// What the amount is to the bills that were named.
    fn difference(&self, amount: Money) -> Difference {
        let owed: Vec<Money> = self.named.iter().map(|bill| bill.owed).filter(|owed| owed.is_positive()).collect();
        if owed.is_empty() {
            return Difference::Paid;
        }
        match Money::sum(amount.currency(), owed).and_then(|owed| amount.checked_sub(owed)) {
            Ok(left) if left.is_zero() => Difference::None,
            Ok(left) if left.is_positive() => Difference::Over(left),
            Ok(left) => left.abs().map_or(Difference::Unclear, Difference::Short),
            Err(_) => Difference::Unclear,
        }
    }

    /// Nobody else owes it, and it is what is owed on what was named; or, where nothing was, on any bills.
    fn amount_agrees(&self, amount: Money) -> bool {
        let owed =
            if self.named.is_empty() { !self.fits.is_empty() } else { self.difference(amount) == Difference::None };
        self.alone && owed
    }

    fn fit(&self) -> Fit {
        if self.fits.is_empty() { Fit::None } else { Fit::Bills(numbers(&self.fits)) }
    }

    /// What agrees with the clue, the best first.
    fn witness(&self) -> Option<Witness> {
        if self.times > 0 && !self.shared {
            Some(Witness::KnownBank)
        } else if self.name == Resemblance::Same {
            Some(Witness::Name)
        } else if self.times > 0 {
            Some(Witness::KnownBank)
        } else {
            (!self.fits.is_empty()).then(|| Witness::Amount(self.fit()))
        }
    }

    /// The match, and the sentence for it.
    fn told(&self, row: &Row) -> Match {
        let ids = |bills: &[&OpenBill]| bills.iter().map(|bill| bill.id).collect::<Vec<BillId>>();
        let unpaid: Vec<&OpenBill> = self.named.iter().copied().filter(|bill| bill.owed.is_positive()).collect();
        let bills = if unpaid.is_empty() { ids(&self.fits) } else { ids(&unpaid) };
        let why = if let Some(reference) = self.exact {
            Why::Reference { reference, fit: self.fit() }
        } else if !self.named.is_empty() {
            let difference = self.difference(row.amount);
            Why::Named { numbers: numbers(&self.named), difference, witness: self.witness() }
        } else if let Some(reference) = self.mended {
            Why::Mended { reference, witness: self.witness() }
        } else if self.times > 0 {
            let by_amount = || (!self.fits.is_empty()).then(|| Witness::Amount(self.fit()));
            let by_name = (self.name == Resemblance::Same).then_some(Witness::Name);
            Why::KnownBank { times: self.times, witness: by_amount().or(by_name) }
        } else {
            Why::Name { name: self.sender.to_owned(), fit: self.fit() }
        };
        Match { account: self.account, bills, why }
    }
}

fn numbers(bills: &[&OpenBill]) -> Vec<String> {
    bills.iter().map(|bill| bill.number.clone()).collect()
}

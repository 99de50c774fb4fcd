//! A month played through matching: what an engine would have read is gathered for each row, and what it decides is held against
//! the truth. What it does not decide, an operator does, rightly; so the history grows by every row.

use super::month::{IssuedBill, Month, Truth};
use super::people::Payer;
use super::writing::Writing;
use farthing_core::bank::matching::{
    Clues, Decision, Known, KnownAccount, Match, OpenBill, PaidBefore, clues, decide, number_keys,
};
use farthing_core::bank::{Row, name_words};
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::payment::BillId;
use farthing_core::time::CivilDate;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What came of the rows of a month.
#[derive(Clone, Debug, Default)]
pub struct Played {
    pub tallies: BTreeMap<(Payer, Writing), Tally>,
    /// Money that would have been booked to somebody else, and why.
    pub wrong: Vec<String>,
    /// Matches of the right account that pay other bills than were meant.
    pub other_bills: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub matched: u32,
    /// The right one was among those suggested.
    pub suggested: u32,
    /// Only others were.
    pub misled: u32,
    pub unknown: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Matched,
    Wrong,
    Suggested,
    Misled,
    Unknown,
}

impl Played {
    /// Of 10,000 rows that are a customer's, so many were booked by nobody's hand.
    pub fn automatic(&self) -> u32 {
        let theirs = self.tallies.iter().filter(|((payer, _), _)| *payer != Payer::Other).map(|(_, tally)| tally);
        let (matched, all) = theirs.fold((0, 0), |(matched, all), tally| (matched + tally.matched, all + tally.rows()));
        matched * 10_000 / all.max(1)
    }

    pub fn add(&mut self, other: Played) {
        for (key, tally) in other.tallies {
            let sum = self.tallies.entry(key).or_default();
            sum.matched += tally.matched;
            sum.suggested += tally.suggested;
            sum.misled += tally.misled;
            sum.unknown += tally.unknown;
        }
        self.wrong.extend(other.wrong);
        self.other_bills += other.other_bills;
    }
}

impl Tally {
    pub fn rows(&self) -> u32 {
        self.matched + self.suggested + self.misled + self.unknown
    }
}

impl fmt::Display for Played {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<28} {:>7} {:>8} {:>9} {:>7} {:>7}", "", "rows", "matched", "suggested", "misled", "unknown")?;
        for ((payer, writing), tally) in &self.tallies {
            let kind = format!("{payer:?} {writing:?}");
            let Tally { matched, suggested, misled, unknown } = tally;
            writeln!(out, "{kind:<28} {:>7} {matched:>8} {suggested:>9} {misled:>7} {unknown:>7}", tally.rows())?;
        }
        let automatic = self.automatic();
        writeln!(out, "automatic: {}.{:02}%; other bills: {}", automatic / 100, automatic % 100, self.other_bills)?;
        self.wrong.iter().take(20).try_for_each(|wrong| writeln!(out, "WRONG {wrong}"))
    }
}

/// Plays it, and tells each row's outcome to `told` as well.
pub fn play(month: &Month, mut told: impl FnMut(&Row, &Truth, &Decision, Outcome)) -> Played {
    let mut shelf = Shelf::of(month);
    let mut played = Played::default();
    let rows = month.statements.iter().flat_map(|statement| &statement.rows);
    for (row, truth) in rows.zip(&month.truths) {
        let clues = clues(row);
        let decision = decide(row, &clues, &shelf.known(row, &clues));
        let outcome = outcome(&decision, truth);
        let tally = played.tallies.entry((truth.payer, truth.writing)).or_default();
        match outcome {
            Outcome::Matched => tally.matched += 1,
            Outcome::Suggested => tally.suggested += 1,
            Outcome::Misled => tally.misled += 1,
            Outcome::Unknown => tally.unknown += 1,
            Outcome::Wrong => {
                played.wrong.push(format!("{truth:?} {decision:?} {:?} {} {:?}", row.name, row.amount, row.text));
            }
        }
        if let (Decision::Matched(found), Outcome::Matched) = (&decision, outcome)
            && !truth.bills.is_empty()
            && !found.bills.is_empty()
            && found.bills != truth.bills
        {
            played.other_bills += 1;
        }
        told(row, truth, &decision, outcome);
        shelf.book(row, truth);
    }
    played
}

fn outcome(decision: &Decision, truth: &Truth) -> Outcome {
    let right = |found: &Match| Some(found.account) == truth.account;
    match decision {
        // Money for two customers is nobody's to book alone.
        Decision::Matched(found) if right(found) && truth.writing != Writing::TwoCustomers => Outcome::Matched,
        Decision::Matched(_) => Outcome::Wrong,
        Decision::Suggested(found) if found.iter().any(right) => Outcome::Suggested,
        Decision::Suggested(_) => Outcome::Misled,
        Decision::Unknown => Outcome::Unknown,
    }
}

/// What a store would hold.
struct Shelf<'m> {
    month: &'m Month,
    /// By its bill, what is still owed.
    owed: BTreeMap<BillId, Money>,
    keys: BTreeMap<String, Vec<&'m IssuedBill>>,
    bills: BTreeMap<OwnerId, Vec<&'m IssuedBill>>,
    words: BTreeMap<String, BTreeSet<OwnerId>>,
    names: BTreeMap<OwnerId, &'m str>,
    paid: BTreeMap<(String, OwnerId), u32>,
}

impl<'m> Shelf<'m> {
    fn of(month: &'m Month) -> Shelf<'m> {
        let mut shelf = Shelf {
            month,
            owed: month.bills.iter().map(|bill| (bill.id, bill.amount)).collect(),
            keys: BTreeMap::new(),
            bills: BTreeMap::new(),
            words: BTreeMap::new(),
            names: BTreeMap::new(),
            paid: BTreeMap::new(),
        };
        for bill in &month.bills {
            shelf.bills.entry(bill.account).or_default().push(bill);
            for key in number_keys(&bill.number) {
                shelf.keys.entry(key).or_default().push(bill);
            }
        }
        for customer in &month.customers {
            shelf.names.insert(customer.id, &customer.legal_name);
            for word in name_words(&customer.legal_name) {
                shelf.words.entry(word).or_default().insert(customer.id);
            }
            let group = customer.group.as_ref().map(|group| &group.payer);
            for payer in [Some(&customer.payer), customer.director.as_ref(), group].into_iter().flatten() {
                if payer.times > 0 {
                    shelf.paid.insert((payer.iban.clone(), customer.id), payer.times);
                }
            }
        }
        shelf
    }

    fn open(&self, bill: &IssuedBill, on: CivilDate) -> Option<OpenBill> {
        let owed = self.owed[&bill.id];
        let (id, number, account) = (bill.id, bill.number.clone(), bill.account);
        (bill.issued <= on).then_some(OpenBill { id, number, account, owed })
    }

    fn known(&self, row: &Row, clues: &Clues) -> Known {
        let by_number = clues.numbers.iter().filter_map(|number| self.keys.get(number)).flatten();
        let mut named: Vec<OpenBill> = by_number.filter_map(|bill| self.open(bill, row.booked)).collect();
        named.sort_by(|left, right| left.number.cmp(&right.number));
        named.dedup();
        let codes = clues.references.iter().filter_map(|found| {
            let holder = self.month.customers.iter().find(|customer| customer.reference == found.reference)?;
            Some((found.reference, holder.id))
        });
        let references: Vec<_> = codes.collect();
        let from = self.paid.range((clues.iban.clone(), OwnerId(i64::MIN))..=(clues.iban.clone(), OwnerId(i64::MAX)));
        let paid_before: Vec<PaidBefore> = from
            .filter(|_| !clues.iban.is_empty())
            .map(|((_, account), times)| PaidBefore { account: *account, times: *times })
            .collect();
        let mut ids: BTreeSet<OwnerId> = references.iter().map(|(_, account)| *account).collect();
        ids.extend(named.iter().map(|bill| bill.account));
        ids.extend(paid_before.iter().map(|before| before.account));
        // By the rarest word that anybody has: namesakes have it too.
        let rarest = clues.words.iter().filter_map(|word| self.words.get(word)).min_by_key(|holders| holders.len());
        ids.extend(rarest.into_iter().flatten());
        let account = |id: &OwnerId| KnownAccount { id: *id, names: vec![self.names[id].to_owned()] };
        let bills_of =
            |id: &OwnerId| self.bills.get(id).into_iter().flatten().filter_map(|bill| self.open(bill, row.booked));
        let unpaid = |bill: &OpenBill| bill.owed.is_positive();
        let same =
            self.month.bills.iter().filter(|bill| self.owed[&bill.id] == row.amount && bill.issued <= row.booked);
        Known {
            accounts: ids.iter().map(account).collect(),
            references,
            named,
            paid_before,
            open: ids.iter().flat_map(bills_of).filter(unpaid).collect(),
            same_amount: same.map(|bill| bill.account).collect(),
        }
    }

    /// As it truly is: what was matched wrongly is put right, what was not is matched by an operator.
    fn book(&mut self, row: &Row, truth: &Truth) {
        let Some(account) = truth.account else { return };
        let mut left = row.amount;
        for bill in &truth.bills {
            let owed = self.owed[bill];
            let paid = left.checked_min(owed).expect("one currency");
            left = left.checked_sub(paid).expect("no more than there is");
            self.owed.insert(*bill, owed.checked_sub(paid).expect("no more than is owed"));
        }
        let iban = farthing_core::bank::plain_iban(&row.iban);
        if !iban.is_empty() {
            *self.paid.entry((iban, account)).or_insert(0) += 1;
        }
    }
}

//! What an account has used, as lines of a bill or of a statement: its sealed charges, added up by what was sold.
//!
//! Sums are kept as charges are sealed ([`Consumption`]), so closing a period reads no charges. Which charges a document is about follows
//! from its [`Cut`]: none is ever marked, and `verify` adds them up again. What was billed of a product before its charges were sealed, or
//! credited of them since, stands beside them (`apart`), and the next bill is about the difference.

use crate::config::Name;
use crate::ledger::OwnerId;
use crate::settle::{Paid, Source};
use crate::time::Instant;
use std::collections::BTreeMap;

/// Up to where the charges of an account stand on its documents: those for service until `upto`, as far as they were sealed by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub upto: Instant,
    /// The account's newest charge at that time, by its place in the chain.
    pub chain: i64,
}

/// A sealed charge, as documents see it.
#[derive(Clone, Copy, Debug)]
pub struct Consumed<'a> {
    pub product: &'a Name,
    /// What of the product: its configuration, its part. Charges alike in it are one line.
    pub item: &'a str,
    pub from: Instant,
    pub to: Instant,
    pub list: i64,
    pub net: i64,
    pub paid: &'a Paid,
}

/// An account's documents of use, in order of issue: which of them a charge is on, and on which of its lines.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    /// Each with what its lines of use are about.
    cuts: Vec<(Cut, Consumption)>,
}

/// What charges cost, and what paid it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub list: i64,
    pub net: i64,
    /// Free credit.
    pub credit: i64,
    /// The balance, or what it owes.
    pub balance: i64,
    /// Nothing yet: a bill.
    pub unbilled: i64,
}

/// Charges of one kind that wait for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumedLine {
    /// The end of their billing period.
    pub period: Instant,
    /// It has its document already: they came late. Such a line is of one service time.
    pub late: bool,
    pub product: Name,
    pub item: String,
    pub from: Instant,
    pub to: Instant,
    pub used: Used,
}

/// All that waits of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumption {
    lines: Vec<ConsumedLine>,
}

/// A line and what of it is to be billed: what nothing has paid, less what was billed apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledUse {
    pub line: ConsumedLine,
    pub billed: i64,
}

/// What was billed of products beside their charges: above zero before they were sealed, below zero what was credited of a bill.
pub type Apart = BTreeMap<Name, i64>;

impl Cut {
    /// Before the first.
    pub const NONE: Cut = Cut { upto: Instant::EPOCH, chain: 0 };

    pub fn covers(&self, to: Instant, chained: i64) -> bool {
        to <= self.upto && chained <= self.chain
    }
}

impl Cuts {
    /// In order of issue.
    pub fn of(cuts: Vec<(Cut, Consumption)>) -> Cuts {
        Cuts { cuts }
    }

    /// The place of the document that a charge is on: the first that covers it. None: it waits for one.
    pub fn document_of(&self, to: Instant, chained: i64) -> Option<usize> {
        self.cuts.iter().position(|(cut, _)| cut.covers(to, chained))
    }

    /// Whether a charge came after the documents of its time.
    pub fn is_late(&self, to: Instant, chained: i64) -> bool {
        self.cuts.iter().any(|(cut, _)| cut.chain < chained && to <= cut.upto)
    }

    /// Which of its document's lines of use a charge is on. None: such charges came to nothing together, and have no line.
    pub fn line_of(&self, charge: &Consumed<'_>, chained: i64) -> Option<(usize, usize)> {
        let document = self.document_of(charge.to, chained)?;
        let late = self.is_late(charge.to, chained);
        let lines = self.cuts.get(document)?.1.lines();
        let holds = |line: &ConsumedLine| {
            let same_time = !late || (line.from, line.to) == (charge.from, charge.to);
            line.late == late
                && line.product == *charge.product
                && line.item == charge.item
                && line.from <= charge.from
                && charge.to <= line.to.min(line.period)
                && same_time
        };
        // Charges are cut where billing periods end: its own is the first that ends at its end or behind it.
        let found = lines.iter().enumerate().filter(|(_, line)| holds(line)).min_by_key(|(_, line)| line.period);
        found.map(|(line, _)| (document, line))
    }
}

impl Used {
    pub const NOTHING: Used = Used { list: 0, net: 0, credit: 0, balance: 0, unbilled: 0 };

    pub fn of(list: i64, net: i64, paid: &Paid) -> Used {
        let mut used = Used { list, net, ..Used::NOTHING };
        for (source, part) in paid {
            let sum = match source {
                Source::Lot(_) => &mut used.credit,
                Source::Cash | Source::Debt => &mut used.balance,
                Source::Unbilled => &mut used.unbilled,
            };
            *sum = sum.saturating_add(*part);
        }
        used
    }

    #[must_use]
    pub fn and(self, other: Used) -> Used {
        Used {
            list: self.list.saturating_add(other.list),
            net: self.net.saturating_add(other.net),
            credit: self.credit.saturating_add(other.credit),
            balance: self.balance.saturating_add(other.balance),
            unbilled: self.unbilled.saturating_add(other.unbilled),
        }
    }

    #[must_use]
    fn without(self, other: Used) -> Used {
        let minus = |part: i64| part.saturating_neg();
        let Used { list, net, credit, balance, unbilled } = other;
        let other = Used {
            list: minus(list),
            net: minus(net),
            credit: minus(credit),
            balance: minus(balance),
            unbilled: minus(unbilled),
        };
        self.and(other)
    }
}

impl Consumption {
    pub fn of(lines: Vec<ConsumedLine>) -> Consumption {
        Consumption { lines }
    }

    pub fn lines(&self) -> &[ConsumedLine] {
        &self.lines
    }

    /// Counts a charge that was just sealed. `period`: the end of its billing period; `billed`: up to where documents reach.
    pub fn count(&mut self, charge: &Consumed<'_>, period: Instant, billed: Instant) {
        let late = charge.to <= billed;
        let same = |line: &&mut ConsumedLine| {
            line.late == late
                && line.period == period
                && line.product == *charge.product
                && line.item == charge.item
                && (!late || (line.from, line.to) == (charge.from, charge.to))
        };
        let used = Used::of(charge.list, charge.net, charge.paid);
        if let Some(line) = self.lines.iter_mut().find(same) {
            line.used = line.used.and(used);
            line.from = line.from.min(charge.from);
            line.to = line.to.max(charge.to);
            return;
        }
        self.lines.push(ConsumedLine {
            period,
            late,
            product: charge.product.clone(),
            item: charge.item.to_owned(),
            from: charge.from,
            to: charge.to,
            used,
        });
    }

    /// Takes what a document that reaches up to an instant is about, by product, item and service.
    pub fn take(&mut self, upto: Instant) -> Vec<ConsumedLine> {
        let mut taken: Vec<ConsumedLine> = self.lines.extract_if(.., |line| line.to <= upto).collect();
        taken.retain(|line| line.used != Used::NOTHING);
        taken.sort_by(|a, b| (&a.product, a.late, &a.item, a.from).cmp(&(&b.product, b.late, &b.item, b.from)));
        taken
    }
}

/// What of these lines is to be billed: less what was billed apart of their products, and more what was credited. What no line takes of it stays
/// apart.
pub fn less_apart(lines: Vec<ConsumedLine>, apart: &mut Apart) -> Vec<BilledUse> {
    let mut lines: Vec<BilledUse> =
        lines.into_iter().map(|line| BilledUse { billed: line.used.unbilled, line }).collect();
    for (product, rest) in apart.iter_mut() {
        // What was credited was of a charge below zero, which came late: it is all in one of those lines.
        if *rest < 0 {
            let late = lines.iter_mut().find(|line| line.line.product == *product && line.line.late);
            if let Some(line) = late {
                line.billed = line.billed.saturating_sub(std::mem::take(rest));
            }
            continue;
        }
        for line in lines.iter_mut().filter(|line| line.line.product == *product) {
            let part = (*rest).min(line.billed.max(0));
            line.billed = line.billed.saturating_sub(part);
            *rest = rest.saturating_sub(part);
        }
    }
    apart.retain(|_, rest| *rest != 0);
    lines
}

/// What `farthing verify` holds of an account's documents against its charges: each charge is on the first document whose cut covers it, and
/// what lines of use say is what those charges came to; the others are what waits.
#[derive(Debug, Default)]
pub struct CutAuditor {
    /// By account, in the order of their cuts.
    documents: BTreeMap<OwnerId, Vec<Document>>,
    waiting: BTreeMap<OwnerId, BTreeMap<Name, Used>>,
}

#[derive(Debug)]
struct Document {
    cut: Cut,
    name: String,
    left: BTreeMap<Name, Used>,
}

impl CutAuditor {
    /// A document, in the order of their cuts; with what its lines say was used of each product. What is wrong about its cut.
    pub fn document(
        &mut self,
        account: OwnerId,
        cut: Cut,
        name: String,
        says: BTreeMap<Name, Used>,
    ) -> Option<&'static str> {
        let documents = self.documents.entry(account).or_default();
        let before = documents.last().map_or(Cut::NONE, |document| document.cut);
        let fits = cut.upto >= before.upto && cut.chain >= before.chain;
        documents.push(Document { cut, name, left: says });
        (!fits).then_some("it reaches less far than the document before it")
    }

    /// What waits of an account, as its sums have it.
    pub fn waits(&mut self, account: OwnerId, consumption: &Consumption) {
        let waiting = self.waiting.entry(account).or_default();
        for line in &consumption.lines {
            let sum = waiting.entry(line.product.clone()).or_default();
            *sum = sum.and(line.used);
        }
    }

    pub fn charge(&mut self, account: OwnerId, charge: &Consumed<'_>, chained: i64) {
        let documents = self.documents.get_mut(&account);
        let found = documents.into_iter().flatten().find(|document| document.cut.covers(charge.to, chained));
        let left = match found {
            Some(document) => &mut document.left,
            None => self.waiting.entry(account).or_default(),
        };
        let left = left.entry(charge.product.clone()).or_default();
        *left = left.without(Used::of(charge.list, charge.net, charge.paid));
    }

    /// Whose lines, or sums, are not what their charges came to.
    pub fn differing(self) -> Vec<(String, String)> {
        let what = |product: &Name, left: Used| {
            format!("what it says of {product} differs by {} units from what its charges came to", left.net)
        };
        let mut wrong = Vec::new();
        for document in self.documents.into_values().flatten() {
            let left = document.left.iter().filter(|(_, left)| **left != Used::NOTHING);
            wrong.extend(left.map(|(product, left)| (document.name.clone(), what(product, *left))));
        }
        for (account, waiting) in self.waiting {
            let left = waiting.iter().filter(|(_, left)| **left != Used::NOTHING);
            wrong.extend(left.map(|(product, left)| (format!("billing {}", account.0), what(product, *left))));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Instant {
        Instant::try_from_seconds(day * 86_400).unwrap()
    }

    fn vm() -> Name {
        Name::parse("vm").unwrap()
    }

    fn paid(unbilled: i64) -> Paid {
        vec![(Source::Unbilled, unbilled)]
    }

    fn consumed<'a>(product: &'a Name, day: i64, paid: &'a Paid) -> Consumed<'a> {
        let net = paid.iter().map(|(_, part)| part).sum();
        Consumed { product, item: "small", from: at(day), to: at(day + 1), list: net, net, paid }
    }

    fn sums(lines: &[ConsumedLine]) -> Vec<(bool, i64)> {
        lines.iter().map(|line| (line.late, line.used.unbilled)).collect()
    }

    #[test]
    fn each_charge_is_on_the_first_document_that_reaches_it_and_the_audit_agrees() {
        // Two days of a period, one of the next that was sealed before the period closed; then one told late, and a day more.
        let (vm, account) = (vm(), OwnerId(7));
        let charges = [(0, 10), (1, 20), (2, 40), (0, 80), (3, 5)];
        let mut sealed = Consumption::default();
        let mut audit = CutAuditor::default();
        let count = |sealed: &mut Consumption, range: std::ops::Range<usize>, billed| {
            for (day, amount) in &charges[range] {
                let period = if *day < 2 { at(2) } else { at(4) };
                sealed.count(&consumed(&vm, *day, &paid(*amount)), period, billed);
            }
        };
        count(&mut sealed, 0..3, Cut::NONE.upto);
        let first = sealed.take(at(2));
        assert_eq!(sums(&first), [(false, 30)]);
        count(&mut sealed, 3..5, at(2));
        let second = sealed.take(at(4));
        assert_eq!(sums(&second), [(false, 45), (true, 80)]);
        assert!(sealed.lines().is_empty());

        let says = |lines: &[ConsumedLine]| {
            BTreeMap::from([(vm.clone(), lines.iter().fold(Used::NOTHING, |sum, line| sum.and(line.used)))])
        };
        assert!(audit.document(account, Cut { upto: at(2), chain: 3 }, "A".to_owned(), says(&first)).is_none());
        assert!(audit.document(account, Cut { upto: at(4), chain: 5 }, "B".to_owned(), says(&second)).is_none());
        for (place, (day, amount)) in charges.iter().enumerate() {
            audit.charge(account, &consumed(&vm, *day, &paid(*amount)), i64::try_from(place).unwrap() + 1);
        }
        assert_eq!(audit.differing(), []);
    }

    #[test]
    fn each_charge_finds_its_document_and_its_line() {
        // The same history as above, with a second item, sealed and billed in two documents; what comes then waits.
        let vm = vm();
        let charges =
            [(0, "small", 10), (0, "large", 1), (1, "small", 20), (2, "small", 40), (0, "small", 80), (4, "small", 5)];
        let mut sealed = Consumption::default();
        let mut cuts = Vec::new();
        let count = |sealed: &mut Consumption, range: std::ops::Range<usize>, billed| {
            for (day, item, amount) in &charges[range] {
                let (paid, period) = (paid(*amount), at((day / 2 + 1) * 2));
                sealed.count(&Consumed { item, ..consumed(&vm, *day, &paid) }, period, billed);
            }
        };
        count(&mut sealed, 0..4, Cut::NONE.upto);
        cuts.push((Cut { upto: at(2), chain: 4 }, Consumption::of(sealed.take(at(2)))));
        count(&mut sealed, 4..5, at(2));
        cuts.push((Cut { upto: at(4), chain: 5 }, Consumption::of(sealed.take(at(4)))));
        let cuts = Cuts::of(cuts);
        let places: Vec<Option<(usize, usize)>> = charges
            .iter()
            .zip(1..)
            .map(|((day, item, amount), chained)| {
                let paid = paid(*amount);
                cuts.line_of(&Consumed { item, ..consumed(&vm, *day, &paid) }, chained)
            })
            .collect();
        assert_eq!(places, [Some((0, 1)), Some((0, 0)), Some((0, 1)), Some((1, 0)), Some((1, 1)), None]);
        assert!(cuts.is_late(at(1), 5) && !cuts.is_late(at(1), 4) && !cuts.is_late(at(3), 4));
    }

    #[test]
    fn the_audit_names_the_document_whose_lines_are_not_its_charges() {
        let (vm, account) = (vm(), OwnerId(7));
        let mut audit = CutAuditor::default();
        let says = BTreeMap::from([(vm.clone(), Used { list: 11, net: 11, unbilled: 11, ..Used::NOTHING })]);
        assert!(audit.document(account, Cut { upto: at(2), chain: 1 }, "A".to_owned(), says).is_none());
        assert!(audit.document(account, Cut { upto: at(1), chain: 1 }, "B".to_owned(), BTreeMap::new()).is_some());
        audit.charge(account, &consumed(&vm, 0, &paid(10)), 1);
        audit.charge(account, &consumed(&vm, 0, &paid(3)), 2);
        let wrong = audit.differing();
        assert_eq!(wrong.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["A", "billing 7"]);
    }

    #[test]
    fn what_was_billed_apart_is_taken_off_and_what_was_credited_put_on() {
        let vm = vm();
        let mut sealed = Consumption::default();
        for (day, amount) in [(0, 10), (1, 5)] {
            let paid = paid(amount);
            let consumed = Consumed { item: if day == 0 { "a" } else { "b" }, ..consumed(&vm, day, &paid) };
            sealed.count(&consumed, at(2), Cut::NONE.upto);
        }
        let lines = sealed.take(at(2));
        let with = |amount| {
            let mut apart = Apart::from([(vm.clone(), amount)]);
            let lines = less_apart(lines.clone(), &mut apart);
            let rest: Vec<i64> = apart.into_values().collect();
            (lines.iter().map(|line| line.billed).collect::<Vec<_>>(), rest)
        };
        assert_eq!(with(0), (vec![10, 5], vec![]));
        assert_eq!(with(12), (vec![0, 3], vec![]));
        assert_eq!(with(17), (vec![0, 0], vec![2]), "more than there is waits for the next");
        assert_eq!(with(-4), (vec![10, 5], vec![-4]));
    }

    #[test]
    fn a_correction_that_was_credited_comes_to_nothing_on_the_next_bill() {
        let vm = vm();
        let mut sealed = Consumption::default();
        sealed.count(&consumed(&vm, 0, &paid(-7)), at(2), at(2));
        let lines = less_apart(sealed.take(at(3)), &mut Apart::from([(vm, -7)]));
        assert_eq!(lines.iter().map(|line| (line.line.used.net, line.billed)).collect::<Vec<_>>(), [(-7, 0)]);
    }
}

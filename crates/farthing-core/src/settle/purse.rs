//! What an account can pay with, and the order: credit by (priority, scoped before general, earliest expiry, none last,
//! oldest, id), then cash, then debt. What is given back goes the opposite way.

use crate::config::Name;
use crate::ledger::AccountId;
use crate::time::Instant;
use std::fmt::Write;

/// A grant, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    pub account: AccountId,
    pub balance: i64,
    pub priority: i64,
    /// What it may pay; everything when empty.
    pub products: Vec<Name>,
    pub starts: Instant,
    /// None: it never lapses.
    pub expires: Option<Instant>,
    /// In the order in which the account was given them.
    pub number: i64,
}

/// What paid, or pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Lot(AccountId),
    Cash,
    Debt,
    /// Nothing yet: it goes on the next bill.
    Unbilled,
}

/// What paid how much, first what paid first.
pub type Paid = Vec<(Source, i64)>;

/// The lots in spending order, cash, and what is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purse {
    lots: Vec<Lot>,
    pub cash: i64,
    /// What is owed beyond cash, never below zero.
    pub debt: i64,
}

impl Lot {
    pub fn may_pay(&self, product: &Name) -> bool {
        self.products.is_empty() || self.products.contains(product)
    }

    pub fn is_usable(&self, at: Instant) -> bool {
        self.starts <= at && self.expires.is_none_or(|expires| at < expires)
    }

    /// Whether it may pay for use that ended by this instant: its last second is one of them.
    pub fn pays_until(&self, at: Instant) -> bool {
        self.starts <= at && self.expires.is_none_or(|expires| at <= expires)
    }

    fn order(&self) -> impl Ord + use<> {
        (self.priority, self.products.is_empty(), self.expires.is_none(), self.expires, self.number, self.account)
    }
}

impl Purse {
    pub fn new(mut lots: Vec<Lot>, cash: i64, debt: i64) -> Purse {
        lots.sort_by_key(Lot::order);
        Purse { lots, cash, debt }
    }

    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// Lays an amount over what may pay for a product used up to an instant. The parts sum to it.
    pub fn pay(&mut self, product: &Name, amount: i64, at: Instant) -> Paid {
        let (mut paid, mut rest) = self.pay_by_credit(product, amount, at);
        let part = self.cash.clamp(0, rest);
        if part > 0 {
            self.cash = self.cash.saturating_sub(part);
            rest = rest.saturating_sub(part);
            paid.push((Source::Cash, part));
        }
        if rest > 0 {
            self.debt = self.debt.saturating_add(rest);
            paid.push((Source::Debt, rest));
        }
        paid
    }

    /// The same of what is paid afterwards: credit pays what it may (R17), the rest goes on the next bill.
    pub fn pay_later(&mut self, product: &Name, amount: i64, at: Instant) -> Paid {
        let (mut paid, rest) = self.pay_by_credit(product, amount, at);
        if rest > 0 {
            paid.push((Source::Unbilled, rest));
        }
        paid
    }

    /// What lots pay of it, and what is left to pay.
    fn pay_by_credit(&mut self, product: &Name, amount: i64, at: Instant) -> (Paid, i64) {
        let mut rest = amount.max(0);
        let mut paid = Paid::new();
        for lot in self.lots.iter_mut().filter(|lot| lot.may_pay(product) && lot.pays_until(at)) {
            let part = lot.balance.clamp(0, rest);
            if part > 0 {
                lot.balance = lot.balance.saturating_sub(part);
                rest = rest.saturating_sub(part);
                paid.push((Source::Lot(lot.account), part));
            }
        }
        (paid, rest)
    }

    /// Takes an amount back off what paid, last what paid first: debt, cash, credit, as each was used. A debt that has been
    /// paid since is given back as the cash that paid it. The parts sum to the amount, which is at most what was paid.
    pub fn give_back(&mut self, paid: &mut Paid, amount: i64) -> Paid {
        let mut rest = amount.max(0);
        let mut back = Paid::new();
        while rest > 0 {
            let Some((source, whole)) = paid.last_mut() else { break };
            let part = rest.min(*whole);
            rest = rest.saturating_sub(part);
            *whole = whole.saturating_sub(part);
            let source = *source;
            if *whole == 0 {
                paid.pop();
            }
            self.return_to(source, part, &mut back);
        }
        back
    }

    pub(super) fn return_to(&mut self, source: Source, part: i64, back: &mut Paid) {
        match source {
            Source::Lot(account) => {
                if let Some(lot) = self.lots.iter_mut().find(|lot| lot.account == account) {
                    lot.balance = lot.balance.saturating_add(part);
                }
                merge(back, (source, part));
            }
            Source::Cash => {
                self.cash = self.cash.saturating_add(part);
                merge(back, (Source::Cash, part));
            }
            Source::Debt => {
                let owed = part.min(self.debt);
                self.debt = self.debt.saturating_sub(owed);
                let cash = part.saturating_sub(owed);
                self.cash = self.cash.saturating_add(cash);
                merge(back, (Source::Debt, owed));
                merge(back, (Source::Cash, cash));
            }
            Source::Unbilled => merge(back, (Source::Unbilled, part)),
        }
    }

    /// What is there: cash and credit less debt. `counts` says which lots.
    pub fn worth(&self, counts: impl Fn(&Lot) -> bool) -> i64 {
        let credit = self.lots.iter().filter(|lot| counts(lot)).map(|lot| lot.balance);
        credit.fold(self.cash.saturating_sub(self.debt), i64::saturating_add)
    }
}

/// Adds to a list of payments, one line a source while it comes in a row.
pub(super) fn merge(paid: &mut Paid, part: (Source, i64)) {
    if part.1 == 0 {
        return;
    }
    match paid.last_mut() {
        Some((source, sum)) if *source == part.0 => *sum = sum.saturating_add(part.1),
        _ => paid.push(part),
    }
}

/// `cash:500 7:20 debt:3`: as rows keep it. A number is a lot's ledger account.
pub fn paid_to_text(paid: &Paid) -> String {
    let mut text = String::new();
    for (source, amount) in paid {
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = match source {
            Source::Lot(account) => write!(text, "{}:{amount}", account.0),
            Source::Cash => write!(text, "cash:{amount}"),
            Source::Debt => write!(text, "debt:{amount}"),
            Source::Unbilled => write!(text, "unbilled:{amount}"),
        };
    }
    text
}

/// None where it is no such text.
pub fn paid_from_text(text: &str) -> Option<Paid> {
    text.split_ascii_whitespace()
        .map(|part| {
            let (source, amount) = part.split_once(':')?;
            let source = match source {
                "cash" => Source::Cash,
                "debt" => Source::Debt,
                "unbilled" => Source::Unbilled,
                account => Source::Lot(AccountId(account.parse().ok()?)),
            };
            Some((source, amount.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lot(number: i64, balance: i64, priority: i64, expires: Option<i64>, products: &[&str]) -> Lot {
        Lot {
            account: AccountId(number),
            balance,
            priority,
            products: products.iter().map(|name| Name::parse(name).unwrap()).collect(),
            starts: Instant::EPOCH,
            expires: expires.map(|at| Instant::try_from_seconds(at).unwrap()),
            number,
        }
    }

    fn compute() -> Name {
        Name::parse("compute").unwrap()
    }

    fn pays(lots: Vec<Lot>, cash: i64, amount: i64) -> String {
        paid_to_text(&Purse::new(lots, cash, 0).pay(&compute(), amount, Instant::EPOCH))
    }

    #[test]
    fn credit_in_order_then_cash_then_debt() {
        let check =
            |lots: &[Lot], cash, amount, expected: &str| assert_eq!(pays(lots.to_vec(), cash, amount), expected);
        // case C8: wallets 20 (priority 1), 25 (2, older), 25 (2), 30 (2, newest), use 80
        let wallets =
            [lot(4, 30, 2, None, &[]), lot(2, 25, 2, None, &[]), lot(1, 20, 1, None, &[]), lot(3, 25, 2, None, &[])];
        check(&wallets, 0, 80, "1:20 2:25 3:25 4:10");
        // case C1: priority first, then the earlier expiry, none last
        check(&[lot(1, 100, 2, None, &[]), lot(2, 100, 1, None, &[])], 0, 120, "2:100 1:20");
        check(
            &[lot(1, 100, 1, None, &[]), lot(2, 100, 1, Some(90), &[]), lot(3, 100, 1, Some(50), &[])],
            0,
            250,
            "3:100 2:100 1:50",
        );
        check(&[lot(1, 9, 1, Some(5), &[]), lot(2, 9, 1, None, &["compute"])], 0, 10, "2:9 1:1"); // scoped before general
        check(&[lot(1, 9, 1, None, &["storage"])], 4, 10, "cash:4 debt:6");
        check(&[lot(1, 9, 1, Some(0), &[])], 4, 3, "1:3"); // use up to its end
        let lapsed = Purse::new(vec![lot(1, 9, 1, Some(5), &[])], 4, 0).pay(
            &compute(),
            3,
            Instant::try_from_seconds(6).unwrap(),
        );
        assert_eq!(paid_to_text(&lapsed), "cash:3");
        check(&[], 10, 0, "");
        check(&[], 10, -5, "");
    }

    /// Case C10: a promotion of 5.00, 12.50 used: 7.50 are left for the bill. Cash has no part in it.
    #[test]
    fn what_is_paid_afterwards_is_paid_by_credit_first() {
        let mut purse =
            Purse::new(vec![lot(1, 500, 1, None, &["compute"]), lot(2, 900, 0, None, &["storage"])], 3_000, 0);
        assert_eq!(paid_to_text(&purse.pay_later(&compute(), 1_250, Instant::EPOCH)), "1:500 unbilled:750");
        assert_eq!((purse.cash, purse.debt), (3_000, 0));
        assert_eq!(paid_to_text(&purse.pay_later(&compute(), 10, Instant::EPOCH)), "unbilled:10");
    }

    /// Case C1: 100,000 grants of 100, alike but one that lapses a day earlier; 99 are used.
    #[test]
    fn of_very_many_the_one_that_lapses_first_pays() {
        let lots =
            (1..=100_000).map(|number| lot(number, 100, 1, Some(if number == 77_777 { 86_400 } else { 172_800 }), &[]));
        let mut purse = Purse::new(lots.collect(), 0, 0);
        assert_eq!(paid_to_text(&purse.pay(&compute(), 99, Instant::EPOCH)), "77777:99");
        assert!(purse.lots().iter().all(|lot| lot.balance == if lot.number == 77_777 { 1 } else { 100 }));
    }

    #[test]
    fn what_is_given_back_goes_the_opposite_way() {
        let mut purse = Purse::new(vec![lot(1, 20, 1, None, &[])], 30, 0);
        let mut paid = purse.pay(&compute(), 60, Instant::EPOCH);
        assert_eq!(paid_to_text(&paid), "1:20 cash:30 debt:10");
        assert_eq!(paid_to_text(&purse.give_back(&mut paid, 45)), "debt:10 cash:30 1:5");
        assert_eq!((paid_to_text(&paid).as_str(), purse.debt, purse.cash), ("1:15", 0, 30));
        // A debt that was paid meanwhile comes back as cash.
        let mut purse = Purse::new(vec![], 5, 0);
        let mut paid = vec![(Source::Debt, 10)];
        assert_eq!(paid_to_text(&purse.give_back(&mut paid, 10)), "cash:10");
        assert_eq!(
            paid_from_text("1:20 cash:30 debt:10 unbilled:4").map(|paid| paid_to_text(&paid)).unwrap(),
            "1:20 cash:30 debt:10 unbilled:4"
        );
        assert_eq!(paid_from_text("1:"), None);
    }

    proptest! {
        #[test]
        fn parts_sum_and_all_can_go_back(lots in proptest::collection::vec(0_i64..50, 0..4), cash in 0_i64..50, amount in 0_i64..300) {
            let made: Vec<Lot> = lots.iter().zip(1..).map(|(balance, number)| lot(number, *balance, number % 2, None, &[])).collect();
            let mut purse = Purse::new(made, cash, 0);
            let before = purse.clone();
            let mut paid = purse.pay(&compute(), amount, Instant::EPOCH);
            prop_assert_eq!(paid.iter().map(|(_, part)| part).sum::<i64>(), amount);
            prop_assert_eq!(purse.worth(|_| true), before.worth(|_| true) - amount);
            let back = purse.give_back(&mut paid, amount);
            prop_assert_eq!(back.iter().map(|(_, part)| part).sum::<i64>(), amount);
            prop_assert_eq!(purse, before);
        }
    }
}

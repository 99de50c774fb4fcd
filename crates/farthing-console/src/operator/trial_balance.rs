//! A cloud's trial balance: its own books account by account, its customers' accounts in groups, in every commodity. Debits
//! equal credits to the last digit, and the page shows that they do.

use super::wealth::CloudAccounts;
use crate::words::figure::{Exact, Notation};
use crate::words::ledger as words;
use farthing_core::ledger::{Commodity, CommodityId, CommodityKind};
use farthing_core::money::Locale;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct TrialBalance {
    /// What it is counted in.
    pub(crate) commodity: String,
    pub(crate) books: Side,
    pub(crate) customers: Side,
    pub(crate) debit: Exact,
    pub(crate) credit: Exact,
    pub(crate) difference: Exact,
    pub(crate) balanced: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) lines: Vec<Line>,
    pub(crate) debit: Exact,
    pub(crate) credit: Exact,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) words: String,
    /// The account's code, or of how many accounts it is the sum.
    pub(crate) code: String,
    pub(crate) class: &'static str,
    pub(crate) debit: Option<Exact>,
    pub(crate) credit: Option<Exact>,
}

/// Credits less debits of a line; below zero it is a debit balance.
struct Sum {
    words: String,
    code: String,
    class: &'static str,
    balance: i128,
}

pub(crate) fn trial_balances(accounts: &CloudAccounts, commodities: &[Commodity], locale: Locale) -> Vec<TrialBalance> {
    let (money, units): (Vec<_>, Vec<_>) =
        commodities.iter().partition(|commodity| commodity.kind == CommodityKind::Currency);
    let in_order = money.into_iter().chain(units);
    in_order.filter_map(|commodity| trial_balance(accounts, commodity, locale)).collect()
}

/// None where the cloud has no account in this commodity.
fn trial_balance(accounts: &CloudAccounts, commodity: &Commodity, locale: Locale) -> Option<TrialBalance> {
    let books = book_sums(accounts, commodity.id);
    let customers = customer_sums(accounts, commodity.id);
    if books.is_empty() && customers.is_empty() {
        return None;
    }
    let notation = Notation::of(commodity, locale);
    let both = || books.iter().chain(&customers);
    let decimals = notation.decimals_of(both().map(|sum| sum.balance));
    let [debit, credit] = totals(both());
    Some(TrialBalance {
        commodity: notation.label().to_owned(),
        books: side(&books, &notation, decimals),
        customers: side(&customers, &notation, decimals),
        debit: notation.aligned(debit, decimals),
        credit: notation.aligned(credit, decimals),
        difference: notation.aligned(credit - debit, decimals),
        balanced: debit == credit,
    })
}

fn book_sums(accounts: &CloudAccounts, commodity: CommodityId) -> Vec<Sum> {
    // Several shards of one account are one line.
    let mut sums: BTreeMap<(&'static str, &str), i128> = BTreeMap::new();
    for (books, row) in &accounts.accounts {
        if *books && row.account.commodity == commodity {
            *sums.entry((words::class(&row.code), &row.code)).or_default() += i128::from(row.account.balance());
        }
    }
    let sum = |((class, code), balance): ((&'static str, &str), i128)| Sum {
        words: words::account(code),
        code: code.to_owned(),
        class,
        balance,
    };
    sums.into_iter().map(sum).collect()
}

fn customer_sums(accounts: &CloudAccounts, commodity: CommodityId) -> Vec<Sum> {
    let mut sums: BTreeMap<(&'static str, String), (i128, usize)> = BTreeMap::new();
    for (books, row) in &accounts.accounts {
        if !books && row.account.commodity == commodity {
            let sum = sums.entry((words::class(&row.code), words::account_group(&row.code))).or_default();
            sum.0 += i128::from(row.account.balance());
            sum.1 += 1;
        }
    }
    let sum = |((class, group), (balance, count)): ((&'static str, String), (i128, usize))| Sum {
        words: group,
        code: format!("{} {}", crate::grouped(count as u64), words::plural(count, "account")),
        class,
        balance,
    };
    sums.into_iter().map(sum).collect()
}

fn side(sums: &[Sum], notation: &Notation, decimals: u32) -> Side {
    let [debit, credit] = totals(sums.iter());
    let line = |sum: &Sum| Line {
        words: sum.words.clone(),
        code: sum.code.clone(),
        class: sum.class,
        debit: (sum.balance < 0).then(|| notation.aligned(-sum.balance, decimals)),
        credit: (sum.balance >= 0).then(|| notation.aligned(sum.balance, decimals)),
    };
    Side {
        lines: sums.iter().map(line).collect(),
        debit: notation.aligned(debit, decimals),
        credit: notation.aligned(credit, decimals),
    }
}

/// Debit balances and credit balances, each added up.
fn totals<'a>(sums: impl Iterator<Item = &'a Sum>) -> [i128; 2] {
    sums.fold([0, 0], |[debit, credit], sum| [debit - sum.balance.min(0), credit + sum.balance.max(0)])
}

//! A cloud's trial balance: its own books account by account, its customers' accounts in groups, in every commodity. Debits equal credits to the
//! last digit, and the page shows that they do.

use super::ask::Ask;
use crate::block::{Cell, Table};
use crate::frame::PageError;
use crate::words::figure::{Exact, Notation};
use crate::words::ledger as words;
use farthing_core::ledger::{Commodity, CommodityId, CommodityKind};
use farthing_store::AccountRow;
use std::collections::BTreeMap;

pub(super) struct TrialBalance {
    pub(super) balanced: bool,
    pub(super) table: Table,
}

/// Credits less debits of a line; below zero it is a debit balance.
struct Sum {
    words: String,
    /// The account's code, or of how many accounts it is the sum.
    code: String,
    class: String,
    balance: i128,
}

pub(super) fn trial_balances(ask: &Ask) -> Result<Vec<TrialBalance>, PageError> {
    let (commodities, accounts) = ask.engine().store().read("console_trial", |tx| {
        let commodities = tx.commodities()?;
        let mut accounts: Vec<(bool, AccountRow)> = Vec::new();
        tx.cloud_accounts_each(ask.id(), |owner, row| {
            accounts.push((owner.books, row.clone()));
            Ok(())
        })?;
        Ok::<_, PageError>((commodities, accounts))
    })?;
    let (money, units): (Vec<_>, Vec<_>) =
        commodities.iter().partition(|commodity| commodity.kind == CommodityKind::Currency);
    let in_order = money.into_iter().chain(units);
    Ok(in_order.filter_map(|commodity| trial_balance(ask, &accounts, commodity)).collect())
}

/// None where the cloud has no account in this commodity.
fn trial_balance(ask: &Ask, accounts: &[(bool, AccountRow)], commodity: &Commodity) -> Option<TrialBalance> {
    let books = book_sums(ask, accounts, commodity.id);
    let customers = customer_sums(ask, accounts, commodity.id);
    if books.is_empty() && customers.is_empty() {
        return None;
    }
    let notation = Notation::of(commodity, ask.language.locale());
    let both = || books.iter().chain(&customers);
    let decimals = notation.decimals_of(both().map(|sum| sum.balance));
    let [debit, credit] = totals(both());
    let caption = ask.with("trial.caption", &[("code", notation.label())]);
    let columns = ["trial.account", "trial.class", "#trial.debit", "#trial.credit"];
    let mut table = ask.table(caption, &columns, "trial.nothing");
    let written = |units: i128| {
        let Exact { main, fine } = notation.aligned(units, decimals);
        Cell::text(format!("{main}{fine}"))
    };
    for (title, sum_title, sums) in
        [("trial.books", "trial.books_sum", &books), ("trial.customers", "trial.customers_sum", &customers)]
    {
        table.group(ask.language.find(title).unwrap_or(title));
        for sum in sums {
            let side = |credit: bool| {
                if (sum.balance >= 0) == credit { written(sum.balance.saturating_abs()) } else { Cell::text("") }
            };
            table.row(vec![
                Cell::text(sum.words.clone()).note(sum.code.clone()),
                Cell::text(sum.class.clone()),
                side(false),
                side(true),
            ]);
        }
        let [debit, credit] = totals(sums.iter());
        let title = Cell::text(ask.language.find(sum_title).unwrap_or(sum_title)).class("strong");
        table.row(vec![title, Cell::text(""), written(debit).class("strong"), written(credit).class("strong")]);
    }
    let total = vec![Cell::text(ask.say("total")), Cell::text(""), written(debit), written(credit)];
    Some(TrialBalance { balanced: debit == credit, table: table.total(total) })
}

fn book_sums(ask: &Ask, accounts: &[(bool, AccountRow)], commodity: CommodityId) -> Vec<Sum> {
    // Several shards of one account are one line.
    let mut sums: BTreeMap<(String, &str), i128> = BTreeMap::new();
    for (books, row) in accounts {
        if *books && row.account.commodity == commodity {
            let sum = sums.entry((words::class(ask.language, &row.code), &row.code)).or_default();
            *sum = sum.saturating_add(i128::from(row.account.balance()));
        }
    }
    let sum = |((class, code), balance): ((String, &str), i128)| Sum {
        words: words::account(ask.language, code),
        code: code.to_owned(),
        class,
        balance,
    };
    sums.into_iter().map(sum).collect()
}

fn customer_sums(ask: &Ask, accounts: &[(bool, AccountRow)], commodity: CommodityId) -> Vec<Sum> {
    let mut sums: BTreeMap<(String, String), (i128, usize)> = BTreeMap::new();
    for (books, row) in accounts {
        if !books && row.account.commodity == commodity {
            let key = (words::class(ask.language, &row.code), words::account_group(ask.language, &row.code));
            let sum = sums.entry(key).or_default();
            sum.0 = sum.0.saturating_add(i128::from(row.account.balance()));
            sum.1 += 1;
        }
    }
    let sum = |((class, group), (balance, count)): ((String, String), (i128, usize))| Sum {
        words: group,
        code: ask.count("trial.accounts", count),
        class,
        balance,
    };
    sums.into_iter().map(sum).collect()
}

/// Debit balances and credit balances, each added up.
fn totals<'a>(sums: impl Iterator<Item = &'a Sum>) -> [i128; 2] {
    sums.fold([0, 0], |[debit, credit], sum| [debit - sum.balance.min(0), credit + sum.balance.max(0)])
}

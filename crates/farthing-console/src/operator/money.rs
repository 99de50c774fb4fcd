//! Money: what each month has earned by product, what is sold ahead, what is owed and for how long, whether providers agree, and the trial balance.

use super::ask::{Ask, Page, found};
use super::trial_balance::trial_balances;
use crate::block::{Block, Cell, Link, Section, Table};
use crate::chart::{BarsOf, SERIES_MAX, bars};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;
use farthing_core::bill::Ageing;
use farthing_core::ledger::Month;
use farthing_core::time::CivilDate;
use std::collections::BTreeMap;

/// So many months are shown unless more are asked for.
const MONTHS: usize = 12;
/// As many bills as are named.
const BILLS: usize = 20;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SeeMoney)?;
    let all = ask.asked("months") == Some("all");
    let mut months = found(ask.engine().revenue(ask.id(), None, None), ask)?.months;
    let more = !all && months.len() > MONTHS;
    if more {
        months.drain(..months.len() - MONTHS);
    }
    let sentence = match months.last() {
        None => ask.say("money.nothing").to_owned(),
        Some(month) => {
            let earned = ask.notation.full(month.revenue())?.text;
            let owed = ask.notation.full(month.receivable_end)?.text;
            let name = ask.language.month(month.first);
            ask.with("money.sentence", &[("month", &name), ("amount", &earned), ("owed", &owed)])
        }
    };
    let mut page = Page::new(ask, "ops.money", sentence);
    let mut blocks = Vec::new();
    if months.len() > 1 {
        blocks.push(chart(ask, &months)?);
    }
    let mut table = by_month(ask, &months)?;
    if more {
        table.links.push(Link::new(ask.at("/money?months=all"), ask.say("money.all_months")));
    }
    blocks.push(Block::Table(table));
    page = page.section(Section::at("revenue", ask.say("money.revenue"), blocks));
    page = page.section(Section::new(ask.say("money.products"), vec![Block::Table(by_product(ask, &months)?)]));
    page = page.section(Section::new(ask.say("money.deferred_title"), vec![Block::Table(deferred(ask, &months)?)]));
    page = page.section(Section::at("ageing", ask.say("money.ageing"), ageing(ask)?));
    let agree = match super::queues::differences(ask)? {
        Some(table) => Block::Table(table),
        None => Block::Text(ask.say("bank.none").to_owned()),
    };
    page = page.section(Section::at("reconciliation", ask.say("money.reconciliation"), vec![agree]));
    let mut trials = Vec::new();
    for trial in trial_balances(ask)? {
        trials.push(Block::Text(ask.say(if trial.balanced { "trial.balanced" } else { "trial.differs" }).to_owned()));
        trials.push(Block::Table(trial.table));
    }
    Ok(page.section(Section::at("trial", ask.say("trial.title"), trials)))
}

fn amount(ask: &Ask, units: i128) -> Result<Cell, PageError> {
    Ok(Cell::amount(ask.notation.bare(units)?))
}

/// What products earned, the largest first over all these months.
fn products(months: &[Month]) -> Vec<(String, i128)> {
    let mut sums: BTreeMap<&String, i128> = BTreeMap::new();
    for (product, units) in months.iter().flat_map(|month| &month.earned) {
        let sum = sums.entry(product).or_default();
        *sum = sum.saturating_add(*units);
    }
    let mut sums: Vec<(String, i128)> = sums.into_iter().map(|(name, sum)| (name.clone(), sum)).collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum)); // stable: equal ones stay by name
    sums
}

fn chart(ask: &Ask, months: &[Month]) -> Result<Block, PageError> {
    let days: Vec<CivilDate> = months.iter().map(|month| month.first).collect();
    let known = products(months);
    let small = |units: i128| i64::try_from(units).unwrap_or(i64::MAX);
    let alone = if known.len() > SERIES_MAX { SERIES_MAX - 1 } else { SERIES_MAX };
    let mut series: Vec<(String, Vec<i64>)> = known
        .iter()
        .take(alone)
        .map(|(id, _)| {
            let amounts = months.iter().map(|month| small(month.earned.get(id).copied().unwrap_or(0)));
            (ask.product(id), amounts.collect())
        })
        .collect();
    if known.len() > alone {
        let others = |month: &Month| {
            let rest = known.iter().skip(alone).filter_map(|(id, _)| month.earned.get(id));
            small(rest.fold(0_i128, |sum, units| sum.saturating_add(*units)))
        };
        series.push((ask.say("costs.other").to_owned(), months.iter().map(others).collect()));
    }
    let title = ask.with("money.chart", &[("code", ask.currency())]);
    Ok(Block::Bars(bars(
        BarsOf { id: "revenue-chart", title, days: &days, series, by_month: true },
        &ask.notation,
        ask.language,
    )?))
}

fn by_month(ask: &Ask, months: &[Month]) -> Result<Table, PageError> {
    let columns = [
        "money.month",
        "#money.earned",
        "#money.promotions",
        "#money.late_fees",
        "#money.breakage",
        "#money.bad_debt",
        "#money.fees",
        "#money.tax",
        "#money.receivable",
        "#money.balances",
    ];
    let mut table = ask.table(ask.with("money.caption", &[("code", ask.currency())]), &columns, "money.nothing");
    for month in months.iter().rev() {
        let mut cells = vec![Cell::text(ask.language.month(month.first))];
        let sums = [
            month.revenue(),
            month.promotions,
            month.late_fees,
            month.breakage,
            month.bad_debt,
            month.fees,
            month.tax,
            month.receivable_end,
            month.balances_end,
        ];
        for sum in sums {
            cells.push(amount(ask, sum)?);
        }
        table.row(cells);
    }
    Ok(table)
}

/// The newest months beside each other: a line a product.
fn by_product(ask: &Ask, months: &[Month]) -> Result<Table, PageError> {
    const SHOWN: usize = 4;
    let shown: Vec<&Month> = months.iter().rev().take(SHOWN).collect();
    let mut labels = vec![ask.say("costs.product").to_owned()];
    labels.extend(shown.iter().map(|month| format!("#{}", ask.language.month(month.first))));
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let caption = ask.with("money.products_caption", &[("code", ask.currency())]);
    let mut table = Table::new(caption, &labels).when_empty(ask.say("money.nothing"));
    for (id, _) in products(months) {
        let mut cells = vec![Cell::text(ask.product(&id))];
        for month in &shown {
            cells.push(amount(ask, month.earned.get(&id).copied().unwrap_or(0))?);
        }
        table.row(cells);
    }
    let mut total = vec![Cell::text(ask.say("total"))];
    for month in &shown {
        total.push(amount(ask, month.earned.values().fold(0_i128, |sum, units| sum.saturating_add(*units)))?);
    }
    Ok(table.total(total))
}

fn deferred(ask: &Ask, months: &[Month]) -> Result<Table, PageError> {
    let columns = ["money.month", "#money.sold_ahead", "#money.earned_of_it", "#money.deferred"];
    let caption = ask.with("money.deferred_caption", &[("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "money.nothing");
    for month in months.iter().rev() {
        table.row(vec![
            Cell::text(ask.language.month(month.first)),
            amount(ask, month.deferred_more)?,
            amount(ask, month.deferred_less)?,
            amount(ask, month.deferred_end)?,
        ]);
    }
    Ok(table)
}

fn ageing(ask: &Ask) -> Result<Vec<Block>, PageError> {
    let (bills, debts) = found(ask.engine().receivables(ask.id()), ask)?;
    let sum = |age: Option<Ageing>| {
        let of = bills.iter().filter(|bill| age.is_none_or(|age| bill.age == age));
        of.fold((0_usize, 0_i64), |(count, sum), bill| (count + 1, sum.saturating_add(bill.owed)))
    };
    let caption = ask.with("money.ageing_caption", &[("code", ask.currency())]);
    let mut table = ask.table(caption, &["money.age", "#money.bills", "#money.owed"], "money.nothing_owed");
    for age in Ageing::ALL {
        let (count, owed) = sum(Some(age));
        table.row(vec![
            Cell::text(ask.language.word("ageing", age.name())),
            Cell::number(crate::grouped(count as u64)),
            ask.bare(owed)?,
        ]);
    }
    table.row(vec![Cell::text(ask.say("money.debts")), Cell::text(""), amount(ask, debts)?]);
    let (count, owed) = sum(None);
    let together = i128::from(owed).saturating_add(debts);
    let total = vec![Cell::text(ask.say("total")), Cell::number(crate::grouped(count as u64)), amount(ask, together)?];
    let columns = ["bills.number", "accounts.name", "bills.due_at", "money.age", "#money.owed"];
    let caption = ask.with("money.oldest_caption", &[("code", ask.currency())]);
    let mut oldest = ask.table(caption, &columns, "money.nothing_owed");
    for bill in bills.iter().take(BILLS) {
        let due = bill.due_at.map_or_else(|| Ok(Cell::text("")), |at| ask.day(at.micros()))?;
        oldest.row(vec![
            Cell::link(ask.account_at(&bill.account, &format!("/bills/{}", bill.id)), bill.number.clone()),
            Cell::link(ask.account_at(&bill.account, ""), bill.account.clone()),
            due,
            Cell::text(ask.language.word("ageing", bill.age.name())),
            ask.bare(bill.owed)?,
        ]);
    }
    Ok(vec![Block::Table(table.total(total)), Block::Table(oldest)])
}

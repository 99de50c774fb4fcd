//! `/clouds/{id}`: its customers and what they have; its trial balance.

use super::Console;
use super::figure::{Figure, Notation};
use super::moment::Moment;
use super::page::{self, Frame, PageError};
use super::trial_balance::{TrialBalance, trial_balances};
use super::wealth::{CloudAccounts, Customer, Wealth, currency_of};
use super::words;
use crate::clouds::Cloud;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::cmp::Reverse;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "cloud.html")]
struct CloudPage {
    frame: Frame,
    sentence: String,
    legal_name: String,
    currency: String,
    code: &'static str,
    time_zone: String,
    prices: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
    total: Line,
    revenue: Figure,
    balances: Vec<TrialBalance>,
}

/// A sortable column's heading.
struct Column {
    label: &'static str,
    address: String,
    sorted: Option<&'static str>,
    number: bool,
}

struct Line {
    name: String,
    address: String,
    cash: Figure,
    credit: Figure,
    owed: Figure,
    held: Figure,
    last: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Name,
    Cash,
    Credit,
    Owed,
    Held,
    Last,
}

impl Sort {
    const ALL: [(Sort, &'static str, &'static str); 6] = [
        (Sort::Name, "name", "Customer"),
        (Sort::Cash, "cash", "Cash"),
        (Sort::Credit, "credit", "Free credit"),
        (Sort::Owed, "owed", "Owed"),
        (Sort::Held, "held", "Held"),
        (Sort::Last, "last", "Last movement"),
    ];
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    sort: Option<Sort>,
}

pub(super) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (Ok(Path(id)), Ok(Query(asked))) = (path, asked) else { return page::nowhere().await.into_response() };
    page::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".into()))?;
        cloud_page(console, cloud, asked.sort.unwrap_or(Sort::Name))
    })
    .await
}

fn cloud_page(console: &Console, cloud: &Cloud, sort: Sort) -> Result<CloudPage, PageError> {
    let (commodities, read) = console.engine.store().read("console_cloud", |tx| {
        let commodities = tx.commodities()?;
        let read = CloudAccounts::read(tx, cloud, currency_of(&commodities, cloud))?;
        Ok::<_, PageError>((commodities, read))
    })?;
    let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
    let mut customers = read.customers.clone();
    customers.sort_by(|a, b| a.name.cmp(&b.name));
    customers.sort_by_key(|customer| Reverse(sort_key(sort, &customer.wealth))); // stable: equal ones stay by name
    let line = |customer: &Customer| {
        let address = page::customer_address(&cloud.id, &customer.name);
        line(customer.name.clone(), address, &customer.wealth, cloud, &notation)
    };
    Ok(CloudPage {
        frame: Frame::of(cloud.name.clone(), cloud),
        sentence: sentence(cloud, &read, &notation)?,
        legal_name: cloud.legal_name.clone(),
        currency: format!("{} ({})", cloud.currency.name(), cloud.currency),
        code: cloud.currency.code(),
        time_zone: cloud.time_zone.name().to_owned(),
        prices: format!("{}/prices", page::cloud_address(&cloud.id)),
        columns: columns(cloud, sort),
        lines: customers.iter().map(line).collect::<Result<_, _>>()?,
        total: self::line("All customers".into(), String::new(), &read.together, cloud, &notation)?,
        revenue: notation.full(read.revenue(currency_of(&commodities, cloud)))?,
        balances: trial_balances(&read, &commodities, cloud.locale()),
    })
}

/// What comes first: the most, or the newest. By name there is nothing more to say.
fn sort_key(sort: Sort, wealth: &Wealth) -> i128 {
    match sort {
        Sort::Name => 0,
        Sort::Cash => wealth.cash,
        Sort::Credit => wealth.credit,
        Sort::Owed => wealth.owed,
        Sort::Held => wealth.held,
        Sort::Last => wealth.newest.map_or(0, |newest| i128::from(newest.get())),
    }
}

fn columns(cloud: &Cloud, sort: Sort) -> Vec<Column> {
    let column = |(of, key, label)| Column {
        label,
        address: format!("{}?sort={key}", page::cloud_address(&cloud.id)),
        sorted: (of == sort).then_some(if of == Sort::Name { "ascending" } else { "descending" }),
        number: of != Sort::Name,
    };
    Sort::ALL.into_iter().map(column).collect()
}

fn line(name: String, address: String, wealth: &Wealth, cloud: &Cloud, notation: &Notation) -> Result<Line, PageError> {
    Ok(Line {
        name,
        address,
        cash: notation.bare(wealth.cash)?,
        credit: notation.bare(wealth.credit)?,
        owed: notation.bare(wealth.owed)?,
        held: notation.bare(wealth.held)?,
        last: wealth.newest.map(|newest| Moment::of(newest.recorded(), &cloud.time_zone)).transpose()?,
    })
}

/// "16 customers of Acme have ¥12,345.60. Three of them owe ¥45.10."
fn sentence(cloud: &Cloud, read: &CloudAccounts, notation: &Notation) -> Result<String, PageError> {
    let customers = read.customers.len();
    let have = if customers == 1 { "has" } else { "have" };
    let number = super::grouped(customers as u64);
    let cash = notation.full(read.together.cash)?.text;
    let first = format!("{number} {} of {} {have} {cash}.", words::plural(customers, "customer"), cloud.name);
    let owed = notation.full(read.together.owed)?.text;
    Ok(match read.in_debt() {
        0 => format!("{first} None of them owes anything."),
        1 => format!("{first} One of them owes {owed}."),
        many => format!("{first} {} of them owe {owed}.", words::count(many)),
    })
}

//! `/clouds/{id}`: its customers, what they have and how long it lasts; who has run out or is parked; its trial balance.

use super::outlook::{Outlook, Urgency, waiting_for_bill};
use super::trial_balance::{TrialBalance, trial_balances};
use super::wealth::{CloudAccounts, Customer, Wealth, currency_of};
use crate::Cloud;
use crate::Console;
use crate::frame::{self, Frame, PageError};
use crate::words::figure::{Figure, Notation};
use crate::words::ledger as words;
use crate::words::moment::Moment;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use farthing_core::time::Instant;
use farthing_engine::AccountStanding;
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
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
    queues: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
    total: Line,
    /// The most urgent first.
    watched: Vec<Watched>,
    as_of: Moment,
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
    billable: Figure,
    outlook: String,
    last: Option<Moment>,
}

/// A customer that somebody has to look at.
struct Watched {
    address: String,
    sign: &'static str,
    class: &'static str,
    sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Name,
    Cash,
    Credit,
    Owed,
    Held,
    Billable,
    Outlook,
    Last,
}

impl Sort {
    const ALL: [(Sort, &'static str, &'static str); 8] = [
        (Sort::Name, "name", "Customer"),
        (Sort::Cash, "cash", "Cash"),
        (Sort::Credit, "credit", "Free credit"),
        (Sort::Owed, "owed", "Owed"),
        (Sort::Held, "held", "Held"),
        (Sort::Billable, "billable", "On the next bill"),
        (Sort::Outlook, "outlook", "Lasts"),
        (Sort::Last, "last", "Last movement"),
    ];
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    sort: Option<Sort>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (Ok(Path(id)), Ok(Query(asked))) = (path, asked) else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| {
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
    let now = console.engine.now()?;
    let standings = console.engine.account_standings(&cloud.id, now)?;
    let standings = Standings { cloud, now, notation: &notation, by_name: by_name(&standings) };
    let mut customers: Vec<&Customer> = read.customers.iter().collect();
    customers.sort_by(|a, b| a.name.cmp(&b.name));
    customers.sort_by_key(|customer| standings.sort_key(sort, customer)); // stable: equal ones stay by name
    let billable = read.customers.iter().map(|customer| standings.billable(&customer.name)).sum();
    Ok(CloudPage {
        frame: Frame::of(cloud.name.clone(), cloud),
        sentence: sentence(cloud, &read, &standings, &notation)?,
        legal_name: cloud.legal_name.clone(),
        currency: format!("{} ({})", cloud.currency.name(), cloud.currency),
        code: cloud.currency.code(),
        time_zone: cloud.time_zone.name().to_owned(),
        prices: format!("{}/prices", frame::cloud_address(&cloud.id)),
        queues: super::payments::queues_address(&cloud.id),
        columns: columns(cloud, sort),
        lines: customers.iter().map(|customer| standings.line(customer)).collect::<Result<_, _>>()?,
        total: self::line("All customers".into(), String::new(), &read.together, billable, cloud, &notation)?,
        watched: standings.watched()?,
        as_of: Moment::of(now, &cloud.time_zone)?,
        revenue: notation.full(read.revenue(currency_of(&commodities, cloud)))?,
        balances: trial_balances(&read, &commodities, cloud.locale()),
    })
}

fn by_name(standings: &[AccountStanding]) -> BTreeMap<&str, &AccountStanding> {
    standings.iter().map(|standing| (standing.name.as_str(), standing)).collect()
}

/// What the engine says of a cloud's accounts.
struct Standings<'a> {
    cloud: &'a Cloud,
    now: Instant,
    notation: &'a Notation,
    by_name: BTreeMap<&'a str, &'a AccountStanding>,
}

impl<'a> Standings<'a> {
    fn outlook(&self, standing: &'a AccountStanding) -> Outlook<'_> {
        Outlook { standing, at: self.now, zone: &self.cloud.time_zone, notation: self.notation }
    }

    fn billable(&self, name: &str) -> i128 {
        let view = self.by_name.get(name).and_then(|standing| standing.view.as_ref());
        view.map_or(0, |view| i128::from(waiting_for_bill(view)))
    }

    /// What comes first: the most, the newest, or what ends soonest. By name there is nothing more to say.
    fn sort_key(&self, sort: Sort, customer: &Customer) -> Reverse<i128> {
        let wealth = &customer.wealth;
        Reverse(match sort {
            Sort::Name => 0,
            Sort::Cash => wealth.cash,
            Sort::Credit => wealth.credit,
            Sort::Owed => wealth.owed,
            Sort::Held => wealth.held,
            Sort::Billable => self.billable(&customer.name),
            Sort::Outlook => {
                let view = self.by_name.get(customer.name.as_str()).and_then(|standing| standing.view.as_ref());
                let ends = view.and_then(|view| view.ran_out_at.or(view.runs_out_at));
                ends.map_or(i128::MIN, |end| -i128::from(end.micros()))
            }
            Sort::Last => wealth.newest.map_or(0, |newest| i128::from(newest.get())),
        })
    }

    fn line(&self, customer: &Customer) -> Result<Line, PageError> {
        let address = frame::customer_address(&self.cloud.id, &customer.name);
        let billable = self.billable(&customer.name);
        let line = line(customer.name.clone(), address, &customer.wealth, billable, self.cloud, self.notation)?;
        Ok(match self.by_name.get(customer.name.as_str()) {
            Some(standing) => Line { outlook: self.outlook(standing).in_short()?, ..line },
            None => line,
        })
    }

    fn watched(&self) -> Result<Vec<Watched>, PageError> {
        let outlooks = self.by_name.values().map(|standing| self.outlook(standing));
        let mut urgent: Vec<(Urgency, Outlook<'_>)> = outlooks.map(|outlook| (outlook.urgency(), outlook)).collect();
        urgent.retain(|(urgency, _)| *urgency < Urgency::Calm);
        urgent.sort_by_key(|(urgency, _)| *urgency);
        let watched = |(urgency, outlook): (Urgency, Outlook<'_>)| {
            let (sign, class) = match urgency {
                Urgency::Parked => ("parked", "bad"),
                Urgency::RanOut => ("ran out", "bad"),
                Urgency::Soon | Urgency::Calm => ("ends soon", "warn"),
            };
            let address = frame::customer_address(&self.cloud.id, &outlook.standing.name);
            Ok(Watched { address, sign, class, sentence: outlook.sentence()? })
        };
        urgent.into_iter().map(watched).collect()
    }

    fn count(&self, of: Urgency) -> usize {
        self.by_name.values().filter(|standing| self.outlook(standing).urgency() == of).count()
    }
}

fn columns(cloud: &Cloud, sort: Sort) -> Vec<Column> {
    let column = |(of, key, label)| Column {
        label,
        address: format!("{}?sort={key}", frame::cloud_address(&cloud.id)),
        sorted: (of == sort).then_some(if of == Sort::Name { "ascending" } else { "descending" }),
        number: of != Sort::Name,
    };
    Sort::ALL.into_iter().map(column).collect()
}

fn line(
    name: String,
    address: String,
    wealth: &Wealth,
    billable: i128,
    cloud: &Cloud,
    notation: &Notation,
) -> Result<Line, PageError> {
    Ok(Line {
        name,
        address,
        cash: notation.bare(wealth.cash)?,
        credit: notation.bare(wealth.credit)?,
        owed: notation.bare(wealth.owed)?,
        held: notation.bare(wealth.held)?,
        billable: notation.bare(billable)?,
        outlook: String::new(),
        last: wealth.newest.map(|newest| Moment::of(newest.recorded(), &cloud.time_zone)).transpose()?,
    })
}

/// "16 customers of Acme have ¥12,345.60. Three of them owe ¥45.10. Two have run out."
fn sentence(
    cloud: &Cloud,
    read: &CloudAccounts,
    standings: &Standings<'_>,
    notation: &Notation,
) -> Result<String, PageError> {
    let customers = read.customers.len();
    let have = if customers == 1 { "has" } else { "have" };
    let number = crate::grouped(customers as u64);
    let cash = notation.full(read.together.cash)?.text;
    let first = format!("{number} {} of {} {have} {cash}.", words::plural(customers, "customer"), cloud.name);
    let owed = notation.full(read.together.owed)?.text;
    let second = match read.in_debt() {
        0 => "None of them owes anything.".to_owned(),
        1 => format!("One of them owes {owed}."),
        many => format!("{} of them owe {owed}.", words::count(many)),
    };
    let told = |number: usize, what: &str| match number {
        0 => String::new(),
        1 => format!(" One {what}.").replace("have ", "has ").replace("are ", "is "),
        many => format!(" {} {what}.", words::count(many)),
    };
    let out = told(standings.count(Urgency::RanOut), "have run out");
    let parked = told(standings.count(Urgency::Parked), "are parked");
    Ok(format!("{first} {second}{out}{parked}"))
}

//! `/`: the clouds as a quiet list, and whether everything adds up.

use super::wealth::{CloudAccounts, Wealth, currency_of};
use crate::Cloud;
use crate::Console;
use crate::frame::{self, Frame, PageError, Section};
use crate::operator::verdict::Verdict;
use crate::words::figure::{Figure, Notation};
use crate::words::ledger as words;
use crate::words::moment::Moment;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use farthing_core::money::{Currency, Locale};
use farthing_core::time::Zone;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    sentence: String,
    /// None: nobody has looked since the server began.
    proof: Option<Proof>,
    lines: Vec<Line>,
    /// One a currency: they do not add up to one sum.
    totals: Vec<Total>,
}

struct Proof {
    verdict: String,
    clean: bool,
    checked: Moment,
    findings: Vec<(String, String)>,
}

struct Line {
    id: String,
    name: String,
    address: String,
    customers: usize,
    figures: Figures,
}

struct Total {
    label: String,
    customers: usize,
    figures: Figures,
}

struct Figures {
    cash: Figure,
    credit: Figure,
    owed: Figure,
    held: Figure,
    revenue: Figure,
}

#[derive(Default)]
struct Sums {
    customers: usize,
    wealth: Wealth,
    revenue: i128,
}

impl Sums {
    fn figures(&self, notation: &Notation) -> Result<Figures, PageError> {
        Ok(Figures {
            cash: notation.full(self.wealth.cash)?,
            credit: notation.full(self.wealth.credit)?,
            owed: notation.full(self.wealth.owed)?,
            held: notation.full(self.wealth.held)?,
            revenue: notation.full(self.revenue)?,
        })
    }
}

pub(crate) async fn page(State(console): State<Arc<Console>>) -> Response {
    frame::answer(console, home).await
}

fn home(console: &Console) -> Result<Home, PageError> {
    let mut lines = Vec::new();
    let mut totals: BTreeMap<Currency, (Locale, Sums)> = BTreeMap::new();
    for (cloud, sums) in read(console)? {
        let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
        let (_, total) = totals.entry(cloud.currency).or_insert((cloud.locale(), Sums::default()));
        total.customers += sums.customers;
        total.wealth.add(&sums.wealth);
        total.revenue += sums.revenue;
        lines.push(Line {
            id: cloud.id.clone(),
            name: cloud.name.clone(),
            address: frame::cloud_address(&cloud.id),
            customers: sums.customers,
            figures: sums.figures(&notation)?,
        });
    }
    let total = |(currency, (locale, sums)): (Currency, (Locale, Sums))| {
        let figures = sums.figures(&Notation::Money { currency, locale })?;
        Ok(Total { label: format!("All in {currency}"), customers: sums.customers, figures })
    };
    let totals = totals.into_iter().rev().map(total).collect::<Result<Vec<_>, PageError>>()?;
    Ok(Home {
        frame: Frame::new("Clouds", Section::Clouds),
        sentence: sentence(&lines, &totals),
        proof: console.verdict.as_ref().map(proof).transpose()?,
        lines,
        totals,
    })
}

fn proof(verdict: &Verdict) -> Result<Proof, PageError> {
    let findings = verdict.report.findings.iter();
    Ok(Proof {
        verdict: verdict.sentence(),
        clean: verdict.is_clean(),
        checked: Moment::of(verdict.at, &Zone::parse("UTC").map_err(|error| PageError::Failed(error.to_string()))?)?,
        findings: findings.map(|found| (found.row.clone(), found.what.clone())).collect(),
    })
}

/// Every cloud and its sums, out of one snapshot.
fn read(console: &Console) -> Result<Vec<(&Cloud, Sums)>, PageError> {
    console.engine.store().read("console_home", |tx| {
        let commodities = tx.commodities()?;
        let sums = |cloud| {
            let currency = currency_of(&commodities, cloud);
            let read = CloudAccounts::read(tx, cloud, currency)?;
            let revenue = read.revenue(currency);
            Ok((cloud, Sums { customers: read.customers.len(), wealth: read.together, revenue }))
        };
        console.clouds.iter().map(sums).collect()
    })
}

/// "Five clouds keep $12,345.60 and ¥45,678.00 for 84 customers."
fn sentence(lines: &[Line], totals: &[Total]) -> String {
    let customers: usize = totals.iter().map(|total| total.customers).sum();
    let sums: Vec<&str> = totals.iter().map(|total| total.figures.cash.text.as_str()).collect();
    format!(
        "{} {} {} {} for {} {}.",
        words::count(lines.len()),
        words::plural(lines.len(), "cloud"),
        if lines.len() == 1 { "keeps" } else { "keep" },
        if sums.is_empty() { "nothing".to_owned() } else { sums.join(" and ") },
        crate::grouped(customers as u64),
        words::plural(customers, "customer"),
    )
}

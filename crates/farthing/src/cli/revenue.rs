//! `farthing revenue`: what a cloud's months came to, by its ledger.

use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::ledger::Month;
use farthing_core::money::{Currency, Money};
use farthing_core::time::CivilDate;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Revenue {
    /// The first month, such as 2026-01.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    from: Option<CivilDate>,
    /// The last one.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    to: Option<CivilDate>,
    #[command(flatten)]
    place: Place,
}

fn month(text: &str) -> Result<CivilDate, String> {
    let wrong = || format!("{text:?} is no month: write one like 2026-06");
    CivilDate::parse(&format!("{text}-01")).map_err(|_| wrong())
}

pub(crate) fn revenue(asked: &Revenue) -> Result<ExitCode, Failure> {
    let desk = asked.place.desk()?;
    let found = desk.engine.revenue(&desk.cloud, asked.from, asked.to)?;
    let plain = |units: i128| amount(units, found.currency);
    let named = |month: &Month| format!("{}-{:02}", month.first.year(), month.first.month());
    if desk.json {
        let of = |month: &Month| {
            let products: serde_json::Map<String, serde_json::Value> =
                month.earned.iter().map(|(product, units)| (product.clone(), json!(plain(*units)))).collect();
            json!({
                "month": named(month), "currency": found.currency.code(), "revenue": plain(month.revenue()), "products": products,
                "late_fees": plain(month.late_fees), "breakage": plain(month.breakage), "promotions": plain(month.promotions),
                "bad_debt": plain(month.bad_debt), "fees": plain(month.fees), "tax": plain(month.tax),
                "deferred": { "more": plain(month.deferred_more), "less": plain(month.deferred_less), "end": plain(month.deferred_end) },
                "unbilled": plain(month.unbilled_end), "receivable": plain(month.receivable_end), "balances": plain(month.balances_end),
            })
        };
        print_json(&json!(found.months.iter().map(of).collect::<Vec<_>>()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&[
        ("month", Align::Left),
        ("revenue", Align::Number),
        ("of it promotions", Align::Number),
        ("late fees", Align::Number),
        ("breakage", Align::Number),
        ("bad debt", Align::Number),
        ("deferred", Align::Number),
        ("unbilled", Align::Number),
        ("receivable", Align::Number),
        ("balances", Align::Number),
    ]);
    for month in &found.months {
        table.row([
            named(month),
            plain(month.revenue()),
            plain(month.promotions),
            plain(month.late_fees),
            plain(month.breakage),
            plain(month.bad_debt),
            plain(month.deferred_end),
            plain(month.unbilled_end),
            plain(month.receivable_end),
            plain(month.balances_end),
        ]);
    }
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn amount(units: i128, currency: Currency) -> String {
    i64::try_from(units).map_or_else(|_| units.to_string(), |units| Money::from_units(units, currency).plain())
}

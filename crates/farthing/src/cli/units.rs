//! `farthing units`: packs of units, bought from the balance or given, and what is left of them.

use super::store::{Place, end_of, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::measure::Quantity;
use farthing_core::time::Duration;
use farthing_engine::{NewUnitGift, NewUnits, UnitLotFacts, UnitsView};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// What an account has left of each unit, and each pack with what became of it.
    List(List),
    /// Buys a pack with what is on the balance.
    Buy(Buy),
    /// Gives units that nobody pays for.
    Give(Give),
}

#[derive(Args, Debug)]
struct List {
    account: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Buy {
    account: String,
    /// How many the pack holds.
    units: String,
    /// What sells them; it may be left out where the cloud sells one kind.
    #[arg(long)]
    product: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Give {
    account: String,
    /// How many.
    units: String,
    /// What the account calls them: under one name they are given once.
    #[arg(long)]
    name: String,
    /// What sells them; it may be left out where the cloud sells one kind.
    #[arg(long)]
    product: Option<String>,
    /// The last day they may be used, or a time.
    #[arg(long)]
    expires: Option<String>,
    /// As many are given again after so long: "24h"
    #[arg(long)]
    every: Option<String>,
    /// Why; for whoever looks at it later.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(list) => show(list)?,
        Command::Buy(buying) => buy(buying)?,
        Command::Give(giving) => give(giving)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(list: &List) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let views = desk.engine.units_view(&desk.cloud, &list.account, desk.engine.now()?)?;
    if desk.json {
        let units: Vec<Value> = views.iter().map(as_json).collect();
        return print_json(&json!({ "account": list.account, "units": units }));
    }
    if views.is_empty() {
        println!("{} has never had any units.", list.account);
    }
    for view in &views {
        let until = match (view.used_up_since, view.used_up_at) {
            (Some(since), _) => format!(", used up since {since}"),
            (None, Some(at)) => format!(", used up on {at} as things run now"),
            (None, None) => String::new(),
        };
        println!("{} {} left{until}", view.left, view.unit.beside(view.left == Quantity::ONE));
        let mut table = Table::new(&[
            ("units", Align::Left),
            ("size", Align::Number),
            ("left", Align::Number),
            ("used", Align::Number),
            ("lapsed", Align::Number),
            ("paid", Align::Number),
            ("expires", Align::Left),
        ]);
        for lot in &view.lots {
            table.row([
                lot.name.clone(),
                lot.size.clone(),
                lot.left.clone(),
                lot.used.clone(),
                lot.lapsed.clone().unwrap_or_default(),
                lot.paid.clone(),
                lot.expires.clone().unwrap_or_default(),
            ]);
        }
        print!("{table}");
    }
    Ok(())
}

fn buy(buying: &Buy) -> Result<(), Failure> {
    let desk = buying.place.desk()?;
    let units = Quantity::parse(&buying.units)?;
    let wanted = NewUnits { account: buying.account.clone(), product: buying.product.clone(), units };
    let lot = desk.engine.buy_units(&desk.cloud, &wanted)?;
    if desk.json {
        return print_json(&lot_json(&lot));
    }
    let until = lot.expires.map(|at| format!(", until {at}")).unwrap_or_default();
    println!("{} has bought {} for {} {}{until}.", buying.account, lot.name, lot.paid, lot.currency);
    Ok(())
}

fn give(giving: &Give) -> Result<(), Failure> {
    let desk = giving.place.desk()?;
    if giving.reason.trim().is_empty() {
        return Err(Failure::from("say why you give them: --reason is for whoever looks at it later"));
    }
    let zone = desk.zone_of(&giving.account)?;
    let gift = NewUnitGift {
        account: giving.account.clone(),
        name: Some(giving.name.clone()),
        product: giving.product.clone(),
        units: Quantity::parse(&giving.units)?,
        expires: giving.expires.as_deref().map(|at| end_of(at, &zone)).transpose()?,
        every: giving.every.as_deref().map(Duration::parse).transpose()?,
        reason: giving.reason.clone(),
    };
    let number = desk.engine.give_units(&desk.cloud, &gift)?;
    if desk.json {
        return print_json(&json!({ "account": gift.account, "number": number, "units": gift.units.to_string() }));
    }
    println!("{} has {} more, {}.", gift.account, gift.units, giving.name);
    Ok(())
}

fn as_json(view: &UnitsView) -> Value {
    let lots: Vec<Value> = view.lots.iter().map(lot_json).collect();
    json!({
        "unit": view.unit.to_string(), "left": view.left.to_string(), "missing": view.missing.to_string(),
        "used_up_at": view.used_up_at.map(|at| at.to_string()),
        "used_up_since": view.used_up_since.map(|at| at.to_string()), "lots": lots,
    })
}

fn lot_json(lot: &UnitLotFacts) -> Value {
    json!({
        "number": lot.number, "name": lot.name, "product": lot.product, "unit": lot.unit, "size": lot.size,
        "left": lot.left, "used": lot.used, "lapsed": lot.lapsed, "paid": lot.paid, "currency": lot.currency,
        "starts_at": lot.starts, "expires_at": lot.expires, "every_seconds": lot.every, "reason": lot.reason,
    })
}

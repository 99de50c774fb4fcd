//! `farthing outages`: what the cloud says was out of order on its own side.

use super::store::{Place, end_of, print_json, start_of};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::time::Instant;
use farthing_engine::{NewOutage, OutageFacts};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Outages {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// What was reported, the newest last.
    List(List),
    /// Reports one that is over: what was used in it is not charged, where the policy says so.
    Report(Report),
    /// Withdraws a report that was a mistake: what came back because of it is charged again.
    Withdraw(Named),
}

#[derive(Args, Debug)]
struct List {
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Report {
    /// What you call it: reported again under it, it counts once.
    name: String,
    #[arg(long)]
    product: String,
    /// When it began: an instant, or a day of the cloud's zone.
    #[arg(long)]
    from: String,
    /// When it was over: an instant, or a day, which it lasted to the end of.
    #[arg(long)]
    to: String,
    /// Only this configuration; it may be said more than once.
    #[arg(long = "sku", value_name = "SKU")]
    skus: Vec<String>,
    /// Only what has this property: region=eu-central-1.
    #[arg(long = "with", value_name = "KEY=VALUE")]
    properties: Vec<String>,
    /// Only this resource; it may be said more than once.
    #[arg(long = "resource", value_name = "NAME")]
    resources: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Named {
    /// What you call it.
    name: String,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn outages(arguments: &Outages) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(arguments) => list(arguments)?,
        Command::Report(arguments) => report(arguments)?,
        Command::Withdraw(named) => {
            let desk = named.place.desk()?;
            let facts = desk.engine.withdraw_outage(&desk.cloud, &named.name)?;
            if desk.json {
                return print_json(&told(&facts)).map(|()| ExitCode::SUCCESS);
            }
            println!("{} is withdrawn: what came back because of it is charged again.", facts.name);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &List) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let mut outages = desk.engine.outages(&desk.cloud, i64::MAX, arguments.limit)?;
    outages.reverse();
    if desk.json {
        let all: Vec<Value> = outages.iter().map(|(_, facts)| told(facts)).collect();
        return print_json(&json!({ "outages": all }));
    }
    if outages.is_empty() {
        println!("No outages were reported.");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("began", Align::Left),
        ("over", Align::Left),
        ("outage", Align::Left),
        ("of", Align::Left),
        ("what was used in it", Align::Left),
    ]);
    for (_, facts) in &outages {
        table.row([at(facts.from), at(facts.to), facts.name.clone(), of(facts), becomes(facts).to_owned()]);
    }
    print!("{table}");
    Ok(())
}

fn report(arguments: &Report) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let zone = desk.engine.profile_at(&desk.cloud, desk.engine.now()?)?.policy.cloud.time_zone.clone();
    let mut properties = BTreeMap::new();
    for pair in &arguments.properties {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?}: write --with KEY=VALUE"))?;
        properties.insert(key.to_owned(), value.to_owned());
    }
    let wanted = NewOutage {
        name: arguments.name.clone(),
        product: arguments.product.clone(),
        from: start_of(&arguments.from, &zone)?,
        to: end_of(&arguments.to, &zone)?,
        skus: arguments.skus.clone(),
        properties,
        resources: arguments.resources.clone(),
    };
    let (facts, known) = desk.engine.report_outage(&desk.cloud, &wanted)?;
    if desk.json {
        return print_json(&told(&facts));
    }
    let (was, from, to) = (if known { "was reported already" } else { "is reported" }, at(facts.from), at(facts.to));
    println!("{} {was}: {}, {from} to {to}.", facts.name, of(&facts));
    if facts.voids {
        println!(
            "What was used in it is not charged: what was paid for it comes back once the server has looked at who used it."
        );
    } else if facts.withdrawn.is_some() {
        println!("It was withdrawn since: report it under another name if it was one after all.");
    } else {
        println!("It stays charged: monitor.void_outages was not on when it began.");
    }
    Ok(())
}

/// Of what: the product, and what of it.
fn of(facts: &OutageFacts) -> String {
    let properties = facts.properties.iter().map(|(key, value)| format!("{key}={value}"));
    let only: Vec<String> =
        facts.skus.iter().cloned().chain(properties).chain(facts.resources.iter().cloned()).collect();
    if only.is_empty() { facts.product.clone() } else { format!("{} ({})", facts.product, only.join(", ")) }
}

const fn becomes(facts: &OutageFacts) -> &'static str {
    match (facts.withdrawn, facts.voids) {
        (Some(_), _) => "charged: withdrawn",
        (None, true) => "not charged",
        (None, false) => "charged",
    }
}

fn at(micros: i64) -> String {
    Instant::from_micros(micros).to_string()
}

fn told(facts: &OutageFacts) -> Value {
    json!({
        "name": facts.name, "product": facts.product, "began_at": at(facts.from), "ended_at": at(facts.to), "skus": facts.skus,
        "properties": facts.properties, "resources": facts.resources, "voids": facts.voids, "reported_at": at(facts.reported),
        "withdrawn_at": facts.withdrawn.map(at),
    })
}

//! `farthing budgets`: what an account's months may cost, and what happens on the way there.

use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::budget::{Does, Of, Step};
use farthing_core::money::{Currency, Money};
use farthing_engine::{BudgetFacts, NewBudget, StepFacts};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Budgets {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// An account's budgets, and how they stand now.
    List(List),
    /// Makes a budget, or changes the one of this name.
    Set(Set),
    /// Drops one: what it has stopped runs again.
    Drop(Named),
}

#[derive(Args, Debug)]
struct List {
    account: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Set {
    account: String,
    /// What you call it.
    name: String,
    /// What a calendar month may cost.
    #[arg(long, value_name = "AMOUNT")]
    month: String,
    /// Of one project of the account.
    #[arg(long)]
    project: Option<String>,
    /// Of what has this label.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Option<String>,
    /// At how many per cent what happens: 80, `forecast 100`, `100 block`, `120 stop`; it may be said more than once.
    #[arg(long = "step", value_name = "STEP", required = true)]
    steps: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Named {
    account: String,
    name: String,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Budgets) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(arguments) => {
            let desk = arguments.place.desk()?;
            let currency = desk.engine.cloud_facts(&desk.cloud)?.currency;
            let all = desk.engine.budgets(&desk.cloud, &arguments.account)?;
            if desk.json {
                print_json(&all.iter().map(|facts| told(facts, currency)).collect::<Value>())?;
            } else {
                list(&arguments.account, &all, currency);
            }
        }
        Command::Set(arguments) => {
            let desk = arguments.place.desk()?;
            let label = arguments.label.as_deref().map(|text| {
                let parted = text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
                parted.ok_or_else(|| Failure::from(format!("{text:?} is no label: write it like team=blue")))
            });
            let wanted = NewBudget {
                account: arguments.account.clone(),
                name: arguments.name.clone(),
                project: arguments.project.clone(),
                label: label.transpose()?,
                month: desk.amount(&arguments.month)?,
                steps: arguments.steps.iter().map(|text| step(text)).collect::<Result<_, _>>()?,
            };
            let facts = desk.engine.set_budget(&desk.cloud, &wanted)?;
            let currency = desk.engine.cloud_facts(&desk.cloud)?.currency;
            if desk.json {
                print_json(&told(&facts, currency))?;
            } else {
                list(&arguments.account, &[facts], currency);
            }
        }
        Command::Drop(arguments) => {
            let desk = arguments.place.desk()?;
            desk.engine.drop_budget(&desk.cloud, &arguments.account, &arguments.name)?;
            if desk.json {
                print_json(&json!({ "dropped": true }))?;
            } else {
                println!("{} has no budget {} any more.", arguments.account, arguments.name);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn step(text: &str) -> Result<Step, Failure> {
    let wrong =
        || Failure::from(format!("{text:?} is no step: write it like 80, `forecast 100`, `100 block` or `120 stop`"));
    let mut step = Step { of: Of::Actual, percent: 0, does: Does::Notify };
    for word in text.split_whitespace() {
        if let Some(of) = Of::parse(word) {
            step.of = of;
        } else if let Some(does) = Does::parse(word) {
            step.does = does;
        } else {
            step.percent = word.trim_end_matches('%').parse().map_err(|_| wrong())?;
        }
    }
    if step.percent == 0 { Err(wrong()) } else { Ok(step) }
}

fn list(account: &str, all: &[BudgetFacts], currency: Currency) {
    if all.is_empty() {
        println!("{account} has no budgets: `farthing budgets set {account} NAME --month AMOUNT --step 80` makes one.");
        return;
    }
    let mut table = Table::new(&[
        ("budget", Align::Left),
        ("of", Align::Left),
        ("month", Align::Number),
        ("spent", Align::Number),
        ("steps", Align::Left),
        ("state", Align::Left),
    ]);
    for facts in all {
        let money = |units: i64| Money::from_units(units, currency).to_string();
        let steps: Vec<String> = facts.steps.iter().map(words).collect();
        let state = match (facts.stopped, facts.blocked) {
            (true, _) => "stopped",
            (false, true) => "blocked",
            (false, false) => "open",
        };
        table.row(vec![
            facts.name.clone(),
            over(facts),
            money(facts.month),
            money(facts.spent),
            steps.join(", "),
            state.to_owned(),
        ]);
    }
    print!("{table}");
}

fn over(facts: &BudgetFacts) -> String {
    let project = facts.project.iter().map(|name| format!("project {name}"));
    let label = facts.label.iter().map(|(key, value)| format!("{key}={value}"));
    let parts: Vec<String> = project.chain(label).collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") }
}

fn words(step: &StepFacts) -> String {
    let of = if step.of == Of::Forecast.name() { "forecast " } else { "" };
    let does = if step.does == Does::Notify.name() { String::new() } else { format!(" {}", step.does) };
    format!("{of}{} %{does}", step.percent)
}

fn told(facts: &BudgetFacts, currency: Currency) -> Value {
    let plain = |units: i64| Money::from_units(units, currency).plain();
    let steps = facts.steps.iter();
    let steps: Vec<Value> = steps
        .map(|step| json!({ "percent": step.percent, "of": step.of, "action": step.does, "told": step.told }))
        .collect();
    json!({
        "account": facts.account, "name": facts.name, "project": facts.project,
        "label": facts.label.as_ref().map(|(key, value)| format!("{key}={value}")), "month": plain(facts.month),
        "spent": plain(facts.spent), "forecast": plain(facts.forecast), "currency": currency.code(), "steps": steps,
        "blocked": facts.blocked, "stopped": facts.stopped,
    })
}

//! `farthing steps` and `farthing keep`: what comes for accounts in arrears, what the cloud was asked to do, and what is not to be deleted.

use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::standing::InstructionId;
use farthing_core::time::Instant;
use farthing_engine::{InstructionFacts, KeepFacts, StepToCome};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Steps {
    #[command(subcommand)]
    command: StepsCommand,
}

#[derive(Subcommand, Debug)]
enum StepsCommand {
    /// Says what would happen by itself until a time, if nobody pays. Nothing is done.
    Forecast(Forecast),
    /// Lists what the cloud was asked to do, the newest first.
    List(Listing),
    /// Says that the cloud has done what it was asked, where it cannot say so itself.
    Confirm(Confirmed),
    /// Lets steps go on that the brake, or a clock that jumped, has held: somebody has looked.
    Accept(Place),
}

#[derive(Args, Debug)]
struct Forecast {
    /// Until when; a month from now when it is not said.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Listing {
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// Only those about this resource.
    #[arg(long)]
    resource: Option<String>,
    /// Only those that are to be done.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Confirmed {
    /// The instruction's id.
    step: String,
    /// What is to be kept about it, such as a new address.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Keep {
    #[command(subcommand)]
    command: KeepCommand,
}

#[derive(Subcommand, Debug)]
enum KeepCommand {
    /// Lists what is kept.
    List(Place),
    /// Keeps everything of an account from being deleted.
    Account(Kept),
    /// Keeps one resource from being deleted.
    Resource(Kept),
}

#[derive(Args, Debug)]
struct Kept {
    name: String,
    /// Why: it is shown to whoever looks at it later.
    #[arg(long, required_unless_present = "let_go")]
    why: Option<String>,
    /// Lets it go instead: its steps are taken again.
    #[arg(long, conflicts_with = "why")]
    let_go: bool,
    #[command(flatten)]
    place: Place,
}

const ROWS: i64 = 200;

fn at(micros: i64) -> String {
    Instant::from_micros(micros).to_string()
}

pub(crate) fn steps(arguments: &Steps) -> Result<ExitCode, Failure> {
    match &arguments.command {
        StepsCommand::Forecast(asked) => forecast(asked)?,
        StepsCommand::List(asked) => list(asked)?,
        StepsCommand::Confirm(asked) => {
            let desk = asked.place.desk()?;
            let id = InstructionId::parse(&asked.step)?;
            let found = desk.engine.instruction(&desk.cloud, id)?;
            if found.claim && found.state == "asked" {
                let claimed = desk.engine.claim_instruction(&desk.cloud, id)?;
                if claimed.answer != "go" {
                    return Err(Failure::from(format!("leave {} as it is: {}", found.resource, claimed.why)));
                }
            }
            let done = desk.engine.confirm_instruction(&desk.cloud, id, &asked.note)?;
            if desk.json {
                print_json(&instruction_json(&done))?;
            } else {
                println!("{}: {} of {} is confirmed.", done.account, done.deed, done.resource);
            }
        }
        StepsCommand::Accept(place) => {
            let desk = place.desk()?;
            let held = desk.engine.accept_steps(&desk.cloud)?;
            if desk.json {
                print_json(&json!({ "accepted": held }))?;
            } else if held {
                println!("What was held goes on.");
            } else {
                println!("Nothing is held by a brake: there is nothing to accept.");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn forecast(asked: &Forecast) -> Result<(), Failure> {
    let desk = asked.place.desk()?;
    let until = match &asked.at {
        Some(text) => Instant::parse(text)?,
        None => desk.engine.now()?.checked_add_micros(30 * 86_400 * 1_000_000)?,
    };
    let steps = desk.engine.steps_until(&desk.cloud, until)?;
    if desk.json {
        let each: Vec<Value> = steps.iter().map(step_json).collect();
        return print_json(&json!({ "until": until.to_string(), "steps": each }));
    }
    if steps.is_empty() {
        println!("Nothing would be suspended or deleted until {until}.");
        return Ok(());
    }
    let mut table =
        Table::new(&["When", "Account", "Step", "Resources", "Held, because"].map(|name| (name, Align::Left)));
    for step in &steps {
        table.row(vec![
            at(step.at),
            step.account.clone(),
            step.step.clone(),
            step.resources.join(", "),
            step.held.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn list(asked: &Listing) -> Result<(), Failure> {
    let desk = asked.place.desk()?;
    let (account, resource) = (asked.account.as_deref(), asked.resource.as_deref());
    let rows = desk.engine.instructions(&desk.cloud, account, resource, asked.open, None, ROWS)?;
    if desk.json {
        let each: Vec<Value> = rows.iter().map(instruction_json).collect();
        return print_json(&json!(each));
    }
    if rows.is_empty() {
        println!("The cloud was asked to do nothing{}.", if asked.open { " that it has not done" } else { "" });
        return Ok(());
    }
    let mut table =
        Table::new(&["Asked", "Step", "Account", "Resource", "Do", "State"].map(|name| (name, Align::Left)));
    for row in &rows {
        table.row(vec![
            at(row.asked),
            row.id.clone(),
            row.account.clone(),
            row.resource.clone(),
            row.deed.clone(),
            row.state.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn step_json(step: &StepToCome) -> Value {
    json!({
        "account": step.account, "step": step.step, "at": at(step.at), "cause": step.cause, "begun": step.begun,
        "resources": step.resources, "held": step.held,
    })
}

fn instruction_json(row: &InstructionFacts) -> Value {
    json!({
        "id": row.id, "account": row.account, "resource": row.resource, "product": row.product, "do": row.deed,
        "claim": row.claim, "step": row.step, "fence": row.fence, "state": row.state, "asked_at": at(row.asked),
        "ended_at": row.ended.map(at), "note": row.note,
    })
}

pub(crate) fn keep(arguments: &Keep) -> Result<ExitCode, Failure> {
    let (what, kept) = match &arguments.command {
        KeepCommand::List(place) => {
            let desk = place.desk()?;
            let rows = desk.engine.keeps(&desk.cloud)?;
            if desk.json {
                let each: Vec<Value> = rows.iter().map(keep_json).collect();
                print_json(&json!(each))?;
            } else if rows.is_empty() {
                println!("Nothing is kept.");
            }
            for row in rows.iter().filter(|_| !desk.json) {
                println!("{} {}, since {}: {}", row.what, row.name, at(row.since), row.why);
            }
            return Ok(ExitCode::SUCCESS);
        }
        KeepCommand::Account(kept) => ("account", kept),
        KeepCommand::Resource(kept) => ("resource", kept),
    };
    let desk = kept.place.desk()?;
    if kept.let_go {
        let was = desk.engine.let_go(&desk.cloud, what, &kept.name)?;
        if desk.json {
            print_json(&json!({ "let_go": was }))?;
        } else if was {
            println!("{what} {} is kept no more: its steps are taken again.", kept.name);
        } else {
            println!("{what} {} was not kept.", kept.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let why = kept.why.as_deref().unwrap_or_default();
    let row = desk.engine.keep(&desk.cloud, what, &kept.name, why)?;
    if desk.json {
        print_json(&keep_json(&row))?;
    } else {
        println!("{what} {} is kept: nothing of it is deleted until you let it go (--let-go).", row.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn keep_json(row: &KeepFacts) -> Value {
    json!({ "what": row.what, "name": row.name, "by": row.who, "why": row.why, "since": at(row.since) })
}

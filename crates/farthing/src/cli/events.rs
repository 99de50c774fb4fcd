//! `farthing events`: what happened to a cloud, as its webhooks and mails tell it; a page of it, or as it comes.

use super::store::{Desk, Place, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_store::MessageRow;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

/// How often a tail looks.
const LOOK: Duration = Duration::from_millis(500);
/// More than that at one look are told at the next ones.
const AT_ONCE: usize = 1_000;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The newest events, the newest last.
    List(Which),
    /// The newest events, then every one as it comes, until Ctrl-C.
    Tail(Which),
}

#[derive(Args, Debug)]
struct Which {
    /// Only those of this type, such as `account.ran_out`.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only those about this account.
    #[arg(long)]
    account: Option<String>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(which) => list(which)?,
        Command::Tail(which) => tail(which)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Oldest first.
fn newest(desk: &Desk, which: &Which, limit: usize) -> Result<Vec<MessageRow>, Failure> {
    let (kind, account) = (which.kind.as_deref(), which.account.as_deref());
    let mut rows = desk.engine.events(&desk.cloud, kind, account, None, limit)?;
    rows.reverse();
    Ok(rows)
}

fn list(which: &Which) -> Result<(), Failure> {
    let desk = which.place.desk()?;
    let rows = newest(&desk, which, which.limit)?;
    if desk.json {
        let events: Vec<Value> = rows.iter().map(event_json).collect();
        return print_json(&json!({ "cloud": desk.cloud, "events": events }));
    }
    if rows.is_empty() {
        println!("Nothing of this kind has happened in {} in the last 90 days.", desk.cloud);
        return Ok(());
    }
    let mut table =
        Table::new(&[("when", Align::Left), ("type", Align::Left), ("what", Align::Left), ("id", Align::Left)]);
    for row in &rows {
        table.row([second(row.at), row.kind.clone(), facts(&row.data), row.id.to_string()]);
    }
    print!("{table}");
    Ok(())
}

/// A line an event, so that other programs can read along.
fn tail(which: &Which) -> Result<(), Failure> {
    let desk = which.place.desk()?;
    let mut rows = newest(&desk, which, which.limit)?;
    let mut told = 0;
    loop {
        let mut out = std::io::stdout().lock();
        for row in rows.iter().filter(|row| row.number > told) {
            let line = if desk.json {
                event_json(row).to_string()
            } else {
                format!("{}  {}  {}", second(row.at), row.kind, facts(&row.data))
            };
            if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                return Ok(()); // whoever read has gone
            }
        }
        drop(out);
        told = rows.last().map_or(told, |row| row.number.max(told));
        std::thread::sleep(LOOK);
        rows = newest(&desk, which, AT_ONCE)?;
    }
}

fn event_json(row: &MessageRow) -> Value {
    let data = serde_json::from_str::<Value>(&row.data).unwrap_or(Value::Null);
    json!({ "id": row.id.to_string(), "type": row.kind, "timestamp": row.at.to_string(), "data": data })
}

/// `{"account":"acme","amount":"5.00"}` is `account acme, amount 5.00`.
pub(super) fn facts(text: &str) -> String {
    let Ok(Value::Object(facts)) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let said = facts.iter().filter(|(_, value)| !value.is_null() && **value != "").map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    });
    said.collect::<Vec<_>>().join(", ")
}

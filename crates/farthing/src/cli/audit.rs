//! `farthing audit`: who changed what, the newest last, as a log is read.

use super::events::facts;
use super::store::{Place, print_json, second};
use super::table::{Align, Table};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::trail::Entry;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Only those before entry N.
    #[arg(long, value_name = "N")]
    before: Option<i64>,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let mut entries = desk.engine.trail(&desk.cloud, arguments.before, arguments.limit)?;
    entries.reverse();
    if desk.json {
        let list: Vec<Value> = entries.iter().map(entry_json).collect();
        print_json(&json!({ "cloud": desk.cloud, "entries": list }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if entries.is_empty() {
        println!("Nobody has changed anything of {} yet.", desk.cloud);
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&[
        ("", Align::Number),
        ("when", Align::Left),
        ("who", Align::Left),
        ("from", Align::Left),
        ("what", Align::Left),
        ("of", Align::Left),
        ("now", Align::Left),
    ]);
    for entry in &entries {
        table.row([
            entry.number.to_string(),
            second(entry.at),
            entry.who.clone(),
            entry.source.clone(),
            entry.what.clone(),
            entry.subject.clone(),
            facts(&entry.became),
        ]);
    }
    print!("{table}");
    let first = entries.first().map_or(1, |entry| entry.number);
    if first > 1 {
        println!();
        println!("Older entries: --before {first} shows them.");
    }
    Ok(ExitCode::SUCCESS)
}

fn entry_json(entry: &Entry) -> Value {
    let facts = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    json!({
        "number": entry.number, "at": entry.at.to_string(), "who": entry.who, "source": entry.source,
        "what": entry.what, "subject": entry.subject, "was": facts(&entry.was), "became": facts(&entry.became),
    })
}

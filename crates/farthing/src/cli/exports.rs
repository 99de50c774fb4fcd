//! `farthing exports`: jobs that a server works off: asked for, looked at, linked to.

use super::export::{Charges, Rows};
use super::store::{Place, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::export::{ExportId, ExportWhat};
use farthing_core::time::Instant;
use farthing_engine::{ExportAsk, ExportFacts, NewExport, Origin};
use serde_json::json;
use std::process::ExitCode;

/// As many as are listed.
const LISTED: usize = 50;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Asks for one: the server that runs on this store writes it.
    Ask(Box<Ask>),
    /// The newest, with how far each is.
    List(Listing),
    /// One.
    Show(Named),
    /// Makes a link to the file of one that is ready: whoever has it, has the file, for seven days.
    Link(Named),
}

#[derive(Args, Debug)]
struct Ask {
    #[command(subcommand)]
    what: AskWhat,
    /// Writes to the account's contact when it is ready, with a link.
    #[arg(long, global = true)]
    mail: bool,
}

#[derive(Subcommand, Debug)]
enum AskWhat {
    /// What each thing cost, charge by charge.
    Charges(Charges),
    /// Bills, statements, receipts and credit notes.
    Bills(Rows),
    /// Their lines.
    Lines(Rows),
    /// FOCUS 1.0.
    Focus(Rows),
}

#[derive(Args, Debug)]
struct Listing {
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Named {
    /// Its id.
    export: String,
    #[command(flatten)]
    place: Place,
}

impl Named {
    fn id(&self) -> Result<ExportId, Failure> {
        ExportId::parse(&self.export)
            .map_err(|_| format!("{:?} is no export's id: they begin with exp_", self.export).into())
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.what {
        What::Ask(ask) => self::ask(ask),
        What::List(listing) => list(listing),
        What::Show(named) => {
            let desk = named.place.desk()?;
            tell(&desk.engine.export(&desk.cloud, named.id()?)?, desk.json)
        }
        What::Link(named) => {
            let desk = named.place.desk()?;
            let now = desk.engine.now()?;
            let (link, until) = desk.engine.export_link(&desk.cloud, (named.id()?, false), &Origin::Chance, now)?;
            let link = format!("/exports/{}", link.reveal());
            if desk.json {
                print_json(&json!({ "link": link, "expires_at": until.to_string() }))?;
            } else {
                println!("{link}");
                eprintln!("It opens the file at your server's address until {}.", second(until));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn ask(ask: &Ask) -> Result<ExitCode, Failure> {
    let (what, rows, narrowed) = match &ask.what {
        AskWhat::Charges(charges) => (ExportWhat::Charges, &charges.rows, charges.narrowed()),
        AskWhat::Bills(rows) => (ExportWhat::Bills, rows, ExportAsk::default()),
        AskWhat::Lines(rows) => (ExportWhat::Lines, rows, ExportAsk::default()),
        AskWhat::Focus(rows) => (ExportWhat::Focus, rows, ExportAsk::default()),
    };
    let desk = rows.place.desk()?;
    let new = NewExport { what, format: rows.format, ask: rows.ask(&desk, narrowed)?, mail: ask.mail };
    tell(&desk.engine.export_ask(&desk.cloud, &new)?, desk.json)
}

fn list(listing: &Listing) -> Result<ExitCode, Failure> {
    let desk = listing.place.desk()?;
    let exports = desk.engine.exports(&desk.cloud, None, LISTED)?;
    if desk.json {
        print_json(&serde_json::Value::Array(exports.iter().map(facts_json).collect()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if exports.is_empty() {
        println!("No exports were asked for.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&[
        ("export", Align::Left),
        ("what", Align::Left),
        ("account", Align::Left),
        ("state", Align::Left),
        ("rows", Align::Number),
        ("until", Align::Left),
    ]);
    for facts in &exports {
        table.row([
            facts.id.clone(),
            format!("{} {}", facts.what, facts.format),
            facts.account.clone().unwrap_or_else(|| "all".to_owned()),
            stand(facts),
            facts.rows.to_string(),
            facts.expires.map(|at| second(Instant::from_micros(at))).unwrap_or_default(),
        ]);
    }
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn tell(facts: &ExportFacts, json: bool) -> Result<ExitCode, Failure> {
    if json {
        print_json(&facts_json(facts))?;
    } else {
        let whose = facts.account.as_deref().unwrap_or("the whole cloud");
        println!("{}: {} of {whose} as {}: {}", facts.id, facts.what, facts.format, stand(facts));
    }
    Ok(ExitCode::SUCCESS)
}

fn stand(facts: &ExportFacts) -> String {
    match facts.state.as_str() {
        "working" => format!("working, {} of {}", facts.done, facts.most),
        "failed" => format!("failed: {}", facts.why),
        state => state.to_owned(),
    }
}

fn facts_json(facts: &ExportFacts) -> serde_json::Value {
    json!({
        "id": facts.id, "what": facts.what, "format": facts.format, "account": facts.account, "state": facts.state, "done": facts.done,
        "of": facts.most, "rows": facts.rows, "bytes": facts.bytes, "digest": facts.digest, "why": facts.why, "mail": facts.mail,
        "asked_at": Instant::from_micros(facts.made).to_string(),
        "expires_at": facts.expires.map(|at| Instant::from_micros(at).to_string()),
    })
}

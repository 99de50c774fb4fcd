//! `farthing bills`: what accounts were asked to pay and what they paid, and the documents themselves.

use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing::paper::{self, Format, Made};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use farthing_engine::BillFacts;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Bills {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The newest bills, receipts, credit notes and statements, the newest last.
    List(List),
    /// Writes a document as its customer gets it: a PDF, or an e-invoice.
    Document(Document),
}

#[derive(Args, Debug)]
struct List {
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Document {
    /// bill_…, or its number
    bill: String,
    /// What it is made as.
    #[arg(long, value_enum, default_value_t = As::Pdf)]
    format: As,
    /// Where it is written: a file, or a folder, in which it is called by its number. Nothing is written over.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    /// PDF/A-3, with the e-invoice inside it where its data suffices.
    Pdf,
    /// UBL 2.1 (EN 16931, PEPPOL BIS Billing 3).
    Ubl,
    /// Cross Industry Invoice D16B (EN 16931).
    Cii,
}

pub(crate) fn bills(arguments: &Bills) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(arguments) => list(arguments)?,
        Command::Document(arguments) => document(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &List) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let mut bills = desk.engine.bills(&desk.cloud, arguments.account.as_deref(), None, None, None, arguments.limit)?;
    bills.reverse();
    if desk.json {
        let rows: Vec<Value> = bills.iter().map(told).collect::<Result<_, Failure>>()?;
        return print_json(&json!(rows));
    }
    let mut table = Table::new(&[
        ("issued", Align::Left),
        ("number", Align::Left),
        ("account", Align::Left),
        ("state", Align::Left),
        ("total", Align::Number),
        ("due", Align::Number),
        ("id", Align::Left),
    ]);
    for bill in &bills {
        let currency = Currency::parse(&bill.currency)?;
        let money = |units| Money::from_units(units, currency).to_string();
        table.row([
            Instant::from_micros(bill.issued).to_string(),
            bill.number.clone(),
            bill.account.clone(),
            bill.state.clone(),
            money(bill.total),
            money(bill.due),
            bill.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn told(bill: &BillFacts) -> Result<Value, Failure> {
    let currency = Currency::parse(&bill.currency)?;
    let plain = |units| Money::from_units(units, currency).plain();
    Ok(json!({
        "id": bill.id, "account": bill.account, "kind": bill.kind, "number": bill.number, "state": bill.state,
        "issued_at": Instant::from_micros(bill.issued).to_string(), "total": plain(bill.total), "due": plain(bill.due),
        "currency": bill.currency,
    }))
}

fn document(arguments: &Document) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let id = match BillId::parse(&arguments.bill) {
        Ok(id) => id,
        Err(_) => BillId::parse(&desk.engine.bill_by_number(&desk.cloud, &arguments.bill)?.id)?,
    };
    let format = match arguments.format {
        As::Pdf => Format::Pdf,
        As::Ubl => Format::Ubl,
        As::Cii => Format::Cii,
    };
    let Made { bytes, file_name, warnings, .. } = paper::make(&desk.engine.paper(&desk.cloud, id)?, format)?;
    let path = if arguments.out.is_dir() { arguments.out.join(file_name) } else { arguments.out.clone() };
    let mut file =
        std::fs::File::create_new(&path).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    file.write_all(&bytes)?;
    if desk.json {
        return print_json(&json!({ "path": path.display().to_string(), "warnings": warnings }));
    }
    for warning in warnings {
        eprintln!("{warning}");
    }
    println!("{} is written.", path.display());
    Ok(())
}

//! `farthing bills`: what accounts were asked to pay and what they paid, the documents themselves, and what becomes of a bill that is wrong or not
//! paid.

use super::disputes;
use super::store::{Desk, Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing::paper::{self, Format, Made};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use farthing_engine::{BillFacts, NewBillDispute};
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
    /// Disputes a bill, or a part of it, for its customer: nobody asks for that until it is decided.
    Dispute(Lowered),
    /// Lowers a bill by a credit note: what is due first, and what was paid too much goes to the balance.
    Credit(Lowered),
    /// Takes a bill back of which nothing was paid, and issues it anew: for the buyer as they are now, with the tax that is right now.
    Reissue(Because),
    /// Gives a bill up: nobody asks for it any more. It may still be paid.
    WriteOff(Because),
}

#[derive(Args, Debug)]
struct Lowered {
    /// bill_…, or its number
    bill: String,
    /// How much, with its tax; all that can be when it is not said.
    #[arg(long)]
    amount: Option<String>,
    /// Why; the customer reads it.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Because {
    /// bill_…, or its number
    bill: String,
    /// Why; it is kept.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
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
        Command::Dispute(arguments) => dispute(arguments)?,
        Command::Credit(arguments) => credit(arguments)?,
        Command::Reissue(because) => {
            let desk = because.place.desk()?;
            let bill = desk.engine.reissue_bill(&desk.cloud, bill_id(&desk, &because.bill)?, &because.reason)?;
            let said = format!("{} is taken back, and issued anew as {}", because.bill, named(&bill));
            say(&bill, &said, desk.json)?;
        }
        Command::WriteOff(because) => {
            let desk = because.place.desk()?;
            let bill = desk.engine.write_off_bill(&desk.cloud, bill_id(&desk, &because.bill)?, &because.reason)?;
            say(&bill, &format!("{} is given up", named(&bill)), desk.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A bill by its id or its number.
pub(super) fn bill_id(desk: &Desk, bill: &str) -> Result<BillId, Failure> {
    match BillId::parse(bill) {
        Ok(id) => Ok(id),
        Err(_) => Ok(BillId::parse(&desk.engine.bill_by_number(&desk.cloud, bill)?.id)?),
    }
}

/// By its number, or where it is about to get one by its id.
fn named(bill: &BillFacts) -> &str {
    if bill.number.is_empty() { &bill.id } else { &bill.number }
}

/// What was done, and what is due of the bill now.
fn say(bill: &BillFacts, said: &str, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return print_json(&told(bill)?);
    }
    let money = |units| Currency::parse(&bill.currency).map(|currency| Money::from_units(units, currency));
    match (bill.state.as_str(), bill.due) {
        ("uncollectible", due) => {
            println!("{said}: the {} that {} owes of it are a bad debt.", money(due)?, bill.account);
        }
        (_, 0) => println!("{said}: nothing of it is due."),
        (_, due) => println!("{said}: {} of its {} are due.", money(due)?, money(bill.total)?),
    }
    Ok(())
}

fn dispute(arguments: &Lowered) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let wanted = NewBillDispute {
        bill: bill_id(&desk, &arguments.bill)?,
        amount: arguments.amount.as_deref().map(|amount| desk.amount(amount)).transpose()?,
        reason: arguments.reason.clone(),
    };
    let facts = desk.engine.dispute_bill(&desk.cloud, &wanted)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&disputes::told(&facts, currency));
    }
    let amount = Money::from_units(facts.amount, currency);
    println!("{} disputes {amount} of {}: {} waits to be decided.", facts.account, facts.number, facts.id);
    Ok(())
}

fn credit(arguments: &Lowered) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let amount = arguments.amount.as_deref().map(|amount| desk.amount(amount)).transpose()?;
    let id = bill_id(&desk, &arguments.bill)?;
    let bill = desk.engine.credit_bill(&desk.cloud, id, amount, &arguments.reason)?;
    let currency = Currency::parse(&bill.currency)?;
    let said = format!("{} is credited by {} in all", named(&bill), Money::from_units(bill.credited, currency));
    say(&bill, &said, desk.json)
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
    let id = bill_id(&desk, &arguments.bill)?;
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

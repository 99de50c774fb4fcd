//! `farthing invoices`: invoices on request, of what was used and paid.

use super::store::{Place, end_of, print_json, start_of};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::bill::RequestState;
use farthing_core::money::{Currency, Money};
use farthing_core::payment::InvoiceRequestId;
use farthing_core::time::Instant;
use farthing_engine::{InvoiceBuyer, InvoiceDecision, InvoiceRequestFacts, NewInvoiceRequest};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Invoices {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The newest requests for invoices, the newest last; with --state asked those that wait for you.
    List(List),
    /// Asks for an invoice of what an account used and paid. Each charge is invoiced once; what free credit paid is not.
    Request(Request),
    /// Issues one that was asked for.
    Issue(Decided),
    /// Refuses one that was asked for: its charges can be asked for again.
    Refuse(Decided),
}

#[derive(Args, Debug)]
struct List {
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// Only those in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Request {
    account: String,
    /// A charge, by its number among the account's; it may be said more than once. Without: all within the time.
    #[arg(long = "charge", value_name = "N")]
    charges: Vec<i64>,
    /// Of the service: an instant, or a day of the account's zone.
    #[arg(long)]
    from: Option<String>,
    /// An instant, or a day, to the end of which it goes.
    #[arg(long)]
    to: Option<String>,
    /// Who it is for, where that is not who the account is.
    #[arg(long, default_value = "")]
    name: String,
    #[arg(long, default_value = "")]
    address: String,
    #[arg(long, default_value = "")]
    tax_number: String,
    /// Where it goes on paper; without, it goes by mail alone.
    #[arg(long, default_value = "")]
    post_to: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Decided {
    /// ireq_…: `farthing invoices list --state asked` shows them.
    request: String,
    /// Why; where it is refused the customer reads it.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// It waits for an operator.
    Asked,
    Issued,
    Refused,
    Withdrawn,
}

impl State {
    const fn core(self) -> RequestState {
        match self {
            State::Asked => RequestState::Asked,
            State::Issued => RequestState::Issued,
            State::Refused => RequestState::Refused,
            State::Withdrawn => RequestState::Withdrawn,
        }
    }
}

pub(crate) fn invoices(arguments: &Invoices) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(arguments) => list(arguments)?,
        Command::Request(arguments) => request(arguments)?,
        Command::Issue(decided) => decide(decided, InvoiceDecision::Issue)?,
        Command::Refuse(decided) => decide(decided, InvoiceDecision::Refuse)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &List) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let (account, state) = (arguments.account.as_deref(), arguments.state.map(State::core));
    let mut requests = desk.engine.invoice_requests(&desk.cloud, account, state, None, arguments.limit)?;
    requests.reverse();
    let currency = desk.facts()?.currency;
    if desk.json {
        let all: Vec<Value> = requests.iter().map(|facts| told(facts, currency)).collect();
        return print_json(&json!({ "invoice_requests": all }));
    }
    if requests.is_empty() {
        println!("There are no such requests.");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("asked", Align::Left),
        ("account", Align::Left),
        ("paid", Align::Number),
        ("state", Align::Left),
        ("by", Align::Left),
        ("invoice", Align::Left),
        ("id", Align::Left),
    ]);
    for facts in &requests {
        let late = if facts.late { " (late)" } else { "" };
        table.row([
            at(facts.asked),
            facts.account.clone(),
            Money::from_units(facts.exact, currency).to_string(),
            facts.state.clone(),
            facts.due.map(|due| format!("{}{late}", at(due))).unwrap_or_default(),
            facts.number.clone(),
            facts.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn request(arguments: &Request) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let zone = desk.zone_of(&arguments.account)?;
    let wanted = NewInvoiceRequest {
        account: arguments.account.clone(),
        charges: arguments.charges.clone(),
        from: arguments.from.as_deref().map(|from| start_of(from, &zone)).transpose()?,
        to: arguments.to.as_deref().map(|to| end_of(to, &zone)).transpose()?,
        buyer: InvoiceBuyer {
            name: arguments.name.clone(),
            address: arguments.address.clone(),
            tax_number: arguments.tax_number.clone(),
            post_to: arguments.post_to.clone(),
        },
    };
    let facts = desk.engine.request_invoice(&desk.cloud, &wanted)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&told(&facts, currency));
    }
    let by = facts.due.map(|due| format!(", which is to be issued by {}", at(due))).unwrap_or_default();
    let charges = if facts.charges.len() == 1 { "charge" } else { "charges" };
    println!(
        "{} asks for an invoice of {}, {} {charges}{by}: {}.",
        facts.account,
        Money::from_units(facts.exact, currency),
        facts.charges.len(),
        facts.id
    );
    Ok(())
}

fn decide(decided: &Decided, decision: InvoiceDecision) -> Result<(), Failure> {
    let desk = decided.place.desk()?;
    let unknown = |_| format!("there is no request {:?}", decided.request);
    let id = InvoiceRequestId::parse(&decided.request).map_err(unknown)?;
    let facts = desk.engine.decide_invoice(&desk.cloud, id, decision, &decided.note)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&told(&facts, currency));
    }
    if decision == InvoiceDecision::Issue {
        let number = if facts.number.is_empty() { "It gets its number in a moment" } else { &facts.number };
        println!("Issued to {}, for {}: {number}.", facts.account, Money::from_units(facts.total, currency));
    } else {
        println!("Refused: {} may ask again for an invoice of these charges.", facts.account);
    }
    Ok(())
}

fn at(micros: i64) -> String {
    Instant::from_micros(micros).to_string()
}

fn told(facts: &InvoiceRequestFacts, currency: Currency) -> Value {
    let plain = |units| Money::from_units(units, currency).plain();
    json!({
        "id": facts.id, "account": facts.account, "state": facts.state, "buyer": facts.buyer, "asked_at": at(facts.asked),
        "due_at": facts.due.map(at), "late": facts.late, "decided_at": facts.decided.map(at), "amount": plain(facts.exact),
        "total": plain(facts.total), "currency": currency.code(), "bill": facts.bill, "number": facts.number,
        "decided_by": facts.who, "note": facts.note, "charges": facts.charges,
    })
}

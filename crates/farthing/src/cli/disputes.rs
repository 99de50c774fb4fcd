//! `farthing disputes`: what customers say is wrong about their bills, and what an operator decides.

use super::bills::bill_id;
use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::bill::DisputeState;
use farthing_core::money::{Currency, Money};
use farthing_core::payment::BillDisputeId;
use farthing_core::time::Instant;
use farthing_engine::{BillDisputeFacts, Decision};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Disputes {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The newest disputes, the newest last; with --state open those that wait for you.
    List(List),
    /// Grants one: a credit note lowers its bill, and what was paid too much goes to the balance.
    Grant(Grant),
    /// Refuses one: its bill asks for all of it again.
    Refuse(Refuse),
}

#[derive(Args, Debug)]
struct List {
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// Only those about this bill: bill_…, or its number.
    #[arg(long)]
    bill: Option<String>,
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
struct Grant {
    /// disp_…: `farthing disputes list --state open` shows them.
    dispute: String,
    /// What the bill is credited by, with its tax; all that is disputed when it is not said.
    #[arg(long)]
    amount: Option<String>,
    /// Why; the customer reads it.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Refuse {
    /// disp_…: `farthing disputes list --state open` shows them.
    dispute: String,
    /// Why; the customer reads it.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// It waits for an operator.
    Open,
    Granted,
    Refused,
    Withdrawn,
}

impl State {
    const fn core(self) -> DisputeState {
        match self {
            State::Open => DisputeState::Open,
            State::Granted => DisputeState::Granted,
            State::Refused => DisputeState::Refused,
            State::Withdrawn => DisputeState::Withdrawn,
        }
    }
}

pub(crate) fn disputes(arguments: &Disputes) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(arguments) => list(arguments)?,
        Command::Grant(arguments) => {
            let desk = arguments.place.desk()?;
            let amount = arguments.amount.as_deref().map(|amount| desk.amount(amount)).transpose()?;
            decide(&arguments.place, &arguments.dispute, &Decision::Grant(amount), &arguments.note)?;
        }
        Command::Refuse(arguments) => {
            decide(&arguments.place, &arguments.dispute, &Decision::Refuse, &arguments.note)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &List) -> Result<(), Failure> {
    let desk = arguments.place.desk()?;
    let bill = arguments.bill.as_deref().map(|bill| bill_id(&desk, bill)).transpose()?;
    let (of, state) = ((arguments.account.as_deref(), bill), arguments.state.map(State::core));
    let mut disputes = desk.engine.bill_disputes(&desk.cloud, of, state, None, arguments.limit)?;
    disputes.reverse();
    let currency = desk.facts()?.currency;
    if desk.json {
        let all: Vec<Value> = disputes.iter().map(|facts| told(facts, currency)).collect();
        return print_json(&json!({ "disputes": all }));
    }
    if disputes.is_empty() {
        println!("There are no such disputes.");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("opened", Align::Left),
        ("account", Align::Left),
        ("bill", Align::Left),
        ("amount", Align::Number),
        ("state", Align::Left),
        ("reason", Align::Left),
        ("id", Align::Left),
    ]);
    for facts in &disputes {
        table.row([
            Instant::from_micros(facts.opened).to_string(),
            facts.account.clone(),
            facts.number.clone(),
            Money::from_units(facts.amount, currency).to_string(),
            facts.state.clone(),
            facts.reason.clone(),
            facts.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn decide(place: &Place, dispute: &str, decision: &Decision, note: &str) -> Result<(), Failure> {
    let desk = place.desk()?;
    let id = BillDisputeId::parse(dispute).map_err(|_| format!("there is no dispute {dispute:?}"))?;
    let facts = desk.engine.decide_bill_dispute(&desk.cloud, id, decision, note)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&told(&facts, currency));
    }
    let money = |units| Money::from_units(units, currency);
    match decision {
        Decision::Grant(_) => {
            println!("Bill {} of {} is credited by {}.", facts.number, facts.account, money(facts.granted));
        }
        Decision::Refuse | Decision::Withdraw => {
            println!("Refused: bill {} asks {} for {} again.", facts.number, facts.account, money(facts.amount));
        }
    }
    Ok(())
}

/// What is said of one, also where it was just opened.
pub(super) fn told(facts: &BillDisputeFacts, currency: Currency) -> Value {
    let plain = |units| Money::from_units(units, currency).plain();
    let at = |micros: i64| Instant::from_micros(micros).to_string();
    json!({
        "id": facts.id, "account": facts.account, "bill": facts.bill, "number": facts.number, "amount": plain(facts.amount),
        "reason": facts.reason, "opened_at": at(facts.opened), "state": facts.state, "decided_at": facts.decided.map(at),
        "granted": plain(facts.granted), "decided_by": facts.who, "note": facts.note, "currency": currency.code(),
    })
}

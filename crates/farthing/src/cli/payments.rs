//! `farthing payments`, `refunds` and `methods`: what came through providers, what waits for an operator, what accounts pay with.

use super::given_up;
use super::store::{Desk, Place, plain, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::money::Currency;
use farthing_core::payment::{PaymentId, RefundId, RefundState as CoreRefundState, State};
use farthing_core::time::Instant;
use farthing_engine::{DisputeFacts, MethodFacts, PaymentFacts, RefundFacts};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Payments {
    #[command(subcommand)]
    command: PaymentsCommand,
}

#[derive(Subcommand, Debug)]
enum PaymentsCommand {
    /// The newest payments, the newest last; with --state review those that wait for you.
    List(PaymentsList),
    /// Shows one payment: what was decided about it and why, what became of it at the bank.
    Show(Payment),
    /// Lets a payment through that waits for a person; a server asks the provider for it.
    Approve(PaymentDecision),
    /// Refuses a payment that waits for a person.
    Refuse(PaymentDecision),
    /// What was to be asked of a provider and was given up, the newest last.
    GivenUp(given_up::List),
    /// Has it asked again, once you have looked at the provider.
    AskAgain(given_up::Again),
}

#[derive(Args, Debug)]
pub(crate) struct Refunds {
    #[command(subcommand)]
    command: RefundsCommand,
}

#[derive(Subcommand, Debug)]
enum RefundsCommand {
    /// The newest refunds, the newest last; with --state asked those that wait for you.
    List(RefundsList),
    /// Approves a refund: it leaves the balance now, and a server sends it.
    Approve(RefundDecision),
    /// Refuses a refund.
    Refuse(RefundDecision),
}

#[derive(Args, Debug)]
struct Filter {
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

#[derive(Args, Debug)]
struct PaymentsList {
    /// Only those in this state.
    #[arg(long, value_enum)]
    state: Option<PaymentState>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct RefundsList {
    /// Only those in this state.
    #[arg(long, value_enum)]
    state: Option<RefundState>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Payment {
    /// pay_…
    payment: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct PaymentDecision {
    /// pay_…: `farthing payments list --state review` shows them.
    payment: String,
    /// Why; it is kept.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct RefundDecision {
    /// rf_…: `farthing refunds list --state asked` shows them.
    refund: String,
    /// Why; it is kept, and where it is refused the customer is told.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Methods {
    account: String,
    /// Also those that are gone.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PaymentState {
    Review,
    Refused,
    Created,
    Pending,
    RequiresAction,
    Unknown,
    Succeeded,
    Failed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RefundState {
    Asked,
    Refused,
    Approved,
    Sent,
    Failed,
}

pub(crate) fn payments(arguments: &Payments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        PaymentsCommand::List(list) => list_payments(list)?,
        PaymentsCommand::Show(payment) => show_payment(payment)?,
        PaymentsCommand::Approve(decision) => decide_payment(decision, true)?,
        PaymentsCommand::Refuse(decision) => decide_payment(decision, false)?,
        PaymentsCommand::GivenUp(list) => given_up::list(list)?,
        PaymentsCommand::AskAgain(errand) => given_up::ask_again(errand)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn refunds(arguments: &Refunds) -> Result<ExitCode, Failure> {
    match &arguments.command {
        RefundsCommand::List(list) => list_refunds(list)?,
        RefundsCommand::Approve(decision) => decide_refund(decision, true)?,
        RefundsCommand::Refuse(decision) => decide_refund(decision, false)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn methods(arguments: &Methods) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let methods = desk.engine.methods(&desk.cloud, &arguments.account, arguments.all)?;
    if desk.json {
        let list: Vec<Value> = methods.iter().map(method_json).collect();
        print_json(&json!({ "account": arguments.account, "methods": list }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if methods.is_empty() {
        println!("{} has nothing that it pays with.", arguments.account);
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&[
        ("method", Align::Left),
        ("", Align::Left),
        ("ends", Align::Left),
        ("state", Align::Left),
        ("charged later", Align::Left),
        ("provider", Align::Left),
        ("id", Align::Left),
    ]);
    for method in &methods {
        let named = format!("{} {} {}", method.channel, method.brand, method.last4);
        table.row([
            named.split_whitespace().collect::<Vec<_>>().join(" "),
            if method.default { "default" } else { "" }.to_owned(),
            method.expires.clone(),
            method.standing.clone(),
            method.consented.map_or_else(|| "no".to_owned(), |at| format!("agreed {}", moment(at))),
            method.provider.clone(),
            method.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn list_payments(list: &PaymentsList) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let state = list.state.map(|state| match state {
        PaymentState::Review => State::Review,
        PaymentState::Refused => State::Refused,
        PaymentState::Created => State::Created,
        PaymentState::Pending => State::Pending,
        PaymentState::RequiresAction => State::ActionNeeded,
        PaymentState::Unknown => State::Unknown,
        PaymentState::Succeeded => State::Succeeded,
        PaymentState::Failed => State::Failed,
    });
    let filter = &list.filter;
    let mut payments = desk.engine.payments(&desk.cloud, filter.account.as_deref(), state, None, filter.limit)?;
    payments.reverse();
    let currency = desk.facts()?.currency;
    if desk.json {
        let list: Vec<Value> = payments.iter().map(|payment| payment_json(payment, currency)).collect();
        return print_json(&json!({ "cloud": desk.cloud, "payments": list }));
    }
    if payments.is_empty() {
        println!("There are no such payments of {}.", desk.cloud);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("begun", Align::Left),
        ("account", Align::Left),
        ("by", Align::Left),
        (&format!("amount {}", currency.code()), Align::Number),
        ("tax", Align::Number),
        ("state", Align::Left),
        ("why", Align::Left),
        ("id", Align::Left),
    ]);
    for payment in &payments {
        let why = if payment.state == State::Review.name() {
            payment.verdict.join("; ")
        } else {
            payment.failure_text.clone()
        };
        table.row([
            moment(payment.created),
            payment.account.clone(),
            payment.channel.clone(),
            plain(payment.net, currency),
            plain(payment.tax, currency),
            payment.state.clone(),
            why,
            payment.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn show_payment(payment: &Payment) -> Result<(), Failure> {
    let desk = payment.place.desk()?;
    let id = payment_id(&payment.payment)?;
    let facts = desk.engine.payment(&desk.cloud, id)?;
    let disputes = desk.engine.disputes(&desk.cloud, id)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        let mut shown = payment_json(&facts, currency);
        shown["disputes"] = disputes.iter().map(|dispute| dispute_json(dispute, currency)).collect();
        return print_json(&shown);
    }
    let code = currency.code();
    let line = |name: &str, text: &str| {
        if !text.is_empty() {
            println!("{name:<12}  {text}");
        }
    };
    line("payment", &facts.id);
    line("account", &facts.account);
    line("reference", &facts.reference);
    line("for", &facts.purpose);
    line("amount", &format!("{} {code}", plain(facts.net, currency)));
    line("tax", &format!("{} {code}", plain(facts.tax, currency)));
    line("by", &format!("{} through {}", facts.channel, facts.provider));
    line("method", facts.method.as_deref().unwrap_or_default());
    line("state", &facts.state);
    line("failure", &facts.failure_text);
    line("goes on at", if facts.state == State::ActionNeeded.name() { &facts.action } else { "" });
    for reason in &facts.verdict {
        line("judged", reason);
    }
    line("begun", &moment(facts.created));
    line("credited", &facts.succeeded.map(moment).unwrap_or_default());
    line("transfer", facts.transfer.as_deref().unwrap_or_default());
    if facts.refunded > 0 {
        line("given back", &format!("{} {code}", plain(facts.refunded, currency)));
    }
    for dispute in &disputes {
        let amount = plain(dispute.amount, currency);
        line(
            "dispute",
            &format!("{amount} {code}, {}, since {}: {}", dispute.state, moment(dispute.opened), dispute.why),
        );
    }
    Ok(())
}

fn decide_payment(decision: &PaymentDecision, approves: bool) -> Result<(), Failure> {
    let desk = decision.place.desk()?;
    let id = payment_id(&decision.payment)?;
    let facts = desk.engine.decide_payment(&desk.cloud, id, approves, &decision.note)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&payment_json(&facts, currency));
    }
    let (amount, code, account) = (plain(facts.net, currency), currency.code(), &facts.account);
    if approves {
        println!(
            "{id} is approved: {amount} {code} of {account}, now {}. {}",
            facts.state,
            sent_by(&desk, &facts.provider)
        );
    } else {
        println!("{id} is refused: {amount} {code} of {account}. Nothing is asked of {}.", facts.provider);
    }
    Ok(())
}

/// What a command cannot do itself: it has no secrets of providers.
pub(super) fn sent_by(desk: &Desk, provider: &str) -> String {
    if desk.engine.providers().of(&desk.cloud).is_some() || provider == farthing_core::payment::sandbox::NAME {
        return String::new();
    }
    format!("Whichever server runs asks {provider}.")
}

fn list_refunds(list: &RefundsList) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let state = list.state.map(|state| match state {
        RefundState::Asked => CoreRefundState::Asked,
        RefundState::Refused => CoreRefundState::Refused,
        RefundState::Approved => CoreRefundState::Approved,
        RefundState::Sent => CoreRefundState::Sent,
        RefundState::Failed => CoreRefundState::Failed,
    });
    let filter = &list.filter;
    let mut refunds = desk.engine.refunds(&desk.cloud, filter.account.as_deref(), state, None, filter.limit)?;
    refunds.reverse();
    let currency = desk.facts()?.currency;
    if desk.json {
        let list: Vec<Value> = refunds.iter().map(|refund| refund_json(refund, currency)).collect();
        return print_json(&json!({ "cloud": desk.cloud, "refunds": list }));
    }
    if refunds.is_empty() {
        println!("There are no such refunds of {}.", desk.cloud);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("asked", Align::Left),
        ("account", Align::Left),
        (&format!("amount {}", currency.code()), Align::Number),
        ("state", Align::Left),
        ("reason", Align::Left),
        ("decided by", Align::Left),
        ("id", Align::Left),
    ]);
    for refund in &refunds {
        table.row([
            moment(refund.asked),
            refund.account.clone(),
            plain(refund.amount, currency),
            refund.state.clone(),
            refund.reason.clone(),
            refund.who.clone(),
            refund.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn decide_refund(decision: &RefundDecision, approves: bool) -> Result<(), Failure> {
    let desk = decision.place.desk()?;
    let text = &decision.refund;
    let id = RefundId::parse(text)
        .map_err(|error| format!("{text:?} is no refund's id ({error}): `farthing refunds list` shows them"))?;
    let facts = desk.engine.decide_refund(&desk.cloud, id, approves, &decision.note)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&refund_json(&facts, currency));
    }
    let (amount, code, account) = (plain(facts.amount, currency), currency.code(), &facts.account);
    if approves {
        println!("{id} is approved: {amount} {code} of {account}, now {}.", facts.state);
        if facts.state == CoreRefundState::Approved.name() {
            println!("Whichever server runs asks the provider to send it.");
        }
    } else {
        println!("{id} is refused: {amount} {code} stay with {account}.");
    }
    Ok(())
}

fn payment_id(text: &str) -> Result<PaymentId, Failure> {
    Ok(PaymentId::parse(text)
        .map_err(|error| format!("{text:?} is no payment's id ({error}): `farthing payments list` shows them"))?)
}

pub(super) fn moment(micros: i64) -> String {
    second(Instant::from_micros(micros))
}

fn when(micros: Option<i64>) -> Option<String> {
    micros.map(|at| Instant::from_micros(at).to_string())
}

fn payment_json(payment: &PaymentFacts, currency: Currency) -> Value {
    json!({
        "id": payment.id, "account": payment.account, "reference": payment.reference, "purpose": payment.purpose,
        "channel": payment.channel, "provider": payment.provider, "method": payment.method, "bill": payment.bill,
        "amount": plain(payment.net, currency), "tax": plain(payment.tax, currency), "currency": currency.code(),
        "state": payment.state, "failure": payment.failure, "failure_text": payment.failure_text,
        "verdict": payment.verdict, "refunded": plain(payment.refunded, currency),
        "taken_back": plain(payment.taken_back, currency), "created_at": when(Some(payment.created)),
        "succeeded_at": when(payment.succeeded), "transfer": payment.transfer,
    })
}

fn dispute_json(dispute: &DisputeFacts, currency: Currency) -> Value {
    json!({
        "reference": dispute.reference, "amount": plain(dispute.amount, currency), "state": dispute.state,
        "why": dispute.why, "opened_at": when(Some(dispute.opened)), "ended_at": when(dispute.ended),
    })
}

fn refund_json(refund: &RefundFacts, currency: Currency) -> Value {
    let parts: Vec<Value> = refund
        .parts
        .iter()
        .map(|part| {
            json!({
                "payment": part.payment, "amount": plain(part.net, currency), "tax": plain(part.tax, currency),
                "state": part.state,
            })
        })
        .collect();
    json!({
        "id": refund.id, "account": refund.account, "reference": refund.reference,
        "amount": plain(refund.amount, currency), "currency": currency.code(), "state": refund.state,
        "reason": refund.reason, "asked_at": when(Some(refund.asked)), "decided_at": when(refund.decided),
        "decided_by": refund.who, "note": refund.note, "parts": parts,
    })
}

fn method_json(method: &MethodFacts) -> Value {
    json!({
        "id": method.id, "provider": method.provider, "channel": method.channel, "brand": method.brand,
        "last4": method.last4, "expires": method.expires, "state": method.standing, "default": method.default,
        "consented_at": when(method.consented), "mandate": method.mandate, "added_at": when(Some(method.added)),
        "ended_at": when(method.ended),
    })
}

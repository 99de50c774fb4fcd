//! `farthing wallets`: members' wallets inside an account.

use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_engine::{NewWallet, WalletView};
use serde_json::{Value, json};
use std::process::ExitCode;

/// As many as are listed.
const MOST: usize = 1_000;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The wallets in an account, and what is in each.
    List(List),
    /// Gives a person a wallet, or changes it.
    Set(Set),
    /// Moves money of the account into a wallet.
    Fund(Move),
    /// Takes money out of a wallet, back into the account it is in.
    TakeBack(Move),
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
    /// Whose it is, as resources and usage name them.
    person: String,
    /// What it is called among accounts; as the person when it is not given.
    #[arg(long)]
    name: Option<String>,
    /// Its person is told when less than this is left; as the cloud's `members.low_balance` when it is not given.
    #[arg(long, value_name = "AMOUNT")]
    threshold: Option<String>,
    /// It ends with its own money; false: the account it is in pays what it comes to owe. As the cloud's `members.stop_on_overdue` when it is not given.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false")]
    stop_on_overdue: Option<bool>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Move {
    /// The wallet's name.
    wallet: String,
    amount: String,
    /// What makes it happen once.
    #[arg(long)]
    reference: String,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(list) => show(list)?,
        Command::Set(set) => put(set)?,
        Command::Fund(funding) => moved(funding, false)?,
        Command::TakeBack(funding) => moved(funding, true)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(list: &List) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let wallets = desk.engine.wallets(&desk.cloud, &list.account, "", MOST)?;
    if desk.json {
        let list_json: Vec<Value> = wallets.iter().map(as_json).collect();
        return print_json(&json!({ "account": list.account, "wallets": list_json }));
    }
    if wallets.is_empty() {
        println!("{} has no wallets.", list.account);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("person", Align::Left),
        ("wallet", Align::Left),
        ("balance", Align::Number),
        ("available", Align::Number),
        ("told below", Align::Number),
        ("without money", Align::Left),
    ]);
    for wallet in &wallets {
        table.row([
            wallet.person.clone(),
            wallet.wallet.clone(),
            wallet.balance.plain(),
            wallet.available.plain(),
            wallet.threshold.map(|amount| amount.plain()).unwrap_or_default(),
            match (wallet.closed, wallet.stop_on_overdue) {
                (Some(_), _) => "closed",
                (None, true) => "it stops",
                (None, false) => "the account pays",
            }
            .to_owned(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn put(set: &Set) -> Result<(), Failure> {
    let desk = set.place.desk()?;
    let wallet = NewWallet {
        account: set.account.clone(),
        person: set.person.clone(),
        name: set.name.clone(),
        threshold: set.threshold.as_deref().map(|amount| desk.amount(amount)).transpose()?,
        stop_on_overdue: set.stop_on_overdue,
        contact: None,
    };
    let facts = desk.engine.put_wallet(&desk.cloud, &wallet)?;
    let view = desk.engine.wallet(&desk.cloud, &facts.name)?;
    if desk.json {
        return print_json(&as_json(&view));
    }
    println!("{} has the wallet {} in {}, with {}.", view.person, view.wallet, view.account, view.balance);
    Ok(())
}

fn moved(funding: &Move, back: bool) -> Result<(), Failure> {
    let desk = funding.place.desk()?;
    let amount = desk.amount(&funding.amount)?;
    let (wallet, reference) = (funding.wallet.as_str(), Some(funding.reference.as_str()));
    let done = if back {
        desk.engine.take_from_wallet(&desk.cloud, wallet, amount, reference)?
    } else {
        desk.engine.give_to_wallet(&desk.cloud, wallet, amount, reference)?
    };
    let view = desk.engine.wallet(&desk.cloud, wallet)?;
    if desk.json {
        let mut shown = as_json(&view);
        shown["transfer"] = json!(done.transfer.to_string());
        return print_json(&shown);
    }
    println!("Transfer {}: the wallet {} of {} has {}.", done.transfer, view.wallet, view.person, view.balance);
    Ok(())
}

fn as_json(view: &WalletView) -> Value {
    json!({
        "wallet": view.wallet, "account": view.account, "person": view.person,
        "threshold": view.threshold.map(|amount| amount.plain()), "stop_on_overdue": view.stop_on_overdue,
        "balance": view.balance.plain(), "available": view.available.plain(),
        "currency": view.balance.currency().code(), "opened_at": view.opened.to_string(),
        "closed_at": view.closed.map(|at| at.to_string()),
    })
}

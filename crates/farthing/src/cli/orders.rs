//! `farthing orders` and `farthing subscriptions`: what is bought ahead, and what runs for a time because of it.

use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::policy::AtExpiry;
use farthing_core::term::OrderState;
use farthing_engine::{
    Ending, Made, NewChange, NewOrder, NewOrderPayment, OrderFacts, PayBillBy, PayBy, SubscriptionFacts, Wanted, When,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Orders {
    #[command(subcommand)]
    command: OrderCommand,
}

#[derive(Subcommand, Debug)]
enum OrderCommand {
    /// The orders of a cloud, the newest first.
    List(List),
    /// One order.
    Show(Named),
    /// Orders something, at today's price.
    Place(Order),
    /// Pays an order off the balance, with free credit first where that is named.
    Pay(Pay),
    /// Takes an order back before it is paid.
    Cancel(Named),
    /// Says that what was paid is there.
    Made(Named),
    /// Says that what was paid cannot be made: everything goes back.
    NotMade(NotMade),
}

#[derive(Args, Debug)]
pub(crate) struct Subscriptions {
    #[command(subcommand)]
    command: SubscriptionCommand,
}

#[derive(Subcommand, Debug)]
enum SubscriptionCommand {
    /// What an account has for a time.
    List(OfAccount),
    /// One of them, with what was paid for each of its periods.
    Show(Named),
    /// Another configuration, or another quantity.
    Change(Change),
    /// Its time stands still; what is left of the period is given back.
    Pause(Named),
    /// It goes on.
    Resume(Named),
    /// What ending it now would give back.
    Quote(Named),
    /// Ends it, now or with what is paid.
    End(Ended),
    /// Chooses what happens when its time is over.
    AtExpiry(Choose),
}

#[derive(Args, Debug)]
struct List {
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// Only those in this state: due, provisioning, active, expired, cancelled, voided.
    #[arg(long)]
    state: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct OfAccount {
    account: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Named {
    /// Its name, or its id.
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Order {
    /// What it is called, and what it makes.
    name: String,
    #[arg(long)]
    account: Option<String>,
    #[arg(long)]
    project: Option<String>,
    #[arg(long, conflicts_with = "addon")]
    product: Option<String>,
    #[arg(long)]
    sku: Option<String>,
    /// An add-on to something that runs.
    #[arg(long, requires = "parent")]
    addon: Option<String>,
    #[arg(long)]
    parent: Option<String>,
    #[arg(long, default_value_t = 1)]
    quantity: i64,
    /// How many periods at once.
    #[arg(long, default_value_t = 1)]
    periods: i64,
    #[arg(long)]
    at_expiry: Option<Expiry>,
    /// What chooses a configuration or a price: provider=aws.
    #[arg(long = "with", value_name = "KEY=VALUE")]
    properties: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Pay {
    name: String,
    /// Free credit that pays first, by its name.
    #[arg(long)]
    credit: Option<String>,
    /// The code of a coupon.
    #[arg(long)]
    coupon: Option<String>,
    /// By the default of what is kept, instead of the balance.
    #[arg(long)]
    method: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct NotMade {
    name: String,
    /// Why; the customer reads it.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Change {
    name: String,
    #[arg(long)]
    sku: Option<String>,
    #[arg(long)]
    quantity: Option<i64>,
    /// With the end of what is paid, not now.
    #[arg(long)]
    at_the_end: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Ended {
    name: String,
    /// With the end of what is paid, not now.
    #[arg(long)]
    at_the_end: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Choose {
    name: String,
    choice: Expiry,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Expiry {
    Renew,
    Stop,
    Convert,
}

impl Expiry {
    const fn core(self) -> AtExpiry {
        match self {
            Expiry::Renew => AtExpiry::Renew,
            Expiry::Stop => AtExpiry::Stop,
            Expiry::Convert => AtExpiry::Convert,
        }
    }
}

pub(crate) fn orders(arguments: &Orders) -> Result<ExitCode, Failure> {
    match &arguments.command {
        OrderCommand::List(list) => list_orders(list)?,
        OrderCommand::Show(named) => {
            let desk = named.place.desk()?;
            say_order(&desk.engine.order(&desk.cloud, &named.name)?, desk.json)?;
        }
        OrderCommand::Place(order) => place(order)?,
        OrderCommand::Pay(pay) => {
            let desk = pay.place.desk()?;
            let by = if pay.method { PayBillBy::Provider(PayBy::Default) } else { PayBillBy::Balance };
            let wanted = NewOrderPayment {
                order: pay.name.clone(),
                by,
                coupon: pay.coupon.clone(),
                credit: pay.credit.clone(),
                keep: false,
                back: String::new(),
            };
            say_order(&desk.engine.pay_order(&desk.cloud, &wanted)?, desk.json)?;
        }
        OrderCommand::Cancel(named) => {
            let desk = named.place.desk()?;
            say_order(&desk.engine.cancel_order(&desk.cloud, &named.name)?, desk.json)?;
        }
        OrderCommand::Made(named) => {
            let desk = named.place.desk()?;
            say_order(&desk.engine.order_made(&desk.cloud, &named.name, &Made::It)?, desk.json)?;
        }
        OrderCommand::NotMade(not) => {
            let desk = not.place.desk()?;
            let made = Made::Not(not.why.clone());
            say_order(&desk.engine.order_made(&desk.cloud, &not.name, &made)?, desk.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list_orders(list: &List) -> Result<(), Failure> {
    let state = match list.state.as_deref() {
        None => None,
        Some(word) => Some(OrderState::parse(word).ok_or_else(|| {
            let known: Vec<&str> = OrderState::ALL.iter().map(|state| state.name()).collect();
            format!("an order is never {word:?}: write one of {}", known.join(", "))
        })?),
    };
    let desk = list.place.desk()?;
    let orders = desk.engine.orders(&desk.cloud, list.account.as_deref(), state, None, list.limit)?;
    if desk.json {
        let all: Vec<Value> = orders.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        return print_json(&json!({ "orders": all }));
    }
    if orders.is_empty() {
        println!("There are no such orders.");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("ordered", Align::Left),
        ("order", Align::Left),
        ("account", Align::Left),
        ("what", Align::Left),
        ("amount", Align::Number),
        ("state", Align::Left),
    ]);
    for order in &orders {
        table.row([
            order.ordered.clone(),
            order.name.clone(),
            order.account.clone(),
            what(&order.product, &order.sku, &order.addon, order.quantity),
            format!("{} {}", order.amount, order.currency),
            order.state.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn what(product: &str, sku: &str, addon: &str, quantity: i64) -> String {
    let parts: Vec<&str> = [product, sku, addon].into_iter().filter(|part| !part.is_empty()).collect();
    let many = if quantity == 1 { String::new() } else { format!("{quantity} x ") };
    format!("{many}{}", parts.join("/"))
}

fn place(order: &Order) -> Result<(), Failure> {
    let wanted = match (&order.product, &order.addon, &order.parent) {
        (Some(product), None, _) => Wanted::Product { product: product.clone(), sku: order.sku.clone() },
        (None, Some(addon), Some(parent)) => Wanted::Addon { addon: addon.clone(), parent: parent.clone() },
        _ => return Err("say --product, or --addon and the --parent that it is added to".into()),
    };
    let mut properties = BTreeMap::new();
    for pair in &order.properties {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?}: write --with KEY=VALUE"))?;
        properties.insert(key.to_owned(), value.to_owned());
    }
    let desk = order.place.desk()?;
    let new = NewOrder {
        name: order.name.clone(),
        account: order.account.clone(),
        project: order.project.clone(),
        wanted,
        quantity: order.quantity,
        periods: order.periods,
        renew: order.at_expiry.map(Expiry::core),
        properties,
    };
    say_order(&desk.engine.place_order(&desk.cloud, &new)?, desk.json)
}

fn say_order(order: &OrderFacts, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return print_json(&serde_json::to_value(order)?);
    }
    let what = what(&order.product, &order.sku, &order.addon, order.quantity);
    println!("Order {} of {}: {what}, {} {}.", order.name, order.account, order.amount, order.currency);
    let until = order.until.as_deref().unwrap_or("its payment");
    match order.state.as_str() {
        "due" => println!("It is due: pay it by {until}."),
        "provisioning" => match &order.until {
            Some(until) => println!("It is paid: it has to be made by {until}."),
            None => println!("It is paid, and waits to be made."),
        },
        "active" => println!("It is there."),
        other if order.why.is_empty() => println!("It is {other}."),
        other => println!("It is {other}: {}.", order.why),
    }
    if let Some(bill) = &order.bill {
        println!("Its bill is {bill}.");
    }
    Ok(())
}

pub(crate) fn subscriptions(arguments: &Subscriptions) -> Result<ExitCode, Failure> {
    match &arguments.command {
        SubscriptionCommand::List(list) => list_subscriptions(list)?,
        SubscriptionCommand::Show(named) => {
            let desk = named.place.desk()?;
            say_subscription(&desk.engine.subscription(&desk.cloud, &named.name)?, desk.json)?;
        }
        SubscriptionCommand::Change(change) => {
            let new = NewChange::Plan { sku: change.sku.clone(), quantity: change.quantity };
            changed(&change.place, &change.name, &new, when(change.at_the_end))?;
        }
        SubscriptionCommand::Pause(named) => changed(&named.place, &named.name, &NewChange::Pause, When::Now)?,
        SubscriptionCommand::Resume(named) => changed(&named.place, &named.name, &NewChange::Resume, When::Now)?,
        SubscriptionCommand::Quote(named) => {
            let desk = named.place.desk()?;
            say_ending(&desk.engine.quote_end(&desk.cloud, &named.name)?, desk.json, true)?;
        }
        SubscriptionCommand::End(end) => {
            let desk = end.place.desk()?;
            let ending = desk.engine.end_subscription(&desk.cloud, &end.name, when(end.at_the_end))?;
            say_ending(&ending, desk.json, false)?;
        }
        SubscriptionCommand::AtExpiry(choose) => {
            let desk = choose.place.desk()?;
            let facts = desk.engine.choose_at_expiry(&desk.cloud, &choose.name, choose.choice.core())?;
            say_subscription(&facts, desk.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

const fn when(at_the_end: bool) -> When {
    if at_the_end { When::AtTheEnd } else { When::Now }
}

fn list_subscriptions(list: &OfAccount) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let all = desk.engine.subscriptions(&desk.cloud, &list.account)?;
    if desk.json {
        let all: Vec<Value> = all.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        return print_json(&json!({ "account": list.account, "subscriptions": all }));
    }
    if all.is_empty() {
        println!("{} has nothing for a time.", list.account);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("what", Align::Left),
        ("price", Align::Number),
        ("paid to", Align::Left),
        ("then", Align::Left),
        ("state", Align::Left),
    ]);
    for one in &all {
        table.row([
            one.name.clone(),
            what(&one.product, &one.sku, &one.addon, one.quantity),
            format!("{} {}", one.price, one.currency),
            one.paid_to.clone(),
            one.at_expiry.clone(),
            one.state.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn changed(place: &Place, name: &str, change: &NewChange, when: When) -> Result<(), Failure> {
    let desk = place.desk()?;
    let (facts, order) = desk.engine.change_subscription(&desk.cloud, name, change, when)?;
    if desk.json {
        return print_json(&json!({ "subscription": facts, "order": order }));
    }
    match order.filter(|order| order.state == "due") {
        Some(order) => println!(
            "It costs {} {} more: pay order {} by {}.",
            order.amount,
            order.currency,
            order.id,
            order.until.as_deref().unwrap_or("the end of its period")
        ),
        None => say_subscription(&facts, false)?,
    }
    Ok(())
}

fn say_ending(ending: &Ending, as_json: bool, quoted: bool) -> Result<(), Failure> {
    if as_json {
        return print_json(&serde_json::to_value(ending)?);
    }
    let Ending { subscription, ends, back, fee, currency } = ending;
    let (verb, comes) = if quoted { ("would end", "would come") } else { ("ends", "comes") };
    println!("{} {verb} at {ends}. {back} {currency} {comes} back, after a fee of {fee}.", subscription.name);
    Ok(())
}

fn say_subscription(facts: &SubscriptionFacts, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return print_json(&serde_json::to_value(facts)?);
    }
    let what = what(&facts.product, &facts.sku, &facts.addon, facts.quantity);
    println!(
        "{} of {}: {what}, {} {} a period; {}.",
        facts.name, facts.account, facts.price, facts.currency, facts.state
    );
    println!("Paid to {}; then: {}.", facts.paid_to, facts.at_expiry);
    if facts.terms.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        ("from", Align::Left),
        ("to", Align::Left),
        ("plan", Align::Left),
        ("bought for", Align::Number),
        ("by money", Align::Number),
        ("given up", Align::Number),
        ("earned", Align::Number),
    ]);
    for term in &facts.terms {
        table.row([
            term.from.clone(),
            term.to.clone(),
            term.plan.clone(),
            term.value.clone(),
            term.cash.clone(),
            term.returned.clone(),
            term.earned.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

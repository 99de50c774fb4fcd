//! `farthing topup`, `grant` and `charges`: money in by hand, and what it went for.

use super::store::{Desk, Place, end_of, plain, print_json, second, start_of};
use super::table::{Align, Table};
use clap::{Args, ValueEnum};
use farthing::failure::Failure;
use farthing_core::ledger::TransferId;
use farthing_core::money::{Currency, Money};
use farthing_core::settle::Source;
use farthing_core::time::Instant;
use farthing_engine::{ChargeLine, ChargeQuestion, NewGrant};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct TopUp {
    account: String,
    /// How much has come in, such as 50.00.
    amount: String,
    /// What makes it happen once: the bank's number of the payment, or the receipt's.
    #[arg(long)]
    reference: String,
    /// It was agreed with the customer: the policy's bounds of what is paid in online do not hold.
    #[arg(long)]
    contract: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Grant {
    account: String,
    /// How much credit.
    amount: String,
    /// What the account calls it; it is given once.
    #[arg(long)]
    name: String,
    /// Why: it is kept with the grant and in the audit log.
    #[arg(long)]
    reason: String,
    /// What it may pay for; everything when it is not given.
    #[arg(long = "product", value_name = "PRODUCT")]
    products: Vec<String>,
    /// When it begins: an instant, or a day. Now when it is not given.
    #[arg(long, value_name = "TIME")]
    starts: Option<String>,
    /// When it ends: an instant, or a day, whose end it is. It lasts until it is used up when it is not given.
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Of several the lowest pays first.
    #[arg(long, default_value_t = 0)]
    priority: i64,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Charges {
    account: String,
    /// From when: a day, or an instant.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when: a day, which is not included, or an instant.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only this product.
    #[arg(long)]
    product: Option<String>,
    /// One line for each of these, instead of every charge.
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Why the charge of this number is what it is: what ran, what was told, at which price, the arithmetic, what paid, on which bill.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["from", "to", "product", "by"])]
    why: Option<i64>,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Product,
    Resource,
    Day,
}

pub(crate) fn top_up(arguments: &TopUp) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let amount = desk.amount(&arguments.amount)?;
    let begun = desk.engine.now()?;
    let (account, reference) = (&arguments.account, Some(arguments.reference.as_str()));
    let done = if arguments.contract {
        desk.engine.top_up_by_contract(&desk.cloud, account, amount, reference)?
    } else {
        desk.engine.top_up(&desk.cloud, account, amount, reference)?
    };
    let booked = TransferId::from_i64(done.transfer).map_or(begun, TransferId::recorded);
    let before = booked < begun;
    let available = available(&desk, &arguments.account)?;
    if desk.json {
        print_json(&json!({
            "account": arguments.account, "amount": amount.plain(), "currency": amount.currency().code(),
            "transfer": done.transfer, "booked_at": booked.to_string(), "booked_before": before, "available": available.plain(),
        }))?;
    } else if before {
        println!(
            "{} was booked before, on {}, as transfer {}: nothing happened. {} has {available} available.",
            arguments.reference,
            second(booked),
            done.transfer,
            arguments.account
        );
    } else {
        println!("{amount} booked, transfer {}. {} has {available} available.", done.transfer, arguments.account);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn grant(arguments: &Grant) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    if arguments.reason.trim().is_empty() {
        return Err(Failure::from("say why you give it: --reason is for whoever looks at it later"));
    }
    let zone = desk.zone_of(&arguments.account)?;
    let grant = NewGrant {
        name: arguments.name.clone(),
        account: arguments.account.clone(),
        amount: desk.amount(&arguments.amount)?,
        products: arguments.products.clone(),
        priority: arguments.priority,
        starts: arguments.starts.as_deref().map(|at| start_of(at, &zone)).transpose()?,
        expires: arguments.expires.as_deref().map(|at| end_of(at, &zone)).transpose()?,
        reason: Some(arguments.reason.clone()),
    };
    desk.engine.grant_credit(&desk.cloud, &grant)?;
    let available = available(&desk, &arguments.account)?;
    if desk.json {
        print_json(&json!({
            "account": grant.account, "grant": grant.name, "amount": grant.amount.plain(),
            "currency": grant.amount.currency().code(), "expires_at": grant.expires.map(|at| at.to_string()),
            "reason": grant.reason, "available": available.plain(),
        }))?;
    } else {
        let until = grant.expires.map(|at| format!(" until {}", second(at))).unwrap_or_default();
        println!("{} has {} of credit {}{until}, and {available} available.", grant.account, grant.amount, grant.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn available(desk: &Desk, account: &str) -> Result<Money, Failure> {
    let view = desk.engine.account_view(&desk.cloud, account, desk.engine.now()?)?;
    Ok(Money::from_units(view.available, view.currency))
}

pub(crate) fn charges(arguments: &Charges) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    if let Some(number) = arguments.why {
        return super::why::tell(&desk, &arguments.account, number);
    }
    let zone = desk.zone_of(&arguments.account)?;
    let asked = ChargeQuestion {
        product: arguments.product.clone(),
        from: arguments.from.as_deref().map(|at| start_of(at, &zone)).transpose()?,
        to: arguments.to.as_deref().map(|at| start_of(at, &zone)).transpose()?,
    };
    let now = desk.engine.now()?;
    let view = desk.engine.charges_view(&desk.cloud, &arguments.account, &asked, now)?;
    let currency = view.currency;
    let sealed = sum(view.lines.iter().map(|line| line.charge.net))?;
    let open = view.sum.units().checked_sub(sealed).ok_or(TOO_LARGE)?;
    let saved = sum(view.lines.iter().map(|line| line.charge.list))?.checked_sub(sealed).ok_or(TOO_LARGE)?;
    if desk.json {
        let lines: Vec<Value> = view.lines.iter().map(|line| charge_json(line, currency)).collect();
        print_json(&json!({
            "account": arguments.account, "currency": currency.code(), "at": now.to_string(), "charges": lines,
            "sealed": plain(sealed, currency), "open": plain(open, currency), "total": view.sum.plain(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if view.lines.is_empty() && open == 0 {
        println!("{} was charged nothing in this time.", arguments.account);
        return Ok(ExitCode::SUCCESS);
    }
    let code = currency.code();
    let mut table = match arguments.by {
        None => Table::new(&[
            ("number", Align::Number),
            ("from", Align::Left),
            ("to", Align::Left),
            ("product", Align::Left),
            ("resource", Align::Left),
            (&format!("charge {code}"), Align::Number),
            ("", Align::Left),
        ]),
        Some(by) => Table::new(&[(by.name(), Align::Left), (&format!("charge {code}"), Align::Number)]),
    };
    match arguments.by {
        None => {
            for line in &view.lines {
                let charge = &line.charge;
                let correction = if charge.number > 0 { "correction" } else { "" };
                table.row([
                    charge.chained.to_string(),
                    second(charge.from),
                    second(charge.to),
                    charge.product.to_string(),
                    line.resource.clone().unwrap_or_default(),
                    plain(charge.net, currency),
                    correction.to_owned(),
                ]);
            }
        }
        Some(by) => {
            for (name, units) in grouped(&view.lines, by)? {
                table.row([name, plain(units, currency)]);
            }
        }
    }
    let line = |name: &str, units: i64| match arguments.by {
        None => {
            let none = String::new;
            vec![none(), name.to_owned(), none(), none(), none(), plain(units, currency), none()]
        }
        Some(_) => vec![name.to_owned(), plain(units, currency)],
    };
    if open != 0 {
        table.row(line("not sealed yet", open));
    }
    table.total(line("total", view.sum.units()));
    print!("{table}");
    if saved != 0 {
        println!("Discounts have saved {} {code} of the price list.", plain(saved, currency));
    }
    Ok(ExitCode::SUCCESS)
}

const TOO_LARGE: &str = "the sum of these charges is larger than an amount can be: ask for less time";

fn sum(amounts: impl Iterator<Item = i64>) -> Result<i64, Failure> {
    let mut sum = 0_i64;
    for amount in amounts {
        sum = sum.checked_add(amount).ok_or(TOO_LARGE)?;
    }
    Ok(sum)
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            By::Product => "product",
            By::Resource => "resource",
            By::Day => "day",
        }
    }
}

/// The sum of each group, by name.
fn grouped(lines: &[ChargeLine], by: By) -> Result<BTreeMap<String, i64>, Failure> {
    let mut groups: BTreeMap<String, i64> = BTreeMap::new();
    for line in lines {
        let name = match by {
            By::Product => line.charge.product.to_string(),
            By::Resource => line.resource.clone().unwrap_or_else(|| line.charge.product.to_string()),
            By::Day => second(line.charge.from),
        };
        let group = groups.entry(name).or_default();
        *group = group.checked_add(line.charge.net).ok_or(TOO_LARGE)?;
    }
    Ok(groups)
}

fn charge_json(line: &ChargeLine, currency: Currency) -> Value {
    let charge = &line.charge;
    let mut paid: BTreeMap<&str, i64> = BTreeMap::new();
    for (source, part) in &charge.paid {
        let by = match source {
            Source::Lot(_) => "credit",
            Source::Cash => "cash",
            Source::Debt => "debt",
            Source::Unbilled => "next_bill",
        };
        let sum = paid.entry(by).or_default();
        *sum = sum.saturating_add(*part);
    }
    let paid: BTreeMap<&str, String> = paid.into_iter().map(|(by, units)| (by, plain(units, currency))).collect();
    let at = |at: Instant| at.to_string();
    json!({
        "number": charge.chained, "from": at(charge.from), "to": at(charge.to), "product": charge.product.to_string(), "resource": line.resource,
        "correction": charge.number > 0, "list": plain(charge.list, currency), "net": plain(charge.net, currency),
        "paid": paid, "recorded_at": at(charge.recorded),
    })
}

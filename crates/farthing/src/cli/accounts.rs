//! `farthing accounts`: who pays. Listed with their money, shown, opened, written to, and tried again when they could not be settled.

use super::store::{At, Desk, Place, engine_on, plain, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::policy::Pay;
use farthing_core::time::Instant;
use farthing_engine::{AccountFacts, AccountView, Clock, Contact, NewAccount};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Lists accounts with what they have, in the order of their opening.
    List(Listing),
    /// Shows one account: its money, its credit, whom to write to.
    Show(Named),
    /// Opens an account. Opened again with the same facts, nothing happens.
    Open(Open),
    /// Says whom to write to. What is not given stays as it is.
    Contact(ContactOf),
    /// Erases the person an account is written to, for good. Its charges and its ledger stay.
    Erase(Erase),
    /// Lists the accounts that cannot be settled, of all clouds, and why.
    Parked(Parked),
    /// Tries a parked account again.
    Retry(Named),
}

#[derive(Args, Debug)]
struct Listing {
    /// Only those whose names contain this.
    #[arg(long, value_name = "TEXT")]
    containing: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only those opened after this one.
    #[arg(long, value_name = "ACCOUNT")]
    after: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Named {
    account: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Open {
    /// Lower-case letters, digits, - and _.
    account: String,
    /// Whose days its charges are of, such as Europe/Rome; the cloud's when it is not given.
    #[arg(long)]
    zone: Option<String>,
    /// Two letters.
    #[arg(long)]
    country: Option<String>,
    /// Whether it pays before or after use; what the cloud says when it is not given.
    #[arg(long, value_enum)]
    pay: Option<PayWhen>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PayWhen {
    Prepaid,
    Postpaid,
}

#[derive(Args, Debug)]
struct Person {
    /// Whom to write to.
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    email: Option<String>,
    /// In which language, such as en or zh; the cloud's when it is not given.
    #[arg(long)]
    language: Option<String>,
}

#[derive(Args, Debug)]
struct ContactOf {
    account: String,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Erase {
    account: String,
    /// Does it: it cannot be taken back.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Parked {
    #[command(flatten)]
    at: At,
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Accounts read at once.
const PAGE: usize = 500;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(listing) => list(listing),
        Command::Show(named) => show(named),
        Command::Open(new) => open(new),
        Command::Contact(contact) => write_to(contact),
        Command::Erase(erased) => erase(erased),
        Command::Parked(parked) => list_parked(parked),
        Command::Retry(named) => retry(named),
    }
}

fn list(arguments: &Listing) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let (currency, now) = (desk.facts()?.currency, desk.engine.now()?);
    let containing = arguments.containing.as_deref().unwrap_or_default();
    let mut after = match &arguments.after {
        Some(account) => OwnerId(desk.engine.account_facts(&desk.cloud, account)?.number),
        None => OwnerId(0),
    };
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    let code = currency.code();
    let mut table = Table::new(&[
        ("account", Align::Left),
        (&format!("balance {code}"), Align::Number),
        ("accrued", Align::Number),
        ("held", Align::Number),
        ("available", Align::Number),
        ("due", Align::Number),
        ("runs out", Align::Left),
        ("state", Align::Left),
    ]);
    let mut accounts: Vec<Value> = Vec::new();
    let mut sums = [0_i64; 5];
    loop {
        let lines = desk.engine.accounts_viewed(&desk.cloud, after, containing, left.min(PAGE), now)?;
        let Some(last) = lines.last() else { break };
        after = OwnerId(last.facts.number);
        left -= lines.len();
        for line in &lines {
            let state = state_of(&line.facts, line.view.as_ref());
            if desk.json {
                accounts.push(account_json(&line.facts, line.view.as_ref(), now));
                continue;
            }
            let Some(view) = &line.view else {
                table.row([line.facts.name.as_str(), "", "", "", "", "", "", &state]);
                continue;
            };
            let numbers = [view.figures.balance, view.figures.accrued, view.held, view.available, view.due];
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum = sum.checked_add(number).ok_or("the sum of these accounts is larger than an amount can be")?;
            }
            let mut cells = vec![line.facts.name.clone()];
            cells.extend(numbers.iter().map(|units| plain(*units, currency)));
            cells.push(runs_out(view).map(second).unwrap_or_default());
            cells.push(state);
            table.row(cells);
        }
        if left == 0 {
            break;
        }
    }
    if desk.json {
        print_json(&json!({ "cloud": desk.cloud, "currency": code, "at": second(now), "accounts": accounts }))?;
    } else if table.is_empty() {
        println!("{} has no such accounts. `farthing accounts open` opens one.", desk.cloud);
    } else {
        let mut total = vec![counted(table.len(), "account")];
        total.extend(sums.iter().map(|sum| plain(*sum, currency)));
        total.extend([String::new(), String::new()]);
        table.total(total);
        print!("{table}");
    }
    Ok(ExitCode::SUCCESS)
}

fn show(arguments: &Named) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let now = desk.engine.now()?;
    let facts = desk.engine.account_facts(&desk.cloud, &arguments.account)?;
    let view = desk.engine.account_view(&desk.cloud, &arguments.account, now)?;
    if desk.json {
        print_json(&account_json(&facts, Some(&view), now))?;
        return Ok(ExitCode::SUCCESS);
    }
    let money = |units: i64| Money::from_units(units, view.currency);
    println!("{}", sentence(&facts, &view));
    println!();
    let mut table = Table::new(&[("", Align::Left), (view.currency.code(), Align::Number)]);
    for (name, units) in [
        ("balance", view.figures.balance),
        ("  of it credit", view.figures.credit),
        ("accrued", view.figures.accrued),
        ("held", view.held),
        ("available", view.available),
        ("due", view.due),
        ("an hour costs", view.burn_per_hour),
    ] {
        table.row([name.to_owned(), money(units).plain()]);
    }
    print!("{table}");
    if !view.lots.is_empty() {
        println!();
        let mut table = Table::new(&[
            ("credit", Align::Left),
            ("left", Align::Number),
            ("of", Align::Number),
            ("for", Align::Left),
            ("until", Align::Left),
            ("why", Align::Left),
        ]);
        for lot in &view.lots {
            let products: Vec<String> = lot.products.iter().map(ToString::to_string).collect();
            table.row([
                lot.name.clone(),
                money(lot.balance).plain(),
                money(lot.amount).plain(),
                if products.is_empty() { "everything".to_owned() } else { products.join(", ") },
                lot.expires.map_or_else(|| "it is used up".to_owned(), second),
                lot.reason.clone(),
            ]);
        }
        print!("{table}");
    }
    println!();
    let opened = second(Instant::from_micros(facts.opened));
    let pay = facts.pay.as_deref().map(|pay| format!(", {pay}")).unwrap_or_default();
    let country = if facts.country.is_empty() { String::new() } else { format!(", {}", facts.country) };
    println!("Opened {opened}; its days are those of {}{country}{pay}.", facts.zone);
    println!("{}", told_contact(&facts));
    Ok(ExitCode::SUCCESS)
}

fn open(arguments: &Open) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let person = &arguments.person;
    let contact = (person.name.is_some() || person.email.is_some() || person.language.is_some())
        .then(|| person.over(Contact::default()));
    let new = NewAccount {
        name: arguments.account.clone(),
        zone: arguments.zone.clone(),
        country: arguments.country.clone(),
        pay: arguments.pay.map(|pay| match pay {
            PayWhen::Prepaid => Pay::Prepaid,
            PayWhen::Postpaid => Pay::Postpaid,
        }),
        contact,
        currency: None,
    };
    let begun = desk.engine.now()?;
    let facts = desk.engine.open_account(&desk.cloud, &new)?;
    if desk.json {
        print_json(&account_json(&facts, None, begun))?;
    } else if facts.opened < begun.micros() {
        let opened = second(Instant::from_micros(facts.opened));
        println!("{} is there already, with these facts, since {opened}: nothing happened.", facts.name);
    } else {
        println!("{} is open: its days are those of {}.", facts.name, facts.zone);
    }
    Ok(ExitCode::SUCCESS)
}

fn write_to(arguments: &ContactOf) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let before = desk.engine.account_facts(&desk.cloud, &arguments.account)?;
    let contact = arguments.person.over(before.contact.unwrap_or_default());
    let facts = desk.engine.set_contact(&desk.cloud, &arguments.account, Some(&contact))?;
    told(&desk, &facts)
}

fn erase(arguments: &Erase) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let before = desk.engine.account_facts(&desk.cloud, &arguments.account)?;
    if !arguments.yes {
        println!(
            "This would erase the name and address that {} is written to, for good; its charges and ledger would stay.",
            before.name
        );
        println!("Nothing was erased: say --yes to do it.");
        return Ok(ExitCode::FAILURE);
    }
    let facts = desk.engine.set_contact(&desk.cloud, &arguments.account, None)?;
    told(&desk, &facts)
}

fn told(desk: &Desk, facts: &AccountFacts) -> Result<ExitCode, Failure> {
    if desk.json {
        print_json(&account_json(facts, None, desk.engine.now()?))?;
    } else {
        println!("{}", told_contact(facts));
    }
    Ok(ExitCode::SUCCESS)
}

fn list_parked(arguments: &Parked) -> Result<ExitCode, Failure> {
    let engine = engine_on(arguments.at.open()?, Clock::real(None)?);
    let parked = engine.parked()?;
    if arguments.json {
        let list: Vec<Value> =
            parked.iter().map(|row| json!({ "cloud": row.cloud, "account": row.name, "why": row.why })).collect();
        print_json(&json!({ "parked": list }))?;
    } else if parked.is_empty() {
        println!("No account is parked: all of them can be settled.");
    } else {
        let mut table = Table::new(&[("cloud", Align::Left), ("account", Align::Left), ("why", Align::Left)]);
        for row in &parked {
            table.row([&row.cloud, &row.name, &row.why].map(String::as_str));
        }
        print!("{table}");
        println!();
        println!("Mend what is told, mostly a price, then `farthing accounts retry ACCOUNT`.");
    }
    Ok(ExitCode::SUCCESS)
}

fn retry(arguments: &Named) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let retried = desk.engine.retry_parked(&desk.cloud, &arguments.account)?;
    if desk.json {
        print_json(&json!({ "account": arguments.account, "was": retried.was, "still": retried.still }))?;
    } else if let Some(still) = &retried.still {
        println!("{} stays parked: {still}.", arguments.account);
        println!("Nothing of it was charged. Mend that, then try again.");
    } else {
        println!("{} is settled up to now. It was parked: {}.", arguments.account, retried.was);
    }
    Ok(if retried.still.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Person {
    fn over(&self, before: Contact) -> Contact {
        let said = |new: &Option<String>, old: String| new.clone().unwrap_or(old);
        Contact {
            name: said(&self.name, before.name),
            email: said(&self.email, before.email),
            language: said(&self.language, before.language),
        }
    }
}

/// What has nothing and uses nothing is not about to run out.
fn runs_out(view: &AccountView) -> Option<Instant> {
    view.runs_out_at.filter(|_| view.burn_per_hour > 0 || view.available > 0)
}

/// The one question a page answers, in words.
fn sentence(facts: &AccountFacts, view: &AccountView) -> String {
    let money = |units: i64| Money::from_units(units, view.currency);
    let name = &facts.name;
    if let Some(closed) = facts.closed {
        return format!("{name} was closed on {}.", second(Instant::from_micros(closed)));
    }
    if !view.parked.is_empty() {
        return format!("{name} cannot be settled: {}. Mend that, then `farthing accounts retry {name}`.", view.parked);
    }
    let has = format!("{name} has {} available", money(view.available));
    match (view.ran_out_at, runs_out(view)) {
        (Some(since), _) => {
            let owes = if view.due > 0 { format!(", and owes {}", money(view.due)) } else { String::new() };
            format!("{name} ran out of money on {}{owes}.", second(since))
        }
        (None, Some(until)) => format!("{has}. At today's rate it runs out on {}.", second(until)),
        (None, None) => format!("{has}. Nothing that runs uses it up."),
    }
}

fn told_contact(facts: &AccountFacts) -> String {
    let Some(contact) = &facts.contact else { return format!("{} has nobody to write to.", facts.name) };
    let known = [&contact.name, &contact.email, &contact.language];
    let known: Vec<&str> = known.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    format!("{} is written to at {}.", facts.name, known.join(", "))
}

fn state_of(facts: &AccountFacts, view: Option<&AccountView>) -> String {
    let state = match view {
        _ if facts.closed.is_some() => "closed",
        None => "parked",
        Some(view) if !view.parked.is_empty() => "parked",
        Some(view) if view.ran_out_at.is_some() => "out of money",
        Some(_) => "open",
    };
    state.to_owned()
}

fn account_json(facts: &AccountFacts, view: Option<&AccountView>, at: Instant) -> Value {
    let micros = |at: i64| Instant::from_micros(at).to_string();
    let mut value = json!({
        "account": facts.name,
        "zone": facts.zone,
        "country": facts.country,
        "pay": facts.pay,
        "opened_at": micros(facts.opened),
        "closed_at": facts.closed.map(micros),
        "contact": facts.contact,
    });
    let Some(view) = view else { return value };
    let amount = |units: i64| plain(units, view.currency);
    let lots: Vec<Value> = view
        .lots
        .iter()
        .map(|lot| {
            let products: Vec<String> = lot.products.iter().map(ToString::to_string).collect();
            json!({
                "name": lot.name, "amount": amount(lot.amount), "left": amount(lot.balance), "products": products,
                "starts_at": lot.starts.to_string(), "expires_at": lot.expires.map(|at| at.to_string()),
                "reason": lot.reason,
            })
        })
        .collect();
    value["state"] = json!(state_of(facts, Some(view)));
    value["money"] = json!({
        "at": at.to_string(),
        "currency": view.currency.code(),
        "balance": amount(view.figures.balance),
        "credit": amount(view.figures.credit),
        "accrued": amount(view.figures.accrued),
        "held": amount(view.held),
        "available": amount(view.available),
        "due": amount(view.due),
        "burn_per_hour": amount(view.burn_per_hour),
        "runs_out_at": view.runs_out_at.map(|at| at.to_string()),
        "ran_out_at": view.ran_out_at.map(|at| at.to_string()),
    });
    value["credits"] = json!(lots);
    value["parked"] = if view.parked.is_empty() { Value::Null } else { json!(view.parked) };
    value
}

fn counted(count: usize, one: &str) -> String {
    super::check::counted(count, one)
}

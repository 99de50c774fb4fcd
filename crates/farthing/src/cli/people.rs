//! `farthing people`: who uses the console of a cloud's customers; `farthing operators`: who runs the clouds. Both work on the store itself: the
//! first operator has to come from somewhere.

use super::store::{At, Place, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::access::{OperatorRole, PersonId, Role};
use farthing_core::time::Instant;
use farthing_engine::{NewOperator, NewPerson, PersonFacts};
use serde_json::{Value, json};
use std::io::IsTerminal as _;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct People {
    #[command(subcommand)]
    command: PeopleCommand,
}

#[derive(Subcommand, Debug)]
enum PeopleCommand {
    /// Lists who uses the console, or only those of an account.
    List(ListPeople),
    /// Invites somebody: they are mailed a link to choose a password.
    Invite(Invite),
    /// Gives somebody a role in an account or a project.
    Role(RoleThere),
    /// Takes somebody out of an account or a project.
    Remove(Removal),
    /// Erases somebody: nothing of them is left.
    Erase(Erase),
}

#[derive(Args, Debug)]
struct ListPeople {
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Invite {
    email: String,
    #[arg(long)]
    account: String,
    /// One project of it; the whole account when it is not given.
    #[arg(long)]
    project: Option<String>,
    /// payer, admin, finance, member or viewer.
    #[arg(long)]
    role: String,
    #[arg(long, default_value = "")]
    name: String,
    /// Such as en or zh; the cloud's when it is not given.
    #[arg(long, default_value = "")]
    language: String,
    /// What the cloud's application calls them.
    #[arg(long)]
    person: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct RoleThere {
    /// The person's id, per_…, or their address.
    who: String,
    /// payer, admin, finance, member or viewer.
    role: String,
    #[arg(long)]
    account: String,
    #[arg(long)]
    project: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Removal {
    /// The person's id, per_…, or their address.
    who: String,
    #[arg(long)]
    account: String,
    #[arg(long)]
    project: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Erase {
    /// The person's id, per_…, or their address.
    who: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Operators {
    #[command(subcommand)]
    command: OperatorsCommand,
}

#[derive(Subcommand, Debug)]
enum OperatorsCommand {
    /// Adds an operator, or gives one another role, and prints a link by which they choose a password.
    Add(Add),
    /// Lists the operators.
    List(ListOperators),
    /// Takes an operator away: whoever sits there is signed out.
    Remove(Named),
    /// Gives an operator a password, read from standard input.
    Password(SetPassword),
    /// Prints a link by which an operator chooses a password, good for an hour.
    Link(Linked),
}

#[derive(Args, Debug)]
struct Add {
    email: String,
    /// owner, operator, finance or support.
    #[arg(long, default_value = "operator")]
    role: String,
    /// The cloud they run; every cloud when it is not given.
    #[arg(long)]
    cloud: Option<String>,
    #[arg(long, default_value = "")]
    name: String,
    #[arg(long, default_value = "")]
    language: String,
    /// Where the server is reached, for the link: its `public_url`.
    #[arg(long, value_name = "URL", env = "FARTHING_PUBLIC_URL", default_value = "")]
    url: String,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct ListOperators {
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct Named {
    email: String,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct SetPassword {
    email: String,
    /// Turns their second factor off as well: for whoever has lost it.
    #[arg(long)]
    without_second_factor: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct Linked {
    email: String,
    /// Where the server is reached: its `public_url`.
    #[arg(long, value_name = "URL", env = "FARTHING_PUBLIC_URL", default_value = "")]
    url: String,
    #[command(flatten)]
    at: At,
}

pub(crate) fn people(arguments: &People) -> Result<ExitCode, Failure> {
    match &arguments.command {
        PeopleCommand::List(listing) => list_people(listing)?,
        PeopleCommand::Invite(invite) => {
            let desk = invite.place.desk()?;
            let new = NewPerson {
                email: invite.email.clone(),
                name: invite.name.clone(),
                language: invite.language.clone(),
                person: invite.person.clone(),
                account: invite.account.clone(),
                project: invite.project.clone(),
                role: role(&invite.role)?,
            };
            let id = desk.engine.invite_person(&desk.cloud, &new, desk.engine.now()?)?;
            println!("{id} is invited to {}: the server mails them a link.", invite.account);
        }
        PeopleCommand::Role(change) => {
            let desk = change.place.desk()?;
            let id = who(&desk.engine.people(&desk.cloud, None, usize::MAX >> 1)?, &change.who)?;
            let place = (change.account.as_str(), change.project.as_deref());
            desk.engine.set_person_role(&desk.cloud, id, place, role(&change.role)?)?;
            println!("{id} is {} of {} now.", change.role, change.account);
        }
        PeopleCommand::Remove(removal) => {
            let desk = removal.place.desk()?;
            let id = who(&desk.engine.people(&desk.cloud, None, usize::MAX >> 1)?, &removal.who)?;
            desk.engine.remove_person(&desk.cloud, id, (removal.account.as_str(), removal.project.as_deref()))?;
            println!("{id} sees nothing of {} any more.", removal.project.as_ref().unwrap_or(&removal.account));
        }
        PeopleCommand::Erase(erase) => {
            let desk = erase.place.desk()?;
            let id = who(&desk.engine.people(&desk.cloud, None, usize::MAX >> 1)?, &erase.who)?;
            desk.engine.erase_person(&desk.cloud, id)?;
            println!("{id} is erased.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn operators(arguments: &Operators) -> Result<ExitCode, Failure> {
    match &arguments.command {
        OperatorsCommand::Add(add) => {
            let engine = add.at.engine()?;
            let unknown =
                || Failure::from(format!("{:?} is no role: there are owner, operator, finance and support", add.role));
            let new = NewOperator {
                email: add.email.clone(),
                name: add.name.clone(),
                role: OperatorRole::parse(&add.role).ok_or_else(unknown)?,
                cloud: add.cloud.clone(),
                language: add.language.clone(),
            };
            let now = engine.now()?;
            engine.operator_add(&new, now)?;
            if engine.operators()?.iter().any(|known| known.has_password && known.email == add.email.to_lowercase()) {
                println!("{} is {} now.", add.email, add.role);
            } else {
                print_link(&engine.operator_link(&add.email, now)?, &add.url);
            }
        }
        OperatorsCommand::List(listing) => list_operators(listing)?,
        OperatorsCommand::Remove(named) => {
            named.at.engine()?.operator_remove(&named.email)?;
            println!("{} opens nothing any more.", named.email);
        }
        OperatorsCommand::Password(set) => {
            let engine = set.at.engine()?;
            if std::io::stdin().is_terminal() {
                eprintln!("Type the new password and press Enter. It is shown as you type: a pipe shows nothing.");
            }
            let mut password = String::new();
            std::io::stdin().read_line(&mut password)?;
            let password = password.trim_end_matches(['\r', '\n']);
            engine.operator_password(&set.email, password, set.without_second_factor)?;
            println!("{} has a new password, and is signed out everywhere.", set.email);
        }
        OperatorsCommand::Link(linked) => {
            let engine = linked.at.engine()?;
            print_link(&engine.operator_link(&linked.email, engine.now()?)?, &linked.url);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_link((link, expires): &(farthing_core::access::Token, Instant), url: &str) {
    println!("{}/sign-in/password/{}", url.trim_end_matches('/'), link.reveal());
    eprintln!("Whoever opens it chooses the password. It is good once, until {}.", second(*expires));
}

fn role(text: &str) -> Result<Role, Failure> {
    Role::parse(text)
        .ok_or_else(|| format!("{text:?} is no role: there are payer, admin, finance, member and viewer").into())
}

/// By id, or by address.
fn who(people: &[PersonFacts], text: &str) -> Result<PersonId, Failure> {
    if let Ok(id) = PersonId::parse(text) {
        return Ok(id);
    }
    let found = people.iter().find(|person| person.email == text.to_lowercase());
    found
        .map(|person| person.id)
        .ok_or_else(|| format!("nobody here has the address {text:?}: `farthing people list` shows them").into())
}

fn list_people(listing: &ListPeople) -> Result<(), Failure> {
    let desk = listing.place.desk()?;
    let people = match &listing.account {
        None => desk.engine.people(&desk.cloud, None, usize::MAX >> 1)?,
        Some(account) => desk.engine.people_of_account(&desk.cloud, account)?,
    };
    if desk.json {
        let list: Vec<Value> = people
            .iter()
            .map(|person| {
                let roles: Vec<Value> = person
                    .roles
                    .iter()
                    .map(|role| json!({ "account": role.account, "project": role.project, "role": role.role }))
                    .collect();
                json!({
                    "id": person.id.to_string(), "person": person.person, "email": person.email, "name": person.name,
                    "roles": roles, "accepted": person.accepted, "second_factor": person.second_factor,
                    "invited_at": person.made.to_string(), "signed_in_at": person.signed_in.map(|at| at.to_string()),
                })
            })
            .collect();
        return print_json(&json!({ "cloud": desk.cloud, "people": list }));
    }
    if people.is_empty() {
        println!("Nobody uses the console yet: invite somebody with `farthing people invite`.");
        return Ok(());
    }
    let mut table =
        Table::new(&["person", "address", "roles", "second factor", "signed in"].map(|name| (name, Align::Left)));
    for person in &people {
        let roles = person.roles.iter().map(|role| match &role.project {
            None => format!("{} of {}", role.role, role.account),
            Some(project) => format!("{} of {}/{project}", role.role, role.account),
        });
        let seen = match (person.signed_in, person.accepted) {
            (Some(at), _) => second(at),
            (None, true) => "never".to_owned(),
            (None, false) => "invited".to_owned(),
        };
        table.row([
            person.id.to_string(),
            person.email.clone(),
            roles.collect::<Vec<_>>().join(", "),
            if person.second_factor { "on" } else { "off" }.to_owned(),
            seen,
        ]);
    }
    print!("{table}");
    Ok(())
}

fn list_operators(listing: &ListOperators) -> Result<(), Failure> {
    let operators = listing.at.engine()?.operators()?;
    if listing.json {
        let list: Vec<Value> = operators
            .iter()
            .map(|one| {
                json!({
                    "id": one.id.to_string(), "email": one.email, "name": one.name, "role": one.role.name(), "cloud": one.cloud,
                    "has_password": one.has_password, "second_factor": one.second_factor,
                    "signed_in_at": one.signed_in.map(|at| at.to_string()),
                })
            })
            .collect();
        return print_json(&json!({ "operators": list }));
    }
    if operators.is_empty() {
        println!("There are no operators: add one with `farthing operators add`.");
        return Ok(());
    }
    let mut table =
        Table::new(&["address", "role", "cloud", "second factor", "signed in"].map(|name| (name, Align::Left)));
    for one in &operators {
        let seen = match (one.signed_in, one.has_password) {
            (Some(at), _) => second(at),
            (None, true) => "never".to_owned(),
            (None, false) => "no password yet".to_owned(),
        };
        table.row([
            one.email.clone(),
            one.role.name().to_owned(),
            one.cloud.clone().unwrap_or_else(|| "every one".to_owned()),
            if one.second_factor { "on" } else { "off" }.to_owned(),
            seen,
        ]);
    }
    print!("{table}");
    Ok(())
}

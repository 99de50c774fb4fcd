//! Whom somebody who looks can come in as: for each cloud a customer who does well and others with something to look at, and those who run it all.
//! They are invited and have passwords like anybody else; that everybody may know these is the demo's.

use super::cast::{Temper, Town};
use super::customer::Customer;
use super::desk::PEOPLE;
use super::life::Life;
use crate::failure::Failure;
use farthing_console::Guest;
use farthing_core::access::{OperatorRole, Role};
use farthing_core::time::Instant;
use farthing_engine::{Engine, NewOperator, NewPerson, NewResource, Reported, ResourceFact};

/// Of all of them.
const PASSWORD: &str = "four farthings a penny";

/// Who comes in at a cloud, and for what: the first customer there is of one of these tempers.
struct Part {
    tempers: &'static [Temper],
    name: &'static str,
    role: Role,
    who: &'static str,
    look: &'static [&'static str],
    to: &'static str,
}

const PARTS: [Part; 4] = [
    Part {
        tempers: &[Temper::Growing, Temper::Steady],
        name: "Vera",
        role: Role::Payer,
        who: "who pays for a customer that grows",
        look: &[
            "Overview: what there is, how long it lasts, this month beside the last one.",
            "Costs: by product, project, user or label; then a resource, and why a charge is what it is.",
            "Bills, Balance and Subscriptions: papers to take along, top-ups, orders.",
        ],
        to: "",
    },
    Part {
        tempers: &[Temper::Leaver, Temper::RanDry, Temper::NearlyEmpty],
        name: "Noah",
        role: Role::Payer,
        who: "whose money has run out, or nearly",
        look: &["Overview says where the account stands and what comes next; top up and see it come back."],
        to: "",
    },
    Part {
        tempers: &[Temper::Disputer, Temper::Subscriber],
        name: "Mira",
        role: Role::Finance,
        who: "who looks after a customer's papers",
        look: &["Bills: each as PDF and e-invoice, one of them disputed where the cloud bills by the month."],
        to: "/bills",
    },
    Part {
        tempers: &[Temper::Silent, Temper::Steady],
        name: "Ada",
        role: Role::Member,
        who: "a member of one project of somebody else's account",
        look: &["Costs shows what Ada used there, and nothing of anybody else; bills and the balance are not hers."],
        to: "/costs",
    },
];

/// Makes those who come in, and says who they are. `now`: the real time, in which people live.
pub(super) fn invite(life: &Life, now: Instant) -> Result<Vec<Guest>, Failure> {
    let engine = life.engine();
    let mut guests = vec![operator(engine, now)?];
    for town in life.towns() {
        let mut taken: Vec<&str> = Vec::new();
        for part in &PARTS {
            let fits = |customer: &&Customer| {
                let fits = customer.here && customer.temper != Temper::Registered;
                fits && part.tempers.contains(&customer.temper) && !taken.contains(&customer.name.as_str())
            };
            // Those whom the list names first come first.
            let of = |temper: &Temper| town.customers.iter().filter(fits).find(|customer| customer.temper == *temper);
            if let Some(customer) = part.tempers.iter().find_map(of) {
                guests.push(guest(engine, town, customer, part, now)?);
                taken.push(&customer.name);
            }
        }
    }
    Ok(guests)
}

fn operator(engine: &Engine, now: Instant) -> Result<Guest, Failure> {
    let email = "owner@farthing.example".to_owned();
    let new = NewOperator {
        email: email.clone(),
        name: "Olga".to_owned(),
        role: OperatorRole::Owner,
        cloud: None,
        language: String::new(),
    };
    engine.operator_add(&new, now)?;
    engine.operator_password(&email, PASSWORD, false)?;
    Ok(Guest {
        cloud: String::new(),
        at: "All five clouds".to_owned(),
        name: new.name,
        email,
        password: PASSWORD.to_owned(),
        who: "who runs them".to_owned(),
        look: vec![
            "The clouds with what their customers have and owe, and whether everything adds up.".to_owned(),
            "Any customer: their charges, payments, the ledger behind them; what waits for somebody's decision."
                .to_owned(),
        ],
        to: "/".to_owned(),
    })
}

fn guest(engine: &Engine, town: &Town, customer: &Customer, part: &Part, now: Instant) -> Result<Guest, Failure> {
    let (cloud, account) = (&town.cloud.id, &customer.name);
    let email = format!("{}@{account}.example", part.name.to_lowercase());
    // A member is known by the name under which the cloud reports whose use it is.
    let member = part.role == Role::Member;
    let new = NewPerson {
        email: email.clone(),
        name: part.name.to_owned(),
        language: String::new(),
        person: member.then(|| PEOPLE[0].0.to_owned()),
        account: account.clone(),
        project: member.then(|| account.clone()),
        role: part.role,
    };
    let id = engine.invite_person(cloud, &new, now)?;
    engine.person_password(cloud, id, PASSWORD)?;
    if member && let Some(machine) = town.menu.machines.first() {
        // So that there is something of hers whatever the dice have said.
        let start = NewResource {
            project: Some(account.clone()),
            product: Some(machine.product.to_string()),
            sku: machine.sku.as_ref().map(ToString::to_string),
            user: Some(PEOPLE[0].0.to_owned()),
            ..NewResource::default()
        };
        let fact =
            ResourceFact { resource: format!("{account}-notebook"), at: None, id: None, what: Reported::Start(start) };
        // Where the money is not there for it, it is not there.
        drop(engine.record_fact(cloud, &fact));
    }
    let to = if part.to.is_empty() { String::new() } else { format!("/c/{cloud}/{account}{}", part.to) };
    Ok(Guest {
        cloud: cloud.clone(),
        at: town.cloud.name.clone(),
        name: part.name.to_owned(),
        email,
        password: PASSWORD.to_owned(),
        who: format!("{} ({account})", part.who),
        look: part.look.iter().map(|line| (*line).to_owned()).collect(),
        to,
    })
}

//! Whom somebody who looks can come in as: for each cloud a customer who does well and others with something to look at, and those who run it all.
//! They are invited and have passwords like anybody else; that everybody may know these is the demo's.

use super::cast::{Temper, Town};
use super::customer::Customer;
use super::desk::PEOPLE;
use super::life::Life;
use crate::failure::Failure;
use farthing_console::{Guest, Said};
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
    who: Said,
    look: &'static [Said],
    to: &'static str,
}

const PARTS: [Part; 4] = [
    Part {
        tempers: &[Temper::Growing, Temper::Steady],
        name: "Vera",
        role: Role::Payer,
        who: Said { en: "who pays for a customer that grows", zh: "为一个增长中的客户付款" },
        look: &[
            Said {
                en: "Overview: what there is, how long it lasts, this month beside the last one.",
                zh: "概览：有多少钱、能用多久、本月与上月对比。",
            },
            Said {
                en: "Costs: by product, project, user or label; then a resource, and why a charge is what it is.",
                zh: "费用：按产品、项目、用户或标签；再看一个资源，以及一笔扣费从何而来。",
            },
            Said {
                en: "Bills, Balance and Subscriptions: papers to take along, top-ups, orders.",
                zh: "账单、余额和订阅：可下载的单据、充值、订单。",
            },
        ],
        to: "",
    },
    Part {
        tempers: &[Temper::Leaver, Temper::RanDry, Temper::NearlyEmpty],
        name: "Noah",
        role: Role::Payer,
        who: Said { en: "whose money has run out, or nearly", zh: "余额已用完或即将用完" },
        look: &[Said {
            en: "Overview says where the account stands and what comes next; top up and see it come back.",
            zh: "概览说明账户现状和接下来会发生什么；充值后看它恢复。",
        }],
        to: "",
    },
    Part {
        tempers: &[Temper::Disputer, Temper::Subscriber],
        name: "Mira",
        role: Role::Finance,
        who: Said { en: "who looks after a customer's papers", zh: "管理一个客户的单据" },
        look: &[Said {
            en: "Bills: each as PDF and e-invoice, one of them disputed where the cloud bills by the month.",
            zh: "账单：每张都有 PDF 和电子发票；按月出账的云里有一张正有争议。",
        }],
        to: "/bills",
    },
    Part {
        tempers: &[Temper::Silent, Temper::Steady],
        name: "Ada",
        role: Role::Member,
        who: Said {
            en: "a member of one project of somebody else's account", zh: "他人账户中一个项目的成员"
        },
        look: &[Said {
            en: "Costs shows what Ada used there, and nothing of anybody else; bills and the balance are not hers.",
            zh: "费用只显示 Ada 在那里用了什么；账单和余额与她无关。",
        }],
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
        at: String::new(),
        account: String::new(),
        name: new.name,
        email,
        password: PASSWORD.to_owned(),
        who: Said { en: "who runs them", zh: "运营所有这些云" },
        look: vec![
            Said {
                en: "The clouds with what their customers have and owe, and whether everything adds up.",
                zh: "各个云、其客户的余额与欠款，以及账目是否全部平衡。",
            },
            Said {
                en: "Any customer: their charges, payments, the ledger behind them; what waits for somebody's decision.",
                zh: "任一客户：费用、付款、背后的账本；以及等待处理的事项。",
            },
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
        account: account.clone(),
        name: part.name.to_owned(),
        email,
        password: PASSWORD.to_owned(),
        who: part.who,
        look: part.look.to_vec(),
        to,
    })
}

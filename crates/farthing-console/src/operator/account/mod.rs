//! One account: who it is and how it stands, everything that happened to it as one line of time, and what an operator may do about it. Below it
//! the pages that its own people have, to look at.

mod actions;
mod customer_pages;
mod ledger;
mod timeline;

pub(super) use actions::{
    bill_page as bill_actions_page, credit_bill, end_keep, give_credit, keep, page as actions_page, refund,
    reissue_bill, retry, waive, write_off_bill,
};
pub(super) use customer_pages::{Looking, account_file, bill_page, charge_page, looks};
pub(super) use ledger::page as ledger_page;
pub(super) use timeline::state_name;

use super::ask::{Ask, Page, found};
use super::today::standing;
use crate::block::{Block, Cell, Fact, Item, Link, Notice, Section};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;
use farthing_core::time::Instant;
use farthing_engine::{AccountFacts, AccountStanding, KeepFacts, LadderFacts};

/// What is known of the account that an address names.
pub(super) struct Known {
    pub(super) facts: AccountFacts,
    pub(super) standing: AccountStanding,
    pub(super) ladder: LadderFacts,
    pub(super) keep: Option<KeepFacts>,
}

impl Known {
    pub(super) fn of(ask: &Ask) -> Result<Known, PageError> {
        let (engine, id, name) = (ask.engine(), ask.id(), ask.name("customer"));
        let facts = found(engine.account_facts(id, name), ask)?;
        let standing = found(engine.account_standing(id, name, ask.now), ask)?;
        let ladder = found(engine.ladder(id, name), ask)?;
        let keeps = found(engine.keeps(id), ask)?;
        let keep = keeps.into_iter().find(|keep| keep.what == "account" && keep.name == name);
        Ok(Known { facts, standing, ladder, keep })
    }

    pub(super) fn name(&self) -> &str {
        &self.facts.name
    }
}

/// The pages of one account: the key of what each is called, and where it is.
const TABS: [(&str, &str); 9] = [
    ("account.timeline", ""),
    ("nav.costs", "/costs"),
    ("nav.resources", "/resources"),
    ("nav.bills", "/bills"),
    ("nav.balance", "/balance"),
    ("nav.credits", "/credits"),
    ("nav.orders", "/orders"),
    ("account.ledger", "/ledger"),
    ("account.actions", "/actions"),
];

pub(super) fn tabs(ask: &Ask, name: &str, here: &str) -> Block {
    let links = TABS.map(|(key, rest)| {
        Link::new(ask.account_at(name, rest), ask.language.find(key).unwrap_or(key)).here(rest == here)
    });
    Block::Switch { label: ask.say("account.pages").to_owned(), links: links.into() }
}

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let known = Known::of(ask)?;
    let name = known.name();
    let mut page = Page::under(ask, "ops.accounts", "/accounts", name.to_owned(), sentence(ask, &known)?);
    let mut head = vec![tabs(ask, name, "")];
    head.push(Block::Notices(notices(ask, &known)?));
    head.push(Block::Figures(figures(ask, &known)?));
    head.push(Block::Facts(facts(ask, &known)?));
    page = page.section(Section::plain(head));
    Ok(page.section(timeline::section(ask, &known)?))
}

/// "acme has $41.20. It stands well."
fn sentence(ask: &Ask, known: &Known) -> Result<String, PageError> {
    let name = known.name();
    let Some(view) = known.standing.view.as_ref().filter(|_| known.standing.parked.is_empty()) else {
        return Ok(ask.with("account.parked", &[("name", name)]));
    };
    let stands = standing(ask, &known.ladder.standing).text;
    let available = ask.money(view.available)?;
    let mut told = vec![if view.due > 0 {
        let due = ask.money(view.due)?;
        ask.with("account.owes", &[("name", name), ("amount", &available), ("due", &due), ("standing", &stands)])
    } else {
        ask.with("account.has", &[("name", name), ("amount", &available), ("standing", &stands)])
    }];
    if let Some(end) = view.runs_out_at.filter(|end| *end > ask.now && view.ran_out_at.is_none()) {
        let lasts = ask.language.length(end.seconds_since(ask.now));
        let until = ask.language.until(end, ask.now, &ask.zone)?;
        told.push(ask.with("standing.lasts", &[("length", &lasts), ("date", &until)]));
    }
    Ok(ask.language.sentences(&told))
}

/// What is to be looked at, the gravest first.
fn notices(ask: &Ask, known: &Known) -> Result<Vec<Notice>, PageError> {
    let mut notices = Vec::new();
    let actions = || Link::new(ask.account_at(known.name(), "/actions"), ask.say("account.actions"));
    if !known.standing.parked.is_empty() {
        let words = ask.with("account.parked_why", &[("why", &known.standing.parked)]);
        notices.push(Notice::new("bad", words).leading(actions()));
    }
    if let Some(keep) = &known.keep {
        let since = ask.day(keep.since)?.text;
        let words = ask.with("account.kept", &[("who", &keep.who), ("since", &since), ("why", &keep.why)]);
        notices.push(Notice::new("warn", words).leading(actions()));
    }
    if let Some(step) = known.ladder.steps.first().filter(|_| known.ladder.standing != "good") {
        let word = ask.language.word("ops.step", &step.step);
        let at = ask.moment(Instant::from_micros(step.at))?.text;
        let announced = i64::try_from(step.announced).unwrap_or(i64::MAX);
        let announced = ask.language.count("account.announced", announced);
        let words = ask.with("account.next_step", &[("step", &word), ("time", &at), ("announced", &announced)]);
        notices.push(Notice::new("warn", words));
    }
    if !known.ladder.held.is_empty() {
        notices.push(Notice::new("warn", ask.with("account.held", &[("why", &known.ladder.held)])));
    }
    if let Some(closed) = known.facts.closed {
        notices.push(Notice::new("warn", ask.with("account.closed", &[("date", &ask.day(closed)?.text)])));
    }
    if notices.is_empty() {
        notices.push(Notice::new("good", ask.say("account.in_order")));
    }
    Ok(notices)
}

fn figures(ask: &Ask, known: &Known) -> Result<Vec<Item>, PageError> {
    let Some(view) = &known.standing.view else { return Ok(Vec::new()) };
    let item = |key: &'static str, units: i64| Ok(Item::new(ask.say(key), ask.amount(units)?));
    let mut items = [
        ("account.balance", view.figures.balance),
        ("figure.accrued", view.figures.accrued_prepaid),
        ("figure.held", view.held),
        ("figure.available", view.available),
        ("figure.due", view.due),
    ]
    .into_iter()
    .map(|(key, units)| item(key, units))
    .collect::<Result<Vec<Item>, PageError>>()?;
    items.push(Item::new(ask.say("figure.rate"), Cell::amount(ask.notation.fine(i128::from(view.burn_per_hour))?)));
    let waits = view.figures.accrued.saturating_sub(view.figures.accrued_prepaid);
    if waits > 0 {
        items.push(item("figure.next_bill", waits)?);
    }
    Ok(items)
}

fn facts(ask: &Ask, known: &Known) -> Result<Vec<Fact>, PageError> {
    let (engine, id, name) = (ask.engine(), ask.id(), known.name());
    let mut facts = vec![Fact::new(ask.say("account.opened"), ask.day(known.facts.opened)?)];
    if let Some(contact) = &known.facts.contact {
        facts.push(Fact::new(ask.say("account.contact"), Cell::text(contact.email.clone()).note(contact.name.clone())));
    }
    let company = found(engine.company(id, name), ask)?;
    if !company.name.is_empty() {
        facts.push(Fact::new(ask.say("settings.company_name"), Cell::text(company.name).note(company.tax_number)));
    }
    let pay = known.facts.pay.clone().unwrap_or_else(|| "cloud".to_owned());
    facts.push(Fact::new(ask.say("account.pays"), Cell::text(ask.language.word("account.pay", &pay))));
    let methods = found(engine.methods(id, name, false), ask)?;
    if !methods.is_empty() {
        let cell = |method: &farthing_engine::MethodFacts| {
            let label = format!("{} {}", method.brand, method.last4).trim().to_owned();
            let label = if label.is_empty() { ask.language.word("channel", &method.channel) } else { label };
            let note = if method.default { ask.say("methods.default") } else { "" };
            Cell::text(label).note(note)
        };
        facts.push(Fact::many(ask.say("account.methods"), methods.iter().map(cell).collect()));
    }
    if super::waiting::ruled(engine.takes_transfers(id))?.unwrap_or(false)
        && ask.may(OperatorDeed::SeeMoney)
        && let Some(details) = super::waiting::ruled(engine.transfer_details(id, name, None))?
    {
        facts.push(Fact::new(ask.say("transfer_to.reference"), Cell::text(details.reference)));
    }
    Ok(facts)
}

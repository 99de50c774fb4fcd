//! Today: what this month has earned, what is owed, by whom it may be lost, what waits for a person and for how long; and the brake.

use super::ask::{Ask, Page, found};
use super::waiting::Waiting;
use crate::block::{Block, Cell, Item, Link, Notice, Section, Table};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;
use farthing_core::ledger::Month;
use farthing_core::time::Instant;
use farthing_engine::{AtRisk, CloudToday};

/// As many accounts at risk as are named here; the others are among the accounts.
const NAMED: usize = 10;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let today = found(ask.engine().look_at_today(ask.id()), ask)?;
    let risks = found(ask.engine().at_risk(ask.id()), ask)?;
    let waiting = Waiting::of(ask)?;
    let mut page = Page::new(ask, "ops.today", sentence(ask, &today, &risks, &waiting)?);
    let now = ask.moment(ask.now)?.text;
    let mut head = vec![Block::Lead(ask.with("today.as_of", &[("time", &now), ("zone", ask.zone.name())]))];
    if ask.may(OperatorDeed::SeeMoney) {
        head.push(Block::Figures(figures(ask, &today)?));
        head.push(Block::Links(vec![ask.link("/money", "ops.money")]));
    }
    page = page.section(Section::plain(head));
    page = page.section(Section::new(ask.say("today.brake"), vec![Block::Notices(vec![brake(ask, &today)?])]));
    page = page.section(Section::new(ask.say("ops.queues"), vec![Block::Table(queues(ask, &waiting))]));
    Ok(page.section(Section::at("risk", ask.say("today.risk"), vec![Block::Table(at_risk(ask, &risks)?)])))
}

/// "November has earned $1,204.50 so far. Three accounts owe $45.10 and are in arrears. Two things wait for a person."
fn sentence(ask: &Ask, today: &CloudToday, risks: &[AtRisk], waiting: &Waiting) -> Result<String, PageError> {
    let mut told = Vec::new();
    if ask.may(OperatorDeed::SeeMoney) {
        let earned = ask.notation.full(today.month.as_ref().map_or(0, Month::revenue))?.text;
        let month = ask.language.month(ask.zone.civil_date_of(ask.now)?.first_of_month());
        told.push(ask.with("today.earned", &[("month", &month), ("amount", &earned)]));
    }
    if risks.is_empty() {
        told.push(ask.say("today.nobody").to_owned());
    } else {
        let accounts = ask.count("today.accounts", risks.len());
        let amount = ask.money(owed(risks))?;
        told.push(ask.with("today.at_risk", &[("accounts", &accounts), ("amount", &amount)]));
    }
    told.push(match waiting.count() {
        0 => ask.say("today.nothing_waits").to_owned(),
        many => ask.count("today.waits", many),
    });
    if today.brake.is_some() {
        told.push(ask.say("today.brake_is_on").to_owned());
    }
    Ok(ask.language.sentences(&told))
}

fn owed(risks: &[AtRisk]) -> i64 {
    risks.iter().fold(0, |sum, risk| sum.saturating_add(risk.owed))
}

fn figures(ask: &Ask, today: &CloudToday) -> Result<Vec<Item>, PageError> {
    let this = ask.zone.civil_date_of(ask.now)?.first_of_month();
    let item = |label: String, units: i128| Ok(Item::new(label, Cell::amount(ask.notation.full(units)?)));
    let so_far = ask.with("month.so_far", &[("month", &ask.language.month(this))]);
    let before = ask.with("month.before_whole", &[("month", &ask.language.month(this.add_months(-1)?))]);
    [
        (so_far, today.month.as_ref().map_or(0, Month::revenue)),
        (before, today.month_before.as_ref().map_or(0, Month::revenue)),
        (ask.say("money.receivable").to_owned(), today.receivable),
        (ask.say("money.unbilled").to_owned(), today.unbilled),
        (ask.say("money.deferred").to_owned(), today.deferred),
        (ask.say("money.balances").to_owned(), today.balances),
    ]
    .into_iter()
    .map(|(label, units)| item(label, units))
    .collect()
}

/// Whether the brake is on, and since when.
pub(super) fn brake(ask: &Ask, today: &CloudToday) -> Result<Notice, PageError> {
    Ok(match &today.brake {
        None => Notice::new("good", ask.say("brake.off")),
        Some(brake) => {
            let since = ask.moment(brake.since)?.text;
            let words = ask.with("brake.on", &[("since", &since), ("why", &brake.why)]);
            Notice::new("bad", words).leading(ask.link("/queues#held", "brake.look"))
        }
    })
}

fn queues(ask: &Ask, waiting: &Waiting) -> Table {
    let columns = ["today.queue", "#today.count", "today.oldest"];
    let mut table = ask.table(ask.say("today.queues_caption"), &columns, "today.nothing_waits");
    for queue in waiting.queues() {
        let name = ask.language.word("queue", queue.name);
        let name = Cell::link(ask.at(&format!("/queues#{}", queue.name)), name);
        let count = Cell::number(crate::grouped(queue.count as u64));
        let count = if queue.count == 0 { count.class("zero") } else { count };
        table.row(vec![name, count, Cell::text(queue.oldest.map(|at| age(ask, at)).unwrap_or_default())]);
    }
    table
}

/// "9 days": for how long something has waited, a minute at least.
pub(super) fn age(ask: &Ask, since: Instant) -> String {
    ask.language.length(ask.now.seconds_since(since).max(60))
}

fn at_risk(ask: &Ask, risks: &[AtRisk]) -> Result<Table, PageError> {
    let columns = ["accounts.name", "accounts.standing", "today.since", "today.next", "#today.owes"];
    let caption = ask.with("today.risk_caption", &[("count", &risks.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "today.nobody");
    for risk in risks.iter().take(NAMED) {
        let ladder = &risk.ladder;
        let next = match ladder.steps.first() {
            Some(step) => {
                let word = ask.language.word("ops.step", &step.step);
                let at = Instant::from_micros(step.at);
                // What was to come and is held waits.
                if at <= ask.now { Cell::text(word).note(ladder.held.clone()) } else { ask.moment(at)?.note(word) }
            }
            None => Cell::text(""),
        };
        table.row(vec![
            Cell::link(ask.account_at(&ladder.account, ""), ladder.account.clone()),
            standing(ask, &ladder.standing),
            ladder.since.map_or_else(|| Ok(Cell::text("")), |since| ask.day(since))?,
            next,
            ask.bare(risk.owed)?,
        ]);
    }
    if risks.len() > NAMED {
        let words = ask.with("today.all_at_risk", &[("count", &risks.len().to_string())]);
        table.links.push(Link::new(ask.at("/accounts?standing=arrears"), words));
    }
    let mut total: Vec<Cell> = (0..columns.len()).map(|_| Cell::text("")).collect();
    total[0] = Cell::text(ask.say("total"));
    total[4] = ask.bare(owed(risks))?;
    Ok(table.total(total))
}

/// How an account stands, in words and for the eye.
pub(super) fn standing(ask: &Ask, name: &str) -> Cell {
    let class = match name {
        "good" => "good",
        "low" | "grace" | "due" => "warn",
        _ => "bad",
    };
    Cell::text(ask.language.word("ops.standing", name)).class(class)
}

//! Accounts: found by anything that somebody has of one, else a page of all of them, each with how it stands.

use super::ask::{Ask, Page, found};
use super::today::standing;
use crate::block::{Block, Cell, Field, Form, Link, Section, Table};
use crate::frame::{PageError, segment};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;
use farthing_engine::{AccountLine, FoundAccount, LadderFacts};
use std::collections::BTreeMap;

const PAGE: usize = 50;
/// As many as a search finds.
const FOUND: usize = 100;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let text = ask.asked("q").unwrap_or_default();
    let search = Form::get(ask.at("/accounts"), ask.say("accounts.search_button"))
        .field(Field::of("q", ask.say("accounts.search"), "search").value(text).help(ask.say("accounts.search_help")));
    let ladders = found(ask.engine().ladders(ask.id()), ask)?;
    let ladders: BTreeMap<&str, &LadderFacts> = ladders.iter().map(|one| (one.account.as_str(), one)).collect();
    let links = ["", "arrears", "parked"].map(|wanted| {
        let rest = if wanted.is_empty() { "/accounts".to_owned() } else { format!("/accounts?standing={wanted}") };
        let here = text.is_empty() && ask.asked("standing").unwrap_or_default() == wanted;
        let key = if wanted.is_empty() { "all" } else { wanted };
        Link::new(ask.at(&rest), ask.language.word("accounts.which", key)).here(here)
    });
    let (sentence, table) = if text.is_empty() {
        match ask.asked("standing") {
            None => listed(ask, &ladders)?,
            Some("parked") => parked(ask)?,
            Some(_) => in_arrears(ask, &ladders)?,
        }
    } else {
        searched(ask, text, &ladders)?
    };
    Ok(Page::new(ask, "ops.accounts", sentence).section(Section::plain(vec![
        Block::Form(search.short()),
        Block::Switch { label: ask.say("accounts.switch").to_owned(), links: links.into() },
        Block::Table(table),
    ])))
}

fn stands(ask: &Ask, ladders: &BTreeMap<&str, &LadderFacts>, line: Option<&AccountLine>, name: &str) -> Cell {
    if line.is_some_and(|line| line.facts.closed.is_some()) {
        return Cell::text(ask.say("accounts.closed")).class("muted");
    }
    let parked = |line: &AccountLine| line.view.as_ref().is_none_or(|view| !view.parked.is_empty());
    if line.is_some_and(parked) {
        return Cell::text(ask.say("accounts.parked")).class("bad");
    }
    standing(ask, ladders.get(name).map_or("good", |ladder| ladder.standing.as_str()))
}

fn listed(ask: &Ask, ladders: &BTreeMap<&str, &LadderFacts>) -> Result<(String, Table), PageError> {
    let after = ask.asked("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut lines = found(ask.engine().accounts_viewed(ask.id(), OwnerId(after), "", PAGE + 1, ask.now), ask)?;
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let open = found(ask.engine().look_at_today(ask.id()), ask)?.accounts;
    let sentence = ask.language.count("accounts.sentence", open);
    let mut table = table(ask, ask.with("accounts.caption", &[("code", ask.currency())]));
    for line in &lines {
        table.row(row(ask, line, stands(ask, ladders, Some(line), &line.facts.name))?);
    }
    if let Some(last) = lines.last().filter(|_| more) {
        let address = ask.at(&format!("/accounts?after={}", last.facts.number));
        table.links.push(Link::new(address, ask.say("accounts.next")));
    }
    Ok((sentence, table))
}

fn table(ask: &Ask, caption: String) -> Table {
    let columns =
        ["accounts.name", "accounts.standing", "#figure.cash", "#figure.credit", "#figure.due", "accounts.lasts"];
    ask.table(caption, &columns, "accounts.empty")
}

fn row(ask: &Ask, line: &AccountLine, stands: Cell) -> Result<Vec<Cell>, PageError> {
    let name = &line.facts.name;
    let contact = line.facts.contact.as_ref().map(|contact| contact.email.clone()).unwrap_or_default();
    let Some(view) = &line.view else {
        let nothing = || Cell::text("");
        let name = Cell::link(ask.account_at(name, ""), name.clone()).note(contact);
        return Ok(vec![name, stands, nothing(), nothing(), nothing(), nothing()]);
    };
    let lasts = match (view.ran_out_at, view.runs_out_at) {
        (Some(since), _) => ask.with("accounts.out_since", &[("date", &ask.day(since.micros())?.text)]),
        (None, Some(end)) if end > ask.now => ask.language.length(end.seconds_since(ask.now)),
        (None, Some(_)) => ask.say("accounts.used_up").to_owned(),
        (None, None) if view.burn_per_hour > 0 => ask.say("accounts.years").to_owned(),
        (None, None) => String::new(),
    };
    Ok(vec![
        Cell::link(ask.account_at(name, ""), name.clone()).note(contact),
        stands,
        ask.bare(view.figures.cash)?,
        ask.bare(view.figures.credit)?,
        ask.bare(view.due)?,
        Cell::text(lasts),
    ])
}

/// One line an account, by its name alone.
fn line_of(ask: &Ask, name: &str) -> Result<Option<AccountLine>, PageError> {
    let lines = found(ask.engine().accounts_viewed(ask.id(), OwnerId(0), name, FOUND, ask.now), ask)?;
    Ok(lines.into_iter().find(|line| line.facts.name == name))
}

fn in_arrears(ask: &Ask, ladders: &BTreeMap<&str, &LadderFacts>) -> Result<(String, Table), PageError> {
    let risks = found(ask.engine().at_risk(ask.id()), ask)?;
    let sum = risks.iter().fold(0_i64, |sum, risk| sum.saturating_add(risk.owed));
    let columns =
        ["accounts.name", "accounts.standing", "today.since", "accounts.cause", "accounts.held", "#today.owes"];
    let caption = ask.with("today.risk_caption", &[("count", &risks.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "today.nobody");
    for risk in &risks {
        let ladder = &risk.ladder;
        table.row(vec![
            Cell::link(ask.account_at(&ladder.account, ""), ladder.account.clone()),
            stands(ask, ladders, None, &ladder.account),
            ladder.since.map_or_else(|| Ok(Cell::text("")), |since| ask.day(since))?,
            Cell::text(ask.language.word("ops.cause", &ladder.cause)),
            Cell::text(ladder.held.clone()),
            ask.bare(risk.owed)?,
        ]);
    }
    let mut total: Vec<Cell> = (0..columns.len()).map(|_| Cell::text("")).collect();
    total[0] = Cell::text(ask.say("total"));
    total[5] = ask.bare(sum)?;
    let sentence = if risks.is_empty() {
        ask.say("today.nobody").to_owned()
    } else {
        let accounts = ask.count("today.accounts", risks.len());
        ask.with("today.at_risk", &[("accounts", &accounts), ("amount", &ask.money(sum)?)])
    };
    Ok((sentence, table.total(total)))
}

fn parked(ask: &Ask) -> Result<(String, Table), PageError> {
    let rows: Vec<_> = ask.engine().parked()?.into_iter().filter(|row| row.cloud == ask.id()).collect();
    let caption = ask.with("queues.parked_caption", &[("count", &rows.len().to_string())]);
    let mut table = ask.table(caption, &["accounts.name", "queues.why"], "queues.parked_empty");
    for row in &rows {
        table.row(vec![Cell::link(ask.account_at(&row.name, ""), row.name.clone()), Cell::text(row.why.clone())]);
    }
    let sentence = match rows.len() {
        0 => ask.say("queues.parked_empty").to_owned(),
        many => ask.count("accounts.cannot_be_settled", many),
    };
    Ok((sentence, table))
}

/// What was found, each account once, with what of it the words were found in.
fn searched(ask: &Ask, text: &str, ladders: &BTreeMap<&str, &LadderFacts>) -> Result<(String, Table), PageError> {
    let all = found(ask.engine().find_accounts(ask.id(), text, FOUND), ask)?;
    let mut by_account: Vec<(&str, Vec<&FoundAccount>)> = Vec::new();
    for one in &all {
        match by_account.iter_mut().find(|(name, _)| *name == one.account) {
            Some((_, ways)) => ways.push(one),
            None => by_account.push((&one.account, vec![one])),
        }
    }
    let columns = ["accounts.name", "accounts.found_in", "accounts.standing", "#figure.cash", "#figure.due"];
    let caption = ask.with("accounts.found_caption", &[("text", text), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "accounts.not_found");
    for (name, ways) in &by_account {
        let told = ways.iter().take(4).map(|one| {
            let place = ask.language.word("found", one.by.name());
            ask.with("accounts.found_as", &[("place", &place), ("what", &one.what)])
        });
        let line = line_of(ask, name)?;
        let view = line.as_ref().and_then(|line| line.view.as_ref());
        let (cash, due) = view.map_or((0, 0), |view| (view.figures.cash, view.due));
        table.row(vec![
            Cell::link(ask.account_at(name, ""), (*name).to_owned()),
            Cell::text(ask.language.list(&told.collect::<Vec<_>>())),
            stands(ask, ladders, line.as_ref(), name),
            ask.bare(cash)?,
            ask.bare(due)?,
        ]);
    }
    let sentence = match by_account.len() {
        0 => ask.with("accounts.nothing_found", &[("text", text)]),
        many => ask.count("accounts.found", many),
    };
    Ok((sentence, table))
}

/// A cursor of pages by time.
pub(super) fn before(ask: &Ask, name: &str) -> Option<Instant> {
    ask.asked(name).and_then(|text| text.parse().ok()).map(Instant::from_micros)
}

/// `key=value` of an address.
pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{name}={}", segment(value))
}

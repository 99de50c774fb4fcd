//! Projects I only take part in (R65): those of other accounts that the visitor is a member of, with what they used there themselves. A switch
//! leads there from the overview, the costs and the resources.

use super::ask::{Ask, Page, account_address, found};
use super::cost_page::label;
use super::costs::Asked;
use crate::block::{Block, Cell, Link, Section, Table};
use crate::frame::PageError;
use farthing_core::cost::{CostFilter, GroupBy};
use farthing_engine::{CostQuestion, ResourceFilter};

/// As many of one project are listed.
const RESOURCES_MAX: usize = 200;

/// Which projects are looked at, at the top of a page; nobody chooses who sees a project alone, or belongs to none of another account's.
pub(super) fn switch(ask: &Ask, rest: &str, words: &[&str]) -> Option<Block> {
    let elsewhere = ask.visitor.accounts.iter().any(|seat| seat.account != ask.account() && seat.projects.is_some());
    if ask.seat.projects.is_some() || !elsewhere {
        return None;
    }
    let chosen = ask.asked("projects").unwrap_or("");
    let link = |word: &&str| {
        let (key, mark) = match *word {
            "created" => ("projects.created", "?projects=created"),
            "part" => ("projects.part", "?projects=part"),
            _ => ("projects.all", ""),
        };
        Link::new(ask.at(&format!("{rest}{mark}")), ask.say(key)).here(chosen == *word)
    };
    Some(Block::Switch { label: ask.say("projects.label").to_owned(), links: words.iter().map(link).collect() })
}

/// What the visitor started in others' projects.
pub(super) fn resources(ask: &Ask) -> Result<Page, PageError> {
    let columns = ["resources.name", "by.project", "shared.account", "resources.state", "resources.since"];
    let mut table = ask.table(ask.say("shared.resources"), &columns, "shared.empty");
    for seat in ask.visitor.accounts.iter().filter(|seat| seat.account != ask.account()) {
        let Some(projects) = &seat.projects else { continue };
        for project in projects {
            let filter =
                ResourceFilter { account: Some(seat.account.clone()), project: Some(project.clone()), state: None };
            let things = found(ask.engine().resources(ask.id(), &filter, 0, RESOURCES_MAX), ask)?;
            for one in things.into_iter().filter(|one| one.thing.person == ask.visitor.known_as) {
                let address = account_address(ask.id(), &seat.account, "/resources");
                let state = if one.thing.state.is_empty() { "pending" } else { &one.thing.state };
                table.row(vec![
                    Cell::link(address, one.thing.name.clone()),
                    Cell::text(project.clone()),
                    Cell::text(seat.account.clone()),
                    Cell::text(ask.language.word("state", state)),
                    ask.moment(one.thing.since)?,
                ]);
            }
        }
    }
    let sentence = ask.say("shared.resources_sentence");
    let mut blocks: Vec<Block> = switch(ask, "/resources", &["", "created", "part"]).into_iter().collect();
    blocks.push(Block::Table(table));
    Ok(Page::new(ask, "nav.resources", sentence).section(Section::plain(blocks)))
}

pub(super) fn page(ask: &Ask, asked: &Asked, (nav, rest): (&'static str, &str)) -> Result<Page, PageError> {
    let labels = ["by.project", "shared.account", "#costs.net"].map(|key| label(ask, key));
    let caption = ask.with("shared.caption", &[("code", ask.currency())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("shared.empty"));
    let mut sum = 0_i64;
    for seat in ask.visitor.accounts.iter().filter(|seat| seat.account != ask.account()) {
        let Some(projects) = &seat.projects else { continue };
        let filter = CostFilter {
            projects: Some(projects.clone()),
            person: Some(ask.visitor.known_as.clone()),
            ..CostFilter::default()
        };
        let question = CostQuestion { from: asked.from, to: asked.to, by: GroupBy::Project, filter };
        let view = found(ask.engine().costs(ask.id(), &seat.account, &question, ask.now), ask)?;
        for project in projects {
            let net = view.costs.groups.iter().find(|group| group.key == *project).map_or(0, |group| group.net);
            sum = sum.saturating_add(net);
            table.row(vec![
                Cell::link(account_address(ask.id(), &seat.account, "/costs"), project.clone()),
                Cell::text(seat.account.clone()),
                ask.bare(net)?,
            ]);
        }
    }
    let table = table.total(vec![Cell::text(ask.say("total")), Cell::text(""), ask.bare(sum)?]);
    let projects = [("", "projects.all"), ("created", "projects.created"), ("part", "projects.part")];
    let links = projects.map(|(word, key)| {
        Link::new(asked.address(ask, "/costs", &[("projects", word)]), ask.say(key)).here(word == "part")
    });
    let costs = Block::Switch { label: ask.say("projects.label").to_owned(), links: links.into() };
    let switch = if nav == "nav.costs" { Some(costs) } else { switch(ask, rest, &["", "part"]) };
    let sentence = ask.with("shared.sentence", &[("amount", &ask.money(sum)?)]);
    let blocks = switch.into_iter().chain([Block::Table(table)]).collect();
    Ok(Page::new(ask, nav, sentence).section(Section::plain(blocks)))
}

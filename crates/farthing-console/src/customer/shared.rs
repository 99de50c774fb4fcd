//! Projects I only take part in (R65): those of other accounts that the visitor is a member of, with what they used there themselves.

use super::ask::{Ask, Page, account_address, found};
use super::cost_page::label;
use super::costs::Asked;
use crate::block::{Block, Cell, Link, Section, Table};
use crate::frame::PageError;
use farthing_core::cost::{CostFilter, GroupBy};
use farthing_engine::CostQuestion;

pub(super) fn page(ask: &Ask, asked: &Asked) -> Result<Page, PageError> {
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
    let sentence = ask.with("shared.sentence", &[("amount", &ask.money(sum)?)]);
    Ok(Page::new(ask, "nav.costs", sentence).section(Section::plain(vec![
        Block::Switch { label: ask.say("projects.label").to_owned(), links: links.into() },
        Block::Table(table),
    ])))
}

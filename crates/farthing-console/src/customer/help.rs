//! A brand's help pages for somebody who is signed in: `{{ user_name }}` is theirs (R42).

use super::ask::{Ask, Page};
use crate::block::{Block, Link, Section};
use crate::frame::PageError;
use crate::help::{Variables, help_html, help_title};
use std::collections::BTreeMap;

const FOLDER: &str = "help/";

fn variables(ask: &Ask) -> Variables {
    let name = if ask.visitor.name.is_empty() { ask.account() } else { &ask.visitor.name };
    Variables::of(&ask.cloud, name)
}

/// The text of a page in the reader's language, else in the cloud's own.
fn text<'f>(ask: &Ask, files: &'f BTreeMap<String, String>, page: &str) -> Option<&'f String> {
    let tags = [ask.language.tag(), ask.cloud.locale().language(), "en"];
    let found = tags.into_iter().find_map(|tag| files.get(&format!("{FOLDER}{page}.{tag}.md")));
    found.or_else(|| files.get(&format!("{FOLDER}{page}.md")))
}

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let files = ask.console.files_of(ask.id(), ask.now)?;
    let nowhere = || PageError::NotFound(ask.say("error.no_page").to_owned());
    let text = text(ask, &files, ask.name("page")).ok_or_else(nowhere)?;
    let html = help_html(text, &variables(ask)).map_err(|trouble| PageError::Failed(trouble.what))?;
    let title = help_title(text, &variables(ask));
    Ok(Page::below(ask, "nav.settings", "/settings", title.clone(), title)
        .section(Section::plain(vec![Block::Help(html)])))
}

/// What there is to read, by its titles.
pub(super) fn links(ask: &Ask) -> Result<Vec<Link>, PageError> {
    let files = ask.console.files_of(ask.id(), ask.now)?;
    let names = files.keys().filter_map(|name| name.strip_prefix(FOLDER)?.strip_suffix(".md"));
    let mut pages: Vec<&str> = names.map(|name| name.split('.').next().unwrap_or(name)).collect();
    pages.dedup();
    let link = |page: &str| {
        let title = help_title(text(ask, &files, page)?, &variables(ask));
        Some(Link::new(ask.at(&format!("/help/{page}")), title))
    };
    Ok(pages.into_iter().filter_map(link).collect())
}

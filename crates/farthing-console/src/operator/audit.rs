//! Audit: who decided what, when, from where and why; looked for, and proven to be what was written.

use super::accounts::pair;
use super::ask::{Ask, Page};
use super::deliveries::pretty;
use crate::block::{Block, Cell, Fact, Field, Form, Link, Notice, Section};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;
use farthing_core::trail::Entry;
use farthing_store::TrailFilter;

const PAGE: usize = 50;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SeeAudit)?;
    let text = |name: &str| ask.asked(name).unwrap_or_default().to_owned();
    let filter = TrailFilter { who: text("who"), what: text("what"), text: text("q") };
    let before = ask.asked("before").and_then(|text| text.parse().ok());
    let mut entries = ask.engine().trail_search(ask.id(), &filter, before, PAGE + 1)?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let newest = ask.engine().trail(ask.id(), None, 1)?.pop();
    let sentence = match &newest {
        None => ask.say("audit.nothing").to_owned(),
        Some(entry) => {
            let count = ask.language.count("audit.entries", entry.number);
            let at = ask.moment(entry.at)?.text;
            ask.with("audit.sentence", &[("count", &count), ("time", &at), ("who", &entry.who)])
        }
    };
    let search = Form::get(ask.at("/audit"), ask.say("accounts.search_button")).fields([
        Field::of("q", ask.say("audit.text"), "search").value(filter.text.clone()),
        Field::text("what", ask.say("audit.what")).value(filter.what.clone()),
        Field::text("who", ask.say("audit.who")).value(filter.who.clone()),
    ]);
    let chosen = [("q", &filter.text), ("what", &filter.what), ("who", &filter.who)];
    let chosen: Vec<(&str, &String)> = chosen.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let address = |but: &str| {
        let pairs: Vec<String> =
            chosen.iter().filter(|(name, _)| *name != but).map(|(name, value)| pair(name, value)).collect();
        if pairs.is_empty() { ask.at("/audit") } else { ask.at(&format!("/audit?{}", pairs.join("&"))) }
    };
    let mut blocks = vec![Block::Form(search.short())];
    if !chosen.is_empty() {
        let links = chosen.iter().map(|(name, value)| Link::new(address(name), (*value).clone()));
        blocks.push(Block::Chips { label: ask.say("costs.chips").to_owned(), links: links.collect() });
    }
    let columns = ["timeline.when", "audit.what", "audit.subject", "audit.who", "audit.why"];
    let caption = ask.with("audit.caption", &[("count", &entries.len().to_string())]);
    let mut table = ask.table(caption, &columns, "audit.none_found");
    for entry in &entries {
        table.row(vec![
            Cell::link(ask.at(&format!("/audit/{}", entry.number)), ask.moment(entry.at)?.text),
            Cell::text(entry.what.clone()),
            subject(ask, entry),
            Cell::link(ask.at(&format!("/audit?{}", pair("who", &entry.who))), entry.who.clone()),
            Cell::text(why(entry)),
        ]);
    }
    if let Some(last) = entries.last().filter(|_| more) {
        let own = address("");
        let mark = if own.contains('?') { '&' } else { '?' };
        table.links.push(Link::new(format!("{own}{mark}before={}", last.number), ask.say("older")));
    }
    blocks.push(Block::Table(table));
    let page = Page::new(ask, "ops.audit", sentence).section(Section::plain(blocks));
    Ok(page.section(Section::at("chain", ask.say("audit.chain"), chain(ask)?)))
}

/// Whether every entry follows from the one before; read when it is asked for.
fn chain(ask: &Ask) -> Result<Vec<Block>, PageError> {
    if ask.asked("chain").is_none() {
        let links = vec![Link::new(ask.at("/audit?chain=read#chain"), ask.say("audit.prove"))];
        return Ok(vec![Block::Text(ask.say("audit.about").to_owned()), Block::Links(links)]);
    }
    let proof = ask.engine().trail_proof(ask.id())?;
    let count = ask.language.count("audit.entries", proof.entries);
    let notice = match &proof.wrong {
        None => Notice::new("good", ask.with("audit.whole", &[("count", &count)])),
        Some((number, what)) => {
            let number = number.to_string();
            Notice::new("bad", ask.with("audit.broken", &[("number", &number), ("what", what)]))
        }
    };
    let head = vec![Fact::new(ask.say("audit.head"), Cell::text(proof.head))];
    Ok(vec![Block::Notices(vec![notice]), Block::Facts(head)])
}

/// What it is about; an account leads to its page.
fn subject(ask: &Ask, entry: &Entry) -> Cell {
    match entry.subject.strip_prefix("account ") {
        Some(name) => Cell::link(ask.account_at(name, ""), entry.subject.clone()),
        None => Cell::text(entry.subject.clone()),
    }
}

/// The reason that an entry holds, in whichever word the use case keeps it.
fn why(entry: &Entry) -> String {
    let facts: serde_json::Value = serde_json::from_str(&entry.became).unwrap_or_default();
    let told = ["why", "reason", "note"].iter().find_map(|key| facts[*key].as_str());
    told.unwrap_or_default().to_owned()
}

pub(super) fn one(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SeeAudit)?;
    let number: i64 = ask.name("entry").parse().map_err(|_| ask.nowhere())?;
    let found = ask.engine().trail(ask.id(), number.checked_add(1), 1)?.pop();
    let entry = found.filter(|entry| entry.number == number).ok_or_else(|| ask.nowhere())?;
    let title = ask.with("audit.number", &[("number", &number.to_string())]);
    let sentence = ask.with("audit.one", &[("who", &entry.who), ("what", &entry.what), ("subject", &entry.subject)]);
    let mut facts = vec![
        Fact::new(ask.say("timeline.when"), ask.moment(entry.at)?),
        Fact::new(ask.say("audit.who"), Cell::text(entry.who.clone()).note(entry.source.clone())),
        Fact::new(ask.say("audit.what"), Cell::text(entry.what.clone())),
        Fact::new(ask.say("audit.subject"), subject(ask, &entry)),
    ];
    let reason = why(&entry);
    if !reason.is_empty() {
        facts.push(Fact::new(ask.say("audit.why"), Cell::text(reason)));
    }
    let mut page =
        Page::under(ask, "ops.audit", "/audit", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    for (key, text) in [("audit.before", &entry.was), ("audit.after", &entry.became)] {
        if !text.is_empty() {
            let title = ask.language.find(key).unwrap_or(key);
            page = page.section(Section::new(title, vec![Block::Code(pretty(text))]));
        }
    }
    Ok(page)
}

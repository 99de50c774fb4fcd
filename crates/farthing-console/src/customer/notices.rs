//! Notices: what the account was told, as mails say it, and of what no mail is wanted.

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use crate::block::{Block, Cell, Field, Form, Section, Table};
use crate::frame::PageError;
use farthing_core::access::Deed;

const MOST: usize = 50;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(Deed::SeePapers)?;
    let title = ask.say("notices.title").to_owned();
    let mut page = Page::below(ask, "nav.settings", "/settings", title, ask.say("notices.sentence"))
        .section(Section::plain(vec![Block::Table(inbox(ask)?)]));
    if ask.may(Deed::SetCompany) {
        page = page.section(Section::at("mails", ask.say("notices.mails"), vec![Block::Form(switches(ask)?)]));
    }
    Ok(page)
}

fn inbox(ask: &Ask) -> Result<Table, PageError> {
    let before = ask.asked("before").and_then(|text| text.parse().ok());
    let mut rows = found(ask.engine().notices(ask.id(), ask.account(), before, MOST + 1), ask)?;
    let more = rows.len() > MOST;
    rows.truncate(MOST);
    let labels = ["notices.at", "notices.notice"].map(|key| label(ask, key));
    let caption = ask.with("notices.caption", &[("count", &rows.len().to_string())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("notices.empty"));
    for row in &rows {
        let written = ask.console.printer.as_ref().and_then(|printer| printer.letter(row));
        let (subject, text) = written.unwrap_or_else(|| (kind_words(ask, row.kind.name()), String::new()));
        table.row(vec![ask.moment(row.at)?, Cell::text(subject).note(text)]);
    }
    if let (true, Some(last)) = (more, rows.last()) {
        let rest = format!("/settings/notices?before={}", last.number);
        table = table.links(vec![ask.link(&rest, "notices.earlier")]);
    }
    Ok(table)
}

fn switches(ask: &Ask) -> Result<Form, PageError> {
    let settings = found(ask.engine().notice_settings(ask.id(), ask.account()), ask)?;
    let switch = |kind: &String, on: bool| Field::check(kind, kind_words(ask, kind), on);
    let mut fields: Vec<Field> = settings.on.iter().map(|kind| switch(kind, true)).collect();
    fields.extend(settings.off.iter().map(|kind| switch(kind, false)));
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Form::post(ask.at("/settings/notices"), &ask.visitor.csrf, ask.say("action.save"))
        .hidden("once", ask.once())
        .fields(fields)
        .effect([ask.say("notices.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered))
}

fn kind_words(ask: &Ask, kind: &str) -> String {
    ask.language.word("notice", &kind.replace('.', "_"))
}

/// What is not ticked is off.
pub(super) fn set(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetCompany)?;
    let known = found(ask.engine().notice_settings(ask.id(), ask.account()), ask)?;
    let off: Vec<String> =
        known.on.into_iter().chain(known.off).filter(|kind| !ask.entered.contains_key(kind)).collect();
    ask.doing().set_notices_off(ask.id(), ask.account(), &off).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings/notices", "saved"))
}

//! Costs: composition and trend over a period, by product, project, resource, user or label; filters; beside the period before; to take along.
//! The table has the numbers of the chart.

use super::ask::{Ask, Done, Page, Stop, found};
use super::costs::{Asked, FILTERS};
use crate::block::{Block, Cell, Choice, Column, Field, Form, Item, Link, Section, Table};
use crate::chart::{BarsOf, SERIES_MAX, bars};
use crate::frame::PageError;
use crate::web::sight::File;
use farthing_core::access::Deed;
use farthing_core::cost::{CostGroup, GroupBy};
use farthing_core::export::{ExportWhat, FileFormat};
use farthing_engine::{CostQuestion, CostsView, NewExport};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// As many lines as a table has; the rest is one line.
const LINES_MAX: usize = 100;
/// As many charges of a resource as are listed.
const CHARGES_MAX: usize = 100;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let asked = Asked::of(ask)?;
    if asked.projects == "part" {
        return super::shared::page(ask, &asked, ("nav.costs", "/costs"));
    }
    let view = look(ask, &asked)?;
    let sentence = sentence(ask, &asked, &view)?;
    let mut page = Page::new(ask, "nav.costs", sentence)
        .section(Section::plain(head(ask, &asked, &view)))
        .section(Section::plain(vec![Block::Figures(compare(ask, &view)?), Block::Bars(chart(ask, &asked, &view)?)]))
        .section(Section::plain(vec![Block::Table(table(ask, &asked, &view)?)]));
    if let Some(resource) = asked.filter.resource.clone() {
        page = page.section(charges(ask, &asked, &resource)?);
    }
    if ask.may(Deed::Export) && ask.seat.projects.is_none() && !ask.seat.looks {
        page = page.section(taking(ask, &asked));
    }
    Ok(page)
}

fn look(ask: &Ask, asked: &Asked) -> Result<CostsView, PageError> {
    let mut filter = asked.filter.clone();
    if asked.projects == "created" {
        filter.projects = Some(created(ask)?);
    }
    let question = CostQuestion { from: asked.from, to: asked.to, by: asked.by.clone(), filter };
    found(ask.engine().costs(ask.id(), ask.account(), &question, ask.now), ask)
}

/// The projects that this account pays for.
pub(super) fn created(ask: &Ask) -> Result<Vec<String>, PageError> {
    let rows = found(ask.engine().projects(ask.id(), Some(ask.account()), 0, 10_000), ask)?;
    Ok(rows.into_iter().map(|(row, _)| row.name).collect())
}

fn sentence(ask: &Ask, asked: &Asked, view: &CostsView) -> Result<String, PageError> {
    let last = asked.to.add_days(-1)?;
    let today = ask.zone.civil_date_of(ask.now)?;
    let until = last.min(today);
    let amount = ask.money(view.costs.net)?;
    let places = [("from", ask.language.date(asked.from)), ("to", ask.language.date(until)), ("amount", amount)];
    let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
    Ok(match asked.period.as_str() {
        "month" => ask.with("costs.sentence_month", &places),
        _ => ask.with("costs.sentence", &places),
    })
}

fn head(ask: &Ask, asked: &Asked, view: &CostsView) -> Vec<Block> {
    let mut blocks = Vec::new();
    if ask.seat.projects.is_none() {
        let projects = [("", "projects.all"), ("created", "projects.created"), ("part", "projects.part")];
        let links = projects.map(|(word, key)| {
            Link::new(asked.address(ask, "/costs", &[("projects", word)]), ask.say(key)).here(asked.projects == word)
        });
        blocks.push(Block::Switch { label: ask.say("projects.label").to_owned(), links: links.into() });
    }
    let periods = ["month", "last", "week", "days", "quarter"];
    let links = periods.map(|period| {
        let address = asked.address(ask, "/costs", &[("period", period)]);
        Link::new(address, ask.language.word("period", period)).here(asked.period == period)
    });
    blocks.push(Block::Switch { label: ask.say("costs.period").to_owned(), links: links.into() });
    let mut groups: Vec<String> = ["product", "project", "resource", "user"].map(str::to_owned).into();
    groups.extend(view.known.labels.keys().map(|key| format!("label:{key}")));
    let links = groups.iter().map(|by| {
        let words = by
            .strip_prefix("label:")
            .map_or_else(|| ask.language.word("by", by), |key| ask.with("by.label", &[("key", key)]));
        Link::new(asked.address(ask, "/costs", &[("by", by)]), words).here(asked.by.name() == *by)
    });
    blocks.push(Block::Switch { label: ask.say("costs.group").to_owned(), links: links.collect() });
    let chips = asked.chips(ask);
    if !chips.is_empty() {
        blocks.push(Block::Chips { label: ask.say("costs.chips").to_owned(), links: chips });
    }
    blocks.push(Block::Fold {
        title: ask.say("costs.narrow").to_owned(),
        open: false,
        blocks: vec![Block::Form(narrow(ask, asked, view))],
    });
    blocks
}

/// Everything that chooses among costs (R63).
fn narrow(ask: &Ask, asked: &Asked, view: &CostsView) -> Form {
    let mut form = Form::get(ask.at("/costs"), ask.say("costs.show"));
    form.short = true;
    if asked.by != GroupBy::Product {
        form = form.hidden("by", asked.by.name());
    }
    form = form.field(Field::of("from", ask.say("costs.from"), "date").value(asked.from.to_string()));
    let last = asked.to.add_days(-1).unwrap_or(asked.to);
    form = form.field(Field::of("to", ask.say("costs.to"), "date").value(last.to_string()));
    let known = &view.known;
    let paid: BTreeSet<String> = ["cash", "credit", "debt", "next_bill"].map(str::to_owned).into();
    let sets = [&known.products, &known.projects, &known.resources, &known.people, &known.states, &known.kinds, &paid];
    for (name, values) in FILTERS.into_iter().zip(sets) {
        let chosen = asked.chosen.get(name).map_or("", String::as_str);
        if values.is_empty() && chosen.is_empty() {
            continue;
        }
        let words = |value: &str| match name {
            "product" => ask.product(value),
            "state" => ask.language.word("state", value),
            "type" => ask.language.word("kind", value),
            "paid" => ask.language.word("paid", value),
            _ => value.to_owned(),
        };
        let mut choices = vec![Choice::new("", ask.say("costs.any"), chosen.is_empty())];
        choices.extend(values.iter().map(|value| Choice::new(value.clone(), words(value), value == chosen)));
        if !chosen.is_empty() && !values.contains(chosen) {
            choices.push(Choice::new(chosen, words(chosen), true));
        }
        form = form.field(Field::select(name, ask.language.word("costs.filter", name), choices));
    }
    let labels = known.labels.iter().flat_map(|(key, values)| values.iter().map(move |value| format!("{key}={value}")));
    let labels: Vec<String> = labels.collect();
    if !labels.is_empty() {
        let chosen = asked.filter.label.as_ref().map(|(key, value)| format!("{key}={value}")).unwrap_or_default();
        let mut choices = vec![Choice::new("", ask.say("costs.any"), chosen.is_empty())];
        choices.extend(labels.into_iter().map(|pair| Choice::new(pair.clone(), pair.clone(), pair == chosen)));
        form = form.field(Field::select("label", ask.say("costs.label"), choices));
    }
    form
}

/// Beside as many days before.
fn compare(ask: &Ask, view: &CostsView) -> Result<Vec<Item>, PageError> {
    let (from, to) = view.before_days;
    let days = format!("{} – {}", ask.language.day_and_month(from), ask.language.day_and_month(to.add_days(-1)?));
    let saved = view.costs.list.saturating_sub(view.costs.net);
    let change = view.costs.net.saturating_sub(view.before.net);
    let mut items = vec![
        Item::new(ask.say("costs.charged"), ask.amount(view.costs.net)?),
        Item::new(ask.with("costs.before", &[("days", &days)]), ask.amount(view.before.net)?),
        Item::new(ask.say("costs.change"), change_cell(ask, change, view.before.net)?),
    ];
    if saved > 0 {
        items.push(Item::new(ask.say("costs.saved"), ask.amount(saved)?));
    }
    Ok(items)
}

/// "+$3.00", with its part of what it was before.
fn change_cell(ask: &Ask, change: i64, before: i64) -> Result<Cell, PageError> {
    let sign = if change > 0 { "+" } else { "" };
    let mut cell = ask.amount(change)?;
    cell.text = format!("{sign}{}", cell.text);
    cell.class = "";
    if before > 0 {
        let percent = i128::from(change) * 100 / i128::from(before);
        let sign = match percent.cmp(&0) {
            std::cmp::Ordering::Greater => "+",
            std::cmp::Ordering::Less => "\u{2212}",
            std::cmp::Ordering::Equal => "",
        };
        cell = cell.note(format!("{sign}{} %", percent.unsigned_abs()));
    }
    Ok(cell)
}

/// What a group is called.
fn words(ask: &Ask, by: &GroupBy, key: &str) -> String {
    match (by, key) {
        (GroupBy::Product, key) => ask.product(key),
        (GroupBy::Project, "") => ask.say("costs.no_project").to_owned(),
        (GroupBy::Resource, "") => ask.say("costs.no_resource").to_owned(),
        (GroupBy::Person, "") => ask.say("costs.no_user").to_owned(),
        (GroupBy::Label(_), "") => ask.say("costs.no_label").to_owned(),
        (_, key) => key.to_owned(),
    }
}

/// The dearest, each as a series, and the rest as one.
fn chart(ask: &Ask, asked: &Asked, view: &CostsView) -> Result<crate::chart::Bars, PageError> {
    let groups = &view.costs.groups;
    let alone = if groups.len() > SERIES_MAX { SERIES_MAX - 1 } else { groups.len() };
    let mut series: Vec<(String, Vec<i64>)> =
        groups.iter().take(alone).map(|group| (words(ask, &asked.by, &group.key), group.by_day.clone())).collect();
    if groups.len() > alone {
        let mut rest = vec![0_i64; view.costs.days.len()];
        for group in &groups[alone..] {
            for (sum, amount) in rest.iter_mut().zip(&group.by_day) {
                *sum = sum.saturating_add(*amount);
            }
        }
        series.push((ask.say("costs.other").to_owned(), rest));
    }
    let title = ask.with("costs.chart", &[("code", ask.currency())]);
    bars(BarsOf { id: "costs", title, days: &view.costs.days, series, by_month: false }, &ask.notation, ask.language)
}

fn table(ask: &Ask, asked: &Asked, view: &CostsView) -> Result<Table, PageError> {
    let by = match &asked.by {
        GroupBy::Label(key) => key.clone(),
        other => ask.language.word("by", &other.name()),
    };
    let count = ask.language.count("costs.groups", i64::try_from(view.costs.groups.len()).unwrap_or(i64::MAX));
    let caption = ask.with("costs.caption", &[("count", &count), ("code", ask.currency())]);
    let before = |key: &str| view.before.groups.iter().find(|group| group.key == key).map_or(0, |group| group.net);
    let column = |label: String, number: bool, sort: &str| {
        let by_default = if sort == "net" { "" } else { sort };
        let sorted = match (asked.sort.as_str(), sort) {
            ("", "net") => "descending",
            (now, this) if now == this && this == "name" => "ascending",
            (now, this) if now == this => "descending",
            _ => "",
        };
        Column { label, number, address: asked.address(ask, "/costs", &[("sort", by_default)]), sorted }
    };
    let mut table = Table {
        caption,
        columns: vec![
            column(by, false, "name"),
            column(ask.say("costs.list").to_owned(), true, "list"),
            column(ask.say("costs.net").to_owned(), true, "net"),
            column(ask.say("costs.net_before").to_owned(), true, "before"),
        ],
        ..Table::default()
    }
    .when_empty(ask.say("costs.empty"));
    let mut order: Vec<(usize, &CostGroup)> = view.costs.groups.iter().enumerate().collect();
    match asked.sort.as_str() {
        "name" => order.sort_by_key(|(_, group)| words(ask, &asked.by, &group.key)),
        "list" => order.sort_by_key(|(_, group)| std::cmp::Reverse(group.list)),
        "before" => order.sort_by_key(|(_, group)| std::cmp::Reverse(before(&group.key))),
        _ => {}
    }
    let alone = if view.costs.groups.len() > SERIES_MAX { SERIES_MAX - 1 } else { SERIES_MAX };
    for (place, group) in order.iter().take(LINES_MAX) {
        let name = words(ask, &asked.by, &group.key);
        let name = if group.key.is_empty() {
            Cell::text(name)
        } else {
            let narrowed = [(filter_name(&asked.by).as_str(), group.key.as_str()), ("by", narrower(&asked.by))]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let narrowed = narrowed.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
            Cell::link(asked.address(ask, "/costs", &narrowed), name)
        };
        let swatch = if *place < alone { place + 1 } else { SERIES_MAX };
        let swatch = if view.costs.groups.len() > 1 { swatch } else { 1 };
        table.row(vec![
            name.swatch(swatch),
            ask.bare(group.list)?,
            ask.bare(group.net)?,
            ask.bare(before(&group.key))?,
        ]);
    }
    if order.len() > LINES_MAX {
        let rest = &order[LINES_MAX..];
        let sum = |of: fn(&CostGroup) -> i64| rest.iter().fold(0_i64, |sum, (_, group)| sum.saturating_add(of(group)));
        let more = i64::try_from(rest.len()).unwrap_or(i64::MAX);
        let told = rest.iter().fold(0_i64, |sum, (_, group)| sum.saturating_add(before(&group.key)));
        table.row(vec![
            Cell::text(ask.language.count("costs.more", more)),
            ask.bare(sum(|group| group.list))?,
            ask.bare(sum(|group| group.net))?,
            ask.bare(told)?,
        ]);
    }
    let total = vec![
        Cell::text(ask.say("total")),
        ask.bare(view.costs.list)?,
        ask.bare(view.costs.net)?,
        ask.bare(view.before.net)?,
    ];
    Ok(table
        .total(total)
        .links(vec![Link::new(asked.address(ask, "/costs/export", &[]), ask.say("action.csv")).download()]))
}

/// By what a line of this grouping narrows the page.
fn filter_name(by: &GroupBy) -> String {
    match by {
        GroupBy::Product => "product".to_owned(),
        GroupBy::Project => "project".to_owned(),
        GroupBy::Resource => "resource".to_owned(),
        GroupBy::Person => "user".to_owned(),
        GroupBy::Label(key) => format!("label.{key}"),
    }
}

/// And what is looked at then.
fn narrower(by: &GroupBy) -> &'static str {
    match by {
        GroupBy::Resource => "product",
        _ => "resource",
    }
}

/// Each sealed charge of one resource, for asking why.
fn charges(ask: &Ask, asked: &Asked, resource: &str) -> Result<Section, PageError> {
    let start = |day| ask.zone.start_of_day(day);
    let days = (start(asked.from)?, start(asked.to)?);
    let rows = found(ask.engine().charges_of_resource(ask.id(), ask.account(), resource, days, CHARGES_MAX), ask)?;
    let caption = ask.with("costs.charges", &[("resource", resource), ("code", ask.currency())]);
    let labels = ["costs.day", "costs.product", "#costs.net"].map(|key| label(ask, key));
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("costs.no_charges"));
    for row in rows {
        let day = ask.language.short_date(ask.zone.civil_date_of(row.from)?);
        let correction = if row.number > 0 { ask.say("costs.correction") } else { "" };
        table.row(vec![
            Cell::link(ask.at(&format!("/charges/{}", row.chained)), day).note(correction),
            Cell::text(ask.product(row.product.as_str())),
            ask.bare(row.net)?,
        ]);
    }
    Ok(Section::at("charges", ask.say("costs.why"), vec![Block::Table(table)]))
}

/// The words of a column; `#` stays before them.
pub(super) fn label(ask: &Ask, key: &'static str) -> String {
    match key.strip_prefix('#') {
        Some(_) => format!("#{}", ask.language.find(&key[1..]).unwrap_or(key)),
        None => ask.say(key).to_owned(),
    }
}

/// As a file, and by mail with every charge (R64).
fn taking(ask: &Ask, asked: &Asked) -> Section {
    let form = Form::post(ask.at("/costs/mail"), &ask.visitor.csrf, ask.say("costs.mail_button"))
        .hidden("once", ask.once())
        .hidden("from", asked.from.to_string())
        .hidden("to", asked.to.to_string())
        .effect([match &ask.facts.contact {
            Some(contact) => ask.with("costs.mail_effect", &[("email", &contact.email)]),
            None => ask.say("costs.mail_nowhere").to_owned(),
        }])
        .again(ask.trouble.as_ref(), &ask.entered);
    Section::new(
        ask.say("costs.mail_title"),
        vec![Block::Text(ask.say("costs.mail_about").to_owned()), Block::Form(form)],
    )
}

pub(super) fn mail(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::Export)?;
    let engine = ask.doing();
    let day = |name| ask.was_entered(name).and_then(|text| farthing_core::time::CivilDate::parse(text).ok());
    let (Some(from), Some(to)) = (day("from"), day("to")) else {
        return Err(Stop::Field { field: "from", what: ask.say("error.days").to_owned() });
    };
    let question = farthing_engine::ExportAsk {
        account: Some(ask.account().to_owned()),
        from: Some(ask.zone.start_of_day(from)?),
        to: Some(ask.zone.start_of_day(to)?),
        ..farthing_engine::ExportAsk::default()
    };
    let new = NewExport { what: ExportWhat::Charges, format: FileFormat::Csv, ask: question, mail: true };
    engine.export_ask(ask.id(), &new).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/costs", "export"))
}

/// The table with a column a day, for a spreadsheet: UTF-8 with its mark, so that every program reads it (R97).
pub(crate) fn export(ask: &Ask) -> Result<File, PageError> {
    let asked = Asked::of(ask)?;
    let view = look(ask, &asked)?;
    let mut text = String::from("\u{feff}");
    let by = asked.by.name();
    let days: Vec<String> = view.costs.days.iter().map(ToString::to_string).collect();
    let _ = write!(text, "{},currency,list,net,{}\r\n", quoted(&by), days.join(","));
    let plain = |units: i64| farthing_core::money::Money::from_units(units, ask.cloud.currency).plain();
    for group in &view.costs.groups {
        let by_day: Vec<String> = group.by_day.iter().map(|units| plain(*units)).collect();
        let name = quoted(&group.key);
        let _ = write!(
            text,
            "{name},{},{},{},{}\r\n",
            ask.currency(),
            plain(group.list),
            plain(group.net),
            by_day.join(",")
        );
    }
    let name = format!("costs-{}-{}.csv", asked.from, asked.to.add_days(-1)?);
    Ok(File { bytes: text.into_bytes(), media_type: "text/csv; charset=utf-8", name })
}

/// A text that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if risky { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

//! Catalogue & policy: the versions of a cloud's files, what each changed, and putting another in force: the files are pasted or sent, what they
//! change is shown with whom it costs more, and then it is applied with a reason.

use super::ask::{Ask, Done, Page, Stop};
use crate::block::{Block, Cell, Choice, Fact, Field, Form, Item, Link, Notice, Section, Table};
use crate::frame::PageError;
use crate::reader::{FilesRead, Reader};
use axum::http::StatusCode;
use farthing_core::access::OperatorDeed;
use farthing_core::policy::{Applied, ApplyRequest, Version, Versions};
use farthing_core::profile::{CATALOG_FILE, Change, Changes, POLICY_FILE, PriceChange, Profile, WhatChanged};
use farthing_core::time::{CivilDate, Instant};
use farthing_engine::{ApplyPolicyError, Effect, PolicyEffect, Refused};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A form with both files is as large as this at most.
pub(super) const BYTES_MAX: usize = 4 * 1024 * 1024;
/// As many accounts are named of those that pay more or less.
const NAMED: usize = 20;

type Files = BTreeMap<String, String>;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let versions = ask.engine().policy_versions(ask.id())?;
    let force = versions.in_force_at(ask.now).map(|version| version.number);
    let sentence = match versions.in_force_at(ask.now) {
        None => ask.say("policy.none").to_owned(),
        Some(version) => {
            let since = ask.moment(version.starts)?.text;
            let number = version.number.to_string();
            ask.with("policy.sentence", &[("number", &number), ("since", &since), ("who", &version.who)])
        }
    };
    let columns = ["policy.version", "policy.in_force", "policy.why", "policy.who", "policy.applied"];
    let caption = ask.with("policy.caption", &[("count", &versions.list().len().to_string())]);
    let mut table = ask.table(caption, &columns, "policy.none");
    for version in versions.list().iter().rev() {
        let number = ask.with("policy.number", &[("number", &version.number.to_string())]);
        let mut name = Cell::link(ask.at(&format!("/policy/versions/{}", version.number)), number);
        if force == Some(version.number) {
            name = name.note(ask.say("policy.now"));
        }
        table.row(vec![
            name,
            held(ask, &versions, version)?,
            Cell::text(version.why.clone()),
            Cell::text(version.who.clone()),
            ask.moment(version.recorded)?,
        ]);
    }
    let mut blocks = Vec::new();
    if ask.may(OperatorDeed::ApplyPolicy) && ask.console.reader.is_some() {
        blocks.push(Block::Links(vec![Link::new(ask.at("/policy/change"), ask.say("policy.change")).strong()]));
    }
    blocks.push(Block::Table(table));
    Ok(Page::new(ask, "ops.policy", sentence).section(Section::plain(blocks)))
}

/// From when to when a version is in force.
fn held(ask: &Ask, versions: &Versions, version: &Version) -> Result<Cell, PageError> {
    if let Some(by) = versions.replaced_by(version.number) {
        return Ok(Cell::text(ask.with("policy.replaced", &[("number", &by.number.to_string())])).class("muted"));
    }
    let until = versions.timeline().into_iter().find(|held| held.version.number == version.number);
    let cell = ask.moment(version.starts)?;
    Ok(match until.and_then(|held| held.until) {
        Some(until) => cell.note(ask.with("policy.until", &[("time", &ask.moment(until)?.text)])),
        None => cell,
    })
}

/// One version: what it changed, and its files.
pub(super) fn version_page(ask: &Ask) -> Result<Page, PageError> {
    let number: i64 = ask.name("version").parse().map_err(|_| ask.nowhere())?;
    let versions = ask.engine().policy_versions(ask.id())?;
    let version = versions.get(number).ok_or_else(|| ask.nowhere())?;
    let files = ask.engine().policy_files(ask.id(), number)?.ok_or_else(|| ask.nowhere())?;
    let title = ask.with("policy.number", &[("number", &number.to_string())]);
    let since = ask.moment(version.starts)?.text;
    let places = [("number", number.to_string()), ("since", since), ("who", version.who.clone())];
    let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
    let sentence = ask.with("policy.version_sentence", &places);
    let mut facts = vec![
        Fact::new(ask.say("policy.in_force"), held(ask, &versions, version)?),
        Fact::new(ask.say("policy.applied"), ask.moment(version.recorded)?),
        Fact::new(ask.say("policy.why"), Cell::text(version.why.clone())),
    ];
    if let Some(corrects) = version.corrects {
        let words = ask.with("policy.number", &[("number", &corrects.to_string())]);
        let address = ask.at(&format!("/policy/versions/{corrects}"));
        facts.push(Fact::new(ask.say("policy.corrects"), Cell::link(address, words)));
    }
    let mut page =
        Page::under(ask, "ops.policy", "/policy", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    let before = version.corrects.or_else(|| number.checked_sub(1)).filter(|before| *before > 0);
    if let Some(reader) = &ask.console.reader {
        let old = match before {
            Some(before) => ask.engine().policy_files(ask.id(), before)?,
            None => None,
        };
        let old = old.and_then(|files| reader.read(ask.id(), &files).ok()).map(|read| read.profile);
        if let Ok(new) = reader.read(ask.id(), &files) {
            let changes = Changes::between(old.as_ref(), &new.profile);
            let title = match before {
                Some(before) => ask.with("policy.changes_since", &[("number", &before.to_string())]),
                None => ask.say("policy.first").to_owned(),
            };
            // Everything of a first version is new: that is no news.
            if old.is_some() {
                page = page.section(Section::at("changes", title, vec![Block::Table(changed(ask, &changes))]));
            }
        }
    }
    let shown = [POLICY_FILE, CATALOG_FILE].into_iter().filter_map(|name| Some((name, files.get(name)?)));
    let folds = shown.map(|(name, text)| Block::Fold {
        title: name.to_owned(),
        open: false,
        blocks: vec![Block::Code(text.clone())],
    });
    let mut blocks: Vec<Block> = folds.collect();
    let others: Vec<String> =
        files.keys().filter(|name| ![POLICY_FILE, CATALOG_FILE].contains(&name.as_str())).cloned().collect();
    if !others.is_empty() {
        blocks.push(Block::Text(ask.with("policy.others", &[("files", &ask.language.list(&others))])));
    }
    Ok(page.section(Section::new(ask.say("policy.files"), blocks)))
}

fn price(change: Option<PriceChange>) -> (String, &'static str) {
    match change {
        None => (String::new(), ""),
        Some(by @ PriceChange::FromNothing) => (by.to_string(), "warn"),
        Some(by @ PriceChange::Tenths(tenths)) => (by.to_string(), if tenths > 0 { "warn" } else { "good" }),
    }
}

/// A line a key that differs.
fn changed(ask: &Ask, changes: &Changes) -> Table {
    let columns = ["policy.thing", "policy.key", "policy.before", "policy.after", "#policy.by"];
    let caption = ask.language.count("policy.changes", i64::try_from(changes.count()).unwrap_or(i64::MAX));
    let mut table = ask.table(caption, &columns, "policy.no_difference");
    for thing in &changes.things {
        let whole = |key: &'static str, before: &Option<String>, after: &Option<String>| {
            vec![
                Cell::text(thing.name.clone()),
                Cell::text(ask.language.find(key).unwrap_or(key)),
                Cell::text(before.clone().unwrap_or_default()),
                Cell::text(after.clone().unwrap_or_default()),
                Cell::text(""),
            ]
        };
        match &thing.what {
            WhatChanged::Comes { price } => table.row(whole("policy.comes", &None, price)),
            WhatChanged::Goes { price } => table.row(whole("policy.goes", price, &None)),
            WhatChanged::Keys(keys) => {
                for one in keys {
                    let (before, after) = match &one.change {
                        Change::Added { now } => (String::new(), now.clone()),
                        Change::Removed { before } => (before.clone(), String::new()),
                        Change::Changed { before, now } => (before.clone(), now.clone()),
                    };
                    let (by, class) = price(one.by);
                    table.row(vec![
                        Cell::text(thing.name.clone()),
                        Cell::text(one.key.clone()),
                        Cell::text(before),
                        Cell::text(after),
                        Cell::number(by).class(class),
                    ]);
                }
            }
        }
    }
    table
}

fn reader(ask: &Ask) -> Result<&Arc<dyn Reader>, PageError> {
    ask.must(OperatorDeed::ApplyPolicy)?;
    ask.console.reader.as_ref().ok_or_else(|| ask.nowhere())
}

/// The files in force, and their version's number; 0: there is none yet.
fn in_force(ask: &Ask) -> Result<(i64, Files), PageError> {
    let versions = ask.engine().policy_versions(ask.id())?;
    let Some(version) = versions.in_force_at(ask.now) else { return Ok((0, Files::new())) };
    Ok((version.number, ask.engine().policy_files(ask.id(), version.number)?.unwrap_or_default()))
}

/// The form that another version begins with.
pub(super) fn change_page(ask: &Ask) -> Result<Page, PageError> {
    reader(ask)?;
    with_errors(ask, &[])
}

fn with_errors(ask: &Ask, errors: &[String]) -> Result<Page, PageError> {
    let (_, files) = in_force(ask)?;
    let text = |name: &str| files.get(name).cloned().unwrap_or_default();
    let area = |name: &str, file: &str| {
        let entered = ask.entered.get(name).map(|text| text.replace("\r\n", "\n"));
        Field::of(name, file, "code").value(entered.unwrap_or_else(|| text(file)))
    };
    let sent =
        |name: &str, file: &str| Field::file(name, ask.with("policy.send", &[("file", file)]), ".toml,text/plain");
    let first = ask.zone.civil_date_of(ask.now)?.first_of_month();
    let mut form = Form::post(ask.at("/policy/plan"), &ask.visitor.csrf, ask.say("policy.plan"))
        .with_files()
        .fields([
            area("cloud_toml", POLICY_FILE),
            sent("cloud_file", POLICY_FILE),
            area("catalog_toml", CATALOG_FILE),
            sent("catalog_file", CATALOG_FILE),
        ])
        .effect([ask.say("policy.plan_effect").to_owned()]);
    if ask.engine().can_try_policy() {
        let ticked = ask.entered.is_empty() || ask.entered.contains_key("try");
        let since = ask.was_entered("since").map_or_else(|| first.to_string(), str::to_owned);
        form = form.fields([
            Field::check("try", ask.say("policy.try"), ticked).help(ask.say("policy.try_help")),
            Field::of("since", ask.say("policy.since"), "date").value(since),
        ]);
    }
    let form = form.again(ask.trouble.as_ref(), &BTreeMap::new());
    let mut blocks = Vec::new();
    if !errors.is_empty() {
        let count = ask.count("policy.errors", errors.len());
        blocks.push(Block::Notices(vec![Notice::new("bad", count)]));
        blocks.extend(errors.iter().map(|error| Block::Code(error.clone())));
    }
    blocks.push(Block::Form(form));
    let title = ask.say("policy.change").to_owned();
    Ok(Page::under(ask, "ops.policy", "/policy", title, ask.say("policy.change_sentence"))
        .section(Section::plain(blocks)))
}

/// Both files as they were pasted or sent, with everything else of the version in force: mails, help pages, pictures.
fn entered_files(ask: &Ask, mut files: Files) -> Files {
    for (name, area, sent) in
        [(POLICY_FILE, "cloud_toml", "cloud_file"), (CATALOG_FILE, "catalog_toml", "catalog_file")]
    {
        let text = ask.entered.get(sent).filter(|text| !text.trim().is_empty()).or_else(|| ask.entered.get(area));
        if let Some(text) = text {
            // A browser ends lines as mails do.
            files.insert(name.to_owned(), text.replace("\r\n", "\n"));
        }
    }
    files
}

/// What was sent, read, beside what is in force.
struct Planned {
    against: i64,
    files: Files,
    read: FilesRead,
    changes: Changes,
    /// Nothing of any file differs, not even a comment.
    same: bool,
}

fn planned(ask: &Ask) -> Result<Result<Planned, Vec<String>>, PageError> {
    let reader = reader(ask)?;
    let (against, live) = in_force(ask)?;
    let files = entered_files(ask, live.clone());
    let read = match reader.read(ask.id(), &files) {
        Ok(read) => read,
        Err(errors) => return Ok(Err(errors)),
    };
    let before: Option<Profile> = reader.read(ask.id(), &live).ok().map(|read| read.profile);
    let changes = Changes::between(before.as_ref(), &read.profile);
    Ok(Ok(Planned { against, same: files == live, files, read, changes }))
}

/// What the files would change; nothing is.
pub(super) fn plan(ask: &Ask) -> Result<(Page, StatusCode), Stop> {
    match planned(ask)? {
        Err(errors) => Ok((with_errors(ask, &errors)?, StatusCode::UNPROCESSABLE_ENTITY)),
        Ok(planned) => Ok((plan_page(ask, &planned)?, StatusCode::OK)),
    }
}

/// The same page again, where applying was refused.
pub(super) fn plan_again(ask: &Ask) -> Result<Page, PageError> {
    match planned(ask)? {
        Err(errors) => with_errors(ask, &errors),
        Ok(planned) => match plan_page(ask, &planned) {
            Ok(page) => Ok(page),
            Err(Stop::Page(error)) => Err(error),
            Err(Stop::Field { what, .. }) => Err(PageError::Stale(what)),
            Err(Stop::Refused(refused)) => Err(PageError::Stale(ask.refused(&refused))),
        },
    }
}

fn plan_page(ask: &Ask, planned: &Planned) -> Result<Page, Stop> {
    let changes = &planned.changes;
    let count = ask.language.count("policy.changes", i64::try_from(changes.count()).unwrap_or(i64::MAX));
    let (up, down) = (ask.count("policy.up", changes.up), ask.count("policy.down", changes.down));
    let number = planned.against.to_string();
    let sentence = if planned.same {
        ask.with("policy.nothing_new", &[("number", &number)])
    } else if changes.count() == 0 {
        ask.with("policy.words_only", &[("number", &number)])
    } else {
        ask.with("policy.plan_sentence", &[("changes", &count), ("up", &up), ("down", &down), ("number", &number)])
    };
    let title = ask.say("policy.plan_title").to_owned();
    let mut page = Page::under(ask, "ops.policy", "/policy", title, sentence);
    page.above.push(Link::new(ask.at("/policy/change"), ask.say("policy.change")));
    if planned.same {
        return Ok(page);
    }
    if !planned.read.remarks.is_empty() {
        let remarks = planned.read.remarks.iter().map(|remark| Block::Code(remark.clone())).collect();
        page = page.section(Section::new(ask.say("policy.remarks"), remarks));
    }
    page = page.section(Section::at("changes", ask.say("policy.diff"), vec![Block::Table(changed(ask, changes))]));
    if ask.entered.contains_key("try") && changes.count() > 0 {
        let since = ask.was_entered("since").map(CivilDate::parse);
        let since = match since {
            Some(Ok(day)) => ask.zone.start_of_day(day)?,
            _ => return Err(Stop::Field { field: "since", what: ask.say("error.date").to_owned() }),
        };
        page = page.section(Section::at("effect", ask.say("policy.effect"), effect(ask, &planned.files, since)?));
    }
    Ok(page.section(Section::at("apply", ask.say("policy.apply_title"), vec![Block::Form(apply_form(ask, planned))])))
}

/// Whom it would have cost more, and whom less.
fn effect(ask: &Ask, files: &Files, since: Instant) -> Result<Vec<Block>, Stop> {
    let tried = match ask.engine().try_policy(ask.id(), files, since) {
        Ok(tried) => tried,
        // What keeps it from being tried keeps nobody from applying it.
        Err(refused @ Refused::ByRule { .. }) => {
            return Ok(vec![Block::Notices(vec![Notice::new("warn", ask.refused(&refused))])]);
        }
        Err(Refused::Engine(error)) => return Err(PageError::from(error).into()),
    };
    let Some(effect) = tried else { return Ok(vec![Block::Text(ask.say("policy.no_effect").to_owned())]) };
    let since = ask.day(effect.since.micros())?.text;
    let (more, less) = effect.more_and_less();
    let (more, less) = (ask.count("policy.more", more), ask.count("policy.less", less));
    let mut blocks = vec![
        Block::Text(ask.with("policy.effect_sentence", &[("since", &since), ("more", &more), ("less", &less)])),
        Block::Figures(sums(ask, &effect)?),
    ];
    if effect.parked > 0 {
        let words = ask.count("policy.would_park", effect.parked);
        blocks.push(Block::Notices(vec![Notice::new("bad", words)]));
    }
    let caption = ask.with("policy.effect_products", &[("code", ask.currency())]);
    blocks.push(Block::Table(compared(ask, caption, "costs.product", &effect.products, |id| {
        Cell::text(ask.product(id))
    })?));
    let mut accounts = effect.accounts;
    accounts.sort_by_key(|one| std::cmp::Reverse(one.change().saturating_abs())); // stable: equal ones stay by name
    let caption =
        ask.with("policy.effect_accounts", &[("code", ask.currency()), ("count", &accounts.len().to_string())]);
    accounts.truncate(NAMED);
    let name = |name: &str| Cell::link(ask.account_at(name, ""), name.to_owned());
    blocks.push(Block::Table(compared(ask, caption, "accounts.name", &accounts, name)?));
    Ok(blocks)
}

fn sums(ask: &Ask, effect: &PolicyEffect) -> Result<Vec<Item>, PageError> {
    let sum = |of: fn(&Effect) -> i64| effect.products.iter().fold(0_i64, |sum, one| sum.saturating_add(of(one)));
    let change = ask.notation.change(i128::from(sum(Effect::change)))?;
    Ok(vec![
        Item::new(ask.say("policy.was_charged"), ask.amount(sum(|one| one.was))?),
        Item::new(ask.say("policy.would_charge"), ask.amount(sum(|one| one.would))?),
        Item::new(ask.say("policy.difference"), Cell::amount(change)),
    ])
}

fn compared(
    ask: &Ask,
    caption: String,
    name: &'static str,
    lines: &[Effect],
    cell: impl Fn(&str) -> Cell,
) -> Result<Table, PageError> {
    let columns = [name, "#policy.was_charged", "#policy.would_charge", "#policy.difference"];
    let mut table = ask.table(caption, &columns, "policy.nobody_affected");
    for one in lines {
        let change = Cell::amount(ask.notation.change(i128::from(one.change()))?);
        table.row(vec![cell(&one.name), ask.bare(one.was)?, ask.bare(one.would)?, change]);
    }
    Ok(table)
}

fn apply_form(ask: &Ask, planned: &Planned) -> Form {
    let file = |name: &str| planned.files.get(name).cloned().unwrap_or_default();
    let id = ask.id().to_owned();
    let number = planned.against.to_string();
    let mut choices = vec![Choice::new("", ask.say("policy.from_now"), true)];
    if planned.against > 0 {
        choices.push(Choice::new("yes", ask.with("policy.corrects_it", &[("number", &number)]), false));
    }
    let corrects = ask.with("policy.effect_corrects", &[("number", &number)]);
    let form = ask
        .form(ask.at("/policy/apply"), ask.say("policy.apply"))
        .hidden("cloud_toml", file(POLICY_FILE))
        .hidden("catalog_toml", file(CATALOG_FILE))
        .hidden("against", number)
        .fields([
            Field::radio("reaches", ask.say("policy.reaches"), choices),
            Field::of("starts", ask.say("policy.starts"), "date").help(ask.say("policy.starts_help")),
            ask.reason_field(),
            ask.name_field(&id),
        ])
        .effect([ask.say("policy.apply_effect").to_owned(), corrects])
        .danger();
    form.again(ask.trouble.as_ref(), &ask.entered)
}

pub(super) fn apply(ask: &Ask) -> Result<Done, Stop> {
    let Ok(planned) = planned(ask)? else {
        return Err(Stop::Field { field: "", what: ask.say("policy.cannot_be_used").to_owned() });
    };
    let why = ask.must_enter("reason")?;
    let id = ask.id().to_owned();
    ask.must_confirm(&id)?;
    if ask.was_entered("against") != Some(planned.against.to_string().as_str()) {
        return Err(Stop::Field { field: "", what: ask.say("policy.changed_meanwhile").to_owned() });
    }
    let corrects = ask.was_entered("reaches").map(|_| planned.against);
    let starts = match ask.was_entered("starts").map(CivilDate::parse) {
        None => None,
        Some(Ok(day)) => Some(ask.zone.start_of_day(day)?),
        Some(Err(_)) => return Err(Stop::Field { field: "starts", what: ask.say("error.date").to_owned() }),
    };
    let request = ApplyRequest { files: planned.files, who: ask.visitor.person.clone(), why, starts, corrects };
    let number = match ask.doing().apply_policy(&id, request) {
        Ok(Applied::New(version)) => version.number,
        Ok(Applied::Unchanged { number }) => number,
        Err(ApplyPolicyError::Engine(error)) => return Err(PageError::from(error).into()),
        Err(refused) => return Err(Stop::Field { field: "", what: refused.to_string() }),
    };
    Ok(Done::here(ask, &format!("/policy/versions/{number}"), "applied"))
}

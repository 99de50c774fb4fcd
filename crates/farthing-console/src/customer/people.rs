//! The people of an account: who they are and what they may, inviting somebody, changing a role, taking it away. Nobody changes what they are
//! themselves, so that somebody always can; and nobody but a payer makes or unmakes one.

use super::ask::{Ask, Done, Page, Stop, account_address, found};
use crate::block::{Block, Cell, Choice, Fact, Field, Form, Link, Notice, Section};
use crate::frame::PageError;
use axum::http::StatusCode;
use farthing_core::access::{Deed, PersonId, Role, may_give};
use farthing_engine::{Asked, NewPerson, PersonFacts, PersonRole};

/// As many projects are offered.
const PROJECTS_MAX: usize = 200;

/// Who uses the account. Names and addresses are told to those who say who comes here; members of a project see its own alone.
pub(super) fn section(ask: &Ask) -> Result<Section, PageError> {
    let rows = found(ask.engine().members(ask.id(), ask.account()), ask)?;
    let mine = |project: &Option<String>| {
        let own = ask.seat.projects.as_ref();
        own.is_none_or(|own| project.as_ref().is_some_and(|name| own.contains(name)))
    };
    let rows: Vec<_> = rows.into_iter().filter(|(_, project)| mine(project)).collect();
    let people = found(ask.engine().people_of_account(ask.id(), ask.account()), ask)?;
    let caption = ask.with("members.caption", &[("count", &rows.len().to_string())]);
    let columns = ["members.person", "members.role", "members.project", "people.state"];
    let mut table = ask.table(caption, &columns, "members.empty");
    for (row, project) in rows {
        let facts = people.iter().find(|facts| facts.person == row.person);
        table.row(vec![
            match facts {
                Some(facts) if ask.may(Deed::SetPeople) => {
                    Cell::link(ask.at(&format!("/settings/people/{}", facts.id)), called(facts))
                        .note(facts.email.clone())
                }
                Some(facts) if !facts.name.is_empty() => Cell::text(facts.name.clone()),
                _ => Cell::text(row.person),
            },
            Cell::text(ask.language.word("role", &row.role)),
            Cell::text(project.unwrap_or_else(|| ask.say("members.all").to_owned())),
            Cell::text(facts.map_or("", |facts| ask.say(state(facts)))).class("muted"),
        ]);
    }
    let mut blocks = vec![Block::Table(table)];
    if ask.may(Deed::SetPeople) {
        blocks.push(Block::Form(invitation(ask)?));
    }
    Ok(Section::at("members", ask.say("settings.members"), blocks))
}

fn called(facts: &PersonFacts) -> String {
    if facts.name.is_empty() { facts.email.clone() } else { facts.name.clone() }
}

fn state(facts: &PersonFacts) -> &'static str {
    match (facts.accepted, facts.signed_in) {
        (true, _) => "people.accepted",
        (false, Some(_)) => "people.vouched",
        (false, None) => "people.invited",
    }
}

fn invitation(ask: &Ask) -> Result<Form, PageError> {
    let effect = if ask.console.mails { "people.effect_mail" } else { "people.effect_link" };
    Ok(Form::post(ask.at("/settings/people"), &ask.visitor.csrf, ask.say("people.invite"))
        .hidden("once", ask.once())
        .fields([
            Field::of("email", ask.say("settings.email"), "email").needed(),
            Field::text("name", ask.say("settings.contact_name")),
            roles(ask, Role::Member),
            places(ask, None)?,
        ])
        .effect([ask.say(effect).to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered))
}

/// Those that the visitor may give, each with what it may.
fn roles(ask: &Ask, chosen: Role) -> Field {
    let given = Role::ALL.into_iter().filter(|role| may_give(ask.seat.role, *role));
    let words = |role: Role| {
        let (name, what) = (ask.language.word("role", role.name()), ask.language.word("people.may", role.name()));
        ask.with("people.role_line", &[("role", &name), ("may", &what)])
    };
    let choices = given.map(|role| Choice::new(role.name(), words(role), role == chosen)).collect();
    Field::select("role", ask.say("members.role"), choices)
}

/// The whole account, or one project.
fn places(ask: &Ask, only: Option<&PersonFacts>) -> Result<Field, PageError> {
    let projects: Vec<Option<String>> = if let Some(facts) = only {
        facts.roles.iter().map(|place| place.project.clone()).collect()
    } else {
        let rows = found(ask.engine().projects(ask.id(), Some(ask.account()), 0, PROJECTS_MAX), ask)?;
        [None].into_iter().chain(rows.into_iter().map(|(row, _)| Some(row.name))).collect()
    };
    let choices = projects.into_iter().enumerate().map(|(place, project)| {
        let words = project.clone().unwrap_or_else(|| ask.say("members.all").to_owned());
        Choice::new(project.unwrap_or_default(), words, place == 0)
    });
    Ok(Field::select("project", ask.say("members.project"), choices.collect()))
}

pub(super) fn invite(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetPeople)?;
    let (role, project) = (chosen_role(ask)?, ask.was_entered("project").map(str::to_owned));
    let email = ask.must_enter("email")?;
    let people = found(ask.engine().people_of_account(ask.id(), ask.account()), ask)?;
    if let Some(known) = people.iter().find(|facts| facts.email.eq_ignore_ascii_case(&email)) {
        may_change(ask, known, project.as_deref())?;
    }
    let new = NewPerson {
        email,
        name: ask.was_entered("name").unwrap_or_default().to_owned(),
        language: ask.language.tag().to_owned(),
        person: None,
        account: ask.account().to_owned(),
        project,
        role,
    };
    let now = ask.console.home.now()?;
    let id = ask.doing().invite_person(ask.id(), &new, now).map_err(Stop::Refused)?;
    Ok(Done::at(ask, &format!("/settings/people/{id}"), "invited"))
}

/// Somebody who is something to this account; whoever is nothing to it is not there.
fn named(ask: &Ask) -> Result<PersonFacts, PageError> {
    ask.must(Deed::SetPeople)?;
    let id = PersonId::parse(ask.name("person")).map_err(|_| ask.nowhere())?;
    let people = found(ask.engine().people_of_account(ask.id(), ask.account()), ask)?;
    people.into_iter().find(|facts| facts.id == id).ok_or_else(|| ask.nowhere())
}

/// Nobody changes themselves, and only a payer changes a payer.
fn may_change(ask: &Ask, facts: &PersonFacts, project: Option<&str>) -> Result<(), Stop> {
    let refused = |key: &'static str| Err(Stop::Field { field: "", what: ask.say(key).to_owned() });
    if facts.person == ask.visitor.known_as {
        return refused("people.not_oneself");
    }
    let there = facts.roles.iter().find(|place| place.project.as_deref() == project).and_then(PersonRole::known);
    if there.is_some_and(|role| !may_give(ask.seat.role, role)) {
        return refused("people.not_payer");
    }
    Ok(())
}

fn chosen_role(ask: &Ask) -> Result<Role, Stop> {
    let role = ask.was_entered("role").and_then(Role::parse).filter(|role| may_give(ask.seat.role, *role));
    role.ok_or_else(|| Stop::Field { field: "role", what: ask.say("error.choose").to_owned() })
}

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let facts = named(ask)?;
    let sentence = ask.with("people.sentence", &[("name", &called(&facts)), ("account", ask.account())]);
    let mut told = vec![
        Fact::new(ask.say("settings.email"), Cell::text(facts.email.clone())),
        Fact::new(ask.say("people.state"), Cell::text(ask.say(state(&facts)))),
        Fact::new(ask.say("people.since"), ask.moment(facts.made)?),
    ];
    if let Some(at) = facts.signed_in {
        told.push(Fact::new(ask.say("people.signed_in"), ask.moment(at)?));
    }
    for place in &facts.roles {
        let project = place.project.clone().unwrap_or_else(|| ask.say("members.all").to_owned());
        told.push(Fact::new(project, Cell::text(ask.language.word("role", &place.role))));
    }
    let page = Page::below(ask, "nav.settings", "/settings", called(&facts), sentence)
        .section(Section::plain(vec![Block::Facts(told)]));
    if facts.person == ask.visitor.known_as {
        let own = Block::Text(ask.say("people.not_oneself").to_owned());
        return Ok(page.section(Section::plain(vec![own])));
    }
    let at = |deed: &str| ask.at(&format!("/settings/people/{}/{deed}", facts.id));
    let mut page = page;
    if !ask.console.mails && !facts.accepted {
        let form = Form::post(at("link"), &ask.visitor.csrf, ask.say("people.show_link"))
            .effect([ask.say("people.link_effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered);
        page = page.section(Section::at("link", ask.say("people.link_title"), vec![Block::Form(form)]));
    }
    let now = facts.roles.first().and_then(PersonRole::known).unwrap_or(Role::Member);
    let role = Form::post(at("role"), &ask.visitor.csrf, ask.say("people.set_role"))
        .hidden("once", ask.once())
        .fields([places(ask, None)?, roles(ask, now)])
        .effect([ask.say("people.role_effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered);
    let remove = Form::post(at("remove"), &ask.visitor.csrf, ask.with("people.remove", &[("name", &called(&facts))]))
        .hidden("once", ask.once())
        .fields([places(ask, Some(&facts))?])
        .effect([ask.say("people.remove_effect").to_owned()])
        .danger()
        .again(ask.trouble.as_ref(), &ask.entered);
    Ok(page.section(Section::at("role", ask.say("people.role_title"), vec![Block::Form(role)])).section(Section::at(
        "remove",
        ask.say("people.remove_title"),
        vec![Block::Form(remove)],
    )))
}

pub(super) fn set_role(ask: &Ask) -> Result<Done, Stop> {
    let facts = named(ask)?;
    let (role, project) = (chosen_role(ask)?, ask.was_entered("project"));
    may_change(ask, &facts, project)?;
    ask.doing().set_person_role(ask.id(), facts.id, (ask.account(), project), role).map_err(Stop::Refused)?;
    Ok(Done::at(ask, &format!("/settings/people/{}", facts.id), "saved"))
}

pub(super) fn remove(ask: &Ask) -> Result<Done, Stop> {
    let facts = named(ask)?;
    let project = ask.was_entered("project");
    may_change(ask, &facts, project)?;
    ask.doing().remove_person(ask.id(), facts.id, (ask.account(), project)).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "removed"))
}

/// The link of an invitation, to be handed on: where no mail goes out. It stands on this answer alone.
pub(super) fn link(ask: &Ask) -> Result<(Page, StatusCode), Stop> {
    let facts = named(ask)?;
    may_change(ask, &facts, None)?;
    if ask.console.mails {
        return Err(Stop::Page(ask.nowhere()));
    }
    let now = ask.console.home.now()?;
    // Not kept for whoever sends the form again: what opens something is kept nowhere.
    let (who, source) = (ask.visitor.person.clone(), ask.source.clone());
    let engine = ask.console.engine.asked_by(Asked { who, source, once: None, why: String::new() });
    let place = (ask.id(), ask.account());
    let token = engine.invitation_link(place, facts.id, ask.console.test_of.as_deref(), now).map_err(Stop::Refused)?;
    let link = ask.console.absolute(&format!("/sign-in/invitation/{}", token.reveal()));
    let sentence = ask.with("people.link_sentence", &[("name", &called(&facts))]);
    let back = account_address(ask.id(), ask.account(), &format!("/settings/people/{}", facts.id));
    let blocks = vec![
        Block::Code(link),
        Block::Notices(vec![Notice::new("warn", ask.say("people.link_once"))]),
        Block::Links(vec![Link::new(back, called(&facts))]),
    ];
    let page = Page::below(ask, "nav.settings", "/settings", called(&facts), sentence);
    Ok((page.section(Section::plain(blocks)), StatusCode::OK))
}

//! Which of somebody's accounts; and going out.

use super::cookie::{self, SESSION};
use super::door::{Answer, Entering, door_address, landing, push_cookie};
use crate::block::{Block, Cell, Column, Section, Table};
use crate::customer::account_address;
use crate::shell::shown;
use crate::web::sight::Page;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;

pub(super) fn show(entering: &Entering) -> Answer {
    let seen = entering.must_be_seen()?;
    let visit = &seen.visit;
    if visit.operator.is_some() {
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, landing(visit))]).into_response());
    }
    let cloud = entering.cloud_of(&visit.cloud)?;
    let language = entering.language(&visit.language, cloud.as_ref());
    let mut table =
        Table::new(language.say("enter.accounts_caption"), &[]).when_empty(language.say("enter.accounts_none"));
    table.columns = ["enter.account", "enter.role"]
        .map(|key| Column { label: language.say(key).to_owned(), ..Column::default() })
        .into();
    for access in &visit.accounts {
        let role = if let Some(role) = access.role {
            language.word("enter.role", role.name())
        } else {
            let projects: Vec<&str> = access.projects.iter().map(|(_, name, _)| name.as_str()).collect();
            language.with("enter.role_projects", &[("projects", &projects.join(", "))])
        };
        let mut name = Cell::text(access.account.clone());
        name.address = account_address(&visit.cloud, &access.account, "");
        table.row(vec![name, Cell::text(role)]);
    }
    let mut shell = entering.shell(cloud.as_ref(), language, language.say("enter.accounts_title").to_owned());
    shell.csrf = seen.token.form_text();
    super::SIGN_OUT.clone_into(&mut shell.leave);
    let sentence = language.with("enter.accounts_sentence", &[("name", &visit.name)]);
    let links = vec![crate::block::Link::new(super::SECURITY, language.say("enter.security"))];
    let page = Page {
        nav: "",
        title: language.say("enter.accounts_title").to_owned(),
        sentence,
        above: Vec::new(),
        sections: vec![Section::plain(vec![Block::Table(table), Block::Links(links)])],
    };
    shown(shell, page, None, StatusCode::OK)
}

/// The session ends here, whatever the browser keeps.
pub(super) fn sign_out(entering: &Entering) -> Answer {
    let https = entering.gate().https();
    let Some(seen) = entering.seen()? else {
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, entering.way_in(None)?)]).into_response());
    };
    let seen = if seen.token.is_form_text(entering.entered("csrf")) { seen } else { entering.sent_by()? };
    entering.console.engine.sign_out(&seen.token)?;
    let operator = seen.visit.operator.is_some();
    let cloud = Some(seen.visit.cloud.as_str()).filter(|_| !operator);
    let to = door_address(&entering.console, "/sign-in", cloud);
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
    push_cookie(&mut response, &cookie::clear(SESSION, https));
    Ok(response)
}

//! `/start`: whom a demonstration invites to come in as, and what to look at there. A server of customers has no such page: it is there where the
//! gate was told of guests. Coming in is the sign-in page's, with a password that everybody may know.

use super::door::{Answer, Entering, with_cookie};
use crate::block::{Block, Form, Section};
use crate::shell::shown;
use crate::web::sight::Page;
use axum::http::StatusCode;

/// Somebody of a demonstration, whose password everybody may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Empty: an operator of every cloud.
    pub cloud: String,
    /// What the part of the page is called: the cloud's name.
    pub at: String,
    pub name: String,
    pub email: String,
    pub password: String,
    /// Who that is, in a few words.
    pub who: String,
    /// What to look at, a sentence each.
    pub look: Vec<String>,
    /// Where they are sent; empty: where anybody is who signs in.
    pub to: String,
}

pub(super) fn show(entering: &Entering) -> Answer {
    let language = entering.language("", None);
    let (csrf, cookie) = entering.door();
    let mut sections: Vec<Section> = Vec::new();
    for guest in entering.gate().guests() {
        let action = if guest.cloud.is_empty() { "/sign-in".to_owned() } else { format!("/sign-in/{}", guest.cloud) };
        let mut form = Form::post(action, &csrf, language.with("start.enter", &[("name", &guest.name)]))
            .hidden("email", guest.email.clone())
            .hidden("password", guest.password.clone());
        if !guest.to.is_empty() {
            form = form.hidden("back", guest.to.clone());
        }
        form.effect = vec![language.with("start.known", &[("email", &guest.email), ("password", &guest.password)])];
        let blocks = vec![
            Block::Heading(language.with("start.who", &[("name", &guest.name), ("who", &guest.who)])),
            Block::List(guest.look.clone()),
            Block::Form(form),
        ];
        match sections.last_mut().filter(|section| section.title == guest.at) {
            Some(section) => section.blocks.extend(blocks),
            None => sections.push(Section::new(guest.at.clone(), blocks)),
        }
    }
    let title = language.say("start.title").to_owned();
    let shell = entering.shell(None, language, title.clone());
    let sentence = language.say("start.sentence").to_owned();
    let page = Page { nav: "", title, sentence, above: Vec::new(), sections };
    let response = shown(shell, page, None, StatusCode::OK)?;
    Ok(with_cookie(response, cookie))
}

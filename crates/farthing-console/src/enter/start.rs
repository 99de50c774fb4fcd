//! `/start`: whom a demonstration invites to come in as, and what to look at there. A server of customers has no such page: it is there where the
//! gate was told of guests. Coming in is the sign-in page's, with a password that everybody may know.

use super::door::{Answer, Entering, with_cookie};
use crate::block::{Block, Form, Section};
use crate::shell::shown;
use crate::web::sight::Page;
use crate::words::Language;
use axum::http::StatusCode;
use std::fmt::Write as _;

/// What a demonstration says, in each of the languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    pub en: &'static str,
    pub zh: &'static str,
}

impl Said {
    fn within(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }
}

/// Somebody of a demonstration, whose password everybody may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Empty: an operator of every cloud.
    pub cloud: String,
    /// The cloud's name; empty: all of them.
    pub at: String,
    /// Empty: of none.
    pub account: String,
    pub name: String,
    pub email: String,
    pub password: String,
    /// Who that is, in a few words.
    pub who: Said,
    /// What to look at, a sentence each.
    pub look: Vec<Said>,
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
        let mut heading = language.with("start.who", &[("name", &guest.name), ("who", guest.who.within(language))]);
        if !guest.account.is_empty() {
            let _ = write!(heading, " ({})", guest.account);
        }
        let look = guest.look.iter().map(|said| said.within(language).to_owned()).collect();
        let blocks = vec![Block::Heading(heading), Block::List(look), Block::Form(form)];
        let at = if guest.at.is_empty() { language.say("start.all") } else { &guest.at };
        match sections.last_mut().filter(|section| section.title == at) {
            Some(section) => section.blocks.extend(blocks),
            None => sections.push(Section::new(at.to_owned(), blocks)),
        }
    }
    let title = language.say("start.title").to_owned();
    let shell = entering.shell(None, language, title.clone());
    let sentence = language.say("start.sentence").to_owned();
    let page = Page { nav: "", title, sentence, above: Vec::new(), sections };
    let response = shown(shell, page, None, StatusCode::OK)?;
    Ok(with_cookie(response, cookie))
}

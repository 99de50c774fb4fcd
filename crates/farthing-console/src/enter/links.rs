//! What links open: the portal's, at once; an invitation's and a forgotten password's, once a password is chosen. Opening such a page uses
//! nothing up: mail programs open links too.

use super::door::{Answer, Entering, with_trouble};
use crate::block::{Block, Field, Form, Link};
use axum::http::StatusCode;
use farthing_core::access::{Opens, PASSWORD_MIN, Token};
use farthing_engine::{Refused, SignedIn};

/// The portal vouches for somebody. Nothing tells why a link opens nothing.
pub(super) fn enter(entering: &Entering) -> Answer {
    let link = link_of(entering);
    let entered = match &link {
        Some(link) => entering.engine_for("portal").enter(link, &entering.agent(), entering.now)?,
        None => None,
    };
    let Some(entered) = entered else { return over(entering) };
    let to = Some(entered.return_to.clone()).filter(|path| !path.is_empty());
    let to = to.unwrap_or_else(|| crate::customer::account_address(&entered.cloud, &entered.account, ""));
    Ok(entering.in_to(&entered.session, to))
}

pub(super) fn show(entering: &Entering) -> Answer {
    shown(entering, None, StatusCode::OK)
}

pub(super) fn choose(entering: &Entering) -> Answer {
    entering.sent_here()?;
    let Some(link) = link_of(entering) else { return over(entering) };
    let Some(facts) = entering.console.engine.link_facts(&link, entering.now)? else { return over(entering) };
    let cloud = entering.cloud_of(&facts.cloud)?;
    let language = entering.language(&facts.language, cloud.as_ref());
    let password = entering.entered("password");
    if password != entering.entered("again") {
        let told = language.say("enter.not_the_same").to_owned();
        return shown(entering, Some(told), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let engine = entering.engine_for("link");
    match engine.choose_password(&link, password, (&entering.agent(), language.tag()), entering.now) {
        Ok(SignedIn::Whole(token)) => entering.onwards(&token),
        Ok(SignedIn::Half(token)) => Ok(super::code::go(entering, &token)),
        Err(Refused::ByRule { .. }) => {
            let told = weak(language);
            shown(entering, Some(told), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refused::Engine(error)) => Err(error.into()),
    }
}

pub(super) fn weak(language: crate::words::Language) -> String {
    language.with("enter.weak", &[("least", &PASSWORD_MIN.to_string())])
}

fn shown(entering: &Entering, trouble: Option<String>, status: StatusCode) -> Answer {
    let Some(link) = link_of(entering) else { return over(entering) };
    let Some(facts) = entering.console.engine.link_facts(&link, entering.now)? else { return over(entering) };
    let cloud = entering.cloud_of(&facts.cloud)?;
    let language = entering.language(&facts.language, cloud.as_ref());
    let (csrf, cookie) = entering.door();
    let help = language.with("enter.password_help", &[("least", &PASSWORD_MIN.to_string())]);
    // The address itself, so that password managers know whose it is.
    let email = Field::of("email", language.say("enter.email"), "email").value(facts.email.clone()).fills("username");
    let form = Form::post(entering.came.address(), &csrf, language.say("enter.choose_submit"))
        .field(email)
        .field(
            Field::of("password", language.say("enter.new_password"), "password")
                .help(help)
                .needed()
                .fills("new-password"),
        )
        .field(Field::of("again", language.say("enter.again"), "password").needed().fills("new-password"));
    let brand = cloud.as_ref().map_or_else(|| "Farthing".to_owned(), |cloud| cloud.name.clone());
    let (title, sentence) = if facts.is_invitation {
        ("enter.invitation_title", language.with("enter.invitation_sentence", &[("brand", &brand)]))
    } else {
        ("enter.choose_title", language.say("enter.choose_sentence").to_owned())
    };
    let blocks = vec![Block::Form(with_trouble(form, trouble))];
    entering.form_page((cloud.as_ref(), language), (title, sentence), blocks, (status, cookie))
}

/// Used, over, or never there.
fn over(entering: &Entering) -> Answer {
    let language = entering.language("", None);
    let blocks = vec![
        Block::Text(language.say("enter.over_text").to_owned()),
        Block::Links(vec![Link::new("/sign-in", language.say("enter.over_operator"))]),
    ];
    let heads = ("enter.over_title", language.say("enter.over_sentence").to_owned());
    entering.form_page((None, language), heads, blocks, (StatusCode::NOT_FOUND, None))
}

fn link_of(entering: &Entering) -> Option<Token> {
    Token::parse(Opens::Link, entering.came.named("link"))
}

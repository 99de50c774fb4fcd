//! The door itself: an address and a password; and for whoever has forgotten theirs, a mail. Customers come in at their cloud's, operators at
//! their own.

use super::door::{Answer, Entering, door_address, landing, side, wait, with_trouble};
use crate::Cloud;
use crate::block::{Block, Field, Form, Link};
use crate::frame::PageError;
use crate::words::Language;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use farthing_engine::{SignIn, SignInRefused, SignedIn};

pub(super) fn show(entering: &Entering) -> Answer {
    if let Some(seen) = entering.seen()? {
        let to = entering.back().unwrap_or_else(|| landing(&seen.visit));
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response());
    }
    // Somebody who has shown a password already goes on with the code.
    let cloud = entering.cloud()?;
    shown(entering, cloud.as_ref(), None, StatusCode::OK)
}

pub(super) fn send(entering: &Entering) -> Answer {
    entering.sent_here()?;
    let cloud = entering.cloud()?;
    let language = entering.language("", cloud.as_ref());
    let asked = SignIn {
        email: entering.entered("email").to_owned(),
        password: entering.entered("password").to_owned(),
        address: entering.source(),
        agent: entering.agent(),
        language: language.tag().to_owned(),
    };
    let at = side(&entering.console, cloud.as_ref());
    match entering.engine_for("sign-in page").sign_in(&at, &asked, entering.now) {
        Ok(SignedIn::Whole(token)) => entering.onwards(&token),
        Ok(SignedIn::Half(token)) => Ok(super::code::go(entering, &token)),
        Err(SignInRefused::Wrong) => {
            let told = language.say("enter.wrong").to_owned();
            shown(entering, cloud.as_ref(), Some(told), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(SignInRefused::Wait { seconds }) => {
            let told = waiting(language, seconds);
            Ok(wait(shown(entering, cloud.as_ref(), Some(told), StatusCode::TOO_MANY_REQUESTS)?, seconds))
        }
        Err(SignInRefused::Engine(error)) => Err(error.into()),
    }
}

pub(super) fn waiting(language: Language, seconds: u32) -> String {
    if seconds < 120 {
        language.count("enter.wait_seconds", i64::from(seconds))
    } else {
        language.count("enter.wait_minutes", i64::from(seconds.div_ceil(60)))
    }
}

fn shown(entering: &Entering, cloud: Option<&Cloud>, trouble: Option<String>, status: StatusCode) -> Answer {
    let language = entering.language("", cloud);
    let (csrf, cookie) = entering.door();
    let at = |page: &str| door_address(&entering.console, page, cloud.map(|cloud| cloud.id.as_str()));
    let mut form = Form::post(at("/sign-in"), &csrf, language.say("enter.submit"))
        .field(
            Field::of("email", language.say("enter.email"), "email")
                .value(entering.entered("email"))
                .needed()
                .fills("username"),
        )
        .field(Field::of("password", language.say("enter.password"), "password").needed().fills("current-password"));
    if let Some(back) = entering.back() {
        form = form.hidden("back", back);
    }
    let mut links = vec![Link::new(at("/forgotten-password"), language.say("enter.forgotten"))];
    if cloud.is_none() && entering.gate().directory.is_some() {
        links.insert(0, Link::new("/sign-in/directory", language.say("enter.directory")).strong());
    }
    let sentence = match cloud {
        Some(cloud) => language.with("enter.sentence", &[("brand", &cloud.name)]),
        None => language.say("enter.sentence_operator").to_owned(),
    };
    let blocks = vec![Block::Form(with_trouble(form, trouble)), Block::Links(links)];
    entering.form_page((cloud, language), ("enter.title", sentence), blocks, (status, cookie))
}

pub(super) fn forgotten(entering: &Entering) -> Answer {
    let cloud = entering.cloud()?;
    let language = entering.language("", cloud.as_ref());
    let (csrf, cookie) = entering.door();
    let at = |page: &str| door_address(&entering.console, page, cloud.as_ref().map(|cloud| cloud.id.as_str()));
    let email = Field::of("email", language.say("enter.email"), "email").needed().fills("username");
    let form = Form::post(at("/forgotten-password"), &csrf, language.say("enter.forgotten_submit")).field(email);
    let links = vec![Link::new(at("/sign-in"), language.say("enter.back"))];
    let blocks =
        vec![Block::Text(language.say("enter.forgotten_text").to_owned()), Block::Form(form), Block::Links(links)];
    let heads = ("enter.forgotten_title", language.say("enter.forgotten_sentence").to_owned());
    entering.form_page((cloud.as_ref(), language), heads, blocks, (StatusCode::OK, cookie))
}

/// The same answer, whether anybody has that address or not.
pub(super) fn ask_password(entering: &Entering) -> Answer {
    entering.sent_here()?;
    let cloud = entering.cloud()?;
    let language = entering.language("", cloud.as_ref());
    let door = side(&entering.console, cloud.as_ref());
    match entering.engine_for("sign-in page").forgot_password(&door, entering.entered("email"), entering.now) {
        Ok(()) | Err(SignInRefused::Wrong | SignInRefused::Wait { .. }) => {}
        Err(SignInRefused::Engine(error)) => return Err(PageError::from(error)),
    }
    let at = door_address(&entering.console, "/sign-in", cloud.as_ref().map(|cloud| cloud.id.as_str()));
    let blocks = vec![
        Block::Text(language.say("enter.mailed_text").to_owned()),
        Block::Links(vec![Link::new(at, language.say("enter.back"))]),
    ];
    let heads = ("enter.forgotten_title", language.say("enter.mailed").to_owned());
    entering.form_page((cloud.as_ref(), language), heads, blocks, (StatusCode::OK, None))
}

//! The second step: the code of an authenticator, or one of those that are kept for losing it.

use super::cookie::{self, DOOR, FROM, SESSION};
use super::door::{Answer, Entering, push_cookie, wait, with_trouble};
use super::sign_in::waiting;
use crate::block::{Block, Field, Form};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use farthing_core::access::Token;
use farthing_engine::SignInRefused;

/// On to the code, with what the password has opened.
pub(super) fn go(entering: &Entering, half: &Token) -> Response {
    let https = entering.gate().https();
    let to = match entering.back() {
        Some(back) => format!("/sign-in-code?back={}", crate::frame::segment(&back)),
        None => "/sign-in-code".to_owned(),
    };
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
    push_cookie(&mut response, &cookie::set(SESSION, &half.reveal(), https));
    push_cookie(&mut response, &cookie::clear(DOOR, https));
    let cloud = entering.came.named("cloud");
    if !cloud.is_empty() {
        push_cookie(&mut response, &cookie::set(FROM, cloud, https));
    }
    response
}

pub(super) fn show(entering: &Entering) -> Answer {
    shown(entering, None, StatusCode::OK)
}

pub(super) fn send(entering: &Entering) -> Answer {
    let Some(half) = entering.token() else { return begin_again(entering) };
    if !half.is_form_text(entering.entered("csrf")) {
        return shown(entering, None, StatusCode::FORBIDDEN);
    }
    let language = entering.language("", None);
    let engine = entering.engine_for("sign-in page");
    match engine.sign_in_code(&half, entering.entered("code"), &entering.source(), entering.now) {
        Ok(token) => entering.onwards(&token),
        Err(SignInRefused::Wrong) => {
            let told = language.say("enter.code_wrong").to_owned();
            shown(entering, Some(told), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(SignInRefused::Wait { seconds }) => {
            let told = waiting(language, seconds);
            Ok(wait(shown(entering, Some(told), StatusCode::TOO_MANY_REQUESTS)?, seconds))
        }
        Err(SignInRefused::Engine(error)) => Err(error.into()),
    }
}

fn shown(entering: &Entering, trouble: Option<String>, status: StatusCode) -> Answer {
    let Some(half) = entering.token() else { return begin_again(entering) };
    if !entering.console.engine.is_half_way(&half, entering.now)? {
        return begin_again(entering);
    }
    let language = entering.language("", None);
    let code = Field::text("code", language.say("enter.code")).help(language.say("enter.code_help")).needed();
    let mut form =
        Form::post("/sign-in-code", &half.form_text(), language.say("enter.submit")).field(code.fills("one-time-code"));
    if let Some(back) = entering.back() {
        form = form.hidden("back", back);
    }
    let blocks = vec![Block::Form(with_trouble(form, trouble))];
    let heads = ("enter.title", language.say("enter.code_sentence").to_owned());
    entering.form_page((None, language), heads, blocks, (status, None))
}

fn begin_again(entering: &Entering) -> Answer {
    Ok((StatusCode::SEE_OTHER, [(LOCATION, entering.way_in(None)?)]).into_response())
}

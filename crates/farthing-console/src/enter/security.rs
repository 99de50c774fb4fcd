//! What somebody signs in with: their password, their second factor, where they are signed in.

use super::SECURITY;
use super::door::{Answer, Entering, Seen, wait};
use super::links::weak;
use super::sign_in::waiting;
use crate::block::{Block, Cell, Column, Field, Form, Link, Section, Table};
use crate::chart::qr::Qr;
use crate::frame::PageError;
use crate::shell::shown;
use crate::web::sight::Page;
use crate::words::Language;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use farthing_core::access::{PASSWORD_MIN, PersonId, TokenId};
use farthing_core::time::Zone;
use farthing_engine::SignInRefused;

/// What is said beside a form that did nothing, and which.
struct Trouble {
    form: &'static str,
    what: String,
    wait_seconds: Option<u32>,
}

pub(super) fn show(entering: &Entering) -> Answer {
    let seen = entering.must_be_seen()?;
    let done = entering.came.query().get("done").cloned();
    drawn(entering, &seen, None, done.as_deref(), &[])
}

pub(super) fn password(entering: &Entering) -> Answer {
    let (seen, person) = somebody(entering)?;
    let language = entering.language(&seen.visit.language, None);
    let trouble = |what: String, wait_seconds| Trouble { form: "password", what, wait_seconds };
    let new = entering.entered("password");
    if new != entering.entered("again") {
        let what = language.say("enter.not_the_same").to_owned();
        return drawn(entering, &seen, Some(trouble(what, None)), None, &[]);
    }
    let engine = entering.engine_for(&seen.visit.asked_as());
    let words = (entering.entered("current"), new);
    match engine.change_password((person, seen.visit.session), words, &entering.source(), entering.now) {
        Ok(Ok(())) => Ok(done("password")),
        Ok(Err(_)) => drawn(entering, &seen, Some(trouble(weak(language), None)), None, &[]),
        Err(refused) => refused_page(entering, &seen, "password", refused),
    }
}

pub(super) fn begin(entering: &Entering) -> Answer {
    let (seen, person) = somebody(entering)?;
    let engine = entering.engine_for(&seen.visit.asked_as());
    match engine.second_factor_begin(person, entering.entered("current"), &entering.source(), entering.now) {
        Ok(_) => {
            Ok((StatusCode::SEE_OTHER, [(LOCATION, format!("{SECURITY}?set-up=yes#second-factor"))]).into_response())
        }
        Err(refused) => refused_page(entering, &seen, "second-factor", refused),
    }
}

/// The codes for losing the authenticator are on this page, and on no other.
pub(super) fn turn_on(entering: &Entering) -> Answer {
    let (seen, person) = somebody(entering)?;
    let language = entering.language(&seen.visit.language, None);
    let engine = entering.engine_for(&seen.visit.asked_as());
    match engine.second_factor_on((person, seen.visit.session), entering.entered("code"), entering.now) {
        Ok(codes) => {
            let seen = entering.must_be_seen()?;
            drawn(entering, &seen, None, Some("second_factor_on"), &codes)
        }
        Err(farthing_engine::Refused::Engine(error)) => Err(error.into()),
        Err(farthing_engine::Refused::ByRule { .. }) => {
            let what = language.say("enter.code_wrong").to_owned();
            drawn(entering, &seen, Some(Trouble { form: "on", what, wait_seconds: None }), None, &[])
        }
    }
}

pub(super) fn turn_off(entering: &Entering) -> Answer {
    let (seen, person) = somebody(entering)?;
    let engine = entering.engine_for(&seen.visit.asked_as());
    match engine.second_factor_off(person, entering.entered("current"), &entering.source(), entering.now) {
        Ok(()) => Ok(done("second_factor_off")),
        Err(refused) => refused_page(entering, &seen, "off", refused),
    }
}

pub(super) fn end_session(entering: &Entering) -> Answer {
    let (_, person) = somebody(entering)?;
    let id = TokenId::parse(entering.entered("session")).map_err(|_| entering.nowhere())?;
    if !entering.console.engine.session_end(person, id)? {
        return Err(entering.nowhere());
    }
    Ok(done("session"))
}

pub(super) fn end_others(entering: &Entering) -> Answer {
    let (seen, person) = somebody(entering)?;
    entering.console.engine.sign_out_everywhere(person, Some(seen.visit.session))?;
    Ok(done("sessions"))
}

fn done(what: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{SECURITY}?done={what}"))]).into_response()
}

/// Whose form it is; whom the portal vouches for has nothing here to change.
fn somebody(entering: &Entering) -> Result<(Seen, PersonId), PageError> {
    let seen = entering.sent_by()?;
    let person = seen.visit.person().ok_or_else(|| entering.nowhere())?;
    Ok((seen, person))
}

fn refused_page(entering: &Entering, seen: &Seen, form: &'static str, refused: SignInRefused) -> Answer {
    let language = entering.language(&seen.visit.language, None);
    let trouble = match refused {
        SignInRefused::Wrong => {
            Trouble { form, what: language.say("enter.current_wrong").to_owned(), wait_seconds: None }
        }
        SignInRefused::Wait { seconds } => {
            Trouble { form, what: waiting(language, seconds), wait_seconds: Some(seconds) }
        }
        SignInRefused::Engine(error) => return Err(error.into()),
    };
    drawn(entering, seen, Some(trouble), None, &[])
}

fn drawn(entering: &Entering, seen: &Seen, trouble: Option<Trouble>, done: Option<&str>, codes: &[String]) -> Answer {
    let visit = &seen.visit;
    let cloud = entering.cloud_of(&visit.cloud)?;
    let language = entering.language(&visit.language, cloud.as_ref());
    let zone = cloud.as_ref().map_or(Zone::UTC, |cloud| cloud.time_zone.clone());
    let title = language.say("enter.security").to_owned();
    let mut shell = entering.shell(cloud.as_ref(), language, title.clone());
    shell.csrf = seen.token.form_text();
    super::SIGN_OUT.clone_into(&mut shell.leave);
    let back = Link::new(super::door::landing(visit), language.say("enter.back_to_accounts"));
    let (sentence, sections) = match visit.person() {
        None => (language.say("enter.security_portal").to_owned(), Vec::new()),
        Some(person) => {
            let at = Drawing { entering, seen, language, zone: &zone, trouble: trouble.as_ref() };
            let sections = vec![
                Section::at("password", language.say("enter.password"), vec![Block::Form(at.password_form())]),
                Section::at("second-factor", language.say("enter.second_factor"), at.second_factor(person, codes)?),
                Section::at("sessions", language.say("enter.sessions"), at.sessions(person)?),
            ];
            (language.with("enter.security_sentence", &[("email", &visit.email)]), sections)
        }
    };
    let said = done.and_then(|done| language.find(&format!("enter.done.{done}")));
    let page = Page { nav: "", title, sentence, above: vec![back], sections };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let response = shown(shell, page, said, status)?;
    Ok(match trouble.and_then(|trouble| trouble.wait_seconds) {
        Some(seconds) => wait(response, seconds),
        None => response,
    })
}

struct Drawing<'d> {
    entering: &'d Entering,
    seen: &'d Seen,
    language: Language,
    zone: &'d Zone,
    trouble: Option<&'d Trouble>,
}

impl Drawing<'_> {
    fn form(&self, name: &str, rest: &str, submit: &'static str) -> Form {
        let mut form =
            Form::post(format!("/my/security/{rest}"), &self.seen.token.form_text(), self.language.say(submit));
        form.trouble = self.trouble.filter(|trouble| trouble.form == name).map(|trouble| trouble.what.clone());
        form
    }

    fn current(&self) -> Field {
        Field::of("current", self.language.say("enter.current"), "password").needed().fills("current-password")
    }

    fn password_form(&self) -> Form {
        let help = self.language.with("enter.password_help", &[("least", &PASSWORD_MIN.to_string())]);
        self.form("password", "password", "enter.change_submit")
            .field(self.current())
            .field(
                Field::of("password", self.language.say("enter.new_password"), "password")
                    .help(help)
                    .needed()
                    .fills("new-password"),
            )
            .field(Field::of("again", self.language.say("enter.again"), "password").needed().fills("new-password"))
            .effect([self.language.say("enter.change_effect").to_owned()])
    }

    fn second_factor(&self, person: PersonId, codes: &[String]) -> Result<Vec<Block>, PageError> {
        let say = |key| self.language.say(key);
        let engine = &self.entering.console.engine;
        if !codes.is_empty() {
            return Ok(vec![Block::Text(say("enter.recovery_text").to_owned()), Block::List(codes.to_vec())]);
        }
        if self.seen.visit.second_factor {
            let left = engine.recovery_codes_left(person)?;
            let off = self.form("off", "second-factor/off", "enter.second_factor_off").field(self.current()).danger();
            return Ok(vec![
                Block::Text(say("enter.second_factor_is_on").to_owned()),
                Block::Text(self.language.count("enter.recovery_left", left)),
                Block::Form(off),
            ]);
        }
        let asked = self.entering.came.query().contains_key("set-up")
            || self.trouble.is_some_and(|trouble| trouble.form == "on");
        if let Some(secret) = engine.second_factor_begun(person)?.filter(|_| asked) {
            let brand = self
                .entering
                .cloud_of(&self.seen.visit.cloud)?
                .map_or_else(|| "Farthing".to_owned(), |cloud| cloud.name);
            let uri = secret.uri(&brand, &self.seen.visit.email);
            let mut blocks = vec![Block::Text(say("enter.second_factor_scan").to_owned())];
            if let Some(qr) = Qr::of(&uri, say("enter.second_factor_qr")) {
                blocks.push(Block::Qr { qr, below: secret.reveal() });
            }
            let code = Field::text("code", say("enter.code")).needed().fills("one-time-code");
            blocks.push(Block::Form(self.form("on", "second-factor/on", "enter.second_factor_on").field(code)));
            return Ok(blocks);
        }
        let begin = self.form("second-factor", "second-factor", "enter.second_factor_begin").field(self.current());
        Ok(vec![Block::Text(say("enter.second_factor_text").to_owned()), Block::Form(begin)])
    }

    fn sessions(&self, person: PersonId) -> Result<Vec<Block>, PageError> {
        let say = |key| self.language.say(key);
        let sessions = self.entering.console.engine.sessions(person, self.entering.now)?;
        let mut table = Table::new(say("enter.sessions_caption"), &[]);
        table.columns = ["enter.browser", "enter.since", "enter.last_seen"]
            .map(|key| Column { label: say(key).to_owned(), ..Column::default() })
            .into();
        let mut ends = Vec::new();
        for session in &sessions {
            let here = session.id == self.seen.visit.session;
            let agent =
                if session.agent.is_empty() { say("enter.unknown_browser").to_owned() } else { session.agent.clone() };
            let mut name = Cell::text(agent.clone());
            if here {
                say("enter.this_browser").clone_into(&mut name.note);
            }
            let moment = |at| Cell::moment(at, self.zone, self.language);
            table.row(vec![name, moment(session.made)?, moment(session.seen)?]);
            if !here {
                let submit = self.language.with("enter.end_session", &[("browser", &agent)]);
                let mut form = Form::post("/my/security/sessions/end", &self.seen.token.form_text(), submit);
                form = form.hidden("session", session.id.to_string()).short();
                ends.push(Block::Form(form));
            }
        }
        let mut blocks = vec![Block::Table(table)];
        if !ends.is_empty() {
            blocks.append(&mut ends);
            blocks.push(Block::Form(self.form("sessions", "sessions/end-others", "enter.end_others").short()));
        }
        Ok(blocks)
    }
}

//! Operators come in by the cloud's own directory (OpenID Connect: authorisation code with PKCE). What talks to it is the binary's to bring along
//! (`Directory`); here is what a browser does: it is sent there with a state that is kept in a cookie, and has to come back with it.

use super::cookie::{self, DIRECTORY};
use super::door::{Answer, Entering, drawn, push_cookie};
use crate::block::{Block, Link};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use farthing_core::time::Instant;
use farthing_engine::SignInRefused;
use std::fmt;

/// Who an organisation says that somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryPerson {
    pub email: String,
}

/// What ties somebody's way out to their way back: drawn here, kept in the browser's cookie. None of it is good for anything alone.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectoryStart {
    pub state: String,
    pub nonce: String,
    /// PKCE's: whoever brings the code shows it.
    pub verifier: String,
    /// Where the browser comes back to.
    pub back: String,
}

/// The cloud's own directory of people.
pub trait Directory: Send + Sync + fmt::Debug {
    /// Where the browser is sent. May wait for the network.
    fn way_there(&self, start: &DirectoryStart) -> Result<String, String>;

    /// Who came back with a code. Everything that a token has to show is checked here: who made it, for whom, when, and that it answers `start`.
    fn who_came(&self, code: &str, start: &DirectoryStart, now: Instant) -> Result<DirectoryPerson, String>;
}

pub(super) fn begin(entering: &Entering) -> Answer {
    let Some(directory) = entering.gate().directory.clone() else { return Err(entering.nowhere()) };
    let [state, nonce, first, second] = [(); 4].map(|()| drawn());
    let start = DirectoryStart { state, nonce, verifier: format!("{first}{second}"), back: back_address(entering) };
    match directory.way_there(&start) {
        Ok(address) => {
            let mut response = (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response();
            let kept = format!("{}.{}.{}", start.state, start.nonce, start.verifier);
            push_cookie(&mut response, &cookie::set(DIRECTORY, &kept, entering.gate().https()));
            Ok(response)
        }
        Err(why) => failed(entering, &why),
    }
}

pub(super) fn back(entering: &Entering) -> Answer {
    let Some(directory) = entering.gate().directory.clone() else { return Err(entering.nowhere()) };
    let query = entering.came.query();
    let told = |name: &str| query.get(name).map_or("", String::as_str);
    let kept = cookie::read(entering.headers(), DIRECTORY, entering.gate().https()).unwrap_or_default();
    let mut parts = kept.split('.').map(str::to_owned);
    let (Some(state), Some(nonce), Some(verifier)) = (parts.next(), parts.next(), parts.next()) else {
        return failed(entering, "nobody was sent there from this browser");
    };
    // Somebody else's way back opens nothing here.
    if state.len() != 32 || blake3::hash(state.as_bytes()) != blake3::hash(told("state").as_bytes()) {
        return failed(entering, "the state is not the one that was sent");
    }
    if told("code").is_empty() {
        return failed(entering, "the directory sent no code");
    }
    let start = DirectoryStart { state, nonce, verifier, back: back_address(entering) };
    let person = match directory.who_came(told("code"), &start, entering.now) {
        Ok(person) => person,
        Err(why) => return failed(entering, &why),
    };
    let language = entering.language("", None);
    let engine = entering.engine_for("directory");
    match engine.sign_in_operator(&person.email, &entering.agent(), language.tag(), entering.now) {
        Ok(token) => {
            let https = entering.gate().https();
            let mut response = entering.onwards(&token)?;
            push_cookie(&mut response, &cookie::clear(DIRECTORY, https));
            Ok(response)
        }
        Err(SignInRefused::Engine(error)) => Err(error.into()),
        Err(_) => failed(entering, "nobody here has the address that the directory told"),
    }
}

fn back_address(entering: &Entering) -> String {
    entering.gate().absolute("/sign-in/directory/back")
}

/// The reason is for whoever runs the server, not for whoever tries.
fn failed(entering: &Entering, why: &str) -> Answer {
    eprintln!("farthing: nobody came in by the directory: {why}");
    let language = entering.language("", None);
    let blocks = vec![Block::Links(vec![Link::new("/sign-in", language.say("enter.back"))])];
    let heads = ("enter.title", language.say("enter.directory_failed").to_owned());
    let clear = cookie::clear(DIRECTORY, entering.gate().https());
    entering.form_page((None, language), heads, blocks, (StatusCode::FORBIDDEN, Some(clear)))
}

impl fmt::Debug for DirectoryStart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DirectoryStart(to {})", self.back)
    }
}

//! Coming in: the pages by which people sign in, with what guards them; whose session a cookie is; and where people look after what they sign
//! in with.
//!
//! ```text
//! /sign-in/{cloud}, /sign-in ──> password ──> code ──> session cookie ──> SessionPorter ──> Visitor, at every page
//! /sign-in/enter/{link}  ──────────────────────────────────┘      (the cloud's own portal vouches)
//! /sign-in/invitation/{link}, /sign-in/password/{link} ──> a password is chosen ──┘
//! ```
//!
//! Before anybody is known a form carries a text that belongs to a cookie of this browser, afterwards one that belongs to the session; and every
//! form that is sent must come from a page of ours (`Origin`). The rules themselves are the engine's (`people`).

mod accounts;
mod code;
mod cookie;
mod door;
mod links;
mod oidc;
mod porter;
mod security;
mod sign_in;
mod start;

pub use door::{Gate, test_cloud_asked};
pub use oidc::{Directory, DirectoryPerson, DirectoryStart};
pub use porter::SessionPorter;
pub use start::{Guest, Said};

pub(crate) use door::{origin_is_ours, token_of};

use crate::Console;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

/// Where somebody who is signed in chooses among their accounts.
pub(crate) const ACCOUNTS: &str = "/my/accounts";
pub(crate) const SECURITY: &str = "/my/security";
pub(crate) const SIGN_OUT: &str = "/sign-out";
/// Of a demonstration.
pub(crate) const START: &str = "/start";

pub(crate) fn router(gate: &Gate) -> Router<Arc<Console>> {
    use door::{deed, page};
    let start =
        if gate.guests().is_empty() { Router::new() } else { Router::new().route(START, get(page(start::show))) };
    start
        .route("/sign-in", get(page(sign_in::show)).post(deed(sign_in::send)))
        .route("/sign-in/{cloud}", get(page(sign_in::show)).post(deed(sign_in::send)))
        .route("/sign-in-code", get(page(code::show)).post(deed(code::send)))
        .route("/forgotten-password", get(page(sign_in::forgotten)).post(deed(sign_in::ask_password)))
        .route("/forgotten-password/{cloud}", get(page(sign_in::forgotten)).post(deed(sign_in::ask_password)))
        .route("/sign-in/enter/{link}", get(page(links::enter)))
        .route("/sign-in/invitation/{link}", get(page(links::show)).post(deed(links::choose)))
        .route("/sign-in/password/{link}", get(page(links::show)).post(deed(links::choose)))
        .route("/sign-in/directory", get(page(oidc::begin)))
        .route("/sign-in/directory/back", get(page(oidc::back)))
        .route(SIGN_OUT, axum::routing::post(deed(accounts::sign_out)))
        .route(ACCOUNTS, get(page(accounts::show)))
        .route(SECURITY, get(page(security::show)))
        .route("/my/security/password", axum::routing::post(deed(security::password)))
        .route("/my/security/second-factor", axum::routing::post(deed(security::begin)))
        .route("/my/security/second-factor/on", axum::routing::post(deed(security::turn_on)))
        .route("/my/security/second-factor/off", axum::routing::post(deed(security::turn_off)))
        .route("/my/security/sessions/end", axum::routing::post(deed(security::end_session)))
        .route("/my/security/sessions/end-others", axum::routing::post(deed(security::end_others)))
}

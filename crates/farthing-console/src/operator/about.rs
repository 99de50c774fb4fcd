//! `/about`: what this version holds, what it does not yet, and how to check it without these pages.

use crate::Console;
use crate::frame::{self, Frame, PageError, Section};
use crate::words::ledger as words;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "about.html")]
struct About {
    frame: Frame,
    version: &'static str,
    clouds: String,
    /// The store as commands take it; without a password.
    store: String,
}

pub(crate) async fn page(State(console): State<Arc<Console>>) -> Response {
    frame::answer(console, about).await
}

#[expect(clippy::unnecessary_wraps, reason = "every page may fail; this one reads nothing")]
fn about(console: &Console) -> Result<About, PageError> {
    let store = console.engine.store();
    let store = store.file().map_or_else(|| store.location().to_string(), |file| file.display().to_string());
    let clouds = console.clouds.len();
    let clouds = format!("{} {}", words::count(clouds).to_lowercase(), words::plural(clouds, "cloud"));
    Ok(About { frame: Frame::new("About", Section::About), version: env!("CARGO_PKG_VERSION"), clouds, store })
}

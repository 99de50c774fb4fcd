//! Scenario files: billing rules as stories that run, for maintainers, operators and readers (`farthing test`).
//!
//! Owns the language: its words (`text`, `arguments`), its commands and conditions (`command`, `expect`, `read/`), the
//! profile a story begins with (`profile`), how it is played (`run`) and told (`report`, `rules`). It bills nothing: what
//! happens is decided by the `Stage` it is played on.

mod arguments;
mod bank;
mod cloud;
pub mod command;
mod credits;
mod engine;
pub mod expect;
mod exports;
mod limits;
mod orders;
mod pages;
mod payments;
mod profile;
mod read;
pub mod report;
pub mod rules;
mod run;
mod sent;
pub mod stage;
#[cfg(test)]
mod tests;
mod text;
mod units;

pub use read::{Asked, Does, Scenario, Step, Unreadable, language, read};
pub use run::{Played, Trouble, play};

use crate::failure::Failure;
use farthing_store::Location;
use stage::Stages;

/// The stages of this binary: the engine on fresh embedded stores, or on databases of a PostgreSQL server.
pub fn stages(store: Option<&str>) -> Result<Box<dyn Stages>, Failure> {
    let server = match store.map(|url| (url, Location::parse(url))) {
        None => None,
        Some((url, Location::Postgres(_))) => Some(url.to_owned()),
        Some((_, Location::Sqlite(path))) => {
            let path = path.display();
            let what = "scenarios make their own embedded stores; name a server, postgres://…, or leave --store out";
            return Err(format!("{path} is a file: {what}").into());
        }
    };
    Ok(Box::new(engine::Engines::on(server)))
}

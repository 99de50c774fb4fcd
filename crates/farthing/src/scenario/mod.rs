//! Scenario files: billing rules as stories that run, for maintainers, operators and readers (`farthing test`).
//!
//! Owns the language: its words (`text`, `arguments`), its commands and conditions (`command`, `expect`, `read/`), the
//! profile a story begins with (`profile`), how it is played (`run`) and told (`report`, `rules`). It bills nothing: what
//! happens is decided by the `Stage` it is played on.

mod arguments;
pub mod command;
pub mod expect;
mod profile;
mod read;
pub mod report;
pub mod rules;
mod run;
pub mod stage;
#[cfg(test)]
mod tests;
mod text;

pub use read::{Asked, Does, Scenario, Step, Unreadable, read};
pub use run::{Played, Trouble, play};

use crate::failure::Failure;
use farthing_core::time::Instant;
use farthing_store::Location;
use stage::{Stage, Stages};

/// The stages of this binary: the engine on fresh embedded stores, or on databases of a PostgreSQL server.
pub fn stages(store: Option<&str>) -> Result<Box<dyn Stages>, Failure> {
    match store.map(Location::parse) {
        None | Some(Location::Postgres(_)) => Ok(Box::new(Unbuilt)),
        Some(Location::Sqlite(path)) => Err(format!(
            "{} is a file: scenarios make their own embedded stores; name a server, postgres://…, or leave --store out",
            path.display()
        )
        .into()),
    }
}

/// Until the engine settles, there is nothing to play on.
struct Unbuilt;

impl Stages for Unbuilt {
    fn fresh(&self, _: Instant) -> Result<Box<dyn Stage>, String> {
        Err("not built yet: accounts, resources and settlement".to_owned())
    }
}

//! Works off exports, of the live world and of the test clouds that are open, and deletes their files in time. A claim is one job's, so any
//! number of processes may do so; their folder is then one that all of them see.

use super::worker::Bell;
use crate::api::Door;
use crate::sheets::Sheets;
use farthing_core::time::Instant;
use farthing_engine::EngineError;
use farthing_store::Location;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long nobody looks whether there is something to export.
const NAP: Duration = Duration::from_millis(250);
/// How often files are looked for whose time is over.
const SWEEP: Duration = Duration::from_mins(1);
/// A part so old is nobody's any more.
const PART_LASTS: Duration = Duration::from_hours(24);

/// Where files are kept when nothing is said: beside the database.
pub(super) fn folder_beside(store: &Location) -> PathBuf {
    match store {
        Location::Sqlite(path) => {
            let mut folder = path.clone().into_os_string();
            folder.push(".exports");
            folder.into()
        }
        Location::Postgres(_) => PathBuf::from("farthing-exports"),
    }
}

pub(super) fn export(door: &Arc<Door>, bell: &Arc<Bell>) {
    let (mut swept, mut failing): (Option<std::time::Instant>, bool) = (None, false);
    loop {
        let sweeps = swept.is_none_or(|last| last.elapsed() >= SWEEP);
        let mut worked = false;
        match round(door, sweeps) {
            Ok(some) => (worked, failing) = (some, false),
            Err(error) => {
                // The same failure four times a second is told once.
                if !failing {
                    tracing::error!(error = farthing_store::chain_of(&error), "exporting failed: it is tried again");
                }
                failing = true;
            }
        }
        if sweeps {
            swept = Some(std::time::Instant::now());
        }
        let more = if worked { !bell.is_rung() } else { bell.sleep(NAP) };
        if !more {
            return;
        }
    }
}

/// One job of each world; whether there was any.
fn round(door: &Door, sweeps: bool) -> Result<bool, EngineError> {
    let live = door.worlds.live();
    let last = std::cell::Cell::new(live.now()?);
    // A clock that is behind its own past tells no time: the last it told is near enough for a claim.
    let clock = || -> Instant {
        last.set(live.now().unwrap_or(last.get()));
        last.get()
    };
    let mut worked = false;
    let tests = door.worlds.tests_open().into_iter().map(|(_, engine)| engine);
    for engine in std::iter::once(live.clone()).chain(tests) {
        if sweeps {
            engine.exports_sweep(&door.exports, clock())?;
        }
        if let Some(id) = engine.export_work(&door.exports, &Sheets, &clock)? {
            tracing::info!(export = %id, "worked at an export");
            worked = true;
        }
    }
    if sweeps {
        forget_parts(&door.exports);
    }
    Ok(worked)
}

/// What whoever died has left.
fn forget_parts(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten() {
        let is_part = file.path().extension().is_some_and(|ending| ending == "part");
        let changed = file.metadata().and_then(|facts| facts.modified()).ok();
        let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
        if is_part && age.is_some_and(|age| age > PART_LASTS) {
            let _ = std::fs::remove_file(file.path()); // the next round tries again
        }
    }
}

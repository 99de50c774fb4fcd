//! Gathers what is to be judged: of the machine, of the file, of the store. What cannot be looked at is told as bad, and the rest goes on.

use super::{Check, judge};
use crate::failure::Failure;
use crate::serve::stripe_facts;
use farthing_console as console;
use farthing_core::access::Mode;
use farthing_core::time::Instant;
use farthing_engine::{Clock, Engine, IdSource};
use farthing_store::{Location, Options, Store, chain_of};
use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

/// The job whose holder settles.
const SETTLE: &str = "settle";
const SYNCS: u64 = 40;

/// Looks at everything. `settings`: also at a server's; `verify`: also at every row.
pub fn examine(
    location: &Location,
    settings: Option<&Path>,
    verify: bool,
    tell: &mut dyn FnMut(&'static str),
) -> Vec<Check> {
    let mut checks = Vec::new();
    tell("looking at the store");
    let engine = match open(location) {
        Ok(engine) => {
            checks.push(Check::ok("store", format!("{location} opens, and its schema is this Farthing's")));
            Some(engine)
        }
        Err(error) => {
            // Its sentence says what to do.
            let remedy = "nothing else of it can be looked at until then";
            checks.push(Check::bad("store", chain_of(error.as_ref()), remedy));
            None
        }
    };
    if let Location::Sqlite(path) = location
        && path.exists()
    {
        tell("measuring the disk");
        match of_file(location, path) {
            Ok(more) => checks.extend(more),
            Err(error) => checks.push(unreadable("disk", error.as_ref())),
        }
    }
    if let Some(settings) = settings {
        checks.extend(of_settings(settings, engine.as_ref()));
    }
    let Some(engine) = engine else { return checks };
    match of_store(&engine) {
        Ok(more) => checks.extend(more),
        Err(error) => checks.push(unreadable("store", error.as_ref())),
    }
    if verify {
        tell("proving every row");
        checks.push(proven(engine.store()));
    }
    checks
}

/// Whom money comes through. Nothing is asked of a provider: a look costs nothing and changes nothing.
fn of_settings(settings: &Path, engine: Option<&Engine>) -> Vec<Check> {
    match stripe_facts(settings) {
        Err(error) => vec![unreadable("settings", error.as_ref())],
        Ok((sandbox, stripes)) => {
            let known = engine.and_then(|engine| engine.cloud_names().ok());
            let judged = stripes.iter().flat_map(|stripe| {
                let is_known = known.as_ref().is_none_or(|known| known.contains(&stripe.cloud));
                judge::stripe(stripe, is_known)
            });
            judge::sandbox(sandbox).into_iter().chain(judged).collect()
        }
    }
}

fn open(location: &Location) -> Result<Engine, Failure> {
    let store = Store::open(location, &Options::existing())?;
    Ok(Engine::new(store, Clock::real(None)?, IdSource::random(IdSource::any_process())))
}

fn unreadable(what: &'static str, error: &(dyn std::error::Error + 'static)) -> Check {
    Check::bad(what, chain_of(error), "look into that first: more may be wrong")
}

fn of_file(location: &Location, path: &Path) -> Result<Vec<Check>, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(folder)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let mut modes = Vec::new();
    let mut bytes = 0;
    let files = location.files();
    for file in &files {
        let facts = std::fs::metadata(file)?;
        bytes += facts.len();
        modes.push((file.as_path(), facts.permissions().mode()));
    }
    let mut checks = vec![judge::disk(free, bytes), judge::sync(sync_median(folder)?)];
    checks.extend(location.log_bytes().map(judge::log));
    checks.push(judge::permissions(&modes));
    Ok(checks)
}

/// How long overwriting a page waits for the disk, in the store's own folder.
fn sync_median(folder: &Path) -> Result<Duration, Failure> {
    let path = folder.join(format!(".farthing-doctor-{}", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    // Its name is not needed any more, and nothing is left whatever happens.
    std::fs::remove_file(&path)?;
    let page = [0x5a_u8; 4096];
    file.write_all_at(&page.repeat(8), 0)?;
    file.sync_all()?;
    let mut took = Vec::new();
    for turn in 0..SYNCS {
        file.write_all_at(&page, turn % 8 * 4096)?;
        let begun = std::time::Instant::now();
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    Ok(took[took.len() / 2])
}

fn of_store(engine: &Engine) -> Result<Vec<Check>, Failure> {
    let now = engine.now()?;
    let (newest, due, leases, epoch, parked, postgres) = engine.store().read("doctor", |tx| {
        Ok::<_, farthing_store::StoreError>((
            tx.newest_record()?,
            tx.payer_due_next()?,
            tx.leases()?,
            tx.epoch()?,
            tx.payers_parked()?,
            tx.postgres_settings()?,
        ))
    })?;
    let mut checks = vec![judge::clock(newest, now)];
    checks.extend(postgres.iter().flat_map(|settings| judge::postgres(settings, now)));
    let names = engine.cloud_names()?;
    let known = names.iter().map(|name| {
        let version = engine.cloud_check(name).map_err(|error| chain_of(&error));
        (name.clone(), version)
    });
    checks.push(judge::clouds(&known.collect::<Vec<_>>()));
    for cloud in &names {
        checks.push(judge::keys(cloud, &engine.keys(cloud, Mode::Live, None, usize::MAX >> 1)?, now));
    }
    let settler = leases
        .into_iter()
        .find(|(job, ..)| job == SETTLE)
        .map(|(_, holder, _, until): (_, _, _, Instant)| (holder, until));
    checks.push(judge::queue(due, settler, now));
    checks.push(judge::parked(&parked));
    checks.push(judge::epoch(epoch.as_ref()));
    Ok(checks)
}

fn proven(store: &Store) -> Check {
    match store.read("doctor_verify", |tx| tx.audit()) {
        Err(error) => unreadable("verify", &error),
        Ok(report) => match report.findings.first() {
            None => Check::ok("verify", console::counted(&report)),
            Some(first) => Check::bad(
                "verify",
                format!("{}: {}: {}", console::wrong(&report), first.row, first.what),
                "stop what writes to this store, keep a copy, and compare with the newest backup: farthing verify tells all",
            ),
        },
    }
}

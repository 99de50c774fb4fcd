//! `farthing plan`, `apply` and `versions`: what a cloud's files would change, changing it, and what was changed before.

use super::changes::{summary, text_of};
use super::check::counted;
use super::effect::{self, Trial};
use clap::Args;
use farthing::clouds::Folder;
use farthing::failure::Failure;
use farthing_core::config::Severity;
use farthing_core::policy::{Applied, ApplyRequest, Version, Versions};
use farthing_core::profile::{Changes, Profile};
use farthing_core::time::Instant;
use farthing_engine::{Clock, Engine, IdSource};
use farthing_store::{Location, Options, Schema, Store, StoreError};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// The cloud's folder, with cloud.toml and catalog.toml.
    folder: PathBuf,
    /// The store where its versions are: a SQLite file, or postgres://…
    #[arg(long, env = "FARTHING_STORE", hide_env_values = true)]
    store: String,
    /// Compares with what is in force then, instead of now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Also says what everybody would have been charged since then, had it been in force: tried on a copy of the store.
    #[arg(long, value_name = "TIME")]
    effect_since: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// The cloud's folder, with cloud.toml and catalog.toml.
    folder: PathBuf,
    /// The store to write the version into: a SQLite file (made if it is not there), or postgres://…
    #[arg(long, env = "FARTHING_STORE", hide_env_values = true)]
    store: String,
    /// Why, for whoever reads the history.
    #[arg(long)]
    why: String,
    /// Who says so; the user of this session when not given.
    #[arg(long, env = "FARTHING_WHO")]
    who: Option<String>,
    /// From when it is in force, such as 2026-12-01T00:00:00Z; at once when not given.
    #[arg(long, value_name = "TIME")]
    starts: Option<String>,
    /// Replaces version N from its own start: the only change that reaches back.
    #[arg(long, value_name = "N")]
    corrects: Option<i64>,
}

#[derive(Args, Debug)]
pub(crate) struct Listing {
    /// The cloud.
    cloud: String,
    /// The store where its versions are.
    #[arg(long, env = "FARTHING_STORE", hide_env_values = true)]
    store: String,
    /// Writes the files of this version into a folder, instead of listing.
    #[arg(long, value_name = "N", requires = "into")]
    write: Option<i64>,
    /// The folder they are written into; it must not be there yet.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

pub(crate) fn plan(arguments: &Plan) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let Some(profile) = usable(&folder) else { return Ok(ExitCode::FAILURE) };
    let at = arguments.at.as_deref().map(moment).transpose()?;
    if arguments.effect_since.is_some() {
        effect::possible(&Location::parse(&arguments.store))?;
    }
    let cloud = profile.policy.cloud.id.as_str();
    let changes = match open(&arguments.store, Schema::Expect) {
        // Before the first version is applied there need not be a store.
        Err(StoreError::Absent(_)) => tell_changes(cloud, None, &profile),
        Err(error) => return Err(error.into()),
        Ok(store) => {
            let engine = engine(store)?;
            let versions = engine.policy_versions(cloud)?;
            let at = at.map_or_else(|| engine.now(), Ok)?;
            tell_changes(cloud, live(&engine, &versions, versions.in_force_at(at))?.as_ref(), &profile)
        }
    };
    // Files that say what is in force have no effect to be tried.
    let since = arguments.effect_since.as_deref().map(moment).transpose()?;
    if let Some(since) = since.filter(|_| changes.count() > 0) {
        let (location, files) = (Location::parse(&arguments.store), folder.files());
        println!();
        effect::tell(&Trial { location: &location, cloud, files: &files, since })?;
    }
    if changes.count() > 0 {
        println!("Nothing was changed: `farthing apply` would put this in force.");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn apply(arguments: &Apply) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let Some(profile) = usable(&folder) else { return Ok(ExitCode::FAILURE) };
    let engine = engine(open(&arguments.store, Schema::Ensure)?)?;
    let cloud = profile.policy.cloud.id.to_string();
    let starts = arguments.starts.as_deref().map(moment).transpose()?;
    let versions = engine.policy_versions(&cloud)?;
    let at = starts.map_or_else(|| engine.now(), Ok)?;
    let before = arguments.corrects.map_or_else(|| versions.in_force_at(at), |number| versions.get(number));
    tell_changes(&cloud, live(&engine, &versions, before)?.as_ref(), &profile);
    let who = arguments.who.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();
    let request =
        ApplyRequest { files: folder.files(), who, why: arguments.why.clone(), starts, corrects: arguments.corrects };
    match engine.apply_policy(&cloud, request)? {
        Applied::Unchanged { number } => println!("Version {number} of {cloud} says just this: nothing was written."),
        Applied::New(version) => {
            let versions = engine.policy_versions(&cloud)?;
            println!("{}", told(&versions, &version));
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn versions(arguments: &Listing) -> Result<ExitCode, Failure> {
    let engine = engine(open(&arguments.store, Schema::Expect)?)?;
    let versions = engine.policy_versions(&arguments.cloud)?;
    if let (Some(number), Some(into)) = (arguments.write, &arguments.into) {
        let files = engine.policy_files(&arguments.cloud, number)?;
        let files = files.ok_or_else(|| format!("{} has no version {number}", arguments.cloud))?;
        std::fs::create_dir(into).map_err(|error| format!("{} cannot be made: {error}", into.display()))?;
        for (name, text) in &files {
            let path = into.join(name);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?; // mail/…
            std::fs::write(path, farthing::clouds::file_bytes(text))?;
        }
        println!("Version {number} of {} is in {}.", arguments.cloud, into.display());
        return Ok(ExitCode::SUCCESS);
    }
    if versions.list().is_empty() {
        println!("{} has no versions here. `farthing apply` makes the first.", arguments.cloud);
    }
    for version in versions.list() {
        println!("{}", told(&versions, version));
        println!("    {} by {}: {}", version.recorded, version.who, version.why);
    }
    Ok(ExitCode::SUCCESS)
}

/// When a version is in force.
fn told(versions: &Versions, version: &Version) -> String {
    let (cloud, number) = (versions.cloud(), version.number);
    let corrects = version.corrects.map(|corrected| format!(", correcting version {corrected}")).unwrap_or_default();
    if let Some(by) = versions.replaced_by(number) {
        return format!("Version {number} of {cloud}{corrects}: replaced by version {}", by.number);
    }
    let held = versions.timeline().into_iter().find(|held| held.version.number == number);
    let until = held.and_then(|held| held.until).map(|until| format!(" until {until}")).unwrap_or_default();
    format!("Version {number} of {cloud}{corrects}: in force from {}{until}", version.starts)
}

/// The profile of a folder; what is wrong with it goes to the terminal.
fn usable(folder: &Folder) -> Option<Profile> {
    let (checked, sources) = (folder.check(), folder.sources());
    let wrong = checked.remarks.iter().filter(|remark| remark.severity != Severity::Note);
    for remark in wrong {
        eprintln!("{}", remark.render(&sources));
    }
    let errors = checked.count(Severity::Error);
    let profile = checked.usable().ok();
    if profile.is_none() {
        eprintln!("{}: nothing was planned or changed", counted(errors, "error"));
    }
    profile
}

/// A version with what its files say.
fn live<'v>(
    engine: &Engine,
    versions: &Versions,
    version: Option<&'v Version>,
) -> Result<Option<(&'v Version, Profile)>, Failure> {
    let Some(version) = version else { return Ok(None) };
    let files = engine.policy_files(versions.cloud(), version.number)?.unwrap_or_default();
    Ok(Some((version, Folder::of_version(versions.cloud(), &files)?.profile()?)))
}

fn tell_changes(cloud: &str, live: Option<&(&Version, Profile)>, profile: &Profile) -> Changes {
    let changes = Changes::between(live.map(|(_, profile)| profile), profile);
    match live {
        None => println!("{cloud} has no version yet: everything is new."),
        Some((version, _)) => {
            println!("Against version {} of {cloud}, in force from {}:", version.number, version.starts);
        }
    }
    if changes.count() > 0 {
        println!("\n{}", text_of(&changes));
    }
    println!("{}", summary(&changes));
    changes
}

fn moment(text: &str) -> Result<Instant, Failure> {
    Instant::parse(text).map_err(|error| error.to_string().into())
}

fn open(store: &str, schema: Schema) -> Result<Store, StoreError> {
    Store::open(&Location::parse(store), &Options { schema, ..Options::default() })
}

fn engine(store: Store) -> Result<Engine, Failure> {
    Ok(Engine::new(store, Clock::real(None)?, IdSource::random(IdSource::any_process())))
}

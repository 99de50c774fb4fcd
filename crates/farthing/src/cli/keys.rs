//! `farthing keys`: makes, lists, rotates and revokes API keys, on the store itself: the first key has to come from somewhere.

use super::store::{At, end_of, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::access::{KeyId, Mode, Scope, Scopes};
use farthing_core::time::{Duration, Instant, Zone};
use farthing_engine::{NewKey, Origin};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Makes a key and prints it. It is printed once: keep it where secrets are kept.
    Create(Create),
    /// Lists a cloud's keys, without their secrets.
    List(Listing),
    /// Gives a key another secret; the old one stays good for a while.
    Rotate(Rotate),
    /// Revokes a key.
    Revoke(Revoke),
}

#[derive(Args, Debug)]
struct Create {
    /// The cloud that it opens.
    cloud: String,
    /// What will hold it.
    #[arg(long)]
    name: String,
    /// What it may do: ingest, read, write, admin.
    #[arg(long, value_delimiter = ',', required = true)]
    scope: Vec<String>,
    /// It opens the test cloud instead of the live one.
    #[arg(long)]
    test: bool,
    /// When it ends to be good: an instant, or a day, whose end it is. Never when it is not given.
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct Listing {
    cloud: String,
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct Rotate {
    cloud: String,
    /// The key's id, key_…
    key: String,
    /// How many hours the old secret stays good.
    #[arg(long, default_value_t = 24)]
    grace_hours: u16,
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct Revoke {
    cloud: String,
    /// The key's id, key_…
    key: String,
    #[command(flatten)]
    at: At,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::Create(create) => {
            let scopes = create.scope.iter().map(|scope| {
                Scope::parse(scope).ok_or_else(|| {
                    Failure::from(format!("{scope:?} is no scope: there are ingest, read, write and admin"))
                })
            });
            let scopes = scopes.collect::<Result<Vec<Scope>, Failure>>()?;
            let mode = if create.test { Mode::Test } else { Mode::Live };
            let name = create.name.clone();
            let expires = create.expires.as_deref().map(|at| end_of(at, &Zone::UTC)).transpose()?;
            let new = NewKey { name, mode, scopes: Scopes::of(&scopes), per_second: 0, expires };
            let key = create.at.engine()?.key_create(&create.cloud, &new, &Origin::Chance)?;
            println!("{}", key.reveal());
            eprintln!("This is {} of {}. It is not shown again.", key.id, create.cloud);
        }
        Command::List(listing) => list(listing)?,
        Command::Rotate(rotate) => {
            let grace = Duration::try_from_seconds(i64::from(rotate.grace_hours) * 3_600)?;
            let key = rotate.at.engine()?.key_rotate(&rotate.cloud, id(&rotate.key)?, grace, &Origin::Chance)?;
            println!("{}", key.reveal());
            eprintln!("The old secret is good for {} hours more.", rotate.grace_hours);
        }
        Command::Revoke(revoke) => {
            revoke.at.engine()?.key_revoke(&revoke.cloud, id(&revoke.key)?)?;
            println!("{} opens nothing any more.", revoke.key);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(listing: &Listing) -> Result<(), Failure> {
    let keys = listing.at.engine()?.keys(&listing.cloud, Mode::Live, None, usize::MAX >> 1)?;
    let mode = |test: bool| if test { "test" } else { "live" };
    if listing.json {
        let time = |at: Option<Instant>| at.map(|at| at.to_string());
        let list: Vec<Value> = keys
            .iter()
            .map(|key| {
                let scopes: Vec<&str> = key.scopes.list().into_iter().map(Scope::name).collect();
                json!({
                    "id": key.id.to_string(), "name": key.name, "mode": mode(key.test), "scopes": scopes,
                    "created_at": key.created.to_string(), "expires_at": time(key.expires), "revoked_at": time(key.revoked),
                    "last_used_at": time(key.last_used),
                })
            })
            .collect();
        return print_json(&json!({ "cloud": listing.cloud, "keys": list }));
    }
    if keys.is_empty() {
        println!("{} has no keys: make one with `farthing keys create`.", listing.cloud);
        return Ok(());
    }
    let mut table =
        Table::new(&["key", "mode", "scopes", "name", "state", "last used"].map(|name| (name, Align::Left)));
    for key in &keys {
        let state = match (key.revoked, key.expires) {
            (Some(at), _) => format!("revoked {}", second(at)),
            (None, Some(at)) => format!("good until {}", second(at)),
            (None, None) => "good".to_owned(),
        };
        table.row([
            key.id.to_string(),
            mode(key.test).to_owned(),
            key.scopes.to_string(),
            key.name.clone(),
            state,
            key.last_used.map_or_else(|| "never".to_owned(), second),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn id(text: &str) -> Result<KeyId, Failure> {
    KeyId::parse(text)
        .map_err(|error| format!("{text:?} is no key's id ({error}): `farthing keys list` shows them").into())
}

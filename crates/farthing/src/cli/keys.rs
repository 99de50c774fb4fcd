//! `farthing keys`: makes, lists, rotates and revokes API keys, on the store itself: the first key has to come from somewhere.

use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::access::{KeyId, Mode, Scope, Scopes};
use farthing_core::time::Duration;
use farthing_engine::{Asked, Clock, Engine, IdSource, NewKey, Origin};
use farthing_store::{Location, Options, Store};
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
    #[command(flatten)]
    at: At,
}

#[derive(Args, Debug)]
struct Listing {
    cloud: String,
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

#[derive(Args, Debug)]
struct At {
    /// The store: a SQLite file, or postgres://…
    #[arg(long, env = "FARTHING_STORE", hide_env_values = true)]
    store: String,
}

impl At {
    fn engine(&self) -> Result<Engine, Failure> {
        let store = Store::open(&Location::parse(&self.store), &Options::existing())?;
        let engine = Engine::new(store, Clock::real(None)?, IdSource::random(IdSource::any_process()));
        let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
        Ok(engine.asked_by(Asked { who: format!("cli:{user}"), source: "this machine".to_owned(), once: None }))
    }
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
            let new = NewKey { name, mode, scopes: Scopes::of(&scopes), per_second: 0, expires: None };
            let key = create.at.engine()?.key_create(&create.cloud, &new, &Origin::Chance)?;
            println!("{}", key.reveal());
            eprintln!("This is {} of {}. It is not shown again.", key.id, create.cloud);
        }
        Command::List(listing) => {
            let keys = listing.at.engine()?.keys(&listing.cloud, Mode::Live, None, usize::MAX >> 1)?;
            for key in &keys {
                let mode = if key.test { "test" } else { "live" };
                let state = key.revoked.map_or_else(|| "good".to_owned(), |at| format!("revoked {at}"));
                let used = key.last_used.map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
                println!("{}  {mode}  {}  {}  {state}, {used}", key.id, key.scopes, key.name);
            }
            if keys.is_empty() {
                println!("{} has no keys: make one with `farthing keys create`.", listing.cloud);
            }
        }
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

fn id(text: &str) -> Result<KeyId, Failure> {
    KeyId::parse(text)
        .map_err(|error| format!("{text:?} is no key's id ({error}): `farthing keys list` shows them").into())
}

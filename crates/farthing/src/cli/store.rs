//! What most commands share: the store they work on, the cloud in it, and whether they answer a person or a program.

use clap::Args;
use farthing::failure::Failure;
use farthing_core::money::{Currency, Money};
use farthing_core::time::{CivilDate, Instant, Zone};
use farthing_engine::{Asked, Clock, CloudFacts, Engine, IdSource};
use farthing_store::{Location, Options, Store};

/// Where the store is.
#[derive(Args, Clone, Debug)]
pub(super) struct At {
    /// The store: a SQLite file, or postgres://…
    #[arg(long, env = "FARTHING_STORE", hide_env_values = true)]
    pub(super) store: String,
}

impl At {
    pub(super) fn location(&self) -> Location {
        Location::parse(&self.store)
    }

    /// The store, which must be there.
    pub(super) fn open(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.location(), &Options::existing())?)
    }

    /// An engine that works for whoever sits here. It refuses to work where the clock is behind what was recorded.
    pub(super) fn engine(&self) -> Result<Engine, Failure> {
        let store = self.open()?;
        let newest = store.read("newest_record", |tx| tx.newest_record())?;
        Ok(engine_on(store, Clock::real(newest)?))
    }
}

/// An engine on a store, working for whoever sits here.
pub(super) fn engine_on(store: Store, clock: Clock) -> Engine {
    let engine = Engine::new(store, clock, IdSource::random(IdSource::any_process()));
    let named = ["FARTHING_WHO", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let who = named.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned());
    engine.asked_by(Asked {
        who: format!("cli:{who}"),
        source: "this machine".to_owned(),
        once: None,
        why: String::new(),
    })
}

/// A cloud in a store.
#[derive(Args, Debug)]
pub(super) struct Place {
    #[command(flatten)]
    pub(super) at: At,
    /// The cloud; it may be left out where the store has one.
    #[arg(long, env = "FARTHING_CLOUD")]
    pub(super) cloud: Option<String>,
    /// Writes JSON, for programs.
    #[arg(long)]
    pub(super) json: bool,
}

/// A cloud, opened.
pub(super) struct Desk {
    pub(super) engine: Engine,
    pub(super) cloud: String,
    pub(super) json: bool,
}

impl Place {
    pub(super) fn desk(&self) -> Result<Desk, Failure> {
        let engine = self.at.engine()?;
        let names = engine.cloud_names()?;
        let cloud = match (&self.cloud, names.as_slice()) {
            (Some(cloud), _) if names.contains(cloud) => cloud.clone(),
            (None, [only]) => only.clone(),
            (_, []) => {
                return Err("this store has no cloud yet: put its files in force with `farthing apply FOLDER`".into());
            }
            (Some(cloud), _) => {
                return Err(format!("this store has no cloud {cloud:?}: it has {}", names.join(", ")).into());
            }
            (None, _) => return Err(format!("say which cloud with --cloud: it has {}", names.join(", ")).into()),
        };
        Ok(Desk { engine, cloud, json: self.json })
    }
}

impl Desk {
    pub(super) fn facts(&self) -> Result<CloudFacts, Failure> {
        Ok(self.engine.cloud_facts(&self.cloud)?)
    }

    /// Reads an amount in the cloud's currency: `12.50`, or `12.50 USD`.
    pub(super) fn amount(&self, text: &str) -> Result<Money, Failure> {
        let own = self.facts()?.currency;
        if !text.trim().contains(' ') {
            return Ok(Money::parse_amount(text.trim(), own)?);
        }
        let money = Money::parse(text.trim())?;
        if money.currency() != own {
            return Err(format!("{}'s accounts are in {}: give the amount in it", self.cloud, own.code()).into());
        }
        Ok(money)
    }

    /// The zone whose days an account's charges are of.
    pub(super) fn zone_of(&self, account: &str) -> Result<Zone, Failure> {
        Ok(Zone::parse(&self.engine.account_facts(&self.cloud, account)?.zone)?)
    }
}

/// An instant, or a day: then its beginning.
pub(super) fn start_of(text: &str, zone: &Zone) -> Result<Instant, Failure> {
    match day_of(text, zone)? {
        Some(day) => Ok(day.start()),
        None => Ok(Instant::parse(text)?),
    }
}

/// An instant, or a day: then its end.
pub(super) fn end_of(text: &str, zone: &Zone) -> Result<Instant, Failure> {
    match day_of(text, zone)? {
        Some(day) => Ok(day.end()),
        None => Ok(Instant::parse(text)?),
    }
}

fn day_of(text: &str, zone: &Zone) -> Result<Option<farthing_core::time::Period>, Failure> {
    // 2026-12-01T…
    if matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return Ok(None);
    }
    let date = CivilDate::parse(text)
        .map_err(|error| format!("{error}; or write an instant, such as 2026-12-01T00:00:00Z"))?;
    Ok(Some(zone.day(date)?))
}

/// An amount without its currency, which stands in the column's head.
pub(super) fn plain(units: i64, currency: Currency) -> String {
    Money::from_units(units, currency).plain()
}

/// An instant to the second.
pub(super) fn second(at: Instant) -> String {
    at.floor_second().to_string()
}

/// One JSON document.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

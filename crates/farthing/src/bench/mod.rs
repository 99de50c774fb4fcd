//! `farthing bench NAME`: how fast a money path is on this machine, and how far that is from what disk or core allow.

mod authorise;
mod balance;
mod check;
mod close;
mod console;
mod crowd;
mod export;
mod floor;
mod http;
mod ingest;
mod ledger;
mod measure;
mod pdf;
mod rate;
mod settle;
mod standing;

use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::ledger::{AccountId, Chart, CommodityKind, Floor};
use farthing_core::time::Instant;
use farthing_engine::{Clock, Engine, IdSource};
use farthing_store::{Location, NewAccount, Options, Store};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Transfers between random customers, in durable batches.
    Ledger(ledger::Arguments),
    /// Reading and checking a large catalogue.
    Check(check::Arguments),
    /// Authorisations (check what is available, hold it, sync it) by many callers at once.
    Authorise(authorise::Arguments),
    /// Usage events of random customers, in durable batches.
    Ingest(ingest::Arguments),
    /// Reading the balance of an account with ten events, and of one with very many.
    Balance(balance::Arguments),
    /// Hours of settling everything that runs.
    Settle(settle::Arguments),
    /// The end of a month: every account's billing period closes.
    Close(close::Arguments),
    /// An hour in which everybody runs out of money, each at a second of its own: what suspending them takes.
    Standing(standing::Arguments),
    /// Exports: every charge of a cloud as rows of a file.
    Export(export::Arguments),
    /// Usage and authorisations over HTTP, against a server of its own process.
    Http(http::Arguments),
    /// What a customer opens most, of an account with very many resources and a year behind it: time and weight.
    Console(console::Arguments),
    /// Documents drawn on one core, warm; stores nothing.
    Pdf(pdf::Arguments),
    /// Pricing on one core, beside the same loop without a price; stores nothing.
    Rate(rate::Arguments),
}

/// Where to measure.
#[derive(Args, Debug, Clone)]
pub(crate) struct Where {
    /// postgres://… or sqlite:PATH; a new SQLite file in the temporary directory when left out. It must hold no ledger.
    #[arg(long)]
    store: Option<String>,
    /// One JSON object a line, instead of a table.
    #[arg(long)]
    json: bool,
    /// Times the whole measurement is repeated, each in a fresh store where that is possible.
    #[arg(long, default_value_t = 1)]
    runs: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Ledger(arguments) => ledger::run(arguments),
        What::Check(arguments) => check::run(arguments),
        What::Authorise(arguments) => authorise::run(arguments),
        What::Ingest(arguments) => ingest::run(arguments),
        What::Balance(arguments) => balance::run(arguments),
        What::Settle(arguments) => settle::run(arguments),
        What::Close(arguments) => close::run(arguments),
        What::Standing(arguments) => standing::run(arguments),
        What::Export(arguments) => export::run(arguments),
        What::Http(arguments) => http::run(arguments),
        What::Console(arguments) => console::run(arguments),
        What::Pdf(arguments) => pdf::run(arguments),
        What::Rate(arguments) => rate::run(arguments),
    }
}

/// A store for one measurement; a SQLite file of our own is removed afterwards.
struct Bed {
    engine: Engine,
    name: &'static str,
    file: Option<PathBuf>,
}

impl Bed {
    fn new(at: &Where) -> Result<Bed, Failure> {
        Bed::with_clock(at, Clock::real(None)?)
    }

    /// With a clock that is moved by hand.
    fn simulated(at: &Where, start: Instant) -> Result<Bed, Failure> {
        Bed::with_clock(at, Clock::simulated(start))
    }

    fn with_clock(at: &Where, clock: Clock) -> Result<Bed, Failure> {
        let (location, file) = if let Some(text) = &at.store {
            (Location::parse(text), None)
        } else {
            let file = std::env::temp_dir().join(format!("farthing-bench-{}.db", std::process::id()));
            remove(&file);
            (Location::Sqlite(file.clone()), Some(file))
        };
        let name = if matches!(location, Location::Sqlite(_)) { "sqlite" } else { "postgres" };
        let store = Store::open(&location, &Options::default())?;
        Ok(Bed { engine: Engine::new(store, clock, IdSource::random(IdSource::any_process())), name, file })
    }

    /// Opens so many customers of a bench cloud, each with one account that may go down to minus `floor`.
    fn customers(&self, count: usize, floor: i64) -> Result<Vec<AccountId>, Failure> {
        let now = self.engine.now()?;
        let cloud = format!("bench-{}-{}", std::process::id(), now.micros());
        let accounts = self.engine.store().write("bench_customers", move |tx| {
            let commodity = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
            let owners = tx.owners_open(&cloud, "customer", count)?;
            let accounts: Vec<NewAccount> = owners
                .into_iter()
                .map(|owner| NewAccount { owner, code: Chart::ReceivableDebt, commodity, floor: Floor::Minus(floor) })
                .collect();
            tx.accounts_open(&accounts, now)
        })?;
        Ok(accounts)
    }
}

fn open(location: &Location) -> Result<Engine, Failure> {
    let store = Store::open(location, &Options::default())?;
    Ok(Engine::new(store, Clock::real(None)?, IdSource::random(IdSource::any_process())))
}

impl Drop for Bed {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            remove(file);
        }
    }
}

fn remove(file: &std::path::Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}

/// Small and repeatable; it decides nothing but which customer is next.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ mixed >> 31) >> 1).unwrap_or(0) % bound
    }
}

//! Stores to play on, and the same few accounts in each of them.

use crate::model::{Facts, World};
use farthing_core::ledger::{AccountId, Chart, CommodityId, CommodityKind, OwnerId};
use farthing_core::time::Instant;
use farthing_store::{Location, NewAccount, Options, Store, StoreError, Tx};
use farthing_testbed::{Database, ScratchDir};

/// A store of one test, gone with the value.
#[derive(Debug)]
pub struct Stage {
    pub store: Store,
    url: String,
    _home: Home,
}

#[derive(Debug)]
enum Home {
    Directory { _gone_with_this: ScratchDir },
    Database { _gone_with_this: Database },
}

impl Stage {
    pub fn sqlite(what: &str) -> Stage {
        let directory = ScratchDir::new(what);
        let url = directory.join("ledger.db").display().to_string();
        Stage { store: open(&url), url, _home: Home::Directory { _gone_with_this: directory } }
    }

    pub fn postgres(what: &str) -> Stage {
        let database = farthing_testbed::postgres().database(what);
        let url = database.url();
        Stage { store: open(&url), url, _home: Home::Database { _gone_with_this: database } }
    }

    pub fn both(what: &str) -> [Stage; 2] {
        [Stage::sqlite(what), Stage::postgres(what)]
    }

    /// What another process opens the same store by.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn name(&self) -> &'static str {
        match self.store.location() {
            Location::Sqlite(_) => "SQLite",
            Location::Postgres(_) => "PostgreSQL",
        }
    }
}

/// The store at a path or a URL.
pub fn open(url: &str) -> Store {
    Store::open(&Location::parse(url), &Options::default()).unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// 2026-01-01T00:00:00Z, and so many microseconds later.
pub fn at(micros: i64) -> Instant {
    Instant::from_micros(1_767_225_600_000_000 + micros)
}

/// One customer's accounts, all in dollars but the units.
#[derive(Clone, Copy, Debug)]
pub struct Customer {
    pub owner: OwnerId,
    pub cash: AccountId,
    pub credit: AccountId,
    pub debt: AccountId,
    pub units: AccountId,
}

/// Who is on the stage: some customers and their cloud's own books.
#[derive(Clone, Debug)]
pub struct Cast {
    pub books: OwnerId,
    pub dollars: CommodityId,
    pub hours: CommodityId,
    pub customers: Vec<Customer>,
    pub provider: AccountId,
    pub revenue: AccountId,
    pub units_out: AccountId,
    /// Closed from the beginning.
    pub closed: AccountId,
    pub world: World,
}

impl Cast {
    /// Finds the cast of this cloud, or opens its accounts. Each customer's debt may be asked down to minus `debt_floor`.
    pub fn ensure(store: &Store, cloud: &str, customers: usize, debt_floor: i64) -> Cast {
        let cloud = cloud.to_owned();
        store
            .write("cast", move |tx| Cast::ensure_in(tx, &cloud, customers, debt_floor))
            .unwrap_or_else(|error: StoreError| panic!("cannot open accounts: {error}"))
    }

    fn ensure_in(tx: &mut Tx<'_>, cloud: &str, customers: usize, debt_floor: i64) -> Result<Cast, StoreError> {
        let dollars = tx.commodity_ensure("USD", CommodityKind::Currency, 2)?;
        let hours = tx.commodity_ensure("gpu-hour", CommodityKind::Unit, 0)?;
        let books = tx.owner_ensure(cloud, "books", true)?;
        let mut world = World::default();
        let mut ensure = |tx: &mut Tx<'_>, owner, code: Chart, commodity| {
            let floor = code.floor(debt_floor);
            let id = tx.account_ensure(&NewAccount { owner, code, commodity, floor }, at(0))?;
            let closed = tx.account(id)?.is_some_and(|row| row.account.closed);
            world.accounts.insert(id, Facts { owner, commodity, floor, closed });
            Ok::<_, StoreError>(id)
        };
        let provider = ensure(tx, books, Chart::Provider("card".into()), dollars)?;
        let revenue = ensure(tx, books, Chart::Revenue("gpu".into()), dollars)?;
        let units_out = ensure(tx, books, Chart::UnitsOut, hours)?;
        let closed = ensure(tx, books, Chart::Suspense, dollars)?;
        let mut found = Vec::new();
        for number in 0..customers {
            let owner = tx.owner_ensure(cloud, &format!("customer-{number}"), false)?;
            found.push(Customer {
                owner,
                credit: ensure(tx, owner, Chart::Credit("welcome".into()), dollars)?,
                cash: ensure(tx, owner, Chart::Cash, dollars)?,
                debt: ensure(tx, owner, Chart::ReceivableDebt, dollars)?,
                units: ensure(tx, owner, Chart::Units("gpu".into()), hours)?,
            });
        }
        tx.account_close(closed)?;
        world.accounts.get_mut(&closed).expect("it was just opened").closed = true;
        Ok(Cast { books, dollars, hours, customers: found, provider, revenue, units_out, closed, world })
    }
}

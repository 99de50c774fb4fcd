//! Runs one test on both stores: `both! { fn name(bed: &Bed) { … } }` makes `name::sqlite` and `name::postgres`.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]

pub(crate) mod billing;

use farthing_core::time::Instant;
use farthing_store::{Location, Options, Store, StoreError, Tx};
use farthing_testbed::{Database, ScratchDir};

/// Noon of a day in 2027: nothing in these tests reads a clock.
pub(crate) const NOON: Instant = Instant::from_micros(1_800_000_000_000_000);

/// A fresh database, and how to open it.
pub(crate) struct Bed {
    pub location: Location,
    pub directory: ScratchDir,
    pub database: Option<Database>,
}

impl Bed {
    pub(crate) fn sqlite() -> Bed {
        let directory = ScratchDir::new("store");
        Bed { location: Location::Sqlite(directory.join("farthing.db")), directory, database: None }
    }

    pub(crate) fn postgres() -> Bed {
        let database = farthing_testbed::postgres().database("store");
        Bed {
            location: Location::Postgres(database.url()),
            directory: ScratchDir::new("store"),
            database: Some(database),
        }
    }

    pub(crate) fn open(&self) -> Store {
        self.try_open(&Options::default()).expect("a fresh store opens")
    }

    pub(crate) fn try_open(&self, options: &Options) -> Result<Store, StoreError> {
        Store::open(&self.location, options)
    }

    /// A statement past the code under test; the store must be closed.
    pub(crate) fn tamper(&self, sql: &str) {
        match (&self.location, &self.database) {
            (Location::Sqlite(path), _) => {
                rusqlite::Connection::open(path)
                    .expect("the file opens")
                    .execute_batch(sql)
                    .unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            (_, Some(database)) => drop(database.sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))),
            _ => unreachable!("a PostgreSQL bed has a database"),
        }
    }
}

/// A write whose closure only fails as the store fails.
pub(crate) fn write<T: Send + 'static>(
    store: &Store,
    mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write("test", move |tx| work(tx)).expect("the write stands")
}

pub(crate) fn read<T>(store: &Store, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
    store.read("test", |tx| work(tx)).expect("the read answers")
}

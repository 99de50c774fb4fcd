//! Stores for a trial: made, used and gone, on both databases.

use farthing_store::{Location, Options, Schema, Scratch, Store};
use farthing_testbed::Database;

#[test]
fn a_trial_store_on_a_server_is_its_own_and_goes_with_its_value() {
    let database = farthing_testbed::postgres().database("scratch");
    let count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'farthing_trial_%'";
    let (one, two) = (Scratch::on_server(&database.url()).unwrap(), Scratch::on_server(&database.url()).unwrap());
    assert_eq!(database.sql(count).unwrap().trim(), "2");
    for trial in [&one, &two] {
        let store = Store::open(trial.location(), &Options::default()).expect("a fresh store");
        let first = store.write("first", |tx| tx.owner_ensure("cloud", "someone", false)).expect("it writes");
        assert_eq!(first.0, 1, "nobody was there before");
        // Dropped while this store is still open.
        std::mem::forget(store);
    }
    drop((one, two));
    assert_eq!(database.sql(count).unwrap().trim(), "0");
    renewed(&database);
    assert_eq!(database.sql(count).unwrap().trim(), "0");
    assert_eq!(database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap().trim(), "0");
}

/// One that is renewed is as fresh as a new one.
fn renewed(database: &Database) {
    let trial = Scratch::on_server(&database.url()).unwrap();
    drop(Store::open(trial.location(), &Options::default()).expect("a fresh store"));
    trial.remember().unwrap();
    for _ in 0..2 {
        let store = Store::open(trial.location(), &Options::default()).expect("a store like a fresh one");
        let first = store.write("first", |tx| tx.owner_ensure("cloud", "someone", false)).expect("it writes");
        assert_eq!(first.0, 1, "nobody was there before");
        drop(store);
        trial.renew().unwrap();
    }
}

#[test]
fn a_trial_store_in_a_folder_is_fresh() {
    for _ in 0..2 {
        let trial = Scratch::embedded().unwrap();
        assert!(matches!(trial.location(), Location::Sqlite(file) if !file.exists()));
        let store = Store::open(trial.location(), &Options { schema: Schema::Ensure, ..Options::default() }).unwrap();
        let first = store.write("first", |tx| tx.owner_ensure("cloud", "someone", false)).unwrap();
        assert_eq!(first.0, 1);
    }
}

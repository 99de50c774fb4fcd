//! What both stores promise, tested on both: transactions, rollback, reruns, bulk statements, migrations, epochs.

use crate::support::{Bed, NOON, read, write};
use farthing_core::ledger::{Chart, CommodityKind, Floor};
use farthing_store::{Column, Location, NewAccount, Options, Store, StoreError, Tx, Value};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, mpsc};

/// A table of our own with every type; made by hand, so that the tests need no migration.
const TABLE: &str =
    "CREATE TABLE trial_row (id BIGINT NOT NULL PRIMARY KEY, number BIGINT, word TEXT, bytes BYTEA, flag BOOLEAN)";
const TABLE_SQLITE: &str = "CREATE TABLE trial_row (id INTEGER NOT NULL PRIMARY KEY, number INTEGER, word TEXT, bytes BLOB, flag INTEGER) STRICT";

fn with_table(bed: &Bed) -> Store {
    let store = bed.open();
    write(&store, |tx| {
        let text = if tx.shares_writing() { TABLE } else { TABLE_SQLITE };
        tx.execute(text, &[])
    });
    store
}

fn numbers(store: &Store) -> Vec<(i64, Option<i64>)> {
    read(store, |tx| {
        tx.rows("SELECT id, number FROM trial_row ORDER BY id", &[], |row| Ok((row.int(0)?, row.opt_int(1)?)))
    })
}

fn put(tx: &mut Tx<'_>, id: i64, number: i64) -> Result<u64, StoreError> {
    tx.execute("INSERT INTO trial_row (id, number) VALUES ($1, $2)", &[id.into(), number.into()])
}

both! {
    fn what_was_written_is_there_after_reopening(bed: &Bed) {
        let store = with_table(bed);
        write(&store, |tx| put(tx, 1, 10));
        drop(store);
        assert_eq!(numbers(&bed.open()), [(1, Some(10))]);
    }
}

both! {
    fn an_error_takes_everything_of_its_closure_back(bed: &Bed) {
        let store = with_table(bed);
        let told = store.write("test", |tx| {
            put(tx, 1, 10)?;
            Err::<(), _>(StoreError::Unusable("no".into()))
        });
        assert_eq!(told.unwrap_err().to_string(), "no");
        assert_eq!(numbers(&store), []);
    }
}

both! {
    fn a_panic_reaches_its_caller_and_nobody_else(bed: &Bed) {
        let store = Arc::new(with_table(bed));
        let inner = store.clone();
        let panicked = std::thread::spawn(move || {
            inner.write::<(), StoreError>("test", |tx| {
                put(tx, 1, 10)?;
                panic!("a bug of this caller");
            })
        })
        .join();
        let message = panicked.expect_err("it panicked");
        assert_eq!(message.downcast_ref::<&str>(), Some(&"a bug of this caller"));
        write(&store, |tx| put(tx, 2, 20));
        assert_eq!(numbers(&store), [(2, Some(20))]);
    }
}

both! {
    fn of_many_closures_each_stands_or_falls_for_itself(bed: &Bed) {
        let store = with_table(bed);
        let works: Vec<_> = (0..6)
            .map(|place| {
                move |tx: &mut Tx<'_>| {
                    put(tx, place, place)?;
                    match place {
                        1 => Err(StoreError::Unusable("no".into())),
                        2 => panic!("a bug of this one"),
                        3 => {
                            let _ = tx.execute("INSERT INTO trial_row (id, number) VALUES ($1, $2)", &[9.into(), Value::Text("x")]);
                            Ok(place)
                        }
                        _ => Ok(place),
                    }
                }
            })
            .collect();
        let told: Vec<Result<i64, String>> =
            store.write_each("test", works).into_iter().map(|told| told.map_err(|error: StoreError| error.to_string())).collect();
        assert_eq!((&told[0], &told[4], &told[5]), (&Ok(0), &Ok(4), &Ok(5)));
        let said = |place: usize, what: &str| told[place].as_ref().is_err_and(|error| error.contains(what));
        assert!(said(1, "no") && said(2, "a bug of this one") && said(3, "rolled back"), "{told:?}");
        assert_eq!(numbers(&store), [(0, Some(0)), (4, Some(4)), (5, Some(5))]);
        assert_eq!(store.write_each::<(), StoreError, fn(&mut Tx<'_>) -> _>("test", Vec::new()).len(), 0);
    }
}

both! {
    /// PostgreSQL voids a transaction at its first failed statement and answers COMMIT with a quiet ROLLBACK; SQLite would
    /// go on and commit the rest. Here both take everything back and say so.
    fn a_failed_statement_that_its_closure_ignores_voids_it(bed: &Bed) {
        let store = with_table(bed);
        let told = store.write("test", |tx| {
            put(tx, 1, 10)?;
            let _ = tx.execute("INSERT INTO trial_row (id, number) VALUES ($1, $2)", &[2.into(), Value::Text("not a number")]);
            Ok::<_, StoreError>(())
        });
        let told = told.unwrap_err().to_string();
        assert!(told.contains("rolled back"), "{told}");
        assert_eq!(numbers(&store), []);
        write(&store, |tx| put(tx, 3, 30));
        assert_eq!(numbers(&store), [(3, Some(30))]);
    }
}

both! {
    fn many_callers_at_once_lose_nothing(bed: &Bed) {
        let store = with_table(bed);
        write(&store, |tx| put(tx, 0, 0));
        std::thread::scope(|scope| {
            for caller in 1..=16_i64 {
                let store = &store;
                scope.spawn(move || {
                    for turn in 0..20 {
                        // Lock, read, decide, write: the sum is right only if nobody came between.
                        let failing = turn % 5 == 4;
                        let done = store.write("test", move |tx| {
                            let sum = tx
                                .one("SELECT number FROM trial_row WHERE id = $1 {lock trial_row}", &[0.into()], |row| row.int(0))?
                                .expect("row 0 is there");
                            tx.execute("UPDATE trial_row SET number = $2 WHERE id = $1", &[0.into(), (sum + 1).into()])?;
                            put(tx, caller * 1000 + turn, sum)?;
                            if failing { Err(StoreError::Unusable("refused".into())) } else { Ok(()) }
                        });
                        assert_eq!(done.is_err(), failing, "{done:?}");
                    }
                });
            }
        });
        let rows = numbers(&store);
        assert_eq!(rows.len(), 1 + 16 * 16, "four of five stand");
        assert_eq!(rows[0].1, Some(16 * 16));
        let mut seen: Vec<i64> = rows[1..].iter().filter_map(|row| row.1).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..256).collect::<Vec<_>>(), "each saw a sum of its own");
    }
}

both! {
    fn a_snapshot_does_not_move_while_others_write(bed: &Bed) {
        let store = with_table(bed);
        write(&store, |tx| put(tx, 1, 10));
        let (begun, written) = (mpsc::channel(), mpsc::channel());
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let (tell, wait) = (begun.0, written.1);
                read(&store, |tx| {
                    let count = |tx: &mut Tx<'_>| tx.one("SELECT count(*) FROM trial_row", &[], |row| row.int(0));
                    let before = count(tx)?;
                    tell.send(()).expect("the writer waits");
                    wait.recv().expect("the writer tells");
                    Ok((before, count(tx)?))
                })
            });
            begun.1.recv().expect("the reader tells");
            write(&store, |tx| put(tx, 2, 20)); // a reader never makes a writer wait
            written.0.send(()).expect("the reader waits");
            assert_eq!(reader.join().expect("the reader ends"), (Some(1), Some(1)));
        });
        assert_eq!(numbers(&store).len(), 2);
    }
}

both! {
    fn a_read_cannot_write(bed: &Bed) {
        let store = with_table(bed);
        let told = store.read("test", |tx| put(tx, 1, 10));
        assert!(told.is_err(), "{told:?}");
        assert_eq!(numbers(&store), []);
    }
}

both! {
    fn values_come_back_as_they_went_in(bed: &Bed) {
        let store = with_table(bed);
        let words = ["", "it's \"quoted\" $1 ?1", "人民币 ¥ €", "a\nb"];
        let hash: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 8 % 256).unwrap_or(0));
        for (id, word) in (1_i64..).zip(words) {
            write(&store, move |tx| {
                // Out of order on purpose: SQLite would read $2, $1 as names in order of appearance.
                tx.execute(
                    "INSERT INTO trial_row (word, number, id, bytes, flag) VALUES ($2, $3, $1, $5, $4)",
                    &[id.into(), word.into(), (i64::MIN + id).into(), true.into(), Value::Bytes(&hash)],
                )
            });
        }
        let found = read(&store, |tx| {
            tx.rows("SELECT number, word, bytes, flag FROM trial_row ORDER BY id", &[], |row| {
                Ok((row.int(0)?, row.text(1)?, row.bytes::<32>(2)?, row.bool(3)?))
            })
        });
        let expected: Vec<_> = (1_i64..).zip(words).map(|(id, word)| (i64::MIN + id, word.to_owned(), hash, true)).collect();
        assert_eq!(found, expected);
        write(&store, |tx| tx.execute("UPDATE trial_row SET number = $1, bytes = $2 WHERE id = $3", &[Value::Null, Value::Null, 1.into()]));
        let nothing = read(&store, |tx| {
            tx.one("SELECT number, bytes FROM trial_row WHERE id = $1", &[1.into()], |row| Ok((row.opt_int(0)?, row.opt_bytes::<32>(1)?)))
        });
        assert_eq!(nothing, Some((None, None)));
    }
}

both! {
    fn bulk_statements_do_what_single_ones_do(bed: &Bed) {
        for rows in [0_i64, 1, 2, 63, 64, 65, 3000] {
            let store = with_table(bed);
            let ids: Vec<i64> = (0..rows).collect();
            let inserted = ids.clone();
            write(&store, move |tx| {
                let each = inserted.iter();
                tx.bulk_insert(
                    "trial_row",
                    &["id", "number", "word", "bytes", "flag"],
                    vec![
                        Column::Int(inserted.clone()),
                        Column::OptInt(each.clone().map(|id| (id % 3 != 0).then_some(-id)).collect()),
                        Column::Text(each.clone().map(|id| format!("字 '{id}'")).collect()),
                        Column::OptId(each.clone().map(|id| (id % 2 == 0).then_some([7; 16])).collect()),
                        Column::Bool(each.map(|id| id % 2 == 0).collect()),
                    ],
                )
            });
            let read_back = read(&store, |tx| {
                tx.bulk_rows(
                    "SELECT t.id, t.number, t.word, t.bytes, t.flag FROM {bulk} JOIN trial_row t ON t.id = bulk.c1 ORDER BY bulk.c1",
                    vec![Column::Int(ids.clone())],
                    |row| Ok((row.int(0)?, row.opt_int(1)?, row.text(2)?, row.opt_bytes::<16>(3)?, row.bool(4)?)),
                )
            });
            let expected: Vec<_> = ids
                .iter()
                .map(|id| {
                    let even = id % 2 == 0;
                    (*id, (id % 3 != 0).then_some(-id), format!("字 '{id}'"), even.then_some([7; 16]), even)
                })
                .collect();
            assert_eq!(read_back, expected, "{rows} rows");
            // Half of them again and as many new ones; then all but ten go.
            let half: Vec<i64> = (rows / 2..rows + rows / 2).collect();
            write(&store, move |tx| {
                tx.bulk_upsert(
                    "trial_row",
                    1,
                    &["id", "number", "word", "bytes", "flag"],
                    vec![
                        Column::Int(half.clone()),
                        Column::Int(vec![42; half.len()]),
                        Column::Text(vec!["again".into(); half.len()]),
                        Column::Hash(vec![[9; 32]; half.len()]),
                        Column::Bool(vec![true; half.len()]),
                    ],
                )?;
                let gone: Vec<i64> = half.iter().copied().filter(|id| *id >= 10).collect();
                let told = tx.bulk_execute("DELETE FROM trial_row WHERE id IN (SELECT c1 FROM {bulk})", vec![Column::Int(gone.clone())])?;
                assert_eq!(told, gone.len() as u64);
                Ok(())
            });
            let left = numbers(&store);
            let expected: Vec<(i64, Option<i64>)> = (0..rows + rows / 2)
                .filter(|id| *id < 10 || *id < rows / 2)
                .map(|id| (id, if id >= rows / 2 { Some(42) } else { (id % 3 != 0).then_some(-id) }))
                .collect();
            assert_eq!(left, expected, "{rows} rows");
            write(&store, |tx| tx.execute("DROP TABLE trial_row", &[]));
        }
    }
}

both! {
    fn a_key_that_exists_is_an_error_of_a_bulk_insert_and_nothing_of_it_stands(bed: &Bed) {
        let store = with_table(bed);
        write(&store, |tx| put(tx, 70, 1));
        for rows in [1_i64, 200] {
            let told = store.write("test", move |tx| {
                tx.bulk_insert("trial_row", &["id"], vec![Column::Int((71 - rows..=70).collect())])
            });
            assert!(told.is_err(), "{rows} rows: {told:?}");
            assert_eq!(numbers(&store), [(70, Some(1))], "{rows} rows");
        }
    }
}

both! {
    fn opening_twice_and_at_once_migrates_once(bed: &Bed) {
        let barrier = Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    barrier.wait();
                    drop(bed.open());
                });
            }
        });
        let store = bed.open();
        let of_each = "SELECT count(*) - max(number) FROM store_migration";
        let missing = read(&store, |tx| tx.one(of_each, &[], |row| row.int(0)));
        assert_eq!(missing, Some(0));
    }
}

both! {
    fn a_newer_schema_or_another_text_is_refused_and_nothing_changes(bed: &Bed) {
        drop(bed.open());
        bed.tamper("INSERT INTO store_migration (number, name, checksum) SELECT 99, 'tomorrow', checksum FROM store_migration WHERE number = 1");
        for options in [Options::default(), Options::existing()] {
            let told = bed.try_open(&options).expect_err("a newer schema").to_string();
            assert!(told.contains("schema 99") && told.contains("run the newer version"), "{told}");
        }
        let zeros = if bed.database.is_some() { "decode(repeat('00', 32), 'hex')" } else { "zeroblob(32)" };
        bed.tamper(&format!("DELETE FROM store_migration WHERE number = 99; UPDATE store_migration SET checksum = {zeros}"));
        let told = bed.try_open(&Options::default()).expect_err("another text").to_string();
        assert!(told.contains("migration 1 (ledger)") && told.contains("run the build that made the store"), "{told}");
    }
}

both! {
    fn looking_never_makes_a_store(bed: &Bed) {
        let told = bed.try_open(&Options::existing()).expect_err("nothing is there").to_string();
        assert!(told.contains("there is no"), "{told}");
        if let Location::Sqlite(path) = &bed.location {
            assert!(!path.exists(), "looking has made {}", path.display());
        }
        drop(bed.open());
        assert!(bed.try_open(&Options::existing()).is_ok());
    }
}

both! {
    fn an_epoch_begins_once_and_a_restored_copy_waits_for_its_acceptance(bed: &Bed) {
        let store = bed.open();
        let first = store.epoch_open([1; 16], NOON).expect("the first");
        assert_eq!((first.number, first.id, first.accepted), (1, [1; 16], true));
        assert_eq!(store.epoch_open([2; 16], NOON).expect("the same"), first);
        let second = store.epoch_begin([3; 16], "restored from Tuesday's backup", NOON).expect("another");
        assert_eq!((second.number, second.id, second.accepted), (2, [3; 16], false));
        assert_eq!(store.epoch_open([4; 16], NOON).expect("still waiting"), second);
        assert!(store.epoch_accept(2).expect("an operator"));
        assert!(store.epoch_open([4; 16], NOON).expect("accepted").accepted);
        assert!(!store.epoch_accept(7).expect("there is no seventh"));
    }
}

both! {
    fn names_are_made_once_whoever_asks_at_once(bed: &Bed) {
        let store = bed.open();
        let ids: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8)
                .map(|caller| {
                    let store = &store;
                    scope.spawn(move || {
                        write(store, move |tx| {
                            let own = format!("own-{caller}");
                            tx.owner_ensure("cloud", &own, false)?;
                            let owner = tx.owner_ensure("cloud", "shared", false)?;
                            let commodity = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
                            let account = NewAccount { owner, code: Chart::Cash, commodity, floor: Floor::Zero };
                            Ok((owner, commodity, tx.account_ensure(&account, NOON)?))
                        })
                    })
                })
                .collect();
            asking.into_iter().map(|caller| caller.join().expect("it answers")).collect()
        });
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
        assert_eq!(read(&store, |tx| tx.owners()).len(), 9);
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    }
}

both! {
    fn a_commodity_keeps_its_decimals(bed: &Bed) {
        let store = bed.open();
        write(&store, |tx| tx.commodity_ensure("USD", CommodityKind::Currency, 8));
        let told = store.write("test", |tx| tx.commodity_ensure("USD", CommodityKind::Currency, 6)).unwrap_err().to_string();
        assert!(told.contains("USD is kept here with 8 decimals") && told.contains("use another code"), "{told}");
    }
}

both! {
    /// SQLite turns a + b beyond 64 bits into a REAL, and its sum into an error: shards are added in 128 bits.
    fn sums_over_shards_do_not_wrap(bed: &Bed) {
        let store = bed.open();
        write(&store, |tx| {
            let commodity = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
            for shard in 0..3 {
                let owner = tx.owner_ensure("cloud", &format!("books-{shard}"), true)?;
                tx.account_ensure(&NewAccount { owner, code: Chart::Revenue("x".into()), commodity, floor: Floor::Open }, NOON)?;
            }
            let customer = tx.owner_ensure("cloud", "customer", false)?;
            tx.account_ensure(&NewAccount { owner: customer, code: Chart::Revenue("x".into()), commodity, floor: Floor::Open }, NOON)?;
            Ok(())
        });
        let most = i64::MAX;
        write(&store, move |tx| tx.execute("UPDATE ledger_balance SET credits = $1, debits = 7", &[most.into()]));
        let sum = read(&store, |tx| {
            let usd = tx.commodities()?[0].id;
            tx.books_sum("cloud", "revenue/x", usd)
        });
        assert_eq!(sum, 3 * (i128::from(i64::MAX) - 7), "a customer's account is not the cloud's");
    }
}

/// Where one process makes a file and others come, SQLite tells some of them "busy" without waiting.
#[test]
fn new_files_are_opened_by_many_at_once() {
    for _ in 0..16 {
        let bed = Bed::sqlite();
        let barrier = Barrier::new(16);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    barrier.wait();
                    // A short log: the race is about the file's first page, and is over before the log has its length.
                    bed.try_open(&Options { sqlite_log_mib: 0, ..Options::default() }).expect("a new store opens");
                });
            }
        });
    }
}

/// The same with certainty: another connection holds the lock that opening a new file asks for.
#[test]
fn opening_a_new_file_waits_for_who_holds_it() {
    let bed = Bed::sqlite();
    let Location::Sqlite(path) = &bed.location else { unreachable!() };
    let holder = rusqlite::Connection::open(path).expect("the file is made");
    holder.execute_batch("BEGIN IMMEDIATE").expect("nobody else is there");
    std::thread::scope(|scope| {
        let (tell, opened) = mpsc::channel();
        let bed = &bed;
        scope.spawn(move || tell.send(bed.try_open(&Options::default()).map(drop)));
        let early = opened.recv_timeout(std::time::Duration::from_millis(200));
        assert!(matches!(early, Err(mpsc::RecvTimeoutError::Timeout)), "it did not wait: {early:?}");
        holder.execute_batch("ROLLBACK").expect("it holds it");
        opened.recv().expect("it answers").expect("the file is free");
    });
}

/// Opening gives the log its length by writing after its end, where somebody else may be committing: it waits for them.
#[test]
fn opening_leaves_the_log_alone_while_another_writes() {
    let bed = Bed::sqlite();
    let store = bed.try_open(&Options { sqlite_log_mib: 0, ..Options::default() }).expect("a store with a short log");
    let log = bed.directory.join("farthing.db-wal");
    let length = move || std::fs::metadata(&log).map_or(0, |log| log.len());
    let short = length();
    std::thread::scope(|scope| {
        let (begun, writing) = mpsc::channel();
        let (tell, opening) = mpsc::channel();
        let bed = &bed;
        scope.spawn(move || {
            writing.recv().expect("the writer begins");
            tell.send(()).expect("the writer waits");
            drop(bed.open());
        });
        let seen = length.clone();
        let longest = write(&store, move |_| {
            begun.send(()).expect("the other waits");
            opening.recv().expect("the other opens");
            // Long enough for an opening that does not wait: it takes milliseconds.
            let looks = (0..20).map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                seen()
            });
            Ok(looks.max())
        });
        assert_eq!(longest, Some(short), "bytes were written after the log's end");
    });
}

#[test]
fn a_store_that_is_no_store_is_told_so() {
    let bed = Bed::sqlite();
    let Location::Sqlite(path) = &bed.location else { unreachable!() };
    std::fs::write(
        path,
        "this is a shopping list, long enough to be mistaken for a file with a header of a hundred bytes in it",
    )
    .expect("written");
    let told = bed.try_open(&Options::default()).expect_err("not a database").to_string();
    assert!(told.contains("cannot be opened as a Farthing store"), "{told}");
    let nowhere = Location::Sqlite(bed.directory.join("no/such/folder/x.db"));
    let told = Store::open(&nowhere, &Options::default()).expect_err("no folder").to_string();
    assert!(told.contains("no/such/folder"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let location = Location::parse("postgres://farthing:geheim@127.0.0.1:1/farthing");
    assert_eq!(location.to_string(), "postgres://farthing@127.0.0.1:1/farthing");
    assert!(!format!("{location:?}").contains("geheim"));
    let told = Store::open(&location, &Options::default()).expect_err("nobody listens on port 1").to_string();
    assert!(told.contains("cannot be reached") && !told.contains("geheim"), "{told}");
}

#[test]
fn tls_checks_the_server_against_its_authority() {
    let cluster = farthing_testbed::tls_cluster();
    let database = cluster.database("tls");
    let with_authority = format!("{}&sslrootcert={}", database.url(), cluster.ca_path().display());
    let store =
        Store::open(&Location::parse(&with_authority), &Options::default()).expect("TLS with the right authority");
    let encrypted =
        read(&store, |tx| tx.one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[], |row| row.bool(0)));
    assert_eq!(encrypted, Some(true));
    let told =
        Store::open(&Location::parse(&database.url()), &Options::default()).expect_err("an authority nobody knows");
    assert!(told.to_string().contains("cannot be reached"), "{told}");
}

/// A closure that meets another is run again from the start, and only its last run stands.
#[test]
fn postgres_runs_a_closure_again_that_met_another() {
    let bed = Bed::postgres();
    let store = with_table(&bed);
    write(&store, |tx| put(tx, 1, 0).and(put(tx, 2, 0)));
    let runs = Arc::new(AtomicU32::new(0));
    let barrier = Arc::new(Barrier::new(2));
    std::thread::scope(|scope| {
        for (first, second) in [(1_i64, 2_i64), (2, 1)] {
            let (store, runs, barrier) = (&store, runs.clone(), barrier.clone());
            scope.spawn(move || {
                let mut attempt = 0;
                write(store, move |tx| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    attempt += 1;
                    let add = "UPDATE trial_row SET number = number + 1 WHERE id = $1";
                    tx.execute(add, &[first.into()])?;
                    if attempt == 1 {
                        barrier.wait(); // now each holds what the other wants: a deadlock
                    }
                    tx.execute(add, &[second.into()])
                });
            });
        }
    });
    assert!(runs.load(Ordering::Relaxed) >= 3, "one of the two was run again");
    assert_eq!(numbers(&store), [(1, Some(2)), (2, Some(2))]);
}

/// The server ends every connection; the next closure finds a new one.
#[test]
fn postgres_comes_back_after_its_connections_were_cut() {
    let bed = Bed::postgres();
    let store = with_table(&bed);
    write(&store, |tx| put(tx, 1, 10));
    bed.tamper("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    write(&store, |tx| put(tx, 2, 20));
    assert_eq!(numbers(&store), [(1, Some(10)), (2, Some(20))]);
}

/// Nobody has counted these tables yet: the planner would rather read all of them.
#[test]
fn postgres_looks_rows_up_by_key() {
    let bed = Bed::postgres();
    let store = with_table(&bed);
    let explain = "EXPLAIN SELECT t.number FROM {bulk} JOIN trial_row t ON t.id = bulk.c1";
    let plan = read(&store, |tx| tx.bulk_rows(explain, vec![Column::Int((1..2_000).collect())], |row| row.text(0)));
    assert!(plan.iter().any(|line| line.contains("trial_row_pkey")), "{plan:#?}");
}

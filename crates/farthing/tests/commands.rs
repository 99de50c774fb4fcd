//! The commands as an operator runs them: the real binary, its words and its exit codes.

use farthing_core::ledger::{Chart, Command as Ask, CommodityKind, Floor, Kind, Mode, Movement, Transfer, TransferId};
use farthing_core::time::Instant;
use farthing_store::{Location, NewAccount, Options, Store, StoreError};
use farthing_testbed::ScratchDir;
use std::path::Path;
use std::process::{Command, Output};

const NOON: Instant = Instant::from_micros(1_800_000_000_000_000);

fn farthing(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_farthing")).args(arguments).output().expect("the binary runs")
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A customer that topped up 1,234.56 and used 0.00000001 of it.
fn ledger(location: &Location) {
    let store = Store::open(location, &Options::default()).expect("a fresh store");
    let written = store.write("ledger", |tx| {
        let usd = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
        let customer = tx.owner_ensure("cloud", "陶 & söhne", false)?;
        let books = tx.owner_ensure("cloud", "books", true)?;
        let open = |owner, code: Chart| NewAccount { owner, floor: code.floor(0), code, commodity: usd };
        let ids = tx.accounts_open(
            &[
                open(customer, Chart::Cash),
                open(books, Chart::Provider("card".into())),
                open(books, Chart::Revenue("node".into())),
            ],
            NOON,
        )?;
        let ask = |micros, debit: usize, credit: usize, amount| {
            Ask::Transfer(Transfer {
                id: TransferId::from_parts(Instant::from_micros(NOON.micros() + micros), 0, 0).expect("in range"),
                cause: None,
                kind: Kind::Plain,
                mode: Mode::Asks,
                effective: NOON,
                movement: Movement::Move { debit: ids[debit], credit: ids[credit], amount, commodity: usd },
            })
        };
        let outcomes = tx.ledger_run(&[ask(1, 1, 0, 123_456_000_000), ask(2, 0, 2, 1)], NOON)?;
        assert!(outcomes.iter().all(|outcome| outcome.code.stands()), "{outcomes:?}");
        Ok::<_, StoreError>(())
    });
    written.expect("the ledger is written");
    assert_eq!(Chart::Cash.floor(0), Floor::Zero);
}

#[test]
fn verify_says_so_when_all_is_well_and_names_the_row_when_not() {
    let directory = ScratchDir::new("commands");
    let file = directory.join("farthing.db");
    ledger(&Location::Sqlite(file.clone()));
    let path = file.to_str().expect("a path");
    let (code, said, complained) = told(&farthing(&["verify", "--store", path]));
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    let counted = format!("2 transfers, 3 accounts, 0 holds, 0 charges, 0 policy versions in sqlite:{path}.\n");
    assert_eq!(said, format!("Every unit is accounted for: {counted}"));

    let store = Store::open(&Location::Sqlite(file.clone()), &Options::default()).expect("it opens");
    store
        .write("tamper", |tx| tx.execute("UPDATE transfer SET amount = amount + 1 WHERE amount = 1", &[]))
        .expect("tampered");
    drop(store);
    let (code, said, _) = told(&farthing(&["verify", "--store", path]));
    assert_eq!(code, Some(1));
    assert!(said.starts_with(&format!("The ledger does not add up: {counted}")), "{said}");
    assert!(said.contains("First wrong row: transfer ") && said.contains("Nothing was changed"), "{said}");
}

#[test]
fn a_misspelt_store_is_told_and_not_made() {
    let directory = ScratchDir::new("commands");
    let file = directory.join("nowhere.db");
    let path = file.to_str().expect("a path");
    for arguments in [&["verify", "--store", path][..], &["export", "ledger", "--store", path]] {
        let (code, said, complained) = told(&farthing(arguments));
        assert_eq!((code, said.as_str()), (Some(1), ""), "{arguments:?}");
        assert_eq!(complained, format!("farthing: {path}: there is no such file; name an existing store\n"));
        assert!(!file.exists());
    }
    let (code, _, complained) = told(&farthing(&["export", "ledger", "--store", path, "--format", "excel"]));
    assert_eq!(code, Some(2));
    assert!(complained.contains("'excel' is no journal format: use hledger, ledger or beancount"), "{complained}");
}

#[test]
fn the_three_exports_are_accepted_and_refused_after_one_unit() {
    let directory = ScratchDir::new("commands");
    let database = farthing_testbed::postgres().database("commands");
    for location in [Location::Sqlite(directory.join("farthing.db")), Location::Postgres(database.url())] {
        ledger(&location);
        let store = match &location {
            Location::Sqlite(path) => path.display().to_string(),
            Location::Postgres(url) => url.clone(),
        };
        for format in ["hledger", "ledger", "beancount"] {
            let journal = directory.join(format!("books.{format}"));
            let output = journal.to_str().expect("a path");
            let exported = farthing(&["export", "ledger", "--store", &store, "--format", format, "--output", output]);
            let (code, said, complained) = told(&exported);
            assert_eq!((code, said.as_str()), (Some(0), ""), "{complained}");
            assert_eq!(complained, format!("2 transfers written to {output}.\n"));
            let (accepted, why) = check(format, &journal);
            assert!(accepted, "{format} refuses what is true: {why}");

            let text = std::fs::read_to_string(&journal).expect("the journal");
            assert!(text.contains("1234.56000000"), "{text}");
            std::fs::write(&journal, text.replacen("1234.56000000", "1234.56000001", 1)).expect("written");
            let (accepted, _) = check(format, &journal);
            assert!(!accepted, "{format} accepts a journal that is one unit off");

            let (_, whole, _) = told(&farthing(&["export", "ledger", "--store", &store, "--format", format]));
            assert_eq!(whole, text, "standard output and a file say the same");
        }
    }
}

/// Whether the real program accepts the journal, and what it says.
fn check(format: &str, journal: &Path) -> (bool, String) {
    let mut command = match format {
        "hledger" => {
            let mut command = Command::new("hledger");
            command.env("LC_ALL", "C.UTF-8").arg("-f").arg(journal).args([
                "check",
                "--strict",
                "ordereddates",
                "payees",
            ]);
            command
        }
        "ledger" => {
            let mut command = Command::new("ledger");
            command
                .args(["--args-only", "--strict", "--pedantic", "--explicit", "--check-payees", "-f"])
                .arg(journal)
                .arg("source");
            command
        }
        _ => {
            let mut command = Command::new("bean-check");
            command.arg("--no-cache").arg(journal);
            command
        }
    };
    let output = command.output().unwrap_or_else(|error| {
        panic!("{format} cannot be run ({error}): apt-get install hledger ledger beancount");
    });
    let (_, said, complained) = told(&output);
    (output.status.success(), said + &complained)
}

//! The pages in a browser: Debian's chromium, driven by `browser/drive.mjs`, against a demo of some weeks. What is looked for: that somebody finds
//! their way in both languages, that nothing sticks out of a page, and that axe finds nothing.
//!
//! A missing program is a failure that says what to install; `./test` does.

use farthing::clouds;
use farthing::demo::{Size, load};
use farthing::press::Press;
use farthing_console::{Console, Verdict, router};
use farthing_core::bank::{Nature, Row, Statement};
use farthing_core::money::{Currency, Money};
use farthing_core::time::{CivilDate, Instant};
use farthing_engine::{Engine, NewStatement, Providers};
use farthing_store::{Location, Options, Store};
use farthing_testbed::ScratchDir;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Long enough for a month to have closed.
const WEEKS: Size = Size { days: 40, customers: (11, 11) };

/// As the two clouds' policies have them.
const AICLOUD_BANK: &str = "021000021-4402893";
const BOHRIUM_BANK: &str = "110060149018800123456";

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// Where a program is that Debian brings.
fn program(name: &str, package: &str) -> String {
    let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().expect("a shell");
    let path = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    assert!(!path.is_empty(), "{name} is not installed: apt-get install {package}");
    path
}

/// What the script needs of npm, installed once for what `package-lock.json` says.
fn modules() -> PathBuf {
    let lock = std::fs::read(source().join("package-lock.json")).expect("package-lock.json");
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}", &blake3::hash(&lock).to_hex()[..12]));
    if !target.join("node_modules/.package-lock.json").exists() {
        program("npm", "npm");
        std::fs::create_dir_all(&target).expect("a folder");
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(source().join(name), target.join(name)).expect("a copy");
        }
        let installed = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&target)
            .output();
        let installed = installed.expect("npm");
        assert!(installed.status.success(), "npm ci: {}", String::from_utf8_lossy(&installed.stderr));
    }
    target
}

/// A transfer of somebody who left out what it is for, in the statement of a cloud's own account.
fn unknown_transfer(engine: &Engine, cloud: &str, account: &str, currency: &str) {
    let currency = Currency::parse(currency).unwrap();
    let row = Row {
        bank_reference: "R1".to_owned(),
        name: "Somebody Unknown".to_owned(),
        iban: "A-7".to_owned(),
        text: "with thanks".to_owned(),
        ..Row::bare(
            CivilDate::parse("2026-11-09").unwrap(),
            Money::parse_amount("35.00", currency).unwrap(),
            Nature::Transfer,
        )
    };
    let statement = Statement {
        id: "s1".to_owned(),
        account: account.to_owned(),
        currency,
        opening: None,
        closing: None,
        rows: vec![row],
    };
    let statements =
        NewStatement { name: "s1".to_owned(), digest: format!("s1 of {cloud}"), statements: vec![statement] };
    engine.take_statement(cloud, &statements).unwrap();
}

#[test]
fn customers_and_operators_find_their_way() {
    let (node, chromium) = (program("node", "nodejs"), program("chromium", "chromium"));
    let modules = modules();
    let folder = ScratchDir::new("browser");
    let options = Options { sqlite_sync_commits: false, ..Options::default() };
    let store = Store::open(&Location::Sqlite(folder.join("demo.db")), &options).unwrap();
    let clouds = clouds::embedded().unwrap();
    let end = Instant::parse("2026-11-10T15:30:00Z").unwrap();
    let engine = load(store, &clouds, WEEKS, end).unwrap().engine.with_providers(Providers::new().pretending());
    for (cloud, account, currency) in [("aicloud", AICLOUD_BANK, "USD"), ("bohrium", BOHRIUM_BANK, "CNY")] {
        unknown_transfer(&engine, cloud, account, currency);
    }
    let verdict = Verdict::of(&engine).unwrap();
    let console = Console::new(engine, clouds, verdict).with_printer(Arc::new(Press));
    let pages = router(console.with_reader(Arc::new(clouds::Folders)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, pages).await
    });
    let mut drive = Command::new(node);
    drive.arg(source().join("drive.mjs")).arg(base);
    drive.env("BROWSER_MODULES", &modules).env("CHROMIUM", chromium);
    drive.env("WORDS", Path::new(env!("CARGO_MANIFEST_DIR")).join("../farthing-console/src/words"));
    let told = drive.output().expect("node");
    let text = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    println!("{text}");
    // All that is wrong stands at its end; before that, hundreds of lines say what is not.
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.split_at(lines.len().saturating_sub(30)).1;
    assert!(told.status.success(), "{}", end.join("\n"));
    runtime.shutdown_background();
}

//! FOCUS exports: the `FinOps` Foundation's validator takes them, and their sums are those of the bills.

use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::{ApplyRequest, Files, Pay};
use farthing_core::time::Instant;
use farthing_core::usage::{Subject, UsageEvent};
use farthing_engine::{
    BillFacts, Clock, Engine, IdSource, NewAccount, NewPayIn, NewResource, PayBy, Reported, ResourceFact,
};
use farthing_store::{Options, Store};
use farthing_testbed::{Database, ScratchDir, python};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Taxes, bills by the month, and an invoice for each top-up.
const POLICY: &str = "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Dublin\"\n\n\
    [brand]\nlegal_name = \"One Ltd\"\ncountry = \"IE\"\naddress = \"1 Quay, Dublin\"\ntax_number = \"IE6433435F\"\n\n\
    [settle]\nevery = \"day\"\nlate_window = \"2d\"\n\n[bill]\non = [\"cycle\", \"top_up\"]\nnumber = \"B-{year}-{seq:4}\"\ndue = \"24h\"\n\n\
    [tax]\ntax_point = \"bill\"\nrates = \"eu\"\n";

const CATALOG: &str = r#"
[[meter]]
id = "calls"
unit = "call"

[[product]]
id = "server"
name = "Server"
kind = "running"
category = "Compute"
discount = "10"
[[product.sku]]
id = "std"
price = "0.333 / hour"

[[product]]
id = "api"
name = "API ¥€"
kind = "usage"
meter = "calls"
category = "Rockets"
price = "0.0123 / call"
"#;

/// What of the rules that the validator ships cannot hold: five name columns that FOCUS 1.0 has not. (It is `InvoiceIssuerName`,
/// `ProviderName`, `PublisherName`, `ResourceId` and `ChargeCategory`.)
const MISNAMED: [&str; 5] =
    ["InvoiceIssuer_Required", "Provider_Required", "Publisher_Required", "ResourceID_Required", "SkuPriceId_Nullable"];

struct Bed {
    store: String,
    folder: ScratchDir,
    _database: Option<Database>,
}

fn at(text: &str) -> Instant {
    Instant::parse(text).expect("a time")
}

impl Bed {
    fn sqlite() -> Bed {
        let folder = ScratchDir::new("focus");
        Bed { store: folder.join("farthing.db").display().to_string(), folder, _database: None }
    }

    fn postgres() -> Bed {
        let database = farthing_testbed::postgres().database("focus");
        Bed { store: database.url(), folder: ScratchDir::new("focus"), _database: Some(database) }
    }

    /// Two months: machines and calls on bills, with tax, late facts and a balance that pays ahead.
    fn live(&self) -> Engine {
        let options = Options { sqlite_log_mib: 1, ..Options::default() };
        let store = Store::open(&farthing_store::Location::parse(&self.store), &options).expect("the store opens");
        let engine = Engine::new(store, Clock::simulated(at("2025-01-10T08:00:00Z")), IdSource::seeded(1, 1));
        let files = Files::from([("cloud.toml".into(), POLICY.into()), ("catalog.toml".into(), CATALOG.into())]);
        let request = ApplyRequest { files, who: "anna".into(), why: "prices".into(), starts: None, corrects: None };
        engine.apply_policy("one", request).expect("it is applied");
        for (account, pay) in [("later", Pay::Postpaid), ("ahead", Pay::Prepaid)] {
            let country = Some("IE".to_owned());
            let new = NewAccount { name: account.to_owned(), pay: Some(pay), country, ..NewAccount::default() };
            engine.open_account("one", &new).expect("the account opens");
        }
        let paid = NewPayIn {
            account: "ahead".to_owned(),
            amount: Money::parse_amount("80.00", Currency::EUR).expect("an amount"),
            by: PayBy::Token("card:visa".to_owned()),
            keep: false,
            reference: None,
            back: String::new(),
        };
        engine.pay_in("one", &paid).expect("it is paid");
        engine.open_project("one", "site", "later").expect("the project opens");
        for (resource, place) in [("web", (Some("site"), None)), ("db", (None, Some("ahead")))] {
            let new = NewResource {
                project: place.0.map(str::to_owned),
                account: place.1.map(str::to_owned),
                product: Some("server".to_owned()),
                sku: Some("std".to_owned()),
                user: Some("li".to_owned()),
                properties: BTreeMap::from([("label.team".to_owned(), "蓝队".to_owned())]),
                ..NewResource::default()
            };
            told(&engine, resource, Reported::Start(new));
        }
        engine.advance(at("2025-01-15T09:30:17Z")).expect("time goes by");
        told(&engine, "web", Reported::Stop);
        used(&engine, "later", 1_237, "2025-01-15T09:00:00Z");
        engine.advance(at("2025-01-17T00:00:00Z")).expect("time goes by");
        told(&engine, "db", Reported::Stop);
        engine.advance(at("2025-02-10T00:00:00Z")).expect("time goes by");
        used(&engine, "later", 31, "2025-01-20T00:00:00Z"); // of the month that was billed
        used(&engine, "later", 77, "2025-02-09T00:00:00Z");
        engine.advance(at("2025-03-12T00:00:00Z")).expect("time goes by");
        used(&engine, "later", 5, "2025-03-11T00:00:00Z"); // waits for a bill
        engine.advance(at("2025-03-16T00:00:00Z")).expect("time goes by");
        let findings = engine.store().read("audit", |tx| tx.audit()).expect("the audit").findings;
        assert_eq!(findings, []);
        engine
    }

    /// What the binary writes into a file.
    fn export(&self, what: &[&str], name: &str) -> PathBuf {
        let path = self.folder.join(name);
        let output = Command::new(env!("CARGO_BIN_EXE_farthing"))
            .arg("export")
            .args(what)
            .args(["--store", &self.store, "--out"])
            .arg(&path)
            .env_remove("FARTHING_CLOUD")
            .output()
            .expect("the binary runs");
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && complained.contains("rows written"), "{what:?}: {complained}");
        path
    }

    fn rows(&self, what: &[&str]) -> Vec<Value> {
        let path = self.export(&[what, &["--format", "json"]].concat(), "rows.jsonl");
        let text = std::fs::read_to_string(path).expect("the file");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn told(engine: &Engine, resource: &str, what: Reported) {
    let fact = ResourceFact { resource: resource.to_owned(), at: None, id: None, what };
    engine.record_fact("one", &fact).expect("told");
}

fn used(engine: &Engine, account: &str, calls: i64, time: &str) {
    let event = UsageEvent {
        source: "test".to_owned(),
        id: time.to_owned(),
        at: Some(at(time)),
        subject: Subject::Account { name: account.to_owned(), project: None, user: None },
        product: None,
        quantities: vec![("calls".to_owned(), Quantity::from_whole(calls).expect("a number"))],
        properties: BTreeMap::new(),
    };
    engine.record_usage("one", vec![event]).expect("taken");
}

/// Which checks a file does not pass.
fn failing(path: &Path) -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/focus");
    let python = python(&here.join("requirements.txt"));
    let output = Command::new(python).arg(here.join("check.py")).arg(path).output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().last().is_some_and(|line| line.starts_with("passed 128 rows ")), "{said}");
    let failed = said.lines().filter_map(|line| line.strip_prefix("failed ").or_else(|| line.strip_prefix("errored ")));
    failed.map(|line| line.trim().to_owned()).collect()
}

/// Of a whole cloud and of one account, as CSV and as Parquet.
#[test]
fn the_validator_takes_what_is_exported() {
    let bed = Bed::sqlite();
    drop(bed.live());
    for (what, name) in [
        (vec!["focus", "--cloud", "one"], "all.csv"),
        (vec!["focus", "--cloud", "one", "--format", "parquet"], "all.parquet"),
        (vec!["focus", "--account", "later"], "later.csv"),
        (vec!["focus", "--account", "later", "--format", "parquet"], "later.parquet"),
        (vec!["focus", "--account", "ahead"], "ahead.csv"),
    ] {
        assert_eq!(failing(&bed.export(&what, name)), MISNAMED, "{name}");
    }
}

fn units(row: &Value, column: &str) -> i64 {
    let text = row[column].as_str().unwrap_or("0");
    Money::parse_amount(text, Currency::EUR).expect("an amount").units()
}

fn sums_are_those_of_the_bills(bed: &Bed) {
    let engine = bed.live();
    let documents = engine.bills("one", None, None, None, None, 100).expect("the documents");
    drop(engine);
    let rows = bed.rows(&["focus"]);
    let of = |bill: &BillFacts, column: &str| -> i64 {
        rows.iter().filter(|row| row["x_DocumentId"] == bill.id.as_str()).map(|row| units(row, column)).sum()
    };
    let asked: Vec<&BillFacts> = documents.iter().filter(|bill| bill.kind == "bill").collect();
    assert!(asked.len() >= 3 && asked.iter().any(|bill| bill.tax != 0), "{asked:?}");
    for bill in &documents {
        let expected = match bill.kind.as_str() {
            "bill" => bill.total - bill.brought_forward,
            "credit_note" => -bill.total,
            _ => 0,
        };
        assert_eq!(of(bill, "BilledCost"), expected, "{} {}", bill.kind, bill.number);
        if bill.kind == "statement" {
            assert_eq!(of(bill, "ContractedCost"), bill.total, "{}", bill.number);
        }
    }
    // What is exported as charges is what is exported as use.
    let charges = bed.rows(&["charges"]);
    let use_of = |column: &str| -> i64 {
        rows.iter().filter(|row| row["ChargeCategory"] == "Usage").map(|row| units(row, column)).sum()
    };
    let all = |column: &str| -> i64 { charges.iter().map(|row| units(row, column)).sum() };
    assert_eq!((use_of("ListCost"), use_of("ContractedCost")), (all("list"), all("net")));
    assert!(all("discount") > 0);
    let bills = bed.rows(&["bills"]);
    let totals: i64 = bills.iter().map(|row| units(row, "total")).sum();
    assert_eq!(totals, documents.iter().map(|bill| bill.total).sum::<i64>());
    assert_eq!(bed.rows(&["lines"]).len(), documents.iter().map(|bill| bill.lines.len()).sum::<usize>());
}

#[test]
fn sums_are_those_of_the_bills_on_sqlite() {
    sums_are_those_of_the_bills(&Bed::sqlite());
}

#[test]
fn sums_are_those_of_the_bills_on_postgres() {
    sums_are_those_of_the_bills(&Bed::postgres());
}

/// A bill leads to its charges, and a charge says why it is what it is, at the command line.
#[test]
fn why_this_amount() {
    let bed = Bed::sqlite();
    drop(bed.live());
    let said = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_farthing"))
            .args(arguments)
            .args(["--store", &bed.store])
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let why = said(&["charges", "later", "--why", "1"]);
    for part in [
        "Charge 1 of later: 4.7952 EUR for server of web",
        "on bill B-2025-",
        "0.333 / hour",
        "2025-01-10T08:00:00Z  start",
        "57600",
        "4.7952 EUR by a bill",
    ] {
        assert!(why.contains(part), "{part:?} is not in {why}");
    }
    assert!(said(&["charges", "later"]).contains("number"));
    // CSV for people begins with its mark, and comes whole or not at all.
    let csv = std::fs::read_to_string(bed.export(&["charges", "--account", "later"], "later.csv")).expect("the file");
    assert!(csv.starts_with("\u{feff}account,project,user,bill,") && csv.contains("蓝队"), "{csv}");
    assert!(!bed.folder.join("later.csv.part").exists());
    let parquet = std::fs::read(bed.export(&["charges", "--format", "parquet"], "all.parquet")).expect("the file");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

/// A job that waits for a server, at the command line.
#[test]
fn jobs_at_the_command_line() {
    let bed = Bed::sqlite();
    drop(bed.live());
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_farthing"))
            .args(arguments)
            .args(["--store", &bed.store])
            .output()
            .expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let ask = ["exports", "ask", "charges", "--account", "later", "--user", "li", "--format", "parquet", "--json"];
    let (good, said, complained) = run(&ask);
    assert!(good, "{complained}");
    let asked: Value = serde_json::from_str(&said).expect("JSON");
    let id = asked["id"].as_str().expect("an id");
    assert_eq!((&asked["state"], &asked["format"]), (&"waiting".into(), &"parquet".into()));
    let listed = run(&["exports", "list"]).1;
    assert!(listed.contains(id) && listed.contains("charges parquet") && listed.contains("later"), "{listed}");
    assert!(run(&["exports", "show", id]).1.contains("charges of later as parquet: waiting"));
    let (good, _, complained) = run(&["exports", "link", id]);
    assert!(!good && complained.contains("has no file to fetch"), "{complained}");
    let (good, _, complained) = run(&["exports", "ask", "focus", "--mail"]);
    assert!(!good && complained.contains("nobody to write to"), "{complained}");
    let (good, _, complained) = run(&["export", "charges", "--format", "xls"]);
    assert!(!good && complained.contains("csv, json or parquet"), "{complained}");
}

//! A day at the cloud's bank: the real binary's commands on files as banks write them, and what the pages show of it.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use farthing::clouds::Cloud;
use farthing_console::{self as console, Console, Verdict};
use farthing_core::bank::{Nature, Row, Statement};
use farthing_core::config::{Colour, Source};
use farthing_core::money::{Currency, Money};
use farthing_core::profile::Profile;
use farthing_core::time::CivilDate;
use farthing_engine::{Clock, Engine, IdSource};
use farthing_store::{Location, Options, Store};
use farthing_testbed::ScratchDir;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Output};
use tower::ServiceExt as _;

const OURS: &str = "DE89370400440532013000";
const THEIRS: &str = "DE02120300000000202051";

const POLICY: &str = r#"[cloud]
id = "ours"
name = "Ours"
currency = "EUR"
time_zone = "Europe/Berlin"
languages = ["en"]

[brand]
legal_name = "Ours GmbH"

[settle]
every = "1h"

[top_up]
channels = ["card", "bank_transfer"]
bank_transfer_above = "500.00"

[bank]
account = "DE89370400440532013000"
bic = "COBADEFFXXX"

[bank.csv]
date = "Buchungstag"
amount = "Betrag"
name = "Beguenstigter"
text = ["Verwendungszweck"]
"#;

const CATALOG: &str = "[[product]]\nid = \"vm\"\nname = \"Machine\"\nkind = \"running\"\n\
    [[product.sku]]\nid = \"small\"\nprice = \"0.10 / hour\"\n";

struct Desk {
    folder: ScratchDir,
    store: String,
}

impl Desk {
    fn new() -> Desk {
        let folder = ScratchDir::new("banking");
        let store = folder.join("farthing.db").display().to_string();
        let desk = Desk { folder, store };
        let cloud = desk.folder.join("ours");
        std::fs::create_dir_all(&cloud).unwrap();
        std::fs::write(cloud.join("cloud.toml"), POLICY).unwrap();
        std::fs::write(cloud.join("catalog.toml"), CATALOG).unwrap();
        desk.good(&["apply", cloud.to_str().unwrap(), "--why", "test", "--who", "test"]);
        desk
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let binary = env!("CARGO_BIN_EXE_farthing");
        Command::new(binary).args(arguments).args(["--store", &self.store]).output().expect("the binary runs")
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.good(&[arguments, &["--json"]].concat())).expect("JSON")
    }

    /// A file in the desk's folder: its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn page(&self, address: &str) -> String {
        let store = Store::open(&Location::parse(&self.store), &Options::existing()).unwrap();
        let newest = store.read("newest", |tx| tx.newest_record()).unwrap();
        let engine = Engine::new(store, Clock::real(newest).unwrap(), IdSource::random(IdSource::any_process()));
        let verdict = Verdict::of(&engine).unwrap();
        let router = console::router(Console::new(engine, vec![cloud()], verdict));
        let request = Request::builder().uri(address).header("host", "127.0.0.1").body(Body::empty()).unwrap();
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let response = router.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200, "{address}");
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        })
    }
}

fn cloud() -> Cloud {
    let (policy, catalog) = (Source::new("cloud.toml", POLICY), Source::new("catalog.toml", CATALOG));
    let profile = Profile::read(&policy, Some(&catalog)).profile.unwrap();
    Cloud {
        id: "ours".to_owned(),
        name: "Ours".to_owned(),
        currency: Currency::EUR,
        time_zone: profile.policy.cloud.time_zone.clone(),
        languages: profile.policy.cloud.languages.clone(),
        legal_name: "Ours GmbH".to_owned(),
        accent: Colour([0x9a, 0x4a, 0x1c]),
        files: BTreeMap::new(),
        profile: profile.into(),
    }
}

fn row(reference: &str, amount: &str, name: &str, text: &str) -> Row {
    Row {
        bank_reference: reference.to_owned(),
        name: name.to_owned(),
        iban: THEIRS.to_owned(),
        text: text.to_owned(),
        ..Row::bare(
            CivilDate::parse("2026-11-20").unwrap(),
            Money::parse_amount(amount, Currency::EUR).unwrap(),
            Nature::Transfer,
        )
    }
}

fn camt053(rows: Vec<Row>) -> String {
    let (id, account) = ("2026-11-20".to_owned(), OURS.to_owned());
    farthing_bank::camt053(&[Statement { id, account, currency: Currency::EUR, opening: None, closing: None, rows }])
}

#[test]
fn a_day_at_the_bank() {
    let desk = Desk::new();
    desk.good(&["accounts", "open", "acme"]);
    desk.good(&["accounts", "open", "brightsea"]);
    let details = desk.json(&["bank", "details", "acme"]);
    let code = details["reference"].as_str().unwrap().to_owned();
    let shown = desk.good(&["bank", "details", "acme", "--amount", "250.00"]);
    assert!(shown.contains("DE89 3704 0044 0532 0130 00") && shown.contains(&code), "{shown}");
    assert!(shown.contains("Above 500.00 EUR only a transfer is taken."), "{shown}");

    let rows = vec![row("A1", "250.00", "Acme Ltd", &code), row("A2", "40.00", "A Stranger", "for services")];
    let statement = desk.file("20.xml", &camt053(rows.clone()));
    let told = desk.good(&["bank", "import", &statement]);
    assert_eq!(
        told,
        "20.xml: 2 movements, 2 new, 290.00 EUR together.\nOne movement waits for you: farthing bank movements --waiting\n"
    );
    let told = desk.good(&["bank", "import", &statement]);
    assert!(told.starts_with("20.xml was taken before, as bf_") && told.contains("nothing has changed"), "{told}");

    // What waits is on the page, and what the books do not agree about on another; the customer's says where to transfer to.
    let page = desk.page("/clouds/ours/queues");
    for said in
        ["1 thing waits for a person.", "A Stranger", "sent from a bank account that paid for this account once"]
    {
        assert!(page.contains(said), "{said} in {page}");
    }
    let page = desk.page("/clouds/ours/money");
    for said in ["Unmatched bank money", "came in, and is nobody’s yet", "0 days"] {
        assert!(page.contains(said), "{said} in {page}");
    }
    let page = desk.page("/c/ours/acme/balance/top-up?amount=250.00&by=transfer");
    assert!(page.contains(&code) && page.contains("DE89 3704 0044 0532 0130 00"), "{page}");
    assert!(page.contains("<svg class=\"qr\"") && !page.contains("style=\"") && !page.contains("<script"), "{page}");

    let waiting = desk.json(&["bank", "movements", "--waiting"]);
    let id = waiting["movements"][0]["id"].as_str().unwrap().to_owned();
    assert!(desk.refused(&["bank", "decide", &id]).contains("--account"), "something has to become of it");
    assert!(desk.refused(&["bank", "decide", &id, "--account", "nobody"]).contains("nobody"));
    let told = desk.good(&["bank", "decide", &id, "--send-back", "--note", "we know nobody of that name"]);
    assert!(told.starts_with("40.00 EUR go back to A Stranger."), "{told}");
    assert!(desk.good(&["bank", "reconcile"]).starts_with("1 order, 40.00 EUR, for the next file"));
    assert!(desk.page("/clouds/ours/queues").contains("1 order, €40.00 together, for the next file to the bank."));

    let made = desk.json(&["bank", "files", "make"]);
    let file = made["files"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.good(&["bank", "files", "make"]), "Nothing waits for the bank.\n");
    let folder = desk.folder.join("out");
    std::fs::create_dir_all(&folder).unwrap();
    let out = folder.to_str().unwrap();
    desk.good(&["bank", "files", "get", &file, "--out", out]);
    let xml = desk.good(&["bank", "files", "get", &file]);
    let written = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_to_string(written).unwrap(), xml);
    assert!(
        desk.refused(&["bank", "files", "get", &file, "--out", out]).contains("cannot be written"),
        "never over another"
    );
    let list = desk.good(&["bank", "files", "list"]);
    assert!(list.contains("statement") && list.contains("transfers"), "{list}");

    // The bank does not do it: the money waits again.
    let (_, message) = xml.split_once("<MsgId>").unwrap();
    let pain002 = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>{}</OrgnlMsgId>\
        <GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>",
        message.split("</").next().unwrap()
    );
    let refusals = desk.file("refusals.xml", &pain002);
    assert_eq!(desk.good(&["bank", "refusals", &refusals]), "refusals.xml: one order of 40.00 EUR was refused.\n");
    let told = desk.good(&["bank", "decide", &id, "--account", "brightsea"]);
    assert_eq!(told, "40.00 EUR are brightsea's: a person said so.\n");
    assert_eq!(desk.json(&["bank", "movements", "--waiting"])["movements"], serde_json::json!([]));
    assert!(desk.good(&["bank", "movements", "--account", "brightsea"]).contains("matched"));
    desk.good(&["verify", "--deep"]);
}

#[test]
fn a_bad_file_is_told_at_its_line_and_nothing_of_any_is_taken() {
    let desk = Desk::new();
    desk.good(&["accounts", "open", "acme"]);
    let code = desk.json(&["bank", "details", "acme"])["reference"].as_str().unwrap().to_owned();
    let good = desk.file("good.xml", &camt053(vec![row("A1", "250.00", "Acme Ltd", &code)]));
    let bad = desk.file(
        "bad.csv",
        &format!("Buchungstag;Beguenstigter;Verwendungszweck;Betrag\n20.11.2026;Acme;{code};25,00\n20.11.2026;Acme;{code};2x,00\n"),
    );
    let told = desk.refused(&["bank", "import", &good, &bad]);
    assert!(told.contains("bad.csv:3:") && told.ends_with("Nothing was taken.\n"), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let (shown, caret) = (
        lines.iter().find(|line| line.starts_with("3 |")).unwrap(),
        lines.iter().find(|line| line.ends_with('^')).unwrap(),
    );
    assert_eq!(shown.find("2x,00"), caret.find('^'), "{told}");
    assert_eq!(desk.json(&["bank", "movements"])["movements"], serde_json::json!([]));
    let told = desk.refused(&["bank", "refusals", &good]);
    assert!(told.contains("not a pain.002") && told.contains("good.xml:2:1"), "{told}");
}

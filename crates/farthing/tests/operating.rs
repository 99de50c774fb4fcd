//! A day at the command line, on either store: accounts, money, charges, the audit log, imports, the doctor, backups.

use farthing_core::money::{Currency, Money};
use farthing_core::policy::{ApplyRequest, Files};
use farthing_core::time::Instant;
use farthing_engine::{
    Clock, Engine, IdSource, NewAccount, NewPayIn, NewRefund, NewResource, PayBy, Reported, ResourceFact,
};
use farthing_store::{Location, Options, Store};
use farthing_testbed::{Database, ScratchDir, both};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

const POLICY: &str = "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n\n\
                      [brand]\nlegal_name = \"One\"\n\n[settle]\nevery = \"1h\"\n";
const CATALOG: &str = "[[product]]\nid = \"server\"\nname = \"Server\"\nkind = \"running\"\n\
                       [[product.sku]]\nid = \"std\"\nprice = \"1.00 / hour\"\n";

/// Each engine of this process gives ids of its own.
fn next_process() -> u8 {
    static PROCESS: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
    PROCESS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 64
}

/// A store with one cloud, and a folder for files.
struct Bed {
    location: Location,
    store: String,
    directory: ScratchDir,
    _database: Option<Database>,
}

impl Bed {
    fn sqlite() -> Bed {
        let directory = ScratchDir::new("operating");
        let path = directory.join("farthing.db");
        let store = path.display().to_string();
        Bed { location: Location::Sqlite(path), store, directory, _database: None }.with_cloud()
    }

    fn postgres() -> Bed {
        let database = farthing_testbed::postgres().database("operating");
        let store = database.url();
        let location = Location::Postgres(store.clone());
        Bed { location, store, directory: ScratchDir::new("operating"), _database: Some(database) }.with_cloud()
    }

    fn with_cloud(self) -> Bed {
        let engine = self.engine("2025-04-01T10:00:00Z");
        let files = Files::from([("cloud.toml".into(), POLICY.into()), ("catalog.toml".into(), CATALOG.into())]);
        let request = ApplyRequest { files, who: "anna".into(), why: "prices".into(), starts: None, corrects: None };
        engine.apply_policy("one", request).expect("it is applied");
        self
    }

    /// In this process, with a clock of long ago.
    fn engine(&self, at: &str) -> Engine {
        let options = Options { sqlite_log_mib: 1, ..Options::default() };
        let store = Store::open(&self.location, &options).expect("the store opens");
        Engine::new(store, Clock::simulated(Instant::parse(at).expect("a time")), IdSource::seeded(next_process(), 0))
    }

    /// What the binary says: its code, what it prints with times made alike, what it complains.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        told(&self.command(arguments).output().expect("the binary runs"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farthing"));
        command
            .args(arguments)
            .env("FARTHING_STORE", &self.store)
            .env("FARTHING_WHO", "anna")
            .env_remove("FARTHING_CLOUD");
        command
    }

    /// What it prints where it succeeds.
    fn said(&self, arguments: &[&str]) -> String {
        let (code, said, complained) = self.run(arguments);
        assert_eq!((code, complained.as_str()), (Some(0), ""), "{arguments:?}: {said}");
        said
    }

    /// What it complains where it fails.
    fn refused(&self, arguments: &[&str]) -> String {
        let (code, said, complained) = self.run(arguments);
        assert_eq!((code, said.as_str()), (Some(1), ""), "{arguments:?}: {complained}");
        complained
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").output().expect("the binary runs");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {:?}", told(&output)))
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| masked(&String::from_utf8_lossy(bytes));
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Times of today and ids of transfers, as long as they were: `2026-11-21T10:07:34Z` is `9999-99-99T99:99:99Z`.
fn masked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let shape = b"9999-99-99T99:99:99";
    let is_time = |part: &[u8]| {
        part.iter().zip(shape).all(|(byte, kind)| if *kind == b'9' { byte.is_ascii_digit() } else { byte == kind })
    };
    for at in 0..bytes.len().saturating_sub(shape.len()) {
        // What the tests themselves say is of 2025.
        if is_time(&bytes[at..at + shape.len()]) && !bytes[at..].starts_with(b"2025") {
            bytes[at..at + shape.len()].copy_from_slice(shape);
        }
    }
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 15 {
            bytes[at..at + digits].fill(b'9');
        }
        at += digits.max(1);
    }
    String::from_utf8(bytes).expect("it was text")
}

both! {
    fn accounts_and_money(bed: &Bed) {
        assert_eq!(bed.said(&["accounts", "list"]), "one has no such accounts. `farthing accounts open` opens one.\n");
        let acme = ["accounts", "open", "acme", "--zone", "Europe/Rome", "--name", "陶", "--email", "tao@acme.example"];
        assert_eq!(bed.said(&acme), "acme is open: its days are those of Europe/Rome.\n");
        let again = "acme is there already, with these facts, since 9999-99-99T99:99:99Z: nothing happened.\n";
        assert_eq!(bed.said(&["accounts", "open", "acme", "--zone", "Europe/Rome"]), again);
        assert_eq!(
            bed.refused(&["accounts", "open", "acme", "--zone", "UTC"]),
            "farthing: account \"acme\" is there already, with other facts\n"
        );
        bed.said(&["accounts", "open", "beta", "--country", "IT", "--pay", "postpaid"]);

        let paid = ["topup", "acme", "1,234.50", "--reference", "wire 7"];
        assert_eq!(
            bed.said(&paid),
            "1234.50 USD booked, transfer 999999999999999999. acme has 1234.50 USD available.\n"
        );
        assert_eq!(
            bed.said(&paid),
            "wire 7 was booked before, on 9999-99-99T99:99:99Z, as transfer 999999999999999999: nothing happened. acme has 1234.50 USD available.\n"
        );
        let other = bed.refused(&["topup", "acme", "5", "--reference", "wire 7"]);
        assert_eq!(other, "farthing: top-up \"wire 7\" was of another amount, or to another account\n");
        assert_eq!(
            bed.refused(&["topup", "acme", "5 EUR", "--reference", "wire 8"]),
            "farthing: one's accounts are in USD: give the amount in it\n"
        );
        let gift = ["grant", "acme", "0.005", "--name", "welcome", "--product", "server", "--reason", "the disk was slow"];
        assert_eq!(bed.said(&gift), "acme has 0.005 USD of credit welcome, and 1234.505 USD available.\n");

        assert_eq!(
            bed.said(&["accounts", "list"]),
            "account     balance USD  accrued  held  available   due  runs out  state\n\
             acme           1234.505     0.00  0.00   1234.505  0.00            open\n\
             beta              0.00      0.00  0.00      0.00   0.00            open\n\
             \u{20}           ───────────  ───────  ────  ─────────  ────\n\
             2 accounts     1234.505     0.00  0.00   1234.505  0.00\n"
        );
        assert_eq!(bed.said(&["accounts", "list", "--containing", "bet"]).lines().count(), 4);
        assert_eq!(
            bed.said(&["accounts", "show", "acme"]),
            "acme has 1234.505 USD available. Nothing that runs uses it up.\n\n\
             \u{20}                    USD\n\
             balance         1234.505\n\
             \u{20} of it credit     0.005\n\
             accrued            0.00\n\
             held               0.00\n\
             available       1234.505\n\
             due                0.00\n\
             an hour costs      0.00\n\n\
             credit    left     of  for     until          why\n\
             welcome  0.005  0.005  server  it is used up  the disk was slow\n\n\
             Opened 9999-99-99T99:99:99Z; its days are those of Europe/Rome.\n\
             acme is written to at 陶, tao@acme.example.\n"
        );

        let changed = bed.said(&["accounts", "contact", "acme", "--language", "zh"]);
        assert_eq!(changed, "acme is written to at 陶, tao@acme.example, zh.\n");
        let (code, said, _) = bed.run(&["accounts", "erase", "acme"]);
        assert_eq!(code, Some(1));
        assert!(said.ends_with("Nothing was erased: say --yes to do it.\n"), "{said}");
        assert_eq!(bed.said(&["accounts", "erase", "acme", "--yes"]), "acme has nobody to write to.\n");
        assert!(bed.refused(&["accounts", "show", "nobody"]).contains("there is no account \"nobody\""));
        assert!(bed.refused(&["accounts", "list", "--cloud", "two"]).contains("no cloud \"two\": it has one"));

        let json = bed.json(&["accounts", "show", "acme"]);
        assert_eq!((&json["money"]["available"], &json["credits"][0]["left"]), (&"1234.505".into(), &"0.005".into()));
        assert_eq!(json["contact"], Value::Null);

        assert_eq!(
            bed.said(&["audit", "--limit", "4"]),
            "   when                  who       from          what                     of            now\n\
             3  9999-99-99T99:99:99Z  cli:anna  this machine  money.topped_up          account acme  amount 1234.50, reference wire 7\n\
             4  9999-99-99T99:99:99Z  cli:anna  this machine  credit.granted           account acme  amount 0.005, grant welcome, reason the disk was slow\n\
             5  9999-99-99T99:99:99Z  cli:anna  this machine  account.contact_changed  account acme\n\
             6  9999-99-99T99:99:99Z  cli:anna  this machine  account.contact_erased   account acme\n\n\
             Older entries: --before 3 shows them.\n"
        );
        assert_eq!(bed.json(&["audit"])["entries"].as_array().map(Vec::len), Some(6));
        assert!(bed.said(&["verify"]).starts_with("Every unit is accounted for: 2 transfers"));
    }
}

both! {
    fn payments_and_money_back(bed: &Bed) {
        let policy = format!(
            "{POLICY}\n[top_up]\nmax = \"1000.00\"\n\n[risk]\nhold_for_review_above = \"500.00\"\n\n\
             [refund]\nunconsumed_cash = true\n"
        );
        // Where time is simulated, so is money.
        let engine = bed.engine("2025-04-02T10:00:00Z");
        let files = Files::from([("cloud.toml".into(), policy), ("catalog.toml".into(), CATALOG.into())]);
        let request = ApplyRequest { files, who: "anna".into(), why: "risk".into(), starts: None, corrects: None };
        engine.apply_policy("one", request).expect("it is applied");
        let account = NewAccount { name: "acme".into(), ..NewAccount::default() };
        engine.open_account("one", &account).expect("it is opened");
        let usd = Currency::parse("USD").expect("a currency");
        let pay = |amount: &str| {
            let wanted = NewPayIn {
                account: "acme".into(),
                amount: Money::parse_amount(amount, usd).expect("an amount"),
                by: PayBy::Token("card:visa".into()),
                keep: true,
                reference: None,
                back: String::new(),
            };
            engine.pay_in("one", &wanted).expect("it is begun")
        };
        let (paid, one, other) = (pay("100.00"), pay("600.00"), pay("700.00"));
        assert_eq!((paid.state.as_str(), one.state.as_str()), ("succeeded", "review"));
        drop(engine);

        let list = bed.said(&["payments", "list"]);
        let has = |text: &str| list.lines().any(|line| line.starts_with("2025-04-02T10:00:00Z  acme     card  ") && line.contains(text));
        assert_eq!(list.lines().count(), 4, "{list}");
        assert!(has("    100.00  0.00  succeeded   "), "{list}");
        assert!(has("    600.00  0.00  review     600.00 where a person looks at more than 500.00"), "{list}");
        assert_eq!(bed.json(&["payments", "list", "--state", "review"])["payments"].as_array().map(Vec::len), Some(2));

        let approved = bed.said(&["payments", "approve", &one.id, "--note", "known"]);
        assert_eq!(approved.trim_end(), format!("{} is approved: 600.00 USD of acme, now succeeded.", one.id));
        let refused = bed.said(&["payments", "refuse", &other.id, "--note", "odd"]);
        assert_eq!(refused, format!("{} is refused: 700.00 USD of acme. Nothing is asked of sandbox.\n", other.id));
        assert!(bed.refused(&["payments", "approve", &other.id]).contains("waits for nobody: it is refused"));
        assert!(bed.refused(&["payments", "show", "pay_x"]).contains("is no payment's id"));
        let shown = bed.said(&["payments", "show", &one.id]);
        assert!(shown.contains("state         succeeded\n") && shown.contains("approved: known"), "{shown}");

        // The cloud's bounds are of what customers pay in by themselves.
        assert!(bed.refused(&["topup", "acme", "5000", "--reference", "wire 1"]).contains("the most in one top-up"));
        assert!(bed.said(&["topup", "acme", "5000", "--reference", "wire 1", "--contract"]).contains("acme has 5700.00 USD available"));

        // A clock of today: that of a command may not be behind what was recorded.
        let store = Store::open(&bed.location, &Options { sqlite_log_mib: 1, ..Options::default() }).expect("the store opens");
        let engine = Engine::new(store, Clock::real(None).expect("a clock"), IdSource::seeded(next_process(), 0));
        let new = |amount: &str| NewRefund {
            account: "acme".into(),
            amount: Money::parse_amount(amount, usd).ok(),
            reason: "moves".into(),
            reference: None,
            by_operator: false,
        };
        let (give, keep) = (engine.refund("one", &new("30.00")), engine.refund("one", &new("40.00")));
        let (give, keep) = (give.expect("it is asked for").id, keep.expect("it is asked for").id);
        drop(engine);
        assert_eq!(bed.json(&["refunds", "list", "--state", "asked"])["refunds"].as_array().map(Vec::len), Some(2));
        let list = bed.said(&["refunds", "list"]);
        assert!(list.contains("30.00  asked  moves"), "{list}");
        let sent = bed.said(&["refunds", "approve", &give]);
        assert_eq!(sent, format!("{give} is approved: 30.00 USD of acme, now sent.\n"));
        let kept = bed.said(&["refunds", "refuse", &keep, "--note", "used"]);
        assert_eq!(kept, format!("{keep} is refused: 40.00 USD stay with acme.\n"));
        // A token is used once: it is not what it pays with.
        assert_eq!(bed.said(&["methods", "acme"]), "acme has nothing that it pays with.\n");
    }
}

/// A cloud that bills, and an account that used so many hours of a server at 1.00; its bill is issued.
fn used(bed: &Bed, more: &str, hours: &str) -> Engine {
    let engine = bed.engine("2025-04-02T10:00:00Z");
    let policy = POLICY.replace("every = \"1h\"\n", &format!("every = \"1h\"\n{more}"));
    let files = Files::from([("cloud.toml".into(), policy), ("catalog.toml".into(), CATALOG.into())]);
    let request = ApplyRequest { files, who: "anna".into(), why: "bills".into(), starts: None, corrects: None };
    engine.apply_policy("one", request).expect("it is applied");
    let account = NewAccount { name: "acme".into(), ..NewAccount::default() };
    engine.open_account("one", &account).expect("it is opened");
    let usd = Currency::parse("USD").expect("a currency");
    engine.top_up("one", "acme", Money::parse_amount("5.00", usd).expect("an amount"), None).expect("booked");
    let (product, sku) = (Some("server".to_owned()), Some("std".to_owned()));
    let start = NewResource { account: Some("acme".to_owned()), product, sku, ..NewResource::default() };
    let told = |what| ResourceFact { resource: "web".to_owned(), at: None, id: None, what };
    engine.record_fact("one", &told(Reported::Start(start))).expect("it starts");
    engine.advance(Instant::parse(hours).expect("a time")).expect("time goes by");
    engine.record_fact("one", &told(Reported::Stop)).expect("it stops");
    engine.run_due().expect("what is due happens");
    engine
}

both! {
    fn what_becomes_of_bills(bed: &Bed) {
        let bills = "pay = \"postpaid\"\n\n[bill]\non = [\"cycle\"]\nnumber = \"B-{year}-{seq:4}\"\ndue = \"30d\"\ndispute_window = \"10000d\"\n";
        let engine = used(bed, bills, "2025-04-03T10:00:00Z");
        engine.bill_now("one", "acme").expect("it is billed");
        drop(engine);

        // 24 hours, of which 5.00 were on the balance.
        let list = bed.said(&["bills", "list"]);
        assert!(list.contains("B-2025-0001  acme"), "{list}");
        assert_eq!(bed.said(&["disputes", "list"]), "There are no such disputes.\n");
        let said = bed.said(&["bills", "dispute", "B-2025-0001", "--amount", "4.00", "--reason", "it was off"]);
        assert!(said.starts_with("acme disputes 4.00 USD of B-2025-0001: disp_"), "{said}");
        assert!(said.ends_with(" waits to be decided.\n"), "{said}");
        let open = bed.json(&["disputes", "list", "--state", "open", "--bill", "B-2025-0001"]);
        let id = open["disputes"][0]["id"].as_str().expect("an id").to_owned();
        let table = bed.said(&["disputes", "list", "--account", "acme"]);
        assert!(table.contains("acme     B-2025-0001  4.00 USD  open   it was off  disp_"), "{table}");
        let said = bed.said(&["disputes", "grant", &id, "--amount", "3.00", "--note", "an hour was not"]);
        assert_eq!(said, "Bill B-2025-0001 of acme is credited by 3.00 USD.\n");
        assert!(bed.refused(&["disputes", "refuse", &id]).contains("granted"));
        assert!(bed.refused(&["disputes", "refuse", "disp_x"]).contains("there is no dispute \"disp_x\""));
        let again = bed.json(&["bills", "dispute", "B-2025-0001", "--reason", "all of it"]);
        let said = bed.said(&["disputes", "refuse", again["id"].as_str().expect("an id")]);
        assert_eq!(said, "Refused: bill B-2025-0001 asks acme for 16.00 USD again.\n");

        let said = bed.said(&["bills", "credit", "B-2025-0001", "--amount", "1.00", "--reason", "a slow disk"]);
        assert_eq!(said, "B-2025-0001 is credited by 4.00 USD in all: 15.00 USD of its 24.00 USD are due.\n");
        assert!(bed.refused(&["bills", "credit", "B-2025-0001", "--amount", "99", "--reason", "no"]).contains("left"));
        assert!(bed.refused(&["bills", "credit", "B-1999-0001", "--reason", "no"]).contains("B-1999-0001"));
        assert!(bed.refused(&["bills", "reissue", "B-2025-0001", "--reason", "moved"]).contains("paid"));
        let said = bed.said(&["bills", "write-off", "B-2025-0001", "--reason", "they are gone"]);
        assert_eq!(said, "B-2025-0001 is given up: the 15.00 USD that acme owes of it are a bad debt.\n");
        assert!(bed.said(&["verify"]).starts_with("Every unit is accounted for"));
    }
}

both! {
    fn invoices_that_are_asked_for(bed: &Bed) {
        let bills = "\n[bill]\non = [\"request\"]\nnumber = \"B-{year}-{seq:4}\"\n\n[tax]\nrates = \"none\"\n";
        let engine = used(bed, bills, "2025-04-02T14:00:00Z");
        engine.advance(Instant::parse("2025-04-04T10:00:00Z").expect("a time")).expect("its day is sealed");
        drop(engine);

        assert_eq!(bed.said(&["invoices", "list"]), "There are no such requests.\n");
        let said = bed.said(&["invoices", "request", "acme", "--from", "2025-04-02", "--to", "2025-04-02", "--name", "Acme Ltd"]);
        assert!(said.starts_with("acme asks for an invoice of 4.00 USD, 1 charge: ireq_"), "{said}");
        let asked = bed.json(&["invoices", "list", "--state", "asked"]);
        let id = asked["invoice_requests"][0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(asked["invoice_requests"][0]["buyer"]["name"], "Acme Ltd");
        let said = bed.said(&["invoices", "refuse", &id, "--note", "no tax number"]);
        assert_eq!(said, "Refused: acme may ask again for an invoice of these charges.\n");
        let again = bed.json(&["invoices", "request", "acme", "--charge", "1"]);
        let said = bed.said(&["invoices", "issue", again["id"].as_str().expect("an id")]);
        assert!(said.starts_with("Issued to acme, for 4.00 USD: I-B-"), "{said}");
        let table = bed.said(&["invoices", "list"]);
        assert!(table.contains("acme     4.00 USD  refused") && table.contains("acme     4.00 USD  issued"), "{table}");
        assert!(bed.refused(&["invoices", "issue", "ireq_x"]).contains("there is no request \"ireq_x\""));
        assert!(bed.refused(&["invoices", "request", "nobody"]).contains("nobody"));
    }
}

both! {
    fn outages_are_reported_and_withdrawn(bed: &Bed) {
        drop(used(bed, "\n[monitor]\nvoid_outages = true\n", "2025-04-02T14:00:00Z"));
        assert_eq!(bed.said(&["outages", "list"]), "No outages were reported.\n");
        let report = ["outages", "report", "INC-7", "--product", "server", "--from", "2025-04-02T11:00:00Z", "--to", "2025-04-02T12:30:00Z"];
        let what = "server, 2025-04-02T11:00:00Z to 2025-04-02T12:30:00Z.";
        let follows = "What was used in it is not charged: what was paid for it comes back once the server has looked at who used it.";
        assert_eq!(bed.said(&report), format!("INC-7 is reported: {what}\n{follows}\n"));
        assert_eq!(bed.said(&report), format!("INC-7 was reported already: {what}\n{follows}\n"));
        // Whoever is looked at next knows it: 4 hours less 1.5.
        assert!(bed.said(&["topup", "acme", "1.00", "--reference", "wire 1"]).contains("acme has 3.50 USD available"));
        let later = [&report[..8], &["2025-04-02T13:00:00Z"]].concat();
        assert!(bed.refused(&later).contains("withdraw it, and report the right ones under another name"));
        let list = bed.said(&["outages", "list"]);
        assert!(list.contains("2025-04-02T11:00:00Z  2025-04-02T12:30:00Z  INC-7   server  not charged"), "{list}");
        let said = bed.said(&["outages", "withdraw", "INC-7"]);
        assert_eq!(said, "INC-7 is withdrawn: what came back because of it is charged again.\n");
        assert_eq!(bed.json(&["outages", "list"])["outages"][0]["voids"], false);
        assert!(bed.refused(&["outages", "withdraw", "INC-8"]).contains("no outage \"INC-8\" was reported"));
        assert!(bed.said(&["verify"]).starts_with("Every unit is accounted for"));
    }
}

both! {
    fn charges_with_their_totals(bed: &Bed) {
        // From ten in the morning for 36 hours at 1.00: 14 hours on the first day, 22 on the second.
        let engine = bed.engine("2025-04-01T10:00:00Z");
        engine.open_account("one", &NewAccount { name: "acme".into(), ..NewAccount::default() }).expect("it opens");
        let usd = Currency::parse("USD").expect("a currency");
        engine.top_up("one", "acme", Money::parse_amount("100", usd).expect("an amount"), None).expect("booked");
        let new = NewResource {
            account: Some("acme".into()),
            product: Some("server".into()),
            sku: Some("std".into()),
            ..NewResource::default()
        };
        let tell = |what| {
            engine.record_fact("one", &ResourceFact { resource: "web".into(), at: None, id: None, what }).expect("told")
        };
        tell(Reported::Start(new));
        engine.advance(Instant::parse("2025-04-02T22:00:00Z").expect("a time")).expect("time goes by");
        tell(Reported::Stop);
        engine.advance(Instant::parse("2025-04-04T00:00:00Z").expect("a time")).expect("time goes by");
        drop(engine);

        assert_eq!(
            bed.said(&["charges", "acme"]),
            "number  from                  to                    product  resource  charge USD\n\
             \u{20}    1  2025-04-01T00:00:00Z  2025-04-02T00:00:00Z  server   web            14.00\n\
             \u{20}    2  2025-04-02T00:00:00Z  2025-04-03T00:00:00Z  server   web            22.00\n\
             \u{20}                                                                      ──────────\n\
             \u{20}       total                                                               36.00\n"
        );
        assert_eq!(
            bed.said(&["charges", "acme", "--from", "2025-04-02", "--by", "product"]),
            "product  charge USD\n\
             server        22.00\n\
             \u{20}        ──────────\n\
             total         22.00\n"
        );
        assert_eq!(
            bed.said(&["charges", "acme", "--to", "2025-04-01"]),
            "acme was charged nothing in this time.\n"
        );
        let json = bed.json(&["charges", "acme", "--to", "2025-04-02", "--product", "server"]);
        assert_eq!((&json["total"], &json["charges"][0]["paid"]["cash"]), (&"14.00".into(), &"14.00".into()));
        assert!(bed.refused(&["charges", "acme", "--from", "yesterday"]).contains("write it as year-month-day"));

        // Half as much again for those 36 hours: 54.00, tried on a copy; on a server's store it is refused.
        let folder = bed.directory.join("one");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("cloud.toml"), POLICY).expect("the policy");
        std::fs::write(folder.join("catalog.toml"), CATALOG.replace("1.00", "1.50")).expect("the catalogue");
        let folder = folder.display().to_string();
        let plan = ["plan", &folder, "--store", &bed.store, "--effect-since", "2025-04-01T00:00:00Z"];
        if matches!(bed.location, Location::Postgres(_)) {
            assert!(bed.refused(&plan).contains("made of embedded stores only"));
            return;
        }
        let told = bed.said(&plan);
        let line = |words: &str| told.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == words);
        assert!(line("server 36.00 54.00 18.00") && line("total 36.00 54.00 18.00"), "{told}");
        assert!(told.contains("It would have cost 1 account more, and 0 accounts less."), "{told}");
        let unchanged = bed.json(&["charges", "acme"]);
        assert_eq!(unchanged["total"], "36.00", "the store itself is as it was");
        // What is in force anyway has no effect to be tried, and neither has the first version of a store to come.
        std::fs::write(bed.directory.join("one/catalog.toml"), CATALOG).expect("the catalogue");
        assert!(!bed.said(&plan).contains("had it been in force"));
        let absent = bed.directory.join("absent.db").display().to_string();
        let first = bed.said(&["plan", &folder, "--store", &absent, "--effect-since", "2025-04-01T00:00:00Z"]);
        assert!(first.contains("There is no store yet"), "{first}");
    }
}

both! {
    fn what_happened_is_told(bed: &Bed) {
        bed.said(&["accounts", "open", "acme"]);
        bed.said(&["topup", "acme", "5.00", "--reference", "wire 1"]);
        let told = bed.said(&["events", "list", "--type", "money.topped_up"]);
        assert!(told.contains("money.topped_up") && told.contains("account acme") && told.contains("5.00"), "{told}");
        let json = bed.json(&["events", "list", "--account", "acme"]);
        let types: Vec<&str> = json["events"].as_array().expect("a list").iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(types, ["account.opened", "money.topped_up"]);
        assert!(bed.refused(&["events", "list", "--type", "money.lost"]).contains("docs/webhooks.md lists them"));
        assert_eq!(bed.said(&["webhooks", "list", "--state", "dead"]), "There are no such deliveries of one.\n");
        assert!(bed.refused(&["webhooks", "replay", "dlv_x"]).contains("is no delivery's id"));
    }
}

both! {
    fn a_parked_account_is_told_and_tried_again(bed: &Bed) {
        bed.said(&["accounts", "open", "acme"]);
        assert_eq!(bed.said(&["accounts", "parked"]), "No account is parked: all of them can be settled.\n");
        assert!(bed.refused(&["accounts", "retry", "acme"]).contains("is not parked"));
        let store = Store::open(&bed.location, &Options::default()).expect("it opens");
        let parked = store.write("park", |tx| {
            let payer = tx.payer_by_name("one", "acme")?.expect("it is open");
            let mut states = tx.payer_states(&[payer.id])?;
            states[0].parked.push_str("its price is too large");
            tx.payer_states_write(&states)
        });
        parked.expect("it is parked");
        drop(store);
        assert_eq!(
            bed.said(&["accounts", "parked"]),
            "cloud  account  why\n\
             one    acme     its price is too large\n\n\
             Mend what is told, mostly a price, then `farthing accounts retry ACCOUNT`.\n"
        );
        assert!(bed.said(&["accounts", "list"]).contains("parked"));
        let (code, said, _) = bed.run(&["doctor"]);
        assert_eq!(code, Some(1));
        assert!(said.contains("bad   parked       acme of one cannot be settled (its price is too large)\n"), "{said}");
        assert_eq!(
            bed.said(&["accounts", "retry", "acme"]),
            "acme is settled up to now. It was parked: its price is too large.\n"
        );
        assert!(bed.said(&["audit", "--limit", "1"]).contains("account.retried"));
    }
}

both! {
    fn opening_balances_are_booked_once(bed: &Bed) {
        bed.said(&["accounts", "open", "old"]);
        let wrong = bed.file(
            "wrong.csv",
            "account,balance,credit,credit_expires,email\n\
             acme,\"1,200.50\",10.00,2099-12-31,ada@acme.example\n\
             beta,-3.25,,,\n\
             old,7.00,,,\n\
             gamma,5.-,,,\n",
        );
        let (code, said, complained) = bed.run(&["import", &wrong]);
        assert_eq!((code, complained.as_str()), (Some(1), ""));
        let refusal = "refused, column balance: \"5.-\": ";
        assert!(said.contains("   5  gamma") && said.contains(refusal), "{said}");
        assert!(said.ends_with("Nothing was booked. Mend the refused line and import the file again, or book the others with --partial.\n"), "{said}");
        assert_eq!(bed.said(&["accounts", "list"]).lines().count(), 4, "nothing was opened");

        let good = bed.file(
            "good.csv",
            "account,balance,credit,credit_expires,email\n\
             acme,\"1,200.50\",10.00,2099-12-31,ada@acme.example\n\
             beta,-3.25,,,\n\
             old,7.00,,,\n\
             zero,0.00,,,\n",
        );
        let dry = bed.said(&["import", &good, "--dry-run"]);
        assert!(dry.ends_with("\nNothing was booked: this was a dry run.\n"), "{dry}");
        assert_eq!(
            bed.said(&["import", &good]),
            "line  account  balance USD  credit\n\
             \u{20}  2  acme         1200.50   10.00  booked\n\
             \u{20}  3  beta           -3.25          booked\n\
             \u{20}  4  old             7.00          booked\n\
             \u{20}  5  zero            0.00          booked\n\
             \u{20}              ───────────  ──────\n\
             \u{20}     4 lines      1204.25   10.00\n\n\
             \u{20}              lines  balance USD  credit\n\
             booked             4      1204.25   10.00\n\
             already there      0         0.00    0.00\n\
             refused            0         0.00    0.00\n\
             \u{20}              ─────  ───────────  ──────\n\
             the file           4      1204.25   10.00\n\n\
             4 lines booked. Imported again, the file books nothing.\n"
        );
        let again = bed.json(&["import", &good]);
        assert_eq!((&again["totals"]["accepted"]["lines"], &again["totals"]["already_there"]["balance"]), (&0.into(), &"1204.25".into()));
        assert_eq!(
            bed.said(&["accounts", "list"]),
            "account     balance USD  accrued  held  available   due  runs out  state\n\
             old                7.00     0.00  0.00       7.00  0.00            open\n\
             acme            1210.50     0.00  0.00    1210.50  0.00            open\n\
             beta              -3.25     0.00  0.00      -3.25  3.25            out of money\n\
             zero               0.00     0.00  0.00       0.00  0.00            open\n\
             \u{20}           ───────────  ───────  ────  ─────────  ────\n\
             4 accounts      1214.25     0.00  0.00    1214.25  3.25\n"
        );
        // Another file may not say otherwise; what is new in it is booked where that is asked.
        let other = bed.file("other.csv", "account,balance\nacme,1.00\nnew,2.00\n");
        let (code, said, _) = bed.run(&["import", &other]);
        assert_eq!(code, Some(1));
        assert!(said.contains("refused, column balance: another opening balance of this account was imported before"), "{said}");
        let (code, said, _) = bed.run(&["import", &other, "--partial"]);
        assert_eq!(code, Some(1));
        assert!(said.ends_with("1 line booked. Mend the refused line and import the file again.\n"), "{said}");
        let newest = bed.said(&["audit", "--limit", "1"]);
        assert!(newest.contains("balances.imported  file other.csv  accounts 1, digest "), "{newest}");
        assert!(bed.said(&["export", "ledger"]).contains("equity:one%2fbooks:opening-balances:USD"));
        assert!(bed.said(&["verify", "--deep"]).starts_with("Every unit is accounted for"));
        // What is owed is paid by what comes in.
        bed.said(&["topup", "beta", "10.00", "--reference", "wire 1"]);
        assert_eq!(bed.json(&["accounts", "show", "beta"])["money"]["balance"], "6.75");
    }
}

#[test]
fn a_file_that_cannot_be_read_books_nothing() {
    let bed = Bed::sqlite();
    let check = |text: &str, says: &str| {
        let file = bed.file("in.csv", text);
        let told = bed.refused(&["import", &file]);
        assert_eq!(told, format!("farthing: {file}: {says}; nothing was booked\n"));
    };
    check("account,balanse\n", "line 1, column 2: \"balanse\" is no column of this file: did you mean balance?");
    check("account;balance\n", "line 1: its columns are kept apart by other than commas: save it with commas");
    check(
        "account,balance\nacme,\"1\n",
        "line 2: a quote is opened and never closed: close it, or write the quote twice",
    );
    assert!(bed.refused(&["import", "nowhere.csv"]).starts_with("farthing: nowhere.csv cannot be read: "));
}

#[test]
fn a_backup_made_while_others_write_is_restored_proven_and_silent() {
    let bed = Bed::sqlite();
    let engine = bed.engine("2025-04-01T10:00:00Z");
    engine.store().epoch_open([1; 16], Instant::EPOCH).expect("a server has been here");
    for account in ["acme", "beta"] {
        engine.open_account("one", &NewAccount { name: account.into(), ..NewAccount::default() }).expect("it opens");
    }
    let backup = bed.directory.join("farthing.backup");
    let copy = bed.directory.join("copy.db");
    let (backup, copy) = (backup.display().to_string(), copy.display().to_string());
    let usd = Currency::parse("USD").expect("a currency");
    let one = Money::parse_amount("1.00", usd).expect("an amount");
    let (over, written) = (AtomicBool::new(false), std::sync::atomic::AtomicU64::new(0));
    std::thread::scope(|scope| {
        for account in ["acme", "beta"] {
            let (engine, over, written) = (&engine, &over, &written);
            scope.spawn(move || {
                while !over.load(Ordering::Acquire) {
                    engine.top_up("one", account, one, None).expect("booked");
                    written.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        while written.load(Ordering::Acquire) < 50 {
            std::thread::yield_now();
        }
        let said = bed.said(&["backup", "--to", &backup]);
        over.store(true, Ordering::Release);
        assert!(said.starts_with(&format!("sqlite:{} is in {backup}, whole: ", bed.store)), "{said}");
    });
    let whole = written.load(Ordering::Acquire);

    let said = bed.said(&["restore", "--from", &backup, "--store", &copy]);
    assert!(said.starts_with("Every unit is accounted for: "), "{said}");
    assert!(said.contains("This copy is good. It is in epoch 2 and sends nothing.\n"), "{said}");
    let booked = |store: &str| {
        let store = Store::open(&Location::parse(store), &Options::existing()).expect("it opens");
        let epoch = store.read("epoch", |tx| tx.epoch()).expect("it answers").expect("it has one");
        let report = store.read("audit", |tx| tx.audit()).expect("it answers");
        (report.transfers, epoch.number, epoch.accepted)
    };
    let (transfers, number, accepted) = booked(&copy);
    assert!((50..=whole).contains(&transfers), "{transfers} of {whole}");
    assert_eq!((number, accepted), (2, false));
    let (code, said, _) = bed.run(&["doctor", "--store", &copy]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains(
            "bad   epoch        2 (restored from farthing.backup) is not accepted: nothing leaves this store\n"
        ),
        "{said}"
    );

    let living = bed.said(&["accept", "--store", &copy]);
    assert!(living.starts_with(&format!("sqlite:{copy} is the living one from now on, in epoch 2")), "{living}");
    assert!(bed.said(&["accept", "--store", &copy]).contains("the living one already"));
    assert!(booked(&copy).2);
    assert!(bed.said(&["audit", "--store", &copy, "--limit", "2"]).contains("store.accepted"));
    // The original goes on as it was.
    assert_eq!(booked(&bed.store).1, 1);

    let there = format!("farthing: {copy}: it is there already, and nothing is overwritten: name a new store\n");
    assert_eq!(bed.refused(&["restore", "--from", &backup, "--store", &copy]), there);
    let there = format!("farthing: {backup}: it is there already, and nothing is overwritten: name another file\n");
    assert_eq!(bed.refused(&["backup", "--to", &backup]), there);
}

#[test]
fn a_backup_that_was_cut_off_or_changed_is_refused() {
    let bed = Bed::sqlite();
    bed.said(&["accounts", "open", "acme"]);
    bed.said(&["topup", "acme", "5.00", "--reference", "a"]);
    let path = |name: &str| bed.directory.join(name).display().to_string();
    let (backup, bad, copy) = (path("good.backup"), path("bad.backup"), path("copy.db"));
    bed.said(&["backup", "--to", &backup]);
    let whole = std::fs::read(&backup).expect("the backup");
    let refused = |bytes: &[u8], says: &str| {
        std::fs::write(&bad, bytes).expect("written");
        let told = bed.refused(&["restore", "--from", &bad, "--store", &copy]);
        assert_eq!(told, format!("farthing: {bad}: {says}\n"));
        assert!(!Path::new(&copy).exists(), "there is no store of it");
    };
    let cut = "it is no whole backup: its end is missing, or `farthing backup` did not write it; take another, or copy the file again";
    refused(&whole[..whole.len() / 2], cut);
    refused(&whole[..whole.len() - 1], cut);
    refused(&[], cut);
    for place in [100, whole.len() / 2, whole.len() - 70] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        refused(&changed, "it is not what was backed up: bytes of it have changed; take another backup");
    }
    // A backup is as true as its store was.
    let store = Store::open(&bed.location, &Options::default()).expect("it opens");
    store.write("tamper", |tx| tx.execute("UPDATE transfer SET amount = amount + 1", &[])).expect("tampered");
    drop(store);
    let untrue = path("untrue.backup");
    bed.said(&["backup", "--to", &untrue]);
    let told = bed.refused(&["restore", "--from", &untrue, "--store", &copy]);
    assert!(
        told.contains("what it holds does not add up: transfer ") && told.contains("restore an older backup"),
        "{told}"
    );
    assert!(!Path::new(&copy).exists());
}

/// It is before an upgrade that a backup is wanted most: the new Farthing makes it, and brings the copy up to date.
#[test]
fn a_store_of_an_older_schema_is_backed_up_and_restored() {
    let directory = ScratchDir::new("operating");
    let path = |name: &str| directory.join(name).display().to_string();
    let (store, backup, copy, other) = (path("old.db"), path("old.backup"), path("copy.db"), path("other.db"));
    let run = |arguments: &[&str]| {
        told(&Command::new(env!("CARGO_BIN_EXE_farthing")).args(arguments).output().expect("the binary runs"))
    };
    // As a Farthing that had no migrations yet would have left it.
    let made = Store::open(&Location::parse(&store), &Options::default()).expect("it opens");
    let older = made.write("older", |tx| {
        let tables = "SELECT name FROM sqlite_schema
                      WHERE type = 'table' AND name <> 'store_migration' AND name NOT LIKE 'sqlite_%'";
        let tables = tx.rows(tables, &[], |row| row.text(0))?;
        assert!(tables.len() > 20);
        for table in tables {
            tx.execute(Box::leak(format!("DROP TABLE {table}").into_boxed_str()), &[])?;
        }
        tx.execute("DELETE FROM store_migration", &[])?;
        Ok::<_, farthing_store::StoreError>(())
    });
    older.expect("it is older now");
    drop(made);
    assert!(run(&["verify", "--store", &store]).2.contains("back it up, then start the server once"));
    assert_eq!(run(&["backup", "--to", &backup, "--store", &store]).0, Some(0));
    let (code, said, complained) = run(&["restore", "--from", &backup, "--store", &copy]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert_eq!(run(&["verify", "--store", &copy]).0, Some(0));
    // What is no store is no backup.
    std::fs::write(&other, "not a database").expect("written");
    let (code, _, complained) = run(&["backup", "--to", &path("other.backup"), "--store", &other]);
    assert_eq!(code, Some(1));
    assert!(complained.contains("it cannot be read as a store"), "{complained}");
    assert!(!directory.join("other.backup").exists() && !directory.join("other.backup.part").exists());
}

#[test]
fn postgres_is_backed_up_by_its_own_tools_and_restored_in_its_place() {
    let bed = Bed::postgres();
    let file = bed.directory.join("farthing.backup").display().to_string();
    let told = bed.refused(&["backup", "--to", &file]);
    assert!(told.contains("pg_dump --format=custom") && told.contains("pg_restore --exit-on-error"), "{told}");
    assert!(bed.refused(&["restore", "--from", &file]).contains("without --from"));
    let said = bed.said(&["restore"]);
    assert!(said.contains("This copy is good. It is in epoch 1 and sends nothing."), "{said}");
    assert!(bed.said(&["accept"]).contains("in epoch 1: what waits leaves it"));
    // Where a server works nobody says that it is a copy.
    let store = Store::open(&bed.location, &Options::default()).expect("it opens");
    let lasts = farthing_core::time::Duration::from_seconds(60);
    let now = Clock::real(None).and_then(|clock| clock.now()).expect("the time");
    let held = store.write("lease", move |tx| tx.lease_take("settle", "host:7", now, lasts)).expect("it answers");
    assert_eq!(held, Some(1));
    assert!(bed.refused(&["restore"]).contains("a server works on this store (settle, host:7"));
}

both! {
    fn the_doctor_says_what_to_mend(bed: &Bed) {
        let look = || {
            let (_, said, complained) = bed.run(&["doctor", "--verify"]);
            assert_eq!(complained, "");
            said
        };
        let said = look();
        for line in [
            "ok    store        ",
            "ok    clouds       one (version 1)\n",
            "warn  keys         one has no key that opens anything\n                   → farthing keys create one --name … --scope ingest\n",
            "warn  settling     no server settles; nothing is late yet\n                   → start one: farthing serve\n",
            "ok    parked       every account can be settled\n",
            "ok    epoch        none yet: the first server begins it\n",
            "ok    verify       0 transfers",
        ] {
            assert!(said.contains(line), "{line:?} is not in:\n{said}");
        }
        match &bed.location {
            Location::Postgres(_) => assert!(said.contains("  postgres     PostgreSQL "), "{said}"),
            Location::Sqlite(path) => {
                assert!(said.contains("ok    permissions  the store is its owner's alone\n"), "{said}");
                open_to_all(path);
                let said = look();
                assert!(said.contains(&format!("bad   permissions  everybody on this machine can open {}", path.display())), "{said}");
                assert!(said.contains("→ chmod 600 "), "{said}");
                assert_eq!(bed.run(&["doctor"]).0, Some(1));
            }
        }
        bed.command(&["keys", "create", "one", "--name", "ci", "--scope", "ingest"]).output().expect("it runs");
        assert!(look().contains("warn  keys         one: good for ever: ci\n"));
        let json = bed.json(&["doctor"]);
        assert_eq!(json["checks"][0]["state"], "ok");
    }
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
}

#[test]
fn a_store_that_is_not_there_is_bad() {
    let directory = ScratchDir::new("operating");
    let path: PathBuf = directory.join("nowhere.db");
    let output = Command::new(env!("CARGO_BIN_EXE_farthing")).args(["doctor", "--store"]).arg(&path).output();
    let (code, said, _) = told(&output.expect("the binary runs"));
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        format!(
            "bad   store        {}: there is no such file; name an existing store\n\
             \u{20}                  → nothing else of it can be looked at until then\n\n1 bad.\n",
            path.display()
        )
    );
    assert!(!path.exists());
}

#[test]
fn keys_are_listed_as_a_table_and_as_json() {
    let bed = Bed::sqlite();
    let create = ["keys", "create", "one", "--name", "ci", "--scope", "ingest,read", "--expires", "2099-12-31"];
    let made = bed.command(&create).output().expect("it runs");
    assert!(made.status.success(), "{:?}", told(&made));
    let listed = bed.said(&["keys", "list", "one"]);
    assert!(
        listed.starts_with("key ")
            && listed.contains("live  ingest, read  ci    good until 9999-99-99T99:99:99Z  never\n"),
        "{listed}"
    );
    let json = bed.json(&["keys", "list", "one"]);
    assert_eq!(json["keys"][0]["expires_at"], "2100-01-01T00:00:00Z");
    assert_eq!(json["keys"][0]["scopes"], serde_json::json!(["ingest", "read"]));
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(env!("CARGO_BIN_EXE_farthing")).args(["completions", shell]).output();
        let (code, said, _) = told(&output.expect("the binary runs"));
        assert_eq!(code, Some(0));
        assert!(said.contains("topup") && said.contains("doctor"), "{shell}");
    }
}

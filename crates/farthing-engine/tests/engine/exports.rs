//! Exports: from a bill to its charges and back, rows that come to what was billed, and jobs that end once whoever dies.

use crate::support::{self, Bed, apply, at, proven, read, usd, used};
use farthing_core::export::{
    Cell, Column, Csv, ExportId, ExportState, ExportWhat, FileFormat, JsonLines, LinkText, Sink,
};
use farthing_core::payment::BillId;
use farthing_core::policy::Pay;
use farthing_core::time::Instant;
use farthing_engine::{
    BillFacts, Carried, Carrier, ChargeQuestion, Contact, Engine, ExportAsk, NewAccount, NewExport, NewResource,
    Origin, Outcome, Parcel, Reported, ResourceFact, RowsError, SheetMaker, export_path,
};
use farthing_store::{Channel, ChargeFilter};
use farthing_testbed::ScratchDir;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::rc::Rc;
use std::sync::Mutex;

const BEGIN: &str = "2026-01-10T08:00:00Z";

fn policy(cloud: &str) -> String {
    format!(
        "{}\n[bill]\non = [\"cycle\"]\nnumber = \"B-{{year}}-{{seq:4}}\"\ndue = \"24h\"\n",
        support::policy(cloud)
            .replace("every = \"1h\"", "every = \"day\"")
            .replace("late_window = \"1h\"", "late_window = \"2d\"")
    )
}

/// Two months of an account that is billed and of one that pays ahead: machines, calls, and what came late.
fn lived(bed: &Bed) -> Engine {
    let engine = bed.engine(0, at(BEGIN));
    apply(&engine, "one", &policy("one"), support::CATALOG);
    for (account, pay) in [("later", Some(Pay::Postpaid)), ("ahead", None)] {
        let contact =
            Contact { name: "Ada".to_owned(), email: "ada@acme.example".to_owned(), language: "en".to_owned() };
        let new = NewAccount { name: account.to_owned(), pay, contact: Some(contact), ..NewAccount::default() };
        engine.open_account("one", &new).expect("the account opens");
    }
    engine.top_up("one", "ahead", usd("500.00"), None).expect("booked");
    engine.open_project("one", "site", "later").expect("the project opens");
    let label = BTreeMap::from([("label.team".to_owned(), "蓝队".to_owned()), ("region".to_owned(), "eu".to_owned())]);
    let new = NewResource {
        project: Some("site".to_owned()),
        product: Some("server".to_owned()),
        sku: Some("std".to_owned()),
        user: Some("li".to_owned()),
        properties: label,
        ..NewResource::default()
    };
    tell(&engine, "web", Reported::Start(new));
    support::start(&engine, "one", "db", "ahead");
    go_to(&engine, "2026-01-11T09:30:15Z");
    tell(&engine, "web", Reported::Stop);
    for account in ["later", "ahead"] {
        used(&engine, ("one", account), &format!("{account} in January"), 137, Some("2026-01-11T09:00:00Z"));
    }
    go_to(&engine, "2026-01-13T00:00:00Z");
    tell(&engine, "db", Reported::Stop);
    go_to(&engine, "2026-02-04T00:00:00Z");
    used(&engine, ("one", "later"), "later 2026-01-20T00:00:00Z", 11, Some("2026-01-20T00:00:00Z")); // of the month that was billed
    used(&engine, ("one", "later"), "later 2026-02-03T12:00:00Z", 13, Some("2026-02-03T12:00:00Z"));
    go_to(&engine, "2026-03-05T00:00:00Z");
    used(&engine, ("one", "later"), "later 2026-03-04T12:00:00Z", 17, Some("2026-03-04T12:00:00Z")); // waits for a bill
    go_to(&engine, "2026-04-01T12:00:00Z");
    proven(&engine);
    engine
}

fn go_to(engine: &Engine, time: &str) {
    engine.advance(at(time)).expect("time goes by");
}

fn tell(engine: &Engine, resource: &str, what: Reported) {
    let fact = ResourceFact { resource: resource.to_owned(), at: None, id: None, what };
    engine.record_fact("one", &fact).expect("taken");
}

/// Keeps what it is given, by the names of the columns.
#[derive(Clone, Default)]
struct Kept {
    columns: Rc<RefCell<Vec<Column>>>,
    rows: Rc<RefCell<Vec<Vec<Cell>>>>,
}

impl Sink for Kept {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.rows.borrow_mut().push(cells.to_vec());
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn of(engine: &Engine, what: ExportWhat, ask: &ExportAsk) -> Kept {
        Kept::try_of(engine, what, ask).expect("the rows are read")
    }

    fn try_of(engine: &Engine, what: ExportWhat, ask: &ExportAsk) -> Result<Kept, RowsError> {
        let kept = Kept::default();
        let mine = kept.clone();
        let open = move |columns: &[Column]| {
            *mine.columns.borrow_mut() = columns.to_vec();
            Ok(Box::new(mine) as Box<dyn Sink>)
        };
        let mut told = Vec::new();
        let rows = engine.export_rows("one", (what, ask), open, &mut |progress| {
            told.push(progress);
            Ok(())
        })?;
        assert_eq!(rows, i64::try_from(kept.rows.borrow().len()).expect("a count"));
        assert!(told.last().is_none_or(|last| last.rows == rows), "{told:?}");
        assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
        Ok(kept)
    }

    fn column(&self, name: &str) -> Vec<Cell> {
        let place = self.columns.borrow().iter().position(|column| column.name == name);
        let place = place.unwrap_or_else(|| panic!("there is no column {name}"));
        self.rows.borrow().iter().map(|row| row[place].clone()).collect()
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let text = |cell| match cell {
            Cell::Text(text) => text,
            Cell::Nothing => String::new(),
            other => panic!("{name} holds {other:?}"),
        };
        self.column(name).into_iter().map(text).collect()
    }

    fn units(&self, name: &str) -> Vec<i64> {
        let units = |cell| match cell {
            Cell::Decimal(units) => i64::try_from(units).expect("an amount"),
            Cell::Nothing => 0,
            other => panic!("{name} holds {other:?}"),
        };
        self.column(name).into_iter().map(units).collect()
    }

    fn sums_by(&self, key: &str, amount: &str) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for (key, amount) in self.texts(key).into_iter().zip(self.units(amount)) {
            *sums.entry(key).or_default() += amount;
        }
        sums
    }
}

fn of(account: &str) -> ExportAsk {
    ExportAsk { account: Some(account.to_owned()), ..ExportAsk::default() }
}

fn documents(engine: &Engine) -> Vec<BillFacts> {
    engine.bills("one", None, None, None, None, 100).expect("the documents")
}

both! {
    /// Every line of use is the sum of its charges, every charge is on the line that lists it, and what is on none waits.
    fn every_line_leads_to_its_charges_and_back(bed: &Bed) {
        let engine = lived(bed);
        let mut listed: BTreeSet<(String, i64)> = BTreeSet::new();
        for bill in documents(&engine).iter().filter(|bill| bill.kind == "bill" || bill.kind == "statement") {
            let id = BillId::parse(&bill.id).unwrap();
            for (line, number) in bill.lines.iter().zip(1..) {
                // Page by page, two at a time.
                let (mut charges, mut after) = (Vec::new(), 0);
                loop {
                    let page = engine.bill_line_charges("one", id, number, after, 2).expect("its charges");
                    let Some(last) = page.last() else { break };
                    after = last.listed.row.chained;
                    charges.extend(page);
                }
                let net: i64 = charges.iter().map(|charge| charge.listed.row.net).sum();
                assert_eq!(Some(net), line.used.map(|used| used.net), "{}", line.text);
                for charge in &charges {
                    let number_of = charge.listed.row.chained;
                    assert!(listed.insert((charge.account.clone(), number_of)), "{number_of} is on two lines");
                    let why = engine.explain_charge("one", &charge.account, number_of).expect("its reasons");
                    let document = why.document.expect("it is on a document");
                    assert_eq!((document.bill, document.line), (id, Some(number)));
                }
            }
            assert!(engine.bill_line_charges("one", id, 99, 0, 1).is_err(), "there is no line 99");
        }
        let all = read(&engine, |tx| {
            let mut all = Vec::new();
            for payer in tx.payers_of("one")? {
                let rows = tx.charges_of(payer.id, &ChargeFilter::default())?;
                all.extend(rows.into_iter().map(|row| (payer.name.clone(), row.chained, row.to)));
            }
            Ok(all)
        });
        let waiting: Vec<_> = all.iter().filter(|(account, number, _)| !listed.contains(&(account.clone(), *number))).collect();
        assert!(listed.len() > 5 && !waiting.is_empty());
        for (account, number, to) in waiting {
            assert!(*to > at("2026-03-01T00:00:00Z"), "{account} {number} ends at {to}");
            assert_eq!(engine.explain_charge("one", account, *number).expect("its reasons").document, None);
        }
        // What was told of a resource is what its stretches follow from.
        let web = engine.explain_charge("one", "later", 1).expect("its reasons");
        let told: Vec<_> = web.events.iter().map(|event| (event.what.as_str(), event.at.to_string())).collect();
        assert_eq!(told, [("start", BEGIN.to_owned())]);
    }
}

both! {
    /// R64, R93: rows are the charges, to the unit, with who, what, how long, at which price, on which bill, and what paid.
    fn rows_are_what_was_charged_with_everything_about_it(bed: &Bed) {
        let engine = lived(bed);
        let rows = Kept::of(&engine, ExportWhat::Charges, &of("later"));
        let charged: i64 = engine.charges("one", "later", &ChargeQuestion::default()).unwrap().iter().map(|row| row.net).sum();
        assert_eq!(rows.units("net").iter().sum::<i64>(), charged);
        for place in 0..rows.units("net").len() {
            let parts: i64 = ["credit", "cash", "debt", "billed"].iter().map(|part| rows.units(part)[place]).sum();
            assert_eq!(parts, rows.units("net")[place]);
            assert_eq!(rows.units("list")[place] - rows.units("discount")[place], rows.units("net")[place]);
        }
        // The machine ran from the 10th to the 11th, to the second.
        let web: Vec<usize> = (0..rows.texts("resource").len()).filter(|row| rows.texts("resource")[*row] == "web").collect();
        assert_eq!(web.len(), 2);
        let cell = |name: &str, row: usize| rows.column(name)[row].clone();
        assert_eq!(cell("ran_from", web[0]), Cell::Time(at(BEGIN)));
        assert_eq!(cell("ran_to", web[1]), Cell::Time(at("2026-01-11T09:30:15Z")));
        assert_eq!(cell("usage", web[1]), Cell::Decimal(i128::from(9 * 3_600 + 30 * 60 + 15) * 1_000_000));
        for (name, value) in [
            ("unit", "second"), ("project", "site"), ("user", "li"), ("item", "std"), ("mode", "pay_as_you_go"), ("price", "1.00 / hour"),
            ("labels", "{\"team\":\"蓝队\"}"), ("properties", "{\"region\":\"eu\"}"), ("bill", "B-2026-0001"), ("currency", "USD"),
        ] {
            assert_eq!(cell(name, web[1]), Cell::text(value), "{name}");
        }
        let calls = rows.texts("unit").iter().position(|unit| unit == "call").expect("calls were counted");
        assert_eq!((rows.texts("product")[calls].as_str(), cell("usage", calls)), ("api", Cell::Decimal(137_000_000)));
        // What waits is on no bill, and a filter of each kind finds what it says.
        assert!(rows.texts("bill").iter().any(String::is_empty));
        let count = |ask: ExportAsk| Kept::of(&engine, ExportWhat::Charges, &ask).units("net").len();
        let all = count(ExportAsk::default());
        assert!(all > count(of("later")));
        assert_eq!(count(ExportAsk { resource: Some("web".to_owned()), ..ExportAsk::default() }), 2);
        assert_eq!(count(ExportAsk { project: Some("site".to_owned()), ..ExportAsk::default() }), 2);
        assert_eq!(count(ExportAsk { user: Some("li".to_owned()), ..ExportAsk::default() }), 2);
        assert_eq!(count(ExportAsk { label: Some(("team".to_owned(), "蓝队".to_owned())), ..ExportAsk::default() }), 2);
        assert_eq!(count(ExportAsk { label: Some(("team".to_owned(), "red".to_owned())), ..ExportAsk::default() }), 0);
        let api = count(ExportAsk { product: Some("api".to_owned()), ..ExportAsk::default() });
        let servers = count(ExportAsk { product: Some("server".to_owned()), ..ExportAsk::default() });
        assert_eq!(api + servers, all);
        let day = ExportAsk { from: Some(at("2026-01-11T00:00:00Z")), to: Some(at("2026-01-12T00:00:00Z")), ..of("later") };
        assert!((1..4).contains(&count(day)));
        for wrong in [of("nobody"), ExportAsk { project: Some("nothing".to_owned()), ..ExportAsk::default() }] {
            assert!(matches!(Kept::try_of(&engine, ExportWhat::Charges, &wrong), Err(RowsError::Refused(_))), "{wrong:?}");
        }
    }
}

both! {
    /// FOCUS: the rows of each bill come to its total, those of a statement to nothing, and all use to what it cost.
    fn focus_rows_come_to_the_bills(bed: &Bed) {
        let engine = lived(bed);
        let rows = Kept::of(&engine, ExportWhat::Focus, &ExportAsk::default());
        let billed = rows.sums_by("x_DocumentId", "BilledCost");
        let documents = documents(&engine);
        assert!(documents.iter().filter(|bill| bill.kind == "bill").count() >= 2);
        for document in &documents {
            let expected = match document.kind.as_str() {
                "bill" => document.total - document.brought_forward,
                "credit_note" => -document.total,
                _ => 0,
            };
            assert_eq!(billed.get(&document.id).copied().unwrap_or_default(), expected, "{document:?}");
        }
        let usage: i64 = rows.texts("ChargeCategory").iter().zip(rows.units("ContractedCost")).filter(|(of, _)| *of == "Usage").map(|(_, units)| units).sum();
        let charged: i64 = ["later", "ahead"]
            .iter()
            .flat_map(|account| engine.charges("one", account, &ChargeQuestion::default()).unwrap())
            .map(|row| row.net)
            .sum();
        assert_eq!(usage, charged);
        // One account's rows are those of the whole that are its own.
        let own = Kept::of(&engine, ExportWhat::Focus, &of("ahead"));
        let of_it = rows.texts("BillingAccountId").iter().filter(|account| *account == "ahead").count();
        assert_eq!(own.texts("BillingAccountId"), vec!["ahead"; of_it]);
        assert!(rows.texts("ChargeClass").iter().any(|class| class == "Correction"), "what came late corrects");
        // Bills and lines are the documents.
        let bills = Kept::of(&engine, ExportWhat::Bills, &ExportAsk::default());
        assert_eq!(bills.units("total").iter().sum::<i64>(), documents.iter().map(|bill| bill.total).sum::<i64>());
        let lines = Kept::of(&engine, ExportWhat::Lines, &ExportAsk::default());
        let amounts: i64 = documents.iter().flat_map(|bill| &bill.lines).map(|line| line.amount).sum();
        assert_eq!(lines.units("amount").iter().sum::<i64>(), amounts);
    }
}

/// Makes what needs no other crate.
struct Sheets;

impl SheetMaker for Sheets {
    fn make(&self, format: FileFormat, columns: &[Column], spreadsheet: bool, file: File) -> io::Result<Box<dyn Sink>> {
        Ok(match format {
            FileFormat::Csv => Box::new(Csv::begin(file, columns, spreadsheet)?),
            FileFormat::Json | FileFormat::Parquet => Box::new(JsonLines::begin(file, columns)),
        })
    }
}

/// Breaks off after so many rows, as whoever is killed does.
struct Dying(usize);

impl SheetMaker for Dying {
    fn make(&self, format: FileFormat, columns: &[Column], spreadsheet: bool, file: File) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(DyingSheet { inner: Sheets.make(format, columns, spreadsheet, file)?, left: self.0 }))
    }
}

struct DyingSheet {
    inner: Box<dyn Sink>,
    left: usize,
}

impl Sink for DyingSheet {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        if self.left == 0 {
            self.inner.finish()?;
            std::panic::panic_any("killed");
        }
        self.left -= 1;
        self.inner.row(cells)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.inner.finish()
    }
}

const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

fn after(seconds: i64) -> Instant {
    Instant::from_micros(NOW.micros() + seconds * 1_000_000)
}

fn asked(engine: &Engine, format: FileFormat, mail: bool) -> ExportId {
    let new = NewExport { what: ExportWhat::Charges, format, ask: of("later"), mail };
    let facts = engine.export_ask("one", &new).expect("it is asked for");
    assert_eq!((facts.state.as_str(), facts.rows), ("waiting", 0));
    ExportId::parse(&facts.id).expect("an id")
}

/// Takes every mail, and keeps what it says.
#[derive(Default)]
struct Postman(Mutex<Vec<(String, String)>>);

impl Carrier for Postman {
    fn carry(&self, parcel: &Parcel, _: Instant) -> Carried {
        self.0.lock().expect("nobody panicked").push((parcel.kind.clone(), parcel.data.clone()));
        Carried { outcome: Outcome::Taken, status: None, answer: String::new() }
    }
}

both! {
    /// A job is worked off once, its file is what was asked for, and a link opens it as long as it is good, and no other.
    fn a_job_makes_a_file_that_its_link_opens(bed: &Bed) {
        let engine = lived(bed);
        let folder = ScratchDir::new("exports");
        let id = asked(&engine, FileFormat::Csv, true);
        assert!(engine.export_link("one", (id, false), &Origin::Chance, NOW).is_err(), "there is no file yet");
        assert_eq!(engine.export_work(folder.path(), &Sheets, &|| NOW).expect("it works"), Some(id));
        assert_eq!(engine.export_work(folder.path(), &Sheets, &|| NOW).expect("it works"), None, "once");
        let facts = engine.export("one", id).expect("it is there");
        let path = export_path(folder.path(), id, FileFormat::Csv);
        let text = fs::read(&path).expect("the file");
        assert_eq!((facts.state.as_str(), facts.done), ("ready", facts.most));
        assert_eq!(facts.bytes, i64::try_from(text.len()).unwrap());
        assert_eq!(facts.digest, blake3::hash(&text).to_hex().to_string());
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(text.starts_with("\u{feff}account,project,user,bill,"), "{text}");
        assert_eq!(text.lines().count(), 1 + usize::try_from(facts.rows).unwrap());
        assert!(text.contains("蓝队"));
        assert!(engine.export("two", id).is_err(), "another cloud's is not there");

        // Its account is written to, with a link that was not kept.
        let postman = Postman::default();
        engine.deliver_ready(Channel::Mail, &postman, NOW, 100).expect("mails go out");
        let carried = postman.0.lock().expect("nobody panicked");
        let mail = carried.iter().find(|(kind, _)| kind == "export.ready").expect("a mail about it");
        let link = mail.1.split("/exports/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
        let opened = |text: &LinkText, now| engine.export_opened(text, now).expect("it is looked for").map(|(id, ..)| id);
        let text = LinkText::parse(link).expect("a link's text");
        assert_eq!(opened(&text, NOW), Some(id));
        let kept = read(&engine, |tx| tx.messages("one", &farthing_store::MessageFilter::default(), i64::MAX, 1_000));
        assert!(kept.iter().all(|message| !message.data.contains("fx_")), "what is kept opens nothing");

        // Another is made when somebody asks.
        let (own, until) = engine.export_link("one", (id, false), &Origin::Chance, after(60)).expect("a link");
        assert_eq!((opened(&own, after(61)), until), (Some(id), after(7 * 86_400)));
        assert_eq!(opened(&own, until), None, "its time is over");
        let other = LinkText::new(false, "one", own.id, [7; 32]);
        assert_eq!(opened(&other, NOW), None, "another secret");
        let elsewhere = LinkText::parse(&own.reveal().replace("_one_", "_two_")).expect("a text");
        assert_eq!(opened(&elsewhere, NOW), None, "another cloud's");

        assert_eq!(engine.exports_sweep(folder.path(), after(60)).expect("swept"), 0);
        assert_eq!(engine.exports_sweep(folder.path(), until).expect("swept"), 1);
        assert!(!path.exists());
        assert_eq!(engine.export("one", id).expect("it is known").state, ExportState::Expired.name());
        assert_eq!(opened(&own, NOW), None);
    }
}

both! {
    /// Killed half-way it is begun anew when its claim is over: no row twice, no part taken for the whole.
    fn a_job_whose_worker_dies_ends_once(bed: &Bed) {
        let engine = lived(bed);
        let folder = ScratchDir::new("exports");
        let id = asked(&engine, FileFormat::Json, false);
        let path = export_path(folder.path(), id, FileFormat::Json);
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.export_work(folder.path(), &Dying(3), &|| NOW)));
        assert!(died.is_err() && !path.exists());
        assert_eq!(engine.export_work(folder.path(), &Sheets, &|| after(29)).expect("it works"), None, "its claim holds");
        assert_eq!(engine.export_work(folder.path(), &Sheets, &|| after(31)).expect("it works"), Some(id));
        let text = fs::read_to_string(&path).expect("the file");
        let rows = Kept::of(&engine, ExportWhat::Charges, &of("later")).units("net").len();
        assert_eq!(text.lines().count(), rows);
        assert_eq!(text.lines().collect::<BTreeSet<_>>().len(), rows, "no row twice");
        assert_eq!(engine.export("one", id).expect("it is there").rows, i64::try_from(rows).unwrap());
    }
}

/// While it writes, another takes its job over and ends it.
struct Overtaken<'e> {
    engine: &'e Engine,
    folder: &'e std::path::Path,
}

impl SheetMaker for Overtaken<'_> {
    fn make(&self, format: FileFormat, columns: &[Column], spreadsheet: bool, file: File) -> io::Result<Box<dyn Sink>> {
        let id = self.engine.export_work(self.folder, &Sheets, &|| after(120)).expect("the other works");
        assert!(id.is_some());
        Sheets.make(format, columns, spreadsheet, file)
    }
}

both! {
    /// Who was slow and is overtaken puts nothing over the other's file, and says nothing of it.
    fn who_is_overtaken_leaves_the_others_file_alone(bed: &Bed) {
        let engine = lived(bed);
        let folder = ScratchDir::new("exports");
        let id = asked(&engine, FileFormat::Csv, false);
        let slow = Overtaken { engine: &engine, folder: folder.path() };
        engine.export_work(folder.path(), &slow, &|| NOW).expect("it works");
        let facts = engine.export("one", id).expect("it is there");
        assert_eq!((facts.state.as_str(), facts.expires), ("ready", Some(after(120 + 7 * 86_400).micros())));
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, [export_path(folder.path(), id, FileFormat::Csv).file_name().unwrap()], "no part is left");
        let told = read(&engine, |tx| tx.messages("one", &farthing_store::MessageFilter::default(), i64::MAX, 1_000));
        assert_eq!(told.iter().filter(|message| message.kind == "export.ready").count(), 1);
    }
}

both! {
    /// What cannot be written is tried again, and given up in the end, with the reason.
    fn what_cannot_be_written_fails_in_the_end(bed: &Bed) {
        let engine = lived(bed);
        let folder = ScratchDir::new("exports");
        let id = asked(&engine, FileFormat::Csv, false);
        let blocked = folder.join("file");
        fs::write(&blocked, "no folder").unwrap();
        for attempt in 0..5 {
            assert_eq!(engine.export("one", id).unwrap().state, "waiting", "{attempt}");
            let now = after(attempt * 1_000);
            assert_eq!(engine.export_work(&blocked, &Sheets, &|| now).expect("it is tried"), Some(id));
        }
        let facts = engine.export("one", id).unwrap();
        assert_eq!(facts.state, "failed");
        assert!(facts.why.contains("cannot be written"), "{}", facts.why);
        let nobody = NewExport { what: ExportWhat::Focus, format: FileFormat::Csv, ask: ExportAsk::default(), mail: true };
        assert!(engine.export_ask("one", &nobody).is_err(), "a whole cloud has nobody to write to");
        let listed = engine.exports("one", None, 10).expect("a list");
        assert_eq!(listed.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [id.to_string()]);
        assert!(engine.exports("two", None, 10).expect("a list").is_empty());
    }
}

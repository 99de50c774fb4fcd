//! A month of statements through the whole engine: codes, names, bills and known accounts as it looks them up itself, and every movement in the books.

use farthing_core::bank::matching::number_keys;
use farthing_core::bank::{RowState, Statement, identities, plain_iban};
use farthing_core::bill::BillState;
use farthing_core::ledger::audit::Audited;
use farthing_core::ledger::{Chart, Command, Kind, Mode, Movement, OwnerId, Transfer};
use farthing_core::policy::{ApplyRequest, Files};
use farthing_core::time::Instant;
use farthing_engine::{Clock, CompanyChange, Engine, IdSource, NewAccount, NewStatement, RowDecision};
use farthing_sim::bank::{IssuedBill, Month, Payer, month};
use farthing_store::{
    BankRow, BillKind, BillRow, Location, NewAccount as NewLedgerAccount, Options, Store, StoreError,
};
use farthing_testbed::ScratchDir;
use std::collections::BTreeMap;

const CLOUD: &str = "one";

fn engine(location: &Location, own: &str) -> Engine {
    let store = Store::open(location, &Options::default()).expect("the store opens");
    let start = Instant::parse("2026-06-01T00:00:00Z").expect("a time");
    let engine = Engine::new(store, Clock::simulated(start), IdSource::seeded(0, 7));
    let policy = format!(
        "[cloud]\nid = \"one\"\nname = \"one\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n\n[brand]\nlegal_name = \"One\"\n\n\
         [bank]\naccount = \"{own}\"\n"
    );
    let files = Files::from([("cloud.toml".into(), policy), ("catalog.toml".into(), String::new())]);
    let request = ApplyRequest { files, who: "anna".into(), why: "bank".into(), starts: None, corrects: None };
    engine.apply_policy(CLOUD, request).expect("it applies");
    engine
}

fn name_of(account: OwnerId) -> String {
    format!("c{}", account.0)
}

/// Customers with their names and codes, and who paid for them before: statements of the months before said so.
fn open(engine: &Engine, month: &Month, own: &str) {
    let template = month.statements[0].rows[0].clone();
    let mut before = Vec::new();
    for customer in &month.customers {
        let name = name_of(customer.id);
        engine.open_account(CLOUD, &NewAccount { name: name.clone(), ..NewAccount::default() }).expect("it opens");
        let named = CompanyChange { name: Some(customer.legal_name.clone()), ..CompanyChange::default() };
        engine.set_company(CLOUD, &name, &named).expect("it is named");
        let code = customer.reference.to_string();
        let own_code = code.clone();
        engine
            .store()
            .write("code", move |tx| {
                let payer = tx.payer_by_name(CLOUD, &name)?.expect("the account");
                tx.transfer_code_put(CLOUD, &own_code, payer.id)
            })
            .expect("it has a code");
        let director = customer.director.iter();
        let payers =
            [&customer.payer].into_iter().chain(director).chain(customer.group.iter().map(|group| &group.payer));
        for payer in payers {
            for _ in 0..payer.times {
                let mut row = template.clone();
                row.bank_reference = format!("BEFORE{:07}", before.len());
                (row.name, row.iban, row.text) = (payer.name.clone(), payer.iban.clone(), code.clone());
                row.booked = template.booked.add_days(-30).expect("a date");
                (row.reference, row.end_to_end) = (String::new(), String::new());
                before.push(row);
            }
        }
    }
    let told = Statement { rows: before, opening: None, closing: None, ..month.statements[0].clone() };
    take(engine, &told, own, "before");
}

fn take(engine: &Engine, statement: &Statement, own: &str, name: &str) -> BTreeMap<String, BankRow> {
    let told = NewStatement { name: name.to_owned(), digest: name.to_owned(), statements: vec![statement.clone()] };
    let second = engine.now().expect("the clock").checked_add_micros(1_000_000).expect("a second later");
    engine.clock().advance_to(second);
    engine.take_statement(CLOUD, &told).expect("it is taken");
    let names = identities(&plain_iban(own), &statement.rows);
    // The newest are those that were just told.
    let most = i64::try_from(statement.rows.len()).expect("a few");
    let rows = engine.store().read("rows", |tx| tx.bank_rows(CLOUD, None, None, None, most)).expect("rows");
    let by_identity: BTreeMap<String, BankRow> = rows.into_iter().map(|row| (row.identity.clone(), row)).collect();
    names.into_iter().map(|identity| (identity.clone(), by_identity[&identity].clone())).collect()
}

/// A bill that was issued to somebody, as far as matching and paying go.
fn issue(engine: &Engine, issued: &IssuedBill) {
    let (issued, now) = (issued.clone(), engine.now().expect("the clock"));
    let transfer = engine.ids().transfer(now);
    engine
        .store()
        .write("issue", move |tx| {
            let payer = tx.payer_by_name(CLOUD, &name_of(issued.account))?.expect("the account");
            let commodity = tx.commodity_ensure_currency(issued.amount.currency())?;
            let books = tx.owner_ensure(CLOUD, "books", true)?;
            let mut ensure = |owner, code: Chart| {
                let floor = code.floor(0);
                tx.account_ensure(&NewLedgerAccount { owner, code, commodity, floor }, now)
            };
            let receivable = ensure(payer.id, Chart::Receivable(issued.number.to_lowercase()))?;
            let revenue = ensure(books, Chart::Revenue("plan".to_owned()))?;
            let amount = issued.amount.units();
            let movement = Movement::Move { debit: receivable, credit: revenue, amount, commodity };
            let (kind, mode, effective) = (Kind::BillIssued, Mode::Reports, now.floor_second());
            let moved = Transfer { id: transfer, cause: None, kind, mode, effective, movement };
            tx.ledger_run(&[Command::Transfer(moved)], now)?;
            tx.bill_insert(&BillRow {
                id: issued.id,
                cloud: CLOUD.to_owned(),
                account: payer.id,
                kind: BillKind::Bill,
                series: String::new(),
                seq: 1,
                number: issued.number.clone(),
                state: BillState::Issued,
                place: 1,
                issued: now,
                due: None,
                net: amount,
                tax: 0,
                total: amount,
                paid: 0,
                refunded: 0,
                charged_back: 0,
                credited: 0,
                given_back: 0,
                rolled: 0,
                of: None,
                payment: None,
                receivable: Some(receivable),
                transfer: Some(transfer),
                body: String::new(),
                disputed: 0,
            })?;
            tx.bill_keys_put(CLOUD, &number_keys(&issued.number), issued.id)?;
            Ok::<_, StoreError>(())
        })
        .expect("it is issued");
}

/// Plays a month: how many of its customers' rows were booked by nobody's hand, of how many.
fn play(location: &Location, customers: usize, seed: u64) -> (usize, usize) {
    let month = month(seed, customers);
    let own = month.statements[0].account.clone();
    let engine = engine(location, &own);
    open(&engine, &month, &own);
    let (mut automatic, mut theirs) = (0, 0);
    let mut truths = month.truths.iter();
    let mut bills = month.bills.iter().peekable();
    for (position, statement) in month.statements.iter().enumerate() {
        let day = statement.rows[0].booked;
        while let Some(bill) = bills.next_if(|bill| bill.issued <= day) {
            issue(&engine, bill);
        }
        let rows = take(&engine, statement, &own, &format!("day {position}"));
        for identity in identities(&plain_iban(&own), &statement.rows) {
            let (row, truth) = (&rows[&identity], truths.next().expect("one for each row"));
            theirs += usize::from(truth.payer != Payer::Other);
            let found = row.account.map(|account| {
                let payer = engine.store().read("payer", |tx| tx.payers(&[account])).expect("read").pop();
                payer.expect("the account").name
            });
            match (found, truth.account) {
                (Some(found), Some(account)) => {
                    assert_eq!(found, name_of(account), "seed {seed}: {row:?} {truth:?}");
                    automatic += 1;
                }
                (Some(found), None) => panic!("seed {seed}: {found} got what is nobody's: {row:?}"),
                (None, _) if row.state != RowState::Waiting => {}
                (None, Some(account)) => {
                    // Somebody looks, and is right.
                    let decided = RowDecision::Account { account: name_of(account), bills: truth.bills.clone() };
                    engine.decide_bank_row(CLOUD, row.id, &decided, "looked").expect("it is decided");
                }
                (None, None) => {
                    engine
                        .decide_bank_row(CLOUD, row.id, &RowDecision::SetAside, "no customer")
                        .expect("it is decided");
                }
            }
        }
    }
    // The same month once more, told in one piece: nothing moves.
    let before = engine.reconcile(CLOUD).expect("the accounts");
    let all = Statement {
        rows: month
            .statements
            .iter()
            .flat_map(|statement| statement.rows.clone())
            .filter(|row| !row.bank_reference.is_empty())
            .collect(),
        opening: None,
        closing: None,
        ..month.statements[0].clone()
    };
    let told = NewStatement { name: "again".to_owned(), digest: "again".to_owned(), statements: vec![all] };
    assert_eq!(engine.take_statement(CLOUD, &told).expect("it is taken").fresh, 0);
    assert_eq!(engine.reconcile(CLOUD).expect("the accounts"), before);
    let open = |account: &str| before.iter().find(|found| found.account == account).map_or(0, |found| found.open);
    assert_eq!((open("suspense"), open("provider/bank")), (0, 0), "everything was decided");
    let report = engine.store().read("audit", |tx| tx.audit()).expect("the audit");
    // The bills are not of this Farthing's making.
    let wrong: Vec<_> =
        report.findings.iter().filter(|finding| matches!(finding.of, Audited::Bank | Audited::Ledger)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    (automatic, theirs)
}

fn enough((automatic, theirs): (usize, usize)) {
    println!("{automatic} of {theirs}");
    assert!(automatic * 100 >= theirs * 95, "{automatic} of {theirs}");
}

#[test]
fn a_month_in_the_books_of_sqlite() {
    let directory = ScratchDir::new("bank");
    enough(play(&Location::Sqlite(directory.join("farthing.db")), 200, 11));
}

#[test]
fn a_month_in_the_books_of_postgres() {
    let database = farthing_testbed::postgres().database("bank");
    enough(play(&Location::Postgres(database.url()), 200, 11));
}

//! Billing periods: each closes once, with its own date and with what was used in it, whoever is stuck; and the documents of a year are its charges.

use crate::support::{self, Bed, apply, at, proven, read, tampered, usd, used};
use farthing_core::bill::Used;
use farthing_core::ledger::Chart;
use farthing_core::policy::Pay;
use farthing_core::time::Instant;
use farthing_engine::{BillFacts, Engine, NewAccount};
use farthing_store::{BillKind, ChargeFilter};

const BEGIN: &str = "2026-01-10T08:00:00Z";

/// A month collects for two days; what is used is billed for whom that was agreed.
fn policy() -> String {
    format!(
        "{}\n[bill]\non = [\"cycle\"]\nnumber = \"B-{{year}}-{{seq:4}}\"\ndue = \"24h\"\n",
        support::policy("one")
            .replace("every = \"1h\"", "every = \"day\"")
            .replace("late_window = \"1h\"", "late_window = \"2d\"")
    )
}

fn opened(bed: &Bed) -> Engine {
    let engine = bed.engine(0, at(BEGIN));
    apply(&engine, "one", &policy(), support::CATALOG);
    engine
}

fn open(engine: &Engine, account: &str, pay: Option<Pay>) {
    let new = NewAccount { name: account.to_owned(), pay, ..NewAccount::default() };
    engine.open_account("one", &new).expect("the account opens");
}

fn go_to(engine: &Engine, time: &str) {
    engine.advance(at(time)).expect("time goes by");
}

fn documents(engine: &Engine, account: &str, kind: BillKind) -> Vec<BillFacts> {
    let mut found = engine.bills("one", Some(account), Some(kind), None, None, 100).expect("its documents");
    found.reverse();
    found
}

/// What documents say was used, and what the account's charges came to, both of service before an instant.
fn sums(engine: &Engine, account: &str, before: Instant) -> ((i64, i64), (i64, i64)) {
    let kinds = [BillKind::Bill, BillKind::Statement];
    let lines = kinds.into_iter().flat_map(|kind| documents(engine, account, kind)).flat_map(|bill| bill.lines);
    let said = lines.filter_map(|line| line.used).fold((0, 0), |sum, used| (sum.0 + used.list, sum.1 + used.net));
    let name = account.to_owned();
    let charged = read(engine, move |tx| {
        let payer = tx.payer_by_name("one", &name)?.expect("an account");
        let rows = tx.charges_of(payer.id, &ChargeFilter::default())?;
        let due = rows.iter().filter(|row| row.to <= before);
        Ok(due.fold(Used::NOTHING, |sum, row| sum.and(Used::of(row.list, row.net, &row.paid))))
    });
    (said, (charged.list, charged.net))
}

both! {
    /// A year by the month: on the day its documents are out, they are what the months so far have cost, to the unit; late facts included.
    fn the_documents_of_a_year_are_its_charges(bed: &Bed) {
        let engine = opened(bed);
        open(&engine, "later", Some(Pay::Postpaid));
        open(&engine, "ahead", None);
        engine.top_up("one", "ahead", usd("500.00"), None).expect("booked");
        for month in 1..=12_i64 {
            for account in ["later", "ahead"] {
                let day = if month == 1 { 12 } else { 3 + month };
                go_to(&engine, &format!("2026-{month:02}-{day:02}T10:30:00Z"));
                let time = format!("2026-{month:02}-{day:02}T10:29:00Z");
                used(&engine, ("one", account), &format!("{account}-{month}"), 137 * month, Some(&time));
                // And of the month before, whose documents are out by then.
                if month > 1 {
                    let late = format!("2026-{:02}-20T00:00:00Z", month - 1);
                    used(&engine, ("one", account), &format!("{account}-late-{month}"), 11, Some(&late));
                }
            }
            let (year, next) = if month == 12 { (2027, 1) } else { (2026, month + 1) };
            go_to(&engine, &format!("{year}-{next:02}-02T23:59:59Z"));
            let before = documents(&engine, "later", BillKind::Bill).len();
            go_to(&engine, &format!("{year}-{next:02}-03T00:00:00Z"));
            assert_eq!(documents(&engine, "later", BillKind::Bill).len(), before + 1, "month {month}");
            for account in ["later", "ahead"] {
                let (said, charged) = sums(&engine, account, at(&format!("{year}-{next:02}-01T00:00:00Z")));
                assert_eq!(said, charged, "{account}, month {month}");
                assert!(charged.1 > 0, "{account}, month {month}");
            }
            proven(&engine);
        }
        let bills = documents(&engine, "later", BillKind::Bill);
        assert_eq!(bills.len(), 12);
        assert!(bills[1].lines.iter().any(|line| line.text.contains("told after its bill")), "{:?}", bills[1].lines);
        // What the months came to is what the books have.
        let revenue = engine.revenue("one", None, None).expect("the months").months;
        assert_eq!(revenue.len(), 13, "{revenue:?}");
        let earned: i128 = revenue.iter().filter_map(|month| month.earned.get("api")).sum();
        let (books, unbilled) = read(&engine, |tx| {
            let usd = tx.commodity_ensure_currency(farthing_core::money::Currency::USD)?;
            let later = tx.payer_by_name("one", "later")?.expect("an account").id;
            let unbilled = tx.balance_of_code(later, &Chart::Unbilled)?;
            Ok((tx.books_sum("one", &Chart::Revenue("api".to_owned()).to_string(), usd)?, unbilled))
        });
        assert!(earned > 0 && earned == books, "{earned} and {books}");
        assert_eq!(revenue[12].unbilled_end, -i128::from(unbilled));
        assert_eq!(engine.revenue("one", Some(revenue[3].first), Some(revenue[4].first)).expect("two").months, revenue[3..5]);
        assert_eq!(documents(&engine, "ahead", BillKind::Statement).len(), 12);
        assert!(documents(&engine, "ahead", BillKind::Bill).is_empty());
    }
}

both! {
    /// The engine was down for a quarter: each month has its own bill, of its own day, and none is issued twice.
    fn months_that_nobody_looked_at_close_one_by_one(bed: &Bed) {
        let engine = opened(bed);
        open(&engine, "later", Some(Pay::Postpaid));
        for month in 1..=3 {
            let day = if month == 1 { 12 } else { 5 };
            let time = format!("2026-{month:02}-{day:02}T10:00:00Z");
            engine.clock().advance_to(at(&time));
            used(&engine, ("one", "later"), &time, 100 * month, Some(&time));
        }
        engine.clock().advance_to(at("2026-04-20T00:00:00Z"));
        engine.run_due().expect("what is due happens");
        engine.run_due().expect("once");
        let bills = documents(&engine, "later", BillKind::Bill);
        let of: Vec<(String, i64)> = bills.iter().map(|bill| (Instant::from_micros(bill.issued).to_string(), bill.total)).collect();
        let cents = usd("0.01").units();
        let expected = [("2026-02-03T00:00:00Z", 100), ("2026-03-03T00:00:00Z", 200), ("2026-04-03T00:00:00Z", 300)];
        assert_eq!(of, expected.map(|(issued, total)| (issued.to_owned(), total * cents)));
        proven(&engine);
    }
}

both! {
    /// One whose sums cannot be read is parked and told of; everybody else has a bill, and so has it once that is mended.
    fn one_that_is_stuck_holds_nobody_up(bed: &Bed) {
        let engine = opened(bed);
        for account in ["anna", "ben", "cara"] {
            open(&engine, account, Some(Pay::Postpaid));
            used(&engine, ("one", account), account, 100, Some("2026-01-10T08:00:00Z"));
        }
        go_to(&engine, "2026-02-02T12:00:00Z");
        let spoilt = |text: &'static str| {
            engine
                .store()
                .write("spoils", move |tx| {
                    let ben = tx.payer_by_name("one", "ben")?.expect("an account").id.0;
                    let sql = match text {
                        "" => "UPDATE billing SET waiting = substr(waiting, 2) WHERE account = $1",
                        _ => "UPDATE billing SET waiting = 'x' || waiting WHERE account = $1",
                    };
                    tx.execute(sql, &[ben.into()])
                })
                .expect("one row")
        };
        spoilt("x");
        go_to(&engine, "2026-02-03T00:00:00Z");
        let has = |account: &str| documents(&engine, account, BillKind::Bill).len();
        assert_eq!((has("anna"), has("ben"), has("cara")), (1, 0, 1));
        let parked = read(&engine, |tx| {
            let ben = tx.payer_by_name("one", "ben")?.expect("an account").id;
            Ok(tx.payer_states(&[ben])?.remove(0).parked)
        });
        assert!(parked.starts_with("its billing period cannot be closed"), "{parked}");
        spoilt("");
        engine.retry_parked("one", "ben").expect("it is settled again");
        engine.run_due().expect("what is due happens");
        assert_eq!(has("ben"), 1);
        proven(&engine);
    }
}

both! {
    /// What waits and what a document says are named where somebody changes them.
    fn verify_adds_up_again_what_documents_are_about(bed: &Bed) {
        let engine = opened(bed);
        open(&engine, "anna", Some(Pay::Postpaid));
        used(&engine, ("one", "anna"), "1", 100, Some("2026-01-10T08:00:00Z"));
        go_to(&engine, "2026-02-03T00:00:00Z");
        used(&engine, ("one", "anna"), "2", 100, Some("2026-02-02T00:00:00Z"));
        go_to(&engine, "2026-03-01T00:00:00Z");
        proven(&engine);
        let found = tampered(&engine, |tx| tx.execute("UPDATE billing SET waiting = ''", &[]));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|(row, _)| row.starts_with("billing ")), "{found:?}");
        let found = tampered(&engine, |tx| tx.execute("UPDATE billing SET apart = 'api:5'", &[]));
        assert!(found[0].1.ends_with("unbilled"), "{found:?}");
        let found = tampered(&engine, |tx| tx.execute("UPDATE bill_cut SET used = ''", &[]));
        assert!(found[0].1.contains("seal"), "{found:?}");
        assert!(found[1].1.contains("differs by"), "{found:?}");
    }
}

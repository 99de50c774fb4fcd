//! What is open, and what was charged, is what facts and events come to: whatever of it is changed is named.

use crate::support::{self, Bed, START, at, cloud, later, proven, start, told, usd, use_of};
use farthing_core::settle::Posted;
use farthing_engine::{Engine, NewAccount, Reported};
use farthing_store::{OpenRow, StoreError, Tx};

/// Two days of a machine and of calls, one of them late, and a correction that waits.
fn two_days(bed: &Bed) -> Engine {
    let engine = bed.engine(0, at(START));
    cloud(&engine, "one", &["acme", "beta"]);
    cloud(&engine, "two", &["acme"]);
    for (cloud, account, machine) in [("one", "acme", "web"), ("one", "beta", "api"), ("two", "acme", "web")] {
        engine.top_up(cloud, account, usd("100.00"), None).expect("booked");
        start(&engine, cloud, machine, account);
    }
    for (turn, hours) in [(0, 1), (1, 20), (2, 30)] {
        engine.advance(later(hours * 3_600)).expect("time goes by");
        let event =
            use_of("acme", &format!("call-{turn}"), ("calls", 100), Some(later((hours - i64::from(turn)) * 3_600)));
        engine.record_usage("one", vec![event]).expect("taken");
    }
    told(&engine, "one", "web", Some(later(3_600)), Reported::Stop).expect("recorded");
    told(&engine, "one", "web", Some(later(5_400)), Reported::Resume).expect("recorded");
    engine.advance(later(40 * 3_600 + 1_800)).expect("time goes by");
    told(&engine, "one", "web", Some(later(3_660)), Reported::Resume).expect("recorded");
    proven(&engine);
    assert_eq!(engine.check_open().expect("it is worked out"), []);
    engine
}

/// Changes something past the engine, and says which rows are named then.
fn named(engine: &Engine, change: impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static) -> Vec<String> {
    engine.store().write("tamper", move |tx| change(tx)).expect("it is changed");
    let findings = engine.check_open().expect("it is worked out");
    findings.into_iter().map(|finding| finding.row).collect()
}

fn change_open(tx: &mut Tx<'_>, change: impl Fn(&OpenRow) -> Option<OpenRow>) -> Result<(), StoreError> {
    let payer = tx.payer_by_name("one", "acme")?.expect("the account");
    let rows = tx.open_charges(&[payer.id])?;
    let changed: Vec<OpenRow> = rows.iter().filter_map(change).collect();
    assert!(!changed.is_empty(), "{rows:?}");
    tx.open_charges_write(&changed)
}

both! {
    fn a_line_that_was_changed_is_named(bed: &Bed) {
        type Change = fn(OpenRow) -> OpenRow;
        let changes: [Change; 5] = [
            |row| OpenRow { slope: row.slope + 1, ..row },
            |row| OpenRow { total: row.total + 1_000_000, ..row },
            |row| OpenRow { done: (row.done.0 + 1, row.done.1), ..row },
            |row| OpenRow { base: Some((0, -1)), ..row },
            |row| OpenRow { at: later(3_000), ..row },
        ];
        let engine = two_days(bed);
        for change in changes {
            let runs = |row: &OpenRow| row.slope > 0 && row.id.began == 0;
            let before = support::read(&engine, |tx| {
                let payer = tx.payer_by_name("one", "acme")?.expect("the account");
                tx.open_charges(&[payer.id])
            });
            let rows = named(&engine, move |tx| change_open(tx, |row| runs(row).then(|| change(row.clone()))));
            assert_eq!(rows.len(), 1, "{rows:?}");
            assert!(rows[0].starts_with("open_charge "), "{rows:?}");
            assert_eq!(named(&engine, move |tx| tx.open_charges_write(&before)), [""; 0]);
        }
    }
}

both! {
    fn a_line_too_many_and_one_too_few_are_named(bed: &Bed) {
        let engine = two_days(bed);
        let rows = named(&engine, |tx| {
            let payer = tx.payer_by_name("one", "beta")?.expect("the account");
            let lines: Vec<_> = tx.open_charges(&[payer.id])?.into_iter().map(|row| (payer.id, row.id)).collect();
            tx.open_charges_delete(&lines)
        });
        assert_eq!(rows.len(), 1, "{rows:?}");
        let rows = named(&engine, |tx| {
            let (from, to) = (tx.payer_by_name("one", "acme")?.expect("one").id, tx.payer_by_name("one", "beta")?.expect("two").id);
            let copies: Vec<_> = tx.open_charges(&[from])?.into_iter().map(|row| OpenRow { account: to, ..row }).collect();
            tx.open_charges_write(&copies)
        });
        assert!(!rows.is_empty());
    }
}

both! {
    fn a_total_that_is_not_its_events_is_named(bed: &Bed) {
        let engine = two_days(bed);
        let rows = named(&engine, |tx| {
            change_open(tx, |row| (row.id.began > 0).then(|| OpenRow { total: row.total + 1, ..row.clone() }))
        });
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert!(rows[0].ends_with("(api)"), "{rows:?}");
    }
}

both! {
    /// Of the use of a day that is sealed: what is below the open part is what was charged.
    fn a_base_that_is_not_what_was_charged_is_named(bed: &Bed) {
        let engine = two_days(bed);
        let rows = named(&engine, |tx| {
            let base = |row: &OpenRow| row.base.map(|(list, net)| (list - 1, net - 1));
            change_open(tx, |row| (row.id.began > 0 && row.base.is_some()).then(|| OpenRow { base: base(row), ..row.clone() }))
        });
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert!(rows[0].starts_with("charges "), "{rows:?}");
    }
}

both! {
    /// What was posted is proven by the ledger; what is said to be settled to a day to come would never be settled again.
    fn what_was_posted_is_named(bed: &Bed) {
        let engine = two_days(bed);
        let change_posted = |change: fn(Posted) -> Posted| move |tx: &mut Tx<'_>| {
            let payer = tx.payer_by_name("one", "acme")?.expect("the account");
            let rows = tx.posted(&[payer.id])?;
            assert!(!rows.is_empty());
            tx.posted_write(&rows.into_iter().map(|(id, product, row)| (id, product, change(row))).collect::<Vec<_>>())
        };
        let rows = named(&engine, change_posted(|row| Posted { settled_to: Some(later(90 * 86_400)), ..row }));
        assert!(!rows.is_empty() && rows.iter().all(|row| row.starts_with("posted ")), "{rows:?}");
        assert_eq!(named(&engine, change_posted(|row| Posted { settled_to: Some(later(0)), ..row })), [""; 0]);
        named(&engine, change_posted(|row| Posted { paid: row.paid.iter().map(|(from, part)| (*from, part + 1)).collect(), ..row }));
        let found = support::read(&engine, |tx| tx.audit()).findings;
        assert!(!found.is_empty() && found.iter().all(|found| found.row.starts_with("posted ")), "{found:?}");
    }
}

both! {
    /// The greatest of a month is kept with every value it was found among.
    fn a_value_or_its_total_that_was_changed_is_named(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let catalog = "[[meter]]\nid = \"seats\"\nunit = \"seat\"\naggregate = \"max\"\n[[product]]\nid = \"desk\"\nname = \"Desk\"\nkind = \"usage\"\nmeter = \"seats\"\nprice = \"1.00 / seat\"\n";
        support::apply(&engine, "one", &support::policy("one"), catalog);
        engine.open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() }).expect("it opens");
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        for (turn, seats) in [(0, 3), (1, 7), (2, 5)] {
            engine.advance(later(turn * 20 * 86_400)).expect("time goes by"); // one of them closes April
            let event = use_of("acme", &format!("seats-{turn}"), ("seats", seats), None);
            engine.record_usage("one", vec![event]).expect("taken");
        }
        proven(&engine);
        assert_eq!(engine.check_open().expect("it is worked out"), []);
        let rows = named(&engine, |tx| change_open(tx, |row| Some(OpenRow { total: row.total + 1, ..row.clone() })));
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert!(rows[0].starts_with("open_charge "), "{rows:?}");
        named(&engine, |tx| change_open(tx, |row| Some(OpenRow { total: row.total - 1, ..row.clone() })));
        let rows = named(&engine, |tx| {
            tx.execute("UPDATE usage_value SET value = value * 2", &[])?;
            Ok(())
        });
        assert_eq!(rows.len(), 2, "April's charge, and May's total: {rows:?}");
    }
}

both! {
    /// A fact taken out leaves every seal as it is; what it came to does not.
    fn a_fact_that_was_taken_out_is_missed(bed: &Bed) {
        let engine = two_days(bed);
        let rows = named(&engine, |tx| {
            tx.execute("DELETE FROM fact WHERE what = 'stop'", &[])?;
            Ok(())
        });
        proven(&engine);
        assert!(rows.iter().any(|row| row.starts_with("charge ")), "{rows:?}");
    }
}

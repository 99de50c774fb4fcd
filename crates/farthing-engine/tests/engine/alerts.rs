//! Warnings about an account's money, on both stores: once a crossing, whoever looks and however often.

use crate::support::{Bed, CATALOG, START, apply, at, dollars, later, policy, proven, read, start, told, usd};
use farthing_core::alert::Wish;
use farthing_core::id::HoldId;
use farthing_core::policy::Pay;
use farthing_core::time::Instant;
use farthing_engine::{AlertChange, Engine, NewAccount, NewCapture, NewHold, NewWallet, Reported, Waiver};
use farthing_store::{ChargeFilter, MessageFilter};
use std::sync::Barrier;

const LOW: &str = "account.balance_low";
const RUNWAY: &str = "account.runway_short";
const COST: &str = "account.month_cost_passed";

fn bed_of(engine: &Engine, alerts: &str, accounts: &[&str]) {
    apply(engine, "one", &format!("{}\n[alerts]\n{alerts}\n", policy("one")), CATALOG);
    for account in accounts {
        engine
            .open_account("one", &NewAccount { name: (*account).to_owned(), ..NewAccount::default() })
            .expect("it opens");
    }
}

/// What was told of a kind, oldest first: when it happened, and what it says.
fn heard(engine: &Engine, kind: &str) -> Vec<(Instant, String)> {
    let filter = MessageFilter { kind: Some(kind.to_owned()), account: None };
    let mut rows = read(engine, |tx| tx.messages("one", &filter, i64::MAX, 100));
    rows.sort_by_key(|row| row.number);
    rows.into_iter().map(|row| (row.at, row.data)).collect()
}

fn times(engine: &Engine, kind: &str) -> Vec<Instant> {
    heard(engine, kind).into_iter().map(|(at, _)| at).collect()
}

fn low(threshold: Wish) -> AlertChange {
    AlertChange { low_balance: Some(threshold), ..AlertChange::default() }
}

const HOUR: i64 = 3_600;

both! {
    /// 20.00 at a dollar an hour: 10.00 are left after ten hours, less a second later.
    fn once_a_crossing_at_its_second_however_often_it_is_looked_at(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        bed_of(&engine, "low_balance = \"10.00\"", &["acme"]);
        assert_eq!(heard(&engine, LOW), [], "who has just come has not fallen");
        engine.top_up("one", "acme", usd("20.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        engine.advance(later(10 * HOUR)).expect("time goes by");
        assert_eq!(heard(&engine, LOW), [], "exactly the threshold");
        engine.advance(later(15 * HOUR)).expect("time goes by");
        let crossed = later(10 * HOUR + 1);
        assert_eq!(times(&engine, LOW), [crossed]);
        for _ in 0..3 {
            engine.run_due().expect("run");
            engine.run_tick(later(15 * HOUR)).expect("settled");
            assert_eq!(times(&engine, LOW), [crossed]);
        }
        // 5.00 are left; 9.99 after more came, then 10.00, which arms it.
        engine.top_up("one", "acme", usd("4.99"), None).expect("booked");
        engine.advance(later(15 * HOUR + 1)).expect("time goes by");
        assert_eq!(times(&engine, LOW).len(), 1);
        engine.top_up("one", "acme", usd("1.01"), None).expect("booked");
        engine.advance(later(20 * HOUR)).expect("time goes by");
        assert_eq!(times(&engine, LOW), [crossed, later(16 * HOUR + 1)], "11.00 at the fifteenth hour");
        proven(&engine);
    }
}

both! {
    fn who_was_away_tells_once_what_is_so_now(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        bed_of(&engine, "low_balance = \"10.00\"\nrunway_days = 1", &["acme"]);
        engine.top_up("one", "acme", usd("110.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        engine.advance(later(HOUR)).expect("time goes by");
        // Away for 104 hours, three ends of days and both crossings among them.
        engine.clock().advance_to(later(105 * HOUR));
        engine.run_due().expect("run");
        engine.run_due().expect("run again");
        assert_eq!((times(&engine, LOW), times(&engine, RUNWAY)), (vec![later(105 * HOUR)], vec![later(105 * HOUR)]));
        assert!(heard(&engine, LOW)[0].1.contains("\"left\":\"5.00\""), "{:?}", heard(&engine, LOW));
        engine.advance(later(129 * HOUR - 1)).expect("time goes by");
        assert_eq!(times(&engine, RUNWAY).len(), 1);
        engine.advance(later(129 * HOUR)).expect("time goes by");
        assert_eq!(times(&engine, RUNWAY), [later(105 * HOUR), later(129 * HOUR)], "a day after the last");
        assert_eq!(times(&engine, LOW).len(), 1);
        proven(&engine);
    }
}

both! {
    fn a_setting_that_is_changed_while_it_is_low(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        bed_of(&engine, "low_balance = \"10.00\"", &["acme", "beta"]);
        engine.top_up("one", "acme", usd("11.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        engine.advance(later(2 * HOUR)).expect("time goes by"); // 9.00
        let count = || times(&engine, LOW).len();
        assert_eq!(count(), 1);
        for threshold in [Wish::At(usd("9.50").units()), Wish::At(usd("50.00").units()), Wish::Off, Wish::AsPolicy] {
            engine.set_alerts("one", "acme", &low(threshold)).expect("set");
            assert_eq!(count(), 1, "{threshold:?}: it was told already");
        }
        let facts = engine.set_alerts("one", "acme", &low(Wish::At(usd("8.00").units()))).expect("set");
        assert_eq!((facts.low_balance, facts.own), (Some(usd("8.00").units()), vec!["low_balance".to_owned()]));
        engine.advance(later(4 * HOUR)).expect("time goes by");
        assert_eq!(times(&engine, LOW)[1..], [later(3 * HOUR + 1)], "the next crossing is of the new one");
        // Above everything, and a threshold above that: it is below, and was not told.
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        engine.set_alerts("one", "acme", &low(Wish::At(usd("200.00").units()))).expect("set");
        assert_eq!(count(), 3);
        // So is a version of the policy.
        engine.top_up("one", "beta", usd("20.00"), None).expect("booked");
        apply(&engine, "one", &format!("{}\n[alerts]\nlow_balance = \"30.00\"\n", policy("one")), CATALOG);
        engine.top_up("one", "beta", usd("1.00"), None).expect("booked");
        assert_eq!(count(), 4);
        for wrong in [low(Wish::At(-1)), AlertChange { runway_days: Some(Wish::At(0)), ..AlertChange::default() }] {
            assert!(engine.set_alerts("one", "acme", &wrong).is_err(), "{wrong:?}");
        }
        proven(&engine);
    }
}

both! {
    /// What only adds to totals is not looked at, as far as it cannot pass anything anybody waits for.
    fn use_is_seen_when_it_passes_what_is_watched(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        bed_of(&engine, "low_balance = \"50.00\"\nmonth_cost = \"60.00\"", &["acme"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        dollars(&engine, "first", 1);
        dollars(&engine, "to-the-threshold", 49);
        assert_eq!((times(&engine, LOW).len(), times(&engine, COST).len()), (0, 0));
        dollars(&engine, "below", 1);
        assert_eq!((times(&engine, LOW).len(), times(&engine, COST).len()), (1, 0));
        dollars(&engine, "to-the-limit", 9);
        assert_eq!((times(&engine, LOW).len(), times(&engine, COST).len()), (1, 0));
        dollars(&engine, "beyond", 1);
        assert_eq!((times(&engine, LOW).len(), times(&engine, COST).len()), (1, 1));
        assert_eq!(engine.check_open().expect("it is worked out"), []);
        // Who pays afterwards has nothing to run out of; what a month costs is seen all the same.
        let later = NewAccount { name: "post".to_owned(), pay: Some(Pay::Postpaid), ..NewAccount::default() };
        engine.open_account("one", &later).expect("it opens");
        start(&engine, "one", "slow", "post");
        engine.advance(at("2026-04-04T00:00:00Z")).expect("time goes by"); // 62 hours
        assert_eq!(times(&engine, LOW).len(), 1);
        assert_eq!(times(&engine, COST)[1..], [at("2026-04-03T22:00:01Z")]);
        proven(&engine);
    }
}

both! {
    /// What is counted along is what reading everything again finds.
    fn the_months_costs_are_counted_along(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        bed_of(&engine, "month_cost = \"1000.00\"", &["acme"]);
        engine.top_up("one", "acme", usd("500.00"), None).expect("booked");
        let id = read(&engine, |tx| tx.payer_by_name("one", "acme")).expect("it is there").id;
        let check = |month: &str, expected: &str| {
            let since = at(month);
            let (counted, charged, captured) = read(&engine, |tx| {
                let counted = tx.alerts_of(&[id])?.pop().and_then(|(_, row)| row.month).expect("it is counted");
                let filter = ChargeFilter { from: Some(since), ..ChargeFilter::default() };
                let charged: i64 = tx.charges_of(id, &filter)?.iter().map(|row| row.net).sum();
                Ok((counted, charged, tx.captured_since(id, since)?))
            });
            assert_eq!((counted.since, counted.units), (since, charged + captured));
            assert_eq!(counted.units, usd(expected).units());
        };
        start(&engine, "one", "web", "acme");
        engine.advance(later(38 * HOUR)).expect("time goes by");
        check("2026-04-01T00:00:00Z", "38.00"); // 14 and 24 hours
        // It was off for an hour that is sealed, and something is waived.
        told(&engine, "one", "web", Some(later(3 * HOUR)), Reported::Stop).expect("a fact");
        told(&engine, "one", "web", Some(later(4 * HOUR)), Reported::Resume).expect("a fact");
        engine.advance(later(62 * HOUR)).expect("time goes by"); // what is more waits for the day's end
        check("2026-04-01T00:00:00Z", "61.00");
        let waiver = Waiver { product: "server".to_owned(), amount: usd("2.00"), reason: "slow".to_owned(), from: None, to: None };
        engine.waive_charge("one", "acme", &waiver).expect("waived");
        check("2026-04-01T00:00:00Z", "59.00");
        // What is captured of a hold is no charge, and cost.
        let hold = HoldId::from_bytes([7; 16]);
        let new = NewHold { id: hold, account: "acme".to_owned(), amount: usd("9.00"), product: None, uses: vec![], lasts: None };
        engine.authorise("one", &new).expect("held");
        let capture = NewCapture { id: None, account: "acme".to_owned(), hold, amount: usd("4.00"), product: None, last: true, at: None };
        engine.capture("one", &capture).expect("captured");
        check("2026-04-01T00:00:00Z", "63.00");
        engine.advance(at("2026-05-02T00:00:00Z")).expect("time goes by");
        check("2026-05-01T00:00:00Z", "24.00");
        proven(&engine);
    }
}

both! {
    /// Two processes look at the same second; one of them tells.
    fn whoever_looks_first_tells(bed: &Bed) {
        let engines = [bed.engine(0, at(START)), bed.engine(1, at(START))];
        bed_of(&engines[0], "low_balance = \"10.00\"\nrunway_days = 1\nmonth_cost = \"2.00\"", &["acme"]);
        engines[0].top_up("one", "acme", usd("26.00"), None).expect("booked");
        start(&engines[0], "one", "web", "acme");
        let barrier = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for engine in &engines {
                scope.spawn(|| {
                    engine.clock().advance_to(later(17 * HOUR));
                    barrier.wait();
                    for _ in 0..5 {
                        engine.run_due().expect("run");
                    }
                });
            }
        });
        assert_eq!([LOW, RUNWAY, COST].map(|kind| times(&engines[0], kind).len()), [1, 1, 1]);
        proven(&engines[0]);
    }
}

both! {
    /// A wallet has its own threshold, and is warned of by nothing else.
    fn a_wallet_is_no_account_of_this(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let members = "low_balance = \"10.00\"\nrunway_days = 1\n\n[members]\nwallets = true";
        bed_of(&engine, members, &["acme"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        let wallet = NewWallet {
            account: "acme".to_owned(),
            person: "uma".to_owned(),
            name: None,
            threshold: Some(usd("5.00")),
            stop_on_overdue: Some(true),
            contact: None,
        };
        engine.put_wallet("one", &wallet).expect("it is there");
        engine.fund_wallet("one", "uma", usd("12.00"), None).expect("moved");
        start(&engine, "one", "web", "uma");
        engine.advance(later(11 * HOUR)).expect("time goes by");
        assert_eq!([LOW, RUNWAY].map(|kind| times(&engine, kind).len()), [0, 0]);
        assert_eq!(times(&engine, "wallet.low"), [later(7 * HOUR + 1)]);
        assert!(engine.set_alerts("one", "uma", &low(Wish::Off)).is_err());
        proven(&engine);
    }
}

//! Coupons under pressure and on orders: a hundred are a hundred, what is reserved is used or comes back, and `verify` says what is wrong.

use crate::support::{self, Bed, START, at, cloud, later, proven, read, start, tampered, usd};
use farthing_core::config::Name;
use farthing_engine::{Engine, ForOrder, NewAccount, NewCoupon, RefusalCode, Refused};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

/// With bills, so that coupons wait for them.
fn with_bills(engine: &Engine, accounts: &[&str]) {
    let policy = support::policy("one") + "\n[bill]\non = [\"cycle\"]\nnumber = \"B-{seq:4}\"\n";
    support::apply(engine, "one", &policy, support::CATALOG);
    for account in accounts {
        open(engine, account);
    }
}

fn open(engine: &Engine, account: &str) {
    engine
        .open_account("one", &NewAccount { name: account.to_owned(), ..NewAccount::default() })
        .expect("the account opens");
}

fn make(engine: &Engine, code: &str, change: impl FnOnce(&mut NewCoupon)) {
    let mut coupon = NewCoupon { code: code.to_owned(), percent: Some("20".to_owned()), ..NewCoupon::default() };
    change(&mut coupon);
    engine.make_coupon("one", &coupon).expect("it is made");
}

fn code_of<T: std::fmt::Debug>(answer: Result<T, Refused>) -> RefusalCode {
    answer.expect_err("it is refused").code().expect("by a rule")
}

fn order(id: &str) -> ForOrder {
    let server = Name::parse("server").expect("a name");
    ForOrder { order: id.to_owned(), products: vec![(server, None)], first: false }
}

fn states(engine: &Engine, account: &str) -> Vec<String> {
    let found = engine.redemptions("one", account).expect("its coupons").into_iter();
    found.map(|one| format!("{} {} {}", one.coupon, one.state, one.used)).collect()
}

both! {
    /// A coupon for a hundred, redeemed by a thousand at once in four processes: exactly a hundred have it.
    fn a_hundred_of_a_thousand(bed: &Bed) {
        let first = bed.engine(0, at(START));
        with_bills(&first, &[]);
        make(&first, "HUNDRED", |coupon| coupon.redemptions = Some(100));
        for number in 0..1_000 {
            open(&first, &format!("acc-{number}"));
        }
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, later(60))).collect();
        let (had, refused, barrier) = (AtomicUsize::new(0), AtomicUsize::new(0), Barrier::new(40));
        std::thread::scope(|scope| {
            for thread in 0..40 {
                let (engine, had, refused, barrier) = (&engines[thread % 4], &had, &refused, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for number in (thread..1_000).step_by(40) {
                        match engine.redeem_coupon("one", &format!("acc-{number}"), "hundred") {
                            Ok(_) => had.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                assert_eq!(error.code(), Some(RefusalCode::LimitReached), "{error}");
                                refused.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                });
            }
        });
        assert_eq!((had.into_inner(), refused.into_inner()), (100, 900));
        assert_eq!(first.coupon("one", "HUNDRED").expect("it is there").redeemed, 100);
        let rows = read(&first, |tx| tx.one("SELECT count(*) FROM redemption", &[], |row| row.int(0)));
        assert_eq!(rows, Some(100));
        proven(&first);
    }
}

both! {
    /// One account asks for its one coupon from many sides at once; and a code that is good once is one account's.
    fn once_by_one_account_and_once_by_one_code(bed: &Bed) {
        let first = bed.engine(0, at(START));
        with_bills(&first, &["acme"]);
        make(&first, "OWN", |_| ());
        make(&first, "CARDS", |coupon| coupon.codes = Some("single".to_owned()));
        let codes = first.make_coupon_codes("one", "cards", 100).expect("made");
        assert_eq!(codes.len(), 100);
        let all: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!(all.len(), 100, "no code is made twice");
        for number in 0..20 {
            open(&first, &format!("acc-{number}"));
        }
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, later(60))).collect();
        let (own, card, barrier) = (AtomicUsize::new(0), AtomicUsize::new(0), Barrier::new(20));
        std::thread::scope(|scope| {
            for thread in 0..20 {
                let (engine, own, card, barrier, code) = (&engines[thread % 4], &own, &card, &barrier, &codes[0]);
                scope.spawn(move || {
                    barrier.wait();
                    let had = engine.redeem_coupon("one", "acme", "OWN").is_ok();
                    own.fetch_add(usize::from(had), Ordering::Relaxed);
                    let had = engine.redeem_coupon("one", &format!("acc-{thread}"), code).is_ok();
                    card.fetch_add(usize::from(had), Ordering::Relaxed);
                });
            }
        });
        assert_eq!((own.into_inner(), card.into_inner()), (1, 1));
        // The name of the coupon is no code.
        assert_eq!(code_of(first.redeem_coupon("one", "acme", "CARDS")), RefusalCode::NotFound);
        assert_eq!(code_of(first.redeem_coupon("one", "acme", &codes[0])), RefusalCode::LimitReached);
        first.redeem_coupon("one", "acme", &codes[1].to_lowercase()).expect("another code is free");
        proven(&first);
    }
}

both! {
    /// R16: what is reserved for an order that comes to nothing is given back, its code is free and its count one less.
    fn an_order_that_is_over_gives_its_coupon_back(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        with_bills(&engine, &["acme", "beta"]);
        make(&engine, "ONE", |coupon| {
            (coupon.redemptions, coupon.bills) = (Some(1), Some("2".to_owned()));
            coupon.per_period = Some((1, "1d".to_owned()));
        });
        let first = engine.reserve_coupon_for("one", "acme", "one", &order("ord-1")).expect("reserved");
        assert_eq!(engine.reserve_coupon_for("one", "acme", "one", &order("ord-1")).expect("asked again"), first);
        assert_eq!(states(&engine, "acme"), ["ONE reserved 0"]);
        assert_eq!(code_of(engine.reserve_coupon_for("one", "beta", "ONE", &order("ord-2"))), RefusalCode::LimitReached);
        proven(&engine);

        engine.release_reserved_coupon("one", "ord-1").expect("given back");
        assert_eq!(states(&engine, "acme"), ["ONE released 0"]);
        assert_eq!(engine.coupon("one", "ONE").expect("it is there").redeemed, 0);
        proven(&engine);
        engine.reserve_coupon_for("one", "beta", "ONE", &order("ord-2")).expect("it is free again");
        engine.use_reserved_coupon("one", "ord-2", usd("3.00")).expect("paid");
        assert_eq!(states(&engine, "beta"), ["ONE redeemed 1"]);
        engine.release_reserved_coupon("one", "ord-2").expect("nothing is reserved any more");
        assert_eq!(states(&engine, "beta"), ["ONE redeemed 1"]);
        // Its second use, by the id of its redemption: it is not redeemed again.
        let id = engine.redemptions("one", "beta").expect("its coupons")[0].id.clone();
        engine.reserve_coupon_for("one", "beta", &id, &order("ord-3")).expect("it is good for two");
        engine.release_reserved_coupon("one", "ord-3").expect("given back");
        assert_eq!(states(&engine, "beta"), ["ONE redeemed 1"]);
        engine.reserve_coupon_for("one", "beta", &id, &order("ord-4")).expect("again");
        engine.use_reserved_coupon("one", "ord-4", usd("3.00")).expect("paid");
        assert_eq!(states(&engine, "beta"), ["ONE used_up 2"]);
        assert_eq!(code_of(engine.reserve_coupon_for("one", "beta", "ONE", &order("ord-5"))), RefusalCode::LimitReached);
        proven(&engine);
    }
}

both! {
    /// A coupon is for what it says, and for whom.
    fn a_coupon_for_something_else_is_refused(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        with_bills(&engine, &["acme"]);
        make(&engine, "CALLS", |coupon| coupon.products = vec!["api".to_owned()]);
        make(&engine, "FIRST", |coupon| coupon.first_order = true);
        make(&engine, "FREE", |coupon| (coupon.percent, coupon.free_periods) = (None, Some(2)));
        let refused = |code| code_of(engine.reserve_coupon_for("one", "acme", code, &order("ord-1")));
        assert_eq!((refused("CALLS"), refused("FIRST"), refused("NONE")), (RefusalCode::NotEligible, RefusalCode::NotEligible, RefusalCode::NotFound));
        engine.reserve_coupon_for("one", "acme", "FIRST", &ForOrder { first: true, ..order("ord-1") }).expect("the first order");
        engine.reserve_coupon_for("one", "acme", "FREE", &order("ord-2")).expect("periods of a term");
        for (code, field) in [("X", "code"), ("LONG ENOUGH", "code"), ("NOTHING", "percent")] {
            let coupon = NewCoupon { code: code.to_owned(), percent: Some("0".to_owned()), ..NewCoupon::default() };
            assert_eq!(code_of(engine.make_coupon("one", &coupon)), RefusalCode::Invalid, "{field}");
        }
        let both = NewCoupon { code: "BOTH".to_owned(), percent: Some("5".to_owned()), amount: Some("5.00".to_owned()), ..NewCoupon::default() };
        let told = engine.make_coupon("one", &both).expect_err("refused").to_string();
        assert!(told.contains("must take off a percentage or an amount"), "{told}");
        let unknown = NewCoupon { code: "CATS".to_owned(), percent: Some("5".to_owned()), products: vec!["cat".to_owned()], ..NewCoupon::default() };
        let told = engine.make_coupon("one", &unknown).expect_err("refused").to_string();
        assert!(told.contains("there is no product called \"cat\""), "{told}");
        proven(&engine);
    }
}

both! {
    /// A bill of nothing but what a coupon takes off is a bill all the same: the coupon was used, and nothing is due.
    fn a_bill_that_a_coupon_pays(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        with_bills(&engine, &["acme"]);
        engine.set_pay("one", "acme", Some(farthing_core::policy::Pay::Postpaid)).expect("it pays afterwards");
        make(&engine, "ALL", |coupon| coupon.percent = Some("100".to_owned()));
        engine.redeem_coupon("one", "acme", "ALL").expect("redeemed");
        start(&engine, "one", "web", "acme");
        engine.advance(later(7_200)).expect("time passes");
        let bill = engine.bill_now("one", "acme").expect("billed").bill.expect("a bill");
        assert_eq!((bill.total, bill.due, bill.state.as_str()), (0, 0, "paid")); // 2 h x 1.00, less 100%
        assert_eq!(bill.coupons, [("ALL".to_owned(), usd("2.00").units())]);
        assert_eq!(states(&engine, "acme"), ["ALL used_up 1"]);
        proven(&engine);
    }
}

both! {
    /// `verify` names what does not fit.
    fn what_was_changed_is_named(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        make(&engine, "FIVE", |coupon| (coupon.percent, coupon.amount) = (None, Some("5.00".to_owned())));
        engine.redeem_coupon("one", "acme", "FIVE").expect("it becomes credit");
        proven(&engine);
        let first = |change: fn(&mut farthing_store::Tx<'_>) -> Result<u64, farthing_store::StoreError>| {
            let found = tampered(&engine, change);
            found.first().map(|(row, what)| format!("{}: {what}", row.split(' ').next().unwrap_or_default())).unwrap_or_default()
        };
        let sealed = "it is not what was written: its seal does not fit";
        assert_eq!(first(|tx| tx.execute("UPDATE redemption SET used = 0", &[])), format!("redemption: {sealed}"));
        assert_eq!(first(|tx| tx.execute("UPDATE redemption SET terms = 'code = \"FIVE\"'", &[])), format!("redemption: {sealed}"));
        assert_eq!(first(|tx| tx.execute("UPDATE coupon_use SET amount = 1", &[])), format!("coupon_use: {sealed}"));
        assert_eq!(first(|tx| tx.execute("UPDATE coupon SET terms = replace(terms, '5', '6')", &[])), format!("coupon: {sealed}"));
        assert_eq!(first(|tx| tx.execute("DELETE FROM coupon_use", &[])), "redemption: it was used another number of times than it says");
        let counts = "coupon_count: it counts another number than there are redemptions";
        assert_eq!(first(|tx| tx.execute("UPDATE coupon_count SET redeemed = 2", &[])), counts);
        assert_eq!(first(|tx| tx.execute("DELETE FROM coupon_count", &[])), "coupon: it was redeemed, and nothing counts it");
    }
}

//! Money that must move once, and only its owner's: top-ups, grants and holds, asked again, late, and by others.

use crate::support::{self, Bed, CATALOG, START, apply, at, cloud, later, policy, proven, read, start, told, usd};
use farthing_core::id::HoldId;
use farthing_core::ledger::Kind;
use farthing_core::time::Duration;
use farthing_engine::{
    Engine, NewAccount, NewCapture, NewGrant, NewHold, NewWallet, RefusalCode, Refused, Reported, Waiver,
};

fn balance(engine: &Engine, cloud: &str, account: &str) -> String {
    let now = engine.now().expect("the clock");
    let view = engine.account_view(cloud, account, now).expect("the account");
    farthing_core::money::Money::from_units(view.figures.balance, view.currency).plain()
}

fn code<T: std::fmt::Debug>(refused: Result<T, Refused>) -> Option<RefusalCode> {
    refused.expect_err("it is refused").code()
}

fn hold(name: &[u8], account: &str, amount: &str) -> NewHold {
    NewHold {
        id: HoldId::derive(at(START), &[name]),
        account: account.to_owned(),
        amount: usd(amount),
        product: None,
        uses: Vec::new(),
        lasts: Some(Duration::from_seconds(3_600)),
    }
}

fn taken(account: &str, hold: HoldId, amount: &str, last: bool) -> NewCapture {
    NewCapture { id: None, account: account.to_owned(), hold, amount: usd(amount), product: None, last, at: None }
}

fn gift(name: &str, account: &str, amount: &str) -> NewGrant {
    NewGrant {
        name: name.to_owned(),
        account: account.to_owned(),
        amount: usd(amount),
        products: Vec::new(),
        priority: 0,
        starts: None,
        expires: None,
        reason: None,
    }
}

both! {
    fn a_top_up_is_booked_once_however_late_it_is_asked_again(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "beta"]);
        cloud(&engine, "two", &["acme"]);
        start(&engine, "one", "web", "acme");
        engine.advance(later(7_200)).expect("time goes by");
        engine.top_up("one", "acme", usd("10.00"), Some("pay_1")).expect("booked");
        assert_eq!(balance(&engine, "one", "acme"), "8.00");
        engine.advance(later(7_300)).expect("time goes by");
        engine.top_up("one", "acme", usd("10.00"), Some("pay_1")).expect("it is there");
        engine.advance(later(30 * 86_400)).expect("time goes by");
        let before = balance(&engine, "one", "acme");
        engine.top_up("one", "acme", usd("10.00"), Some("pay_1")).expect("it is there");
        assert_eq!(balance(&engine, "one", "acme"), before);
        assert_eq!(code(engine.top_up("one", "acme", usd("11.00"), Some("pay_1"))), Some(RefusalCode::IdReused));
        assert_eq!(code(engine.top_up("one", "beta", usd("10.00"), Some("pay_1"))), Some(RefusalCode::IdReused));
        // Another cloud's payments are no concern of this one's.
        engine.top_up("two", "acme", usd("3.00"), Some("pay_1")).expect("booked");
        assert_eq!(balance(&engine, "two", "acme"), "3.00");
        proven(&engine);
    }
}

both! {
    fn a_grant_is_given_once_lapsed_or_not(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let welcome = NewGrant { expires: Some(later(3_600)), ..gift("welcome", "acme", "5.00") };
        engine.grant_credit("one", &welcome).expect("given");
        engine.grant_credit("one", &welcome).expect("it is there");
        assert_eq!(balance(&engine, "one", "acme"), "5.00");
        engine.advance(later(86_400)).expect("time goes by");
        assert_eq!(balance(&engine, "one", "acme"), "0.00");
        engine.grant_credit("one", &welcome).expect("it was given");
        assert_eq!(code(engine.grant_credit("one", &gift("welcome", "acme", "5.00"))), Some(RefusalCode::Conflict));
        assert_eq!(balance(&engine, "one", "acme"), "0.00");
        proven(&engine);
    }
}

both! {
    fn a_hold_is_nobody_elses(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "beta"]);
        cloud(&engine, "two", &["thief"]);
        engine.top_up("one", "acme", usd("10.00"), None).expect("booked");
        let held = hold(b"h", "acme", "6.00");
        engine.authorise("one", &held).expect("it is there to be held");
        for (cloud, account) in [("two", "thief"), ("one", "beta")] {
            let answer = engine.capture(cloud, &taken(account, held.id, "1.00", false));
            assert_eq!(code(answer), Some(RefusalCode::NotFound), "{cloud} {account}");
            assert_eq!(code(engine.release(cloud, account, held.id)), Some(RefusalCode::NotFound), "{cloud} {account}");
        }
        assert_eq!(code(engine.hold_facts("two", held.id)), Some(RefusalCode::NotFound));
        assert_eq!(engine.hold_facts("one", held.id).expect("it is there").account, "acme");
        assert_eq!(balance(&engine, "one", "acme"), "10.00");
        // Asked again, and later, it is the same hold; with another amount it is not.
        engine.advance(later(60)).expect("time goes by");
        engine.grant_credit("one", &gift("more", "acme", "1.00")).expect("given");
        engine.authorise("one", &held).expect("it is there");
        assert_eq!(code(engine.authorise("one", &NewHold { amount: usd("7.00"), ..held.clone() })), Some(RefusalCode::IdReused));
        let euros = farthing_core::money::Currency::parse("EUR").expect("a currency");
        let euros = farthing_core::money::Money::from_units(100, euros);
        assert_eq!(code(engine.authorise("one", &NewHold { amount: euros, ..hold(b"e", "acme", "1.00") })), Some(RefusalCode::Invalid));
        assert_eq!(code(engine.capture("one", &NewCapture { amount: euros, ..taken("acme", held.id, "1.00", false) })), Some(RefusalCode::Invalid));
        proven(&engine);
    }
}

both! {
    /// Whoever has not heard the answer asks again: the work is paid once.
    fn a_capture_is_booked_once(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.grant_credit("one", &gift("welcome", "acme", "2.00")).expect("given");
        engine.top_up("one", "acme", usd("10.00"), None).expect("booked");
        let held = hold(b"h", "acme", "6.00");
        engine.authorise("one", &held).expect("it is there to be held");
        let first = NewCapture { id: Some("first".to_owned()), ..taken("acme", held.id, "3.00", false) };
        let last = NewCapture { id: Some("last".to_owned()), ..taken("acme", held.id, "1.00", true) };
        for _ in 0..2 {
            engine.capture("one", &first).expect("captured, or there");
            assert_eq!(balance(&engine, "one", "acme"), "9.00");
        }
        for again in [&last, &last, &first] {
            engine.capture("one", again).expect("captured, or there, though the hold is closed by now");
            assert_eq!(balance(&engine, "one", "acme"), "8.00");
        }
        let other = NewCapture { amount: usd("2.00"), ..last.clone() };
        assert_eq!(code(engine.capture("one", &other)), Some(RefusalCode::IdReused));
        assert_eq!(code(engine.capture("one", &taken("acme", held.id, "1.00", false))), Some(RefusalCode::HoldClosed));
        let tomorrow = NewCapture { at: Some(later(86_400)), ..first };
        assert_eq!(code(engine.capture("one", &tomorrow)), Some(RefusalCode::Invalid));
        proven(&engine);
    }
}

both! {
    /// What a day has cost is sealed on the way to the hold or its capture; neither may take the same money.
    fn a_hold_finds_the_days_before_it_booked(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &policy("one").replace("every = \"1h\"", "every = \"day\""), support::CATALOG);
        engine.open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() }).expect("it opens");
        engine.top_up("one", "acme", usd("20.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        let held = NewHold { lasts: Some(Duration::from_seconds(40 * 3_600)), ..hold(b"h", "acme", "6.00") };
        engine.authorise("one", &held).expect("it is there to be held");
        engine.clock().advance_to(later(15 * 3_600)); // past midnight, and nobody has looked: 14.00 are to be sealed
        engine.capture("one", &taken("acme", held.id, "6.00", true)).expect("captured");
        assert_eq!(balance(&engine, "one", "acme"), "0.00");
        engine.clock().advance_to(later(40 * 3_600));
        assert_eq!(code(engine.authorise("one", &hold(b"i", "acme", "1.00"))), Some(RefusalCode::InsufficientBalance));
        engine.run_due().expect("it is settled");
        assert_eq!(balance(&engine, "one", "acme"), "-24.00");
        proven(&engine);
    }
}

both! {
    /// Free credit is no income of money, taken by a capture or otherwise; and it lapses when its last hold is over.
    fn credit_under_a_hold(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.grant_credit("one", &NewGrant { expires: Some(later(1_800)), ..gift("welcome", "acme", "5.00") }).expect("given");
        engine.top_up("one", "acme", usd("10.00"), None).expect("booked");
        let held = NewHold { lasts: Some(Duration::from_seconds(10 * 3_600)), ..hold(b"h", "acme", "4.00") };
        engine.authorise("one", &held).expect("it is there to be held");
        engine.capture("one", &taken("acme", held.id, "1.00", false)).expect("captured");
        let sum = |code: &str| read(&engine, |tx| {
            let usd = tx.commodities()?[0].id;
            tx.books_sum("one", code, usd)
        });
        let cents = 1_000_000_i128;
        assert_eq!((sum("promo-open"), sum("promo-used"), sum("revenue/authorised")), (-400 * cents, -100 * cents, 100 * cents));
        engine.advance(later(9 * 3_600)).expect("time goes by");
        let left = || read(&engine, |tx| {
            let payer = tx.payer_by_name("one", "acme")?.expect("the account");
            Ok(tx.lot_by_name(payer.id, "welcome")?.map(|lot| (lot.lapsed, lot.balance)))
        });
        assert_eq!(left(), Some((false, 4 * 100_000_000)), "a hold keeps it");
        engine.advance(later(11 * 3_600)).expect("time goes by");
        assert_eq!(left(), Some((true, 0)), "the hold has ended by itself, and it with it");
        assert_eq!(sum("promo-open"), 0);
        let moved = read(&engine, |tx| {
            let mut kinds = Vec::new();
            tx.transfers_each(|entry| {
                kinds.push(entry.kind);
                Ok(())
            })?;
            Ok(kinds)
        });
        assert_eq!(moved.iter().filter(|kind| **kind == Kind::UsageCaptured).count(), 2, "{moved:?}");
        proven(&engine);
    }
}

both! {
    fn the_clouds_own_books_are_no_account(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let books = NewAccount { name: "books".to_owned(), ..NewAccount::default() };
        assert_eq!(code(engine.open_account("one", &books)), Some(RefusalCode::Invalid));
        proven(&engine);
    }
}

both! {
    /// Nobody has looked at the account since before midnight: what is sealed on the way to a fact is there to be corrected by it.
    fn a_late_fact_finds_the_day_that_is_sealed_with_it(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        engine.clock().advance_to(later(20 * 3_600)); // six in the morning
        support::told(&engine, "one", "web", Some(later(4 * 3_600)), farthing_engine::Reported::Stop).expect("recorded");
        let asked = farthing_engine::ChargeQuestion::default();
        let cost = |engine: &Engine| engine.charges_sum("one", "acme", &asked, later(20 * 3_600)).expect("its charges");
        assert_eq!(cost(&engine).plain(), "4.00", "not 14.00, nor 18.00");
        engine.run_due().expect("it is settled");
        engine.run_tick(later(20 * 3_600)).expect("it is settled");
        assert_eq!(balance(&engine, "one", "acme"), "96.00");
        proven(&engine);
    }
}

fn waiver(amount: &str) -> Waiver {
    Waiver { product: "server".to_owned(), amount: usd(amount), reason: "it was slow".to_owned(), from: None, to: None }
}

both! {
    /// Two operators at once: together they never waive more than it cost.
    fn two_waivers_never_exceed_the_charge(bed: &Bed) {
        let first = bed.engine(0, at(START));
        cloud(&first, "one", &["acme"]);
        first.top_up("one", "acme", usd("20.00"), None).expect("booked");
        start(&first, "one", "web", "acme");
        first.advance(later(36_000)).expect("time goes by");
        told(&first, "one", "web", None, Reported::Stop).expect("it stops");
        first.advance(later(86_400)).expect("the day is over"); // 10.00
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, later(86_400))).collect();
        let barrier = std::sync::Barrier::new(engines.len());
        let waived: usize = std::thread::scope(|scope| {
            let asked: Vec<_> = engines.iter().map(|engine| scope.spawn(|| {
                barrier.wait();
                (0..3).filter(|_| match engine.waive_charge("one", "acme", &waiver("3.00")) {
                    Ok(_) => true,
                    Err(refused) => {
                        assert_eq!(refused.code(), Some(RefusalCode::AboveMaximum), "{refused}");
                        false
                    }
                }).count()
            })).collect();
            asked.into_iter().map(|asked| asked.join().expect("it answers")).sum()
        });
        assert_eq!(waived, 3, "3 x 3.00 of 10.00");
        assert_eq!(balance(&first, "one", "acme"), "19.00");
        let rest = first.waive_charge("one", "acme", &waiver("1.00")).expect("what is left");
        assert_eq!((rest.charges, rest.left), (1, 0));
        assert_eq!(balance(&first, "one", "acme"), "20.00");
        proven(&first);
        assert_eq!(first.check_open().expect("it can be worked out"), []);
    }
}

both! {
    /// Of a rating period of use that is closed, by parts of a window; a price corrected afterwards gives no money twice.
    fn a_waiver_is_of_the_days_asked_for_and_outlives_a_new_price(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        engine.advance(later(3 * 86_400)).expect("time goes by"); // 14 hours of the 1st, then whole days
        let of_the_first = Waiver { to: Some(later(3_600 * 14)), ..waiver("14.00") };
        let more = Waiver { amount: usd("14.01"), ..of_the_first.clone() };
        assert_eq!(code(engine.waive_charge("one", "acme", &more)), Some(RefusalCode::AboveMaximum));
        assert_eq!(engine.waive_charge("one", "acme", &of_the_first).expect("it cost as much").left, 0);
        assert_eq!(code(engine.waive_charge("one", "acme", &Waiver { reason: " ".to_owned(), ..waiver("1.00") })), Some(RefusalCode::Invalid));
        assert_eq!(balance(&engine, "one", "acme"), "42.00"); // 100 - 72 + 14
        let half = support::CATALOG.replace("1.00 / hour", "0.50 / hour");
        let files = farthing_core::policy::Files::from([("cloud.toml".into(), policy("one")), ("catalog.toml".into(), half)]);
        let request = farthing_core::policy::ApplyRequest { files, who: "anna".into(), why: "too dear".into(), starts: None, corrects: Some(1) };
        engine.apply_policy("one", request).expect("it is applied");
        engine.advance(later(3 * 86_400 + 3_600)).expect("time goes by");
        // 73 hours at half the price are 36.50, of which the 7.00 of the first day are waived: 14.00 were.
        assert_eq!(balance(&engine, "one", "acme"), "70.50");
        proven(&engine);
        assert_eq!(engine.check_open().expect("it can be worked out"), []);
    }
}

fn wallet(person: &str, stop_on_overdue: bool) -> NewWallet {
    let (account, person) = ("acme".to_owned(), person.to_owned());
    NewWallet { account, person, name: None, threshold: None, stop_on_overdue: Some(stop_on_overdue), contact: None }
}

both! {
    /// R95: once per id, never more than there is, and everybody at once.
    fn money_moves_into_a_wallet_once(bed: &Bed) {
        let first = bed.engine(0, at(START));
        cloud(&first, "one", &["acme"]);
        first.top_up("one", "acme", usd("10.00"), None).expect("booked");
        assert_eq!(code(first.put_wallet("one", &wallet("uma", true))), Some(RefusalCode::RefusedByPolicy));
        apply(&first, "one", &format!("{}\n[members]\nwallets = true\n", policy("one")), CATALOG);
        first.put_wallet("one", &wallet("uma", true)).expect("opened");
        first.put_wallet("one", &wallet("uma", false)).expect("changed");
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, at(START))).collect();
        let barrier = std::sync::Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for engine in &engines {
                scope.spawn(|| {
                    barrier.wait();
                    for turn in 0..3 {
                        engine.fund_wallet("one", "uma", usd("2.00"), Some(&format!("w{turn}"))).expect("moved by one of us");
                    }
                    // Of the 4.00 that are left only one has its 3.00.
                    if let Err(refused) = engine.fund_wallet("one", "uma", usd("3.00"), None) {
                        assert_eq!(refused.code(), Some(RefusalCode::InsufficientBalance), "{refused}");
                    }
                });
            }
        });
        assert_eq!((balance(&first, "one", "acme"), balance(&first, "one", "uma")), ("1.00".to_owned(), "9.00".to_owned()));
        assert_eq!(code(first.fund_wallet("one", "uma", usd("1.00"), Some("w1"))), Some(RefusalCode::IdReused));
        assert_eq!(code(first.fund_wallet("one", "acme", usd("1.00"), None)), Some(RefusalCode::Invalid));
        assert_eq!(code(first.put_wallet("one", &NewWallet { account: "uma".to_owned(), ..wallet("ben", true) })), Some(RefusalCode::Invalid));
        first.fund_wallet("one", "uma", usd("-4.00"), Some("back")).expect("it was there");
        first.close_account("one", "uma").expect("it closes");
        assert_eq!((balance(&first, "one", "acme"), balance(&first, "one", "uma")), ("10.00".to_owned(), "0.00".to_owned()));
        proven(&first);
        assert_eq!(first.check_open().expect("it can be worked out"), []);
    }
}

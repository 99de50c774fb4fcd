//! Units bought ahead (R8): what was paid is earned as they are used, money takes over from the second they are gone, and what is left lapses.

use crate::support::{Bed, START, apply, at, later, policy, proven, read, told, usd};
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::time::Duration;
use farthing_engine::{Engine, NewResource, NewUnitGift, NewUnits, RefusalCode, Refused, Reported};

/// A hundredth of a unit a second; where money pays, a tenth of a cent.
const CATALOG: &str = r#"
[[product]]
id = "packs"
name = "Packs"
kind = "units"
unit = "gpu-unit"
packs = [{ units = 100, price = "90.00" }, { units = 3, price = "1.00" }]
expires = "24h"

[[product]]
id = "gpu"
name = "GPU"
kind = "running"
units = "36 gpu-units / hour"
[[product.sku]]
id = "alone"
[[product.sku]]
id = "both"
price = "3.60 / hour"
"#;

fn ready(bed: &Bed) -> Engine {
    let engine = bed.engine(0, at(START));
    apply(&engine, "one", &policy("one"), CATALOG);
    for account in ["acme", "beta"] {
        let new = farthing_engine::NewAccount { name: account.to_owned(), ..farthing_engine::NewAccount::default() };
        engine.open_account("one", &new).expect("the account opens");
    }
    engine.top_up("one", "acme", usd("200.00"), Some("first")).expect("booked");
    engine
}

fn buy(engine: &Engine, account: &str, units: i64) -> Result<farthing_engine::UnitLotFacts, Refused> {
    let units = Quantity::from_whole(units).expect("a quantity");
    engine.buy_units("one", &NewUnits { account: account.to_owned(), product: None, units })
}

fn start(engine: &Engine, resource: &str, sku: &str, seconds: Option<i64>) -> Result<farthing_engine::Told, Refused> {
    let new = NewResource {
        account: Some("acme".to_owned()),
        product: Some("gpu".to_owned()),
        sku: Some(sku.to_owned()),
        ..NewResource::default()
    };
    told(engine, "one", resource, seconds.map(later), Reported::Start(new))
}

fn left(engine: &Engine) -> String {
    let now = engine.now().expect("the clock");
    let views = engine.units_view("one", "acme", now).expect("the account");
    views.first().map_or_else(String::new, |view| view.left.to_string())
}

fn missing(engine: &Engine) -> String {
    let now = engine.now().expect("the clock");
    engine.units_view("one", "acme", now).expect("the account")[0].missing.to_string()
}

/// What one of the accounts of the cloud's books, or of acme, has: credits less debits.
fn has(engine: &Engine, owner: &str, code: &str) -> String {
    let rows = read(engine, |tx| {
        let id = match owner {
            "books" => tx.owner_by_name("one", owner)?.expect("it has books").id,
            account => tx.payer_by_name("one", account)?.expect("an account").id,
        };
        tx.accounts_of(id)
    });
    let sum = rows.iter().filter(|row| row.code == code).map(|row| row.account.balance()).sum();
    Money::from_units(sum, usd("0").currency()).plain()
}

fn balance(engine: &Engine) -> String {
    let view = engine.account_view("one", "acme", engine.now().expect("the clock")).expect("the account");
    Money::from_units(view.figures.balance, view.currency).plain()
}

fn code<T: std::fmt::Debug>(refused: Result<T, Refused>) -> Option<RefusalCode> {
    refused.expect_err("it is refused").code()
}

both! {
    fn what_was_paid_is_earned_and_the_rest_is_breakage(bed: &Bed) {
        let engine = ready(bed);
        assert_eq!(code(buy(&engine, "beta", 100)), Some(RefusalCode::InsufficientBalance));
        assert_eq!(code(buy(&engine, "acme", 50)), Some(RefusalCode::Invalid));
        assert_eq!(code(start(&engine, "card", "alone", None)), Some(RefusalCode::InsufficientBalance));
        buy(&engine, "acme", 100).expect("bought");
        assert_eq!((balance(&engine).as_str(), has(&engine, "acme", "deferred/pack-1").as_str()), ("110.00", "90.00"));
        start(&engine, "card", "alone", None).expect("it starts");
        engine.advance(later(1_000)).expect("time goes by");
        assert_eq!(left(&engine), "90");
        told(&engine, "one", "card", None, Reported::Stop).expect("it stops");
        // 10 of 100 units are a tenth of 90.00.
        assert_eq!(has(&engine, "books", "revenue/gpu"), "9.00");
        assert_eq!(has(&engine, "acme", "deferred/pack-1"), "81.00");
        // At the end of the pack nothing can be used any more; an hour later what is told late cannot either.
        engine.advance(later(86_400)).expect("time goes by");
        assert_eq!((left(&engine).as_str(), has(&engine, "books", "breakage").as_str()), ("0", "0.00"));
        // It had run a thousand seconds more: told within the window the pack still pays.
        told(&engine, "one", "card", Some(later(80_000)), Reported::Resume).expect("told late");
        told(&engine, "one", "card", Some(later(81_000)), Reported::Stop).expect("told late");
        assert_eq!(has(&engine, "books", "revenue/gpu"), "18.00");
        engine.advance(later(90_000)).expect("time goes by");
        assert_eq!(has(&engine, "books", "breakage"), "72.00");
        assert_eq!(has(&engine, "acme", "deferred/pack-1"), "0.00");
        // What returns to it now lapses again at once: 1,000 seconds less are 10 units, 9.00.
        told(&engine, "one", "card", Some(later(80_000)), Reported::Stop).expect("told very late");
        assert_eq!((left(&engine).as_str(), has(&engine, "books", "revenue/gpu").as_str()), ("0", "9.00"));
        assert_eq!(has(&engine, "books", "breakage"), "81.00");
        assert_eq!(balance(&engine), "110.00");
        proven(&engine);
        assert_eq!(engine.check_open().expect("it is worked out"), []);
    }
}

both! {
    fn money_takes_over_in_the_second_in_which_units_are_gone(bed: &Bed) {
        let engine = ready(bed);
        buy(&engine, "acme", 3).expect("bought");
        start(&engine, "card", "both", None).expect("it starts");
        start(&engine, "other", "alone", None).expect("it starts");
        engine.advance(later(100)).expect("time goes by");
        assert_eq!((left(&engine).as_str(), balance(&engine).as_str()), ("1", "199.00"));
        // 3 units at 0.02 a second are gone after 150 seconds.
        engine.advance(later(160)).expect("time goes by");
        let view = engine.account_view("one", "acme", later(160)).expect("the account");
        assert_eq!((left(&engine).as_str(), view.figures.accrued), ("0", 1_000_000)); // 10 s x 0.001
        // Units again: no more money from here on.
        buy(&engine, "acme", 100).expect("bought");
        engine.advance(later(200)).expect("time goes by");
        assert_eq!((left(&engine).as_str(), balance(&engine).as_str()), ("99.2", "108.99"));
        // It had stopped while there were none: what it cost in money since goes back, and what it took of units.
        told(&engine, "one", "card", Some(later(155)), Reported::Stop).expect("told late");
        assert_eq!(left(&engine), "99.6");
        engine.advance(later(4_000)).expect("time goes by");
        assert_eq!(balance(&engine), "108.995"); // 5 s x 0.001
        proven(&engine);
        assert_eq!(engine.check_open().expect("it is worked out"), []);
    }
}

both! {
    fn what_no_pack_has_is_missing_and_never_owed(bed: &Bed) {
        let engine = ready(bed);
        buy(&engine, "acme", 3).expect("bought");
        engine.advance(later(2_000)).expect("time goes by");
        start(&engine, "card", "alone", Some(1_000)).expect("it is a fact");
        // 1,000 seconds are 10 units, and 3 were there.
        assert_eq!((left(&engine).as_str(), missing(&engine).as_str()), ("0", "7"));
        assert_eq!(balance(&engine), "199.00");
        engine.advance(later(3_000)).expect("time goes by");
        assert_eq!(missing(&engine), "7"); // no longer counted: it is dry
        proven(&engine);
    }
}

both! {
    fn a_gift_is_given_once_under_its_name_and_again_every_day(bed: &Bed) {
        let engine = ready(bed);
        let gift = NewUnitGift {
            account: "acme".to_owned(),
            name: Some("daily".to_owned()),
            product: Some("packs".to_owned()),
            units: Quantity::from_whole(36).expect("a quantity"),
            expires: None,
            every: Some(Duration::from_seconds(86_400)),
            reason: "part of the plan".to_owned(),
        };
        engine.give_units("one", &gift).expect("given");
        engine.give_units("one", &gift).expect("it is there");
        let other = NewUnitGift { every: None, ..gift.clone() };
        assert_eq!(code(engine.give_units("one", &other)), Some(RefusalCode::Conflict));
        start(&engine, "card", "alone", None).expect("it starts");
        engine.advance(later(1_800)).expect("time goes by");
        assert_eq!(left(&engine), "18");
        engine.advance(later(86_400 + 600)).expect("time goes by");
        assert_eq!(left(&engine), "30"); // 36 again, and 6 of them used
        engine.advance(later(3 * 86_400)).expect("time goes by");
        assert_eq!(left(&engine), "36");
        assert_eq!(has(&engine, "books", "revenue/gpu"), "0.00"); // nobody paid for any of it
        proven(&engine);
    }
}

#[test]
fn verify_names_what_was_changed_of_units() {
    let bed = Bed::sqlite();
    let engine = ready(&bed);
    buy(&engine, "acme", 100).expect("bought");
    start(&engine, "card", "alone", None).expect("it starts");
    engine.advance(later(1_000)).expect("time goes by");
    told(&engine, "one", "card", None, Reported::Stop).expect("it stops");
    proven(&engine);
    let named = |sql: &'static str, row: &str, what: &str| {
        let told = engine.store().write("tampers", move |tx| {
            assert_eq!(tx.execute(sql, &[])?, 1, "one row was changed");
            let findings = tx.audit()?.findings;
            Err::<(), _>(Taken::Back(findings.into_iter().map(|finding| (finding.row, finding.what)).collect()))
        });
        let Err(Taken::Back(found)) = told else { panic!("{told:?}") };
        assert!(found.iter().any(|(found, told)| found.starts_with(row) && told.contains(what)), "{sql}: {found:?}");
    };
    named("UPDATE unit_lot SET size = size + 1000000", "unit_lot", "seal");
    named("UPDATE unit_lot SET paid = paid - 1", "unit_lot", "seal");
    named("UPDATE unit_lot SET expires = NULL", "unit_lot", "seal");
    named("UPDATE unit_use SET paid = replace(paid, ':10000000', ':9999999')", "unit_lot", "its things 9999999");
    named("DELETE FROM unit_use", "unit_lot", "its things 0");
    named("DELETE FROM unit_lot", "ledger_account", "used of no pack");
}

#[derive(Debug)]
enum Taken {
    Back(Vec<(String, String)>),
    #[expect(dead_code, reason = "told by Debug when a test fails")]
    Store(farthing_store::StoreError),
}

impl From<farthing_store::StoreError> for Taken {
    fn from(error: farthing_store::StoreError) -> Taken {
        Taken::Store(error)
    }
}

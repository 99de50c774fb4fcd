//! What is bought ahead, on either store: changes and their undo, pauses, ten renewals at once, who pays twice, what a term earns, and what
//! rows that were changed behind its back make `verify` say.

use crate::support::{Bed, apply, at, policy, proven, read, tampered, usd};
use farthing_core::time::Instant;
use farthing_engine::{
    Engine, Made, NewAccount, NewChange, NewOrder, NewOrderPayment, OrderFacts, PayBillBy, RefusalCode, Refused,
    Wanted, When,
};
use farthing_store::BillKind;
use std::collections::BTreeMap;

const BEGIN: &str = "2026-04-01T00:00:00Z";

const TERMS: &str = r#"
[[product]]
id = "node"
name = "Node"
kind = "term"
period = "1 month"
charge = "advance"
proration = "second"
renew = "renew"
[[product.sku]]
id = "small"
price = "30.00"
[[product.sku]]
id = "large"
price = "60.00"
[[product.addon]]
id = "disk"
name = "Disk"
price = "15.00"

[[product]]
id = "late"
name = "Paid afterwards"
kind = "term"
period = "1 month"
charge = "arrears"
price = "31.00"
"#;

/// Paid off the balance, or billed.
fn opened(bed: &Bed, bills: bool, funds: &str) -> Engine {
    let engine = bed.engine(0, at(BEGIN));
    let more = if bills { "[bill]\non = [\"order\", \"cycle\"]\n" } else { "" };
    let policy = format!("{}\n{more}\n[refund]\nterm = \"unused_time\"\n", policy("one"));
    apply(&engine, "one", &policy, TERMS);
    engine
        .open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() })
        .expect("the account opens");
    if funds != "0" {
        engine.top_up("one", "acme", usd(funds), Some("funds")).expect("it comes in");
    }
    engine
}

fn order(engine: &Engine, name: &str, wanted: Wanted, quantity: i64) -> OrderFacts {
    let new = NewOrder {
        name: name.to_owned(),
        account: Some("acme".to_owned()),
        project: None,
        wanted,
        quantity,
        periods: 1,
        renew: None,
        properties: BTreeMap::new(),
    };
    engine.place_order("one", &new).expect("it is ordered")
}

fn node(sku: &str) -> Wanted {
    Wanted::Product { product: "node".to_owned(), sku: Some(sku.to_owned()) }
}

fn pay(engine: &Engine, order: &str) -> Result<OrderFacts, Refused> {
    let payment = NewOrderPayment {
        order: order.to_owned(),
        by: PayBillBy::Balance,
        coupon: None,
        credit: None,
        keep: false,
        back: String::new(),
    };
    engine.pay_order("one", &payment)
}

/// Ordered, paid and made.
fn running(engine: &Engine, name: &str, sku: &str) {
    order(engine, name, node(sku), 1);
    pay(engine, name).expect("paid");
    engine.order_made("one", name, &Made::It).expect("made");
}

fn change(engine: &Engine, name: &str, change: &NewChange) -> Option<OrderFacts> {
    engine.change_subscription("one", name, change, When::Now).expect("changed").1
}

fn to(sku: &str) -> NewChange {
    NewChange::Plan { sku: Some(sku.to_owned()), quantity: None }
}

fn balance(engine: &Engine) -> String {
    let view = engine.account_view("one", "acme", engine.now().expect("the clock")).expect("the account");
    farthing_core::money::Money::from_units(view.figures.balance, view.currency).plain()
}

fn go_to(engine: &Engine, instant: &str) {
    engine.advance(at(instant)).expect("time goes by");
}

both! {
    /// 16 April is half of the month: 60 - 30 of a half are 15.00 more, and the same back.
    fn a_change_and_its_undo_come_to_nothing(bed: &Bed) {
        let engine = opened(bed, false, "100.00");
        running(&engine, "n1", "small");
        assert_eq!(balance(&engine), "70.00");
        go_to(&engine, "2026-04-16T00:00:00Z");
        let due = change(&engine, "n1", &to("large")).expect("it costs more");
        assert_eq!((due.amount.as_str(), due.state.as_str(), due.kind.as_str()), ("15.00", "due", "change"));
        assert_eq!(engine.subscription("one", "n1").expect("there").sku, "small"); // until it is paid
        pay(&engine, "n1").expect("paid");
        assert_eq!(balance(&engine), "55.00");
        assert_eq!(engine.subscription("one", "n1").expect("there").sku, "large");
        proven(&engine);
        // In the same second back: the balance is what it was.
        let back = change(&engine, "n1", &to("small")).expect("an order of nothing");
        assert_eq!((back.amount.as_str(), back.state.as_str()), ("0.00", "active"));
        assert_eq!(balance(&engine), "70.00");
        proven(&engine);
        // Two of it: 30.00 x 15/30 more.
        let more = NewChange::Plan { sku: None, quantity: Some(2) };
        assert_eq!(change(&engine, "n1", &more).expect("an order").amount, "15.00");
        pay(&engine, "n1").expect("paid");
        go_to(&engine, "2026-04-21T00:00:00Z");
        // One of it: 10 of 30 days of one go back.
        change(&engine, "n1", &NewChange::Plan { sku: None, quantity: Some(1) });
        assert_eq!(balance(&engine), "65.00");
        proven(&engine);
    }
}

both! {
    /// Paused on the 11th: 20 of 30 days back; on again on the 26th: 5 of 30.
    fn a_pause_gives_back_and_costs_again(bed: &Bed) {
        let engine = opened(bed, false, "100.00");
        running(&engine, "n1", "small");
        go_to(&engine, "2026-04-11T00:00:00Z");
        change(&engine, "n1", &NewChange::Pause);
        assert_eq!((balance(&engine).as_str(), engine.subscription("one", "n1").unwrap().state.as_str()), ("90.00", "paused"));
        go_to(&engine, "2026-04-26T00:00:00Z");
        let due = change(&engine, "n1", &NewChange::Resume).expect("it costs");
        assert_eq!(due.amount, "5.00");
        pay(&engine, "n1").expect("paid");
        assert_eq!((balance(&engine).as_str(), engine.subscription("one", "n1").unwrap().state.as_str()), ("85.00", "running"));
        go_to(&engine, "2026-05-01T00:00:00Z");
        assert_eq!(balance(&engine), "55.00");
        proven(&engine);
    }
}

both! {
    /// An engine that comes back after ten months bills each of them under its own date, and none of them twice.
    fn ten_renewals_at_once(bed: &Bed) {
        let engine = opened(bed, true, "1000.00");
        running(&engine, "n1", "small");
        order(&engine, "d1", Wanted::Addon { addon: "disk".to_owned(), parent: "n1".to_owned() }, 1);
        pay(&engine, "d1").expect("paid");
        engine.order_made("one", "d1", &Made::It).expect("made");
        drop(engine);
        let engine = bed.engine(1, at("2027-02-01T01:00:00Z"));
        engine.run_due().expect("it catches up");
        engine.run_due().expect("and has nothing more to do");
        let bills = engine.bills("one", Some("acme"), Some(BillKind::Bill), None, None, 100).expect("listed");
        let mut renewals: Vec<(Instant, i64, String)> = bills
            .iter()
            .filter(|bill| bill.issued > at(BEGIN).micros())
            .map(|bill| (Instant::from_micros(bill.issued), bill.total / 1_000_000, bill.state.clone()))
            .collect();
        renewals.sort();
        let dates: Vec<String> = renewals.iter().map(|(issued, ..)| issued.to_string()).collect();
        assert_eq!(dates.len(), 10, "{dates:?}");
        assert_eq!((dates[0].as_str(), dates[9].as_str()), ("2026-05-01T01:00:00Z", "2027-02-01T01:00:00Z"));
        assert!(renewals.iter().all(|(_, total, state)| *total == 4_500 && state == "paid"), "{renewals:?}");
        assert_eq!(balance(&engine), "505.00"); // 1000 - 11 x 45
        assert_eq!(engine.subscription("one", "n1").expect("there").paid_to, "2027-03-01T00:00:00Z");
        proven(&engine);
    }
}

both! {
    /// Many who pay the same order at the same moment pay it once.
    fn who_pays_twice_pays_once(bed: &Bed) {
        let engine = opened(bed, false, "100.00");
        order(&engine, "n1", node("small"), 1);
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(|| pay(&engine, "n1").map(|facts| facts.state))).collect();
            for one in all {
                assert_eq!(one.join().expect("it answers").expect("paid, or paid already"), "provisioning");
            }
        });
        assert_eq!(balance(&engine), "70.00");
        assert!(engine.order_made("one", "n1", &Made::It).is_ok());
        assert_eq!(engine.order_made("one", "n1", &Made::It).expect("told again").state, "active");
        let late = engine.order_made("one", "n1", &Made::Not("too late".to_owned()));
        assert_eq!(late.expect_err("it is there").code(), Some(RefusalCode::Conflict));
        proven(&engine);
    }
}

both! {
    /// 30.00 are earned by the month: at the end of April all of them; in the middle of May, ended, half of May's and no more.
    fn a_term_is_earned_as_time_goes_by(bed: &Bed) {
        let engine = opened(bed, false, "100.00");
        let earned = |engine: &Engine| {
            let books = read(engine, |tx| {
                let owner = tx.owner_ensure("one", "books", true)?;
                tx.accounts_of(owner)
            });
            books.iter().filter(|row| row.code == "revenue/node").map(|row| row.account.balance()).sum::<i64>() / 1_000_000
        };
        running(&engine, "n1", "small");
        go_to(&engine, "2026-04-30T23:59:59Z");
        assert_eq!(earned(&engine), 0); // nothing happened to it yet
        go_to(&engine, "2026-05-01T00:00:00Z");
        assert_eq!(earned(&engine), 3_000);
        go_to(&engine, "2026-05-16T12:00:00Z");
        let quoted = engine.quote_end("one", "n1").expect("quoted");
        assert_eq!((quoted.back.as_str(), quoted.fee.as_str()), ("15.00", "0.00"));
        assert_eq!(balance(&engine), "40.00"); // nothing was changed
        let ended = engine.end_subscription("one", "n1", When::Now).expect("ended");
        assert_eq!(ended.back, "15.00");
        assert_eq!((balance(&engine).as_str(), earned(&engine)), ("55.00", 4_500));
        go_to(&engine, "2026-08-01T00:00:00Z");
        assert_eq!((balance(&engine).as_str(), earned(&engine)), ("55.00", 4_500));
        proven(&engine);
    }
}

both! {
    /// What is paid afterwards is billed when its period is over, and for the seconds it was had when it is ended.
    fn afterwards_it_is_billed_when_its_period_is_over(bed: &Bed) {
        let engine = opened(bed, true, "0");
        let late = Wanted::Product { product: "late".to_owned(), sku: None };
        let placed = order(&engine, "l1", late, 1);
        assert_eq!((placed.amount.as_str(), placed.state.as_str()), ("0.00", "provisioning"));
        engine.order_made("one", "l1", &Made::It).expect("made");
        go_to(&engine, "2026-04-30T23:59:59Z");
        assert!(engine.bills("one", Some("acme"), None, None, None, 10).expect("listed").is_empty());
        go_to(&engine, "2026-05-01T00:00:00Z");
        let bills = engine.bills("one", Some("acme"), None, None, None, 10).expect("listed");
        assert_eq!(bills.iter().map(|bill| bill.total / 1_000_000).collect::<Vec<_>>(), [3_100]);
        proven(&engine);
    }
}

both! {
    /// A row that was changed behind its back is told of.
    fn verify_knows_what_was_ordered_and_agreed(bed: &Bed) {
        let engine = opened(bed, false, "100.00");
        running(&engine, "n1", "small");
        proven(&engine);
        let found = |change| tampered(&engine, change);
        let cheaper = found(|tx| tx.execute("UPDATE purchase SET amount = 1000000 WHERE name = 'n1'", &[]));
        assert!(cheaper[0].1.contains("it is not what was ordered"), "{cheaper:?}");
        let sooner = found(|tx| tx.execute("UPDATE agreed SET at = at - 1000000 WHERE number = 1", &[]));
        assert!(sooner[0].1.contains("it is not what was agreed"), "{sooner:?}");
        let richer = found(|tx| tx.execute("UPDATE term SET value = value + 1000000", &[]));
        assert!(richer[0].1.contains("what its terms have left unearned"), "{richer:?}");
        let twice = found(|tx| tx.execute("UPDATE term SET cash_returned = cash + 1", &[]));
        assert!(twice[0].1.contains("more of it was given back than was paid"), "{twice:?}");
    }
}

both! {
    /// 14 days free, then a month at half the price, then the whole. What is free comes before the periods: they are counted from its end.
    fn phases_come_before_the_price(bed: &Bed) {
        let engine = bed.engine(0, at(BEGIN));
        let catalog = r#"
[[product]]
id = "plan"
name = "Plan"
kind = "term"
period = "1 month"
price = "30.00"
renew = "renew"
phases = [{ lasts = "14d", price = "0.00" }, { lasts = "1 month", price = "15.00" }]
"#;
        apply(&engine, "one", &policy("one"), catalog);
        engine.open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() }).expect("it opens");
        engine.top_up("one", "acme", usd("100.00"), Some("funds")).expect("it comes in");
        let placed = order(&engine, "p1", Wanted::Product { product: "plan".to_owned(), sku: None }, 1);
        assert_eq!(placed.amount, "0.00");
        engine.order_made("one", "p1", &Made::It).expect("made");
        go_to(&engine, "2026-04-14T23:59:59Z");
        assert_eq!(balance(&engine), "100.00");
        go_to(&engine, "2026-04-15T00:00:00Z");
        assert_eq!(balance(&engine), "85.00");
        go_to(&engine, "2026-05-15T00:00:00Z");
        assert_eq!(balance(&engine), "55.00");
        go_to(&engine, "2026-06-15T00:00:00Z");
        assert_eq!(balance(&engine), "25.00");
        proven(&engine);
    }
}

both! {
    /// A product that is sold no more: what runs of it runs to its end, nobody else waits for it, and nothing is renewed at a price nobody said.
    fn what_is_sold_no_more_ends_and_holds_nobody_up(bed: &Bed) {
        let engine = opened(bed, false, "200.00");
        running(&engine, "n1", "small");
        go_to(&engine, "2026-04-10T00:00:00Z");
        let other = TERMS.replace("id = \"node\"", "id = \"other\"");
        let policy = format!("{}\n\n[refund]\nterm = \"unused_time\"\n", policy("one"));
        apply(&engine, "one", &policy, &other);
        let product = Wanted::Product { product: "other".to_owned(), sku: Some("small".to_owned()) };
        order(&engine, "n2", product, 1);
        pay(&engine, "n2").expect("paid");
        assert!(engine.subscription("one", "n1").is_ok());
        go_to(&engine, "2026-05-01T00:00:00Z");
        assert_eq!(engine.subscription("one", "n1").expect("there").state, "expired");
        go_to(&engine, "2026-05-10T00:00:00Z");
        assert_eq!(engine.subscription("one", "n2").expect("there").paid_to, "2026-06-10T00:00:00Z");
        assert_eq!(balance(&engine), "110.00"); // 200 - 30 - 30 - 30
        proven(&engine);
    }
}

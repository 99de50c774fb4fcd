//! Accounts that could not be settled: they wait with the reason, and go on where they stood once it is mended.

use crate::support::{Bed, CATALOG, START, apply, at, cloud, later, policy, proven, read, start, usd};
use farthing_engine::{Asked, Engine, NewGrant, RefusalCode};

fn balance(engine: &Engine) -> String {
    let view = engine.account_view("one", "acme", engine.now().expect("the clock")).expect("the account");
    farthing_core::money::Money::from_units(view.figures.balance, view.currency).plain()
}

/// Parks an account as the engine does, whatever may have been the matter.
fn park(engine: &Engine) {
    let parked = engine.store().write("park", |tx| {
        let payer = tx.payer_by_name("one", "acme")?.expect("it is open");
        let mut states = tx.payer_states(&[payer.id])?;
        "the price was not to be found".clone_into(&mut states[0].parked);
        states[0].due_at = None;
        tx.payer_states_write(&states)
    });
    parked.expect("it is parked");
}

both! {
    fn what_happened_while_an_account_was_parked_happens_at_its_own_time(bed: &Bed) {
        let engine = bed.engine(0, at(START)).asked_by(Asked {
            who: "cli:anna".into(),
            source: "here".into(),
            once: None,
            why: String::new(),
        });
        cloud(&engine, "one", &["acme", "beta"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        // 5.00 of credit from the second to the fourth hour: it pays two hours at 1.00, and 3.00 lapse.
        let gift = NewGrant {
            name: "gift".into(),
            account: "acme".into(),
            amount: usd("5.00"),
            products: Vec::new(),
            priority: 0,
            starts: Some(later(7_200)),
            expires: Some(later(14_400)), reason: None,
        };
        engine.grant_credit("one", &gift).expect("given");
        start(&engine, "one", "web", "acme");
        engine.advance(later(3_600)).expect("time goes by");
        assert_eq!(balance(&engine), "99.00"); // the gift has not begun
        park(&engine);
        engine.advance(later(30 * 3_600)).expect("time goes by for everybody else");
        assert_eq!(engine.parked().expect("the list").len(), 1);

        let retried = engine.retry_parked("one", "acme").expect("it is tried");
        assert_eq!((retried.was.as_str(), retried.still), ("the price was not to be found", None));
        // 100.00 - (30 - 2) x 1.00; the credit paid the other two.
        assert_eq!(balance(&engine), "72.00");
        assert_eq!(engine.parked().expect("the list"), []);
        engine.advance(later(31 * 3_600)).expect("it is settled as it falls due");
        assert_eq!(balance(&engine), "71.00");
        assert_eq!(engine.retry_parked("one", "acme").expect_err("there is nothing to try").code(), Some(RefusalCode::Conflict));
        assert_eq!(engine.retry_parked("one", "nobody").expect_err("nobody").code(), Some(RefusalCode::NotFound));
        let newest = engine.trail("one", None, 1).expect("the audit log").remove(0);
        assert_eq!((newest.what.as_str(), newest.subject.as_str(), newest.who.as_str()), ("account.retried", "account acme", "cli:anna"));
        assert!(newest.was.contains("not to be found") && newest.became.contains("null"), "{newest:?}");
        proven(&engine);
    }
}

both! {
    fn what_cannot_be_settled_yet_stays_parked_and_nobody_else_waits(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &[]);
        // Ten hours at ten billion an hour are more than an amount can be.
        let dear = CATALOG.replace("1.00 / hour", "10000000000.00 / hour");
        apply(&engine, "one", &policy("one"), &dear);
        for account in ["acme", "beta"] {
            let new = farthing_engine::NewAccount { name: account.into(), ..Default::default() };
            engine.open_account("one", &new).expect("it opens");
        }
        engine.top_up("one", "beta", usd("1.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        engine.advance(later(20 * 3_600)).expect("time goes by");
        let parked = engine.parked().expect("the list");
        assert_eq!(parked.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["acme"]);
        let retried = engine.retry_parked("one", "acme").expect("it is tried");
        assert_eq!(retried.still.as_deref(), Some(parked[0].why.as_str()));
        assert_eq!(engine.parked().expect("the list"), parked);
        assert!(read(&engine, |tx| tx.payers_parked_count()) == 1);
    }
}

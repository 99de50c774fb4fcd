//! Several processes on one store, at once: nothing is lost, booked twice, or billed to the wrong account.

use crate::support::{self, Bed, START, at, cloud, later, proven, read, start, told, usd, use_of};
use farthing_engine::{Engine, NewGrant, NewResource, Reported};
use std::sync::Barrier;

fn charged(engine: &Engine, account: &str, product: &str) -> String {
    let asked = farthing_engine::ChargeQuestion {
        product: Some(product.to_owned()),
        ..farthing_engine::ChargeQuestion::default()
    };
    let now = engine.now().expect("the clock");
    engine.charges_sum("one", account, &asked, now).expect("its charges").plain()
}

both! {
    /// Top-ups, gifts, use, facts and settlements of one account by four processes.
    fn of_one_account(bed: &Bed) {
        let first = bed.engine(0, at(START));
        cloud(&first, "one", &["acme"]);
        first.top_up("one", "acme", usd("100.00"), None).expect("booked");
        start(&first, "one", "web", "acme");
        let now = later(3_600);
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, now)).collect();
        let barrier = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for (place, engine) in engines.iter().enumerate() {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..8 {
                        engine.top_up("one", "acme", usd("1.00"), Some(&format!("pay_{turn}"))).expect("booked by one of us");
                        let events = (0..3).map(|call_number| use_of("acme", &format!("{place}-{turn}-{call_number}"), ("calls", 1), Some(now))).collect();
                        let taken = engine.record_usage("one", events).expect("taken");
                        assert_eq!(taken.len(), 3);
                        let gift = NewGrant {
                            name: format!("gift-{place}-{turn}"),
                            account: "acme".to_owned(),
                            amount: usd("0.10"),
                            products: Vec::new(),
                            priority: 0,
                            starts: None,
                            expires: None, reason: None,
                        };
                        engine.grant_credit("one", &gift).expect("given");
                        let what = if turn % 2 == 0 { Reported::Stop } else { Reported::Resume };
                        told(engine, "one", "web", Some(later(60 * (4 * turn + i64::try_from(place).expect("few")))), what).expect("recorded");
                        engine.run_tick(now).expect("settled");
                    }
                });
            }
        });
        let last = bed.engine(9, later(7_200));
        last.run_due().expect("it is settled");
        last.run_tick(later(7_200)).expect("it is settled");
        assert_eq!(charged(&last, "acme", "api"), "0.96", "4 x 8 x 3 calls");
        let view = last.account_view("one", "acme", later(7_200)).expect("the account");
        let spent: i64 = [charged(&last, "acme", "api"), charged(&last, "acme", "server")].iter().map(|sum| usd(sum).units()).sum();
        // 100 + 8 top-ups, each booked once + 32 gifts.
        assert_eq!(view.figures.balance, usd("111.20").units() - spent);
        proven(&last);
    }
}

both! {
    /// A project goes to and fro while its machines are stopped, started and made by others.
    fn of_a_project_that_moves(bed: &Bed) {
        let first = bed.engine(0, at(START));
        cloud(&first, "one", &["acme", "beta"]);
        first.open_project("one", "site", "acme").expect("it opens");
        let new = || NewResource {
            project: Some("site".to_owned()),
            product: Some("server".to_owned()),
            sku: Some("std".to_owned()),
            ..NewResource::default()
        };
        for account in ["acme", "beta"] {
            first.top_up("one", account, usd("100.00"), None).expect("booked");
        }
        for machine in 0..4 {
            told(&first, "one", &format!("web-{machine}"), None, Reported::Start(new())).expect("it starts");
        }
        let now = later(3_600);
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, now)).collect();
        let barrier = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for (place, engine) in engines.iter().enumerate() {
                let (barrier, new) = (&barrier, &new);
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..6 {
                        // Clocks of several machines are near each other, and never the same.
                        let ahead = i64::try_from(turn * 10 + place).expect("few");
                        engine.clock().advance_to(later(3_600 + ahead));
                        let machine = format!("web-{}", (place + turn) % 4);
                        match place {
                            0 => engine.move_project("one", "site", if turn % 2 == 0 { "beta" } else { "acme" }).expect("moved"),
                            1 => drop(told(engine, "one", &format!("new-{turn}"), None, Reported::Start(new())).expect("it starts")),
                            2 => drop(told(engine, "one", &machine, None, Reported::Stop).expect("recorded")),
                            _ => drop(told(engine, "one", &machine, None, Reported::Resume).expect("recorded")),
                        }
                    }
                });
            }
        });
        // Whoever has the project has all its machines, and nobody else has any of them open.
        read(&first, |tx| {
            let project = tx.project_by_name("one", "site")?.expect("the project");
            let things = tx.things_of_project(project.id)?;
            assert_eq!(things.len(), 10);
            for thing in &things {
                assert_eq!(thing.account, project.account, "{thing:?}");
            }
            for account in ["acme", "beta"] {
                let payer = tx.payer_by_name("one", account)?.expect("the account");
                let open: Vec<_> = tx.open_charges(&[payer.id])?.into_iter().filter(|row| row.slope > 0).collect();
                let runs = things.iter().filter(|thing| thing.account == payer.id && thing.state == "running").count();
                assert_eq!(open.len(), runs, "{account}");
            }
            Ok(())
        });
        let last = bed.engine(9, later(86_400 * 2));
        last.run_due().expect("it is settled");
        proven(&last);
    }
}

both! {
    /// A version is applied by one process while the others settle with what they have read.
    fn of_a_price_that_changes(bed: &Bed) {
        let first = bed.engine(0, at(START));
        cloud(&first, "one", &["acme", "beta", "gama"]);
        for (account, machine) in [("acme", "a"), ("beta", "b"), ("gama", "c")] {
            first.top_up("one", account, usd("100.00"), None).expect("booked");
            start(&first, "one", machine, account);
        }
        let now = later(3_600);
        let engines: Vec<Engine> = (1..4).map(|process| bed.engine(process, now)).collect();
        let barrier = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for (place, engine) in engines.iter().enumerate() {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..6 {
                        if place == 0 {
                            let catalog = support::CATALOG.replace("1.00 / hour", &format!("{}.00 / hour", turn + 2));
                            support::apply(engine, "one", &support::policy("one"), &catalog);
                        } else {
                            engine.run_due().expect("it is settled");
                            engine.run_tick(now).expect("it is settled");
                            engine.top_up("one", "acme", usd("1.00"), None).expect("booked");
                        }
                    }
                });
            }
        });
        let last = bed.engine(9, later(7_200));
        last.run_due().expect("it is settled");
        last.run_tick(later(7_200)).expect("it is settled");
        for account in ["acme", "beta", "gama"] {
            assert_eq!(charged(&last, account, "server"), "8.00", "{account}: an hour at 1.00, then one at the last price");
        }
        proven(&last);
    }
}

//! What operators look at: an account's past a page at a time, an account by whatever one has of it, the audit log and its chain, a cloud today.

use crate::support::{Bed, CATALOG, START, apply, at, cloud, later, policy, read, start, usd, used};
use farthing_core::money::Currency;
use farthing_core::policy::Pay;
use farthing_core::time::Instant;
use farthing_engine::{Asked, Engine, FoundBy, HistoryQuestion, NewAccount, NewGrant, RefusalCode};
use farthing_store::TrailFilter;

/// Two days of a server, paid for ahead, and what was decided meanwhile.
fn lived(bed: &Bed) -> Engine {
    let engine = bed.engine(0, at(START)).asked_by(Asked {
        who: "op_anna".into(),
        source: "192.0.2.1".into(),
        once: None,
        why: "they lost a day".into(),
    });
    cloud(&engine, "one", &["acme", "beta"]);
    cloud(&engine, "two", &["acme"]);
    engine.top_up("one", "acme", usd("40.00"), None).expect("booked");
    start(&engine, "one", "web-1", "acme");
    engine.advance(later(86_400 + 3_600)).expect("a day goes by");
    let gift = NewGrant {
        name: "gift".into(),
        account: "acme".into(),
        amount: usd("5.00"),
        products: Vec::new(),
        priority: 0,
        starts: None,
        expires: None,
        reason: Some("they lost a day".into()),
    };
    engine.grant_credit("one", &gift).expect("given");
    engine.advance(later(50 * 3_600)).expect("another day goes by");
    engine
}

fn asked(before: Instant, most: usize, kinds: &[&str]) -> HistoryQuestion {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    HistoryQuestion { from: Instant::from_micros(0), before, kinds, most }
}

both! {
    fn an_accounts_past_is_the_same_page_by_page(bed: &Bed) {
        let engine = lived(bed);
        let whole = engine.history("one", "acme", &asked(later(60 * 3_600), 1_000, &[])).expect("its past");
        assert_eq!(whole.older, None);
        let names = |happenings: &[farthing_engine::Happening]| -> Vec<(Instant, &'static str)> {
            happenings.iter().map(|one| (one.at, one.what.name())).collect()
        };
        let all = names(&whole.happenings);
        assert!(all.is_sorted_by(|newer, older| newer.0 >= older.0), "{all:?}");
        for kind in ["fact", "charges", "notice", "decision"] {
            let of_it: Vec<_> = all.iter().copied().filter(|one| one.1 == kind).collect();
            let only = engine.history("one", "acme", &asked(later(60 * 3_600), 1_000, &[kind])).expect("its past");
            assert!(!of_it.is_empty() && names(&only.happenings) == of_it, "{kind}: {of_it:?}");
        }
        let (mut walked, mut before) = (Vec::new(), later(60 * 3_600));
        loop {
            let page = engine.history("one", "acme", &asked(before, 2, &[])).expect("a page");
            walked.extend(names(&page.happenings));
            let Some(older) = page.older else { break };
            assert!(older < before, "it goes on");
            before = older;
        }
        assert_eq!(walked, all);
        let nobody = engine.history("two", "beta", &asked(later(60 * 3_600), 10, &[])).expect_err("not of this cloud");
        assert_eq!(nobody.code(), Some(RefusalCode::NotFound));
    }
}

both! {
    fn an_account_is_found_by_what_one_has_of_it(bed: &Bed) {
        let engine = lived(bed);
        engine.open_project("one", "lab", "acme").expect("it opens");
        let mut transfers = Vec::new();
        read(&engine, |tx| {
            tx.transfers_each(|entry| {
                transfers.push(entry.id.to_string());
                Ok(())
            })
        });
        let transfer = transfers.first().expect("money came in");
        for (text, by) in [
            ("ACME", FoundBy::Name),
            ("WEB-", FoundBy::Resource),
            ("LAB", FoundBy::Project),
            (transfer.as_str(), FoundBy::Transfer),
        ] {
            let found = engine.find_accounts("one", text, 10).expect("looked for");
            let ways: Vec<_> = found.iter().map(|one| (one.account.as_str(), one.by)).collect();
            assert!(ways.contains(&("acme", by)), "{text}: {found:?}");
            let elsewhere = engine.find_accounts("two", text, 10).expect("looked for");
            let by_another: Vec<_> = elsewhere.iter().filter(|one| one.by != FoundBy::Name).collect();
            assert!(by_another.is_empty(), "{text} is of another cloud: {by_another:?}");
        }
        assert_eq!(engine.find_accounts("one", "%", 10).expect("looked for"), [], "a sign of the store's is only a sign");
        assert_eq!(engine.find_accounts("one", "  ", 10).expect("looked for"), []);
    }
}

both! {
    fn the_audit_log_is_searched_and_proves_itself(bed: &Bed) {
        let engine = lived(bed);
        let found = |who: &str, what: &str, text: &str| {
            let filter = TrailFilter { who: who.into(), what: what.into(), text: text.into() };
            engine.trail_search("one", &filter, None, 50).expect("searched").len()
        };
        let all = engine.trail("one", None, 50).expect("the log");
        assert_eq!(found("", "", ""), all.len());
        assert_eq!(found("op_anna", "", ""), all.iter().filter(|entry| entry.who == "op_anna").count());
        let grants = all.iter().filter(|entry| entry.what == "credit.granted").count();
        assert_eq!((grants, found("", "credit.", "")), (1, 1));
        assert_eq!(found("", "credit.", "THEY LOST A DAY"), 1, "why it was done is found as well");
        assert_eq!(found("op_nobody", "", ""), 0);

        let proof = engine.trail_proof("one").expect("it is read");
        assert_eq!((proof.entries, proof.wrong.clone()), (i64::try_from(all.len()).expect("few"), None));
        let tampered = engine.store().write("tampers", |tx| {
            assert_eq!(tx.execute("UPDATE trail SET who = 'op_bert' WHERE cloud = 'one' AND what = 'credit.granted'", &[])?, 1);
            Ok::<_, farthing_store::StoreError>(())
        });
        tampered.expect("it is written");
        let number = all.iter().find(|entry| entry.what == "credit.granted").expect("it is there").number;
        let after = engine.trail_proof("one").expect("it is read");
        assert_eq!(after.wrong.map(|(wrong, _)| wrong), Some(number));
        assert_eq!(engine.trail_proof("two").expect("it is read").wrong, None, "each cloud has its own chain");
    }
}

both! {
    fn a_cloud_today_is_what_its_ledger_says(bed: &Bed) {
        let engine = lived(bed);
        let today = engine.look_at_today("one").expect("today");
        // Fifty hours at 1.00, all of them in one month; 45.00 were there, and the last five are owed.
        let units = |text: &str| i128::from(usd(text).units());
        assert_eq!(today.currency, Currency::USD);
        assert_eq!(today.month.map(|month| month.revenue()), Some(units("50.00")));
        assert_eq!((today.receivable, today.accounts), (units("5.00"), 2));
        // Without a ladder nobody falls.
        assert!(engine.at_risk("one").expect("nobody").is_empty());
        let quiet = engine.look_at_today("two").expect("today");
        assert_eq!((quiet.receivable, quiet.balances), (0, 0));
    }
}

both! {
    /// A bill past due is a debt like any other: it is owed once.
    fn what_is_at_risk_is_what_is_owed(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let more = "\n[bill]\non = [\"cycle\"]\nnumber = \"B-{seq:4}\"\n\n[ladder]\nsuspend = { after = \"0h\" }\n";
        let catalog = CATALOG.replace("kind = \"running\"", "kind = \"running\"\non_suspend = \"stop\"");
        apply(&engine, "one", &format!("{}{more}", policy("one")), &catalog);
        let anna = NewAccount { name: "anna".to_owned(), pay: Some(Pay::Postpaid), ..NewAccount::default() };
        engine.open_account("one", &anna).expect("it opens");
        start(&engine, "one", "web-1", "anna");
        used(&engine, ("one", "anna"), "1", 1_000, None);
        engine.bill_now("one", "anna").expect("it is billed");
        engine.advance(later(47 * 3_600)).expect("it falls due");
        let risks = engine.at_risk("one").expect("who is at risk");
        let owed: Vec<_> = risks.iter().map(|risk| (risk.ladder.account.as_str(), risk.owed)).collect();
        assert_eq!(owed, [("anna", usd("10.00").units())]);
    }
}

both! {
    /// However an account pays, the month will have come to what it has used, what runs until its end, and as much use as lately.
    fn a_month_is_foretold_for_whoever_pays_later_too(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &policy("one"), CATALOG);
        for (name, pay) in [("anna", Pay::Postpaid), ("ben", Pay::Prepaid)] {
            let new = NewAccount { name: name.to_owned(), pay: Some(pay), ..NewAccount::default() };
            engine.open_account("one", &new).expect("it opens");
            start(&engine, "one", &format!("web-{name}"), name);
            used(&engine, ("one", name), name, 3_360, None);
        }
        engine.top_up("one", "ben", usd("1000.00"), None).expect("booked");
        let now = later(38 * 3_600);
        engine.advance(now).expect("a day and a half");
        for name in ["anna", "ben"] {
            let month = engine.month_of("one", name, now).expect("the month");
            assert_eq!(month.so_far, usd("71.60").units(), "{name}: 38 hours, and 33.60 of calls");
            // April ends 672 hours later. In seven days 33.60 were used: 0.20 an hour.
            assert_eq!(month.forecast, usd("878.00").units(), "{name}: 71.60 + 672.00 + 134.40");
        }
    }
}

both! {
    fn where_nothing_was_ever_booked_nothing_is_seen_and_nothing_fails(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &[]);
        let quiet = engine.look_at_today("one").expect("today");
        assert_eq!((quiet.receivable, quiet.accounts), (0, 0));
        assert!(quiet.month.is_none() && engine.at_risk("one").expect("nobody").is_empty());
        assert!(engine.receivables("one").expect("nothing").0.is_empty());
        assert!(engine.revenue("one", None, None).expect("nothing").months.is_empty());
    }
}

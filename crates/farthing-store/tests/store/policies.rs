//! Policy versions on both stores: what is appended comes back, each number is given once, whoever appends at once.

use crate::support::{Bed, NOON, read, write};
use farthing_core::policy::{Applied, ApplyError, ApplyRequest, Files, Version, plan_apply};
use farthing_core::time::Instant;
use farthing_store::{Options, Store, StoreError, Tx};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

fn request(text: &str, corrects: Option<i64>) -> ApplyRequest {
    let files = Files::from([("cloud.toml".into(), text.into()), ("catalog.toml".into(), String::new())]);
    ApplyRequest { files, who: "anna".into(), why: "it's \"better\" 更好".into(), starts: None, corrects }
}

fn second(seconds: i64) -> Instant {
    Instant::from_micros(NOON.micros() + seconds * 1_000_000 + 7)
}

/// Reads, decides and appends, as the engine does.
fn apply(tx: &mut Tx<'_>, cloud: &str, request: &ApplyRequest, now: Instant) -> Result<Applied, StoreError> {
    let versions = tx.policy_versions(cloud)?;
    let planned = plan_apply(&versions, request, now);
    let applied = planned.map_err(|error: ApplyError| StoreError::Unusable(error.to_string()))?;
    if let Applied::New(version) = &applied {
        tx.policy_append(cloud, version, &request.files)?;
    }
    Ok(applied)
}

fn applied(store: &Store, cloud: &'static str, request: ApplyRequest, now: Instant) -> Version {
    match write(store, move |tx| apply(tx, cloud, &request, now)) {
        Applied::New(version) => version,
        Applied::Unchanged { number } => panic!("it is version {number} already"),
    }
}

both! {
    fn what_was_appended_comes_back(bed: &Bed) {
        let store = bed.open();
        let long = "片 # ¥ €\n".repeat(50_000);
        let first = applied(&store, "one", request("a", None), second(10));
        let second_version = applied(&store, "one", request(&long, None), second(20));
        let third = applied(&store, "one", request("c", Some(1)), second(30));
        let other = applied(&store, "other", request("a", None), second(10));
        drop(store);
        let store = bed.open();
        read(&store, |tx| {
            assert_eq!(tx.policy_versions("one")?.list(), [first.clone(), second_version.clone(), third.clone()]);
            assert_eq!(tx.policy_versions("other")?.list(), std::slice::from_ref(&other));
            for (number, text) in [(1, "a"), (2, long.as_str()), (3, "c")] {
                assert_eq!(tx.policy_files("one", number)?, Some(request(text, None).files));
            }
            Ok(())
        });
        assert_eq!((third.starts, third.recorded, third.corrects), (first.starts, second(30), Some(1)));
        assert_ne!(other.digest, first.digest, "each cloud's chain is its own");
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    }
}

both! {
    fn what_is_not_there_is_told_so(bed: &Bed) {
        let store = bed.open();
        applied(&store, "cloud", request("a", None), NOON);
        read(&store, |tx| {
            assert_eq!(tx.policy_versions("nowhere")?.list(), []);
            assert_eq!(tx.policy_files("nowhere", 1)?, None);
            assert_eq!(tx.policy_files("cloud", 2)?, None);
            assert_eq!(tx.policy_files("cloud", 0)?, None);
            Ok(())
        });
    }
}

both! {
    fn clouds_are_named_in_one_order(bed: &Bed) {
        let store = bed.open();
        assert_eq!(read(&store, |tx| tx.policy_clouds()), [""; 0]);
        for cloud in ["beta", "Zeta", "alpha", "a-z", "ä"] {
            applied(&store, cloud, request("a", None), NOON);
            applied(&store, cloud, request("b", None), NOON);
        }
        assert_eq!(read(&store, |tx| tx.policy_clouds()), ["Zeta", "a-z", "alpha", "beta", "ä"]);
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    }
}

both! {
    fn a_number_is_given_once(bed: &Bed) {
        let store = bed.open();
        let first = applied(&store, "cloud", request("a", None), NOON);
        let again = first.clone();
        let told = store.write("test", move |tx| tx.policy_append("cloud", &again, &request("a", None).files));
        assert!(told.is_err(), "{told:?}");
        assert_eq!(read(&store, |tx| tx.policy_versions("cloud")).list(), [first]);
    }
}

both! {
    fn two_processes_that_append_at_once_lose_nothing(bed: &Bed) {
        drop(bed.open());
        let stores = [(); 2].map(|()| bed.try_open(&Options { sqlite_log_mib: 0, ..Options::default() }).expect("opens"));
        std::thread::scope(|scope| {
            for (process, store) in (0..).zip(&stores) {
                for caller in 0..2 {
                    scope.spawn(move || {
                        for turn in 0..10 {
                            let request = request(&format!("{process} {caller} {turn}"), None);
                            write(store, move |tx| apply(tx, "cloud", &request, NOON));
                        }
                    });
                }
            }
        });
        let versions = read(&stores[0], |tx| tx.policy_versions("cloud"));
        assert!(versions.list().iter().map(|version| version.number).eq(1..=40), "{versions:?}");
        let mut texts: Vec<String> = (1..=40)
            .map(|number| read(&stores[0], |tx| tx.policy_files("cloud", number)).expect("its files")["cloud.toml"].clone())
            .collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 40, "{texts:?}");
        assert_eq!(read(&stores[0], |tx| tx.audit()).findings, []);
    }
}

both! {
    /// The text that money is computed from is not taken on trust.
    fn files_that_were_changed_are_not_given_out(bed: &Bed) {
        drop(applied(&bed.open(), "cloud", request("price = 1", None), NOON));
        bed.tamper("UPDATE policy_file SET text = 'price = 2' WHERE name = 'cloud.toml'");
        let store = bed.open();
        let told = store.read("test", |tx| tx.policy_files("cloud", 1)).expect_err("a changed price").to_string();
        assert!(told.contains("cloud cloud, policy version 1: its files are not those"), "{told}");
        bed.tamper("UPDATE policy_version SET number = 3");
        let told = store.read("test", |tx| tx.policy_versions("cloud")).expect_err("no version 1").to_string();
        assert!(told.contains("cloud cloud, policy version 3: it stands where version 1 belongs"), "{told}");
    }
}

/// Everything that came after the ledger.
const LATER: [&str; 102] = [
    "budget",
    "notice_off",
    "person",
    "recovery_code",
    "session",
    "person_link",
    "sign_in_try",
    "ladder",
    "step_notice",
    "instruction",
    "keep",
    "brake",
    "steps_seen",
    "alert",
    "outage",
    "invoice_request",
    "invoiced",
    "arrears",
    "bill_dispute",
    "export_job",
    "export_link",
    "billing",
    "bill_cut",
    "purchase",
    "subscription",
    "agreed",
    "term",
    "unit_lot",
    "unit_use",
    "unit_dry",
    "spend_limit",
    "quota_use",
    "quota_reserved",
    "entitlement",
    "trial",
    "collecting",
    "payment_code",
    "payment_paid",
    "sandbox_done",
    "bill_key",
    "name_word",
    "bank_file",
    "bank_row",
    "recurring_grant",
    "coupon",
    "coupon_count",
    "coupon_code",
    "redemption",
    "coupon_use",
    "transfer_code",
    "mandate",
    "announced",
    "bank_order",
    "wallet",
    "customer",
    "method",
    "payment",
    "dispute",
    "refund",
    "refund_part",
    "errand",
    "provider_event",
    "refill",
    "company",
    "bill",
    "number_series",
    "sandbox_mood",
    "sandbox_asked",
    "sandbox_event",
    "policy_version",
    "policy_file",
    "usage_stripe",
    "usage_bucket",
    "usage_event",
    "usage_seen",
    "usage_refused",
    "account",
    "account_state",
    "project",
    "member",
    "thing",
    "thing_payer",
    "fact",
    "terms",
    "open_charge",
    "closed_total",
    "posted",
    "charge",
    "lot",
    "usage_value",
    "api_key",
    "answer",
    "trail",
    "trail_head",
    "lease",
    "simulated_clock",
    "contact",
    "endpoint",
    "message",
    "message_unsealed",
    "delivery",
    "told_until",
];

both! {
    /// A store of the first Farthing, which had no policies, keeps what it holds and gets them.
    fn a_store_without_policies_is_brought_up_to_date(bed: &Bed) {
        let store = bed.open();
        let owner = write(&store, |tx| tx.owner_ensure("cloud", "one", false));
        drop(store);
        for table in LATER {
            bed.tamper(&format!("DROP TABLE {table}"));
        }
        bed.tamper("DROP INDEX hold_expired"); // of a table that was there
        bed.tamper("DELETE FROM store_migration WHERE number > 1");
        let told = bed.try_open(&Options::existing()).expect_err("an older schema").to_string();
        assert!(told.contains("has schema 1, this Farthing's is 28") && told.contains("start the server once"), "{told}");
        let store = bed.open();
        assert_eq!(read(&store, |tx| tx.owner_by_name("cloud", "one")).map(|owner| owner.id), Some(owner));
        applied(&store, "cloud", request("a", None), NOON);
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
        assert!(bed.try_open(&Options::existing()).is_ok());
    }
}

/// Both have read that there is no version and want to append the first: the second decides again.
#[test]
fn on_postgres_the_second_of_two_decides_again() {
    for (texts, numbers) in [(["a", "b"], vec![1, 2]), (["a", "a"], vec![1])] {
        let bed = Bed::postgres();
        let store = bed.open();
        let (runs, barrier) = (Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(2)));
        std::thread::scope(|scope| {
            for text in texts {
                let (store, runs, barrier) = (&store, runs.clone(), barrier.clone());
                scope.spawn(move || {
                    let request = request(text, None);
                    let mut first = true;
                    write(store, move |tx| {
                        runs.fetch_add(1, Ordering::Relaxed);
                        if std::mem::take(&mut first) {
                            let versions = tx.policy_versions("cloud")?;
                            barrier.wait(); // now both have seen the same list
                            let Ok(Applied::New(version)) = plan_apply(&versions, &request, NOON) else {
                                panic!("there is none yet")
                            };
                            return tx.policy_append("cloud", &version, &request.files);
                        }
                        apply(tx, "cloud", &request, NOON).map(drop)
                    });
                });
            }
        });
        assert_eq!(runs.load(Ordering::Relaxed), 3, "one of the two was run again");
        let versions = read(&store, |tx| tx.policy_versions("cloud"));
        assert_eq!(versions.list().iter().map(|version| version.number).collect::<Vec<_>>(), numbers);
    }
}

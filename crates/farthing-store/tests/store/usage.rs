//! Usage events on both stores: each id is taken once, whatever happens, and everything that came but duplicates is kept.

use crate::support::{Bed, NOON, read, write};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::time::Instant;
use farthing_core::usage::{Answer, Batch, Fresh, Reason, Subject, Taken, UsageEvent, Verdict, Window};
use farthing_store::{Options, RefusedAt, Store, StoreError, Tx, UsageRow};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use Answer::{Accepted, Duplicate, Refused};

const DAY: i64 = 86_400;

fn second(seconds: i64) -> Instant {
    Instant::from_micros(NOON.micros() + seconds * 1_000_000)
}

fn event(id: &str) -> UsageEvent {
    UsageEvent {
        source: "meter".into(),
        id: id.into(),
        subject: Subject::Account { name: "customer-1".into(), project: None, user: None },
        product: None,
        at: None,
        quantities: vec![("cpu".into(), Quantity::ONE)],
        properties: BTreeMap::new(),
    }
}

/// "customer-7" is account 7; a meter may carry the reason for which pricing refuses it.
fn price(batch: &Batch, fresh: &[Fresh]) -> Vec<Verdict> {
    let verdict = |fresh: &Fresh| {
        let event = &batch.events()[fresh.place];
        let (Subject::Account { name, .. } | Subject::Resource(name)) = &event.subject;
        let account = name.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).map(OwnerId);
        let meter = event.quantities.first().map(|(meter, _)| meter.as_str());
        let refused = Reason::ALL.into_iter().find(|reason| Some(reason.name()) == meter);
        Verdict { account, refused: if account.is_none() { Some(Reason::UnknownSubject) } else { refused } }
    };
    fresh.iter().map(verdict).collect()
}

fn take_in(tx: &mut Tx<'_>, batch: &Batch, now: Instant) -> Result<Vec<Taken>, StoreError> {
    tx.usage_take(batch, now, Window::default(), |_, fresh| Ok(price(batch, fresh)))
}

fn take_of(store: &Store, cloud: &str, events: Vec<UsageEvent>, now: Instant) -> Vec<Answer> {
    let batch = Batch::new(cloud, events);
    write(store, move |tx| take_in(tx, &batch, now)).into_iter().map(|taken| taken.answer).collect()
}

fn take(store: &Store, events: Vec<UsageEvent>, now: Instant) -> Vec<Answer> {
    take_of(store, "cloud", events, now)
}

fn ids(range: std::ops::Range<u32>) -> Vec<UsageEvent> {
    range.map(|id| event(&format!("id-{id}"))).collect()
}

fn events_of(store: &Store, account: Option<i64>) -> Vec<UsageRow> {
    read(store, |tx| {
        let mut rows = Vec::new();
        tx.usage_events("cloud", account.map(OwnerId), second(-400 * DAY)..second(400 * DAY), |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    })
}

fn sound(store: &Store) {
    assert_eq!(read(store, |tx| tx.audit()).findings, []);
}

both! {
    fn an_id_is_taken_once(bed: &Bed) {
        let store = bed.open();
        assert_eq!(take(&store, vec![event("a"), event("b"), event("a")], NOON), [Accepted, Accepted, Duplicate]);
        assert_eq!(take(&store, vec![event("b"), event("c")], NOON), [Duplicate, Accepted]);
        // In the next ten seconds, the next hour, the next day, and dated otherwise.
        for (seconds, at) in [(1, None), (10, Some(-5)), (3_600, Some(3_600)), (DAY, None), (34 * DAY, Some(0))] {
            let again = UsageEvent { at: at.map(second), ..event("a") };
            assert_eq!(take(&store, vec![again], second(seconds)), [Duplicate], "after {seconds} s");
        }
        drop(store);
        let store = bed.open();
        assert_eq!(take(&store, vec![event("a"), event("d"), event("c")], second(7)), [Duplicate, Accepted, Duplicate]);
        assert_eq!(take(&store, Vec::new(), second(8)), []);
        // Each cloud and source gives its own ids.
        assert_eq!(take_of(&store, "other", vec![event("a")], second(8)), [Accepted]);
        assert_eq!(take(&store, vec![UsageEvent { source: "another".into(), ..event("a") }], second(9)), [Accepted]);
        assert_eq!(events_of(&store, Some(1)).len(), 5);
        sound(&store);
    }
}

both! {
    /// More than a row of ids, more than a bucket, and few that go with those before them.
    fn of_many_each_is_known_again(bed: &Bed) {
        let store = bed.open();
        assert!(take(&store, ids(0..3_000), NOON).iter().all(|answer| *answer == Accepted));
        assert!(take(&store, ids(3_000..5_000), second(1)).iter().all(|answer| *answer == Accepted));
        for id in 5_000..5_100 {
            assert_eq!(take(&store, ids(id..id + 1), second(2)), [Accepted]);
        }
        assert!(take(&store, ids(0..5_100), second(3)).iter().all(|answer| *answer == Duplicate));
        drop(store);
        let store = bed.open();
        let answers = take(&store, ids(2_000..6_000), second(3_700));
        assert!(answers.iter().zip(2_000..).all(|(answer, id)| *answer == if id < 5_100 { Duplicate } else { Accepted }));
        let rows = events_of(&store, Some(1));
        assert_eq!(rows.len(), 6_000);
        let mut buckets: Vec<i64> = rows.iter().map(|row| row.bucket).collect();
        buckets.dedup();
        assert_eq!(buckets.len(), 3, "one that filled up, what came after it, and the one an hour later");
        sound(&store);
    }
}

both! {
    fn an_id_with_something_else_is_refused_and_listed(bed: &Bed) {
        let store = bed.open();
        let full = UsageEvent {
            subject: Subject::Account { name: "customer-1".into(), project: Some("p".into()), user: Some("u".into()) },
            quantities: vec![("in".into(), Quantity::ONE), ("out".into(), Quantity::ONE)],
            ..event("a")
        };
        assert_eq!(take(&store, vec![full.clone()], NOON), [Accepted]);
        let account = |name: &str, project: Option<&str>, user: Option<&str>| Subject::Account {
            name: name.into(),
            project: project.map(Into::into),
            user: user.map(Into::into),
        };
        let two = Quantity::from_millionths(2_000_000);
        let mut reused = vec![
            UsageEvent { subject: account("customer-2", Some("p"), Some("u")), ..full.clone() },
            UsageEvent { subject: account("customer-1", Some("q"), Some("u")), ..full.clone() },
            UsageEvent { subject: account("customer-1", Some("p"), None), ..full.clone() },
            UsageEvent { subject: Subject::Resource("customer-1".into()), ..full.clone() },
            UsageEvent { quantities: vec![("in".into(), Quantity::ONE), ("off".into(), Quantity::ONE)], ..full.clone() },
            UsageEvent { quantities: vec![("in".into(), Quantity::ONE), ("out".into(), two)], ..full.clone() },
            UsageEvent { quantities: vec![("in".into(), Quantity::ONE)], ..full.clone() },
        ];
        for (turn, event) in (1..).zip(&reused) {
            assert_eq!(take(&store, vec![event.clone()], second(turn)), [Refused(Reason::IdReused)], "{event:?}");
        }
        // What may differ: when, of which product, and what else is said; and in which order.
        let same = UsageEvent {
            at: Some(second(-9)),
            product: Some("x".into()),
            properties: BTreeMap::from([("region".into(), "eu".into())]),
            quantities: vec![("out".into(), Quantity::ONE), ("in".into(), Quantity::ONE)],
            ..full.clone()
        };
        assert_eq!(take(&store, vec![same], second(30)), [Duplicate]);
        let listed = read(&store, |tx| tx.usage_refused("cloud", None, None, 100));
        reused.reverse();
        assert_eq!(listed.iter().map(|row| row.event.clone()).collect::<Vec<_>>(), reused);
        assert!(listed.iter().all(|row| row.reason == Reason::IdReused && row.account.is_none()));
        assert_eq!(events_of(&store, Some(1)).len(), 1, "none of them is anybody's");
        sound(&store);
    }
}

both! {
    fn times_out_of_reach_are_refused_never_unseen(bed: &Bed) {
        let store = bed.open();
        let at = |id: &str, seconds: i64| UsageEvent { at: Some(second(seconds)), ..event(id) };
        let events =
            vec![at("old", -30 * DAY - 1), at("month", -30 * DAY), at("soon", 300), at("late", 301), event("plain")];
        let batch = Batch::new("cloud", events);
        let taken = write(&store, move |tx| take_in(tx, &batch, NOON));
        assert_eq!(
            taken.iter().map(|taken| taken.answer).collect::<Vec<_>>(),
            [Refused(Reason::TooOld), Accepted, Accepted, Refused(Reason::InTheFuture), Accepted]
        );
        // What is ahead by a little counts when it arrives; what the source said stays.
        assert_eq!([taken[1].at, taken[2].at, taken[4].at], [second(-30 * DAY), NOON, NOON]);
        let kept: Vec<_> = events_of(&store, Some(1)).into_iter().map(|row| (row.event.id, row.event.at)).collect();
        assert_eq!(
            kept,
            [("month".into(), Some(second(-30 * DAY))), ("soon".into(), Some(second(300))), ("plain".into(), None)]
        );
        let refused: Vec<_> = events_of(&store, None).into_iter().map(|row| (row.event.id, row.refused)).collect();
        assert_eq!(refused, [("old".into(), Some(Reason::TooOld)), ("late".into(), Some(Reason::InTheFuture))]);
        // A refused event has not used its id up.
        assert_eq!(take(&store, vec![event("old"), event("late")], second(1)), [Accepted, Accepted]);
        sound(&store);
    }
}

both! {
    fn what_pricing_refuses_is_kept_and_listed(bed: &Bed) {
        let store = bed.open();
        let metered = |id: &str, meter: &str| UsageEvent { quantities: vec![(meter.into(), Quantity::ONE)], ..event(id) };
        let nobody = UsageEvent { subject: Subject::Resource("nobody".into()), ..event("n") };
        let events = vec![metered("u", "unpriced"), metered("m", "unknown_meter"), nobody.clone(), event("a")];
        let answers = [Refused(Reason::Unpriced), Refused(Reason::UnknownMeter), Refused(Reason::UnknownSubject), Accepted];
        assert_eq!(take(&store, events.clone(), NOON), answers);
        // What waits for a price has used its id up; what is refused comes again as if it were new.
        assert_eq!(
            take(&store, events, second(1)),
            [Duplicate, Refused(Reason::UnknownMeter), Refused(Reason::UnknownSubject), Duplicate]
        );
        let waiting = read(&store, |tx| tx.usage_refused("cloud", Some(Reason::Unpriced), None, 10));
        assert_eq!((waiting.len(), waiting[0].account, waiting[0].event.id.as_str()), (1, Some(OwnerId(1)), "u"));
        assert_eq!(read(&store, |tx| tx.usage_refused("cloud", None, None, 10)).len(), 5);
        let rows = waiting.clone();
        write(&store, move |tx| tx.usage_priced("cloud", &rows));
        assert_eq!(read(&store, |tx| tx.usage_refused("cloud", Some(Reason::Unpriced), None, 10)), []);
        let states: Vec<_> = events_of(&store, Some(1)).into_iter().map(|row| (row.event.id, row.refused)).collect();
        assert!(states.contains(&("u".into(), None)), "{states:?}");
        let twice = store.write("test", move |tx| tx.usage_priced("cloud", &waiting));
        assert!(twice.is_err(), "an event is priced once");
        assert_eq!(take(&store, vec![metered("u", "unpriced")], second(2)), [Duplicate]);
        sound(&store);
    }
}

both! {
    fn an_id_is_forgotten_after_its_window(bed: &Bed) {
        let store = bed.open();
        assert_eq!(take(&store, ids(0..100), NOON)[0], Accepted);
        assert_eq!(take(&store, ids(0..1), second(35 * DAY)), [Duplicate]);
        assert_eq!(take(&store, ids(0..1), second(35 * DAY + 10)), [Accepted]);
        assert_eq!(take(&store, ids(0..2), second(35 * DAY + 11)), [Duplicate, Accepted]);
        // A clock that was ahead and is set back knows again what it knew.
        assert_eq!(take(&store, ids(5..6), NOON), [Duplicate]);
        let forgotten = write(&store, |tx| tx.usage_forget("cloud", second(DAY), 100));
        assert_eq!(forgotten, 1);
        assert_eq!(write(&store, |tx| tx.usage_forget("cloud", second(DAY), 100)), 0);
        assert_eq!(take(&store, ids(0..2), second(35 * DAY + 12)), [Duplicate, Duplicate]);
        assert_eq!(events_of(&store, Some(1)).len(), 102, "the events stay");
        sound(&store);
        drop(store);
        let store = bed.open();
        assert_eq!(take(&store, ids(1..3), second(35 * DAY + 13)), [Duplicate, Accepted]);
        sound(&store);
    }
}

both! {
    /// Each cloud may have its own window: what one has let go of, another reads again.
    fn the_longest_window_counts(bed: &Bed) {
        let store = bed.open();
        let long = Window { dedupe_days: 90, ..Window::default() };
        let with = |store: &Store, window: Window, seconds: i64| {
            let batch = Batch::new("cloud", ids(0..1));
            let taken = write(store, move |tx| {
                tx.usage_take(&batch, second(seconds), window, |_, fresh| Ok(price(&batch, fresh)))
            });
            taken[0].answer
        };
        assert_eq!(with(&store, Window::default(), 0), Accepted);
        take_of(&store, "other", ids(0..1), second(60 * DAY));
        assert_eq!(with(&store, long, 80 * DAY), Duplicate);
        drop(store);
        let store = bed.open();
        take_of(&store, "other", ids(1..2), second(60 * DAY));
        assert_eq!(with(&store, long, 80 * DAY), Duplicate);
        assert_eq!(with(&store, Window::default(), 80 * DAY), Accepted);
    }
}

fn uuid(ms: u64, tail: u32) -> String {
    format!("{:08x}-{:04x}-7000-8000-{tail:012x}", ms >> 16, ms & 0xffff)
}

both! {
    /// The time an id begins with says where to look, whatever the clock that made it: ahead, behind, or mad.
    fn ids_that_begin_with_a_time_are_found_wherever_they_are(bed: &Bed) {
        let noon = u64::try_from(NOON.micros() / 1_000).expect("after 1970");
        let times = [0, noon - 86_400_000, noon, noon + 1, noon + 3_600_000, (1 << 48) - 1];
        let events = |times: &[u64]| times.iter().map(|ms| event(&uuid(*ms, 7))).collect::<Vec<_>>();
        let store = bed.open();
        for (turn, ms) in (0..).zip(times) {
            assert_eq!(take(&store, events(&[ms]), second(turn * 7_200)), [Accepted], "{ms}");
            assert_eq!(take(&store, vec![event(&uuid(ms, 8)), event("01ARZ3NDEKTSV4RRFFQ69G5FAV")], second(turn * 7_200))[0], Accepted);
        }
        assert_eq!(take(&store, events(&times), second(86_400)), [Duplicate; 6]);
        drop(store);
        let store = bed.open();
        assert_eq!(take(&store, events(&times), second(86_401)), [Duplicate; 6]);
        assert_eq!(take(&store, vec![event(&uuid(noon, 9))], second(86_402)), [Accepted]);
    }
}

#[derive(Debug)]
enum Failed {
    OnPurpose,
    Store(#[expect(dead_code, reason = "told by Debug when a test fails")] StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Store(error)
    }
}

both! {
    fn what_was_rolled_back_was_never_taken(bed: &Bed) {
        let store = bed.open();
        take(&store, ids(0..10), NOON);
        for events in [ids(10..20), ids(10..1_000)] {
            let batch = Batch::new("cloud", events);
            let told = store.write("test", move |tx| {
                take_in(tx, &batch, NOON)?;
                // Within the transaction it is known.
                assert!(take_in(tx, &batch, NOON)?.iter().all(|taken| taken.answer == Duplicate));
                Err::<(), _>(Failed::OnPurpose)
            });
            assert!(matches!(told, Err(Failed::OnPurpose)), "{told:?}");
            let batch = Batch::new("cloud", ids(10..30));
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                store.write("test", move |tx| {
                    take_in(tx, &batch, NOON)?;
                    let lasts = false;
                    assert!(lasts, "on purpose");
                    Ok::<_, StoreError>(())
                })
            }));
            assert!(told.is_err());
        }
        // A process that takes the same place in the same bucket meanwhile is not mistaken for what was rolled back.
        let other = bed.try_open(&Options { sqlite_log_mib: 0, ..Options::default() }).expect("opens");
        assert!(take(&other, ids(500..520), NOON).iter().all(|answer| *answer == Accepted));
        assert!(take(&store, ids(500..520), NOON).iter().all(|answer| *answer == Duplicate));
        assert!(take(&store, ids(10..500), NOON).iter().all(|answer| *answer == Accepted));
        assert!(take(&other, ids(0..520), NOON).iter().all(|answer| *answer == Duplicate));
        assert_eq!(events_of(&store, Some(1)).len(), 520);
        sound(&store);
    }
}

both! {
    /// Callers whose closures share a commit, some of which fail: what stands is known, what does not is not.
    fn callers_of_one_commit_do_not_lose_each_others_ids(bed: &Bed) {
        let store = bed.open();
        let accepted = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for caller in 0..8_u32 {
                let (store, accepted) = (&store, &accepted);
                scope.spawn(move || {
                    for turn in 0..30_u32 {
                        // Each id is sent by two callers, in the same or in neighbouring turns.
                        let first = (turn * 4 + caller / 2) * 5;
                        let batch = Batch::new("cloud", ids(first..first + 5));
                        let fails = (turn + caller) % 3 == 0;
                        let again = batch.clone();
                        let told = store.write("test", move |tx| {
                            let taken = take_in(tx, &batch, NOON)?;
                            if fails { Err(Failed::OnPurpose) } else { Ok(taken) }
                        });
                        let taken = told.unwrap_or_else(|_| write(store, move |tx| take_in(tx, &again, NOON)));
                        accepted.fetch_add(taken.iter().filter(|taken| taken.answer == Accepted).count(), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(accepted.load(Ordering::Relaxed), 600);
        assert_eq!(events_of(&store, Some(1)).len(), 600);
        assert!(take(&store, ids(0..600), second(60)).iter().all(|answer| *answer == Duplicate));
        sound(&store);
    }
}

both! {
    fn of_two_processes_that_take_an_id_at_once_one_wins(bed: &Bed) {
        drop(bed.open());
        let stores = [(); 2].map(|()| bed.try_open(&Options { sqlite_log_mib: 0, ..Options::default() }).expect("opens"));
        let barrier = Barrier::new(4);
        let accepted = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for (process, store) in (0..).zip(&stores) {
                for caller in 0..2 {
                    let (barrier, accepted) = (&barrier, &accepted);
                    scope.spawn(move || {
                        for turn in 0..12_u32 {
                            barrier.wait();
                            let mut events = ids(turn * 50..turn * 50 + 50);
                            for (event, number) in events.iter_mut().zip(0..) {
                                event.source = format!("meter-{}", number % 7);
                            }
                            if (process + caller) % 2 == 1 {
                                events.reverse(); // in another order, which must lock in the same
                            }
                            // The two have clocks of their own: their buckets are not the same.
                            let answers = take(store, events, second(i64::from(turn) * 9 + process * 7));
                            let ours = answers.iter().filter(|answer| **answer == Accepted).count();
                            assert!(answers.iter().all(|answer| matches!(answer, Accepted | Duplicate)), "{answers:?}");
                            accepted.fetch_add(ours, Ordering::Relaxed);
                        }
                    });
                }
            }
        });
        assert_eq!(accepted.load(Ordering::Relaxed), 600, "each id was accepted once");
        assert_eq!(events_of(&stores[0], Some(1)).len(), 600);
        sound(&stores[0]);
    }
}

/// The first has taken but not committed when the second comes: the second waits, and then sees it.
#[test]
fn on_postgres_the_second_waits_for_the_first() {
    let bed = Bed::postgres();
    let stores = [bed.open(), bed.open()];
    for store in &stores {
        take(store, ids(0..1), NOON); // both know what there was
    }
    for first_commits in [true, false] {
        let (taken, barrier) = (Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(2)));
        let batch = Batch::new("cloud", ids(if first_commits { 1..3 } else { 3..5 }));
        std::thread::scope(|scope| {
            let (of_first, first_taken, has_taken) = (batch.clone(), taken.clone(), barrier.clone());
            let first = &stores[0];
            scope.spawn(move || {
                let told = first.write("test", move |tx| {
                    take_in(tx, &of_first, NOON)?;
                    has_taken.wait();
                    std::thread::sleep(std::time::Duration::from_millis(100)); // the second comes to the lock
                    first_taken.fetch_add(1, Ordering::SeqCst);
                    if first_commits { Ok(()) } else { Err(Failed::OnPurpose) }
                });
                assert_eq!(told.is_ok(), first_commits);
            });
            barrier.wait();
            let answers = write(&stores[1], move |tx| take_in(tx, &batch, second(11)));
            assert_eq!(taken.load(Ordering::SeqCst), 1, "the second has waited");
            let expected = if first_commits { Duplicate } else { Accepted };
            assert!(answers.iter().all(|taken| taken.answer == expected), "{answers:?}");
        });
    }
    sound(&stores[0]);
}

both! {
    fn the_refused_are_listed_newest_first_page_by_page(bed: &Bed) {
        let store = bed.open();
        let refused = |id: u32| UsageEvent { quantities: vec![("unknown_meter".into(), Quantity::ONE)], ..event(&id.to_string()) };
        for turn in 0..10_u32 {
            let events = (turn * 10..turn * 10 + 10).map(refused).collect();
            take(&store, events, second(i64::from(turn) * 4));
            take_of(&store, "other", vec![refused(turn)], second(i64::from(turn) * 4));
        }
        let (mut seen, mut after): (Vec<String>, Option<RefusedAt>) = (Vec::new(), None);
        loop {
            let page = read(&store, |tx| tx.usage_refused("cloud", None, after, 7));
            assert!(page.len() <= 7);
            let Some(last) = page.last() else { break };
            after = Some(last.at);
            seen.extend(page.into_iter().map(|row| row.event.id));
        }
        let expected: Vec<String> = (0..100).rev().map(|id| id.to_string()).collect();
        assert_eq!(seen, expected);
        assert_eq!(read(&store, |tx| tx.usage_refused("other", None, None, 100)).len(), 10);
        assert_eq!(read(&store, |tx| tx.usage_refused("nowhere", None, None, 100)), []);
        assert_eq!(read(&store, |tx| tx.usage_refused("cloud", Some(Reason::TooOld), None, 100)), []);
    }
}

/// What a batch of the model test is made of: small numbers, so that everything meets.
#[derive(Clone, Debug)]
struct Step {
    seconds: i64,
    events: Vec<(u8, u8, u8, Option<i64>, u8)>,
    reopened: bool,
    rolled_back: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = prop_oneof![3 => Just(None), 1 => (-31 * DAY..31).prop_map(Some), 1 => (0..400_i64).prop_map(Some)];
    let one = (0..60_u8, 0..2_u8, 0..2_u8, at, 0..8_u8);
    let step = (
        prop_oneof![0..8_i64, 0..100_000_i64, Just(34 * DAY)],
        proptest::collection::vec(one, 0..50),
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.2),
    );
    let step =
        step.prop_map(|(seconds, events, reopened, rolled_back)| Step { seconds, events, reopened, rolled_back });
    proptest::collection::vec(step, 1..12)
}

fn step_event(step: &(u8, u8, u8, Option<i64>, u8), now: i64) -> UsageEvent {
    let (id, customer, quantity, at, meter) = step;
    let meter = ["cpu", "cpu", "cpu", "cpu", "cpu", "cpu", "unpriced", "unknown_meter"][usize::from(*meter)];
    let id = if id % 2 == 0 { format!("id-{id}") } else { uuid(u64::from(*id) << 30, u32::from(*id)) };
    UsageEvent {
        source: format!("meter-{}", id.len() % 3),
        subject: Subject::Account { name: format!("customer-{}", customer + 1), project: None, user: None },
        at: at.map(|at| second(now + at)),
        quantities: vec![(meter.into(), Quantity::from_whole(i64::from(*quantity)).expect("small"))],
        ..event(&id)
    }
}

/// What the store should answer, said the slow way: one event after another against a map of all ids.
#[derive(Clone, Default)]
struct Model {
    seen: HashMap<(String, String), (i64, UsageEvent)>,
    kept: usize,
}

impl Model {
    fn take(&mut self, event: &UsageEvent, now: i64) -> Answer {
        let key = (event.source.clone(), event.id.clone());
        let window = |(arrived, _): &&(i64, UsageEvent)| arrived.div_euclid(10) >= (now - 35 * DAY).div_euclid(10);
        if let Some((_, first)) = self.seen.get(&key).filter(window) {
            let same = first.subject == event.subject && first.quantities == event.quantities;
            self.kept += usize::from(!same);
            return if same { Duplicate } else { Refused(Reason::IdReused) };
        }
        self.kept += 1;
        let at = event.at.map_or(now, |at| at.seconds_since(NOON));
        if at > now + 300 {
            return Refused(Reason::InTheFuture);
        }
        if at < now - 30 * DAY {
            return Refused(Reason::TooOld);
        }
        let refused = Reason::ALL.into_iter().find(|reason| reason.name() == event.quantities[0].0);
        let answer = refused.map_or(Accepted, Refused);
        if answer.claims() {
            self.seen.insert(key, (now, event.clone()));
        }
        answer
    }
}

fn model_and_store_agree(bed: &Bed, steps: &[Step], options: &Options) {
    let mut store = bed.try_open(options).expect("opens");
    let (mut model, mut now) = (Model::default(), 0);
    for step in steps {
        now += step.seconds;
        let events: Vec<UsageEvent> = step.events.iter().map(|one| step_event(one, now)).collect();
        if step.rolled_back {
            let batch = Batch::new("cloud", events.clone());
            let told = store.write("test", move |tx| {
                take_in(tx, &batch, second(now))?;
                Err::<(), _>(Failed::OnPurpose)
            });
            assert!(matches!(told, Err(Failed::OnPurpose)));
        }
        let expected: Vec<Answer> = events.iter().map(|event| model.take(event, now)).collect();
        assert_eq!(take(&store, events, second(now)), expected);
        if step.reopened {
            drop(store);
            store = bed.try_open(options).expect("opens again");
        }
    }
    let kept: usize = [None, Some(1), Some(2)].into_iter().map(|account| events_of(&store, account).len()).sum();
    assert_eq!(kept, model.kept);
    sound(&store);
}

fn model_test(bed: impl Fn() -> Bed, cases: u32) {
    let options = |bits| Options { sqlite_log_mib: 0, usage_fingerprint_bits: bits, ..Options::default() };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps(), tiny in any::<bool>())| {
        // With a fingerprint of one bit the filter says maybe of nearly everything.
        model_and_store_agree(&bed(), &steps, &options(if tiny { 1 } else { 16 }));
    });
}

#[test]
fn any_events_are_answered_as_a_map_of_all_ids_would_on_sqlite() {
    model_test(Bed::sqlite, 48);
}

#[test]
fn any_events_are_answered_as_a_map_of_all_ids_would_on_postgres() {
    model_test(Bed::postgres, 12);
}

both! {
    /// A filter that says maybe of every second id makes the store look, and lose nothing.
    fn a_filter_that_is_often_wrong_loses_nothing(bed: &Bed) {
        let store = bed.try_open(&Options { usage_fingerprint_bits: 1, ..Options::default() }).expect("opens");
        for turn in 0..4_u32 {
            assert!(take(&store, ids(turn * 1_000..turn * 1_000 + 1_000), second(i64::from(turn) * 20)).iter().all(|answer| *answer == Accepted));
        }
        assert!(take(&store, ids(0..4_000), second(100)).iter().all(|answer| *answer == Duplicate));
        assert_eq!(events_of(&store, Some(1)).len(), 4_000);
    }
}

/// Statements must be static: this test builds its own.
fn sql(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

both! {
    /// One value of any row changed, or a row taken out: `verify` says so.
    fn what_was_changed_is_found(bed: &Bed) {
        let store = bed.open();
        let unpriced = UsageEvent { quantities: vec![("unpriced".into(), Quantity::ONE)], ..event("waits") };
        let mut events = ids(0..1_000);
        events.extend([unpriced, event(&uuid(1_000_000, 1)), UsageEvent { at: Some(second(-40 * DAY)), ..event("old") }]);
        take(&store, events, NOON);
        take(&store, ids(1_000..1_010), second(20));
        sound(&store);
        let blob = if bed.database.is_some() { "set_byte(ids, 20, (get_byte(ids, 20) + 1) % 256)" } else { "CAST(x'00' || substr(ids, 2) AS BLOB)" };
        let number = |table: &str, column: &str| (format!("UPDATE {table} SET {column} = {column} + 100000"), column.to_owned());
        let mut changes: Vec<(String, String)> = Vec::new();
        for column in ["account", "sequence", "arrived", "state", "seal"] {
            changes.push(number("usage_event", column));
        }
        for column in ["number", "stripes", "seal", "made_least", "made_most"] {
            changes.push(number("usage_seen", column));
        }
        for column in ["arrived", "bucket", "sequence", "account", "reason"] {
            changes.push(number("usage_refused", column));
        }
        for column in ["events", "parts"] {
            changes.push(number("usage_bucket", column));
        }
        for text in [
            "UPDATE usage_event SET event = event || 'x' WHERE sequence = 7",
            "UPDATE usage_event SET bucket = bucket + 1 WHERE sequence = 7",
            "DELETE FROM usage_event WHERE sequence = 999",
            "DELETE FROM usage_seen WHERE part = 1",
            "UPDATE usage_seen SET bucket = bucket + 1",
            "UPDATE usage_seen SET part = part + 7",
            "UPDATE usage_bucket SET forgotten = NOT forgotten",
            "UPDATE usage_bucket SET cloud = 'other'",
            "UPDATE usage_bucket SET bucket = bucket + 1",
            "DELETE FROM usage_bucket",
            "DELETE FROM usage_refused WHERE reason = 6",
            "UPDATE usage_refused SET cloud = 'other'",
            "UPDATE usage_stripe SET number = 0",
        ] {
            changes.push((text.to_owned(), text.to_owned()));
        }
        changes.push((format!("UPDATE usage_seen SET ids = {blob}"), "ids".into()));
        for (change, what) in changes {
            let told = store.write("corrupt", move |tx| {
                let changed = tx.execute(sql(change.clone()), &[])?;
                assert!(changed > 0, "{change}");
                let report = tx.audit()?;
                assert!(!report.findings.is_empty(), "{change} was not found");
                Err::<(), _>(Failed::OnPurpose)
            });
            assert!(matches!(told, Err(Failed::OnPurpose)), "{what}: {told:?}");
        }
        sound(&store);
    }
}

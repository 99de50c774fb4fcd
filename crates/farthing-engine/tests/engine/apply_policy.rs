//! Applying a configuration on both stores: dated by the engine's clock, once however often it is asked, none lost.

use farthing_core::policy::{Applied, ApplyError, ApplyRequest, Files};
use farthing_core::time::Instant;
use farthing_engine::{ApplyPolicyError, Clock, Engine, IdSource};
use farthing_store::{Location, Options, Store};
use farthing_testbed::{Database, ScratchDir};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

/// Half a second past a noon in 2027.
const NOW: Instant = Instant::from_micros(1_800_000_000_500_000);

/// An engine over a fresh store, and what has to outlive it.
struct Bed {
    engine: Engine,
    _kept: (ScratchDir, Option<Database>),
}

impl Bed {
    fn sqlite(clock: Clock) -> Bed {
        let directory = ScratchDir::new("engine");
        let location = Location::Sqlite(directory.join("farthing.db"));
        Bed::open(&location, clock, (directory, None))
    }

    fn postgres(clock: Clock) -> Bed {
        let database = farthing_testbed::postgres().database("engine");
        let location = Location::Postgres(database.url());
        Bed::open(&location, clock, (ScratchDir::new("engine"), Some(database)))
    }

    fn open(location: &Location, clock: Clock, kept: (ScratchDir, Option<Database>)) -> Bed {
        let store = Store::open(location, &Options::default()).expect("a fresh store opens");
        Bed { engine: Engine::new(store, clock, IdSource::seeded(0, 1)), _kept: kept }
    }
}

/// `name::sqlite` and `name::postgres`, each with a clock of its own.
macro_rules! both {
    ($(#[$meta:meta])* fn $name:ident($engine:ident: &Engine, $clock:expr) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn on_either($engine: &Engine) $body

            #[test]
            fn sqlite() {
                on_either(&Bed::sqlite($clock).engine);
            }

            #[test]
            fn postgres() {
                on_either(&Bed::postgres($clock).engine);
            }
        }
    };
}

fn request(text: &str) -> ApplyRequest {
    let files = Files::from([("cloud.toml".into(), text.into())]);
    ApplyRequest { files, who: "anna".into(), why: "a new price".into(), starts: None, corrects: None }
}

/// Its number, and whether it is new.
fn told(applied: &Applied) -> (i64, bool) {
    match applied {
        Applied::New(version) => (version.number, true),
        Applied::Unchanged { number } => (*number, false),
    }
}

both! {
    fn a_version_starts_when_the_clock_says(engine: &Engine, Clock::simulated(NOW)) {
        let Ok(Applied::New(first)) = engine.apply_policy("cloud", request("a")) else { panic!("a first version") };
        assert_eq!((first.starts, first.recorded), (NOW.floor_second(), NOW));
        let later = Instant::from_micros(NOW.micros() + 60_000_000);
        engine.clock().advance_to(later);
        let Ok(Applied::New(second)) = engine.apply_policy("cloud", request("b")) else { panic!("a second version") };
        assert_eq!((second.number, second.starts), (2, later.floor_second()));
        let versions = engine.policy_versions("cloud").unwrap();
        assert_eq!(versions.list(), [first.clone(), second]);
        assert_eq!(versions.in_force_at(NOW), Some(&first));
        assert_eq!(engine.policy_files("cloud", 1).unwrap(), Some(request("a").files));
        assert_eq!(engine.policy_files("cloud", 3).unwrap(), None);
        assert_eq!(engine.policy_versions("other").unwrap().list(), []);
    }
}

both! {
    fn applied_twice_is_applied_once(engine: &Engine, Clock::simulated(NOW)) {
        let answers = [(); 3].map(|()| told(&engine.apply_policy("cloud", request("a")).unwrap()));
        assert_eq!(answers, [(1, true), (1, false), (1, false)]);
        let changed = ApplyRequest { who: "berta".into(), why: "another reason".into(), ..request("a") };
        assert_eq!(told(&engine.apply_policy("cloud", changed).unwrap()), (1, false), "who and why change nothing");
        assert_eq!(told(&engine.apply_policy("other", request("a")).unwrap()), (1, true), "another cloud's own");
        assert_eq!(engine.policy_versions("cloud").unwrap().list().len(), 1);
    }
}

both! {
    fn what_is_refused_leaves_nothing(engine: &Engine, Clock::simulated(NOW)) {
        engine.apply_policy("cloud", request("a")).unwrap();
        let asked = ApplyRequest { corrects: Some(2), ..request("b") };
        let refused = engine.apply_policy("cloud", asked).unwrap_err();
        let expected = ApplyError::NothingToCorrect { corrects: 2, newest: Some(1) };
        assert!(matches!(&refused, ApplyPolicyError::Refused(error) if *error == expected), "{refused:?}");
        assert_eq!(refused.to_string(), "there is no version 2 to correct: name one of 1 to 1");
        assert_eq!(engine.policy_versions("cloud").unwrap().list().len(), 1);
    }
}

both! {
    /// While the clock runs: numbers without gaps, and none starts before one that was applied before it.
    fn many_at_once_lose_nothing(engine: &Engine, Clock::simulated(NOW)) {
        const EACH: usize = 12;
        let (barrier, running) = (Barrier::new(2), AtomicBool::new(true));
        let numbers: Vec<i64> = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut now = NOW;
                while running.load(Ordering::Relaxed) {
                    now = Instant::from_micros(now.micros() + 300_000);
                    engine.clock().advance_to(now);
                    std::thread::yield_now();
                }
            });
            let apply = |caller: usize| {
                barrier.wait();
                let one = |turn| told(&engine.apply_policy("cloud", request(&format!("{caller} {turn}"))).unwrap());
                (0..EACH).map(one).map(|(number, new)| if new { number } else { 0 }).collect::<Vec<_>>()
            };
            let callers = [0, 1].map(|caller| scope.spawn(move || apply(caller)));
            let answers = callers.map(|caller| caller.join().expect("it answers"));
            running.store(false, Ordering::Relaxed);
            answers.concat()
        });
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq((1..).take(2 * EACH)), "{numbers:?}");
        let versions = engine.policy_versions("cloud").unwrap();
        assert!(versions.list().is_sorted_by_key(|version| version.recorded), "{versions:?}");
        assert_eq!(versions.in_force_at(Instant::MAX), versions.newest());
        for (place, number) in numbers.into_iter().enumerate() {
            let text = format!("{} {}", place / EACH, place % EACH);
            assert_eq!(engine.policy_files("cloud", number).unwrap(), Some(request(&text).files), "version {number}");
        }
    }
}

both! {
    fn the_same_from_many_at_once_is_one_version(engine: &Engine, Clock::simulated(NOW)) {
        let barrier = Barrier::new(4);
        let mut answers: Vec<(i64, bool)> = std::thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                told(&engine.apply_policy("cloud", request("a")).unwrap())
            };
            let callers: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            callers.into_iter().map(|caller| caller.join().expect("it answers")).collect()
        });
        answers.sort_unstable();
        assert_eq!(answers, [(1, false), (1, false), (1, false), (1, true)]);
    }
}

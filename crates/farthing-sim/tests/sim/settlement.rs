//! Random stories on the real engine: what it charges, and what it moves, is what an independent reckoning says.

use farthing_sim::oracle::drive::{Manner, balances, play};
use farthing_sim::oracle::generate::{Taste, story};
use farthing_sim::oracle::price::Settle;
use farthing_sim::oracle::story::Story;
use farthing_sim::seed;
use farthing_store::Scratch;

fn fails(story: &Story, manner: Manner) -> Option<String> {
    let scratch = Scratch::embedded().expect("a folder");
    play(story, scratch.location(), manner).err()
}

/// Drops whatever is not needed to fail.
fn shortest(mut story: Story, mut why: String, manner: Manner) -> (Story, String) {
    let mut place = 0;
    while place < story.happenings.len() {
        let mut fewer = story.clone();
        fewer.happenings.remove(place);
        match fails(&fewer, manner) {
            Some(still) if !still.contains("refused (not_found)") && !still.contains("unknown_subject") => {
                (story, why, place) = (fewer, still, 0);
            }
            _ => place += 1,
        }
    }
    (story, why)
}

fn property(name: &str, cases: u32, manner: Manner, taste: impl Fn(u64) -> Taste) {
    // The same stories at every run, unless a seed is named: to look for more, name others.
    let first = if std::env::var("FARTHING_SIM_SEED").is_ok() { seed::of_this_run() } else { 1 };
    let most: usize = std::env::var("ORACLE_SHOW").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut failed = 0;
    for case in 0..cases / 4 {
        let seed = first.wrapping_add(u64::from(case));
        let story = story(seed, taste(seed));
        if let Some(why) = fails(&story, manner) {
            let (story, why) =
                if std::env::var("ORACLE_SHRINK").is_ok() { shortest(story, why, manner) } else { (story, why) };
            eprintln!("{name}: FARTHING_SIM_SEED={seed} FARTHING_SIM_CASES=1\n{story}\n{why}\n=====");
            failed += 1;
            if failed >= most {
                break;
            }
        }
    }
    assert_eq!(failed, 0, "{name}");
}

#[test]
fn told_at_once() {
    property("told at once", seed::cases(), Manner::Closely, |_| Taste { late: 0, ..Taste::default() });
}

#[test]
fn told_late() {
    property("told late", seed::cases(), Manner::Closely, |seed| Taste {
        late: 1 + usize::try_from(seed % 3).expect("small"),
        ..Taste::default()
    });
}

#[test]
fn told_late_without_versions() {
    property("told late, one version", seed::cases(), Manner::Closely, |seed| Taste {
        late: 1 + usize::try_from(seed % 3).expect("small"),
        versions: false,
        ..Taste::default()
    });
}

/// Nobody does what is due between what is told: a day may have to be sealed by the fact that comes next.
#[test]
fn told_late_to_an_engine_that_slept() {
    property("told to an engine that slept", seed::cases(), Manner::Alone, |seed| Taste {
        late: usize::try_from(seed % 4).expect("small"),
        versions: false,
        ..Taste::default()
    });
}

const CADENCES: [Settle; 4] = [Settle::Minutes(5), Settle::Minutes(60), Settle::Day, Settle::Cycle];

/// One story told at each cadence, and with settlements at any time in between, costs the same and leaves the same.
#[test]
fn the_cadence_does_not_matter() {
    let first = seed::of_this_run();
    for case in 0..seed::cases() / 4 {
        let seed = first.wrapping_add(u64::from(case));
        let late = usize::try_from(seed % 4).expect("small");
        let taste = |settle| Taste { settle: Some(settle), versions: false, late, ..Taste::default() };
        let ends: Vec<(Settle, Vec<i64>)> = CADENCES
            .iter()
            .map(|settle| {
                let mut story = story(seed, taste(*settle));
                story.settle = *settle;
                let scratch = Scratch::embedded().expect("a folder");
                let stage = play(&story, scratch.location(), Manner::Plainly)
                    .unwrap_or_else(|why| panic!("FARTHING_SIM_SEED={seed}, settled {settle:?}\n{story}\n{why}"));
                (*settle, balances(&stage, &story).expect("it can be asked"))
            })
            .collect();
        for (settle, end) in &ends {
            assert_eq!(*end, ends[0].1, "FARTHING_SIM_SEED={seed}: settled {settle:?}, beside {:?}", ends[0].0);
        }
    }
}

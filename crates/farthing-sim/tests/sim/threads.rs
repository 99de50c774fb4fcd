//! Many threads on few owners: what was answered is in the books, once, and nothing else is.

use farthing_sim::stage::{Cast, Stage};
use farthing_sim::workload::{Answer, differences};
use farthing_sim::{check, seed};

const THREADS: u32 = 64;
const OWNERS: usize = 10;

fn many_threads_on_few_owners(stage: &Stage, commands: u32) {
    let cast = Cast::ensure(&stage.store, "threads", OWNERS, 30);
    let seed = seed::of_this_run();
    let first = u32::try_from(seed % 9_000).expect("below nine thousand");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (first..first + THREADS)
            .map(|stream| {
                let cast = &cast;
                scope.spawn(move || {
                    let ask = |n| Answer::ask(&stage.store, cast, stream, n).expect("the store answers");
                    (0..commands).map(ask).collect::<Vec<Answer>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread ends")).collect()
    });
    let wrong = differences(&stage.store, &cast, &answers);
    assert!(wrong.is_empty(), "FARTHING_SIM_SEED={seed} on {}:\n{}", stage.name(), wrong.join("\n"));
    check::assert_sound(&stage.store, &format!("FARTHING_SIM_SEED={seed}"));
}

#[test]
fn sixty_four_threads_on_sqlite() {
    many_threads_on_few_owners(&Stage::sqlite("threads"), 48);
}

#[test]
fn sixty_four_threads_on_postgres() {
    many_threads_on_few_owners(&Stage::postgres("threads"), 24);
}

//! Random commands in random batches: both stores answer what the model answers, and end as it ends.

use farthing_core::ledger::{Code, Command, Floor, Mode, Movement, Outcome};
use farthing_sim::check;
use farthing_sim::script::{Op, Script, Step, Style, count_codes, ops};
use farthing_sim::stage::{Cast, Stage};
use farthing_sim::{model::World, seed};
use farthing_store::{Store, StoreError};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Runs a property on so many random lists of ops; a failure names its seed and the shortest list found.
fn property(name: &str, cases: u32, shrinks: u32, holds: impl Fn(&[Op], i64) -> Result<(), String>) {
    let seed = seed::of_this_run();
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: shrinks,
        failure_persistence: None,
        ..Config::default()
    };
    let number = Cell::new(0);
    let result = TestRunner::new(config).run(&ops(60), |ops| {
        number.set(number.get() + 1);
        holds(&ops, number.get()).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, ops)) => panic!("{name}: FARTHING_SIM_SEED={seed}\n{ops:#?}\n{why}"),
        Err(TestError::Abort(why)) => panic!("{name}: FARTHING_SIM_SEED={seed}: {why}"),
    }
}

/// Each case has accounts and ids of its own in stores shared by all: its ids lie in a second of its own.
fn style(case: i64) -> Style {
    Style { start: case * 1_000_000, still_from: usize::MAX }
}

fn cast(store: &Store, case: i64) -> Cast {
    let customers = 2 + usize::try_from(case % 3).expect("small");
    Cast::ensure(store, &format!("case-{case}"), customers, 5)
}

/// Plays a script and compares all that it leaves behind.
fn holds_on(store: &Store, script: &Script) -> Result<(), String> {
    check::play(store, script)?;
    check::same_world(store, &script.world)?;
    let unsound = check::unsound(store);
    if unsound.is_empty() { Ok(()) } else { Err(unsound.join("\n")) }
}

#[test]
fn sqlite_answers_as_the_model_does() {
    let stage = Stage::sqlite("random");
    let counts = Cell::new(BTreeMap::new());
    property("random commands on SQLite", seed::cases(), 3000, |ops, case| {
        let cast = cast(&stage.store, case);
        let script = Script::write(ops, &cast, style(case));
        let mut all = counts.take();
        count_codes(&script, &mut all);
        counts.set(all);
        holds_on(&stage.store, &script)
    });
    check::assert_sound(&stage.store, "after all cases");
    let counts = counts.take();
    eprintln!("answers: {counts:?}");
    for code in Code::ALL {
        assert!(counts.contains_key(code.name()), "no case was answered {}: {counts:?}", code.name());
    }
}

#[test]
fn both_stores_answer_as_the_model_does_and_end_byte_equal() {
    let [sqlite, postgres] = Stage::both("random");
    property("random commands on both stores", (seed::cases() / 8).max(1), 200, |ops, case| {
        let (cast, other) = (cast(&sqlite.store, case), cast(&postgres.store, case));
        let script = Script::write(ops, &cast, style(case));
        assert!(cast.world.accounts.keys().eq(other.world.accounts.keys()), "both stores number accounts alike");
        holds_on(&sqlite.store, &script).map_err(|why| format!("on SQLite: {why}"))?;
        holds_on(&postgres.store, &script).map_err(|why| format!("on PostgreSQL: {why}"))?;
        check::same_rows(&check::dump(&sqlite.store, &cast.world), &check::dump(&postgres.store, &cast.world))
    });
    check::assert_sound(&postgres.store, "after all cases");
}

/// The same commands one by one, in random batches and all at once answer and end the same, to the chain's last byte. In
/// the half where that is compared time stands still, since one batch has one `now`.
#[test]
fn batching_does_not_matter() {
    let stages = [Stage::sqlite("batched"), Stage::sqlite("single"), Stage::sqlite("at-once")];
    property("batching", seed::cases() / 4, 1000, |ops, case| {
        let half = ops.len() / 2;
        let casts = stages.each_ref().map(|stage| cast(&stage.store, case));
        let script = Script::write(ops, &casts[0], Style { still_from: half, ..style(case) });
        let [batched, single, at_once] = stages.each_ref().map(|stage| &stage.store);
        check::play(batched, &script)?;
        // The first half as it is: its last batch may reach into the second, which is as good.
        let first = script.steps.iter().rposition(|(now, _)| *now != script.end).map_or(0, |place| place + 1);
        let (moving, still) = script.steps.split_at(first);
        for store in [single, at_once] {
            let moving = Script { steps: moving.to_vec(), end: script.end, world: World::default() };
            check::play(store, &moving)?;
        }
        let mut waiting: (Vec<Command>, Vec<Outcome>) = Default::default();
        let ask_at_once = |(commands, expected): (Vec<Command>, Vec<Outcome>)| {
            check::same_answers(&commands, &expected, &check::run(at_once, &commands, script.end)?)
        };
        for (now, step) in still {
            match step {
                Step::Run { commands, expected } => {
                    let mut rest = expected.as_slice();
                    for command in commands {
                        let count = if let Command::Linked(set) = command { set.len() } else { 1 };
                        let (ours, others) = rest.split_at(count);
                        rest = others;
                        let got = check::run(single, std::slice::from_ref(command), *now)?;
                        check::same_answers(std::slice::from_ref(command), ours, &got)?;
                        asking_left_no_account_beyond_its_floor(single, command, &got)?;
                    }
                    waiting.0.extend(commands.iter().cloned());
                    waiting.1.extend(expected);
                }
                Step::Close { .. } => {
                    ask_at_once(std::mem::take(&mut waiting))?;
                    let close = Script { steps: vec![(*now, step.clone())], end: script.end, world: World::default() };
                    check::play(single, &close)?;
                    check::play(at_once, &close)?;
                }
            }
        }
        ask_at_once(waiting)?;
        let rows = stages.each_ref().map(|stage| check::dump(&stage.store, &casts[0].world));
        check::same_rows(&rows[0], &rows[1]).map_err(|why| format!("one by one: {why}"))?;
        check::same_rows(&rows[0], &rows[2]).map_err(|why| format!("all at once: {why}"))
    });
}

fn asking_left_no_account_beyond_its_floor(store: &Store, command: &Command, got: &[Outcome]) -> Result<(), String> {
    if got.iter().any(|outcome| outcome.code != Code::Created) {
        return Ok(());
    }
    // What an authorisation is held to is the floor of its last account; the others give what they have free.
    let debited = match command {
        Command::Transfer(transfer) if transfer.mode == Mode::Asks => match transfer.movement {
            Movement::Move { debit, .. } => debit,
            Movement::Reverse(_) => return Ok(()),
        },
        Command::Authorise(request) => *request.along.last().expect("it was created"),
        _ => return Ok(()),
    };
    let account = store
        .read("floor", |tx| tx.account(debited))
        .map_err(|error: StoreError| format!("{error:?}"))?
        .ok_or("a debited account is there")?
        .account;
    let lowest = match account.floor {
        Floor::Open => return Ok(()),
        Floor::Zero => 0,
        Floor::Minus(most) => -i128::from(most),
    };
    let free = i128::from(account.balance()) - i128::from(account.held);
    if free < lowest { Err(format!("{command:?} left {free} free of {account:?}")) } else { Ok(()) }
}

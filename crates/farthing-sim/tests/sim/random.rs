//! Random commands in random batches: both stores answer what the model answers, and end as it ends.

use farthing_core::ledger::{Code, Command, Floor, Kind, Mode, Movement, Outcome, Transfer, TransferId};
use farthing_sim::check;
use farthing_sim::model::World;
use farthing_sim::script::{Op, Script, Step, Style, count_codes, ops};
use farthing_sim::seed::{self, Dice};
use farthing_sim::stage::{Cast, Stage, at};
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
        max_shrink_time: 60_000,
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
        Err(TestError::Fail(_, ops)) => {
            let (ops, why) = shortest(ops, |ops| {
                number.set(number.get() + 1);
                holds(ops, number.get())
            });
            panic!("{name}: FARTHING_SIM_SEED={seed}\n{ops:?}\n{why}")
        }
        Err(TestError::Abort(why)) => panic!("{name}: FARTHING_SIM_SEED={seed}: {why}"),
    }
}

/// Drops whatever is not needed to fail. (proptest tries each op once, before it has made the others simple.)
fn shortest(mut ops: Vec<Op>, holds: impl Fn(&[Op]) -> Result<(), String>) -> (Vec<Op>, String) {
    let mut why = holds(&ops).err().unwrap_or_else(|| "it does not fail again".to_owned());
    let mut place = 0;
    while place < ops.len() {
        let mut fewer = ops.clone();
        fewer.remove(place);
        match holds(&fewer) {
            Ok(()) => place += 1,
            Err(still) => (ops, why, place) = (fewer, still, 0),
        }
    }
    (ops, why)
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
    check::same_world(store, &script.world)
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

/// More than is inserted, and hashed, at a time: on both stores as in the model, in one batch.
#[test]
fn a_large_batch_is_a_batch() {
    let stages = Stage::both("large");
    let mut dice = Dice::of(&[seed::of_this_run()]);
    let casts = stages.each_ref().map(|stage| cast(&stage.store, 1));
    let (cast, mut world) = (&casts[0], casts[0].world.clone());
    let transfer = |number: i64| {
        let customer = cast.customers[dice.below(cast.customers.len())];
        let (debit, credit) = [(cast.provider, customer.cash), (customer.cash, cast.revenue)][dice.below(2)];
        // A few ids are the same as others, a few are out of order.
        let number = [number, number, number, number / 2, 5_000 - number][dice.below(5)];
        let movement = Movement::Move { debit, credit, amount: dice.between(1, 9), commodity: cast.dollars };
        let id = TransferId::from_parts(at(1_000 + number), 0, 0).expect("in the ids' years");
        Command::Transfer(Transfer { id, cause: None, kind: Kind::Plain, mode: Mode::Asks, effective: at(0), movement })
    };
    let commands: Vec<Command> = (0..2_500).map(transfer).collect();
    let expected = world.run(&commands, at(0));
    for stage in &stages {
        let got = check::run(&stage.store, &commands, at(0)).expect("the store answers");
        assert_eq!(check::same_answers(&commands, &expected, &got), Ok(()), "{}", stage.name());
        assert_eq!(check::same_world(&stage.store, &world), Ok(()), "{}", stage.name());
        check::assert_sound(&stage.store, "after a large batch");
    }
    let [sqlite, postgres] = stages.each_ref().map(|stage| check::dump(&stage.store, &world));
    assert_eq!(check::same_rows(&sqlite, &postgres), Ok(()));
    assert!(world.booked.len() > 1_200, "only {} were booked", world.booked.len());
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
        // The first half is asked as it is.
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

/// What an asked transfer takes from, and what a hold goes along together, is not left below its floor.
fn asking_left_no_account_beyond_its_floor(store: &Store, command: &Command, got: &[Outcome]) -> Result<(), String> {
    let debited = match command {
        _ if got.iter().any(|outcome| outcome.code != Code::Created) => return Ok(()),
        Command::Transfer(Transfer { mode: Mode::Asks, movement: Movement::Move { debit, .. }, .. }) => vec![*debit],
        Command::Authorise(request) => request.along.clone(),
        _ => return Ok(()),
    };
    let mut accounts = Vec::new();
    for id in debited {
        let row = store.read("floor", |tx| tx.account(id)).map_err(|error: StoreError| format!("{error:?}"))?;
        accounts.push(row.ok_or("a debited account is there")?.account);
    }
    let lowest = match accounts.last().ok_or("something was debited")?.floor {
        Floor::Open => return Ok(()),
        Floor::Zero => 0,
        Floor::Minus(most) => -i128::from(most),
    };
    let free: i128 = accounts.iter().map(|account| i128::from(account.balance()) - i128::from(account.held)).sum();
    if free < lowest { Err(format!("{command:?} left {free} free of {accounts:?}")) } else { Ok(()) }
}

//! A writing process killed at any moment: what it was told is there, nothing is half-done, and asking again goes on from
//! where it ended.

use farthing_sim::check;
use farthing_sim::seed::{self, Dice};
use farthing_sim::stage::{Cast, Stage};
use farthing_sim::workload::{Answer, asked_again, differences, half_done};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

const THREADS: u32 = 6;
const CUSTOMERS: usize = 4;
const ROUNDS: u32 = 4;

/// Whoever panics in between leaves no process behind.
struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

/// Runs the writer until so many answers have come, kills it, and returns all the answers it has printed.
fn killed_after(stage: &Stage, first: u32, lines: usize) -> Vec<Answer> {
    let child = Command::new(env!("CARGO_BIN_EXE_crash-writer"))
        .args([stage.url(), "crash", &CUSTOMERS.to_string(), &first.to_string(), &THREADS.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer starts");
    let mut writer = Writer(child);
    let mut output = BufReader::new(writer.0.stdout.take().expect("it is piped"));
    let mut text = String::new();
    for _ in 0..lines {
        assert_ne!(output.read_line(&mut text).expect("it prints text"), 0, "the writer ended by itself");
    }
    writer.0.kill().expect("it can be killed");
    writer.0.wait().expect("it ends");
    output.read_to_string(&mut text).expect("it prints text");
    // A torn last line was not said.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| Answer::parse(line).unwrap_or_else(|| panic!("not an answer: {line}"))).collect()
}

fn kill_and_go_on(stage: &Stage) {
    let cast = Cast::ensure(&stage.store, "crash", CUSTOMERS, 30);
    let seed = seed::of_this_run();
    let mut dice = Dice::of(&[seed]);
    let mut all: Vec<Answer> = Vec::new();
    for round in 0..ROUNDS {
        let first = u32::try_from(dice.below(100)).expect("small") * 64 + round * THREADS;
        let answers = killed_after(stage, first, 20 + dice.below(200));
        let when = format!("FARTHING_SIM_SEED={seed}, round {round} on {}", stage.name());

        let mut next: BTreeMap<u32, u32> = (first..first + THREADS).map(|stream| (stream, 0)).collect();
        for answer in &answers {
            next.insert(answer.stream, answer.n + 1);
        }
        let torn: Vec<String> =
            next.iter().filter_map(|(stream, n)| half_done(&stage.store, &cast, *stream, *n)).collect();
        assert!(torn.is_empty(), "{when}: half done: {torn:?}");
        check::assert_sound(&stage.store, &when);
        let lost = asked_again(&stage.store, &cast, &answers);
        assert!(lost.is_empty(), "{when}: {}", lost.join("\n"));

        // What was under way is asked again: now there is an answer to everything that was ever asked.
        all.extend(answers);
        for (stream, n) in next {
            all.push(Answer::ask(&stage.store, &cast, stream, n).expect("the store answers"));
        }
        let wrong = differences(&stage.store, &cast, &all);
        assert!(wrong.is_empty(), "{when}:\n{}", wrong.join("\n"));
        check::assert_sound(&stage.store, &when);
    }
}

#[test]
fn a_killed_writer_on_sqlite() {
    kill_and_go_on(&Stage::sqlite("crash"));
}

#[test]
fn a_killed_writer_on_postgres() {
    kill_and_go_on(&Stage::postgres("crash"));
}

//! A process that settles is killed at any moment, and another takes up where it was: nothing that was said to be done is
//! lost, nothing is done twice, and in the end there is what one uninterrupted run leaves.

use farthing_sim::oracle::cost::{Steps, costs};
use farthing_sim::oracle::deeds::{Deed, Line, Script};
use farthing_sim::oracle::drive::{REFUSED, Stage as Told, open};
use farthing_sim::oracle::story::{Happening, What};
use farthing_sim::seed::{self, Dice};
use farthing_sim::stage::Stage;
use farthing_store::{Location, Scratch};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// One after the other, so many on each store.
const STORIES: u64 = 2;
/// How often a play is killed, on the average.
const KILLS: usize = 10;

/// Whoever panics in between leaves no process behind.
struct Teller(Child);

impl Drop for Teller {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

/// What one uninterrupted run says and leaves.
struct Whole {
    lines: Vec<Line>,
    state: Vec<String>,
    /// How long a line takes, about.
    micros: i64,
}

fn whole(script: &Script, when: &str) -> Whole {
    let scratch = Scratch::embedded().expect("a folder");
    let began = Instant::now();
    let mut lines = Vec::new();
    let mut stage = script.take_up(scratch.location(), 0, script.story.start, 0).expect("it begins");
    script.play(&mut stage, 0, |line| lines.push(line.clone())).unwrap_or_else(|why| panic!("{when}: {why}"));
    let micros = began.elapsed().as_micros() / lines.len().max(1) as u128;
    sound(&stage, when);
    as_reckoned(script, &stage, when);
    Whole { lines, state: stage.state().expect("it can be read"), micros: i64::try_from(micros).expect("soon") }
}

/// Ledger, charges, and what is open, worked out again.
fn sound(stage: &Told, when: &str) {
    stage.audit().unwrap_or_else(|why| panic!("{when}: {why}"));
}

/// Everything was charged as the independent reckoning says.
fn as_reckoned(script: &Script, stage: &Told, when: &str) {
    let end = script.deeds.last().expect("there are deeds").second;
    let told = stage.told.clone();
    let expected = costs(&script.story, &told, end, Steps::Cuts);
    assert_eq!(stage.charges(&script.story).expect("it answers"), expected, "{when}: charges");
}

/// What has been said to be done, and until when.
struct Place {
    next: usize,
    second: i64,
}

impl Place {
    fn hear(&mut self, line: &Line, whole: &Whole, when: &str) {
        match line {
            Line::At(second) => {
                assert!(*second >= self.second, "{when}: time went back to {second}");
                self.second = *second;
            }
            Line::Done(number, answer) => {
                assert_eq!(*number, self.next, "{when}: out of order");
                let first = whole.lines.iter().find_map(|line| match line {
                    Line::Done(other, answer) if other == number => Some(answer.as_str()),
                    _ => None,
                });
                // What was done by one that was killed before it said so is known to the one after it.
                let alike = first == Some(answer) || (first == Some("told") && answer == "known");
                assert!(alike, "{when}: deed {number} was answered {answer}, not {first:?}");
                self.next = number + 1;
            }
        }
    }
}

/// Runs a teller from a place on, kills it a while after so many lines, and hears all it has said.
fn killed(stage: &Stage, seed: u64, place: &mut Place, life: u8, after: (usize, i64), whole: &Whole, when: &str) {
    let child = Command::new(env!("CARGO_BIN_EXE_crash-teller"))
        .args([stage.url(), &seed.to_string(), &place.next.to_string(), &place.second.to_string(), &life.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the teller starts");
    let mut teller = Teller(child);
    let mut output = BufReader::new(teller.0.stdout.take().expect("it is piped"));
    let mut text = String::new();
    let (lines, micros) = after;
    for _ in 0..lines {
        if output.read_line(&mut text).expect("it prints text") == 0 {
            let ended = teller.0.wait().expect("it ends");
            assert!(ended.success(), "{when}: the teller failed after\n{text}");
            break;
        }
    }
    // Not to wait for anything: so the kill falls anywhere in what comes after the line.
    std::thread::sleep(Duration::from_micros(u64::try_from(micros).expect("a while")));
    teller.0.kill().expect("it can be killed");
    teller.0.wait().expect("it ends");
    output.read_to_string(&mut text).expect("it prints text");
    // A torn last line was not said.
    let said = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in said.lines() {
        let line = Line::parse(line).unwrap_or_else(|| panic!("not a line: {line}"));
        place.hear(&line, whole, when);
    }
}

fn kill_and_go_on(fresh: fn(&str) -> Stage) {
    let seed = seed::of_this_run();
    for story in 0..STORIES {
        play_killed(&fresh("crash-settlement"), seed.wrapping_add(story));
    }
}

fn play_killed(stage: &Stage, seed: u64) {
    let script = Script::of(seed);
    let of_seed = format!("FARTHING_SIM_SEED={seed} on {}", stage.name());
    let whole = whole(&script, &format!("{of_seed}, uninterrupted"));
    let mut dice = Dice::of(&[seed, 9]);
    let mut place = Place { next: 0, second: script.story.start };
    let location = Location::parse(stage.url());
    let mut life = 0;
    while place.next < script.deeds.len() {
        life += 1;
        let when = format!("{of_seed}, life {life}");
        let lines = if life < 60 { dice.below(2 * whole.lines.len() / KILLS + 2) } else { usize::MAX };
        let micros = dice.between(0, 2 * whole.micros);
        killed(stage, seed, &mut place, life, (lines, micros), &whole, &when);
        if place.next > 0 {
            // As it was left lying, before anybody mends anything.
            let left = open(&location, at(place.second), 0);
            sound(&Told { engine: left, told: Vec::new() }, &when);
        }
    }
    let mut end = script.take_up(&location, place.next, place.second, 63).expect("it opens");
    sound(&end, &of_seed);
    let state = end.state().expect("it can be read");
    assert_alike(&state, &whole.state, &format!("{of_seed}, after {life} lives"));
    asked_again(&script, &whole, &mut end, &of_seed);
    assert_alike(&end.state().expect("it can be read"), &state, &format!("{of_seed}, all asked once more"));
    eprintln!("{of_seed}: {} lines, killed {life} times", whole.lines.len());
}

fn assert_alike(found: &[String], expected: &[String], when: &str) {
    let lost: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
    let strange: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
    assert!(lost.is_empty() && strange.is_empty(), "{when}\nlost {lost:#?}\nstrange {strange:#?}");
    assert_eq!(found.len(), expected.len(), "{when}: something is there twice");
}

/// Everything that was done once is asked for once more. What follows from now (a move, a version,
/// a project where it was at first) would be another deed.
fn asked_again(script: &Script, whole: &Whole, end: &mut Told, of_seed: &str) {
    for line in &whole.lines {
        let Line::Done(number, answer) = line else { continue };
        let from_now = matches!(
            &script.deeds[*number].deed,
            Deed::Tell(Happening { what: What::Move(_) | What::Version { .. }, .. }) | Deed::Furnish | Deed::Wait
        );
        if !from_now && !answer.starts_with(REFUSED) {
            let again = script.do_it(end, *number).unwrap_or_else(|why| panic!("{of_seed}: {number} again: {why}"));
            let expected = if answer == "told" { "known" } else { answer };
            assert_eq!(again, expected, "{of_seed}: deed {number}, asked again");
        }
    }
}

fn at(second: i64) -> farthing_core::time::Instant {
    farthing_core::time::Instant::try_from_seconds(second).expect("in the calendar")
}

#[test]
fn a_killed_settlement_on_sqlite() {
    kill_and_go_on(Stage::sqlite);
}

#[test]
fn a_killed_settlement_on_postgres() {
    kill_and_go_on(Stage::postgres);
}

//! `crash-teller LOCATION SEED FIRST SECOND LIFE`: plays a script of deeds on a real engine from a deed on, and says what it is
//! about to do and what it has done, until it is killed (`tests/crash_settlement.rs`) or has done everything.

use farthing_sim::oracle::deeds::Script;
use farthing_store::Location;
use std::io::Write as _;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [location, seed, first, second, life] = arguments.as_slice() else {
        panic!("usage: crash-teller LOCATION SEED FIRST SECOND LIFE");
    };
    let number = |text: &String| text.parse::<i64>().expect("a number");
    let script = Script::of(seed.parse().expect("a seed"));
    let first = usize::try_from(number(first)).expect("small");
    let life = u8::try_from(number(life)).expect("small");
    let say = |line: &_| {
        // One write a line, so that a kill tears at most the last one.
        if std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).is_err() {
            std::process::exit(0); // nobody reads any more
        }
    };
    let mut stage = script
        .take_up(&Location::parse(location), first, number(second), life)
        .unwrap_or_else(|why| panic!("FARTHING_SIM_SEED={seed}: taking it up at {first}: {why}"));
    script.play(&mut stage, first, say).unwrap_or_else(|why| panic!("FARTHING_SIM_SEED={seed}: {why}"));
}

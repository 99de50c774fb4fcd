//! `crash-writer LOCATION CLOUD CUSTOMERS FIRST-STREAM THREADS`: asks a store for ever, from several threads, and prints
//! each answer once it has it, until it is killed (`tests/crash.rs`). It ends by itself when nobody reads any more.

use farthing_sim::stage::{Cast, open};
use farthing_sim::workload::Answer;
use std::io::Write as _;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, cloud, customers, first, threads] = arguments.as_slice() else {
        panic!("usage: crash-writer LOCATION CLOUD CUSTOMERS FIRST-STREAM THREADS");
    };
    let number = |text: &String| text.parse::<u32>().expect("a number");
    let store = open(url);
    let cast = Cast::ensure(&store, cloud, usize::try_from(number(customers)).expect("small"), 30);
    std::thread::scope(|scope| {
        for stream in (number(first)..).take(usize::try_from(number(threads)).expect("small")) {
            let (store, cast) = (&store, &cast);
            scope.spawn(move || {
                for n in 0.. {
                    let answer = Answer::ask(store, cast, stream, n).unwrap_or_else(|error| {
                        eprintln!("crash-writer: {error:?}");
                        std::process::exit(1)
                    });
                    // One write a line, so that a kill tears at most the last one.
                    let line = format!("{}\n", answer.line());
                    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
                        std::process::exit(0);
                    }
                }
            });
        }
    });
}

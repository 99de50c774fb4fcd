//! The language, its errors, and how stories run, on a toy stage: the engine's own stories are in `clouds/`.

mod errors;
mod grammar;
mod runs;
mod toy;

use super::read;
use super::report::play_source;
use farthing_core::config::Source;
use std::path::Path;
use toy::Toys;

/// What stands before the lines that a test is about.
const HEAD: &str = "scenario \"a test\"\ncloud new\nprice vm/small \"0.36 / hour\"\nat 2026-03-01T00:00:00Z\naccount acme country=US\nproject site account=acme\n";

/// Plays the lines after [`HEAD`] on a toy: what is told of them.
fn played(lines: &str) -> String {
    played_on(Toys::default(), &format!("{HEAD}{lines}"))
}

fn played_on(toys: Toys, text: &str) -> String {
    play_source(&Source::new("story.scn", text), Path::new("story.scn"), &toys).text
}

/// Every remark on a text, one after the other; nothing where it can be played.
fn remarks(text: &str) -> String {
    let source = Source::new("story.scn", text);
    match read(&source, Path::new("story.scn")) {
        Ok(_) => String::new(),
        Err(unreadable) => {
            unreadable.remarks.iter().map(|remark| remark.render(std::slice::from_ref(&source))).collect()
        }
    }
}

/// The text is that of a file beside the tests; with `FARTHING_SNAPSHOTS=write` it becomes so, and its diff is to be read.
fn same_as_file(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenario/tests").join(name);
    if std::env::var_os("FARTHING_SNAPSHOTS").is_some_and(|what| what == "write") {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some((line, (found, expected))) =
        found.lines().zip(expected.lines()).enumerate().find(|(_, (found, expected))| found != expected)
    {
        panic!("{name}:{}: expected\n{expected}\nfound\n{found}", line + 1);
    }
    assert_eq!(found, expected, "{name}");
}

//! Asks others what they think of a file or a number.

use farthing_testbed::ScratchDir;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bank/requirements.txt");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bank/judge.py");

/// A line for each of the files: `ok`, or what its schema has against it.
pub(crate) fn schemas(paths: &[PathBuf]) -> Vec<String> {
    ask("xml", paths, "")
}

/// The same of texts.
pub(crate) fn schema_of(texts: &[String]) -> Vec<String> {
    of_texts("xml", texts)
}

/// What another reader of statements finds in them.
pub(crate) fn entries(texts: &[String]) -> Vec<String> {
    of_texts("entries", texts)
}

fn of_texts(what: &str, texts: &[String]) -> Vec<String> {
    let folder = ScratchDir::new("bank");
    let written = texts.iter().enumerate().map(|(number, text)| {
        let path = folder.path().join(format!("{number}.xml"));
        std::fs::write(&path, text).expect("a scratch folder takes files");
        path
    });
    ask(what, &written.collect::<Vec<PathBuf>>(), "")
}

/// A line for each: `ok` and the number in groups, or `bad` and why.
pub(crate) fn ibans(numbers: &[String]) -> Vec<String> {
    ask("iban", &[], &numbers.join("\n"))
}

/// A good number of each country that has any.
pub(crate) fn countries() -> Vec<String> {
    ask("countries", &[], "")
}

fn ask(what: &str, paths: &[PathBuf], input: &str) -> Vec<String> {
    let mut child = Command::new(farthing_testbed::python(Path::new(REQUIREMENTS)))
        .arg(SCRIPT)
        .arg(what)
        .args(paths)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut pipe = child.stdin.take().expect("it has an input");
    let input = input.to_owned();
    // Beside the reading: it answers before all is asked, and neither must wait for the other.
    let writing = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writing.join().expect("it writes").expect("it is read");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

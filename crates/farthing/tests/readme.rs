//! The README's quick start and the shell lines of the pages about operations and moving here, run as they stand there: what a stranger types must
//! come to what is said.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// The shell lines of a text, one block after the other.
fn lines_of(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.collect::<Vec<_>>().join("\n")
}

/// What a script prints in an empty folder with the clouds beside it; it must end well.
fn run(name: &str, script: &str) -> String {
    let folder = std::env::temp_dir().join(format!("farthing-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink(root().join("clouds"), folder.join("clouds")).expect("the clouds");
    let farthing = Path::new(env!("CARGO_BIN_EXE_farthing")).parent().expect("where it is built");
    let path = format!("{}:{}", farthing.display(), std::env::var("PATH").unwrap_or_default());
    let ran = Command::new("sh")
        .args(["-c", &format!("set -e\ntrap 'kill $! 2>/dev/null || true' EXIT\n{script}\n")])
        .current_dir(&folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&ran.stderr).into_owned();
    std::fs::remove_dir_all(&folder).expect("it goes");
    assert!(ran.status.success(), "{told}\n{wrong}");
    told
}

#[test]
fn the_quick_start_comes_to_its_first_charge() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let section = readme.split_once("## Five minutes to the first charge").expect("the section").1;
    let section = section.split("\n## ").next().expect("its end");
    let told = run("readme", &lines_of(section));
    // An hour of a machine at 0.0466 an hour, and what is left of fifty dollars.
    assert!(told.contains(r#""sum":{"amount":"0.0466","currency":"USD"}"#), "{told}");
    assert!(told.contains(r#""available":"49.9534""#), "{told}");
}

#[test]
fn operations_go_as_their_page_says() {
    let page = std::fs::read_to_string(root().join("docs/operations.md")).expect("the page");
    let told = run("operations", &lines_of(&page));
    for said in ["alive", "ready", "farthing_accounts_parked 0", "This copy is good.", "is the living one from now on"]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
}

#[test]
fn balances_come_along_as_their_page_says() {
    let page = std::fs::read_to_string(root().join("docs/migration.md")).expect("the page");
    let told = run("migration", &lines_of(&page));
    for said in ["41.20", "-3.50", "4.66"] {
        assert!(told.contains(said), "{said}: {told}");
    }
}

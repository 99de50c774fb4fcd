//! The README's quick start, run as it stands there: what a stranger types must come to the money that is said here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// The shell lines of the section with this heading.
fn lines_of(readme: &str, heading: &str) -> String {
    let section = readme.split_once(heading).expect("the section").1;
    let block = section.split_once("```sh\n").expect("its lines").1;
    block.split_once("```").expect("their end").0.to_owned()
}

#[test]
fn the_quick_start_comes_to_its_first_charge() {
    let folder = std::env::temp_dir().join(format!("farthing-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink(root().join("clouds"), folder.join("clouds")).expect("the clouds");
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let script = format!("set -e\n{}\nkill $!\n", lines_of(&readme, "## Five minutes to the first charge"));
    let farthing = Path::new(env!("CARGO_BIN_EXE_farthing")).parent().expect("where it is built");
    let path = format!("{}:{}", farthing.display(), std::env::var("PATH").unwrap_or_default());
    let ran = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&ran.stderr).into_owned();
    std::fs::remove_dir_all(&folder).expect("it goes");
    assert!(ran.status.success(), "{told}\n{wrong}");
    // An hour of a machine at 0.0466 an hour, and what is left of fifty dollars.
    assert!(told.contains(r#""sum":{"amount":"0.0466","currency":"USD"}"#), "{told}\n{wrong}");
    assert!(told.contains(r#""available":"49.9534""#), "{told}\n{wrong}");
}

//! Other people's tools in Python: one virtual environment for each list of requirements, made once and kept beside the build.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

/// The `python` of an environment that has what a requirements.txt lists; other programs of it lie beside that. Panics where it
/// cannot be made: a test that needs it never skips itself.
pub fn python(requirements: &Path) -> PathBuf {
    let listed = fs::read(requirements).unwrap_or_else(|error| panic!("{}: {error}", requirements.display()));
    let mut hasher = DefaultHasher::new();
    listed.hash(&mut hasher);
    let folder = target().join("python");
    let home = folder.join(format!("{:016x}", hasher.finish()));
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{} cannot be made: {error}", folder.display()));
    // Of several test processes one makes it, and the others wait.
    let lock = File::create(home.with_extension("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.unwrap_or_else(|error| panic!("{} cannot be locked: {error}", folder.display()));
    let complete = home.join("complete");
    if !complete.exists() {
        make(&home, requirements);
        fs::write(&complete, b"").unwrap_or_else(|error| panic!("{}: {error}", complete.display()));
    }
    home.join("bin/python")
}

/// What was begun and broke off is made anew.
fn make(home: &Path, requirements: &Path) {
    match fs::remove_dir_all(home) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{}: {error}", home.display()),
        _ => {}
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(home), "apt-get install python3 python3-venv");
    let mut pip = Command::new(home.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"]);
    run(pip.arg(requirements), "this needs PyPI, the first time");
}

fn run(command: &mut Command, remedy: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run ({error}): {remedy}"));
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed: {remedy}\n{said}{complained}");
}

/// Where cargo builds: what it says, or where this very program lies.
fn target() -> PathBuf {
    let said = env::var_os("CARGO_TARGET_DIR").filter(|said| !said.is_empty()).map(PathBuf::from);
    let own = || {
        let program = env::current_exe().ok()?;
        program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
    };
    said.filter(|said| said.is_absolute()).or_else(own).unwrap_or_else(env::temp_dir)
}

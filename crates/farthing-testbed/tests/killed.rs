//! A killed test process leaves no server behind. `with-postgres` stands for the test process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// Starts a server whose command tells where it is and then waits until we close its standard input.
fn start() -> (Child, String) {
    const TELL: &str = "psql --no-psqlrc --no-align --tuples-only \"$FARTHING_TEST_POSTGRES/postgres\" \
         --command 'SHOW data_directory' && exec cat";
    let mut holder = Command::new(env!("CARGO_BIN_EXE_with-postgres"))
        .args(["sh", "-c", TELL])
        .env_remove("FARTHING_TEST_POSTGRES")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut data = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut data).unwrap();
    (holder, data.trim_end().to_owned())
}

fn runs(process: &str) -> bool {
    // The shell's own kill: a bare Debian has no program of that name.
    Command::new("sh").args(["-c", "kill -0 $0", process]).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn killed_process_leaves_no_server() {
    let (mut holder, data) = start();
    let postmaster = fs::read_to_string(format!("{data}/postmaster.pid")).unwrap();
    let server = postmaster.lines().next().unwrap();
    assert!(runs(server));

    holder.kill().unwrap(); // SIGKILL: it can do nothing about it
    let deadline = Instant::now() + Duration::from_secs(30);
    // There is nobody left to tell us when it is done, so we look.
    while runs(server) || fs::exists(data.trim_end_matches("/data")).unwrap() {
        assert!(Instant::now() < deadline, "the server {server} in {data} is still there after half a minute");
        thread::sleep(Duration::from_millis(20));
    }
    holder.wait().unwrap();
}

#[test]
fn ended_command_leaves_no_server() {
    let (mut holder, data) = start();
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    assert!(!fs::exists(data.trim_end_matches("/data")).unwrap());
}

#[test]
fn exit_code_is_the_commands() {
    let check = |command: &[&str], expected: i32| {
        let status = Command::new(env!("CARGO_BIN_EXE_with-postgres"))
            .args(command)
            .env("FARTHING_TEST_POSTGRES", "postgres://named@127.0.0.1:1") // named, so none is started
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(expected), "{command:?}");
    };
    check(&["sh", "-c", "[ $FARTHING_TEST_POSTGRES = postgres://named@127.0.0.1:1 ]"], 0);
    check(&["sh", "-c", "exit 7"], 7);
    check(&["sh", "-c", "kill -9 $$"], 137);
    check(&["/no/such/program"], 127);
    check(&[], 2);
}

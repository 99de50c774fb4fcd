//! `farthing doctor`: what is wrong with a set-up, and what to do about it.

use super::progress::Watch;
use super::store::{At, print_json};
use clap::Args;
use farthing::doctor::{State, examine};
use farthing::failure::Failure;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: At,
    /// A server's settings, to be looked at too.
    #[arg(long, value_name = "FILE", env = "FARTHING_CONFIG")]
    config: Option<PathBuf>,
    /// Also proves everything the store holds, which reads all of it.
    #[arg(long)]
    verify: bool,
    /// Writes JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let watch = Watch::spinner();
    let settings = arguments.config.as_deref();
    let checks = examine(&arguments.at.location(), settings, arguments.verify, &mut |what| watch.say(what));
    drop(watch);
    let count = |state: State| checks.iter().filter(|check| check.state == state).count();
    let (warned, bad) = (count(State::Warn), count(State::Bad));
    if arguments.json {
        let list: Vec<Value> = checks
            .iter()
            .map(|check| {
                json!({ "state": check.state.name(), "what": check.what, "told": check.told, "remedy": check.remedy })
            })
            .collect();
        print_json(&json!({ "checks": list, "warnings": warned, "bad": bad }))?;
    } else {
        for check in &checks {
            println!("{:<4}  {:<11}  {}", check.state.name(), check.what, check.told);
            if let Some(remedy) = &check.remedy {
                println!("{:19}→ {remedy}", "");
            }
        }
        println!();
        println!("{}", conclusion(warned, bad));
    }
    Ok(if bad > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn conclusion(warned: usize, bad: usize) -> String {
    let warnings = super::check::counted(warned, "warning");
    match (bad, warned) {
        (0, 0) => "All is well.".to_owned(),
        (0, _) => format!("Nothing is bad; {warnings}."),
        (_, 0) => format!("{bad} bad."),
        (_, _) => format!("{bad} bad, {warnings}."),
    }
}

//! Every command and subject of the language, read: the typed steps stand in `grammar.txt`, the files that `cloud new` writes
//! in `profile.txt`.

use super::super::read;
use super::same_as_file;
use farthing_core::config::Source;
use std::fmt::Write;
use std::path::Path;

const STORY: &str = include_str!("grammar_story.txt");

#[test]
fn every_command_and_subject_is_read() {
    let source = Source::new("grammar.scn", STORY);
    let scenario = read(&source, Path::new("grammar.scn")).unwrap_or_else(|unreadable| {
        let told: Vec<String> =
            unreadable.remarks.iter().map(|remark| remark.render(std::slice::from_ref(&source))).collect();
        panic!("{}", told.join("\n"))
    });
    let mut told = format!("{:?} proves {:?}\n", scenario.title, scenario.rules);
    for step in &scenario.steps {
        let _ = writeln!(told, "\n{}\n    {:?} {:?}", &STORY[step.at.clone()], step.accounts, step.does);
    }
    same_as_file("grammar.txt", &told);
    let mut told = String::new();
    for (name, text) in &scenario.profile.files {
        let _ = writeln!(told, "# {name}\n{text}");
    }
    same_as_file("profile.txt", &told);
}

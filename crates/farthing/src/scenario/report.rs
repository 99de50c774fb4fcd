//! What a run tells: each scenario in the order of the files, each failing line with its place, what was expected, what was
//! found and what happened last.

use super::read::{self, Scenario, Unreadable};
use super::run::{self, Played};
use super::stage::Stages;
use farthing_core::config::{Remark, Severity, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// One file, played and told.
#[derive(Clone, Debug)]
pub struct Told {
    pub file: String,
    pub rules: BTreeSet<u16>,
    pub passed: bool,
    /// As it is printed.
    pub text: String,
}

/// Every `*.scn` file under these paths, in the order they are told in. A file that is named is taken as it is called.
pub fn find(paths: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            // What is hidden or built holds no stories.
            if !name.starts_with('.') && name != "target" {
                walk(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "scn") {
            files.push(path);
        }
    }
    Ok(())
}

/// Plays the files on so many threads at once, and tells each in their order as soon as those before it are told.
pub fn play_all(files: &[PathBuf], stages: &dyn Stages, threads: usize, mut tell: impl FnMut(&Told)) -> Vec<Told> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let mut all = Vec::with_capacity(files.len());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(files.len()) {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || {
                while let Some((index, file)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, files.get(index)?)))
                {
                    if done.send((index, play_file(file, stages))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early: BTreeMap<usize, Told> = BTreeMap::new();
        for (index, told) in results {
            early.insert(index, told);
            while let Some(told) = early.remove(&all.len()) {
                tell(&told);
                all.push(told);
            }
        }
    });
    all
}

/// Plays one file.
pub fn play_file(path: &Path, stages: &dyn Stages) -> Told {
    let file = path.display().to_string();
    let failed = |text: String| Told { file: file.clone(), rules: BTreeSet::new(), passed: false, text };
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
            return failed(format!("FAILED  {file}\nerror: it is not UTF-8 in line {line}: save it as UTF-8\n"));
        }
        Err(error) => return failed(format!("FAILED  {file}\nerror: it cannot be read: {error}\n")),
    };
    play_source(&Source::new(file, text), path, stages)
}

/// Plays a text that lies, or could lie, at `path`.
pub(super) fn play_source(source: &Source, path: &Path, stages: &dyn Stages) -> Told {
    let file = source.name.clone();
    let failed = |text: String| Told { file: file.clone(), rules: BTreeSet::new(), passed: false, text };
    match read::read(source, path) {
        Err(Unreadable { remarks, rules }) => Told { rules, ..failed(unreadable(source, &remarks)) },
        Ok(scenario) => {
            // A fault of the engine fails its own scenario, not those beside it.
            let played = catch_unwind(AssertUnwindSafe(|| run::play(&scenario, stages)));
            match played {
                Ok(played) => tell(&scenario, &played),
                Err(panic) => {
                    let why = panic
                        .downcast_ref::<String>()
                        .cloned()
                        .or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned()));
                    let why = why.unwrap_or_else(|| "it panicked".to_owned());
                    let text = format!("FAILED  {} ({file})\nerror: Farthing itself failed: {why}\n", scenario.title);
                    Told { rules: scenario.rules, ..failed(text) }
                }
            }
        }
    }
}

fn unreadable(source: &Source, remarks: &[Remark]) -> String {
    let mut text = format!("FAILED  {}\n", source.name);
    for remark in remarks {
        text.push_str(&remark.render(std::slice::from_ref(source)));
    }
    text
}

fn tell(scenario: &Scenario, played: &Played) -> Told {
    let passed = played.troubles.is_empty();
    let source = &scenario.source;
    let mut text = format!("{:<7} {} ({})\n", if passed { "ok" } else { "FAILED" }, scenario.title, source.name);
    for shown in &played.shown {
        for line in shown.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    for trouble in &played.troubles {
        let remark = Remark {
            severity: Severity::Error,
            file: source.name.clone(),
            at: trouble.at.clone(),
            what: trouble.what.clone(),
            remedy: trouble.so.clone(),
        };
        text.push_str(&remark.render(std::slice::from_ref(source)));
        for (account, lately) in &trouble.lately {
            let _ = writeln!(text, "  what happened to {account} last:");
            for happening in lately {
                let _ = writeln!(text, "    {}  {}", happening.at, happening.what);
            }
        }
    }
    Told { file: source.name.clone(), rules: scenario.rules.clone(), passed, text }
}

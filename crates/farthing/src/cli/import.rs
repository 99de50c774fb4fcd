//! `farthing import`: opening balances from a CSV file, with a report of every line.

use super::check::counted;
use super::progress::Watch;
use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::opening::{Defaults, Outcome, Totals, Verdict, read, totals};
use farthing_engine::{Import, ImportMode};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A CSV file with a line of column names: account, balance, and as needed currency, credit, `credit_expires`, zone, country,
    /// pay, name, email, language, reference. A balance below zero is owed.
    file: PathBuf,
    /// Says what would become of each line, and books nothing.
    #[arg(long, conflicts_with = "partial")]
    dry_run: bool,
    /// Books the lines that can be, a hundred at a time, instead of all or none at once, for which every other writer waits.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let shown = arguments.file.display();
    let bytes = std::fs::read(&arguments.file).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let digest = *blake3::hash(&bytes).as_bytes();
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8: save it as UTF-8"))?;
    let desk = arguments.place.desk()?;
    let facts = desk.facts()?;
    let file = read(&text, &Defaults { currency: facts.currency, zone: facts.zone.clone() })
        .map_err(|error| format!("{shown}: {error}; nothing was booked"))?;
    let mode = match (arguments.dry_run, arguments.partial) {
        (true, _) => ImportMode::DryRun,
        (false, true) => ImportMode::Partial,
        // What cannot be read must not stand beside what is booked.
        (false, false) if !file.refused.is_empty() => ImportMode::DryRun,
        (false, false) => ImportMode::Whole,
    };
    let name = arguments.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let import = Import { file: name, digest, lines: Arc::new(file.lines), mode };
    let verdicts = watched(&import, |looked_at| desk.engine.import_balances(&desk.cloud, &import, looked_at))?;
    let outcome = |(line, verdict): (&farthing_core::opening::OpeningLine, Verdict)| Outcome {
        line: line.line,
        account: line.account.to_string(),
        balance: Some(line.balance),
        credit: line.credit.map(|credit| credit.amount),
        verdict,
    };
    let mut outcomes: Vec<Outcome> = import.lines.iter().zip(verdicts).map(outcome).collect();
    outcomes.extend(file.refused);
    outcomes.sort_by_key(|outcome| outcome.line);
    let totals = totals(&outcomes, facts.currency)?;
    let refused = totals.refused.lines > 0;
    let booked = match mode {
        ImportMode::DryRun => false,
        ImportMode::Whole => !refused,
        ImportMode::Partial => true,
    };
    if desk.json {
        print_json(&report_json(&outcomes, &totals, booked))?;
    } else {
        print!("{}", report(&outcomes, &totals, booked));
        println!();
        println!("{}", conclusion(arguments, &totals, booked));
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Shows how far it is while it works.
fn watched<T>(import: &Import, work: impl FnOnce(&Arc<AtomicU64>) -> T) -> T {
    let (looked_at, over) = (Arc::new(AtomicU64::new(0)), AtomicBool::new(false));
    let bar = Watch::bar("booking");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                bar.set(looked_at.load(Ordering::Relaxed), import.lines.len() as u64);
                std::thread::park_timeout(std::time::Duration::from_millis(100));
            }
        });
        let done = work(&looked_at);
        over.store(true, Ordering::Release);
        done
    })
}

fn told(verdict: &Verdict, booked: bool) -> String {
    match verdict {
        Verdict::Accepted if booked => "booked".to_owned(),
        Verdict::Accepted => "can be booked".to_owned(),
        Verdict::There => "already there".to_owned(),
        Verdict::Refused { column, what } if column.is_empty() => format!("refused: {what}"),
        Verdict::Refused { column, what } => format!("refused, column {column}: {what}"),
    }
}

fn report(outcomes: &[Outcome], totals: &Totals, booked: bool) -> String {
    let code = totals.all.balance.currency().code();
    let mut table = Table::new(&[
        ("line", Align::Number),
        ("account", Align::Left),
        (&format!("balance {code}"), Align::Number),
        ("credit", Align::Number),
        ("", Align::Left),
    ]);
    let amount = |money: Option<farthing_core::money::Money>| money.map(|money| money.plain()).unwrap_or_default();
    for outcome in outcomes {
        table.row([
            outcome.line.to_string(),
            outcome.account.clone(),
            amount(outcome.balance),
            amount(outcome.credit),
            told(&outcome.verdict, booked),
        ]);
    }
    table.total([
        String::new(),
        counted(totals.all.lines, "line"),
        totals.all.balance.plain(),
        totals.all.credit.plain(),
        String::new(),
    ]);
    let mut sums = Table::new(&[
        ("", Align::Left),
        ("lines", Align::Number),
        (&format!("balance {code}"), Align::Number),
        ("credit", Align::Number),
    ]);
    let accepted = if booked { "booked" } else { "can be booked" };
    for (name, tally) in [(accepted, totals.accepted), ("already there", totals.there), ("refused", totals.refused)] {
        sums.row([name.to_owned(), tally.lines.to_string(), tally.balance.plain(), tally.credit.plain()]);
    }
    let all = totals.all;
    sums.total(["the file".to_owned(), all.lines.to_string(), all.balance.plain(), all.credit.plain()]);
    let unreadable = match totals.unreadable {
        0 => String::new(),
        count => format!("{} with a balance that cannot be read: in no sum.\n", counted(count, "line")),
    };
    format!("{table}\n{sums}{unreadable}")
}

fn conclusion(arguments: &Arguments, totals: &Totals, booked: bool) -> String {
    let refused = match totals.refused.lines {
        1 => "the refused line".to_owned(),
        more => format!("the {more} refused lines"),
    };
    let lines = counted(totals.accepted.lines, "line");
    match (booked, totals.refused.lines) {
        (true, 0) if totals.accepted.lines == 0 => "Nothing was booked: all of it was there already.".to_owned(),
        (true, 0) => format!("{lines} booked. Imported again, the file books nothing."),
        (true, _) => format!("{lines} booked. Mend {refused} and import the file again."),
        (false, 0) => "Nothing was booked: this was a dry run.".to_owned(),
        (false, _) if arguments.dry_run => format!("Nothing was booked: this was a dry run. Mend {refused} first."),
        (false, _) => {
            format!("Nothing was booked. Mend {refused} and import the file again, or book the others with --partial.")
        }
    }
}

fn report_json(outcomes: &[Outcome], totals: &Totals, booked: bool) -> Value {
    let lines: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            let (verdict, column, what) = match &outcome.verdict {
                Verdict::Accepted => (if booked { "booked" } else { "can_be_booked" }, None, None),
                Verdict::There => ("already_there", None, None),
                Verdict::Refused { column, what } => ("refused", Some(column), Some(what)),
            };
            json!({
                "line": outcome.line, "account": outcome.account, "balance": outcome.balance.map(|money| money.plain()),
                "credit": outcome.credit.map(|money| money.plain()), "verdict": verdict, "column": column, "what": what,
            })
        })
        .collect();
    let tally = |tally: farthing_core::opening::Tally| json!({ "lines": tally.lines, "balance": tally.balance.plain(), "credit": tally.credit.plain() });
    json!({
        "booked": booked, "currency": totals.all.balance.currency().code(), "lines": lines,
        "totals": {
            "accepted": tally(totals.accepted), "already_there": tally(totals.there), "refused": tally(totals.refused),
            "file": tally(totals.all), "unreadable": totals.unreadable,
        },
    })
}

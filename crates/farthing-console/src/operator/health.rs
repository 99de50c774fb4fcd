//! Health: whether settlement keeps up, which process does what, what the last proof of the whole store found, its epoch, the clock, the brake.

use super::ask::{Ask, Done, Page, Stop, found};
use super::today::brake;
use crate::block::{Block, Cell, Fact, Notice, Section};
use crate::frame::PageError;
use crate::proof::Proof;
use farthing_core::access::OperatorDeed;

/// From here on settling is late enough to be said so.
const LATE_SECONDS: i64 = 900;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let health = ask.engine().look_at_health(ask.id())?;
    let today = found(ask.engine().look_at_today(ask.id()), ask)?;
    let late = health.lag_seconds >= LATE_SECONDS;
    let mut told = Vec::new();
    if late {
        told.push(ask.with("health.late", &[("length", &ask.language.length(health.lag_seconds))]));
    }
    if health.parked > 0 {
        told.push(ask.language.count("accounts.cannot_be_settled", health.parked));
    }
    if today.brake.is_some() {
        told.push(ask.say("today.brake_is_on").to_owned());
    }
    if told.is_empty() {
        told.push(ask.say("health.well").to_owned());
    }
    let sentence = ask.language.sentences(&told);
    let lag = if health.lag_seconds == 0 {
        Cell::text(ask.say("health.no_lag")).class("good")
    } else {
        Cell::text(ask.language.length(health.lag_seconds)).class(if late { "bad" } else { "good" })
    };
    let clock = if health.simulated { "health.clock_stands" } else { "health.clock_runs" };
    let clock = ask.moment(health.now)?.note(ask.language.find(clock).unwrap_or(clock));
    let facts = vec![
        Fact::new(ask.say("health.lag"), lag),
        Fact::new(
            ask.language.word("queue", "parked"),
            Cell::link(ask.at("/queues#parked"), health.parked.to_string()),
        ),
        Fact::new(
            ask.say("health.waiting"),
            Cell::link(ask.at("/deliveries?state=waiting"), health.waiting.to_string()),
        ),
        Fact::new(
            ask.language.word("queue", "dead"),
            Cell::link(ask.at("/deliveries?state=dead"), health.dead.to_string()),
        ),
        Fact::new(ask.say("health.clock"), clock),
        Fact::new(ask.say("health.zone"), Cell::text(ask.zone.name())),
    ];
    let mut page = Page::new(ask, "ops.health", sentence)
        .section(Section::plain(vec![Block::Facts(facts)]))
        .section(Section::new(ask.say("today.brake"), vec![Block::Notices(vec![brake(ask, &today)?])]))
        .section(Section::at("proof", ask.say("health.proof"), proof(ask)?));
    let epoch = match &health.epoch {
        None => vec![Block::Text(ask.say("health.no_epoch").to_owned())],
        Some(epoch) => {
            let accepted = if epoch.accepted {
                Cell::text(ask.say("health.accepted")).class("good")
            } else {
                Cell::text(ask.say("health.not_accepted")).class("bad")
            };
            vec![Block::Facts(vec![
                Fact::new(ask.say("health.epoch_number"), Cell::text(epoch.number.to_string())),
                Fact::new(ask.say("health.begun"), ask.moment(epoch.begun)?.note(epoch.reason.clone())),
                Fact::new(ask.say("health.effects"), accepted),
            ])]
        }
    };
    page = page.section(Section::new(ask.say("health.epoch"), epoch));
    let columns = ["health.job", "health.holder", "#health.fence", "health.until"];
    let caption = ask.with("health.jobs_caption", &[("count", &health.jobs.len().to_string())]);
    let mut table = ask.table(caption, &columns, "health.no_jobs");
    for job in &health.jobs {
        let until = ask.moment(job.until)?;
        let until = if job.until <= health.now { until.note(ask.say("health.lease_over")) } else { until };
        table.row(vec![
            Cell::text(job.job.clone()),
            Cell::text(job.holder.clone()),
            Cell::number(job.fence.to_string()),
            until,
        ]);
    }
    Ok(page.section(Section::new(ask.say("health.jobs"), vec![Block::Table(table)])))
}

/// What the last proof found, and beginning another.
fn proof(ask: &Ask) -> Result<Vec<Block>, PageError> {
    let Proof { last, since } = ask.console.proof();
    let mut blocks = Vec::new();
    match &last {
        None => blocks.push(Block::Text(ask.say("health.never_proven").to_owned())),
        Some(verdict) => {
            let counted = counted(ask, &verdict.report);
            let at = ask.moment(verdict.at)?.text;
            let places = [("counted", counted.as_str()), ("time", &at)];
            let notice = if verdict.is_clean() {
                Notice::new("good", ask.with("health.clean", &places))
            } else {
                let number = ask.count("health.findings", verdict.report.findings.len());
                let places = [("counted", counted.as_str()), ("time", &at), ("findings", &number)];
                Notice::new("bad", ask.with("health.not_clean", &places))
            };
            blocks.push(Block::Notices(vec![notice]));
            // A finding names rows, and rows are any cloud's.
            if ask.visitor.everywhere && !verdict.is_clean() {
                let lines = verdict.report.findings.iter().map(|one| format!("{}: {}", one.row, one.what));
                blocks.push(Block::List(lines.collect()));
            }
        }
    }
    if let Some(since) = since {
        let words = ask.with("health.proving", &[("time", &ask.moment(since)?.text)]);
        blocks.push(Block::Notices(vec![
            Notice::new("warn", words).leading(ask.link("/health#proof", "health.look_again")),
        ]));
    } else if ask.may(OperatorDeed::SeeAudit) {
        let form = ask
            .form(ask.at("/health/prove"), ask.say("health.prove"))
            .effect([ask.say("health.prove_effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered);
        blocks.push(Block::Form(form));
    }
    Ok(blocks)
}

fn counted(ask: &Ask, report: &farthing_store::AuditReport) -> String {
    let parts = [
        ("health.transfers", report.transfers),
        ("health.accounts", report.accounts),
        ("health.holds", report.holds),
        ("health.charges", report.charges),
        ("health.versions", report.versions),
        ("health.events", report.events),
    ];
    let told = parts.into_iter().filter(|(_, number)| *number > 0);
    let told = told.map(|(key, number)| ask.language.count(key, i64::try_from(number).unwrap_or(i64::MAX)));
    ask.language.list(&told.collect::<Vec<_>>())
}

pub(super) fn prove(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::SeeAudit)?;
    let said = if ask.console.prove(ask.now) { "proving" } else { "proving_already" };
    Ok(Done { to: format!("{}#proof", ask.at(&format!("/health?done={said}"))), said: "" })
}

//! Accounts that cannot be settled, and steps that destroy something and are held: by the brake, by a keep, or because nobody could be told.

use crate::block::{Block, Cell, Fact, Link, Notice, Section, Table};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Done, Page, Stop, found};
use crate::operator::today::{brake, standing};
use farthing_core::access::OperatorDeed;
use farthing_core::time::Instant;
use farthing_engine::LadderFacts;
use farthing_store::ParkedRow;

pub(super) fn parked(ask: &Ask, rows: &[ParkedRow]) -> Table {
    let caption = ask.with("queues.parked_caption", &[("count", &rows.len().to_string())]);
    let mut table = ask.table(caption, &["accounts.name", "queues.why"], "queues.parked_empty");
    for row in rows {
        table.row(vec![
            Cell::link(ask.account_at(&row.name, "/actions"), row.name.clone()),
            Cell::text(row.why.clone()),
        ]);
    }
    table
}

pub(super) fn held(ask: &Ask, ladders: &[LadderFacts]) -> Result<Vec<Block>, PageError> {
    let today = found(ask.engine().look_at_today(ask.id()), ask)?;
    let mut blocks = Vec::new();
    if today.brake.is_some() {
        let mut notice = brake(ask, &today)?;
        notice.link = ask
            .may(OperatorDeed::SetStanding)
            .then(|| Link::new(ask.at("/queues/brake"), ask.say("brake.release_title")));
        blocks.push(Block::Notices(vec![notice]));
    }
    let columns = ["accounts.name", "accounts.standing", "queues.step", "queues.due", "queues.held_by"];
    let caption = ask.with("queues.held_caption", &[("count", &ladders.len().to_string())]);
    let mut table = ask.table(caption, &columns, "queues.held_empty");
    for ladder in ladders {
        let (step, at) = match ladder.steps.first() {
            Some(step) => {
                (Cell::text(ask.language.word("ops.step", &step.step)), ask.moment(Instant::from_micros(step.at))?)
            }
            None => (Cell::text(""), Cell::text("")),
        };
        table.row(vec![
            Cell::link(ask.account_at(&ladder.account, ""), ladder.account.clone()),
            standing(ask, &ladder.standing),
            step,
            at,
            Cell::text(ladder.held.clone()),
        ]);
    }
    blocks.push(Block::Table(table));
    Ok(blocks)
}

/// What the brake holds, and letting it go on.
pub(in crate::operator) fn accept_page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SetStanding)?;
    let today = found(ask.engine().look_at_today(ask.id()), ask)?;
    let title = ask.say("today.brake").to_owned();
    let Some(on) = &today.brake else {
        return Ok(Page::under(ask, "ops.queues", "/queues", title, ask.say("brake.off")));
    };
    let since = ask.moment(on.since)?;
    let sentence = ask.with("brake.on", &[("since", &since.text), ("why", &on.why)]);
    let facts =
        vec![Fact::new(ask.say("brake.since"), since), Fact::new(ask.say("queues.why"), Cell::text(on.why.clone()))];
    let id = ask.id().to_owned();
    let form = ask
        .form(ask.at("/queues/brake"), ask.say("brake.release"))
        .fields([ask.reason_field(), ask.name_field(&id)])
        .effect([ask.say("brake.release_effect").to_owned()])
        .danger()
        .again(ask.trouble.as_ref(), &ask.entered);
    let warning = Notice::new("warn", ask.say("brake.look_first"));
    Ok(Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![
        Block::Facts(facts),
        Block::Notices(vec![warning]),
        Block::Form(form),
    ])))
}

pub(in crate::operator) fn accept(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::SetStanding)?;
    let why = ask.must_enter("reason")?;
    let id = ask.id().to_owned();
    ask.must_confirm(&id)?;
    ask.doing_because(&why).accept_steps(&id).map_err(Stop::Refused)?;
    Ok(Done::here(ask, "/queues", "brake_released"))
}

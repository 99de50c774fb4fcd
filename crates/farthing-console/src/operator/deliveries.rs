//! Deliveries: each event to each endpoint that hears of it, and by mail; how it went, and sending it again.

use super::account::state_name;
use super::ask::{Ask, Done, Page, Stop, found};
use crate::block::{Block, Cell, Fact, Link, Notice, Section, Table};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;
use farthing_core::notice::{DeliveryId, EndpointId, EventType, delivery_number};
use farthing_core::time::Instant;
use farthing_engine::DeliveryView;
use farthing_store::{Channel, DeliveryFilter, DeliveryState, EndpointRow};

const PAGE: usize = 50;
/// As many endpoints as a cloud may have.
const ENDPOINTS: usize = 50;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let health = ask.engine().look_at_health(ask.id())?;
    let endpoints = ask.engine().endpoints(ask.id(), None, ENDPOINTS)?;
    let state = match ask.asked("state") {
        Some("waiting") => Some(DeliveryState::Waiting),
        Some("dead") => Some(DeliveryState::Dead),
        Some("delivered") => Some(DeliveryState::Delivered),
        _ => None,
    };
    let to = ask.asked("to").unwrap_or_default();
    let channel = match to {
        "" => None,
        "mail" => Some(Channel::Mail),
        other => {
            let id = EndpointId::parse(other).map_err(|_| ask.nowhere())?;
            found(ask.engine().endpoint(ask.id(), id), ask)?;
            Some(Channel::Endpoint(id))
        }
    };
    let before = ask.asked("before").and_then(|text| text.parse().ok());
    let filter = DeliveryFilter { channel, state };
    let mut views = ask.engine().deliveries(ask.id(), &filter, before, PAGE + 1)?;
    let more = views.len() > PAGE;
    views.truncate(PAGE);
    let sentence = if health.dead == 0 && health.waiting == 0 {
        ask.say("deliveries.all_went").to_owned()
    } else {
        let waiting = ask.language.count("deliveries.waiting_count", health.waiting);
        let dead = ask.language.count("deliveries.dead_count", health.dead);
        ask.with("deliveries.sentence", &[("waiting", &waiting), ("dead", &dead)])
    };
    let state_word = state.map_or("", state_name);
    let address = |state: &str, to: &str| {
        let pairs: Vec<String> = [("state", state), ("to", to)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| super::accounts::pair(name, value))
            .collect();
        if pairs.is_empty() { ask.at("/deliveries") } else { ask.at(&format!("/deliveries?{}", pairs.join("&"))) }
    };
    let states = ["", "waiting", "dead", "delivered"].map(|one| {
        let words =
            if one.is_empty() { ask.say("bills.all").to_owned() } else { ask.language.word("deliveries.state", one) };
        Link::new(address(one, to), words).here(one == state_word)
    });
    let mut ways = vec![Link::new(address(state_word, ""), ask.say("deliveries.everywhere")).here(to.is_empty())];
    ways.push(Link::new(address(state_word, "mail"), ask.language.word("deliveries.by", "mail")).here(to == "mail"));
    ways.extend(endpoints.iter().map(|row| {
        let id = row.id.to_string();
        let here = to == id;
        Link::new(address(state_word, &id), row.url.clone()).here(here)
    }));
    let mut table = table(ask, &views)?;
    if let Some(last) = views.last().filter(|_| more) {
        let own = address(state_word, to);
        let mark = if own.contains('?') { '&' } else { '?' };
        table.links.push(Link::new(format!("{own}{mark}before={}", last.row.number), ask.say("older")));
    }
    Ok(Page::new(ask, "ops.deliveries", sentence)
        .section(Section::plain(vec![
            Block::Switch { label: ask.say("deliveries.which").to_owned(), links: states.into() },
            Block::Switch { label: ask.say("deliveries.where").to_owned(), links: ways },
            Block::Table(table),
        ]))
        .section(Section::at(
            "endpoints",
            ask.say("deliveries.endpoints"),
            vec![Block::Table(listed(ask, &endpoints))],
        )))
}

fn listed(ask: &Ask, endpoints: &[EndpointRow]) -> Table {
    let columns = ["deliveries.url", "deliveries.endpoint_state", "deliveries.id"];
    let caption = ask.with("deliveries.endpoints_caption", &[("count", &endpoints.len().to_string())]);
    let mut table = ask.table(caption, &columns, "deliveries.no_endpoints");
    for row in endpoints {
        let state = if row.disabled.is_empty() {
            Cell::text(ask.say("deliveries.enabled")).class("good")
        } else {
            Cell::text(ask.say("deliveries.disabled")).class("bad").note(row.disabled.clone())
        };
        table.row(vec![Cell::text(row.url.clone()), state, Cell::text(row.id.to_string())]);
    }
    table
}

pub(super) fn table(ask: &Ask, views: &[DeliveryView]) -> Result<Table, PageError> {
    let columns = [
        "timeline.when",
        "deliveries.event",
        "deliveries.way",
        "deliveries.how",
        "deliveries.tries",
        "deliveries.answer",
    ];
    let caption = ask.with("deliveries.caption", &[("count", &views.len().to_string())]);
    let mut table = ask.table(caption, &columns, "deliveries.empty");
    for view in views {
        let when = ask.moment(view.message.at)?.text;
        table.row(vec![
            Cell::link(ask.at(&format!("/deliveries/{}", view.id)), when),
            Cell::text(ask.language.word("event", &view.message.kind)).note(view.message.kind.clone()),
            Cell::text(ask.language.word("deliveries.by", way(view))),
            state(ask, view.row.state),
            Cell::number(view.row.attempts.to_string()),
            Cell::text(view.row.answer.clone()),
        ]);
    }
    Ok(table)
}

fn way(view: &DeliveryView) -> &'static str {
    if view.row.channel == Channel::Mail { "mail" } else { "webhook" }
}

fn state(ask: &Ask, state: DeliveryState) -> Cell {
    let class = match state {
        DeliveryState::Delivered => "good",
        DeliveryState::Waiting => "warn",
        DeliveryState::Dead => "bad",
    };
    Cell::text(ask.language.word("deliveries.state", state_name(state))).class(class)
}

fn named(ask: &Ask) -> Result<(DeliveryId, DeliveryView), PageError> {
    let id = DeliveryId::parse(ask.name("delivery")).map_err(|_| ask.nowhere())?;
    let number = delivery_number(id).ok_or_else(|| ask.nowhere())?;
    // They are listed the newest first: the first before the next number is this one, or there is none.
    let before = number.checked_add(1);
    let mut views = ask.engine().deliveries(ask.id(), &DeliveryFilter::default(), before, 1)?;
    let view = views.pop().filter(|view| view.row.number == number).ok_or_else(|| ask.nowhere())?;
    Ok((id, view))
}

/// What tells the cloud to destroy something is not sent again: its reason may be over.
fn may_go_again(view: &DeliveryView) -> bool {
    EventType::parse(&view.message.kind).is_some_and(EventType::may_be_replayed)
}

pub(super) fn one(ask: &Ask) -> Result<Page, PageError> {
    let (id, view) = named(ask)?;
    let event = ask.language.word("event", &view.message.kind);
    let how = state(ask, view.row.state).text;
    let by = ask.language.word("deliveries.by", way(&view));
    let sentence = ask.with("deliveries.one_sentence", &[("event", &event), ("by", &by), ("state", &how)]);
    let micros = |at: Option<Instant>| match at.filter(|at| *at > Instant::EPOCH) {
        Some(at) => ask.moment(at),
        None => Ok(Cell::text(ask.say("queues.never"))),
    };
    let status = view.row.status.map(|status| status.to_string()).unwrap_or_default();
    let mut facts = vec![
        Fact::new(ask.say("deliveries.event"), Cell::text(view.message.kind.clone()).note(view.message.id.to_string())),
        Fact::new(ask.say("timeline.when"), ask.moment(view.message.at)?),
        Fact::new(ask.say("deliveries.tries"), Cell::text(view.row.attempts.to_string())),
        Fact::new(ask.say("deliveries.last"), micros(view.row.last_at)?),
        Fact::new(ask.say("deliveries.answer"), Cell::text(view.row.answer.clone()).note(status)),
    ];
    if view.row.state == DeliveryState::Waiting {
        facts.push(Fact::new(ask.say("deliveries.next"), micros(view.row.next_at)?));
    }
    if let Channel::Endpoint(endpoint) = view.row.channel {
        facts.push(Fact::new(ask.say("deliveries.endpoint"), Cell::text(endpoint.to_string())));
    }
    let title = ask.say("deliveries.one").to_owned();
    let mut page = Page::under(ask, "ops.deliveries", "/deliveries", title, sentence)
        .section(Section::plain(vec![Block::Facts(facts)]))
        .section(Section::new(ask.say("deliveries.data"), vec![Block::Code(pretty(&view.message.data))]));
    if view.row.state != DeliveryState::Waiting && ask.may(OperatorDeed::SetDeliveries) {
        let block = if may_go_again(&view) {
            let form = ask
                .form(ask.at(&format!("/deliveries/{id}")), ask.say("deliveries.replay"))
                .field(ask.reason_field())
                .effect([ask.say("deliveries.replay_effect").to_owned()])
                .again(ask.trouble.as_ref(), &ask.entered);
            Block::Form(form)
        } else {
            Block::Notices(vec![Notice::new("warn", ask.say("deliveries.not_again"))])
        };
        page = page.section(Section::at("again", ask.say("deliveries.again"), vec![block]));
    }
    Ok(page)
}

/// JSON as people read it.
pub(super) fn pretty(text: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.to_owned())
}

pub(super) fn replay(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::SetDeliveries)?;
    let (id, _) = named(ask)?;
    let why = ask.must_enter("reason")?;
    ask.doing_because(&why).delivery_replay(ask.id(), id).map_err(Stop::Refused)?;
    Ok(Done::here(ask, &format!("/deliveries/{id}"), "replayed"))
}

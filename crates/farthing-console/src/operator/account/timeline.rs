//! Everything that happened to an account, the newest first: told of its things, charged, paid, billed, mailed, done and decided.

use super::Known;
use crate::block::{Block, Cell, Link, Section};
use crate::frame::PageError;
use crate::operator::accounts::{before, pair};
use crate::operator::ask::{Ask, found};
use farthing_core::access::OperatorDeed;
use farthing_core::money::Money;
use farthing_core::time::Instant;
use farthing_core::timeline::What;
use farthing_engine::{Happened, Happening, HistoryQuestion};
use farthing_store::{Channel, DeliveryRow, DeliveryState};

/// As many as a page has.
const PAGE: usize = 100;
/// A page goes back so far at most.
const DAYS: i64 = 31;
const KINDS: [&str; 7] = ["fact", "charges", "payment", "document", "notice", "step", "decision"];

pub(super) fn section(ask: &Ask, known: &Known) -> Result<Section, PageError> {
    let name = known.name();
    let end = before(ask, "before").unwrap_or_else(|| Instant::from_micros(ask.now.micros().saturating_add(1)));
    let opened = Instant::from_micros(known.facts.opened);
    let from = Instant::from_micros(end.micros().saturating_sub(DAYS * 86_400_000_000)).max(opened);
    let kind = ask.asked("kind").filter(|kind| KINDS.contains(kind)).unwrap_or_default();
    // Who decided what is for those who may see the audit log.
    let mut kinds: Vec<String> = if kind.is_empty() { KINDS.to_vec() } else { vec![kind] }
        .into_iter()
        .filter(|kind| *kind != "decision" || ask.may(OperatorDeed::SeeAudit))
        .map(str::to_owned)
        .collect();
    if kinds.is_empty() {
        kinds.push("nothing".to_owned());
    }
    let asked = HistoryQuestion { from, before: end, kinds, most: PAGE };
    let history = found(ask.engine().history(ask.id(), name, &asked), ask)?;
    let address = |changes: &[(&str, &str)]| {
        let pairs: Vec<String> =
            changes.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| pair(name, value)).collect();
        let rest = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("{}#timeline", ask.account_at(name, &rest))
    };
    let may_see = |kind: &&&str| **kind != "decision" || ask.may(OperatorDeed::SeeAudit);
    let mut links = vec![Link::new(address(&[]), ask.say("timeline.all")).here(kind.is_empty())];
    links.extend(
        KINDS.iter().filter(may_see).map(|one| {
            Link::new(address(&[("kind", one)]), ask.language.word("timeline.kind", one)).here(*one == kind)
        }),
    );
    let span = [ask.day(from.micros())?.text, ask.day(end.micros())?.text];
    let caption = ask.with("timeline.caption", &[("from", &span[0]), ("to", &span[1]), ("code", ask.currency())]);
    let columns = ["timeline.when", "timeline.what", "timeline.about", "#timeline.amount"];
    let mut table = ask.table(caption, &columns, "timeline.empty");
    for one in &history.happenings {
        table.row(row(ask, name, one)?);
    }
    let older = history.older.or(Some(from).filter(|from| *from > opened));
    if let Some(older) = older {
        let link = address(&[("kind", kind), ("before", &older.micros().to_string())]);
        table.links.push(Link::new(link, ask.say("older")));
    }
    if ask.asked("before").is_some() {
        table.links.push(Link::new(address(&[("kind", kind)]), ask.say("timeline.newest")));
    }
    let switch = Block::Switch { label: ask.say("timeline.which").to_owned(), links };
    Ok(Section::at("timeline", ask.say("account.timeline"), vec![switch, Block::Table(table)]))
}

/// When, what, about what, how much.
fn row(ask: &Ask, name: &str, one: &Happening) -> Result<Vec<Cell>, PageError> {
    let when = ask.moment(one.at)?;
    let nothing = || Cell::text("");
    Ok(match &one.what {
        Happened::Fact { resource, product, what, late } => {
            let word = what.as_ref().map_or("unknown", What::name);
            let mut about = Cell::text(if resource.is_empty() { ask.product(product) } else { resource.clone() });
            let mut told = vec![ask.product(product)];
            told.extend(what.as_ref().and_then(detail));
            if let Some(late) = late {
                told.push(ask.with("timeline.told_late", &[("time", &ask.moment(*late)?.text)]));
            }
            about = about.note(ask.language.list(&told));
            vec![when, Cell::text(ask.language.word("fact", word)), about, nothing()]
        }
        Happened::Day(day) => {
            let first = ask.zone.civil_date_of(day.from)?;
            let last = ask.zone.civil_date_of(day.to)?.add_days(-1)?;
            let days = if last <= first {
                ask.language.short_date(first)
            } else {
                let (from, to) = (ask.language.short_date(first), ask.language.short_date(last));
                ask.with("why.span", &[("from", &from), ("to", &to)])
            };
            let mut told = vec![ask.language.count("timeline.charges", day.charges)];
            if day.corrections > 0 {
                told.push(ask.language.count("timeline.corrections", day.corrections));
            }
            // A day's charges: where they came from.
            let end = if last < first { first } else { last };
            let address = ask.account_at(name, &format!("/costs?from={first}&to={end}"));
            vec![
                when,
                Cell::text(ask.say("timeline.sealed")),
                Cell::link(address, days).note(ask.language.list(&told)),
                ask.bare(day.net)?,
            ]
        }
        Happened::Payment(paid) => {
            let state = ask.language.word("payment.state", &paid.state);
            let about = Cell::link(ask.account_at(name, "/balance"), ask.language.word("channel", &paid.channel))
                .note(ask.language.list(&[state, paid.id.clone()]));
            vec![when, Cell::text(ask.say("timeline.payment")), about, ask.bare(paid.net)?]
        }
        Happened::Refund(refund) => {
            let state = ask.language.word("refund.state", &refund.state);
            let about =
                Cell::link(ask.at(&format!("/queues/refunds/{}", refund.id)), state).note(refund.reason.clone());
            vec![when, Cell::text(ask.say("timeline.refund")), about, ask.bare(refund.amount.saturating_neg())?]
        }
        Happened::Document(bill) => {
            let number =
                if bill.number.is_empty() { ask.say("bills.no_number").to_owned() } else { bill.number.clone() };
            let about = Cell::link(ask.account_at(name, &format!("/bills/{}", bill.id)), number)
                .note(ask.language.word("bill.state", &bill.state));
            vec![when, Cell::text(ask.language.word("bill.kind", &bill.kind)), about, ask.bare(bill.total)?]
        }
        Happened::Told(message, deliveries) => {
            let about = Cell::text(ask.language.word("event", &message.kind)).note(sent(ask, deliveries));
            let what = if deliveries.iter().any(|row| row.channel == Channel::Mail) {
                ask.say("timeline.mailed")
            } else {
                ask.say("timeline.told")
            };
            vec![when, Cell::text(what), about, told_amount(ask, &message.data)?]
        }
        Happened::Step(step) => {
            let deed = ask.language.word("ops.deed", &step.deed);
            let state = ask.language.word("ops.step_state", &step.state);
            let mut told = vec![deed, state, step.note.clone()];
            told.retain(|text| !text.is_empty());
            let about = Cell::text(step.resource.clone()).note(ask.language.list(&told));
            vec![when, Cell::text(ask.language.word("ops.step", &step.step)), about, nothing()]
        }
        Happened::Decided(entry) => {
            let about = Cell::link(ask.at(&format!("/audit/{}", entry.number)), entry.what.clone())
                .note(ask.with("timeline.by", &[("who", &entry.who)]));
            vec![when, Cell::text(ask.say("timeline.decided")), about, nothing()]
        }
    })
}

/// What a fact says beside its name.
fn detail(what: &What) -> Option<String> {
    match what {
        What::Start(start) => start.sku.as_ref().map(ToString::to_string),
        What::Resize(change) => {
            let sku = change.sku.as_ref().map(ToString::to_string);
            sku.or_else(|| change.size.as_ref().map(ToString::to_string))
        }
        What::Gauge(size) => Some(size.to_string()),
        _ => None,
    }
}

/// "mail: delivered", "webhook: waiting"
fn sent(ask: &Ask, deliveries: &[DeliveryRow]) -> String {
    let told = deliveries.iter().map(|row| {
        let by = if row.channel == Channel::Mail { "mail" } else { "webhook" };
        let by = ask.language.word("deliveries.by", by);
        let state = ask.language.word("deliveries.state", state_name(row.state));
        ask.with("deliveries.went", &[("by", &by), ("state", &state)])
    });
    ask.language.list(&told.collect::<Vec<_>>())
}

pub(in crate::operator) const fn state_name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "dead",
    }
}

/// What an event says of money, where it says one amount.
fn told_amount(ask: &Ask, data: &str) -> Result<Cell, PageError> {
    let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
    let text = data["amount"].as_str().or_else(|| data["amount"]["amount"].as_str());
    let amount = text.and_then(|text| Money::parse_amount(text, ask.cloud.currency).ok());
    amount.map_or_else(|| Ok(Cell::text("")), |amount| ask.bare(amount.units()))
}

//! What waits for a person, each queue with what it takes to decide. Deciding is on a page of its own, where all that is known of it stands.

mod bank;
mod documents;
mod payments;
mod standing;
mod statement;

pub(super) use bank::{decide as decide_movement, differences, page as movement_page};
pub(super) use documents::{decide_dispute, decide_invoice, dispute_page, invoice_page};
pub(super) use payments::{ask_again, decide_refund, decide_review, given_up_page, refund_page, review_page};
pub(super) use standing::{accept, accept_page};
pub(super) use statement::{BYTES_MAX as STATEMENT_BYTES_MAX, page as statement_page, take as take_statement};

use super::ask::{Ask, Page};
use super::waiting::Waiting;
use crate::block::{Block, Choice, Field, Form, Link, Section};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let waiting = Waiting::of(ask)?;
    let sentence = match waiting.count() {
        0 => ask.say("today.nothing_waits").to_owned(),
        many => ask.count("today.waits", many),
    };
    let mut page = Page::new(ask, "ops.queues", sentence);
    let counts = waiting.queues();
    let links = counts.iter().map(|queue| {
        let words = ask.language.word("queue", queue.name);
        Link::new(
            format!("#{}", queue.name),
            ask.with("queues.jump", &[("queue", &words), ("count", &queue.count.to_string())]),
        )
    });
    page = page.section(Section::plain(vec![Block::Links(links.collect())]));
    let title = |name: &str| ask.language.word("queue", name);
    if ask.may(OperatorDeed::SeeMoney) {
        page = page.section(Section::at("bank", title("bank"), bank::blocks(ask, &waiting.movements)?));
    }
    Ok(page
        .section(Section::at(
            "refunds",
            title("refunds"),
            vec![Block::Table(payments::refunds(ask, &waiting.refunds)?)],
        ))
        .section(Section::at(
            "reviews",
            title("reviews"),
            vec![Block::Table(payments::reviews(ask, &waiting.reviews)?)],
        ))
        .section(Section::at(
            "invoices",
            title("invoices"),
            vec![Block::Table(documents::invoices(ask, &waiting.invoices)?)],
        ))
        .section(Section::at(
            "disputes",
            title("disputes"),
            vec![Block::Table(documents::disputes(ask, &waiting.disputes)?)],
        ))
        .section(Section::at("parked", title("parked"), vec![Block::Table(standing::parked(ask, &waiting.parked))]))
        .section(Section::at(
            "given_up",
            title("given_up"),
            vec![Block::Table(payments::given_up(ask, &waiting.given_up)?)],
        ))
        .section(Section::at(
            "dead",
            title("dead"),
            vec![Block::Table(super::deliveries::table(ask, &waiting.deliveries)?)],
        ))
        .section(Section::at("held", title("held"), standing::held(ask, &waiting.held)?)))
}

/// Yes or no, with a note: what most of them are decided by.
fn yes_or_no(ask: &Ask, action: String, (yes, no): (&'static str, &'static str)) -> Form {
    let say = |key: &'static str| ask.language.find(key).unwrap_or(key);
    ask.form(action, ask.say("queues.decide"))
        .fields([
            Field::radio(
                "decision",
                ask.say("queues.decision"),
                vec![Choice::new("yes", say(yes), false), Choice::new("no", say(no), false)],
            ),
            ask.reason_field(),
        ])
        .again(ask.trouble.as_ref(), &ask.entered)
}

/// What was chosen of it.
fn decided(ask: &Ask) -> Result<bool, super::ask::Stop> {
    match ask.was_entered("decision") {
        Some("yes") => Ok(true),
        Some("no") => Ok(false),
        _ => Err(super::ask::Stop::Field { field: "decision", what: ask.say("error.choose").to_owned() }),
    }
}

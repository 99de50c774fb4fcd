//! Subscriptions and orders: what is bought ahead and until when, what happens then, what ending it early gives back (R87, R88).

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use crate::block::{Block, Cell, Choice, Fact, Field, Form, Section, Table};
use crate::frame::{PageError, segment};
use farthing_core::access::Deed;
use farthing_core::policy::AtExpiry;
use farthing_core::time::Instant;
use farthing_engine::{SubscriptionFacts, When};

const ORDERS: usize = 50;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let subscriptions = found(ask.engine().subscriptions(ask.id(), ask.account()), ask)?;
    let orders = found(ask.engine().orders(ask.id(), Some(ask.account()), None, None, ORDERS), ask)?;
    let running = subscriptions.iter().filter(|one| is_live(one)).count();
    let sentence = match running {
        0 => ask.say("orders.none").to_owned(),
        many => ask.language.count("orders.sentence", i64::try_from(many).unwrap_or(i64::MAX)),
    };
    let mut page = Page::new(ask, "nav.orders", sentence)
        .section(Section::new(ask.say("orders.subscriptions"), vec![Block::Table(list(ask, &subscriptions)?)]));
    if ask.may(Deed::Order) {
        let forms: Vec<Block> =
            subscriptions.iter().filter(|one| is_live(one)).map(|one| Block::Form(expiry_form(ask, one))).collect();
        if !forms.is_empty() {
            page = page.section(Section::new(ask.say("orders.at_expiry"), forms));
        }
    }
    let labels = ["orders.order", "orders.product", "orders.state", "orders.ordered", "#orders.amount"]
        .map(|key| label(ask, key));
    let mut table =
        Table::new(ask.with("orders.caption", &[("code", ask.currency())]), &labels.each_ref().map(String::as_str))
            .when_empty(ask.say("orders.empty"));
    for order in &orders {
        let bill =
            order.bill.as_ref().filter(|_| ask.may(Deed::SeePapers)).map(|bill| ask.at(&format!("/bills/{bill}")));
        table.row(vec![
            Cell::text(order.name.clone()).to(bill.unwrap_or_default()),
            Cell::text(ask.product(&order.product)).note(order.sku.clone()),
            Cell::text(ask.language.word("order.state", &order.state)).note(order.why.clone()),
            moment(ask, &order.ordered)?,
            Cell::number(order.amount.clone()),
        ]);
    }
    Ok(page.section(Section::new(ask.say("orders.orders"), vec![Block::Table(table)])))
}

fn is_live(one: &SubscriptionFacts) -> bool {
    matches!(one.state.as_str(), "running" | "pending" | "stopped" | "paused")
}

fn moment(ask: &Ask, text: &str) -> Result<Cell, PageError> {
    match Instant::parse(text) {
        Ok(at) => ask.moment(at),
        Err(_) => Ok(Cell::text(text)),
    }
}

fn list(ask: &Ask, subscriptions: &[SubscriptionFacts]) -> Result<Table, PageError> {
    let labels = ["orders.name", "orders.product", "orders.state", "orders.paid_to", "orders.then", "#orders.price"]
        .map(|key| label(ask, key));
    let caption = ask.with("orders.list", &[("count", &subscriptions.len().to_string()), ("code", ask.currency())]);
    let mut table =
        Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("orders.no_subscriptions"));
    for one in subscriptions {
        let end = ask.at(&format!("/orders/{}/end", segment(&one.name)));
        let state = Cell::text(ask.language.word("subscription.state", &one.state));
        let state =
            if is_live(one) && ask.may(Deed::Order) { state.note(ask.say("orders.end")).note_to(end) } else { state };
        table.row(vec![
            Cell::text(one.name.clone()).note(one.project.clone().unwrap_or_default()),
            Cell::text(ask.product(&one.product)).note(one.sku.clone()),
            state,
            moment(ask, &one.paid_to)?,
            Cell::text(if is_live(one) { ask.language.word("expiry", &one.at_expiry) } else { String::new() }),
            Cell::number(one.price.clone()),
        ]);
    }
    Ok(table)
}

fn expiry_form(ask: &Ask, one: &SubscriptionFacts) -> Form {
    let choices = AtExpiry::ALL.iter().map(|choice| {
        Choice::new(choice.word(), ask.language.word("expiry", choice.word()), choice.word() == one.at_expiry)
    });
    let label = ask.with("orders.choose", &[("name", &one.name)]);
    let address = ask.at(&format!("/orders/{}/expiry", segment(&one.name)));
    Form::post(address, &ask.visitor.csrf, ask.say("action.save"))
        .hidden("once", ask.once())
        .field(Field::select("at_expiry", label, choices.collect()))
        .short()
        .again(ask.trouble.as_ref(), &ask.entered)
}

fn named(ask: &Ask) -> Result<SubscriptionFacts, PageError> {
    ask.must(Deed::Order)?;
    let one = found(ask.engine().subscription(ask.id(), ask.name("subscription")), ask)?;
    let projects = ask.seat.projects.as_ref();
    let may = projects.is_none_or(|own| one.project.as_ref().is_some_and(|name| own.contains(name)));
    if one.account == ask.account() && may {
        Ok(one)
    } else {
        Err(PageError::NotFound(ask.say("error.no_page").to_owned()))
    }
}

pub(super) fn expiry(ask: &Ask) -> Result<Done, Stop> {
    let one = named(ask)?;
    let choice = ask.was_entered("at_expiry").and_then(AtExpiry::parse);
    let choice = choice.ok_or_else(|| Stop::Field { field: "at_expiry", what: ask.say("error.choose").to_owned() })?;
    ask.doing().choose_at_expiry(ask.id(), &one.name, choice).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/orders", "expiry"))
}

/// What ending it now gives back, before it is ended.
pub(super) fn end_page(ask: &Ask) -> Result<Page, PageError> {
    let one = named(ask)?;
    let quote = found(ask.engine().quote_end(ask.id(), &one.name), ask)?;
    let facts = vec![
        Fact::new(ask.say("orders.product"), Cell::text(ask.product(&one.product)).note(one.sku.clone())),
        Fact::new(ask.say("orders.paid_to"), moment(ask, &one.paid_to)?),
        Fact::new(ask.say("orders.back"), Cell::text(format!("{} {}", quote.back, quote.currency))),
        Fact::new(ask.say("orders.fee"), Cell::text(format!("{} {}", quote.fee, quote.currency))),
    ];
    let choices = vec![
        Choice::new("end", ask.say("orders.end_later"), true),
        Choice::new("now", ask.say("orders.end_now"), false),
    ];
    let form = Form::post(
        ask.at(&format!("/orders/{}/end", segment(&one.name))),
        &ask.visitor.csrf,
        ask.with("orders.end_button", &[("name", &one.name)]),
    )
    .hidden("once", ask.once())
    .fields([
        Field::radio("when", ask.say("orders.end_when"), choices),
        Field::text("confirm", ask.with("orders.type_name", &[("name", &one.name)])).needed(),
    ])
    .effect([
        ask.with("orders.effect_now", &[("amount", &quote.back), ("code", &quote.currency)]),
        ask.say("orders.effect_later").to_owned(),
    ])
    .danger()
    .again(ask.trouble.as_ref(), &ask.entered);
    let sentence = ask.with("orders.end_sentence", &[("name", &one.name)]);
    Ok(Page::below(ask, "nav.orders", "/orders", one.name.clone(), sentence)
        .section(Section::plain(vec![Block::Facts(facts), Block::Form(form)])))
}

pub(super) fn end(ask: &Ask) -> Result<Done, Stop> {
    let one = named(ask)?;
    if ask.was_entered("confirm") != Some(one.name.as_str()) {
        let what = ask.with("orders.type_name", &[("name", &one.name)]);
        return Err(Stop::Field { field: "confirm", what });
    }
    let when = if ask.was_entered("when") == Some("now") { When::Now } else { When::AtTheEnd };
    ask.doing().end_subscription(ask.id(), &one.name, when).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/orders", "ended"))
}

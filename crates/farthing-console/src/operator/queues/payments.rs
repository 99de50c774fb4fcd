//! Money in and out that waits: refunds that were asked for, payments that a rule holds, and what a provider was asked in vain.

use super::{decided, yes_or_no};
use crate::block::{Block, Cell, Fact, Section, Table};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Done, Page, Stop, found};
use farthing_core::access::OperatorDeed;
use farthing_core::payment::{PaymentId, RefundId};
use farthing_core::time::Instant;
use farthing_engine::{GivenUp, PaymentFacts, RefundFacts};

pub(super) fn refunds(ask: &Ask, refunds: &[RefundFacts]) -> Result<Table, PageError> {
    let columns = ["queues.asked", "accounts.name", "refund.reason", "#queues.amount"];
    let caption =
        ask.with("queues.refunds_caption", &[("count", &refunds.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "queues.refunds_empty");
    for refund in refunds {
        let when = ask.moment(Instant::from_micros(refund.asked))?.text;
        table.row(vec![
            Cell::link(ask.at(&format!("/queues/refunds/{}", refund.id)), when),
            Cell::link(ask.account_at(&refund.account, ""), refund.account.clone()),
            Cell::text(refund.reason.clone()),
            ask.bare(refund.amount)?,
        ]);
    }
    Ok(table)
}

fn refund(ask: &Ask) -> Result<(RefundId, RefundFacts), PageError> {
    let id = RefundId::parse(ask.name("refund")).map_err(|_| ask.nowhere())?;
    Ok((id, found(ask.engine().refund_facts(ask.id(), id), ask)?))
}

pub(in crate::operator) fn refund_page(ask: &Ask) -> Result<Page, PageError> {
    let (id, refund) = refund(ask)?;
    let amount = ask.money(refund.amount)?;
    let state = ask.language.word("refund.state", &refund.state);
    let places = [("amount", amount.as_str()), ("account", &refund.account), ("state", &state)];
    let sentence = ask.with("queues.refund_sentence", &places);
    let mut facts = vec![
        Fact::new(ask.say("accounts.name"), Cell::link(ask.account_at(&refund.account, ""), refund.account.clone())),
        Fact::new(ask.say("queues.asked"), ask.moment(Instant::from_micros(refund.asked))?),
        Fact::new(ask.say("refund.reason"), Cell::text(refund.reason.clone())),
    ];
    let parts: Vec<Cell> = refund
        .parts
        .iter()
        .map(|part| Ok(ask.amount(part.net.saturating_add(part.tax))?.note(part.payment.clone())))
        .collect::<Result<_, PageError>>()?;
    if !parts.is_empty() {
        facts.push(Fact::many(ask.say("queues.goes_to"), parts));
    }
    if !refund.note.is_empty() || !refund.who.is_empty() {
        facts.push(Fact::new(ask.say("queues.decided_by"), Cell::text(refund.who.clone()).note(refund.note.clone())));
    }
    let title = ask.say("timeline.refund").to_owned();
    let mut page =
        Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if refund.state == "asked" && ask.may(OperatorDeed::DecideMoney) {
        let form = yes_or_no(ask, ask.at(&format!("/queues/refunds/{id}")), ("queues.approve", "queues.refuse"))
            .effect([ask.with("queues.refund_effect", &[("amount", &amount)])]);
        page = page.section(Section::at("decide", ask.say("queues.decide_title"), vec![Block::Form(form)]));
    }
    Ok(page)
}

pub(in crate::operator) fn decide_refund(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, _) = refund(ask)?;
    let approve = decided(ask)?;
    let note = ask.must_enter("reason")?;
    ask.doing().decide_refund(ask.id(), id, approve, &note).map_err(Stop::Refused)?;
    Ok(Done::here(ask, &format!("/queues/refunds/{id}"), if approve { "approved" } else { "refused" }))
}

pub(super) fn reviews(ask: &Ask, payments: &[PaymentFacts]) -> Result<Table, PageError> {
    let columns = ["queues.asked", "accounts.name", "payments.by", "queues.why", "#queues.amount"];
    let caption =
        ask.with("queues.reviews_caption", &[("count", &payments.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "queues.reviews_empty");
    for paid in payments {
        let when = ask.moment(Instant::from_micros(paid.created))?.text;
        table.row(vec![
            Cell::link(ask.at(&format!("/queues/payments/{}", paid.id)), when),
            Cell::link(ask.account_at(&paid.account, ""), paid.account.clone()),
            Cell::text(ask.language.word("channel", &paid.channel)),
            Cell::text(ask.language.list(&paid.verdict)),
            ask.bare(paid.net)?,
        ]);
    }
    Ok(table)
}

fn payment(ask: &Ask) -> Result<(PaymentId, PaymentFacts), PageError> {
    let id = PaymentId::parse(ask.name("payment")).map_err(|_| ask.nowhere())?;
    Ok((id, found(ask.engine().payment(ask.id(), id), ask)?))
}

pub(in crate::operator) fn review_page(ask: &Ask) -> Result<Page, PageError> {
    let (id, paid) = payment(ask)?;
    let amount = ask.money(paid.net)?;
    let state = ask.language.word("payment.state", &paid.state);
    let places = [("amount", amount.as_str()), ("account", &paid.account), ("state", &state)];
    let sentence = ask.with("queues.payment_sentence", &places);
    let mut facts = vec![
        Fact::new(ask.say("accounts.name"), Cell::link(ask.account_at(&paid.account, ""), paid.account.clone())),
        Fact::new(ask.say("queues.asked"), ask.moment(Instant::from_micros(paid.created))?),
        Fact::new(ask.say("payments.by"), Cell::text(ask.language.word("channel", &paid.channel))),
        Fact::new(ask.say("payments.tax"), ask.amount(paid.tax)?),
    ];
    if !paid.verdict.is_empty() {
        let why = paid.verdict.iter().map(|why| Cell::text(why.clone())).collect();
        facts.push(Fact::many(ask.say("queues.why"), why));
    }
    if !paid.failure_text.is_empty() {
        facts.push(Fact::new(
            ask.say("queues.failed"),
            Cell::text(paid.failure_text.clone()).note(paid.failure.clone()),
        ));
    }
    let disputes = found(ask.engine().disputes(ask.id(), id), ask)?;
    for dispute in &disputes {
        let at = ask.day(dispute.opened)?.text;
        let words = ask.with("queues.chargeback", &[("date", &at), ("state", &dispute.state), ("why", &dispute.why)]);
        facts.push(Fact::new(ask.say("queues.chargeback_title"), ask.amount(dispute.amount)?.note(words)));
    }
    let title = ask.say("timeline.payment").to_owned();
    let mut page =
        Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if paid.state == "review" && ask.may(OperatorDeed::DecideMoney) {
        let form = yes_or_no(ask, ask.at(&format!("/queues/payments/{id}")), ("queues.let_through", "queues.refuse"))
            .effect([ask.with("queues.review_effect", &[("amount", &amount)])]);
        page = page.section(Section::at("decide", ask.say("queues.decide_title"), vec![Block::Form(form)]));
    }
    Ok(page)
}

pub(in crate::operator) fn decide_review(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, _) = payment(ask)?;
    let approve = decided(ask)?;
    let note = ask.must_enter("reason")?;
    ask.doing().decide_payment(ask.id(), id, approve, &note).map_err(Stop::Refused)?;
    Ok(Done::here(ask, &format!("/queues/payments/{id}"), if approve { "approved" } else { "refused" }))
}

pub(super) fn given_up(ask: &Ask, errands: &[GivenUp]) -> Result<Table, PageError> {
    let columns = ["queues.first_asked", "accounts.name", "queues.to_do", "queues.about", "queues.why"];
    let caption = ask.with("queues.given_up_caption", &[("count", &errands.len().to_string())]);
    let mut table = ask.table(caption, &columns, "queues.given_up_empty");
    for errand in errands {
        let when = match errand.first {
            Some(at) => ask.moment(Instant::from_micros(at))?.text,
            None => ask.say("queues.never").to_owned(),
        };
        table.row(vec![
            Cell::link(ask.at(&format!("/queues/given-up/{}", errand.number)), when),
            Cell::link(ask.account_at(&errand.account, ""), errand.account.clone()),
            Cell::text(ask.language.word("errand", &errand.what)).note(errand.provider.clone()),
            Cell::text(errand.subject.clone()),
            Cell::text(errand.why.clone()),
        ]);
    }
    Ok(table)
}

fn errand(ask: &Ask) -> Result<GivenUp, PageError> {
    let number: i64 = ask.name("errand").parse().map_err(|_| ask.nowhere())?;
    // They are listed the newest first: the first before the next number is this one, or there is none.
    let mut rows = found(ask.engine().given_up(ask.id(), number.checked_add(1), 1), ask)?;
    rows.pop().filter(|errand| errand.number == number).ok_or_else(|| ask.nowhere())
}

pub(in crate::operator) fn given_up_page(ask: &Ask) -> Result<Page, PageError> {
    let errand = errand(ask)?;
    let what = ask.language.word("errand", &errand.what);
    let sentence = ask.with(
        "queues.given_up_sentence",
        &[("provider", &errand.provider), ("what", &what), ("count", &errand.attempts.to_string())],
    );
    let facts = vec![
        Fact::new(ask.say("accounts.name"), Cell::link(ask.account_at(&errand.account, ""), errand.account.clone())),
        Fact::new(ask.say("queues.about"), Cell::text(errand.subject.clone())),
        Fact::new(ask.say("queues.why"), Cell::text(errand.why.clone())),
    ];
    let title = ask.language.word("queue", "given_up");
    let mut page =
        Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if errand.open && ask.may(OperatorDeed::DecideMoney) {
        let form = ask
            .form(ask.at(&format!("/queues/given-up/{}", errand.number)), ask.say("queues.ask_again"))
            .field(ask.reason_field())
            .effect([ask.say("queues.ask_again_effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered);
        page = page.section(Section::at("decide", ask.say("queues.decide_title"), vec![Block::Form(form)]));
    }
    Ok(page)
}

pub(in crate::operator) fn ask_again(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let errand = errand(ask)?;
    let note = ask.must_enter("reason")?;
    ask.doing().ask_again(ask.id(), errand.number, &note).map_err(Stop::Refused)?;
    Ok(Done::here(ask, "/queues", "asked_again"))
}

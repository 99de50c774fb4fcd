//! Invoices that were asked for, and bills that somebody says are wrong.

use super::{decided, yes_or_no};
use crate::block::{Block, Cell, Choice, Fact, Field, Section, Table};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Done, Page, Stop, found};
use farthing_core::access::OperatorDeed;
use farthing_core::money::Money;
use farthing_core::payment::{BillDisputeId, InvoiceRequestId};
use farthing_core::time::Instant;
use farthing_engine::{BillDisputeFacts, Decision, InvoiceDecision, InvoiceRequestFacts};

pub(super) fn invoices(ask: &Ask, requests: &[InvoiceRequestFacts]) -> Result<Table, PageError> {
    let columns = ["queues.asked", "accounts.name", "invoices.buyer", "invoices.by", "#invoices.amount"];
    let caption =
        ask.with("queues.invoices_caption", &[("count", &requests.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "queues.invoices_empty");
    for one in requests {
        let when = ask.moment(Instant::from_micros(one.asked))?.text;
        let by = match one.due {
            Some(at) => {
                let late = at < ask.now.micros();
                let cell = ask.day(at)?;
                if late { cell.note(ask.language.word("bill.state", "late")) } else { cell }
            }
            None => Cell::text(""),
        };
        table.row(vec![
            Cell::link(ask.at(&format!("/queues/invoices/{}", one.id)), when),
            Cell::link(ask.account_at(&one.account, ""), one.account.clone()),
            Cell::text(one.buyer.name.clone()),
            by,
            ask.bare(one.exact)?,
        ]);
    }
    Ok(table)
}

fn request(ask: &Ask) -> Result<(InvoiceRequestId, InvoiceRequestFacts), PageError> {
    let id = InvoiceRequestId::parse(ask.name("request")).map_err(|_| ask.nowhere())?;
    Ok((id, found(ask.engine().invoice_request(ask.id(), id), ask)?))
}

pub(in crate::operator) fn invoice_page(ask: &Ask) -> Result<Page, PageError> {
    let (id, one) = request(ask)?;
    let amount = ask.money(one.exact)?;
    let state = ask.language.word("invoice.state", &one.state);
    let places = [("amount", amount.as_str()), ("account", &one.account), ("state", &state)];
    let sentence = ask.with("queues.invoice_sentence", &places);
    let mut facts = vec![
        Fact::new(ask.say("accounts.name"), Cell::link(ask.account_at(&one.account, ""), one.account.clone())),
        Fact::new(ask.say("queues.asked"), ask.moment(Instant::from_micros(one.asked))?),
        Fact::new(ask.say("invoices.buyer"), Cell::text(one.buyer.name.clone()).note(one.buyer.tax_number.clone())),
        Fact::new(ask.say("settings.address"), Cell::text(one.buyer.address.clone())),
    ];
    if !one.buyer.post_to.is_empty() {
        facts.push(Fact::new(ask.say("invoices.post"), Cell::text(one.buyer.post_to.clone())));
    }
    let charges = i64::try_from(one.charges.len()).unwrap_or(i64::MAX);
    facts.push(Fact::new(ask.say("queues.charges"), Cell::text(ask.language.count("timeline.charges", charges))));
    if let Some(bill) = &one.bill {
        let address = ask.account_at(&one.account, &format!("/bills/{bill}"));
        facts.push(Fact::new(ask.say("invoices.action"), Cell::link(address, one.number.clone())));
    }
    if !one.who.is_empty() {
        facts.push(Fact::new(ask.say("queues.decided_by"), Cell::text(one.who.clone()).note(one.note.clone())));
    }
    let title = ask.language.word("queue", "invoices");
    let mut page =
        Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if one.state == "asked" && ask.may(OperatorDeed::DecideMoney) {
        let form = yes_or_no(ask, ask.at(&format!("/queues/invoices/{id}")), ("queues.issue", "queues.refuse"))
            .effect([ask.say("queues.invoice_effect").to_owned()]);
        page = page.section(Section::at("decide", ask.say("queues.decide_title"), vec![Block::Form(form)]));
    }
    Ok(page)
}

pub(in crate::operator) fn decide_invoice(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, _) = request(ask)?;
    let issue = decided(ask)?;
    let note = ask.must_enter("reason")?;
    let decision = if issue { InvoiceDecision::Issue } else { InvoiceDecision::Refuse };
    ask.doing().decide_invoice(ask.id(), id, decision, &note).map_err(Stop::Refused)?;
    Ok(Done::here(ask, &format!("/queues/invoices/{id}"), if issue { "issued" } else { "refused" }))
}

pub(super) fn disputes(ask: &Ask, disputes: &[BillDisputeFacts]) -> Result<Table, PageError> {
    let columns = ["dispute.opened", "accounts.name", "bills.number", "dispute.reason", "#dispute.amount"];
    let caption =
        ask.with("queues.disputes_caption", &[("count", &disputes.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "queues.disputes_empty");
    for one in disputes {
        let when = ask.moment(Instant::from_micros(one.opened))?.text;
        table.row(vec![
            Cell::link(ask.at(&format!("/queues/disputes/{}", one.id)), when),
            Cell::link(ask.account_at(&one.account, ""), one.account.clone()),
            Cell::link(ask.account_at(&one.account, &format!("/bills/{}", one.bill)), one.number.clone()),
            Cell::text(one.reason.clone()),
            ask.bare(one.amount)?,
        ]);
    }
    Ok(table)
}

fn dispute(ask: &Ask) -> Result<(BillDisputeId, BillDisputeFacts), PageError> {
    let id = BillDisputeId::parse(ask.name("dispute")).map_err(|_| ask.nowhere())?;
    Ok((id, found(ask.engine().bill_dispute(ask.id(), id), ask)?))
}

pub(in crate::operator) fn dispute_page(ask: &Ask) -> Result<Page, PageError> {
    let (id, one) = dispute(ask)?;
    let amount = ask.money(one.amount)?;
    let state = ask.language.word("dispute.states", &one.state);
    let places = [("account", one.account.as_str()), ("amount", &amount), ("number", &one.number), ("state", &state)];
    let sentence = ask.with("queues.dispute_sentence", &places);
    let bill = ask.account_at(&one.account, &format!("/bills/{}", one.bill));
    let mut facts = vec![
        Fact::new(ask.say("accounts.name"), Cell::link(ask.account_at(&one.account, ""), one.account.clone())),
        Fact::new(ask.say("bills.number"), Cell::link(bill, one.number.clone())),
        Fact::new(ask.say("dispute.opened"), ask.moment(Instant::from_micros(one.opened))?),
        Fact::new(ask.say("dispute.reason"), Cell::text(one.reason.clone())),
    ];
    if !one.who.is_empty() {
        facts.push(Fact::new(ask.say("queues.decided_by"), Cell::text(one.who.clone()).note(one.note.clone())));
        facts.push(Fact::new(ask.say("queues.granted"), ask.amount(one.granted)?));
    }
    let title = ask.language.word("queue", "disputes");
    let mut page =
        Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if one.state == "open" && ask.may(OperatorDeed::DecideMoney) {
        let form = ask
            .form(ask.at(&format!("/queues/disputes/{id}")), ask.say("queues.decide"))
            .fields([
                Field::radio(
                    "decision",
                    ask.say("queues.decision"),
                    vec![
                        Choice::new("yes", ask.say("queues.grant"), false),
                        Choice::new("no", ask.say("queues.refuse"), false),
                    ],
                ),
                Field::amount("amount", ask.say("queues.grant_amount"), ask.currency())
                    .value(Money::from_units(one.amount, ask.cloud.currency).plain())
                    .help(ask.say("queues.grant_help")),
                ask.reason_field(),
            ])
            .effect([ask.say("queues.dispute_effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered);
        page = page.section(Section::at("decide", ask.say("queues.decide_title"), vec![Block::Form(form)]));
    }
    Ok(page)
}

pub(in crate::operator) fn decide_dispute(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, _) = dispute(ask)?;
    let grant = decided(ask)?;
    let note = ask.must_enter("reason")?;
    let decision = if grant { Decision::Grant(Some(ask.entered_amount("amount")?)) } else { Decision::Refuse };
    ask.doing().decide_bill_dispute(ask.id(), id, &decision, &note).map_err(Stop::Refused)?;
    Ok(Done::here(ask, &format!("/queues/disputes/{id}"), if grant { "granted" } else { "refused" }))
}

//! A bill as its paper shows it: lines, taxes, what was paid; to pay, to dispute, to take along as PDF or e-invoice.

use super::ask::{Ask, Done, Page, Stop, found};
use super::bills::state;
use super::cost_page::label;
use crate::block::{Block, Cell, Choice, Fact, Field, Form, Link, Notice, Paper, Section, Table};
use crate::frame::PageError;
use crate::printer::Printed;
use crate::web::sight::File;
use farthing_core::access::Deed;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use farthing_engine::{BillFacts, BillParty, NewBillDispute, NewBillPayment, PayBillBy, PayBy};

fn nowhere(ask: &Ask) -> PageError {
    PageError::NotFound(ask.say("error.no_page").to_owned())
}

/// This account's, or there is none.
fn named(ask: &Ask) -> Result<(BillId, BillFacts), PageError> {
    ask.must(Deed::SeePapers)?;
    let id = BillId::parse(ask.name("bill")).map_err(|_| nowhere(ask))?;
    let facts = found(ask.engine().bill(ask.id(), id), ask)?;
    if facts.account == ask.account() { Ok((id, facts)) } else { Err(nowhere(ask)) }
}

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let (id, bill) = named(ask)?;
    let kind = ask.language.word("bill.kind", &bill.kind);
    let number = if bill.number.is_empty() { ask.say("bills.no_number").to_owned() } else { bill.number.clone() };
    let amount = ask.money(bill.due)?;
    let sentence = match bill.due_at.filter(|_| bill.due > 0) {
        Some(at) => {
            let date = ask.language.date(ask.zone.civil_date_of(Instant::from_micros(at))?);
            let key = if at < ask.now.micros() { "bill.was_due" } else { "bill.is_due" };
            let places = [("kind", kind.as_str()), ("number", &number), ("amount", &amount), ("date", &date)];
            if key == "bill.was_due" { ask.with("bill.was_due", &places) } else { ask.with("bill.is_due", &places) }
        }
        None if bill.due > 0 => ask.with("bill.due", &[("kind", &kind), ("number", &number), ("amount", &amount)]),
        None => {
            let total = ask.money(bill.total)?;
            let state = state(ask, &bill).text;
            ask.with("bill.settled", &[("kind", &kind), ("number", &number), ("amount", &total), ("state", &state)])
        }
    };
    let mut page = Page::below(ask, "nav.bills", "/bills", number.clone(), sentence);
    let mut blocks = Vec::new();
    if bill.disputed > 0 {
        let words = ask.with("bill.disputed", &[("amount", &ask.money(bill.disputed)?)]);
        blocks.push(Block::Notices(vec![Notice::new("warn", words)]));
    }
    let file = |ending: &str, key| Link::new(ask.at(&format!("/bills/{id}/{ending}")), ask.say(key)).download();
    if ask.console.printer.is_some() && !bill.number.is_empty() {
        let mut links = vec![file("bill.pdf", "bill.pdf")];
        if matches!(bill.kind.as_str(), "bill" | "credit_note") {
            links.push(file("ubl.xml", "bill.ubl"));
            links.push(file("cii.xml", "bill.cii"));
        }
        blocks.push(Block::Links(links));
    }
    page = page.section(Section::plain(blocks));
    if bill.due > 0 && ask.may(Deed::Pay) {
        page = page.section(Section::at("pay", ask.say("bill.pay"), vec![Block::Form(pay_form(ask, id, &bill)?)]));
    }
    page = page.section(Section::plain(vec![Block::Paper(Box::new(paper(ask, &bill, kind, number)?))]));
    if bill.kind == "bill" && ask.may(Deed::DisputeBill) && ask.cloud.profile.policy.bill.dispute_window.is_some() {
        page = page.section(Section::at("dispute", ask.say("dispute.title"), disputes(ask, id, &bill)?));
    }
    Ok(page)
}

fn paper(ask: &Ask, bill: &BillFacts, kind: String, number: String) -> Result<Paper, PageError> {
    let mut facts = vec![Fact::new(ask.say("bills.issued"), ask.day(bill.issued)?)];
    if let Some(at) = bill.due_at {
        facts.push(Fact::new(ask.say("bills.due_at"), ask.day(at)?));
    }
    if !bill.of_number.is_empty() {
        let about = match &bill.of {
            Some(of) => Cell::link(ask.at(&format!("/bills/{of}")), bill.of_number.clone()),
            None => Cell::text(bill.of_number.clone()),
        };
        facts.push(Fact::new(ask.say("bill.about"), about));
    }
    if !bill.method.is_empty() {
        facts.push(Fact::new(ask.say("bill.method"), Cell::text(ask.language.word("channel", &bill.method))));
    }
    if !bill.reason.is_empty() {
        facts.push(Fact::new(ask.say("bill.reason"), Cell::text(bill.reason.clone())));
    }
    let has = |of: fn(&farthing_engine::BillLineFacts) -> bool| bill.lines.iter().any(of);
    let (quantities, periods) = (has(|line| line.quantity.is_some()), has(|line| line.from.is_some()));
    let mut labels = vec![label(ask, "bill.line")];
    if periods {
        labels.push(label(ask, "bill.period"));
    }
    if quantities {
        labels.push(label(ask, "#bill.quantity"));
    }
    labels.push(label(ask, "#bill.amount"));
    let caption = ask.with("bill.lines", &[("count", &bill.lines.len().to_string()), ("code", ask.currency())]);
    let mut lines = Table::new(caption, &labels.iter().map(String::as_str).collect::<Vec<_>>())
        .when_empty(ask.say("bill.no_lines"));
    for line in &bill.lines {
        let mut cells = vec![Cell::text(line.text.clone())];
        if periods {
            let text = match (&line.from, &line.to) {
                (Some(from), Some(to)) if from != to => format!("{from} – {to}"),
                (Some(from), _) => from.clone(),
                _ => String::new(),
            };
            cells.push(Cell::text(text));
        }
        if quantities {
            cells.push(Cell::number(line.quantity.clone().unwrap_or_default()));
        }
        let amount = ask.bare(line.amount)?;
        cells.push(if line.coupon > 0 {
            amount.note(ask.with("bill.coupon_off", &[("amount", &ask.money(line.coupon)?)]))
        } else {
            amount
        });
        lines.row(cells);
    }
    let mut sums = Vec::new();
    let mut sum = |name: String, units: i64| -> Result<(), PageError> {
        sums.push((Cell::text(name), ask.amount(units)?));
        Ok(())
    };
    sum(ask.say("bill.net").to_owned(), bill.net)?;
    for group in &bill.groups {
        let name = format!("{} {}", group.name, group.percent);
        let note = if group.reason.is_empty() { String::new() } else { format!(" ({})", group.reason) };
        sum(format!("{}{note}", name.trim()), group.tax)?;
    }
    if bill.brought_forward != 0 {
        sum(ask.say("bill.brought").to_owned(), bill.brought_forward)?;
    }
    sum(ask.say("bill.total").to_owned(), bill.total)?;
    let minus = |units: i64| units.saturating_neg();
    let parts = [
        ("bill.paid", minus(bill.paid)),
        ("bill.refunded", bill.refunded),
        ("bill.charged_back", bill.charged_back),
        ("bill.credited", minus(bill.credited)),
        ("bill.given_back", bill.given_back),
        ("bill.rolled", minus(bill.rolled)),
    ];
    let moved = parts.iter().any(|(_, units)| *units != 0);
    for (key, units) in parts.into_iter().filter(|(_, units)| *units != 0) {
        sum(ask.say(key).to_owned(), units)?;
    }
    if bill.kind == "bill" && (moved || bill.due != 0) {
        sum(ask.say("bill.still_due").to_owned(), bill.due)?;
    }
    let mut notes: Vec<String> =
        bill.groups.iter().map(|group| group.note.clone()).filter(|note| !note.is_empty()).collect();
    notes.dedup();
    Ok(Paper {
        kind,
        number,
        state: state(ask, bill),
        seller: party(&bill.seller),
        buyer: party(&bill.buyer),
        facts,
        lines,
        sums,
        notes,
        from: ask.say("bill.from").to_owned(),
        to: ask.say("bill.to").to_owned(),
    })
}

fn party(party: &BillParty) -> Vec<String> {
    let mut lines = vec![party.name.clone()];
    lines.extend(party.address.lines().map(str::to_owned));
    lines.push([party.region.as_str(), party.country.as_str()].join(" ").trim().to_owned());
    lines.push(party.tax_number.clone());
    if party.name.is_empty() {
        lines.push(party.account.clone());
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// From the balance, by what is kept, or on the provider's page.
fn pay_form(ask: &Ask, id: BillId, bill: &BillFacts) -> Result<Form, PageError> {
    let methods = found(ask.engine().methods(ask.id(), ask.account(), false), ask)?;
    let view = found(ask.engine().account_view(ask.id(), ask.account(), ask.now), ask)?;
    let balance = ask.with("bill.by_balance", &[("amount", &ask.money(view.figures.cash)?)]);
    let mut choices = vec![Choice::new("balance", balance, true)];
    for method in &methods {
        choices.push(Choice::new(format!("method:{}", method.id), super::payment::method_label(ask, method), false));
    }
    for channel in ask.cloud.profile.policy.top_up.channels.iter().filter(|channel| super::top_up::is_page(**channel)) {
        let word = channel.word();
        choices.push(Choice::new(format!("page:{word}"), ask.language.word("channel", word), false));
    }
    let amount = ask.money(bill.due)?;
    Ok(Form::post(
        ask.at(&format!("/bills/{id}/pay")),
        &ask.visitor.csrf,
        ask.with("bill.pay_button", &[("amount", &amount)]),
    )
    .hidden("once", ask.once())
    .field(Field::radio("by", ask.say("bill.pay_by"), choices))
    .effect([ask.with("bill.pay_effect", &[("amount", &amount), ("number", &bill.number)])])
    .again(ask.trouble.as_ref(), &ask.entered))
}

pub(super) fn pay(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::Pay)?;
    let (id, _) = named(ask)?;
    let by = super::top_up::pay_by(ask, ask.was_entered("by").unwrap_or_default());
    let by = match (ask.was_entered("by"), by) {
        (Some("balance"), _) => PayBillBy::Balance,
        (_, Some(by)) => PayBillBy::Provider(by),
        (_, None) => return Err(Stop::Field { field: "by", what: ask.say("error.choose").to_owned() }),
    };
    let wanted = NewBillPayment {
        bill: id,
        keep: matches!(by, PayBillBy::Provider(PayBy::Method(_))),
        by,
        amount: None,
        reference: None,
        back: super::top_up::back(ask, &format!("/bills/{id}")),
    };
    let paid = ask.doing().pay_bill(ask.id(), &wanted).map_err(Stop::Refused)?;
    if let Some(payment) = &paid.payment {
        return Ok(super::top_up::onward(ask, payment));
    }
    Ok(Done::at(ask, &format!("/bills/{id}"), "bill_paid"))
}

fn disputes(ask: &Ask, id: BillId, bill: &BillFacts) -> Result<Vec<Block>, PageError> {
    let known = found(ask.engine().bill_disputes(ask.id(), (Some(ask.account()), Some(id)), None, None, 20), ask)?;
    let mut blocks = Vec::new();
    if !known.is_empty() {
        let labels =
            ["dispute.opened", "dispute.reason", "dispute.state", "#dispute.amount"].map(|key| label(ask, key));
        let mut table = Table::new(
            ask.with("dispute.caption", &[("code", ask.currency())]),
            &labels.each_ref().map(String::as_str),
        );
        for dispute in &known {
            table.row(vec![
                ask.day(dispute.opened)?,
                Cell::text(dispute.reason.clone()),
                Cell::text(ask.language.word("dispute.states", &dispute.state)).note(dispute.note.clone()),
                ask.bare(dispute.amount)?,
            ]);
        }
        blocks.push(Block::Table(table));
    }
    if known.iter().any(|dispute| dispute.state == "open") {
        return Ok(blocks);
    }
    let most = if bill.due > 0 { bill.due } else { bill.total };
    let amount = farthing_core::money::Money::from_units(most, ask.cloud.currency).plain();
    let form = Form::post(ask.at(&format!("/bills/{id}/dispute")), &ask.visitor.csrf, ask.say("dispute.button"))
        .hidden("once", ask.once())
        .fields([
            Field::amount("amount", ask.say("dispute.amount"), ask.currency()).value(amount),
            Field::of("reason", ask.say("dispute.reason"), "area").help(ask.say("dispute.help")).needed(),
        ])
        .effect([ask.say("dispute.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered);
    blocks.push(Block::Form(form));
    Ok(blocks)
}

pub(super) fn dispute(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::DisputeBill)?;
    let (id, _) = named(ask)?;
    let reason = ask.was_entered("reason").unwrap_or_default().to_owned();
    if reason.is_empty() {
        return Err(Stop::Field { field: "reason", what: ask.say("error.needed").to_owned() });
    }
    let amount = Some(ask.entered_amount("amount")?);
    let wanted = NewBillDispute { bill: id, amount, reason };
    ask.doing().dispute_bill(ask.id(), &wanted).map_err(Stop::Refused)?;
    Ok(Done::at(ask, &format!("/bills/{id}"), "disputed"))
}

/// The paper itself, and for programs.
pub(crate) fn file(ask: &Ask) -> Result<File, PageError> {
    let (id, _) = named(ask)?;
    let printed = match ask.name("file") {
        "bill.pdf" => Printed::Pdf,
        "ubl.xml" => Printed::Ubl,
        "cii.xml" => Printed::Cii,
        _ => return Err(nowhere(ask)),
    };
    let printer = ask.console.printer.as_ref().ok_or_else(|| nowhere(ask))?;
    let paper = found(ask.engine().paper(ask.id(), id), ask)?;
    let made = printer.print(&paper, printed).map_err(PageError::Stale)?;
    Ok(File { bytes: made.bytes, media_type: made.media_type, name: made.file_name })
}

//! Bills: what was asked for and what was paid; receipts, credit notes and statements; invoices for what was used, where the cloud issues them on
//! request (R62).

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use super::standing::DueBills;
use crate::block::{Block, Cell, Field, Form, Link, Section, Table};
use crate::frame::PageError;
use farthing_core::access::Deed;

use farthing_core::payment::{BillId, InvoiceRequestId};
use farthing_core::policy::BillOn;
use farthing_core::time::CivilDate;
use farthing_engine::{BillFacts, InvoiceBuyer, InvoiceDecision, NewInvoiceRequest};
use farthing_store::BillKind;

/// As many as a page has.
const PAGE: usize = 50;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(Deed::SeePapers)?;
    let kinds = [
        ("", None),
        ("bill", Some(BillKind::Bill)),
        ("receipt", Some(BillKind::Receipt)),
        ("credit_note", Some(BillKind::CreditNote)),
        ("statement", Some(BillKind::Statement)),
    ];
    let chosen = ask.asked("kind").unwrap_or_default();
    let kind = kinds.iter().find(|(word, _)| *word == chosen).and_then(|(_, kind)| *kind);
    let before = ask.asked("before").and_then(|text| BillId::parse(text).ok());
    let mut bills = found(ask.engine().bills(ask.id(), Some(ask.account()), kind, None, before, PAGE + 1), ask)?;
    let more = bills.len() > PAGE;
    bills.truncate(PAGE);
    let due = DueBills::of(ask)?;
    let sentence = match (due.bills.as_slice(), bills.is_empty()) {
        ([], true) => ask.say("bills.none").to_owned(),
        ([], false) => ask.say("bills.nothing_due").to_owned(),
        ([first, ..], _) => {
            let date = first.due_at.map(|at| ask.day(at)).transpose()?.map(|cell| cell.text).unwrap_or_default();
            let amount = ask.money(due.sum())?;
            ask.with("bills.due", &[("amount", &amount), ("date", &date)])
        }
    };
    let links = kinds.map(|(word, _)| {
        let address = if word.is_empty() { ask.at("/bills") } else { ask.at(&format!("/bills?kind={word}")) };
        let words =
            if word.is_empty() { ask.say("bills.all").to_owned() } else { ask.language.word("bill.kinds", word) };
        Link::new(address, words).here(word == chosen)
    });
    let mut table = list(ask, &bills)?;
    if more && let Some(last) = bills.last() {
        let kind = if chosen.is_empty() { String::new() } else { format!("&kind={chosen}") };
        table.links.push(Link::new(ask.at(&format!("/bills?before={}{kind}", last.id)), ask.say("older")));
    }
    let mut page = Page::new(ask, "nav.bills", sentence).section(Section::plain(vec![
        Block::Switch { label: ask.say("bills.kind").to_owned(), links: links.into() },
        Block::Table(table),
    ]));
    if ask.cloud.profile.policy.bill.on.contains(&BillOn::Request) {
        page = page.section(invoices(ask)?);
    }
    Ok(page)
}

fn list(ask: &Ask, bills: &[BillFacts]) -> Result<Table, PageError> {
    let labels = [
        "bills.number",
        "bills.what",
        "bills.issued",
        "bills.due_at",
        "bills.state",
        "#bills.total",
        "#bills.still_due",
    ]
    .map(|key| label(ask, key));
    let caption = ask.with("bills.caption", &[("count", &bills.len().to_string()), ("code", ask.currency())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("bills.empty"));
    for bill in bills {
        let number = if bill.number.is_empty() { ask.say("bills.no_number") } else { &bill.number };
        let due_at = match bill.due_at.filter(|_| bill.due > 0) {
            Some(at) => ask.day(at)?,
            None => Cell::text(""),
        };
        table.row(vec![
            Cell::link(ask.at(&format!("/bills/{}", bill.id)), number),
            Cell::text(ask.language.word("bill.kind", &bill.kind)),
            ask.day(bill.issued)?,
            due_at,
            state(ask, bill),
            ask.bare(bill.total)?,
            if bill.due == 0 { Cell::text("") } else { ask.bare(bill.due)? },
        ]);
    }
    Ok(table)
}

/// In words, and for the eye.
pub(super) fn state(ask: &Ask, bill: &BillFacts) -> Cell {
    let is_bill = bill.kind == "bill";
    let late = is_bill && bill.due > 0 && bill.due_at.is_some_and(|at| at < ask.now.micros());
    let (word, class) = match bill.state.as_str() {
        _ if bill.disputed > 0 => ("disputed", "warn"),
        _ if late => ("late", "bad"),
        "paid" => ("paid", "good"),
        "issued" if is_bill && bill.due > 0 => ("open", "warn"),
        "issued" if !is_bill => ("issued", "muted"),
        other => (other, "muted"),
    };
    Cell::text(ask.language.word("bill.state", word)).class(class)
}

/// Asked for after use, within the cloud's working days.
fn invoices(ask: &Ask) -> Result<Section, PageError> {
    let requests = found(ask.engine().invoice_requests(ask.id(), Some(ask.account()), None, None, PAGE), ask)?;
    let labels =
        ["invoices.asked", "invoices.buyer", "invoices.state", "invoices.by", "#invoices.amount", "invoices.action"]
            .map(|key| label(ask, key));
    let mut table =
        Table::new(ask.with("invoices.caption", &[("code", ask.currency())]), &labels.each_ref().map(String::as_str))
            .when_empty(ask.say("invoices.empty"));
    let mut blocks = Vec::new();
    let mut withdraw = Vec::new();
    for request in &requests {
        let state = Cell::text(ask.language.word("invoice.state", &request.state)).note(request.note.clone());
        let by = match request.due.filter(|_| request.state == "asked") {
            Some(at) => ask.day(at)?,
            None => Cell::text(""),
        };
        let action = match &request.bill {
            Some(bill) => Cell::link(ask.at(&format!("/bills/{bill}")), request.number.clone()),
            None => Cell::text(""),
        };
        table.row(vec![
            ask.day(request.asked)?,
            Cell::text(request.buyer.name.clone()),
            state,
            by,
            ask.bare(request.exact)?,
            action,
        ]);
        if request.state == "asked" && !ask.seat.looks {
            let address = ask.at(&format!("/bills/invoices/{}/withdraw", request.id));
            let words = ask.with("invoices.withdraw", &[("name", &request.buyer.name)]);
            withdraw
                .push(Block::Form(Form::post(address, &ask.visitor.csrf, words).hidden("once", ask.once()).short()));
        }
    }
    blocks.push(Block::Text(ask.say("invoices.about").to_owned()));
    blocks.push(Block::Table(table));
    blocks.extend(withdraw);
    if ask.seat.looks {
        return Ok(Section::at("invoices", ask.say("invoices.title"), blocks));
    }
    let today = ask.zone.civil_date_of(ask.now)?;
    let company = found(ask.engine().company(ask.id(), ask.account()), ask)?;
    let last = today.first_of_month().add_days(-1)?;
    let form = Form::post(ask.at("/bills/invoices"), &ask.visitor.csrf, ask.say("invoices.button"))
        .hidden("once", ask.once())
        .fields([
            Field::of("from", ask.say("costs.from"), "date").value(last.first_of_month().to_string()),
            Field::of("to", ask.say("costs.to"), "date").value(last.to_string()),
            Field::text("name", ask.say("invoices.name")).value(company.name).needed().fills("organization"),
            Field::of("address", ask.say("settings.address"), "area").value(company.address).fills("street-address"),
            Field::text("tax_number", ask.say("settings.tax_number")).value(company.tax_number),
            Field::of("post_to", ask.say("invoices.post"), "area").help(ask.say("invoices.post_help")),
        ])
        .effect([ask.say("invoices.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered);
    blocks.push(Block::Heading(ask.say("invoices.ask").to_owned()));
    blocks.push(Block::Form(form));
    Ok(Section::at("invoices", ask.say("invoices.title"), blocks))
}

pub(super) fn request_invoice(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SeePapers)?;
    let day = |field: &'static str| {
        let text = ask.was_entered(field).unwrap_or_default();
        CivilDate::parse(text).map_err(|_| Stop::Field { field, what: ask.say("error.date").to_owned() })
    };
    let (from, to) = (day("from")?, day("to")?);
    let text = |name: &str| ask.was_entered(name).unwrap_or_default().to_owned();
    if text("name").is_empty() {
        return Err(Stop::Field { field: "name", what: ask.say("error.needed").to_owned() });
    }
    let wanted = NewInvoiceRequest {
        account: ask.account().to_owned(),
        charges: Vec::new(),
        from: Some(ask.zone.start_of_day(from)?),
        to: Some(ask.zone.start_of_day(to.next_day()?)?),
        buyer: InvoiceBuyer {
            name: text("name"),
            address: text("address"),
            tax_number: text("tax_number"),
            post_to: text("post_to"),
        },
    };
    ask.doing().request_invoice(ask.id(), &wanted).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/bills", "invoice_asked"))
}

pub(super) fn withdraw_invoice(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SeePapers)?;
    let nowhere = || Stop::Page(PageError::NotFound(ask.say("error.no_page").to_owned()));
    let id = InvoiceRequestId::parse(ask.name("request")).map_err(|_| nowhere())?;
    let request = found(ask.engine().invoice_request(ask.id(), id), ask)?;
    if request.account != ask.account() {
        return Err(nowhere());
    }
    ask.doing().decide_invoice(ask.id(), id, InvoiceDecision::Withdraw, "").map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/bills", "invoice_withdrawn"))
}

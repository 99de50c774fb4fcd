//! What an operator may do about an account, each with the reason that stands in the audit log beside their name. What cannot be undone has the
//! thing's name typed first.

use super::{Known, tabs};
use crate::block::{Block, Choice, Field, Link, Section};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Done, Page, Stop, found};
use farthing_core::access::OperatorDeed;
use farthing_core::money::Money;
use farthing_core::payment::BillId;
use farthing_core::time::{CivilDate, Instant};
use farthing_engine::{BillFacts, NewGrant, NewRefund, Waiver};

pub(in crate::operator) fn page(ask: &Ask) -> Result<Page, PageError> {
    let known = Known::of(ask)?;
    let name = known.name();
    let sentence = ask.with("actions.sentence", &[("name", name)]);
    let mut page = Page::under(ask, "ops.accounts", "/accounts", ask.say("account.actions").to_owned(), sentence);
    page.above.push(Link::new(ask.account_at(name, ""), name.to_owned()));
    page = page.section(Section::plain(vec![tabs(ask, name, "/actions")]));
    let mut sections = Vec::new();
    if ask.may(OperatorDeed::HelpAccount) && !known.standing.parked.is_empty() {
        sections.push(retry_section(ask, &known));
    }
    if ask.may(OperatorDeed::SetStanding) {
        sections.push(keep_section(ask, &known));
    }
    if ask.may(OperatorDeed::HelpAccount) {
        sections.push(credit_section(ask, name)?);
        sections.push(waive_section(ask, name)?);
    }
    if ask.may(OperatorDeed::DecideMoney) {
        sections.push(refund_section(ask, name)?);
    }
    if sections.is_empty() {
        sections.push(Section::plain(vec![Block::Text(ask.say("actions.none").to_owned())]));
    }
    page.sections.extend(sections);
    Ok(page)
}

fn again(ask: &Ask, form: crate::block::Form) -> Block {
    Block::Form(form.again(ask.trouble.as_ref(), &ask.entered))
}

fn retry_section(ask: &Ask, known: &Known) -> Section {
    let form = ask
        .form(ask.account_at(known.name(), "/retry"), ask.say("actions.retry"))
        .field(ask.reason_field())
        .effect([ask.say("actions.retry_effect").to_owned()]);
    let why = ask.with("account.parked_why", &[("why", &known.standing.parked)]);
    Section::at("retry", ask.say("actions.retry_title"), vec![Block::Text(why), again(ask, form)])
}

fn keep_section(ask: &Ask, known: &Known) -> Section {
    let name = known.name();
    let form = match &known.keep {
        None => ask
            .form(ask.account_at(name, "/keep"), ask.with("actions.keep", &[("name", name)]))
            .effect([ask.say("actions.keep_effect").to_owned()]),
        Some(_) => ask
            .form(ask.account_at(name, "/end-keep"), ask.with("actions.end_keep", &[("name", name)]))
            .effect([ask.say("actions.end_keep_effect").to_owned()])
            .field(ask.name_field(name))
            .danger(),
    };
    Section::at("keep", ask.say("actions.keep_title"), vec![again(ask, form.field(ask.reason_field()))])
}

fn credit_section(ask: &Ask, name: &str) -> Result<Section, PageError> {
    let today = ask.zone.civil_date_of(ask.now)?;
    let form = ask
        .form(ask.account_at(name, "/credit"), ask.say("actions.credit"))
        .fields([
            Field::amount("amount", ask.say("actions.amount"), ask.currency()).needed(),
            Field::text("name", ask.say("actions.credit_name"))
                .value(format!("goodwill-{today}"))
                .help(ask.say("actions.credit_name_help"))
                .needed(),
            Field::of("expires", ask.say("actions.credit_expires"), "date")
                .help(ask.say("actions.credit_expires_help")),
            ask.reason_field(),
        ])
        .effect([ask.say("actions.credit_effect").to_owned()]);
    Ok(Section::at("credit", ask.say("actions.credit_title"), vec![again(ask, form)]))
}

fn waive_section(ask: &Ask, name: &str) -> Result<Section, PageError> {
    let today = ask.zone.civil_date_of(ask.now)?;
    let products = ask.cloud.profile.catalog.product.iter();
    let chosen = ask.asked("product").map(str::to_owned);
    let choices: Vec<Choice> = products
        .map(|product| {
            let id = product.id.to_string();
            let here = chosen.as_ref() == Some(&id);
            Choice::new(id, product.name.to_string(), here)
        })
        .collect();
    let first = today.first_of_month();
    let form = ask
        .form(ask.account_at(name, "/waive"), ask.say("actions.waive"))
        .fields([
            Field::select("product", ask.say("costs.product"), choices),
            Field::of("from", ask.say("costs.from"), "date").value(first.to_string()),
            Field::of("to", ask.say("costs.to"), "date").value(today.to_string()),
            Field::amount("amount", ask.say("actions.amount"), ask.currency()).needed(),
            ask.reason_field(),
        ])
        .effect([ask.say("actions.waive_effect").to_owned()]);
    Ok(Section::at("waive", ask.say("actions.waive_title"), vec![again(ask, form)]))
}

fn refund_section(ask: &Ask, name: &str) -> Result<Section, PageError> {
    let most = found(ask.engine().refundable(ask.id(), name), ask)?;
    if most.units() <= 0 {
        let nothing = Block::Text(ask.say("actions.nothing_to_refund").to_owned());
        return Ok(Section::at("refund", ask.say("actions.refund_title"), vec![nothing]));
    }
    let amount = ask.money(most.units())?;
    let form = ask
        .form(ask.account_at(name, "/refund"), ask.say("actions.refund"))
        .fields([
            Field::amount("amount", ask.say("actions.amount"), ask.currency())
                .value(most.plain())
                .help(ask.with("refund.sentence", &[("amount", &amount)]))
                .needed(),
            ask.reason_field(),
            ask.name_field(name),
        ])
        .effect([ask.say("actions.refund_effect").to_owned(), ask.say("refund.gifts").to_owned()])
        .danger();
    Ok(Section::at("refund", ask.say("actions.refund_title"), vec![again(ask, form)]))
}

/// The account that the address names, after its role has been looked at.
fn named(ask: &Ask, deed: OperatorDeed) -> Result<String, Stop> {
    ask.must(deed)?;
    Ok(found(ask.engine().account_facts(ask.id(), ask.name("customer")), ask)?.name)
}

fn done(ask: &Ask, name: &str, said: &'static str) -> Done {
    Done { to: ask.account_at(name, ""), said }
}

pub(in crate::operator) fn keep(ask: &Ask) -> Result<Done, Stop> {
    let name = named(ask, OperatorDeed::SetStanding)?;
    let why = ask.must_enter("reason")?;
    ask.doing().keep(ask.id(), "account", &name, &why).map_err(Stop::Refused)?;
    Ok(done(ask, &name, "kept"))
}

pub(in crate::operator) fn end_keep(ask: &Ask) -> Result<Done, Stop> {
    let name = named(ask, OperatorDeed::SetStanding)?;
    let why = ask.must_enter("reason")?;
    ask.must_confirm(&name)?;
    ask.doing_because(&why).let_go(ask.id(), "account", &name).map_err(Stop::Refused)?;
    Ok(done(ask, &name, "let_go"))
}

pub(in crate::operator) fn retry(ask: &Ask) -> Result<Done, Stop> {
    let name = named(ask, OperatorDeed::HelpAccount)?;
    let why = ask.must_enter("reason")?;
    let retried = ask.doing_because(&why).retry_parked(ask.id(), &name).map_err(Stop::Refused)?;
    match retried.still {
        None => Ok(done(ask, &name, "retried")),
        Some(still) => Err(Stop::Field { field: "", what: ask.with("actions.still_parked", &[("why", &still)]) }),
    }
}

pub(in crate::operator) fn give_credit(ask: &Ask) -> Result<Done, Stop> {
    let name = named(ask, OperatorDeed::HelpAccount)?;
    let amount = ask.entered_amount("amount")?;
    let grant = ask.must_enter("name")?;
    let reason = ask.must_enter("reason")?;
    // It lapses when the day is over where the cloud is.
    let expires = match day(ask, "expires")? {
        Some(day) => Some(ask.zone.start_of_day(day.next_day()?)?),
        None => None,
    };
    let given = NewGrant {
        name: grant,
        account: name.clone(),
        amount,
        products: Vec::new(),
        priority: 0,
        starts: None,
        expires,
        reason: Some(reason),
    };
    ask.doing().grant_credit(ask.id(), &given).map_err(Stop::Refused)?;
    Ok(done(ask, &name, "credit_given"))
}

/// A day that was entered; none: the field is empty.
fn day(ask: &Ask, field: &'static str) -> Result<Option<CivilDate>, Stop> {
    let Some(text) = ask.was_entered(field) else { return Ok(None) };
    let parsed = CivilDate::parse(text);
    parsed.map(Some).map_err(|_| Stop::Field { field, what: ask.say("error.date").to_owned() })
}

pub(in crate::operator) fn waive(ask: &Ask) -> Result<Done, Stop> {
    let name = named(ask, OperatorDeed::HelpAccount)?;
    let amount = ask.entered_amount("amount")?;
    let reason = ask.must_enter("reason")?;
    let from = day(ask, "from")?.map(|day| ask.zone.start_of_day(day)).transpose()?;
    let to = match day(ask, "to")? {
        Some(day) => Some(ask.zone.start_of_day(day.next_day()?)?),
        None => None,
    };
    let product = ask.must_enter("product")?;
    let waiver = Waiver { product, amount, reason, from, to };
    ask.doing().waive_charge(ask.id(), &name, &waiver).map_err(Stop::Refused)?;
    Ok(done(ask, &name, "waived"))
}

pub(in crate::operator) fn refund(ask: &Ask) -> Result<Done, Stop> {
    let name = named(ask, OperatorDeed::DecideMoney)?;
    let amount = ask.entered_amount("amount")?;
    let reason = ask.must_enter("reason")?;
    ask.must_confirm(&name)?;
    let wanted = NewRefund { account: name.clone(), amount: Some(amount), reason, reference: None, by_operator: true };
    ask.doing().refund(ask.id(), &wanted).map_err(Stop::Refused)?;
    Ok(done(ask, &name, "refunded"))
}

/// The document that the address names: of this account.
fn bill_of(ask: &Ask) -> Result<(BillId, BillFacts), PageError> {
    let id = BillId::parse(ask.name("bill")).map_err(|_| ask.nowhere())?;
    let facts = found(ask.engine().bill(ask.id(), id), ask)?;
    if facts.account == ask.name("customer") { Ok((id, facts)) } else { Err(ask.nowhere()) }
}

/// What may be done about a document, alone: where something of it was refused.
pub(in crate::operator) fn bill_page(ask: &Ask) -> Result<Page, PageError> {
    let (id, bill) = bill_of(ask)?;
    let number = if bill.number.is_empty() { id.to_string() } else { bill.number.clone() };
    let kind = ask.language.word("bill.kind", &bill.kind);
    let (amount, state) = (ask.money(bill.total)?, ask.language.word("bill.state", &bill.state));
    let places = [("kind", kind.as_str()), ("number", &number), ("amount", &amount), ("state", &state)];
    let sentence = ask.with("bill.settled", &places);
    let mut page = Page::under(ask, "ops.accounts", "/accounts", ask.say("account.actions").to_owned(), sentence);
    page.above.push(Link::new(ask.account_at(&bill.account, ""), bill.account.clone()));
    page.above.push(Link::new(ask.account_at(&bill.account, &format!("/bills/{id}")), number));
    page.sections.extend(about_bill(ask)?);
    Ok(page)
}

/// None: nothing may be done about it, or not by them.
pub(super) fn about_bill(ask: &Ask) -> Result<Option<Section>, PageError> {
    let (id, bill) = bill_of(ask)?;
    let open = matches!(bill.state.as_str(), "issued" | "overdue");
    if bill.kind != "bill" || !ask.may(OperatorDeed::DecideMoney) {
        return Ok(None);
    }
    let at = |rest: &str| ask.account_at(&bill.account, &format!("/bills/{id}/{rest}"));
    let left = bill.total.saturating_sub(bill.credited);
    let number = if bill.number.is_empty() { id.to_string() } else { bill.number.clone() };
    let mut blocks = Vec::new();
    let mut fold = |title: &'static str, form: crate::block::Form| {
        let blocks_in = vec![again(ask, form)];
        blocks.push(Block::Fold {
            title: ask.language.find(title).unwrap_or(title).to_owned(),
            open: ask.trouble.is_some(),
            blocks: blocks_in,
        });
    };
    if left > 0 && bill.state != "void" {
        let form = ask
            .form(at("credit"), ask.with("actions.credit_bill", &[("number", &number)]))
            .fields([
                Field::amount("amount", ask.say("actions.amount"), ask.currency())
                    .value(Money::from_units(left, ask.cloud.currency).plain())
                    .needed(),
                ask.reason_field(),
            ])
            .effect([ask.say("actions.credit_bill_effect").to_owned()]);
        fold("actions.credit_bill_title", form);
    }
    if open && bill.paid == 0 {
        let form = ask
            .form(at("reissue"), ask.with("actions.reissue", &[("number", &number)]))
            .fields([ask.reason_field(), ask.name_field(&number)])
            .effect([ask.say("actions.reissue_effect").to_owned()])
            .danger();
        fold("actions.reissue_title", form);
    }
    if open {
        let form = ask
            .form(at("write-off"), ask.with("actions.write_off", &[("number", &number)]))
            .fields([ask.reason_field(), ask.name_field(&number)])
            .effect([ask.with("actions.write_off_effect", &[("amount", &ask.money(bill.due)?)])])
            .danger();
        fold("actions.write_off_title", form);
    }
    if blocks.is_empty() {
        return Ok(None);
    }
    Ok(Some(Section::at("actions", ask.say("account.actions"), blocks)))
}

fn back_to_bill(ask: &Ask, bill: &BillFacts, said: &'static str) -> Done {
    Done { to: ask.account_at(&bill.account, &format!("/bills/{}", bill.id)), said }
}

pub(in crate::operator) fn credit_bill(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, bill) = bill_of(ask)?;
    let amount = ask.entered_amount("amount")?;
    let reason = ask.must_enter("reason")?;
    ask.doing().credit_bill(ask.id(), id, Some(amount), &reason).map_err(Stop::Refused)?;
    Ok(back_to_bill(ask, &bill, "bill_credited"))
}

pub(in crate::operator) fn reissue_bill(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, bill) = bill_of(ask)?;
    let reason = ask.must_enter("reason")?;
    ask.must_confirm(if bill.number.is_empty() { &bill.id } else { &bill.number })?;
    let fresh = ask.doing().reissue_bill(ask.id(), id, &reason).map_err(Stop::Refused)?;
    Ok(back_to_bill(ask, &fresh, "bill_reissued"))
}

pub(in crate::operator) fn write_off_bill(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::DecideMoney)?;
    let (id, bill) = bill_of(ask)?;
    let reason = ask.must_enter("reason")?;
    ask.must_confirm(if bill.number.is_empty() { &bill.id } else { &bill.number })?;
    ask.doing().write_off_bill(ask.id(), id, &reason).map_err(Stop::Refused)?;
    Ok(back_to_bill(ask, &bill, "written_off"))
}

/// What of a charge can be waived: nothing of one that gives back.
pub(super) fn about_charge(ask: &Ask) -> Result<Option<Section>, PageError> {
    let number = ask.name("charge").parse().map_err(|_| ask.nowhere())?;
    let name = ask.name("customer");
    let why = found(ask.engine().explain_charge(ask.id(), name, number), ask)?;
    if why.row.net <= 0 {
        return Ok(None);
    }
    let last = |at: Instant| -> Result<CivilDate, PageError> { Ok(ask.zone.civil_date_of(at)?.add_days(-1)?) };
    let from = ask.zone.civil_date_of(why.row.from)?;
    let form = ask
        .form(ask.account_at(name, "/waive"), ask.say("actions.waive"))
        .hidden("product", why.terms.product.to_string())
        .hidden("from", from.to_string())
        .hidden("to", last(why.row.to)?.max(from).to_string())
        .fields([
            Field::amount("amount", ask.say("actions.amount"), ask.currency())
                .value(Money::from_units(why.row.net, ask.cloud.currency).plain())
                .needed(),
            ask.reason_field(),
        ])
        .effect([ask.say("actions.waive_effect").to_owned()]);
    Ok(Some(Section::at("waive", ask.say("actions.waive_title"), vec![Block::Form(form)])))
}

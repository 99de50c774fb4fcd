//! Why this amount: what ran from when to when, at which price and where that price is from, the sum, and what paid for it.

use super::ask::{Ask, Page, found};
use super::cost_page::label;
use crate::block::{Block, Cell, Fact, Section, Table};
use crate::frame::PageError;
use crate::words::prices as price_words;
use farthing_core::access::Deed;
use farthing_engine::{ChargeReasons, PaidBy};
use farthing_store::ThingKind;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let number: i64 =
        ask.name("charge").parse().map_err(|_| PageError::NotFound(ask.say("error.no_page").to_owned()))?;
    let why = found(ask.engine().explain_charge(ask.id(), ask.account(), number), ask)?;
    let own = ask.seat.projects.is_none() || why.thing.person == ask.visitor.known_as;
    if !own {
        return Err(PageError::NotFound(ask.say("error.no_page").to_owned()));
    }
    let what = thing_words(ask, &why);
    let product = ask.product(why.terms.product.as_str());
    let subject = if what.is_empty() { product.clone() } else { what };
    let when = when(ask, &why)?;
    let net = why.row.net;
    let amount = ask.notation.full(i128::from(net).abs())?;
    let is_dust = net != 0 && amount.text == ask.money(0)?;
    let amount = if is_dust { ask.notation.exact(i128::from(net).abs())? } else { amount.text };
    let places = [("what", subject.as_str()), ("when", when.as_str()), ("amount", amount.as_str())];
    let sentence = match (why.row.number > 0, net < 0) {
        (false, _) => ask.with("why.sentence", &places),
        (true, true) => ask.with("why.given_back", &places),
        (true, false) => ask.with("why.more", &places),
    };
    let title = ask.with("why.title", &[("number", &number.to_string())]);
    let mut page = Page::below(ask, "nav.costs", "/costs", title, sentence)
        .section(Section::plain(vec![Block::Facts(facts(ask, &why, subject, product, when)?)]));
    if !why.did.is_empty() {
        page = page.section(Section::new(ask.say("why.did"), vec![Block::Table(stretches(ask, &why)?)]));
    }
    if !why.steps.is_empty() {
        let blocks = vec![Block::Steps(why.steps.clone()), Block::Text(ask.say("why.rounding").to_owned())];
        page = page.section(Section::new(ask.say("why.arithmetic"), blocks));
    }
    let mut notes = Vec::new();
    if why.thing.kind == ThingKind::Usage {
        notes.push(Block::Text(ask.say("why.usage").to_owned()));
    }
    if why.row.number > 0 {
        notes.push(Block::Text(ask.say("why.correction").to_owned()));
    }
    if !notes.is_empty() {
        page = page.section(Section::plain(notes));
    }
    Ok(page)
}

fn when(ask: &Ask, why: &ChargeReasons) -> Result<String, PageError> {
    let first = ask.zone.civil_date_of(why.row.from)?;
    let after = ask.zone.civil_date_of(why.row.to)?;
    let last = if after > first { after.add_days(-1)? } else { first };
    let (from, to) = (ask.language.date(first), ask.language.date(last));
    Ok(if first == last { from } else { ask.with("why.span", &[("from", &from), ("to", &to)]) })
}

fn facts(
    ask: &Ask,
    why: &ChargeReasons,
    subject: String,
    product: String,
    when: String,
) -> Result<Vec<Fact>, PageError> {
    let fine = |units: i64| Ok::<_, PageError>(Cell::amount(ask.notation.fine(i128::from(units))?));
    let row = &why.row;
    let prices = format!("/{}/prices/{}", ask.id(), crate::frame::segment(why.terms.product.as_str()));
    let mut facts = vec![
        Fact::new(ask.say("why.what"), Cell::text(subject)),
        Fact::new(ask.say("why.product"), Cell::link(prices, product)),
        Fact::new(ask.say("why.when"), Cell::text(when)),
    ];
    if let Some((product, pricing)) = &why.price {
        let mut lines: Vec<Cell> = price_words::prices(pricing, product)
            .iter()
            .map(|line| Cell::text(price_words::in_language(line, ask.language)))
            .collect();
        let version = why.terms.version.to_string();
        lines.push(Cell::text(ask.with("why.version", &[("version", &version)])).class("muted"));
        facts.push(Fact::many(ask.say("why.price"), lines));
    }
    if row.list != row.net {
        facts.push(Fact::new(ask.say("costs.list"), fine(row.list)?));
        facts.push(Fact::new(ask.say("why.discount"), fine(row.net.saturating_sub(row.list))?));
    }
    facts.push(Fact::new(ask.say("costs.net"), fine(row.net)?.class("strong")));
    let paid = why.paid.iter().map(|(by, amount)| {
        let words = match by {
            PaidBy::Cash => ask.say("paid.cash").to_owned(),
            PaidBy::Debt => ask.say("paid.debt").to_owned(),
            PaidBy::NextBill => ask.say("paid.next_bill").to_owned(),
            PaidBy::Credit(name) => ask.with("why.credit", &[("name", name)]),
        };
        Ok(fine(*amount)?.note(words))
    });
    facts.push(Fact::many(ask.say("why.paid"), paid.collect::<Result<_, PageError>>()?));
    if let Some(document) = why.document.as_ref().filter(|_| ask.may(Deed::SeePapers)) {
        let number = document.number.clone();
        facts
            .push(Fact::new(ask.say("why.document"), Cell::link(ask.at(&format!("/bills/{}", document.bill)), number)));
    }
    let sealed = ask.moment(row.recorded)?.note(ask.with("why.chain", &[("number", &row.chained.to_string())]));
    facts.push(Fact::new(ask.say("why.sealed"), sealed));
    Ok(facts)
}

fn stretches(ask: &Ask, why: &ChargeReasons) -> Result<Table, PageError> {
    let labels = ["why.state", "why.from", "why.to", "#why.lasted", "why.as", "why.share"].map(|key| label(ask, key));
    let mut table = Table::new(ask.say("why.did_caption"), &labels.each_ref().map(String::as_str));
    for did in &why.did {
        let sku = did.sku.as_ref().map(ToString::to_string);
        let size = did.size.as_ref().map(|(size, unit)| format!("{size} {}", unit.beside(false)));
        let share = match &did.share {
            None => ask.say("why.free").to_owned(),
            Some(share) => match share.to_string().as_str() {
                "1" => ask.say("why.whole").to_owned(),
                part => ask.with("why.part", &[("part", part)]),
            },
        };
        table.row(vec![
            Cell::text(ask.language.word("state", did.state.name())),
            ask.moment(did.from)?,
            ask.moment(did.to)?,
            Cell::number(exactly(did.seconds)),
            Cell::text(sku.or(size).unwrap_or_default()),
            Cell::text(share),
        ]);
    }
    Ok(table)
}

/// What a charge is for, as its owner knows it.
fn thing_words(ask: &Ask, why: &ChargeReasons) -> String {
    match why.thing.kind {
        ThingKind::Resource => why.thing.name.clone(),
        ThingKind::Scope => ask.say("why.together").to_owned(),
        ThingKind::Usage => {
            let part = why.terms.part.as_ref().map(|part| part.as_str().replace('_', " "));
            let told: Vec<String> = part.into_iter().chain(why.terms.properties.values().cloned()).collect();
            ask.language.list(&told)
        }
    }
}

/// "8 h 12 min 3 s"
fn exactly(seconds: i64) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let told = parts.into_iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told.map(|(number, unit)| format!("{number} {unit}")).collect();
    if told.is_empty() { "0 s".to_owned() } else { told.join(" ") }
}

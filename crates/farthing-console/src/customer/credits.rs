//! Credits and coupons: what was given, what is left of it and until when, what it pays for; a code to redeem (R17, R18); packs of units (R8).

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use crate::block::{Block, Cell, Field, Form, Section, Table};
use crate::frame::PageError;
use farthing_core::access::Deed;
use farthing_store::LotRow;

/// As many gifts as are listed.
const LOTS: usize = 100;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let (_, lots) = found(ask.engine().credits(ask.id(), ask.account(), None, LOTS), ask)?;
    let now = ask.now;
    let live =
        |lot: &&LotRow| !lot.lapsed && lot.balance > 0 && lot.starts <= now && lot.expires.is_none_or(|end| end > now);
    let left = lots.iter().filter(live).fold(0_i64, |sum, lot| sum.saturating_add(lot.balance));
    let sentence = match left {
        0 => ask.say("credits.none").to_owned(),
        left => ask.with("credits.sentence", &[("amount", &ask.money(left)?)]),
    };
    let mut page = Page::new(ask, "nav.credits", sentence);
    if ask.may(Deed::Pay) {
        let form = Form::post(ask.at("/credits/redeem"), &ask.visitor.csrf, ask.say("coupon.button"))
            .hidden("once", ask.once())
            .field(Field::text("code", ask.say("coupon.code")).help(ask.say("coupon.help")).needed())
            .effect([ask.say("coupon.effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered);
        page = page.section(Section::at("redeem", ask.say("coupon.redeem"), vec![Block::Form(form)]));
    }
    page = page.section(Section::new(ask.say("credits.title"), vec![Block::Table(credits(ask, &lots, left)?)]));
    page = page.section(Section::new(ask.say("coupon.title"), vec![Block::Table(coupons(ask)?)]));
    let units = found(ask.engine().units_view(ask.id(), ask.account(), ask.now), ask)?;
    for one in &units {
        let unit = one.unit.beside(false);
        let labels =
            ["units.name", "#units.size", "#units.used", "#units.left", "units.expires"].map(|key| label(ask, key));
        let mut table =
            Table::new(ask.with("units.caption", &[("unit", &unit)]), &labels.each_ref().map(String::as_str));
        for lot in &one.lots {
            let expires = match lot.expires.as_deref().and_then(|text| farthing_core::time::Instant::parse(text).ok()) {
                Some(at) => ask.moment(at)?,
                None => Cell::text(ask.say("credits.no_end")),
            };
            table.row(vec![
                Cell::text(lot.name.clone()),
                Cell::number(lot.size.clone()),
                Cell::number(lot.used.clone()),
                Cell::number(lot.left.clone()),
                expires,
            ]);
        }
        let left = ask.with("units.left_now", &[("count", &one.left.to_string()), ("unit", &unit)]);
        page = page.section(Section::new(ask.say("units.title"), vec![Block::Text(left), Block::Table(table)]));
    }
    Ok(page)
}

fn credits(ask: &Ask, lots: &[LotRow], left: i64) -> Result<Table, PageError> {
    let labels = ["credits.name", "credits.for", "credits.expires", "#credits.given", "#credits.used", "#credits.left"]
        .map(|key| label(ask, key));
    let caption = ask.with("credits.caption", &[("count", &lots.len().to_string()), ("code", ask.currency())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("credits.empty"));
    for lot in lots {
        let products: Vec<String> = lot.products.iter().map(|name| ask.product(name.as_str())).collect();
        let scope =
            if products.is_empty() { ask.say("credits.anything").to_owned() } else { ask.language.list(&products) };
        let over = lot.lapsed || lot.expires.is_some_and(|end| end <= ask.now);
        let expires = match lot.expires {
            Some(at) => ask.moment(at)?.note(if over { ask.say("credits.over") } else { "" }),
            None => Cell::text(ask.say("credits.no_end")),
        };
        let left = if over { 0 } else { lot.balance };
        table.row(vec![
            Cell::text(lot.name.clone()).note(lot.reason.clone()),
            Cell::text(scope),
            expires,
            ask.bare(lot.amount)?,
            ask.bare(lot.amount.saturating_sub(lot.balance))?,
            ask.bare(left)?,
        ]);
    }
    let empty = || Cell::text("");
    Ok(table.total(vec![Cell::text(ask.say("total")), empty(), empty(), empty(), empty(), ask.bare(left)?]))
}

fn coupons(ask: &Ask) -> Result<Table, PageError> {
    let redeemed = found(ask.engine().redemptions(ask.id(), ask.account()), ask)?;
    let labels =
        ["coupon.which", "coupon.when", "coupon.state", "coupon.left", "#coupon.used"].map(|key| label(ask, key));
    let caption = ask.with("coupon.caption", &[("count", &redeemed.len().to_string()), ("code", ask.currency())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("coupon.empty"));
    for one in &redeemed {
        let left = one
            .left
            .map_or_else(|| ask.say("coupon.for_all").to_owned(), |left| ask.language.count("coupon.uses", left));
        table.row(vec![
            Cell::text(one.code.clone()).note(one.coupon.clone()),
            ask.day(one.at)?,
            Cell::text(ask.language.word("coupon.states", &one.state)),
            Cell::text(left),
            ask.bare(one.used)?,
        ]);
    }
    Ok(table)
}

pub(super) fn redeem(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::Pay)?;
    let missing = || Stop::Field { field: "code", what: ask.say("coupon.missing").to_owned() };
    let code = ask.was_entered("code").ok_or_else(missing)?;
    match ask.doing().redeem_coupon(ask.id(), ask.account(), code) {
        Ok(_) => Ok(Done::at(ask, "/credits", "coupon")),
        Err(refused) if refused.code().is_some() => Err(Stop::Field { field: "code", what: ask.refused(&refused) }),
        Err(refused) => Err(Stop::Refused(refused)),
    }
}

//! Balance: what there is, and each change of it by its source: cash, each credit, each pack of units, what is held (R22); money back (R61).

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use super::overview::balance_chart;
use crate::block::{Block, Cell, Field, Form, Item, Link, Notice, Section, Table};
use crate::frame::{PageError, segment};
use crate::words::figure::Notation;
use farthing_core::access::Deed;
use farthing_core::ledger::{Chart, Commodity, TransferId};
use farthing_engine::NewRefund;
use farthing_store::AccountRow;

const LINES: usize = 50;
const HOLDS_MAX: i64 = 100;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let standing = found(ask.engine().account_standing(ask.id(), ask.account(), ask.now), ask)?;
    let view = standing.view.as_ref();
    let sentence = match view {
        Some(view) => ask.with(
            "balance.sentence",
            &[("amount", &ask.money(view.figures.balance)?), ("available", &ask.money(view.available)?)],
        ),
        None => ask.say("standing.parked").to_owned(),
    };
    let mut items = Vec::new();
    if let Some(view) = view {
        let all = [
            ("figure.cash", view.figures.cash),
            ("figure.credit", view.figures.credit),
            ("figure.debt", view.figures.debt),
            ("figure.accrued", view.figures.accrued_prepaid),
            ("figure.held", view.held),
            ("figure.available", view.available),
        ];
        for (key, units) in all {
            items.push(Item::new(ask.say(key), ask.amount(units)?));
        }
    }
    let mut links = Vec::new();
    if ask.may(Deed::Pay) {
        links.push(Link::new(ask.at("/balance/top-up"), ask.say("action.top_up")).strong());
    }
    if ask.may(Deed::AskRefund) && ask.cloud.profile.policy.refund.unconsumed_cash {
        links.push(ask.link("/balance/refund", "balance.refund"));
    }
    let mut page = Page::new(ask, "nav.balance", sentence)
        .section(Section::plain(vec![Block::Figures(items), Block::Links(links)]));
    if let Some(chart) = balance_chart(ask, &standing)? {
        page = page.section(Section::plain(vec![chart]));
    }
    page = page.section(history(ask)?);
    if ask.may(Deed::SeePapers) {
        page = page.section(payments(ask)?);
    }
    Ok(page)
}

/// What of the ledger's accounts a customer knows: the word of it, and whether it is theirs to look at.
fn source_words(ask: &Ask, code: &str) -> Option<String> {
    Some(match Chart::parse(code)? {
        Chart::Cash => ask.say("source.cash").to_owned(),
        Chart::Credit(name) => ask.with("source.credit", &[("name", &name)]),
        Chart::Units(name) => ask.with("source.units", &[("name", &name)]),
        Chart::ReceivableDebt => ask.say("source.debt").to_owned(),
        Chart::ReceivableNext => ask.say("source.rolled").to_owned(),
        Chart::Unbilled => ask.say("source.unbilled").to_owned(),
        _ => return None,
    })
}

fn history(ask: &Ask) -> Result<Section, PageError> {
    ask.engine().store().read("console_history", |tx| {
        let Some(owner) = tx.owner_by_name(ask.id(), ask.account())?.filter(|owner| !owner.books) else {
            return Ok(Section::default());
        };
        let accounts: Vec<AccountRow> =
            tx.accounts_of(owner.id)?.into_iter().filter(|row| source_words(ask, &row.code).is_some()).collect();
        let wanted = ask.asked("source").unwrap_or("cash");
        let commodities = tx.commodities()?;
        let notation = |row: &AccountRow| {
            let found: Option<&Commodity> = commodities.iter().find(|found| found.id == row.account.commodity);
            found.map_or_else(|| ask.notation.clone(), |found| Notation::of(found, ask.language.locale()))
        };
        let mut links: Vec<Link> = accounts
            .iter()
            .map(|row| {
                let address = ask.at(&format!("/balance?source={}#history", segment(&row.code)));
                Link::new(address, source_words(ask, &row.code).unwrap_or_default()).here(row.code == wanted)
            })
            .collect();
        links.push(Link::new(ask.at("/balance?source=holds#history"), ask.say("source.holds")).here(wanted == "holds"));
        let mut blocks = vec![Block::Switch { label: ask.say("balance.source").to_owned(), links }];
        if wanted == "holds" {
            let holds = tx.holds_open(owner.id, HOLDS_MAX)?;
            let labels = ["holds.id", "#holds.asked", "#holds.captured", "#holds.reserved", "holds.until"]
                .map(|key| label(ask, key));
            let mut table = Table::new(
                ask.with("holds.caption", &[("code", ask.currency())]),
                &labels.each_ref().map(String::as_str),
            )
            .when_empty(ask.say("holds.empty"));
            for hold in holds {
                let reserved = Cell::amount(ask.notation.bare(hold.reserved())?);
                table.row(vec![
                    Cell::text(hold.id.to_string()),
                    ask.bare(hold.amount)?,
                    ask.bare(hold.captured)?,
                    reserved,
                    ask.moment(hold.expires_at)?,
                ]);
            }
            blocks.push(Block::Table(table));
        } else {
            let chosen = accounts.iter().find(|row| row.code == wanted);
            let labels =
                ["history.when", "history.what", "#history.change", "#history.after"].map(|key| label(ask, key));
            let unit = chosen.map_or_else(|| ask.currency().to_owned(), |row| notation(row).label().to_owned());
            let name = source_words(ask, wanted).unwrap_or_default();
            let caption = ask.with("history.caption", &[("source", &name), ("code", &unit)]);
            let mut table =
                Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("history.empty"));
            if let Some(row) = chosen {
                let notation = notation(row);
                let own = |tx: &mut farthing_store::Tx<'_>, text: &str| -> Result<Option<TransferId>, PageError> {
                    let Some(id) = TransferId::parse(text) else { return Ok(None) };
                    let entry = tx.transfer(id)?;
                    let account = row.account.id;
                    Ok(entry.filter(|entry| entry.debit == account || entry.credit == account).map(|entry| entry.id))
                };
                let before = match ask.asked("before") {
                    Some(text) => own(tx, text)?,
                    None => None,
                };
                let mut lines = tx.account_history(row.account.id, before, LINES + 1)?;
                let more = lines.len() > LINES;
                lines.truncate(LINES);
                for line in &lines {
                    table.row(vec![
                        ask.moment(line.entry.id.recorded())?,
                        Cell::text(ask.language.word("transfer", line.entry.kind.name())),
                        Cell::amount(notation.change(i128::from(line.change))?),
                        Cell::amount(notation.bare(i128::from(line.balance_after))?),
                    ]);
                }
                if more && let Some(last) = lines.last() {
                    let address =
                        ask.at(&format!("/balance?source={}&before={}#history", segment(wanted), last.entry.id));
                    table.links.push(Link::new(address, ask.say("older")));
                }
            }
            blocks.push(Block::Table(table));
        }
        Ok::<_, PageError>(Section::at("history", ask.say("history.title"), blocks))
    })
}

/// What came in and went back by payment providers and the bank.
fn payments(ask: &Ask) -> Result<Section, PageError> {
    let payments = found(ask.engine().payments(ask.id(), Some(ask.account()), None, None, 25), ask)?;
    let refunds = found(ask.engine().refunds(ask.id(), Some(ask.account()), None, None, 25), ask)?;
    let labels =
        ["payments.when", "payments.by", "payments.state", "#payments.net", "#payments.tax"].map(|key| label(ask, key));
    let mut table =
        Table::new(ask.with("payments.caption", &[("code", ask.currency())]), &labels.each_ref().map(String::as_str))
            .when_empty(ask.say("payments.empty"));
    for payment in &payments {
        let mut when = ask.moment(farthing_core::time::Instant::from_micros(payment.created))?;
        when.instant.clear();
        let why = if payment.failure_text.is_empty() { String::new() } else { payment.failure_text.clone() };
        table.row(vec![
            when.to(ask.at(&format!("/balance/payments/{}", payment.id))),
            Cell::text(ask.language.word("channel", &payment.channel)),
            Cell::text(ask.language.word("payment.state", &payment.state))
                .class(super::top_up::state_class(&payment.state))
                .note(why),
            ask.bare(payment.net)?,
            ask.bare(payment.tax)?,
        ]);
    }
    let mut blocks = vec![Block::Table(table)];
    if !refunds.is_empty() {
        let labels = ["payments.when", "refund.reason", "payments.state", "#payments.net"].map(|key| label(ask, key));
        let mut table =
            Table::new(ask.with("refund.caption", &[("code", ask.currency())]), &labels.each_ref().map(String::as_str));
        for refund in &refunds {
            table.row(vec![
                ask.moment(farthing_core::time::Instant::from_micros(refund.asked))?,
                Cell::text(refund.reason.clone()),
                Cell::text(ask.language.word("refund.state", &refund.state)).note(refund.note.clone()),
                ask.bare(refund.amount)?,
            ]);
        }
        blocks.push(Block::Table(table));
    }
    Ok(Section::new(ask.say("payments.title"), blocks))
}

pub(super) fn refund_page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(Deed::AskRefund)?;
    if !ask.cloud.profile.policy.refund.unconsumed_cash {
        return Err(PageError::NotFound(ask.say("error.no_page").to_owned()));
    }
    let most = found(ask.engine().refundable(ask.id(), ask.account()), ask)?;
    let amount = ask.money(most.units())?;
    let sentence = ask.with("refund.sentence", &[("amount", &amount)]);
    let page = Page::below(ask, "nav.balance", "/balance", ask.say("balance.refund").to_owned(), sentence);
    if most.units() <= 0 {
        return Ok(
            page.section(Section::plain(vec![Block::Notices(vec![Notice::new("warn", ask.say("refund.nothing"))])]))
        );
    }
    let form = Form::post(ask.at("/balance/refund"), &ask.visitor.csrf, ask.say("refund.button"))
        .hidden("once", ask.once())
        .fields([
            Field::amount("amount", ask.say("refund.amount"), ask.currency()).value(most.plain()),
            Field::of("reason", ask.say("refund.reason"), "area"),
        ])
        .effect([ask.say("refund.effect").to_owned(), ask.say("refund.gifts").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered);
    Ok(page.section(Section::plain(vec![Block::Form(form)])))
}

pub(super) fn refund(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::AskRefund)?;
    let wanted = NewRefund {
        account: ask.account().to_owned(),
        amount: Some(ask.entered_amount("amount")?),
        reason: ask.was_entered("reason").unwrap_or_default().to_owned(),
        reference: None,
        by_operator: false,
    };
    ask.doing().refund(ask.id(), &wanted).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/balance", "refund_asked"))
}

//! Money of the bank that nobody knows: whose it may be, and deciding whose it is.

use crate::block::{Block, Cell, Choice, Fact, Field, Section, Table};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Done, Page, Stop, found};
use crate::operator::waiting::ruled;
use crate::words::ledger as words;
use farthing_core::access::OperatorDeed;
use farthing_core::bank::BankRowId;
use farthing_core::payment::BillId;
use farthing_core::time::CivilDate;
use farthing_engine::{BankRowFacts, RowDecision};

pub(super) fn blocks(ask: &Ask, movements: &[BankRowFacts]) -> Result<Vec<Block>, PageError> {
    let columns = ["bank.booked", "bank.from", "bank.text", "bank.why", "bank.may_be", "#bank.amount"];
    let caption = ask.with("bank.caption", &[("count", &movements.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "bank.empty");
    for row in movements {
        let first = row.suggestions.first();
        let may_be = match first {
            Some(one) => Cell::link(ask.account_at(&one.account, ""), one.account.clone()).note(one.why.clone()),
            None => Cell::text(ask.say("bank.nobody")).class("muted"),
        };
        table.row(vec![
            Cell::link(ask.at(&format!("/queues/bank/{}", row.id)), row.booked.clone()),
            Cell::text(if row.name.is_empty() { row.iban.clone() } else { row.name.clone() }),
            Cell::text(row.text.replace('\n', " ")),
            Cell::text(row.why.clone()),
            may_be,
            ask.bare(row.amount)?,
        ]);
    }
    let mut blocks = vec![Block::Table(table)];
    if ask.may(OperatorDeed::MatchBank) && ask.cloud.profile.policy.bank.is_some() {
        blocks.push(Block::Links(vec![ask.link("/queues/statements", "statement.link")]));
    }
    let (orders, sum) = ask.engine().bank_orders_waiting(ask.id())?;
    if orders > 0 {
        let (orders, sum) = (ask.language.count("bank.orders", orders), ask.money(sum)?);
        blocks.push(Block::Text(ask.with("bank.orders_wait", &[("orders", &orders), ("amount", &sum)])));
    }
    Ok(blocks)
}

/// What providers and the bank do not agree about, and since when, a row for each side of an account; none: nothing is compared.
pub(in crate::operator) fn differences(ask: &Ask) -> Result<Option<Table>, PageError> {
    let accounts = ruled(ask.engine().reconcile(ask.id()))?.unwrap_or_default();
    if accounts.is_empty() {
        return Ok(None);
    }
    let columns = ["bank.account", "bank.is", "bank.day", "bank.age", "#bank.amount"];
    let caption = ask.with("bank.differences", &[("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "bank.agrees");
    for account in accounts.iter().filter(|account| account.open != 0) {
        let kind = match account.account.as_str() {
            "suspense" => "suspense",
            "provider/bank" => "bank",
            _ => "provider",
        };
        let (more, less): (Vec<_>, Vec<_>) = account.differences.iter().partition(|one| one.amount > 0);
        for (side, differences) in [("more", more), ("less", less)] {
            let Some(oldest) = differences.iter().max_by_key(|one| one.days_old) else { continue };
            let open = differences.iter().fold(0_i64, |sum, one| sum.saturating_add(one.amount));
            table.row(vec![
                Cell::text(words::account(ask.language, &account.account)),
                Cell::text(ask.language.word("bank.open", &format!("{kind}_{side}"))),
                Cell::text(day(ask, &oldest.day)).note(ask.count("bank.days", differences.len())),
                Cell::text(ask.language.count("length.days", oldest.days_old)),
                ask.bare(open)?,
            ]);
        }
    }
    Ok(Some(table))
}

fn named(ask: &Ask) -> Result<(BankRowId, BankRowFacts), PageError> {
    let id = BankRowId::parse(ask.name("movement")).map_err(|_| ask.nowhere())?;
    Ok((id, found(ask.engine().bank_row(ask.id(), id), ask)?))
}

pub(in crate::operator) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SeeMoney)?;
    let (id, row) = named(ask)?;
    let amount = ask.money(row.amount)?;
    let from = if row.name.is_empty() { row.iban.clone() } else { row.name.clone() };
    let state = ask.language.word("bank.state", &row.state);
    let sentence =
        ask.with("bank.sentence", &[("amount", &amount), ("from", &from), ("date", &row.booked), ("state", &state)]);
    let mut facts = vec![
        Fact::new(ask.say("bank.text"), Cell::text(row.text.replace('\n', " "))),
        Fact::new(ask.say("bank.from"), Cell::text(row.name.clone()).note(row.iban.clone())),
        Fact::new(ask.say("bank.why"), Cell::text(row.why.clone())),
        Fact::new(ask.say("bank.id"), Cell::text(row.id.clone()).note(row.reference.clone())),
    ];
    if !row.account.is_empty() {
        let account = Cell::link(ask.account_at(&row.account, ""), row.account.clone()).note(row.who.clone());
        facts.push(Fact::new(ask.say("bank.matched"), account));
    }
    let title = ask.say("bank.movement").to_owned();
    let mut page =
        Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if row.state == "waiting" && ask.may(OperatorDeed::MatchBank) {
        page = page.section(Section::at("decide", ask.say("queues.decide_title"), decision(ask, id, &row)?));
    }
    Ok(page)
}

fn decision(ask: &Ask, id: BankRowId, row: &BankRowFacts) -> Result<Vec<Block>, PageError> {
    let mut choices = Vec::new();
    for (place, one) in row.suggestions.iter().enumerate() {
        let bills = ask.language.list(&one.bills);
        let words = if one.bills.is_empty() {
            ask.with("bank.to_account", &[("account", &one.account), ("why", &one.why)])
        } else {
            ask.with("bank.to_bills", &[("account", &one.account), ("why", &one.why), ("bills", &bills)])
        };
        choices.push(Choice::new(format!("suggestion:{place}"), words, place == 0));
    }
    choices.push(Choice::new("account", ask.say("bank.to_other"), row.suggestions.is_empty()));
    choices.push(Choice::new("send_back", ask.say("bank.send_back"), false));
    choices.push(Choice::new("set_aside", ask.say("bank.set_aside"), false));
    choices.push(Choice::new("look_again", ask.say("bank.look_again"), false));
    let amount = ask.money(row.amount)?;
    let form = ask
        .form(ask.at(&format!("/queues/bank/{id}")), ask.say("queues.decide"))
        .fields([
            Field::radio("becomes", ask.say("bank.becomes"), choices),
            Field::text("account", ask.say("bank.other_account")).help(ask.say("bank.other_account_help")),
            Field::text("bills", ask.say("bank.bills")).help(ask.say("bank.bills_help")),
            ask.reason_field(),
        ])
        .effect([ask.with("bank.effect", &[("amount", &amount)])])
        .again(ask.trouble.as_ref(), &ask.entered);
    Ok(vec![Block::Form(form)])
}

pub(in crate::operator) fn decide(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::MatchBank)?;
    let (id, row) = named(ask)?;
    let note = ask.must_enter("reason")?;
    let becomes = match ask.was_entered("becomes") {
        Some("send_back") => RowDecision::SendBack,
        Some("set_aside") => RowDecision::SetAside,
        Some("look_again") => RowDecision::LookAgain,
        Some("account") => {
            let account = ask.must_enter("account")?;
            let account = found(ask.engine().account_facts(ask.id(), &account), ask).map_err(|_| Stop::Field {
                field: "account",
                what: ask.with("bank.no_account", &[("name", &account)]),
            })?;
            let numbers: Vec<String> =
                ask.was_entered("bills").unwrap_or_default().split([',', ' ']).map(str::to_owned).collect();
            RowDecision::Account { bills: bills(ask, &numbers)?, account: account.name }
        }
        Some(other) => {
            let place = other.strip_prefix("suggestion:").and_then(|place| place.parse::<usize>().ok());
            let one = place.and_then(|place| row.suggestions.get(place));
            let one = one.ok_or_else(|| Stop::Field { field: "becomes", what: ask.say("error.choose").to_owned() })?;
            RowDecision::Account { account: one.account.clone(), bills: bills(ask, &one.bills)? }
        }
        None => return Err(Stop::Field { field: "becomes", what: ask.say("error.choose").to_owned() }),
    };
    ask.doing().decide_bank_row(ask.id(), id, &becomes, &note).map_err(Stop::Refused)?;
    Ok(Done::here(ask, &format!("/queues/bank/{id}"), "movement"))
}

/// Bills by their numbers.
fn bills(ask: &Ask, numbers: &[String]) -> Result<Vec<BillId>, Stop> {
    let named = numbers.iter().map(|number| number.trim()).filter(|number| !number.is_empty());
    named
        .map(|number| {
            let wrong = || Stop::Field { field: "bills", what: ask.with("bank.no_bill", &[("number", number)]) };
            let bill = found(ask.engine().bill_by_number(ask.id(), number), ask).map_err(|_| wrong())?;
            BillId::parse(&bill.id).map_err(|_| wrong())
        })
        .collect()
}

/// A day of a statement as days are written here.
fn day(ask: &Ask, text: &str) -> String {
    CivilDate::parse(text).map_or_else(|_| text.to_owned(), |day| ask.language.short_date(day))
}

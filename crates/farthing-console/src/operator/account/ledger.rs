//! An account's own ledger accounts, what is held, and every movement of one of them, the newest first.

use super::tabs;
use crate::block::{Block, Cell, Link, Section, Table};
use crate::frame::PageError;
use crate::operator::accounts::pair;
use crate::operator::ask::{Ask, Page, found};
use crate::words::figure::Notation;
use crate::words::ledger as words;
use farthing_core::access::OperatorDeed;
use farthing_core::ledger::{AccountId, Chart, Commodity, CommodityId, Hold, TransferId};
use farthing_store::{AccountName, AccountRow, HistoryLine, Tx};
use std::collections::BTreeMap;

const LINES: usize = 50;
const HOLDS_MAX: i64 = 50;

/// What the ledger says, out of one snapshot.
struct Read {
    commodities: Vec<Commodity>,
    accounts: Vec<AccountRow>,
    /// Whose history is shown; none: there is no account yet.
    chosen: Option<AccountRow>,
    lines: Vec<HistoryLine>,
    others: BTreeMap<AccountId, AccountName>,
    holds: Vec<Hold>,
}

pub(in crate::operator) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SeeMoney)?;
    let facts = found(ask.engine().account_facts(ask.id(), ask.name("customer")), ask)?;
    let name = facts.name.as_str();
    let read = ask.engine().store().read("console_ledger", |tx| Read::of(tx, ask, name))?;
    let chosen = read.chosen.as_ref().map(|row| words::account(ask.language, &row.code)).unwrap_or_default();
    let sentence = match &read.chosen {
        Some(row) => {
            let balance = read.notation(ask, row.account.commodity).full(i128::from(row.account.balance()))?.text;
            ask.with("ledger_page.sentence", &[("account", &chosen), ("balance", &balance)])
        }
        None => ask.say("ledger_page.nothing").to_owned(),
    };
    let mut page = Page::under(ask, "ops.accounts", "/accounts", ask.say("account.ledger").to_owned(), sentence);
    page.above.push(Link::new(ask.account_at(name, ""), name.to_owned()));
    let mut blocks = vec![tabs(ask, name, "/ledger"), Block::Table(read.accounts_table(ask, name)?)];
    if !read.holds.is_empty() {
        blocks.push(Block::Table(read.holds_table(ask)?));
    }
    page = page.section(Section::plain(blocks));
    Ok(page.section(Section::at("history", ask.say("history.title"), vec![Block::Table(read.history(ask, name)?)])))
}

impl Read {
    fn of(tx: &mut Tx<'_>, ask: &Ask, name: &str) -> Result<Read, PageError> {
        let owner = tx.owner_by_name(ask.id(), name)?.filter(|owner| !owner.books).ok_or_else(|| ask.nowhere())?;
        let accounts = tx.accounts_of(owner.id)?;
        let chosen = match ask.asked("account") {
            Some(code) => Some(accounts.iter().find(|row| row.code == code).ok_or_else(|| ask.nowhere())?.clone()),
            None => moved_last(&accounts).cloned(),
        };
        let before = match (ask.asked("before"), &chosen) {
            (Some(text), Some(chosen)) => Some(cursor(tx, ask, text, chosen.account.id)?),
            _ => None,
        };
        let lines = match &chosen {
            Some(chosen) => tx.account_history(chosen.account.id, before, LINES + 1)?,
            None => Vec::new(),
        };
        let others = tx.account_names(&lines.iter().map(|line| line.other).collect::<Vec<_>>())?;
        let holds = tx.holds_open(owner.id, HOLDS_MAX)?;
        Ok(Read { commodities: tx.commodities()?, accounts, chosen, lines, others, holds })
    }

    fn notation(&self, ask: &Ask, commodity: CommodityId) -> Notation {
        let found = self.commodities.iter().find(|found| found.id == commodity);
        found.map_or_else(|| ask.notation.clone(), |found| Notation::of(found, ask.language.locale()))
    }

    fn accounts_table(&self, ask: &Ask, name: &str) -> Result<Table, PageError> {
        let columns = ["ledger_page.account", "#history.after", "#figure.held", "ledger_page.in", "ledger_page.last"];
        let caption = ask.with("ledger_page.accounts", &[("count", &self.accounts.len().to_string())]);
        let mut table = ask.table(caption, &columns, "ledger_page.nothing");
        for row in &self.accounts {
            let notation = self.notation(ask, row.account.commodity);
            let address = ask.account_at(name, &format!("/ledger?{}#history", pair("account", &row.code)));
            let last = match row.account.newest {
                Some(newest) => ask.moment(newest.recorded())?,
                None => Cell::text(""),
            };
            table.row(vec![
                Cell::link(address, words::account(ask.language, &row.code)).note(row.code.clone()),
                Cell::amount(notation.bare(i128::from(row.account.balance()))?),
                Cell::amount(notation.bare(i128::from(row.account.held))?),
                Cell::text(notation.label()),
                last,
            ]);
        }
        Ok(table)
    }

    fn holds_table(&self, ask: &Ask) -> Result<Table, PageError> {
        let columns = ["holds.id", "#holds.asked", "#holds.captured", "#holds.reserved", "holds.until"];
        let caption = ask.with("holds.caption", &[("code", ask.currency())]);
        let mut table = ask.table(caption, &columns, "holds.empty");
        for hold in &self.holds {
            let account = hold.parts.first().and_then(|part| {
                self.accounts.iter().find(|row| row.account.id == part.account).map(|row| row.account.commodity)
            });
            let notation = account.map_or_else(|| ask.notation.clone(), |of| self.notation(ask, of));
            let over = if hold.expires_at <= ask.now { ask.say("ledger_page.hold_over") } else { "" };
            table.row(vec![
                Cell::text(hold.id.to_string()),
                Cell::amount(notation.bare(i128::from(hold.amount))?),
                Cell::amount(notation.bare(i128::from(hold.captured))?),
                Cell::amount(notation.bare(hold.reserved())?),
                ask.moment(hold.expires_at)?.note(over),
            ]);
        }
        Ok(table)
    }

    fn history(&self, ask: &Ask, name: &str) -> Result<Table, PageError> {
        let columns = ["history.when", "history.what", "ledger_page.other", "#history.change", "#history.after"];
        let Some(chosen) = &self.chosen else {
            return Ok(ask.table(ask.say("history.title"), &columns, "history.empty"));
        };
        let notation = self.notation(ask, chosen.account.commodity);
        let account = words::account(ask.language, &chosen.code);
        let caption = ask.with("history.caption", &[("source", &account), ("code", notation.label())]);
        let mut table = ask.table(caption, &columns, "history.empty");
        let shown = self.lines.get(..LINES).unwrap_or(&self.lines);
        for line in shown {
            let other = self.others.get(&line.other).map_or("", |name| name.code.as_str());
            let kind = ask.language.word("transfer", line.entry.kind.name());
            table.row(vec![
                ask.moment(line.entry.id.recorded())?,
                Cell::link(ask.at(&format!("/transfers/{}", line.entry.id)), kind),
                Cell::text(words::account(ask.language, other)),
                Cell::amount(notation.change(i128::from(line.change))?),
                Cell::amount(notation.bare(i128::from(line.balance_after))?),
            ]);
        }
        let at = ask.account_at(name, &format!("/ledger?{}", pair("account", &chosen.code)));
        if let Some(last) = shown.last().filter(|_| self.lines.len() > LINES) {
            let address = format!("{at}&before={}#history", last.entry.id);
            table.links.push(Link::new(address, ask.say("older")));
        }
        if ask.asked("before").is_some() {
            table.links.push(Link::new(format!("{at}#history"), ask.say("timeline.newest")));
        }
        Ok(table)
    }
}

/// What is shown unless another is chosen: of what counts as balance, the account that moved last.
fn moved_last(accounts: &[AccountRow]) -> Option<&AccountRow> {
    use Chart::{Cash, Credit, Receivable, ReceivableDebt, ReceivableNext};
    let counts = |code: &str| {
        matches!(Chart::parse(code), Some(Cash | Credit(_) | Receivable(_) | ReceivableNext | ReceivableDebt))
    };
    let balance = || accounts.iter().filter(|row| counts(&row.code));
    let moved = balance().filter(|row| row.account.newest.is_some()).max_by_key(|row| row.account.newest);
    moved.or_else(|| balance().next())
}

/// The transfer a page begins after: one of this account's, or there is no such page.
fn cursor(tx: &mut Tx<'_>, ask: &Ask, text: &str, account: AccountId) -> Result<TransferId, PageError> {
    let id = TransferId::parse(text).ok_or_else(|| ask.nowhere())?;
    let entry = tx.transfer(id)?.ok_or_else(|| ask.nowhere())?;
    if entry.debit == account || entry.credit == account { Ok(id) } else { Err(ask.nowhere()) }
}

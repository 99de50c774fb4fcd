//! One transfer with all that is recorded of it, and what it is linked with. Of this cloud, or it is not there.

use super::ask::{Ask, Page};
use crate::block::{Block, Cell, Fact, Section};
use crate::frame::PageError;
use crate::words::figure::Notation;
use crate::words::ledger as words;
use farthing_core::access::OperatorDeed;
use farthing_core::ledger::{AccountId, Commodity, Entry, Flags, TransferId};
use farthing_store::{AccountName, Tx};
use std::collections::BTreeMap;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::SeeMoney)?;
    let id = TransferId::parse(ask.name("transfer")).ok_or_else(|| ask.nowhere())?;
    ask.engine().store().read("console_transfer", |tx| transfer_page(tx, ask, id))
}

fn transfer_page(tx: &mut Tx<'_>, ask: &Ask, id: TransferId) -> Result<Page, PageError> {
    let entry = tx.transfer(id)?.ok_or_else(|| ask.nowhere())?;
    let set = match entry.linked {
        Some(first) => tx.transfers_linked(first)?,
        None => Vec::new(),
    };
    let reversed_by = tx.transfer_reversing(id)?;
    let accounts: Vec<AccountId> = set.iter().chain([&entry]).flat_map(|entry| [entry.debit, entry.credit]).collect();
    let sight = Sight { ask, names: tx.account_names(&accounts)?, commodities: tx.commodities()? };
    if sight.name(entry.debit)?.owner.cloud != ask.id() {
        return Err(ask.nowhere());
    }
    let notation = sight.notation(&entry)?;
    let amount = notation.exact(i128::from(entry.amount))?;
    let kind = ask.language.word("transfer", entry.kind.name());
    let (from, to) = (sight.account(entry.debit)?, sight.account(entry.credit)?);
    let sentence =
        ask.with("transfer_page.sentence", &[("kind", &kind), ("amount", &amount), ("from", &from), ("to", &to)]);
    let mut facts = vec![
        Fact::new(ask.say("transfer_page.id"), Cell::text(id.to_string())),
        Fact::new(ask.say("transfer_page.kind"), Cell::text(kind.clone()).note(entry.kind.name())),
        Fact::new(ask.say("transfer_page.amount"), Cell::text(amount)),
        sight.side("transfer_page.from", entry.debit, entry.debit_after, entry.debit_previous, &notation)?,
        sight.side("transfer_page.to", entry.credit, entry.credit_after, entry.credit_previous, &notation)?,
        Fact::new(ask.say("transfer_page.recorded"), ask.moment(id.recorded())?),
        Fact::new(ask.say("transfer_page.effective"), ask.moment(entry.effective)?),
    ];
    let mode = if entry.flags.has(Flags::ASKED) { "transfer_page.asked" } else { "transfer_page.reported" };
    facts.push(Fact::new(ask.say("transfer_page.mode"), Cell::text(ask.language.find(mode).unwrap_or(mode))));
    let flags: Vec<Cell> =
        words::flags(ask.language, entry.flags).into_iter().map(|flag| Cell::text(flag).class("warn")).collect();
    if !flags.is_empty() {
        facts.push(Fact::many(ask.say("transfer_page.flags"), flags));
    }
    if let Some(cause) = entry.cause {
        facts.push(Fact::new(ask.say("transfer_page.cause"), Cell::text(cause.to_string())));
    }
    let other = |id: TransferId| Cell::link(ask.at(&format!("/transfers/{id}")), id.to_string());
    if let Some(reverses) = entry.reverses {
        facts.push(Fact::new(ask.say("transfer_page.reverses"), other(reverses)));
    }
    if let Some(by) = reversed_by {
        facts.push(Fact::new(ask.say("transfer_page.reversed_by"), other(by)));
    }
    let mut page =
        Page::under(ask, "ops.money", "/money", kind, sentence).section(Section::plain(vec![Block::Facts(facts)]));
    if set.len() > 1 {
        let columns = [
            "transfer_page.id",
            "transfer_page.kind",
            "transfer_page.from",
            "transfer_page.to",
            "#transfer_page.amount",
            "ledger_page.in",
        ];
        let caption = ask.with("transfer_page.set", &[("count", &set.len().to_string())]);
        let mut table = ask.table(caption, &columns, "history.empty");
        for one in &set {
            let notation = sight.notation(one)?;
            let here = if one.id == id { ask.say("transfer_page.this") } else { "" };
            table.row(vec![
                other(one.id).note(here),
                Cell::text(ask.language.word("transfer", one.kind.name())),
                Cell::text(sight.account(one.debit)?),
                Cell::text(sight.account(one.credit)?),
                Cell::amount(notation.bare(i128::from(one.amount))?),
                Cell::text(notation.label()),
            ]);
        }
        page = page.section(Section::new(ask.say("transfer_page.together"), vec![Block::Table(table)]));
    }
    Ok(page)
}

/// What is needed to put entries into words.
struct Sight<'a> {
    ask: &'a Ask,
    names: BTreeMap<AccountId, AccountName>,
    commodities: Vec<Commodity>,
}

impl Sight<'_> {
    fn name(&self, account: AccountId) -> Result<&AccountName, PageError> {
        self.names.get(&account).ok_or_else(|| PageError::Failed(format!("account {} is not there", account.0)))
    }

    fn account(&self, account: AccountId) -> Result<String, PageError> {
        Ok(words::account(self.ask.language, &self.name(account)?.code))
    }

    fn notation(&self, entry: &Entry) -> Result<Notation, PageError> {
        let commodity = self.name(entry.debit)?.commodity;
        let found = self.commodities.iter().find(|found| found.id == commodity);
        let found = found.ok_or_else(|| PageError::Failed(format!("commodity {} is not there", commodity.0)))?;
        Ok(Notation::of(found, self.ask.language.locale()))
    }

    /// Whose account it is, which, what it came to, and the transfer before this one.
    fn side(
        &self,
        key: &'static str,
        account: AccountId,
        after: i64,
        previous: Option<TransferId>,
        notation: &Notation,
    ) -> Result<Fact, PageError> {
        let ask = self.ask;
        let AccountName { owner, code, .. } = self.name(account)?;
        let whose = if owner.books {
            Cell::link(ask.at("/money"), ask.with("transfer_page.own_books", &[("cloud", &ask.cloud.name)]))
        } else {
            Cell::link(ask.account_at(&owner.name, ""), owner.name.clone())
        };
        let after = notation.exact(i128::from(after))?;
        let mut values = vec![
            Cell::text(words::account(ask.language, code)).note(code.clone()),
            whose,
            Cell::text(ask.with("transfer_page.after", &[("amount", &after)])),
        ];
        if let Some(previous) = previous {
            let address = ask.at(&format!("/transfers/{previous}"));
            values.push(Cell::link(address, ask.say("transfer_page.previous")));
        }
        Ok(Fact::many(ask.language.find(key).unwrap_or(key), values))
    }
}

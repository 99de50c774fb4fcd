//! What must hold of a ledger, checked from its rows alone: `farthing verify` is this over a whole store.
//!
//! Rows are pushed in the order the store reads them; nothing is kept of a transfer but what its accounts' chains need, so
//! memory goes with accounts, not with transfers. Findings come in the order of the rows, the first offending one first.

use super::{
    Account, AccountId, CaptureRecord, Commodity, CommodityId, Entry, Flags, Floor, Hold, HoldState, OwnerId,
    TransferId, chain,
};
use crate::id::HoldId;
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// What a wrong row is a row of: each is mended in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audited {
    /// The database itself, below its rows.
    File,
    Ledger,
    /// What accounts were charged, and what it follows from.
    Charges,
    /// The versions of the clouds' configurations.
    Policies,
    /// Usage events as they came in, and their ids.
    Usage,
    /// The audit log.
    Trail,
    /// What the cloud and its customers were told.
    Messages,
    /// Bills, receipts and credit notes, and their numbers.
    Bills,
    /// Movements of the clouds' banks.
    Bank,
    /// Orders, what was agreed for how long, and the money of terms.
    Orders,
    /// Coupons, who redeemed them, and grants that come again.
    Coupons,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub of: Audited,
    /// The table and the row's key: `transfer trf_…`, `ledger_balance 7`.
    pub row: String,
    pub what: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    pub accounts: u64,
    pub transfers: u64,
    pub holds: u64,
    /// Sealed charges, of all accounts.
    pub charges: u64,
    /// Policy versions, of all clouds.
    pub versions: u64,
    /// Usage events kept.
    pub events: u64,
    /// Entries of the clouds' audit logs.
    pub entries: u64,
    /// What was told, as long as it is kept.
    pub messages: u64,
    /// Bills, receipts and credit notes, of all clouds.
    pub bills: u64,
    pub movements: u64,
    /// Of all clouds.
    pub orders: u64,
    /// At most `FINDINGS_MAX`; one wrong row often makes others wrong.
    pub findings: Vec<Finding>,
}

pub const FINDINGS_MAX: usize = 100;

impl AuditReport {
    /// What the auditor of policy versions has read and found.
    pub fn add_versions(&mut self, versions: u64, findings: Vec<Finding>) {
        self.versions = versions;
        self.add(findings);
    }

    /// What the auditor of usage events has read and found.
    pub fn add_usage(&mut self, events: u64, findings: Vec<Finding>) {
        self.events = events;
        self.add(findings);
    }

    /// What was read and found of the audit logs.
    pub fn add_trail(&mut self, entries: u64, findings: Vec<Finding>) {
        self.entries = entries;
        self.add(findings);
    }

    /// What was read and found of what was told.
    pub fn add_messages(&mut self, messages: u64, findings: Vec<Finding>) {
        self.messages = messages;
        self.add(findings);
    }

    /// What was read and found of bills.
    pub fn add_bills(&mut self, bills: u64, findings: Vec<Finding>) {
        self.bills = bills;
        self.add(findings);
    }

    /// What was read and found of the banks.
    pub fn add_bank(&mut self, movements: u64, findings: Vec<Finding>) {
        self.movements = movements;
        self.add(findings);
    }

    /// What orders, agreements and terms say of themselves and of the ledger.
    pub fn add_orders(&mut self, orders: u64, findings: Vec<Finding>) {
        self.orders = orders;
        self.add(findings);
    }

    pub fn add(&mut self, findings: Vec<Finding>) {
        let room = FINDINGS_MAX.saturating_sub(self.findings.len());
        self.findings.extend(findings.into_iter().take(room));
    }

    /// Which parts are wrong, each once.
    pub fn wrong(&self) -> BTreeSet<Audited> {
        self.findings.iter().map(|finding| finding.of).collect()
    }
}

/// One account: what its row says, and what its transfers say so far.
#[derive(Debug)]
struct Watched {
    row: Account,
    debits: i128,
    credits: i128,
    newest: Option<TransferId>,
    head: [u8; 32],
    /// What open holds reserve of it.
    held: i128,
}

/// One side of a transfer whose predecessor in the account's history has not come yet. Ids are given before commits, so
/// of two callers the later id may be booked first.
#[derive(Debug)]
struct Side {
    id: TransferId,
    content: [u8; 32],
    debit: bool,
    amount: i64,
    after: i64,
}

#[derive(Debug, Default)]
pub struct Auditor {
    commodities: BTreeMap<CommodityId, Commodity>,
    owners: BTreeSet<OwnerId>,
    accounts: Vec<Watched>,
    waiting: BTreeMap<(AccountId, Option<TransferId>), Side>,
    /// Transfers that others claim to reverse, and what is known of both so far.
    reversals: BTreeMap<TransferId, Reversal>,
    last: Option<TransferId>,
    report: AuditReport,
}

#[derive(Debug)]
struct Reversal {
    by: TransferId,
    /// (debit, credit, amount) of the reversed one, and of the reversal turned round.
    reversed: Option<(AccountId, AccountId, i64)>,
    reversing: Option<(AccountId, AccountId, i64)>,
}

impl Auditor {
    pub fn commodity(&mut self, commodity: Commodity, seal: i64) {
        if seal != chain::seal_commodity(&commodity) {
            self.find(format!("commodity {}", commodity.id.0), "it is not what was written: its seal does not fit");
        }
        self.commodities.insert(commodity.id, commodity);
    }

    pub fn owner(&mut self, owner: OwnerId, cloud: &str, books: bool, seal: i64) {
        if seal != chain::seal_owner(owner, cloud, books) {
            self.find(format!("ledger_owner {}", owner.0), "it is not what was written: its seal does not fit");
        }
        self.owners.insert(owner);
    }

    /// In order of id.
    pub fn account(&mut self, row: Account, code: &str, opened: Instant, seal: i64) {
        let name = || format!("ledger_account {}", row.id.0);
        if seal != chain::seal_account(&row, code, opened) {
            self.find(name(), "it is not what was written: its seal does not fit");
        }
        if !self.owners.contains(&row.owner) {
            self.find(name(), format!("its owner {} is not there", row.owner.0));
        }
        if !self.commodities.contains_key(&row.commodity) {
            self.find(name(), format!("its commodity {} is not there", row.commodity.0));
        }
        let head = chain::genesis(row.id, row.owner, row.commodity, code);
        self.report.accounts = self.report.accounts.saturating_add(1);
        self.accounts.push(Watched { row, debits: 0, credits: 0, newest: None, head, held: 0 });
    }

    /// Before the transfers: that `by` says it reverses `target`.
    pub fn reversal(&mut self, target: TransferId, by: TransferId) {
        self.reversals.insert(target, Reversal { by, reversed: None, reversing: None });
    }

    /// In order of id.
    pub fn entry(&mut self, entry: &Entry, seal: i64) {
        self.report.transfers = self.report.transfers.saturating_add(1);
        let name = || format!("transfer {} ({})", entry.id.get(), entry.id);
        let content = chain::content(entry);
        if seal != chain::seal(&content) {
            self.find(name(), "it is not what was written: its seal does not fit");
        }
        if entry.amount <= 0 {
            self.find(name(), format!("its amount is {}: every amount is above zero", entry.amount));
        }
        if self.last.replace(entry.id).is_some_and(|last| last >= entry.id) {
            self.find(name(), "its id is not above the one before it");
        }
        let commodity = |id| self.watched(id).map(|watched| watched.row.commodity);
        match (commodity(entry.debit), commodity(entry.credit)) {
            (Some(debit), Some(credit)) if debit != credit => {
                self.find(name(), format!("it moves commodity {} into {}", debit.0, credit.0));
            }
            (Some(_), Some(_)) => {}
            (debit, _) => {
                let missing = if debit.is_none() { entry.debit } else { entry.credit };
                self.find(name(), format!("its account {} is not there", missing.0));
            }
        }
        self.check_floor(entry);
        self.note_reversal(entry);
        let side = |debit, after| Side { id: entry.id, content, debit, amount: entry.amount, after };
        self.apply(entry.debit, entry.debit_previous, side(true, entry.debit_after));
        self.apply(entry.credit, entry.credit_previous, side(false, entry.credit_after));
    }

    fn check_floor(&mut self, entry: &Entry) {
        let Some(floor) = self.watched(entry.debit).map(|watched| watched.row.floor) else { return };
        let passed = entry.flags.has(Flags::FLOOR_PASSED);
        let lowest = match floor {
            Floor::Zero => 0,
            Floor::Minus(floor) if !passed => floor.saturating_neg(),
            Floor::Minus(_) | Floor::Open => return,
        };
        if entry.debit_after < lowest {
            let what = format!(
                "it leaves account {} at {}, below its floor of {lowest}, unflagged",
                entry.debit.0, entry.debit_after
            );
            self.find(format!("transfer {} ({})", entry.id.get(), entry.id), what);
        }
    }

    fn note_reversal(&mut self, entry: &Entry) {
        if let Some(reversal) = self.reversals.get_mut(&entry.id) {
            reversal.reversed = Some((entry.debit, entry.credit, entry.amount));
        }
        if let Some(reversal) = entry.reverses.and_then(|target| self.reversals.get_mut(&target)) {
            reversal.reversing = Some((entry.credit, entry.debit, entry.amount));
        }
    }

    /// Carries an account's fold on by one side, and by those that waited for it.
    fn apply(&mut self, account: AccountId, previous: Option<TransferId>, side: Side) {
        let mut next = Some((previous, side));
        while let Some((previous, side)) = next.take() {
            let Some(watched) = self.watched_mut(account) else { return };
            let id = side.id;
            if watched.newest != previous {
                if self.waiting.insert((account, previous), side).is_some() {
                    let what = format!("another transfer of account {} names the same one before it", account.0);
                    self.find(format!("transfer {} ({id})", id.get()), what);
                }
                return;
            }
            let amount = i128::from(side.amount);
            if side.debit {
                watched.debits = watched.debits.saturating_add(amount);
            } else {
                watched.credits = watched.credits.saturating_add(amount);
            }
            watched.newest = Some(id);
            watched.head = chain::extend(&watched.head, &side.content);
            let balance = watched.credits.saturating_sub(watched.debits);
            if balance != i128::from(side.after) {
                let what = format!("it says account {} came to {}, its history says {balance}", account.0, side.after);
                self.find(format!("transfer {} ({id})", id.get()), what);
            }
            next = self.waiting.remove(&(account, Some(id))).map(|waited| (Some(id), waited));
        }
    }

    /// A hold with its parts.
    pub fn hold(&mut self, hold: &Hold, seal: i64) {
        self.report.holds = self.report.holds.saturating_add(1);
        let name = || format!("hold {}", hold.id);
        if seal != chain::seal_hold(hold) {
            self.find(name(), "it is not what was written: its seal does not fit");
        }
        for part in &hold.parts {
            if part.reserved < 0 || (hold.state != HoldState::Open && part.reserved != 0) {
                self.find(
                    name(),
                    format!("it is {:?} and reserves {} of account {}", hold.state, part.reserved, part.account.0),
                );
            }
            match self.watched_mut(part.account) {
                Some(watched) => watched.held = watched.held.saturating_add(i128::from(part.reserved)),
                None => self.find(name(), format!("its account {} is not there", part.account.0)),
            }
        }
    }

    /// A capture's record, and what its transfers moved to its recipient.
    pub fn capture(&mut self, capture: &CaptureRecord, seal: i64, moved: i128) {
        let name = || format!("hold_capture {} ({})", capture.id.get(), capture.id);
        if seal != chain::seal_capture(capture) {
            self.find(name(), "it is not what was written: its seal does not fit");
        }
        if moved != i128::from(capture.amount) {
            self.find(name(), format!("it captured {}, its transfers moved {moved}", capture.amount));
        }
    }

    /// A hold whose captures do not add up to what it says.
    pub fn captured(&mut self, hold: HoldId, says: i64, captures: i128) {
        if i128::from(says) != captures {
            self.find(format!("hold {hold}"), format!("it says {says} was captured, its captures say {captures}"));
        }
    }

    /// A row that holds what no row of its table can hold, or stands alone.
    pub fn unreadable(&mut self, row: &str, what: &str) {
        self.find(row.to_owned(), what);
    }

    /// What the database itself reports as broken.
    pub fn file(&mut self, what: String) {
        self.find_of(Audited::File, "the database file".to_owned(), what);
    }

    pub fn finish(mut self) -> AuditReport {
        self.finish_waiting();
        self.finish_reversals();
        let mut sums: BTreeMap<CommodityId, i128> = BTreeMap::new();
        for watched in std::mem::take(&mut self.accounts) {
            let balance = watched.credits.saturating_sub(watched.debits);
            let sum = sums.entry(watched.row.commodity).or_default();
            *sum = sum.saturating_add(i128::from(watched.row.credits)).saturating_sub(i128::from(watched.row.debits));
            for what in differences(&watched) {
                self.find(format!("ledger_balance {}", watched.row.id.0), what);
            }
            if watched.row.floor == Floor::Zero && balance < 0 {
                self.find(format!("ledger_balance {}", watched.row.id.0), format!("it is at {balance}, below zero"));
            }
        }
        for (commodity, sum) in sums {
            if sum != 0 {
                self.find(format!("commodity {}", commodity.0), format!("its accounts add up to {sum}, not to zero"));
            }
        }
        self.report
    }

    /// Transfers whose predecessor never came. Those that only wait for another of them follow from it and are left out.
    fn finish_waiting(&mut self) {
        let mut waiting: Vec<(AccountId, Option<TransferId>, TransferId)> = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|((account, previous), side)| (account, previous, side.id))
            .collect();
        waiting.sort_by_key(|(_, _, id)| *id);
        let stuck: BTreeSet<(AccountId, TransferId)> = waiting.iter().map(|(account, _, id)| (*account, *id)).collect();
        let follows =
            |account, previous: &Option<TransferId>| previous.is_some_and(|id| stuck.contains(&(account, id)));
        if waiting.iter().any(|(account, previous, _)| !follows(*account, previous)) {
            waiting.retain(|(account, previous, _)| !follows(*account, previous));
        }
        for (account, previous, id) in waiting {
            let previous = previous.map_or_else(|| "no transfer".to_owned(), |previous| previous.to_string());
            let what = format!(
                "it names {previous} as the one before it in account {}, whose history does not lead there",
                account.0
            );
            self.find(format!("transfer {} ({id})", id.get()), what);
        }
    }

    fn finish_reversals(&mut self) {
        for (target, reversal) in std::mem::take(&mut self.reversals) {
            if reversal.reversed.is_none() || reversal.reversed != reversal.reversing {
                let what = format!("it says it reverses {target}, which is not the same amount the other way");
                self.find(format!("transfer {} ({})", reversal.by.get(), reversal.by), what);
            }
        }
    }

    fn watched(&self, id: AccountId) -> Option<&Watched> {
        let place = self.accounts.binary_search_by_key(&id, |watched| watched.row.id).ok()?;
        self.accounts.get(place)
    }

    fn watched_mut(&mut self, id: AccountId) -> Option<&mut Watched> {
        let place = self.accounts.binary_search_by_key(&id, |watched| watched.row.id).ok()?;
        self.accounts.get_mut(place)
    }

    fn find(&mut self, row: String, what: impl Into<String>) {
        self.find_of(Audited::Ledger, row, what);
    }

    fn find_of(&mut self, of: Audited, row: String, what: impl Into<String>) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { of, row, what: what.into() });
        }
    }
}

/// Where an account's row and its history differ.
fn differences(watched: &Watched) -> Vec<String> {
    let row = &watched.row;
    let mut found = Vec::new();
    let mut compare = |name: &str, says: i128, is: i128| {
        if says != is {
            found.push(format!("{name} is {says}, its history says {is}"));
        }
    };
    compare("debits", i128::from(row.debits), watched.debits);
    compare("credits", i128::from(row.credits), watched.credits);
    compare("held", i128::from(row.held), watched.held);
    let id = |id: Option<TransferId>| i128::from(id.map_or(0, TransferId::get));
    compare("newest", id(row.newest), id(watched.newest));
    if row.head != watched.head {
        found.push("its chain's head is not the hash of its history".to_owned());
    }
    found
}

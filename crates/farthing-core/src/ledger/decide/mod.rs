//! The ledger's one decision: a batch of commands against the books, at `now`.
//!
//! Pure. In goes what the store has read and locked; out come the answers, the entries to append and the changed accounts
//! and holds. What asks is refused beyond the floor; what reports is booked and flagged. Written once for both stores.

mod holds;

use super::{
    Account, AccountId, Books, CaptureRecord, Code, Command, Entry, Flags, Mode, Movement, Outcome, Transfer,
    TransferId,
};
use crate::id::CauseId;
use crate::time::Instant;
use holds::{authorise, expire, expire_due, extend, release};
use std::collections::{BTreeMap, BTreeSet};

/// What a batch came to. The accounts and holds that changed are in the books.
#[derive(Debug, Default)]
pub struct Decided {
    /// One answer per transfer (each of a linked set), authorisation, capture, release and expiry, in order.
    pub outcomes: Vec<Outcome>,
    pub entries: Vec<Entry>,
    pub captures: Vec<CaptureRecord>,
    /// Entries by id while they come out of order; empty while each is newer than the one before.
    strays: BTreeMap<TransferId, usize>,
    by_cause: BTreeMap<CauseId, usize>,
    reversed: BTreeSet<TransferId>,
}

/// Decides the commands in order. First every open hold in the books whose time has come is ended, so that a decision
/// never counts as reserved what no longer is.
pub fn decide(books: &mut Books, commands: &[Command], now: Instant) -> Decided {
    let mut decided = Decided::default();
    decided.outcomes.reserve(commands.len());
    decided.entries.reserve(commands.len());
    expire_due(books, now);
    for command in commands {
        match command {
            Command::Transfer(transfer) => {
                let code = decided.transfer(books, transfer, None);
                decided.outcomes.push(code);
            }
            Command::Linked(set) => decided.linked(books, set),
            Command::Authorise(request) => decided.outcomes.push(authorise(books, request).into()),
            Command::Capture(request) => {
                let outcome = decided.capture(books, request);
                decided.outcomes.push(outcome);
            }
            Command::Release(hold) => decided.outcomes.push(release(books, *hold).into()),
            Command::Extend(hold, until) => decided.outcomes.push(extend(books, *hold, *until).into()),
            Command::Expire(hold) => decided.outcomes.push(expire(books, *hold, now).into()),
        }
    }
    decided
}

impl Decided {
    /// All of a set or none: at the first refusal everything it had moved is put back.
    fn linked(&mut self, books: &mut Books, set: &[Transfer]) {
        let first_entry = self.entries.len();
        let first_outcome = self.outcomes.len();
        let first_id = set.first().map(|transfer| transfer.id);
        let mut undo: Vec<(usize, Account)> = Vec::new();
        let mut refused = None;
        // Answered `exists` because of a member before it: the set names one transfer twice.
        let mut repeats = Vec::new();
        for (place, transfer) in set.iter().enumerate() {
            for id in self.accounts_of(books, transfer) {
                if let Some((place, account)) =
                    books.place(id).and_then(|place| Some((place, books.at(place)?.clone())))
                {
                    undo.push((place, account));
                }
            }
            let outcome = self.transfer(books, transfer, first_id);
            let same =
                |entry: &Entry| entry.id == transfer.id || entry.cause.is_some() && entry.cause == transfer.cause;
            let members = self.entries.get(first_entry..).unwrap_or_default();
            repeats.push(outcome.code == Code::Exists && members.iter().any(same));
            self.outcomes.push(outcome);
            if !outcome.code.stands() {
                refused = Some(place);
                break;
            }
        }
        let booked = self.entries.len().saturating_sub(first_entry);
        // Every member stands from before: the whole set was asked again. Some do and some do not: it is another set.
        let repeated = refused.is_none() && booked == 0;
        if repeated || (refused.is_none() && booked == set.len()) {
            return;
        }
        for entry in self.entries.drain(first_entry..) {
            self.strays.remove(&entry.id);
            entry.cause.map(|cause| self.by_cause.remove(&cause));
            entry.reverses.map(|target| self.reversed.remove(&target));
        }
        for (place, account) in undo.into_iter().rev() {
            if let Some(slot) = books.change(place) {
                *slot = account;
            }
        }
        self.outcomes
            .truncate(first_outcome.saturating_add(refused.map_or(set.len(), |place| place.saturating_add(1))));
        let answered = self.outcomes.iter_mut().skip(first_outcome);
        for ((place, outcome), repeats) in answered.enumerate().zip(repeats) {
            if refused != Some(place) && (outcome.code == Code::Created || repeats) {
                *outcome = Code::LinkedFailed.into();
            }
        }
        self.outcomes.resize(first_outcome.saturating_add(set.len()), Code::LinkedFailed.into());
    }

    fn accounts_of(&self, books: &Books, transfer: &Transfer) -> [AccountId; 2] {
        match transfer.movement {
            Movement::Move { debit, credit, .. } => [debit, credit],
            Movement::Reverse(target) => self
                .entry(target)
                .or_else(|| books.found(target))
                .map_or([AccountId(0), AccountId(0)], |entry| [entry.credit, entry.debit]),
        }
    }

    fn transfer(&mut self, books: &mut Books, transfer: &Transfer, linked: Option<TransferId>) -> Outcome {
        if let Some(entry) = self.recorded(books, transfer) {
            return compare(books, entry, transfer, linked).into();
        }
        let (debit, credit, amount) = match self.resolve(books, transfer) {
            Ok(resolved) => resolved,
            Err(code) => return code.into(),
        };
        let reverses = match transfer.movement {
            Movement::Move { .. } => None,
            Movement::Reverse(target) => Some(target),
        };
        let asked = if transfer.mode == Mode::Asks { Flags::ASKED } else { Flags::NONE };
        self.book(
            books,
            debit,
            credit,
            Entry {
                id: transfer.id,
                cause: transfer.cause,
                kind: transfer.kind,
                flags: asked,
                effective: transfer.effective,
                debit: AccountId(0),
                credit: AccountId(0),
                amount,
                reverses,
                linked,
                debit_after: 0,
                credit_after: 0,
                debit_previous: None,
                credit_previous: None,
            },
        )
    }

    /// The entry that already stands for this request, in this batch or from before.
    fn recorded<'a>(&'a self, books: &'a Books, transfer: &Transfer) -> Option<&'a Entry> {
        let by_id = self.entry(transfer.id).or_else(|| books.found(transfer.id));
        by_id.or_else(|| {
            let cause = transfer.cause?;
            self.by_cause.get(&cause).and_then(|place| self.entries.get(*place)).or_else(|| books.found_by_cause(cause))
        })
    }

    fn entry(&self, id: TransferId) -> Option<&Entry> {
        if self.strays.is_empty() {
            if self.entries.last().is_none_or(|last| last.id < id) {
                return None;
            }
            let place = self.entries.binary_search_by_key(&id, |entry| entry.id).ok()?;
            return self.entries.get(place);
        }
        self.strays.get(&id).and_then(|place| self.entries.get(*place))
    }

    /// The two accounts' places and the amount, once everything that is wrong with the request itself is ruled out.
    fn resolve(&self, books: &Books, transfer: &Transfer) -> Result<(usize, usize, i64), Code> {
        let (debit, credit, amount, commodity) = match transfer.movement {
            Movement::Move { debit, credit, amount, commodity } => (debit, credit, amount, Some(commodity)),
            Movement::Reverse(target) => {
                let entry = self.entry(target).or_else(|| books.found(target)).ok_or(Code::TransferNotFound)?;
                if books.is_reversed(target) || self.reversed.contains(&target) {
                    return Err(Code::AlreadyReversed);
                }
                (entry.credit, entry.debit, entry.amount, None)
            }
        };
        if amount <= 0 {
            return Err(Code::AmountNotPositive);
        }
        if debit == credit {
            return Err(Code::SameAccount);
        }
        let find = |id| {
            let place = books.place(id).ok_or(Code::AccountNotFound)?;
            Ok((place, books.at(place).ok_or(Code::AccountNotFound)?))
        };
        let (debit, debited) = find(debit)?;
        let (credit, credited) = find(credit)?;
        if debited.closed || credited.closed {
            return Err(Code::AccountClosed);
        }
        if debited.commodity != credited.commodity || commodity.is_some_and(|asked| asked != debited.commodity) {
            return Err(Code::CommodityMismatch);
        }
        Ok((debit, credit, amount))
    }

    /// Moves the amount, if the debited account's floor allows it, and appends the entry.
    fn book(&mut self, books: &mut Books, debit: usize, credit: usize, mut entry: Entry) -> Outcome {
        let asks = entry.flags.has(Flags::ASKED);
        let (Some(debited), Some(credited)) = (books.at(debit), books.at(credit)) else {
            return Code::AccountNotFound.into();
        };
        let (Some(debits), Some(credits)) =
            (debited.debits.checked_add(entry.amount), credited.credits.checked_add(entry.amount))
        else {
            return Code::Overflow.into();
        };
        let free_after = debited.free().saturating_sub(i128::from(entry.amount));
        let passes = debited.lowest().is_some_and(|lowest| free_after < lowest);
        let below_zero = debited.balance() < entry.amount && debited.floor == super::Floor::Zero;
        if (asks && passes) || below_zero {
            return Code::InsufficientBalance.into();
        }
        if passes {
            entry.flags = entry.flags.with(Flags::FLOOR_PASSED);
        }
        let (id, flags) = (Some(entry.id), entry.flags);
        if let Some(account) = books.change(debit) {
            account.debits = debits;
            entry.debit = account.id;
            entry.debit_after = account.balance();
            entry.debit_previous = std::mem::replace(&mut account.newest, id);
        }
        if let Some(account) = books.change(credit) {
            account.credits = credits;
            entry.credit = account.id;
            entry.credit_after = account.balance();
            entry.credit_previous = std::mem::replace(&mut account.newest, id);
        }
        self.append(entry);
        Outcome { code: Code::Created, flags }
    }

    fn append(&mut self, entry: Entry) {
        let place = self.entries.len();
        if self.strays.is_empty() && self.entries.last().is_some_and(|last| last.id >= entry.id) {
            self.strays = self.entries.iter().enumerate().map(|(place, entry)| (entry.id, place)).collect();
        }
        if !self.strays.is_empty() {
            self.strays.insert(entry.id, place);
        }
        self.by_cause.extend(entry.cause.map(|cause| (cause, place)));
        self.reversed.extend(entry.reverses);
        self.entries.push(entry);
    }
}

fn compare(books: &Books, entry: &Entry, transfer: &Transfer, linked: Option<TransferId>) -> Code {
    match transfer.movement {
        Movement::Reverse(target) if entry.reverses != Some(target) => return Code::ExistsWithDifferentLink,
        Movement::Reverse(_) => {}
        Movement::Move { .. } if entry.reverses.is_some() => return Code::ExistsWithDifferentLink,
        Movement::Move { debit, credit, amount, commodity } => {
            if (entry.debit, entry.credit) != (debit, credit) {
                return Code::ExistsWithDifferentAccounts;
            }
            if books.account(debit).is_some_and(|account| account.commodity != commodity) {
                return Code::ExistsWithDifferentCommodity;
            }
            if entry.amount != amount {
                return Code::ExistsWithDifferentAmount;
            }
        }
    }
    if entry.effective != transfer.effective {
        return Code::ExistsWithDifferentEffective;
    }
    // Found by its cause it may have been booked by somebody else, whose set had other ids.
    let same_link =
        if entry.id == transfer.id { entry.linked == linked } else { entry.linked.is_some() == linked.is_some() };
    if same_link { Code::Exists } else { Code::ExistsWithDifferentLink }
}

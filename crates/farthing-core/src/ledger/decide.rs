//! The ledger's one decision: a batch of commands against the books, at `now`.
//!
//! Pure. In goes what the store has read and locked; out come the answers, the entries to append and the changed accounts
//! and holds. What asks is refused beyond the floor; what reports is booked and flagged. Written once for both stores.

use super::hold::{free_along, lay};
use super::{
    Account, AccountId, Authorise, Books, Capture, CaptureRecord, Code, Command, Entry, Flags, Hold, HoldState, Mode,
    Movement, Outcome, Part, Transfer, TransferId,
};
use crate::id::{CauseId, HoldId};
use crate::time::Instant;
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

    /// Books what was done under a hold: first out of what it reserves, in its order; then out of what is free; the rest
    /// on its last account, flagged. Work that was done is never left unbooked because its hold ran out.
    fn capture(&mut self, books: &mut Books, request: &Capture) -> Outcome {
        if let Some(record) = books.capture(request.id) {
            return compare_capture(record, request).into();
        }
        if self.entry(request.id).is_some() || books.found(request.id).is_some() {
            return Code::ExistsWithDifferentLink.into();
        }
        let Some(hold) = books.hold(request.hold).cloned() else { return Code::HoldNotFound.into() };
        let late = match hold.state {
            HoldState::Open => Flags::NONE,
            HoldState::Expired => Flags::AFTER_EXPIRY,
            HoldState::Captured | HoldState::Released => return Code::HoldClosed.into(),
        };
        let taken = match take_along(books, &hold, request) {
            Ok(taken) => taken,
            Err(code) => return code.into(),
        };
        let Some(captured) = hold.captured.checked_add(request.amount) else { return Code::Overflow.into() };
        let reserved = hold.reserved();
        let above = if hold.state == HoldState::Open && i128::from(request.amount) > reserved {
            Flags::ABOVE_HOLD
        } else {
            Flags::NONE
        };
        // The reservation goes first, so that what is captured out of it finds its own money free.
        let mut outcome = Outcome { code: Code::Created, flags: late.with(above) };
        let paying = taken.iter().filter(|taken| taken.amount > 0).count();
        let linked = (paying > 1).then_some(request.id);
        for taken in &taken {
            if let Some(held) = books.change_held(taken.place) {
                *held = held.saturating_sub(taken.unreserve);
            }
        }
        let mut ids = 0..;
        for taken in taken.iter().filter(|taken| taken.amount > 0) {
            let Some(id) = ids.next().and_then(|n| request.id.plus(n)) else { return Code::Overflow.into() };
            let entry = Entry {
                id,
                cause: None,
                kind: request.kind,
                flags: late.with(above),
                effective: request.effective,
                debit: AccountId(0),
                credit: AccountId(0),
                amount: taken.amount,
                reverses: None,
                linked,
                debit_after: 0,
                credit_after: 0,
                debit_previous: None,
                credit_previous: None,
            };
            let booked = self.book(books, taken.place, taken.to, entry);
            debug_assert_eq!(booked.code, Code::Created, "take_along has ruled everything else out");
            outcome.flags = outcome.flags.with(booked.flags);
        }
        let record = CaptureRecord {
            id: request.id,
            hold: request.hold,
            to: request.to,
            amount: request.amount,
            last: request.last,
            effective: request.effective,
        };
        books.add_capture(record);
        self.captures.push(record);
        if let Some(hold) = books.change_hold(request.hold) {
            hold.captured = captured;
            for (part, taken) in hold.parts.iter_mut().zip(&taken) {
                part.reserved = part.reserved.saturating_sub(taken.unreserve);
            }
            if request.last && hold.state == HoldState::Open {
                hold.state = HoldState::Captured;
            }
        }
        outcome
    }
}

/// One account's share of a capture.
struct Taken {
    place: usize,
    to: usize,
    amount: i64,
    /// How much of the reservation ends: what is taken of it, or all of it at the last capture.
    unreserve: i64,
}

/// How a capture is laid over its hold's accounts, or why it cannot be booked at all.
fn take_along(books: &Books, hold: &Hold, request: &Capture) -> Result<Vec<Taken>, Code> {
    if request.amount <= 0 {
        return Err(Code::AmountNotPositive);
    }
    let to = books.place(request.to).ok_or(Code::AccountNotFound)?;
    let credited = books.at(to).ok_or(Code::AccountNotFound)?;
    let mut places = Vec::with_capacity(hold.parts.len());
    for part in &hold.parts {
        let place = books.place(part.account).ok_or(Code::AccountNotFound)?;
        let account = books.at(place).ok_or(Code::AccountNotFound)?;
        if account.closed || credited.closed {
            return Err(Code::AccountClosed);
        }
        if account.commodity != credited.commodity {
            return Err(Code::CommodityMismatch);
        }
        if place == to {
            return Err(Code::SameAccount);
        }
        places.push((place, account, i128::from(part.reserved)));
    }
    // Out of the reservation first, each part as far as it reaches. A report (a chargeback) may have taken what was
    // reserved: then cash gives what it still has, and the rest goes on.
    let mut nominal_rest = i128::from(request.amount);
    let mut rest = nominal_rest;
    let from_hold: Vec<(i128, i128)> = places
        .iter()
        .map(|(_, account, reserved)| {
            let nominal = nominal_rest.min(*reserved);
            nominal_rest = nominal_rest.saturating_sub(nominal);
            let has = if account.floor == super::Floor::Zero { i128::from(account.balance()) } else { nominal };
            let actual = nominal.min(has);
            rest = rest.saturating_sub(actual);
            (nominal, actual)
        })
        .collect();
    // Then out of what nobody reserves; the last takes what nothing else can.
    let free = places.iter().zip(&from_hold).map(|((_, account, _), (nominal, actual))| {
        let held_by_others = i128::from(account.held).saturating_sub(*nominal);
        i128::from(account.balance()).saturating_sub(*actual).saturating_sub(held_by_others)
    });
    let beyond = lay(free, rest);
    let mut credits = i128::from(credited.credits);
    let mut taken = Vec::with_capacity(places.len());
    for (((place, account, reserved), (nominal, actual)), beyond) in places.iter().zip(&from_hold).zip(beyond) {
        let amount = actual.saturating_add(beyond);
        if account.floor == super::Floor::Zero && amount > i128::from(account.balance()) {
            return Err(Code::InsufficientBalance);
        }
        credits = credits.saturating_add(amount);
        let debits = i128::from(account.debits).saturating_add(amount);
        if debits > i128::from(i64::MAX) || credits > i128::from(i64::MAX) {
            return Err(Code::Overflow);
        }
        let unreserve = if request.last { *reserved } else { *nominal };
        let narrow = |value: i128| i64::try_from(value).map_err(|_| Code::Overflow);
        taken.push(Taken { place: *place, to, amount: narrow(amount)?, unreserve: narrow(unreserve)? });
    }
    Ok(taken)
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

fn compare_capture(record: &CaptureRecord, request: &Capture) -> Code {
    if record.hold != request.hold || record.last != request.last {
        Code::ExistsWithDifferentLink
    } else if record.to != request.to {
        Code::ExistsWithDifferentAccounts
    } else if record.amount != request.amount {
        Code::ExistsWithDifferentAmount
    } else if record.effective != request.effective {
        Code::ExistsWithDifferentEffective
    } else {
        Code::Exists
    }
}

/// Reserves, if what is free along the list reaches down to the floor of its last account.
fn authorise(books: &mut Books, request: &Authorise) -> Code {
    if let Some(hold) = books.hold(request.id) {
        return if hold.amount != request.amount {
            Code::ExistsWithDifferentAmount
        } else if hold.owner != request.owner
            || !hold.parts.iter().map(|part| part.account).eq(request.along.iter().copied())
        {
            Code::ExistsWithDifferentAccounts
        } else if hold.expires_at != request.expires_at {
            Code::ExistsWithDifferentEffective
        } else {
            Code::Exists
        };
    }
    if request.amount <= 0 {
        return Code::AmountNotPositive;
    }
    let mut places: Vec<usize> = Vec::with_capacity(request.along.len());
    let mut commodity = None;
    for id in &request.along {
        let Some((place, account)) = books.place(*id).and_then(|place| Some((place, books.at(place)?))) else {
            return Code::AccountNotFound;
        };
        if account.owner != request.owner {
            return Code::AccountNotFound; // somebody else's account does not exist for this owner
        }
        if account.closed {
            return Code::AccountClosed;
        }
        if *commodity.get_or_insert(account.commodity) != account.commodity {
            return Code::CommodityMismatch;
        }
        if places.contains(&place) {
            return Code::SameAccount;
        }
        places.push(place);
    }
    let accounts = || places.iter().filter_map(|place| books.at(*place));
    let Some(last) = accounts().next_back() else { return Code::AccountNotFound };
    let amount = i128::from(request.amount);
    let free_after = free_along(accounts()).saturating_sub(amount);
    if last.lowest().is_some_and(|lowest| free_after < lowest) {
        return Code::InsufficientBalance;
    }
    let frees: Vec<i128> = accounts().map(Account::free).collect();
    let mut held = Vec::with_capacity(places.len());
    let mut parts = Vec::with_capacity(places.len());
    for (account, take) in accounts().zip(lay(frees.into_iter(), amount)) {
        let Some(reserved) = i64::try_from(take).ok() else { return Code::Overflow };
        let Some(now_held) = account.held.checked_add(reserved) else { return Code::Overflow };
        held.push(now_held);
        parts.push(Part { account: account.id, reserved });
    }
    for (place, now_held) in places.into_iter().zip(held) {
        if let Some(held) = books.change_held(place) {
            *held = now_held;
        }
    }
    books.add_hold(Hold {
        id: request.id,
        owner: request.owner,
        amount: request.amount,
        captured: 0,
        expires_at: request.expires_at,
        state: HoldState::Open,
        parts,
    });
    Code::Created
}

fn release(books: &mut Books, id: HoldId) -> Code {
    let Some(hold) = books.hold(id) else { return Code::HoldNotFound };
    match hold.state {
        HoldState::Open => end(books, id, HoldState::Released),
        HoldState::Released | HoldState::Expired => Code::Exists, // nothing is reserved any more: as asked
        HoldState::Captured => Code::HoldClosed,
    }
}

fn expire(books: &mut Books, id: HoldId, now: Instant) -> Code {
    let Some(hold) = books.hold(id) else { return Code::HoldNotFound };
    if hold.state == HoldState::Open && hold.expires_at <= now {
        end(books, id, HoldState::Expired)
    } else {
        Code::Exists
    }
}

fn expire_due(books: &mut Books, now: Instant) {
    let due: Vec<HoldId> = books.open_holds().filter(|hold| hold.expires_at <= now).map(|hold| hold.id).collect();
    for id in due {
        end(books, id, HoldState::Expired);
    }
}

/// Gives back everything a hold still reserves.
fn end(books: &mut Books, id: HoldId, state: HoldState) -> Code {
    let Some(hold) = books.change_hold(id) else { return Code::HoldNotFound };
    hold.state = state;
    let parts: Vec<Part> = hold.parts.clone();
    for part in &mut hold.parts {
        part.reserved = 0;
    }
    for part in parts {
        let held = books.place(part.account).and_then(|place| books.change_held(place));
        let held = held.expect("the accounts of a hold that may end are in the books");
        *held = held.saturating_sub(part.reserved);
    }
    Code::Created
}

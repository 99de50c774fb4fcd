//! The part of the decision that is about holds: reserving, capturing, giving back, ending.

use super::Decided;
use crate::id::HoldId;
use crate::ledger::hold::{free_along, lay};
use crate::ledger::{
    Account, AccountId, Authorise, Books, Capture, CaptureRecord, Code, Entry, Flags, Floor, Hold, HoldState, Outcome,
    Part,
};
use crate::time::Instant;

impl Decided {
    /// Books what was done under a hold: first out of what it reserves, in its order; then out of what is free; the rest
    /// on its last account, flagged. Work that was done is never left unbooked because its hold ran out.
    pub(super) fn capture(&mut self, books: &mut Books, request: &Capture) -> Outcome {
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
        let mut cause = request.cause;
        for taken in taken.iter().filter(|taken| taken.amount > 0) {
            let Some(id) = ids.next().and_then(|n| request.id.plus(n)) else { return Code::Overflow.into() };
            let entry = Entry {
                id,
                cause: cause.take(),
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
            let has = if account.floor == Floor::Zero { i128::from(account.balance()) } else { nominal };
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
        if account.floor == Floor::Zero && amount > i128::from(account.balance()) {
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
pub(super) fn authorise(books: &mut Books, request: &Authorise) -> Code {
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

pub(super) fn release(books: &mut Books, id: HoldId) -> Code {
    let Some(hold) = books.hold(id) else { return Code::HoldNotFound };
    match hold.state {
        HoldState::Open => end(books, id, HoldState::Released),
        HoldState::Released | HoldState::Expired => Code::Exists, // nothing is reserved any more: as asked
        HoldState::Captured => Code::HoldClosed,
    }
}

/// It may last longer, never shorter: what was promised until an instant is.
pub(super) fn extend(books: &mut Books, id: HoldId, until: Instant) -> Code {
    let Some(hold) = books.hold(id) else { return Code::HoldNotFound };
    if hold.state != HoldState::Open {
        return Code::HoldClosed;
    }
    if hold.expires_at >= until {
        return Code::Exists;
    }
    let Some(hold) = books.change_hold(id) else { return Code::HoldNotFound };
    hold.expires_at = until;
    Code::Created
}

pub(super) fn expire(books: &mut Books, id: HoldId, now: Instant) -> Code {
    let Some(hold) = books.hold(id) else { return Code::HoldNotFound };
    if hold.state == HoldState::Open && hold.expires_at <= now {
        end(books, id, HoldState::Expired)
    } else {
        Code::Exists
    }
}

pub(super) fn expire_due(books: &mut Books, now: Instant) {
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

//! The ledger a second time, as its texts describe it and as slowly as it pleases: balances are added up from the
//! transfers each time they are asked for, what is held is added up from the open holds, and a linked set that fails is
//! undone by putting the whole world back as it was.
//!
//! It shares the words of the real one (requests, codes, flags), none of its workings. It keeps no hash chain.

use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Code, Command, CommodityId, Entry, Flags, Floor, Hold, HoldState, Kind, Mode,
    Movement, Outcome, OwnerId, Part, Transfer, TransferId,
};
use farthing_core::time::Instant;
use std::collections::BTreeMap;

/// What never changes of an account, and whether it is closed.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub owner: OwnerId,
    pub commodity: CommodityId,
    pub floor: Floor,
    pub closed: bool,
}

/// A transfer in the books.
#[derive(Clone, Copy, Debug)]
pub struct Booked {
    pub id: TransferId,
    pub cause: Option<CauseId>,
    pub kind: Kind,
    pub flags: Flags,
    pub effective: Instant,
    pub debit: AccountId,
    pub credit: AccountId,
    pub amount: i128,
    pub reverses: Option<TransferId>,
    pub linked: Option<TransferId>,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    pub accounts: BTreeMap<AccountId, Facts>,
    /// In the order in which they were booked.
    pub booked: Vec<Booked>,
    pub captures: BTreeMap<TransferId, Capture>,
    pub holds: BTreeMap<HoldId, Hold>,
}

/// No sum of debits or credits may become larger: they are kept in 64 bits.
const MOST: i128 = i64::MAX as i128;

// What there is.
impl World {
    pub fn debits(&self, account: AccountId) -> i128 {
        self.booked.iter().filter(|booked| booked.debit == account).map(|booked| booked.amount).sum()
    }

    pub fn credits(&self, account: AccountId) -> i128 {
        self.booked.iter().filter(|booked| booked.credit == account).map(|booked| booked.amount).sum()
    }

    pub fn balance(&self, account: AccountId) -> i128 {
        self.credits(account) - self.debits(account)
    }

    pub fn held(&self, account: AccountId) -> i128 {
        let open = self.holds.values().filter(|hold| hold.state == HoldState::Open);
        open.flat_map(|hold| &hold.parts)
            .filter(|part| part.account == account)
            .map(|part| i128::from(part.reserved))
            .sum()
    }

    /// What may still be spent or reserved.
    pub fn free(&self, account: AccountId) -> i128 {
        self.balance(account) - self.held(account)
    }

    /// The lowest that asking may leave free.
    pub fn lowest(&self, account: AccountId) -> Option<i128> {
        match self.accounts[&account].floor {
            Floor::Open => None,
            Floor::Zero => Some(0),
            Floor::Minus(most) => Some(-i128::from(most)),
        }
    }

    pub fn transfer(&self, id: TransferId) -> Option<&Booked> {
        self.booked.iter().find(|booked| booked.id == id)
    }

    /// The transfers of one account, in the order in which they were booked.
    fn history(&self, account: AccountId) -> impl Iterator<Item = &Booked> {
        self.booked.iter().filter(move |booked| booked.debit == account || booked.credit == account)
    }

    pub fn newest(&self, account: AccountId) -> Option<TransferId> {
        self.history(account).last().map(|booked| booked.id)
    }

    /// A transfer as the store should have recorded it.
    pub fn entry(&self, id: TransferId) -> Option<Entry> {
        let booked = self.transfer(id)?;
        let until = |account: AccountId| {
            let mut balance = 0;
            let mut previous = None;
            for one in self.history(account) {
                balance += if one.credit == account { one.amount } else { -one.amount };
                if one.id == id {
                    break;
                }
                previous = Some(one.id);
            }
            (i64::try_from(balance).expect("a balance fits 64 bits"), previous)
        };
        let (debit_after, debit_previous) = until(booked.debit);
        let (credit_after, credit_previous) = until(booked.credit);
        Some(Entry {
            id,
            cause: booked.cause,
            kind: booked.kind,
            flags: booked.flags,
            effective: booked.effective,
            debit: booked.debit,
            credit: booked.credit,
            amount: i64::try_from(booked.amount).expect("an amount fits 64 bits"),
            reverses: booked.reverses,
            linked: booked.linked,
            debit_after,
            credit_after,
            debit_previous,
            credit_previous,
        })
    }
}

// What is asked.
impl World {
    /// First the due holds end, then each command is answered in its turn.
    pub fn run(&mut self, commands: &[Command], now: Instant) -> Vec<Outcome> {
        self.expire_due(now);
        commands.iter().flat_map(|command| self.command(command, now)).collect()
    }

    pub fn expire_due(&mut self, now: Instant) {
        for hold in self.holds.values_mut() {
            if hold.state == HoldState::Open && hold.expires_at <= now {
                end(hold, HoldState::Expired);
            }
        }
    }

    pub fn command(&mut self, command: &Command, now: Instant) -> Vec<Outcome> {
        match command {
            Command::Transfer(request) => vec![self.ask_transfer(request, None)],
            Command::Linked(set) => self.ask_linked(set),
            Command::Authorise(request) => vec![self.ask_authorise(request).into()],
            Command::Capture(request) => vec![self.ask_capture(request)],
            Command::Release(id) => vec![self.ask_release(*id).into()],
            Command::Extend(id, until) => vec![self.ask_extend(*id, *until).into()],
            Command::Expire(id) => vec![self.ask_expire(*id, now).into()],
        }
    }

    /// Only what is empty may be closed.
    pub fn close(&mut self, id: AccountId) -> bool {
        let empty = self.accounts.contains_key(&id) && self.balance(id) == 0 && self.held(id) == 0;
        if empty {
            self.accounts.get_mut(&id).expect("it was just found").closed = true;
        }
        empty
    }

    /// All or none. A set stands when all of it is new, or all of it was there before.
    fn ask_linked(&mut self, set: &[Transfer]) -> Vec<Outcome> {
        let before = self.clone();
        let mut answers = Vec::new();
        for request in set {
            let answer = self.ask_transfer(request, Some(set[0].id));
            answers.push(answer);
            if !answer.code.stands() {
                break;
            }
        }
        let all = |code| answers.len() == set.len() && answers.iter().all(|answer| answer.code == code);
        if all(Code::Created) || all(Code::Exists) {
            return answers;
        }
        *self = before;
        let mut answers = answers.into_iter();
        set.iter()
            .map(|request| match answers.next() {
                Some(reason) if !reason.code.stands() => reason,
                // What was there before the set still is.
                Some(answer) if answer.code == Code::Exists && self.recorded(request).is_some() => answer,
                _ => Code::LinkedFailed.into(),
            })
            .collect()
    }

    fn ask_transfer(&mut self, request: &Transfer, set: Option<TransferId>) -> Outcome {
        if let Some(booked) = self.recorded(request) {
            return self.same_transfer(booked, request, set).into();
        }
        let (debit, credit, amount) = match request.movement {
            Movement::Move { debit, credit, amount, .. } => (debit, credit, i128::from(amount)),
            Movement::Reverse(target) => {
                let Some(target) = self.transfer(target) else { return Code::TransferNotFound.into() };
                if self.booked.iter().any(|booked| booked.reverses == Some(target.id)) {
                    return Code::AlreadyReversed.into();
                }
                (target.credit, target.debit, target.amount)
            }
        };
        if amount <= 0 {
            return Code::AmountNotPositive.into();
        }
        if debit == credit {
            return Code::SameAccount.into();
        }
        let (Some(from), Some(to)) = (self.accounts.get(&debit), self.accounts.get(&credit)) else {
            return Code::AccountNotFound.into();
        };
        if from.closed || to.closed {
            return Code::AccountClosed.into();
        }
        let named = match request.movement {
            Movement::Move { commodity, .. } => commodity,
            Movement::Reverse(_) => from.commodity,
        };
        if from.commodity != to.commodity || from.commodity != named {
            return Code::CommodityMismatch.into();
        }
        if self.debits(debit) + amount > MOST || self.credits(credit) + amount > MOST {
            return Code::Overflow.into();
        }
        let passes = self.lowest(debit).is_some_and(|lowest| self.free(debit) - amount < lowest);
        let below_zero = from.floor == Floor::Zero && self.balance(debit) - amount < 0;
        if below_zero || (passes && request.mode == Mode::Asks) {
            return Code::InsufficientBalance.into();
        }
        let mut flags = if request.mode == Mode::Asks { Flags::ASKED } else { Flags::NONE };
        if passes {
            flags = flags.with(Flags::FLOOR_PASSED);
        }
        let reverses = match request.movement {
            Movement::Move { .. } => None,
            Movement::Reverse(target) => Some(target),
        };
        let Transfer { id, cause, kind, effective, .. } = *request;
        self.booked.push(Booked { id, cause, kind, flags, effective, debit, credit, amount, reverses, linked: set });
        Outcome { code: Code::Created, flags }
    }

    /// What stands for a request: the transfer of its id, else that of its cause.
    fn recorded(&self, request: &Transfer) -> Option<&Booked> {
        self.transfer(request.id)
            .or_else(|| self.booked.iter().find(|booked| request.cause.is_some() && booked.cause == request.cause))
    }

    /// Whether what is there is what is asked for.
    fn same_transfer(&self, booked: &Booked, request: &Transfer, set: Option<TransferId>) -> Code {
        match request.movement {
            Movement::Reverse(target) => {
                if booked.reverses != Some(target) {
                    return Code::ExistsWithDifferentLink;
                }
            }
            Movement::Move { debit, credit, amount, commodity } => {
                if booked.reverses.is_some() {
                    return Code::ExistsWithDifferentLink;
                }
                if booked.debit != debit || booked.credit != credit {
                    return Code::ExistsWithDifferentAccounts;
                }
                if self.accounts[&debit].commodity != commodity {
                    return Code::ExistsWithDifferentCommodity;
                }
                if booked.amount != i128::from(amount) {
                    return Code::ExistsWithDifferentAmount;
                }
            }
        }
        if booked.effective != request.effective {
            return Code::ExistsWithDifferentEffective;
        }
        // Whoever meets it by its cause has booked it under other ids: then alone or in a set is all that can be compared.
        let other_ids = booked.id != request.id;
        let same = if other_ids { booked.linked.is_some() == set.is_some() } else { booked.linked == set };
        if same { Code::Exists } else { Code::ExistsWithDifferentLink }
    }

    /// Reserves along a list: each account gives what it has free, the last one the rest, down to its floor.
    fn ask_authorise(&mut self, request: &Authorise) -> Code {
        if let Some(hold) = self.holds.get(&request.id) {
            let along: Vec<AccountId> = hold.parts.iter().map(|part| part.account).collect();
            return if hold.amount != request.amount {
                Code::ExistsWithDifferentAmount
            } else if hold.owner != request.owner || along != request.along {
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
        for (place, id) in request.along.iter().enumerate() {
            let Some(account) = self.accounts.get(id).filter(|account| account.owner == request.owner) else {
                return Code::AccountNotFound;
            };
            if account.closed {
                return Code::AccountClosed;
            }
            if account.commodity != self.accounts[&request.along[0]].commodity {
                return Code::CommodityMismatch;
            }
            if request.along[..place].contains(id) {
                return Code::SameAccount;
            }
        }
        let Some((last, before)) = request.along.split_last() else { return Code::AccountNotFound };
        let free: i128 = request.along.iter().map(|id| self.free(*id)).sum();
        if self.lowest(*last).is_some_and(|lowest| free - i128::from(request.amount) < lowest) {
            return Code::InsufficientBalance;
        }
        let mut rest = i128::from(request.amount);
        let mut reserved = Vec::new();
        for id in before {
            let take = rest.min(self.free(*id).max(0));
            rest -= take;
            reserved.push((*id, take));
        }
        reserved.push((*last, rest));
        if reserved.iter().any(|(id, take)| self.held(*id) + take > MOST) {
            return Code::Overflow;
        }
        let parts = reserved
            .into_iter()
            .map(|(account, take)| Part { account, reserved: i64::try_from(take).expect("not above what is held") })
            .collect();
        let Authorise { id, owner, amount, expires_at, .. } = *request;
        self.holds.insert(id, Hold { id, owner, amount, captured: 0, expires_at, state: HoldState::Open, parts });
        Code::Created
    }

    /// Takes what was done: out of the reservation in its order, then out of what is free, and the rest of the last
    /// account. An account that may not go below zero gives no more than it has, whatever is reserved of it; what it
    /// cannot give goes on along the list, because work that was done is booked.
    fn ask_capture(&mut self, request: &Capture) -> Outcome {
        if let Some(there) = self.captures.get(&request.id) {
            return same_capture(there, request).into();
        }
        if self.transfer(request.id).is_some() {
            return Code::ExistsWithDifferentLink.into();
        }
        let Some(hold) = self.holds.get(&request.hold).cloned() else { return Code::HoldNotFound.into() };
        if matches!(hold.state, HoldState::Captured | HoldState::Released) {
            return Code::HoldClosed.into();
        }
        if request.amount <= 0 {
            return Code::AmountNotPositive.into();
        }
        let Some(to) = self.accounts.get(&request.to).copied() else { return Code::AccountNotFound.into() };
        for part in &hold.parts {
            let from = self.accounts[&part.account];
            if from.closed || to.closed {
                return Code::AccountClosed.into();
            }
            if from.commodity != to.commodity {
                return Code::CommodityMismatch.into();
            }
            if part.account == request.to {
                return Code::SameAccount.into();
            }
        }
        let mut pays: Vec<i128> = Vec::new();
        let mut unreserved: Vec<i128> = Vec::new();
        let mut rest = i128::from(request.amount);
        for part in &hold.parts {
            let give = rest.min(i128::from(part.reserved));
            rest -= give;
            unreserved.push(give);
            pays.push(self.can_pay(part.account, give));
        }
        rest = i128::from(request.amount) - pays.iter().sum::<i128>();
        for (part, pays) in hold.parts.iter().zip(&mut pays) {
            let take = rest.min(self.free(part.account).max(0));
            rest -= take;
            *pays += take;
        }
        *pays.last_mut().expect("a hold has parts") += rest;
        let mut credited = self.credits(request.to);
        for (part, pays) in hold.parts.iter().zip(&pays) {
            if self.can_pay(part.account, *pays) < *pays {
                return Code::InsufficientBalance.into();
            }
            credited += pays;
            if self.debits(part.account) + pays > MOST || credited > MOST {
                return Code::Overflow.into();
            }
        }
        if i128::from(hold.captured) + i128::from(request.amount) > MOST {
            return Code::Overflow.into();
        }

        let mut flags = Flags::NONE;
        if hold.state == HoldState::Expired {
            flags = flags.with(Flags::AFTER_EXPIRY);
        } else if i128::from(request.amount) > hold.parts.iter().map(|part| i128::from(part.reserved)).sum() {
            flags = flags.with(Flags::ABOVE_HOLD);
        }
        let ours = self.holds.get_mut(&request.hold).expect("it was just found");
        for (part, unreserved) in ours.parts.iter_mut().zip(unreserved) {
            part.reserved -= i64::try_from(unreserved).expect("not above what is reserved");
        }
        ours.captured += request.amount;
        if request.last && ours.state == HoldState::Open {
            end(ours, HoldState::Captured);
        }
        let paying = pays.iter().filter(|pays| **pays > 0).count();
        let mut all = flags;
        let payers = hold.parts.iter().zip(pays).filter(|(_, pays)| *pays > 0);
        for (booked, (part, amount)) in payers.enumerate() {
            let passes = self.lowest(part.account).is_some_and(|lowest| self.free(part.account) - amount < lowest);
            let flags = if passes { flags.with(Flags::FLOOR_PASSED) } else { flags };
            self.booked.push(Booked {
                id: request.id.plus(booked).expect("a capture's ids are in range"),
                cause: None,
                kind: request.kind,
                flags,
                effective: request.effective,
                debit: part.account,
                credit: request.to,
                amount,
                reverses: None,
                linked: (paying > 1).then_some(request.id),
            });
            all = all.with(flags);
        }
        self.captures.insert(request.id, *request);
        Outcome { code: Code::Created, flags: all }
    }

    fn can_pay(&self, account: AccountId, amount: i128) -> i128 {
        match self.accounts[&account].floor {
            Floor::Zero => amount.min(self.balance(account)),
            Floor::Open | Floor::Minus(_) => amount,
        }
    }

    fn ask_release(&mut self, id: HoldId) -> Code {
        let Some(hold) = self.holds.get_mut(&id) else { return Code::HoldNotFound };
        match hold.state {
            HoldState::Open => {
                end(hold, HoldState::Released);
                Code::Created
            }
            HoldState::Released | HoldState::Expired => Code::Exists,
            HoldState::Captured => Code::HoldClosed,
        }
    }

    fn ask_extend(&mut self, id: HoldId, until: Instant) -> Code {
        match self.holds.get_mut(&id) {
            None => Code::HoldNotFound,
            Some(hold) if hold.state != HoldState::Open => Code::HoldClosed,
            Some(hold) if until <= hold.expires_at => Code::Exists,
            Some(hold) => {
                hold.expires_at = until;
                Code::Created
            }
        }
    }

    fn ask_expire(&mut self, id: HoldId, now: Instant) -> Code {
        let Some(hold) = self.holds.get_mut(&id) else { return Code::HoldNotFound };
        if hold.state == HoldState::Open && hold.expires_at <= now {
            end(hold, HoldState::Expired);
            return Code::Created;
        }
        Code::Exists
    }
}

fn end(hold: &mut Hold, state: HoldState) {
    hold.state = state;
    for part in &mut hold.parts {
        part.reserved = 0;
    }
}

fn same_capture(there: &Capture, request: &Capture) -> Code {
    if there.hold != request.hold || there.last != request.last {
        Code::ExistsWithDifferentLink
    } else if there.to != request.to {
        Code::ExistsWithDifferentAccounts
    } else if there.amount != request.amount {
        Code::ExistsWithDifferentAmount
    } else if there.effective != request.effective {
        Code::ExistsWithDifferentEffective
    } else {
        Code::Exists
    }
}

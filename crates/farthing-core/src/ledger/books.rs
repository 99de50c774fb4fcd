//! The part of the ledger that one batch of commands touches, in memory: read by the store, changed by `decide`.
//!
//! Owns look-ups. It never reads: what is not in it does not exist, so `Needs` must name all that a decision may ask for.

use super::{Account, AccountId, CaptureRecord, Command, Entry, Hold, Movement, Transfer, TransferId};
use crate::id::{CauseId, HoldId};
use std::collections::{BTreeMap, BTreeSet};

/// What has to be read before a batch can be decided. Sorted, without repeats: also the order in which rows are locked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub accounts: Vec<AccountId>,
    pub transfers: Vec<TransferId>,
    pub causes: Vec<CauseId>,
    /// Transfers asked to be reversed: they are needed, and so are their accounts and their reversals if any.
    pub reversed: Vec<TransferId>,
    pub captures: Vec<TransferId>,
    /// Holds that must be there, and their accounts.
    pub holds: Vec<HoldId>,
    /// Holds that may be there already.
    pub new_holds: Vec<HoldId>,
}

impl Needs {
    pub fn of(commands: &[Command]) -> Needs {
        let mut needs = Needs::default();
        needs.accounts.reserve(commands.len().saturating_mul(2));
        needs.transfers.reserve(commands.len());
        for command in commands {
            match command {
                Command::Transfer(transfer) => needs.transfer(transfer),
                Command::Linked(set) => set.iter().for_each(|transfer| needs.transfer(transfer)),
                Command::Authorise(request) => {
                    needs.accounts.extend(&request.along);
                    needs.new_holds.push(request.id);
                }
                Command::Capture(request) => {
                    needs.accounts.push(request.to);
                    needs.captures.push(request.id);
                    needs.transfers.push(request.id); // a capture's id is its first transfer's
                    needs.holds.push(request.hold);
                }
                Command::Release(hold) | Command::Extend(hold, _) | Command::Expire(hold) => needs.holds.push(*hold),
            }
        }
        fn tidy<T: Ord>(list: &mut Vec<T>) {
            list.sort_unstable();
            list.dedup();
        }
        tidy(&mut needs.accounts);
        tidy(&mut needs.transfers);
        tidy(&mut needs.causes);
        tidy(&mut needs.reversed);
        tidy(&mut needs.captures);
        tidy(&mut needs.holds);
        tidy(&mut needs.new_holds);
        needs
    }

    fn transfer(&mut self, transfer: &Transfer) {
        self.transfers.push(transfer.id);
        self.causes.extend(transfer.cause);
        match transfer.movement {
            Movement::Move { debit, credit, .. } => self.accounts.extend([debit, credit]),
            Movement::Reverse(target) => self.reversed.push(target),
        }
    }
}

/// The read part of the ledger, and what a decision has added to it.
#[derive(Debug, Default)]
pub struct Books {
    accounts: Vec<Account>,
    index: AccountIndex,
    changed: Vec<Changed>,
    /// Recorded transfers that a request may repeat or reverse, by id.
    found: BTreeMap<TransferId, Entry>,
    found_by_cause: BTreeMap<CauseId, TransferId>,
    reversed: BTreeSet<TransferId>,
    captures: BTreeMap<TransferId, CaptureRecord>,
    holds: BTreeMap<HoldId, (Hold, HoldChange)>,
}

/// What has to be written of an account.
#[derive(Clone, Copy, Debug, Default)]
struct Changed {
    sums: bool,
    held: bool,
}

/// What has to be written of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldChange {
    None,
    New,
    Changed,
}

impl Books {
    /// `accounts` sorted by id. `found` in any order; an entry that reverses another also tells that it is reversed.
    pub fn new(accounts: Vec<Account>, found: Vec<Entry>, captures: Vec<CaptureRecord>, holds: Vec<Hold>) -> Books {
        let mut books = Books {
            index: AccountIndex::of(&accounts),
            changed: vec![Changed::default(); accounts.len()],
            accounts,
            captures: captures.into_iter().map(|capture| (capture.id, capture)).collect(),
            holds: holds.into_iter().map(|hold| (hold.id, (hold, HoldChange::None))).collect(),
            ..Books::default()
        };
        for entry in found {
            books.found_by_cause.extend(entry.cause.map(|cause| (cause, entry.id)));
            books.reversed.extend(entry.reverses);
            books.found.insert(entry.id, entry);
        }
        books
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(self.index.place(id)?)
    }

    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Accounts whose sums and chain have changed.
    pub fn accounts_moved(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().zip(&self.changed).filter(|(_, changed)| changed.sums).map(|(account, _)| account)
    }

    /// Accounts of which more or less is held than before.
    pub fn accounts_held_anew(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().zip(&self.changed).filter(|(_, changed)| changed.held).map(|(account, _)| account)
    }

    pub fn changed_holds(&self) -> impl Iterator<Item = (&Hold, HoldChange)> {
        self.holds.values().filter(|(_, change)| *change != HoldChange::None).map(|(hold, change)| (hold, *change))
    }

    pub(super) fn set_heads(&mut self, heads: Vec<[u8; 32]>) {
        for (account, head) in self.accounts.iter_mut().zip(heads) {
            account.head = head;
        }
    }

    pub(super) fn place(&self, id: AccountId) -> Option<usize> {
        self.index.place(id)
    }

    pub(super) fn at(&self, place: usize) -> Option<&Account> {
        self.accounts.get(place)
    }

    /// For moving: its sums and chain.
    pub(super) fn change(&mut self, place: usize) -> Option<&mut Account> {
        self.changed.get_mut(place)?.sums = true;
        self.accounts.get_mut(place)
    }

    pub(super) fn change_held(&mut self, place: usize) -> Option<&mut i64> {
        self.changed.get_mut(place)?.held = true;
        Some(&mut self.accounts.get_mut(place)?.held)
    }

    pub(super) fn found(&self, id: TransferId) -> Option<&Entry> {
        self.found.get(&id)
    }

    pub(super) fn found_by_cause(&self, cause: CauseId) -> Option<&Entry> {
        self.found.get(self.found_by_cause.get(&cause)?)
    }

    pub(super) fn is_reversed(&self, id: TransferId) -> bool {
        self.reversed.contains(&id)
    }

    pub(super) fn capture(&self, id: TransferId) -> Option<&CaptureRecord> {
        self.captures.get(&id)
    }

    pub fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(&id).map(|(hold, _)| hold)
    }

    pub fn open_holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().map(|(hold, _)| hold).filter(|hold| hold.state == super::HoldState::Open)
    }

    pub(super) fn change_hold(&mut self, id: HoldId) -> Option<&mut Hold> {
        let (hold, change) = self.holds.get_mut(&id)?;
        if *change == HoldChange::None {
            *change = HoldChange::Changed;
        }
        Some(hold)
    }

    pub(super) fn add_hold(&mut self, hold: Hold) {
        self.holds.insert(hold.id, (hold, HoldChange::New));
    }

    pub(super) fn add_capture(&mut self, capture: CaptureRecord) {
        self.captures.insert(capture.id, capture);
    }
}

/// Account id to place in the batch. Open addressing: a decision asks twice per transfer, and a binary search over 8,000
/// accounts was a tenth of the whole cost of posting.
#[derive(Debug, Default)]
pub(super) struct AccountIndex {
    /// (id, place + 1); 0 = empty. Its length is a power of two, at least twice the accounts.
    slots: Vec<(i64, u32)>,
}

impl AccountIndex {
    pub(super) fn of(accounts: &[Account]) -> AccountIndex {
        let size = accounts.len().saturating_mul(2).max(2).next_power_of_two();
        let mut slots = vec![(0i64, 0u32); size];
        for (place, account) in (1u32..).zip(accounts) {
            let mut at = Self::first(account.id.0, size);
            while let Some(slot) = slots.get_mut(at) {
                if slot.1 == 0 {
                    *slot = (account.id.0, place);
                    break;
                }
                at = at.wrapping_add(1) & size.wrapping_sub(1);
            }
        }
        AccountIndex { slots }
    }

    pub(super) fn place(&self, id: AccountId) -> Option<usize> {
        let mut at = Self::first(id.0, self.slots.len());
        loop {
            let (found, place) = *self.slots.get(at)?;
            if place == 0 {
                return None;
            }
            if found == id.0 {
                return usize::try_from(place.wrapping_sub(1)).ok();
            }
            at = at.wrapping_add(1) & self.slots.len().wrapping_sub(1);
        }
    }

    /// Fibonacci hashing: neighbouring ids spread over the table.
    #[expect(clippy::cast_sign_loss, reason = "a hash: any bits do")]
    fn first(id: i64, size: usize) -> usize {
        ((id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & size.wrapping_sub(1)
    }
}

//! A hold: money reserved before the work, taken in parts as it is done, given back when it ends.
//!
//! Owns how an amount is laid over an ordered list of accounts. When it may, and what is booked, is `decide.rs`.

use super::{Account, AccountId, Kind, OwnerId, TransferId};
use crate::id::{CauseId, HoldId};
use crate::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldState {
    Open,
    /// Finally captured: closed.
    Captured,
    Released,
    /// Past its time. It stays as a tombstone: a late capture is still booked, and flagged.
    Expired,
}

impl HoldState {
    pub const ALL: [HoldState; 4] = [HoldState::Open, HoldState::Captured, HoldState::Released, HoldState::Expired];

    pub fn code(self) -> i64 {
        match self {
            HoldState::Open => 0,
            HoldState::Captured => 1,
            HoldState::Released => 2,
            HoldState::Expired => 3,
        }
    }

    pub fn from_code(code: i64) -> Option<HoldState> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// One account of a hold's list and what the hold reserves of it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub account: AccountId,
    pub reserved: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub owner: OwnerId,
    pub amount: i64,
    pub captured: i64,
    pub expires_at: Instant,
    pub state: HoldState,
    /// In the order in which they pay. The last takes what the others cannot.
    pub parts: Vec<Part>,
}

/// `account:reserved account:reserved`, as the store keeps a hold's parts.
pub fn parts_to_text(parts: &[Part]) -> String {
    parts.iter().map(|part| format!("{}:{}", part.account.0, part.reserved)).collect::<Vec<_>>().join(" ")
}

/// None where the text is not what `parts_to_text` writes.
pub fn parts_from_text(text: &str) -> Option<Vec<Part>> {
    text.split(' ')
        .map(|part| {
            let (account, reserved) = part.split_once(':')?;
            Some(Part { account: AccountId(account.parse().ok()?), reserved: reserved.parse().ok()? })
        })
        .collect()
}

impl Hold {
    pub fn reserved(&self) -> i128 {
        self.parts.iter().map(|part| i128::from(part.reserved)).sum()
    }
}

/// Asks to reserve `amount` along the accounts of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorise {
    pub id: HoldId,
    pub owner: OwnerId,
    pub along: Vec<AccountId>,
    pub amount: i64,
    pub expires_at: Instant,
}

/// Takes from a hold to `to`. `id` is the first of a run of `TransferId::PER_MICRO` ids: one for each account that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    pub id: TransferId,
    /// By which whoever asks finds it again; its first transfer carries it.
    pub cause: Option<CauseId>,
    pub hold: HoldId,
    pub to: AccountId,
    pub amount: i64,
    /// The last one: what it leaves is given back and the hold is closed.
    pub last: bool,
    pub kind: Kind,
    pub effective: Instant,
}

/// A capture that was booked: what its id stands for when it is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureRecord {
    pub id: TransferId,
    pub hold: HoldId,
    pub to: AccountId,
    pub amount: i64,
    pub last: bool,
    pub effective: Instant,
}

/// Lays `amount` over accounts that have `free` left: each gives what it has, the last takes the rest, even below zero.
pub(super) fn lay(free: impl ExactSizeIterator<Item = i128>, amount: i128) -> Vec<i128> {
    let last = free.len().saturating_sub(1);
    let mut rest = amount;
    free.enumerate()
        .map(|(place, free)| {
            let take = if place == last { rest } else { rest.min(free.max(0)) };
            rest = rest.saturating_sub(take);
            take
        })
        .collect()
}

/// What the accounts of a list have unreserved, together.
pub(super) fn free_along<'a>(accounts: impl Iterator<Item = &'a Account>) -> i128 {
    accounts.map(Account::free).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_back_from_their_text() {
        let part = |account, reserved| Part { account: AccountId(account), reserved };
        for (parts, text) in
            [(vec![part(7, 0)], "7:0"), (vec![part(7, 250), part(12, i64::MAX)], "7:250 12:9223372036854775807")]
        {
            assert_eq!(parts_to_text(&parts), text);
            assert_eq!(parts_from_text(text), Some(parts));
        }
        for bad in ["", "7", "7:", ":7", "7:1 ", "7:1,8:2", "7:9223372036854775808"] {
            assert_eq!(parts_from_text(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_amount_is_laid_along_its_list_and_the_last_takes_the_rest() {
        fn check(free: &[i128], amount: i128, expected: &[i128]) {
            assert_eq!(lay(free.iter().copied(), amount), expected, "{amount} over {free:?}");
        }
        check(&[100, 100, 100], 250, &[100, 100, 50]);
        check(&[100, 100, 100], 80, &[80, 0, 0]);
        check(&[10, 0, 5], 12, &[10, 0, 2]);
        check(&[10, -4, 5], 40, &[10, 0, 30]);
        check(&[7], 9, &[9]);
        check(&[], 0, &[]);
    }
}

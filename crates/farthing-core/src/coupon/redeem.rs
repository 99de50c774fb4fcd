//! Whether somebody may redeem a coupon now. How often it was redeemed in all is counted under a lock, by who writes it down.

use crate::catalog::Coupon;
use crate::time::{Instant, OutOfRange, Zone};
use std::fmt;

crate::id_kind!(RedemptionId, RedemptionKind, "redeem");

/// What became of a coupon that somebody redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedemptionState {
    /// It applies to what comes.
    Redeemed,
    /// It is an order's, as long as that waits to be paid.
    Reserved,
    /// It was good so often and no more, or has become credit.
    UsedUp,
    /// The order it was redeemed for came to nothing: it counts for nobody.
    Released,
}

impl RedemptionState {
    pub const ALL: [RedemptionState; 4] =
        [RedemptionState::Redeemed, RedemptionState::Reserved, RedemptionState::UsedUp, RedemptionState::Released];

    pub const fn word(self) -> &'static str {
        match self {
            RedemptionState::Redeemed => "redeemed",
            RedemptionState::Reserved => "reserved",
            RedemptionState::UsedUp => "used_up",
            RedemptionState::Released => "released",
        }
    }

    pub fn parse(word: &str) -> Option<RedemptionState> {
        RedemptionState::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// What is known when a coupon is redeemed.
#[derive(Clone, Copy, Debug)]
pub struct Redeeming<'a> {
    pub now: Instant,
    /// The cloud's, whose days `from` and `until` are.
    pub zone: &'a Zone,
    /// How often this account has redeemed it and did not give it back.
    pub had: u32,
    /// For an order. If not, it waits for the account's bills.
    pub ordered: bool,
    /// Whether the cloud makes bills of what is used or ordered. If not, what is used comes off the balance, and only an amount can wait there:
    /// as credit.
    pub bills: bool,
}

/// Why it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRedeemed {
    NotYet {
        from: Instant,
    },
    Expired {
        until: Instant,
    },
    /// This account has had it as often as it may.
    Had {
        most: u32,
    },
    /// It takes a share off bills, and there are none.
    NoBills,
}

/// Whether a coupon may be redeemed, by everything but how often it was redeemed in all.
pub fn redeemable(coupon: &Coupon, asked: &Redeeming<'_>) -> Result<Result<(), NotRedeemed>, OutOfRange> {
    if let Some(from) = coupon.from {
        let from = from.start(asked.zone)?;
        if asked.now < from {
            return Ok(Err(NotRedeemed::NotYet { from }));
        }
    }
    if let Some(until) = coupon.until {
        let until = until.end(asked.zone)?;
        if asked.now >= until {
            return Ok(Err(NotRedeemed::Expired { until }));
        }
    }
    let most = coupon.per_account.0;
    if asked.had >= most {
        return Ok(Err(NotRedeemed::Had { most }));
    }
    if !asked.ordered && !asked.bills && coupon.amount.is_none() {
        return Ok(Err(NotRedeemed::NoBills));
    }
    Ok(Ok(()))
}

impl fmt::Display for NotRedeemed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotRedeemed::NotYet { from } => write!(out, "it begins on {from}; redeem it then"),
            NotRedeemed::Expired { until } => write!(out, "it ended on {until}"),
            NotRedeemed::Had { most: 1 } => out.write_str("this account has redeemed it already"),
            NotRedeemed::Had { most } => {
                write!(out, "this account has redeemed it {most} times, as often as one account can")
            }
            NotRedeemed::NoBills => out.write_str(
                "it takes a share off bills, and what is used here comes off the balance without one; use it on an order",
            ),
        }
    }
}

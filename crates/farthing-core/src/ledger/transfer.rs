//! A transfer: one amount moved from one ledger account to another, as asked for and as recorded.

use super::{AccountId, CommodityId, Kind};
use crate::id::CauseId;
use crate::time::Instant;
use std::fmt;

/// A transfer's id: the microsecond it was recorded (since 2020, 51 bits), then 12 bits that tell apart what the same
/// microsecond holds (6 of the process, 6 counted). So ids sort by time, the row's key is its recorded time, and a
/// table of them only ever grows at its end. Given by the caller, so that asking twice is one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(i64);

impl TransferId {
    /// 2020-01-01T00:00:00Z, where the ids' clock begins; 51 bits of microseconds last until 2091.
    pub const EPOCH_MICROS: i64 = 1_577_836_800_000_000;
    /// How many ids one process may give to one microsecond: also the longest run a capture may need.
    pub const PER_MICRO: i64 = 64;
    pub const MIN: TransferId = TransferId(1);
    pub const MAX: TransferId = TransferId(i64::MAX);

    /// None when the instant is outside 2020..2091 or a part is out of its bits.
    pub fn from_parts(recorded: Instant, process: u8, count: u8) -> Option<TransferId> {
        let micros = recorded.micros().checked_sub(Self::EPOCH_MICROS)?;
        if !(0..1 << 51).contains(&micros) || process >= 64 || count >= 64 {
            return None;
        }
        Some(TransferId(micros << 12 | i64::from(process) << 6 | i64::from(count)))
    }

    /// None for zero and below: no transfer has such an id.
    pub fn from_i64(id: i64) -> Option<TransferId> {
        (id > 0).then_some(TransferId(id))
    }

    pub fn get(self) -> i64 {
        self.0
    }

    pub fn recorded(self) -> Instant {
        Instant::from_micros((self.0 >> 12).saturating_add(Self::EPOCH_MICROS))
    }

    /// The id `n` places on: a capture's second and later parts.
    pub fn plus(self, n: usize) -> Option<TransferId> {
        self.0.checked_add(i64::try_from(n).ok()?).map(TransferId)
    }

    pub fn parse(text: &str) -> Option<TransferId> {
        let digits = text.strip_prefix("trf_").filter(|d| d.len() == 13)?;
        let value = digits.bytes().try_fold(0u128, |value, byte| {
            let digit = ALPHABET.iter().position(|&a| a == byte)?;
            Some(value << 5 | digit as u128)
        })?;
        TransferId::from_i64(i64::try_from(value).ok()?)
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trf_")?;
        for shift in (0..=60).rev().step_by(5) {
            let digit = self.0 >> shift & 31;
            let letter = usize::try_from(digit).ok().and_then(|d| ALPHABET.get(d)).copied().unwrap_or(b'?');
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

/// Who wants it, which decides what happens at the floor (`settlement.md`, "What the account has").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An order, a start, a refund, a payout: refused rather than let the account pass its floor.
    Asks,
    /// Settlement, usage, a late capture, a chargeback: it has happened, so it is booked, and flagged where it passes.
    Reports,
}

/// What one transfer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    Move {
        debit: AccountId,
        credit: AccountId,
        amount: i64,
        commodity: CommodityId,
    },
    /// The same amount back again, linked to what it takes back; at most once per transfer.
    Reverse(TransferId),
}

/// A request. The same request again is answered `exists` and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    /// The one thing that makes this transfer happen, where it must happen once whoever asks: found again for ever.
    pub cause: Option<CauseId>,
    pub kind: Kind,
    pub mode: Mode,
    /// When it counts from; when it was recorded is in the id.
    pub effective: Instant,
    pub movement: Movement,
}

/// What a recorded transfer remembers beside its amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    pub const NONE: Flags = Flags(0);
    /// It was asked for (else reported).
    pub const ASKED: Flags = Flags(1);
    /// It left the debited account below its floor, or below what its holds reserve.
    pub const FLOOR_PASSED: Flags = Flags(2);
    /// A capture of more than its hold.
    pub const ABOVE_HOLD: Flags = Flags(4);
    /// A capture after its hold had expired.
    pub const AFTER_EXPIRY: Flags = Flags(8);

    pub fn from_bits(bits: u8) -> Flags {
        Flags(bits)
    }
    pub fn bits(self) -> u8 {
        self.0
    }
    #[must_use]
    pub fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A transfer as recorded: appended once, never edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: TransferId,
    pub cause: Option<CauseId>,
    pub kind: Kind,
    pub flags: Flags,
    pub effective: Instant,
    pub debit: AccountId,
    pub credit: AccountId,
    pub amount: i64,
    pub reverses: Option<TransferId>,
    /// The first of the set it was booked with, all or none; None: booked alone.
    pub linked: Option<TransferId>,
    /// The two accounts' balances after it, and the transfers before it in their two histories.
    pub debit_after: i64,
    pub credit_after: i64,
    pub debit_previous: Option<TransferId>,
    pub credit_previous: Option<TransferId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_holds_its_recorded_instant_and_sorts_by_it() {
        let at = |micros| Instant::from_micros(TransferId::EPOCH_MICROS + micros);
        let id = TransferId::from_parts(at(7), 3, 63).unwrap();
        assert_eq!(id.get(), 7 * 4096 + 3 * 64 + 63);
        assert_eq!(id.recorded(), at(7));
        assert!(id < TransferId::from_parts(at(8), 0, 0).unwrap());
        for (micros, process, count) in [(-1, 0, 0), (1 << 51, 0, 0), (0, 64, 0), (0, 0, 64)] {
            assert_eq!(TransferId::from_parts(at(micros), process, count), None, "{micros} {process} {count}");
        }
    }

    #[test]
    fn an_id_prints_and_parses_in_the_order_of_its_number() {
        let ids = [1, 31, 32, 4096, i64::MAX / 3, i64::MAX].map(|n| TransferId::from_i64(n).unwrap());
        let printed = ids.map(|id| id.to_string());
        assert_eq!(printed[0], "trf_0000000000001");
        assert_eq!(printed[5], "trf_7zzzzzzzzzzzz");
        assert!(printed.is_sorted());
        assert_eq!(printed.map(|text| TransferId::parse(&text).unwrap()), ids);
        for bad in ["", "trf_", "trf_0000000000000", "trf_000000000000i", "acct_0000000000001", "trf_zzzzzzzzzzzzz"] {
            assert_eq!(TransferId::parse(bad), None, "{bad}");
        }
    }
}

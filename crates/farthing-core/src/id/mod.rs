//! Ids: 128 bits, typed by kind, ordered by time, printed with a prefix that says what they name.
//!
//! Owns layout, text and the derivation of ids for what must happen once. Not the source of fresh ids: that needs
//! chance and a clock, and lives in the engine, which fills `from_parts`. Small integer ids of rows belong to their
//! modules.

mod derive;
mod text;

use std::{
    fmt::{self, Debug, Display},
    hash::Hash,
    marker::PhantomData,
};

pub use text::IdParseError;

use crate::time::Instant;

/// What an id names. The bounds let the id derive its own traits; `id_kind!` gives them to every kind.
pub trait Kind: Copy + Ord + Hash + Debug + Send + Sync + 'static {
    /// Lower-case letters, once printed never changed.
    const PREFIX: &'static str;
}

/// Names a kind of id: `id_kind!(TransferId, TransferKind, "trf");` defines the marker and the alias over [`Id128`].
#[macro_export]
macro_rules! id_kind {
    ($id:ident, $kind:ident, $prefix:literal) => {
        #[doc = concat!("The kind of `", $prefix, "_…` ids.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {}

        impl $crate::id::Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }

        #[doc = concat!("`", $prefix, "_` and 26 characters.")]
        pub type $id = $crate::id::Id128<$kind>;

        const _: () = assert!($crate::id::is_prefix($prefix), "a prefix is 2 to 8 lower-case letters");
    };
}

// A transfer itself is keyed by its recorded microsecond (`ledger::TransferId`); this names why it happened.
id_kind!(CauseId, CauseKind, "cause");
id_kind!(HoldId, HoldKind, "hold");

/// 48 bits of milliseconds since 1970, then 80 bits that tell ids of one millisecond apart. Big-endian, so sorting by
/// bytes, by text and by time are one, and index pages fill in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id128<K: Kind> {
    bytes: [u8; 16],
    kind: PhantomData<K>,
}

impl<K: Kind> Id128<K> {
    /// 48 bits of milliseconds reach the year 10889, beyond every instant.
    pub const TIME_MS_MAX: u64 = (1 << 48) - 1;

    /// For the id source. `time_ms` is at most `TIME_MS_MAX`, which every instant in range is.
    pub fn from_parts(time_ms: u64, tail: [u8; 10]) -> Id128<K> {
        assert!(time_ms <= Self::TIME_MS_MAX, "the time part of an id has 48 bits");
        let [_, _, time @ ..] = time_ms.to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&time);
        bytes[6..].copy_from_slice(&tail);
        Id128::from_bytes(bytes)
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Id128<K> {
        Id128 { bytes, kind: PhantomData }
    }

    pub const fn to_bytes(self) -> [u8; 16] {
        self.bytes
    }

    /// The time part, in milliseconds since 1970: when a fresh id was made, the cause's hour of a derived one.
    pub fn time_ms(self) -> u64 {
        u64::try_from(u128::from_be_bytes(self.bytes) >> 80).expect("48 bits fit 64")
    }

    /// The id of what must happen once because of a cause at `cause_at`: its hour, then a hash of `parts`. The same
    /// cause asked for twice, or after a crash, gets the same id, and the second insert finds the first.
    ///
    /// `parts` must identify the cause in full; `cause_at` only sorts it, as its hour is all that is kept. It must be
    /// in the range of instants: those are checked where they enter.
    pub fn derive(cause_at: Instant, parts: &[&[u8]]) -> Id128<K> {
        assert!(cause_at.is_in_range(), "a cause has happened in the range of instants");
        let hour_ms = cause_at.floor_hour().micros().div_euclid(1_000);
        let hour_ms = u64::try_from(hour_ms).expect("instants in range are not before 1970");
        Id128::from_parts(hour_ms, derive::tail(K::PREFIX, parts))
    }

    /// Reads what `Display` prints, and nothing else.
    pub fn parse(text: &str) -> Result<Id128<K>, IdParseError> {
        text::parse(K::PREFIX, text).map(|value| Id128::from_bytes(value.to_be_bytes()))
    }
}

impl<K: Kind> Display for Id128<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&text::print(K::PREFIX, u128::from_be_bytes(self.bytes)))
    }
}

impl<K: Kind> Debug for Id128<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, out)
    }
}

/// Used by `id_kind!`, while compiling.
#[doc(hidden)]
pub const fn is_prefix(prefix: &str) -> bool {
    let mut letters = prefix.as_bytes();
    if letters.len() < 2 || 8 < letters.len() {
        return false;
    }
    while let [letter, rest @ ..] = letters {
        if !letter.is_ascii_lowercase() {
            return false;
        }
        letters = rest;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(unreachable_pub, reason = "the macro makes kinds that others use")]
    mod kind {
        crate::id_kind!(TestId, TestKind, "trf");
    }
    use kind::TestId;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn prefixes_are_short_and_lower_case() {
        let prefixes = ["trf", "hold", "a", "", "Trf", "trf_", "tr2", "transfers", "überweis"];
        assert_eq!(prefixes.map(is_prefix), [true, true, false, false, false, false, false, false, false]);
    }

    #[test]
    fn the_time_part_comes_first() {
        let id = TestId::from_parts(0x0123_4567_89ab, [0xff; 10]);
        assert_eq!(id.to_bytes()[..6], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab]);
        assert_eq!(id.to_bytes()[6..], [0xff; 10]);
        assert_eq!(id.time_ms(), 0x0123_4567_89ab);
        assert_eq!(TestId::from_parts(TestId::TIME_MS_MAX, [0xff; 10]).to_bytes(), [0xff; 16]);
        assert_eq!(std::mem::size_of::<TestId>(), 16);
    }

    #[test]
    #[should_panic(expected = "48 bits")]
    fn a_time_part_never_wraps() {
        let _ = TestId::from_parts(TestId::TIME_MS_MAX + 1, [0; 10]);
    }

    #[test]
    #[should_panic(expected = "in the range of instants")]
    fn a_cause_is_in_range() {
        let _ = TestId::derive(Instant::from_micros(-1), &[b"settle"]);
    }

    #[test]
    fn derived_ids_carry_the_hour_of_their_cause() {
        fn check(cause_at: &str, hour: &str) {
            let id = HoldId::derive(instant(cause_at), &[b"expire", b"hold_1"]);
            assert_eq!(i64::try_from(id.time_ms()).unwrap() * 1_000, instant(hour).micros(), "{cause_at}");
        }
        check("2026-08-18T12:34:56.789012Z", "2026-08-18T12:00:00Z");
        check("2026-08-18T12:00:00Z", "2026-08-18T12:00:00Z");
        check("2026-08-18T11:59:59.999999Z", "2026-08-18T11:00:00Z");
        check("1970-01-01T00:59:59Z", "1970-01-01T00:00:00Z");
        check("9999-12-30T21:59:59.999999Z", "9999-12-30T21:00:00Z");
    }

    #[test]
    fn same_cause_same_id_and_no_other() {
        fn check(parts: &[&str], others: &[&[&str]]) {
            let at = instant("2026-08-18T12:34:56Z");
            let derive = |parts: &[&str]| {
                let bytes: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
                TestId::derive(at, &bytes)
            };
            assert_eq!(derive(parts), derive(parts));
            for other in others {
                assert_ne!(derive(parts), derive(other), "{parts:?} and {other:?}");
            }
        }
        check(&["ab", "c"], &[&["a", "bc"], &["abc"], &["ab", "c", ""], &["", "ab", "c"], &["c", "ab"]]);
        check(&[], &[&[""], &["", ""]]);
        let (transfer, hold) =
            (TestId::derive(Instant::EPOCH, &[b"x"]).to_bytes(), HoldId::derive(Instant::EPOCH, &[b"x"]).to_bytes());
        assert_ne!(transfer, hold);
    }

    /// Ids already stored must be found again by every later version: these may never change.
    #[test]
    fn derived_ids_are_for_ever() {
        fn check(id: &str, expected: &str) {
            assert_eq!(id, expected);
        }
        let at = instant("2026-08-18T12:34:56Z");
        check(&TestId::derive(at, &[b"settle", b"acct_1"]).to_string(), "trf_01m0abw8g0tfjbn245fasf0w43");
        check(&HoldId::derive(at, &[]).to_string(), "hold_01m0abw8g0ksx01tfeknmcatch");
    }

    proptest! {
        #[test]
        fn printing_is_read_back(bytes in any::<[u8; 16]>()) {
            let id = HoldId::from_bytes(bytes);
            prop_assert_eq!(HoldId::parse(&id.to_string()), Ok(id));
            prop_assert_eq!(id.to_bytes(), bytes);
            prop_assert_eq!(format!("{id:?}"), id.to_string());
        }

        #[test]
        fn order_is_time_then_tail_in_bytes_and_in_text(
            a in (0..=TestId::TIME_MS_MAX, any::<[u8; 10]>()),
            b in (0..=TestId::TIME_MS_MAX, any::<[u8; 10]>()),
        ) {
            let (id_a, id_b) = (TestId::from_parts(a.0, a.1), TestId::from_parts(b.0, b.1));
            prop_assert_eq!(id_a.cmp(&id_b), a.cmp(&b));
            prop_assert_eq!(id_a.to_string().cmp(&id_b.to_string()), a.cmp(&b));
            prop_assert_eq!(id_a.to_bytes().cmp(&id_b.to_bytes()), a.cmp(&b));
            prop_assert_eq!(id_a.time_ms(), a.0);
        }

        #[test]
        fn derive_tells_part_lists_apart(
            micros in 0..=Instant::MAX.micros(),
            a in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
            b in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
        ) {
            let at = Instant::from_micros(micros);
            let derive_at = |at, parts: &[Vec<u8>]| {
                TestId::derive(at, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            prop_assert_eq!(derive_at(at, &a) == derive_at(at, &b), a == b);
            prop_assert_eq!(derive_at(at, &a), derive_at(at.floor_hour(), &a));
        }
    }
}

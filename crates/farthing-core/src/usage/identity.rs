//! What an event is known again by, and what may not differ when it comes again.
//!
//! Stored ids depend on every byte hashed here; it may never change.

use super::{Subject, UsageEvent};
use crate::measure::Quantity;

/// Sources are spread over so many stripes: takers of different stripes do not wait for each other.
pub const STRIPES: u8 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Of (cloud, source, id).
    pub hash: [u8; 16],
    /// Of what must not differ: whom it is about, its meters and quantities.
    pub digest: i64,
    /// The milliseconds since 1970 that the id itself begins with (a UUID of version 7, a ULID). A function of the id alone, so whether
    /// its clock was right does not matter to whoever looks for it.
    pub made_ms: Option<u64>,
    /// Of (cloud, source).
    pub stripe: u8,
}

impl Identity {
    pub fn of(cloud: &str, event: &UsageEvent) -> Identity {
        Identity::with(cloud, event, &mut Vec::new())
    }

    /// As `of`, with room to write in that is used again.
    pub(super) fn with(cloud: &str, event: &UsageEvent, room: &mut Vec<u8>) -> Identity {
        room.clear();
        put(room, cloud);
        put(room, &event.source);
        let stripe = spread(room) % STRIPES;
        room.extend_from_slice(event.id.as_bytes());
        let hash = first(blake3::hash(room).as_bytes());

        room.clear();
        match &event.subject {
            Subject::Resource(name) => {
                room.push(b'r');
                put(room, name);
            }
            Subject::Account { name, project, user } => {
                room.push(b'a');
                put(room, name);
                for part in [project, user] {
                    room.push(u8::from(part.is_some()));
                    if let Some(part) = part {
                        put(room, part);
                    }
                }
            }
        }
        match event.quantities.as_slice() {
            [only] => put_quantity(room, only),
            many => {
                // In whatever order they are named.
                let mut sorted: Vec<_> = many.iter().collect();
                sorted.sort_unstable();
                for quantity in sorted {
                    put_quantity(room, quantity);
                }
            }
        }
        let digest = i64::from_le_bytes(first(blake3::hash(room).as_bytes()));
        Identity { hash, digest, made_ms: made_ms(&event.id), stripe }
    }
}

/// What stands beside an event's text in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFacts {
    pub bucket: i64,
    pub account: i64,
    pub sequence: i64,
    pub arrived: i64,
    pub state: i64,
}

/// The hash of an event's text, for its seal: made with the batch.
pub fn text_hash(text: &str) -> [u8; 8] {
    first(blake3::hash(text.as_bytes()).as_bytes())
}

/// The seal of an event's row: a row changed later is named by `verify`.
pub fn seal_event(facts: &EventFacts, text_hash: [u8; 8]) -> i64 {
    let EventFacts { bucket, account, sequence, arrived, state } = *facts;
    let numbers = [bucket, account, sequence, arrived, state].map(i64::to_le_bytes);
    let [bucket, account, sequence, arrived, state] = numbers;
    let row = [bucket, account, sequence, arrived, state, text_hash];
    i64::from_le_bytes(first(blake3::hash(row.as_flattened()).as_bytes()))
}

/// A text after its length, so that no two lists of texts are the same bytes.
fn put(room: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("no text of an event has four gigabytes");
    room.extend_from_slice(&length.to_le_bytes());
    room.extend_from_slice(text.as_bytes());
}

fn put_quantity(room: &mut Vec<u8>, (meter, quantity): &(String, Quantity)) {
    put(room, meter);
    room.extend_from_slice(&quantity.millionths().to_le_bytes());
}

fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    *hash.first_chunk().expect("a hash has 32 bytes")
}

/// FNV-1a: it only spreads sources, and costs less than a hash nobody can steer.
fn spread(bytes: &[u8]) -> u8 {
    let sum = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let [.., top] = sum.to_le_bytes();
    top
}

/// The time that a UUID of version 7 or a ULID begins with.
fn made_ms(id: &str) -> Option<u64> {
    match id.as_bytes() {
        uuid if uuid.len() == 36 => uuid_ms(uuid),
        ulid if ulid.len() == 26 => ulid_ms(ulid),
        _ => None,
    }
}

fn uuid_ms(uuid: &[u8]) -> Option<u64> {
    let dashed = [8, 13, 18, 23].iter().all(|place| uuid.get(*place) == Some(&b'-'));
    if !dashed || uuid.get(14) != Some(&b'7') {
        return None;
    }
    let digits = uuid.get(..8)?.iter().chain(uuid.get(9..13)?);
    digits.copied().try_fold(0_u64, |sum, letter| {
        let digit = char::from(letter).to_digit(16)?;
        Some(sum << 4 | u64::from(digit))
    })
}

fn ulid_ms(ulid: &[u8]) -> Option<u64> {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digit = |letter: &u8| {
        let letter = letter.to_ascii_uppercase();
        (0_u64..).zip(DIGITS).find(|(_, known)| **known == letter).map(|(digit, _)| digit)
    };
    if ulid.first()? > &b'7' || !ulid.iter().all(|letter| digit(letter).is_some()) {
        return None;
    }
    ulid.get(..10)?.iter().try_fold(0_u64, |sum, letter| Some(sum << 5 | digit(letter)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;
    use std::collections::BTreeMap;

    fn event() -> UsageEvent {
        UsageEvent {
            source: "meter".into(),
            id: "1".into(),
            subject: Subject::Account { name: "anna".into(), project: None, user: None },
            product: None,
            at: None,
            quantities: vec![("in".into(), Quantity::ONE), ("out".into(), Quantity::ZERO)],
            properties: BTreeMap::new(),
        }
    }

    #[test]
    fn who_it_is_and_what_may_not_differ() {
        let first = Identity::of("cloud", &event());
        let check = |same_id: bool, same_digest: bool, cloud: &str, change: &dyn Fn(&mut UsageEvent)| {
            let mut changed = event();
            change(&mut changed);
            let other = Identity::of(cloud, &changed);
            assert_eq!((other.hash == first.hash, other.digest == first.digest), (same_id, same_digest), "{changed:?}");
        };
        check(true, true, "cloud", &|_| {});
        check(true, true, "cloud", &|event| event.at = Some(Instant::EPOCH));
        check(true, true, "cloud", &|event| event.product = Some("x".into()));
        check(true, true, "cloud", &|event| drop(event.properties.insert("a".into(), "b".into())));
        check(true, true, "cloud", &|event| event.quantities.reverse());
        check(false, true, "clouds", &|_| {});
        check(false, true, "cloud", &|event| event.source = "metre".into());
        check(false, true, "cloud", &|event| event.id = "2".into());
        check(false, true, "clou", &|event| event.source = "dmeter".into());
        check(false, true, "cloud", &|event| (event.source, event.id) = ("meter1".into(), String::new()));
        check(true, false, "cloud", &|event| event.subject = Subject::Resource("anna".into()));
        let account = |project: Option<&str>, user: Option<&str>| Subject::Account {
            name: "anna".into(),
            project: project.map(Into::into),
            user: user.map(Into::into),
        };
        check(true, false, "cloud", &|event| event.subject = account(Some(""), None));
        check(true, false, "cloud", &|event| event.subject = account(None, Some("")));
        check(true, false, "cloud", &|event| event.quantities[0].0 = "i".into());
        check(true, false, "cloud", &|event| event.quantities[0].1 = Quantity::from_millionths(1_000_001));
        check(true, false, "cloud", &|event| drop(event.quantities.pop()));
        check(true, false, "cloud", &|event| event.quantities.clear());
    }

    /// Ids already stored must be found again by every later version: these may never change.
    #[test]
    fn identities_are_for_ever() {
        let identity = Identity::of("cloud", &event());
        assert_eq!((u128::from_be_bytes(identity.hash), identity.digest, identity.stripe), HASHED);
    }
    const HASHED: (u128, i64, u8) = (0xcebb_7d19_d221_d4e5_0238_e977_5602_10d6, 4_800_405_582_130_691_770, 30);

    #[test]
    fn ids_that_begin_with_a_time() {
        let check = |id: &str, expected: Option<u64>| assert_eq!(made_ms(id), expected, "{id}");
        check("01890a5d-ac96-774b-bcce-b302099a8057", Some(0x0189_0a5d_ac96));
        check("01890A5D-AC96-774B-BCCE-B302099A8057", Some(0x0189_0a5d_ac96));
        check("01890a5d-ac96-474b-bcce-b302099a8057", None);
        check("01890a5d-ac9x-774b-bcce-b302099a8057", None);
        check("01890a5dxac96-774b-bcce-b302099a8057", None);
        check("01ARZ3NDEKTSV4RRFFQ69G5FAV", Some(1_469_922_850_259));
        check("01arz3ndektsv4rrffq69g5fav", Some(1_469_922_850_259));
        check("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", Some((1 << 48) - 1));
        check("81ARZ3NDEKTSV4RRFFQ69G5FAV", None);
        check("01ARZ3NDEKTSV4RRFFQ69G5FAU", None);
        check("", None);
        check("1", None);
    }
}

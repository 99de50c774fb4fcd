//! Whatever happens to a good file on its way, it is read or refused: no panic, and nothing that does not come to its balances.

use crate::{file, good};
use farthing_bank::{Format, guess, pain002, read};
use farthing_core::money::Money;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Change {
    Replace(usize, u8),
    Insert(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![any::<u8>(), proptest::sample::select(b"<>&;:/?+-,.0189\"\n CDR".to_vec())];
    let at = any::<usize>();
    prop_oneof![
        4 => (at, byte.clone()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        2 => (at, byte).prop_map(|(at, byte)| Change::Insert(at, byte)),
        2 => (at, 1..200_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (at, 1..200_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => at.prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |at: usize, bytes: &[u8]| at % bytes.len().max(1);
    match *change {
        _ if bytes.is_empty() => {}
        Change::Replace(at, byte) => {
            let at = place(at, bytes);
            bytes[at] = byte;
        }
        Change::Insert(at, byte) => bytes.insert(place(at, bytes), byte),
        Change::Remove(at, length) => {
            let at = place(at, bytes);
            bytes.drain(at..bytes.len().min(at + length));
        }
        Change::Repeat(at, length) => {
            let at = place(at, bytes);
            let piece = bytes[at..bytes.len().min(at + length)].to_vec();
            bytes.splice(at..at, piece);
        }
        Change::Cut(at) => bytes.truncate(place(at, bytes)),
    }
}

fn look(bytes: &[u8], how: &Format) {
    let _ = guess(bytes);
    match read(bytes, how) {
        Ok(statements) => {
            for statement in statements {
                let (Some(opening), Some(closing)) = (statement.opening, statement.closing) else { continue };
                let all = statement.rows.iter().map(|row| row.amount).chain([opening]);
                assert_eq!(Money::sum(statement.currency, all), Ok(closing));
            }
        }
        Err(bad) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!(
                (1..=lines).contains(&bad.line) && bad.column >= 1 && !bad.what.is_empty() && !bad.fix.is_empty(),
                "{bad}"
            );
        }
    }
}

#[test]
fn cut_anywhere() {
    for (name, how) in good() {
        let bytes = file(name);
        for length in 0..bytes.len() {
            look(&bytes[..length], &how);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changed_anyhow(which in 0..10_usize, changes in proptest::collection::vec(change(), 1..5)) {
        let (name, how) = good().swap_remove(which);
        let mut bytes = file(name);
        for change in &changes {
            apply(&mut bytes, change);
        }
        look(&bytes, &how);
        let _ = pain002(&bytes);
    }

    #[test]
    fn anything_at_all(which in 0..10_usize, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (_, how) = good().swap_remove(which);
        look(&bytes, &how);
    }
}

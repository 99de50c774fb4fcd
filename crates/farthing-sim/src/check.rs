//! Comparing: a script with what a store answers, a store with the model, a store with itself, two stores with each other.

use crate::model::World;
use crate::script::{Script, Step};
use farthing_core::ledger::{Command, Floor, Outcome};
use farthing_core::time::Instant;
use farthing_store::{AccountRow, AuditReport, Store, StoreError, Tx};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Plays a script; the first answer that is not as expected is told.
pub fn play(store: &Store, script: &Script) -> Result<(), String> {
    for (now, step) in &script.steps {
        match step {
            Step::Run { commands, expected } => {
                let got = run(store, commands, *now)?;
                same_answers(commands, expected, &got)?;
            }
            Step::Close { account, expected } => {
                let (now, account) = (*now, *account);
                let got = store
                    .write("close", move |tx| {
                        tx.holds_sweep(now, i64::MAX)?;
                        tx.account_close(account)
                    })
                    .map_err(|error: StoreError| format!("closing {account:?}: {error:?}"))?;
                if got != *expected {
                    return Err(format!("closing {account:?} at {now:?} answered {got}, expected {expected}"));
                }
            }
        }
    }
    sweep(store, script.end)
}

pub fn run(store: &Store, commands: &[Command], now: Instant) -> Result<Vec<Outcome>, String> {
    let asked = commands.to_vec();
    store
        .write("run", move |tx| tx.ledger_run(&asked, now))
        .map_err(|error: StoreError| format!("{error:?} instead of answers to {commands:#?} at {now:?}"))
}

pub fn sweep(store: &Store, now: Instant) -> Result<(), String> {
    store
        .write("sweep", move |tx| tx.holds_sweep(now, i64::MAX).map(drop))
        .map_err(|error: StoreError| format!("sweeping: {error:?}"))
}

pub fn same_answers(commands: &[Command], expected: &[Outcome], got: &[Outcome]) -> Result<(), String> {
    if expected == got {
        return Ok(());
    }
    let mut text = String::from("the answers differ:\n");
    let (mut expected, mut got) = (expected.iter(), got.iter());
    for command in commands {
        let count = if let Command::Linked(set) = command { set.len() } else { 1 };
        let (expected, got): (Vec<_>, Vec<_>) =
            (expected.by_ref().take(count).collect(), got.by_ref().take(count).collect());
        let mark = if expected == got { ' ' } else { '!' };
        let _ = writeln!(text, "{mark} {command:?}\n    model {expected:?}\n    store {got:?}");
    }
    Err(text)
}

/// Every account, transfer and hold of the world, as the store has it.
pub fn same_world(store: &Store, world: &World) -> Result<(), String> {
    let mut wrong = String::new();
    let read = store.read("compare", |tx| {
        for (id, facts) in &world.accounts {
            let row = tx.account(*id)?.map(|row| row.account);
            let got = row.as_ref().map(|account| {
                let sums = [account.debits, account.credits, account.held].map(i128::from);
                (sums, account.closed, account.newest)
            });
            let expected =
                Some(([world.debits(*id), world.credits(*id), world.held(*id)], facts.closed, world.newest(*id)));
            if got != expected {
                let _ = writeln!(
                    wrong,
                    "{id:?}: (debits, credits, held), closed, newest\n    model {expected:?}\n    store {got:?}"
                );
            }
        }
        for booked in &world.booked {
            let (expected, got) = (world.entry(booked.id), tx.transfer(booked.id)?);
            if got != expected {
                let _ = writeln!(wrong, "{}:\n    model {expected:?}\n    store {got:?}", booked.id);
            }
        }
        for (id, hold) in &world.holds {
            let got = tx.hold(*id)?;
            if got.as_ref() != Some(hold) {
                let _ = writeln!(wrong, "{id}:\n    model {hold:?}\n    store {got:?}");
            }
        }
        Ok::<_, StoreError>(())
    });
    read.map_err(|error| format!("comparing: {error:?}"))?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What must hold of any ledger whatever was asked of it; one line for each thing that does not. In plain sums over all
/// rows, beside the store's own audit.
pub fn unsound(store: &Store) -> Vec<String> {
    store.read("sound", unsound_in).unwrap_or_else(|error: StoreError| vec![format!("cannot be read: {error:?}")])
}

type Sums = BTreeMap<i64, i128>;

fn unsound_in(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    let mut debits: Sums = BTreeMap::new();
    let mut credits: Sums = BTreeMap::new();
    tx.each("SELECT debit, credit, amount FROM transfer", &[], |row| {
        let amount = i128::from(row.int(2)?);
        *debits.entry(row.int(0)?).or_default() += amount;
        *credits.entry(row.int(1)?).or_default() += amount;
        Ok(())
    })?;
    let mut held: Sums = BTreeMap::new();
    tx.each(
        "SELECT p.account, p.reserved FROM hold_part p JOIN hold h ON h.id = p.hold WHERE h.state = 0",
        &[],
        |row| {
            *held.entry(row.int(0)?).or_default() += i128::from(row.int(1)?);
            Ok(())
        },
    )?;
    let mut commodities: Sums = BTreeMap::new();
    tx.accounts_each(|AccountRow { account, .. }| {
        let says = [account.debits, account.credits, account.held].map(i128::from);
        let counted = [&debits, &credits, &held].map(|sums| sums.get(&account.id.0).copied().unwrap_or_default());
        if says != counted {
            wrong.push(format!("{:?} says debits, credits, held {says:?}; its rows say {counted:?}", account.id));
        }
        if account.floor == Floor::Zero && account.balance() < 0 {
            wrong.push(format!("{:?} stands at {}, and may not go below zero", account.id, account.balance()));
        }
        *commodities.entry(account.commodity.0).or_default() += i128::from(account.balance());
        Ok(())
    })?;
    wrong.extend(
        commodities.into_iter().filter(|(_, sum)| *sum != 0).map(|(id, sum)| format!("commodity {id} sums to {sum}")),
    );
    let captures = tx.rows(
        "SELECT c.id, c.amount, (SELECT CAST(coalesce(sum(t.amount), 0) AS BIGINT) FROM transfer t
                WHERE t.id >= c.id AND t.id < c.id + 64 AND (t.id = c.id OR t.linked = c.id) AND t.credit = c.recipient)
         FROM hold_capture c ORDER BY c.id",
        &[],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
    )?;
    let captures = captures.into_iter().filter(|(_, amount, moved)| amount != moved);
    wrong.extend(captures.map(|(id, amount, moved)| format!("capture {id} of {amount} moved {moved}")));
    let holds = tx.rows(
        "SELECT h.captured, (SELECT CAST(coalesce(sum(c.amount), 0) AS BIGINT) FROM hold_capture c WHERE c.hold = h.id),
                h.state, (SELECT CAST(coalesce(sum(p.reserved), 0) AS BIGINT) FROM hold_part p WHERE p.hold = h.id)
         FROM hold h ORDER BY h.id",
        &[],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?)),
    )?;
    for (captured, counted, state, reserved) in holds {
        if captured != counted {
            wrong.push(format!("a hold says that {captured} was captured, its captures say {counted}"));
        }
        if (state != 0 && reserved != 0) || reserved < 0 {
            wrong.push(format!("a hold in state {state} reserves {reserved}"));
        }
    }
    Ok(wrong)
}

/// The store's own audit; one line a finding.
pub fn audit(store: &Store) -> Vec<String> {
    match store.read("audit", |tx| tx.audit()) {
        Ok(AuditReport { findings, .. }) => {
            findings.into_iter().map(|finding| format!("{}: {}", finding.row, finding.what)).collect()
        }
        Err(error) => vec![format!("the audit failed: {error:?}")],
    }
}

/// Asserts that nothing is wrong with a store, by its own audit and by plain sums.
pub fn assert_sound(store: &Store, when: &str) {
    let wrong = [unsound(store), audit(store)].concat();
    assert!(wrong.is_empty(), "{when}, at {}:\n{}", store.location(), wrong.join("\n"));
}

/// Everything an owner's accounts and their holds and transfers say, row by row, in the order of their keys: what two
/// stores that were asked the same must agree on to the byte.
pub fn dump(store: &Store, world: &World) -> Vec<String> {
    let (first, last) =
        (world.accounts.keys().next().map_or(0, |id| id.0), world.accounts.keys().next_back().map_or(0, |id| id.0));
    let read = store.read("dump", |tx| {
        let range = [first.into(), last.into()];
        let mut rows = Vec::new();
        for id in world.accounts.keys() {
            rows.push(format!("{:?}", tx.account(*id)?));
        }
        rows.extend(tx.rows(
            "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause, debit_after, credit_after,
                    debit_previous, credit_previous, seal
             FROM transfer WHERE debit BETWEEN $1 AND $2 ORDER BY id",
            &range,
            |row| {
                let ints = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14].map(|column| row.opt_int(column).ok());
                let cause: Option<[u8; 16]> = row.opt_bytes(9)?;
                Ok(format!("transfer {ints:?} {cause:02x?}"))
            },
        )?);
        rows.extend(tx.rows(
            "SELECT h.id, h.owner, h.amount, h.captured, h.expires_at, h.state, p.place, p.account, p.reserved
             FROM hold h JOIN hold_part p ON p.hold = h.id WHERE p.account BETWEEN $1 AND $2 ORDER BY h.id, p.place",
            &range,
            |row| {
                let id: [u8; 16] = row.bytes(0)?;
                Ok(format!("hold {id:02x?} {:?}", [1, 2, 3, 4, 5, 6, 7, 8].map(|column| row.int(column).ok())))
            },
        )?);
        rows.extend(tx.rows(
            "SELECT DISTINCT c.id, c.hold, c.recipient, c.amount, c.last, c.effective
             FROM hold_capture c JOIN hold_part p ON p.hold = c.hold WHERE p.account BETWEEN $1 AND $2 ORDER BY c.id",
            &range,
            |row| {
                let id: [u8; 16] = row.bytes(1)?;
                let ints = [0, 2, 3, 5].map(|column| row.int(column).ok());
                Ok(format!("capture {ints:?} {id:02x?} {}", row.bool(4)?))
            },
        )?);
        Ok::<_, StoreError>(rows)
    });
    read.unwrap_or_else(|error| panic!("cannot dump {}: {error:?}", store.location()))
}

/// The first row in which two dumps differ.
pub fn same_rows(one: &[String], other: &[String]) -> Result<(), String> {
    let differ = (0..one.len().max(other.len())).find(|place| one.get(*place) != other.get(*place));
    match differ {
        None => Ok(()),
        Some(place) => Err(format!("row {place}:\n    {:?}\n    {:?}", one.get(place), other.get(place))),
    }
}

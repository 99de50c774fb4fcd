//! Comparing: a script with what a store answers, a store with the model, a store with itself, two stores with each other.

use crate::model::World;
use crate::script::{Script, Step};
use farthing_core::id::HoldId;
use farthing_core::ledger::{AccountId, Command, Floor, HoldState, Outcome, TransferId};
use farthing_core::time::Instant;
use farthing_store::{AccountRow, AuditReport, Store, StoreError, Tx};
use std::collections::{BTreeMap, BTreeSet};
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
    let mut moved: BTreeMap<TransferId, i128> = BTreeMap::new();
    tx.transfers_each(|entry| {
        let amount = i128::from(entry.amount);
        *debits.entry(entry.debit.0).or_default() += amount;
        *credits.entry(entry.credit.0).or_default() += amount;
        *moved.entry(entry.linked.unwrap_or(entry.id)).or_default() += amount;
        Ok(())
    })?;
    let mut held: Sums = BTreeMap::new();
    let mut captured: BTreeMap<HoldId, i128> = BTreeMap::new();
    tx.captures_each(|capture| {
        let moved = moved.get(&capture.id).copied().unwrap_or_default();
        if moved != i128::from(capture.amount) {
            wrong.push(format!("capture {} of {} moved {moved}", capture.id, capture.amount));
        }
        *captured.entry(capture.hold).or_default() += i128::from(capture.amount);
        Ok(())
    })?;
    tx.holds_each(|hold| {
        let counted = captured.get(&hold.id).copied().unwrap_or_default();
        if i128::from(hold.captured) != counted {
            wrong.push(format!("{} says that {} was captured, its captures say {counted}", hold.id, hold.captured));
        }
        for part in &hold.parts {
            if part.reserved < 0 || (hold.state != HoldState::Open && part.reserved != 0) {
                wrong.push(format!("{} is {:?} and reserves {}", hold.id, hold.state, part.reserved));
            }
            *held.entry(part.account.0).or_default() += i128::from(part.reserved);
        }
        Ok(())
    })?;
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
    let read = store.read("dump", |tx| {
        let ours = |id: &AccountId| world.accounts.contains_key(id);
        let mut rows = Vec::new();
        for id in world.accounts.keys() {
            rows.push(format!("{:?}", tx.account(*id)?));
        }
        tx.transfers_each(|entry| {
            rows.extend(ours(&entry.debit).then(|| format!("{entry:?}")));
            Ok(())
        })?;
        let mut holds = BTreeSet::new();
        tx.holds_each(|hold| {
            if hold.parts.iter().any(|part| ours(&part.account)) {
                rows.push(format!("{hold:?}"));
                holds.insert(hold.id);
            }
            Ok(())
        })?;
        tx.captures_each(|capture| {
            rows.extend(holds.contains(&capture.hold).then(|| format!("{capture:?}")));
            Ok(())
        })?;
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

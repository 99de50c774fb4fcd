//! What many threads do at once, in one process or in one that is killed: an endless stream of commands for each of them,
//! where the `n`th command of a stream is a function of its numbers. So whoever knows which were answered, and how, knows
//! what must be in the books.

use crate::seed::Dice;
use crate::stage::{Cast, Customer, at};
use farthing_core::id::HoldId;
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Code, Command, Kind, Mode, Movement, Outcome, OwnerId, Transfer, TransferId,
};
use farthing_core::time::Instant;
use farthing_store::{Store, StoreError};
use std::collections::BTreeMap;

/// The `n`th command of a stream, and when it is asked.
pub fn command(cast: &Cast, stream: u32, n: u32) -> (Command, Instant) {
    let mut dice = Dice::of(&[u64::from(stream), u64::from(n)]);
    let customer = customer(cast, &mut dice);
    let other = cast.customers[dice.below(cast.customers.len())];
    let id = transfer_id(stream, n, 0);
    let plain = |count, kind, mode, debit, credit, amount| Transfer {
        id: transfer_id(stream, n, count),
        cause: None,
        kind,
        mode,
        effective: now(n),
        movement: Movement::Move { debit, credit, amount, commodity: cast.dollars },
    };
    let command = match n % 8 {
        0 => {
            let to = if dice.below(3) == 0 { customer.credit } else { customer.cash };
            Command::Transfer(plain(0, Kind::TopUp, Mode::Reports, cast.provider, to, dice.between(20, 60)))
        }
        1 => Command::Transfer(plain(0, Kind::Plain, Mode::Asks, customer.cash, cast.revenue, dice.between(1, 40))),
        2 => Command::Linked(vec![
            plain(0, Kind::UsageByCash, Mode::Asks, customer.cash, cast.revenue, dice.between(1, 20)),
            plain(1, Kind::TopUp, Mode::Reports, cast.provider, other.cash, dice.between(1, 20)),
            plain(2, Kind::UsageByCredit, Mode::Asks, other.credit, cast.revenue, dice.between(1, 20)),
        ]),
        3 => Command::Authorise(Authorise {
            id: hold_id(stream, n),
            owner: customer.owner,
            along: vec![customer.credit, customer.cash, customer.debt],
            amount: dice.between(5, 60),
            expires_at: Instant::from_micros(now(n).micros() + [2, 30, 100_000][dice.below(3)] * TICK),
        }),
        4 => Command::Capture(capture(cast, id, hold_id(stream, n - 1), dice.between(1, 20), false)),
        5 => match dice.below(4) {
            0 | 1 => Command::Capture(capture(cast, id, hold_id(stream, n - 2), dice.between(1, 40), true)),
            2 => Command::Release(hold_id(stream, n - 2)),
            _ => Command::Expire(hold_id(stream, n - 2)),
        },
        6 => Command::Transfer(plain(
            0,
            Kind::Chargeback,
            Mode::Reports,
            customer.cash,
            cast.provider,
            dice.between(1, 30),
        )),
        _ => Command::Transfer(Transfer {
            id,
            cause: None,
            kind: Kind::Reversal,
            mode: Mode::Asks,
            effective: now(n),
            movement: Movement::Reverse(transfer_id(stream, n - 7, 0)),
        }),
    };
    (command, now(n))
}

const TICK: i64 = 100;

/// The first roll of every command's dice.
fn customer(cast: &Cast, dice: &mut Dice) -> Customer {
    cast.customers[dice.below(cast.customers.len())]
}

fn now(n: u32) -> Instant {
    at(i64::from(n) * TICK)
}

fn transfer_id(stream: u32, n: u32, count: u8) -> TransferId {
    assert!(stream < 10_000, "a stream has a microsecond of its own in every ten milliseconds");
    TransferId::from_parts(at(1_000_000 + i64::from(n) * 10_000 + i64::from(stream)), 2, count)
        .expect("in the ids' years")
}

fn hold_id(stream: u32, n: u32) -> HoldId {
    let mut tail = [0; 10];
    tail[..4].copy_from_slice(&stream.to_be_bytes());
    tail[4..8].copy_from_slice(&n.to_be_bytes());
    HoldId::from_parts(1_767_225_600_000, tail)
}

fn capture(cast: &Cast, id: TransferId, hold: HoldId, amount: i64, last: bool) -> Capture {
    Capture { id, cause: None, hold, to: cast.revenue, amount, last, kind: Kind::UsageByCash, effective: at(0) }
}

/// One command, and what it was answered once it was on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub stream: u32,
    pub n: u32,
    pub codes: Vec<Code>,
}

impl Answer {
    /// Asks until there is an answer: asking again is safe, and being told that others are busy is not one.
    pub fn ask(store: &Store, cast: &Cast, stream: u32, n: u32) -> Result<Answer, StoreError> {
        let (command, now) = command(cast, stream, n);
        for _ in 0..50 {
            let command = command.clone();
            match store.write("ask", move |tx| tx.ledger_run(std::slice::from_ref(&command), now)) {
                Ok(outcomes) => return Ok(Answer { stream, n, codes: codes(&outcomes) }),
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict(format!("fifty times, at {command:?}")))
    }

    /// `stream n code,code`: a line of the process that is killed.
    pub fn line(&self) -> String {
        let codes: Vec<&str> = self.codes.iter().map(|code| code.name()).collect();
        format!("{} {} {}", self.stream, self.n, codes.join(","))
    }

    pub fn parse(line: &str) -> Option<Answer> {
        let mut words = line.split(' ');
        let (stream, n) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let by_name = |name: &str| Code::ALL.into_iter().find(|code| code.name() == name);
        let codes = words.next()?.split(',').map(by_name).collect::<Option<_>>()?;
        words.next().is_none().then_some(Answer { stream, n, codes })
    }

    fn stands(&self) -> bool {
        self.codes.iter().all(|code| code.stands())
    }
}

fn codes(outcomes: &[Outcome]) -> Vec<Code> {
    outcomes.iter().map(|outcome| outcome.code).collect()
}

/// What a row of `transfer` says.
type Line = (AccountId, AccountId, i64);

/// What the answers, which are all there ever were, say that the books hold; one line for each thing that differs.
pub fn differences(store: &Store, cast: &Cast, answers: &[Answer]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rows = rows(store);
    let mut implied: BTreeMap<TransferId, Line> = BTreeMap::new();
    let mut captured: BTreeMap<TransferId, (OwnerId, i64)> = BTreeMap::new();
    for answer in answers.iter().filter(|answer| answer.stands()) {
        let transfers = match command(cast, answer.stream, answer.n).0 {
            Command::Transfer(transfer) => vec![transfer],
            Command::Linked(set) => set,
            Command::Capture(request) => {
                captured.insert(request.id, (owner_of_hold(cast, answer, request.hold), request.amount));
                continue;
            }
            Command::Authorise(_) | Command::Release(_) | Command::Extend(..) | Command::Expire(_) => continue,
        };
        for transfer in transfers {
            match transfer.movement {
                Movement::Move { debit, credit, amount, .. } => {
                    implied.insert(transfer.id, (debit, credit, amount));
                }
                Movement::Reverse(target) => {
                    let Some((debit, credit, amount)) = implied.get(&target).copied() else {
                        wrong.push(format!("{answer:?} reversed {target}, which nobody was told is there"));
                        continue;
                    };
                    implied.insert(transfer.id, (credit, debit, amount));
                }
            }
        }
    }

    // Every transfer that was answered for is there once, as asked for; and what else is there is a capture's.
    let mut pooled: BTreeMap<OwnerId, i128> = BTreeMap::new();
    let mut pool = |account: AccountId, amount: i64| {
        *pooled.entry(cast.world.accounts[&account].owner).or_default() += i128::from(amount);
    };
    for (id, line) in implied {
        let row = rows.remove(&id);
        if row != Some(line) {
            wrong.push(format!("{id}: was answered for as {line:?}, and is {row:?}"));
        }
        pool(line.0, -line.2);
        pool(line.1, line.2);
    }
    for (id, (owner, amount)) in captured {
        let mut moved = 0;
        for id in (0..64).filter_map(|n| id.plus(n)) {
            if let Some((debit, credit, amount)) = rows.remove(&id) {
                if credit != cast.revenue || cast.world.accounts[&debit].owner != owner {
                    wrong.push(format!("{id}: a capture from {debit:?} to {credit:?}"));
                }
                moved += amount;
            }
        }
        if moved != amount {
            wrong.push(format!("{id}: a capture of {amount} that was answered for has moved {moved}"));
        }
        *pooled.entry(owner).or_default() -= i128::from(amount);
        *pooled.entry(cast.books).or_default() += i128::from(amount);
    }
    wrong.extend(rows.into_iter().map(|(id, row)| format!("{id}: nobody was told of {row:?}")));

    for (owner, expected) in pooled {
        let ids = cast.world.accounts.iter().filter(|(_, facts)| facts.owner == owner).map(|(id, _)| *id);
        let got: i128 = ids.map(|id| balance(store, id)).sum();
        if got != expected {
            wrong.push(format!("{owner:?}: the answers add up to {expected}, the accounts to {got}"));
        }
    }
    wrong
}

/// What a killed process left of a command that nobody was told the end of: all of it or nothing.
pub fn half_done(store: &Store, cast: &Cast, stream: u32, n: u32) -> Option<String> {
    let Command::Linked(set) = command(cast, stream, n).0 else { return None }; // a capture's parts: `check::unsound`
    let rows = rows(store);
    let there = set.iter().filter(|transfer| rows.contains_key(&transfer.id)).count();
    (there != 0 && there != set.len()).then(|| format!("{there} of a set of {}: {set:?}", set.len()))
}

/// Every request that stands is answered `exists` when it is asked again.
pub fn asked_again(store: &Store, cast: &Cast, answers: &[Answer]) -> Vec<String> {
    let mut wrong = Vec::new();
    for answer in answers.iter().filter(|answer| answer.stands()) {
        match Answer::ask(store, cast, answer.stream, answer.n) {
            Ok(again) if again.codes.iter().all(|code| *code == Code::Exists) => {}
            other => wrong.push(format!("{answer:?} asked again: {other:?}")),
        }
    }
    wrong
}

fn owner_of_hold(cast: &Cast, answer: &Answer, hold: HoldId) -> OwnerId {
    let authorised = (1..=2).map(|back| answer.n - back).find(|n| hold_id(answer.stream, *n) == hold);
    let n = authorised.expect("a capture is of a hold one or two commands before it");
    customer(cast, &mut Dice::of(&[u64::from(answer.stream), u64::from(n)])).owner
}

fn rows(store: &Store) -> BTreeMap<TransferId, Line> {
    let read = store.read("rows", |tx| {
        let mut rows = BTreeMap::new();
        tx.transfers_each(|entry| {
            rows.insert(entry.id, (entry.debit, entry.credit, entry.amount));
            Ok(())
        })?;
        Ok(rows)
    });
    read.unwrap_or_else(|error: StoreError| panic!("cannot read transfers: {error:?}"))
}

fn balance(store: &Store, account: AccountId) -> i128 {
    let row = store.read("balance", |tx| tx.account(account)).unwrap_or_else(|error: StoreError| panic!("{error:?}"));
    row.map_or(0, |row| i128::from(row.account.balance()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_line() {
        let answer = Answer { stream: 7, n: 130, codes: vec![Code::LinkedFailed, Code::InsufficientBalance] };
        assert_eq!(answer.line(), "7 130 linked_failed,insufficient_balance");
        assert_eq!(Answer::parse(&answer.line()), Some(answer));
        for torn in ["", "7", "7 130", "7 130 linked_fai", "7 130 created 9", "x 1 created"] {
            assert_eq!(Answer::parse(torn), None, "{torn}");
        }
    }
}

//! Every answer of the ledger, as tables: a line is a request and the code it must get, on both stores.
//!
//! Accounts: A1 cash of customer one, D1 its debt down to -20; A2 cash of customer two; R revenue of the cloud, which may
//! have any balance; U1 and U2 in units; X is closed; BIG1 and BIG2 are near the end of what fits.

use crate::support::{Bed, NOON, read, write};
use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Chart, Code, Command, CommodityId, CommodityKind, Flags, Floor, Kind, Mode,
    Movement, Outcome, OwnerId, Transfer, TransferId,
};
use farthing_core::time::Instant;
use farthing_store::{NewAccount, Store};
use std::collections::BTreeMap;

struct World {
    store: Store,
    accounts: BTreeMap<&'static str, AccountId>,
    owners: BTreeMap<&'static str, OwnerId>,
    money: CommodityId,
    units: CommodityId,
}

impl World {
    fn new(bed: &Bed) -> World {
        let store = bed.open();
        let (money, units, owners, ids) = write(&store, |tx| {
            let money = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
            let units = tx.commodity_ensure("gpu-unit", CommodityKind::Unit, 6)?;
            let one = tx.owner_ensure("acme-cloud", "one", false)?;
            let two = tx.owner_ensure("acme-cloud", "two", false)?;
            let cloud = tx.owner_ensure("acme-cloud", "books", true)?;
            let account = |owner, code: Chart, commodity, floor| NewAccount { owner, code, commodity, floor };
            let accounts = [
                account(one, Chart::Cash, money, Floor::Zero),
                account(one, Chart::ReceivableDebt, money, Floor::Minus(20)),
                account(two, Chart::Cash, money, Floor::Zero),
                account(cloud, Chart::Revenue("service".into()), money, Floor::Open),
                account(one, Chart::Units("gpu".into()), units, Floor::Zero),
                account(cloud, Chart::UnitsOut, units, Floor::Open),
                account(cloud, Chart::Suspense, money, Floor::Open),
                account(cloud, Chart::Bank, money, Floor::Open),
                account(cloud, Chart::Fees, money, Floor::Open),
                account(one, Chart::Credit("welcome".into()), money, Floor::Zero),
                account(one, Chart::Credit("second".into()), money, Floor::Zero),
            ];
            let ids = tx.accounts_open(&accounts, NOON)?;
            assert!(tx.account_close(ids[6])?, "an empty account closes");
            Ok((money, units, [one, two, cloud], ids))
        });
        let names = ["A1", "D1", "A2", "R", "U1", "U2", "X", "BIG1", "BIG2", "L1", "L2"];
        let accounts = names.into_iter().zip(ids).chain([("NONE", AccountId(999))]).collect();
        World { store, accounts, owners: ["one", "two", "cloud"].into_iter().zip(owners).collect(), money, units }
    }

    /// Runs a table: each line against the books as the lines before it left them.
    fn table(&self, table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (request, expected) = line.split_once("->").unwrap_or_else(|| panic!("no answer in: {line}"));
            let expected = expected.split('#').next().unwrap_or_default();
            let (commands, now) = self.commands(request.trim());
            let outcomes = write(&self.store, move |tx| tx.ledger_run(&commands, now));
            let found: Vec<String> = outcomes.into_iter().map(told).collect();
            assert_eq!(found.join(" ; "), expected.trim(), "\n  in: {line}");
        }
        let report = read(&self.store, |tx| tx.audit());
        assert_eq!(report.findings, [], "after the table");
    }

    fn commands(&self, text: &str) -> (Vec<Command>, Instant) {
        let (text, now) = text.split_once(" at+").map_or((text, NOON), |(rest, seconds)| {
            (rest, Instant::from_micros(NOON.micros() + seconds.trim().parse::<i64>().expect(text) * 1_000_000))
        });
        let mut words = text.split_whitespace();
        let commands = match words.next() {
            Some("linked") => {
                let set = text.trim_start_matches("linked").split('|');
                let set = set.map(|one| self.transfer(one.split_whitespace())).collect();
                vec![Command::Linked(set)]
            }
            Some("balance") => {
                let name = words.next().expect(text);
                let row = read(&self.store, |tx| tx.account(self.accounts[name])).expect("the account is there");
                let (balance, held) = (row.account.balance(), row.account.held);
                let expected: Vec<i64> = words.map(|word| word.parse().expect(text)).collect();
                assert_eq!([balance, held], expected[..], "{text}");
                vec![]
            }
            Some("authorise") => vec![Command::Authorise(self.authorise(words))],
            Some("capture") => vec![Command::Capture(self.capture(words))],
            Some("extend") => {
                let hold = hold_id(words.next().expect(text));
                let lasts: i64 = words.next().and_then(|lasts| lasts.strip_prefix('+')?.parse().ok()).expect(text);
                vec![Command::Extend(hold, Instant::from_micros(now.micros() + lasts * 1_000_000))]
            }
            Some("release") => vec![Command::Release(hold_id(words.next().expect(text)))],
            Some("expire") => vec![Command::Expire(hold_id(words.next().expect(text)))],
            _ => vec![Command::Transfer(self.transfer(text.split_whitespace()))],
        };
        (commands, now)
    }

    /// `transfer|report T1 A1 A2 15 [units] [late] [cause=C]` or `reverse T2 T1`.
    fn transfer<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> Transfer {
        let verb = words.next().expect("a verb");
        let id = transfer_id(words.next().expect("an id"));
        let mut transfer = Transfer {
            id,
            cause: None,
            kind: Kind::Plain,
            mode: if verb == "report" { Mode::Reports } else { Mode::Asks },
            effective: NOON,
            movement: Movement::Reverse(id),
        };
        if verb == "reverse" {
            transfer.kind = Kind::Reversal;
            transfer.movement = Movement::Reverse(transfer_id(words.next().expect("what")));
        } else {
            let (debit, credit) =
                (self.accounts[words.next().expect("debit")], self.accounts[words.next().expect("credit")]);
            let amount = words.next().expect("amount");
            let amount = if amount == "max" { i64::MAX } else { amount.parse().expect("amount") };
            transfer.movement = Movement::Move { debit, credit, amount, commodity: self.money };
        }
        for word in words {
            match (word, &mut transfer.movement) {
                ("units", Movement::Move { commodity, .. }) => *commodity = self.units,
                ("late", _) => transfer.effective = Instant::from_micros(NOON.micros() - 1),
                (word, _) => match word.strip_prefix("cause=") {
                    Some(cause) => transfer.cause = Some(CauseId::derive(NOON, &[cause.as_bytes()])),
                    None => panic!("what is {word}?"),
                },
            }
        }
        transfer
    }

    /// `authorise H1 one A1,D1 10 [until=60]`
    fn authorise<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> Authorise {
        let id = hold_id(words.next().expect("a hold"));
        let owner = self.owners[words.next().expect("an owner")];
        let along = words.next().expect("accounts").split(',').map(|name| self.accounts[name]).collect();
        let amount = words.next().expect("amount").parse().expect("amount");
        let until: i64 = words.next().map_or(600, |word| word.trim_start_matches("until=").parse().expect(word));
        Authorise { id, owner, along, amount, expires_at: Instant::from_micros(NOON.micros() + until * 1_000_000) }
    }

    /// `capture C1 H1 R 10 [last] [late]`; captures have ids of their own, each the first of a run.
    fn capture<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> Capture {
        let id = capture_id(words.next().expect("a capture"));
        let hold = hold_id(words.next().expect("a hold"));
        let to = self.accounts[words.next().expect("an account")];
        let amount = words.next().expect("amount").parse().expect("amount");
        let rest: Vec<&str> = words.collect();
        let effective = Instant::from_micros(NOON.micros() - i64::from(rest.contains(&"late")));
        let (last, kind) = (rest.contains(&"last"), Kind::UsageByCash);
        Capture { id, cause: None, hold, to, amount, last, kind, effective }
    }
}

fn transfer_id(name: &str) -> TransferId {
    let number: i64 = name.trim_start_matches('T').parse().expect(name);
    TransferId::from_parts(Instant::from_micros(NOON.micros() + number), 0, 0).expect("a time in range")
}

fn capture_id(name: &str) -> TransferId {
    let number: i64 = name.trim_start_matches('C').parse().expect(name);
    TransferId::from_parts(Instant::from_micros(NOON.micros() + 100_000 + number), 0, 0).expect("a time in range")
}

fn hold_id(name: &str) -> HoldId {
    HoldId::derive(NOON, &[name.as_bytes()])
}

/// The code, and the flags in brackets.
fn told(outcome: Outcome) -> String {
    let flags = [
        (Flags::FLOOR_PASSED, "floor_passed"),
        (Flags::ABOVE_HOLD, "above_hold"),
        (Flags::AFTER_EXPIRY, "after_expiry"),
    ];
    let flags: Vec<&str> =
        flags.into_iter().filter(|(flag, _)| outcome.flags.has(*flag)).map(|(_, name)| name).collect();
    if flags.is_empty() {
        outcome.code.name().to_owned()
    } else {
        format!("{} [{}]", outcome.code.name(), flags.join(" "))
    }
}

both! {
    fn transfers(bed: &Bed) {
        World::new(bed).table("
            transfer T1 R A1 15                 -> created
            transfer T1 R A1 15                 -> exists
            transfer T1 R A1 16                 -> exists_with_different_amount
            transfer T1 R A2 15                 -> exists_with_different_accounts
            transfer T1 A1 R 15                 -> exists_with_different_accounts
            transfer T1 R A1 15 units           -> exists_with_different_commodity
            transfer T1 R A1 15 late            -> exists_with_different_effective
            reverse  T1 T9                      -> exists_with_different_link
            transfer T2 A1 NONE 1               -> account_not_found
            transfer T2 NONE A1 1               -> account_not_found
            transfer T2 A1 X 1                  -> account_closed
            transfer T2 X A1 1                  -> account_closed
            transfer T2 A1 A1 1                 -> same_account
            transfer T2 A1 U1 1                 -> commodity_mismatch
            transfer T2 U2 U1 1                 -> commodity_mismatch
            transfer T2 U2 U1 1 units           -> created
            transfer T3 A1 R 0                  -> amount_not_positive
            transfer T3 A1 R -1                 -> amount_not_positive
            transfer T3 A1 R 16                 -> insufficient_balance
            report   T3 A1 R 16                 -> insufficient_balance  # cash is never below zero: the rest goes to debt first
            transfer T3 A1 R 15                 -> created
            balance A1 0 0                      ->
            transfer T4 BIG1 BIG2 max           -> created
            transfer T5 BIG1 R 1                -> overflow
            transfer T5 R BIG2 1                -> overflow
            transfer T5 BIG2 BIG1 max           -> created
        ");
    }
}

both! {
    fn floors_of_what_asks_and_of_what_reports(bed: &Bed) {
        World::new(bed).table("
            transfer T1 D1 R 20                 -> created                # down to -20
            transfer T2 D1 R 1                  -> insufficient_balance
            report   T2 D1 R 1                  -> created [floor_passed] # it has happened: booked, and flagged
            transfer T3 D1 R 1                  -> insufficient_balance
            transfer T3 R D1 5                  -> created                # -16
            transfer T4 D1 R 5                  -> insufficient_balance   # -21 again
            transfer T4 D1 R 4                  -> created
            balance D1 -20 0                    ->
        ");
    }
}

both! {
    fn linked_transfers_all_or_none(bed: &Bed) {
        World::new(bed).table("
            linked transfer T1 R A1 10 | transfer T2 R A2 5                    -> created ; created
            linked transfer T1 R A1 10 | transfer T2 R A2 5                    -> exists ; exists
            linked transfer T3 A1 R 4 | transfer T4 A1 R 7 | transfer T5 R A1 1 -> linked_failed ; insufficient_balance ; linked_failed
            balance A1 10 0                                                    ->
            linked transfer T3 A1 A2 10 | transfer T4 A2 R 15                  -> created ; created
            balance A2 0 0                                                     ->
            transfer T3 A1 A2 10                                               -> exists_with_different_link
            linked transfer T3 A1 A2 10 | transfer T6 R A1 1                   -> exists ; linked_failed
            balance A1 0 0                                                     ->
            linked transfer T7 R A1 1 | transfer T7 R A1 1                     -> linked_failed ; linked_failed
            balance A1 0 0                                                     ->
            linked transfer T8 R A1 1 | reverse T9 T8                          -> created ; created
            balance A1 0 0                                                     ->
        ");
    }
}

both! {
    fn one_cause_is_one_transfer(bed: &Bed) {
        World::new(bed).table("
            transfer T1 R A1 10 cause=payment-7      -> created
            transfer T2 R A1 10 cause=payment-7      -> exists
            transfer T2 R A1 11 cause=payment-7      -> exists_with_different_amount
            transfer T2 R A1 10 cause=payment-8      -> created
            linked transfer T3 R A1 1 cause=c | transfer T4 A1 R 99 -> linked_failed ; insufficient_balance
            transfer T5 R A1 1 cause=c               -> created   # a cause that came to nothing is free
            balance A1 21 0                          ->
        ");
    }
}

both! {
    fn reversal_by_link(bed: &Bed) {
        World::new(bed).table("
            reverse  T9 T1                      -> transfer_not_found
            transfer T1 R A1 10                 -> created
            reverse  T2 T1                      -> created
            reverse  T2 T1                      -> exists
            reverse  T3 T1                      -> already_reversed
            transfer T2 A1 R 10                 -> exists_with_different_link
            balance A1 0 0                      ->
            reverse  T4 T2                      -> created               # won after all: the reversal is reversed
            balance A1 10 0                     ->
            transfer T5 A1 R 8                  -> created
            reverse  T6 T4                      -> insufficient_balance  # it was spent meanwhile
            balance A1 2 0                      ->
        ");
    }
}

both! {
    fn holds(bed: &Bed) {
        World::new(bed).table("
            transfer T1 R A1 100                -> created
            authorise H1 one A1 30              -> created
            authorise H1 one A1 30              -> exists
            authorise H1 one A1 31              -> exists_with_different_amount
            authorise H1 one A1,D1 30           -> exists_with_different_accounts
            authorise H1 one A1 30 until=601    -> exists_with_different_effective
            balance A1 100 30                   ->
            authorise H2 one A1 71              -> insufficient_balance
            authorise H2 one A1 0               -> amount_not_positive
            authorise H2 one A2 1               -> account_not_found     # somebody else's does not exist
            authorise H2 one NONE 1             -> account_not_found
            authorise H2 one A1,U1 1            -> commodity_mismatch
            authorise H2 one A1,A1 1            -> same_account
            authorise H2 cloud X 1              -> account_closed
            authorise H2 one A1,D1 90           -> created               # 70 of cash, 20 of the credit line
            balance D1 0 20                     ->
            authorise H3 one A1,D1 1            -> insufficient_balance
            transfer T2 A1 R 1                  -> insufficient_balance  # what is held is not there for others
            release H2                          -> created
            release H2                          -> exists
            extend H2 +99                       -> hold_closed
            release H9                          -> hold_not_found
            capture C1 H9 R 5                   -> hold_not_found
            capture C1 H1 NONE 5                -> account_not_found
            capture C1 H1 X 5                   -> account_closed
            capture C1 H1 U2 5                  -> commodity_mismatch
            capture C1 H1 A1 5                  -> same_account
            capture C1 H1 R 0                   -> amount_not_positive
            capture C1 H1 R 10                  -> created
            capture C1 H1 R 10                  -> exists
            capture C1 H1 R 11                  -> exists_with_different_amount
            capture C1 H1 A2 10                 -> exists_with_different_accounts
            capture C1 H1 R 10 last             -> exists_with_different_link
            capture C1 H1 R 10 late             -> exists_with_different_effective
            balance A1 90 20                    ->
            capture C2 H1 R 5 last              -> created
            balance A1 85 0                     ->
            capture C3 H1 R 1                   -> hold_closed
            capture C3 H2 R 1                   -> hold_closed           # released
            release H1                          -> hold_closed
            expire H1                           -> exists
        ");
    }
}

both! {
    fn a_capture_above_or_after_its_hold_is_booked_and_flagged(bed: &Bed) {
        World::new(bed).table("
            transfer T1 R A1 100                -> created
            authorise H1 one A1,D1 30 until=60  -> created
            capture C1 H1 R 50                  -> created [above_hold]
            balance A1 50 0                     ->
            authorise H2 one A1,D1 10 until=60  -> created
            extend H2 +60                       -> exists                # never shorter
            extend H2 +70                       -> created
            extend H9 +70                       -> hold_not_found
            expire H2 at+69                     -> exists                # not yet
            balance A1 50 10                    ->
            transfer T2 A1 R 50 at+70           -> created               # whoever touches the owner ends what is due
            balance A1 0 0                      ->
            capture C2 H2 R 12 at+71            -> created [after_expiry]
            balance D1 -12 0                    ->
            capture C3 H2 R 9 at+72             -> created [floor_passed after_expiry]
            balance D1 -21 0                    ->
            release H2 at+73                    -> exists
        ");
    }
}

both! {
    /// Case C2: lots 100 + 100 + 100, hold 250 -> 50 left; a final capture of 80 -> 220 left (a partial one: 50 available).
    fn case_c2_a_hold_over_lots(bed: &Bed) {
        World::new(bed).table("
            transfer T1 R L1 100                -> created
            transfer T2 R L2 100                -> created
            transfer T3 R A1 100                -> created
            authorise H1 one L1,L2,A1 250       -> created
            balance L1 100 100                  ->
            balance A1 100 50                   ->  # 300 - 250 = 50 available
            capture C1 H1 R 80                  -> created
            balance L1 20 20                    ->
            balance A1 100 50                   ->  # 220 - 170 held = 50 available
            authorise H2 one L1,L2,A1 51        -> insufficient_balance
            capture C2 H1 R 20 last             -> created
            balance L1 0 0                      ->
            balance L2 100 0                    ->
            balance A1 100 0                    ->
            # Lots 100 + 100: hold 30, capture 150 is booked and flagged -> 50
            authorise H3 one L2,A1 30           -> created
            capture C3 H3 R 150 last            -> created [above_hold]
            balance L2 0 0                      ->
            balance A1 50 0                     ->
        ");
    }
}

both! {
    /// Two processes on one store: what the one has read before, the other may have changed since.
    fn two_writers_see_each_other(bed: &Bed) {
        let one = World::new(bed);
        let two = World { store: bed.open(), accounts: one.accounts.clone(), owners: one.owners.clone(), ..one };
        let one = World { store: bed.open(), accounts: two.accounts.clone(), owners: two.owners.clone(), ..two };
        for turn in 0..20 {
            let spend = format!("transfer T{} A1 R 10 -> created\n balance A1 0 0 ->", 1000 + turn * 4 + 1);
            one.table(&format!("transfer T{} R A1 10 -> created\n balance A1 10 0 ->", 1000 + turn * 4));
            two.table(&format!("transfer T{} A1 R 11 -> insufficient_balance\n {spend}", 1000 + turn * 4 + 2));
            one.table(&format!("transfer T{} A1 R 1 -> insufficient_balance", 1000 + turn * 4 + 3));
        }
    }
}

both! {
    /// What a closure had done before it failed is unknown to the next one.
    fn a_closure_that_fails_leaves_no_trace_in_what_is_known(bed: &Bed) {
        let world = World::new(bed);
        world.table("transfer T1 R A1 10 -> created");
        for turn in 0..3 {
            let (commands, now) = world.commands(&format!("transfer T{} A1 R 7", 10 + turn));
            let told = world.store.write("fails", move |tx| {
                assert_eq!(tx.ledger_run(&commands, now)?[0].code, Code::Created);
                Err::<(), _>(farthing_store::StoreError::Unusable("and then it failed".into()))
            });
            assert!(told.is_err());
        }
        world.table("transfer T20 A1 R 10 -> created\n balance A1 0 0 ->");
    }
}

both! {
    fn history_newest_first_in_pages(bed: &Bed) {
        let world = World::new(bed);
        world.table("
            transfer T1 R A1 10  -> created
            transfer T2 R A2 5   -> created
            transfer T3 A1 A2 4  -> created
            transfer T4 A1 R 1   -> created
        ");
        let a1 = world.accounts["A1"];
        let page = |before: Option<&str>, most| {
            let lines = read(&world.store, |tx| tx.account_history(a1, before.map(transfer_id), most));
            lines.iter().map(|line| (line.entry.id, line.change, line.balance_after)).collect::<Vec<_>>()
        };
        let all = [(transfer_id("T4"), -1, 5), (transfer_id("T3"), -4, 6), (transfer_id("T1"), 10, 10)];
        assert_eq!(page(None, 50), all);
        assert_eq!(page(None, 2), all[..2]);
        assert_eq!(page(Some("T3"), 2), all[2..]);
        assert_eq!(page(Some("T1"), 2), []);
        assert_eq!(page(None, 0), []);
        assert_eq!(page(Some("T2"), 9), [], "another account's line is no place in this history");
    }
}

#[test]
fn every_code_is_in_a_table() {
    let text = include_str!("ledger_codes.rs");
    let missing: Vec<&str> =
        Code::ALL.iter().map(|code| code.name()).filter(|name| !text.contains(&format!(" {name}"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

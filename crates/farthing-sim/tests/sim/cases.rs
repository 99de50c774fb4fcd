//! Cases with known answers (C2, C3): inputs and results that nobody here chose, on both stores, the arithmetic beside them.

use farthing_core::id::HoldId;
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Chart, Code, Command, Flags, Floor, Kind, Mode, Movement, Outcome, OwnerId,
    Transfer, TransferId,
};
use farthing_core::time::Instant;
use farthing_sim::check;
use farthing_sim::stage::{Cast, Stage, at};
use farthing_store::{NewAccount, StoreError};
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};

/// One customer with some lots of credit.
struct Case<'s> {
    stage: &'s Stage,
    cast: Cast,
    owner: OwnerId,
    lots: Vec<AccountId>,
}

/// Ids count up over all cases, some of which share a store.
fn next_number() -> i64 {
    static ASKED: AtomicI64 = AtomicI64::new(0);
    ASKED.fetch_add(1, Ordering::Relaxed)
}

fn next_id() -> TransferId {
    TransferId::from_parts(at(next_number()), 0, 0).expect("in the ids' years")
}

impl Case<'_> {
    fn new<'s>(stage: &'s Stage, name: &str, lots: &[i64]) -> Case<'s> {
        let cast = Cast::ensure(&stage.store, name, 1, 0);
        let (owner, commodity) = (cast.customers[0].owner, cast.dollars);
        let accounts: Vec<NewAccount> = (1..=lots.len())
            .map(|lot| NewAccount { owner, code: Chart::Credit(format!("lot-{lot}")), commodity, floor: Floor::Zero })
            .collect();
        let ids = stage.store.write("lots", move |tx| tx.accounts_open(&accounts, at(0)));
        let ids = ids.unwrap_or_else(|error: StoreError| panic!("{error}"));
        let case = Case { stage, cast, owner, lots: ids.clone() };
        for (lot, amount) in ids.into_iter().zip(lots) {
            let movement = Movement::Move {
                debit: case.cast.provider,
                credit: lot,
                amount: *amount,
                commodity: case.cast.dollars,
            };
            case.transfer(Mode::Reports, movement);
        }
        case
    }

    fn ask(&self, command: Command, now: Instant) -> Outcome {
        check::run(&self.stage.store, &[command], now).expect("the store answers")[0]
    }

    fn transfer(&self, mode: Mode, movement: Movement) {
        let id = next_id();
        let transfer = Transfer { id, cause: None, kind: Kind::Plain, mode, effective: at(0), movement };
        assert_eq!(self.ask(Command::Transfer(transfer), at(0)).code, Code::Created);
    }

    fn use_up(&self, amount: i64) {
        let (debit, credit, commodity) = (self.lots[0], self.cast.revenue, self.cast.dollars);
        self.transfer(Mode::Asks, Movement::Move { debit, credit, amount, commodity });
    }

    /// Reserves along all lots, until `at(1_000_000)`.
    fn hold(&self, amount: i64) -> HoldId {
        let mut tail = [0; 10];
        tail[..8].copy_from_slice(&next_number().to_be_bytes());
        let id = HoldId::from_parts(0, tail);
        let expires_at = at(1_000_000);
        let request = Authorise { id, owner: self.owner, along: self.lots.clone(), amount, expires_at };
        assert_eq!(self.ask(Command::Authorise(request), at(0)).code, Code::Created);
        id
    }

    fn capture(&self, hold: HoldId, amount: i64, last: bool) -> Capture {
        let (id, to) = (next_id(), self.cast.revenue);
        Capture { id, cause: None, hold, to, amount, last, kind: Kind::UsageByCredit, effective: at(0) }
    }

    /// (what the lots have, what of it is free)
    fn lots(&self) -> (i64, i64) {
        let read = |id| {
            self.stage.store.read("lot", |tx| tx.account(id)).unwrap_or_else(|error: StoreError| panic!("{error}"))
        };
        let lots: Vec<_> = self.lots.iter().map(|id| read(*id).expect("it is there").account).collect();
        let (balance, held): (i64, i64) =
            (lots.iter().map(|lot| lot.balance()).sum(), lots.iter().map(|lot| lot.held).sum());
        (balance, balance - held)
    }
}

#[test]
fn case_c2_a_hold_over_lots() {
    for stage in &Stage::both("case-c2") {
        // 100 + 100 + 100 = 300; 300 - 250 = 50 left.
        let case = Case::new(stage, "final", &[100, 100, 100]);
        let hold = case.hold(250);
        assert_eq!(case.lots(), (300, 50), "{}", stage.name());
        // A final capture of 80 gives the other 170 back: 300 - 80 = 220.
        let capture = case.capture(hold, 80, true);
        assert_eq!(case.ask(Command::Capture(capture), at(0)), Code::Created.into());
        assert_eq!(case.lots(), (220, 220), "{}", stage.name());

        // A partial one keeps 250 - 80 = 170 held: 300 - 80 - 170 = 50 available.
        let case = Case::new(stage, "partial", &[100, 100, 100]);
        let hold = case.hold(250);
        let capture = case.capture(hold, 80, false);
        assert_eq!(case.ask(Command::Capture(capture), at(0)), Code::Created.into());
        assert_eq!(case.lots(), (220, 50), "{}", stage.name());

        // 100 + 100 = 200; hold 30, capture 150: booked, the 120 above the hold flagged; 200 - 150 = 50.
        let case = Case::new(stage, "above", &[100, 100]);
        let hold = case.hold(30);
        let capture = case.capture(hold, 150, true);
        let flagged = Outcome { code: Code::Created, flags: Flags::ABOVE_HOLD };
        assert_eq!(case.ask(Command::Capture(capture), at(0)), flagged);
        assert_eq!(case.lots(), (50, 50), "{}", stage.name());
        check::assert_sound(&stage.store, "C2");
    }
}

/// How often two threads meet: how they do is left to chance.
const MEETINGS: usize = 12;

/// What several threads were answered that asked at the same moment, sorted.
fn at_once<T: Ord + Send>(ask: &[&(dyn Fn() -> T + Sync)]) -> Vec<T> {
    let barrier = Barrier::new(ask.len());
    let mut answers: Vec<T> = std::thread::scope(|scope| {
        let threads: Vec<_> = ask
            .iter()
            .map(|ask| {
                scope.spawn(|| {
                    barrier.wait();
                    ask()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread ends")).collect()
    });
    answers.sort();
    answers
}

#[test]
fn case_c3_an_expiry_processed_twice_at_once() {
    for stage in &Stage::both("case-c3") {
        for meeting in 0..MEETINGS {
            // 15 - 3 = 12, of which 8 are held: 4 free.
            let case = Case::new(stage, &format!("expiry-{meeting}"), &[15]);
            case.use_up(3);
            let hold = case.hold(8);
            assert_eq!(case.lots(), (12, 4));
            // However often it expires, the 8 come back once: 12.
            let expire = || case.ask(Command::Expire(hold), at(1_000_000)).code;
            let sweep = || {
                check::sweep(&stage.store, at(1_000_000)).expect("the store answers");
                Code::Exists
            };
            assert_eq!(at_once(&[&expire, &expire, &sweep]), [Code::Exists; 3], "{}", stage.name());
            assert_eq!(case.lots(), (12, 12), "{}", stage.name());
        }
        check::assert_sound(&stage.store, "C3");
    }
}

#[test]
fn case_c3_two_final_captures_at_once() {
    for stage in &Stage::both("case-c3") {
        for meeting in 0..MEETINGS {
            // 15 of which 8 are held; the first final capture of 4 closes the hold: 15 - 4 = 11, all of it free.
            let case = Case::new(stage, &format!("captures-{meeting}"), &[15]);
            let hold = case.hold(8);
            let [one, other] = [case.capture(hold, 4, true), case.capture(hold, 4, true)];
            let first = || case.ask(Command::Capture(one), at(0)).code;
            let second = || case.ask(Command::Capture(other), at(0)).code;
            assert_eq!(at_once(&[&first, &second]), [Code::Created, Code::HoldClosed], "{}", stage.name());
            assert_eq!(case.lots(), (11, 11), "{}", stage.name());
        }
        check::assert_sound(&stage.store, "C3");
    }
}

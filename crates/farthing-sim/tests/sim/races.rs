//! Two batches that meet on PostgreSQL in one particular way, made to: the first stays open, its locks held, until the
//! second waits for them. (On SQLite closures run one after the other; there is no such moment.)

use farthing_core::id::HoldId;
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Code, Command, Kind, Mode, Movement, Outcome, Transfer, TransferId,
};
use farthing_core::time::Instant;
use farthing_sim::check;
use farthing_sim::stage::{Cast, Customer, Stage, at};
use farthing_store::{StoreError, Tx};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Runs `first` in a transaction that does not commit before `second`, asked meanwhile, waits for a lock of it (or has
/// been answered without).
fn meet<T: Send + 'static>(
    stage: &Stage,
    mut first: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    second: &(Vec<Command>, Instant),
) -> (T, Vec<Outcome>) {
    let answered = Arc::new(AtomicBool::new(false));
    let (ready, begun) = mpsc::channel();
    let seen = answered.clone();
    std::thread::scope(|scope| {
        let one = scope.spawn(move || {
            stage.store.write("first", move |tx| {
                let result = first(tx)?;
                let _ = ready.send(());
                let deadline = std::time::Instant::now() + Duration::from_secs(5);
                while !seen.load(Ordering::Acquire) && !somebody_waits(tx)? && std::time::Instant::now() < deadline {
                    std::thread::yield_now();
                }
                Ok::<_, StoreError>(result)
            })
        });
        begun.recv().expect("the first one comes to its waiting");
        let outcomes = check::run(&stage.store, &second.0, second.1).expect("the store answers");
        answered.store(true, Ordering::Release);
        (one.join().expect("the first one ends").expect("the first one commits"), outcomes)
    })
}

fn somebody_waits(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let waiting = tx.one(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE NOT l.granted AND a.datname = current_database()",
        &[],
        |row| row.int(0),
    )?;
    Ok(waiting.unwrap_or_default() > 0)
}

/// A customer with 100 in cash and 100 in credit.
struct Scene {
    stage: Stage,
    cast: Cast,
    customer: Customer,
}

impl Scene {
    fn new(name: &str) -> Scene {
        let stage = Stage::postgres(name);
        let cast = Cast::ensure(&stage.store, name, 1, 0);
        let customer = cast.customers[0];
        let scene = Scene { stage, cast, customer };
        let top_ups = vec![scene.pay_in(customer.cash, 1, 100), scene.pay_in(customer.credit, 2, 100)];
        assert_eq!(check::run(&scene.stage.store, &top_ups, at(0)).expect("the store answers").len(), 2);
        scene
    }

    fn transfer(&self, number: i64, mode: Mode, debit: AccountId, credit: AccountId, amount: i64) -> Command {
        let id = TransferId::from_parts(at(number), 0, 0).expect("in the ids' years");
        let movement = Movement::Move { debit, credit, amount, commodity: self.cast.dollars };
        Command::Transfer(Transfer { id, cause: None, kind: Kind::Plain, mode, effective: at(0), movement })
    }

    fn pay_in(&self, account: AccountId, number: i64, amount: i64) -> Command {
        self.transfer(number, Mode::Reports, self.cast.provider, account, amount)
    }

    fn spend(&self, account: AccountId, number: i64, amount: i64) -> Command {
        self.transfer(number, Mode::Asks, account, self.cast.revenue, amount)
    }

    fn authorise(&self, number: u8, along: &[AccountId], amount: i64, expires_at: Instant) -> (HoldId, Command) {
        let id = HoldId::from_parts(0, [number; 10]);
        let (owner, along) = (self.customer.owner, along.to_vec());
        (id, Command::Authorise(Authorise { id, owner, along, amount, expires_at }))
    }

    fn run(&self, commands: &[Command], now: Instant) -> Vec<Code> {
        let outcomes = check::run(&self.stage.store, commands, now).expect("the store answers");
        outcomes.into_iter().map(|outcome| outcome.code).collect()
    }

    fn account(&self, id: AccountId) -> (i64, i64) {
        let row =
            self.stage.store.read("account", |tx| tx.account(id)).unwrap_or_else(|error: StoreError| panic!("{error}"));
        let account = row.expect("it is there").account;
        (account.balance(), account.held)
    }

    fn sound(&self) {
        check::assert_sound(&self.stage.store, "after the race");
    }
}

fn ran(commands: Vec<Command>, now: Instant) -> impl FnMut(&mut Tx<'_>) -> Result<Vec<Outcome>, StoreError> {
    move |tx| tx.ledger_run(&commands, now)
}

/// 100 in cash. One batch holds 80; the other, which waited for it, asks for 60: 100 - 80 = 20 are free, so it is refused.
#[test]
fn a_hold_made_meanwhile_is_counted() {
    let scene = Scene::new("race-hold");
    let (_, hold) = scene.authorise(1, &[scene.customer.cash], 80, at(1_000));
    let second = (vec![scene.spend(scene.customer.cash, 10, 60)], at(1));
    let (_, outcomes) = meet(&scene.stage, ran(vec![hold], at(0)), &second);
    assert_eq!(outcomes[0].code, Code::InsufficientBalance);
    assert_eq!(scene.account(scene.customer.cash), (100, 80));
    scene.sound();
}

/// Two holds of 60 on 100: the second, which waited for the first, is refused.
#[test]
fn two_holds_at_once_share_what_is_free() {
    let scene = Scene::new("race-holds");
    let (_, one) = scene.authorise(1, &[scene.customer.cash], 60, at(1_000));
    let (_, other) = scene.authorise(2, &[scene.customer.cash], 60, at(1_000));
    let (_, outcomes) = meet(&scene.stage, ran(vec![one], at(0)), &(vec![other], at(0)));
    assert_eq!(outcomes[0].code, Code::InsufficientBalance);
    assert_eq!(scene.account(scene.customer.cash), (100, 60));
    scene.sound();
}

/// An account is closed while a transfer to it waits for its row: the transfer is refused.
#[test]
fn an_account_closed_meanwhile_is_closed() {
    let scene = Scene::new("race-close");
    let debt = scene.customer.debt;
    let second = (vec![scene.pay_in(debt, 10, 5)], at(0));
    let (closed, outcomes) = meet(&scene.stage, move |tx| tx.account_close(debt), &second);
    assert!(closed);
    assert_eq!(outcomes[0].code, Code::AccountClosed);
    assert_eq!(scene.account(debt), (0, 0));
    scene.sound();
}

/// The customer holds 10 of cash (not due), 30 of credit (due) and 20 of credit (not due). One batch ends the due one; the
/// other touches cash only, and would end it too, as the owner's. The 30 come back once: 20 of credit stay held.
#[test]
fn an_expiry_met_by_its_owners_other_account_gives_back_once() {
    let scene = Scene::new("race-expiry");
    let Customer { cash, credit, .. } = scene.customer;
    let (_, not_due) = scene.authorise(1, &[cash], 10, at(1_000));
    let (due_id, due) = scene.authorise(2, &[credit], 30, at(10));
    let (_, other) = scene.authorise(3, &[credit], 20, at(1_000));
    assert_eq!(scene.run(&[not_due, due, other], at(0)), [Code::Created; 3]);
    let second = (vec![scene.spend(cash, 10, 1)], at(10));
    let (_, outcomes) = meet(&scene.stage, ran(vec![Command::Expire(due_id)], at(10)), &second);
    assert_eq!(outcomes[0].code, Code::Created);
    assert_eq!(scene.account(cash), (99, 10));
    assert_eq!(scene.account(credit), (100, 20));
    scene.sound();
}

/// As above, but the due hold is captured for the last time meanwhile, by a batch that still finds it in time.
#[test]
fn a_capture_met_by_an_expiry_counts_once() {
    let scene = Scene::new("race-capture");
    let Customer { cash, credit, .. } = scene.customer;
    let (_, not_due) = scene.authorise(1, &[cash], 10, at(1_000));
    let (due_id, due) = scene.authorise(2, &[credit], 30, at(10));
    let (_, other) = scene.authorise(3, &[credit], 20, at(1_000));
    assert_eq!(scene.run(&[not_due, due, other], at(0)), [Code::Created; 3]);
    let capture = Capture {
        id: TransferId::from_parts(at(20), 0, 0).expect("in the ids' years"),
        cause: None,
        hold: due_id,
        to: scene.cast.revenue,
        amount: 25,
        last: true,
        kind: Kind::UsageByCredit,
        effective: at(9),
    };
    // It pays to another account of the books than the capture does, so that all they share is the customer.
    let second = (vec![scene.transfer(10, Mode::Asks, cash, scene.cast.provider, 1)], at(10));
    let (_, outcomes) = meet(&scene.stage, ran(vec![Command::Capture(capture)], at(9)), &second);
    assert_eq!(outcomes[0].code, Code::Created);
    // 100 - 25 = 75 of credit, of which 20 are held; the 5 that were not captured are free again.
    assert_eq!(scene.account(credit), (75, 20));
    scene.sound();
}

/// A hold is made along cash and credit while a batch that touches cash, and releases that hold, waits. However it is
/// answered, what is held is what open holds reserve.
#[test]
fn a_release_met_by_its_hold_gives_back_everything() {
    let scene = Scene::new("race-release");
    let Customer { cash, credit, .. } = scene.customer;
    // All 100 of cash and 50 of credit.
    let (id, hold) = scene.authorise(1, &[cash, credit], 150, at(1_000));
    let second = (vec![scene.pay_in(cash, 10, 5), Command::Release(id)], at(0));
    let (_, outcomes) = meet(&scene.stage, ran(vec![hold], at(0)), &second);
    let held = match outcomes[1].code {
        Code::Created => 0,
        Code::HoldNotFound => 150,
        other => panic!("a release was answered {other:?}"),
    };
    let (cash, credit) = (scene.account(cash), scene.account(credit));
    assert_eq!(cash.1 + credit.1, held, "{cash:?} {credit:?}");
    scene.sound();
}

/// A hold is made while a batch that touches its first account, and captures it, waits: it is not found yet, or captured;
/// never anything else.
#[test]
fn a_capture_met_by_its_hold_finds_it_or_not() {
    let scene = Scene::new("race-captured");
    let Customer { cash, credit, .. } = scene.customer;
    let (id, hold) = scene.authorise(1, &[cash, credit], 150, at(1_000));
    let capture = Capture {
        id: TransferId::from_parts(at(20), 0, 0).expect("in the ids' years"),
        cause: None,
        hold: id,
        to: scene.cast.revenue,
        amount: 120,
        last: true,
        kind: Kind::UsageByCash,
        effective: at(0),
    };
    let second = (vec![scene.pay_in(cash, 10, 5), Command::Capture(capture)], at(0));
    let (_, outcomes) = meet(&scene.stage, ran(vec![hold], at(0)), &second);
    assert!(matches!(outcomes[1].code, Code::Created | Code::HoldNotFound), "{outcomes:?}");
    scene.sound();
}

/// The same id and the same cause, asked twice at once over other accounts: the second finds what the first has booked.
#[test]
fn the_same_id_twice_at_once_is_booked_once() {
    let scene = Scene::new("race-id");
    let Customer { cash, credit, .. } = scene.customer;
    let (one, other) = (scene.transfer(10, Mode::Reports, scene.cast.provider, cash, 5), scene.spend(credit, 10, 5));
    let (_, outcomes) = meet(&scene.stage, ran(vec![one.clone()], at(0)), &(vec![other], at(0)));
    assert_eq!(outcomes[0].code, Code::ExistsWithDifferentAccounts);
    assert_eq!(scene.run(&[one], at(0)), [Code::Exists]);
    assert_eq!((scene.account(cash), scene.account(credit)), ((105, 0), (100, 0)));
    scene.sound();
}

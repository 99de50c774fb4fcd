//! What the random runs have found, as the shortest story of each, so that it stays found. On both stores.

use farthing_core::id::HoldId;
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Code, Command, Flags, Kind, Mode, Movement, Outcome, Transfer, TransferId,
};
use farthing_sim::check;
use farthing_sim::stage::{Cast, Customer, Stage, at};

/// A store with one customer, whose debt may be asked down to minus 50.
struct Scene {
    stage: Stage,
    cast: Cast,
    customer: Customer,
}

fn both(name: &str, story: impl Fn(&Scene)) {
    for stage in Stage::both(name) {
        let cast = Cast::ensure(&stage.store, name, 1, 50);
        let scene = Scene { customer: cast.customers[0], stage, cast };
        story(&scene);
        check::assert_sound(&scene.stage.store, name);
    }
}

impl Scene {
    fn transfer(&self, number: i64, debit: AccountId, credit: AccountId, amount: i64) -> Transfer {
        let movement = Movement::Move { debit, credit, amount, commodity: self.cast.dollars };
        Transfer { id: id(number), cause: None, kind: Kind::Plain, mode: Mode::Reports, effective: at(0), movement }
    }

    fn pay_in(&self, number: i64, account: AccountId, amount: i64) -> Command {
        Command::Transfer(self.transfer(number, self.cast.provider, account, amount))
    }

    fn authorise(&self, along: &[AccountId], amount: i64) -> Command {
        let (owner, along) = (self.customer.owner, along.to_vec());
        Command::Authorise(Authorise { id: hold(), owner, along, amount, expires_at: at(1_000) })
    }

    fn capture(number: i64, to: AccountId, amount: i64) -> Command {
        let (id, hold, kind) = (id(number), hold(), Kind::UsageByCash);
        Command::Capture(Capture { id, cause: None, hold, to, amount, last: false, kind, effective: at(0) })
    }

    /// Each in a batch of its own.
    fn ask(&self, command: Command) -> Outcome {
        check::run(&self.stage.store, &[command], at(0)).expect("the store answers")[0]
    }
}

fn id(number: i64) -> TransferId {
    TransferId::from_parts(at(number), 0, 0).expect("in the ids' years")
}

fn hold() -> HoldId {
    HoldId::from_parts(0, [7; 10])
}

/// A capture under an id that a transfer of an earlier batch has: answered as it would be in the same batch.
#[test]
fn a_capture_under_a_transfers_id_is_told_so() {
    both("taken-id", |scene| {
        let cash = scene.customer.cash;
        assert_eq!(scene.ask(scene.pay_in(1, cash, 100)).code, Code::Created);
        assert_eq!(scene.ask(scene.authorise(&[cash], 50)).code, Code::Created);
        assert_eq!(scene.ask(Scene::capture(1, scene.cast.revenue, 20)).code, Code::ExistsWithDifferentLink);
    });
}

/// A set that names one transfer twice cannot be booked as it is; neither mention of it may be answered `exists`, which
/// says that it is in the books.
#[test]
fn a_set_with_one_transfer_twice_is_not_said_to_exist() {
    both("twice", |scene| {
        let one = scene.transfer(1, scene.cast.provider, scene.customer.cash, 5);
        let set = Command::Linked(vec![one, one]);
        let outcomes = check::run(&scene.stage.store, &[set], at(0)).expect("the store answers");
        assert_eq!(outcomes, [Code::LinkedFailed.into(), Code::LinkedFailed.into()]);
    });
}

/// Cash 50, all of it held, with debt last; a chargeback takes 40 of it. The work is done all the same: of a capture of 50
/// cash gives the 10 it has, and debt the other 40, which is within its 50.
#[test]
fn a_capture_after_a_chargeback_goes_on_to_debt() {
    both("chargeback", |scene| {
        let Customer { cash, debt, .. } = scene.customer;
        assert_eq!(scene.ask(scene.pay_in(1, cash, 50)).code, Code::Created);
        assert_eq!(scene.ask(scene.authorise(&[cash, debt], 50)).code, Code::Created);
        let chargeback = scene.transfer(2, cash, scene.cast.provider, 40);
        assert!(scene.ask(Command::Transfer(chargeback)).flags.has(Flags::FLOOR_PASSED));
        assert_eq!(scene.ask(Scene::capture(3, scene.cast.revenue, 50)).code, Code::Created);
        let balance = |id| scene.stage.store.read("balance", |tx| tx.account(id));
        let balance = |id| balance(id).expect("it is read").expect("it is there").account.balance();
        assert_eq!((balance(cash), balance(debt), balance(scene.cast.revenue)), (0, -40, 50));
    });
}

/// What was captured of one hold, to two recipients, is more than 64 bits hold: the second is refused.
#[test]
fn what_is_captured_of_a_hold_fits_its_count() {
    both("captured", |scene| {
        let Customer { cash, debt, .. } = scene.customer;
        assert_eq!(scene.ask(scene.pay_in(1, cash, i64::MAX - 5)).code, Code::Created);
        assert_eq!(scene.ask(scene.authorise(&[cash, debt], 10)).code, Code::Created);
        assert_eq!(scene.ask(Scene::capture(2, scene.cast.revenue, i64::MAX - 5)).code, Code::Created);
        assert_eq!(scene.ask(Scene::capture(3, scene.cast.provider, 10)).code, Code::Overflow);
    });
}

/// A hold of 50 of cash is due when it is asked for again, under the same id but along debt: told so, and it ends all the
/// same, giving its 50 of cash back.
#[test]
fn a_due_hold_asked_for_along_other_accounts_gives_back_its_own() {
    both("elsewhere", |scene| {
        let Customer { cash, debt, .. } = scene.customer;
        assert_eq!(scene.ask(scene.pay_in(1, cash, 100)).code, Code::Created);
        assert_eq!(scene.ask(scene.authorise(&[cash], 50)).code, Code::Created);
        let again = [scene.authorise(&[debt], 50)];
        let outcomes = check::run(&scene.stage.store, &again, at(1_000)).expect("the store answers");
        assert_eq!(outcomes, [Code::ExistsWithDifferentAccounts.into()]);
        check::sweep(&scene.stage.store, at(1_000)).expect("the store answers");
        let row = scene.stage.store.read("held", |tx| tx.account(cash)).expect("it is read");
        assert_eq!(row.expect("it is there").account.held, 0);
    });
}

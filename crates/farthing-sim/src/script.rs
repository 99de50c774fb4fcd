//! Thinking of what to ask: few accounts, small amounts around every bound, the same things again, time moving on.
//!
//! What proptest draws, and shrinks, is a list of `Op`s that name things by place ("the third request so far, with another
//! amount"). `Script::write` turns them into commands by playing them to the model, which says how much is free just then
//! and what each command should be answered; so whatever list is left after shrinking is a script of its own.

use crate::model::World;
use crate::stage::{Cast, at};
use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Command, CommodityId, HoldState, Kind, Mode, Movement, Outcome, Transfer, TransferId,
};
use farthing_core::time::Instant;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A place in a list, counted back from its newest and taken round its end: what is deleted before it while shrinking
/// leaves it where it was.
pub type Pick = u8;

#[derive(Clone, Debug)]
pub enum Op {
    One(Moving),
    Linked(Vec<Moving>),
    /// A set that was asked before.
    LinkedAgain {
        of: Pick,
        change: SetChange,
    },
    Authorise {
        customer: Pick,
        along: Along,
        amount: Amount,
        lasts: i64,
        change: Option<AuthoriseChange>,
    },
    AuthoriseAgain {
        of: Pick,
        change: Option<AuthoriseChange>,
    },
    Capture {
        hold: Pick,
        to: Pick,
        amount: Amount,
        last: bool,
        taken_id: Option<Pick>,
    },
    CaptureAgain {
        of: Pick,
        change: CaptureChange,
    },
    Release(Pick),
    /// To so many seconds from now.
    Extend(Pick, i64),
    Expire(Pick),
    Close(Pick),
    /// Ends the batch, and time moves on.
    Later(i64),
}

#[derive(Clone, Debug)]
pub enum Moving {
    Move { route: Route, amount: Amount, asks: bool, early: bool, cause: Option<Pick>, wrong_commodity: bool },
    Reverse { of: Pick, asks: bool, cause: Option<Pick> },
    Again { of: Pick, change: Change },
}

#[derive(Clone, Debug)]
pub enum Route {
    /// From the cloud's books to a customer's account, and back.
    In(Pick, Pick),
    Out(Pick, Pick),
    Any(Pick, Pick),
}

#[derive(Clone, Debug)]
pub enum Amount {
    Plain(i64),
    /// What just fits, and so many more.
    Bound(i64),
    /// All there is, what is held too, and so many more: what a chargeback may take.
    All(i64),
    /// The most there can be, less so many.
    Huge(i64),
    /// Half of it: two of them are too much.
    Half(i64),
}

#[derive(Clone, Copy, Debug)]
pub enum Change {
    Nothing,
    Amount,
    Debit(Pick),
    Credit(Pick),
    Commodity,
    Effective,
    Kind,
    Mode,
    Target(Pick),
    /// The same cause under another id; where it has none, the same request under another id.
    Id,
}

#[derive(Clone, Copy, Debug)]
pub enum SetChange {
    Nothing,
    OneAmount(Pick),
    Shorter,
    Longer,
    Twice,
}

/// Which of a customer's accounts a hold goes along.
#[derive(Clone, Debug)]
pub enum Along {
    /// Credit, cash, and debt last: what a policy would give.
    All,
    Cash,
    CashAndDebt,
    CreditAndCash,
    Units,
    /// Any accounts in any order: other owners', unknown, twice the same, none.
    Any(Vec<Pick>),
}

#[derive(Clone, Copy, Debug)]
pub enum AuthoriseChange {
    Amount,
    Owner(Pick),
    Along,
    /// Along one account, whichever.
    Elsewhere(Pick),
    Expires,
}

#[derive(Clone, Copy, Debug)]
pub enum CaptureChange {
    Nothing,
    Amount,
    To(Pick),
    Hold(Pick),
    Last,
    Effective,
}

// What is drawn.

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        10 => (1..=12i64).prop_map(Amount::Plain),
        6 => (-1..=2i64).prop_map(Amount::Bound),
        2 => (-1..=1i64).prop_map(Amount::All),
        1 => (-2..=0i64).prop_map(Amount::Plain),
        1 => (0..=3i64).prop_map(Amount::Huge),
        1 => (0..=3i64).prop_map(Amount::Half),
    ]
}

fn moving() -> impl Strategy<Value = Moving> {
    let route = prop_oneof![
        9 => any::<(Pick, Pick)>().prop_map(|(customer, account)| Route::In(customer, account)),
        6 => any::<(Pick, Pick)>().prop_map(|(customer, account)| Route::Out(customer, account)),
        2 => any::<(Pick, Pick)>().prop_map(|(from, to)| Route::Any(from, to)),
    ];
    let cause = || prop::option::weighted(0.2, any::<Pick>());
    let change = prop_oneof![
        4 => Just(Change::Nothing),
        1 => Just(Change::Amount),
        1 => any::<Pick>().prop_map(Change::Debit),
        1 => any::<Pick>().prop_map(Change::Credit),
        1 => Just(Change::Commodity),
        1 => Just(Change::Effective),
        1 => Just(Change::Kind),
        1 => Just(Change::Mode),
        1 => any::<Pick>().prop_map(Change::Target),
        2 => Just(Change::Id),
    ];
    prop_oneof![
        12 => (route, amount(), any::<bool>(), prop::bool::weighted(0.2), cause(), prop::bool::weighted(0.03)).prop_map(
            |(route, amount, asks, early, cause, wrong_commodity)| Moving::Move { route, amount, asks, early, cause, wrong_commodity }
        ),
        2 => (any::<Pick>(), any::<bool>(), cause()).prop_map(|(of, asks, cause)| Moving::Reverse { of, asks, cause }),
        3 => (any::<Pick>(), change).prop_map(|(of, change)| Moving::Again { of, change }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let set_change = prop_oneof![
        2 => Just(SetChange::Nothing),
        1 => any::<Pick>().prop_map(SetChange::OneAmount),
        1 => Just(SetChange::Shorter),
        1 => Just(SetChange::Longer),
        1 => Just(SetChange::Twice),
    ];
    let along = prop_oneof![
        4 => Just(Along::All),
        2 => Just(Along::Cash),
        2 => Just(Along::CashAndDebt),
        2 => Just(Along::CreditAndCash),
        1 => Just(Along::Units),
        1 => prop::collection::vec(any::<Pick>(), 0..4).prop_map(Along::Any),
    ];
    let authorise_change = prop_oneof![
        Just(AuthoriseChange::Amount),
        any::<Pick>().prop_map(AuthoriseChange::Owner),
        Just(AuthoriseChange::Along),
        any::<Pick>().prop_map(AuthoriseChange::Elsewhere),
        Just(AuthoriseChange::Expires),
    ];
    let capture_change = prop_oneof![
        2 => Just(CaptureChange::Nothing),
        1 => Just(CaptureChange::Amount),
        1 => any::<Pick>().prop_map(CaptureChange::To),
        1 => any::<Pick>().prop_map(CaptureChange::Hold),
        1 => Just(CaptureChange::Last),
        1 => Just(CaptureChange::Effective),
    ];
    let a_change = prop::option::weighted(0.03, authorise_change.clone());
    prop_oneof![
        20 => moving().prop_map(Op::One),
        4 => prop::collection::vec(moving(), 0..5).prop_map(Op::Linked),
        2 => (any::<Pick>(), set_change).prop_map(|(of, change)| Op::LinkedAgain { of, change }),
        8 => (any::<Pick>(), along, amount(), -1..=30i64, a_change).prop_map(|(customer, along, amount, lasts, change)| {
            Op::Authorise { customer, along, amount, lasts, change }
        }),
        2 => (any::<Pick>(), prop::option::of(authorise_change)).prop_map(|(of, change)| Op::AuthoriseAgain { of, change }),
        8 => (any::<Pick>(), any::<Pick>(), amount(), any::<bool>(), prop::option::weighted(0.05, any::<Pick>())).prop_map(
            |(hold, to, amount, last, taken_id)| Op::Capture { hold, to, amount, last, taken_id }
        ),
        2 => (any::<Pick>(), capture_change).prop_map(|(of, change)| Op::CaptureAgain { of, change }),
        2 => any::<Pick>().prop_map(Op::Release),
        2 => (any::<Pick>(), 1..=40i64).prop_map(|(hold, lasts)| Op::Extend(hold, lasts)),
        2 => any::<Pick>().prop_map(Op::Expire),
        1 => any::<Pick>().prop_map(Op::Close),
        8 => (0..=12i64).prop_map(Op::Later),
    ]
}

/// A list of up to so many, after some money has come in and some of it has been held.
pub fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let money = (any::<(Pick, Pick)>(), 5..=30i64).prop_map(|((customer, account), amount)| {
        let (route, amount) = (Route::In(customer, account), Amount::Plain(amount));
        Op::One(Moving::Move { route, amount, asks: false, early: false, cause: None, wrong_commodity: false })
    });
    let held = (any::<Pick>(), 1..=12i64, 1..=30i64).prop_map(|(customer, amount, lasts)| Op::Authorise {
        customer,
        along: Along::All,
        amount: Amount::Plain(amount),
        lasts,
        change: None,
    });
    let [money, held] = [money.boxed(), held.boxed()].map(|op| prop::collection::vec(op, 0..6));
    (money, held, prop::collection::vec(op(), 1..=most)).prop_map(|(money, held, rest)| [money, held, rest].concat())
}

// What is made of it.

#[derive(Clone, Debug)]
pub enum Step {
    Run {
        commands: Vec<Command>,
        expected: Vec<Outcome>,
    },
    /// Sweeps due holds, then closes an account if it is empty.
    Close {
        account: AccountId,
        expected: bool,
    },
}

/// What to ask a store, when, and what it should answer.
#[derive(Clone, Debug)]
pub struct Script {
    pub steps: Vec<(Instant, Step)>,
    pub end: Instant,
    /// What should be there afterwards.
    pub world: World,
}

/// How a script is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Microseconds after the year's begin at which it starts: its ids lie in the second that follows.
    pub start: i64,
    /// At this op a batch begins, a little later than all before it; from there on time stands still, and no hold is
    /// authorised that is due already.
    pub still_from: usize,
}

/// One step of time, in microseconds.
const TICK: i64 = 10;

impl Script {
    pub fn write(ops: &[Op], cast: &Cast, style: Style) -> Script {
        let mut writer = Writer::new(cast, style);
        for (place, op) in ops.iter().enumerate() {
            writer.place = i64::try_from(place).expect("a script is short");
            if place == style.still_from {
                writer.finish_batch();
                writer.now += TICK;
                writer.still = true;
            }
            writer.op(op);
        }
        writer.finish_batch();
        let Writer { steps, now, mut world, .. } = writer;
        world.expire_due(at(now));
        Script { steps, end: at(now), world }
    }
}

struct Writer<'c> {
    cast: &'c Cast,
    world: World,
    steps: Vec<(Instant, Step)>,
    commands: Vec<Command>,
    expected: Vec<Outcome>,
    begun: bool,
    start: i64,
    now: i64,
    place: i64,
    still: bool,
    accounts: Vec<AccountId>,
    transfers: Vec<Transfer>,
    sets: Vec<Vec<Transfer>>,
    authorised: Vec<Authorise>,
    captured: Vec<Capture>,
}

/// The one picked; None of an empty list.
fn pick<T: Clone>(list: &[T], pick: Pick) -> Option<T> {
    let back = usize::from(pick).checked_rem(list.len())?;
    list.get(list.len() - 1 - back).cloned()
}

impl<'c> Writer<'c> {
    fn new(cast: &'c Cast, style: Style) -> Writer<'c> {
        let mut accounts: Vec<AccountId> = cast.world.accounts.keys().copied().collect();
        accounts.push(AccountId(9_000_000_000)); // which nobody has opened
        Writer {
            cast,
            world: cast.world.clone(),
            steps: Vec::new(),
            commands: Vec::new(),
            expected: Vec::new(),
            begun: false,
            start: style.start,
            now: style.start,
            place: 0,
            still: false,
            accounts,
            transfers: Vec::new(),
            sets: Vec::new(),
            authorised: Vec::new(),
            captured: Vec::new(),
        }
    }

    fn finish_batch(&mut self) {
        if self.begun {
            let (commands, expected) = (std::mem::take(&mut self.commands), std::mem::take(&mut self.expected));
            self.steps.push((at(self.now), Step::Run { commands, expected }));
            self.begun = false;
        }
    }

    /// Before anything is read from the world for a command of this batch.
    fn begin_batch(&mut self) {
        if !self.begun {
            self.world.expire_due(at(self.now));
            self.begun = true;
        }
    }

    fn ask(&mut self, command: Command) {
        self.expected.extend(self.world.command(&command, at(self.now)));
        self.commands.push(command);
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::Later(ticks) => {
                self.finish_batch();
                self.now += if self.still { 0 } else { ticks * TICK };
                return;
            }
            Op::Close(account) => {
                self.finish_batch();
                self.world.expire_due(at(self.now));
                let account = pick(&self.accounts, *account).expect("there are accounts");
                let expected = self.world.close(account);
                self.steps.push((at(self.now), Step::Close { account, expected }));
                return;
            }
            _ => self.begin_batch(),
        }
        match op {
            Op::One(moving) => {
                if let Some(transfer) = self.moving(moving, 0) {
                    self.transfers.push(transfer);
                    self.ask(Command::Transfer(transfer));
                }
            }
            Op::Linked(members) => {
                let set: Vec<Transfer> =
                    (0..).zip(members).filter_map(|(count, moving)| self.moving(moving, count)).collect();
                self.ask_set(set);
            }
            Op::LinkedAgain { of, change } => {
                let Some(set) = pick(&self.sets, *of) else { return };
                let set = self.changed_set(set, *change);
                self.ask_set(set);
            }
            Op::Authorise { customer, along, amount, lasts, change } => {
                let mut request = self.authorise(*customer, along, amount, *lasts);
                if let Some(change) = change {
                    self.change_authorise(&mut request, *change);
                }
                self.authorised.push(request.clone());
                self.ask(Command::Authorise(request));
            }
            Op::AuthoriseAgain { of, change } => {
                let Some(mut request) = pick(&self.authorised, *of) else { return };
                if let Some(change) = change {
                    self.change_authorise(&mut request, *change);
                }
                if self.still {
                    request.expires_at = request.expires_at.max(at(self.now + 1));
                }
                self.ask(Command::Authorise(request));
            }
            Op::Capture { hold, to, amount, last, taken_id } => {
                let request = self.capture(*hold, *to, amount, *last, *taken_id);
                self.captured.push(request);
                self.ask(Command::Capture(request));
            }
            Op::CaptureAgain { of, change } => {
                let Some(mut request) = pick(&self.captured, *of) else { return };
                self.change_capture(&mut request, *change);
                self.ask(Command::Capture(request));
            }
            Op::Release(hold) => self.ask(Command::Release(self.hold(*hold))),
            Op::Extend(hold, lasts) => self.ask(Command::Extend(self.hold(*hold), at(self.now + lasts))),
            Op::Expire(hold) => self.ask(Command::Expire(self.hold(*hold))),
            Op::Close(_) | Op::Later(_) => unreachable!("answered above"),
        }
    }

    fn ask_set(&mut self, set: Vec<Transfer>) {
        self.transfers.extend(&set);
        self.sets.push(set.clone());
        self.ask(Command::Linked(set));
    }

    /// An id of this op's own. Each op has a microsecond of its own, since a capture takes as many ids as it needs.
    fn id(&self, early: bool, count: u8) -> TransferId {
        let micros = self.start + if early { 400_000 - self.place } else { 500_000 + self.place };
        TransferId::from_parts(at(micros), 1, count).expect("within the ids' years")
    }

    fn cause(&self, pick: Option<Pick>) -> Option<CauseId> {
        let tail = [pick? % 4; 10];
        Some(CauseId::from_parts(millis(self.start), tail))
    }

    /// A hold that there is or was; sometimes one that was refused, or never asked for.
    fn hold(&self, hold: Pick) -> HoldId {
        let there: Vec<HoldId> = self.world.holds.keys().copied().collect();
        let asked: Vec<HoldId> = self.authorised.iter().map(|request| request.id).collect();
        let unknown = HoldId::from_parts(millis(self.start), [255; 10]);
        match hold {
            0..=239 => pick(&there, hold).unwrap_or(unknown),
            240..=254 => pick(&asked, hold).unwrap_or(unknown),
            255 => unknown,
        }
    }

    fn moving(&self, moving: &Moving, count: u8) -> Option<Transfer> {
        match moving {
            Moving::Move { route, amount, asks, early, cause, wrong_commodity } => {
                let (debit, credit) = self.route(route);
                let right = self.world.accounts.get(&debit).map_or(self.cast.dollars, |account| account.commodity);
                let commodity = if *wrong_commodity { self.other_commodity(right) } else { right };
                let known = self.world.accounts.contains_key(&debit);
                let (fits, all) = if known { (self.fits(debit), self.world.balance(debit)) } else { (0, 0) };
                Some(Transfer {
                    id: self.id(*early, count),
                    cause: self.cause(*cause),
                    kind: Kind::Plain,
                    mode: mode(*asks),
                    effective: at(self.now),
                    movement: Movement::Move { debit, credit, amount: resolve(amount, fits, all), commodity },
                })
            }
            Moving::Reverse { of, asks, cause } => Some(Transfer {
                id: self.id(false, count),
                cause: self.cause(*cause),
                kind: Kind::Reversal,
                mode: mode(*asks),
                effective: at(self.now),
                movement: Movement::Reverse(self.target(*of)),
            }),
            Moving::Again { of, change } => {
                let request = pick(&self.transfers, *of)?;
                Some(self.changed(request, *change, count))
            }
        }
    }

    fn route(&self, route: &Route) -> (AccountId, AccountId) {
        let customers = &self.cast.customers;
        let of_customer = |customer, account: Pick| {
            let customer = pick(customers, customer).expect("there are customers");
            match account % 8 {
                0..=2 => (customer.cash, self.cast.provider, self.cast.revenue),
                3 | 4 => (customer.credit, self.cast.provider, self.cast.revenue),
                5 | 6 => (customer.debt, self.cast.provider, self.cast.revenue),
                _ => (customer.units, self.cast.units_out, self.cast.units_out),
            }
        };
        match route {
            Route::In(customer, account) => {
                let (account, from, _) = of_customer(*customer, *account);
                (from, account)
            }
            Route::Out(customer, account) => {
                let (account, _, to) = of_customer(*customer, *account);
                (account, to)
            }
            Route::Any(from, to) => {
                let any = |picked| pick(&self.accounts, picked).expect("there are accounts");
                (any(*from), any(*to))
            }
        }
    }

    /// A transfer that was booked, a capture's parts included; sometimes one that is not there.
    fn target(&self, of: Pick) -> TransferId {
        let booked: Vec<TransferId> = self.world.booked.iter().map(|booked| booked.id).collect();
        pick(&booked, of).filter(|_| of != 255).unwrap_or(TransferId::MIN)
    }

    /// The most that asking may take from an account.
    fn fits(&self, account: AccountId) -> i128 {
        self.world.lowest(account).map_or(10, |lowest| self.world.free(account) - lowest)
    }

    fn other_commodity(&self, one: CommodityId) -> CommodityId {
        if one == self.cast.dollars { self.cast.hours } else { self.cast.dollars }
    }

    fn changed(&self, mut request: Transfer, change: Change, count: u8) -> Transfer {
        let any = |picked| pick(&self.accounts, picked).expect("there are accounts");
        match change {
            Change::Nothing => {}
            Change::Effective => request.effective = Instant::from_micros(request.effective.micros() + 1),
            Change::Kind => request.kind = Kind::Chargeback,
            Change::Mode => {
                request.mode = mode(request.mode == Mode::Reports);
            }
            Change::Id => request.id = self.id(false, count),
            Change::Target(of) => request.movement = Movement::Reverse(self.target(of)),
            Change::Amount | Change::Debit(_) | Change::Credit(_) | Change::Commodity => {
                if let Movement::Move { debit, credit, amount, commodity } = &mut request.movement {
                    match change {
                        Change::Debit(to) => *debit = any(to),
                        Change::Credit(to) => *credit = any(to),
                        Change::Commodity => *commodity = self.other_commodity(*commodity),
                        _ => *amount = amount.saturating_sub(1),
                    }
                }
            }
        }
        request
    }

    fn changed_set(&self, mut set: Vec<Transfer>, change: SetChange) -> Vec<Transfer> {
        match change {
            SetChange::Nothing => {}
            SetChange::OneAmount(member) => {
                let place = usize::from(member).checked_rem(set.len());
                if let Some(member) = place.and_then(|place| set.get_mut(place)) {
                    *member = self.changed(*member, Change::Amount, 0);
                }
            }
            SetChange::Shorter => drop(set.pop()),
            SetChange::Longer => {
                if let Some(last) = set.last().copied() {
                    set.push(Transfer { cause: None, ..self.changed(last, Change::Id, 0) });
                }
            }
            SetChange::Twice => set.extend(set.last().copied()),
        }
        set
    }

    fn authorise(&self, customer: Pick, along: &Along, amount: &Amount, lasts: i64) -> Authorise {
        let customer = pick(&self.cast.customers, customer).expect("there are customers");
        let along = match along {
            Along::All => vec![customer.credit, customer.cash, customer.debt],
            Along::Cash => vec![customer.cash],
            Along::CashAndDebt => vec![customer.cash, customer.debt],
            Along::CreditAndCash => vec![customer.credit, customer.cash],
            Along::Units => vec![customer.units],
            Along::Any(picks) => picks.iter().filter_map(|picked| pick(&self.accounts, *picked)).collect(),
        };
        let known = |id: &&AccountId| self.world.accounts.contains_key(*id);
        let free: i128 = along.iter().filter(known).map(|id| self.world.free(*id)).sum();
        let lowest = along.iter().rfind(known).and_then(|id| self.world.lowest(*id)).unwrap_or(0);
        let mut tail = [0; 10];
        tail[..8].copy_from_slice(&self.place.to_be_bytes());
        Authorise {
            id: HoldId::from_parts(millis(self.start), tail),
            owner: customer.owner,
            along,
            amount: resolve(amount, free - lowest, free),
            expires_at: at(self.now + if self.still { lasts.max(1) } else { lasts } * TICK),
        }
    }

    fn change_authorise(&self, request: &mut Authorise, change: AuthoriseChange) {
        match change {
            AuthoriseChange::Amount => request.amount = request.amount.saturating_sub(1),
            AuthoriseChange::Owner(customer) => {
                request.owner = pick(&self.cast.customers, customer).map_or(self.cast.books, |customer| customer.owner);
            }
            AuthoriseChange::Along => request.along.reverse(),
            AuthoriseChange::Elsewhere(to) => request.along = pick(&self.accounts, to).into_iter().collect(),
            AuthoriseChange::Expires => {
                request.expires_at = Instant::from_micros(request.expires_at.micros() + 1);
            }
        }
    }

    fn capture(&self, hold: Pick, to: Pick, amount: &Amount, last: bool, taken_id: Option<Pick>) -> Capture {
        let hold = self.hold(hold);
        let reserved: i128 = self.world.holds.get(&hold).map_or(0, |hold| match hold.state {
            HoldState::Open => hold.parts.iter().map(|part| i128::from(part.reserved)).sum(),
            HoldState::Captured | HoldState::Released | HoldState::Expired => i128::from(hold.amount - hold.captured),
        });
        let unit = self.world.holds.get(&hold).and_then(|hold| hold.parts.first()).map(|part| part.account);
        let in_units = unit.is_some_and(|account| self.world.accounts[&account].commodity == self.cast.hours);
        let usual = if in_units { self.cast.units_out } else { self.cast.revenue };
        Capture {
            id: taken_id
                .and_then(|taken| pick(&self.transfers, taken).map(|transfer| transfer.id))
                .unwrap_or_else(|| self.id(false, 0)),
            cause: None,
            hold,
            to: if to < 230 { usual } else { pick(&self.accounts, to).expect("there are accounts") },
            amount: resolve(amount, reserved, reserved * 2),
            last,
            kind: Kind::UsageByCash,
            effective: at(self.now),
        }
    }

    fn change_capture(&self, request: &mut Capture, change: CaptureChange) {
        match change {
            CaptureChange::Nothing => {}
            CaptureChange::Amount => request.amount = request.amount.saturating_add(1),
            CaptureChange::To(to) => request.to = pick(&self.accounts, to).expect("there are accounts"),
            CaptureChange::Hold(hold) => request.hold = self.hold(hold),
            CaptureChange::Last => request.last = !request.last,
            CaptureChange::Effective => {
                request.effective = Instant::from_micros(request.effective.micros() + 1);
            }
        }
    }
}

fn resolve(amount: &Amount, fits: i128, all: i128) -> i64 {
    let exact = match amount {
        Amount::Plain(plain) => i128::from(*plain),
        // Where nothing fits, one: refusals of zero and below come from `Plain`.
        Amount::Bound(more) => (fits + i128::from(*more)).max(1),
        Amount::All(more) => (all + i128::from(*more)).max(1),
        Amount::Huge(less) => i128::from(i64::MAX - less),
        Amount::Half(more) => i128::from(i64::MAX / 2 + more),
    };
    i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}

fn mode(asks: bool) -> Mode {
    if asks { Mode::Asks } else { Mode::Reports }
}

fn millis(micros: i64) -> u64 {
    u64::try_from(at(micros).micros() / 1000).expect("after 1970")
}

/// How often each answer is expected: a script that never meets a refusal tests nothing.
pub fn count_codes(script: &Script, counts: &mut BTreeMap<&'static str, u64>) {
    for (_, step) in &script.steps {
        if let Step::Run { expected, .. } = step {
            for outcome in expected {
                *counts.entry(outcome.code.name()).or_default() += 1;
            }
        }
    }
}

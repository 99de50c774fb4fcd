//! What happens by itself, in the order of its time: days end, rating periods close, lots begin and lapse, money runs out,
//! things fall silent; and at the ticks of each cadence what has accrued is taken off balances.
//!
//! Due times stand in a queue (`account_state.due_at`); nobody is polled. `advance` runs everything up to an instant, each at
//! its own time, and is what both a worker and a simulation call.

use crate::clouds::CloudBook;
use crate::credits::{give_due, tell_expiring};
use crate::folio::{Work, is_tick};
use crate::record_fact::missed;
use crate::tell::{self, Notice};
use crate::{Engine, EngineError, IdSource, Refused};
use farthing_core::config::{Cadence, Name};
use farthing_core::ledger::Chart;
use farthing_core::ledger::OwnerId;
use farthing_core::ledger::posting::{self, FreeCredit, Stamp};
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::time::{Duration, Instant, Period};
use farthing_store::{Agenda, Queue, StoreError, Tx};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Accounts in one transaction.
const BATCH: i64 = 1_000;
/// So often what is due is done at one instant before that is a fault: some queues do a batch a round.
const ROUNDS_MAX: u32 = 10_000;

/// What is due at one instant is done in this order: refills are decided before anybody is suspended.
const IN_ORDER: [Queue; 14] = [
    Queue::Holds,
    Queue::Accounts,
    Queue::Trials,
    Queue::Methods,
    Queue::Periods,
    Queue::Orders,
    Queue::Bills,
    Queue::Debits,
    Queue::BankRows,
    Queue::BankErrands,
    Queue::Sandbox,
    Queue::Wallets,
    Queue::Budgets,
    Queue::Ladders,
];

/// How closely time is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Every tick of every cadence is settled.
    Ticks,
    /// Only what is due.
    Days,
}

/// What is ahead of a store: its queues, and what its clouds do by their own clocks.
struct Ahead {
    agenda: Agenda,
    clouds: Vec<CloudAhead>,
}

struct CloudAhead {
    book: Arc<CloudBook>,
    /// The last sign of life of whoever was not heard of for longest.
    sign: Option<Instant>,
    /// Whether anybody has something open.
    open: bool,
}

impl CloudAhead {
    /// When the thing that was not heard of for longest is missing.
    fn silent_at(&self, now: Instant) -> Result<Option<Instant>, EngineError> {
        let missing_after = self.book.profile_at(now)?.policy.monitor.missing_after;
        let (Some(sign), Some(missing_after)) = (self.sign, missing_after) else { return Ok(None) };
        let due =
            sign.floor_second().checked_add(missing_after).and_then(|due| due.checked_add(Duration::from_seconds(1)));
        Ok(Some(due.map_err(farthing_core::settle::SettleError::from)?))
    }
}

impl Ahead {
    fn is_silent(&self, now: Instant) -> Result<bool, EngineError> {
        for cloud in &self.clouds {
            if cloud.silent_at(now)?.is_some_and(|at| at <= now) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a cadence of any cloud asks for a settlement then.
    fn ticks(&self, at: Instant) -> Result<bool, EngineError> {
        for cloud in &self.clouds {
            if cadences(&cloud.book, at)?.into_iter().any(|step| is_tick(Cadence::Every(step), at)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn next(&self, after: Instant, pace: Pace) -> Result<Option<Instant>, EngineError> {
        let mut next = self.agenda.next();
        for cloud in &self.clouds {
            next = next.into_iter().chain(cloud.silent_at(after)?).min();
            if cloud.open && pace == Pace::Ticks {
                let ticks = cadences(&cloud.book, after)?.into_iter();
                let ticks = ticks.filter_map(|step| Some(Period::utc_multiple_of(step, after)?.end()));
                next = next.into_iter().chain(ticks).min();
            }
        }
        Ok(next)
    }
}

impl Engine {
    /// The next instant at which anything is due, after what is due now.
    pub fn next_due(&self, after: Instant) -> Result<Option<Instant>, EngineError> {
        self.ahead()?.next(after, Pace::Ticks)
    }

    /// Runs everything that is due at the clock's instant or was due before, each at its own time.
    pub fn run_due(&self) -> Result<(), EngineError> {
        let ahead = self.ahead()?;
        self.run_what_is_due(ahead)
    }

    /// The same, where somebody has just looked at what is ahead.
    fn run_what_is_due(&self, mut ahead: Ahead) -> Result<(), EngineError> {
        let now = self.now()?;
        if ahead.is_silent(now)? {
            self.run_silences(now)?;
            ahead = self.ahead()?;
        }
        for queue in IN_ORDER {
            if !ahead.agenda.is_due(queue, now) {
                continue;
            }
            match queue {
                Queue::Holds => self.run_holds(now)?,
                Queue::Accounts => self.run_queue(now)?,
                Queue::Trials => self.run_trials(now)?,
                Queue::Methods => self.run_expiries(now)?,
                Queue::Periods => self.run_closings(now)?,
                Queue::Orders => self.run_orders(now)?,
                Queue::Bills => self.run_bills(now)?,
                Queue::Debits => self.run_debits(now)?,
                Queue::BankRows => {
                    for cloud in self.clouds_known()? {
                        // Those of whoever died before they had looked.
                        self.look_at_rows(&cloud).map_err(engine_error)?;
                    }
                }
                Queue::BankErrands => self.run_bank_errands().map(drop)?,
                // What was just found short is filled up; what is filled up may be due again.
                Queue::Sandbox => {
                    while self.run_sandbox()? > 0 {
                        self.run_queue(now)?;
                        self.run_trials(now)?;
                    }
                }
                Queue::Wallets => self.cover_wallets()?,
                Queue::Budgets => self.run_budgets(now)?,
                Queue::Ladders => self.run_ladders(now)?,
            }
            // What was done may have made something else due.
            ahead = self.ahead()?;
        }
        Ok(())
    }

    /// What is ahead, in one look.
    fn ahead(&self) -> Result<Ahead, EngineError> {
        self.store.read("ahead", |tx| {
            let agenda = tx.agenda()?;
            let mut clouds = Vec::new();
            for id in tx.policy_clouds()? {
                let Some(book) = self.clouds.get(tx, &id)? else { continue };
                let sign = tx.thing_sign_first(&id)?;
                let open = !tx.payers_open_after(&id, OwnerId(0), 1)?.is_empty();
                clouds.push(CloudAhead { book, sign, open });
            }
            Ok(Ahead { agenda, clouds })
        })
    }

    /// Holds whose time has come end, and their owners are looked at: what they had left may have to lapse.
    fn run_holds(&self, now: Instant) -> Result<(), EngineError> {
        let ended = move |tx: &mut Tx<'_>, ids: &IdSource| {
            let mut owners: Vec<OwnerId> = tx.holds_due(now)?.iter().map(|hold| hold.owner).collect();
            owners.sort_unstable();
            owners.dedup();
            tx.payer_states(&owners)?; // locked before the ledger's, as everywhere
            tx.payers_hurry(&owners, now)?;
            Ok::<_, StoreError>(tx.holds_sweep(now, BATCH)? + tell_holds(tx, ids, now)?)
        };
        loop {
            let ids = self.ids.clone();
            if self.store.write("run_holds", move |tx| ended(tx, &ids))? == 0 {
                return Ok(());
            }
        }
    }

    /// The last tick of each cadence of each cloud after an instant, up to another, in order. Those before them have nothing to
    /// add: settling posts differences.
    pub fn ticks_between(&self, after: Instant, until: Instant) -> Result<BTreeSet<Instant>, EngineError> {
        let mut ticks = BTreeSet::new();
        for cloud in self.clouds_known()? {
            let Some(book) = self.store.read("ticks_between", |tx| self.clouds.get(tx, &cloud))? else { continue };
            for step in cadences(&book, until)? {
                let begun = Period::utc_multiple_of(step, until).map(|period| period.start());
                ticks.extend(begun.filter(|begun| *begun > after));
            }
        }
        Ok(ticks)
    }

    /// Settles what a cadence asks for at a tick of it. A tick that is looked at a little late is settled up to that moment:
    /// cuts change no totals.
    pub fn run_tick(&self, at: Instant) -> Result<(), EngineError> {
        for cloud in self.clouds_known()? {
            // Every five minutes nobody of a cloud that settles by the hour is looked at.
            if !self.has_tick(&cloud, at)? {
                continue;
            }
            let mut after = OwnerId(0);
            loop {
                let from = after;
                let last = self
                    .work("settle_accounts", &cloud, move |work| {
                        let cloud = work.cloud.id.clone();
                        let ids = work.tx.payers_open_after(&cloud, from, BATCH)?;
                        work.load(&ids)?;
                        for id in &ids {
                            let done = settle_at_tick(work, *id, at);
                            work.park_if_failed(*id, done)?;
                        }
                        Ok(ids.last().copied().filter(|_| i64::try_from(ids.len()) == Ok(BATCH)))
                    })
                    .map_err(engine_error)?;
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        self.cover_wallets()
    }

    /// Moves a simulated clock to an instant, running everything due on the way at its own time.
    pub fn advance(&self, to: Instant) -> Result<(), EngineError> {
        self.advance_among(to, &mut |_| Ok(None))
    }

    /// The same among others, who do something of their own after whatever happens, and say when they will again by themselves.
    pub fn advance_among<E: From<EngineError>>(
        &self,
        to: Instant,
        others: &mut dyn FnMut(&Engine) -> Result<Option<Instant>, E>,
    ) -> Result<(), E> {
        self.go_on(to, Pace::Ticks, others)
    }

    /// The same without the ticks of cadences, for years of life in a moment: what accrues is taken when its day ends or something else happens to
    /// its account. Settling posts differences, so whoever looks afterwards finds the same money, in fewer transfers.
    pub fn advance_without_ticks<E: From<EngineError>>(
        &self,
        to: Instant,
        others: &mut dyn FnMut(&Engine) -> Result<Option<Instant>, E>,
    ) -> Result<(), E> {
        self.go_on(to, Pace::Days, others)
    }

    fn go_on<E: From<EngineError>>(
        &self,
        to: Instant,
        pace: Pace,
        others: &mut dyn FnMut(&Engine) -> Result<Option<Instant>, E>,
    ) -> Result<(), E> {
        self.run_due()?;
        let mut theirs = others(self)?;
        let (mut before, mut rounds) = (Agenda::default(), 0_u32);
        loop {
            let now = self.now()?;
            let ahead = self.ahead()?;
            let next = ahead.next(now, pace)?.into_iter().chain(theirs.filter(|at| *at > now)).min();
            let Some(next) = next.filter(|next| *next <= to) else { break };
            // What was done leaves its queue or comes later in it. What does neither would be done for ever.
            rounds = if next <= now && before == ahead.agenda { rounds.saturating_add(1) } else { 0 };
            if rounds > ROUNDS_MAX {
                return Err(EngineError::from(StoreError::corrupt(format!("something stays due at {next}"))).into());
            }
            before.clone_from(&ahead.agenda);
            let ticks = pace == Pace::Ticks && ahead.ticks(next)?;
            self.clock.advance_to(next.max(now));
            self.run_what_is_due(ahead)?;
            if ticks {
                self.run_tick(next)?;
            }
            theirs = others(self)?;
        }
        self.clock.advance_to(to);
        Ok(())
    }

    fn has_tick(&self, cloud: &str, at: Instant) -> Result<bool, EngineError> {
        let book = self.store.read("has_tick", |tx| self.clouds.get(tx, cloud))?;
        let Some(book) = book else { return Ok(false) };
        Ok(cadences(&book, at)?.into_iter().any(|step| is_tick(Cadence::Every(step), at)))
    }

    pub(crate) fn clouds_known(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.store.read("clouds", |tx| tx.policy_clouds())?)
    }

    fn run_queue(&self, now: Instant) -> Result<(), EngineError> {
        let mut seen: BTreeMap<OwnerId, Instant> = BTreeMap::new();
        loop {
            let due = self.store.read("payers_due", |tx| tx.payers_due(now, BATCH))?;
            if due.is_empty() {
                return Ok(());
            }
            for (id, at, _) in &due {
                if seen.insert(*id, *at) == Some(*at) {
                    return Err(StoreError::corrupt(format!("account {} stays due at {at}", id.0)).into());
                }
            }
            for (cloud, ids) in by_cloud(due.into_iter().map(|(id, _, cloud)| (cloud, id))) {
                self.work("run_due", &cloud, move |work| {
                    work.load(&ids)?;
                    for id in &ids {
                        let done = work.bring_to(*id, now).map_err(Refused::from);
                        work.park_if_failed(*id, done)?;
                    }
                    Ok(())
                })
                .map_err(engine_error)?;
            }
        }
    }

    /// What fell silent: it is billed to the last moment confirmed alive (R84).
    fn run_silences(&self, now: Instant) -> Result<(), EngineError> {
        for cloud in self.clouds_known()? {
            self.work("run_silences", &cloud, move |work| {
                let Some(missing_after) = work.policy_at(now)?.monitor.missing_after else { return Ok(()) };
                let second = Duration::try_from_seconds(1).map_err(farthing_core::settle::SettleError::from)?;
                let longest = missing_after.checked_add(second).map_err(farthing_core::settle::SettleError::from)?;
                let Ok(silent_since) = now.checked_sub(longest) else { return Ok(()) };
                let cloud = work.cloud.id.clone();
                for thing in work.tx.things_silent_since(&cloud, silent_since, BATCH)? {
                    missed(work, &thing, now)?;
                }
                Ok(())
            })
            .map_err(engine_error)?;
        }
        Ok(())
    }
}

/// Tells of authorisations that ended by themselves, each once, whoever ended them; how many.
fn tell_holds(tx: &mut Tx<'_>, ids: &IdSource, now: Instant) -> Result<usize, StoreError> {
    let holds = tx.holds_expired_untold(now, BATCH)?;
    let mut owners: Vec<OwnerId> = holds.iter().map(|hold| hold.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let payers = tx.payers(&owners)?;
    for hold in &holds {
        // What only the ledger knows of is nobody's account.
        let Some(payer) = payers.iter().find(|payer| payer.id == hold.owner) else { continue };
        let Some(currency) = tx.account_currency(payer.cash)? else { continue };
        let event = Event::AuthorisationExpired {
            account: payer.name.clone(),
            authorisation: hold.id.to_string(),
            amount: Money::from_units(hold.amount, currency),
            captured: Money::from_units(hold.captured, currency),
            expired_at: hold.expires_at,
        };
        let notice = Notice { event, at: hold.expires_at, account: Some(payer.id), mailed: true };
        tell::write(tx, &payer.cloud, ids, now, &[notice])?;
    }
    Ok(holds.len())
}

/// Posts what the products of this tick owe.
fn settle_at_tick(work: &mut Work<'_, '_>, id: OwnerId, tick: Instant) -> Result<(), Refused> {
    let at = work.now.floor_second();
    work.bring_to(id, at)?;
    let mut due: Vec<Name> = Vec::new();
    for line in &work.folio(id).book.lines {
        if !due.contains(line.product()) && is_tick(line.settle, tick) {
            due.push(line.product().clone());
        }
    }
    work.post(id, at, |product| due.contains(product))?;
    Ok(())
}

/// One account's due time has come: what happens to it by itself at that instant. (Every use case brings its accounts to its
/// own instant first, so none is ever looked at as if this had not happened.)
pub(crate) fn happen_at(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<(), EngineError> {
    work.carry_to(id, at)?;
    let late_window = work.policy_at(at)?.settle.late_window;
    let folio = work.folio(id);
    let begins = folio.lots.iter().any(|lot| lot.starts == at);
    let ends = folio.lots.iter().any(|lot| lot.expires == Some(at));
    let runs_out = folio.state.ran_out_at.is_none() && folio.book.is_out(at)?;
    if begins {
        // What was used before a grant begins is not for it to pay.
        work.post_before(id, at)?;
    }
    if ends || runs_out {
        work.post_all(id, at)?;
    }
    if runs_out {
        work.folio(id).state.ran_out_at = Some(at);
    }
    if work.folio(id).state.grant_at.is_some_and(|due| due <= at) {
        give_due(work, id, at)?;
    }
    tell_expiring(work, id, at)?;
    work.flush_postings()?;
    work.happen_units(id, at)?;
    // A lot that ended stays usable for what is dated before its end, until the late window is over.
    let over = |lot: &farthing_store::LotRow| {
        lot.expires.is_some_and(|end| end.checked_add(late_window).is_ok_and(|end| end <= at)) && lot.held == 0
    };
    let lapsing: Vec<_> = work.folio(id).lots.iter().filter(|lot| over(lot)).cloned().collect();
    for lot in lapsing {
        let left = work
            .folio(id)
            .book
            .purse
            .lots()
            .iter()
            .find(|other| other.account == lot.ledger)
            .map_or(0, |lot| lot.balance);
        let promo_open = work.book_account(Chart::PromoOpen)?;
        let commodity = work.books()?.commodity;
        let mut ids = work.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at };
        let facts = FreeCredit { commodity, promo_open, credit: lot.ledger, amount: left };
        let command = posting::credit_lapsed(&mut stamp, &facts);
        work.book(&[command])?;
        work.tx.lot_lapse(&lot)?;
        if left > 0 {
            let (account, amount) = (work.folio(id).payer.name.clone(), work.money(left));
            let expired_at = lot.expires.unwrap_or(at);
            work.tell_of(Some(id), Event::CreditLapsed { account, grant: lot.name.clone(), amount, expired_at }, at);
        }
        let folio = work.folio(id);
        folio.lots.retain(|other| other.number != lot.number);
        let purse = &folio.book.purse;
        let lots = purse.lots().iter().filter(|other| other.account != lot.ledger).cloned().collect();
        folio.book.purse = farthing_core::settle::Purse::new(lots, purse.cash, purse.debt);
    }
    Ok(())
}

/// The different steps of a cloud's cadences.
fn cadences(book: &CloudBook, at: Instant) -> Result<Vec<Duration>, EngineError> {
    let profile = book.profile_at(at)?;
    let own = profile.catalog.product.iter().filter_map(|product| product.settle);
    let mut steps: Vec<Duration> = own
        .chain([profile.policy.settle.every])
        .filter_map(|cadence| match cadence {
            Cadence::Every(step) => Some(step),
            Cadence::Day | Cadence::Cycle => None,
        })
        .collect();
    steps.sort_unstable();
    steps.dedup();
    Ok(steps)
}

/// What is due, a cloud at a time.
pub(crate) fn by_cloud<T>(due: impl IntoIterator<Item = (String, T)>) -> BTreeMap<String, Vec<T>> {
    let mut clouds: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (cloud, one) in due {
        clouds.entry(cloud).or_default().push(one);
    }
    clouds
}

/// What runs by itself is refused nothing: whatever stopped it is a fault.
pub(crate) fn engine_error(refused: Refused) -> EngineError {
    match refused {
        Refused::Engine(error) => error,
        Refused::ByRule { message, .. } => StoreError::corrupt(message).into(),
    }
}

//! Accounts' books inside a transaction: read and locked, brought to an instant, changed by facts, posted, sealed, written.
//!
//! Every use case that touches what an account owes goes through here: `load` the accounts, `bring_to` the instant, change
//! something, `post`, `finish`. What is decided is the core's; this gathers what it needs and writes what it says.

use crate::asked::Note;
use crate::bills::Corrected;
use crate::budgets::Watch;
use crate::clouds::{CloudBook, Ready};
use crate::keep_wallets;
use crate::periods::Billing;
use crate::record_usage::price_again;
use crate::run_due::{engine_error, happen_at};
use crate::take_outages::take_outages;
use crate::tell::{self, Notice};
use crate::units::Units;
use crate::{EngineError, IdSource, Refused, fact_text, standing};
use farthing_core::catalog::{Kind, Product, Scope};
use farthing_core::config::{Cadence, Name};
use farthing_core::ledger::posting::{self, FreeCredit, Stamp, UsageAccounts};
use farthing_core::ledger::{Account, AccountId, Chart, Command, CommodityId, OwnerId};
use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Money};
use farthing_core::notice::Event;
use farthing_core::payment::BillId;
use farthing_core::policy::{Pay, Policy};
use farthing_core::rate::{Charge, Coverage};
use farthing_core::settle::{
    AccountBook, Closing, Correction, Costs, Line, LineId, Meterage, OpenCharge, Paid, Payer, Posted, Posting, Purse,
    Question, Sealed, Service, SettleError, Source, TermsKey, ThingId, ThingPrices, Watched, billing_period, cost,
    is_closed, parts_of, rating_period, stretches_of_resource, stretches_of_scope, uncovered,
};
use farthing_core::time::{Duration, Instant, Period, Span, Zone};
use farthing_core::timeline::{Fact, Outage, Segment, Timeline, fold, void};
use farthing_store::{
    AlertRow, Beside, ChargeFilter, ChargeRow, ClosedTotalRow, CompanyRow, LotRow, NewAccount, OpenRow, PayerRow,
    PayerState, StoreError, TermsId, ThingKind, ThingRow, Tx, properties_from_text,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What a cloud's own books are called among the ledger's owners.
pub(crate) const BOOKS: &str = "books";

/// One account's book, and what of it has changed.
#[derive(Debug)]
pub(crate) struct Folio {
    pub(crate) payer: PayerRow,
    pub(crate) name: Name,
    pub(crate) zone: Zone,
    pub(crate) state: PayerState,
    pub(crate) book: AccountBook,
    pub(crate) lots: Vec<LotRow>,
    /// None: it has no units, and nothing of it takes any.
    pub(crate) units: Option<Box<Units>>,
    /// What holds reserve of its cash, credit and debt.
    pub(crate) held: i64,
    /// What waits for a bill.
    pub(crate) unbilled: i64,
    /// What it is warned of.
    pub(crate) alert: AlertRow,
    pub(crate) alert_loaded: AlertRow,
    pub(crate) budgets: Vec<Watch>,
    /// Read when something is sealed or billed.
    pub(crate) billing: Option<Billing>,
    /// What late facts take back of charges that stand on a bill.
    pub(crate) corrected: Vec<Corrected>,
    /// What has to be posted: when it counts from, and what.
    postings: Vec<(Instant, Posting)>,
    pub(crate) sealed: Vec<(Sealed, i64)>,
    loaded: Vec<OpenRow>,
    posted_loaded: BTreeMap<Name, Posted>,
    state_loaded: PayerState,
    /// Lines, lots or money changed: what is due has to be found anew.
    stirred: bool,
    /// Known of many accounts at once; none: it is looked for where it is asked for.
    beside: Option<BTreeSet<Beside>>,
}

/// A transaction's work on the accounts of one cloud.
pub(crate) struct Work<'w, 't> {
    pub(crate) tx: &'w mut Tx<'t>,
    pub(crate) cloud: Arc<CloudBook>,
    pub(crate) ids: &'w IdSource,
    /// When it is recorded.
    pub(crate) now: Instant,
    pub(crate) folios: BTreeMap<OwnerId, Folio>,
    currency: Currency,
    /// What products and accounts do that do not say.
    pay: Pay,
    books: Option<Books>,
    /// What the line before had: most are alike.
    last_ready: Option<(TermsId, i64, Arc<Ready>)>,
    last_zone: Option<Zone>,
    /// For the audit log.
    pub(crate) notes: Vec<Note>,
    /// Whether the price of the slot before is charged by the day: most are alike.
    last_by_day: Option<(Arc<TermsKey>, bool)>,
    /// What the cloud is told, in order.
    notices: Vec<Notice>,
    /// Documents were issued: they wait for their numbers.
    pub(crate) issued: bool,
    /// Bills whose lateness was billed with more than it costs by now.
    pub(crate) overcharged: BTreeSet<BillId>,
    /// The billing period of the charge before: most are of one.
    pub(crate) last_period: Option<(OwnerId, Period)>,
    /// Who the account of the line before is: most are of one.
    last_company: Option<(OwnerId, CompanyRow)>,
}

/// The cloud's own ledger accounts, as far as they were needed.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    pub(crate) owner: OwnerId,
    pub(crate) commodity: CommodityId,
    known: BTreeMap<(CommodityId, Chart), AccountId>,
}

impl<'w, 't> Work<'w, 't> {
    pub(crate) fn new(
        tx: &'w mut Tx<'t>,
        cloud: Arc<CloudBook>,
        ids: &'w IdSource,
        now: Instant,
    ) -> Result<Work<'w, 't>, EngineError> {
        let policy = &cloud.profile_at(now)?.policy;
        let (currency, pay) = (policy.cloud.currency, policy.settle.pay);
        let folios = BTreeMap::new();
        Ok(Work {
            tx,
            cloud,
            ids,
            now,
            folios,
            currency,
            pay,
            books: None,
            last_ready: None,
            last_zone: None,
            notes: Vec::new(),
            last_by_day: None,
            notices: Vec::new(),
            issued: false,
            overcharged: BTreeSet::new(),
            last_period: None,
            last_company: None,
        })
    }

    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    pub(crate) fn money(&self, units: i64) -> Money {
        Money::from_units(units, self.currency)
    }

    /// Tells the cloud, and where people should hear of it them, of something that happened now; with everything else, or not at all.
    pub(crate) fn tell(&mut self, account: Option<OwnerId>, event: Event) {
        self.tell_of(account, event, self.now);
    }

    /// The same of an instant that has passed.
    pub(crate) fn tell_of(&mut self, account: Option<OwnerId>, event: Event, at: Instant) {
        self.notices.push(Notice { event, at, account, mailed: true });
    }

    /// The same of something that nobody is written to about.
    pub(crate) fn tell_quietly(&mut self, account: Option<OwnerId>, event: Event) {
        self.tell_quietly_of(account, event, self.now);
    }

    pub(crate) fn tell_quietly_of(&mut self, account: Option<OwnerId>, event: Event, at: Instant) {
        self.notices.push(Notice { event, at, account, mailed: false });
    }

    pub(crate) fn policy_at(&self, at: Instant) -> Result<&Policy, SettleError> {
        Ok(&self.cloud.profile_at(at)?.policy)
    }

    /// Reads and locks accounts that are not here yet.
    pub(crate) fn load(&mut self, ids: &[OwnerId]) -> Result<(), EngineError> {
        let wanted: BTreeSet<OwnerId> = ids.iter().copied().filter(|id| !self.folios.contains_key(id)).collect();
        let wanted: Vec<OwnerId> = wanted.into_iter().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let states = self.tx.payer_states(&wanted)?;
        let payers = self.tx.payers(&wanted)?;
        let wallets = payers
            .iter()
            .flat_map(|payer| [Some(payer.cash), payer.debt, payer.unbilled])
            .flatten()
            .map(|account| account.0)
            .collect();
        let mut wallets = self.tx.accounts_locked(wallets)?; // in order of id
        let mut opens = self.tx.open_charges(&wanted)?.into_iter().peekable(); // in order of account
        let mut posted: BTreeMap<OwnerId, BTreeMap<Name, Posted>> = BTreeMap::new();
        for (account, product, row) in self.tx.posted(&wanted)? {
            posted.entry(account).or_default().insert(product, row);
        }
        let mut lots: BTreeMap<OwnerId, Vec<LotRow>> = BTreeMap::new();
        let mut own = self.tx.lots(&wanted)?;
        let alerts: BTreeMap<OwnerId, AlertRow> = self.tx.alerts_of(&wanted)?.into_iter().collect();
        let overdue: BTreeMap<OwnerId, i64> = self.tx.bills_overdue(&wanted)?.into_iter().collect();
        self.end_holds(&mut wallets, &mut own)?;
        for lot in own {
            lots.entry(lot.account).or_default().push(lot);
        }
        for (payer, state) in payers.into_iter().zip(states) {
            if payer.id != state.account {
                return Err(StoreError::corrupt(format!("account {} has no state", payer.id.0)).into());
            }
            if state.version > self.cloud.newest {
                // Another process has applied a version since this one looked: with older prices nothing is right.
                return Err(self.tx.overtaken("the cloud has a newer configuration than was read").into());
            }
            if state.outage > self.cloud.outages.newest() {
                return Err(self.tx.overtaken("the cloud has reported an outage since this was read").into());
            }
            let wallet = |id: Option<AccountId>| {
                let place = id.and_then(|id| wallets.binary_search_by_key(&id, |account| account.id).ok());
                place.and_then(|place| wallets.get(place)).map_or((0, 0), |account| (account.balance(), account.held))
            };
            let (cash, debt) = (wallet(Some(payer.cash)), wallet(payer.debt));
            let unbilled = wallet(payer.unbilled).0.saturating_neg();
            let own_lots = lots.remove(&payer.id).unwrap_or_default();
            let held = own_lots.iter().map(|lot| lot.held).sum::<i64>() + cash.1 + debt.1;
            let zone = self.zone(&payer.zone)?;
            let name = Name::parse(&payer.name)
                .ok_or_else(|| StoreError::corrupt(format!("an account named {:?}", payer.name)))?;
            let mut rows = Vec::new();
            while let Some(row) = opens.next_if(|row| row.account == payer.id) {
                rows.push(row);
            }
            let mut lines = Vec::with_capacity(rows.len());
            for row in &rows {
                lines.push(self.line_of(row, payer.pay, &zone, state.open_from)?);
            }
            let own_posted = posted.remove(&payer.id).unwrap_or_default();
            let book = AccountBook {
                lines,
                posted: own_posted.clone(),
                purse: Purse::new(own_lots.iter().map(lot_of).collect(), cash.0, debt.0.saturating_neg()),
                overdue: overdue.get(&payer.id).copied().unwrap_or(0),
                open_from: state.open_from,
            };
            let alert = alerts.get(&payer.id).copied().unwrap_or_default();
            self.folios.insert(
                payer.id,
                Folio {
                    alert,
                    alert_loaded: alert,
                    budgets: Vec::new(),
                    name,
                    zone,
                    state_loaded: state.clone(),
                    state,
                    book,
                    lots: own_lots,
                    units: None,
                    held,
                    unbilled,
                    billing: None,
                    beside: None,
                    corrected: Vec::new(),
                    postings: Vec::new(),
                    sealed: Vec::new(),
                    loaded: rows,
                    posted_loaded: own_posted,
                    stirred: false,
                    payer,
                },
            );
        }
        self.load_budgets(&wanted)?;
        if self.cloud.sells_units { self.load_units(&wanted) } else { Ok(()) }
    }

    /// A hold whose time has come reserves nothing any more. The ledger says so itself as soon as it is asked to move anything of
    /// its owner; who only looks sees it as well.
    fn end_holds(&mut self, wallets: &mut [Account], lots: &mut [LotRow]) -> Result<(), EngineError> {
        if wallets.iter().all(|account| account.held == 0) && lots.iter().all(|lot| lot.held == 0) {
            return Ok(());
        }
        for part in self.tx.holds_due(self.now)?.iter().flat_map(|hold| &hold.parts) {
            let wallet = wallets.iter_mut().find(|account| account.id == part.account).map(|account| &mut account.held);
            let held =
                wallet.or_else(|| lots.iter_mut().find(|lot| lot.ledger == part.account).map(|lot| &mut lot.held));
            if let Some(held) = held {
                *held = held.saturating_sub(part.reserved);
            }
        }
        Ok(())
    }

    /// Reads an account again that the ledger has moved beside its book: what waits of it is written first.
    pub(crate) fn reload(&mut self, id: OwnerId) -> Result<(), EngineError> {
        self.flush_postings()?;
        let Some(folio) = self.folios.get(&id) else { return self.load(&[id]) };
        let (cash, debt) = (folio.payer.cash, folio.payer.debt);
        let mut wallets = self.tx.accounts_locked([Some(cash), debt].into_iter().flatten().map(|id| id.0).collect())?;
        let mut lots = self.tx.lots(&[id])?;
        self.end_holds(&mut wallets, &mut lots)?;
        let wallet = |id: Option<AccountId>| {
            let found = wallets.iter().find(|account| Some(account.id) == id);
            found.map_or((0, 0), |account| (account.balance(), account.held))
        };
        let (cash, debt) = (wallet(Some(cash)), wallet(debt));
        let folio = self.folio(id);
        folio.held = lots.iter().map(|lot| lot.held).sum::<i64>() + cash.1 + debt.1;
        folio.book.purse = Purse::new(lots.iter().map(lot_of).collect(), cash.0, debt.0.saturating_neg());
        folio.lots = lots;
        folio.stirred = true;
        Ok(())
    }

    /// An account that was loaded.
    pub(crate) fn folio(&mut self, id: OwnerId) -> &mut Folio {
        self.folios.get_mut(&id).expect("an account is loaded before it is worked on")
    }

    /// A line of an account that was loaded, which is there.
    pub(crate) fn line(&mut self, account: OwnerId, id: &LineId) -> &mut Line {
        let lines = self.folio(account).book.lines.iter_mut();
        lines.into_iter().find(|line| line.id == *id).expect("a line is made before it is counted into")
    }

    /// A line as its row keeps it. `pay`: what its account says of it; `open_from`: where its open day begins.
    pub(crate) fn line_of(
        &mut self,
        row: &OpenRow,
        pay: Option<Pay>,
        zone: &Zone,
        open_from: Instant,
    ) -> Result<Line, EngineError> {
        let cloud = self.cloud.clone();
        let ready = match &self.last_ready {
            Some((terms, month_seconds, ready)) if *terms == row.terms && *month_seconds == row.month_seconds => {
                ready.clone()
            }
            _ => cloud.ready(self.tx, row, zone)?,
        };
        if !matches!(*ready.meterage, Meterage::Hours { .. }) {
            self.last_ready = Some((row.terms, row.month_seconds, ready.clone()));
        }
        let mut open = OpenCharge {
            key: ready.key.clone(),
            month_seconds: row.month_seconds,
            since: row.since,
            at: row.at,
            total: row.total,
            slope: row.slope,
            done: OpenRow::charge(row.done, self.currency),
            base: OpenRow::charge(row.base.unwrap_or_default(), self.currency),
            until: row.until,
            by_period: row.by_period,
        };
        if row.base.is_none() {
            open.base = open.base_from(&ready.meterage, open_from)?;
        }
        Ok(Line {
            id: row.id.clone(),
            open,
            meterage: ready.meterage.clone(),
            pay: ready.pay.or(pay).unwrap_or(self.pay),
            settle: ready.settle,
            room_to: row.room_to,
        })
    }

    /// An account's zone; most are alike.
    pub(crate) fn zone(&mut self, name: &str) -> Result<Zone, EngineError> {
        if let Some(known) = self.last_zone.as_ref().filter(|zone| zone.name() == name) {
            return Ok(known.clone());
        }
        let zone = Zone::parse(name).map_err(|_| StoreError::corrupt(format!("an account in the zone {name:?}")))?;
        self.last_zone = Some(zone.clone());
        Ok(zone)
    }

    /// What the product says, else the account, else the policy (R3, R99).
    pub(crate) fn pay_of(&self, product: Option<Pay>, payer: &PayerRow) -> Result<Pay, SettleError> {
        Ok(product.or(payer.pay).unwrap_or(self.policy_at(self.now)?.settle.pay))
    }

    /// A line made of what a timeline or an event came to.
    pub(crate) fn line_new(&mut self, account: OwnerId, id: LineId, open: OpenCharge) -> Result<Line, EngineError> {
        let terms_id = self.tx.terms_keep(&self.cloud.id, &open.key)?;
        let known = self.cloud.terms(self.tx, terms_id)?;
        let folio = self.folios.get(&account).expect("the account is loaded");
        let (zone, pay) = (folio.zone.clone(), self.pay_of(known.1.pay, &folio.payer)?);
        let meterage = self.cloud.meterage(&known.0, &known.1, open.month_seconds, open.slope, &zone)?;
        Ok(Line { id, open, meterage, pay, settle: known.1.settle, room_to: 0 })
    }

    // --- Time

    /// Brings an account to an instant. What has become due on the way happens at its own time, however late it is looked at:
    /// a gift that began and ended while nobody looked has paid for what was used between.
    pub(crate) fn bring_to(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        while let Some(due) = self.folio(id).state.due_at.filter(|due| *due <= at) {
            happen_at(self, id, due)?;
            let late_window = self.policy_at(due)?.settle.late_window;
            let cloud = self.cloud.clone();
            let folio = self.folio(id);
            folio.find_due(due, late_window, &cloud)?;
            folio.stirred = true;
        }
        self.carry_to(id, at)
    }

    /// Days that are over are sealed, lines whose form has ended are folded again, and configurations it does not know of are
    /// taken in.
    pub(crate) fn carry_to(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        let at = at.floor_second();
        loop {
            let folio = self.folio(id);
            if folio.book.lines.is_empty() {
                // Nothing is open: the days in between have nothing to seal.
                let start = folio.zone.day_of(at).map_err(SettleError::from)?.start();
                if start > folio.state.open_from {
                    folio.state.open_from = start;
                    folio.book.open_from = start;
                }
            }
            let day_end = folio.zone.day_of(folio.state.open_from).map_err(SettleError::from)?.end();
            // A rating period need not end with a day: it is sealed when it does.
            let by_period = folio.book.lines.iter().filter(|line| line.open.by_period);
            let period_end = by_period.filter_map(|line| line.open.until).min().unwrap_or(day_end);
            let until = at.min(day_end).min(period_end);
            let known = folio.state.version;
            if known < self.cloud.newest {
                // What is sealed may be corrected by it, also where nothing is open any more.
                let news = self.cloud.news_since(known).unwrap_or(until);
                self.refold_all(id, news, until)?;
                self.folio(id).state.version = self.cloud.newest;
                self.folio(id).stirred = true; // who pays ahead may be another
            }
            take_outages(self, id, until)?;
            if self.folio(id).book.lines.is_empty() {
                return Ok(());
            }
            let ended = |line: &&Line| !line.open.by_period && line.open.until.is_some_and(|end| end <= until);
            let stale: BTreeSet<ThingId> = if until == day_end {
                BTreeSet::new() // the day's end folds them
            } else {
                let lines = self.folio(id).book.lines.iter();
                lines.filter(|line| line.id.began == 0).filter(ended).map(|line| line.id.thing).collect()
            };
            for thing in stale {
                let rows = self.tx.things(&[thing])?;
                for row in rows {
                    self.refold_of(&[id], &row, until, until)?;
                }
            }
            if until < day_end.min(period_end) {
                return Ok(());
            }
            self.seal(id, until, day_end)?;
        }
    }

    /// Posts what the chosen products owe at an instant.
    pub(crate) fn post(&mut self, id: OwnerId, at: Instant, chosen: impl Fn(&Name) -> bool) -> Result<(), EngineError> {
        let folio = self.folio(id);
        let postings = folio.book.post(at, &BTreeMap::new(), chosen)?;
        // What goes back to a lot that has ended is gone: less is left than was reckoned with.
        folio.stirred |= postings.iter().flat_map(|posting| &posting.parts).any(|(_, part)| *part < 0);
        // Nor was it reckoned with that what is paid afterwards would take credit.
        let later = |posting: &Posting| {
            folio.book.lines.iter().any(|line| line.pay == Pay::Postpaid && *line.product() == posting.product)
                && posting.parts.iter().any(|(source, _)| matches!(source, Source::Lot(_)))
        };
        let took_credit = postings.iter().any(later);
        folio.stirred |= took_credit;
        folio.postings.extend(postings.into_iter().map(|posting| (at, posting)));
        Ok(())
    }

    /// Posts everything: whatever changes what can pay settles the account first.
    pub(crate) fn post_all(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        self.post(id, at.floor_second(), |_| true)
    }

    /// Posts everything up to an instant, by what could pay before it.
    pub(crate) fn post_before(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        let folio = self.folio(id);
        let beginning: Vec<_> = folio.book.purse.lots().iter().filter(|lot| lot.starts == at).cloned().collect();
        let purse = &folio.book.purse;
        let others: Vec<_> = purse.lots().iter().filter(|lot| lot.starts != at).cloned().collect();
        folio.book.purse = Purse::new(others, purse.cash, purse.debt);
        self.post(id, at, |_| true)?;
        let purse = self.folio(id).book.purse.clone();
        let lots = purse.lots().iter().cloned().chain(beginning).collect();
        self.folio(id).book.purse = Purse::new(lots, purse.cash, purse.debt);
        Ok(())
    }

    /// Seals the rating periods of an account that end at an instant, and its open day where that ends with them.
    fn seal(&mut self, id: OwnerId, end: Instant, day_end: Instant) -> Result<(), EngineError> {
        let (day, lines) = {
            let folio = self.folio(id);
            let start = folio.state.open_from;
            let day = Period::try_new(start, day_end).map_err(|_| SettleError::Calendar)?;
            (day, std::mem::take(&mut folio.book.lines))
        };
        let closes_day = end == day_end;
        let mut charges: Vec<Closing> = Vec::new();
        let mut kept: Vec<Line> = Vec::new();
        let ends =
            |line: &Line| (closes_day || line.open.by_period) && line.open.until.is_some_and(|until| until <= end);
        // Where one part of a thing ends, its timeline says all of them.
        let folded: BTreeSet<ThingId> =
            lines.iter().filter(|line| line.id.began == 0 && ends(line)).map(|line| line.id.thing).collect();
        for mut line in lines {
            if line.id.began == 0 && folded.contains(&line.id.thing) {
                continue;
            }
            if line.id.is_correction() && closes_day {
                let slot = Period::try_new(line.open.since, line.open.at).map_err(|_| SettleError::Calendar)?;
                charges.push(closing(&line, slot, line.open.done));
                continue;
            }
            if line.open.by_period && ends(&line) {
                // A rating period of usage: its minimum, its charge, and its total for whatever comes late.
                let charge = self.close_usage(id, &line, end)?;
                let began = Instant::try_from_seconds(line.id.began).map_err(SettleError::from)?;
                let period = Period::try_new(began, end).map_err(|_| SettleError::Calendar)?;
                charges.push(closing(&line, period, charge));
                continue;
            }
            let slot = if line.open.by_period || !closes_day { None } else { self.slot_of_line(id, &line, day)? };
            let Some(slot) = slot else {
                kept.push(line);
                continue;
            };
            let charge = line.amount_at(day_end)?;
            let ran = charge.checked_sub(line.open.done).map_err(SettleError::from)?;
            line.open.base = line.open.base.checked_add(ran).map_err(SettleError::from)?;
            line.open.done = Charge::zero(self.currency);
            if charge != Charge::zero(self.currency) {
                charges.push(closing(&line, slot, charge));
            }
            // In an outage nothing grows, and its end is yet to be looked at.
            let goes_on = line.open.slope > 0 || line.open.until.is_some_and(|until| until > day_end);
            if goes_on || line.id.began != 0 {
                kept.push(line);
            }
        }
        self.folio(id).book.lines = kept;
        for thing in folded {
            for row in self.tx.things(&[thing])? {
                self.seal_folded(id, &row, day, end, &mut charges)?;
            }
        }
        self.seal_with(id, end, charges)?;
        if closes_day {
            let folio = self.folio(id);
            folio.book.open_from = day_end;
            folio.state.open_from = day_end;
        }
        Ok(())
    }

    /// Of when a charge is that is sealed with a day: of the day, or of the rating period that ended in it where the line is
    /// settled by that; none where that goes on.
    fn slot_of_line(&self, id: OwnerId, line: &Line, day: Period) -> Result<Option<Period>, SettleError> {
        if line.settle != Cadence::Cycle {
            return Ok(Some(day));
        }
        let period = self.cloud.terms_of(&line.open.key)?.period_of(day.start(), &self.folios[&id].zone)?;
        Ok(Some(period).filter(|period| period.end() <= day.end()))
    }

    /// A thing whose form has ended: its timeline says what the day, or its rating period, has cost.
    fn seal_folded(
        &mut self,
        id: OwnerId,
        thing: &ThingRow,
        day: Period,
        end: Instant,
        charges: &mut Vec<Closing>,
    ) -> Result<(), EngineError> {
        let asked =
            Asked { changed: day.start(), as_of: end, looks_back: false, day_end: (end == day.end()).then_some(end) };
        let costs = self.cost_of(thing, &[id], &asked)?;
        // What ended earlier on this day is sealed already.
        for (slot, (key, charge)) in costs.closed.iter().filter(|(slot, _)| slot.to == end) {
            if *charge == Charge::zero(self.currency) {
                continue;
            }
            let known = self.cloud.terms_of(key)?;
            // A rating period may begin with a day that was charged by itself, at a price without memory.
            let began = if known.memory { slot.from.seconds_since(Instant::EPOCH) } else { 0 };
            let line = LineId { thing: thing.id, part: slot.part.clone(), began };
            let period = Period::try_new(slot.from, slot.to).map_err(|_| SettleError::Calendar)?;
            let terms_id = self.tx.terms_keep(&self.cloud.id, key)?;
            let known = self.cloud.terms(self.tx, terms_id)?;
            let pay = self.pay_of(known.1.pay, &self.folios[&id].payer)?;
            charges.push(Closing {
                line,
                product: key.product.clone(),
                key: key.clone(),
                period,
                charge: *charge,
                pay,
            });
        }
        self.take_open(id, thing, costs)
    }

    /// Seals what waits for its settlement of closed slots: it stands on the document that is issued now.
    pub(crate) fn seal_corrections(&mut self, id: OwnerId) -> Result<(), EngineError> {
        let waiting: Vec<Line> = self.folio(id).book.lines.extract_if(.., |line| line.id.is_correction()).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let mut charges = Vec::with_capacity(waiting.len());
        for line in &waiting {
            let slot = Period::try_new(line.open.since, line.open.at).map_err(|_| SettleError::Calendar)?;
            charges.push(closing(line, slot, line.open.done));
        }
        let at = self.now.floor_second();
        self.seal_with(id, at, charges)
    }

    fn seal_with(&mut self, id: OwnerId, at: Instant, charges: Vec<Closing>) -> Result<(), EngineError> {
        let mut sealing: BTreeMap<Name, (i64, Pay)> = BTreeMap::new();
        for closing in &charges {
            let sum = sealing.entry(closing.product.clone()).or_insert((0, closing.pay));
            sum.0 = sum.0.saturating_add(closing.charge.net.units());
        }
        let folio = self.folio(id);
        let postings = folio.book.post(at, &sealing, |product| sealing.contains_key(product))?;
        folio.postings.extend(postings.into_iter().map(|posting| (at, posting)));
        let sealed = folio.book.seal(charges)?;
        for mut sealed in sealed {
            let mut number = 0;
            if sealed.line.is_correction() {
                sealed.line.began = 0;
                sealed.correction = true;
                number = self.next_number(id, &sealed)?;
            }
            self.folio(id).sealed.push((sealed, number));
        }
        self.folio(id).stirred = true;
        Ok(())
    }

    /// The number of the next correction of a slot, counting those that are not written yet.
    fn next_number(&mut self, id: OwnerId, sealed: &Sealed) -> Result<i64, EngineError> {
        let rows = self.charges_known(id, sealed.line.thing, &[sealed.from])?;
        let newest = rows.into_iter().filter(|row| row.line == sealed.line).map(|row| row.number).max();
        Ok(newest.unwrap_or(0) + 1)
    }

    /// A thing's charges that began at one of these instants: those in the store, and those this transaction seals.
    pub(crate) fn charges_known(
        &mut self,
        id: OwnerId,
        thing: ThingId,
        from: &[Instant],
    ) -> Result<Vec<ChargeRow>, EngineError> {
        let mut rows = self.tx.charges_at(id, thing, from)?;
        let waiting = self.charges_waiting(id);
        rows.extend(waiting.filter(|row| row.line.thing == thing && from.contains(&row.from)));
        Ok(rows)
    }

    /// All charges of a product, the same way.
    pub(crate) fn charges_of_product(&mut self, id: OwnerId, product: &Name) -> Result<Vec<ChargeRow>, EngineError> {
        let filter = ChargeFilter { product: Some(product.clone()), ..ChargeFilter::default() };
        let mut rows = self.tx.charges_of(id, &filter)?;
        rows.extend(self.charges_waiting(id).filter(|row| row.product == *product));
        Ok(rows)
    }

    /// Everything that was charged for what began at an instant or after it, the same way.
    pub(crate) fn charges_since(&mut self, id: OwnerId, from: Instant) -> Result<Vec<ChargeRow>, EngineError> {
        let filter = ChargeFilter { from: Some(from), ..ChargeFilter::default() };
        let mut rows = self.tx.charges_of(id, &filter)?;
        rows.extend(self.charges_waiting(id).filter(|row| row.from >= from));
        Ok(rows)
    }

    /// What this transaction seals. The places in the chain are given when they are written.
    pub(crate) fn charges_waiting(&self, id: OwnerId) -> impl Iterator<Item = ChargeRow> {
        self.folios[&id].sealed.iter().map(move |(sealed, number)| {
            let terms = TermsId::of(&self.cloud.id, &sealed.key);
            row_of_sealed(id, sealed.clone(), terms, *number, self.now, 0)
        })
    }

    /// Ends a rating period of usage.
    fn close_usage(&mut self, id: OwnerId, line: &Line, at: Instant) -> Result<Charge, EngineError> {
        let charge = line.amount_at(at)?;
        let missing = line.meterage.true_up(charge, Coverage::WHOLE)?;
        let terms = TermsId::of(&self.cloud.id, &line.open.key);
        self.tx.closed_total_put(&ClosedTotalRow {
            account: id,
            id: line.id.clone(),
            terms,
            month_seconds: line.open.month_seconds,
            total: line.open.total,
        })?;
        Ok(charge.checked_add(missing).map_err(SettleError::from)?)
    }

    /// An account that cannot be settled is parked: nothing of it is written but why, and everybody else goes on.
    pub(crate) fn park_if_failed(&mut self, id: OwnerId, done: Result<(), Refused>) -> Result<(), Refused> {
        let error = match done {
            Ok(()) => return Ok(()),
            Err(Refused::Engine(EngineError::Settle(error))) => error,
            Err(other) => return Err(other),
        };
        self.folios.remove(&id);
        // What was to be told of it did not happen.
        self.notices.retain(|notice| notice.account != Some(id));
        self.load(&[id])?;
        self.park(id, &error.to_string());
        Ok(())
    }

    /// Nothing happens by itself to an account that was loaded, until it is settled again.
    pub(crate) fn park(&mut self, id: OwnerId, why: &str) {
        let folio = self.folio(id);
        let fresh = folio.state.parked.is_empty();
        why.clone_into(&mut folio.state.parked);
        folio.state.due_at = None;
        let event = Event::AccountParked { account: folio.payer.name.clone(), reason: why.to_owned() };
        if fresh {
            self.tell(Some(id), event);
        }
    }

    // --- Timelines

    /// Everything an account pays for, folded again: the configuration has changed since `from`.
    fn refold_all(&mut self, id: OwnerId, from: Instant, as_of: Instant) -> Result<(), EngineError> {
        for thing in self.tx.things_of_account(id)? {
            if thing.kind != ThingKind::Usage {
                self.refold_of(&[id], &thing, from, as_of)?;
            }
        }
        price_again(self, id).map_err(engine_error)
    }

    /// Folds a thing's timeline again, of which something changed from an instant on. What is open of it is replaced; what
    /// is sealed is compared, and the difference booked as a correction. For all accounts that pay or paid for it, which were
    /// brought to that instant.
    pub(crate) fn refold(&mut self, thing: &ThingRow, changed: Instant, as_of: Instant) -> Result<(), EngineError> {
        let payers = self.paying(thing)?;
        self.refold_of(&payers, thing, changed, as_of)
    }

    /// The same for some accounts, each of which was brought to that instant or is on its way there.
    pub(crate) fn refold_of(
        &mut self,
        ids: &[OwnerId],
        thing: &ThingRow,
        changed: Instant,
        as_of: Instant,
    ) -> Result<(), EngineError> {
        if self.cloud.takes_units(&thing.product) {
            self.refold_units(ids, thing, changed, as_of)?;
        }
        self.refold_money(ids, thing, changed, as_of)
    }

    /// The same of what it costs in money alone.
    pub(crate) fn refold_money(
        &mut self,
        ids: &[OwnerId],
        thing: &ThingRow,
        changed: Instant,
        as_of: Instant,
    ) -> Result<(), EngineError> {
        let costs = self.cost_of(thing, ids, &Asked { changed, as_of, looks_back: false, day_end: None })?;
        let short = self.has_short_periods(thing, as_of)?;
        for id in ids {
            if changed < self.folios[id].state.open_from || (short && changed < as_of) {
                self.correct(*id, thing, &costs, changed, as_of)?;
            }
        }
        for id in ids {
            self.take_open(*id, thing, Costs { closed: BTreeMap::new(), open: costs.open.clone() })?;
        }
        Ok(())
    }

    /// Whether rating periods of a thing may end before the day does.
    fn has_short_periods(&self, thing: &ThingRow, at: Instant) -> Result<bool, SettleError> {
        let exact = |period: &Span| matches!(period, Span::Exact(_));
        Ok(self.periods_of(thing, at)?.iter().any(exact))
    }

    /// The lengths of the rating periods that a thing's prices look at.
    fn periods_of(&self, thing: &ThingRow, at: Instant) -> Result<Vec<Span>, SettleError> {
        let Some(product) = self.cloud.profile_at(at)?.catalog.product_by_id(thing.product.as_str()) else {
            return Ok(Vec::new());
        };
        Ok(product.component.iter().filter_map(|part| part.period).chain([product.period]).collect())
    }

    /// Replaces what is open of a thing for one account.
    fn take_open(&mut self, id: OwnerId, thing: &ThingRow, costs: Costs) -> Result<(), EngineError> {
        let folio = self.folio(id);
        let had = folio.book.lines.len();
        folio.book.lines.retain(|line| line.id.thing != thing.id || line.id.is_correction());
        let removed = had != folio.book.lines.len();
        let mut added = false;
        for (payer, part, open) in costs.open {
            let nothing =
                open.slope == 0 && open.done == Charge::zero(self.currency) && !open.by_period && open.until.is_none();
            if payer != id || nothing {
                continue;
            }
            let line = self.line_new(id, LineId { thing: thing.id, part, began: 0 }, open)?;
            self.folio(id).book.lines.push(line);
            added = true;
        }
        if removed || added {
            self.folio(id).stirred = true;
        }
        Ok(())
    }

    /// What a thing costs some of the loaded accounts, as far as they pay or paid for it.
    pub(crate) fn cost_of(&mut self, thing: &ThingRow, ids: &[OwnerId], asked: &Asked) -> Result<Costs, EngineError> {
        let mut payers: BTreeMap<OwnerId, Payer> = BTreeMap::new();
        for id in ids {
            let folio = &self.folios[id];
            let open_from = asked.day_end.unwrap_or(folio.state.open_from);
            let closed_from = self.looked_from(*id, asked.changed, asked.as_of)?;
            payers.insert(*id, Payer { zone: folio.zone.clone(), name: folio.name.clone(), open_from, closed_from });
        }
        let cloud = self.cloud.clone();
        let mut as_of = asked.as_of;
        let profile = cloud.profile_at(as_of)?;
        let Some(product) = profile.catalog.product_by_id(thing.product.as_str()) else {
            return Err(SettleError::Offer(farthing_core::catalog::OfferError::NoProduct {
                product: thing.product.to_string(),
            })
            .into());
        };
        let facts = if thing.kind == ThingKind::Resource { self.facts_of(thing)? } else { Vec::new() };
        let parts = parts_of(product);
        let properties = properties_from_text(&thing.properties);
        let prices = ThingPrices { product: &thing.product, parts: &parts, properties: &properties };
        // What another process has been told of already, its clock a little ahead of ours, is not forgotten.
        let mut told = |at: Instant| {
            if !asked.looks_back {
                as_of = as_of.max(at.floor_second());
            }
        };
        for fact in &facts {
            told(fact.at);
        }
        let stretches = if thing.kind == ThingKind::Scope {
            let mut stretches = Vec::new();
            for (id, payer) in &payers {
                let mut members = Vec::new();
                for (member, segments) in self.members_of_scope(thing, product, *id)? {
                    members.push(self.without_outages(&member, segments));
                }
                members.iter().flatten().for_each(|segment| told(segment.from));
                stretches.extend(stretches_of_scope(&members, (*id, payer), &prices, &cloud.prices)?);
            }
            stretches
        } else if shared_scope(product).is_some() || !matches!(product.kind, Kind::Running | Kind::Capacity) {
            Vec::new() // its scope is charged, or its use, or its term
        } else {
            let segments = self.fold(&facts, product)?.segments;
            let segments = self.without_outages(thing, segments);
            stretches_of_resource(&segments, &prices, &payers, &cloud.prices)?
        };
        let stretches =
            if cloud.takes_units(&thing.product) { uncovered(stretches, &self.dry_of(ids))? } else { stretches };
        Ok(cost(&stretches, &payers, &cloud.compiled, self.currency, as_of)?)
    }

    /// Who of the loaded accounts pays or ever paid for a thing.
    fn paying(&mut self, thing: &ThingRow) -> Result<Vec<OwnerId>, EngineError> {
        let mut ids: BTreeSet<OwnerId> = BTreeSet::from([thing.account]);
        match thing.kind {
            ThingKind::Resource => ids.extend(self.facts_of(thing)?.iter().filter_map(Fact::payer)),
            // A project goes from hand to hand.
            ThingKind::Scope if thing.project != 0 => ids.extend(self.folios.keys()),
            ThingKind::Scope | ThingKind::Usage => {}
        }
        Ok(ids.into_iter().filter(|id| self.folios.contains_key(id)).collect())
    }

    /// What of a thing was open for an account at an instant of its open day.
    pub(crate) fn open_of_thing(&mut self, id: OwnerId, thing: &ThingRow, at: Instant) -> Result<i64, EngineError> {
        let asked = Asked { changed: at, as_of: at, looks_back: true, day_end: None };
        let costs = self.cost_of(thing, &[id], &asked)?;
        let zone = self.folios[&id].zone.clone();
        let mut sum = 0_i64;
        for (payer, _, open) in costs.open.iter().filter(|(payer, ..)| *payer == id) {
            debug_assert_eq!(*payer, id);
            let terms = self.cloud.terms_of(&open.key)?;
            let meterage = self.cloud.meterage(&open.key, &terms, open.month_seconds, open.slope, &zone)?;
            sum = sum.saturating_add(open.amount_at(&meterage, at)?.net.units());
        }
        Ok(sum)
    }

    /// A resource's facts, folded.
    pub(crate) fn timeline_of(&mut self, thing: &ThingRow, product: &Product) -> Result<Timeline, EngineError> {
        let facts = self.facts_of(thing)?;
        self.fold(&facts, product)
    }

    pub(crate) fn facts_of(&mut self, thing: &ThingRow) -> Result<Vec<Fact>, EngineError> {
        let rows = self.tx.facts_of(thing.id)?;
        Ok(rows.iter().map(|row| row.read(fact_text::read)).collect::<Result<_, StoreError>>()?)
    }

    pub(crate) fn fold(&self, facts: &[Fact], product: &Product) -> Result<Timeline, EngineError> {
        let silence = self.policy_at(self.now)?.monitor.missing_after;
        Ok(fold(facts, size_first(product), silence))
    }

    pub(crate) fn members_of_scope(
        &mut self,
        scope: &ThingRow,
        product: &Product,
        payer: OwnerId,
    ) -> Result<Vec<(ThingRow, Vec<Segment>)>, EngineError> {
        let by_person = shared_scope(product) == Some(Scope::User);
        let mut members = Vec::new();
        for thing in self.tx.things_of_account(payer)? {
            if thing.kind != ThingKind::Resource || thing.product != scope.product {
                continue;
            }
            // A thing may go from person to person: each has it for a stretch of its time.
            let of_scope = ThingRow { person: scope.person.clone(), ..thing.clone() };
            let asked = if by_person { &of_scope } else { &thing };
            if scope_name(product, asked, payer).as_deref() == Some(scope.name.as_str()) {
                let mut segments = self.timeline_of(&thing, product)?.segments;
                segments.retain(|segment| !by_person || segment.user.as_ref().map_or("", Name::as_str) == scope.person);
                members.push((thing, segments));
            }
        }
        Ok(members)
    }

    /// A resource's segments, with what lies in outages marked: as far as each of the loaded payers knows of them (R83). What others
    /// pay is not asked for.
    pub(crate) fn without_outages(&self, thing: &ThingRow, segments: Vec<Segment>) -> Vec<Segment> {
        let known = |payer: &OwnerId| self.folios.get(payer).map_or(0, |folio| folio.state.outage);
        self.without_outages_known(thing, segments, known)
    }

    /// The same as far as was known when something was recorded.
    pub(crate) fn without_outages_at(
        &self,
        thing: &ThingRow,
        segments: Vec<Segment>,
        recorded: Instant,
    ) -> Vec<Segment> {
        let known = self.cloud.outages.known_at(recorded);
        self.without_outages_known(thing, segments, |_| known)
    }

    fn without_outages_known(
        &self,
        thing: &ThingRow,
        segments: Vec<Segment>,
        known: impl Fn(&OwnerId) -> i64,
    ) -> Vec<Segment> {
        if self.cloud.outages.newest() == 0 {
            return segments;
        }
        let properties = properties_from_text(&thing.properties);
        let payers: BTreeSet<OwnerId> = segments.iter().map(|segment| segment.payer).collect();
        let mut outages: BTreeMap<OwnerId, Vec<&Outage>> = BTreeMap::new();
        for payer in payers {
            let own = self.cloud.outages_of(&thing.product, known(&payer));
            let own = own.filter(|outage| outage.concerns(&thing.product, &thing.name, &properties));
            outages.insert(payer, own.collect());
        }
        void(segments, |segment| outages.get(&segment.payer).cloned().unwrap_or_default())
    }

    // --- Corrections

    /// Books the difference between what sealed slots of a thing cost now and what was charged for them.
    fn correct(
        &mut self,
        id: OwnerId,
        thing: &ThingRow,
        costs: &Costs,
        changed: Instant,
        as_of: Instant,
    ) -> Result<(), EngineError> {
        let zone = self.folios[&id].zone.clone();
        let first = self.looked_from(id, changed, as_of)?;
        // What was sealed may have begun where nothing is now: at each day, and at each rating period, since then.
        let mut days: BTreeSet<Instant> =
            costs.closed.keys().filter(|slot| slot.payer == id).map(|slot| slot.from).collect();
        if let Ok(whole) = Period::try_new(first, as_of) {
            days.extend(whole.days(&zone).map(|(_, day)| day.start()));
            for length in self.periods_of(thing, as_of)? {
                let mut start = first;
                while start < as_of {
                    let period = rating_period(length, start, &zone)?;
                    days.insert(period.start());
                    start = period.end();
                }
            }
        }
        let days: Vec<Instant> = days.into_iter().collect();
        let mut charged: BTreeMap<(Option<Name>, Service), Charged> = BTreeMap::new();
        // Those sealed on the way here are among them, though they are not written yet.
        let mut rows = self.charges_known(id, thing.id, &days)?;
        Charged::sort(&mut rows);
        // What ended before what was looked at is not said anew: it stands.
        for row in rows.into_iter().filter(|row| row.to > first) {
            let key = self.cloud.terms(self.tx, row.terms)?.0.clone();
            let service = self.service_of(id, &key, (row.from, row.to), as_of)?;
            let entry = charged.entry((row.line.part.clone(), service)).or_insert_with(|| Charged::new(key));
            entry.take(&row);
        }
        let mut wanted: BTreeMap<(Option<Name>, Service), (Arc<TermsKey>, Charge)> = BTreeMap::new();
        for (slot, (key, charge)) in costs.closed.iter().filter(|(slot, _)| slot.payer == id) {
            let service = self.service_of(id, key, (slot.from, slot.to), as_of)?;
            let zero = (key.clone(), Charge::zero(self.currency));
            let (last, sum) = wanted.entry((slot.part.clone(), service)).or_insert(zero);
            (*last, *sum) = (key.clone(), sum.checked_add(*charge).map_err(SettleError::from)?);
        }
        for (service, was) in &charged {
            wanted.entry(service.clone()).or_insert_with(|| (was.key.clone(), Charge::zero(self.currency)));
        }
        let mut corrections = Vec::new();
        // What waits is found anew with everything else; what is posted of it stays posted.
        let folio = self.folio(id);
        folio.stirred = true;
        let mut waited: BTreeMap<LineId, i128> = BTreeMap::new();
        folio.book.lines.retain(|line| {
            let anew = line.id.thing == thing.id && line.id.is_correction() && line.open.at > first;
            if anew {
                waited.insert(line.id.clone(), line.open.total);
            }
            !anew
        });
        for ((part, service), (key, charge)) in wanted {
            let was = charged.remove(&(part.clone(), service));
            let (list, net, waived) = was.as_ref().map_or((0, 0, 0), |was| (was.list, was.net, was.waived));
            let charge = charge.at_least(self.money(waived));
            let change = charge.checked_sub(OpenRow::charge((list, net), self.currency)).map_err(SettleError::from)?;
            if change == Charge::zero(self.currency) {
                continue;
            }
            let terms_id = self.tx.terms_keep(&self.cloud.id, &key)?;
            let known = self.cloud.terms(self.tx, terms_id)?;
            let pay = self.pay_of(known.1.pay, &self.folios[&id].payer)?;
            corrections.push(Correction {
                line: LineId { thing: thing.id, part, began: 0 },
                product: thing.product.clone(),
                key,
                service,
                charge: change,
                paid: was.map(|was| was.paid).unwrap_or_default(),
                pay,
            });
        }
        self.book_corrections(id, corrections)?;
        let of_thing = |line: &&mut Line| line.id.thing == thing.id && line.id.is_correction();
        for line in self.folio(id).book.lines.iter_mut().filter(of_thing) {
            // What waited for days of a period that has closed since waits for all of it.
            let within = |waited: &LineId| {
                let began = Instant::try_from_seconds(waited.began.saturating_neg());
                waited.part == line.id.part && began.is_ok_and(|began| line.open.since <= began && began < line.open.at)
            };
            let posted = waited.iter().filter(|(waited, _)| within(waited)).map(|(_, posted)| *posted).sum::<i128>();
            line.open.total = line.open.total.max(posted);
        }
        Ok(())
    }

    /// Of when a correction of a sealed slot is: of the slot, or of its billing period once that is closed.
    pub(crate) fn service_of(
        &mut self,
        id: OwnerId,
        key: &Arc<TermsKey>,
        (from, to): (Instant, Instant),
        now: Instant,
    ) -> Result<Service, SettleError> {
        let last = to.checked_sub(Duration::from_seconds(1))?;
        let Some(period) = self.closed_period(id, last, now)? else { return Ok(Service::slot(from, to)) };
        let known = self.last_by_day.take().filter(|(known, _)| known == key);
        let by_day = match known {
            Some((_, by_day)) => by_day,
            None => self.cloud.terms_of(key)?.is_by_day(),
        };
        self.last_by_day = Some((key.clone(), by_day));
        let whole = Service { from: period.start(), to: period.end(), whole: true };
        Ok(if by_day { whole } else { Service::slot(from, to) })
    }

    /// The billing period of an instant, where it is closed.
    fn closed_period(&self, id: OwnerId, at: Instant, now: Instant) -> Result<Option<Period>, SettleError> {
        let folio = &self.folios[&id];
        let bill = &self.policy_at(at)?.bill;
        // At the beginning of the calendar there is none: nobody was charged there.
        let Ok(period) = billing_period(bill, &folio.zone, folio.payer.opened, at) else { return Ok(None) };
        let closed = is_closed(self.policy_at(period.end())?, period, now);
        Ok(closed.then_some(period))
    }

    /// From where on something that changed at an instant is looked at: its day, or its billing period where that is closed.
    fn looked_from(&self, id: OwnerId, changed: Instant, now: Instant) -> Result<Instant, SettleError> {
        let day = self.folios[&id].day_start(changed)?;
        Ok(self.closed_period(id, changed.floor_second(), now)?.map_or(day, |period| period.start().min(day)))
    }

    /// What is given back is given back at once; what is more waits for the next settlement, as everything that accrues.
    pub(crate) fn book_corrections(&mut self, id: OwnerId, corrections: Vec<Correction>) -> Result<(), EngineError> {
        let now = self.now.floor_second();
        let (more, less): (Vec<_>, Vec<_>) =
            corrections.into_iter().partition(|correction| correction.charge.net.units() > 0);
        for correction in more {
            self.wait_for_settlement(id, correction)?;
        }
        let folio = self.folio(id);
        let settlement = folio.book.correct(less);
        folio.postings.extend(settlement.postings.into_iter().map(|posting| (now, posting)));
        folio.stirred = true;
        for mut sealed in settlement.sealed {
            if !sealed.line.is_waiver() {
                sealed.line.began = 0;
                self.folio(id).corrected.extend(Corrected::of(&sealed));
            }
            let number = self.next_number(id, &sealed)?;
            self.folio(id).sealed.push((sealed, number));
        }
        Ok(())
    }

    fn wait_for_settlement(&mut self, id: OwnerId, correction: Correction) -> Result<(), EngineError> {
        let service = correction.service;
        let line = correction.line.correction(service);
        self.folio(id).stirred = true;
        if let Some(waits) = self.folio(id).book.lines.iter_mut().find(|waits| waits.id == line) {
            waits.open.done = waits.open.done.checked_add(correction.charge).map_err(SettleError::from)?;
            return Ok(());
        }
        let open = OpenCharge {
            key: correction.key,
            month_seconds: 30 * 86_400,
            since: service.from,
            at: service.to,
            total: 0,
            slope: 0,
            done: correction.charge,
            base: Charge::zero(self.currency),
            until: None,
            by_period: false,
        };
        let line = self.line_new(id, line, open)?;
        self.folio(id).book.lines.push(line);
        Ok(())
    }

    /// Looks at once for what these accounts have beside their charges.
    pub(crate) fn look_beside(&mut self, ids: &[OwnerId]) -> Result<(), EngineError> {
        for (id, beside) in self.tx.beside_bills(ids)? {
            self.folio(id).beside = Some(beside);
        }
        Ok(())
    }

    /// Whether it is known that an account has none of something. That is believed once: by then there may be some.
    pub(crate) fn has_none(&mut self, id: OwnerId, what: Beside) -> bool {
        let beside = self.folios.get_mut(&id).and_then(|folio| folio.beside.as_mut());
        beside.is_some_and(|beside| beside.insert(what))
    }

    /// Who an account is; nothing where nobody said.
    pub(crate) fn company(&mut self, id: OwnerId) -> Result<&CompanyRow, EngineError> {
        if self.last_company.as_ref().is_none_or(|(of, _)| *of != id) {
            let found = if self.has_none(id, Beside::Company) { None } else { self.tx.company(id)? };
            self.last_company = Some((id, found.unwrap_or_default()));
        }
        Ok(&self.last_company.as_ref().expect("read above").1)
    }

    pub(crate) fn put_company(&mut self, id: OwnerId, row: CompanyRow) -> Result<(), EngineError> {
        self.tx.company_put(id, &row)?;
        self.last_company = Some((id, row));
        Ok(())
    }

    pub(crate) fn erase_company(&mut self, id: OwnerId) -> Result<(), EngineError> {
        self.last_company = None;
        Ok(self.tx.company_erase(id)?)
    }

    // --- Money

    /// The cloud's own ledger accounts.
    pub(crate) fn books(&mut self) -> Result<&mut Books, EngineError> {
        if self.books.is_none() {
            let owner = self.tx.owner_ensure(&self.cloud.id, BOOKS, true)?;
            let commodity = self.tx.commodity_ensure_currency(self.currency)?;
            self.books = Some(Books { owner, commodity, known: BTreeMap::new() });
        }
        Ok(self.books.as_mut().expect("made above"))
    }

    /// What the cloud's money is counted as, for whoever only looks: none where nothing was ever booked in its currency.
    pub(crate) fn commodity(&mut self) -> Result<Option<CommodityId>, EngineError> {
        let code = self.currency.code();
        Ok(self.tx.commodities()?.into_iter().find(|known| known.code == code).map(|known| known.id))
    }

    /// One of the cloud's own accounts, opened if it is not there.
    pub(crate) fn book_account(&mut self, code: Chart) -> Result<AccountId, EngineError> {
        let commodity = self.books()?.commodity;
        self.book_account_in(code, commodity)
    }

    /// The same in another currency than the cloud's.
    pub(crate) fn book_account_in(&mut self, code: Chart, commodity: CommodityId) -> Result<AccountId, EngineError> {
        let key = (commodity, code);
        if let Some(found) = self.books()?.known.get(&key) {
            return Ok(*found);
        }
        let (now, owner, code) = (self.now, self.books()?.owner, key.1.clone());
        let floor = code.floor(0);
        let made = self.tx.account_ensure(&NewAccount { owner, code, commodity, floor }, now)?;
        self.books()?.known.insert(key, made);
        Ok(made)
    }

    pub(crate) fn revenue(&mut self, product: &Name) -> Result<AccountId, EngineError> {
        self.book_account(Chart::Revenue(product.to_string()))
    }

    /// What was given and is open, and what of it was used.
    pub(crate) fn promo(&mut self) -> Result<(AccountId, AccountId), EngineError> {
        Ok((self.book_account(Chart::PromoOpen)?, self.book_account(Chart::PromoUsed)?))
    }

    /// The account of what somebody owes, opened when it is first needed.
    pub(crate) fn debt_account(&mut self, id: OwnerId) -> Result<AccountId, EngineError> {
        if let Some(debt) = self.folio(id).payer.debt {
            return Ok(debt);
        }
        let floor = self.policy_at(self.now)?.zero.floor.map_or(0, farthing_core::money::Money::units);
        let code = Chart::ReceivableDebt;
        let debt = self.wallet_account(id, code, floor)?;
        self.folio(id).payer.debt = Some(debt);
        let payer = self.folio(id).payer.clone();
        self.tx.payer_wallets_write(&payer)?;
        Ok(debt)
    }

    pub(crate) fn unbilled_account(&mut self, id: OwnerId) -> Result<AccountId, EngineError> {
        if let Some(unbilled) = self.folio(id).payer.unbilled {
            return Ok(unbilled);
        }
        let unbilled = self.wallet_account(id, Chart::Unbilled, 0)?;
        self.folio(id).payer.unbilled = Some(unbilled);
        let payer = self.folio(id).payer.clone();
        self.tx.payer_wallets_write(&payer)?;
        Ok(unbilled)
    }

    /// One of a customer's accounts that is asked for by its code, opened if it is not there.
    pub(crate) fn customer_account(&mut self, owner: OwnerId, code: Chart) -> Result<AccountId, EngineError> {
        self.wallet_account(owner, code, 0)
    }

    /// One that nobody has opened yet.
    pub(crate) fn new_account(&mut self, owner: OwnerId, code: Chart) -> Result<AccountId, EngineError> {
        let (now, commodity) = (self.now, self.books()?.commodity);
        let floor = code.floor(0);
        Ok(self.tx.accounts_open(&[NewAccount { owner, code, commodity, floor }], now)?.remove(0))
    }

    fn wallet_account(&mut self, owner: OwnerId, code: Chart, floor: i64) -> Result<AccountId, EngineError> {
        let (now, commodity) = (self.now, self.books()?.commodity);
        let floor = code.floor(floor);
        Ok(self.tx.account_ensure(&NewAccount { owner, code, commodity, floor }, now)?)
    }

    /// Runs ledger commands that must all be booked: a refusal is a fault of ours, and nothing of this transaction stands.
    pub(crate) fn book(&mut self, commands: &[Command]) -> Result<(), EngineError> {
        if commands.is_empty() {
            return Ok(());
        }
        let outcomes = self.tx.ledger_run(commands, self.now)?;
        match outcomes.iter().find(|outcome| !outcome.code.stands()) {
            None => Ok(()),
            Some(refused) => {
                Err(StoreError::corrupt(format!("the ledger answered {:?} to what it was told", refused.code)).into())
            }
        }
    }

    pub(crate) fn stamp_ids(&self) -> impl FnMut() -> farthing_core::ledger::TransferId + use<'w> {
        let (ids, now) = (self.ids, self.now);
        move || ids.transfer(now)
    }

    /// The postings that wait, as ledger commands.
    fn commands(&mut self) -> Result<Vec<Command>, EngineError> {
        let waiting: Vec<(OwnerId, Vec<(Instant, Posting)>)> = self
            .folios
            .iter_mut()
            .map(|(id, folio)| (*id, std::mem::take(&mut folio.postings)))
            .filter(|(_, postings)| !postings.is_empty())
            .collect();
        let mut commands = Vec::new();
        for (id, postings) in waiting {
            for (effective, posting) in postings {
                let revenue = self.revenue(&posting.product)?;
                let commodity = self.books()?.commodity;
                let uses_credit = posting.parts.iter().any(|(source, _)| matches!(source, Source::Lot(_)));
                let (promo_open, promo_used) = if uses_credit { self.promo()? } else { (revenue, revenue) };
                let has = |wanted: Source| posting.parts.iter().any(|(source, _)| *source == wanted);
                let (owes, waits) = (has(Source::Debt), has(Source::Unbilled));
                let cash = self.folios[&id].payer.cash;
                let debt = if owes { self.debt_account(id)? } else { cash };
                let unbilled = if waits { self.unbilled_account(id)? } else { cash };
                let accounts = UsageAccounts { commodity, revenue, cash, debt, unbilled, promo_open, promo_used };
                let mut ids = self.stamp_ids();
                let mut stamp = Stamp { ids: &mut ids, cause: None, effective };
                commands.push(posting::settled(&mut stamp, &accounts, &posting.parts));
                // What returns to a lot that has lapsed lapses again at once.
                for (source, part) in posting.parts.iter().filter(|(_, part)| *part < 0) {
                    let Source::Lot(credit) = *source else { continue };
                    if !self.folios[&id].lots.iter().any(|lot| lot.ledger == credit) {
                        let facts = FreeCredit { commodity, promo_open, credit, amount: part.saturating_neg() };
                        commands.push(posting::credit_lapsed(&mut stamp, &facts));
                    }
                }
            }
        }
        Ok(commands)
    }

    /// Writes the postings that wait, so that what is asked of the ledger next finds them booked.
    pub(crate) fn flush_postings(&mut self) -> Result<(), EngineError> {
        let commands = self.commands()?;
        self.book(&commands)
    }

    /// Writes everything that changed.
    pub(crate) fn finish(mut self) -> Result<(), EngineError> {
        self.credit_corrections()?;
        self.give_fees_back()?;
        self.flush_postings()?;
        self.refill_who_is_short()?;
        self.write_billings()?;
        self.tell_alerts()?;
        let late_window = self.policy_at(self.now)?.settle.late_window;
        let mut charges: Vec<ChargeRow> = Vec::new();
        let mut opens: Vec<OpenRow> = Vec::new();
        let mut gone: Vec<(OwnerId, LineId)> = Vec::new();
        let mut posted: Vec<(OwnerId, Name, Posted)> = Vec::new();
        let mut states: Vec<PayerState> = Vec::new();
        let mut alerts: Vec<(OwnerId, AlertRow)> = Vec::new();
        // A trial ends with its credit (R38), and what ran out in one is looked at when something pays again.
        let mut stirring_trials: Vec<OwnerId> = Vec::new();
        // Who ran out is looked at, and who has money again.
        let mut in_arrears: Vec<OwnerId> = Vec::new();
        let cloud = self.cloud.clone();
        let mut terms = TermsIds { cloud: &cloud.id, known: HashMap::new() };
        for (id, folio) in &mut self.folios {
            for (sealed, number) in folio.sealed.drain(..) {
                let (chained, terms) = (folio.state.sealed + 1, terms.of(&sealed.key));
                let row = row_of_sealed(*id, sealed, terms, number, self.now, chained);
                folio.state.head = row.extend(&folio.state.head);
                folio.state.sealed += 1;
                charges.push(row);
            }
            for (product, row) in &folio.book.posted {
                if folio.posted_loaded.get(product) != Some(row) {
                    posted.push((*id, product.clone(), row.clone()));
                }
            }
            // What is due and was not looked at stays so: it happens at its own time.
            let waits = folio.state.due_at.is_some_and(|due| due <= self.now);
            if folio.stirred && !waits {
                folio.state.parked.clear();
                folio.find_due(self.now, late_window, &cloud)?;
                let policy = &cloud.profile_at(self.now)?.policy;
                let watched = folio.watched(self.now, policy)?;
                folio.book.share_room(self.now, folio.state.due_at, folio.state.ran_out_at.is_some(), &watched)?;
            }
            alerts.extend(folio.alert_changed().map(|row| (*id, row)));
            if folio.stirred || folio.book.lines.iter().any(|line| line.id.is_correction()) {
                folio.changed_lines(&mut terms, &mut opens, &mut gone);
            }
            if folio.state != folio.state_loaded {
                states.push(folio.state.clone());
            }
            if folio.state.ran_out_at != folio.state_loaded.ran_out_at || folio.used_up_a_lot() {
                stirring_trials.push(*id);
            }
            if folio.state.ran_out_at != folio.state_loaded.ran_out_at {
                in_arrears.push(*id);
            }
        }
        self.credit_invoices(&charges)?;
        for id in stirring_trials {
            self.tx.trial_hurry(id, self.now)?;
        }
        for id in in_arrears {
            standing::look_soon(&mut self, id)?;
        }
        self.write_units()?;
        self.tell_standing()?;
        self.tx.charges_append(&charges)?;
        self.tx.open_charges_delete(&gone)?;
        self.tx.open_charges_write(&opens)?;
        self.tx.posted_write(&posted)?;
        self.tx.payer_states_write(&states)?;
        self.tx.alerts_write(&alerts)?;
        let cloud = self.cloud.clone();
        tell::write(self.tx, &cloud.id, self.ids, self.now, &self.notices)?;
        Ok(())
    }

    /// Who has run out, who has something again and who is settled again, since they were read.
    fn tell_standing(&mut self) -> Result<(), EngineError> {
        let at = self.now.floor_second();
        let mut told = Vec::new();
        for (id, folio) in &self.folios {
            let was_parked = &folio.state_loaded.parked;
            if !was_parked.is_empty() && folio.state.parked.is_empty() {
                let (account, reason) = (folio.payer.name.clone(), was_parked.clone());
                let event = Event::AccountUnparked { account, reason };
                told.push(Notice { event, at: self.now, account: Some(*id), mailed: false });
            }
            let (was, is) = (folio.state_loaded.ran_out_at, folio.state.ran_out_at);
            if was == is || !folio.pays_ahead(self.pay) || folio.payer.closed.is_some() {
                continue; // for who pays afterwards, or is gone, an empty balance is no news
            }
            if self.tx.wallet(*id)?.is_some_and(|wallet| !wallet.stop_on_overdue) {
                continue; // the account it is in goes on paying
            }
            let figures = folio.book.figures(at, Question::Standing)?;
            let account = folio.payer.name.clone();
            let balance = self.money(figures.balance);
            let event = match (was, is) {
                (_, Some(since)) => Event::AccountRanOut {
                    account,
                    since,
                    balance,
                    accrued: self.money(figures.accrued),
                    owed: self.money(figures.debt),
                },
                (Some(ran_out_at), None) => {
                    let available = self.money(figures.spendable.saturating_sub(folio.held));
                    Event::AccountRecovered { account, ran_out_at, balance, available }
                }
                (None, None) => continue,
            };
            // Where nothing runs there is nothing that people would have to hurry for: an account that was taken over empty, a gift
            // nobody used.
            let mailed = folio.book.lines.iter().any(|line| line.open.slope > 0);
            told.push(Notice { event, at: is.unwrap_or(self.now), account: Some(*id), mailed });
        }
        self.notices.extend(told);
        Ok(())
    }
}

/// What is asked of what a thing costs.
pub(crate) struct Asked {
    /// Closed slots that ended before this one's day are left out.
    pub(crate) changed: Instant,
    pub(crate) as_of: Instant,
    /// As it was then, whatever was told since.
    pub(crate) looks_back: bool,
    /// The end of the open day that is being sealed.
    pub(crate) day_end: Option<Instant>,
}

/// What was charged for a slot, corrections included; what was waived of it is beside that, and only what paid is less by it.
pub(crate) struct Charged {
    list: i64,
    pub(crate) net: i64,
    pub(crate) waived: i64,
    pub(crate) paid: Paid,
    key: Arc<TermsKey>,
}

impl Charged {
    pub(crate) fn new(key: Arc<TermsKey>) -> Charged {
        Charged { list: 0, net: 0, waived: 0, paid: Paid::new(), key }
    }

    /// Rows in the order in which they are taken: what was given back comes after what had been paid.
    pub(crate) fn sort(rows: &mut [ChargeRow]) {
        rows.sort_by_key(|row| (row.net < 0, row.from, row.number));
    }

    pub(crate) fn take(&mut self, row: &ChargeRow) {
        if row.line.is_waiver() {
            self.waived = self.waived.saturating_sub(row.net);
        } else {
            self.list = self.list.saturating_add(row.list);
            self.net = self.net.saturating_add(row.net);
        }
        for (source, part) in &row.paid {
            if *part >= 0 {
                self.paid.push((*source, *part));
                continue;
            }
            // What a correction gave back is no longer there to give.
            let mut back = part.saturating_neg();
            for (paid, left) in self.paid.iter_mut().rev() {
                if *paid == *source || (*source == Source::Cash && *paid == Source::Debt) {
                    let less = back.min(*left);
                    *left -= less;
                    back -= less;
                }
            }
        }
        self.paid.retain(|(_, part)| *part != 0);
    }
}

/// The numbers of terms that many lines share: a hash each, found once.
struct TermsIds<'c> {
    cloud: &'c str,
    known: HashMap<*const TermsKey, (Arc<TermsKey>, TermsId)>,
}

impl TermsIds<'_> {
    fn of(&mut self, key: &Arc<TermsKey>) -> TermsId {
        let found = self.known.entry(Arc::as_ptr(key)).or_insert_with(|| (key.clone(), TermsId::of(self.cloud, key)));
        found.1
    }
}

impl Folio {
    /// The beginning of the day an instant lies in.
    fn day_start(&self, at: Instant) -> Result<Instant, SettleError> {
        Ok(self.zone.day_of(at.floor_second())?.start())
    }

    /// Lines that are not as they were read, and those that are no more.
    fn changed_lines(&self, terms: &mut TermsIds<'_>, opens: &mut Vec<OpenRow>, gone: &mut Vec<(OwnerId, LineId)>) {
        let mut loaded: BTreeMap<&LineId, &OpenRow> = self.loaded.iter().map(|row| (&row.id, row)).collect();
        for line in &self.book.lines {
            let row = row_of(self.payer.id, line, terms.of(&line.open.key), self.state.open_from);
            if loaded.remove(&line.id) != Some(&row) {
                opens.push(row);
            }
        }
        gone.extend(loaded.into_keys().map(|line| (self.payer.id, line.clone())));
    }

    /// Whether it pays before use, for anything that is open or by what it said when it was opened.
    pub(crate) fn pays_ahead(&self, pay: Pay) -> bool {
        self.payer.pay.unwrap_or(pay) == Pay::Prepaid || self.book.lines.iter().any(|line| line.pay == Pay::Prepaid)
    }

    /// Whether the last of a credit was taken since it was read.
    fn used_up_a_lot(&self) -> bool {
        let is_empty = |row: &&LotRow| {
            self.book.purse.lots().iter().find(|lot| lot.account == row.ledger).is_none_or(|lot| lot.balance == 0)
        };
        self.lots.iter().any(|row| row.balance > 0 && is_empty(&row))
    }

    /// Money came or went: what is due has to be found anew.
    pub(crate) const fn is_stirred(&self) -> bool {
        self.stirred
    }

    pub(crate) fn stir(&mut self) {
        self.stirred = true;
    }

    /// When this account has to be looked at next by itself: the end of its day, of a form, a lot's beginning or end, the
    /// second in which it runs out.
    pub(crate) fn find_due(
        &mut self,
        now: Instant,
        late_window: Duration,
        cloud: &CloudBook,
    ) -> Result<(), EngineError> {
        let mut next: Option<Instant> = None;
        let mut at_latest = |at: Instant| {
            if at > now {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        };
        if !self.book.lines.is_empty() {
            at_latest(self.zone.day_of(self.state.open_from).map_err(SettleError::from)?.end());
            self.book.lines.iter().filter_map(|line| line.open.until).for_each(&mut at_latest);
            cloud.prices.next_start(now).into_iter().for_each(&mut at_latest);
        }
        let second = Duration::try_from_seconds(1).map_err(SettleError::from)?;
        let soon = now.floor_second().checked_add(second).map_err(SettleError::from)?;
        // Reported by a process whose clock is ahead of ours: it is taken in when ours says so too.
        cloud.outages.after(self.state.outage).into_iter().for_each(|report| at_latest(report.recorded.max(soon)));
        // What was not given at its time is given as soon as it can be.
        self.state.grant_at.into_iter().for_each(|grant| at_latest(grant.max(soon)));
        let policy = &cloud.profile_at(now)?.policy;
        let warned = &policy.alerts.credit_expires;
        if let Some(units) = &self.units {
            units.find_due(now, late_window, &self.zone)?.into_iter().for_each(&mut at_latest);
        }
        for lot in &self.lots {
            at_latest(lot.starts);
            if let Some(expires) = lot.expires {
                at_latest(expires);
                warned.iter().filter_map(|before| expires.checked_sub(*before).ok()).for_each(&mut at_latest);
                let lapses = expires.checked_add(late_window).map_err(SettleError::from)?;
                // What outlived its end under a hold lapses once the hold is over.
                at_latest(if lot.held == 0 { lapses.max(soon) } else { lapses });
            }
        }
        let out = self.book.is_out(now.floor_second())?;
        if let Some((below, from)) = self.state.watch {
            if from > now {
                at_latest(from);
            } else {
                self.book.falls_below_at(now, below)?.into_iter().for_each(&mut at_latest);
            }
        }
        self.alerts_due(now, policy)?.into_iter().for_each(&mut at_latest);
        if !out {
            self.state.ran_out_at = None;
            self.book.runs_out_at(now)?.into_iter().for_each(&mut at_latest);
        } else if self.state.ran_out_at.is_none() {
            self.state.ran_out_at = Some(now.floor_second());
        }
        self.state.due_at = next;
        Ok(())
    }

    /// At which amounts of it somebody has to look before it runs out: the highest of those that it still has is met first.
    fn watched(&self, now: Instant, policy: &Policy) -> Result<Watched, SettleError> {
        // Of a wallet of which it was told already nobody waits for the next fall.
        let watched = self.state.watch.filter(|(_, from)| *from != keep_wallets::TOLD).map(|(below, _)| below);
        let least = self.alert_levels(now, policy)?.into_iter().chain(watched).max().unwrap_or(0);
        Ok(Watched { least, costs: self.cost_watches(policy) })
    }

    /// The same by the balance alone, where the policy says so (R66, R77).
    pub(crate) fn balance_available(&self, at: Instant) -> Result<i64, SettleError> {
        Ok(self.book.figures(at, Question::Standing)?.balance.saturating_sub(self.held))
    }

    /// What is available for something of this product: gates look at it.
    pub(crate) fn available(&self, at: Instant, product: Option<&Name>) -> Result<i64, SettleError> {
        let question = product.map_or(Question::Standing, Question::Asked);
        let figures = self.book.figures(at, question)?;
        Ok(figures.spendable.saturating_sub(self.held))
    }
}

fn row_of_sealed(
    account: OwnerId,
    sealed: Sealed,
    terms: TermsId,
    number: i64,
    recorded: Instant,
    chained: i64,
) -> ChargeRow {
    ChargeRow {
        account,
        line: sealed.line,
        number,
        from: sealed.from,
        to: sealed.to,
        product: sealed.product,
        terms,
        list: sealed.charge.list.units(),
        net: sealed.charge.net.units(),
        paid: sealed.paid,
        recorded,
        chained,
    }
}

/// What a line has cost in a period that is over.
fn closing(line: &Line, period: Period, charge: Charge) -> Closing {
    let (key, product) = (line.open.key.clone(), line.product().clone());
    Closing { line: line.id.clone(), product, key, period, charge, pay: line.pay }
}

fn row_of(account: OwnerId, line: &Line, terms: TermsId, open_from: Instant) -> OpenRow {
    let open = &line.open;
    let follows = line.id.began == 0
        && !open.by_period
        && open.base_from(&line.meterage, open_from).is_ok_and(|base| base == open.base);
    OpenRow {
        account,
        id: line.id.clone(),
        terms,
        month_seconds: open.month_seconds,
        since: open.since,
        at: open.at,
        total: open.total,
        slope: open.slope,
        done: (open.done.list.units(), open.done.net.units()),
        base: (!follows).then(|| (open.base.list.units(), open.base.net.units())),
        until: open.until,
        by_period: open.by_period,
        room_to: line.room_to,
    }
}

pub(crate) fn lot_of(row: &LotRow) -> farthing_core::settle::Lot {
    farthing_core::settle::Lot {
        account: row.ledger,
        balance: row.balance,
        priority: row.priority,
        products: row.products.clone(),
        starts: row.starts,
        expires: row.expires,
        number: row.number,
    }
}

/// One where it runs, nothing where it is a size.
pub(crate) fn size_first(product: &Product) -> Quantity {
    if product.kind == Kind::Capacity { Quantity::ZERO } else { Quantity::ONE }
}

/// Who has the free size of a product once, where that is more than one resource.
pub(crate) fn shared_scope(product: &Product) -> Option<Scope> {
    if product.kind != Kind::Capacity {
        return None;
    }
    let own = product.sku.iter().find_map(|sku| sku.pricing.free.as_ref());
    product.pricing.free.as_ref().or(own).map(|free| free.per).filter(|scope| *scope != Scope::Resource)
}

/// The name of the scope a resource shares its free size in.
pub(crate) fn scope_name(product: &Product, thing: &ThingRow, payer: OwnerId) -> Option<String> {
    Some(match shared_scope(product)? {
        Scope::Account => format!("{}/account/{}", product.id, payer.0),
        Scope::Project => format!("{}/project/{}", product.id, thing.project),
        Scope::User => format!("{}/user/{}/{}", product.id, payer.0, thing.person),
        Scope::Resource => return None,
    })
}

/// Whether a product is posted at a tick.
pub(crate) fn is_tick(cadence: Cadence, at: Instant) -> bool {
    match cadence {
        Cadence::Every(step) => Period::utc_multiple_of(step, at).is_some_and(|period| period.start() == at),
        Cadence::Day | Cadence::Cycle => false,
    }
}

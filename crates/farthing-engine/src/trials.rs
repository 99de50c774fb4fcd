//! Trials (R36 to R39): begun once for each customer, looked at when their time has come, when their credit is used and when money came; ended
//! by an operator where somebody misuses one.
//!
//! What there is to do is the core's (`trial::step`). Here the facts are gathered and what it says is done. What was made in a trial that has run
//! out is suspended and destroyed by the steps of accounts in arrears (`standing`), with their instructions, claims and guards.

use crate::asked::Note;
use crate::credits::{NewGrant, give_as};
use crate::folio::Work;
use crate::gate::live_things;
use crate::open_project::{account_ever, account_of};
use crate::payments::{Instead, begin_instead, could_begin, watch_refill};
use crate::run_due::engine_error;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::credit::GrantSource;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::payment::{MethodId, MethodStanding, Purpose, State as PaymentState, sandbox};
use farthing_core::policy::Trial as Policy;
use farthing_core::settle::{Purse, Question, SettleError};
use farthing_core::time::{Duration, Instant};
use farthing_core::trial::{
    Candidate, CardFacts, Facts, Paid, Step, Terms, Trial, TrialEnd, TrialState, begun, conversion_amount,
    ended_by_hand, may_have, step,
};
use farthing_store::{PayerRow, PaymentFilter, TrialRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What its credit is called among the account's grants.
const LOT: &str = "trial";
/// Gifts of priority 10 and more are spent after what has a lower number; this is as any of them.
const PRIORITY: i64 = 10;
/// Trials in one look.
const BATCH: i64 = 256;
/// How long before one is looked at again whose account cannot be settled.
const LATER_SECONDS: i64 = 3_600;
/// As many payments of an account are looked at to find the one after its trial.
const PAYMENTS_MOST: i64 = 20;

#[derive(Clone, Debug, Default)]
pub struct NewTrial {
    pub account: String,
    /// A card it is opened with, besides those that are kept.
    pub card: Option<TrialCard>,
    /// Who asks; none: whoever pays for the account.
    pub person: Option<String>,
    /// Whether the cloud knows who the customer is; none: it does not say.
    pub verified: Option<bool>,
}

#[derive(Clone, Debug)]
pub enum TrialCard {
    /// One that is kept.
    Method(MethodId),
    /// One of the pretended provider, which is looked at and not kept.
    Token(String),
}

/// A trial as it stands. Amounts in units of the account's currency, times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialFacts {
    pub account: String,
    pub state: String,
    pub credit: i64,
    /// What of it can still be spent.
    pub left: i64,
    pub began: i64,
    pub ends: i64,
    pub ended: Option<i64>,
    /// Why it ended; may be empty.
    pub why: String,
    /// When what was made in it is to be destroyed.
    pub destroy_at: Option<i64>,
}

impl Engine {
    /// Gives an account its trial.
    pub fn begin_trial(&self, cloud: &str, wanted: &NewTrial) -> Result<TrialFacts, Refused> {
        let wanted = wanted.clone();
        // Without a provider nobody pretends either; a card by its token is then unknown.
        let pretends = self.through(cloud).is_ok_and(|through| through.name == sandbox::NAME);
        self.ask("begin_trial", cloud, move |work| begin(work, &wanted, pretends))
    }

    pub fn trial(&self, cloud: &str, account: &str) -> Result<TrialFacts, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let row = trial_of(work, &payer)?;
            work.load(&[payer.id])?;
            Ok(facts_told(work, &payer, &row))
        })
    }

    /// Ends it now, whatever is left of its time and credit (R37).
    pub fn end_trial(&self, cloud: &str, account: &str, why: &str) -> Result<TrialFacts, Refused> {
        let (account, why) = (account.to_owned(), why.to_owned());
        self.ask("end_trial", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            work.load(&[payer.id])?;
            let now = work.now;
            work.bring_to(payer.id, now)?;
            let mut row = trial_of(work, &payer)?;
            if row.trial.state == TrialState::Running {
                end_lot(work, &row, now)?;
                let (terms, facts) = (terms_of(work)?, facts_of(work, &row)?);
                let first = ended_by_hand(&row.trial, &terms, &facts, now).map_err(SettleError::from)?;
                take(work, &mut row, first)?;
                go_on(work, &mut row)?;
                let told = json!({ "why": why, "state": row.trial.state.name() });
                work.notes.push(Note::new("trial.stopped", format!("account {account}")).became(&told));
            }
            Ok(facts_told(work, &payer, &row))
        })
    }

    /// Looks at every trial whose time has come.
    pub(crate) fn run_trials(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            // A copy that nobody has accepted suspends and destroys nothing.
            let due = self.store.read("trials_due", |tx| {
                if tx.effects_may_leave()? { tx.trials_due(now, BATCH) } else { Ok(Vec::new()) }
            })?;
            if due.is_empty() {
                return Ok(());
            }
            for (cloud, id) in due {
                let looked = self.work("look_at_trial", &cloud, move |work| look_at(work, id)).map_err(engine_error);
                if let Err(error) = looked {
                    let EngineError::Settle(_) = error else { return Err(error) };
                    self.work("trial_later", &cloud, move |work| later(work, id)).map_err(engine_error)?;
                }
            }
        }
    }
}

fn trial_of(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<TrialRow, Refused> {
    let found = work.tx.trial(payer.id)?;
    found.ok_or_else(|| Refused::new(RefusalCode::NotFound, format!("account {:?} has had no trial", payer.name)))
}

fn facts_told(work: &mut Work<'_, '_>, payer: &PayerRow, row: &TrialRow) -> TrialFacts {
    let now = work.now;
    let lots = &work.folio(payer.id).lots;
    let left = lots.iter().find(|lot| lot.name == row.lot && lot.expires.is_none_or(|end| now < end));
    let trial = &row.trial;
    TrialFacts {
        account: payer.name.clone(),
        state: trial.state.name().to_owned(),
        credit: row.credit,
        left: left.map_or(0, |lot| lot.balance),
        began: trial.began.micros(),
        ends: trial.ends.micros(),
        ended: trial.ended.map(|(at, _)| at.micros()),
        why: trial.ended.map_or("", |(_, why)| why.name()).to_owned(),
        destroy_at: trial.until.filter(|_| trial.state == TrialState::RunOut).map(Instant::micros),
    }
}

fn policy_of(work: &Work<'_, '_>) -> Result<Option<Policy>, EngineError> {
    Ok(work.policy_at(work.now)?.trial.clone())
}

fn begin(work: &mut Work<'_, '_>, wanted: &NewTrial, pretends: bool) -> Result<TrialFacts, Refused> {
    let payer = account_of(work, &wanted.account)?;
    let Some(policy) = policy_of(work)? else {
        let what = "this cloud gives no trials: its cloud.toml has no [trial]";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    };
    work.load(&[payer.id])?;
    let now = work.now;
    work.bring_to(payer.id, now)?;
    let (cards, fingerprint) = cards_of(work, &payer, wanted, pretends)?;
    let members = work.tx.members_of(payer.id)?;
    let pays = |person: &String| {
        let own = members.iter().filter(|member| member.project == 0 && member.person == *person);
        own.into_iter().any(|member| matches!(member.role.as_str(), "payer" | "owner"))
    };
    let accounts = work.tx.accounts_of(payer.id)?;
    let candidate = Candidate {
        had_one: work.tx.trial(payer.id)?.is_some(),
        is_not_holder: wanted.person.as_ref().is_some_and(|person| !pays(person))
            || work.tx.wallet(payer.id)?.is_some(),
        has_paid: accounts.iter().any(|row| row.account.id == payer.cash && row.account.credits > 0),
        verified: wanted.verified,
        cards,
    };
    if let Err(no) = may_have(&policy, &candidate) {
        return Err(Refused::new(RefusalCode::NotEligible, no.sentence()));
    }
    let trial = begun(&policy, now.floor_second()).map_err(SettleError::from)?;
    let grant = NewGrant {
        name: LOT.to_owned(),
        account: payer.name.clone(),
        amount: policy.credit,
        products: Vec::new(),
        priority: PRIORITY,
        starts: None,
        expires: Some(trial.ends),
        reason: Some("trial".to_owned()),
    };
    give_as(work, &grant, &GrantSource::Trial)?;
    let mut row = TrialRow {
        account: payer.id,
        cloud: work.cloud.id.clone(),
        lot: LOT.to_owned(),
        credit: policy.credit.units(),
        fingerprint,
        trial,
        payment: None,
        next_at: None,
    };
    work.tx.trial_put(&row)?;
    watch_refill(work, payer.id)?; // it waits
    go_on(work, &mut row)?;
    let (account, ends) = (payer.name.clone(), row.trial.ends);
    work.tell(Some(payer.id), Event::TrialStarted { account, credit: policy.credit, ends });
    let told = json!({ "credit": policy.credit.plain(), "ends": ends.to_string() });
    work.notes.push(Note::new("trial.started", format!("account {}", payer.name)).became(&told));
    Ok(facts_told(work, &payer, &row))
}

/// The cards it could pay with, and the fingerprint of one that is not kept.
fn cards_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    wanted: &NewTrial,
    pretends: bool,
) -> Result<(Vec<CardFacts>, String), Refused> {
    let kept = work.tx.methods_of(payer.id)?;
    let mut known: Vec<_> =
        kept.iter().filter(|row| row.standing == MethodStanding::Ready).map(|row| row.facts.clone()).collect();
    let mut own = String::new();
    match &wanted.card {
        None => {}
        Some(TrialCard::Method(id)) => {
            let named = kept.iter().any(|row| row.id == *id && row.standing == MethodStanding::Ready);
            if !named {
                return Err(Refused::not_found("method", &id.to_string()));
            }
        }
        Some(TrialCard::Token(token)) => {
            let facts = sandbox::method_facts(token, work.now).filter(|_| pretends).ok_or_else(|| {
                Refused::new(
                    RefusalCode::Invalid,
                    format!("{token:?} is no card that is known: add it to the account first"),
                )
            })?;
            own.clone_from(&facts.fingerprint);
            known.push(facts);
        }
    }
    let cloud = work.cloud.id.clone();
    let mut cards = Vec::with_capacity(known.len());
    for facts in known {
        let had_one = !facts.fingerprint.is_empty() && work.tx.trial_with_card(&cloud, payer.id, &facts.fingerprint)?;
        cards.push(CardFacts { funding: facts.funding, had_one });
    }
    Ok((cards, own))
}

fn terms_of(work: &Work<'_, '_>) -> Result<Terms, EngineError> {
    let policy = work.policy_at(work.now)?;
    let minutes = Duration::from_seconds(600);
    Ok(Terms {
        notices: policy.trial.as_ref().map(|trial| trial.notices.clone()).unwrap_or_default(),
        payment_wait: policy.auto_refill.as_ref().map_or(minutes, |refill| refill.refill_wait),
        destroy_after: policy.trial.as_ref().and_then(|trial| trial.destroy_after_run_out),
    })
}

/// What the first payment after it would be: none where the policy wants none.
fn conversion(work: &mut Work<'_, '_>, id: OwnerId) -> Result<Option<Instead>, EngineError> {
    let Some(convert) = policy_of(work)?.and_then(|policy| policy.convert) else { return Ok(None) };
    let minor = work.currency().units_per_minor();
    let now = work.now;
    let per_hour = work.folio(id).book.spend_per_hour(now)?;
    let amount = conversion_amount(&convert, per_hour, minor);
    Ok(Some(Instead { amount, anyway: !convert.only_with_refill }))
}

/// What there is now, of an account that was brought to it.
fn facts_of(work: &mut Work<'_, '_>, row: &TrialRow) -> Result<Facts, EngineError> {
    let (id, now) = (row.account, work.now);
    let second = now.floor_second();
    let folio = work.folio(id);
    let figures = folio.book.figures(second, Question::Standing)?;
    let own = folio.lots.iter().find(|lot| lot.name == row.lot).map(|lot| lot.ledger);
    let lot = folio.book.purse.lots().iter().find(|lot| Some(lot.account) == own && lot.is_usable(second));
    let credit = lot.map_or(0, |lot| lot.balance);
    let can_convert = match conversion(work, id)? {
        Some(instead) => could_begin(work, id, instead)?,
        None => false,
    };
    let paid = match row.trial.ended {
        _ if !work.tx.payments_open(id)?.is_empty() => Paid::Pending,
        Some((ended, _)) => paid_since(work, id, ended)?,
        None => Paid::No,
    };
    Ok(Facts {
        credit_left: credit.saturating_sub(figures.accrued_prepaid),
        spendable: figures.spendable,
        is_active: !live_things(work, id)?.is_empty(),
        can_convert,
        paid,
    })
}

fn paid_since(work: &mut Work<'_, '_>, id: OwnerId, ended: Instant) -> Result<Paid, EngineError> {
    let cloud = work.cloud.id.clone();
    let filter = PaymentFilter { account: Some(id), state: Some(PaymentState::Succeeded) };
    let newest = work.tx.payments(&cloud, &filter, None, PAYMENTS_MOST)?;
    let is_it = newest.iter().any(|payment| payment.purpose == Purpose::Refill && payment.created >= ended);
    Ok(if is_it { Paid::Yes } else { Paid::No })
}

fn look_at(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), Refused> {
    work.load(&[id])?;
    let now = work.now;
    let Some(mut row) = work.tx.trial(id)?.filter(|row| row.next_at.is_some_and(|at| at <= now)) else {
        return Ok(()); // somebody was here first
    };
    if !work.folio(id).state.parked.is_empty() {
        return later(work, id); // nothing is taken off it, and so nothing is destroyed
    }
    work.bring_to(id, now)?;
    go_on(work, &mut row)
}

/// It is looked at again in a while.
fn later(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), Refused> {
    work.load(&[id])?;
    let Some(row) = work.tx.trial(id)? else { return Ok(()) };
    let pause = Duration::try_from_seconds(LATER_SECONDS).map_err(SettleError::from)?;
    let next_at = Some(work.now.checked_add(pause).map_err(SettleError::from)?);
    Ok(work.tx.trial_put(&TrialRow { next_at, ..row })?)
}

/// Does what there is to do, one thing after the other, until there is only to wait.
fn go_on(work: &mut Work<'_, '_>, row: &mut TrialRow) -> Result<(), Refused> {
    loop {
        let (terms, facts, now) = (terms_of(work)?, facts_of(work, row)?, work.now);
        let next = step(&row.trial, &terms, &facts, now).map_err(SettleError::from)?;
        if let Step::Wait(next_at) = next {
            row.next_at = next_at;
            work.tx.trial_put(row)?;
            return Ok(());
        }
        take(work, row, next)?;
    }
}

/// Does one thing.
fn take(work: &mut Work<'_, '_>, row: &mut TrialRow, what: Step) -> Result<(), Refused> {
    let (id, was) = (row.account, row.trial.state);
    let keep = |work: &mut Work<'_, '_>, row: &mut TrialRow, trial: Trial| {
        row.trial = trial;
        work.tx.trial_put(row)
    };
    match what {
        Step::Wait(_) => {}
        Step::Announce(trial) => {
            keep(work, row, trial)?;
            announce(work, row)?;
        }
        Step::Convert(trial) => {
            let instead = conversion(work, id)?;
            // Whether it runs is what a refill looks at.
            keep(work, row, trial)?;
            let mut amount = None;
            if let Some(instead) = instead
                && begin_instead(work, id, instead)?
            {
                amount = Some(work.money(instead.amount));
                row.payment = work.tx.refill(id)?.and_then(|refill| refill.payment);
                work.tx.trial_put(row)?;
            }
            tell_end(work, row, amount);
        }
        Step::Become(trial) => {
            keep(work, row, trial)?;
            if was == TrialState::Running {
                tell_end(work, row, None);
            }
            watch_refill(work, id)?;
        }
        Step::RunOut(trial) => {
            keep(work, row, trial)?;
            if was == TrialState::Running {
                tell_end(work, row, None);
            }
            // What becomes of what was made in it are the steps of arrears (R39).
            work.tx.ladder_look(id, &row.cloud, work.now)?;
            watch_refill(work, id)?;
        }
    }
    Ok(())
}

fn announce(work: &mut Work<'_, '_>, row: &TrialRow) -> Result<(), EngineError> {
    let id = row.account;
    let left = facts_of(work, row)?.credit_left.max(0);
    let charge = match conversion(work, id)? {
        Some(instead) if could_begin(work, id, instead)? && !live_things(work, id)?.is_empty() => Some(instead.amount),
        _ => None,
    };
    let event = Event::TrialEnding {
        account: work.folio(id).payer.name.clone(),
        ends: row.trial.ends,
        left: work.money(left),
        charge: charge.map(|units| work.money(units)),
    };
    work.tell(Some(id), event);
    Ok(())
}

fn tell_end(work: &mut Work<'_, '_>, row: &TrialRow, charge: Option<Money>) {
    let account = work.folio(row.account).payer.name.clone();
    let (ended, why) = row.trial.ended.unwrap_or((work.now, TrialEnd::Over));
    let event = Event::TrialEnded {
        account,
        ended,
        why: why.name().to_owned(),
        becomes: row.trial.state.name().to_owned(),
        charge,
        destroy_at: row.trial.until.filter(|_| row.trial.state == TrialState::RunOut),
        currency: work.currency(),
    };
    work.tell(Some(row.account), event);
}

/// What was made in it is deleted, as its account's ladder said.
pub(crate) fn destroyed(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), EngineError> {
    let Some(mut row) = work.tx.trial(id)?.filter(|row| row.trial.state == TrialState::RunOut) else { return Ok(()) };
    (row.trial.state, row.trial.until) = (TrialState::Destroyed, None);
    Ok(work.tx.trial_put(&row)?)
}

/// What is left of its credit pays nothing any more.
fn end_lot(work: &mut Work<'_, '_>, row: &TrialRow, now: Instant) -> Result<(), EngineError> {
    // What was used until now is paid by it.
    work.post_all(row.account, now)?;
    work.flush_postings()?;
    let end = now.floor_second();
    let folio = work.folio(row.account);
    let Some(own) = folio.lots.iter_mut().find(|lot| lot.name == row.lot && lot.expires.is_none_or(|at| at > end))
    else {
        return Ok(());
    };
    own.expires = Some(end);
    let own = own.clone();
    let purse = &folio.book.purse;
    let shortened = |lot: &farthing_core::settle::Lot| {
        let expires = if lot.account == own.ledger { Some(end) } else { lot.expires };
        farthing_core::settle::Lot { expires, ..lot.clone() }
    };
    let lots = purse.lots().iter().map(shortened).collect();
    folio.book.purse = Purse::new(lots, purse.cash, purse.debt);
    folio.stir();
    work.tx.lot_end(&own)?;
    Ok(())
}

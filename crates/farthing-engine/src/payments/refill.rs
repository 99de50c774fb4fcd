//! Filling a balance up by itself (R34). An account whose owner wants it, and may be charged, is watched: its row says below which amount it
//! has to be looked at. Whoever finds it there writes the payment, in the transaction in which it was found.

use super::debits::chargeable;
use super::facts::RefillFacts;
use super::pay_in::{NewPayment, of_method, write_payment};
use crate::asked::Note;
use crate::folio::Work;
use crate::keep_wallets;
use crate::open_project::{account_ever, account_of};
use crate::tax::tax_on_top_up;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::payment::{MethodId, PaymentId, Purpose, Refill, RefillHistory, RefillPlan, Verdict, choose};
use farthing_core::policy::{AutoRefill, Measure};
use farthing_core::settle::{Question, SettleError};
use farthing_core::time::{Anchor, Instant, Zone};
use farthing_core::trial::TrialState;
use farthing_store::{PayerRow, PaymentRow, RefillRow, StoreError, TrialRow};
use serde_json::json;

/// What an account sets; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct RefillChange {
    pub on: Option<bool>,
    pub threshold: Option<Money>,
    pub amount: Option<Money>,
    /// None: it stays; of nothing: the policy's.
    pub monthly_max: Option<Money>,
}

impl Engine {
    /// How an account is filled up by itself.
    pub fn refill(&self, cloud: &str, account: &str) -> Result<RefillFacts, Refused> {
        let account = account.to_owned();
        // Asked as of now: what is written along the way is what would be written anyway.
        self.work("refill", cloud, move |work| {
            let id = account_ever(work, &account)?.id;
            work.load(&[id])?;
            facts_of(work, id)
        })
    }

    pub fn set_refill(&self, cloud: &str, account: &str, change: &RefillChange) -> Result<RefillFacts, Refused> {
        let (account, change) = (account.to_owned(), change.clone());
        self.ask("set_refill", cloud, move |work| {
            let payer = account_of(work, &account)?;
            let id = payer.id;
            work.load(&[id])?;
            let now = work.now;
            work.bring_to(id, now)?;
            let policy = work.policy_at(now)?.clone();
            if policy.auto_refill.is_none() && (change.amount.is_none() || change.threshold.is_none()) {
                let what = "this cloud's policy has no [auto_refill]: say `threshold` and `amount` yourself";
                let known = work.tx.refill(id)?.is_some_and(|row| row.amount.is_some() && row.threshold.is_some());
                if !known && change.on != Some(false) {
                    return Err(Refused::new(RefusalCode::Invalid, what));
                }
            }
            let mut row = work.tx.refill(id)?.unwrap_or_default();
            for amount in [change.threshold, change.amount, change.monthly_max].into_iter().flatten() {
                if amount.currency() != work.currency() || amount.is_negative() {
                    let what = format!("{} is no amount in {}", amount.plain(), work.currency().code());
                    return Err(Refused::new(RefusalCode::Invalid, what));
                }
            }
            if let Some(amount) = change.amount {
                super::pay_in::within_bounds(&policy, amount)?;
                if !amount.is_positive() || amount.to_minor().is_err() {
                    let what = "the amount of a refill is more than nothing, in whole coins";
                    return Err(Refused::new(RefusalCode::Invalid, what));
                }
                row.amount = Some(amount.units());
            }
            if let Some(threshold) = change.threshold {
                row.threshold = Some(threshold.units());
            }
            if let Some(most) = change.monthly_max {
                row.monthly_max = most.is_positive().then_some(most.units());
            }
            if let Some(on) = change.on {
                row.on = Some(on);
                if on {
                    (row.failures, row.off_why) = (0, String::new());
                }
            }
            work.tx.refill_put(id, &row)?;
            watch(work, id)?;
            let facts = facts_of(work, id)?;
            let told = json!({ "on": facts.on, "threshold": work.money(facts.threshold).plain(), "amount": work.money(facts.amount).plain() });
            work.notes.push(Note::new("refill.changed", format!("account {account}")).became(&told));
            Ok(facts)
        })
    }
}

/// What was agreed: the account's own words, else the policy's. None: nobody has said how much.
fn agreed(policy: Option<&AutoRefill>, row: &RefillRow) -> Option<Refill> {
    let threshold = row.threshold.or(policy.map(|policy| policy.threshold.units()))?;
    let amount = row.amount.or(policy.map(|policy| policy.amount.units()))?;
    let hour = farthing_core::time::Duration::try_from_seconds(3_600).ok()?;
    Some(Refill {
        on: row.on.unwrap_or(policy.is_some_and(|policy| policy.default)) && row.off_why.is_empty(),
        threshold,
        amount,
        cooldown: policy.map_or(hour, |policy| policy.cooldown),
        monthly_max: row.monthly_max.or(policy.and_then(|policy| policy.monthly_max).map(Money::units)),
        off_after: policy.map_or(3, |policy| i64::from(policy.off_after_failures.0)),
    })
}

fn month_of(zone: &Zone, now: Instant) -> Result<farthing_core::time::Period, SettleError> {
    Ok(Anchor::calendar_month(zone.clone()).period_containing(now)?.1)
}

/// What is asked for in place of what was agreed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instead {
    /// How much.
    pub(crate) amount: i64,
    /// Though it is switched off.
    pub(crate) anyway: bool,
}

/// What was agreed, what has been, and what follows from both now.
fn plan_of(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    instead: Option<Instead>,
) -> Result<(RefillRow, Option<Refill>, RefillHistory, RefillPlan), EngineError> {
    let now = work.now;
    let policy = work.policy_at(now)?;
    let (auto, backup) = (policy.auto_refill.clone(), policy.collect.backup);
    let row = work.tx.refill(id)?.unwrap_or_default();
    let refill = match (agreed(auto.as_ref(), &row), instead) {
        (Some(refill), None) => Some(refill),
        (Some(refill), Some(Instead { amount, anyway })) => Some(Refill { amount, on: refill.on || anyway, ..refill }),
        (None, Some(Instead { amount, anyway: true })) => Some(Refill {
            on: true,
            threshold: 0,
            amount,
            cooldown: farthing_core::time::Duration::from_seconds(0),
            monthly_max: None,
            off_after: i64::MAX,
        }),
        (None, _) => None,
    };
    let Some(refill) = refill else {
        return Ok((row, None, RefillHistory::default(), RefillPlan::Inert("nobody has said how much")));
    };
    let usable: Vec<_> = work.tx.methods_of(id)?.iter().map(farthing_store::MethodRow::usable).collect();
    let month = month_of(&work.folio(id).zone.clone(), now)?;
    // Who tried, made nothing and paid nothing is charged for nothing; what is asked for instead is what follows the trial.
    let idle = work.folio(id).book.lines.iter().all(|line| line.open.slope == 0);
    let held = |row: &TrialRow| row.trial.holds_refills() || row.trial.state == TrialState::Ended && idle;
    let in_trial = instead.is_none() && work.tx.trial(id)?.as_ref().is_some_and(held);
    let history = RefillHistory {
        can_pay: !choose(&usable, backup, now).is_empty(),
        in_flight: row.payment.is_some(),
        last: row.last,
        month_sum: if row.month == month.start().micros() { row.month_sum } else { 0 },
        failures: row.failures,
        in_trial,
    };
    let mut plan = refill.plan(&history, now, month.end());
    if work.folio(id).payer.closed.is_some() {
        plan = RefillPlan::Inert("the account is closed");
    }
    Ok((row, Some(refill), history, plan))
}

fn facts_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<RefillFacts, Refused> {
    let (row, refill, history, plan) = plan_of(work, id, None)?;
    let why = match plan {
        RefillPlan::Inert(why) if row.off_why.is_empty() => why.to_owned(),
        RefillPlan::Inert(_) => format!("it was switched off: {}", row.off_why),
        RefillPlan::WatchFrom(from) if from > work.now => format!("it waits until {from}"),
        RefillPlan::WatchFrom(_) => String::new(),
    };
    Ok(RefillFacts {
        on: refill.is_some_and(|refill| refill.on),
        threshold: refill.map_or(0, |refill| refill.threshold),
        amount: refill.map_or(0, |refill| refill.amount),
        monthly_max: refill.and_then(|refill| refill.monthly_max),
        inert: why,
        failures: row.failures,
        month_sum: history.month_sum,
        last: row.last.map(Instant::micros),
        payment: row.payment.as_ref().map(PaymentId::to_string),
    })
}

/// Works out again for what an account is watched. Whatever changes what was agreed, or with what it can be paid, calls it.
pub(crate) fn watch(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), EngineError> {
    if work.folio(id).state.watch.is_some_and(|(_, from)| keep_wallets::is_of_wallet(from)) {
        return Ok(()); // it is filled up by the account it is in
    }
    let (_, refill, _, plan) = plan_of(work, id, None)?;
    let watch = match (plan, refill) {
        (RefillPlan::WatchFrom(from), Some(refill)) => Some((refill.threshold, from)),
        (RefillPlan::WatchFrom(_) | RefillPlan::Inert(_), _) => None,
    };
    let folio = work.folio(id);
    if folio.state.watch != watch {
        folio.state.watch = watch;
        folio.stir();
    }
    Ok(())
}

impl Work<'_, '_> {
    /// Begins to fill up whoever has less than they are watched for. The last thing a transaction does before it writes what is due.
    pub(crate) fn refill_who_is_short(&mut self) -> Result<(), EngineError> {
        let now = self.now;
        let watched: Vec<OwnerId> = self
            .folios
            .iter()
            .filter(|(_, folio)| {
                folio.state.parked.is_empty() && folio.state.watch.is_some_and(|(_, from)| from <= now)
            })
            .map(|(id, _)| *id)
            .collect();
        if watched.is_empty() {
            return Ok(());
        }
        let measure = self.policy_at(now)?.settle.measure;
        for id in watched {
            let folio = self.folio(id);
            // What is due and was not looked at happens first.
            if folio.state.due_at.is_some_and(|due| due < now.floor_second()) {
                continue;
            }
            let figures = folio.book.figures(now.floor_second(), Question::Standing)?;
            let left = match measure {
                Measure::Spendable => figures.spendable,
                Measure::Balance => figures.balance,
            };
            if folio.state.watch.is_some_and(|(_, from)| keep_wallets::is_of_wallet(from)) {
                keep_wallets::watch(self, id, left);
            } else if folio.state.watch.is_some_and(|(below, _)| left < below) {
                begin(self, id, &[], None)?;
            }
        }
        Ok(())
    }
}

/// Whether a refill of so much could begin now.
pub(crate) fn could_begin(work: &mut Work<'_, '_>, id: OwnerId, instead: Instead) -> Result<bool, EngineError> {
    let (_, _, _, plan) = plan_of(work, id, Some(instead))?;
    Ok(matches!(plan, RefillPlan::WatchFrom(from) if from <= work.now))
}

/// The first payment after a trial: a refill like any other, with an amount of its own (R38). False: nothing can be charged.
pub(crate) fn begin_instead(work: &mut Work<'_, '_>, id: OwnerId, instead: Instead) -> Result<bool, EngineError> {
    begin(work, id, &[], Some(instead))
}

/// Writes a refill by the first method that was not tried yet; false: there is none left.
fn begin(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    tried: &[MethodId],
    instead: Option<Instead>,
) -> Result<bool, EngineError> {
    let (mut row, refill, history, plan) = plan_of(work, id, instead)?;
    let goes = match plan {
        RefillPlan::WatchFrom(from) => from <= work.now || !tried.is_empty(),
        RefillPlan::Inert(_) => false,
    };
    let Some(refill) = refill.filter(|_| goes) else {
        watch(work, id)?;
        return Ok(false);
    };
    let now = work.now;
    let backup = work.policy_at(now)?.collect.backup;
    let methods = work.tx.methods_of(id)?;
    let payer = work.folio(id).payer.clone();
    let usable = chargeable(work, &payer, &methods)?;
    let next = choose(&usable, backup, now).into_iter().find(|method| !tried.contains(method));
    let Some(method) = next.and_then(|next| methods.into_iter().find(|method| method.id == next)) else {
        if tried.is_empty() {
            // There is one, and it may not be debited now: it is looked at again once it has rested.
            row.last = Some(now);
            work.tx.refill_put(id, &row)?;
            watch(work, id)?;
        }
        return Ok(false);
    };
    let tax = tax_on_top_up(work, &payer, refill.amount)?;
    let why = match instead {
        None => format!("less than {} was left", work.money(refill.threshold).plain()),
        Some(_) if tried.is_empty() => "a trial has ended".to_owned(),
        Some(_) => "the method before it failed".to_owned(),
    };
    let verdict = Verdict::Accepted(vec![why]);
    let wanted = NewPayment {
        purpose: Purpose::Refill,
        once: String::new(),
        net: refill.amount,
        tax,
        bill: None,
        keeps: false,
        verdict,
        back: String::new(),
    };
    let payment = write_payment(work, &payer, of_method(method), wanted)?;
    let month = month_of(&work.folio(id).zone.clone(), now)?.start().micros();
    (row.month_sum, row.month) = (history.month_sum, month);
    if tried.is_empty() {
        row.month_sum = row.month_sum.saturating_add(refill.amount);
        row.last = Some(now);
    }
    row.payment = Some(payment.id);
    work.tx.refill_put(id, &row)?;
    watch(work, id)?;
    Ok(true)
}

/// It arrived: the next may come once it has rested.
pub(super) fn refill_succeeded(work: &mut Work<'_, '_>, payer: &PayerRow, payment: &PaymentRow) -> Result<(), Refused> {
    let mut row = work.tx.refill(payer.id)?.unwrap_or_default();
    if row.payment == Some(payment.id) {
        row.payment = None;
    }
    row.failures = 0;
    work.tx.refill_put(payer.id, &row)?;
    let now = work.now;
    work.tx.trial_hurry(payer.id, now)?;
    watch(work, payer.id)?;
    Ok(())
}

/// It failed: the next method is tried at once (R54); where there is none, that is one failure, and too many of them switch it off (R34).
pub(super) fn refill_failed(work: &mut Work<'_, '_>, payer: &PayerRow, payment: &PaymentRow) -> Result<(), Refused> {
    let id = payer.id;
    let mut row = work.tx.refill(id)?.unwrap_or_default();
    if row.payment != Some(payment.id) {
        return Ok(()); // another is under way
    }
    row.payment = None;
    work.tx.refill_put(id, &row)?;
    let mut tried: Vec<MethodId> = tried_since(work, id, row.last, payment)?;
    tried.extend(payment.method);
    // As much as was to come by the first.
    if begin(work, id, &tried, Some(Instead { amount: payment.net, anyway: false }))? {
        return Ok(());
    }
    let now = work.now;
    work.tx.trial_hurry(id, now)?;
    let mut row = work.tx.refill(id)?.unwrap_or_default();
    row.failures = row.failures.saturating_add(1);
    // Nothing of it came.
    row.month_sum = row.month_sum.saturating_sub(payment.net).max(0);
    let off_after = agreed(work.policy_at(work.now)?.auto_refill.as_ref(), &row).map_or(3, |refill| refill.off_after);
    if row.failures >= off_after && row.off_why.is_empty() {
        row.off_why = format!("{} failures in a row, the last: {}", row.failures, payment.failure_text);
        let (account, failures) = (payer.name.clone(), row.failures);
        let why = payment.failure_text.clone();
        work.tell(Some(id), Event::RefillSwitchedOff { account: account.clone(), failures, why });
        let told = json!({ "on": false, "why": row.off_why });
        work.notes.push(Note::new("refill.switched_off", format!("account {account}")).became(&told));
    }
    work.tx.refill_put(id, &row)?;
    watch(work, id)?;
    Ok(())
}

/// What was tried for the same crossing.
fn tried_since(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    since: Option<Instant>,
    payment: &PaymentRow,
) -> Result<Vec<MethodId>, StoreError> {
    let cloud = work.cloud.id.clone();
    let filter =
        farthing_store::PaymentFilter { account: Some(id), state: Some(farthing_core::payment::State::Failed) };
    let rows = work.tx.payments(&cloud, &filter, None, 20)?;
    let of_it = |row: &PaymentRow| {
        row.purpose == Purpose::Refill && row.id != payment.id && since.is_some_and(|since| row.created >= since)
    };
    Ok(rows.into_iter().filter(of_it).filter_map(|row| row.method).collect())
}

//! Warnings about an account's money (R41, R53, R76): what an account says of them, who has to be told, and when anybody has to look.
//!
//! Whatever works on an account ends here (`tell_alerts`); `alert_levels` and `alerts_due` say at which amounts and seconds it has to be
//! looked at though nobody works on it, so nobody is polled. What is due to be told is the core's to decide (`core/alert`).

use crate::asked::Note;
use crate::folio::{Folio, Work};
use crate::open_project::{account_ever, account_of};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::alert::{Ahead, Limits, Seen, Warning, Wish, runway_level};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::Event;
use farthing_core::policy::{Measure, Policy};
use farthing_core::settle::{CostWatch, Question, SettleError};
use farthing_core::time::{Anchor, Instant, Period};
use farthing_store::{AlertRow, MonthSum};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What an account sets; what is not said stays. Amounts in units of its currency.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertChange {
    pub low_balance: Option<Wish>,
    pub runway_days: Option<Wish>,
    pub month_cost: Option<Wish>,
}

/// From where on an account is warned (none: it is not), and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertFacts {
    pub account: String,
    pub low_balance: Option<i64>,
    pub runway_days: Option<i64>,
    pub month_cost: Option<i64>,
    /// Which of them the account has said itself.
    pub own: Vec<String>,
    /// When it was told last that what is left lasts for few days.
    pub runway_told: Option<i64>,
}

impl Engine {
    pub fn alerts(&self, cloud: &str, account: &str) -> Result<AlertFacts, Refused> {
        self.look(cloud, |work| {
            let id = account_ever(work, account)?.id;
            work.load(&[id])?;
            facts_of(work, id)
        })
    }

    pub fn set_alerts(&self, cloud: &str, account: &str, change: &AlertChange) -> Result<AlertFacts, Refused> {
        let (account, change) = (account.to_owned(), *change);
        self.ask("set_alerts", cloud, move |work| set(work, &account, &change))
    }
}

fn set(work: &mut Work<'_, '_>, account: &str, change: &AlertChange) -> Result<AlertFacts, Refused> {
    let id = account_of(work, account)?.id;
    if work.tx.wallet(id)?.is_some() {
        let what = format!("{account:?} is a wallet: it has a threshold of its own");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let said = [change.low_balance, change.runway_days, change.month_cost];
    if said.into_iter().flatten().any(|wish| matches!(wish, Wish::At(own) if own < 0)) {
        let what = "nobody can be warned at less than nothing: say `off` where no warning is wanted";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if let Some(Wish::At(days)) = change.runway_days
        && !(1..=DAYS_MAX).contains(&days)
    {
        let what = format!("{days} is no number of days: say 1 to {DAYS_MAX}");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    work.load(&[id])?;
    let now = work.now;
    work.bring_to(id, now)?;
    let was = facts_of(work, id)?;
    let folio = work.folio(id);
    let wishes = &mut folio.alert.wishes;
    let fresh = |own: &mut Wish, said: Option<Wish>| *own = said.unwrap_or(*own);
    fresh(&mut wishes.low_balance, change.low_balance);
    fresh(&mut wishes.runway_days, change.runway_days);
    fresh(&mut wishes.month_cost, change.month_cost);
    folio.stir();
    let facts = facts_of(work, id)?;
    let note = Note::new("alerts.changed", format!("account {account}"));
    let told = |facts: &AlertFacts| {
        let plain = |units: Option<i64>| units.map(|units| work.money(units).plain());
        json!({ "low_balance": plain(facts.low_balance), "runway_days": facts.runway_days, "month_cost": plain(facts.month_cost) })
    };
    let note = note.was(&told(&was)).became(&told(&facts));
    work.notes.push(note);
    Ok(facts)
}

/// Ten years: nobody's money is foretold for longer.
const DAYS_MAX: i64 = 3_650;

fn facts_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<AlertFacts, Refused> {
    let policy = work.policy_at(work.now)?.alerts.clone();
    let folio = work.folio(id);
    let (wishes, limits) = (folio.alert.wishes, folio.alert.wishes.over(&policy));
    let named =
        [("low_balance", wishes.low_balance), ("runway_days", wishes.runway_days), ("month_cost", wishes.month_cost)];
    let own = named.into_iter().filter(|(_, wish)| *wish != Wish::AsPolicy).map(|(name, _)| name.to_owned());
    Ok(AlertFacts {
        account: folio.payer.name.clone(),
        low_balance: limits.low_balance,
        runway_days: limits.runway_days,
        month_cost: limits.month_cost,
        own: own.collect(),
        runway_told: folio.alert.told.runway.map(Instant::micros),
    })
}

impl Work<'_, '_> {
    /// Warns those of whom it is time to. Once everything else of a transaction is done: what is told is what is so now, however much
    /// happened on the way, so after an outage there is one mail and not one for each day.
    pub(crate) fn tell_alerts(&mut self) -> Result<(), EngineError> {
        let cloud = self.cloud.clone();
        let policy = &cloud.profile_at(self.now)?.policy;
        let ids: Vec<OwnerId> = self.folios.keys().copied().collect();
        for id in ids {
            let limits = self.folio(id).alert.wishes.over(&policy.alerts);
            if limits.month_cost.is_some() {
                self.count_month(id)?;
            } else {
                // What is not counted along has to be read again.
                self.folio(id).alert.month = None;
            }
            if !limits.is_none() {
                self.warn(id, &limits, policy)?;
            }
            if !self.folio(id).budgets.is_empty() {
                self.watch_budgets(id)?;
            }
        }
        Ok(())
    }

    /// Whether an account that pays ahead has less than it wants to be told of, a wallet less than its threshold.
    pub(crate) fn is_low(&mut self, id: OwnerId) -> Result<bool, EngineError> {
        let (cloud, second) = (self.cloud.clone(), self.now.floor_second());
        let policy = &cloud.profile_at(self.now)?.policy;
        let threshold = match self.tx.wallet(id)? {
            Some(wallet) => wallet.threshold,
            None => self.folio(id).alert.wishes.over(&policy.alerts).low_balance,
        };
        let folio = self.folio(id);
        let Some(threshold) = threshold.filter(|_| folio.pays_ahead(policy.settle.pay)) else { return Ok(false) };
        Ok(folio.ahead(second, policy, &Limits::default())?.left < threshold)
    }

    fn warn(&mut self, id: OwnerId, limits: &Limits, policy: &Policy) -> Result<(), EngineError> {
        let (now, second) = (self.now, self.now.floor_second());
        let pay = policy.settle.pay;
        let folio = self.folio(id);
        // What is due and was not looked at happens first.
        let waits = folio.state.due_at.is_some_and(|due| due < second);
        if waits || !folio.state.parked.is_empty() || folio.payer.closed.is_some() {
            return Ok(());
        }
        let month_cost = match folio.alert.month {
            Some(month) if limits.month_cost.is_some() => {
                month.units.saturating_add(folio.book.open_since(month.since, second, |_| true)?)
            }
            _ => 0,
        };
        let warned = limits.low_balance.is_some() || limits.runway_days.is_some();
        let ahead = if warned && folio.pays_ahead(pay) { Some(folio.ahead(second, policy, limits)?) } else { None };
        let (told, warnings) = limits.look(&folio.alert.told, &Seen { ahead, month_cost }, now);
        if told != folio.alert.told {
            folio.alert.told = told;
            folio.stir();
        }
        // A wallet is told of by its own threshold.
        if warnings.is_empty() || self.tx.wallet(id)?.is_some() {
            return Ok(());
        }
        let month = self.month_of(id)?;
        let folio = self.folio(id);
        let (account, zone) = (folio.payer.name.clone(), folio.zone.clone());
        let runs_out = if folio.book.is_out(second)? { None } else { folio.book.runs_out_at(second)? };
        let Ahead { left, per_hour } = ahead.unwrap_or(Ahead { left: 0, per_hour: 0 });
        for warning in warnings {
            let (account, left) = (account.clone(), self.money(left));
            let event = match warning {
                Warning::LowBalance { threshold } => {
                    Event::BalanceLow { account, threshold: self.money(threshold), left }
                }
                Warning::Runway { days } => {
                    Event::RunwayShort { account, days, left, burn_per_hour: self.money(per_hour), runs_out }
                }
                Warning::MonthCost { limit } => {
                    let (date, _) = zone.wall_at(month.start()).map_err(SettleError::from)?;
                    let month = format!("{:04}-{:02}", date.year(), date.month());
                    Event::MonthCostPassed { account, month, limit: self.money(limit), cost: self.money(month_cost) }
                }
            };
            self.tell(Some(id), event);
        }
        Ok(())
    }

    fn month_of(&mut self, id: OwnerId) -> Result<Period, EngineError> {
        let zone = self.folio(id).zone.clone();
        Ok(Anchor::calendar_month(zone).period_containing(self.now).map_err(SettleError::from)?.1)
    }

    /// What was sealed of this month is counted along, and read once: when the month begins, or the account begins to be warned of it.
    fn count_month(&mut self, id: OwnerId) -> Result<(), EngineError> {
        let since = self.month_of(id)?.start();
        let known = self.folio(id).alert.month.filter(|month| month.since == since);
        let units = if let Some(month) = known {
            let sealed = &self.folio(id).sealed;
            let fresh = sealed.iter().filter(|(sealed, _)| sealed.from >= since);
            fresh.fold(month.units, |sum, (sealed, _)| sum.saturating_add(sealed.charge.net.units()))
        } else {
            self.folio(id).alert.told.month = None;
            self.folio(id).stir();
            let charges = self.charges_since(id, since)?;
            let sealed = charges.iter().map(|row| row.net).fold(0, i64::saturating_add);
            sealed.saturating_add(self.tx.captured_since(id, since)?)
        };
        self.folio(id).alert.month = Some(MonthSum { since, units });
        Ok(())
    }
}

impl Folio {
    /// What it has left by the cloud's measure, and what an hour takes of it where that matters.
    fn ahead(&self, at: Instant, policy: &Policy, limits: &Limits) -> Result<Ahead, SettleError> {
        let figures = self.book.figures(at, Question::Standing)?;
        let left = match policy.settle.measure {
            Measure::Spendable => figures.spendable,
            Measure::Balance => figures.balance,
        };
        let per_hour = if limits.runway_days.is_some() { self.book.burn_per_hour(at)? } else { 0 };
        Ok(Ahead { left, per_hour })
    }

    /// Below which amounts somebody has to be told, of those that it has. Where the balance is what counts there are none: it moves only when
    /// something is posted, and whoever posts looks.
    pub(crate) fn alert_levels(&self, now: Instant, policy: &Policy) -> Result<Vec<i64>, SettleError> {
        let limits = self.alert.wishes.over(&policy.alerts);
        let watched = limits.low_balance.is_some() || limits.runway_days.is_some();
        let moves = watched && policy.settle.measure == Measure::Spendable && self.payer.closed.is_none();
        if !moves || !self.pays_ahead(policy.settle.pay) {
            return Ok(Vec::new());
        }
        let Ahead { left, per_hour } = self.ahead(now.floor_second(), policy, &limits)?;
        let runway = limits.runway_days.and_then(|days| runway_level(days, per_hour));
        let low = limits.low_balance.filter(|_| self.alert.told.armed);
        Ok([low, runway].into_iter().flatten().filter(|level| *level <= left).collect())
    }

    /// What the month may still cost, beside what is sealed of it, until somebody has to be told.
    pub(crate) fn cost_watches(&self, policy: &Policy) -> Vec<CostWatch> {
        self.month_watch(policy).into_iter().chain(self.budget_watches()).collect()
    }

    fn month_watch(&self, policy: &Policy) -> Option<CostWatch> {
        let limit = self.alert.wishes.over(&policy.alerts).month_cost?;
        let is_told = self.alert.told.month.is_some_and(|told| told >= limit);
        let month = self.alert.month.filter(|_| !is_told && self.payer.closed.is_none())?;
        Some(CostWatch { since: month.since, most: limit.saturating_sub(month.units), things: None })
    }

    /// When it has to be looked at so that its warnings come at their second: where an amount falls below a level, a day after the last
    /// warning about its runway, where the month's costs pass their limit.
    pub(crate) fn alerts_due(&self, now: Instant, policy: &Policy) -> Result<Vec<Instant>, SettleError> {
        let mut due = Vec::new();
        for level in self.alert_levels(now, policy)? {
            due.extend(self.book.falls_below_at(now, level)?);
        }
        if self.alert.wishes.over(&policy.alerts).runway_days.is_some() && self.payer.closed.is_none() {
            due.extend(self.alert.told.runway_again().filter(|_| !self.book.lines.is_empty()));
        }
        for cost in self.cost_watches(policy) {
            let day_end = self.zone.day_of(now.floor_second())?.end();
            due.extend(self.book.open_passes_at(now, day_end, &cost)?);
        }
        due.extend(self.budgets_end(now)?);
        Ok(due)
    }

    /// What was captured of a hold is cost of its month too, and no charge.
    pub(crate) fn count_capture(&mut self, units: i64, at: Instant) {
        if let Some(month) = self.alert.month.as_mut().filter(|month| at >= month.since) {
            month.units = month.units.saturating_add(units);
            self.stir();
        }
        self.count_budget_capture(units, at);
    }

    pub(crate) fn alert_changed(&self) -> Option<AlertRow> {
        (self.alert != self.alert_loaded).then_some(self.alert)
    }
}

//! Budgets of accounts: what the months of a whole account, of a project of it or of a label have cost, counted along; who is told; and what is
//! stopped where a budget says so. What there is to do is the core's to decide (`core/budget`).
//!
//! Whatever works on an account counts and tells at its end (`watch_budgets`). What is to be stopped, or comes back, follows in work of its own
//! right after (`run_budgets`), as instructions to the cloud like those of any step.

use crate::asked::Note;
use crate::folio::{Folio, Work};
use crate::open_project::{account_ever, account_of, project_of};
use crate::run_due::engine_error;
use crate::standing::{Halt, bring_back, halt};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::budget::{BadStep, Budget, Does, Look, Of, PERCENT_MAX, STEPS_MAX, Seen, Step, Told};
use farthing_core::catalog::{OnSuspend, Product};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::notice::{BudgetTold, Event};
use farthing_core::settle::{CostWatch, SettleError, ThingId};
use farthing_core::time::{Anchor, Instant, Period};
use farthing_store::{BudgetOver, BudgetRow, PayerRow, ThingKind, ThingRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Budgets that an account can have.
const MOST: usize = 50;
/// Of a label's text.
const LABEL_MOST: usize = 255;

/// What is wanted of a budget. One that is there is changed as a whole.
#[derive(Clone, Debug)]
pub struct NewBudget {
    pub account: String,
    pub name: String,
    /// Of one project; none: whatever project it is in.
    pub project: Option<String>,
    /// Of what has this label, with this value.
    pub label: Option<(String, String)>,
    pub month: Money,
    pub steps: Vec<Step>,
}

/// A budget, and how it stands. Amounts in units of the account's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFacts {
    pub account: String,
    pub name: String,
    pub project: Option<String>,
    pub label: Option<(String, String)>,
    pub month: i64,
    pub steps: Vec<StepFacts>,
    pub spent: i64,
    pub forecast: i64,
    /// Nothing new begins in it until the month is over.
    pub blocked: bool,
    /// What runs in it was stopped.
    pub stopped: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFacts {
    pub of: String,
    pub percent: u16,
    pub does: String,
    /// It was told this month.
    pub told: bool,
}

/// A budget as it is counted along with its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) row: BudgetRow,
    loaded: BudgetRow,
    /// What it is about; none: everything.
    things: Option<BTreeSet<ThingId>>,
}

impl Engine {
    /// Makes a budget, or changes the one of this name.
    pub fn set_budget(&self, cloud: &str, wanted: &NewBudget) -> Result<BudgetFacts, Refused> {
        let wanted = wanted.clone();
        self.ask("set_budget", cloud, move |work| set(work, &wanted))
    }

    /// What was stopped because of it comes back.
    pub fn drop_budget(&self, cloud: &str, account: &str, name: &str) -> Result<(), Refused> {
        let (account, name) = (account.to_owned(), name.to_owned());
        self.ask("drop_budget", cloud, move |work| {
            let id = account_ever(work, &account)?.id;
            work.load(&[id])?;
            let now = work.now;
            work.bring_to(id, now)?;
            let place = place_of(work, id, &name)?;
            let watch = work.folio(id).budgets.remove(place);
            work.tx.budget_drop(id, &name)?;
            if watch.row.stopped {
                lift(work, id, &watch)?;
            }
            let note = Note::new("budget.dropped", format!("account {account}"));
            let was = told_of(work, &watch.row)?;
            work.notes.push(note.was(&was));
            Ok(())
        })
    }

    pub fn budgets(&self, cloud: &str, account: &str) -> Result<Vec<BudgetFacts>, Refused> {
        let account = account.to_owned();
        // Asked as of now: what is written along the way is what would be written anyway.
        self.work("budgets", cloud, move |work| {
            let id = account_ever(work, &account)?.id;
            work.load(&[id])?;
            let now = work.now;
            work.bring_to(id, now)?;
            let count = work.folio(id).budgets.len();
            (0..count).map(|place| facts_of(work, id, place)).collect()
        })
    }

    /// Stops what is to be stopped, and brings back what is not any more.
    pub(crate) fn run_budgets(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            // A copy that nobody has accepted stops nothing.
            let due = self
                .store
                .read("budgets_due", |tx| if tx.effects_may_leave()? { tx.budgets_due(1) } else { Ok(Vec::new()) })?;
            let Some((cloud, account, name)) = due.into_iter().next() else { return Ok(()) };
            let acted = self.work("act_on_budget", &cloud, move |work| {
                work.load(&[account])?;
                work.bring_to(account, now)?;
                let Ok(place) = place_of(work, account, &name) else { return Ok(()) };
                let watch = watch_at(work, account, place).clone();
                if watch.row.told.stops == watch.row.stopped {
                    return Ok(());
                }
                if watch.row.told.stops {
                    stop(work, account, &watch)?;
                } else {
                    lift(work, account, &watch)?;
                }
                watch_mut(work, account, place).row.stopped = watch.row.told.stops;
                Ok(())
            });
            acted.map_err(engine_error)?;
        }
    }
}

fn set(work: &mut Work<'_, '_>, wanted: &NewBudget) -> Result<BudgetFacts, Refused> {
    let invalid = |what: String| Refused::new(RefusalCode::Invalid, what);
    let payer = account_of(work, &wanted.account)?;
    let id = payer.id;
    if work.tx.wallet(id)?.is_some() {
        return Err(invalid(format!("{:?} is a wallet: what it may cost is what is put into it", wanted.account)));
    }
    if Name::parse(&wanted.name).is_none() {
        return Err(invalid(format!(
            "{:?} is no name of a budget: write it in small letters, digits and -",
            wanted.name
        )));
    }
    if wanted.month.currency() != work.currency() {
        let what = format!("{} is no amount in {}", wanted.month.plain(), work.currency().code());
        return Err(invalid(what));
    }
    let budget = Budget::try_new(wanted.month.units(), wanted.steps.clone()).map_err(|bad| invalid(said(bad)))?;
    let can_stop = |product: &Product| product.on_suspend == OnSuspend::Stop;
    if budget.steps().iter().any(|step| step.does == Does::Stop)
        && !work.cloud.profile_at(work.now)?.catalog.product.iter().any(can_stop)
    {
        let what = "nothing of this cloud can be stopped (`on_suspend`): let the budget notify or block";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    let over = over_of(work, &payer, wanted)?;
    work.load(&[id])?;
    let now = work.now;
    work.bring_to(id, now)?;
    let row = BudgetRow {
        account: id,
        name: wanted.name.clone(),
        over,
        budget,
        counted: None,
        told: Told::default(),
        stopped: false,
        foretold: None,
    };
    let mut note = Note::new("budget.set", format!("account {}", wanted.account)).became(&told_of(work, &row)?);
    let known = work.folio(id).budgets.iter().position(|watch| watch.row.name == wanted.name);
    let place = if let Some(place) = known {
        let before = watch_at(work, id, place).row.clone();
        note = note.was(&told_of(work, &before)?);
        change(work, id, place, row)?;
        place
    } else {
        let count = work.folio(id).budgets.len();
        if count >= MOST {
            let what = format!("{} has {MOST} budgets already: drop one first", wanted.account);
            return Err(Refused::new(RefusalCode::LimitReached, what));
        }
        work.tx.budget_put(&row)?;
        work.folio(id).budgets.push(Watch::new(row));
        count
    };
    renew_things(work, id)?;
    work.notes.push(note);
    work.folio(id).stir();
    facts_of(work, id, place)
}

/// Of what was told of it before nobody hears again, where it is about the same.
fn change(work: &mut Work<'_, '_>, id: OwnerId, place: usize, row: BudgetRow) -> Result<(), EngineError> {
    let before = watch_at(work, id, place).row.clone();
    let is_same = before.over == row.over;
    let row = BudgetRow { stopped: before.stopped, told: Told { steps: 0, ..before.told }, ..row };
    let watch = watch_mut(work, id, place);
    (watch.row, watch.things) = (row, None);
    renew_things(work, id)?;
    if is_same {
        let seen = seen_now(work, id, place)?;
        let watch = watch_mut(work, id, place);
        watch.row.told = watch.row.budget.carried(&before.budget, &before.told, &seen);
    }
    Ok(())
}

fn said(bad: BadStep) -> String {
    match bad {
        BadStep::Percent(percent) => format!("{percent} % is no step: say 1 to {PERCENT_MAX}"),
        BadStep::StopsByForecast => {
            "nothing is stopped because of what is only foretold: let that step notify or block".to_owned()
        }
        BadStep::TooMany => format!("a budget has at most {STEPS_MAX} steps"),
        BadStep::None => "say at which percent something happens: a budget without steps does nothing".to_owned(),
        BadStep::Nothing => "a budget is more than nothing: what may cost nothing is not started".to_owned(),
    }
}

fn over_of(work: &mut Work<'_, '_>, payer: &PayerRow, wanted: &NewBudget) -> Result<BudgetOver, Refused> {
    let mut over = BudgetOver::default();
    if let Some(name) = &wanted.project {
        let project = project_of(work, name)?;
        if project.account != payer.id {
            return Err(Refused::not_found(&format!("project of account {}", payer.name), name));
        }
        over.project = project.id;
    }
    if let Some((key, value)) = &wanted.label {
        let plain = |text: &str| !text.contains(['=', '\n']) && text.len() <= LABEL_MOST;
        if Name::parse(key).is_none() || !plain(value) {
            let what = format!("label {key}={value} is none: a name, and a value of one line");
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        over.label = format!("{key}={value}");
    }
    Ok(over)
}

/// As the audit log has it.
fn told_of(work: &mut Work<'_, '_>, row: &BudgetRow) -> Result<Value, Refused> {
    let steps = row.budget.steps().iter();
    let steps: Vec<String> =
        steps.map(|step| format!("{} {} {}", step.of.name(), step.percent, step.does.name())).collect();
    let project = if row.over.project == 0 { None } else { work.tx.project_name(row.over.project)? };
    let month = work.money(row.budget.month()).plain();
    Ok(json!({ "budget": row.name, "project": project, "label": row.over.label, "month": month, "steps": steps }))
}

fn place_of(work: &mut Work<'_, '_>, id: OwnerId, name: &str) -> Result<usize, Refused> {
    let found = work.folio(id).budgets.iter().position(|watch| watch.row.name == name);
    found.ok_or_else(|| Refused::not_found("budget", name))
}

fn watch_at<'f>(work: &'f mut Work<'_, '_>, id: OwnerId, place: usize) -> &'f Watch {
    watch_mut(work, id, place)
}

#[expect(clippy::indexing_slicing, reason = "places are those of the list that is there")]
fn watch_mut<'f>(work: &'f mut Work<'_, '_>, id: OwnerId, place: usize) -> &'f mut Watch {
    &mut work.folio(id).budgets[place]
}

fn facts_of(work: &mut Work<'_, '_>, id: OwnerId, place: usize) -> Result<BudgetFacts, Refused> {
    let seen = seen_now(work, id, place)?;
    let row = watch_at(work, id, place).row.clone();
    let project = if row.over.project == 0 { None } else { work.tx.project_name(row.over.project)? };
    let month = month_of(work, id)?;
    let is_this_month = row.counted.is_some_and(|(since, _)| since == month.start());
    let bits = if is_this_month { row.told.steps } else { 0 };
    let steps = row.budget.steps().iter().enumerate().map(|(place, step)| StepFacts {
        of: step.of.name().to_owned(),
        percent: step.percent,
        does: step.does.name().to_owned(),
        told: bits >> place & 1 == 1,
    });
    Ok(BudgetFacts {
        account: work.folio(id).payer.name.clone(),
        project,
        label: row.over.label.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())),
        month: row.budget.month(),
        steps: steps.collect(),
        spent: seen.actual,
        forecast: seen.forecast.unwrap_or(seen.actual),
        blocked: row.budget.blocks(&seen).is_some(),
        stopped: row.stopped,
        name: row.name,
    })
}

fn month_of(work: &mut Work<'_, '_>, id: OwnerId) -> Result<Period, EngineError> {
    let zone = work.folio(id).zone.clone();
    Ok(Anchor::calendar_month(zone).period_containing(work.now).map_err(SettleError::from)?.1)
}

/// What each of an account's budgets is about, as it is now. Things are read once, and not at all where every budget is about everything.
fn renew_things(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), EngineError> {
    if work.folio(id).budgets.iter().all(|watch| watch.row.over.is_all()) {
        return Ok(());
    }
    let all = work.tx.things_of_account(id)?;
    for watch in work.folio(id).budgets.iter_mut().filter(|watch| !watch.row.over.is_all()) {
        let over = |thing: &&ThingRow| is_over(&watch.row.over, thing.project, &thing.properties);
        watch.things = Some(all.iter().filter(over).map(|thing| thing.id).collect());
    }
    Ok(())
}

fn is_over(over: &BudgetOver, project: i64, properties: &str) -> bool {
    let has_label = || properties.lines().any(|line| line.strip_prefix("label.") == Some(over.label.as_str()));
    (over.project == 0 || over.project == project) && (over.label.is_empty() || has_label())
}

/// What was sealed of this month, read anew.
fn sealed_of(work: &mut Work<'_, '_>, id: OwnerId, since: Instant, place: usize) -> Result<i64, EngineError> {
    let watch = watch_at(work, id, place).clone();
    let charges = work.charges_since(id, since)?;
    let own = charges.iter().filter(|row| watch.counts(row.line.thing)).map(|row| row.net);
    let sealed = own.fold(0, i64::saturating_add);
    // What was captured of holds is of no project, and no charge.
    let captured = if watch.things.is_none() { work.tx.captured_since(id, since)? } else { 0 };
    Ok(sealed.saturating_add(captured))
}

/// What the month has cost by now, and will have cost: an account that was brought to now.
fn seen_now(work: &mut Work<'_, '_>, id: OwnerId, place: usize) -> Result<Seen, EngineError> {
    let month = month_of(work, id)?;
    let sealed = sealed_of(work, id, month.start(), place)?;
    let now = work.now.floor_second();
    let watch = watch_at(work, id, place).clone();
    let open = watch.open_since(work.folio(id), month.start(), now)?;
    let actual = sealed.saturating_add(open);
    let forecast = if watch.row.budget.foretells() {
        Some(work.foretell(id, (now, month.end()), actual, |thing| watch.counts(thing))?)
    } else {
        None
    };
    Ok(Seen { actual, forecast })
}

impl Watch {
    pub(crate) fn new(row: BudgetRow) -> Watch {
        Watch { loaded: row.clone(), row, things: None }
    }

    pub(crate) fn counts(&self, thing: ThingId) -> bool {
        self.things.as_ref().is_none_or(|things| things.contains(&thing))
    }

    fn open_since(&self, folio: &Folio, since: Instant, at: Instant) -> Result<i64, SettleError> {
        folio.book.open_since(since, at, |line| self.counts(line.id.thing))
    }

    fn changed(&self) -> Option<&BudgetRow> {
        (self.row != self.loaded).then_some(&self.row)
    }
}

impl Work<'_, '_> {
    /// The budgets of accounts that are being loaded, and what each is about.
    pub(crate) fn load_budgets(&mut self, ids: &[OwnerId]) -> Result<(), EngineError> {
        for row in self.tx.budgets_of(ids)? {
            let id = row.account;
            self.folio(id).budgets.push(Watch::new(row));
        }
        for id in ids {
            renew_things(self, *id)?;
        }
        Ok(())
    }

    /// Counts along what an account's budgets count, and tells what there is to tell. Once everything else of a transaction is done.
    pub(crate) fn watch_budgets(&mut self, id: OwnerId) -> Result<(), EngineError> {
        let second = self.now.floor_second();
        let folio = self.folio(id);
        // What is due and was not looked at happens first.
        let waits = folio.state.due_at.is_some_and(|due| due < second);
        if waits || !folio.state.parked.is_empty() || folio.payer.closed.is_some() {
            return Ok(());
        }
        let month = month_of(self, id)?;
        let today = self.folio(id).zone.clone().day_of(second).map_err(SettleError::from)?.start();
        // What was started in this very transaction is in them.
        renew_things(self, id)?;
        for place in 0..self.folio(id).budgets.len() {
            self.count_budget(id, place, month.start())?;
            let watch = watch_at(self, id, place).clone();
            let sealed = watch.row.counted.map_or(0, |(_, units)| units);
            let actual = sealed.saturating_add(watch.open_since(self.folio(id), month.start(), second)?);
            // Something began or ended, or another day.
            let is_news = self.folio(id).is_stirred() || watch.row.foretold != Some(today);
            let looks = watch.row.budget.foretells() && is_news;
            let ahead = (second, month.end());
            let forecast =
                if looks { Some(self.foretell(id, ahead, actual, |thing| watch.counts(thing))?) } else { None };
            let Look { told, reached } = watch.row.budget.look(&watch.row.told, &Seen { actual, forecast });
            let is_new = told != watch.row.told;
            let row = &mut watch_mut(self, id, place).row;
            row.told = told;
            if looks {
                row.foretold = Some(today);
            }
            if is_new {
                self.folio(id).stir();
            }
            for step in reached {
                let cost = if step.of == Of::Forecast { forecast.unwrap_or(actual) } else { actual };
                let told = self.budget_told(id, &watch.row, month, (step, cost))?;
                self.tell(Some(id), Event::BudgetReached(told));
            }
        }
        let changed: Vec<BudgetRow> = self.folio(id).budgets.iter().filter_map(Watch::changed).cloned().collect();
        for row in changed {
            self.tx.budget_put(&row)?;
        }
        Ok(())
    }

    /// What was sealed of this month is counted along, and read once: when the month or the budget begins.
    fn count_budget(&mut self, id: OwnerId, place: usize, since: Instant) -> Result<(), EngineError> {
        let watch = watch_at(self, id, place).clone();
        let counted = if let Some((_, units)) = watch.row.counted.filter(|(known, _)| *known == since) {
            let sealed = &self.folio(id).sealed;
            let fresh = sealed.iter().filter(|(sealed, _)| sealed.from >= since && watch.counts(sealed.line.thing));
            fresh.fold(units, |sum, (sealed, _)| sum.saturating_add(sealed.charge.net.units()))
        } else {
            let is_another_month = watch.row.counted.is_some();
            let row = &mut watch_mut(self, id, place).row;
            if is_another_month {
                // Of a month that is over nothing was told in this one.
                (row.told.steps, row.foretold) = (0, None);
            }
            self.folio(id).stir();
            sealed_of(self, id, since, place)?
        };
        watch_mut(self, id, place).row.counted = Some((since, counted));
        Ok(())
    }

    fn budget_told(
        &mut self,
        id: OwnerId,
        row: &BudgetRow,
        month: Period,
        (step, cost): (Step, i64),
    ) -> Result<BudgetTold, EngineError> {
        let zone = self.folio(id).zone.clone();
        let (date, _) = zone.wall_at(month.start()).map_err(SettleError::from)?;
        let project = if row.over.project == 0 { None } else { self.tx.project_name(row.over.project)? };
        Ok(BudgetTold {
            account: self.folio(id).payer.name.clone(),
            budget: row.name.clone(),
            project: project.unwrap_or_default(),
            label: row.over.label.clone(),
            month: format!("{:04}-{:02}", date.year(), date.month()),
            percent: step.percent,
            of: step.of,
            does: step.does,
            limit: self.money(row.budget.month()),
            cost: self.money(cost),
            resources: Vec::new(),
        })
    }

    /// Why something must not begin: of a budget that blocks it; none: it may. An account that was brought to now.
    pub(crate) fn budget_that_blocks(
        &mut self,
        id: OwnerId,
        project: i64,
        properties: &str,
    ) -> Result<Option<String>, EngineError> {
        for place in 0..self.folio(id).budgets.len() {
            let row = watch_at(self, id, place).row.clone();
            if row.budget.steps().iter().all(|step| step.does == Does::Notify)
                || !is_over(&row.over, project, properties)
            {
                continue;
            }
            let seen = seen_now(self, id, place)?;
            let Some(step) = row.budget.blocks(&seen) else { continue };
            let (percent, name) = (step.percent, &row.name);
            let (cost, limit) = (self.money(seen.actual).plain(), self.money(row.budget.month()).plain());
            let ends = month_of(self, id)?.end();
            return Ok(Some(format!(
                "budget {name} has reached {percent} %: {cost} of {limit} are spent this month. Raise it, or wait until {ends}; nothing was \
                 started"
            )));
        }
        Ok(None)
    }

    /// Whether a budget keeps a thing stopped.
    pub(crate) fn is_stopped_by_budget(&mut self, thing: &ThingRow) -> Result<bool, EngineError> {
        self.load(&[thing.account])?;
        let budgets = &self.folio(thing.account).budgets;
        Ok(budgets.iter().any(|watch| {
            (watch.row.told.stops || watch.row.stopped) && is_over(&watch.row.over, thing.project, &thing.properties)
        }))
    }
}

impl Folio {
    /// What the months that are counted may still cost, beside what is sealed of them, until somebody has to look.
    pub(crate) fn budget_watches(&self) -> Vec<CostWatch> {
        let open = self.payer.closed.is_none();
        let watches = self.budgets.iter().filter(|_| open).filter_map(|watch| {
            let (since, units) = watch.row.counted?;
            let level = watch.row.budget.next_level(&watch.row.told)?;
            // "More than" here, "so much or more" there.
            let most = level.saturating_sub(1).saturating_sub(units);
            Some(CostWatch { since, most, things: watch.things.clone() })
        });
        watches.collect()
    }

    /// When what a budget has stopped comes back: with the next month.
    pub(crate) fn budgets_end(&self, now: Instant) -> Result<Option<Instant>, SettleError> {
        if self.payer.closed.is_some() || !self.budgets.iter().any(|watch| watch.row.told.stops) {
            return Ok(None);
        }
        Ok(Some(Anchor::calendar_month(self.zone.clone()).period_containing(now)?.1.end()))
    }

    /// What was captured of a hold is cost of its month too, and no charge.
    pub(crate) fn count_budget_capture(&mut self, units: i64, at: Instant) {
        let mut counts = false;
        for watch in self.budgets.iter_mut().filter(|watch| watch.things.is_none()) {
            if let Some((_, sum)) = watch.row.counted.as_mut().filter(|(since, _)| at >= *since) {
                *sum = sum.saturating_add(units);
                counts = true;
            }
        }
        if counts {
            self.stir();
        }
    }
}

/// Stops what runs in a budget, where the cloud can stop it.
fn stop(work: &mut Work<'_, '_>, id: OwnerId, watch: &Watch) -> Result<(), Refused> {
    let mut names = Vec::new();
    for thing in own_things(work, id, watch)? {
        if halt(work, id, &thing)? == Halt::Asked {
            names.push(thing.name);
        }
    }
    if !names.is_empty() {
        say(work, id, watch, names, Event::BudgetStopped)?;
    }
    Ok(())
}

/// What it has stopped comes back, where nothing else keeps it stopped.
fn lift(work: &mut Work<'_, '_>, id: OwnerId, watch: &Watch) -> Result<(), Refused> {
    let mut names = Vec::new();
    for thing in own_things(work, id, watch)? {
        let others = work.folio(id).budgets.iter().any(|other| {
            other.row.name != watch.row.name
                && (other.row.told.stops || other.row.stopped)
                && is_over(&other.row.over, thing.project, &thing.properties)
        });
        if !others && bring_back(work, id, &thing)? == Halt::Asked {
            names.push(thing.name);
        }
    }
    if !names.is_empty() {
        say(work, id, watch, names, Event::BudgetLifted)?;
    }
    Ok(())
}

fn own_things(work: &mut Work<'_, '_>, id: OwnerId, watch: &Watch) -> Result<Vec<ThingRow>, EngineError> {
    let mut things = work.tx.things_of_account(id)?;
    things.retain(|thing| {
        thing.kind == ThingKind::Resource
            && thing.account == id
            && is_over(&watch.row.over, thing.project, &thing.properties)
    });
    Ok(things)
}

fn say(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    watch: &Watch,
    resources: Vec<String>,
    event: impl Fn(BudgetTold) -> Event,
) -> Result<(), Refused> {
    let stops = watch.row.budget.steps().iter().find(|step| step.does == Does::Stop);
    // A budget that was changed lets run what it has stopped, without a step that would.
    let step = stops.copied().unwrap_or(Step { of: Of::Actual, percent: 100, does: Does::Stop });
    let month = month_of(work, id)?;
    let sealed = watch.row.counted.filter(|(since, _)| *since == month.start()).map_or(0, |(_, units)| units);
    let second = work.now.floor_second();
    let open = watch.open_since(work.folio(id), month.start(), second).map_err(EngineError::from)?;
    let mut told = work.budget_told(id, &watch.row, month, (step, sealed.saturating_add(open)))?;
    told.resources = resources;
    work.tell(Some(id), event(told));
    Ok(())
}

//! An account's costs looked at: by product, project, resource, person or label, by day, beside the period before, and what the month
//! will have come to. One answer for the console and the API.
//!
//! Sealed charges and what is open now, so its sum is that of `charges_sum`. What the amounts are is decided elsewhere.

use crate::folio::Work;
use crate::look_at_account::{account_id, sum_of_charges};
use crate::{ChargeQuestion, Engine, RefusalCode, Refused};
use farthing_core::cost::{CostFilter, CostLine, CostThing, Costs, GroupBy, PaidFrom, group};
use farthing_core::ledger::OwnerId;
use farthing_core::money::{Currency, Money};
use farthing_core::settle::{Source, ThingId};
use farthing_core::time::{CivilDate, Instant, OutOfRange, Zone};
use farthing_store::{ChargeFilter, ThingKind, ThingRow};
use std::collections::{BTreeMap, BTreeSet};

/// As many days as are looked at together.
const DAYS_MAX: i64 = 732;
/// What labels are called among a thing's properties.
const LABEL: &str = "label.";

/// Which costs. Days are the account's; the last one is not included.
#[derive(Clone, Debug)]
pub struct CostQuestion {
    pub from: CivilDate,
    pub to: CivilDate,
    pub by: GroupBy,
    pub filter: CostFilter,
}

#[derive(Clone, Debug)]
pub struct CostsView {
    pub currency: Currency,
    pub zone: Zone,
    pub costs: Costs,
    /// As many days before, by the same groups.
    pub before: Costs,
    /// The days before, whose last one is not included.
    pub before_days: (CivilDate, CivilDate),
    /// What can be asked for besides.
    pub known: KnownCosts,
}

/// What there is among the costs of these days, whatever is asked: for choosing from.
#[derive(Clone, Debug, Default)]
pub struct KnownCosts {
    pub products: BTreeSet<String>,
    pub projects: BTreeSet<String>,
    pub resources: BTreeSet<String>,
    pub people: BTreeSet<String>,
    pub states: BTreeSet<String>,
    pub kinds: BTreeSet<String>,
    /// Each label with what it says.
    pub labels: BTreeMap<String, BTreeSet<String>>,
}

/// A month at a glance.
#[derive(Clone, Debug)]
pub struct MonthView {
    pub currency: Currency,
    pub zone: Zone,
    /// Its first day, and today.
    pub month: CivilDate,
    pub today: CivilDate,
    pub so_far: i64,
    /// From the first day of the month before to the same day and time of it.
    pub before: i64,
    /// All of the month before.
    pub before_whole: i64,
    pub forecast: i64,
}

impl Engine {
    pub fn costs(&self, cloud: &str, account: &str, asked: &CostQuestion, at: Instant) -> Result<CostsView, Refused> {
        let days = asked.from.days_until(asked.to);
        if !(1..=DAYS_MAX).contains(&days) {
            let message = format!("costs are looked at from one day to a later one, of {DAYS_MAX} days at most");
            return Err(Refused::new(RefusalCode::Invalid, message));
        }
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let (currency, zone) = (work.currency(), work.folio(id).zone.clone());
            let before = (asked.from.add_days(-days).map_err(far)?, asked.from);
            let (lines, things) = costs_between(work, id, (before.0, asked.to), &zone, at)?;
            let of = |days| group(&lines, &things, &asked.by, &asked.filter, days).map_err(far);
            Ok(CostsView {
                currency,
                costs: of((asked.from, asked.to))?,
                before: of(before)?,
                before_days: before,
                known: known(&lines, &things, asked),
                zone,
            })
        })
    }

    /// What this month has cost an account, beside the one before, and what it will have cost.
    pub fn month_of(&self, cloud: &str, account: &str, at: Instant) -> Result<MonthView, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let currency = work.currency();
            let zone = work.folio(id).zone.clone();
            let today = zone.civil_date_of(at).map_err(far)?;
            let month = today.first_of_month();
            let last = month.add_months(-1).map_err(far)?;
            let next = month.add_months(1).map_err(far)?;
            let start = |day| zone.start_of_day(day).map_err(far);
            let (begins, ends) = (start(month)?, start(next)?);
            let sum = |work: &mut Work<'_, '_>, from, to| {
                let asked = ChargeQuestion { product: None, from: Some(from), to: Some(to) };
                Ok::<i64, Refused>(sum_of_charges(work, id, &asked, at)?.units())
            };
            // To the same day, or the last one of a shorter month: sealed days are compared as a whole.
            let same = today.day().min(last.last_of_month().day());
            let same = CivilDate::try_new(last.year(), last.month(), same).map_err(|_| far(()))?;
            let same = same.next_day().map_err(far)?;
            let so_far = sum(work, begins, ends)?;
            let before = sum(work, start(last)?, start(same)?)?;
            let before_whole = sum(work, start(last)?, begins)?;
            let forecast = work.foretell(id, (at, ends), so_far, |_| true)?;
            Ok(MonthView { currency, zone, month, today, so_far, before, before_whole, forecast })
        })
    }
}

/// Everything an account was charged and has open within days, and what it is of.
fn costs_between(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    (from, to): (CivilDate, CivilDate),
    zone: &Zone,
    at: Instant,
) -> Result<(Vec<CostLine>, Vec<CostThing>), Refused> {
    let start = |day| zone.start_of_day(day).map_err(far);
    let filter = ChargeFilter { product: None, from: Some(start(from)?), to: Some(start(to)?) };
    let charges = work.tx.charges_of(id, &filter)?;
    let open = open_lines(work, id, &filter, at)?;
    let ids: BTreeSet<ThingId> =
        charges.iter().map(|row| row.line.thing).chain(open.iter().map(|(thing, ..)| *thing)).collect();
    let rows = work.tx.things(&ids.into_iter().collect::<Vec<_>>())?;
    let places: BTreeMap<ThingId, usize> = rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
    let things = things_told(work, &rows)?;
    let mut lines = Vec::with_capacity(charges.len().saturating_add(open.len()));
    let mut day: Option<(Instant, CivilDate)> = None;
    for row in charges {
        // They come in the order of days.
        let date = match day {
            Some((known, date)) if known == row.from => date,
            _ => zone.civil_date_of(row.from).map_err(far)?,
        };
        day = Some((row.from, date));
        let Some(thing) = places.get(&row.line.thing) else { continue };
        let from = |source: Source| match source {
            Source::Lot(_) => PaidFrom::Credit,
            Source::Cash => PaidFrom::Cash,
            Source::Debt => PaidFrom::Debt,
            Source::Unbilled => PaidFrom::NextBill,
        };
        lines.push(CostLine {
            date,
            thing: *thing,
            product: row.product,
            list: row.list,
            net: row.net,
            paid: row.paid.iter().map(|(source, amount)| (from(*source), *amount)).collect(),
        });
    }
    let today = zone.civil_date_of(at).map_err(far)?;
    for (thing, product, net) in open {
        let Some(place) = places.get(&thing).filter(|_| net != 0) else { continue };
        // What is open has no list price of its own until it is sealed.
        lines.push(CostLine { date: today, thing: *place, product, list: net, net, paid: Vec::new() });
    }
    Ok((lines, things))
}

/// What is open and not sealed, of today, if today is asked for. Corrections that wait are of their own days.
fn open_lines(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    filter: &ChargeFilter,
    at: Instant,
) -> Result<Vec<(ThingId, farthing_core::config::Name, i64)>, Refused> {
    work.load(&[id])?;
    let folio = work.folio(id);
    let within = |at: Instant| filter.from.is_none_or(|from| at >= from) && filter.to.is_none_or(|to| at < to);
    let mut open = Vec::new();
    for line in &folio.book.lines {
        if within(if line.id.is_correction() { line.open.since } else { at }) {
            open.push((line.id.thing, line.product().clone(), line.net_at(at)?));
        }
    }
    Ok(open)
}

fn things_told(work: &mut Work<'_, '_>, rows: &[ThingRow]) -> Result<Vec<CostThing>, Refused> {
    let mut projects: BTreeMap<i64, String> = BTreeMap::new();
    let now = work.now;
    let profile = work.cloud.profile_at(now)?.clone();
    let mut things = Vec::with_capacity(rows.len());
    for row in rows {
        if row.project != 0 && !projects.contains_key(&row.project) {
            let name = work.tx.project_name(row.project)?.unwrap_or_default();
            projects.insert(row.project, name);
        }
        let labels = row.properties.lines().filter_map(|line| line.strip_prefix(LABEL)?.split_once('='));
        let kind = match row.kind {
            ThingKind::Usage => "usage".to_owned(),
            ThingKind::Resource | ThingKind::Scope => {
                let product = profile.catalog.product_by_id(row.product.as_str());
                product.map(|product| product.kind.word().to_owned()).unwrap_or_default()
            }
        };
        things.push(CostThing {
            resource: if row.kind == ThingKind::Resource { row.name.clone() } else { String::new() },
            project: projects.get(&row.project).cloned().unwrap_or_default(),
            person: row.person.clone(),
            state: row.state.clone(),
            kind,
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        });
    }
    Ok(things)
}

/// Whoever may see some projects only chooses among what is theirs: names are told to nobody else (R65).
fn known(lines: &[CostLine], things: &[CostThing], asked: &CostQuestion) -> KnownCosts {
    let mine = match &asked.filter.projects {
        None => CostFilter::default(),
        projects => {
            CostFilter { projects: projects.clone(), person: asked.filter.person.clone(), ..CostFilter::default() }
        }
    };
    let mut known = KnownCosts::default();
    let mut seen = BTreeSet::new();
    let add = |set: &mut BTreeSet<String>, text: &str| {
        if !text.is_empty() && !set.contains(text) {
            set.insert(text.to_owned());
        }
    };
    for line in lines.iter().filter(|line| line.date >= asked.from) {
        let Some(thing) = things.get(line.thing).filter(|thing| mine.of(line, thing).is_some()) else { continue };
        add(&mut known.products, line.product.as_str());
        if !seen.insert(line.thing) {
            continue;
        }
        add(&mut known.projects, &thing.project);
        add(&mut known.resources, &thing.resource);
        add(&mut known.people, &thing.person);
        add(&mut known.states, &thing.state);
        add(&mut known.kinds, &thing.kind);
        for (key, value) in &thing.labels {
            known.labels.entry(key.clone()).or_default().insert(value.clone());
        }
    }
    known
}

/// What of an account's days cannot be reached by any calendar.
fn far<E>(_: E) -> Refused {
    Refused::new(RefusalCode::Invalid, OutOfRange::Date.to_string())
}

/// So that whoever shows a sum shows the money of it.
impl CostsView {
    pub fn sum(&self) -> Money {
        Money::from_units(self.costs.net, self.currency)
    }
}

//! An account's costs looked at: by product, project, resource, person or label, by day, beside the period before, and what the month
//! will have come to. One answer for the console and the API.
//!
//! Sealed charges and what is open now, so its sum is that of `charges_sum`. What the amounts are is decided elsewhere.

use crate::folio::Work;
use crate::look_at_account::{account_id, open_between};
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::cost::{CostFilter, CostLine, CostThing, Costs, GroupBy, Paces, PaidFrom, forecast, group};
use farthing_core::ledger::OwnerId;
use farthing_core::money::{Currency, Money};
use farthing_core::settle::{Source, ThingId};
use farthing_core::time::{CivilDate, Instant, OutOfRange, Zone};
use farthing_store::{AccountCosts, ChargeRow, ThingKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// What a resource costs in a month, as it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceMonth {
    pub so_far: i64,
    /// What it will have cost at the month's end, foretold as the account's month is.
    pub forecast: i64,
}

impl Engine {
    /// Each resource's month, by its name.
    pub fn months_of_resources(
        &self,
        cloud: &str,
        account: &str,
        at: Instant,
    ) -> Result<BTreeMap<String, ResourceMonth>, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let zone = work.folio(id).zone.clone();
            let today = zone.civil_date_of(at).map_err(far)?;
            let month = today.first_of_month();
            let next = month.add_months(1).map_err(far)?;
            let (lines, things) = costs_between(work, id, (month, next), &CostFilter::default(), &zone, at)?;
            let mut paces: BTreeMap<String, Paces> = BTreeMap::new();
            // What is counted is the account's use of a product, and no resource's.
            let idle = Paces { per_hour: 0, counted: 0, counted_days: 0, so_far: 0 };
            for line in &lines {
                let Some(thing) = things.get(line.thing).filter(|thing| !thing.resource.is_empty()) else { continue };
                let pace = paces.entry(thing.resource.clone()).or_insert(idle);
                pace.so_far = pace.so_far.saturating_add(line.net);
            }
            for (name, per_hour) in hours_of_resources(work, id, at)? {
                paces.entry(name).or_insert(idle).per_hour = per_hour;
            }
            let left = zone.start_of_day(next).map_err(far)?.seconds_since(at.floor_second());
            let month = |pace: Paces| ResourceMonth { so_far: pace.so_far, forecast: forecast(&pace, left) };
            Ok(paces.into_iter().map(|(name, pace)| (name, month(pace))).collect())
        })
    }

    /// A resource's sealed charges of an account between two instants, the newest first.
    pub fn charges_of_resource(
        &self,
        cloud: &str,
        account: &str,
        resource: &str,
        days: (Instant, Instant),
        limit: usize,
    ) -> Result<Vec<ChargeRow>, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            let cloud = work.cloud.id.clone();
            // What is not there has cost nothing: whoever asks is told no more of it.
            let Some(thing) = work.tx.thing_by_name(&cloud, ThingKind::Resource, resource)? else {
                return Ok(Vec::new());
            };
            Ok(work.tx.charges_of_thing(id, thing.id, days, i64::try_from(limit).unwrap_or(i64::MAX))?)
        })
    }

    pub fn costs(&self, cloud: &str, account: &str, asked: &CostQuestion, at: Instant) -> Result<CostsView, Refused> {
        let days = days_of(asked)?;
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let (currency, zone) = (work.currency(), work.folio(id).zone.clone());
            let before = (asked.from.add_days(-days).map_err(far)?, asked.from);
            let (lines, things) = costs_between(work, id, (before.0, asked.to), &asked.filter, &zone, at)?;
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

    /// The same without what was before and what else there is: for whoever shows only these days.
    pub fn cost_groups(&self, cloud: &str, account: &str, asked: &CostQuestion, at: Instant) -> Result<Costs, Refused> {
        days_of(asked)?;
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let zone = work.folio(id).zone.clone();
            let (lines, things) = costs_between(work, id, (asked.from, asked.to), &asked.filter, &zone, at)?;
            group(&lines, &things, &asked.by, &asked.filter, (asked.from, asked.to)).map_err(far)
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
            // The sealed days of both months are read once.
            let sealed = work.tx.charge_sums(id, None, (start(last)?, ends))?;
            let sum = |work: &mut Work<'_, '_>, from, to| {
                let sealed: i64 = sealed.iter().filter(|(day, _)| (from..to).contains(day)).map(|(_, net)| net).sum();
                Ok::<i64, Refused>(sealed.saturating_add(open_between(work, id, None, (Some(from), Some(to)), at)?))
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

/// What an hour of each resource that runs costs.
fn hours_of_resources(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<BTreeMap<String, i64>, Refused> {
    let mut hours: BTreeMap<ThingId, i64> = BTreeMap::new();
    for (line, hour) in work.folio(id).book.costs_of_hour(at.floor_second(), |_| true)? {
        let sum = hours.entry(line.id.thing).or_default();
        *sum = sum.saturating_add(hour);
    }
    let things = work.tx.things(&hours.keys().copied().collect::<Vec<_>>())?;
    let resources = things.into_iter().filter(|thing| thing.kind == ThingKind::Resource);
    Ok(resources.filter_map(|thing| Some((thing.name, hours.get(&thing.id).copied()?))).collect())
}

/// How many days are asked for, if they can be.
fn days_of(asked: &CostQuestion) -> Result<i64, Refused> {
    let days = asked.from.days_until(asked.to);
    if (1..=DAYS_MAX).contains(&days) {
        return Ok(days);
    }
    let message = format!("costs are looked at from one day to a later one, of {DAYS_MAX} days at most");
    Err(Refused::new(RefusalCode::Invalid, message))
}

/// Everything an account was charged and has open within days, and what it is of.
fn costs_between(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    (from, to): (CivilDate, CivilDate),
    asked: &CostFilter,
    zone: &Zone,
    at: Instant,
) -> Result<(Vec<CostLine>, Vec<CostThing>), Refused> {
    let start = |day| zone.start_of_day(day).map_err(far);
    let days = (start(from)?, start(to)?);
    let AccountCosts { rows: charges, of: mut kinds } = work.tx.charge_costs(id, days, asked.paid.is_some())?;
    let open = open_lines(work, id, days, at)?;
    let mut places: HashMap<(ThingId, Name), usize> = HashMap::new();
    places.extend(kinds.iter().cloned().zip(0..));
    let open: Vec<(usize, i64)> = open
        .into_iter()
        .map(|(thing, product, net)| {
            let next = kinds.len();
            let place = *places.entry((thing, product)).or_insert_with_key(|kind| {
                kinds.push(kind.clone());
                next
            });
            (place, net)
        })
        .collect();
    let (things, place_of) = things_told(work, &kinds)?;
    let mut lines = Vec::with_capacity(charges.len().saturating_add(open.len()));
    let mut day: Option<(Instant, CivilDate)> = None;
    for row in charges {
        let Some(thing) = place_of.get(row.of).copied().flatten() else { continue };
        // They come in the order of days.
        let date = match day {
            Some((known, date)) if known == row.from => date,
            _ => zone.civil_date_of(row.from).map_err(far)?,
        };
        day = Some((row.from, date));
        let from = |source: Source| match source {
            Source::Lot(_) => PaidFrom::Credit,
            Source::Cash => PaidFrom::Cash,
            Source::Debt => PaidFrom::Debt,
            Source::Unbilled => PaidFrom::NextBill,
        };
        lines.push(CostLine {
            date,
            thing,
            list: row.list,
            net: row.net,
            paid: row.paid.iter().map(|(source, amount)| (from(*source), *amount)).collect(),
        });
    }
    let today = zone.civil_date_of(at).map_err(far)?;
    for (place, net) in open.into_iter().filter(|(_, net)| *net != 0) {
        if let Some(thing) = place_of.get(place).copied().flatten() {
            // What is open has no list price of its own until it is sealed.
            lines.push(CostLine { date: today, thing, list: net, net, paid: Vec::new() });
        }
    }
    Ok((lines, things))
}

/// What is open and not sealed, of today, if today is asked for. Corrections that wait are of their own days.
fn open_lines(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    (from, to): (Instant, Instant),
    at: Instant,
) -> Result<Vec<(ThingId, Name, i64)>, Refused> {
    work.load(&[id])?;
    let folio = work.folio(id);
    let within = |at: Instant| at >= from && at < to;
    let mut open = Vec::new();
    for line in &folio.book.lines {
        if within(if line.id.is_correction() { line.open.since } else { at }) {
            open.push((line.id.thing, line.product().clone(), line.net_at(at)?));
        }
    }
    Ok(open)
}

/// What these things and products are; and the place of each among them, where it is known at all.
fn things_told(
    work: &mut Work<'_, '_>,
    kinds: &[(ThingId, Name)],
) -> Result<(Vec<CostThing>, Vec<Option<usize>>), Refused> {
    let ids: BTreeSet<ThingId> = kinds.iter().map(|(thing, _)| *thing).collect();
    let rows = work.tx.things(&ids.into_iter().collect::<Vec<_>>())?; // in order of id
    let mut projects: BTreeMap<i64, String> = BTreeMap::new();
    let now = work.now;
    let profile = work.cloud.profile_at(now)?.clone();
    let mut things = Vec::with_capacity(kinds.len());
    let mut places = Vec::with_capacity(kinds.len());
    for (id, product) in kinds {
        let Some(row) = rows.binary_search_by_key(id, |row| row.id).ok().and_then(|place| rows.get(place)) else {
            places.push(None);
            continue;
        };
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
        places.push(Some(things.len()));
        things.push(CostThing {
            product: product.clone(),
            resource: if row.kind == ThingKind::Resource { row.name.clone() } else { String::new() },
            project: projects.get(&row.project).cloned().unwrap_or_default(),
            person: row.person.clone(),
            state: row.state.clone(),
            kind,
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        });
    }
    Ok((things, places))
}

/// Whoever may see some projects only chooses among what is theirs: names are told to nobody else (R65).
fn known(lines: &[CostLine], things: &[CostThing], asked: &CostQuestion) -> KnownCosts {
    let mine = match &asked.filter.projects {
        None => CostFilter::default(),
        projects => {
            CostFilter { projects: projects.clone(), person: asked.filter.person.clone(), ..CostFilter::default() }
        }
    };
    // Each thing once, if anything of these days is of it.
    let mut of_these = vec![false; things.len()];
    for line in lines.iter().filter(|line| line.date >= asked.from) {
        if let Some(this) = of_these.get_mut(line.thing) {
            *this = true;
        }
    }
    let mut known = KnownCosts::default();
    let add = |set: &mut BTreeSet<String>, text: &str| {
        if !text.is_empty() && !set.contains(text) {
            set.insert(text.to_owned());
        }
    };
    for (thing, _) in things.iter().zip(of_these).filter(|(thing, of_these)| *of_these && mine.fits(thing)) {
        add(&mut known.products, thing.product.as_str());
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

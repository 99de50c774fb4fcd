//! Takes in usage events: each once, priced, and added to what its account has open, all in one transaction.
//!
//! An event finds its line by product, component, scope and price; the line's total grows, and what it costs follows from
//! the total. An event for a day that is sealed, or a rating period that is closed, is a correction.

use crate::clouds::CloudBook;
use crate::folio::{Charged, Work};
use crate::record_fact::{FactToTell, tell};
use crate::{Engine, EngineError, Refused};
use farthing_core::catalog::{Catalog, Kind, Meter, Product, Scope};
use farthing_core::config::{Cadence, Name};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::rate::{Aggregation, Charge, Event, Tally};
use farthing_core::settle::{
    Correction, Holding, Line, LineId, Meterage, OpenCharge, Priced, Service, SettleError, Terms, TermsKey, ThingId,
};
use farthing_core::time::{Duration, Instant, Period};
use farthing_core::timeline::What;
use farthing_core::usage::{Batch, Fresh, Reason, Subject, Taken, UsageEvent, Verdict, Window};
use farthing_store::{ClosedTotalRow, OpenRow, StoreError, ThingKind, ThingRow, Tx};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Engine {
    /// Takes events and answers each, in order.
    pub fn record_usage(&self, cloud: &str, events: Vec<UsageEvent>) -> Result<Vec<Taken>, Refused> {
        let batch = Batch::new(cloud, events);
        let (clock, ids, clouds) = (self.clock.clone(), self.ids.clone(), self.clouds.clone());
        self.store.write("record_usage", move |tx| {
            let now = clock.now()?;
            let Some(book) = clouds.get(tx, batch.cloud())? else {
                return Err(Refused::not_found("cloud with a configuration", batch.cloud()));
            };
            let settle = &book.profile_at(now)?.policy.settle;
            let window = Window { accept_days: settle.accept_days.0, dedupe_days: settle.dedupe_days.0 };
            let mut failed = None;
            let taken = tx.usage_take(&batch, now, window, |tx, fresh| {
                price(tx, &batch, fresh, &book, &ids, now).map_err(|error| match error {
                    Refused::Engine(EngineError::Store(error)) => error,
                    other => {
                        let told = StoreError::corrupt(other.to_string());
                        failed = Some(other);
                        told
                    }
                })
            });
            match (taken, failed) {
                (_, Some(failed)) => Err(failed),
                (taken, None) => Ok(taken?),
            }
        })
    }
}

/// Says of each fresh event whose it is and whether it can be booked, and books those that can.
fn price(
    tx: &mut Tx<'_>,
    batch: &Batch,
    fresh: &[Fresh],
    book: &Arc<crate::clouds::CloudBook>,
    ids: &crate::IdSource,
    now: Instant,
) -> Result<Vec<Verdict>, Refused> {
    let mut work = Work::new(tx, book.clone(), ids, now)?;
    let profile = book.profile_at(now)?.clone();
    let mut found = Vec::with_capacity(fresh.len());
    let mut subjects = Subjects::default();
    for event in fresh {
        let whose = subjects.find(&mut work, &batch.events()[event.place])?;
        // What was used before an account was closed is reported of it all the same.
        let open = whose.and_then(|found| match found.closed {
            Some(closed) if event.at >= closed => Err(Reason::AccountClosed),
            _ => Ok(found),
        });
        found.push(open.map(|found| Found { payer: found.payer_at(event.at), ..found }));
    }
    let accounts: BTreeSet<OwnerId> =
        found.iter().filter_map(|found| found.as_ref().ok().map(|found| found.payer)).collect();
    let accounts: Vec<OwnerId> = accounts.into_iter().collect();
    work.load(&accounts)?;
    for account in &accounts {
        work.bring_to(*account, now)?;
    }
    let mut claimed: BTreeSet<[u8; 16]> = BTreeSet::new();
    let mut late: Late = BTreeMap::new();
    let mut verdicts = Vec::with_capacity(fresh.len());
    for (fresh, found) in fresh.iter().zip(found) {
        let event = &batch.events()[fresh.place];
        let identity = &batch.identities()[fresh.place];
        let verdict = match found {
            Err(reason) => Verdict { account: None, refused: Some(reason) },
            Ok(found) if claimed.contains(&identity.hash) => Verdict { account: Some(found.payer), refused: None },
            Ok(found) => {
                let key = u128::from_be_bytes(identity.hash);
                let refused = count(&mut work, &profile.catalog, event, &found, fresh.at, key, &mut late)?;
                Verdict { account: Some(found.payer), refused }
            }
        };
        if verdict.refused.is_none_or(|reason| reason == Reason::Unpriced) {
            claimed.insert(identity.hash);
        }
        verdicts.push(verdict);
    }
    book_late(&mut work, late)?;
    work.finish()?;
    Ok(verdicts)
}

/// Whose an event is.
#[derive(Clone, Debug)]
struct Found {
    payer: OwnerId,
    /// Who paid from when on, where its project has gone from hand to hand (R23).
    payers: Vec<(Instant, OwnerId)>,
    project: i64,
    person: String,
    resource: Option<ThingRow>,
    /// When the account that is named was closed.
    closed: Option<Instant>,
}

impl Found {
    fn payer_at(&self, at: Instant) -> OwnerId {
        let at = at.floor_second();
        let then = self.payers.iter().rfind(|(from, _)| from.floor_second() <= at).or(self.payers.first());
        then.map_or(self.payer, |(_, payer)| *payer)
    }
}

/// Who was looked up already: a batch names few.
#[derive(Default)]
struct Subjects {
    known: BTreeMap<Subject, Result<Found, Reason>>,
}

impl Subjects {
    fn find(&mut self, work: &mut Work<'_, '_>, event: &UsageEvent) -> Result<Result<Found, Reason>, Refused> {
        if let Some(known) = self.known.get(&event.subject) {
            return Ok(known.clone());
        }
        let found = find(work, &event.subject)?;
        self.known.insert(event.subject.clone(), found.clone());
        Ok(found)
    }
}

fn find(work: &mut Work<'_, '_>, subject: &Subject) -> Result<Result<Found, Reason>, Refused> {
    let cloud = work.cloud.id.clone();
    match subject {
        Subject::Resource(name) => {
            let Some(thing) = work.tx.thing_by_name(&cloud, ThingKind::Resource, name)? else {
                return Ok(Err(Reason::UnknownSubject));
            };
            let moved = thing.project != 0 && work.tx.thing_moved(thing.id)?;
            let facts = if moved { work.facts_of(&thing)? } else { Vec::new() };
            let first = facts.iter().position(|fact| fact.payer().is_some()).unwrap_or(0);
            let moves = facts.iter().skip(first + 1).filter(|fact| matches!(fact.what, What::Move(_)));
            let payers = facts.get(first).into_iter().chain(moves).filter_map(|fact| Some((fact.at, fact.payer()?)));
            Ok(Ok(Found {
                payer: thing.account,
                payers: payers.collect(),
                project: thing.project,
                person: thing.person.clone(),
                resource: Some(thing),
                closed: None,
            }))
        }
        Subject::Account { name, project, user } => {
            let Some(payer) = work.tx.payer_by_name(&cloud, name)? else { return Ok(Err(Reason::UnknownSubject)) };
            let project = match project {
                None => 0,
                Some(project) => match work.tx.project_by_name(&cloud, project)? {
                    Some(project) if project.account == payer.id => project.id,
                    _ => return Ok(Err(Reason::UnknownSubject)),
                },
            };
            Ok(Ok(Found {
                payer: payer.id,
                payers: Vec::new(),
                project,
                person: user.clone().unwrap_or_default(),
                resource: None,
                closed: payer.closed,
            }))
        }
    }
}

/// What late events have changed of sealed slots: one correction for each.
type Late = BTreeMap<(OwnerId, LineId, Service), (Name, Arc<TermsKey>, Charge)>;

/// Adds an event to its lines. Nothing of it is added where any part of it cannot be.
fn count(
    work: &mut Work<'_, '_>,
    catalog: &Catalog,
    event: &UsageEvent,
    found: &Found,
    at: Instant,
    key: u128,
    late: &mut Late,
) -> Result<Option<Reason>, Refused> {
    if event.quantities.is_empty() || event.quantities.iter().any(|(_, quantity)| quantity.millionths() < 0) {
        return Ok(Some(Reason::Invalid));
    }
    let meters: BTreeSet<&str> = event.quantities.iter().map(|(meter, _)| meter.as_str()).collect();
    if meters.len() != event.quantities.len() {
        return Ok(Some(Reason::Invalid)); // of one meter there is one quantity
    }
    let mut wanted = Vec::new();
    for (meter, quantity) in &event.quantities {
        let Some(meter) = Name::parse(meter).and_then(|id| catalog.meter_by_id(&id)) else {
            return Ok(Some(Reason::UnknownMeter));
        };
        if !meter.filter.iter().all(|(key, value)| event.properties.get(key).is_some_and(|told| *told == value.0)) {
            continue; // it does not count: a failed call (R46), an image that was not made (R91)
        }
        let Some(product) = product_for(catalog, meter, event, found) else { return Ok(Some(Reason::Unpriced)) };
        let parts: Vec<Option<Name>> = parts_with(product, &meter.id);
        for part in parts {
            match holding(work, product, part.as_ref(), meter, event, found, at) {
                Ok(holding) => wanted.push((product, part, meter, *quantity, holding)),
                Err(SettleError::Offer(_)) => return Ok(Some(Reason::Unpriced)),
                Err(other) => return Err(other.into()),
            }
        }
    }
    for (product, part, meter, quantity, holding) in wanted {
        if product.kind == Kind::Capacity {
            let Some(thing) = &found.resource else { return Ok(Some(Reason::UnknownSubject)) };
            let facts = FactToTell { at, key: None, what: What::Gauge(quantity), flagged: false };
            tell(work, thing, &facts)?;
            continue;
        }
        let thing = usage_thing(work, product, &holding, meter, event, found)?;
        let value = match holding.terms.aggregation {
            Aggregation::Count => Quantity::ONE,
            Aggregation::Unique => Quantity::from_millionths(unique_key(meter, event)),
            _ => quantity,
        };
        let event = Event { at, id: key, value };
        add(work, found.payer, thing, part, &holding, event, late)?;
    }
    work.folio(found.payer).stir();
    Ok(None)
}

/// Of which product the use of a meter is: the one that is named, the resource's, or the only one that counts it.
fn product_for<'c>(catalog: &'c Catalog, meter: &Meter, event: &UsageEvent, found: &Found) -> Option<&'c Product> {
    product_of_event(catalog, meter, event, found.resource.as_ref().map(|thing| &thing.product))
}

pub(crate) fn product_of_event<'c>(
    catalog: &'c Catalog,
    meter: &Meter,
    event: &UsageEvent,
    own: Option<&Name>,
) -> Option<&'c Product> {
    let counts = |product: &&Product| !parts_with(product, &meter.id).is_empty();
    if let Some(named) = &event.product {
        return catalog.product_by_id(named).filter(counts);
    }
    let own = own.and_then(|product| catalog.product_by_id(product.as_str())).filter(counts);
    if own.is_some() {
        return own;
    }
    let mut all = catalog.product.iter().filter(counts);
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

pub(crate) fn parts_with(product: &Product, meter: &Name) -> Vec<Option<Name>> {
    if product.meter.as_ref() == Some(meter) && product.component.is_empty() {
        return vec![None];
    }
    let parts = product.component.iter().filter(|part| part.meter == *meter);
    parts.map(|part| Some(part.label().clone())).collect()
}

/// The terms that hold for an event: of its instant, or of its rating period.
fn holding(
    work: &mut Work<'_, '_>,
    product: &Product,
    part: Option<&Name>,
    meter: &Meter,
    event: &UsageEvent,
    found: &Found,
    at: Instant,
) -> Result<Holding, SettleError> {
    let cloud = work.cloud.clone();
    let folio = work.folio(found.payer);
    let properties = properties_of(meter, event);
    let priced = Priced {
        product: &product.id,
        sku: found.resource.as_ref().filter(|thing| thing.product == product.id).and_then(|thing| thing.sku.as_ref()),
        part,
        account: &folio.name,
        zone: &folio.zone,
        properties: &properties,
        fixed_at: None,
    };
    holding_at(&cloud, &priced, at)
}

fn holding_at(cloud: &CloudBook, priced: &Priced<'_>, at: Instant) -> Result<Holding, SettleError> {
    let holdings = cloud.prices.terms_over(priced, Instant::EPOCH, None)?;
    let mut holding = holdings.into_iter().rfind(|holding| holding.from <= at).ok_or(SettleError::NoProfile)?;
    if holding.terms.memory {
        let period = holding.terms.period_of(at, priced.zone)?;
        holding.from = period.start();
        holding.to = Some(period.end());
    }
    Ok(holding)
}

/// The properties that tell totals apart.
fn properties_of(meter: &Meter, event: &UsageEvent) -> BTreeMap<String, String> {
    let kept = meter.by.iter().filter_map(|by| Some((by.to_string(), event.properties.get(by.as_str())?.clone())));
    kept.collect()
}

fn unique_key(meter: &Meter, event: &UsageEvent) -> i64 {
    let value = meter.of.as_ref().and_then(|of| event.properties.get(of.as_str())).map_or("", String::as_str);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(value.as_bytes()).as_bytes()[..8]);
    i64::from_le_bytes(bytes) & i64::MAX
}

/// What the use is charged to: whoever has the free part or the tiers once; else the resource, project, person or account.
fn usage_thing(
    work: &mut Work<'_, '_>,
    product: &Product,
    holding: &Holding,
    meter: &Meter,
    event: &UsageEvent,
    found: &Found,
) -> Result<ThingId, Refused> {
    let properties = properties_of(meter, event);
    let scope = match (&holding.terms.scope, holding.terms.memory) {
        (Some(scope), _) => Some(*scope),
        (None, true) => Some(Scope::Account),
        (None, false) => None,
    };
    let resource = found.resource.as_ref().map(|thing| thing.name.as_str());
    let (whose, project, person) = match scope {
        Some(Scope::Account) => (format!("account/{}", found.payer.0), 0, ""),
        Some(Scope::Project) => (format!("project/{}", found.project), found.project, ""),
        Some(Scope::User) => (format!("user/{}/{}", found.payer.0, found.person), 0, found.person.as_str()),
        Some(Scope::Resource) | None => match resource {
            Some(name) => (format!("resource/{name}/{}", found.payer.0), found.project, found.person.as_str()),
            None => (
                format!("account/{}/{}/{}", found.payer.0, found.project, found.person),
                found.project,
                found.person.as_str(),
            ),
        },
    };
    let text = farthing_store::properties_to_text(&properties);
    let name = format!("{}/{whose}/{text}", product.id);
    let cloud = work.cloud.id.clone();
    if let Some(thing) = work.tx.thing_by_name(&cloud, ThingKind::Usage, &name)? {
        if thing.account != found.payer {
            work.tx.thing_payer_put(found.payer, thing.id)?; // a project's use goes from hand to hand with it
        }
        return Ok(thing.id);
    }
    let thing = ThingRow {
        id: work.tx.thing_number()?,
        cloud,
        kind: ThingKind::Usage,
        name,
        account: found.payer,
        project,
        product: product.id.clone(),
        sku: None,
        state: String::new(),
        size: Quantity::ZERO,
        person: person.to_owned(),
        properties: text,
        since: work.now,
        seen_at: None,
        listed_at: None,
    };
    work.tx.thing_insert(&thing)?;
    work.tx.thing_payer_put(found.payer, thing.id)?;
    Ok(thing.id)
}

/// Adds a value to the line that counts it.
fn add(
    work: &mut Work<'_, '_>,
    payer: OwnerId,
    thing: ThingId,
    part: Option<Name>,
    holding: &Holding,
    event: Event,
    late: &mut Late,
) -> Result<(), Refused> {
    let began = holding.from.seconds_since(Instant::EPOCH).max(1);
    let id = LineId { thing, part, began };
    let memory = holding.terms.memory;
    let (open_from, zone) = {
        let folio = work.folio(payer);
        (folio.state.open_from, folio.zone.clone())
    };
    let period_end = holding.to.filter(|_| memory);
    if let Some(end) = period_end.filter(|end| *end <= work.now) {
        return add_closed(work, payer, id, holding, end, event, late);
    }
    if !work.folio(payer).book.lines.iter().any(|line| line.id == id) {
        let month_seconds = holding.terms.month_seconds_at(event.at, &zone)?;
        let zero = Charge::zero(work.currency());
        let open = OpenCharge {
            key: holding.key.clone(),
            month_seconds,
            since: holding.from,
            at: holding.from,
            total: 0,
            slope: 0,
            done: zero,
            base: zero,
            until: period_end,
            by_period: memory,
        };
        let line = work.line_new(payer, id.clone(), open)?;
        work.folio(payer).book.lines.push(line);
    }
    let kept = keeps_values(holding, work, payer, &id);
    if kept {
        work.tx.usage_value_insert(payer, &id, &event)?;
        let values = work.tx.usage_values(payer, &id)?;
        let line = work.folio(payer).book.lines.iter_mut().find(|line| line.id == id).expect("made above");
        return Ok(recount(&mut line.open, &line.meterage, holding, &values)?);
    }
    let day = holding.terms.slot_of(event.at, &zone)?;
    let line = work.folio(payer).book.lines.iter_mut().find(|line| line.id == id).expect("made above");
    let before = line.open.total;
    let after = before
        .checked_add(i128::from(event.value.millionths()))
        .ok_or(SettleError::Overflow { what: "count a total" })?;
    line.open.total = after;
    let sealed_to = if holding.terms.settle == Cadence::Cycle {
        // The day in which the rating period before this one ended.
        let period = holding.terms.period_of(open_from, &zone)?;
        let last = period.start().checked_sub(Duration::from_seconds(1)).map_err(SettleError::from)?;
        zone.day_of(last).map_err(SettleError::from)?.end()
    } else {
        open_from
    };
    if !memory && event.at < sealed_to {
        let since = line.open.since;
        let g = |total| line.meterage.amount(total, since, since);
        let change = g(after)?.checked_sub(g(before)?).map_err(SettleError::from)?;
        line.open.base = line.open.base.checked_add(change).map_err(SettleError::from)?;
        let product = line.product.clone();
        let service = work.service_of(payer, &holding.key, (day.start(), day.end()), work.now)?;
        note_late(late, (payer, id, service), product, holding, change)?;
    }
    Ok(())
}

fn note_late(
    late: &mut Late,
    slot: (OwnerId, LineId, Service),
    product: Name,
    holding: &Holding,
    change: Charge,
) -> Result<(), SettleError> {
    match late.get_mut(&slot) {
        Some((_, _, sum)) => *sum = sum.checked_add(change)?,
        None => {
            late.insert(slot, (product, holding.key.clone(), change));
        }
    }
    Ok(())
}

/// A total is not enough: values are counted again.
fn keeps_values(holding: &Holding, work: &mut Work<'_, '_>, payer: OwnerId, id: &LineId) -> bool {
    let by_value = !matches!(holding.terms.aggregation, Aggregation::Sum | Aggregation::Count);
    let line = work.folio(payer).book.lines.iter().find(|line| line.id == *id);
    by_value || line.is_some_and(|line| line.meterage.needs_events())
}

/// What all values of a line come to.
pub(crate) fn recount(
    open: &mut OpenCharge,
    meterage: &Meterage,
    holding: &Holding,
    values: &[Event],
) -> Result<(), SettleError> {
    if let Meterage::Total(formula) = meterage
        && formula.needs_events()
    {
        open.done = formula.amount_of(values)?;
        return Ok(());
    }
    let mut tally = Tally::new(holding.terms.aggregation);
    for value in values {
        tally.add(value)?;
    }
    let Some(last) = values.last() else { return Ok(()) };
    if holding.terms.aggregation == Aggregation::TimeWeighted {
        let counted =
            Period::try_new_or_empty(holding.from, last.at.floor_second()).map_err(|_| SettleError::Calendar)?;
        open.total = tally.total(counted)?;
        open.at = last.at.floor_second();
        open.slope = last.value.millionths();
        return Ok(());
    }
    let whole = Period::try_new(holding.from, holding.to.unwrap_or(Instant::MAX)).map_err(|_| SettleError::Calendar)?;
    open.total = tally.total(whole)?;
    Ok(())
}

/// An event of a rating period that is closed: its own model runs again, and the difference is a correction.
fn add_closed(
    work: &mut Work<'_, '_>,
    payer: OwnerId,
    id: LineId,
    holding: &Holding,
    end: Instant,
    event: Event,
    late: &mut Late,
) -> Result<(), Refused> {
    let zone = work.folio(payer).zone.clone();
    let there = work.tx.closed_total(payer, &id)?;
    // Where nothing was ever counted in that period not even its minimum was charged.
    let before = match &there {
        Some(closed) => cost_of_closed(work, closed, holding, end)?,
        None => Charge::zero(work.currency()),
    };
    let cloud = work.cloud.id.clone();
    let mut closed = match there {
        Some(closed) => closed,
        None => ClosedTotalRow {
            account: payer,
            id: id.clone(),
            terms: work.tx.terms_keep(&cloud, &holding.key)?,
            month_seconds: holding.terms.month_seconds_at(holding.from, &zone)?,
            total: 0,
        },
    };
    let known = work.cloud.clone().terms(work.tx, closed.terms)?;
    let meterage = work.cloud.meterage(&known.0, &known.1, closed.month_seconds, 0, &zone)?;
    if is_by_value(&known.1, &meterage) {
        work.tx.usage_value_insert(payer, &id, &event)?;
    } else {
        let total = closed.total.checked_add(i128::from(event.value.millionths()));
        closed.total = total.ok_or(SettleError::Overflow { what: "count a total" })?;
    }
    let after = cost_of_closed(work, &closed, holding, end)?;
    work.tx.closed_total_put(&closed)?;
    let change = after.checked_sub(before).map_err(SettleError::from)?;
    let service = Service::slot(holding.from, end);
    note_late(late, (payer, id, service), known.0.product.clone(), holding, change)?;
    Ok(())
}

/// What a closed rating period costs by its own model, minimum and all.
pub(crate) fn cost_of_closed(
    work: &mut Work<'_, '_>,
    closed: &ClosedTotalRow,
    holding: &Holding,
    end: Instant,
) -> Result<Charge, Refused> {
    let zone = work.folio(closed.account).zone.clone();
    let known = work.cloud.clone().terms(work.tx, closed.terms)?;
    let meterage = work.cloud.meterage(&known.0, &known.1, closed.month_seconds, 0, &zone)?;
    let zero = Charge::zero(work.currency());
    let mut open = OpenCharge {
        key: known.0.clone(),
        month_seconds: closed.month_seconds,
        since: holding.from,
        at: holding.from,
        total: closed.total,
        slope: 0,
        done: zero,
        base: zero,
        until: Some(end),
        by_period: true,
    };
    if is_by_value(&known.1, &meterage) {
        let values = work.tx.usage_values(closed.account, &closed.id)?;
        recount(&mut open, &meterage, holding, &values)?;
    }
    let charge = open.amount_at(&meterage, end).map_err(EngineError::from)?;
    let missing = meterage.true_up(charge, farthing_core::rate::Coverage::WHOLE).map_err(EngineError::from)?;
    Ok(charge.checked_add(missing).map_err(SettleError::from)?)
}

pub(crate) fn is_by_value(terms: &Terms, meterage: &Meterage) -> bool {
    !matches!(terms.aggregation, Aggregation::Sum | Aggregation::Count) || meterage.needs_events()
}

/// A version that replaces another from its start prices again what was used under that: what is open takes the new price,
/// and what is sealed of a linear one with it; a closed rating period runs its own model again.
pub(crate) fn price_again(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), Refused> {
    let cloud = work.cloud.clone();
    let lines = work.folio(id).book.lines.iter();
    let open: Vec<Line> =
        lines.filter(|line| line.id.began > 0 && cloud.is_replaced(line.open.key.version)).cloned().collect();
    for line in open {
        let Some(holding) = holding_again(work, id, &line.open.key, &line.id)? else { continue };
        let zone = work.folio(id).zone.clone();
        let mut open = OpenCharge { key: holding.key.clone(), ..line.open };
        let meterage = cloud.meterage(&holding.key, &holding.terms, open.month_seconds, open.slope, &zone)?;
        if is_by_value(&holding.terms, &meterage) {
            let values = work.tx.usage_values(id, &line.id)?;
            recount(&mut open, &meterage, &holding, &values)?;
        }
        let again = work.line_new(id, line.id, open)?;
        let folio = work.folio(id);
        folio.book.lines.retain(|line| line.id != again.id);
        folio.book.lines.push(again);
        folio.stir();
    }
    let mut late: Late = BTreeMap::new();
    for (_, closed) in work.tx.closed_totals_of(id)? {
        let old = cloud.terms(work.tx, closed.terms)?;
        if !cloud.is_replaced(old.0.version) {
            continue;
        }
        let Some(holding) = holding_again(work, id, &old.0, &closed.id)? else { continue };
        let Some(end) = holding.to else { continue };
        let again = ClosedTotalRow { terms: work.tx.terms_keep(&cloud.id, &holding.key)?, ..closed };
        let should = cost_of_closed(work, &again, &holding, end)?;
        let service = Service::slot(holding.from, end);
        let change = should.checked_sub(charged_for(work, id, &again.id, service)?).map_err(SettleError::from)?;
        work.tx.closed_total_put(&again)?;
        let product = holding.key.product.clone();
        note_late(&mut late, (id, again.id, service), product, &holding, change)?;
    }
    book_late(work, late)
}

/// What was charged of a line for a slot, with what waits for the next settlement.
fn charged_for(work: &mut Work<'_, '_>, id: OwnerId, line: &LineId, service: Service) -> Result<Charge, Refused> {
    let rows = work.charges_known(id, line.thing, &[service.from])?;
    let own = rows.iter().filter(|row| row.line.part == line.part);
    let (list, net) = own.fold((0_i64, 0_i64), |(list, net), row| (list + row.list, net + row.net));
    let mut charged = OpenRow::charge((list, net), work.currency());
    let waits = line.correction(service);
    for line in work.folio(id).book.lines.iter().filter(|line| line.id == waits) {
        charged = charged.checked_add(line.open.done).map_err(SettleError::from)?;
    }
    Ok(charged)
}

/// The terms that hold now for what a line of use counts; none where they say nothing of it any more.
pub(crate) fn holding_again(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    key: &TermsKey,
    line: &LineId,
) -> Result<Option<Holding>, SettleError> {
    let cloud = work.cloud.clone();
    let folio = work.folio(id);
    let priced = Priced {
        product: &key.product,
        sku: key.sku.as_ref(),
        part: line.part.as_ref(),
        account: &folio.name,
        zone: &folio.zone,
        properties: &key.properties,
        fixed_at: None,
    };
    let at = Instant::try_from_seconds(line.began)?;
    match holding_at(&cloud, &priced, at) {
        Ok(holding) => Ok(Some(holding)),
        Err(SettleError::Offer(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Books what late events have changed.
fn book_late(work: &mut Work<'_, '_>, late: Late) -> Result<(), Refused> {
    let mut by_payer: BTreeMap<OwnerId, Vec<Correction>> = BTreeMap::new();
    for ((payer, line, service), (product, key, charge)) in late {
        if charge == Charge::zero(work.currency()) {
            continue;
        }
        let days: Vec<Instant> = if service.whole {
            let zone = work.folio(payer).zone.clone();
            let whole = Period::try_new(service.from, service.to).map_err(|_| SettleError::Calendar)?;
            whole.days(&zone).map(|(_, day)| day.start()).collect()
        } else {
            vec![service.from]
        };
        let mut sealed = work.charges_known(payer, line.thing, &days)?;
        sealed.sort_by_key(|row| (row.from, row.number));
        let mut was = Charged::new(key.clone());
        for row in sealed.iter().filter(|row| row.line.part == line.part && row.to <= service.to) {
            was.take(row.list, row.net, &row.paid);
        }
        let paid = was.paid;
        let cloud = work.cloud.id.clone();
        let terms_id = work.tx.terms_keep(&cloud, &key)?;
        let known = work.cloud.clone().terms(work.tx, terms_id)?;
        let pay = {
            let policy = work.policy_at(work.now)?.settle.pay;
            known.1.pay.or(work.folio(payer).payer.pay).unwrap_or(policy)
        };
        let corrections = by_payer.entry(payer).or_default();
        corrections.push(Correction { line, product, key, service, charge, paid, pay });
    }
    for (payer, corrections) in by_payer {
        work.book_corrections(payer, corrections)?;
    }
    Ok(())
}

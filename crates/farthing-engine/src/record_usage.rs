//! Takes in usage events: each once, priced, and added to what its account has open, all in one transaction.
//!
//! An event finds its line by product, component, scope and price; the line's total grows, and what it costs follows from
//! the total. An event for a day that is sealed, or a rating period that is closed, is a correction.

use crate::clouds::CloudBook;
use crate::folio::{Charged, Work};
use crate::plain_usage::add_plain;
use crate::record_fact::{FactToTell, tell};
use crate::{Engine, EngineError, Refused};
use farthing_core::catalog::{Catalog, Kind, Meter, Product, Scope};
use farthing_core::config::{Cadence, Name};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::rate::{Aggregation, Charge, Event, Tally};
use farthing_core::settle::{
    Correction, Holding, Line, LineId, Meterage, OpenCharge, Priced, Service, SettleError, Terms, TermsKey, ThingId,
};
use farthing_core::time::{Duration, Instant, Period, Zone};
use farthing_core::timeline::What;
use farthing_core::usage::{Batch, Fresh, Reason, Subject, Taken, UsageEvent, Verdict, Window};
use farthing_store::{ClosedTotalRow, OpenRow, PayerBrief, StoreError, ThingKind, ThingRow, Tx, WalletRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// Says of each fresh event whose it is and whether it can be booked, and books those that can: what only adds to totals all
/// at once, the rest one by one.
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
    let subjects = Subjects::find(&mut work, batch, fresh)?;
    let verdicts = add_plain(&mut work, &profile.catalog, batch, fresh, &subjects)?;
    if let Some(verdicts) = verdicts.iter().copied().collect() {
        return Ok(verdicts);
    }
    let verdicts = count_one_by_one(&mut work, &profile.catalog, batch, fresh, &subjects, verdicts)?;
    work.finish()?;
    Ok(verdicts)
}

/// Counts the events of which nothing is said yet, in order, each into its account's book.
fn count_one_by_one(
    work: &mut Work<'_, '_>,
    catalog: &Catalog,
    batch: &Batch,
    fresh: &[Fresh],
    subjects: &Subjects<'_>,
    said: Vec<Option<Verdict>>,
) -> Result<Vec<Verdict>, Refused> {
    let whose = |place: usize| subjects.of(place).as_ref().map(|found| found.payer_at(fresh[place].at));
    let waiting = said.iter().enumerate().filter(|(_, said)| said.is_none());
    let accounts: BTreeSet<OwnerId> = waiting.filter_map(|(place, _)| whose(place).ok()).collect();
    let accounts: Vec<OwnerId> = accounts.into_iter().collect();
    work.load(&accounts)?;
    for account in &accounts {
        work.bring_to(*account, work.now)?;
    }
    let mut claimed: BTreeSet<[u8; 16]> = BTreeSet::new();
    let mut counted = Counted::default();
    let mut verdicts = Vec::with_capacity(fresh.len());
    for (place, (fresh, said)) in fresh.iter().zip(said).enumerate() {
        let (event, identity) = (&batch.events()[fresh.place], &batch.identities()[fresh.place]);
        let verdict = match (said, subjects.of(place)) {
            (Some(said), _) => said,
            (None, Err(reason)) => Verdict { account: None, refused: Some(*reason) },
            // What was used before an account was closed is reported of it all the same.
            (None, Ok(found)) if found.was_closed(fresh.at) => {
                Verdict { account: None, refused: Some(Reason::AccountClosed) }
            }
            (None, Ok(found)) => {
                let payer = found.payer_at(fresh.at);
                let refused = if claimed.contains(&identity.hash) {
                    None
                } else {
                    let told = Told { event, found, payer, at: fresh.at, key: u128::from_be_bytes(identity.hash) };
                    count(work, catalog, &told, &mut counted)?
                };
                if refused.is_none_or(|reason| reason == Reason::Unpriced) {
                    claimed.insert(identity.hash);
                }
                Verdict { account: Some(payer), refused }
            }
        };
        verdicts.push(verdict);
    }
    for ((payer, id), holding) in std::mem::take(&mut counted.stale) {
        let values = work.tx.usage_values(payer, &id)?;
        let line = work.folio(payer).book.lines.iter_mut().find(|line| line.id == id);
        if let Some(line) = line {
            recount(&mut line.open, &line.meterage, &holding, &values)?;
        }
    }
    book_late(work, counted.late)?;
    Ok(verdicts)
}

/// Whose an event is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) payer: OwnerId,
    /// Who paid from when on, where its project has gone from hand to hand (R23).
    pub(crate) payers: Vec<(Instant, OwnerId)>,
    pub(crate) project: i64,
    pub(crate) person: String,
    pub(crate) resource: Option<ThingRow>,
    /// The account it names, if it names one.
    pub(crate) account: Option<(Name, PayerBrief)>,
}

impl Found {
    /// Whether the account it names was closed by an instant.
    fn was_closed(&self, at: Instant) -> bool {
        let closed = self.account.as_ref().and_then(|(_, payer)| payer.closed);
        closed.is_some_and(|closed| at >= closed)
    }

    fn payer_at(&self, at: Instant) -> OwnerId {
        let at = at.floor_second();
        let then = self.payers.iter().rfind(|(from, _)| from.floor_second() <= at).or(self.payers.first());
        then.map_or(self.payer, |(_, payer)| *payer)
    }
}

/// Whom the fresh events of a batch are about; each is looked up once.
pub(crate) struct Subjects<'b> {
    /// Of each fresh event: whom of `found` it is about.
    of: Vec<usize>,
    found: Vec<Result<Found, Reason>>,
    named: std::marker::PhantomData<&'b Subject>,
}

impl<'b> Subjects<'b> {
    fn find(work: &mut Work<'_, '_>, batch: &'b Batch, fresh: &[Fresh]) -> Result<Subjects<'b>, Refused> {
        let mut places: HashMap<&'b Subject, usize> = HashMap::new();
        let mut subjects: Vec<&'b Subject> = Vec::new();
        let mut of = Vec::with_capacity(fresh.len());
        for fresh in fresh {
            let subject = &batch.events()[fresh.place].subject;
            of.push(*places.entry(subject).or_insert_with(|| {
                subjects.push(subject);
                subjects.len() - 1
            }));
        }
        Ok(Subjects { of, found: find(work, &subjects)?, named: std::marker::PhantomData })
    }

    /// Whom the fresh event of this place is about.
    pub(crate) fn of(&self, place: usize) -> &Result<Found, Reason> {
        &self.found[self.of[place]]
    }

    /// The same, by number.
    pub(crate) fn number_of(&self, place: usize) -> usize {
        self.of[place]
    }

    pub(crate) fn all(&self) -> &[Result<Found, Reason>] {
        &self.found
    }
}

fn find(work: &mut Work<'_, '_>, subjects: &[&Subject]) -> Result<Vec<Result<Found, Reason>>, Refused> {
    let cloud = work.cloud.id.clone();
    let mut found: Vec<Result<Found, Reason>> = vec![Err(Reason::UnknownSubject); subjects.len()];
    let (mut resources, mut accounts) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for (place, subject) in subjects.iter().enumerate() {
        let ((places, names), name) = match subject {
            Subject::Resource(name) => (&mut resources, name),
            Subject::Account { name, .. } => (&mut accounts, name),
        };
        places.push(place);
        names.push(name.as_str());
    }
    for (place, thing) in work.tx.things_by_name(&cloud, ThingKind::Resource, &resources.1)? {
        found[resources.0[place]] = Ok(of_resource(work, thing)?);
    }
    let named = work.tx.payers_by_name(&cloud, &accounts.1)?;
    let by_person = |place: usize| matches!(subjects[accounts.0[place]], Subject::Account { user: Some(_), .. });
    let with_persons: BTreeSet<OwnerId> =
        named.iter().filter(|(place, _)| by_person(*place)).map(|(_, payer)| payer.id).collect();
    let wallets = work.tx.wallets_in(&with_persons.into_iter().collect::<Vec<_>>())?;
    for (accounts_place, payer) in named {
        let place = accounts.0[accounts_place];
        if let Subject::Account { project, user, .. } = subjects[place] {
            let name = accounts.1[accounts_place];
            let name = Name::parse(name).ok_or_else(|| StoreError::corrupt(format!("an account named {name:?}")))?;
            found[place] = of_account(work, (name, payer), project.as_deref(), user.as_deref(), &wallets)?;
        }
    }
    Ok(found)
}

fn of_resource(work: &mut Work<'_, '_>, thing: ThingRow) -> Result<Found, Refused> {
    let moved = thing.project != 0 && work.tx.thing_moved(thing.id)?;
    let facts = if moved { work.facts_of(&thing)? } else { Vec::new() };
    let first = facts.iter().position(|fact| fact.payer().is_some()).unwrap_or(0);
    let moves = facts.iter().skip(first + 1).filter(|fact| matches!(fact.what, What::Move(_)));
    let payers = facts.get(first).into_iter().chain(moves).filter_map(|fact| Some((fact.at, fact.payer()?)));
    Ok(Found {
        payer: thing.account,
        payers: payers.collect(),
        project: thing.project,
        person: thing.person.clone(),
        resource: Some(thing),
        account: None,
    })
}

fn of_account(
    work: &mut Work<'_, '_>,
    (name, payer): (Name, PayerBrief),
    project: Option<&str>,
    user: Option<&str>,
    wallets: &[WalletRow],
) -> Result<Result<Found, Reason>, Refused> {
    let project = match project {
        None => 0,
        Some(project) => match work.tx.project_by_name(&work.cloud.id, project)? {
            Some(project) if project.account == payer.id => project.id,
            _ => return Ok(Err(Reason::UnknownSubject)),
        },
    };
    // Since it was opened a person's wallet pays for what they use (R95).
    let own = wallets.iter().find(|wallet| wallet.parent == payer.id && user == Some(wallet.person.as_str()));
    let mut payers = Vec::new();
    if let Some(wallet) = own {
        payers.extend([(Instant::EPOCH, payer.id), (wallet.opened, wallet.account)]);
        payers.extend(wallet.closed.map(|closed| (closed, payer.id)));
    }
    Ok(Ok(Found {
        payer: payers.last().map_or(payer.id, |(_, payer)| *payer),
        payers,
        project,
        person: user.unwrap_or_default().to_owned(),
        resource: None,
        account: Some((name, payer)),
    }))
}

/// A fresh event, and whose it is.
struct Told<'a> {
    event: &'a UsageEvent,
    found: &'a Found,
    payer: OwnerId,
    /// When it counts as used.
    at: Instant,
    key: u128,
}

/// What counting event by event leaves for the end of a batch.
#[derive(Default)]
struct Counted {
    late: Late,
    /// Lines whose values have all to be counted anew: once, however many came.
    stale: BTreeMap<(OwnerId, LineId), Holding>,
}

/// What late events have changed of sealed slots: one correction for each.
type Late = BTreeMap<(OwnerId, LineId, Service), (Name, Arc<TermsKey>, Charge)>;

/// What one quantity of an event counts towards: a part of a product, at the terms of its time.
pub(crate) struct Counting<'c> {
    pub(crate) product: &'c Product,
    pub(crate) part: Option<Name>,
    pub(crate) meter: &'c Meter,
    /// Its place among the event's.
    pub(crate) quantity: usize,
    pub(crate) holdings: Arc<Vec<Holding>>,
}

impl Counting<'_> {
    /// The terms that hold for an event: of its instant, or of its rating period. None: there was no price then.
    pub(crate) fn holding_at(&self, at: Instant, zone: &Zone) -> Result<Option<Holding>, SettleError> {
        holding_of(&self.holdings, at, zone)
    }

    pub(crate) fn value_of(&self, event: &UsageEvent, aggregation: Aggregation) -> Quantity {
        match aggregation {
            Aggregation::Count => Quantity::ONE,
            Aggregation::Unique => Quantity::from_millionths(unique_key(self.meter, event)),
            _ => event.quantities[self.quantity].1,
        }
    }
}

/// What is no event at all, whatever it counts: of one meter there is one quantity, and none is below zero.
pub(crate) fn is_invalid(event: &UsageEvent) -> bool {
    let named_before = |place: usize, meter: &String| event.quantities[..place].iter().any(|(other, _)| other == meter);
    let wrong = |(place, (meter, quantity)): (usize, &(String, Quantity))| {
        quantity.millionths() < 0 || named_before(place, meter)
    };
    event.quantities.is_empty() || event.quantities.iter().enumerate().any(wrong)
}

/// What the quantities of an event count towards, for an account of this name and zone.
pub(crate) fn countings<'c>(
    cloud: &CloudBook,
    catalog: &'c Catalog,
    event: &UsageEvent,
    resource: Option<&ThingRow>,
    (account, zone): (&Name, &Zone),
) -> Result<Result<Vec<Counting<'c>>, Reason>, SettleError> {
    let mut countings = Vec::with_capacity(event.quantities.len());
    for (quantity, (meter, _)) in event.quantities.iter().enumerate() {
        let Some(meter) = Name::parse(meter).and_then(|id| catalog.meter_by_id(&id)) else {
            return Ok(Err(Reason::UnknownMeter));
        };
        if !meter.filter.iter().all(|(key, value)| event.properties.get(key).is_some_and(|told| *told == value.0)) {
            continue; // it does not count: a failed call (R46), an image that was not made (R91)
        }
        let product = product_of_event(catalog, meter, event, resource.map(|thing| &thing.product));
        let Some(product) = product else { return Ok(Err(Reason::Unpriced)) };
        let properties = properties_of(meter, event);
        for part in parts_with(product, &meter.id) {
            let priced = Priced {
                product: &product.id,
                sku: resource.filter(|thing| thing.product == product.id).and_then(|thing| thing.sku.as_ref()),
                part: part.as_ref(),
                account,
                zone,
                properties: &properties,
                fixed_at: None,
            };
            let holdings = cloud.holdings(&priced)?;
            if holdings.is_empty() {
                return Ok(Err(Reason::Unpriced));
            }
            countings.push(Counting { product, part, meter, quantity, holdings });
        }
    }
    Ok(Ok(countings))
}

/// Adds an event to its lines. Nothing of it is added where any part of it cannot be.
fn count(
    work: &mut Work<'_, '_>,
    catalog: &Catalog,
    told: &Told<'_>,
    counted: &mut Counted,
) -> Result<Option<Reason>, Refused> {
    let Told { event, found, payer, at, key } = *told;
    if is_invalid(event) {
        return Ok(Some(Reason::Invalid));
    }
    let cloud = work.cloud.clone();
    let folio = work.folio(payer);
    let zone = folio.zone.clone();
    let countings = match countings(&cloud, catalog, event, found.resource.as_ref(), (&folio.name, &zone))? {
        Ok(countings) => countings,
        Err(reason) => return Ok(Some(reason)),
    };
    let mut wanted = Vec::with_capacity(countings.len());
    for counting in countings {
        let Some(holding) = counting.holding_at(at, &zone)? else { return Ok(Some(Reason::Unpriced)) };
        wanted.push((counting, holding));
    }
    for (counting, holding) in wanted {
        if counting.product.kind == Kind::Capacity {
            let Some(thing) = &found.resource else { return Ok(Some(Reason::UnknownSubject)) };
            let what = What::Gauge(event.quantities[counting.quantity].1);
            tell(work, thing, &FactToTell { at, key: None, what, flagged: false })?;
            continue;
        }
        let thing = usage_thing(work, &counting, &holding, event, (found, payer))?;
        let event = Event { at, id: key, value: counting.value_of(event, holding.terms.aggregation) };
        add(work, payer, thing, counting.part, &holding, event, counted)?;
    }
    work.folio(payer).stir();
    Ok(None)
}

/// Of which product the use of a meter is: the one that is named, the resource's, or the only one that counts it.
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

/// Of the terms over all time those of an instant, or of its rating period.
fn holding_of(holdings: &[Holding], at: Instant, zone: &Zone) -> Result<Option<Holding>, SettleError> {
    let Some(mut holding) = holdings.iter().rfind(|holding| holding.from <= at).cloned() else { return Ok(None) };
    if holding.terms.memory {
        let period = holding.terms.period_of(at, zone)?;
        holding.from = period.start();
        holding.to = Some(period.end());
    }
    Ok(Some(holding))
}

/// The properties that tell totals apart.
pub(crate) fn properties_of(meter: &Meter, event: &UsageEvent) -> BTreeMap<String, String> {
    let kept = meter.by.iter().filter_map(|by| Some((by.to_string(), event.properties.get(by.as_str())?.clone())));
    kept.collect()
}

fn unique_key(meter: &Meter, event: &UsageEvent) -> i64 {
    let value = meter.of.as_ref().and_then(|of| event.properties.get(of.as_str())).map_or("", String::as_str);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(value.as_bytes()).as_bytes()[..8]);
    i64::from_le_bytes(bytes) & i64::MAX
}

/// What the use is charged to, by name: whoever has the free part or the tiers once; else the resource, project, person or
/// account.
pub(crate) struct UsageName<'a> {
    pub(crate) name: String,
    project: i64,
    person: &'a str,
    properties: String,
}

impl UsageName<'_> {
    pub(crate) fn of<'a>(
        counting: &Counting<'_>,
        holding: &Holding,
        event: &UsageEvent,
        (found, payer): (&'a Found, OwnerId),
    ) -> UsageName<'a> {
        let scope = match (&holding.terms.scope, holding.terms.memory) {
            (Some(scope), _) => Some(*scope),
            (None, true) => Some(Scope::Account),
            (None, false) => None,
        };
        let resource = found.resource.as_ref().map(|thing| thing.name.as_str());
        let (whose, project, person) = match scope {
            Some(Scope::Account) => (format!("account/{}", payer.0), 0, ""),
            Some(Scope::Project) => (format!("project/{}", found.project), found.project, ""),
            Some(Scope::User) => (format!("user/{}/{}", payer.0, found.person), 0, found.person.as_str()),
            Some(Scope::Resource) | None => {
                let whose = resource.map_or_else(
                    || format!("account/{}/{}/{}", payer.0, found.project, found.person),
                    |name| format!("resource/{name}/{}", payer.0),
                );
                (whose, found.project, found.person.as_str())
            }
        };
        let properties = farthing_store::properties_to_text(&properties_of(counting.meter, event));
        UsageName { name: format!("{}/{whose}/{properties}", counting.product.id), project, person, properties }
    }
}

/// The thing the use is charged to, made where there is none.
fn usage_thing(
    work: &mut Work<'_, '_>,
    counting: &Counting<'_>,
    holding: &Holding,
    event: &UsageEvent,
    (found, payer): (&Found, OwnerId),
) -> Result<ThingId, Refused> {
    let usage = UsageName::of(counting, holding, event, (found, payer));
    let cloud = work.cloud.id.clone();
    if let Some(thing) = work.tx.thing_by_name(&cloud, ThingKind::Usage, &usage.name)? {
        if thing.account != payer {
            work.tx.thing_payer_put(payer, thing.id)?; // a project's use goes from hand to hand with it
        }
        return Ok(thing.id);
    }
    let thing = ThingRow {
        id: work.tx.thing_number()?,
        cloud,
        kind: ThingKind::Usage,
        name: usage.name,
        account: payer,
        project: usage.project,
        product: counting.product.id.clone(),
        sku: None,
        state: String::new(),
        size: Quantity::ZERO,
        person: usage.person.to_owned(),
        properties: usage.properties,
        since: work.now,
        seen_at: None,
        listed_at: None,
    };
    work.tx.thing_insert(&thing)?;
    work.tx.thing_payer_put(payer, thing.id)?;
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
    counted: &mut Counted,
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
        return add_closed(work, payer, id, holding, end, event, &mut counted.late);
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
    if keeps_values(holding, work, payer, &id) {
        return add_value(work, payer, id, holding, &event, counted);
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
        let product = line.product().clone();
        let service = work.service_of(payer, &holding.key, (day.start(), day.end()), work.now)?;
        note_late(&mut counted.late, (payer, id, service), product, holding, change)?;
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

/// Keeps a value, and takes it into what its line has counted: the others are not read again, where what is known of them says
/// enough.
fn add_value(
    work: &mut Work<'_, '_>,
    payer: OwnerId,
    id: LineId,
    holding: &Holding,
    event: &Event,
    counted: &mut Counted,
) -> Result<(), Refused> {
    let is_by_event = work.line(payer, &id).meterage.needs_events();
    if holding.terms.aggregation == Aggregation::Unique && !is_by_event {
        if work.tx.usage_value_different(payer, &id, event.value)? {
            work.line(payer, &id).open.total += i128::from(Quantity::ONE.millionths());
        }
        return Ok(());
    }
    let newest = work.tx.usage_value_newest(payer, &id)?;
    work.tx.usage_value_insert(payer, &id, event)?;
    let line = work.line(payer, &id);
    if is_by_event || !line.open.take_value(holding.terms.aggregation, event, newest.as_ref())? {
        counted.stale.insert((payer, id), holding.clone());
    }
    Ok(())
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
    if known.1.aggregation == Aggregation::Unique && !meterage.needs_events() {
        work.tx.usage_value_different(payer, &id, event.value)?;
    } else if is_by_value(&known.1, &meterage) {
        work.tx.usage_value_insert(payer, &id, &event)?;
    } else {
        let total = closed.total.checked_add(i128::from(event.value.millionths()));
        closed.total = total.ok_or(SettleError::Overflow { what: "count a total" })?;
    }
    let after = cost_of_closed(work, &closed, holding, end)?;
    work.tx.closed_total_put(&closed)?;
    let service = Service::slot(holding.from, end);
    let waived = waived_of(work, payer, &id, service)?;
    let change = after.at_least(waived).checked_sub(before.at_least(waived)).map_err(SettleError::from)?;
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
        let service = Service::slot(holding.from, end);
        let waived = waived_of(work, id, &again.id, service)?;
        let should = cost_of_closed(work, &again, &holding, end)?.at_least(waived);
        let change = should.checked_sub(charged_for(work, id, &again.id, service)?).map_err(SettleError::from)?;
        work.tx.closed_total_put(&again)?;
        let product = holding.key.product.clone();
        note_late(&mut late, (id, again.id, service), product, &holding, change)?;
    }
    book_late(work, late)
}

/// What was waived of a line's slot.
fn waived_of(work: &mut Work<'_, '_>, id: OwnerId, line: &LineId, service: Service) -> Result<Money, Refused> {
    let rows = work.charges_known(id, line.thing, &[service.from])?;
    let waivers = rows.iter().filter(|row| row.line.is_waiver() && row.line.part == line.part && row.to == service.to);
    let waived = waivers.map(|row| row.net).fold(0, i64::saturating_sub);
    Ok(work.money(waived))
}

/// What was charged of a line for a slot, with what waits for the next settlement.
fn charged_for(work: &mut Work<'_, '_>, id: OwnerId, line: &LineId, service: Service) -> Result<Charge, Refused> {
    let rows = work.charges_known(id, line.thing, &[service.from])?;
    let own = rows.iter().filter(|row| row.line.part == line.part && !row.line.is_waiver());
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
    holding_of(&cloud.holdings(&priced)?, at, &folio.zone)
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
        Charged::sort(&mut sealed);
        let mut was = Charged::new(key.clone());
        for row in sealed.iter().filter(|row| row.line.part == line.part && row.to <= service.to) {
            was.take(row);
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

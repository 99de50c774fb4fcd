//! Works out anew what every account was charged and has open, and says where its rows differ: `farthing verify --deep`.
//!
//! An open day's charge is working state: what the timelines of an account's things come to at its prices, and the totals of
//! its events. Sealed charges are evidence, and must still be what the same facts come to, with what waits to correct them.
//! It reads all facts and all usage events, so it is asked for, not run by itself.

use crate::folio::{Asked, Work};
use crate::record_usage::{cost_of_closed, holding_again, is_by_value, parts_with, product_of_event, recount};
use crate::run_due::engine_error;
use crate::{Engine, EngineError};
use farthing_core::catalog::Aggregate;
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::rate::Charge;
use farthing_core::settle::{LineId, OpenCharge, Service, SettleError, ThingId};
use farthing_core::time::{Duration, Instant};
use farthing_core::usage::Subject;
use farthing_store::{Audited, ChargeFilter, Finding, OpenRow, PayerRow, StoreError, ThingKind, ThingRow, Tx};
use std::collections::BTreeMap;
use std::sync::Arc;

/// By how much the clocks of two processes may differ.
const CLOCKS_DIFFER: Duration = Duration::from_seconds(300);

/// As many as are told.
const FINDINGS_MAX: usize = 100;

/// 3 January 1980: before anything was ever told, and so long after the calendar begins that the month or the year it lies in
/// does so too, in every zone.
const BEGINNING: Instant = Instant::from_micros(3_654 * 86_400 * 1_000_000);

/// Of which part of which thing, from when to when.
type SlotOf = (ThingId, Option<Name>, Service);

impl Engine {
    /// What every account of every cloud has open and was charged, worked out again from facts and events.
    pub fn check_open(&self) -> Result<Vec<Finding>, EngineError> {
        let now = self.now()?;
        let mut findings = Vec::new();
        for cloud in self.clouds_known()? {
            self.store.read("check_open", |tx| {
                let Some(book) = self.clouds.get(tx, &cloud)? else { return Ok(()) };
                for payer in tx.payers_of(&cloud)? {
                    let mut work = Work::new(tx, Arc::clone(&book), &self.ids, now)?;
                    let mut check = Check { id: payer.id, findings: &mut findings };
                    check.account(&mut work, &payer)?;
                }
                Ok::<_, EngineError>(())
            })?;
        }
        findings.truncate(FINDINGS_MAX);
        Ok(findings)
    }
}

struct Check<'f> {
    id: OwnerId,
    findings: &'f mut Vec<Finding>,
}

impl Check<'_> {
    fn account(&mut self, work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(), EngineError> {
        work.load(&[self.id])?;
        // As of the last second that was looked at for certain: what is due is not late yet.
        let second = Duration::try_from_seconds(1).map_err(SettleError::from)?;
        let now = work.now;
        let folio = work.folio(self.id);
        let due = folio.state.due_at.and_then(|due| due.checked_sub(second).ok());
        let at = due.map_or(now, |due| due.min(now)).max(folio.state.open_from).floor_second();
        for thing in work.tx.things_of_account(self.id)? {
            if thing.kind == ThingKind::Usage {
                self.usage(work, &thing)?;
            } else {
                self.thing(work, &thing, at)?;
            }
        }
        self.posted(work)?;
        self.totals(work, payer)
    }

    /// Sums that were posted are proven by the ledger (`verify`); until when is ours alone, and what is settled to a time to come
    /// would never be settled again.
    fn posted(&mut self, work: &mut Work<'_, '_>) -> Result<(), EngineError> {
        // Another process may be ahead by as much as any clock.
        let latest = work.now.checked_add(CLOCKS_DIFFER).map_err(SettleError::from)?;
        for (product, posted) in work.folio(self.id).book.posted.clone() {
            if let Some(to) = posted.settled_to.filter(|to| *to > latest) {
                self.find(
                    format!("posted {} {product}", self.id.0),
                    format!("it is settled to {to}, which is to come"),
                );
            }
        }
        Ok(())
    }

    /// What use was charged, by slot or line, against what its totals and values come to.
    fn usage(&mut self, work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<(), EngineError> {
        let zero = Charge::zero(work.currency());
        let mut charged: BTreeMap<Option<Name>, Charge> = BTreeMap::new();
        let mut ought: BTreeMap<Option<Name>, Charge> = BTreeMap::new();
        let plus = |sums: &mut BTreeMap<Option<Name>, Charge>, part: &Option<Name>, charge: Charge| {
            let sum = sums.entry(part.clone()).or_insert(zero);
            *sum = sum.checked_add(charge).map_err(SettleError::from)?;
            Ok::<_, SettleError>(())
        };
        // What was waived of a rating period is the least that it was charged, whatever its events come to.
        let mut waived: BTreeMap<(Option<Name>, Instant, Instant), i64> = BTreeMap::new();
        for row in work.tx.charges_of(self.id, &ChargeFilter::default())? {
            if row.line.thing == thing.id && row.line.is_waiver() {
                let sum = waived.entry((row.line.part, row.from, row.to)).or_default();
                *sum = sum.saturating_sub(row.net);
            } else if row.line.thing == thing.id {
                plus(&mut charged, &row.line.part, OpenRow::charge((row.list, row.net), work.currency()))?;
            }
        }
        let lines = work.folio(self.id).book.lines.clone();
        for line in lines.iter().filter(|line| line.id.thing == thing.id) {
            if line.id.is_correction() {
                plus(&mut charged, &line.id.part, line.open.done)?;
                continue;
            }
            // What of it is sealed stands below what is open.
            plus(&mut ought, &line.id.part, line.open.base)?;
            let Some(holding) = holding_again(work, self.id, &line.open.key, &line.id)? else { return Ok(()) };
            let mut anew = OpenCharge { done: zero, ..line.open.clone() };
            if is_by_value(&holding.terms, &line.meterage) {
                let values = work.tx.usage_values(self.id, &line.id)?;
                recount(&mut anew, &line.meterage, &holding, &values)?;
            }
            if anew != line.open {
                let what = "it is not what its events come to, one by one".to_owned();
                self.find(line_name(self.id, &line.id), what);
            }
        }
        for (_, closed) in work.tx.closed_totals_of(self.id)? {
            if closed.id.thing != thing.id {
                continue;
            }
            let key = work.cloud.clone().terms(work.tx, closed.terms)?.0.clone();
            let Some(holding) = holding_again(work, self.id, &key, &closed.id)? else { return Ok(()) };
            let Some(end) = holding.to else { return Ok(()) };
            let cost = cost_of_closed(work, &closed, &holding, end).map_err(engine_error)?;
            let least = waived.get(&(closed.id.part.clone(), holding.from, end)).copied().unwrap_or(0);
            plus(&mut ought, &closed.id.part, cost.at_least(work.money(least)))?;
        }
        for (part, is) in &charged {
            let ought = ought.remove(part).unwrap_or(zero);
            if *is != ought {
                self.differs(usage_name(self.id, thing, part.as_ref()), *is, ought);
            }
        }
        for (part, ought) in ought.into_iter().filter(|(_, ought)| *ought != zero) {
            self.differs(usage_name(self.id, thing, part.as_ref()), zero, ought);
        }
        Ok(())
    }

    /// One thing's lines and charges against its timeline.
    fn thing(&mut self, work: &mut Work<'_, '_>, thing: &ThingRow, at: Instant) -> Result<(), EngineError> {
        let asked = Asked { changed: BEGINNING, as_of: at, looks_back: false, day_end: None };
        let costs = work.cost_of(thing, &[self.id], &asked)?;
        let zone = work.folio(self.id).zone.clone();
        let cloud = work.cloud.clone();
        let zero = Charge::zero(work.currency());
        let mut should: BTreeMap<Option<Name>, (Charge, i128)> = BTreeMap::new();
        for (_, part, open) in costs.open.iter().filter(|(payer, ..)| *payer == self.id) {
            let meterage =
                cloud.meterage(&open.key, &cloud.terms_of(&open.key)?, open.month_seconds, open.slope, &zone)?;
            should.insert(part.clone(), (open.amount_at(&meterage, at)?, running_total(open, at)?));
        }
        let mut charged: BTreeMap<SlotOf, Charge> = BTreeMap::new();
        let mut waived: BTreeMap<SlotOf, i64> = BTreeMap::new();
        let lines = work.folio(self.id).book.lines.clone();
        for line in lines.iter().filter(|line| line.id.thing == thing.id) {
            if line.id.is_correction() {
                let service = work.service_of(self.id, &line.open.key, (line.open.since, line.open.at), work.now)?;
                let slot = (thing.id, line.id.part.clone(), service);
                add(&mut charged, slot, line.open.done)?;
                continue;
            }
            let is = line.amount_at(at)?;
            let (ought, total) = should.remove(&line.id.part).unwrap_or((zero, 0));
            if is != ought {
                self.differs(line_name(self.id, &line.id), is, ought);
            } else if running_total(&line.open, at)? != total {
                // What is open may be the same for a day: what it goes on from is not.
                let what = "it runs on from a total that its facts do not come to".to_owned();
                self.find(line_name(self.id, &line.id), what);
            }
        }
        for (part, (ought, _)) in should.into_iter().filter(|(_, (ought, _))| *ought != zero) {
            self.differs(line_name(self.id, &LineId { thing: thing.id, part, began: 0 }), zero, ought);
        }
        for row in work.tx.charges_of(self.id, &ChargeFilter::default())? {
            if row.line.thing == thing.id {
                let key = cloud.terms(work.tx, row.terms)?.0.clone();
                let service = work.service_of(self.id, &key, (row.from, row.to), work.now)?;
                let slot = (thing.id, row.line.part.clone(), service);
                if row.line.is_waiver() {
                    let sum = waived.entry(slot).or_default();
                    *sum = sum.saturating_sub(row.net);
                } else {
                    add(&mut charged, slot, OpenRow::charge((row.list, row.net), work.currency()))?;
                }
            }
        }
        let mut ought: BTreeMap<SlotOf, Charge> = BTreeMap::new();
        for (slot, (key, charge)) in costs.closed.into_iter().filter(|(slot, _)| slot.payer == self.id) {
            let service = work.service_of(self.id, &key, (slot.from, slot.to), work.now)?;
            add(&mut ought, (thing.id, slot.part, service), charge)?;
        }
        for (slot, least) in waived {
            let ought = ought.entry(slot).or_insert(zero);
            *ought = ought.at_least(work.money(least));
        }
        for (slot, is) in charged {
            let ought = ought.remove(&slot).unwrap_or(zero);
            if is != ought {
                self.differs(slot_name(self.id, &slot), is, ought);
            }
        }
        for (slot, ought) in ought.into_iter().filter(|(_, ought)| *ought != zero) {
            self.differs(slot_name(self.id, &slot), zero, ought);
        }
        self.row(work, thing)
    }

    /// What a resource's row says of its state follows from its facts.
    fn row(&mut self, work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<(), EngineError> {
        if thing.kind != ThingKind::Resource || thing.account != self.id {
            return Ok(());
        }
        let Ok(product) = crate::record_fact::product_of(work, thing) else { return Ok(()) };
        let timeline = work.timeline_of(thing, &product)?;
        let state = timeline.state.map_or("", farthing_core::timeline::State::name);
        let same = timeline.payer == Some(thing.account) && timeline.sku == thing.sku && state == thing.state;
        if !same || timeline.size != thing.size {
            self.find(
                format!("thing {}", thing.id.0),
                "its account, SKU, state or size is not what its facts say".into(),
            );
        }
        Ok(())
    }

    /// The totals of plain sums, product by product, against the events that were booked.
    fn totals(&mut self, work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(), EngineError> {
        let cloud = work.cloud.clone();
        let mut booked: BTreeMap<(Name, Option<Name>), i128> = BTreeMap::new();
        let mut products: BTreeMap<String, Option<Name>> = BTreeMap::new();
        let mut events = Vec::new();
        work.tx.usage_events(&cloud.id, Some(payer.id), Instant::EPOCH..Instant::MAX, |row| {
            if row.refused.is_none() {
                events.push((row.arrived, row.event));
            }
            Ok(())
        })?;
        for (arrived, event) in events {
            let catalog = &cloud.profile_at(arrived)?.catalog;
            let own = match &event.subject {
                Subject::Resource(name) => product_of_resource(work.tx, &cloud.id, name, &mut products)?,
                Subject::Account { .. } => None,
            };
            for (meter, quantity) in &event.quantities {
                let Some(meter) = Name::parse(meter).and_then(|id| catalog.meter_by_id(&id)) else { continue };
                let counts = |(key, value): (&_, &farthing_core::config::Text)| {
                    event.properties.get::<String>(key).is_some_and(|told| *told == value.0)
                };
                if !meter.filter.iter().all(counts) {
                    continue;
                }
                let Some(product) = product_of_event(catalog, meter, &event, own.as_ref()) else { continue };
                let value = match meter.aggregate {
                    Aggregate::Sum => quantity.millionths(),
                    Aggregate::Count => 1_000_000,
                    _ => continue, // their values are kept one by one
                };
                for part in parts_with(product, &meter.id) {
                    let sum = booked.entry((product.id.clone(), part)).or_default();
                    *sum = sum.saturating_add(i128::from(value));
                }
            }
        }
        let mut counted: BTreeMap<(Name, Option<Name>), i128> = BTreeMap::new();
        for line in work.folio(self.id).book.lines.iter().filter(|line| line.id.began > 0) {
            let sum = counted.entry((line.product().clone(), line.id.part.clone())).or_default();
            *sum = sum.saturating_add(line.open.total);
        }
        for (product, row) in work.tx.closed_totals_of(self.id)? {
            let sum = counted.entry((product, row.id.part)).or_default();
            *sum = sum.saturating_add(row.total);
        }
        for ((product, part), booked) in booked {
            let counted = counted.get(&(product.clone(), part.clone())).copied().unwrap_or(0);
            // A price of single events keeps them one by one, and no total.
            let kept = work.tx.usage_values_count(self.id, &product)? > 0;
            if counted != booked && !kept {
                let part = part.map(|part| format!(" {part}")).unwrap_or_default();
                let what = format!("its totals come to {counted} millionths, its events to {booked}");
                self.find(format!("open_charge {} ({product}{part})", self.id.0), what);
            }
        }
        Ok(())
    }

    fn differs(&mut self, row: String, is: Charge, ought: Charge) {
        let what = format!(
            "it comes to {} (list {}), its facts to {} (list {})",
            is.net.plain(),
            is.list.plain(),
            ought.net.plain(),
            ought.list.plain()
        );
        self.find(row, what);
    }

    fn find(&mut self, row: String, what: String) {
        self.findings.push(Finding { of: Audited::Charges, row, what });
    }
}

fn add(sums: &mut BTreeMap<SlotOf, Charge>, slot: SlotOf, charge: Charge) -> Result<(), SettleError> {
    match sums.get_mut(&slot) {
        Some(sum) => *sum = sum.checked_add(charge)?,
        None => drop(sums.insert(slot, charge)),
    }
    Ok(())
}

/// The total of what runs; of what does not, it is of no use any more.
fn running_total(open: &OpenCharge, at: Instant) -> Result<i128, SettleError> {
    if open.slope == 0 { Ok(0) } else { open.total_at(at) }
}

fn line_name(account: OwnerId, line: &LineId) -> String {
    let part = line.part.as_ref().map_or("", Name::as_str);
    format!("open_charge {} {} {part} {}", account.0, line.thing.0, line.began)
}

fn usage_name(account: OwnerId, thing: &ThingRow, part: Option<&Name>) -> String {
    let part = part.map(|part| format!(" {part}")).unwrap_or_default();
    format!("charges {} (thing {}{part})", account.0, thing.id.0)
}

fn slot_name(account: OwnerId, (thing, part, service): &SlotOf) -> String {
    let part = part.as_ref().map(|part| format!(" {part}")).unwrap_or_default();
    format!("charge {} (thing {}{part}, {})", account.0, thing.0, service.from)
}

fn product_of_resource(
    tx: &mut Tx<'_>,
    cloud: &str,
    name: &str,
    known: &mut BTreeMap<String, Option<Name>>,
) -> Result<Option<Name>, StoreError> {
    if let Some(found) = known.get(name) {
        return Ok(found.clone());
    }
    let found = tx.thing_by_name(cloud, ThingKind::Resource, name)?.map(|thing| thing.product);
    known.insert(name.to_owned(), found.clone());
    Ok(found)
}

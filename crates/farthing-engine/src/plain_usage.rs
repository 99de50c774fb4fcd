//! Use that only adds to totals, a whole batch at once: events that are alike are looked at once, what they add is summed in
//! memory, and of their accounts only the lines they add to are read and written.
//!
//! Whatever needs more of its account (a line that is not there yet, a day that is sealed, values kept one by one, room that is
//! used up) is left to `record_usage`, which reads the account's whole book. Either all of an account's events are added here
//! or none.

use crate::EngineError;
use crate::clouds::CloudBook;
use crate::folio::Work;
use crate::record_usage::{Counting, Found, Subjects, UsageName, countings, is_invalid};
use farthing_core::catalog::{Catalog, Kind};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::policy::Pay;
use farthing_core::rate::Aggregation;
use farthing_core::settle::{LineId, SettleError};
use farthing_core::time::{Instant, Zone};
use farthing_core::usage::{Batch, Fresh, Reason, UsageEvent, Verdict};
use farthing_store::{OpenRow, PayerState, StoreError};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Adds what only adds to totals, and says of each fresh event what became of it. None: its account has to be looked at.
pub(crate) fn add_plain(
    work: &mut Work<'_, '_>,
    catalog: &Catalog,
    batch: &Batch,
    fresh: &[Fresh],
    subjects: &Subjects<'_>,
) -> Result<Vec<Option<Verdict>>, EngineError> {
    let (accounts, whose) = accounts_of(work, subjects)?;
    let cloud = work.cloud.clone();
    let mut sums = Sums { cloud: &cloud, catalog, now: work.now, accounts, lines: Vec::new(), places: HashMap::new() };
    let mut alike: Vec<Vec<Alike<'_, '_>>> = Vec::new();
    alike.resize_with(subjects.all().len(), Vec::new);
    let (told_apart, repeated) = (properties_told_apart(catalog), repeated_ids(batch));
    let mut verdicts = Vec::with_capacity(fresh.len());
    for (place, fresh) in fresh.iter().enumerate() {
        let event = &batch.events()[fresh.place];
        let found = match subjects.of(place) {
            Ok(found) => found,
            Err(reason) => {
                verdicts.push(Some(Verdict { account: None, refused: Some(*reason) }));
                continue;
            }
        };
        // Of several events with one id the first that can be booked counts: they are taken in order.
        let closed = found.account.as_ref().is_some_and(|(_, payer)| payer.closed.is_some());
        if closed || !found.payers.is_empty() || repeated.contains(&fresh.place) {
            sums.look_at_all(found);
            verdicts.push(None);
            continue;
        }
        if is_invalid(event) {
            verdicts.push(Some(Verdict { account: Some(found.payer), refused: Some(Reason::Invalid) }));
            continue;
        }
        let subject = subjects.number_of(place);
        let known = &mut alike[subject];
        let like = known.iter().position(|other| other.is_like(event, &told_apart));
        let like = like.unwrap_or(known.len());
        if like == known.len() {
            known.push(sums.look_at(event, found, whose[subject])?);
        }
        let known = &mut known[like];
        let refused = sums.add(known, event, (found, whose[subject]), fresh.at)?;
        verdicts.push(Some(Verdict { account: Some(found.payer), refused }));
    }
    let accounts = sums.write(work)?;
    for (place, verdict) in verdicts.iter_mut().enumerate() {
        if subjects.of(place).is_ok() && accounts[whose[subjects.number_of(place)]].whole {
            *verdict = None;
        }
    }
    Ok(verdicts)
}

/// An account that is paid for by, locked, as far as adding to its totals needs it.
struct Account {
    id: OwnerId,
    name: Name,
    zone: Zone,
    pay: Option<Pay>,
    open_from: Instant,
    /// Its whole book has to be read.
    whole: bool,
}

/// Everybody whom the events are about, in order of id; and of each subject whose of them it is.
fn accounts_of(work: &mut Work<'_, '_>, subjects: &Subjects<'_>) -> Result<(Vec<Account>, Vec<usize>), EngineError> {
    let found = || subjects.all().iter().filter_map(|found| found.as_ref().ok());
    let everybody = found().flat_map(|found| found.payers.iter().map(|(_, payer)| *payer).chain([found.payer]));
    let ids: Vec<OwnerId> = everybody.collect::<BTreeSet<_>>().into_iter().collect();
    let states = work.tx.payer_states(&ids)?; // which locks them, before anything of them is read
    let mut known: Vec<Option<(Name, String, Option<Pay>)>> = vec![None; ids.len()];
    let number = |id: OwnerId| ids.binary_search(&id).expect("everybody is among them");
    for (name, payer) in found().filter_map(|found| found.account.as_ref()) {
        known[number(payer.id)] = Some((name.clone(), payer.zone.clone(), payer.pay));
    }
    let others = ids.iter().zip(&known).filter(|(_, known)| known.is_none());
    let others: Vec<OwnerId> = others.map(|(id, _)| *id).collect();
    for payer in work.tx.payers(&others)? {
        let name = Name::parse(&payer.name)
            .ok_or_else(|| StoreError::corrupt(format!("an account named {:?}", payer.name)))?;
        known[number(payer.id)] = Some((name, payer.zone, payer.pay));
    }
    let mut accounts = Vec::with_capacity(ids.len());
    for ((id, state), known) in ids.iter().zip(&states).zip(known) {
        let Some((name, zone, pay)) = known.filter(|_| state.account == *id) else {
            return Err(StoreError::corrupt(format!("account {} has no state", id.0)).into());
        };
        let zone = work.zone(&zone)?;
        let whole = !is_up_to_date(state, work);
        accounts.push(Account { id: *id, name, zone, pay, open_from: state.open_from, whole });
    }
    let whose = subjects.all().iter().map(|found| found.as_ref().map_or(usize::MAX, |found| number(found.payer)));
    let whose = whose.collect();
    Ok((accounts, whose))
}

/// Nothing is due of it and it knows all prices: what it has open is as it would be if it were brought to now.
fn is_up_to_date(state: &PayerState, work: &Work<'_, '_>) -> bool {
    state.parked.is_empty() && state.version == work.cloud.newest && state.due_at.is_some_and(|due| due > work.now)
}

/// By which properties events differ in what they cost: those that meters filter by and tell totals apart by.
fn properties_told_apart(catalog: &Catalog) -> BTreeSet<&str> {
    let filters = catalog.meter.iter().flat_map(|meter| meter.filter.keys().map(|key| key.as_ref()));
    filters.chain(catalog.meter.iter().flat_map(|meter| meter.by.iter().map(Name::as_str))).collect()
}

/// Places of events whose id comes more than once in the batch.
fn repeated_ids(batch: &Batch) -> HashSet<usize> {
    let hash = |place: usize| &batch.identities()[place].hash;
    let pairs = batch.by_hash().windows(2).filter(|pair| hash(pair[0]) == hash(pair[1]));
    pairs.flatten().copied().collect()
}

/// Events of one subject that are alike in all but time and amounts.
struct Alike<'b, 'c> {
    like: &'b UsageEvent,
    /// Why they cannot be booked, or what they add to.
    adds: Result<Vec<Adds<'c>>, Reason>,
}

/// What one of their quantities adds to.
struct Adds<'c> {
    counting: Counting<'c>,
    /// What was found so far, each for a time.
    lines: Vec<LineOfTime>,
}

/// Which line counts the events of a time; none where they have to be looked at.
#[derive(Clone, Copy)]
struct LineOfTime {
    from: Instant,
    to: Option<Instant>,
    line: Option<usize>,
    aggregation: Aggregation,
}

impl Alike<'_, '_> {
    fn is_like(&self, event: &UsageEvent, told_apart: &BTreeSet<&str>) -> bool {
        let same = |key: &&str| self.like.properties.get(*key) == event.properties.get(*key);
        let meters = |event: &'_ UsageEvent| event.quantities.len();
        let pairs = self.like.quantities.iter().zip(&event.quantities);
        self.like.product == event.product
            && meters(self.like) == meters(event)
            && pairs.clone().all(|((one, _), (other, _))| one == other)
            && told_apart.iter().all(same)
    }
}

/// A line, and by how much it grows.
struct Grows {
    account: usize,
    thing_name: String,
    part: Option<Name>,
    began: i64,
    more: i128,
}

/// What the events of a batch add up to.
struct Sums<'c> {
    cloud: &'c CloudBook,
    catalog: &'c Catalog,
    now: Instant,
    accounts: Vec<Account>,
    lines: Vec<Grows>,
    places: HashMap<(usize, String, Option<Name>, i64), usize>,
}

impl<'c> Sums<'c> {
    fn account_of(&self, id: OwnerId) -> usize {
        self.accounts.binary_search_by_key(&id, |account| account.id).expect("everybody who pays was read")
    }

    /// Their whole books have to be read.
    fn look_at_all(&mut self, found: &Found) {
        for payer in found.payers.iter().map(|(_, payer)| *payer).chain([found.payer]) {
            let account = self.account_of(payer);
            self.accounts[account].whole = true;
        }
    }

    /// Works out once for all events like this one what they add to.
    fn look_at<'b>(&self, event: &'b UsageEvent, found: &Found, account: usize) -> Result<Alike<'b, 'c>, SettleError> {
        let account = &self.accounts[account];
        let whose = (&account.name, &account.zone);
        let countings = countings(self.cloud, self.catalog, event, found.resource.as_ref(), whose)?;
        let adds = countings
            .map(|countings| countings.into_iter().map(|counting| Adds { counting, lines: Vec::new() }).collect());
        Ok(Alike { like: event, adds })
    }

    /// Adds an event of an account to its sums, or marks the account to be looked at.
    fn add(
        &mut self,
        alike: &mut Alike<'_, 'c>,
        event: &UsageEvent,
        (found, account): (&Found, usize),
        at: Instant,
    ) -> Result<Option<Reason>, SettleError> {
        let adds = match &mut alike.adds {
            Ok(adds) => adds,
            Err(reason) => return Ok(Some(*reason)),
        };
        for add in adds {
            if self.accounts[account].whole {
                break;
            }
            let known = add.lines.iter().rev().find(|known| known.from <= at && known.to.is_none_or(|to| at < to));
            let known = match known {
                Some(known) => Some(*known),
                None => self.line_at(add, event, (found, account), at)?,
            };
            match known.and_then(|known| Some((known.line?, known.aggregation))) {
                Some((line, aggregation)) if at >= self.accounts[account].open_from => {
                    let value = add.counting.value_of(event, aggregation);
                    let more = &mut self.lines[line].more;
                    let sum = more.checked_add(i128::from(value.millionths()));
                    *more = sum.ok_or(SettleError::Overflow { what: "count a total" })?;
                }
                _ => self.accounts[account].whole = true,
            }
        }
        Ok(None)
    }

    /// What counts an event of this time; none where it had no price. No line where it is not a sum, or its rating period is
    /// over.
    fn line_at(
        &mut self,
        add: &mut Adds<'c>,
        event: &UsageEvent,
        (found, account): (&Found, usize),
        at: Instant,
    ) -> Result<Option<LineOfTime>, SettleError> {
        let counting = &add.counting;
        let Some(holding) = counting.holding_at(at, &self.accounts[account].zone)? else { return Ok(None) };
        let is_sum = matches!(holding.terms.aggregation, Aggregation::Sum | Aggregation::Count);
        let is_over = holding.terms.memory && holding.to.is_some_and(|end| end <= self.now);
        let line = if !is_sum || is_over || counting.product.kind == Kind::Capacity {
            None
        } else {
            let usage = UsageName::of(counting, &holding, event, (found, found.payer));
            let began = holding.from.seconds_since(Instant::EPOCH).max(1);
            let place = (account, usage.name, counting.part.clone(), began);
            let next = self.lines.len();
            let line = *self.places.entry(place.clone()).or_insert(next);
            if line == next {
                let (account, thing_name, part, began) = place;
                self.lines.push(Grows { account, thing_name, part, began, more: 0 });
            }
            Some(line)
        };
        let known = LineOfTime { from: holding.from, to: holding.to, line, aggregation: holding.terms.aggregation };
        add.lines.push(known);
        Ok(Some(known))
    }

    /// Writes the lines of all accounts that need not be looked at; the accounts.
    fn write(mut self, work: &mut Work<'_, '_>) -> Result<Vec<Account>, EngineError> {
        let mut grown = self.grown(work)?;
        grown.retain(|(account, _)| !self.accounts[*account].whole);
        let rows: Vec<OpenRow> = grown.into_iter().map(|(_, row)| row).collect();
        work.tx.open_charges_write(&rows)?;
        Ok(self.accounts)
    }

    /// The lines as they are with what is added, in order of account. Accounts of which one cannot be said are marked.
    fn grown(&mut self, work: &mut Work<'_, '_>) -> Result<Vec<(usize, OpenRow)>, EngineError> {
        let waiting: Vec<&Grows> = self.lines.iter().filter(|line| !self.accounts[line.account].whole).collect();
        let names: Vec<&str> = waiting.iter().map(|line| line.thing_name.as_str()).collect();
        let mut lines: Vec<(OwnerId, LineId)> = Vec::with_capacity(waiting.len());
        let mut grows: Vec<&Grows> = Vec::with_capacity(waiting.len());
        for (place, thing, account) in work.tx.usage_things_by_name(&self.cloud.id, &names)? {
            let line = waiting[place];
            // A project's use goes from hand to hand with it: then its row is to be changed.
            if account == self.accounts[line.account].id {
                lines.push((account, LineId { thing, part: line.part.clone(), began: line.began }));
                grows.push(line);
            }
        }
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_unstable_by(|one, other| lines[*one].cmp(&lines[*other]));
        let lines: Vec<(OwnerId, LineId)> = order.iter().map(|place| lines[*place].clone()).collect();
        let mut grown: Vec<(usize, OpenRow)> = Vec::with_capacity(lines.len());
        let mut left: HashMap<usize, usize> = HashMap::new();
        for line in &waiting {
            *left.entry(line.account).or_default() += 1;
        }
        for (place, row) in work.tx.open_charges_at(&lines)? {
            let grows = grows[order[place]];
            let account = &self.accounts[grows.account];
            let line = work.line_of(&row, account.pay, &account.zone, account.open_from)?;
            if line.meterage.needs_events() {
                continue;
            }
            let Some(total) = line.total_with(grows.more, self.now.floor_second())? else { continue };
            grown.push((grows.account, OpenRow { total, ..row }));
            *left.entry(grows.account).or_default() -= 1;
        }
        // Whoever misses one of its lines is looked at.
        for (account, _) in left.into_iter().filter(|(_, left)| *left > 0) {
            self.accounts[account].whole = true;
        }
        Ok(grown)
    }
}

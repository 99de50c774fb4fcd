//! Stretches of a thing to what they cost: day by day where the price is linear, by rating period where it remembers, and in
//! closed form for what is still open.
//!
//! The one place where a timeline meets prices. It is asked anew whenever a fact arrives; what it says of days that are
//! sealed already is compared with their charges, and the difference is a correction.

use super::terms::{Holding, PriceBook, Priced, Terms, TermsKey};
use super::{Meterage, OpenCharge, SettleError};
use crate::config::{Cadence, Name};
use crate::ledger::OwnerId;
use crate::measure::Quantity;
use crate::money::Currency;
use crate::rate::{Charge, Coverage, capped};
use crate::time::{Instant, Period, Zone};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A thing over a stretch of time: one payer, one price, one size.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub from: Instant,
    pub to: Option<Instant>,
    pub payer: OwnerId,
    pub part: Option<Name>,
    /// Millionths of what is priced, each second.
    pub slope: i64,
    pub key: Arc<TermsKey>,
    pub terms: Arc<Terms>,
    /// When the session that ends with this stretch began.
    pub session_ends: Option<Instant>,
    /// Another number is another run, even where price and seconds meet.
    pub run: i64,
    /// The cloud's own outage (R83): nothing is counted, and the run goes on after it.
    pub void: bool,
}

/// Who pays, as far as dates and openness go.
#[derive(Clone, Debug)]
pub struct Payer {
    pub zone: Zone,
    /// What its contracts call it.
    pub name: Name,
    /// Days that ended by here are sealed.
    pub open_from: Instant,
    /// Closed slots that ended by here are left out: nothing new is known of them. The beginning of a day in its zone, because
    /// what is told of a slot is told of all of it.
    pub closed_from: Instant,
}

/// A closed day, or rating period, of one part of a thing for one payer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub payer: OwnerId,
    pub part: Option<Name>,
    pub from: Instant,
    pub to: Instant,
}

/// What stretches come to.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    /// What each closed slot costs in full.
    pub closed: BTreeMap<Slot, (Arc<TermsKey>, Charge)>,
    /// What is open, by payer and part.
    pub open: Vec<(OwnerId, Option<Name>, OpenCharge)>,
}

/// Compiled terms, kept for as long as somebody keeps this.
#[derive(Debug, Default)]
pub struct Compiled {
    kept: Mutex<BTreeMap<(TermsKey, i64, i64), Arc<Meterage>>>,
}

impl Compiled {
    /// The meterage of these terms for months of so many seconds.
    pub fn get(
        &self,
        key: &TermsKey,
        terms: &Terms,
        month_seconds: i64,
        slope: i64,
        zone: &Zone,
    ) -> Result<Arc<Meterage>, SettleError> {
        let slope = if terms.hours.is_some() { slope } else { 0 };
        let place = (key.clone(), month_seconds, slope);
        if let Some(found) = self.lock().get(&place) {
            return Ok(found.clone());
        }
        let made = Arc::new(terms.compile(month_seconds, Quantity::from_millionths(slope), zone)?);
        self.lock().insert(place, made.clone());
        Ok(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(TermsKey, i64, i64), Arc<Meterage>>> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Rates the stretches, in order of time, up to `now`. A day is closed when its payer's open day is a later one, a rating
/// period when it is over.
pub fn cost(
    stretches: &[Stretch],
    payers: &BTreeMap<OwnerId, Payer>,
    compiled: &Compiled,
    currency: Currency,
    now: Instant,
) -> Result<Costs, SettleError> {
    let mut costs = Costs::default();
    let mut tracks: BTreeMap<(OwnerId, Option<Name>), Track<'_>> = BTreeMap::new();
    for stretch in stretches.iter().filter(|stretch| stretch.from <= now) {
        let Some(payer) = payers.get(&stretch.payer) else { continue };
        let track = tracks.entry((stretch.payer, stretch.part.clone())).or_insert_with(|| Track {
            payer,
            compiled,
            currency,
            now,
            run: None,
            period: None,
            open_done: Charge::zero(currency),
            ongoing: None,
        });
        track.take(stretch, &mut costs)?;
    }
    for ((payer, part), mut track) in tracks {
        track.finish(payer, part.as_ref(), &mut costs)?;
        if let Some(open) = track.open()? {
            costs.open.push((payer, part, open));
        }
    }
    Ok(costs)
}

/// One payer's part of a thing, as the stretches go by.
struct Track<'a> {
    payer: &'a Payer,
    compiled: &'a Compiled,
    currency: Currency,
    now: Instant,
    run: Option<Run>,
    period: Option<RatingPeriod>,
    /// What runs that are over have cost since the open part began.
    open_done: Charge,
    ongoing: Option<OpenCharge>,
}

/// A linear run: G of everything since it began.
struct Run {
    since: Instant,
    to: Instant,
    total: i128,
    id: i64,
    slope: i64,
    key: Arc<TermsKey>,
    terms: Arc<Terms>,
}

/// A rating period of a price with memory.
struct RatingPeriod {
    period: Period,
    cost: Charge,
    /// One total for each price that has held in it.
    totals: Vec<(Arc<Terms>, i128)>,
    covered_seconds: i64,
    last: Option<(Arc<TermsKey>, Arc<Terms>)>,
    payer: OwnerId,
    part: Option<Name>,
}

impl Track<'_> {
    fn take(&mut self, stretch: &Stretch, costs: &mut Costs) -> Result<(), SettleError> {
        let zone = &self.payer.zone;
        let splits = stretch.terms.memory || stretch.terms.by_calendar;
        let mut from = stretch.from;
        loop {
            let end = if splits { Some(stretch.terms.period_of(from, zone)?.end()) } else { None };
            let to = [end, stretch.to].into_iter().flatten().min();
            let last = stretch.to.is_some_and(|whole| to == Some(whole)) || to.is_none();
            let session_ends = if last { stretch.session_ends } else { None };
            let piece = Stretch { from, to, session_ends, ..stretch.clone() };
            if stretch.terms.memory {
                self.remember(&piece, costs)?;
            } else {
                self.run_on(&piece, costs)?;
            }
            match to {
                Some(to) if !last && to <= self.now => from = to,
                _ => return Ok(()),
            }
        }
    }

    fn meterage(&self, stretch: &Stretch) -> Result<(Arc<Meterage>, i64), SettleError> {
        let month = stretch.terms.month_seconds_at(stretch.from, &self.payer.zone)?;
        let made = self.compiled.get(&stretch.key, &stretch.terms, month, stretch.slope, &self.payer.zone)?;
        Ok((made, month))
    }

    /// A piece of a linear price.
    fn run_on(&mut self, piece: &Stretch, costs: &mut Costs) -> Result<(), SettleError> {
        let joins = self.run.as_ref().is_some_and(|run| {
            run.to == piece.from
                && run.id == piece.run
                && run.terms.same_price(&piece.terms)
                && (run.slope == piece.slope || piece.terms.hours.is_none())
                && !(piece.terms.by_calendar && starts_period(piece, &self.payer.zone))
        });
        if !joins {
            let (since, to) = (piece.from, piece.from);
            let (key, terms) = (piece.key.clone(), piece.terms.clone());
            self.run = Some(Run { since, to, total: 0, id: piece.run, slope: piece.slope, key, terms });
        }
        let Some(run) = &self.run else { return Ok(()) };
        // The run keeps the terms it began with: they are the same price.
        let begun = Stretch { from: run.since, key: run.key.clone(), terms: run.terms.clone(), ..piece.clone() };
        let (since, total) = (run.since, run.total);
        let (meterage, month_seconds) = self.meterage(&begun)?;
        let ended = piece.to.filter(|to| *to <= self.now);
        let stop = ended.unwrap_or(self.now);
        let g = |at: Instant| -> Result<Charge, SettleError> {
            meterage.amount(grown(total, piece.slope, piece.from, at)?, since, at)
        };
        // What is sealed, day by day: each its own charge.
        let open_from = self.open_from(&piece.terms)?;
        let sealed_to = stop.min(open_from);
        let mut from = piece.from.max(piece.terms.slot_of(self.payer.closed_from, &self.payer.zone)?.start());
        while from < sealed_to {
            let closed = piece.terms.slot_of(from, &self.payer.zone)?;
            let to = closed.end().min(sealed_to);
            let charge = g(to)?.checked_sub(g(from)?)?;
            add(costs, slot(piece, closed), &begun.key, charge)?;
            from = to;
        }
        // What the stop of a session posts beyond its seconds.
        if let (Some(to), Some(session_from)) = (ended, piece.session_ends) {
            let missing = begun.terms.session.seconds_missing(to.seconds_since(session_from))?;
            if missing > 0 && piece.slope > 0 {
                let later = to.checked_add(crate::time::Duration::try_from_seconds(missing)?)?;
                let charge = g(later)?.checked_sub(g(to)?)?;
                self.at_instant(piece, &begun.key, to, charge, costs)?;
            }
        }
        let open_from = piece.from.max(open_from);
        if let Some(to) = ended {
            if to > open_from {
                let charge = g(to)?.checked_sub(g(open_from)?)?;
                self.open_done = self.open_done.checked_add(charge)?;
            }
            let total = grown(total, piece.slope, piece.from, to)?;
            if let Some(run) = &mut self.run {
                run.total = total;
                run.to = to;
            }
            self.ongoing = None;
        } else {
            let base = g(open_from.min(self.now).max(piece.from))?;
            let slot_end = self.slot_end(&piece.terms)?;
            // A run that began before this piece and whose open part began with it: the rest is in `open_done`.
            self.ongoing = Some(OpenCharge {
                key: begun.key.clone(),
                month_seconds,
                since,
                at: piece.from,
                total,
                slope: piece.slope,
                done: Charge::zero(self.currency),
                base,
                until: [piece.to, slot_end].into_iter().flatten().min(),
                by_period: slot_end.is_some(),
            });
        }
        Ok(())
    }

    /// Where what is open of a linear price begins: at the open day, or at the rating period it is settled by.
    fn open_from(&self, terms: &Terms) -> Result<Instant, SettleError> {
        let by_day = terms.settle != Cadence::Cycle;
        if by_day { Ok(self.payer.open_from) } else { Ok(terms.period_of(self.now, &self.payer.zone)?.start()) }
    }

    /// When the open rating period ends that a linear price is settled by; none where it is settled by the day or oftener.
    fn slot_end(&self, terms: &Terms) -> Result<Option<Instant>, SettleError> {
        let by_cycle = terms.settle == Cadence::Cycle;
        by_cycle.then(|| Ok(terms.period_of(self.now, &self.payer.zone)?.end())).transpose()
    }

    /// A charge of an instant: in the day, or rating period, of the second before it, sealed or open.
    fn at_instant(
        &mut self,
        piece: &Stretch,
        key: &Arc<TermsKey>,
        at: Instant,
        charge: Charge,
        costs: &mut Costs,
    ) -> Result<(), SettleError> {
        let second = crate::time::Duration::try_from_seconds(1)?;
        let closed = piece.terms.slot_of(at.checked_sub(second)?, &self.payer.zone)?;
        if closed.end() <= self.open_from(&piece.terms)? {
            if closed.end() > self.payer.closed_from {
                add(costs, slot(piece, closed), key, charge)?;
            }
        } else {
            self.open_done = self.open_done.checked_add(charge)?;
        }
        Ok(())
    }

    /// A piece of a price with memory: all of it lies in one rating period.
    fn remember(&mut self, piece: &Stretch, costs: &mut Costs) -> Result<(), SettleError> {
        let period = piece.terms.period_of(piece.from, &self.payer.zone)?;
        if self.period.as_ref().is_none_or(|open| open.period != period) {
            self.close_period(costs)?;
            self.period = Some(RatingPeriod {
                period,
                cost: Charge::zero(self.currency),
                totals: Vec::new(),
                covered_seconds: 0,
                last: None,
                payer: piece.payer,
                part: piece.part.clone(),
            });
        }
        let (meterage, month_seconds) = self.meterage(piece)?;
        let ended = piece.to.filter(|to| *to <= self.now);
        let Some(state) = &mut self.period else { return Ok(()) };
        let known = state.totals.iter().position(|(terms, _)| terms.same_price(&piece.terms));
        let place = known.unwrap_or_else(|| {
            state.totals.push((piece.terms.clone(), 0));
            state.totals.len().saturating_sub(1)
        });
        let total = state.totals.get(place).map_or(0, |(_, total)| *total);
        let g = |at: Instant| meterage.amount(grown(total, piece.slope, piece.from, at)?, piece.from, at);
        let base = g(piece.from)?;
        state.last = Some((piece.key.clone(), piece.terms.clone()));
        let cap = piece.terms.tariff.cap;
        let under_cap = |cost: Charge, run: Charge| match cap {
            Some(cap) => capped(cap, cost, run),
            None => Ok(run),
        };
        if let Some(to) = ended {
            let run = g(to)?.checked_sub(base)?;
            let step = under_cap(state.cost, run)?;
            state.cost = state.cost.checked_add(step)?;
            if let Some(session_from) = piece.session_ends {
                let missing = piece.terms.session.seconds_missing(to.seconds_since(session_from))?;
                if missing > 0 && piece.slope > 0 {
                    let later = to.checked_add(crate::time::Duration::try_from_seconds(missing)?)?;
                    let step = under_cap(state.cost, g(later)?.checked_sub(g(to)?)?)?;
                    state.cost = state.cost.checked_add(step)?;
                }
            }
            if let Some((_, slot)) = state.totals.get_mut(place) {
                *slot = grown(total, piece.slope, piece.from, to)?;
            }
            let covered = if piece.void { 0 } else { to.seconds_since(piece.from) };
            state.covered_seconds = state.covered_seconds.saturating_add(covered);
            self.ongoing = None;
        } else {
            self.ongoing = Some(OpenCharge {
                key: piece.key.clone(),
                month_seconds,
                since: if piece.terms.hours.is_some() { piece.from } else { period.start() },
                at: piece.from,
                total,
                slope: piece.slope,
                done: state.cost,
                base,
                until: piece.to,
                by_period: true,
            });
        }
        Ok(())
    }

    /// Ends a rating period that is over: its minimum, and its one charge.
    fn close_period(&mut self, costs: &mut Costs) -> Result<(), SettleError> {
        let Some(state) = self.period.take() else { return Ok(()) };
        let Some((key, terms)) = &state.last else { return Ok(()) };
        let mut cost = state.cost;
        // Where all of it was an outage there was nothing to ask a minimum for.
        if terms.tariff.minimum.is_some() && state.covered_seconds > 0 {
            let month = terms.month_seconds_at(state.period.start(), &self.payer.zone)?;
            let meterage = self.compiled.get(key, terms, month, 1_000_000, &self.payer.zone)?;
            let coverage = if terms.prorate {
                Coverage {
                    covered_seconds: state.covered_seconds.min(state.period.seconds()),
                    period_seconds: state.period.seconds(),
                }
            } else {
                Coverage::WHOLE
            };
            cost = cost.checked_add(meterage.true_up(cost, coverage)?)?;
        }
        let slot =
            Slot { payer: state.payer, part: state.part.clone(), from: state.period.start(), to: state.period.end() };
        if state.period.end() > self.payer.closed_from {
            add(costs, slot, key, cost)?;
        }
        Ok(())
    }

    /// No stretch is left: a rating period that has ended by now is closed, one that goes on is open.
    fn finish(&mut self, _payer: OwnerId, _part: Option<&Name>, costs: &mut Costs) -> Result<(), SettleError> {
        let over = self.period.as_ref().is_some_and(|state| state.period.end() <= self.now);
        if over {
            self.close_period(costs)?;
        }
        Ok(())
    }

    /// What is open when all stretches have gone by.
    fn open(&self) -> Result<Option<OpenCharge>, SettleError> {
        if let Some(ongoing) = &self.ongoing {
            return Ok(Some(OpenCharge { done: ongoing.done.checked_add(self.open_done)?, ..ongoing.clone() }));
        }
        // Nothing runs, but the rating period or the day still holds what did.
        if let Some(state) = &self.period {
            let Some((key, terms)) = &state.last else { return Ok(None) };
            let month_seconds = terms.month_seconds_at(state.period.start(), &self.payer.zone)?;
            return Ok(Some(OpenCharge {
                key: key.clone(),
                month_seconds,
                since: state.period.start(),
                at: self.now,
                total: 0,
                slope: 0,
                done: state.cost.checked_add(self.open_done)?,
                base: Charge::zero(self.currency),
                until: Some(state.period.end()),
                by_period: true,
            }));
        }
        let nothing = self.open_done == Charge::zero(self.currency);
        let Some(run) = self.run.as_ref().filter(|_| !nothing) else { return Ok(None) };
        let month_seconds = run.terms.month_seconds_at(run.since, &self.payer.zone)?;
        Ok(Some(OpenCharge {
            key: run.key.clone(),
            month_seconds,
            since: run.to,
            at: run.to,
            total: 0,
            slope: 0,
            done: self.open_done,
            base: Charge::zero(self.currency),
            until: self.slot_end(&run.terms)?,
            by_period: run.terms.settle == Cadence::Cycle,
        }))
    }
}

fn slot(piece: &Stretch, day: Period) -> Slot {
    Slot { payer: piece.payer, part: piece.part.clone(), from: day.start(), to: day.end() }
}

fn starts_period(piece: &Stretch, zone: &Zone) -> bool {
    piece.terms.period_of(piece.from, zone).is_ok_and(|period| period.start() == piece.from)
}

fn add(costs: &mut Costs, slot: Slot, key: &Arc<TermsKey>, charge: Charge) -> Result<(), SettleError> {
    match costs.closed.get_mut(&slot) {
        Some((_, sum)) => *sum = sum.checked_add(charge)?,
        None => {
            costs.closed.insert(slot, (key.clone(), charge));
        }
    }
    Ok(())
}

/// A total after the seconds from one instant to another.
fn grown(total: i128, slope: i64, from: Instant, at: Instant) -> Result<i128, SettleError> {
    let overflow = || SettleError::Overflow { what: "count a total" };
    let seconds = i128::from(at.seconds_since(from).max(0));
    let more = i128::from(slope).checked_mul(seconds).ok_or_else(overflow)?;
    total.checked_add(more).ok_or_else(overflow)
}

/// The stretches of one resource: its segments, cut where terms change.
pub fn stretches_of_resource(
    segments: &[crate::timeline::Segment],
    thing: &ThingPrices<'_>,
    payers: &BTreeMap<OwnerId, Payer>,
    book: &PriceBook,
) -> Result<Vec<Stretch>, SettleError> {
    let mut stretches = Vec::new();
    for part in thing.parts {
        for segment in segments {
            let Some(payer) = payers.get(&segment.payer) else { continue };
            let priced = Priced {
                product: thing.product,
                sku: segment.sku.as_ref(),
                part: part.as_ref(),
                account: &payer.name,
                zone: &payer.zone,
                properties: thing.properties,
                fixed_at: Some(segment.priced_at),
            };
            let holdings = book.terms_over(&priced, segment.from, segment.to)?;
            let last = holdings.len().saturating_sub(1);
            for (place, Holding { from, to, key, terms }) in holdings.into_iter().enumerate() {
                let counted = terms.share_of(segment.state.name(), segment.size);
                let slope = match (terms.kind, terms.free) {
                    (crate::catalog::Kind::Capacity, Some((free, _))) => {
                        counted.checked_sub(free).unwrap_or_default().max(Quantity::ZERO)
                    }
                    _ => counted,
                };
                let capacity = terms.kind == crate::catalog::Kind::Capacity;
                // A state that costs nothing has no price, so there is no run and no minimum; a size of nothing has one.
                let share = terms.share_of(segment.state.name(), Quantity::ONE);
                if share.is_zero() || (slope.is_zero() && !capacity) {
                    continue;
                }
                stretches.push(Stretch {
                    from,
                    to,
                    payer: segment.payer,
                    part: part.clone(),
                    slope: if segment.void { 0 } else { slope.millionths() },
                    // A size that changes starts no run; a thing of another size does, and another share of the price.
                    run: if capacity { share.millionths() } else { slope.millionths() },
                    void: segment.void,
                    key,
                    terms,
                    session_ends: segment.session.filter(|_| segment.ends_session && place == last),
                });
            }
        }
    }
    Ok(stretches)
}

/// What the prices of a thing are looked up by.
#[derive(Clone, Copy, Debug)]
pub struct ThingPrices<'a> {
    pub product: &'a Name,
    pub parts: &'a [Option<Name>],
    pub properties: &'a BTreeMap<String, String>,
}

/// The stretches of a size that several things share a free part of: what they are together above it (R70, R71, R89).
pub fn stretches_of_scope(
    members: &[Vec<crate::timeline::Segment>],
    payer: (OwnerId, &Payer),
    thing: &ThingPrices<'_>,
    book: &PriceBook,
) -> Result<Vec<Stretch>, SettleError> {
    let (owner, payer) = payer;
    let own = |segment: &&crate::timeline::Segment| segment.payer == owner;
    let mut cuts: Vec<Instant> =
        members.iter().flatten().filter(own).flat_map(|segment| [Some(segment.from), segment.to]).flatten().collect();
    cuts.sort_unstable();
    cuts.dedup();
    // A free size is the product's; where prices are by SKU, the first member's.
    let first = members.iter().flatten().filter(own).min_by_key(|segment| segment.from);
    let sku = first.and_then(|segment| segment.sku.as_ref());
    let mut stretches = Vec::new();
    for part in thing.parts {
        for (place, from) in cuts.iter().enumerate() {
            let to = cuts.get(place.saturating_add(1)).copied();
            let priced = Priced {
                product: thing.product,
                sku,
                part: part.as_ref(),
                account: &payer.name,
                zone: &payer.zone,
                properties: thing.properties,
                fixed_at: None,
            };
            for Holding { from, to, key, terms } in book.terms_over(&priced, *from, to)? {
                let holds = |segment: &&crate::timeline::Segment| {
                    own(segment) && segment.from <= from && segment.to.is_none_or(|to| to > from)
                };
                let shares = |segment: &&crate::timeline::Segment| {
                    !terms.share_of(segment.state.name(), Quantity::ONE).is_zero()
                };
                let mut sizes = members.iter().flatten().filter(holds).filter(shares).peekable();
                if sizes.peek().is_none() {
                    continue; // nothing of it is there that has a price
                }
                let void = sizes.clone().all(|segment| segment.void);
                let together = sizes.filter(|segment| !segment.void).fold(0_i64, |sum, segment| {
                    sum.saturating_add(terms.share_of(segment.state.name(), segment.size).millionths())
                });
                let free = terms.free.map_or(0, |(free, _)| free.millionths());
                stretches.push(Stretch {
                    from,
                    to,
                    payer: owner,
                    part: part.clone(),
                    slope: together.saturating_sub(free).max(0),
                    run: 0,
                    void,
                    key,
                    terms,
                    session_ends: None,
                });
            }
        }
    }
    Ok(stretches)
}

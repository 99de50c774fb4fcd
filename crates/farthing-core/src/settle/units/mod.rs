//! Units bought ahead: what a price takes of them, what a thing has taken, and the seconds that they did not cover (R8).
//!
//! Units are counted in millionths, apart from money. What takes them runs on as money's costs do: G of the whole seconds of a
//! run, so no cut changes a total. While an account has none of a unit left it is *dry*: those seconds take no units, and cost
//! the price in money where there is one. `book.rs` says which packs give; this says how much is asked of them.

mod book;
#[cfg(test)]
mod tests;

pub use book::{Drawn, Turn, UnitBook, UnitLot, UnitUse};

use super::{SettleError, Stretch};
use crate::ledger::OwnerId;
use crate::measure::{Unit, UnitPrice};
use crate::money::{Rounding, mul_div_round};
use crate::time::{Duration, Instant};
use std::collections::BTreeMap;

/// What a price takes of units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTerms {
    pub unit: Unit,
    pub rate: UnitRate,
    /// There is a price in money as well, for what units do not cover.
    pub beside_money: bool,
}

/// So many millionths of a unit for so many millionths of what is priced, over so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRate {
    pub taken: i64,
    pub per: i64,
}

impl UnitRate {
    /// None where the price has no time of a fixed length.
    pub fn of(price: &UnitPrice) -> Option<UnitRate> {
        let per = price.per.count.millionths().checked_mul(price.per.time?.seconds()?)?;
        (per > 0).then_some(UnitRate { taken: price.quantity.millionths(), per })
    }

    /// What a total takes: millionths of a unit.
    pub fn of_total(self, total: i128) -> Result<i64, SettleError> {
        let exact = mul_div_round(i128::from(self.taken), total, i128::from(self.per), Rounding::HalfEven)?;
        i64::try_from(exact).map_err(|_| SettleError::Overflow { what: "count units" })
    }
}

/// Seconds that no units covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dry {
    /// The first second that was not covered at all.
    pub from: Instant,
    /// How much of the second before it was not covered, in millionths: the last units covered the rest of it.
    pub before: i64,
    /// When there were units again.
    pub to: Option<Instant>,
}

impl Dry {
    /// It says nothing of any second.
    pub fn is_nothing(&self) -> bool {
        self.before == 0 && self.to.is_some_and(|to| to <= self.from)
    }
}

/// What a thing has taken, in closed form: it grows by the second while there are units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitForm {
    /// What runs that are over have taken.
    pub done: i64,
    pub rate: UnitRate,
    /// The total of the run that goes on, at `at`; it grows by `slope` a second.
    pub total: i128,
    pub at: Instant,
    pub slope: i64,
    /// How long that holds; after it the timeline is folded again.
    pub until: Option<Instant>,
}

impl UnitForm {
    /// What it has taken by an instant. `dry`: there is nothing to take from, so it stands still.
    pub fn taken_at(&self, at: Instant, dry: bool) -> Result<i64, SettleError> {
        let run = self.rate.of_total(self.total_at(at, dry)?)?;
        self.done.checked_add(run).ok_or(OVERFLOW)
    }

    fn total_at(&self, at: Instant, dry: bool) -> Result<i128, SettleError> {
        if dry {
            return Ok(self.total);
        }
        let at = self.until.map_or(at, |until| until.min(at));
        grown(self.total, self.slope, at.seconds_since(self.at).max(0))
    }

    /// There are no units from here on, or there are again. `dry`: as it was until now.
    pub(super) fn turn(&mut self, at: Instant, dry: bool) -> Result<(), SettleError> {
        self.total = self.total_at(at, dry)?;
        self.at = at;
        Ok(())
    }
}

/// What one thing's stretches take of units for one payer, by unit. `dry`: the seconds that units did not cover, in order.
pub fn unit_forms(
    stretches: &[Stretch],
    payer: OwnerId,
    dry: &BTreeMap<Unit, Vec<Dry>>,
    now: Instant,
) -> Result<BTreeMap<Unit, UnitForm>, SettleError> {
    let mut forms: BTreeMap<Unit, UnitForm> = BTreeMap::new();
    // Where the run of a unit's form ended, and which run it was.
    let mut ends: BTreeMap<&Unit, (Instant, i64)> = BTreeMap::new();
    for stretch in stretches.iter().filter(|stretch| stretch.payer == payer && stretch.from <= now) {
        let Some(terms) = &stretch.terms.units else { continue };
        let ended = stretch.to.filter(|to| *to <= now);
        let stop = ended.unwrap_or(now);
        let own = dry.get(&terms.unit).map_or(&[][..], Vec::as_slice);
        let wet = wet_seconds(stretch.from, stop, own);
        let form = forms.entry(terms.unit.clone()).or_insert(UnitForm {
            done: 0,
            rate: terms.rate,
            total: 0,
            at: stop,
            slope: 0,
            until: None,
        });
        let joins = form.rate == terms.rate && ends.get(&terms.unit) == Some(&(stretch.from, stretch.run));
        if !joins {
            form.done = form.done.checked_add(form.rate.of_total(form.total)?).ok_or(OVERFLOW)?;
            form.total = 0;
        }
        form.rate = terms.rate;
        form.total = grown(form.total, stretch.slope, wet)?;
        form.at = stop;
        form.slope = if ended.is_some() { 0 } else { stretch.slope };
        form.until = stretch.to.filter(|_| ended.is_none());
        ends.insert(&terms.unit, (stop, stretch.run));
    }
    Ok(forms)
}

/// What of stretches costs money: all of what takes no units; of what does, the seconds that units did not cover, where there
/// is a price for them. `dry`: of each account's units.
pub fn uncovered(
    stretches: Vec<Stretch>,
    dry: &BTreeMap<(OwnerId, Unit), Vec<Dry>>,
) -> Result<Vec<Stretch>, SettleError> {
    let second = Duration::try_from_seconds(1)?;
    let mut kept = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let Some(terms) = &stretch.terms.units else {
            kept.push(stretch);
            continue;
        };
        if !terms.beside_money {
            continue;
        }
        for dry in dry.get(&(stretch.payer, terms.unit.clone())).into_iter().flatten() {
            let split = dry.from.checked_sub(second)?;
            // Of the second in which the last units went, the share that they did not cover.
            let slope = crate::money::mul_div_round(
                i128::from(stretch.slope),
                i128::from(dry.before),
                i128::from(MILLIONTHS),
                Rounding::HalfEven,
            )?;
            let slope = i64::try_from(slope).map_err(|_| OVERFLOW)?;
            let within = |from: Instant, to: Option<Instant>, slope: i64| {
                let from = from.max(stretch.from);
                let to = [to, stretch.to].into_iter().flatten().min();
                let is_last = to == stretch.to;
                let piece = Stretch {
                    from,
                    to,
                    slope,
                    session_ends: stretch.session_ends.filter(|_| is_last),
                    ..stretch.clone()
                };
                // Of an outage too: where it ends the thing is looked at again.
                ((slope > 0 || stretch.void) && to.is_none_or(|to| to > from)).then_some(piece)
            };
            kept.extend(within(split, Some(dry.from), slope));
            kept.extend(within(dry.from, dry.to, stretch.slope));
        }
    }
    Ok(kept)
}

/// The seconds between two instants that units may have covered.
fn wet_seconds(from: Instant, to: Instant, dry: &[Dry]) -> i64 {
    let without = dry.iter().map(|dry| {
        let end = dry.to.map_or(to, |end| end.min(to));
        end.seconds_since(dry.from.max(from)).max(0)
    });
    let without = without.fold(0_i64, i64::saturating_add);
    to.seconds_since(from).max(0).saturating_sub(without).max(0)
}

fn grown(total: i128, slope: i64, seconds: i64) -> Result<i128, SettleError> {
    i128::from(slope).checked_mul(i128::from(seconds)).and_then(|more| total.checked_add(more)).ok_or(OVERFLOW)
}

const MILLIONTHS: i64 = 1_000_000;
const OVERFLOW: SettleError = SettleError::Overflow { what: "count units" };

//! One account's packs of one unit, what takes of them, and the seconds in which there were none: what each settlement draws.
//!
//! As with money, what is drawn is what was taken less what was drawn before, so cuts and repeats change nothing. What has to
//! be given back goes the opposite way. The packs are never below nothing: what they do not hold is *missing*, and from the next
//! second on the account is dry.

use super::{Dry, MILLIONTHS, OVERFLOW, UnitForm};
use crate::config::Name;
use crate::ledger::AccountId;
use crate::money::{Rounding, allocate, mul_div_round};
use crate::settle::{Paid, SettleError, Source, ThingId};
use crate::time::{Duration, Instant};

/// A pack, or units that were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitLot {
    /// Its account in the ledger.
    pub account: AccountId,
    /// In the order in which the account was given them.
    pub number: i64,
    pub size: i64,
    /// What is left of it.
    pub left: i64,
    pub starts: Instant,
    /// None: they never lapse.
    pub expires: Option<Instant>,
}

/// What one thing has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitUse {
    pub thing: ThingId,
    pub product: Name,
    pub form: UnitForm,
    /// Which packs gave how much, first what gave first.
    pub paid: Paid,
    /// What no pack gave: of the second in which the last units went, or told too late.
    pub missing: i64,
}

/// What a thing draws of a pack; below zero it gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    pub thing: ThingId,
    pub product: Name,
    pub lot: AccountId,
    pub amount: i64,
    /// What of the pack was used before; none where it has lapsed.
    pub used_before: Option<i64>,
}

/// The account has run out of the unit, or has some again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Dry(Instant),
    Wet(Instant),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitBook {
    lots: Vec<UnitLot>,
    /// In order of thing.
    pub uses: Vec<UnitUse>,
    /// In order of time; only the last may go on.
    pub dry: Vec<Dry>,
    /// How much of the last second settled no units covered, in millionths.
    short: i64,
}

impl UnitLot {
    /// It may pay for use that ended by an instant: its last second is one of them.
    fn serves_until(&self, at: Instant) -> bool {
        self.starts < at && self.expires.is_none_or(|expires| at <= expires)
    }

    /// It may pay for use that begins at an instant.
    pub fn serves_from(&self, at: Instant) -> bool {
        self.starts <= at && self.expires.is_none_or(|expires| at < expires)
    }
}

impl UnitUse {
    /// What packs gave.
    pub fn drawn(&self) -> i64 {
        self.paid.iter().map(|(_, part)| *part).fold(0, i64::saturating_add)
    }

    /// What it has taken since it was settled.
    fn open_at(&self, at: Instant, dry: bool) -> Result<i64, SettleError> {
        let settled = self.drawn().checked_add(self.missing).ok_or(OVERFLOW)?;
        self.form.taken_at(at, dry)?.checked_sub(settled).ok_or(OVERFLOW)
    }
}

impl UnitBook {
    pub fn new(lots: Vec<UnitLot>, mut uses: Vec<UnitUse>, dry: Vec<Dry>) -> UnitBook {
        uses.sort_by_key(|one| one.thing);
        let mut book = UnitBook { lots: Vec::new(), uses, dry, short: 0 };
        for lot in lots {
            book.add_lot(lot);
        }
        book
    }

    /// In the order in which they give: the earliest end first, none last, then the oldest.
    pub fn lots(&self) -> &[UnitLot] {
        &self.lots
    }

    pub fn add_lot(&mut self, lot: UnitLot) {
        self.lots.push(lot);
        self.lots.sort_by_key(|lot| (lot.expires.is_none(), lot.expires, lot.number));
    }

    pub fn remove_lot(&mut self, account: AccountId) {
        self.lots.retain(|lot| lot.account != account);
    }

    pub fn is_dry(&self) -> bool {
        self.dry.last().is_some_and(|dry| dry.to.is_none())
    }

    /// What is left for whatever begins at an instant, if things run on as they do until then.
    pub fn left_at(&self, at: Instant) -> Result<i64, SettleError> {
        let at = at.floor_second();
        let (mut until, mut after) = (0_i64, 0_i64);
        for lot in self.lots.iter().filter(|lot| lot.serves_from(at)) {
            let sum = if lot.serves_until(at) { &mut until } else { &mut after };
            *sum = sum.checked_add(lot.left).ok_or(OVERFLOW)?;
        }
        // What ends at this very second goes first.
        let ending = self.lots.iter().filter(|lot| lot.serves_until(at) && !lot.serves_from(at));
        let ending = ending.map(|lot| lot.left).fold(0, i64::saturating_add);
        let open = self.open_at(at)?.saturating_sub(ending).max(0);
        Ok(until.saturating_sub(open).max(0).saturating_add(after))
    }

    fn open_at(&self, at: Instant) -> Result<i64, SettleError> {
        let dry = self.is_dry();
        let mut sum = 0_i64;
        for one in &self.uses {
            sum = sum.checked_add(one.open_at(at, dry)?).ok_or(OVERFLOW)?;
        }
        Ok(sum)
    }

    /// Draws what was taken up to an instant. What the packs do not hold is missing, shared by what each thing took in the last
    /// second.
    pub fn draw_to(&mut self, at: Instant) -> Result<Vec<Drawn>, SettleError> {
        let dry = self.is_dry();
        let open = self.uses.iter().map(|one| one.open_at(at, dry)).collect::<Result<Vec<i64>, _>>()?;
        let wanted = open.iter().copied().fold(0_i64, i64::saturating_add);
        let there = self.lots.iter().filter(|lot| lot.serves_until(at)).map(|lot| lot.left);
        let missing = wanted.saturating_sub(there.fold(0, i64::saturating_add)).max(0);
        let shares = self.share_missing(missing, &open, at)?;
        let mut drawn = Vec::new();
        for ((one, open), missing) in self.uses.iter_mut().zip(open).zip(shares) {
            one.missing = one.missing.saturating_add(missing);
            let takes = open.saturating_sub(missing);
            draw(&mut self.lots, one, takes, |lot| lot.serves_until(at), &mut drawn);
        }
        Ok(drawn)
    }

    fn share_missing(&mut self, missing: i64, open: &[i64], at: Instant) -> Result<Vec<i64>, SettleError> {
        if missing == 0 {
            return Ok(vec![0; open.len()]);
        }
        let before = at.checked_sub(Duration::try_from_seconds(1)?)?;
        let mut last = Vec::with_capacity(open.len());
        for (one, open) in self.uses.iter().zip(open) {
            let earlier = if one.form.at <= before { one.open_at(before, false)? } else { 0 };
            last.push(open.saturating_sub(earlier).clamp(0, (*open).max(0)));
        }
        let together = last.iter().copied().fold(0_i64, i64::saturating_add);
        if together < missing {
            // More than a second is not covered: each goes without by what it took.
            self.short = if together > 0 { MILLIONTHS } else { 0 };
            last = open.iter().map(|open| (*open).max(0)).collect();
        } else {
            let share =
                mul_div_round(i128::from(missing), i128::from(MILLIONTHS), i128::from(together), Rounding::HalfEven)?;
            self.short = i64::try_from(share).map_err(|_| OVERFLOW)?;
        }
        let weights: Vec<u64> = last.iter().map(|part| u64::try_from(*part).unwrap_or(0)).collect();
        Ok(allocate(missing, &weights)?)
    }

    /// Whether there is something to take from here on: says when that changes. After `draw_to` the same instant.
    pub fn turn(&mut self, at: Instant) -> Result<Option<Turn>, SettleError> {
        let left = self.lots.iter().filter(|lot| lot.serves_from(at)).map(|lot| lot.left).fold(0, i64::saturating_add);
        let runs = self.uses.iter().any(|one| one.form.slope > 0 && one.form.until.is_none_or(|until| until > at));
        let was_dry = self.is_dry();
        let turn = match (was_dry, left > 0) {
            (false, false) if runs => {
                self.dry.push(Dry { from: at, before: self.short, to: None });
                Turn::Dry(at)
            }
            (true, true) => {
                if let Some(dry) = self.dry.last_mut() {
                    dry.to = Some(at);
                }
                self.dry.retain(|dry| !dry.is_nothing());
                Turn::Wet(at)
            }
            // The last units went in the very second before there were new ones.
            (false, true) if self.short > 0 => {
                self.dry.push(Dry { from: at, before: self.short, to: Some(at) });
                Turn::Wet(at)
            }
            (false | true, false) | (false, true) => return Ok(None),
        };
        self.short = 0;
        for one in &mut self.uses {
            one.form.turn(at, was_dry)?;
        }
        Ok(Some(turn))
    }

    /// A thing that was not among those that run.
    pub fn add_use(&mut self, one: UnitUse) {
        if let Err(place) = self.uses.binary_search_by_key(&one.thing, |one| one.thing) {
            self.uses.insert(place, one);
        }
    }

    /// A thing's timeline has been folded again. What it takes more is drawn of what is there, and of packs that had not ended
    /// at `dated`, since when it is so; what it takes less goes back: first what was missing, then to the packs, last what gave
    /// first. After `draw_to`.
    pub fn refold(
        &mut self,
        thing: ThingId,
        product: &Name,
        form: UnitForm,
        dated: Instant,
        at: Instant,
    ) -> Result<Vec<Drawn>, SettleError> {
        let dry = self.is_dry();
        let place = match self.uses.binary_search_by_key(&thing, |one| one.thing) {
            Ok(place) => place,
            Err(place) => {
                let fresh = UnitUse { thing, product: product.clone(), form, paid: Paid::new(), missing: 0 };
                self.uses.insert(place, fresh);
                place
            }
        };
        let UnitBook { lots, uses, .. } = self;
        let Some(one) = uses.get_mut(place) else { return Ok(Vec::new()) };
        one.form = form;
        let change = one.open_at(at, dry)?;
        let mut drawn = Vec::new();
        if change > 0 {
            let serves = |lot: &UnitLot| lot.starts <= at && lot.expires.is_none_or(|expires| dated < expires);
            draw(lots, one, change, serves, &mut drawn);
            let gave = drawn.iter().map(|drawn| drawn.amount).fold(0, i64::saturating_add);
            one.missing = one.missing.saturating_add(change.saturating_sub(gave));
        } else {
            let mut rest = change.saturating_neg();
            let less = rest.min(one.missing);
            one.missing = one.missing.saturating_sub(less);
            rest = rest.saturating_sub(less);
            give_back(lots, one, rest, &mut drawn);
        }
        Ok(drawn)
    }

    /// The next instant at which anything changes by itself: a pack begins or ends, a form ends, the last units go.
    pub fn next(&self, now: Instant) -> Result<Option<Instant>, SettleError> {
        let lots = self.lots.iter().flat_map(|lot| [Some(lot.starts), lot.expires]);
        let forms = self.uses.iter().map(|one| one.form.until);
        let edge = lots.chain(forms).flatten().filter(|edge| *edge > now).min();
        Ok([self.used_up_at(now, edge)?, edge].into_iter().flatten().min())
    }

    /// The first whole second at which nothing is left of what may pay now, if that is before the next edge.
    pub fn used_up_at(&self, now: Instant, edge: Option<Instant>) -> Result<Option<Instant>, SettleError> {
        if self.is_dry() || self.uses.iter().all(|one| one.form.slope == 0) {
            return Ok(None);
        }
        let now = now.floor_second();
        let there = self.lots.iter().filter(|lot| lot.serves_from(now)).map(|lot| lot.left);
        let there = there.fold(0, i64::saturating_add);
        let is_out = |seconds: i64| -> Result<bool, SettleError> {
            // What has grown beyond every number by then has taken everything there is.
            let open = self.open_at(now.checked_add(Duration::try_from_seconds(seconds)?)?);
            Ok(!open.is_ok_and(|open| open < there))
        };
        let most = edge.map_or(HORIZON_SECONDS, |edge| edge.seconds_since(now)).min(HORIZON_SECONDS);
        if most < 1 || !is_out(most)? {
            return Ok(None);
        }
        let (mut before, mut after) = (0_i64, most);
        while after.saturating_sub(before) > 1 {
            let middle = before.saturating_add(after.saturating_sub(before) / 2);
            if is_out(middle)? {
                after = middle;
            } else {
                before = middle;
            }
        }
        Ok(Some(now.checked_add(Duration::try_from_seconds(after)?)?))
    }
}

/// Nobody's units are foretold for longer: 10 years.
const HORIZON_SECONDS: i64 = 10 * 366 * 86_400;

fn draw(
    lots: &mut [UnitLot],
    one: &mut UnitUse,
    amount: i64,
    serves: impl Fn(&UnitLot) -> bool,
    drawn: &mut Vec<Drawn>,
) {
    let mut rest = amount.max(0);
    for lot in lots.iter_mut().filter(|lot| serves(lot)) {
        let part = lot.left.clamp(0, rest);
        if part == 0 {
            continue;
        }
        let used_before = Some(lot.size.saturating_sub(lot.left));
        lot.left = lot.left.saturating_sub(part);
        rest = rest.saturating_sub(part);
        crate::settle::purse::merge(&mut one.paid, (Source::Lot(lot.account), part));
        let (thing, product) = (one.thing, one.product.clone());
        drawn.push(Drawn { thing, product, lot: lot.account, amount: part, used_before });
    }
}

fn give_back(lots: &mut [UnitLot], one: &mut UnitUse, amount: i64, drawn: &mut Vec<Drawn>) {
    let mut rest = amount.max(0);
    while rest > 0 {
        let Some((Source::Lot(account), whole)) = one.paid.last_mut() else { break };
        let account = *account;
        let part = rest.min(*whole);
        rest = rest.saturating_sub(part);
        *whole = whole.saturating_sub(part);
        if *whole == 0 {
            one.paid.pop();
        }
        let lot = lots.iter_mut().find(|lot| lot.account == account);
        let used_before = lot.map(|lot| {
            let used = lot.size.saturating_sub(lot.left);
            lot.left = lot.left.saturating_add(part);
            used
        });
        let (thing, product) = (one.thing, one.product.clone());
        drawn.push(Drawn { thing, product, lot: account, amount: part.saturating_neg(), used_before });
    }
}

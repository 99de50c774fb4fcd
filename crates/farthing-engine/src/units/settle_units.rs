//! What units do by themselves: they are drawn and given back, they run out, they lapse, and some are given again.

use super::no_such_lot;
use crate::EngineError;
use crate::folio::Work;
use crate::units::give_units::NewLot;
use farthing_core::ledger::posting::{self, PackLapsed, Stamp, UnitsUsed, earned};
use farthing_core::ledger::{Chart, CommodityId, CommodityKind, OwnerId};
use farthing_core::measure::{Quantity, Unit};
use farthing_core::notice::Event;
use farthing_core::settle::{
    Drawn, Payer, SettleError, ThingId, ThingPrices, Turn, UnitForm, UnitRate, parts_of, stretches_of_resource,
    unit_forms,
};
use farthing_core::time::{Duration, Instant};
use farthing_store::{ThingKind, ThingRow, UnitLotRow, properties_from_text};
use std::collections::BTreeMap;

/// Units are counted in millionths.
const DECIMALS: u32 = 6;

impl Work<'_, '_> {
    pub(crate) fn unit_commodity(&mut self, unit: &Unit) -> Result<CommodityId, EngineError> {
        Ok(self.tx.commodity_ensure(unit.as_str(), CommodityKind::Unit, DECIMALS)?)
    }

    /// Draws what was used up to an instant.
    pub(crate) fn settle_units(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        let Some(units) = self.folio(id).units.as_mut() else { return Ok(()) };
        let mut drawn = Vec::new();
        for (unit, book) in &mut units.books {
            drawn.extend(book.draw_to(at)?.into_iter().map(|drawn| (unit.clone(), drawn)));
        }
        self.book_units(id, at, drawn)
    }

    /// Posts what was drawn: each pack earns by what of it is used.
    fn book_units(&mut self, id: OwnerId, at: Instant, drawn: Vec<(Unit, Drawn)>) -> Result<(), EngineError> {
        if drawn.is_empty() {
            return Ok(());
        }
        let money = self.books()?.commodity;
        let mut commands = Vec::with_capacity(drawn.len());
        for (unit, drawn) in drawn {
            let commodity = self.unit_commodity(&unit)?;
            let units_used = self.book_account_in(Chart::UnitsUsed, commodity)?;
            let mut lot = self.unit_lot(id, &drawn)?;
            let used = drawn.amount.saturating_abs();
            let used_before = drawn.used_before.unwrap_or(lot.used());
            let facts = UnitsUsed {
                unit: commodity,
                units: lot.ledger,
                units_used,
                used_before,
                used,
                size: lot.size,
                paid: lot.paid,
                commodity: money,
                deferred: lot.deferred.unwrap_or(lot.ledger), // of what was given nothing is earned: no leg names it
                revenue: if lot.paid > 0 { self.revenue(&drawn.product)? } else { lot.ledger },
            };
            let mut ids = self.stamp_ids();
            let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at };
            if drawn.amount > 0 {
                commands.push(posting::units_used(&mut stamp, &facts).map_err(SettleError::from)?);
                continue;
            }
            commands.push(posting::units_returned(&mut stamp, &facts).map_err(SettleError::from)?);
            // What returns to a pack that has lapsed lapses again at once.
            if let Some(lapsed) = lot.lapsed {
                let less = |used| earned(lot.paid, lot.size, used).map_err(SettleError::from);
                let unearned = less(used_before)?.saturating_sub(less(used_before.saturating_sub(used))?);
                commands.push(self.lapse_command(&lot, at, used, unearned)?);
                lot.lapsed = Some(lapsed.saturating_add(used));
                self.tx.unit_lot_lapse(&lot)?;
            }
        }
        self.folio(id).stir();
        self.book(&commands)
    }

    fn unit_lot(&mut self, id: OwnerId, drawn: &Drawn) -> Result<UnitLotRow, EngineError> {
        let own = self.units_mut(id).lots.iter_mut().find(|lot| lot.ledger == drawn.lot);
        if let Some(lot) = own {
            lot.balance = lot.balance.saturating_sub(drawn.amount);
            return Ok(lot.clone());
        }
        let lapsed = self.tx.unit_lot_by_ledger(drawn.lot)?;
        Ok(lapsed.ok_or_else(|| no_such_lot(drawn.lot.0))?)
    }

    fn lapse_command(
        &mut self,
        lot: &UnitLotRow,
        at: Instant,
        left: i64,
        unearned: i64,
    ) -> Result<farthing_core::ledger::Command, EngineError> {
        let unit = self.unit_commodity(&lot.unit)?;
        let commodity = self.books()?.commodity;
        let units_out = self.book_account_in(Chart::UnitsOut, unit)?;
        let breakage = if lot.paid > 0 { self.book_account(Chart::Breakage)? } else { lot.ledger };
        let deferred = lot.deferred.unwrap_or(lot.ledger);
        let facts = PackLapsed { unit, units: lot.ledger, units_out, left, commodity, deferred, breakage, unearned };
        let mut ids = self.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at };
        Ok(posting::pack_lapsed(&mut stamp, &facts))
    }

    /// What runs goes on without units where they are used up, and with them where there are some again. After everything up to
    /// the instant was drawn.
    pub(crate) fn turn_units(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        let mut turned: Vec<(Unit, Turn, Vec<ThingId>)> = Vec::new();
        for (unit, book) in self.folio(id).units.iter_mut().flat_map(|units| &mut units.books) {
            if let Some(turn) = book.turn(at)? {
                let running = book.uses.iter().filter(|one| one.form.slope > 0).map(|one| one.thing);
                turned.push((unit.clone(), turn, running.collect()));
            }
        }
        for (unit, turn, running) in turned {
            self.folio(id).stir();
            if let Turn::Dry(since) = turn {
                let account = self.folio(id).payer.name.clone();
                let event = Event::UnitsUsedUp { account, unit: unit.beside(false), since };
                self.tell_of(Some(id), event, since);
            }
            // Of the second before, a part may cost money.
            let from = at.checked_sub(Duration::from_seconds(1)).map_err(SettleError::from)?;
            for thing in self.tx.things(&running)? {
                self.refold_money(&[id], &thing, from, at)?;
            }
        }
        Ok(())
    }

    /// A thing's timeline has changed since an instant: what it takes is found anew, and the difference drawn or given back.
    pub(crate) fn refold_units(
        &mut self,
        ids: &[OwnerId],
        thing: &ThingRow,
        changed: Instant,
        as_of: Instant,
    ) -> Result<(), EngineError> {
        if thing.kind != ThingKind::Resource {
            return Ok(());
        }
        let cloud = self.cloud.clone();
        let Some(product) = cloud.profile_at(as_of)?.catalog.product_by_id(thing.product.as_str()) else {
            return Ok(());
        };
        let facts = self.facts_of(thing)?;
        let timeline = self.fold(&facts, product)?;
        let (parts, properties) = (parts_of(product), properties_from_text(&thing.properties));
        let prices = ThingPrices { product: &thing.product, parts: &parts, properties: &properties };
        for id in ids {
            let folio = self.folio(*id);
            let open_from = folio.state.open_from;
            let payer = Payer { zone: folio.zone.clone(), name: folio.name.clone(), open_from, closed_from: open_from };
            let payers = BTreeMap::from([(*id, payer)]);
            let segments = self.without_outages(thing, timeline.segments.clone());
            let stretches = stretches_of_resource(&segments, &prices, &payers, &cloud.prices)?;
            self.load_use(*id, thing.id)?;
            self.settle_units(*id, as_of)?;
            let dry = self.dry_of(&[*id]).into_iter().map(|((_, unit), dry)| (unit, dry)).collect();
            let mut forms = unit_forms(&stretches, *id, &dry, as_of)?;
            // What it no longer takes at all.
            for (unit, book) in self.folio(*id).units.iter().flat_map(|units| &units.books) {
                if book.uses.iter().any(|one| one.thing == thing.id) && !forms.contains_key(unit) {
                    let rate = UnitRate { taken: 0, per: 1 };
                    let nothing = UnitForm { done: 0, rate, total: 0, at: as_of, slope: 0, until: None };
                    forms.insert(unit.clone(), nothing);
                }
            }
            if forms.is_empty() {
                continue;
            }
            // A pack that has ended pays for what was before its end for as long as it is there: until it lapses.
            let dated = changed.floor_second();
            let mut drawn = Vec::new();
            for (unit, form) in forms {
                let book = self.units_mut(*id).books.entry(unit.clone()).or_default();
                let own = book.refold(thing.id, &thing.product, form, dated, as_of)?;
                drawn.extend(own.into_iter().map(|drawn| (unit.clone(), drawn)));
            }
            self.folio(*id).stir();
            self.book_units(*id, as_of, drawn)?;
            self.turn_units(*id, as_of)?;
        }
        Ok(())
    }

    /// An account's due time has come: what its units do by themselves at that instant.
    pub(crate) fn happen_units(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        if self.folio(id).units.is_none() {
            return Ok(());
        }
        self.settle_units(id, at)?;
        let lots = &self.units_mut(id).lots;
        let is_there = |lot: &UnitLotRow| lots.iter().any(|other| other.name == lot.name && other.round > lot.round);
        let ends = |lot: &&UnitLotRow| lot.every.is_some() && lot.expires == Some(at) && !is_there(lot);
        let again: Vec<UnitLotRow> = lots.iter().filter(ends).cloned().collect();
        for lot in again {
            self.give_again(id, &lot, at)?;
        }
        self.turn_units(id, at)?;
        let uses = self.units_mut(id).books.values().flat_map(|book| &book.uses);
        let ended = uses.filter(|one| one.form.until.is_some_and(|until| until <= at)).map(|one| one.thing);
        let ended: Vec<ThingId> = ended.collect();
        for thing in self.tx.things(&ended)? {
            self.refold_of(&[id], &thing, at, at)?;
        }
        self.lapse_units(id, at)
    }

    /// What is given by the day, or by another time, is given again when the last of it ends.
    fn give_again(&mut self, id: OwnerId, lot: &UnitLotRow, at: Instant) -> Result<(), EngineError> {
        let every = Duration::try_from_seconds(lot.every.unwrap_or(0)).map_err(SettleError::from)?;
        let again = NewLot {
            name: lot.name.clone(),
            product: String::new(),
            unit: lot.unit.clone(),
            size: lot.size,
            paid: None,
            starts: at,
            expires: Some(at.checked_add(every).map_err(SettleError::from)?),
            every: lot.every,
            round: lot.round.saturating_add(1),
            reason: lot.reason.clone(),
            cause: None,
        };
        self.add_unit_lot(id, again, at)?;
        Ok(())
    }

    /// A pack that ended stays usable for what is dated before its end, until the late window is over. What was paid for the rest
    /// is then income of another kind.
    fn lapse_units(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        let late_window = self.policy_at(at)?.settle.late_window;
        let over =
            |lot: &&UnitLotRow| lot.expires.is_some_and(|end| end.checked_add(late_window).is_ok_and(|end| end <= at));
        let lapsing: Vec<UnitLotRow> = self.units_mut(id).lots.iter().filter(over).cloned().collect();
        for mut lot in lapsing {
            let left = lot.balance;
            let earned = earned(lot.paid, lot.size, lot.used()).map_err(SettleError::from)?;
            let command = self.lapse_command(&lot, at, left, lot.paid.saturating_sub(earned))?;
            self.book(&[command])?;
            lot.lapsed = Some(left);
            lot.balance = 0;
            self.tx.unit_lot_lapse(&lot)?;
            let units = self.units_mut(id);
            units.lots.retain(|other| other.number != lot.number);
            if let Some(book) = units.books.get_mut(&lot.unit) {
                book.remove_lot(lot.ledger);
            }
            // Who is given as much again every day need not hear of it.
            if left > 0 && lot.every.is_none() {
                let event = Event::UnitsLapsed {
                    account: self.folio(id).payer.name.clone(),
                    units: Quantity::from_millionths(left),
                    unit: lot.unit.beside(left == Quantity::ONE.millionths()),
                    name: lot.name.clone(),
                    expired_at: lot.expires.unwrap_or(at),
                };
                self.tell_of(Some(id), event, at);
            }
        }
        Ok(())
    }
}

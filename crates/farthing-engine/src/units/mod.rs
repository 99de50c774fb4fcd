//! Units bought ahead, inside a transaction: an account's packs and what draws of them, beside its book of money (R8).
//!
//! Everything is decided by the core's `UnitBook`, one for each unit; this reads it with its account, posts what it draws, and
//! writes what has changed. Clouds that sell no units never come here.

mod buy_units;
mod give_units;
mod list_units;
mod settle_units;

pub use buy_units::NewUnits;
pub use give_units::NewUnitGift;
pub use list_units::{UnitLotFacts, UnitsView};

pub(crate) use give_units::{PaidPack, deliver_pack};

use crate::EngineError;
use crate::folio::Work;
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Unit;
use farthing_core::settle::{Dry, Priced, SettleError, ThingId, UnitBook, UnitLot};
use farthing_core::time::{Duration, Instant, Zone};
use farthing_store::{StoreError, UnitDryRow, UnitLotRow, UnitUseRow, properties_from_text};
use std::collections::BTreeMap;

/// What an account has of units.
#[derive(Debug, Default)]
pub(crate) struct Units {
    pub(crate) books: BTreeMap<Unit, UnitBook>,
    /// Those that have not lapsed.
    pub(crate) lots: Vec<UnitLotRow>,
    uses_loaded: Vec<UnitUseRow>,
    dry_loaded: Vec<UnitDryRow>,
}

/// Whether units can pay for something.
pub(crate) enum UnitsLeft {
    Some,
    /// Only they could, and there are none.
    NoneOf(Unit),
    /// What it costs is money, now at least.
    Money,
}

impl Units {
    /// The next instant at which anything of it changes by itself; while units are used, the end of the day as well, when it is
    /// settled like everything else.
    pub(crate) fn find_due(
        &self,
        now: Instant,
        late_window: Duration,
        zone: &Zone,
    ) -> Result<Option<Instant>, SettleError> {
        let mut next: Option<Instant> = None;
        let mut at_latest = |at: Instant| {
            if at > now {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        };
        for book in self.books.values() {
            book.next(now)?.into_iter().for_each(&mut at_latest);
            if !book.is_dry() && book.uses.iter().any(|one| one.form.slope > 0) {
                at_latest(zone.day_of(now.floor_second())?.end());
            }
        }
        for expires in self.lots.iter().filter_map(|lot| lot.expires) {
            at_latest(expires.checked_add(late_window)?);
        }
        Ok(next)
    }

    /// What has changed of its rows since they were read, and what is gone.
    fn changed(&self, account: OwnerId) -> (Vec<UnitUseRow>, Vec<UnitDryRow>, Vec<UnitDryRow>) {
        let (mut uses, mut dry) = (Vec::new(), Vec::new());
        let mut gone: Vec<UnitDryRow> = self.dry_loaded.clone();
        for (unit, book) in &self.books {
            let rows = book.uses.iter().map(|one| UnitUseRow { account, unit: unit.clone(), taken: one.clone() });
            uses.extend(rows.filter(|row| !self.uses_loaded.contains(row)));
            for own in &book.dry {
                let row = UnitDryRow { account, unit: unit.clone(), dry: *own };
                gone.retain(|old| old.unit != row.unit || old.dry.from != row.dry.from);
                if !self.dry_loaded.contains(&row) {
                    dry.push(row);
                }
            }
        }
        (uses, dry, gone)
    }
}

impl Work<'_, '_> {
    /// Reads what accounts have of units. Most have none.
    pub(crate) fn load_units(&mut self, ids: &[OwnerId]) -> Result<(), EngineError> {
        let lots = self.tx.unit_lots(ids)?;
        let uses = self.tx.unit_uses_running(ids)?;
        let dry = self.tx.unit_dry(ids)?;
        for lot in lots {
            let units = self.units_mut(lot.account);
            units.books.entry(lot.unit.clone()).or_default().add_lot(core_lot(&lot));
            units.lots.push(lot);
        }
        for row in uses {
            let units = self.units_mut(row.account);
            units.books.entry(row.unit.clone()).or_default().add_use(row.taken.clone());
            units.uses_loaded.push(row);
        }
        for row in dry {
            let units = self.units_mut(row.account);
            units.books.entry(row.unit.clone()).or_default().dry.push(row.dry);
            units.dry_loaded.push(row);
        }
        Ok(())
    }

    pub(crate) fn units_mut(&mut self, id: OwnerId) -> &mut Units {
        self.folio(id).units.get_or_insert_default()
    }

    /// A thing that does not run has its rows all the same: they are needed when its timeline changes.
    pub(crate) fn load_use(&mut self, id: OwnerId, thing: ThingId) -> Result<(), EngineError> {
        for row in self.tx.unit_uses_of(id, thing)? {
            let units = self.units_mut(id);
            let book = units.books.entry(row.unit.clone()).or_default();
            if !book.uses.iter().any(|one| one.thing == thing) {
                book.add_use(row.taken.clone());
                units.uses_loaded.push(row);
            }
        }
        Ok(())
    }

    /// The seconds that units did not cover, of accounts that were loaded.
    pub(crate) fn dry_of(&self, ids: &[OwnerId]) -> BTreeMap<(OwnerId, Unit), Vec<Dry>> {
        let own = |id: &OwnerId| Some((*id, self.folios.get(id)?.units.as_ref()?));
        let books = ids.iter().filter_map(own).flat_map(|(id, units)| units.books.iter().map(move |book| (id, book)));
        books.map(|(id, (unit, book))| ((id, unit.clone()), book.dry.clone())).collect()
    }

    /// Writes what has changed.
    pub(crate) fn write_units(&mut self) -> Result<(), EngineError> {
        let changed: Vec<_> =
            self.folios.iter().filter_map(|(id, folio)| folio.units.as_ref().map(|units| units.changed(*id))).collect();
        for (uses, dry, gone) in changed {
            self.tx.unit_uses_write(&uses)?;
            for row in gone {
                self.tx.unit_dry_delete(&row)?;
            }
            for row in dry {
                self.tx.unit_dry_put(&row)?;
            }
        }
        Ok(())
    }
}

/// Whether units that an account has now can pay for something of a product.
pub(crate) fn units_for(
    work: &mut Work<'_, '_>,
    payer: OwnerId,
    product: &Name,
    sku: Option<&Name>,
    properties: &str,
) -> Result<UnitsLeft, EngineError> {
    if !work.cloud.takes_units(product) {
        return Ok(UnitsLeft::Money);
    }
    let (cloud, now) = (work.cloud.clone(), work.now);
    let folio = work.folio(payer);
    let properties = properties_from_text(properties);
    let priced = Priced {
        product,
        sku,
        part: None,
        account: &folio.name,
        zone: &folio.zone,
        properties: &properties,
        fixed_at: None,
    };
    let terms = match cloud.prices.terms_at(&priced, now) {
        Err(SettleError::Offer(_)) => return Ok(UnitsLeft::Money),
        found => found?.1,
    };
    let Some(terms) = &terms.units else { return Ok(UnitsLeft::Money) };
    let book = folio.units.as_ref().and_then(|units| units.books.get(&terms.unit));
    let left = book.map_or(Ok(0), |book| book.left_at(now))?;
    Ok(match (left > 0, terms.beside_money) {
        (true, _) => UnitsLeft::Some,
        (false, true) => UnitsLeft::Money,
        (false, false) => UnitsLeft::NoneOf(terms.unit.clone()),
    })
}

pub(crate) fn core_lot(row: &UnitLotRow) -> UnitLot {
    UnitLot {
        account: row.ledger,
        number: row.number,
        size: row.size,
        left: row.balance,
        starts: row.starts,
        expires: row.expires,
    }
}

pub(crate) fn no_such_lot(ledger: i64) -> StoreError {
    StoreError::corrupt(format!("units were drawn of ledger account {ledger}, which is no pack's"))
}

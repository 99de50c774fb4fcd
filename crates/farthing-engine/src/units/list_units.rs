//! What an account has of units: by unit what is left, and each lot with what became of it.

use crate::look_at_account::account_id;
use crate::{Engine, Refused};
use farthing_core::measure::{Quantity, Unit};
use farthing_core::money::{Currency, Money};
use farthing_core::time::Instant;
use farthing_store::UnitLotRow;
use serde::{Deserialize, Serialize};

/// What an account has of one unit.
#[derive(Clone, Debug)]
pub struct UnitsView {
    pub unit: Unit,
    /// What can be used now: what was used and is not drawn yet is taken off.
    pub left: Quantity,
    /// When that will be used up, as things run now.
    pub used_up_at: Option<Instant>,
    /// Since when there are none, while something that takes them runs.
    pub used_up_since: Option<Instant>,
    /// Used, and no pack had them: in the second in which the last went, or told too late.
    pub missing: Quantity,
    /// In order of age, lapsed ones as well.
    pub lots: Vec<UnitLotFacts>,
}

/// A pack, or units that were given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitLotFacts {
    pub number: i64,
    pub name: String,
    /// What sold it; none: it was given.
    pub product: Option<String>,
    pub unit: String,
    /// Decimals, as all of these.
    pub size: String,
    pub left: String,
    pub used: String,
    /// What lapsed of it.
    pub lapsed: Option<String>,
    pub paid: String,
    pub currency: String,
    pub starts: String,
    pub expires: Option<String>,
    /// Seconds after which the same is given again.
    pub every: Option<i64>,
    pub reason: String,
}

impl Engine {
    /// What an account has of units at an instant, if nothing else happens until then.
    pub fn units_view(&self, cloud: &str, account: &str, at: Instant) -> Result<Vec<UnitsView>, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let currency = work.currency();
            let uses = work.tx.unit_uses_ever(id)?;
            let mut views: Vec<UnitsView> = Vec::new();
            for lot in work.tx.unit_lots_ever(id)? {
                let book = work.folio(id).units.as_ref().and_then(|units| units.books.get(&lot.unit));
                let known = views.iter().position(|view| view.unit == lot.unit);
                let place = if let Some(place) = known {
                    place
                } else {
                    let missing = uses.iter().filter(|row| row.unit == lot.unit).map(|row| row.taken.missing).sum();
                    let left = book.map_or(Ok(0), |book| book.left_at(at))?;
                    let dry = book.and_then(|book| book.dry.last().filter(|_| book.is_dry()));
                    views.push(UnitsView {
                        unit: lot.unit.clone(),
                        left: Quantity::from_millionths(left),
                        used_up_at: book.map_or(Ok(None), |book| book.used_up_at(at, None))?,
                        used_up_since: dry.map(|dry| dry.from),
                        missing: Quantity::from_millionths(missing),
                        lots: Vec::new(),
                    });
                    views.len() - 1
                };
                let left = if lot.lapsed.is_some() { 0 } else { lot.balance };
                views[place].lots.push(lot_facts(&lot, left, currency));
            }
            Ok(views)
        })
    }
}

pub(crate) fn lot_facts(lot: &UnitLotRow, left: i64, currency: Currency) -> UnitLotFacts {
    let count = |millionths| Quantity::from_millionths(millionths).to_string();
    UnitLotFacts {
        number: lot.number,
        name: lot.name.clone(),
        product: Some(lot.product.clone()).filter(|product| !product.is_empty()),
        unit: lot.unit.to_string(),
        size: count(lot.size),
        left: count(left),
        used: count(lot.used()),
        lapsed: lot.lapsed.map(count),
        paid: Money::from_units(lot.paid, currency).plain(),
        currency: currency.code().to_owned(),
        starts: lot.starts.to_string(),
        expires: lot.expires.map(|expires| expires.to_string()),
        every: lot.every,
        reason: lot.reason.clone(),
    }
}

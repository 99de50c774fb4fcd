//! Units that an account is given: a pack that was paid, wherever the money came from, and gifts by hand.

use super::core_lot;
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::catalog::{Kind, Product};
use farthing_core::config::Name;
use farthing_core::id::CauseId;
use farthing_core::ledger::posting::{self, Stamp, UnitsBought, UnitsGranted};
use farthing_core::ledger::{AccountId, Chart, OwnerId};
use farthing_core::measure::{Quantity, Unit};
use farthing_core::notice::Event;
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{NewAccount, UnitLotRow};
use serde_json::json;

/// Units given by hand: nothing is paid for them.
#[derive(Clone, Debug)]
pub struct NewUnitGift {
    pub account: String,
    /// The account's own name for it; it is given once. None: every time another.
    pub name: Option<String>,
    /// Whose units; none where the cloud sells only one kind.
    pub product: Option<String>,
    pub units: Quantity,
    /// None: what is given every so often lasts until the next time, anything else without end.
    pub expires: Option<Instant>,
    /// The same is given again after so long, whenever what is left of the last has ended.
    pub every: Option<Duration>,
    pub reason: String,
}

/// A pack that somebody has paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PaidPack<'a> {
    pub(crate) account: OwnerId,
    pub(crate) product: &'a Name,
    /// What it holds.
    pub(crate) units: Quantity,
    /// What was paid for it, in units of the account's currency, and where that is now: cash, or a provider.
    pub(crate) price: i64,
    pub(crate) paid_from: AccountId,
    /// What makes it happen once.
    pub(crate) cause: Option<CauseId>,
}

/// A lot before it is there.
pub(crate) struct NewLot {
    pub(crate) name: String,
    pub(crate) product: String,
    pub(crate) unit: Unit,
    pub(crate) size: i64,
    /// How much, and where it comes from.
    pub(crate) paid: Option<(i64, AccountId)>,
    pub(crate) starts: Instant,
    pub(crate) expires: Option<Instant>,
    pub(crate) every: Option<i64>,
    pub(crate) round: i64,
    pub(crate) reason: String,
    pub(crate) cause: Option<CauseId>,
}

impl Engine {
    /// Gives units; what number the account's lot has.
    pub fn give_units(&self, cloud: &str, gift: &NewUnitGift) -> Result<i64, Refused> {
        let gift = gift.clone();
        self.ask("give_units", cloud, move |work| give(work, &gift))
    }
}

/// Delivers a pack that is paid, once for its cause: what was paid is deferred until the units are used. Whoever calls has made sure that the
/// money is there; `paid_from` is read again where it is the account's cash.
pub(crate) fn deliver_pack(work: &mut Work<'_, '_>, pack: &PaidPack<'_>) -> Result<UnitLotRow, Refused> {
    let PaidPack { account: id, product, units, price, paid_from, cause } = *pack;
    let now = work.now;
    work.load(&[id])?;
    work.bring_to(id, now)?;
    let there = match cause {
        Some(cause) => work.tx.transfer_by_cause(cause)?,
        None => None,
    };
    if let Some(there) = there {
        let mut lots = work.tx.unit_lots_ever(id)?.into_iter();
        let found = lots.find(|lot| lot.deferred == Some(there.credit) || lot.ledger == there.credit);
        return found.ok_or_else(|| Refused::new(RefusalCode::IdReused, "that was something else than a pack"));
    }
    let sold = sold_by(work, Some(product.as_str()))?;
    let (Some(unit), starts) = (sold.unit.clone(), now.floor_second()) else {
        return Err(Refused::new(RefusalCode::Invalid, format!("product {product} says no unit")));
    };
    let zone = work.folio(id).zone.clone();
    let expires = sold.expires.map(|lasts| lasts.end_from(starts, &zone)).transpose().map_err(SettleError::from)?;
    let lot = NewLot {
        name: format!("{} {}", units, unit.beside(units == Quantity::ONE)),
        product: product.to_string(),
        unit,
        size: units.millionths(),
        paid: Some((price, paid_from)).filter(|_| price > 0),
        starts,
        expires,
        every: None,
        round: 1,
        reason: String::new(),
        cause,
    };
    let row = give_lot(work, id, lot)?;
    if price > 0 && paid_from == work.folio(id).payer.cash {
        work.reload(id)?;
    }
    Ok(row)
}

fn give(work: &mut Work<'_, '_>, gift: &NewUnitGift) -> Result<i64, Refused> {
    let payer = account_of(work, &gift.account)?;
    let now = work.now.floor_second();
    let size = gift.units.millionths();
    if size <= 0 {
        return Err(Refused::new(RefusalCode::Invalid, "a gift of no units gives nothing: say how many"));
    }
    let sold = sold_by(work, gift.product.as_deref())?;
    let Some(unit) = sold.unit.clone() else {
        return Err(Refused::new(RefusalCode::Invalid, format!("product {} says no unit", sold.id)));
    };
    if gift.every.is_some_and(|every| every.seconds() < 60) {
        return Err(Refused::new(RefusalCode::Invalid, "units are given again after a minute at the soonest"));
    }
    let again = gift.every.map(|every| now.checked_add(every)).transpose().map_err(SettleError::from)?;
    if gift.expires.is_some() && again.is_some() {
        let what = "what is given every so often lasts until it is given again: leave out one of `expires` and `every`";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let expires = gift.expires.or(again);
    if expires.is_some_and(|expires| expires <= now) {
        return Err(Refused::new(RefusalCode::Invalid, "units end after they are given: give a later `expires`"));
    }
    work.load(&[payer.id])?;
    work.bring_to(payer.id, work.now)?;
    if let Some(name) = &gift.name
        && let Some(there) = work.tx.unit_lots_ever(payer.id)?.into_iter().find(|lot| lot.name == *name)
    {
        let every = gift.every.map(Duration::seconds);
        if there.size == size && there.unit == unit && there.every == every && there.product.is_empty() {
            return Ok(there.number);
        }
        let what = format!("account {} has the units {name} already, with other facts", gift.account);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let number = work.tx.unit_lot_number(payer.id)?;
    let lot = NewLot {
        name: gift.name.clone().unwrap_or_else(|| format!("gift {number}")),
        product: String::new(),
        unit: unit.clone(),
        size,
        paid: None,
        starts: now,
        expires,
        every: gift.every.map(Duration::seconds),
        round: 1,
        reason: gift.reason.clone(),
        cause: None,
    };
    let row = give_lot(work, payer.id, lot)?;
    let facts = json!({
        "units": gift.units.to_string(),
        "unit": unit.as_str(),
        "expires": row.expires.map(|expires| expires.to_string()),
        "every": row.every,
        "reason": gift.reason,
    });
    work.notes.push(Note::new("units.given", format!("account {}", gift.account)).became(&facts));
    Ok(row.number)
}

/// The product that sells units: the one named, or the only one there is.
pub(crate) fn sold_by(work: &Work<'_, '_>, product: Option<&str>) -> Result<Product, Refused> {
    let catalog = &work.cloud.profile_at(work.now)?.catalog;
    let mut sells = catalog.product.iter().filter(|product| product.kind == Kind::Units);
    let found = match product {
        Some(named) => sells.find(|product| product.id.as_str() == named),
        None => match (sells.next(), sells.next()) {
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => {
                let what = "this cloud sells several kinds of units: say of which product they are";
                return Err(Refused::new(RefusalCode::Invalid, what));
            }
            (None, _) => None,
        },
    };
    found.cloned().ok_or_else(|| Refused::not_found("product that sells units", product.unwrap_or("any")))
}

/// What was used so far is not for these to pay.
fn give_lot(work: &mut Work<'_, '_>, id: OwnerId, lot: NewLot) -> Result<UnitLotRow, EngineError> {
    let at = work.now.floor_second();
    work.settle_units(id, at)?;
    let row = work.add_unit_lot(id, lot, at)?;
    work.turn_units(id, at)?;
    work.folio(id).stir();
    Ok(row)
}

impl Work<'_, '_> {
    /// Books a lot and writes it down.
    pub(crate) fn add_unit_lot(&mut self, id: OwnerId, lot: NewLot, at: Instant) -> Result<UnitLotRow, EngineError> {
        let now = self.now;
        let number = self.tx.unit_lot_number(id)?;
        let unit = self.unit_commodity(&lot.unit)?;
        let commodity = self.books()?.commodity;
        let units_out = self.book_account_in(Chart::UnitsOut, unit)?;
        let code = Chart::Units(number.to_string());
        let floor = code.floor(0);
        let ledger = self.tx.account_ensure(&NewAccount { owner: id, code, commodity: unit, floor }, now)?;
        let deferred = match lot.paid {
            Some(_) => Some(self.customer_account(id, Chart::Deferred(format!("pack-{number}")))?),
            None => None,
        };
        let mut ids = self.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: lot.cause, effective: at };
        let command = if let (Some((price, paid_from)), Some(deferred)) = (lot.paid, deferred) {
            let count = lot.size;
            let facts = UnitsBought { commodity, paid_from, deferred, price, unit, units_out, units: ledger, count };
            posting::units_bought(&mut stamp, &facts)
        } else {
            let facts = UnitsGranted { unit, units_out, units: ledger, count: lot.size };
            posting::units_granted(&mut stamp, &facts)
        };
        self.book(&[command])?;
        let row = UnitLotRow {
            account: id,
            number,
            name: lot.name,
            product: lot.product,
            unit: lot.unit,
            ledger,
            deferred,
            size: lot.size,
            paid: lot.paid.map_or(0, |(price, _)| price),
            starts: lot.starts,
            expires: lot.expires,
            every: lot.every,
            round: lot.round,
            reason: lot.reason,
            given: now,
            lapsed: None,
            balance: lot.size,
        };
        self.tx.unit_lot_insert(&row)?;
        let units = self.units_mut(id);
        units.books.entry(row.unit.clone()).or_default().add_lot(core_lot(&row));
        units.lots.push(row.clone());
        let (account, of) = (self.folio(id).payer.name.clone(), Quantity::from_millionths(row.size));
        let event = Event::UnitsAdded {
            account,
            units: of,
            unit: row.unit.beside(of == Quantity::ONE),
            name: row.name.clone(),
            price: self.money(row.paid),
            expires: row.expires,
        };
        self.tell_of(Some(id), event, at);
        Ok(row)
    }
}

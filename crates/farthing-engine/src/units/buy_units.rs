//! A customer buys a pack of units with what is on the balance, at once or not at all.

use super::give_units::{PaidPack, deliver_pack, sold_by};
use super::list_units::{UnitLotFacts, lot_facts};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::measure::Quantity;
use farthing_core::settle::Question;
use serde_json::json;

/// A pack that somebody wants.
#[derive(Clone, Debug)]
pub struct NewUnits {
    pub account: String,
    /// None where the cloud sells only one kind.
    pub product: Option<String>,
    /// What the pack holds: one of those in the catalogue.
    pub units: Quantity,
}

impl Engine {
    /// Buys a pack from the balance. Credit that was given buys none: units would make of it what money paid for.
    pub fn buy_units(&self, cloud: &str, wanted: &NewUnits) -> Result<UnitLotFacts, Refused> {
        let wanted = wanted.clone();
        self.ask("buy_units", cloud, move |work| buy(work, &wanted))
    }
}

fn buy(work: &mut Work<'_, '_>, wanted: &NewUnits) -> Result<UnitLotFacts, Refused> {
    let payer = account_of(work, &wanted.account)?;
    let sold = sold_by(work, wanted.product.as_deref())?;
    let Some(pack) = sold.packs.iter().find(|pack| pack.units == wanted.units) else {
        let packs: Vec<String> = sold.packs.iter().map(|pack| pack.units.to_string()).collect();
        let what = format!("{} come in packs of {}, not of {}", sold.id, packs.join(", "), wanted.units);
        return Err(Refused::new(RefusalCode::Invalid, what));
    };
    let price = pack.price.units();
    let now = work.now;
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let folio = work.folio(payer.id);
    let figures = folio.book.figures(now.floor_second(), Question::Standing)?;
    // What is owed and what is held is spoken for.
    let there = figures.cash.min(figures.spendable).saturating_sub(folio.held);
    if there < price {
        let what = format!(
            "{} of money is available, and the pack costs {}: add credit and try again",
            work.money(there.max(0)).plain(),
            pack.price.plain()
        );
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    let bought = deliver_pack(
        work,
        &PaidPack {
            account: payer.id,
            product: &sold.id,
            units: pack.units,
            price,
            paid_from: payer.cash,
            cause: None,
        },
    )?;
    let facts = json!({ "product": sold.id.as_str(), "units": pack.units.to_string(), "price": pack.price.plain() });
    work.notes.push(Note::new("units.bought", format!("account {}", wanted.account)).became(&facts));
    let currency = work.currency();
    Ok(lot_facts(&bought, bought.balance, currency))
}

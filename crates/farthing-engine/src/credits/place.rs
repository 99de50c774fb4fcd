//! Writes a grant: its ledger account, its posting, its row, and what the account can pay with from now on.

use crate::EngineError;
use crate::folio::{Work, lot_of};
use farthing_core::config::Name;
use farthing_core::credit::GrantSource;
use farthing_core::ledger::posting::{self, FreeCredit, Stamp};
use farthing_core::ledger::{Chart, OwnerId};
use farthing_core::settle::{Lot, Purse};
use farthing_core::time::Instant;
use farthing_store::{LotRow, NewAccount};

/// What is granted.
pub(super) struct Granted {
    pub(super) name: Name,
    pub(super) amount: i64,
    pub(super) products: Vec<Name>,
    pub(super) priority: i64,
    pub(super) starts: Instant,
    pub(super) expires: Option<Instant>,
    pub(super) reason: String,
    pub(super) source: GrantSource,
}

/// Of an account that was brought to this instant, and whose use until then was posted: what was used before is not for it to pay.
pub(super) fn place(work: &mut Work<'_, '_>, id: OwnerId, granted: Granted, at: Instant) -> Result<(), EngineError> {
    let promo_open = work.book_account(Chart::PromoOpen)?;
    let commodity = work.books()?.commodity;
    let code = Chart::Credit(granted.name.to_string());
    let (floor, now) = (code.floor(0), work.now);
    let ledger = work.tx.account_ensure(&NewAccount { owner: id, code, commodity, floor }, now)?;
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at.floor_second() };
    let facts = FreeCredit { commodity, promo_open, credit: ledger, amount: granted.amount };
    let command = posting::credit_granted(&mut stamp, &facts);
    work.book(&[command])?;
    let row = LotRow {
        account: id,
        number: work.tx.lot_number(id)?,
        name: granted.name.to_string(),
        ledger,
        amount: granted.amount,
        priority: granted.priority,
        products: granted.products,
        starts: granted.starts,
        expires: granted.expires,
        lapsed: false,
        reason: granted.reason,
        source: Some(granted.source),
        balance: granted.amount,
        held: 0,
    };
    work.tx.lot_insert(&row)?;
    let folio = work.folio(id);
    let purse = &folio.book.purse;
    let lots: Vec<Lot> = purse.lots().iter().cloned().chain([lot_of(&row)]).collect();
    folio.book.purse = Purse::new(lots, purse.cash, purse.debt);
    folio.lots.push(row);
    folio.stir();
    Ok(())
}

/// Takes back what lapses of some of an account's grants; one that is empty then is over. What was used was posted before.
pub(super) fn lapse(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    parts: &[(LotRow, i64)],
    at: Instant,
) -> Result<(), EngineError> {
    let promo_open = work.book_account(Chart::PromoOpen)?;
    let commodity = work.books()?.commodity;
    for (lot, amount) in parts {
        let mut ids = work.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at.floor_second() };
        let facts = FreeCredit { commodity, promo_open, credit: lot.ledger, amount: *amount };
        let command = posting::credit_lapsed(&mut stamp, &facts);
        work.book(&[command])?;
        let purse = &work.folio(id).book.purse;
        let mut lots: Vec<Lot> = purse.lots().to_vec();
        let mut left = 0;
        for other in lots.iter_mut().filter(|other| other.account == lot.ledger) {
            other.balance = other.balance.saturating_sub(*amount);
            left = other.balance;
        }
        let over = left == 0 && lot.held == 0;
        lots.retain(|other| !over || other.account != lot.ledger);
        if over {
            work.tx.lot_lapse(lot)?;
        }
        let folio = work.folio(id);
        let purse = &folio.book.purse;
        folio.book.purse = Purse::new(lots, purse.cash, purse.debt);
        folio.lots.retain(|other| !over || other.number != lot.number);
        folio.stir();
    }
    Ok(())
}

//! Says that what is left of a credit is about to lapse, so long before as the policy wants (R17).

use crate::EngineError;
use crate::folio::Work;
use farthing_core::ledger::OwnerId;
use farthing_core::notice::Event;
use farthing_core::time::Instant;

/// At the instant that lies so long before the end of one of an account's grants: `find_due` sees to it that it is looked at then.
pub(crate) fn tell_expiring(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<(), EngineError> {
    let before = work.policy_at(at)?.alerts.credit_expires.clone();
    if before.is_empty() {
        return Ok(());
    }
    let mut told = Vec::new();
    let folio = work.folio(id);
    for lot in &folio.lots {
        let Some(expires) = lot.expires else { continue };
        let is_time = before.iter().any(|before| expires.checked_sub(*before).is_ok_and(|time| time == at));
        let left = folio.book.purse.lots().iter().find(|known| known.account == lot.ledger);
        let left = left.map_or(0, |known| known.balance);
        if is_time && left > 0 {
            told.push((lot.name.clone(), left, lot.products.clone(), expires));
        }
    }
    let account = folio.payer.name.clone();
    for (grant, left, products, expires) in told {
        let event = Event::CreditExpiring {
            account: account.clone(),
            grant,
            amount: work.money(left),
            products: products.iter().map(ToString::to_string).collect(),
            expires,
        };
        work.tell_of(Some(id), event, at);
    }
    Ok(())
}

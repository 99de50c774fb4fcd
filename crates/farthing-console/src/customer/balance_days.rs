//! What an account had at the end of each day that is within reach: cash and free credit, less what is owed.

use super::ask::Ask;
use crate::chart::DayEnd;
use crate::frame::PageError;
use crate::operator::day_ends;

pub(super) fn balance_days(ask: &Ask) -> Result<Vec<DayEnd>, PageError> {
    ask.engine().store().read("console_balance", |tx| {
        let Some(owner) = tx.owner_by_name(ask.id(), ask.account())?.filter(|owner| !owner.books) else {
            return Ok(Vec::new());
        };
        let accounts = tx.accounts_of(owner.id)?;
        let commodities = tx.commodities()?;
        let currency = crate::operator::currency_of(&commodities, &ask.cloud);
        day_ends(tx, &accounts, currency, &ask.zone, ask.now)
    })
}

//! What an account had at the end of each day that is within reach: cash and free credit, less what is owed.

use super::ask::Ask;
use crate::Cloud;
use crate::chart::DayEnd;
use crate::frame::PageError;
use farthing_core::ledger::{Chart, Commodity, CommodityId};
use farthing_core::time::{Instant, Zone};
use farthing_store::{AccountRow, Tx};

/// The balance line goes back so many days, and walks so many transfers of an account at most.
const DAYS_MAX: usize = 186;
const WALK_MAX: usize = 4_000;

pub(super) fn balance_days(ask: &Ask) -> Result<Vec<DayEnd>, PageError> {
    ask.engine().store().read("console_balance", |tx| {
        let Some(owner) = tx.owner_by_name(ask.id(), ask.account())?.filter(|owner| !owner.books) else {
            return Ok(Vec::new());
        };
        let accounts = tx.accounts_of(owner.id)?;
        let commodities = tx.commodities()?;
        day_ends(tx, &accounts, currency_of(&commodities, &ask.cloud), &ask.zone, ask.now)
    })
}

/// The commodity that stands for the cloud's currency; one with an impossible number while nothing was ever posted in it.
pub(crate) fn currency_of(commodities: &[Commodity], cloud: &Cloud) -> CommodityId {
    let found = commodities.iter().find(|commodity| commodity.code == cloud.currency.code());
    found.map_or(CommodityId(0), |commodity| commodity.id)
}

/// Whether an account is part of what its customer has or owes.
fn is_balance(code: &str) -> bool {
    use Chart::{Cash, Credit, Receivable, ReceivableDebt, ReceivableNext};
    matches!(Chart::parse(code), Some(Cash | Credit(_) | Receivable(_) | ReceivableNext | ReceivableDebt))
}

fn day_ends(
    tx: &mut Tx<'_>,
    accounts: &[AccountRow],
    currency: CommodityId,
    zone: &Zone,
    now: Instant,
) -> Result<Vec<DayEnd>, PageError> {
    let mut first: Option<Instant> = None;
    let mut walked_from: Option<Instant> = None;
    let mut histories: Vec<Vec<(Instant, i64)>> = Vec::new();
    for row in accounts.iter().filter(|row| row.account.commodity == currency && is_balance(&row.code)) {
        let lines = tx.account_history(row.account.id, None, WALK_MAX)?;
        let history: Vec<_> = lines.iter().map(|line| (line.entry.id.recorded(), line.balance_after)).collect();
        if let Some((oldest, _)) = history.last() {
            first = Some(first.map_or(*oldest, |first| first.min(*oldest)));
            if history.len() == WALK_MAX {
                walked_from = walked_from.max(Some(*oldest));
            }
        }
        histories.push(history);
    }
    let Some(first) = first else { return Ok(Vec::new()) };
    let (mut date, today) = (zone.civil_date_of(first.max(walked_from.unwrap_or(first)))?, zone.civil_date_of(now)?);
    let earliest = today.add_days(1 - i64::try_from(DAYS_MAX).unwrap_or(i64::MAX))?;
    date = date.max(earliest);
    let mut days = Vec::new();
    while date <= today {
        let end = zone.day(date)?.end().min(now);
        // Newest first: the first one that is not after the day's end is the balance it ended with.
        let balance_of = |history: &Vec<(Instant, i64)>| {
            let place = history.partition_point(|(at, _)| *at > end);
            history.get(place).map_or(0, |(_, after)| i128::from(*after))
        };
        days.push(DayEnd { date, balance: histories.iter().map(balance_of).sum() });
        date = date.next_day()?;
    }
    Ok(days)
}

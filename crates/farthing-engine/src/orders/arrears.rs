//! What was bought for a time and stands on a bill that is past due: it is suspended with the steps of its account, and comes back when that is
//! paid (R15). What is paid runs to its end, whatever else its account owes.

use super::agreement::{Agreement, product_ever};
use super::{end, renew};
use crate::folio::Work;
use crate::{EngineError, Refused};
use farthing_core::catalog::Product;
use farthing_core::ledger::OwnerId;
use farthing_core::payment::BillId;
use farthing_core::term::SubscriptionState;
use farthing_store::SubscriptionRow;
use std::collections::BTreeMap;

/// What of an account is there and stands on one of these bills.
pub(crate) fn unpaid(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    bills: &[BillId],
) -> Result<Vec<SubscriptionRow>, EngineError> {
    let mut found: BTreeMap<i64, SubscriptionRow> = BTreeMap::new();
    for bill in bills {
        let rows = work.tx.subscriptions_billed(account, *bill)?.into_iter();
        let there = rows.filter(|row| !row.state.is_over() && row.state != SubscriptionState::Pending);
        found.extend(there.map(|row| (row.id, row)));
    }
    Ok(found.into_values().collect())
}

/// What the catalogue says of what it is.
pub(crate) fn product_of_term(work: &Work<'_, '_>, row: &SubscriptionRow) -> Result<Product, Refused> {
    product_ever(work, row.product.as_str(), row.began)
}

/// From now on it is suspended. Its time goes by, and at its end it is not renewed.
pub(crate) fn suspend(work: &mut Work<'_, '_>, id: i64) -> Result<(), Refused> {
    become_of(work, id, SubscriptionState::Running, SubscriptionState::Suspended)
}

pub(crate) fn bring_back(work: &mut Work<'_, '_>, id: i64) -> Result<(), Refused> {
    become_of(work, id, SubscriptionState::Suspended, SubscriptionState::Running)
}

fn become_of(work: &mut Work<'_, '_>, id: i64, was: SubscriptionState, is: SubscriptionState) -> Result<(), Refused> {
    let Some(row) = work.tx.subscription(id)?.filter(|row| row.state == was) else { return Ok(()) };
    work.load(&[row.account])?;
    let mut agreement = Agreement::read(work, SubscriptionRow { state: is, ..row })?;
    agreement.row.due_at = renew::next(work, &agreement)?;
    Ok(agreement.write(work)?)
}

/// The cloud has deleted it: it has ended, as if its owner had.
pub(crate) fn delete(work: &mut Work<'_, '_>, id: i64) -> Result<(), Refused> {
    let Some(row) = work.tx.subscription(id)?.filter(|row| !row.state.is_over()) else { return Ok(()) };
    work.load(&[row.account])?;
    let (mut agreement, now) = (Agreement::read(work, row)?, work.now);
    end::end_at(work, &mut agreement, now).map(drop)
}

//! What was paid ahead is earned as time goes by: at the end of each month where its account is, and with the term.

use super::agreement::calendar;
use crate::folio::Work;
use crate::run_due::engine_error;
use crate::{Engine, EngineError};
use farthing_core::ledger::posting::{self, Stamp};
use farthing_core::ledger::{Chart, OwnerId};
use farthing_core::settle::SettleError;
use farthing_core::time::{Anchor, Instant};
use farthing_store::TermRow;
use std::collections::BTreeMap;

/// Terms in one transaction.
const BATCH: i64 = 512;

impl Engine {
    /// Posts what terms have earned, where a month or a term is over.
    pub(super) fn run_earnings(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let due = self.store.read("terms_to_earn", |tx| {
                let mut due: BTreeMap<String, Vec<(OwnerId, i64)>> = BTreeMap::new();
                for term in tx.terms_to_earn(now, BATCH)? {
                    let cloud = tx.payers(&[term.account])?.pop().map(|payer| payer.cloud).unwrap_or_default();
                    due.entry(cloud).or_default().push((term.account, term.subscription));
                }
                Ok::<_, farthing_store::StoreError>(due)
            })?;
            if due.is_empty() {
                return Ok(());
            }
            for (cloud, due) in due {
                self.work("earn_terms", &cloud, move |work| {
                    let ids: Vec<OwnerId> = due.iter().map(|(account, _)| *account).collect();
                    work.load(&ids)?;
                    let mut subscriptions: Vec<i64> = due.iter().map(|(_, subscription)| *subscription).collect();
                    subscriptions.sort_unstable();
                    subscriptions.dedup();
                    for subscription in subscriptions {
                        for mut term in work.tx.terms_of_subscription(subscription)? {
                            if term.earn_at.is_some_and(|at| at <= work.now) {
                                settle(work, &mut term)?;
                                work.tx.term_put(&term)?;
                            }
                        }
                    }
                    Ok(())
                })
                .map_err(engine_error)?;
            }
        }
    }
}

/// Posts what is earned by now and was not; the row says so.
pub(super) fn settle(work: &mut Work<'_, '_>, term: &mut TermRow) -> Result<(), EngineError> {
    let now = work.now;
    let should = term.money.earned(term.had, now.floor_second()).map_err(calendar)?;
    let amount = should - term.earned;
    if amount != 0 {
        let revenue = work.book_account(Chart::Revenue(term.product.to_string()))?;
        let commodity = work.books()?.commodity;
        let mut ids = work.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
        let facts = posting::TermEarned { commodity, deferred: term.ledger, revenue, amount };
        let command = posting::term_earned(&mut stamp, &facts);
        work.book(&[command])?;
        term.earned = should;
    }
    term.earn_at = next(work, term)?;
    Ok(())
}

/// When it is looked at next: at the end of the month, or of what is had of it.
pub(super) fn next(work: &mut Work<'_, '_>, term: &TermRow) -> Result<Option<Instant>, EngineError> {
    let now = work.now;
    if term.earned == term.money.left() && term.had.end() <= now {
        return Ok(None);
    }
    let zone = work.folio(term.account).zone.clone();
    let from = now.max(term.had.start());
    let month = Anchor::calendar_month(zone).period_containing(from).map_err(SettleError::from)?.1.end();
    Ok(Some(if from < term.had.end() { month.min(term.had.end()) } else { now }).filter(|at| *at > now))
}

//! What becomes due by itself: orders that nobody paid or made in time, subscriptions, and what terms have earned.

use super::pay::order_locked;
use super::{provision, renew};
use crate::run_due::engine_error;
use crate::{Engine, EngineError, Refused};
use farthing_core::term::{OrderEvent, OrderState};
use farthing_core::time::Instant;

/// In one look at what is due.
const BATCH: i64 = 256;

impl Engine {
    pub(crate) fn run_orders(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let due = self.store.read("purchases_due", |tx| tx.purchases_due(now, BATCH))?;
            if due.is_empty() {
                break;
            }
            for (id, cloud, ..) in due {
                self.work("order_over", &cloud, move |work| {
                    let (mut row, _) = order_locked(work, &id.to_string())?;
                    let over = row.valid_until.is_some_and(|until| until <= work.now);
                    match row.state {
                        OrderState::Due if over => {
                            provision::over(work, &mut row, OrderEvent::Expire, "nobody paid it in time")
                        }
                        OrderState::Provisioning if over => {
                            provision::void(work, &mut row, "nobody said in time that it was made")
                        }
                        _ => Ok(()),
                    }
                })
                .map_err(engine_error)?;
            }
        }
        loop {
            let due = self.store.read("subscriptions_due", |tx| tx.subscriptions_due(now, BATCH))?;
            if due.is_empty() {
                break;
            }
            for (id, cloud, account, _) in due {
                let done = self.work("subscription_due", &cloud, move |work| {
                    work.load(&[account])?;
                    let now = work.now;
                    work.bring_to(account, now)?;
                    renew::happen(work, id)
                });
                // What cannot happen now holds nobody else up: it is looked at again in an hour.
                if let Err(Refused::ByRule { message, .. }) = done {
                    self.work("subscription_waits", &cloud, move |work| renew::wait(work, id, account, &message))
                        .map_err(engine_error)?;
                } else {
                    done.map_err(engine_error)?;
                }
            }
        }
        self.run_earnings(now)
    }
}

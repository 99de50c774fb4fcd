//! What a thing has cost that is not sealed yet, in closed form: one look at the clock says how much it is by now.
//!
//! It is working state, recomputable from timeline and totals. Between two facts nothing of it changes, so settling what
//! merely runs on writes no row of it.

use super::{Meterage, SettleError, TermsKey};
use crate::money::Money;
use crate::rate::{Aggregation, Charge, Event, capped};
use crate::time::Instant;
use std::sync::Arc;

/// One thing's part, for one payer.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenCharge {
    pub key: Arc<TermsKey>,
    pub month_seconds: i64,
    /// Where the run, or the rating period, began.
    pub since: Instant,
    /// The total was this at `at`, and grows by `slope` millionths a second.
    pub at: Instant,
    pub total: i128,
    pub slope: i64,
    /// What is open already from runs that are over.
    pub done: Charge,
    /// G where the open part begins: sealed, or of other runs of the rating period.
    pub base: Charge,
    /// How long the form holds; after it the timeline is folded again.
    pub until: Option<Instant>,
    /// One charge a rating period, not one a day.
    pub by_period: bool,
}

impl OpenCharge {
    /// The total at an instant: it does not run backwards.
    pub fn total_at(&self, at: Instant) -> Result<i128, SettleError> {
        let overflow = || SettleError::Overflow { what: "count a total" };
        let seconds = i128::from(at.seconds_since(self.at).max(0));
        let grown = i128::from(self.slope).checked_mul(seconds).ok_or_else(overflow)?;
        self.total.checked_add(grown).ok_or_else(overflow)
    }

    /// G where the open part begins, of what merely runs on: at the beginning of the open day, or where the form does.
    pub fn base_from(&self, meterage: &Meterage, open_from: Instant) -> Result<Charge, SettleError> {
        let from = open_from.max(self.at);
        meterage.amount(self.total_at(from)?, self.since, from)
    }

    /// What is open at an instant.
    #[inline]
    pub fn amount_at(&self, meterage: &Meterage, at: Instant) -> Result<Charge, SettleError> {
        let run = self.run_at(meterage, at)?;
        let run = match meterage {
            Meterage::Total(formula) if self.by_period => match formula.tariff().cap {
                Some(cap) => capped(cap, self.done, run)?,
                None => run,
            },
            _ => run,
        };
        Ok(self.done.checked_add(run)?)
    }

    /// G since the open part began, before any cap of the period.
    fn run_at(&self, meterage: &Meterage, at: Instant) -> Result<Charge, SettleError> {
        let amount = meterage.amount(self.total_at(at)?, self.since, at)?;
        Ok(amount.checked_sub(self.base)?)
    }

    /// Takes one more value of usage in; false where all of them have to be counted anew. `newest`: the latest that was there.
    pub fn take_value(
        &mut self,
        aggregation: Aggregation,
        event: &Event,
        newest: Option<&Event>,
    ) -> Result<bool, SettleError> {
        let value = i128::from(event.value.millionths());
        let is_newest = newest.is_none_or(|newest| newest < event);
        match aggregation {
            Aggregation::Max => self.total = newest.map_or(value, |_| self.total.max(value)),
            Aggregation::Min => self.total = newest.map_or(value, |_| self.total.min(value)),
            Aggregation::Latest if is_newest => self.total = value,
            Aggregation::Latest => {} // a later one is known
            Aggregation::TimeWeighted if is_newest => {
                self.total = self.total_at(event.at)?;
                self.at = event.at.floor_second();
                self.slope = event.value.millionths();
            }
            Aggregation::TimeWeighted
            | Aggregation::Average
            | Aggregation::Unique
            | Aggregation::Count
            | Aggregation::Sum => return Ok(false),
        }
        Ok(true)
    }

    /// Nothing more will come of it by itself, and nothing is open.
    pub fn is_over(&self) -> bool {
        self.slope == 0 && self.done == Charge::zero(self.done.net.currency())
    }

    pub fn zero(&self) -> Money {
        Money::zero(self.done.net.currency())
    }
}

//! Units in stories: given, bought from the balance, and what is left of them.

use super::command::{Ends, UnitsAsked};
use super::engine::{EngineStage, told};
use super::stage::{About, Done, StageError};
use farthing_core::measure::Quantity;
use farthing_core::time::{Instant, Zone};
use farthing_engine::{NewUnitGift, NewUnits};

impl EngineStage {
    pub(super) fn give_or_buy(&mut self, asked: &UnitsAsked, at: Instant, zone: &Zone) -> Done {
        match asked {
            UnitsAsked::Give { account, units, product, expires, every, reason } => {
                let end = |ends: &Ends| {
                    ends.instant(at, zone).map_err(|error| StageError::refused("invalid", error.to_string()))
                };
                let gift = NewUnitGift {
                    account: account.clone(),
                    name: None,
                    product: product.clone(),
                    units: *units,
                    expires: expires.as_ref().map(end).transpose()?,
                    every: *every,
                    reason: reason.clone(),
                };
                let given = self.engine().give_units(&self.cloud, &gift);
                self.done(given.map(drop))
            }
            UnitsAsked::Buy { account, units, product } => {
                let wanted = NewUnits { account: account.clone(), product: product.clone(), units: *units };
                let bought = self.engine().buy_units(&self.cloud, &wanted);
                self.done(bought.map(drop))
            }
        }
    }

    /// What can be used at an instant, of one product's unit or of all.
    pub(super) fn units_left(&mut self, of: &About, at: Instant) -> Result<Quantity, StageError> {
        let views = self.engine().units_view(&self.cloud, &of.account, at).map_err(told)?;
        let asked = |view: &&farthing_engine::UnitsView| {
            of.product.is_none() || view.lots.iter().any(|lot| lot.product == of.product)
        };
        let left = views.iter().filter(asked).map(|view| view.left.millionths());
        Ok(Quantity::from_millionths(left.sum()))
    }
}

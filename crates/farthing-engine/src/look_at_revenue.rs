//! What a cloud's months came to, from its ledger: earned by product, sold ahead and not earned yet, owed by customers and owed to them.

use crate::{Engine, EngineError, Refused};
use farthing_core::ledger::{Month, Months};
use farthing_core::money::Currency;
use farthing_core::settle::SettleError;
use farthing_core::time::CivilDate;

/// Months by their first days, those with something in them and all between; in units of the currency.
#[derive(Clone, Debug)]
pub struct Revenue {
    pub currency: Currency,
    pub months: Vec<Month>,
}

impl Engine {
    /// The months from one to another, both included and both by any of their days; all there are when it is not said.
    pub fn revenue(&self, cloud: &str, from: Option<CivilDate>, to: Option<CivilDate>) -> Result<Revenue, Refused> {
        self.look(cloud, |work| {
            let currency = work.currency();
            let now = work.now;
            let zone = work.policy_at(now)?.cloud.time_zone.clone();
            let Some(commodity) = work.commodity()? else { return Ok(Revenue { currency, months: Vec::new() }) };
            let cloud = work.cloud.id.clone();
            let mut months = Months::new(work.tx.charts_of_cloud(&cloud, commodity)?, zone);
            let mut wrong = None;
            work.tx.moved_each(|id, sides, amount| {
                if let Err(error) = months.add(id.recorded(), sides, amount) {
                    wrong.get_or_insert(error);
                }
                Ok(())
            })?;
            if let Some(error) = wrong {
                return Err(EngineError::from(SettleError::from(error)).into());
            }
            let mut months = months.done();
            let of = |day: Option<CivilDate>| day.map(CivilDate::first_of_month);
            months.retain(|month| {
                of(from).is_none_or(|from| month.first >= from) && of(to).is_none_or(|to| month.first <= to)
            });
            Ok(Revenue { currency, months })
        })
    }
}

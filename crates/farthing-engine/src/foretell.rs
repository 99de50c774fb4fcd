//! What a stretch of time will have cost an account: what runs goes on, and what is used goes on as in the last days.

use crate::EngineError;
use crate::folio::Work;
use farthing_core::cost::{Paces, forecast};
use farthing_core::ledger::OwnerId;
use farthing_core::settle::{SettleError, ThingId};
use farthing_core::time::{Duration, Instant};
use farthing_store::{AccountCosts, ThingKind};
use std::collections::BTreeMap;

/// What is counted is foretold by so many days.
const COUNTED_DAYS: i64 = 7;
const DAY_SECONDS: i64 = 86_400;

impl Work<'_, '_> {
    /// What it will have come to at an end, after so much by now; of those things that count. An account that was loaded.
    pub(crate) fn foretell(
        &mut self,
        id: OwnerId,
        (now, end): (Instant, Instant),
        so_far: i64,
        counts: impl Fn(ThingId) -> bool,
    ) -> Result<i64, EngineError> {
        let now = now.floor_second();
        let days = Duration::try_from_seconds(COUNTED_DAYS.saturating_mul(DAY_SECONDS)).map_err(SettleError::from)?;
        let today = self.folio(id).zone.day_of(now).map_err(SettleError::from)?.start();
        let from = today.checked_sub(days).map_err(SettleError::from)?;
        let AccountCosts { rows, of } = self.tx.charge_costs(id, (from, today), false)?;
        let mut costs: BTreeMap<ThingId, i64> = BTreeMap::new();
        let sealed = rows.iter().filter_map(|row| Some((of.get(row.of)?.0, row.net)));
        let waiting = self.charges_waiting(id).filter(|row| row.from >= from && row.from < today);
        for (thing, net) in
            sealed.chain(waiting.map(|row| (row.line.thing, row.net))).filter(|(thing, _)| counts(*thing))
        {
            let sum = costs.entry(thing).or_default();
            *sum = sum.saturating_add(net);
        }
        let things = self.tx.things(&costs.keys().copied().collect::<Vec<_>>())?;
        let used = things.iter().filter(|thing| thing.kind == ThingKind::Usage);
        let counted = used.filter_map(|thing| costs.get(&thing.id).copied()).fold(0, i64::saturating_add);
        let per_hour = self.folio(id).book.cost_of_hour(now, |line| counts(line.id.thing))?;
        let paces = Paces { per_hour, counted, counted_days: COUNTED_DAYS, so_far };
        Ok(forecast(&paces, end.seconds_since(now)))
    }
}

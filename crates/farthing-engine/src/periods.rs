//! Billing periods in an account's book: what is sealed is counted for the next document, and it is known when that is due.
//!
//! Sums, not charges: a period closes by what was counted, however many charges there were (`bills/close_period`).

use crate::EngineError;
use crate::folio::Work;
use farthing_core::bill::{Apart, Consumed, Consumption, Cut};
use farthing_core::ledger::OwnerId;
use farthing_core::settle::{SettleError, TermsKey, billing_period};
use farthing_core::time::{Duration, Instant, Period};
use farthing_store::BillingRow;

/// What waits of an account for a document, as it was read and as it is.
#[derive(Clone, Debug)]
pub(crate) struct Billing {
    pub(crate) row: BillingRow,
    loaded: BillingRow,
    /// How many of the charges this transaction seals are counted.
    counted: usize,
}

/// What of a product a line is about, as rows keep it: its configuration, and behind a slash its part.
pub(crate) fn item_of(key: &TermsKey) -> String {
    let sku = key.sku.as_ref().map_or("", |sku| sku.as_str());
    match &key.part {
        Some(part) => format!("{sku}/{part}"),
        None => sku.to_owned(),
    }
}

impl Work<'_, '_> {
    /// What waits of an account, with all that this transaction has sealed so far.
    pub(crate) fn billing(&mut self, id: OwnerId) -> Result<&mut BillingRow, EngineError> {
        self.count_sealed(&[id])?;
        let billing = self.folio(id).billing.as_mut();
        Ok(&mut billing.ok_or_else(|| crate::bills::broken("what waits for a bill was not read"))?.row)
    }

    /// Counts what was sealed of these accounts since it was counted last.
    pub(crate) fn count_sealed(&mut self, ids: &[OwnerId]) -> Result<(), EngineError> {
        self.load_billings(ids)?;
        for id in ids.iter().copied() {
            let from = self.folio(id).billing.as_ref().map_or(0, |billing| billing.counted);
            let fresh: Vec<_> = self.folio(id).sealed.iter().skip(from).map(|(sealed, _)| sealed.clone()).collect();
            for sealed in &fresh {
                let last = sealed.to.checked_sub(second()?).map_err(SettleError::from)?;
                let period = self.period_of(id, last)?.end();
                self.await_closing(id, last)?;
                let item = item_of(&sealed.key);
                let (list, net) = (sealed.charge.list.units(), sealed.charge.net.units());
                let (product, paid) = (&sealed.product, &sealed.paid);
                let consumed = Consumed { product, item: &item, from: sealed.from, to: sealed.to, list, net, paid };
                if let Some(billing) = &mut self.folio(id).billing {
                    let billed = billing.row.cut.upto;
                    billing.row.waiting.count(&consumed, period, billed);
                    billing.counted += 1;
                }
            }
        }
        Ok(())
    }

    /// The documents of the period of an instant are due once it has collected, be that over already; what is told of a period that has its
    /// documents waits for those of the next.
    pub(crate) fn await_closing(&mut self, id: OwnerId, at: Instant) -> Result<(), EngineError> {
        self.load_billings(&[id])?;
        let mut period = self.period_of(id, at)?;
        let folio = self.folio(id);
        let (bill_at, opened) = (folio.state.bill_at, folio.payer.opened);
        let known = folio.billing.as_ref().map(|billing| (billing.row.since, billing.row.until));
        let (since, until) = known.unwrap_or((opened, opened));
        let closed_to = if bill_at.is_some() { since } else { until };
        if period.end() <= closed_to {
            if bill_at.is_some() {
                return Ok(());
            }
            period = self.period_of(id, self.now)?;
        }
        let closes = self.closes(period)?;
        if bill_at.is_some_and(|known| known <= closes) {
            return Ok(());
        }
        self.set_period(id, period)
    }

    /// The period whose documents are issued next.
    pub(crate) fn set_period(&mut self, id: OwnerId, period: Period) -> Result<(), EngineError> {
        let closes = self.closes(period)?;
        let folio = self.folio(id);
        folio.state.bill_at = Some(closes);
        if let Some(billing) = &mut folio.billing {
            (billing.row.since, billing.row.until) = (period.start(), period.end());
        }
        Ok(())
    }

    /// When the documents of a period are issued: when nothing is told of it any more that would be on them.
    pub(crate) fn closes(&self, period: Period) -> Result<Instant, EngineError> {
        let window = self.policy_at(period.end())?.settle.late_window;
        Ok(period.end().checked_add(window).map_err(SettleError::from)?)
    }

    /// An account's billing period of an instant.
    pub(crate) fn period_of(&mut self, id: OwnerId, at: Instant) -> Result<Period, EngineError> {
        if let Some((_, known)) = self.last_period.filter(|(of, known)| *of == id && known.contains(at)) {
            return Ok(known);
        }
        let folio = &self.folios[&id];
        let period = billing_period(&self.policy_at(at)?.bill, &folio.zone, folio.payer.opened, at)?;
        self.last_period = Some((id, period));
        Ok(period)
    }

    fn load_billings(&mut self, ids: &[OwnerId]) -> Result<(), EngineError> {
        let missing: Vec<OwnerId> = ids.iter().copied().filter(|id| self.folio(*id).billing.is_none()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        for row in self.tx.billings(&missing)? {
            let id = row.account;
            self.folio(id).billing = Some(Billing { loaded: row.clone(), row, counted: 0 });
        }
        for id in missing {
            let opened = self.folio(id).payer.opened;
            self.folio(id).billing.get_or_insert_with(|| {
                let (waiting, apart) = (Consumption::default(), Apart::new());
                let row = BillingRow { account: id, since: opened, until: opened, cut: Cut::NONE, waiting, apart };
                Billing { loaded: row.clone(), row, counted: 0 }
            });
        }
        Ok(())
    }

    /// Counts what is not counted yet, and writes what has changed.
    pub(crate) fn write_billings(&mut self) -> Result<(), EngineError> {
        let sealing: Vec<OwnerId> =
            self.folios.iter().filter(|(_, folio)| !folio.sealed.is_empty()).map(|(id, _)| *id).collect();
        self.count_sealed(&sealing)?;
        let changed = self.folios.values().filter_map(|folio| folio.billing.as_ref());
        let changed = changed.filter(|billing| billing.loaded != billing.row);
        let rows: Vec<BillingRow> = changed.map(|billing| billing.row.clone()).collect();
        Ok(self.tx.billing_put(&rows)?)
    }
}

fn second() -> Result<Duration, SettleError> {
    Ok(Duration::try_from_seconds(1)?)
}

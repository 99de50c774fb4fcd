//! What waits for a person, queue by queue: read once for the first page, which counts, and for the queues themselves.

use super::ask::{Ask, found};
use crate::frame::PageError;
use farthing_core::access::OperatorDeed;
use farthing_core::bank::RowState;
use farthing_core::bill::{DisputeState, RequestState};
use farthing_core::payment::{RefundState, State as PaymentState};
use farthing_core::time::Instant;
use farthing_engine::{
    BankRowFacts, BillDisputeFacts, DeliveryView, GivenUp, InvoiceRequestFacts, LadderFacts, PaymentFacts, RefundFacts,
    Refused,
};
use farthing_store::{DeliveryFilter, DeliveryState, ParkedRow};

/// As many as are read of each: what waits longer than that is more than a page.
pub(crate) const MOST: usize = 200;

pub(crate) struct Waiting {
    pub(crate) movements: Vec<BankRowFacts>,
    pub(crate) refunds: Vec<RefundFacts>,
    /// Payments that a rule of the policy holds.
    pub(crate) reviews: Vec<PaymentFacts>,
    pub(crate) invoices: Vec<InvoiceRequestFacts>,
    pub(crate) disputes: Vec<BillDisputeFacts>,
    pub(crate) parked: Vec<ParkedRow>,
    pub(crate) given_up: Vec<GivenUp>,
    pub(crate) deliveries: Vec<DeliveryView>,
    /// Accounts whose next step waits.
    pub(crate) held: Vec<LadderFacts>,
}

/// A queue as it is counted.
pub(crate) struct Queue {
    /// Its key in the texts, and its place on the page.
    pub(crate) name: &'static str,
    pub(crate) count: usize,
    /// Since when the one has waited that waits longest.
    pub(crate) oldest: Option<Instant>,
}

impl Waiting {
    /// What an operator may see of it.
    pub(crate) fn of(ask: &Ask) -> Result<Waiting, PageError> {
        let (engine, id) = (ask.engine(), ask.id());
        let movements = if ask.may(OperatorDeed::SeeMoney) {
            ruled(engine.bank_rows(id, Some(RowState::Waiting), None, None, MOST))?.unwrap_or_default()
        } else {
            Vec::new()
        };
        let mut given_up = found(engine.given_up(id, None, MOST), ask)?;
        given_up.retain(|errand| errand.open);
        let dead = DeliveryFilter { channel: None, state: Some(DeliveryState::Dead) };
        let mut held = found(engine.ladders(id), ask)?;
        held.retain(|ladder| !ladder.held.is_empty());
        Ok(Waiting {
            movements,
            refunds: found(engine.refunds(id, None, Some(RefundState::Asked), None, MOST), ask)?,
            reviews: found(engine.payments(id, None, Some(PaymentState::Review), None, MOST), ask)?,
            invoices: found(engine.invoice_requests(id, None, Some(RequestState::Asked), None, MOST), ask)?,
            disputes: found(engine.bill_disputes(id, (None, None), Some(DisputeState::Open), None, MOST), ask)?,
            parked: engine.parked()?.into_iter().filter(|row| row.cloud == id).collect(),
            given_up,
            deliveries: engine.deliveries(id, &dead, None, MOST)?,
            held,
        })
    }

    /// In the order of the page.
    pub(crate) fn queues(&self) -> [Queue; 9] {
        let micros = |oldest: Option<i64>| oldest.map(Instant::from_micros);
        let queue = |name, count, oldest| Queue { name, count, oldest };
        [
            queue("bank", self.movements.len(), micros(self.movements.iter().map(|row| row.told).min())),
            queue("refunds", self.refunds.len(), micros(self.refunds.iter().map(|row| row.asked).min())),
            queue("reviews", self.reviews.len(), micros(self.reviews.iter().map(|row| row.created).min())),
            queue("invoices", self.invoices.len(), micros(self.invoices.iter().map(|row| row.asked).min())),
            queue("disputes", self.disputes.len(), micros(self.disputes.iter().map(|row| row.opened).min())),
            queue("parked", self.parked.len(), None),
            queue("given_up", self.given_up.len(), micros(self.given_up.iter().filter_map(|row| row.first).min())),
            queue("dead", self.deliveries.len(), self.deliveries.iter().map(|view| view.message.at).min()),
            queue("held", self.held.len(), micros(self.held.iter().filter_map(|row| row.since).min())),
        ]
    }

    pub(crate) fn count(&self) -> usize {
        self.queues().iter().map(|queue| queue.count).sum()
    }
}

/// What a rule refuses is not there to be shown: a cloud without a bank has no movements.
pub(crate) fn ruled<T>(answer: Result<T, Refused>) -> Result<Option<T>, PageError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Refused::ByRule { .. }) => Ok(None),
        Err(Refused::Engine(error)) => Err(error.into()),
    }
}

//! What an account was charged, thing by thing, with what is open and what it comes to.

use crate::look_at_account::{account_id, product_name, sum_of_charges};
use crate::{ChargeQuestion, Engine, Refused};
use farthing_core::money::{Currency, Money};
use farthing_core::settle::ThingId;
use farthing_core::time::Instant;
use farthing_store::{ChargeFilter, ChargeRow, ThingKind};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct ChargesView {
    pub currency: Currency,
    pub lines: Vec<ChargeLine>,
    /// Sealed charges and what is not sealed yet.
    pub sum: Money,
}

#[derive(Clone, Debug)]
pub struct ChargeLine {
    pub charge: ChargeRow,
    /// The resource; none where use is charged that is no resource's.
    pub resource: Option<String>,
}

impl Engine {
    pub fn charges_view(
        &self,
        cloud: &str,
        account: &str,
        asked: &ChargeQuestion,
        at: Instant,
    ) -> Result<ChargesView, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            let product = product_name(asked.product.as_deref())?;
            let rows = work.tx.charges_of(id, &ChargeFilter { product, from: asked.from, to: asked.to })?;
            let mut things: Vec<ThingId> = rows.iter().map(|row| row.line.thing).collect();
            things.sort_unstable();
            things.dedup();
            let things = work.tx.things(&things)?.into_iter().filter(|thing| thing.kind == ThingKind::Resource);
            let names: BTreeMap<ThingId, String> = things.map(|thing| (thing.id, thing.name)).collect();
            let named = |charge: ChargeRow| ChargeLine { resource: names.get(&charge.line.thing).cloned(), charge };
            let lines = rows.into_iter().map(named).collect();
            Ok(ChargesView { currency: work.currency(), lines, sum: sum_of_charges(work, id, asked, at)? })
        })
    }
}

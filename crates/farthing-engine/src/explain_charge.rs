//! Why a charge is what it is, read in one snapshot: what it is of, what that did, at which price, the arithmetic, what paid.

use crate::exports::document_of_charge;
use crate::look_at_account::account_id;
use crate::{ChargeDocument, Engine, RefusalCode, Refused};
use farthing_core::catalog::{Pricing, Product};
use farthing_core::ledger::{AccountId, Chart};
use farthing_core::money::Currency;
use farthing_core::settle::{Charged, Counted, Did, Source, TermsKey};
use farthing_core::time::Instant;
use farthing_store::{ChargeRow, FactRow, StoreError, ThingKind, ThingRow};

#[derive(Clone, Debug)]
pub struct ChargeReasons {
    pub row: ChargeRow,
    pub currency: Currency,
    /// Whose price it has.
    pub terms: TermsKey,
    pub thing: ThingRow,
    /// What is said of that price; none where it cannot be found any more.
    pub price: Option<(Product, Pricing)>,
    /// What the resource did, where it is one's.
    pub did: Vec<Did>,
    /// How much was counted, where it is use and comes to the charge.
    pub counted: Option<Counted>,
    /// The arithmetic; empty where it does not come to the charge.
    pub steps: Vec<String>,
    /// What paid how much, first what paid first.
    pub paid: Vec<(PaidBy, i64)>,
    /// What was told of the resource, up to the end of the charge's time, in order of time: what its stretches follow from.
    pub events: Vec<ToldOf>,
    /// The document it is on; none: it waits for one.
    pub document: Option<ChargeDocument>,
}

/// Something that was told of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldOf {
    pub at: Instant,
    /// `start`, `resize` and so on.
    pub what: String,
    /// When it was.
    pub recorded: Instant,
}

/// What paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaidBy {
    Cash,
    /// By its name.
    Credit(String),
    Debt,
    /// Nothing yet: it goes on the next bill.
    NextBill,
}

impl Engine {
    /// Why the charge of this number of an account is what it is.
    pub fn explain_charge(&self, cloud: &str, account: &str, number: i64) -> Result<ChargeReasons, Refused> {
        self.look(cloud, |work| {
            let payer = account_id(work, account)?;
            let row = work.tx.charge_by_number(payer, number)?.ok_or_else(|| {
                Refused::new(RefusalCode::NotFound, format!("account {account:?} has no charge {number}"))
            })?;
            let cloud = work.cloud.clone();
            let known = cloud.terms(work.tx, row.terms)?;
            let thing = work.tx.things(&[row.line.thing])?.pop();
            let thing = thing.ok_or_else(|| StoreError::corrupt(format!("charge {number} is of nothing")))?;
            let charged =
                Charged { key: &known.0, payer, from: row.from, to: row.to, net: row.net, correction: row.number > 0 };
            let profile = cloud.profile_of(known.0.version)?;
            let (mut did, mut counted, mut steps, mut events) = (Vec::new(), None, Vec::new(), Vec::new());
            match thing.kind {
                _ if row.line.is_waiver() => steps.push("waived: the audit log says why".to_owned()),
                ThingKind::Resource => {
                    // What is sold no more was sold by the version it was charged by.
                    if let Some(product) = profile.catalog.product_by_id(thing.product.as_str()) {
                        let told = |fact: FactRow| ToldOf {
                            at: fact.at,
                            what: fact.what.lines().next().unwrap_or_default().to_owned(),
                            recorded: fact.recorded,
                        };
                        let facts = work.tx.facts_of(thing.id)?.into_iter().filter(|fact| fact.at < row.to);
                        events = facts.map(told).collect();
                        let mut timeline = work.timeline_of(&thing, product)?;
                        // What was reported since is no reason of this charge, but of its correction.
                        timeline.segments = work.without_outages_at(&thing, timeline.segments, row.recorded);
                        did = charged.did(&profile.catalog, &timeline);
                        steps = charged.steps(profile, &timeline);
                    }
                }
                ThingKind::Usage => {
                    let closed = work.tx.closed_total(payer, &row.line)?.filter(|closed| closed.terms == row.terms);
                    if let Some(closed) = closed {
                        let payers = work.tx.payers(&[payer])?;
                        let zone = payers.first().map_or("UTC", |payer| payer.zone.as_str());
                        let zone = work.zone(zone)?;
                        let meterage = cloud.meterage(&known.0, &known.1, closed.month_seconds, 0, &zone)?;
                        counted = charged.counted(&meterage, known.1.unit.clone(), closed.total);
                        steps = counted.as_ref().map(|counted| counted.steps.clone()).unwrap_or_default();
                    }
                }
                ThingKind::Scope => {}
            }
            let lots: Vec<_> = row.paid.iter().filter_map(|(source, _)| lot_of(*source)).collect();
            let names = work.tx.account_names(&lots)?;
            let credit = |code: &str| match Chart::parse(code) {
                Some(Chart::Credit(name)) => name,
                _ => code.to_owned(),
            };
            let paid_by = |source: Source| match source {
                Source::Cash => PaidBy::Cash,
                Source::Debt => PaidBy::Debt,
                Source::Unbilled => PaidBy::NextBill,
                Source::Lot(lot) => PaidBy::Credit(names.get(&lot).map_or_else(String::new, |name| credit(&name.code))),
            };
            let document = document_of_charge(work, &row, &known.0)?;
            Ok(ChargeReasons {
                events,
                document,
                currency: work.currency(),
                price: charged.price(&profile.catalog).map(|(product, pricing)| (product.clone(), pricing)),
                paid: row.paid.iter().map(|(source, amount)| (paid_by(*source), *amount)).collect(),
                terms: (*known.0).clone(),
                row,
                thing,
                did,
                counted,
                steps,
            })
        })
    }
}

fn lot_of(source: Source) -> Option<AccountId> {
    match source {
        Source::Lot(account) => Some(account),
        Source::Cash | Source::Debt | Source::Unbilled => None,
    }
}

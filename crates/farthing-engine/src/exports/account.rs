//! An account as exports read it: its charges in the order of sealing, what each is of, and which document each is on.
//!
//! Charges and documents are appended, so an account is looked at as it is when its first page is read, and later pages are of the same state.

use crate::bills::{BillFacts, facts_of};
use crate::folio::Work;
use crate::periods::item_of;
use crate::{EngineError, Refused};
use farthing_core::bill::{Consumed, Cuts};
use farthing_core::catalog::{Catalog, Kind, Pricing, Product};
use farthing_core::config::{Name, Text};
use farthing_core::export::{Had, quantity_for};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::DataStep;
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_core::settle::{Charged, Source, Terms, TermsKey, ThingId, billing_period};
use farthing_core::time::{Instant, Zone};
use farthing_core::timeline::Segment;
use farthing_store::{ChargeRow, PayerRow, StoreError, ThingKind, ThingRow, properties_from_text};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// As many things of an account as are remembered from page to page.
const KNOWN_MAX: usize = 4_096;

/// A document that charges are on.
#[derive(Clone, Debug)]
pub(super) struct UseDocument {
    pub(super) id: BillId,
    pub(super) number: String,
    pub(super) kind: String,
    pub(super) period: (Instant, Instant),
    /// The places of its lines of use among all of its lines, from 0, in the order of its cut.
    pub(super) places: Vec<usize>,
}

pub(super) struct AccountPages {
    pub(super) payer: PayerRow,
    pub(super) zone: Zone,
    /// How many charges there are.
    pub(super) sealed: i64,
    pub(super) cuts: Cuts,
    pub(super) documents: Vec<UseDocument>,
    things: HashMap<ThingId, Arc<Known>>,
}

/// A thing, with what it did.
struct Known {
    thing: ThingRow,
    project: String,
    /// Of a resource itself and its own; of a scope all that share its free size.
    members: Vec<(ThingRow, Vec<Segment>)>,
}

/// A charge, with everything an export says of it.
pub(super) struct Said {
    pub(super) row: ChargeRow,
    pub(super) key: Arc<TermsKey>,
    pub(super) resource: String,
    pub(super) project: String,
    pub(super) user: String,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) product_name: String,
    pub(super) category: String,
    pub(super) kind: Option<Kind>,
    pub(super) price: String,
    pub(super) ran: Option<(Instant, Instant)>,
    /// In millionths, and of what.
    pub(super) usage: Option<(i128, Usage)>,
    /// The place of its document, and of the line on it.
    pub(super) document: Option<usize>,
    pub(super) line: Option<usize>,
    pub(super) late: bool,
    pub(super) credit: i64,
    pub(super) cash: i64,
    pub(super) debt: i64,
    pub(super) billed: i64,
}

/// What a quantity is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Seconds,
    /// Of a size by seconds, in its unit.
    SizeSeconds(String),
    /// Of what a meter counts.
    Counted(String),
}

impl AccountPages {
    pub(super) fn begin(work: &mut Work<'_, '_>, id: OwnerId) -> Result<AccountPages, Refused> {
        let gone = |what: &str| StoreError::corrupt(format!("the {what} of account {} is gone", id.0));
        let payer = work.tx.payers(&[id])?.pop().ok_or_else(|| gone("row"))?;
        let sealed = work.tx.payer_states(&[id])?.pop().ok_or_else(|| gone("state"))?.sealed;
        let zone = work.zone(&payer.zone)?;
        let (mut cuts, mut documents) = (Vec::new(), Vec::new());
        for cut in work.tx.bill_cuts_of(id)? {
            let row = work.tx.bill(cut.bill)?.ok_or_else(|| gone("document"))?;
            let facts = facts_of(work.tx, &row)?;
            let places = facts.lines.iter().enumerate().filter(|(_, line)| line.used.is_some()).map(|(place, _)| place);
            documents.push(UseDocument {
                id: cut.bill,
                places: places.collect(),
                number: facts.number,
                kind: facts.kind,
                period: (cut.since, cut.until),
            });
            cuts.push((cut.cut, cut.used));
        }
        let cuts = Cuts::of(cuts);
        Ok(AccountPages { payer, zone, sealed, cuts, documents, things: HashMap::new() })
    }

    /// The account's billing period of an instant.
    pub(super) fn period_of(&self, work: &Work<'_, '_>, at: Instant) -> Result<(Instant, Instant), EngineError> {
        let period = billing_period(&work.policy_at(at)?.bill, &self.zone, self.payer.opened, at)?;
        Ok((period.start(), period.end()))
    }

    /// The billing period of a charge that is on no document yet.
    pub(super) fn period_of_charge(
        &self,
        work: &Work<'_, '_>,
        row: &ChargeRow,
    ) -> Result<(Instant, Instant), EngineError> {
        let last = Instant::from_micros(row.to.micros().saturating_sub(1).max(row.from.micros()));
        self.period_of(work, last)
    }

    /// Which document a charge is on, and which of its lines.
    pub(super) fn place_of(&self, row: &ChargeRow, key: &TermsKey) -> (Option<usize>, Option<usize>, bool) {
        let document = self.cuts.document_of(row.to, row.chained);
        let item = item_of(key);
        let consumed = Consumed {
            product: &row.product,
            item: &item,
            from: row.from,
            to: row.to,
            list: row.list,
            net: row.net,
            paid: &row.paid,
        };
        let line = self.cuts.line_of(&consumed, row.chained);
        let place = line.and_then(|(document, line)| self.documents.get(document)?.places.get(line).copied());
        (document, place, self.cuts.is_late(row.to, row.chained))
    }

    /// The charges after a place in the chain, at most so many.
    pub(super) fn page(&mut self, work: &mut Work<'_, '_>, after: i64, limit: i64) -> Result<Vec<Said>, Refused> {
        let rows = work.tx.charges_after(self.payer.id, (after, self.sealed), limit)?;
        self.remember(work, &rows)?;
        rows.into_iter().map(|row| self.say(work, row)).collect()
    }

    fn remember(&mut self, work: &mut Work<'_, '_>, rows: &[ChargeRow]) -> Result<(), Refused> {
        if self.things.len() > KNOWN_MAX {
            self.things.clear();
        }
        let mut missing: Vec<ThingId> =
            rows.iter().map(|row| row.line.thing).filter(|thing| !self.things.contains_key(thing)).collect();
        missing.sort_unstable();
        missing.dedup();
        let now = work.now;
        let mut projects: HashMap<i64, String> = HashMap::new();
        for thing in work.tx.things(&missing)? {
            let project = match projects.get(&thing.project) {
                Some(name) => name.clone(),
                None if thing.project == 0 => String::new(),
                None => {
                    let name = work.tx.project_name(thing.project)?.unwrap_or_default();
                    projects.insert(thing.project, name.clone());
                    name
                }
            };
            let profile = work.cloud.profile_at(now)?.clone();
            let product = profile.catalog.product_by_id(thing.product.as_str());
            let members = match (thing.kind, product) {
                (ThingKind::Resource, Some(product)) => {
                    vec![(thing.clone(), work.timeline_of(&thing, product)?.segments)]
                }
                (ThingKind::Scope, Some(product)) => work.members_of_scope(&thing, product, self.payer.id)?,
                _ => Vec::new(),
            };
            self.things.insert(thing.id, Arc::new(Known { thing, project, members }));
        }
        Ok(())
    }

    fn say(&self, work: &mut Work<'_, '_>, row: ChargeRow) -> Result<Said, Refused> {
        let missing = || StoreError::corrupt(format!("charge {} is of nothing", row.chained));
        let known = self.things.get(&row.line.thing).ok_or_else(missing)?.clone();
        let cloud = work.cloud.clone();
        let terms = cloud.terms(work.tx, row.terms)?;
        let (key, thing) = (terms.0.clone(), &known.thing);
        let catalog = &cloud.profile_of(key.version)?.catalog;
        let product = catalog.product_by_id(row.product.as_str());
        let correction = row.number > 0 || row.line.is_waiver() || row.line.is_correction();
        let charged = Charged { key: &key, payer: row.account, from: row.from, to: row.to, net: row.net, correction };
        let mut had = Had::default();
        let mut usage = None;
        if let Some(product) = product {
            for (member, segments) in &known.members {
                // What was reported since stands on its correction.
                let segments = work.without_outages_at(member, segments.clone(), row.recorded);
                had.add(&segments, product, row.account, (row.from, row.to));
            }
            usage = match thing.kind {
                _ if correction => None,
                ThingKind::Resource if product.kind == Kind::Running => {
                    Some((had.seconds.saturating_mul(1_000_000), Usage::Seconds))
                }
                ThingKind::Resource | ThingKind::Scope => {
                    let unit = unit_of(catalog, product);
                    unit.map(|unit| (had.sized, Usage::SizeSeconds(unit)))
                }
                ThingKind::Usage => {
                    let closed =
                        work.tx.closed_total(row.account, &row.line)?.filter(|closed| closed.terms == row.terms);
                    match closed {
                        Some(closed) => {
                            let meterage = cloud.meterage(&key, &terms.1, closed.month_seconds, 0, &self.zone)?;
                            let counted = charged.counted(&meterage, terms.1.unit.clone(), closed.total);
                            let unit = |counted: &farthing_core::settle::Counted| {
                                counted.unit.as_ref().map(ToString::to_string).unwrap_or_default()
                            };
                            counted.map(|counted| {
                                (i128::from(counted.quantity.millionths()), Usage::Counted(unit(&counted)))
                            })
                        }
                        None => None,
                    }
                }
            };
            if usage.is_none() && thing.kind == ThingKind::Usage && !row.line.is_waiver() {
                let step = work.policy_at(row.from)?.cloud.data_step;
                usage = counted_by_price(&charged, catalog, &terms.1, (row.list, work.currency(), step));
            }
        }
        let price = match charged.price(catalog) {
            Some((_, pricing)) if !correction => words_of(&pricing, &key),
            _ => String::new(),
        };
        let (mut credit, mut cash, mut debt, mut billed) = (0_i64, 0_i64, 0_i64, 0_i64);
        for (source, part) in &row.paid {
            let sum = match source {
                Source::Lot(_) => &mut credit,
                Source::Cash => &mut cash,
                Source::Debt => &mut debt,
                Source::Unbilled => &mut billed,
            };
            *sum = sum.saturating_add(*part);
        }
        let (document, line, late) = self.place_of(&row, &key);
        let resource = match thing.kind {
            ThingKind::Resource => thing.name.clone(),
            // `product/resource/NAME/payer/…`
            ThingKind::Usage => {
                let mut parts = thing.name.split('/').skip(1);
                let named = parts.next() == Some("resource");
                parts.next().filter(|_| named).unwrap_or_default().to_owned()
            }
            ThingKind::Scope => String::new(),
        };
        Ok(Said {
            resource,
            project: known.project.clone(),
            user: if had.user.is_empty() { thing.person.clone() } else { had.user },
            properties: properties_from_text(&thing.properties),
            product_name: product.map(|product| product.name.0.clone()).unwrap_or_default(),
            category: product.and_then(|product| product.category.clone()).map(|text| text.0).unwrap_or_default(),
            kind: product.map(|product| product.kind),
            price,
            ran: had.ran.filter(|_| !correction),
            usage,
            document,
            line,
            late,
            credit,
            cash,
            debt,
            billed,
            key,
            row,
        })
    }

    /// All documents of an account that were issued before one, the newest first.
    pub(super) fn documents_before(
        &self,
        work: &mut Work<'_, '_>,
        before: Option<BillId>,
        limit: i64,
    ) -> Result<Vec<(BillId, BillFacts)>, Refused> {
        let cloud = work.cloud.id.clone();
        let filter =
            farthing_store::BillFilter { account: Some(self.payer.id), ..farthing_store::BillFilter::default() };
        let rows = work.tx.bills(&cloud, &filter, before, limit)?;
        rows.iter().map(|row| Ok((row.id, facts_of(work.tx, row)?))).collect()
    }
}

/// How much was used, where each costs the same: what the amount is for.
fn counted_by_price(
    charged: &Charged<'_>,
    catalog: &Catalog,
    terms: &Terms,
    (list, currency, step): (i64, Currency, DataStep),
) -> Option<(i128, Usage)> {
    let (_, pricing) = charged.price(catalog)?;
    let odd =
        pricing.has_memory() || pricing.convert.is_some() || pricing.each_min.is_some() || pricing.each_max.is_some();
    if terms.memory || odd || !pricing.hours.is_empty() {
        return None;
    }
    let properties: BTreeMap<String, Text> =
        charged.key.properties.iter().map(|(key, value)| (key.clone(), Text(value.clone()))).collect();
    let unit = terms.unit.as_ref()?;
    let rate = pricing.price_when(&properties)?.rate(currency, Some(unit), step, 1).ok()?;
    Some((quantity_for(list, rate)?, Usage::Counted(unit.to_string())))
}

fn unit_of(catalog: &Catalog, product: &Product) -> Option<String> {
    let meter = catalog.meter_by_id(product.meter.as_ref()?)?;
    Some(meter.unit.to_string())
}

/// What the catalogue says one costs; where that depends on more than a row says, nothing.
fn words_of(pricing: &Pricing, key: &TermsKey) -> String {
    if !pricing.tiers.is_empty() || !pricing.hours.is_empty() {
        return String::new();
    }
    let properties: BTreeMap<String, Text> =
        key.properties.iter().map(|(key, value)| (key.clone(), Text(value.clone()))).collect();
    pricing.price_when(&properties).map(ToString::to_string).unwrap_or_default()
}

/// Of a product that a row is of, by its name.
pub(super) fn sku_of(key: &TermsKey) -> String {
    key.sku.as_ref().map(Name::to_string).unwrap_or_default()
}

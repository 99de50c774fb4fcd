//! What a cloud sells that needs no order: machines by the hour, space by its size, use by the event. Read from its catalogue,
//! so that no cloud has a demo of its own.

use super::dice::Dice;
use crate::clouds::Cloud;
use farthing_core::catalog::{Aggregate, Catalog, Kind, Meter, Pricing, Product};
use farthing_core::config::Name;
use farthing_core::estimate::Ask;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::policy::{BillOn, Channel, Pay};
use farthing_core::time::{Instant, Span, Zone};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own about the cloud")]
pub(super) struct Menu {
    /// The cheapest first.
    pub(super) machines: Vec<Machine>,
    pub(super) spaces: Vec<Space>,
    pub(super) uses: Vec<Use>,
    /// What is bought for a time, the cheapest first.
    pub(super) terms: Vec<Term>,
    /// What is bought ahead and used up, and what uses it.
    pub(super) units: Option<Units>,
    /// Codes that make an order cheaper, with what they are for.
    pub(super) coupons: Vec<(String, Vec<String>)>,
    pub(super) gift: Gift,
    /// A trial of the cloud's own, by its policy.
    pub(super) trial: bool,
    /// Bills are charged to whoever has a method.
    pub(super) collects: bool,
    /// Bills arise, and can be disputed.
    pub(super) disputes: bool,
    /// Invoices are issued to who asks.
    pub(super) on_request: bool,
    /// Whoever has no money left is suspended by the cloud's steps.
    pub(super) suspends: bool,
    /// Whoever pays then is brought back by them.
    pub(super) resumes: bool,
    /// What was out of order is given back.
    pub(super) voids_outages: bool,
    pub(super) top_up_least: Option<Money>,
    pub(super) top_up_most: Option<Money>,
    /// How customers pay in online.
    pub(super) channel: Channel,
    /// Who agrees to it is filled up by themselves.
    pub(super) refills: bool,
    /// What is not consumed is given back to who asks.
    pub(super) refunds: bool,
    /// How often the cloud says that a thing is alive, where it watches what it runs.
    pub(super) heartbeat_seconds: Option<i64>,
    /// Whether who says nothing else pays ahead.
    pub(super) ahead: bool,
    /// Whatever it sells by time, size or use goes on bills.
    pub(super) bills_all: bool,
    /// What the demo's amounts are counted in.
    pub(super) coin: i64,
}

/// A machine that can be started.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) product: Name,
    pub(super) sku: Option<Name>,
    /// In units of the cloud's currency.
    pub(super) hour_costs: i64,
}

/// Room that is paid by its size.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) product: Name,
}

/// Something that is bought for a time.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) product: Name,
    pub(super) sku: Option<Name>,
    /// In units of the cloud's currency.
    pub(super) costs: i64,
    /// What is in it is measured: a space with a free size.
    pub(super) measured: bool,
    pub(super) periods: i64,
}

/// Packs of units, and machines that use them.
#[derive(Clone, Debug)]
pub(super) struct Units {
    pub(super) product: Name,
    pub(super) pack: Quantity,
    pub(super) machines: Vec<(Name, Option<Name>)>,
}

/// Something that is counted as it is used.
#[derive(Clone, Debug)]
pub(super) struct Use {
    product: Name,
    meters: Vec<Counted>,
    /// What an event has to say in order to count.
    told: BTreeMap<String, String>,
    /// What it may say besides, each at a price of its own.
    choices: Vec<BTreeMap<String, String>>,
}

#[derive(Clone, Debug)]
struct Counted {
    meter: Name,
    /// The fewest and the most of one event.
    range: (i64, i64),
}

/// One event's worth of use.
#[derive(Clone, Debug)]
pub(super) struct Used {
    pub(super) product: String,
    pub(super) quantities: Vec<(String, Quantity)>,
    pub(super) properties: BTreeMap<String, String>,
}

/// What is given to begin with.
#[derive(Clone, Debug)]
pub(super) struct Gift {
    pub(super) name: String,
    pub(super) credit: Money,
    pub(super) products: Vec<String>,
    lasts: Option<Span>,
}

impl Gift {
    pub(super) fn ends(&self, given: Instant, zone: &Zone) -> Option<Instant> {
        self.lasts.and_then(|lasts| lasts.end_from(given, zone).ok())
    }
}

impl Menu {
    /// What `cloud` sells, at its prices of `at`. `coin` is what the demo's amounts are counted in.
    pub(super) fn of(cloud: &Cloud, coin: i64, at: Instant) -> Menu {
        let policy = &cloud.profile.policy;
        let catalog = &cloud.profile.catalog;
        let of_kind = |kind: Kind| catalog.product.iter().filter(move |product| product.kind == kind);
        let mut machines: Vec<Machine> =
            of_kind(Kind::Running).flat_map(|product| machines_of(cloud, product, at)).collect();
        machines.sort_by_key(|machine| machine.hour_costs);
        let metered =
            || [Kind::Running, Kind::Capacity, Kind::Usage].into_iter().flat_map(of_kind).filter(|of| !of_units(of));
        let mut terms: Vec<Term> = of_kind(Kind::Term).flat_map(|product| terms_of(cloud, product, at)).collect();
        terms.sort_by_key(|term| term.costs);
        let coupons = catalog.coupon.iter().map(|coupon| {
            (coupon.code.to_string(), coupon.products.iter().map(ToString::to_string).collect::<Vec<String>>())
        });
        let spaces = of_kind(Kind::Capacity).map(|product| Space { product: product.id.clone() });
        let uses = of_kind(Kind::Usage).map(|product| use_of(catalog, product));
        Menu {
            machines,
            spaces: spaces.collect(),
            uses: uses.filter(|known| !known.meters.is_empty()).collect(),
            terms,
            units: units_of(catalog),
            coupons: coupons.collect(),
            gift: gift_of(cloud, coin),
            trial: policy.trial.is_some(),
            collects: policy.collect.auto,
            disputes: policy.bill.on.contains(&BillOn::Cycle),
            on_request: policy.bill.on.contains(&BillOn::Request),
            suspends: policy.ladder.suspend.is_some(),
            resumes: policy.resume.auto,
            voids_outages: policy.monitor.void_outages,
            top_up_least: policy.top_up.min,
            top_up_most: policy.top_up.max,
            channel: policy.top_up.channels.first().copied().unwrap_or(Channel::Card),
            refills: policy.auto_refill.as_ref().is_some_and(|refill| refill.default),
            refunds: policy.refund.unconsumed_cash,
            heartbeat_seconds: policy.monitor.heartbeat.map(farthing_core::time::Duration::seconds),
            ahead: policy.settle.pay == Pay::Prepaid,
            bills_all: metered().all(|product| product.pay == Some(Pay::Postpaid)),
            coin,
        }
    }
}

/// Paid in units that were bought ahead, never in money.
fn of_units(product: &Product) -> bool {
    product.pricing.units.is_some() || product.sku.iter().any(|sku| sku.pricing.units.is_some())
}

/// Its SKUs that are offered and cost money.
fn machines_of(cloud: &Cloud, product: &Product, at: Instant) -> Vec<Machine> {
    let skus = product.sku.iter().filter(|sku| !sku.retired).map(|sku| Some(sku.id.clone()));
    let offers: Vec<Option<Name>> = if product.sku.is_empty() { vec![None] } else { skus.collect() };
    let machine = |sku: Option<Name>| {
        let ask = Ask {
            sku: sku.as_ref().map(ToString::to_string),
            lasting: Span::parse("1h").ok(),
            ..Ask::of(product.id.as_str(), at)
        };
        let hour_costs = cloud.profile.estimate(&ask).ok()?.total.net.units();
        (hour_costs > 0).then(|| Machine { product: product.id.clone(), sku, hour_costs })
    };
    offers.into_iter().filter_map(machine).collect()
}

/// What of a product is sold for a time, each for its shortest one.
fn terms_of(cloud: &Cloud, product: &Product, at: Instant) -> Vec<Term> {
    let skus = product.sku.iter().filter(|sku| !sku.retired).map(|sku| Some(sku.id.clone()));
    let offers: Vec<Option<Name>> = if product.sku.is_empty() { vec![None] } else { skus.collect() };
    let term = |sku: Option<Name>| {
        let ask = Ask { sku: sku.as_ref().map(ToString::to_string), ..Ask::of(product.id.as_str(), at) };
        let costs = cloud.profile.estimate(&ask).ok()?.total.net.units();
        let measured = product.meter.is_some();
        let periods = i64::from(product.min_periods.0);
        (costs > 0).then(|| Term { product: product.id.clone(), sku, costs: costs * periods, measured, periods })
    };
    offers.into_iter().filter_map(term).collect()
}

fn units_of(catalog: &Catalog) -> Option<Units> {
    let packs = catalog.product.iter().find(|product| product.kind == Kind::Units)?;
    let pack = packs.packs.iter().map(|pack| pack.units).min()?;
    let machines = catalog.product.iter().filter(|product| product.kind == Kind::Running && of_units(product));
    let machines = machines.flat_map(|product| {
        let skus = product.sku.iter().map(|sku| (product.id.clone(), Some(sku.id.clone())));
        if product.sku.is_empty() { vec![(product.id.clone(), None)] } else { skus.collect() }
    });
    Some(Units { product: packs.id.clone(), pack, machines: machines.collect() })
}

fn use_of(catalog: &Catalog, product: &Product) -> Use {
    let own = product.meter.iter().map(|meter| (meter, &product.pricing));
    let parts = product.component.iter().map(|part| (&part.meter, &part.pricing));
    let known = |(id, pricing)| Some((catalog.meter_by_id(id)?, pricing));
    let counted: Vec<(&Meter, &Pricing)> = own.chain(parts).filter_map(known).collect();
    let texts = |map: &BTreeMap<String, farthing_core::config::Text>| {
        map.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect::<BTreeMap<_, _>>()
    };
    let choices = counted.first().map(|(_, pricing)| {
        let others = pricing.price.is_some().then(BTreeMap::new);
        pricing.prices.iter().map(|line| texts(&line.when)).chain(others).collect()
    });
    Use {
        product: product.id.clone(),
        meters: counted.iter().map(|(meter, _)| Counted { meter: meter.id.clone(), range: range_of(meter) }).collect(),
        told: counted.iter().flat_map(|(meter, _)| texts(&meter.filter)).collect(),
        choices: choices.unwrap_or_default(),
    }
}

/// How much an event says, so that a day of use costs what people pay for it.
fn range_of(meter: &Meter) -> (i64, i64) {
    if meter.aggregate == Aggregate::Count {
        return (1, 1);
    }
    match meter.unit.as_str() {
        "token" => (200_000, 2_400_000),
        "image" => (4, 40),
        "GB" => (5, 90),
        _ => (1, 20),
    }
}

impl Use {
    /// Some of it.
    pub(super) fn some(&self, dice: &mut Dice) -> Used {
        let mut quantity = |counted: &Counted| {
            let number = dice.between(counted.range.0, counted.range.1);
            Some((counted.meter.to_string(), Quantity::from_whole(number)?))
        };
        let quantities = self.meters.iter().filter_map(&mut quantity).collect();
        let mut properties = self.told.clone();
        if !self.choices.is_empty() {
            let last = i64::try_from(self.choices.len() - 1).unwrap_or(0);
            let chosen = usize::try_from(dice.between(0, last)).unwrap_or(0);
            properties.extend(self.choices[chosen].clone());
        }
        Used { product: self.product.to_string(), quantities, properties }
    }
}

/// The catalogue's first gift, the policy's trial, or a promotion of a month.
fn gift_of(cloud: &Cloud, coin: i64) -> Gift {
    if let Some(gift) = cloud.profile.catalog.gift.first() {
        let products = gift.products.iter().map(ToString::to_string).collect();
        return Gift { name: gift.id.to_string(), credit: gift.credit, products, lasts: gift.lasts };
    }
    if let Some(trial) = &cloud.profile.policy.trial {
        let lasts = Span::parse(&format!("{}s", trial.lasts.seconds())).ok();
        return Gift { name: "trial".to_owned(), credit: trial.credit, products: Vec::new(), lasts };
    }
    let credit = Money::from_units(40 * coin, cloud.currency);
    Gift { name: "promotion".to_owned(), credit, products: Vec::new(), lasts: Span::parse("30d").ok() }
}

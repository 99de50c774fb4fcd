//! Why a sealed charge is what it is: what its thing did meanwhile, how much of the price each stretch of it costs, at which
//! price, and the arithmetic.
//!
//! Worked out again from what is known now, apart from the settling that made the charge; arithmetic is told only where it comes
//! to that charge, so it never says something else. Asked by the console and the API.

use super::{Meterage, TermsKey};
use crate::catalog::{Catalog, Kind, Pricing, Product, Wanted};
use crate::config::{Name, Size, Text};
use crate::estimate::Ask;
use crate::ledger::OwnerId;
use crate::measure::{Quantity, Unit};
use crate::profile::Profile;
use crate::rate::{Coverage, Factor};
use crate::time::{Instant, Span};
use crate::timeline::{Segment, State, Timeline};

/// What of a charge its reasons are of.
#[derive(Clone, Copy, Debug)]
pub struct Charged<'a> {
    pub key: &'a TermsKey,
    pub payer: OwnerId,
    pub from: Instant,
    pub to: Instant,
    pub net: i64,
    /// It says what late facts changed, and no price comes to it.
    pub correction: bool,
}

/// One stretch of what a thing did, as far as it lies within the charge's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Did {
    pub from: Instant,
    pub to: Instant,
    pub seconds: i64,
    pub state: State,
    pub sku: Option<Name>,
    /// Of what is charged by its size.
    pub size: Option<(Quantity, Unit)>,
    /// How much of the price it costs; none: it is not charged.
    pub share: Option<Factor>,
}

/// What of a total was counted, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub quantity: Quantity,
    pub unit: Option<Unit>,
    pub steps: Vec<String>,
}

impl Charged<'_> {
    /// What the thing did for whoever was charged.
    pub fn did(&self, catalog: &Catalog, timeline: &Timeline) -> Vec<Did> {
        let product = catalog.product_by_id(self.key.product.as_str());
        let meter = product.and_then(|product| product.meter.as_ref()).and_then(|meter| catalog.meter_by_id(meter));
        let stretch = |(from, to, seconds, segment): (Instant, Instant, i64, &Segment)| Did {
            from,
            to,
            seconds,
            state: segment.state,
            sku: segment.sku.clone(),
            size: meter.map(|meter| (segment.size, meter.unit.clone())),
            share: product
                .filter(|_| !segment.void)
                .and_then(|product| share_of(product, segment.state))
                .filter(|share| *share != Factor::ZERO),
        };
        self.within(timeline).map(stretch).collect()
    }

    /// Whose price it has: the product, and what the catalogue says of it.
    pub fn price<'c>(&self, catalog: &'c Catalog) -> Option<(&'c Product, Pricing)> {
        let wanted = Wanted {
            product: self.key.product.as_str(),
            sku: self.key.sku.as_ref().map(Name::as_str),
            component: self.key.part.as_ref(),
            account: self.key.account.as_ref(),
            on: Some(self.key.on),
        };
        let offer = catalog.offer(wanted).ok()?;
        Some((offer.product, offer.pricing))
    }

    /// The arithmetic, where one price held all the time; empty where it does not come to the charge.
    pub fn steps(&self, profile: &Profile, timeline: &Timeline) -> Vec<String> {
        self.steps_found(profile, timeline).unwrap_or_default()
    }

    fn steps_found(&self, profile: &Profile, timeline: &Timeline) -> Option<Vec<String>> {
        let product = profile.catalog.product_by_id(self.key.product.as_str())?;
        let mut seconds = 0_i64;
        let mut sizes: Vec<Quantity> = Vec::new();
        for (_, _, lasted, segment) in self.within(timeline).filter(|(.., segment)| !segment.void) {
            match share_of(product, segment.state) {
                Some(Factor::ONE) if segment.sku == self.key.sku => {
                    seconds = seconds.checked_add(lasted)?;
                    sizes.push(segment.size);
                }
                None | Some(Factor::ZERO) => {}
                Some(_) => return None,
            }
        }
        sizes.dedup();
        let mut ask = Ask {
            sku: self.key.sku.as_ref().map(ToString::to_string),
            account: self.key.account.clone(),
            properties: self.key.properties.iter().map(|(key, value)| (key.clone(), Text(value.clone()))).collect(),
            lasting: Some(Span::parse(&format!("{seconds}s")).ok()?),
            ..Ask::of(self.key.product.as_str(), self.from)
        };
        if product.kind == Kind::Capacity {
            let [size] = sizes.as_slice() else { return None };
            ask.size = Some(Size { quantity: *size, unit: None });
        }
        let estimate = profile.estimate(&ask).ok()?;
        let comes_to_it = self.is_near(estimate.total.net.units());
        comes_to_it.then(|| estimate.lines.into_iter().flat_map(|line| line.steps).collect())
    }

    /// The same of use that was counted: of the total of its slot.
    pub fn counted(&self, meterage: &Meterage, unit: Option<Unit>, total: i128) -> Option<Counted> {
        let Meterage::Total(formula) = meterage else { return None };
        let explanation = formula.explain(total).ok()?;
        let amount = meterage.amount(total, self.from, self.to).ok()?;
        let missing = meterage.true_up(amount, Coverage::WHOLE).ok()?;
        let net = amount.checked_add(missing).ok()?.net;
        if !self.is_near(net.units()) {
            return None;
        }
        let mut steps: Vec<String> = explanation.to_string().lines().map(str::to_owned).collect();
        if missing.net.units() != 0 {
            steps.push(format!("at least {} a period", net.plain()));
        }
        Some(Counted { quantity: Quantity::from_millionths(i64::try_from(total).ok()?), unit, steps })
    }

    /// What rounding leaves over is carried from day to day: one unit more or less is the same arithmetic.
    fn is_near(&self, net: i64) -> bool {
        !self.correction && net.abs_diff(self.net) <= 1
    }

    /// Segments as far as they lie within the charge's time and were its account's to pay: from, to, and whole seconds.
    fn within<'t>(&self, timeline: &'t Timeline) -> impl Iterator<Item = (Instant, Instant, i64, &'t Segment)> {
        let (from, to, payer) = (self.from, self.to, self.payer);
        timeline.segments.iter().filter(move |segment| segment.payer == payer).filter_map(move |segment| {
            let begin = segment.from.max(from);
            let end = segment.to.map_or(to, |end| end.min(to));
            let seconds = end.floor_second().seconds_since(begin.floor_second());
            (begin < end).then_some((begin, end, seconds, segment))
        })
    }
}

fn share_of(product: &Product, state: State) -> Option<Factor> {
    product.states.get(state.name()).copied()
}

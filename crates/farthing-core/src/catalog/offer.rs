//! Which price applies: product, then SKU, then component, then what this account was promised; and the tariff it makes.

use super::{Catalog, Component, Contract, Free, Kind, Meter, Mode, PriceAt, Pricing, Product, Sku};
use crate::config::{Cap, Name, Size, Text};
use crate::measure::{DataStep, Per, PriceTag, Quantity, TimeUnit, Unit};
use crate::money::{Currency, Money, MoneyError, Price, Rounding};
use crate::rate::{Band, Conversion, Each, Hours, Model, Percent, PercentTier, RateError, Tariff, Tier};
use crate::time::{CivilDate, Weekday};
use std::collections::BTreeMap;
use std::fmt;

/// What somebody wants the price of.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub product: &'a str,
    pub sku: Option<&'a str>,
    /// By its id or meter.
    pub component: Option<&'a Name>,
    pub account: Option<&'a Name>,
    /// Contracts hold from a day to a day.
    pub on: Option<CivilDate>,
}

/// A price that applies, and whose words it is made of.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    pub product: &'a Product,
    pub sku: Option<&'a Sku>,
    pub component: Option<&'a Component>,
    pub contract: Option<&'a Contract>,
    pub meter: Option<&'a Meter>,
    pub pricing: Pricing,
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferError {
    NoProduct {
        product: String,
    },
    NoSku {
        product: String,
        sku: String,
    },
    /// No SKU of the product is chosen by these dimensions.
    NoSkuWith {
        product: String,
        dims: String,
    },
    /// The product is sold by SKU, and none was named.
    SkuMissing {
        product: String,
        known: Vec<String>,
    },
    NoComponent {
        product: String,
        component: String,
    },
    NoPrice {
        product: String,
    },
    /// No line of `prices` has these properties, and there is no `price` for the rest.
    NoPriceFor {
        properties: String,
    },
    /// This mode of price lacks one of its keys.
    KeyMissing {
        mode: Mode,
        key: &'static str,
    },
    /// A size in a unit that the meter's cannot be turned into.
    SizeMismatch {
        size: Size,
        unit: String,
    },
    /// A size that the meter, which counts millionths of its unit, cannot say.
    SizeTooFine {
        size: Size,
        unit: String,
    },
    Rate(RateError),
}

impl Catalog {
    pub fn offer(&self, wanted: Wanted<'_>) -> Result<Offer<'_>, OfferError> {
        let product = self
            .product_by_id(wanted.product)
            .ok_or_else(|| OfferError::NoProduct { product: wanted.product.to_owned() })?;
        let sku = match wanted.sku {
            Some(sku) => Some(
                product
                    .sku_by_id(sku)
                    .ok_or_else(|| OfferError::NoSku { product: product.id.to_string(), sku: sku.to_owned() })?,
            ),
            None => None,
        };
        let component = match wanted.component {
            Some(name) => Some(product.component_by_name(name).ok_or_else(|| OfferError::NoComponent {
                product: product.id.to_string(),
                component: name.to_string(),
            })?),
            None => None,
        };
        let contract =
            wanted.account.and_then(|account| self.contract_for(account, product, sku, component, wanted.on));
        let offer = self.offer_of(product, sku, component, contract);
        if !offer.pricing.has_price() && offer.pricing.units.is_none() && product.kind != Kind::Units {
            return Err(if sku.is_none() && !product.sku.is_empty() {
                OfferError::SkuMissing {
                    product: product.id.to_string(),
                    known: product.sku.iter().take(6).map(|sku| sku.id.to_string()).collect(),
                }
            } else {
                OfferError::NoPrice { product: product.id.to_string() }
            });
        }
        Ok(offer)
    }

    /// The SKU of a product that these dimensions choose: provider, region, configuration (R2).
    pub fn sku_with(&self, product: &str, dims: &BTreeMap<String, Text>) -> Result<&Sku, OfferError> {
        let found = self.product_by_id(product).ok_or_else(|| OfferError::NoProduct { product: product.to_owned() })?;
        found.sku_by_dims(dims).ok_or_else(|| {
            let told: Vec<String> = dims.iter().map(|(dim, value)| format!("{dim} = {value}")).collect();
            OfferError::NoSkuWith { product: product.to_owned(), dims: told.join(", ") }
        })
    }

    /// The price of these very things, each saying what the one before it leaves open.
    pub(super) fn offer_of<'a>(
        &'a self,
        product: &'a Product,
        sku: Option<&'a Sku>,
        component: Option<&'a Component>,
        contract: Option<&'a Contract>,
    ) -> Offer<'a> {
        let mut pricing = product.pricing.clone();
        if let Some(sku) = sku {
            pricing = sku.pricing.over(&pricing);
        }
        if let Some(component) = component {
            pricing = component.pricing.over(&pricing);
        }
        if let Some(contract) = contract {
            let promised = contract.pricing.over(&pricing);
            // A price that was promised is the price: the catalogue's discount was on the catalogue's price.
            let anew = contract.pricing.has_price() && !contract.pricing.places.has("discount");
            pricing = Pricing { discount: if anew { Percent::ZERO } else { promised.discount }, ..promised };
        }
        let meter = component.map(|component| &component.meter).or(product.meter.as_ref());
        let meter = meter.and_then(|id| self.meter_by_id(id));
        Offer { product, sku, component, contract, meter, pricing }
    }

    /// The narrowest promise that holds on that day; of two alike the one that began later.
    fn contract_for(
        &self,
        account: &Name,
        product: &Product,
        sku: Option<&Sku>,
        component: Option<&Component>,
        on: Option<CivilDate>,
    ) -> Option<&Contract> {
        let holds = |contract: &&Contract| {
            contract.account == *account
                && contract.product.as_ref().is_none_or(|id| *id == product.id)
                && contract.sku.as_ref().is_none_or(|id| sku.is_some_and(|sku| sku.id == *id))
                && contract.component.as_ref().is_none_or(|name| component.is_some_and(|part| part.label() == name))
                && !contract.pricing.is_silent()
                && on.is_none_or(|on| {
                    contract.from.is_none_or(|from| from <= on) && contract.until.is_none_or(|until| on < until)
                })
        };
        let narrow = |contract: &&Contract| {
            let parts = [contract.sku.is_some(), contract.component.is_some(), contract.product.is_some()];
            (parts.into_iter().filter(|named| *named).count(), contract.from)
        };
        self.contract.iter().filter(holds).max_by_key(narrow)
    }
}

impl Offer<'_> {
    /// What the meter counts in.
    pub fn unit(&self) -> Option<&Unit> {
        self.meter.map(|meter| &meter.unit)
    }

    /// What the price speaks of: what is counted, or what it is converted into.
    pub(super) fn sold(&self) -> Option<&Unit> {
        self.pricing.convert.as_ref().map(|line| &line.unit).or(self.unit())
    }

    /// The tariff for everything that no line of `prices` speaks of.
    pub fn tariff(&self, currency: Currency, step: DataStep) -> Result<Tariff, OfferError> {
        self.tariff_for(currency, step, &BTreeMap::new())
    }

    /// The tariff where the event or resource has these properties.
    pub fn tariff_for(
        &self,
        currency: Currency,
        step: DataStep,
        properties: &BTreeMap<String, Text>,
    ) -> Result<Tariff, OfferError> {
        let pricing = &self.pricing;
        let unit = self.unit().cloned();
        let convert = pricing.convert.as_ref().map(|line| Conversion {
            per: line.per,
            round: line.round.rounding(),
            unit: line.unit.clone(),
        });
        let sold = convert.as_ref().map(|convert| &convert.unit).or(unit.as_ref());
        // The free part of a capacity is a size at every second, taken off before anything is multiplied; that of a term
        // of space is what everybody has without it.
        let free = match &pricing.free {
            Some(free) if !matches!(self.product.kind, Kind::Capacity | Kind::Term) => in_unit(&free.size, sold, step)?,
            _ => Quantity::ZERO,
        };
        let model = self.model(properties)?;
        let plain = Tariff { convert, free, discount: pricing.discount, step, ..Tariff::plain(currency, unit, model) };
        let cap = match pricing.monthly_cap {
            None => None,
            Some(Cap::Amount(amount)) => Some(amount),
            Some(Cap::Time(time)) => Some(self.price_of_time(&plain, time.seconds(), currency)?),
        };
        let each = Each { min: pricing.each_min, max: pricing.each_max };
        Ok(Tariff { each, cap, minimum: pricing.minimum, ..plain })
    }

    /// The tariff of what has no price in money: units alone pay for it.
    pub fn tariff_without_price(&self, currency: Currency, step: DataStep) -> Tariff {
        let per = Per { count: Quantity::ONE, unit: None, time: Some(TimeUnit::Hour) };
        let nothing = PriceTag { amount: Price::ZERO, per };
        Tariff { step, ..Tariff::plain(currency, self.unit().cloned(), Model::Unit(nothing)) }
    }

    /// The prices by the hour, where the catalogue has them.
    pub fn hours(&self) -> Option<Hours> {
        let otherwise = self.pricing.price.clone()?;
        if self.pricing.hours.is_empty() {
            return None;
        }
        let bands = self.pricing.hours.iter().map(|line| Band {
            days: Weekday::ALL.into_iter().filter(|day| line.days.is_none_or(|days| days.contains(*day))).collect(),
            from: line.from,
            to: line.to,
            price: line.price.clone(),
        });
        Some(Hours { bands: bands.collect(), otherwise })
    }

    /// What it costs depends on the rating period: "/ month", tiers, caps and the like.
    pub fn is_by_period(&self) -> bool {
        let pricing = &self.pricing;
        let tags = pricing.price.iter().chain(pricing.tiers.iter().filter_map(|line| line.price.as_ref()));
        let tags = tags
            .chain(pricing.prices.iter().map(|line| &line.price))
            .chain(pricing.hours.iter().map(|line| &line.price));
        pricing.has_memory() || tags.into_iter().any(PriceTag::is_by_calendar)
    }

    /// A size as the meter counts it, exactly.
    pub fn size_in_unit(&self, size: &Size, step: DataStep) -> Result<Quantity, OfferError> {
        in_unit(size, self.unit(), step)
    }

    /// The size that costs nothing, in the meter's unit, and who has it once.
    pub fn free_size(&self, step: DataStep) -> Result<Option<(Quantity, &Free)>, OfferError> {
        let free = self.pricing.free.as_ref();
        free.map(|free| Ok((in_unit(&free.size, self.unit(), step)?, free))).transpose()
    }

    /// It keeps the price that was in force when it started.
    pub fn is_fixed_at_start(&self) -> bool {
        self.product.at == PriceAt::Start
    }

    fn model(&self, properties: &BTreeMap<String, Text>) -> Result<Model, OfferError> {
        let pricing = &self.pricing;
        let lacks = |key| OfferError::KeyMissing { mode: pricing.mode, key };
        let tiers = || -> Result<Vec<Tier>, OfferError> {
            if pricing.tiers.is_empty() {
                return Err(lacks("tiers"));
            }
            let tier =
                |line: &super::pricing::TierLine| Tier { upto: line.upto, price: line.price.clone(), flat: line.flat };
            Ok(pricing.tiers.iter().map(tier).collect())
        };
        Ok(match pricing.mode {
            Mode::Unit => Model::Unit(self.price_when(properties)?),
            Mode::Package => Model::Package(self.price_when(properties)?),
            Mode::Graduated => Model::Graduated(tiers()?),
            Mode::Volume => Model::Volume(tiers()?),
            Mode::GraduatedPercentage => {
                tiers()?;
                let tier = |line: &super::pricing::TierLine| {
                    let percent = line.percent.ok_or_else(|| lacks("percent"))?;
                    Ok(PercentTier { upto: line.upto, percent, flat: line.flat })
                };
                Model::GraduatedPercentage(pricing.tiers.iter().map(tier).collect::<Result<_, OfferError>>()?)
            }
            Mode::Percentage => Model::Percentage {
                percent: pricing.percent.ok_or_else(|| lacks("percent"))?,
                fixed: pricing.fixed,
                free_events: u64::from(pricing.free_events.0),
                free_amount: pricing.free_amount,
            },
            Mode::Dynamic => Model::Dynamic { factor: pricing.factor.ok_or_else(|| lacks("factor"))? },
        })
    }

    fn price_when(&self, properties: &BTreeMap<String, Text>) -> Result<PriceTag, OfferError> {
        self.pricing.price_when(properties).cloned().ok_or_else(|| {
            if self.pricing.prices.is_empty() {
                return OfferError::KeyMissing { mode: self.pricing.mode, key: "price" };
            }
            let told: Vec<String> = properties.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            OfferError::NoPriceFor { properties: told.join(", ") }
        })
    }

    /// What so many seconds cost at the plain price: a cap of "672 h".
    fn price_of_time(&self, tariff: &Tariff, seconds: i64, currency: Currency) -> Result<Money, OfferError> {
        let Model::Unit(tag) = &tariff.model else {
            return Err(OfferError::KeyMissing { mode: self.pricing.mode, key: "price" });
        };
        if tag.per.time.is_none() {
            return Err(OfferError::Rate(RateError::NoTime));
        }
        // Hours of a price by the month are a part of the month: no cap by time makes sense there, and none is needed.
        let second = tag.rate(currency, None, tariff.step, 1).map_err(|error| OfferError::Rate(error.into()))?;
        let of_one = i128::from(Quantity::ONE.millionths());
        let units = || -> Result<i64, MoneyError> {
            let seconds = crate::money::Ratio::new(i128::from(seconds), 1)?;
            second.checked_mul(seconds)?.checked_mul(crate::money::Ratio::new(of_one, 1)?)?.round(Rounding::HalfEven)
        };
        units().map(|units| Money::from_units(units, currency)).map_err(|error| OfferError::Rate(error.into()))
    }
}

/// A size in the unit that is counted, exactly.
pub(super) fn in_unit(size: &Size, unit: Option<&Unit>, step: DataStep) -> Result<Quantity, OfferError> {
    let (Some(written), Some(unit)) = (&size.unit, unit) else { return Ok(size.quantity) };
    let told = || (size.clone(), unit.to_string());
    let Some((one, other)) = written.per(unit, step) else {
        let (size, unit) = told();
        return Err(OfferError::SizeMismatch { size, unit });
    };
    let exact = || {
        let scaled = i128::from(size.quantity.millionths()).checked_mul(i128::from(one))?;
        let other = i128::from(other);
        if scaled.checked_rem(other)? != 0 {
            return None;
        }
        i64::try_from(scaled.checked_div(other)?).ok()
    };
    exact().map(Quantity::from_millionths).ok_or_else(|| {
        let (size, unit) = told();
        OfferError::SizeTooFine { size, unit }
    })
}

impl From<RateError> for OfferError {
    fn from(error: RateError) -> OfferError {
        OfferError::Rate(error)
    }
}

impl fmt::Display for OfferError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfferError::NoProduct { product } => write!(out, "there is no product {product:?}"),
            OfferError::NoSku { product, sku } => write!(out, "product {product:?} has no SKU {sku:?}"),
            OfferError::NoSkuWith { product, dims } => {
                write!(
                    out,
                    "product {product:?} is not offered with {}",
                    if dims.is_empty() { "nothing" } else { dims }
                )
            }
            OfferError::SkuMissing { product, known } => {
                write!(out, "product {product:?} is sold by SKU; name one, such as {}", known.join(", "))
            }
            OfferError::NoComponent { product, component } => {
                write!(out, "product {product:?} has no component {component:?}")
            }
            OfferError::NoPrice { product } => write!(out, "product {product:?} has no price"),
            OfferError::NoPriceFor { properties } if properties.is_empty() => {
                out.write_str("there is a price only for some properties, and none were given")
            }
            OfferError::NoPriceFor { properties } => write!(out, "there is no price where {properties}"),
            OfferError::KeyMissing { mode, key } => write!(out, "mode {:?} needs the key `{key}`", mode.word()),
            OfferError::SizeMismatch { size, unit } => write!(out, "{size} cannot be turned into {unit}"),
            OfferError::SizeTooFine { size, unit } => {
                write!(out, "{size} cannot be counted in {unit} to a millionth of one")
            }
            OfferError::Rate(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for OfferError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OfferError::Rate(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}

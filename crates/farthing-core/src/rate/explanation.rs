//! How an amount came about, step by step: for a bill's line, a price calculator, a support desk.
//!
//! The steps are worked out again from the tariff with exact fractions, apart from the compiled formula, and end at the same
//! amount. Asked for when somebody wants to read it, never while charging.

use super::compile::minus;
use super::events::Rounded;
use super::formula::Formula;
use super::{EventFold, Model, Percent, RateError, Tier};
use crate::measure::{PriceTag, Quantity, TimeUnit, decimal_of_millionths};
use crate::money::{Currency, Money, Ratio, Rounding, div_round};
use std::fmt;

/// The steps in their order, and where they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub steps: Vec<Step>,
    /// What is charged: the amount of the last step that has one.
    pub net: Money,
}

/// One step. `amount` is what the whole costs after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Converted { from: Figure, to: Figure, unit: String, round: Option<Rounding> },
    Free { quantity: Figure, unit: String },
    Priced { quantity: Figure, unit: String, parts: Vec<Part>, amount: Money },
    Events { events: u64, free: u64, rule: String, amount: Money },
    Discount { percent: Percent, off: Money, amount: Money },
    EachAtLeast { min: Money, more: Money, amount: Money },
    EachAtMost { max: Money, less: Money, amount: Money },
    AtMost { cap: Money, amount: Money },
}

/// What is added up to a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// `100 × 0.10`; the price as it is written.
    Times {
        count: Figure,
        price: String,
    },
    Flat(Money),
}

/// A number of units to six decimals, which is not always all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    pub millionths: i128,
    pub exact: bool,
}

const MILLION: i128 = 1_000_000;
const OVERFLOW: RateError = RateError::Overflow { operation: "explain a price" };

impl Formula {
    /// How `amount` of the same total comes about.
    pub fn explain(&self, total: i128) -> Result<Explanation, RateError> {
        if self.needs_events() {
            return Err(RateError::NeedsEvents);
        }
        let mut told = Telling { formula: self, steps: Vec::new() };
        let quantity = told.quantity(total.max(0))?;
        let (parts, exact) = told.priced(quantity)?;
        let list = told.money(exact)?;
        let unit = told.unit_beside(quantity, true);
        told.steps.push(Step::Priced { quantity: Figure::of(quantity)?, unit, parts, amount: list });
        let percent = self.tariff().discount;
        let net = told.money(exact.checked_mul(percent.left_of_one()?)?)?;
        told.discount(list, net)?;
        told.end(net)
    }
}

impl EventFold<'_> {
    /// How the charge of the events so far comes about.
    pub fn explain(&self) -> Result<Explanation, RateError> {
        let (formula, state) = (self.formula(), self.state());
        let Some(Rounded { list, net, lifted, limited }) = formula.rounded(state)? else {
            return formula.explain(i128::try_from(state.total).map_err(|_| OVERFLOW)?);
        };
        let money = |units| Money::from_units(units, formula.currency());
        let mut told = Telling { formula, steps: Vec::new() };
        let rule = told.event_rule();
        told.steps.push(Step::Events { events: state.events, free: state.free, rule, amount: money(list) });
        told.discount(money(list), money(net))?;
        let each = formula.tariff().each;
        if let Some(min) = each.min.filter(|_| lifted != net) {
            let amount = money(lifted);
            told.steps.push(Step::EachAtLeast { min, more: amount.checked_sub(money(net))?, amount });
        }
        if let Some(max) = each.max.filter(|_| limited != lifted) {
            let amount = money(limited);
            told.steps.push(Step::EachAtMost { max, less: money(lifted).checked_sub(amount)?, amount });
        }
        told.end(money(limited))
    }
}

struct Telling<'a> {
    formula: &'a Formula,
    steps: Vec<Step>,
}

impl Telling<'_> {
    /// What of a total has a price, in units: after conversion and the free part, which become steps.
    fn quantity(&mut self, total: i128) -> Result<Ratio, RateError> {
        let tariff = self.formula.tariff();
        let over_time = Ratio::new(1, i128::from(self.formula.ticks().seconds))?;
        let mut quantity = Ratio::new(total, MILLION)?.checked_mul(over_time)?;
        if let Some(convert) = &tariff.convert {
            let from = Figure::of(quantity)?;
            quantity = quantity.checked_mul(Ratio::new(MILLION, i128::from(convert.per.millionths()))?)?;
            if let Some(rounding) = convert.round {
                let whole = div_round(quantity.numerator(), quantity.denominator(), rounding)?;
                quantity = Ratio::new(whole, 1)?;
            }
            let to = Figure::of(quantity)?;
            let unit = self.unit_beside(quantity, false);
            self.steps.push(Step::Converted { from, to, unit, round: convert.round });
        }
        if !tariff.free.is_zero() {
            let free = units(tariff.free)?;
            let unit = self.unit_beside(free, true);
            self.steps.push(Step::Free { quantity: Figure::of(free)?, unit });
            let above = minus(quantity, free)?;
            quantity = if above.numerator() < 0 { Ratio::ZERO } else { above };
        }
        Ok(quantity)
    }

    /// What so many units cost at the list price, and what of.
    fn priced(&self, quantity: Ratio) -> Result<(Vec<Part>, Ratio), RateError> {
        let mut bill = Bill { currency: self.formula.currency(), parts: Vec::new(), exact: Ratio::ZERO };
        if quantity == Ratio::ZERO {
            return Ok((bill.parts, bill.exact));
        }
        let major = Ratio::new(i128::from(bill.currency.units_per_major()), 1)?;
        match &self.formula.tariff().model {
            Model::Unit(tag) => bill.times(quantity, self.price_of(tag)?, self.price_text(tag))?,
            Model::Graduated(tiers) => {
                for (within, tier) in within(quantity, tiers, |tier| tier.upto)? {
                    self.tier(&mut bill, within, tier)?;
                }
            }
            Model::Volume(tiers) => {
                if let Some((_, tier)) = within(quantity, tiers, |tier| tier.upto)?.pop() {
                    self.tier(&mut bill, quantity, tier)?;
                }
            }
            Model::Package(tag) => {
                let size = units(tag.per.count)?.checked_mul(self.written(tag)?)?;
                let packages = quantity.checked_mul(Ratio::new(size.denominator(), size.numerator())?)?;
                let begun = div_round(packages.numerator(), packages.denominator(), Rounding::Up)?;
                let price = tag.amount.exact(bill.currency, 1, 1)?;
                bill.times(Ratio::new(begun, 1)?, price, tag.amount.amount().to_string())?;
            }
            Model::Percentage { percent, .. } => {
                bill.times(quantity, percent.of_one()?.checked_mul(major)?, percent.to_string())?;
            }
            Model::GraduatedPercentage(tiers) => {
                for (within, tier) in within(quantity, tiers, |tier| tier.upto)? {
                    bill.times(within, tier.percent.of_one()?.checked_mul(major)?, tier.percent.to_string())?;
                    bill.flat(tier.flat)?;
                }
            }
            Model::Dynamic { factor } => {
                bill.times(quantity, factor.ratio()?.checked_mul(major)?, factor.to_string())?;
            }
        }
        Ok((bill.parts, bill.exact))
    }

    fn tier(&self, bill: &mut Bill, quantity: Ratio, tier: &Tier) -> Result<(), RateError> {
        if let Some(tag) = &tier.price {
            bill.times(quantity, self.price_of(tag)?, self.price_text(tag))?;
        }
        bill.flat(tier.flat)
    }

    /// The exact price of one unit.
    fn price_of(&self, tag: &PriceTag) -> Result<Ratio, RateError> {
        let per = units(tag.per.count)?.checked_mul(self.written(tag)?)?;
        Ok(tag.amount.exact(self.formula.currency(), per.denominator(), per.numerator())?)
    }

    fn written(&self, tag: &PriceTag) -> Result<Ratio, RateError> {
        let tariff = self.formula.tariff();
        let pair = tag.per.unit.as_ref().zip(tariff.priced_unit());
        let (one, other) = pair.and_then(|(written, priced)| written.per(priced, tariff.step)).unwrap_or((1, 1));
        Ok(Ratio::new(i128::from(one), i128::from(other))?)
    }

    /// The price as it is multiplied: `0.10`, `0.15 / 1,000,000`, and with its unit where that is another.
    fn price_text(&self, tag: &PriceTag) -> String {
        let amount = tag.amount.amount();
        match (&tag.per.unit, self.formula.tariff().priced_unit()) {
            (Some(written), Some(priced)) if written != priced => format!("{amount} / {}", tag.per),
            _ if tag.per.count != Quantity::ONE => format!("{amount} / {}", tag.per.count),
            _ => amount.to_string(),
        }
    }

    /// ` calls`, ` GB-months`, ` hours`, ` USD`; empty where nobody has said what is counted.
    fn unit_beside(&self, quantity: Ratio, over_time: bool) -> String {
        let one = quantity == Ratio::ONE;
        let tariff = self.formula.tariff();
        let unit = tariff.priced_unit();
        let time = self.formula.ticks().time.filter(|_| over_time).map(TimeUnit::name);
        let of_money =
            matches!(tariff.model, Model::Percentage { .. } | Model::GraduatedPercentage(_) | Model::Dynamic { .. });
        let plural = if one { "" } else { "s" };
        match (unit, time) {
            _ if of_money => format!(" {}", tariff.currency.code()),
            (Some(unit), Some(time)) => format!(" {unit}-{time}{plural}"),
            (Some(unit), None) => format!(" {}", unit.beside(one)),
            (None, Some(time)) => format!(" {time}{plural}"),
            (None, None) => String::new(),
        }
    }

    fn event_rule(&self) -> String {
        match &self.formula.tariff().model {
            Model::Percentage { percent, fixed: Some(fixed), .. } => format!("at {percent} + {}", fixed.plain()),
            Model::Percentage { percent, .. } => format!("at {percent}"),
            Model::Dynamic { factor } => format!("at {factor} times their price"),
            _ => "one by one".to_owned(),
        }
    }

    fn money(&self, exact: Ratio) -> Result<Money, RateError> {
        Ok(Money::from_units(exact.round(Rounding::HalfEven)?, self.formula.currency()))
    }

    fn discount(&mut self, list: Money, net: Money) -> Result<(), RateError> {
        let percent = self.formula.tariff().discount;
        if !percent.is_zero() {
            self.steps.push(Step::Discount { percent, off: list.checked_sub(net)?, amount: net });
        }
        Ok(())
    }

    fn end(mut self, net: Money) -> Result<Explanation, RateError> {
        let Some(cap) = self.formula.tariff().cap else { return Ok(Explanation { steps: self.steps, net }) };
        let amount = net.checked_min(cap)?;
        if amount != net {
            self.steps.push(Step::AtMost { cap, amount });
        }
        Ok(Explanation { steps: self.steps, net: amount })
    }
}

/// Parts, and the exact sum of what they cost.
struct Bill {
    currency: Currency,
    parts: Vec<Part>,
    exact: Ratio,
}

impl Bill {
    fn times(&mut self, count: Ratio, each: Ratio, price: String) -> Result<(), RateError> {
        self.exact = self.exact.checked_add(count.checked_mul(each)?)?;
        self.parts.push(Part::Times { count: Figure::of(count)?, price });
        Ok(())
    }

    fn flat(&mut self, flat: Option<Money>) -> Result<(), RateError> {
        if let Some(flat) = flat {
            Money::zero(self.currency).checked_cmp(flat)?;
            self.exact = self.exact.checked_add(Ratio::new(i128::from(flat.units()), 1)?)?;
            self.parts.push(Part::Flat(flat));
        }
        Ok(())
    }
}

/// What of a quantity above zero lies in each tier that it enters.
fn within<T>(
    quantity: Ratio,
    tiers: &[T],
    upto: impl Fn(&T) -> Option<Quantity>,
) -> Result<Vec<(Ratio, &T)>, RateError> {
    let mut lower = Ratio::ZERO;
    let mut entered = Vec::new();
    for tier in tiers {
        if minus(quantity, lower)?.numerator() <= 0 {
            break;
        }
        let bound = upto(tier).map(units).transpose()?;
        let over = |bound: &Ratio| minus(quantity, *bound).map(|over| over.numerator() > 0);
        let upper = match bound {
            Some(bound) if over(&bound)? => bound,
            _ => quantity,
        };
        entered.push((minus(upper, lower)?, tier));
        lower = upper;
    }
    Ok(entered)
}

fn units(quantity: Quantity) -> Result<Ratio, RateError> {
    Ok(Ratio::new(i128::from(quantity.millionths()), MILLION)?)
}

impl Figure {
    fn of(units: Ratio) -> Result<Figure, RateError> {
        let millionths = units.checked_mul(Ratio::new(MILLION, 1)?)?;
        Ok(Figure {
            millionths: div_round(millionths.numerator(), millionths.denominator(), Rounding::HalfEven)?,
            exact: millionths.denominator() == 1,
        })
    }
}

impl Step {
    /// What the whole costs after this step, where it is one of money.
    pub fn amount(&self) -> Option<Money> {
        match self {
            Step::Converted { .. } | Step::Free { .. } => None,
            Step::Priced { amount, .. }
            | Step::Events { amount, .. }
            | Step::Discount { amount, .. }
            | Step::EachAtLeast { amount, .. }
            | Step::EachAtMost { amount, .. }
            | Step::AtMost { amount, .. } => Some(*amount),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.exact {
            out.write_str("≈ ")?;
        }
        out.write_str(&decimal_of_millionths(self.millionths))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Times { count, price } => write!(out, "{count} × {price}"),
            Part::Flat(flat) => out.write_str(&flat.plain()),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Converted { from, to, unit, round } => {
                write!(out, "{from} → {to}{unit}")?;
                match round {
                    None => Ok(()),
                    Some(Rounding::Up | Rounding::Ceiling) => out.write_str(" (rounded up)"),
                    Some(Rounding::Down | Rounding::Floor) => out.write_str(" (rounded down)"),
                    Some(Rounding::HalfEven | Rounding::HalfUp) => out.write_str(" (rounded)"),
                }
            }
            Step::Free { quantity, unit } => write!(out, "free {quantity}{unit}"),
            Step::Priced { quantity, unit, parts, amount } => {
                write!(out, "{quantity}{unit}: ")?;
                for (place, part) in parts.iter().enumerate() {
                    if place > 0 {
                        out.write_str(" + ")?;
                    }
                    write!(out, "{part}")?;
                }
                write!(out, "{}{amount}", if parts.is_empty() { "" } else { " = " })
            }
            Step::Events { events, free, rule, amount } => {
                write!(out, "{events} event{}", if *events == 1 { "" } else { "s" })?;
                if *free > 0 {
                    write!(out, ", {free} free, the rest")?;
                }
                write!(out, " {rule}: {amount}")
            }
            Step::Discount { percent, off, .. } => write!(out, "discount {percent}: \u{2212}{}", off.plain()),
            Step::EachAtLeast { min, more, .. } => write!(out, "each at least {}: +{}", min.plain(), more.plain()),
            Step::EachAtMost { max, less, .. } => write!(out, "each at most {}: \u{2212}{}", max.plain(), less.plain()),
            Step::AtMost { cap, amount } => write!(out, "at most {} a period: {}", cap.plain(), amount.plain()),
        }
    }
}

/// One step a line.
impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps.iter().enumerate() {
            if place > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{step}")?;
        }
        Ok(())
    }
}

//! What a part of a period is worth, what should be billed, and what that differs by from what was.
//!
//! Everything stands on one falling curve: what is left of a period's price at an instant. A part costs what is left at its beginning
//! less what is left at its end, so wherever a period is cut, its parts cost as much as it does.

use super::TermError;
use super::agreed::{Plan, Stretch};
use crate::catalog::{Charged, Proration};
use crate::money::{Currency, Money, MoneyError, Rounding, div_round, mul_div_round};
use crate::time::{Instant, Period, Zone};
use std::collections::BTreeMap;

/// What is billed by itself: a plan in a period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub period: Period,
    pub plan: Plan,
}

/// What a key's money differs by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    pub key: Key,
    /// Above zero: to bill; below: to give back.
    pub amount: Money,
    /// From when to when it is had in that period, as it should be; none: not at all.
    pub had: Option<Period>,
}

/// Nine places, as case P has it.
const DAY_RATIO: i128 = 1_000_000_000;

/// What is left of a price at an instant of its period: half-up to the minor unit.
fn left(price: Money, period: Period, at: Instant, proration: Proration, zone: &Zone) -> Result<Money, TermError> {
    let at = at.clamp(period.start(), period.end());
    let (rest, whole) = match proration {
        Proration::Second => (i128::from(period.end().seconds_since(at)), i128::from(period.seconds())),
        Proration::Day => {
            let date = |at: Instant| zone.civil_date_of(at);
            let (start, end) = (date(period.start())?, date(period.end())?);
            let rest = i128::from(date(at)?.days_until(end));
            let whole = i128::from(start.days_until(end));
            if whole <= 0 {
                return left(price, period, at, Proration::Second, zone);
            }
            (mul_div_round(rest, DAY_RATIO, whole, Rounding::HalfUp)?, DAY_RATIO)
        }
        // A period that has begun counts whole: nothing is left of it but at its very beginning.
        Proration::Whole => (i128::from(at == period.start()), 1),
    };
    let minor = i128::from(price.currency().units_per_minor());
    let exact = i128::from(price.units()).checked_mul(rest).ok_or(MoneyError::Overflow { operation: "prorate" })?;
    let part = whole.checked_mul(minor).ok_or(MoneyError::Overflow { operation: "prorate" })?;
    let minors = div_round(exact, part, Rounding::HalfUp)?;
    let units = minors.checked_mul(minor).and_then(|units| i64::try_from(units).ok());
    Ok(Money::from_units(units.ok_or(MoneyError::Overflow { operation: "prorate" })?, price.currency()))
}

/// What a part of a period costs. One second of a period that counts whole costs all of it.
pub fn worth(
    price: Money,
    period: Period,
    part: Period,
    proration: Proration,
    zone: &Zone,
) -> Result<Money, TermError> {
    if part.is_empty() {
        return Ok(Money::zero(price.currency()));
    }
    match proration {
        Proration::Whole => Ok(price),
        Proration::Second | Proration::Day => {
            let begin = left(price, period, part.start(), proration, zone)?;
            Ok(begin.checked_sub(left(price, period, part.end(), proration, zone)?)?)
        }
    }
}

/// What is had, cut by its periods, for as far as it is billed: in advance every period that begins before `until`, in arrears
/// what ended by then.
pub fn owed(
    stretches: &[Stretch],
    currency: Currency,
    charged: Charged,
    proration: Proration,
    zone: &Zone,
    until: Instant,
) -> Result<BTreeMap<Key, (Money, Period)>, TermError> {
    let mut owed: BTreeMap<Key, (Money, Period)> = BTreeMap::new();
    let ends: Option<Vec<Instant>> = stretches.iter().map(|stretch| stretch.to).collect();
    let over = ends.and_then(|ends| ends.into_iter().max());
    for stretch in stretches {
        let (mut n, mut period) = stretch.schedule.containing(stretch.from)?;
        loop {
            let begins = period.start().max(stretch.from);
            if stretch.to.is_some_and(|to| begins >= to) {
                break;
            }
            let billed = match charged {
                Charged::Advance => begins < until,
                // With its period, or with the end of everything.
                Charged::Arrears => period.end() <= until || over.is_some_and(|over| over <= until),
            };
            if !billed {
                break;
            }
            let ends = stretch.to.map_or(period.end(), |to| to.min(period.end()));
            if let Ok(part) = Period::try_new(begins, ends) {
                let key = Key { period, plan: stretch.plan.clone() };
                let price = stretch.plan.worth(currency)?;
                let amount = worth(price, period, part, proration, zone)?;
                let sum = owed.entry(key).or_insert((Money::zero(currency), part));
                sum.0 = match proration {
                    Proration::Whole => amount, // once, however often it was paused
                    Proration::Second | Proration::Day => sum.0.checked_add(amount)?,
                };
                sum.1 = Period::try_new(sum.1.start().min(part.start()), sum.1.end().max(part.end()))
                    .map_err(|_| TermError::NoPeriod)?;
            }
            n = n.checked_add(1).ok_or(TermError::NoPeriod)?;
            period = stretch.schedule.period(n)?;
        }
    }
    Ok(owed)
}

/// What has to be billed and given back, so that what was billed is what is owed.
pub fn difference(
    owed: &BTreeMap<Key, (Money, Period)>,
    billed: &BTreeMap<Key, Money>,
) -> Result<Vec<Side>, TermError> {
    let mut sides = Vec::new();
    for (key, was) in billed {
        let (should, had) = match owed.get(key) {
            Some((amount, had)) => (*amount, Some(*had)),
            None => (Money::zero(was.currency()), None),
        };
        let amount = should.checked_sub(*was)?;
        if !amount.is_zero() {
            sides.push(Side { key: key.clone(), amount, had });
        }
    }
    for (key, (amount, had)) in owed {
        if !billed.contains_key(key) && !amount.is_zero() {
            sides.push(Side { key: key.clone(), amount: *amount, had: Some(*had) });
        }
    }
    sides.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(sides)
}

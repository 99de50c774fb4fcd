//! Pricing on one core, nothing stored: segments of runs, and totals under each kind of price.
//!
//! The floor of a line is the same loop over the same rows without the price: it reads the inputs and adds them up. So the
//! ratio says how much of the time is the arithmetic of money, and a ratio of one would mean that it costs nothing.

use super::Random;
use super::measure::{Measured, heading};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::measure::{DataStep, PriceTag, Quantity, Unit};
use farthing_core::money::{Currency, Money};
use farthing_core::rate::{Event, Factor, Formula, Linear, LinearPrice, Model, Percent, RateError, Tariff, Tier};
use std::hint::black_box;
use std::time::{Duration, Instant};

const MONTH_SECONDS: i64 = 2_592_000;
/// As many different prices and inputs as fit the caches: what is measured is arithmetic, not memory.
const PRICES: usize = 64;
const INPUTS: usize = 4_096;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// How many segments, totals or events are priced for each line.
    #[arg(long, default_value_t = 20_000_000)]
    rows: u64,
    /// Times the whole measurement is repeated.
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// One JSON object a line, instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.json);
    for _ in 0..arguments.runs.max(1) {
        segments("rate linear", &machines("0%")?, arguments)?;
        segments("rate linear, 10% off", &machines("10%")?, arguments)?;
        totals("rate graduated, 4 tiers", &tokens(Model::Graduated(tiers()?), "0%")?, arguments)?;
        totals("rate graduated, 4 tiers, 10% off", &tokens(Model::Graduated(tiers()?), "10%")?, arguments)?;
        totals("rate volume, 4 tiers", &tokens(Model::Volume(tiers()?), "0%")?, arguments)?;
        totals("rate package", &tokens(Model::Package(price("2 / 1000 tokens")?), "0%")?, arguments)?;
        let part = |fixed| Model::Percentage { percent: one_percent(), fixed, free_events: 0, free_amount: None };
        totals("rate percentage", &tokens(part(None), "0%")?, arguments)?;
        let fixed = Money::from_units(30_000_000, Currency::USD);
        events("rate percentage + fixed, by event", &tokens(part(Some(fixed)), "0%")?, arguments)?;
    }
    Ok(())
}

fn price(text: &str) -> Result<PriceTag, Failure> {
    Ok(PriceTag::parse(text, Currency::USD)?)
}

const fn one_percent() -> Percent {
    Percent::from_billionths(1_000_000_000)
}

fn tiers() -> Result<Vec<Tier>, Failure> {
    let tier = |upto: Option<i64>, text| -> Result<Tier, Failure> {
        Ok(Tier { upto: upto.and_then(Quantity::from_whole), price: Some(price(text)?), flat: None })
    };
    Ok(vec![
        tier(Some(1_000_000), "0.15 / 1M tokens")?,
        tier(Some(10_000_000), "0.12 / 1M tokens")?,
        tier(Some(100_000_000), "0.10 / 1M tokens")?,
        tier(None, "0.0799 / 1M tokens")?,
    ])
}

fn tokens(model: Model, off: &str) -> Result<Formula, Failure> {
    let unit = Unit::parse("token")?;
    let plain = Tariff::plain(Currency::USD, Some(unit), model);
    Ok(Tariff { discount: Percent::parse(off)?, ..plain }.formula(MONTH_SECONDS)?)
}

/// Prices by the hour of machines of different sizes.
fn machines(off: &str) -> Result<Vec<Linear>, Failure> {
    let (discount, price) = (Percent::parse(off)?, price("0.0421 / hour")?);
    let linear = |size: i64| {
        let spec = LinearPrice {
            currency: Currency::USD,
            price: &price,
            unit: None,
            step: DataStep::Binary,
            quantity: Quantity::from_millionths(size * 500_000),
            share: Factor::ONE,
            discount,
            month_seconds: MONTH_SECONDS,
        };
        Ok(spec.compile()?)
    };
    (1..).take(PRICES).map(linear).collect()
}

/// One segment of a run: list and net at its end less what they were at its start.
fn segments(name: &str, prices: &[Linear], arguments: &Arguments) -> Result<(), Failure> {
    let mut random = Random(1);
    let inputs: Vec<(i64, i64)> = (0..INPUTS)
        .map(|_| {
            let start = i64::try_from(random.below(2_000_000)).unwrap_or(0);
            (start, start + i64::try_from(random.below(86_400)).unwrap_or(0))
        })
        .collect();
    let rows = inputs.iter().zip(prices.iter().cycle());
    let took = timed(arguments.rows, || {
        let mut sum = 0_i64;
        for ((from, to), price) in rows.clone() {
            let charge = price.charge_between(*from, *to)?;
            sum = sum.wrapping_add(charge.list.units()).wrapping_add(charge.net.units());
        }
        Ok(sum)
    })?;
    let floor = timed(arguments.rows, || {
        let mut sum = 0_i64;
        for ((from, to), price) in rows.clone() {
            sum = sum.wrapping_add(*black_box(to)).wrapping_sub(*from);
            black_box(price);
        }
        Ok(sum)
    })?;
    print(name, took, floor, arguments)
}

fn totals(name: &str, formula: &Formula, arguments: &Arguments) -> Result<(), Failure> {
    // As many digits as totals have: from tens of tokens to billions of them, in millionths.
    let mut random = Random(2);
    let inputs: Vec<i128> = (0..INPUTS)
        .map(|_| {
            let digits = u32::try_from(1 + random.below(8)).unwrap_or(1);
            i128::try_from(random.below(10_usize.pow(digits))).unwrap_or(0) * 1_000_000
        })
        .collect();
    let took = timed(arguments.rows, || {
        let mut sum = 0_i64;
        for total in &inputs {
            let charge = formula.amount(*total)?;
            sum = sum.wrapping_add(charge.list.units()).wrapping_add(charge.net.units());
        }
        Ok(sum)
    })?;
    let floor = timed(arguments.rows, || Ok(added(inputs.iter().copied())))?;
    print(name, took, floor, arguments)
}

/// Events one after the other, with the amount after each.
fn events(name: &str, formula: &Formula, arguments: &Arguments) -> Result<(), Failure> {
    let mut random = Random(3);
    let inputs: Vec<Event> = (0..)
        .take(INPUTS)
        .map(|place| Event {
            at: farthing_core::time::Instant::from_micros(place),
            id: u128::from(place.unsigned_abs()),
            value: Quantity::from_millionths(i64::try_from(random.below(100_000_000)).unwrap_or(0)),
        })
        .collect();
    let took = timed(arguments.rows, || {
        let mut fold = formula.fold();
        let mut sum = 0_i64;
        for event in &inputs {
            sum = sum.wrapping_add(fold.push(event)?.net.units());
        }
        Ok(sum)
    })?;
    let values = || inputs.iter().map(|event| i128::from(event.value.millionths()));
    let floor = timed(arguments.rows, || Ok(added(values())))?;
    print(name, took, floor, arguments)
}

fn added(numbers: impl Iterator<Item = i128>) -> i64 {
    let sum = numbers.fold(0_i128, |sum, number| sum.wrapping_add(black_box(number)));
    i64::try_from(sum).unwrap_or(0)
}

/// Runs a round over all inputs as often as the rows ask for.
fn timed(rows: u64, mut round: impl FnMut() -> Result<i64, RateError>) -> Result<Duration, Failure> {
    let begun = Instant::now();
    for _ in 0..rows.div_ceil(INPUTS as u64) {
        black_box(round()?);
    }
    Ok(begun.elapsed())
}

fn print(name: &str, took: Duration, floor: Duration, arguments: &Arguments) -> Result<(), Failure> {
    let rows = arguments.rows.div_ceil(INPUTS as u64) * INPUTS as u64;
    Measured { name: name.to_owned(), store: "-", rows, took, waits: Vec::new(), floor: Some(floor), more: Vec::new() }
        .print(arguments.json)
}

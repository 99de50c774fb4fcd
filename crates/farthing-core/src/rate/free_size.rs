//! Sizes with a free part: sum over whole seconds of max(0, size - free), where a reading holds until the next one.
//!
//! The sum is a total in millionths times seconds, which a price with a time in it takes (R6, R70, R71, R89). Where several
//! resources share one free part, the scope they are in (account, project, user) is what is charged, and the sum is split
//! over them for showing.

use super::RateError;
use crate::measure::Quantity;
use crate::money::{Rounding, mul_div_round};
use crate::time::{Instant, Period};
use std::cmp::Reverse;

/// A size from an instant on.
pub type Reading = (Instant, Quantity);

/// What a scope has above its free part, and each resource's share of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedExcess {
    pub total: i128,
    /// In the order the resources were given in; they sum to the total.
    pub by_resource: Vec<i128>,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "sum sizes over time" };

/// Unit-seconds above the free size. The readings are in order of time; the last one before the period holds into it, and
/// before the first one there is nothing. Of two in one second the later holds.
pub fn excess(readings: &[Reading], period: Period, free: Quantity) -> Result<i128, RateError> {
    not_negative(&[readings], free)?;
    let mut total: i128 = 0;
    for (place, (at, size)) in readings.iter().enumerate() {
        let next = readings.get(place.saturating_add(1)).map(|(next, _)| *next);
        if next.is_some_and(|next| next < *at) {
            return Err(RateError::OutOfOrder { at: next.unwrap_or(*at) });
        }
        let start = (*at).max(period.start());
        let end = next.map_or(period.end(), |next| next.min(period.end()));
        if end > start {
            total = total.checked_add(unit_seconds(above(*size, free), start, end)?).ok_or(OVERFLOW)?;
        }
    }
    Ok(total)
}

/// The same for resources that share a free part. Each one's share goes by its own unit-seconds during the seconds in which
/// the scope was above the free size, so a resource that was gone by then has none of it; the largest remainders take what
/// division leaves.
pub fn shared_excess(resources: &[&[Reading]], period: Period, free: Quantity) -> Result<SharedExcess, RateError> {
    not_negative(resources, free)?;
    let mut changes: Vec<(Instant, usize, Quantity)> = Vec::new();
    for (resource, readings) in resources.iter().enumerate() {
        if let Some([_, (later, _)]) = readings.array_windows().find(|[(at, _), (next, _)]| next < at) {
            return Err(RateError::OutOfOrder { at: *later });
        }
        changes.extend(readings.iter().map(|(at, size)| (*at, resource, *size)));
    }
    changes.sort_by_key(|(at, ..)| *at); // stable: of two readings of one resource at an instant the later stays later

    let mut sizes = vec![Quantity::ZERO; resources.len()];
    let mut weights = vec![0_i128; resources.len()];
    let (mut total, mut scope): (i128, i128) = (0, 0);
    for (place, (at, resource, size)) in changes.iter().enumerate() {
        let held = sizes.get_mut(*resource).ok_or(OVERFLOW)?;
        let step = i128::from(size.millionths()).checked_sub(i128::from(held.millionths())).ok_or(OVERFLOW)?;
        scope = scope.checked_add(step).ok_or(OVERFLOW)?;
        *held = *size;
        let next = changes.get(place.saturating_add(1)).map_or(period.end(), |(next, ..)| (*next).min(period.end()));
        let start = (*at).max(period.start());
        let over = scope.checked_sub(i128::from(free.millionths())).ok_or(OVERFLOW)?;
        if over <= 0 || next <= start {
            continue;
        }
        total = total.checked_add(unit_seconds(over, start, next)?).ok_or(OVERFLOW)?;
        for (weight, size) in weights.iter_mut().zip(&sizes) {
            let own = unit_seconds(i128::from(size.millionths()), start, next)?;
            *weight = weight.checked_add(own).ok_or(OVERFLOW)?;
        }
    }
    Ok(SharedExcess { total, by_resource: split(total, &weights)? })
}

fn not_negative(resources: &[&[Reading]], free: Quantity) -> Result<(), RateError> {
    let mut sizes = resources.iter().flat_map(|readings| readings.iter()).map(|(_, size)| *size).chain([free]);
    if sizes.any(|size| size < Quantity::ZERO) { Err(RateError::NegativeQuantity) } else { Ok(()) }
}

fn above(size: Quantity, free: Quantity) -> i128 {
    i128::from(size.millionths()).saturating_sub(i128::from(free.millionths())).max(0)
}

fn unit_seconds(size: i128, start: Instant, end: Instant) -> Result<i128, RateError> {
    size.checked_mul(i128::from(end.seconds_since(start))).ok_or(OVERFLOW)
}

/// Largest remainder, in 128 bits: `money::allocate` counts in 64.
fn split(total: i128, weights: &[i128]) -> Result<Vec<i128>, RateError> {
    let whole = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight)).ok_or(OVERFLOW)?;
    if whole == 0 {
        return Ok(vec![0; weights.len()]);
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut fractions = Vec::with_capacity(weights.len());
    let mut left = total;
    for (place, weight) in weights.iter().enumerate() {
        let part = mul_div_round(total, *weight, whole, Rounding::Floor)?;
        // total * weight - part * whole lies between 0 and `whole`, so it is exact where the products wrap.
        let fraction = total.wrapping_mul(*weight).wrapping_sub(part.wrapping_mul(whole));
        left = left.checked_sub(part).ok_or(OVERFLOW)?;
        fractions.push((Reverse(fraction), place));
        parts.push(part);
    }
    fractions.sort_unstable();
    let mut order = fractions.iter();
    while left > 0 {
        let (_, place) = order.next().ok_or(OVERFLOW)?;
        let part = parts.get_mut(*place).ok_or(OVERFLOW)?;
        *part = part.checked_add(1).ok_or(OVERFLOW)?;
        left = left.checked_sub(1).ok_or(OVERFLOW)?;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Instant {
        Instant::try_from_seconds(seconds).unwrap()
    }

    fn gb(number: i64) -> Quantity {
        Quantity::from_whole(number).unwrap()
    }

    fn period(start: i64, end: i64) -> Period {
        Period::try_new(at(start), at(end)).unwrap()
    }

    /// Each second by itself, as the definition has it.
    fn slow(resources: &[&[Reading]], period: Period, free: Quantity) -> i128 {
        let mut total = 0;
        let mut second = period.start().seconds_since(Instant::EPOCH);
        while at(second) < period.end() {
            let size: i128 = resources
                .iter()
                .filter_map(|readings| readings.iter().rfind(|(from, _)| from.floor_second() <= at(second)))
                .map(|(_, size)| i128::from(size.millionths()))
                .sum();
            total += (size - i128::from(free.millionths())).max(0);
            second += 1;
        }
        total
    }

    /// R89: 20 GB free, the excess by the second.
    #[test]
    fn r89_only_what_is_above_the_free_size() {
        let check = |readings: &[(i64, i64)], expected: i128| {
            let readings: Vec<Reading> = readings.iter().map(|(second, size)| (at(*second), gb(*size))).collect();
            let found = excess(&readings, period(1_000, 2_000), gb(20)).unwrap();
            assert_eq!(found, expected * 1_000_000, "{readings:?}");
        };
        check(&[], 0);
        check(&[(0, 30)], 10 * 1_000); // holds into the period
        check(&[(0, 20)], 0); // exactly the free size
        check(&[(1_500, 30)], 10 * 500);
        check(&[(0, 30), (1_200, 15), (1_600, 21)], 10 * 200 + 400); // below the free size is not given back
        check(&[(1_100, 50), (1_100, 25)], 5 * 900); // two in one second: the later holds
        check(&[(2_000, 99)], 0); // the end belongs to the next period
        let backwards = [(at(5), gb(1)), (at(4), gb(1))];
        assert_eq!(excess(&backwards, period(0, 10), gb(0)), Err(RateError::OutOfOrder { at: at(4) }));
    }

    #[test]
    fn a_free_part_that_several_share() {
        let (first, second, gone) = ([(at(0), gb(15))], [(at(0), gb(15)), (at(50), gb(45))], [(at(0), gb(0))]);
        let found = shared_excess(&[&first, &second, &gone], period(0, 100), gb(20)).unwrap();
        // 30 - 20 for 50 s, 60 - 20 for 50 s: 2,500 GB s. By size: 15 x 100 = 1,500 and 15 x 50 + 45 x 50 = 3,000.
        assert_eq!(found.total, 2_500 * 1_000_000);
        assert_eq!(found.by_resource, [833_333_333, 1_666_666_667, 0]);
    }

    #[test]
    fn too_large_is_an_error() {
        let most = Quantity::from_millionths(i64::MAX);
        let long = Period::try_new(Instant::EPOCH, Instant::MAX).unwrap();
        assert!(excess(&[(at(0), most)], long, Quantity::ZERO).is_ok()); // 2^63 x 2^38 fits
        assert_eq!(excess(&[(at(0), most)], long, Quantity::from_millionths(-1)), Err(RateError::NegativeQuantity));
        assert_eq!(excess(&[(at(0), Quantity::from_millionths(-1))], long, gb(1)), Err(RateError::NegativeQuantity));
        assert!(shared_excess(&[&[(at(0), most)], &[(at(0), most)]], long, Quantity::ZERO).is_ok());
    }

    fn any_readings() -> impl Strategy<Value = Vec<Reading>> {
        proptest::collection::vec((0_i64..120_000_000, 0_i64..60), 0..8).prop_map(|mut readings| {
            readings.sort_unstable();
            readings.into_iter().map(|(micros, size)| (Instant::from_micros(micros), gb(size))).collect()
        })
    }

    proptest! {
        #[test]
        fn agrees_with_every_second_by_itself(readings in any_readings(), free in 0_i64..40, start in 0_i64..60, length in 1_i64..60) {
            let period = period(start, start + length);
            prop_assert_eq!(excess(&readings, period, gb(free)), Ok(slow(&[&readings], period, gb(free))));
        }

        #[test]
        fn the_shares_are_the_whole(
            resources in proptest::collection::vec(any_readings(), 1..4), free in 0_i64..80, start in 0_i64..60, length in 1_i64..60,
        ) {
            let period = period(start, start + length);
            let readings: Vec<&[Reading]> = resources.iter().map(Vec::as_slice).collect();
            let found = shared_excess(&readings, period, gb(free)).unwrap();
            prop_assert_eq!(found.total, slow(&readings, period, gb(free)));
            prop_assert_eq!(found.by_resource.iter().sum::<i128>(), found.total);
            prop_assert!(found.by_resource.iter().all(|part| *part >= 0));
            if let [only] = readings[..] {
                prop_assert_eq!(excess(only, period, gb(free)), Ok(found.total));
            }
        }

        /// A reading that says again what holds already changes nothing.
        #[test]
        fn readings_that_repeat_change_nothing(readings in any_readings(), free in 0_i64..40, again in 0_i64..120_000_000) {
            let mut more = readings.clone();
            let place = readings.partition_point(|(from, _)| *from <= Instant::from_micros(again));
            if let Some((_, size)) = place.checked_sub(1).map(|place| readings[place]) {
                more.insert(place, (Instant::from_micros(again), size));
            }
            prop_assert_eq!(excess(&more, period(0, 120), gb(free)), excess(&readings, period(0, 120), gb(free)));
            let other = [(at(7), gb(9))];
            prop_assert_eq!(
                shared_excess(&[&more, &other], period(0, 120), gb(free)),
                shared_excess(&[&readings, &other], period(0, 120), gb(free))
            );
        }
    }
}
